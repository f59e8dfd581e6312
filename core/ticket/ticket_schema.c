/* ticket_schema.c: the schema becomes a tree of rules once; a ticket walks it.
 * Sentences name the place and the rule, never the value. */
#include "ticket/ticket_schema_inside.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/jx.h"
#include "config/date.h"
#include "base/phone.h"
#include "ticket/ticket.h"

#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

#define SCHEMA_MAX_BYTES (256u * 1024u)
#define DEPTH_MAX 16u
#define PATH_MAX_BYTES 200u

/* ---- formats ------------------------------------------------------------ */

bool ticket_is_date_time(const char *text)
{
	int64_t ms;
	bool has_time = false;
	size_t size = strlen(text);
	int zone;

	return size > 6 && date_parse(text, 0, &ms, &has_time) && has_time &&
	       (text[size - 1] == 'Z' || date_zone(text + size - 6, &zone));
}

/* What phone_normalize makes is what it leaves alone. */
static bool is_phone(const char *text)
{
	char again[PHONE_SIZE];

	return phone_normalize(text, again) && strcmp(text, again) == 0;
}

static bool is_reference(const char *text)
{
	return strlen(text) == TICKET_REFERENCE_SIZE - 1 && strncmp(text, "JB-", 3) == 0 &&
	       strspn(text + 3, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") == TICKET_REFERENCE_SIZE - 4;
}

static bool is_tracking_id(const char *text)
{
	size_t size = strlen(text);

	return size >= 6 && size <= 10 && strspn(text, "0123456789") == size;
}

static const struct {
	const char *name;
	format_check *check;
} formats[] = {
	{ "date-time", ticket_is_date_time }, { "mail", ticket_is_mail },   { "phone", is_phone },
	{ "reference", is_reference }, { "tracking-id", is_tracking_id },
};

/* ---- compiling ---------------------------------------------------------- */

static const struct rule *compile(struct arena *arena, json_t *schema, unsigned depth,
				  struct why *why);

static bool compile_type(struct rule *rule, json_t *value)
{
	static const char *const types[] = { "object", "array", "string", "number", "integer",
					     "boolean" };
	const char *type = json_string_value(value);

	for (size_t i = 0; i < COUNT_OF(types) && type != NULL; i++) {
		if (strcmp(types[i], type) == 0)
			rule->type = types[i];
	}
	return rule->type != NULL;
}

static bool compile_format(struct rule *rule, json_t *value)
{
	const char *name = json_string_value(value);

	for (size_t i = 0; i < COUNT_OF(formats) && name != NULL; i++) {
		if (strcmp(formats[i].name, name) == 0) {
			rule->format = formats[i].check;
			rule->format_name = formats[i].name;
		}
	}
	return rule->format != NULL;
}

static bool compile_enum(struct arena *arena, struct rule *rule, json_t *value)
{
	size_t count = json_array_size(value);
	const char **allowed = arena_alloc(arena, (count + 1) * sizeof(*allowed));

	for (size_t i = 0; i < count; i++) {
		allowed[i] = arena_strdup(arena, json_string_value(json_array_get(value, i)));
		if (allowed[i] == NULL)
			return false;
	}
	rule->allowed = allowed;
	rule->allowed_count = count;
	return count > 0;
}

static bool compile_count(json_t *value, int64_t *out)
{
	*out = json_integer_value(value);
	return json_is_integer(value) && *out >= 0;
}

static bool compile_bound(json_t *value, double *out, bool *out_has)
{
	*out = json_number_value(value);
	*out_has = true;
	return json_is_number(value);
}

static bool is_annotation(const char *keyword)
{
	static const char *const annotations[] = { "$schema", "$id", "$comment", "title",
						   "description", "examples" };

	for (size_t i = 0; i < COUNT_OF(annotations); i++) {
		if (strcmp(annotations[i], keyword) == 0)
			return true;
	}
	return false;
}

/* One keyword that holds no further schema; required and properties belong
 * together and are taken by compile_properties. */
static bool compile_keyword(struct arena *arena, struct rule *rule, const char *keyword,
			    json_t *value)
{
	if (strcmp(keyword, "type") == 0)
		return compile_type(rule, value);
	if (strcmp(keyword, "format") == 0)
		return compile_format(rule, value);
	if (strcmp(keyword, "enum") == 0)
		return compile_enum(arena, rule, value);
	if (strcmp(keyword, "minLength") == 0)
		return compile_count(value, &rule->min_length);
	if (strcmp(keyword, "maxLength") == 0)
		return compile_count(value, &rule->max_length);
	if (strcmp(keyword, "maxItems") == 0)
		return compile_count(value, &rule->max_items);
	if (strcmp(keyword, "minimum") == 0)
		return compile_bound(value, &rule->minimum, &rule->has_minimum);
	if (strcmp(keyword, "maximum") == 0)
		return compile_bound(value, &rule->maximum, &rule->has_maximum);
	if (strcmp(keyword, "additionalProperties") == 0) {
		rule->is_closed = json_is_false(value);
		return json_is_boolean(value);
	}
	return is_annotation(keyword);
}

static bool is_required(json_t *required, const char *name)
{
	for (size_t i = 0; i < json_array_size(required); i++) {
		if (str_equal(json_string_value(json_array_get(required, i)), name))
			return true;
	}
	return false;
}

static bool compile_properties(struct arena *arena, struct rule *rule, json_t *schema,
			       unsigned depth, struct why *why)
{
	json_t *described = json_object_get(schema, "properties");
	json_t *required = json_object_get(schema, "required");
	size_t room = json_object_size(described) + json_array_size(required) + 1;
	struct property *list = arena_alloc(arena, room * sizeof(*list));
	const char *name;
	json_t *value;

	json_object_foreach(described, name, value) {
		struct property *p = &list[rule->property_count++];

		p->name = arena_strdup(arena, name);
		p->required = is_required(required, name);
		p->rule = compile(arena, value, depth + 1, why);
		if (p->rule == NULL)
			return false;
	}
	for (size_t i = 0; i < json_array_size(required); i++) {
		name = json_string_value(json_array_get(required, i));
		if (name != NULL && json_object_get(described, name) == NULL)
			list[rule->property_count++] =
				(struct property){ arena_strdup(arena, name), NULL, true };
	}
	rule->properties = list;
	return true;
}

static const struct rule *compile(struct arena *arena, json_t *schema, unsigned depth,
				  struct why *why)
{
	struct rule *rule = arena_alloc(arena, sizeof(*rule));
	const char *keyword;
	json_t *value;

	*rule = (struct rule){ .max_length = -1, .max_items = -1 };
	if (!json_is_object(schema) || depth > DEPTH_MAX) {
		(void)why_set(why, JEMBATAN_CONFIG, "a schema must be an object, at most %u deep",
			      DEPTH_MAX);
		return NULL;
	}
	json_object_foreach(schema, keyword, value) {
		if (strcmp(keyword, "properties") == 0 || strcmp(keyword, "required") == 0)
			continue;
		if (strcmp(keyword, "items") == 0) {
			rule->items = compile(arena, value, depth + 1, why);
			if (rule->items == NULL)
				return NULL;
		} else if (!compile_keyword(arena, rule, keyword, value)) {
			(void)why_set(why, JEMBATAN_CONFIG,
				      "the keyword \"%.40s\" is not known, or not with this value",
				      keyword);
			return NULL;
		}
	}
	return compile_properties(arena, rule, schema, depth, why) ? rule : NULL;
}

enum jembatan_result ticket_schema_compile(struct jembatan_bytes json, struct ticket_schema **out,
					   struct why *why)
{
	CLEANUP(jx_decref) json_t *schema = NULL;
	struct ticket_schema *s;

	if (jx_parse(json, &schema, why) != JEMBATAN_OK)
		return JEMBATAN_CONFIG;
	s = xcalloc(1, sizeof(*s));
	s->arena = arena_new();
	s->root = compile(s->arena, schema, 0, why);
	if (s->root == NULL) {
		ticket_schema_free(s);
		return JEMBATAN_CONFIG;
	}
	ticket_fits_bind(s);
	*out = s;
	return JEMBATAN_OK;
}

const char *ticket_schema_path(void)
{
	const char *path = getenv("JEMBATAN_SCHEMA");
	return path ? path : JEMBATAN_DATADIR "/ticket.schema.json";
}

enum jembatan_result ticket_schema_load(const char *path, struct ticket_schema **out,
					struct why *why)
{
	CLEANUP(buf_done) struct buf content;

	buf_init(&content, SCHEMA_MAX_BYTES);
	if (file_read(path, &content, why) != JEMBATAN_OK)
		return JEMBATAN_CONFIG;
	if (ticket_schema_compile(buf_bytes(&content), out, why) != JEMBATAN_OK)
		return why_prefix(why, JEMBATAN_CONFIG, "%s", path);
	return JEMBATAN_OK;
}

void ticket_schema_free(struct ticket_schema *s)
{
	if (s == NULL)
		return;
	arena_free(s->arena);
	free(s);
}

/* ---- checking ----------------------------------------------------------- */

struct check {
	char path[PATH_MAX_BYTES]; /* "/reporter/phone" */
	struct why *why;
};

static bool check_value(struct check *c, const struct rule *rule, json_t *value);

static bool complain(struct check *c, const char *format, ...) PRINTF_LIKE(2, 3);

static bool complain(struct check *c, const char *format, ...)
{
	char text[200];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	(void)why_set(c->why, JEMBATAN_DATA, "%s: %s", *c->path != '\0' ? c->path : "/", text);
	return false;
}

/* Check a part, with its name added to the path meanwhile. */
static bool check_part(struct check *c, const struct rule *rule, const char *name, json_t *value)
{
	size_t size = strlen(c->path);

	snprintf(c->path + size, sizeof(c->path) - size, "/%s", name);
	if (!check_value(c, rule, value))
		return false;
	c->path[size] = '\0';
	return true;
}

static bool is_of_type(const char *type, json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return strcmp(type, "object") == 0;
	case JSON_ARRAY:
		return strcmp(type, "array") == 0;
	case JSON_STRING:
		return strcmp(type, "string") == 0;
	case JSON_INTEGER:
		return strcmp(type, "integer") == 0 || strcmp(type, "number") == 0;
	case JSON_REAL:
		return strcmp(type, "number") == 0;
	case JSON_TRUE:
	case JSON_FALSE:
		return strcmp(type, "boolean") == 0;
	case JSON_NULL:
		break;
	}
	return false;
}

/* Code points, as JSON Schema counts. */
int64_t ticket_count_characters(const char *text, size_t size)
{
	const uint64_t ones = 0x0101010101010101u;
	size_t later = 0, i = 0; /* bytes that begin no character: 10...... */
	uint64_t w;

	for (; i + sizeof(w) <= size; i += sizeof(w)) {
		memcpy(&w, text + i, sizeof(w));
		later += (w >> 7 & ~w >> 6 & ones) * ones >> 56;
	}
	for (; i < size; i++)
		later += ((unsigned char)text[i] & 0xc0) == 0x80;
	return (int64_t)(size - later);
}

static bool check_string(struct check *c, const struct rule *rule, json_t *value)
{
	const char *text = json_string_value(value);
	int64_t length = ticket_count_characters(text, json_string_length(value));
	bool allowed = rule->allowed == NULL;

	if (length < rule->min_length)
		return complain(c, "shorter than %lld characters", (long long)rule->min_length);
	if (rule->max_length >= 0 && length > rule->max_length)
		return complain(c, "longer than %lld characters", (long long)rule->max_length);
	if (rule->format != NULL && !rule->format(text))
		return complain(c, "not of the form %s", rule->format_name);
	for (size_t i = 0; i < rule->allowed_count && !allowed; i++)
		allowed = strcmp(rule->allowed[i], text) == 0;
	return allowed || complain(c, "not one of the allowed words");
}

static bool check_number(struct check *c, const struct rule *rule, json_t *value)
{
	double number = json_number_value(value);

	if (rule->has_minimum && number < rule->minimum)
		return complain(c, "less than %g", rule->minimum);
	if (rule->has_maximum && number > rule->maximum)
		return complain(c, "more than %g", rule->maximum);
	return true;
}

static bool check_array(struct check *c, const struct rule *rule, json_t *value)
{
	size_t count = json_array_size(value);

	if (rule->max_items >= 0 && count > (size_t)rule->max_items)
		return complain(c, "more than %lld items", (long long)rule->max_items);
	for (size_t i = 0; i < count && rule->items != NULL; i++) {
		char name[24];

		snprintf(name, sizeof(name), "%zu", i);
		if (!check_part(c, rule->items, name, json_array_get(value, i)))
			return false;
	}
	return true;
}

static bool check_object(struct check *c, const struct rule *rule, json_t *value)
{
	size_t known = 0;

	for (size_t i = 0; i < rule->property_count; i++) {
		const struct property *p = &rule->properties[i];
		json_t *part = json_object_get(value, p->name);

		if (part == NULL && p->required)
			return complain(c, "\"%s\" is missing", p->name);
		if (part == NULL || p->rule == NULL)
			continue;
		known++;
		if (!check_part(c, p->rule, p->name, part))
			return false;
	}
	/* The name of an unknown key may be anything: not repeated. */
	if (rule->is_closed && known != json_object_size(value))
		return complain(c, "holds a key that the format does not know");
	return true;
}

static bool check_value(struct check *c, const struct rule *rule, json_t *value)
{
	if (rule->type != NULL && !is_of_type(rule->type, value))
		return complain(c, "not of the type %s", rule->type);
	if (rule->allowed != NULL && !json_is_string(value))
		return complain(c, "not one of the allowed words");
	if (json_is_string(value))
		return check_string(c, rule, value);
	if (json_is_number(value))
		return check_number(c, rule, value);
	if (json_is_array(value))
		return check_array(c, rule, value);
	return !json_is_object(value) || check_object(c, rule, value);
}

enum jembatan_result ticket_validate(const struct ticket_schema *s, struct jembatan_bytes body,
				     struct why *why)
{
	CLEANUP(jx_decref) json_t *ticket = NULL;

	if (body.size > TICKET_JSON_MAX)
		return why_set(why, JEMBATAN_DATA, "the ticket is larger than %u bytes",
			       TICKET_JSON_MAX);
	if (jx_parse(body, &ticket, why) != JEMBATAN_OK)
		return JEMBATAN_DATA;
	struct check c = { .why = why };
	return check_value(&c, s->root, ticket) ? JEMBATAN_OK : JEMBATAN_DATA;
}
