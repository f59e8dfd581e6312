/* intake_bench.h: the rooms from settings to intake in one process, with real
 * children of the plugins in tests/conform, a store in a folder of its own and
 * a clock that the test moves. The bench plays the app's turn. */
#ifndef TESTS_INTAKE_BENCH_H
#define TESTS_INTAKE_BENCH_H

#include "base/arena.h"
#include "config/settings.h"
#include "intake/intake.h"
#include "store/db.h"
#include "store/inbox.h"
#include "store/instances.h"
#include "store/quarantine.h"
#include "unit.h"

#define BENCH_NOW_MS 1800000000000 /* where the held clock begins */

struct bench {
	char folder[64];
	struct settings *settings;
	struct loop *loop;
	struct db *db;
	struct intake *intake;
	struct arena *arena;
	struct why why;
	bool wants;    /* intake asked for a turn */
	bool holds;    /* turns wait: nothing is committed */
	bool fails;    /* the store refuses to commit */
	bool is_app;   /* the app itself takes the turns */
	unsigned commits, aborts;
	/* Called inside the transaction, before the commit; or NULL. */
	void (*on_write)(struct bench *b);
};
extern struct bench bench;

#define bench_ok(expression) \
	ck_assert_msg((expression) == JEMBATAN_OK, "%s: %s", #expression, bench.why.text)
/* Turns until the claim holds; a failure after 20 s of real time. */
#define bench_until(claim) \
	do { \
		int64_t until_ = bench_real_ms() + 20000; \
		while (!(claim)) { \
			ck_assert_msg(bench_real_ms() < until_, "never: %s", #claim); \
			bench_turn(); \
		} \
	} while (0)

void bench_setup(void);    /* folder, plugins, held clock */
void bench_teardown(void); /* removes the folder */
int64_t bench_real_ms(void);

/* connectors.d/NAME.yaml: `head` are its lines, `options` the plugin's, each
 * indented by two spaces; NULL: for script, its file. */
void bench_instance(const char *name, const char *connector, const char *head,
		    const char *options);
/* Append lines to the script of an instance: one JSON object each. */
void bench_script(const char *name, const char *lines);
/* Load the settings and open the store; then start the children. */
void bench_load(void); /* the settings only */
void bench_open(void);
void bench_start(void);
/* Free what bench_open and bench_start made, as a daemon does that ends. */
void bench_close(void);

void bench_turn(void);            /* one turn of the loop, and the app's */
void bench_turns(unsigned count);
void bench_advance(int64_t ms);   /* the clock, then a few turns */

/* ---- looking ---- */
struct intake_status bench_status(const char *name);
int64_t bench_messages(const char *name); /* stored, all stages */
struct inbox_counts bench_counts(const char *name);
int64_t bench_quarantined(void);          /* records that wait there */
const char *bench_cursor(const char *name); /* as committed; or NULL */
size_t bench_spool_count(const char *name); /* files in spool/NAME */
const char *bench_path(const char *name);   /* below the folder */

#endif
