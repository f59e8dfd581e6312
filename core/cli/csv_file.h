/* csv_file.h: a CSV file as spreadsheets and systems write it, read by libcsv:
 * delimiter (, ; tab) and encoding (UTF-8, UTF-16, windows-1252) are found out.
 * Pure. */
#ifndef CLI_CSV_FILE_H
#define CLI_CSV_FILE_H

#include "base/buf.h"
#include "base/why.h"

/* line: as a spreadsheet numbers its rows, from 1; empty ones count and are not
 * told. Fields are UTF-8, borrowed for the call. */
typedef void csv_file_on_row(void *data, size_t line, char *const *fields, size_t count);

/* DATA: too large, empty, a quote that is never closed, more than 256 columns. */
MUST_CHECK enum jembatan_result csv_file_read(struct jembatan_bytes file, size_t bytes_max,
					      csv_file_on_row *on, void *data, struct why *why);

/* Folded, only letters and digits: "Tracking ID" is trackingid. The caller frees. */
char *csv_file_letters(const char *header);

#endif
