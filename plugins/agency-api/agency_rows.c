/* agency_rows.c: the rows of an export as records.
 *
 * A key that comes again in the same file with other content would make one
 * complaint an edit of another one: such a row is not used. */
#include "agency-api/agency_rows.h"
#include "agency-api/agency_parse.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Titles, dates and empty rows may stand above the header. */
#define HEADER_BY_ROW 20u
/* Their keys are held in memory. */
#define ROWS_MAX 1000000u

struct agency_rows {
	const struct agency_columns *columns;
	struct agency_rows_limits limits;
	struct kit_arena *arena; /* of the header */
	struct kit_csv *csv;     /* NULL: JSON lines ... */
	const char *at, *end;    /* ... which are read from here */
	size_t line;
	const char *names[AGENCY_COLUMNS_MAX];
	size_t width; /* of the header; 0: not seen yet */
	bool is_torn; /* behind a broken row: what follows may be a part of it */
	json_t *keys; /* to "line digest" of the row that had it */
};

/* ---- cells ------------------------------------------------------------- */

/* What spreadsheets put around a number to keep it a text: ="0812" and '0812. */
static struct jembatan_bytes unwrap(const char *text)
{
	size_t size = strlen(text);

	while (size > 0 && isspace((unsigned char)text[size - 1]))
		size--;
	for (; size > 0 && isspace((unsigned char)*text); size--)
		text++;
	if (size >= 3 && text[0] == '=' && text[1] == '"' && text[size - 1] == '"')
		return (struct jembatan_bytes){ text + 2, size - 3 };
	if (size >= 2 && text[0] == '\'' &&
	    (isdigit((unsigned char)text[1]) || text[1] == '+'))
		return (struct jembatan_bytes){ text + 1, size - 1 };
	return (struct jembatan_bytes){ text, size };
}

/* Empty cells are left out: a column that is added empty changes nothing. */
static json_t *record_of(const struct agency_rows *rows, const struct kit_csv_row *row)
{
	json_t *record = json_object();

	for (size_t i = 0; i < row->count && i < rows->width; i++) {
		struct jembatan_bytes cell = unwrap(row->fields[i]);

		if (cell.size > 0)
			(void)json_object_set_new(record, rows->names[i],
						  json_stringn(cell.data, cell.size));
	}
	return record;
}

static bool has_more(const struct agency_rows *rows, const struct kit_csv_row *row)
{
	for (size_t i = rows->width; i < row->count; i++)
		if (unwrap(row->fields[i]).size > 0)
			return true;
	return false;
}

/* ---- records ----------------------------------------------------------- */

static struct jembatan_bytes dump(json_t *record, struct kit_arena *arena)
{
	char *text = json_dumps(record, JSON_COMPACT);
	struct jembatan_bytes bytes;

	if (!text)
		abort();
	bytes = agency_parse_copy((struct jembatan_bytes){ text, strlen(text) }, arena);
	free(text);
	return bytes;
}

/* OK: nobody else has this key. IDLE: the same row stands in this file already. */
static enum jembatan_result claim_key(struct agency_rows *rows, json_t *record, size_t line,
				      struct kit_why *why)
{
	const char *id = json_string_value(json_object_get(record, AGENCY_ROW_ID));
	const char *before = json_string_value(json_object_get(rows->keys, id));
	char digest[65], entry[48];

	kit_json_digest(record, digest);
	digest[16] = '\0';
	if (before && strcmp(strchr(before, ' ') + 1, digest) == 0)
		return JEMBATAN_IDLE;
	if (before)
		return kit_why_set(why, JEMBATAN_DATA,
				   "line %zu has the key of line %.*s and other content; see `key`",
				   line, (int)strcspn(before, " "), before);
	(void)snprintf(entry, sizeof(entry), "%zu %.16s", line, digest);
	(void)json_object_set_new(rows->keys, id, json_string(entry));
	return JEMBATAN_OK;
}

/* The record is complete but for its id. IDLE: nothing new. */
static enum jembatan_result take(struct agency_rows *rows, json_t *record, size_t line,
				 struct kit_arena *arena, struct agency_row *out,
				 struct kit_why *why)
{
	enum jembatan_result result = JEMBATAN_OK;

	if (json_object_size(record) == 0)
		return JEMBATAN_IDLE;
	if (agency_columns_identify(rows->columns, record))
		result = claim_key(rows, record, line, why);
	*out = (struct agency_row){ line, dump(record, arena), "application/json" };
	return result;
}

/* ---- CSV --------------------------------------------------------------- */

static void bad_row(const struct kit_csv_row *row, struct kit_arena *arena,
		    struct agency_row *out)
{
	*out = (struct agency_row){ row->line, agency_parse_copy(row->raw, arena), "text/csv" };
}

static void try_header(struct agency_rows *rows, const struct kit_csv_row *row)
{
	agency_columns_name(rows->columns, row->fields, row->count, rows->arena, rows->names);
	if (agency_columns_is_header(rows->columns, row->fields, rows->names, row->count))
		rows->width = row->count;
}

static enum jembatan_result no_header(struct kit_why *why)
{
	return kit_why_set(why, JEMBATAN_GONE,
			   "none of its first rows is a header with a column for the complaint's "
			   "text or title; see `columns` and `fields`");
}

static enum jembatan_result take_row(struct agency_rows *rows, const struct kit_csv_row *row,
				     struct kit_arena *arena, struct agency_row *out,
				     struct kit_why *why)
{
	enum jembatan_result result;
	json_t *record;

	bad_row(row, arena, out);
	if (rows->is_torn && row->count != rows->width)
		return kit_why_set(why, JEMBATAN_DATA,
				   "line %zu seems to be a part of the broken row before it",
				   row->line);
	rows->is_torn = false;
	if (has_more(rows, row))
		return kit_why_set(why, JEMBATAN_DATA, "line %zu has %zu columns, the header %zu",
				   row->line, row->count, rows->width);
	if (!row->is_ended && row->count < rows->width)
		return kit_why_set(why, JEMBATAN_DATA, "line %zu, the last one, breaks off",
				   row->line);
	record = record_of(rows, row);
	result = take(rows, record, row->line, arena, out, why);
	json_decref(record);
	return result;
}

static enum jembatan_result next_csv(struct agency_rows *rows, struct kit_arena *arena,
				     struct agency_row *out, struct kit_why *why)
{
	for (;;) {
		struct kit_csv_row row;
		enum jembatan_result result = kit_csv_next(rows->csv, &row, why);

		if (result == JEMBATAN_IDLE)
			return rows->width > 0 ? JEMBATAN_IDLE : no_header(why);
		if (result == JEMBATAN_GONE)
			return result;
		rows->is_torn = rows->is_torn || result == JEMBATAN_DATA;
		if (rows->width > 0 && result == JEMBATAN_DATA)
			bad_row(&row, arena, out);
		else if (rows->width > 0)
			result = take_row(rows, &row, arena, out, why);
		else if (row.line > HEADER_BY_ROW)
			return no_header(why);
		else if (result == JEMBATAN_OK)
			try_header(rows, &row);
		if (rows->width > 0 && out->line == row.line && result != JEMBATAN_IDLE)
			return result;
	}
}

/* ---- JSON lines -------------------------------------------------------- */

/* Members by the names of `columns`, where one of its headers fits; all else as it
 * stands there. */
static json_t *renamed(const struct agency_rows *rows, json_t *object, struct kit_arena *arena)
{
	const char *names[AGENCY_COLUMNS_MAX];
	char *headers[AGENCY_COLUMNS_MAX];
	json_t *out = json_object(), *value;
	const char *key;
	size_t n = 0;

	json_object_foreach(object, key, value)
		if (n < AGENCY_COLUMNS_MAX && strcmp(key, AGENCY_ROW_ID) != 0)
			headers[n++] = kit_arena_strdup(arena, key);
	agency_columns_name(rows->columns, headers, n, arena, names);
	for (size_t i = 0; i < n; i++) {
		bool is_ours = agency_columns_knows(rows->columns, names[i]);

		value = json_object_get(object, headers[i]);
		if (!json_is_null(value))
			(void)json_object_set(out, is_ours ? names[i] : headers[i], value);
	}
	return out;
}

static enum jembatan_result take_line(struct agency_rows *rows, struct jembatan_bytes line,
				      struct kit_arena *arena, struct agency_row *out,
				      struct kit_why *why)
{
	struct kit_why inner = { "" };
	json_t *object = NULL, *record;
	enum jembatan_result result;
	bool is_long = line.size > rows->limits.row_max;

	if (is_long)
		line.size = rows->limits.row_max;
	*out = (struct agency_row){ rows->line, agency_parse_copy(line, arena),
				    "application/octet-stream" };
	if (is_long)
		return kit_why_set(why, JEMBATAN_DATA, "line %zu is longer than %zu bytes",
				   rows->line, rows->limits.row_max);
	if (kit_json_parse(line, &object, &inner) != JEMBATAN_OK || !json_is_object(object)) {
		json_decref(object);
		return kit_why_set(why, JEMBATAN_DATA, "line %zu is not a whole JSON object",
				   rows->line);
	}
	record = renamed(rows, object, arena);
	result = take(rows, record, rows->line, arena, out, why);
	json_decref(record);
	json_decref(object);
	return result;
}

static enum jembatan_result next_line(struct agency_rows *rows, struct kit_arena *arena,
				      struct agency_row *out, struct kit_why *why)
{
	while (rows->at < rows->end) {
		size_t left = (size_t)(rows->end - rows->at);
		const char *newline = memchr(rows->at, '\n', left);
		struct jembatan_bytes line = { rows->at, newline ? (size_t)(newline - rows->at) :
								   left };
		enum jembatan_result result = JEMBATAN_IDLE;
		const char *text = line.data;

		rows->at += line.size + (newline != NULL);
		rows->line++;
		while (line.size > 0 && isspace((unsigned char)text[line.size - 1]))
			line.size--;
		if (line.size > 0)
			result = take_line(rows, line, arena, out, why);
		if (result != JEMBATAN_IDLE)
			return result;
	}
	return JEMBATAN_IDLE;
}

/* ---- the file ---------------------------------------------------------- */

static struct jembatan_bytes without_mark(struct jembatan_bytes file)
{
	if (file.size < 3 || memcmp(file.data, "\xef\xbb\xbf", 3) != 0)
		return file;
	return (struct jembatan_bytes){ (const char *)file.data + 3, file.size - 3 };
}

static bool is_json(struct jembatan_bytes file)
{
	const char *p = file.data;
	size_t i = 0;

	while (i < file.size && isspace((unsigned char)p[i]))
		i++;
	return i < file.size && p[i] == '{';
}

enum jembatan_result agency_rows_new(const struct agency_columns *columns,
				     const struct agency_rows_limits *limits,
				     struct jembatan_bytes file, struct agency_rows **out,
				     struct kit_why *why)
{
	struct jembatan_bytes text = without_mark(file);
	enum jembatan_result result = JEMBATAN_OK;
	struct agency_rows *rows = calloc(1, sizeof(*rows));

	if (!rows)
		abort();
	rows->columns = columns;
	rows->limits = *limits;
	rows->arena = kit_arena_new();
	rows->keys = json_object();
	if (is_json(text)) {
		rows->at = text.data;
		rows->end = rows->at + text.size;
	} else {
		result = kit_csv_new(file, limits->file_max, limits->row_max, &rows->csv, why);
	}
	if (result == JEMBATAN_OK)
		*out = rows;
	else
		agency_rows_free(rows);
	return result;
}

void agency_rows_free(struct agency_rows *rows)
{
	if (!rows)
		return;
	kit_csv_free(rows->csv);
	kit_arena_free(rows->arena);
	json_decref(rows->keys);
	free(rows);
}

enum jembatan_result agency_rows_next(struct agency_rows *rows, struct kit_arena *arena,
				      struct agency_row *out, struct kit_why *why)
{
	*out = (struct agency_row){ 0 };
	if (json_object_size(rows->keys) >= ROWS_MAX)
		return kit_why_set(why, JEMBATAN_GONE, "more than %u rows: divide it", ROWS_MAX);
	return rows->csv ? next_csv(rows, arena, out, why) : next_line(rows, arena, out, why);
}
