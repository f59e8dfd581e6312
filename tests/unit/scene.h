/* scene.h: a connector, opened in this process, and the fake that it talks to as
 * a child. A failure ends the test. */
#ifndef TESTS_UNIT_SCENE_H
#define TESTS_UNIT_SCENE_H

#include "../fake/drive.h"
#include "kit/testctx.h"

#define SCENE_NOW_MS INT64_C(1800000000000) /* 2027-01-15T08:00:00Z */
#define SCENE_OPTIONS_MAX 24

struct scene {
	struct drive peer;
	struct testctx *t;
	const struct jembatan_operations *ops;
	void *self;
	struct jembatan_delivery out; /* of the last scene_reply */
	struct testctx_option rows[SCENE_OPTIONS_MAX]; /* what t reads */
};

/* Starts the fake, with everything else of s zero; arguments end with NULL.
 * scene_stop closes the connector too, if it is open. */
void scene_start(struct scene *s, const char *program, const char *const *arguments);
void scene_stop(struct scene *s);

/* The connector, with the clock at SCENE_NOW_MS. rows end with a NULL name; what
 * they point to must live as long. Opening again closes it first, as a restart
 * does; cursor may be NULL. */
void scene_open(struct scene *s, const struct testctx_option *rows, const char *cursor);
void scene_close(struct scene *s);

/* As after a kill: the state and the last cursor are what is on disk. */
void scene_restart(struct scene *s);

enum jembatan_result scene_poll(struct scene *s);
/* Polls until one does not say OK, which is the result. */
enum jembatan_result scene_walk(struct scene *s);
/* The same at a time, and only what it emits is there afterwards. */
enum jembatan_result scene_walk_at(struct scene *s, int64_t now_ms);
enum jembatan_result scene_reply(struct scene *s, const struct jembatan_reply *reply);

/* Tells the fake something that it must take: POST path, body as JSON. */
void scene_tell(struct scene *s, const char *path, const char *body);
/* How many messages with this id were emitted; of this kind. */
int scene_came(struct scene *s, const char *id);
int scene_told(struct scene *s, const char *id, enum jembatan_kind kind);
/* A number among the facts that the last poll noted for `status`; -1 if it is not. */
int64_t scene_fact(struct scene *s, const char *name);

/* What the fake has seen: GET /_state. The caller's. */
json_t *scene_state(struct scene *s);
/* A number of it, by its path; 0 if there is none. */
int64_t scene_number(struct scene *s, const char *path);
/* How often it was asked for this. */
int64_t scene_asked(struct scene *s, const char *where);

#endif
