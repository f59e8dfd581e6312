/* tokens_memo.c: see tokens_memo.h. */
#include "ticket/tokens_memo.h"

#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

struct tokens_memo {
	char *text; /* NULL: none yet */
	struct tokens words;
};

struct tokens_memo *tokens_memo_new(void)
{
	return xcalloc(1, sizeof(struct tokens_memo));
}

void tokens_memo_free(struct tokens_memo *memo)
{
	if (memo == NULL)
		return;
	free(memo->text);
	free(memo);
}

static void copy_words(const struct tokens *from, struct tokens *to)
{
	memcpy(to->items, from->items, from->count * sizeof(from->items[0]));
	to->count = from->count;
	memcpy(to->phones, from->phones, sizeof(from->phones));
	to->phone_count = from->phone_count;
	to->topics = from->topics;
}

bool tokens_recall(const struct tokens_memo *memo, const char *text, struct tokens *out)
{
	if (memo == NULL || text == NULL || !str_equal(memo->text, text))
		return false;
	copy_words(&memo->words, out);
	return true;
}

void tokens_remember(struct tokens_memo *memo, const char *text, const struct tokens *words)
{
	if (memo == NULL || text == NULL)
		return;
	free(memo->text);
	memo->text = xstrdup(text);
	copy_words(words, &memo->words);
}
