/* testctx.h: a context for plugin tests without host and core: options come
 * from a table, and what the plugin says is written down. Not installed. */
#ifndef KIT_TESTCTX_H
#define KIT_TESTCTX_H

#include <jembatan/connector.h>

struct testctx;

/* An option's value; key for MAP entries, NULL else (LIST: one row each).
 * Numbers, durations, sizes and booleans are given as they would be written in
 * YAML ("30s", "16MiB", "true"). A table ends with a NULL name. */
struct testctx_option {
	const char *name, *key, *value;
};

/* rows: set options; declared: the plugin's own table for presets, or NULL.
 * Both must live as long. testctx_free takes NULL. */
struct testctx *testctx_new(const struct testctx_option *rows,
			    const struct jembatan_option *declared);
void testctx_free(struct testctx *t);
struct jembatan_context *testctx_context(struct testctx *t);

/* What has been recorded so far; borrowed until testctx_forget. */
size_t testctx_emit_count(const struct testctx *t);
const struct jembatan_message *testctx_emit(const struct testctx *t, size_t index);
size_t testctx_begin_count(const struct testctx *t);
const char *testctx_begin_id(const struct testctx *t, size_t index); /* or NULL */
size_t testctx_checkpoint_count(const struct testctx *t); /* of either kind */
size_t testctx_ahead_count(const struct testctx *t); /* those that did not wait */
const char *testctx_cursor(const struct testctx *t); /* last one said; or NULL */
size_t testctx_emits_at_checkpoint(const struct testctx *t); /* at the last one */
size_t testctx_receipt_count(const struct testctx *t);
const struct jembatan_receipt *testctx_receipt(const struct testctx *t, size_t index);
const char *testctx_explanation(const struct testctx *t); /* the last; "" */
int64_t testctx_delay(const struct testctx *t); /* the last; -1 */
const char *testctx_log(const struct testctx *t); /* all lines, joined by \n */
int testctx_watched_fd(const struct testctx *t); /* -1: none */
struct jembatan_bytes testctx_spooled(const struct testctx *t, const char *token);
/* Drop emits, begins, checkpoints, explanations and log; keep the state. */
void testctx_forget(struct testctx *t);

/* What the host would answer. */
void testctx_set_now(struct testctx *t, int64_t now_ms); /* else the real clock */
void testctx_set_stopping(struct testctx *t, bool stopping);
/* begin of this id answers DATA (quarantined earlier); NULL: of none. */
void testctx_skip(struct testctx *t, const char *id);
/* The n-th checkpoint from now (1 is the next) answers RETRY. 0: never. */
void testctx_fail_checkpoint(struct testctx *t, unsigned n);
/* The n-th state_put from now answers RETRY and keeps nothing. 0: never. */
void testctx_fail_state(struct testctx *t, unsigned n);
void testctx_set_spool_ceiling(struct testctx *t, size_t bytes);
/* A spool to hand to fetch(); read it with testctx_spooled(t, "fetch"). */
struct jembatan_spool *testctx_spool(struct testctx *t);

#endif
