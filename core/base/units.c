/* units.c: whole numbers with a unit. One table per kind; no fractions, no
 * signs, no spaces, so that one value has one spelling. */
#include "base/units.h"

#include "base/mem.h"

#include <string.h>

#include "base/poison.h"

struct unit {
	const char *name;
	int64_t factor;
};

static bool parse(const char *text, const struct unit *units, size_t count, int64_t *out)
{
	if (!text || *text < '0' || *text > '9')
		return false;
	int64_t value = 0;
	const char *p = text;
	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, *p - '0', &value))
			return false;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(p, units[i].name) != 0)
			continue;
		if (__builtin_mul_overflow(value, units[i].factor, &value))
			return false;
		*out = value;
		return true;
	}
	return false;
}

bool units_duration_ms(const char *text, int64_t *out)
{
	static const struct unit units[] = {
		{ "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 },
	};
	if (str_equal(text, "0")) {
		*out = 0;
		return true;
	}
	return parse(text, units, COUNT_OF(units), out);
}

bool units_bytes(const char *text, int64_t *out)
{
	static const struct unit units[] = {
		{ "", 1 }, { "B", 1 }, { "KiB", 1024 }, { "MiB", 1048576 }, { "GiB", 1073741824 },
	};
	return parse(text, units, COUNT_OF(units), out);
}
