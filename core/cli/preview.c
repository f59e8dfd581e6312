/* preview.c: `jembatan preview`: what a sample becomes, message and ticket,
 * without storing and without network. */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/jx.h"
#include "base/text.h"
#include "cli/instance.h"
#include "intake/manifest.h"
#include "reply/sample.h"
#include "ticket/normalize.h"
#include "ticket/propose.h"
#include "ticket/ticket_schema.h"
#include "base/poison.h"

#define SAMPLE_MAX (64u * 1024u * 1024u)

struct preview {
	const struct cli *cli;
	const struct settings *settings;
	const struct instance_settings *instance;
	struct ticket_schema *schema;
	struct know_tables *tables; /* NULL: nothing is proposed */
	struct reply_templates *templates; /* NULL: replies are not shown */
	struct arena *arena;
	size_t count, bad, empty;
};

static const char *kind_words(enum jembatan_kind kind)
{
	static const char *const words[] = {
		"a complaint", "a follow-up", "an edit", "a deletion (kept as a note)",
		"a reaction (kept, nothing follows)", "a receipt",
		"automatic (kept; never answered, no complaint)",
		"unreadable (goes to quarantine)", "ignored (kept, nothing follows)",
	};
	return words[kind];
}

static json_t *message_json(const struct msg_message *m)
{
	const struct jembatan_message *j = &m->message;
	json_t *files = json_array();
	for (size_t i = 0; i < m->file_count; i++)
		json_array_append_new(files, json_pack("{s:s?,s:s?,s:s?,s:I,s:s?}", "name",
			m->files[i].name, "media_type", m->files[i].media_type, "reference",
			m->files[i].reference, "bytes", (json_int_t)m->files[i].size, "missing",
			m->files[i].missing));
	return json_pack("{s:s?,s:s?,s:s,s:s?,s:s?,s:s?,s:s?,s:I,s:I,s:b,s:b,s:b,s:b,s:o,s:b,s:s?}",
		"id", j->id, "revision", j->revision, "kind", kind_words(j->kind), "thread", j->thread,
		"reply_to", j->reply_to, "subject", j->subject, "text", j->text, "sent_ms",
		(json_int_t)j->sent_ms, "arrived_ms", (json_int_t)j->arrived_ms, "anonymous",
		(j->flags & JEMBATAN_ANONYMOUS) != 0, "secret", (j->flags & JEMBATAN_SECRET_REPORT) != 0,
		"automatic", (j->flags & JEMBATAN_AUTOMATIC) != 0, "from_centre",
		(j->flags & JEMBATAN_FROM_CENTRE) != 0, "files", files, "text_cut", m->text_cut,
		"tracking_id", j->tracking_id);
}

static bool is_complaint(const struct jembatan_message *j)
{
	return j->kind == JEMBATAN_NEW || j->kind == JEMBATAN_FOLLOW_UP || j->kind == JEMBATAN_EDIT;
}

static size_t samples_of(const struct preview *p, const struct msg_message *m,
			 const struct ticket *t, struct reply_sample out[REPLY_SAMPLES_MAX],
			 const char **out_why)
{
	*out_why = NULL;
	return t == NULL || p->templates == NULL ? 0 :
		       reply_samples(p->templates, p->settings, p->instance, m, t, p->arena, out,
				     out_why);
}

/* What its reporter would be told, with a number that is none. */
static void print_replies(const struct preview *p, const struct msg_message *m,
			  const struct ticket *t)
{
	struct reply_sample told[REPLY_SAMPLES_MAX];
	const char *why = NULL;
	size_t n = samples_of(p, m, t, told, &why);
	if (why != NULL)
		printf("--- replies: none: %s\n", why);
	for (size_t i = 0; i < n; i++) {
		printf("--- reply: %s%s%s\n", told[i].event, told[i].state != NULL ? " " : "",
		       told[i].state != NULL ? told[i].state : "");
		if (told[i].subject != NULL)
			cli_say(stdout, "subject       %s\n", told[i].subject);
		cli_say_bytes(stdout, told[i].text, strlen(told[i].text));
		fputs("\n", stdout);
	}
}

static json_t *replies_json(const struct preview *p, const struct msg_message *m,
			    const struct ticket *t)
{
	struct reply_sample told[REPLY_SAMPLES_MAX];
	const char *why = NULL;
	size_t n = samples_of(p, m, t, told, &why);
	json_t *list = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_pack("{s:s,s:s?,s:s?,s:s}", "event", told[i].event,
						      "state", told[i].state, "subject",
						      told[i].subject, "text", told[i].text));
	return list;
}

static void print_text(const struct preview *p, const struct msg_message *m, const struct ticket *t,
		       const char *trouble)
{
	const struct jembatan_message *j = &m->message;
	CLEANUP(free_pointer) char *id = text_printable(j->id != NULL ? j->id : "(none: keyed by "
							"content)", 200);
	printf("--- message %zu: %s\nid            %s\n", p->count, kind_words(j->kind), id);
	for (size_t i = 0; i < m->file_count; i++) {
		CLEANUP(free_pointer) char *name = text_printable(m->files[i].name != NULL ?
								  m->files[i].name : "(no name)", 120);
		printf("attachment    %s, %s%s\n", name, m->files[i].reference != NULL ?
		       "fetched later" : "here", m->files[i].missing != NULL ? ", missing" : "");
	}
	if (t != NULL) {
		struct buf text;
		buf_init(&text, 4u * 1024u * 1024u);
		ticket_preview_text(t, &text);
		fputs("--- ticket\n", stdout);
		cli_say_bytes(stdout, text.data, text.size);
		buf_done(&text);
		print_replies(p, m, t);
	}
	if (trouble != NULL)
		cli_say(stdout, "!!! %s\n", trouble);
}

void cli_print_body(void *data, json_t *row)
{
	struct arena *arena = arena_new();
	struct ticket t;
	struct why why;
	(void)data;
	CLEANUP(free_pointer) char *body = jx_dump(json_object_get(row, "body"));
	if (body == NULL || ticket_from_json(bytes_text(body), arena, &t, &why) != JEMBATAN_OK) {
		cli_say(stderr, "jembatan: the ticket cannot be shown: %s\n", body != NULL ? why.text : "");
	} else {
		struct buf text;
		buf_init(&text, 4u * 1024u * 1024u);
		ticket_preview_text(&t, &text);
		cli_say_bytes(stdout, text.data, text.size);
		buf_done(&text);
	}
	arena_free(arena);
}

static void print_json(const struct preview *p, const struct msg_message *m,
		       const struct ticket *t, const char *trouble)
{
	json_t *ticket = NULL;
	struct why why;
	if (t != NULL) {
		CLEANUP(free_pointer) char *body = ticket_to_json(t);
		if (jx_parse(bytes_text(body), &ticket, &why) != JEMBATAN_OK)
			ticket = NULL;
	}
	json_t *row = json_pack("{s:s,s:o,s:o?,s:o,s:s?}", "type", "preview", "message",
				message_json(m), "ticket", ticket, "replies", replies_json(p, m, t),
				"problem", trouble);
	cli_print_json(NULL, row);
	json_decref(row);
}

/* As the daemon would, but for the numbers of the centre's institutions, which only
 * it has. */
static void propose(const struct preview *p, struct ticket *t)
{
	const struct instance_settings *i = p->instance;
	struct propose_options options = { .home = REGION_NONE, .agency = i->agency,
					   .margin = p->settings->classify.margin };
	if (p->tables == NULL || t->from_centre)
		return;
	if (i->home_region != NULL)
		options.home = regions_by_code(p->tables->regions, i->home_region);
	propose_fill(p->tables, &options, p->arena, t);
}

static void on_message(void *data, const struct msg_message *m)
{
	struct preview *p = data;
	const struct instance_settings *i = p->instance;
	struct ticket t = { 0 };
	struct why why = { "" };
	const char *trouble = NULL;
	bool made = false;
	if (m == NULL) {
		p->empty++;
		return;
	}
	arena_reset(p->arena);
	p->count++;
	if (is_complaint(&m->message)) {
		struct normalize_options options = {
			.instance = i->name,
			.channel = i->connector,
			.source_system = i->profile != NULL ? i->profile : i->connector,
			.reference = "JB-000000",
			.received_ms = clock_now_ms(),
			.zone_minutes = p->settings->central.zone_minutes,
		};
		made = normalize_message(m, &options, p->arena, &t, &why) == JEMBATAN_OK;
		trouble = made ? NULL : why.text;
	} else if (m->message.kind == JEMBATAN_UNREADABLE) {
		trouble = m->message.text != NULL ? m->message.text : "it cannot be read";
	}
	if (made) {
		propose(p, &t);
		CLEANUP(free_pointer) char *body = ticket_to_json(&t);
		if (ticket_validate(p->schema, bytes_text(body), &why) != JEMBATAN_OK)
			trouble = why.text;
	}
	p->bad += trouble != NULL;
	if (p->cli->json)
		print_json(p, m, made ? &t : NULL, trouble);
	else
		print_text(p, m, made ? &t : NULL, trouble);
}

static void on_receipt(void *data, const struct msg_receipt *r)
{
	static const char *const states[] = { "sent", "delivered", "read", "failed" };
	const struct preview *p = data;
	const char *state = r->state <= JEMBATAN_RECEIPT_FAILED ? states[r->state] : "?";
	if (p->cli->json) {
		json_t *row = json_pack("{s:s,s:s,s:s?,s:s?,s:s?}", "type", "receipt", "state", state,
					"reference", r->reference, "remote_id", r->remote_id, "reason",
					r->reason);
		cli_print_json(NULL, row);
		json_decref(row);
		return;
	}
	cli_say(stdout, "--- receipt: the reply %s: %s%s%s\n",
		r->reference != NULL ? r->reference : r->remote_id != NULL ? r->remote_id : "?", state,
		r->reason != NULL ? ", " : "", r->reason != NULL ? r->reason : "");
}

static enum jembatan_result run(struct preview *p, const char *sample, struct problems *problems,
				struct why *why)
{
	struct cli_instance tool;
	struct buf bytes;
	buf_init(&bytes, SAMPLE_MAX);
	enum jembatan_result r = file_read(sample, &bytes, why);
	if (r == JEMBATAN_OK) {
		r = cli_instance_open(p->settings, p->instance, JEMBATAN_MODE_PREVIEW, problems, &tool,
				      why);
		if (r == JEMBATAN_OK && (tool.manifest.capabilities & JEMBATAN_CAN_PREVIEW) == 0)
			r = why_set(why, JEMBATAN_CONFIG, "the connector %s has no preview",
				    p->instance->connector);
		if (r == JEMBATAN_OK)
			r = manifest_preview(&tool.spawn, &tool.open, buf_bytes(&bytes), on_message,
					     on_receipt, p, why);
		cli_instance_close(&tool);
	}
	buf_done(&bytes);
	return r;
}

int cli_preview(const struct cli *c, const char *instance, const char *sample)
{
	struct problems problems;
	struct why why = { "" };
	problems_init(&problems);
	struct settings *s = settings_load(c->config, &problems);
	struct preview p = { .cli = c, .settings = s, .arena = arena_new() };
	enum jembatan_result r = s != NULL ? JEMBATAN_OK :
		why_set(&why, JEMBATAN_CONFIG, "cannot read %s", c->config);
	if (r == JEMBATAN_OK && (p.instance = settings_instance(s, instance)) == NULL)
		r = why_set(&why, JEMBATAN_CONFIG, "there is no instance %s beside %s", instance, s->file);
	if (r == JEMBATAN_OK)
		r = ticket_schema_load(ticket_schema_path(), &p.schema, &why);
	if (r == JEMBATAN_OK && s->classify.enabled &&
	    know_load(&(struct know_files){ .categories_file = s->central.categories_file,
					 .locations_file = s->central.locations_file },
		      &p.tables, &why) != JEMBATAN_OK)
		cli_say(stderr, "jembatan preview: nothing is proposed: %s\n", why.text);
	if (r == JEMBATAN_OK) {
		const char *path = reply_templates_path(s->replies.templates);
		p.templates = reply_templates_load(path, path, &problems);
	}
	/* Problems elsewhere do not matter to a preview: begin anew. */
	problems_done(&problems);
	problems_init(&problems);
	if (r == JEMBATAN_OK)
		r = run(&p, sample, &problems, &why);
	problems_print(&problems, stderr);
	if (r != JEMBATAN_OK && why.text[0] != '\0')
		cli_say(stderr, "jembatan preview: %s\n", why.text);
	else if (!c->json && r == JEMBATAN_OK)
		printf("--- %zu messages, %zu with a problem, %zu records of which nothing came; nothing "
		       "was stored or sent\n", p.count, p.bad, p.empty);
	problems_done(&problems);
	ticket_schema_free(p.schema);
	know_free(p.tables);
	reply_templates_free(p.templates);
	arena_free(p.arena);
	settings_free(s);
	if (r == JEMBATAN_OK)
		return p.bad + p.empty > 0 ? EX_DATAERR : EX_OK;
	return r == JEMBATAN_CONFIG ? EX_CONFIG : r == JEMBATAN_GONE ? EX_NOINPUT : EX_DATAERR;
}
