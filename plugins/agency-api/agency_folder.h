/* agency_folder.h: an agency whose app only exports files: a folder of CSV files
 * and JSON lines instead of an address. */
#ifndef AGENCY_FOLDER_H
#define AGENCY_FOLDER_H

#include "agency-api/agency_mapping.h"
#include "agency-api/agency_rows.h"

struct agency_folder;

/* Is it a folder that this instance reads? */
bool agency_folder_is_set(struct jembatan_context *ctx);
/* The settings and the folder itself; CONFIG, explained. No side effects. */
JEMBATAN_MUST_CHECK enum jembatan_result agency_folder_check(struct jembatan_context *ctx);

/* RETRY: the folder is not there. */
JEMBATAN_MUST_CHECK enum jembatan_result
agency_folder_open(struct jembatan_context *ctx, const char *cursor,
		   struct agency_folder **out);
void agency_folder_close(struct agency_folder *folder);

/* Some rows of a file: OK; IDLE when no file waits. FATAL: the folder went away; a
 * new process may find it again (its confinement holds the old one). */
JEMBATAN_MUST_CHECK enum jembatan_result agency_folder_poll(struct agency_folder *folder);

/* What a file with these bytes would become. */
JEMBATAN_MUST_CHECK enum jembatan_result
agency_folder_preview(struct jembatan_context *ctx, struct jembatan_bytes sample);

#endif
