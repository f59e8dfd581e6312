/* test_known.c: what the daemon makes of what it knows: who looks first, who
 * gets a report, and what waits for its reporter. All of it is made up. */
#include <stdio.h>
#include <string.h>

#include "app_bench.h"
#include "base/clock.h"
#include "base/file.h"
#include "central/central.h"
#include "decide.h"
#include "store/incomplete.h"
#include "store/names.h"
#include "store/replies.h"
#include "ticket/complete.h"
#include "ticket/know.h"
#include "ticket/propose.h"
#include "ticket/ticket.h"

#define WARGA "\"author\": {\"id\": \"warga-1\", \"name\": \"Warga Contoh\"}, \"thread\": \"u-1\""
#define HOLE "Kemarin ada jalan berlubang di Kec. Wonocolo Kota Surabaya, mohon ditambal."
#define WARGA_PHONE "\"author\": {\"id\": \"warga-2\", \"phone\": \"081200000019\"}"
#define LONG_HOLE "Jalan berlubang besar di depan pasar Kenanga Jl. Wijayasari No. 12 RT 3 RW 5 Kelurahan " \
	"Tirtasuka, sudah dua pengendara motor jatuh sejak seminggu."
#define GRAFT "Kepala Dinas Sosial korupsi, uang bansos digelapkan. Yth. Dinas Sosial mohon diusut."
#define DAY_MS INT64_C(86400000)

static void settings(const char *lines)
{
	FILE *f = fopen(bench_path("etc/jembatan.yaml"), "a");
	ck_assert(f != NULL && fputs(lines, f) >= 0 && fclose(f) == 0);
}

static void open_with(const char *head)
{
	bench_instance("a", "script", arena_printf(bench.arena, "every: 1s\n%s", head), NULL);
	app_bench_open();
}

static void say(const char *id, const char *text, const char *rest)
{
	app_bench_say("a", arena_printf(bench.arena, "{\"do\": \"message\", \"id\": \"%s\", \"text\": "
					"\"%s\"%s%s}\n", id, text, rest[0] != '\0' ? ", " : "", rest), 1);
}

static struct ticket form(size_t n)
{
	struct ticket t;
	struct ticket_row row = app_bench_ticket(n);
	bench_ok(ticket_from_json(bytes_text(row.body), bench.arena, &t, &bench.why));
	return t;
}

START_TEST(a_plain_complaint_has_place_day_kind_category_and_agency)
{
	open_with("push: auto\n");
	say("1", HOLE, "\"category\": \"2023-02-11\"");
	struct ticket t = form(0);
	ck_assert_int_eq(app_bench_ticket(0).state, TICKET_QUEUED);
	ck_assert_str_eq(t.place.code, "35.78.02");
	ck_assert_str_eq(t.place.district, "Wonocolo");
	ck_assert_str_eq(t.place.regency, "Kota Surabaya");
	ck_assert_str_eq(t.classification, "Pengaduan Tidak Berkadar Pengawasan");
	ck_assert_str_eq(t.proposal.category, "PEKERJAAN UMUM DAN PENATAAN RUANG > JALAN BERLUBANG");
	ck_assert_str_eq(t.proposal.agency, "Dinas Sumber Daya Air dan Bina Marga");
	ck_assert_str_eq(t.proposal.date_words, "Kemarin");
	ck_assert(!t.incident_derived);
	/* A category slot that holds a date holds no category. */
	ck_assert_ptr_null(t.category);
}
END_TEST

START_TEST(with_enabled_false_it_leaves_as_the_source_says)
{
	settings("classify: {enabled: false}\n");
	open_with("push: auto\n");
	say("1", HOLE, "");
	struct ticket t = form(0);
	ck_assert_int_eq(app_bench_ticket(0).state, TICKET_QUEUED);
	ck_assert_ptr_null(t.place.code);
	ck_assert_ptr_null(t.classification);
	ck_assert_ptr_null(t.proposal.agency);
}
END_TEST

static const struct {
	const char *head, *text, *settings;
	enum ticket_state state;
} first_looks[] = {
	{ "push: auto\n", "Salut untuk petugas kebersihan, kota jadi indah", "", TICKET_REVIEW },
	{ "push: auto\n", "SLOT GACOR bonus deposit", "", TICKET_REVIEW },
	{ "push: shadow\n", "SLOT GACOR bonus deposit", "", TICKET_SHADOW },
	{ "push: auto\n", "xqzv wwqk", "", TICKET_QUEUED },
	{ "push: auto\n", "xqzv wwqk", "classify: {unsure: review}\n", TICKET_REVIEW },
	{ "push: auto\nagency: Dinas Contoh\n", "xqzv wwqk", "classify: {unsure: review}\n",
	  TICKET_QUEUED },
	{ "push: auto\n", "xqzv di Kec. Wonocolo -7.320, 112.740", "", TICKET_QUEUED },
	{ "push: auto\n", "xqzv di Kec. Wonocolo -0.900, 119.870", "", TICKET_REVIEW },
};

START_TEST(a_person_looks_first_where_it_may_be_no_complaint_nobody_s_or_elsewhere)
{
	settings(first_looks[_i].settings);
	open_with(first_looks[_i].head);
	say("1", first_looks[_i].text, "");
	ck_assert_int_eq(app_bench_ticket(0).state, first_looks[_i].state);
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_CREATE), first_looks[_i].state == TICKET_QUEUED);
}
END_TEST

static void list_institutions(void)
{
	const struct central_name names[] = {
		{ "400101", "Dinas Sosial Kota Surabaya" }, { "400102", "Dinas Sosial Kab. Bogor" },
		{ "400103", "Dinas Perhubungan\xc2\xa0Kota Surabaya" }, { "400104", "Dinas Kembar" },
		{ "400105", "dinas  KEMBAR" } };
	bench_ok(db_begin(bench.db, &bench.why));
	bench_ok(names_replace(bench.db, NAMES_INSTITUTION, names, COUNT_OF(names), clock_now_ms(),
			       &bench.why));
	bench_ok(db_commit(bench.db, &bench.why));
}

START_TEST(a_sure_agency_has_its_number_where_the_list_has_exactly_one)
{
	open_with("push: auto\nhome_region: \"35.78\"\n");
	list_institutions();
	say("1", "Yth. Dishub, lampu merah mati", "");
	say("2", "Yth. Dinsos, PKH saya belum cair di Kec. Cibinong Kab. Bogor", "");
	ck_assert_str_eq(form(0).proposal.agency_id, "400103");
	ck_assert_str_eq(form(1).proposal.agency_id, "400102");
	app_bench_close();
	bench_instance("a", "script", "every: 1s\npush: auto\nagency: Dinas Kembar\n", NULL);
	app_bench_open();
	say("3", "xqzv wwqk", "");
	ck_assert_ptr_null(form(2).proposal.agency_id);
}
END_TEST

/* The accused is the default institution, the route, the salutation and the
 * channel's own agency at once. */
START_TEST(an_accused_unit_never_gets_the_report_about_itself)
{
	settings("central:\n  route: proposed\n  route_to: \"400101\"\n"
		 "  defaults: {disposition_id: \"400101\", category_id: \"1\"}\n"
		 "  classifications: {Pengaduan Berkadar Pengawasan: \"7\"}\n");
	open_with("push: auto\nhome_region: \"35.78\"\nagency: Dinas Sosial\n");
	list_institutions();
	say("1", GRAFT, "");
	say("2", "Yth. Dinsos, kapan jadwal PKH cair? Mohon info", "");
	struct ticket graft = form(0), plain = form(1);
	struct central_options o = { .central = &bench.settings->central,
				     .instances = bench.settings->instances,
				     .instance_count = bench.settings->instance_count };
	ck_assert_str_eq(graft.classification, KNOW_SUPERVISION);
	ck_assert_ptr_null(graft.proposal.agency_id);
	ck_assert_ptr_null(central_ids(&o, &graft).disposition_id);
	ck_assert_ptr_null(central_route_to(&o, &graft));
	ck_assert_str_eq(central_ids(&o, &graft).classification_id, "7");
	/* An ordinary one goes where it is meant to go. */
	ck_assert_str_eq(central_ids(&o, &plain).disposition_id, "400101");
	ck_assert_str_eq(central_route_to(&o, &plain), "400101");
	struct settings_central with = bench.settings->central;
	with.supervision_disposition_id = "400900";
	o.central = &with;
	ck_assert_str_eq(central_ids(&o, &graft).disposition_id, "400900");
	ck_assert_ptr_null(central_route_to(&o, &graft));
}
END_TEST

/* What its reporter adds to a report goes where that one has gone: to the unit
 * that he accuses now. The first quotes its number, the second says it again. */
static const struct {
	bool quotes;
	const char *text, *subject;
} accusations[] = {
	{ true, ": nama dan foto orangnya ada pada kami, mohon diusut", "Petugas dinas minta uang pelicin" },
	{ true, ": petugas dinas minta uang pelicin kepada warga, mohon diusut", NULL },
	{ false, LONG_HOLE " Petugas minta uang.", NULL },
	{ false, LONG_HOLE " Petugas Dinas datang dan meminta uang pelicin lima ratus ribu kepada warga "
	  "supaya lubang itu ditambal, kuitansi tidak diberikan, nama dan foto orangnya ada pada kami", NULL },
};

START_TEST(what_accuses_a_unit_is_no_addition_to_a_report_that_it_has)
{
	settings("central: {route_to: \"400101\"}\n");
	app_bench_compares = true;
	open_with("push: auto\n");
	say("1", LONG_HOLE, WARGA_PHONE);
	say("2", arena_printf(bench.arena, "%s%s%s", accusations[_i].quotes ? "Menyusul laporan " : "",
			      accusations[_i].quotes ? app_bench_ticket(0).reference : "",
			      accusations[_i].text),
	    accusations[_i].subject == NULL ? WARGA_PHONE :
	    arena_printf(bench.arena, "%s, \"subject\": \"%s\"", WARGA_PHONE, accusations[_i].subject));
	ck_assert_uint_eq(app_bench_tickets(), 2);
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_FOLLOW_UP), 0);
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_CREATE), 2);
	ck_assert_str_eq(form(1).classification, KNOW_SUPERVISION);
	/* An addition that accuses nobody is one. */
	say("3", arena_printf(bench.arena, "Menyusul laporan %s: lubangnya makin lebar",
			      app_bench_ticket(0).reference), WARGA_PHONE);
	ck_assert_uint_eq(app_bench_tickets(), 2);
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_FOLLOW_UP), 1);
}
END_TEST

/* A person read the words and said that they accuse nobody: the same words again are
 * the same report. Others, however few, are looked at anew. */
static const struct {
	bool was_corrected;
	const char *text;
	size_t tickets;
} said_again[] = {
	{ true, GRAFT, 1 },
	{ true, "Kepala Dinas Sosial korupsi, uang bansos\\ndigelapkan.  Yth. Dinas Sosial mohon diusut.", 1 },
	{ true, GRAFT " Kadisnya minta suap.", 2 },
	{ false, GRAFT, 1 },
};

START_TEST(an_accusation_that_a_person_took_off_is_not_raised_by_the_same_words)
{
	app_bench_compares = true;
	open_with("push: review\n");
	say("1", GRAFT, WARGA_PHONE);
	struct ticket t = form(0);
	ck_assert_str_eq(t.classification, KNOW_SUPERVISION);
	if (said_again[_i].was_corrected) {
		t.classification = "Pengaduan Tidak Berkadar Pengawasan";
		t.proposal.classification_words = PROPOSE_PERSON;
		CLEANUP(free_pointer) char *body = ticket_to_json(&t);
		bench_ok(db_begin(bench.db, &bench.why));
		bench_ok(tickets_set_body(bench.db, app_bench_ticket(0).id, body, &bench.why));
		bench_ok(db_commit(bench.db, &bench.why));
	}
	say("2", said_again[_i].text, WARGA_PHONE);
	ck_assert_uint_eq(app_bench_tickets(), said_again[_i].tickets);
	ck_assert_int_eq(app_bench_message(2).stage, said_again[_i].tickets == 1 ? INBOX_REPOST :
			 INBOX_TICKET);
	if (said_again[_i].tickets == 2)
		ck_assert_str_eq(form(1).classification, KNOW_SUPERVISION);
}
END_TEST

START_TEST(only_a_sure_proposal_changes_the_centre_s_ids)
{
	struct settings_central c = { .route_to = "1", .defaults = { .category_id = "2",
								      .location_id = "3",
								      .disposition_id = "4" } };
	struct central_options o = { .central = &c };
	struct ticket t = { .proposal = { .category_id = "20", .location_id = "30",
					  .agency_id = "40" } };
	struct ticket nothing = { .classification = "Aspirasi" };
	ck_assert_str_eq(central_ids(&o, &t).category_id, "20");
	ck_assert_str_eq(central_ids(&o, &t).location_id, "30");
	ck_assert_str_eq(central_ids(&o, &t).disposition_id, "4");
	ck_assert_str_eq(central_route_to(&o, &t), "1");
	ck_assert_str_eq(central_ids(&o, &nothing).category_id, "2");
	c.route = BY_PROPOSAL;
	ck_assert_str_eq(central_route_to(&o, &t), "40");
	ck_assert_str_eq(central_route_to(&o, &nothing), "1");
}
END_TEST

/* ---- what waits --------------------------------------------------------- */

static void open_asking(const char *more, const char *head)
{
	settings(arena_printf(bench.arena, "complete: {mode: ask, wait: 10d%s}\n", more));
	open_with(arena_printf(bench.arena, "%sreplies: {send: on}\n", head));
	say("1", "Jalan berlubang dalam sekali", WARGA ", \"arrived_ms\": 1800000000000");
}

START_TEST(what_is_missing_holds_a_report_until_its_reporter_answers)
{
	struct incomplete_row row;
	size_t count = 0;
	open_asking("", "push: auto\n");
	int64_t id = app_bench_ticket(0).id;
	ck_assert_int_eq(app_bench_ticket(0).state, TICKET_INCOMPLETE);
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_CREATE), 0);
	bench_ok(incomplete_get(bench.db, id, &row, &bench.why));
	ck_assert_uint_eq(row.missing, 1u << COMPLETE_PLACE);
	ck_assert_int_ge(row.due_ms, BENCH_NOW_MS + 10 * DAY_MS);
	bench_ok(incomplete_list(bench.db, 0, 1, &row, &count, &bench.why));
	ck_assert_uint_eq(count, 1);
	/* An answer that does not help, then one that does. */
	say("2", "tolong cepat", WARGA ", \"kind\": \"follow-up\"");
	ck_assert_int_eq(app_bench_ticket(0).state, TICKET_INCOMPLETE);
	say("3", "di Kec. Wonocolo Kota Surabaya", WARGA ", \"kind\": \"follow-up\"");
	ck_assert_uint_eq(app_bench_tickets(), 1);
	ck_assert_int_eq(app_bench_ticket(0).state, TICKET_QUEUED);
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_CREATE), 1);
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_FOLLOW_UP), 0);
	ck_assert_str_eq(form(0).place.code, "35.78.02");
	ck_assert_str_eq(form(0).content_edited, "Jalan berlubang dalam sekali\n\ntolong cepat\n\n"
						 "di Kec. Wonocolo Kota Surabaya");
	ck_assert_str_eq(form(0).content_original, "Jalan berlubang dalam sekali");
	ck_assert_int_eq(incomplete_get(bench.db, id, &row, &bench.why), JEMBATAN_GONE);
}
END_TEST

static const struct {
	const char *more, *head;
	bool is_asked;
	enum ticket_state state;
} ends[] = {
	{ "", "push: auto\n", true, TICKET_QUEUED },
	{ ", after: archive", "push: auto\n", true, TICKET_ARCHIVED },
	{ "", "push: review\n", true, TICKET_REVIEW },
	/* Nobody has been silent: not put away. */
	{ "", "push: auto\n", false, TICKET_QUEUED },
	{ ", after: archive", "push: auto\n", false, TICKET_QUEUED },
	{ ", after: archive", "push: review\n", false, TICKET_REVIEW },
};

/* The question has left. */
static void ask_reporter(int64_t ticket_id)
{
	struct reply_row row = { .ticket_id = ticket_id, .message_id = 1, .instance_id = 1,
				 .event = REPLY_QUESTION, .to_kind = "id" };
	bench_ok(db_begin(bench.db, &bench.why));
	bench_ok(replies_add(bench.db, &row, "JB-AAAAAA", BENCH_NOW_MS, &row.id, &bench.why));
	row.state = REPLY_SENT;
	row.started_ms = row.sent_ms = BENCH_NOW_MS;
	bench_ok(replies_update(bench.db, &row, NULL, &bench.why));
	bench_ok(db_commit(bench.db, &bench.why));
}

START_TEST(a_wait_that_is_over_ends_as_configured)
{
	struct incomplete_row row;
	open_asking(ends[_i].more, ends[_i].head);
	int64_t id = app_bench_ticket(0).id;
	if (ends[_i].is_asked)
		ask_reporter(id);
	bench_advance(9 * DAY_MS);
	ck_assert_int_eq(app_bench_ticket(0).state, TICKET_INCOMPLETE);
	bench_advance(2 * DAY_MS);
	bench_until(app_bench_ticket(0).state != TICKET_INCOMPLETE);
	ck_assert_int_eq(app_bench_ticket(0).state, ends[_i].state);
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_CREATE), ends[_i].state == TICKET_QUEUED);
	ck_assert_int_eq(incomplete_get(bench.db, id, &row, &bench.why), JEMBATAN_GONE);
}
END_TEST

START_TEST(a_person_need_not_wait_for_the_reporter)
{
	open_asking(", after: archive", "push: auto\n");
	struct ticket_row t = app_bench_ticket(0);
	if (_i == 1) {
		ask_reporter(t.id);
		bench_advance(11 * DAY_MS);
		bench_until(app_bench_ticket(0).state == TICKET_ARCHIVED);
		t = app_bench_ticket(0);
	}
	bench_ok(db_begin(bench.db, &bench.why));
	bench_ok(decide_accept(app.decide, &t, "petugas", &bench.why));
	bench_ok(db_commit(bench.db, &bench.why));
	ck_assert_int_eq(app_bench_ticket(0).state, TICKET_QUEUED);
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_CREATE), 1);
}
END_TEST

START_TEST(nobody_is_asked_who_cannot_answer_or_where_nothing_is_demanded)
{
	if (_i == 0)
		settings("complete: {mode: ask, place: none, text_min: 0}\n");
	else if (_i == 1)
		settings("complete: {mode: ask}\n"); /* and nobody is answered there */
	open_with("push: auto\n");
	say("1", "Jalan berlubang dalam sekali", WARGA);
	ck_assert_int_eq(app_bench_ticket(0).state, TICKET_QUEUED);
	ck_assert(_i != 1 || strstr(app_bench_ticket(0).reason, "it lacks place") != NULL);
}
END_TEST

/* ---- tables ------------------------------------------------------------- */

START_TEST(a_table_that_changed_is_seen_and_a_wrong_one_is_told_with_its_line)
{
	const char *path = bench_path("tempat.txt");
	const struct know_files files = { .locations_file = path };
	struct know_tables *tables = NULL, *again = NULL;
	struct why why;
	bench_ok(file_write(path, 0600, bytes_text("35\t1\n"), &bench.why));
	bench_ok(know_load(&files, &tables, &bench.why));
	ck_assert(!know_changed(tables, &files));
	ck_assert(know_changed(tables, &(struct know_files){ 0 }));
	bench_ok(file_write(path, 0600, bytes_text("35\t1\n36 2\n"), &bench.why));
	ck_assert(know_changed(tables, &files));
	ck_assert_int_eq(know_load(&files, &again, &why), JEMBATAN_CONFIG);
	ck_assert_ptr_nonnull(strstr(why.text, "tempat.txt:2: "));
	know_free(tables);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("known");
	tcase_add_checked_fixture(tests, app_bench_setup, app_bench_teardown);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, a_plain_complaint_has_place_day_kind_category_and_agency);
	tcase_add_test(tests, with_enabled_false_it_leaves_as_the_source_says);
	tcase_add_loop_test(tests, a_person_looks_first_where_it_may_be_no_complaint_nobody_s_or_elsewhere, 0,
			    COUNT_OF(first_looks));
	tcase_add_test(tests, a_sure_agency_has_its_number_where_the_list_has_exactly_one);
	tcase_add_test(tests, an_accused_unit_never_gets_the_report_about_itself);
	tcase_add_loop_test(tests, what_accuses_a_unit_is_no_addition_to_a_report_that_it_has, 0,
			    COUNT_OF(accusations));
	tcase_add_loop_test(tests,
			    an_accusation_that_a_person_took_off_is_not_raised_by_the_same_words, 0,
			    COUNT_OF(said_again));
	tcase_add_test(tests, only_a_sure_proposal_changes_the_centre_s_ids);
	tcase_add_test(tests, what_is_missing_holds_a_report_until_its_reporter_answers);
	tcase_add_loop_test(tests, a_wait_that_is_over_ends_as_configured, 0, COUNT_OF(ends));
	tcase_add_loop_test(tests, a_person_need_not_wait_for_the_reporter, 0, 2);
	tcase_add_loop_test(tests, nobody_is_asked_who_cannot_answer_or_where_nothing_is_demanded, 0, 3);
	tcase_add_test(tests, a_table_that_changed_is_seen_and_a_wrong_one_is_told_with_its_line);
	return unit_run("known", tests);
}
