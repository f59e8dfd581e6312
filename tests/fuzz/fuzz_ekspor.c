/* fuzz_ekspor.c: whatever lies in a folder of exports, as rows with the columns of a
 * made-up profile: it ends, each row is a record with an id or says its line, and
 * reading it once more gives the same. */
#include "agency-api/agency_bring.h"
#include "agency-api/agency_rows.h"
#include "kit/testctx.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct testctx_option options[] = {
	{ "folder", NULL, "/nowhere" },
	{ "columns", "tiket", "No Tiket|Kode|ID" },
	{ "columns", "isi", "Isi Laporan|Uraian|Aduan" },
	{ "columns", "tanggal", "Tgl" },
	{ "columns", "telepon", "No HP|WA" },
	{ "key", NULL, "tiket|kode" },
	{ "created_path", NULL, "tanggal" },
	{ "fields", "text", "isi" },
	{ "fields", "subject", "judul|perihal" },
	{ "fields", "phone", "telepon" },
	{ "fields", "attachments", "foto" },
	{ NULL, NULL, NULL }
};
static const struct agency_rows_limits limits = { .file_max = 1 << 20, .row_max = 4096 };

/* One pass; a digest of all it gave. */
static void pass(const struct agency_mapping *mapping, const struct agency_columns *columns,
		 struct jembatan_bytes file, char out[65])
{
	struct kit_arena *arena = kit_arena_new();
	struct kit_text *all = kit_text_new((size_t)64 << 20);
	struct agency_rows *rows = NULL;
	enum jembatan_result result = JEMBATAN_IDLE;
	struct kit_why why = { "" };

	if (agency_rows_new(columns, &limits, file, &rows, &why) == JEMBATAN_OK)
		result = JEMBATAN_OK;
	while (result == JEMBATAN_OK || result == JEMBATAN_DATA) {
		struct agency_row row;
		struct agency_record record = { 0 };

		result = agency_rows_next(rows, arena, &row, &why);
		if (result == JEMBATAN_IDLE || result == JEMBATAN_GONE)
			break;
		if (row.line == 0 || row.bytes.size > 8 * limits.row_max + 64)
			abort();
		kit_text_add(all, row.bytes.data, row.bytes.size);
		if (result == JEMBATAN_DATA) {
			if (!strstr(why.text, "line "))
				abort();
			continue;
		}
		/* A record always has its id, so it can be mapped or told apart. */
		if (agency_parse_record(mapping, row.bytes, arena, &record, &why) != JEMBATAN_OK ||
		    !record.id ||
		    agency_bring(mapping, row.bytes, &record, JEMBATAN_OK, "", arena) !=
			    JEMBATAN_OK)
			abort();
		agency_record_done(&record);
	}
	kit_signature_make("fuzz", kit_text_bytes(all), out);
	agency_rows_free(rows);
	kit_text_free(all);
	kit_arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct testctx *t = testctx_new(options, NULL);
	struct agency_mapping *mapping;
	struct agency_columns *columns;
	char once[65], again[65];

	testctx_set_now(t, 0);
	if (agency_mapping_new(testctx_context(t), &mapping) != JEMBATAN_OK ||
	    agency_columns_new(testctx_context(t), &columns) != JEMBATAN_OK)
		abort();
	pass(mapping, columns, (struct jembatan_bytes){ data, size }, once);
	pass(mapping, columns, (struct jembatan_bytes){ data, size }, again);
	if (strcmp(once, again) != 0)
		abort();
	agency_columns_free(columns);
	agency_mapping_free(mapping);
	testctx_free(t);
	return 0;
}
