/* lapor_v3_read.c: see lapor_v3_read.h. The same line of a log may stand in
 * status_logs and, with more columns, in data_logs: it is one entry. */
#include "central/lapor_v3_read.h"

#include "base/html.h"
#include "base/jx.h"
#include "base/text.h"
#include "ticket/when.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

#define NOTE_HTML_BYTES (256u * 1024u)
#define PLACEHOLDER_BYTES 40u

/* ---- texts --------------------------------------------------------------- */

/* A short text of one line; NULL when there is none. */
static const char *words_of(json_t *row, const char *key, struct arena *arena)
{
	char number[64];
	const char *text = jx_id(row, key, number);

	if (!text)
		return NULL;
	CLEANUP(buf_done) struct buf plain;
	buf_init(&plain, NOTE_HTML_BYTES);
	size_t size = text_prefix_bytes(text, strlen(text), NOTE_HTML_BYTES);
	if (strpbrk(text, "<&") && html_text(bytes_of(text, size), "utf-8", &plain) != JEMBATAN_OK)
		return NULL;
	CLEANUP(free_pointer) char *one_line = text_squeeze(plain.size > 0 ? plain.data : text);
	text_trim(one_line);
	if (!*one_line)
		return NULL;
	size = text_prefix_bytes(one_line, strlen(one_line), LAPOR_V3_WORDS_BYTES);
	return arena_strndup(arena, one_line, size);
}

/* The size of the placeholder that begins here; 0: none. Its name where that
 * is a plain one, else "". */
static size_t placeholder_at(const char *p, char name[PLACEHOLDER_BYTES + 1])
{
	const char *begin = p + 2, *end;
	size_t size = 0;

	name[0] = '\0';
	if (p[0] != '{' || p[1] != '{')
		return 0;
	end = strstr(begin, "}}");
	if (!end || (size_t)(end - begin) > PLACEHOLDER_BYTES || memchr(begin, '\n',
									(size_t)(end - begin)))
		return 0;
	begin += strspn(begin, " ");
	while (isalnum((unsigned char)begin[size]) || begin[size] == '_')
		size++;
	if (begin + size + strspn(begin + size, " ") == end) {
		memcpy(name, begin, size);
		name[size] = '\0';
	}
	return (size_t)(end + 2 - p);
}

static void fill_in(const char *text, json_t *row, struct arena *arena, struct buf *out)
{
	char name[PLACEHOLDER_BYTES + 1];

	while (*text) {
		size_t size = placeholder_at(text, name);
		if (size == 0) {
			buf_add_char(out, *text++);
			continue;
		}
		text += size;
		const char *value = *name == '\0' ? NULL : words_of(row, name, arena);
		/* A value that is itself a placeholder would stay raw. */
		if (value && !strstr(value, "{{"))
			buf_add_text(out, value);
		else if (*text == ' ' && (out->size == 0 || out->data[out->size - 1] == ' '))
			text++;
	}
}

const char *lapor_v3_plain(const char *note, json_t *row, struct arena *arena)
{
	CLEANUP(buf_done) struct buf plain;
	CLEANUP(buf_done) struct buf filled;
	size_t size = text_prefix_bytes(note, strlen(note), NOTE_HTML_BYTES);

	buf_init(&plain, NOTE_HTML_BYTES);
	buf_init(&filled, NOTE_HTML_BYTES);
	if (html_text(bytes_of(note, size), "utf-8", &plain) != JEMBATAN_OK)
		buf_clear(&plain);
	fill_in(plain.size > 0 ? plain.data : "", row, arena, &filled);
	CLEANUP(buf_done) struct buf clean;
	buf_init(&clean, NOTE_HTML_BYTES);
	if (filled.size > 0)
		text_clean(filled.data, filled.size, &clean);
	if (clean.size == 0)
		return "";
	text_trim(clean.data);
	return arena_strndup(arena, clean.data,
			     text_prefix_bytes(clean.data, strlen(clean.data),
					       LAPOR_V3_NOTE_BYTES));
}

/* The centre's own times have a year, so that nothing counts from now. */
static int64_t time_of(const char *text, int zone_minutes)
{
	int64_t ms = 0;

	return text && when_parse(text, 0, zone_minutes, &ms, NULL) && ms > 0 ? ms : 0;
}

static const char *first_text(json_t *row, const char *const *keys, size_t count)
{
	const char *text = NULL;

	for (size_t i = 0; i < count && !text; i++)
		text = jx_text(row, keys[i]);
	return text;
}

static const char *timestamp_of(json_t *row)
{
	static const char *const keys[] = { "timestamp", "created_at", "date", "updated_at" };

	return first_text(row, keys, COUNT_OF(keys));
}

/* ---- a list of entries --------------------------------------------------- */

struct entries {
	struct arena *arena;
	int zone_minutes;
	struct follow_entry *list;
	size_t count;
};

static bool is_there(const struct entries *e, const char *key)
{
	for (size_t i = 0; i < e->count; i++)
		if (strcmp(e->list[i].key, key) == 0)
			return true;
	return false;
}

static struct follow_entry *add_entry(struct entries *e, enum follow_kind kind, const char *key,
				      const char *note, json_t *row)
{
	struct follow_entry *one;

	if (e->count == LAPOR_V3_ENTRIES_MAX || is_there(e, key))
		return NULL;
	one = &e->list[e->count++];
	*one = (struct follow_entry){
		.kind = kind,
		.key = key,
		.at_ms = time_of(timestamp_of(row), e->zone_minutes),
		.text = lapor_v3_plain(note, row, e->arena),
		.from = words_of(row, "institution_from", e->arena),
		.to = words_of(row, "institution_to", e->arena),
	};
	return one;
}

static void add_log(struct entries *e, json_t *logs)
{
	json_t *row;
	size_t i;

	json_array_foreach(logs, i, row) {
		const char *note = jx_text(row, "note"), *at = timestamp_of(row);
		if (!note || !at)
			continue;
		/* By what both lists say of a line: its time and its raw words. */
		struct digest d = digest_sha256(bytes_text(note));
		char hex[2 * DIGEST_SIZE + 1];
		digest_hex(d.bytes, DIGEST_SIZE, hex);
		(void)add_entry(e, FOLLOW_LOG, arena_printf(e->arena, "%.40s %s", at, hex), note,
				row);
	}
}

static int by_time(const void *a, const void *b)
{
	const struct follow_entry *x = a, *y = b;

	if (x->at_ms != y->at_ms)
		return x->at_ms < y->at_ms ? -1 : 1;
	return strcmp(x->key, y->key);
}

static void open_entries(struct entries *e, int zone_minutes, struct arena *arena)
{
	*e = (struct entries){ .arena = arena, .zone_minutes = zone_minutes };
	e->list = arena_alloc(arena, LAPOR_V3_ENTRIES_MAX * sizeof(*e->list));
}

/* Several lines may bear the newest time: their order says nothing, so all of
 * them count. */
static void find_last(const struct entries *e, struct lapor_v3_complaint *out)
{
	if (e->count == 0 || e->list[e->count - 1].at_ms == 0)
		return;
	out->log_ms = e->list[e->count - 1].at_ms;
	out->last_note = "";
	for (size_t i = e->count; i > 0 && e->list[i - 1].at_ms == out->log_ms; i--)
		out->last_note = arena_printf(e->arena, "%s%s%s", e->list[i - 1].text,
					      *out->last_note ? "\n" : "", out->last_note);
}

enum jembatan_result lapor_v3_read_complaint(struct jembatan_bytes answer, int zone_minutes,
					     struct arena *arena, struct lapor_v3_complaint *out,
					     struct why *why)
{
	CLEANUP(jx_decref) json_t *root = NULL;
	struct entries e;
	enum jembatan_result r = jx_parse(answer, &root, why);

	if (r != JEMBATAN_OK)
		return r;
	json_t *data = jx_at(root, "results.data");
	if (!json_is_object(data))
		return why_set(why, JEMBATAN_DATA, "the answer holds no results.data");
	open_entries(&e, zone_minutes, arena);
	add_log(&e, jx_at(root, "results.data_logs"));
	add_log(&e, jx_at(data, "status_logs"));
	qsort(e.list, e.count, sizeof(*e.list), by_time);
	*out = (struct lapor_v3_complaint){
		.code = words_of(data, "status_code", arena),
		.name = words_of(data, "status_name", arena),
		.institution_id = words_of(data, "disposition_id", arena),
		.institution = words_of(data, "disposition_name", arena),
		.content = arena_strdup(arena, jx_text(data, "content")),
		.entries = e.list,
		.entry_count = e.count,
	};
	find_last(&e, out);
	if (!out->name && !out->code)
		return why_set(why, JEMBATAN_DATA, "the answer says no status");
	return JEMBATAN_OK;
}

/* ---- follow-ups ---------------------------------------------------------- */

static bool has_next(json_t *root)
{
	return jx_text(root, "results.next_page_url") != NULL;
}

enum jembatan_result lapor_v3_read_follow_ups(struct jembatan_bytes answer, int zone_minutes,
					      const char *reference, struct arena *arena,
					      struct lapor_v3_page *out, struct why *why)
{
	static const char *const texts[] = { "content", "note" };
	CLEANUP(jx_decref) json_t *root = NULL;
	struct entries e;
	json_t *row;
	size_t i;
	enum jembatan_result r = jx_parse(answer, &root, why);

	if (r != JEMBATAN_OK)
		return r;
	json_t *list = jx_at(root, "results.data");
	if (!json_is_array(list))
		return why_set(why, JEMBATAN_DATA, "the answer holds no list at results.data");
	open_entries(&e, zone_minutes, arena);
	json_array_foreach(list, i, row) {
		char number[64], hex[2 * DIGEST_SIZE + 1];
		const char *text = first_text(row, texts, COUNT_OF(texts));
		const char *id = jx_id(row, "id", number), *at = timestamp_of(row);
		if (!text)
			continue;
		struct digest d = digest_sha256(bytes_text(text));
		digest_hex(d.bytes, DIGEST_SIZE, hex);
		const char *key = id ? arena_printf(arena, "id %.60s", id) :
				       arena_printf(arena, "%.40s %s", at ? at : "", hex);
		struct follow_entry *one = add_entry(&e, FOLLOW_REPLY, key, text, row);
		if (one)
			one->is_ours = reference && strstr(text, reference);
	}
	*out = (struct lapor_v3_page){ .entries = e.list, .entry_count = e.count,
				       .has_more = has_next(root) && json_array_size(list) > 0 };
	return JEMBATAN_OK;
}

/* ---- lists --------------------------------------------------------------- */

enum jembatan_result lapor_v3_read_names(struct jembatan_bytes answer, struct arena *arena,
					 struct central_name **out, size_t *out_count,
					 bool *out_more, struct why *why)
{
	CLEANUP(jx_decref) json_t *root = NULL;
	json_t *row;
	size_t i, n = 0;
	enum jembatan_result r = jx_parse(answer, &root, why);

	if (r != JEMBATAN_OK)
		return r;
	json_t *list = jx_at(root, "results.data");
	if (!json_is_array(list))
		return why_set(why, JEMBATAN_DATA, "the answer holds no list at results.data");
	size_t most = json_array_size(list);
	if (most > LAPOR_V3_NAMES_MAX)
		most = LAPOR_V3_NAMES_MAX;
	*out = arena_alloc(arena, (most + 1) * sizeof(**out));
	json_array_foreach(list, i, row) {
		const char *id = words_of(row, "id", arena), *name = words_of(row, "name", arena);
		if (n < most && id && name && lapor_v3_is_id(id))
			(*out)[n++] = (struct central_name){ id, name };
	}
	*out_count = n;
	*out_more = has_next(root) && json_array_size(list) > 0;
	return JEMBATAN_OK;
}
