/* agency_template.c: addresses with blanks. */
#include "agency-api/agency_template.h"

#include <stdlib.h>
#include <string.h>

#define PARTS_MAX 16

struct part {
	char *text;        /* literal text or a dotted path; or NULL */
	struct kit_jq *jq; /* or NULL */
	bool is_path;
};

struct agency_template {
	size_t count;
	struct part parts[PARTS_MAX];
};

void agency_template_free(struct agency_template *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->count; i++) {
		free(t->parts[i].text);
		kit_jq_free(t->parts[i].jq);
	}
	free(t);
}

/* The brace that closes the one at p: jq has braces of its own. */
static const char *closing(const char *p)
{
	size_t depth = 0;

	for (; *p; p++) {
		if (*p == '{')
			depth++;
		else if (*p == '}' && --depth == 0)
			return p;
	}
	return NULL;
}

static char *copy(const char *start, const char *end)
{
	char *text = strndup(start, (size_t)(end - start));

	if (!text)
		abort();
	return text;
}

static enum jembatan_result add_blank(struct part *part, const char *start,
				      const char *end, struct kit_why *why)
{
	struct kit_why inner = { "" };
	char *text = copy(start, end);
	enum jembatan_result result = JEMBATAN_OK;

	if (*text == '.') {
		result = kit_jq_new(text, NULL, &part->jq, &inner);
		if (result != JEMBATAN_OK)
			(void)kit_why_set(why, result, "{%s}: %s", text, inner.text);
		free(text);
		return result;
	}
	part->text = text;
	part->is_path = true;
	if (!*text || strpbrk(text, " {}\""))
		return kit_why_set(why, JEMBATAN_CONFIG,
				   "{%s} is no dotted path, such as {id}; a jq program "
				   "begins with a dot",
				   text);
	return JEMBATAN_OK;
}

static enum jembatan_result read_parts(struct agency_template *t,
				       const char *text, struct kit_why *why)
{
	const char *p = text;

	while (*p) {
		const char *end = *p == '{' ? closing(p) : p + strcspn(p, "{");
		struct part *part = &t->parts[t->count];

		if (t->count == PARTS_MAX || !end)
			return kit_why_set(why, JEMBATAN_CONFIG,
					   end ? "it has too many blanks" :
						 "a { is never closed");
		t->count++;
		if (*p == '{') {
			enum jembatan_result result = add_blank(part, p + 1, end, why);

			if (result != JEMBATAN_OK)
				return result;
			p = end + 1;
		} else {
			part->text = copy(p, end);
			p = end;
		}
	}
	return JEMBATAN_OK;
}

/* Is the first { behind scheme://host/, or is the address a relative one? */
static bool host_is_fixed(const char *text)
{
	const char *blank = strchr(text, '{');
	const char *scheme = strstr(text, "//");

	if (!blank)
		return true;
	if (!scheme || scheme > blank)
		return !memchr(text, ':', (size_t)(blank - text));
	scheme += 2;
	return scheme + strcspn(scheme, "/?") < blank;
}

enum jembatan_result agency_template_new(const char *text,
					 struct agency_template **out,
					 struct kit_why *why)
{
	struct agency_template *t = calloc(1, sizeof(*t));
	enum jembatan_result result;

	if (!t)
		abort();
	if (host_is_fixed(text))
		result = read_parts(t, text, why);
	else
		result = kit_why_set(why, JEMBATAN_CONFIG,
				     "a blank may stand only in path or query");
	if (result != JEMBATAN_OK) {
		agency_template_free(t);
		return result;
	}
	*out = t;
	return JEMBATAN_OK;
}

static void add_escaped(const char *value, struct kit_text *out)
{
	char *escaped = kit_url_escape(value);

	kit_text_add_string(out, escaped);
	free(escaped);
}

static enum jembatan_result fill_jq(const struct part *part,
				    struct jembatan_bytes record,
				    struct kit_text *out, struct kit_why *why)
{
	json_t *results;
	char buffer[64];
	const char *value;
	enum jembatan_result result = kit_jq_run(part->jq, record, &results, why);

	if (result != JEMBATAN_OK)
		return result;
	value = kit_json_id(results, "0", buffer);
	if (value && *value)
		add_escaped(value, out);
	else
		result = JEMBATAN_GONE;
	json_decref(results);
	return result;
}

enum jembatan_result agency_template_fill(const struct agency_template *t,
					  struct jembatan_bytes record,
					  json_t *root, struct kit_text *out,
					  struct kit_why *why)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct part *part = &t->parts[i];
		enum jembatan_result result = JEMBATAN_OK;
		char buffer[64];
		const char *value;

		if (part->jq) {
			result = fill_jq(part, record, out, why);
		} else if (part->is_path) {
			value = kit_json_id(root, part->text, buffer);
			if (value && *value)
				add_escaped(value, out);
			else
				result = JEMBATAN_GONE;
		} else {
			kit_text_add_string(out, part->text);
		}
		if (result != JEMBATAN_OK)
			return result;
	}
	return JEMBATAN_OK;
}
