/* test_store_begun.c: a folder where a store was is not taken for a new one, and a first
 * start that was cut off is not taken for that. */
#include "store_unit.h"

static const char key_a[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n";

static char *path_of(const char *name)
{
	return arena_printf(arena, "%s/%s", folder, name);
}

static enum jembatan_result open_with(const char *key)
{
	struct secret *s = secret_new(key, strlen(key));
	enum jembatan_result r = db_open(folder, s, &db, &why);
	secret_free(s);
	return r;
}

static void lose(const char *name)
{
	db_close(db);
	db = NULL;
	unlink(path_of(arena_printf(arena, "%s-wal", name)));
	unlink(path_of(arena_printf(arena, "%s-shm", name)));
	ck_assert_int_eq(unlink(path_of(name)), 0);
}

static enum jembatan_result open_ours_or(bool is_named)
{
	return is_named ? open_with(key_a) : db_open(folder, NULL, &db, &why);
}

/* The key is the store's own file, or named by the settings; the database is not there,
 * or an empty file. Nothing is touched, so that a backup can be put back. */
START_TEST(a_store_that_is_gone_is_not_begun_anew)
{
	bool is_named = _i % 2 == 1, is_empty = _i / 2 == 1;
	ck_ok(open_ours_or(is_named));
	lose("jembatan.db");
	if (is_empty)
		ck_ok(file_write(path_of("jembatan.db"), 0600, bytes_text(""), &why));
	ck_result(open_ours_or(is_named), JEMBATAN_CONFIG);
	ck_assert_ptr_nonnull(strstr(why.text, "jembatan.db is gone or empty"));
	ck_assert_ptr_nonnull(strstr(why.text, "jembatan restore"));
	ck_assert_ptr_nonnull(strstr(why.text, is_named ? "was one in this folder" :
							  "its master.key is there"));
	ck_assert_int_eq(access(path_of("jembatan.db"), F_OK), is_empty ? 0 : -1);
	/* On purpose: with an empty folder. */
	if (is_empty)
		ck_assert_int_eq(unlink(path_of("jembatan.db")), 0);
	ck_assert_int_eq(unlink(path_of("lock")), 0);
	if (!is_named)
		ck_assert_int_eq(unlink(path_of("master.key")), 0);
	ck_ok(open_ours_or(is_named));
}
END_TEST

/* Only the key was put on a new machine so far. */
START_TEST(a_key_without_its_store_waits_for_the_backup)
{
	open_store();
	lose("jembatan.db");
	ck_assert_int_eq(unlink(path_of("lock")), 0);
	ck_result(db_open(folder, NULL, &db, &why), JEMBATAN_CONFIG);
	ck_assert_ptr_nonnull(strstr(why.text, "master.key"));
}
END_TEST

/* A key that was made for it before lies where the settings say, also in the folder. */
START_TEST(a_key_of_the_settings_may_come_first)
{
	ck_ok(file_write(path_of("master.key"), 0600, bytes_text(key_a), &why));
	ck_ok(open_with(key_a));
}
END_TEST

#ifdef JEMBATAN_FAULTS
static const char *const first_points[] = { "key.first", "db.commit.before", "db.commit.after",
					    "key.settled", "key.linked" };

static void open_for_good(void)
{
	struct db *first = NULL;
	if (db_open(folder, NULL, &first, &why) != JEMBATAN_OK)
		_exit(1);
}

START_TEST(a_first_start_that_was_cut_off_goes_on)
{
	setenv("JEMBATAN_KILL_AT", first_points[_i], 1);
	bool is_killed = was_killed(in_child(open_for_good));
	unsetenv("JEMBATAN_KILL_AT");
	ck_assert(is_killed);
	open_store();
	struct digest before = digest_sha256(db_local_key(db));
	reopen();
	struct digest after = digest_sha256(db_local_key(db));
	ck_assert_mem_eq(before.bytes, after.bytes, DIGEST_SIZE);
	ck_assert_int_eq(access(path_of("master.key"), F_OK), 0);
	ck_assert_int_ne(access(path_of("master.key.next"), F_OK), 0);
	lose("jembatan.db");
	ck_result(db_open(folder, NULL, &db, &why), JEMBATAN_CONFIG);
}
END_TEST
#endif

int main(void)
{
	TCase *t = tcase_create("store_begun");
	tcase_add_checked_fixture(t, setup_folder, teardown);
	tcase_add_loop_test(t, a_store_that_is_gone_is_not_begun_anew, 0, 4);
	tcase_add_test(t, a_key_without_its_store_waits_for_the_backup);
	tcase_add_test(t, a_key_of_the_settings_may_come_first);
#ifdef JEMBATAN_FAULTS
	tcase_add_loop_test(t, a_first_start_that_was_cut_off_goes_on, 0, COUNT_OF(first_points));
#endif
	return unit_run("store_begun", t);
}
