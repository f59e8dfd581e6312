/* agency_cursor.c: the cursor as text. Times are cut to whole seconds: a
 * little too early is safe, since the source is asked for `>=`. */
#include "agency-api/agency_cursor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t read_time(json_t *root, const char *key)
{
	const char *text = kit_json_string(root, key);
	int64_t ms;

	if (!text || kit_time_parse(text, NULL, 0, &ms) != JEMBATAN_OK)
		return AGENCY_NEVER;
	return ms;
}

enum jembatan_result agency_cursor_parse(const char *text,
					 struct agency_cursor *out)
{
	struct jembatan_bytes bytes = { text, strlen(text) };
	json_t *root = NULL;
	int64_t again = 0;
	const char *at;

	if (kit_json_parse(bytes, &root, NULL) != JEMBATAN_OK)
		return JEMBATAN_DATA;
	if (!json_is_object(root)) {
		json_decref(root);
		return JEMBATAN_DATA;
	}
	out->since_ms = read_time(root, "since");
	out->high_ms = read_time(root, "high");
	(void)kit_json_integer(root, "again", &again);
	out->again = again > 0 && again < 100 ? (unsigned)again : 0;
	at = kit_json_string(root, "at");
	if (!at || strlen(at) >= sizeof(out->at))
		at = "";
	(void)snprintf(out->at, sizeof(out->at), "%s", at);
	json_decref(root);
	return JEMBATAN_OK;
}

static void add_time(json_t *root, const char *key, int64_t ms)
{
	char text[32];

	if (ms == AGENCY_NEVER)
		return;
	kit_time_format_rfc3339(ms, 0, text);
	(void)json_object_set_new(root, key, json_string(text));
}

char *agency_cursor_format(const struct agency_cursor *cursor)
{
	json_t *root = json_object();
	char *text;

	add_time(root, "since", cursor->since_ms);
	if (*cursor->at || cursor->again > 0)
		add_time(root, "high", cursor->high_ms);
	if (*cursor->at)
		(void)json_object_set_new(root, "at", json_string(cursor->at));
	if (cursor->again > 0)
		(void)json_object_set_new(root, "again",
					  json_integer((json_int_t)cursor->again));
	text = json_dumps(root, JSON_COMPACT);
	json_decref(root);
	if (!text)
		abort();
	return text;
}
