/* link.c: frames to and from the core. The core is trusted, but not believed
 * to be alive: every way out of a wait ends with `lost` when it is gone. */
#include "connector/link.h"

#include "base/clock.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

#define FLUSH_AT (64u * 1024u)
#define LETTERS_MAX 160u

void link_init(struct link *l, int fd)
{
	*l = (struct link){ .next_seq = 1 };
	if (fd >= 0)
		l->channel = channel_new(fd);
}

void link_done(struct link *l)
{
	while (l->first) {
		struct letter *letter = l->first;
		l->first = letter->next;
		free(letter);
	}
	channel_free(l->channel);
	*l = (struct link){ .stopping = true, .lost = true };
}

static enum jembatan_result is_lost(struct link *l)
{
	l->lost = l->stopping = true;
	return JEMBATAN_FATAL;
}

enum jembatan_result link_flush(struct link *l, struct why *why)
{
	if (l->lost)
		return why_set(why, JEMBATAN_FATAL, "the core is gone");
	if (!l->channel || channel_flush_wait(l->channel, -1, why) == JEMBATAN_OK)
		return JEMBATAN_OK;
	return is_lost(l);
}

enum jembatan_result link_send(struct link *l, uint8_t type, uint32_t seq,
			       const struct field *table, const void *from,
			       struct jembatan_bytes blob, struct why *why)
{
	if (!l->channel || l->lost)
		return why_set(why, JEMBATAN_FATAL, "the core is gone");
	if (channel_put(l->channel, type, seq, table, from, blob, why) != JEMBATAN_OK)
		return JEMBATAN_DATA;
	return channel_waiting(l->channel) >= FLUSH_AT ? link_flush(l, why) : JEMBATAN_OK;
}

static void keep(struct link *l, const struct frame *f)
{
	struct letter *letter = xmalloc(sizeof(*letter) + f->meta.size + f->blob.size);
	unsigned char *bytes = (unsigned char *)(letter + 1);
	*letter = (struct letter){
		.type = f->type,
		.seq = f->seq,
		.meta = bytes_of(bytes, f->meta.size),
		.blob = bytes_of(bytes + f->meta.size, f->blob.size),
	};
	if (f->meta.size)
		memcpy(bytes, f->meta.data, f->meta.size);
	if (f->blob.size)
		memcpy(bytes + f->meta.size, f->blob.data, f->blob.size);
	if (l->last)
		l->last->next = letter;
	else
		l->first = letter;
	l->last = letter;
	l->waiting++;
	if (f->type == MSG_STOP)
		l->stopping = true;
}

/* Take the frames already read. OK, or FATAL when they are not frames. */
static enum jembatan_result collect(struct link *l, struct why *why)
{
	struct frame frame;
	enum jembatan_result r = JEMBATAN_OK;
	while (l->waiting < LETTERS_MAX &&
	       (r = channel_next(l->channel, &frame, why)) == JEMBATAN_OK)
		keep(l, &frame);
	return r == JEMBATAN_DATA ? is_lost(l) : JEMBATAN_OK;
}

/* Read once without waiting and take what came. IDLE when nothing did. */
static enum jembatan_result read_some(struct link *l, struct why *why)
{
	enum jembatan_result r = collect(l, why);
	if (r != JEMBATAN_OK)
		return r;
	if (l->waiting >= LETTERS_MAX)
		return JEMBATAN_IDLE;
	r = channel_fill(l->channel, why);
	if (r == JEMBATAN_OK)
		return collect(l, why);
	return r == JEMBATAN_IDLE ? JEMBATAN_IDLE : is_lost(l);
}

static struct letter *take(struct link *l, struct letter *before, struct letter *letter)
{
	if (before)
		before->next = letter->next;
	else
		l->first = letter->next;
	if (l->last == letter)
		l->last = before;
	letter->next = NULL;
	l->waiting--;
	return letter;
}

/* Wait for the core or the watched fd. IDLE: the latter, or the time is up. */
static enum jembatan_result wait_for_either(struct link *l, int watch_fd, int64_t due_mono_ms,
					    struct why *why)
{
	struct pollfd fds[2] = {
		{ .fd = channel_fd(l->channel), .events = POLLIN },
		{ .fd = watch_fd, .events = POLLIN }, /* negative: ignored */
	};
	int64_t left = due_mono_ms < 0 ? -1 : due_mono_ms - clock_mono_ms();
	if (due_mono_ms >= 0 && left < 0)
		left = 0;
	int n = poll(fds, 2, left > INT_MAX ? INT_MAX : (int)left);
	if (n < 0 && errno != EINTR)
		return why_set(why, is_lost(l), "cannot wait: %s", strerror(errno));
	if (n > 0 && fds[0].revents)
		return JEMBATAN_OK;
	if (n > 0 && fds[1].revents)
		return JEMBATAN_IDLE;
	return due_mono_ms >= 0 && clock_mono_ms() >= due_mono_ms ? JEMBATAN_IDLE : JEMBATAN_OK;
}

enum jembatan_result link_next(struct link *l, int watch_fd, int64_t due_mono_ms,
			       struct letter **out, struct why *why)
{
	enum jembatan_result r = link_flush(l, why);
	while (r == JEMBATAN_OK && !l->first) {
		r = read_some(l, why);
		if (r == JEMBATAN_IDLE) {
			r = wait_for_either(l, watch_fd, due_mono_ms, why);
			if (r == JEMBATAN_IDLE)
				return r;
		}
	}
	if (r != JEMBATAN_OK)
		return JEMBATAN_GONE;
	*out = take(l, NULL, l->first);
	return JEMBATAN_OK;
}

static struct letter *find_answer(struct link *l, uint8_t type, uint32_t seq)
{
	struct letter *before = NULL;
	for (struct letter *i = l->first; i; before = i, i = i->next)
		if (i->type == type && i->seq == seq)
			return take(l, before, i);
	return NULL;
}

enum jembatan_result link_await(struct link *l, uint8_t type, uint32_t seq, struct letter **out,
				struct why *why)
{
	enum jembatan_result r = link_flush(l, why);
	while (r == JEMBATAN_OK) {
		*out = find_answer(l, type, seq);
		if (*out)
			return JEMBATAN_OK;
		r = read_some(l, why);
		if (r == JEMBATAN_IDLE && l->waiting >= LETTERS_MAX)
			return why_set(why, is_lost(l), "the core sends calls, but no answer");
		if (r == JEMBATAN_IDLE)
			r = wait_for_either(l, -1, -1, why);
	}
	return r;
}

void link_peek(struct link *l)
{
	/* What came of it stands in l->stopping and l->lost. */
	if (l->channel && !l->stopping)
		read_some(l, NULL);
}
