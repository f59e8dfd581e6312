/* know.c: one look at the words for each question, rules before the model. */
#include "ticket/know.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/poison.h"

/* ---- the tables --------------------------------------------------------- */

#define FILES 6u

struct stamp {
	char *path; /* NULL: there is none */
	int64_t size, changed_ns;
	uint64_t number;
};

struct know_stamps {
	struct stamp files[FILES];
};

static const char *tree_path(void)
{
	const char *path = getenv("JEMBATAN_CATEGORIES");
	return path != NULL && path[0] != '\0' ? path : JEMBATAN_DATADIR "/categories.txt";
}

static void list_paths(const struct know_files *files, const char *out[FILES])
{
	out[0] = regions_path();
	out[1] = files->proposes_nothing ? NULL : rules_path();
	out[2] = files->proposes_nothing ? NULL : classifier_path();
	out[3] = tree_path();
	out[4] = files->categories_file;
	out[5] = files->locations_file;
}

static struct stamp stamp_of(const char *path)
{
	struct stat st;
	struct stamp s = { 0 };
	if (path == NULL || stat(path, &st) != 0)
		return s;
	s.size = st.st_size;
	s.changed_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
	s.number = st.st_ino;
	return s;
}

bool know_changed(const struct know_tables *t, const struct know_files *files)
{
	const char *paths[FILES];
	list_paths(files, paths);
	for (size_t i = 0; i < FILES; i++) {
		const struct stamp *old = &t->stamps->files[i], now = stamp_of(paths[i]);
		if (!str_equal(old->path, paths[i]) || old->size != now.size ||
		    old->changed_ns != now.changed_ns || old->number != now.number)
			return true;
	}
	return false;
}

static enum jembatan_result load(struct know_tables *t, const char *const paths[FILES],
				 struct why *why)
{
	enum jembatan_result r = regions_load(paths[0], &t->regions, why);
	if (r == JEMBATAN_OK && paths[1] != NULL)
		r = rules_load(paths[1], &t->rules, why);
	if (r == JEMBATAN_OK && paths[2] != NULL)
		r = classifier_load(paths[2], &t->classifier, why);
	if (r == JEMBATAN_OK)
		r = pairs_load(paths[3], false, &t->tree, why);
	if (r == JEMBATAN_OK && paths[4] != NULL)
		r = pairs_load(paths[4], true, &t->categories, why);
	if (r == JEMBATAN_OK && paths[5] != NULL)
		r = pairs_load(paths[5], true, &t->locations, why);
	return r;
}

enum jembatan_result know_load(const struct know_files *files, struct know_tables **out,
			       struct why *why)
{
	const char *paths[FILES];
	struct know_tables *t = xcalloc(1, sizeof(*t));
	t->stamps = xcalloc(1, sizeof(*t->stamps));
	list_paths(files, paths);
	/* Before the reading: what changes meanwhile is read again. */
	for (size_t i = 0; i < FILES; i++) {
		t->stamps->files[i] = stamp_of(paths[i]);
		t->stamps->files[i].path = paths[i] != NULL ? xstrdup(paths[i]) : NULL;
	}
	enum jembatan_result r = load(t, paths, why);
	if (r == JEMBATAN_OK)
		*out = t;
	else
		know_free(t);
	return r;
}

void know_free(struct know_tables *t)
{
	if (t == NULL)
		return;
	regions_free(t->regions);
	rules_free(t->rules);
	classifier_free(t->classifier);
	pairs_free(t->tree);
	pairs_free(t->categories);
	pairs_free(t->locations);
	for (size_t i = 0; i < FILES; i++)
		free(t->stamps->files[i].path);
	free(t->stamps);
	free(t);
}

/* ---- the answers -------------------------------------------------------- */

static void add(struct know_choice *c, const char *name)
{
	for (size_t i = 0; i < c->count; i++)
		if (strcmp(c->three[i], name) == 0)
			return;
	if (c->count < CLASSIFY_BEST)
		c->three[c->count++] = name;
}

static void decide_by_rule(struct know_choice *c, const char *name, const char *rule,
			   const char *words)
{
	if (c->rule == NULL) {
		c->rule = rule;
		c->margin = 1;
		c->words[c->word_count++] = words;
	}
	add(c, name);
}

/* What the model says, behind the rules. */
static void add_guesses(struct know_choice *c, const struct classify_answer *a)
{
	if (c->rule == NULL) {
		c->margin = a->margin;
		for (size_t i = 0; i < a->word_count; i++)
			c->words[c->word_count++] = a->words[i];
	}
	for (size_t i = 0; i < CLASSIFY_BEST && a->best[i].name != NULL; i++)
		add(c, a->best[i].name);
}

/* A salutation in the text says more than the channel does. */
static void choose_agency(const struct know_input *input, struct know *out)
{
	const struct rules_fit *rule = &out->ruled.fields[RULES_AGENCY];
	if (rule->value != NULL)
		decide_by_rule(&out->agency, rule->value, rule->rule, rule->phrase);
	if (input->agency != NULL)
		decide_by_rule(&out->agency, input->agency, "channel", input->agency);
	add_guesses(&out->agency, &out->model.tasks[CLASSIFY_AGENCY]);
}

static void choose_social_aid(struct know *out)
{
	const struct classify_answer *a = &out->model.tasks[CLASSIFY_SOCIAL_AID];
	bool yes_first = a->best[0].name != NULL && strcmp(a->best[0].name, "yes") == 0;
	out->programme = out->ruled.fields[RULES_SOCIAL_AID].value;
	out->social_aid_share = a->best[yes_first ? 0 : 1].share;
	out->social_aid_margin = a->margin;
	out->is_social_aid = out->social_aid_share >= (out->programme != NULL ?
						       KNOW_SOCIAL_AID_NAMED : KNOW_SOCIAL_AID_ENOUGH);
	if (out->is_social_aid)
		out->aid_complaint = out->ruled.fields[RULES_AID_COMPLAINT].value;
}

/* What no rule calls otherwise is an ordinary complaint: half sure. */
static void choose_kind(struct know *out)
{
	const struct rules_fit *kind = &out->ruled.fields[RULES_KIND];
	const struct rules_fit *no = &out->ruled.fields[RULES_NOT_COMPLAINT];
	out->kind = kind->value != NULL ? kind->value : "Pengaduan Tidak Berkadar Pengawasan";
	out->kind_margin = kind->value != NULL ? 1 : 0.5;
	out->kind_rule = kind->rule;
	out->kind_words = kind->phrase;
	out->not_complaint = no->value;
	out->not_complaint_words = no->phrase;
}

/* Place and rules look at the same words. */
static void look_at_words(const struct know_tables *t, const struct know_input *input,
			  struct know *out)
{
	CLEANUP(free_pointer) struct place_words *words = xmalloc(sizeof(*words));
	place_words_read(input->text, input->location, words);
	place_find_in(t->regions, words, &input->hints, &out->place);
	/* Of a long text the location has taken the room of the last words. */
	if (words->count == PLACE_WORDS_MAX)
		place_words_read(input->text, NULL, words);
	rules_apply_to(t->rules, words, &out->ruled);
}

void know_complaint(const struct know_tables *t, const struct know_input *input, struct know *out)
{
	memset(out, 0, sizeof(*out));
	look_at_words(t, input, out);
	classify_text(t->classifier, input->memo, input->text, input->location, &out->model);
	choose_agency(input, out);
	add_guesses(&out->topic, &out->model.tasks[CLASSIFY_TOPIC]);
	out->category = rules_category(t->rules, out->model.tasks[CLASSIFY_TOPIC].best[0].name);
	choose_social_aid(out);
	choose_kind(out);
}
