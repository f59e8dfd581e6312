/* connector.h: the contract between Jembatan and a connector plugin.
 *
 * A plugin is a shared object that exports one function,
 * jembatan_connector_entry(). It is loaded by jembatan-connector, a confined,
 * single-threaded child process; the core daemon never loads it.
 *
 * Rules. Text is UTF-8, NUL-terminated. Whoever allocates frees. Pointers that
 * are handed over, in either direction, are borrowed for the duration of the
 * call. One thread, one call at a time. Structures only grow at the end and
 * carry their own size. Times ending in _ms are UTC milliseconds since 1970.
 * This header needs C11 or C++ and nothing else of Jembatan. */
#ifndef JEMBATAN_CONNECTOR_H
#define JEMBATAN_CONNECTOR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The ABI. Another major, or a newer minor than the host's, is refused. It is
 * 0.x until it has been frozen as 1.0: rebuild plugins with each 0.x. */
#define JEMBATAN_ABI_MAJOR 0u
#define JEMBATAN_ABI_MINOR 5u

#if defined(__GNUC__)
#define JEMBATAN_EXPORT __attribute__((visibility("default")))
#define JEMBATAN_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define JEMBATAN_MUST_CHECK __attribute__((warn_unused_result))
#else
#define JEMBATAN_EXPORT
#define JEMBATAN_PRINTF(f, a)
#define JEMBATAN_MUST_CHECK
#endif

/* A result is an instruction to the caller. The core uses the same words. */
enum jembatan_result {
	JEMBATAN_OK = 0, /* done; poll: there may be more, call again at once */
	JEMBATAN_IDLE,   /* nothing new; call again after the interval */
	JEMBATAN_RETRY,  /* a passing failure; call again, later each time */
	JEMBATAN_AUTH,   /* credentials refused: pause and alert */
	JEMBATAN_CONFIG, /* cannot work as configured: pause until it changes */
	JEMBATAN_DATA,   /* this record cannot be used; go on with the next */
	JEMBATAN_GONE,   /* the thing asked for exists no more */
	JEMBATAN_FATAL   /* this child cannot go on: restart it */
};

/* What a plugin can do (struct jembatan_connector.capabilities). */
#define JEMBATAN_CAN_POLL 1u    /* poll() */
#define JEMBATAN_CAN_REQUEST 2u /* request(): HTTP to the instance's path */
#define JEMBATAN_CAN_REPLY 4u   /* reply() */
#define JEMBATAN_CAN_FETCH 8u   /* fetch(): attachments by reference */
#define JEMBATAN_CAN_PREVIEW 16u /* preview(): shows what a sample becomes */
/* preview() also takes posts that a person copied: {"posts_by_hand": [{"line",
 * "url", "text", "author", "name", "sent", "media": [...]}]}. Each is a record
 * begun as "line N" and becomes one message, with the id under which the channel
 * itself would bring it; nothing, when the link is not of this channel. */
#define JEMBATAN_CAN_HAND 32u
#define JEMBATAN_CAN_CONSENT 64u /* consent(): an account's first consent */

/* Borrowed bytes, not NUL-terminated. */
struct jembatan_bytes {
	const void *data;
	size_t size;
};

/* ---- options ----------------------------------------------------------- */

enum jembatan_option_type {
	JEMBATAN_STRING,
	JEMBATAN_SECRET,   /* from a file, the environment or a credential */
	JEMBATAN_INTEGER,  /* minimum .. maximum */
	JEMBATAN_BOOLEAN,  /* true or false; get_integer gives 1 or 0 */
	JEMBATAN_DURATION, /* "30s", "5m", "2h", "1d"; get_integer gives ms */
	JEMBATAN_BYTES,    /* "64KiB", "10MiB"; get_integer gives bytes */
	JEMBATAN_URL,      /* absolute; choices lists the allowed schemes */
	JEMBATAN_PATH,     /* absolute; readable inside the confinement */
	JEMBATAN_CHOICE,   /* one of choices */
	JEMBATAN_LIST,     /* of strings: get_entry, key is NULL */
	JEMBATAN_MAP,      /* of key to string: get_entry */
	JEMBATAN_SECRET_MAP /* of key to secret: get_entry */
};

/* Option flags: */
#define JEMBATAN_REQUIRED 1u /* must be set */
/* since 0.4: a PATH: files in this folder may be made, moved and removed */
#define JEMBATAN_WRITABLE 2u

/* One setting, declared as data: gives validation, documentation and errors
 * with file and line. A table ends with an entry whose name is NULL. */
struct jembatan_option {
	const char *name;
	enum jembatan_option_type type;
	unsigned flags;
	const char *preset;         /* as it would be written in YAML; or NULL */
	int64_t minimum, maximum;   /* numbers; both 0: no bounds */
	const char *const *choices; /* CHOICE and URL; ends with NULL; or NULL */
	const char *help;           /* one sentence */
};

/* ---- messages ---------------------------------------------------------- */

enum jembatan_kind {
	JEMBATAN_NEW = 0,   /* a complaint, as far as the channel can tell */
	JEMBATAN_FOLLOW_UP, /* an answer within a known thread */
	JEMBATAN_EDIT,      /* the same id with new content */
	JEMBATAN_DELETION,  /* the citizen took it back; what we hold stays */
	JEMBATAN_REACTION,  /* an emoji; never a complaint */
	JEMBATAN_RECEIPT,   /* about something we sent: prefer receipt() */
	JEMBATAN_SYSTEM,    /* automatic mail, bounce, number change: stored */
	JEMBATAN_UNREADABLE, /* the channel cannot show it: ask to resend; text:
				why, one sentence without the citizen's words */
	JEMBATAN_IGNORED    /* own posts, reposts: stored, nothing follows */
};

/* Flags of a message. anonymous and secret are never relaxed on the way. */
#define JEMBATAN_ANONYMOUS 1u /* hide the reporter's identity (anonim) */
#define JEMBATAN_SECRET_REPORT 2u /* the report itself is not public (rahasia) */
#define JEMBATAN_AUTOMATIC 4u /* a machine wrote it: never answer */
#define JEMBATAN_FROM_CENTRE 8u /* the record came from the centre itself:
				   linked, never pushed */
#define JEMBATAN_HAS_POSITION 16u /* latitude and longitude are set */
#define JEMBATAN_UNSURE 32u /* it may be no complaint: a person looks first */

struct jembatan_author {
	const char *id;    /* the channel's stable id; never shown */
	const char *name;
	const char *phone; /* E.164 where possible, else as given */
	const char *mail;
	const char *handle; /* as shown in public, such as @name */
	const char *identity_number; /* NIK, only where the source has a field */
};

struct jembatan_place {
	const char *province, *regency, *district, *village;
	const char *address;     /* free text */
	const char *code;        /* region code ... */
	const char *code_system; /* ... and whose: "kemendagri" or "bps" */
	double latitude, longitude; /* with JEMBATAN_HAS_POSITION */
};

/* Either `spool` (written with spool_open, spool_write, spool_close), or
 * `reference`, to be fetched later so that it never holds up a ticket. */
struct jembatan_attachment {
	const char *name;       /* as the sender named it: untrusted; or NULL */
	const char *media_type; /* or NULL */
	const char *spool;      /* token from spool_close; or NULL */
	const char *reference;  /* for fetch(); or NULL */
};

/* A message. Zero it, set size, fill in what is known. Unknown: NULL or 0. */
struct jembatan_message {
	size_t size; /* sizeof(struct jembatan_message) */
	const char *id;       /* the remote's own id; NULL: keyed by content */
	const char *revision; /* changes when the content of the same id does */
	enum jembatan_kind kind;
	unsigned flags;
	const char *thread;   /* the channel's conversation id */
	const char *reply_to; /* remote id of the message this one answers */
	struct jembatan_author author;
	const char *subject;
	const char *text;      /* what the citizen wrote, quotes and signature cut */
	const char *full_text; /* nothing cut; NULL: same as text */
	int64_t sent_ms;       /* as claimed by the sender */
	int64_t arrived_ms;    /* by the channel's own clock; gates `start:` */
	const char *incident_date; /* as written; the core resolves it */
	const char *category;  /* the source's own word */
	const char *status;    /* the source's own state, mapped where known */
	struct jembatan_place place;
	const char *tracking_id; /* the centre's number, when already known */
	struct jembatan_bytes raw; /* exact bytes; empty: those given to begin */
	const char *raw_type;  /* media type of raw */
	const char *extra;     /* one JSON object, or NULL */
	const struct jembatan_attachment *attachments;
	size_t attachment_count;
	/* since 0.2: */
	const char *thread_alias; /* by this name other messages of the thread may come */
};

/* Something we sent has got somewhere. */
enum jembatan_receipt_state {
	JEMBATAN_RECEIPT_SENT = 0,
	JEMBATAN_RECEIPT_DELIVERED,
	JEMBATAN_RECEIPT_READ,
	JEMBATAN_RECEIPT_FAILED
};

struct jembatan_receipt {
	size_t size;
	const char *remote_id; /* what reply() returned; or NULL */
	const char *reference; /* our own reference, if the channel echoes it */
	enum jembatan_receipt_state state;
	const char *reason;    /* for FAILED: the remote's code and words */
	int64_t at_ms;
	/* Two names that the remote says are one person's, as in a message;
	 * or NULL. Since 0.4. */
	const char *thread, *thread_alias;
};

/* ---- request, reply ---------------------------------------------------- */

struct jembatan_header {
	const char *name, *value;
};

struct jembatan_request {
	size_t size;
	const char *method;
	const char *path;  /* below the instance's own path, begins with / */
	const char *query; /* undecoded, without ?; or NULL */
	const struct jembatan_header *headers;
	size_t header_count;
	struct jembatan_bytes body; /* the exact bytes that came in */
	const char *peer;           /* address of the sender, as text */
};

/* Filled in by the plugin; what it points to lives until request() is called
 * again or close(). Released to the sender only after the commit. */
struct jembatan_response {
	size_t size;
	unsigned status; /* 200 .. 599 */
	const char *media_type;
	struct jembatan_bytes body;
};

#define JEMBATAN_SETTLE 1u /* do not send: find out whether it was sent */

struct jembatan_reply {
	size_t size;
	const char *reference; /* our stable key of this reply */
	unsigned flags;
	const char *event;     /* received, number, status, question, ... */
	const char *thread;
	const char *reply_to;  /* remote id of the citizen's message */
	const char *to;        /* author.id, phone, mail or handle, or the
				  message's id, as `to_kind` */
	const char *to_kind;   /* "id", "phone", "mail", "handle", "record" */
	const char *subject;
	const char *text;
	const char *language;  /* "id", "en" */
	int64_t window_until_ms; /* free text allowed until then; 0: always */
	const char *extra;     /* one JSON object, or NULL: what the text was
				  made of, for channels with forms of their own:
				  reference, number, status, state, office, title,
				  institution, answer, missing, deadline */
};

enum jembatan_outcome {
	JEMBATAN_SENT = 0, /* it is out; remote_id says as what */
	JEMBATAN_REFUSED,  /* it will never go out like this */
	JEMBATAN_NOT_SENT, /* it certainly did not go out: may be sent again */
	JEMBATAN_UNKNOWN,  /* it may have gone out: never send again and hope */
	JEMBATAN_LATER,    /* not before at_ms */
	JEMBATAN_NOT_TOLD  /* the channel has no way to say this: another one
			      may, else nobody misses it */
};

struct jembatan_delivery {
	size_t size;
	enum jembatan_outcome outcome;
	char remote_id[256];
	int64_t at_ms;
};

/* ---- what a plugin may call -------------------------------------------- */

struct jembatan_context;
struct jembatan_spool; /* a file being written by the host */

enum jembatan_level { JEMBATAN_DEBUG, JEMBATAN_INFO, JEMBATAN_NOTICE,
		      JEMBATAN_WARNING, JEMBATAN_ERROR };

/* The host's functions. Use the jembatan_...() wrappers below. */
struct jembatan_host {
	size_t size;
	enum jembatan_result (*begin)(struct jembatan_context *, const char *id,
				      struct jembatan_bytes raw,
				      const char *raw_type);
	enum jembatan_result (*emit)(struct jembatan_context *,
				     const struct jembatan_message *);
	enum jembatan_result (*checkpoint)(struct jembatan_context *,
					   const char *cursor);
	enum jembatan_result (*receipt)(struct jembatan_context *,
					const struct jembatan_receipt *);
	enum jembatan_result (*state_get)(struct jembatan_context *,
					  const char *key,
					  struct jembatan_bytes *out_value);
	enum jembatan_result (*state_put)(struct jembatan_context *,
					  const char *key,
					  struct jembatan_bytes value);
	enum jembatan_result (*watch)(struct jembatan_context *, int fd,
				      int64_t timeout_ms);
	const char *(*get_string)(struct jembatan_context *, const char *name);
	int64_t (*get_integer)(struct jembatan_context *, const char *name);
	bool (*get_entry)(struct jembatan_context *, const char *name,
			  size_t index, const char **out_key,
			  const char **out_value);
	const char *(*where)(struct jembatan_context *, const char *name,
			     const char *key);
	bool (*stopping)(struct jembatan_context *);
	enum jembatan_result (*vexplain)(struct jembatan_context *,
					 enum jembatan_result,
					 const char *format, va_list);
	void (*delay)(struct jembatan_context *, int64_t ms);
	void (*vlog)(struct jembatan_context *, enum jembatan_level,
		     const char *format, va_list);
	int64_t (*now_ms)(struct jembatan_context *);
	enum jembatan_result (*spool_open)(struct jembatan_context *,
					   struct jembatan_spool **out_spool);
	enum jembatan_result (*spool_write)(struct jembatan_context *,
					    struct jembatan_spool *,
					    struct jembatan_bytes);
	enum jembatan_result (*spool_close)(struct jembatan_context *,
					    struct jembatan_spool *,
					    const char **out_token);
	enum jembatan_result (*checkpoint_ahead)(struct jembatan_context *,
						 const char *cursor); /* since 0.5 */
};

#define JEMBATAN_MODE_CHECK 1u   /* no network; only check() is called */
#define JEMBATAN_MODE_PREVIEW 2u /* no network; only preview() is called */
#define JEMBATAN_MODE_DRY 4u     /* backfill --dry-run: nothing is stored */

/* Given to every call; valid until close() has returned. */
struct jembatan_context {
	size_t size;
	const struct jembatan_host *host;
	const char *instance; /* its name in the configuration */
	int64_t start_ms;     /* take nothing that arrived before; 0: all */
	unsigned mode;        /* JEMBATAN_MODE_... */
	void *host_data;      /* the host's own */
};

/* Call before parsing a record: its exact bytes reach the core first, so that
 * a record which kills its parser is still kept. id may be NULL. Returns OK,
 * or DATA: this record is in quarantine, go on with the next one. In request()
 * the body has been begun already. */
static inline JEMBATAN_MUST_CHECK enum jembatan_result
jembatan_begin(struct jembatan_context *ctx, const char *id,
	       struct jembatan_bytes raw, const char *raw_type)
{
	return ctx->host->begin(ctx, id, raw, raw_type);
}

/* Hand over one message. It is on disk only after checkpoint (poll) or when
 * the response has been released (request). */
static inline JEMBATAN_MUST_CHECK enum jembatan_result
jembatan_emit(struct jembatan_context *ctx, const struct jembatan_message *m)
{
	return ctx->host->emit(ctx, m);
}

/* poll only. Returns OK once all messages emitted so far and this cursor are
 * on disk; only then may the source be told. The cursor is what the next
 * open() gets. NULL leaves the cursor as it is. */
static inline JEMBATAN_MUST_CHECK enum jembatan_result
jembatan_checkpoint(struct jembatan_context *ctx, const char *cursor)
{
	return ctx->host->checkpoint(ctx, cursor);
}

/* The same without waiting, for a source that need not be told: OK says that all
 * of it is handed over, in this order. It is on disk when the next checkpoint of
 * either kind returns, or poll ends. When it cannot be stored the child is ended
 * and begins again at the cursor on disk: there is nothing to go back to. A poll that
 * ends with it and returns OK may be called again before the core asks. Since 0.5. */
static inline JEMBATAN_MUST_CHECK enum jembatan_result
jembatan_checkpoint_ahead(struct jembatan_context *ctx, const char *cursor)
{
	return ctx->host->checkpoint_ahead(ctx, cursor);
}

/* Report what became of something sent earlier. */
static inline JEMBATAN_MUST_CHECK enum jembatan_result
jembatan_receipt_put(struct jembatan_context *ctx,
		     const struct jembatan_receipt *r)
{
	return ctx->host->receipt(ctx, r);
}

/* Small values of the plugin's own, sealed at rest, at most 64 KiB each.
 * state_get: GONE when there is none; the bytes are borrowed until the next
 * call. state_put: durable when it returns OK; an empty value deletes. */
static inline JEMBATAN_MUST_CHECK enum jembatan_result
jembatan_state_get(struct jembatan_context *ctx, const char *key,
		   struct jembatan_bytes *out_value)
{
	return ctx->host->state_get(ctx, key, out_value);
}

static inline JEMBATAN_MUST_CHECK enum jembatan_result
jembatan_state_put(struct jembatan_context *ctx, const char *key,
		   struct jembatan_bytes value)
{
	return ctx->host->state_put(ctx, key, value);
}

/* poll only, just before returning IDLE: call poll() again when fd is readable
 * or after timeout_ms, whichever comes first (IMAP IDLE, a stream). */
static inline JEMBATAN_MUST_CHECK enum jembatan_result
jembatan_watch(struct jembatan_context *ctx, int fd, int64_t timeout_ms)
{
	return ctx->host->watch(ctx, fd, timeout_ms);
}

/* An option's checked value, or its preset; NULL when unset. Borrowed until
 * close(). Do not log secrets. */
static inline const char *
jembatan_get_string(struct jembatan_context *ctx, const char *name)
{
	return ctx->host->get_string(ctx, name);
}

/* INTEGER, BOOLEAN, DURATION (ms), BYTES; 0 when unset. */
static inline int64_t
jembatan_get_integer(struct jembatan_context *ctx, const char *name)
{
	return ctx->host->get_integer(ctx, name);
}

/* The index-th entry of a LIST or MAP option in the order written; false at
 * the end. */
static inline bool
jembatan_get_entry(struct jembatan_context *ctx, const char *name, size_t index,
		   const char **out_key, const char **out_value)
{
	return ctx->host->get_entry(ctx, name, index, out_key, out_value);
}

/* Where an option, or one entry of a MAP (key, else NULL), was written, such
 * as "profiles/sapawarga.yaml:34"; "built in" for a preset. Borrowed until
 * the next call. */
static inline const char *
jembatan_where(struct jembatan_context *ctx, const char *name, const char *key)
{
	return ctx->host->where(ctx, name, key);
}

/* True when the daemon wants this child to finish: checkpoint and return. */
static inline bool
jembatan_stopping(struct jembatan_context *ctx)
{
	return ctx->host->stopping(ctx);
}

/* One sentence for the operator about the result (DATA in poll(): about the record begun last):
 * what happened and what to do next, without citizens' words. Returns `result`. */
static inline JEMBATAN_PRINTF(3, 4) enum jembatan_result
jembatan_explain(struct jembatan_context *ctx, enum jembatan_result result,
		 const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	result = ctx->host->vexplain(ctx, result, format, ap);
	va_end(ap);
	return result;
}

/* With RETRY: not before this many milliseconds (Retry-After). */
static inline void
jembatan_delay(struct jembatan_context *ctx, int64_t ms)
{
	ctx->host->delay(ctx, ms);
}

static inline JEMBATAN_PRINTF(3, 4) void
jembatan_log(struct jembatan_context *ctx, enum jembatan_level level,
	     const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	ctx->host->vlog(ctx, level, format, ap);
	va_end(ap);
}

/* The time: use it instead of time(), tests hold it. */
static inline int64_t
jembatan_now_ms(struct jembatan_context *ctx)
{
	return ctx->host->now_ms(ctx);
}

/* An attachment, written in pieces into the instance's spool, encrypted. The
 * token goes into jembatan_attachment.spool and is borrowed until the next
 * checkpoint. spool_close frees the spool in every case. DATA: larger than
 * the ceiling; the attachment is then listed as missing. */
static inline JEMBATAN_MUST_CHECK enum jembatan_result
jembatan_spool_open(struct jembatan_context *ctx, struct jembatan_spool **out)
{
	return ctx->host->spool_open(ctx, out);
}

static inline JEMBATAN_MUST_CHECK enum jembatan_result
jembatan_spool_write(struct jembatan_context *ctx, struct jembatan_spool *s,
		     struct jembatan_bytes piece)
{
	return ctx->host->spool_write(ctx, s, piece);
}

static inline JEMBATAN_MUST_CHECK enum jembatan_result
jembatan_spool_close(struct jembatan_context *ctx, struct jembatan_spool *s,
		     const char **out_token)
{
	return ctx->host->spool_close(ctx, s, out_token);
}

/* ---- what a plugin provides -------------------------------------------- */

struct jembatan_operations {
	size_t size;
	/* Options beyond what the table says; no network, no side effects.
	 * NULL: the table says it all. */
	enum jembatan_result (*check)(struct jembatan_context *);
	/* Prepare. cursor: the last one checkpointed; NULL at the first start.
	 * At most 30 s. */
	enum jembatan_result (*open)(struct jembatan_context *,
				     const char *cursor, void **out_self);
	/* Bring what is new: begin, emit, ..., checkpoint. At most 120 s per
	 * call; OK means there is more. */
	enum jembatan_result (*poll)(struct jembatan_context *, void *self);
	/* Answer one HTTP request. At most 10 s. Never checkpoints. */
	enum jembatan_result (*request)(struct jembatan_context *, void *self,
					const struct jembatan_request *,
					struct jembatan_response *out);
	/* Send, or with JEMBATAN_SETTLE find out. */
	enum jembatan_result (*reply)(struct jembatan_context *, void *self,
				      const struct jembatan_reply *,
				      struct jembatan_delivery *out);
	/* Bring the attachment into the open spool; the host closes it. */
	enum jembatan_result (*fetch)(struct jembatan_context *, void *self,
				      const char *reference,
				      struct jembatan_spool *);
	/* Emit what this sample would become: a page of an API's answer, an
	 * .eml, a webhook body. No network, no open() before it. */
	enum jembatan_result (*preview)(struct jembatan_context *,
					struct jembatan_bytes sample);
	void (*close)(struct jembatan_context *, void *self);
	/* since 0.3: */
	/* Somebody lets an account consent (OAuth2). answer NULL: begin; *out_url
	 * is the page to open, borrowed until the next call. Else: the address at
	 * which the browser ended: exchange what it holds and keep what is given in
	 * the state; *out_url is left alone. At most 30 s. */
	enum jembatan_result (*consent)(struct jembatan_context *, void *self,
					const char *answer, const char **out_url);
};

struct jembatan_connector {
	uint32_t abi_major, abi_minor;
	size_t size; /* sizeof(struct jembatan_connector) */
	const char *name; /* [a-z0-9-], the file is <name>.so */
	const char *version;
	const char *summary; /* one line */
	unsigned capabilities;
	const struct jembatan_option *options; /* ends with a NULL name */
	const struct jembatan_operations *operations;
};

/* The one exported function: pure, returns a const table. */
JEMBATAN_EXPORT const struct jembatan_connector *jembatan_connector_entry(void);

#ifdef __cplusplus
}
#endif

#endif
