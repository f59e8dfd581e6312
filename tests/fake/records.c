/* records.c: see records.h. A change replaces the object, so that a list that
 * was handed out stays as it was. */
#include "records.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/jx.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/poison.h"

#define FILE_CEILING (64u << 20)
/* Above 2^53, where doubles lose the last digits. */
#define FIRST_ID 5571685772206594001

struct records {
	pthread_mutex_t lock;
	json_t *by_id; /* id as text -> object, in the order of arrival */
	int64_t next_id;
};

/* ---- times --------------------------------------------------------------- */

/* "Z", "+07:00" or nothing; false for anything else. */
static bool read_offset(const char *s, int64_t *out_seconds)
{
	unsigned hours;
	unsigned minutes;

	*out_seconds = 0;
	if (*s == '\0' || strcmp(s, "Z") == 0)
		return true;
	if (strlen(s) != 6 || (*s != '+' && *s != '-') || s[3] != ':')
		return false;
	hours = (unsigned)(s[1] - '0') * 10 + (unsigned)(s[2] - '0');
	minutes = (unsigned)(s[4] - '0') * 10 + (unsigned)(s[5] - '0');
	if (hours > 14 || minutes > 59)
		return false;
	*out_seconds = (int64_t)(hours * 3600 + minutes * 60) * (*s == '-' ? -1 : 1);
	return true;
}

int64_t records_time(const char *text)
{
	struct tm tm = { 0 };
	const char *rest = text ? strptime(text, "%Y-%m-%d", &tm) : NULL;
	int64_t offset = 0;
	int64_t ms = 0;

	if (rest && (*rest == 'T' || *rest == ' '))
		rest = strptime(rest + 1, "%H:%M:%S", &tm);
	if (rest && *rest == '.') {
		int64_t unit = 100;

		for (rest++; isdigit((unsigned char)*rest); rest++, unit /= 10)
			ms += (*rest - '0') * unit;
	}
	if (!rest || !read_offset(rest, &offset))
		return -1;
	return ((int64_t)timegm(&tm) - offset) * 1000 + ms;
}

/* ---- keeping ------------------------------------------------------------- */

struct records *records_new(void)
{
	struct records *r = xcalloc(1, sizeof(*r));

	pthread_mutex_init(&r->lock, NULL);
	r->by_id = json_object();
	r->next_id = FIRST_ID;
	return r;
}

void records_free(struct records *r)
{
	if (!r)
		return;
	json_decref(r->by_id);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

void records_clear(struct records *r)
{
	pthread_mutex_lock(&r->lock);
	json_object_clear(r->by_id);
	pthread_mutex_unlock(&r->lock);
}

static void set_default(json_t *record, const char *key, const char *value)
{
	if (!json_object_get(record, key))
		json_object_set_new(record, key, json_string(value));
}

enum jembatan_result records_put(struct records *r, json_t *record, char **out_id)
{
	char number[64];
	char now[32];
	const char *id;
	json_t *made;

	if (!json_is_object(record))
		return JEMBATAN_DATA;
	clock_format(clock_now_ms(), 1, now);
	made = json_object();
	pthread_mutex_lock(&r->lock);
	id = jx_id(record, "id", number);
	if (id)
		json_object_update(made, json_object_get(r->by_id, id));
	else
		json_object_set_new(made, "id", json_integer(r->next_id++));
	json_object_del(made, "updated_at");
	json_object_update(made, record);
	set_default(made, "created_at", now);
	set_default(made, "updated_at", now);
	id = jx_id(made, "id", number);
	ASSERT(id);
	*out_id = xstrdup(id);
	json_object_set_new(r->by_id, *out_id, made);
	pthread_mutex_unlock(&r->lock);
	return JEMBATAN_OK;
}

enum jembatan_result records_load(struct records *r, const char *path, struct why *why)
{
	CLEANUP(buf_done) struct buf text;
	CLEANUP(jx_decref) json_t *list = NULL;
	json_t *record;
	size_t i;

	buf_init(&text, FILE_CEILING);
	if (file_read(path, &text, why) != JEMBATAN_OK ||
	    jx_parse(buf_bytes(&text), &list, why) != JEMBATAN_OK)
		return why_prefix(why, JEMBATAN_CONFIG, "%s", path);
	if (!json_is_array(list))
		return why_set(why, JEMBATAN_CONFIG, "%s is not a list", path);
	json_array_foreach(list, i, record) {
		char *id = NULL;

		if (records_put(r, record, &id) != JEMBATAN_OK)
			return why_set(why, JEMBATAN_CONFIG, "%s: entry %zu is not an object", path,
				       i + 1);
		free(id);
	}
	return JEMBATAN_OK;
}

/* ---- finding ------------------------------------------------------------- */

struct row {
	json_t *record;
	const char *id;
	const char *text; /* of the sort key, when it is a string */
	int64_t number;   /* of the sort key: a time or an integer */
};

static int compare_ids(const char *a, const char *b)
{
	size_t a_size = strlen(a);
	size_t b_size = strlen(b);

	if (a_size != b_size)
		return a_size < b_size ? -1 : 1;
	return strcmp(a, b);
}

static int compare_rows(const void *left, const void *right)
{
	const struct row *a = left;
	const struct row *b = right;
	int order = 0;

	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	if (a->number < 0 && a->text && b->text)
		order = strcmp(a->text, b->text);
	return order ? order : compare_ids(a->id, b->id);
}

static size_t collect(const struct records *r, const char *sort_by, int64_t since_ms,
		      struct row *rows)
{
	size_t n = 0;
	const char *id;
	json_t *record;

	json_object_foreach(r->by_id, id, record) {
		json_t *key = json_object_get(record, sort_by);
		struct row *row = &rows[n];

		if (records_time(jx_text(record, "updated_at")) < since_ms)
			continue;
		row->record = record;
		row->id = id;
		row->text = json_string_value(key);
		row->number = json_is_integer(key) ? json_integer_value(key) :
						     records_time(row->text);
		n++;
	}
	return n;
}

json_t *records_select(struct records *r, const char *sort_by, bool descending, int64_t since_ms)
{
	json_t *list = json_array();
	struct row *rows;
	size_t n;

	pthread_mutex_lock(&r->lock);
	rows = xcalloc(json_object_size(r->by_id) + 1, sizeof(*rows));
	n = collect(r, sort_by, since_ms, rows);
	qsort(rows, n, sizeof(*rows), compare_rows);
	for (size_t i = 0; i < n; i++)
		json_array_append(list, rows[descending ? n - 1 - i : i].record);
	pthread_mutex_unlock(&r->lock);
	free(rows);
	return list;
}

json_t *records_find(struct records *r, const char *id)
{
	json_t *record;

	pthread_mutex_lock(&r->lock);
	record = json_incref(json_object_get(r->by_id, id));
	pthread_mutex_unlock(&r->lock);
	return record;
}
