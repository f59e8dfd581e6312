/* schema_keys.c: which master key each backup needs. */
#include "store/migrate.h"

#include "base/poison.h"

/* The mark of the key; NULL: of the one in use, or of a time before marks. */
const char schema_keys[] = "ALTER TABLE backup ADD COLUMN key_mark TEXT;";
