/* test_classify.c: rules and weights that ship, on complaints that are made
 * up. The figures are in docs/classify.md. */
#include "ticket/classify.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/digest.h"
#include "base/file.h"
#include "config/yaml.h"
#include "ticket/rules.h"
#include "unit.h"

static void tell(void *data, const char *rule, const char *example, bool should_fit)
{

	fprintf(stderr, "%s: %s fit: %s\n", rule, should_fit ? "should" : "should not", example);
	(*(size_t *)data)++;
}

static struct rules *load_rules(void)
{
	struct rules *r = NULL;
	struct why why = { "" };
	ck_assert_msg(rules_load(TEST_RULES, &r, &why) == JEMBATAN_OK, "%s", why.text);
	return r;
}

START_TEST(every_example_beside_a_shipped_rule_does_what_it_stands_for)
{
	struct rules *r = load_rules();
	size_t wrong = 0;
	ck_assert_uint_ge(rules_test(r, tell, &wrong), 120);
	ck_assert_uint_eq(wrong, 0);
	rules_free(r);
}
END_TEST

static size_t example_count(const struct yaml_node *rule, const char *which)
{
	const struct yaml_node *examples = yaml_get(rule, which);
	return examples != NULL && examples->kind == YAML_LIST ? examples->count : 0;
}

START_TEST(every_shipped_rule_shows_what_it_takes_and_what_it_must_not)
{
	struct arena *arena = arena_new();
	const struct yaml_node *root = NULL;
	struct why why = { "" };
	ck_assert_msg(yaml_load(TEST_RULES, TEST_RULES, arena, &root, &why) == JEMBATAN_OK, "%s", why.text);
	const struct yaml_node *rules = yaml_get(root, "rules");
	ck_assert_uint_gt(rules->count, 40);
	for (const struct yaml_node *n = rules->first; n != NULL; n = n->next) {
		ck_assert_msg(example_count(n, "yes") > 0, "line %u: a rule without yes", n->line);
		ck_assert_msg(example_count(n, "no") > 0, "line %u: a rule without no", n->line);
	}
	arena_free(arena);
}
END_TEST

START_TEST(the_first_rule_that_fits_holds_and_shows_its_phrase)
{
	struct rules *r = load_rules();
	struct rules_answer a;
	rules_apply(r, "Yth. Dinsos, uang PKH saya DIPOTONG oknum", &a);
	ck_assert_str_eq(a.fields[RULES_AGENCY].value, "Dinas Sosial");
	ck_assert_str_eq(a.fields[RULES_SOCIAL_AID].value, "PKH");
	ck_assert_str_eq(a.fields[RULES_SOCIAL_AID].phrase, "pkh");
	ck_assert_str_eq(a.fields[RULES_AID_COMPLAINT].value, "penyelewengan");
	ck_assert_str_eq(a.fields[RULES_KIND].value, "Pengaduan Berkadar Pengawasan");
	ck_assert_ptr_null(a.fields[RULES_NOT_COMPLAINT].value);
	rules_apply(r, "", &a);
	for (size_t f = 0; f < RULES_FIELD_COUNT; f++)
		ck_assert_ptr_null(a.fields[f].value);
	ck_assert_str_eq(rules_category(r, "PJU"), "PERHUBUNGAN > LAMPU PENERANGAN JALAN UMUM");
	ck_assert_ptr_null(rules_category(r, "no such topic"));
	ck_assert_ptr_null(rules_category(r, NULL));
	rules_free(r);
}
END_TEST

static const struct {
	const char *yaml, *sentence;
} bad_rules[] = {
	{ "rulez: []\n", "rules:1: needs `rules`, a list of at most 500" },
	{ "rules:\n  - 5\n", "rules:2: a rule is a map" },
	{ "rules:\n  - name: a\n    any: [b]\n", "rules:2: a rule needs name, set and any" },
	{ "rules:\n  - name: a\n    set: { kind: x }\n    any: b\n",
	  "rules:4: phrases are a list: [word, two words, begin*]" },
	{ "rules:\n  - name: a\n    set: { kindd: x }\n    any: [b]\n",
	  "rules:3: a rule sets kind, social_aid, aid_complaint, agency or not_complaint, each to one text" },
	{ "rules:\n  - name: a\n    set: { kind: x }\n    any: ['--']\n",
	  "rules:4: a phrase has one to eight words of letters and digits" },
	{ "rules:\n  - name: a\n    set: { kind: x }\n    anny: [b]\n",
	  "rules:4: a rule has name, set, any, with, unless, at_most, yes and no" },
};

START_TEST(a_wrong_rule_is_told_with_its_line)
{
	char path[] = "/tmp/jembatan-test-rules-XXXXXX";
	struct rules *r = NULL;
	struct why why = { "" };
	int fd = mkstemp(path);
	const char *yaml = bad_rules[_i].yaml;
	ck_assert_int_eq(file_write_all(fd, yaml, strlen(yaml)), JEMBATAN_OK);
	close_fd(&fd);
	ck_assert_int_eq(rules_load(path, &r, &why), JEMBATAN_CONFIG);
	const char *line = strchr(why.text + strlen(path), ':');
	ck_assert_str_eq(line, bad_rules[_i].sentence + strlen("rules"));
	ck_assert_int_eq(remove(path), 0);
}
END_TEST

static struct classifier *load_classifier(void)
{
	struct classifier *c = NULL;
	struct why why = { "" };
	ck_assert_msg(classifier_load(TEST_CLASSIFY, &c, &why) == JEMBATAN_OK, "%s", why.text);
	return c;
}

static const struct {
	const char *text, *agency;
} complaints[] = {
	{ "Mohon pohon di depan rumah dipangkas, rantingnya sudah kena kabel", "Dinas Lingkungan Hidup" },
	{ "Lampu merah di perempatan itu mati sejak pagi", "Dinas Perhubungan" },
	{ "jalan berlubang mohon diaspal", "Dinas Sumber Daya Air dan Bina Marga" },
	{ "ktp saya hilang bagaimana cara mengurusnya di dispendukcapil",
	  "Dinas Kependudukan dan Pencatatan Sipil" },
};

START_TEST(a_plain_complaint_goes_to_its_agency)
{
	struct classifier *c = load_classifier();
	struct classify_answers a;
	classify_text(c, NULL, complaints[_i].text, NULL, &a);
	const struct classify_answer *agency = &a.tasks[CLASSIFY_AGENCY];
	ck_assert_str_eq(agency->best[0].name, complaints[_i].agency);
	ck_assert(agency->best[0].share >= agency->best[1].share &&
		  agency->best[1].share >= agency->best[2].share && agency->margin > 0);
	ck_assert_uint_gt(agency->word_count, 0);
	classifier_free(c);
}
END_TEST

START_TEST(unknown_words_give_no_margin)
{
	struct classifier *c = load_classifier();
	struct classify_answers a;
	classify_text(c, NULL, "xqzv wwqk", NULL, &a);
	for (size_t t = 0; t < CLASSIFY_TASK_COUNT; t++) {
		ck_assert(a.tasks[t].margin == 0);
		ck_assert_uint_eq(a.tasks[t].word_count, 0);
	}
	classify_text(c, NULL, "", NULL, &a);
	ck_assert(a.tasks[CLASSIFY_AGENCY].margin == 0);
	classifier_free(c);
}
END_TEST

START_TEST(features_are_words_pairs_the_location_and_pieces)
{
	struct lexicon *l = lexicon_new(100);
	struct buf out;
	buf_init(&out, 4096);
	classify_features(l, "Lampu gelap 35", "Melati", &out);
	ck_assert_str_eq(out.data, "lampu\tgelap\tlampu gelap\t@melati\t~_lam\t~lamp\t~ampu\t~mpu_\t"
				   "~_gel\t~gela\t~elap\t~lap_\t~_0_\t~_mel\t~mela\t~elat\t~lati\t~ati_");
	buf_clear(&out);
	classify_features(l, "mohoooon!di", NULL, &out);
	ck_assert_str_eq(strstr(out.data, "~"), "~_moh\t~moho\t~ohoo\t~hoon\t~oon_\t~_di_");
	buf_done(&out);
	lexicon_free(l);
}
END_TEST

static const char *const bad_weights[] = {
	"", "agency\tA\t0\t1\n", "agency\tA\t0\t1\nword\t1\t \n", "agency\tA\t0\t1\nword\t1\t~\n",
	"agency\tA\t0\t1\nword\t1\tOO\n", "nothing\tA\t0\t1\nword\t1\tO\n",
	"agency\tA\t0\t1\nword\t1\tO\nword\t1\tO\n", "word\n",
	"topic\tA\t0\t1\nagency\tB\t0\t1\nword\t1\tOO\n",
};

START_TEST(a_wrong_file_of_weights_is_refused)
{
	char path[] = "/tmp/jembatan-test-weights-XXXXXX";
	struct classifier *c = NULL;
	struct why why;
	int fd = mkstemp(path);
	const char *text = bad_weights[_i];
	ck_assert_int_eq(file_write_all(fd, text, strlen(text)), JEMBATAN_OK);
	close_fd(&fd);
	ck_assert_int_eq(classifier_load(path, &c, &why), JEMBATAN_CONFIG);
	ck_assert_int_eq(remove(path), 0);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("classify");
	tcase_add_test(tests, every_example_beside_a_shipped_rule_does_what_it_stands_for);
	tcase_add_test(tests, every_shipped_rule_shows_what_it_takes_and_what_it_must_not);
	tcase_add_test(tests, the_first_rule_that_fits_holds_and_shows_its_phrase);
	tcase_add_loop_test(tests, a_wrong_rule_is_told_with_its_line, 0, COUNT_OF(bad_rules));
	tcase_add_loop_test(tests, a_plain_complaint_goes_to_its_agency, 0, COUNT_OF(complaints));
	tcase_add_test(tests, unknown_words_give_no_margin);
	tcase_add_test(tests, features_are_words_pairs_the_location_and_pieces);
	tcase_add_loop_test(tests, a_wrong_file_of_weights_is_refused, 0, COUNT_OF(bad_weights));
	return unit_run("classify", tests);
}
