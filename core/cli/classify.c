/* classify.c: `jembatan classify --offline FILE`: what the daemon would say
 * about these complaints, without a daemon and without storing. */
#include "cli/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/digest.h"
#include "base/jx.h"
#include "ticket/know.h"
#include "ticket/position.h"
#include "base/poison.h"

#define LINE_MAX_BYTES (1024u * 1024u)

struct offline {
	struct know_tables *tables;
	struct know know;
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

static json_t *list_of(const char *const *texts, size_t count)
{
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_string(texts[i]));
	return list;
}

static void put_place(const struct offline *o, const struct place *p, json_t *out)
{
	static const char *const levels[] = { NULL, "province", "kabupaten", "kecamatan", "village" };
	const struct regions *regions = o->tables->regions;
	json_t *names = json_array(), *words = json_array();
	char code[REGION_CODE_SIZE];
	regions_code(regions, p->region, code);
	for (uint32_t n = p->region; n != REGION_NONE; n = regions_at(regions, n).parent)
		json_array_insert_new(names, 0, json_string(regions_at(regions, n).name));
	for (size_t i = 0; i < p->evidence_count; i++)
		json_array_append_new(words, json_string(p->evidence[i]));
	put(out, "place", "", code[0] != '\0' ? json_string(code) : json_null());
	put(out, "place", "_level", text_or_null(levels[p->level]));
	put(out, "place", "_names", names);
	put(out, "place", "_margin", json_real(p->margin));
	put(out, "place", "_ambiguous", json_boolean(p->is_ambiguous));
	put(out, "place", "_words", words);
	put(out, "zone", "_minutes", json_integer(regions_zone_minutes(regions, p->region)));
}

static void put_choice(const char *task, const struct know_choice *c, json_t *out)
{
	put(out, task, "", text_or_null(c->count > 0 ? c->three[0] : NULL));
	put(out, task, "_margin", json_real(c->margin));
	put(out, task, "_three", list_of(c->three, c->count));
	put(out, task, "_words", list_of(c->words, c->word_count));
	put(out, task, "_rule", text_or_null(c->rule));
}

static void put_rest(const struct know *k, json_t *out)
{
	put(out, "social_aid", "", json_boolean(k->is_social_aid));
	put(out, "social_aid", "_share", json_real(k->social_aid_share));
	put(out, "social_aid", "_margin", json_real(k->social_aid_margin));
	put(out, "programme", "", text_or_null(k->programme));
	put(out, "aid_complaint", "", text_or_null(k->aid_complaint));
	put(out, "kind", "", json_string(k->kind));
	put(out, "kind", "_margin", json_real(k->kind_margin));
	put(out, "kind", "_rule", text_or_null(k->kind_rule));
	put(out, "kind", "_words", text_or_null(k->kind_words));
	put(out, "not_complaint", "", text_or_null(k->not_complaint));
}

static enum jembatan_result classify(void *data, struct jembatan_bytes line, struct why *why)
{
	struct offline *o = data;
	CLEANUP(jx_decref) json_t *root = NULL, *out = json_object();
	if (line.size > LINE_MAX_BYTES)
		return why_set(why, JEMBATAN_DATA, "a line of more than 1 MiB");
	if (jx_parse_dropping_nul(line, &root, why) != JEMBATAN_OK)
		return JEMBATAN_DATA;
	const char *id = jx_text(root, "id");
	struct know_input input = { .text = jx_text(root, "text"),
				    .location = jx_text(root, "location"),
				    .hints = { .home = o->home } };
	if (id == NULL || input.text == NULL)
		return why_set(why, JEMBATAN_DATA, "a record needs id and text");
	input.hints.has_position = position_find(input.text, &input.hints.latitude,
						 &input.hints.longitude);
	know_complaint(o->tables, &input, &o->know);
	put(out, "id", "", json_string(id));
	put_choice("agency", &o->know.agency, out);
	put_choice("topic", &o->know.topic, out);
	put(out, "category", "", text_or_null(o->know.category));
	put_rest(&o->know, out);
	put_place(o, &o->know.place, out);
	cli_print_json(NULL, out);
	return JEMBATAN_OK;
}

static enum jembatan_result open_offline(struct offline *o, const char *home, struct why *why)
{
	enum jembatan_result r = know_load(&(struct know_files){ 0 }, &o->tables, why);
	if (r != JEMBATAN_OK || home == NULL)
		return r;
	o->home = regions_by_code(o->tables->regions, home);
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
		r = cli_each_line(file, "classify", classify, &o);
	else
		fprintf(stderr, "jembatan classify: %s\n", why.text);
	know_free(o.tables);
	if (file != stdin)
		fclose(file);
	return r == JEMBATAN_OK ? EX_OK : r == JEMBATAN_CONFIG ? EX_CONFIG : EX_DATAERR;
}
