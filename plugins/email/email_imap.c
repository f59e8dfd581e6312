/* email_imap.c: see email_imap.h.
 *
 * A poll: EXAMINE, search for numbers above the cursor, ask for sizes and dates
 * of up to 5,000 of them (a window), fetch bodies in batches bounded by count
 * and bytes, the next batch being on its way while this one is parsed. The
 * cursor moves only in checkpoint, behind what has been emitted. When anything
 * goes wrong the connection and the window are dropped, and the next poll
 * starts again behind the cursor.
 *
 * A mail at which the connection breaks again and again must not hold up those
 * behind it: after a failure mails are fetched one by one up to where it was,
 * and one that fails again and again is emitted as unreadable. */
#include "email/email_imap.h"
#include "email/email_parse.h"
#include "email/imap_folder.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Between two windows nothing is on its way: few and large ones. */
#define WINDOW_MAX 5000u
#define SET_MAX_BYTES (8u * 1024u)
#define TURN_MS 20000 /* of one poll */
#define FIRST_BYTES (1024u * 1024u) /* fetched of a mail that is too large */
/* A mail is given up after so much: broken grammar counts 4, a cut 1. */
#define TROUBLE_MAX 12u
/* A mail that comes while we get ready to wait for it: so often in a row. */
#define ROUNDS_MAX 4
#define DAY_MS (INT64_C(24) * 3600 * 1000)

struct listed {
	uint32_t uid;
	bool is_taken;
	uint64_t size;
	int64_t arrived_ms;
};

struct batch {
	size_t begin, end; /* in the window */
	unsigned tag;      /* of its command; 0: not asked for yet */
	bool is_done, is_refused;
};

struct imap_source {
	const struct imap_options *options;
	struct imap_session *session;
	struct imap_idle idle;
	struct imap_folder folder;
	bool has_cursor;
	uint32_t validity, last; /* the cursor */
	struct imap_uids found;  /* not yet in a window */
	struct listed window[WINDOW_MAX];
	size_t window_count, window_at;
	uint32_t window_last;    /* all up to here are in this window */
	struct batch now, ahead; /* the one being read, and the one after it */
	uint32_t careful_until;  /* one by one up to here */
	uint32_t trouble_uid;
	unsigned trouble;
	struct imap_uids asked;  /* scratch */
};

static bool cursor_read(const char *text, uint32_t *out_validity, uint32_t *out_last)
{
	char *end;

	if (text == NULL || strncmp(text, "v1 ", 3) != 0)
		return false;
	unsigned long long validity = strtoull(text + 3, &end, 10);

	if (*end != ' ')
		return false;
	unsigned long long last = strtoull(end + 1, &end, 10);

	if (*end != '\0' || validity > UINT32_MAX || last > UINT32_MAX)
		return false;
	*out_validity = (uint32_t)validity;
	*out_last = (uint32_t)last;
	return true;
}

struct imap_source *imap_source_new(const struct imap_options *options, const char *cursor)
{
	struct imap_source *self = calloc(1, sizeof *self);

	if (self == NULL)
		abort();
	self->options = options;
	self->has_cursor = cursor_read(cursor, &self->validity, &self->last);
	return self;
}

void imap_source_free(struct imap_source *self)
{
	if (self == NULL)
		return;
	imap_session_close(self->session);
	free(self);
}

static void drop_session(struct imap_source *self)
{
	imap_session_close(self->session);
	self->session = NULL;
	self->idle = (struct imap_idle){ .tag = 0 };
	imap_uids_clear(&self->found);
	self->window_count = self->window_at = 0;
}

static enum jembatan_result checkpoint(struct jembatan_context *ctx, struct imap_source *self,
				       uint32_t last)
{
	char cursor[64];

	snprintf(cursor, sizeof cursor, "v1 %" PRIu32 " %" PRIu32, self->validity, last);
	enum jembatan_result result = jembatan_checkpoint(ctx, cursor);

	if (result == JEMBATAN_OK)
		self->last = last;
	return result;
}

/* ---- where to begin ----------------------------------------------------------- */

/* The first mail that may have arrived at start_ms or later: a day before, since
 * SINCE compares dates in the server's zone. What is too old after all is left
 * out by its INTERNALDATE; the cursor knows no dates. */
static enum jembatan_result position_since(struct jembatan_context *ctx, struct imap_source *self,
					   uint32_t *out_last)
{
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t day = (time_t)((ctx->start_ms - DAY_MS) / 1000);
	char criteria[64];
	struct tm tm;

	gmtime_r(&day, &tm);
	snprintf(criteria, sizeof criteria, "SINCE %d-%s-%d", tm.tm_mday, months[tm.tm_mon],
		 tm.tm_year + 1900);
	enum jembatan_result result = imap_folder_search(ctx, self->session, "RETURN (MIN) ",
						 criteria, &self->found);
	uint32_t lowest = imap_uids_lowest(&self->found);

	if (result != JEMBATAN_OK)
		return result;
	if (lowest > 0) {
		*out_last = lowest - 1;
		return JEMBATAN_OK;
	}
	if (self->folder.next == 0 && self->folder.exists > 0) {
		/* No UIDNEXT: the highest number there is. */
		result = imap_folder_search(ctx, self->session, "RETURN (MIN) ", "UID *",
					     &self->found);
		*out_last = imap_uids_lowest(&self->found);
		return result;
	}
	*out_last = self->folder.next > 0 ? self->folder.next - 1 : 0;
	return JEMBATAN_OK;
}

/* A first start, or a mailbox that was made anew: its numbers mean other mails,
 * so all are read again. Their ids stay the same, so that the core knows those
 * it has. */
static enum jembatan_result position(struct jembatan_context *ctx, struct imap_source *self)
{
	uint32_t validity = self->folder.validity;
	bool is_known = self->has_cursor && self->validity == validity &&
			(self->folder.next == 0 || self->folder.next > self->last);
	uint32_t last = 0;
	enum jembatan_result result = JEMBATAN_OK;

	if (is_known)
		return JEMBATAN_OK;
	if (self->has_cursor)
		jembatan_log(ctx, JEMBATAN_NOTICE,
			     "the mailbox was made anew on the server (UIDVALIDITY %" PRIu32
			     " is now %" PRIu32 "): it is read again from its beginning",
			     self->validity, validity);
	if (ctx->start_ms > 0)
		result = position_since(ctx, self, &last);
	if (result != JEMBATAN_OK)
		return result;
	self->validity = validity;
	self->has_cursor = true;
	self->careful_until = self->trouble_uid = 0;
	/* At once: a restart must not take a later "now" for the start. */
	return checkpoint(ctx, self, last);
}

/* ---- windows ------------------------------------------------------------------- */

static int by_uid(const void *a, const void *b)
{
	const struct listed *x = a, *y = b;

	return x->uid < y->uid ? -1 : x->uid > y->uid;
}

static void window_add(struct jembatan_context *ctx, struct imap_source *self,
		       const struct imap_fetch *fetch)
{
	if (fetch->uid <= self->last || fetch->uid > self->window_last || !fetch->has_size ||
	    self->window_count == WINDOW_MAX)
		return;
	if (fetch->internal_ms > 0 && fetch->internal_ms < ctx->start_ms)
		return;
	self->window[self->window_count++] = (struct listed){
		.uid = fetch->uid, .size = fetch->size, .arrived_ms = fetch->internal_ms };
}

/* Sizes and dates of the next numbers. A number that is not answered is gone. */
static enum jembatan_result window_fill(struct jembatan_context *ctx, struct imap_source *self)
{
	char set[SET_MAX_BYTES], command[SET_MAX_BYTES + 64];
	struct imap_item item;
	enum imap_event event = IMAP_NEED_BYTES;

	self->window_count = self->window_at = 0;
	self->window_last = imap_uids_write(&self->found, WINDOW_MAX, set, sizeof set);
	snprintf(command, sizeof command, "UID FETCH %s (UID RFC822.SIZE INTERNALDATE)", set);
	enum jembatan_result result = imap_session_send(self->session, command);

	while (result == JEMBATAN_OK && event != IMAP_TAGGED) {
		result = imap_session_next(self->session, &event, &item);
		if (result == JEMBATAN_OK && event == IMAP_FETCH)
			window_add(ctx, self, &item.fetch);
	}
	if (result == JEMBATAN_OK && item.status != IMAP_OK)
		result = imap_folder_refused(ctx, "to tell the sizes of mails", item.text);
	if (result != JEMBATAN_OK)
		return result;
	imap_uids_drop(&self->found, self->window_last);
	qsort(self->window, self->window_count, sizeof self->window[0], by_uid);
	return JEMBATAN_OK;
}

/* ---- batches -------------------------------------------------------------------- */

static bool is_too_large(const struct imap_source *self, const struct listed *mail)
{
	return mail->size > self->options->mail_max_bytes;
}

/* The batch that begins at `at`: at least one mail; one that is too large, or
 * was in a batch that failed, comes alone. */
static struct batch batch_plan(const struct imap_source *self, size_t at)
{
	struct batch batch = { .begin = at, .end = at };
	uint64_t bytes = 0;

	while (batch.end < self->window_count &&
	       batch.end - batch.begin < self->options->batch_count) {
		const struct listed *mail = &self->window[batch.end];
		bool is_alone = mail->uid <= self->careful_until || is_too_large(self, mail);

		if (batch.end > batch.begin &&
		    (is_alone || bytes + mail->size > self->options->batch_bytes))
			break;
		bytes += mail->size;
		batch.end++;
		if (is_alone)
			break;
	}
	return batch;
}

static enum jembatan_result batch_ask(struct imap_source *self, struct batch *batch)
{
	char set[SET_MAX_BYTES], command[SET_MAX_BYTES + 64];
	bool is_large = is_too_large(self, &self->window[batch->begin]);
	size_t first_bytes = self->options->mail_max_bytes < FIRST_BYTES
				     ? self->options->mail_max_bytes
				     : FIRST_BYTES;

	imap_uids_clear(&self->asked);
	for (size_t i = batch->begin; i < batch->end; i++)
		imap_uids_add(&self->asked, self->window[i].uid, self->window[i].uid);
	imap_uids_write(&self->asked, WINDOW_MAX, set, sizeof set);
	if (is_large)
		snprintf(command, sizeof command, "UID FETCH %s (UID BODY.PEEK[]<0.%zu>)", set,
			 first_bytes);
	else
		snprintf(command, sizeof command, "UID FETCH %s (UID BODY.PEEK[])", set);
	batch->is_done = batch->is_refused = false;
	batch->tag = imap_session_tag(self->session);
	return imap_session_send(self->session, command);
}

static enum jembatan_result give_up(struct jembatan_context *ctx, struct imap_source *self,
				    struct listed *mail, const char *why)
{
	char place[64];

	mail->is_taken = true;
	snprintf(place, sizeof place, "imap-%" PRIu32 ".%" PRIu32, self->validity, mail->uid);
	jembatan_log(ctx, JEMBATAN_WARNING,
		     "the mail with UID %" PRIu32 " %s: it is kept as unreadable; look at it in "
		     "the mailbox itself",
		     mail->uid, why);
	return mail_take_unreadable(ctx, place, mail->arrived_ms);
}

/* A server may answer a later command while it is still at an earlier one (RFC
 * 3501, 5.5; Dovecot does): data belongs to whichever batch asked for it. */
static struct listed *window_find(struct imap_source *self, uint32_t uid)
{
	struct listed key = { .uid = uid };

	return bsearch(&key, self->window, self->window_count, sizeof key, by_uid);
}

static enum jembatan_result take(struct jembatan_context *ctx, struct imap_source *self,
				 const struct imap_fetch *fetch)
{
	struct listed *listed = window_find(self, fetch->uid);

	/* A change of flags, or an answer nobody asked for. */
	if (listed == NULL || listed->is_taken || !fetch->has_body)
		return JEMBATAN_OK;
	if (fetch->body_nil || fetch->body_size == 0)
		return give_up(ctx, self, listed, "has no content on the server");
	bool is_part = is_too_large(self, listed) || fetch->body_cut;
	struct mail mail = { .raw = { fetch->body, fetch->body_size },
			     .arrived_ms = listed->arrived_ms,
			     .whole_size = is_part ? listed->size : 0 };

	listed->is_taken = true;
	return mail_take(ctx, &mail, self->options->own);
}

static void end_batch(struct batch *batch, const struct imap_item *item)
{
	if (batch->tag != item->first)
		return;
	batch->is_done = true;
	batch->is_refused = item->status != IMAP_OK;
}

/* Until the batch being read is answered. */
static enum jembatan_result batch_read(struct jembatan_context *ctx, struct imap_source *self,
				       struct batch *batch)
{
	enum jembatan_result result = JEMBATAN_OK;
	enum imap_event event;
	struct imap_item item;

	while (result == JEMBATAN_OK && !batch->is_done) {
		result = imap_session_next(self->session, &event, &item);
		if (result == JEMBATAN_OK && event == IMAP_FETCH) {
			result = take(ctx, self, &item.fetch);
		} else if (result == JEMBATAN_OK && event == IMAP_TAGGED) {
			end_batch(batch, &item);
			end_batch(&self->ahead, &item);
		}
	}
	return result;
}

static bool is_empty(const struct batch *batch)
{
	return batch->begin == batch->end;
}

/* The connection failed. What has been emitted counts; what was on its way is
 * asked for one by one, and the first of it is watched. */
static void note_trouble(struct jembatan_context *ctx, struct imap_source *self)
{
	const struct batch *last = is_empty(&self->ahead) ? &self->now : &self->ahead;
	uint32_t until = self->last, first = 0;

	for (size_t i = self->now.begin; i < last->end && first == 0; i++) {
		if (self->window[i].is_taken)
			until = self->window[i].uid;
		else
			first = self->window[i].uid;
	}
	/* Kept only if the core takes it; else it is fetched once more. */
	if (until > self->last && checkpoint(ctx, self, until) != JEMBATAN_OK)
		return;
	self->careful_until = self->window[last->end - 1].uid;
	if (first == 0 || jembatan_stopping(ctx))
		return;
	if (self->trouble_uid != first)
		self->trouble = 0;
	self->trouble_uid = first;
	self->trouble += imap_session_is_broken(self->session) ? 4 : 1;
}

/* The server refused some of the batch. Those are asked for alone; what is
 * refused alone too is unreadable there. */
static enum jembatan_result batch_refused(struct jembatan_context *ctx, struct imap_source *self)
{
	enum jembatan_result result = JEMBATAN_OK;

	for (size_t i = self->now.begin; i < self->now.end && result == JEMBATAN_OK; i++) {
		struct batch one = { .begin = i, .end = i + 1 };

		if (self->window[i].is_taken)
			continue;
		result = batch_ask(self, &one);
		if (result == JEMBATAN_OK)
			result = batch_read(ctx, self, &one);
		if (result == JEMBATAN_OK && one.is_refused && !self->window[i].is_taken)
			result = give_up(ctx, self, &self->window[i], "is refused by the server");
	}
	return result;
}

static bool is_given_up(const struct imap_source *self, const struct batch *batch)
{
	return batch->end == batch->begin + 1 &&
	       self->window[batch->begin].uid == self->trouble_uid &&
	       self->trouble >= TROUBLE_MAX;
}

/* ---- a turn ----------------------------------------------------------------------- */

static int64_t mono_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static enum jembatan_result skip_given_up(struct jembatan_context *ctx, struct imap_source *self)
{
	struct listed *mail = &self->window[self->now.begin];
	enum jembatan_result result =
		give_up(ctx, self, mail, "breaks the connection each time it is fetched");

	return result == JEMBATAN_OK ? checkpoint(ctx, self, mail->uid) : result;
}

/* Read the batch `now`, while `ahead` is on its way; then move the cursor. */
static enum jembatan_result one_batch(struct jembatan_context *ctx, struct imap_source *self)
{
	enum jembatan_result result = JEMBATAN_OK;

	if (self->now.tag == 0)
		result = batch_ask(self, &self->now);
	if (result == JEMBATAN_OK && !is_empty(&self->ahead))
		result = batch_ask(self, &self->ahead);
	if (result == JEMBATAN_OK)
		result = batch_read(ctx, self, &self->now);
	/* With another batch on its way: start again from here, one by one. */
	if (result == JEMBATAN_OK && self->now.is_refused)
		result = is_empty(&self->ahead)
				 ? batch_refused(ctx, self)
				 : imap_folder_refused(ctx, "some of the mails", "one by one now");
	if (result != JEMBATAN_OK) {
		note_trouble(ctx, self);
		return result;
	}
	return checkpoint(ctx, self, self->window[self->now.end - 1].uid);
}

/* The bodies of the window, as long as there is time. */
static enum jembatan_result window_take(struct jembatan_context *ctx, struct imap_source *self,
					int64_t until_mono_ms)
{
	enum jembatan_result result = JEMBATAN_OK;
	bool is_last = false;

	self->now = batch_plan(self, self->window_at);
	while (result == JEMBATAN_OK && !is_empty(&self->now) && !is_last) {
		bool is_careful = self->window[self->now.begin].uid <= self->careful_until;
		struct batch next = batch_plan(self, self->now.end);

		is_last = jembatan_stopping(ctx) || mono_ms() >= until_mono_ms;
		self->ahead = is_last || is_careful ? (struct batch){ .begin = 0 } : next;
		if (is_given_up(self, &self->now))
			result = skip_given_up(ctx, self);
		else
			result = one_batch(ctx, self);
		if (result == JEMBATAN_OK)
			self->window_at = self->now.end;
		self->now = is_empty(&self->ahead) ? next : self->ahead;
	}
	/* Numbers that are gone, or too old, need not be searched again. */
	if (result == JEMBATAN_OK && self->window_at == self->window_count &&
	    self->window_last > self->last)
		result = checkpoint(ctx, self, self->window_last);
	return result;
}

/* What is above the cursor, unless UIDNEXT says that nothing is. */
static enum jembatan_result look(struct jembatan_context *ctx, struct imap_source *self)
{
	char criteria[64];
	enum jembatan_result result = imap_folder_examine(ctx, self->session,
							  self->options->mailbox, &self->folder);

	if (result == JEMBATAN_OK)
		result = position(ctx, self);
	imap_uids_clear(&self->found);
	if (result != JEMBATAN_OK || self->folder.exists == 0 || self->last == UINT32_MAX ||
	    (self->folder.next > 0 && self->folder.next <= self->last + 1))
		return result;
	snprintf(criteria, sizeof criteria, "UID %" PRIu32 ":*", self->last + 1);
	result = imap_folder_search(ctx, self->session, "RETURN (ALL) ", criteria, &self->found);
	/* n:* also matches the last mail when n is above it. */
	imap_uids_drop(&self->found, self->last);
	return result;
}

static enum jembatan_result connect_and_look(struct jembatan_context *ctx,
					     struct imap_source *self)
{
	bool was_open = self->session != NULL;
	enum jembatan_result result = JEMBATAN_OK;

	if (was_open) {
		result = look(ctx, self);
		if (result != JEMBATAN_RETRY || jembatan_stopping(ctx))
			return result;
		/* Idle connections are closed by servers and firewalls. */
		drop_session(self);
	}
	result = imap_session_open(ctx, &self->options->login, &self->session);
	return result == JEMBATAN_OK ? look(ctx, self) : result;
}

static bool has_work(const struct imap_source *self)
{
	return self->window_at < self->window_count || !imap_uids_is_empty(&self->found);
}

/* IDLE: there is nothing above the cursor. */
static enum jembatan_result turn(struct jembatan_context *ctx, struct imap_source *self,
				 int64_t until_mono_ms)
{
	enum jembatan_result result = JEMBATAN_OK;

	if (self->session == NULL || !has_work(self))
		result = connect_and_look(ctx, self);
	while (result == JEMBATAN_OK && has_work(self) && mono_ms() < until_mono_ms &&
	       !jembatan_stopping(ctx)) {
		if (self->window_at == self->window_count)
			result = window_fill(ctx, self);
		if (result == JEMBATAN_OK)
			result = window_take(ctx, self, until_mono_ms);
	}
	if (result != JEMBATAN_OK)
		return result;
	return has_work(self) || self->found.cut ? JEMBATAN_OK : JEMBATAN_IDLE;
}

/* The wait for the server's word is over. OK: the session may be used, or has to be
 * opened again because the network had gone silent. */
static enum jembatan_result wake(struct jembatan_context *ctx, struct imap_source *self)
{
	enum jembatan_result result =
		imap_idle_wake(ctx, self->session, &self->options->idle, &self->idle);

	if (result != JEMBATAN_RETRY || jembatan_stopping(ctx))
		return result;
	drop_session(self);
	jembatan_log(ctx, JEMBATAN_INFO,
		     "the connection to the mail server was lost while it was idle: it is opened "
		     "again");
	return JEMBATAN_OK;
}

enum jembatan_result imap_source_poll(struct jembatan_context *ctx, struct imap_source *self)
{
	int64_t until = mono_ms() + TURN_MS;
	enum jembatan_result result = JEMBATAN_OK;
	bool has_news = true;

	if (self->idle.tag != 0)
		result = wake(ctx, self);
	for (int round = 0; result == JEMBATAN_OK && has_news && round < ROUNDS_MAX; round++) {
		result = turn(ctx, self, until);
		if (result != JEMBATAN_IDLE)
			break;
		result = imap_idle_begin(ctx, self->session, &self->options->idle, &self->idle);
		has_news = result == JEMBATAN_OK && imap_session_has_news(self->session, false);
		if (result == JEMBATAN_OK && !has_news)
			result = JEMBATAN_IDLE; /* no IDLE here: the interval it is */
	}
	if (result != JEMBATAN_OK && result != JEMBATAN_IDLE)
		drop_session(self);
	return result;
}
