/* test_kit_pages.c: walks over pages that an app gives, well or badly. */
#include <jembatan/kit.h>

#include "base/mem.h"
#include "kit/testctx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#define BASE "https://app.example/api/list"

/* Say what came for the page under way. */
static enum jembatan_result advance(struct kit_pages *p, const char *body, size_t records,
				    const char *link, struct kit_why *why)
{
	json_t *root = json_loads(body, JSON_DECODE_ANY, NULL);
	ck_assert_ptr_nonnull(root);
	struct kit_page page = {
		.root = root, .body = { body, strlen(body) }, .link = link, .record_count = records,
	};
	enum jembatan_result result = kit_pages_advance(p, &page, why);
	json_decref(root);
	return result;
}

START_TEST(page_numbers_count_up_to_the_number_of_pages)
{
	struct kit_pages_options o = { .size = sizeof(o),
				       .style = KIT_PAGES_PAGE,
				       .first = 1,
				       .limit_parameter = "limit",
				       .limit = 2,
				       .pages_path = "meta.pages" };
	struct kit_pages *p = kit_pages_new(&o, BASE "?sort=id");
	ck_assert_str_eq(kit_pages_url(p), BASE "?sort=id&limit=2&page=1");
	ck_assert_int_eq(advance(p, "{\"meta\":{\"pages\":2},\"n\":1}", 2, NULL, NULL),
			 JEMBATAN_OK);
	ck_assert_str_eq(kit_pages_url(p), BASE "?sort=id&limit=2&page=2");
	ck_assert_int_eq(advance(p, "{\"meta\":{\"pages\":2},\"n\":2}", 2, NULL, NULL),
			 JEMBATAN_IDLE);
	kit_pages_free(p);
}
END_TEST

START_TEST(without_a_number_of_pages_the_empty_page_is_the_end)
{
	struct kit_pages_options o = {
		.size = sizeof(o), .style = KIT_PAGES_PAGE, .first = 0, .limit = 5
	};
	struct kit_pages *p = kit_pages_new(&o, BASE);
	ck_assert_str_eq(kit_pages_url(p), BASE "?page=0");
	/* A short page is no end: servers cap the page size. */
	ck_assert_int_eq(advance(p, "[1]", 1, NULL, NULL), JEMBATAN_OK);
	ck_assert_int_eq(advance(p, "[]", 0, NULL, NULL), JEMBATAN_IDLE);
	kit_pages_free(p);
	o.short_ends = true;
	p = kit_pages_new(&o, BASE);
	ck_assert_int_eq(advance(p, "[1]", 1, NULL, NULL), JEMBATAN_IDLE);
	kit_pages_free(p);
}
END_TEST

START_TEST(offsets_advance_by_what_came)
{
	struct kit_pages_options o = { .size = sizeof(o), .style = KIT_PAGES_OFFSET, .limit = 100,
				       .limit_parameter = "limit", .total_path = "total" };
	struct kit_pages *p = kit_pages_new(&o, BASE);
	ck_assert_str_eq(kit_pages_url(p), BASE "?limit=100&offset=0");
	ck_assert_int_eq(advance(p, "{\"total\":70,\"n\":1}", 50, NULL, NULL), JEMBATAN_OK);
	ck_assert_str_eq(kit_pages_url(p), BASE "?limit=100&offset=50");
	ck_assert_int_eq(advance(p, "{\"total\":70,\"n\":2}", 20, NULL, NULL), JEMBATAN_IDLE);
	kit_pages_free(p);
}
END_TEST

START_TEST(a_walk_is_taken_up_again_by_its_url)
{
	struct kit_pages_options o = { .size = sizeof(o), .style = KIT_PAGES_PAGE, .first = 1 };
	struct kit_pages *p = kit_pages_new(&o, BASE "?page=7");
	ck_assert_str_eq(kit_pages_url(p), BASE "?page=7");
	ck_assert_int_eq(advance(p, "[1]", 1, NULL, NULL), JEMBATAN_OK);
	ck_assert_str_eq(kit_pages_url(p), BASE "?page=8");
	kit_pages_free(p);
}
END_TEST

START_TEST(a_cursor_is_escaped_and_ends_when_it_is_empty)
{
	struct kit_pages_options o = { .size = sizeof(o), .style = KIT_PAGES_CURSOR,
				       .parameter = "after", .next_path = "meta.next" };
	struct kit_pages *p = kit_pages_new(&o, BASE);
	ck_assert_str_eq(kit_pages_url(p), BASE);
	ck_assert_int_eq(advance(p, "{\"meta\":{\"next\":\"a=&b\"}}", 1, NULL, NULL), JEMBATAN_OK);
	char *cursor = kit_url_parameter(kit_pages_url(p), "after");
	ck_assert_str_eq(cursor, "a=&b");
	free(cursor);
	ck_assert_int_eq(advance(p, "{\"meta\":{\"next\":12}}", 1, NULL, NULL), JEMBATAN_OK);
	ck_assert_str_eq(kit_pages_url(p), BASE "?after=12");
	ck_assert_int_eq(advance(p, "{\"meta\":{\"next\":null}}", 1, NULL, NULL), JEMBATAN_IDLE);
	kit_pages_free(p);
}
END_TEST

static const struct {
	const char *next;
	enum jembatan_result result;
	const char *url; /* or words of the explanation */
} nexts[] = {
	{ "\"" BASE "?x=2&=&p=1\"", JEMBATAN_OK, BASE "?x=2&=&p=1" },
	{ "\"?x=2\"", JEMBATAN_OK, BASE "?x=2" },
	{ "\"/other?x=2\"", JEMBATAN_OK, "https://app.example/other?x=2" },
	{ "null", JEMBATAN_IDLE, BASE },
	{ "\"\"", JEMBATAN_IDLE, BASE },
	{ "\"https://evil.example/api/list?token=s\"", JEMBATAN_DATA,
	  "https://evil.example/api/list;" },
	{ "\"http://app.example/api/list?x=2\"", JEMBATAN_DATA, "elsewhere" },
	{ "\"https://app.example:444/api/list\"", JEMBATAN_DATA, "elsewhere" },
	{ "\"https://u:p@app.example/\"", JEMBATAN_DATA, "user name" },
	{ "\"file:///etc/passwd\"", JEMBATAN_DATA, "http" },
	{ "\"" BASE "\"", JEMBATAN_DATA, "circle" },
};

START_TEST(a_next_url_stays_within_its_origin)
{
	struct kit_pages_options o = { .size = sizeof(o),
				       .style = KIT_PAGES_NEXT,
				       .next_path = "next" };
	struct kit_pages *p = kit_pages_new(&o, BASE);
	struct kit_why why = { "" };
	char *body = xasprintf("{\"next\":%s}", nexts[_i].next);
	ck_assert_int_eq(advance(p, body, 1, NULL, &why), nexts[_i].result);
	if (nexts[_i].result == JEMBATAN_DATA)
		ck_assert_msg(strstr(why.text, nexts[_i].url) && !strstr(why.text, "token"), "%s",
			      why.text);
	else
		ck_assert_str_eq(kit_pages_url(p), nexts[_i].url);
	free(body);
	kit_pages_free(p);
}
END_TEST

START_TEST(a_circle_of_three_is_noticed)
{
	struct kit_pages_options o = { .size = sizeof(o),
				       .style = KIT_PAGES_NEXT,
				       .next_path = "next" };
	struct kit_pages *p = kit_pages_new(&o, BASE "?p=1");
	ck_assert_int_eq(advance(p, "{\"next\":\"?p=2\"}", 1, NULL, NULL), JEMBATAN_OK);
	ck_assert_int_eq(advance(p, "{\"next\":\"?p=3\"}", 1, NULL, NULL), JEMBATAN_OK);
	ck_assert_int_eq(advance(p, "{\"next\":\"?p=1\"}", 1, NULL, NULL), JEMBATAN_DATA);
	kit_pages_free(p);
}
END_TEST

START_TEST(an_app_that_ignores_the_page_number_is_noticed)
{
	struct kit_pages_options o = { .size = sizeof(o), .style = KIT_PAGES_PAGE, .first = 1 };
	struct kit_pages *p = kit_pages_new(&o, BASE);
	struct kit_why why = { "" };
	ck_assert_int_eq(advance(p, "[1,2]", 2, NULL, NULL), JEMBATAN_OK);
	ck_assert_int_eq(advance(p, "[1,2]", 2, NULL, &why), JEMBATAN_DATA);
	ck_assert_ptr_nonnull(strstr(why.text, "page"));
	kit_pages_free(p);
}
END_TEST

START_TEST(there_is_a_ceiling_on_pages)
{
	struct kit_pages_options o = { .size = sizeof(o),
				       .style = KIT_PAGES_PAGE,
				       .page_ceiling = 3 };
	struct kit_pages *p = kit_pages_new(&o, BASE);
	char body[16];
	for (int i = 0; i < 2; i++) {
		snprintf(body, sizeof(body), "[%d]", i);
		ck_assert_int_eq(advance(p, body, 1, NULL, NULL), JEMBATAN_OK);
	}
	ck_assert_int_eq(advance(p, "[9]", 1, NULL, NULL), JEMBATAN_DATA);
	kit_pages_free(p);
}
END_TEST

static const struct {
	const char *link, *next;
} links[] = {
	{ "<https://a.example/?p=2>; rel=\"next\"", "https://a.example/?p=2" },
	{ "<https://a.example/?p=1>; rel=\"prev\", <https://a.example/?p=3>; rel=next",
	  "https://a.example/?p=3" },
	{ "<a>; title=\"x, <b>; rel=next\"; rel=prev, <c>; rel=\"last next\"", "c" },
	{ "<a>; REL=\"NEXT\"", "a" },
	{ "<a> ; foo ; rel = \"next\"", "a" },
	{ "<a>; rel=\"prev\"; rel=\"next\"", NULL },
	{ "<a>; rel=\"nextpage\"", NULL },
	{ "<a>; rel", NULL },
	{ "<a", NULL },
	{ "a; rel=next", NULL },
	{ "", NULL },
	{ NULL, NULL },
	{ "<a>;", NULL },
	{ "<a>; rel=\"next", "a" },
};

START_TEST(a_link_header_names_the_next_page)
{
	char *next = kit_link_next(links[_i].link);
	ck_assert_pstr_eq(next, links[_i].next);
	free(next);
}
END_TEST

static const struct jembatan_option declared[] = {
	KIT_PAGES_OPTIONS, KIT_AUTH_OPTIONS, KIT_HTTP_OPTIONS, { .name = NULL }
};

START_TEST(options_are_read_and_what_is_missing_is_named)
{
	static const struct testctx_option rows[] = { { "paging", NULL, "cursor" },
						      { NULL, NULL, NULL } };
	static const struct testctx_option whole[] = { { "paging", NULL, "cursor" },
		{ "next_path", NULL, "meta.next" }, { NULL, NULL, NULL } };
	struct kit_pages_options o;
	struct testctx *t = testctx_new(rows, declared);
	ck_assert_int_eq(kit_pages_options_get(testctx_context(t), &o), JEMBATAN_CONFIG);
	ck_assert_str_eq(testctx_explanation(t), "test.yaml:1: paging: cursor needs next_path");
	testctx_free(t);
	t = testctx_new(whole, declared);
	ck_assert_int_eq(kit_pages_options_get(testctx_context(t), &o), JEMBATAN_OK);
	ck_assert_int_eq(o.style, KIT_PAGES_CURSOR);
	ck_assert_int_eq(o.limit, 100);
	ck_assert_int_eq(o.page_ceiling, 10000);
	testctx_free(t);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("kit_pages");
	tcase_add_test(t, page_numbers_count_up_to_the_number_of_pages);
	tcase_add_test(t, without_a_number_of_pages_the_empty_page_is_the_end);
	tcase_add_test(t, offsets_advance_by_what_came);
	tcase_add_test(t, a_walk_is_taken_up_again_by_its_url);
	tcase_add_test(t, a_cursor_is_escaped_and_ends_when_it_is_empty);
	tcase_add_loop_test(t, a_next_url_stays_within_its_origin, 0, COUNT_OF(nexts));
	tcase_add_test(t, a_circle_of_three_is_noticed);
	tcase_add_test(t, an_app_that_ignores_the_page_number_is_noticed);
	tcase_add_test(t, there_is_a_ceiling_on_pages);
	tcase_add_loop_test(t, a_link_header_names_the_next_page, 0, COUNT_OF(links));
	tcase_add_test(t, options_are_read_and_what_is_missing_is_named);
	return unit_run("kit_pages", t);
}
