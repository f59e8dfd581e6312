/* commands_consent.c: the instance's connector says which page to open, and exchanges
 * what the browser brought. Code and tokens stay in its process and in its state. */
#include "commands_consent.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "app.h"
#include "base/clock.h"
#include "base/jx.h"
#include "intake/intake.h"
#include "store/audit.h"
#include "base/poison.h"

struct asked {
	struct control_peer **peer; /* *peer NULL: it has left */
	struct app *app;
	char *name, *actor;
	bool is_begin;
};

static int64_t instance_id(struct app *a, const char *name)
{
	struct intake_status s;
	for (size_t n = 0; intake_status(a->intake, n, &s); n++)
		if (str_equal(s.name, name))
			return s.id;
	return 0;
}

/* Who did it stays known; polls go on with the new token at once. */
static enum jembatan_result note(struct asked *q, struct why *why)
{
	struct app *a = q->app;
	enum jembatan_result r = db_begin(a->db, why);
	if (r == JEMBATAN_OK)
		r = audit_add(a->db, AUDIT_INSTANCE, instance_id(a, q->name), q->actor, "consented",
			      "the account consented anew", clock_now_ms(), why);
	if (r == JEMBATAN_OK)
		r = db_commit(a->db, why);
	if (r != JEMBATAN_OK)
		db_abort(a->db);
	return r == JEMBATAN_OK ? intake_renew(a->intake, q->name, why) : r;
}

static void on_consented(void *data, const struct frame *answer, const char *reason)
{
	struct asked *q = data;
	struct msg_consented m = { 0 };
	struct arena *arena = arena_new();
	struct why why = { "" };
	if (answer == NULL)
		m = (struct msg_consented){ .result = JEMBATAN_RETRY, .why = reason };
	else if (field_unpack(msg_consented_fields, answer->meta, arena, &m, NULL) != JEMBATAN_OK)
		m = (struct msg_consented){ .result = JEMBATAN_DATA, .why = "its answer is no frame" };
	enum jembatan_result r = (enum jembatan_result)m.result;
	if (r != JEMBATAN_OK || (q->is_begin && m.url == NULL))
		r = why_set(&why, r != JEMBATAN_OK ? r : JEMBATAN_DATA, "%s",
			    m.why != NULL ? m.why : "the connector named no page");
	else if (!q->is_begin)
		r = note(q, &why);
	if (*q->peer != NULL && r == JEMBATAN_OK) {
		if (q->is_begin)
			control_row(*q->peer, json_pack("{s:s,s:s,s:s}", "type", "consent",
							"instance", q->name, "url", m.url));
		control_end(*q->peer, EX_OK, "%s",
			    q->is_begin ? "" : "the account has consented: its token is kept, sealed");
	} else if (*q->peer != NULL) {
		control_fail(*q->peer, r, &why);
	}
	arena_free(arena);
	free(q->peer);
	free(q->name);
	free(q->actor);
	free(q);
}

void oauth_command(struct control_peer *p, const struct msg_command *c)
{
	const char *name = msg_argument(c, "name");
	struct msg_consent m = { .answer = msg_argument(c, "answer") };
	struct asked *q = xcalloc(1, sizeof(*q));
	struct why why;
	*q = (struct asked){ .app = control_app(p), .name = xstrdup(name != NULL ? name : ""),
			     .actor = xstrdup(control_actor(p)), .is_begin = m.answer == NULL };
	q->peer = control_hold(p);
	enum jembatan_result r = intake_call(q->app->intake, q->name, MSG_CONSENT, msg_consent_fields,
					     &m, (struct jembatan_bytes){ 0 }, on_consented, q, &why);
	if (r == JEMBATAN_OK)
		return;
	control_fail(p, r, &why);
	free(q->peer);
	free(q->name);
	free(q->actor);
	free(q);
}
