/* position.c: two numbers of three decimals at least, latitude first. */
#include "ticket/position.h"

#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

#define TEXT_MAX 16384u
#define DECIMALS_MIN 3u
#define NUMBER_MAX 24u

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "-7.2575"; moves on. */
static bool take_number(const char **p, double *out)
{
	const char *start = *p, *q = start + (*start == '-' || *start == '+');
	size_t whole = strspn(q, "0123456789");
	if (whole < 1 || whole > 3 || q[whole] != '.')
		return false;
	size_t decimals = strspn(q + whole + 1, "0123456789");
	size_t size = (size_t)(q - start) + whole + 1 + decimals;
	if (decimals < DECIMALS_MIN || size >= NUMBER_MAX)
		return false;
	char number[NUMBER_MAX];
	memcpy(number, start, size);
	number[size] = '\0';
	*out = strtod(number, NULL);
	*p = start + size;
	return true;
}

/* Between the two: a comma or a semicolon, blanks, or the %2C of a link. */
static bool take_separator(const char **p)
{
	const char *start = *p;
	*p += strspn(*p, " ");
	if (strncmp(*p, "%2C", 3) == 0 || strncmp(*p, "%2c", 3) == 0)
		*p += 3;
	else
		*p += **p == ',' || **p == ';';
	*p += strspn(*p, " +");
	return *p > start;
}

bool position_find(const char *text, double *out_latitude, double *out_longitude)
{
	const char *end = text + strnlen(text, TEXT_MAX);
	for (const char *p = text; p < end; p++) {
		const char *q = p;
		double latitude, longitude;
		if ((*p != '-' && *p != '+' && !is_digit(*p)) ||
		    (p > text && (is_digit(p[-1]) || p[-1] == '.' || p[-1] == '-')))
			continue;
		if (!take_number(&q, &latitude) || !take_separator(&q) || !take_number(&q, &longitude))
			continue;
		if (latitude >= -11.5 && latitude <= 6.5 && longitude >= 94.5 && longitude <= 141.5) {
			*out_latitude = latitude;
			*out_longitude = longitude;
			return true;
		}
	}
	return false;
}

int position_zone_minutes(double longitude)
{
	if (longitude < 94.5 || longitude > 141.5)
		return 0;
	return longitude < 114.5 ? 420 : longitude < 127 ? 480 : 540;
}
