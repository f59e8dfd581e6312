/* schema_thread.c: two names of one conversation, and how records are named. */
#include "store/migrate.h"

#include "base/poison.h"

/* Both are keyed hashes, as message.thread_key: what is called [alias] stands
 * under [thread_key]. at_ms: of the message that said so. */
const char schema_thread[] =
	"CREATE TABLE thread_alias ("
	" instance_id INTEGER NOT NULL REFERENCES instance,"
	" alias BLOB NOT NULL,"
	" thread_key BLOB NOT NULL,"
	" at_ms INTEGER NOT NULL,"
	" PRIMARY KEY (instance_id, alias)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX thread_alias_thread ON thread_alias (instance_id, thread_key);";

/* The message that said so: its author is whom both names mean. NULL: a receipt did. */
const char schema_thread_author[] =
	"ALTER TABLE thread_alias ADD COLUMN message_id INTEGER REFERENCES message;";

/* A store keeps the keys it began with: a record that comes again must get the one
 * that it has. */
const char schema_near_keys[] =
	"INSERT INTO flag (name, value) SELECT 'near_keys', 1"
	" WHERE NOT EXISTS (SELECT 1 FROM message);";
