/* dedup_model.c: the shipped files as hash tables. */
#include "ticket/dedup_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/file.h"
#include "ticket/dedup_pair.h"
#include "base/poison.h"

#define FILE_MAX (8u * 1024u * 1024u)
#define WORDS_MAX 400000u

struct word_slot {
	uint32_t hash; /* 0: free */
	uint32_t documents; /* PLACE_BIT: of a region's name */
};

#define PLACE_BIT UINT32_C(0x80000000)

struct table {
	struct word_slot *slots;
	size_t mask, count;
};

struct dedup_model {
	uint64_t seed;
	struct lexicon *lexicon;
	struct table words, skeletons;
	unsigned documents;
	double weights[1 + FEATURE_COUNT];
};

uint64_t dedup_hash(uint64_t seed, const void *data, size_t size)
{
	const unsigned char *p = data;
	uint64_t h = seed ^ (size * UINT64_C(0x9e3779b97f4a7c15));
	for (size_t i = 0; i < size; i++) {
		h = (h ^ p[i]) * UINT64_C(0xff51afd7ed558ccd);
		h ^= h >> 29;
	}
	h = (h ^ seed) * UINT64_C(0xc4ceb9fe1a85ec53);
	return h ^ (h >> 32);
}

size_t dedup_skeleton(const char *word, char out[24])
{
	size_t used = 0;
	for (size_t i = 0; word[i] != '\0' && used < 23; i++) {
		char c = word[i];
		bool vowel = c == 'a' || c == 'i' || c == 'u' || c == 'e' || c == 'o';
		if (i > 0 && (vowel || word[i] == out[used - 1]))
			continue;
		out[used++] = word[i];
	}
	out[used] = '\0';
	return used;
}

static struct word_slot *table_slot(const struct table *t, uint32_t hash)
{
	size_t i = hash & t->mask;
	while (t->slots[i].hash != 0 && t->slots[i].hash != hash)
		i = (i + 1) & t->mask;
	return &t->slots[i];
}

static uint32_t never_zero(uint64_t hash)
{
	return (uint32_t)hash != 0 ? (uint32_t)hash : 1;
}

static void table_grow(struct table *t)
{
	struct table bigger = { .mask = t->mask * 2 + 1, .count = t->count };
	bigger.slots = xcalloc(bigger.mask + 1, sizeof(*bigger.slots));
	for (size_t i = 0; i <= t->mask; i++)
		if (t->slots[i].hash != 0)
			*table_slot(&bigger, t->slots[i].hash) = t->slots[i];
	free(t->slots);
	*t = bigger;
}

static struct word_slot *table_put(struct table *t, uint64_t wide)
{
	uint32_t hash = never_zero(wide);
	if (t->count * 2 >= t->mask)
		table_grow(t);
	struct word_slot *s = table_slot(t, hash);
	t->count += s->hash == 0;
	s->hash = hash;
	return s;
}

static void table_init(struct table *t)
{
	t->mask = 1023;
	t->slots = xcalloc(t->mask + 1, sizeof(*t->slots));
}

static void add_word(struct dedup_model *m, const char *word, size_t size, unsigned documents)
{
	char text[64], skeleton[24];
	str_copy(text, size + 1 < sizeof(text) ? size + 1 : sizeof(text), word);
	struct word_slot *w = table_put(&m->words, dedup_hash(m->seed, word, size));
	w->documents = (w->documents & PLACE_BIT) | documents;
	size_t n = dedup_skeleton(text, skeleton);
	struct word_slot *s = table_put(&m->skeletons, dedup_hash(m->seed, skeleton, n));
	if (s->documents < documents)
		s->documents = documents;
}

/* A line of one of the files; false when it is wrong. */
typedef bool on_line(struct dedup_model *m, const char *line, size_t size);

static bool on_word(struct dedup_model *m, const char *line, size_t size)
{
	const char *space = memchr(line, ' ', size);
	if (space == NULL || space == line || space - line > 40 || m->words.count > WORDS_MAX)
		return false;
	unsigned long n = strtoul(space + 1, NULL, 10);
	if (n == 0 || n >= PLACE_BIT)
		return false;
	if (space - line == 9 && memcmp(line, "documents", 9) == 0 && m->documents == 0)
		m->documents = (unsigned)n;
	else
		add_word(m, line, (size_t)(space - line), (unsigned)n);
	return true;
}

static bool on_place(struct dedup_model *m, const char *line, size_t size)
{
	if (size > 40 || m->words.count > WORDS_MAX)
		return false;
	table_put(&m->words, dedup_hash(m->seed, line, size))->documents |= PLACE_BIT;
	return true;
}

static bool on_weight(struct dedup_model *m, const char *line, size_t size)
{
	const char *space = memchr(line, ' ', size);
	if (space == NULL)
		return false;
	char *end;
	double value = strtod(space + 1, &end);
	if (end == space + 1 || !(value > -1e6 && value < 1e6))
		return false;
	for (size_t i = 0; i < 1 + FEATURE_COUNT; i++) {
		const char *name = i == 0 ? "bias" : dedup_feature_name((enum dedup_feature)(i - 1));
		if (strlen(name) == (size_t)(space - line) && memcmp(name, line, strlen(name)) == 0) {
			m->weights[i] = value;
			return true;
		}
	}
	return false;
}

static enum jembatan_result read_lines(struct dedup_model *m, const char *folder, const char *name,
				       on_line *take, struct why *why)
{
	CLEANUP(free_pointer) char *path = xasprintf("%s/%s", folder, name);
	CLEANUP(buf_done) struct buf bytes;
	buf_init(&bytes, FILE_MAX);
	enum jembatan_result r = file_read(path, &bytes, why);
	size_t line = 0;
	if (r != JEMBATAN_OK)
		return why_prefix(why, JEMBATAN_CONFIG, "finding duplicates");
	for (const char *p = bytes.data, *end = p + bytes.size; p < end;) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t size = (size_t)((nl != NULL ? nl : end) - p);
		line++;
		if (size > 0 && *p != '#' && !take(m, p, size))
			return why_set(why, JEMBATAN_CONFIG, "%s, line %zu is not what this version "
				       "reads: install the file of the same version", path, line);
		p += size + (nl != NULL);
	}
	return JEMBATAN_OK;
}

enum jembatan_result dedup_model_load_training(const char *folder, struct jembatan_bytes key,
					       unsigned percent, struct dedup_model **out,
					       struct why *why)
{
	struct dedup_model *m = xcalloc(1, sizeof(*m));
	struct digest d = digest_hmac(key, bytes_text("jembatan duplicates"));
	memcpy(&m->seed, d.bytes, sizeof(m->seed));
	m->lexicon = lexicon_new(percent);
	table_init(&m->words);
	table_init(&m->skeletons);
	enum jembatan_result r = read_lines(m, folder, "words.txt", on_word, why);
	if (r == JEMBATAN_OK)
		r = read_lines(m, folder, "places.txt", on_place, why);
	if (r == JEMBATAN_OK && m->documents == 0)
		r = why_set(why, JEMBATAN_CONFIG, "%s/words.txt does not say `documents`", folder);
	if (r == JEMBATAN_OK)
		*out = m;
	else
		dedup_model_free(m);
	return r;
}

enum jembatan_result dedup_model_load(const char *folder, struct jembatan_bytes key,
				      struct dedup_model **out, struct why *why)
{
	struct dedup_model *m = NULL;
	enum jembatan_result r = dedup_model_load_training(folder, key, 100, &m, why);
	if (r != JEMBATAN_OK)
		return r;
	r = read_lines(m, folder, "weights.txt", on_weight, why);
	if (r == JEMBATAN_OK)
		*out = m;
	else
		dedup_model_free(m);
	return r;
}

void dedup_model_free(struct dedup_model *m)
{
	if (m == NULL)
		return;
	lexicon_free(m->lexicon);
	free(m->words.slots);
	free(m->skeletons.slots);
	free(m);
}

const char *dedup_model_folder(void)
{
	const char *folder = getenv("JEMBATAN_DEDUP");
	return folder != NULL && folder[0] != '\0' ? folder : JEMBATAN_DATADIR "/dedup";
}

const struct lexicon *dedup_model_lexicon(const struct dedup_model *m)
{
	return m->lexicon;
}

uint64_t dedup_model_seed(const struct dedup_model *m)
{
	return m->seed;
}

unsigned dedup_model_documents(const struct dedup_model *m)
{
	return m->documents;
}

struct dedup_word dedup_model_word(const struct dedup_model *m, uint32_t word_hash)
{
	uint32_t found = table_slot(&m->words, never_zero(word_hash))->documents;
	return (struct dedup_word){ found & ~PLACE_BIT, (found & PLACE_BIT) != 0 };
}

unsigned dedup_model_skeleton(const struct dedup_model *m, uint32_t skeleton_hash)
{
	return table_slot(&m->skeletons, never_zero(skeleton_hash))->documents;
}

const double *dedup_model_weights(const struct dedup_model *m)
{
	return m->weights;
}
