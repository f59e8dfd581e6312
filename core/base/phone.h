/* phone.h: Indonesian phone numbers to E.164: the one place for its rules, for the
 * core and for plugins (kit_phone_e164). */
#ifndef BASE_PHONE_H
#define BASE_PHONE_H

#include "base/mem.h"

#define PHONE_SIZE 20u

/* "0812-3456 789", "62812...", "+62 (0)812..." become "+62812..."; other
 * countries' numbers need their +; short codes (1708, 112) stay as they are.
 * False when it is no phone number. */
bool phone_normalize(const char *text, char out[PHONE_SIZE]);

#endif
