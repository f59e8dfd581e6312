/* schema_retention.c: what is destroyed is found by its message. */
#include "store/migrate.h"

#include "base/poison.h"

const char schema_retention[] =
	"CREATE INDEX kept_subject ON kept (subject, subject_id);"
	"CREATE INDEX reply_message ON reply (message_id);"
	"CREATE INDEX outbox_files ON outbox (ticket_id) WHERE file_ids IS NOT NULL;";
