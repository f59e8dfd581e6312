/* imap_idle.c: see imap_idle.h.
 *
 * Two traps. A server says EXISTS only once: what it said at the end of an earlier
 * command would never come again, so news since the mailbox was opened forbid the
 * wait. And bytes may lie decrypted in TLS while the socket is silent: it is
 * watched only after all of them have been read. */
#include "email/imap_idle.h"

#include <time.h>

static int64_t mono_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Until the IDLE is to be renewed or the silence has lasted, whichever is first. */
static int64_t wait_ms(const struct imap_idle_limits *limits, const struct imap_idle *idle)
{
	int64_t renew = idle->since_mono_ms + limits->open_ms;
	int64_t silent = idle->heard_mono_ms + limits->silent_ms;

	return (renew < silent ? renew : silent) - mono_ms();
}

static enum jembatan_result close_it(struct imap_session *session, struct imap_idle *idle)
{
	enum jembatan_result result = imap_session_send_line(session, "DONE");
	enum imap_event event = IMAP_NEED_BYTES;
	struct imap_item item;
	unsigned tag = idle->tag;

	idle->tag = 0;
	while (result == JEMBATAN_OK && imap_session_is_waiting(session, tag))
		result = imap_session_next(session, &event, &item);
	return result;
}

static enum jembatan_result watch(struct jembatan_context *ctx, struct imap_session *session,
				  const struct imap_idle_limits *limits, struct imap_idle *idle)
{
	int64_t left = wait_ms(limits, idle);
	enum jembatan_result result =
		jembatan_watch(ctx, imap_session_socket(session), left > 0 ? left : 0);

	return result == JEMBATAN_OK ? JEMBATAN_IDLE : result;
}

/* Up to its "+"; a server may also refuse. */
static enum jembatan_result open_it(struct imap_session *session, struct imap_idle *idle)
{
	unsigned tag = imap_session_tag(session);
	enum imap_event event = IMAP_NEED_BYTES;
	struct imap_item item;
	enum jembatan_result result = imap_session_send(session, "IDLE");

	while (result == JEMBATAN_OK && event != IMAP_CONTINUE &&
	       imap_session_is_waiting(session, tag))
		result = imap_session_next(session, &event, &item);
	if (result != JEMBATAN_OK || !imap_session_is_waiting(session, tag))
		return result;
	idle->tag = tag;
	idle->since_mono_ms = idle->heard_mono_ms = mono_ms();
	return JEMBATAN_OK;
}

enum jembatan_result imap_idle_begin(struct jembatan_context *ctx, struct imap_session *session,
				     const struct imap_idle_limits *limits, struct imap_idle *idle)
{
	bool heard;

	if (limits->open_ms == 0 || !imap_session_can(session, IMAP_IDLE) ||
	    imap_session_has_news(session, false))
		return JEMBATAN_OK;
	enum jembatan_result result = open_it(session, idle);

	if (result == JEMBATAN_OK && idle->tag != 0)
		result = imap_session_drain(session, &heard);
	if (result != JEMBATAN_OK || idle->tag == 0)
		return result;
	if (imap_session_has_news(session, false) || !imap_session_is_waiting(session, idle->tag))
		return close_it(session, idle);
	return watch(ctx, session, limits, idle);
}

enum jembatan_result imap_idle_wake(struct jembatan_context *ctx, struct imap_session *session,
				    const struct imap_idle_limits *limits, struct imap_idle *idle)
{
	bool heard = false;
	enum jembatan_result result = imap_session_drain(session, &heard);

	if (result != JEMBATAN_OK)
		return result;
	if (heard)
		idle->heard_mono_ms = mono_ms();
	/* The server ended it by itself. */
	if (!imap_session_is_waiting(session, idle->tag)) {
		idle->tag = 0;
		return JEMBATAN_OK;
	}
	if (heard && !imap_session_has_news(session, false) && wait_ms(limits, idle) > 0)
		return watch(ctx, session, limits, idle);
	return close_it(session, idle);
}
