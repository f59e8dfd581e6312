/* agency_parse.h: bytes of an answer to records, records to messages. Pure:
 * no network, no files; what a mapping cannot use is said in `why`. */
#ifndef AGENCY_PARSE_H
#define AGENCY_PARSE_H

#include "agency-api/agency_mapping.h"

/* More records than this in one answer: the answer is refused. */
#define AGENCY_RECORDS_MAX 20000

/* A copy, followed by a NUL. */
struct jembatan_bytes agency_parse_copy(struct jembatan_bytes bytes,
					struct kit_arena *arena);

/* An answer, taken apart. */
struct agency_page {
	json_t *envelope; /* the answer with an empty list; owned */
	size_t count;
	const struct jembatan_bytes *records; /* exact slices of the answer */
};

/* Find the list at `items` (dotted path, "" for the answer itself) and cut it
 * into records without reading them, so that one bad record spoils nothing but
 * itself. Also accepts null and an object with numbers as keys for a list.
 * The page points into body and arena. DATA: not complete, not JSON, no list. */
JEMBATAN_MUST_CHECK enum jembatan_result
agency_parse_page(struct jembatan_bytes body, const char *items,
		  struct kit_arena *arena, struct agency_page *out,
		  struct kit_why *why);
void agency_page_done(struct agency_page *page);

/* What is needed of a record before it is mapped. Zero it first. */
struct agency_record {
	json_t *root;      /* owned; NULL when it is no JSON object */
	const char *id;    /* or NULL */
	char revision[80]; /* the app's own time of change, else a digest */
	char digest[65];   /* of the content, however its keys are ordered */
	bool has_updated, has_created;
	int64_t updated_ms, created_ms;
	const char *odd_time; /* a time that could not be read; or NULL */
	const char *where; /* the caller's: file and line, for what cannot be read; or NULL */
};

/* Read id and times. out is filled in as far as it goes, whatever the result;
 * call agency_record_done. DATA: no JSON object, or no id. */
JEMBATAN_MUST_CHECK enum jembatan_result
agency_parse_record(const struct agency_mapping *mapping,
		    struct jembatan_bytes bytes, struct kit_arena *arena,
		    struct agency_record *out, struct kit_why *why);
void agency_record_done(struct agency_record *record);

/* Add the member `name` with the JSON text `value` to the end of the object
 * `record`, both kept byte for byte. */
void agency_parse_join(struct jembatan_bytes record, const char *name,
		       struct jembatan_bytes value, struct kit_text *out);

/* The messages of one record; most often one, none for what the jq program
 * leaves out. Borrowed from the arena, the mapping and `holder`. */
struct agency_messages {
	struct jembatan_message *list;
	size_t count;
	json_t *holder; /* owned: agency_messages_done */
};

/* DATA: the mapping cannot use it; said with the mapping's file and line. */
JEMBATAN_MUST_CHECK enum jembatan_result
agency_parse_messages(const struct agency_mapping *mapping,
		      struct jembatan_bytes bytes,
		      const struct agency_record *record,
		      struct kit_arena *arena, struct agency_messages *out,
		      struct kit_why *why);
void agency_messages_done(struct agency_messages *messages);

/* The message that says that a record is kept but cannot be read; the reason
 * stands as its text. */
void agency_parse_unreadable(const struct agency_record *record,
			     const char *reason, struct kit_arena *arena,
			     struct jembatan_message *out);

#endif
