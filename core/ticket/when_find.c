/* when_find.c: the text word by word. Where a date may begin, the longest run of
 * words that when_parse understands is taken; when_spoken.c reads the others. The
 * words before it say whether it is the incident's. */
#include "ticket/when_find.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>

#include "config/date.h"
#include "ticket/lexicon.h"
#include "ticket/when.h"
#include "ticket/when_inside.h"
#include "base/poison.h"

#define OLDEST_DAYS 400 /* older days are births, laws and memories */
#define NEAR_DAYS 31 /* "(3/4)" may be a share */
#define RUN_MAX 8u /* words of one date: "Sabtu, 11 Februari 2023 pukul 01:16 WIB" */
#define RUN_BYTES 70u
#define TRIES_MAX 48u
#define REACH 4u /* words before a date that speak about it */

/* ---- words -------------------------------------------------------------- */

static bool is_letter(char c)
{
	return (unsigned char)((unsigned char)(c | 32) - 'a') < 26;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_of_word(const char *p)
{
	return is_letter(*p) || is_digit(*p) || (unsigned char)*p >= 0x80 ||
	       (*p > ' ' && strchr("/:.-+'`", *p) != NULL &&
		(is_digit(p[1]) || (is_letter(p[1]) && *p != '.' && *p != ':' && *p != '/')));
}

/* "tgl3", "3jan": letters and digits are words of their own, but in "05:30". */
static bool parts(const char *p)
{
	return (is_letter(p[-1]) && is_digit(*p)) || (is_digit(p[-1]) && is_letter(*p));
}

/* Bytes of a NBSP, a typographic quote or an ellipsis; 0: none of them. */
static size_t blank_size(const char *p)
{
	if ((unsigned char)*p < 0x80) /* nearly all are */
		return 0;
	if (str_starts(p, "\xc2\xa0"))
		return 2;
	return str_starts(p, "\xe2\x80") && p[2] != '\0' &&
	       strchr("\x98\x99\x9c\x9d\xa6", p[2]) != NULL ? 3 : 0;
}

/* As in Friday's name: between two letters. */
static bool is_apostrophe(const char *p)
{
	return (unsigned char)*p == 0xe2 &&
	       (str_starts(p, "\xe2\x80\x98") || str_starts(p, "\xe2\x80\x99")) &&
	       is_letter(p[-1]) && is_letter(p[3]);
}

/* A byte of a word, small; every apostrophe is the plain one. Where the next begins. */
static size_t take_letter(const char *text, size_t i, size_t start, char *out)
{
	char c = text[i];
	bool is_mark = i > start && is_apostrophe(text + i);
	*out = is_mark || c == '`' ? '\'' : c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
	return i + (is_mark ? 3 : 1);
}

static void read_words(struct search *s, size_t size)
{
	for (size_t i = 0; i < size && s->count < WORDS_MAX;) {
		const char *p = s->text + i;
		if (blank_size(p) > 0) {
			i += blank_size(p);
			continue;
		}
		if (!is_letter(*p) && !is_digit(*p) && (unsigned char)*p < 0x80) {
			if (s->count > 0 && strchr(".!?\n;", *p) != NULL)
				s->words[s->count - 1].is_end = true;
			i++;
			continue;
		}
		struct word *w = &s->words[s->count++];
		size_t n = 0;
		w->start = i;
		w->is_end = false;
		do {
			char c = '\0';
			i = take_letter(s->text, i, w->start, &c);
			if (n < WORD_SIZE - 1)
				w->text[n++] = c;
			/* Most letters follow a letter, and go on with the word. */
			for (; i < size && is_letter(s->text[i]) && is_letter(s->text[i - 1]); i++)
				if (n < WORD_SIZE - 1)
					w->text[n++] = (char)(s->text[i] | 32);
		} while (i < size && is_of_word(s->text + i) && !parts(s->text + i) &&
			 (blank_size(s->text + i) == 0 || is_apostrophe(s->text + i)));
		w->text[n] = '\0';
		w->end = i;
	}
}

const char *when_word(const struct search *s, size_t i)
{
	return i < s->count ? s->words[i].text : "";
}

bool when_is_in(const char *const *list, const char *text)
{
	for (; *list != NULL; list++)
		if (**list == *text && strcmp(*list, text) == 0)
			return true;
	return false;
}

/* ---- what stands before ------------------------------------------------- */

static const char *const not_an_incident[] = { "lahir", "kelahiran", "ttl", "lhr", "lahiran", "usia",
	"menikah", "nikah", "wafat", "meninggal", "almarhum", "almarhumah", "batas", "lambat",
	"deadline", "tenggat", "tempo", "berlaku", "kadaluarsa", "kedaluwarsa", "expired", "hingga",
	"sampai", "sampe", "sd", "jadwal", "rencana", "rencananya", "akan", "perda", "perwali",
	"perbup", "pergub", "perpres", "permen", "uu", "undang-undang", "sk", "pp", "kepmen",
	"peraturan", "keputusan", "nomor", "nomer", "no", "no.", "rt", "rw", "blok", "pasal", "ayat",
	"nik", "npwp", "rekening", "rek", "hp", "wa", "telp", "tlp", "setiap", "tiap", "hut",
	"proklamasi", "kemerdekaan", NULL };
static const char *const the_incident[] = { "kejadian", "kejadiannya", "terjadi", "terjadinya",
	"peristiwa", "sejak", "semenjak", "kronologi", "insiden", "dimulai", NULL };

/* The words before `at` in its sentence: is it the incident's (1), is it not
 * (-1), or do they say nothing (0)? */
static int speaks_for(const struct search *s, size_t at)
{
	int says = 0;
	for (size_t back = 1; back <= REACH && back <= at; back++) {
		const struct word *w = &s->words[at - back];
		if (w->is_end)
			break;
		if (when_is_in(the_incident, w->text))
			return 1;
		if (when_is_in(not_an_incident, w->text))
			says = -1;
	}
	return says;
}

int64_t when_day_of(const struct search *s, int64_t ms)
{
	return (ms + s->zone_minutes * MINUTE_MS) / DAY_MS;
}

int64_t when_ms_of_day(const struct search *s, int64_t day)
{
	return day * DAY_MS - s->zone_minutes * MINUTE_MS;
}

/* ---- dates -------------------------------------------------------------- */

/* The names that stand before the day as well: "January 8, 2026", "Jan 8th, 2026". */
static const char *const english_months[] = { "january", "jan", "february", "feb", "march", "mar",
	"april", "apr", "may", "june", "jun", "july", "jul", "august", "aug", "september", "sept",
	"sep", "october", "oct", "november", "nov", "december", "dec", NULL };

static bool is_month(const char *text)
{
	return lexicon_month(text) != 0 || when_is_in(english_months, text);
}

/* A number that may begin a date: "3 jan", "12/1/2026", "2026-01-12"; a day's
 * name before a number. */
static bool may_begin(const struct search *s, size_t i)
{
	const char *w = when_word(s, i);
	if (when_week_day(w) >= 0)
		return is_digit(when_word(s, i + 1)[0]);
	if (!is_digit(w[0]))
		return false;
	size_t digits = strspn(w, "0123456789");
	if (w[digits] != '\0')
		return (digits <= 2 || digits == 4) && strchr("/-.", w[digits]) != NULL &&
		       strlen(w) >= 6 && strlen(w) < WORD_SIZE - 1;
	return digits <= 2 && is_month(when_word(s, i + 1));
}

/* Nothing that goes on like a date that is cut: "12/1/2026-5". */
static bool ends_well(const struct search *s, size_t end)
{
	const char *p = s->text + end;
	return !is_digit(*p) && !(*p != '\0' && strchr("/-", *p) != NULL && is_digit(p[1]));
}

static size_t read_date(struct search *s, size_t i, struct when_found *out)
{
	size_t last = i;
	char run[RUN_BYTES + 1];
	if (!may_begin(s, i) || s->tries >= TRIES_MAX)
		return i;
	s->tries++;
	while (last + 1 < s->count && last + 1 < i + RUN_MAX && !s->words[last].is_end &&
	       s->words[last + 1].end - s->words[i].start <= RUN_BYTES)
		last++;
	for (;; last--) {
		size_t start = s->words[i].start, size = s->words[last].end - start;
		int64_t ms = 0;
		bool has_time = false;
		if (size <= RUN_BYTES && ends_well(s, s->words[last].end)) {
			memcpy(run, s->text + start, size);
			run[size] = '\0';
			if (when_parse(run, s->now_ms, s->zone_minutes, &ms, &has_time)) {
				*out = (struct when_found){ .ms = ms, .has_time = has_time };
				return has_time ? last + 1 : when_read_hour(s, last + 1, out);
			}
		}
		if (last == i)
			return i;
	}
}

static size_t read_month_first(const struct search *s, size_t i, struct when_found *out)
{
	static const char *const endings[] = { "st", "nd", "rd", "th", NULL };
	const char *month = when_word(s, i), *day = when_word(s, i + 1);
	size_t at = i + 2 + when_is_in(endings, when_word(s, i + 2));
	const char *year = when_word(s, at);
	char run[RUN_BYTES + 1];
	int64_t ms = 0;
	if (!is_letter(*month) || !is_digit(*day) || strlen(day) > 2 || !is_digit(*year) ||
	    strlen(year) != 4)
		return i;
	snprintf(run, sizeof(run), "%s %s %s", day, month, year);
	if (!when_parse(run, s->now_ms, s->zone_minutes, &ms, NULL))
		return i;
	*out = (struct when_found){ .ms = ms };
	return when_read_hour(s, at + 1, out);
}

/* "Kamis (8/1)", as the papers write; without the right day before it only when near. */
static size_t read_in_brackets(const struct search *s, size_t i, struct when_found *out)
{
	const struct word *w = &s->words[i];
	int named = -1;
	char run[RUN_BYTES + 1];
	int64_t ms = 0;
	if (w->start == 0 || s->text[w->start - 1] != '(' || s->text[w->end] != ')')
		return i;
	size_t digits = strspn(w->text, "0123456789");
	if (digits < 1 || digits > 2 || w->text[digits] != '/' || !is_digit(w->text[digits + 1]) ||
	    strlen(w->text) > digits + 3 || strspn(w->text + digits + 1, "0123456789/") == 0)
		return i;
	for (size_t back = 1; back <= 2 && back <= i && named < 0; back++)
		named = when_week_day(when_word(s, i - back));
	for (int year = 0; year < 2; year++) {
		int64_t then = s->now_ms - year * 365 * DAY_MS;
		char now[40];
		date_format(then, s->zone_minutes, now);
		snprintf(run, sizeof(run), "%s/%.4s", w->text, now);
		if (!when_parse(run, s->now_ms, s->zone_minutes, &ms, NULL) || ms > s->now_ms)
			continue;
		if (named >= 0 ? when_day_of(s, ms) % 7 != named : ms < s->now_ms - NEAR_DAYS * DAY_MS)
			return i;
		*out = (struct when_found){ .ms = ms };
		return when_read_hour(s, i + 1, out);
	}
	return i;
}

/* ---- the search --------------------------------------------------------- */

static bool is_plausible(const struct search *s, const struct when_found *f)
{
	/* "pukul 10" of today may be said at nine by mistake: the day counts. */
	return when_day_of(s, f->ms) <= when_day_of(s, s->now_ms) && f->ms <= s->now_ms + HOUR_MS &&
	       f->ms > s->now_ms - OLDEST_DAYS * DAY_MS;
}

/* ---- where to look at all ------------------------------------------------ */

#define BEGINS_BITS 4096u

/* Of the words that a day begins with: a bit for each, and one for its first two letters. */
static struct {
	uint64_t words[BEGINS_BITS / 64];
	uint32_t letters[32];
} begins;

static size_t begins_bit(const char *text)
{
	uint32_t h = 2166136261u;
	for (; *text != '\0'; text++)
		h = (h ^ (unsigned char)*text) * 16777619u;
	return (h ^ h >> 15) % BEGINS_BITS;
}

static void may_begin_with(const char *text)
{
	size_t bit = begins_bit(text);
	begins.words[bit / 64] |= UINT64_C(1) << bit % 64;
	begins.letters[text[0] & 31] |= 1u << (text[1] & 31);
}

static bool is_among_begins(const char *text)
{
	if ((begins.letters[text[0] & 31] >> (text[1] & 31) & 1) == 0)
		return false;
	size_t bit = begins_bit(text);
	return (begins.words[bit / 64] >> bit % 64 & 1) != 0;
}

static void collect_begins(void)
{
	for (const char *const *m = english_months; *m != NULL; m++)
		may_begin_with(*m);
	when_spoken_begins(may_begin_with);
}

/* A quick look: most words begin nothing. "seminggu" is "minggu". */
static bool may_begin_here(const struct search *s, size_t i)
{
	const char *w = when_word(s, i);
	return is_digit(*w) || is_among_begins(w) ||
	       (w[0] == 's' && w[1] == 'e' && is_among_begins(w + 2));
}

/* The word behind what was read at i; i: nothing begins here. */
static size_t read_here(struct search *s, size_t i, struct when_found *out)
{
	size_t end = read_date(s, i, out);
	if (end == i)
		end = read_month_first(s, i, out);
	if (end == i)
		end = read_in_brackets(s, i, out);
	if (end == i)
		end = when_read_spoken(s, i, out);
	return end;
}

bool when_find(const char *text, int64_t now_ms, int zone_minutes, struct when_found *out)
{
	static once_flag collected = ONCE_FLAG_INIT;
	struct search *s = xmalloc(sizeof(*s)); /* words: as far as count */
	bool found = false;
	call_once(&collected, collect_begins);
	s->count = s->tries = 0;
	s->text = text;
	s->now_ms = now_ms;
	s->zone_minutes = zone_minutes;
	read_words(s, strnlen(text, WHEN_TEXT_MAX));
	size_t just_now = s->count;
	for (size_t i = 0; i < s->count;) {
		struct when_found f;
		if (!may_begin_here(s, i)) {
			i++;
			continue;
		}
		size_t end = read_here(s, i, &f);
		if (end == i) {
			if (just_now == s->count && when_is_just_now(s, i))
				just_now = i;
			i++;
			continue;
		}
		int says = is_plausible(s, &f) ? speaks_for(s, i) : -1;
		f.start = s->words[i].start;
		f.size = s->words[end - 1].end - f.start;
		if (says > 0 || (says == 0 && !found)) {
			*out = f;
			found = true;
		}
		if (says > 0)
			break;
		i = end;
	}
	if (!found && just_now < s->count) {
		const struct word *w = &s->words[just_now];
		*out = (struct when_found){ .ms = when_ms_of_day(s, when_day_of(s, now_ms)),
					    .start = w->start, .size = w->end - w->start };
		found = true;
	}
	free(s);
	return found;
}
