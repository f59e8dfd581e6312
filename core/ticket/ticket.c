/* ticket.c: a ticket's JSON form, there and back from one table of fields, its
 * reference and its preview. */
#include "ticket/ticket.h"

#include "base/jx.h"
#include "base/text.h"
#include "config/date.h"
#include "ticket/ticket_fields.h"

#include <string.h>

#include "base/poison.h"

#define ATTACHMENTS_MAX 4096u

/* ---- there -------------------------------------------------------------- */

static void put(json_t *root, const char *group, const char *key, json_t *value)
{
	json_t *object = root;

	if (group != NULL) {
		object = json_object_get(root, group);
		if (object == NULL) {
			object = json_object();
			ASSERT(json_object_set_new(root, group, object) == 0);
		}
	}
	/* Fails only for a text that is no UTF-8: a bug of whoever made it. */
	ASSERT(json_object_set_new(object, key, value) == 0);
}

static json_t *attachments_json(const struct ticket *t)
{
	json_t *list = json_array();

	for (size_t i = 0; i < t->attachment_count; i++) {
		const struct ticket_attachment *a = &t->attachments[i];
		json_t *item = json_object();

		if (a->name != NULL)
			put(item, NULL, "name", json_string(a->name));
		if (a->media_type != NULL)
			put(item, NULL, "media_type", json_string(a->media_type));
		if (a->size_bytes > 0)
			put(item, NULL, "size_bytes", json_integer(a->size_bytes));
		if (a->missing != NULL)
			put(item, NULL, "missing", json_string(a->missing));
		ASSERT(json_array_append_new(list, item) == 0);
	}
	return list;
}

static json_t *to_value(const struct ticket *t)
{
	json_t *root = json_object();

	put(root, NULL, "reporter", json_object()); /* there even when nothing is known */
	for (size_t i = 0; i < ticket_texts_count; i++) {
		const char *text = *FIELD_OF(t, &ticket_texts[i], char *);

		if (text != NULL)
			put(root, ticket_texts[i].group, ticket_texts[i].key, json_string(text));
	}
	for (size_t i = 0; i < ticket_flags_count; i++)
		put(root, ticket_flags[i].group, ticket_flags[i].key,
		    json_boolean(*FIELD_OF(t, &ticket_flags[i], bool)));
	for (size_t i = 0; i < ticket_times_count; i++) {
		int64_t ms = *FIELD_OF(t, &ticket_times[i], int64_t);
		char text[40];

		if (ms == 0)
			continue;
		date_format(ms, t->zone_minutes, text);
		put(root, ticket_times[i].group, ticket_times[i].key, json_string(text));
	}
	if (t->place.has_position) {
		put(root, "place", "latitude", json_real(t->place.latitude));
		put(root, "place", "longitude", json_real(t->place.longitude));
	}
	put(root, NULL, "attachments", attachments_json(t));
	return root;
}

char *ticket_to_json(const struct ticket *t)
{
	CLEANUP(jx_decref) json_t *root = to_value(t);

	return jx_dump_as_set(root);
}

/* ---- and back ----------------------------------------------------------- */

static json_t *get(json_t *root, const struct ticket_field *field)
{
	return json_object_get(field->group == NULL ? root : json_object_get(root, field->group),
			       field->key);
}

static enum jembatan_result wrong(const struct ticket_field *field, const char *expected,
				  struct why *why)
{
	return why_set(why, JEMBATAN_DATA, "/%s%s%s: must be %s",
		       field->group != NULL ? field->group : "", field->group != NULL ? "/" : "",
		       field->key, expected);
}

#define FIELD_TO(t, field, type) ((type *)(void *)((char *)(t) + (field)->offset))

static enum jembatan_result read_texts(json_t *root, struct arena *arena, struct ticket *t,
				       struct why *why)
{
	for (size_t i = 0; i < ticket_texts_count; i++) {
		json_t *value = get(root, &ticket_texts[i]);

		if (value != NULL && !json_is_string(value))
			return wrong(&ticket_texts[i], "text", why);
		*FIELD_TO(t, &ticket_texts[i], const char *) =
			arena_strdup(arena, json_string_value(value));
	}
	for (size_t i = 0; i < ticket_flags_count; i++) {
		json_t *value = get(root, &ticket_flags[i]);

		if (value != NULL && !json_is_boolean(value))
			return wrong(&ticket_flags[i], "true or false", why);
		*FIELD_TO(t, &ticket_flags[i], bool) = json_is_true(value);
	}
	return JEMBATAN_OK;
}

static enum jembatan_result read_times(json_t *root, struct ticket *t, struct why *why)
{
	for (size_t i = 0; i < ticket_times_count; i++) {
		json_t *value = get(root, &ticket_times[i]);
		const char *text = json_string_value(value);
		size_t size = json_string_length(value);
		bool has_time = false;

		if (value == NULL)
			continue;
		if (text == NULL || size < 6 || !date_zone(text + size - 6, &t->zone_minutes) ||
		    !date_parse(text, 0, FIELD_TO(t, &ticket_times[i], int64_t), &has_time) || !has_time)
			return wrong(&ticket_times[i], "a time with its zone", why);
	}
	return JEMBATAN_OK;
}

static enum jembatan_result read_position(json_t *root, struct ticket *t, struct why *why)
{
	json_t *latitude = jx_at(root, "place.latitude");
	json_t *longitude = jx_at(root, "place.longitude");

	if (latitude == NULL && longitude == NULL)
		return JEMBATAN_OK;
	if (!json_is_number(latitude) || !json_is_number(longitude))
		return why_set(why, JEMBATAN_DATA, "/place: latitude and longitude must be numbers");
	t->place.has_position = true;
	t->place.latitude = json_number_value(latitude);
	t->place.longitude = json_number_value(longitude);
	return JEMBATAN_OK;
}

static enum jembatan_result read_attachments(json_t *root, struct arena *arena, struct ticket *t,
					     struct why *why)
{
	json_t *list = json_object_get(root, "attachments");
	size_t count = json_array_size(list);
	struct ticket_attachment *attachments;

	if (list != NULL && (!json_is_array(list) || count > ATTACHMENTS_MAX))
		return why_set(why, JEMBATAN_DATA, "/attachments: must be a list of at most %u",
			       ATTACHMENTS_MAX);
	attachments = arena_alloc(arena, (count + 1) * sizeof(*attachments));
	for (size_t i = 0; i < count; i++) {
		json_t *item = json_array_get(list, i);

		attachments[i].name = arena_strdup(arena, jx_text(item, "name"));
		attachments[i].media_type = arena_strdup(arena, jx_text(item, "media_type"));
		attachments[i].size_bytes = jx_integer(item, "size_bytes", 0);
		attachments[i].missing = arena_strdup(arena, jx_text(item, "missing"));
	}
	t->attachments = attachments;
	t->attachment_count = count;
	return JEMBATAN_OK;
}

enum jembatan_result ticket_from_json(struct jembatan_bytes json, struct arena *arena,
				      struct ticket *out, struct why *why)
{
	CLEANUP(jx_decref) json_t *root = NULL;
	struct ticket t = { 0 };
	enum jembatan_result result;

	if (json.size > TICKET_JSON_MAX)
		return why_set(why, JEMBATAN_DATA, "a ticket is larger than %u bytes",
			       TICKET_JSON_MAX);
	result = jx_parse(json, &root, why);
	if (result == JEMBATAN_OK && !json_is_object(root))
		result = why_set(why, JEMBATAN_DATA, "a ticket must be a JSON object");
	if (result == JEMBATAN_OK)
		result = read_texts(root, arena, &t, why);
	if (result == JEMBATAN_OK)
		result = read_times(root, &t, why);
	if (result == JEMBATAN_OK)
		result = read_position(root, &t, why);
	if (result == JEMBATAN_OK)
		result = read_attachments(root, arena, &t, why);
	if (result == JEMBATAN_OK)
		*out = t;
	return result;
}

bool ticket_is_mail(const char *text)
{
	const char *at = strchr(text, '@');

	return at != NULL && at > text && at[1] != '\0' && strchr(at + 1, '@') == NULL &&
	       strpbrk(text, " ,;<>\"\n") == NULL && strlen(text) <= 254;
}

/* ---- reference, preview ------------------------------------------------- */

void ticket_reference(const uint8_t random[5], char out[TICKET_REFERENCE_SIZE])
{
	memcpy(out, "JB-", 3);
	digest_code(random, 5, out + 3, TICKET_REFERENCE_SIZE - 4);
}

#define LINE_MAX_BYTES 500u

static void show(struct buf *out, const char *label, const char *text)
{
	CLEANUP(free_pointer) char *line = NULL;

	if (text == NULL)
		return;
	line = text_printable(text, LINE_MAX_BYTES);
	buf_printf(out, "%-16s %s\n", label, line);
}

static void show_time(struct buf *out, const char *label, int64_t ms, const struct ticket *t,
		      const char *note)
{
	char text[40];

	if (ms == 0)
		return;
	date_format(ms, t->zone_minutes, text);
	buf_printf(out, "%-16s %s%s\n", label, text, note);
}

/* Line by line, indented: the citizen's own breaks stay, nothing else does. */
static void show_text(struct buf *out, const char *label, const char *text)
{
	if (text == NULL)
		return;
	buf_printf(out, "%s\n", label);
	while (*text != '\0') {
		size_t size = strcspn(text, "\n");
		CLEANUP(free_pointer) char *line = xstrndup(text, size);
		CLEANUP(free_pointer) char *safe = text_printable(line, size);

		buf_printf(out, "    %s\n", safe);
		text += size + (text[size] == '\n');
	}
}

static void show_place(struct buf *out, const struct ticket_place *place)
{
	show(out, "province", place->province);
	show(out, "regency", place->regency);
	show(out, "district", place->district);
	show(out, "village", place->village);
	show(out, "address", place->address);
	show(out, "region code", place->code);
	if (place->has_position)
		buf_printf(out, "%-16s %.6f, %.6f\n", "position", place->latitude,
			   place->longitude);
}

/* "0.83 by: lampu, padam" below what was proposed. */
static void show_reason(struct buf *out, const char *margin, const char *words)
{
	CLEANUP(free_pointer) char *line = NULL;

	if (margin == NULL)
		return;
	line = words != NULL ? text_printable(words, LINE_MAX_BYTES) : NULL;
	buf_printf(out, "%-16s sure to %s%s%s\n", "", margin, line != NULL ? ", by: " : "",
		   line != NULL ? line : "");
}

static void show_proposal(struct buf *out, const struct ticket_proposal *p)
{
	show_reason(out, p->classification_margin, p->classification_words);
	show(out, "national one", p->category);
	show_reason(out, p->category_margin, p->category_words);
	show(out, "agency", p->agencies != NULL ? p->agencies : p->agency);
	show_reason(out, p->agency_margin, p->agency_words);
	show(out, "agency's number", p->agency_id);
	show(out, "social aid", p->social_aid);
	show_reason(out, p->aid_margin, NULL);
	show(out, "its complaint", p->aid_complaint);
	show(out, "no complaint?", p->not_complaint);
	show(out, "by", p->not_complaint_words);
	show(out, "day read from", p->date_words);
}

void ticket_preview_text(const struct ticket *t, struct buf *out)
{
	show(out, "reference", t->reference);
	show(out, "tracking id", t->tracking_id);
	show(out, "title", t->title);
	if (t->title_derived)
		buf_printf(out, "%-16s derived from the text\n", "");
	show(out, "channel", t->channel);
	show(out, "source", t->source_system);
	show(out, "source id", t->source_id);
	show(out, "source status", t->source_status);
	if (t->from_centre)
		buf_printf(out, "%-16s from the centre: linked, never pushed\n", "origin");
	show(out, "reporter", t->reporter.name);
	show(out, "phone", t->reporter.phone);
	show(out, "phone as written", t->reporter.phone_raw);
	show(out, "mail", t->reporter.mail);
	if (t->anonymous || t->secret)
		buf_printf(out, "%-16s %s%s%s\n", "flags", t->anonymous ? "anonymous" : "",
			   t->anonymous && t->secret ? ", " : "", t->secret ? "secret" : "");
	show_time(out, "incident", t->incident_ms, t,
		  t->incident_derived ? " (derived from the message's date)" : "");
	show_time(out, "sent", t->sent_ms, t, "");
	show_time(out, "received", t->received_ms, t, "");
	show(out, "category", t->category);
	show(out, "classification", t->classification);
	show_proposal(out, &t->proposal);
	show_place(out, &t->place);
	show_reason(out, t->proposal.place_margin, t->proposal.place_words);
	for (size_t i = 0; i < t->attachment_count; i++)
		show(out, "attachment", t->attachments[i].name != NULL ? t->attachments[i].name :
									"(no name)");
	show_text(out, "content", t->content_edited);
	if (!str_equal(t->content_original, t->content_edited))
		show_text(out, "content as received", t->content_original);
}
