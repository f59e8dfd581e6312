/* fuzz_place.c: text and location (parted by a NUL) to a place. The first byte
 * chooses a home, coordinates in the text are hints. An answer lies in the table, has the level it says, and
 * shows its words. */
#include <stdlib.h>
#include <string.h>

#include "ticket/place.h"
#include "ticket/position.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct regions *regions;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct why why;
	struct place p;
	if (regions == NULL && regions_load(TEST_REGIONS, &regions, &why) != JEMBATAN_OK)
		abort();
	if (size == 0 || size > 100000)
		return 0;
	char *text = xstrndup((const char *)data + 1, size - 1);
	size_t first = strlen(text);
	char *location = first + 2 < size ? xstrndup((const char *)data + first + 2, size - first - 2) : NULL;
	struct place_hints hints = { .home = data[0] == 0 ? REGION_NONE : data[0] * 357u };
	hints.has_position = position_find(text, &hints.latitude, &hints.longitude);
	place_find(regions, text, location, &hints, &p);
	ASSERT(p.region == REGION_NONE || p.region < regions_count(regions));
	ASSERT(p.level == regions_at(regions, p.region).level);
	ASSERT(p.margin >= 0 && p.margin <= 1);
	for (size_t i = 0; i < p.evidence_count; i++)
		ASSERT(p.evidence[i][0] != '\0' && strlen(p.evidence[i]) < PLACE_EVIDENCE_SIZE);
	free(location);
	free(text);
	return 0;
}
