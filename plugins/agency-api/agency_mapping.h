/* agency_mapping.h: the settings that turn a record into messages: where the
 * list, ids and times stand, `fields` or `jq`. Made from an instance's options
 * (most come from a profile); needs no network. */
#ifndef AGENCY_MAPPING_H
#define AGENCY_MAPPING_H

#include <jembatan/kit.h>

/* The member of a row's record that holds its id. */
#define AGENCY_ROW_ID "_id"

/* Strings are borrowed from the context. */
struct agency_mapping {
	struct jembatan_context *ctx;
	const char *items, *id_path, *updated_path, *created_path;
	const char *time_format; /* NULL: what kit_time_parse knows */
	int zone_minutes;
	bool html;             /* `text` holds HTML */
	struct kit_jq *jq;     /* or NULL */
	struct kit_fields *fields;
};

/* Read and check; CONFIG is explained with file and line. agency_mapping_free
 * takes NULL. */
JEMBATAN_MUST_CHECK enum jembatan_result
agency_mapping_new(struct jembatan_context *ctx, struct agency_mapping **out);
void agency_mapping_free(struct agency_mapping *mapping);

/* The folder that is read instead of an address, whose files are moved away when
 * they are taken (out_moves, or NULL); NULL: none. */
const char *agency_option_folder(struct jembatan_context *ctx, bool *out_moves);

/* A string option; NULL when unset or empty. */
const char *agency_option(struct jembatan_context *ctx, const char *name);

#endif
