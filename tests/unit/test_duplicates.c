/* test_duplicates.c: the daemon and complaints that say the same: what joins a
 * ticket, what is only linked, what never is, and how a person corrects it. All
 * texts are made up. */
#include <stdio.h>
#include <string.h>

#include "app_bench.h"
#include "base/clock.h"
#include "compare.h"
#include "store/db_inside.h"
#include "store/duplicates.h"

#define FLOOD "Mohon bantuan, saluran air di depan pasar Kenanga Jl. Wijayasari No. 12 RT 3 RW 5 " \
	"Kelurahan Tirtasuka tersumbat sampah sejak seminggu, setiap hujan air masuk ke kios pedagang"
#define OTHER_HOUSE "Mohon bantuan, saluran air di depan pasar Kenanga Jl. Wijayasari No. 45 RT 8 RW 2 " \
	"Kelurahan Tirtasuka tersumbat sampah sejak seminggu, setiap hujan air masuk ke kios pedagang"
#define LONGER_FLOOD FLOOD ". Tadi malam air masuk setinggi lutut, listrik padam dan dua anak terjatuh " \
	"ke selokan, tolong segera kirim petugas pompa karena gardu dekat kios juga terendam"
#define SCHOOL "Guru honorer di SDN Kenanga 3 belum digaji empat bulan, dinas pendidikan bilang menunggu"
#define RATNA "\"author\": {\"id\": \"r1\", \"phone\": \"0812-0000-0017\"}"
#define RATNA_MAIL "\"author\": {\"id\": \"x9\", \"phone\": \"+62 812 0000 0017\"}"
#define BUDI "\"author\": {\"id\": \"b1\", \"phone\": \"081300000018\"}"

static void setup(void)
{
	app_bench_setup();
	app_bench_compares = true;
}

static void open_two(const char *push, const char *other_push)
{
	bench_instance("a", "script", arena_printf(bench.arena, "every: 1s\npush: %s\n", push), NULL);
	bench_instance("b", "script", arena_printf(bench.arena, "every: 1s\npush: %s\n", other_push),
		       NULL);
	app_bench_open();
}

static unsigned said;

static void say(const char *instance, const char *text, const char *rest)
{
	app_bench_say(instance, arena_printf(bench.arena, "{\"do\": \"message\", \"id\": \"%u\", "
					     "\"text\": \"%s\"%s%s}\n", ++said, text,
					     rest[0] != '\0' ? ", " : "", rest), 1);
}

static enum inbox_stage stage(int64_t n)
{
	return app_bench_message(n).stage;
}

static struct duplicate_row found(int64_t message)
{
	struct duplicate_row row;
	bench_ok(duplicates_of_message(bench.db, message, bench.arena, &row, &bench.why));
	return row;
}

/* ---- what the daemon decides ------------------------------------------- */

START_TEST(what_its_author_says_again_on_another_channel_joins_the_ticket)
{
	open_two("auto", "auto");
	say("a", FLOOD, RATNA);
	say("b", FLOOD, RATNA_MAIL);
	ck_assert_uint_eq(app_bench_tickets(), 1);
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_CREATE), 1);
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_FOLLOW_UP), 0);
	ck_assert_int_eq(stage(2), INBOX_REPOST);
	ck_assert_int_eq(app_bench_message(2).ticket_id, app_bench_ticket(0).id);
	ck_assert_str_eq(app_bench_history(app_bench_ticket(0).id), "queued repost");
	ck_assert_int_eq(found(2).decision, DUPLICATE_REPOST);
	ck_assert_int_eq(found(2).incident, found(1).id);
	ck_assert_ptr_nonnull(strstr(found(2).evidence, "same phone, same words"));
	ck_assert_ptr_null(strstr(found(2).evidence, "0017"));
}
END_TEST

/* Nobody's words are swallowed: what says more leaves as an addition. */
START_TEST(what_its_author_adds_to_it_is_sent)
{
	open_two("auto", "auto");
	say("a", FLOOD, RATNA);
	say("b", LONGER_FLOOD, RATNA_MAIL);
	ck_assert_uint_eq(app_bench_tickets(), 1);
	ck_assert_int_eq(found(2).decision, DUPLICATE_REPOST);
	ck_assert_int_eq(stage(2), INBOX_FOLLOW_UP);
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_CREATE), 1);
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_FOLLOW_UP), 1);
}
END_TEST

START_TEST(another_reporter_of_the_incident_has_his_own_ticket)
{
	open_two("auto", "auto");
	say("a", FLOOD, RATNA);
	say("b", FLOOD, BUDI);
	ck_assert_uint_eq(app_bench_tickets(), 2);
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_CREATE), 2);
	ck_assert_int_eq(found(2).decision, DUPLICATE_RELATED);
	ck_assert_int_eq(found(2).incident, found(1).incident);
}
END_TEST

START_TEST(another_house_or_matter_is_another_complaint)
{
	open_two("auto", "auto");
	say("a", FLOOD, RATNA);
	say("b", OTHER_HOUSE, RATNA);
	say("b", SCHOOL, RATNA);
	ck_assert_uint_eq(app_bench_tickets(), 3);
	ck_assert_int_ne(found(2).incident, found(1).incident);
	ck_assert_int_eq(found(3).decision, DUPLICATE_SEPARATE);
}
END_TEST

/* An id means something within its instance only. */
START_TEST(the_same_id_on_another_channel_is_nobody)
{
	open_two("auto", "auto");
	say("a", FLOOD, "\"author\": {\"id\": \"17000\"}");
	say("b", FLOOD, "\"author\": {\"id\": \"17000\"}");
	say("a", FLOOD, "\"author\": {\"id\": \"17000\"}");
	ck_assert_int_eq(found(2).decision, DUPLICATE_RELATED);
	ck_assert_int_eq(found(3).decision, DUPLICATE_REPOST);
	ck_assert_int_eq(app_bench_message(3).ticket_id, app_bench_message(1).ticket_id);
}
END_TEST

static const struct {
	const char *first, *second;
	bool joins;
} secrecy[] = {
	{ RATNA, RATNA, true },
	{ RATNA, RATNA ", \"flags\": [\"secret\"]", false },
	{ RATNA ", \"flags\": [\"secret\"]", RATNA, false },
	{ RATNA ", \"flags\": [\"secret\"]", RATNA ", \"flags\": [\"secret\"]", false },
	{ RATNA, RATNA ", \"flags\": [\"anonymous\"]", false },
	{ RATNA ", \"flags\": [\"anonymous\"]", RATNA, true },
	{ RATNA ", \"flags\": [\"anonymous\"]", RATNA ", \"flags\": [\"anonymous\"]", true },
	/* What came from the centre is linked and never pushed, whatever it says. */
	{ RATNA, RATNA ", \"flags\": [\"from-centre\"], \"tracking_id\": \"7654321\"", false },
	{ RATNA ", \"flags\": [\"from-centre\"], \"tracking_id\": \"7654321\"", RATNA, true },
};

START_TEST(anonim_and_rahasia_are_never_relaxed_by_a_join)
{
	open_two("auto", "auto");
	say("a", FLOOD, secrecy[_i].first);
	say("b", FLOOD, secrecy[_i].second);
	ck_assert_uint_eq(app_bench_tickets(), secrecy[_i].joins ? 1 : 2);
	ck_assert_int_eq(stage(2) == INBOX_REPOST, secrecy[_i].joins);
}
END_TEST

START_TEST(nothing_joins_what_would_not_be_sent)
{
	open_two("shadow", "auto");
	say("a", FLOOD, RATNA);
	say("b", FLOOD, RATNA_MAIL);
	ck_assert_uint_eq(app_bench_tickets(), 2);
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_CREATE), 1);
	/* What joins the second joins one that leaves. */
	say("b", FLOOD, RATNA_MAIL);
	ck_assert_int_eq(app_bench_message(3).ticket_id, app_bench_message(2).ticket_id);
}
END_TEST

START_TEST(what_a_person_rejected_takes_nothing_in)
{
	open_two("review", "auto");
	say("a", FLOOD, RATNA);
	struct ticket_row t = app_bench_ticket(0);
	bench_ok(db_begin(bench.db, &bench.why));
	bench_ok(decide_reject(app.decide, &t, "petugas", "iklan", &bench.why));
	bench_ok(db_commit(bench.db, &bench.why));
	say("b", FLOOD, RATNA_MAIL);
	ck_assert_uint_eq(app_bench_tickets(), 2);
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_CREATE), 1);
}
END_TEST

START_TEST(a_repost_waits_with_its_ticket_and_is_not_sent_when_it_is_accepted)
{
	open_two("review", "auto");
	say("a", FLOOD, RATNA);
	say("b", FLOOD, RATNA_MAIL);
	ck_assert_int_eq(stage(2), INBOX_REPOST);
	struct ticket_row t = app_bench_ticket(0);
	bench_ok(db_begin(bench.db, &bench.why));
	bench_ok(decide_accept(app.decide, &t, "petugas", &bench.why));
	bench_ok(db_commit(bench.db, &bench.why));
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_CREATE), 1);
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_FOLLOW_UP), 0);
}
END_TEST

START_TEST(with_enabled_false_nothing_is_compared)
{
	app_bench_compares = false;
	open_two("auto", "auto");
	say("a", FLOOD, RATNA);
	say("b", FLOOD, RATNA);
	ck_assert_uint_eq(app_bench_tickets(), 2);
	struct duplicate_row row;
	ck_assert_int_eq(duplicates_of_message(bench.db, 1, bench.arena, &row, &bench.why),
			 JEMBATAN_GONE);
}
END_TEST

/* ---- numbers of other reports ------------------------------------------ */

START_TEST(who_quotes_the_number_of_his_own_report_adds_to_it)
{
	open_two("auto", "auto");
	say("a", FLOOD, RATNA);
	const char *reference = app_bench_ticket(0).reference;
	say("b", arena_printf(bench.arena, "Menyusul %s: kemarin petugas sudah datang, belum selesai",
			      reference), RATNA_MAIL);
	ck_assert_uint_eq(app_bench_tickets(), 1);
	ck_assert_int_eq(stage(2), INBOX_FOLLOW_UP);
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_FOLLOW_UP), 1);
}
END_TEST

START_TEST(who_quotes_the_number_of_anothers_report_is_linked_with_it)
{
	open_two("auto", "auto");
	say("a", FLOOD, RATNA);
	const char *reference = app_bench_ticket(0).reference;
	say("b", arena_printf(bench.arena, "Sama seperti laporan %s, di gang saya juga begitu",
			      reference), BUDI);
	ck_assert_uint_eq(app_bench_tickets(), 2);
	ck_assert_int_eq(found(2).decision, DUPLICATE_RELATED);
	ck_assert_int_eq(found(2).incident, found(1).incident);
	ck_assert_ptr_nonnull(strstr(found(2).evidence, "quotes the number"));
	ck_assert_ptr_null(strstr(found(2).evidence, reference));
	/* A number that nobody knows is left alone. */
	say("b", "Menyusul laporan 7654321: listrik padam di Cempaka", BUDI);
	ck_assert_uint_eq(app_bench_tickets(), 3);
	ck_assert_int_eq(found(3).incident, found(3).id);
}
END_TEST

START_TEST(a_secret_word_to_a_public_report_has_its_own_ticket)
{
	open_two("auto", "auto");
	say("a", FLOOD, RATNA);
	say("b", arena_printf(bench.arena, "Menyusul %s: yang menutup saluran itu petugasnya sendiri",
			      app_bench_ticket(0).reference), RATNA_MAIL ", \"flags\": [\"secret\"]");
	ck_assert_uint_eq(app_bench_tickets(), 2);
	ck_assert_int_eq(stage(2), INBOX_TICKET);
}
END_TEST

/* ---- turns and restarts ------------------------------------------------ */

static int64_t rows(void)
{
	int64_t n = 0;
	bench_ok(sql_get_number(&bench.db->sql, &bench.why, &n, "SELECT count(*) FROM duplicate",
				SQL_NOTHING));
	return n;
}

static struct compare_stats memory(void)
{
	struct compare_stats s;
	compare_stats(decide_compare(app.decide), &s);
	return s;
}

START_TEST(messages_of_one_turn_see_one_another)
{
	open_two("auto", "auto");
	app_bench_say("a", arena_printf(bench.arena,
		"{\"do\": \"message\", \"id\": \"x1\", \"text\": \"%s\", %s}\n"
		"{\"do\": \"message\", \"id\": \"x2\", \"text\": \"%s\", %s}\n"
		"{\"do\": \"message\", \"id\": \"x3\", \"text\": \"%s\", %s}\n",
		FLOOD, RATNA, FLOOD, RATNA, FLOOD, RATNA), 3);
	ck_assert_uint_eq(app_bench_tickets(), 1);
	ck_assert_uint_eq(memory().count, 3);
}
END_TEST

START_TEST(an_aborted_turn_leaves_nothing_in_memory)
{
	bool more = false;
	open_two("auto", "auto");
	say("a", FLOOD, RATNA);
	say("b", SCHOOL, BUDI);
	ck_assert_uint_eq(memory().count, 2);
	/* Both messages once more to be decided, and the turn fails. */
	bench_ok(db_begin(bench.db, &bench.why));
	bench_ok(sql_script(&bench.db->sql, "DELETE FROM duplicate; DELETE FROM outbox;"
			    "UPDATE message SET stage = 0, ticket_id = NULL;", &bench.why));
	bench_ok(decide_write(app.decide, NULL, 10, INT64_MAX, &more, &bench.why));
	ck_assert_uint_eq(memory().count, 4);
	ck_assert_int_eq(rows(), 2);
	db_abort(bench.db);
	ck_assert(!decide_aborted(app.decide));
	ck_assert_uint_eq(memory().count, 2);
	ck_assert_int_eq(rows(), 2);
	say("b", FLOOD, RATNA_MAIL);
	ck_assert_int_eq(found(3).decision, DUPLICATE_REPOST);
	ck_assert_int_eq(found(3).id, 3);
}
END_TEST

START_TEST(after_a_restart_the_rows_decide_as_before)
{
	open_two("auto", "auto");
	say("a", FLOOD, RATNA);
	say("a", SCHOOL, BUDI);
	app_bench_close();
	app_bench_open();
	bench_turns(3);
	ck_assert(memory().ready);
	ck_assert_uint_eq(memory().count, 2);
	say("b", FLOOD, RATNA_MAIL);
	ck_assert_int_eq(stage(3), INBOX_REPOST);
	ck_assert_int_eq(found(3).incident, found(1).id);
}
END_TEST

START_TEST(what_is_older_than_the_window_is_forgotten_here_and_on_disk)
{
	int64_t left = -1;
	open_two("auto", "auto");
	say("a", FLOOD, RATNA);
	clock_advance(INT64_C(31) * 86400000);
	bench_turns(3);
	say("b", FLOOD, RATNA_MAIL);
	ck_assert_uint_eq(app_bench_tickets(), 2);
	for (int i = 0; i < 4; i++)
		bench_advance(2000);
	bench_ok(sql_get_number(&bench.db->sql, &bench.why, &left,
				"SELECT count(*) FROM duplicate WHERE fingerprint IS NOT NULL",
				SQL_NOTHING));
	ck_assert_int_eq(left, 1);
	ck_assert_int_eq(rows(), 2);
}
END_TEST

START_TEST(no_fingerprint_outlives_its_message)
{
	open_two("auto", "auto");
	say("a", FLOOD, RATNA);
	app_bench_close();
	app_bench_open();
	bench_ok(db_begin(bench.db, &bench.why));
	bench_ok(sql_script(&bench.db->sql, "UPDATE message_body SET wrapped = NULL", &bench.why));
	bench_ok(db_commit(bench.db, &bench.why));
	app_bench_close();
	app_bench_open();
	bench_turns(3);
	ck_assert_uint_eq(memory().count, 0);
}
END_TEST

/* ---- a person ---------------------------------------------------------- */

static const char *split(int64_t message)
{
	const char *answer = NULL;
	bench_ok(db_begin(bench.db, &bench.why));
	bench_ok(decide_split(app.decide, message, "petugas", bench.arena, &answer, &bench.why));
	bench_ok(db_commit(bench.db, &bench.why));
	decide_committed(app.decide);
	return answer;
}

static enum jembatan_result try_unite(const char *a, const char *b, const char **out_answer)
{
	bench_ok(db_begin(bench.db, &bench.why));
	enum jembatan_result r = decide_unite(app.decide, a, b, "petugas", bench.arena, out_answer,
					      &bench.why);
	if (r == JEMBATAN_OK) {
		bench_ok(db_commit(bench.db, &bench.why));
		decide_committed(app.decide);
	} else {
		db_abort(bench.db);
		decide_aborted(app.decide);
	}
	return r;
}

static const char *unite(size_t a, size_t b)
{
	const char *answer = NULL;
	bench_ok(try_unite(app_bench_ticket(a).reference, app_bench_ticket(b).reference, &answer));
	return answer;
}

START_TEST(a_repost_split_off_gets_a_ticket_and_a_push_of_its_own)
{
	open_two("auto", "auto");
	say("a", FLOOD, RATNA ", \"thread\": \"t1\"");
	say("b", FLOOD, RATNA_MAIL ", \"thread\": \"t2\"");
	say("b", "Sudah seminggu", RATNA_MAIL ", \"thread\": \"t2\", \"kind\": \"follow-up\"");
	ck_assert_int_eq(app_bench_message(3).ticket_id, app_bench_ticket(0).id);
	ck_assert_ptr_nonnull(strstr(split(2), "is JB-"));
	ck_assert_uint_eq(app_bench_tickets(), 2);
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_CREATE), 2);
	ck_assert_int_eq(stage(2), INBOX_TICKET);
	ck_assert_int_eq(app_bench_message(2).ticket_id, app_bench_ticket(1).id);
	/* What he added goes with it, and is sent once. */
	ck_assert_int_eq(app_bench_message(3).ticket_id, app_bench_ticket(1).id);
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_FOLLOW_UP), 1);
	ck_assert_int_ne(found(2).incident, found(1).incident);
	ck_assert_int_eq(found(2).settled, DUPLICATE_SPLIT);
	ck_assert_str_eq(app_bench_history(app_bench_ticket(0).id), "queued repost follow-up split");
	ck_assert_str_eq(app_bench_history(app_bench_ticket(1).id), "queued split");
}
END_TEST

START_TEST(an_addition_may_be_split_off_too)
{
	open_two("auto", "auto");
	say("a", FLOOD, RATNA);
	say("b", LONGER_FLOOD, RATNA_MAIL);
	ck_assert_int_eq(stage(2), INBOX_FOLLOW_UP);
	ck_assert_ptr_nonnull(strstr(split(2), "is JB-"));
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_CREATE), 2);
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_FOLLOW_UP), 0);
	ck_assert_int_eq(stage(2), INBOX_TICKET);
	ck_assert_int_ne(found(2).incident, found(1).incident);
}
END_TEST

static const struct {
	const char *push, *other_push;
	enum ticket_state state, other_state;
} joins[] = {
	{ "review", "review", TICKET_REVIEW, TICKET_REVIEW },
	{ "auto", "auto", TICKET_QUEUED, TICKET_QUEUED },
	{ "review", "auto", TICKET_REVIEW, TICKET_QUEUED },
	{ "auto", "review", TICKET_QUEUED, TICKET_REVIEW },
	{ "shadow", "review", TICKET_SHADOW, TICKET_REVIEW },
};

/* State, ticket, stage and incident of everything. */
static const char *picture(void)
{
	const char *out = "";
	for (size_t t = 0; t < app_bench_tickets(); t++)
		out = arena_printf(bench.arena, "%s t%d", out, (int)app_bench_ticket(t).state);
	for (int64_t m = 1; m <= 4; m++)
		out = arena_printf(bench.arena, "%s m%d/%d/%d", out, (int)app_bench_message(m).ticket_id,
				   (int)stage(m), m != 4 ? (int)found(m).incident : 0);
	return arena_printf(bench.arena, "%s c%zu f%zu", out, app_bench_pushes(OUTBOX_CREATE),
			    app_bench_pushes(OUTBOX_FOLLOW_UP));
}

START_TEST(splitting_undoes_joining)
{
	open_two(joins[_i].push, joins[_i].other_push);
	say("a", FLOOD, RATNA);
	say("b", SCHOOL, BUDI ", \"thread\": \"t\"");
	say("b", OTHER_HOUSE, BUDI);
	if (joins[_i].other_state == TICKET_REVIEW)
		say("b", "Tambahan", BUDI ", \"thread\": \"t\", \"kind\": \"follow-up\"");
	else
		say("a", "Lampu jalan di Cempakawarna padam", BUDI);
	const char *before = picture();
	size_t creates = app_bench_pushes(OUTBOX_CREATE);
	const char *answer = unite(0, 1);
	ck_assert_ptr_nonnull(strstr(answer, "is part of"));
	ck_assert_str_ne(picture(), before);
	ck_assert_uint_le(app_bench_pushes(OUTBOX_CREATE), creates);
	/* The one of the two that has gone less far has moved. */
	size_t gone = app_bench_ticket(0).state == TICKET_REJECTED ? 0 : 1;
	ck_assert_int_eq(app_bench_ticket(gone).state, TICKET_REJECTED);
	ck_assert_int_eq(app_bench_message(1).ticket_id, app_bench_message(2).ticket_id);
	ck_assert_int_eq(found(1).incident, found(2).incident);
	split(gone == 0 ? 1 : 2);
	ck_assert_str_eq(picture(), before);
	/* And what comes afterwards is decided as if it had never been. */
	say("a", FLOOD, RATNA);
	ck_assert_int_eq(found(5).incident, found(1).incident);
}
END_TEST

START_TEST(what_has_left_is_only_linked)
{
	open_two("auto", "auto");
	say("a", FLOOD, RATNA);
	say("b", SCHOOL, BUDI);
	bench_ok(db_begin(bench.db, &bench.why));
	bench_ok(sql_script(&bench.db->sql, "UPDATE outbox SET state = 2, complaint_id = '1234567';"
			    "UPDATE ticket SET state = 2;", &bench.why));
	bench_ok(db_commit(bench.db, &bench.why));
	ck_assert_ptr_nonnull(strstr(unite(0, 1), "linked"));
	ck_assert_int_eq(found(1).incident, found(2).incident);
	ck_assert_int_ne(app_bench_message(1).ticket_id, app_bench_message(2).ticket_id);
	split(1);
	ck_assert_int_ne(found(1).incident, found(2).incident);
}
END_TEST

START_TEST(a_secret_report_is_joined_and_linked_by_nobody)
{
	const char *answer = NULL;
	open_two("review", "review");
	say("a", FLOOD, RATNA);
	say("b", SCHOOL, BUDI ", \"flags\": [\"secret\"]");
	const char *a = app_bench_ticket(0).reference, *b = app_bench_ticket(1).reference;
	ck_assert_int_eq(try_unite(a, b, &answer), JEMBATAN_DATA);
	ck_assert_int_eq(try_unite(b, a, &answer), JEMBATAN_DATA);
	ck_assert_int_eq(try_unite(a, a, &answer), JEMBATAN_DATA);
	ck_assert_int_eq(try_unite(a, "JB-000000", &answer), JEMBATAN_GONE);
	ck_assert_int_ne(found(1).incident, found(2).incident);
}
END_TEST

START_TEST(an_anonymous_report_joins_nobodys_name)
{
	open_two("review", "auto");
	say("a", FLOOD, RATNA ", \"flags\": [\"anonymous\"]");
	say("b", SCHOOL, BUDI);
	ck_assert_ptr_nonnull(strstr(unite(0, 1), "keeps its own ticket"));
	ck_assert_int_ne(app_bench_message(1).ticket_id, app_bench_message(2).ticket_id);
}
END_TEST

START_TEST(those_who_stay_together_stay_when_the_first_leaves)
{
	open_two("auto", "auto");
	say("a", FLOOD, RATNA);
	say("b", FLOOD, BUDI);
	say("b", FLOOD, "\"author\": {\"phone\": \"081400000019\"}");
	ck_assert_int_eq(found(3).incident, found(1).id);
	split(1);
	ck_assert_int_eq(found(2).incident, found(3).incident);
	ck_assert_int_ne(found(1).incident, found(2).incident);
	const char *answer = NULL;
	bench_ok(db_begin(bench.db, &bench.why));
	ck_assert_int_eq(decide_split(app.decide, 1, "petugas", bench.arena, &answer, &bench.why),
			 JEMBATAN_DATA); /* it stands alone */
	db_abort(bench.db);
}
END_TEST

/* ---- properties -------------------------------------------------------- */

static const unsigned orders[][6] = {
	{ 0, 1, 2, 0, 1, 2 }, { 2, 2, 1, 1, 0, 0 }, { 1, 0, 0, 2, 1, 2 }, { 0, 0, 1, 1, 2, 2 },
};

START_TEST(the_order_of_arrival_does_not_change_what_is_one)
{
	static const char *const texts[] = { FLOOD, OTHER_HOUSE, SCHOOL };
	int64_t ticket[3] = { 0, 0, 0 };
	open_two("auto", "auto");
	for (int64_t n = 0; n < 6; n++) {
		unsigned k = orders[_i][n];
		say(n % 2 == 0 ? "a" : "b", texts[k], n % 2 == 0 ? RATNA : RATNA_MAIL);
		int64_t id = app_bench_message(n + 1).ticket_id;
		if (ticket[k] == 0)
			ticket[k] = id;
		ck_assert_int_eq(id, ticket[k]);
	}
	ck_assert_uint_eq(app_bench_tickets(), 3);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("duplicates");
	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, app_bench_teardown);
	tcase_add_test(t, what_its_author_adds_to_it_is_sent);
	tcase_add_test(t, an_addition_may_be_split_off_too);
	tcase_add_test(t, what_its_author_says_again_on_another_channel_joins_the_ticket);
	tcase_add_test(t, another_reporter_of_the_incident_has_his_own_ticket);
	tcase_add_test(t, another_house_or_matter_is_another_complaint);
	tcase_add_test(t, the_same_id_on_another_channel_is_nobody);
	tcase_add_loop_test(t, anonim_and_rahasia_are_never_relaxed_by_a_join, 0, COUNT_OF(secrecy));
	tcase_add_test(t, nothing_joins_what_would_not_be_sent);
	tcase_add_test(t, what_a_person_rejected_takes_nothing_in);
	tcase_add_test(t, a_repost_waits_with_its_ticket_and_is_not_sent_when_it_is_accepted);
	tcase_add_test(t, with_enabled_false_nothing_is_compared);
	tcase_add_test(t, who_quotes_the_number_of_his_own_report_adds_to_it);
	tcase_add_test(t, who_quotes_the_number_of_anothers_report_is_linked_with_it);
	tcase_add_test(t, a_secret_word_to_a_public_report_has_its_own_ticket);
	tcase_add_test(t, messages_of_one_turn_see_one_another);
	tcase_add_test(t, an_aborted_turn_leaves_nothing_in_memory);
	tcase_add_test(t, after_a_restart_the_rows_decide_as_before);
	tcase_add_test(t, what_is_older_than_the_window_is_forgotten_here_and_on_disk);
	tcase_add_test(t, no_fingerprint_outlives_its_message);
	tcase_add_test(t, a_repost_split_off_gets_a_ticket_and_a_push_of_its_own);
	tcase_add_loop_test(t, splitting_undoes_joining, 0, COUNT_OF(joins));
	tcase_add_test(t, what_has_left_is_only_linked);
	tcase_add_test(t, a_secret_report_is_joined_and_linked_by_nobody);
	tcase_add_test(t, an_anonymous_report_joins_nobodys_name);
	tcase_add_test(t, those_who_stay_together_stay_when_the_first_leaves);
	tcase_add_loop_test(t, the_order_of_arrival_does_not_change_what_is_one, 0, COUNT_OF(orders));
	return unit_run("duplicates", t);
}
