/* notify.h: systemd's sd_notify protocol, in forty lines of our own. */
#ifndef BASE_NOTIFY_H
#define BASE_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/* Send "READY=1", "STATUS=...", "WATCHDOG=1" ... to $NOTIFY_SOCKET; does
 * nothing without it. */
bool notify_send(const char *state); /* false: it was not sent */
/* "RELOADING=1" with the time that systemd wants beside it; "READY=1" ends it. */
void notify_reloading(void);
/* Half of WATCHDOG_USEC in ms, or 0 when systemd does not watch. */
int64_t notify_watchdog_ms(void);

#endif
