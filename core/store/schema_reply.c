/* schema_reply.c: what is said to citizens. No address, no text and no remote id
 * stands here: an address is the message's own, found anew when it is needed,
 * so erasing the message erases it; keys are keyed hashes. */
#include "store/migrate.h"

#include "base/poison.h"

/* Written while the flag replies.on is set, by whatever statement changes the
 * rows: nobody who decides, pushes or reads a status can forget it. Of messages and
 * numbers only until the last step below. */
#define IS_ON " AND (SELECT value FROM flag WHERE name = 'replies.on') = 1"

const char schema_reply[] =
	/* What is to be told, in the transaction in which it happens. kind: 0 a
	 * message belongs to a ticket, 1 the ticket has its number, 2 its state at
	 * the centre changed, 3 a question to the citizen, 4 a message cannot be
	 * read, 5 a reply did not get through. message_id: only to this reporter.
	 * after_id: the reporters up to this message have been told. */
	"CREATE TABLE reply_news ("
	" id INTEGER PRIMARY KEY,"
	" kind INTEGER NOT NULL,"
	" ticket_id INTEGER REFERENCES ticket,"
	" message_id INTEGER REFERENCES message,"
	" reply_id INTEGER REFERENCES reply,"
	" status INTEGER NOT NULL DEFAULT 0,"
	" after_id INTEGER NOT NULL DEFAULT 0,"
	" at_ms INTEGER NOT NULL) STRICT;"

	/* waiting: behind another one of the same ticket and address. */
	"CREATE TABLE reply ("
	" id INTEGER PRIMARY KEY,"
	" ticket_id INTEGER REFERENCES ticket,"
	" message_id INTEGER NOT NULL REFERENCES message,"
	" instance_id INTEGER NOT NULL REFERENCES instance,"
	" event INTEGER NOT NULL,"
	" state INTEGER NOT NULL DEFAULT 0,"
	" status INTEGER NOT NULL DEFAULT 0,"
	" to_kind TEXT NOT NULL,"
	" address_key BLOB NOT NULL,"
	" reference TEXT NOT NULL UNIQUE,"
	" waiting INTEGER NOT NULL DEFAULT 0,"
	" settling INTEGER NOT NULL DEFAULT 0,"
	" attempts INTEGER NOT NULL DEFAULT 0,"
	" settles INTEGER NOT NULL DEFAULT 0,"
	" repeated INTEGER NOT NULL DEFAULT 0,"
	" due_ms INTEGER NOT NULL,"
	" created_ms INTEGER NOT NULL,"
	" started_ms INTEGER NOT NULL DEFAULT 0,"
	" sent_ms INTEGER NOT NULL DEFAULT 0,"
	" remote_key BLOB,"
	" fallback_of INTEGER REFERENCES reply,"
	" missed INTEGER NOT NULL DEFAULT 0,"
	" why TEXT) STRICT;"
	"CREATE INDEX reply_due ON reply (instance_id, due_ms, id)"
	" WHERE state IN (0, 6) AND waiting = 0;"
	"CREATE INDEX reply_open ON reply (address_key, ticket_id, id) WHERE state IN (0, 1, 6);"
	"CREATE INDEX reply_sending ON reply (id) WHERE state = 1;"
	"CREATE INDEX reply_address ON reply (address_key, started_ms);"
	"CREATE INDEX reply_ticket ON reply (ticket_id, id);"
	"CREATE INDEX reply_remote ON reply (remote_key) WHERE remote_key IS NOT NULL;"
	"CREATE INDEX reply_missed ON reply (id) WHERE missed = 1;"
	"CREATE INDEX reply_state ON reply (state, id);"

	"CREATE TRIGGER reply_joined AFTER UPDATE OF stage ON message"
	" WHEN old.stage = 0 AND new.stage IN (1, 2) AND new.ticket_id IS NOT NULL" IS_ON
	" BEGIN INSERT INTO reply_news (kind, ticket_id, message_id, at_ms)"
	" VALUES (0, new.ticket_id, new.id, new.received_ms); END;"
	/* It was moved to another ticket: its author hears of that one's number. */
	"CREATE TRIGGER reply_moved AFTER UPDATE OF ticket_id ON message"
	" WHEN old.ticket_id <> new.ticket_id AND new.stage IN (1, 2)" IS_ON
	" BEGIN INSERT INTO reply_news (kind, ticket_id, message_id, at_ms)"
	" VALUES (0, new.ticket_id, new.id, new.received_ms); END;"
	"CREATE TRIGGER reply_number AFTER UPDATE OF tracking_id ON ticket"
	" WHEN old.tracking_id IS NULL AND new.tracking_id IS NOT NULL" IS_ON
	" BEGIN INSERT INTO reply_news (kind, ticket_id, at_ms)"
	" VALUES (1, new.id, new.created_ms); END;"
	"CREATE TRIGGER reply_status AFTER UPDATE OF state ON follow"
	" WHEN new.state <> old.state" IS_ON
	" BEGIN INSERT INTO reply_news (kind, ticket_id, status, at_ms)"
	" VALUES (2, new.ticket_id, new.state, new.changed_ms); END;";

/* Who says it again (stage 7) hears of it as well. */
const char schema_reply_reposts[] =
	"DROP TRIGGER reply_joined;"
	"DROP TRIGGER reply_moved;"
	"CREATE TRIGGER reply_joined AFTER UPDATE OF stage ON message"
	" WHEN old.stage = 0 AND new.stage IN (1, 2, 7) AND new.ticket_id IS NOT NULL" IS_ON
	" BEGIN INSERT INTO reply_news (kind, ticket_id, message_id, at_ms)"
	" VALUES (0, new.ticket_id, new.id, new.received_ms); END;"
	"CREATE TRIGGER reply_moved AFTER UPDATE OF ticket_id ON message"
	" WHEN old.ticket_id <> new.ticket_id AND new.stage IN (1, 2, 7)" IS_ON
	" BEGIN INSERT INTO reply_news (kind, ticket_id, message_id, at_ms)"
	" VALUES (0, new.ticket_id, new.id, new.received_ms); END;";

/* How often a channel asked to wait: mail is given up after days. */
const char schema_reply_put_off[] =
	"ALTER TABLE reply ADD COLUMN put_off INTEGER NOT NULL DEFAULT 0;";

/* For a list of three SQLite fills a table at each change of a row, and each trigger
 * is a program of its own: together half of what it cost to leave a stage. */
const char schema_reply_lean[] =
	"DROP TRIGGER reply_joined;"
	"DROP TRIGGER reply_moved;"
	"CREATE TRIGGER reply_joined AFTER UPDATE OF stage, ticket_id ON message"
	" WHEN (SELECT value FROM flag WHERE name = 'replies.on') = 1"
	" AND (old.stage = 0 OR old.ticket_id <> new.ticket_id) AND new.ticket_id IS NOT NULL"
	" AND (new.stage = 1 OR new.stage = 2 OR new.stage = 7)"
	" BEGIN INSERT INTO reply_news (kind, ticket_id, message_id, at_ms)"
	" VALUES (0, new.ticket_id, new.id, new.received_ms); END;"
	/* outbox_open took its place. */
	"DROP INDEX outbox_waiting;";

/* reply_news.c says both: for a trigger SQLite keeps a copy of each page that a statement
 * changes. */
const char schema_reply_told[] =
	"DROP TRIGGER reply_joined;"
	"DROP TRIGGER reply_number;";
