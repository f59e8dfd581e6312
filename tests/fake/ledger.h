/* ledger.h: what the fake centre holds. Every change is one event, written to
 * the journal (when there is one) before it takes effect, so that the state
 * after a restart is the state before. Safe to call from any thread. */
#ifndef FAKE_LEDGER_H
#define FAKE_LEDGER_H

#include "base/buf.h"
#include "base/why.h"
#include <jansson.h>

/* What the centre offers to a client whose answer was lost. */
enum ledger_mode {
	LEDGER_NONE,       /* nothing: the same reference twice makes two complaints */
	LEDGER_IDEMPOTENT, /* the same key or reference gives the same id again */
	LEDGER_LOOKUP      /* as none, but it can be asked for a reference */
};

struct ledger_options {
	enum ledger_mode mode;
	const char *journal; /* a path; NULL: nothing survives */
	bool sync;           /* fdatasync after each event */
	int64_t first_id;    /* of an empty ledger */
};

struct ledger;

MUST_CHECK enum jembatan_result ledger_open(const struct ledger_options *options,
					    struct ledger **out, struct why *why);
void ledger_close(struct ledger *l);

/* RETRY: the journal cannot be written, and nothing has changed. `again`: the
 * complaint was there already. reference and key may be NULL. */
MUST_CHECK enum jembatan_result ledger_create(struct ledger *l, json_t *body,
					      const char *reference, const char *key,
					      int64_t *out_id, bool *out_again);
MUST_CHECK enum jembatan_result ledger_file(struct ledger *l, const char *name,
					    const char *media_type, size_t size, const char *sha256,
					    int64_t *out_id);
/* The number of the first complaint. */
int64_t ledger_first(struct ledger *l);
bool ledger_has_file(struct ledger *l, int64_t id);

/* GONE when there is no such complaint. */
MUST_CHECK enum jembatan_result ledger_route(struct ledger *l, int64_t id, const char *to,
					     const char *note);
MUST_CHECK enum jembatan_result ledger_status(struct ledger *l, int64_t id, const char *code,
					      const char *name, const char *note);
/* followup: an object, read during the call. */
MUST_CHECK enum jembatan_result ledger_followup(struct ledger *l, int64_t id, json_t *followup,
						const char *key, int64_t *out_id);
MUST_CHECK enum jembatan_result ledger_reset(struct ledger *l);

/* [{"complaint_id"}] with this reference, made at least once; the caller's. */
json_t *ledger_lookup(struct ledger *l, const char *reference);
/* The facts about one complaint, with "logs" and "followups"; the caller's,
 * NULL when there is none. */
json_t *ledger_complaint(struct ledger *l, int64_t id);

/* {"count", "files", "by_reference", "doubled", and with_all: "complaints",
 * "uploads"}; the caller's. */
json_t *ledger_summary(struct ledger *l, bool with_all);
/* The last `count`, newest first; the caller's. */
json_t *ledger_newest(struct ledger *l, size_t count);
/* JSON lines, each with the body, of complaints above `after`. */
void ledger_dump(struct ledger *l, int64_t after, struct buf *out);

/* "21-11-2026 22:42:00", Western Indonesian Time, as the centre writes it. */
void ledger_date(int64_t at_ms, char out[24]);

#endif
