/* classify.c: `jembatan classify --offline FILE`: what the daemon would say
 * about these complaints, without a daemon and without storing. */
#include "cli/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/digest.h"
#include "base/jx.h"
#include "ticket/classify.h"
#include "ticket/place.h"
#include "ticket/rules.h"
#include "base/poison.h"

#define LINE_MAX_BYTES (1024u * 1024u)

/* Of the model's share of "yes", where no programme is named. */
#define SOCIAL_AID_ENOUGH 0.7

struct offline {
	struct regions *regions;
	struct classifier *classifier;
	struct rules *rules;
	uint32_t home;
};

static void put(json_t *out, const char *task, const char *what, json_t *value)
{
	char key[40];
	snprintf(key, sizeof(key), "%s%s", task, what);
	json_object_set_new(out, key, value);
}

/* Text, or null. */
static json_t *text_or_null(const char *text)
{
	return text != NULL ? json_string(text) : json_null();
}

static void put_place(const struct offline *o, const struct place *p, json_t *out)
{
	static const char *const levels[] = { NULL, "province", "kabupaten", "kecamatan", "village" };
	json_t *names = json_array(), *words = json_array();
	char code[REGION_CODE_SIZE];
	regions_code(o->regions, p->region, code);
	for (uint32_t n = p->region; n != REGION_NONE; n = regions_at(o->regions, n).parent)
		json_array_insert_new(names, 0, json_string(regions_at(o->regions, n).name));
	for (size_t i = 0; i < p->evidence_count; i++)
		json_array_append_new(words, json_string(p->evidence[i]));
	put(out, "place", "", code[0] != '\0' ? json_string(code) : json_null());
	put(out, "place", "_level", text_or_null(levels[p->level]));
	put(out, "place", "_names", names);
	put(out, "place", "_margin", json_real(p->margin));
	put(out, "place", "_ambiguous", json_boolean(p->is_ambiguous));
	put(out, "place", "_words", words);
	put(out, "zone", "_minutes", json_integer(regions_zone_minutes(o->regions, p->region)));
}

/* The model's answer, or the rule's before it. */
static void put_task(const char *task, const struct classify_answer *a, const struct rules_fit *rule,
		     json_t *out)
{
	json_t *words = json_array(), *three = json_array();
	bool ruled = rule != NULL && rule->value != NULL;
	if (ruled) {
		json_array_append_new(words, json_string(rule->phrase));
		json_array_append_new(three, json_string(rule->value));
	}
	for (size_t i = 0; i < a->word_count && !ruled; i++)
		json_array_append_new(words, json_string(a->words[i]));
	for (size_t i = 0; i < CLASSIFY_BEST && a->best[i].name != NULL; i++)
		if (json_array_size(three) < CLASSIFY_BEST &&
		    !(ruled && strcmp(rule->value, a->best[i].name) == 0))
			json_array_append_new(three, json_string(a->best[i].name));
	put(out, task, "", text_or_null(json_string_value(json_array_get(three, 0))));
	put(out, task, "_margin", json_real(ruled ? 1 : a->margin));
	put(out, task, "_three", three);
	put(out, task, "_words", words);
	put(out, task, "_rule", text_or_null(ruled ? rule->rule : NULL));
}

static void put_social_aid(const struct classify_answer *a, const struct rules_answer *r, json_t *out)
{
	const struct rules_fit *programme = &r->fields[RULES_SOCIAL_AID];
	double yes = a->best[0].name != NULL && strcmp(a->best[0].name, "yes") == 0 ? a->best[0].share :
										      a->best[1].share;
	bool is = programme->value != NULL || yes >= SOCIAL_AID_ENOUGH;
	put(out, "social_aid", "", json_boolean(is));
	put(out, "social_aid", "_share", json_real(yes));
	put(out, "social_aid", "_margin", json_real(a->margin));
	put(out, "programme", "", text_or_null(programme->value));
	put(out, "aid_complaint", "", text_or_null(is ? r->fields[RULES_AID_COMPLAINT].value : NULL));
}

/* What no rule calls otherwise is an ordinary complaint: half sure. */
static void put_kind(const struct rules_answer *r, json_t *out)
{
	const struct rules_fit *kind = &r->fields[RULES_KIND], *no = &r->fields[RULES_NOT_COMPLAINT];
	put(out, "kind", "", json_string(kind->value != NULL ? kind->value :
					 "Pengaduan Tidak Berkadar Pengawasan"));
	put(out, "kind", "_margin", json_real(kind->value != NULL ? 1 : 0.5));
	put(out, "kind", "_rule", text_or_null(kind->rule));
	put(out, "kind", "_words", text_or_null(kind->phrase));
	put(out, "not_complaint", "", text_or_null(no->value));
}

static enum jembatan_result classify(struct offline *o, struct jembatan_bytes line, struct why *why)
{
	CLEANUP(jx_decref) json_t *root = NULL, *out = json_object();
	struct place place;
	struct rules_answer ruled;
	struct classify_answers model;
	if (line.size > LINE_MAX_BYTES)
		return why_set(why, JEMBATAN_DATA, "a line of more than 1 MiB");
	if (jx_parse(line, &root, why) != JEMBATAN_OK)
		return JEMBATAN_DATA;
	const char *id = jx_text(root, "id"), *text = jx_text(root, "text");
	const char *location = jx_text(root, "location");
	if (id == NULL || text == NULL)
		return why_set(why, JEMBATAN_DATA, "a record needs id and text");
	place_find(o->regions, text, location, o->home, &place);
	rules_apply(o->rules, text, &ruled);
	classify_text(o->classifier, text, location, &model);
	put(out, "id", "", json_string(id));
	put_task("agency", &model.tasks[CLASSIFY_AGENCY], &ruled.fields[RULES_AGENCY], out);
	put_task("topic", &model.tasks[CLASSIFY_TOPIC], NULL, out);
	put(out, "category", "",
	    text_or_null(rules_category(o->rules, model.tasks[CLASSIFY_TOPIC].best[0].name)));
	put_social_aid(&model.tasks[CLASSIFY_SOCIAL_AID], &ruled, out);
	put_kind(&ruled, out);
	put_place(o, &place, out);
	cli_print_json(NULL, out);
	return JEMBATAN_OK;
}

static enum jembatan_result read_all(struct offline *o, FILE *file, struct why *why)
{
	CLEANUP(free_pointer) char *text = NULL;
	size_t room = 0, number = 0;
	ssize_t size;
	while ((size = getline(&text, &room, file)) > 0) {
		number++;
		if (size == 1)
			continue;
		enum jembatan_result r = classify(o, bytes_of(text, (size_t)size), why);
		if (r != JEMBATAN_OK)
			return why_prefix(why, r, "line %zu", number);
	}
	if (ferror(file))
		return why_set(why, JEMBATAN_DATA, "cannot read on: %s", strerror(errno));
	return JEMBATAN_OK;
}

static enum jembatan_result open_offline(struct offline *o, const char *home, struct why *why)
{
	enum jembatan_result r = regions_load(regions_path(), &o->regions, why);
	if (r == JEMBATAN_OK)
		r = rules_load(rules_path(), &o->rules, why);
	if (r == JEMBATAN_OK)
		r = classifier_load(classifier_path(), &o->classifier, why);
	if (r != JEMBATAN_OK || home == NULL)
		return r;
	o->home = regions_by_code(o->regions, home);
	if (o->home == REGION_NONE)
		return why_set(why, JEMBATAN_CONFIG, "no region has the code %.20s", home);
	return JEMBATAN_OK;
}

static void on_wrong(void *data, const char *rule, const char *example, bool should_fit)
{
	size_t *wrong = data;
	(*wrong)++;
	printf("%s: %s fit: %s\n", rule, should_fit ? "should" : "should not", example);
}

int cli_rules_test(const char *path)
{
	struct rules *rules = NULL;
	struct why why = { "" };
	size_t wrong = 0;
	if (rules_load(path != NULL ? path : rules_path(), &rules, &why) != JEMBATAN_OK) {
		fprintf(stderr, "jembatan rules: %s\n", why.text);
		return EX_CONFIG;
	}
	size_t count = rules_test(rules, on_wrong, &wrong);
	printf("%zu examples, %zu wrong\n", count, wrong);
	rules_free(rules);
	return wrong == 0 ? EX_OK : EX_DATAERR;
}

int cli_classify_offline(const char *path, const char *home)
{
	struct offline o = { .home = REGION_NONE };
	struct why why = { "" };
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	if (file == NULL) {
		fprintf(stderr, "jembatan classify: %s: %s\n", path, strerror(errno));
		return EX_NOINPUT;
	}
	enum jembatan_result r = open_offline(&o, home, &why);
	if (r == JEMBATAN_OK)
		r = read_all(&o, file, &why);
	if (r != JEMBATAN_OK)
		fprintf(stderr, "jembatan classify: %s\n", why.text);
	regions_free(o.regions);
	rules_free(o.rules);
	classifier_free(o.classifier);
	if (file != stdin)
		fclose(file);
	return r == JEMBATAN_OK ? EX_OK : r == JEMBATAN_CONFIG ? EX_CONFIG : EX_DATAERR;
}
