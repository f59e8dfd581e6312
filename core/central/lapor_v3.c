/* lapor_v3.c: building requests. Flags are copied as they are, never relaxed;
 * what is not configured and not known is left out. */
#include "central/lapor_v3.h"

#include "base/clock.h"
#include "base/jx.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

#define CONTENT_MAX (TICKET_JSON_MAX)
#define CUT_MARK " [...]"

static void set_text(json_t *body, const char *key, const char *text)
{
	if (text && *text)
		json_object_set_new(body, key, json_string(text));
}

static bool is_digits(const char *s)
{
	size_t n = strspn(s, "0123456789");

	return n > 0 && n <= 18 && s[n] == '\0';
}

/* Ids are text in the configuration and numbers at the interface. */
static json_t *id_value(const char *id)
{
	return is_digits(id) ? json_integer(strtoll(id, NULL, 10)) : json_string(id);
}

static void set_id(json_t *body, const char *key, const char *id)
{
	if (id && *id)
		json_object_set_new(body, key, id_value(id));
}

static void set_flag(json_t *body, const char *key, bool value)
{
	json_object_set_new(body, key, json_integer(value));
}

/* ---- create ---- */

static void add_piece(struct buf *out, const char *piece)
{
	if (!piece || !*piece)
		return;
	buf_add_text(out, out->size > 0 ? ", " : "");
	buf_add_text(out, piece);
}

/* The interface has one number for a place, and no field for an address or
 * coordinates: they stand in the content, or they would be lost. */
static void add_place(struct buf *content, const struct ticket_place *p)
{
	CLEANUP(buf_done) struct buf line;

	buf_init(&line, CONTENT_MAX);
	add_piece(&line, p->address);
	add_piece(&line, p->village);
	add_piece(&line, p->district);
	add_piece(&line, p->regency);
	add_piece(&line, p->province);
	if (p->has_position)
		buf_printf(&line, "%s(%.6f, %.6f)", line.size > 0 ? " " : "", p->latitude,
			   p->longitude);
	if (line.size > 0)
		buf_printf(content, "\n\nLokasi: %s", line.data);
}

static void set_content(json_t *body, const struct ticket *t, bool reference_line)
{
	CLEANUP(buf_done) struct buf content;

	buf_init(&content, CONTENT_MAX);
	buf_add_text(&content, t->content_edited ? t->content_edited : t->content_original);
	add_place(&content, &t->place);
	if (reference_line && t->reference)
		buf_printf(&content, "\n\nRef: %s", t->reference);
	json_object_set_new(body, "content", json_stringn(content.data ? content.data : "",
							   content.size));
}

/* Local date of the place where it happened, as the citizen would say it. */
static void set_date(json_t *body, const struct ticket *t)
{
	int64_t at = t->incident_ms ? t->incident_ms : t->sent_ms ? t->sent_ms : t->received_ms;
	char text[32];

	clock_format(at + (int64_t)t->zone_minutes * 60000, 0, text);
	json_object_set_new(body, "date_of_incident", json_stringn(text, 10));
}

static void set_reporter(json_t *body, const struct ticket *t)
{
	const struct ticket_reporter *r = &t->reporter;
	const char *phone = r->phone ? r->phone : r->phone_raw;
	bool is_told = !t->anonymous && (r->name || r->mail || phone);

	set_flag(body, "is_new_user_slider", is_told);
	if (!is_told)
		return;
	/* The centre wants a name where it is to make a user. */
	set_text(body, "nameUser", r->name && *r->name ? r->name : "Pelapor");
	set_text(body, "emailUser", r->mail);
	set_text(body, "phoneUser", phone);
}

/* "[4199656,4199657]" from our array, without what was left out. */
static void set_files(json_t *body, const char *file_ids)
{
	json_t *ids = NULL, *known = json_array(), *id;
	size_t i;

	if (file_ids && jx_parse(bytes_text(file_ids), &ids, NULL) != JEMBATAN_OK)
		ids = NULL;
	json_array_foreach(ids, i, id)
		if (json_is_string(id) && json_string_length(id) > 0)
			json_array_append_new(known, id_value(json_string_value(id)));
	CLEANUP(free_pointer) char *text = jx_dump(known);
	json_object_set_new(body, "attachments", json_string(text));
	json_object_set_new(body, "info_attachments", json_string("[]"));
	json_decref(known);
	json_decref(ids);
}

static char *dump(json_t *body, struct arena *arena)
{
	CLEANUP(free_pointer) char *text = jx_dump_as_set(body);

	json_decref(body);
	return arena_strdup(arena, text);
}

char *lapor_v3_create(const struct ticket *t, const struct settings_defaults *d,
		      const char *file_ids, bool reference_line, struct arena *arena)
{
	json_t *body = json_object();

	set_text(body, "title", t->title);
	set_content(body, t, reference_line);
	set_date(body, t);
	set_reporter(body, t);
	set_flag(body, "is_anonymous", t->anonymous);
	set_flag(body, "is_secret", t->secret);
	set_id(body, "channel", d->channel);
	set_id(body, "user_id", d->user_id);
	set_id(body, "classification_id", d->classification_id);
	set_id(body, "category_id", d->category_id);
	set_id(body, "disposition_id", d->disposition_id);
	set_id(body, "location_id", d->location_id);
	set_flag(body, "is_disposisi_slider", d->disposition_id != NULL);
	set_flag(body, "is_inbox", false);
	set_flag(body, "is_approval", false);
	set_flag(body, "is_priority", false);
	set_text(body, "tags_raw", t->reference);
	set_files(body, file_ids);
	return dump(body, arena);
}

char *lapor_v3_route(const char *institution_id, const char *reference, struct arena *arena)
{
	CLEANUP(free_pointer) char *note = xasprintf("Diteruskan oleh Jembatan (%s)", reference);
	json_t *body = json_object();

	set_flag(body, "is_request", true);
	set_flag(body, "not_authority", true);
	set_text(body, "reason", institution_id);
	set_text(body, "reason_description", note);
	return dump(body, arena);
}

/* ---- follow-up ---- */

static bool is_first_byte(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80;
}

static size_t count_characters(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += is_first_byte(*s);
	return n;
}

/* Bytes of the first max characters. */
static size_t prefix_of(const char *s, size_t max)
{
	size_t i = 0;

	for (size_t n = 0; s[i]; i++)
		if (is_first_byte(s[i]) && n++ == max)
			break;
	return i;
}

static void add_field(struct lapor_v3_follow_up *f, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	ASSERT(f->field_count < LAPOR_V3_FIELDS_MAX);
	f->fields[f->field_count++] = (struct lapor_v3_field){ name, value };
}

void lapor_v3_follow_up(const char *complaint_id, const char *text, bool is_secret,
			const char *reference, const struct settings_defaults *d,
			bool reference_line, struct arena *arena, struct lapor_v3_follow_up *out)
{
	const char *tail = reference_line ? arena_printf(arena, "\n\nRef: %s", reference) : "";
	size_t room = LAPOR_V3_FOLLOW_UP_MAX - count_characters(tail);
	size_t size = strlen(text);

	*out = (struct lapor_v3_follow_up){ .cut = count_characters(text) > room };
	if (out->cut)
		size = prefix_of(text, room - strlen(CUT_MARK));
	out->content = arena_printf(arena, "%.*s%s%s", (int)size, text, out->cut ? CUT_MARK : "",
				    tail);
	add_field(out, "complaint_id", complaint_id);
	add_field(out, "content", out->content);
	add_field(out, "is_secret", is_secret ? "1" : "0");
	add_field(out, "user_id", d->user_id);
	add_field(out, "institution_from_id", d->disposition_id);
	add_field(out, "institution_to_id", d->disposition_id);
}

/* ---- ids of files ---- */

char *lapor_v3_ids_add(const char *ids, const char *id, struct arena *arena)
{
	json_t *list = NULL;

	if (!ids || jx_parse(bytes_text(ids), &list, NULL) != JEMBATAN_OK || !json_is_array(list)) {
		json_decref(list);
		list = json_array();
	}
	json_array_append_new(list, json_string(id));
	return dump(list, arena);
}

size_t lapor_v3_ids_count(const char *ids)
{
	json_t *list = NULL;

	if (!ids || jx_parse(bytes_text(ids), &list, NULL) != JEMBATAN_OK)
		return 0;
	size_t count = json_array_size(list);
	json_decref(list);
	return count;
}
