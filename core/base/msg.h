/* msg.h: what the frames between core, children and command carry: a struct
 * and a table of fields for each. The packed form of msg_message is also what
 * the store seals. */
#ifndef BASE_MSG_H
#define BASE_MSG_H

#include "base/digest.h"
#include "base/box.h"
#include "base/frame.h"

enum msg_type {
	/* core to child */
	MSG_DESCRIBE = 1, /* (nothing); answered by MANIFEST or DONE */
	MSG_OPEN = 2,     /* msg_open; answered by MANIFEST, then DONE */
	MSG_POLL = 3,     /* (nothing); answered by DONE */
	MSG_REQUEST = 4,  /* msg_request, blob = body; answered by RESPONSE */
	MSG_REPLY = 5,    /* msg_reply; answered by DELIVERED */
	MSG_FETCH = 6,    /* msg_fetch; answered by FETCHED */
	MSG_COMMITTED = 7, /* answers CHECKPOINT, STATE_PUT; same seq; msg_result */
	MSG_VALUE = 8,    /* answers STATE_GET; same seq; msg_state, blob */
	MSG_SAMPLE = 9,   /* msg_sample, blob in pieces; answered by DONE */
	MSG_CHECK = 10,   /* (nothing); calls check(); answered by DONE */
	MSG_STOP = 11,    /* finish, close(), exit 0 */
	/* child to core */
	MSG_MANIFEST = 32,
	MSG_BEGIN = 33,      /* msg_begin, blob = raw */
	MSG_MESSAGE = 34,    /* msg_message, blob = raw unless it was begun */
	MSG_CHECKPOINT = 35, /* msg_checkpoint; waits for COMMITTED */
	MSG_RECEIPT = 36,    /* msg_receipt */
	MSG_STATE_GET = 37,  /* msg_state */
	MSG_STATE_PUT = 38,  /* msg_state, blob = value */
	MSG_LOG = 39,        /* msg_log */
	MSG_DONE = 40,       /* msg_result; seq of what it answers */
	MSG_RESPONSE = 41,   /* msg_response, blob = body */
	MSG_DELIVERED = 42,  /* msg_delivered */
	MSG_FETCHED = 43,    /* msg_fetched */
	MSG_WAKE = 44,       /* (nothing): the watched fd is readable: POLL me */
	/* command to core and back */
	MSG_COMMAND = 64,  /* msg_command */
	MSG_ROW = 65,      /* blob = one JSON object */
	MSG_PROGRESS = 66, /* msg_progress */
	MSG_END = 67       /* msg_end */
};

enum msg_role { MSG_ROLE_POLL = 0, MSG_ROLE_REQUEST, MSG_ROLE_DELIVER,
		MSG_ROLE_TOOL /* describe, check, preview */ };
const char *msg_role_name(enum msg_role role);

/* One option, or one entry of a LIST or MAP (then entry is its key, for a LIST
 * its number as text). where: "file:line". */
struct msg_option {
	const char *name, *entry, *value, *where;
};

/* An option of a manifest: struct jembatan_option with its choices joined. */
struct msg_manifest_option {
	const char *name;
	unsigned type, flags;
	const char *preset;
	int64_t minimum, maximum;
	const char *choices; /* separated by "\n"; NULL when there are none */
	const char *help;
};

struct msg_manifest {
	unsigned abi_major, abi_minor;
	const char *name, *version, *summary;
	unsigned capabilities;
	const struct msg_manifest_option *options;
	size_t option_count;
	const char *confinement; /* "landlock 2, seccomp" or what is missing */
	bool confinement_degraded;
};

/* A record not to be parsed again: digest of its id, or of its raw bytes. */
struct msg_skip {
	struct jembatan_bytes key;
};

/* A path that the confinement leaves open, with all below it: the values of
 * PATH options, and configured CA files. */
struct msg_grant {
	const char *path;
	bool writable;
};

struct msg_open {
	const char *instance;
	unsigned role; /* enum msg_role */
	unsigned mode; /* JEMBATAN_MODE_... */
	const char *cursor;
	int64_t start_ms;
	const struct msg_option *options;
	size_t option_count;
	const struct msg_skip *skips;
	size_t skip_count;
	int64_t attachment_max_bytes;
	const struct msg_grant *grants;
	size_t grant_count;
};

/* A file in the spool: sealed with a key of its own. */
struct msg_spooled {
	const char *token; /* file name in spool/<instance>/ or spool/keep/ */
	size_t size;       /* plain bytes */
	struct jembatan_bytes sha256; /* of the plain bytes */
	struct jembatan_bytes key;    /* BOX_KEY_SIZE */
};

struct msg_file { /* an attachment */
	const char *name, *media_type, *reference;
	const char *token; /* as in msg_spooled, NULL when by reference */
	size_t size;
	struct jembatan_bytes sha256, key;
	const char *missing; /* why it is not here, or NULL */
};

struct msg_begin {
	const char *id;
	const char *raw_type;
	const struct msg_spooled *spooled; /* raw above FRAME_BLOB_MAX */
	size_t spooled_count;              /* 0 or 1 */
};

/* A message. `message.attachments` is unused here: files holds them.
 * message.raw travels as the blob or in raw_spooled, never in the fields. */
struct msg_message {
	struct jembatan_message message;
	const struct msg_file *files;
	size_t file_count;
	const struct msg_spooled *raw_spooled;
	size_t raw_spooled_count;
	bool text_cut; /* a text was cut at MSG_TEXT_MAX; raw has it all */
};
#define MSG_TEXT_MAX (256u * 1024u)

struct msg_checkpoint {
	const char *cursor; /* NULL: leave it */
};

struct msg_receipt {
	const char *remote_id, *reference, *reason;
	unsigned state;
	int64_t at_ms;
};

struct msg_state {
	const char *key;
	bool found;
};

struct msg_log {
	unsigned level;
	const char *text;
};

struct msg_result {
	unsigned result; /* enum jembatan_result */
	const char *why;
	int64_t delay_ms;  /* not before; 0: no wish */
	bool watching;     /* the host waits on an fd and will send WAKE */
};

struct msg_header {
	const char *name, *value;
};

struct msg_request {
	const char *method, *path, *query, *peer;
	const struct msg_header *headers;
	size_t header_count;
};

struct msg_response {
	unsigned result; /* enum jembatan_result of request() */
	unsigned status;
	const char *media_type, *why;
};

struct msg_reply {
	const char *reference, *event, *thread, *reply_to, *to, *to_kind;
	const char *subject, *text, *language, *extra;
	unsigned flags;
	int64_t window_until_ms;
};

struct msg_delivered {
	unsigned outcome; /* enum jembatan_outcome */
	const char *remote_id, *why;
	int64_t at_ms;
	unsigned result; /* enum jembatan_result of reply(): AUTH, CONFIG, ... */
};

struct msg_fetch {
	const char *reference;
};

struct msg_fetched {
	unsigned result;
	const char *why;
	const struct msg_spooled *spooled;
	size_t spooled_count; /* 1 when result is OK */
};

struct msg_sample {
	bool last; /* this piece ends the sample */
};

struct msg_argument {
	const char *name, *value;
};

struct msg_command {
	const char *name; /* "status", "explain", "review list", ... */
	const struct msg_argument *arguments;
	size_t argument_count;
};

struct msg_progress {
	const char *text;
	int64_t done, total; /* total 0: not known */
};

struct msg_end {
	unsigned exit_code; /* sysexits */
	const char *why;
};

extern const struct field msg_manifest_fields[], msg_open_fields[], msg_begin_fields[],
	msg_message_fields[], msg_checkpoint_fields[], msg_receipt_fields[], msg_state_fields[],
	msg_log_fields[], msg_result_fields[], msg_request_fields[], msg_response_fields[],
	msg_reply_fields[], msg_delivered_fields[], msg_fetch_fields[], msg_fetched_fields[],
	msg_sample_fields[], msg_command_fields[], msg_progress_fields[], msg_end_fields[];

/* Unpack and check a message from outside: kind known, size set, texts within
 * MSG_TEXT_MAX, id, revision, thread and names within 1,024 bytes. */
MUST_CHECK enum jembatan_result msg_message_unpack(struct jembatan_bytes in, struct arena *arena,
						   struct msg_message *out, struct why *why);

/* The value of a command's argument, or NULL. */
const char *msg_argument(const struct msg_command *c, const char *name);

#endif
