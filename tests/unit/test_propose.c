/* test_propose.c: what a complaint's words add to its ticket, what is left as
 * the source said it, and what is missing. All of it is made up. */
#include "ticket/propose.h"

#include <stdlib.h>
#include <string.h>

#include "config/date.h"
#include "ticket/complete.h"
#include "ticket/position.h"
#include "tables_unit.h"

#define NOW_MS INT64_C(1768010400000) /* Saturday, 10 January 2026, 09:00 WIB */
#define SUPERVISION KNOW_SUPERVISION
#define ORDINARY "Pengaduan Tidak Berkadar Pengawasan"

static struct know_tables *tables;
static struct arena *arena;

static void set_up(void)
{
	tables = tables_of_unit();
	arena = arena_new();
}

static void tear_down(void)
{
	know_free(tables);
	arena_free(arena);
}

static struct ticket ticket(const char *text)
{
	return (struct ticket){ .title = "Laporan", .title_derived = true, .content_edited = text,
				.content_original = text, .sent_ms = NOW_MS, .received_ms = NOW_MS,
				.incident_ms = NOW_MS, .incident_derived = true, .zone_minutes = 420 };
}

static void fill(struct ticket *t, const char *home, const char *agency)
{
	struct propose_options options = {
		.home = home != NULL ? regions_by_code(tables->regions, home) : REGION_NONE,
		.agency = agency, .margin = 40 };
	propose_fill(tables, &options, arena, t);
}

/* NULL: must not be there; "*": anything. */
static void check(const char *text, const char *what, const char *got, const char *wanted)
{
	bool good = wanted == NULL ? got == NULL : strcmp(wanted, "*") == 0 ? got != NULL :
		    got != NULL && strcmp(got, wanted) == 0;
	ck_assert_msg(good, "%s: %s is %s", text, what, got != NULL ? got : "not set");
}

static const struct {
	const char *text, *home;
	const char *code, *kind, *social_aid, *aid_complaint, *not_complaint;
} golden[] = {
	{ "Jalan berlubang di Kec. Wonocolo Kota Surabaya, mohon ditambal", NULL, "35.78.02", ORDINARY,
	  NULL, NULL, NULL },
	{ "JALAN RUSAK PARAH KEC. CIBINONG KAB. BOGOR!!!", NULL, "32.01.01", ORDINARY, NULL, NULL, NULL },
	{ "lampu jln mati bos \xf0\x9f\x98\xad di kel jemur wonosari kec wonocolo", "35.78",
	  "35.78.02.1004", ORDINARY, NULL, NULL, NULL },
	/* Javanese and Sundanese, code-switching */
	{ "dalane bolong kabeh Pak, nang Kec. Wonocolo", "35.78", "35.78.02", ORDINARY, NULL, NULL, NULL },
	{ "punten, jalan di Kec. Cibinong Kab. Bogor butut pisan", NULL, "32.01.01", ORDINARY, NULL,
	  NULL, NULL },
	{ "please fix the street light, Kec. Wonocolo, so dark banget", "35.78", "35.78.02", ORDINARY,
	  NULL, NULL, NULL },
	/* kinds */
	{ "Ada pungli di kantor kelurahan, diminta lima puluh ribu", NULL, NULL, SUPERVISION, NULL, NULL,
	  NULL },
	{ "Mau tanya syarat membuat akta kelahiran", NULL, NULL, "Permintaan Informasi", NULL, NULL, NULL },
	{ "Saya usul taman kota dibuka sampai malam", NULL, NULL, "Aspirasi", NULL, NULL, NULL },
	/* social aid */
	{ "PKH tahap dua ibu saya belum cair", NULL, NULL, ORDINARY, "PKH", "penyaluran", NULL },
	{ "uang PKH dipotong seratus ribu oleh pendamping", NULL, NULL, SUPERVISION, "PKH",
	  "penyelewengan", NULL },
	{ "kami sekeluarga tidak pernah dapat bansos", NULL, NULL, ORDINARY, "bansos", "kepesertaan", NULL },
	/* no complaint */
	{ "Salut untuk petugas kebersihan, kota jadi indah", NULL, NULL, ORDINARY, NULL, NULL, "pujian" },
	{ "SLOT GACOR hari ini bonus deposit besar", NULL, NULL, ORDINARY, NULL, NULL, "spam" },
	{ "halo min", NULL, NULL, ORDINARY, NULL, NULL, "obrolan" },
	{ "halo min pohon tumbang menutup trotoar depan balai kota sejak subuh", NULL, NULL, ORDINARY,
	  NULL, NULL, NULL },
	{ "", NULL, NULL, ORDINARY, NULL, NULL, NULL },
};

START_TEST(a_complaint_gives_what_its_words_say)
{
	struct ticket t = ticket(golden[_i].text);
	fill(&t, golden[_i].home, NULL);
	check(golden[_i].text, "code", t.place.code, golden[_i].code);
	check(golden[_i].text, "classification", t.classification, golden[_i].kind);
	check(golden[_i].text, "social aid", t.proposal.social_aid, golden[_i].social_aid);
	check(golden[_i].text, "aid complaint", t.proposal.aid_complaint, golden[_i].aid_complaint);
	check(golden[_i].text, "no complaint", t.proposal.not_complaint, golden[_i].not_complaint);
	ck_assert_ptr_nonnull(t.proposal.agency);
	ck_assert_ptr_nonnull(t.proposal.agency_margin);
}
END_TEST

START_TEST(names_and_zone_follow_from_the_place)
{
	struct ticket t = ticket("Jembatan putus di Kec. Abepura Kota Jayapura kemarin");
	char day[40];
	fill(&t, NULL, NULL);
	check("", "code system", t.place.code_system, "kemendagri");
	check("", "regency", t.place.regency, "Kota Jayapura");
	check("", "district", t.place.district, "Abepura");
	ck_assert_int_eq(t.zone_minutes, 540);
	ck_assert(!t.incident_derived);
	date_format(t.incident_ms, 540, day);
	ck_assert_str_eq(day, "2026-01-09T00:00:00+09:00");
	ck_assert_str_eq(t.proposal.date_words, "kemarin");
	ck_assert_str_eq(t.proposal.place_words, "kec abepura");
}
END_TEST

START_TEST(nothing_that_the_source_said_is_changed)
{
	struct ticket t = ticket("Kemarin jalan rusak di Kec. Wonocolo Kota Surabaya (-7.32, 112.73)");
	t.place = (struct ticket_place){ .province = "Jawa Barat", .regency = "Kota Bandung",
					 .has_position = true, .latitude = -6.9, .longitude = 107.6 };
	t.classification = "Aspirasi";
	t.incident_derived = false;
	t.incident_ms = NOW_MS - 5;
	fill(&t, NULL, NULL);
	check("", "regency", t.place.regency, "Kota Bandung");
	check("", "district", t.place.district, NULL);
	check("", "classification", t.classification, "Aspirasi");
	check("", "date words", t.proposal.date_words, NULL);
	ck_assert_int_eq(t.incident_ms, NOW_MS - 5);
	ck_assert(t.place.longitude < 108);
}
END_TEST

START_TEST(names_of_the_source_get_their_code)
{
	struct ticket t = ticket("lampu mati");
	t.place = (struct ticket_place){ .province = "Jawa\xc2\xa0Timur", .regency = "Surabaya",
					 .district = "Wonocolo" };
	fill(&t, NULL, NULL);
	check("", "code", t.place.code, "35.78.02");
	check("", "regency", t.place.regency, "Surabaya");
	struct ticket bps = ticket("lampu mati di Kec. Wonocolo Kota Surabaya");
	bps.place = (struct ticket_place){ .code = "3578020", .code_system = "bps" };
	fill(&bps, NULL, NULL);
	check("", "code", bps.place.code, "3578020");
}
END_TEST

START_TEST(the_home_alone_is_no_place)
{
	struct ticket t = ticket("lampu jalan mati di depan rumah saya");
	fill(&t, "35.78", NULL);
	check("", "code", t.place.code, NULL);
	check("", "place words", t.proposal.place_words, NULL);
	ck_assert_int_eq(propose_zone(tables, regions_by_code(tables->regions, "91"), NULL, NULL, 420), 540);
	ck_assert_int_eq(propose_zone(tables, REGION_NONE, "51.71", NULL, 420), 480);
	ck_assert_int_eq(propose_zone(tables, REGION_NONE, NULL, "Maluku Utara", 420), 540);
	ck_assert_int_eq(propose_zone(tables, REGION_NONE, NULL, "Atlantis", 480), 480);
}
END_TEST

START_TEST(a_salutation_goes_before_the_channel_and_that_before_the_model)
{
	struct ticket t = ticket("Yth. Dinas Sosial, lampu jalan mati");
	fill(&t, NULL, "Dinas Kesehatan");
	check("", "agency", t.proposal.agency, "Dinas Sosial");
	check("", "margin", t.proposal.agency_margin, "1.00");
	t = ticket("lampu jalan mati");
	fill(&t, NULL, "Dinas Kesehatan");
	check("", "agency", t.proposal.agency, "Dinas Kesehatan");
	ck_assert(str_starts(t.proposal.agencies, "Dinas Kesehatan | Dinas Perhubungan"));
	t = ticket("lampu jalan mati");
	fill(&t, NULL, NULL);
	check("", "agency", t.proposal.agency, "Dinas Perhubungan");
	ck_assert_uint_gt(propose_percent(t.proposal.agency_margin), 0);
	check("", "words", t.proposal.agency_words, "*");
}
END_TEST

START_TEST(coordinates_in_the_text_are_a_position_and_a_zone)
{
	static const struct {
		const char *text;
		bool found;
		double longitude;
	} rows[] = {
		{ "lokasi -7.2575, 112.7521 dekat masjid", true, 112.7521 },
		{ "https://maps.example/?q=-2.5337%2C140.7181", true, 140.7181 },
		{ "@-8.65,115.2166,17z", false, 0 }, /* two decimals are a kilometre */
		{ "@-8.6500,115.2166,17z", true, 115.2166 },
		{ "https://maps.example/x!3d-7.2575!4d112.7521", true, 112.7521 },
		{ "lat: -7.2575 long: 112.7521", true, 112.7521 },
		{ "titik 7.2575 LS, 112.7521 BT", true, 112.7521 },
		{ "S 7.2575 E 112.7521", true, 112.7521 },
		{ "7\xc2\xb0" "15'27\"S 112\xc2\xb0" "45'09\"E", true, 112.7525 },
		{ "S7\xc2\xb0" "15.45'E112\xc2\xb0" "45.15'", true, 112.7525 },
		{ "7\xc2\xba 15\xe2\x80\xb2 27\xe2\x80\xb3 LS 112\xc2\xba 45\xe2\x80\xb2 9\xe2\x80\xb3 BT", true,
		  112.7525 },
		{ "7\xc2\xb0 LS 112\xc2\xb0 BT", false, 0 }, /* a hundred kilometres */
		{ "suhu 7\xc2\xb0, 112\xc2\xb0" "75'", false, 0 },
		{ "RS 6.500 ES 112.500", false, 0 },
		{ "48.8584, 2.2945", false, 0 },
		{ "harga 7.500, 12.500", false, 0 },
		{ "RT 3.001 RW 4", false, 0 },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		double latitude = 0, longitude = 0;
		ck_assert_msg(position_find(rows[i].text, &latitude, &longitude) == rows[i].found, "%s",
			      rows[i].text);
		if (rows[i].found)
			ck_assert_double_eq_tol(longitude, rows[i].longitude, 1e-9);
	}
	struct ticket t = ticket("banjir di sini -2.5337, 140.7181");
	fill(&t, NULL, NULL);
	ck_assert(t.place.has_position);
	ck_assert_int_eq(t.zone_minutes, 540);
	ck_assert_int_eq(position_zone_minutes(115.2), 480);
	ck_assert_int_eq(position_zone_minutes(2.3), 0);
}
END_TEST

START_TEST(every_category_of_the_rules_is_in_the_national_tree)
{
	static const char *const topics[] = { "PJU", "MBR", "Bansos", "KTP-el", "Jukir Liar",
		"Jalan Rusak dan Berlubang", "BPJS PBI", "PKL", "Trotoar / Pedestrian",
		"PPDB Kota Surabaya", "Akta Kelahiran", "Rusunawa" };
	for (size_t i = 0; i < COUNT_OF(topics); i++) {
		const char *category = rules_category(tables->rules, topics[i]);
		ck_assert_msg(pairs_find(tables->tree, category) != NULL, "%s: %s", topics[i], category);
	}
	ck_assert_ptr_null(pairs_find(tables->tree, "2026-01-03"));
}
END_TEST

/* ---- complete ----------------------------------------------------------- */

static const struct settings_complete rules = { .ask = true, .text_min = 20,
						.place = COMPLETE_PLACE_USABLE,
						.question_text = "apa?", .question_place = "di mana?",
						.question_date = "kapan?" };

static const struct {
	const char *text;
	bool is_local;
	const char *missing;
} whole[] = {
	{ "Jalan berlubang dalam sekali di Kec. Wonocolo Kota Surabaya", false, "" },
	{ "Jalan berlubang dalam sekali", false, "place" },
	{ "Jalan berlubang di Jl. Melati dekat pos", false, "place" },
	{ "Jalan berlubang di Jl. Melati dekat pos", true, "" },
	{ "sampah menumpuk RT 3 RW 4 sudah lama", true, "" },
	{ "jalan rusak", true, "text, place" },
	{ "\xf0\x9f\x98\xa1\xf0\x9f\x98\xa1\xf0\x9f\x98\xa1 ... !!!", true, "text, place" },
	{ "lubang besar di sini -7.2575, 112.7521 bahaya", false, "" },
};

START_TEST(what_is_missing_is_told)
{
	struct ticket t = ticket(whole[_i].text);
	t.reporter.phone = "+6281200000001";
	fill(&t, whole[_i].is_local ? "35.78" : NULL, NULL);
	unsigned missing = complete_check(&t, &rules, whole[_i].is_local);
	ck_assert_msg(strcmp(complete_names(missing, arena), whole[_i].missing) == 0, "%s: %s",
		      whole[_i].text, complete_names(missing, arena));
	ck_assert_int_eq(complete_can_ask(missing), missing != 0);
}
END_TEST

START_TEST(a_date_is_demanded_only_where_the_rules_do)
{
	struct settings_complete strict = rules;
	struct ticket t = ticket("Jalan berlubang dalam sekali di Kec. Wonocolo Kota Surabaya");
	fill(&t, NULL, NULL);
	ck_assert_uint_eq(complete_check(&t, &rules, false), 1u << COMPLETE_ADDRESS);
	ck_assert(!complete_can_ask(1u << COMPLETE_ADDRESS | 1u << COMPLETE_PLACE));
	strict.date_given = true;
	t.reporter.mail = "warga@contoh.id";
	ck_assert_uint_eq(complete_check(&t, &strict, false), 1u << COMPLETE_DATE);
	t.incident_derived = false;
	ck_assert_uint_eq(complete_check(&t, &strict, false), 0);
	ck_assert_str_eq(complete_question(&rules, COMPLETE_PLACE), "di mana?");
	ck_assert_ptr_null(complete_question(&rules, COMPLETE_ADDRESS));
}
END_TEST

/* ---- tables of an operator's own ---------------------------------------- */

static const struct {
	const char *text, *sentence; /* sentence NULL: good */
} files[] = {
	{ "# a remark\n\n35.78\t3578\n35\t35\r\n", NULL },
	{ "", NULL },
	{ "35.78 3578\n", ":1: a line is KEY, a tab, and an id of 1 to 64 letters without blanks" },
	{ "35\t1\n36\t\n", ":2: a line is KEY, a tab, and an id of 1 to 64 letters without blanks" },
	{ "35\t1\n35\t2\n", ": \"35\" stands there twice" },
	{ "35\t\xff\n", ": is not text in UTF-8" },
};

START_TEST(a_table_of_ids_is_read_or_refused_with_its_line)
{
	char path[] = "/tmp/jembatan-test-pairs-XXXXXX";
	struct pairs *p = NULL;
	struct why why = { "" };
	int fd = mkstemp(path);
	FILE *f = fdopen(fd, "w");
	ck_assert(f != NULL && fputs(files[_i].text, f) >= 0 && fclose(f) == 0);
	enum jembatan_result r = pairs_load(path, true, &p, &why);
	if (files[_i].sentence == NULL) {
		ck_assert_int_eq(r, JEMBATAN_OK);
		struct know_tables with = { .locations = p, .categories = p };
		if (_i == 0) {
			check("", "id", propose_location_id(&with, "35.78.02.1004", arena), "3578");
			check("", "id", propose_location_id(&with, "35.01", arena), "35");
			check("", "id", propose_location_id(&with, "36", arena), NULL);
			check("", "id", propose_category_id(&with, "35 > X", arena), "35");
		}
		check("", "id", propose_location_id(&with, NULL, arena), NULL);
		pairs_free(p);
	} else {
		ck_assert_int_eq(r, JEMBATAN_CONFIG);
		ck_assert_str_eq(why.text + strlen(path), files[_i].sentence);
	}
	ck_assert_int_eq(remove(path), 0);
}
END_TEST

static const struct {
	const char *text;
	double latitude, longitude; /* 0, 0: the source has none */
	const char *regency;        /* of the source, or NULL */
	const char *code;
	bool is_far;
} located[] = {
	{ "macet di Bogor, -6.595, 106.810", 0, 0, NULL, "32.71", false },
	{ "macet di Bogor", -6.595, 106.81, NULL, "32.71", false },
	{ "macet di Bogor", 0, 0, NULL, "32", false },
	{ "macet di Kota Bandung", -6.91, 107.61, NULL, "32.73", false },
	{ "macet di Kota Bandung", 3.59, 98.67, NULL, "32.73", true },
	/* a name of the source that gets its code here */
	{ "macet", 3.59, 98.67, "Kota Bandung", "32.73", true },
	{ "macet sekali", 3.59, 98.67, NULL, NULL, false },
};

START_TEST(coordinates_are_a_hint_and_far_ones_are_told)
{
	struct ticket t = ticket(located[_i].text);
	t.place.latitude = located[_i].latitude;
	t.place.longitude = located[_i].longitude;
	t.place.has_position = located[_i].latitude < 0 || located[_i].latitude > 0;
	t.place.regency = located[_i].regency;
	fill(&t, NULL, NULL);
	check(located[_i].text, "the place", t.place.code, located[_i].code);
	ck_assert(propose_is_far(tables, &t) == located[_i].is_far);
}
END_TEST

START_TEST(a_code_of_the_source_is_not_held_against_its_coordinates)
{
	struct ticket t = ticket("macet");
	t.place = (struct ticket_place){ .code = "32.73", .code_system = "kemendagri",
					 .has_position = true, .latitude = 3.59, .longitude = 98.67 };
	fill(&t, NULL, NULL);
	ck_assert(!propose_is_far(tables, &t));
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("propose");
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_loop_test(tests, a_complaint_gives_what_its_words_say, 0, COUNT_OF(golden));
	tcase_add_test(tests, names_and_zone_follow_from_the_place);
	tcase_add_test(tests, nothing_that_the_source_said_is_changed);
	tcase_add_test(tests, names_of_the_source_get_their_code);
	tcase_add_test(tests, the_home_alone_is_no_place);
	tcase_add_test(tests, a_salutation_goes_before_the_channel_and_that_before_the_model);
	tcase_add_test(tests, coordinates_in_the_text_are_a_position_and_a_zone);
	tcase_add_loop_test(tests, coordinates_are_a_hint_and_far_ones_are_told, 0, COUNT_OF(located));
	tcase_add_test(tests, a_code_of_the_source_is_not_held_against_its_coordinates);
	tcase_add_test(tests, every_category_of_the_rules_is_in_the_national_tree);
	tcase_add_loop_test(tests, what_is_missing_is_told, 0, COUNT_OF(whole));
	tcase_add_test(tests, a_date_is_demanded_only_where_the_rules_do);
	tcase_add_loop_test(tests, a_table_of_ids_is_read_or_refused_with_its_line, 0, COUNT_OF(files));
	return unit_run("propose", tests);
}
