/* test_store_outbox.c: what is to be sent, who is next, and what waits. */
#include "store_unit.h"

#include "store/differences.h"
#include "store/due.h"
#include "store/follows.h"
#include "store/incomplete.h"

static struct outbox_row action, actions[16];

static int64_t add_action(int64_t ticket_id, enum outbox_kind kind, const char *reference,
			  int64_t due_ms)
{
	int64_t id = 0;
	ck_ok(outbox_rows_add(db, ticket_id, 0, kind,
			      kind == OUTBOX_CREATE ? OUTBOX_FILES : OUTBOX_POST, reference, due_ms,
			      6000, &id, &why));
	return id;
}

static size_t claim(int64_t now_ms, size_t limit)
{
	size_t n = 0;
	begin();
	ck_ok(outbox_rows_claim(db, now_ms, limit, arena, actions, &n, &why));
	commit();
	return n;
}

START_TEST(a_claim_takes_what_is_due_oldest_first_and_once)
{
	int64_t due;
	begin();
	for (int i = 0; i < 4; i++) {
		int64_t t = add_ticket(0, arena_printf(arena, "JB-00000%d", i), TICKET_QUEUED);
		add_action(t, OUTBOX_CREATE, arena_printf(arena, "JB-00000%d", i), 100 - i);
	}
	commit();
	ck_ok(outbox_rows_next_due(db, &due, &why));
	ck_assert_int_eq(due, 97);
	ck_assert_uint_eq(claim(96, 8), 0);
	ck_assert_uint_eq(claim(99, 2), 2);
	ck_assert_int_eq(actions[0].id, 4);
	ck_assert_int_eq(actions[1].id, 3);
	ck_assert_int_eq(actions[0].state, OUTBOX_SENDING);
	ck_assert_int_eq(actions[0].started_ms, 99);
	ck_assert_str_eq(actions[0].reference, "JB-000003");
	ck_assert_uint_eq(claim(99, 8), 1);
	ck_ok(outbox_rows_next_due(db, &due, &why));
	ck_assert_int_eq(due, 100);
	ck_assert_uint_eq(claim(100, 8), 1);
	ck_ok(outbox_rows_next_due(db, &due, &why));
	ck_assert_int_eq(due, 0);
}
END_TEST

START_TEST(what_was_in_flight_is_found_after_a_restart)
{
	size_t n;
	begin();
	int64_t id = add_action(add_ticket(0, "JB-000001", TICKET_QUEUED), OUTBOX_CREATE,
				"JB-000001", 1);
	add_action(add_ticket(0, "JB-000002", TICKET_QUEUED), OUTBOX_CREATE, "JB-000002", 9000);
	commit();
	ck_assert_uint_eq(claim(1, 8), 1);
	reopen();
	ck_ok(outbox_rows_in_flight(db, 8, arena, actions, &n, &why));
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(actions[0].id, id);
	ck_assert_uint_eq(claim(1, 8), 0); /* never by itself again */
}
END_TEST

START_TEST(a_step_is_remembered_with_all_it_learned)
{
	begin();
	int64_t t = add_ticket(0, "JB-000001", TICKET_QUEUED);
	int64_t id = add_action(t, OUTBOX_CREATE, "JB-000001", 1);
	ck_ok(outbox_rows_get(db, id, arena, &action, &why));
	action.step = OUTBOX_ROUTE;
	action.state = OUTBOX_UNKNOWN;
	action.attempts = 3;
	action.due_ms = 77;
	action.file_ids = "[1,2]";
	action.complaint_id = "987654321098765432";
	action.lookups = 2;
	action.lookup_ms = 55;
	action.why = "timeout after the first byte";
	action.alarmed = true;
	ck_ok(outbox_rows_update(db, &action, &why));
	commit();
	reopen();
	ck_ok(outbox_rows_of_ticket(db, t, arena, &action, &why));
	ck_assert_int_eq(action.id, id);
	ck_assert_int_eq(action.step, OUTBOX_ROUTE);
	ck_assert_int_eq(action.state, OUTBOX_UNKNOWN);
	ck_assert_uint_eq(action.attempts, 3);
	ck_assert_int_eq(action.due_ms, 77);
	ck_assert_str_eq(action.file_ids, "[1,2]");
	ck_assert_str_eq(action.complaint_id, "987654321098765432");
	ck_assert_uint_eq(action.lookups, 2);
	ck_assert_int_eq(action.lookup_ms, 55);
	ck_assert_str_eq(action.why, "timeout after the first byte");
	ck_assert(action.alarmed);
	ck_assert_int_eq(action.created_ms, 6000);
	ck_result(outbox_rows_get(db, 99, arena, &action, &why), JEMBATAN_GONE);
	ck_result(outbox_rows_of_ticket(db, 99, arena, &action, &why), JEMBATAN_GONE);
}
END_TEST

START_TEST(a_ticket_is_created_once)
{
	int64_t id;
	begin();
	int64_t t = add_ticket(0, "JB-000001", TICKET_QUEUED);
	add_action(t, OUTBOX_CREATE, "JB-000001", 1);
	ck_result(outbox_rows_add(db, t, 0, OUTBOX_CREATE, OUTBOX_FILES, "JB-000001", 1, 1, &id,
				  &why), JEMBATAN_DATA);
	db_abort(db);
}
END_TEST

/* Where it is noted whether any follow-up waits. */
static void look_for_due(void)
{
	int64_t due_ms;
	ck_ok(outbox_rows_next_due(db, &due_ms, &why));
}

/* Let go in a transaction that is not committed. */
static void let_go_in_vain(int64_t id)
{
	begin();
	ck_ok(outbox_rows_get(db, id, arena, &action, &why));
	action.state = OUTBOX_DONE;
	ck_ok(outbox_rows_update(db, &action, &why));
	look_for_due();
	db_abort(db);
}

/* Nothing is noted; that none waits; that one does, as a start finds it; nothing again. */
START_TEST(a_follow_up_waits_for_its_ticket)
{
	if (_i == 1)
		look_for_due();
	begin();
	int64_t t = add_ticket(0, "JB-000001", TICKET_QUEUED);
	int64_t create = add_action(t, OUTBOX_CREATE, "JB-000001", 10);
	int64_t follow_up = add_action(t, OUTBOX_FOLLOW_UP, "JB-000001-F1", 1);
	commit();
	if (_i >= 2)
		reopen();
	if (_i == 2)
		look_for_due();
	if (_i == 3)
		let_go_in_vain(create);
	ck_assert_uint_eq(claim(1000, 8), 1);
	ck_assert_int_eq(actions[0].id, create);
	ck_assert_uint_eq(claim(1000, 8), 0);
	actions[0].state = OUTBOX_UNKNOWN;
	begin();
	ck_ok(outbox_rows_update(db, &actions[0], &why));
	commit();
	struct outbox_row created = actions[0];
	ck_assert_uint_eq(claim(1000, 8), 0);
	actions[0] = created;
	actions[0].state = OUTBOX_DONE;
	begin();
	ck_ok(outbox_rows_update(db, &actions[0], &why));
	commit();
	ck_assert_uint_eq(claim(1000, 8), 1);
	ck_assert_int_eq(actions[0].id, follow_up);
	actions[0].state = OUTBOX_DONE;
	begin(); /* the create is done: the next one does not wait */
	ck_ok(outbox_rows_update(db, &actions[0], &why));
	int64_t second = add_action(t, OUTBOX_FOLLOW_UP, "JB-000001-F2", 1);
	commit();
	ck_assert_uint_eq(claim(1000, 8), 1);
	ck_assert_int_eq(actions[0].id, second);
}
END_TEST

static void end_action(enum outbox_state state)
{
	struct outbox_row row = actions[0];

	row.state = state;
	begin();
	ck_ok(outbox_rows_update(db, &row, &why));
	commit();
}

START_TEST(follow_ups_of_one_ticket_leave_one_after_the_other)
{
	int64_t follow_ups[4];
	char name[32];

	begin();
	int64_t t = add_ticket(0, "JB-000001", TICKET_QUEUED);
	add_action(t, OUTBOX_CREATE, "JB-000001", 1);
	for (int i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "JB-000001-F%d", i + 1);
		follow_ups[i] = add_action(t, OUTBOX_FOLLOW_UP, name, 10 - i);
	}
	commit();
	ck_assert_uint_eq(claim(1000, 8), 1);
	struct outbox_row create = actions[0];
	create.complaint_id = "7000001";
	create.step = OUTBOX_ROUTE;
	for (int i = 0; i < 4; i++) {
		begin(); /* more of the create does not let two go */
		ck_ok(outbox_rows_update(db, &create, &why));
		commit();
		ck_assert_uint_eq(claim(1000, 8), 1);
		ck_assert_int_eq(actions[0].id, follow_ups[i]);
		begin();
		ck_ok(outbox_rows_update(db, &create, &why));
		commit();
		struct outbox_row one = actions[0];
		ck_assert_uint_eq(claim(1000, 8), 0);
		actions[0] = one;
		end_action(OUTBOX_QUEUED); /* a first try in vain lets none pass */
		ck_assert_uint_eq(claim(1000, 8), 1);
		ck_assert_int_eq(actions[0].id, follow_ups[i]);
		end_action(i == 0 ? OUTBOX_DONE : i == 1 ? OUTBOX_REFUSED : OUTBOX_UNKNOWN);
	}
	ck_assert_uint_eq(claim(1000, 8), 0);
}
END_TEST

START_TEST(a_linked_ticket_needs_no_create)
{
	begin();
	int64_t t = add_ticket(0, "JB-000001", TICKET_LINKED);
	int64_t early = add_action(t, OUTBOX_FOLLOW_UP, "JB-000001-F1", 1);
	commit();
	ck_assert_uint_eq(claim(1000, 8), 0);
	begin();
	ck_ok(tickets_set_tracking(db, t, "1234567", &why));
	int64_t late = add_action(t, OUTBOX_FOLLOW_UP, "JB-000001-F2", 1);
	commit();
	ck_assert_uint_eq(claim(1000, 8), 1);
	ck_assert_int_eq(actions[0].id, early);
	end_action(OUTBOX_DONE);
	ck_assert_uint_eq(claim(1000, 8), 1);
	ck_assert_int_eq(actions[0].id, late);
}
END_TEST

START_TEST(what_waits_still_waits_as_long_after_the_clock_was_set_back)
{
	begin();
	int64_t first = add_action(add_ticket(0, "JB-000001", TICKET_QUEUED), OUTBOX_CREATE,
				   "JB-000001", 3602000);
	int64_t second = add_action(add_ticket(0, "JB-000002", TICKET_QUEUED), OUTBOX_CREATE,
				    "JB-000002", 500);
	ck_ok(due_shift(db, 1000, 3600000, &why)); /* it was 3601000, and is 1000 now */
	commit();
	ck_assert_uint_eq(claim(1000, 8), 1);
	ck_assert_int_eq(actions[0].id, second);
	ck_assert_uint_eq(claim(1999, 8), 0);
	ck_assert_uint_eq(claim(2000, 8), 1);
	ck_assert_int_eq(actions[0].id, first);
}
END_TEST

static int64_t flag(const char *name)
{
	int64_t value = -1;
	ck_ok(instances_flag_get(db, name, &value, &why));
	return value;
}

/* In a store that was written while the clock stood in 2038. */
START_TEST(what_was_done_in_a_year_to_come_was_done_just_now)
{
	static const char *const names[] = { "central.compare_run_ms", "central.compare_ended_ms",
					     "central.institutions_ms", "central.templates_ms",
					     "replies.since.1" };
	const int64_t day = 24 * 3600000ll, ahead = 4380 * day;
	int64_t count = 0;
	begin();
	for (size_t i = 0; i < COUNT_OF(names); i++)
		ck_ok(instances_flag_set(db, names[i], ahead, &why));
	ck_ok(instances_flag_set(db, "central.budget_used", ahead, &why)); /* no time */
	int64_t waits[] = { add_ticket(0, "JB-000001", TICKET_INCOMPLETE),
			    add_ticket(0, "JB-000002", TICKET_INCOMPLETE) };
	for (size_t i = 0; i < COUNT_OF(waits); i++)
		ck_ok(incomplete_put(db, &(struct incomplete_row){ .ticket_id = waits[i],
				     .due_ms = i == 0 ? ahead + 10 * day : 10 * day }, &why));
	int64_t followed = add_ticket(0, "JB-000003", TICKET_QUEUED);
	ck_ok(tickets_set_pushed(db, followed, "1234567", "uji", &why));
	ck_ok(follows_set_checked(db, followed, ahead, &why));
	ck_ok(differences_put(db, &(struct difference){ .ticket_id = followed,
			      .kind = DIFFERENCE_STATUS, .ours = "a", .theirs = "b" }, ahead, &why));
	ck_ok(due_pull_back(db, 1000, &count, &why));
	commit();
	for (size_t i = 0; i < COUNT_OF(names); i++)
		ck_assert_msg(flag(names[i]) == 1000, "%s", names[i]);
	ck_assert_int_eq(flag("central.budget_used"), ahead);
	ck_assert_int_eq(count, 1);
	struct incomplete_row due[2];
	size_t n = 0;
	ck_ok(incomplete_due(db, 1000, 2, due, &n, &why));
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(due[0].ticket_id, waits[0]);
	struct follow_row rows[2];
	ck_ok(follows_unchecked(db, 1001, 2, arena, rows, &n, &why));
	ck_assert_uint_eq(n, 1);
	int64_t left = 1, fresh = 1;
	begin();
	ck_ok(differences_end(db, 1001, &left, &fresh, &why)); /* not found any more */
	commit();
	ck_assert_int_eq(left, 0);
}
END_TEST

START_TEST(actions_are_listed_by_state_and_paged)
{
	size_t n;
	begin();
	for (int i = 0; i < 5; i++)
		add_action(add_ticket(0, arena_printf(arena, "JB-00000%d", i), TICKET_QUEUED),
			   OUTBOX_CREATE, "r", i % 2 ? 1 : 9000);
	commit();
	claim(1, 8);
	ck_ok(outbox_rows_list(db, OUTBOX_QUEUED, 1, 8, arena, actions, &n, &why));
	ck_assert_uint_eq(n, 2);
	ck_assert_int_eq(actions[0].id, 3);
	ck_ok(outbox_rows_list(db, -1, 0, 4, arena, actions, &n, &why));
	ck_assert_uint_eq(n, 4);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("outbox");
	tcase_add_checked_fixture(t, setup_store, teardown);
	tcase_add_test(t, a_claim_takes_what_is_due_oldest_first_and_once);
	tcase_add_test(t, what_was_in_flight_is_found_after_a_restart);
	tcase_add_test(t, a_step_is_remembered_with_all_it_learned);
	tcase_add_test(t, a_ticket_is_created_once);
	tcase_add_loop_test(t, a_follow_up_waits_for_its_ticket, 0, 4);
	tcase_add_test(t, follow_ups_of_one_ticket_leave_one_after_the_other);
	tcase_add_test(t, a_linked_ticket_needs_no_create);
	tcase_add_test(t, what_waits_still_waits_as_long_after_the_clock_was_set_back);
	tcase_add_test(t, what_was_done_in_a_year_to_come_was_done_just_now);
	tcase_add_test(t, actions_are_listed_by_state_and_paged);
	return unit_run("store_outbox", t);
}
