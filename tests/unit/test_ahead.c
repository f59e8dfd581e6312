/* test_ahead.c: checkpoints that do not wait: what the core sees of a connector
 * that goes ahead of it. */
#include "core_side.h"

#include <sys/wait.h>

#include "unit.h"

static struct core_side core;
static struct msg_option ahead_options[2];

static void setup(void)
{
	core_side_setup(&core);
}

static void teardown(void)
{
	core_side_teardown(&core);
}

/* Open it with one option more, and ask for one poll. */
static void poll_pages_with(const char *pages, const char *name, const char *value)
{
	ahead_options[0] = (struct msg_option){ "pages", NULL, pages, "a.yaml:3" };
	ahead_options[1] = (struct msg_option){ name, NULL, value, "a.yaml:4" };
	core.open.options = ahead_options;
	core.open.option_count = 2;
	core_side_open(&core, "ahead");
	core_side_ask(&core, MSG_POLL);
}

static void poll_pages(const char *pages, const char *delay_ms)
{
	poll_pages_with(pages, "delay_ms", delay_ms);
}

static void expect_message(const char *id)
{
	struct msg_message m;
	struct frame f = core_side_expect(&core, MSG_MESSAGE, NULL, NULL);
	ck_assert_int_eq(msg_message_unpack(f.meta, core.arena, &m, NULL), JEMBATAN_OK);
	ck_assert_str_eq(m.message.id, id);
}

static uint32_t expect_checkpoint(const char *cursor)
{
	struct msg_checkpoint c = { 0 };
	struct frame f = core_side_expect(&core, MSG_CHECKPOINT, msg_checkpoint_fields, &c);
	ck_assert_str_eq(c.cursor, cursor);
	return f.seq;
}

START_TEST(one_poll_brings_all_pages)
{
	poll_pages("3", "0");
	expect_message("1");
	uint32_t first = expect_checkpoint("1");
	expect_message("2"); /* although the first is not answered */
	core_side_answer(&core, first, JEMBATAN_OK);
	ck_assert_str_eq(core_side_commit(&core), "2");
	expect_message("3");
	ck_assert_str_eq(core_side_commit(&core), "3");
	core_side_expect_done(&core, JEMBATAN_IDLE);
	core_side_stop(&core);
}
END_TEST

/* Behind the second message nothing comes but the end. */
static void refuse_the_first(void)
{
	expect_message("1");
	uint32_t first = expect_checkpoint("1");
	expect_message("2");
	core_side_answer(&core, first, JEMBATAN_RETRY);
	ck_assert(str_starts(core_side_expect_done(&core, JEMBATAN_FATAL), "not stored"));
	core_side_stop(&core);
}

START_TEST(the_next_checkpoint_waits_for_the_one_before)
{
	poll_pages("3", "0");
	/* Its own is not sent any more: it would say that all before it is there. */
	refuse_the_first();
}
END_TEST

START_TEST(one_that_waits_waits_for_the_one_before_too)
{
	poll_pages_with("2", "waits_at", "2");
	refuse_the_first();
}
END_TEST

START_TEST(a_plugin_that_goes_on_after_a_failure_is_ended)
{
	poll_pages_with("3", "stubborn", "true");
	/* No checkpoint: its cursor would lie behind what is not stored. */
	refuse_the_first();
}
END_TEST

START_TEST(outside_of_poll_it_is_refused)
{
	ahead_options[0] = (struct msg_option){ "early", NULL, "true", "a.yaml:3" };
	core.open.options = ahead_options;
	core.open.option_count = 1;
	core_side_install(&core, "ahead", NULL);
	core_side_start(&core, "ahead");
	core_side_send(&core, MSG_OPEN, msg_open_fields, &core.open, bytes_of(NULL, 0));
	core_side_expect(&core, MSG_MANIFEST, NULL, NULL);
	const char *why = core_side_expect_done(&core, JEMBATAN_CONFIG);
	ck_assert_ptr_nonnull(strstr(why, "checkpoint_ahead() in open()"));
	core_side_stop(&core);
}
END_TEST

START_TEST(a_polls_end_waits_for_the_last_one)
{
	poll_pages("1", "7"); /* a wish for a pause ends it */
	expect_message("1");
	core_side_answer(&core, expect_checkpoint("1"), JEMBATAN_RETRY);
	ck_assert(str_starts(core_side_expect_done(&core, JEMBATAN_FATAL), "not stored"));
}
END_TEST

START_TEST(a_plugin_that_wants_a_pause_gets_it)
{
	poll_pages("0", "7");
	expect_message("1");
	ck_assert_str_eq(core_side_commit(&core), "1");
	core_side_expect_done(&core, JEMBATAN_OK);
	core_side_stop(&core);
}
END_TEST

/* `check --live` asks for one page and says what is on it. */
START_TEST(a_trial_is_of_one_page)
{
	core.open.mode = JEMBATAN_MODE_DRY;
	poll_pages("0", "0");
	expect_message("1");
	ck_assert_str_eq(core_side_commit(&core), "1");
	core_side_expect_done(&core, JEMBATAN_OK);
	core_side_stop(&core);
}
END_TEST

START_TEST(it_stops_behind_the_page_that_it_is_in)
{
	poll_pages("0", "0");
	expect_message("1");
	uint32_t first = expect_checkpoint("1");
	expect_message("2"); /* it is in the second */
	core_side_ask(&core, MSG_STOP);
	core_side_answer(&core, first, JEMBATAN_OK);
	ck_assert_str_eq(core_side_commit(&core), "2");
	struct msg_result done = { 0 };
	core_side_expect(&core, MSG_DONE, msg_result_fields, &done);
	ck_assert_uint_eq(done.result, JEMBATAN_OK);
	ck_assert_int_eq(core_side_wait(&core), 0);
}
END_TEST

START_TEST(it_does_not_go_on_for_ever)
{
	unsigned pages = 0;
	struct frame f;
	poll_pages("0", "0");
	while ((f = core_side_next(&core)).type != MSG_DONE) {
		if (f.type == MSG_CHECKPOINT)
			core_side_answer(&core, f.seq, JEMBATAN_OK);
		pages += f.type == MSG_MESSAGE;
	}
	ck_assert_uint_gt(pages, 1);
	core_side_stop(&core);
}
END_TEST

START_TEST(a_core_that_goes_away_ends_it)
{
	poll_pages("0", "0");
	expect_message("1");
	expect_checkpoint("1");
	channel_free(core.channel);
	core.channel = NULL;
	int status;
	ck_assert_int_eq(waitpid(core.pid, &status, 0), core.pid);
	core.pid = 0;
	ck_assert_int_eq(status, 0);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("ahead");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, one_poll_brings_all_pages);
	tcase_add_test(t, the_next_checkpoint_waits_for_the_one_before);
	tcase_add_test(t, one_that_waits_waits_for_the_one_before_too);
	tcase_add_test(t, a_plugin_that_goes_on_after_a_failure_is_ended);
	tcase_add_test(t, outside_of_poll_it_is_refused);
	tcase_add_test(t, a_polls_end_waits_for_the_last_one);
	tcase_add_test(t, a_plugin_that_wants_a_pause_gets_it);
	tcase_add_test(t, a_trial_is_of_one_page);
	tcase_add_test(t, it_stops_behind_the_page_that_it_is_in);
	tcase_add_test(t, it_does_not_go_on_for_ever);
	tcase_add_test(t, a_core_that_goes_away_ends_it);
	return unit_run("ahead", t);
}
