/* master.c: which key fits, its files, and the values `local_key`, `old_key` and
 * `mark` of the table meta.
 *
 * Where the key is ours (master.key), a first start and a change write master.key.next
 * before their commit and rename it after: whichever of the two a crash leaves fits. */
#include "store/master.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/file.h"
#include "base/log.h"
#include "store/master_inside.h"
#include "base/poison.h"

#define LOCAL_KEY_LABEL "meta:local_key"
#define OLD_KEY_LABEL "meta:old_key"

static enum jembatan_result read_meta(struct sql *sql, const char *name, struct buf *out,
				      struct why *why)
{
	static const char text[] = "SELECT value FROM meta WHERE name = ?1";
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(sql, text, SQL_VALUES(sql_text(name)));
	enum jembatan_result r = sql_one(sql, s, why);
	buf_clear(out);
	if (r == JEMBATAN_OK)
		buf_add(out, sql_column_bytes(s, 0).data, sql_column_bytes(s, 0).size);
	return r;
}

static enum jembatan_result write_meta(struct db *db, const char *name, struct jembatan_bytes value,
				       struct why *why)
{
	return sql_run(&db->sql, why, "INSERT INTO meta (name, value) VALUES (?1, ?2)"
		       " ON CONFLICT DO UPDATE SET value = excluded.value",
		       SQL_VALUES(sql_text(name), sql_bytes(value.data, value.size)));
}

static bool same_key(const struct box_key *a, const struct box_key *b)
{
	return digest_equal(a->bytes, b->bytes, BOX_KEY_SIZE);
}

/* ---- files of our own key ---------------------------------------------- */

static char *own_file(const struct db *db, const char *ending)
{
	return xasprintf("%s/master.key%s", db->data_dir, ending);
}

/* The next key's file takes the place of the old one's, which stays beside it. */
static enum jembatan_result put_in_place(const struct db *db, struct why *why)
{
	struct box_key old;
	char ending[SEAL_MARK_SIZE + 1] = ".";
	CLEANUP(free_pointer) char *path = own_file(db, "");
	CLEANUP(free_pointer) char *next = own_file(db, ".next");
	enum jembatan_result r = seal_key_from_file(path, &old, why);
	if (r == JEMBATAN_OK && !same_key(&old, &db->master.now)) {
		seal_mark(&old, ending + 1);
		CLEANUP(free_pointer) char *kept = own_file(db, ending);
		if (link(path, kept) != 0 && errno != EEXIST)
			r = why_set(why, JEMBATAN_RETRY, "cannot keep the old key as %s: %s", kept,
				    strerror(errno));
	}
	mem_wipe(&old, sizeof(old));
	if (r != JEMBATAN_OK && r != JEMBATAN_GONE)
		return r;
	FAULT_POINT("key.linked");
	if (rename(next, path) != 0)
		return why_set(why, JEMBATAN_RETRY, "cannot put the new key in place of %s: %s", path,
			       strerror(errno));
	return file_sync_dir(db->data_dir, why);
}

/* What a crash left: the key in use goes to its place, one that was never used away. */
static enum jembatan_result settle_files(const struct db *db, struct why *why)
{
	struct box_key next;
	CLEANUP(free_pointer) char *path = own_file(db, ".next");
	if (!db->has_own_key)
		return JEMBATAN_OK;
	enum jembatan_result r = seal_key_from_file(path, &next, why);
	bool is_used = r == JEMBATAN_OK && same_key(&next, &db->master.now);
	mem_wipe(&next, sizeof(next));
	if (r == JEMBATAN_GONE)
		return JEMBATAN_OK;
	if (is_used)
		return put_in_place(db, why);
	if (unlink(path) != 0)
		return why_set(why, JEMBATAN_RETRY, "cannot remove %s: %s", path, strerror(errno));
	return JEMBATAN_OK;
}

/* ---- finding ----------------------------------------------------------- */

/* The installation's key is sealed by the master key, so it tells whether that fits. */
static bool fits(const struct box_key *key, struct jembatan_bytes local_key,
		 uint8_t out[DB_LOCAL_KEY_SIZE])
{
	struct buf plain;
	buf_init(&plain, DB_LOCAL_KEY_SIZE);
	bool does = box_open(key, LOCAL_KEY_LABEL, local_key, &plain, NULL) == JEMBATAN_OK &&
		    plain.size == DB_LOCAL_KEY_SIZE;
	if (does && out != NULL)
		memcpy(out, plain.data, DB_LOCAL_KEY_SIZE);
	if (plain.data != NULL)
		mem_wipe(plain.data, plain.size);
	buf_done(&plain);
	return does;
}

static enum jembatan_result does_not_fit(struct db *db, const struct box_key *given, bool has_old,
					 struct why *why)
{
	char mark[SEAL_MARK_SIZE];
	CLEANUP(buf_done) struct buf wanted;
	buf_init(&wanted, SEAL_MARK_SIZE);
	seal_mark(given, mark);
	if (read_meta(&db->sql, "mark", &wanted, NULL) != JEMBATAN_OK || wanted.size == 0)
		buf_add_text(&wanted, "unknown");
	return why_set(why, JEMBATAN_CONFIG, "the master key (its mark is %s) does not fit the store in "
		       "%s%s: put back the key that it was made with (mark %s), or name that as "
		       "master_key_old", mark, db->data_dir,
		       has_old ? ", and master_key_old does not either" : "", wanted.data);
}

/* The first of the candidates that opens the store. */
static enum jembatan_result choose(struct db *db, const struct db_secrets *secrets,
				   struct jembatan_bytes local_key, struct why *why)
{
	struct seal_master *m = &db->master;
	struct box_key given = { { 0 } };
	CLEANUP(free_pointer) char *path = own_file(db, ""), *next = own_file(db, ".next");
	enum jembatan_result r = secrets->now != NULL ?
				 seal_key_from_secret(secrets->now, &given, why) :
				 seal_key_from_file(path, &given, why);
	if (r != JEMBATAN_OK && r != JEMBATAN_GONE)
		return r;
	m->now = given;
	if (r == JEMBATAN_OK && fits(&m->now, local_key, db->local_key))
		return settle_files(db, why);
	if (db->has_own_key && seal_key_from_file(next, &m->now, NULL) == JEMBATAN_OK &&
	    fits(&m->now, local_key, db->local_key))
		return settle_files(db, why);
	if (secrets->old != NULL) {
		enum jembatan_result read = seal_key_from_secret(secrets->old, &m->now, why);
		if (read != JEMBATAN_OK)
			return read;
		if (fits(&m->now, local_key, db->local_key)) {
			db->next = given;
			db->has_next = r == JEMBATAN_OK;
			return JEMBATAN_OK;
		}
	}
	if (r == JEMBATAN_GONE)
		return why_set(why, JEMBATAN_CONFIG,
			       "the master key %s is missing, and without it the store cannot be "
			       "read: put it back from where you keep its copy", path);
	return does_not_fit(db, &given, secrets->old != NULL, why);
}

/* While a change goes on, the old key stands here. */
static enum jembatan_result find_old(struct db *db, struct why *why)
{
	CLEANUP(buf_done) struct buf sealed;
	struct jembatan_bytes plain = { 0 };
	buf_init(&sealed, SEAL_WRAPPED_SIZE);
	enum jembatan_result r = read_meta(&db->sql, "old_key", &sealed, why);
	if (r != JEMBATAN_OK)
		return r == JEMBATAN_GONE ? JEMBATAN_OK : r;
	r = db_unseal(db, OLD_KEY_LABEL, buf_bytes(&sealed), &plain, why);
	if (r != JEMBATAN_OK || plain.size != BOX_KEY_SIZE)
		return why_set(why, JEMBATAN_FATAL, "the old master key that the store in %s keeps while "
			       "it is changed is damaged: put back a backup", db->data_dir);
	memcpy(db->master.old.bytes, plain.data, BOX_KEY_SIZE);
	mem_wipe(db->plain.data, db->plain.size);
	db->master.has_old = true;
	return JEMBATAN_OK;
}

enum jembatan_result master_find(struct db *db, const struct db_secrets *secrets, bool is_keyed,
				 struct why *why)
{
	CLEANUP(buf_done) struct buf local_key;
	enum jembatan_result r;
	buf_init(&local_key, 1024);
	db->has_own_key = secrets->now == NULL;
	if (is_keyed) {
		r = read_meta(&db->sql, "local_key", &local_key, why);
		if (r == JEMBATAN_OK)
			r = choose(db, secrets, buf_bytes(&local_key), why);
		return r == JEMBATAN_OK ? find_old(db, why) : r;
	}
	if (secrets->now != NULL)
		return seal_key_from_secret(secrets->now, &db->master.now, why);
	/* In its place only after the first commit: there it says that there was a store. */
	CLEANUP(free_pointer) char *path = own_file(db, ".next");
	r = seal_key_from_file(path, &db->master.now, why);
	if (r == JEMBATAN_GONE)
		r = seal_key_make(path, &db->master.now, why);
	FAULT_POINT("key.first");
	return r;
}

static enum jembatan_result write_keys(struct db *db, struct why *why)
{
	char mark[SEAL_MARK_SIZE];
	seal_mark(&db->master.now, mark);
	enum jembatan_result r = write_meta(db, "local_key",
					    db_seal(db, LOCAL_KEY_LABEL, db_local_key(db)), why);
	return r == JEMBATAN_OK ? write_meta(db, "mark", bytes_text(mark), why) : r;
}

/* A store that an older program made has no mark. */
enum jembatan_result master_settle(struct db *db, bool is_keyed, struct why *why)
{
	CLEANUP(buf_done) struct buf mark;
	buf_init(&mark, SEAL_MARK_SIZE);
	enum jembatan_result r = is_keyed ? read_meta(&db->sql, "mark", &mark, why) : JEMBATAN_GONE;
	if (r != JEMBATAN_GONE)
		return r;
	if (!is_keyed)
		digest_random(db->local_key, sizeof(db->local_key));
	r = db_begin(db, why);
	if (r == JEMBATAN_OK)
		r = write_keys(db, why);
	if (r == JEMBATAN_OK)
		r = db_commit(db, why);
	if (r != JEMBATAN_OK)
		db_abort(db);
	FAULT_POINT("key.settled");
	return r == JEMBATAN_OK && !is_keyed && db->has_own_key ? put_in_place(db, why) : r;
}

void master_offer(struct db *db, const struct db_secrets *secrets)
{
	struct box_key now, old;
	db->has_next = false;
	if (secrets->now == NULL || secrets->old == NULL || db->master.has_old ||
	    seal_key_from_secret(secrets->now, &now, NULL) != JEMBATAN_OK ||
	    seal_key_from_secret(secrets->old, &old, NULL) != JEMBATAN_OK)
		return;
	if (same_key(&old, &db->master.now) && !same_key(&now, &old)) {
		db->next = now;
		db->has_next = true;
		db->has_own_key = false;
	}
	mem_wipe(&now, sizeof(now));
	mem_wipe(&old, sizeof(old));
}

/* ---- a change ---------------------------------------------------------- */

static enum jembatan_result next_key(struct db *db, bool *out_is_made, struct why *why)
{
	CLEANUP(free_pointer) char *path = own_file(db, ".next");
	*out_is_made = false;
	if (db->master.has_old)
		return why_set(why, JEMBATAN_RETRY, "the key is being changed already");
	if (db->has_next)
		return JEMBATAN_OK;
	if (!db->has_own_key)
		return why_set(why, JEMBATAN_CONFIG, "there is no other key to change to: let master_key "
			       "name the new one and master_key_old the one in use, restart, and say "
			       "this again");
	enum jembatan_result r = settle_files(db, why);
	if (r == JEMBATAN_OK)
		r = seal_key_make(path, &db->next, why);
	*out_is_made = r == JEMBATAN_OK;
	return r;
}

/* In the transaction, under the new key already. */
static enum jembatan_result note_old(struct db *db, struct why *why)
{
	char mark[SEAL_MARK_SIZE];
	const struct box_key *old = &db->master.old;
	seal_mark(old, mark);
	enum jembatan_result r = write_keys(db, why);
	if (r == JEMBATAN_OK)
		r = write_meta(db, "old_key",
			       db_seal(db, OLD_KEY_LABEL, bytes_of(old->bytes, BOX_KEY_SIZE)), why);
	if (r == JEMBATAN_OK)
		r = sql_run(&db->sql, why, "UPDATE backup SET key_mark = ?1 WHERE key_mark IS NULL",
			    SQL_VALUES(sql_text(mark)));
	return r;
}

static void take_back(struct db *db)
{
	db_abort(db);
	db->master.now = db->master.old;
	mem_wipe(&db->master.old, sizeof(db->master.old));
	db->master.has_old = false;
}

enum jembatan_result master_begin(struct db *db, const char *actor, int64_t now_ms,
				  struct why *why)
{
	bool is_made = false;
	enum jembatan_result r = next_key(db, &is_made, why);
	if (r != JEMBATAN_OK)
		return r;
	FAULT_POINT("key.made");
	r = db_begin(db, why);
	if (r != JEMBATAN_OK)
		return r;
	db->master = (struct seal_master){ .now = db->next, .old = db->master.now, .has_old = true };
	r = note_old(db, why);
	if (r == JEMBATAN_OK)
		r = master_walk_begin(db, actor, now_ms, why);
	FAULT_POINT("key.switch");
	if (r == JEMBATAN_OK)
		r = db_commit(db, why);
	if (r != JEMBATAN_OK) {
		take_back(db);
		return r;
	}
	FAULT_POINT("key.switched");
	mem_wipe(&db->next, sizeof(db->next));
	db->has_next = false;
	if (is_made && put_in_place(db, why) != JEMBATAN_OK)
		log_warning("store", "%s; the next start tries again", why->text);
	return JEMBATAN_OK;
}

/* A copy may lie where no log can be made beside it. The caller frees. */
static char *immutable_uri(const char *path)
{
	struct buf uri;
	buf_init(&uri, 16384);
	buf_add_text(&uri, "file:");
	for (const char *p = path; *p != '\0'; p++) {
		bool is_plain = isalnum((unsigned char)*p) || strchr("/._-", *p) != NULL;
		buf_printf(&uri, is_plain ? "%c" : "%%%02X", (unsigned char)*p);
	}
	buf_add_text(&uri, "?immutable=1");
	return buf_take(&uri);
}

enum jembatan_result master_fits(struct db *db, const char *path, struct why *why)
{
	struct sql copy = { .folder = db->data_dir };
	CLEANUP(buf_done) struct buf local_key;
	CLEANUP(free_pointer) char *uri = immutable_uri(path);
	buf_init(&local_key, 1024);
	bool is_open = sqlite3_open_v2(uri, &copy.handle, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI |
				       SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK;
	enum jembatan_result r = is_open ? read_meta(&copy, "local_key", &local_key, why) :
					   JEMBATAN_GONE;
	sql_close(&copy);
	if (r != JEMBATAN_OK)
		return why_set(why, JEMBATAN_GONE, "%s cannot be read as a store", path);
	return fits(&db->master.now, buf_bytes(&local_key), NULL) ? JEMBATAN_OK :
	       why_set(why, JEMBATAN_DATA, "another key opens %s", path);
}
