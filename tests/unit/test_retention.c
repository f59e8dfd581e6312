/* test_retention.c: whose words are destroyed when their time is over, and whose
 * are not. The clock is held. All of it is made up. */
#include <stdio.h>
#include <string.h>

#include "app_bench.h"
#include "base/clock.h"
#include "base/file.h"
#include "retention.h"
#include "store/access.h"
#include "store/db_inside.h"

#define WARGA "\"author\": {\"id\": \"warga-1\", \"name\": \"Warga Contoh\"}, \"thread\": \"u-1\""
#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)
#define ENDED "SELECT count(*) FROM flag WHERE name = 'retention.access'"
#define KEPT "SELECT count(*) FROM message_body WHERE wrapped IS NOT NULL"

static void open_with(const char *retention)
{
	bench_instance("a", "script", "every: 1s\npush: auto\n", NULL);
	FILE *f = fopen(bench_path("etc/jembatan.yaml"), "a");
	ck_assert(f != NULL && fprintf(f, "retention: {%s}\n", retention) > 0 && fclose(f) == 0);
	app_bench_open();
}

static const char *line(int id, const char *rest)
{
	return arena_printf(bench.arena, "{\"do\": \"message\", \"id\": \"%d\", \"text\": \"Jalan %d di "
			    "depan balai desa rusak parah.\", " WARGA "%s}\n", id, id, rest);
}

static int64_t number(const char *text)
{
	sqlite3_stmt *s = NULL;
	ck_assert_int_eq(sqlite3_prepare_v2(app.db->sql.handle, text, -1, &s, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(s), SQLITE_ROW);
	int64_t n = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return n;
}

static void change(const char *text)
{
	db_idle(app.db);
	bench_ok(db_begin(app.db, &bench.why));
	bench_ok(sql_script(&app.db->sql, text, &bench.why));
	bench_ok(db_commit(app.db, &bench.why));
}

static void pass(void)
{
	unsigned n = 0;
	while (retention_step(app.retention))
		ck_assert_uint_lt(++n, 1000);
}

/* One ticket in this state, here and at the centre (-1: not there). */
static void ticket_in(int state, int follow)
{
	app_bench_say("a", line(1, ""), 1);
	ck_assert_uint_eq(app_bench_tickets(), 1);
	change(arena_printf(bench.arena, "DELETE FROM outbox; DELETE FROM follow;"
			    "UPDATE ticket SET state = %d", state));
	if (follow >= 0)
		change(arena_printf(bench.arena, "INSERT INTO follow (ticket_id, state, changed_ms)"
				    " SELECT id, %d, %lld FROM ticket", follow,
				    (long long)clock_now_ms()));
}

static const struct {
	int state, follow;
	const char *rule;
	bool goes;
} states[] = {
	{ TICKET_PUSHED, 6, "closed: 10d", true },
	{ TICKET_PUSHED, 7, "closed: 10d", true },
	{ TICKET_PUSHED, 8, "archived: 10d", true },
	{ TICKET_ARCHIVED, -1, "archived: 10d", true },
	{ TICKET_PUSHED, 9, "rejected: 10d", true },
	{ TICKET_REJECTED, -1, "rejected: 10d", true },
	{ TICKET_PUSHED, 6, "archived: 10d, rejected: 10d", false },
	{ TICKET_PUSHED, 8, "closed: 10d, rejected: 10d", false },
	{ TICKET_REJECTED, -1, "closed: 10d, archived: 10d", false },
	{ TICKET_PUSHED, 4, "closed: 10d, archived: 10d, rejected: 10d, stored: 10d", false },
	{ TICKET_PUSHED, -1, "closed: 10d, archived: 10d, rejected: 10d, stored: 10d", false },
	{ TICKET_REVIEW, -1, "closed: 10d, archived: 10d, rejected: 10d, stored: 10d", false },
	{ TICKET_QUEUED, -1, "closed: 10d, archived: 10d, rejected: 10d, stored: 10d", false },
	{ TICKET_UNKNOWN, -1, "closed: 10d, archived: 10d, rejected: 10d, stored: 10d", false },
	{ TICKET_REFUSED, -1, "closed: 10d, archived: 10d, rejected: 10d, stored: 10d", false },
	{ TICKET_LINKED, -1, "closed: 10d, archived: 10d, rejected: 10d, stored: 10d", false },
	{ TICKET_INCOMPLETE, -1, "closed: 10d, archived: 10d, rejected: 10d, stored: 10d", false },
	{ TICKET_PUSHED, 6, "", false }, /* the preset destroys no ticket */
	{ TICKET_REJECTED, -1, "", false },
};

START_TEST(words_go_when_the_time_of_their_state_is_over_and_not_before)
{
	open_with(states[_i].rule);
	ticket_in(states[_i].state, states[_i].follow);
	clock_advance(10 * DAY_MS - HOUR_MS);
	pass();
	ck_assert_int_eq(number(KEPT), 1);
	clock_advance(2 * HOUR_MS);
	pass();
	ck_assert_int_eq(number(KEPT), states[_i].goes ? 0 : 1);
	ck_assert_int_eq(number("SELECT count(*) FROM audit WHERE subject = 1 AND what = 'erased'"),
			 states[_i].goes ? 1 : 0);
}
END_TEST

START_TEST(the_row_stays_and_the_same_message_is_no_new_one)
{
	open_with("closed: 10d");
	ticket_in(TICKET_PUSHED, 6);
	clock_advance(11 * DAY_MS);
	pass();
	ck_assert_int_eq(number(KEPT), 0);
	app_bench_say("a", line(1, ""), 1);
	ck_assert_int_eq(number("SELECT count(*) FROM message"), 1);
	ck_assert_int_eq(number("SELECT repeats FROM message"), 1);
	ck_assert_uint_eq(app_bench_tickets(), 1);
	ck_assert_int_eq(number("SELECT value FROM flag WHERE name = 'retention.messages'"), 1);
	ck_assert_int_eq(number("SELECT value FROM flag WHERE name = 'retention.tickets'"), 1);
}
END_TEST

#define REPLY_ROW(state) \
	"INSERT INTO reply (ticket_id, message_id, instance_id, event, state, to_kind, address_key," \
	" reference, due_ms, created_ms) VALUES (1, 1, 1, 3, " state ", 'id', x'00', 'r', 1, 1)"
#define OUTBOX_ROW(state) \
	"INSERT INTO outbox (ticket_id, message_id, kind, step, state, due_ms, created_ms, reference)" \
	" VALUES (1, 1, 1, 1, " state ", 1, 1, 'r')"

static const struct {
	const char *text;
	bool goes;
} under_way[] = {
	{ OUTBOX_ROW("0"), false }, { OUTBOX_ROW("1"), false }, { OUTBOX_ROW("2"), true },
	{ OUTBOX_ROW("3"), false }, { OUTBOX_ROW("4"), false },
	{ REPLY_ROW("0"), false },  { REPLY_ROW("1"), false },	{ REPLY_ROW("2"), true },
	{ REPLY_ROW("6"), false },  { REPLY_ROW("8"), false },	{ REPLY_ROW("5"), true },
	{ "INSERT INTO reply_news (kind, ticket_id, at_ms) VALUES (2, 1, 1)", false },
	{ "UPDATE message SET stage = 0", false },
	{ "UPDATE message SET stage = 6", false },
};

START_TEST(nothing_goes_that_is_under_way_or_is_still_to_be_told)
{
	open_with("closed: 10d");
	ticket_in(TICKET_PUSHED, 6);
	change(under_way[_i].text);
	clock_advance(20 * DAY_MS);
	pass();
	ck_assert_int_eq(number(KEPT), under_way[_i].goes ? 0 : 1);
}
END_TEST

START_TEST(the_time_counts_from_the_last_that_happened)
{
	open_with("rejected: 10d");
	ticket_in(TICKET_REJECTED, -1);
	clock_advance(9 * DAY_MS);
	change(arena_printf(bench.arena, "INSERT INTO audit (at_ms, subject, subject_id, what)"
			    " VALUES (%lld, 1, 1, 'noted')", (long long)clock_now_ms()));
	clock_advance(9 * DAY_MS);
	pass();
	ck_assert_int_eq(number(KEPT), 1);
	clock_advance(2 * DAY_MS);
	pass();
	ck_assert_int_eq(number(KEPT), 0);
}
END_TEST

START_TEST(messages_without_a_ticket_have_a_time_of_their_own)
{
	open_with("stored: 10d");
	app_bench_say("a", line(1, ", \"kind\": \"reaction\""), 1);
	clock_advance(9 * DAY_MS);
	pass();
	ck_assert_int_eq(number(KEPT), 1);
	clock_advance(2 * DAY_MS);
	pass();
	ck_assert_int_eq(number(KEPT), 0);
}
END_TEST

START_TEST(a_record_that_nobody_has_settled_is_kept)
{
	static const char wrapped[] = "SELECT count(*) FROM quarantine WHERE wrapped IS NOT NULL";
	open_with("quarantine: 10d");
	app_bench_say("a", "{\"do\": \"message\", \"kind\": \"unreadable\", \"id\": \"u\", \"text\": \"no\","
		      " \"raw\": \"rusak\"}\n", 1);
	ck_assert_int_eq(number(wrapped), 1);
	clock_advance(20 * DAY_MS);
	pass();
	ck_assert_int_eq(number(wrapped), 1);
	change("UPDATE quarantine SET dropped = 1");
	pass();
	ck_assert_int_eq(number(wrapped), 0);
	ck_assert_int_eq(number("SELECT count(*) FROM quarantine"), 1);
}
END_TEST

START_TEST(the_log_of_who_looked_is_kept_for_five_years)
{
	open_with("");
	bench_ok(db_begin(app.db, &bench.why));
	for (int i = 0; i < 600; i++)
		bench_ok(access_add(app.db, "petugas", "shown", AUDIT_TICKET, 1, clock_now_ms(),
				    &bench.why));
	bench_ok(db_commit(app.db, &bench.why));
	for (int month = 0; month < 65; month++) {
		if (month == 60)
			ck_assert_int_eq(number("SELECT count(*) FROM access"), 600);
		clock_advance(29 * DAY_MS);
		pass();
	}
	ck_assert_int_eq(number("SELECT count(*) FROM access"), 0);
	ck_assert_int_eq(number("SELECT value FROM flag WHERE name = 'retention.access'"), 600);
}
END_TEST

START_TEST(a_clock_that_leapt_ahead_destroys_nothing_for_a_day)
{
	open_with("closed: 10d");
	ticket_in(TICKET_PUSHED, 6);
	bench_ok(db_begin(app.db, &bench.why));
	bench_ok(access_add(app.db, "petugas", "shown", AUDIT_TICKET, 1, clock_now_ms(), &bench.why));
	bench_ok(db_commit(app.db, &bench.why));
	pass();
	clock_hold(clock_now_ms() + 4000 * DAY_MS, clock_mono_ms());
	pass();
	clock_advance(23 * HOUR_MS);
	pass();
	ck_assert_int_eq(number(KEPT), 1);
	ck_assert_int_eq(number(ENDED), 0);
	clock_advance(HOUR_MS);
	pass();
	ck_assert_int_eq(number(KEPT), 0);
	ck_assert_int_eq(number(ENDED), 1); /* the whole pass */
}
END_TEST

START_TEST(nothing_goes_while_a_restored_store_is_held)
{
	open_with("closed: 10d");
	ticket_in(TICKET_PUSHED, 6);
	clock_advance(11 * DAY_MS);
	app.hold.active = true;
	pass();
	ck_assert_int_eq(number(KEPT), 1);
	app.hold.active = false;
	pass();
	ck_assert_int_eq(number(KEPT), 0);
}
END_TEST

START_TEST(a_long_ticket_takes_several_slices_and_a_restart_in_between)
{
	struct buf lines;
	buf_init(&lines, 65536);
	open_with("closed: 10d");
	app_bench_say("a", line(1, ""), 1);
	for (int i = 2; i <= 40; i++)
		buf_printf(&lines, "%s", line(i, ", \"kind\": \"follow-up\""));
	app_bench_say("a", lines.data, 39);
	buf_done(&lines);
	ck_assert_int_eq(number("SELECT count(*) FROM message WHERE ticket_id = 1"), 40);
	change(arena_printf(bench.arena, "DELETE FROM outbox; UPDATE ticket SET state = 2;"
			    "INSERT INTO follow (ticket_id, state, changed_ms) VALUES (1, 6, %lld)"
			    " ON CONFLICT DO UPDATE SET state = 6", (long long)clock_now_ms()));
	clock_advance(11 * DAY_MS);
	ck_assert(retention_step(app.retention));
	ck_assert_int_eq(number(KEPT), 24);
	/* The ticket's own words are its first message's, and go last. */
	ck_assert_int_eq(number(KEPT " AND message_id = 1"), 1);
	app_bench_close();
	app_bench_open();
	pass();
	ck_assert_int_eq(number(KEPT), 0);
	ck_assert_int_eq(number("SELECT value FROM flag WHERE name = 'retention.messages'"), 40);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("retention");
	tcase_add_checked_fixture(tests, app_bench_setup, app_bench_teardown);
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, words_go_when_the_time_of_their_state_is_over_and_not_before, 0,
			    COUNT_OF(states));
	tcase_add_test(tests, the_row_stays_and_the_same_message_is_no_new_one);
	tcase_add_loop_test(tests, nothing_goes_that_is_under_way_or_is_still_to_be_told, 0,
			    COUNT_OF(under_way));
	tcase_add_test(tests, the_time_counts_from_the_last_that_happened);
	tcase_add_test(tests, messages_without_a_ticket_have_a_time_of_their_own);
	tcase_add_test(tests, a_record_that_nobody_has_settled_is_kept);
	tcase_add_test(tests, the_log_of_who_looked_is_kept_for_five_years);
	tcase_add_test(tests, a_clock_that_leapt_ahead_destroys_nothing_for_a_day);
	tcase_add_test(tests, nothing_goes_while_a_restored_store_is_held);
	tcase_add_test(tests, a_long_ticket_takes_several_slices_and_a_restart_in_between);
	return unit_run("retention", tests);
}
