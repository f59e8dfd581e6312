/* imap_reader.c: see imap_reader.h. The grammar: a state for each place where a
 * token of imap_lexer.h may stand, so that it can stop after any byte. */
#include "email/imap_reader.h"

#include "email/imap_lexer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define NESTING_MAX 32u

enum place {
	AT_TAG,
	AT_TAGGED_STATUS,
	AT_STATUS_TEXT,
	AT_UNTAGGED,
	AT_NUMBER_WORD,
	AT_NUMBER_END,
	AT_CAPABILITY,
	AT_SEARCH,
	AT_ESEARCH,
	AT_ESEARCH_VALUE,
	AT_ESEARCH_ALL,
	AT_FETCH_OPEN,
	AT_FETCH_NAME,
	AT_FETCH_VALUE,
	AT_FETCH_END,
	AT_IGNORED
};

enum value { VALUE_SKIP, VALUE_UID, VALUE_SIZE, VALUE_DATE, VALUE_BODY };

struct imap_reader {
	struct imap_lexer lexer;
	enum place place;
	enum value value;
	unsigned nesting;
	char tag[32];
	enum imap_status status;
	bool is_tagged, is_continue;
	enum imap_event number_event;
	uint32_t number;
	struct imap_fetch fetch;
};

struct imap_reader *imap_reader_new(size_t body_max_bytes)
{
	struct imap_reader *r = calloc(1, sizeof *r);

	if (r == NULL)
		abort();
	imap_lexer_init(&r->lexer, body_max_bytes);
	return r;
}

void imap_reader_free(struct imap_reader *r)
{
	if (r == NULL)
		return;
	imap_lexer_done(&r->lexer);
	free(r);
}

char *imap_reader_room(struct imap_reader *r, size_t *out_size)
{
	struct imap_lexer *lexer = &r->lexer;

	if (lexer->begin == lexer->end)
		lexer->begin = lexer->end = 0;
	*out_size = IMAP_INPUT_BYTES - lexer->end;
	return lexer->input + lexer->end;
}

void imap_reader_fed(struct imap_reader *r, size_t size)
{
	r->lexer.end += size;
}

static bool word_is(const struct imap_reader *r, const char *word)
{
	return strcasecmp(r->lexer.token.data, word) == 0;
}

static enum imap_event broken(struct imap_reader *r, const char *expected)
{
	if (r->lexer.broken == NULL)
		r->lexer.broken = expected;
	return IMAP_BROKEN;
}

static bool number_of(const char *text, uint64_t max, uint64_t *out)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; text[i] >= '0' && text[i] <= '9' && i < 19; i++)
		n = n * 10 + (uint64_t)(text[i] - '0');
	if (i == 0 || text[i] != '\0' || n > max)
		return false;
	*out = n;
	return true;
}

static bool token_uint32(const struct imap_reader *r, uint32_t *out)
{
	uint64_t n;

	if (!number_of(r->lexer.token.data, UINT32_MAX, &n))
		return false;
	*out = (uint32_t)n;
	return true;
}

static bool status_of(const char *word, enum imap_status *out)
{
	static const char *const words[] = { "OK", "NO", "BAD", "BYE", "PREAUTH" };

	for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (strcasecmp(word, words[i]) == 0) {
			*out = (enum imap_status)i;
			return true;
		}
	}
	return false;
}

static void line_begin(struct imap_reader *r)
{
	r->place = AT_TAG;
	r->lexer.to_body = r->lexer.comma_splits = false;
	r->is_tagged = r->is_continue = false;
	r->nesting = 0;
}

/* The first word of a line. */
static enum imap_event on_tag(struct imap_reader *r, enum imap_token token)
{
	if (token == TOKEN_EOL)
		return IMAP_NEED_BYTES; /* an empty line says nothing */
	if (token != TOKEN_ATOM || r->lexer.token.size >= sizeof r->tag)
		return broken(r, "a tag, * or + at the beginning of a line");
	if (word_is(r, "*")) {
		r->place = AT_UNTAGGED;
	} else if (word_is(r, "+")) {
		r->is_continue = true;
		r->place = AT_STATUS_TEXT;
		imap_lexer_want_text(&r->lexer);
	} else {
		memcpy(r->tag, r->lexer.token.data, r->lexer.token.size + 1);
		r->is_tagged = true;
		r->place = AT_TAGGED_STATUS;
	}
	return IMAP_NEED_BYTES;
}

static enum imap_event on_untagged(struct imap_reader *r, enum imap_token token)
{
	if (token != TOKEN_ATOM)
		return broken(r, "a word after *");
	if (token_uint32(r, &r->number)) {
		r->place = AT_NUMBER_WORD;
	} else if (status_of(r->lexer.token.data, &r->status)) {
		r->place = AT_STATUS_TEXT;
		imap_lexer_want_text(&r->lexer);
	} else if (word_is(r, "CAPABILITY")) {
		r->place = AT_CAPABILITY;
	} else if (word_is(r, "SEARCH")) {
		r->place = AT_SEARCH;
	} else if (word_is(r, "ESEARCH")) {
		r->place = AT_ESEARCH;
	} else {
		r->place = AT_IGNORED;
	}
	return IMAP_NEED_BYTES;
}

static enum imap_event on_status(struct imap_reader *r, enum imap_token token,
				 struct imap_item *out)
{
	if (r->place == AT_TAGGED_STATUS) {
		if (token != TOKEN_ATOM || !status_of(r->lexer.token.data, &r->status) ||
		    r->status > IMAP_BAD)
			return broken(r, "OK, NO or BAD after a tag");
		r->place = AT_STATUS_TEXT;
		imap_lexer_want_text(&r->lexer);
		return IMAP_NEED_BYTES;
	}
	if (token == TOKEN_TEXT)
		return IMAP_NEED_BYTES; /* its end of line follows */
	out->text = r->lexer.token.data + strspn(r->lexer.token.data, " ");
	out->tag = r->tag;
	out->status = r->status;
	if (r->is_continue)
		return IMAP_CONTINUE;
	return r->is_tagged ? IMAP_TAGGED : IMAP_UNTAGGED;
}

static enum imap_event on_number(struct imap_reader *r, enum imap_token token,
				 struct imap_item *out)
{
	if (r->place == AT_NUMBER_END) {
		if (token != TOKEN_EOL)
			return broken(r, "the end of the line after EXISTS or EXPUNGE");
		out->first = out->last = r->number;
		return r->number_event;
	}
	if (token != TOKEN_ATOM)
		return broken(r, "a word after * and a number");
	r->place = AT_NUMBER_END;
	if (word_is(r, "EXISTS")) {
		r->number_event = IMAP_EXISTS;
	} else if (word_is(r, "EXPUNGE")) {
		r->number_event = IMAP_EXPUNGE;
	} else if (word_is(r, "FETCH")) {
		r->place = AT_FETCH_OPEN;
		memset(&r->fetch, 0, sizeof r->fetch);
		imap_store_clear(&r->lexer.body);
	} else {
		r->place = AT_IGNORED;
	}
	return IMAP_NEED_BYTES;
}

/* One word or number of a line that is a list of them. */
static enum imap_event on_list(struct imap_reader *r, enum imap_token token, struct imap_item *out)
{
	if (token == TOKEN_OPEN || token == TOKEN_CLOSE) {
		/* SEARCH ... (MODSEQ n): the rest of the line is no number */
		r->place = AT_IGNORED;
		return IMAP_NEED_BYTES;
	}
	if (token != TOKEN_ATOM)
		return broken(r, "words or numbers");
	out->text = r->lexer.token.data;
	if (r->place == AT_CAPABILITY)
		return IMAP_CAPABILITY;
	if (!token_uint32(r, &out->first) || out->first == 0)
		return broken(r, "numbers after SEARCH");
	out->last = out->first;
	return IMAP_UIDS;
}

static bool range_of(char *text, uint32_t *out_first, uint32_t *out_last)
{
	char *colon = strchr(text, ':');
	uint64_t first, last;

	if (colon != NULL)
		*colon = '\0';
	if (!number_of(text, UINT32_MAX, &first) || first == 0)
		return false;
	last = first;
	if (colon != NULL && (!number_of(colon + 1, UINT32_MAX, &last) || last == 0))
		return false;
	*out_first = (uint32_t)(first < last ? first : last);
	*out_last = (uint32_t)(first < last ? last : first);
	return true;
}

/* * ESEARCH (TAG "A5") UID MIN 3 ALL 3,5:9 : everything but ALL and MIN is
 * passed over; a MIN comes as a range of one. */
static enum imap_event on_esearch(struct imap_reader *r, enum imap_token token,
				  struct imap_item *out)
{
	if (token == TOKEN_OPEN || token == TOKEN_CLOSE) {
		if (token == TOKEN_CLOSE && r->nesting == 0)
			return broken(r, "no ) here");
		r->nesting = token == TOKEN_OPEN ? r->nesting + 1 : r->nesting - 1;
		return r->nesting > NESTING_MAX ? broken(r, "fewer parentheses") : IMAP_NEED_BYTES;
	}
	if (r->nesting > 0)
		return IMAP_NEED_BYTES;
	if (token != TOKEN_ATOM)
		return broken(r, "words after ESEARCH");
	if (r->place == AT_ESEARCH_VALUE) {
		r->place = AT_ESEARCH;
		return IMAP_NEED_BYTES;
	}
	if (r->place == AT_ESEARCH_ALL && r->lexer.token.data[0] >= '0' && r->lexer.token.data[0] <= '9') {
		if (!range_of(r->lexer.token.data, &out->first, &out->last))
			return broken(r, "numbers and ranges after ALL");
		return IMAP_UIDS;
	}
	r->lexer.comma_splits = false;
	r->place = AT_ESEARCH;
	if (word_is(r, "ALL") || word_is(r, "MIN")) {
		r->lexer.comma_splits = true;
		r->place = AT_ESEARCH_ALL;
	} else if (!word_is(r, "UID")) {
		r->place = AT_ESEARCH_VALUE;
	}
	return IMAP_NEED_BYTES;
}

static enum imap_event on_fetch_name(struct imap_reader *r, enum imap_token token)
{
	if (token == TOKEN_CLOSE) {
		r->place = AT_FETCH_END;
		return IMAP_NEED_BYTES;
	}
	if (token != TOKEN_ATOM)
		return broken(r, "the name of a mail's attribute");
	r->value = VALUE_SKIP;
	if (word_is(r, "UID"))
		r->value = VALUE_UID;
	else if (word_is(r, "RFC822.SIZE"))
		r->value = VALUE_SIZE;
	else if (word_is(r, "INTERNALDATE"))
		r->value = VALUE_DATE;
	else if ((strncasecmp(r->lexer.token.data, "BODY[", 5) == 0 || word_is(r, "RFC822")) &&
		 !r->fetch.has_body)
		r->value = VALUE_BODY;
	r->lexer.to_body = r->value == VALUE_BODY;
	r->place = AT_FETCH_VALUE;
	r->nesting = 0;
	return IMAP_NEED_BYTES;
}

static enum imap_event fetch_value(struct imap_reader *r, enum imap_token token)
{
	uint64_t n = 0;

	r->place = AT_FETCH_NAME;
	r->lexer.to_body = false;
	switch (r->value) {
	case VALUE_UID:
		if (token != TOKEN_ATOM || !number_of(r->lexer.token.data, UINT32_MAX, &n) || n == 0)
			return broken(r, "a number after UID");
		r->fetch.uid = (uint32_t)n;
		break;
	case VALUE_SIZE:
		if (token != TOKEN_ATOM || !number_of(r->lexer.token.data, INT64_MAX, &n))
			return broken(r, "a number after RFC822.SIZE");
		r->fetch.has_size = true;
		r->fetch.size = n;
		break;
	case VALUE_DATE:
		r->fetch.internal_ms = imap_date_ms(r->lexer.token.data);
		break;
	case VALUE_BODY:
		if (token == TOKEN_ATOM && !word_is(r, "NIL"))
			return broken(r, "a string after BODY[]");
		r->fetch.has_body = true;
		r->fetch.body_nil = token == TOKEN_ATOM;
		break;
	case VALUE_SKIP:
		break;
	}
	return IMAP_NEED_BYTES;
}

static enum imap_event on_fetch_value(struct imap_reader *r, enum imap_token token)
{
	if (token == TOKEN_OPEN || (token == TOKEN_CLOSE && r->nesting > 0)) {
		if (r->value != VALUE_SKIP)
			return broken(r, "no list here");
		r->nesting = token == TOKEN_OPEN ? r->nesting + 1 : r->nesting - 1;
		if (r->nesting > NESTING_MAX)
			return broken(r, "fewer parentheses");
		if (r->nesting == 0)
			r->place = AT_FETCH_NAME;
		return IMAP_NEED_BYTES;
	}
	if (token != TOKEN_ATOM && token != TOKEN_STRING)
		return broken(r, "the value of a mail's attribute");
	return r->nesting > 0 ? IMAP_NEED_BYTES : fetch_value(r, token);
}

static enum imap_event on_fetch(struct imap_reader *r, enum imap_token token, struct imap_item *out)
{
	if (r->place == AT_FETCH_OPEN) {
		if (token != TOKEN_OPEN)
			return broken(r, "( after FETCH");
		r->place = AT_FETCH_NAME;
		return IMAP_NEED_BYTES;
	}
	if (r->place == AT_FETCH_NAME)
		return on_fetch_name(r, token);
	if (r->place == AT_FETCH_VALUE)
		return on_fetch_value(r, token);
	if (token != TOKEN_EOL)
		return broken(r, "the end of the line after a mail's data");
	r->fetch.body = r->lexer.body.data;
	r->fetch.body_size = r->lexer.body.size;
	r->fetch.body_cut = r->lexer.body.cut;
	out->fetch = r->fetch;
	return IMAP_FETCH;
}

static enum imap_event on_token(struct imap_reader *r, enum imap_token token, struct imap_item *out)
{
	switch (r->place) {
	case AT_TAG:
		return on_tag(r, token);
	case AT_TAGGED_STATUS:
	case AT_STATUS_TEXT:
		return on_status(r, token, out);
	case AT_UNTAGGED:
		return on_untagged(r, token);
	case AT_NUMBER_WORD:
	case AT_NUMBER_END:
		return on_number(r, token, out);
	case AT_CAPABILITY:
	case AT_SEARCH:
		return token == TOKEN_EOL ? IMAP_NEED_BYTES : on_list(r, token, out);
	case AT_ESEARCH:
	case AT_ESEARCH_VALUE:
	case AT_ESEARCH_ALL:
		return token == TOKEN_EOL ? IMAP_NEED_BYTES : on_esearch(r, token, out);
	case AT_FETCH_OPEN:
	case AT_FETCH_NAME:
	case AT_FETCH_VALUE:
	case AT_FETCH_END:
		return on_fetch(r, token, out);
	case AT_IGNORED:
		return IMAP_NEED_BYTES;
	}
	return broken(r, "IMAP");
}

enum imap_event imap_reader_next(struct imap_reader *r, struct imap_item *out)
{
	memset(out, 0, sizeof *out);
	while (r->lexer.broken == NULL) {
		enum imap_token token = imap_lexer_next(&r->lexer);

		if (token == TOKEN_NONE)
			return IMAP_NEED_BYTES;
		if (token == TOKEN_BROKEN)
			break;
		enum imap_event event = on_token(r, token, out);

		if (event == IMAP_BROKEN)
			break;
		if (token == TOKEN_EOL)
			line_begin(r);
		if (event != IMAP_NEED_BYTES)
			return event;
	}
	out->text = r->lexer.broken;
	return IMAP_BROKEN;
}

/* ---- small pieces ---------------------------------------------------------- */

bool imap_code_number(const char *text, const char *code, uint32_t *out_number)
{
	size_t length = strlen(code);
	uint64_t n = 0;

	if (text[0] != '[' || strncasecmp(text + 1, code, length) != 0 || text[length + 1] != ' ')
		return false;
	const char *digit = text + length + 2;

	for (; *digit >= '0' && *digit <= '9' && n <= UINT32_MAX; digit++)
		n = n * 10 + (uint64_t)(*digit - '0');
	if (*digit != ']' || digit == text + length + 2 || n > UINT32_MAX)
		return false;
	*out_number = (uint32_t)n;
	return true;
}

/* Two or four digits at text; -1 where one is not a digit. */
static int digits(const char *text, int count)
{
	int n = 0;

	for (int i = 0; i < count; i++) {
		char c = i == 0 && text[0] == ' ' ? '0' : text[i];

		if (c < '0' || c > '9')
			return -1;
		n = n * 10 + (c - '0');
	}
	return n;
}

static int month_of(const char *text)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (int i = 0; i < 12; i++) {
		if (strncasecmp(text, months + (size_t)i * 3, 3) == 0)
			return i;
	}
	return -1;
}

static bool is_between(int n, int least, int most)
{
	return n >= least && n <= most;
}

int64_t imap_date_ms(const char *text)
{
	if (strlen(text) != 26 || text[2] != '-' || text[6] != '-' || text[11] != ' ' ||
	    text[14] != ':' || text[17] != ':' || strchr("+-", text[21]) == NULL)
		return 0;
	struct tm tm = { .tm_mday = digits(text, 2),
			 .tm_mon = month_of(text + 3),
			 .tm_year = digits(text + 7, 4) - 1900,
			 .tm_hour = digits(text + 12, 2),
			 .tm_min = digits(text + 15, 2),
			 .tm_sec = digits(text + 18, 2) };
	int zone_hours = digits(text + 22, 2), zone_minutes = digits(text + 24, 2);

	if (!is_between(tm.tm_mday, 1, 31) || tm.tm_mon < 0 || tm.tm_year < 70 ||
	    !is_between(tm.tm_hour, 0, 23) || !is_between(tm.tm_min, 0, 59) ||
	    !is_between(tm.tm_sec, 0, 60) || zone_hours < 0 || zone_minutes < 0)
		return 0;
	int64_t zone = (int64_t)(zone_hours * 60 + zone_minutes) * 60;

	return ((int64_t)timegm(&tm) - (text[21] == '-' ? -zone : zone)) * 1000;
}
