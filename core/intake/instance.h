/* instance.h: the insides of intake: an instance and its workers. A worker is
 * one role of an instance: a child, when to start it again, and what to ask it
 * next. Not for other rooms. */
#ifndef INTAKE_INSTANCE_H
#define INTAKE_INSTANCE_H

#include "intake/child.h"
#include "intake/desk.h"
#include "intake/intake.h"

#define WORKER_DEATHS 5u
#define DELAY_RING 512u
#define CALLS_MAX 256u
#define CALLS_REQUESTS_MAX 4096u
#define CALLS_BYTES_MAX (32u * 1024u * 1024u)

struct call {
	struct call *next;
	enum msg_type type;
	struct buf frame; /* the packed fields */
	struct buf blob;
	intake_on_answer *on;
	void *data;
};

enum worker_purpose { WORKER_POLL, WORKER_REQUEST, WORKER_DELIVER, WORKER_REPLAY, WORKER_DRY };

struct worker {
	struct instance *instance;
	enum worker_purpose purpose;
	struct child *child;
	struct loop_timer *timer; /* starts it, or polls */
	unsigned failures;        /* in a row: starts and polls that failed */
	int64_t deaths_mono_ms[WORKER_DEATHS];
	size_t death_count;       /* ever; the ring holds the last five */
	bool quarantined; /* rests after too many deaths */
	bool watching;    /* polled when its connection says so */
	int64_t not_before_mono_ms; /* a wake before waits until then */
	struct log_trouble trouble;
	char alarm[480];  /* what an operator must do; empty: nothing */
	struct call *calls, **calls_end; /* request, deliver: asked, then waiting */
	struct call *unasked;            /* the first that waits; NULL: none */
	size_t call_count, call_bytes;
	struct call *answered, **answered_end; /* request: released after the commit */
	bool refused;     /* the store does not take its batch */
	struct digest key; /* what its child was started with: instance_key */
	bool restarts;     /* ends when its call is over, and starts with other settings */
	/* REPLAY and DRY: one job, then the worker ends. */
	struct buf sample;
	struct digest sample_digest;
	size_t sample_at;
	bool sample_is_sent, job_is_over;
	bool one_page; /* DRY: ends after its first poll */
	bool is_by_hand, is_dry; /* REPLAY: of what a person copied; stores nothing */
	int64_t dry_since_ms;
	intake_on_job *on_job;
	void *job_data;
	struct intake_job job;
};

struct instance {
	struct intake *intake;
	char name[40];
	int64_t began_mono_ms;   /* when it could first have polled: start, resume */
	int64_t polled_mono_ms;  /* the last success; 0: none since the start */
	int64_t message_mono_ms; /* the last message; of before the start too */
	int64_t wait_ms;         /* what it waits for after a success */
	int64_t silent_mono_ms, quiet_mono_ms; /* since when that is told; 0: it is not so */
	const struct instance_settings *settings;
	struct settings *held; /* that they are of */
	int64_t id, start_ms;
	char *cursor; /* as committed; NULL at first */
	struct arena *arena; /* manifest */
	struct msg_manifest manifest;
	struct digest stamp; /* of the plugin's file that the manifest is of */
	char plugin[512], spool[512];
	struct loop_timer *again; /* asks the plugin once more what it is; NULL: answered */
	struct tryout *asking;
	unsigned asked; /* in vain */
	struct log_trouble unasked;
	bool paused, usable;
	bool leaving; /* not configured any more: gone once its last batch is stored */
	char alarm[480]; /* why it was left out; empty: it was not */
	int64_t backfilled_ms; /* wall; 0: not since the start */
	int64_t last_ok_ms, last_ok_written_ms;
	size_t brought; /* messages of its polls since intake.window_mono_ms */
	struct worker poll, request, deliver;
	struct desk *desk; /* of a built-in instance; NULL: it has a plugin */
	struct worker *job; /* one replay or dry run at a time */
	uint64_t deaths, polls;
	int64_t delays_us[DELAY_RING];
	size_t delay_count;
	char confinement[80];
	bool degraded;
	int64_t active_mono_ms; /* of its last batch: shares the turn */
	struct instance *next;
};

struct intake {
	struct loop *loop;
	struct db *db;
	struct settings *settings; /* held */
	void (*on_turn)(void *data);
	void *data;
	struct instance *instances;
	bool for_jobs; /* nothing runs by itself */
	bool stopping, full, shared;
	int64_t message_us; /* to store one, smoothed */
	bool paced;             /* nobody polls more than WINDOW_MESSAGES in a window */
	int64_t window_mono_ms; /* when the one under way began */
	struct log_trouble files_trouble;
	int64_t files_failed_mono_ms; /* keeping files failed: not again at once */
};

unsigned worker_needs(enum worker_purpose purpose); /* capabilities, any of them */
void worker_init(struct worker *w, struct instance *i, enum worker_purpose purpose);
void worker_done(struct worker *w);
/* Start it now or when its back-off allows. */
void worker_start(struct worker *w);
/* A person wants it to go on: start or poll now. */
void worker_wake(struct worker *w);
void worker_stop(struct worker *w);
/* Its settings are others: end what is under way, keep what waits, start anew. */
void worker_restart(struct worker *w);
void worker_forgive(struct worker *w); /* its failures are of before */
void worker_was_ok(struct worker *w);
void worker_end_job(struct worker *w, enum jembatan_result result, const char *why);
void worker_on_dead_job(struct worker *w);

/* calls.c */
void worker_call(struct worker *w, struct call *call); /* takes the call */
void worker_next_call(struct worker *w);
void worker_take_answer(struct worker *w, const struct frame *f);
void worker_refuse_call(struct worker *w, const char *why); /* the one under way */
/* After the commit: hand out the answers that waited for it. */
void worker_release(struct worker *w);
void worker_fail_calls(struct worker *w, const char *why);
void worker_fail_answered(struct worker *w, const char *why);
void worker_send_sample(struct worker *w);
void call_free(struct call *c);

/* From intake.c for the workers. */
void intake_want_turn(struct intake *in);
struct loop *intake_loop(struct intake *in);
struct db *intake_db(struct intake *in);
const struct settings *intake_settings(struct intake *in);
bool intake_is_full(struct intake *in); /* too many wait for their decision */
void intake_job_ended(struct worker *w);
void intake_sweep_later(struct intake *in); /* one that leaves may be gone now */
const char *instance_alarm(const struct instance *i); /* NULL: none */
void instance_was_ok(struct instance *i);
#define OK_WRITTEN_EVERY_MS 10000
void instance_free_job(struct instance *i);
/* What the store remembers of it: cursor, start, pause. */
MUST_CHECK enum jembatan_result instance_load_row(struct instance *i, struct why *why);
/* It stays listed, with this as its alarm, and is not used. */
void instance_leave_out(struct instance *i, const struct why *why);
/* Another way was found to know what its plugin is, or nobody wants to. */
void instance_ask_no_more(struct instance *i);
/* The row, the folder, the manifest (NULL: ask for it, which waits for the
 * plugin), the children. Takes the arena, which may be NULL too. Not OK: the
 * store has no row for it. Left out for another reason, it is listed with an
 * alarm and is not usable. */
MUST_CHECK enum jembatan_result instance_start(struct intake *in,
					       const struct instance_settings *s,
					       struct arena *arena,
					       const struct msg_manifest *manifest,
					       struct why *why);
void instance_stop(struct instance *i);
void instance_free(struct instance *i); /* not from a callback of its children */
/* Start what its manifest says that it can. */
void instance_start_roles(struct instance *i);
void instance_leave(struct instance *i);

/* fresh.c */
bool instance_is_silent(const struct instance *i); /* no poll succeeds */
bool instance_is_quiet(const struct instance *i);  /* polls do, and no message comes */

/* reload.c */
struct digest instance_stamp(const char *plugin); /* zero: there is no such file */
struct digest instance_key(struct intake *in, const struct settings *s, const char *plugin,
			   const struct instance_options *options);

struct instance *intake_find(struct intake *in, const char *name, struct why *why);

#endif
