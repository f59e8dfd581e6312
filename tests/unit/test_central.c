/* test_central.c: the outbox against the fake centre: the order of writing and
 * sending, ends and starts of the daemon, files, follow-ups, people, limits. */
#include "central_bench.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/jx.h"

#include <stdlib.h>
#include <string.h>

#define ck_ok(expression) \
	ck_assert_msg((expression) == JEMBATAN_OK, "%s: %s", #expression, bench.why.text)

static void begin(void)
{
	ck_ok(db_begin(bench.db, &bench.why));
}

static void commit(void)
{
	ck_ok(db_commit(bench.db, &bench.why));
}

/* ---- the two orders ---- */

START_TEST(a_report_travels_file_first_and_is_routed_last)
{
	bench_open("none", NULL);
	int64_t t = bench_report(true);
	bench_settle();
	ck_assert_str_eq(bench_history(t), "sending file_sent sending pushed sending routed");
	ck_assert_int_eq(bench_centre("files"), 1);
	ck_assert_int_eq(bench_rows(OUTBOX_DONE), 1);
	bench_check_books();
	CLEANUP(jx_decref) json_t *state = bench_state();
	ck_assert_int_eq(jx_integer(state, "uploads.0.size", 0), (int64_t)strlen("Jembatan putus."));
	bench_close();
}
END_TEST

START_TEST(nothing_leaves_before_the_claim_is_committed)
{
	bench_open("none", NULL);
	int64_t t = bench_report(false);
	bench.central.route_to = NULL;
	begin();
	ck_ok(outbox_write(bench.outbox, &bench.why));
	ck_assert_int_eq(bench_row(t).state, OUTBOX_SENDING);
	for (int i = 0; i < 20; i++)
		loop_turn(bench.loop, 5);
	ck_assert_int_eq(bench_centre("requests"), 0);
	commit();
	outbox_started(bench.outbox);
	bench_settle();
	ck_assert_int_eq(bench_centre("count"), 1);
	bench_close();
}
END_TEST

START_TEST(a_claim_whose_commit_failed_is_forgotten)
{
	bench_open("none", NULL);
	int64_t t = bench_report(true);
	begin();
	ck_ok(outbox_write(bench.outbox, &bench.why));
	db_abort(bench.db);
	outbox_aborted(bench.outbox);
	for (int i = 0; i < 20; i++)
		loop_turn(bench.loop, 5);
	ck_assert_int_eq(bench_centre("requests"), 0);
	ck_assert_int_eq(bench_row(t).state, OUTBOX_QUEUED);
	ck_assert_str_eq(bench_history(t), "");
	bench_settle();
	bench_check_books();
	ck_assert_int_eq(bench_centre("count"), 1);
	bench_close();
}
END_TEST

/* Loop without turns until the answer is there and wants to be written. */
static void until_answered(void)
{
	do
		loop_turn(bench.loop, 10);
	while (!outbox_wants_turn(bench.outbox));
}

START_TEST(a_result_whose_commit_failed_is_written_in_the_next_turn)
{
	bench_open("none", NULL);
	int64_t t = bench_report(true);
	ck_ok(outbox_turn(bench.outbox, &bench.why));
	for (int step = 0; step < 3; step++) { /* file, create, route */
		until_answered();
		for (int i = 0; i < 2; i++) {
			begin();
			ck_ok(outbox_write(bench.outbox, &bench.why));
			db_abort(bench.db);
			outbox_aborted(bench.outbox);
		}
		ck_ok(outbox_turn(bench.outbox, &bench.why));
	}
	ck_assert(outbox_is_idle(bench.outbox));
	ck_assert_str_eq(bench_history(t), "sending file_sent sending pushed sending routed");
	ck_assert_int_eq(bench_centre("by_operation.create"), 1);
	ck_assert_int_eq(bench_centre("by_operation.route"), 1);
	bench_check_books();
	bench_close();
}
END_TEST

START_TEST(the_number_is_stored_before_the_route_leaves)
{
	bench_open("none", "hang:route");
	int64_t t = bench_report(false);
	bench_until_requests("route", 1);
	ck_assert_str_eq(bench_ticket(t).tracking_id, "7000001");
	ck_assert_str_eq(bench_row(t).complaint_id, "7000001");
	ck_assert_int_eq(bench_row(t).step, OUTBOX_ROUTE);
	bench_close();
}
END_TEST

/* ---- the daemon ends with a request under way ---- */

static const struct restart_row {
	const char *mode, *faults, *operation;
	int64_t requests;    /* of the operation, when it ends */
	bool with_file;
	enum outbox_state state; /* after all has settled */
	int64_t count;           /* complaints then */
} restarts[] = {
	{ "none", "commit-hang:create@nth=1", "create", 1, false, OUTBOX_UNKNOWN, 1 },
	{ "none", "hang:create@nth=1", "create", 1, false, OUTBOX_UNKNOWN, 0 },
	{ "resend", "hang:create@nth=1", "create", 1, false, OUTBOX_DONE, 1 },
	{ "idempotent", "commit-hang:create@nth=1", "create", 1, false, OUTBOX_DONE, 1 },
	{ "idempotent", "hang:create@nth=1", "create", 1, false, OUTBOX_DONE, 1 },
	{ "lookup", "commit-hang:create@nth=1", "create", 1, false, OUTBOX_DONE, 1 },
	{ "lookup", "hang:create@nth=1", "create", 1, false, OUTBOX_DONE, 1 },
	{ "lookup", "close:create@nth=1 hang:lookup@nth=1", "lookup", 1, false, OUTBOX_DONE, 1 },
	{ "none", "commit-hang:file@nth=1", "file", 1, true, OUTBOX_DONE, 1 },
	{ "none", "commit-hang:route@nth=1", "route", 1, false, OUTBOX_DONE, 1 },
	{ "none", "hang:route@nth=1", "route", 1, false, OUTBOX_DONE, 1 },
	{ "none", "close:route@nth=1 hang:status@nth=1", "status", 1, false, OUTBOX_DONE, 1 },
};

START_TEST(what_was_under_way_at_the_end_is_settled_by_evidence_or_held)
{
	const struct restart_row *r = &restarts[_i];

	bench_open(r->mode, r->faults);
	int64_t t = bench_report(r->with_file);
	bench_until_requests(r->operation, r->requests);
	ck_assert_int_eq(bench_row(t).state, OUTBOX_SENDING);
	bench_restart();
	bench_settle();
	ck_assert_int_eq(bench_row(t).state, r->state);
	ck_assert_int_eq(bench_centre("count"), r->count);
	bench_check_books();
	bench_close();
}
END_TEST

START_TEST(an_operator_who_wants_resend_gets_what_it_says)
{
	bench_open("resend", "commit-500:create@nth=1");
	int64_t t = bench_report(false);
	bench_settle();
	ck_assert_int_eq(bench_row(t).state, OUTBOX_DONE);
	ck_assert_int_eq(bench_centre("doubled"), 1); /* "may double" */
	bench_close();
}
END_TEST

/* ---- files ---- */

START_TEST(a_file_that_is_not_what_was_stored_never_arrives_whole)
{
	bench_open("none", NULL);
	int64_t t = bench_report_with_bad_file();
	bench_settle();
	ck_assert_int_eq(bench_centre("files"), 0);
	ck_assert_str_eq(bench_history(t), "sending file_left_out sending pushed sending routed");
	bench_check_books();
	bench_close();
}
END_TEST

START_TEST(a_file_that_the_centre_refuses_does_not_hold_up_the_report)
{
	bench_open("none", "422:file@nth=1");
	int64_t t = bench_report(true);
	bench_settle();
	ck_assert_str_eq(bench_history(t), "sending file_left_out sending pushed sending routed");
	ck_assert_str_eq(bench_row(t).file_ids, "[\"\"]");
	bench_close();
}
END_TEST

/* ---- follow-ups ---- */

static int64_t follow_ups_there(void)
{
	return bench_centre("complaints.0.followups");
}

START_TEST(a_follow_up_waits_for_its_report)
{
	bench_open("none", "503=0:create@first=2");
	int64_t t = bench_report(false);
	int64_t row = bench_follow_up(t, "Masih putus.");
	bench_settle();
	ck_assert_int_eq(follow_ups_there(), 1);
	ck_assert_int_eq(bench_rows(OUTBOX_DONE), 2);
	ck_assert_int_gt(row, 0);
	ck_assert_ptr_nonnull(strstr(bench_history(t), "pushed sending"));
	ck_assert_ptr_nonnull(strstr(bench_history(t), "follow_up_sent"));
	bench_close();
}
END_TEST

START_TEST(a_report_whose_routing_is_refused_still_takes_follow_ups)
{
	bench_open("none", "422:route");
	int64_t t = bench_report(false);
	(void)bench_follow_up(t, "Masih putus.");
	bench_settle();
	ck_assert_int_eq(bench_row(t).state, OUTBOX_REFUSED);
	ck_assert_int_eq(bench_ticket(t).state, TICKET_PUSHED);
	(void)bench_follow_up(t, "Tetap putus.");
	bench_settle();
	ck_assert_int_eq(follow_ups_there(), 2);
	bench_check_books();
	bench_close();
}
END_TEST

static const char *const follow_up_faults[] = {
	"commit-500:followup@nth=1",  "commit-close:followup@first=2",
	"commit-close:followup@nth=12", /* on a kept connection, found on page 2 */
	"commit-hang:followup@nth=3", "close:followup@nth=2",
	"hang:followup@nth=2",	      "500:followup@nth=1 500:followups@first=1",
	"429=0:followup@first=2",     "close:followup@nth=1 garbage:followups@first=1",
	"redirect:followup@nth=2",    "garbage:followup@nth=1",
};

START_TEST(each_follow_up_is_there_once_after_any_fault)
{
	bench_open(_i % 2 ? "none" : "idempotent", follow_up_faults[_i]);
	int64_t t = bench_report(false);
	for (int i = 0; i < 12; i++)
		(void)bench_follow_up(t, "Masih putus.");
	bench_settle();
	ck_assert_int_eq(follow_ups_there(), 12);
	ck_assert_int_eq(bench_rows(OUTBOX_DONE), 13);
	bench_close();
}
END_TEST

/* ---- people ---- */

START_TEST(a_person_confirms_what_is_held)
{
	bench_open("none", "commit-500:create@nth=1");
	int64_t t = bench_report(false);
	bench_settle();
	struct outbox_row row = bench_row(t);
	begin();
	ck_assert_int_eq(outbox_confirm(bench.outbox, row.id, "not a number", "siti", &bench.why),
			 JEMBATAN_DATA);
	ck_ok(outbox_confirm(bench.outbox, row.id, "7000001", "siti", &bench.why));
	ck_assert_int_eq(outbox_confirm(bench.outbox, row.id, "7000001", "siti", &bench.why),
			 JEMBATAN_DATA); /* no longer held */
	ck_assert_int_eq(outbox_resend(bench.outbox, 4711, "siti", &bench.why), JEMBATAN_GONE);
	commit();
	bench_settle();
	ck_assert_int_eq(bench_row(t).state, OUTBOX_DONE);
	ck_assert_str_eq(bench_history(t), "sending unknown confirmed sending routed");
	bench_check_books();
	bench_close();
}
END_TEST

START_TEST(a_person_confirms_what_was_refused_and_is_there)
{
	bench_open("none", "422:create@nth=1");
	int64_t t = bench_report(false);
	bench_settle();
	ck_assert_int_eq(bench_row(t).state, OUTBOX_REFUSED);
	begin();
	ck_ok(outbox_confirm(bench.outbox, bench_row(t).id, "7000009", "siti", &bench.why));
	commit();
	ck_assert_str_eq(bench_ticket(t).tracking_id, "7000009");
	ck_assert_int_eq(bench_ticket(t).state, TICKET_PUSHED);
	bench_close();
}
END_TEST

START_TEST(a_person_has_it_sent_again)
{
	bench_open("none", "500:create@nth=1 422:create@nth=2");
	int64_t t = bench_report(false);
	for (int i = 0; i < 2; i++) { /* held as unknown, then refused */
		bench_settle();
		ck_assert_int_eq(bench_row(t).state, i == 0 ? OUTBOX_UNKNOWN : OUTBOX_REFUSED);
		begin();
		ck_ok(outbox_resend(bench.outbox, bench_row(t).id, "siti", &bench.why));
		commit();
	}
	bench_settle();
	ck_assert_str_eq(bench_history(t), "sending unknown resend sending refused resend sending "
					   "pushed sending routed");
	bench_check_books();
	bench_close();
}
END_TEST

START_TEST(a_report_under_way_is_no_persons_to_settle)
{
	bench_open("none", "hang:create@nth=1");
	int64_t t = bench_report(false);
	bench_until_requests("create", 1);
	begin();
	ck_assert_int_eq(outbox_resend(bench.outbox, bench_row(t).id, "siti", &bench.why),
			 JEMBATAN_DATA);
	commit();
	bench_close();
}
END_TEST

START_TEST(what_is_held_too_long_raises_an_alarm_once)
{
	bench_open("none", "500:create@nth=1");
	bench.central.unknown_alarm_ms = 40;
	int64_t t = bench_report(false);
	int64_t until = clock_mono_ms() + 5000;
	while (!bench_row(t).alarmed && clock_mono_ms() < until)
		bench_turn();
	for (int i = 0; i < 12; i++) /* longer than the next look */
		bench_turn();
	ck_assert_str_eq(bench_history(t), "sending unknown held");
	bench_close();
}
END_TEST

/* ---- limits ---- */

START_TEST(wrong_credentials_refuse_nobody_and_stop_everybody)
{
	struct outbox_stats s;

	bench_open("none", "401");
	for (int i = 0; i < 5; i++)
		(void)bench_report(false);
	for (int i = 0; i < 40; i++)
		bench_turn();
	outbox_stats(bench.outbox, &s);
	ck_assert_str_ne(s.breaker, "closed");
	ck_assert_str_eq(s.trouble, "credentials");
	ck_assert_int_eq(bench_centre("by_operation.create"), 1); /* then only probes */
	bench_clear_faults();
	bench_settle();
	bench_check_books();
	ck_assert_int_eq(bench_rows(OUTBOX_DONE), 5);
	outbox_stats(bench.outbox, &s);
	ck_assert_str_eq(s.breaker, "closed");
	bench_close();
}
END_TEST

START_TEST(a_centre_that_fails_every_report_makes_few_of_them_unknown)
{
	bench_open("none", "commit-500:create");
	bench.options.tuning.breaker_first_ms = bench.options.tuning.breaker_ceiling_ms = 60000;
	for (int i = 0; i < 20; i++)
		(void)bench_report(false);
	for (int i = 0; i < 60; i++)
		bench_turn();
	/* What was under way when the fifth failure opened the breaker. */
	ck_assert_int_le(bench_rows(OUTBOX_UNKNOWN), 5 + (int)bench.central.connections);
	ck_assert_int_ge(bench_rows(OUTBOX_QUEUED), 11);
	bench_close();
}
END_TEST

START_TEST(a_number_that_another_report_has_is_nobodys_answer)
{
	static const char *const modes[] = { "none", "idempotent", "lookup" };

	bench_open(modes[_i], "same-id:create@nth=3");
	int64_t first = bench_report(false), last = 0;
	bench_settle();
	for (int i = 0; i < 3; i++)
		last = bench_report(false);
	bench_settle();
	bench_check_books();
	ck_assert_str_eq(bench_ticket(first).tracking_id, "7000001");
	ck_assert_int_eq(bench_rows(OUTBOX_UNKNOWN), _i == 0 ? 1 : 0);
	ck_assert_int_eq(bench_centre("count"), 4);
	ck_assert_str_ne(bench_ticket(last).tracking_id ? bench_ticket(last).tracking_id : "",
			 "7000001");
	bench_close();
}
END_TEST

START_TEST(a_centre_with_one_number_for_all_makes_few_of_them_unknown)
{
	bench_open("none", "same-id:create");
	bench.options.tuning.breaker_first_ms = bench.options.tuning.breaker_ceiling_ms = 60000;
	for (int i = 0; i < 20; i++)
		(void)bench_report(false);
	for (int i = 0; i < 60; i++)
		bench_turn();
	ck_assert_int_le(bench_rows(OUTBOX_UNKNOWN), 5 + (int)bench.central.connections);
	ck_assert_int_ge(bench_rows(OUTBOX_QUEUED), 10);
	bench_close();
}
END_TEST

START_TEST(a_number_that_stays_anothers_is_held_for_a_person)
{
	bench_open("idempotent", NULL);
	(void)bench_report(false);
	bench_settle();
	bench_fault("same-id:create");
	int64_t second = bench_report(false);
	bench_settle();
	ck_assert_int_eq(bench_row(second).state, OUTBOX_UNKNOWN);
	ck_assert_int_eq(bench_ticket(second).state, TICKET_UNKNOWN);
	ck_assert_ptr_nonnull(strstr(bench_row(second).why, "the number of JB-"));
	ck_assert_int_eq(bench_centre("count"), 2);
	bench_close();
}
END_TEST

START_TEST(the_daily_budget_is_kept_across_a_restart)
{
	struct outbox_stats s;

	bench_open("none", NULL);
	bench.central.daily_budget = 3;
	bench.central.route_to = NULL;
	bench_restart(); /* reads the options */
	for (int i = 0; i < 5; i++)
		(void)bench_report(false);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 40; i++)
			bench_turn();
		ck_assert_int_eq(bench_centre("by_operation.create"), 3);
		ck_assert_int_eq(bench_rows(OUTBOX_QUEUED), 2);
		outbox_stats(bench.outbox, &s);
		ck_assert_uint_eq(s.budget_used, 3);
		bench_restart();
	}
	bench_close();
}
END_TEST

START_TEST(a_paused_outbox_ends_what_is_under_way_and_takes_nothing_new)
{
	bench_open("none", "delay=60:create@nth=1");
	int64_t first = bench_report(false);
	bench_until_requests("create", 1);
	int64_t second = bench_report(false);
	outbox_pause(bench.outbox, true);
	for (int i = 0; i < 40; i++)
		bench_turn();
	ck_assert(outbox_is_idle(bench.outbox));
	ck_assert_str_eq(bench_ticket(first).tracking_id, "7000001");
	ck_assert_int_eq(bench_row(first).state, OUTBOX_QUEUED); /* its route waits */
	ck_assert_int_eq(bench_row(second).state, OUTBOX_QUEUED);
	outbox_pause(bench.outbox, false);
	bench_settle();
	bench_check_books();
	bench_close();
}
END_TEST

START_TEST(a_centre_that_is_away_and_comes_back_loses_nothing)
{
	bench_open("none", NULL);
	char *here = xstrdup(bench.central.url);
	bench.central.url = "http://127.0.0.1:1";
	bench_restart();
	for (int i = 0; i < 8; i++)
		(void)bench_report(false);
	for (int i = 0; i < 40; i++)
		bench_turn();
	ck_assert_int_eq(bench_rows(OUTBOX_QUEUED) + bench_rows(OUTBOX_SENDING), 8);
	bench.central.url = here;
	bench_restart();
	bench_settle();
	bench_check_books();
	ck_assert_int_eq(bench_rows(OUTBOX_DONE), 8);
	bench_close();
	free(here);
}
END_TEST

#ifdef JEMBATAN_FAULTS
/* ---- planted bugs: the books must notice each of them ---- */

static const struct {
	const char *plant, *faults;
	bool restart;
	int reports;
} plants[] = {
	{ "resend-unknown", "commit-500:create@nth=1", false, 1 },
	{ "sending-requeued", "commit-hang:create@nth=1", true, 1 },
	{ "no-row-check", "delay=300", false, 8 }, /* several at once, long enough */
};

START_TEST(a_planted_bug_doubles_a_report)
{
	bench_open("none", plants[_i].faults);
	bench.central.route_to = NULL;
	setenv("JEMBATAN_PLANT", plants[_i].plant, 1);
	for (int i = 0; i < plants[_i].reports; i++)
		(void)bench_report(false);
	bench_until_requests("create", 1);
	if (plants[_i].restart)
		bench_restart();
	for (int i = 0; i < 3000 && bench_centre("doubled") == 0; i++) {
		loop_turn(bench.loop, 10);
		if (outbox_wants_turn(bench.outbox)) /* it may fail by then */
			(void)(outbox_turn(bench.outbox, &bench.why) == JEMBATAN_OK);
	}
	ck_assert_int_gt(bench_centre("doubled"), 0);
	bench_close();
}
END_TEST

START_TEST(the_planted_bug_that_sends_too_early_is_seen)
{
	bench_open("none", NULL);
	setenv("JEMBATAN_PLANT", "send-before-commit", 1);
	int64_t t = bench_report(false);
	begin();
	ck_ok(outbox_write(bench.outbox, &bench.why));
	ck_assert_int_eq(bench_centre("by_operation.create"), 1);
	db_abort(bench.db); /* as a crash at this line would */
	ck_assert_int_eq(bench_row(t).state, OUTBOX_QUEUED);
	bench_close();
}
END_TEST
#endif

int main(void)
{
	TCase *t = tcase_create("central");

	tcase_set_timeout(t, 40);
	tcase_add_test(t, a_report_travels_file_first_and_is_routed_last);
	tcase_add_test(t, nothing_leaves_before_the_claim_is_committed);
	tcase_add_test(t, a_claim_whose_commit_failed_is_forgotten);
	tcase_add_test(t, a_result_whose_commit_failed_is_written_in_the_next_turn);
	tcase_add_test(t, the_number_is_stored_before_the_route_leaves);
	tcase_add_loop_test(t, what_was_under_way_at_the_end_is_settled_by_evidence_or_held, 0,
			    COUNT_OF(restarts));
	tcase_add_test(t, an_operator_who_wants_resend_gets_what_it_says);
	tcase_add_test(t, a_file_that_is_not_what_was_stored_never_arrives_whole);
	tcase_add_test(t, a_file_that_the_centre_refuses_does_not_hold_up_the_report);
	tcase_add_test(t, a_follow_up_waits_for_its_report);
	tcase_add_test(t, a_report_whose_routing_is_refused_still_takes_follow_ups);
	tcase_add_loop_test(t, each_follow_up_is_there_once_after_any_fault, 0,
			    COUNT_OF(follow_up_faults));
	tcase_add_test(t, a_person_confirms_what_is_held);
	tcase_add_test(t, a_person_confirms_what_was_refused_and_is_there);
	tcase_add_test(t, a_person_has_it_sent_again);
	tcase_add_test(t, a_report_under_way_is_no_persons_to_settle);
	tcase_add_test(t, what_is_held_too_long_raises_an_alarm_once);
	tcase_add_test(t, wrong_credentials_refuse_nobody_and_stop_everybody);
	tcase_add_test(t, a_centre_that_fails_every_report_makes_few_of_them_unknown);
	tcase_add_loop_test(t, a_number_that_another_report_has_is_nobodys_answer, 0, 3);
	tcase_add_test(t, a_centre_with_one_number_for_all_makes_few_of_them_unknown);
	tcase_add_test(t, a_number_that_stays_anothers_is_held_for_a_person);
	tcase_add_test(t, the_daily_budget_is_kept_across_a_restart);
	tcase_add_test(t, a_paused_outbox_ends_what_is_under_way_and_takes_nothing_new);
	tcase_add_test(t, a_centre_that_is_away_and_comes_back_loses_nothing);
#ifdef JEMBATAN_FAULTS
	tcase_add_loop_test(t, a_planted_bug_doubles_a_report, 0, COUNT_OF(plants));
	tcase_add_test(t, the_planted_bug_that_sends_too_early_is_seen);
#endif
	return unit_run("central", t);
}
