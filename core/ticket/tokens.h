/* tokens.h: a complaint's words for comparing, never for showing: markup,
 * addresses, quotes, headers and signatures gone, lower case, slang in one
 * canon, numbers plain, each word with the role it plays (entities.h). Pure;
 * takes any UTF-8 and any length, keeps at most TOKENS_MAX. */
#ifndef TICKET_TOKENS_H
#define TICKET_TOKENS_H

#include "ticket/lexicon.h"

#define TOKENS_MAX 200u
#define TOKENS_TEXT_MAX 176u    /* of the text; the rest is for the location */
#define TOKEN_BYTES 23u
#define TOKENS_PHONES_MAX 4u
#define TOKENS_INPUT_MAX 16384u /* bytes of a text that are looked at */

enum token_role {
	ROLE_WORD,
	ROLE_NUMBER,
	ROLE_RT,
	ROLE_RW,
	ROLE_HOUSE, /* number after "no" or after a street's name */
	ROLE_GANG,
	ROLE_BLOCK,
	ROLE_KM,
	ROLE_STREET,
	ROLE_KELURAHAN, /* desa as well */
	ROLE_KECAMATAN,
	ROLE_KABUPATEN, /* kota as well */
	ROLE_PERSON,
	ROLE_SCHOOL,
	ROLE_DATE,  /* "d17m8" */
	ROLE_ID,    /* NIK, KK and other long numbers */
	ROLE_MONEY,
	ROLE_TOPIC, /* a plain word that says what the complaint is about (lexicon_look) */
	ROLE_COUNT
};

/* Names a thing or a place; a topic does not. */
static inline bool token_role_names(unsigned role)
{
	return role >= ROLE_RT && role < ROLE_TOPIC;
}

enum token_flag {
	TOKEN_BREAK = 1,    /* a sentence, line or clause ends before it */
	TOKEN_LOCATION = 2, /* of the location, not of the text */
	TOKEN_HASHTAG = 4,
	TOKEN_GLUED = 8,    /* no space before it: 14 and a in 14a */
	TOKEN_SLASH = 16,   /* a slash before it: the second of 05/06 */
	TOKEN_PLACE = 32,   /* the word is in the gazetteer (fingerprint.c) */
	TOKEN_RARE = 64,    /* unknown to the shipped table (fingerprint.c) */
};

struct token {
	char text[TOKEN_BYTES + 1];
	uint8_t size, role, flags;
	bool number;
};

struct tokens {
	struct token items[TOKENS_MAX];
	size_t count;
	char phones[TOKENS_PHONES_MAX][16]; /* 08..., as found in the text */
	size_t phone_count;
	uint32_t topics; /* of all words */
};

/* Read text, then location (either may be NULL). time_ms and zone say which
 * dates are merely the date of the message itself: those are left out. */
void tokens_read(const struct lexicon *l, const char *text, const char *location, int64_t time_ms,
		 int zone_minutes, struct tokens *out);

/* The words of the text that was read last: who reads the same one for another
 * purpose gets them from here. All its readers have the same lexicon. */
struct tokens_memo;
struct tokens_memo *tokens_memo_new(void);
void tokens_memo_free(struct tokens_memo *memo); /* NULL is fine */
void tokens_read_again(struct tokens_memo *memo /* may be NULL */, const struct lexicon *l,
		       const char *text, const char *location, int64_t time_ms, int zone_minutes,
		       struct tokens *out);

#endif
