/* agency_parse.c: an answer to records, records to messages. */
#include "agency-api/agency_parse.h"
#include "agency-api/agency_slice.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the answer -------------------------------------------------------- */

static enum jembatan_result no_list(const char *items, struct kit_why *why)
{
	return kit_why_set(why, JEMBATAN_DATA,
			   "the answer is JSON but holds no list at \"%s\"", items);
}

struct jembatan_bytes agency_parse_copy(struct jembatan_bytes bytes,
					struct kit_arena *arena)
{
	char *copy = kit_arena_alloc(arena, bytes.size + 1);

	if (bytes.size > 0)
		memcpy(copy, bytes.data, bytes.size);
	return (struct jembatan_bytes){ copy, bytes.size };
}

static bool is_number(struct jembatan_bytes key)
{
	const char *p = key.data;

	for (size_t i = 0; i < key.size; i++)
		if (!isdigit((unsigned char)p[i]))
			return false;
	return key.size > 0;
}

/* The n-th of a list, written as a number from 0 on. */
static bool find_element(struct jembatan_bytes list, const char *key,
			 size_t key_size, struct jembatan_bytes *out)
{
	struct agency_slice element;

	if (!is_number((struct jembatan_bytes){ key, key_size }) || key_size > 6)
		return false;
	agency_slice_begin(&element, list);
	for (unsigned long n = strtoul(key, NULL, 10); agency_slice_next(&element); n--)
		if (n == 0) {
			*out = element.value;
			return true;
		}
	return false;
}

static bool find_member(struct jembatan_bytes object, const char *key,
			size_t key_size, struct jembatan_bytes *out)
{
	struct agency_slice member;

	if (*(const char *)object.data == '[')
		return find_element(object, key, key_size, out);
	if (*(const char *)object.data != '{')
		return false;
	agency_slice_begin(&member, object);
	while (agency_slice_next(&member)) {
		if (member.key.size == key_size &&
		    memcmp(member.key.data, key, key_size) == 0) {
			*out = member.value;
			return true;
		}
	}
	return false;
}

/* Walk down the dotted path. */
static enum jembatan_result find_list(struct jembatan_bytes top,
				      const char *items,
				      struct jembatan_bytes *out,
				      struct kit_why *why)
{
	size_t size;

	*out = top;
	for (const char *path = items; *path; path += size + (path[size] == '.')) {
		size = strcspn(path, ".");
		if (!find_member(*out, path, size, out))
			return no_list(items, why);
	}
	return JEMBATAN_OK;
}

/* A PHP array with a gap comes as {"0": ..., "2": ...}. */
static enum jembatan_result cut_records(struct jembatan_bytes list,
					const char *items,
					struct kit_arena *arena,
					struct agency_page *page,
					struct kit_why *why)
{
	char first = *(const char *)list.data;
	struct jembatan_bytes *records;
	struct agency_slice slice;
	size_t count = 0;

	if (list.size == 4 && memcmp(list.data, "null", 4) == 0)
		return JEMBATAN_OK;
	if (first != '[' && first != '{')
		return no_list(items, why);
	for (agency_slice_begin(&slice, list); agency_slice_next(&slice); count++)
		if (first == '{' && !is_number(slice.key))
			return no_list(items, why);
	if (slice.broken)
		return kit_why_set(why, JEMBATAN_DATA,
				   "the list in the answer breaks off at record %zu",
				   count + 1);
	if (count > AGENCY_RECORDS_MAX)
		return kit_why_set(why, JEMBATAN_DATA,
				   "the answer holds %zu records, more than %d: ask for "
				   "smaller pages",
				   count, AGENCY_RECORDS_MAX);
	records = kit_arena_alloc(arena, (count + 1) * sizeof(*records));
	agency_slice_begin(&slice, list);
	for (size_t i = 0; i < count && agency_slice_next(&slice); i++)
		records[i] = slice.value;
	page->records = records;
	page->count = count;
	return JEMBATAN_OK;
}

/* The rest of the answer, for paging: the same bytes with an empty list. */
static enum jembatan_result read_envelope(struct jembatan_bytes top,
					  struct jembatan_bytes list,
					  struct agency_page *page,
					  struct kit_why *why)
{
	size_t head = (size_t)((const char *)list.data - (const char *)top.data);
	size_t tail = top.size - head - list.size;
	struct kit_text *text = kit_text_new(head + tail + 2);
	enum jembatan_result result;

	kit_text_add(text, top.data, head);
	kit_text_add_string(text, "[]");
	kit_text_add(text, (const char *)list.data + list.size, tail);
	result = kit_json_parse(kit_text_bytes(text), &page->envelope, why);
	kit_text_free(text);
	return result;
}

/* Nothing but white space may follow: half an answer is no answer. */
static bool is_whole(struct jembatan_bytes body, struct jembatan_bytes top)
{
	const char *end = (const char *)body.data + body.size;

	for (const char *p = (const char *)top.data + top.size; p < end; p++)
		if (!strchr(" \t\r\n", *p) || !*p)
			return false;
	return true;
}

enum jembatan_result agency_parse_page(struct jembatan_bytes body,
				       const char *items,
				       struct kit_arena *arena,
				       struct agency_page *out,
				       struct kit_why *why)
{
	struct agency_page page = { 0 };
	struct jembatan_bytes top, list;
	enum jembatan_result result;

	if (!agency_slice_value(body, 0, &top) || !is_whole(body, top))
		return kit_why_set(why, JEMBATAN_DATA,
				   "the answer (%zu bytes) is not complete JSON",
				   body.size);
	result = find_list(top, items, &list, why);
	if (result == JEMBATAN_OK)
		result = cut_records(list, items, arena, &page, why);
	if (result == JEMBATAN_OK)
		result = read_envelope(top, list, &page, why);
	if (result == JEMBATAN_OK)
		*out = page;
	return result;
}

void agency_page_done(struct agency_page *page)
{
	json_decref(page->envelope);
	*page = (struct agency_page){ 0 };
}

/* ---- a record ---------------------------------------------------------- */

/* 1970 is how some apps write "never". */
#define UNSET_BEFORE_MS (86400000LL * 2)

/* A time at path; out_text (or NULL) is as the app wrote it. */
static bool read_time(const struct agency_mapping *m, struct agency_record *r,
		      const char *path, struct kit_arena *arena,
		      const char **out_text, int64_t *out_ms)
{
	char buffer[64];
	const char *text = path ? kit_json_id(r->root, path, buffer) : NULL;

	if (!text || !*text)
		return false;
	*out_text = kit_arena_strndup(arena, text, 60);
	if (kit_time_parse(text, m->time_format, m->zone_minutes, out_ms) !=
	    JEMBATAN_OK) {
		r->odd_time = path;
		return false;
	}
	return *out_ms >= UNSET_BEFORE_MS;
}

static void read_times(const struct agency_mapping *m, struct agency_record *r,
		       struct kit_arena *arena)
{
	const char *updated = NULL, *created = NULL;

	r->has_updated = read_time(m, r, m->updated_path, arena, &updated,
				   &r->updated_ms);
	r->has_created = read_time(m, r, m->created_path, arena, &created,
				   &r->created_ms);
	if (updated)
		(void)snprintf(r->revision, sizeof(r->revision), "%s", updated);
}

static void digest_bytes(struct jembatan_bytes bytes, struct kit_arena *arena,
			 char out_hex[65])
{
	const char *part = agency_parse_copy(bytes, arena).data;

	kit_digest(&part, 1, out_hex);
}

static enum jembatan_result read_id(const struct agency_mapping *m,
				    struct kit_arena *arena,
				    struct agency_record *out,
				    struct kit_why *why)
{
	char buffer[64];
	const char *id = kit_json_id(out->root, m->id_path, buffer);

	if (!id || !*id || strlen(id) > 255)
		return kit_why_set(why, JEMBATAN_DATA,
				   "%s: the record has no id at \"%s\"",
				   jembatan_where(m->ctx, "id_path", NULL), m->id_path);
	out->id = kit_arena_strdup(arena, id);
	return JEMBATAN_OK;
}

enum jembatan_result agency_parse_record(const struct agency_mapping *m,
					 struct jembatan_bytes bytes,
					 struct kit_arena *arena,
					 struct agency_record *out,
					 struct kit_why *why)
{
	enum jembatan_result result = kit_json_parse(bytes, &out->root, why);

	if (result == JEMBATAN_OK && !json_is_object(out->root)) {
		agency_record_done(out);
		result = kit_why_set(why, JEMBATAN_DATA,
				     "the record is not a JSON object");
	}
	if (result == JEMBATAN_OK)
		/* The order of keys says nothing: some apps shuffle it in every answer. */
		kit_json_digest(out->root, out->digest);
	else
		digest_bytes(bytes, arena, out->digest);
	(void)snprintf(out->revision, sizeof(out->revision), "%s", out->digest);
	if (result != JEMBATAN_OK)
		return result;
	read_times(m, out, arena);
	return read_id(m, arena, out, why);
}

void agency_record_done(struct agency_record *record)
{
	json_decref(record->root);
	record->root = NULL;
}

void agency_parse_join(struct jembatan_bytes record, const char *name,
		       struct jembatan_bytes value, struct kit_text *out)
{
	size_t size = record.size - 1; /* without the closing brace */
	const char *p = record.data;
	size_t last = size;

	while (last > 0 && strchr(" \t\r\n", p[last - 1]))
		last--;
	kit_text_add(out, p, size);
	kit_text_printf(out, "%s\"%s\":", last > 0 && p[last - 1] == '{' ? "" : ",",
			name);
	kit_text_add(out, value.data, value.size);
	kit_text_add_string(out, "}");
}

/* ---- messages ---------------------------------------------------------- */

static const char *html_to_text(const char *html, struct kit_arena *arena)
{
	struct jembatan_bytes bytes = { html, strlen(html) };
	struct kit_text *text = kit_text_new(4 * bytes.size + 1024);
	const char *out = html;

	if (kit_html_text(bytes, "utf-8", text) == JEMBATAN_OK)
		out = kit_arena_strdup(arena, kit_text_string(text));
	kit_text_free(text);
	return out;
}

/* A jq program may give `html` where it has no `text`. */
static const char *take_html(json_t *item, struct kit_arena *arena)
{
	const char *html = json_string_value(json_object_get(item, "html"));
	const char *text = html ? html_to_text(html, arena) : NULL;

	(void)json_object_del(item, "html");
	return text;
}

/* A list of attachments counts by its first ones. */
#define CONTENT_PARTS 64

/* All that a reader would see, without times. */
static void digest_content(const struct jembatan_message *m, char out_hex[65])
{
	char flags[64];
	const char *parts[CONTENT_PARTS] = {
		flags, m->subject, m->text, m->full_text, m->status, m->category,
		m->incident_date, m->tracking_id, m->thread, m->reply_to,
		m->author.id, m->author.name, m->author.phone, m->author.mail,
		m->author.handle, m->author.identity_number, m->place.province,
		m->place.regency, m->place.district, m->place.village,
		m->place.address, m->place.code, m->extra,
	};
	size_t count = 23;

	(void)snprintf(flags, sizeof(flags), "%d %u %.7f %.7f", (int)m->kind, m->flags,
		       m->place.latitude, m->place.longitude);
	for (size_t i = 0; i < m->attachment_count && count < CONTENT_PARTS; i++)
		parts[count++] = m->attachments[i].reference;
	kit_digest(parts, count, out_hex);
}

/* The app's time of change, and, since many an app's clock knows whole seconds only,
 * the content: two changes within one second are two revisions. Not the record's
 * digest: that one changes with each counter of views. */
static const char *revision_of(const struct agency_record *record,
			       const struct jembatan_message *message,
			       struct kit_arena *arena)
{
	char hex[65];

	if (!record->has_updated)
		return record->revision;
	digest_content(message, hex);
	return kit_arena_printf(arena, "%s/%.16s", record->revision, hex);
}

/* What the mapping left open comes from the record itself. */
static void complete(const struct agency_record *record, struct kit_arena *arena,
		     struct jembatan_message *message)
{
	if (!message->id)
		message->id = record->id;
	if (!message->revision)
		message->revision = revision_of(record, message, arena);
	if (message->arrived_ms < UNSET_BEFORE_MS)
		message->arrived_ms = record->has_created ? record->created_ms : 0;
	if (message->sent_ms < UNSET_BEFORE_MS)
		message->sent_ms = message->arrived_ms;
	if (message->tracking_id && !*message->tracking_id)
		message->tracking_id = NULL;
	message->raw_type = "application/json";
}

static enum jembatan_result fill(const struct agency_mapping *m, json_t *item,
				 const struct agency_record *record,
				 struct kit_arena *arena,
				 struct jembatan_message *out,
				 struct kit_why *why)
{
	const char *html = m->jq ? take_html(item, arena) : NULL;
	enum jembatan_result result =
		kit_fields_fill(m->fields, item, arena, out);

	if (result != JEMBATAN_OK && m->jq)
		return kit_why_set(why, result, "%s: %s",
				   jembatan_where(m->ctx, "jq", NULL),
				   kit_fields_why(m->fields));
	if (result != JEMBATAN_OK)
		return kit_why_set(why, result, "%s", kit_fields_why(m->fields));
	if (html && !out->text)
		out->text = html;
	else if (m->html && out->text)
		out->text = html_to_text(out->text, arena);
	complete(record, arena, out);
	return JEMBATAN_OK;
}

static enum jembatan_result run_jq(const struct agency_mapping *m,
				   struct jembatan_bytes bytes,
				   json_t **out_items, struct kit_why *why)
{
	struct kit_why inner = { "" };

	if (kit_jq_run(m->jq, bytes, out_items, &inner) != JEMBATAN_OK)
		return kit_why_set(why, JEMBATAN_DATA, "%s: jq: %s",
				   jembatan_where(m->ctx, "jq", NULL), inner.text);
	return JEMBATAN_OK;
}

enum jembatan_result agency_parse_messages(const struct agency_mapping *m,
					   struct jembatan_bytes bytes,
					   const struct agency_record *record,
					   struct kit_arena *arena,
					   struct agency_messages *out,
					   struct kit_why *why)
{
	struct agency_messages all = { 0 };
	enum jembatan_result result = JEMBATAN_OK;

	if (m->jq)
		result = run_jq(m, bytes, &all.holder, why);
	else
		all.holder = json_pack("[O]", record->root);
	if (result != JEMBATAN_OK)
		return result;
	all.count = json_array_size(all.holder);
	all.list = kit_arena_alloc(arena, (all.count + 1) * sizeof(*all.list));
	for (size_t i = 0; i < all.count && result == JEMBATAN_OK; i++)
		result = fill(m, json_array_get(all.holder, i), record, arena,
			      &all.list[i], why);
	if (result != JEMBATAN_OK) {
		agency_messages_done(&all);
		return result;
	}
	*out = all;
	return JEMBATAN_OK;
}

void agency_messages_done(struct agency_messages *messages)
{
	json_decref(messages->holder);
	*messages = (struct agency_messages){ 0 };
}

void agency_parse_unreadable(const struct agency_record *record,
			     const char *reason, struct kit_arena *arena,
			     struct jembatan_message *out)
{
	*out = (struct jembatan_message){
		.size = sizeof(*out),
		.id = record->id,
		.revision = kit_arena_strdup(arena, record->revision),
		.kind = JEMBATAN_UNREADABLE,
		.text = kit_arena_strdup(arena, reason),
		.arrived_ms = record->has_created ? record->created_ms : 0,
		.raw_type = "application/json",
	};
}
