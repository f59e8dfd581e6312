/* export.c: see export.h. libcsv reads the CSV. */
#include "cli/export.h"

#include "base/buf.h"
#include "base/digest.h"
#include "base/text.h"
#include "config/date.h"
#include "ticket/when.h"

#include <csv.h>
#include <ctype.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

#define COLUMNS_MAX 256u
#define TRACKING_MAX 32u
#define WIB_MINUTES 420
#define PIECE 65536u

enum column { TRACKING, TITLE, TEXT_FIRST, TEXT_LAST, RECEIVED, STATUS, COLUMN_COUNT };

/* Folded, only letters and digits: "Tracking ID" is trackingid. */
static const struct {
	const char *name;
	enum column column;
} headers[] = {
	{ "trackingid", TRACKING },	  { "idtracking", TRACKING },
	{ "nomortracking", TRACKING },	  { "nomorlaporan", TRACKING },
	{ "nolaporan", TRACKING },	  { "idlaporan", TRACKING },
	{ "judul", TITLE },		  { "judullaporan", TITLE },
	{ "isiawal", TEXT_FIRST },	  { "isilaporanawal", TEXT_FIRST },
	{ "isilaporan", TEXT_FIRST },	  { "isi", TEXT_FIRST },
	{ "isiakhir", TEXT_LAST },	  { "isilaporanakhir", TEXT_LAST },
	{ "tanggallaporanmasuk", RECEIVED }, { "tanggalmasuk", RECEIVED },
	{ "tanggallaporan", RECEIVED },	  { "tanggalditerima", RECEIVED },
	{ "tanggal", RECEIVED },	  { "status", STATUS },
	{ "statuslaporan", STATUS },
};

struct reader {
	struct arena *arena;
	char *fields[COLUMNS_MAX];
	size_t field_count, line, room, count, left_out;
	int place[COLUMN_COUNT]; /* of each column; -1: absent */
	struct export_row *rows;
	bool too_wide, too_many;
};

/* ---- headers --------------------------------------------------------------- */

static char *letters_of(const char *text)
{
	char *out = text_fold(text), *to = out;

	for (const char *p = out; *p; p++)
		if (isalnum((unsigned char)*p))
			*to++ = *p;
	*to = '\0';
	return out;
}

static void read_header(struct reader *r)
{
	for (size_t c = 0; c < COLUMN_COUNT; c++)
		r->place[c] = -1;
	for (size_t f = 0; f < r->field_count; f++) {
		CLEANUP(free_pointer) char *name = letters_of(r->fields[f]);
		for (size_t h = 0; h < COUNT_OF(headers); h++)
			if (strcmp(headers[h].name, name) == 0 && r->place[headers[h].column] < 0)
				r->place[headers[h].column] = (int)f;
	}
}

/* ---- rows ------------------------------------------------------------------ */

static const char *field(const struct reader *r, enum column column)
{
	int place = r->place[column];

	return place >= 0 && (size_t)place < r->field_count && *r->fields[place] ?
		       r->fields[place] : NULL;
}

/* Spreadsheets write ="123" or '123 to keep digits whole. */
static const char *tracking_of(const char *text, struct arena *arena)
{
	char out[TRACKING_MAX + 1];
	size_t n = 0;

	for (; text && *text; text++) {
		if (strchr("=\"' \t\xc2\xa0", *text))
			continue;
		if (n == TRACKING_MAX || (!isalnum((unsigned char)*text) && *text != '-'))
			return NULL;
		out[n++] = *text;
	}
	return n > 0 ? arena_strndup(arena, out, n) : NULL;
}

/* Our line stands last, alone: "Ref: JB-7K3M9Q". */
static const char *reference_of(const char *text, struct arena *arena)
{
	static const char mark[] = "Ref: ";

	if (!text)
		return NULL;
	CLEANUP(free_pointer) char *copy = xstrdup(text);
	text_trim(copy);
	const char *line = strrchr(copy, '\n');
	line = line ? line + 1 : copy;
	line += strspn(line, " \t\r");
	if (!str_starts(line, mark) || !str_starts(line + strlen(mark), "JB-"))
		return NULL;
	const char *name = line + strlen(mark);
	size_t size = 3 + strspn(name + 3, "0123456789ABCDEFGHJKMNPQRSTVWXYZ");
	return size == 9 && name[size] == '\0' ? arena_strndup(arena, name, size) : NULL;
}

static const char *day_of(const char *text, struct arena *arena)
{
	char date[40];
	int64_t ms;

	if (!text || !when_parse(text, 0, WIB_MINUTES, &ms, NULL))
		return NULL;
	date_format(ms, WIB_MINUTES, date);
	return arena_strndup(arena, date, 10);
}

static const char *words_of(const char *text, struct arena *arena)
{
	if (!text)
		return NULL;
	CLEANUP(free_pointer) char *out = text_squeeze(text);
	text_trim(out);
	return *out ? arena_strndup(arena, out, text_prefix_bytes(out, strlen(out), 1000)) : NULL;
}

static void read_row(struct reader *r)
{
	const char *tracking = tracking_of(field(r, TRACKING), r->arena);
	const char *reference = reference_of(field(r, TEXT_LAST), r->arena);

	if (!tracking) {
		r->left_out++;
		return;
	}
	if (r->count == EXPORT_ROWS_MAX) {
		r->too_many = true;
		return;
	}
	if (r->count == r->room) {
		struct export_row *more;
		r->room = r->room ? 2 * r->room : 1024;
		more = arena_alloc(r->arena, r->room * sizeof(*more));
		if (r->count > 0)
			memcpy(more, r->rows, r->count * sizeof(*more));
		r->rows = more;
	}
	r->rows[r->count++] = (struct export_row){
		.number = r->line,
		.tracking = tracking,
		.reference = reference ? reference : reference_of(field(r, TEXT_FIRST), r->arena),
		.title = words_of(field(r, TITLE), r->arena),
		.day = day_of(field(r, RECEIVED), r->arena),
		.status = words_of(field(r, STATUS), r->arena),
	};
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

static void on_row(int end UNUSED, void *data)
{
	struct reader *r = data;

	r->line++;
	if (r->line == 1)
		read_header(r);
	else if (r->place[TRACKING] >= 0)
		read_row(r);
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

	ASSERT(csv_init(&parser, CSV_APPEND_NULL) == 0);
	csv_set_delim(&parser, (unsigned char)delimiter_of(text->data, text->size));
	while (done < text->size && !r->too_wide && !r->too_many) {
		size_t piece = text->size - done < PIECE ? text->size - done : PIECE;
		if (csv_parse(&parser, text->data + done, piece, on_field, on_row, r) != piece)
			break;
		done += piece;
	}
	bool is_whole = done == text->size && csv_fini(&parser, on_field, on_row, r) == 0;
	csv_free(&parser);
	while (r->field_count > 0)
		free(r->fields[--r->field_count]);
	if (r->too_wide || r->too_many)
		return why_set(why, JEMBATAN_DATA, "more than %u columns or %u rows", COLUMNS_MAX,
			       EXPORT_ROWS_MAX);
	if (!is_whole)
		return why_set(why, JEMBATAN_DATA, "line %zu is not CSV", r->line + 1);
	if (r->line == 0 || r->place[TRACKING] < 0)
		return why_set(why, JEMBATAN_DATA, "no column is called Tracking ID (or Nomor Laporan): "
			       "is this the export of complaints?");
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

static enum jembatan_result to_utf8(struct jembatan_bytes file, struct buf *out, struct why *why)
{
	const unsigned char *b = (const unsigned char *)file.data;

	if (file.size >= 2 && ((b[0] == 0xff && b[1] == 0xfe) || (b[0] == 0xfe && b[1] == 0xff))) {
		struct jembatan_bytes rest = bytes_of((const char *)file.data + 2, file.size - 2);
		CLEANUP(buf_done) struct buf wide;
		buf_init(&wide, 2 * EXPORT_BYTES_MAX);
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

/* ---- twins ----------------------------------------------------------------- */

static int by_title(const void *a, const void *b)
{
	const struct export_row *x = *(struct export_row *const *)a;
	const struct export_row *y = *(struct export_row *const *)b;
	int order = strcmp(x->title, y->title);

	return order ? order : strcmp(x->day, y->day);
}

/* A row with a reference is recognised by that and is nobody's twin. */
static void mark_twins(struct reader *r)
{
	struct export_row **list = arena_alloc(r->arena, (r->count + 1) * sizeof(*list));
	size_t n = 0;

	for (size_t i = 0; i < r->count; i++)
		if (r->rows[i].title && r->rows[i].day && !r->rows[i].reference)
			list[n++] = &r->rows[i];
	qsort(list, n, sizeof(*list), by_title);
	for (size_t i = 1; i < n; i++)
		if (by_title(&list[i - 1], &list[i]) == 0)
			list[i - 1]->is_twin = list[i]->is_twin = true;
}

enum jembatan_result export_read(struct jembatan_bytes file, struct arena *arena,
				 struct export_row **out, size_t *out_count, size_t *out_left_out,
				 struct why *why)
{
	struct reader r = { .arena = arena };
	CLEANUP(buf_done) struct buf text;

	if (file.size > EXPORT_BYTES_MAX)
		return why_set(why, JEMBATAN_DATA, "it is larger than %u bytes", EXPORT_BYTES_MAX);
	buf_init(&text, 2 * EXPORT_BYTES_MAX);
	enum jembatan_result result = to_utf8(file, &text, why);
	if (result == JEMBATAN_OK && text.size == 0)
		result = why_set(why, JEMBATAN_DATA, "it is empty");
	if (result == JEMBATAN_OK)
		result = parse(&r, &text, why);
	if (result != JEMBATAN_OK)
		return result;
	mark_twins(&r);
	*out = r.rows;
	*out_count = r.count;
	*out_left_out = r.left_out;
	return JEMBATAN_OK;
}
