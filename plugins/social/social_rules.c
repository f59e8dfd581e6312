/* social_rules.c: reads rules and examples, and judges posts by them. Words are
 * compared without regard to case, marks of width and accents' composition. */
#include "social/social_rules.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#define RULES_MAX 100u
#define CONDITIONS_MAX 8u
#define RULE_BYTES 400u
#define TEXT_BYTES ((size_t)64 * 1024)

enum test { HASHTAG, WORD, LANGUAGE, FACT };

struct condition {
	enum test test;
	bool is_not;
	unsigned fact;
	char *word; /* folded */
};

struct rule {
	enum social_verdict verdict;
	struct condition conditions[CONDITIONS_MAX];
	size_t count;
};

struct social_rules {
	struct rule rules[RULES_MAX];
	size_t count;
};

/* Nobody has to write rules to begin with. */
static const char *const built_in[] = {
	"complaint: private", "complaint: hashtag lapor", "complaint: mention and word lapor",
	"complaint: mention and word keluhan", "review: mention",
};

static const struct {
	const char *name;
	unsigned fact;
} facts_known[] = {
	{ "mention", SOCIAL_MENTION }, { "private", SOCIAL_PRIVATE }, { "reply", SOCIAL_REPLY },
};

/* ---- text -------------------------------------------------------------- */

/* The caller frees; never NULL. What cannot be folded is empty. */
static char *fold(const char *text, size_t size)
{
	utf8proc_uint8_t *out = NULL;
	utf8proc_ssize_t n = utf8proc_map((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)size,
					  &out, UTF8PROC_COMPOSE | UTF8PROC_COMPAT |
					  UTF8PROC_CASEFOLD | UTF8PROC_IGNORE | UTF8PROC_STABLE);
	if (n < 0)
		out = calloc(1, 1);
	if (!out)
		abort();
	return (char *)out;
}

static bool is_word_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
	       (unsigned char)c >= 0x80;
}

/* As whole words; before it stands `mark`, or with '\0' anything but a letter. */
static bool has(const char *text, const char *word, char mark)
{
	size_t n = strlen(word);

	for (const char *at = text; (at = strstr(at, word)) != NULL; at++) {
		char before = at > text ? at[-1] : ' ';
		bool begins = mark ? before == mark : !is_word_byte(before);

		if (begins && !is_word_byte(at[n]))
			return true;
	}
	return false;
}

/* ---- rules ------------------------------------------------------------- */

static bool skip_word(const char **at, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(*at, word, n) != 0 || ((*at)[n] != ' ' && (*at)[n] != '\0'))
		return false;
	*at += n;
	*at += strspn(*at, " ");
	return true;
}

static bool read_verdict(const char **at, enum social_verdict *out)
{
	static const char *const names[] = { "complaint", "review", "ignore" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t n = strlen(names[i]);

		if (strncmp(*at, names[i], n) == 0 && (*at)[n] == ':') {
			*at += n + 1;
			*at += strspn(*at, " ");
			*out = (enum social_verdict)i;
			return true;
		}
	}
	return false;
}

static bool read_condition(const char **at, struct condition *out)
{
	struct condition c = { .test = FACT };

	c.is_not = skip_word(at, "not");
	for (size_t i = 0; i < sizeof(facts_known) / sizeof(facts_known[0]); i++)
		if (skip_word(at, facts_known[i].name))
			c.fact = facts_known[i].fact;
	if (c.fact == 0) {
		if (skip_word(at, "hashtag"))
			c.test = HASHTAG;
		else if (skip_word(at, "word"))
			c.test = WORD;
		else if (skip_word(at, "language"))
			c.test = LANGUAGE;
		else
			return false;
		const char *end = strstr(*at, " and ");
		size_t n = end ? (size_t)(end - *at) : strlen(*at);
		size_t skip = c.test == HASHTAG && **at == '#' ? 1 : 0;

		while (n > skip && (*at)[n - 1] == ' ')
			n--;
		c.word = fold(*at + skip, n - skip);
		*at = end ? end + 1 : *at + strlen(*at);
		if (c.word[0] == '\0') {
			free(c.word);
			return false;
		}
	}
	*out = c;
	return true;
}

static void forget(struct rule *rule)
{
	for (size_t i = 0; i < rule->count; i++)
		free(rule->conditions[i].word);
	*rule = (struct rule){ .verdict = SOCIAL_REVIEW };
}

enum jembatan_result social_rules_add(struct social_rules *rules, const char *text,
				      struct kit_why *why)
{
	struct rule rule = { .verdict = SOCIAL_REVIEW };
	const char *at = text;
	bool is_fine = strlen(text) <= RULE_BYTES && rules->count < RULES_MAX &&
		       read_verdict(&at, &rule.verdict) && *at != '\0';

	while (is_fine && *at != '\0') {
		is_fine = rule.count < CONDITIONS_MAX &&
			  read_condition(&at, &rule.conditions[rule.count]);
		if (is_fine)
			rule.count++;
		if (is_fine && *at != '\0')
			is_fine = skip_word(&at, "and") && *at != '\0';
	}
	if (!is_fine) {
		forget(&rule);
		return kit_why_set(why, JEMBATAN_CONFIG,
				   "a rule is written as \"complaint: hashtag lapor and not word lomba\": "
				   "complaint, review or ignore, then mention, private, reply, hashtag X, "
				   "word X, language X (at most %u rules of %u conditions)", RULES_MAX,
				   CONDITIONS_MAX);
	}
	rules->rules[rules->count++] = rule;
	return JEMBATAN_OK;
}

struct social_rules *social_rules_empty(void)
{
	struct social_rules *rules = calloc(1, sizeof(*rules));

	if (!rules)
		abort();
	return rules;
}

void social_rules_free(struct social_rules *rules)
{
	for (size_t i = 0; rules && i < rules->count; i++)
		forget(&rules->rules[i]);
	free(rules);
}

/* ---- judging ----------------------------------------------------------- */

/* "id" also is "id-ID"; a language that nobody stated is none. */
static bool is_language(const char *stated, const char *wanted)
{
	size_t n = strlen(wanted);

	return stated && strncmp(stated, wanted, n) == 0 &&
	       (stated[n] == '\0' || stated[n] == '-' || stated[n] == '_');
}

static bool holds(const struct condition *c, const struct social_facts *facts, const char *folded)
{
	bool it_is = false;

	switch (c->test) {
	case HASHTAG:
		it_is = has(folded, c->word, '#');
		break;
	case WORD:
		it_is = has(folded, c->word, '\0');
		break;
	case LANGUAGE:
		it_is = is_language(facts->language, c->word);
		break;
	case FACT:
		it_is = (facts->flags & c->fact) != 0;
		break;
	}
	return it_is != c->is_not;
}

enum social_verdict social_rules_judge(const struct social_rules *rules,
				       const struct social_facts *facts)
{
	const char *text = facts->text ? facts->text : "";
	enum social_verdict verdict = SOCIAL_REVIEW;

	if (facts->flags & (SOCIAL_OWN | SOCIAL_REPOST | SOCIAL_BOT))
		return SOCIAL_IGNORE;
	char *folded = fold(text, strnlen(text, TEXT_BYTES));

	for (size_t i = 0; i < rules->count; i++) {
		const struct rule *rule = &rules->rules[i];
		size_t k = 0;

		while (k < rule->count && holds(&rule->conditions[k], facts, folded))
			k++;
		if (k == rule->count) {
			verdict = rule->verdict;
			break;
		}
	}
	free(folded);
	return verdict;
}

/* ---- options ----------------------------------------------------------- */

/* "complaint: [private] TEXT": what the network would say stands in brackets. */
static bool read_example(const char *text, enum social_verdict *out_verdict,
			 struct social_facts *out)
{
	static const struct {
		const char *mark;
		unsigned fact;
	} marks[] = {
		{ "[mention]", SOCIAL_MENTION }, { "[private]", SOCIAL_PRIVATE },
		{ "[reply]", SOCIAL_REPLY }, { "[bot]", SOCIAL_BOT }, { "[own]", SOCIAL_OWN },
		{ "[repost]", SOCIAL_REPOST },
	};
	const char *at = text;
	size_t i = 0;

	if (!read_verdict(&at, out_verdict))
		return false;
	while (i < sizeof(marks) / sizeof(marks[0])) {
		if (skip_word(&at, marks[i].mark)) {
			out->flags |= marks[i].fact;
			i = 0;
		} else {
			i++;
		}
	}
	out->text = at;
	return *at != '\0';
}

static enum jembatan_result try_examples(struct jembatan_context *ctx,
					 const struct social_rules *rules)
{
	static const char *const names[] = { "a complaint", "for review", "ignored" };
	const char *key, *text;

	for (size_t i = 0; jembatan_get_entry(ctx, "examples", i, &key, &text); i++) {
		enum social_verdict expected = SOCIAL_REVIEW;
		struct social_facts facts = { 0, NULL, NULL };

		if (!read_example(text, &expected, &facts))
			return jembatan_explain(ctx, JEMBATAN_CONFIG,
						"%s: example %zu: write it as \"complaint: [mention] "
						"the post's text\"",
						jembatan_where(ctx, "examples", NULL), i + 1);
		enum social_verdict verdict = social_rules_judge(rules, &facts);
		if (verdict != expected)
			return jembatan_explain(ctx, JEMBATAN_CONFIG,
						"%s: by the rules, example %zu is %s and not %s",
						jembatan_where(ctx, "examples", NULL), i + 1,
						names[verdict], names[expected]);
	}
	return JEMBATAN_OK;
}

static enum jembatan_result read_rules(struct jembatan_context *ctx, struct social_rules *rules)
{
	struct kit_why why;
	const char *key, *text;

	for (size_t i = 0; jembatan_get_entry(ctx, "rules", i, &key, &text); i++)
		if (social_rules_add(rules, text, &why) != JEMBATAN_OK)
			return jembatan_explain(ctx, JEMBATAN_CONFIG, "%s: rule %zu: %s",
						jembatan_where(ctx, "rules", NULL), i + 1, why.text);
	if (rules->count > 0)
		return JEMBATAN_OK;
	for (size_t i = 0; i < sizeof(built_in) / sizeof(built_in[0]); i++)
		if (social_rules_add(rules, built_in[i], &why) != JEMBATAN_OK)
			return jembatan_explain(ctx, JEMBATAN_FATAL, "%s", why.text);
	return JEMBATAN_OK;
}

enum jembatan_result social_rules_new(struct jembatan_context *ctx, struct social_rules **out)
{
	struct social_rules *rules = social_rules_empty();
	enum jembatan_result result = read_rules(ctx, rules);

	if (result == JEMBATAN_OK)
		result = try_examples(ctx, rules);
	if (result == JEMBATAN_OK)
		*out = rules;
	else
		social_rules_free(rules);
	return result;
}
