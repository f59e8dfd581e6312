/* quiet.c: minutes of a day. Indonesia's zones have no summer time. */
#include "reply/quiet.h"

#include <stdio.h>
#include <string.h>

#include "base/poison.h"

#define MINUTE_MS INT64_C(60000)
#define DAY_MINUTES (24 * 60)

static bool read_minute(const char *s, int *out)
{
	static const char shape[] = "00:00";
	for (size_t i = 0; i < 5; i++)
		if (shape[i] == ':' ? s[i] != ':' : s[i] < '0' || s[i] > '9')
			return false;
	int hour = (s[0] - '0') * 10 + s[1] - '0', minute = (s[3] - '0') * 10 + s[4] - '0';
	*out = hour * 60 + minute;
	return hour < 24 && minute < 60;
}

bool reply_quiet_parse(const char *text, struct reply_quiet *out)
{
	struct reply_quiet q = { .is_set = true };
	*out = (struct reply_quiet){ 0 };
	if (text == NULL || text[0] == '\0')
		return true;
	if (strlen(text) != 11 || text[5] != '-' || !read_minute(text, &q.from_minute) ||
	    !read_minute(text + 6, &q.to_minute) || q.from_minute == q.to_minute)
		return false;
	*out = q;
	return true;
}

int64_t reply_quiet_end_ms(const struct reply_quiet *q, int zone_minutes, int64_t now_ms)
{
	if (!q->is_set)
		return now_ms;
	int64_t local_ms = now_ms + zone_minutes * MINUTE_MS;
	int64_t day = local_ms / REPLY_DAY_MS - (local_ms % REPLY_DAY_MS < 0);
	int64_t minute = (local_ms - day * REPLY_DAY_MS) / MINUTE_MS;
	bool is_quiet = q->from_minute < q->to_minute ?
				minute >= q->from_minute && minute < q->to_minute :
				minute >= q->from_minute || minute < q->to_minute;
	if (!is_quiet)
		return now_ms;
	int64_t end = q->to_minute;
	if (minute >= q->to_minute)
		end += DAY_MINUTES;
	return day * REPLY_DAY_MS + (end - zone_minutes) * MINUTE_MS;
}

int reply_zone_minutes(const char *region_code, int otherwise)
{
	if (region_code == NULL || strlen(region_code) < 2)
		return otherwise;
	int province = (region_code[0] - '0') * 10 + region_code[1] - '0';
	if ((province >= 51 && province <= 53) || (province >= 63 && province <= 65) ||
	    (province >= 71 && province <= 76))
		return 8 * 60;
	if (province == 81 || province == 82 || (province >= 91 && province <= 96))
		return 9 * 60;
	return province >= 11 && province <= 62 ? 7 * 60 : otherwise;
}

int64_t reply_cap_ms(unsigned cap, int64_t count, int64_t oldest_ms, int64_t now_ms)
{
	if (cap == 0 || count < (int64_t)cap)
		return now_ms;
	int64_t at = oldest_ms + REPLY_DAY_MS + 1;
	return at > now_ms ? at : now_ms + 1;
}
