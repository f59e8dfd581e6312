/* when_inside.h: a text as words; for when_find.c, which looks for dates in it,
 * and when_spoken.c, which reads the days that are told by other words. */
#ifndef TICKET_WHEN_INSIDE_H
#define TICKET_WHEN_INSIDE_H

#include "ticket/when_find.h"

#define MINUTE_MS INT64_C(60000)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)
#define WORDS_MAX 600u
#define WORD_SIZE 20u

struct word {
	char text[WORD_SIZE]; /* small letters, digits and / : . - ' */
	size_t start, end;
	bool is_end; /* a sentence or line ends after it */
};

struct search {
	const char *text;
	struct word words[WORDS_MAX];
	size_t count;
	int64_t now_ms;
	int zone_minutes;
	unsigned tries;
};

/* The word i, "" behind the last. */
const char *when_word(const struct search *s, size_t i);
/* Is it in a list that ends with NULL? */
bool when_is_in(const char *const *list, const char *text);
/* Days since 1970 in the place's zone, and the midnight of one. */
int64_t when_day_of(const struct search *s, int64_t ms);
int64_t when_ms_of_day(const struct search *s, int64_t day);

/* Days since 1970, modulo 7, of a day's name; -1: it is none. */
int when_week_day(const char *text);
/* Adds "pagi jam 8" from word i on to a day that is sure; the word behind it. */
size_t when_read_hour(const struct search *s, size_t i, struct when_found *out);
/* A day told from word i on; the word behind it, i: none. */
size_t when_read_spoken(const struct search *s, size_t i, struct when_found *out);
/* "barusan", "baru saja terjadi" at word i. */
bool when_is_just_now(const struct search *s, size_t i);
/* Calls add with every first word of what when_read_spoken knows, but for digits. */
void when_spoken_begins(void (*add)(const char *word));

#endif
