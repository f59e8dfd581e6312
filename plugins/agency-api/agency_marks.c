/* agency_marks.c: see agency_marks.h. */
#include "agency-api/agency_marks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_mark(const char *text)
{
	return text && strlen(text) == AGENCY_MARK_SIZE - 1 &&
	       strspn(text, "0123456789abcdef") == AGENCY_MARK_SIZE - 1;
}

enum jembatan_result agency_marks_parse(const char *text, struct agency_marks *out)
{
	struct jembatan_bytes bytes = { text, strlen(text) };
	json_t *root = NULL, *entry;
	const char *at;
	int64_t line = 0;
	size_t i;

	*out = (struct agency_marks){ .count = 0 };
	if (kit_json_parse(bytes, &root, NULL) != JEMBATAN_OK)
		return JEMBATAN_DATA;
	if (!json_is_array(json_object_get(root, "files"))) {
		json_decref(root);
		return JEMBATAN_DATA;
	}
	json_array_foreach(json_object_get(root, "files"), i, entry)
		if (is_mark(json_string_value(entry)))
			agency_marks_add(out, json_string_value(entry));
	at = kit_json_string(root, "at");
	(void)kit_json_integer(root, "line", &line);
	if (is_mark(at) && line > 0) {
		(void)snprintf(out->at, sizeof(out->at), "%s", at);
		out->line = (size_t)line;
	}
	json_decref(root);
	return JEMBATAN_OK;
}

char *agency_marks_format(const struct agency_marks *marks)
{
	json_t *root = json_object(), *files = json_array();
	char *text;

	for (size_t i = 0; i < marks->count; i++)
		(void)json_array_append_new(files, json_string(marks->files[i]));
	(void)json_object_set_new(root, "files", files);
	if (*marks->at) {
		(void)json_object_set_new(root, "at", json_string(marks->at));
		(void)json_object_set_new(root, "line", json_integer((json_int_t)marks->line));
	}
	text = json_dumps(root, JSON_COMPACT);
	json_decref(root);
	if (!text)
		abort();
	return text;
}

const char *agency_marks_of(const struct agency_marks *marks, const char *stamp)
{
	for (size_t i = 0; i < marks->count; i++)
		if (strncmp(marks->files[i], stamp, AGENCY_STAMP_SIZE - 1) == 0)
			return marks->files[i];
	return NULL;
}

bool agency_marks_has_content(const struct agency_marks *marks, const char *content)
{
	for (size_t i = 0; i < marks->count; i++)
		if (strcmp(marks->files[i] + AGENCY_STAMP_SIZE - 1, content) == 0)
			return true;
	return false;
}

void agency_marks_add(struct agency_marks *marks, const char *mark)
{
	if (marks->count == AGENCY_FILES_MAX) { /* the oldest one goes */
		memmove(marks->files[0], marks->files[1],
			(AGENCY_FILES_MAX - 1) * sizeof(marks->files[0]));
		marks->count--;
	}
	(void)snprintf(marks->files[marks->count++], AGENCY_MARK_SIZE, "%s", mark);
}

void agency_marks_keep(struct agency_marks *marks, const struct agency_files *files)
{
	size_t kept = 0;

	for (size_t i = 0; i < marks->count; i++) {
		char stamp[AGENCY_STAMP_SIZE];

		(void)snprintf(stamp, sizeof(stamp), "%.*s", AGENCY_STAMP_SIZE - 1,
			       marks->files[i]);
		if (agency_files_sees(files, stamp))
			memmove(marks->files[kept++], marks->files[i], AGENCY_MARK_SIZE);
	}
	marks->count = kept;
}
