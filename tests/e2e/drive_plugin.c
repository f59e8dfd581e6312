/* drive_plugin.c: loads one connector plugin and polls it by hand, without host
 * and core: what it emits is printed, one JSON object a line, and at the end
 * the result, the cursor and the explanation.
 *
 *   drive_plugin PLUGIN.so OPTIONS.json [--cursor TEXT] [--start MS]
 *       [--polls N] [--preview FILE] [--fetch REFERENCE FILE]
 *
 * OPTIONS.json: {"name": "value", "map": {"key": "value"}, "list": ["a"]}. */
#include "kit/testctx.h"
#include "message_json.h"

#include <dlfcn.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 512

struct arguments {
	const char *plugin, *options, *cursor, *preview, *reference, *out;
	int64_t start_ms;
	long polls;
};

static void die(const char *what, const char *detail)
{
	(void)fprintf(stderr, "drive_plugin: %s %s\n", what, detail);
	exit(70);
}

/* ---- options ----------------------------------------------------------- */

static struct testctx_option rows[ROWS_MAX + 1];
static size_t row_count;

static void add_row(const char *name, const char *key, json_t *value)
{
	if (row_count == ROWS_MAX || !json_is_string(value))
		die("option is no text, or too many:", name);
	rows[row_count++] =
		(struct testctx_option){ name, key, json_string_value(value) };
}

static void read_options(json_t *root)
{
	const char *name, *key;
	json_t *value, *entry;
	size_t i;

	json_object_foreach(root, name, value) {
		if (json_is_object(value)) {
			json_object_foreach(value, key, entry)
				add_row(name, key, entry);
		} else if (json_is_array(value)) {
			json_array_foreach(value, i, entry)
				add_row(name, NULL, entry);
		} else {
			add_row(name, NULL, value);
		}
	}
}

/* ---- output ------------------------------------------------------------ */

static const char *const results[] = { "OK", "IDLE", "RETRY", "AUTH", "CONFIG",
				       "DATA", "GONE", "FATAL" };

static void put(json_t *line, const char *name, const char *value)
{
	if (value)
		(void)json_object_set_new(line, name, json_string(value));
}

static void print_line(json_t *line)
{
	(void)json_dumpf(line, stdout, JSON_COMPACT);
	(void)putchar('\n');
	json_decref(line);
}

static void print_log(struct testctx *t)
{
	if (*testctx_log(t))
		print_line(json_pack("{s:s}", "log", testctx_log(t)));
}

static void print_emits(struct testctx *t)
{
	for (size_t i = 0; i < testctx_emit_count(t); i++)
		print_line(message_json(testctx_emit(t, i)));
	print_log(t);
}

static void print_end(struct testctx *t, enum jembatan_result result,
		      const char *cursor, long polls)
{
	json_t *line = json_object();

	put(line, "result", results[result]);
	put(line, "cursor", cursor);
	put(line, "explanation", testctx_explanation(t));
	(void)json_object_set_new(line, "polls", json_integer(polls));
	print_line(line);
}

/* ---- runs -------------------------------------------------------------- */

static enum jembatan_result poll_until_idle(const struct arguments *a,
					    const struct jembatan_operations *o,
					    struct testctx *t, void *self)
{
	struct jembatan_context *ctx = testctx_context(t);
	enum jembatan_result result = JEMBATAN_OK;
	char *cursor = a->cursor ? strdup(a->cursor) : NULL;
	long polls = 0;

	while (result == JEMBATAN_OK && (a->polls == 0 || polls < a->polls)) {
		result = o->poll(ctx, self);
		polls++;
		if (testctx_cursor(t)) {
			free(cursor);
			cursor = strdup(testctx_cursor(t));
		}
		print_emits(t);
		if (result == JEMBATAN_OK)
			testctx_forget(t);
	}
	print_end(t, result, cursor, polls);
	free(cursor);
	return result;
}

static enum jembatan_result fetch(const struct arguments *a,
				  const struct jembatan_operations *o,
				  struct testctx *t, void *self)
{
	enum jembatan_result result = o->fetch(testctx_context(t), self,
					       a->reference, testctx_spool(t));
	struct jembatan_bytes bytes = testctx_spooled(t, "fetch");
	FILE *file = fopen(a->out, "wb");

	if (!file || fwrite(bytes.data, 1, bytes.size, file) != bytes.size ||
	    fclose(file) != 0)
		die("cannot write", a->out);
	print_end(t, result, NULL, 0);
	return result;
}

static enum jembatan_result preview(const struct arguments *a,
				    const struct jembatan_operations *o,
				    struct testctx *t)
{
	static char sample[16 << 20];
	FILE *file = fopen(a->preview, "rb");
	struct jembatan_bytes bytes = { sample, 0 };
	enum jembatan_result result;

	if (!file)
		die("cannot read", a->preview);
	bytes.size = fread(sample, 1, sizeof(sample), file);
	(void)fclose(file);
	result = o->preview(testctx_context(t), bytes);
	print_emits(t);
	print_end(t, result, NULL, 0);
	return result;
}

static enum jembatan_result run(const struct arguments *a,
				const struct jembatan_operations *o,
				struct testctx *t)
{
	struct jembatan_context *ctx = testctx_context(t);
	enum jembatan_result result = JEMBATAN_OK;
	void *self = NULL;

	ctx->start_ms = a->start_ms;
	if (o->check)
		result = o->check(ctx);
	if (result == JEMBATAN_OK && a->preview)
		return preview(a, o, t);
	if (result == JEMBATAN_OK)
		result = o->open(ctx, a->cursor, &self);
	if (result != JEMBATAN_OK) {
		print_end(t, result, a->cursor, 0);
		return result;
	}
	result = a->reference ? fetch(a, o, t, self) :
				poll_until_idle(a, o, t, self);
	o->close(ctx, self);
	return result;
}

static struct arguments read_arguments(int argc, char **argv)
{
	struct arguments a = { 0 };

	if (argc < 3)
		die("usage:", "drive_plugin PLUGIN.so OPTIONS.json [...]");
	a.plugin = argv[1];
	a.options = argv[2];
	for (int i = 3; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--cursor") == 0)
			a.cursor = argv[i + 1];
		else if (strcmp(argv[i], "--start") == 0)
			a.start_ms = strtoll(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--polls") == 0)
			a.polls = strtol(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--preview") == 0)
			a.preview = argv[i + 1];
		else if (strcmp(argv[i], "--fetch") == 0 && i + 2 < argc) {
			a.reference = argv[i + 1];
			a.out = argv[++i + 1];
		} else
			die("unknown argument", argv[i]);
	}
	return a;
}

int main(int argc, char **argv)
{
	const struct jembatan_connector *(*entry)(void);
	struct arguments a = read_arguments(argc, argv);
	void *plugin = dlopen(a.plugin, RTLD_NOW | RTLD_LOCAL);
	void *symbol = plugin ? dlsym(plugin, "jembatan_connector_entry") : NULL;
	json_t *options = json_load_file(a.options, 0, NULL);
	enum jembatan_result result;
	struct testctx *t;

	if (!symbol)
		die("cannot load", dlerror());
	if (!json_is_object(options))
		die("no JSON object in", a.options);
	memcpy(&entry, &symbol, sizeof(entry));
	read_options(options);
	t = testctx_new(rows, entry()->options);
	result = run(&a, entry()->operations, t);
	testctx_free(t);
	json_decref(options);
	return result == JEMBATAN_OK || result == JEMBATAN_IDLE ? 0 : 1;
}
