/* test_agency_folder.c: exports in a real folder: what is complete, what is read once
 * and what again, where a life that was cut short goes on. */
#include "agency_profile.h"
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOW_MS INT64_C(1795300000000)
#define HEAD "No Tiket;Tanggal;Isi\n"

static char folder[64], path[400];
static struct agency_profile profile;
static struct testctx *t;
static void *self;
static int64_t now_ms;

/* ---- the bench --------------------------------------------------------- */

static const struct jembatan_operations *ops(void)
{
	return jembatan_connector_entry()->operations;
}

static struct jembatan_context *ctx(void)
{
	return testctx_context(t);
}

static const char *at(const char *name)
{
	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void put_bytes(const char *name, const char *bytes, size_t size)
{
	FILE *file = fopen(at(name), "wb");

	ck_assert(file && fwrite(bytes, 1, size, file) == size && fclose(file) == 0);
}

static void put(const char *name, const char *text)
{
	put_bytes(name, text, strlen(text));
}

static bool is_there(const char *name)
{
	return access(at(name), F_OK) == 0;
}

static void begin(const char *option)
{
	(void)snprintf(folder, sizeof(folder), "/tmp/jembatan-folder-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(mkdir(at("arsip"), 0700), 0);
	agency_profile_load(&profile, "ekspor");
	agency_profile_set(&profile, option, NULL, folder);
	t = testctx_new(profile.rows, jembatan_connector_entry()->options);
	now_ms = NOW_MS;
	testctx_set_now(t, now_ms);
}

static void setup(void)
{
	begin("folder");
}

static void wipe(const char *below)
{
	char command[200];

	(void)snprintf(command, sizeof(command), "rm -rf '%s%s'", folder, below);
	ck_assert_int_eq(system(command), 0);
}

static void teardown(void)
{
	if (self)
		ops()->close(ctx(), self);
	self = NULL;
	testctx_free(t);
	agency_profile_done(&profile);
	wipe("");
}

static void open_at(const char *cursor)
{
	ck_assert_int_eq(ops()->open(ctx(), cursor, &self), JEMBATAN_OK);
}

static void wait_ms(int64_t ms)
{
	now_ms += ms;
	testctx_set_now(t, now_ms);
}

/* Until nothing is left to do at this time. */
static enum jembatan_result poll_once(void)
{
	enum jembatan_result result = JEMBATAN_OK;

	for (int i = 0; i < 100 && result == JEMBATAN_OK; i++)
		result = ops()->poll(ctx(), self);
	return result;
}

/* Two looks with the time to settle between them; how many messages came. */
static size_t poll_all(void)
{
	testctx_forget(t);
	ck_assert_int_eq(poll_once(), JEMBATAN_IDLE);
	wait_ms(10000);
	ck_assert_int_eq(poll_once(), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emits_at_checkpoint(t), testctx_emit_count(t));
	return testctx_emit_count(t);
}

/* Die without a word, and begin a new life at the cursor. */
static void new_life(void)
{
	char *cursor = strdup(testctx_cursor(t));

	ops()->close(ctx(), self);
	self = NULL;
	open_at(cursor);
	free(cursor);
}

static const struct jembatan_message *message(size_t i)
{
	return testctx_emit(t, i);
}

/* ---- complete files ---------------------------------------------------- */

START_TEST(a_file_is_taken_when_it_has_stood_still)
{
	put("a.csv", HEAD "T1;3 Jan 2026;Lampu padam\n");
	open_at(NULL);
	ck_assert_int_eq(poll_once(), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(t), 0);
	ck_assert_int_eq(testctx_delay(t), 10000);
	wait_ms(9999);
	ck_assert_int_eq(poll_once(), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(t), 0);
	put("a.csv", HEAD "T1;3 Jan 2026;Lampu padam\nT2;3 Jan 2026;Jalan rusak\n");
	wait_ms(1);
	ck_assert_int_eq(poll_once(), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(t), 0); /* it grew: the time begins anew */
	wait_ms(10000);
	ck_assert_int_eq(poll_once(), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(t), 2);
}
END_TEST

START_TEST(a_last_line_without_end_waits_longer_unless_the_file_is_said_to_be_done)
{
	put("a.csv", HEAD "T1;3 Jan 2026;Lampu pad");
	open_at(NULL);
	ck_assert_uint_eq(poll_all(), 0);
	wait_ms(290000);
	ck_assert_uint_eq(poll_all(), 1);
	put("b.csv", HEAD "T2;3 Jan 2026;Jalan rusak");
	put("b.csv.done", "");
	testctx_forget(t);
	ck_assert_int_eq(poll_once(), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(t), 1);
}
END_TEST

START_TEST(with_wait_for_done_nothing_else_counts)
{
	agency_profile_set(&profile, "wait_for_done", NULL, "true");
	put("a.csv", HEAD "T1;3 Jan 2026;Lampu padam\n");
	open_at(NULL);
	ck_assert_uint_eq(poll_all(), 0);
	wait_ms(3600000);
	ck_assert_uint_eq(poll_all(), 0);
	put("a.csv.done", "");
	ck_assert_uint_eq(poll_all(), 1);
}
END_TEST

START_TEST(other_names_links_and_folders_are_left_alone)
{
	put("a.csv.part", HEAD "T1;3 Jan 2026;Lampu padam\n");
	put(".b.csv", HEAD "T2;3 Jan 2026;Lampu padam\n");
	put("c.tmp", HEAD "T3;3 Jan 2026;Lampu padam\n");
	put("~$d.xlsx", "PK");
	put("kosong.csv", "");
	ck_assert_int_eq(mkdir(at("e.csv"), 0700), 0);
	ck_assert_int_eq(symlink("a.csv.part", at("f.csv")), 0);
	open_at(NULL);
	ck_assert_uint_eq(poll_all(), 0);
	char from[400];
	(void)snprintf(from, sizeof(from), "%s", at("a.csv.part"));
	ck_assert_int_eq(rename(from, at("a.csv")), 0);
	ck_assert_uint_eq(poll_all(), 1);
}
END_TEST

START_TEST(a_spreadsheet_is_named_once)
{
	put("Laporan.XLSX", "PK\x03\x04");
	open_at(NULL);
	ck_assert_uint_eq(poll_all(), 1);
	ck_assert_int_eq(message(0)->kind, JEMBATAN_UNREADABLE);
	ck_assert_ptr_nonnull(strstr(message(0)->text, "Laporan.XLSX"));
	ck_assert_ptr_nonnull(strstr(message(0)->text, "CSV UTF-8"));
	new_life();
	ck_assert_uint_eq(poll_all(), 0);
	ck_assert(is_there("Laporan.XLSX"));
}
END_TEST

/* ---- once -------------------------------------------------------------- */

START_TEST(nothing_is_read_twice)
{
	put("a.csv", HEAD "T1;3 Jan 2026;Lampu padam\n;3 Jan 2026;Tanpa tiket\n");
	open_at(NULL);
	ck_assert_uint_eq(poll_all(), 2);
	size_t checkpoints = testctx_checkpoint_count(t);
	ck_assert_uint_gt(checkpoints, 0);
	ck_assert_uint_eq(poll_all(), 0);
	ck_assert_uint_eq(testctx_checkpoint_count(t), 0);
	new_life();
	ck_assert_uint_eq(poll_all(), 0);
	ck_assert_uint_eq(testctx_checkpoint_count(t), 0);
	/* The same bytes under another name. */
	put("salinan.csv", HEAD "T1;3 Jan 2026;Lampu padam\n;3 Jan 2026;Tanpa tiket\n");
	ck_assert_uint_eq(poll_all(), 0);
	ck_assert_uint_eq(testctx_checkpoint_count(t), 1);
}
END_TEST

START_TEST(of_a_file_that_changed_only_new_and_changed_rows_come)
{
	char first[65], digest_row[80];

	put("a.csv", HEAD "T1;3 Jan 2026;Lampu padam\nT2;3 Jan 2026;Jalan rusak\n;3 Jan 2026;Bau\n");
	open_at(NULL);
	ck_assert_uint_eq(poll_all(), 3);
	(void)snprintf(first, sizeof(first), "%s", message(1)->revision);
	(void)snprintf(digest_row, sizeof(digest_row), "%s", message(2)->id);
	put("a.csv", "Isi;Tanggal;No Tiket;Catatan\nJalan rusak parah;3 Jan 2026;T2;\n"
		     "Bau;3 Jan 2026;;\nLampu padam;3 Jan 2026;T1;\nBaru;4 Jan 2026;T3;\n");
	ck_assert_uint_eq(poll_all(), 2);
	ck_assert_str_eq(message(0)->id, "T2");
	ck_assert_str_ne(message(0)->revision, first);
	ck_assert_str_eq(message(1)->id, "T3");
	/* A new life knows no rows; the core does, by id and revision. */
	put("b.csv", HEAD ";3 Jan 2026;Bau\n");
	new_life();
	ck_assert_uint_eq(poll_all(), 1);
	ck_assert_str_eq(message(0)->id, digest_row);
}
END_TEST

START_TEST(a_key_that_comes_twice_in_a_file_is_no_edit)
{
	put("a.csv", HEAD "T1;3 Jan 2026;Lampu padam\nT1;3 Jan 2026;Lampu padam\n"
			  "T1;4 Jan 2026;Laporan orang lain\n");
	open_at(NULL);
	ck_assert_uint_eq(poll_all(), 2);
	ck_assert_int_eq(message(1)->kind, JEMBATAN_UNREADABLE);
	ck_assert_str_eq(message(1)->id, "a.csv:4");
	ck_assert_ptr_nonnull(strstr(message(1)->text, "a.csv: line 4 has the key of line 2"));
}
END_TEST

START_TEST(a_bad_row_is_named_and_stops_no_other)
{
	put("a.csv", HEAD "T1;3 Jan 2026;Lampu padam\nT2;bukan tanggal;Jalan\n"
			  "\"T3;3 Jan 2026;kutip\nT4;3 Jan 2026;a;b;c\nT5;3 Jan 2026;Sampah\n");
	open_at(NULL);
	ck_assert_uint_eq(poll_all(), 5);
	ck_assert_str_eq(message(0)->id, "T1");
	ck_assert_ptr_nonnull(strstr(message(1)->text, "a.csv: line 3: "));
	ck_assert_str_eq(message(2)->id, "a.csv:4");
	ck_assert_str_eq(message(3)->id, "a.csv:5");
	ck_assert_str_eq(message(4)->id, "T5");
	new_life();
	ck_assert_uint_eq(poll_all(), 0);
}
END_TEST

static const struct {
	const char *name, *text, *says;
} whole[] = {
	{ "a.csv", "satu;dua\n1;2\n", "is a header" },
	{ "b.csv", "Isi\n" "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "file_max" },
};

START_TEST(a_file_that_cannot_be_read_is_named_once_and_stays)
{
	teardown();
	begin("drop_folder");
	char big[3000];

	memset(big, 'x', sizeof(big));
	memcpy(big, "Isi\n", 4);
	big[sizeof(big) - 1] = '\n';
	agency_profile_set(&profile, "file_max", NULL, "2KiB");
	if (_i == 1)
		put_bytes(whole[_i].name, big, sizeof(big));
	else
		put(whole[_i].name, whole[_i].text);
	open_at(NULL);
	ck_assert_uint_eq(poll_all(), 1);
	ck_assert_int_eq(message(0)->kind, JEMBATAN_UNREADABLE);
	ck_assert_str_eq(message(0)->id, whole[_i].name);
	ck_assert_msg(strstr(message(0)->text, whole[_i].says) != NULL, "%s", message(0)->text);
	ck_assert_uint_eq(poll_all(), 0);
	new_life();
	ck_assert_uint_eq(poll_all(), 0);
	ck_assert(is_there(whole[_i].name));
}
END_TEST

START_TEST(what_is_older_than_start_is_left)
{
	put("a.csv", HEAD "T1;3 Jan 2026;Lama\nT2;21/11/2026 8.15.00;Baru\nT3;;Tanpa tanggal\n");
	ctx()->start_ms = INT64_C(1790000000000);
	open_at(NULL);
	ck_assert_uint_eq(poll_all(), 2);
	ck_assert_str_eq(message(0)->id, "T2");
	ck_assert_str_eq(message(1)->id, "T3");
}
END_TEST

/* ---- lives cut short --------------------------------------------------- */

#define MANY 1300

static void put_many(const char *name)
{
	FILE *file = fopen(at(name), "w");

	(void)fputs(HEAD, file);
	for (int i = 0; i < MANY; i++)
		(void)fprintf(file, "T%d;3 Jan 2026;\"Laporan\nnomor %d\"\n", i, i);
	(void)fclose(file);
}

START_TEST(a_life_cut_short_goes_on_behind_the_last_page)
{
	size_t came = 0;

	put_many("a.csv");
	open_at(NULL);
	ck_assert_int_eq(ops()->poll(ctx(), self), JEMBATAN_IDLE);
	for (int life = 0; life < 5; life++) {
		wait_ms(10000);
		if (life > 0)
			ck_assert_int_eq(ops()->poll(ctx(), self), JEMBATAN_IDLE);
		wait_ms(10000);
		testctx_forget(t);
		(void)!ops()->poll(ctx(), self);
		for (size_t i = 0; i < testctx_emit_count(t); i++) {
			char id[20];

			(void)snprintf(id, sizeof(id), "T%zu", came++);
			ck_assert_str_eq(message(i)->id, id);
		}
		if (testctx_cursor(t) && testctx_checkpoint_count(t) > 0)
			new_life();
	}
	ck_assert_uint_eq(came, MANY);
}
END_TEST

START_TEST(a_checkpoint_that_fails_loses_nothing)
{
	put_many("a.csv");
	open_at(NULL);
	ck_assert_uint_eq((size_t)poll_once(), (size_t)JEMBATAN_IDLE);
	wait_ms(10000);
	testctx_fail_checkpoint(t, 2);
	ck_assert_int_eq(poll_once(), JEMBATAN_RETRY);
	ck_assert_uint_eq(testctx_emits_at_checkpoint(t), 500);
	testctx_forget(t);
	ck_assert_int_eq(poll_once(), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(t), MANY - 500);
	ck_assert_str_eq(message(0)->id, "T500");
}
END_TEST

/* ---- the archive ------------------------------------------------------- */

START_TEST(what_was_taken_moves_into_the_archive_once_it_is_on_disk)
{
	teardown();
	begin("drop_folder");
	put("a.csv", HEAD "T1;3 Jan 2026;Lampu padam\n");
	put("a.csv.done", "");
	open_at(NULL);
	testctx_fail_checkpoint(t, 1);
	ck_assert_int_eq(poll_once(), JEMBATAN_RETRY);
	ck_assert(is_there("a.csv") && !is_there("arsip/a.csv"));
	ck_assert_uint_eq(poll_all(), 1);
	ck_assert(!is_there("a.csv") && !is_there("a.csv.done") && is_there("arsip/a.csv"));
	ck_assert_uint_eq(testctx_ahead_count(t), 0);
	/* The next one of this name is another file. */
	put("a.csv", HEAD "T2;3 Jan 2026;Jalan rusak\n");
	ck_assert_uint_eq(poll_all(), 1);
	ck_assert(!is_there("a.csv"));
	/* Killed between the commit and the move. */
	put("b.csv", HEAD "T3;3 Jan 2026;Sampah\n");
	wipe("/arsip");
	ck_assert_uint_eq(poll_all(), 1);
	ck_assert_ptr_nonnull(strstr(testctx_log(t), "b.csv was taken and cannot be moved"));
	ck_assert_int_eq(mkdir(at("arsip"), 0700), 0);
	new_life();
	ck_assert_uint_eq(poll_all(), 0);
	ck_assert(is_there("arsip/b.csv"));
}
END_TEST

/* ---- settings ---------------------------------------------------------- */

START_TEST(a_folder_that_is_not_there_is_named)
{
	wipe("");
	ck_assert_int_eq(ops()->check(ctx()), JEMBATAN_CONFIG);
	ck_assert_ptr_nonnull(strstr(testctx_explanation(t), folder));
	ck_assert_int_eq(ops()->open(ctx(), NULL, &self), JEMBATAN_RETRY);
	ck_assert_int_eq(mkdir(folder, 0700), 0);
	ck_assert_int_eq(ops()->check(ctx()), JEMBATAN_OK);
	open_at(NULL);
	wipe("");
	ck_assert_int_eq(poll_once(), JEMBATAN_FATAL);
	ck_assert_ptr_nonnull(strstr(testctx_explanation(t), folder));
}
END_TEST

static const struct {
	const char *name, *key, *value, *says;
} wrong[] = {
	{ "url", NULL, "https://aplikasi.contoh.test/", "url does not go with a folder" },
	{ "write", "number", "POST x", "write does not go with a folder" },
	{ "details", "x", "y", "details does not go with a folder" },
	{ "drop_folder", NULL, "/tmp", "exclude each other" },
	{ "columns", "Nama Besar", "x", "cannot be a name" },
};

START_TEST(what_does_not_go_with_a_folder_is_refused)
{
	agency_profile_set(&profile, wrong[_i].name, wrong[_i].key, wrong[_i].value);
	ck_assert_int_eq(ops()->check(ctx()), JEMBATAN_CONFIG);
	ck_assert_msg(strstr(testctx_explanation(t), wrong[_i].says) != NULL, "%s",
		      testctx_explanation(t));
}
END_TEST

START_TEST(nobody_is_answered_in_a_file)
{
	struct jembatan_reply reply = { .size = sizeof(reply), .event = "number" };
	struct jembatan_delivery delivery = { .size = sizeof(delivery) };

	open_at(NULL);
	ck_assert_int_eq(ops()->reply(ctx(), self, &reply, &delivery), JEMBATAN_OK);
	ck_assert_int_eq(delivery.outcome, JEMBATAN_NOT_TOLD);
}
END_TEST

int main(void)
{
	TCase *c = tcase_create("folder");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, a_file_is_taken_when_it_has_stood_still);
	tcase_add_test(c, a_last_line_without_end_waits_longer_unless_the_file_is_said_to_be_done);
	tcase_add_test(c, with_wait_for_done_nothing_else_counts);
	tcase_add_test(c, other_names_links_and_folders_are_left_alone);
	tcase_add_test(c, a_spreadsheet_is_named_once);
	tcase_add_test(c, nothing_is_read_twice);
	tcase_add_test(c, of_a_file_that_changed_only_new_and_changed_rows_come);
	tcase_add_test(c, a_key_that_comes_twice_in_a_file_is_no_edit);
	tcase_add_test(c, a_bad_row_is_named_and_stops_no_other);
	tcase_add_loop_test(c, a_file_that_cannot_be_read_is_named_once_and_stays, 0, 2);
	tcase_add_test(c, what_is_older_than_start_is_left);
	tcase_add_test(c, a_life_cut_short_goes_on_behind_the_last_page);
	tcase_add_test(c, a_checkpoint_that_fails_loses_nothing);
	tcase_add_test(c, what_was_taken_moves_into_the_archive_once_it_is_on_disk);
	tcase_add_test(c, a_folder_that_is_not_there_is_named);
	tcase_add_loop_test(c, what_does_not_go_with_a_folder_is_refused, 0,
			    (int)(sizeof(wrong) / sizeof(wrong[0])));
	tcase_add_test(c, nobody_is_answered_in_a_file);
	return unit_run("agency_folder", c);
}
