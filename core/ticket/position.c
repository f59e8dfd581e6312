/* position.c: two numbers, latitude first: decimals ("-7.2575, 112.7521", at least
 * three of them), or degrees and minutes with the side of the earth (LS, LU, BT). */
#include "ticket/position.h"

#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

#define TEXT_MAX 16384u
#define DECIMALS_MIN 3u
#define NUMBER_MAX 24u
#define BEGINS "0123456789+-SLN" /* a latitude, with the side before it or without */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static void skip_blanks(const char **p)
{
	*p += strspn(*p, " ");
}

/* The first of the list that stands here; moves on. Returns its number, or -1. */
static int take_one(const char **p, const char *const *list)
{
	for (int i = 0; list[i] != NULL; i++) {
		if (str_starts(*p, list[i])) {
			*p += strlen(list[i]);
			return i;
		}
	}
	return -1;
}

/* "7.2575", "15"; moves on. */
static bool take_plain(const char **p, size_t whole_max, size_t *out_decimals, double *out)
{
	size_t whole = strspn(*p, "0123456789");
	size_t decimals = (*p)[whole] == '.' ? strspn(*p + whole + 1, "0123456789") : 0;
	size_t size = whole + (decimals > 0 ? decimals + 1 : 0);
	char number[NUMBER_MAX];
	if (whole < 1 || whole > whole_max || size >= NUMBER_MAX)
		return false;
	memcpy(number, *p, size);
	number[size] = '\0';
	*out = strtod(number, NULL);
	*out_decimals = decimals;
	*p += size;
	return true;
}

/* Behind the degrees: "15'27\"", "15.450'". */
static bool take_minutes(const char **p, double *degrees)
{
	static const char *const minute[] = { "'", "\xe2\x80\xb2", "\xe2\x80\x99", NULL };
	static const char *const second[] = { "\"", "''", "\xe2\x80\xb3", "\xe2\x80\x9d", NULL };
	const char *start = *p;
	double part = 1.0 / 60;
	for (unsigned i = 0; i < 2; i++, part /= 60) {
		const char *at = *p;
		double value;
		size_t decimals;
		skip_blanks(&at);
		if (!take_plain(&at, 2, &decimals, &value) || value >= 60 ||
		    take_one(&at, i == 0 ? minute : second) < 0)
			break;
		*degrees += value * part;
		*p = at;
	}
	return *p > start;
}

/* -1: south, 1: north or east, 0: it does not stand here. */
static int take_side(const char **p)
{
	static const char *const sides[] = { "LS", "LU", "BT", "S", "N", "E", NULL };
	const char *at = *p;
	skip_blanks(&at);
	int side = take_one(&at, sides);
	if (side < 0 || is_letter(*at))
		return 0;
	*p = at;
	return side == 0 || side == 3 ? -1 : 1;
}

/* One of the two; moves on. */
static bool take_number(const char **p, double *out)
{
	static const char *const degree[] = { "\xc2\xb0", "\xc2\xba", NULL };
	const char *at = *p;
	size_t decimals;
	int before = take_side(&at);
	skip_blanks(&at);
	bool is_negative = *at == '-';
	at += *at == '-' || *at == '+';
	if (!take_plain(&at, 3, &decimals, out))
		return false;
	bool has_minutes = take_one(&at, degree) >= 0 && take_minutes(&at, out);
	int side = before != 0 ? before : take_side(&at);
	if (decimals < DECIMALS_MIN && (side == 0 || !has_minutes))
		return false;
	*out *= is_negative || side < 0 ? -1 : 1;
	*p = at;
	return true;
}

/* Between the two: a comma or a semicolon, blanks, the %2C of a link, a name. */
static bool take_separator(const char **p)
{
	static const char *const names[] = { "longitude", "Longitude", "long", "Long", "lon", "lng",
					     "Bujur", "bujur", NULL };
	const char *start = *p;
	skip_blanks(p);
	if (str_starts(*p, "!4d"))
		*p += 3;
	else if (str_starts(*p, "%2C") || str_starts(*p, "%2c"))
		*p += 3;
	else
		*p += **p == ',' || **p == ';' || **p == '/';
	*p += strspn(*p, " +");
	if (take_one(p, names) >= 0)
		*p += strspn(*p, " :=");
	return *p > start;
}

/* A latitude may, at one of BEGINS: not in the middle of a number or word. */
static bool may_begin(const char *text, const char *p)
{
	bool is_side = *p == 'S' || *p == 'L' || *p == 'N';
	return p == text || !(is_digit(p[-1]) || p[-1] == '.' || p[-1] == '-' ||
			      (is_side && is_letter(p[-1])));
}

bool position_is_inside(double latitude, double longitude)
{
	return latitude >= -11.5 && latitude <= 6.5 && longitude >= 94.5 && longitude <= 141.5;
}

bool position_find(const char *text, double *out_latitude, double *out_longitude)
{
	const char *end = text + strnlen(text, TEXT_MAX);
	for (const char *p = text; (p += strcspn(p, BEGINS)) < end; p++) {
		const char *q = p;
		double latitude, longitude;
		if (!may_begin(text, p) || !take_number(&q, &latitude))
			continue;
		/* "...'S112..." has nothing between. */
		if (!take_separator(&q) && !is_letter(q[-1]) && !is_letter(*q))
			continue;
		if (!take_number(&q, &longitude))
			continue;
		if (position_is_inside(latitude, longitude)) {
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
