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
#define BEGINNING 5u
#define FEATURES_BYTES (64u * 1024u)

struct gram {
	const char *text;
	float idf;
	const int8_t *weights; /* one for each class of all tasks */
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
	buf_printf(out, "%s%s%s%s%s", before > 0 ? "\t" : "", mark, word, next != NULL ? " " : "",
		   next != NULL ? next : "");
	if (buf_is_full(out))
		buf_cut(out, before);
}

static void put_beginning(struct buf *out, const struct token *t)
{
	char begin[BEGINNING + 1];
	for (size_t i = 0; i <= BEGINNING; i++)
		if (i >= t->size || (unsigned char)t->text[i] >= 0x80)
			return;
	memcpy(begin, t->text, BEGINNING);
	begin[BEGINNING] = '\0';
	put(out, "^", begin, NULL);
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
		put_beginning(out, k);
		if (last != NULL)
			put(out, "", last, k->text);
		last = k->text;
	}
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

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
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

/* "word<TAB>idf<TAB>two hex digits a class" */
static bool on_gram(struct classifier *c, char *fields[3])
{
	size_t size = strlen(fields[2]);
	if (c->gram_count == GRAMS_MAX || size != c->class_count * 2 || size == 0 ||
	    strlen(fields[0]) >= CLASSIFY_GRAM_SIZE)
		return false;
	int8_t *weights = arena_alloc(c->arena, c->class_count);
	for (size_t i = 0; i < c->class_count; i++) {
		int high = hex_digit(fields[2][i * 2]), low = hex_digit(fields[2][i * 2 + 1]);
		if (high < 0 || low < 0)
			return false;
		weights[i] = (int8_t)(uint8_t)(high * 16 + low);
	}
	size_t slot = slot_of(c, fields[0]);
	if (c->slots[slot] != 0)
		return false;
	c->grams[c->gram_count++] = (struct gram){ arena_strdup(c->arena, fields[0]),
						   strtof(fields[1], NULL), weights };
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
	CLEANUP(buf_done) struct buf bytes;
	buf_init(&bytes, FILE_MAX);
	enum jembatan_result r = file_read(path, &bytes, why);
	size_t number = 0;
	if (r != JEMBATAN_OK)
		return why_prefix(why, JEMBATAN_CONFIG, "classification");
	for (char *rest = bytes.data, *line; rest != NULL && (line = strsep(&rest, "\n")) != NULL;) {
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
	free(c->grams);
	free(c);
}

/* ---- the sum ------------------------------------------------------------ */

struct found {
	const struct gram *gram;
	double value; /* (1 + ln count) idf over the length of the whole */
};

static size_t find_grams(const struct classifier *c, char *features, struct found *out)
{
	size_t count = 0;
	double length = 0;
	for (char *rest = features, *f; (f = strsep(&rest, "\t")) != NULL;) {
		uint32_t number = c->slots[slot_of(c, f)];
		size_t i = 0;
		if (number == 0)
			continue;
		while (i < count && out[i].gram != &c->grams[number - 1])
			i++;
		if (i == count && count == CLASSIFY_FEATURES_MAX)
			break;
		if (i == count)
			out[count++] = (struct found){ &c->grams[number - 1], 0 };
		out[i].value += 1;
	}
	for (size_t i = 0; i < count; i++) {
		out[i].value = (1 + log(out[i].value)) * (double)out[i].gram->idf;
		length += out[i].value * out[i].value;
	}
	for (size_t i = 0; i < count; i++)
		out[i].value /= sqrt(length);
	return count;
}

/* The grams that spoke most for the class. */
static void show_words(const struct found *found, size_t count, size_t class,
		       struct classify_answer *out)
{
	double below = INFINITY;
	while (out->word_count < CLASSIFY_WORDS) {
		const struct found *best = NULL;
		double most = 0;
		for (size_t i = 0; i < count; i++) {
			double said = found[i].value * found[i].gram->weights[class];
			if (said > most && said < below) {
				most = said;
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

static void answer_task(const struct classifier *c, enum classify_task task, const struct found *found,
			size_t count, struct classify_answer *out)
{
	double score[CLASSES_MAX], highest = -INFINITY, sum = 0;
	size_t best = c->first[task];
	for (size_t k = c->first[task]; k < c->first[task + 1]; k++) {
		double s = 0;
		for (size_t i = 0; i < count; i++)
			s += found[i].value * found[i].gram->weights[k];
		score[k] = c->bias[k] + s * c->scale[k];
		if (score[k] > highest) {
			highest = score[k];
			best = k;
		}
	}
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
	memset(out, 0, sizeof(*out));
	buf_init(&features, FEATURES_BYTES);
	classify_features(c->lexicon, text, location, &features);
	size_t count = features.data != NULL ? find_grams(c, features.data, found) : 0;
	for (enum classify_task t = CLASSIFY_AGENCY; t < CLASSIFY_TASK_COUNT; t++)
		answer_task(c, t, found, count, &out->tasks[t]);
}
