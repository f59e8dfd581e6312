/* test_store_db.c: opening, keys, migrations, transactions, a full disk. */
#include "store_unit.h"

#include <sys/resource.h>

#include "base/clock.h"

static char *path_of(const char *name)
{
	return arena_printf(arena, "%s/%s", folder, name);
}

static unsigned mode_of(const char *name)
{
	struct stat st;
	ck_assert_int_eq(stat(path_of(name), &st), 0);
	return st.st_mode & 0777;
}

static void script(const char *text)
{
	ck_ok(sql_script(&db->sql, text, &why));
}

/* ---- opening ----------------------------------------------------------- */

START_TEST(a_new_store_can_be_read_by_its_owner_only)
{
	umask(0);
	open_store();
	ck_assert_uint_eq(mode_of("jembatan.db"), 0600);
	ck_assert_uint_eq(mode_of("jembatan.db-wal"), 0600);
	ck_assert_uint_eq(mode_of("jembatan.db-shm"), 0600);
	ck_assert_uint_eq(mode_of("master.key"), 0600);
	ck_assert_uint_eq(mode_of("lock"), 0600);
	ck_assert_uint_eq(mode_of("spool/keep"), 0700);
}
END_TEST

START_TEST(what_durability_hangs_on_is_switched_on)
{
	open_store();
	ck_assert_int_eq(number("PRAGMA synchronous"), 2);
	ck_assert_int_eq(number("PRAGMA secure_delete"), 1);
	ck_assert_int_eq(number("PRAGMA temp_store"), 2);
	ck_assert_int_eq(number("PRAGMA application_id"), MIGRATE_APPLICATION_ID);
	ck_assert_int_eq(number("SELECT count(*) FROM pragma_table_list"
				" WHERE schema = 'main' AND type = 'table' AND NOT strict"
				" AND name NOT LIKE 'sqlite_%'"), 0);
}
END_TEST

#ifdef JEMBATAN_FAULTS
START_TEST(the_planted_loss_of_fsync_is_seen)
{
	setenv("JEMBATAN_PLANT", "fsync-off", 1);
	open_store();
	unsetenv("JEMBATAN_PLANT");
	ck_assert_int_eq(number("PRAGMA synchronous"), 0);
}
END_TEST
#endif

static void open_beside(void)
{
	struct db *second = NULL;
	if (db_open(folder, NULL, &second, &why) != JEMBATAN_RETRY || second != NULL)
		_exit(1);
}

START_TEST(only_one_process_works_in_a_folder)
{
	open_store();
	ck_assert_int_eq(in_child(open_beside), 0);
	db_close(db);
	db = NULL;
	open_store();
}
END_TEST

START_TEST(the_local_key_stays_the_same)
{
	open_store();
	struct digest before = digest_sha256(db_local_key(db));
	reopen();
	struct digest after = digest_sha256(db_local_key(db));
	ck_assert_mem_eq(before.bytes, after.bytes, DIGEST_SIZE);
	ck_assert_uint_eq(db_local_key(db).size, 32);
}
END_TEST

/* ---- keys -------------------------------------------------------------- */

static const char key_a[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n";
static const char key_b[] = "10112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n";

static enum jembatan_result open_with(const char *key)
{
	struct secret *s = secret_new(key, strlen(key));
	enum jembatan_result r = db_open(folder, s, &db, &why);
	secret_free(s);
	return r;
}

START_TEST(a_wrong_key_is_refused)
{
	ck_ok(open_with(key_a));
	db_close(db);
	db = NULL;
	ck_result(open_with(key_b), JEMBATAN_CONFIG);
	ck_assert_ptr_nonnull(strstr(why.text, "does not fit"));
	ck_ok(open_with(key_a));
	ck_assert_int_ne(access(path_of("master.key"), F_OK), 0);
}
END_TEST

START_TEST(a_missing_key_is_never_replaced)
{
	open_store();
	db_close(db);
	db = NULL;
	ck_assert_int_eq(unlink(path_of("master.key")), 0);
	ck_result(db_open(folder, NULL, &db, &why), JEMBATAN_CONFIG);
	ck_assert_ptr_nonnull(strstr(why.text, "missing"));
	ck_assert_int_ne(access(path_of("master.key"), F_OK), 0);
}
END_TEST

START_TEST(a_key_that_others_can_read_is_refused)
{
	open_store();
	db_close(db);
	db = NULL;
	ck_assert_int_eq(chmod(path_of("master.key"), 0640), 0);
	ck_result(db_open(folder, NULL, &db, &why), JEMBATAN_CONFIG);
	ck_assert_ptr_nonnull(strstr(why.text, "chmod 600"));
}
END_TEST

static const char *const bad_keys[] = { "", "\n", "0011", "zz112233445566778899aabbccddeeff"
	"00112233445566778899aabbccddeeff", "00112233445566778899aabbccddeeff"
	"00112233445566778899aabbccddeeff00" };

START_TEST(a_key_that_is_no_key_is_refused)
{
	ck_result(open_with(bad_keys[_i]), JEMBATAN_CONFIG);
	ck_assert_ptr_nonnull(strstr(why.text, "64 hexadecimal"));
}
END_TEST

/* ---- migrations -------------------------------------------------------- */

/* All steps, and one more. */
static const char *steps_and_more[64];
static struct migrate_steps more = { steps_and_more, 0 };

#define NOW ((int64_t)migrate_all.count)

static void prepare_more(const char *last)
{
	memcpy(steps_and_more, migrate_all.steps, migrate_all.count * sizeof(steps_and_more[0]));
	steps_and_more[migrate_all.count] = last;
	more.count = migrate_all.count + 1;
}

static void fill_old_store(void)
{
	add_instance();
	begin();
	add_message("a", "1");
	commit();
	db_close(db);
	db = NULL;
}

static void make_old_store(void)
{
	open_store();
	fill_old_store();
}

/* As the first release had it. */
static void make_first_store(void)
{
	const struct migrate_steps one = { migrate_all.steps, 1 };
	ck_ok(db_open_steps(folder, NULL, &one, &db, &why));
	fill_old_store();
}

#define LAST_STEP "CREATE TABLE later (id INTEGER PRIMARY KEY) STRICT;" \
	"ALTER TABLE message ADD COLUMN later INTEGER;"

static int count_backups(char **out_path)
{
	int n = 0;
	DIR *d = opendir(path_of("backup"));
	for (const struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
		if (e->d_name[0] == '.')
			continue;
		*out_path = path_of(arena_printf(arena, "backup/%s", e->d_name));
		n++;
	}
	if (d != NULL)
		closedir(d);
	return n;
}

START_TEST(a_migration_keeps_a_copy_of_the_old_store)
{
	char *backup = NULL;
	struct stat st;
	umask(0);
	make_old_store();
	prepare_more(LAST_STEP);
	ck_ok(db_open_steps(folder, NULL, &more, &db, &why));
	ck_assert_int_eq(number("PRAGMA user_version"), NOW + 1);
	ck_assert_int_eq(number("SELECT count(*) FROM later"), 0);
	ck_assert_int_eq(count_backups(&backup), 1);
	ck_assert_int_eq(stat(backup, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	db_close(db);
	/* The copy is a whole store of the old schema. */
	ck_assert_int_eq(rename(backup, path_of("jembatan.db")), 0);
	open_store();
	ck_assert_int_eq(number("PRAGMA user_version"), NOW);
	struct inbox_row row;
	ck_ok(inbox_get(db, 1, arena, &row, &why));
	ck_assert_str_eq(row.message.message.id, "a");
}
END_TEST

START_TEST(a_new_store_needs_no_copy)
{
	char *backup = NULL;
	prepare_more(LAST_STEP);
	ck_ok(db_open_steps(folder, NULL, &more, &db, &why));
	ck_assert_int_eq(number("PRAGMA user_version"), NOW + 1);
	ck_assert_int_eq(count_backups(&backup), 0);
	ck_assert(inbox_keys(db).near);
}
END_TEST

START_TEST(a_migration_that_fails_changes_nothing)
{
	make_old_store();
	prepare_more(LAST_STEP "INSERT INTO nowhere VALUES (1);");
	ck_result(db_open_steps(folder, NULL, &more, &db, &why), JEMBATAN_FATAL);
	open_store();
	ck_assert_int_eq(number("PRAGMA user_version"), NOW);
	ck_assert_int_eq(number("SELECT count(*) FROM message"), 1);
	ck_assert_int_eq(number("SELECT count(*) FROM sqlite_schema WHERE name = 'later'"), 0);
}
END_TEST

START_TEST(a_wrong_key_is_noticed_before_a_migration)
{
	char *backup = NULL;
	make_old_store();
	prepare_more(LAST_STEP);
	struct secret *s = secret_new(key_a, strlen(key_a));
	ck_result(db_open_steps(folder, s, &more, &db, &why), JEMBATAN_CONFIG);
	secret_free(s);
	ck_assert_int_eq(count_backups(&backup), 0);
	open_store();
	ck_assert_int_eq(number("PRAGMA user_version"), NOW);
}
END_TEST

#ifdef JEMBATAN_FAULTS
static void migrate_it(void)
{
	ck_ok(db_open_steps(folder, NULL, &more, &db, &why));
}

START_TEST(a_kill_within_a_migration_leaves_the_old_store)
{
	make_old_store();
	prepare_more(LAST_STEP);
	setenv("JEMBATAN_KILL_AT", "migrate.mid", 1);
	ck_assert(was_killed(in_child(migrate_it)));
	unsetenv("JEMBATAN_KILL_AT");
	open_store();
	ck_assert_int_eq(number("PRAGMA user_version"), NOW);
	ck_assert_int_eq(number("SELECT count(*) FROM message"), 1);
	db_close(db);
	ck_ok(db_open_steps(folder, NULL, &more, &db, &why));
	ck_assert_int_eq(number("PRAGMA user_version"), NOW + 1);
}
END_TEST

START_TEST(a_kill_within_the_first_start_does_no_harm)
{
	prepare_more(LAST_STEP);
	setenv("JEMBATAN_KILL_AT", _i == 0 ? "migrate.mid" : "db.commit.before", 1);
	ck_assert(was_killed(in_child(migrate_it)));
	unsetenv("JEMBATAN_KILL_AT");
	ck_ok(db_open_steps(folder, NULL, &more, &db, &why));
}
END_TEST

/* Each point, and how often it is passed on the way from the first schema. */
static const struct {
	const char *point;
	bool once;
} points[] = {
	{ "migrate.copying", true }, { "migrate.copied", true }, { "migrate.mid", false },
	{ "migrate.marked", false }, { "migrate.step", false },
};

static void open_in_child(void)
{
	ck_ok(db_open(folder, NULL, &db, &why));
}

START_TEST(a_kill_anywhere_in_the_real_migrations_leaves_a_whole_schema)
{
	size_t times = points[_i].once ? 1 : migrate_all.count - 1;
	for (size_t n = 1; n <= times; n++) {
		if (n > 1) {
			teardown();
			setup_folder();
		}
		make_first_store();
		setenv("JEMBATAN_KILL_AT", arena_printf(arena, "%s:%zu", points[_i].point, n), 1);
		ck_assert(was_killed(in_child(open_in_child)));
		unsetenv("JEMBATAN_KILL_AT");
		open_store();
		ck_assert_int_eq(number("PRAGMA user_version"), (int64_t)migrate_all.count);
		ck_assert_int_eq(number("SELECT count(*) FROM pragma_integrity_check"
					" WHERE integrity_check <> 'ok'"), 0);
		ck_assert(!inbox_keys(db).near); /* it has a record with a key of the older kind */
		struct inbox_row row;
		ck_ok(inbox_get(db, 1, arena, &row, &why));
		ck_assert_str_eq(row.message.message.id, "a");
	}
}
END_TEST
#endif

START_TEST(a_ceiling_holds_for_the_copies_before_migrations)
{
	char *backup = NULL;
	make_first_store();
	ck_ok(file_make_dirs(path_of("backup"), 0700, &why));
	for (int i = 1; i <= 5; i++)
		ck_ok(file_write(path_of(arena_printf(arena, "backup/before-schema-2-%d.db", i)), 0600,
				 bytes_text("x"), &why));
	open_store();
	ck_assert_int_eq(count_backups(&backup), MIGRATE_COPIES_MAX);
	ck_assert_int_eq(access(path_of("backup/before-schema-2-5.db"), F_OK), 0);
	ck_assert_int_ne(access(path_of("backup/before-schema-2-3.db"), F_OK), 0);
}
END_TEST

START_TEST(a_newer_store_is_refused_with_both_numbers)
{
	char both[64];
	open_store();
	script("PRAGMA user_version = 77");
	db_close(db);
	db = NULL;
	ck_result(db_open(folder, NULL, &db, &why), JEMBATAN_CONFIG);
	ck_assert_ptr_nonnull(strstr(why.text, "schema 77"));
	snprintf(both, sizeof(both), "up to %zu", migrate_all.count);
	ck_assert_ptr_nonnull(strstr(why.text, both));
}
END_TEST

START_TEST(the_database_of_another_program_is_refused)
{
	open_store();
	script("PRAGMA application_id = 5");
	db_close(db);
	db = NULL;
	ck_result(db_open(folder, NULL, &db, &why), JEMBATAN_CONFIG);
	ck_assert_ptr_nonnull(strstr(why.text, "another program"));
}
END_TEST

START_TEST(a_damaged_database_says_so)
{
	open_store();
	db_close(db);
	db = NULL;
	ck_ok(file_write(path_of("jembatan.db"), 0600, bytes_text("this is not a database, is it?"),
			 &why));
	ck_result(db_open(folder, NULL, &db, &why), JEMBATAN_FATAL);
	ck_assert_ptr_nonnull(strstr(why.text, "backup"));
}
END_TEST

/* ---- a full disk ------------------------------------------------------- */

static enum jembatan_result add_large(int i)
{
	static char megabyte[1024 * 1024];
	struct inbox_item item = item_of(arena_printf(arena, "large-%d", i), "1");
	item.raw = bytes_of(megabyte, sizeof(megabyte));
	enum jembatan_result r = db_begin(db, &why);
	if (r == JEMBATAN_OK)
		r = inbox_add(db, instance, &item, 1, arena_printf(arena, "c%d", i), 5000, &why);
	if (r == JEMBATAN_OK)
		r = db_commit(db, &why);
	if (r != JEMBATAN_OK)
		db_abort(db);
	return r;
}

static void fill_the_disk(int way, bool full)
{
	if (way == 0) { /* no page more: SQLITE_FULL */
		script(full ? "PRAGMA max_page_count = 1" : "PRAGMA max_page_count = 1000000");
		return;
	}
	/* Writes beyond here fail: the same for SQLite as a disk that refuses. */
	struct rlimit limit;
	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = full ? 600 * 1024 : RLIM_INFINITY;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

START_TEST(a_full_disk_is_waited_for_and_nothing_is_lost)
{
	struct instance_row row;
	signal(SIGXFSZ, SIG_IGN);
	open_with_instance();
	ck_ok(add_large(1));
	fill_the_disk(_i, true);
	for (int i = 0; i < 3; i++) {
		ck_result(add_large(2), JEMBATAN_RETRY);
		ck_assert_ptr_nonnull(strstr(why.text, folder));
		ck_assert_ptr_nonnull(strstr(why.text, "free space"));
		ck_assert(!db_in_transaction(db));
		/* What was there can still be read. */
		ck_ok(instances_get(db, "mail", 0, 1, arena, &row, &why));
		ck_assert_str_eq(row.cursor, "c1");
	}
	fill_the_disk(_i, false);
	ck_ok(add_large(2));
	reopen();
	ck_ok(instances_get(db, "mail", 0, 1, arena, &row, &why));
	ck_assert_str_eq(row.cursor, "c2");
	ck_assert_int_eq(number("SELECT count(*) FROM message"), 2);
	ck_assert_int_eq(number("SELECT count(*) FROM pragma_integrity_check"
				" WHERE integrity_check <> 'ok'"), 0);
}
END_TEST

START_TEST(a_commit_after_a_failure_is_refused)
{
	open_with_instance();
	begin();
	add_message("a", "1");
	sqlite3_exec(db->sql.handle, "ROLLBACK", NULL, NULL, NULL); /* as SQLite does by itself */
	ck_result(db_commit(db, &why), JEMBATAN_RETRY);
	db_abort(db);
	begin();
	add_message("a", "1");
	commit();
}
END_TEST

/* Whoever takes the failure of one statement for something else and goes on
 * must not commit the rest of its transaction piece by piece. */
START_TEST(after_a_failure_nothing_is_written_outside_the_transaction)
{
	open_with_instance();
	begin();
	add_message("a", "1");
	sqlite3_exec(db->sql.handle, "ROLLBACK", NULL, NULL, NULL);
	ck_result(instances_flag_set(db, "flag", 1, &why), JEMBATAN_RETRY);
	struct inbox_item item = item_of("b", "1");
	ck_result(inbox_add(db, instance, &item, 1, NULL, 5000, &why), JEMBATAN_RETRY);
	ck_assert_ptr_nonnull(strstr(why.text, "nothing of it was stored"));
	db_abort(db);
	ck_assert_int_eq(number("SELECT count(*) FROM message"), 0);
	ck_assert_int_eq(number("SELECT count(*) FROM flag WHERE name = 'flag'"), 0);
}
END_TEST

/* ---- the log ----------------------------------------------------------- */

START_TEST(the_log_is_bounded_even_when_never_idle)
{
	struct db_stats stats;
	open_with_instance();
	script("PRAGMA synchronous = OFF"); /* speed only: the size is looked at */
	for (int i = 0; i < 150; i++) {
		ck_ok(add_large(i));
		db_relieve(db);
	}
	db_stats(db, &stats);
	ck_assert_int_le(stats.wal_bytes, 20 * 1024 * 1024);
	ck_assert_int_ge(stats.size_bytes, 60 * 1024 * 1024);
	ck_assert_uint_ge(stats.commits, 150);
	ck_assert_int_gt(stats.p99_commit_us, 0);
}
END_TEST

START_TEST(idle_time_empties_the_log)
{
	open_with_instance();
	for (int i = 0; i < 3; i++)
		ck_ok(add_large(i));
	ck_assert_int_gt(db->wal_pages, 128);
	begin();
	db_idle(db); /* not within a transaction */
	db_abort(db);
	ck_assert_int_gt(db->wal_pages, 128);
	db_idle(db);
	ck_assert_int_eq(db->wal_pages, 0);
	ck_ok(add_large(3)); /* begins at the front of the log again */
	ck_assert_int_lt(db->wal_pages, 200);
}
END_TEST

/* ---- instances --------------------------------------------------------- */

START_TEST(an_instance_remembers)
{
	struct instance_row row;
	struct buf state;
	int64_t flag = 7;
	buf_init(&state, 100);
	open_with_instance();
	begin();
	ck_ok(instances_set_cursor(db, instance, "uid:7", &why));
	ck_ok(instances_set_start(db, instance, 500, &why));
	ck_ok(instances_set_paused(db, instance, true, &why));
	ck_ok(instances_set_ok(db, instance, 900, &why));
	ck_ok(instances_state_put(db, instance, "token", bytes_text("one"), &why));
	ck_ok(instances_state_put(db, instance, "token", bytes_text("two"), &why));
	ck_ok(instances_state_put(db, instance, "gone", bytes_text("x"), &why));
	ck_ok(instances_state_put(db, instance, "gone", bytes_of(NULL, 0), &why));
	ck_ok(instances_flag_get(db, "central.paused", &flag, &why));
	ck_assert_int_eq(flag, 0);
	ck_ok(instances_flag_set(db, "central.paused", 1, &why));
	ck_ok(instances_flag_set(db, "central.paused", 2, &why));
	ck_result(instances_set_ok(db, 99, 1, &why), JEMBATAN_GONE);
	commit();
	reopen();
	ck_ok(instances_get(db, "mail", 0, 9999, arena, &row, &why));
	ck_assert_int_eq(row.id, instance);
	ck_assert_str_eq(row.name, "mail");
	ck_assert_str_eq(row.cursor, "uid:7");
	ck_assert_int_eq(row.start_ms, 500);
	ck_assert(row.paused);
	ck_assert_int_eq(row.first_seen_ms, 1000);
	ck_assert_int_eq(row.last_ok_ms, 900);
	ck_ok(instances_state_get(db, instance, "token", &state, &why));
	ck_assert_str_eq(state.data, "two");
	ck_result(instances_state_get(db, instance, "gone", &state, &why), JEMBATAN_GONE);
	ck_ok(instances_flag_get(db, "central.paused", &flag, &why));
	ck_assert_int_eq(flag, 2);
	begin();
	ck_ok(instances_set_cursor(db, instance, NULL, &why));
	commit();
	ck_ok(instances_get(db, "mail", 0, 9999, arena, &row, &why));
	ck_assert_ptr_null(row.cursor);
	buf_done(&state);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("db");
	tcase_add_checked_fixture(t, setup_folder, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_new_store_can_be_read_by_its_owner_only);
	tcase_add_test(t, what_durability_hangs_on_is_switched_on);
	tcase_add_test(t, only_one_process_works_in_a_folder);
	tcase_add_test(t, the_local_key_stays_the_same);
	tcase_add_test(t, a_wrong_key_is_refused);
	tcase_add_test(t, a_missing_key_is_never_replaced);
	tcase_add_test(t, a_key_that_others_can_read_is_refused);
	tcase_add_loop_test(t, a_key_that_is_no_key_is_refused, 0, COUNT_OF(bad_keys));
	tcase_add_test(t, a_migration_keeps_a_copy_of_the_old_store);
	tcase_add_test(t, a_new_store_needs_no_copy);
	tcase_add_test(t, a_ceiling_holds_for_the_copies_before_migrations);
	tcase_add_test(t, a_migration_that_fails_changes_nothing);
	tcase_add_test(t, a_wrong_key_is_noticed_before_a_migration);
#ifdef JEMBATAN_FAULTS
	tcase_add_test(t, the_planted_loss_of_fsync_is_seen);
	tcase_add_test(t, a_kill_within_a_migration_leaves_the_old_store);
	tcase_add_loop_test(t, a_kill_within_the_first_start_does_no_harm, 0, 2);
	tcase_add_loop_test(t, a_kill_anywhere_in_the_real_migrations_leaves_a_whole_schema, 0,
			    COUNT_OF(points));
#endif
	tcase_add_test(t, a_newer_store_is_refused_with_both_numbers);
	tcase_add_test(t, the_database_of_another_program_is_refused);
	tcase_add_test(t, a_damaged_database_says_so);
	tcase_add_loop_test(t, a_full_disk_is_waited_for_and_nothing_is_lost, 0, 2);
	tcase_add_test(t, a_commit_after_a_failure_is_refused);
	tcase_add_test(t, after_a_failure_nothing_is_written_outside_the_transaction);
	tcase_add_test(t, the_log_is_bounded_even_when_never_idle);
	tcase_add_test(t, idle_time_empties_the_log);
	tcase_add_test(t, an_instance_remembers);
	return unit_run("store_db", t);
}
