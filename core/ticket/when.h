/* when.h: the dates that people and legacy apps write: Indonesian month and
 * day names, "kemarin, 02:19", "7 jam yang lalu", d-m-Y, ISO, unix seconds. */
#ifndef TICKET_WHEN_H
#define TICKET_WHEN_H

#include "base/mem.h"

/* Relative words and missing years count from now_ms; readings without zone
 * are zone_minutes east of UTC; a date alone is its midnight. False when it is
 * no date, or a day that does not exist. out_has_time may be NULL. */
bool when_parse(const char *text, int64_t now_ms, int zone_minutes, int64_t *out_ms,
		bool *out_has_time);

#endif
