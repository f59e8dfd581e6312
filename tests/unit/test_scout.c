/* test_scout.c: what the second thread finds out is what anybody finds out, it does
 * nothing twice, and after its end it has let go of all. */
#include "scout.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ticket/tokens_memo.h"
#include "tables_unit.h"

#define NOW_MS INT64_C(1768010400000)

static struct know_tables *tables;
static struct arena *arena;
static struct scout *scout;
static struct msg_message messages[SCOUT_MAX];
static struct scout_job jobs[SCOUT_MAX];

static const char *const texts[] = {
	"Jalan berlubang di Kec. Wonocolo Kota Surabaya, mohon ditambal",
	"Lampu jalan mati sejak kemarin di kel jemur wonosari kec wonocolo, telp 081234567890",
	"Bantuan PKH ibu saya belum cair tiga bulan, NIK 3273014101900001",
	"Kepala desa meminta uang untuk surat pengantar, mohon diperiksa",
	"Terima kasih, pelayanannya bagus",
};

static void fill(size_t i, const char *text)
{
	messages[i] = (struct msg_message){ .message = { .size = sizeof(struct jembatan_message),
							 .kind = JEMBATAN_NEW,
							 .subject = i % 3 == 0 ? "Laporan warga" : NULL,
							 .text = text,
							 .sent_ms = NOW_MS } };
	jobs[i] = (struct scout_job){
		.message = &messages[i],
		.options = { .normalize = { .instance = "aplikasi", .channel = "aplikasi",
					    .reference = arena_printf(arena, "JB-R%05zu", i),
					    .received_ms = NOW_MS, .zone_minutes = 420 },
			     .tables = tables,
			     .propose = { .home = REGION_NONE, .margin = 40 } } };
}

static void set_up(void)
{
	tables = tables_of_unit();
	arena = arena_new();
	scout = scout_new(true);
	for (size_t i = 0; i < SCOUT_MAX; i++)
		fill(i, texts[i % COUNT_OF(texts)]);
}

static void tear_down(void)
{
	scout_free(scout);
	know_free(tables);
	arena_free(arena);
}

static void wait_for(const struct msg_message *m)
{
	for (int i = 0; i < 10000 && scout_memo(scout, m) == NULL; i++)
		poll(NULL, 0, 1);
	ck_assert_ptr_nonnull(scout_memo(scout, m));
}

static void check_same(const struct scout_job *job, const struct ticket *found)
{
	struct ticket t;
	struct why why;

	ck_assert_int_eq(understand_message(job->message, &job->options, arena, &t, &why),
			 JEMBATAN_OK);
	CLEANUP(free_pointer) char *wanted = ticket_to_json(&t);
	CLEANUP(free_pointer) char *got = ticket_to_json(found);
	ck_assert_str_eq(got, wanted);
}

START_TEST(it_finds_what_anybody_finds)
{
	struct ticket t;
	struct why why;
	enum jembatan_result r = JEMBATAN_RETRY;

	for (int round = 0; round < 3; round++) {
		scout_begin(scout, jobs, SCOUT_MAX);
		for (size_t i = 0; i < SCOUT_MAX; i++) {
			wait_for(&messages[i]);
			ck_assert(scout_take(scout, &messages[i], &t, &r, &why));
			ck_assert_int_eq(r, JEMBATAN_OK);
			check_same(&jobs[i], &t);
		}
		scout_end(scout);
	}
}
END_TEST

/* Nobody waits for what the thread has not begun, and it does not begin it then. */
START_TEST(what_its_owner_has_taken_it_leaves)
{
	struct ticket t;
	struct why why;
	enum jembatan_result r;
	const struct msg_message *last = &messages[SCOUT_MAX - 1];

	scout_begin(scout, jobs, SCOUT_MAX);
	bool was_done = scout_take(scout, last, &t, &r, &why);
	if (was_done)
		check_same(&jobs[SCOUT_MAX - 1], &t);
	wait_for(&messages[SCOUT_MAX - 2]);
	/* It would be waited for, if the thread were at it now. */
	ck_assert(scout_take(scout, last, &t, &r, &why) == was_done);
	ck_assert((scout_memo(scout, last) != NULL) == was_done);
	scout_end(scout);
}
END_TEST

/* It waits where the thread is at it: both may ask at any moment. */
START_TEST(asked_at_once_it_says_the_same)
{
	struct ticket t;
	struct why why;
	enum jembatan_result r;

	for (int round = 0; round < 50; round++) {
		scout_begin(scout, jobs, SCOUT_MAX);
		for (size_t i = 0; i < SCOUT_MAX; i++)
			if (scout_take(scout, &messages[i], &t, &r, &why))
				check_same(&jobs[i], &t);
		scout_end(scout);
	}
}
END_TEST

START_TEST(what_is_no_report_is_said_with_its_reason)
{
	struct ticket t;
	struct why why = { "" };
	enum jembatan_result r = JEMBATAN_OK;

	fill(0, "  ");
	messages[0].message.subject = NULL;
	scout_begin(scout, jobs, 1);
	wait_for(&messages[0]);
	ck_assert(scout_take(scout, &messages[0], &t, &r, &why));
	ck_assert_int_eq(r, JEMBATAN_DATA);
	ck_assert_str_ne(why.text, "");
	scout_end(scout);
}
END_TEST

/* A sanitizer sees it when it does not. */
START_TEST(after_its_end_it_has_let_go_of_all)
{
	struct ticket t;
	struct why why;
	enum jembatan_result r;

	for (int round = 0; round < 50; round++) {
		char *text = strdup(texts[(size_t)round % COUNT_OF(texts)]);
		for (size_t i = 0; i < SCOUT_MAX; i++)
			fill(i, text);
		scout_begin(scout, jobs, SCOUT_MAX);
		scout_end(scout);
		memset(text, 'x', strlen(text));
		free(text);
		ck_assert(!scout_take(scout, &messages[0], &t, &r, &why));
		ck_assert_ptr_null(scout_memo(scout, &messages[0]));
	}
}
END_TEST

/* Its words serve who compares them. */
START_TEST(the_words_that_it_read_are_there)
{
	struct tokens *words = xcalloc(1, sizeof(*words));

	scout_begin(scout, &jobs[1], 1); /* without a subject: its text is all */
	wait_for(&messages[1]);
	ck_assert(tokens_recall(scout_memo(scout, &messages[1]), texts[1], words));
	ck_assert_uint_gt(words->count, 5);
	ck_assert(!tokens_recall(scout_memo(scout, &messages[1]), texts[0], words));
	scout_end(scout);
	free(words);
}
END_TEST

/* As on one processor. */
START_TEST(without_a_thread_its_owner_does_all)
{
	struct ticket t;
	struct why why;
	enum jembatan_result r;
	struct scout *alone = scout_new(false);

	ck_assert(!scout_is_useful(alone) && scout_is_useful(scout));
	scout_begin(alone, jobs, SCOUT_MAX);
	for (size_t i = 0; i < SCOUT_MAX; i++)
		ck_assert(!scout_take(alone, &messages[i], &t, &r, &why));
	scout_end(alone);
	scout_free(alone);
}
END_TEST

START_TEST(one_that_never_began_ends)
{
	struct ticket t;
	struct why why;
	enum jembatan_result r;

	ck_assert(!scout_take(scout, &messages[0], &t, &r, &why));
	scout_begin(scout, jobs, 0);
	scout_end(scout);
	scout_end(scout);
	scout_free(NULL);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("scout");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, it_finds_what_anybody_finds);
	tcase_add_test(t, what_its_owner_has_taken_it_leaves);
	tcase_add_test(t, asked_at_once_it_says_the_same);
	tcase_add_test(t, what_is_no_report_is_said_with_its_reason);
	tcase_add_test(t, after_its_end_it_has_let_go_of_all);
	tcase_add_test(t, the_words_that_it_read_are_there);
	tcase_add_test(t, without_a_thread_its_owner_does_all);
	tcase_add_test(t, one_that_never_began_ends);
	return unit_run("scout", t);
}
