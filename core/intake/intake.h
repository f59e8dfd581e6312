/* intake.h: the children of all instances and what they send. The app calls
 * the turn functions around its one transaction; nothing is acknowledged to a
 * child before the app says that it was committed. */
#ifndef INTAKE_INTAKE_H
#define INTAKE_INTAKE_H

#include "base/log.h"
#include "base/loop.h"
#include "base/msg.h"
#include "config/settings.h"
#include "store/db.h"

struct intake;
struct inbox_item;

/* `on_turn` is called whenever something waits to be committed. Holds the
 * settings; reload.h gives it others. */
struct intake *intake_new(struct loop *loop, struct db *db, struct settings *settings,
			  void (*on_turn)(void *data), void *data);
void intake_free(struct intake *in);

/* Describe each plugin, check its options, start the children. An instance
 * that cannot work is alarmed and left out; the others start. */
MUST_CHECK enum jembatan_result intake_start(struct intake *in, struct why *why);
/* The same for a process that only wants jobs (a probe): no child is started. */
MUST_CHECK enum jembatan_result intake_start_for_jobs(struct intake *in, struct why *why);
/* Ask all children to finish; then intake_is_stopped becomes true. */
void intake_stop(struct intake *in);
bool intake_is_stopped(const struct intake *in);

/* ---- the turn ---- */
bool intake_wants_turn(const struct intake *in);
void intake_prepare(struct intake *in);   /* before db_begin: files into keep */
MUST_CHECK enum jembatan_result intake_write(struct intake *in, struct why *why);
void intake_committed(struct intake *in); /* acknowledge */
/* The batches are kept for the next turn. True: one that can never be stored
 * was set aside, so try again at once. */
bool intake_aborted(struct intake *in);

/* Several instances are busy, so a turn is to be short: what storing, and what
 * deciding, may each add to its commit, in microseconds. 0: nobody shares. */
int64_t intake_share_us(const struct intake *in);
/* Too many messages wait for their decision: poll no more until it is over, and
 * take nothing more of the polls under way. */
void intake_set_full(struct intake *in, bool full);
/* Reports wait to be sent: what is polled faster than that only waits behind them,
 * and costs more each time it is looked for again. So while it is so, said before
 * each turn, an instance that has brought 64 polled messages is held until 10 ms are
 * over; webhooks and answers are taken as ever. */
void intake_set_paced(struct intake *in, bool paced);
/* Something is ready and held: a turn is wanted again in so long. -1: nothing is. */
int64_t intake_held_ms(const struct intake *in);

/* Log once which channel has fallen silent or quiet, and once that it is over. */
void intake_look(struct intake *in);

/* ---- for people and other rooms ---- */
MUST_CHECK enum jembatan_result intake_pause(struct intake *in, const char *name, struct why *why);
MUST_CHECK enum jembatan_result intake_resume(struct intake *in, const char *name, struct why *why);

/* The answer to a call: a frame (RESPONSE, DELIVERED, FETCHED), or NULL and a
 * sentence when the child died or is not there. */
typedef void intake_on_answer(void *data, const struct frame *answer, const char *why);
/* This very sentence: the child was never asked. */
extern const char intake_never_asked[];
/* Its credentials are others: it may go on, with children that read them anew (but
 * for that of replies, which brought them). */
MUST_CHECK enum jembatan_result intake_renew(struct intake *in, const char *name, struct why *why);

/* Queue a REQUEST, REPLY, FETCH or CONSENT for the instance's child; at most 256
 * (requests: 4,096) wait: RETRY beyond. Requests are handed on without waiting for each other. GONE: no such instance or role. A request's answer is handed
 * out only after the commit of what it brought. */
MUST_CHECK enum jembatan_result intake_call(struct intake *in, const char *name,
					    enum msg_type type, const struct field *table,
					    const void *from, struct jembatan_bytes blob,
					    intake_on_answer *on, void *data, struct why *why);

/* ---- the built-in connector `intake` ---- */

struct intake_submission {
	const char *api_key;         /* or NULL */
	const char *idempotency_key; /* or NULL */
	struct jembatan_bytes body;  /* a complaint: see form.h */
};

struct intake_submitted {
	enum msg_problem problem; /* NONE: it is stored */
	const char *detail_id, *detail_en; /* of a problem; or NULL */
	const char *reference;    /* ours: "IN-7K3M9QXH2B4C" */
	bool is_repeated;         /* it had been stored before */
};
/* Called once: at once, or after the commit. */
typedef void intake_on_submitted(void *data, const struct intake_submitted *s);
void intake_submit(struct intake *in, const char *name, const struct intake_submission *submission,
		   intake_on_submitted *on, void *data);

struct intake_found {
	const char *state;       /* "received", "kept", or the ticket's */
	const char *ticket;      /* its reference; NULL: there is none yet */
	const char *tracking_id; /* the centre's number; or NULL */
	int64_t received_ms;
};
/* What became of it. Texts live in the arena. NONE, or the problem. */
enum msg_problem intake_look_up(struct intake *in, const char *name, const char *api_key,
				const char *reference, struct arena *arena,
				struct intake_found *out);

/* Does this instance's connector fetch attachments? Yes as long as that could
 * not be asked. *out_now: it may now.
 * *out_since_ms: when a backfill released older messages; 0: never. */
bool intake_fetches(struct intake *in, int64_t instance_id, bool *out_now,
		    int64_t *out_since_ms);

/* Does it reply? In the same way. */
bool intake_replies(struct intake *in, int64_t instance_id, bool *out_now);

struct intake_job {
	enum jembatan_result result;
	char why[480];
	int64_t messages, unreadable; /* what came */
	int64_t oldest_ms, newest_ms; /* arrival; 0: none */
	/* What this call tells of, in the order in which it came, and the ids of
	 * records of which nothing came; borrowed. None at the end. */
	const struct inbox_item *items;
	size_t item_count;
	const char *const *nothing_of;
	size_t nothing_count;
};
typedef void intake_on_job(void *data, const struct intake_job *job, bool ended);
/* Parse a quarantined record again, with what the plugin is today; its
 * messages are committed like any other. */
MUST_CHECK enum jembatan_result intake_replay(struct intake *in, int64_t instance_id,
					      struct jembatan_bytes raw, intake_on_job *on,
					      void *data, struct why *why);
/* Posts that a person copied, as the plugin's preview() takes them: committed like
 * any other, also while the instance is paused or cannot poll. is_dry: nothing
 * is stored. CONFIG: its connector takes none. */
MUST_CHECK enum jembatan_result intake_hand_in(struct intake *in, const char *name,
					       struct jembatan_bytes posts, bool is_dry,
					       intake_on_job *on, void *data, struct why *why);
/* Count what a backfill since then would bring; stores nothing. */
MUST_CHECK enum jembatan_result intake_dry_run(struct intake *in, const char *name,
					       int64_t since_ms, intake_on_job *on, void *data,
					       struct why *why);
/* Connect, log in and read one page of the last hour; stores nothing but the
 * plugin's state. */
MUST_CHECK enum jembatan_result intake_probe(struct intake *in, const char *name,
					     intake_on_job *on, void *data, struct why *why);
/* Forget the cursor and read again from since_ms on. */
MUST_CHECK enum jembatan_result intake_backfill(struct intake *in, const char *name,
						int64_t since_ms, struct why *why);

struct intake_status {
	int64_t id;
	const char *name, *connector, *push, *alarm, *confinement;
	const char *state; /* "polling", "waiting", "down", "paused", "disabled" ... */
	bool paused, usable, degraded;
	bool watching;    /* waits for its connection to speak */
	int64_t every_ms; /* 0: it does not poll */
	bool silent; /* no poll has succeeded for three intervals */
	bool quiet;  /* polls succeed, no message has come for `quiet_alarm` */
	int64_t last_ok_ms, start_ms;
	uint64_t deaths, polls;
	int64_t commit_p50_us, commit_p99_us; /* checkpoint to acknowledgement: the last 512 */
	uint64_t checkpoints; /* acknowledged */
	int64_t pid; /* of the poll child; 0: none */
};
/* The n-th instance, false at the end. Borrowed until the next call. */
bool intake_status(struct intake *in, size_t n, struct intake_status *out);
const struct instance_settings *intake_instance(struct intake *in, int64_t id,
						int64_t *out_start_ms);

#endif
