/* access_log.c: see access_log.h. */
#include "access_log.h"

#include <sysexits.h>

#include "base/clock.h"
#include "base/log.h"
#include "commands.h"
#include "store/access.h"
#include "base/poison.h"

#define PAGE 200u
#define LIST_MAX 2000u /* rows of one answer; the command asks for more */

enum jembatan_result access_log_note(struct control_peer *p, const char *what,
				     enum audit_subject subject, int64_t subject_id,
				     struct why *why)
{
	struct db *db = control_app(p)->db;
	enum jembatan_result r = db_begin(db, why);
	if (r == JEMBATAN_OK)
		r = access_add(db, control_actor(p), what, subject, subject_id, clock_now_ms(), why);
	if (r == JEMBATAN_OK)
		r = db_commit(db, why);
	if (r != JEMBATAN_OK)
		db_abort(db);
	return r;
}

void access_log_try(struct control_peer *p, const char *what, enum audit_subject subject,
		    int64_t subject_id)
{
	struct why why;
	if (access_log_note(p, what, subject, subject_id, &why) != JEMBATAN_OK)
		log_warning("control", "the log of who looked was not written: %s", why.text);
}

static json_t *row_json(const struct access_row *row)
{
	static const char *const subjects[] = { "message", "ticket", "instance", "list",
						"quarantined record" };
	const char *subject = (unsigned)row->subject < COUNT_OF(subjects) ?
			      subjects[row->subject] : "?";
	return json_pack("{s:s,s:I,s:I,s:s,s:s,s:s,s:I,s:s?}", "type", "access", "id",
			 (json_int_t)row->id, "at_ms", (json_int_t)row->at_ms, "actor", row->actor,
			 "what", row->what, "subject", subject, "number", (json_int_t)row->subject_id,
			 "reference", row->reference);
}

void access_list_command(struct control_peer *p, const struct msg_command *c)
{
	struct arena *arena = arena_new();
	struct access_row rows[PAGE];
	struct why why;
	int64_t after = 0;
	size_t count = 0, total = 0;
	enum jembatan_result r;
	(void)commands_number(c, "after", &after);
	do {
		arena_reset(arena);
		r = access_list(control_app(p)->db, after, PAGE, arena, rows, &count, &why);
		for (size_t i = 0; i < count && r == JEMBATAN_OK; i++) {
			after = rows[i].id;
			control_row(p, row_json(&rows[i]));
		}
		total += count;
	} while (r == JEMBATAN_OK && count == PAGE && total < LIST_MAX);
	arena_free(arena);
	if (r != JEMBATAN_OK)
		control_fail(p, r, &why);
	else
		control_end(p, EX_OK, "%s", "");
}
