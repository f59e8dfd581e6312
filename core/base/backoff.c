/* backoff.c: waiting times. Pure but for the jitter's random bytes. */
#include "base/backoff.h"

#include "base/digest.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/poison.h"

#define RETRY_AFTER_MAX_MS ((int64_t)24 * 3600 * 1000)

int64_t backoff_ms(unsigned attempt, int64_t first_ms, int64_t ceiling_ms)
{
	int64_t wait = first_ms;
	for (unsigned i = 1; i < attempt && wait < ceiling_ms; i++)
		if (__builtin_mul_overflow(wait, 2, &wait))
			return ceiling_ms;
	return wait < ceiling_ms ? wait : ceiling_ms;
}

static int64_t uniform(int64_t lowest, int64_t highest)
{
	uint64_t random;
	if (highest <= lowest)
		return lowest;
	digest_random(&random, sizeof(random));
	return lowest + (int64_t)(random % (uint64_t)(highest - lowest + 1));
}

int64_t backoff_jitter_ms(unsigned attempt, int64_t first_ms, int64_t ceiling_ms)
{
	return uniform(first_ms / 2, backoff_ms(attempt, first_ms, ceiling_ms));
}

int64_t backoff_spread_ms(int64_t value_ms, unsigned percent)
{
	int64_t part = value_ms / 100 * percent + value_ms % 100 * percent / 100;
	return uniform(value_ms - part, value_ms + part);
}

static int64_t limited(int64_t ms)
{
	return ms < 0 ? 0 : ms > RETRY_AFTER_MAX_MS ? RETRY_AFTER_MAX_MS : ms;
}

static bool is_blank(const char *s)
{
	return s[strspn(s, " \t\r\n")] == '\0';
}

static int64_t seconds_form(const char *s)
{
	size_t digits = strspn(s, "0123456789");
	if (digits == 0 || !is_blank(s + digits))
		return -1;
	/* Ten digits are three centuries; longer would overflow. */
	return limited(digits > 10 ? INT64_MAX : strtoll(s, NULL, 10) * 1000);
}

int64_t backoff_retry_after_ms(const char *header, int64_t now_ms)
{
	/* The three forms of RFC 9110, 5.6.7. No locale is ever set here. */
	static const char *const forms[] = {
		"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y",
	};
	if (!header)
		return -1;
	header += strspn(header, " \t");
	int64_t seconds = seconds_form(header);
	if (seconds >= 0)
		return seconds;
	for (size_t i = 0; i < COUNT_OF(forms); i++) {
		struct tm tm = { 0 };
		const char *end = strptime(header, forms[i], &tm);
		if (end && is_blank(end))
			return limited((int64_t)timegm(&tm) * 1000 - now_ms);
	}
	return -1;
}
