/* agency_columns.h: the settings `columns` and `key`: how the columns of an
 * export are called here, and which of them name a row. Pure. */
#ifndef AGENCY_COLUMNS_H
#define AGENCY_COLUMNS_H

#include "agency-api/agency_mapping.h"

#define AGENCY_COLUMNS_MAX 256u

struct agency_columns;

/* CONFIG: explained with file and line. agency_columns_free takes NULL. */
JEMBATAN_MUST_CHECK enum jembatan_result
agency_columns_new(struct jembatan_context *ctx, struct agency_columns **out);
void agency_columns_free(struct agency_columns *columns);

/* The names of these columns (at most AGENCY_COLUMNS_MAX): as `columns` says, else
 * the header in small letters, what is neither letter nor digit as one _. All
 * differ. The texts are the arena's. */
void agency_columns_name(const struct agency_columns *columns,
			 char *const *headers, size_t count,
			 struct kit_arena *arena, const char **out_names);

/* Is it a name of the setting `columns`? */
bool agency_columns_knows(const struct agency_columns *columns, const char *name);

/* Is this the header? One of the columns is that of a subject or a text; with a
 * jq program, which may ask for anything: two columns have a name. */
bool agency_columns_is_header(const struct agency_columns *columns,
			      char *const *headers, const char *const *names,
			      size_t count);

/* Give the record its AGENCY_ROW_ID: what `key` names, else a digest of all it
 * holds. True: it was the key. */
bool agency_columns_identify(const struct agency_columns *columns, json_t *record);

#endif
