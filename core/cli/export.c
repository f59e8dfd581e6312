/* export.c: see export.h. */
#include "cli/export.h"
#include "base/csv_file.h"

#include "base/buf.h"
#include "base/digest.h"
#include "base/text.h"
#include "config/date.h"
#include "ticket/when.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

#define TRACKING_MAX 32u
#define WIB_MINUTES 420

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
	char *const *fields; /* of the row */
	size_t field_count, line, room, count, left_out;
	int place[COLUMN_COUNT]; /* of each column; -1: absent */
	struct export_row *rows;
	bool has_header, too_many;
};

/* ---- headers --------------------------------------------------------------- */

static void read_header(struct reader *r)
{
	for (size_t c = 0; c < COLUMN_COUNT; c++)
		r->place[c] = -1;
	for (size_t f = 0; f < r->field_count; f++) {
		CLEANUP(free_pointer) char *name = csv_file_letters(r->fields[f]);
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

/* ---- the file -------------------------------------------------------------- */

static void on_row(void *data, size_t line, char *const *fields, size_t count)
{
	struct reader *r = data;

	r->line = line;
	r->fields = fields;
	r->field_count = count;
	if (!r->has_header)
		read_header(r);
	else if (r->place[TRACKING] >= 0)
		read_row(r);
	r->has_header = true;
}

static enum jembatan_result parse(struct reader *r, struct jembatan_bytes file, struct why *why)
{
	enum jembatan_result result = csv_file_read(file, EXPORT_BYTES_MAX, on_row, r, why);

	if (result != JEMBATAN_OK)
		return result;
	if (r->too_many)
		return why_set(why, JEMBATAN_DATA, "more than %u rows", EXPORT_ROWS_MAX);
	if (!r->has_header || r->place[TRACKING] < 0)
		return why_set(why, JEMBATAN_DATA, "no column is called Tracking ID (or Nomor Laporan): "
			       "is this the export of complaints?");
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
	enum jembatan_result result = parse(&r, file, why);

	if (result != JEMBATAN_OK)
		return result;
	mark_twins(&r);
	*out = r.rows;
	*out_count = r.count;
	*out_left_out = r.left_out;
	return JEMBATAN_OK;
}
