/* test_place_hints.c: what decides where words alone leave the place open, or name
 * one that is a word like others: what stands above, coordinates, how an address is
 * written, one wrong letter. All complaints are made up. */
#include "ticket/place.h"

#include <string.h>

#include "unit.h"

static struct regions *regions;

static void set_up(void)
{
	struct why why = { "" };
	ck_assert_msg(regions_load(TEST_REGIONS, &regions, &why) == JEMBATAN_OK, "%s", why.text);
}

static void tear_down(void)
{
	regions_free(regions);
}

static void find(const char *home, const char *text, const char *location, struct place *out)
{
	struct place_hints hints = { .home = REGION_NONE };
	if (home != NULL)
		hints.home = regions_by_code(regions, home);
	place_find(regions, text, location, &hints, out);
}

static void check(const char *text, const struct place *p, const char *expected)
{
	char code[REGION_CODE_SIZE + 1];
	regions_code(regions, p->region, code);
	if (p->is_ambiguous)
		strcat(code, "?");
	ck_assert_msg(strcmp(code, expected != NULL ? expected : "") == 0, "%s: %s", text, code);
}

/* ---- names that are ordinary words ---------------------------------------- */

static const struct {
	const char *home, *text, *code;
} common[] = {
	{ NULL, "jalan rusak di Kec. Kota", NULL },
	{ NULL, "jalan rusak di Kec. Kota, Kota Kediri", "35.71.02" },
	{ "35.71", "jalan rusak di Kec. Kota", "35.71.02" },
	{ "35", "jalan rusak di Kec. Kota", NULL },
	{ NULL, "jalan rusak di Kec. Kota, Jawa Timur", "35" },
	{ NULL, "jalan rusak di Kec. Kota, Kab. Kudus", "33.19" },
	{ NULL, "kecamatan barat sering banjir", NULL },
	{ NULL, "Kec. Barat Kab. Magetan sering banjir", "35.20.12" },
	{ NULL, "lampu mati di kec raya", NULL },
	{ NULL, "kecamatan tetap tutup padahal jam kerja", NULL },
	{ NULL, "pak camat bambang tidak ada di tempat", NULL },
	{ NULL, "kec. juli 2025 belum melayani", NULL },
	{ NULL, "Kec. Batu, mohon diperbaiki", NULL },
	/* names of their own are not */
	{ NULL, "jalan rusak di Kec. Wonocolo", "35.78.02" },
	{ NULL, "jalan rusak di Kec. Kota Sumenep", "35.29.01" },
	{ NULL, "jalan rusak di Kec. Gunung Anyar", "35.78.25" },
};

START_TEST(a_common_name_needs_a_kabupaten_above_it)
{
	struct place p;
	find(common[_i].home, common[_i].text, NULL, &p);
	check(common[_i].text, &p, common[_i].code);
}
END_TEST

/* ---- coordinates ----------------------------------------------------------- */

static const struct {
	const char *home, *text;
	double latitude, longitude;
	const char *code;
	double at_least, at_most; /* the margin */
} positions[] = {
	/* twins: in the middle of the kota, far from it, and between */
	{ NULL, "macet di Bogor", -6.595, 106.81, "32.71", 0.5, 0.8 },
	{ NULL, "macet di Bogor", -6.56, 106.52, "32.01", 0.5, 0.8 },
	{ NULL, "macet di Bogor", -6.54, 106.77, "32?", 0, 0 },
	{ "32", "macet di Bogor", -6.595, 106.81, "32.71", 0.5, 0.8 },
	{ NULL, "macet di Bogor", -0.90, 119.87, "32?", 0, 0 },
	{ NULL, "macet di Kediri", -7.82, 112.01, "35.71", 0.5, 0.8 },
	{ NULL, "macet di Kediri", -7.75, 112.20, "35.06", 0.5, 0.8 },
	{ NULL, "banjir di Banjar, airnya tinggi sekali", -3.40, 114.86, NULL, 0, 0 },
	/* what is typed stays what it is */
	{ NULL, "macet di Kab. Bogor", -6.595, 106.81, "32.01", 1, 1 },
	/* a kecamatan of several regencies */
	{ NULL, "jalan putus di Kec. Sooko", -7.50, 112.43, "35.16.13", 0.5, 0.8 },
	{ NULL, "jalan putus di Kec. Sooko", -7.87, 111.60, "35.02.06", 0.5, 0.8 },
	{ NULL, "jalan putus di Kec. Sooko", -7.65, 111.98, NULL, 0, 0 },
	{ NULL, "jalan putus di Kec. Sooko", -0.90, 119.87, NULL, 0, 0 },
	/* never by themselves */
	{ NULL, "jalan putus di sini", -7.50, 112.43, NULL, 0, 0 },
	{ NULL, "jalan putus di Desa Sidomulyo", -7.50, 112.43, NULL, 0, 0 },
	{ NULL, "jalan putus di Kec. Kota", -7.82, 112.01, NULL, 0, 0 },
	{ "35.16", "jalan putus di sini", -7.50, 112.43, "35.16", 1, 1 },
	/* words and coordinates that cannot both be right */
	{ NULL, "macet di Kota Bandung", 3.59, 98.67, "32.73", 0.1, 0.3 },
	{ NULL, "macet di Kec. Wonocolo", -0.90, 119.87, "35.78.02", 0.1, 0.3 },
	{ NULL, "listrik padam di Jawa Barat", -5.14, 119.43, "32", 0.1, 0.3 },
	{ NULL, "macet di Kota Bandung", -6.91, 107.61, "32.73", 1, 1 },
	{ NULL, "macet di Kota Bandung", 0, 0, "32.73", 1, 1 },
	{ NULL, "macet di Kota Bandung", 107.61, -6.91, "32.73", 1, 1 },
	{ NULL, "macet di Bogor", 0, 0, "32?", 0, 0 },
	{ NULL, "listrik padam di Jawa Barat", -7.70, 108.50, "32", 1, 1 },
	{ NULL, "listrik padam di Kab. Malinau", 2.40, 115.60, "65.02", 1, 1 },
};

START_TEST(coordinates_decide_what_words_leave_open_and_no_more)
{
	struct place_hints hints = { .home = REGION_NONE, .has_position = true,
				     .latitude = positions[_i].latitude,
				     .longitude = positions[_i].longitude };
	struct place p;
	if (positions[_i].home != NULL)
		hints.home = regions_by_code(regions, positions[_i].home);
	place_find(regions, positions[_i].text, NULL, &hints, &p);
	check(positions[_i].text, &p, positions[_i].code);
	ck_assert_msg(p.margin >= positions[_i].at_least && p.margin <= positions[_i].at_most,
		      "%s: %.2f", positions[_i].text, p.margin);
}
END_TEST

START_TEST(distances_are_to_the_nearest_seat)
{
	uint32_t bandung = regions_by_code(regions, "32.73"), west_java = regions_by_code(regions, "32");
	uint32_t below = regions_by_code(regions, "32.73.01");
	double km = regions_distance_km(regions, bandung, -6.18, 106.83);
	ck_assert(km > 110 && km < 130);
	ck_assert(regions_distance_km(regions, below, -6.18, 106.83) == km);
	ck_assert(regions_distance_km(regions, west_java, -6.18, 106.83) < 30);
	ck_assert(regions_distance_km(regions, west_java, -7.69, 108.50) < 1); /* its last kabupaten */
	ck_assert(regions_distance_km(regions, west_java, -6.48, 106.84) < 1); /* and its first */
	ck_assert(regions_distance_km(regions, regions_by_code(regions, "91.20"), -2, 138) < 0);
	ck_assert(regions_distance_km(regions, REGION_NONE, -2, 138) < 0);
	ck_assert(regions_reach_km(regions, bandung) > 0);
	ck_assert(regions_reach_km(regions, regions_by_code(regions, "32.04")) == 0);
	ck_assert(regions_reach_km(regions, REGION_NONE) == 0);
}
END_TEST

/* ---- how an address is written --------------------------------------------- */

static const struct {
	const char *home, *text, *location, *code;
} addresses[] = {
	/* a number ends what stands before; RT and RW what stands behind */
	{ "35.78", "lampu mati", "Jl. Mawarmekar 3 RT 04 RW 09 Sawunggaling", "35.78.04" },
	{ "35.78", "lampu mati", "Jl. Mawarmekar No. 10 Airlangga, Kota Surabaya", "35.78.08" },
	{ "35.78", "lampu mati", "Bangkingan RT.05 RW.01", "35.78.18" },
	{ "35.78", "lampu mati", "gang buntu, Wiyung Surabaya", "35.78.20" },
	/* offices of a kecamatan */
	{ "35.78", "antrean di Puskesmas Kalirungkut lama sekali", NULL, "35.78.03" },
	{ "35.78", "lubang di depan Polsek Wonocolo", NULL, "35.78.02" },
	{ "35.78", "nikah di KUA Benowo dipersulit", NULL, "35.78.19" },
	{ NULL, "antrean di Puskesmas Kalirungkut lama sekali", NULL, NULL },
	/* a kecamatan, and a village of that name in another one */
	{ "35.78", "got mampet", "Jl. Mawarmekar, Benowo, Kota Surabaya", "35.78" },
	{ "35.78", "got mampet", "Jl. Mawarmekar, Kec. Benowo, Kota Surabaya", "35.78.19" },
	{ "35.78", "got mampet", "Jl. Mawarmekar, Kel. Benowo, Kota Surabaya", "35.78.30.1005" },
	/* a street that leads elsewhere makes the rest doubtful */
	{ "35.78", "got mampet", "Jalan Kutisari No. 2, Siwalankerto, Kota Surabaya", "35.78" },
	{ "35.78", "got mampet", "Jalan Mawarmekar, Siwalankerto, Kota Surabaya", "35.78.02" },
	/* outside the home only what is typed */
	{ "35.78", "got mampet", "Jalan Mawarmekar, Kletek, Kabupaten Sidoarjo", "35.15" },
	{ "35.78", "got mampet", "Jalan Mawarmekar, Kec. Taman, Kabupaten Sidoarjo", "35.15.13" },
	{ NULL, "got mampet", "Jalan Mawarmekar, Kletek, Kabupaten Sidoarjo", "35.15.13" },
	{ "35", "got mampet", "Jalan Mawarmekar, Kletek, Kabupaten Sidoarjo", "35.15.13" },
};

START_TEST(an_address_is_read_as_people_write_it)
{
	struct place p;
	char code[REGION_CODE_SIZE];
	const char *expected = addresses[_i].code != NULL ? addresses[_i].code : "";
	find(addresses[_i].home, addresses[_i].text, addresses[_i].location, &p);
	regions_code(regions, p.region, code);
	/* The village may be known as well. */
	if (strlen(expected) == 8)
		code[8] = '\0';
	ck_assert_msg(strcmp(code, expected) == 0, "%s, %s: %s", addresses[_i].location,
		      addresses[_i].text, code);
}
END_TEST

/* ---- one wrong letter ------------------------------------------------------- */

static const struct {
	const char *home, *text, *code;
} misspelt[] = {
	{ "35.78", "got mampet di Kec. Semampirr", "35.78.16" },
	{ "35.78", "got mampet di kecamatan Pabean Cantikan", "35.78.12" },
	{ "35.78", "got mampet di kec. Wonoclo", "35.78.02" },
	{ "35.78", "got mampet di kec. Wonocloo", "35.78.02" },
	{ "35.78", "got mampet di kec. Wonoxolo", "35.78.02" },
	{ NULL, "got mampet di Kec. Semampirr Kota Surabaya", "35.78.16" },
	/* nothing above it, no prefix, two letters, a short name, a name elsewhere */
	{ NULL, "got mampet di Kec. Semampirr", NULL },
	{ "35.78", "got mampet di Semampirr", "35.78" },
	{ "35.78", "got mampet di Kec. Semxmpirr", "35.78" },
	{ "35.78", "got mampet di Kec. Bulax", "35.78" },
	{ "35.78", "got mampet di Kec. Wonocoyo", "35.78" },
};

START_TEST(one_wrong_letter_behind_kecamatan_is_forgiven)
{
	struct place p;
	find(misspelt[_i].home, misspelt[_i].text, NULL, &p);
	check(misspelt[_i].text, &p, misspelt[_i].code);
	if (p.level == REGION_KECAMATAN)
		ck_assert(p.margin <= 0.8);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("place_hints");
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_loop_test(tests, a_common_name_needs_a_kabupaten_above_it, 0, COUNT_OF(common));
	tcase_add_loop_test(tests, coordinates_decide_what_words_leave_open_and_no_more, 0,
			    COUNT_OF(positions));
	tcase_add_test(tests, distances_are_to_the_nearest_seat);
	tcase_add_loop_test(tests, an_address_is_read_as_people_write_it, 0, COUNT_OF(addresses));
	tcase_add_loop_test(tests, one_wrong_letter_behind_kecamatan_is_forgiven, 0,
			    COUNT_OF(misspelt));
	return unit_run("place_hints", tests);
}
