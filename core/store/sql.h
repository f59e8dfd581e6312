/* sql.h: internal to core/store. SQLite with prepared statements kept, values
 * bound by type, and every failure turned into what the caller should do.
 * Knows no table. */
#ifndef STORE_SQL_H
#define STORE_SQL_H

#include <sqlite3.h>

#include "base/arena.h"
#include "base/digest.h"
#include "base/why.h"

#define SQL_CACHE 1024u /* a power of two, well above the number of statements */

struct sql {
	sqlite3 *handle;
	const char *folder; /* for sentences about the disk */
	bool in_transaction;
	struct {
		const char *text;
		sqlite3_stmt *statement;
	} cache[SQL_CACHE];
};

struct sql_value {
	int type; /* SQLITE_INTEGER, SQLITE_TEXT, SQLITE_BLOB, SQLITE_NULL */
	int64_t number;
	const void *data;
	size_t size;
};

struct sql_value sql_number(int64_t number);
struct sql_value sql_id(int64_t id);          /* 0 becomes NULL */
struct sql_value sql_text(const char *text);  /* NULL becomes NULL */
struct sql_value sql_bytes(const void *data, size_t size); /* empty becomes NULL */

/* The last two arguments of sql_run and sql_query. */
#define SQL_VALUES(...) \
	(const struct sql_value[]){ __VA_ARGS__ }, \
	sizeof((const struct sql_value[]){ __VA_ARGS__ }) / sizeof(struct sql_value)
#define SQL_NOTHING NULL, 0

/* Text must be a literal: statements are kept by its address. A statement that
 * writes needs an open transaction. */
MUST_CHECK enum jembatan_result sql_run(struct sql *sql, struct why *why, const char *text,
					const struct sql_value *values, size_t count);
int64_t sql_changes(struct sql *sql); /* rows that the last sql_run changed */
int64_t sql_last_id(struct sql *sql);

/* Start a query; NULL when it cannot be prepared, which sql_next reports.
 * Hold it with CLEANUP(sql_end). */
sqlite3_stmt *sql_query(struct sql *sql, const char *text, const struct sql_value *values,
			size_t count);
void sql_end(sqlite3_stmt **statement);
/* True while there is a row; at the end *out_result is OK or the failure. */
bool sql_next(struct sql *sql, sqlite3_stmt *s, enum jembatan_result *out_result,
	      struct why *why);
/* The one row of a query: OK, GONE when there is none, or the failure. */
MUST_CHECK enum jembatan_result sql_one(struct sql *sql, sqlite3_stmt *s, struct why *why);
/* One number; GONE when there is no row. */
MUST_CHECK enum jembatan_result sql_get_number(struct sql *sql, struct why *why, int64_t *out,
					       const char *text, const struct sql_value *values,
					       size_t count);

const char *sql_column_text(sqlite3_stmt *s, int column, struct arena *arena);
struct jembatan_bytes sql_column_bytes(sqlite3_stmt *s, int column); /* until the next step */

/* Several statements without values (pragmas, migrations). */
MUST_CHECK enum jembatan_result sql_script(struct sql *sql, const char *text, struct why *why);
/* Does nothing where SQLite has rolled back by itself. */
void sql_rollback(struct sql *sql);
/* What the last error of the handle means. */
enum jembatan_result sql_failed(struct sql *sql, struct why *why);

void sql_close(struct sql *sql);

#endif
