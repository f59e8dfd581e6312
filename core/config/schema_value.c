/* schema_value.c: the types of options. Each sentence names the option, what
 * would be right and what stands there; a secret's value is never repeated. */
#include "config/schema_value.h"

#include "base/text.h"
#include "base/units.h"
#include "config/secret_source.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

struct reading {
	const struct jembatan_option *option;
	const struct yaml_node *node;
	struct arena *arena;
	struct problems *problems;
};

#define COMPLAIN(r, ...) \
	problems_add((r)->problems, (r)->node->file, (r)->node->line, __VA_ARGS__)

/* "must be X, not "what stands there"". */
static bool wrong(const struct reading *r, const char *expected)
{
	CLEANUP(free_pointer) char *shown = text_printable(r->node->text, 60);

	COMPLAIN(r, "\"%s\" must be %s, not \"%s\"", r->option->name, expected, shown);
	return false;
}

static bool is_scalar(const struct reading *r, const char *expected)
{
	if (r->node->kind != YAML_SCALAR) {
		COMPLAIN(r, "\"%s\" must be %s, not %s", r->option->name, expected,
			 yaml_kind_name(r->node));
		return false;
	}
	if (yaml_is_null(r->node)) {
		COMPLAIN(r, "\"%s\" has no value: write %s, or remove the line", r->option->name,
			 expected);
		return false;
	}
	return true;
}

void schema_value_number(enum jembatan_option_type type, int64_t number, char out[32])
{
	static const struct {
		enum jembatan_option_type type;
		int64_t size;
		const char *unit;
	} units[] = {
		{ JEMBATAN_DURATION, 86400000, "d" }, { JEMBATAN_DURATION, 3600000, "h" },
		{ JEMBATAN_DURATION, 60000, "m" },    { JEMBATAN_DURATION, 1000, "s" },
		{ JEMBATAN_DURATION, 1, "ms" },       { JEMBATAN_BYTES, 1 << 30, "GiB" },
		{ JEMBATAN_BYTES, 1 << 20, "MiB" },   { JEMBATAN_BYTES, 1 << 10, "KiB" },
		{ JEMBATAN_BYTES, 1, "B" },
	};

	for (size_t i = 0; i < COUNT_OF(units) && number != 0; i++) {
		if (units[i].type == type && number % units[i].size == 0) {
			snprintf(out, 32, "%lld%s", (long long)(number / units[i].size),
				 units[i].unit);
			return;
		}
	}
	snprintf(out, 32, "%lld", (long long)number);
}

static bool within_bounds(const struct reading *r, int64_t number)
{
	const struct jembatan_option *o = r->option;
	char low[32], high[32];
	CLEANUP(free_pointer) char *expected = NULL;

	if (o->minimum == 0 && o->maximum == 0)
		return true;
	if (number >= o->minimum && (number <= o->maximum || o->maximum < o->minimum))
		return true;
	schema_value_number(o->type, o->minimum, low);
	schema_value_number(o->type, o->maximum, high);
	if (o->maximum < o->minimum)
		expected = xasprintf("at least %s", low);
	else
		expected = xasprintf("between %s and %s", low, high);
	return wrong(r, expected);
}

static bool parse_integer(const char *text, int64_t *out)
{
	const char *digits = *text == '-' ? text + 1 : text;
	char *end;
	long long value;

	if (*digits < '0' || *digits > '9')
		return false;
	errno = 0;
	value = strtoll(text, &end, 10);
	if (errno != 0 || *end != '\0')
		return false;
	*out = value;
	return true;
}

static bool read_number(const struct reading *r, struct schema_value *out)
{
	const char *text = r->node->text;
	int64_t number = 0;
	const char *expected = "a whole number";
	bool good = false;

	if (r->option->type == JEMBATAN_DURATION) {
		expected = "a length of time such as 30s, 5m, 2h or 1d";
		if (is_scalar(r, expected))
			good = units_duration_ms(text, &number) || wrong(r, expected);
	} else if (r->option->type == JEMBATAN_BYTES) {
		expected = "a size such as 64KiB or 10MiB";
		if (is_scalar(r, expected))
			good = units_bytes(text, &number) || wrong(r, expected);
	} else if (is_scalar(r, expected)) {
		good = parse_integer(text, &number) || wrong(r, expected);
	}
	if (!good || !within_bounds(r, number))
		return false;
	out->integer = number;
	out->text = text;
	return true;
}

static bool read_boolean(const struct reading *r, struct schema_value *out)
{
	if (!is_scalar(r, "true or false"))
		return false;
	if (strcmp(r->node->text, "true") != 0 && strcmp(r->node->text, "false") != 0)
		return wrong(r, "true or false");
	out->integer = r->node->text[0] == 't';
	out->text = r->node->text;
	return true;
}

static bool read_string(const struct reading *r, struct schema_value *out)
{
	if (!is_scalar(r, "text"))
		return false;
	if (strlen(r->node->text) > SCHEMA_TEXT_MAX) {
		COMPLAIN(r, "\"%s\" is longer than 256 KiB", r->option->name);
		return false;
	}
	if (*r->node->text == '\0' && (r->option->flags & JEMBATAN_REQUIRED) != 0) {
		COMPLAIN(r, "\"%s\" must not be empty: %s", r->option->name, r->option->help);
		return false;
	}
	out->text = r->node->text;
	return true;
}

static bool is_choice(const char *const *choices, const char *text)
{
	for (; *choices != NULL; choices++) {
		if (strcmp(*choices, text) == 0)
			return true;
	}
	return false;
}

const char *schema_value_choices(const char *const *choices, const char *after, struct arena *arena)
{
	CLEANUP(buf_done) struct buf list;

	buf_init(&list, 4096);
	for (size_t i = 0; choices[i] != NULL; i++)
		buf_printf(&list, "%s%s%s", i > 0 ? ", " : "", choices[i], after);
	return arena_strndup(arena, list.data != NULL ? list.data : "", list.size);
}

static bool read_choice(const struct reading *r, struct schema_value *out)
{
	const char *allowed = schema_value_choices(r->option->choices, "", r->arena);
	const char *expected = arena_printf(r->arena, "one of %s", allowed);

	if (!is_scalar(r, expected))
		return false;
	if (!is_choice(r->option->choices, r->node->text))
		return wrong(r, expected);
	out->text = r->node->text;
	return true;
}

static bool read_path(const struct reading *r, struct schema_value *out)
{
	const char *expected = "an absolute path (beginning with /, without ..)";
	const char *text = r->node->text;

	if (!is_scalar(r, expected))
		return false;
	if (*text != '/' || strlen(text) >= 4096 || strstr(text, "/../") != NULL ||
	    (strlen(text) >= 3 && strcmp(text + strlen(text) - 3, "/..") == 0))
		return wrong(r, expected);
	out->text = text;
	return true;
}

/* A part of a parsed address; NULL when it has none. Free with curl_free. */
static char *url_part(CURLU *url, CURLUPart part)
{
	char *text = NULL;

	return curl_url_get(url, part, &text, 0) == CURLUE_OK ? text : NULL;
}

static bool read_url_parts(const struct reading *r, CURLU *url)
{
	static const char *const web[] = { "http", "https", NULL };
	const char *const *schemes = r->option->choices != NULL ? r->option->choices : web;
	char *scheme = url_part(url, CURLUPART_SCHEME);
	char *user = url_part(url, CURLUPART_USER);
	char *password = url_part(url, CURLUPART_PASSWORD);
	bool good = false;

	/* Never repeat an address that may hold a password. */
	if (user != NULL || password != NULL)
		COMPLAIN(r, "\"%s\" must not hold a user name or password: there are options "
			 "for them", r->option->name);
	else if (scheme == NULL || !is_choice(schemes, scheme))
		wrong(r, arena_printf(r->arena, "an address that begins with one of %s",
				      schema_value_choices(schemes, "://", r->arena)));
	else
		good = true;
	curl_free(scheme);
	curl_free(user);
	curl_free(password);
	return good;
}

static bool read_url(const struct reading *r, struct schema_value *out)
{
	const char *expected = "an address such as https://host/path";
	CURLU *url;
	bool good = false;

	if (!is_scalar(r, expected))
		return false;
	url = curl_url();
	ASSERT(url != NULL);
	if (curl_url_set(url, CURLUPART_URL, r->node->text, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
		COMPLAIN(r, "\"%s\" must be %s", r->option->name, expected);
	else
		good = read_url_parts(r, url);
	curl_url_cleanup(url);
	if (good)
		out->text = r->node->text;
	return good;
}

/* A text entry, a secret entry; false when wrong. */
static bool read_entry(const struct reading *r, const struct yaml_node *node,
		       struct schema_entry *out)
{
	const char *name = r->option->name;

	out->node = node;
	if (r->option->type == JEMBATAN_SECRET_MAP) {
		const char *full = arena_printf(r->arena, "%s.%s", name, node->key);

		out->key = node->key;
		out->secret = secret_source_read(node, full, r->problems);
		return out->secret != NULL;
	}
	if (node->kind != YAML_SCALAR || yaml_is_null(node)) {
		problems_add(r->problems, node->file, node->line,
			     "\"%s%s%s\" must be text, not %s", name, node->key != NULL ? "." : "",
			     node->key != NULL ? node->key : "", yaml_kind_name(node));
		return false;
	}
	if (strlen(node->text) > SCHEMA_TEXT_MAX) {
		problems_add(r->problems, node->file, node->line,
			     "an entry of \"%s\" is longer than 256 KiB", name);
		return false;
	}
	out->key = node->key;
	out->text = node->text;
	return true;
}

static bool is_collection(const struct reading *r, enum yaml_kind kind)
{
	if (r->node->kind == kind || yaml_is_null(r->node))
		return true;
	if (kind == YAML_LIST)
		COMPLAIN(r, "\"%s\" must be a list, such as [a, b], not %s", r->option->name,
			 yaml_kind_name(r->node));
	else
		COMPLAIN(r, "\"%s\" must be a map, such as {key: value}, not %s", r->option->name,
			 yaml_kind_name(r->node));
	return false;
}

/* The entries of `behind` in their order, each overridden in its place, then
 * what only the node has. */
static bool read_entries(const struct reading *r, const struct yaml_node *behind,
			 struct schema_value *out)
{
	const struct yaml_node *entry;
	size_t room = r->node->count + (behind != NULL ? behind->count : 0);
	bool good = true;

	out->entries = arena_alloc(r->arena, (room + 1) * sizeof(*out->entries));
	for (entry = behind != NULL ? behind->first : NULL; entry != NULL; entry = entry->next) {
		const struct yaml_node *over = yaml_get(r->node, entry->key);

		good &= read_entry(r, over != NULL ? over : entry, &out->entries[out->entry_count++]);
	}
	for (entry = r->node->first; entry != NULL; entry = entry->next) {
		if (behind != NULL && yaml_get(behind, entry->key) != NULL)
			continue;
		good &= read_entry(r, entry, &out->entries[out->entry_count]);
		if (r->option->type == JEMBATAN_LIST)
			out->entries[out->entry_count].key =
				arena_printf(r->arena, "%zu", out->entry_count);
		out->entry_count++;
	}
	return good;
}

static bool read_collection(const struct reading *r, const struct yaml_node *behind,
			    struct schema_value *out)
{
	bool is_list = r->option->type == JEMBATAN_LIST;

	if (!is_collection(r, is_list ? YAML_LIST : YAML_MAP))
		return false;
	if (is_list || (behind != NULL && behind->kind != YAML_MAP))
		behind = NULL;
	return read_entries(r, behind, out);
}

static bool read_typed(const struct reading *r, const struct yaml_node *behind,
		       struct schema_value *out)
{
	switch (r->option->type) {
	case JEMBATAN_STRING:
		return read_string(r, out);
	case JEMBATAN_SECRET:
		out->secret = secret_source_read(r->node, r->option->name, r->problems);
		return out->secret != NULL;
	case JEMBATAN_INTEGER:
	case JEMBATAN_DURATION:
	case JEMBATAN_BYTES:
		return read_number(r, out);
	case JEMBATAN_BOOLEAN:
		return read_boolean(r, out);
	case JEMBATAN_URL:
		return read_url(r, out);
	case JEMBATAN_PATH:
		return read_path(r, out);
	case JEMBATAN_CHOICE:
		return read_choice(r, out);
	case JEMBATAN_LIST:
	case JEMBATAN_MAP:
	case JEMBATAN_SECRET_MAP:
		return read_collection(r, behind, out);
	}
	COMPLAIN(r, "\"%s\" has a type that this version does not know: update Jembatan",
		 r->option->name);
	return false;
}

bool schema_value_read(const struct jembatan_option *option, const struct yaml_node *node,
		       const struct yaml_node *behind, struct arena *arena,
		       struct problems *problems, struct schema_value *out)
{
	struct reading r = { option, node, arena, problems };

	if (read_typed(&r, behind, out)) {
		out->node = node;
		return true;
	}
	for (size_t i = 0; i < out->entry_count; i++)
		secret_free(out->entries[i].secret);
	*out = (struct schema_value){ .option = option };
	return false;
}
