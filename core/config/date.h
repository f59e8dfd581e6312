/* date.h: time zones and ISO 8601 / RFC 3339 dates, as they stand in
 * configuration and tickets. Proleptic Gregorian, years 1900 to 2199. */
#ifndef CONFIG_DATE_H
#define CONFIG_DATE_H

#include "base/mem.h"

/* "WIB", "WITA", "WIT", "UTC", "Z", "+07:00", "+0700": minutes east of UTC. */
bool date_zone(const char *text, int *out_minutes);

/* UTC milliseconds of a wall clock reading; false when no such day or hour. */
bool date_make(int year, int month, int day, int hour, int minute, int second, int zone_minutes,
	       int64_t *out_ms);

/* "2026-01-03", "2026-01-03T08:45[:10[.123456]][zone]", blank instead of T.
 * Without zone: zone_minutes. out_has_time may be NULL. */
bool date_parse(const char *text, int zone_minutes, int64_t *out_ms, bool *out_has_time);

/* "2026-01-03T08:45:10+07:00", milliseconds only when there are any. */
void date_format(int64_t ms, int zone_minutes, char out[40]);

#endif
