/* test_duplicates_people.c: who wrote a message is found by one rule, whatever is
 * to be decided of it, and numbers of other reports lead to them. All texts are
 * made up. */
#include <stdio.h>
#include <string.h>

#include "app_bench.h"
#include "store/duplicates.h"
#include "store/erase.h"
#include "store/submissions.h"

#define FLOOD "Mohon bantuan, saluran air di depan pasar Kenanga Jl. Wijayasari No. 12 RT 3 RW 5 " \
	"Kelurahan Tirtasuka tersumbat sampah sejak seminggu, setiap hujan air masuk ke kios pedagang"

static void setup(void)
{
	app_bench_setup();
	app_bench_compares = true;
}

static void open_two(void)
{
	bench_instance("a", "script", "every: 1s\npush: auto\n", NULL);
	bench_instance("b", "script", "every: 1s\npush: auto\n", NULL);
	app_bench_open();
}

static void say(const char *instance, const char *id, const char *text, const char *author,
		const char *rest)
{
	app_bench_say(instance, arena_printf(bench.arena, "{\"do\": \"message\", \"id\": \"%s\", "
					     "\"text\": \"%s\", \"author\": {%s}%s}\n", id, text,
					     author, rest), 1);
}

/* ---- one rule for who wrote it ------------------------------------------- */

static const struct {
	const char *first, *second;
	bool same;
} spellings[] = {
	{ "\"phone\": \"081200000017\"", "\"phone\": \"+62 812-0000-0017\"", true },
	{ "\"phone\": \"+6281200000017\"", "\"phone\": \"6281200000017\"", true },
	{ "\"phone\": \"6281200000017\"", "\"phone\": \"0812.0000.0017\"", true },
	{ "\"mail\": \"Ratna@Contoh.invalid\"", "\"mail\": \"ratna@contoh.INVALID\"", true },
	{ "\"id\": \"ID.13491208655302741918\", \"phone\": \"+6281200000017\"",
	  "\"id\": \"081200000017\", \"phone\": \"081200000017\"", true },
	{ "\"phone\": \"081200000017\"", "\"phone\": \"081200000018\"", false },
	{ "\"phone\": \"1708\"", "\"phone\": \"1708\"", false },
	{ "\"mail\": \"ratna@contoh.invalid\"", "\"mail\": \"atna@contoh.invalid\"", false },
	/* an id means something within its instance only */
	{ "\"id\": \"ID.13491208655302741918\"", "\"id\": \"ID.13491208655302741918\"", false },
};

/* Who names his report adds to it, though nothing is compared. */
START_TEST(a_reporter_is_known_by_his_number_or_mail_however_it_is_written)
{
	app_bench_compares = false;
	open_two();
	say("a", "1", FLOOD, spellings[_i].first, "");
	say("b", "2", arena_printf(bench.arena, "%s: petugas belum datang",
				   app_bench_ticket(0).reference), spellings[_i].second, "");
	ck_assert_uint_eq(app_bench_tickets(), spellings[_i].same ? 1 : 2);
}
END_TEST

/* An answer to a message of his, in the same instance. */
START_TEST(an_answer_is_known_by_the_number_however_it_is_written)
{
	app_bench_compares = false;
	open_two();
	say("a", "1", FLOOD, spellings[_i].first, "");
	say("a", "2", "Tambahan: airnya makin tinggi", spellings[_i].second, ", \"reply_to\": \"1\"");
	bool same = spellings[_i].same || strstr(spellings[_i].first, "\"id\"") != NULL;
	ck_assert_uint_eq(app_bench_tickets(), same ? 1 : 2);
}
END_TEST

/* In a thread that is not one person's, somebody else answers too. */
START_TEST(who_writes_in_the_same_thread_is_not_the_same_person)
{
	open_two();
	say("a", "1", FLOOD, "\"id\": \"r1\"", ", \"thread\": \"t\"");
	say("a", "2", arena_printf(bench.arena, "Seperti laporan %s, di gang saya juga",
				   app_bench_ticket(0).reference), "\"id\": \"b1\"",
	    ", \"thread\": \"t\"");
	ck_assert_uint_eq(app_bench_tickets(), 2);
}
END_TEST

/* ---- copied by hand ------------------------------------------------------- */

#define LINK "https://contoh.example/p/7/"

static const struct {
	const char *id, *text, *rest; /* the second; the first is the other of COPY and OWN */
	bool is_copy_first, same;
} copies[] = {
	{ "m:7:", "Pohon tumbang", ", \"thread\": \"" LINK "\"", true, true },
	{ LINK, "Pohon tumbang", ", \"thread\": \"" LINK "\", \"extra\": {\"by_hand\": true}", false, true },
	/* another post, a thread that is no link, nobody's copy */
	{ "m:8:", "Pohon tumbang", ", \"thread\": \"https://contoh.example/p/8/\"", true, false },
	{ "m:7:", "Pohon tumbang", ", \"thread\": \"7\"", true, false },
	{ "m:9:", "Pohon tumbang", ", \"thread\": \"" LINK "\"", false, false },
	{ LINK, "Pohon tumbang", ", \"thread\": \"" LINK "\"", false, false },
};

/* Whatever of its words was copied, the link says that it is the same post. */
START_TEST(a_post_that_came_both_ways_is_one_ticket)
{
	open_two();
	say("a", copies[_i].is_copy_first ? LINK : "m:7:", FLOOD, "\"handle\": \"@w\"",
	    copies[_i].is_copy_first ? ", \"thread\": \"" LINK "\", \"extra\": {\"by_hand\": true}" :
				       ", \"thread\": \"" LINK "\"");
	say("a", copies[_i].id, copies[_i].text, "\"handle\": \"@w\"", copies[_i].rest);
	ck_assert_uint_eq(app_bench_tickets(), copies[_i].same ? 1 : 2);
	/* The post's own words are more than a copy's. */
	if (copies[_i].same)
		ck_assert_int_eq(app_bench_message(2).stage,
				 copies[_i].is_copy_first ? INBOX_FOLLOW_UP : INBOX_REPOST);
	/* Another instance's link is another post. */
	say("b", copies[_i].id, "Kabel listrik menjuntai", "\"handle\": \"@w\"", copies[_i].rest);
	ck_assert_uint_eq(app_bench_tickets(), copies[_i].same ? 2 : 3);
}
END_TEST

/* ---- numbers of other systems -------------------------------------------- */

#define RATNA "\"phone\": \"0812-0000-0017\""
#define RATNA_TOO "\"phone\": \"+6281200000017\""
#define BUDI "\"phone\": \"081300000018\""

static struct duplicate_row found(int64_t message)
{
	struct duplicate_row row;
	bench_ok(duplicates_of_message(bench.db, message, bench.arena, &row, &bench.why));
	return row;
}

/* As the record of an app is called, and as its reporter writes it elsewhere. */
static const struct {
	const char *id, *text;
	bool names_one; /* no other system has such numbers */
} numbers[] = {
	{ "LGWP14376928", "Sudah saya laporkan, LGWP14376928, airnya makin tinggi", true },
	{ "LGWP14376928", "lgwp 14376928 belum selesai", true },
	{ "JK2611210001", "Menyusul JK2611210001: petugas belum datang", true },
	{ "1893847265019283746", "Tambahan laporan 1893847265019283746", false },
	{ "4711", "Re: [Layanan Warga #4711] belum ada jawaban", false },
	{ "7654321", "menindaklanjuti aduan 7654321", false },
	{ "adu-2026-00123", "lanjutan aduan ADU-2026-00123", true },
};

START_TEST(who_quotes_an_apps_number_of_his_report_adds_to_it)
{
	app_bench_compares = _i % 2 == 0;
	open_two();
	say("a", numbers[_i / 2].id, FLOOD, RATNA, "");
	say("b", "x1", numbers[_i / 2].text, RATNA_TOO, "");
	ck_assert_uint_eq(app_bench_tickets(), 1);
	ck_assert_int_eq(app_bench_message(2).stage, INBOX_FOLLOW_UP);
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_FOLLOW_UP), 1);
}
END_TEST

/* Numbers alone are the same in many systems: they lead to nobody else's report. */
START_TEST(who_quotes_an_apps_number_of_anothers_report_has_his_own_ticket)
{
	open_two();
	say("a", numbers[_i].id, FLOOD, RATNA, "");
	say("b", "x1", numbers[_i].text, BUDI, "");
	ck_assert_uint_eq(app_bench_tickets(), 2);
	ck_assert_int_eq(app_bench_message(2).stage, INBOX_TICKET);
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_CREATE), 2);
	ck_assert_int_eq(found(2).incident == found(1).incident, numbers[_i].names_one);
}
END_TEST

START_TEST(a_number_that_is_not_here_takes_no_report_away)
{
	open_two();
	say("a", "LGWP14376928", FLOOD, RATNA, "");
	say("b", "x1", "Lanjutan LGWP14376929: listrik padam di Cempaka", RATNA_TOO, "");
	ck_assert_uint_eq(app_bench_tickets(), 2);
	ck_assert_int_ne(found(2).incident, found(1).incident);
	/* A person sees that there is such a report somewhere else. */
	ck_assert_str_eq(app_bench_history(app_bench_ticket(1).id), "queued quotes");
	say("b", "x2", "Lanjutan aduan 12: sampah menumpuk di Wijayasari", RATNA_TOO, "");
	ck_assert_str_eq(app_bench_history(app_bench_ticket(2).id), "queued");
}
END_TEST

static const char *const closed_ways[] = {
	", \"flags\": [\"secret\"]",    /* the report that it names is public */
	", \"flags\": [\"anonymous\"]",
};

START_TEST(a_secret_word_to_an_apps_report_has_its_own_ticket)
{
	open_two();
	say("a", "LGWP14376928", FLOOD, RATNA, "");
	say("b", "x1", "LGWP14376928: yang menutup saluran itu petugasnya sendiri", RATNA_TOO,
	    closed_ways[_i]);
	ck_assert_uint_eq(app_bench_tickets(), 2);
}
END_TEST

/* What a form on the web told him. */
START_TEST(who_quotes_the_number_that_a_form_gave_him_adds_to_it)
{
	struct submission_row told = { .reference = "IN-7K3M9QXH2B4C", .message_id = 1 };
	open_two();
	say("a", "f1", FLOOD, RATNA, "");
	bench_ok(db_begin(bench.db, &bench.why));
	bench_ok(submissions_add(bench.db, app_bench_message(1).instance_id, &(struct digest){ 0 },
				 &told, &bench.why));
	bench_ok(db_commit(bench.db, &bench.why));
	say("b", "x1", "Menyusul in-7k3m9qxh2b4c, belum ada petugas", RATNA_TOO, "");
	ck_assert_uint_eq(app_bench_tickets(), 1);
	say("b", "x2", "Seperti IN-7K3M9QXH2B4C, di gang saya juga", BUDI, "");
	ck_assert_uint_eq(app_bench_tickets(), 2);
	ck_assert_int_eq(found(3).incident, found(1).incident);
}
END_TEST

/* Whatever it names, the same words of the same person are sent once. */
START_TEST(a_repost_that_quotes_anothers_number_is_a_repost)
{
	const char *text = FLOOD ". Tetangga melapor di LGWP14376928";
	open_two();
	say("a", "LGWP14376928", "Selokan di gang Mawar penuh sampah, airnya bau", BUDI, "");
	say("b", "x1", text, RATNA, "");
	say("b", "x2", text, RATNA, "");
	ck_assert_uint_eq(app_bench_tickets(), 2);
	ck_assert_int_eq(found(2).incident, found(1).incident);
	ck_assert_int_eq(app_bench_message(3).stage, INBOX_REPOST);
	ck_assert_int_eq(app_bench_message(3).ticket_id, app_bench_message(2).ticket_id);
}
END_TEST

/* A person found that two tickets are one: the number of the one that is no more
 * leads to the other. */
START_TEST(the_number_of_a_joined_ticket_leads_to_the_one_it_was_joined_to)
{
	const char *answer = NULL;
	open_two();
	say("a", "1", FLOOD, RATNA, "");
	say("b", "2", "Listrik padam di Cempakawarna sejak kemarin sore", BUDI, "");
	const char *gone = app_bench_ticket(1).reference;
	bench_ok(db_begin(bench.db, &bench.why));
	bench_ok(decide_unite(app.decide, gone, app_bench_ticket(0).reference, "petugas",
			      bench.arena, &answer, &bench.why));
	bench_ok(db_commit(bench.db, &bench.why));
	decide_committed(app.decide);
	size_t kept = app_bench_ticket(0).state == TICKET_REJECTED ? 1 : 0;
	gone = app_bench_ticket(1 - kept).reference;
	ck_assert_int_eq(app_bench_ticket(1 - kept).state, TICKET_REJECTED);
	say("a", "3", arena_printf(bench.arena, "Menyusul %s: sampai sekarang belum selesai", gone),
	    kept == 0 ? BUDI : RATNA, "");
	ck_assert_uint_eq(app_bench_tickets(), 2);
	ck_assert_int_eq(app_bench_message(3).ticket_id, app_bench_ticket(kept).id);
	ck_assert_int_eq(app_bench_message(3).stage, INBOX_FOLLOW_UP);
}
END_TEST

/* ---- files --------------------------------------------------------------- */

#define A "{\"name\": \"a.jpg\", \"content\": \"gambar got\"}"
#define A_TOO "{\"name\": \"IMG-0001.jpg\", \"content\": \"gambar got\"}"
#define B "{\"name\": \"b.jpg\", \"content\": \"gambar kios\"}"
#define LARGE "{\"name\": \"b.mp4\", \"content\": \"0123456789abcdef\", \"repeat\": 330000}"
#define LOST "{\"name\": \"a.jpg\"}"
#define LINKED ", \"flags\": [\"from-centre\"], \"tracking_id\": \"7654321\""

static const struct {
	const char *first, *rest, *second, *third;
	bool sends_second, sends_third;
} pictures[] = {
	{ A, "", A_TOO, A, false, false }, /* the bytes count, not their name */
	{ A, "", B, B, true, false },      /* the second has been sent by then */
	{ A, "", A ", " B, A, true, false },
	{ A ", " B, "", B, "", false, false },
	{ "", "", A, B, true, true },
	{ LOST, "", A, A, true, false },   /* what never came is not there */
	{ A, "", LOST, B, false, true },
	{ A, "", LARGE, A, false, false }, /* the centre would not take it */
	{ A, LINKED, B, B, false, false }, /* the centre has pictures; nothing goes there from here */
};

START_TEST(pictures_that_the_ticket_does_not_have_follow_it)
{
	open_two();
	say("a", "1", FLOOD, RATNA, arena_printf(bench.arena, ", \"attachments\": [%s]%s",
						 pictures[_i].first, pictures[_i].rest));
	say("b", "2", FLOOD, RATNA_TOO, arena_printf(bench.arena, ", \"attachments\": [%s]",
						     pictures[_i].second));
	say("a", "3", FLOOD, RATNA, arena_printf(bench.arena, ", \"attachments\": [%s]",
						 pictures[_i].third));
	ck_assert_uint_eq(app_bench_tickets(), 1);
	ck_assert_int_eq(app_bench_message(2).stage, pictures[_i].sends_second ? INBOX_FOLLOW_UP :
			 INBOX_REPOST);
	ck_assert_int_eq(app_bench_message(3).stage, pictures[_i].sends_third ? INBOX_FOLLOW_UP :
			 INBOX_REPOST);
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_FOLLOW_UP), (size_t)pictures[_i].sends_second +
			  pictures[_i].sends_third);
}
END_TEST

/* ---- whose report waited in another one's ticket -------------------------- */

static void unite(size_t one, size_t other)
{
	const char *said = NULL;
	bench_ok(db_begin(bench.db, &bench.why));
	bench_ok(decide_unite(app.decide, app_bench_ticket(one).reference,
			      app_bench_ticket(other).reference, "petugas", bench.arena, &said,
			      &bench.why));
	bench_ok(db_commit(bench.db, &bench.why));
	decide_committed(app.decide);
}

/* As the eraser does, to the last slice. */
static void erase(int64_t message)
{
	struct erase_item item = { AUDIT_MESSAGE, message }, done[4];
	struct buf keys;
	int64_t id = 0;
	size_t n = 0;
	buf_init(&keys, 4096);
	bench_ok(db_begin(bench.db, &bench.why));
	bench_ok(decide_inherit(app.decide, &(struct decide_erased){ &message, 1 }, &bench.why));
	bench_ok(erasures_add(bench.db, "petugas", ERASE_PERSON, &item, 1, 1, &id, &bench.why));
	bench_ok(erasures_slice(bench.db, id, 4, 2, done, &n, &keys, &bench.why));
	bench_ok(db_commit(bench.db, &bench.why));
	decide_committed(app.decide);
	ck_assert_uint_eq(n, 1);
	buf_done(&keys);
}

/* Three people, joined to the first one's ticket by hand; his words are erased before
 * anything has left. The second one's report goes by itself, and the third's with it. */
START_TEST(who_stays_inherits_what_has_not_left)
{
	bool is_auto = _i == 1;
	bench_instance("a", "script", is_auto ? "every: 1s\npush: auto\n" : "every: 1s\npush: review\n",
		       NULL);
	app_bench_open();
	say("a", "1", FLOOD, "\"phone\": \"081200000017\"", "");
	say("a", "2", "Got depan pasar mampet, bau sekali", "\"phone\": \"081300000018\"", "");
	say("a", "3", "Pedagang mengeluh saluran pasar Kenanga", "\"phone\": \"081300000019\"", "");
	ck_assert_uint_eq(app_bench_tickets(), 3);
	unite(1, 0);
	unite(2, 0);
	int64_t first = app_bench_message(2).ticket_id;
	ck_assert_int_eq(app_bench_message(1).ticket_id, first);
	ck_assert_int_eq(app_bench_message(3).ticket_id, first);
	int64_t founder = 0;
	for (size_t i = 0; i < 3; i++)
		if (app_bench_ticket(i).id == first)
			founder = app_bench_ticket(i).message_id;
	int64_t heir = founder == 1 ? 2 : 1, other = 6 - founder - heir;
	erase(founder);
	ck_assert_uint_eq(app_bench_tickets(), 4);
	struct ticket_row own = app_bench_ticket(3);
	ck_assert_int_eq(own.message_id, heir);
	ck_assert_int_eq(own.state, is_auto ? TICKET_QUEUED : TICKET_REVIEW);
	ck_assert_int_eq(app_bench_message(heir).ticket_id, own.id);
	ck_assert_int_eq(app_bench_message(other).ticket_id, own.id);
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_CREATE), is_auto);
	ck_assert(strstr(app_bench_history(own.id), "inherited") != NULL);
}
END_TEST

/* Whoever is erased too inherits nothing, and a ticket that nobody else is in has no heir. */
START_TEST(nobody_inherits_from_himself)
{
	bench_instance("a", "script", "every: 1s\npush: review\n", NULL);
	app_bench_open();
	say("a", "1", FLOOD, "\"phone\": \"081200000017\"", "");
	say("a", "2", FLOOD, "\"phone\": \"081200000017\"", "");
	ck_assert_uint_eq(app_bench_tickets(), 1);
	ck_assert_int_eq(app_bench_message(2).stage, INBOX_REPOST);
	int64_t both[] = { 1, 2 };
	bench_ok(db_begin(bench.db, &bench.why));
	bench_ok(decide_inherit(app.decide, &(struct decide_erased){ both, 2 }, &bench.why));
	bench_ok(db_commit(bench.db, &bench.why));
	decide_committed(app.decide);
	ck_assert_uint_eq(app_bench_tickets(), 1);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("duplicates_people");
	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, app_bench_teardown);
	tcase_add_loop_test(t, a_reporter_is_known_by_his_number_or_mail_however_it_is_written, 0,
			    COUNT_OF(spellings));
	tcase_add_loop_test(t, an_answer_is_known_by_the_number_however_it_is_written, 0,
			    COUNT_OF(spellings));
	tcase_add_test(t, who_writes_in_the_same_thread_is_not_the_same_person);
	tcase_add_loop_test(t, a_post_that_came_both_ways_is_one_ticket, 0, COUNT_OF(copies));
	tcase_add_loop_test(t, who_quotes_an_apps_number_of_his_report_adds_to_it, 0,
			    2 * COUNT_OF(numbers));
	tcase_add_loop_test(t, who_quotes_an_apps_number_of_anothers_report_has_his_own_ticket, 0,
			    COUNT_OF(numbers));
	tcase_add_test(t, a_number_that_is_not_here_takes_no_report_away);
	tcase_add_loop_test(t, a_secret_word_to_an_apps_report_has_its_own_ticket, 0,
			    COUNT_OF(closed_ways));
	tcase_add_test(t, who_quotes_the_number_that_a_form_gave_him_adds_to_it);
	tcase_add_test(t, a_repost_that_quotes_anothers_number_is_a_repost);
	tcase_add_test(t, the_number_of_a_joined_ticket_leads_to_the_one_it_was_joined_to);
	tcase_add_loop_test(t, pictures_that_the_ticket_does_not_have_follow_it, 0,
			    COUNT_OF(pictures));
	tcase_add_loop_test(t, who_stays_inherits_what_has_not_left, 0, 2);
	tcase_add_test(t, nobody_inherits_from_himself);
	return unit_run("duplicates_people", t);
}
