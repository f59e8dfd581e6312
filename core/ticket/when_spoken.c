/* when_spoken.c: days that are told from the message's own: "tadi malam jam 2",
 * "Senin pagi kemarin", "dua hari yg lalu", "tgl 3 bulan lalu". What may be two
 * days is none. */
#include <stdlib.h>
#include <string.h>

#include "config/date.h"
#include "ticket/when_inside.h"
#include "base/poison.h"

#define word when_word
#define is_in when_is_in
#define day_of when_day_of
#define ms_of_day when_ms_of_day

static const char *const yesterday[] = { "kemarin", "kmrn", "kmren", "kemaren", "kemarn", "kmarin",
	"kemaren2", "wingi", "kamari", "yesterday", "kmaren", "kmr", "kmrin", NULL };
static const char *const earlier_today[] = { "tadi", "td", "tdi", NULL };
static const char *const javanese[] = { "esuk", "isuk", "awan", "bengi", "wengi", NULL };
static const char *const last_night[] = { "semalam", "semalem", "smlm", "smalam", "smlam", NULL };
static const char *const dawns[] = { "dinihari", NULL };
static const char *const mornings[] = { "pagi", "subuh", "esuk", "isuk", "enjing", "pgi", "pg",
	"fajar", NULL };
static const char *const noons[] = { "siang", "awan", "beurang", NULL };
static const char *const evenings[] = { "sore", "petang", "sonten", "magrib", "maghrib", NULL };
static const char *const nights[] = { "malam", "malem", "mlm", "bengi", "peuting", "wengi", NULL };
static const char *const clocks[] = { "jam", "pukul", "pkl", "jm", "pkl.", NULL };
static const char *const abouts[] = { "sekitar", "skitar", "sekira", "kira-kira", "pada", NULL };
static const char *const zones[] = { "wib", "wita", "wit", NULL };
static const char *const agos[] = { "lalu", "yll", "kemarin", "kmrn", "kemaren", "kmren", "kmaren",
	"wingi", "kamari", "kepungkur", "kapungkur", "kapengker", "silam", NULL };
static const char *const day_words[] = { "hari", "hr", "poe", "dinten", "dina", NULL };
static const char *const this_words[] = { "ini", "ieu", "iki", "niki", NULL };
static const char *const month_words[] = { "bulan", "bln", "sasih", "wulan", NULL };
static const char *const day_numbers[] = { "tgl", "tanggal", "tg", "tgl.", "tggl", NULL };
static const char *const some[] = { "beberapa", "bbrp", "brp", "berapa", "sekian", NULL };
static const char *const since[] = { "sejak", "semenjak", "sjk", NULL };
/* "minggu kemarin", "bulan kemarin", "lebaran kemarin" are no yesterday. */
static const char *const longer[] = { "minggu", "mgg", "pekan", "bulan", "bln", "sasih", "wulan",
	"tahun", "taun", "thn", "th", "musim", "semester", "lebaran", "natal", "puasa", "ramadhan",
	"ramadan", "pemilu", "pilkada", NULL };
static const char *const not_past[] = { "depan", "besok", "sampai", "sampe", "hingga", "mendatang",
	"nanti", "ini", "dan", "ke", "pertama", "kedua", "ketiga", "keempat", "terakhir", NULL };

/* ---- hours -------------------------------------------------------------- */

enum part { PART_NONE, PART_DAWN, PART_MORNING, PART_NOON, PART_EVENING, PART_NIGHT };

struct hour {
	enum part part;
	int minutes;    /* -1: none */
	bool is_said;   /* "jam" */
	bool is_unread; /* "jam setengah dua" */
};

#define NO_HOUR ((struct hour){ .minutes = -1 })

/* What a day is known by before its hour. */
enum anchor {
	ANCHOR_DAY,       /* a date, "hari ini": the hour changes nothing */
	ANCHOR_YESTERDAY, /* "kemarin malam jam 1" is of two days */
	ANCHOR_NIGHT      /* the day whose evening the night is: jam 1 is of the next */
};

static enum part part_of(const char *text)
{
	return is_in(mornings, text) ? PART_MORNING : is_in(noons, text) ? PART_NOON :
	       is_in(evenings, text) ? PART_EVENING : is_in(nights, text) ? PART_NIGHT :
	       is_in(dawns, text) ? PART_DAWN : PART_NONE;
}

static size_t read_part(const struct search *s, size_t i, enum part *part)
{
	enum part here = part_of(word(s, i));
	if (strcmp(word(s, i), "dini") == 0 && strcmp(word(s, i + 1), "hari") == 0) {
		*part = PART_DAWN;
		return i + 2;
	}
	if (here == PART_NONE)
		return i;
	*part = here;
	return i + 1;
}

/* "8", "08.30", "20:15"; false when it is no clock's reading. */
static bool read_clock(const char *text, int *out_minutes)
{
	char *end = NULL;
	long hour = strtol(text, &end, 10), minute = 0;
	if (end == text || end - text > 2 || text[0] < '0' || text[0] > '9')
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

static bool ends_before(const struct search *s, size_t i)
{
	return i == 0 || s->words[i - 1].is_end;
}

/* "[malam] [sekitar] jam 8 [WIB] [malam]" from word i on; returns the word behind it. */
static size_t read_hour(const struct search *s, size_t i, struct hour *h)
{
	i = read_part(s, i, &h->part);
	if (h->part == PART_NIGHT)
		i = read_part(s, i, &h->part);
	size_t at = i + is_in(abouts, word(s, i));
	bool is_said = is_in(clocks, word(s, at));
	const char *reading = word(s, at + is_said);
	int minutes = 0;
	if (!read_clock(reading, &minutes) || (!is_said && strpbrk(reading, ":.") == NULL)) {
		h->is_unread = is_said;
		return i;
	}
	h->minutes = minutes;
	h->is_said = is_said;
	at += 1 + is_said;
	if (ends_before(s, at))
		return at;
	size_t tail = at + is_in(zones, word(s, at)), end = read_part(s, tail, &h->part);
	return end > tail ? end : at;
}

/* "jam 2 malam" right before word i. */
static void read_hour_before(const struct search *s, size_t i, struct hour *h)
{
	size_t at = i;
	enum part part = PART_NONE;
	if (h->minutes >= 0 || ends_before(s, at))
		return;
	if (at >= 2 && read_part(s, at - 2, &part) == at)
		at -= 2;
	else if (read_part(s, at - 1, &part) == at)
		at--;
	if (at < 2 || s->words[at - 1].is_end || s->words[at - 2].is_end ||
	    !is_in(clocks, word(s, at - 2)) || !read_clock(word(s, at - 1), &h->minutes))
		return;
	h->is_said = true;
	if (part != PART_NONE)
		h->part = part;
}

/* Minutes from the midnight of the day that its words name. */
static int of_the_clock(const struct hour *h)
{
	int minutes = h->minutes;
	if (h->part == PART_DAWN)
		return minutes >= 720 && minutes < 780 ? minutes - 720 : minutes;
	if (minutes < 720 && (h->part == PART_EVENING || h->part == PART_NIGHT ||
			      (h->part == PART_NOON && minutes < 360)))
		return minutes + 720;
	return minutes;
}

/* The hour of a night from the midnight before its evening; -1: doubtful. */
static int of_the_night(const struct hour *h)
{
	if (h->part == PART_DAWN || h->part == PART_MORNING)
		return of_the_clock(h) + 1440;
	if (h->part == PART_EVENING)
		return of_the_clock(h);
	if (h->part == PART_NOON || (h->minutes >= 300 && h->minutes < 360))
		return -1;
	if (h->minutes < 300)
		return h->minutes + 1440;
	return h->minutes < 780 ? h->minutes + 720 : h->minutes;
}

/* Adds the hour to the midnight in out; false: it is doubtful which day it is. */
static bool put_hour(const struct hour *h, enum anchor anchor, struct when_found *out)
{
	int minutes = h->minutes;
	bool is_night = h->part == PART_NIGHT;
	if (minutes < 0)
		return !(h->is_unread && is_night && anchor != ANCHOR_DAY) &&
		       !(anchor == ANCHOR_NIGHT && !is_night);
	if (anchor == ANCHOR_NIGHT)
		minutes = of_the_night(h);
	else if (is_night && (minutes < 360 || (minutes >= 720 && minutes < 780)))
		return anchor == ANCHOR_DAY;
	else
		minutes = of_the_clock(h);
	if (minutes < 0)
		return false;
	out->ms += minutes * MINUTE_MS;
	out->has_time = true;
	return true;
}

size_t when_read_hour(const struct search *s, size_t i, struct when_found *out)
{
	struct hour h = NO_HOUR;
	size_t end = read_hour(s, i, &h);
	(void)put_hour(&h, ANCHOR_DAY, out); /* the day is sure */
	return end;
}

/* ---- today and yesterday ------------------------------------------------ */

static bool is_day_number_before(const struct search *s, size_t i)
{
	for (size_t back = 1; back <= 4 && !ends_before(s, i - back + 1); back++)
		if (back > 1 && is_in(day_numbers, word(s, i - back)))
			return true;
	return false;
}

static size_t skip_yang(const struct search *s, size_t i)
{
	return i + (strcmp(word(s, i), "yang") == 0 || strcmp(word(s, i), "yg") == 0);
}

/* "bulan kemarin", "tgl 7 dan 8 kemarin", and what was doubtful as "Senin malam kemarin". */
static bool is_of_longer(const struct search *s, size_t i)
{
	if (ends_before(s, i))
		return false;
	const char *before = word(s, i - 1);
	return is_in(longer, before) || when_week_day(before) >= 0 ||
	       (i > 1 && part_of(before) != PART_NONE && when_week_day(word(s, i - 2)) >= 0) ||
	       is_day_number_before(s, i);
}

static size_t read_yesterday(const struct search *s, size_t i, struct when_found *out)
{
	bool lusa_first = strcmp(word(s, i), "lusa") == 0;
	struct hour h = NO_HOUR;
	size_t at = i + lusa_first;
	if (!is_in(yesterday, word(s, at)))
		return i;
	if (is_of_longer(s, i))
		return i;
	at++;
	bool two = lusa_first || strcmp(word(s, at), "lusa") == 0;
	at += two && !lusa_first;
	out->ms -= two ? 2 * DAY_MS : DAY_MS;
	at = read_hour(s, at, &h);
	read_hour_before(s, i, &h);
	if (h.part == PART_NONE && !ends_before(s, i)) /* "malam kemarin jam 8" */
		h.part = part_of(word(s, i - 1));
	return put_hour(&h, ANCHOR_YESTERDAY, out) ? at : i;
}

static size_t read_last_night(const struct search *s, size_t i, struct when_found *out)
{
	struct hour h = { .part = PART_NIGHT, .minutes = -1 };
	if (!is_in(last_night, word(s, i)))
		return i;
	size_t at = read_hour(s, i + 1, &h);
	read_hour_before(s, i, &h);
	out->ms -= DAY_MS;
	if (!put_hour(&h, ANCHOR_NIGHT, out))
		return i;
	if (out->ms > s->now_ms && h.minutes >= 0)
		out->ms -= DAY_MS;
	return at;
}

/* "tadi pagi", "sore tadi", "tadi jam 2": of today what is past, or last night. */
static bool put_earlier(const struct search *s, const struct hour *h, struct when_found *out)
{
	static const int begins[] = { [PART_NONE] = 0, [PART_DAWN] = 0, [PART_MORNING] = 3,
		[PART_NOON] = 10, [PART_EVENING] = 14, [PART_NIGHT] = 0 };
	int64_t now = s->now_ms - out->ms, midnight = out->ms;
	/* Late in the evening "tadi malam" may be this one. */
	if (h->part == PART_NIGHT && h->minutes < 0) {
		out->ms -= DAY_MS;
		return now < 18 * HOUR_MS && !h->is_unread;
	}
	if (h->part == PART_NIGHT) {
		if (!put_hour(h, ANCHOR_NIGHT, out))
			return false;
		if (out->ms > s->now_ms)
			out->ms -= DAY_MS;
		return out->ms <= s->now_ms;
	}
	if (h->minutes < 0)
		return now >= begins[h->part] * HOUR_MS;
	if (!put_hour(h, ANCHOR_DAY, out) || out->ms > s->now_ms)
		return false;
	/* Both "jam 2" are past: the day is sure, the hour is not. */
	if (h->part == PART_NONE && h->minutes < 720 && out->ms + 12 * HOUR_MS <= s->now_ms)
		*out = (struct when_found){ .ms = midnight };
	return true;
}

static size_t read_earlier(const struct search *s, size_t i, struct when_found *out)
{
	struct hour h = NO_HOUR;
	size_t at = i;
	/* "mau" is "earlier" before a Javanese word, and else "want". */
	bool is_mau = strcmp(word(s, i), "mau") == 0 && is_in(javanese, word(s, i + 1));
	if (!is_mau && !is_in(earlier_today, word(s, i))) {
		at = read_part(s, i, &h.part);
		if (at == i || !is_in(earlier_today, word(s, at)) || s->words[at - 1].is_end)
			return i;
	}
	/* "siang tadi pagi" */
	enum part before = h.part;
	at = read_hour(s, at + 1, &h);
	read_hour_before(s, i, &h);
	if ((before != PART_NONE && before != h.part) ||
	    (h.part == PART_NONE && (h.minutes < 0 || !h.is_said)))
		return i;
	return put_earlier(s, &h, out) ? at : i;
}

/* ---- so long ago -------------------------------------------------------- */

static const struct {
	const char *word;
	int64_t ms;
} units[] = { { "menit", MINUTE_MS }, { "mnt", MINUTE_MS }, { "jam", HOUR_MS }, { "jm", HOUR_MS },
	      { "hari", DAY_MS }, { "hr", DAY_MS }, { "dinten", DAY_MS }, { "dina", DAY_MS },
	      { "poe", DAY_MS },
	      { "minggu", 7 * DAY_MS }, { "mgg", 7 * DAY_MS }, { "pekan", 7 * DAY_MS },
	      { "bulan", 30 * DAY_MS }, { "bln", 30 * DAY_MS }, { "sasih", 30 * DAY_MS } };

/* Indonesian, Javanese before a noun, Sundanese. */
static const char *const numbers[][3] = { { "satu", "hiji" }, { "dua", "rong" },
	{ "tiga", "telung", "tilu" }, { "empat", "patang", "opat" }, { "lima", "limang" },
	{ "enam", "nem", "genep" }, { "tujuh", "pitung" }, { "delapan", "wolung", "dalapan" },
	{ "sembilan", "sangang", "salapan" }, { "sepuluh", "sapuluh" } };

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
	for (size_t n = 0; n < COUNT_OF(numbers); n++)
		for (size_t i = 0; i < COUNT_OF(numbers[n]) && numbers[n][i] != NULL; i++)
			if (numbers[n][i][0] == *text && strcmp(numbers[n][i], text) == 0)
				return (int)n + 1;
	return 0;
}

/* "tgl 3 bulan lalu", "beberapa bulan lalu", "Senin pagi minggu lalu". */
static bool is_of_another(const struct search *s, size_t i, bool is_named)
{
	if (ends_before(s, i))
		return false;
	if (is_in(day_numbers, word(s, i - 1)) || is_in(some, word(s, i - 1)))
		return true;
	return is_named && (is_in(day_words, word(s, i - 1)) || when_week_day(word(s, i - 1)) >= 0 ||
			    (i > 1 && when_week_day(word(s, i - 2)) >= 0));
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
	at = skip_yang(s, at + 1);
	/* "hari minggu kemarin" is a Sunday; "dua hari kemarin" may be both days. */
	if (!is_in(agos, word(s, at)) || (is_named && is_in(yesterday, word(s, at))) ||
	    is_of_another(s, i, is_named))
		return i;
	int64_t then = s->now_ms - (count == 0 ? 1 : count) * unit;
	*out = (struct when_found){ .ms = then, .has_time = unit < DAY_MS };
	if (!out->has_time) {
		out->ms = ms_of_day(s, day_of(s, then));
		return when_read_hour(s, at + 1, out);
	}
	return at + 1;
}

/* "hari ini", but "3 hari ini" are the last three. */
static size_t read_today(const struct search *s, size_t i, struct when_found *out)
{
	if (!is_in(day_words, word(s, i)) || !is_in(this_words, word(s, i + 1)))
		return i;
	if (!ends_before(s, i) && (count_of(word(s, i - 1)) > 0 ||
				   is_in(some, word(s, i - 1)) ||
				   is_in(day_words, word(s, i - 1))))
		return i;
	return when_read_hour(s, i + 2, out);
}

/* ---- days of the week and of the month ---------------------------------- */

/* 1 January 1970 was a Thursday. */
static const char *const week_days[7][4] = {
	{ "kamis", "kemis", "kms" }, { "jumat", "jum'at", "jmt" }, { "sabtu", "sbt", "setu" },
	{ "minggu", "ahad" }, { "senin", "senen", "snn" }, { "selasa", "sls" },
	{ "rabu", "rebo", "rbu" } };

int when_week_day(const char *text)
{
	for (int d = 0; d < 7; d++)
		for (size_t n = 0; n < 4 && week_days[d][n] != NULL; n++)
			if (week_days[d][n][0] == *text && strcmp(week_days[d][n], text) == 0)
				return d;
	return -1;
}

static const char *const until[] = { "sampai", "sampe", "hingga", NULL };
static const char *const now_words[] = { "sekarang", "skrg", "skrng", "kini", "saat", "detik",
	NULL };

/* "Senin sampai Jumat", "Senin depan", "Senin minggu lalu", "Senin (29/12)". */
static bool goes_on(const struct search *s, size_t at)
{
	const char *w = word(s, at), *next = word(s, at + 1);
	/* "sejak Senin sampai sekarang" */
	if (is_in(until, w) && (is_in(now_words, next) || (is_in(day_words, next) &&
							   is_in(this_words, word(s, at + 2)))))
		return false;
	return !ends_before(s, at) &&
	       (when_week_day(w) >= 0 || is_in(not_past, w) || is_in(day_numbers, w) ||
		unit_of(w) > 0 || count_of(w) > 0 || (*w >= '0' && *w <= '9'));
}

struct week_day_words {
	int day;
	bool is_eve;   /* "malam Minggu" is the evening before */
	bool is_said;  /* "hari" */
	bool is_since; /* "sejak" */
	bool is_past;  /* "kemarin" */
	struct hour hour;
};

/* Up to the name; i: there is none. */
static size_t read_week_day_name(const struct search *s, size_t i, struct week_day_words *d)
{
	bool goes_before = !ends_before(s, i);
	d->is_eve = is_in(nights, word(s, i));
	d->is_said = is_in(day_words, word(s, i + d->is_eve));
	d->day = when_week_day(word(s, i + d->is_eve + d->is_said));
	d->is_since = goes_before && is_in(since, word(s, i - 1));
	if (d->day < 0 || (d->is_eve && d->is_said) ||
	    (!d->is_eve && goes_before && is_in(nights, word(s, i - 1))))
		return i;
	return i + d->is_eve + d->is_said + 1;
}

/* The last such day; false: it may be another one. */
static bool put_week_day(const struct search *s, struct week_day_words *d, struct when_found *out)
{
	int64_t today = day_of(s, s->now_ms), back = (today - d->day + 7 * 8) % 7;
	if (back == 0 && (d->is_eve || (d->is_since && !d->is_past)))
		return false;
	if (back == 0 && d->is_past)
		back = 7;
	*out = (struct when_found){ .ms = ms_of_day(s, today - back - d->is_eve) };
	if (d->is_eve && d->hour.part == PART_NONE)
		d->hour.part = PART_NIGHT;
	return put_hour(&d->hour, d->is_eve ? ANCHOR_NIGHT : ANCHOR_YESTERDAY, out);
}

/* "hari Senin jam 7", "Senin lalu", "Senin pagi kemarin", "sejak Senin", "malam
 * Minggu kemarin": the last one. */
static size_t read_week_day(const struct search *s, size_t i, struct when_found *out)
{
	struct week_day_words d = { .hour = NO_HOUR };
	size_t at = read_week_day_name(s, i, &d);
	if (at == i)
		return i;
	bool is_minggu = at == i + 1 && strcmp(word(s, i), "minggu") == 0;
	at = read_hour(s, at, &d.hour);
	/* "minggu kemarin" may be the week. */
	if (is_minggu && d.hour.part == PART_NONE && d.hour.minutes < 0)
		return i;
	d.is_past = is_in(agos, word(s, skip_yang(s, at)));
	if (d.is_past)
		at = read_hour(s, skip_yang(s, at) + 1, &d.hour);
	else if (d.is_eve || goes_on(s, at) || (!d.is_since && (!d.is_said || d.hour.minutes < 0)))
		return i;
	return put_week_day(s, &d, out) ? at : i;
}

/* The last such day of a month that is before today; months_back 0 or 1. */
static bool put_day_of_month(const struct search *s, int day, int months_back, int64_t *out_ms)
{
	char now[40];
	date_format(s->now_ms, s->zone_minutes, now);
	int year = (int)strtol(now, NULL, 10), month = (int)strtol(now + 5, NULL, 10);
	month -= months_back;
	if (month == 0) {
		month = 12;
		year--;
	}
	return date_make(year, month, day, 0, 0, 0, s->zone_minutes, out_ms) && *out_ms <= s->now_ms;
}

/* "tgl 8 kemarin", "tgl 3 bulan lalu", "tgl 3 bulan ini" */
static size_t read_day_of_month(const struct search *s, size_t i, struct when_found *out)
{
	struct hour h = NO_HOUR;
	if (!is_in(day_numbers, word(s, i)))
		return i;
	int day = count_of(word(s, i + 1));
	size_t at = skip_yang(s, read_hour(s, i + 2, &h));
	bool is_month = is_in(month_words, word(s, at)), put = false;
	int64_t ms = 0, today = ms_of_day(s, day_of(s, s->now_ms));
	at = is_month ? skip_yang(s, at + 1) : at;
	if (is_month && is_in(this_words, word(s, at)))
		put = put_day_of_month(s, day, 0, &ms);
	else if (is_month && is_in(agos, word(s, at)))
		put = put_day_of_month(s, day, 1, &ms);
	else if (is_in(agos, word(s, at)))
		put = (put_day_of_month(s, day, 0, &ms) ||
		       put_day_of_month(s, day, 1, &ms)) && ms < today;
	if (!put)
		return i;
	*out = (struct when_found){ .ms = ms };
	at = read_hour(s, at + 1, &h);
	(void)put_hour(&h, ANCHOR_DAY, out);
	return at;
}

/* ---- all ---------------------------------------------------------------- */

bool when_is_just_now(const struct search *s, size_t i)
{
	static const char *const happens[] = { "terjadi", "kejadian", "ada", NULL };
	/* "baru saja menikah", "barusan diaspal" are some weeks ago. */
	if (strcmp(word(s, i), "barusan") == 0)
		return !str_starts(word(s, i + 1), "di") || strlen(word(s, i + 1)) == 2;
	return strcmp(word(s, i), "baru") == 0 && strcmp(word(s, i + 1), "saja") == 0 &&
	       is_in(happens, word(s, i + 2));
}

void when_spoken_begins(void (*add)(const char *word))
{
	static const char *const others[] = { "mau", "lusa", "dini", "barusan", "baru", NULL };
	const char *const *const lists[] = { yesterday, earlier_today, last_night, dawns, mornings,
		noons, evenings, nights, day_words, day_numbers, others };
	for (size_t l = 0; l < COUNT_OF(lists); l++)
		for (const char *const *w = lists[l]; *w != NULL; w++)
			add(*w);
	for (size_t i = 0; i < COUNT_OF(units); i++)
		add(units[i].word);
	for (size_t n = 0; n < COUNT_OF(numbers); n++)
		for (size_t i = 0; i < COUNT_OF(numbers[n]) && numbers[n][i] != NULL; i++)
			add(numbers[n][i]);
	for (size_t d = 0; d < COUNT_OF(week_days); d++)
		for (size_t n = 0; n < COUNT_OF(week_days[d]) && week_days[d][n] != NULL; n++)
			add(week_days[d][n]);
}

size_t when_read_spoken(const struct search *s, size_t i, struct when_found *out)
{
	static size_t (*const readers[])(const struct search *, size_t, struct when_found *) = {
		read_day_of_month, read_ago, read_yesterday, read_last_night, read_earlier, read_today,
		read_week_day };
	for (size_t r = 0; r < COUNT_OF(readers); r++) {
		*out = (struct when_found){ .ms = ms_of_day(s, day_of(s, s->now_ms)) };
		size_t end = readers[r](s, i, out);
		if (end > i)
			return end;
	}
	return i;
}
