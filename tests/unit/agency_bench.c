/* agency_bench.c: the connector against the fake app. */
#include "agency_bench.h"

#include "base/mem.h"

#include <check.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

extern const struct jembatan_connector *jembatan_connector_entry(void);

#define FIRST_ID 5571685772206594000

struct bench bench;

static const struct jembatan_operations *operations(void)
{
	return jembatan_connector_entry()->operations;
}

void bench_start(const char *const *arguments, int count)
{
	const char *all[24] = { "--quiet", NULL };
	size_t n = 1;

	memset(&bench, 0, sizeof(bench));
	while (arguments && *arguments && n < COUNT_OF(all) - 1)
		all[n++] = *arguments++;
	drive_start(&bench.app, "./jembatan-fakeapp", all);
	for (int i = 1; i <= count; i++) {
		int second = i - (i % 3 == 0);
		CLEANUP(free_pointer) char *record = xasprintf(
			"{\"id\":%" PRId64 ",\"title\":\"Aduan %d\",\"created_at\":"
			"\"2024-11-20T00:00:00Z\",\"updated_at\":\"2024-11-20T01:%02d:%02dZ\"}",
			(int64_t)FIRST_ID + i, i, second / 60, second % 60);

		bench_add(record);
	}
	bench_set("id_path", NULL, "id");
	bench_set("updated_path", NULL, "updated_at");
	bench_set("created_path", NULL, "created_at");
	bench_set("fields", "subject", "title");
}

void bench_stop(void)
{
	bench_kill();
	(void)drive_stop(&bench.app, SIGTERM);
	for (size_t i = 0; i < bench.kept_count; i++)
		free(bench.kept[i]);
	for (size_t i = 0; i < bench.row_count; i++)
		free((void *)(uintptr_t)bench.rows[i].value);
	free(bench.cursor);
}

void bench_set(const char *name, const char *key, const char *value)
{
	struct testctx_option *row = bench.rows;

	while (row->name && (strcmp(row->name, name) != 0 ||
			     (key && strcmp(row->key, key) != 0)))
		row++;
	if (!row->name) {
		ck_assert_uint_lt(bench.row_count, BENCH_ROWS);
		bench.row_count++;
	}
	free((void *)(uintptr_t)row->value);
	*row = (struct testctx_option){ name, key, xstrdup(value) };
}

void bench_set_url(const char *path)
{
	CLEANUP(free_pointer) char *url = xasprintf("%s%s", bench.app.url, path);

	bench_set("url", NULL, url);
}

enum jembatan_result bench_open(void)
{
	bench.t = testctx_new(bench.rows, jembatan_connector_entry()->options);
	bench.taken = 0;
	return operations()->open(testctx_context(bench.t), bench.cursor, &bench.self);
}

void bench_kill(void)
{
	if (bench.self)
		operations()->close(testctx_context(bench.t), bench.self);
	bench.self = NULL;
	testctx_free(bench.t);
	bench.t = NULL;
}

static void keep(void)
{
	size_t covered = testctx_emits_at_checkpoint(bench.t);

	for (; bench.taken < covered; bench.taken++) {
		const struct jembatan_message *m = testctx_emit(bench.t, bench.taken);

		ck_assert_uint_lt(bench.kept_count, BENCH_KEPT);
		bench.kept[bench.kept_count++] =
			xasprintf("%s %s", m->id ? m->id : "-", m->revision);
	}
	free(bench.cursor);
	bench.cursor = xstrdup(testctx_cursor(bench.t));
}

enum jembatan_result bench_poll(void)
{
	size_t before = testctx_checkpoint_count(bench.t);
	enum jembatan_result result =
		operations()->poll(testctx_context(bench.t), bench.self);

	if (testctx_checkpoint_count(bench.t) > before)
		keep();
	return result;
}

enum jembatan_result bench_poll_lost(void)
{
	enum jembatan_result result;

	testctx_fail_checkpoint(bench.t, 1);
	result = operations()->poll(testctx_context(bench.t), bench.self);
	testctx_fail_checkpoint(bench.t, 0);
	bench.taken = testctx_emit_count(bench.t);
	return result;
}

enum jembatan_result bench_poll_all(void)
{
	enum jembatan_result result = JEMBATAN_OK;

	for (int i = 0; i < 500 && result == JEMBATAN_OK; i++)
		result = bench_poll();
	return result;
}

size_t bench_count(int number)
{
	CLEANUP(free_pointer) char *id = xasprintf("%" PRId64 " ",
						   (int64_t)FIRST_ID + number);
	size_t count = 0;

	for (size_t i = 0; i < bench.kept_count; i++)
		count += strncmp(bench.kept[i], id, strlen(id)) == 0;
	return count;
}

bool bench_has_all(int count)
{
	for (int i = 1; i <= count; i++)
		if (bench_count(i) == 0)
			return false;
	return true;
}

void bench_add(const char *record)
{
	ck_assert_int_eq(drive_call(&bench.app, "POST", "/_add", record), CURLE_OK);
	ck_assert_int_eq(bench.app.status, 200);
}

void bench_touch(int number)
{
	CLEANUP(free_pointer) char *record =
		xasprintf("{\"id\":%" PRId64 ",\"title\":\"Aduan %d, lagi\"}",
			  (int64_t)FIRST_ID + number, number);

	bench_add(record);
}

void bench_fault(const char *spec)
{
	CLEANUP(free_pointer) char *body = xasprintf("{\"spec\":\"%s\"}", spec);

	ck_assert_int_eq(drive_call(&bench.app, "POST", "/_fault", body), CURLE_OK);
	ck_assert_int_eq(bench.app.status, 200);
}

void bench_no_fault(void)
{
	ck_assert_int_eq(drive_call(&bench.app, "DELETE", "/_fault", NULL), CURLE_OK);
}

int64_t bench_requests(const char *operation)
{
	json_t *state = drive_json(&bench.app, "GET", "/_state", NULL);
	int64_t count = json_integer_value(
		json_object_get(json_object_get(state, "by_operation"), operation));

	json_decref(state);
	return count;
}
