/* csv_file.h: a CSV file as spreadsheets and systems write it, read by libcsv:
 * delimiter (, ; tab) and encoding (UTF-8, UTF-16, windows-1252) are found out.
 * Pure. */
#ifndef BASE_CSV_FILE_H
#define BASE_CSV_FILE_H

#include "base/buf.h"
#include "base/why.h"

struct csv_file;

/* A row. `line`: as a spreadsheet numbers its rows, from 1; empty ones count and
 * are not told. Borrowed until the next call. */
struct csv_file_row {
	size_t line;
	char *const *fields; /* UTF-8 */
	size_t count;
	struct jembatan_bytes raw; /* its text, as UTF-8 */
	bool is_ended; /* a line end follows: it was not torn off */
};

/* The file is copied. DATA: larger than bytes_max, empty, half a UTF-16. */
MUST_CHECK enum jembatan_result csv_file_open(struct jembatan_bytes file, size_t bytes_max,
					      size_t row_max, struct csv_file **out,
					      struct why *why);
void csv_file_close(struct csv_file *csv); /* NULL is fine */

/* OK: a row. DATA: no row, said in `why`; out has line and raw, and the next call
 * goes on behind it: with the next line of text, when a quote is never closed, or
 * only by another row's. IDLE: the end. GONE: the end as well, since too many quotes are never
 * closed for this to be CSV. */
MUST_CHECK enum jembatan_result csv_file_next(struct csv_file *csv, struct csv_file_row *out,
					      struct why *why);

typedef void csv_file_on_row(void *data, size_t line, char *const *fields, size_t count);

/* All rows, each told, with quotes within quotes as they come; the first bad one ends it. DATA: as csv_file_open, a quote
 * that is never closed, more than 256 columns. */
MUST_CHECK enum jembatan_result csv_file_read(struct jembatan_bytes file, size_t bytes_max,
					      csv_file_on_row *on, void *data, struct why *why);

/* Folded, only letters and digits: "Tracking ID" is trackingid. The caller frees. */
char *csv_file_letters(const char *header);

#endif
