/* test_tokens.c: complaints, all made up, as the words and roles that are
 * compared. */
#include "ticket/tokens.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#define NOON_17_AUGUST INT64_C(1786950000000) /* 2026-08-17T14:00+07:00 */

static const char *const role_names[ROLE_COUNT] = {
	"", "n", "rt", "rw", "house", "gang", "block", "km", "street", "kel", "kec", "kab", "person",
	"school", "date", "id", "money", "topic",
};

/* That a word is a topic is looked at below. */
static bool is_plain(const struct token *t)
{
	return t->role == ROLE_WORD || t->role == ROLE_TOPIC;
}

/* "word word:role ..." */
static char *shown(const char *text, const char *location, struct tokens *t)
{
	struct lexicon *l = lexicon_new(100);
	char *out = xcalloc(1, 8192);
	size_t used = 0;
	tokens_read(l, text, location, NOON_17_AUGUST, 420, t);
	for (size_t i = 0; i < t->count; i++)
		used += (size_t)snprintf(out + used, 8192 - used, "%s%s%s%s", i > 0 ? " " : "",
					 t->items[i].text, is_plain(&t->items[i]) ? "" : ":",
					 is_plain(&t->items[i]) ? "" : role_names[t->items[i].role]);
	lexicon_free(l);
	return out;
}

static const struct {
	const char *text, *words;
} readings[] = {
	/* slang, repeated letters, words that say nothing */
	{ "Tolong dong min, lampu pju matiiii bgt", "lampu pju mati" },
	{ "LAMPU PJU PADAM", "lampu pju mati" },
	{ "anak2 main bola", "anak main bola" },
	{ "salat Jum'at, salat Jum\xe2\x80\x99" "at", "salat jumat salat jumat" },
	/* markup, addresses, mentions, hashtags, files */
	{ "<div dir=\"ltr\">Got</div><br>mampet&nbsp;parah", "got mampet parah" },
	{ "@kota_maju got mampet #banjir https://t.example/aB3 foto_123.jpg (1/2)", "got mampet banjir" },
	{ "kirim ke budi@contoh.example ya, got mampet", "kirim got mampet" },
	{ "> kutipan lama\ngot mampet\n-- \nBudi Contoh\nHP 0812-0000-0017", "got mampet" },
	{ "Subject: Fwd: Keluhan\nFrom: a\ngot mampet", "got mampet" },
	{ "[17/08/26 09.30] +62 812-0000-0017: got mampet", "got mampet" },
	/* numbers */
	{ "buka jam 05.00 tutup 0500", "buka jam 500:n tutup 500:n" },
	{ "iuran Rp 1.500.000 dan Rp1500000", "iuran 1500000:money 1500000:money" },
	{ "tiga anak, lima hari", "3:n anak 5:n hari" },
	{ "nomor 007 blok A4/39", "7:house a:block 4:block 39:n" },
	{ "nik 3273010101010001 warga", "3273010101010001:id warga" },
	/* dates; that of the message itself says nothing */
	{ "sejak 3 Januari 2026", "sejak d3m1:date" },
	{ "sejak 03/01/2026, 3-1-2026, 03012026", "sejak d3m1:date d3m1:date d3m1:date" },
	{ "hari ini 17 Agustus 2026 mati", "hari mati" },
	/* places */
	{ "Jl. Kenanga Raya No. 12 RT 03/05 Kel. Sukamaju Kec. Contoh Baru",
	  "jalan kenanga:street raya:street 12:house 3:rt 5:rw sukamaju:kel contoh:kec baru:kec" },
	{ "rt: 4, rw.05 gg III no45", "4:rt 5:rw 3:gang 45:house" },
	{ "jalan melati 7, rusak", "jalan melati:street 7:house rusak" },
	{ "kota contoh, kab. misal raya", "kota contoh:kab misal:kab raya:kab" },
	{ "atas nama Ratna Contoh alamat", "atas ratna:person contoh:person alamat" },
	{ "seperti ibu Wati Misal", "wati:person misal:person" },
	{ "SDN Contoh 3 bocor", "sdn contoh:school 3:school bocor" },
	{ "", "" },
	{ "\xf0\x9f\x98\xad\xf0\x9f\x98\xad !!! ...", "" },
};

START_TEST(a_text_is_read_as_words_and_roles)
{
	struct tokens t;
	char *words = shown(readings[_i].text, NULL, &t);
	ck_assert_msg(strcmp(words, readings[_i].words) == 0, "%s\n became  %s\n but not %s",
		      readings[_i].text, words, readings[_i].words);
	free(words);
}
END_TEST

START_TEST(a_phone_is_found_and_is_no_text)
{
	struct tokens t;
	char *words = shown("got mampet, hub 0812-0000 0017 atau +62 813 0000 0018", NULL, &t);
	ck_assert_str_eq(words, "got mampet hub");
	ck_assert_uint_eq(t.phone_count, 2);
	ck_assert_str_eq(t.phones[0], "081200000017");
	ck_assert_str_eq(t.phones[1], "081300000018");
	free(words);
}
END_TEST

START_TEST(the_location_is_marked_in_its_field_and_in_the_text)
{
	struct tokens t;
	free(shown("got mampet lokasi jalan melati\nsudah lama", "Jalan Kenanga 3", &t));
	const char *const inside[] = { "melati", "kenanga", "3" };
	const char *const outside[] = { "got", "mampet", "lama" };
	for (size_t i = 0; i < t.count; i++) {
		bool marked = (t.items[i].flags & TOKEN_LOCATION) != 0;
		for (size_t k = 0; k < COUNT_OF(inside); k++) {
			ck_assert(marked || strcmp(t.items[i].text, inside[k]) != 0);
			ck_assert(!marked || strcmp(t.items[i].text, outside[k]) != 0);
		}
	}
	ck_assert_uint_eq(t.count, 9);
}
END_TEST

START_TEST(a_text_without_end_stays_in_its_room)
{
	struct tokens t;
	char *text = xmalloc(400001);
	for (size_t i = 0; i < 400000; i++)
		text[i] = "abcdefgh ijklmn 12"[i * 7 % 18];
	text[400000] = '\0';
	free(shown(text, "jalan kenanga", &t));
	ck_assert_uint_le(t.count, TOKENS_MAX);
	ck_assert_str_eq(t.items[t.count - 1].text, "kenanga"); /* its room was kept free */
	free(text);
}
END_TEST

/* For another place and day, too: both are put to what was remembered. */
START_TEST(a_text_that_is_remembered_reads_as_at_first)
{
	struct lexicon *l = lexicon_new(100);
	struct tokens_memo *memo = tokens_memo_new();
	struct tokens plain, again;
	const char *texts[] = { readings[_i].text, readings[_i].text, "got mampet" };
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		const char *location = i == 1 ? "Jl. Melati RT 3" : "Desa Contoh";
		int64_t day_ms = i == 1 ? NOON_17_AUGUST : 0;
		tokens_read(l, texts[i], location, day_ms, 420, &plain);
		tokens_read_again(memo, l, texts[i], location, day_ms, 420, &again);
		ck_assert_uint_eq(plain.count, again.count);
		ck_assert_uint_eq(plain.topics, again.topics);
		ck_assert_uint_eq(plain.phone_count, again.phone_count);
		for (size_t n = 0; n < plain.count; n++) {
			const struct token *x = &plain.items[n], *y = &again.items[n];
			ck_assert_str_eq(x->text, y->text);
			ck_assert(x->size == y->size && x->role == y->role &&
				  x->flags == y->flags && x->number == y->number);
		}
	}
	tokens_memo_free(memo);
	lexicon_free(l);
}
END_TEST

START_TEST(a_topic_is_no_topic_inside_a_name)
{
	struct tokens t;
	free(shown("lampu padm mati di jalan jembatan baru", NULL, &t));
	ck_assert_uint_eq(t.items[0].role, ROLE_TOPIC);
	ck_assert_uint_eq(t.items[1].role, ROLE_WORD); /* unknown slang */
	ck_assert_uint_eq(t.items[2].role, ROLE_TOPIC);
	ck_assert_str_eq(t.items[4].text, "jembatan");
	ck_assert_uint_eq(t.items[4].role, ROLE_STREET);
	free(shown("lampune mti", NULL, &t)); /* slang of a topic's word */
	ck_assert_uint_eq(t.items[1].role, ROLE_TOPIC);
}
END_TEST

START_TEST(roman_numerals_are_numbers_and_letters_are_not)
{
	ck_assert_uint_eq(lexicon_roman("iv"), 4);
	ck_assert_uint_eq(lexicon_roman("xxix"), 29);
	ck_assert_uint_eq(lexicon_roman("iiii"), 0);
	ck_assert_uint_eq(lexicon_roman("vx"), 0);
	ck_assert_uint_eq(lexicon_roman(""), 0);
	ck_assert_uint_eq(lexicon_month("agt"), 8);
	ck_assert_uint_eq(lexicon_month("agus"), 0);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("tokens");
	tcase_add_loop_test(t, a_text_is_read_as_words_and_roles, 0, COUNT_OF(readings));
	tcase_add_test(t, a_phone_is_found_and_is_no_text);
	tcase_add_test(t, the_location_is_marked_in_its_field_and_in_the_text);
	tcase_add_test(t, a_text_without_end_stays_in_its_room);
	tcase_add_loop_test(t, a_text_that_is_remembered_reads_as_at_first, 0, COUNT_OF(readings));
	tcase_add_test(t, a_topic_is_no_topic_inside_a_name);
	tcase_add_test(t, roman_numerals_are_numbers_and_letters_are_not);
	return unit_run("tokens", t);
}
