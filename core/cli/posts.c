/* posts.c: see posts.h. */
#include "cli/posts.h"
#include "base/csv_file.h"

#include "base/digest.h"
#include "base/text.h"
#include "config/date.h"
#include "ticket/when.h"

#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

#define TEXT_BYTES_MAX (64u * 1024u)
#define LINK_BYTES_MAX 2000u
#define NAME_BYTES_MAX 255u
#define MEDIA_MAX 16u

enum column { URL, TEXT, AUTHOR, NAME, TIME, MEDIA, COLUMN_COUNT };

static const struct {
	const char *name; /* folded, only letters and digits */
	enum column column;
} headers[] = {
	{ "url", URL }, { "link", URL }, { "tautan", URL }, { "alamat", URL }, { "permalink", URL },
	{ "text", TEXT }, { "teks", TEXT }, { "isi", TEXT }, { "pesan", TEXT }, { "komentar", TEXT },
	{ "keluhan", TEXT }, { "author", AUTHOR }, { "akun", AUTHOR }, { "penulis", AUTHOR },
	{ "username", AUTHOR }, { "handle", AUTHOR }, { "name", NAME }, { "nama", NAME },
	{ "time", TIME }, { "waktu", TIME }, { "tanggal", TIME }, { "sent", TIME }, { "date", TIME },
	{ "media", MEDIA }, { "foto", MEDIA }, { "lampiran", MEDIA }, { "gambar", MEDIA },
};

struct reader {
	json_t *good, *bad;
	int64_t now_ms;
	int zone_minutes;
	int place[COLUMN_COUNT]; /* of each column; -1: absent */
	bool has_header, too_many;
};

/* ---- one post -------------------------------------------------------------- */

static bool is_blank(const char *text)
{
	return text == NULL || text[strspn(text, " \t\r\n")] == '\0';
}

static json_t *trimmed(const char *text)
{
	CLEANUP(free_pointer) char *copy = xstrdup(text);
	text_trim(copy);
	return json_string(copy);
}

/* Several, with blanks or | between them. */
static json_t *media_of(const char *text)
{
	static const char between[] = " \t\r\n|";
	json_t *list = json_array();
	while (text != NULL && *(text += strspn(text, between)) != '\0' &&
	       json_array_size(list) < MEDIA_MAX) {
		size_t n = strcspn(text, between);
		if (str_starts(text, "https://") || str_starts(text, "http://"))
			json_array_append_new(list, json_stringn(text, n));
		text += n;
	}
	return list;
}

static const char *trouble_of(const struct post_fields *f, json_t *media)
{
	if (is_blank(f->url))
		return "it has no link";
	if (strlen(f->url) > LINK_BYTES_MAX)
		return "its link is too long";
	if (is_blank(f->text) && json_array_size(media) == 0)
		return "it has no text";
	if (f->text != NULL && strlen(f->text) > TEXT_BYTES_MAX)
		return "its text is longer than 64 KiB";
	if ((f->author != NULL && strlen(f->author) > NAME_BYTES_MAX) ||
	    (f->name != NULL && strlen(f->name) > NAME_BYTES_MAX))
		return "its author is too long";
	return NULL;
}

json_t *posts_one(const struct post_fields *f, int64_t now_ms, int zone_minutes,
		  const char **out_why)
{
	json_t *media = media_of(f->media);
	int64_t sent_ms = 0;
	char sent[40] = "";
	*out_why = trouble_of(f, media);
	if (*out_why == NULL && !is_blank(f->time)) {
		if (when_parse(f->time, now_ms, zone_minutes, &sent_ms, NULL))
			date_format(sent_ms, zone_minutes, sent);
		else
			*out_why = "its time cannot be read: write it as 2026-01-31 08:00";
	}
	if (*out_why != NULL) {
		json_decref(media);
		return NULL;
	}
	json_t *post = json_pack("{s:I,s:o,s:o}", "line", (json_int_t)f->line, "url", trimmed(f->url),
				 "media", media);
	const struct {
		const char *key, *value;
	} others[] = { { "text", f->text }, { "author", f->author }, { "name", f->name },
		       { "sent", sent } };
	for (size_t i = 0; i < COUNT_OF(others); i++)
		if (!is_blank(others[i].value))
			json_object_set_new(post, others[i].key, trimmed(others[i].value));
	return post;
}

/* ---- rows ------------------------------------------------------------------ */

static void read_header(struct reader *r, char *const *fields, size_t count)
{
	for (size_t c = 0; c < COLUMN_COUNT; c++)
		r->place[c] = -1;
	for (size_t f = 0; f < count; f++) {
		CLEANUP(free_pointer) char *name = csv_file_letters(fields[f]);
		for (size_t h = 0; h < COUNT_OF(headers); h++)
			if (strcmp(headers[h].name, name) == 0 && r->place[headers[h].column] < 0)
				r->place[headers[h].column] = (int)f;
	}
}

static void on_row(void *data, size_t line, char *const *fields, size_t count)
{
	struct reader *r = data;
	const char *v[COLUMN_COUNT];
	bool is_empty = true;
	if (!r->has_header) {
		read_header(r, fields, count);
		r->has_header = true;
		return;
	}
	for (size_t c = 0; c < COLUMN_COUNT; c++) {
		v[c] = r->place[c] >= 0 && (size_t)r->place[c] < count ? fields[r->place[c]] : NULL;
		is_empty &= is_blank(v[c]);
	}
	if (is_empty)
		return;
	if (json_array_size(r->good) + json_array_size(r->bad) >= POSTS_ROWS_MAX) {
		r->too_many = true;
		return;
	}
	const struct post_fields f = { line, v[URL], v[TEXT], v[AUTHOR], v[NAME], v[TIME], v[MEDIA] };
	const char *trouble;
	json_t *post = posts_one(&f, r->now_ms, r->zone_minutes, &trouble);
	if (post != NULL)
		json_array_append_new(r->good, post);
	else
		json_array_append_new(r->bad, json_pack("{s:I,s:s}", "line", (json_int_t)line, "why",
							trouble));
}

enum jembatan_result posts_read(struct jembatan_bytes file, int64_t now_ms, int zone_minutes,
				json_t **out_good, json_t **out_bad, struct why *why)
{
	struct reader r = { .good = json_array(), .bad = json_array(), .now_ms = now_ms,
			    .zone_minutes = zone_minutes };
	enum jembatan_result result = csv_file_read(file, POSTS_BYTES_MAX, on_row, &r, why);
	if (result == JEMBATAN_OK && (!r.has_header || r.place[URL] < 0))
		result = why_set(why, JEMBATAN_DATA, "no column is called url (or link, tautan)");
	else if (result == JEMBATAN_OK && r.place[TEXT] < 0)
		result = why_set(why, JEMBATAN_DATA, "no column is called text (or teks, isi)");
	else if (result == JEMBATAN_OK && r.too_many)
		result = why_set(why, JEMBATAN_DATA, "it has more than %u rows", POSTS_ROWS_MAX);
	if (result == JEMBATAN_OK) {
		*out_good = r.good;
		*out_bad = r.bad;
		return result;
	}
	json_decref(r.good);
	json_decref(r.bad);
	return result;
}
