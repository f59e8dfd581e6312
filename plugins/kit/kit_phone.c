/* kit_phone.c: Indonesian phone numbers to E.164, by the rules of the core. */
#include <jembatan/kit.h>

#include "base/phone.h"

#include <string.h>

#include "base/poison.h"

bool kit_phone_e164(const char *text, char out[20])
{
	char number[PHONE_SIZE];
	/* A short code (112) is no number that a plugin could write to. */
	if (!text || !phone_normalize(text, number) || number[0] != '+')
		return false;
	memcpy(out, number, sizeof(number));
	return true;
}
