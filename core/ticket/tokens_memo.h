/* tokens_memo.h: inside tokens.c: the words of the text that was read last, of it
 * alone and without roles. */
#ifndef TICKET_TOKENS_MEMO_H
#define TICKET_TOKENS_MEMO_H

#include "ticket/tokens.h"

/* Writes the words of this very text, when it was the last one. memo and text
 * may be NULL. */
bool tokens_recall(const struct tokens_memo *memo, const char *text, struct tokens *out);
void tokens_remember(struct tokens_memo *memo, const char *text, const struct tokens *words);

#endif
