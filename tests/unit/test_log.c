/* test_log.c: one line per event, whatever was in the text. */
#include "base/clock.h"
#include "base/digest.h"
#include "base/jx.h"
#include "base/log.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "unit.h"

static int real_stderr, captured;
static char line[8192];

static void setup(void)
{
	real_stderr = dup(STDERR_FILENO);
	captured = memfd_create("log", MFD_CLOEXEC);
	ck_assert_int_ge(dup2(captured, STDERR_FILENO), 0);
	clock_hold(1795300200123, 0);
	log_init("uji", LOG_KEY_VALUE, JEMBATAN_INFO);
}

static void teardown(void)
{
	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	close(captured);
	clock_release();
}

/* What has been logged since the last call. */
static const char *logged(void)
{
	ssize_t n = pread(captured, line, sizeof(line) - 1, 0);
	ck_assert_int_ge(n, 0);
	line[n] = '\0';
	ck_assert_int_eq(ftruncate(captured, 0), 0);
	ck_assert_int_eq(lseek(captured, 0, SEEK_SET), 0);
	return line;
}

START_TEST(a_line_says_when_how_bad_where_and_what)
{
	log_warning("central", "the centre answers %d", 503);
	ck_assert_str_eq(logged(), "time=2026-11-21T22:30:00.123Z level=warning where=\"central\" "
				   "text=\"the centre answers 503\"\n");
}
END_TEST

START_TEST(what_is_below_the_lowest_level_is_left_out)
{
	log_debug("x", "no");
	ck_assert_str_eq(logged(), "");
	log_info("x", "yes");
	ck_assert_ptr_nonnull(strstr(logged(), "yes"));
}
END_TEST

static const char *const hostile[] = {
	"two\nlines", "carriage\rreturn", "escape \x1b[2J\x1b]0;title\x07", "c1 \xc2\x9b" "31m",
	"bidi \xe2\x80\xae" "txt.exe", "isolate \xe2\x81\xa6x", "mark \xe2\x80\x8fx",
	"separator \xe2\x80\xa8x", "quote \" and \\", "not utf8 \xff\xfe", "tab\there", "del \x7f",
};

START_TEST(no_text_can_break_out_of_its_line)
{
	log_init("uji", _i % 2 ? LOG_JSON : LOG_KEY_VALUE, JEMBATAN_INFO);
	const char *in = hostile[_i / 2];
	log_error(in, "%s", in);
	const char *out = logged();
	size_t size = strlen(out);
	ck_assert_uint_gt(size, 10);
	ck_assert_int_eq(out[size - 1], '\n');
	/* What may be printed is the same after it was made printable. */
	line[size - 1] = '\0';
	char *printable = text_printable(out, sizeof(line));
	ck_assert_str_eq(out, printable);
	free(printable);
}
END_TEST

START_TEST(a_json_line_is_json)
{
	json_t *value = NULL;
	struct why why = { "" };
	char text[5000];
	memset(text, '\\', sizeof(text));
	/* Cut in the middle of a character, wherever the limit is. */
	for (size_t i = 0; i + 1 < sizeof(text); i += 2)
		memcpy(text + i, _i == 0 ? "\xc3\xa9" : "\"\xff", 2);
	text[sizeof(text) - 1] = '\0';
	log_init("uji", LOG_JSON, JEMBATAN_INFO);
	log_error(text, "%s", text);
	const char *out = logged();
	ck_assert_msg(jx_parse(bytes_text(out), &value, &why) == JEMBATAN_OK, "%s", why.text);
	ck_assert_uint_ge(strlen(jx_text(value, "where")), 100);
	ck_assert_str_eq(jx_text(value, "level"), "error");
	jx_decref(&value);
}
END_TEST

START_TEST(a_line_is_kept_without_the_text_that_was_put_into_it)
{
	log_info("surat", "%u messages, %5.1f%% of %lld", 3u, 50.0, 6LL);
	log_warning("surat", "%s: %-20.10s said %d", "Dayang Sumbi", "0812987654", 7);
	log_debug("surat", "below the lowest level");
	size_t n = log_kept_count();
	ck_assert_uint_ge(n, 2);
	ck_assert_str_eq(log_kept(n - 2)->text, "3 messages,  50.0% of 6");
	ck_assert_str_eq(log_kept(n - 1)->text, "%s: %-20.10s said %d");
	ck_assert_str_eq(log_kept(n - 1)->where, "surat");
	ck_assert_int_eq(log_kept(n - 1)->level, JEMBATAN_WARNING);
	for (int i = 0; i < 1000; i++)
		log_info("surat", "line %d", i);
	n = log_kept_count();
	ck_assert_uint_lt(n, 1000);
	ck_assert_str_eq(log_kept(n - 1)->text, "line 999");
	ck_assert_ptr_nonnull(strstr(log_kept(0)->text, "line "));
	ck_assert_int_eq(atoi(log_kept(0)->text + 5), 1000 - (int)n);
}
END_TEST

START_TEST(trouble_is_told_ever_more_rarely_and_its_end_once)
{
	struct log_trouble t = { 0 };
	unsigned lines = 0;
	for (int i = 0; i < 1000; i++) {
		log_trouble(&t, "central", "no connection");
		lines += logged()[0] != '\0';
		clock_advance(1000);
	}
	ck_assert_uint_eq(lines, 10); /* 1, 2, 4 ... 512 */
	log_trouble_over(&t, "central", "the connection");
	ck_assert_ptr_nonnull(strstr(logged(), "after 1000 failures in 1000 s"));
	log_trouble_over(&t, "central", "the connection");
	ck_assert_str_eq(logged(), "");
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("log");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_line_says_when_how_bad_where_and_what);
	tcase_add_test(t, what_is_below_the_lowest_level_is_left_out);
	tcase_add_loop_test(t, no_text_can_break_out_of_its_line, 0, 2 * COUNT_OF(hostile));
	tcase_add_loop_test(t, a_json_line_is_json, 0, 2);
	tcase_add_test(t, a_line_is_kept_without_the_text_that_was_put_into_it);
	tcase_add_test(t, trouble_is_told_ever_more_rarely_and_its_end_once);
	return unit_run("log", t);
}
