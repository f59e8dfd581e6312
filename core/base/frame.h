/* frame.h: frames on a stream socket. 16-byte header {u8 version, u8 type,
 * u16 zero, u32 seq, u32 meta_len, u32 blob_len}, little endian, then meta
 * (fields) and blob (raw bytes). A bad frame condemns the sender only. */
#ifndef BASE_FRAME_H
#define BASE_FRAME_H

#include "base/buf.h"
#include "base/field.h"
#include "base/why.h"

#define FRAME_VERSION 1u
#define FRAME_HEADER_SIZE 16u
#define FRAME_META_MAX (1024u * 1024u)
#define FRAME_BLOB_MAX (3u * 1024u * 1024u) /* a webhook's body: Meta's are not larger */
/* Of anything else: a record's own bytes, a response, a piece of a sample. */
#define FRAME_PIECE_MAX (1024u * 1024u)

struct frame {
	uint8_t type;
	uint32_t seq;
	struct jembatan_bytes meta, blob; /* borrowed from the reader */
};

/* Append one frame. FATAL (a bug or a field too large) when over a maximum. */
MUST_CHECK enum jembatan_result frame_pack(struct buf *out, uint8_t type, uint32_t seq,
					   const struct field *table, const void *from,
					   struct jembatan_bytes blob, struct why *why);

/* Take the first frame out of in: OK and *out_size bytes used, IDLE when it
 * is not complete yet, DATA when it is not a frame. */
MUST_CHECK enum jembatan_result frame_parse(struct jembatan_bytes in, struct frame *out,
					    size_t *out_size, struct why *why);

/* One end of a socket, non-blocking, for the loop; also usable blocking. */
struct channel;
struct channel *channel_new(int fd); /* owns fd, makes it non-blocking */
void channel_free(struct channel *c); /* NULL is fine; closes */
int channel_fd(const struct channel *c);

/* Queue a frame; it goes out with channel_flush. RETRY when more than 8 MiB
 * wait already: stop producing until flushed. */
MUST_CHECK enum jembatan_result channel_put(struct channel *c, uint8_t type, uint32_t seq,
					    const struct field *table, const void *from,
					    struct jembatan_bytes blob, struct why *why);
/* The same with fields that were packed before. */
MUST_CHECK enum jembatan_result channel_put_packed(struct channel *c, uint8_t type, uint32_t seq,
						   struct jembatan_bytes meta,
						   struct jembatan_bytes blob, struct why *why);
bool channel_wants_write(const struct channel *c);
size_t channel_waiting(const struct channel *c); /* bytes queued */
/* Write what the socket takes. OK, or GONE when the peer is away. */
MUST_CHECK enum jembatan_result channel_flush(struct channel *c, struct why *why);
/* Write all of it, waiting at most timeout_ms (-1: for ever). */
MUST_CHECK enum jembatan_result channel_flush_wait(struct channel *c, int64_t timeout_ms, struct why *why);

/* Read once from the socket. OK: something came; IDLE: would block; GONE: end. */
MUST_CHECK enum jembatan_result channel_fill(struct channel *c, struct why *why);
/* The next whole frame already read: OK, IDLE (none) or DATA (condemned).
 * Borrowed until the next channel_fill or channel_next. */
MUST_CHECK enum jembatan_result channel_next(struct channel *c, struct frame *out, struct why *why);
/* Blocking: fill until a frame is there or timeout_ms is over (RETRY). */
MUST_CHECK enum jembatan_result channel_wait(struct channel *c, int64_t timeout_ms,
					     struct frame *out, struct why *why);

#endif
