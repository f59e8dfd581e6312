/* kit_csv.c: the CSV reader of the base library, for plugins. */
#include <jembatan/kit.h>

#include "base/csv_file.h"

#include "base/poison.h"

struct kit_csv {
	struct csv_file *file;
};

enum jembatan_result kit_csv_new(struct jembatan_bytes bytes, size_t bytes_max, size_t row_max,
				 struct kit_csv **out, struct kit_why *why)
{
	struct csv_file *file;
	struct why inner = { "" };
	enum jembatan_result result = csv_file_open(bytes, bytes_max, row_max, &file, &inner);

	if (result != JEMBATAN_OK)
		return kit_why_set(why, result, "%s", inner.text);
	*out = xcalloc(1, sizeof(**out));
	(*out)->file = file;
	return JEMBATAN_OK;
}

void kit_csv_free(struct kit_csv *csv)
{
	if (!csv)
		return;
	csv_file_close(csv->file);
	free(csv);
}

enum jembatan_result kit_csv_next(struct kit_csv *csv, struct kit_csv_row *out,
				  struct kit_why *why)
{
	struct csv_file_row row = { 0 };
	struct why inner = { "" };
	enum jembatan_result result = csv_file_next(csv->file, &row, &inner);

	*out = (struct kit_csv_row){ .line = row.line, .fields = row.fields, .count = row.count,
				     .raw = row.raw, .is_ended = row.is_ended };
	if (result != JEMBATAN_OK && result != JEMBATAN_IDLE)
		return kit_why_set(why, result, "%s", inner.text);
	return result;
}
