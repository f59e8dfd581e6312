/* import.c: `jembatan central import EXPORT.csv`: the file is read here, and
 * what it says of our tickets goes to the daemon in pieces, one transaction
 * each. Asked twice, it changes nothing the second time. */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "base/jx.h"
#include "cli/export.h"
#include "base/poison.h"

#define PIECE_ROWS 200u

struct import {
	const struct cli *cli;
	struct cli_table *table; /* NULL: JSON */
	int64_t settled, moved, same, others, conflicts;
};

static void on_answer(void *data, json_t *row)
{
	struct import *i = data;
	if (!str_equal(jx_text(row, "type"), "sum")) {
		if (i->table != NULL)
			cli_table_row(i->table, row);
		else
			cli_print_json(NULL, row);
		return;
	}
	i->settled += jx_integer(row, "settled", 0);
	i->moved += jx_integer(row, "moved", 0);
	i->same += jx_integer(row, "same", 0);
	i->others += jx_integer(row, "others", 0);
	i->conflicts += jx_integer(row, "conflicts", 0);
}

static char *piece_of(const struct export_row *rows, size_t count)
{
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_pack("{s:I,s:s,s:s?,s:s?,s:s?,s:s?,s:b}", "line",
			(json_int_t)rows[i].number, "tracking", rows[i].tracking, "reference",
			rows[i].reference, "title", rows[i].title, "day", rows[i].day, "status",
			rows[i].status, "twin", rows[i].is_twin));
	char *text = jx_dump(list);
	json_decref(list);
	return text;
}

static int send_rows(struct import *i, const struct export_row *rows, size_t count, bool dry_run)
{
	int code = EX_OK;
	for (size_t at = 0; at < count && code == EX_OK; at += PIECE_ROWS) {
		size_t n = count - at < PIECE_ROWS ? count - at : PIECE_ROWS;
		CLEANUP(free_pointer) char *piece = piece_of(rows + at, n);
		struct msg_argument arguments[] = { { "rows", piece },
						    { "dry_run", dry_run ? "yes" : NULL } };
		code = cli_ask(i->cli, "central import", arguments, 2, on_answer, i);
		if (isatty(STDERR_FILENO))
			fprintf(stderr, "\rrows: %zu of %zu%s", at + n, count, at + n == count ? "\n" : "");
	}
	return code;
}

static void print_sum(const struct import *i, size_t rows, size_t left_out, bool dry_run)
{
	json_t *sum = json_pack("{s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:b}", "type", "imported", "rows",
		(json_int_t)rows, "without_number", (json_int_t)left_out, "settled",
		(json_int_t)i->settled, "moved", (json_int_t)i->moved, "same", (json_int_t)i->same,
		"others", (json_int_t)i->others, "conflicts", (json_int_t)i->conflicts, "dry_run",
		dry_run);
	if (i->table == NULL)
		cli_print_json(NULL, sum);
	else
		printf("%zu rows: %lld unknown pushes settled, %lld statuses taken, %lld as before, %lld "
		       "not ours, %lld to look at%s\n", rows, (long long)i->settled,
		       (long long)i->moved, (long long)i->same, (long long)i->others,
		       (long long)i->conflicts, dry_run ? "; nothing was changed" : "");
	json_decref(sum);
}

int cli_import(const struct cli *c, const char *path, bool dry_run)
{
	struct arena *arena = arena_new();
	struct import i = { .cli = c, .table = c->json ? NULL : cli_table_new() };
	struct export_row *rows = NULL;
	size_t count = 0, left_out = 0;
	struct buf file;
	struct why why;
	int code = EX_DATAERR;
	buf_init(&file, EXPORT_BYTES_MAX);
	enum jembatan_result r = file_read(path, &file, &why);
	if (r == JEMBATAN_OK && buf_is_full(&file))
		r = why_set(&why, JEMBATAN_DATA, "it is too large");
	if (r == JEMBATAN_OK)
		r = export_read(buf_bytes(&file), arena, &rows, &count, &left_out, &why);
	if (r == JEMBATAN_OK)
		code = send_rows(&i, rows, count, dry_run);
	else
		fprintf(stderr, "jembatan: %s: %s\n", path, why.text);
	if (i.table != NULL)
		cli_table_print(i.table, stdout);
	if (code == EX_OK)
		print_sum(&i, count, left_out, dry_run);
	buf_done(&file);
	arena_free(arena);
	return r == JEMBATAN_GONE ? EX_NOINPUT : code;
}
