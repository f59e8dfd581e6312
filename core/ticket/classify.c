/* classify.c: features, the file of weights, and the sum over both. */
#include "ticket/classify.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/poison.h"

#define FILE_MAX (8u * 1024u * 1024u)
#define CLASSES_MAX 400u
#define GRAMS_MAX 60000u
#define SLOTS (1u << 17)
#define SPELLED 4u             /* letters of a piece */
#define SPELLED_TEXT_MAX 4096u /* bytes of a text whose pieces are looked at */
#define FEATURES_BYTES (64u * 1024u)
#define FOUND_SLOTS 4096u      /* twice CLASSIFY_FEATURES_MAX */
#define LETTER_NONE 79         /* the letter that stands for weight 0; 33 to 125 are used */
#define LETTER_SPAN 46

/* Words and pairs, pieces, words of the location: each is of unit length
 * before it is weighed against the others. */
enum block { BLOCK_WORDS, BLOCK_PIECES, BLOCK_LOCATION, BLOCK_COUNT };

static const double block_shares[BLOCK_COUNT] = { 1, 1, 0.3 };

struct gram {
	const char *text;    /* in the file's bytes, as are the weights: */
	const char *weights; /* one letter for each class of all tasks */
	float idf;
};

struct classifier {
	struct arena *arena;
	struct lexicon *lexicon;
	const char *names[CLASSES_MAX];
	double bias[CLASSES_MAX];
	double scale[CLASSES_MAX]; /* of the weights of this class */
	size_t first[CLASSIFY_TASK_COUNT + 1]; /* classes of task t: first[t] to first[t + 1] */
	size_t class_count;
	enum classify_task last; /* of the classes read: tasks come in their order */
	struct buf file;
	struct gram *grams;
	size_t gram_count;
	uint32_t slots[SLOTS]; /* number of a gram and 1; 0: free */
};

static const char *const task_names[] = { "agency", "topic", "social_aid" };

const char *classify_task_name(enum classify_task task)
{
	return task_names[task];
}

const char *classifier_path(void)
{
	const char *path = getenv("JEMBATAN_CLASSIFY");
	return path != NULL && path[0] != '\0' ? path : JEMBATAN_DATADIR "/classify.txt";
}

/* ---- features ----------------------------------------------------------- */

static void put(struct buf *out, const char *mark, const char *word, const char *next)
{
	size_t before = out->size;
	if (before > 0)
		buf_add_char(out, '\t');
	buf_add_text(out, mark);
	buf_add_text(out, word);
	if (next != NULL)
		buf_add_char(out, ' ');
	buf_add_text(out, next);
	if (buf_is_full(out))
		buf_cut(out, before);
}

/* A piece of four letters; a word's edge is '_', digits are one '0'. */
static void put_pieces(struct buf *out, const char *word, size_t size)
{
	char piece[SPELLED + 1] = "";
	if (size <= SPELLED) {
		memcpy(piece, word, size);
		put(out, "~", piece, NULL);
		return;
	}
	for (size_t i = 0; i + SPELLED <= size; i++) {
		memcpy(piece, word + i, SPELLED);
		put(out, "~", piece, NULL);
	}
}

/* Small ASCII letters and '0' are parts of words; everything else is between. */
static char letter_of(char c)
{
	if (c >= '0' && c <= '9')
		return '0';
	return c >= 'a' && c <= 'z' ? c : c >= 'A' && c <= 'Z' ? (char)(c + 32) : '\0';
}

/* The words as they are written, also those that tokens.h leaves out: what a
 * citizen asks for stands in them. */
static void put_spelling(struct buf *out, const char *text)
{
	char word[64] = "_";
	size_t used = 1;
	for (const char *p = text; p < text + SPELLED_TEXT_MAX; p++) {
		char c = letter_of(*p);
		bool again = c != '\0' && used > 1 && word[used - 1] == c && (c == '0' || p[1] == *p);
		if (c != '\0' && !again && used < sizeof(word) - 1)
			word[used++] = c;
		if (c == '\0' && used > 1) {
			word[used++] = '_';
			put_pieces(out, word, used);
			used = 1;
		}
		if (*p == '\0')
			return;
	}
}

void classify_features(const struct lexicon *l, const char *text, const char *location,
		       struct buf *out)
{
	CLEANUP(free_pointer) struct tokens *t = xmalloc(sizeof(*t));
	const char *last = NULL;
	tokens_read(l, text, location, 0, 0, t);
	for (size_t i = 0; i < t->count; i++) {
		const struct token *k = &t->items[i];
		if (k->number || k->role == ROLE_DATE)
			continue;
		if (k->flags & TOKEN_LOCATION) {
			put(out, "@", k->text, NULL);
			continue;
		}
		put(out, "", k->text, NULL);
		if (last != NULL)
			put(out, "", last, k->text);
		last = k->text;
	}
	if (text != NULL)
		put_spelling(out, text);
}

/* ---- the file ----------------------------------------------------------- */

static uint32_t hash_of(const char *text)
{
	uint32_t h = 2166136261u;
	for (; *text != '\0'; text++)
		h = (h ^ (unsigned char)*text) * 16777619u;
	return h ^ (h >> 15);
}

/* The slot of the gram, or the free one where it belongs. */
static size_t slot_of(const struct classifier *c, const char *text)
{
	size_t i = hash_of(text) % SLOTS;
	while (c->slots[i] != 0 && strcmp(c->grams[c->slots[i] - 1].text, text) != 0)
		i = (i + 1) % SLOTS;
	return i;
}

/* "agency<TAB>Dinas X<TAB>bias<TAB>scale" */
static bool on_class(struct classifier *c, char *fields[4])
{
	enum classify_task task = CLASSIFY_AGENCY;
	while (task < CLASSIFY_TASK_COUNT && strcmp(task_names[task], fields[0]) != 0)
		task++;
	if (task == CLASSIFY_TASK_COUNT || c->class_count == CLASSES_MAX || c->gram_count > 0 ||
	    task < c->last)
		return false;
	c->last = task;
	for (size_t t = task + 1; t <= CLASSIFY_TASK_COUNT; t++)
		c->first[t] = c->class_count + 1;
	c->names[c->class_count] = arena_strdup(c->arena, fields[1]);
	c->bias[c->class_count] = strtod(fields[2], NULL);
	c->scale[c->class_count] = strtod(fields[3], NULL);
	c->class_count++;
	return true;
}

/* "word<TAB>idf<TAB>a letter for each class" */
static bool on_gram(struct classifier *c, char *fields[3])
{
	size_t size = strlen(fields[2]);
	if (c->gram_count == GRAMS_MAX || size != c->class_count || size == 0 ||
	    strlen(fields[0]) >= CLASSIFY_GRAM_SIZE)
		return false;
	for (size_t i = 0; i < size; i++)
		if (fields[2][i] < LETTER_NONE - LETTER_SPAN || fields[2][i] > LETTER_NONE + LETTER_SPAN)
			return false;
	size_t slot = slot_of(c, fields[0]);
	if (c->slots[slot] != 0)
		return false;
	c->grams[c->gram_count++] = (struct gram){ fields[0], fields[2], strtof(fields[1], NULL) };
	c->slots[slot] = (uint32_t)c->gram_count;
	return true;
}

static bool on_line(struct classifier *c, char *line)
{
	char *fields[5] = { NULL };
	size_t count = 0;
	if (line[0] == '#' || line[0] == '\0')
		return true;
	for (char *rest = line; rest != NULL && count < COUNT_OF(fields);)
		fields[count++] = strsep(&rest, "\t");
	return count == 4 ? on_class(c, fields) : count == 3 && on_gram(c, fields);
}

static enum jembatan_result read_file(struct classifier *c, const char *path, struct why *why)
{
	enum jembatan_result r = file_read(path, &c->file, why);
	size_t number = 0;
	if (r != JEMBATAN_OK)
		return why_prefix(why, JEMBATAN_CONFIG, "classification");
	for (char *rest = c->file.data, *line; rest != NULL && (line = strsep(&rest, "\n")) != NULL;) {
		number++;
		if (!on_line(c, line))
			return why_set(why, JEMBATAN_CONFIG, "%s, line %zu is not what this version "
				       "reads: install the file of the same version", path, number);
	}
	if (c->gram_count == 0)
		return why_set(why, JEMBATAN_CONFIG, "%s holds no weights", path);
	return JEMBATAN_OK;
}

enum jembatan_result classifier_load(const char *path, struct classifier **out, struct why *why)
{
	struct classifier *c = xcalloc(1, sizeof(*c));
	c->arena = arena_new();
	c->lexicon = lexicon_new(100);
	c->grams = xcalloc(GRAMS_MAX, sizeof(*c->grams));
	buf_init(&c->file, FILE_MAX);
	enum jembatan_result r = read_file(c, path, why);
	if (r == JEMBATAN_OK)
		*out = c;
	else
		classifier_free(c);
	return r;
}

void classifier_free(struct classifier *c)
{
	if (c == NULL)
		return;
	arena_free(c->arena);
	lexicon_free(c->lexicon);
	buf_done(&c->file);
	free(c->grams);
	free(c);
}

/* ---- the sum ------------------------------------------------------------ */

struct found {
	const struct gram *gram;
	float value; /* (1 + ln count) idf over the length of its block, times the block's share */
};

static enum block block_of(const struct gram *g)
{
	return g->text[0] == '~' ? BLOCK_PIECES : g->text[0] == '@' ? BLOCK_LOCATION : BLOCK_WORDS;
}

static size_t count_grams(const struct classifier *c, char *features, struct found *out)
{
	uint16_t at[FOUND_SLOTS] = { 0 }; /* index in out and 1, by number of the gram */
	size_t count = 0;
	for (char *rest = features, *f; (f = strsep(&rest, "\t")) != NULL;) {
		uint32_t number = c->slots[slot_of(c, f)];
		if (number == 0)
			continue;
		const struct gram *g = &c->grams[number - 1];
		size_t i = number * UINT32_C(2654435761) % FOUND_SLOTS;
		while (at[i] != 0 && out[at[i] - 1].gram != g)
			i = (i + 1) % FOUND_SLOTS;
		if (at[i] == 0 && count == CLASSIFY_FEATURES_MAX)
			break;
		if (at[i] == 0) {
			out[count++] = (struct found){ g, 0 };
			at[i] = (uint16_t)count;
		}
		out[at[i] - 1].value += 1;
	}
	return count;
}

static size_t find_grams(const struct classifier *c, char *features, struct found *out)
{
	double length[BLOCK_COUNT] = { 0 };
	size_t count = count_grams(c, features, out);
	for (size_t i = 0; i < count; i++) {
		out[i].value = (1 + logf(out[i].value)) * out[i].gram->idf;
		length[block_of(out[i].gram)] += (double)out[i].value * (double)out[i].value;
	}
	for (size_t b = 0; b < BLOCK_COUNT; b++)
		length[b] = length[b] > 0 ? block_shares[b] / sqrt(length[b]) : 0;
	for (size_t i = 0; i < count; i++)
		out[i].value *= (float)length[block_of(out[i].gram)];
	return count;
}

static float said(const struct found *f, size_t class)
{
	return f->value * (float)(f->gram->weights[class] - LETTER_NONE);
}

/* The words that spoke most for the class; pieces of words say people nothing. */
static void show_words(const struct found *found, size_t count, size_t class,
		       struct classify_answer *out)
{
	float below = INFINITY;
	while (out->word_count < CLASSIFY_WORDS) {
		const struct found *best = NULL;
		float most = 0;
		for (size_t i = 0; i < count; i++) {
			float s = said(&found[i], class);
			if (s > most && s < below && block_of(found[i].gram) != BLOCK_PIECES) {
				most = s;
				best = &found[i];
			}
		}
		if (best == NULL)
			return;
		below = most;
		str_copy(out->words[out->word_count++], CLASSIFY_GRAM_SIZE, best->gram->text);
	}
}

static void put_guess(struct classify_answer *a, const char *name, double share)
{
	size_t i = CLASSIFY_BEST;
	while (i > 0 && (a->best[i - 1].name == NULL || share > a->best[i - 1].share))
		i--;
	if (i == CLASSIFY_BEST)
		return;
	memmove(&a->best[i + 1], &a->best[i], (CLASSIFY_BEST - 1 - i) * sizeof(a->best[0]));
	a->best[i] = (struct classify_guess){ name, share };
}

static void answer_task(const struct classifier *c, enum classify_task task, double *score,
			const struct found *found, size_t count, struct classify_answer *out)
{
	size_t best = c->first[task];
	double sum = 0;
	for (size_t k = best; k < c->first[task + 1]; k++)
		if (score[k] > score[best])
			best = k;
	double highest = score[best];
	for (size_t k = c->first[task]; k < c->first[task + 1]; k++)
		sum += score[k] = exp(score[k] - highest);
	for (size_t k = c->first[task]; k < c->first[task + 1]; k++)
		put_guess(out, c->names[k], score[k] / sum);
	if (count > 0 && out->best[0].name != NULL) {
		out->margin = out->best[0].share - out->best[1].share;
		show_words(found, count, best, out);
	}
}

void classify_text(const struct classifier *c, const char *text, const char *location,
		   struct classify_answers *out)
{
	CLEANUP(buf_done) struct buf features;
	struct found found[CLASSIFY_FEATURES_MAX];
	float sum[CLASSES_MAX] = { 0 };
	double score[CLASSES_MAX];
	memset(out, 0, sizeof(*out));
	buf_init(&features, FEATURES_BYTES);
	classify_features(c->lexicon, text, location, &features);
	size_t count = features.data != NULL ? find_grams(c, features.data, found) : 0;
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < c->class_count; k++)
			sum[k] += said(&found[i], k);
	for (size_t k = 0; k < c->class_count; k++)
		score[k] = c->bias[k] + (double)sum[k] * c->scale[k];
	for (enum classify_task t = CLASSIFY_AGENCY; t < CLASSIFY_TASK_COUNT; t++)
		answer_task(c, t, score, found, count, &out->tasks[t]);
}
