/* csv_file.c: see csv_file.h. */
#include "base/csv_file.h"

#include "base/digest.h"
#include "base/text.h"

#include <csv.h>
#include <ctype.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

#define COLUMNS_MAX 256u
/* So many quotes that are never closed, and it is no CSV. Each costs a look at up
 * to row_max bytes. */
#define UNCLOSED_MAX 200u

struct csv_file {
	struct buf text;
	size_t at, line, row_max;
	unsigned unclosed;
	struct csv_parser parser;
	/* Of the row that is being read: */
	char *fields[COLUMNS_MAX];
	size_t count;
	bool is_row, is_too_wide;
	bool is_lenient; /* quotes within quotes are taken as they come */
};

char *csv_file_letters(const char *text)
{
	char *out = text_fold(text), *to = out;

	for (const char *p = out; *p; p++)
		if (isalnum((unsigned char)*p))
			*to++ = *p;
	*to = '\0';
	return out;
}

/* ---- libcsv ---------------------------------------------------------------- */

static void on_field(void *text, size_t size, void *data)
{
	struct csv_file *csv = data;

	if (csv->count == COLUMNS_MAX)
		csv->is_too_wide = true;
	else
		csv->fields[csv->count++] = xstrndup(text ? text : "", size);
}

/* Told of each line end, so of empty rows too. */
static void on_end(int end, void *data)
{
	struct csv_file *csv = data;

	(void)end;
	csv->is_row = true;
}

static void parser_start(struct csv_file *csv, char delimiter)
{
	ASSERT(csv_init(&csv->parser, CSV_APPEND_NULL | CSV_REPALL_NL) == 0);
	csv_set_delim(&csv->parser, (unsigned char)delimiter);
}

static void parser_again(struct csv_file *csv)
{
	char delimiter = (char)csv_get_delim(&csv->parser);

	csv_free(&csv->parser);
	parser_start(csv, delimiter);
}

static void feed(struct csv_file *csv, const char *text, size_t size)
{
	ASSERT(csv_parse(&csv->parser, text, size, on_field, on_end, csv) == size);
}

static void drop_fields(struct csv_file *csv)
{
	while (csv->count > 0)
		free(csv->fields[--csv->count]);
	csv->is_row = csv->is_too_wide = false;
}

static char delimiter_of(const char *text, size_t size)
{
	static const char candidates[] = ",;\t";
	size_t counts[sizeof(candidates)] = { 0 }, best = 0;
	bool is_quoted = false;

	/* A title may stand above the table: the first line that has any decides. */
	for (size_t i = 0; i < size && (is_quoted || text[i] != '\n' || counts[best] == 0); i++) {
		const char *at = text[i] ? strchr(candidates, text[i]) : NULL;
		is_quoted ^= text[i] == '"';
		if (at && !is_quoted && ++counts[at - candidates] > counts[best])
			best = (size_t)(at - candidates);
	}
	return candidates[best];
}

/* ---- encodings ------------------------------------------------------------- */

static enum jembatan_result from_utf16(const char *name, struct jembatan_bytes file,
				       struct buf *out, struct why *why)
{
	iconv_t cd = iconv_open("UTF-8", name);
	char piece[4096], *in = (char *)(uintptr_t)file.data;
	size_t left = file.size;
	bool good = cd != (iconv_t)-1;

	while (good && left > 0) {
		char *to = piece;
		size_t room = sizeof(piece), before = left;
		size_t n = iconv(cd, &in, &left, &to, &room);
		buf_add(out, piece, sizeof(piece) - room);
		good = n != (size_t)-1 || left < before;
	}
	if (cd != (iconv_t)-1)
		iconv_close(cd);
	return good ? JEMBATAN_OK : why_set(why, JEMBATAN_DATA, "it is not whole UTF-16");
}

static enum jembatan_result to_utf8(struct jembatan_bytes file, size_t bytes_max, struct buf *out,
				    struct why *why)
{
	const unsigned char *b = (const unsigned char *)file.data;

	if (file.size >= 2 && ((b[0] == 0xff && b[1] == 0xfe) || (b[0] == 0xfe && b[1] == 0xff))) {
		struct jembatan_bytes rest = bytes_of((const char *)file.data + 2, file.size - 2);
		CLEANUP(buf_done) struct buf wide;
		buf_init(&wide, 2 * bytes_max);
		enum jembatan_result r = from_utf16(b[0] == 0xff ? "UTF-16LE" : "UTF-16BE", rest,
						    &wide, why);
		if (r == JEMBATAN_OK && wide.size > 0)
			text_clean(wide.data, wide.size, out);
		return r;
	}
	if (file.size >= 3 && memcmp(b, "\xef\xbb\xbf", 3) == 0)
		text_from_unknown((const char *)file.data + 3, file.size - 3, out);
	else
		text_from_unknown(file.data, file.size, out);
	return JEMBATAN_OK;
}

/* ---- rows ------------------------------------------------------------------ */

/* Behind the line of text that begins at `at`. */
static size_t line_end(const struct csv_file *csv, size_t at)
{
	const char *end = memchr(csv->text.data + at, '\n', csv->text.size - at);

	return end ? (size_t)(end - csv->text.data) + 1 : csv->text.size;
}

/* Feed lines of text until a row ends; false: its quote is never closed. */
static bool read_row(struct csv_file *csv, size_t start)
{
	do {
		size_t end = line_end(csv, csv->at);

		if (end - start > csv->row_max)
			return false;
		feed(csv, csv->text.data + csv->at, end - csv->at);
		csv->at = end;
	} while (!csv->is_row && csv->at < csv->text.size);
	if (!csv->is_row) /* the last line has no end, or stands within quotes */
		feed(csv, "\n", 1);
	return csv->is_row;
}

static void ignore_field(void *text, size_t size, void *data)
{
	(void)text, (void)size, (void)data;
}

static void ignore_end(int end, void *data)
{
	(void)end, (void)data;
}

/* A row of several lines whose quotes are out of order is most often two rows, of
 * which the first never closes its quote: taken as it comes, one would swallow the
 * other. */
static bool is_sound(struct csv_file *csv, size_t start)
{
	const char *text = csv->text.data + start;
	size_t size = csv->at - start;
	struct csv_parser strict;

	if (csv->is_lenient || size == 0 || !memchr(text, '\n', size - 1))
		return true;
	ASSERT(csv_init(&strict, CSV_STRICT) == 0);
	csv_set_delim(&strict, csv_get_delim(&csv->parser));
	bool sound = csv_parse(&strict, text, size, ignore_field, ignore_end, NULL) == size;
	csv_free(&strict);
	return sound;
}

static enum jembatan_result give_up_row(struct csv_file *csv, size_t start,
					struct csv_file_row *out, struct why *why)
{
	size_t end = line_end(csv, start);
	bool is_long = end - start > csv->row_max;

	csv->at = end;
	parser_again(csv);
	drop_fields(csv);
	out->raw = bytes_of(csv->text.data + start, is_long ? csv->row_max : end - start);
	if (is_long)
		return why_set(why, JEMBATAN_DATA, "line %zu is longer than %zu bytes", csv->line,
			       csv->row_max);
	if (++csv->unclosed > UNCLOSED_MAX) {
		csv->at = csv->text.size;
		return why_set(why, JEMBATAN_GONE, "more than %u quotes are never closed: is it CSV?",
			       UNCLOSED_MAX);
	}
	return why_set(why, JEMBATAN_DATA, "line %zu is not CSV: is a quote never closed?",
		       csv->line);
}

enum jembatan_result csv_file_next(struct csv_file *csv, struct csv_file_row *out,
				   struct why *why)
{
	size_t start;

	do {
		drop_fields(csv);
		start = csv->at;
		if (start == csv->text.size)
			return JEMBATAN_IDLE;
		csv->line++;
		*out = (struct csv_file_row){ .line = csv->line };
		if (!read_row(csv, start) || !is_sound(csv, start))
			return give_up_row(csv, start, out, why);
	} while (csv->count == 0);
	out->raw = bytes_of(csv->text.data + start, csv->at - start);
	if (csv->is_too_wide)
		return why_set(why, JEMBATAN_DATA, "line %zu has more than %u columns", csv->line,
			       COLUMNS_MAX);
	out->fields = csv->fields;
	out->count = csv->count;
	out->is_ended = csv->text.data[csv->at - 1] == '\n';
	return JEMBATAN_OK;
}

enum jembatan_result csv_file_open(struct jembatan_bytes file, size_t bytes_max, size_t row_max,
				   struct csv_file **out, struct why *why)
{
	if (file.size > bytes_max)
		return why_set(why, JEMBATAN_DATA, "it is larger than %zu bytes", bytes_max);
	struct csv_file *csv = xcalloc(1, sizeof(*csv));
	buf_init(&csv->text, 2 * bytes_max);
	csv->row_max = row_max;
	enum jembatan_result result = to_utf8(file, bytes_max, &csv->text, why);
	if (result == JEMBATAN_OK && csv->text.size == 0)
		result = why_set(why, JEMBATAN_DATA, "it is empty");
	if (result == JEMBATAN_OK && buf_is_full(&csv->text))
		result = why_set(why, JEMBATAN_DATA, "it becomes too large as UTF-8");
	parser_start(csv, delimiter_of(csv->text.data, csv->text.size));
	if (result == JEMBATAN_OK)
		*out = csv;
	else
		csv_file_close(csv);
	return result;
}

void csv_file_close(struct csv_file *csv)
{
	if (!csv)
		return;
	drop_fields(csv);
	csv_free(&csv->parser);
	buf_done(&csv->text);
	free(csv);
}

enum jembatan_result csv_file_read(struct jembatan_bytes file, size_t bytes_max,
				   csv_file_on_row *on, void *data, struct why *why)
{
	struct csv_file *csv;
	struct csv_file_row row;
	enum jembatan_result result = csv_file_open(file, bytes_max, SIZE_MAX, &csv, why);

	if (result != JEMBATAN_OK)
		return result;
	csv->is_lenient = true;
	while ((result = csv_file_next(csv, &row, why)) == JEMBATAN_OK)
		on(data, row.line, row.fields, row.count);
	csv_file_close(csv);
	return result == JEMBATAN_IDLE ? JEMBATAN_OK : JEMBATAN_DATA;
}
