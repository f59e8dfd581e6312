/* email_parse.c: see email_parse.h. */
#include "email/email_parse.h"
#include "email/address.h"
#include "email/automatic.h"
#include "email/charset.h"
#include "email/email_body.h"
#include "email/email_receipt.h"
#include "email/headers.h"
#include "email/mime_guard.h"
#include "email/quote.h"
#include "email/rfc2047.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SUBJECT_MAX_BYTES 2000u
#define REFERENCES_MAX 20u
/* After a mail above this, what it took is given back to the system. */
#define LARGE_BYTES (1024u * 1024u)
#define YEAR_1990_MS (INT64_C(631152000) * 1000)
#define YEAR_2100_MS (INT64_C(4102444800) * 1000)

static const char raw_type[] = "message/rfc822";

/* One mail on its way; everything lives in the arena. */
struct reading {
	struct jembatan_context *ctx;
	struct kit_arena *arena;
	const struct mail *mail;
	const struct own *own;
	struct headers headers;
	struct address from;
	const char *message_id, *in_reply_to;
	bool is_answer; /* to a reply of ours */
	struct report report;
	enum automatic automatic;
	const char *rule;
	struct body body;
	struct kit_text *text, *forwarded, *visible;
	bool text_cut;
};

/* ---- headers ------------------------------------------------------------------ */

static const char *decoded(struct reading *r, const char *name, size_t max)
{
	const char *value = headers_get(&r->headers, name);
	struct kit_text *text = kit_text_new(max);

	if (value != NULL)
		rfc2047_decode((struct jembatan_bytes){ value, strlen(value) }, text);
	char *words = kit_arena_strdup(r->arena, kit_text_string(text));

	kit_text_free(text);
	g_strstrip(words);
	return *words != '\0' ? words : NULL;
}

static int64_t sent_ms(const struct headers *h)
{
	const char *value = headers_get(h, "Date");
	GDateTime *time = value != NULL ? g_mime_utils_header_decode_date(value) : NULL;
	int64_t ms = 0;

	if (time != NULL) {
		ms = g_date_time_to_unix(time) * 1000;
		g_date_time_unref(time);
	}
	return ms >= YEAR_1990_MS && ms < YEAR_2100_MS ? ms : 0;
}

/* The last id of a References or In-Reply-To; NULL: none. */
static const char *last_id(const char *value, struct kit_arena *arena)
{
	const char *last = NULL, *id;

	while ((id = headers_next_id(&value, arena)) != NULL)
		last = id;
	return last;
}

/* References name the whole conversation, oldest first; In-Reply-To only the
 * mail that is answered. */
static void fill_thread(struct reading *r, struct jembatan_message *m)
{
	const char *references = headers_get(&r->headers, "References");
	const char *at = references;
	const char *first = headers_next_id(&at, r->arena);

	r->message_id = headers_message_id(headers_get(&r->headers, "Message-ID"), r->arena);
	r->in_reply_to = last_id(headers_get(&r->headers, "In-Reply-To"), r->arena);
	m->reply_to = r->in_reply_to != NULL ? r->in_reply_to : last_id(references, r->arena);
	m->thread = first != NULL ? first : r->in_reply_to != NULL ? r->in_reply_to : r->message_id;
}

/* The last of these ids that is one of our replies'; NULL: none. */
static const char *own_among(const struct reading *r, const char *name)
{
	const char *at = headers_get(&r->headers, name), *last = NULL, *id;

	while ((id = headers_next_id(&at, r->arena)) != NULL) {
		if (own_id_reference(r->own, id, r->arena) != NULL)
			last = id;
	}
	return last;
}

/* Is it a mail of ours that has come back, or an answer to one? Other ids may stand
 * beside ours; ours leads to the ticket. */
static void recognise(struct reading *r, struct jembatan_message *m)
{
	const char *answered = own_among(r, "In-Reply-To");

	if (own_id_reference(r->own, r->message_id, r->arena) != NULL) {
		r->automatic = AUTOMATIC_OWN;
		r->rule = "own";
	}
	if (answered == NULL)
		answered = own_among(r, "References");
	if (answered != NULL)
		m->reply_to = answered;
	r->is_answer = answered != NULL;
}

/* A form on a web site writes from an address that nobody reads, for the person whom
 * it names in Reply-To. */
static void fill_author(struct reading *r, struct jembatan_message *m)
{
	struct address author = r->from, person;

	address_read(headers_get(&r->headers, "Reply-To"), r->arena, &person);
	if (automatic_is_no_reply(author.mail) && person.mail != NULL)
		author = person;
	m->author.name = author.name;
	m->author.mail = author.mail;
	if (author.mail != NULL) {
		char *id = kit_arena_strdup(r->arena, author.mail);

		for (char *c = id; *c != '\0'; c++)
			*c = g_ascii_tolower(*c);
		m->author.id = id;
	}
}

/* All that it says lies beyond our limits. */
static bool is_lost(const struct reading *r)
{
	return r->body.left_out > 0 && r->body.attachment_count == 0 &&
	       kit_text_bytes(r->text).size == 0 && kit_text_bytes(r->forwarded).size == 0;
}

static void fill_kind(struct reading *r, struct jembatan_message *m)
{
	switch (r->automatic) {
	case AUTOMATIC_MACHINE:
		m->kind = JEMBATAN_SYSTEM;
		break;
	case AUTOMATIC_OWN:
		m->kind = JEMBATAN_IGNORED;
		break;
	case AUTOMATIC_NO:
	case AUTOMATIC_NO_ANSWER:
		/* Whether a mail without our id is one is known to who knows the thread. */
		m->kind = r->is_answer ? JEMBATAN_FOLLOW_UP : JEMBATAN_NEW;
		if (r->body.is_encrypted || is_lost(r))
			m->kind = JEMBATAN_UNREADABLE;
		break;
	}
	if (r->automatic != AUTOMATIC_NO)
		m->flags |= JEMBATAN_AUTOMATIC;
}

/* ---- bodies -------------------------------------------------------------------- */

static void whole_as_text(struct reading *r)
{
	struct jembatan_bytes raw = r->mail->raw;
	size_t start = r->headers.body;

	charset_to_utf8(NULL,
			(struct jembatan_bytes){ (const char *)raw.data + start, raw.size - start },
			r->text);
}

/* Bytes where they are, as a stream; they must outlive it. The caller unrefs. */
static GMimeStream *stream_of(const char *data, size_t size)
{
	GByteArray *bytes = g_byte_array_new_take((guint8 *)(uintptr_t)data, size);
	GMimeStream *stream = g_mime_stream_mem_new_with_byte_array(bytes);

	g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
	return stream;
}

/* The bytes are not the stream's to free. */
static void stream_end(GMimeStream *stream)
{
	GByteArray *bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));

	g_object_unref(stream);
	g_byte_array_steal(bytes, NULL);
	g_byte_array_unref(bytes);
}

/* The parser reads a head of ours and the body where it is: parts keep pointing
 * into it. */
static enum jembatan_result read_mime(struct reading *r, bool *out_is_mime)
{
	struct jembatan_bytes raw = r->mail->raw;
	size_t start = r->headers.body, end = mime_guard_end(raw, start);
	const char *head = mime_guard_head(&r->headers, r->arena);
	GMimeStream *first = stream_of(head, strlen(head));
	GMimeStream *rest = stream_of((const char *)raw.data + start, end - start);
	GMimeStream *whole = g_mime_stream_cat_new();
	enum jembatan_result result = JEMBATAN_OK;

	g_mime_stream_cat_add_source(GMIME_STREAM_CAT(whole), first);
	g_mime_stream_cat_add_source(GMIME_STREAM_CAT(whole), rest);
	GMimeParser *parser = g_mime_parser_new_with_stream(whole);
	GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
	GMimeObject *root = message != NULL ? g_mime_message_get_mime_part(message) : NULL;

	*out_is_mime = root != NULL;
	r->body.left_out += end < raw.size;
	if (root != NULL && r->automatic == AUTOMATIC_MACHINE)
		report_read(root, r->arena, &r->report);
	if (root != NULL)
		result = body_read(&r->body, root);
	if (message != NULL)
		g_object_unref(message);
	g_object_unref(parser);
	g_object_unref(whole);
	stream_end(first);
	stream_end(rest);
	return result;
}

static enum jembatan_result read_body(struct reading *r)
{
	enum jembatan_result result = JEMBATAN_OK;
	bool is_mime = false;

	r->body = (struct body){ .ctx = r->ctx,
				 .arena = r->arena,
				 .is_machine = r->automatic == AUTOMATIC_MACHINE,
				 .is_cut = r->mail->whole_size > 0,
				 .text = r->text,
				 .forwarded = r->forwarded };
	if (!r->headers.is_headerless)
		result = read_mime(r, &is_mime);
	if (result == JEMBATAN_OK && !is_mime)
		whole_as_text(r);
	return result;
}

/* Without blank lines at its end, and with the mails attached to it. */
static const char *joined(struct reading *r, struct kit_text *own)
{
	const char *forwarded = kit_text_string(r->forwarded);
	char *text = kit_arena_strdup(r->arena, kit_text_string(own));

	g_strchomp(text);
	if (*forwarded == '\0')
		return text;
	return kit_arena_printf(r->arena, "%s%s%s", text, *text != '\0' ? "\n\n" : "", forwarded);
}

/* A mail attached by its sender is part of what he says now. */
static void fill_text(struct reading *r, struct jembatan_message *m)
{
	bool is_reply = r->in_reply_to != NULL || headers_get(&r->headers, "References") != NULL ||
			quote_is_reply(m->subject);

	quote_strip(kit_text_string(r->text), is_reply, quote_is_forward(m->subject), r->visible);
	const char *text = joined(r, r->visible), *full = joined(r, r->text);

	r->text_cut = r->body.text_cut || kit_text_is_full(r->text);
	m->text = *text != '\0' ? text : NULL;
	m->full_text = strcmp(text, full) != 0 ? full : NULL;
	m->attachments = r->body.attachments;
	m->attachment_count = r->body.attachment_count;
}

/* ---- extra --------------------------------------------------------------------- */

static void extra_text(json_t *extra, const char *name, const char *value)
{
	if (value != NULL)
		json_object_set_new(extra, name, json_string(value));
}

static void extra_number(json_t *extra, const char *name, uint64_t value)
{
	if (value > 0)
		json_object_set_new(extra, name, json_integer((json_int_t)value));
}

static json_t *references_list(struct reading *r)
{
	const char *at = headers_get(&r->headers, "References"), *id;
	json_t *list = json_array();

	while (json_array_size(list) < REFERENCES_MAX &&
	       (id = headers_next_id(&at, r->arena)) != NULL)
		json_array_append_new(list, json_string(id));
	return list;
}

static unsigned count_commas(const char *value)
{
	unsigned count = value != NULL && *value != '\0' ? 1 : 0;

	for (; value != NULL && *value != '\0'; value++)
		count += *value == ',';
	return count;
}

static void fill_extra(struct reading *r, struct jembatan_message *m)
{
	json_t *extra = json_object(), *references = references_list(r);
	struct address reply_to, to;

	address_read(headers_get(&r->headers, "Reply-To"), r->arena, &reply_to);
	address_read(headers_get(&r->headers, "To"), r->arena, &to);
	extra_text(extra, "message_id", r->message_id);
	extra_text(extra, "in_reply_to", r->in_reply_to);
	if (json_array_size(references) > 0)
		json_object_set(extra, "references", references);
	json_decref(references);
	extra_text(extra, "to", to.mail);
	extra_number(extra, "cc_count", count_commas(headers_get(&r->headers, "Cc")));
	if (reply_to.mail != NULL &&
	    (r->from.mail == NULL || strcasecmp(reply_to.mail, r->from.mail) != 0))
		extra_text(extra, "reply_to_address", reply_to.mail);
	extra_text(extra, "automatic", r->rule);
	extra_text(extra, "inner_message_id", r->body.inner_message_id);
	extra_number(extra, "parts_left_out", r->body.left_out);
	extra_number(extra, "whole_size", r->mail->whole_size);
	if (r->text_cut)
		json_object_set_new(extra, "text_cut", json_true());
	char *text = json_object_size(extra) > 0 ? json_dumps(extra, JSON_COMPACT) : NULL;

	m->extra = kit_arena_strdup(r->arena, text);
	free(text);
	json_decref(extra);
}

/* ---- a mail -------------------------------------------------------------------- */

static enum jembatan_result read_mail(struct reading *r, struct jembatan_message *m)
{
	m->size = sizeof *m;
	m->raw_type = raw_type;
	m->arrived_ms = r->mail->arrived_ms;
	m->sent_ms = sent_ms(&r->headers);
	m->subject = decoded(r, "Subject", SUBJECT_MAX_BYTES);
	address_read(headers_get(&r->headers, "From"), r->arena, &r->from);
	r->automatic = automatic_judge(&r->headers, r->from.mail, r->own->addresses, &r->rule);
	fill_thread(r, m);
	recognise(r, m);
	fill_author(r, m);
	enum jembatan_result result = read_body(r);

	if (result != JEMBATAN_OK)
		return result;
	fill_kind(r, m);
	fill_text(r, m);
	if (is_lost(r))
		m->text = "the mail has more parts, or parts within parts, than are read: look at "
			  "it in the mailbox itself";
	fill_extra(r, m);
	return JEMBATAN_OK;
}

static enum jembatan_result put_receipt(struct reading *r)
{
	struct jembatan_receipt receipt;

	if (r->automatic != AUTOMATIC_MACHINE ||
	    !email_receipt(&r->headers, &r->report, r->own, r->arena, &receipt))
		return JEMBATAN_OK;
	receipt.at_ms = r->mail->arrived_ms;
	return jembatan_receipt_put(r->ctx, &receipt);
}

/* A record that the core does not want must not stop those behind it. */
static enum jembatan_result past_data(enum jembatan_result result)
{
	return result == JEMBATAN_DATA ? JEMBATAN_OK : result;
}

enum jembatan_result mail_take(struct jembatan_context *ctx, const struct mail *mail,
			       const struct own *own)
{
	static const struct own nothing;
	struct kit_arena *arena = kit_arena_new();
	struct reading r = { .ctx = ctx,
			     .arena = arena,
			     .mail = mail,
			     .own = own != NULL ? own : &nothing };
	struct jembatan_message m = { 0 };

	r.text = kit_text_new(BODY_TEXT_MAX_BYTES);
	r.forwarded = kit_text_new(BODY_TEXT_MAX_BYTES);
	r.visible = kit_text_new(BODY_TEXT_MAX_BYTES);
	/* Before any library sees a byte of it: the name, and the raw mail. */
	headers_read(mail->raw, arena, &r.headers);
	m.id = headers_identity(&r.headers, mail->raw, arena);
	enum jembatan_result result = jembatan_begin(ctx, m.id, mail->raw, raw_type);

	if (result == JEMBATAN_OK)
		result = read_mail(&r, &m);
	if (result == JEMBATAN_OK)
		result = jembatan_emit(ctx, &m);
	if (result == JEMBATAN_OK)
		result = put_receipt(&r);
	kit_text_free(r.text);
	kit_text_free(r.forwarded);
	kit_text_free(r.visible);
	kit_arena_free(arena);
	if (mail->raw.size > LARGE_BYTES)
		malloc_trim(0);
	return past_data(result);
}

enum jembatan_result mail_take_unreadable(struct jembatan_context *ctx, const char *place,
					  int64_t arrived_ms)
{
	struct jembatan_message m = { .size = sizeof m,
				      .id = place,
				      .kind = JEMBATAN_UNREADABLE,
				      .arrived_ms = arrived_ms,
				      .raw_type = raw_type };
	enum jembatan_result result =
		jembatan_begin(ctx, place, (struct jembatan_bytes){ "", 0 }, raw_type);

	if (result == JEMBATAN_OK)
		result = jembatan_emit(ctx, &m);
	return past_data(result);
}
