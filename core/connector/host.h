/* host.h: what stands behind struct jembatan_context: the plugin's view of the
 * core. Filled in by main.c, used by the functions of struct jembatan_host. */
#ifndef CONNECTOR_HOST_H
#define CONNECTOR_HOST_H

#include "connector/link.h"
#include "base/spool.h"

/* Which of its functions the plugin is in; bits, so that sets can be named. */
enum host_call {
	HOST_CALL_NONE = 0,
	HOST_CALL_CHECK = 1,
	HOST_CALL_OPEN = 2,
	HOST_CALL_POLL = 4,
	HOST_CALL_REQUEST = 8,
	HOST_CALL_REPLY = 16,
	HOST_CALL_FETCH = 32,
	HOST_CALL_PREVIEW = 64,
	HOST_CALL_CLOSE = 128,
	HOST_CALL_CONSENT = 256
};

struct host {
	struct jembatan_context context; /* what the plugin gets */
	struct link link;
	struct spool spool;
	const struct jembatan_connector *plugin;
	void *self;            /* of open() */
	struct msg_open open;
	struct arena *arena;   /* of `open` and its options; lives as long */
	struct arena *scratch; /* of one frame being made */

	enum host_call call;
	uint32_t call_seq; /* of the frame that started the call */
	struct why why;    /* what the plugin explained in this call */
	int64_t delay_ms;
	int watch_fd;          /* -1: none */
	int64_t watch_ms;
	struct digest begun;   /* of the raw bytes last begun ... */
	bool has_begun;        /* ... if any in this call */
	struct why spool_why;  /* why an attachment is missing; "" if none is */
	struct letter *value;  /* the last answer of state_get */
	uint32_t ahead;        /* seq of the checkpoint that nobody has waited for; 0: none */
	struct why not_stored; /* why one of those failed; "" if none has */
};

/* The table given to every context; its host_data is a struct host. */
extern const struct jembatan_host host_functions;

/* fd -1: by hand, without a core. The host owns fd and arena. */
void host_init(struct host *h, int fd, struct arena *arena);
/* What the core said in OPEN; its texts and lists live in the arena. */
void host_set_open(struct host *h, const struct msg_open *open, const char *spool_folder);
void host_done(struct host *h);

/* Before and after each call of one of the plugin's functions. */
void host_enter(struct host *h, enum host_call call, uint32_t seq);
void host_leave(struct host *h);

struct host *host_of(struct jembatan_context *context);
/* True when the plugin is in one of these calls; else explains, logs, false. */
bool host_may(struct host *h, unsigned calls, const char *function);
/* Valid UTF-8 without controls, cut at max bytes, in h->scratch; NULL stays. */
const char *host_clean(struct host *h, const char *text, size_t max_bytes, bool *out_cut);
/* Does the core want this child to finish? */
bool host_is_stopping(struct host *h);
void host_log(struct host *h, enum jembatan_level level, const char *text);
/* Wait until the core has stored what was sent with this seq: OK, RETRY or
 * FATAL, explained. */
MUST_CHECK enum jembatan_result host_await_commit(struct host *h, uint32_t seq);
/* Fills in `why` of a frame: what the plugin explained, or NULL. */
const char *host_explained(struct host *h);

/* records.c */
enum jembatan_result records_begin(struct jembatan_context *context, const char *id,
				   struct jembatan_bytes raw, const char *raw_type);
enum jembatan_result records_emit(struct jembatan_context *context,
				  const struct jembatan_message *message);
enum jembatan_result records_checkpoint(struct jembatan_context *context, const char *cursor);
enum jembatan_result records_checkpoint_ahead(struct jembatan_context *context,
					      const char *cursor);
/* Wait for the checkpoint that was left behind, if any. FATAL: it is not stored,
 * and the child has to end; so from then on, whatever the plugin does. */
MUST_CHECK enum jembatan_result records_settle(struct host *h);
enum jembatan_result records_receipt(struct jembatan_context *context,
				     const struct jembatan_receipt *receipt);
enum records_skip {
	RECORDS_READ,
	RECORDS_LEAVE,   /* the core has it in quarantine */
	RECORDS_KEEP_RAW /* its id killed in several forms: this one is not read either */
};
enum records_skip records_skip(const struct host *h, const char *id, struct jembatan_bytes raw);
/* The plugin has explained why the record begun last cannot be used: the core
 * hears it now, since the plugin may go on with the next. */
void records_unusable(struct host *h);
/* Send BEGIN and flush it. */
MUST_CHECK enum jembatan_result records_send_begin(struct host *h, const char *id,
						   struct jembatan_bytes raw,
						   const char *raw_type);

/* values.c: options and state */
const char *values_string(struct jembatan_context *context, const char *name);
int64_t values_integer(struct jembatan_context *context, const char *name);
bool values_entry(struct jembatan_context *context, const char *name, size_t index,
		  const char **out_key, const char **out_value);
const char *values_where(struct jembatan_context *context, const char *name, const char *key);
enum jembatan_result values_state_get(struct jembatan_context *context, const char *key,
				      struct jembatan_bytes *out_value);
enum jembatan_result values_state_put(struct jembatan_context *context, const char *key,
				      struct jembatan_bytes value);

#endif
