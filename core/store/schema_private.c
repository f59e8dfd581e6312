/* schema_private.c: what is to be erased, and who looked at whose words. No
 * citizen's words, names or addresses stand here. */
#include "store/migrate.h"

#include "base/poison.h"

const char schema_private[] =
	/* One row for each request. by: 0 a person's words, 1 one ticket. Counts are
	 * of what has been destroyed so far; done_ms 0: still at work. */
	"CREATE TABLE erasure ("
	" id INTEGER PRIMARY KEY,"
	" asked_ms INTEGER NOT NULL,"
	" actor TEXT NOT NULL,"
	" by INTEGER NOT NULL,"
	" messages INTEGER NOT NULL DEFAULT 0,"
	" tickets INTEGER NOT NULL DEFAULT 0,"
	" records INTEGER NOT NULL DEFAULT 0,"
	" files INTEGER NOT NULL DEFAULT 0,"
	" fingerprints INTEGER NOT NULL DEFAULT 0,"
	" replies INTEGER NOT NULL DEFAULT 0,"
	" submissions INTEGER NOT NULL DEFAULT 0,"
	" done_ms INTEGER NOT NULL DEFAULT 0) STRICT;"
	"CREATE INDEX erasure_open ON erasure (id) WHERE done_ms = 0;"
	/* What is left of it; subject as in the audit: 0 message, 4 quarantine. */
	"CREATE TABLE erasure_item ("
	" erasure_id INTEGER NOT NULL REFERENCES erasure,"
	" subject INTEGER NOT NULL,"
	" subject_id INTEGER NOT NULL,"
	" PRIMARY KEY (erasure_id, subject, subject_id)) STRICT, WITHOUT ROWID;"

	/* Who saw which citizen's words, or erased them; subject as in the audit. */
	"CREATE TABLE access ("
	" id INTEGER PRIMARY KEY,"
	" at_ms INTEGER NOT NULL,"
	" actor TEXT NOT NULL,"
	" what TEXT NOT NULL,"
	" subject INTEGER NOT NULL,"
	" subject_id INTEGER NOT NULL) STRICT;"
	"CREATE INDEX access_at ON access (at_ms);";
