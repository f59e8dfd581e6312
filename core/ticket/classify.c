/* classify.c: the file of weights, and the sum over a text's features. */
#include "ticket/classify.h"

#include <endian.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "ticket/classify_features.h"
#include "base/poison.h"

#define FILE_MAX (8u * 1024u * 1024u)
#define CLASSES_MAX 400u
#define GRAMS_MAX 60000u
#define SLOTS_FIRST 1024u
#define FOUND_SLOTS 4096u      /* twice CLASSIFY_FEATURES_MAX */
#define LETTER_NONE 79         /* the letter that stands for weight 0; 33 to 125 are used */
#define LETTER_SPAN 46
#define OFTEN 16u
#define LANES 8u /* classes that are summed up at once */
#define ROW_MAX (CLASSES_MAX / LANES * LANES + LANES)
/* Words and pairs, pieces, words of the location: each is of unit length
 * before it is weighed against the others. */
enum block { BLOCK_WORDS, BLOCK_PIECES, BLOCK_LOCATION, BLOCK_COUNT };

static const double block_shares[BLOCK_COUNT] = { 1, 1, 0.3 };

struct gram {
	uint64_t key;          /* mixed */
	const char *text;      /* in the file's bytes, as are the weights: */
	const int8_t *weights; /* one for each class of all tasks; in the file a letter */
	float idf;
	enum block block;
};

/* Small, so that the table stays near the processor: most features are no gram. */
struct slot {
	uint16_t number; /* of a gram and 1; 0: free */
	uint16_t mark;   /* of its key */
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
	struct slot *slots;
	size_t slot_mask;
	float often[OFTEN]; /* 1 + ln of a count */
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

/* ---- the file ----------------------------------------------------------- */

/* Stands for the text: up to eight bytes are the key itself; of longer texts no
 * two that matter have the same. Of a shorter text eight bytes are read too: all
 * that come here lie in a longer buffer. */
static uint64_t key_of(const char *text, size_t size)
{
	uint64_t h;
	if (size <= sizeof(h)) {
		memcpy(&h, text, sizeof(h));
		return size == sizeof(h) ? h : le64toh(h) & ((UINT64_C(1) << 8 * size) - 1);
	}
	h = UINT64_C(14695981039346656037);
	for (size_t i = 0; i < size; i++)
		h = (h ^ (unsigned char)text[i]) * UINT64_C(1099511628211);
	return h;
}

/* No two keys become the same. The first slot comes out of the bits from 32 on, the
 * mark out of those above. */
static uint64_t mix(uint64_t key)
{
	return key * UINT64_C(0x9e3779b97f4a7c15);
}

static size_t first_slot(const struct classifier *c, uint64_t mixed)
{
	return mixed >> 32 & c->slot_mask;
}

static uint16_t mark_of(uint64_t mixed)
{
	return (uint16_t)(mixed >> 48);
}

/* From slot i on: that of the key, or the free one where it belongs. */
static inline struct slot *slot_from(const struct classifier *c, size_t i, uint64_t mixed)
{
	uint16_t mark = mark_of(mixed);
	while (c->slots[i].number != 0 && (c->slots[i].mark != mark ||
					   c->grams[c->slots[i].number - 1].key != mixed))
		i = (i + 1) & c->slot_mask;
	return &c->slots[i];
}

static struct slot *slot_of(const struct classifier *c, uint64_t mixed)
{
	return slot_from(c, first_slot(c, mixed), mixed);
}

static void grow_slots(struct classifier *c)
{
	struct slot *old = c->slots;
	size_t count = old != NULL ? c->slot_mask + 1 : 0;
	size_t bigger = old != NULL ? 2 * count : SLOTS_FIRST;
	c->slots = xcalloc(bigger, sizeof(*c->slots));
	c->slot_mask = bigger - 1;
	for (size_t i = 0; i < count; i++)
		if (old[i].number != 0)
			*slot_of(c, c->grams[old[i].number - 1].key) = old[i];
	free(old);
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

static enum block block_of(const char *gram)
{
	return gram[0] == '~' ? BLOCK_PIECES : gram[0] == '@' ? BLOCK_LOCATION : BLOCK_WORDS;
}

/* "word<TAB>idf<TAB>a letter for each class", which becomes the weight. */
static bool on_gram(struct classifier *c, char *fields[3])
{
	size_t size = strlen(fields[2]);
	if (c->gram_count == GRAMS_MAX || size != c->class_count || size == 0 ||
	    strlen(fields[0]) >= CLASSIFY_GRAM_SIZE)
		return false;
	for (size_t i = 0; i < size; i++)
		if (fields[2][i] < LETTER_NONE - LETTER_SPAN || fields[2][i] > LETTER_NONE + LETTER_SPAN)
			return false;
	/* Half of them free: what is no gram is known at the second look. */
	if (c->slots == NULL || c->gram_count >= (c->slot_mask + 1) / 2)
		grow_slots(c);
	uint64_t key = mix(key_of(fields[0], strlen(fields[0])));
	struct slot *slot = slot_of(c, key);
	if (slot->number != 0)
		return false;
	for (size_t i = 0; i < size; i++)
		fields[2][i] = (char)(fields[2][i] - LETTER_NONE);
	c->grams[c->gram_count++] = (struct gram){ key, fields[0], (const int8_t *)fields[2],
						   strtof(fields[1], NULL), block_of(fields[0]) };
	*slot = (struct slot){ (uint16_t)c->gram_count, mark_of(key) };
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
	/* The last row of weights is read in whole lanes too. */
	char *beyond = buf_reserve(&c->file, LANES);
	if (beyond == NULL)
		return why_set(why, JEMBATAN_CONFIG, "%s is too large", path);
	memset(beyond, 0, LANES);
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
	for (size_t i = 1; i < OFTEN; i++)
		c->often[i] = 1 + logf((float)i);
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
	free(c->slots);
	free(c);
}

/* ---- the sum ------------------------------------------------------------ */

struct found {
	const struct gram *gram;
	float value; /* (1 + ln count) idf over the length of its block, times the block's share */
};

/* Features are looked up in crowds: memory is fetched for all of them at once. */
#define CROWD 32u

struct counting {
	const struct classifier *c;
	uint64_t keys[CROWD]; /* to be looked up, mixed */
	size_t waiting;
	struct found *out;
	size_t count;
	bool is_full;
	uint16_t at[FOUND_SLOTS]; /* index in out and 1, by number of the gram */
};

static void count_gram(struct counting *n, size_t number)
{
	const struct gram *g = &n->c->grams[number - 1];
	size_t i = number * 2654435761u % FOUND_SLOTS;
	if (n->is_full)
		return;
	while (n->at[i] != 0 && n->out[n->at[i] - 1].gram != g)
		i = (i + 1) % FOUND_SLOTS;
	n->is_full = n->at[i] == 0 && n->count == CLASSIFY_FEATURES_MAX;
	if (n->is_full)
		return;
	if (n->at[i] == 0) {
		n->out[n->count++] = (struct found){ g, 0 };
		n->at[i] = (uint16_t)n->count;
	}
	n->out[n->at[i] - 1].value += 1;
}

static void count_waiting(struct counting *n)
{
	const struct classifier *c = n->c;
	size_t maybe[CROWD], at[CROWD], count = 0;
	for (size_t i = 0; i < n->waiting; i++) {
		size_t slot = first_slot(c, n->keys[i]);
		uint16_t mark = mark_of(n->keys[i]);
		while (c->slots[slot].number != 0 && c->slots[slot].mark != mark)
			slot = (slot + 1) & c->slot_mask;
		if (c->slots[slot].number == 0)
			continue;
		__builtin_prefetch(&c->grams[c->slots[slot].number - 1]);
		maybe[count] = i;
		at[count++] = slot;
	}
	for (size_t i = 0; i < count; i++) {
		size_t number = slot_from(c, at[i], n->keys[maybe[i]])->number;
		if (number != 0)
			count_gram(n, number);
	}
	n->waiting = 0;
}

static void count_key(struct counting *n, uint64_t key)
{
	uint64_t mixed = mix(key);
	__builtin_prefetch(&n->c->slots[first_slot(n->c, mixed)]);
	n->keys[n->waiting++] = mixed;
	if (n->waiting == CROWD)
		count_waiting(n);
}

static void count_feature(void *data, const char *text, size_t size)
{
	count_key(data, key_of(text, size));
}

/* The same key as of the piece with its '~'. */
static void count_piece(void *data, const char letters[4])
{
	uint32_t four;
	memcpy(&four, letters, sizeof(four));
	count_key(data, (uint64_t)le32toh(four) << 8 | '~');
}

static size_t find_grams(const struct classifier *c, struct tokens_memo *memo, const char *text,
			 const char *location, struct found *out)
{
	double length[BLOCK_COUNT] = { 0 };
	struct counting n = { .c = c, .out = out };
	classify_each_feature(c->lexicon, memo, text, location, count_feature, count_piece, &n);
	count_waiting(&n);
	for (size_t i = 0; i < n.count; i++) {
		__builtin_prefetch(out[i].gram->weights);
		float often = out[i].value < OFTEN ? c->often[(size_t)out[i].value] : 1 + logf(out[i].value);
		out[i].value = often * out[i].gram->idf;
		length[out[i].gram->block] += (double)out[i].value * (double)out[i].value;
	}
	for (size_t b = 0; b < BLOCK_COUNT; b++)
		length[b] = length[b] > 0 ? block_shares[b] / sqrt(length[b]) : 0;
	for (size_t i = 0; i < n.count; i++)
		out[i].value *= (float)length[out[i].gram->block];
	return n.count;
}

static float said(const struct found *f, size_t class)
{
	return f->value * (float)f->gram->weights[class];
}

/* The words that spoke most for the class, of several that spoke alike the first;
 * pieces of words say people nothing. */
static void show_words(const struct found *found, size_t count, size_t class,
		       struct classify_answer *out)
{
	const struct found *best[CLASSIFY_WORDS + 1];
	size_t n = 0;
	for (size_t i = 0; i < count && found[i].gram->block != BLOCK_PIECES; i++) {
		float s = said(&found[i], class);
		size_t at = n;
		if (s <= 0)
			continue;
		while (at > 0 && said(best[at - 1], class) < s)
			at--;
		if (at == CLASSIFY_WORDS || (at > 0 && said(best[at - 1], class) <= s))
			continue;
		memmove(&best[at + 1], &best[at], (n - at) * sizeof(best[0]));
		best[at] = &found[i];
		n = n < CLASSIFY_WORDS ? n + 1 : n;
	}
	for (size_t i = 0; i < n; i++)
		str_copy(out->words[out->word_count++], CLASSIFY_GRAM_SIZE, best[i]->gram->text);
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

/* Whole lanes: what is behind the classes is of no use and does no harm. */
static void add_row(float *restrict sum, const int8_t *restrict weights, size_t count, float value)
{
	for (size_t k = 0; k < count; k += LANES)
		for (size_t lane = 0; lane < LANES; lane++)
			sum[k + lane] += value * (float)weights[k + lane];
}

static void add_rows(float *sum, const struct found *found, size_t count, size_t classes)
{
	for (size_t i = 0; i < count; i++)
		add_row(sum, found[i].gram->weights, classes, found[i].value);
}

#ifdef __x86_64__
#define WIDE __attribute__((target("avx2")))
#define LANES_AT_ONCE 5u /* whose sums stay in the processor for all rows */

WIDE static inline __m256 add_lane(__m256 sum, const int8_t *weights, __m256 value)
{
	__m128i small = _mm_loadl_epi64((const __m128i_u *)weights);
	return _mm256_add_ps(sum, _mm256_mul_ps(value, _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(small))));
}

WIDE static void add_lanes(float *sum, size_t k, const struct found *found, size_t count)
{
	__m256 a = _mm256_setzero_ps(), b = a, c = a, d = a, e = a;
	for (size_t i = 0; i < count; i++) {
		const int8_t *weights = found[i].gram->weights + k;
		const __m256 value = _mm256_set1_ps(found[i].value);
		a = add_lane(a, weights, value);
		b = add_lane(b, weights + LANES, value);
		c = add_lane(c, weights + 2 * LANES, value);
		d = add_lane(d, weights + 3 * LANES, value);
		e = add_lane(e, weights + 4 * LANES, value);
	}
	_mm256_storeu_ps(sum + k, a);
	_mm256_storeu_ps(sum + k + LANES, b);
	_mm256_storeu_ps(sum + k + 2 * LANES, c);
	_mm256_storeu_ps(sum + k + 3 * LANES, d);
	_mm256_storeu_ps(sum + k + 4 * LANES, e);
}

/* The same sums, a lane at once. */
WIDE static void add_rows_wide(float *sum, const struct found *found, size_t count, size_t classes)
{
	size_t k = 0;
	for (; k + (LANES_AT_ONCE - 1) * LANES < classes; k += LANES_AT_ONCE * LANES)
		add_lanes(sum, k, found, count);
	for (; k < classes; k += LANES) {
		__m256 lane = _mm256_setzero_ps();
		for (size_t i = 0; i < count; i++)
			lane = add_lane(lane, found[i].gram->weights + k, _mm256_set1_ps(found[i].value));
		_mm256_storeu_ps(sum + k, lane);
	}
}
#endif

static void sum_up(float *sum, const struct found *found, size_t count, size_t classes)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx2")) {
		add_rows_wide(sum, found, count, classes);
		return;
	}
#endif
	add_rows(sum, found, count, classes);
}

void classify_text(const struct classifier *c, struct tokens_memo *memo, const char *text,
		   const char *location, struct classify_answers *out)
{
	struct found found[CLASSIFY_FEATURES_MAX];
	float sum[ROW_MAX] = { 0 };
	double score[CLASSES_MAX];
	memset(out, 0, sizeof(*out));
	size_t count = find_grams(c, memo, text, location, found);
	sum_up(sum, found, count, c->class_count);
	for (size_t k = 0; k < c->class_count; k++)
		score[k] = c->bias[k] + (double)sum[k] * c->scale[k];
	for (enum classify_task t = CLASSIFY_AGENCY; t < CLASSIFY_TASK_COUNT; t++)
		answer_task(c, t, score, found, count, &out->tasks[t]);
}
