/* faults.h: misbehaviour on cue, shared by the fakes. A spec is
 *
 *     what[=VALUE][:WHERE][@every=N|@first=N|@nth=N|@p=0.1]
 *
 * WHERE is an operation ("create") or, with a slash, a part of the path.
 * Without @ it happens each time. All functions may be called by any thread. */
#ifndef FAKE_FAULTS_H
#define FAKE_FAULTS_H

#include "base/why.h"
#include "peer.h"
#include <jansson.h>

enum faults_kind {
	FAULTS_NONE,
	FAULTS_STATUS,       /* an answer with plan.status; no commit */
	FAULTS_RETRY_AFTER,  /* the same; argument: Retry-After in seconds */
	FAULTS_RETRY_DATE,   /* the same, with Retry-After as an HTTP date */
	FAULTS_CLOSE,        /* close without commit and without a byte */
	FAULTS_HANG,         /* no commit, no answer */
	FAULTS_REDIRECT,     /* 302 to another origin, no commit */
	FAULTS_COMMIT_500,   /* commit, then 500 */
	FAULTS_COMMIT_HANG,  /* commit, then silence */
	FAULTS_COMMIT_CLOSE, /* commit, then close without a byte */
	FAULTS_SLOW,         /* commit; argument: milliseconds per byte */
	FAULTS_GARBAGE,      /* commit, then 200 that is not JSON */
	FAULTS_TRUNCATE,     /* commit; Content-Length promises more than is sent */
	FAULTS_HUGE,         /* commit; argument: MiB of answer */
	FAULTS_NO_ID,        /* commit, then 200 without an id */
	FAULTS_SAME_ID,      /* commit, then the number of the first complaint */
	FAULTS_WRONG_TYPE,   /* commit; word: string, number, huge, array */
	FAULTS_DELAY,        /* argument: milliseconds; goes with any other */
	FAULTS_ID_AT,        /* word: where the id stands; goes with any other */
	FAULTS_SHUFFLE,      /* app: the records of a page in random order */
	FAULTS_REDELIVER,    /* app: a page begins with the records before it */
	FAULTS_EXPIRED,      /* app: the token given out so far is void */
	FAULTS_NEXT_AWAY,    /* the next URL points to another origin */
	FAULTS_NEXT_LOOP,    /* the next URL points to the same page */
	FAULTS_WRONG_PAGE,   /* centre: whatever page was asked for, the first one */
	FAULTS_OLD_STATUS,   /* centre: the status before the present one */
	FAULTS_OTHER_CONTENT /* centre: a status with another complaint's content */
};

/* Whose faults a spec may name. */
enum faults_owner { FAULTS_OF_CENTRE = 1, FAULTS_OF_APP = 2, FAULTS_OF_BOTH = 3 };

/* What is to go wrong with one request. */
struct faults_plan {
	enum faults_kind kind;
	const char *name; /* as in the spec; NULL when kind is FAULTS_NONE */
	unsigned status;   /* of an answer without a commit */
	unsigned argument; /* see the kinds */
	char word[16];
	unsigned delay_ms;
	char id_at[16]; /* empty: as usual */
};

struct faults;

/* operations: the names that WHERE may use, ended by NULL; borrowed. */
struct faults *faults_new(enum faults_owner owner, const char *const *operations, uint64_t seed);
void faults_free(struct faults *f);

/* CONFIG and the reason when the spec is wrong. */
MUST_CHECK enum jembatan_result faults_add(struct faults *f, const char *spec, struct why *why);
void faults_clear(struct faults *f);

/* Decide about one request; counts it. */
void faults_draw(struct faults *f, const char *operation, const char *path,
		 struct faults_plan *out);
/* 0 .. below - 1, from the seed. */
unsigned faults_random(struct faults *f, unsigned below);

/* Before the request is looked at: waits, and answers when the plan says that
 * nothing is committed. True when it has answered. */
bool faults_before(const struct faults_plan *plan, struct peer_request *r,
		   const char *redirect_to, unsigned hang_ms, struct peer_answer *a);
/* After a request has succeeded: spoils the answer. */
void faults_after(const struct faults_plan *plan, unsigned hang_ms, struct peer_answer *a);

/* POST {"spec"} adds a fault, any other method removes all. */
void faults_serve(struct faults *f, struct peer_request *r, struct peer_answer *a);

/* [{"spec", "seen", "fired"}]; the caller's reference. */
json_t *faults_list(struct faults *f);

#endif
