/* export.h: the centre's official export, a CSV file, as the rows that matter
 * here. Pure. Columns are known by their Indonesian headers in any order;
 * delimiter (, ; tab) and encoding (UTF-8, UTF-16, windows-1252) are found
 * out. A complaint's words stay behind: only our reference is taken out of
 * them. */
#ifndef CLI_EXPORT_H
#define CLI_EXPORT_H

#include "base/arena.h"
#include "base/why.h"

#define EXPORT_BYTES_MAX (256u * 1024u * 1024u)
#define EXPORT_ROWS_MAX 1000000u

struct export_row {
	size_t number;         /* in the file; the header is 1 */
	const char *tracking;  /* digits and the like; never NULL */
	const char *reference; /* "JB-7K3M9Q" from the last line of its text; or NULL */
	const char *title;     /* or NULL */
	const char *day;       /* "2026-11-21" on which it was received; or NULL */
	const char *status;    /* the export's word; or NULL */
	bool is_twin;          /* another without reference has the same title and day */
};

/* DATA when it is no such export: no column of tracking ids, a row that is not
 * CSV, or too much. *out_left_out: rows without a readable tracking id. */
MUST_CHECK enum jembatan_result export_read(struct jembatan_bytes file, struct arena *arena,
					    struct export_row **out, size_t *out_count,
					    size_t *out_left_out, struct why *why);

#endif
