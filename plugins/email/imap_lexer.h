/* imap_lexer.h: IMAP bytes to tokens, for imap_reader.c alone. It can stop after
 * any byte, and copies literals without looking into them. */
#ifndef EMAIL_IMAP_LEXER_H
#define EMAIL_IMAP_LEXER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMAP_INPUT_BYTES (64u * 1024u)

enum imap_token {
	TOKEN_NONE, /* not complete yet */
	TOKEN_ATOM,
	TOKEN_STRING, /* quoted or literal: in body if to_body, else in token */
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_EOL,
	TOKEN_TEXT, /* the rest of a line; its TOKEN_EOL follows */
	TOKEN_BROKEN
};

/* Bytes with a ceiling; always end with a NUL. */
struct imap_store {
	char *data;
	size_t size, capacity, ceiling;
	bool cut;
};

enum imap_lex { LEX_START, LEX_ATOM, LEX_QUOTED, LEX_ESCAPED, LEX_LITERAL_SIZE,
		LEX_LITERAL_EOL, LEX_LITERAL, LEX_TEXT };

struct imap_lexer {
	char input[IMAP_INPUT_BYTES];
	size_t begin, end; /* what of input has not been read */
	enum imap_lex lex;
	struct imap_store token, body;
	bool to_body;      /* set by the grammar: the next string is a mail */
	bool comma_splits; /* set by the grammar: a comma ends an atom */
	bool in_brackets;  /* inside BODY[...]: spaces belong to the atom */
	uint64_t literal_left;
	unsigned literal_digits;
	const char *broken; /* what was wrong, once it is */
};

/* In place, in zeroed memory. */
void imap_lexer_init(struct imap_lexer *r, size_t body_max_bytes);
void imap_lexer_done(struct imap_lexer *r);
/* The next token; TOKEN_NONE when input is used up. */
enum imap_token imap_lexer_next(struct imap_lexer *r);
/* What follows, up to the end of the line, is text. */
void imap_lexer_want_text(struct imap_lexer *r);

void imap_store_clear(struct imap_store *s);

#endif
