/* agency_rows.h: the rows of an export, a CSV file or JSON lines, as records. Pure:
 * bytes in, no files; fuzzed. */
#ifndef AGENCY_ROWS_H
#define AGENCY_ROWS_H

#include "agency-api/agency_columns.h"

struct agency_rows;

struct agency_row {
	size_t line; /* as a spreadsheet numbers its rows */
	struct jembatan_bytes bytes; /* a JSON object with AGENCY_ROW_ID; DATA: as it stands */
	const char *type; /* of bytes */
};

struct agency_rows_limits {
	size_t file_max, row_max;
};

/* The file: JSON lines when it begins with {, else CSV. The bytes must live as
 * long. DATA: it cannot be read at all. */
JEMBATAN_MUST_CHECK enum jembatan_result
agency_rows_new(const struct agency_columns *columns,
		const struct agency_rows_limits *limits, struct jembatan_bytes file,
		struct agency_rows **out, struct kit_why *why);
void agency_rows_free(struct agency_rows *rows);

/* OK: a record. DATA: this row cannot be used, `why` says why and where. Both are
 * in the arena. IDLE: the end. GONE: likewise, and `why` says why the rest cannot
 * be read. */
JEMBATAN_MUST_CHECK enum jembatan_result
agency_rows_next(struct agency_rows *rows, struct kit_arena *arena,
		 struct agency_row *out, struct kit_why *why);

#endif
