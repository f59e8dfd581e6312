/* meta_watch.c: posts and comments that were edited or deleted later. A walk reads
 * most of them again for nothing; the others are asked for one by one (Meta's
 * `?ids=` fails as a whole when one is gone, and ends with v26.0).
 *
 * What is gone, what is hidden from us and what we lost the permission for look
 * the same (error 100, subcode 33): it counts only while another person's post
 * can be read in the same way at the same time, and only twice in a row. */
#include "social/meta.h"

#include <string.h>

#define LOOKS 5u /* in one poll */
#define LOOK_BELOW 50 /* percent of a limit: the rest is for what is new */
#define GONE_CODE 100
#define GONE_SUBCODE 33

enum jembatan_result meta_watch_take(struct social *s, json_t *record, struct social_post *post,
				     bool is_new, const struct meta_parent *parent)
{
	struct meta *meta = s->own;
	struct jembatan_message *m = &post->message;
	int64_t now_ms = jembatan_now_ms(s->ctx), since_ms = m->arrived_ms;
	bool is_edited = m->id && social_watch_seen(&meta->watch, m->id, m->revision, now_ms);
	bool is_skipped = false;

	if (!is_new && !is_edited)
		return JEMBATAN_OK;
	enum jembatan_result result = social_begin(s, m->id, record, &is_skipped);

	if (result != JEMBATAN_OK || is_skipped)
		return result;
	if (parent)
		social_add_context(m, s->arena, parent->by, parent->text);
	if (is_edited && m->kind == JEMBATAN_NEW) {
		m->kind = JEMBATAN_EDIT;
		m->arrived_ms = now_ms; /* not when it was written */
	}
	result = social_take(s, post);
	if (result == JEMBATAN_OK && m->kind == JEMBATAN_NEW && m->id)
		social_watch_note(&meta->watch, m->id, m->revision,
				  since_ms > 0 && since_ms < now_ms ? since_ms : now_ms, now_ms);
	return result;
}

/* ---- looks ------------------------------------------------------------- */

static bool is_gone(enum jembatan_result result, const struct meta_answer *a)
{
	return result == JEMBATAN_GONE && a->code == GONE_CODE && a->subcode == GONE_SUBCODE;
}

/* One thing's trouble is not the channel's. */
bool meta_is_its_own(enum jembatan_result result, const struct meta_answer *a)
{
	return result == JEMBATAN_GONE || result == JEMBATAN_DATA ||
	       (result == JEMBATAN_AUTH && (a->code == 10 || (a->code >= 200 && a->code <= 299)));
}

/* Can another one be read now? That which will be due last was read last. */
static bool is_sighted(struct social *s, const struct meta_look *look, const char *but)
{
	struct meta *meta = s->own;
	const struct social_watched *best = NULL;
	struct meta_answer answer = { .root = NULL };

	for (size_t i = 0; i < meta->watch.count; i++) {
		const struct social_watched *p = &meta->watch.posts[i];

		if (p->missing == 0 && strcmp(p->id, but) != 0 && (!best || p->due_ms > best->due_ms))
			best = p;
	}
	const char *url = best ? look->url(s, best->id) : NULL;
	bool it_is = url && meta_call(s, NULL, url, NULL, &answer) == JEMBATAN_OK;

	json_decref(answer.root);
	return it_is;
}

static enum jembatan_result miss(struct social *s, const struct meta_look *look, const char *id)
{
	struct meta *meta = s->own;
	int64_t now_ms = jembatan_now_ms(s->ctx);

	if (!is_sighted(s, look, id)) {
		social_watch_pass(&meta->watch, id, now_ms);
		return JEMBATAN_OK;
	}
	return social_watch_missed(&meta->watch, id, now_ms) ? social_tell_deleted(s, id) :
							       JEMBATAN_OK;
}

static enum jembatan_result look_at(struct social *s, const struct meta_look *look, const char *id)
{
	struct meta *meta = s->own;
	struct meta_answer answer = { .root = NULL };
	const char *url = look->url(s, id);
	enum jembatan_result result = url ? meta_call(s, NULL, url, NULL, &answer) : JEMBATAN_DATA;

	if (is_gone(result, &answer)) {
		result = miss(s, look, id);
	} else if (meta_is_its_own(result, &answer)) {
		social_watch_pass(&meta->watch, id, jembatan_now_ms(s->ctx));
		result = JEMBATAN_OK;
	} else if (result == JEMBATAN_OK) {
		result = look->take(s, id, answer.root);
		/* Of an answer that could not be read. */
		social_watch_pass(&meta->watch, id, jembatan_now_ms(s->ctx));
	}
	json_decref(answer.root);
	return result;
}

enum jembatan_result meta_watch_look(struct social *s, const struct meta_look *look)
{
	struct meta *meta = s->own;
	struct social_watched due[LOOKS];
	int64_t now_ms = jembatan_now_ms(s->ctx);
	bool may = !(s->ctx->mode & JEMBATAN_MODE_DRY) && meta->full_until_ms <= now_ms &&
		   meta->percent < LOOK_BELOW;
	enum jembatan_result result = social_watch_load(&meta->watch, s);
	size_t count = may && result == JEMBATAN_OK ?
		       social_watch_due(&meta->watch, now_ms, due, LOOKS) : 0;

	for (size_t i = 0; i < count && result == JEMBATAN_OK && !jembatan_stopping(s->ctx); i++)
		result = look_at(s, look, due[i].id);
	result = result == JEMBATAN_OK && count == 0 ?
			 social_watch_keep(&meta->watch, s) :
			 social_watch_told(&meta->watch, s, result);
	return result == JEMBATAN_OK ? JEMBATAN_IDLE : result;
}
