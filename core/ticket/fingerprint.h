/* fingerprint.h: a complaint as numbers: what is kept of it for comparing. No
 * word can be read back out of it without the key and a list of words, but
 * with them many can: seal it at rest, and erase it with its message. */
#ifndef TICKET_FINGERPRINT_H
#define TICKET_FINGERPRINT_H

#include "base/buf.h"
#include "base/why.h"
#include "ticket/dedup_model.h"
#include "ticket/tokens.h"

#define FINGERPRINT_EVIDENCE_MAX 10u
#define FINGERPRINT_ROW_MAX (16u + FINGERPRINT_EVIDENCE_MAX * 8u + TOKENS_MAX * 12u)

/* Who says it, as keyed hashes. */
enum evidence_kind {
	EVIDENCE_PHONE = 1, /* of the account the message came from */
	EVIDENCE_MAIL,
	EVIDENCE_ACCOUNT,   /* handle, user id, BSUID */
	EVIDENCE_NAME,      /* weak: many people share one */
	EVIDENCE_TEXT_PHONE /* a phone number written in the text */
};

struct evidence {
	uint64_t bits; /* the hash; in the lowest byte the kind */
};
static inline unsigned evidence_kind_of(struct evidence e)
{
	return e.bits & 0xff;
}
/* Of one person only. */
static inline bool evidence_is_strong(struct evidence e)
{
	return evidence_kind_of(e) < EVIDENCE_NAME;
}
static inline bool evidence_is_same(struct evidence a, struct evidence b)
{
	return a.bits >> 8 == b.bits >> 8;
}

#define MARK_NUMBER UINT32_C(0x80000000) /* in letters */
#define MARK_ROLE 0x1fu     /* in kind: enum token_role */
#define MARK_LOCATION 0x20u
#define MARK_PLACE 0x40u    /* of the gazetteer */
#define MARK_RARE 0x80u     /* not in the shipped table */

/* A word or number. */
struct mark {
	uint32_t word;     /* keyed hash */
	uint32_t letters;  /* bit per letter that stands there an odd number of times; length << 26 */
	uint16_t skeleton; /* keyed hash of first letter and consonants */
	uint8_t weight;    /* 1/16 nat of information */
	uint8_t kind;
};

struct fingerprint {
	int64_t time_ms;
	uint32_t topics;
	uint8_t channel; /* hash of the channel's name; 0: unknown */
	uint8_t evidence_count, mark_count;
	struct evidence evidence[FINGERPRINT_EVIDENCE_MAX];
	struct mark marks[TOKENS_MAX];
};

/* How often words and word triples stand in the window: what says nothing is
 * found by itself. Made and kept by the index; NULL counts nothing. */
struct counts;

/* What a message says about itself. */
struct dedup_input {
	const char *text;     /* subject and text; may be NULL */
	const char *location; /* may be NULL */
	const char *channel;  /* may be NULL */
	int64_t time_ms;      /* when it reached us */
	int zone_minutes;
	const struct evidence *evidence; /* evidence_of; at most 5 are looked at */
	size_t evidence_count;
	struct tokens_memo *memo; /* may be NULL */
};

/* Keyed hash of a normal form: E.164 or 08..., lower-case address, handle
 * without @; of a name its letters in any order. False when nothing is left. */
bool evidence_of(const struct dedup_model *m, enum evidence_kind kind, const char *text,
		 struct evidence *out);

void fingerprint_read(const struct dedup_model *m, const struct counts *counts,
		      const struct dedup_input *input, struct fingerprint *out);

/* The row to store: appended to out, at most FINGERPRINT_ROW_MAX bytes, the
 * same on every machine. */
void fingerprint_pack(const struct fingerprint *f, struct buf *out);
/* DATA when the bytes are no such row, or of a later version. */
MUST_CHECK enum jembatan_result fingerprint_unpack(struct jembatan_bytes row,
						   struct fingerprint *out, struct why *why);

/* The counts of a window. add and drop get the same fingerprint. */
struct counts *counts_new(void);
void counts_free(struct counts *c);
void counts_add(struct counts *c, const struct mark *marks, size_t count);
void counts_drop(struct counts *c, const struct mark *marks, size_t count);

#endif
