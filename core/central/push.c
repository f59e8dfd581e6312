/* push.c: from a row to its request. */
#include "central/push.h"

#include "store/inbox.h"
#include "store/tickets.h"

#include <stdlib.h>
#include <string.h>

#include "ticket/personal.h"
#include "base/poison.h"


struct push *push_new(struct outbox *o, const struct outbox_row *row)
{
	struct push *p = xcalloc(1, sizeof(*p));

	p->outbox = o;
	p->arena = arena_new();
	p->row = *row;
	p->row.reference = arena_strdup(p->arena, row->reference);
	p->row.file_ids = arena_strdup(p->arena, row->file_ids);
	p->row.complaint_id = arena_strdup(p->arena, row->complaint_id);
	p->row.why = arena_strdup(p->arena, row->why);
	return p;
}

static void close_uploads(struct push *p)
{
	while (p->upload_count > 0)
		upload_free(p->uploads[--p->upload_count]);
}

void push_free(struct push *p)
{
	if (!p)
		return;
	if (p->call)
		courier_cancel(p->call);
	close_uploads(p);
	arena_free(p->arena);
	free(p);
}

/* ---- what the store holds ---- */

struct source { /* the ticket, and the message that the row is about */
	struct ticket_row row;
	struct ticket ticket;
	struct inbox_row message;
};

/* An addition to a ticket whose words were erased: its number is enough, and what
 * is not known any more counts as secret. */
static enum jembatan_result read_erased(struct push *p, struct db *db, struct source *s,
					struct why *why)
{
	struct why other;

	if (tickets_get(db, p->row.ticket_id, p->arena, &s->row, &other) != JEMBATAN_OK ||
	    s->row.body)
		return JEMBATAN_DATA; /* as *why says */
	why->text[0] = '\0';
	s->ticket = (struct ticket){ .secret = true };
	return JEMBATAN_OK;
}

static enum jembatan_result read_source(struct push *p, struct db *db, struct source *s,
					struct why *why)
{
	if (p->action == OUTCOME_CREATE &&
	    tickets_recent(db, p->row.ticket_id, p->arena, &s->ticket))
		return JEMBATAN_OK; /* a create is made of nothing but its ticket */
	enum jembatan_result r =
		tickets_read(db, p->row.ticket_id, p->arena, &s->row, &s->ticket, why);

	if (r == JEMBATAN_DATA && p->row.kind == OUTBOX_FOLLOW_UP)
		r = read_erased(p, db, s, why);
	if (r != JEMBATAN_OK)
		return r;
	int64_t message_id = p->row.message_id ? p->row.message_id : s->row.message_id;
	s->message = (struct inbox_row){ .id = 0 };
	if (message_id == 0 || (p->action != OUTCOME_FILE && p->row.kind == OUTBOX_CREATE))
		return JEMBATAN_OK;
	return inbox_get(db, message_id, p->arena, &s->message, why);
}

/* ---- files ---- */

/* A name for the centre, which judges files by their endings. */
static const char *file_name(const struct push *p, const struct msg_file *f, size_t index)
{
	static const struct {
		const char *media_type, *ending;
	} endings[] = { { "image/jpeg", ".jpg" },
			{ "image/png", ".png" },
			{ "application/pdf", ".pdf" },
			{ "application/msword", ".doc" } };
	const char *ending = "";

	if (f->name && *f->name) {
		char *name = arena_strdup(p->arena, f->name);
		personal_mask_file(name);
		return name;
	}
	for (size_t i = 0; i < COUNT_OF(endings); i++)
		if (str_equal(f->media_type, endings[i].media_type))
			ending = endings[i].ending;
	return arena_printf(p->arena, "lampiran-%zu%s", index + 1, ending);
}

/* OK, or why this file cannot be sent. */
static enum jembatan_result add_file(struct push *p, struct db *db, const char *part,
				     const struct msg_file *f, size_t index, struct why *why)
{
	int fd = -1;
	struct upload *u;
	enum jembatan_result r;

	if (!f->token)
		return why_set(why, JEMBATAN_GONE, "%s",
			       f->missing ? "it was never received" : "it was not fetched");
	r = inbox_open_file(db, f->token, &fd, why);
	if (r == JEMBATAN_OK)
		r = upload_open(f, fd, &u, why);
	if (r != JEMBATAN_OK)
		return r;
	p->uploads[p->upload_count++] = u;
	p->parts[p->request.part_count++] =
		(struct client_part){ .name = part,
				      .file_name = file_name(p, f, index),
				      .media_type = f->media_type,
				      .upload = u };
	return JEMBATAN_OK;
}

static void note_left_out(struct push *p, size_t index, const struct why *why, const char **out)
{
	*out = arena_printf(p->arena, "%s%sfile %zu is left out: %s", *out ? *out : "",
			    *out ? "; " : "", index + 1, why->text);
}

/* The next file that can be sent. Moves on to the create when there is none. */
static void prepare_file(struct push *p, struct db *db, const struct source *s,
			 const struct central_options *o, const char **out_left_out)
{
	const struct msg_message *m = &s->message.message;
	struct why why;

	p->file_count = m->file_count;
	for (;;) {
		size_t index = lapor_v3_ids_count(p->row.file_ids);
		if (index >= m->file_count) {
			p->row.step = OUTBOX_POST;
			p->row.attempts = 0;
			p->action = OUTCOME_CREATE;
			return;
		}
		p->file_index = index;
		if (add_file(p, db, "attachments[]", &m->files[index], index, &why) ==
		    JEMBATAN_OK)
			break;
		note_left_out(p, index, &why, out_left_out);
		p->row.file_ids = lapor_v3_ids_add(p->row.file_ids, "", p->arena);
	}
	p->request.url =
		arena_printf(p->arena, "%s%s", o->central->url, o->tuning.file_path);
	p->request.idempotency_key =
		arena_printf(p->arena, "%s-A%zu", p->row.reference, p->file_index + 1);
}

/* ---- personal data ---- */

static unsigned hidden_kinds(const struct central_options *o)
{
	return (o->central->keep_nik ? 0 : PERSONAL_PUBLIC) |
	       (o->central->keep_contacts ? 0 : PERSONAL_CONTACT);
}

static const char *hidden(struct push *p, const char *text, unsigned kinds)
{
	if (!text)
		return NULL;
	char *copy = arena_strdup(p->arena, text);
	(void)personal_mask(copy, kinds);
	return copy;
}

/* What all can read at the centre. What the citizen wrote stays in the store. */
static void hide_in_ticket(struct push *p, struct ticket *t, unsigned kinds)
{
	t->title = hidden(p, t->title, kinds);
	t->content_edited = hidden(p, t->content_edited, kinds);
	/* A request holds one of the two. */
	t->content_original = t->content_edited ? NULL : hidden(p, t->content_original, kinds);
	t->place.address = hidden(p, t->place.address, kinds);
}

/* ---- the other steps ---- */

/* In the courier's thread, which has p and its arena until the call ends. */
static const char *write_create(void *push)
{
	struct push *p = push;
	struct push_draft *d = &p->draft;

	hide_in_ticket(p, &d->ticket, d->hidden);
	const char *body = lapor_v3_create(&d->ticket, &d->ids, NULL, d->reference_line, p->arena);
	ASSERT(body); /* lapor_v3_create_fits */
	return body;
}

/* The settings may be others before it is written. */
static struct settings_defaults keep_ids(const struct settings_defaults *ids, struct arena *arena)
{
	return (struct settings_defaults){
		.channel = arena_strdup(arena, ids->channel),
		.classification_id = arena_strdup(arena, ids->classification_id),
		.category_id = arena_strdup(arena, ids->category_id),
		.disposition_id = arena_strdup(arena, ids->disposition_id),
		.location_id = arena_strdup(arena, ids->location_id),
		.user_id = arena_strdup(arena, ids->user_id),
	};
}

/* t's texts are p's. What surely becomes a request is written by the thread that sends it. */
static enum jembatan_result prepare_create(struct push *p, struct ticket *t,
					   const struct central_options *o, struct why *why)
{
	const struct settings_central *c = o->central;
	const struct settings_defaults ids = central_ids(o, t);

	p->request.url = arena_printf(p->arena, "%s%s", c->url, c->create_path);
	p->request.idempotency_key = p->row.reference;
	if (!p->row.file_ids && lapor_v3_create_fits(t, &ids)) {
		p->draft = (struct push_draft){ *t, keep_ids(&ids, p->arena), hidden_kinds(o),
						c->reference_line };
		p->request.write_body = write_create;
		p->request.draft = p;
		return JEMBATAN_OK;
	}
	hide_in_ticket(p, t, hidden_kinds(o));
	p->request.body = lapor_v3_create(t, &ids, p->row.file_ids, c->reference_line, p->arena);
	if (!p->request.body)
		return why_set(why, JEMBATAN_DATA, "its request would be larger than %u bytes",
			       LAPOR_V3_REQUEST_MAX);
	return JEMBATAN_OK;
}

static enum jembatan_result prepare_route(struct push *p, const struct central_options *o,
					  struct why *why)
{
	if (!p->row.complaint_id || !p->route_to)
		return why_set(why, JEMBATAN_CONFIG,
			       "route_to is not configured any more, and the report waits for it");
	p->request.url = arena_printf(p->arena, "%s/complaints/process/%s/reject", o->central->url,
				      p->row.complaint_id);
	p->request.idempotency_key = arena_printf(p->arena, "%s-R", p->row.reference);
	p->request.body = lapor_v3_route(p->route_to, p->row.reference, p->arena);
	return JEMBATAN_OK;
}

static void write_content(struct push *p, const struct source *s, const struct central_options *o,
			  struct lapor_v3_follow_up *f)
{
	const char *text = hidden(p, s->message.message.message.text, hidden_kinds(o));
	const struct settings_defaults ids = central_ids(o, &s->ticket);

	lapor_v3_follow_up(s->row.tracking_id, text ? text : "", s->ticket.secret,
			   p->row.reference, &ids, o->central->reference_line, p->arena, f);
	p->content = f->content;
}

static void add_follow_up_files(struct push *p, struct db *db, const struct source *s,
				const char **out_left_out)
{
	const struct msg_message *m = &s->message.message;
	struct why why;

	for (size_t i = 0; i < m->file_count; i++) {
		enum jembatan_result r;
		if (p->upload_count == PUSH_FILES_MAX)
			r = why_set(&why, JEMBATAN_DATA, "the centre takes at most %u files",
				    PUSH_FILES_MAX);
		else if (m->files[i].size > PUSH_FILE_MAX)
			r = why_set(&why, JEMBATAN_DATA, "it is larger than 5 MiB");
		else
			r = add_file(p, db,
				     arena_printf(p->arena, "attachment[%zu]", p->upload_count),
				     &m->files[i], i, &why);
		if (r != JEMBATAN_OK)
			note_left_out(p, i, &why, out_left_out);
	}
}

static enum jembatan_result prepare_follow_up(struct push *p, struct db *db,
					      const struct source *s,
					      const struct central_options *o,
					      const char **out_left_out, struct why *why)
{
	struct lapor_v3_follow_up f;

	if (!s->row.tracking_id)
		return why_set(why, JEMBATAN_RETRY, "its report has no number yet");
	write_content(p, s, o, &f);
	for (size_t i = 0; i < f.field_count; i++)
		p->parts[p->request.part_count++] = (struct client_part){
			.name = f.fields[i].name, .text = f.fields[i].value };
	/* file_ids is set once a file of this follow-up turned out unreadable. */
	if (!p->row.file_ids)
		add_follow_up_files(p, db, s, out_left_out);
	if (f.cut)
		*out_left_out = arena_printf(p->arena, "%s%scut at the centre's %u characters",
					     *out_left_out ? *out_left_out : "",
					     *out_left_out ? "; " : "", LAPOR_V3_FOLLOW_UP_MAX);
	p->request.url = arena_printf(p->arena, "%s/complaints/followup/add", o->central->url);
	p->request.idempotency_key = p->row.reference;
	return JEMBATAN_OK;
}

/* The configured address with the reference in its place. */
static const char *lookup_url(struct push *p, const struct central_options *o)
{
	static const char hole[] = "{reference}";
	const char *url = o->central->lookup_url;
	const char *at = strstr(url, hole);
	const char *base = *url == '/' ? o->central->url : "";

	if (!at)
		return arena_printf(p->arena, "%s%s", base, url);
	/* A reference is letters, digits and dashes: nothing to escape. */
	return arena_printf(p->arena, "%s%.*s%s%s", base, (int)(at - url), url, p->row.reference,
			    at + strlen(hole));
}

static enum jembatan_result prepare_question(struct push *p, const struct source *s,
					     const struct central_options *o, struct why *why)
{
	const char *url = o->central->url;
	struct lapor_v3_follow_up f;

	if (p->row.kind == OUTBOX_FOLLOW_UP) {
		if (!s->row.tracking_id)
			return why_set(why, JEMBATAN_RETRY, "its report has no number yet");
		write_content(p, s, o, &f);
		p->path = arena_printf(p->arena, "%s/complaints/%s/followups?page=", url,
				       s->row.tracking_id);
		p->page = 0;
		push_next_page(p);
		return JEMBATAN_OK;
	}
	if (p->row.complaint_id) {
		p->request.url =
			arena_printf(p->arena, "%s/complaints/%s/complaint", url, p->row.complaint_id);
		return JEMBATAN_OK;
	}
	if (!o->central->lookup_url)
		return why_set(why, JEMBATAN_CONFIG,
			       "central.lookup is not configured any more; use `jembatan unknown`");
	p->request.url = lookup_url(p, o);
	size_t n = strlen(url);
	p->request.without_credentials =
		!str_starts(p->request.url, url) || p->request.url[n] != '/';
	return JEMBATAN_OK;
}

void push_next_page(struct push *p)
{
	p->page++;
	p->request.url = arena_printf(p->arena, "%s%u", p->path, p->page);
}

enum jembatan_result push_prepare(struct push *p, struct db *db,
				  const struct central_options *o, const char **out_left_out,
				  struct why *why)
{
	struct source s = { .row = { .id = 0 } };

	*out_left_out = NULL;
	close_uploads(p);
	p->request = (struct client_request){ .parts = p->parts };
	p->action = step_action(&p->row);
	enum jembatan_result r = read_source(p, db, &s, why);
	if (r != JEMBATAN_OK)
		return r;
	p->route_to = arena_strdup(p->arena, central_route_to(o, &s.ticket));
	if (p->action == OUTCOME_FILE)
		prepare_file(p, db, &s, o, out_left_out);
	switch (p->action) {
	case OUTCOME_FILE:
		break;
	case OUTCOME_CREATE:
		return prepare_create(p, &s.ticket, o, why);
	case OUTCOME_ROUTE:
		return prepare_route(p, o, why);
	case OUTCOME_FOLLOW_UP:
		return prepare_follow_up(p, db, &s, o, out_left_out, why);
	case OUTCOME_ASK:
		return prepare_question(p, &s, o, why);
	}
	return JEMBATAN_OK;
}
