/* test_store_duplicates.c: rows of compared complaints, their sealed
 * fingerprints, and where a person's join took messages from. */
#include "store_unit.h"

#include "store/duplicates.h"

static struct duplicate_row row;

static void add_row(int64_t id, int64_t message_id, int64_t incident,
		    enum duplicate_decision decision, const char *fingerprint)
{
	struct duplicate_row r = { .id = id, .message_id = message_id, .added_ms = 7000 + id,
				   .incident = incident, .decision = decision, .permille = 875,
				   .nearest = incident != id ? incident : 0,
				   .evidence = "same phone" };
	ck_ok(duplicates_add(db, &r, bytes_text(fingerprint), &why));
}

static size_t kept(int64_t after_id, struct duplicate_kept out[8])
{
	size_t count = 0;
	ck_ok(duplicates_kept(db, after_id, 8, arena, out, &count, &why));
	return count;
}

START_TEST(a_row_comes_back_by_message_id_and_incident)
{
	struct duplicate_row rows[4];
	size_t count = 0;
	int64_t newest = -1, at_ms = -1;
	ck_ok(duplicates_newest(db, &newest, &at_ms, &why));
	ck_assert_int_eq(newest, 0);
	ck_assert_int_eq(at_ms, 0);
	begin();
	int64_t a = add_message("a", "1"), b = add_message("b", "1"), c = add_message("c", "1");
	int64_t ticket = add_ticket(a, "JB-7K3M9Q", TICKET_REVIEW);
	ck_ok(inbox_leave(db, b, INBOX_REPOST, ticket, "again", &why));
	add_row(10, b, 10, DUPLICATE_SEPARATE, "one");
	add_row(12, a, 10, DUPLICATE_REPOST, "two");
	add_row(13, c, 13, DUPLICATE_REVIEW, "three");
	commit();
	reopen();
	ck_ok(duplicates_of_message(db, b, arena, &row, &why));
	ck_assert_int_eq(row.id, 10);
	ck_assert_int_eq(row.ticket_id, ticket);
	ck_assert_int_eq(row.nearest, 0);
	ck_ok(duplicates_get(db, 12, arena, &row, &why));
	ck_assert_int_eq(row.message_id, a);
	ck_assert_int_eq(row.added_ms, 7012);
	ck_assert_int_eq(row.incident, 10);
	ck_assert_int_eq(row.nearest, 10);
	ck_assert_int_eq(row.decision, DUPLICATE_REPOST);
	ck_assert_uint_eq(row.permille, 875);
	ck_assert_str_eq(row.evidence, "same phone");
	ck_ok(duplicates_of_incident(db, 10, 4, arena, rows, &count, &why));
	ck_assert_uint_eq(count, 2);
	ck_assert_int_eq(rows[0].id, 10);
	ck_assert_int_eq(rows[1].id, 12);
	ck_ok(duplicates_newest(db, &newest, &at_ms, &why));
	ck_assert_int_eq(newest, 13);
	ck_assert_int_eq(at_ms, 7013);
	ck_result(duplicates_get(db, 99, arena, &row, &why), JEMBATAN_GONE);
	ck_result(duplicates_of_message(db, 99, arena, &row, &why), JEMBATAN_GONE);
}
END_TEST

START_TEST(a_list_shows_what_a_person_has_not_settled_newest_first)
{
	struct duplicate_row rows[8];
	size_t count = 0;
	begin();
	for (int64_t n = 1; n <= 6; n++)
		add_row(n, add_message(arena_printf(arena, "m%d", (int)n), "1"), n,
			(enum duplicate_decision)(n % 4), "x");
	ck_ok(duplicates_get(db, 5, arena, &row, &why));
	row.settled = DUPLICATE_SPLIT;
	ck_ok(duplicates_update(db, &row, &why));
	commit();
	ck_ok(duplicates_list(db, -1, false, INT64_MAX, 8, arena, rows, &count, &why));
	ck_assert_uint_eq(count, 5); /* the fourth is separate */
	ck_assert_int_eq(rows[0].id, 6);
	ck_assert_int_eq(rows[4].id, 1);
	ck_ok(duplicates_list(db, DUPLICATE_REVIEW, false, INT64_MAX, 8, arena, rows, &count, &why));
	ck_assert_uint_eq(count, 2);
	ck_ok(duplicates_list(db, DUPLICATE_REVIEW, true, INT64_MAX, 8, arena, rows, &count, &why));
	ck_assert_uint_eq(count, 1);
	ck_assert_int_eq(rows[0].id, 1);
	ck_ok(duplicates_list(db, -1, false, 3, 1, arena, rows, &count, &why));
	ck_assert_uint_eq(count, 1);
	ck_assert_int_eq(rows[0].id, 2);
}
END_TEST

START_TEST(a_person_moves_a_row_to_another_incident_and_back)
{
	struct duplicate_row rows[4];
	size_t count = 0;
	begin();
	add_row(1, add_message("a", "1"), 1, DUPLICATE_SEPARATE, "x");
	add_row(2, add_message("b", "1"), 2, DUPLICATE_SEPARATE, "y");
	ck_ok(duplicates_get(db, 1, arena, &row, &why));
	row.former = row.incident;
	row.incident = 2;
	row.settled = DUPLICATE_JOINED;
	ck_ok(duplicates_update(db, &row, &why));
	commit();
	ck_ok(duplicates_of_incident(db, 2, 4, arena, rows, &count, &why));
	ck_assert_uint_eq(count, 2);
	ck_assert_int_eq(rows[0].former, 1);
	ck_ok(duplicates_of_incident(db, 1, 4, arena, rows, &count, &why));
	ck_assert_uint_eq(count, 0);
}
END_TEST

START_TEST(a_fingerprint_is_sealed_and_goes_with_its_message)
{
	struct duplicate_kept rows[8];
	begin();
	int64_t a = add_message("a", "1"), b = add_message("b", "1");
	add_row(1, a, 1, DUPLICATE_SEPARATE, "a fingerprint of words");
	add_row(2, b, 2, DUPLICATE_SEPARATE, "another");
	commit();
	ck_assert_int_eq(number("SELECT count(*) FROM duplicate WHERE instr(fingerprint, 'words')"), 0);
	reopen();
	ck_assert_uint_eq(kept(0, rows), 2);
	ck_assert_int_eq(rows[0].added_ms, 7001);
	ck_assert(rows[0].fingerprint.size == 22);
	ck_assert_int_eq(memcmp(rows[0].fingerprint.data, "a fingerprint of words", 22), 0);
	begin();
	ck_ok(sql_run(&db->sql, &why, "UPDATE message_body SET wrapped = NULL WHERE message_id = 1",
		      SQL_NOTHING)); /* erased */
	commit();
	ck_assert_uint_eq(kept(0, rows), 2);
	ck_assert_uint_eq(rows[0].fingerprint.size, 0);
	ck_assert_uint_eq(rows[1].fingerprint.size, 7);
	/* And a row cannot take another's. */
	begin();
	ck_ok(sql_run(&db->sql, &why, "UPDATE duplicate SET fingerprint ="
		      " (SELECT fingerprint FROM duplicate WHERE id = 1) WHERE id = 2", SQL_NOTHING));
	commit();
	ck_assert_uint_eq(kept(1, rows), 1);
	ck_assert_uint_eq(rows[0].fingerprint.size, 0);
}
END_TEST

START_TEST(what_is_older_than_the_window_goes_in_slices_and_stays_gone)
{
	struct duplicate_kept rows[8];
	int64_t evicted = -1;
	begin();
	for (int64_t n = 1; n <= 5; n++)
		add_row(n, add_message(arena_printf(arena, "m%d", (int)n), "1"), n, DUPLICATE_SEPARATE, "x");
	ck_ok(duplicates_evict(db, 4, 2, &why));
	commit();
	ck_assert_uint_eq(kept(0, rows), 3);
	begin();
	ck_ok(duplicates_evict(db, 4, 2, &why));
	ck_ok(duplicates_evict(db, 4, 2, &why)); /* nothing is left to do */
	commit();
	ck_assert_uint_eq(kept(0, rows), 2);
	ck_assert_int_eq(rows[0].id, 4);
	ck_ok(duplicates_evicted(db, &evicted, &why));
	ck_assert_int_eq(evicted, 3);
	ck_assert_int_eq(number("SELECT count(*) FROM duplicate"), 5);
}
END_TEST

START_TEST(it_is_remembered_where_a_join_took_a_message_from)
{
	struct duplicate_move moves[4];
	size_t count = 0;
	begin();
	int64_t a = add_message("a", "1"), b = add_message("b", "1");
	int64_t ticket = add_ticket(a, "JB-7K3M9Q", TICKET_REVIEW);
	struct duplicate_move move = { .message_id = a, .ticket_id = ticket,
				       .stage = INBOX_TICKET, .ticket_state = TICKET_REVIEW };
	ck_ok(duplicate_moves_add(db, &move, &why));
	move.message_id = b;
	move.stage = INBOX_FOLLOW_UP;
	ck_ok(duplicate_moves_add(db, &move, &why));
	/* Joined once more, with the ticket that it was joined to: its own counts. */
	int64_t second = add_ticket(a, "JB-7K3M9R", TICKET_REVIEW);
	move.ticket_id = second;
	move.stage = INBOX_REPOST;
	ck_ok(duplicate_moves_add(db, &move, &why));
	commit();
	ck_ok(duplicate_moves_from(db, second, 4, moves, &count, &why));
	ck_assert_uint_eq(count, 1);
	ck_assert_int_eq(moves[0].stage, INBOX_REPOST);
	begin();
	ck_ok(duplicate_moves_undo(db, &moves[0], &why));
	commit();
	ck_ok(duplicate_moves_from(db, second, 4, moves, &count, &why));
	ck_assert_uint_eq(count, 0);
	ck_ok(duplicate_moves_of(db, b, &move, &why));
	ck_assert_int_eq(move.ticket_id, ticket);
	ck_assert_int_eq(move.stage, INBOX_FOLLOW_UP);
	ck_ok(duplicate_moves_from(db, ticket, 4, moves, &count, &why));
	ck_assert_uint_eq(count, 2);
	begin();
	ck_ok(duplicate_moves_forget(db, ticket, &why));
	commit();
	ck_result(duplicate_moves_of(db, b, &move, &why), JEMBATAN_GONE);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("duplicates");
	tcase_add_checked_fixture(t, setup_store, teardown);
	tcase_add_test(t, a_row_comes_back_by_message_id_and_incident);
	tcase_add_test(t, a_list_shows_what_a_person_has_not_settled_newest_first);
	tcase_add_test(t, a_person_moves_a_row_to_another_incident_and_back);
	tcase_add_test(t, a_fingerprint_is_sealed_and_goes_with_its_message);
	tcase_add_test(t, what_is_older_than_the_window_goes_in_slices_and_stays_gone);
	tcase_add_test(t, it_is_remembered_where_a_join_took_a_message_from);
	return unit_run("store_duplicates", t);
}
