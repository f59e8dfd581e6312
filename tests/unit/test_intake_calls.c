/* test_intake_calls.c: what people and other rooms ask of the children: calls,
 * replay, dry run, backfill. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "intake_bench.h"

#define MINUTE 60000

static struct {
	unsigned count, failed;
	uint8_t type;
	unsigned status, outcome;
	char why[500];
	int64_t stored; /* messages in the store when the answer came */
} answer;

static struct {
	unsigned ends, steps;
	struct intake_job last;
} job;

static void setup(void)
{
	memset(&answer, 0, sizeof(answer));
	memset(&job, 0, sizeof(job));
	bench_setup();
}

static void on_answer(void *data, const struct frame *f, const char *why)
{
	struct arena *arena = arena_new();
	answer.count++;
	if (data != NULL && f != NULL)
		answer.stored = bench_messages("a");
	if (f == NULL) {
		answer.failed++;
		str_copy(answer.why, sizeof(answer.why), why);
	} else if (f->type == MSG_RESPONSE) {
		struct msg_response r = { 0 };
		bench_ok(field_unpack(msg_response_fields, f->meta, arena, &r, &bench.why));
		answer.status = r.status;
	} else if (f->type == MSG_DELIVERED) {
		struct msg_delivered d = { 0 };
		bench_ok(field_unpack(msg_delivered_fields, f->meta, arena, &d, &bench.why));
		answer.outcome = d.outcome;
	}
	if (f != NULL)
		answer.type = f->type;
	arena_free(arena);
}

static void on_job(void *data, const struct intake_job *j, bool ended)
{
	(void)data;
	job.last = *j;
	job.steps++;
	job.ends += ended;
}

static void start_with(const char *connector, const char *lines)
{
	bench_instance("a", connector, "", strcmp(connector, "script") == 0 ? NULL : lines);
	if (strcmp(connector, "script") == 0)
		bench_script("a", lines);
	bench_open();
	bench_start();
}

static enum jembatan_result ask_request(const char *body)
{
	const struct msg_request request = { .method = "POST", .path = "/", .peer = "127.0.0.1" };
	return intake_call(bench.intake, "a", MSG_REQUEST, msg_request_fields, &request,
			   bytes_text(body), on_answer, &answer, &bench.why);
}

static enum jembatan_result ask_reply(const char *reference, const char *text, unsigned flags)
{
	const struct msg_reply reply = { .reference = reference, .text = text, .flags = flags };
	return intake_call(bench.intake, "a", MSG_REPLY, msg_reply_fields, &reply,
			   bytes_text(NULL), on_answer, NULL, &bench.why);
}

/* ---- calls ------------------------------------------------------------- */

static const char one_message[] =
	"{\"do\": \"message\", \"id\": \"w1\", \"text\": \"Jalan rusak di RT 3\"}\n";

START_TEST(a_request_is_answered_only_after_its_messages_are_committed)
{
	start_with("script", "");
	bench_until(strcmp(bench_status("a").state, "waiting") == 0);
	bench.holds = true;
	bench_ok(ask_request(one_message));
	bench_until(bench.wants);
	bench_turns(20);
	ck_assert_uint_eq(answer.count, 0);
	bench.holds = false;
	bench_until(answer.count == 1);
	ck_assert_uint_eq(answer.status, 200);
	ck_assert_int_eq(answer.stored, 1);
}
END_TEST

START_TEST(requests_are_answered_in_order_each_once)
{
	start_with("script", "");
	for (int i = 0; i < 20; i++)
		bench_ok(ask_request(one_message));
	bench_until(answer.count == 20);
	ck_assert_uint_eq(answer.failed, 0);
	ck_assert_int_eq(bench_messages("a"), 1);
	ck_assert_int_eq(bench_counts("a").repeats, 19);
}
END_TEST

START_TEST(requests_do_not_wait_for_each_others_commit)
{
	start_with("script", "");
	bench_until(strcmp(bench_status("a").state, "waiting") == 0);
	/* Nothing is committed, and yet the child gets all of them. */
	bench.holds = true;
	for (int i = 0; i < 20; i++) {
		char body[100];
		snprintf(body, sizeof(body), "{\"do\": \"message\", \"id\": \"w%d\", \"text\": \"x\"}\n", i);
		bench_ok(ask_request(body));
	}
	bench_until(bench.wants);
	ck_assert_uint_eq(answer.count, 0);
	unsigned before = bench.commits;
	bench.holds = false;
	bench_until(answer.count == 20);
	ck_assert_int_eq(bench_messages("a"), 20);
	ck_assert_uint_le(bench.commits - before, 20);
}
END_TEST

START_TEST(a_child_that_dies_fails_all_that_it_was_asked)
{
	start_with("misbehave", "  act: crash\n");
	bench_until(ask_request("deadly") == JEMBATAN_OK);
	for (int i = 0; i < 5; i++)
		bench_ok(ask_request("harmless"));
	bench_until(answer.count == 6);
	ck_assert_uint_eq(answer.failed, 6);
}
END_TEST

START_TEST(a_request_of_which_nothing_came_is_answered_too)
{
	start_with("script", "");
	bench_ok(ask_request(NULL));
	bench_until(answer.count == 1);
	ck_assert_uint_eq(answer.status, 200);
	ck_assert_int_eq(bench_quarantined(), 0);
}
END_TEST

START_TEST(an_answer_outlives_the_child_that_gave_it)
{
	start_with("script", "");
	bench_until(strcmp(bench_status("a").state, "waiting") == 0);
	bench.holds = true;
	bench_ok(ask_request(NULL));
	bench_turns(60);
	bench_ok(intake_pause(bench.intake, "a", &bench.why)); /* its child ends */
	bench_turns(60);
	ck_assert_uint_eq(answer.count, 0);
	bench.holds = false;
	bench_until(answer.count == 1);
	ck_assert_uint_eq(answer.status, 200);
}
END_TEST

START_TEST(a_request_that_kills_its_child_fails_and_is_kept_at_the_second_time)
{
	start_with("misbehave", "  act: crash\n");
	/* The poll child of this act dies too: its rest is not ours. */
	for (unsigned n = 1; n <= 2; n++) {
		bench_until(ask_request("deadly") == JEMBATAN_OK);
		bench_until(answer.failed == n);
		bench_turns(5);
		bench_advance(10000);
	}
	bench_until(bench_quarantined() == 1);
	/* The third time it is known: the sender must not send it for ever. */
	bench_until(ask_request("deadly") == JEMBATAN_OK);
	bench_until(answer.count == 3);
	ck_assert_uint_eq(answer.failed, 2);
	ck_assert_uint_eq(answer.status, 200);
}
END_TEST

START_TEST(a_request_whose_batch_cannot_be_stored_is_not_answered_as_taken)
{
	start_with("script", "");
	bench_until(strcmp(bench_status("a").state, "waiting") == 0);
	bench.holds = true;
	bench_ok(ask_request("{\"do\": \"message\", \"id\": \"w1\", \"text\": \"x\", \"attachments\": "
			     "[{\"name\": \"a\", \"content\": \"gambar\"}]}\n"));
	bench_until(bench_spool_count("a") == 1 && bench.wants);
	bench_turns(5);
	/* The file that it names is lost before it is kept. */
	CLEANUP(free_pointer) char *command = xasprintf("rm -f %s/data/spool/a/*", bench.folder);
	ck_assert_int_eq(system(command), 0); /* NOLINT: our own name */
	bench.holds = false;
	bench_until(answer.count == 1);
	ck_assert_uint_eq(answer.failed, 1);
	ck_assert_int_eq(bench_messages("a"), 0);
	/* And it works again afterwards. */
	bench_turns(5);
	bench_advance(6000);
	bench_until(ask_request(one_message) == JEMBATAN_OK && answer.count >= 2 &&
		    bench_messages("a") == 1);
}
END_TEST

static const struct {
	const char *text;
	enum jembatan_outcome outcome;
} replies[] = {
	{ "sent", JEMBATAN_SENT },
	{ "refused", JEMBATAN_REFUSED },
	{ "not sent", JEMBATAN_NOT_SENT },
	{ "unknown", JEMBATAN_UNKNOWN },
	{ "later", JEMBATAN_LATER },
};

START_TEST(a_reply_says_what_became_of_it)
{
	start_with("script", "");
	bench_ok(ask_reply("JB-1", replies[_i].text, 0));
	bench_until(answer.count == 1);
	ck_assert_uint_eq(answer.type, MSG_DELIVERED);
	ck_assert_uint_eq(answer.outcome, replies[_i].outcome);
	/* Asked without sending, it remembers. */
	bench_ok(ask_reply("JB-1", "sent", JEMBATAN_SETTLE));
	bench_until(answer.count == 2);
	ck_assert_uint_eq(answer.outcome, replies[_i].outcome == JEMBATAN_SENT ? JEMBATAN_SENT :
			  JEMBATAN_NOT_SENT);
}
END_TEST

START_TEST(what_a_connector_cannot_do_is_refused_at_once)
{
	start_with("misbehave", "  act: none\n");
	ck_assert_int_eq(ask_reply("JB-1", "sent", 0), JEMBATAN_GONE);
	ck_assert_int_eq(intake_call(bench.intake, "nobody", MSG_REPLY, msg_reply_fields,
				     &(struct msg_reply){ 0 }, bytes_text(NULL), on_answer, NULL,
				     &bench.why), JEMBATAN_GONE);
	ck_assert_uint_eq(answer.count, 0);
}
END_TEST

START_TEST(a_plugin_that_could_not_be_asked_yet_is_waited_for)
{
	bool now = true;
	int64_t since, id;
	start_with("there-is-none", "  x: y\n");
	id = bench_status("a").id;
	ck_assert_int_eq(ask_request("x"), JEMBATAN_RETRY);
	ck_assert_int_eq(ask_reply("JB-1", "sent", 0), JEMBATAN_RETRY);
	ck_assert(intake_replies(bench.intake, id, &now) && !now);
	now = true;
	ck_assert(intake_fetches(bench.intake, id, &now, &since) && !now);
}
END_TEST

START_TEST(nobody_waits_for_a_paused_instance)
{
	start_with("script", "");
	bench_ok(ask_reply("JB-1", "sent", 0));
	bench_ok(intake_pause(bench.intake, "a", &bench.why));
	ck_assert_int_eq(ask_reply("JB-2", "sent", 0), JEMBATAN_RETRY);
	bench_until(answer.count == 1); /* the one under way ends, either way */
	bench_until(bench_status("a").pid == 0);
	bench_turns(10);
	bench_ok(intake_resume(bench.intake, "a", &bench.why));
	bench_until(ask_reply("JB-3", "sent", 0) == JEMBATAN_OK);
	bench_until(answer.count == 2);
	ck_assert_uint_eq(answer.outcome, JEMBATAN_SENT);
}
END_TEST

START_TEST(calls_that_wait_have_a_ceiling)
{
	unsigned taken = 0;
	start_with("script", "");
	while (ask_reply("JB-1", "sent", 0) == JEMBATAN_OK && taken < 1000)
		taken++;
	ck_assert_uint_eq(taken, 256);
	bench_until(answer.count == 256);
	bench_ok(ask_reply("JB-1", "sent", 0));
}
END_TEST

START_TEST(what_is_too_large_for_a_frame_is_refused_for_good)
{
	CLEANUP(free_pointer) char *large = xcalloc(1, FRAME_BLOB_MAX + 2);
	start_with("script", "");
	memset(large, 'x', FRAME_BLOB_MAX + 1);
	ck_assert_int_eq(ask_request(large), JEMBATAN_DATA);
	ck_assert_int_eq(ask_reply("JB-1", large, 0), JEMBATAN_DATA);
}
END_TEST

START_TEST(a_daemon_that_ends_tells_who_waits)
{
	start_with("script", "");
	bench_until(strcmp(bench_status("a").state, "waiting") == 0);
	bench.holds = true;
	bench_ok(ask_request(one_message));
	bench_until(bench.wants);
	answer.count = 0;
	intake_free(bench.intake);
	bench.intake = NULL;
	ck_assert_uint_eq(answer.count, 1);
	ck_assert_uint_eq(answer.failed, 1);
}
END_TEST

/* ---- backfill ---------------------------------------------------------- */

START_TEST(an_old_cursor_does_not_come_back_after_a_backfill)
{
	bench_instance("a", "script", "", NULL);
	bench_script("a", one_message);
	bench_script("a", "{\"do\": \"checkpoint\", \"cursor\": \"old\"}\n"
			  "{\"do\": \"message\", \"id\": \"2\", \"text\": \"Kedua\"}\n");
	bench_open();
	bench.holds = true;
	bench_start();
	/* Its first checkpoint has arrived; the second is still to come. */
	bench_until(bench.wants);
	int64_t pid = bench_status("a").pid;
	bench_ok(intake_backfill(bench.intake, "a", 1000, &bench.why));
	bench.holds = false;
	while (bench_status("a").pid == pid) {
		bench_turn();
		ck_assert_ptr_null(bench_cursor("a"));
	}
	ck_assert_int_eq(bench_messages("a"), 2); /* what it brought counts */
	/* Only the new child's own checkpoints do, from the first line on. */
	bench_until(bench_counts("a").repeats == 2 && bench_cursor("a") != NULL);
	ck_assert_int_eq(bench_status("a").start_ms, 1000);
}
END_TEST

START_TEST(a_backfill_does_not_wait_for_the_next_poll)
{
	start_with("script", one_message);
	bench_until(bench_messages("a") == 1 && strcmp(bench_status("a").state, "waiting") == 0);
	bench_ok(intake_backfill(bench.intake, "a", 1000, &bench.why));
	bench_until(bench_counts("a").repeats == 1); /* no time has passed */
}
END_TEST

START_TEST(a_dry_run_counts_and_stores_nothing)
{
	start_with("script",
		   "{\"do\": \"message\", \"id\": \"1\", \"text\": \"a\", \"arrived_ms\": 5000, "
		   "\"attachments\": [{\"name\": \"foto\", \"content\": \"gambar\"}]}\n"
		   "{\"do\": \"message\", \"id\": \"2\", \"text\": \"b\", \"arrived_ms\": 9000}\n");
	bench_until(bench_messages("a") == 2 && strcmp(bench_status("a").state, "waiting") == 0);
	bench_ok(intake_dry_run(bench.intake, "a", 0, on_job, NULL, &bench.why));
	ck_assert_int_eq(intake_dry_run(bench.intake, "a", 0, on_job, NULL, &bench.why),
			 JEMBATAN_RETRY); /* one at a time */
	bench_until(job.ends == 1);
	ck_assert_int_eq(job.last.result, JEMBATAN_OK);
	ck_assert_int_eq(job.last.messages, 2);
	ck_assert_int_eq(job.last.oldest_ms, 5000);
	ck_assert_int_eq(job.last.newest_ms, 9000);
	ck_assert_int_eq(bench_messages("a"), 2);
	ck_assert_int_eq(bench_counts("a").repeats, 0);
	ck_assert_str_eq(bench_cursor("a"), "2");
	ck_assert_uint_eq(bench_spool_count("a"), 0);
	bench_turns(3);
	bench_ok(intake_dry_run(bench.intake, "a", 0, on_job, NULL, &bench.why));
	bench_until(job.ends == 2);
}
END_TEST

START_TEST(a_token_that_a_dry_run_exchanged_is_the_one_that_is_kept)
{
	struct buf value;
	start_with("script", "{\"do\": \"state\", \"key\": \"token\", \"value\": \"lama\"}\n");
	bench_until(bench_cursor("a") != NULL && strcmp(bench_status("a").state, "waiting") == 0);
	ck_assert_int_eq(remove(bench_path("a.jsonl")), 0);
	bench_script("a", "{\"do\": \"state\", \"key\": \"token\", \"value\": \"baru\"}\n");
	bench_ok(intake_dry_run(bench.intake, "a", 0, on_job, NULL, &bench.why));
	bench_until(job.ends == 1);
	buf_init(&value, 100);
	bench_ok(instances_state_get(bench.db, bench_status("a").id, "token", &value, &bench.why));
	ck_assert_str_eq(value.data, "baru");
	buf_done(&value);
}
END_TEST

START_TEST(one_that_asks_for_its_state_without_end_is_read_from_now_and_then)
{
	char *lines = arena_strdup(bench.arena, "");
	for (int i = 0; i < 150; i++)
		lines = arena_printf(bench.arena, "%s{\"do\": \"state\", \"key\": \"k\"}\n", lines);
	start_with("script", arena_printf(bench.arena, "%s%s", lines, one_message));
	int64_t until = bench_real_ms() + 1000;
	while (bench_real_ms() < until)
		bench_turn(); /* the clock stands: it rests */
	ck_assert_int_eq(bench_messages("a"), 0);
	bench_advance(50);
	bench_turns(50);
	ck_assert_int_eq(bench_messages("a"), 0); /* 128 so far */
	until = bench_real_ms() + 20000;
	while (bench_messages("a") == 0 && bench_real_ms() < until)
		bench_advance(10);
	ck_assert_int_eq(bench_messages("a"), 1);
}
END_TEST

START_TEST(a_dry_run_of_a_paused_instance_ends)
{
	start_with("script", one_message);
	bench_ok(intake_pause(bench.intake, "a", &bench.why));
	bench_ok(intake_dry_run(bench.intake, "a", 0, on_job, NULL, &bench.why));
	bench_until(job.ends == 1);
	ck_assert_int_eq(job.last.result, JEMBATAN_OK);
	ck_assert_int_eq(job.last.messages, 1);
}
END_TEST

START_TEST(a_dry_run_that_is_cut_off_does_not_look_like_a_result)
{
	bench_instance("a", "misbehave", "", "  act: hang\n");
	bench_open();
	bench_start();
	bench_ok(intake_dry_run(bench.intake, "a", 0, on_job, NULL, &bench.why));
	bench_turns(30);
	intake_stop(bench.intake);
	bench_turns(3);
	bench_advance(5000);
	bench_until(job.ends == 1);
	ck_assert_int_eq(job.last.result, JEMBATAN_RETRY);
}
END_TEST

/* ---- replay ------------------------------------------------------------ */

START_TEST(a_replayed_record_is_committed_like_any_other)
{
	start_with("script", "");
	bench_ok(intake_replay(bench.intake, bench_status("a").id, bytes_text(one_message), on_job,
			       NULL, &bench.why));
	bench_until(job.ends == 1);
	ck_assert_int_eq(job.last.result, JEMBATAN_OK);
	ck_assert_int_eq(job.last.messages, 1);
	ck_assert_int_eq(bench_messages("a"), 1);
}
END_TEST

START_TEST(a_large_record_is_replayed_whole)
{
	struct buf large;
	buf_init(&large, 64u * 1024u * 1024u);
	start_with("script", "");
	buf_add_text(&large, "{\"do\": \"log\", \"text\": \"");
	for (int i = 0; i < 20 * 1024; i++)
		buf_printf(&large, "%01024d", i);
	buf_add_text(&large, "\"}\n");
	buf_add_text(&large, one_message);
	bench_ok(intake_replay(bench.intake, bench_status("a").id, buf_bytes(&large), on_job, NULL,
			       &bench.why));
	bench_until(job.ends == 1);
	buf_done(&large);
	ck_assert_msg(job.last.result == JEMBATAN_OK, "%s", job.last.why);
	ck_assert_int_eq(job.last.messages, 1);
}
END_TEST

START_TEST(a_replay_that_fails_quarantines_nothing_anew)
{
	start_with("script", "");
	/* A record is begun, and its message refused. */
	bench_ok(intake_replay(bench.intake, bench_status("a").id,
			       bytes_text("{\"do\": \"message\", \"id\": \"1\", \"extra\": [1]}\n"),
			       on_job, NULL, &bench.why));
	bench_until(job.ends == 1);
	ck_assert_int_eq(job.last.messages, 0);
	ck_assert_int_eq(job.last.unreadable, 1);
	ck_assert_int_eq(bench_quarantined(), 0);
	/* The same from a poll is kept. */
	bench_script("a", "{\"do\": \"message\", \"id\": \"1\", \"extra\": [1]}\n");
	bench_until(strcmp(bench_status("a").state, "waiting") == 0);
	bench_advance(MINUTE);
	bench_until(bench_quarantined() == 1);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("intake_calls");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, bench_teardown);
	tcase_add_test(t, a_request_is_answered_only_after_its_messages_are_committed);
	tcase_add_test(t, requests_are_answered_in_order_each_once);
	tcase_add_test(t, requests_do_not_wait_for_each_others_commit);
	tcase_add_test(t, a_child_that_dies_fails_all_that_it_was_asked);
	tcase_add_test(t, a_request_of_which_nothing_came_is_answered_too);
	tcase_add_test(t, an_answer_outlives_the_child_that_gave_it);
	tcase_add_test(t, a_request_that_kills_its_child_fails_and_is_kept_at_the_second_time);
	tcase_add_test(t, a_request_whose_batch_cannot_be_stored_is_not_answered_as_taken);
	tcase_add_loop_test(t, a_reply_says_what_became_of_it, 0, COUNT_OF(replies));
	tcase_add_test(t, what_a_connector_cannot_do_is_refused_at_once);
	tcase_add_test(t, a_plugin_that_could_not_be_asked_yet_is_waited_for);
	tcase_add_test(t, nobody_waits_for_a_paused_instance);
	tcase_add_test(t, calls_that_wait_have_a_ceiling);
	tcase_add_test(t, what_is_too_large_for_a_frame_is_refused_for_good);
	tcase_add_test(t, a_daemon_that_ends_tells_who_waits);
	tcase_add_test(t, an_old_cursor_does_not_come_back_after_a_backfill);
	tcase_add_test(t, a_backfill_does_not_wait_for_the_next_poll);
	tcase_add_test(t, a_dry_run_counts_and_stores_nothing);
	tcase_add_test(t, a_token_that_a_dry_run_exchanged_is_the_one_that_is_kept);
	tcase_add_test(t, one_that_asks_for_its_state_without_end_is_read_from_now_and_then);
	tcase_add_test(t, a_dry_run_of_a_paused_instance_ends);
	tcase_add_test(t, a_dry_run_that_is_cut_off_does_not_look_like_a_result);
	tcase_add_test(t, a_replayed_record_is_committed_like_any_other);
	tcase_add_test(t, a_large_record_is_replayed_whole);
	tcase_add_test(t, a_replay_that_fails_quarantines_nothing_anew);
	return unit_run("intake_calls", t);
}
