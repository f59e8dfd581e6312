/* commands_intake.c: `jembatan intake add`: posts that a person copied go to the
 * instance's connector, and come back as messages like all others. A trial says
 * what would come of them. */
#include "commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/jx.h"
#include "intake/intake.h"
#include "store/audit.h"
#include "store/inbox.h"
#include "base/poison.h"

#define POSTS_MAX 500u

struct post {
	int64_t line;
	bool is_bad; /* nothing came of it */
};

struct came {
	int64_t message_id;
	enum inbox_verdict verdict;
};

struct hand_in {
	struct control_peer **peer; /* *peer NULL: it has left */
	struct app *app;
	char *actor;
	bool is_dry;
	struct post posts[POSTS_MAX];
	size_t post_count;
	struct came came[POSTS_MAX]; /* in the order of the posts that are not bad */
	size_t came_count;
};

/* ---- what came ----------------------------------------------------------- */

static void note_bad(struct hand_in *h, const char *id)
{
	static const char begin[] = "line ";
	if (id == NULL || !str_starts(id, begin))
		return;
	int64_t line = strtoll(id + strlen(begin), NULL, 10);
	for (size_t i = 0; i < h->post_count; i++)
		if (h->posts[i].line == line)
			h->posts[i].is_bad = true;
}

static void note_all(struct hand_in *h, const struct intake_job *job)
{
	for (size_t i = 0; i < job->nothing_count; i++)
		note_bad(h, job->nothing_of[i]);
	for (size_t i = 0; i < job->item_count && h->came_count < POSTS_MAX; i++)
		h->came[h->came_count++] = (struct came){ job->items[i].id, job->items[i].verdict };
}

static enum jembatan_result write_audit(struct hand_in *h, struct why *why)
{
	struct db *db = h->app->db;
	enum jembatan_result r = db_begin(db, why);
	for (size_t i = 0; r == JEMBATAN_OK && i < h->came_count; i++)
		if (h->came[i].verdict != INBOX_IS_SAME)
			r = audit_add(db, AUDIT_MESSAGE, h->came[i].message_id, h->actor, "by_hand",
				      "a person copied it from the network", clock_now_ms(), why);
	if (r == JEMBATAN_OK)
		r = db_commit(db, why);
	if (r != JEMBATAN_OK)
		db_abort(db);
	return r;
}

/* ---- telling ------------------------------------------------------------- */

static void tell(struct hand_in *h, int64_t line, const char *what, int64_t message_id,
		 const char *why)
{
	char name[32] = "";
	if (message_id != 0)
		snprintf(name, sizeof(name), "m%lld", (long long)message_id);
	control_row(*h->peer, json_pack("{s:s,s:I,s:s,s:s?,s:s?}", "type", "handed", "line",
					(json_int_t)line, "what", what, "message",
					name[0] != '\0' ? name : NULL, "why", why));
}

static void tell_one(struct hand_in *h, const struct post *post, const struct came *came)
{
	static const char *const words[] = { "new", "known", "changed" };
	static const char *const reasons[] = { NULL, "it came before, as it stands here",
					       "it came before, with other words" };
	if (post->is_bad)
		tell(h, post->line, "bad", 0, "its link is none of this network's: is it the right "
		     "instance?");
	else if (came == NULL)
		tell(h, post->line, "bad", 0, "nothing came of it");
	else
		tell(h, post->line, words[came->verdict],
		     h->is_dry && came->verdict == INBOX_IS_NEW ? 0 : came->message_id,
		     reasons[came->verdict]);
}

static void on_hand_in(void *data, const struct intake_job *job, bool ended)
{
	struct hand_in *h = data;
	struct why why = { "" };
	size_t n = 0;
	if (!ended) {
		note_all(h, job);
		return;
	}
	enum jembatan_result r = h->is_dry ? JEMBATAN_OK : write_audit(h, &why);
	/* What was stored stays stored; given again, it is known. */
	if (r == JEMBATAN_OK && job->result != JEMBATAN_OK)
		r = why_set(&why, job->result, "%s", job->why);
	for (size_t i = 0; *h->peer != NULL && r == JEMBATAN_OK && i < h->post_count; i++) {
		const struct post *post = &h->posts[i];
		bool has = !post->is_bad && n < h->came_count;
		tell_one(h, post, has ? &h->came[n] : NULL);
		n += has;
	}
	if (*h->peer != NULL && r == JEMBATAN_OK)
		control_end(*h->peer, EX_OK, "%s", "");
	else if (*h->peer != NULL)
		control_fail(*h->peer, r, &why);
	h->app->decide_more = true;
	app_want_turn(h->app);
	free(h->peer);
	free(h->actor);
	free(h);
}

/* ---- the command --------------------------------------------------------- */

static bool read_posts(const struct msg_command *c, struct hand_in *h, json_t **out)
{
	const char *text = msg_argument(c, "posts");
	json_t *posts = NULL, *one;
	size_t i;
	if (text == NULL || jx_parse(bytes_text(text), &posts, NULL) != JEMBATAN_OK)
		return false;
	*out = posts;
	if (!json_is_array(posts) || json_array_size(posts) == 0 || json_array_size(posts) > POSTS_MAX)
		return false;
	json_array_foreach(posts, i, one) {
		if (jx_text(one, "url") == NULL)
			return false;
		h->posts[h->post_count++].line = jx_integer(one, "line", 0);
	}
	return true;
}

void intake_add_command(struct control_peer *p, const struct msg_command *c)
{
	struct app *a = control_app(p);
	const char *name = msg_argument(c, "instance");
	struct hand_in *h = xcalloc(1, sizeof(*h));
	CLEANUP(jx_decref) json_t *posts = NULL;
	struct why why;
	h->app = a;
	h->is_dry = msg_argument(c, "dry_run") != NULL;
	if (name == NULL || !read_posts(c, h, &posts)) {
		control_end(p, EX_USAGE, "usage: jembatan intake add --instance NAME --url LINK --text - "
			    "| --csv FILE [--dry-run]");
		free(h);
		return;
	}
	CLEANUP(jx_decref) json_t *sample = json_pack("{s:O}", "posts_by_hand", posts);
	CLEANUP(free_pointer) char *text = jx_dump(sample);
	h->actor = xstrdup(control_actor(p));
	h->peer = control_hold(p);
	enum jembatan_result r = intake_hand_in(a->intake, name, bytes_text(text), h->is_dry,
						on_hand_in, h, &why);
	if (r == JEMBATAN_OK)
		return;
	control_fail(p, r, &why);
	free(h->peer);
	free(h->actor);
	free(h);
}
