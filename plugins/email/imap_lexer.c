/* imap_lexer.c: see imap_lexer.h. */
#include "email/imap_lexer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TOKEN_MAX_BYTES (8u * 1024u)
#define TEXT_MAX_BYTES 1024u
#define KEPT_BYTES (1024u * 1024u)

void imap_store_clear(struct imap_store *s)
{
	/* One large mail must not keep its memory for ever. */
	if (s->capacity > KEPT_BYTES) {
		s->data = realloc(s->data, 1);
		s->capacity = 1;
		if (s->data == NULL)
			abort();
	}
	s->size = 0;
	s->cut = false;
	s->data[0] = '\0';
}

static void store_add(struct imap_store *s, const char *data, size_t size)
{
	if (size > s->ceiling - s->size) {
		size = s->ceiling - s->size;
		s->cut = true;
	}
	if (s->data == NULL || s->size + size + 1 > s->capacity) {
		size_t capacity = s->capacity > 0 ? s->capacity : 512;

		while (capacity < s->size + size + 1)
			capacity *= 2;
		s->data = realloc(s->data, capacity);
		if (s->data == NULL)
			abort();
		s->capacity = capacity;
	}
	if (size > 0)
		memcpy(s->data + s->size, data, size);
	s->size += size;
	s->data[s->size] = '\0';
}

void imap_lexer_init(struct imap_lexer *r, size_t body_max_bytes)
{
	r->token.ceiling = TOKEN_MAX_BYTES;
	r->body.ceiling = body_max_bytes;
	store_add(&r->token, "", 0);
	store_add(&r->body, "", 0);
}

void imap_lexer_done(struct imap_lexer *r)
{
	free(r->token.data);
	free(r->body.data);
}

static enum imap_token lex_fail(struct imap_lexer *r, const char *what)
{
	r->broken = what;
	return TOKEN_BROKEN;
}

static struct imap_store *string_store(struct imap_lexer *r)
{
	return r->to_body ? &r->body : &r->token;
}

static enum imap_token lex_begin(struct imap_lexer *r, char c)
{
	switch (c) {
	case ' ':
	case '\r':
	case '\t':
	case '~': /* literal8: ~{5} */
		return TOKEN_NONE;
	case '\n':
		return TOKEN_EOL;
	case '(':
		return TOKEN_OPEN;
	case ')':
		return TOKEN_CLOSE;
	case ',':
		if (r->comma_splits)
			return TOKEN_NONE;
		break;
	case '"':
		imap_store_clear(string_store(r));
		r->lex = LEX_QUOTED;
		return TOKEN_NONE;
	case '{':
		r->literal_left = 0;
		r->literal_digits = 0;
		r->lex = LEX_LITERAL_SIZE;
		return TOKEN_NONE;
	case '\0':
		return lex_fail(r, "a NUL byte outside a literal");
	default:
		break;
	}
	imap_store_clear(&r->token);
	store_add(&r->token, &c, 1);
	r->in_brackets = false;
	r->lex = LEX_ATOM;
	return TOKEN_NONE;
}

/* The byte that ends an atom is left for the next token. */
static enum imap_token lex_atom(struct imap_lexer *r, char c)
{
	bool ends;

	if (r->in_brackets)
		ends = c == '\r' || c == '\n';
	else
		ends = strchr(" \t\r\n()", c) != NULL || (c == ',' && r->comma_splits);
	if (ends) {
		r->begin--;
		r->lex = LEX_START;
		return TOKEN_ATOM;
	}
	if (c == '[' && strncasecmp(r->token.data, "BODY", 4) == 0)
		r->in_brackets = true;
	if (c == ']')
		r->in_brackets = false;
	store_add(&r->token, &c, 1);
	return r->token.cut ? lex_fail(r, "a word of more than 8 KiB") : TOKEN_NONE;
}

static enum imap_token lex_quoted(struct imap_lexer *r, char c)
{
	struct imap_store *s = string_store(r);

	if (r->lex == LEX_QUOTED && c == '"') {
		r->lex = LEX_START;
		return TOKEN_STRING;
	}
	if (r->lex == LEX_QUOTED && c == '\\') {
		r->lex = LEX_ESCAPED;
		return TOKEN_NONE;
	}
	if (c == '\n' || c == '\0')
		return lex_fail(r, "a quoted string without its end");
	r->lex = LEX_QUOTED;
	store_add(s, &c, 1);
	return s->cut && !r->to_body ? lex_fail(r, "a quoted string of more than 8 KiB")
				     : TOKEN_NONE;
}

static enum imap_token lex_literal_head(struct imap_lexer *r, char c)
{
	if (r->lex == LEX_LITERAL_SIZE) {
		if (c >= '0' && c <= '9' && r->literal_digits < 10) {
			r->literal_left = r->literal_left * 10 + (uint64_t)(c - '0');
			r->literal_digits++;
			return TOKEN_NONE;
		}
		if (c == '+' && r->literal_digits > 0)
			return TOKEN_NONE;
		if (c != '}' || r->literal_digits == 0 || r->literal_left > UINT32_MAX)
			return lex_fail(r, "a literal without a usable size");
		r->lex = LEX_LITERAL_EOL;
		return TOKEN_NONE;
	}
	if (c == '\r')
		return TOKEN_NONE;
	if (c != '\n')
		return lex_fail(r, "a literal's size without the end of the line");
	imap_store_clear(string_store(r));
	r->lex = r->literal_left > 0 ? LEX_LITERAL : LEX_START;
	return r->literal_left > 0 ? TOKEN_NONE : TOKEN_STRING;
}

static enum imap_token lex_literal(struct imap_lexer *r)
{
	size_t size = r->end - r->begin;

	if (size > r->literal_left)
		size = (size_t)r->literal_left;
	store_add(string_store(r), r->input + r->begin, size);
	r->begin += size;
	r->literal_left -= size;
	if (r->literal_left > 0)
		return TOKEN_NONE;
	r->lex = LEX_START;
	return TOKEN_STRING;
}

/* The rest of a line, for people: more than 1 KiB of it is dropped. */
static enum imap_token lex_text(struct imap_lexer *r, char c)
{
	if (c == '\n') {
		r->begin--; /* the grammar wants to see the end of the line */
		r->lex = LEX_START;
		return TOKEN_TEXT;
	}
	if (c != '\r' && c != '\0' && r->token.size < TEXT_MAX_BYTES)
		store_add(&r->token, &c, 1);
	return TOKEN_NONE;
}

void imap_lexer_want_text(struct imap_lexer *r)
{
	imap_store_clear(&r->token);
	r->lex = LEX_TEXT;
}

enum imap_token imap_lexer_next(struct imap_lexer *r)
{
	enum imap_token token = TOKEN_NONE;

	while (token == TOKEN_NONE && r->begin < r->end) {
		if (r->lex == LEX_LITERAL) {
			token = lex_literal(r);
			continue;
		}
		char c = r->input[r->begin++];

		switch (r->lex) {
		case LEX_START:
			token = lex_begin(r, c);
			break;
		case LEX_ATOM:
			token = lex_atom(r, c);
			break;
		case LEX_QUOTED:
		case LEX_ESCAPED:
			token = lex_quoted(r, c);
			break;
		case LEX_LITERAL_SIZE:
		case LEX_LITERAL_EOL:
			token = lex_literal_head(r, c);
			break;
		case LEX_TEXT:
			token = lex_text(r, c);
			break;
		case LEX_LITERAL:
			break;
		}
	}
	return token;
}
