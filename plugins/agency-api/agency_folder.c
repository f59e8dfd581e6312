/* agency_folder.c: the files of a folder, row by row.
 *
 * Nothing is lost or doubled when we die anywhere: each page of rows ends in a
 * checkpoint that says how many rows of which bytes are on disk, and a file
 * counts as taken with the checkpoint behind its last row; only then is it
 * moved away. A row that comes again, in this file or in the next one, is known
 * by its id and revision. */
#include "agency-api/agency_folder.h"
#include "agency-api/agency_bring.h"
#include "agency-api/agency_marks.h"
#include "agency-api/agency_seen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_ROWS 500u
#define TURN_MS 20000
/* In place of a content: the file was refused as a whole, and stays. */
#define REFUSED "00000000000000000000000000000000"

struct agency_folder {
	struct jembatan_context *ctx;
	struct agency_mapping *mapping;
	struct agency_columns *columns;
	struct agency_files *files;
	struct agency_files_options options;
	struct agency_rows_limits limits;
	struct agency_seen *seen;
	struct kit_arena *arena; /* of one row */
	struct agency_marks marks, saved; /* saved: on disk */
	bool moves, move_told, odd_time_told;
	/* The file that is being read; rows is NULL between files. */
	struct agency_rows *rows;
	struct agency_file file;
	struct jembatan_bytes bytes;
	char mark[AGENCY_MARK_SIZE];
	size_t line, skip; /* read so far; on disk already */
	size_t count, bad; /* rows */
};

/* ---- open, close ------------------------------------------------------- */

bool agency_folder_is_set(struct jembatan_context *ctx)
{
	return agency_option_folder(ctx, NULL) != NULL;
}

static enum jembatan_result check_options(struct jembatan_context *ctx)
{
	static const char *const alone[] = { "url", "write", "details" };
	const char *key, *value;

	if (agency_option(ctx, "folder") && agency_option(ctx, "drop_folder"))
		return jembatan_explain(ctx, JEMBATAN_CONFIG,
					"%s: folder and drop_folder exclude each other; leave one "
					"out",
					jembatan_where(ctx, "folder", NULL));
	for (size_t i = 0; i < sizeof(alone) / sizeof(alone[0]); i++)
		if ((i == 0 && agency_option(ctx, alone[0])) ||
		    (i > 0 && jembatan_get_entry(ctx, alone[i], 0, &key, &value)))
			return jembatan_explain(ctx, JEMBATAN_CONFIG,
						"%s: %s does not go with a folder of exports: files "
						"are only read, nothing is asked for or written back",
						jembatan_where(ctx, alone[i], NULL), alone[i]);
	return JEMBATAN_OK;
}

static struct agency_rows_limits read_limits(struct jembatan_context *ctx)
{
	return (struct agency_rows_limits){
		.file_max = (size_t)jembatan_get_integer(ctx, "file_max"),
		.row_max = (size_t)jembatan_get_integer(ctx, "row_max"),
	};
}

static enum jembatan_result read_settings(struct jembatan_context *ctx,
					  struct agency_mapping **mapping,
					  struct agency_columns **columns)
{
	enum jembatan_result result = check_options(ctx);

	if (result == JEMBATAN_OK)
		result = agency_mapping_new(ctx, mapping);
	if (result == JEMBATAN_OK)
		result = agency_columns_new(ctx, columns);
	return result;
}

enum jembatan_result agency_folder_check(struct jembatan_context *ctx)
{
	struct agency_mapping *mapping = NULL;
	struct agency_columns *columns = NULL;
	struct kit_why why = { "" };
	bool moves;
	const char *path = agency_option_folder(ctx, &moves);
	enum jembatan_result result = read_settings(ctx, &mapping, &columns);

	if (result == JEMBATAN_OK && agency_files_try(path, moves, &why) != JEMBATAN_OK)
		result = jembatan_explain(ctx, JEMBATAN_CONFIG, "%s: %s",
					  jembatan_where(ctx, moves ? "drop_folder" : "folder",
							 NULL),
					  why.text);
	agency_columns_free(columns);
	agency_mapping_free(mapping);
	return result;
}

static void read_cursor(struct agency_folder *f, const char *cursor)
{
	if (cursor && agency_marks_parse(cursor, &f->marks) != JEMBATAN_OK)
		jembatan_log(f->ctx, JEMBATAN_WARNING,
			     "the stored cursor is not one of a folder; all files are read, and "
			     "what is known is not taken twice");
	f->saved = f->marks;
}

enum jembatan_result agency_folder_open(struct jembatan_context *ctx, const char *cursor,
					struct agency_folder **out)
{
	struct agency_folder *f = calloc(1, sizeof(*f));
	struct kit_why why = { "" };
	enum jembatan_result result;

	if (!f)
		abort();
	f->ctx = ctx;
	f->options.path = agency_option_folder(ctx, &f->moves);
	f->options.settle_ms = jembatan_get_integer(ctx, "settle");
	f->options.needs_done = jembatan_get_integer(ctx, "wait_for_done") != 0;
	f->limits = read_limits(ctx);
	f->files = agency_files_new(&f->options);
	f->seen = agency_seen_new();
	f->arena = kit_arena_new();
	result = read_settings(ctx, &f->mapping, &f->columns);
	if (result == JEMBATAN_OK && agency_files_try(f->options.path, f->moves, &why) != JEMBATAN_OK)
		result = jembatan_explain(ctx, JEMBATAN_RETRY, "%s", why.text);
	if (result != JEMBATAN_OK) {
		agency_folder_close(f);
		return result;
	}
	read_cursor(f, cursor);
	*out = f;
	return JEMBATAN_OK;
}

static void close_file(struct agency_folder *f)
{
	agency_rows_free(f->rows);
	f->rows = NULL;
	free((void *)(uintptr_t)f->bytes.data);
	f->bytes = (struct jembatan_bytes){ NULL, 0 };
}

void agency_folder_close(struct agency_folder *f)
{
	if (!f)
		return;
	close_file(f);
	agency_files_free(f->files);
	agency_seen_free(f->seen);
	kit_arena_free(f->arena);
	agency_columns_free(f->columns);
	agency_mapping_free(f->mapping);
	free(f);
}

/* ---- checkpoints ------------------------------------------------------- */

/* When it fails all goes back to what is on disk. */
static enum jembatan_result save(struct agency_folder *f)
{
	char *text = agency_marks_format(&f->marks);
	enum jembatan_result result = jembatan_checkpoint(f->ctx, text);

	free(text);
	if (result == JEMBATAN_OK) {
		agency_seen_commit(f->seen);
		f->saved = f->marks;
		return JEMBATAN_OK;
	}
	agency_seen_abort(f->seen);
	f->marks = f->saved;
	close_file(f);
	return result;
}

/* So far into the file. */
static enum jembatan_result save_page(struct agency_folder *f)
{
	(void)snprintf(f->marks.at, sizeof(f->marks.at), "%s", f->mark);
	f->marks.line = f->line;
	return save(f);
}

/* This file is done with. */
static enum jembatan_result save_file(struct agency_folder *f, const struct agency_file *file,
				      const char *content)
{
	char mark[AGENCY_MARK_SIZE];

	(void)snprintf(mark, sizeof(mark), "%s%s", file->stamp, content);
	agency_marks_add(&f->marks, mark);
	if (strcmp(f->marks.at, f->mark) == 0)
		*f->marks.at = '\0';
	return save(f);
}

static void archive(struct agency_folder *f, const struct agency_file *file)
{
	struct kit_why why = { "" };

	if (!f->moves || agency_files_archive(f->files, file, &why) == JEMBATAN_OK)
		return;
	if (!f->move_told)
		jembatan_log(f->ctx, JEMBATAN_WARNING, "%s", why.text);
	f->move_told = true;
}

/* ---- rows -------------------------------------------------------------- */

static void tell_odd_time(struct agency_folder *f, const struct agency_record *record)
{
	if (!record->odd_time || f->odd_time_told)
		return;
	f->odd_time_told = true;
	jembatan_log(f->ctx, JEMBATAN_WARNING, "%s: a value of %s is not a time; see date_format (%s)",
		     f->file.name, record->odd_time,
		     jembatan_where(f->ctx, "date_format", NULL));
}

static enum jembatan_result bring_row(struct agency_folder *f, const struct agency_row *row)
{
	struct agency_record record = { 0 };
	struct jembatan_bytes bytes = row->bytes;
	struct kit_why why = { "" };
	enum jembatan_result result = JEMBATAN_OK;
	enum jembatan_result parsed =
		agency_parse_record(f->mapping, bytes, f->arena, &record, &why);
	uint64_t key = agency_seen_key(record.digest);

	record.where = kit_arena_printf(f->arena, "%s: line %zu", f->file.name, row->line);
	tell_odd_time(f, &record);
	if ((!record.has_created || record.created_ms >= f->ctx->start_ms) &&
	    !agency_seen_has(f->seen, key)) {
		result = agency_bring(f->mapping, bytes, &record, parsed, why.text, f->arena);
		if (result == JEMBATAN_OK)
			agency_seen_note(f->seen, key);
	}
	agency_record_done(&record);
	return result;
}

static enum jembatan_result bring_bad_row(struct agency_folder *f, const struct agency_row *row,
					  const char *reason)
{
	const char *id = kit_arena_printf(f->arena, "%s:%zu", f->file.name, row->line);
	const char *text = kit_arena_printf(f->arena, "%s: %s", f->file.name, reason);

	f->bad++;
	jembatan_log(f->ctx, JEMBATAN_WARNING, "%s", text);
	return agency_bring_bad(f->ctx, id, row->bytes, row->type, text);
}

/* The file cannot be read, or not to its end: it is named, and stays. */
static enum jembatan_result refuse(struct agency_folder *f, const struct agency_file *file,
				   const char *reason)
{
	const char *text = kit_arena_printf(f->arena, "%s: %s", file->name, reason);
	const char *raw = kit_arena_printf(f->arena, "%s, %lld bytes, %s\n", file->name,
					   (long long)file->size, file->stamp);
	struct jembatan_bytes bytes = { raw, strlen(raw) };
	enum jembatan_result result;

	jembatan_log(f->ctx, JEMBATAN_WARNING, "%s", text);
	result = agency_bring_bad(f->ctx, file->name, bytes, "text/plain", text);
	return result == JEMBATAN_OK ? save_file(f, file, REFUSED) : result;
}

static enum jembatan_result end_file(struct agency_folder *f, enum jembatan_result how,
				     const char *reason)
{
	struct agency_file file = f->file;
	enum jembatan_result result;

	if (how == JEMBATAN_GONE)
		result = refuse(f, &file, reason);
	else
		result = save_file(f, &file, f->mark + AGENCY_STAMP_SIZE - 1);
	if (result != JEMBATAN_OK)
		return result;
	jembatan_log(f->ctx, JEMBATAN_INFO, "%s: %zu rows read, %zu of them unusable", file.name,
		     f->count, f->bad);
	close_file(f);
	if (how != JEMBATAN_GONE)
		archive(f, &file);
	return JEMBATAN_OK;
}

/* Some rows, with a checkpoint behind them. */
static enum jembatan_result take_rows(struct agency_folder *f)
{
	int64_t until = jembatan_now_ms(f->ctx) + TURN_MS;
	size_t new = 0;

	while (new < PAGE_ROWS && !jembatan_stopping(f->ctx) &&
	       jembatan_now_ms(f->ctx) < until) {
		struct agency_row row;
		struct kit_why why = { "" };
		enum jembatan_result result;

		kit_arena_reset(f->arena);
		result = agency_rows_next(f->rows, f->arena, &row, &why);
		if (result == JEMBATAN_IDLE || result == JEMBATAN_GONE)
			return end_file(f, result, why.text);
		f->line = row.line;
		f->count++;
		if (row.line <= f->skip)
			continue;
		new++;
		result = result == JEMBATAN_OK ? bring_row(f, &row) :
						 bring_bad_row(f, &row, why.text);
		if (result != JEMBATAN_OK)
			return result;
	}
	return new > 0 ? save_page(f) : JEMBATAN_OK;
}

/* ---- files ------------------------------------------------------------- */

/* OK: rows are open, or the file is done with. RETRY: said in `why`. */
static enum jembatan_result begin_file(struct agency_folder *f, const struct agency_file *file,
				       struct kit_why *why)
{
	char content[AGENCY_CONTENT_SIZE];
	enum jembatan_result result;

	if (file->is_table)
		return refuse(f, file,
			      "it is a spreadsheet, not an export: open it, choose Save As, CSV UTF-8 "
			      "(Simpan Sebagai, CSV UTF-8), and put that file here");
	if ((size_t)file->size > f->limits.file_max)
		return refuse(f, file, "it is larger than file_max: divide it");
	result = agency_files_load(f->files, file, &f->bytes, content, why);
	if (result != JEMBATAN_OK)
		return result == JEMBATAN_GONE ? JEMBATAN_OK : result;
	f->file = *file;
	(void)snprintf(f->mark, sizeof(f->mark), "%s%s", file->stamp, content);
	f->line = f->count = f->bad = 0;
	f->skip = strcmp(f->marks.at, f->mark) == 0 ? f->marks.line : 0;
	if (agency_marks_has_content(&f->marks, content)) {
		close_file(f); /* renamed, copied or touched */
		return save_file(f, file, content);
	}
	if (agency_rows_new(f->columns, &f->limits, f->bytes, &f->rows, why) == JEMBATAN_OK)
		return JEMBATAN_OK;
	close_file(f);
	return refuse(f, file, why->text);
}

static bool was_refused(const char *mark)
{
	return strcmp(mark + AGENCY_STAMP_SIZE - 1, REFUSED) == 0;
}

/* The next file that is complete and not done with. OK: more is to be done; IDLE. */
static enum jembatan_result next_file(struct agency_folder *f)
{
	struct kit_why why = { "" }, trouble = { "" };
	const struct agency_file *files;
	size_t count;
	bool is_growing;
	enum jembatan_result result = agency_files_look(f->files, jembatan_now_ms(f->ctx), &files,
							&count, &is_growing, &why);

	if (result != JEMBATAN_OK)
		return jembatan_explain(f->ctx, result == JEMBATAN_GONE ? JEMBATAN_FATAL : result,
					"%s", why.text);
	agency_marks_keep(&f->marks, f->files);
	for (size_t i = 0; i < count && !jembatan_stopping(f->ctx); i++) {
		const char *mark = agency_marks_of(&f->marks, files[i].stamp);

		kit_arena_reset(f->arena);
		if (mark && !was_refused(mark))
			archive(f, &files[i]);
		if (mark)
			continue;
		result = begin_file(f, &files[i], &why);
		if (f->rows || (result != JEMBATAN_OK && result != JEMBATAN_RETRY))
			return result;
		if (result == JEMBATAN_RETRY)
			trouble = why;
	}
	if (*trouble.text)
		return jembatan_explain(f->ctx, JEMBATAN_RETRY, "%s", trouble.text);
	if (is_growing)
		jembatan_delay(f->ctx, f->options.settle_ms < 1000 ? 1000 : f->options.settle_ms);
	return JEMBATAN_IDLE;
}

enum jembatan_result agency_folder_poll(struct agency_folder *f)
{
	enum jembatan_result result = f->rows ? JEMBATAN_OK : next_file(f);

	return result == JEMBATAN_OK && f->rows ? take_rows(f) : result;
}

/* ---- preview ----------------------------------------------------------- */

static enum jembatan_result preview_rows(struct agency_folder *f)
{
	enum jembatan_result result = JEMBATAN_OK;

	while (result == JEMBATAN_OK) {
		struct agency_row row;
		struct kit_why why = { "" };
		enum jembatan_result got;

		kit_arena_reset(f->arena);
		got = agency_rows_next(f->rows, f->arena, &row, &why);
		if (got == JEMBATAN_IDLE)
			return JEMBATAN_OK;
		if (got == JEMBATAN_GONE)
			return jembatan_explain(f->ctx, JEMBATAN_DATA, "the sample: %s", why.text);
		result = got == JEMBATAN_OK ? bring_row(f, &row) :
					      bring_bad_row(f, &row, why.text);
	}
	return result;
}

enum jembatan_result agency_folder_preview(struct jembatan_context *ctx,
					   struct jembatan_bytes sample)
{
	struct agency_folder f = { .ctx = ctx, .limits = read_limits(ctx),
				   .file = { .name = "sample" } };
	struct kit_why why = { "" };
	enum jembatan_result result = read_settings(ctx, &f.mapping, &f.columns);

	f.arena = kit_arena_new();
	f.seen = agency_seen_new();
	if (result == JEMBATAN_OK &&
	    agency_rows_new(f.columns, &f.limits, sample, &f.rows, &why) != JEMBATAN_OK)
		result = jembatan_explain(ctx, JEMBATAN_DATA, "the sample: %s", why.text);
	if (result == JEMBATAN_OK)
		result = preview_rows(&f);
	agency_rows_free(f.rows);
	agency_seen_free(f.seen);
	kit_arena_free(f.arena);
	agency_columns_free(f.columns);
	agency_mapping_free(f.mapping);
	return result;
}
