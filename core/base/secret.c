/* secret.c: values that are never printed. */
#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

struct secret {
	size_t size;
	char value[];
};

struct secret *secret_new(const char *value, size_t size)
{
	struct secret *s = xmalloc(sizeof(*s) + size + 1);
	s->size = size;
	memcpy(s->value, value, size);
	s->value[size] = '\0';
	return s;
}

void secret_free(struct secret *s)
{
	if (s == NULL)
		return;
	mem_wipe(s->value, s->size);
	free(s);
}

const char *secret_reveal(const struct secret *s)
{
	return s != NULL ? s->value : NULL;
}

size_t secret_size(const struct secret *s)
{
	return s != NULL ? s->size : 0;
}
