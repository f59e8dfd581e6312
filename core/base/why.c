/* why.c: sentences for the operator. */
#include "base/why.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/poison.h"

enum jembatan_result why_set(struct why *why, enum jembatan_result result, const char *format, ...)
{
	if (why == NULL)
		return result;
	/* Built aside: an argument may be why->text itself. */
	char text[sizeof(why->text)];
	va_list ap;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	str_mend(text);
	memcpy(why->text, text, sizeof(text));
	return result;
}

enum jembatan_result why_prefix(struct why *why, enum jembatan_result result, const char *format,
				...)
{
	if (why == NULL)
		return result;
	char head[sizeof(why->text)];
	va_list ap;
	va_start(ap, format);
	vsnprintf(head, sizeof(head), format, ap);
	va_end(ap);
	char text[sizeof(why->text) * 2 + 4];
	snprintf(text, sizeof(text), "%s: %s", head, why->text);
	str_copy(why->text, sizeof(why->text), text);
	return result;
}

const char *result_name(enum jembatan_result result)
{
	switch (result) {
	case JEMBATAN_OK:
		return "ok";
	case JEMBATAN_IDLE:
		return "idle";
	case JEMBATAN_RETRY:
		return "retry";
	case JEMBATAN_AUTH:
		return "auth";
	case JEMBATAN_CONFIG:
		return "config";
	case JEMBATAN_DATA:
		return "data";
	case JEMBATAN_GONE:
		return "gone";
	case JEMBATAN_FATAL:
		return "fatal";
	}
	return "unknown";
}
