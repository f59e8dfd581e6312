/* test_reply.c: texts, limits, hours and addresses. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "central/status.h"
#include "reply/address.h"
#include "reply/quiet.h"
#include "reply/templates.h"

#include "unit.h"

#define HOUR INT64_C(3600000)
#define NOW INT64_C(1800000000000) /* Friday 2027-01-15, 08:00 UTC */

/* ---- texts ------------------------------------------------------------- */

static const char *const full[REPLY_VALUES] = { "JB-7K3M9Q", "7654321", "terverifikasi", "Dinas",
						"02-12-2026", "Jalan rusak", "Dinas PU",
						"Sudah diperbaiki.", "- Di mana?" };
static const char *const none[REPLY_VALUES];

static char *render(const char *text, const char *const *values, bool is_secret, size_t max)
{
	struct buf out;
	buf_init(&out, 1 << 20);
	reply_render_text(text, values, is_secret, max, &out);
	return buf_take(&out);
}

static const struct {
	const char *text, *filled, *secret, *empty;
} lines[] = {
	{ "Nomor {number}.", "Nomor 7654321.", "Nomor 7654321.", "" },
	{ "A\nJudul: {title}\n\nB\n", "A\nJudul: Jalan rusak\n\nB", "A\n\nB", "A\n\nB" },
	{ "A\n\n{title}\n\n{office}", "A\n\nJalan rusak\n\nDinas", "A\n\nDinas", "A" },
	{ "{institution}: {answer}", "Dinas PU: Sudah diperbaiki.", "", "" },
	{ "{reference} {title}", "JB-7K3M9Q Jalan rusak", "JB-7K3M9Q ", "" },
	{ "Tanpa nilai", "Tanpa nilai", "Tanpa nilai", "Tanpa nilai" },
	{ "{missing}\nsampai {deadline}", "- Di mana?\nsampai 02-12-2026", "", "" },
};

START_TEST(a_line_without_values_is_left_out_and_a_secret_has_few)
{
	CLEANUP(free_pointer) char *filled = render(lines[_i].text, full, false, 0);
	CLEANUP(free_pointer) char *secret = render(lines[_i].text, full, true, 0);
	CLEANUP(free_pointer) char *empty = render(lines[_i].text, none, false, 0);
	ck_assert_str_eq(filled, lines[_i].filled);
	ck_assert_str_eq(secret, lines[_i].secret);
	ck_assert_str_eq(empty, lines[_i].empty);
}
END_TEST

START_TEST(a_value_that_looks_like_a_placeholder_stays_what_it_is)
{
	const char *values[REPLY_VALUES] = { [REPLY_VALUE_TITLE] = "{number}{secret}",
					     [REPLY_VALUE_NUMBER] = "1" };
	CLEANUP(free_pointer) char *text = render("{title}", values, false, 0);
	ck_assert_str_eq(text, "{number}{secret}");
}
END_TEST

static const struct {
	const char *text;
	size_t max;
	const char *cut;
} cuts[] = {
	{ "satu dua tiga", 0, "satu dua tiga" },
	{ "satu dua tiga", 13, "satu dua tiga" },
	{ "satu dua tiga", 12, "satu dua…" },
	{ "satu dua tiga", 9, "satu dua…" },
	{ "satu dua tiga", 8, "satu…" },
	{ "kataYangSangatPanjangSekali", 10, "kataYangS…" },
	/* One family is one grapheme, whatever it is made of. */
	{ "👨‍👩‍👧 👨‍👩‍👧 👨‍👩‍👧", 3, "👨‍👩‍👧…" },
	{ "👨‍👩‍👧 👨‍👩‍👧", 3, "👨‍👩‍👧 👨‍👩‍👧" },
};

START_TEST(a_text_is_cut_at_a_word_and_says_so)
{
	struct buf out;
	buf_init(&out, 1000);
	reply_cut(cuts[_i].text, cuts[_i].max, &out);
	CLEANUP(free_pointer) char *cut = buf_take(&out);
	ck_assert_str_eq(cut, cuts[_i].cut);
	ck_assert(cuts[_i].max == 0 || text_count_graphemes(cut) <= cuts[_i].max);
}
END_TEST

static bool is_safe(const char *s)
{
	bool safe = text_is_utf8(s, strlen(s));
	for (const char *c = s; *c != '\0'; c++)
		safe &= ((unsigned char)*c >= 0x20 || *c == '\n' || *c == '\t') && *c != 0x7f;
	return safe;
}

static bool is_one_line(const char *s)
{
	return is_safe(s) && strpbrk(s, "\n\t") == NULL && strstr(s, "\xe2\x80\xa8") == NULL &&
	       strstr(s, "\xe2\x80\xa9") == NULL && strstr(s, "\xc2\x85") == NULL;
}

/* Whatever stands in a title or answer: one header stays one line, and no
 * control character, terminal's or mail's, comes out. */
START_TEST(ten_thousand_injections_add_no_line_to_a_subject)
{
	static const char *const pieces[] = { "\r\n", "\n", "\r", "\r\nBcc: x@example.org", "\x1b[2J",
		"\xe2\x80\xae", "\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9", "\x0b", "\x0c", "{number}",
		"Jalan", " rusak", "\xff", "\x7f", "\t", "=?utf-8?q?=0D=0A?=", "<", ">", "\n\n.\n",
		"Content-Type: text/html", "\xf0\x9f\x98\x80", "\xc0\x8a" };
	srand(7);
	for (int n = 0; n < 10000; n++) {
		char title[256] = "";
		for (int i = 0; i < 8; i++)
			strcat(title, pieces[(size_t)rand() % COUNT_OF(pieces)]);
		const char *values[REPLY_VALUES] = { [REPLY_VALUE_TITLE] = title,
						     [REPLY_VALUE_NUMBER] = "7654321" };
		struct buf out;
		buf_init(&out, 1 << 16);
		reply_render_subject("Laporan {number}: {title}", values, false, &out);
		CLEANUP(free_pointer) char *subject = buf_take(&out);
		CLEANUP(free_pointer) char *text = render("Judul: {title}", values, false, 0);
		ck_assert_msg(is_one_line(subject) && is_safe(text), "%d: %s", n, subject);
	}
}
END_TEST

/* ---- the file ---------------------------------------------------------- */

static struct reply_templates *load(const char *yaml, struct problems *problems)
{
	char path[] = "/tmp/jembatan-reply-XXXXXX";
	struct why why;
	int fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	close(fd);
	ck_assert_int_eq(file_write(path, 0600, bytes_text(yaml), &why), JEMBATAN_OK);
	problems_init(problems);
	struct reply_templates *t = reply_templates_load(path, "replies.yaml", problems);
	unlink(path);
	return t;
}

static const struct {
	const char *yaml, *says;
} mistakes[] = {
	{ "languages:\n  id:\n    number: {text: \"{nomor}\"}\n", "replies.yaml:3: \"{nomor}\" names no" },
	{ "languages:\n  id:\n    number:\n      text: |\n        baik {number}\n        {salah}\n",
	  "replies.yaml:6: \"{salah}\" names no" },
	{ "languages:\n  id:\n    number: {text: \"{number\"}\n", "replies.yaml:3:" },
	{ "languages:\n  id:\n    number: {text: \"nomor}\"}\n", "replies.yaml:3:" },
	{ "languages:\n  id:\n    selesai: {text: \"x\"}\n", "replies.yaml:3: \"selesai\" is no event" },
	{ "languages:\n  id:\n    number: {isi: \"x\"}\n", "replies.yaml:3: \"isi\" is unknown here" },
	{ "languages:\n  id:\n    statuses: {beres: \"x\"}\n", "replies.yaml:3: \"beres\" is no state" },
	{ "languages:\n  en: {}\n", "replies.yaml: \"languages\" must hold the texts in \"id\"" },
	{ "bahasa: {}\nlanguages: {id: {}}\n", "replies.yaml:1: \"bahasa\" is unknown here" },
	{ "languages: {id: []}\n", "replies.yaml:1: \"id\" must be a map" },
	{ "languages:\n - x\n", "must be a map" },
};

START_TEST(a_mistake_in_a_text_has_its_line)
{
	struct problems problems;
	struct reply_templates *t = load(mistakes[_i].yaml, &problems);
	ck_assert_uint_ge(problems.count, 1);
	CLEANUP(free_pointer) char *says = problem_text(&problems.items[0]);
	ck_assert_msg(strstr(says, mistakes[_i].says) != NULL, "%s", says);
	problems_done(&problems);
	reply_templates_free(t);
}
END_TEST

START_TEST(a_channel_has_its_own_words_and_a_language_falls_back)
{
	struct problems problems;
	struct reply_text text;
	struct reply_templates *t = load(
		"languages:\n"
		"  id:\n    statuses: {verified: terverifikasi}\n"
		"    number: {subject: S, text: nomor}\n    verified: {text: kini}\n"
		"  en:\n    number: {text: number}\n"
		"channels:\n  x: {id: {number: {text: pendek}, verified: {text: \"\"}}}\n", &problems);
	ck_assert_uint_eq(problems.count, 0);
	ck_assert(reply_templates_find(t, "email", "id", REPLY_NUMBER, 0, &text));
	ck_assert_str_eq(text.text, "nomor");
	ck_assert_str_eq(text.subject, "S");
	ck_assert(reply_templates_find(t, "email", "en", REPLY_NUMBER, 0, &text));
	ck_assert_str_eq(text.text, "number");
	ck_assert(reply_templates_find(t, "email", "en", REPLY_STATUS, STATUS_VERIFIED, &text));
	ck_assert_str_eq(text.text, "kini");
	ck_assert(reply_templates_find(t, "x", "id", REPLY_NUMBER, 0, &text));
	ck_assert_str_eq(text.text, "pendek");
	/* Written as empty: nothing is sent there. */
	ck_assert(!reply_templates_find(t, "x", "id", REPLY_STATUS, STATUS_VERIFIED, &text));
	ck_assert(!reply_templates_find(t, "email", "id", REPLY_QUESTION, 0, &text));
	ck_assert(!reply_templates_find(t, "email", "id", REPLY_STATUS, STATUS_RECEIVED, &text));
	ck_assert_str_eq(reply_templates_status(t, "en", STATUS_VERIFIED), "terverifikasi");
	ck_assert_ptr_null(reply_templates_status(t, "id", STATUS_ARCHIVED));
	problems_done(&problems);
	reply_templates_free(t);
}
END_TEST

START_TEST(the_shipped_texts_are_right_and_tell_every_end)
{
	static const int states[] = { STATUS_DEFERRED, STATUS_VERIFIED, STATUS_IN_PROGRESS,
		STATUS_ANSWERED, STATUS_CLOSED_BY_ADMIN, STATUS_CLOSED_BY_SYSTEM, STATUS_ARCHIVED,
		STATUS_REJECTED };
	static const char *const languages[] = { "id", "en" };
	struct problems problems;
	struct reply_text text;
	problems_init(&problems);
	struct reply_templates *t = reply_templates_load(TEST_CONFIG "/replies.yaml",
							 "replies.yaml", &problems);
	ck_assert_uint_eq(problems.count, 0);
	for (size_t l = 0; l < COUNT_OF(languages); l++) {
		for (size_t s = 0; s < COUNT_OF(states); s++) {
			ck_assert(reply_templates_find(t, "email", languages[l], REPLY_STATUS, states[s],
						       &text));
			ck_assert_ptr_nonnull(reply_templates_status(t, languages[l], states[s]));
			CLEANUP(free_pointer) char *secret = render(text.text, full, true, 0);
			ck_assert_ptr_nonnull(strstr(secret, "7654321"));
			ck_assert_ptr_null(strstr(secret, "Jalan rusak"));
			ck_assert_ptr_null(strstr(secret, "Sudah"));
			ck_assert_ptr_null(strstr(secret, "Dinas PU"));
		}
		ck_assert(reply_templates_find(t, "whatsapp", languages[l], REPLY_NUMBER, 0, &text));
		ck_assert(reply_templates_find(t, "email", languages[l], REPLY_RESEND, 0, &text));
	}
	ck_assert(reply_templates_find(t, "x", "id", REPLY_NUMBER, 0, &text));
	CLEANUP(free_pointer) char *x = render(text.text, full, false, 280);
	ck_assert(text_count_graphemes(x) <= 280);
	problems_done(&problems);
	reply_templates_free(t);
}
END_TEST

/* ---- hours and caps ---------------------------------------------------- */

static const struct {
	const char *quiet;
	int zone;
	int64_t now_hour, end_hour; /* of UTC, from the day's midnight */
} nights[] = {
	{ "21:00-07:00", 420, 8, 8 },   /* 15:00 WIB */
	{ "21:00-07:00", 420, 14, 24 }, /* 21:00 WIB: until 07:00 WIB */
	{ "21:00-07:00", 420, 20, 24 }, /* 03:00 WIB of the next day */
	{ "21:00-07:00", 420, 0, 0 },   /* 07:00 WIB */
	{ "21:00-07:00", 480, 13, 23 }, /* 21:00 WITA */
	{ "21:00-07:00", 540, 12, 22 }, /* 21:00 WIT */
	{ "21:00-07:00", 540, 21, 22 },
	{ "12:00-13:00", 420, 5, 6 },   /* noon WIB */
	{ "12:00-13:00", 420, 6, 6 },
	{ "", 420, 20, 20 },
	{ NULL, 420, 20, 20 },
};

START_TEST(nobody_is_woken_in_his_own_zone)
{
	struct settings_quiet quiet;
	int64_t midnight = NOW - 8 * HOUR;
	ck_assert(settings_quiet_parse(nights[_i].quiet, &quiet));
	ck_assert_int_eq(reply_quiet_end_ms(&quiet, nights[_i].zone,
					    midnight + nights[_i].now_hour * HOUR),
			 midnight + nights[_i].end_hour * HOUR);
}
END_TEST

START_TEST(hours_that_are_none_are_refused)
{
	static const char *const bad[] = { "21-7", "21:00", "24:00-07:00", "21:60-07:00", "21:00 07:00",
					   "21:00-21:00", "aa:bb-cc:dd", "21:00-07:00x" };
	struct settings_quiet quiet;
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		ck_assert_msg(!settings_quiet_parse(bad[i], &quiet), "%s", bad[i]);
}
END_TEST

START_TEST(a_region_has_its_zone)
{
	ck_assert_int_eq(reply_zone_minutes("32.73", 0), 420);
	ck_assert_int_eq(reply_zone_minutes("51.71", 0), 480);
	ck_assert_int_eq(reply_zone_minutes("73", 0), 480);
	ck_assert_int_eq(reply_zone_minutes("91.03", 0), 540);
	ck_assert_int_eq(reply_zone_minutes("62.01", 0), 420);
	ck_assert_int_eq(reply_zone_minutes(NULL, 33), 33);
	ck_assert_int_eq(reply_zone_minutes("99", 33), 33);
}
END_TEST

START_TEST(an_address_gets_so_many_a_day_and_no_more)
{
	ck_assert_int_eq(reply_cap_ms(10, 9, NOW - HOUR, NOW), NOW);
	ck_assert_int_gt(reply_cap_ms(10, 10, NOW - HOUR, NOW), NOW + 22 * HOUR);
	ck_assert_int_gt(reply_cap_ms(1, 5, 0, NOW), NOW);
	ck_assert_int_eq(reply_cap_ms(0, 1000, NOW, NOW), NOW);
}
END_TEST

/* ---- addresses --------------------------------------------------------- */

static const struct {
	const char *connector, *id, *phone, *mail, *kind, *key;
} addresses[] = {
	{ "email", "x", "+62812", "Warga@Example.go.id", "mail", "warga@example.go.id" },
	{ "email", NULL, NULL, "a@b.id\r\nBcc: x@y.id", NULL, NULL },
	{ "email", NULL, NULL, "not a mail", NULL, NULL },
	{ "email", "x", "+62812", NULL, NULL, NULL },
	{ "whatsapp", "ID.AB12", "+62812", NULL, "id", "id.ab12" },
	{ "whatsapp", NULL, "+62812", "a@b.id", "phone", "+62812" },
	{ "whatsapp", NULL, NULL, "a@b.id", NULL, NULL },
	{ "lain", NULL, NULL, "a@b.id", "mail", "a@b.id" },
};

START_TEST(an_address_fits_its_channel_and_a_header)
{
	struct arena *arena = arena_new();
	struct jembatan_message m = { .author = { .id = addresses[_i].id, .phone = addresses[_i].phone,
						  .mail = addresses[_i].mail } };
	struct reply_address address;
	bool found = reply_address(reply_channel(addresses[_i].connector), &m, NULL, arena, &address);
	ck_assert_int_eq(found, addresses[_i].kind != NULL);
	if (found) {
		ck_assert_str_eq(address.kind, addresses[_i].kind);
		ck_assert_str_eq(address.key, addresses[_i].key);
	}
	arena_free(arena);
}
END_TEST

static const struct {
	const char *address, *sentence, *kept;
} sentences[] = {
	{ "siti@contoh.test", "550 5.1.1 <Siti@contoh.test> unknown user siti here",
	  "550 5.1.1 <****@******.****> unknown user **** here" },
	{ "+6281234567890", "(#131026) to 6281234567890: not on WhatsApp",
	  "(#131026) to *************: not on WhatsApp" },
	{ "+6281234567890", "another one, budi@contoh.test or 0812-9876-5432",
	  "another one, ****@******.**** or ****-****-****" },
	{ "@dayang@mastodon.contoh", "no account dayang at all", "no account ****** at all" },
	{ "w1", "w1 is too short to be looked for", "w1 is too short to be looked for" },
	{ "ID.12345678", "recipient id.12345678 is gone", "recipient *********** is gone" },
	{ NULL, "nobody's", "nobody's" },
};

START_TEST(a_channel_s_sentence_is_kept_without_whom_it_is_about)
{
	char text[200];
	snprintf(text, sizeof(text), "%s", sentences[_i].sentence);
	reply_hide(text, sentences[_i].address);
	ck_assert_str_eq(text, sentences[_i].kept);
}
END_TEST

START_TEST(machines_and_what_is_older_are_not_answered)
{
	struct jembatan_message m = { .kind = JEMBATAN_NEW, .arrived_ms = NOW };
	ck_assert_ptr_null(reply_not_answered(&m, NOW, NOW - HOUR));
	ck_assert_ptr_nonnull(reply_not_answered(&m, NOW, NOW + HOUR));
	m.flags = JEMBATAN_AUTOMATIC;
	ck_assert_ptr_nonnull(reply_not_answered(&m, NOW, 0));
	m.flags = JEMBATAN_FROM_CENTRE;
	ck_assert_ptr_nonnull(reply_not_answered(&m, NOW, 0));
	m.flags = 0;
	m.kind = JEMBATAN_SYSTEM;
	ck_assert_ptr_nonnull(reply_not_answered(&m, NOW, 0));
	m.kind = JEMBATAN_REACTION;
	ck_assert_ptr_nonnull(reply_not_answered(&m, NOW, 0));
	m.kind = JEMBATAN_UNREADABLE;
	ck_assert_ptr_null(reply_not_answered(&m, NOW, 0));
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("reply");
	tcase_add_loop_test(t, a_line_without_values_is_left_out_and_a_secret_has_few, 0,
			    COUNT_OF(lines));
	tcase_add_test(t, a_value_that_looks_like_a_placeholder_stays_what_it_is);
	tcase_add_loop_test(t, a_text_is_cut_at_a_word_and_says_so, 0, COUNT_OF(cuts));
	tcase_add_test(t, ten_thousand_injections_add_no_line_to_a_subject);
	tcase_add_loop_test(t, a_mistake_in_a_text_has_its_line, 0, COUNT_OF(mistakes));
	tcase_add_test(t, a_channel_has_its_own_words_and_a_language_falls_back);
	tcase_add_test(t, the_shipped_texts_are_right_and_tell_every_end);
	tcase_add_loop_test(t, nobody_is_woken_in_his_own_zone, 0, COUNT_OF(nights));
	tcase_add_test(t, hours_that_are_none_are_refused);
	tcase_add_test(t, a_region_has_its_zone);
	tcase_add_test(t, an_address_gets_so_many_a_day_and_no_more);
	tcase_add_loop_test(t, an_address_fits_its_channel_and_a_header, 0, COUNT_OF(addresses));
	tcase_add_loop_test(t, a_channel_s_sentence_is_kept_without_whom_it_is_about, 0,
			    COUNT_OF(sentences));
	tcase_add_test(t, machines_and_what_is_older_are_not_answered);
	return unit_run("reply", t);
}
