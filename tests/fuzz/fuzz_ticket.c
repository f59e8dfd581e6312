/* fuzz_ticket.c: what strangers write where a date, a phone number, a title or
 * a ticket's JSON belongs. The first byte picks which. */
#include "config/date.h"
#include "ticket/normalize.h"
#include "base/phone.h"
#include "ticket/when.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define NOW_MS INT64_C(1768010400000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void dates_and_phones(const char *text)
{
	char out[PHONE_SIZE], again[PHONE_SIZE], written[40];
	int64_t ms;
	if (when_parse(text, NOW_MS, 420, &ms, NULL)) {
		int64_t back;
		date_format(ms, 420, written);
		ASSERT(date_parse(written, 0, &back, NULL) && back == ms);
	}
	if (phone_normalize(text, out)) {
		ASSERT(phone_normalize(out, again) && strcmp(out, again) == 0);
	}
}

/* The number stands there by itself, not as a part of a longer one. */
static bool shows(const char *title, const char *number)
{
	size_t size = strlen(number);
	for (const char *at = title; (at = strstr(at, number)) != NULL; at++) {
		bool before = at > title && at[-1] >= '0' && at[-1] <= '9';
		bool after = at[size] >= '0' && at[size] <= '9';
		if (!before && !after)
			return true;
	}
	return false;
}

/* 16 digits that are a NIK must not be left in a title. */
static void titles(const char *text, bool as_subject)
{
	struct arena *arena = arena_new();
	struct msg_message m = { .message = { .text = text, .subject = as_subject ? text : NULL,
					      .author = { .name = text, .mail = text } } };
	struct normalize_options options = { .instance = "x", .source_system = "x",
					     .reference = "JB-000000", .received_ms = NOW_MS,
					     .zone_minutes = 420 };
	struct ticket t, back;
	if (normalize_message(&m, &options, arena, &t, NULL) == JEMBATAN_OK) {
		ASSERT(text_is_utf8(t.title, strlen(t.title)) && *t.content_edited != '\0');
		ASSERT(text_count_graphemes(t.title) <= 251);
		ASSERT(!shows(t.title, "3273014501900007"));
		CLEANUP(free_pointer) char *json = ticket_to_json(&t);
		ASSERT(ticket_from_json(bytes_text(json), arena, &back, NULL) == JEMBATAN_OK);
		CLEANUP(free_pointer) char *again = ticket_to_json(&back);
		ASSERT(strcmp(json, again) == 0);
	}
	arena_free(arena);
}

static void bodies(const char *text)
{
	struct arena *arena = arena_new();
	struct ticket t;
	if (ticket_from_json(bytes_text(text), arena, &t, NULL) == JEMBATAN_OK)
		free(ticket_to_json(&t));
	arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2 || !text_is_utf8((const char *)data + 1, size - 1))
		return 0;
	char *text = xstrndup((const char *)data + 1, size - 1);
	if (data[0] == 'D')
		dates_and_phones(text);
	else if (data[0] == 'J')
		bodies(text);
	else
		titles(text, data[0] == 'S');
	free(text);
	return 0;
}
