/* lapor_v3_read.h: what the centre says of a complaint, as plain text and
 * plain values: its status, the lines of its log, its follow-ups, the public
 * lists. Pure. Notes hold HTML and placeholders; none is left after this. */
#ifndef CENTRAL_LAPOR_V3_READ_H
#define CENTRAL_LAPOR_V3_READ_H

#include "central/lapor_v3.h"
#include "store/follows.h"
#include "store/names.h"

#include <jansson.h>

#define LAPOR_V3_ENTRIES_MAX 500u  /* of one answer; the rest is left out */
#define LAPOR_V3_NOTE_BYTES 8192u  /* of one text; longer ones are cut */
#define LAPOR_V3_WORDS_BYTES 200u  /* of a status or a name */
#define LAPOR_V3_NAMES_MAX 20000u

struct lapor_v3_complaint {
	const char *code, *name;  /* of its status; NULL: not said */
	const char *institution_id, *institution; /* where it lies; NULL: not said */
	const char *content;      /* NULL: the centre does not say */
	const struct follow_entry *entries; /* its log, oldest first */
	size_t entry_count;
	const char *last_note;    /* of the newest line with a time; or NULL */
	int64_t log_ms;           /* that time; 0: none */
};

/* zone_minutes: of times without one. DATA when it is no answer about a
 * complaint. All texts in the arena. */
MUST_CHECK enum jembatan_result lapor_v3_read_complaint(struct jembatan_bytes answer,
							int zone_minutes, struct arena *arena,
							struct lapor_v3_complaint *out,
							struct why *why);

struct lapor_v3_page {
	const struct follow_entry *entries;
	size_t entry_count;
	bool has_more; /* the centre says so; where it points to is not looked at */
};
/* reference: ours, by which a follow-up is known as our own. */
MUST_CHECK enum jembatan_result lapor_v3_read_follow_ups(struct jembatan_bytes answer,
							 int zone_minutes, const char *reference,
							 struct arena *arena,
							 struct lapor_v3_page *out,
							 struct why *why);

/* A page of institutions or templates. DATA unless it is a list; what lacks an
 * id or a name is left out. */
MUST_CHECK enum jembatan_result lapor_v3_read_names(struct jembatan_bytes answer,
						    struct arena *arena,
						    struct central_name **out, size_t *out_count,
						    bool *out_more, struct why *why);

/* HTML taken away, then {{name}} filled in from `row`, or taken out where the
 * row does not say. Never NULL; in the arena. */
const char *lapor_v3_plain(const char *note, json_t *row, struct arena *arena);

#endif
