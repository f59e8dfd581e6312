/* lapor_v3.h: requests and answers of the central interface, version 3. Pure.
 * Texts live in the given arena. */
#ifndef CENTRAL_LAPOR_V3_H
#define CENTRAL_LAPOR_V3_H

#include "base/arena.h"
#include "base/why.h"
#include "config/settings.h"
#include "ticket/ticket.h"

#define LAPOR_V3_FOLLOW_UP_MAX 1000u /* characters of one follow-up */
#define LAPOR_V3_ID_SIZE 33u
/* Of one request's body. A ticket's texts are escaped as in its own JSON, so
 * they are no longer here; beside them stand our keys, and ids of the settings
 * and of files. */
#define LAPOR_V3_REQUEST_MAX (TICKET_JSON_MAX + 256u * 1024u)

/* ---- requests ---- */

/* The body of a create. file_ids: a JSON array as lapor_v3_ids_add makes it,
 * or NULL. An anonymous ticket carries nothing of its reporter. NULL when it would
 * be longer than LAPOR_V3_REQUEST_MAX: never cut. */
char *lapor_v3_create(const struct ticket *t, const struct settings_defaults *d,
		      const char *file_ids, bool reference_line, struct arena *arena);
/* True: it can't be NULL, whatever is escaped in it. Much cheaper than making it. */
bool lapor_v3_create_fits(const struct ticket *t, const struct settings_defaults *d);

/* The body that hands the complaint to another institution. */
char *lapor_v3_route(const char *institution_id, const char *reference, struct arena *arena);

struct lapor_v3_field {
	const char *name, *value;
};
#define LAPOR_V3_FIELDS_MAX 8u

struct lapor_v3_follow_up {
	struct lapor_v3_field fields[LAPOR_V3_FIELDS_MAX];
	size_t field_count;
	const char *content;
	bool cut; /* longer than LAPOR_V3_FOLLOW_UP_MAX */
};

/* The fields of a follow-up's form. */
void lapor_v3_follow_up(const char *complaint_id, const char *text, bool is_secret,
			const char *reference, const struct settings_defaults *d,
			bool reference_line, struct arena *arena,
			struct lapor_v3_follow_up *out);

/* ---- answers ---- */

/* The new complaint's id, at this dotted path; path NULL or "": wherever
 * version 3 has it. "" unless it is a plain id. */
void lapor_v3_complaint_id(struct jembatan_bytes answer, const char *path,
			   char out[LAPOR_V3_ID_SIZE]);
/* The id of the one file that was uploaded. */
void lapor_v3_file_id(struct jembatan_bytes answer, char out[LAPOR_V3_ID_SIZE]);

struct lapor_v3_status {
	char disposition_id[LAPOR_V3_ID_SIZE]; /* "" when not said */
	char code[LAPOR_V3_ID_SIZE];
};
/* DATA when it is not an answer about a complaint. */
MUST_CHECK enum jembatan_result lapor_v3_status(struct jembatan_bytes answer,
						struct lapor_v3_status *out, struct why *why);

/* Does this page hold the follow-up? Found by its reference where the content
 * carries one, else by its words. DATA when it is no page of follow-ups. */
MUST_CHECK enum jembatan_result lapor_v3_has_follow_up(struct jembatan_bytes answer,
						       const char *content, const char *reference,
						       bool reference_line, bool *out_found,
						       bool *out_more, struct why *why);

/* A lookup's answer: the id at the configured path; "" when the centre says
 * that there is none. DATA when the answer says neither. */
MUST_CHECK enum jembatan_result lapor_v3_lookup(struct jembatan_bytes answer, unsigned status,
						const char *match, char out[LAPOR_V3_ID_SIZE],
						struct why *why);

/* Digits, letters, dot, dash: an id as we keep it. */
bool lapor_v3_is_id(const char *s);

/* ---- the ids of uploaded files, by the file's place in its message ---- */

/* The array with one more; "" stands for a file that was left out. */
char *lapor_v3_ids_add(const char *ids, const char *id, struct arena *arena);
size_t lapor_v3_ids_count(const char *ids);

#endif
