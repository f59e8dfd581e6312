/* fuzz_agency.c: whatever an app answers, as a page with a fixed mapping. Each
 * record that is cut out must end in a message, readable or not. */
#include "agency-api/agency_bring.h"
#include "kit/testctx.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct testctx_option rows[] = {
	{ "items", NULL, "data" },
	{ "id_path", NULL, "id" },
	{ "updated_path", NULL, "updated_at" },
	{ "created_path", NULL, "created_at" },
	{ "html", NULL, "true" },
	{ "fields", "subject", "title" },
	{ "fields", "text", "text|isi" },
	{ "fields", "phone", "phone" },
	{ "fields", "status", "status" },
	{ "fields", "latitude", "lat" },
	{ "fields", "longitude", "lon" },
	{ "fields", "anonymous", "anonymous" },
	{ "fields", "tracking_id", "sp4n_id" },
	{ "fields", "from_centre", "source==sp4n" },
	{ "fields", "attachments", "photos" },
	{ "statuses", "baru", "received" },
	{ NULL, NULL, NULL }
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct testctx *t = testctx_new(rows, NULL);
	struct kit_arena *arena = kit_arena_new();
	struct agency_mapping *mapping;
	struct agency_page page = { 0 };
	struct kit_why why = { "" };

	testctx_set_now(t, 0);
	if (agency_mapping_new(testctx_context(t), &mapping) != JEMBATAN_OK)
		abort();
	(void)!agency_parse_page((struct jembatan_bytes){ data, size }, mapping->items,
				 arena, &page, &why);
	for (size_t i = 0; i < page.count && i < 100; i++) {
		struct agency_record record = { 0 };
		enum jembatan_result parsed = agency_parse_record(
			mapping, page.records[i], arena, &record, &why);

		if (agency_bring(mapping, page.records[i], &record, parsed, why.text,
				 arena) != JEMBATAN_OK ||
		    testctx_emit_count(t) != i + 1)
			abort();
		agency_record_done(&record);
	}
	agency_page_done(&page);
	agency_mapping_free(mapping);
	kit_arena_free(arena);
	testctx_free(t);
	return 0;
}
