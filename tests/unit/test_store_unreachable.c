/* test_store_unreachable.c: how long somebody is not tried where he cannot be
 * reached, what lifts it, and what an erasure leaves of it. */
#include "store_unit.h"

#include "store/erase.h"
#include "store/replies.h"
#include "store/unreachable.h"

#define AT 100000
#define UNTIL 900000

static struct digest address_of(const char *who)
{
	return replies_address_key(db, "id", who);
}

static void mark(const char *who, int64_t at_ms, int64_t until_ms)
{
	begin();
	ck_ok(unreachable_put(db, &(struct unreachable_mark){
		.instance_id = instance, .address_key = address_of(who), .thread_key = key_of(who),
		.at_ms = at_ms, .until_ms = until_ms }, &why));
	commit();
}

static bool is_marked(const char *who, int64_t now_ms)
{
	struct digest key = address_of(who);
	bool is = true;

	ck_ok(unreachable_is(db, instance, &key, now_ms, &is, &why));
	return is;
}

/* Returns the message's id. */
static int64_t write_in(const char *id, const char *thread, int64_t arrived_ms)
{
	struct inbox_item item = item_of(id, "1");
	struct msg_message m = *item.message;

	m.message.arrived_ms = arrived_ms;
	item.message = &m;
	item.thread_key = key_of(thread);
	begin();
	ck_ok(inbox_add(db, instance, &item, 1, NULL, AT + 1, &why));
	commit();
	return item.id;
}

START_TEST(a_mark_lasts_its_time_and_over_a_restart)
{
	int64_t count = 0;

	ck_assert(!is_marked("6281", AT));
	mark("6281", AT, UNTIL);
	reopen();
	ck_assert(is_marked("6281", UNTIL - 1));
	ck_assert(!is_marked("6281", UNTIL));
	ck_assert(!is_marked("6282", AT));
	ck_ok(unreachable_count(db, instance, AT, &count, &why));
	ck_assert_int_eq(count, 1);
	ck_ok(unreachable_count(db, instance, UNTIL, &count, &why));
	ck_assert_int_eq(count, 0);
	mark("6283", UNTIL, 2 * UNTIL);
	ck_assert_int_eq(number("SELECT count(*) FROM unreachable"), 1); /* the other was swept */
}
END_TEST

static const struct {
	const char *thread;
	int64_t arrived_ms;
	bool lifts;
} arrivals[] = {
	{ "6281", AT + 1, true },
	{ "6281", AT, true },
	{ "6281", AT - 1, false }, /* it came late: he wrote before */
	{ "6281", 0, true },       /* its channel says no time: it came now */
	{ "6282", AT + 1, false },
};

START_TEST(who_writes_again_can_be_reached)
{
	mark("6281", AT, UNTIL);
	write_in("1", arrivals[_i].thread, arrivals[_i].arrived_ms);
	ck_assert(is_marked("6281", AT) != arrivals[_i].lifts);
}
END_TEST

START_TEST(a_redelivery_is_no_new_word)
{
	write_in("1", "6281", AT + 5);
	mark("6281", AT, UNTIL);
	write_in("1", "6281", AT + 5);
	ck_assert(is_marked("6281", AT));
}
END_TEST

START_TEST(a_person_lifts_it)
{
	struct digest key = address_of("6281");

	mark("6281", AT, UNTIL);
	begin();
	ck_ok(unreachable_lift(db, instance, &key, &why));
	commit();
	ck_assert(!is_marked("6281", AT));
}
END_TEST

START_TEST(it_is_destroyed_with_the_message_whose_reply_it_came_of)
{
	int64_t message = write_in("1", "6281", 1000), reply = 0;
	const struct erase_item item = { AUDIT_MESSAGE, message };
	struct erase_counts counts = { 0 };
	const struct reply_row row = { .message_id = message, .instance_id = instance,
				       .event = REPLY_NUMBER, .to_kind = "id",
				       .address_key = address_of("6281") };

	begin();
	ck_ok(replies_add(db, &row, "JB-AAAAA1", AT, &reply, &why));
	commit();
	mark("6281", AT, UNTIL);
	mark("6282", AT, UNTIL);
	begin();
	ck_ok(erase_item(db, &item, "erased", &counts, NULL, &why));
	commit();
	ck_assert(!is_marked("6281", AT));
	ck_assert(is_marked("6282", AT));
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("store unreachable");
	tcase_add_checked_fixture(t, setup_store, teardown);
	tcase_add_test(t, a_mark_lasts_its_time_and_over_a_restart);
	tcase_add_loop_test(t, who_writes_again_can_be_reached, 0, (int)COUNT_OF(arrivals));
	tcase_add_test(t, a_redelivery_is_no_new_word);
	tcase_add_test(t, a_person_lifts_it);
	tcase_add_test(t, it_is_destroyed_with_the_message_whose_reply_it_came_of);
	return unit_run("store_unreachable", t);
}
