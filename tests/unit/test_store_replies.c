/* test_store_replies.c: news that the store writes by itself, and rows that wait
 * for each other. */
#include "store_unit.h"

#include "reply/receipts.h"
#include "store/erase.h"
#include "store/follows.h"
#include "store/replies.h"

static struct digest address(const char *who)
{
	return replies_address_key(db, "mail", who);
}

static int64_t add_reply(int64_t ticket_id, int64_t message_id, const char *who,
			 enum reply_event event)
{
	struct reply_row row = { .ticket_id = ticket_id, .message_id = message_id,
				 .instance_id = instance, .event = event, .to_kind = "mail",
				 .address_key = address(who), .due_ms = 1000 };
	int64_t id = 0;
	ck_ok(replies_add(db, &row, "JB-AAAAAA", 900, &id, &why));
	return id;
}

static struct reply_row get(int64_t id)
{
	struct reply_row row;
	ck_ok(replies_get(db, id, arena, &row, &why));
	return row;
}

static void set(int64_t id, enum reply_state state)
{
	struct reply_row row = get(id);
	row.state = state;
	if (state == REPLY_SENDING)
		row.started_ms = 2000;
	ck_ok(replies_update(db, &row, NULL, &why));
}

static size_t due(int64_t now_ms)
{
	struct reply_row rows[16];
	size_t count = 0;
	ck_ok(replies_due(db, instance, now_ms, 16, arena, rows, &count, &why));
	return count;
}

START_TEST(what_happens_is_news_while_replies_are_on)
{
	struct reply_news news[8];
	size_t count = 0;
	begin();
	for (int on = 0; on < 2; on++) {
		ck_ok(replies_set_on(db, on, &why));
		int64_t m = add_message(on ? "2" : "1", "a");
		int64_t t = add_ticket(m, on ? "JB-AAAAA2" : "JB-AAAAA1", TICKET_QUEUED);
		ck_ok(inbox_leave(db, m, INBOX_TICKET, t, NULL, &why));
		ck_ok(tickets_set_pushed(db, t, on ? "7000002" : "7000001", NULL, &why));
		struct follow_row follow = { .ticket_id = t, .state = 3, .changed_ms = 7000 };
		ck_ok(follows_put(db, &follow, &why));
		ck_ok(follows_put(db, &follow, &why)); /* nothing new */
		ck_ok(replies_news(db, 8, news, &count, &why));
		ck_assert_uint_eq(count, on ? 3 : 0);
	}
	ck_assert_int_eq(news[0].kind, REPLY_NEWS_JOINED);
	ck_assert_int_ne(news[0].message_id, 0);
	ck_assert_int_eq(news[1].kind, REPLY_NEWS_NUMBER);
	ck_assert_int_eq(news[2].kind, REPLY_NEWS_STATUS);
	ck_assert_int_eq(news[2].status, 3);
	ck_ok(replies_news_done(db, news[0].id, &why));
	ck_ok(replies_news(db, 8, news, &count, &why));
	ck_assert_uint_eq(count, 2);
	commit();
}
END_TEST

/* _i: who sets it first. The same number again is no news, another one is refused. */
START_TEST(a_number_is_news_once_whoever_sets_it)
{
	begin();
	ck_ok(replies_set_on(db, true, &why));
	int64_t t = add_ticket(add_message("1", "a"), "JB-AAAAA1", TICKET_QUEUED);
	for (int i = 0; i < 4; i++)
		if ((i + _i) % 2 == 0)
			ck_ok(tickets_set_pushed(db, t, "7000001", NULL, &why));
		else
			ck_ok(tickets_set_tracking(db, t, "7000001", &why));
	ck_assert_int_eq(tickets_set_pushed(db, t, "7000002", NULL, &why), JEMBATAN_DATA);
	ck_assert_int_eq(tickets_set_tracking(db, t, "7000002", &why), JEMBATAN_DATA);
	ck_assert_int_eq(tickets_set_pushed(db, t + 1, "7000002", NULL, &why), JEMBATAN_GONE);
	ck_assert_int_eq(tickets_set_tracking(db, t + 1, "7000002", &why), JEMBATAN_GONE);
	commit();
	ck_assert_int_eq(number("SELECT count(*) FROM reply_news"), 1);
	ck_assert_int_eq(number("SELECT count(*) FROM reply_news n JOIN ticket k ON k.id = n.ticket_id"
				" WHERE n.kind = 1 AND n.at_ms = k.created_ms AND k.state = 2"), 1);
}
END_TEST

START_TEST(a_reporter_is_told_once_for_each_ticket_that_he_is_in)
{
	begin();
	ck_ok(replies_set_on(db, true, &why));
	int64_t m = add_message("1", "a");
	int64_t one = add_ticket(m, "JB-AAAAA1", TICKET_QUEUED);
	int64_t two = add_ticket(m, "JB-AAAAA2", TICKET_QUEUED);
	ck_ok(inbox_leave(db, m, INBOX_TICKET, one, NULL, &why));
	ck_ok(inbox_leave(db, m, INBOX_TICKET, one, "again", &why));
	ck_assert_int_eq(number("SELECT count(*) FROM reply_news"), 1);
	ck_ok(inbox_leave(db, m, INBOX_REPOST, two, NULL, &why));
	ck_ok(inbox_leave(db, m, INBOX_STORED, one, NULL, &why));
	ck_assert_int_eq(number("SELECT count(*) FROM reply_news"), 2);
	ck_assert_int_eq(number("SELECT count(*) FROM reply_news WHERE kind = 0 AND at_ms ="
				" (SELECT received_ms FROM message)"), 2);
	ck_assert_int_eq(number("SELECT max(ticket_id) FROM reply_news"), two);
	ck_ok(inbox_leave(db, add_message("2", "a"), INBOX_STORED, two, NULL, &why));
	ck_ok(inbox_leave(db, add_message("3", "a"), INBOX_TICKET, 0, NULL, &why));
	ck_assert_int_eq(number("SELECT count(*) FROM reply_news"), 2);
	commit();
}
END_TEST

/* Whether they are on is known without reading it each time. */
START_TEST(replies_that_were_set_on_in_vain_are_off)
{
	begin();
	ck_ok(replies_set_on(db, true, &why));
	ck_ok(replies_set_on(db, true, &why));
	int64_t m = add_message("1", "a");
	ck_ok(inbox_leave(db, m, INBOX_TICKET, add_ticket(m, "JB-AAAAA1", TICKET_QUEUED), NULL,
			  &why));
	ck_assert_int_eq(number("SELECT count(*) FROM reply_news"), 1);
	db_abort(db);
	begin();
	m = add_message("1", "a");
	ck_ok(inbox_leave(db, m, INBOX_TICKET, add_ticket(m, "JB-AAAAA1", TICKET_QUEUED), NULL,
			  &why));
	commit();
	ck_assert_int_eq(number("SELECT count(*) FROM reply_news"), 0);
}
END_TEST

/* Of a store with the triggers, too: one row each, not two. */
START_TEST(an_older_store_tells_once)
{
	struct migrate_steps older = { migrate_all.steps, migrate_all.count };
	while (migrate_all.steps[older.count - 1] != schema_reply_told)
		older.count--;
	older.count--;
	db_close(db);
	db = NULL;
	nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	ck_assert_int_eq(mkdir(folder, 0700), 0);
	ck_ok(db_open_steps(folder, NULL, &older, &db, &why));
	ck_assert_int_eq(number("SELECT count(*) FROM sqlite_schema WHERE name IN"
				" ('reply_number', 'reply_joined')"), 2);
	db_close(db);
	ck_ok(db_open_steps(folder, NULL, &migrate_all, &db, &why));
	add_instance();
	begin();
	ck_ok(replies_set_on(db, true, &why));
	int64_t m = add_message("1", "a"), t = add_ticket(m, "JB-AAAAA1", TICKET_QUEUED);
	ck_ok(inbox_leave(db, m, INBOX_TICKET, t, NULL, &why));
	ck_ok(tickets_set_pushed(db, t, "7000001", NULL, &why));
	commit();
	ck_assert_int_eq(number("SELECT count(*) FROM reply_news"), 2);
}
END_TEST

START_TEST(who_says_it_again_is_a_reporter_too)
{
	struct reply_news news[8];
	int64_t ids[8];
	size_t count = 0;
	begin();
	ck_ok(replies_set_on(db, true, &why));
	int64_t first = add_message("1", "a"), again = add_message("2", "a");
	int64_t t = add_ticket(first, "JB-AAAAA1", TICKET_QUEUED);
	ck_ok(inbox_leave(db, first, INBOX_TICKET, t, NULL, &why));
	ck_ok(inbox_leave(db, again, INBOX_REPOST, t, NULL, &why));
	ck_ok(replies_news(db, 8, news, &count, &why));
	ck_assert_uint_eq(count, 2);
	ck_assert_int_eq(news[1].kind, REPLY_NEWS_JOINED);
	ck_assert_int_eq(news[1].message_id, again);
	ck_ok(replies_reporters(db, t, 0, 8, ids, &count, &why));
	ck_assert_uint_eq(count, 2);
	commit();
}
END_TEST

START_TEST(one_is_under_way_for_a_ticket_and_address)
{
	begin();
	int64_t m = add_message("1", "a"), t = add_ticket(m, "JB-AAAAA1", TICKET_QUEUED);
	int64_t first = add_reply(t, m, "a@b.id", REPLY_NUMBER);
	int64_t second = add_reply(t, m, "a@b.id", REPLY_STATUS);
	int64_t other = add_reply(t, m, "c@d.id", REPLY_NUMBER);
	ck_assert_uint_eq(due(999), 0);
	ck_assert_uint_eq(due(1000), 2);
	ck_assert(get(second).waiting);
	ck_assert(!get(other).waiting);
	set(first, REPLY_SENDING);
	ck_assert_uint_eq(due(1000), 1);
	set(first, REPLY_UNKNOWN); /* still open: the second may not overtake it */
	ck_assert(get(second).waiting);
	set(first, REPLY_SENT);
	ck_assert(!get(second).waiting);
	commit();
}
END_TEST

START_TEST(a_newer_state_replaces_one_that_was_never_tried)
{
	int64_t count = 0;
	struct digest key;
	begin();
	key = address("a@b.id");
	int64_t m = add_message("1", "a"), t = add_ticket(m, "JB-AAAAA1", TICKET_QUEUED);
	int64_t number = add_reply(t, m, "a@b.id", REPLY_NUMBER);
	int64_t old = add_reply(t, m, "a@b.id", REPLY_STATUS);
	ck_ok(replies_overtake(db, t, &key, REPLY_STATUS, "newer", &count, &why));
	ck_assert_int_eq(count, 1);
	int64_t new = add_reply(t, m, "a@b.id", REPLY_STATUS);
	ck_assert_int_eq(get(old).state, REPLY_DROPPED);
	ck_assert_int_eq(get(number).state, REPLY_QUEUED);
	set(number, REPLY_SENT);
	set(new, REPLY_SENDING);
	ck_ok(replies_overtake(db, t, &key, REPLY_STATUS, "newer", &count, &why));
	ck_assert_int_eq(count, 0); /* it may have left */
	set(new, REPLY_SENT);
	/* A chain whose head is dropped goes on. */
	int64_t head = add_reply(t, m, "a@b.id", REPLY_STATUS);
	int64_t next = add_reply(t, m, "a@b.id", REPLY_QUESTION);
	ck_ok(replies_overtake(db, t, &key, REPLY_STATUS, "newer", &count, &why));
	ck_assert_int_eq(get(head).state, REPLY_DROPPED);
	ck_assert(!get(next).waiting);
	commit();
}
END_TEST

static const struct {
	enum reply_event first, second;
	bool overtaken;
} overtakers[] = {
	{ REPLY_RECEIVED, REPLY_NUMBER, true },   { REPLY_RECEIVED, REPLY_QUESTION, true },
	{ REPLY_QUESTION, REPLY_NUMBER, true },   { REPLY_STATUS, REPLY_STATUS, true },
	{ REPLY_NUMBER, REPLY_STATUS, false },    { REPLY_NUMBER, REPLY_NUMBER, false },
	{ REPLY_RECEIVED, REPLY_STATUS, false },  { REPLY_STATUS, REPLY_NUMBER, false },
	{ REPLY_NUMBER, REPLY_QUESTION, false },
};

START_TEST(what_replaces_one_that_waits_is_known)
{
	bool is_overtaken = true;
	struct reply_row row;
	begin();
	int64_t m = add_message("1", "a"), t = add_ticket(m, "JB-AAAAA1", TICKET_QUEUED);
	int64_t first = add_reply(t, m, "a@b.id", overtakers[_i].first);
	(void)add_reply(t, m, "c@d.id", overtakers[_i].second); /* another person's */
	row = get(first);
	ck_ok(replies_is_overtaken(db, &row, &is_overtaken, &why));
	ck_assert(!is_overtaken);
	int64_t second = add_reply(t, m, "a@b.id", overtakers[_i].second);
	ck_ok(replies_is_overtaken(db, &row, &is_overtaken, &why));
	ck_assert_int_eq(is_overtaken, overtakers[_i].overtaken);
	set(second, REPLY_DROPPED);
	ck_ok(replies_is_overtaken(db, &row, &is_overtaken, &why));
	ck_assert(!is_overtaken);
	commit();
}
END_TEST

/* Held, dropped or failed while it waited: it must not wait for ever, nor
 * overtake what is under way. */
START_TEST(what_a_person_lets_go_waits_its_turn_and_then_leaves)
{
	static const enum reply_state ends[] = { REPLY_HELD, REPLY_DROPPED, REPLY_FAILED };
	begin();
	int64_t m = add_message("1", "a"), t = add_ticket(m, "JB-AAAAA1", TICKET_QUEUED);
	int64_t number = add_reply(t, m, "a@b.id", REPLY_NUMBER);
	int64_t second = add_reply(t, m, "a@b.id", REPLY_STATUS);
	set(second, ends[_i]);
	set(number, REPLY_SENDING);
	ck_ok(replies_reopen(db, second, 1000, &why));
	ck_assert_int_eq(get(second).state, REPLY_QUEUED);
	ck_assert_uint_eq(due(1000), 0); /* the number is under way */
	set(number, REPLY_SENT);
	ck_assert_uint_eq(due(1000), 1);
	set(second, ends[_i]);
	ck_ok(replies_reopen(db, second, 1000, &why));
	ck_assert_uint_eq(due(1000), 1); /* nothing is before it */
	ck_ok(replies_reopen(db, second, 5000, &why));
	ck_assert_int_eq(get(second).due_ms, 1000); /* it is open: nothing happens */
	commit();
}
END_TEST

START_TEST(a_failed_one_that_goes_again_is_as_new)
{
	begin();
	int64_t m = add_message("1", "a"), t = add_ticket(m, "JB-AAAAA1", TICKET_QUEUED);
	int64_t id = add_reply(t, m, "a@b.id", REPLY_NUMBER);
	struct reply_row row = get(id);
	row.state = REPLY_FAILED;
	row.attempts = 20;
	row.settles = 4;
	row.sent_ms = row.started_ms = 2000;
	row.missed = true;
	row.why = "bounced";
	ck_ok(replies_update(db, &row, NULL, &why));
	ck_ok(replies_reopen(db, id, 3000, &why));
	row = get(id);
	ck_assert_uint_eq(row.attempts + row.settles, 0);
	ck_assert_int_eq(row.sent_ms, 0);
	ck_assert_int_eq(row.started_ms, 2000); /* it may still have left */
	ck_assert(!row.missed);
	ck_assert_ptr_null(row.why);
	commit();
}
END_TEST

START_TEST(the_state_that_somebody_was_told_last_is_known)
{
	int status = 0;
	bool asked = true;
	struct digest key;
	begin();
	key = address("a@b.id");
	int64_t m = add_message("1", "a"), t = add_ticket(m, "JB-AAAAA1", TICKET_QUEUED);
	ck_ok(replies_last_status(db, t, &key, &status, &why));
	ck_assert_int_eq(status, -1);
	for (int i = 1; i <= 3; i++) {
		struct reply_row row = { .ticket_id = t, .message_id = m, .instance_id = instance,
					 .event = REPLY_STATUS, .status = i, .to_kind = "mail",
					 .address_key = key, .due_ms = 1000 };
		int64_t id;
		ck_ok(replies_add(db, &row, "JB-AAAAA1", 900, &id, &why));
		ck_ok(replies_last_status(db, t, &key, &status, &why));
		ck_assert_int_eq(status, i);
	}
	key = address("c@d.id");
	ck_ok(replies_last_status(db, t, &key, &status, &why));
	ck_assert_int_eq(status, -1);
	ck_ok(replies_was_asked(db, t, &asked, &why));
	ck_assert(!asked);
	for (int i = 0; i < 20; i++)
		(void)add_reply(t, m, "a@b.id", REPLY_STATUS);
	(void)add_reply(t, m, "a@b.id", REPLY_QUESTION);
	ck_ok(replies_was_asked(db, t, &asked, &why));
	ck_assert(asked);
	commit();
}
END_TEST

START_TEST(who_is_erased_holds_nobody_up_and_is_on_no_list)
{
	struct erase_counts counts = { 0 };
	struct buf keys;
	buf_init(&keys, 1 << 16);
	begin();
	int64_t first = add_message("1", "a"), second = add_message("2", "a");
	int64_t t = add_ticket(first, "JB-AAAAA1", TICKET_QUEUED);
	int64_t ahead = add_reply(t, first, "a@b.id", REPLY_NUMBER);
	int64_t behind = add_reply(t, second, "a@b.id", REPLY_STATUS);
	int64_t lost = add_reply(t, first, "c@d.id", REPLY_NUMBER);
	struct reply_row row = get(lost);
	row.state = REPLY_FAILED;
	row.missed = true;
	ck_ok(replies_update(db, &row, NULL, &why));
	ck_assert(get(behind).waiting);
	const struct erase_item item = { AUDIT_MESSAGE, first };
	ck_ok(erase_item(db, &item, "erased", &counts, &keys, &why));
	ck_assert_int_eq(get(ahead).state, REPLY_DROPPED);
	ck_assert(!get(behind).waiting);
	ck_assert_uint_eq(due(1000), 1);
	ck_assert(!get(lost).missed);
	commit();
	buf_done(&keys);
}
END_TEST

START_TEST(who_was_told_and_how_often_is_known)
{
	bool told = true;
	int64_t count = 0, oldest = 0;
	begin();
	struct digest key = address("a@b.id");
	int64_t m = add_message("1", "a"), t = add_ticket(m, "JB-AAAAA1", TICKET_QUEUED);
	ck_ok(replies_was_told(db, t, &key, -1, &told, &why));
	ck_assert(!told);
	int64_t id = add_reply(t, m, "a@b.id", REPLY_RECEIVED);
	ck_ok(replies_was_told(db, t, &key, -1, &told, &why));
	ck_assert(told);
	ck_ok(replies_was_told(db, t, &key, REPLY_NUMBER, &told, &why));
	ck_assert(!told);
	ck_ok(replies_sent_since(db, &key, 100, &count, &oldest, &why));
	ck_assert_int_eq(count, 0);
	set(id, REPLY_SENDING);
	ck_ok(replies_sent_since(db, &key, 100, &count, &oldest, &why));
	ck_assert_int_eq(count, 1);
	ck_assert_int_eq(oldest, 2000);
	commit();
}
END_TEST

START_TEST(a_receipt_finds_its_reply_by_our_reference_or_their_id)
{
	begin();
	ck_ok(replies_set_on(db, true, &why));
	int64_t m = add_message("1", "a"), t = add_ticket(m, "JB-AAAAA1", TICKET_QUEUED);
	int64_t id = add_reply(t, m, "a@b.id", REPLY_NUMBER);
	set(id, REPLY_SENDING);
	struct reply_row row = get(id);
	struct digest key = replies_remote_key(db, instance, "wamid.1");
	struct reply_receipt receipt = { .instance_id = instance, .remote_key = &key,
					 .state = JEMBATAN_RECEIPT_DELIVERED };
	ck_result(reply_take_receipt(db, &receipt, 5000, &why), JEMBATAN_GONE);
	/* Before the answer to the call: by our reference; it teaches their id. */
	receipt.reference = row.reference;
	ck_ok(reply_take_receipt(db, &receipt, 5000, &why));
	ck_assert_int_eq(get(id).state, REPLY_DELIVERED);
	receipt.reference = NULL;
	receipt.state = JEMBATAN_RECEIPT_READ;
	ck_ok(reply_take_receipt(db, &receipt, 5000, &why));
	ck_assert_int_eq(get(id).state, REPLY_READ);
	/* Another channel does not speak for this one. */
	receipt.instance_id = instance + 1;
	ck_result(reply_take_receipt(db, &receipt, 5000, &why), JEMBATAN_GONE);
	/* One that failed is news: another way is looked for. */
	int64_t failed = add_reply(t, m, "e@f.id", REPLY_NUMBER);
	set(failed, REPLY_SENDING);
	row = get(failed);
	receipt = (struct reply_receipt){ .instance_id = instance, .reference = row.reference,
					  .state = JEMBATAN_RECEIPT_FAILED,
					  .reason = "131026 cannot reach +62 812-0000-0017" };
	ck_ok(reply_take_receipt(db, &receipt, 5000, &why));
	ck_assert_ptr_nonnull(strstr(get(failed).why, "131026 cannot reach"));
	ck_assert_ptr_null(strstr(get(failed).why, "0017"));
	ck_ok(reply_take_receipt(db, &receipt, 5000, &why));
	ck_assert_int_eq(number("SELECT count(*) FROM reply_news WHERE kind = 5"), 1);
	commit();
}
END_TEST

static const struct { const char *reason, *code; bool is_it; } reasons[] = {
	{ "131047 Re-engagement message: more than 24 hours", "131047", true },
	{ "131047", "131047", true },
	{ "1310470 Another", "131047", false },
	{ "131026 not 131047: 131047", "131047", false },
	{ NULL, "131047", false },
	{ "131047 Re-engagement message", NULL, false },
};

START_TEST(the_code_of_a_failure_is_known_again)
{
	begin();
	int64_t m = add_message("1", "a"), t = add_ticket(m, "JB-AAAAA1", TICKET_QUEUED);
	int64_t id = add_reply(t, m, "a@b.id", REPLY_NUMBER);
	set(id, REPLY_SENDING);
	struct reply_row row = get(id);
	struct reply_receipt receipt = { .instance_id = instance, .reference = row.reference,
					 .state = JEMBATAN_RECEIPT_FAILED,
					 .reason = reasons[_i].reason };
	ck_ok(reply_take_receipt(db, &receipt, 5000, &why));
	ck_assert_int_eq(reply_failed_by(get(id).why, reasons[_i].code), reasons[_i].is_it);
	ck_assert(!reply_failed_by(NULL, reasons[_i].code));
	commit();
}
END_TEST

START_TEST(counts_follow_and_nothing_of_a_person_stands_in_clear)
{
	struct replies_counts counts;
	begin();
	int64_t m = add_message("1", "a"), t = add_ticket(m, "JB-AAAAA1", TICKET_QUEUED);
	set(add_reply(t, m, "warga@example.go.id", REPLY_NUMBER), REPLY_SENT);
	struct reply_row row = get(add_reply(t, m, "warga@example.go.id", REPLY_STATUS));
	row.state = REPLY_FAILED;
	row.missed = true;
	ck_ok(replies_update(db, &row, NULL, &why));
	ck_ok(replies_count(db, &counts, &why));
	ck_assert_int_eq(counts.by_state[REPLY_SENT], 1);
	ck_assert_int_eq(counts.by_state[REPLY_FAILED], 1);
	ck_assert_int_eq(counts.by_state[REPLY_QUEUED], 0);
	ck_assert_int_eq(counts.missed, 1);
	commit();
	ck_assert_int_eq(number("SELECT count(*) FROM reply WHERE quote(address_key) LIKE '%7761726761%'"
				" OR to_kind LIKE '%@%' OR reference LIKE '%@%'"), 0);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("store_replies");
	tcase_add_checked_fixture(t, setup_store, teardown);
	tcase_add_test(t, what_happens_is_news_while_replies_are_on);
	tcase_add_loop_test(t, a_number_is_news_once_whoever_sets_it, 0, 2);
	tcase_add_test(t, a_reporter_is_told_once_for_each_ticket_that_he_is_in);
	tcase_add_test(t, replies_that_were_set_on_in_vain_are_off);
	tcase_add_test(t, an_older_store_tells_once);
	tcase_add_test(t, who_says_it_again_is_a_reporter_too);
	tcase_add_test(t, one_is_under_way_for_a_ticket_and_address);
	tcase_add_test(t, a_newer_state_replaces_one_that_was_never_tried);
	tcase_add_loop_test(t, what_replaces_one_that_waits_is_known, 0, COUNT_OF(overtakers));
	tcase_add_loop_test(t, what_a_person_lets_go_waits_its_turn_and_then_leaves, 0, 3);
	tcase_add_test(t, a_failed_one_that_goes_again_is_as_new);
	tcase_add_test(t, the_state_that_somebody_was_told_last_is_known);
	tcase_add_test(t, who_is_erased_holds_nobody_up_and_is_on_no_list);
	tcase_add_test(t, who_was_told_and_how_often_is_known);
	tcase_add_test(t, a_receipt_finds_its_reply_by_our_reference_or_their_id);
	tcase_add_loop_test(t, the_code_of_a_failure_is_known_again, 0, COUNT_OF(reasons));
	tcase_add_test(t, counts_follow_and_nothing_of_a_person_stands_in_clear);
	return unit_run("store_replies", t);
}
