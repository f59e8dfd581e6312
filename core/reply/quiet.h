/* quiet.h: hours in which nobody is woken, and caps. Pure. */
#ifndef REPLY_QUIET_H
#define REPLY_QUIET_H

#include "config/settings.h"

/* The first moment at or after now_ms outside the quiet hours of this zone. */
int64_t reply_quiet_end_ms(const struct settings_quiet *quiet, int zone_minutes, int64_t now_ms);
/* Minutes east of UTC of a region's code ("32.73"); `otherwise` for NULL. */
int reply_zone_minutes(const char *region_code, int otherwise);

#define REPLY_DAY_MS INT64_C(86400000)
/* count replies left for this address in the last day, the first at oldest_ms:
 * when may the next? now_ms: at once. */
int64_t reply_cap_ms(unsigned cap, int64_t count, int64_t oldest_ms, int64_t now_ms);

#endif
