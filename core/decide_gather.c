/* decide_gather.c: what one person sends within a few minutes (a text, then a
 * photo, then a place) becomes one complaint. All of it are rows: each message
 * waits until `gather` after it came; the oldest then takes in those of the same
 * thread and person that came meanwhile. So a restart changes nothing. */
#include "decide_inside.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "ticket/ticket.h"
#include "base/poison.h"

#define WAITS_MS 2000 /* until the next look at what waits before it */
#define ATTACHMENTS_MAX 100u

static const char together[] = "part of a complaint that the same person sent in several messages";

static bool gathers(const struct inbox_row *row, const struct instance_settings *s)
{
	const struct jembatan_message *m = &row->message.message;
	return s != NULL && s->gather_ms > 0 && m->thread != NULL;
}

/* What may stand in one complaint with others. */
static bool is_part(const struct jembatan_message *m)
{
	return (m->kind == JEMBATAN_NEW || m->kind == JEMBATAN_FOLLOW_UP ||
		m->kind == JEMBATAN_EDIT) && m->tracking_id == NULL &&
	       (m->flags & (JEMBATAN_FROM_CENTRE | JEMBATAN_AUTOMATIC)) == 0;
}

/* ---- changed or taken back before it became a complaint ----------------- */

static enum jembatan_result take_out(struct decide *d, const struct inbox_row *row,
				     const struct inbox_row *first, struct why *why)
{
	enum jembatan_result r = decide_leave(d, first, INBOX_STORED, 0, DECIDE_TAKEN_BACK, why);
	return r != JEMBATAN_OK ? r :
	       decide_leave(d, row, INBOX_STORED, 0, "it takes back a message that was waiting", why);
}

static enum jembatan_result change(struct decide *d, const struct inbox_row *row,
				   const struct inbox_row *first, struct why *why)
{
	const struct jembatan_message *m = &row->message.message;
	struct msg_message changed = first->message;
	/* An older change that came late changes nothing. */
	if (m->arrived_ms < changed.message.arrived_ms)
		return decide_leave(d, row, INBOX_STORED, 0, "a newer change of it came before", why);
	changed.message.text = m->text;
	changed.message.full_text = m->full_text;
	changed.message.arrived_ms = m->arrived_ms;
	changed.message.flags |= m->flags & (JEMBATAN_ANONYMOUS | JEMBATAN_SECRET_REPORT);
	if (changed.file_count == 0) {
		changed.files = row->message.files;
		changed.file_count = row->message.file_count;
	}
	enum jembatan_result r = inbox_set_files(d->o.db, first->id, &changed, why);
	return r != JEMBATAN_OK ? r :
	       decide_leave(d, row, INBOX_STORED, 0,
			    "it changes a message that was waiting, and stands there now", why);
}

static enum jembatan_result change_waiting(struct decide *d, const struct inbox_row *row,
					   bool *out_handled, struct why *why)
{
	struct inbox_row first;
	enum jembatan_kind kind = row->message.message.kind;
	enum jembatan_result r = inbox_get(d->o.db, row->edit_of, d->arena, &first, why);
	if (r != JEMBATAN_OK || first.stage != INBOX_NEW || first.message.message.size == 0)
		return r == JEMBATAN_GONE ? JEMBATAN_OK : r;
	*out_handled = true;
	return kind == JEMBATAN_DELETION ? take_out(d, row, &first, why) :
					   change(d, row, &first, why);
}

/* Does it quote a message that still waits? Then it is a part of it. */
static enum jembatan_result quotes_waiting(struct decide *d, const struct inbox_row *row,
					   const struct instance_settings *s, bool *out_quotes,
					   struct why *why)
{
	const char *quoted = row->message.message.reply_to;
	struct msg_message by_id = { .message = { .size = sizeof(by_id.message), .id = quoted } };
	if (quoted == NULL)
		return JEMBATAN_OK;
	struct digest same = ticket_same_key(inbox_keys(d->o.db), s->name, &by_id);
	return inbox_waits(d->o.db, row->instance_id, row->id, &same, &(struct digest){ 0 },
			   out_quotes, why);
}

enum jembatan_result decide_gather_first(struct decide *d, const struct inbox_row *row,
					 const struct instance_settings *s, struct decide_gather *g,
					 bool *out_handled, struct why *why)
{
	const struct jembatan_message *m = &row->message.message;
	*g = (struct decide_gather){ .whole = row };
	if (!gathers(row, s))
		return JEMBATAN_OK;
	enum jembatan_result r = inbox_thread_look(d->o.db, row, &row->thread_key,
						   row->received_ms - s->gather_ms, &g->look, why);
	/* It was taken in by one before it in this very turn. */
	*out_handled = r == JEMBATAN_OK && !g->look.waits;
	if (r == JEMBATAN_OK && !*out_handled && row->edit_of != 0 &&
	    (m->kind == JEMBATAN_EDIT || m->kind == JEMBATAN_DELETION))
		r = change_waiting(d, row, out_handled, why);
	if (r == JEMBATAN_OK && !*out_handled)
		r = quotes_waiting(d, row, s, &g->is_part, why);
	return r;
}

/* ---- waiting -------------------------------------------------------------- */

/* Its files are fetched meanwhile. */
static enum jembatan_result wait_for_window(struct decide *d, const struct inbox_row *row,
					    int64_t end_ms, struct why *why)
{
	int64_t due_ms = 0;
	bool again = fetch_hold(d->o.fetch, row, &due_ms) && due_ms < end_ms;
	return inbox_defer(d->o.db, row->id, again ? due_ms : end_ms, why);
}

static bool belongs(const struct inbox_row *row, const struct inbox_row *leader, int64_t gather_ms,
		    int64_t start_ms)
{
	const struct jembatan_message *a = &leader->message.message, *b = &row->message.message;
	if (b->size == 0 || row->edit_of != 0 || !is_part(b) ||
	    !decide_same_person(leader, row))
		return false;
	/* Read together, but sent years apart: a first run. */
	if (a->arrived_ms != 0 && b->arrived_ms != 0 &&
	    llabs(a->arrived_ms - b->arrived_ms) > gather_ms)
		return false;
	return b->arrived_ms == 0 || b->arrived_ms >= start_ms;
}

/* Those of the same person that came within the window. *out_wait_ms: some file
 * of theirs is still on its way, look again then; 0: none is. Each row asks for
 * its own files. */
static enum jembatan_result find_parts(struct decide *d, const struct inbox_row *row,
				       const struct instance_settings *s, struct decide_gather *g,
				       int64_t *out_wait_ms, struct why *why)
{
	struct inbox_row *rows = arena_alloc(d->arena, DECIDE_GATHER_MAX * sizeof(*rows));
	int64_t start_ms = 0;
	size_t count = 0;
	enum jembatan_result r = inbox_of_thread(d->o.db, row, &row->thread_key,
						 row->received_ms + s->gather_ms, DECIDE_GATHER_MAX,
						 d->arena, rows, &count, why);
	(void)intake_instance(d->o.intake, row->instance_id, &start_ms);
	if (!fetch_hold(d->o.fetch, row, out_wait_ms))
		*out_wait_ms = 0;
	for (size_t i = 0; r == JEMBATAN_OK && i < count; i++) {
		if (!belongs(&rows[i], row, s->gather_ms, start_ms))
			continue;
		if (*out_wait_ms == 0 && fetch_waits(d->o.fetch, &rows[i]))
			*out_wait_ms = clock_now_ms() + WAITS_MS;
		rows[g->count++] = rows[i];
	}
	g->parts = rows;
	return r;
}

/* ---- one of several -------------------------------------------------------- */

static int by_time(const void *x, const void *y)
{
	const struct inbox_row *a = *(const struct inbox_row *const *)x;
	const struct inbox_row *b = *(const struct inbox_row *const *)y;
	int64_t at = a->message.message.sent_ms, bt = b->message.message.sent_ms;
	if (at != bt)
		return at < bt ? -1 : 1;
	return a->id < b->id ? -1 : 1;
}

static bool has_place(const struct jembatan_message *m)
{
	return (m->flags & JEMBATAN_HAS_POSITION) != 0 || m->place.address != NULL ||
	       m->place.code != NULL || m->place.province != NULL || m->place.regency != NULL ||
	       m->place.district != NULL || m->place.village != NULL;
}

static const char *joined(struct decide *d, const char *a, const char *b)
{
	if (a == NULL || *a == '\0' || b == NULL || *b == '\0')
		return a != NULL && *a != '\0' ? a : b;
	return arena_printf(d->arena, "%s\n%s", a, b);
}

static const char *or_else(const char *a, const char *b)
{
	return a != NULL ? a : b;
}

/* The time of the first stays; of a place the first that was named counts. */
static void take_in(struct decide *d, struct msg_message *whole, const struct msg_message *part,
		    struct msg_file *files)
{
	struct jembatan_message *to = &whole->message;
	const struct jembatan_message *from = &part->message;
	const unsigned kept = JEMBATAN_ANONYMOUS | JEMBATAN_SECRET_REPORT;
	if (to->full_text != NULL || from->full_text != NULL)
		to->full_text = joined(d, or_else(to->full_text, to->text),
				       or_else(from->full_text, from->text));
	to->text = joined(d, to->text, from->text);
	to->subject = or_else(to->subject, from->subject);
	to->incident_date = or_else(to->incident_date, from->incident_date);
	to->category = or_else(to->category, from->category);
	to->author.name = or_else(to->author.name, from->author.name);
	to->author.phone = or_else(to->author.phone, from->author.phone);
	to->author.mail = or_else(to->author.mail, from->author.mail);
	to->author.handle = or_else(to->author.handle, from->author.handle);
	to->flags |= from->flags & kept;
	if (!has_place(to) && has_place(from)) {
		to->place = from->place;
		to->flags |= from->flags & JEMBATAN_HAS_POSITION;
	}
	for (size_t i = 0; i < part->file_count; i++)
		files[whole->file_count++] = part->files[i];
	whole->text_cut |= part->text_cut;
}

/* As many as fit into one message; the others are for the next. */
static void limit_parts(const struct inbox_row *row, struct decide_gather *g)
{
	size_t files = row->message.file_count, bytes = 0, n = 0;
	const struct msg_message *m = &row->message;
	while (true) {
		const char *full = or_else(m->message.full_text, m->message.text);
		bytes += full != NULL ? strlen(full) + 1 : 0;
		if (n > 0 && (bytes > MSG_TEXT_MAX || files > ATTACHMENTS_MAX)) {
			n--;
			break;
		}
		if (n == g->count)
			break;
		m = &g->parts[n++].message;
		files += m->file_count;
	}
	g->count = n;
}

static enum jembatan_result make_whole(struct decide *d, const struct inbox_row *row,
				       struct decide_gather *g, struct why *why)
{
	limit_parts(row, g);
	if (g->count == 0)
		return JEMBATAN_OK;
	const struct inbox_row **all = arena_alloc(d->arena, (g->count + 1) * sizeof(*all));
	struct msg_file *files = arena_alloc(d->arena, ATTACHMENTS_MAX * sizeof(*files));
	struct inbox_row *whole = arena_memdup(d->arena, row, sizeof(*row));
	struct jembatan_message *m = &whole->message.message;
	all[0] = row;
	for (size_t i = 0; i < g->count; i++)
		all[i + 1] = &g->parts[i];
	qsort(all, g->count + 1, sizeof(*all), by_time);
	/* The first message lends its id; the order is that of the sender. */
	m->text = m->full_text = NULL;
	m->place = (struct jembatan_place){ 0 };
	m->flags &= ~JEMBATAN_HAS_POSITION;
	/* One that is surely a complaint makes all of it one. */
	for (size_t i = 0; i <= g->count; i++)
		if ((all[i]->message.message.flags & JEMBATAN_UNSURE) == 0)
			m->flags &= ~JEMBATAN_UNSURE;
	m->sent_ms = all[0]->message.message.sent_ms;
	whole->message.files = files;
	whole->message.file_count = 0;
	for (size_t i = 0; i <= g->count; i++)
		take_in(d, &whole->message, &all[i]->message, files);
	g->whole = whole;
	return inbox_set_files(d->o.db, row->id, &whole->message, why);
}

enum jembatan_result decide_gather(struct decide *d, const struct inbox_row *row,
				   const struct instance_settings *s, struct decide_gather *g,
				   bool *out_handled, struct why *why)
{
	if (!gathers(row, s) || !is_part(&row->message.message))
		return JEMBATAN_OK;
	int64_t now = clock_now_ms(), end_ms = row->received_ms + s->gather_ms;
	int64_t wait_ms = 0;
	*out_handled = true;
	/* A clock that was set back holds nobody up. */
	if (now >= row->received_ms && now < end_ms)
		return wait_for_window(d, row, end_ms, why);
	if (g->look.has_older)
		return inbox_defer(d->o.db, row->id, fetch_hold(d->o.fetch, row, &wait_ms) ? wait_ms :
				   now + WAITS_MS, why);
	enum jembatan_result r = find_parts(d, row, s, g, &wait_ms, why);
	if (r == JEMBATAN_OK && wait_ms != 0)
		return inbox_defer(d->o.db, row->id, wait_ms, why);
	*out_handled = false;
	return r == JEMBATAN_OK ? make_whole(d, row, g, why) : r;
}

enum jembatan_result decide_gathered(struct decide *d, const struct decide_gather *g,
				     struct why *why)
{
	struct inbox_row made;
	if (g->count == 0)
		return JEMBATAN_OK;
	enum jembatan_result r = inbox_get(d->o.db, g->whole->id, d->arena, &made, why);
	if (r == JEMBATAN_OK && made.ticket_id != 0)
		r = decide_note(d, made.ticket_id, DECIDE_ACTOR, "gathered",
				arena_printf(d->arena, "%zu messages of the same person", g->count + 1),
				why);
	for (size_t i = 0; r == JEMBATAN_OK && i < g->count; i++)
		r = decide_leave(d, &g->parts[i], INBOX_STORED, made.ticket_id, together, why);
	return r;
}
