/* desk.h: the inside of a built-in instance of the connector `intake`: what
 * came over HTTP with an API key waits here for the turn's commit, and who sent
 * it waits for the answer. Not for other rooms. */
#ifndef INTAKE_DESK_H
#define INTAKE_DESK_H

#include "config/settings.h"
#include "intake/intake.h"
#include "store/inbox.h"

#define DESK_CONNECTOR "intake"

struct desk;

bool desk_is_for(const struct instance_settings *settings);
/* What stands in for a plugin's manifest. */
void desk_manifest(struct msg_manifest *out);

/* Its options, as a plugin's check() would. */
MUST_CHECK enum jembatan_result desk_check(const struct instance_options *options, struct why *why);

/* Reads the API keys of the instance's options; only their digests are kept.
 * Name and spool (the folder) are borrowed. */
MUST_CHECK enum jembatan_result desk_new(const char *name, const char *spool,
					 const struct instance_settings *settings, struct db *db,
					 int zone_minutes, struct desk **out,
					 struct why *why);
/* Other keys; on a failure those of before stay. */
MUST_CHECK enum jembatan_result desk_take_settings(struct desk *d,
						   const struct instance_settings *settings,
						   int zone_minutes, struct why *why);
void desk_free(struct desk *d); /* NULL is fine; who waits hears that it was not stored */

/* False: no key of this instance. In constant time. */
bool desk_knows_key(const struct desk *d, const char *key);
/* Take it, or answer at once. True: it waits for a turn. */
bool desk_submit(struct desk *d, int64_t instance_id, const struct intake_submission *submission,
		 intake_on_submitted *on, void *data);

bool desk_wants_turn(const struct desk *d); /* NULL: false */
MUST_CHECK enum jembatan_result desk_write(struct desk *d, int64_t instance_id, struct why *why);
bool desk_committed(struct desk *d); /* true: something was stored */
/* True: the store will never take it, and it was dropped. */
bool desk_aborted(struct desk *d);

#endif
