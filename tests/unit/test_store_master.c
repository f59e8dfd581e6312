/* test_store_master.c: changing the master key: everything that it seals is sealed
 * by the new one, whatever a kill leaves goes on, and no other key is guessed. */
#include "store_unit.h"

#include "store/backup.h"
#include "store/backups.h"
#include "store/erase.h"
#include "store/follow_words.h"
#include "store/master_inside.h"

#define MESSAGES 150 /* several windows */

static const char key_a[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
static const char key_b[] = "10112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
static const char key_c[] = "20112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

static void close_it(void)
{
	db_close(db);
	db = NULL;
}

static enum jembatan_result open_with(const char *now, const char *old)
{
	struct db_secrets secrets = { now != NULL ? secret_new(now, strlen(now)) : NULL,
				      old != NULL ? secret_new(old, strlen(old)) : NULL };
	enum jembatan_result r = db_open_keys(folder, &secrets, &db, &why);
	secret_free((struct secret *)(uintptr_t)secrets.now);
	secret_free((struct secret *)(uintptr_t)secrets.old);
	return r;
}

static const char *path_of(const char *name)
{
	return arena_printf(arena, "%s/%s", folder, name);
}

static bool is_there(const char *name)
{
	return access(path_of(name), F_OK) == 0;
}

/* ---- a store with all that the master key seals ------------------------- */

static void fill(void)
{
	struct msg_record_keys keys = { key_of("remote"), key_of("id") };
	struct msg_begin record = { .id = "remote", .raw_type = "text/plain" };
	int64_t id = 0;
	unsigned deaths = 0;
	bool is_new = false;
	add_instance();
	begin();
	for (int n = 1; n <= MESSAGES; n++)
		add_message(arena_printf(arena, "m%d", n), "1");
	ck_ok(instances_set_cursor(db, instance, "cursor 7", &why));
	ck_ok(instances_state_put(db, instance, "token", bytes_text("state value"), &why));
	for (int n = 0; n < 2; n++)
		ck_ok(skips_count_death(db, instance, &keys, 1, &deaths, &why));
	ck_ok(quarantine_add(db, instance, &keys.record, &record, bytes_text("raw bytes"), "hung", 1,
			     &id, &why));
	ck_ok(follow_words_note(db, "7", "Diarsipkan", 1, &is_new, &why));
	add_ticket(1, "JB-000001", TICKET_REVIEW);
	add_ticket(0, "JB-000002", TICKET_LINKED);
	ck_ok(backups_add(db, "/srv/backup/1", 1, &id, &why));
	commit();
}

/* All of it, through the functions that the daemon reads it by. */
static void check_all(void)
{
	struct instance_row row;
	struct inbox_row m;
	struct ticket_row t;
	struct quarantine_row record;
	struct follow_word words[FOLLOW_WORDS_MAX];
	const struct msg_skip *skips;
	size_t n = 0;
	CLEANUP(buf_done) struct buf out;
	buf_init(&out, 10000);
	ck_ok(instances_get(db, "mail", 0, 1, arena, &row, &why));
	ck_assert_str_eq(row.cursor, "cursor 7");
	instance = row.id;
	ck_ok(instances_state_get(db, instance, "token", &out, &why));
	ck_assert_str_eq(out.data, "state value");
	ck_ok(skips_list(db, instance, arena, &skips, &n, &why));
	ck_assert_uint_eq(n, 1);
	for (int id = 1; id <= MESSAGES; id++) {
		ck_ok(inbox_get(db, id, arena, &m, &why));
		ck_assert_str_eq(m.message.message.id, arena_printf(arena, "m%d", id));
	}
	ck_ok(quarantine_get(db, 1, arena, &record, &why));
	ck_assert_str_eq(record.remote_id, "remote");
	buf_clear(&out);
	ck_ok(quarantine_raw(db, 1, &out, &why));
	ck_assert_str_eq(out.data, "raw bytes");
	ck_ok(follow_words_list(db, arena, words, &n, &why));
	ck_assert_uint_eq(n, 1);
	ck_ok(tickets_find(db, "JB-000001", arena, &t, &why));
	ck_assert_ptr_nonnull(strstr(t.body, "Lubang"));
	ck_ok(tickets_find(db, "JB-000002", arena, &t, &why));
	ck_assert_ptr_nonnull(strstr(t.body, "Lubang"));
}

static void walk_to_the_end(void)
{
	bool is_end = false;
	while (!is_end) {
		begin();
		ck_ok(master_walk(db, 1, &is_end, &why));
		if (is_end)
			ck_ok(master_leave_old(db, "jembatan", 2, &why));
		commit();
	}
	master_forget_old(db);
	ck_ok(db_empty_log(db, &why));
	begin();
	ck_ok(master_end(db, 3, &why));
	commit();
}

static struct master_state state(void)
{
	struct master_state s;
	ck_ok(master_state(db, &s, &why));
	return s;
}

/* How many sealed values of a column this key opens, of how many. */
static size_t opens(const struct master_column *c, const char *hex, size_t *out_total)
{
	struct box_key key;
	sqlite3_stmt *s = NULL;
	size_t n = 0;
	*out_total = 0;
	ck_assert(digest_unhex(hex, key.bytes, BOX_KEY_SIZE));
	ck_assert_int_eq(sqlite3_prepare_v2(db->sql.handle, c->read, -1, &s, NULL), SQLITE_OK);
	if (c->last != NULL) {
		sqlite3_bind_int64(s, 1, 0);
		sqlite3_bind_int64(s, 2, INT64_MAX);
	}
	while (sqlite3_step(s) == SQLITE_ROW) {
		struct buf plain;
		buf_init(&plain, SEAL_VALUE_MAX);
		n += box_open(&key, (const char *)sqlite3_column_text(s, 3), sql_column_bytes(s, 2),
			      &plain, NULL) == JEMBATAN_OK;
		buf_done(&plain);
		++*out_total;
	}
	sqlite3_finalize(s);
	return n;
}

static void all_by(const char *hex)
{
	for (size_t i = 0; i < MASTER_COLUMNS; i++) {
		size_t total = 0, n = opens(&master_columns[i], hex, &total);
		ck_assert_msg(total > 0, "%s.%s is empty", master_columns[i].table,
			      master_columns[i].column);
		ck_assert_msg(n == total, "%zu of %zu in %s.%s", n, total, master_columns[i].table,
			      master_columns[i].column);
	}
}

static void fill_under_a(void)
{
	ck_ok(open_with(key_a, NULL));
	fill();
	close_it();
}

/* ---- what is sealed ----------------------------------------------------- */

/* Of all columns that hold bytes: those that the master key seals are in
 * master_columns; these are not sealed by it. A new one belongs into one of the two. */
static const char *const others[] = {
	"meta.value", /* local_key, old_key, mark: see master.c */
	/* sealed by the data key of their row, or of their ticket's message */
	"message_body.head", "message_body.raw", "ticket_body.sealed", "quarantine.remote_id",
	"quarantine.spooled", "quarantine.raw", "follow.raw", "follow_entry.sealed",
	"duplicate.fingerprint",
	/* random names of rows, and keyed hashes */
	"message_body.uid", "quarantine.uid", "message.same_key", "message.revision",
	"message.thread_key", "quarantine.record_key", "skip.record_key", "follow_entry.entry_key",
	"follow_word.word_key", "submission.idempotency_key", "submission.body",
	"reply.address_key", "reply.remote_key", "thread_alias.alias",
	"thread_alias.thread_key", "unreachable.address_key", "unreachable.thread_key",
};

static bool is_known(const char *column)
{
	for (size_t i = 0; i < COUNT_OF(others); i++)
		if (strcmp(others[i], column) == 0)
			return true;
	for (size_t i = 0; i < MASTER_COLUMNS; i++)
		if (strcmp(arena_printf(arena, "%s.%s", master_columns[i].table,
					master_columns[i].column), column) == 0)
			return true;
	return false;
}

START_TEST(no_column_of_bytes_is_forgotten)
{
	sqlite3_stmt *s = NULL;
	size_t n = 0;
	open_store();
	ck_assert_int_eq(sqlite3_prepare_v2(db->sql.handle,
		"SELECT m.name || '.' || c.name FROM sqlite_schema m, pragma_table_info(m.name) c"
		" WHERE m.type = 'table' AND c.type = 'BLOB'", -1, &s, NULL), SQLITE_OK);
	while (sqlite3_step(s) == SQLITE_ROW) {
		const char *column = (const char *)sqlite3_column_text(s, 0);
		ck_assert_msg(is_known(column), "%s: does the master key seal it? Then it belongs "
			      "into master_columns (master_walk.c), else into the list here", column);
		n++;
	}
	sqlite3_finalize(s);
	ck_assert_uint_ge(n, MASTER_COLUMNS + 20);
}
END_TEST

START_TEST(everything_is_sealed_by_the_new_key_at_the_end)
{
	fill_under_a();
	ck_ok(open_with(key_b, key_a));
	ck_assert_str_eq(state().next_mark[0] != '\0' ? "waits" : "", "waits");
	all_by(key_a);
	ck_ok(master_begin(db, "root", 5, &why));
	check_all(); /* both keys are at work */
	begin();
	add_message("late", "1");
	commit();
	walk_to_the_end();
	all_by(key_b);
	check_all();
	close_it();
	ck_result(open_with(key_a, NULL), JEMBATAN_CONFIG);
	ck_ok(open_with(key_b, NULL));
	check_all();
	struct master_state s = state();
	ck_assert_int_eq(s.done, s.total);
	ck_assert_int_eq(s.unreadable, 0);
	ck_assert_int_eq(number("SELECT count(*) FROM meta WHERE name = 'old_key'"), 0);
}
END_TEST

/* Not only in the rows: the file and the log were searched too. */
START_TEST(what_the_old_key_wrapped_is_in_no_file)
{
	struct buf wrapped, files;
	fill_under_a();
	ck_ok(open_with(key_b, key_a));
	buf_init(&wrapped, 1024);
	buf_init(&files, 64 * 1024 * 1024);
	sqlite3_stmt *s = NULL;
	ck_assert_int_eq(sqlite3_prepare_v2(db->sql.handle, "SELECT wrapped FROM message_body"
					    " WHERE message_id = 77", -1, &s, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(s), SQLITE_ROW);
	buf_add(&wrapped, sqlite3_column_blob(s, 0), (size_t)sqlite3_column_bytes(s, 0));
	sqlite3_finalize(s);
	ck_assert_uint_eq(wrapped.size, SEAL_WRAPPED_SIZE);
	ck_ok(file_read(path_of("jembatan.db"), &files, &why));
	ck_assert_ptr_nonnull(memmem(files.data, files.size, wrapped.data, wrapped.size));
	ck_ok(master_begin(db, "root", 5, &why));
	walk_to_the_end();
	buf_clear(&files);
	ck_ok(file_read(path_of("jembatan.db"), &files, &why));
	ck_ok(file_read(path_of("jembatan.db-wal"), &files, &why));
	ck_assert_ptr_null(memmem(files.data, files.size, wrapped.data, wrapped.size));
	buf_done(&wrapped);
	buf_done(&files);
}
END_TEST

START_TEST(what_neither_key_opens_is_counted_and_stays)
{
	fill_under_a();
	ck_ok(open_with(key_b, key_a));
	begin();
	ck_ok(sql_script(&db->sql, "UPDATE message_body SET wrapped = randomblob(60)"
			 " WHERE message_id = 9; UPDATE message_body SET wrapped = NULL"
			 " WHERE message_id = 10", &why));
	commit();
	ck_ok(master_begin(db, "root", 5, &why));
	walk_to_the_end();
	ck_assert_int_eq(state().unreadable, 1); /* one was damaged, one erased */
	struct inbox_row m;
	ck_ok(inbox_get(db, 11, arena, &m, &why));
	ck_assert_str_eq(m.message.message.id, "m11");
}
END_TEST

/* ---- which key ---------------------------------------------------------- */

START_TEST(a_change_needs_another_key)
{
	fill_under_a();
	ck_ok(open_with(key_a, NULL));
	ck_result(master_begin(db, "root", 5, &why), JEMBATAN_CONFIG);
	ck_assert_ptr_nonnull(strstr(why.text, "master_key_old"));
	ck_assert(!db_in_transaction(db));
	check_all();
	close_it();
	ck_ok(open_with(key_a, key_b)); /* an old one that is none: nothing to change */
	ck_result(master_begin(db, "root", 5, &why), JEMBATAN_CONFIG);
}
END_TEST

START_TEST(keys_that_do_not_fit_are_told_apart_by_their_marks)
{
	char marks[3][SEAL_MARK_SIZE];
	const char *const keys[] = { key_a, key_b, key_c };
	for (size_t i = 0; i < 3; i++) {
		struct box_key key;
		ck_assert(digest_unhex(keys[i], key.bytes, BOX_KEY_SIZE));
		seal_mark(&key, marks[i]);
	}
	fill_under_a();
	ck_result(open_with(key_b, key_c), JEMBATAN_CONFIG);
	ck_assert_ptr_nonnull(strstr(why.text, "does not fit"));
	ck_assert_ptr_nonnull(strstr(why.text, marks[0]));
	ck_assert_ptr_nonnull(strstr(why.text, marks[1]));
	ck_assert_ptr_nonnull(strstr(why.text, "master_key_old does not either"));
	ck_assert_ptr_null(strstr(why.text, key_a));
	ck_ok(open_with(key_b, key_a));
	ck_assert_str_eq(state().mark, marks[0]);
	ck_assert_str_eq(state().next_mark, marks[1]);
}
END_TEST

START_TEST(the_old_key_is_not_needed_once_the_change_has_begun)
{
	bool is_end = false;
	fill_under_a();
	ck_ok(open_with(key_b, key_a));
	ck_ok(master_begin(db, "root", 5, &why));
	begin();
	ck_ok(master_walk(db, 1, &is_end, &why));
	commit();
	close_it();
	ck_result(open_with(key_a, NULL), JEMBATAN_CONFIG);
	ck_ok(open_with(key_b, NULL));
	check_all();
	ck_assert_str_eq(state().old_mark[0] != '\0' ? "goes on" : "", "goes on");
	ck_result(master_begin(db, "root", 5, &why), JEMBATAN_RETRY);
	walk_to_the_end();
	all_by(key_b);
}
END_TEST

START_TEST(a_key_read_again_waits_for_the_change)
{
	struct secret *a = secret_new(key_a, strlen(key_a)), *b = secret_new(key_b, strlen(key_b)),
		      *c = secret_new(key_c, strlen(key_c));
	fill_under_a();
	ck_ok(open_with(key_a, NULL));
	master_offer(db, &(struct db_secrets){ b, c });
	ck_result(master_begin(db, "root", 5, &why), JEMBATAN_CONFIG);
	master_offer(db, &(struct db_secrets){ b, a });
	ck_ok(master_begin(db, "root", 5, &why));
	walk_to_the_end();
	all_by(key_b);
	secret_free(a);
	secret_free(b);
	secret_free(c);
}
END_TEST

/* ---- our own key -------------------------------------------------------- */

START_TEST(our_own_key_is_made_anew_and_the_old_one_kept_beside_it)
{
	char old[SEAL_MARK_SIZE];
	open_store();
	fill();
	memcpy(old, state().mark, sizeof(old));
	ck_ok(master_begin(db, "root", 5, &why));
	walk_to_the_end();
	ck_assert_str_ne(state().mark, old);
	ck_assert(is_there(arena_printf(arena, "master.key.%s", old)));
	ck_assert(!is_there("master.key.next"));
	reopen();
	check_all();
	ck_assert_int_eq(number(arena_printf(arena, "SELECT count(*) FROM backup WHERE key_mark = '%s'",
					     old)), 1);
	/* And once more: each old key has its file. */
	ck_ok(master_begin(db, "root", 6, &why));
	walk_to_the_end();
	ck_assert(is_there(arena_printf(arena, "master.key.%s", old)));
	reopen();
	check_all();
	/* From a file of ours to a configured one. */
	struct box_key key;
	char hex[2 * BOX_KEY_SIZE + 1];
	ck_ok(seal_key_from_file(path_of("master.key"), &key, &why));
	digest_hex(key.bytes, BOX_KEY_SIZE, hex);
	close_it();
	ck_ok(open_with(key_a, hex));
	ck_ok(master_begin(db, "root", 7, &why));
	walk_to_the_end();
	all_by(key_a);
}
END_TEST

static const struct {
	const char *content; /* NULL: as it was; "": nothing */
	mode_t mode;         /* 0: it is not there */
	const char *sentence;
} wrong_files[] = {
	{ NULL, 0, "is missing, and without it the store cannot be read: put it back" },
	{ "", 0600, "does not hold a master key" },
	{ "00112233445566778899aabb", 0600, "does not hold a master key" }, /* half of it */
	{ "00112233445566778899aabbccddeeff00112233445566778899aabbccddeef!", 0600,
	  "does not hold a master key" },
	{ key_c, 0600, "put back the key that it was made with" },
	{ NULL, 0640, "may be read by others: chmod 600 it" },
	{ NULL, 0604, "may be read by others: chmod 600 it" },
	{ NULL, S_IFDIR | 0700, "is no file" },
	{ NULL, S_IFIFO | 0600, "is no file" }, /* nobody waits for it */
};

static void put_key(mode_t mode, const char *content)
{
	const char *path = path_of("master.key");
	if (unlink(path) != 0)
		ck_assert_int_eq(rmdir(path), 0);
	if (S_ISDIR(mode)) {
		ck_assert_int_eq(mkdir(path, mode & 0777), 0);
	} else if (S_ISFIFO(mode)) {
		ck_assert_int_eq(mkfifo(path, mode & 0777), 0);
	} else if (mode != 0) {
		ck_ok(file_write(path, 0600, bytes_text(content), &why));
		ck_assert_int_eq(chmod(path, mode), 0);
	}
}

START_TEST(a_key_file_that_is_not_right_is_said_and_nothing_is_made_or_lost)
{
	struct buf key, before, after;
	buf_init(&key, 4096);
	buf_init(&before, 1 << 24);
	buf_init(&after, 1 << 24);
	open_store();
	fill();
	close_it();
	ck_ok(file_read(path_of("master.key"), &key, &why));
	ck_ok(file_read(path_of("jembatan.db"), &before, &why));
	put_key(wrong_files[_i].mode, wrong_files[_i].content != NULL ? wrong_files[_i].content :
		key.data);
	ck_result(open_with(NULL, NULL), JEMBATAN_CONFIG);
	ck_assert_msg(strstr(why.text, wrong_files[_i].sentence) != NULL, "%s", why.text);
	ck_assert_ptr_null(strstr(why.text, "0011223344"));
	ck_assert_int_eq(is_there("master.key"), wrong_files[_i].mode != 0);
	ck_ok(file_read(path_of("jembatan.db"), &after, &why));
	ck_assert_uint_eq(before.size, after.size);
	ck_assert_mem_eq(before.data, after.data, before.size);
	if (wrong_files[_i].mode == 0)
		ck_ok(file_write(path_of("master.key"), 0600, buf_bytes(&key), &why));
	else
		put_key(0600, key.data);
	open_store();
	check_all();
	buf_done(&key);
	buf_done(&before);
	buf_done(&after);
}
END_TEST

START_TEST(a_backup_is_known_by_the_key_that_opens_it)
{
	struct digest d;
	int64_t bytes;
	open_store();
	fill();
	ck_ok(db_empty_log(db, &why));
	ck_ok(backup_copy(path_of("jembatan.db"), path_of("old #1?.db"), &d, &bytes, &why));
	ck_ok(master_fits(db, path_of("old #1?.db"), &why));
	ck_ok(master_begin(db, "root", 5, &why));
	walk_to_the_end();
	ck_result(master_fits(db, path_of("old #1?.db"), &why), JEMBATAN_DATA);
	ck_result(master_fits(db, path_of("none.db"), &why), JEMBATAN_GONE);
	ck_result(master_fits(db, path_of("master.key"), &why), JEMBATAN_GONE);
	ck_assert(!is_there("old #1?.db-wal"));
}
END_TEST

/* ---- the room as a whole ------------------------------------------------ */

/* The sources name about 260; one more than there is room for would end the daemon. */
START_TEST(there_is_room_for_twice_the_statements_that_there_are)
{
	static char texts[600][32];
	open_store();
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		int64_t n = 0;
		snprintf(texts[i], sizeof(texts[i]), "SELECT %zu", i);
		ck_ok(sql_get_number(&db->sql, &why, &n, texts[i], SQL_NOTHING));
		ck_assert_int_eq(n, (int64_t)i);
	}
}
END_TEST

#ifdef JEMBATAN_FAULTS
/* ---- killed ------------------------------------------------------------- */

static const char *const points[] = {
	"key.made", "key.switch", "db.commit.before", "key.switched", "key.linked", "key.mid:1",
	"key.mid:3", "db.commit.after:4",
};

static void change_it(void)
{
	open_store();
	ck_ok(master_begin(db, "root", 5, &why));
	walk_to_the_end();
}

START_TEST(a_kill_anywhere_loses_nothing_and_goes_on)
{
	open_store();
	fill();
	close_it();
	setenv("JEMBATAN_KILL_AT", points[_i], 1);
	ck_assert(was_killed(in_child(change_it)));
	unsetenv("JEMBATAN_KILL_AT");
	open_store();
	check_all();
	ck_assert(!is_there("master.key.next"));
	if (state().old_mark[0] == '\0')
		ck_ok(master_begin(db, "root", 6, &why));
	check_all();
	walk_to_the_end();
	check_all();
	struct box_key key;
	char hex[2 * BOX_KEY_SIZE + 1];
	ck_ok(seal_key_from_file(path_of("master.key"), &key, &why));
	digest_hex(key.bytes, BOX_KEY_SIZE, hex);
	all_by(hex);
	reopen();
	check_all();
}
END_TEST
#endif

int main(void)
{
	TCase *t = tcase_create("master");
	tcase_add_checked_fixture(t, setup_folder, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, no_column_of_bytes_is_forgotten);
	tcase_add_test(t, everything_is_sealed_by_the_new_key_at_the_end);
	tcase_add_test(t, what_the_old_key_wrapped_is_in_no_file);
	tcase_add_test(t, what_neither_key_opens_is_counted_and_stays);
	tcase_add_test(t, a_change_needs_another_key);
	tcase_add_test(t, keys_that_do_not_fit_are_told_apart_by_their_marks);
	tcase_add_test(t, the_old_key_is_not_needed_once_the_change_has_begun);
	tcase_add_test(t, a_key_read_again_waits_for_the_change);
	tcase_add_test(t, our_own_key_is_made_anew_and_the_old_one_kept_beside_it);
	tcase_add_loop_test(t, a_key_file_that_is_not_right_is_said_and_nothing_is_made_or_lost, 0,
			    COUNT_OF(wrong_files));
	tcase_add_test(t, a_backup_is_known_by_the_key_that_opens_it);
	tcase_add_test(t, there_is_room_for_twice_the_statements_that_there_are);
#ifdef JEMBATAN_FAULTS
	tcase_add_loop_test(t, a_kill_anywhere_loses_nothing_and_goes_on, 0, COUNT_OF(points));
#endif
	return unit_run("store_master", t);
}
