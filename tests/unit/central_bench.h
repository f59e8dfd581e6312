/* central_bench.h: a store, an outbox and a fake centre on one bench. Whatever
 * must not fail is checked inside. */
#ifndef TESTS_CENTRAL_BENCH_H
#define TESTS_CENTRAL_BENCH_H

#include "../fake/drive.h"
#include "base/loop.h"
#include "central/outbox.h"
#include "store/audit.h"
#include "store/tickets.h"

#include "unit.h"

#define BENCH_ROUTE_TO "200203"

struct bench {
	struct drive centre;
	struct loop *loop;
	struct db *db;
	int64_t instance; /* "mail" */
	struct outbox *outbox;
	struct settings_central central;
	struct central_options options;
	struct arena *arena;
	struct why why;
	unsigned reports, follow_ups;
};
extern struct bench bench;

/* mode: of the fake and of ours. faults: specs between spaces, or NULL. Every
 * waiting time is short. The outbox starts with the first turn. */
void bench_open(const char *mode, const char *faults);
void bench_close(void);
void bench_fault(const char *spec); /* from now on */
void bench_clear_faults(void);
/* The daemon ends and starts again. */
void bench_restart(void);

/* A ticket and its create; with_file: with one attachment. Its ticket id. */
int64_t bench_report(bool with_file);
/* The same with a file whose stored digest is another's. */
int64_t bench_report_with_bad_file(void);
int64_t bench_follow_up(int64_t ticket_id, const char *text); /* its row */

void bench_turn(void);   /* of the loop, and of the outbox when it wants one */
void bench_settle(void); /* until no row is queued or sending */
/* Until the centre has had so many requests of this operation. */
void bench_until_requests(const char *operation, int64_t count);

int64_t bench_rows(enum outbox_state state);
struct outbox_row bench_row(int64_t ticket_id);
struct ticket_row bench_ticket(int64_t ticket_id);
/* "sending pushed routed": the history of a ticket. */
const char *bench_history(int64_t ticket_id);

json_t *bench_state(void); /* what the centre holds; the caller's */
int64_t bench_centre(const char *path); /* a number, or the size of a list */

/* The books: nothing lost, nothing doubled, what is unknown is listed. */
void bench_check_books(void);

#endif
