/* test_email_reader.c: the IMAP reader, fed whole and byte by byte. */
#include "email/imap_reader.h"
#include "email/imap_uids.h"

#include "unit.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Everything the reader says about `input`, as text. */
static char said[65536];

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
	size_t used = strlen(said);
	va_list ap;

	va_start(ap, format);
	vsnprintf(said + used, sizeof said - used, format, ap);
	va_end(ap);
}

static void say_fetch(const struct imap_fetch *f)
{
	say("fetch uid=%u", f->uid);
	if (f->has_size)
		say(" size=%llu", (unsigned long long)f->size);
	if (f->internal_ms != 0)
		say(" date=%lld", (long long)f->internal_ms);
	if (f->has_body)
		say(" body=%s%.*s%s", f->body_nil ? "NIL" : "<", (int)f->body_size, f->body,
		    f->body_nil ? "" : ">");
	say("%s\n", f->body_cut ? " cut" : "");
}

static bool say_event(enum imap_event event, const struct imap_item *i)
{
	static const char *const words[] = { "OK", "NO", "BAD", "BYE", "PREAUTH" };

	switch (event) {
	case IMAP_NEED_BYTES:
		return false;
	case IMAP_TAGGED:
		say("%s %s %s\n", i->tag, words[i->status], i->text);
		break;
	case IMAP_UNTAGGED:
		say("* %s %s\n", words[i->status], i->text);
		break;
	case IMAP_CONTINUE:
		say("+ %s\n", i->text);
		break;
	case IMAP_EXISTS:
		say("exists %u\n", i->first);
		break;
	case IMAP_EXPUNGE:
		say("expunge %u\n", i->first);
		break;
	case IMAP_CAPABILITY:
		say("can %s\n", i->text);
		break;
	case IMAP_UIDS:
		say("uids %u:%u\n", i->first, i->last);
		break;
	case IMAP_FETCH:
		say_fetch(&i->fetch);
		break;
	case IMAP_BROKEN:
		if (strstr(said, "broken") == NULL)
			say("broken\n");
		return false;
	}
	return true;
}

static const char *read_all(const char *input, size_t size, size_t piece, size_t body_max)
{
	struct imap_reader *r = imap_reader_new(body_max);
	struct imap_item item;

	said[0] = '\0';
	for (size_t at = 0; at < size;) {
		size_t room, n = size - at < piece ? size - at : piece;
		char *into = imap_reader_room(r, &room);

		ck_assert_uint_gt(room, 0);
		n = n < room ? n : room;
		memcpy(into, input + at, n);
		imap_reader_fed(r, n);
		at += n;
		while (say_event(imap_reader_next(r, &item), &item))
			;
	}
	imap_reader_free(r);
	return said;
}

static const struct {
	const char *input, *said;
} rows[] = {
	{ "* OK ready\r\nJ1 OK [READ-ONLY] done\r\n", "* OK ready\nJ1 OK [READ-ONLY] done\n" },
	{ "* CAPABILITY IMAP4rev1 ESEARCH\r\nJ1 OK\r\n",
	  "can IMAP4rev1\ncan ESEARCH\nJ1 OK \n" },
	{ "* 3 EXISTS\r\n* 1 RECENT\r\n* 2 EXPUNGE\r\n", "exists 3\nexpunge 2\n" },
	{ "* SEARCH 3 5 9\r\n* SEARCH\r\nJ1 NO busy\r\n",
	  "uids 3:3\nuids 5:5\nuids 9:9\nJ1 NO busy\n" },
	{ "* SEARCH 3 5 (MODSEQ 917162500)\r\n", "uids 3:3\nuids 5:5\n" },
	{ "* ESEARCH (TAG \"J2\") UID ALL 1:4,7,12:9\r\n", "uids 1:4\nuids 7:7\nuids 9:12\n" },
	{ "* ESEARCH (TAG \"J2\") UID MIN 3 COUNT 20 MAX 99\r\n", "uids 3:3\n" },
	{ "* ESEARCH (TAG \"J2\") UID\r\n", "" },
	{ "* 1 FETCH (UID 7 RFC822.SIZE 44 INTERNALDATE \"17-Jul-1996 02:44:25 -0700\")\r\n",
	  "fetch uid=7 size=44 date=837596665000\n" },
	{ "* 1 FETCH (UID 7 BODY[] {5}\r\nab\r\nc)\r\n", "fetch uid=7 body=<ab\r\nc>\n" },
	{ "* 1 FETCH (BODY[] {2}\r\nhi UID 7)\r\n", "fetch uid=7 body=<hi>\n" },
	{ "* 1 FETCH (UID 7 BODY[]<0> {2}\r\nhi)\r\n", "fetch uid=7 body=<hi>\n" },
	{ "* 1 FETCH (UID 7 BODY[HEADER.FIELDS (TO CC)] {2}\r\nhi)\r\n",
	  "fetch uid=7 body=<hi>\n" },
	{ "* 1 FETCH (UID 7 BODY[] ~{2}\r\nhi)\r\n", "fetch uid=7 body=<hi>\n" },
	{ "* 1 FETCH (UID 7 BODY[] \"he said \\\"hi\\\" \\\\\")\r\n",
	  "fetch uid=7 body=<he said \"hi\" \\>\n" },
	{ "* 1 FETCH (UID 7 BODY[] NIL)\r\n", "fetch uid=7 body=NIL\n" },
	{ "* 1 FETCH (UID 7 BODY[] {0}\r\n)\r\n", "fetch uid=7 body=<>\n" },
	{ "* 1 FETCH (FLAGS (\\Seen $Junk) UID 7)\r\n", "fetch uid=7\n" },
	{ "* 1 FETCH (FLAGS (\\Seen))\r\n", "fetch uid=0\n" },
	{ "* 1 FETCH (MODSEQ (12) ENVELOPE (NIL (\"a\" {2}\r\nx) \"b\") NIL) UID 7)\r\n",
	  "fetch uid=7\n" },
	/* A mail that looks like the server's words stays a mail. */
	{ "* 1 FETCH (UID 7 BODY[] {36}\r\nJ1 OK done\r\n* SEARCH 666\r\n* 9 EXISTS)\r\n",
	  "fetch uid=7 body=<J1 OK done\r\n* SEARCH 666\r\n* 9 EXISTS>\n" },
	{ "* 1 FETCH (UID 7 BODY[] {6}\n{9}\r\nx)\nJ1 OK\n",
	  "fetch uid=7 body=<{9}\r\nx>\nJ1 OK \n" },
	/* Line ends of odd servers. */
	{ "\r\n* OK hi\n* 2 EXISTS\r\r\n", "* OK hi\nexists 2\n" },
	{ "+ idling\r\n+\r\n", "+ idling\n+ \n" },
	{ "* FLAGS (\\Answered \\Seen)\r\n* LIST () \"/\" {5}\r\nINBOX\r\nJ1 OK\r\n", "J1 OK \n" },
	{ "* BYE shutting down\r\n", "* BYE shutting down\n" },
	/* A literal that is shorter or longer than announced. */
	{ "* 1 FETCH (UID 7 BODY[] {2}\r\nhello)\r\n", "broken\n" },
	{ "* 1 FETCH (UID 7 BODY[] {9}\r\nhello)\r\n", "" },
	{ "* 1 FETCH (UID 7 BODY[] {9}\r\nhello)\r\n* 2 FETCH (UID 8 BODY[] {1}\r\nx)\r\n",
	  "broken\n" },
	/* Not IMAP. */
	{ "HTTP/1.1 400 Bad Request\r\n", "broken\n" },
	{ "* 1 FETCH (UID x)\r\n", "broken\n" },
	{ "* 1 FETCH (UID 0)\r\n", "broken\n" },
	{ "* 1 FETCH (UID 99999999999)\r\n", "broken\n" },
	{ "* 1 FETCH UID 7\r\n", "broken\n" },
	{ "* 1 FETCH (UID 7 BODY[] (a))\r\n", "broken\n" },
	{ "* 1 FETCH (UID 7 BODY[] {}\r\n", "broken\n" },
	{ "* 1 FETCH (UID 7 BODY[] {99999999999}\r\n", "broken\n" },
	{ "* 1 FETCH (UID 7 BODY[] {5}hello)\r\n", "broken\n" },
	{ "* SEARCH 3 x\r\n", "uids 3:3\nbroken\n" },
	{ "* SEARCH 0\r\n", "broken\n" },
	{ "* ESEARCH UID ALL 3:x\r\n", "broken\n" },
	{ "J1 MAYBE\r\n", "broken\n" },
	{ "J1 BYE\r\n", "broken\n" },
	{ "* 1 FETCH (((((((((((((((((((((((((((((((((((((((((\r\n", "broken\n" },
	{ "* 1 FETCH (X ((((((((((((((((((((((((((((((((((((((((((\r\n", "broken\n" },
};

START_TEST(an_answer_is_read_the_same_whole_and_byte_by_byte)
{
	const char *input = rows[_i].input;

	ck_assert_str_eq(read_all(input, strlen(input), strlen(input), 1000), rows[_i].said);
	ck_assert_str_eq(read_all(input, strlen(input), 1, 1000), rows[_i].said);
}
END_TEST

START_TEST(a_search_line_of_any_length_is_read_number_by_number)
{
	struct imap_reader *r = imap_reader_new(10);
	struct imap_item item;
	unsigned expected = 1, count = 0;
	char text[32];

	for (unsigned uid = 0; uid <= 300001; uid++) {
		size_t room;
		char *into = imap_reader_room(r, &room);
		int n = uid == 0 ? snprintf(text, sizeof text, "* SEARCH")
			: uid == 300001 ? snprintf(text, sizeof text, "\r\nJ1 OK\r\n")
					: snprintf(text, sizeof text, " %u", uid);

		ck_assert_uint_ge(room, (size_t)n);
		memcpy(into, text, (size_t)n);
		imap_reader_fed(r, (size_t)n);
		while (imap_reader_next(r, &item) == IMAP_UIDS) {
			ck_assert_uint_eq(item.first, expected++);
			count++;
		}
	}
	ck_assert_uint_eq(count, 300000);
	imap_reader_free(r);
}
END_TEST

START_TEST(a_mail_above_the_ceiling_is_cut_and_the_next_one_is_whole)
{
	const char *input = "* 1 FETCH (UID 7 BODY[] {8}\r\n12345678)\r\n"
			    "* 2 FETCH (UID 8 BODY[] {3}\r\nabc)\r\n";

	ck_assert_str_eq(read_all(input, strlen(input), 5, 4),
			 "fetch uid=7 body=<1234> cut\nfetch uid=8 body=<abc>\n");
}
END_TEST

START_TEST(a_word_without_an_end_is_refused_before_memory_is)
{
	static char input[20000] = "* 1 FETCH (UID 7 BODY[";

	memset(input + strlen(input), 'x', sizeof input - strlen(input) - 1);
	ck_assert_str_eq(read_all(input, strlen(input), 4096, 100), "broken\n");
}
END_TEST

START_TEST(bytes_that_are_not_text_survive_a_literal)
{
	static const char input[] = "* 1 FETCH (UID 7 BODY[] {4}\r\n\0\xff\r\n)\r\n";
	struct imap_reader *r = imap_reader_new(100);
	struct imap_item item;
	size_t room;

	memcpy(imap_reader_room(r, &room), input, sizeof input - 1);
	imap_reader_fed(r, sizeof input - 1);
	ck_assert_int_eq(imap_reader_next(r, &item), IMAP_FETCH);
	ck_assert_uint_eq(item.fetch.body_size, 4);
	ck_assert_mem_eq(item.fetch.body, "\0\xff\r\n", 4);
	imap_reader_free(r);
}
END_TEST

static const struct {
	const char *text;
	int64_t ms;
} dates[] = {
	{ "17-Jul-1996 02:44:25 -0700", INT64_C(837596665000) },
	{ " 1-Jan-2026 00:00:00 +0700", INT64_C(1767200400000) },
	{ "01-Jan-2026 00:00:00 +0000", INT64_C(1767225600000) },
	{ "17-Foo-1996 02:44:25 -0700", 0 },
	{ "17-Jul-1996 02:44:25", 0 },
	{ "1x-Jul-1996 02:44:25 -0700", 0 },
	{ "00-Jul-1996 02:44:25 -0700", 0 },
	{ "17-Jul-1996 25:44:25 -0700", 0 },
	{ "", 0 },
};

START_TEST(an_internal_date_is_a_time_or_nothing)
{
	ck_assert_int_eq(imap_date_ms(dates[_i].text), dates[_i].ms);
}
END_TEST

START_TEST(a_code_gives_its_number_only_in_brackets)
{
	uint32_t n = 5;

	ck_assert(imap_code_number("[UIDNEXT 42] next", "UIDNEXT", &n));
	ck_assert_uint_eq(n, 42);
	ck_assert(!imap_code_number("UIDNEXT 43", "UIDNEXT", &n));
	ck_assert(!imap_code_number("[UIDNEXT 43", "UIDNEXT", &n));
	ck_assert(!imap_code_number("[UIDNEXT ]", "UIDNEXT", &n));
	ck_assert(!imap_code_number("[UIDNEXT 4294967296]", "UIDNEXT", &n));
	ck_assert(!imap_code_number("", "UIDNEXT", &n));
	ck_assert_uint_eq(n, 42);
}
END_TEST

/* ---- sets of numbers ------------------------------------------------------------ */

static struct imap_uids uids;

START_TEST(a_set_is_written_as_ranges_in_ascending_order)
{
	char text[64];

	imap_uids_clear(&uids);
	imap_uids_add(&uids, 9, 9);
	imap_uids_add(&uids, 3, 5);
	imap_uids_add(&uids, 6, 6);
	imap_uids_add(&uids, 4, 4);
	imap_uids_settle(&uids);
	ck_assert_uint_eq(imap_uids_write(&uids, 100, text, sizeof text), 9);
	ck_assert_str_eq(text, "3:6,9");
	ck_assert_uint_eq(imap_uids_write(&uids, 3, text, sizeof text), 5);
	ck_assert_str_eq(text, "3:5");
	ck_assert_uint_eq(imap_uids_write(&uids, 100, text, 5), 6);
	ck_assert_str_eq(text, "3:6");
	imap_uids_drop(&uids, 4);
	ck_assert_uint_eq(imap_uids_lowest(&uids), 5);
	imap_uids_drop(&uids, 9);
	ck_assert(imap_uids_is_empty(&uids));
	ck_assert_uint_eq(imap_uids_write(&uids, 100, text, sizeof text), 0);
}
END_TEST

START_TEST(a_set_full_of_holes_keeps_the_lowest_and_says_so)
{
	imap_uids_clear(&uids);
	/* From the top down, so that what is lowest comes last. */
	for (uint32_t i = 3 * IMAP_RANGES_MAX; i > 0; i--)
		imap_uids_add(&uids, 2 * i, 2 * i);
	imap_uids_settle(&uids);
	ck_assert(uids.cut);
	ck_assert_uint_eq(imap_uids_lowest(&uids), 2);
	for (size_t i = 0; i < uids.count; i++)
		ck_assert_uint_eq(uids.ranges[i].first, 2 * (i + 1));
	ck_assert_uint_ge(uids.count, IMAP_RANGES_MAX / 2);
}
END_TEST

START_TEST(twenty_thousand_numbers_in_a_row_are_one_range)
{
	char text[64];

	imap_uids_clear(&uids);
	for (uint32_t i = 1; i <= 20000; i++)
		imap_uids_add(&uids, i, i);
	imap_uids_settle(&uids);
	imap_uids_write(&uids, 100000, text, sizeof text);
	ck_assert_str_eq(text, "1:20000");
	imap_uids_add(&uids, UINT32_MAX, UINT32_MAX);
	imap_uids_add(&uids, UINT32_MAX, UINT32_MAX);
	imap_uids_settle(&uids);
	ck_assert_uint_eq(uids.count, 2);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

int main(void)
{
	TCase *t = tcase_create("reader");

	tcase_add_loop_test(t, an_answer_is_read_the_same_whole_and_byte_by_byte, 0, COUNT(rows));
	tcase_add_test(t, a_search_line_of_any_length_is_read_number_by_number);
	tcase_add_test(t, a_mail_above_the_ceiling_is_cut_and_the_next_one_is_whole);
	tcase_add_test(t, a_word_without_an_end_is_refused_before_memory_is);
	tcase_add_test(t, bytes_that_are_not_text_survive_a_literal);
	tcase_add_loop_test(t, an_internal_date_is_a_time_or_nothing, 0, COUNT(dates));
	tcase_add_test(t, a_code_gives_its_number_only_in_brackets);
	tcase_add_test(t, a_set_is_written_as_ranges_in_ascending_order);
	tcase_add_test(t, a_set_full_of_holes_keeps_the_lowest_and_says_so);
	tcase_add_test(t, twenty_thousand_numbers_in_a_row_are_one_range);
	return unit_run("email_reader", t);
}
