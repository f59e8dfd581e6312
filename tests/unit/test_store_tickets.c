/* test_store_tickets.c: tickets, quarantine and audit; running counts
 * against a full scan. */
#include "store_unit.h"

#include "ticket/ticket.h"

static struct ticket_row ticket;
static struct outbox_row action;

static int64_t add_action(int64_t ticket_id, enum outbox_kind kind, const char *reference,
			  int64_t due_ms)
{
	int64_t id = 0;
	ck_ok(outbox_rows_add(db, ticket_id, 0, kind,
			      kind == OUTBOX_CREATE ? OUTBOX_FILES : OUTBOX_POST, reference, due_ms,
			      6000, &id, &why));
	return id;
}

/* ---- tickets ----------------------------------------------------------- */

START_TEST(a_ticket_comes_back_by_id_reference_and_tracking_id)
{
	begin();
	int64_t message = add_message("a", "1");
	int64_t id = add_ticket(message, "JB-7K3M9Q", TICKET_REVIEW);
	ck_ok(tickets_set_tracking(db, id, "1234567", &why));
	ck_ok(tickets_set_state(db, id, TICKET_PUSHED, "accepted by the centre", &why));
	commit();
	reopen();
	ck_ok(tickets_get(db, id, arena, &ticket, &why));
	ck_assert_str_eq(ticket.reference, "JB-7K3M9Q");
	ck_assert_int_eq(ticket.message_id, message);
	ck_assert_int_eq(ticket.created_ms, 6000);
	ck_assert_int_eq(ticket.state, TICKET_PUSHED);
	ck_assert_str_eq(ticket.tracking_id, "1234567");
	ck_assert_ptr_nonnull(strstr(ticket.body, "Jalan rusak"));
	ck_assert_ptr_nonnull(strstr(ticket.body, "Lubang di depan sekolah"));
	ck_assert_str_eq(ticket.reason, "accepted by the centre");
	ck_ok(tickets_find(db, "jb-7k3m9q", arena, &ticket, &why));
	ck_assert_int_eq(ticket.id, id);
	ck_ok(tickets_find(db, "1234567", arena, &ticket, &why));
	ck_assert_int_eq(ticket.id, id);
	ck_result(tickets_find(db, "JB-XXXXXX", arena, &ticket, &why), JEMBATAN_GONE);
	ck_result(tickets_get(db, 99, arena, &ticket, &why), JEMBATAN_GONE);
}
END_TEST

START_TEST(a_reference_is_given_once)
{
	begin();
	add_ticket(0, "JB-000001", TICKET_QUEUED);
	struct ticket_row again = { .reference = "JB-000001", .instance_id = instance,
				    .body = "{}" };
	int64_t id = 0;
	ck_result(tickets_add(db, &again, &id, &why), JEMBATAN_DATA);
	again.reference = "JB-000002"; /* the transaction goes on */
	ck_ok(tickets_add(db, &again, &id, &why));
	commit();
	ck_assert_int_eq(number("SELECT count(*) FROM ticket"), 2);
}
END_TEST

START_TEST(a_tracking_id_is_written_once)
{
	begin();
	int64_t id = add_ticket(0, "JB-000001", TICKET_QUEUED);
	ck_ok(tickets_set_tracking(db, id, "111", &why));
	ck_ok(tickets_set_tracking(db, id, "111", &why));
	ck_result(tickets_set_tracking(db, id, "222", &why), JEMBATAN_DATA);
	ck_result(tickets_set_tracking(db, 99, "222", &why), JEMBATAN_GONE);
	commit();
	ck_ok(tickets_get(db, id, arena, &ticket, &why));
	ck_assert_str_eq(ticket.tracking_id, "111");
}
END_TEST

static bool is_at_hand(int64_t id)
{
	struct ticket form;
	return tickets_recent(db, id, arena, &form);
}

START_TEST(a_body_can_be_corrected)
{
	begin();
	int64_t with = add_ticket(add_message("a", "1"), "JB-000001", TICKET_REVIEW);
	int64_t without = add_ticket(0, "JB-000002", TICKET_REVIEW);
	ck_assert(is_at_hand(with) && is_at_hand(without));
	ck_ok(tickets_set_body(db, with, "{\"title\":\"Satu\"}", &why));
	ck_ok(tickets_set_body(db, without, "{\"title\":\"Dua\"}", &why));
	ck_result(tickets_set_body(db, 99, "{}", &why), JEMBATAN_GONE);
	ck_assert(!is_at_hand(with) && !is_at_hand(without));
	commit();
	reopen();
	ck_ok(tickets_get(db, with, arena, &ticket, &why));
	ck_assert_str_eq(ticket.body, "{\"title\":\"Satu\"}");
	ck_ok(tickets_get(db, without, arena, &ticket, &why));
	ck_assert_str_eq(ticket.body, "{\"title\":\"Dua\"}");
}
END_TEST

START_TEST(the_newest_tickets_are_at_hand)
{
	struct ticket form;
	int64_t first = 0, last = 0;
	begin();
	for (unsigned i = 0; i <= RECENT_KEPT; i++) {
		last = add_ticket(0, arena_printf(arena, "JB-%06u", i), TICKET_QUEUED);
		if (i == 0)
			first = last;
	}
	ck_assert(!is_at_hand(first));
	ck_assert(is_at_hand(first + 1));
	ck_assert(tickets_recent(db, last, arena, &form));
	ck_assert_str_eq(form.title, "Jalan rusak");
	ck_assert(!is_at_hand(last + 1) && !is_at_hand(0));
	db_abort(db);
	ck_assert(!is_at_hand(last));
}
END_TEST

START_TEST(tickets_are_listed_by_state_and_paged)
{
	struct ticket_row rows[8];
	size_t n;
	begin();
	for (int i = 1; i <= 5; i++)
		add_ticket(0, arena_printf(arena, "JB-00000%d", i),
			   i % 2 ? TICKET_REVIEW : TICKET_QUEUED);
	commit();
	ck_ok(tickets_list(db, TICKET_REVIEW, 0, 8, arena, rows, &n, &why));
	ck_assert_uint_eq(n, 3);
	ck_assert_str_eq(rows[1].reference, "JB-000003");
	ck_assert_str_eq(rows[1].title, "Jalan rusak");
	ck_assert_ptr_null(rows[1].body); /* a list shows titles only */
	ck_ok(tickets_list(db, -1, 2, 2, arena, rows, &n, &why));
	ck_assert_uint_eq(n, 2);
	ck_assert_int_eq(rows[0].id, 3);
	ck_assert_int_eq(rows[1].id, 4);
}
END_TEST

START_TEST(destroying_the_messages_key_erases_the_ticket_too)
{
	struct inbox_row row;
	struct ticket_row rows[2];
	struct buf raw;
	size_t n;
	buf_init(&raw, 1000);
	begin();
	int64_t message = add_message("a", "1");
	int64_t id = add_ticket(message, "JB-000001", TICKET_PUSHED);
	ck_assert(is_at_hand(id));
	ck_ok(sql_script(&db->sql, "UPDATE message_body SET wrapped = NULL", &why));
	ck_assert(!is_at_hand(id));
	commit();
	ck_ok(tickets_get(db, id, arena, &ticket, &why));
	ck_assert_str_eq(ticket.reference, "JB-000001");
	ck_assert_ptr_null(ticket.body);
	ck_ok(tickets_list(db, -1, 0, 2, arena, rows, &n, &why));
	ck_assert_ptr_null(rows[0].title);
	ck_ok(inbox_get(db, message, arena, &row, &why));
	ck_assert_uint_eq(row.message.message.size, 0);
	ck_result(inbox_raw(db, message, &raw, &why), JEMBATAN_GONE);
	ck_assert_uint_eq(raw.size, 0);
	buf_done(&raw);
}
END_TEST

START_TEST(the_body_of_a_ticket_does_not_open_in_another)
{
	begin();
	int64_t message = add_message("a", "1");
	int64_t one = add_ticket(message, "JB-000001", TICKET_PUSHED);
	int64_t two = add_ticket(message, "JB-000002", TICKET_PUSHED);
	ck_ok(sql_script(&db->sql, "UPDATE ticket_body SET sealed ="
			 " (SELECT sealed FROM ticket_body WHERE ticket_id = 1) WHERE ticket_id = 2",
			 &why));
	commit();
	ck_ok(tickets_get(db, one, arena, &ticket, &why));
	ck_result(tickets_get(db, two, arena, &ticket, &why), JEMBATAN_DATA);
}
END_TEST

/* ---- quarantine and audit ---------------------------------------------- */

START_TEST(a_record_waits_in_quarantine_byte_for_byte)
{
	struct digest key = key_of("record");
	struct quarantine_row rows[4];
	struct msg_begin record = { .id = "<a@contoh.id>", .raw_type = "message/rfc822" };
	struct buf raw;
	int64_t id, again, waiting;
	size_t n;
	buf_init(&raw, 100);
	begin();
	ck_ok(quarantine_add(db, instance, &key, &record, bytes_of("\0\xff", 2), "no sense", 10,
			     &id, &why));
	ck_ok(quarantine_add(db, instance, &key, &record, bytes_of("\0\xff", 2), "still none", 20,
			     &again, &why));
	ck_assert_int_eq(again, id);
	commit();
	reopen();
	ck_ok(quarantine_list(db, 0, 4, arena, rows, &n, &why));
	ck_assert_uint_eq(n, 1);
	ck_assert_str_eq(rows[0].remote_id, "<a@contoh.id>");
	ck_assert_str_eq(rows[0].raw_type, "message/rfc822");
	ck_assert_str_eq(rows[0].reason, "still none");
	ck_assert_int_eq(rows[0].at_ms, 20);
	ck_assert_uint_eq(rows[0].size, 2);
	ck_ok(quarantine_raw(db, id, &raw, &why));
	ck_assert_uint_eq(raw.size, 2);
	ck_assert_mem_eq(raw.data, "\0\xff", 2);
	ck_ok(quarantine_count(db, &waiting, &why));
	ck_assert_int_eq(waiting, 1);
	begin();
	ck_ok(quarantine_set_dropped(db, id, &why));
	ck_ok(quarantine_set_replayed(db, id, &why));
	ck_result(quarantine_set_dropped(db, 99, &why), JEMBATAN_GONE);
	commit();
	ck_ok(quarantine_count(db, &waiting, &why));
	ck_assert_int_eq(waiting, 0);
	ck_ok(quarantine_get(db, id, arena, rows, &why));
	ck_assert(rows[0].dropped && rows[0].replayed);
	begin(); /* back once more: it was not read after all */
	ck_ok(quarantine_add(db, instance, &key, &record, bytes_of("x", 1), "still none", 30, &id,
			     &why));
	commit();
	ck_ok(quarantine_get(db, id, arena, rows, &why));
	ck_assert(!rows[0].replayed);
	ck_result(quarantine_get(db, 99, arena, rows, &why), JEMBATAN_GONE);
	ck_result(quarantine_raw(db, 99, &raw, &why), JEMBATAN_GONE);
	buf_done(&raw);
}
END_TEST

START_TEST(a_large_record_waits_as_a_file)
{
	struct digest key = key_of("record");
	struct msg_spooled file;
	struct msg_begin record = { .spooled = &file, .spooled_count = 1 };
	struct quarantine_row row;
	struct buf raw;
	int64_t id;
	buf_init(&raw, 100);
	spool_file("tok_q", "isi yang besar", &file);
	ck_ok(inbox_keep_raw(db, "mail", &record, &why));
	begin();
	ck_ok(quarantine_add(db, instance, &key, &record, bytes_of(NULL, 0), "hung", 10, &id,
			     &why));
	commit();
	reopen();
	inbox_sweep(db);
	ck_ok(quarantine_get(db, id, arena, &row, &why));
	ck_assert_uint_eq(row.size, strlen("isi yang besar"));
	ck_assert_ptr_null(row.remote_id);
	ck_ok(quarantine_raw(db, id, &raw, &why));
	ck_assert_str_eq(raw.data, "isi yang besar");
	buf_done(&raw);
}
END_TEST

START_TEST(two_deaths_put_a_record_on_the_skip_list)
{
	struct msg_record_keys one = { .record = key_of("one") }, two = { .record = key_of("two") };
	const struct msg_skip *skips;
	unsigned deaths;
	size_t n;
	begin();
	ck_ok(skips_count_death(db, instance, &one, 1, &deaths, &why));
	ck_assert_uint_eq(deaths, 1);
	ck_ok(skips_count_death(db, instance, &two, 1, &deaths, &why));
	ck_ok(skips_count_death(db, instance, &two, 2, &deaths, &why));
	ck_assert_uint_eq(deaths, 2);
	commit();
	reopen();
	ck_ok(skips_list(db, instance, arena, &skips, &n, &why));
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(skips[0].key.size, DIGEST_SIZE);
	ck_assert_mem_eq(skips[0].key.data, two.record.bytes, DIGEST_SIZE);
	begin();
	ck_ok(skips_remove(db, instance, &two, &why));
	commit();
	ck_ok(skips_list(db, instance, arena, &skips, &n, &why));
	ck_assert_uint_eq(n, 0);
}
END_TEST

static size_t die(const char *id, const char *raw)
{
	struct digest bytes = key_of(raw);
	struct msg_record_keys keys = msg_record_keys(id, &bytes);
	const struct msg_skip *skips;
	unsigned deaths;
	size_t n;
	begin();
	ck_ok(skips_count_death(db, instance, &keys, 1, &deaths, &why));
	commit();
	ck_ok(skips_list(db, instance, arena, &skips, &n, &why));
	return n;
}

START_TEST(an_id_that_kills_in_two_forms_is_on_the_skip_list_until_it_is_read)
{
	struct digest bytes = key_of("third form");
	struct msg_record_keys keys = msg_record_keys("7", &bytes);
	const struct msg_skip *skips;
	size_t n;
	ck_assert_uint_eq(die("7", "first form"), 0);
	ck_assert_uint_eq(die("8", "first form"), 0); /* another record */
	ck_assert_uint_eq(die("7", "second form"), 1);
	ck_ok(skips_list(db, instance, arena, &skips, &n, &why));
	ck_assert_mem_eq(skips[0].key.data, keys.id.bytes, DIGEST_SIZE);
	begin();
	ck_ok(skips_remove(db, instance, &keys, &why));
	commit();
	ck_assert_uint_eq(die("7", "third form"), 0); /* its first again */
}
END_TEST

START_TEST(one_form_that_kills_again_and_again_says_nothing_of_its_id)
{
	ck_assert_uint_eq(die(NULL, "no id"), 0);
	ck_assert_uint_eq(die(NULL, "no id either"), 0);
	ck_assert_uint_eq(die("7", "first form"), 0);
	ck_assert_uint_eq(die("7", "first form"), 1); /* the record, not its id */
	ck_assert_uint_eq(die("7", "first form"), 1);
}
END_TEST

START_TEST(an_audit_tells_the_steps_in_order)
{
	struct audit_row rows[4];
	size_t n;
	begin();
	ck_ok(audit_add(db, AUDIT_MESSAGE, 7, "jembatan", "stored", NULL, 10, &why));
	ck_ok(audit_add(db, AUDIT_TICKET, 7, "jembatan", "ticket", "x", 10, &why));
	ck_ok(audit_add(db, AUDIT_MESSAGE, 7, "sari", "accepted", "it is a complaint", 20, &why));
	commit();
	ck_ok(audit_list(db, AUDIT_MESSAGE, 7, 4, arena, rows, &n, &why));
	ck_assert_uint_eq(n, 2);
	ck_assert_str_eq(rows[0].what, "stored");
	ck_assert_str_eq(rows[0].actor, "jembatan");
	ck_assert_ptr_null(rows[0].why);
	ck_assert_str_eq(rows[1].actor, "sari");
	ck_assert_str_eq(rows[1].why, "it is a complaint");
	ck_assert_int_eq(rows[1].at_ms, 20);
	ck_assert_int_gt(rows[1].id, rows[0].id);
}
END_TEST

/* ---- counts ------------------------------------------------------------ */

static uint64_t seed;

static int64_t pick(int64_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (int64_t)(seed >> 33) % below;
}

static void do_something(int step)
{
	int64_t messages = number("SELECT count(*) FROM message");
	int64_t tickets = number("SELECT count(*) FROM ticket");
	int64_t id = messages > 0 ? 1 + pick(messages) : 0;
	struct inbox_row row;
	struct outbox_row claimed[4];
	size_t n;
	switch (pick(11)) {
	case 0:
	case 1:
		add_message(arena_printf(arena, "m%lld", (long long)pick(20)),
			    arena_printf(arena, "%lld", (long long)pick(3)));
		break;
	case 2:
		if (id != 0)
			ck_ok(inbox_leave(db, id, (enum inbox_stage)pick(7), 0, NULL, &why));
		break;
	case 3:
		tickets = add_ticket(0, arena_printf(arena, "JB-%06d", step),
				     (enum ticket_state)pick(8));
		add_action(tickets, OUTBOX_CREATE, "r", pick(100));
		break;
	case 4:
		if (tickets != 0)
			ck_ok(tickets_set_state(db, 1 + pick(tickets), (enum ticket_state)pick(8),
						NULL, &why));
		break;
	case 5:
		if (tickets != 0) {
			ck_ok(outbox_rows_get(db, 1 + pick(tickets), arena, &action, &why));
			action.state = (enum outbox_state)pick(5);
			ck_ok(outbox_rows_update(db, &action, &why));
		}
		break;
	case 6: {
		struct digest key = key_of(pick(2) ? "q1" : "q2");
		ck_ok(quarantine_add(db, instance, &key, &(struct msg_begin){ .id = "q" },
				     bytes_text("raw"), "x", step, &id, &why));
		break;
	}
	case 7: /* what was taken, and what was decided meanwhile */
		if (id != 0 && inbox_get(db, id, arena, &row, &why) == JEMBATAN_OK)
			ck_ok(inbox_decide(db, &row, (enum inbox_stage)pick(7), 0, NULL, &why));
		break;
	case 8:
		ck_ok(outbox_rows_claim(db, 1000, (size_t)pick(4), arena, claimed, &n, &why));
		break;
	case 9: /* in whatever state it is */
		id = tickets != 0 ? 1 + pick(tickets) : 0;
		if (id != 0)
			ck_ok(tickets_set_pushed(db, id, arena_printf(arena, "%lld", (long long)id),
						 NULL, &why));
		break;
	default:
		if (number("SELECT count(*) FROM quarantine") > 0)
			ck_ok(pick(2) ? quarantine_set_dropped(db, 1, &why) :
			      quarantine_set_replayed(db, 1, &why));
	}
}

static void compare_counts(void)
{
	struct inbox_counts inbox;
	struct outbox_counts outbox;
	int64_t tickets[TICKET_STATE_COUNT], waiting;
	ck_ok(inbox_count(db, 0, &inbox, &why));
	ck_ok(outbox_rows_count(db, &outbox, &why));
	ck_ok(tickets_count(db, tickets, &why));
	ck_ok(quarantine_count(db, &waiting, &why));
	for (int i = 0; i < 8; i++) {
		ck_assert_int_eq(inbox.by_stage[i], number(arena_printf(arena,
			"SELECT count(*) FROM message WHERE stage = %d", i)));
		ck_assert_int_eq(outbox.by_state[i], number(arena_printf(arena,
			"SELECT count(*) FROM outbox WHERE state = %d", i)));
		ck_assert_int_eq(tickets[i], number(arena_printf(arena,
			"SELECT count(*) FROM ticket WHERE state = %d", i)));
	}
	ck_assert_int_eq(inbox.total, number("SELECT count(*) FROM message"));
	ck_assert_int_eq(inbox.repeats, number("SELECT coalesce(sum(repeats), 0) FROM message"));
	ck_assert_int_eq(inbox.edits, number("SELECT count(edit_of) FROM message"));
	ck_assert_int_eq(inbox.oldest_new_ms,
			 number("SELECT min(received_ms) FROM message WHERE stage = 0"));
	ck_assert_int_eq(outbox.oldest_queued_ms,
			 number("SELECT min(created_ms) FROM outbox WHERE state = 0"));
	ck_assert_int_eq(waiting,
			 number("SELECT count(*) FROM quarantine"
				" WHERE NOT dropped AND NOT replayed"));
}

START_TEST(running_counts_equal_a_full_scan)
{
	seed = (uint64_t)_i;
	for (int step = 0; step < 300;) {
		begin();
		for (int64_t k = pick(10); k >= 0; k--)
			do_something(step++);
		if (pick(4) == 0)
			db_abort(db);
		else
			commit();
		compare_counts();
	}
}
END_TEST

#ifdef JEMBATAN_FAULTS
static const char say_wrong[] = "UPDATE ticket SET state = 2";

static void say_what_is_not(void)
{
	const struct tally_said said = { TALLY_TICKETS, 0, TICKET_QUEUED, TICKET_REFUSED };
	begin();
	_exit((int)tally_run(&db->tally, &db->sql, &said, &why, say_wrong, SQL_NOTHING));
}

START_TEST(a_statement_that_says_what_it_does_not_do_ends_a_build_for_tests)
{
	begin();
	add_ticket(0, "JB-AAAAAA", TICKET_QUEUED);
	commit();
	int status = in_child(say_what_is_not);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}
END_TEST
#endif

int main(void)
{
	TCase *t = tcase_create("tickets");
	tcase_add_checked_fixture(t, setup_store, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_ticket_comes_back_by_id_reference_and_tracking_id);
	tcase_add_test(t, a_reference_is_given_once);
	tcase_add_test(t, a_tracking_id_is_written_once);
	tcase_add_test(t, a_body_can_be_corrected);
	tcase_add_test(t, the_newest_tickets_are_at_hand);
	tcase_add_test(t, tickets_are_listed_by_state_and_paged);
	tcase_add_test(t, destroying_the_messages_key_erases_the_ticket_too);
	tcase_add_test(t, the_body_of_a_ticket_does_not_open_in_another);
	tcase_add_test(t, a_record_waits_in_quarantine_byte_for_byte);
	tcase_add_test(t, a_large_record_waits_as_a_file);
	tcase_add_test(t, two_deaths_put_a_record_on_the_skip_list);
	tcase_add_test(t, an_id_that_kills_in_two_forms_is_on_the_skip_list_until_it_is_read);
	tcase_add_test(t, one_form_that_kills_again_and_again_says_nothing_of_its_id);
	tcase_add_test(t, an_audit_tells_the_steps_in_order);
	tcase_add_loop_test(t, running_counts_equal_a_full_scan, 0, 6);
#ifdef JEMBATAN_FAULTS
	tcase_add_test(t, a_statement_that_says_what_it_does_not_do_ends_a_build_for_tests);
#endif
	return unit_run("store_tickets", t);
}
