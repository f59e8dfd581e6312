/* rules.c: phrases are words in a row; "word*" is every word that begins so.
 * Small letters, apostrophes and marks do not count (place_words.h). */
#include "ticket/rules.h"

#include <stdlib.h>
#include <string.h>

#include "config/yaml.h"
#include "ticket/place_words.h"
#include "base/poison.h"

#define RULES_MAX 500u
#define PHRASE_WORDS_MAX 8u
#define BEGINNINGS 1024u
#define ANY_WORD BEGINNINGS /* a phrase that begins with one letter and "*" */

struct phrase {
	const char *text; /* as written */
	char words[PHRASE_WORDS_MAX][PLACE_WORD_SIZE];
	bool open[PHRASE_WORDS_MAX]; /* ends in "*" */
	size_t count;
};

/* A text, and where its words stand by the two letters that they begin with:
 * most phrases begin with others, and are not compared at all. */
struct text {
	struct place_words words;
	uint16_t heads[BEGINNINGS]; /* a word and 1; 0: none begins so */
	uint16_t next[PLACE_WORDS_MAX];
};

struct phrases {
	struct phrase *items;
	uint16_t *begins; /* of each: what its first word begins with, or ANY_WORD */
	size_t count;
};

struct rule {
	const char *name;
	const char *values[RULES_FIELD_COUNT]; /* what it sets */
	struct phrases any, with, unless;
	size_t at_most; /* words of the text; 0: any number */
	const struct yaml_node *yes, *no;
};

struct rules {
	struct arena *arena;
	struct rule *items;
	size_t count;
	const struct yaml_node *categories;
};

static const char *const field_names[] = { "kind", "social_aid", "aid_complaint", "agency",
					   "not_complaint" };

const char *rules_field_name(enum rules_field field)
{
	return field_names[field];
}

const char *rules_path(void)
{
	const char *path = getenv("JEMBATAN_RULES");
	return path != NULL && path[0] != '\0' ? path : JEMBATAN_DATADIR "/rules.yaml";
}

/* ---- reading ------------------------------------------------------------ */

static enum jembatan_result wrong(const struct yaml_node *node, const char *sentence, struct why *why)
{
	return why_set(why, JEMBATAN_CONFIG, "%s:%u: %s", node->file, node->line, sentence);
}

/* Words of one letter share one. */
static uint16_t beginning(const char *word)
{
	return (uint16_t)(((unsigned char)word[0] * 33u + (unsigned char)word[1]) % BEGINNINGS);
}

static bool read_phrase(const char *text, struct phrase *out)
{
	struct place_words *words = xmalloc(sizeof(*words));
	const char *p = text;
	place_words_read(text, NULL, words);
	out->text = text;
	out->count = words->count;
	bool good = words->count > 0 && words->count <= PHRASE_WORDS_MAX;
	for (size_t i = 0; good && i < words->count; i++) {
		memcpy(out->words[i], words->items[i].text, PLACE_WORD_SIZE);
		p += strcspn(p, " ");
		out->open[i] = p > text && p[-1] == '*';
		p += strspn(p, " ");
	}
	free(words);
	return good;
}

static enum jembatan_result read_phrases(struct arena *arena, const struct yaml_node *node,
					 struct phrases *out, struct why *why)
{
	if (node == NULL)
		return JEMBATAN_OK;
	if (node->kind != YAML_LIST)
		return wrong(node, "phrases are a list: [word, two words, begin*]", why);
	out->items = arena_alloc(arena, (node->count + 1) * sizeof(*out->items));
	out->begins = arena_alloc(arena, (node->count + 1) * sizeof(*out->begins));
	for (const struct yaml_node *n = node->first; n != NULL; n = n->next) {
		struct phrase *p = &out->items[out->count++];
		*p = (struct phrase){ .count = 0 };
		if (n->kind != YAML_SCALAR || !read_phrase(n->text, p))
			return wrong(n, "a phrase has one to eight words of letters and digits", why);
		out->begins[out->count - 1] = p->open[0] && p->words[0][1] == '\0' ? ANY_WORD :
					      beginning(p->words[0]);
	}
	return JEMBATAN_OK;
}

static enum jembatan_result read_values(const struct yaml_node *set, struct rule *out,
					struct why *why)
{
	for (const struct yaml_node *n = set->first; n != NULL; n = n->next) {
		enum rules_field f = RULES_KIND;
		while (f < RULES_FIELD_COUNT && strcmp(field_names[f], n->key) != 0)
			f++;
		if (f == RULES_FIELD_COUNT || n->kind != YAML_SCALAR)
			return wrong(n, "a rule sets kind, social_aid, aid_complaint, agency or "
				     "not_complaint, each to one text", why);
		out->values[f] = n->text;
	}
	return JEMBATAN_OK;
}

static enum jembatan_result read_rule(struct arena *arena, const struct yaml_node *node,
				      struct rule *out, struct why *why)
{
	static const char *const known[] = { "name", "set", "any", "with", "unless", "at_most", "yes",
					     "no" };
	if (node->kind != YAML_MAP)
		return wrong(node, "a rule is a map", why);
	for (const struct yaml_node *n = node->first; n != NULL; n = n->next) {
		size_t i = 0;
		while (i < COUNT_OF(known) && strcmp(known[i], n->key) != 0)
			i++;
		if (i == COUNT_OF(known))
			return wrong(n, "a rule has name, set, any, with, unless, at_most, yes and no", why);
	}
	const struct yaml_node *name = yaml_get(node, "name"), *set = yaml_get(node, "set");
	if (name == NULL || name->kind != YAML_SCALAR || set == NULL || set->kind != YAML_MAP ||
	    yaml_get(node, "any") == NULL)
		return wrong(node, "a rule needs name, set and any", why);
	*out = (struct rule){ .name = name->text, .yes = yaml_get(node, "yes"), .no = yaml_get(node, "no") };
	const struct yaml_node *most = yaml_get(node, "at_most");
	if (most != NULL && (most->kind != YAML_SCALAR || strlen(most->text) > 3 ||
			     (out->at_most = strtoul(most->text, NULL, 10)) == 0))
		return wrong(most, "at_most is a number of words", why);
	enum jembatan_result r = read_values(set, out, why);
	if (r == JEMBATAN_OK)
		r = read_phrases(arena, yaml_get(node, "any"), &out->any, why);
	if (r == JEMBATAN_OK)
		r = read_phrases(arena, yaml_get(node, "with"), &out->with, why);
	if (r == JEMBATAN_OK)
		r = read_phrases(arena, yaml_get(node, "unless"), &out->unless, why);
	return r;
}

enum jembatan_result rules_load(const char *path, struct rules **out, struct why *why)
{
	struct rules *r = xcalloc(1, sizeof(*r));
	const struct yaml_node *root = NULL;
	r->arena = arena_new();
	enum jembatan_result result = yaml_load(path, path, r->arena, &root, why);
	if (result != JEMBATAN_OK) {
		rules_free(r);
		return JEMBATAN_CONFIG;
	}
	const struct yaml_node *list = yaml_get(root, "rules");
	r->categories = yaml_get(root, "categories");
	if (list == NULL || list->kind != YAML_LIST || list->count > RULES_MAX) {
		result = wrong(root, "needs `rules`, a list of at most 500", why);
		rules_free(r);
		return result;
	}
	r->items = arena_alloc(r->arena, (list->count + 1) * sizeof(*r->items));
	for (const struct yaml_node *n = list->first; n != NULL; n = n->next) {
		result = read_rule(r->arena, n, &r->items[r->count++], why);
		if (result != JEMBATAN_OK) {
			rules_free(r);
			return result;
		}
	}
	*out = r;
	return JEMBATAN_OK;
}

void rules_free(struct rules *r)
{
	if (r == NULL)
		return;
	arena_free(r->arena);
	free(r);
}

/* ---- applying ----------------------------------------------------------- */

static void read_text(const char *from, struct text *out)
{
	place_words_read(from, NULL, &out->words);
	memset(out->heads, 0, sizeof(out->heads));
	for (size_t i = 0; i < out->words.count; i++) {
		uint16_t *head = &out->heads[beginning(out->words.items[i].text)];
		out->next[i] = *head;
		*head = (uint16_t)(i + 1);
	}
}

static bool fits_here(const struct phrase *p, const struct place_words *words, size_t at)
{
	if (at + p->count > words->count)
		return false;
	for (size_t i = 0; i < p->count; i++) {
		const char *word = words->items[at + i].text;
		if (word[0] != p->words[i][0] ||
		    (p->open[i] ? !str_starts(word, p->words[i]) : strcmp(word, p->words[i]) != 0))
			return false;
	}
	return true;
}

static bool is_anywhere(const struct phrase *p, uint16_t begins, const struct text *text)
{
	if (begins == ANY_WORD) {
		for (size_t at = 0; at < text->words.count; at++)
			if (fits_here(p, &text->words, at))
				return true;
		return false;
	}
	for (size_t at = text->heads[begins]; at != 0; at = text->next[at - 1])
		if (fits_here(p, &text->words, at - 1))
			return true;
	return false;
}

/* The phrase that is in the text, or NULL. */
static const struct phrase *find(const struct phrases *list, const struct text *text)
{
	for (size_t i = 0; i < list->count; i++)
		if (is_anywhere(&list->items[i], list->begins[i], text))
			return &list->items[i];
	return NULL;
}

/* `any` first: it fits least often. */
static const struct phrase *rule_fits(const struct rule *rule, const struct text *text)
{
	if (rule->at_most > 0 && text->words.count > rule->at_most)
		return NULL;
	const struct phrase *any = find(&rule->any, text);
	if (any == NULL || find(&rule->unless, text) != NULL ||
	    (rule->with.count > 0 && find(&rule->with, text) == NULL))
		return NULL;
	return any;
}

void rules_apply(const struct rules *r, const char *from, struct rules_answer *out)
{
	struct text *text = xmalloc(sizeof(*text));
	memset(out, 0, sizeof(*out));
	read_text(from, text);
	for (size_t i = 0; i < r->count; i++) {
		const struct rule *rule = &r->items[i];
		const struct phrase *phrase = rule_fits(rule, text);
		for (size_t f = 0; phrase != NULL && f < RULES_FIELD_COUNT; f++)
			if (rule->values[f] != NULL && out->fields[f].value == NULL)
				out->fields[f] = (struct rules_fit){ rule->values[f], rule->name, phrase->text };
	}
	free(text);
}

const char *rules_category(const struct rules *r, const char *topic)
{
	const struct yaml_node *n = topic != NULL ? yaml_get(r->categories, topic) : NULL;
	return n != NULL && n->kind == YAML_SCALAR ? n->text : NULL;
}

static size_t test_examples(const struct rule *rule, const struct yaml_node *examples, bool should_fit,
			    rules_on_wrong *on_wrong, void *data)
{
	struct text *text = xmalloc(sizeof(*text));
	size_t count = 0;
	for (const struct yaml_node *n = examples != NULL ? examples->first : NULL; n != NULL; n = n->next) {
		if (n->kind != YAML_SCALAR)
			continue;
		count++;
		read_text(n->text, text);
		if ((rule_fits(rule, text) != NULL) != should_fit)
			on_wrong(data, rule->name, n->text, should_fit);
	}
	free(text);
	return count;
}

size_t rules_test(const struct rules *r, rules_on_wrong *on_wrong, void *data)
{
	size_t count = 0;
	for (size_t i = 0; i < r->count; i++) {
		count += test_examples(&r->items[i], r->items[i].yes, true, on_wrong, data);
		count += test_examples(&r->items[i], r->items[i].no, false, on_wrong, data);
	}
	return count;
}
