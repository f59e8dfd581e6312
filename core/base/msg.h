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
	MSG_CONSENT = 12, /* msg_consent; answered by CONSENTED */
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
	MSG_CONSENTED = 45,  /* msg_consented */
	MSG_UNUSABLE = 46,   /* msg_result: why the record begun last cannot be used */
	/* command to core and back */
	MSG_COMMAND = 64,  /* msg_command */
	MSG_ROW = 65,      /* blob = one JSON object */
	MSG_PROGRESS = 66, /* msg_progress */
	MSG_END = 67,      /* msg_end */
	/* core to jembatan-web and back; MSG_STOP as above */
	MSG_WEB_OPEN = 96,    /* msg_web_open; answered by WEB_STATE */
	MSG_WEB_STATE = 97,   /* msg_web_state */
	MSG_WEB_REQUEST = 98, /* msg_web_request, blob = body; many at a time */
	MSG_WEB_ANSWER = 99,  /* msg_web_answer, blob = body; seq of the request */
	MSG_WEB_COUNTS = 100  /* msg_web_counts: before a request for the metrics */
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

/* What a record is known by when it kills its parser. `record` is made of its
 * id and its bytes: other bytes under the same id, an edit, are another record.
 * `id` is made of the id alone, for one whose bytes differ at each reading; zero
 * when it has none. */
struct msg_record_keys {
	struct digest record, id;
};
/* id: or NULL; raw: the SHA-256 of its bytes. */
struct msg_record_keys msg_record_keys(const char *id, const struct digest *raw);

/* One of the two keys of a record not to be parsed again. Listed by `record`, it
 * is in quarantine; listed by `id`, its bytes are handed over unparsed. */
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
	bool kept_raw; /* its id is on the skip list: the plugin does not read it */
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
	const char *thread, *thread_alias; /* two names of one person; or NULL */
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

struct msg_consent {
	const char *answer; /* where the browser ended; NULL: begin */
};

struct msg_consented {
	unsigned result;
	const char *why;
	const char *url; /* to be opened */
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

/* ---- jembatan-web ---- */

/* What jembatan-web is told before it confines itself. */
struct msg_web_open {
	const char *listen;         /* "127.0.0.1:8480", "[::1]:8480", "unix:/path" */
	const char *address_header; /* whose last entry is the sender; NULL: none */
	size_t connections, per_address, body_max_bytes;
	int64_t header_ms, body_ms, answer_ms;
	bool log_json;
	unsigned log_level;
};

struct msg_web_state {
	const char *listening; /* where; NULL: it cannot, and why says so */
	const char *why;
	const char *confinement;
	bool degraded;
};

enum msg_web_room { MSG_WEB_HOOK = 1, MSG_WEB_INTAKE, MSG_WEB_READY, MSG_WEB_METRICS };

struct msg_web_request {
	unsigned room;        /* enum msg_web_room */
	const char *instance; /* of HOOK and INTAKE */
	const char *method;
	const char *path;     /* below the instance, begins with / */
	const char *query, *peer;
	const struct msg_header *headers;
	size_t header_count;
};

/* Why a request is not answered as it wished; the words for it are web's. */
enum msg_problem {
	MSG_PROBLEM_NONE = 0,
	MSG_PROBLEM_BAD_REQUEST,   /* 400 */
	MSG_PROBLEM_KEY,           /* 401 */
	MSG_PROBLEM_NOT_FOUND,     /* 404 */
	MSG_PROBLEM_METHOD,        /* 405 */
	MSG_PROBLEM_TOO_LARGE,     /* 413 */
	MSG_PROBLEM_LONG_TARGET,   /* 414 */
	MSG_PROBLEM_MEDIA_TYPE,    /* 415 */
	MSG_PROBLEM_CONTENT,       /* 422: detail says what */
	MSG_PROBLEM_KEY_REUSED,    /* 422: an Idempotency-Key with another body */
	MSG_PROBLEM_TOO_MANY,      /* 429 */
	MSG_PROBLEM_HEADERS,       /* 431 */
	MSG_PROBLEM_INSIDE,        /* 500 */
	MSG_PROBLEM_UNAVAILABLE,   /* 503: it cannot be stored now, or nobody is there */
	MSG_PROBLEM_COUNT
};

struct msg_web_answer {
	unsigned status;        /* 0: the problem's own */
	unsigned problem;       /* enum msg_problem */
	const char *media_type;
	const char *detail_id, *detail_en; /* of a problem; or NULL */
	const char *location;   /* or NULL */
	const char *allow;      /* methods, for 405; or NULL */
	unsigned retry_after_s; /* 0: none */
};

struct msg_web_counts {
	size_t connections, requests_under_way;         /* now */
	size_t requests, cut, too_many, too_large, late; /* since its start */
};

extern const struct field msg_web_open_fields[], msg_web_state_fields[],
	msg_web_request_fields[], msg_web_answer_fields[], msg_web_counts_fields[];

extern const struct field msg_manifest_fields[], msg_open_fields[], msg_begin_fields[],
	msg_message_fields[], msg_checkpoint_fields[], msg_receipt_fields[], msg_state_fields[],
	msg_log_fields[], msg_result_fields[], msg_request_fields[], msg_response_fields[],
	msg_consent_fields[], msg_consented_fields[],
	msg_reply_fields[], msg_delivered_fields[], msg_fetch_fields[], msg_fetched_fields[],
	msg_sample_fields[], msg_command_fields[], msg_progress_fields[], msg_end_fields[];

/* Unpack and check a message from outside: kind known, size set, texts within
 * MSG_TEXT_MAX, id, revision, thread and names within 1,024 bytes. */
MUST_CHECK enum jembatan_result msg_message_unpack(struct jembatan_bytes in, struct arena *arena,
						   struct msg_message *out, struct why *why);

/* The value of a command's argument, or NULL. */
const char *msg_argument(const struct msg_command *c, const char *name);

#endif
