/* frame.c: the codec, and one end of a socket. */
#include "base/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/poison.h"

#define OUT_CEILING (16u * 1024u * 1024u)
#define OUT_FULL (8u * 1024u * 1024u)
#define IN_CEILING (FRAME_HEADER_SIZE + FRAME_META_MAX + FRAME_BLOB_MAX + 64u * 1024u)
#define READ_SIZE (256u * 1024u)

static void put_u32(uint8_t *out, uint32_t v)
{
	for (size_t i = 0; i < 4; i++)
		out[i] = (uint8_t)(v >> (8 * i));
}

static uint32_t get_u32(const uint8_t *in)
{
	return (uint32_t)in[0] | (uint32_t)in[1] << 8 | (uint32_t)in[2] << 16 | (uint32_t)in[3] << 24;
}

/* Meta comes from a table, or packed already. */
static enum jembatan_result pack(struct buf *out, uint8_t type, uint32_t seq,
				 const struct field *table, const void *from,
				 struct jembatan_bytes packed, struct jembatan_bytes blob,
				 struct why *why)
{
	size_t start = out->size;
	uint8_t header[FRAME_HEADER_SIZE] = { FRAME_VERSION, type };
	put_u32(header + 4, seq);
	put_u32(header + 12, (uint32_t)blob.size);
	buf_add(out, header, sizeof(header));
	if (table != NULL)
		field_pack(table, from, out);
	buf_add(out, packed.data, packed.size);
	size_t meta = out->size - start - FRAME_HEADER_SIZE;
	buf_add(out, blob.data, blob.size);
	if (buf_is_full(out) || meta > FRAME_META_MAX || blob.size > FRAME_BLOB_MAX) {
		buf_cut(out, start);
		out->full = false;
		return why_set(why, JEMBATAN_FATAL, "a frame of type %u is too large", (unsigned)type);
	}
	put_u32((uint8_t *)out->data + start + 8, (uint32_t)meta);
	return JEMBATAN_OK;
}

enum jembatan_result frame_pack(struct buf *out, uint8_t type, uint32_t seq,
				const struct field *table, const void *from,
				struct jembatan_bytes blob, struct why *why)
{
	return pack(out, type, seq, table, from, (struct jembatan_bytes){ 0 }, blob, why);
}

enum jembatan_result frame_parse(struct jembatan_bytes in, struct frame *out, size_t *out_size,
				 struct why *why)
{
	const uint8_t *p = in.data;
	if (in.size == 0)
		return JEMBATAN_IDLE;
	if (p[0] != FRAME_VERSION)
		return why_set(why, JEMBATAN_DATA, "this is not a frame (version %u)", (unsigned)p[0]);
	if (in.size < FRAME_HEADER_SIZE)
		return JEMBATAN_IDLE;
	size_t meta = get_u32(p + 8), blob = get_u32(p + 12);
	if (p[2] != 0 || p[3] != 0 || meta > FRAME_META_MAX || blob > FRAME_BLOB_MAX)
		return why_set(why, JEMBATAN_DATA, "a frame's header is not valid");
	size_t size = FRAME_HEADER_SIZE + meta + blob;
	if (in.size < size)
		return JEMBATAN_IDLE;
	*out = (struct frame){
		.type = p[1],
		.seq = get_u32(p + 4),
		.meta = { p + FRAME_HEADER_SIZE, meta },
		.blob = { p + FRAME_HEADER_SIZE + meta, blob },
	};
	*out_size = size;
	return JEMBATAN_OK;
}

struct channel {
	int fd;
	struct buf in, out;
	size_t taken; /* bytes of in already handed out as frames */
	size_t sent;  /* bytes of out already written */
};

struct channel *channel_new(int fd)
{
	struct channel *c = xcalloc(1, sizeof(*c));
	c->fd = fd;
	buf_init(&c->in, IN_CEILING);
	buf_init(&c->out, OUT_CEILING);
	int flags = fcntl(fd, F_GETFL);
	if (flags >= 0)
		(void)fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	return c;
}

void channel_free(struct channel *c)
{
	if (c == NULL)
		return;
	close_fd(&c->fd);
	buf_done(&c->in);
	buf_done(&c->out);
	free(c);
}

int channel_fd(const struct channel *c)
{
	return c->fd;
}

size_t channel_waiting(const struct channel *c)
{
	return c->out.size - c->sent;
}

bool channel_wants_write(const struct channel *c)
{
	return channel_waiting(c) > 0;
}

enum jembatan_result channel_put(struct channel *c, uint8_t type, uint32_t seq,
				 const struct field *table, const void *from,
				 struct jembatan_bytes blob, struct why *why)
{
	if (channel_waiting(c) > OUT_FULL)
		return why_set(why, JEMBATAN_RETRY, "the other side does not read its frames");
	return frame_pack(&c->out, type, seq, table, from, blob, why);
}

enum jembatan_result channel_put_packed(struct channel *c, uint8_t type, uint32_t seq,
					struct jembatan_bytes meta, struct jembatan_bytes blob,
					struct why *why)
{
	if (channel_waiting(c) > OUT_FULL)
		return why_set(why, JEMBATAN_RETRY, "the other side does not read its frames");
	return pack(&c->out, type, seq, NULL, NULL, meta, blob, why);
}

enum jembatan_result channel_flush(struct channel *c, struct why *why)
{
	while (channel_waiting(c) > 0) {
		ssize_t n = send(c->fd, c->out.data + c->sent, channel_waiting(c), MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			break;
		if (n < 0)
			return why_set(why, JEMBATAN_GONE, "the other side is gone: %s", strerror(errno));
		c->sent += (size_t)n;
	}
	if (channel_waiting(c) == 0) {
		buf_clear(&c->out);
		c->sent = 0;
	} else if (c->sent > OUT_FULL / 2) {
		buf_drop(&c->out, c->sent);
		c->sent = 0;
	}
	return JEMBATAN_OK;
}

static enum jembatan_result wait_for(int fd, short events, int64_t until_mono_ms, struct why *why)
{
	for (;;) {
		int64_t left = -1;
		if (until_mono_ms >= 0) {
			left = until_mono_ms - clock_mono_ms();
			if (left < 0)
				left = 0;
		}
		struct pollfd p = { .fd = fd, .events = events };
		int n = poll(&p, 1, left > 3600000 ? 3600000 : (int)left);
		if (n > 0)
			return JEMBATAN_OK;
		if (n < 0 && errno != EINTR)
			return why_set(why, JEMBATAN_GONE, "cannot wait: %s", strerror(errno));
		if (n == 0 && until_mono_ms >= 0 && clock_mono_ms() >= until_mono_ms)
			return why_set(why, JEMBATAN_RETRY, "the other side did not answer in time");
	}
}

enum jembatan_result channel_flush_wait(struct channel *c, int64_t timeout_ms, struct why *why)
{
	int64_t until = timeout_ms < 0 ? -1 : clock_mono_ms() + timeout_ms;
	for (;;) {
		enum jembatan_result r = channel_flush(c, why);
		if (r != JEMBATAN_OK || !channel_wants_write(c))
			return r;
		r = wait_for(c->fd, POLLOUT, until, why);
		if (r != JEMBATAN_OK)
			return r;
	}
}

enum jembatan_result channel_fill(struct channel *c, struct why *why)
{
	if (c->taken > 0) {
		buf_drop(&c->in, c->taken);
		c->taken = 0;
	}
	size_t room = c->in.ceiling - c->in.size;
	char *to = room > 0 ? buf_reserve(&c->in, room < READ_SIZE ? room : READ_SIZE) : NULL;
	/* A whole frame always fits; full means that frames wait to be taken. */
	if (to == NULL)
		return JEMBATAN_OK;
	for (;;) {
		ssize_t n = recv(c->fd, to, room < READ_SIZE ? room : READ_SIZE, 0);
		if (n > 0) {
			buf_grew(&c->in, (size_t)n);
			return JEMBATAN_OK;
		}
		if (n == 0)
			return why_set(why, JEMBATAN_GONE, "the other side closed");
		if (errno == EINTR)
			continue;
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			return JEMBATAN_IDLE;
		return why_set(why, JEMBATAN_GONE, "the other side is gone: %s", strerror(errno));
	}
}

enum jembatan_result channel_next(struct channel *c, struct frame *out, struct why *why)
{
	size_t used = 0;
	if (c->in.size == c->taken)
		return JEMBATAN_IDLE;
	enum jembatan_result r = frame_parse(
		(struct jembatan_bytes){ c->in.data + c->taken, c->in.size - c->taken }, out, &used,
		why);
	if (r == JEMBATAN_OK)
		c->taken += used;
	return r;
}

enum jembatan_result channel_wait(struct channel *c, int64_t timeout_ms, struct frame *out,
				  struct why *why)
{
	int64_t until = timeout_ms < 0 ? -1 : clock_mono_ms() + timeout_ms;
	for (;;) {
		enum jembatan_result r = channel_next(c, out, why);
		if (r != JEMBATAN_IDLE)
			return r;
		r = channel_fill(c, why);
		if (r == JEMBATAN_IDLE)
			r = wait_for(c->fd, POLLIN, until, why);
		if (r != JEMBATAN_OK)
			return r;
	}
}
