/* decide_reply.c: a citizen answers what we sent: by answering that very
 * message, in whatever thread and after whatever restart, or by naming his
 * report in his words. Only who reported it adds to it: what somebody else
 * writes of it is a report of his own. */
#include "decide_inside.h"

#include <string.h>

#include "store/replies.h"
#include "ticket/ticket.h"
#include "base/poison.h"

#define CODE_SIZE 6u
#define WORDS_MAX 400u /* of a text: who names his report does it at once */
#define REPORTERS_MAX 20u

/* Did the writer of this row write that message? */
static enum jembatan_result is_author(struct decide *d, const struct inbox_row *row,
				      int64_t message_id, bool *out, struct why *why)
{
	struct inbox_row m;
	enum jembatan_result r = inbox_get(d->o.db, message_id, d->arena, &m, why);
	*out = r == JEMBATAN_OK && m.message.message.size != 0 && decide_same_person(&m, row);
	return r == JEMBATAN_GONE ? JEMBATAN_OK : r;
}

/* "<JB-7K3M9Q-R5T8W2XY@...>": a mail's answer bears our reference itself. */
static const char *reference_in(const char *id, struct arena *arena)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
	const char *at = id != NULL ? strstr(id, "JB-") : NULL;
	return at != NULL ? arena_strndup(arena, at, strspn(at, letters)) : NULL;
}

static enum jembatan_result by_our_reply(struct decide *d, const struct inbox_row *row,
					 int64_t *out_ticket_id, struct why *why)
{
	const struct jembatan_message *m = &row->message.message;
	struct reply_row reply;
	bool is_his = false;
	if (m->reply_to == NULL)
		return JEMBATAN_OK;
	struct digest key = replies_remote_key(d->o.db, row->instance_id, m->reply_to);
	enum jembatan_result r = replies_find(d->o.db, reference_in(m->reply_to, d->arena), &key,
					      d->arena, &reply, why);
	if (r == JEMBATAN_GONE || (r == JEMBATAN_OK && reply.ticket_id == 0))
		return JEMBATAN_OK;
	if (r == JEMBATAN_OK)
		r = is_author(d, row, reply.message_id, &is_his, why);
	if (r == JEMBATAN_OK && is_his)
		*out_ticket_id = reply.ticket_id;
	return r;
}

/* The next reference of ours or number of the centre in a text. */
static const char *next_name(const char **at, const char *end, struct arena *arena)
{
	for (const char *s = *at; (s += strcspn(s, "Jj0123456789")) < end; s++) {
		bool begins = s == *at || !((s[-1] >= '0' && s[-1] <= '9') ||
					    (s[-1] >= 'A' && s[-1] <= 'Z') ||
					    (s[-1] >= 'a' && s[-1] <= 'z'));
		size_t left = (size_t)(end - s), digits = 0;
		if (begins && (*s == 'J' || *s == 'j') && left >= 3 + CODE_SIZE &&
		    strncasecmp(s, "JB-", 3) == 0) {
			*at = s + 3 + CODE_SIZE;
			return arena_strndup(arena, s, 3 + CODE_SIZE);
		}
		while (begins && digits < left && s[digits] >= '0' && s[digits] <= '9')
			digits++;
		if (digits >= 6 && digits <= 10) {
			*at = s + digits;
			return arena_strndup(arena, s, digits);
		}
		s += digits > 0 ? digits - 1 : 0;
	}
	*at = end;
	return NULL;
}

static enum jembatan_result is_reporter(struct decide *d, const struct inbox_row *row,
					int64_t ticket_id, bool *out, struct why *why)
{
	int64_t ids[REPORTERS_MAX];
	size_t count = 0;
	enum jembatan_result r = replies_reporters(d->o.db, ticket_id, 0, REPORTERS_MAX, ids, &count,
						   why);
	*out = false;
	for (size_t i = 0; i < count && r == JEMBATAN_OK && !*out; i++)
		r = is_author(d, row, ids[i], out, why);
	return r;
}

/* A secret word to a report that everybody may read is a report of its own. */
static enum jembatan_result may_add(struct decide *d, const struct inbox_row *row,
				    int64_t ticket_id, bool *out_may, struct why *why)
{
	const struct jembatan_message *m = &row->message.message;
	struct ticket_row known;
	struct ticket t = { 0 };
	if ((m->flags & (JEMBATAN_ANONYMOUS | JEMBATAN_SECRET_REPORT)) == 0)
		return JEMBATAN_OK;
	enum jembatan_result r = tickets_read(d->o.db, ticket_id, d->arena, &known, &t, why);
	*out_may = r == JEMBATAN_OK && !decide_relaxes(m, &t);
	return r == JEMBATAN_DATA || r == JEMBATAN_GONE ? JEMBATAN_OK : r;
}

static enum jembatan_result by_words(struct decide *d, const struct inbox_row *row,
				     const char *text, int64_t *out_ticket_id, struct why *why)
{
	const char *at = text, *name;
	enum jembatan_result r = JEMBATAN_OK;
	if (text == NULL)
		return r;
	const char *end = text + strnlen(text, WORDS_MAX);
	while (r == JEMBATAN_OK && *out_ticket_id == 0 &&
	       (name = next_name(&at, end, d->arena)) != NULL) {
		struct ticket_row t;
		bool is_his = false;
		r = tickets_find(d->o.db, name, d->arena, &t, why);
		if (r == JEMBATAN_OK)
			r = is_reporter(d, row, t.id, &is_his, why);
		else if (r == JEMBATAN_GONE)
			r = JEMBATAN_OK;
		if (r == JEMBATAN_OK && is_his)
			r = may_add(d, row, t.id, &is_his, why);
		if (r == JEMBATAN_OK && is_his)
			*out_ticket_id = t.id;
	}
	return r;
}

enum jembatan_result decide_find_told(struct decide *d, const struct inbox_row *row,
				      int64_t *out_ticket_id, struct why *why)
{
	const struct jembatan_message *m = &row->message.message;
	enum jembatan_result r = by_our_reply(d, row, out_ticket_id, why);
	if (r == JEMBATAN_OK && *out_ticket_id == 0)
		r = by_words(d, row, m->subject, out_ticket_id, why);
	if (r == JEMBATAN_OK && *out_ticket_id == 0)
		r = by_words(d, row, m->text, out_ticket_id, why);
	return r;
}

enum jembatan_result decide_ask_again(struct decide *d, const struct inbox_row *row,
				      struct why *why)
{
	return replies_news_add(d->o.db, &(struct reply_news){ .kind = REPLY_NEWS_RESEND,
							       .message_id = row->id },
				row->received_ms, why);
}
