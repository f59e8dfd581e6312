/* ticket_fits.c: almost every ticket fits the format, and to see that no JSON is
 * needed. It errs on one side only: whatever is out of the ordinary, in a ticket
 * or in the schema, is left to the full check. */
#include "ticket/ticket_schema_inside.h"

#include "base/arena.h"

#include <string.h>

#include "base/poison.h"

#define LATEST_MS INT64_C(4102444800000) /* 2100 */
#define ZONE_MAX (14 * 60)

/* ---- binding ------------------------------------------------------------ */

struct binding {
	struct ticket_schema *s;
	size_t flags; /* bound so far */
	bool is_ordinary;
};

static bool is_a(const struct rule *rule, const char *type)
{
	return rule != NULL && rule->type != NULL && strcmp(rule->type, type) == 0;
}

static bool is_at(const struct ticket_field *f, const char *group, const char *key)
{
	return strcmp(f->key, key) == 0 && str_equal(f->group, group);
}

/* A time is written by us: of its rule only the form may be asked. */
static bool is_ordinary_time(const struct rule *rule)
{
	return is_a(rule, "string") && rule->allowed == NULL && rule->min_length == 0 &&
	       rule->max_length < 0 &&
	       (rule->format == NULL || rule->format == ticket_is_date_time);
}

static bool bind_number(struct binding *b, const char *group, const struct property *p)
{
	bool is_latitude = strcmp(p->name, "latitude") == 0;

	if (!str_equal(group, "place") || p->required || !is_a(p->rule, "number") ||
	    (!is_latitude && strcmp(p->name, "longitude") != 0))
		return false;
	*(is_latitude ? &b->s->latitude : &b->s->longitude) = p->rule;
	return true;
}

static bool bind_field(struct binding *b, const char *group, const struct property *p)
{
	for (size_t i = 0; i < ticket_texts_count; i++) {
		if (!is_at(&ticket_texts[i], group, p->name))
			continue;
		b->s->texts[i] = (struct bound){ p->rule, p->required };
		return is_a(p->rule, "string");
	}
	for (size_t i = 0; i < ticket_times_count; i++) {
		if (!is_at(&ticket_times[i], group, p->name))
			continue;
		b->s->times[i] = (struct bound){ p->rule, p->required };
		return is_ordinary_time(p->rule);
	}
	for (size_t i = 0; i < ticket_flags_count; i++) {
		if (!is_at(&ticket_flags[i], group, p->name))
			continue;
		b->flags++;
		return is_a(p->rule, "boolean") && p->rule->allowed == NULL;
	}
	return bind_number(b, group, p);
}

/* Some of its fields are always there, or are demanded themselves. */
static bool is_there(const struct property *group)
{
	bool found = strcmp(group->name, "reporter") == 0 || strcmp(group->name, "incident") == 0;

	for (size_t i = 0; i < group->rule->property_count; i++)
		found |= group->rule->properties[i].required;
	return found;
}

static bool bind_group(struct binding *b, const struct property *group)
{
	bool all = group->rule->allowed == NULL && (!group->required || is_there(group));

	for (size_t i = 0; i < group->rule->property_count; i++)
		all &= bind_field(b, group->name, &group->rule->properties[i]);
	return all;
}

static bool bind_property(struct binding *b, const struct property *p)
{
	if (is_a(p->rule, "object"))
		return bind_group(b, p);
	if (strcmp(p->name, "attachments") == 0)
		return is_a(p->rule, "array") && p->rule->allowed == NULL;
	return bind_field(b, NULL, p);
}

static bool is_all_bound(const struct binding *b)
{
	bool all = b->flags == ticket_flags_count && b->s->latitude != NULL &&
		   b->s->longitude != NULL;

	for (size_t i = 0; i < ticket_texts_count; i++)
		all &= b->s->texts[i].rule != NULL;
	for (size_t i = 0; i < ticket_times_count; i++)
		all &= b->s->times[i].rule != NULL;
	return all;
}

void ticket_fits_bind(struct ticket_schema *s)
{
	struct binding b = { .s = s };
	bool all = is_a(s->root, "object") && s->root->allowed == NULL, has_files = false;

	s->texts = arena_alloc(s->arena, ticket_texts_count * sizeof(*s->texts));
	s->times = arena_alloc(s->arena, ticket_times_count * sizeof(*s->times));
	for (size_t i = 0; i < s->root->property_count; i++) {
		all &= bind_property(&b, &s->root->properties[i]);
		has_files |= strcmp(s->root->properties[i].name, "attachments") == 0;
	}
	if (!all || !has_files || !is_all_bound(&b))
		s->texts = NULL;
}

/* ---- checking ----------------------------------------------------------- */

static bool text_fits(const struct rule *rule, const char *text)
{
	int64_t length = ticket_count_characters(text, strlen(text));
	bool allowed = rule->allowed == NULL;

	if (length < rule->min_length || (rule->max_length >= 0 && length > rule->max_length))
		return false;
	if (rule->format != NULL && !rule->format(text))
		return false;
	for (size_t i = 0; i < rule->allowed_count && !allowed; i++)
		allowed = strcmp(rule->allowed[i], text) == 0;
	return allowed;
}

static bool number_fits(const struct rule *rule, double number)
{
	return (!rule->has_minimum || number >= rule->minimum) &&
	       (!rule->has_maximum || number <= rule->maximum);
}

bool ticket_fits(const struct ticket_schema *s, const struct ticket *t)
{
	if (s->texts == NULL || t->attachment_count > 0 || t->zone_minutes < -ZONE_MAX ||
	    t->zone_minutes > ZONE_MAX)
		return false;
	for (size_t i = 0; i < ticket_times_count; i++) {
		int64_t ms = *FIELD_OF(t, &ticket_times[i], int64_t);
		if (ms < 0 || ms >= LATEST_MS || (ms == 0 && s->times[i].required))
			return false;
	}
	for (size_t i = 0; i < ticket_texts_count; i++) {
		const char *text = *FIELD_OF(t, &ticket_texts[i], char *);
		if (text == NULL ? s->texts[i].required : !text_fits(s->texts[i].rule, text))
			return false;
	}
	return !t->place.has_position || (number_fits(s->latitude, t->place.latitude) &&
					  number_fits(s->longitude, t->place.longitude));
}

enum jembatan_result ticket_check(const struct ticket *t, const struct ticket_schema *s,
				  struct why *why)
{
	if (ticket_fits(s, t))
		return JEMBATAN_OK;
	CLEANUP(free_pointer) char *json = ticket_to_json(t);
	return ticket_validate(s, bytes_text(json), why);
}
