/* schema_follow.c: what the centre says of our tickets. Sealed columns are
 * named in brackets, as in schema.c. */
#include "store/migrate.h"

#include "base/poison.h"

const char schema_follow[] =
	/* One row for each ticket that the centre has taken. due_ms NULL: never
	 * asked again; 0: no time chosen yet. [raw] by the ticket's key. */
	"CREATE TABLE follow ("
	" ticket_id INTEGER PRIMARY KEY REFERENCES ticket,"
	" state INTEGER NOT NULL DEFAULT 0,"
	" changed_ms INTEGER NOT NULL DEFAULT 0,"
	" log_ms INTEGER NOT NULL DEFAULT 0,"
	" institution_id TEXT,"
	" raw BLOB,"
	" asked_ms INTEGER NOT NULL DEFAULT 0,"
	" due_ms INTEGER DEFAULT 0,"
	" failures INTEGER NOT NULL DEFAULT 0,"
	" missing INTEGER NOT NULL DEFAULT 0,"
	" checked_ms INTEGER NOT NULL DEFAULT 0) STRICT;"
	"CREATE INDEX follow_due ON follow (due_ms, ticket_id) WHERE due_ms IS NOT NULL;"
	"CREATE INDEX follow_checked ON follow (checked_ms, ticket_id) WHERE due_ms IS NOT NULL;"

	/* Lines of its log and follow-ups, each once: entry_key is a keyed hash.
	 * [sealed] by the ticket's key. kind: 0 log, 1 follow-up. */
	"CREATE TABLE follow_entry ("
	" id INTEGER PRIMARY KEY,"
	" ticket_id INTEGER NOT NULL REFERENCES ticket,"
	" kind INTEGER NOT NULL,"
	" entry_key BLOB NOT NULL,"
	" at_ms INTEGER NOT NULL,"
	" seen_ms INTEGER NOT NULL,"
	" sealed BLOB NOT NULL,"
	" UNIQUE (ticket_id, entry_key)) STRICT;"

	/* Status words that the table does not know; word_key is a keyed hash.
	 * [sealed] */
	"CREATE TABLE follow_word ("
	" word_key BLOB PRIMARY KEY,"
	" first_ms INTEGER NOT NULL,"
	" n INTEGER NOT NULL,"
	" sealed BLOB NOT NULL) STRICT, WITHOUT ROWID;"

	/* The centre's public lists. kind: 0 institutions, 1 templates. */
	"CREATE TABLE central_name ("
	" kind INTEGER NOT NULL,"
	" id TEXT NOT NULL,"
	" name TEXT NOT NULL,"
	" PRIMARY KEY (kind, id)) STRICT, WITHOUT ROWID;"

	/* Where the centre and we differ, by the last nightly comparison. ours and
	 * theirs: states and institution ids; accepted: what of theirs a person
	 * has taken for right. */
	"CREATE TABLE difference ("
	" ticket_id INTEGER NOT NULL REFERENCES ticket,"
	" kind INTEGER NOT NULL,"
	" ours TEXT,"
	" theirs TEXT,"
	" accepted TEXT,"
	" first_ms INTEGER NOT NULL,"
	" run_ms INTEGER NOT NULL,"
	" PRIMARY KEY (ticket_id, kind)) STRICT, WITHOUT ROWID;"

	/* A ticket is followed from the moment it is pushed (state 2). */
	"CREATE TRIGGER follow_pushed AFTER UPDATE OF state, tracking_id ON ticket"
	" WHEN new.state = 2 AND new.tracking_id IS NOT NULL BEGIN"
	" INSERT INTO follow (ticket_id) VALUES (new.id) ON CONFLICT DO NOTHING; END;"

	"INSERT INTO follow (ticket_id)"
	" SELECT id FROM ticket WHERE state = 2 AND tracking_id IS NOT NULL;"
	"INSERT INTO tally SELECT 6, 0, 0, count(*) FROM follow;"
	"INSERT INTO tally SELECT 7, 0, 0, count(*) FROM follow;";

/* Of a ticket whose words were erased: whether it was secret; NULL: they are here. */
const char schema_follow_erased[] = "ALTER TABLE follow ADD COLUMN secret INTEGER;";
