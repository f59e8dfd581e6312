/* kit_record.c: one record to one message by the mapping. A value of the wrong
 * kind makes the record DATA and says where, which path and which kind, never
 * what the citizen wrote. */
#include "kit/kit_fields.h"

#include "base/jx.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/poison.h"

#define ATTACHMENTS_MAX 100u

/* One call of kit_fields_fill. */
struct filling {
	struct kit_fields *f;
	json_t *record;
	struct kit_arena *arena;
	struct jembatan_message *out;
	const char *source_status; /* the app's word, when it was mapped */
	json_t *extra;             /* borrowed */
	bool has_latitude, has_longitude;
};

static const char *kind_words(const json_t *value)
{
	if (json_is_object(value))
		return "an object";
	if (json_is_array(value))
		return "a list";
	if (json_is_string(value))
		return "a text";
	if (json_is_boolean(value))
		return "true or false";
	return json_is_number(value) ? "a number" : "null";
}

/* The sentence in f->why goes to the operator too. */
static enum jembatan_result tell(struct kit_fields *f)
{
	return jembatan_explain(f->ctx, JEMBATAN_DATA, "%s", f->why.text);
}

static enum jembatan_result wrong(const struct filling *x, size_t index, const char *path,
				  const char *found, const char *wanted)
{
	const struct kit_rule *rule = &x->f->rules[index];
	(void)kit_why_set(&x->f->why, JEMBATAN_DATA, "%s: %s: the value at '%s' is %s, not %s",
			  rule->where, kit_field_table[index].name, path, found, wanted);
	return tell(x->f);
}

static bool is_empty(const json_t *value)
{
	const char *text = json_string_value(value);
	return !value || (text && text[strspn(text, " \t\r\n")] == '\0');
}

/* The first path that holds something; NULL when none does. */
static json_t *find(const struct kit_rule *rule, json_t *record, size_t *out_which)
{
	for (size_t i = 0; i < rule->path_count; i++) {
		json_t *value = kit_json_at(record, rule->paths[i]);
		if (!is_empty(value)) {
			*out_which = i;
			return value;
		}
	}
	return NULL;
}

/* A text, or a number as text; NULL when there is nothing. */
static enum jembatan_result read_text(struct filling *x, size_t index, json_t *record,
				      const char **out)
{
	const struct kit_rule *rule = &x->f->rules[index];
	char buffer[64];
	size_t which = 0;
	*out = rule->constant && rule->constant[0] ? rule->constant : NULL;
	if (!rule->is_set || rule->constant)
		return JEMBATAN_OK;
	json_t *value = find(rule, record, &which);
	if (!value)
		return JEMBATAN_OK;
	if (json_is_string(value)) {
		*out = json_string_value(value);
		return JEMBATAN_OK;
	}
	const char *text = kit_json_id(value, ".", buffer);
	if (!text)
		return wrong(x, index, rule->paths[which], kind_words(value), "a text or a number");
	*out = kit_arena_strdup(x->arena, text);
	return JEMBATAN_OK;
}

static void put_text(struct jembatan_message *m, size_t offset, const char *text)
{
	memcpy((char *)m + offset, &text, sizeof(text));
}

/* ---- kinds of fields ---- */

static enum jembatan_result fill_time(struct filling *x, size_t index)
{
	const char *text;
	int64_t ms = 0;
	enum jembatan_result result = read_text(x, index, x->record, &text);
	if (result != JEMBATAN_OK || !text)
		return result;
	if (kit_time_parse(text, x->f->time_format, x->f->zone_minutes, &ms) != JEMBATAN_OK) {
		/* A date is no secret and its form is what has to be corrected. */
		CLEANUP(free_pointer) char *shown = text_printable(text, 40);
		CLEANUP(free_pointer) char *found = xasprintf("'%s'", shown);
		const struct kit_rule *rule = &x->f->rules[index];
		return wrong(x, index, rule->constant ? "=" : rule->paths[0], found,
			     x->f->time_format ? "a time of the configured format" : "a time");
	}
	memcpy((char *)x->out + kit_field_table[index].offset, &ms, sizeof(ms));
	return JEMBATAN_OK;
}

static bool is_one_of(const char *text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcasecmp(text, words[i]) == 0)
			return true;
	return false;
}

/* What cannot be read counts as yes: a flag is never relaxed. */
static bool is_yes(const json_t *value)
{
	static const char *const no[] = { "0", "false", "no", "n", "f", "off", "tidak", "bukan",
					  "publik", "public", "null", "none" };
	if (json_is_boolean(value))
		return json_is_true(value);
	if (json_is_number(value))
		return json_number_value(value) != 0.0;
	if (json_is_string(value))
		return !is_one_of(json_string_value(value), no, COUNT_OF(no));
	return json_is_array(value) ? json_array_size(value) > 0 : json_object_size(value) > 0;
}

static bool is_word(json_t *value, const char *word)
{
	char buffer[64];
	const char *text = json_is_boolean(value) ? (json_is_true(value) ? "true" : "false")
						  : kit_json_id(value, ".", buffer);
	return text && strcasecmp(text, word) == 0;
}

static void fill_flag(struct filling *x, size_t index)
{
	static const char *const no[] = { "false", "no", "0", "tidak" };
	const struct kit_rule *rule = &x->f->rules[index];
	bool yes =
		rule->constant && rule->constant[0] && !is_one_of(rule->constant, no, COUNT_OF(no));
	for (size_t i = 0; i < rule->path_count && !yes; i++) {
		json_t *value = kit_json_at(x->record, rule->paths[i]);
		if (!is_empty(value))
			yes = rule->words[i] ? is_word(value, rule->words[i]) : is_yes(value);
	}
	if (yes)
		x->out->flags |= kit_field_table[index].flag;
}

static enum jembatan_result fill_kind(struct filling *x, size_t index)
{
	static const struct {
		const char *name;
		enum jembatan_kind kind;
	} kinds[] = {
		{ "new", JEMBATAN_NEW },
		{ "follow_up", JEMBATAN_FOLLOW_UP },
		{ "edit", JEMBATAN_EDIT },
		{ "deletion", JEMBATAN_DELETION },
		{ "reaction", JEMBATAN_REACTION },
		{ "system", JEMBATAN_SYSTEM },
		{ "unreadable", JEMBATAN_UNREADABLE },
		{ "ignored", JEMBATAN_IGNORED },
	};
	const char *text;
	enum jembatan_result result = read_text(x, index, x->record, &text);
	if (result != JEMBATAN_OK || !text)
		return result;
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if (str_equal(kinds[i].name, text)) {
			x->out->kind = kinds[i].kind;
			return JEMBATAN_OK;
		}
	return wrong(x, index, "kind", "another word",
		     "new, follow_up, edit, deletion, reaction, system, unreadable or ignored");
}

/* Once per word: a new state of the app shows, and does not flood the log. */
static void tell_unknown_status(struct kit_fields *f, const char *status)
{
	for (size_t i = 0; i < f->told_count; i++)
		if (str_equal(f->told[i], status))
			return;
	if (f->told_count == KIT_TOLD_MAX)
		return;
	f->told[f->told_count++] = xstrdup(status);
	CLEANUP(free_pointer) char *shown = text_printable(status, 40);
	jembatan_log(f->ctx, JEMBATAN_NOTICE,
		     "the app's status '%s' is not in statuses: it is kept as "
		     "it is; add it to have it mean something",
		     shown);
}

static enum jembatan_result fill_status(struct filling *x, size_t index)
{
	const char *text;
	enum jembatan_result result = read_text(x, index, x->record, &text);
	if (result != JEMBATAN_OK || !text)
		return result;
	x->out->status = text;
	for (size_t i = 0; i < x->f->status_count; i++)
		if (strcasecmp(x->f->statuses[i].theirs, text) == 0) {
			x->out->status = x->f->statuses[i].ours;
			x->source_status = text;
			return JEMBATAN_OK;
		}
	if (x->f->status_count > 0)
		tell_unknown_status(x->f, text);
	return JEMBATAN_OK;
}

static enum jembatan_result fill_phone(struct filling *x, size_t index)
{
	char number[20];
	const char *text;
	enum jembatan_result result = read_text(x, index, x->record, &text);
	if (result != JEMBATAN_OK || !text)
		return result;
	x->out->author.phone =
		kit_phone_e164(text, number) ? kit_arena_strdup(x->arena, number) : text;
	return JEMBATAN_OK;
}

static double degrees_of(const char *text)
{
	char *end;
	double degrees = strtod(text, &end);
	bool is_whole = end != text && end[strspn(end, " \t")] == '\0';
	return is_whole ? degrees : (double)NAN;
}

/* A place that is not on earth is no reason to hold up a complaint. */
static enum jembatan_result fill_degrees(struct filling *x, size_t index, double most, double *out,
					 bool *out_is_set)
{
	const char *text;
	size_t which = 0;
	json_t *value = find(&x->f->rules[index], x->record, &which);
	double degrees = json_real_value(value);
	if (!json_is_real(value)) {
		enum jembatan_result result = read_text(x, index, x->record, &text);
		if (result != JEMBATAN_OK || !text)
			return result;
		degrees = degrees_of(text);
	}
	*out_is_set = isfinite(degrees) && fabs(degrees) <= most;
	if (*out_is_set)
		*out = degrees;
	return JEMBATAN_OK;
}

static enum jembatan_result fill_extra(struct filling *x, size_t index)
{
	size_t which = 0;
	const struct kit_rule *rule = &x->f->rules[index];
	json_t *value = find(rule, x->record, &which);
	if (value && !json_is_object(value))
		return wrong(x, index, rule->paths[which], kind_words(value), "an object");
	x->extra = value;
	return JEMBATAN_OK;
}

/* ---- attachments ---- */

static enum jembatan_result fill_attachment(struct filling *x, json_t *element,
					    struct jembatan_attachment *out)
{
	const char *url = json_string_value(element);
	enum jembatan_result result = JEMBATAN_OK;
	if (!url && !json_is_object(element))
		return wrong(x, KIT_FIELD_URL - 1, x->f->rules[KIT_FIELD_URL - 1].paths[0],
			     kind_words(element), "a list of texts or objects");
	if (!url) {
		result = read_text(x, KIT_FIELD_URL, element, &url);
		if (result == JEMBATAN_OK)
			result = read_text(x, KIT_FIELD_URL + 1, element, &out->name);
		if (result == JEMBATAN_OK)
			result = read_text(x, KIT_FIELD_URL + 2, element, &out->media_type);
	}
	if (result != JEMBATAN_OK || !url || url[0] == '\0')
		return result;
	CLEANUP(free_pointer)
	char *whole = x->f->base_url ? kit_url_join(x->f->base_url, url) : NULL;
	out->reference = kit_arena_strdup(x->arena, whole ? whole : url);
	/* The rest must outlive a list that was parsed from a text. */
	out->name = kit_arena_strdup(x->arena, out->name);
	out->media_type = kit_arena_strdup(x->arena, out->media_type);
	return JEMBATAN_OK;
}

static enum jembatan_result fill_list(struct filling *x, json_t *list)
{
	size_t count = json_is_array(list) ? json_array_size(list) : 1;
	if (count > ATTACHMENTS_MAX)
		count = ATTACHMENTS_MAX;
	struct jembatan_attachment *all = kit_arena_alloc(x->arena, (count + 1) * sizeof(*all));
	size_t used = 0;
	for (size_t i = 0; i < count; i++) {
		json_t *element = json_is_array(list) ? json_array_get(list, i) : list;
		if (is_empty(element) || json_is_null(element))
			continue;
		enum jembatan_result result = fill_attachment(x, element, &all[used]);
		if (result != JEMBATAN_OK)
			return result;
		used += all[used].reference != NULL;
	}
	x->out->attachments = all;
	x->out->attachment_count = used;
	return JEMBATAN_OK;
}

/* A list, a single one, or a text that holds either as JSON. */
static enum jembatan_result fill_attachments(struct filling *x, size_t index)
{
	size_t which = 0;
	json_t *value = find(&x->f->rules[index], x->record, &which);
	if (!value)
		return JEMBATAN_OK;
	const char *text = json_string_value(value);
	if (!text || (text[0] != '[' && text[0] != '{'))
		return fill_list(x, value);
	CLEANUP(jx_decref) json_t *parsed = NULL;
	struct jembatan_bytes bytes = { text, strlen(text) };
	if (kit_json_parse(bytes, &parsed, NULL) != JEMBATAN_OK)
		return wrong(x, index, x->f->rules[index].paths[which], "a text", "JSON");
	return fill_list(x, parsed);
}

/* ---- the whole ---- */

static enum jembatan_result fill_field(struct filling *x, size_t index)
{
	const char *text;
	enum jembatan_result result = JEMBATAN_OK;
	switch (kit_field_table[index].kind) {
	case KIT_FIELD_TEXT:
		result = read_text(x, index, x->record, &text);
		if (result == JEMBATAN_OK)
			put_text(x->out, kit_field_table[index].offset, text);
		return result;
	case KIT_FIELD_TIME:
		return fill_time(x, index);
	case KIT_FIELD_FLAG:
		fill_flag(x, index);
		return JEMBATAN_OK;
	case KIT_FIELD_KIND:
		return fill_kind(x, index);
	case KIT_FIELD_STATUS:
		return fill_status(x, index);
	case KIT_FIELD_PHONE:
		return fill_phone(x, index);
	case KIT_FIELD_LATITUDE:
		return fill_degrees(x, index, 90.0, &x->out->place.latitude, &x->has_latitude);
	case KIT_FIELD_LONGITUDE:
		return fill_degrees(x, index, 180.0, &x->out->place.longitude, &x->has_longitude);
	case KIT_FIELD_EXTRA:
		return fill_extra(x, index);
	case KIT_FIELD_ATTACHMENTS:
		return fill_attachments(x, index);
	case KIT_FIELD_PART:
		break;
	}
	return JEMBATAN_OK;
}

/* extra is the mapped object, and the app's own word where we put ours. */
static void finish_extra(struct filling *x)
{
	if (!x->extra && !x->source_status)
		return;
	CLEANUP(jx_decref) json_t *whole = x->extra ? json_copy(x->extra) : json_object();
	if (x->source_status)
		json_object_set_new(whole, "source_status", json_string(x->source_status));
	CLEANUP(free_pointer) char *text = jx_dump(whole);
	x->out->extra = kit_arena_strdup(x->arena, text);
}

/* (0, 0) lies in the sea: apps write it for "not known". */
static void finish_position(struct filling *x)
{
	struct jembatan_place *place = &x->out->place;
	bool is_set = x->has_latitude && x->has_longitude &&
		      (fabs(place->latitude) > 1e-9 || fabs(place->longitude) > 1e-9);
	if (is_set)
		x->out->flags |= JEMBATAN_HAS_POSITION;
	else
		place->latitude = place->longitude = 0.0;
}

/* A jq program's result: a misspelt name would otherwise vanish silently. */
static enum jembatan_result check_names(struct kit_fields *f, json_t *record)
{
	const char *key;
	json_t *value;
	json_object_foreach(record, key, value) {
		size_t i = 0;
		while (i < KIT_FIELD_COUNT && !str_equal(kit_field_table[i].name, key))
			i++;
		if (i < KIT_FIELD_COUNT)
			continue;
		CLEANUP(free_pointer) char *shown = text_printable(key, 40);
		(void)kit_why_set(&f->why, JEMBATAN_DATA, "the jq program gives '%s', which is no "
				  "message field", shown);
		return tell(f);
	}
	return JEMBATAN_OK;
}

enum jembatan_result kit_fields_fill(struct kit_fields *f, json_t *record, struct kit_arena *arena,
				     struct jembatan_message *out)
{
	struct jembatan_message message = { .size = sizeof(message) };
	struct filling x = { .f = f, .record = record, .arena = arena, .out = &message };
	enum jembatan_result result = JEMBATAN_OK;
	if (!json_is_object(record)) {
		(void)kit_why_set(&f->why, JEMBATAN_DATA, "the record is %s, not an object",
				  kind_words(record));
		return tell(f);
	}
	if (!f->fields_option)
		result = check_names(f, record);
	for (size_t i = 0; i < KIT_FIELD_COUNT && result == JEMBATAN_OK; i++)
		if (f->rules[i].is_set)
			result = fill_field(&x, i);
	if (result != JEMBATAN_OK)
		return result;
	finish_extra(&x);
	finish_position(&x);
	*out = message;
	return JEMBATAN_OK;
}

const char *kit_fields_why(const struct kit_fields *f)
{
	return f->why.text;
}
