/* lapor_v3_answer.c: reading answers. An answer that cannot be read is no
 * evidence of anything; an id is taken only when it is plainly one. */
#include "central/lapor_v3.h"

#include "base/jx.h"
#include "base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/poison.h"

bool lapor_v3_is_id(const char *s)
{
	size_t n = 0;

	for (; s && s[n]; n++)
		if (!isalnum((unsigned char)s[n]) && s[n] != '-' && s[n] != '.')
			return false;
	return n > 0 && n < LAPOR_V3_ID_SIZE;
}

/* "7000001.0" is a whole number too, as long as a double holds its digits. */
static json_int_t whole_number(const json_t *value)
{
	double real = json_real_value(value); /* 0 unless it is one */

	if (json_is_integer(value))
		return json_integer_value(value);
	if (real < 1 || real >= 9007199254740992.0 || real != (double)(json_int_t)real)
		return 0;
	return (json_int_t)real;
}

static bool read_id(json_t *value, char out[LAPOR_V3_ID_SIZE])
{
	json_int_t number = whole_number(value);

	if (number > 0) {
		snprintf(out, LAPOR_V3_ID_SIZE, "%" JSON_INTEGER_FORMAT, number);
		return true;
	}
	if (!json_is_string(value) || !lapor_v3_is_id(json_string_value(value)) ||
	    strcmp(json_string_value(value), "0") == 0)
		return false;
	snprintf(out, LAPOR_V3_ID_SIZE, "%s", json_string_value(value));
	return true;
}

static json_t *parse(struct jembatan_bytes answer)
{
	json_t *root = NULL;

	return jx_parse(answer, &root, NULL) == JEMBATAN_OK ? root : NULL;
}

void lapor_v3_complaint_id(struct jembatan_bytes answer, const char *path,
			   char out[LAPOR_V3_ID_SIZE])
{
	static const char *const paths[] = { "complaint_id", "data.complaint_id",
					     "results.complaint.id" };
	json_t *root = parse(answer);
	bool is_usual = path == NULL || *path == '\0';

	out[0] = '\0';
	if (!is_usual)
		read_id(jx_at(root, path), out);
	for (size_t i = 0; is_usual && i < COUNT_OF(paths) && !*out; i++)
		read_id(jx_at(root, paths[i]), out);
	json_decref(root);
}

void lapor_v3_file_id(struct jembatan_bytes answer, char out[LAPOR_V3_ID_SIZE])
{
	static const char *const paths[] = { "results.docs.0.id", "results.images.0.id" };
	json_t *root = parse(answer);

	out[0] = '\0';
	for (size_t i = 0; i < COUNT_OF(paths) && !*out; i++)
		read_id(jx_at(root, paths[i]), out);
	json_decref(root);
}

enum jembatan_result lapor_v3_status(struct jembatan_bytes answer, struct lapor_v3_status *out,
				     struct why *why)
{
	CLEANUP(jx_decref) json_t *root = NULL;
	enum jembatan_result r = jx_parse(answer, &root, why);

	if (r != JEMBATAN_OK)
		return r;
	json_t *data = jx_at(root, "results.data");
	if (!json_is_object(data))
		return why_set(why, JEMBATAN_DATA, "the answer holds no results.data");
	*out = (struct lapor_v3_status){ .code = "" };
	read_id(json_object_get(data, "disposition_id"), out->disposition_id);
	read_id(json_object_get(data, "status_code"), out->code);
	return JEMBATAN_OK;
}

/* ---- follow-ups ---- */

/* "Ref: JB-7K3M9Q-F1", and not the beginning of -F10. */
static bool holds_reference(const char *text, const char *reference)
{
	size_t n = strlen(reference);

	for (const char *at = text; (at = strstr(at, reference)); at += n)
		if (!isalnum((unsigned char)at[n]) && at[n] != '-')
			return true;
	return false;
}

static bool is_same_text(const char *a, const char *b)
{
	CLEANUP(free_pointer) char *x = text_squeeze(a);
	CLEANUP(free_pointer) char *y = text_squeeze(b);

	text_trim(x);
	text_trim(y);
	return strcmp(x, y) == 0;
}

enum jembatan_result lapor_v3_has_follow_up(struct jembatan_bytes answer, const char *content,
					    const char *reference, bool reference_line,
					    bool *out_found, bool *out_more, struct why *why)
{
	CLEANUP(jx_decref) json_t *root = NULL;
	enum jembatan_result r = jx_parse(answer, &root, why);
	bool found = false;
	json_t *one;
	size_t i;

	if (r != JEMBATAN_OK)
		return r;
	json_t *list = jx_at(root, "results.data");
	if (!json_is_array(list))
		return why_set(why, JEMBATAN_DATA, "the answer holds no list at results.data");
	json_array_foreach(list, i, one) {
		const char *text = jx_text(one, "content");
		if (text && (reference_line ? holds_reference(text, reference) :
					      is_same_text(text, content)))
			found = true;
	}
	*out_found = found;
	*out_more = jx_text(root, "results.next_page_url") != NULL && json_array_size(list) > 0;
	return JEMBATAN_OK;
}

/* ---- lookup ---- */

/* Only a readable 2xx can say "absent". A 404 cannot: it is also what a wrong
 * address answers, and believing it would double every unknown report. */
enum jembatan_result lapor_v3_lookup(struct jembatan_bytes answer, unsigned status,
				     const char *match, char out[LAPOR_V3_ID_SIZE],
				     struct why *why)
{
	CLEANUP(jx_decref) json_t *root = NULL;

	if (status < 200 || status >= 300)
		return why_set(why, JEMBATAN_DATA, "the lookup answered %u", status);
	enum jembatan_result r = jx_parse(answer, &root, why);
	if (r != JEMBATAN_OK)
		return r;
	if (!json_is_object(root) && !json_is_array(root))
		return why_set(why, JEMBATAN_DATA, "the lookup answered neither object nor list");
	json_t *value = jx_at(root, match);
	if (!value) {
		out[0] = '\0';
		return JEMBATAN_OK;
	}
	if (!read_id(value, out))
		return why_set(why, JEMBATAN_DATA, "no id stands at central.lookup.match");
	return JEMBATAN_OK;
}
