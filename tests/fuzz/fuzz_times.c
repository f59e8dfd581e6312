/* fuzz_times.c: dates, zones, phones, URLs. The first byte picks a format. A
 * time that is read can be written and read again as the same second. */
#include <jembatan/kit.h>

#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_time(const char *text, const char *format)
{
	int64_t ms, again;
	char written[32];
	if (kit_time_parse(text, format, 420, &ms) != JEMBATAN_OK)
		return;
	kit_time_format_rfc3339(ms, 420, written);
	ASSERT(kit_time_parse(written, NULL, 0, &again) == JEMBATAN_OK);
	ASSERT(ms - again >= 0 && ms - again < 1000);
}

static void try_phone(const char *text)
{
	char once[20], twice[20];
	if (!kit_phone_e164(text, once))
		return;
	ASSERT(once[0] == '+' && strspn(once + 1, "0123456789") == strlen(once + 1));
	ASSERT(strlen(once) >= 9 && strlen(once) <= 16);
	ASSERT(kit_phone_e164(once, twice) && str_equal(once, twice));
}

static void try_url(const char *text)
{
	static const char *const origins[] = { "https://a.example/" };
	bool trusted = false;
	if (kit_guard_url(text, origins, 1, &trusted, NULL) == JEMBATAN_OK)
		ASSERT(trusted == kit_url_same_origin(text, origins[0]));
	char *with = kit_url_with(text, "page", "a&b");
	char *value = with ? kit_url_parameter(with, "page") : NULL;
	ASSERT(!with || str_equal(value, "a&b"));
	char *joined = kit_url_join("https://a.example/x/", text);
	char *shown = kit_url_show(text), *next = kit_link_next(text);
	ASSERT(strchr(shown, '?') == NULL);
	free(with);
	free(value);
	free(joined);
	free(shown);
	free(next);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const formats[] = { NULL, "d-m-Y H:i:s", "l, j M Y g:i A", "U",
					       "Y-m-d\\TH:i:s.uP" };
	int minutes;
	if (size == 0)
		return 0;
	char *text = xstrndup((const char *)data + 1, size - 1);
	try_time(text, formats[data[0] % COUNT_OF(formats)]);
	if (kit_time_zone(text, &minutes))
		ASSERT(minutes >= -15 * 60 && minutes <= 15 * 60);
	try_phone(text);
	try_url(text);
	int64_t ms;
	if (kit_time_parse("2026-11-21", text, 0, &ms) == JEMBATAN_OK)
		ASSERT(ms >= -2208988800000 && ms < 7258118400000);
	free(text);
	return 0;
}
