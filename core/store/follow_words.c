/* follow_words.c: see follow_words.h. */
#include "store/follow_words.h"

#include "base/jx.h"
#include "store/db_inside.h"
#include "base/poison.h"

#define LABEL "follow_word"

static struct digest key_of(const struct db *db, const char *code, const char *name)
{
	struct digest_state *s = digest_begin(db_local_key(db));
	digest_part_text(s, LABEL);
	digest_part_text(s, code);
	digest_part_text(s, name);
	return digest_end(s);
}

static enum jembatan_result add(struct db *db, const struct digest *key, const char *code,
				const char *name, int64_t now_ms, bool *out_is_new,
				struct why *why)
{
	CLEANUP(jx_decref) json_t *json = json_pack("{s:s?,s:s?}", "code", code, "name", name);
	CLEANUP(free_pointer) char *text = jx_dump(json);
	int64_t count = 0;
	enum jembatan_result r = sql_get_number(&db->sql, why, &count,
						"SELECT count(*) FROM follow_word", SQL_NOTHING);
	if (r != JEMBATAN_OK || count >= (int64_t)FOLLOW_WORDS_MAX)
		return r;
	struct jembatan_bytes sealed = db_seal(db, LABEL, bytes_text(text));
	*out_is_new = true;
	return sql_run(&db->sql, why,
		       "INSERT INTO follow_word (word_key, first_ms, n, sealed)"
		       " VALUES (?1, ?2, 1, ?3)",
		       SQL_VALUES(sql_bytes(key->bytes, DIGEST_SIZE), sql_number(now_ms),
				  sql_bytes(sealed.data, sealed.size)));
}

enum jembatan_result follow_words_note(struct db *db, const char *code, const char *name,
				       int64_t now_ms, bool *out_is_new, struct why *why)
{
	struct digest key = key_of(db, code, name);
	enum jembatan_result r = sql_run(&db->sql, why,
					 "UPDATE follow_word SET n = n + 1 WHERE word_key = ?1",
					 SQL_VALUES(sql_bytes(key.bytes, DIGEST_SIZE)));
	*out_is_new = false;
	if (r != JEMBATAN_OK || sql_changes(&db->sql) > 0)
		return r;
	return add(db, &key, code, name, now_ms, out_is_new, why);
}

enum jembatan_result follow_words_remove(struct db *db, const char *code, const char *name,
					 struct why *why)
{
	struct digest key = key_of(db, code, name);
	return sql_run(&db->sql, why, "DELETE FROM follow_word WHERE word_key = ?1",
		       SQL_VALUES(sql_bytes(key.bytes, DIGEST_SIZE)));
}

enum jembatan_result follow_words_list(struct db *db, struct arena *arena, struct follow_word *out,
				       size_t *out_count, struct why *why)
{
	static const char text[] = "SELECT first_ms, n, sealed FROM follow_word"
				   " ORDER BY first_ms LIMIT ?1";
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(&db->sql, text,
						     SQL_VALUES(sql_number(FOLLOW_WORDS_MAX)));
	enum jembatan_result r;
	size_t n = 0;
	while (sql_next(&db->sql, s, &r, why)) {
		CLEANUP(jx_decref) json_t *json = NULL;
		struct jembatan_bytes plain;
		if (db_unseal(db, LABEL, sql_column_bytes(s, 2), &plain, NULL) != JEMBATAN_OK ||
		    jx_parse(plain, &json, NULL) != JEMBATAN_OK)
			continue;
		out[n++] = (struct follow_word){
			.code = arena_strdup(arena, jx_text(json, "code")),
			.name = arena_strdup(arena, jx_text(json, "name")),
			.first_ms = sqlite3_column_int64(s, 0),
			.count = sqlite3_column_int64(s, 1),
		};
	}
	if (r == JEMBATAN_OK)
		*out_count = n;
	return r;
}
