/* kit_time.c: the dates that apps write. One reader walks PHP's letters; the
 * guess tries a list of such formats. A format must match the whole text, a
 * day must exist. Pure. */
#include <jembatan/kit.h>

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/poison.h"

#define TEXT_MAX 128u
#define MINUTE_MS 60000
#define EARLIEST_MS (-2208988800000)    /* 1900-01-01 */
#define LATEST_MS ((int64_t)7258118400000) /* 2200-01-01 */

/* What has been read so far; year -1: no date yet. */
struct reading {
	int year, month, day, hour, minute, second, ms;
	int zone_minutes;
	bool has_epoch, is_pm, is_am;
	int64_t epoch_ms;
};

static const struct {
	const char *name;
	int month;
} months[] = {
	{ "januari", 1 }, { "january", 1 }, { "jan", 1 }, { "februari", 2 }, { "february", 2 },
	{ "pebruari", 2 }, { "feb", 2 }, { "peb", 2 }, { "maret", 3 }, { "march", 3 },
	{ "mar", 3 }, { "april", 4 }, { "apr", 4 }, { "mei", 5 }, { "may", 5 }, { "juni", 6 },
	{ "june", 6 }, { "jun", 6 }, { "juli", 7 }, { "july", 7 }, { "jul", 7 },
	{ "agustus", 8 }, { "august", 8 }, { "agt", 8 }, { "agu", 8 }, { "ags", 8 },
	{ "aug", 8 }, { "september", 9 }, { "sept", 9 }, { "sep", 9 }, { "oktober", 10 },
	{ "october", 10 }, { "okt", 10 }, { "oct", 10 }, { "november", 11 }, { "nopember", 11 },
	{ "nov", 11 }, { "nop", 11 }, { "desember", 12 }, { "december", 12 }, { "des", 12 },
	{ "dec", 12 },
};

static const struct {
	const char *name;
	int minutes;
} zones[] = {
	{ "WIB", 420 }, { "WITA", 480 }, { "WIT", 540 }, { "UTC", 0 }, { "GMT", 0 }, { "Z", 0 },
	{ "UT", 0 }, { "Asia/Jakarta", 420 }, { "Asia/Pontianak", 420 }, { "Asia/Makassar", 480 },
	{ "Asia/Ujung_Pandang", 480 }, { "Asia/Jayapura", 540 }, { "Etc/UTC", 0 },
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static size_t letters(const char *s)
{
	size_t n = 0;
	while (is_letter(s[n]))
		n++;
	return n;
}

/* A number of least to most digits at *s, which moves behind it. */
static bool read_number(const char **s, size_t least, size_t most, int *out)
{
	size_t n = 0;
	int value = 0;
	while (n < most && is_digit((*s)[n]))
		value = value * 10 + ((*s)[n++] - '0');
	if (n < least)
		return false;
	*s += n;
	*out = value;
	return true;
}

/* "+07:00", "+0700", "+07", "-03:30" at *s. */
static bool read_offset(const char **s, int *out_minutes)
{
	const char *p = *s;
	int hours, minutes = 0;
	if (*p != '+' && *p != '-')
		return false;
	int sign = *p++ == '-' ? -1 : 1;
	if (!read_number(&p, 2, 2, &hours))
		return false;
	if (*p == ':' && is_digit(p[1]))
		p++;
	if (is_digit(*p) && !read_number(&p, 2, 2, &minutes))
		return false;
	if (hours > 14 || minutes > 59)
		return false;
	*out_minutes = sign * (hours * 60 + minutes);
	*s = p;
	return true;
}

/* A name of a zone, or an offset, perhaps behind UTC or GMT. */
static bool read_zone(const char **s, int *out_minutes)
{
	size_t n = strspn(*s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz/_");
	if (n == 0)
		return read_offset(s, out_minutes);
	for (size_t i = 0; i < COUNT_OF(zones); i++) {
		if (strlen(zones[i].name) != n || strncasecmp(zones[i].name, *s, n) != 0)
			continue;
		*s += n;
		*out_minutes = zones[i].minutes;
		if (zones[i].minutes == 0 && (**s == '+' || **s == '-'))
			return read_offset(s, out_minutes);
		return true;
	}
	return false;
}

bool kit_time_zone(const char *text, int *out_minutes)
{
	int minutes;
	const char *p = text;
	if (!text || !read_zone(&p, &minutes) || *p != '\0')
		return false;
	*out_minutes = minutes;
	return true;
}

static bool read_month(const char **s, int *out)
{
	size_t n = letters(*s);
	for (size_t i = 0; i < COUNT_OF(months); i++) {
		if (strlen(months[i].name) != n || strncasecmp(months[i].name, *s, n) != 0)
			continue;
		*s += n + ((*s)[n] == '.');
		*out = months[i].month;
		return true;
	}
	return false;
}

/* Digits after the dot; what is below a millisecond is dropped. */
static bool read_fraction(const char **s, int *out_ms)
{
	int ms = 0, scale = 100;
	if (!is_digit(**s))
		return false;
	for (; is_digit(**s); (*s)++) {
		ms += (**s - '0') * scale;
		scale /= 10;
	}
	*out_ms = ms;
	return true;
}

static bool read_epoch(const char **s, struct reading *r)
{
	char *end;
	size_t digits = strspn(*s + (**s == '-'), "0123456789");
	if (digits == 0 || digits > 12)
		return false;
	r->epoch_ms = strtoll(*s, &end, 10) * 1000;
	*s = end;
	if (*end == '.') {
		int ms;
		(*s)++;
		if (!read_fraction(s, &ms))
			return false;
		r->epoch_ms += ms;
	}
	r->has_epoch = true;
	return true;
}

static bool read_half(const char **s, struct reading *r)
{
	r->is_am = strncasecmp(*s, "am", 2) == 0;
	r->is_pm = strncasecmp(*s, "pm", 2) == 0;
	*s += 2;
	return r->is_am || r->is_pm;
}

static bool read_short_year(const char **s, struct reading *r)
{
	if (!read_number(s, 2, 2, &r->year))
		return false;
	r->year += r->year < 70 ? 2000 : 1900;
	return true;
}

static bool read_letter(char letter, const char **s, struct reading *r)
{
	switch (letter) {
	case 'd':
	case 'j':
		return read_number(s, 1, 2, &r->day);
	case 'm':
	case 'n':
		return read_number(s, 1, 2, &r->month);
	case 'M':
	case 'F':
		return read_month(s, &r->month);
	case 'Y':
		return read_number(s, 4, 4, &r->year);
	case 'y':
		return read_short_year(s, r);
	case 'H':
	case 'G':
	case 'h':
	case 'g':
		return read_number(s, 1, 2, &r->hour);
	case 'i':
		return read_number(s, 2, 2, &r->minute);
	case 's':
		return read_number(s, 2, 2, &r->second);
	case 'A':
	case 'a':
		return read_half(s, r);
	case 'u':
	case 'v':
		return read_fraction(s, &r->ms);
	case 'O':
	case 'P':
	case 'p':
	case 'T':
	case 'e':
		return read_zone(s, &r->zone_minutes);
	case 'U':
		return read_epoch(s, r);
	default:
		break;
	}
	return false;
}

static bool is_format_letter(char c)
{
	return strchr("djmnMFYyHGhgisAauvOPpTeU", c) != NULL;
}

/* Walk the format: what of the text is left behind it, or NULL. */
static const char *match(const char *text, const char *format, struct reading *r)
{
	const char *s = text;
	for (const char *f = format; *f; f++) {
		if (*f == 'D' || *f == 'l') { /* a weekday: a word, whatever it says */
			size_t n = letters(s);
			if (n < 2)
				return NULL;
			s += n;
		} else if (*f == ' ') {
			size_t n = strspn(s, " ");
			if (n == 0)
				return NULL;
			s += n;
		} else if (is_format_letter(*f)) {
			if (!read_letter(*f, &s, r))
				return NULL;
		} else {
			if (*f == '\\' && f[1])
				f++;
			if (*s++ != *f)
				return NULL;
		}
	}
	return s;
}

static int days_in(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return days[month - 1] + (month == 2 && leap);
}

static bool in_range(int value, int least, int most)
{
	return value >= least && value <= most;
}

/* 12 AM is midnight; a leap second counts as the second before it. */
static bool settle_time(struct reading *r)
{
	if (r->is_am || r->is_pm) {
		if (!in_range(r->hour, 1, 12))
			return false;
		r->hour = r->hour % 12 + (r->is_pm ? 12 : 0);
	}
	if (r->second == 60)
		r->second = 59;
	return in_range(r->hour, 0, 23) && in_range(r->minute, 0, 59) && in_range(r->second, 0, 59);
}

static bool to_ms(struct reading *r, int64_t *out_ms)
{
	int64_t ms = r->epoch_ms;
	if (!r->has_epoch) {
		if (r->year < 0 || !in_range(r->month, 1, 12) ||
		    !in_range(r->day, 1, days_in(r->year, r->month)) || !settle_time(r))
			return false;
		struct tm tm = {
			.tm_year = r->year - 1900, .tm_mon = r->month - 1, .tm_mday = r->day,
			.tm_hour = r->hour, .tm_min = r->minute, .tm_sec = r->second,
		};
		ms = (int64_t)timegm(&tm) * 1000 + r->ms - (int64_t)r->zone_minutes * MINUTE_MS;
	}
	if (ms < EARLIEST_MS || ms >= LATEST_MS)
		return false;
	*out_ms = ms;
	return true;
}

static bool try_format(const char *text, const char *format, int zone_minutes, int64_t *out_ms)
{
	struct reading r = { .year = -1, .zone_minutes = zone_minutes };
	const char *rest = match(text, format, &r);
	return rest && *rest == '\0' && to_ms(&r, out_ms);
}

/* Seconds have 9 or 10 digits in all years that matter, milliseconds 12 or 13. */
static bool guess_epoch(const char *text, int64_t *out_ms)
{
	size_t n = strspn(text, "0123456789");
	if (n == 12 || n == 13) {
		if (text[n] != '\0')
			return false;
		*out_ms = strtoll(text, NULL, 10);
		return *out_ms < LATEST_MS;
	}
	return (n == 9 || n == 10) && try_format(text, "U", 0, out_ms);
}

/* The guess: a date form, then, when it does not end the text, a time form. */
static const char *const date_forms[] = {
	"Y-m-d", "Y/m/d", "Y.m.d", "d-m-Y", "d/m/Y", "d.m.Y", "d F Y", "d-F-Y", "F d, Y", "d F y",
};
static const char *const time_forms[] = {
	"H:i:s.u", "H:i:s,u", "H:i:s", "H:i", "H.i.s", "H.i",
	"h:i:s A", "h:i A",   "h:iA",  "Hi",  "His",
};
static const char *const joints[] = { "\\T", " ", ", ", " - ", " \\p\\u\\k\\u\\l ", " \\j\\a\\m " };
static const char *const zone_forms[] = { "", "P", " P", " (P)" };

/* A time and perhaps a zone, up to the end of the text. */
static bool guess_time(const char *text, const struct reading *date, int64_t *out_ms)
{
	for (size_t t = 0; t < COUNT_OF(time_forms); t++)
		for (size_t z = 0; z < COUNT_OF(zone_forms); z++) {
			struct reading r = *date;
			const char *rest = match(text, time_forms[t], &r);
			rest = rest ? match(rest, zone_forms[z], &r) : NULL;
			if (rest && *rest == '\0' && to_ms(&r, out_ms))
				return true;
		}
	return false;
}

static bool guess(const char *text, int zone_minutes, int64_t *out_ms)
{
	for (size_t d = 0; d < COUNT_OF(date_forms); d++) {
		struct reading r = { .year = -1, .zone_minutes = zone_minutes };
		const char *rest = match(text, date_forms[d], &r);
		if (rest && *rest == '\0' && to_ms(&r, out_ms))
			return true;
		for (size_t j = 0; rest && j < COUNT_OF(joints); j++) {
			const char *time = match(rest, joints[j], &r);
			if (time && guess_time(time, &r, out_ms))
				return true;
		}
	}
	/* ISO 8601's basic form, and C's asctime. */
	return try_format(text, "Ymd\\THisP", zone_minutes, out_ms) ||
	       try_format(text, "F d H:i:s Y", zone_minutes, out_ms);
}

/* "Sabtu, 11 ..." and "SELASA, 2023/...": the day's name adds nothing. */
static const char *skip_weekday(const char *text)
{
	size_t n = letters(text);
	int month;
	const char *p = text;
	if (n < 3 || read_month(&p, &month))
		return text;
	p = text + n;
	if (*p == '\'' || strncmp(p, "\xe2\x80\x99", 3) == 0) /* Jum'at */
		p += *p == '\'' ? 1 : 3;
	p += letters(p);
	p += strspn(p, ".,");
	size_t blanks = strspn(p, " ");
	return blanks > 0 ? p + blanks : text;
}

/* "Sat, 21 Nov 2026 22:30:00 +0700 (WIB)": drop RFC 5322's comment. */
static void drop_comment(char *text)
{
	char *open = strchr(text, '(');
	size_t n = strlen(text);
	if (!open || text[n - 1] != ')')
		return;
	while (open > text && open[-1] == ' ')
		open--;
	*open = '\0';
}

/* Trimmed, NBSP as a space; false when it is empty or too long. */
static bool tidy(const char *text, char out[TEXT_MAX])
{
	size_t n = 0;
	text += strspn(text, " \t\r\n");
	for (; *text; text++) {
		if (n + 1 >= TEXT_MAX)
			return false;
		if ((unsigned char)text[0] == 0xc2 && (unsigned char)text[1] == 0xa0)
			text++;
		bool blank = (unsigned char)*text <= ' ' || (unsigned char)*text == 0xa0;
		out[n++] = blank ? ' ' : *text;
	}
	while (n > 0 && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
	return n > 0;
}

enum jembatan_result kit_time_parse(const char *text, const char *format, int zone_minutes,
				    int64_t *out_ms)
{
	char tidied[TEXT_MAX];
	if (!text || !tidy(text, tidied))
		return JEMBATAN_DATA;
	if (format && format[0])
		return try_format(tidied, format, zone_minutes, out_ms) ? JEMBATAN_OK
									: JEMBATAN_DATA;
	if (guess_epoch(tidied, out_ms))
		return JEMBATAN_OK;
	const char *rest = skip_weekday(tidied);
	if (guess(rest, zone_minutes, out_ms))
		return JEMBATAN_OK;
	drop_comment(tidied);
	return guess(rest, zone_minutes, out_ms) ? JEMBATAN_OK : JEMBATAN_DATA;
}

void kit_time_format_rfc3339(int64_t ms, int zone_minutes, char out[32])
{
	struct tm tm;
	int64_t local_ms = ms + (int64_t)zone_minutes * MINUTE_MS;
	time_t seconds = (time_t)(local_ms / 1000 - (local_ms % 1000 < 0));
	char stamp[24] = "";
	if (gmtime_r(&seconds, &tm))
		strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	if (zone_minutes == 0) {
		snprintf(out, 32, "%sZ", stamp);
		return;
	}
	unsigned off = (unsigned)abs(zone_minutes) % 6000u;
	snprintf(out, 32, "%s%c%02u:%02u", stamp, zone_minutes < 0 ? '-' : '+', off / 60, off % 60);
}
