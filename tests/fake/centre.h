/* centre.h: the fake centre as one object: the interface of SP4N-LAPOR! v3 in
 * centre.c, the side of the tests in admin.c, the page in page.c. */
#ifndef FAKE_CENTRE_H
#define FAKE_CENTRE_H

#include "faults.h"
#include "ledger.h"
#include "peer.h"

#include <stdatomic.h>

enum centre_operation {
	CENTRE_CREATE,
	CENTRE_FILE,
	CENTRE_ROUTE,
	CENTRE_STATUS,
	CENTRE_FOLLOWUPS,
	CENTRE_FOLLOWUP,
	CENTRE_INSTITUTIONS,
	CENTRE_TEMPLATES,
	CENTRE_LOOKUP,
	CENTRE_ADMIN /* /_... and the page: no faults, no credentials */
};

/* The operations that faults may name, ended by NULL. */
extern const char *const CENTRE_OPERATIONS[];

struct centre {
	struct ledger *ledger;
	struct faults *faults;
	enum ledger_mode mode;
	const char *token; /* NULL: any */
	const char *guid;  /* with its braces; NULL: any */
	const char *redirect_to;
	unsigned delay_ms;
	bool jitter;
	unsigned hang_ms;
	bool quiet;
	atomic_ullong requests[CENTRE_ADMIN];
};

/* One request on its way through the centre. */
struct centre_call {
	struct centre *centre;
	struct peer_request *request;
	struct peer_answer *answer;
	enum centre_operation operation;
	struct faults_plan plan;
	int64_t id; /* from the path */
};

typedef void centre_handler(struct centre_call *call);

/* A peer_handler; owner is a struct centre. */
void centre_handle(void *owner, struct peer_request *r, struct peer_answer *a);
const char *centre_mode_name(enum ledger_mode mode);

/* Parses the body as an object; answers 400 or 415 and gives NULL when it is none.
 * The caller's reference. */
json_t *centre_body(struct centre_call *call);
/* The Idempotency-Key; NULL when there is none. */
const char *centre_key(const struct centre_call *call);
/* 422 with {"key": ["sentence"]}; takes the reference. */
void centre_refuse(struct centre_call *call, json_t *errors);
/* 404 or 500, from what the ledger said. */
void centre_fail(struct centre_call *call, enum jembatan_result result);

/* complaints.c */
centre_handler complaints_create, complaints_file, complaints_route, complaints_status;
/* followups.c */
centre_handler followups_list, followups_add;
/* admin.c */
centre_handler admin_state, admin_complaints, admin_status, admin_followup, admin_fault,
	admin_reset;
/* page.c */
centre_handler page_show;

#endif
