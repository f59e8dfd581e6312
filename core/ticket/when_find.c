/* when_find.c: the text word by word. Where a date may begin, the longest run of
 * words that when_parse understands is taken; relative days are read here. The
 * words before it say whether it is the incident's. */
#include "ticket/when_find.h"

#include <stdlib.h>
#include <string.h>

#include "ticket/lexicon.h"
#include "ticket/when.h"
#include "base/poison.h"

#define MINUTE_MS INT64_C(60000)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)
#define OLDEST_DAYS 400 /* older days are births, laws and memories */
#define WORDS_MAX 600u
#define WORD_SIZE 20u
#define RUN_MAX 8u /* words of one date: "Sabtu, 11 Februari 2023 pukul 01:16 WIB" */
#define RUN_BYTES 70u
#define TRIES_MAX 48u
#define BEGINS_BITS 4096u
#define REACH 4u /* words before a date that speak about it */

struct word {
	char text[WORD_SIZE]; /* small letters, digits and / : . - */
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
	uint64_t begins[BEGINS_BITS / 64]; /* of the words that a relative day begins with */
};

/* ---- words -------------------------------------------------------------- */

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_of_word(const char *p)
{
	return is_letter(*p) || is_digit(*p) || (unsigned char)*p >= 0x80 ||
	       (*p > ' ' && strchr("/:.-+'", *p) != NULL &&
		(is_digit(p[1]) || (is_letter(p[1]) && *p != '.' && *p != ':' && *p != '/')));
}

/* "tgl3", "3jan": letters and digits are words of their own, but in "05:30". */
static bool parts(const char *p)
{
	return (is_letter(p[-1]) && is_digit(*p)) || (is_digit(p[-1]) && is_letter(*p));
}

static void read_words(struct search *s, size_t size)
{
	for (size_t i = 0; i < size && s->count < WORDS_MAX;) {
		const char *p = s->text + i;
		/* NBSP is a blank. */
		if ((unsigned char)p[0] == 0xc2 && (unsigned char)p[1] == 0xa0) {
			i += 2;
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
		*w = (struct word){ .start = i };
		do {
			char c = s->text[i++];
			if (n < WORD_SIZE - 1)
				w->text[n++] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
		} while (i < size && is_of_word(s->text + i) && !parts(s->text + i) &&
			 !((unsigned char)s->text[i] == 0xc2 && (unsigned char)s->text[i + 1] == 0xa0));
		w->end = i;
	}
}

static const char *word(const struct search *s, size_t i)
{
	return i < s->count ? s->words[i].text : "";
}

static bool is_in(const char *const *list, const char *text)
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
		if (is_in(the_incident, w->text))
			return 1;
		if (is_in(not_an_incident, w->text))
			says = -1;
	}
	return says;
}

/* ---- relative days ------------------------------------------------------ */

static const char *const yesterday[] = { "kemarin", "kmrn", "kmren", "kemaren", "kemarn", "kmarin",
	"kemaren2", "wingi", "kamari", "yesterday", "kmaren", "kmr", "kmrin", NULL };
static const char *const earlier_today[] = { "tadi", "td", "tdi", NULL };
static const char *const javanese[] = { "esuk", "isuk", "awan", "bengi", "wengi", NULL };
static const char *const last_night[] = { "semalam", "semalem", "smlm", "smalam", "smlam", NULL };
static const char *const mornings[] = { "pagi", "subuh", "esuk", "isuk", "enjing", "pgi", "pg",
	"fajar", NULL };
static const char *const noons[] = { "siang", "awan", "beurang", "sing", NULL };
static const char *const evenings[] = { "sore", "petang", "sonten", "magrib", "maghrib", NULL };
static const char *const nights[] = { "malam", "malem", "mlm", "bengi", "peuting", "wengi", NULL };
static const char *const clocks[] = { "jam", "pukul", "pkl", "jm", "pkl.", NULL };
static const char *const agos[] = { "lalu", "yll", "kemarin", "kmrn", "kemaren", "kepungkur",
	"silam", NULL };

enum part { PART_NONE, PART_MORNING, PART_NOON, PART_EVENING, PART_NIGHT };

static enum part part_of(const char *text)
{
	return is_in(mornings, text) ? PART_MORNING : is_in(noons, text) ? PART_NOON :
	       is_in(evenings, text) ? PART_EVENING : is_in(nights, text) ? PART_NIGHT : PART_NONE;
}

static int64_t day_of(const struct search *s, int64_t ms)
{
	return (ms + s->zone_minutes * MINUTE_MS) / DAY_MS;
}

static int64_t ms_of_day(const struct search *s, int64_t day)
{
	return day * DAY_MS - s->zone_minutes * MINUTE_MS;
}

/* "8", "08.30", "20:15"; false when it is no clock's reading. */
static bool read_clock(const char *text, int *out_minutes)
{
	char *end = NULL;
	long hour = strtol(text, &end, 10), minute = 0;
	if (end == text || end - text > 2 || !is_digit(text[0]))
		return false;
	if (*end == '.' || *end == ':') {
		const char *p = end + 1;
		minute = strtol(p, &end, 10);
		if (end - p != 2)
			return false;
	}
	if (*end != '\0' || hour > 24 || minute > 59)
		return false;
	*out_minutes = (int)(hour % 24 * 60 + minute);
	return true;
}

/* "[pagi] jam 8 [pagi]" from word i on; returns the word behind it. */
static size_t read_time(const struct search *s, size_t i, enum part part, struct when_found *out)
{
	int minutes = 0;
	if (part == PART_NONE && (part = part_of(word(s, i))) != PART_NONE)
		i++;
	bool is_said = is_in(clocks, word(s, i));
	const char *reading = word(s, i + is_said);
	if (!read_clock(reading, &minutes) || (!is_said && strpbrk(reading, ":.") == NULL))
		return i;
	i += 1 + is_said;
	if (part == PART_NONE && (part = part_of(word(s, i))) != PART_NONE)
		i++;
	if ((part == PART_EVENING || part == PART_NIGHT || (part == PART_NOON && minutes < 360)) &&
	    minutes < 720)
		minutes += 720;
	out->ms += minutes * MINUTE_MS;
	out->has_time = true;
	return i;
}

static size_t read_day_before(const struct search *s, size_t i, struct when_found *out)
{
	int64_t today = day_of(s, s->now_ms);
	bool is_early = s->now_ms - ms_of_day(s, today) < 17 * HOUR_MS;
	*out = (struct when_found){ .ms = ms_of_day(s, today) };
	if (is_in(yesterday, word(s, i))) {
		bool two = strcmp(word(s, i + 1), "lusa") == 0;
		out->ms -= two ? 2 * DAY_MS : DAY_MS;
		return read_time(s, i + (two ? 2 : 1), PART_NONE, out);
	}
	if (is_in(last_night, word(s, i))) {
		out->ms -= DAY_MS;
		return read_time(s, i + 1, PART_NIGHT, out);
	}
	/* "mau" is "earlier" before a Javanese word, and else "want". */
	if ((is_in(earlier_today, word(s, i)) && part_of(word(s, i + 1)) != PART_NONE) ||
	    (strcmp(word(s, i), "mau") == 0 && is_in(javanese, word(s, i + 1)))) {
		enum part part = part_of(word(s, i + 1));
		if (part == PART_NIGHT && is_early)
			out->ms -= DAY_MS;
		return read_time(s, i + 2, part, out);
	}
	if ((strcmp(word(s, i), "hari") == 0 || strcmp(word(s, i), "dinten") == 0) &&
	    (strcmp(word(s, i + 1), "ini") == 0 || strcmp(word(s, i + 1), "ieu") == 0))
		return read_time(s, i + 2, PART_NONE, out);
	return i;
}

static const struct {
	const char *word;
	int64_t ms;
} units[] = { { "menit", MINUTE_MS }, { "mnt", MINUTE_MS }, { "jam", HOUR_MS }, { "jm", HOUR_MS },
	      { "hari", DAY_MS }, { "hr", DAY_MS }, { "dinten", DAY_MS }, { "dina", DAY_MS },
	      { "minggu", 7 * DAY_MS }, { "mgg", 7 * DAY_MS }, { "pekan", 7 * DAY_MS },
	      { "bulan", 30 * DAY_MS }, { "bln", 30 * DAY_MS }, { "sasih", 30 * DAY_MS } };

static const char *const numbers[] = { "nol", "satu", "dua", "tiga", "empat", "lima", "enam",
				       "tujuh", "delapan", "sembilan", "sepuluh", NULL };

/* 0: none. */
static int64_t unit_of(const char *text)
{
	for (size_t i = 0; i < COUNT_OF(units); i++)
		if (units[i].word[0] == *text && strcmp(units[i].word, text) == 0)
			return units[i].ms;
	return 0;
}

static int count_of(const char *text)
{
	size_t size = strlen(text);
	if (size >= 1 && size <= 2 && strspn(text, "0123456789") == size)
		return (int)strtol(text, NULL, 10);
	for (int n = 0; numbers[n] != NULL; n++)
		if (numbers[n][0] == *text && strcmp(numbers[n], text) == 0)
			return n;
	return 0;
}

/* "2 hari [yang] lalu", "seminggu lalu", "minggu lalu" from word i on. */
static size_t read_ago(const struct search *s, size_t i, struct when_found *out)
{
	int count = count_of(word(s, i));
	size_t at = count > 0 ? i + 1 : i;
	int64_t unit = unit_of(word(s, at));
	bool is_named = count == 0 && unit >= 7 * DAY_MS;
	if (count == 0 && str_starts(word(s, i), "se") && unit_of(word(s, i) + 2) > 0) {
		count = 1;
		unit = unit_of(word(s, i) + 2);
	}
	if (unit == 0 || (count == 0 && !is_named))
		return i;
	at++;
	if (strcmp(word(s, at), "yang") == 0 || strcmp(word(s, at), "yg") == 0)
		at++;
	/* "hari minggu kemarin" is a Sunday; "dua hari kemarin" may be both days. */
	if (!is_in(agos, word(s, at)) || (is_named && is_in(yesterday, word(s, at))))
		return i;
	if (is_named && i > 0 && strcmp(word(s, i - 1), "hari") == 0)
		return i;
	int64_t then = s->now_ms - (count == 0 ? 1 : count) * unit;
	*out = (struct when_found){ .ms = then, .has_time = unit < DAY_MS };
	if (!out->has_time) {
		out->ms = ms_of_day(s, day_of(s, then));
		return read_time(s, at + 1, PART_NONE, out);
	}
	return at + 1;
}

/* 1 January 1970 was a Thursday. */
static const char *const week_days[7][4] = {
	{ "kamis", "kemis", "kms" }, { "jumat", "jum'at", "jmt" }, { "sabtu", "sbt", "setu" },
	{ "minggu", "ahad" }, { "senin", "senen", "snn" }, { "selasa", "sls" },
	{ "rabu", "rebo", "rbu" } };

static int week_day(const char *text)
{
	for (int d = 0; d < 7; d++)
		for (size_t n = 0; n < 4 && week_days[d][n] != NULL; n++)
			if (week_days[d][n][0] == *text && strcmp(week_days[d][n], text) == 0)
				return d;
	return -1;
}

/* "hari Senin", "Senin lalu", "malam Minggu kemarin": the last one. */
static size_t read_week_day(const struct search *s, size_t i, struct when_found *out)
{
	size_t at = i;
	bool is_said = strcmp(word(s, at), "hari") == 0 || strcmp(word(s, at), "hr") == 0;
	at += is_said;
	int day = week_day(word(s, at));
	if (day < 0)
		return i;
	at++;
	if (strcmp(word(s, at), "yang") == 0 || strcmp(word(s, at), "yg") == 0)
		at++;
	bool is_past = is_in(agos, word(s, at));
	/* "Senin sampai Jumat", "Senin depan", "hari Minggu tutup" are no day of it. */
	if (!is_past && (!is_said || week_day(word(s, at)) >= 0 || strcmp(word(s, at), "depan") == 0 ||
			 strcmp(word(s, at), "sampai") == 0 || strcmp(word(s, at), "besok") == 0 ||
			 !is_in(clocks, word(s, at + (part_of(word(s, at)) != PART_NONE)))))
		return i;
	int64_t today = day_of(s, s->now_ms);
	int64_t back = (today - day + 7 * 8) % 7;
	if (back == 0 && is_past)
		back = 7;
	*out = (struct when_found){ .ms = ms_of_day(s, today - back) };
	return read_time(s, at + is_past, PART_NONE, out);
}

/* ---- dates -------------------------------------------------------------- */

/* A number that may begin a date: "3 jan", "12/1/2026", "2026-01-12"; a day's
 * name before a number. */
static bool may_begin(const struct search *s, size_t i)
{
	const char *w = word(s, i);
	if (week_day(w) >= 0)
		return is_digit(word(s, i + 1)[0]);
	if (!is_digit(w[0]))
		return false;
	size_t digits = strspn(w, "0123456789");
	if (w[digits] != '\0')
		return (digits <= 2 || digits == 4) && strchr("/-.", w[digits]) != NULL &&
		       strlen(w) >= 6 && strlen(w) < WORD_SIZE - 1;
	return digits <= 2 && lexicon_month(word(s, i + 1)) != 0;
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
				return has_time ? last + 1 : read_time(s, last + 1, PART_NONE, out);
			}
		}
		if (last == i)
			return i;
	}
}

/* ---- the search --------------------------------------------------------- */

static bool is_plausible(const struct search *s, const struct when_found *f)
{
	/* "pukul 10" of today may be said at nine by mistake: the day counts. */
	return day_of(s, f->ms) <= day_of(s, s->now_ms) && f->ms <= s->now_ms + HOUR_MS &&
	       f->ms > s->now_ms - OLDEST_DAYS * DAY_MS;
}

/* ---- where to look at all ------------------------------------------------ */

static size_t begins_bit(const char *text)
{
	uint32_t h = 2166136261u;
	for (; *text != '\0'; text++)
		h = (h ^ (unsigned char)*text) * 16777619u;
	return (h ^ h >> 15) % BEGINS_BITS;
}

static void may_begin_with(struct search *s, const char *text)
{
	size_t bit = begins_bit(text);
	s->begins[bit / 64] |= UINT64_C(1) << bit % 64;
}

static bool is_among_begins(const struct search *s, const char *text)
{
	size_t bit = begins_bit(text);
	return (s->begins[bit / 64] >> bit % 64 & 1) != 0;
}

/* Every first word of what read_here knows, but for numbers. */
static void collect_begins(struct search *s)
{
	static const char *const others[] = { "mau", "hari", "hr", "dinten", NULL };
	const char *const *const lists[] = { yesterday, earlier_today, last_night, numbers, others };
	for (size_t l = 0; l < COUNT_OF(lists); l++)
		for (const char *const *w = lists[l]; *w != NULL; w++)
			may_begin_with(s, *w);
	for (size_t i = 0; i < COUNT_OF(units); i++)
		may_begin_with(s, units[i].word);
	for (size_t d = 0; d < COUNT_OF(week_days); d++)
		for (size_t n = 0; n < COUNT_OF(week_days[d]) && week_days[d][n] != NULL; n++)
			may_begin_with(s, week_days[d][n]);
}

/* A quick look: most words begin nothing. "seminggu" is "minggu". */
static bool may_begin_here(const struct search *s, size_t i)
{
	const char *w = word(s, i);
	return is_digit(*w) || is_among_begins(s, w) ||
	       (str_starts(w, "se") && is_among_begins(s, w + 2));
}

/* The word behind what was read at i; i: nothing begins here. */
static size_t read_here(struct search *s, size_t i, struct when_found *out)
{
	if (!may_begin_here(s, i))
		return i;
	size_t end = read_date(s, i, out);
	if (end == i)
		end = read_ago(s, i, out);
	if (end == i)
		end = read_day_before(s, i, out);
	if (end == i)
		end = read_week_day(s, i, out);
	return end;
}

bool when_find(const char *text, int64_t now_ms, int zone_minutes, struct when_found *out)
{
	struct search *s = xmalloc(sizeof(*s)); /* words: as far as count */
	bool found = false;
	s->count = s->tries = 0;
	memset(s->begins, 0, sizeof(s->begins));
	s->text = text;
	s->now_ms = now_ms;
	s->zone_minutes = zone_minutes;
	read_words(s, strnlen(text, WHEN_TEXT_MAX));
	collect_begins(s);
	for (size_t i = 0; i < s->count;) {
		struct when_found f;
		size_t end = read_here(s, i, &f);
		if (end == i) {
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
	free(s);
	return found;
}
