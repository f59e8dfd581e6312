/* units.h: lengths of time and sizes as people write them in a configuration.
 * Pure; the core and the plugin host read settings with the same parser. */
#ifndef BASE_UNITS_H
#define BASE_UNITS_H

#include <stdbool.h>
#include <stdint.h>

/* A whole number and a unit: "500ms", "30s", "5m", "2h", "1d"; "0" needs
 * none. False, and *out untouched, when it is anything else or overflows. */
bool units_duration_ms(const char *text, int64_t *out);
/* A whole number and B, KiB, MiB or GiB: "64KiB"; without a unit: bytes. */
bool units_bytes(const char *text, int64_t *out);

#endif
