/* entities.c: roles by the prefix that stands before. A prefix governs the
 * next words up to a break, a number or another prefix, at most three. */
#include "ticket/entities.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>

#include "base/poison.h"

enum takes { TAKES_NOTHING, TAKES_WORDS, TAKES_NUMBER, TAKES_CODE };

struct prefix {
	const char *word; /* canon, runs of letters collapsed */
	enum token_role role;
	enum takes takes;
	unsigned span; /* words at most */
	bool keep;     /* the prefix itself says something */
};

static const struct prefix prefixes[] = {
	{ "jalan", ROLE_STREET, TAKES_WORDS, 3, true },
	{ "gang", ROLE_GANG, TAKES_CODE, 2, false },
	{ "rt", ROLE_RT, TAKES_NUMBER, 0, false },
	{ "rw", ROLE_RW, TAKES_NUMBER, 0, false },
	{ "nomor", ROLE_HOUSE, TAKES_NUMBER, 0, false },
	{ "blok", ROLE_BLOCK, TAKES_CODE, 1, false },
	{ "km", ROLE_KM, TAKES_NUMBER, 0, false },
	{ "kelurahan", ROLE_KELURAHAN, TAKES_WORDS, 3, false },
	{ "desa", ROLE_KELURAHAN, TAKES_WORDS, 3, true },
	{ "dusun", ROLE_KELURAHAN, TAKES_WORDS, 2, true },
	{ "kampung", ROLE_KELURAHAN, TAKES_WORDS, 2, true },
	{ "kecamatan", ROLE_KECAMATAN, TAKES_WORDS, 3, false },
	{ "kabupaten", ROLE_KABUPATEN, TAKES_WORDS, 3, false },
	{ "kota", ROLE_KABUPATEN, TAKES_WORDS, 1, true },
	{ "nama", ROLE_PERSON, TAKES_WORDS, 3, false },
	{ "bernama", ROLE_PERSON, TAKES_WORDS, 3, false },
	{ "pak", ROLE_PERSON, TAKES_WORDS, 2, false },
	{ "bu", ROLE_PERSON, TAKES_WORDS, 2, false },
	{ "sdr", ROLE_PERSON, TAKES_WORDS, 2, false },
	{ "nik", ROLE_ID, TAKES_NUMBER, 0, false },
	{ "sd", ROLE_SCHOOL, TAKES_CODE, 2, true },
	{ "sdn", ROLE_SCHOOL, TAKES_CODE, 2, true },
	{ "smp", ROLE_SCHOOL, TAKES_CODE, 2, true },
	{ "smpn", ROLE_SCHOOL, TAKES_CODE, 2, true },
	{ "sma", ROLE_SCHOOL, TAKES_CODE, 2, true },
	{ "sman", ROLE_SCHOOL, TAKES_CODE, 2, true },
	{ "smk", ROLE_SCHOOL, TAKES_CODE, 2, true },
	{ "smkn", ROLE_SCHOOL, TAKES_CODE, 2, true },
	{ "rp", ROLE_MONEY, TAKES_NUMBER, 0, false },
	/* What ends a name. */
	{ "alamat", ROLE_WORD, TAKES_NOTHING, 0, true },
	{ "lokasi", ROLE_WORD, TAKES_NOTHING, 0, true },
	{ "warga", ROLE_WORD, TAKES_NOTHING, 0, true },
	{ "keluhan", ROLE_WORD, TAKES_NOTHING, 0, true },
	{ "depan", ROLE_WORD, TAKES_NOTHING, 0, true },
	{ "belakang", ROLE_WORD, TAKES_NOTHING, 0, true },
	{ "samping", ROLE_WORD, TAKES_NOTHING, 0, true },
	{ "sebelah", ROLE_WORD, TAKES_NOTHING, 0, true },
	{ "dekat", ROLE_WORD, TAKES_NOTHING, 0, true },
	{ "perumahan", ROLE_WORD, TAKES_NOTHING, 0, true },
};

/* Prefixes by what they begin with: nearly no word begins as one does. */
#define BEGINNINGS 1024u
static struct {
	uint8_t heads[BEGINNINGS], next[COUNT_OF(prefixes)]; /* a prefix and 1; 0: no more */
} beginnings;

/* A text's tokens, and which of them are prefixes. */
struct reading {
	struct tokens *t;
	const struct prefix *prefix[TOKENS_MAX]; /* NULL: none */
};

/* By the first two letters. */
static size_t beginning(const char *word)
{
	return ((unsigned char)word[0] & 31u) * 32u + ((unsigned char)word[1] & 31u);
}

static void sort_prefixes(void)
{
	for (size_t i = COUNT_OF(prefixes); i-- > 0;) {
		uint8_t *head = &beginnings.heads[beginning(prefixes[i].word)];
		beginnings.next[i] = *head;
		*head = (uint8_t)(i + 1);
	}
}

static const struct prefix *prefix_of(const struct token *t)
{
	if (t->number || t->role == ROLE_DATE)
		return NULL;
	for (size_t i = beginnings.heads[beginning(t->text)]; i != 0; i = beginnings.next[i - 1])
		if (strcmp(t->text, prefixes[i - 1].word) == 0)
			return &prefixes[i - 1];
	return NULL;
}

static void find_prefixes(struct reading *r)
{
	static once_flag sorted = ONCE_FLAG_INIT;
	call_once(&sorted, sort_prefixes);
	for (size_t i = 0; i < r->t->count; i++)
		r->prefix[i] = prefix_of(&r->t->items[i]);
}

static bool is_number(const struct token *t)
{
	return t->number;
}

/* The words a prefix governs, from i on; returns the first index after. A
 * number after a street's name is its house or its own number. */
static size_t take_words(struct reading *r, size_t i, const struct prefix *p)
{
	struct tokens *t = r->t;
	unsigned taken = 0;
	for (; i < t->count && taken < p->span; i++, taken++) {
		struct token *w = &t->items[i];
		if (is_number(w) || w->role == ROLE_DATE || r->prefix[i] != NULL ||
		    (taken > 0 && (w->flags & TOKEN_BREAK) != 0))
			break;
		w->role = (uint8_t)p->role;
	}
	if (p->role == ROLE_STREET && taken > 0 && i < t->count && is_number(&t->items[i]) &&
	    (t->items[i].flags & TOKEN_BREAK) == 0)
		t->items[i++].role = ROLE_HOUSE;
	return i;
}

/* rt 05/06: the second one is the rw. */
static size_t take_number(struct tokens *t, size_t i, const struct prefix *p)
{
	if (i >= t->count || !is_number(&t->items[i]))
		return i;
	t->items[i++].role = (uint8_t)p->role;
	if (p->role == ROLE_RT && i < t->count && is_number(&t->items[i]) &&
	    (t->items[i].flags & TOKEN_SLASH) != 0)
		t->items[i++].role = ROLE_RW;
	return i;
}

/* A letter, a number or a short word: blok a 4, gang 3, gang mawar 2. */
static size_t take_code(struct reading *r, size_t i, const struct prefix *p)
{
	struct tokens *t = r->t;
	unsigned words = 0;
	for (; i < t->count; i++) {
		struct token *w = &t->items[i];
		if (w->role == ROLE_DATE || r->prefix[i] != NULL || (w->flags & TOKEN_BREAK) != 0)
			break;
		if (is_number(w)) {
			w->role = (uint8_t)p->role;
			return i + 1;
		}
		if (words++ == p->span)
			break;
		if (p->role == ROLE_BLOCK && w->size > 2)
			break;
		w->role = (uint8_t)p->role;
	}
	return i;
}

static size_t take(struct reading *r, size_t i, const struct prefix *p)
{
	switch (p->takes) {
	case TAKES_WORDS:
		return take_words(r, i, p);
	case TAKES_NUMBER:
		return take_number(r->t, i, p);
	case TAKES_CODE:
		return take_code(r, i, p);
	case TAKES_NOTHING:
	default:
		return i;
	}
}

static void assign_roles(struct tokens *t, bool drop[TOKENS_MAX])
{
	struct reading r;
	r.t = t;
	find_prefixes(&r);
	for (size_t i = 0; i < t->count;) {
		const struct prefix *p = r.prefix[i];
		if (p == NULL) {
			i++;
			continue;
		}
		drop[i] = !p->keep;
		if (i + 1 < t->count && drop[i])
			t->items[i + 1].flags &= (uint8_t)~TOKEN_BREAK; /* "rt: 5" */
		i = take(&r, i + 1, p);
	}
}

/* "17 agustus 2026" becomes one token; a year by itself says little. */
static void join_dates(struct tokens *t, bool drop[TOKENS_MAX])
{
	for (size_t i = 0; i + 1 < t->count; i++) {
		struct token *day = &t->items[i];
		const struct token *word = &t->items[i + 1];
		unsigned long n = day->number && day->size <= 2 ? strtoul(day->text, NULL, 10) : 0;
		unsigned month = n >= 1 && n <= 31 && !word->number ? lexicon_month(word->text) : 0;
		if (month == 0)
			continue;
		day->number = false;
		day->role = ROLE_DATE;
		day->size = (uint8_t)snprintf(day->text, sizeof(day->text), "d%lum%u", n, month);
		drop[i + 1] = true;
		if (i + 2 < t->count && t->items[i + 2].number && t->items[i + 2].size == 4)
			drop[i + 2] = true;
	}
}

static void mark_long_numbers(struct tokens *t)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->items[i].number && t->items[i].size >= 8 && t->items[i].role != ROLE_MONEY)
			t->items[i].role = ROLE_ID;
}

static void drop_own_day(struct tokens *t, bool drop[TOKENS_MAX], unsigned day, unsigned month)
{
	char own[TOKEN_BYTES + 1];
	snprintf(own, sizeof(own), "d%um%u", day, month);
	for (size_t i = 0; i < t->count; i++)
		if (t->items[i].role == ROLE_DATE && strcmp(t->items[i].text, own) == 0)
			drop[i] = true;
}

void entities_mark(struct tokens *t, unsigned own_day, unsigned own_month)
{
	bool drop[TOKENS_MAX] = { false };
	size_t used = 0;
	join_dates(t, drop);
	assign_roles(t, drop);
	mark_long_numbers(t);
	drop_own_day(t, drop, own_day, own_month);
	for (size_t i = 0; i < t->count; i++) {
		if (drop[i]) {
			if (i + 1 < t->count)
				t->items[i + 1].flags |= t->items[i].flags & TOKEN_BREAK;
			continue;
		}
		if (used != i)
			t->items[used] = t->items[i];
		used++;
	}
	t->count = used;
}
