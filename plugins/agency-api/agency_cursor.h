/* agency_cursor.h: what a checkpoint says, as text:
 *
 *   {"since":"2026-11-21T22:50:13Z"}
 *   {"since":"...","high":"...","at":"https://app.example/list?page=4","again":1}
 *
 * since: everything changed before it is on disk. In the middle of a walk also
 * high, the latest change seen; at, the page to go on with; again, how often
 * the list has been gone through again. */
#ifndef AGENCY_CURSOR_H
#define AGENCY_CURSOR_H

#include <jembatan/kit.h>

#define AGENCY_NEVER INT64_MIN
#define AGENCY_AT_MAX 4096

struct agency_cursor {
	int64_t since_ms; /* AGENCY_NEVER: from the beginning */
	int64_t high_ms;  /* AGENCY_NEVER: none yet */
	unsigned again;
	char at[AGENCY_AT_MAX]; /* "": the first page, or too long to keep */
};

/* DATA: not a cursor of ours. */
JEMBATAN_MUST_CHECK enum jembatan_result
agency_cursor_parse(const char *text, struct agency_cursor *out);
/* The caller frees. */
char *agency_cursor_format(const struct agency_cursor *cursor);

#endif
