/* test_place.c: where made-up complaints say that they are, with the table of
 * regions that ships. */
#include "ticket/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

static struct regions *regions;
static const struct place_hints anywhere = { .home = REGION_NONE };

static void set_up(void)
{
	struct why why = { "" };
	ck_assert_msg(regions_load(TEST_REGIONS, &regions, &why) == JEMBATAN_OK, "%s", why.text);
}

static void tear_down(void)
{
	regions_free(regions);
}

static const struct {
	const char *home, *text, *location;
	const char *code; /* "?" after it: ambiguous */
} sentences[] = {
	/* typed, from the top down */
	{ NULL, "Lampu mati di Kel. Jemur Wonosari Kec. Wonocolo Kota Surabaya", NULL, "35.78.02.1004" },
	{ NULL, "jalan rusak kecamatan wonocolo", NULL, "35.78.02" },
	{ NULL, "LAMPU MATI KEC.WONOCOLO", NULL, "35.78.02" },
	{ NULL, "banjir", "Wonocolo, Kota Surabaya, Jawa Timur", "35.78.02" },
	/* written together or apart; both apostrophes; a blank that does not break */
	{ "35.78", "got mampet Kec. Gununganyar", NULL, "35.78.25" },
	{ "35.78", "got mampet Kec. Gunung\xc2\xa0" "Anyar", NULL, "35.78.25" },
	{ NULL, "air mati di Kabupaten Ma'mur Jaya", NULL, NULL },
	/* a village of a common name only below what is known */
	{ NULL, "jembatan putus di Desa Sidomulyo", NULL, NULL },
	{ NULL, "jembatan putus di Desa Sidomulyo Kab. Deli Serdang", NULL,
	  "12.07.07.2013" },
	/* twins */
	{ NULL, "macet di Bogor", NULL, "32?" },
	{ NULL, "macet di Kota Bogor", NULL, "32.71" },
	{ NULL, "macet di Kab. Bogor", NULL, "32.01" },
	{ NULL, "macet di Kec. Cibinong, Bogor", NULL, "32.01.01" },
	{ "32.71", "macet di Bogor", NULL, "32.71" },
	/* the home limits, but a typed name elsewhere is believed */
	{ "35.78", "jalan rusak di Bandung", NULL, "35.78" },
	{ "35.78", "jalan rusak di Kota Bandung", NULL, "32.73" },
	/* provinces, old and short names */
	{ NULL, "listrik padam di Jabar", NULL, "32" },
	{ NULL, "listrik padam di provinsi Irian Jaya", NULL, "91" },
	{ NULL, "listrik padam di Papua Barat Daya", NULL, "96" },
	{ NULL, "listrik padam di Kota Administrasi Jakarta Selatan", NULL, "31.74" },
	{ NULL, "listrik padam di kota ujung pandang", NULL, "73.71" },
	{ NULL, "listrik padam di Kota Makasar", NULL, "73.71" },
	{ NULL, "listrik padam di Kec. Makasar, Jakarta Timur", NULL, "31.75.08" },
	{ NULL, "listrik padam di Kep. Riau", NULL, "21" },
	{ NULL, "listrik padam di Prov. Kep. Bangka Belitung", NULL, "19" },
	{ NULL, "listrik padam di Kab. Kep. Talaud", NULL, "71.04" },
	{ NULL, "listrik padam di Kabupaten Kepulauan Siau Tagulandang Biaro", NULL, "71.09" },
	{ NULL, "listrik padam di Kabupaten Mamuju Utara", NULL, "76.01" },
	{ NULL, "listrik padam di Kabupaten Polewali Mamasa", NULL, "76.04" },
	{ NULL, "listrik padam di Kab. Toba Samosir", NULL, "12.12" },
	{ NULL, "listrik padam di kodya bandung", NULL, "32.73" },
	/* streets, schools and directions bear names of elsewhere */
	{ NULL, "lubang di Jl. Surabaya dekat pasar", NULL, NULL },
	{ "35.78", "lubang di Jalan Rungkut Madya", NULL, "35.78" },
	{ NULL, "nasib malang, ban bocor kena batu", NULL, NULL },
	/* but what is broken in Surabaya is no street of that name */
	{ NULL, "jalan rusak di Surabaya", NULL, "35.78" },
	{ NULL, "Jln berlubang daerah Lembang, Bandung Barat", NULL, "32.17" },
	{ NULL, "gang buntu wilayah Kota Bogor", NULL, "32.71" },
	{ NULL, "banjir di Jalan Raya Surabaya", NULL, NULL },
	/* two kecamatan: rather none */
	{ "35.78", "dari Kec. Wonocolo sampai Kec. Gubeng", NULL, "35.78" },
	{ NULL, "", NULL, NULL },
};

START_TEST(a_sentence_gives_its_place_or_none)
{
	struct place p;
	char code[REGION_CODE_SIZE + 1];
	struct place_hints hints = anywhere;
	if (sentences[_i].home != NULL)
		hints.home = regions_by_code(regions, sentences[_i].home);
	place_find(regions, sentences[_i].text, sentences[_i].location, &hints, &p);
	regions_code(regions, p.region, code);
	if (p.is_ambiguous)
		strcat(code, "?");
	const char *expected = sentences[_i].code != NULL ? sentences[_i].code : "";
	ck_assert_msg(strcmp(code, expected) == 0, "%s: %s", sentences[_i].text, code);
}
END_TEST

/* Every base name that is a kabupaten and a kota. */
START_TEST(twins_are_ambiguous_unless_typed)
{
	unsigned twins = 0;
	for (uint32_t i = 0; i < regions_count(regions); i++) {
		struct region kota = regions_at(regions, i);
		struct place p;
		char text[120], other[REGION_CODE_SIZE];
		if (kota.level != REGION_KABUPATEN || !kota.is_kota || str_starts(kota.name + 5, "Admin"))
			continue;
		const char *base = kota.name + 5;
		snprintf(text, sizeof(text), "lampu mati di Kabupaten %s", base);
		place_find(regions, text, NULL, &anywhere, &p);
		if (p.level != REGION_KABUPATEN)
			continue;
		twins++;
		ck_assert(!regions_at(regions, p.region).is_kota);
		snprintf(text, sizeof(text), "lampu mati di Kota %s", base);
		place_find(regions, text, NULL, &anywhere, &p);
		ck_assert_uint_eq(p.region, i);
		ck_assert(!p.is_ambiguous);
		snprintf(text, sizeof(text), "lampu mati, %s", base);
		place_find(regions, text, NULL, &anywhere, &p);
		regions_code(regions, i, other);
		ck_assert_msg(p.level < REGION_KABUPATEN, "%s %s", other, text);
	}
	ck_assert_uint_eq(twins, 26);
}
END_TEST

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* All village names of the table, equal ones side by side. The caller frees. */
static const char **village_names(size_t *out_count)
{
	const char **names = xmalloc(regions_count(regions) * sizeof(*names));
	size_t count = 0;
	for (uint32_t i = 0; i < regions_count(regions); i++)
		if (regions_at(regions, i).level == REGION_VILLAGE)
			names[count++] = regions_at(regions, i).name;
	qsort(names, count, sizeof(*names), by_name);
	*out_count = count;
	return names;
}

START_TEST(a_village_of_many_namesakes_is_no_place_by_itself)
{
	size_t count, common = 0, most = 0;
	const char **names = village_names(&count);
	for (size_t i = 0, same; i < count; i += same) {
		for (same = 1; i + same < count && strcmp(names[i], names[i + same]) == 0;)
			same++;
		struct place p;
		char text[120];
		most = same > most ? same : most;
		if (same < 20)
			continue;
		common++;
		snprintf(text, sizeof(text), "jembatan putus di desa %s", names[i]);
		place_find(regions, text, NULL, &anywhere, &p);
		ck_assert_msg(p.level < REGION_KECAMATAN, "%s", text);
	}
	ck_assert_uint_eq(most, 98); /* Sidomulyo */
	ck_assert_uint_gt(common, 50);
	free(names);
}
END_TEST

START_TEST(codes_and_numbers_say_the_same)
{
	ck_assert_uint_eq(regions_count(regions), 91599);
	for (uint32_t i = 0; i < regions_count(regions); i += 7) {
		char code[REGION_CODE_SIZE];
		regions_code(regions, i, code);
		ck_assert_uint_eq(regions_by_code(regions, code), i);
	}
	ck_assert_uint_eq(regions_by_code(regions, "32.73.99"), REGION_NONE);
	ck_assert_uint_eq(regions_by_code(regions, ""), REGION_NONE);
}
END_TEST

START_TEST(the_zone_follows_from_the_province)
{
	static const struct {
		const char *code;
		int minutes;
	} rows[] = { { "11", 420 }, { "36.71", 420 }, { "61", 420 }, { "62", 420 }, { "51.71", 480 },
		     { "63", 480 }, { "65", 480 }, { "73.71", 480 }, { "76", 480 }, { "81", 540 },
		     { "82", 540 }, { "91", 540 }, { "96", 540 } };
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		ck_assert_int_eq(regions_zone_minutes(regions, regions_by_code(regions, rows[i].code)),
				 rows[i].minutes);
	ck_assert_int_eq(regions_zone_minutes(regions, REGION_NONE), 420);
}
END_TEST

START_TEST(a_cut_or_foreign_file_is_refused)
{
	char path[] = "/tmp/jembatan-test-regions-XXXXXX";
	struct regions *r = NULL;
	struct why why;
	int fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	close_fd(&fd);
	ck_assert_int_eq(regions_load(path, &r, &why), JEMBATAN_CONFIG);
	FILE *in = fopen(TEST_REGIONS, "re"), *out = fopen(path, "we");
	char bytes[4096];
	ck_assert(fread(bytes, sizeof(bytes), 1, in) == 1 && fwrite(bytes, sizeof(bytes), 1, out) == 1);
	fclose(in);
	fclose(out);
	ck_assert_int_eq(regions_load(path, &r, &why), JEMBATAN_CONFIG);
	ck_assert_int_eq(remove(path), 0);
	ck_assert_int_eq(regions_load(path, &r, &why), JEMBATAN_CONFIG);
}
END_TEST

START_TEST(the_words_that_decided_are_told)
{
	struct place p;
	place_find(regions, "pohon tumbang Kel. Jemur Wonosari, Kec. Wonocolo", NULL, &anywhere, &p);
	ck_assert_uint_eq(p.level, REGION_KECAMATAN);
	ck_assert_uint_eq(p.evidence_count, 1);
	ck_assert_str_eq(p.evidence[0], "kec wonocolo");
	ck_assert(p.margin == 1);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("place");
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_loop_test(tests, a_sentence_gives_its_place_or_none, 0, COUNT_OF(sentences));
	tcase_add_test(tests, twins_are_ambiguous_unless_typed);
	tcase_add_test(tests, a_village_of_many_namesakes_is_no_place_by_itself);
	tcase_add_test(tests, codes_and_numbers_say_the_same);
	tcase_add_test(tests, the_zone_follows_from_the_province);
	tcase_add_test(tests, a_cut_or_foreign_file_is_refused);
	tcase_add_test(tests, the_words_that_decided_are_told);
	return unit_run("place", tests);
}
