/* rules.c: phrases are words in a row; "word*" is every word that begins so.
 * Small letters, apostrophes and marks do not count (place_words.h). */
#include "ticket/rules.h"

#include <stdlib.h>
#include <string.h>

#include "config/yaml.h"
#include "ticket/place_words.h"
#include "base/poison.h"

#define RULES_MAX 500u
#define PHRASES_MAX 20000u /* of all rules */
#define PHRASE_WORDS_MAX 8u
#define BEGINNINGS 1024u

struct phrase {
	const char *text; /* as written */
	char words[PHRASE_WORDS_MAX][PLACE_WORD_SIZE];
	uint8_t sizes[PHRASE_WORDS_MAX]; /* that must be alike: of a whole word its end as well */
	size_t count;
};

/* Some of all phrases, one behind the other. */
struct phrases {
	uint16_t first, count;
};

struct rule {
	const char *name;
	const char *values[RULES_FIELD_COUNT]; /* what it sets */
	struct phrases any, with, unless;
	size_t at_most; /* words of the text; 0: any number */
	const struct yaml_node *yes, *no;
};

/* A word of a text is compared only with the phrases that begin as it does. Those
 * with fewer than three letters before a "*" stand at BEGINNINGS: compared with all. */
struct rules {
	struct arena *arena;
	struct rule *items;
	size_t count;
	struct phrase *phrases; /* of all rules, in their order */
	size_t phrase_count;
	uint16_t starts[BEGINNINGS + 2]; /* into by_beginning, of each beginning */
	uint16_t *by_beginning;
	const struct yaml_node *categories;
};

/* What a text says. */
struct text {
	const struct place_word *words;
	size_t count;
	uint64_t fits[]; /* a bit for each phrase: it is in the text */
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

static unsigned beginning(const char *word)
{
	unsigned first = (unsigned char)word[0], second = (unsigned char)word[1];
	unsigned third = second != 0 ? (unsigned char)word[2] : 0;
	return (first * 1089u + second * 33u + third) % BEGINNINGS;
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
		bool is_open = p > text && p[-1] == '*';
		out->sizes[i] = (uint8_t)(words->items[i].size + !is_open);
		p += strspn(p, " ");
	}
	free(words);
	return good;
}

static enum jembatan_result read_phrases(struct rules *r, const struct yaml_node *node,
					 struct phrases *out, struct why *why)
{
	if (node == NULL)
		return JEMBATAN_OK;
	if (node->kind != YAML_LIST)
		return wrong(node, "phrases are a list: [word, two words, begin*]", why);
	if (node->count > PHRASES_MAX - r->phrase_count)
		return wrong(node, "all rules together have at most 20000 phrases", why);
	*out = (struct phrases){ (uint16_t)r->phrase_count, (uint16_t)node->count };
	r->phrases = xrealloc(r->phrases, r->phrase_count + node->count, sizeof(*r->phrases));
	for (const struct yaml_node *n = node->first; n != NULL; n = n->next)
		if (n->kind != YAML_SCALAR || !read_phrase(n->text, &r->phrases[r->phrase_count++]))
			return wrong(n, "a phrase has one to eight words of letters and digits", why);
	return JEMBATAN_OK;
}

static size_t place_of(const struct phrase *p)
{
	return p->sizes[0] < 3 && p->words[0][p->sizes[0] - 1] != '\0' ? BEGINNINGS :
								      beginning(p->words[0]);
}

static void sort_phrases(struct rules *r)
{
	r->by_beginning = xcalloc(r->phrase_count + 1, sizeof(*r->by_beginning));
	for (size_t i = 0; i < r->phrase_count; i++)
		r->starts[place_of(&r->phrases[i])]++;
	for (size_t b = 1; b < COUNT_OF(r->starts); b++)
		r->starts[b] = (uint16_t)(r->starts[b] + r->starts[b - 1]);
	for (size_t i = r->phrase_count; i-- > 0;) /* backwards: starts become starts */
		r->by_beginning[--r->starts[place_of(&r->phrases[i])]] = (uint16_t)i;
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

static enum jembatan_result read_rule(struct rules *r, const struct yaml_node *node,
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
	enum jembatan_result result = read_values(set, out, why);
	if (result == JEMBATAN_OK)
		result = read_phrases(r, yaml_get(node, "any"), &out->any, why);
	if (result == JEMBATAN_OK)
		result = read_phrases(r, yaml_get(node, "with"), &out->with, why);
	if (result == JEMBATAN_OK)
		result = read_phrases(r, yaml_get(node, "unless"), &out->unless, why);
	return result;
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
		result = read_rule(r, n, &r->items[r->count++], why);
		if (result != JEMBATAN_OK) {
			rules_free(r);
			return result;
		}
	}
	sort_phrases(r);
	*out = r;
	return JEMBATAN_OK;
}

void rules_free(struct rules *r)
{
	if (r == NULL)
		return;
	arena_free(r->arena);
	free(r->phrases);
	free(r->by_beginning);
	free(r);
}

/* ---- applying ----------------------------------------------------------- */

static bool fits_here(const struct phrase *p, const struct text *text, size_t at)
{
	if (at + p->count > text->count)
		return false;
	for (size_t i = 0; i < p->count; i++)
		if (memcmp(text->words[at + i].text, p->words[i], p->sizes[i]) != 0)
			return false;
	return true;
}

static void mark_beginning(const struct rules *r, size_t beginning, size_t at, struct text *text)
{
	for (size_t i = r->starts[beginning]; i < r->starts[beginning + 1]; i++) {
		size_t n = r->by_beginning[i];
		if (fits_here(&r->phrases[n], text, at))
			text->fits[n / 64] |= UINT64_C(1) << n % 64;
	}
}

/* The words of the location come first; only the others say what it is. */
static struct text *text_of(const struct rules *r, const struct place_words *words)
{
	size_t marks = (r->phrase_count / 64 + 1) * sizeof(uint64_t), first = 0;
	struct text *text = xmalloc(sizeof(*text) + marks);
	while (first < words->count && words->items[first].in_location)
		first++;
	text->words = words->items + first;
	text->count = words->count - first;
	memset(text->fits, 0, marks);
	for (size_t i = 0; i < text->count; i++) {
		mark_beginning(r, beginning(text->words[i].text), i, text);
		mark_beginning(r, BEGINNINGS, i, text);
	}
	return text;
}

/* The first phrase of the list that is in the text, or NULL. */
static const struct phrase *find(const struct rules *r, const struct phrases *list,
				 const struct text *text)
{
	for (size_t n = list->first; n < (size_t)list->first + list->count; n++)
		if ((text->fits[n / 64] >> n % 64 & 1) != 0)
			return &r->phrases[n];
	return NULL;
}

/* `any` first: it fits least often. */
static const struct phrase *rule_fits(const struct rules *r, const struct rule *rule,
				      const struct text *text)
{
	if (rule->at_most > 0 && text->count > rule->at_most)
		return NULL;
	const struct phrase *any = find(r, &rule->any, text);
	if (any == NULL || find(r, &rule->unless, text) != NULL ||
	    (rule->with.count > 0 && find(r, &rule->with, text) == NULL))
		return NULL;
	return any;
}

void rules_apply_to(const struct rules *r, const struct place_words *words,
		    struct rules_answer *out)
{
	struct text *text = text_of(r, words);
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < r->count; i++) {
		const struct rule *rule = &r->items[i];
		const struct phrase *phrase = rule_fits(r, rule, text);
		for (size_t f = 0; phrase != NULL && f < RULES_FIELD_COUNT; f++)
			if (rule->values[f] != NULL && out->fields[f].value == NULL)
				out->fields[f] = (struct rules_fit){ rule->values[f], rule->name, phrase->text };
	}
	free(text);
}

void rules_apply(const struct rules *r, const char *text, struct rules_answer *out)
{
	CLEANUP(free_pointer) struct place_words *words = xmalloc(sizeof(*words));
	place_words_read(text, NULL, words);
	rules_apply_to(r, words, out);
}

const char *rules_category(const struct rules *r, const char *topic)
{
	const struct yaml_node *n = topic != NULL ? yaml_get(r->categories, topic) : NULL;
	return n != NULL && n->kind == YAML_SCALAR ? n->text : NULL;
}

static size_t test_examples(const struct rules *r, const struct rule *rule,
			    const struct yaml_node *examples, bool should_fit,
			    rules_on_wrong *on_wrong, void *data)
{
	CLEANUP(free_pointer) struct place_words *words = xmalloc(sizeof(*words));
	size_t count = 0;
	for (const struct yaml_node *n = examples != NULL ? examples->first : NULL; n != NULL; n = n->next) {
		if (n->kind != YAML_SCALAR)
			continue;
		count++;
		place_words_read(n->text, NULL, words);
		struct text *text = text_of(r, words);
		if ((rule_fits(r, rule, text) != NULL) != should_fit)
			on_wrong(data, rule->name, n->text, should_fit);
		free(text);
	}
	return count;
}

size_t rules_test(const struct rules *r, rules_on_wrong *on_wrong, void *data)
{
	size_t count = 0;
	for (size_t i = 0; i < r->count; i++) {
		count += test_examples(r, &r->items[i], r->items[i].yes, true, on_wrong, data);
		count += test_examples(r, &r->items[i], r->items[i].no, false, on_wrong, data);
	}
	return count;
}
