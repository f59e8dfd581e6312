/* secret.h: a secret prints as *** and is zeroed when freed. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/mem.h"

struct secret;

struct secret *secret_new(const char *value, size_t size); /* copies; wipe yours */
void secret_free(struct secret *s);          /* NULL is fine */
const char *secret_reveal(const struct secret *s); /* NUL-terminated; NULL gives NULL */
size_t secret_size(const struct secret *s);

#endif
