/* when.c: dates in words. A text is read left to right: day name, date, time,
 * zone; whatever is left over makes it no date. */
#include "ticket/when.h"

#include "base/text.h"
#include "config/date.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define TEXT_MAX 80u
#define WORD_MAX 16u

struct word_value {
	const char *word;
	int64_t value;
};

static const struct word_value months[] = {
	{ "jan", 1 }, { "januari", 1 }, { "january", 1 }, { "feb", 2 }, { "februari", 2 },
	{ "pebruari", 2 }, { "february", 2 }, { "mar", 3 }, { "maret", 3 }, { "march", 3 },
	{ "apr", 4 }, { "april", 4 }, { "mei", 5 }, { "may", 5 }, { "jun", 6 }, { "juni", 6 },
	{ "june", 6 }, { "jul", 7 }, { "juli", 7 }, { "july", 7 }, { "agu", 8 }, { "agt", 8 },
	{ "ags", 8 }, { "agustus", 8 }, { "aug", 8 }, { "august", 8 }, { "sep", 9 },
	{ "sept", 9 }, { "september", 9 }, { "okt", 10 }, { "oktober", 10 }, { "oct", 10 },
	{ "october", 10 }, { "nov", 11 }, { "nop", 11 }, { "november", 11 }, { "nopember", 11 },
	{ "des", 12 }, { "desember", 12 }, { "dec", 12 }, { "december", 12 },
};

static const struct word_value day_names[] = {
	{ "senin", 1 }, { "selasa", 1 }, { "rabu", 1 }, { "kamis", 1 }, { "jumat", 1 },
	{ "jum'at", 1 }, { "sabtu", 1 }, { "minggu", 1 }, { "ahad", 1 }, { "sen", 1 }, { "sel", 1 },
	{ "rab", 1 }, { "kam", 1 }, { "jum", 1 }, { "sab", 1 }, { "min", 1 }, { "mon", 1 },
	{ "tue", 1 }, { "wed", 1 }, { "thu", 1 }, { "fri", 1 }, { "sat", 1 }, { "sun", 1 },
};

/* What date.h can write and read again, in any zone. */
#define EARLIEST_MS INT64_C(-2177452800000) /* 1901-01-01 */
#define LATEST_MS INT64_C(7226582400000)    /* 2199-01-01 */

/* bulan and tahun count 30 and 365 days: that is what "2 bulan lalu" tells. */
static const struct word_value spans[] = {
	{ "detik", SECOND }, { "menit", MINUTE }, { "jam", HOUR }, { "hari", DAY },
	{ "minggu", 7 * DAY }, { "bulan", 30 * DAY }, { "tahun", 365 * DAY },
};

struct reading {
	const char *p;
	int64_t now_ms;
	int zone_minutes;
	int year, month, day; /* year 0: not written */
	int hour, minute, second;
	bool has_time;
};

static bool find_word(const struct word_value *table, size_t count, const char *word, int64_t *out)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(table[i].word, word) == 0) {
			*out = table[i].value;
			return true;
		}
	}
	return false;
}

#define FIND(table, word, out) find_word(table, COUNT_OF(table), word, out)

static void skip_separators(struct reading *r)
{
	while (*r->p == ' ' || *r->p == ',')
		r->p++;
}

/* One or more digits, at most `most`; moves on. */
static bool take_number(struct reading *r, size_t most, int *out)
{
	int value = 0;
	size_t count = 0;

	for (; r->p[count] >= '0' && r->p[count] <= '9'; count++) {
		if (count == most)
			return false;
		value = value * 10 + (r->p[count] - '0');
	}
	if (count == 0)
		return false;
	r->p += count;
	*out = value;
	return true;
}

/* The letters here, lower case, without moving on. */
static size_t peek_word(const struct reading *r, char out[WORD_MAX])
{
	size_t count = 0;

	while (count < WORD_MAX - 1 &&
	       ((r->p[count] >= 'a' && r->p[count] <= 'z') || r->p[count] == '\'')) {
		out[count] = r->p[count];
		count++;
	}
	out[count] = '\0';
	return count;
}

static bool take_word(struct reading *r, const char *word)
{
	char here[WORD_MAX];
	size_t count = peek_word(r, here);

	if (strcmp(here, word) != 0)
		return false;
	r->p += count;
	skip_separators(r);
	return true;
}

/* 8:45, 8:45:10, 08.45 */
static bool take_clock(struct reading *r)
{
	if (!take_number(r, 2, &r->hour) || (*r->p != ':' && *r->p != '.'))
		return false;
	r->p++;
	if (!take_number(r, 2, &r->minute))
		return false;
	if (*r->p != ':' && *r->p != '.')
		return true;
	r->p++;
	return take_number(r, 2, &r->second);
}

/* All that is left: nothing, or a zone. */
static bool take_zone(struct reading *r)
{
	char zone[WORD_MAX];
	size_t i = 0;

	if (*r->p == '\0')
		return true;
	for (; i < WORD_MAX - 1 && r->p[i] != '\0'; i++)
		zone[i] = (char)toupper((unsigned char)r->p[i]);
	zone[i] = '\0';
	return r->p[i] == '\0' && date_zone(zone, &r->zone_minutes);
}

/* Nothing, or [pukul] 8:45[:10] [WIB]. */
static bool take_time(struct reading *r)
{
	skip_separators(r);
	if (*r->p == '\0')
		return true;
	if (!take_word(r, "pukul") && !take_word(r, "pkl"))
		(void)take_word(r, "jam");
	if (*r->p == '.') /* "pkl. 8.45" */
		r->p++;
	skip_separators(r);
	if (!take_clock(r))
		return false;
	r->has_time = true;
	skip_separators(r);
	return take_zone(r);
}

static bool put(const struct reading *r, int year, int64_t *out_ms)
{
	return date_make(year, r->month, r->day, r->hour, r->minute, r->second, r->zone_minutes,
			 out_ms);
}

/* The day `days_ago`, at the time read. */
static bool put_day_ago(struct reading *r, int64_t days_ago, int64_t *out_ms)
{
	int64_t zone_ms = r->zone_minutes * MINUTE;
	int64_t day = (r->now_ms + zone_ms) / DAY - days_ago;

	if (r->hour > 23 || r->minute > 59 || r->second > 59)
		return false;
	*out_ms = day * DAY - zone_ms + r->hour * HOUR + r->minute * MINUTE + r->second * SECOND;
	return true;
}

/* kemarin, hari ini, baru saja, 7 jam yang lalu, sejam lalu */
static bool read_relative(struct reading *r, int64_t *out_ms)
{
	char word[WORD_MAX];
	int64_t span;
	int count = 1;

	if (take_word(r, "kemarin"))
		return take_time(r) && put_day_ago(r, 1, out_ms);
	if (strncmp(r->p, "hari ini", 8) == 0) {
		r->p += 8;
		return take_time(r) && put_day_ago(r, 0, out_ms);
	}
	if (strcmp(r->p, "baru saja") == 0) {
		r->has_time = true;
		*out_ms = r->now_ms;
		return true;
	}
	if (strncmp(r->p, "se", 2) == 0 && r->p[2] != '\0')
		r->p += 2;
	else if (!take_number(r, 4, &count))
		return false;
	skip_separators(r);
	if (peek_word(r, word) == 0 || !FIND(spans, word, &span) || !take_word(r, word))
		return false;
	(void)take_word(r, "yang");
	if (!take_word(r, "lalu") || *r->p != '\0')
		return false;
	r->has_time = span < DAY;
	*out_ms = r->now_ms - count * span;
	return true;
}

static bool take_year(struct reading *r, int *out)
{
	const char *start = r->p;

	if (!take_number(r, 4, out))
		return false;
	if (r->p - start == 2)
		*out += 2000;
	return r->p - start == 4 || r->p - start == 2;
}

/* 3 Jan 2026 | 8 Agu, 08:45 | 11-Feb-2023 */
static bool read_named_month(struct reading *r)
{
	char word[WORD_MAX];
	const char *year;
	int64_t month;

	if (!take_number(r, 2, &r->day))
		return false;
	while (*r->p == ' ' || *r->p == '-' || *r->p == '/')
		r->p++;
	if (peek_word(r, word) == 0 || !FIND(months, word, &month))
		return false;
	r->month = (int)month;
	r->p += strlen(word);
	while (*r->p == ' ' || *r->p == '-' || *r->p == '/' || *r->p == '.' || *r->p == ',')
		r->p++;
	/* "2026" is a year, "08:45" a time. */
	year = r->p + strspn(r->p, "0123456789");
	if (year > r->p && *year != ':' && !(*year == '.' && year - r->p <= 2))
		return take_year(r, &r->year);
	return true;
}

/* 21/3/2023 | 21-03-2023 | 2023/03/21 */
static bool read_numbers(struct reading *r)
{
	size_t digits = strspn(r->p, "0123456789");
	bool year_first = digits == 4;
	char separator;

	if (!take_number(r, 4, year_first ? &r->year : &r->day))
		return false;
	separator = *r->p;
	if ((separator != '/' && separator != '-' && separator != '.') || digits == 3)
		return false;
	r->p++;
	if (!take_number(r, 2, &r->month) || *r->p++ != separator)
		return false;
	return year_first ? take_number(r, 2, &r->day) : take_year(r, &r->year);
}

/* Without a year: the latest such day that is not after tomorrow. */
static bool put_date(struct reading *r, int64_t *out_ms)
{
	char now[40];
	int year;

	if (r->year != 0)
		return put(r, r->year, out_ms);
	date_format(r->now_ms + DAY, r->zone_minutes, now);
	year = (int)strtol(now, NULL, 10);
	for (int back = 0; back < 8; back++) { /* 29 February needs up to eight */
		int64_t ms;

		if (put(r, year - back, &ms) && ms <= r->now_ms + DAY) {
			*out_ms = ms;
			return true;
		}
	}
	return false;
}

static bool read_date(struct reading *r, int64_t *out_ms)
{
	struct reading start = *r;

	if (read_relative(r, out_ms))
		return true;
	*r = start;
	if (!read_named_month(r)) {
		*r = start;
		if (!read_numbers(r))
			return false;
	}
	return take_time(r) && put_date(r, out_ms);
}

/* Seconds or milliseconds since 1970, from 2001 on. */
static bool read_unix(const char *text, int64_t *out_ms)
{
	size_t count = strlen(text);

	if (strspn(text, "0123456789") != count || (count != 10 && count != 13))
		return false;
	*out_ms = (int64_t)strtoll(text, NULL, 10) * (count == 10 ? SECOND : 1);
	return true;
}

/* Lower case, without the day's name. */
static bool read_words(struct reading *r, char *text, int64_t *out_ms)
{
	char word[WORD_MAX];
	int64_t ignored;

	for (char *c = text; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	r->p = text;
	if (peek_word(r, word) > 0 && FIND(day_names, word, &ignored)) {
		r->p += strlen(word);
		skip_separators(r);
	}
	r->has_time = read_unix(r->p, out_ms);
	return r->has_time || read_date(r, out_ms);
}

bool when_parse(const char *text, int64_t now_ms, int zone_minutes, int64_t *out_ms,
		bool *out_has_time)
{
	CLEANUP(free_pointer) char *tidy = NULL;
	struct reading r = { .now_ms = now_ms, .zone_minutes = zone_minutes };
	int64_t ms = 0;

	if (strlen(text) > TEXT_MAX)
		return false;
	tidy = text_squeeze(text);
	text_trim(tidy);
	if (!date_parse(tidy, zone_minutes, &ms, &r.has_time) && !read_words(&r, tidy, &ms))
		return false;
	if (ms < EARLIEST_MS || ms > LATEST_MS)
		return false;
	*out_ms = ms;
	if (out_has_time != NULL)
		*out_has_time = r.has_time;
	return true;
}
