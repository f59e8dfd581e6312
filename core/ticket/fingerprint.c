/* fingerprint.c: tokens to marks with weights, and marks to bytes. */
#include "ticket/fingerprint.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

#define ROW_VERSION 2u
#define ROW_VERSION_DIGEST 1u /* with a digest of the words behind the head */
#define ROW_HEAD 16u
#define ROW_DIGEST 8u
#define WORD_SLOTS (1u << 17)
#define TRIPLE_SLOTS (1u << 18)
#define IDF_MAX 7.5
#define IDF_MIN 0.15
#define NUMBER_WEIGHT 2.0
#define ENTITY_WEIGHT 3.0
#define HASHTAG_SHARE 0.4
#define TRIPLE_FREE 10.0  /* repeats of a triple that say nothing yet */
#define TRIPLE_RATE 0.005 /* and of each message in the window */

struct counts {
	uint32_t messages;
	uint32_t words[WORD_SLOTS];
	uint32_t triples[TRIPLE_SLOTS];
};

struct counts *counts_new(void)
{
	return xcalloc(1, sizeof(struct counts));
}

void counts_free(struct counts *c)
{
	free(c);
}

static size_t triple_slot(const struct mark *a)
{
	uint64_t h = ((uint64_t)a[0].word * UINT64_C(0x9e3779b97f4a7c15)) ^
		     ((uint64_t)a[1].word * UINT64_C(0xc2b2ae3d27d4eb4f)) ^
		     ((uint64_t)a[2].word * UINT64_C(0x165667b19e3779f9));
	return (h ^ (h >> 31)) % TRIPLE_SLOTS;
}

/* by: 1, or its two's complement to take away. */
static void count_all(struct counts *c, const struct mark *marks, size_t count, uint32_t by)
{
	c->messages += by;
	for (size_t i = 0; i < count; i++) {
		c->words[marks[i].word % WORD_SLOTS] += by;
		if (i + 2 < count)
			c->triples[triple_slot(marks + i)] += by;
	}
}

void counts_add(struct counts *c, const struct mark *marks, size_t count)
{
	count_all(c, marks, count, 1);
}

void counts_drop(struct counts *c, const struct mark *marks, size_t count)
{
	count_all(c, marks, count, UINT32_MAX);
}

static int by_letter(const void *a, const void *b)
{
	return *(const char *)a - *(const char *)b;
}

static bool belongs(enum evidence_kind kind, char c)
{
	switch (kind) {
	case EVIDENCE_PHONE:
	case EVIDENCE_TEXT_PHONE:
		return c >= '0' && c <= '9';
	case EVIDENCE_NAME:
		return (c >= 'a' && c <= 'z') || (unsigned char)c >= 0x80;
	case EVIDENCE_MAIL:
	case EVIDENCE_ACCOUNT:
	default:
		return c != ' ';
	}
}

/* The form that two spellings of one name, number or address share. */
static size_t normal_form(enum evidence_kind kind, const char *text, char out[128])
{
	size_t used = 0;
	text += *text == '@'; /* a handle */
	const char *end = kind == EVIDENCE_NAME ? strchr(text, '@') : NULL;
	for (const char *p = text; *p != '\0' && p != end && used < 127; p++) {
		char c = *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p;
		if (belongs(kind, c))
			out[used++] = c;
	}
	if (belongs(kind, '0') && !belongs(kind, 'a') && used > 3 && out[0] == '6' && out[1] == '2') {
		memmove(out + 1, out + 2, used - 2); /* 62812 is 0812 */
		out[0] = '0';
		used--;
	}
	if (kind == EVIDENCE_NAME)
		qsort(out, used, 1, by_letter);
	return used;
}

bool evidence_of(const struct dedup_model *m, enum evidence_kind kind, const char *text,
		 struct evidence *out)
{
	char form[128];
	size_t size = text != NULL ? normal_form(kind, text, form) : 0;
	if (size < 4)
		return false;
	/* A phone is the same wherever it stands. */
	uint64_t space = kind == EVIDENCE_TEXT_PHONE ? EVIDENCE_PHONE : kind;
	out->bits = (dedup_hash(dedup_model_seed(m) + space, form, size) & ~UINT64_C(0xff)) | kind;
	return true;
}

static uint32_t letters_of(const struct token *t)
{
	uint32_t bits = 0, size = t->size < 15 ? t->size : 15;
	if (t->number || t->role == ROLE_DATE)
		return MARK_NUMBER;
	for (const char *p = t->text; *p != '\0'; p++)
		bits ^= 1u << (*p >= 'a' && *p <= 'z' ? *p - 'a' : 25);
	return bits | size << 26;
}

/* How much the word tells, before boilerplate is known. */
static double idf_of(const struct dedup_model *m, const struct counts *c, uint32_t word,
		     uint32_t skeleton, struct dedup_word known)
{
	double documents = known.documents;
	double all = dedup_model_documents(m);
	if (known.documents == 0)
		documents = 0.3 * dedup_model_skeleton(m, skeleton); /* a typo of it? */
	if (c != NULL) {
		documents += c->words[word % WORD_SLOTS];
		all += c->messages;
	}
	double idf = log((all + 1) / (documents + 0.5));
	return idf > IDF_MAX ? IDF_MAX : idf < IDF_MIN ? IDF_MIN : idf;
}

static double number_weight(const struct token *t)
{
	if (t->role == ROLE_ID)
		return IDF_MAX;
	return t->role == ROLE_NUMBER ? NUMBER_WEIGHT : ENTITY_WEIGHT;
}

static double make_mark(const struct dedup_model *m, const struct counts *c, const struct token *t,
			struct mark *out)
{
	char skeleton[24];
	uint64_t seed = dedup_model_seed(m);
	memset(out, 0, sizeof(*out));
	out->word = (uint32_t)dedup_hash(seed, t->text, t->size);
	out->letters = letters_of(t);
	out->kind = (uint8_t)(t->role | ((t->flags & TOKEN_LOCATION) != 0 ? MARK_LOCATION : 0));
	if ((out->letters & MARK_NUMBER) != 0) {
		out->skeleton = (uint16_t)(out->word >> 16);
		return number_weight(t);
	}
	uint32_t s = (uint32_t)dedup_hash(seed, skeleton, dedup_skeleton(t->text, skeleton));
	struct dedup_word known = dedup_model_word(m, out->word);
	out->skeleton = (uint16_t)s;
	out->kind |= known.place ? MARK_PLACE : 0;
	out->kind |= known.documents == 0 ? MARK_RARE : 0;
	double idf = idf_of(m, c, out->word, s, known);
	if (t->size == 1)
		idf = NUMBER_WEIGHT / 2;
	return (t->flags & TOKEN_HASHTAG) != 0 ? idf * HASHTAG_SHARE : idf;
}

/* Greetings, signatures and labels of forms: triples that many messages of the
 * window hold. Numbers and names in between break the triple, as they should. */
static void suppress(const struct counts *c, struct mark *marks, const double *weights,
		     size_t count)
{
	double allowed = TRIPLE_FREE + (c != NULL ? TRIPLE_RATE * c->messages : 0);
	double share[TOKENS_MAX];
	for (size_t i = 0; i < count; i++)
		share[i] = 1;
	for (size_t i = 0; c != NULL && i + 2 < count; i++) {
		double n = c->triples[triple_slot(marks + i)];
		double s = n > allowed ? allowed / n : 1;
		for (size_t k = i; k < i + 3; k++)
			share[k] = s < share[k] ? s : share[k];
	}
	for (size_t i = 0; i < count; i++) {
		double w = weights[i] * share[i] * 16;
		marks[i].weight = (uint8_t)(w < 1 ? 1 : w > 255 ? 255 : w);
	}
}

static void add_evidence(struct fingerprint *f, const struct evidence *e)
{
	for (size_t i = 0; i < f->evidence_count; i++)
		if (evidence_is_same(f->evidence[i], *e))
			return;
	if (f->evidence_count < FINGERPRINT_EVIDENCE_MAX)
		f->evidence[f->evidence_count++] = *e;
}

void fingerprint_read(const struct dedup_model *m, const struct counts *counts,
		      const struct dedup_input *input, struct fingerprint *out)
{
	struct tokens *t = xmalloc(sizeof(*t));
	double weights[TOKENS_MAX];
	struct evidence e;
	tokens_read_again(input->memo, dedup_model_lexicon(m), input->text, input->location,
			  input->time_ms, input->zone_minutes, t);
	memset(out, 0, offsetof(struct fingerprint, marks));
	out->time_ms = input->time_ms;
	out->topics = t->topics;
	if (input->channel != NULL)
		out->channel = (uint8_t)(1 + dedup_hash(dedup_model_seed(m), input->channel,
							strlen(input->channel)) % 255);
	for (size_t i = 0; i < input->evidence_count && i < 5; i++)
		add_evidence(out, &input->evidence[i]);
	for (size_t i = 0; i < t->phone_count; i++)
		if (evidence_of(m, EVIDENCE_TEXT_PHONE, t->phones[i], &e))
			add_evidence(out, &e);
	for (size_t i = 0; i < t->count; i++)
		weights[i] = make_mark(m, counts, &t->items[i], &out->marks[i]);
	out->mark_count = (uint8_t)t->count;
	suppress(counts, out->marks, weights, t->count);
	free(t);
}

static char *put(char *to, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		to[i] = (char)(value >> (8 * i));
	return to + size;
}

void fingerprint_pack(const struct fingerprint *f, struct buf *out)
{
	size_t size = ROW_HEAD + 8u * f->evidence_count + 12u * f->mark_count;
	char *to = buf_reserve(out, size);
	if (to == NULL)
		return;
	to = put(to, ROW_VERSION, 1);
	to = put(to, f->channel, 1);
	to = put(to, f->evidence_count, 1);
	to = put(to, f->mark_count, 1);
	to = put(to, f->topics, 4);
	to = put(to, (uint64_t)f->time_ms, 8);
	for (size_t i = 0; i < f->evidence_count; i++)
		to = put(to, f->evidence[i].bits, 8);
	for (size_t i = 0; i < f->mark_count; i++) {
		const struct mark *k = &f->marks[i];
		to = put(to, k->word, 4);
		to = put(to, k->letters, 4);
		to = put(to, k->skeleton, 2);
		to = put(to, k->weight, 1);
		to = put(to, k->kind, 1);
	}
	buf_grew(out, size);
}

static uint64_t take(const uint8_t **p, size_t size)
{
	uint64_t value = 0;
	for (size_t i = 0; i < size; i++)
		value |= (uint64_t)(*p)[i] << (8 * i);
	*p += size;
	return value;
}

static bool is_readable(const struct fingerprint *f)
{
	for (size_t i = 0; i < f->evidence_count; i++)
		if (evidence_kind_of(f->evidence[i]) > EVIDENCE_TEXT_PHONE)
			return false;
	for (size_t i = 0; i < f->mark_count; i++)
		if ((f->marks[i].kind & MARK_ROLE) >= ROLE_COUNT)
			return false;
	return true;
}

enum jembatan_result fingerprint_unpack(struct jembatan_bytes row, struct fingerprint *out,
					struct why *why)
{
	const uint8_t *p = row.data;
	size_t digest = row.size > 0 && p[0] == ROW_VERSION_DIGEST ? ROW_DIGEST : 0;
	if (row.size < ROW_HEAD + digest || (p[0] != ROW_VERSION && digest == 0) ||
	    p[2] > FINGERPRINT_EVIDENCE_MAX || p[3] > TOKENS_MAX ||
	    row.size != ROW_HEAD + digest + 8u * p[2] + 12u * p[3])
		return why_set(why, JEMBATAN_DATA, "a row of the index of duplicates is not readable by "
			       "this version");
	p++;
	out->channel = (uint8_t)take(&p, 1);
	out->evidence_count = (uint8_t)take(&p, 1);
	out->mark_count = (uint8_t)take(&p, 1);
	out->topics = (uint32_t)take(&p, 4);
	out->time_ms = (int64_t)take(&p, 8);
	p += digest;
	for (size_t i = 0; i < out->evidence_count; i++)
		out->evidence[i].bits = take(&p, 8);
	for (size_t i = 0; i < out->mark_count; i++) {
		struct mark *k = &out->marks[i];
		k->word = (uint32_t)take(&p, 4);
		k->letters = (uint32_t)take(&p, 4);
		k->skeleton = (uint16_t)take(&p, 2);
		k->weight = (uint8_t)take(&p, 1);
		k->kind = (uint8_t)take(&p, 1);
	}
	if (!is_readable(out))
		return why_set(why, JEMBATAN_DATA, "a row of the index of duplicates holds what this "
			       "version does not know");
	return JEMBATAN_OK;
}
