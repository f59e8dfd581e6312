/* test_social_parse.c: what networks send, to messages, by the rules that are
 * built in. Each tests/data/social/<x>.json becomes exactly what <x>.out says
 * (GOLDEN_WRITE=1 writes them anew: read the change). */
#include "golden.h"
#include "kit/testctx.h"
#include "social/social.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

/* The network is the first part of the file's name. */
static char *shown(const char *path, struct jembatan_bytes sample)
{
	const char *base = strrchr(path, '/') + 1;
	char network[32] = "", *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	memcpy(network, base, strcspn(base, "_"));
	const struct testctx_option rows[] = {
		{ "network", NULL, network }, { "access_token", NULL, "x" }, { NULL, NULL, NULL },
	};
	const struct jembatan_connector *connector = jembatan_connector_entry();
	struct testctx *t = testctx_new(rows, connector->options);

	if (connector->operations->preview(testctx_context(t), sample) != JEMBATAN_OK)
		fprintf(out, "-- %s\n", testctx_explanation(t));
	for (size_t i = 0; i < testctx_emit_count(t); i++)
		golden_message(out, testctx_emit(t, i));
	fclose(out);
	testctx_free(t);
	return text;
}

START_TEST(what_a_network_sends_becomes_what_its_golden_file_shows)
{
	size_t size;
	char *body = golden_read(golden_path(_i), &size);

	golden_compare(golden_path(_i),
		       shown(golden_path(_i), (struct jembatan_bytes){ body, size }));
	free(body);
}
END_TEST

/* ---- rules -------------------------------------------------------------- */

static const struct {
	const char *rules[3];
	struct social_facts facts;
	enum social_verdict verdict;
} verdicts[] = {
	{ { "complaint: hashtag lapor" }, { 0, "jalan rusak #LAPOR", NULL }, SOCIAL_COMPLAINT },
	{ { "complaint: hashtag #lapor" }, { 0, "#lapor.", NULL }, SOCIAL_COMPLAINT },
	{ { "complaint: hashtag lapor" }, { 0, "#laporan", NULL }, SOCIAL_REVIEW },
	{ { "complaint: hashtag lapor" }, { 0, "lapor", NULL }, SOCIAL_REVIEW },
	{ { "complaint: word jalan rusak" }, { 0, "Ada Jalan Rusak!", NULL }, SOCIAL_COMPLAINT },
	{ { "complaint: word jalan" }, { 0, "perjalanan berjalan", NULL }, SOCIAL_REVIEW },
	{ { "ignore: word lomba", "complaint: mention" }, { SOCIAL_MENTION, "lomba foto", NULL },
	  SOCIAL_IGNORE },
	{ { "complaint: mention and not word lomba", "ignore: mention" },
	  { SOCIAL_MENTION, "lomba foto", NULL }, SOCIAL_IGNORE },
	{ { "complaint: mention and not word lomba" }, { SOCIAL_MENTION, "lubang", NULL },
	  SOCIAL_COMPLAINT },
	{ { "ignore: not language id" }, { 0, "hello", "en" }, SOCIAL_IGNORE },
	{ { "ignore: not language id" }, { 0, "halo", "id-ID" }, SOCIAL_REVIEW },
	{ { "complaint: private" }, { SOCIAL_PRIVATE, NULL, NULL }, SOCIAL_COMPLAINT },
	{ { "complaint: private" }, { SOCIAL_PRIVATE | SOCIAL_OWN, "x", NULL }, SOCIAL_IGNORE },
	{ { "complaint: private" }, { SOCIAL_PRIVATE | SOCIAL_BOT, "x", NULL }, SOCIAL_IGNORE },
	{ { "complaint: mention" }, { SOCIAL_MENTION | SOCIAL_REPOST, "x", NULL }, SOCIAL_IGNORE },
	{ { NULL }, { SOCIAL_MENTION, "x", NULL }, SOCIAL_REVIEW },
};

START_TEST(the_first_rule_that_holds_decides_and_else_a_person)
{
	struct social_rules *rules = social_rules_empty();
	struct kit_why why = { "" };

	for (size_t i = 0; i < 3 && verdicts[_i].rules[i]; i++)
		ck_assert_int_eq(social_rules_add(rules, verdicts[_i].rules[i], &why), JEMBATAN_OK);
	ck_assert_int_eq(social_rules_judge(rules, &verdicts[_i].facts), verdicts[_i].verdict);
	social_rules_free(rules);
}
END_TEST

static const char *const wrong[] = {
	"", "complaint", "complaint:", "complaint: ", "hashtag lapor", "keluhan: mention",
	"complaint: hashtag", "complaint: hashtag #", "complaint: mention and",
	"complaint: mention mention", "complaint: mentioned", "complaint: not", "complaint: bot",
};

START_TEST(a_rule_that_cannot_be_read_is_told)
{
	struct social_rules *rules = social_rules_empty();
	struct kit_why why = { "" };

	ck_assert_int_eq(social_rules_add(rules, wrong[_i], &why), JEMBATAN_CONFIG);
	ck_assert_str_ne(why.text, "");
	social_rules_free(rules);
}
END_TEST

static const struct {
	const char *rule, *example;
	enum jembatan_result result;
} checked[] = {
	{ "complaint: mention", "complaint: [mention] jalan rusak", JEMBATAN_OK },
	{ "complaint: mention", "complaint: jalan rusak", JEMBATAN_CONFIG },
	{ "complaint: mention", "review: jalan rusak", JEMBATAN_OK },
	{ "complaint: mention", "ignore: [bot] [mention] jalan rusak", JEMBATAN_OK },
	{ "complaint: mention", "jalan rusak", JEMBATAN_CONFIG },
	{ "keluhan: mention", NULL, JEMBATAN_CONFIG },
	{ NULL, "complaint: #lapor jalan rusak", JEMBATAN_OK },
};

START_TEST(check_tries_the_examples)
{
	const struct testctx_option rows[] = {
		{ "network", NULL, "mastodon" }, { "access_token", NULL, "x" },
		{ "url", NULL, "https://contoh.example" },
		{ checked[_i].rule ? "rules" : "other", NULL, checked[_i].rule },
		{ checked[_i].example ? "examples" : "other", NULL, checked[_i].example },
		{ NULL, NULL, NULL },
	};
	const struct jembatan_connector *connector = jembatan_connector_entry();
	struct testctx *t = testctx_new(rows, connector->options);

	ck_assert_int_eq(connector->operations->check(testctx_context(t)), checked[_i].result);
	testctx_free(t);
}
END_TEST

static const struct {
	const char *reset;
	int64_t wait_ms;
} resets[] = {
	{ "1800000090", 90000 }, { "2027-01-15T08:00:10.500Z", 10500 },
	{ "2027-01-15T15:00:10+07:00", 10000 }, { "30", 30000 }, { "1799999999", 0 },
	{ "1900000000", 86400000 }, { "", -1 }, { "besok", -1 }, { NULL, -1 },
};

START_TEST(each_form_of_a_reset_is_a_time_to_wait)
{
	ck_assert_int_eq(social_reset_wait_ms(resets[_i].reset, INT64_C(1800000000000)),
			 resets[_i].wait_ms);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("social");

	int goldens = golden_find(TEST_DATA "/social/*.json");

	if (goldens == 0)
		return EXIT_FAILURE;
	tcase_add_loop_test(tcase, what_a_network_sends_becomes_what_its_golden_file_shows, 0,
			    goldens);
	tcase_add_loop_test(tcase, the_first_rule_that_holds_decides_and_else_a_person, 0,
			    COUNT(verdicts));
	tcase_add_loop_test(tcase, a_rule_that_cannot_be_read_is_told, 0, COUNT(wrong));
	tcase_add_loop_test(tcase, check_tries_the_examples, 0, COUNT(checked));
	tcase_add_loop_test(tcase, each_form_of_a_reset_is_a_time_to_wait, 0, COUNT(resets));
	return unit_run("social_parse", tcase);
}
