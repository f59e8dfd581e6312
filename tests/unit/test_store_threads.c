/* test_store_threads.c: two names of one thread: what stands where, whatever
 * order they come in, over a restart, and what an erasure leaves of it. */
#include "store_unit.h"

#include "store/erase.h"
#include "store/threads.h"

/* thread and alias: words for their keys; NULL: none. */
static int64_t say(const char *id, const char *thread, const char *alias, int64_t at_ms)
{
	struct inbox_item item = item_of(id, "1");
	struct msg_message m = *item.message;

	m.message.arrived_ms = at_ms;
	item.message = &m;
	item.thread_key = key_of(thread);
	if (alias != NULL)
		item.thread_alias = key_of(alias);
	begin();
	ck_ok(inbox_add(db, instance, &item, 1, NULL, 5000, &why));
	commit();
	return item.id;
}

static struct inbox_row row_of(int64_t id)
{
	struct inbox_row row;

	ck_ok(inbox_get(db, id, arena, &row, &why));
	return row;
}

static bool is_one(int64_t a, int64_t b)
{
	struct inbox_row x = row_of(a), y = row_of(b);

	return inbox_is_same_thread(&x, &y);
}

static void give_ticket(int64_t id, const char *reference)
{
	begin();
	ck_ok(inbox_leave(db, id, INBOX_TICKET, add_ticket(id, reference, TICKET_QUEUED), "x", &why));
	commit();
}

static const char *const orders[][3] = {
	{ "phone", "both", "id" }, { "phone", "id", "both" }, { "both", "phone", "id" },
	{ "both", "id", "phone" }, { "id", "both", "phone" }, { "id", "phone", "both" },
};

START_TEST(in_whatever_order_they_come_they_are_one_thread)
{
	int64_t ids[3];

	for (size_t i = 0; i < 3; i++) {
		bool is_both = str_equal(orders[_i][i], "both");

		ids[i] = say(orders[_i][i], str_equal(orders[_i][i], "phone") ? "6281" : "ID.1",
			     is_both ? "6281" : NULL, 1000 + (int64_t)i);
		/* What waits and what is decided both move. */
		if (i == 0)
			give_ticket(ids[i], "JB-AAAAA1");
		reopen();
	}
	ck_assert(is_one(ids[0], ids[1]) && is_one(ids[1], ids[2]));
}
END_TEST

START_TEST(without_a_word_that_says_so_they_are_two)
{
	ck_assert(!is_one(say("1", "6281", NULL, 1), say("2", "ID.1", NULL, 2)));
	ck_assert(!is_one(say("3", "ID.2", "6282", 3), say("4", "6281", NULL, 4)));
}
END_TEST

START_TEST(a_number_with_another_owner_goes_with_him_from_then_on)
{
	int64_t before = say("1", "ID.1", "6281", 1000);
	int64_t after = say("2", "ID.2", "6281", 2000);

	say("3", "ID.1", "6281", 1500); /* came late */
	int64_t alone = say("4", "6281", NULL, 3000);

	ck_assert(!is_one(before, after));
	ck_assert(is_one(after, alone));
	ck_assert(!is_one(before, alone));
}
END_TEST

START_TEST(what_another_instance_says_joins_nothing_here)
{
	struct instance_row other;
	int64_t here = instance;

	begin();
	ck_ok(instances_get(db, "app", 0, 1000, arena, &other, &why));
	commit();
	instance = other.id;
	say("1", "ID.1", "6281", 1000);
	instance = here;
	ck_assert(!is_one(say("2", "6281", NULL, 1), say("3", "ID.1", NULL, 2)));
}
END_TEST

START_TEST(a_redelivery_joins_nothing_again)
{
	say("1", "ID.1", "6281", 1000);
	say("2", "ID.2", "6281", 2000);
	int64_t again = say("1", "ID.1", "6281", 9000);

	ck_assert_int_eq(again, 1);
	ck_assert(is_one(say("3", "6281", NULL, 3), 2));
}
END_TEST

START_TEST(what_a_thread_was_also_called_goes_with_it)
{
	int64_t first = say("1", "ID.1", NULL, 1000), later = say("2", "ID.2", "6282", 2000);

	say("3", "ID.1", "ID.2", 3000); /* his id has changed */
	ck_assert(is_one(first, later));
	ck_assert(is_one(first, say("4", "ID.2", NULL, 4000)));
	ck_assert(is_one(first, say("5", "6282", NULL, 5000)));
	ck_assert_int_eq(number("SELECT count(DISTINCT thread_key) FROM thread_alias"), 1);
}
END_TEST

static int64_t newest(int64_t of)
{
	struct inbox_row row = row_of(of);
	int64_t id = -1;

	ck_ok(threads_newest(db, row.instance_id, &row.thread_key, &id, &why));
	return id;
}

static void erase(int64_t id);

/* The one by whose author he is reached today. */
START_TEST(who_said_it_last_is_known)
{
	int64_t first = say("1", "ID.1", NULL, 1000);

	ck_assert_int_eq(newest(first), 0);
	give_ticket(first, "JB-AAAAA1");
	int64_t with_number = say("2", "ID.1", "6281", 2000);
	ck_assert_int_eq(newest(first), with_number);
	int64_t changed = say("3", "ID.1", "ID.2", 3000), late = say("4", "ID.1", "ID.0", 2500);
	ck_assert_int_eq(newest(first), changed);
	reopen();
	int64_t again = say("5", "ID.2", "ID.3", 4000); /* and once more */
	ck_assert_int_eq(newest(first), again);
	erase(again);
	ck_assert_int_eq(newest(first), changed);
	/* A receipt joins names, and has no author. */
	struct digest thread = key_of("ID.1"), alias = key_of("6289");
	begin();
	ck_ok(threads_join(db, instance, &alias, &thread, 9000, 0, &why));
	commit();
	ck_assert_int_eq(newest(first), changed);
	ck_assert_int_ne(late, changed);
}
END_TEST

static void erase(int64_t id)
{
	const struct erase_item item = { AUDIT_MESSAGE, id };
	struct erase_counts counts = { 0 };

	begin();
	ck_ok(erase_item(db, &item, "a person asked for it", &counts, NULL, &why));
	commit();
	ck_assert_int_eq(counts.messages, 1);
}

START_TEST(with_the_last_message_of_a_thread_its_other_name_is_destroyed)
{
	int64_t first = say("1", "6281", NULL, 1000), second = say("2", "ID.1", "6281", 2000);
	int64_t other = say("3", "ID.2", "6282", 2000);

	give_ticket(first, "JB-AAAAA1");
	erase(second);
	ck_assert_int_eq(number("SELECT count(*) FROM thread_alias"), 2); /* the first one is there */
	erase(first);
	ck_assert_int_eq(number("SELECT count(*) FROM thread_alias"), 1);
	ck_assert(!is_one(say("4", "6281", NULL, 3), say("5", "ID.1", NULL, 4)));
	ck_assert(is_one(say("6", "6282", NULL, 5), other));
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("store threads");
	tcase_add_checked_fixture(t, setup_store, teardown);
	tcase_add_loop_test(t, in_whatever_order_they_come_they_are_one_thread, 0,
			    (int)COUNT_OF(orders));
	tcase_add_test(t, without_a_word_that_says_so_they_are_two);
	tcase_add_test(t, a_number_with_another_owner_goes_with_him_from_then_on);
	tcase_add_test(t, what_another_instance_says_joins_nothing_here);
	tcase_add_test(t, what_a_thread_was_also_called_goes_with_it);
	tcase_add_test(t, who_said_it_last_is_known);
	tcase_add_test(t, a_redelivery_joins_nothing_again);
	tcase_add_test(t, with_the_last_message_of_a_thread_its_other_name_is_destroyed);
	return unit_run("store_threads", t);
}
