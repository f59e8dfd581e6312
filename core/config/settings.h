/* settings.h: one YAML file and the connectors.d/ beside it, as checked
 * settings. Touches no network. Relative paths are not accepted; nothing
 * outside the files and the secrets they name is read. */
#ifndef CONFIG_SETTINGS_H
#define CONFIG_SETTINGS_H

#include "base/msg.h"
#include "config/schema.h"

#define SETTINGS_FILE JEMBATAN_SYSCONFDIR "/jembatan.yaml"

enum settings_push { PUSH_REVIEW = 0, PUSH_AUTO, PUSH_SHADOW };
const char *settings_push_name(enum settings_push push); /* "auto" ... */

enum settings_start {
	START_NOW = 0, /* the moment of the instance's first start */
	START_ALL,
	START_SINCE /* start_ms */
};

enum settings_unknown { UNKNOWN_HOLD = 0, UNKNOWN_RESEND };

/* Ids at the centre, as text; NULL: not set. */
struct settings_defaults {
	const char *channel, *classification_id, *category_id, *disposition_id, *location_id,
		*user_id;
};

struct settings_word {
	const char *word;  /* as the centre says it, or its code */
	const char *state; /* one of the internal states; checked */
};

/* Following what the centre does with a complaint. */
struct settings_status {
	bool follow;
	int64_t new_every_ms, old_every_ms, closed_every_ms; /* time between two readings */
	int64_t closed_for_ms;  /* so long after the end it is still read */
	unsigned daily_budget;  /* readings a day; 0: half of central.daily_budget */
	const struct settings_word *words; /* beside the shipped ones */
	size_t word_count;
	int64_t reconcile_at_ms; /* of the day, in the centre's zone; -1: never */
	int64_t institutions_every_ms;
};

enum settings_by { BY_FIXED = 0, BY_PROPOSAL };

struct settings_word_id {
	const char *word, *id;
};

struct settings_central {
	const char *type;        /* "lapor_v3" */
	const char *url;         /* without a slash at its end; NULL: not set */
	const char *auth_header; /* header that carries the secret */
	const char *auth_scheme; /* word before it; may be "" */
	struct secret *secret, *guid; /* NULL: not set */
	const char *create_path; /* begins with / */
	const char *create_id;   /* dotted path in its answer; NULL: where version 3 has it */
	int64_t connect_timeout_ms, answer_timeout_ms;
	unsigned connections; /* in parallel, at most */
	bool idempotent;
	const char *lookup_url; /* holds {reference}; NULL: no lookup */
	const char *lookup_match; /* path of the id in the answer */
	int64_t lookup_wait_ms;
	enum settings_unknown unknown;
	int64_t unknown_alarm_ms;
	const unsigned *not_sent_statuses;
	size_t not_sent_status_count;
	bool reference_line;
	bool keep_nik;      /* numbers of identity and bank cards go along in texts */
	bool keep_contacts; /* so do telephones, mail addresses and accounts */
	int zone_minutes;    /* of times without zone, east of UTC */
	const char *ca_file; /* NULL: the system's */
	unsigned daily_budget; /* 0: none */
	struct settings_status status;
	const char *route_to; /* institution id; NULL: no second step */
	enum settings_by route; /* route_to, or what a ticket proposes */
	/* Who alone gets reports on abuse of office; NULL: nobody, the centre's
	 * own triage decides. */
	const char *supervision_disposition_id;
	const struct settings_word_id *classifications; /* klasifikasi to the centre's ids */
	size_t classification_count;
	const char *categories_file; /* national categories to the centre's ids; NULL: none */
	const char *locations_file;  /* region codes to the centre's ids; NULL: none */
	struct settings_defaults defaults;
};

/* What rules and the model propose. */
struct settings_classify {
	bool enabled;          /* else nothing is proposed */
	unsigned margin;       /* percent; below it a proposed agency is unsure */
	bool unsure_to_review; /* else pushed, and the centre's triage decides */
};

enum settings_complete_place { COMPLETE_PLACE_ANY = 0, COMPLETE_PLACE_USABLE,
			       COMPLETE_PLACE_DISTRICT };

/* What a complaint needs before it is pushed. */
struct settings_complete {
	bool ask;          /* false: nothing is demanded */
	unsigned text_min; /* letters and digits */
	enum settings_complete_place place;
	bool date_given;   /* false: the message's own date will do */
	int64_t wait_ms;   /* for an answer */
	bool archive;      /* after that; else push */
	const char *question_text, *question_place, *question_date;
};

/* When two complaints are one; percent, separate <= review <= automatic. */
struct settings_duplicates {
	bool enabled;
	int64_t window_ms;
	unsigned automatic, review, separate;
};

/* How long words are kept after the last that happened; 0: for ever. */
struct settings_retention {
	int64_t closed_ms, archived_ms, rejected_ms; /* tickets, here or at the centre */
	int64_t stored_ms;     /* messages that no ticket came of */
	int64_t quarantine_ms; /* records that were read again or dropped */
	int64_t access_ms;     /* rows of the log of who looked */
};

/* jembatan-web. */
struct settings_web {
	const char *listen; /* "127.0.0.1:8480", "[::1]:8480", "unix:/path"; NULL: not started */
	const char *address_header; /* of the proxy; "" for none */
	unsigned connections, per_address;
	int64_t header_timeout_ms, body_timeout_ms, answer_timeout_ms;
	int64_t body_max_bytes;
};

/* What is said to citizens. */
struct settings_replies {
	const char *templates; /* path of the texts; NULL: as installed */
	const char *language;  /* "id", "en" */
	const char *office;    /* how we call ourselves; or NULL */
	unsigned per_day;      /* to one address, at most; 0: any number */
	int64_t received_after_ms; /* the number may come first, and is enough then */
	unsigned events;       /* bits, 1u << store's enum reply_event */
};
enum settings_reply_mode { REPLIES_OFF = 0, REPLIES_ON, REPLIES_SHADOW };

/* Hours of a day, in the instance's zone, in which nobody is woken. */
struct settings_quiet {
	bool is_set;
	int from_minute, to_minute; /* from > to: over midnight */
};
/* "21:00-07:00"; "" or NULL: none. False: it is neither. */
bool settings_quiet_parse(const char *text, struct settings_quiet *out);

/* One configured use of a connector. */
struct instance_settings {
	const char *name;      /* the file's stem */
	const char *file;      /* as shown: "connectors.d/mail.yaml" */
	const char *connector; /* plugin name */
	const char *profile;   /* or NULL */
	const char *profile_file; /* as shown; or NULL */
	enum settings_push push;
	enum settings_start start;
	int64_t start_ms; /* for START_SINCE; else 0 */
	int64_t every_ms;
	int64_t quiet_alarm_ms; /* 0: none */
	int64_t gather_ms;      /* one complaint of what comes within it; 0: never */
	bool enabled;
	const char *home_region; /* Kemendagri code or NULL */
	const char *agency;      /* whose channel it is, by name; or NULL */
	enum settings_reply_mode replies;
	const char *reply_language;
	bool quiet_written;      /* else the channel's own preset holds */
	struct settings_quiet quiet;
	int64_t token_expires_ms; /* 0: not said */
	struct settings_defaults defaults; /* merged with central's */
	const char *route_to;              /* merged with central's */
	/* Raw until the plugin's manifest is known; NULL when not written. */
	const struct yaml_node *options, *profile_options;
};

struct settings {
	const char *file;     /* path of the main file */
	const char *data_dir, *run_dir, *plugin_dir, *profile_dir;
	bool confinement_required;
	bool log_json;
	enum jembatan_level log_level;
	struct secret *master_key;   /* NULL: the file master_key_path */
	struct secret *master_key_old; /* while the key is being changed; or NULL */
	const char *master_key_path; /* data_dir/master.key, made at the first start */
	int64_t attachment_max_bytes;
	unsigned inbox_waiting_max, batch_max;
	struct settings_central central;
	struct settings_classify classify;
	struct settings_complete complete;
	struct settings_duplicates duplicates;
	struct settings_replies replies;
	struct settings_retention retention;
	struct settings_web web;
	const struct instance_settings *instances; /* by name */
	size_t instance_count;
	const char *name;    /* the main file as shown: "jembatan.yaml" */
	const struct yaml_node *root; /* of the main file */
	struct arena *arena; /* owns everything but the secrets */
	unsigned holds;      /* settings_hold, settings_free */
};

/* Load and check. NULL when the main file cannot be read at all; otherwise
 * what could be understood: use it only when no problem was added. The caller
 * has the first hold. Settings do not change once they are in use: a reload
 * makes new ones. Whoever keeps a pointer into them beyond a call holds them
 * for as long; the last one that lets go frees them and wipes the secrets. */
struct settings *settings_load(const char *path, struct problems *problems);
struct settings *settings_hold(struct settings *s);
void settings_free(struct settings *s); /* NULL is fine */

/* settings_change.c: what differs between two loads of the same files. */

/* What cannot change while we run is taken over from `old` into `s`, which is
 * not in use yet; each key that was to change adds a note that says so. */
void settings_keep_fixed(struct settings *s, const struct settings *old, struct problems *notes);
/* Values only; a moved line is no difference. Secrets are compared too. */
bool settings_same_replies(const struct settings *a, const struct settings *b);
bool settings_same_web(const struct settings *x, const struct settings *y);
bool settings_same_central(const struct settings *a, const struct settings *b);
/* Of an instance's own keys, without its options, connector and profile. */
bool settings_same_instance(const struct instance_settings *a, const struct instance_settings *b);

/* Adds a problem for each central key without which nothing can be pushed. */
void settings_check_complete(const struct settings *s, struct problems *problems);

const struct instance_settings *settings_instance(const struct settings *s, const char *name);
/* By what name its way of answering is known: its connector's, or that of the
 * network that it speaks for. Never NULL. */
const char *settings_channel(const struct instance_settings *instance);

struct instance_options {
	const struct msg_option *options; /* unset ones are left out */
	size_t option_count;
	const struct msg_grant *grants; /* of PATH options */
	size_t grant_count;
};

/* The instance's options against its plugin's manifest. Secrets are revealed
 * into the values: keep the arena short-lived. CONFIG when problems were added. */
MUST_CHECK enum jembatan_result
instance_options_check(const struct instance_settings *instance,
		       const struct msg_manifest_option *manifest, size_t manifest_count,
		       struct problems *problems, struct arena *arena,
		       struct instance_options *out);

/* Every key of our own files, for people. */
void settings_describe(FILE *out);

#endif
