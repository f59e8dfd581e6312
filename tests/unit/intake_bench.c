/* intake_bench.c: children, a store and a turn, for tests. */
#include "intake_bench.h"

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "intake/instance.h"

struct bench bench;

int64_t bench_real_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

const char *bench_path(const char *name)
{
	return arena_printf(bench.arena, "%s/%s", bench.folder, name);
}

static void write_text(const char *name, const char *text)
{
	bench_ok(file_write(bench_path(name), 0600, bytes_text(text), &bench.why));
}

static void install(const char *from, const char *to)
{
	struct buf content;
	buf_init(&content, 256u * 1024u * 1024u);
	bench_ok(file_read(from, &content, &bench.why));
	bench_ok(file_write(bench_path(to), 0755, buf_bytes(&content), &bench.why));
	buf_done(&content);
}

void bench_setup(void)
{
	bench = (struct bench){ .folder = "/tmp/jembatan-intake-XXXXXX", .arena = arena_new() };
	ck_assert_ptr_nonnull(mkdtemp(bench.folder));
	clock_hold(BENCH_NOW_MS, 5000000);
	bench_ok(file_make_dirs(bench_path("etc/connectors.d"), 0700, &bench.why));
	bench_ok(file_make_dirs(bench_path("etc/profiles"), 0700, &bench.why));
	bench_ok(file_make_dirs(bench_path("plugins"), 0755, &bench.why));
	install("jembatan-connector", "jembatan-connector");
	install("tests/conform/.libs/script.so", "plugins/script.so");
	install("tests/conform/.libs/misbehave.so", "plugins/misbehave.so");
	install("tests/conform/.libs/hook.so", "plugins/hook.so");
	setenv("JEMBATAN_CONNECTOR", bench_path("jembatan-connector"), 1);
	write_text("etc/jembatan.yaml",
		   arena_printf(bench.arena, "data_dir: %s/data\nrun_dir: %s/run\nplugin_dir: "
				"%s/plugins\nprofile_dir: %s/etc/profiles\nconfinement: preferred\n",
				bench.folder, bench.folder, bench.folder, bench.folder));
}

void bench_instance(const char *name, const char *connector, const char *head, const char *options)
{
	if (options == NULL)
		options = arena_printf(bench.arena, "  file: %s/%s.jsonl\n", bench.folder, name);
	write_text(arena_printf(bench.arena, "etc/connectors.d/%s.yaml", name),
		   arena_printf(bench.arena, "connector: %s\nstart: all\n%soptions:\n%s", connector,
				head, options));
	if (access(bench_path(arena_printf(bench.arena, "%s.jsonl", name)), F_OK) != 0)
		write_text(arena_printf(bench.arena, "%s.jsonl", name), "");
}

void bench_script(const char *name, const char *lines)
{
	FILE *f = fopen(bench_path(arena_printf(bench.arena, "%s.jsonl", name)), "a");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(lines, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

static void on_turn(void *data)
{
	struct bench *b = data;
	b->wants = true;
}

void bench_load(void)
{
	struct problems problems;
	problems_init(&problems);
	bench.settings = settings_load(bench_path("etc/jembatan.yaml"), &problems);
	ck_assert_msg(problems.count == 0, "%s", problems.count > 0 ? problems.items[0].text : "");
	problems_done(&problems);
}

void bench_open(void)
{
	bench_load();
	bench_ok(db_open(bench.settings->data_dir, NULL, &bench.db, &bench.why));
	bench.loop = loop_new();
	bench.intake = intake_new(bench.loop, bench.db, bench.settings, on_turn, &bench);
}

void bench_start(void)
{
	bench_ok(intake_start(bench.intake, &bench.why));
}

void bench_close(void)
{
	intake_free(bench.intake);
	if (bench.loop != NULL)
		loop_free(bench.loop);
	db_close(bench.db);
	settings_free(bench.settings);
	bench.intake = NULL;
	bench.loop = NULL;
	bench.db = NULL;
	bench.settings = NULL;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *walk)
{
	(void)st;
	(void)kind;
	(void)walk;
	return remove(path);
}

void bench_teardown(void)
{
	bench_close();
	arena_free(bench.arena);
	nftw(bench.folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	clock_release();
}

/* As app.c does it. */
static void app_turn(void)
{
	bench.wants = false;
	intake_prepare(bench.intake);
	bench_ok(db_begin(bench.db, &bench.why));
	enum jembatan_result r = intake_write(bench.intake, &bench.why);
	if (r == JEMBATAN_OK && bench.on_write != NULL)
		bench.on_write(&bench);
	if (r == JEMBATAN_OK && !bench.fails)
		r = db_commit(bench.db, &bench.why);
	if (r != JEMBATAN_OK || bench.fails) {
		db_abort(bench.db);
		bench.aborts++;
		bench.wants = intake_aborted(bench.intake);
		return;
	}
	bench.commits++;
	intake_committed(bench.intake);
	if (intake_wants_turn(bench.intake))
		bench.wants = true;
}

void bench_turn(void)
{
	loop_turn(bench.loop, 5);
	if (!bench.is_app && !bench.holds && (bench.wants || intake_wants_turn(bench.intake)))
		app_turn();
}

void bench_turns(unsigned count)
{
	while (count-- > 0)
		bench_turn();
}

static bool is_opening(const struct worker *w)
{
	return w->child != NULL && child_state(w->child) == CHILD_OPENING;
}

static bool someone_opens(void)
{
	for (const struct instance *i = bench.intake->instances; i != NULL; i = i->next)
		if (is_opening(&i->poll) || is_opening(&i->request) || is_opening(&i->deliver))
			return true;
	return false;
}

/* Children live by the machine's clock: on a busy one they would miss deadlines
 * for which nobody gave them time. One that hangs in open() never opens. */
void bench_advance(int64_t ms)
{
	int64_t until = bench_real_ms() + 3000;
	while (bench.intake != NULL && someone_opens() && bench_real_ms() < until)
		bench_turn();
	clock_advance(ms);
	bench_turns(3);
}

struct intake_status bench_status(const char *name)
{
	struct intake_status s = { 0 };
	for (size_t n = 0; intake_status(bench.intake, n, &s); n++)
		if (strcmp(s.name, name) == 0)
			return s;
	ck_abort_msg("there is no %s", name);
	return s;
}

struct inbox_counts bench_counts(const char *name)
{
	struct inbox_counts counts;
	bench_ok(inbox_count(bench.db, bench_status(name).id, &counts, &bench.why));
	return counts;
}

int64_t bench_messages(const char *name)
{
	return bench_counts(name).total;
}

int64_t bench_quarantined(void)
{
	int64_t n = 0;
	bench_ok(quarantine_count(bench.db, &n, &bench.why));
	return n;
}

const char *bench_cursor(const char *name)
{
	struct instance_row row;
	bench_ok(instances_get(bench.db, name, 0, 0, bench.arena, &row, &bench.why));
	return row.cursor;
}

size_t bench_spool_count(const char *name)
{
	size_t n = 0;
	DIR *dir = opendir(bench_path(arena_printf(bench.arena, "data/spool/%s", name)));
	ck_assert_ptr_nonnull(dir);
	for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir))
		n += e->d_name[0] != '.';
	closedir(dir);
	return n;
}
