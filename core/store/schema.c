/* schema.c: the steps of the schema. Sealed columns are named in brackets;
 * everything else may be read by whoever can read the file, so no citizen's
 * words, names, addresses or remote ids may stand there. Keys that derive from
 * them are keyed hashes. */
#include "store/migrate.h"

#include "base/poison.h"

/* Texts of one table each, joined by the compiler. */
static const char step_1[] =
	/* [value] */
	"CREATE TABLE meta ("
	" name TEXT PRIMARY KEY,"
	" value BLOB NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TABLE flag ("
	" name TEXT PRIMARY KEY,"
	" value INTEGER NOT NULL) STRICT, WITHOUT ROWID;"

	/* [cursor] */
	"CREATE TABLE instance ("
	" id INTEGER PRIMARY KEY,"
	" name TEXT NOT NULL UNIQUE,"
	" cursor BLOB,"
	" start_ms INTEGER NOT NULL,"
	" paused INTEGER NOT NULL DEFAULT 0,"
	" first_seen_ms INTEGER NOT NULL,"
	" last_ok_ms INTEGER NOT NULL DEFAULT 0,"
	" last_message_ms INTEGER NOT NULL DEFAULT 0) STRICT;"
	/* [value] */
	"CREATE TABLE instance_state ("
	" instance_id INTEGER NOT NULL REFERENCES instance,"
	" key TEXT NOT NULL,"
	" value BLOB NOT NULL,"
	" PRIMARY KEY (instance_id, key)) STRICT, WITHOUT ROWID;"

	/* A row stays for ever: it is also the memory of what has been seen. */
	"CREATE TABLE message ("
	" id INTEGER PRIMARY KEY,"
	" instance_id INTEGER NOT NULL REFERENCES instance,"
	" same_key BLOB NOT NULL,"
	" revision BLOB NOT NULL,"
	" thread_key BLOB,"
	" stage INTEGER NOT NULL,"
	" due_ms INTEGER NOT NULL,"
	" received_ms INTEGER NOT NULL,"
	" arrived_ms INTEGER NOT NULL,"
	" repeats INTEGER NOT NULL DEFAULT 0,"
	" edit_of INTEGER REFERENCES message,"
	" ticket_id INTEGER REFERENCES ticket,"
	" reason TEXT,"
	" UNIQUE (instance_id, same_key, revision)) STRICT;"
	"CREATE INDEX message_due ON message (due_ms, id) WHERE stage = 0;"
	"CREATE INDEX message_new ON message (instance_id, received_ms) WHERE stage = 0;"
	"CREATE INDEX message_before_start ON message (instance_id, arrived_ms) WHERE stage = 5;"
	"CREATE INDEX message_thread ON message (instance_id, thread_key)"
	" WHERE thread_key IS NOT NULL AND ticket_id IS NOT NULL;"
	"CREATE INDEX message_waits ON message (instance_id, thread_key)"
	" WHERE stage = 0 AND thread_key IS NOT NULL;"
	"CREATE INDEX message_ticket ON message (ticket_id) WHERE ticket_id IS NOT NULL;"
	/* [head, raw] by the data key in [wrapped]; NULL there: erased. Apart from
	 * the message because a decision rewrites that row, not this one. */
	"CREATE TABLE message_body ("
	" message_id INTEGER PRIMARY KEY REFERENCES message,"
	" uid BLOB NOT NULL,"
	" wrapped BLOB,"
	" head BLOB NOT NULL,"
	" raw BLOB) STRICT;"
	/* Files in spool/keep; subject as in the audit: 0 message, 4 quarantine. */
	"CREATE TABLE kept ("
	" token TEXT NOT NULL,"
	" subject INTEGER NOT NULL,"
	" subject_id INTEGER NOT NULL,"
	" PRIMARY KEY (token, subject, subject_id)) STRICT, WITHOUT ROWID;"

	"CREATE TABLE ticket ("
	" id INTEGER PRIMARY KEY,"
	" reference TEXT NOT NULL UNIQUE,"
	" instance_id INTEGER NOT NULL REFERENCES instance,"
	" message_id INTEGER REFERENCES message,"
	" created_ms INTEGER NOT NULL,"
	" state INTEGER NOT NULL,"
	" tracking_id TEXT,"
	" reason TEXT) STRICT;"
	"CREATE INDEX ticket_state ON ticket (state, id);"
	"CREATE INDEX ticket_tracking ON ticket (tracking_id) WHERE tracking_id IS NOT NULL;"
	/* [sealed] by its message's data key, so that both are erased together; by
	 * the key in [wrapped] where there is no message. */
	"CREATE TABLE ticket_body ("
	" ticket_id INTEGER PRIMARY KEY REFERENCES ticket,"
	" wrapped BLOB,"
	" sealed BLOB NOT NULL) STRICT;"

	/* waiting: a follow-up whose ticket the centre does not have yet, or
	 * that comes after another one of the same ticket. */
	"CREATE TABLE outbox ("
	" id INTEGER PRIMARY KEY,"
	" ticket_id INTEGER NOT NULL REFERENCES ticket,"
	" message_id INTEGER REFERENCES message,"
	" kind INTEGER NOT NULL,"
	" step INTEGER NOT NULL,"
	" state INTEGER NOT NULL DEFAULT 0,"
	" waiting INTEGER NOT NULL DEFAULT 0,"
	" attempts INTEGER NOT NULL DEFAULT 0,"
	" due_ms INTEGER NOT NULL,"
	" started_ms INTEGER NOT NULL DEFAULT 0,"
	" created_ms INTEGER NOT NULL,"
	" reference TEXT NOT NULL,"
	" file_ids TEXT,"
	" complaint_id TEXT,"
	" lookups INTEGER NOT NULL DEFAULT 0,"
	" lookup_ms INTEGER NOT NULL DEFAULT 0,"
	" why TEXT,"
	" alarmed INTEGER NOT NULL DEFAULT 0) STRICT;"
	"CREATE UNIQUE INDEX outbox_create ON outbox (ticket_id) WHERE kind = 0;"
	"CREATE INDEX outbox_waiting ON outbox (ticket_id) WHERE waiting = 1;"
	"CREATE INDEX outbox_due ON outbox (due_ms, id) WHERE state = 0 AND waiting = 0;"
	"CREATE INDEX outbox_state ON outbox (state, id);"

	/* [remote_id, raw, spooled] by the data key in [wrapped]. */
	"CREATE TABLE quarantine ("
	" id INTEGER PRIMARY KEY,"
	" instance_id INTEGER NOT NULL REFERENCES instance,"
	" record_key BLOB NOT NULL,"
	" at_ms INTEGER NOT NULL,"
	" raw_type TEXT,"
	" reason TEXT,"
	" size INTEGER NOT NULL,"
	" dropped INTEGER NOT NULL DEFAULT 0,"
	" replayed INTEGER NOT NULL DEFAULT 0,"
	" uid BLOB NOT NULL,"
	" wrapped BLOB,"
	" remote_id BLOB,"
	" spooled BLOB,"
	" raw BLOB,"
	" UNIQUE (instance_id, record_key)) STRICT;"
	/* [sealed]: the record's own key, which the child compares. */
	"CREATE TABLE skip ("
	" instance_id INTEGER NOT NULL REFERENCES instance,"
	" record_key BLOB NOT NULL,"
	" deaths INTEGER NOT NULL,"
	" last_ms INTEGER NOT NULL,"
	" sealed BLOB NOT NULL,"
	" PRIMARY KEY (instance_id, record_key)) STRICT, WITHOUT ROWID;"

	/* actor NULL: jembatan itself. */
	"CREATE TABLE audit ("
	" id INTEGER PRIMARY KEY,"
	" at_ms INTEGER NOT NULL,"
	" subject INTEGER NOT NULL,"
	" subject_id INTEGER NOT NULL,"
	" actor TEXT,"
	" what TEXT NOT NULL,"
	" why TEXT) STRICT;"
	"CREATE INDEX audit_subject ON audit (subject, subject_id);"

	/* Running counts, so that a status never scans. counted: 0 messages by
	 * stage, 1 repeats, 2 edits, 3 tickets by state, 4 outbox by state,
	 * 5 quarantined records that wait. */
	"CREATE TABLE tally ("
	" counted INTEGER NOT NULL,"
	" instance_id INTEGER NOT NULL,"
	" key INTEGER NOT NULL,"
	" n INTEGER NOT NULL,"
	" PRIMARY KEY (counted, instance_id, key)) STRICT, WITHOUT ROWID;"
	"CREATE TRIGGER message_added AFTER INSERT ON message BEGIN"
	" INSERT INTO tally VALUES (0, new.instance_id, new.stage, 1)"
	"  ON CONFLICT DO UPDATE SET n = n + 1; END;"
	"CREATE TRIGGER message_moved AFTER UPDATE OF stage ON message"
	" WHEN new.stage <> old.stage BEGIN"
	" UPDATE tally SET n = n - 1"
	"  WHERE counted = 0 AND instance_id = old.instance_id AND key = old.stage;"
	" INSERT INTO tally VALUES (0, new.instance_id, new.stage, 1)"
	"  ON CONFLICT DO UPDATE SET n = n + 1; END;"
	"CREATE TRIGGER message_repeated AFTER UPDATE OF repeats ON message BEGIN"
	" INSERT INTO tally VALUES (1, new.instance_id, 0, 1)"
	"  ON CONFLICT DO UPDATE SET n = n + 1; END;"
	"CREATE TRIGGER message_edited AFTER UPDATE OF edit_of ON message BEGIN"
	" INSERT INTO tally VALUES (2, new.instance_id, 0, 1)"
	"  ON CONFLICT DO UPDATE SET n = n + 1; END;"
	"CREATE TRIGGER ticket_added AFTER INSERT ON ticket BEGIN"
	" INSERT INTO tally VALUES (3, 0, new.state, 1)"
	"  ON CONFLICT DO UPDATE SET n = n + 1; END;"
	"CREATE TRIGGER ticket_moved AFTER UPDATE OF state ON ticket"
	" WHEN new.state <> old.state BEGIN"
	" UPDATE tally SET n = n - 1"
	"  WHERE counted = 3 AND instance_id = 0 AND key = old.state;"
	" INSERT INTO tally VALUES (3, 0, new.state, 1)"
	"  ON CONFLICT DO UPDATE SET n = n + 1; END;"
	"CREATE TRIGGER outbox_added AFTER INSERT ON outbox BEGIN"
	" INSERT INTO tally VALUES (4, 0, new.state, 1)"
	"  ON CONFLICT DO UPDATE SET n = n + 1; END;"
	"CREATE TRIGGER outbox_moved AFTER UPDATE OF state ON outbox"
	" WHEN new.state <> old.state BEGIN"
	" UPDATE tally SET n = n - 1"
	"  WHERE counted = 4 AND instance_id = 0 AND key = old.state;"
	" INSERT INTO tally VALUES (4, 0, new.state, 1)"
	"  ON CONFLICT DO UPDATE SET n = n + 1; END;"
	"CREATE TRIGGER quarantine_added AFTER INSERT ON quarantine BEGIN"
	" INSERT INTO tally VALUES (5, 0, 0, 1)"
	"  ON CONFLICT DO UPDATE SET n = n + 1; END;"
	"CREATE TRIGGER quarantine_moved AFTER UPDATE OF dropped, replayed ON quarantine BEGIN"
	" UPDATE tally SET n = n + (new.dropped + new.replayed = 0)"
	"  - (old.dropped + old.replayed = 0)"
	"  WHERE counted = 5 AND instance_id = 0 AND key = 0; END;";

/* core/store/tally.c counts instead, for a fraction of their cost. */
static const char step_2[] =
	"DROP TRIGGER message_added;"
	"DROP TRIGGER message_moved;"
	"DROP TRIGGER message_repeated;"
	"DROP TRIGGER message_edited;"
	"DROP TRIGGER ticket_added;"
	"DROP TRIGGER ticket_moved;"
	"DROP TRIGGER outbox_added;"
	"DROP TRIGGER outbox_moved;"
	"DROP TRIGGER quarantine_added;"
	"DROP TRIGGER quarantine_moved;";

/* Where copies of this store were put. */
static const char step_4[] =
	"CREATE TABLE backup ("
	" id INTEGER PRIMARY KEY,"
	" made_ms INTEGER NOT NULL,"
	" place TEXT NOT NULL,"
	" bytes INTEGER NOT NULL DEFAULT 0,"
	" digest TEXT) STRICT;";

/* What the intake over HTTP has taken. Both hashes are keyed; several rows may
 * bear one reference when the same message came under several keys. */
static const char step_5[] =
	"CREATE TABLE submission ("
	" id INTEGER PRIMARY KEY,"
	" instance_id INTEGER NOT NULL REFERENCES instance,"
	" idempotency_key BLOB,"
	" body BLOB NOT NULL,"
	" reference TEXT NOT NULL,"
	" message_id INTEGER NOT NULL REFERENCES message,"
	" received_ms INTEGER NOT NULL,"
	" UNIQUE (instance_id, idempotency_key)) STRICT;"
	"CREATE INDEX submission_reference ON submission (reference);"
	"CREATE INDEX submission_message ON submission (message_id);";

/* The additions to one ticket leave one after the other: which are still to go. */
static const char step_6[] =
	"CREATE INDEX outbox_open ON outbox (ticket_id, id) WHERE kind = 1 AND state < 2;";

static const char *const steps[] = { step_1, step_2, schema_follow, step_4, step_5, step_6,
				     schema_duplicates, schema_incomplete, schema_reply, schema_lean,
				     schema_private, schema_retention, schema_reply_reposts,
				     schema_reply_put_off, schema_keys, schema_thread,
				     schema_unreachable, schema_incomplete_all,
				     schema_reply_lean, schema_duplicate_moves,
				     schema_follow_erased, schema_thread_author,
				     schema_reply_told, schema_near_keys };
const struct migrate_steps migrate_all = { steps, COUNT_OF(steps) };
