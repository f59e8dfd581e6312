/* sql.c: prepared statements and the meaning of SQLite's results. */
#include "store/sql.h"

#include <limits.h>
#include <string.h>

#include "base/poison.h"

struct sql_value sql_number(int64_t number)
{
	return (struct sql_value){ SQLITE_INTEGER, number, NULL, 0 };
}

struct sql_value sql_id(int64_t id)
{
	return (struct sql_value){ id != 0 ? SQLITE_INTEGER : SQLITE_NULL, id, NULL, 0 };
}

struct sql_value sql_text(const char *text)
{
	if (text == NULL)
		return (struct sql_value){ SQLITE_NULL, 0, NULL, 0 };
	return (struct sql_value){ SQLITE_TEXT, 0, text, strlen(text) };
}

struct sql_value sql_bytes(const void *data, size_t size)
{
	return (struct sql_value){ size != 0 ? SQLITE_BLOB : SQLITE_NULL, 0, data, size };
}

/* After some failures SQLite has rolled back by itself; what is asked of it then
 * would be committed at once, alone. */
static bool was_rolled_back(const struct sql *sql)
{
	return sql->in_transaction && sqlite3_get_autocommit(sql->handle);
}

enum jembatan_result sql_failed(struct sql *sql, struct why *why)
{
	int code = sqlite3_extended_errcode(sql->handle);
	int saved = sqlite3_system_errno(sql->handle);
	switch (code & 0xff) {
	case SQLITE_FULL:
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
		return why_set(why, JEMBATAN_RETRY,
			       "cannot write to %s (%s): free space there or mend the disk; "
			       "nothing that was acknowledged is lost, and work goes on by itself",
			       sql->folder, saved != 0 ? strerror(saved) : sqlite3_errstr(code));
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return why_set(why, JEMBATAN_RETRY,
			       "another program holds the database in %s: end it", sql->folder);
	case SQLITE_CONSTRAINT:
	case SQLITE_TOOBIG:
		return why_set(why, JEMBATAN_DATA, "the store refuses a row: %s",
			       sqlite3_errmsg(sql->handle));
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return why_set(why, JEMBATAN_FATAL,
			       "the database in %s is damaged: stop, keep a copy of the folder, "
			       "and put back a backup", sql->folder);
	default:
		return why_set(why, JEMBATAN_FATAL, "the database in %s: %s", sql->folder,
			       sqlite3_errmsg(sql->handle));
	}
}

/* Statements are literals, so their addresses are their names. */
static sqlite3_stmt *prepared(struct sql *sql, const char *text)
{
	size_t at = ((uintptr_t)text >> 3) * 0x9E3779B97F4A7C15u >> 32 & (SQL_CACHE - 1);
	for (size_t i = 0; i < SQL_CACHE; i++, at = (at + 1) & (SQL_CACHE - 1)) {
		if (sql->cache[at].text == text)
			return sql->cache[at].statement;
		if (sql->cache[at].text == NULL)
			break;
	}
	ASSERT(sql->cache[at].text == NULL);
	sqlite3_stmt *s = NULL;
	int code = sqlite3_prepare_v3(sql->handle, text, -1, SQLITE_PREPARE_PERSISTENT, &s, NULL);
	if (code != SQLITE_OK)
		return NULL;
	sql->cache[at].text = text;
	sql->cache[at].statement = s;
	return s;
}

static void bind(sqlite3_stmt *s, int at, const struct sql_value *v)
{
	int code = SQLITE_OK;
	switch (v->type) {
	case SQLITE_INTEGER:
		code = sqlite3_bind_int64(s, at, v->number);
		break;
	case SQLITE_TEXT:
		code = sqlite3_bind_text64(s, at, v->data, v->size, SQLITE_STATIC, SQLITE_UTF8);
		break;
	case SQLITE_BLOB:
		code = sqlite3_bind_blob64(s, at, v->data, v->size, SQLITE_STATIC);
		break;
	default:
		code = sqlite3_bind_null(s, at);
	}
	ASSERT(code == SQLITE_OK);
}

sqlite3_stmt *sql_query(struct sql *sql, const char *text, const struct sql_value *values,
			size_t count)
{
	sqlite3_stmt *s = prepared(sql, text);
	if (s == NULL || (was_rolled_back(sql) && !sqlite3_stmt_readonly(s)))
		return NULL;
	ASSERT((size_t)sqlite3_bind_parameter_count(s) == count);
	ASSERT(sql->in_transaction || sqlite3_stmt_readonly(s));
	for (size_t i = 0; i < count; i++)
		bind(s, (int)i + 1, &values[i]);
	return s;
}

void sql_end(sqlite3_stmt **statement)
{
	if (*statement != NULL)
		sqlite3_reset(*statement);
	*statement = NULL;
}

bool sql_next(struct sql *sql, sqlite3_stmt *s, enum jembatan_result *out_result, struct why *why)
{
	int code = s != NULL ? sqlite3_step(s) : SQLITE_ERROR;
	if (code == SQLITE_ROW)
		return true;
	if (s == NULL && was_rolled_back(sql)) {
		*out_result = why_set(why, JEMBATAN_RETRY, "the disk under %s failed earlier in this "
				      "transaction: nothing of it was stored", sql->folder);
		return false;
	}
	*out_result = code == SQLITE_DONE ? JEMBATAN_OK : sql_failed(sql, why);
	return false;
}

enum jembatan_result sql_one(struct sql *sql, sqlite3_stmt *s, struct why *why)
{
	enum jembatan_result r;
	if (sql_next(sql, s, &r, why))
		return JEMBATAN_OK;
	return r == JEMBATAN_OK ? why_set(why, JEMBATAN_GONE, "there is no such row") : r;
}

enum jembatan_result sql_run(struct sql *sql, struct why *why, const char *text,
			     const struct sql_value *values, size_t count)
{
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(sql, text, values, count);
	enum jembatan_result r;
	while (sql_next(sql, s, &r, why))
		continue;
	return r;
}

enum jembatan_result sql_get_number(struct sql *sql, struct why *why, int64_t *out,
				    const char *text, const struct sql_value *values, size_t count)
{
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(sql, text, values, count);
	enum jembatan_result r = sql_one(sql, s, why);
	if (r == JEMBATAN_OK)
		*out = sqlite3_column_int64(s, 0);
	return r;
}

int64_t sql_changes(struct sql *sql)
{
	return sqlite3_changes64(sql->handle);
}

int64_t sql_last_id(struct sql *sql)
{
	return sqlite3_last_insert_rowid(sql->handle);
}

const char *sql_column_text(sqlite3_stmt *s, int column, struct arena *arena)
{
	const unsigned char *text = sqlite3_column_text(s, column);
	if (text == NULL)
		return NULL;
	return arena_strndup(arena, (const char *)text, (size_t)sqlite3_column_bytes(s, column));
}

struct jembatan_bytes sql_column_bytes(sqlite3_stmt *s, int column)
{
	const void *data = sqlite3_column_blob(s, column);
	return bytes_of(data, (size_t)sqlite3_column_bytes(s, column));
}

enum jembatan_result sql_script(struct sql *sql, const char *text, struct why *why)
{
	if (sqlite3_exec(sql->handle, text, NULL, NULL, NULL) != SQLITE_OK)
		return sql_failed(sql, why);
	return JEMBATAN_OK;
}

void sql_rollback(struct sql *sql)
{
	if (!sqlite3_get_autocommit(sql->handle))
		sqlite3_exec(sql->handle, "ROLLBACK", NULL, NULL, NULL);
}

void sql_close(struct sql *sql)
{
	for (size_t i = 0; i < SQL_CACHE; i++)
		sqlite3_finalize(sql->cache[i].statement);
	ASSERT(sqlite3_close(sql->handle) == SQLITE_OK);
	*sql = (struct sql){ 0 };
}
