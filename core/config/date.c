/* date.c: zones and ISO dates. The calendar itself is libc's timegm. */
#include "config/date.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/poison.h"

static const struct {
	const char *name;
	int minutes;
} zones[] = {
	{ "WIB", 420 }, { "WITA", 480 }, { "WIT", 540 }, { "UTC", 0 }, { "Z", 0 }, { "z", 0 },
};

/* Exactly `count` digits at *p; moves *p on. */
static bool take_digits(const char **p, int count, int *out)
{
	int value = 0;

	for (int i = 0; i < count; i++) {
		char c = (*p)[i];

		if (c < '0' || c > '9')
			return false;
		value = value * 10 + (c - '0');
	}
	*p += count;
	*out = value;
	return true;
}

bool date_zone(const char *text, int *out_minutes)
{
	const char *p = text;
	int hours = 0, minutes = 0, sign;

	for (size_t i = 0; i < COUNT_OF(zones); i++) {
		if (strcmp(text, zones[i].name) == 0) {
			*out_minutes = zones[i].minutes;
			return true;
		}
	}
	if (*p != '+' && *p != '-')
		return false;
	sign = *p++ == '-' ? -1 : 1;
	if (!take_digits(&p, 2, &hours))
		return false;
	if (*p == ':')
		p++;
	if (*p != '\0' && !take_digits(&p, 2, &minutes))
		return false;
	if (*p != '\0' || hours > 14 || minutes > 59)
		return false;
	*out_minutes = sign * (hours * 60 + minutes);
	return true;
}

bool date_make(int year, int month, int day, int hour, int minute, int second, int zone_minutes,
	       int64_t *out_ms)
{
	struct tm tm = { .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day,
			 .tm_hour = hour, .tm_min = minute, .tm_sec = second };
	time_t seconds;

	if (year < 1900 || year > 2199 || month < 1 || month > 12 || day < 1 || day > 31 ||
	    hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
		return false;
	seconds = timegm(&tm);
	if (tm.tm_mday != day && second < 60) /* 31 February became 3 March */
		return false;
	*out_ms = ((int64_t)seconds - (int64_t)zone_minutes * 60) * 1000;
	return true;
}

struct reading {
	int year, month, day, hour, minute, second, ms;
	int zone_minutes;
	bool has_time;
};

static bool take_fraction(const char **p, int *out_ms)
{
	int scale = 100, digits = 0;

	for (; **p >= '0' && **p <= '9'; (*p)++, digits++) {
		*out_ms += (**p - '0') * scale;
		scale /= 10;
	}
	return digits >= 1 && digits <= 9;
}

static bool take_time(const char *p, struct reading *r)
{
	r->has_time = true;
	if (!take_digits(&p, 2, &r->hour) || *p++ != ':' || !take_digits(&p, 2, &r->minute))
		return false;
	if (*p == ':') {
		p++;
		if (!take_digits(&p, 2, &r->second))
			return false;
		if (*p == '.' || *p == ',') {
			p++;
			if (!take_fraction(&p, &r->ms))
				return false;
		}
	}
	if (*p == ' ')
		p++;
	return *p == '\0' || date_zone(p, &r->zone_minutes);
}

bool date_parse(const char *text, int zone_minutes, int64_t *out_ms, bool *out_has_time)
{
	struct reading r = { .zone_minutes = zone_minutes };
	const char *p = text;
	int64_t ms;

	if (!take_digits(&p, 4, &r.year) || *p++ != '-' || !take_digits(&p, 2, &r.month) ||
	    *p++ != '-' || !take_digits(&p, 2, &r.day))
		return false;
	if (*p == 'T' || *p == 't' || *p == ' ') {
		if (!take_time(p + 1, &r))
			return false;
	} else if (*p != '\0') {
		return false;
	}
	if (!date_make(r.year, r.month, r.day, r.hour, r.minute, r.second, r.zone_minutes, &ms))
		return false;
	*out_ms = ms + r.ms;
	if (out_has_time != NULL)
		*out_has_time = r.has_time;
	return true;
}

void date_format(int64_t ms, int zone_minutes, char out[40])
{
	int64_t local_ms = ms + (int64_t)zone_minutes * 60000;
	int64_t rest_ms = local_ms % 1000;
	int zone = zone_minutes < 0 ? -zone_minutes : zone_minutes;
	char day[24], fraction[8] = "";
	struct tm tm;
	time_t seconds;

	if (rest_ms < 0)
		rest_ms += 1000;
	seconds = (time_t)((local_ms - rest_ms) / 1000);
	if (gmtime_r(&seconds, &tm) == NULL || tm.tm_year < -1900 || tm.tm_year > 8099) {
		snprintf(out, 40, "1970-01-01T00:00:00+00:00");
		return;
	}
	strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
	if (rest_ms != 0)
		snprintf(fraction, sizeof(fraction), ".%03d", (int)rest_ms);
	snprintf(out, 40, "%s%s%c%02d:%02d", day, fraction, zone_minutes < 0 ? '-' : '+',
		 zone / 60 % 100, zone % 60);
}
