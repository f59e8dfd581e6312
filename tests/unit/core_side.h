/* core_side.h: plays the core to a jembatan-connector process. A test that is
 * root becomes nobody first. One child at a time; failures end the test. */
#ifndef TESTS_CORE_SIDE_H
#define TESTS_CORE_SIDE_H

#include "base/msg.h"

#include <sys/types.h>

struct core_side {
	char folder[64], spool[96]; /* made by core_side_setup */
	pid_t pid;
	struct channel *channel;
	struct arena *arena; /* what unpacked frames point into */
	uint32_t seq;        /* of the last frame sent */
	char log[8192];      /* what the child has logged, line by line */
	const char *environment; /* "NAME=value" for the child, or NULL */
	const char *confinement; /* "required" unless set */
	struct msg_open open;    /* of the next core_side_open */
};

void core_side_setup(struct core_side *c);
void core_side_setup_as_is(struct core_side *c); /* root stays root */
void core_side_teardown(struct core_side *c); /* kills, removes the folder */

/* Copy a built plugin, of tests/conform or of those that are shipped, into the
 * folder; as: its new name, NULL: its own. */
void core_side_install(struct core_side *c, const char *plugin, const char *as);
/* Start the process; nothing is sent. */
void core_side_start(struct core_side *c, const char *plugin);
/* Start, send c->open, take MANIFEST (and DONE(OK), unless in check/preview). */
void core_side_open(struct core_side *c, const char *plugin);

uint32_t core_side_send(struct core_side *c, enum msg_type type, const struct field *table,
			const void *from, struct jembatan_bytes blob);
uint32_t core_side_ask(struct core_side *c, enum msg_type type); /* without fields */
void core_side_answer(struct core_side *c, uint32_t seq, enum jembatan_result result);

/* The next frame but LOG, which must be of this type; unpacked into *out when
 * a table is given. The frame's bytes live until the teardown. */
struct frame core_side_expect(struct core_side *c, enum msg_type type, const struct field *table,
			      void *out);
/* The next frame but LOG, whatever it is. */
struct frame core_side_next(struct core_side *c);
/* DONE with this result; returns its sentence, "" if none. */
const char *core_side_expect_done(struct core_side *c, enum jembatan_result result);
/* CHECKPOINT, answered with OK; returns its cursor. */
const char *core_side_commit(struct core_side *c);
/* No frame comes any more: the wait status of the process. */
int core_side_wait(struct core_side *c);
/* STOP, and it exits with 0. */
void core_side_stop(struct core_side *c);

/* Write a file into the folder; returns its path, in the arena. */
const char *core_side_write(struct core_side *c, const char *name, const char *content);
size_t core_side_spool_count(const struct core_side *c);
/* The plain content of a spooled file. */
void core_side_unseal(const struct core_side *c, const struct msg_spooled *s, struct buf *out);

#endif
