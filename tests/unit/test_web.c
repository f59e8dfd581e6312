/* test_web.c: the parts of jembatan-web that need no socket: where a target
 * leads, who the sender is, how many it may have, what an error looks like. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/jx.h"
#include "unit.h"
#include "web/addresses.h"
#include "web/problem.h"
#include "web/route.h"

/* ---- targets ---- */

static const struct {
	const char *method, *target;
	enum msg_problem problem;
	unsigned room;
	const char *instance, *path, *query;
} targets[] = {
	{ "POST", "/hook/wa", 0, MSG_WEB_HOOK, "wa", "/", NULL },
	{ "POST", "/hook/wa/", 0, MSG_WEB_HOOK, "wa", "/", NULL },
	{ "GET", "/hook/wa/a/b?x=%20&y", 0, MSG_WEB_HOOK, "wa", "/a/b", "x=%20&y" },
	{ "GET", "/hook/wa?", 0, MSG_WEB_HOOK, "wa", "/", "" },
	{ "POST", "/hook/wa/%2e%2e/x", 0, MSG_WEB_HOOK, "wa", "/%2e%2e/x", NULL },
	{ "POST", "/intake/lapor", 0, MSG_WEB_INTAKE, "lapor", "/", NULL },
	{ "GET", "/intake/lapor/IN-1", 0, MSG_WEB_INTAKE, "lapor", "/IN-1", NULL },
	{ "GET", "/live", 0, 0, "", "/", NULL },
	{ "HEAD", "/ready", 0, MSG_WEB_READY, "", "/", NULL },
	{ "GET", "/metrics?x", 0, MSG_WEB_METRICS, "", "/", "x" },
	{ "POST", "/live", MSG_PROBLEM_METHOD, 0, "", "/", NULL },
	{ "TRACE", "/hook/wa", MSG_PROBLEM_METHOD, MSG_WEB_HOOK, "wa", "/", NULL },
	{ "DELETE", "/intake/lapor", MSG_PROBLEM_METHOD, MSG_WEB_INTAKE, "lapor", "/", NULL },
	{ "GET", "/", MSG_PROBLEM_NOT_FOUND, 0, "", "/", NULL },
	{ "GET", "/hook/", MSG_PROBLEM_NOT_FOUND, MSG_WEB_HOOK, "", "/", NULL },
	{ "GET", "/hook", MSG_PROBLEM_NOT_FOUND, 0, "", "/", NULL },
	{ "GET", "/hook/WA", MSG_PROBLEM_NOT_FOUND, MSG_WEB_HOOK, "", "/", NULL },
	{ "GET", "/hook/../x", MSG_PROBLEM_NOT_FOUND, MSG_WEB_HOOK, "", "/", NULL },
	{ "GET", "/hook/a234567890123456789012345678901234", MSG_PROBLEM_NOT_FOUND, MSG_WEB_HOOK, "", "/",
	  NULL },
	{ "GET", "/livex", MSG_PROBLEM_NOT_FOUND, 0, "", "/", NULL },
	{ "GET", "/live/x", MSG_PROBLEM_NOT_FOUND, 0, "", "/", NULL },
	{ "GET", "http://x/live", MSG_PROBLEM_BAD_REQUEST, 0, "", "/", NULL },
	{ "GET", "/hook/wa/\xff", MSG_PROBLEM_BAD_REQUEST, 0, "", "/", NULL },
	{ "GET", "/hook/wa/a b", MSG_PROBLEM_BAD_REQUEST, 0, "", "/", NULL },
	{ "GET", "/hook/wa/\x01", MSG_PROBLEM_BAD_REQUEST, 0, "", "/", NULL },
	{ "GET", "", MSG_PROBLEM_BAD_REQUEST, 0, "", "/", NULL },
};

START_TEST(a_target_leads_to_the_room_that_owns_it)
{
	struct route r;
	CLEANUP(free_pointer) char *target = xstrdup(targets[_i].target);
	route_read(target, targets[_i].method, &r);
	ck_assert_msg(r.problem == targets[_i].problem, "%s: problem %d", targets[_i].target,
		      (int)r.problem);
	if (r.problem != MSG_PROBLEM_NONE) {
		ck_assert(r.problem != MSG_PROBLEM_METHOD || r.allow != NULL);
		return;
	}
	ck_assert_uint_eq(r.room, targets[_i].room);
	ck_assert_str_eq(r.instance, targets[_i].instance);
	ck_assert_str_eq(r.path, targets[_i].path);
	ck_assert(str_equal(r.query, targets[_i].query));
}
END_TEST

START_TEST(a_target_has_a_ceiling)
{
	struct route r;
	char target[ROUTE_TARGET_MAX + 2];
	memset(target, 'a', sizeof(target));
	memcpy(target, "/hook/wa/", 9);
	target[sizeof(target) - 1] = '\0';
	route_read(target, "GET", &r);
	ck_assert_int_eq(r.problem, MSG_PROBLEM_LONG_TARGET);
}
END_TEST

/* ---- senders ---- */

static const struct {
	const char *header, *sender, *key;
} senders[] = {
	{ NULL, "127.0.0.1", "127.0.0.1" },
	{ "", "127.0.0.1", "127.0.0.1" },
	{ "203.0.113.7", "203.0.113.7", "203.0.113.7" },
	{ "198.51.100.1, 203.0.113.7", "203.0.113.7", "203.0.113.7" },
	{ "203.0.113.7 ", "203.0.113.7", "203.0.113.7" },
	{ "203.0.113.7:4711", "203.0.113.7", "203.0.113.7" },
	{ "2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::" },
	{ "[2001:db8:1:2:3:4:5:6]:80", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::" },
	{ "::ffff:203.0.113.7", "::ffff:203.0.113.7", "::ffff:203.0.113.7" },
	{ "203.0.113.7, ", "127.0.0.1", "127.0.0.1" },
	{ "203.0.113.7 x", "127.0.0.1", "127.0.0.1" },
	{ "unknown", "127.0.0.1", "127.0.0.1" },
	{ "999.1.1.1", "127.0.0.1", "127.0.0.1" },
	{ "<script>", "127.0.0.1", "127.0.0.1" },
};

START_TEST(only_the_proxys_own_entry_says_who_sends)
{
	char sender[ROUTE_ADDRESS_SIZE], key[ROUTE_ADDRESS_SIZE];
	route_sender(senders[_i].header, "127.0.0.1", sender, key);
	ck_assert_str_eq(sender, senders[_i].sender);
	ck_assert_str_eq(key, senders[_i].key);
}
END_TEST

START_TEST(one_sender_may_have_so_many_and_another_too)
{
	struct addresses *a = addresses_new(2);
	struct address *first = addresses_enter(a, "203.0.113.1");
	struct address *second = addresses_enter(a, "203.0.113.1");
	ck_assert_ptr_nonnull(first);
	ck_assert_ptr_nonnull(second);
	ck_assert_ptr_null(addresses_enter(a, "203.0.113.1"));
	struct address *other = addresses_enter(a, "203.0.113.2");
	ck_assert_ptr_nonnull(other);
	ck_assert_uint_eq(addresses_count(a), 2);
	addresses_leave(a, first);
	first = addresses_enter(a, "203.0.113.1");
	ck_assert_ptr_nonnull(first);
	addresses_leave(a, first);
	addresses_leave(a, second);
	addresses_leave(a, other);
	ck_assert_uint_eq(addresses_count(a), 0);
	addresses_free(a);
}
END_TEST

START_TEST(many_senders_are_counted_apart_and_forgotten)
{
	struct addresses *a = addresses_new(1);
	struct address *held[3000];
	char key[32];
	for (unsigned i = 0; i < COUNT_OF(held); i++) {
		snprintf(key, sizeof(key), "sender-%u", i);
		held[i] = addresses_enter(a, key);
		ck_assert_ptr_nonnull(held[i]);
	}
	for (unsigned i = 0; i < COUNT_OF(held); i++)
		addresses_leave(a, held[i]);
	ck_assert_uint_eq(addresses_count(a), 0);
	addresses_free(a);
}
END_TEST

/* ---- problems ---- */

START_TEST(every_problem_is_a_document_in_two_languages)
{
	CLEANUP(buf_done) struct buf text;
	CLEANUP(jx_decref) json_t *root = NULL;
	buf_init(&text, 4096);
	problem_write((enum msg_problem)_i, 0, NULL, NULL, &text);
	ck_assert_int_eq(jx_parse(buf_bytes(&text), &root, NULL), JEMBATAN_OK);
	ck_assert(str_starts(jx_text(root, "type"), "urn:jembatan:problem:"));
	ck_assert_ptr_nonnull(jx_text(root, "title"));
	ck_assert_ptr_nonnull(jx_text(root, "title_en"));
	ck_assert_int_eq(jx_integer(root, "status", 0), problem_status((enum msg_problem)_i));
	ck_assert_uint_ge(problem_status((enum msg_problem)_i), 400);
	ck_assert_uint_lt(problem_status((enum msg_problem)_i), 600);
}
END_TEST

START_TEST(a_detail_may_hold_anything)
{
	CLEANUP(buf_done) struct buf text;
	CLEANUP(jx_decref) json_t *root = NULL;
	buf_init(&text, 4096);
	problem_write(MSG_PROBLEM_CONTENT, 400, "\"teks\"\n</x>", "\"text\"\\", &text);
	ck_assert_int_eq(jx_parse(buf_bytes(&text), &root, NULL), JEMBATAN_OK);
	ck_assert_str_eq(jx_text(root, "detail"), "\"teks\"\n</x>");
	ck_assert_str_eq(jx_text(root, "detail_en"), "\"text\"\\");
	ck_assert_int_eq(jx_integer(root, "status", 0), 400);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("web");
	tcase_add_loop_test(t, a_target_leads_to_the_room_that_owns_it, 0, COUNT_OF(targets));
	tcase_add_test(t, a_target_has_a_ceiling);
	tcase_add_loop_test(t, only_the_proxys_own_entry_says_who_sends, 0, COUNT_OF(senders));
	tcase_add_test(t, one_sender_may_have_so_many_and_another_too);
	tcase_add_test(t, many_senders_are_counted_apart_and_forgotten);
	tcase_add_loop_test(t, every_problem_is_a_document_in_two_languages, 0, MSG_PROBLEM_COUNT);
	tcase_add_test(t, a_detail_may_hold_anything);
	return unit_run("web", t);
}
