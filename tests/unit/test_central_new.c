/* test_central_new.c: a report that was just made leaves with the very commit
 * that brought it, when nothing waits before it and a connection is free. */
#include "central_bench.h"

#include "base/clock.h"
#include "base/jx.h"
#include "central/lapor_v3.h"
#include "central/outbox_inside.h"
#include "central/push.h"
#include "store/db_inside.h"

#include <string.h>

#define A_TURN 20
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

/* As the app ends its turn: what is claimed leaves. */
static void end_turn(void)
{
	ck_ok(outbox_write(bench.outbox, &bench.why));
	commit();
	outbox_started(bench.outbox);
}

static struct ticket form_of(const char *text)
{
	return (struct ticket){ .reference = arena_printf(bench.arena, "JB-R%05u", ++bench.reports),
				.instance = "mail",
				.channel = "email",
				.title = "Jembatan putus",
				.content_original = text,
				.received_ms = clock_now_ms(),
				.zone_minutes = 420 };
}

/* As T2 does it, inside the open transaction. */
static int64_t make(const struct ticket *t)
{
	struct ticket_row row = { .reference = t->reference, .instance_id = bench.instance,
				  .created_ms = clock_now_ms(), .state = TICKET_QUEUED, .form = t };
	int64_t id = 0;

	ck_ok(tickets_add(bench.db, &row, &id, &bench.why));
	ck_ok(outbox_add_create(bench.outbox, id, t->reference, &bench.why));
	return id;
}

static int64_t make_one(const char *text)
{
	const struct ticket t = form_of(text);

	return make(&t);
}

/* The outbox has looked at what a start left behind. */
static void open_bench(void)
{
	bench_open("none", NULL);
	ck_ok(outbox_turn(bench.outbox, &bench.why));
}

static int64_t requests_after_some_turns(void)
{
	for (int i = 0; i < A_TURN; i++)
		loop_turn(bench.loop, 5);
	return bench_centre("requests");
}

START_TEST(a_new_report_leaves_with_the_commit_that_brought_it_and_not_before)
{
	open_bench();
	begin();
	int64_t t = make_one("Jembatan putus.");
	ck_assert_int_eq(bench_row(t).state, OUTBOX_SENDING);
	ck_assert_int_gt(bench_row(t).started_ms, 0);
	ck_ok(outbox_write(bench.outbox, &bench.why));
	ck_assert_int_eq(requests_after_some_turns(), 0);
	commit();
	outbox_started(bench.outbox);
	bench_settle();
	ck_assert_str_eq(bench_history(t), "sending pushed sending routed");
	bench_check_books();
	bench_close();
}
END_TEST

START_TEST(a_new_report_whose_commit_failed_was_never_there)
{
	open_bench();
	begin();
	(void)make_one("Jembatan putus.");
	ck_ok(outbox_write(bench.outbox, &bench.why));
	db_abort(bench.db);
	outbox_aborted(bench.outbox);
	bench.reports = 0;
	ck_assert_int_eq(requests_after_some_turns(), 0);
	ck_assert(outbox_is_idle(bench.outbox));
	begin(); /* the same again, from the source */
	int64_t t = make_one("Jembatan putus.");
	end_turn();
	bench_settle();
	ck_assert_int_eq(bench_ticket(t).state, TICKET_PUSHED);
	ck_assert_int_eq(bench_centre("by_operation.create"), 1);
	bench_check_books();
	bench_close();
}
END_TEST

START_TEST(a_new_report_overtakes_nobody)
{
	open_bench();
	int64_t first = bench_report(false);
	begin();
	int64_t second = make_one("Jalan rusak.");
	ck_assert_int_eq(bench_row(second).state, OUTBOX_QUEUED);
	ck_ok(outbox_write(bench.outbox, &bench.why));
	ck_assert_int_eq(bench_row(first).state, OUTBOX_SENDING);
	ck_assert_int_eq(bench_row(second).state, OUTBOX_QUEUED); /* the pace begins with one */
	commit();
	outbox_started(bench.outbox);
	bench_settle();
	ck_assert_int_eq(bench_ticket(second).state, TICKET_PUSHED);
	bench_check_books();
	bench_close();
}
END_TEST

/* What has ended is written first: its connection is the new one's. */
START_TEST(a_new_report_finds_the_connection_that_is_free_now)
{
	open_bench();
	bench.central.route_to = NULL;
	int64_t first = bench_report(false);
	ck_ok(outbox_turn(bench.outbox, &bench.why));
	while (!outbox_wants_turn(bench.outbox))
		loop_turn(bench.loop, 10);
	begin();
	ck_ok(outbox_write_early(bench.outbox, &bench.why));
	ck_assert_int_eq(bench_ticket(first).state, TICKET_PUSHED);
	int64_t second = make_one("Jalan rusak.");
	ck_assert_int_eq(bench_row(second).state, OUTBOX_SENDING);
	end_turn();
	bench_settle();
	bench_check_books();
	bench_close();
}
END_TEST

/* A further step is made of what the turn decides, so it waits for that. */
START_TEST(what_goes_on_is_not_written_early)
{
	open_bench();
	int64_t t = bench_report(false);
	ck_ok(outbox_turn(bench.outbox, &bench.why));
	while (!outbox_wants_turn(bench.outbox))
		loop_turn(bench.loop, 10);
	begin();
	ck_ok(outbox_write_early(bench.outbox, &bench.why));
	ck_assert_int_eq(bench_ticket(t).state, TICKET_QUEUED);
	ck_assert_str_eq(bench_history(t), "sending");
	ck_ok(outbox_write(bench.outbox, &bench.why));
	ck_assert_int_eq(bench_ticket(t).state, TICKET_PUSHED);
	commit();
	outbox_started(bench.outbox);
	bench_settle();
	ck_assert_str_eq(bench_history(t), "sending pushed sending routed");
	bench_check_books();
	bench_close();
}
END_TEST

/* Its words change within the turn: it leaves once, with the new ones. */
START_TEST(a_new_report_that_is_put_back_is_made_anew)
{
	open_bench();
	struct ticket t = form_of("Jembatan putus.");
	begin();
	int64_t id = make(&t);
	ck_ok(outbox_put_back(bench.outbox, id + 1, &bench.why)); /* another: nothing */
	ck_assert_int_eq(bench_row(id).state, OUTBOX_SENDING);
	ck_ok(outbox_put_back(bench.outbox, id, &bench.why));
	ck_assert_int_eq(bench_row(id).state, OUTBOX_QUEUED);
	ck_assert_int_eq(bench_row(id).started_ms, 0);
	t.secret = true;
	t.title = "Jembatan sudah putus";
	CLEANUP(free_pointer) char *body = ticket_to_json(&t);
	ck_ok(tickets_set_body(bench.db, id, body, &bench.why));
	ck_ok(outbox_write(bench.outbox, &bench.why));
	ck_assert_int_eq(bench_row(id).state, OUTBOX_SENDING);
	commit();
	outbox_started(bench.outbox);
	bench_settle();
	ck_assert_str_eq(bench_history(id), "sending pushed sending routed");
	CLEANUP(jx_decref) json_t *state = bench_state();
	ck_assert_str_eq(jx_text(state, "complaints.0.title"), "Jembatan sudah putus");
	ck_assert_int_eq(bench_centre("by_operation.create"), 1);
	bench_check_books();
	bench_close();
}
END_TEST

START_TEST(a_new_report_waits_for_a_free_connection)
{
	open_bench();
	begin();
	int64_t first = make_one("Jembatan putus."); /* the pace begins with one */
	int64_t second = make_one("Jalan rusak.");
	ck_assert_int_eq(bench_row(first).state, OUTBOX_SENDING);
	ck_assert_int_eq(bench_row(second).state, OUTBOX_QUEUED);
	ck_ok(outbox_write(bench.outbox, &bench.why));
	ck_assert_int_eq(bench_row(second).state, OUTBOX_QUEUED);
	commit();
	outbox_started(bench.outbox);
	bench_settle();
	ck_assert_int_eq(bench_ticket(second).state, TICKET_PUSHED);
	bench_check_books();
	bench_close();
}
END_TEST

START_TEST(reports_that_find_no_connection_are_told_of_while_others_are_sent)
{
	open_bench();
	bench.central.route_to = NULL;
	begin();
	for (unsigned i = 0; i < 200; i++)
		(void)make_one("Jalan rusak.");
	ck_ok(outbox_write(bench.outbox, &bench.why));
	ck_assert(!outbox_is_behind(bench.outbox)); /* nothing has left yet */
	commit();
	outbox_started(bench.outbox);
	ck_assert(outbox_is_behind(bench.outbox));
	outbox_pause(bench.outbox, true); /* who waits for a person waits for nobody else */
	ck_assert(!outbox_is_behind(bench.outbox));
	outbox_pause(bench.outbox, false);
	ck_assert(outbox_is_behind(bench.outbox));
	bench_settle();
	ck_assert(!outbox_is_behind(bench.outbox));
	ck_assert_int_eq(bench_centre("by_operation.create"), 200);
	bench_close();
}
END_TEST

/* However many connections are free. */
START_TEST(the_daily_budget_is_kept_by_those_who_leave_together)
{
	bench_open("none", NULL);
	bench.central.daily_budget = 7;
	bench.central.route_to = NULL;
	bench_restart();
	ck_ok(outbox_turn(bench.outbox, &bench.why));
	for (unsigned i = 0; i < 4; i++) { /* the pace grows to four */
		(void)bench_report(false);
		bench_settle();
	}
	begin();
	for (unsigned i = 0; i < 6; i++)
		(void)make_one("Jalan rusak.");
	end_turn();
	for (int i = 0; i < 40; i++)
		bench_turn();
	ck_assert_int_eq(bench_centre("by_operation.create"), 7);
	ck_assert_int_eq(bench_rows(OUTBOX_QUEUED), 3);
	bench_close();
}
END_TEST

START_TEST(a_new_report_waits_while_the_outbox_is_paused_or_has_not_begun)
{
	bench_open("none", NULL);
	begin();
	int64_t before = make_one("Jembatan putus.");
	ck_assert_int_eq(bench_row(before).state, OUTBOX_QUEUED);
	commit();
	bench_settle();
	outbox_pause(bench.outbox, true);
	begin();
	int64_t paused = make_one("Jalan rusak.");
	ck_assert_int_eq(bench_row(paused).state, OUTBOX_QUEUED);
	end_turn();
	ck_assert_int_eq(bench_row(paused).state, OUTBOX_QUEUED);
	outbox_pause(bench.outbox, false);
	bench_settle();
	bench_check_books();
	bench_close();
}
END_TEST

/* It is refused with its reason, and holds nobody up. */
START_TEST(a_report_longer_than_a_request_may_be_is_refused)
{
	open_bench();
	char *long_text = arena_alloc(bench.arena, LAPOR_V3_REQUEST_MAX + 1);
	memset(long_text, 'a', LAPOR_V3_REQUEST_MAX);
	long_text[LAPOR_V3_REQUEST_MAX] = '\0';
	begin();
	int64_t t = make_one(long_text), other = make_one("Jalan rusak.");
	ck_assert_int_eq(bench_row(t).state, OUTBOX_REFUSED);
	ck_assert_ptr_nonnull(strstr(bench_row(t).why, "larger than"));
	ck_assert_int_eq(bench_ticket(t).state, TICKET_REFUSED);
	end_turn();
	bench_settle();
	ck_assert_int_eq(bench_ticket(other).state, TICKET_PUSHED);
	ck_assert_int_eq(bench_centre("by_operation.create"), 1);
	bench_close();
}
END_TEST

static const char *request_of(int64_t ticket_id)
{
	const struct outbox_row row = bench_row(ticket_id);
	const char *left_out;
	struct push *p = push_new(bench.outbox, &row);

	ck_ok(push_prepare(p, bench.db, &bench.options, &left_out, &bench.why));
	const char *body = p->request.write_body ? p->request.write_body(p->request.draft) :
						   p->request.body;
	const char *all = arena_printf(bench.arena, "%s %s %s %s", p->request.url,
				       p->request.idempotency_key, body,
				       p->route_to ? p->route_to : "-");
	push_free(p);
	return all;
}

static bool is_at_hand(int64_t ticket_id)
{
	struct ticket t;

	return tickets_recent(bench.db, ticket_id, bench.arena, &t);
}

/* From now on all is read from the store. */
static void forget(void)
{
	begin();
	db_abort(bench.db);
}

/* What the store holds and what is at hand make the same request. */
START_TEST(a_new_reports_request_is_the_one_that_its_row_makes)
{
	open_bench();
	struct ticket plain = form_of("Jembatan putus."), full = form_of("Nama saya Contoh, "
			      "NIK 3273014101900001, telepon 081234567890, surat contoh@example.org");
	full.content_edited = "Jalan \"rusak\" di Kec. Contoh, NIK 3273014101900001\n";
	full.reporter = (struct ticket_reporter){ .name = "", .mail = "contoh@example.org",
						  .phone = "+6281234567890" };
	full.place = (struct ticket_place){ .province = "Jawa Barat", .address = "",
					    .has_position = true, .latitude = -6.9,
					    .longitude = 107.6 };
	full.secret = true;
	full.incident_ms = clock_now_ms() - 86400000;
	full.proposal.category_id = "12";
	full.proposal.location_id = "32";
	full.proposal.agency_id = "200300";
	begin();
	int64_t a = make(&plain), b = make(&full);
	commit();
	ck_assert(is_at_hand(a) && is_at_hand(b));
	const char *of_a = request_of(a), *of_b = request_of(b);
	forget();
	ck_assert(!is_at_hand(a) && !is_at_hand(b));
	ck_assert_str_eq(request_of(a), of_a);
	ck_assert_str_eq(request_of(b), of_b);
	ck_assert_ptr_null(strstr(of_b, "3273014101900001"));
	outbox_aborted(bench.outbox);
	bench_close();
}
END_TEST

/* Invariant 7: a report is as secret as it is when it leaves. */
START_TEST(what_was_changed_since_is_not_sent_as_it_was)
{
	open_bench();
	outbox_pause(bench.outbox, true);
	begin();
	struct ticket form = form_of("Jembatan putus.");
	int64_t t = make(&form);
	commit();
	ck_assert(is_at_hand(t));
	ck_assert_ptr_nonnull(strstr(request_of(t), "\"is_secret\":0"));
	form.secret = true;
	CLEANUP(free_pointer) char *json = ticket_to_json(&form);
	begin();
	ck_ok(tickets_set_body(bench.db, t, json, &bench.why));
	commit();
	ck_assert(!is_at_hand(t));
	ck_assert_ptr_nonnull(strstr(request_of(t), "\"is_secret\":1"));
	bench_close();
}
END_TEST

/* A number that is given again after a rollback is another ticket's. */
START_TEST(what_was_rolled_back_is_not_at_hand)
{
	open_bench();
	outbox_pause(bench.outbox, true);
	begin();
	int64_t t = make_one("Jembatan putus.");
	db_abort(bench.db);
	ck_assert(!is_at_hand(t));
	char *long_text = arena_alloc(bench.arena, 64 * 1024);
	memset(long_text, 'a', 64 * 1024 - 1);
	begin();
	ck_assert_int_eq(make_one(long_text), t);
	ck_assert(!is_at_hand(t)); /* too long to be kept */
	commit();
	ck_assert_ptr_nonnull(strstr(request_of(t), "aaaa"));
	bench_close();
}
END_TEST

/* Both answers are there before one of them is written. */
START_TEST(of_two_answers_at_once_with_one_number_one_is_nobodys)
{
	int64_t until = clock_mono_ms() + 10000;

	bench_open("none", NULL);
	(void)bench_report(false); /* then more than one leave at once */
	bench_settle();
	begin(); /* only the other answer tells */
	ck_ok(sql_script(&bench.db->sql, "UPDATE ticket SET tracking_id = NULL", &bench.why));
	commit();
	bench_fault("same-id:create");
	int64_t first = bench_report(false), second = bench_report(false);
	ck_ok(outbox_turn(bench.outbox, &bench.why));
	while (bench.outbox->finished.count < 2) {
		ck_assert_int_lt(clock_mono_ms(), until);
		loop_turn(bench.loop, 10);
	}
	bench_settle();
	ck_assert_int_eq(bench_rows(OUTBOX_UNKNOWN), 1);
	ck_assert_int_ne(bench_ticket(first).tracking_id != NULL,
			 bench_ticket(second).tracking_id != NULL);
	bench_close();
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("central_new");

	tcase_set_timeout(t, 40);
	tcase_add_test(t, a_new_report_leaves_with_the_commit_that_brought_it_and_not_before);
	tcase_add_test(t, a_new_report_whose_commit_failed_was_never_there);
	tcase_add_test(t, a_new_report_overtakes_nobody);
	tcase_add_test(t, a_new_report_finds_the_connection_that_is_free_now);
	tcase_add_test(t, what_goes_on_is_not_written_early);
	tcase_add_test(t, a_new_report_that_is_put_back_is_made_anew);
	tcase_add_test(t, a_new_report_waits_for_a_free_connection);
	tcase_add_test(t, reports_that_find_no_connection_are_told_of_while_others_are_sent);
	tcase_add_test(t, the_daily_budget_is_kept_by_those_who_leave_together);
	tcase_add_test(t, a_new_report_waits_while_the_outbox_is_paused_or_has_not_begun);
	tcase_add_test(t, a_report_longer_than_a_request_may_be_is_refused);
	tcase_add_test(t, a_new_reports_request_is_the_one_that_its_row_makes);
	tcase_add_test(t, what_was_changed_since_is_not_sent_as_it_was);
	tcase_add_test(t, what_was_rolled_back_is_not_at_hand);
	tcase_add_test(t, of_two_answers_at_once_with_one_number_one_is_nobodys);
	return unit_run("central_new", t);
}
