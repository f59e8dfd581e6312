/* classify_features.c: words, pairs of them, words of the location, and pieces. */
#include "ticket/classify_features.h"

#include <stdlib.h>
#include <string.h>

#include "ticket/classify.h"
#include "base/poison.h"

#define SPELLED 4u             /* letters of a piece */
#define SPELLED_TEXT_MAX 4096u /* bytes of a text whose pieces are looked at */

struct telling {
	classify_on_feature *on;
	classify_on_piece *on_piece; /* NULL: they are told to `on` */
	void *data;
	char text[CLASSIFY_GRAM_SIZE];
};

/* The words with a blank between; `mark` is '\0' or says what they are. */
static void tell(struct telling *t, char mark, const struct token *word, const struct token *next)
{
	size_t used = 0;
	if (mark != '\0')
		t->text[used++] = mark;
	/* All of it: a copy of one size is a few moves. What is behind the word is written over. */
	memcpy(t->text + used, word->text, sizeof(word->text));
	used += word->size;
	if (next != NULL) {
		t->text[used++] = ' ';
		memcpy(t->text + used, next->text, sizeof(next->text));
		used += next->size;
	}
	t->on(t->data, t->text, used);
}

/* Pieces of four letters; a word's edge is '_', digits are one '0'. */
static void tell_pieces(struct telling *t, const char *word, size_t size)
{
	size_t piece = size < SPELLED ? size : SPELLED;
	if (t->on_piece != NULL && piece == SPELLED) {
		for (size_t i = 0; i + SPELLED <= size; i++)
			t->on_piece(t->data, word + i);
		return;
	}
	t->text[0] = '~';
	for (size_t i = 0; i + piece <= size; i++) {
		memcpy(t->text + 1, word + i, piece);
		t->on(t->data, t->text, piece + 1);
	}
}

/* Small ASCII letters and '0' are parts of words; everything else is between. */
static inline char letter_of(char c)
{
	if (c >= 'a' && c <= 'z')
		return c;
	return c >= '0' && c <= '9' ? '0' : c >= 'A' && c <= 'Z' ? (char)(c + 32) : '\0';
}

/* The words as they are written, also those that tokens.h leaves out: what a
 * citizen asks for stands in them. The location's as well: an office that is
 * named there, however it is spelled, is often the one that is meant. */
static void tell_spelling(struct telling *t, const char *text)
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
			tell_pieces(t, word, used);
			used = 1;
		}
		if (*p == '\0')
			return;
	}
}

void classify_each_feature(const struct lexicon *l, struct tokens_memo *memo, const char *text,
			   const char *location, classify_on_feature *on, classify_on_piece *piece,
			   void *data)
{
	CLEANUP(free_pointer) struct tokens *t = xmalloc(sizeof(*t));
	struct telling to = { .on = on, .on_piece = piece, .data = data };
	const struct token *last = NULL;
	tokens_read_again(memo, l, text, location, 0, 0, t);
	for (size_t i = 0; i < t->count; i++) {
		const struct token *k = &t->items[i];
		if (k->number || k->role == ROLE_DATE)
			continue;
		if (k->flags & TOKEN_LOCATION) {
			tell(&to, '@', k, NULL);
			continue;
		}
		tell(&to, '\0', k, NULL);
		if (last != NULL)
			tell(&to, '\0', last, k);
		last = k;
	}
	const char *const spelled[] = { text, location };
	for (size_t i = 0; i < COUNT_OF(spelled); i++)
		if (spelled[i] != NULL)
			tell_spelling(&to, spelled[i]);
}

static void put_feature(void *data, const char *text, size_t size)
{
	struct buf *out = data;
	size_t before = out->size;
	if (before > 0)
		buf_add_char(out, '\t');
	buf_add(out, text, size);
	if (buf_is_full(out))
		buf_cut(out, before);
}

void classify_features(const struct lexicon *l, const char *text, const char *location,
		       struct buf *out)
{
	classify_each_feature(l, NULL, text, location, put_feature, NULL, out);
}
