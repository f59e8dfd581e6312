/* link.h: the child's end of the socket to the core. Frames that are read
 * become letters of our own, because a plugin's call may read further frames
 * while it still uses the one that started it. */
#ifndef CONNECTOR_LINK_H
#define CONNECTOR_LINK_H

#include "base/msg.h"

struct letter {
	struct letter *next;
	uint8_t type;
	uint32_t seq;
	struct jembatan_bytes meta, blob; /* point behind the struct */
};

struct link {
	struct channel *channel; /* NULL: started by hand, nobody listens */
	struct letter *first, *last;
	size_t waiting;  /* letters read and not yet taken */
	uint32_t next_seq; /* of what we ask the core */
	bool stopping;   /* STOP has been read, or the core is gone */
	bool lost;       /* the core is gone */
};

void link_init(struct link *l, int fd); /* owns fd; -1: no core */
void link_done(struct link *l);

/* Queue a frame; flushes when 64 KiB wait. OK; DATA when it is too large for a
 * frame; FATAL when the core is gone. */
MUST_CHECK enum jembatan_result link_send(struct link *l, uint8_t type, uint32_t seq,
					  const struct field *table, const void *from,
					  struct jembatan_bytes blob, struct why *why);
MUST_CHECK enum jembatan_result link_flush(struct link *l, struct why *why);

/* The next letter in order; the caller frees. Meanwhile watch_fd (-1: none)
 * is waited on until due_mono_ms (-1: for ever): IDLE when it is readable or
 * the time has come. GONE when the core is away. */
MUST_CHECK enum jembatan_result link_next(struct link *l, int watch_fd, int64_t due_mono_ms,
					  struct letter **out, struct why *why);

/* Wait for the answer to what was sent with this seq; other letters are kept.
 * The caller frees. FATAL when the core is gone. */
MUST_CHECK enum jembatan_result link_await(struct link *l, uint8_t type, uint32_t seq,
					   struct letter **out, struct why *why);

/* Read what is there without waiting, so that `stopping` is up to date. */
void link_peek(struct link *l);

#endif
