/* dedup_align.c: exact words by a hash in the order of the text, then what is
 * left by skeleton and letters. No matrix: the work grows with the length of
 * the texts, and only the unmatched rest is compared all with all. */
#include "ticket/dedup_align.h"

#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

#define LETTER_BITS UINT32_C(0x03ffffff)
#define CONSONANTS (LETTER_BITS & ~((1u << ('a' - 'a')) | (1u << ('e' - 'a')) | (1u << ('i' - 'a')) | \
				    (1u << ('o' - 'a')) | (1u << ('u' - 'a'))))

#define LENGTHS_APART 2u
#define LETTERS_APART 4u /* most that may differ */
#define LONG_ENOUGH 4u   /* words with fewer letters are no slips of one another */

static struct mark_kind kind_of(unsigned kind)
{
	unsigned role = kind & MARK_ROLE;
	bool is_named = token_role_names(role);
	return (struct mark_kind){
		.where = (kind & MARK_LOCATION) != 0 ? IN_LOCATION :
			 is_named || (kind & MARK_PLACE) != 0 ? IN_TEXT_PLACED : IN_TEXT,
		.names = role == ROLE_PERSON ? TELLING : NAMING,
		.is_named = is_named,
	};
}

struct dedup_query *dedup_query_new(void)
{
	struct dedup_query *q = xcalloc(1, sizeof(*q));
	for (unsigned kind = 0; kind < COUNT_OF(q->kinds); kind++)
		q->kinds[kind] = kind_of(kind);
	return q;
}

void dedup_query_free(struct dedup_query *q)
{
	free(q);
}

static unsigned weigh(const struct mark *marks, size_t count)
{
	unsigned all = 0;
	for (size_t i = 0; i < count; i++)
		all += marks[i].weight;
	return all;
}

static void put_in(struct mark_set *s, size_t i)
{
	s->bits[i / 64] |= UINT64_C(1) << i % 64;
}

static void take_out(struct mark_set *s, size_t i)
{
	s->bits[i / 64] &= ~(UINT64_C(1) << i % 64);
}

static void chain(int16_t *slot, int16_t *next, size_t i)
{
	next[i] = *slot;
	*slot = (int16_t)i;
}

/* In the shipped table of words, or a name of the gazetteer. */
static bool is_known(const struct mark *m)
{
	return (m->kind & MARK_RARE) == 0 || (m->kind & MARK_PLACE) != 0;
}

static uint32_t length_of(uint32_t letters)
{
	return letters >> 26 & 0xf;
}

/* Long enough for two. */
static bool may_be_joined(const struct mark *one)
{
	return (one->letters & MARK_NUMBER) == 0 && length_of(one->letters) >= 7;
}

static uint32_t joined_bit(uint32_t letters)
{
	return letters * UINT32_C(0x9e3779b1) >> 20; /* of JOINED_BITS */
}

static void put_joined(struct joined_bits *b, uint32_t letters)
{
	uint32_t bit = joined_bit(letters);
	b->bits[bit / 64] |= UINT64_C(1) << bit % 64;
}

static bool may_hold(const struct joined_bits *b, uint32_t letters)
{
	uint32_t bit = joined_bit(letters);
	return (b->bits[bit / 64] >> bit % 64 & 1) != 0;
}

static void join_letters(const struct mark *marks, size_t count, struct joined_words *out)
{
	memset(&out->there, 0, sizeof(out->there));
	for (size_t i = 0; i + 1 < count; i++) {
		bool is_number = ((marks[i].letters | marks[i + 1].letters) & MARK_NUMBER) != 0;
		out->letters[i] = is_number ? UINT32_MAX :
				  (marks[i].letters ^ marks[i + 1].letters) & LETTER_BITS;
		put_joined(&out->there, out->letters[i]);
	}
}

/* For the words of b of whatever length that may be a slip of it. */
static void put_near_length(struct dedup_query *q, uint32_t length, size_t i)
{
	if (length < LONG_ENOUGH)
		return;
	uint32_t l = length > LONG_ENOUGH + LENGTHS_APART ? length - LENGTHS_APART : LONG_ENOUGH;
	for (; l < MARK_LENGTHS && l <= length + LENGTHS_APART; l++)
		put_in(&q->near_length[l], i);
}

/* Both of a word that stands there twice are marked. */
static void mark_repeated(struct dedup_query *q, size_t i)
{
	uint32_t word = q->a->marks[i].word;
	for (int k = q->next[i]; k >= 0; k = q->next[k])
		if (q->a->marks[k].word == word) {
			put_in(&q->repeated, i);
			put_in(&q->repeated, (size_t)k);
			return;
		}
}

void dedup_query_set(struct dedup_query *q, const struct fingerprint *f)
{
	q->a = f;
	q->a_weight = weigh(f->marks, f->mark_count);
	q->sets = (f->mark_count + 63u) / 64u;
	q->words = q->unknown = q->repeated = q->longer = (struct mark_set){ { 0 } };
	memset(q->near_length, 0, sizeof(q->near_length));
	memset(q->first, 0xff, sizeof(q->first)); /* NOT_FOUND */
	memset(q->first_skeleton, 0xff, sizeof(q->first_skeleton));
	memset(q->first_of_role, 0xff, sizeof(q->first_of_role));
	for (size_t i = f->mark_count; i-- > 0;) { /* backwards: chains ascend */
		const struct mark *m = &f->marks[i];
		chain(&q->first[m->word % QUERY_SLOTS], q->next, i);
		chain(&q->first_skeleton[m->skeleton % QUERY_SLOTS], q->next_skeleton, i);
		chain(&q->first_of_role[m->kind & MARK_ROLE], q->next_of_role, i);
		mark_repeated(q, i);
		if ((m->letters & MARK_NUMBER) == 0) {
			put_in(&q->words, i);
			put_near_length(q, length_of(m->letters), i);
		}
		if (!is_known(m))
			put_in(&q->unknown, i);
		if (may_be_joined(m))
			put_in(&q->longer, i);
	}
	join_letters(f->marks, f->mark_count, &q->joined);
}

/* Bits that differ, when the lengths allow so many edits; else many. */
static unsigned letters_apart(uint32_t a, uint32_t b)
{
	uint32_t la = length_of(a), lb = length_of(b), differ = (a ^ b) & LETTER_BITS, more = differ;
	uint32_t longer = la > lb ? la - lb : lb - la;
	for (unsigned i = 0; i < LETTERS_APART; i++) /* nearly all have more */
		more &= more - 1;
	return longer > LENGTHS_APART || more != 0 ? 99 : (unsigned)__builtin_popcount(differ);
}

/* Two words, not the same. */
static inline enum found_level alike_words(const struct mark *a, const struct mark *b)
{
	uint32_t la = length_of(a->letters), lb = length_of(b->letters);
	uint32_t shorter = la < lb ? la : lb;
	if (a->skeleton == b->skeleton && shorter >= 2 &&
	    ((a->letters ^ b->letters) & CONSONANTS) == 0)
		return FOUND_SKELETON;
	/* Of two words that are known neither is a slip of the other: Dian is not Andi. */
	if (shorter < LONG_ENOUGH || (is_known(a) && is_known(b)))
		return FOUND_NOT;
	unsigned apart = letters_apart(a->letters, b->letters);
	bool one = apart <= 2 && !(apart == 2 && la != lb);
	if (one && (shorter >= 5 || apart <= 1))
		return FOUND_LETTERS;
	return shorter >= 8 && apart <= LETTERS_APART ? FOUND_LONG : FOUND_NOT;
}

enum found_level dedup_alike(const struct mark *a, const struct mark *b)
{
	if (a->word == b->word)
		return FOUND_EXACT;
	return ((a->letters | b->letters) & MARK_NUMBER) != 0 ? FOUND_NOT : alike_words(a, b);
}

static void pair_up(struct dedup_query *q, size_t i, size_t j, enum found_level surely)
{
	q->a_found[i] = q->b_found[j] = (uint8_t)surely;
	q->a_at[i] = (int16_t)j;
	q->b_at[j] = (int16_t)i;
	take_out(&q->a_rest, i);
}

/* The place in a for b's mark j: the next free one after `after`, else any
 * free one, else one that is taken (the word is there, if not as often). */
static void find_exact(struct dedup_query *q, size_t j, int *after)
{
	uint32_t word = q->b->marks[j].word;
	int any = NOT_FOUND, taken = NOT_FOUND;
	size_t next = (size_t)(*after + 1); /* nearly always it is this one */
	if (next < q->a->mark_count && q->a->marks[next].word == word && q->a_at[next] == NOT_FOUND) {
		pair_up(q, next, j, FOUND_EXACT);
		*after = (int)next;
		return;
	}
	for (int i = q->first[word % QUERY_SLOTS]; i >= 0; i = q->next[i]) {
		if (q->a->marks[i].word != word)
			continue;
		taken = i;
		if (q->a_at[i] != NOT_FOUND)
			continue;
		if (i > *after) {
			pair_up(q, (size_t)i, j, FOUND_EXACT);
			*after = i;
			return;
		}
		if (any < 0)
			any = i;
	}
	if (any >= 0)
		pair_up(q, (size_t)any, j, FOUND_EXACT);
	else if (taken >= 0)
		q->b_found[j] = FOUND_EXACT;
	if (any >= 0)
		*after = any;
}

/* a's words that b has, though not as often. */
static void find_repeated(struct dedup_query *q)
{
	for (size_t n = 0; n < q->sets; n++) {
		for (uint64_t left = q->repeated.bits[n]; left != 0; left &= left - 1) {
			size_t i = n * 64 + (size_t)__builtin_ctzll(left);
			uint32_t word = q->a->marks[i].word;
			if (q->a_found[i] != FOUND_NOT)
				continue;
			for (int k = q->first[word % QUERY_SLOTS]; k >= 0; k = q->next[k])
				if (q->a->marks[k].word == word && q->a_at[k] != NOT_FOUND) {
					q->a_found[i] = q->a_found[k];
					take_out(&q->a_rest, i);
					break;
				}
		}
	}
}

/* Of words that are the same. */
static double share_found(const struct mark *marks, const uint8_t *found, size_t count,
			  double weight)
{
	unsigned sum = 0;
	for (size_t i = 0; i < count; i++)
		sum += found[i] != FOUND_NOT ? marks[i].weight : 0u;
	return weight > 0 ? sum / weight : 0;
}

double dedup_align_exact(struct dedup_query *q, const struct dedup_record *b)
{
	int after = NOT_FOUND;
	q->b = b;
	q->b_weight = weigh(b->marks, b->mark_count);
	q->a_rest = q->words;
	memset(q->a_found, FOUND_NOT, q->a->mark_count);
	memset(q->b_found, FOUND_NOT, b->mark_count);
	memset(q->a_at, 0xff, sizeof(q->a_at[0]) * q->a->mark_count);
	memset(q->b_at, 0xff, sizeof(q->b_at[0]) * b->mark_count);
	for (size_t j = 0; j < b->mark_count; j++)
		find_exact(q, j, &after);
	find_repeated(q);
	return q->a_weight < q->b_weight ?
	       share_found(q->a->marks, q->a_found, q->a->mark_count, q->a_weight) :
	       share_found(b->marks, q->b_found, b->mark_count, q->b_weight);
}

/* One word here, two there: "jemurwonosari", "jemur wonosari". */
static bool fits_two(const struct mark *one, const struct mark *two)
{
	uint32_t whole = length_of(one->letters);
	uint32_t parts = length_of(two[0].letters) + length_of(two[1].letters);
	return parts == whole || (whole == 15 && parts > 15);
}

/* The first of the two, or NOT_FOUND. */
static int joined_at(const struct mark *one, const struct mark *marks, const struct joined_words *joined,
		     size_t count)
{
	uint32_t letters = one->letters & LETTER_BITS;
	if (!may_hold(&joined->there, letters))
		return NOT_FOUND;
	for (size_t i = 0; i + 1 < count; i++)
		if (joined->letters[i] == letters && fits_two(one, &marks[i]))
			return (int)i;
	return NOT_FOUND;
}

/* a's words that may be two in b, and where they are. */
struct joining {
	uint8_t words[TOKENS_MAX];
	int16_t at[TOKENS_MAX];
	size_t count;
	struct joined_bits wanted;
};

static void collect_joined(const struct dedup_query *q, struct joining *out)
{
	out->count = 0;
	memset(&out->wanted, 0, sizeof(out->wanted));
	for (size_t n = 0; n < q->sets; n++)
		for (uint64_t left = q->a_rest.bits[n] & q->longer.bits[n]; left != 0; left &= left - 1) {
			size_t i = n * 64 + (size_t)__builtin_ctzll(left);
			put_joined(&out->wanted, q->a->marks[i].letters & LETTER_BITS);
			out->words[out->count] = (uint8_t)i;
			out->at[out->count++] = NOT_FOUND;
		}
}

/* b's marks j and j + 1. */
static void look_at_two(const struct dedup_query *q, size_t j, uint32_t letters, struct joining *w)
{
	const struct mark *two = &q->b->marks[j];
	if (((two[0].letters | two[1].letters) & MARK_NUMBER) != 0)
		return;
	for (size_t n = 0; n < w->count; n++) {
		const struct mark *one = &q->a->marks[w->words[n]];
		if (w->at[n] == NOT_FOUND && (one->letters & LETTER_BITS) == letters &&
		    fits_two(one, two))
			w->at[n] = (int16_t)j;
	}
}

/* a's words that are two in b. */
static void find_joined_of_a(struct dedup_query *q)
{
	const struct mark *b = q->b->marks;
	struct joining w;
	collect_joined(q, &w);
	for (size_t j = 0; w.count > 0 && j + 1 < q->b->mark_count; j++) {
		uint32_t letters = (b[j].letters ^ b[j + 1].letters) & LETTER_BITS;
		if (may_hold(&w.wanted, letters))
			look_at_two(q, j, letters, &w);
	}
	for (size_t n = 0; n < w.count; n++) {
		if (w.at[n] == NOT_FOUND)
			continue;
		pair_up(q, w.words[n], (size_t)w.at[n], FOUND_SKELETON);
		q->b_found[w.at[n] + 1] = FOUND_SKELETON;
	}
}

static void find_joined_of_b(struct dedup_query *q)
{
	const struct mark *b = q->b->marks;
	for (size_t j = 0; j < q->b->mark_count; j++) {
		int i = q->b_found[j] != FOUND_NOT || !may_be_joined(&b[j]) ? NOT_FOUND :
			joined_at(&b[j], q->a->marks, &q->joined, q->a->mark_count);
		if (i == NOT_FOUND)
			continue;
		pair_up(q, (size_t)i, j, FOUND_SKELETON);
		q->a_found[i + 1] = FOUND_SKELETON;
	}
}

/* Which of a's unmatched words may be b's word m: those of one skeleton, and others of
 * about its length; of two words that are known only the former. */
static struct mark_set may_be(const struct dedup_query *q, const struct mark *m)
{
	struct mark_set of;
	const struct mark_set *near = &q->near_length[length_of(m->letters)];
	uint64_t all = is_known(m) ? 0 : UINT64_MAX;
	for (size_t n = 0; n < q->sets; n++)
		of.bits[n] = near->bits[n] & (q->unknown.bits[n] | all);
	for (int i = q->first_skeleton[m->skeleton % QUERY_SLOTS]; i >= 0; i = q->next_skeleton[i])
		if (q->a->marks[i].skeleton == m->skeleton)
			put_in(&of, (size_t)i);
	for (size_t n = 0; n < q->sets; n++)
		of.bits[n] &= q->a_rest.bits[n];
	return of;
}

/* b's unmatched mark j against a's unmatched ones: the most alike, and of
 * equals the one that stands nearest after the last match. */
static void find_alike(struct dedup_query *q, size_t j, int after)
{
	const struct mark *m = &q->b->marks[j];
	const struct mark_set may = may_be(q, m);
	int best = NOT_FOUND;
	enum found_level surely = FOUND_NOT;
	bool best_is_after = false;
	for (size_t n = 0; n < q->sets; n++) {
		for (uint64_t left = may.bits[n]; left != 0; left &= left - 1) {
			int i = (int)(n * 64) + __builtin_ctzll(left);
			enum found_level alike = alike_words(&q->a->marks[i], m);
			bool is_after = i > after;
			if (alike > surely || (alike != FOUND_NOT && alike == surely && is_after &&
					       !best_is_after)) {
				surely = alike;
				best = i;
				best_is_after = is_after;
			}
		}
	}
	if (best >= 0)
		pair_up(q, (size_t)best, j, surely);
}

void dedup_align_fuzzy(struct dedup_query *q)
{
	int after = NOT_FOUND;
	for (size_t j = 0; j < q->b->mark_count; j++) {
		if (q->b_found[j] == FOUND_NOT && (q->b->marks[j].letters & MARK_NUMBER) == 0)
			find_alike(q, j, after);
		if (q->b_at[j] != NOT_FOUND)
			after = q->b_at[j];
	}
	find_joined_of_a(q);
	find_joined_of_b(q);
}
