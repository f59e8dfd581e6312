/* quiet.c: minutes of a day. Indonesia's zones have no summer time. */
#include "reply/quiet.h"

#include <string.h>

#include "base/poison.h"

#define MINUTE_MS INT64_C(60000)
#define DAY_MINUTES (24 * 60)

int64_t reply_quiet_end_ms(const struct settings_quiet *q, int zone_minutes, int64_t now_ms)
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
