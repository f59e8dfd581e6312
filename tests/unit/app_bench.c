/* app_bench.c: the daemon, opened and turned by a test. */
#include "app_bench.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "store/audit.h"

#define ROWS_MAX 64u

struct app app;
bool app_bench_compares;

void app_bench_setup(void)
{
	bench_setup();
	bench.is_app = true;
	app_bench_compares = false;
	setenv("JEMBATAN_SCHEMA", TEST_SCHEMA, 1);
	setenv("JEMBATAN_RULES", TEST_SHIPPED "/rules.yaml", 1);
	setenv("JEMBATAN_CLASSIFY", TEST_SHIPPED "/classify.txt", 1);
	setenv("JEMBATAN_CATEGORIES", TEST_SHIPPED "/categories.txt", 1);
	setenv("JEMBATAN_REGIONS", TEST_REGIONS, 1);
	setenv("JEMBATAN_DEDUP", TEST_DEDUP, 1);
}

/* Most tests say the same words again and again, and are about something else. */
static void choose_duplicates(void)
{
	const char *path = bench_path("etc/jembatan.yaml");
	struct buf text;
	buf_init(&text, 65536);
	bench_ok(file_read(path, &text, &bench.why));
	if (strstr(text.data, "duplicates:") == NULL) {
		buf_printf(&text, "duplicates:\n  enabled: %s\n", app_bench_compares ? "true" : "false");
		bench_ok(file_write(path, 0600, buf_bytes(&text), &bench.why));
	}
	buf_done(&text);
}

void app_bench_open(void)
{
	choose_duplicates();
	bench_load();
	bench_ok(app_open(&app, bench.settings, &bench.why));
	bench.db = app.db;
	bench.loop = app.loop;
	bench.intake = app.intake;
	app.decide_more = true;
	app_want_turn(&app);
	loop_timer_set(app.idle, 2000);
}

void app_bench_close(void)
{
	if (bench.db == NULL)
		return;
	app_close(&app);
	bench.db = NULL;
	bench.loop = NULL;
	bench.intake = NULL;
	settings_free(bench.settings);
	bench.settings = NULL;
}

void app_bench_teardown(void)
{
	app_bench_close();
	bench_teardown();
}

static bool is_done(const char *name, unsigned line)
{
	const char *cursor = bench_cursor(name);
	return cursor != NULL && strtoul(cursor, NULL, 10) >= line;
}

void app_bench_say(const char *name, const char *lines, unsigned count)
{
	const char *before = bench_cursor(name);
	unsigned line = (before != NULL ? (unsigned)strtoul(before, NULL, 10) : 0) + count;
	int64_t until = bench_real_ms() + 20000;
	bench_script(name, lines);
	while (!is_done(name, line)) {
		ck_assert_msg(bench_real_ms() < until, "%s does not get to line %u", name, line);
		bench_advance(200);
	}
	bench_turns(3);
}

struct ticket_row app_bench_ticket(size_t n)
{
	struct ticket_row rows[ROWS_MAX];
	size_t count = 0;
	bench_ok(tickets_list(bench.db, -1, 0, ROWS_MAX, bench.arena, rows, &count, &bench.why));
	ck_assert_uint_gt(count, n);
	struct ticket_row row;
	bench_ok(tickets_get(bench.db, rows[n].id, bench.arena, &row, &bench.why));
	return row;
}

size_t app_bench_tickets(void)
{
	struct ticket_row rows[ROWS_MAX];
	size_t count = 0;
	bench_ok(tickets_list(bench.db, -1, 0, ROWS_MAX, bench.arena, rows, &count, &bench.why));
	return count;
}

struct inbox_row app_bench_message(int64_t n)
{
	struct inbox_row row;
	bench_ok(inbox_get(bench.db, n, bench.arena, &row, &bench.why));
	return row;
}

const char *app_bench_history(int64_t ticket_id)
{
	struct audit_row rows[ROWS_MAX];
	size_t count = 0;
	char *out = arena_strdup(bench.arena, "");
	bench_ok(audit_list(bench.db, AUDIT_TICKET, ticket_id, ROWS_MAX, bench.arena, rows, &count,
			    &bench.why));
	for (size_t i = 0; i < count; i++)
		out = arena_printf(bench.arena, "%s%s%s", out, i > 0 ? " " : "", rows[i].what);
	return out;
}

size_t app_bench_pushes(enum outbox_kind kind)
{
	struct outbox_row rows[ROWS_MAX];
	size_t count = 0, n = 0;
	bench_ok(outbox_rows_list(bench.db, OUTBOX_QUEUED, 0, ROWS_MAX, bench.arena, rows, &count,
				  &bench.why));
	for (size_t i = 0; i < count; i++)
		n += rows[i].kind == kind;
	return n;
}
