/* test_store_follows.c: what the centre says of tickets, stored: each entry
 * once, words sealed and gone with their person, differences with a memory. */
#include "store_unit.h"

#include "store/differences.h"
#include "store/erase.h"
#include "store/follow_words.h"
#include "store/follows.h"
#include "store/names.h"
#include "ticket/ticket.h"

static bool is_older; /* the store knows of no following yet */

static int64_t new_ticket(const char *reference, const char *tracking)
{
	struct inbox_item item = item_of(reference, "1");
	int64_t id = 0;
	begin();
	ck_ok(inbox_add(db, instance, &item, 1, NULL, 1000, &why));
	struct ticket_row row = { .reference = reference, .instance_id = instance,
				  .message_id = item.id, .created_ms = 1000, .state = TICKET_QUEUED,
				  .body = "{\"title\":\"x\"}" };
	ck_ok(tickets_add(db, &row, &id, &why));
	if (tracking && !is_older)
		ck_ok(tickets_set_pushed(db, id, tracking, NULL, &why));
	if (tracking && is_older) {
		ck_ok(tickets_set_tracking(db, id, tracking, &why));
		ck_ok(tickets_set_state(db, id, TICKET_PUSHED, NULL, &why));
	}
	commit();
	return id;
}

static struct follow_row get(int64_t ticket)
{
	struct follow_row row;
	ck_ok(follows_get(db, ticket, arena, &row, &why));
	return row;
}

static void put(struct follow_row row)
{
	begin();
	ck_ok(follows_put(db, &row, &why));
	commit();
}

START_TEST(a_ticket_is_followed_from_its_push_on)
{
	struct follow_row row;
	struct follow_counts counts;
	int64_t due = 7;
	new_ticket("JB-AAAAA1", NULL);
	ck_ok(follows_next_due(db, &due, &why));
	ck_assert_int_eq(due, -1);
	int64_t id = new_ticket("JB-AAAAA2", "7000001");
	ck_ok(follows_next_due(db, &due, &why));
	ck_assert_int_eq(due, 0);
	row = get(id);
	ck_assert_str_eq(row.tracking_id, "7000001");
	ck_assert_str_eq(row.instance, "mail");
	ck_assert_int_eq(row.changed_ms, 0);
	ck_ok(follows_count(db, &counts, &why));
	ck_assert_int_eq(counts.total, 1);
	ck_assert_int_eq(counts.asked, 1);
	ck_result(follows_get(db, 1, arena, &row, &why), JEMBATAN_GONE);
}
END_TEST

START_TEST(words_and_times_come_back_as_they_went)
{
	int64_t id = new_ticket("JB-AAAAA1", "7000001");
	struct follow_row row = get(id);
	struct follow_counts counts;
	row.state = 4;
	row.name = "Dalam Proses";
	row.code = "3";
	row.institution_id = "200203";
	row.institution = "Dinas Contoh";
	row.changed_ms = 5000;
	row.due_ms = 9000;
	put(row);
	reopen();
	row = get(id);
	ck_assert_str_eq(row.name, "Dalam Proses");
	ck_assert_str_eq(row.code, "3");
	ck_assert_str_eq(row.institution, "Dinas Contoh");
	ck_assert_int_eq(row.due_ms, 9000);
	row.due_ms = -1;
	row.name = NULL; /* leaves the words as they are */
	put(row);
	ck_assert_str_eq(get(id).name, "Dalam Proses");
	ck_assert_int_eq(get(id).due_ms, -1);
	ck_ok(follows_count(db, &counts, &why));
	ck_assert_int_eq(counts.by_state[4], 1);
	ck_assert_int_eq(counts.by_state[0], 0);
	ck_assert_int_eq(counts.asked, 0);
}
END_TEST

START_TEST(an_entry_is_kept_once)
{
	int64_t id = new_ticket("JB-AAAAA1", "7000001");
	struct follow_entry e = { .at_ms = 2000, .seen_ms = 3000, .kind = FOLLOW_REPLY, .key = "id 1",
				  .text = "Kami perbaiki", .from = "Dinas" };
	struct follow_entry list[4];
	size_t count;
	bool is_new;
	begin();
	ck_ok(follows_add_entry(db, id, &e, &is_new, &why));
	ck_assert(is_new);
	ck_ok(follows_add_entry(db, id, &e, &is_new, &why));
	ck_assert(!is_new);
	e.kind = FOLLOW_LOG; /* the same key of another kind is another entry */
	e.at_ms = 1000;
	ck_ok(follows_add_entry(db, id, &e, &is_new, &why));
	ck_assert(is_new);
	commit();
	ck_ok(follows_entries(db, id, 4, arena, list, &count, &why));
	ck_assert_uint_eq(count, 2);
	ck_assert_int_eq(list[0].kind, FOLLOW_LOG);
	ck_assert_str_eq(list[1].text, "Kami perbaiki");
	ck_assert_str_eq(list[1].from, "Dinas");
}
END_TEST

START_TEST(what_the_centre_wrote_goes_with_its_person)
{
	int64_t id = new_ticket("JB-AAAAA1", "7000001");
	struct follow_entry e = { .key = "1", .text = "Kata warga" }, list[2];
	struct follow_row row = get(id);
	size_t count = 7;
	bool is_new;
	row.name = "Selesai";
	put(row);
	begin();
	ck_ok(follows_add_entry(db, id, &e, &is_new, &why));
	ck_ok(sql_script(&db->sql, "UPDATE message_body SET wrapped = NULL", &why));
	commit();
	ck_assert_ptr_null(get(id).name);
	ck_ok(follows_entries(db, id, 2, arena, list, &count, &why));
	ck_assert_uint_eq(count, 0);
	begin();
	e.key = "2";
	ck_ok(follows_add_entry(db, id, &e, &is_new, &why));
	ck_assert(!is_new);
	commit();
}
END_TEST

static void erase(int64_t message_id)
{
	const struct erase_item item = { AUDIT_MESSAGE, message_id };
	struct erase_counts counts = { 0 };
	begin();
	ck_ok(erase_item(db, &item, "erased", &counts, NULL, &why));
	commit();
}

/* It was begun by the first message, and this one joined it. */
static int64_t join(const char *id, int64_t ticket)
{
	begin();
	int64_t message = add_message(id, "1");
	ck_ok(inbox_leave(db, message, INBOX_REPOST, ticket, NULL, &why));
	commit();
	return message;
}

static int64_t founded(const char *tracking, bool is_secret)
{
	struct follow_entry e = { .key = "1", .text = "Kata warga" };
	struct ticket form = { .title = "x", .content_original = "y", .secret = is_secret };
	struct ticket_row row = { .reference = tracking, .instance_id = instance,
				  .created_ms = 1000, .state = TICKET_QUEUED, .form = &form };
	int64_t id = 0;
	bool is_new;
	begin();
	row.message_id = add_message(tracking, "1");
	ck_ok(tickets_add(db, &row, &id, &why));
	ck_ok(inbox_leave(db, row.message_id, INBOX_TICKET, id, NULL, &why));
	ck_ok(tickets_set_pushed(db, id, tracking, NULL, &why));
	ck_ok(follows_add_entry(db, id, &e, &is_new, &why));
	commit();
	struct follow_row f = get(id);
	f.state = 3;
	f.name = "Terverifikasi";
	f.due_ms = 9000;
	put(f);
	return id;
}

/* Of who began it only whether it was secret is kept; who joined it is told on. */
START_TEST(who_joined_goes_on_hearing_of_it)
{
	bool is_secret = _i == 1;
	int64_t id = founded("7000001", is_secret), founder = number("SELECT max(id) FROM message");
	int64_t second = join("b", id), third = join("c", id);
	erase(founder);
	struct follow_row row = get(id);
	ck_assert_int_eq(row.due_ms, 9000);
	ck_assert_int_eq(row.state, 3);
	ck_assert_ptr_null(row.name);
	ck_assert(row.is_erased && row.was_secret == is_secret);
	ck_assert_int_eq(number("SELECT count(*) FROM follow WHERE raw IS NOT NULL"), 0);
	ck_assert_int_eq(number("SELECT sum(length(sealed)) FROM follow_entry"), 0);
	/* What the centre says from now on is not kept either: it may name him. */
	struct follow_entry e = { .key = "2", .text = "Yth. Bapak Anu" };
	bool is_new = true;
	row.name = "Dalam Proses";
	row.state = 4;
	put(row);
	begin();
	ck_ok(follows_add_entry(db, id, &e, &is_new, &why));
	commit();
	ck_assert(!is_new);
	ck_assert_ptr_null(get(id).name);
	ck_assert_int_eq(get(id).state, 4);
	erase(third);
	ck_assert_int_eq(get(id).due_ms, 9000);
	erase(second);
	ck_assert_int_eq(get(id).due_ms, -1);
}
END_TEST

/* All of it is his, or the others were never more than stored. */
START_TEST(nobody_is_left_who_could_hear_of_it)
{
	int64_t id = founded("7000001", false), founder = number("SELECT max(id) FROM message");
	int64_t joined = join("b", id);
	if (_i == 0) {
		erase(joined);
		ck_assert_int_eq(get(id).due_ms, 9000);
	} else {
		begin();
		ck_ok(inbox_leave(db, joined, INBOX_STORED, id, NULL, &why));
		commit();
	}
	erase(founder);
	ck_assert_int_eq(get(id).due_ms, -1);
}
END_TEST

START_TEST(what_cannot_be_read_was_secret_and_stays_so)
{
	int64_t id = founded("7000001", false), founder = number("SELECT max(id) FROM message");
	join("b", id);
	begin();
	ck_ok(sql_script(&db->sql, "UPDATE ticket_body SET sealed = zeroblob(80)", &why));
	commit();
	erase(founder);
	ck_assert(get(id).was_secret);
	int64_t other = founded("7000002", false);
	begin();
	ck_ok(follows_let_words_go(db, other, true, &why));
	ck_ok(follows_let_words_go(db, other, false, &why));
	commit();
	ck_assert(get(other).was_secret);
}
END_TEST

START_TEST(rows_are_due_in_order)
{
	struct follow_row rows[4];
	size_t count;
	for (int64_t i = 1; i <= 3; i++) {
		int64_t id = new_ticket(arena_printf(arena, "JB-AAAAA%d", (int)i),
					arena_printf(arena, "700000%d", (int)i));
		struct follow_row row = get(id);
		row.due_ms = i == 3 ? -1 : 5000 - i;
		put(row);
	}
	ck_ok(follows_due(db, 4000, 4, arena, rows, &count, &why));
	ck_assert_uint_eq(count, 0);
	ck_ok(follows_due(db, 5000, 4, arena, rows, &count, &why));
	ck_assert_uint_eq(count, 2);
	ck_assert_int_eq(rows[0].ticket_id, 2);
	begin();
	ck_ok(follows_set_checked(db, 1, 9000, &why));
	commit();
	ck_ok(follows_unchecked(db, 9000, 4, arena, rows, &count, &why));
	ck_assert_uint_eq(count, 1); /* nor one that is never asked about again */
}
END_TEST

START_TEST(a_word_is_new_once)
{
	struct follow_word words[FOLLOW_WORDS_MAX];
	size_t count;
	bool is_new;
	begin();
	ck_ok(follow_words_note(db, "77", "Entah", 1000, &is_new, &why));
	ck_assert(is_new);
	ck_ok(follow_words_note(db, "77", "Entah", 2000, &is_new, &why));
	ck_assert(!is_new);
	for (unsigned i = 0; i < FOLLOW_WORDS_MAX + 10; i++)
		ck_ok(follow_words_note(db, NULL, arena_printf(arena, "w%u", i), 3000, &is_new, &why));
	commit();
	ck_ok(follow_words_list(db, arena, words, &count, &why));
	ck_assert_uint_eq(count, FOLLOW_WORDS_MAX);
	ck_assert_str_eq(words[0].name, "Entah");
	ck_assert_int_eq(words[0].count, 2);
	begin();
	ck_ok(follow_words_remove(db, "77", "Entah", &why));
	commit();
	ck_ok(follow_words_list(db, arena, words, &count, &why));
	ck_assert_uint_eq(count, FOLLOW_WORDS_MAX - 1);
}
END_TEST

START_TEST(a_difference_remembers_since_when_and_that_it_was_accepted)
{
	int64_t id = new_ticket("JB-AAAAA1", "7000001"), count = 0, fresh = 0;
	struct difference d = { .ticket_id = id, .kind = DIFFERENCE_ROUTING, .ours = "1",
				.theirs = "2" }, list[4];
	struct difference gone = { .ticket_id = id, .kind = DIFFERENCE_MISSING };
	size_t n;
	begin();
	ck_ok(differences_put(db, &d, 1000, &why));
	ck_ok(differences_put(db, &gone, 1000, &why));
	ck_ok(differences_end(db, 1000, &count, &fresh, &why));
	ck_assert_int_eq(count, 2);
	ck_assert_int_eq(fresh, 2);
	ck_ok(differences_put(db, &d, 2000, &why));
	ck_ok(differences_end(db, 2000, &count, &fresh, &why));
	ck_assert_int_eq(count, 1);
	ck_assert_int_eq(fresh, 0);
	ck_ok(differences_accept(db, id, &why));
	ck_ok(differences_put(db, &d, 3000, &why));
	ck_ok(differences_end(db, 3000, &count, &fresh, &why));
	ck_assert_int_eq(count, 0);
	ck_ok(differences_list(db, 0, 4, arena, list, &n, &why));
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(list[0].first_ms, 1000);
	ck_assert(list[0].accepted);
	d.theirs = "3"; /* moved on: that was not accepted */
	ck_ok(differences_put(db, &d, 4000, &why));
	ck_ok(differences_end(db, 4000, &count, &fresh, &why));
	ck_assert_int_eq(count, 1);
	commit();
	begin();
	ck_result(differences_accept(db, 99, &why), JEMBATAN_GONE);
	db_abort(db);
}
END_TEST

START_TEST(a_list_of_names_is_replaced_as_a_whole)
{
	static const struct central_name first[] = { { "1", "satu" }, { "2", "dua" } };
	static const struct central_name second[] = { { "2", "dua baru" }, { "2", "kembar" } };
	struct central_name list[4];
	int64_t read_ms = 7;
	size_t count;
	ck_ok(names_age(db, NAMES_INSTITUTION, &read_ms, &why));
	ck_assert_int_eq(read_ms, 0);
	begin();
	ck_ok(names_replace(db, NAMES_INSTITUTION, first, 2, 1000, &why));
	ck_ok(names_replace(db, NAMES_INSTITUTION, second, 2, 2000, &why));
	commit();
	ck_ok(names_list(db, NAMES_INSTITUTION, "", 4, arena, list, &count, &why));
	ck_assert_uint_eq(count, 1);
	ck_assert_str_eq(list[0].name, "dua baru");
	ck_ok(names_list(db, NAMES_TEMPLATE, "", 4, arena, list, &count, &why));
	ck_assert_uint_eq(count, 0);
}
END_TEST

/* What was pushed before this step is followed as well. */
START_TEST(an_older_store_begins_to_follow)
{
	/* The functions of today want every other step, so this one comes last, and
	 * behind it what builds on it. */
	const char *steps[24];
	struct migrate_steps all = { steps, migrate_all.count };
	struct migrate_steps older = { steps, migrate_all.count - 8 };
	struct follow_counts counts;
	size_t n = 0;
	ck_assert_uint_le(migrate_all.count, COUNT_OF(steps));
	for (size_t i = 0; i < migrate_all.count; i++)
		if (migrate_all.steps[i] != schema_follow && migrate_all.steps[i] != schema_reply &&
		    migrate_all.steps[i] != schema_retention &&
		    migrate_all.steps[i] != schema_reply_reposts &&
		    migrate_all.steps[i] != schema_reply_put_off &&
		    migrate_all.steps[i] != schema_reply_lean &&
		    migrate_all.steps[i] != schema_follow_erased &&
		    migrate_all.steps[i] != schema_reply_told)
			steps[n++] = migrate_all.steps[i];
	ck_assert_uint_eq(n, older.count);
	steps[n] = schema_follow;
	steps[n + 1] = schema_reply;
	steps[n + 2] = schema_retention;
	steps[n + 3] = schema_reply_reposts;
	steps[n + 4] = schema_reply_put_off;
	steps[n + 5] = schema_reply_lean;
	steps[n + 6] = schema_follow_erased;
	steps[n + 7] = schema_reply_told;
	db_close(db);
	db = NULL;
	nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	ck_assert_int_eq(mkdir(folder, 0700), 0);
	ck_ok(db_open_steps(folder, NULL, &older, &db, &why));
	struct instance_row row;
	begin();
	ck_ok(instances_get(db, "mail", 0, 1000, arena, &row, &why));
	commit();
	instance = row.id;
	is_older = true;
	int64_t id = new_ticket("JB-AAAAA1", "7000001");
	new_ticket("JB-AAAAA2", NULL);
	db_close(db);
	ck_ok(db_open_steps(folder, NULL, &all, &db, &why));
	ck_assert_int_eq(get(id).due_ms, 0);
	ck_ok(follows_count(db, &counts, &why));
	ck_assert_int_eq(counts.total, 1);
	ck_assert_int_eq(counts.asked, 1);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("store_follows");
	tcase_add_checked_fixture(t, setup_store, teardown);
	tcase_add_test(t, a_ticket_is_followed_from_its_push_on);
	tcase_add_test(t, words_and_times_come_back_as_they_went);
	tcase_add_test(t, an_entry_is_kept_once);
	tcase_add_test(t, what_the_centre_wrote_goes_with_its_person);
	tcase_add_loop_test(t, who_joined_goes_on_hearing_of_it, 0, 2);
	tcase_add_loop_test(t, nobody_is_left_who_could_hear_of_it, 0, 2);
	tcase_add_test(t, what_cannot_be_read_was_secret_and_stays_so);
	tcase_add_test(t, rows_are_due_in_order);
	tcase_add_test(t, a_word_is_new_once);
	tcase_add_test(t, a_difference_remembers_since_when_and_that_it_was_accepted);
	tcase_add_test(t, a_list_of_names_is_replaced_as_a_whole);
	tcase_add_test(t, an_older_store_begins_to_follow);
	return unit_run("store_follows", t);
}
