/* create.c: see create.h. Strict on purpose: an unknown key, a wrong type or
 * an attachment that was never uploaded is a bug of the client, to be seen
 * here and not at the real centre. */
#include "create.h"

#include "base/jx.h"
#include "base/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

#define REFERENCE_BYTES_MAX 64u

enum shape {
	SHAPE_TEXT,  /* a string that says something */
	SHAPE_LOOSE, /* any string, or null */
	SHAPE_ID,    /* digits, as number or string */
	SHAPE_FLAG,  /* true, false, 0, 1, "0", "1" */
	SHAPE_DATE,  /* Y-m-d or d-m-Y, with or without a time */
	SHAPE_FILES, /* a string that holds a JSON array of ids of uploaded files */
	SHAPE_LIST   /* null, or a string that holds JSON, or a list */
};

static const struct key {
	const char *name;
	enum shape shape;
	bool required;
} KEYS[] = {
	{ "title", SHAPE_TEXT, true },
	{ "content", SHAPE_TEXT, true },
	{ "channel", SHAPE_ID, true },
	{ "classification_id", SHAPE_ID, true },
	{ "date_of_incident", SHAPE_DATE, true },
	{ "is_anonymous", SHAPE_FLAG, true },
	{ "is_secret", SHAPE_FLAG, true },
	{ "attachments", SHAPE_FILES, true },
	{ "info_attachments", SHAPE_FILES, false },
	{ "user_id", SHAPE_ID, false },
	{ "is_new_user_slider", SHAPE_FLAG, false },
	{ "emailUser", SHAPE_LOOSE, false },
	{ "nameUser", SHAPE_LOOSE, false },
	{ "phoneUser", SHAPE_LOOSE, false },
	{ "is_inbox", SHAPE_FLAG, false },
	{ "is_disposisi_slider", SHAPE_FLAG, false },
	{ "disposition_id", SHAPE_ID, false },
	{ "category_id", SHAPE_ID, false },
	{ "priority_program_id", SHAPE_ID, false },
	{ "location_id", SHAPE_ID, false },
	{ "community_id", SHAPE_ID, false },
	{ "copy_externals", SHAPE_LIST, false },
	{ "info_disposition", SHAPE_LOOSE, false },
	{ "tags_raw", SHAPE_LOOSE, false },
	{ "is_approval", SHAPE_FLAG, false },
	{ "is_priority", SHAPE_FLAG, false },
};

static bool is_digits(const char *s, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (!isdigit((unsigned char)s[i]))
			return false;
	return size > 0;
}

static bool is_id(const json_t *value)
{
	if (json_is_integer(value))
		return json_integer_value(value) > 0;
	return json_is_string(value) &&
	       is_digits(json_string_value(value), json_string_length(value));
}

static int64_t id_value(const json_t *id)
{
	return json_is_string(id) ? strtoll(json_string_value(id), NULL, 10) :
				    json_integer_value(id);
}

static bool is_flag(const json_t *value)
{
	const char *text = json_string_value(value);

	if (json_is_integer(value))
		return json_integer_value(value) == 0 || json_integer_value(value) == 1;
	return json_is_boolean(value) || str_equal(text, "0") || str_equal(text, "1");
}

static bool is_text(const json_t *value)
{
	CLEANUP(free_pointer) char *text = xstrdup(json_string_value(value));

	if (!text)
		return false;
	text_trim(text);
	return *text != '\0';
}

/* "2026-11-21" or "21-11-2026", then nothing or a time. */
static bool is_date(const json_t *value)
{
	const char *s = json_string_value(value);
	bool year_first = s && strlen(s) >= 10 && s[4] == '-';

	if (!s || strlen(s) < 10 || (s[10] && s[10] != ' ' && s[10] != 'T'))
		return false;
	if (year_first)
		return is_digits(s, 4) && is_digits(s + 5, 2) && s[7] == '-' && is_digits(s + 8, 2);
	return is_digits(s, 2) && s[2] == '-' && is_digits(s + 3, 2) && s[5] == '-' &&
	       is_digits(s + 6, 4);
}

/* The sentence, or NULL when the value is a string with ids of known files. */
static const char *check_files(const json_t *value, struct ledger *ledger)
{
	const char *text = json_string_value(value);
	const char *wrong = NULL;
	json_t *ids = NULL;
	json_t *id;
	size_t i;

	if (!text)
		return "must be a string that holds JSON";
	if (jx_parse((struct jembatan_bytes){ text, strlen(text) }, &ids, NULL) != JEMBATAN_OK ||
	    !json_is_array(ids))
		wrong = "must be a string that holds a JSON array";
	json_array_foreach(ids, i, id) {
		if (!is_id(id))
			wrong = "must hold ids";
		else if (!ledger_has_file(ledger, id_value(id)))
			wrong = "names a file that was not uploaded";
	}
	json_decref(ids);
	return wrong;
}

static const char *check_value(const struct key *key, const json_t *value, struct ledger *ledger)
{
	if (!key->required && json_is_null(value))
		return NULL;
	switch (key->shape) {
	case SHAPE_TEXT:
		return is_text(value) ? NULL : "must be a text that is not empty";
	case SHAPE_LOOSE:
		return json_is_string(value) ? NULL : "must be a text";
	case SHAPE_ID:
		return is_id(value) ? NULL : "must be an id";
	case SHAPE_FLAG:
		return is_flag(value) ? NULL : "must be true or false";
	case SHAPE_DATE:
		return is_date(value) ? NULL : "must be a date";
	case SHAPE_LIST:
		return json_is_string(value) || json_is_array(value) ? NULL : "must be a list";
	case SHAPE_FILES:
		break;
	}
	return check_files(value, ledger);
}

static void add_error(json_t *errors, const char *key, const char *sentence)
{
	json_object_set_new(errors, key, json_pack("[s]", sentence));
}

static void check_user(json_t *body, json_t *errors)
{
	const char *name = jx_text(body, "nameUser");

	if (!jx_is_true(body, "is_new_user_slider") &&
	    jx_integer(body, "is_new_user_slider", 0) != 1) {
		if (!jx_at(body, "user_id"))
			add_error(errors, "user_id", "is required without is_new_user_slider");
	} else if (!name || !*name) {
		add_error(errors, "nameUser", "is required with is_new_user_slider");
	}
}

static const struct key *find_key(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(KEYS); i++)
		if (strcmp(KEYS[i].name, name) == 0)
			return &KEYS[i];
	return NULL;
}

/* The code that starts at s ("JB-7K3M9Q"), NULL when it is none. */
static char *read_reference(const char *s)
{
	size_t size = 3;

	if (!s || !str_starts(s, "JB-"))
		return NULL;
	while (isupper((unsigned char)s[size]) || isdigit((unsigned char)s[size]) ||
	       s[size] == '-')
		size++;
	return size > 3 && size <= REFERENCE_BYTES_MAX ? xstrndup(s, size) : NULL;
}

static char *reference_in_tags(json_t *body)
{
	const char *tags = jx_text(body, "tags_raw");

	return tags ? read_reference(strstr(tags, "JB-")) : NULL;
}

static char *reference_in_content(json_t *body)
{
	const char *content = jx_text(body, "content");
	const char *last = content ? strrchr(content, '\n') : NULL;

	last = last ? last + 1 : content;
	return last && str_starts(last, "Ref: ") ? read_reference(last + 5) : NULL;
}

json_t *create_check(json_t *body, struct ledger *ledger)
{
	CLEANUP(free_pointer) char *in_tags = reference_in_tags(body);
	CLEANUP(free_pointer) char *in_content = reference_in_content(body);
	json_t *errors = json_object();
	const char *name;
	json_t *value;

	for (size_t i = 0; i < COUNT_OF(KEYS); i++)
		if (KEYS[i].required && !json_object_get(body, KEYS[i].name))
			add_error(errors, KEYS[i].name, "is required");
	json_object_foreach(body, name, value) {
		const struct key *key = find_key(name);
		const char *wrong = key ? check_value(key, value, ledger) : "is not a known key";

		if (wrong)
			add_error(errors, name, wrong);
	}
	check_user(body, errors);
	if (in_tags && in_content && strcmp(in_tags, in_content) != 0)
		add_error(errors, "tags_raw", "names another reference than the content");
	return errors;
}

char *create_reference(json_t *body, const char *key)
{
	char *reference = reference_in_tags(body);

	if (!reference)
		reference = reference_in_content(body);
	return reference ? reference : read_reference(key);
}
