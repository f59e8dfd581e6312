/* schema_duplicates.c: which complaints are one. Sealed columns are named in
 * brackets, as in schema.c. */
#include "store/migrate.h"

#include "base/poison.h"

const char schema_duplicates[] =
	/* One row for each complaint that was compared, in the order of the decisions.
	 * incident and nearest are ids of this table; former: the incident that a
	 * person took it out of. NULL in [fingerprint], which the message's data key
	 * seals: older than the window. */
	"CREATE TABLE duplicate ("
	" id INTEGER PRIMARY KEY,"
	" message_id INTEGER NOT NULL UNIQUE REFERENCES message,"
	" added_ms INTEGER NOT NULL,"
	" incident INTEGER NOT NULL,"
	" former INTEGER,"
	" decision INTEGER NOT NULL,"
	" settled INTEGER NOT NULL DEFAULT 0,"
	" permille INTEGER NOT NULL,"
	" nearest INTEGER,"
	" evidence TEXT,"
	" fingerprint BLOB) STRICT;"
	"CREATE INDEX duplicate_incident ON duplicate (incident) WHERE incident <> id;"
	"CREATE INDEX duplicate_listed ON duplicate (decision, id) WHERE decision > 0;"

	/* Where a message was before a person joined its ticket to another one. */
	"CREATE TABLE duplicate_move ("
	" message_id INTEGER PRIMARY KEY REFERENCES message,"
	" ticket_id INTEGER NOT NULL REFERENCES ticket,"
	" stage INTEGER NOT NULL,"
	" ticket_state INTEGER NOT NULL) STRICT;"
	"CREATE INDEX duplicate_move_ticket ON duplicate_move (ticket_id);";

/* What was moved may be moved again with the ticket that it is in: a row for each. The
 * first one of a message is its own ticket. */
const char schema_duplicate_moves[] =
	"CREATE TABLE duplicate_move_next ("
	" id INTEGER PRIMARY KEY,"
	" message_id INTEGER NOT NULL REFERENCES message,"
	" ticket_id INTEGER NOT NULL REFERENCES ticket,"
	" stage INTEGER NOT NULL,"
	" ticket_state INTEGER NOT NULL,"
	" UNIQUE (message_id, ticket_id)) STRICT;"
	"INSERT INTO duplicate_move_next (message_id, ticket_id, stage, ticket_state)"
	" SELECT message_id, ticket_id, stage, ticket_state FROM duplicate_move;"
	"DROP TABLE duplicate_move;"
	"ALTER TABLE duplicate_move_next RENAME TO duplicate_move;"
	"CREATE INDEX duplicate_move_ticket ON duplicate_move (ticket_id);";
