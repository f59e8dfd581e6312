/* app_bench.h: the whole daemon in the test's process, on top of intake_bench:
 * real children, the app's own turn, no centre. */
#ifndef TESTS_APP_BENCH_H
#define TESTS_APP_BENCH_H

#include "app.h"
#include "intake_bench.h"
#include "store/outbox_rows.h"
#include "store/tickets.h"

extern struct app app;
extern bool app_bench_compares; /* near-duplicates are looked for; false at each setup */

void app_bench_setup(void);
void app_bench_teardown(void);
/* After bench_instance and bench_script. */
void app_bench_open(void);
void app_bench_close(void);

/* Append lines to the script and let its instance, whose `every` is 1s, carry
 * them out: until it has checkpointed line `count` and all is decided. */
void app_bench_say(const char *name, const char *lines, unsigned count);

struct ticket_row app_bench_ticket(size_t n); /* the n-th, from 0 */
size_t app_bench_tickets(void);
/* Message n (its row's number, from 1). */
struct inbox_row app_bench_message(int64_t n);
/* "queued review": what the audit says of a ticket, step by step. */
const char *app_bench_history(int64_t ticket_id);
size_t app_bench_pushes(enum outbox_kind kind); /* queued, of this kind */

#endif
