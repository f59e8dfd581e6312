/* fuzz_fields.c: strangers' records through the mapping, and through our own
 * field names. What comes out is within bounds; what is refused is explained. */
#include <jembatan/kit.h>

#include "base/mem.h"
#include "kit/testctx.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct testctx_option mapping[] = {
	{ "fields", "id", "id" }, { "fields", "text", "body.content|isi|0" },
	{ "fields", "sent", "created_at" }, { "fields", "status", "status.name|status" },
	{ "fields", "phone", "user.phone" }, { "fields", "latitude", "lat" },
	{ "fields", "longitude", "lon" }, { "fields", "from_centre", "source==sp4n" },
	{ "fields", "secret", "is_secret" }, { "fields", "attachments", "photos" },
	{ "fields", "extra", "more" }, { "fields", "kind", "kind" },
	{ "statuses", "Tuntas", "closed_by_admin" }, { NULL, NULL, NULL }
};

static void fill(struct testctx *t, const char *fields, json_t *record)
{
	struct kit_fields *f = NULL;
	struct jembatan_message m;
	struct kit_fields_options o = { .size = sizeof(o), .fields = fields, .statuses = "statuses",
					.zone_minutes = 420, .base_url = "https://a.example/x/" };
	struct kit_arena *arena = kit_arena_new();
	enum jembatan_result result = kit_fields_new(testctx_context(t), &o, &f);
	ASSERT(result == JEMBATAN_OK);
	testctx_forget(t);
	result = kit_fields_fill(f, record, arena, &m);
	if (result == JEMBATAN_OK) {
		ASSERT(m.size == sizeof(m) && m.attachment_count <= 100);
		ASSERT(fabs(m.place.latitude) <= 90 && fabs(m.place.longitude) <= 180);
		for (size_t i = 0; i < m.attachment_count; i++)
			ASSERT(m.attachments[i].reference);
	} else {
		ASSERT(result == JEMBATAN_DATA && testctx_explanation(t)[0]);
	}
	kit_fields_free(f);
	kit_arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *record = NULL;
	if (kit_json_parse((struct jembatan_bytes){ data, size }, &record, NULL) != JEMBATAN_OK)
		return 0;
	struct testctx *t = testctx_new(mapping, NULL);
	fill(t, "fields", record);
	fill(t, NULL, record);
	testctx_free(t);
	json_decref(record);
	return 0;
}
