/* test_email_rfc2047.c: encoded words, charsets, addresses. */
#include "email/address.h"
#include "email/charset.h"
#include "email/rfc2047.h"

#include <gmime/gmime.h>

#include "unit.h"

#include <string.h>

static const struct {
	const char *raw, *decoded;
} rows[] = {
	{ "Jalan rusak", "Jalan rusak" },
	{ "=?UTF-8?B?SmFsYW4gcnVzYWs=?=", "Jalan rusak" },
	{ "=?utf-8?q?Jalan_rusak?=", "Jalan rusak" },
	/* Adjacent words: the blanks between them are no text. */
	{ "=?UTF-8?B?SmFsYW4g?= =?UTF-8?B?cnVzYWs=?=", "Jalan rusak" },
	{ "=?UTF-8?B?SmFsYW4g?=\r\n\t =?UTF-8?Q?rusak?=", "Jalan rusak" },
	{ "=?UTF-8?Q?Jalan?= rusak =?UTF-8?Q?parah?=", "Jalan rusak parah" },
	{ "RT 03 =?UTF-8?Q?Jalan?=", "RT 03 Jalan" },
	/* A letter cut in two by the sender. */
	{ "=?UTF-8?B?4oI=?= =?UTF-8?B?rA==?=", "\xe2\x82\xac" },
	{ "=?UTF-8?Q?=E2=82?= =?utf-8?Q?=AC?=", "\xe2\x82\xac" },
	/* Padding left out. */
	{ "=?UTF-8?B?SmFsYW4gcnVzYWs?=", "Jalan rusak" },
	{ "=?UTF-8?B?YQ?=", "a" },
	{ "=?UTF-8?B?VEVTVA=?=", "TEST" },
	{ "a =?UTF-8?B?" "?= b", "a  b" },
	/* Language, RFC 2231. */
	{ "=?UTF-8*id?Q?Jalan?=", "Jalan" },
	/* Other charsets; latin1 means windows-1252. */
	{ "=?ISO-8859-1?Q?caf=E9?=", "caf\xc3\xa9" },
	{ "=?iso-8859-1?Q?=93kutip=94?=", "\xe2\x80\x9ckutip\xe2\x80\x9d" },
	{ "=?ISO-2022-JP?B?GyRCRnxLXBsoQg==?=", "\xe6\x97\xa5\xe6\x9c\xac" },
	{ "=?gb2312?B?1tDOxA==?=", "\xe4\xb8\xad\xe6\x96\x87" },
	{ "=?UTF-8?Q?a?= =?ISO-8859-1?Q?=E9?=", "a\xc3\xa9" },
	/* An unknown charset: what the bytes look like. */
	{ "=?x-tidak-ada?Q?Jalan_=C3=A9?=", "Jalan \xc3\xa9" },
	/* Declared UTF-8, and is not. */
	{ "=?UTF-8?Q?caf=E9?=", "caf\xc3\xa9" },
	/* Broken words stay as they are. */
	{ "=?UTF-8?B?SmFs*W4=?=", "=?UTF-8?B?SmFs*W4=?=" },
	{ "=?UTF-8?X?abc?=", "=?UTF-8?X?abc?=" },
	{ "=?UTF-8?Q?abc", "=?UTF-8?Q?abc" },
	{ "=?UTF-8?Q", "=?UTF-8?Q" },
	{ "=??Q?abc?=", "=??Q?abc?=" },
	{ "a =? b ?= c", "a =? b ?= c" },
	{ "", "" },
	{ "=?UTF-8?Q?" "?=", "" },
	/* Blanks inside, as some programs write. */
	{ "=?UTF-8?Q?Jalan rusak?=", "Jalan rusak" },
	{ "=?UTF-8?Q?100=25=ZZ?=", "100%=ZZ" },
	/* Words within text without blanks. */
	{ "[=?UTF-8?Q?Lapor?=]:x", "[Lapor]:x" },
	/* No line ends and no NUL from inside of a word. */
	{ "=?UTF-8?Q?a=0D=0ABcc:_x=00y?=", "a Bcc: xy" },
	/* Bytes outside of words. */
	{ "caf\xe9", "caf\xc3\xa9" },
	{ "caf\xc3\xa9 =?UTF-8?Q?x?=", "caf\xc3\xa9 x" },
};

START_TEST(a_header_value_is_decoded)
{
	struct kit_text *out = kit_text_new(1000);

	rfc2047_decode((struct jembatan_bytes){ rows[_i].raw, strlen(rows[_i].raw) }, out);
	ck_assert_str_eq(kit_text_string(out), rows[_i].decoded);
	kit_text_free(out);
}
END_TEST

static const struct {
	const char *charset, *bytes, *text;
} bodies[] = {
	{ "utf-8", "caf\xc3\xa9", "caf\xc3\xa9" },
	{ NULL, "caf\xe9", "caf\xc3\xa9" },
	{ "us-ascii", "caf\xc3\xa9", "caf\xc3\xa9" },
	{ "\"iso-8859-1\"", "caf\xe9", "caf\xc3\xa9" },
	{ "ISO-8859-1; format", "caf\xe9", "caf\xc3\xa9" },
	{ "iso-gb2312", "\xd6\xd0", "\xe4\xb8\xad" },
	{ "windows-1251", "\xcf\xf0", "\xd0\x9f\xd1\x80" },
	/* Declared one thing, sent another. */
	{ "euc-kr", "caf\xc3\xa9\xe2\x82\xac", "caf\xc3\xa9\xe2\x82\xac" },
	{ "iso-2022-jp", "caf\xc3\xa9", "caf\xc3\xa9" },
	/* One letter cut in UTF-8 does not make it windows-1252. */
	{ "utf-8", "\xc3\xa9\xc3\xa9 x \xe2\x82", "\xc3\xa9\xc3\xa9 x \xef\xbf\xbd" },
	{ "shift_jis", "\x93\xfa\x96\x7b", "\xe6\x97\xa5\xe6\x9c\xac" },
};

START_TEST(bytes_become_text_whatever_was_declared)
{
	struct kit_text *out = kit_text_new(1000);

	charset_to_utf8(bodies[_i].charset,
			(struct jembatan_bytes){ bodies[_i].bytes, strlen(bodies[_i].bytes) }, out);
	ck_assert_str_eq(kit_text_string(out), bodies[_i].text);
	kit_text_free(out);
}
END_TEST

static const struct {
	const char *header, *name, *mail;
} senders[] = {
	{ "Budi Santoso <budi@Example.ORG>", "Budi Santoso", "budi@example.org" },
	{ "budi@example.org", NULL, "budi@example.org" },
	{ "\"Santoso, Budi\" <Budi@example.org>", "Santoso, Budi", "Budi@example.org" },
	{ "=?UTF-8?B?QnVkaSA=?= =?UTF-8?B?U2FudG9zbw==?= <b@example.org>", "Budi Santoso",
	  "b@example.org" },
	{ "\"=?UTF-8?Q?Budi?=\" <b@example.org>", "Budi", "b@example.org" },
	/* A comma inside of a word does not make two senders. */
	{ "=?UTF-8?Q?Budi,_S.H.?= <b@example.org>", "Budi, S.H.", "b@example.org" },
	/* A name cannot forge an address. */
	{ "=?UTF-8?Q?Lurah_<lurah@example.go.id>,?= <b@example.org>",
	  "Lurah <lurah@example.go.id>,", "b@example.org" },
	{ "warga: budi@example.org, siti@example.org;", NULL, "budi@example.org" },
	{ "Budi", NULL, NULL },
	{ "<>", NULL, NULL },
	{ "", NULL, NULL },
	{ NULL, NULL, NULL },
};

static void same_or_null(const char *a, const char *b)
{
	ck_assert_msg((a == NULL) == (b == NULL) && (a == NULL || strcmp(a, b) == 0),
		      "%s, expected %s", a ? a : "NULL", b ? b : "NULL");
}

START_TEST(the_sender_is_a_name_and_an_address)
{
	struct kit_arena *arena = kit_arena_new();
	struct address address;

	g_mime_init();
	address_read(senders[_i].header, arena, &address);
	same_or_null(address.name, senders[_i].name);
	same_or_null(address.mail, senders[_i].mail);
	kit_arena_free(arena);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

int main(void)
{
	TCase *t = tcase_create("rfc2047");

	tcase_add_loop_test(t, a_header_value_is_decoded, 0, COUNT(rows));
	tcase_add_loop_test(t, bytes_become_text_whatever_was_declared, 0, COUNT(bodies));
	tcase_add_loop_test(t, the_sender_is_a_name_and_an_address, 0, COUNT(senders));
	return unit_run("email_rfc2047", t);
}
