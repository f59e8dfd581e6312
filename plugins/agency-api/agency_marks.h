/* agency_marks.h: what a folder's checkpoint says, as text:
 *
 *   {"files":["<stamp><content>", ...],"at":"<stamp><content>","line":501}
 *
 * files: those that were taken and still lie there. In the middle of a file also
 * at and line: up to there its rows are on disk. */
#ifndef AGENCY_MARKS_H
#define AGENCY_MARKS_H

#include "agency-api/agency_files.h"

#define AGENCY_MARK_SIZE (AGENCY_STAMP_SIZE + AGENCY_CONTENT_SIZE - 1)

struct agency_marks {
	char files[AGENCY_FILES_MAX][AGENCY_MARK_SIZE];
	size_t count;
	char at[AGENCY_MARK_SIZE]; /* "": between files */
	size_t line;
};

/* DATA: not a cursor of ours; out is empty then. */
JEMBATAN_MUST_CHECK enum jembatan_result
agency_marks_parse(const char *text, struct agency_marks *out);
/* The caller frees. */
char *agency_marks_format(const struct agency_marks *marks);

/* The mark of this stamp, or NULL. */
const char *agency_marks_of(const struct agency_marks *marks, const char *stamp);
bool agency_marks_has_content(const struct agency_marks *marks, const char *content);
void agency_marks_add(struct agency_marks *marks, const char *mark);
/* Keep only marks of files that the last look has seen. */
void agency_marks_keep(struct agency_marks *marks, const struct agency_files *files);

#endif
