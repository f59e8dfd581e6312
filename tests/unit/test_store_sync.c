/* test_store_sync.c: commits that go ahead of the disk. */
#include "store_unit.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>

#include "fake_disk.h"
#include "store/erase.h"

#define PATIENCE_MS 20000

static uint64_t commits; /* of the setup */

static void sync_setup(void)
{
	setup_store();
	disk_set(DISK_WELL);
	disk.begun = disk.refused = disk.ended = 0;
	commits = db->commits;
}

static void sync_teardown(void)
{
	disk_set(DISK_WELL);
	teardown();
}

static enum jembatan_result commit_ahead(const char *name)
{
	ck_ok(db_begin_ahead(db, &why));
	enum jembatan_result r = instances_flag_set(db, name, 1, &why);
	return r == JEMBATAN_OK ? db_commit(db, &why) : r;
}

static int64_t flag(const char *name)
{
	int64_t value = 0;
	ck_ok(instances_flag_get(db, name, &value, &why));
	return value;
}

/* Within the deadline; clears it. */
static bool has_ended(int wait_ms)
{
	struct pollfd p = { .fd = db_sync_fd(db), .events = POLLIN };
	eventfd_t count;
	return poll(&p, 1, wait_ms) == 1 && eventfd_read(p.fd, &count) == 0;
}

START_TEST(a_commit_that_goes_ahead_returns_before_the_disk_has_it)
{
	disk_set(DISK_SLOW);
	ck_ok(commit_ahead("satu"));
	ck_assert_int_eq(flag("satu"), 1);
	ck_result(db_sync(db, false, &why), JEMBATAN_IDLE);
	ck_assert(!has_ended(0));
	disk_set(DISK_WELL);
	ck_assert(has_ended(PATIENCE_MS));
	ck_ok(db_sync(db, false, &why));
	ck_assert_uint_eq(disk_count(&disk.begun), 1);
	ck_ok(db_sync(db, true, &why));
	ck_assert_uint_eq(disk_count(&disk.begun), 1);
}
END_TEST

/* SQLite syncs one kind itself, and the other not at all. */
START_TEST(each_commit_is_synced_once_whoever_does_it)
{
	ck_ok(commit_ahead("satu"));
	ck_assert_int_eq(number("PRAGMA synchronous"), 1);
	ck_ok(db_sync(db, true, &why));
	ck_assert_uint_eq(disk_count(&disk.begun), 1);
	ck_ok(db_begin(db, &why));
	ck_assert_int_eq(number("PRAGMA synchronous"), 2);
	ck_ok(instances_flag_set(db, "dua", 1, &why));
	ck_ok(db_commit(db, &why));
	ck_ok(db_sync(db, true, &why));
	ck_assert_uint_eq(disk_count(&disk.begun), 1);
	ck_ok(commit_ahead("tiga"));
	ck_ok(db_sync(db, true, &why));
	ck_assert_uint_eq(disk_count(&disk.begun), 2);
	ck_assert_uint_eq(db->commits - commits, 3);
}
END_TEST

/* An idle daemon has a turn every two seconds. */
START_TEST(a_commit_of_nothing_wakes_nobody)
{
	disk_set(DISK_REFUSES);
	ck_ok(db_begin_ahead(db, &why));
	ck_ok(db_commit(db, &why));
	ck_ok(db_sync(db, false, &why));
	ck_assert(!has_ended(0));
	ck_assert_uint_eq(disk_count(&disk.begun), 0);
}
END_TEST

START_TEST(the_next_transaction_is_written_while_the_last_one_is_synced)
{
	disk_set(DISK_SLOW);
	ck_ok(commit_ahead("satu"));
	ck_ok(db_begin_ahead(db, &why));
	ck_ok(instances_flag_set(db, "dua", 1, &why));
	ck_result(db_sync(db, false, &why), JEMBATAN_IDLE);
	disk_set(DISK_WELL);
	ck_ok(db_commit(db, &why));
	ck_ok(db_sync(db, true, &why));
	ck_assert_uint_eq(disk_count(&disk.begun), 2);
}
END_TEST

/* Gives whoever does not wait the time to show it. */
static void *get_well(void *data)
{
	(void)data;
	usleep(50000);
	disk_set(DISK_WELL);
	return NULL;
}

/* Of both kinds: else what is told then could stand on what is not there. */
START_TEST(a_commit_waits_for_the_one_before)
{
	pthread_t other;
	disk_set(DISK_SLOW);
	ck_ok(commit_ahead("satu"));
	ck_ok(_i == 0 ? db_begin(db, &why) : db_begin_ahead(db, &why));
	ck_ok(instances_flag_set(db, "dua", 1, &why));
	ck_assert_int_eq(pthread_create(&other, NULL, get_well, NULL), 0);
	ck_ok(db_commit(db, &why));
	ck_assert(has_ended(0));
	ck_assert_int_eq(pthread_join(other, NULL), 0);
	ck_ok(db_sync(db, true, &why));
	ck_assert_uint_eq(disk_count(&disk.begun), _i == 0 ? 1 : 2);
}
END_TEST

START_TEST(behind_a_sync_that_was_refused_nothing_is_committed)
{
	disk_set(DISK_SLOW);
	ck_ok(commit_ahead("satu"));
	ck_ok(_i == 0 ? db_begin(db, &why) : db_begin_ahead(db, &why));
	ck_ok(instances_flag_set(db, "dua", 1, &why));
	disk_set(DISK_REFUSES);
	ck_result(db_commit(db, &why), JEMBATAN_RETRY);
	ck_assert_ptr_nonnull(strstr(why.text, "could not be synced"));
	db_abort(db);
	ck_assert_int_eq(flag("satu"), 1);
	ck_assert_int_eq(flag("dua"), 0);
	ck_result(db_begin(db, &why), JEMBATAN_RETRY);
	ck_result(db_begin_ahead(db, &why), JEMBATAN_RETRY);
	ck_result(db_sync(db, true, &why), JEMBATAN_RETRY);
	disk_set(DISK_WELL);
	ck_ok(commit_ahead("dua"));
	ck_ok(db_sync(db, true, &why));
	ck_assert_int_eq(flag("dua"), 1);
}
END_TEST

static size_t log_bytes(char **out)
{
	char *path = arena_printf(arena, "%s/jembatan.db-wal", folder);
	struct buf content;
	buf_init(&content, 64u * 1024u * 1024u);
	ck_ok(file_read(path, &content, &why));
	*out = arena_alloc(arena, content.size);
	memcpy(*out, content.data, content.size);
	size_t n = content.size;
	buf_done(&content);
	return n;
}

/* After a refusal the kernel may take for clean what it has not written. */
START_TEST(what_was_refused_is_written_over_itself_and_synced)
{
	char *before = NULL, *after = NULL;
	struct stat old, new;
	char *path = arena_printf(arena, "%s/jembatan.db-wal", folder);
	disk_set(DISK_REFUSES);
	ck_ok(commit_ahead("satu"));
	ck_result(db_sync(db, true, &why), JEMBATAN_RETRY);
	disk_set(DISK_WELL);
	size_t n = log_bytes(&before);
	struct timespec long_ago[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
	ck_assert_int_eq(utimensat(AT_FDCWD, path, long_ago, 0), 0);
	ck_assert_int_eq(stat(path, &old), 0);
	ck_assert_uint_eq(disk_count(&disk.begun), 1);
	ck_ok(db_begin(db, &why));
	ck_assert_uint_eq(disk_count(&disk.begun), 2);
	ck_assert_int_eq(stat(path, &new), 0);
	ck_assert_int_gt(new.st_mtime, old.st_mtime);
	ck_assert_uint_eq(log_bytes(&after), n);
	ck_assert_mem_eq(after, before, n);
	db_abort(db);
	ck_ok(db_sync(db, false, &why));
	reopen();
	ck_assert_int_eq(flag("satu"), 1);
}
END_TEST

static const char *last_word;

static void commit_and_be_killed(void)
{
	open_store();
	ck_ok(commit_ahead(last_word));
	raise(SIGKILL);
}

/* It is read from the kernel's memory, and the disk may not have it: so it is synced
 * before anybody hears of it. */
START_TEST(what_a_killed_process_left_in_the_log_is_synced_at_the_opening)
{
	db_close(db);
	db = NULL;
	last_word = "satu";
	ck_assert(was_killed(in_child(commit_and_be_killed)));
	unsigned begun = disk_count(&disk.begun);
	disk_set(DISK_REFUSES);
	ck_result(db_open(folder, NULL, &db, &why), JEMBATAN_RETRY);
	ck_assert_ptr_nonnull(strstr(why.text, "could not be synced"));
	disk_set(DISK_WELL);
	last_word = "dua";
	ck_assert(was_killed(in_child(commit_and_be_killed)));
	open_store();
	ck_assert_uint_eq(disk_count(&disk.begun), begun + 2);
	ck_assert_int_eq(flag("satu") + flag("dua"), 2);
	reopen();
	ck_assert_uint_eq(disk_count(&disk.begun), begun + 2);
}
END_TEST

START_TEST(the_log_is_not_emptied_before_what_was_refused_is_there)
{
	disk_set(DISK_REFUSES);
	ck_ok(commit_ahead("satu"));
	ck_result(db_sync(db, true, &why), JEMBATAN_RETRY);
	unsigned begun = disk_count(&disk.begun);
	db->wal_pages = 1000;
	db_idle(db);
	ck_result(db_empty_log(db, &why), JEMBATAN_RETRY);
	ck_assert_uint_eq(disk_count(&disk.begun), begun + 2);
	ck_assert_int_eq(db->wal_pages, 1000);
	disk_set(DISK_WELL);
	db_idle(db);
	ck_assert_int_eq(db->wal_pages, 0);
	ck_ok(db_sync(db, false, &why));
}
END_TEST

START_TEST(closing_waits_for_the_sync_that_is_under_way)
{
	pthread_t other;
	disk_set(DISK_SLOW);
	ck_ok(commit_ahead("satu"));
	ck_assert_int_eq(pthread_create(&other, NULL, get_well, NULL), 0);
	db_close(db);
	db = NULL;
	ck_assert_uint_eq(disk_count(&disk.ended), 1);
	ck_assert_int_eq(pthread_join(other, NULL), 0);
	open_store();
	ck_assert_int_eq(flag("satu"), 1);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("store_sync");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, sync_setup, sync_teardown);
	tcase_add_test(t, a_commit_that_goes_ahead_returns_before_the_disk_has_it);
	tcase_add_test(t, each_commit_is_synced_once_whoever_does_it);
	tcase_add_test(t, a_commit_of_nothing_wakes_nobody);
	tcase_add_test(t, the_next_transaction_is_written_while_the_last_one_is_synced);
	tcase_add_loop_test(t, a_commit_waits_for_the_one_before, 0, 2);
	tcase_add_loop_test(t, behind_a_sync_that_was_refused_nothing_is_committed, 0, 2);
	tcase_add_test(t, what_was_refused_is_written_over_itself_and_synced);
	tcase_add_test(t, what_a_killed_process_left_in_the_log_is_synced_at_the_opening);
	tcase_add_test(t, the_log_is_not_emptied_before_what_was_refused_is_there);
	tcase_add_test(t, closing_waits_for_the_sync_that_is_under_way);
	return unit_run("store_sync", t);
}
