/* lapor_v3.c: building requests. Flags are copied as they are, never relaxed;
 * what is not configured and not known is left out. */
#include "central/lapor_v3.h"

#include "base/clock.h"
#include "base/jx.h"
#include "base/text.h"
#include "central/json_out.h"

#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

#define REQUEST_USUAL 2048u /* most fit at once */
#define CUT_MARK " [...]"
#define ESCAPED_MAX 6u /* bytes of one byte: a control character */
#define KEYS_MAX 4096u /* what is no text of the ticket or the settings */

static void set_text(struct json_out *j, const char *key, const char *text)
{
	if (text && *text)
		json_out_text(j, key, text, strlen(text));
}

/* Ids are text in the configuration and numbers at the interface. */
static bool is_digits(const char *s)
{
	size_t n = strspn(s, "0123456789");

	return n > 0 && n <= 18 && s[n] == '\0';
}

static void set_id(struct json_out *j, const char *key, const char *id)
{
	if (!id || !is_digits(id)) {
		set_text(j, key, id);
		return;
	}
	while (id[0] == '0' && id[1] != '\0')
		id++;
	json_out_digits(j, key, id);
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
static bool add_place(struct buf *content, const struct ticket_place *p)
{
	CLEANUP(buf_done) struct buf line;

	buf_init(&line, LAPOR_V3_REQUEST_MAX);
	add_piece(&line, p->address);
	add_piece(&line, p->village);
	add_piece(&line, p->district);
	add_piece(&line, p->regency);
	add_piece(&line, p->province);
	if (p->has_position)
		buf_printf(&line, "%s(%.6f, %.6f)", line.size > 0 ? " " : "", p->latitude,
			   p->longitude);
	if (line.size > 0) {
		buf_add_text(content, "\n\nLokasi: ");
		buf_add(content, line.data, line.size);
	}
	return !buf_is_full(&line);
}

/* False when it is longer than a request may be. */
static bool set_content(struct json_out *j, const struct ticket *t, bool reference_line)
{
	CLEANUP(buf_done) struct buf content;

	buf_init(&content, LAPOR_V3_REQUEST_MAX);
	buf_add_text(&content, t->content_edited ? t->content_edited : t->content_original);
	bool fits = add_place(&content, &t->place);
	if (reference_line && t->reference) {
		buf_add_text(&content, "\n\nRef: ");
		buf_add_text(&content, t->reference);
	}
	json_out_text(j, "content", content.data ? content.data : "", content.size);
	return fits && !buf_is_full(&content);
}

/* Local date of the place where it happened, as the citizen would say it. */
static void set_date(struct json_out *j, const struct ticket *t)
{
	int64_t at = t->incident_ms ? t->incident_ms : t->sent_ms ? t->sent_ms : t->received_ms;
	char text[32];

	clock_format(at + (int64_t)t->zone_minutes * 60000, 0, text);
	json_out_text(j, "date_of_incident", text, 10);
}

static void set_reporter(struct json_out *j, const struct ticket *t)
{
	const struct ticket_reporter *r = &t->reporter;
	const char *phone = r->phone ? r->phone : r->phone_raw;
	bool is_told = !t->anonymous && (r->name || r->mail || phone);

	json_out_flag(j, "is_new_user_slider", is_told);
	if (!is_told)
		return;
	/* The centre wants a name where it is to make a user. */
	set_text(j, "nameUser", r->name && *r->name ? r->name : "Pelapor");
	set_text(j, "emailUser", r->mail);
	set_text(j, "phoneUser", phone);
}

static char *dump(json_t *list, struct arena *arena)
{
	CLEANUP(free_pointer) char *text = jx_dump_as_set(list);

	json_decref(list);
	return arena_strdup(arena, text);
}

/* "[4199656,4199657]" from our array, without what was left out. */
static const char *known_files(const char *file_ids, struct arena *arena)
{
	json_t *ids = NULL, *known, *id;
	size_t i;

	if (!file_ids || jx_parse(bytes_text(file_ids), &ids, NULL) != JEMBATAN_OK)
		return "[]";
	known = json_array();
	json_array_foreach(ids, i, id) {
		const char *s = json_string_value(id);
		if (s && *s)
			json_array_append_new(known, is_digits(s) ?
						     json_integer(strtoll(s, NULL, 10)) :
						     json_string(s));
	}
	json_decref(ids);
	return dump(known, arena);
}

static char *end(struct json_out *j, const struct buf *out, struct arena *arena)
{
	json_out_end(j);
	return buf_is_full(out) ? NULL : arena_strndup(arena, out->data, out->size);
}

char *lapor_v3_create(const struct ticket *t, const struct settings_defaults *d,
		      const char *file_ids, bool reference_line, struct arena *arena)
{
	CLEANUP(buf_done) struct buf out;

	buf_init(&out, LAPOR_V3_REQUEST_MAX);
	buf_reserve(&out, REQUEST_USUAL);
	struct json_out *j = json_out_begin(&out);
	set_text(j, "title", t->title);
	bool fits = set_content(j, t, reference_line);
	set_date(j, t);
	set_reporter(j, t);
	json_out_flag(j, "is_anonymous", t->anonymous);
	json_out_flag(j, "is_secret", t->secret);
	set_id(j, "channel", d->channel);
	set_id(j, "user_id", d->user_id);
	set_id(j, "classification_id", d->classification_id);
	set_id(j, "category_id", d->category_id);
	set_id(j, "disposition_id", d->disposition_id);
	set_id(j, "location_id", d->location_id);
	json_out_flag(j, "is_disposisi_slider", d->disposition_id != NULL);
	json_out_flag(j, "is_inbox", false);
	json_out_flag(j, "is_approval", false);
	json_out_flag(j, "is_priority", false);
	set_text(j, "tags_raw", t->reference);
	set_text(j, "attachments", known_files(file_ids, arena));
	set_text(j, "info_attachments", "[]");
	char *body = end(j, &out, arena);
	return fits ? body : NULL;
}

static size_t size_of(const char *text)
{
	return text ? strlen(text) : 0;
}

bool lapor_v3_create_fits(const struct ticket *t, const struct settings_defaults *d)
{
	const struct ticket_place *p = &t->place;
	const struct ticket_reporter *r = &t->reporter;
	const char *const texts[] = {
		t->title, t->content_edited, t->content_original, t->reference, t->reference,
		p->address, p->village, p->district, p->regency, p->province, r->name, r->mail,
		r->phone, r->phone_raw, d->channel, d->user_id, d->classification_id, d->category_id,
		d->disposition_id, d->location_id,
	};
	size_t size = KEYS_MAX;

	for (size_t i = 0; i < COUNT_OF(texts); i++)
		size += ESCAPED_MAX * size_of(texts[i]);
	return size <= LAPOR_V3_REQUEST_MAX;
}

char *lapor_v3_route(const char *institution_id, const char *reference, struct arena *arena)
{
	CLEANUP(buf_done) struct buf out;

	buf_init(&out, LAPOR_V3_REQUEST_MAX);
	struct json_out *j = json_out_begin(&out);
	json_out_flag(j, "is_request", true);
	json_out_flag(j, "not_authority", true);
	set_text(j, "reason", institution_id);
	set_text(j, "reason_description",
		 arena_printf(arena, "Diteruskan oleh Jembatan (%s)", reference));
	return end(j, &out, arena);
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
