/* test_email_maildir.c: a Maildir in which things happen: files that move, that
 * are no mail, that are old, and 20,000 of them. */
#include "kit/testctx.h"

#include <jembatan/kit.h>

#include "unit.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static char dir[64];

static void make_dirs(void)
{
	static const char *const names[] = { "new", "cur", "tmp" };
	char path[128];

	snprintf(dir, sizeof dir, "/tmp/jembatan-maildir-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, names[i]);
		ck_assert_int_eq(mkdir(path, 0700), 0);
	}
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *walk)
{
	(void)st, (void)flag, (void)walk;
	return remove(path);
}

static void remove_dirs(void)
{
	nftw(dir, remove_one, 8, FTW_PHYS | FTW_DEPTH);
}

static void put_mail(const char *name, unsigned number, long age_s)
{
	char path[256];
	struct timeval times[2] = { { time(NULL) - age_s, 0 }, { time(NULL) - age_s, 0 } };

	snprintf(path, sizeof path, "%s/%s", dir, name);
	FILE *out = fopen(path, "w");

	ck_assert_ptr_nonnull(out);
	fprintf(out, "From: a@b.test\nMessage-ID: <%u@b.test>\n\nisi %u\n", number, number);
	fclose(out);
	ck_assert_int_eq(utimes(path, times), 0);
}

static void move(const char *from, const char *to)
{
	char a[256], b[256];

	snprintf(a, sizeof a, "%s/%s", dir, from);
	snprintf(b, sizeof b, "%s/%s", dir, to);
	ck_assert_int_eq(rename(a, b), 0);
}

/* ---- one run --------------------------------------------------------------------- */

static struct testctx *t;
static void *self;

static const struct jembatan_operations *ops(void)
{
	return jembatan_connector_entry()->operations;
}

static void start(const char *cursor, int64_t start_ms)
{
	static struct testctx_option rows[] = { { "source", NULL, "maildir" },
						{ "maildir", NULL, dir },
						{ "mail_max", NULL, "64KiB" },
						{ NULL, NULL, NULL } };

	t = testctx_new(rows, jembatan_connector_entry()->options);
	testctx_context(t)->start_ms = start_ms;
	ck_assert_int_eq(ops()->open(testctx_context(t), cursor, &self), JEMBATAN_OK);
}

static void stop(void)
{
	ops()->close(testctx_context(t), self);
	testctx_free(t);
}

/* Poll until idle; how many mails came. */
static size_t poll_all(void)
{
	size_t before = testctx_emit_count(t);
	enum jembatan_result result;

	while ((result = ops()->poll(testctx_context(t), self)) == JEMBATAN_OK)
		;
	ck_assert_int_eq(result, JEMBATAN_IDLE);
	return testctx_emit_count(t) - before;
}

/* The cursor as it is, or so many milliseconds earlier. */
static char *cursor_less(int64_t ms)
{
	static char cursor[64];
	int64_t at = strtoll(testctx_cursor(t) + 3, NULL, 10);

	snprintf(cursor, sizeof cursor, "v1 %lld", (long long)(at - ms));
	return cursor;
}

START_TEST(a_mail_comes_once_wherever_it_is_moved)
{
	start(NULL, 0);
	ck_assert_uint_eq(poll_all(), 0);
	put_mail("new/1.a", 1, 0);
	put_mail("cur/2.a:2,S", 2, 0);
	ck_assert_uint_eq(poll_all(), 2);
	move("new/1.a", "cur/1.a:2,");
	move("cur/2.a:2,S", "cur/2.a:2,RS");
	ck_assert_uint_eq(poll_all(), 0);
	put_mail("new/3.a", 3, 0);
	ck_assert_uint_eq(poll_all(), 1);
	stop();
}
END_TEST

START_TEST(what_is_no_mail_is_left_alone)
{
	char path[256];

	start(NULL, 0);
	put_mail("new/.hidden", 1, 0);
	put_mail("tmp/4.a", 4, 0);
	put_mail("surat", 5, 0);
	snprintf(path, sizeof path, "%s/new/link", dir);
	ck_assert_int_eq(symlink("../surat", path), 0);
	snprintf(path, sizeof path, "%s/new/folder", dir);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	snprintf(path, sizeof path, "%s/new/pipe", dir);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_uint_eq(poll_all(), 0);
	stop();
}
END_TEST

START_TEST(a_mail_moved_here_with_an_old_date_is_not_lost)
{
	put_mail("new/1.a", 1, 0);
	start(NULL, 0);
	ck_assert_uint_eq(poll_all(), 1);
	char *cursor = strdup(cursor_less(0));

	stop();
	/* Another program moves it here while we are away; its date stays. */
	put_mail("tmp/2.a", 2, 400 * 86400);
	move("tmp/2.a", "cur/2.a:2,");
	start(cursor, 0);
	ck_assert_uint_ge(poll_all(), 1);
	const struct jembatan_message *last = testctx_emit(t, testctx_emit_count(t) - 1);

	ck_assert_int_eq(strncmp(last->id, "2@", 2), 0);
	free(cursor);
	stop();
}
END_TEST

START_TEST(what_lies_behind_the_cursor_is_not_read_again)
{
	put_mail("new/1.a", 1, 0);
	start(NULL, 0);
	ck_assert_uint_eq(poll_all(), 1);
	char *cursor = strdup(cursor_less(-2 * 3600 * 1000));

	stop();
	/* Two hours later: beyond the overlap. */
	start(cursor, 0);
	testctx_set_now(t, ((int64_t)time(NULL) + 2 * 3600) * 1000);
	ck_assert_uint_eq(poll_all(), 0);
	ck_assert_uint_eq(testctx_begin_count(t), 0);
	free(cursor);
	stop();
}
END_TEST

START_TEST(a_clock_put_back_behind_the_cursor_reads_all_again)
{
	char cursor[64];

	put_mail("new/1.a", 1, 0);
	snprintf(cursor, sizeof cursor, "v1 %lld", ((long long)time(NULL) + 10 * 86400) * 1000);
	start(cursor, 0);
	ck_assert_uint_eq(poll_all(), 1);
	stop();
}
END_TEST

START_TEST(a_cursor_that_cannot_be_read_is_none)
{
	put_mail("new/1.a", 1, 0);
	start("ngawur", 0);
	ck_assert_uint_eq(poll_all(), 1);
	stop();
}
END_TEST

START_TEST(the_start_gates_by_arrival)
{
	put_mail("new/1.a", 1, 3 * 86400);
	put_mail("new/2.a", 2, 3600);
	start(NULL, ((int64_t)time(NULL) - 86400) * 1000);
	ck_assert_uint_eq(poll_all(), 1);
	ck_assert_int_eq(strncmp(testctx_emit(t, 0)->id, "2@", 2), 0);
	stop();
}
END_TEST

START_TEST(a_failed_checkpoint_gives_the_mails_again)
{
	put_mail("new/1.a", 1, 0);
	put_mail("new/2.a", 2, 0);
	start(NULL, 0);
	testctx_fail_checkpoint(t, 1);
	ck_assert_int_eq(ops()->poll(testctx_context(t), self), JEMBATAN_RETRY);
	ck_assert_ptr_null(testctx_cursor(t));
	ck_assert_uint_eq(poll_all(), 2);
	stop();
}
END_TEST

START_TEST(a_large_mail_is_taken_in_part)
{
	char path[256];

	put_mail("new/1.a", 1, 0);
	snprintf(path, sizeof path, "%s/new/1.a", dir);
	ck_assert_int_eq(truncate(path, 100000), 0);
	start(NULL, 0);
	ck_assert_uint_eq(poll_all(), 1);
	ck_assert_uint_eq(testctx_emit(t, 0)->raw.size, 65536);
	ck_assert_ptr_nonnull(strstr(testctx_emit(t, 0)->extra, "\"whole_size\":100000"));
	stop();
}
END_TEST

START_TEST(a_folder_that_is_not_there_is_for_a_person_to_mend)
{
	char path[128];

	snprintf(path, sizeof path, "%s/new", dir);
	ck_assert_int_eq(rmdir(path), 0);
	start(NULL, 0);
	ck_assert_int_eq(ops()->poll(testctx_context(t), self), JEMBATAN_CONFIG);
	ck_assert_ptr_nonnull(strstr(testctx_explanation(t), "Maildir"));
	stop();
}
END_TEST

static double cpu_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

START_TEST(twenty_thousand_seen_files_cost_next_to_nothing)
{
	char name[64];

	for (unsigned i = 1; i <= 20000; i++) {
		snprintf(name, sizeof name, "%s/%u.a%s", i % 2 ? "new" : "cur", i,
			 i % 2 ? "" : ":2,S");
		put_mail(name, i, 0);
	}
	start(NULL, 0);
	double begin = cpu_s();

	ck_assert_uint_eq(poll_all(), 20000);
	double first = cpu_s() - begin;

	testctx_forget(t);
	begin = cpu_s();
	for (int i = 0; i < 10; i++)
		ck_assert_uint_eq(poll_all(), 0);
	double again = (cpu_s() - begin) / 10;

	printf("20000 mails: %.2f s of CPU; a poll with nothing new: %.1f ms\n", first,
	       again * 1000);
	ck_assert(again < first / 10);
	stop();
}
END_TEST

int main(void)
{
	TCase *c = tcase_create("maildir");

	tcase_add_checked_fixture(c, make_dirs, remove_dirs);
	tcase_set_timeout(c, 120);
	tcase_add_test(c, a_mail_comes_once_wherever_it_is_moved);
	tcase_add_test(c, what_is_no_mail_is_left_alone);
	tcase_add_test(c, a_mail_moved_here_with_an_old_date_is_not_lost);
	tcase_add_test(c, what_lies_behind_the_cursor_is_not_read_again);
	tcase_add_test(c, a_clock_put_back_behind_the_cursor_reads_all_again);
	tcase_add_test(c, a_cursor_that_cannot_be_read_is_none);
	tcase_add_test(c, the_start_gates_by_arrival);
	tcase_add_test(c, a_failed_checkpoint_gives_the_mails_again);
	tcase_add_test(c, a_large_mail_is_taken_in_part);
	tcase_add_test(c, a_folder_that_is_not_there_is_for_a_person_to_mend);
	tcase_add_test(c, twenty_thousand_seen_files_cost_next_to_nothing);
	return unit_run("email_maildir", c);
}
