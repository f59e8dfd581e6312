/* receipts.c: a receipt to its row. What did not get through is told another
 * way by whoever plans replies: the news is written here, in the same
 * transaction. */
#include "reply/receipts.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "reply/outcome.h"
#include "store/audit.h"
#include "ticket/personal.h"
#include "base/poison.h"

#define REASON_MAX 200u

static enum jembatan_result write_receipt(struct db *db, const struct reply_row *was,
					  const struct reply_row *row, bool has_failed,
					  const struct digest *remote_key, int64_t now_ms,
					  struct why *why)
{
	enum jembatan_result r = replies_update(db, row, remote_key, why);
	if (r == JEMBATAN_OK && has_failed)
		r = replies_news_add(db, &(struct reply_news){ .kind = REPLY_NEWS_FAILED,
							       .ticket_id = row->ticket_id,
							       .reply_id = row->id },
				     now_ms, why);
	if (r == JEMBATAN_OK && row->ticket_id != 0 &&
	    (row->state == REPLY_DELIVERED || has_failed) && was->state != REPLY_READ)
		r = audit_add(db, AUDIT_TICKET, row->ticket_id, NULL,
			      has_failed ? "reply_failed" : "reply_delivered", row->reference, now_ms,
			      why);
	return r;
}

/* With the code that the operator looks up, and without whom it is about. */
static const char *failed_why(const char *sentence, const char *reason, struct arena *arena)
{
	if (reason == NULL)
		return sentence;
	char *masked = arena_strndup(arena, reason, text_prefix_bytes(reason, strlen(reason),
								      REASON_MAX));
	(void)personal_mask(masked, PERSONAL_ALL);
	return arena_printf(arena, "%s: %s", sentence, masked);
}

bool reply_failed_by(const char *why, const char *code)
{
	const char *at = why != NULL && code != NULL ? strstr(why, ": ") : NULL;
	size_t size = code != NULL ? strlen(code) : 0;
	return at != NULL && strncmp(at + 2, code, size) == 0 &&
	       (at[2 + size] == ' ' || at[2 + size] == '\0');
}

bool reply_refused_by(const char *why, const char *code)
{
	char said[40];
	snprintf(said, sizeof(said), "(error %s)", code != NULL ? code : "");
	return why != NULL && code != NULL && strstr(why, said) != NULL;
}

enum jembatan_result reply_take_receipt(struct db *db, const struct reply_receipt *r,
					int64_t now_ms, struct why *why)
{
	struct arena *arena = arena_new();
	struct reply_row was, row;
	bool has_failed = false;
	enum jembatan_result result = replies_find(db, r->reference, r->remote_key, arena, &was, why);
	/* No channel speaks for another one. */
	if (result == JEMBATAN_OK && was.instance_id != r->instance_id)
		result = why_set(why, JEMBATAN_GONE, "a receipt of another instance's reply");
	int64_t at_ms = r->at_ms != 0 ? r->at_ms : now_ms;
	if (result == JEMBATAN_OK && reply_after_receipt(&was, r->state, at_ms, &row, &has_failed)) {
		if (has_failed)
			row.why = failed_why(row.why, r->reason, arena);
		result = write_receipt(db, &was, &row, has_failed, r->remote_key, now_ms, why);
	}
	arena_free(arena);
	return result;
}
