/* decide_quotes.c: a report that names the number of another one: ours, the
 * centre's, or that of the app where it was made. It adds to that one if the same
 * person wrote it, and is linked with it otherwise. A number that we do not know
 * takes nobody's report away. */
#include "decide_inside.h"
#include "decide_know.h"

#include <string.h>

#include "compare.h"
#include "store/quoted.h"
#include "ticket/quotes.h"
#include "ticket/ticket.h"
#include "base/poison.h"

#define OF_TICKET_LOOK 16u /* messages of a quoted ticket whose author is looked at */

static enum jembatan_result is_own_report(struct decide *d, const struct inbox_row *row,
					  int64_t ticket_id, bool *out_own, struct why *why)
{
	struct inbox_row rows[OF_TICKET_LOOK];
	size_t count = 0;
	enum jembatan_result r = inbox_of_ticket(d->o.db, ticket_id, OF_TICKET_LOOK, d->arena, rows,
						 &count, why);
	*out_own = false;
	for (size_t i = 0; i < count && r == JEMBATAN_OK; i++)
		*out_own |= rows[i].message.message.size != 0 && decide_same_person(row, &rows[i]);
	return r;
}

/* ---- which report it is ------------------------------------------------- */

static enum jembatan_result none_such(enum jembatan_result r)
{
	return r == JEMBATAN_GONE ? JEMBATAN_OK : r;
}

/* An instance's record of this name. 0: there is none that has a ticket. */
static enum jembatan_result find_record(struct decide *d, const char *instance, const char *name,
					int64_t *out_ticket_id, struct why *why)
{
	struct msg_message record = { .message = { .size = sizeof(record.message), .id = name } };
	struct digest key = ticket_same_key(inbox_keys(d->o.db), instance, &record);
	return none_such(quoted_by_record(d->o.db, instance, &key, out_ticket_id, why));
}

static const char *small(struct decide *d, const char *name)
{
	char *out = arena_strndup(d->arena, name, strlen(name));
	for (char *p = out; *p != '\0'; p++)
		*p = *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p;
	return out;
}

/* What the source itself calls it: an app's number is the id of its record. */
static enum jembatan_result find_in_apps(struct decide *d, const struct quote *q,
					 int64_t *out_ticket_id, struct why *why)
{
	const struct settings *all = d->o.settings;
	const char *names[] = { q->name, q->is_digits ? NULL : small(d, q->name) };
	enum jembatan_result r = JEMBATAN_OK;
	if (str_starts(q->name, "IN-"))
		return none_such(quoted_by_submission(d->o.db, q->name, out_ticket_id, why));
	for (size_t i = 0; i < 2 * all->instance_count && r == JEMBATAN_OK && *out_ticket_id == 0; i++)
		if (names[i % 2] != NULL)
			r = find_record(d, all->instances[i / 2].name, names[i % 2], out_ticket_id,
					why);
	return r;
}

/* Ours, or the centre's number. What a person joined to another ticket is there. */
static enum jembatan_result find_ours(struct decide *d, const struct quote *q,
				      int64_t *out_ticket_id, struct why *why)
{
	struct ticket_row t;
	struct inbox_row first;
	enum jembatan_result r = tickets_find(d->o.db, q->name, d->arena, &t, why);
	if (r != JEMBATAN_OK)
		return none_such(r);
	*out_ticket_id = t.id;
	if (t.state != TICKET_REJECTED)
		return r;
	r = inbox_get(d->o.db, t.message_id, d->arena, &first, why);
	if (r == JEMBATAN_OK && first.ticket_id != 0)
		*out_ticket_id = first.ticket_id;
	return none_such(r);
}

static enum jembatan_result first_message(struct decide *d, int64_t ticket_id,
					  int64_t *out_message_id, struct why *why)
{
	struct ticket_row t;
	enum jembatan_result r = tickets_head(d->o.db, ticket_id, d->arena, &t, why);
	if (r == JEMBATAN_OK)
		*out_message_id = t.message_id;
	return none_such(r);
}

/* ---- what follows ------------------------------------------------------- */

static enum jembatan_result join_own(struct decide *d, const struct inbox_row *row,
				     const struct instance_settings *s, int64_t ticket_id,
				     bool *out_own, bool *out_joined, struct why *why)
{
	struct ticket_row t;
	struct ticket form = { 0 };
	bool may = false;
	enum jembatan_result r = is_own_report(d, row, ticket_id, out_own, why);
	if (r == JEMBATAN_OK && *out_own)
		r = decide_may_join(d, row, s, ticket_id, false, &t, &form, &may, why);
	if (r != JEMBATAN_OK || !may || decide_know_accuses(d, &row->message.message, &form))
		return r;
	*out_joined = true;
	return decide_join(d, row, ticket_id, "it quotes the number of a report of the same person",
			   why);
}

/* What is known of one number. A number alone may be that of several systems: it
 * leads to a report of the same person, and to nobody else's but the centre's. */
static enum jembatan_result look_at(struct decide *d, const struct inbox_row *row,
				    const struct instance_settings *s, const struct quote *q,
				    struct decide_quoted *out, struct why *why)
{
	int64_t tickets[2] = { 0, 0 }; /* ours or the centre's, an app's */
	enum jembatan_result r = q->of_app ? JEMBATAN_OK : find_ours(d, q, &tickets[0], why);
	if (r == JEMBATAN_OK && (q->of_app || q->is_digits))
		r = find_in_apps(d, q, &tickets[1], why);
	for (size_t i = 0; i < COUNT_OF(tickets) && r == JEMBATAN_OK && !out->handled; i++) {
		bool own = false;
		if (tickets[i] == 0)
			continue;
		r = join_own(d, row, s, tickets[i], &own, &out->handled, why);
		if (r == JEMBATAN_OK && out->message_id == 0 && (own || i == 0 || !q->is_digits))
			r = first_message(d, tickets[i], &out->message_id, why);
	}
	out->is_elsewhere |= q->names_one && tickets[0] == 0 && tickets[1] == 0;
	return r;
}

enum jembatan_result decide_quotes(struct decide *d, const struct inbox_row *row,
				   const struct instance_settings *s, struct decide_quoted *out,
				   struct why *why)
{
	struct quote quotes[QUOTES_MAX];
	size_t count = quotes_find(decide_words(d, &row->message.message), quotes);
	enum jembatan_result r = JEMBATAN_OK;
	for (size_t i = 0; i < count && r == JEMBATAN_OK && !out->handled; i++)
		r = look_at(d, row, s, &quotes[i], out, why);
	return r;
}

/* That one may have been made before anything was compared. */
enum jembatan_result decide_link_quoted(struct decide *d, const struct decide_quoted *quoted,
					struct duplicate_row *out, struct why *why)
{
	struct duplicate_row other = { .message_id = quoted->message_id };
	enum jembatan_result r = duplicates_of_message(d->o.db, quoted->message_id, d->arena, &other,
						       why);
	if (r == JEMBATAN_GONE) {
		other = (struct duplicate_row){ .message_id = quoted->message_id };
		r = compare_add(d->compare, &other, NULL, why);
	}
	if (r != JEMBATAN_OK)
		return r;
	out->decision = DUPLICATE_RELATED;
	out->incident = other.incident;
	out->nearest = other.id;
	out->evidence = "quotes the number of another report";
	return JEMBATAN_OK;
}
