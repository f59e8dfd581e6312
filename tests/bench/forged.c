/* forged.c: forged webhook signatures, each refused? Random ones, and ones that
 * differ from the right one in a character, its length, its prefix, its form,
 * its secret or the body. Usage: forged [COUNT]; ends with 1 when one passed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jembatan/kit.h>

#include "base/digest.h"
#include "base/poison.h"

#define HEX (2u * DIGEST_SIZE)
#define PREFIX "sha256="
#define KINDS 8u

static const char secret[] = "kunci-uji", other[] = "kunci-ujj";

static void sign(const char *key, struct jembatan_bytes body, char out[128])
{
	struct digest mac = digest_hmac(bytes_text(key), body);
	memcpy(out, PREFIX, sizeof(PREFIX));
	digest_hex(mac.bytes, sizeof(mac.bytes), out + strlen(PREFIX));
}

/* `value` is right; make it wrong in one way. */
static void forge(unsigned long n, struct jembatan_bytes body, char value[128])
{
	uint8_t random[DIGEST_SIZE];
	size_t start = strlen(PREFIX), at = start + n / KINDS % HEX;
	switch (n % KINDS) {
	case 0:
		digest_random(random, sizeof(random));
		digest_hex(random, sizeof(random), value + start);
		return;
	case 1:
		value[at] = value[at] == '0' ? '1' : '0';
		return;
	case 2:
		value[at] = '\0';
		return;
	case 3:
		memcpy(value + start + HEX, "0", 2);
		return;
	case 4:
		value[n / KINDS % start] ^= 1;
		return;
	case 5:
		memmove(value, value + start, HEX + 1); /* no prefix */
		return;
	case 6:
		sign(other, body, value);
		return;
	default:
		value[at] = 'g';
		return;
	}
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000, passed = 0, right = 0;
	clock_t start = clock();
	for (unsigned long n = 0; n < count; n++) {
		char text[64], value[128];
		int size = snprintf(text, sizeof(text), "{\"laporan\": %lu}", n);
		struct jembatan_bytes body = { text, (size_t)size };
		sign(secret, body, value);
		if (n % 1000 == 0)
			right += kit_signature_is_valid(value, PREFIX, KIT_SIGNATURE_HEX, secret, body);
		forge(n, body, value);
		passed += kit_signature_is_valid(value, PREFIX, KIT_SIGNATURE_HEX, secret, body);
	}
	printf("%lu forged signatures, %lu refused, %lu taken; %lu right ones taken; %.1f s\n", count,
	       count - passed, passed, right, (double)(clock() - start) / CLOCKS_PER_SEC);
	return passed == 0 && right == (count + 999) / 1000 ? 0 : 1;
}
