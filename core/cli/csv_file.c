/* csv_file.c: see csv_file.h. */
#include "cli/csv_file.h"

#include "base/digest.h"
#include "base/text.h"

#include <csv.h>
#include <ctype.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

#define COLUMNS_MAX 256u
#define PIECE 65536u

struct reader {
	char *fields[COLUMNS_MAX];
	size_t field_count, line;
	size_t ends;  /* told by libcsv */
	int last_end; /* the character that ended the row before */
	bool too_wide;
	csv_file_on_row *on;
	void *data;
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
	struct reader *r = data;

	if (r->field_count == COLUMNS_MAX) {
		r->too_wide = true;
		return;
	}
	r->fields[r->field_count++] = xstrndup(text ? text : "", size);
}

/* Each line end is told: a CR and its LF are one, and so an empty row counts. */
static void on_end(int end, void *data)
{
	struct reader *r = data;
	bool is_tail = end == '\n' && r->last_end == '\r' && r->field_count == 0;

	r->last_end = is_tail ? 0 : end;
	r->ends += end != -1; /* -1: of csv_fini */
	if (is_tail)
		return;
	r->line++;
	if (r->field_count > 0)
		r->on(r->data, r->line, r->fields, r->field_count);
	while (r->field_count > 0)
		free(r->fields[--r->field_count]);
}

static char delimiter_of(const char *text, size_t size)
{
	static const char candidates[] = ",;\t";
	size_t counts[sizeof(candidates)] = { 0 }, best = 0;
	bool is_quoted = false;

	for (size_t i = 0; i < size && (is_quoted || (text[i] != '\n' && text[i] != '\r')); i++) {
		const char *at = text[i] ? strchr(candidates, text[i]) : NULL;
		is_quoted ^= text[i] == '"';
		if (at && !is_quoted)
			counts[at - candidates]++;
	}
	for (size_t c = 1; candidates[c]; c++)
		if (counts[c] > counts[best])
			best = c;
	return candidates[best];
}

static enum jembatan_result parse(struct reader *r, const struct buf *text, struct why *why)
{
	struct csv_parser parser;
	size_t done = 0;

	ASSERT(csv_init(&parser, CSV_APPEND_NULL | CSV_REPALL_NL) == 0);
	csv_set_delim(&parser, (unsigned char)delimiter_of(text->data, text->size));
	while (done < text->size && !r->too_wide) {
		size_t piece = text->size - done < PIECE ? text->size - done : PIECE;
		if (csv_parse(&parser, text->data + done, piece, on_field, on_end, r) != piece)
			break;
		done += piece;
	}
	size_t before = r->line, ends = r->ends;
	bool is_whole = done == text->size &&
			csv_parse(&parser, "\n", 1, on_field, on_end, r) == 1 &&
			csv_fini(&parser, on_field, on_end, r) == 0;
	/* Within quotes a line's end is text: then the rest of the file was one field. */
	if (is_whole && r->ends == ends)
		is_whole = false;
	csv_free(&parser);
	while (r->field_count > 0)
		free(r->fields[--r->field_count]);
	if (r->too_wide)
		return why_set(why, JEMBATAN_DATA, "line %zu has more than %u columns", before + 1,
			       COLUMNS_MAX);
	if (!is_whole)
		return why_set(why, JEMBATAN_DATA, "line %zu is not CSV: is a quote never closed?",
			       before + 1);
	return JEMBATAN_OK;
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

enum jembatan_result csv_file_read(struct jembatan_bytes file, size_t bytes_max,
				   csv_file_on_row *on, void *data, struct why *why)
{
	struct reader r = { .on = on, .data = data };
	CLEANUP(buf_done) struct buf text;

	buf_init(&text, 2 * bytes_max);
	if (file.size > bytes_max)
		return why_set(why, JEMBATAN_DATA, "it is larger than %zu bytes", bytes_max);
	enum jembatan_result result = to_utf8(file, bytes_max, &text, why);
	if (result == JEMBATAN_OK && text.size == 0)
		result = why_set(why, JEMBATAN_DATA, "it is empty");
	return result == JEMBATAN_OK ? parse(&r, &text, why) : result;
}
