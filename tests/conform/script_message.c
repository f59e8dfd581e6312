/* script_message.c: the step of a script that hands over a message, with all
 * that one can have. */
#include "script.h"

#include <stddef.h>
#include <stdlib.h>

#define ATTACHMENTS_MAX 8

static unsigned flags_of(json_t *step)
{
	static const char *const names[] = { "anonymous", "secret", "automatic", "from-centre",
					     "position", "unsure", NULL };
	unsigned flags = 0;
	size_t i;
	json_t *flag;
	json_array_foreach(json_object_get(step, "flags"), i, flag)
		flags |= 1u << index_of(names, json_string_value(flag));
	return flags;
}

/* {"name", "type", "content"} goes into the spool, "repeat" times. */
static enum jembatan_result spool_content(struct jembatan_context *ctx, json_t *from,
					  const char **out_token)
{
	struct jembatan_spool *spool;
	int64_t repeat = json_object_get(from, "repeat") ? number_of(from, "repeat") : 1;
	enum jembatan_result r = jembatan_spool_open(ctx, &spool);
	if (r != JEMBATAN_OK)
		return r;
	for (int64_t i = 0; i < repeat && r == JEMBATAN_OK; i++)
		r = jembatan_spool_write(ctx, spool, bytes_of_text(text_of(from, "content")));
	return jembatan_spool_close(ctx, spool, out_token);
}

/* A file that is too large is listed without its bytes; a full disk is no
 * reason to go on without it. */
static enum jembatan_result attachments_of(struct jembatan_context *ctx, json_t *step,
					   struct jembatan_attachment *out, size_t *out_count)
{
	size_t i;
	json_t *from;
	enum jembatan_result r = JEMBATAN_OK;
	json_array_foreach(json_object_get(step, "attachments"), i, from) {
		if (i == ATTACHMENTS_MAX)
			break;
		out[i] = (struct jembatan_attachment){ .name = text_of(from, "name"),
						       .media_type = text_of(from, "type"),
						       .reference = text_of(from, "reference") };
		if (text_of(from, "content"))
			r = spool_content(ctx, from, &out[i].spool);
		if (r != JEMBATAN_OK && r != JEMBATAN_DATA)
			return r;
	}
	*out_count = i;
	return JEMBATAN_OK;
}

static const char *const kinds[] = { "new", "follow-up", "edit", "deletion", "reaction", "receipt",
				     "system", "unreadable", "ignored", NULL };

enum jembatan_result script_message(struct jembatan_context *ctx, json_t *step, const char *line)
{
	struct jembatan_attachment attachments[ATTACHMENTS_MAX];
	json_t *author = json_object_get(step, "author"), *place = json_object_get(step, "place");
	const char *raw = text_of(step, "raw");
	if (!json_is_false(json_object_get(step, "begin"))) {
		enum jembatan_result r = jembatan_begin(ctx, text_of(step, "id"),
							bytes_of_text(line),
							"application/json");
		if (r != JEMBATAN_OK)
			return r == JEMBATAN_DATA ? JEMBATAN_OK : r;
	}
	size_t attachment_count = 0;
	enum jembatan_result r = attachments_of(ctx, step, attachments, &attachment_count);
	if (r != JEMBATAN_OK)
		return r;
	char *extra = json_object_get(step, "extra")
			      ? json_dumps(json_object_get(step, "extra"), JSON_COMPACT) : NULL;
	const struct jembatan_message m = {
		/* One that was built for 0.1 ends before thread_alias. */
		.size = json_is_true(json_object_get(step, "old"))
				? offsetof(struct jembatan_message, thread_alias) : sizeof(m),
		.id = text_of(step, "id"), .revision = text_of(step, "revision"),
		.kind = (enum jembatan_kind)index_of(kinds, text_of(step, "kind")),
		.flags = flags_of(step), .thread = text_of(step, "thread"),
		.thread_alias = text_of(step, "thread_alias"),
		.reply_to = text_of(step, "reply_to"),
		.author = { .id = text_of(author, "id"), .name = text_of(author, "name"),
			    .phone = text_of(author, "phone"), .mail = text_of(author, "mail"),
			    .handle = text_of(author, "handle") },
		.subject = text_of(step, "subject"), .text = text_of(step, "text"),
		.full_text = text_of(step, "full_text"), .sent_ms = number_of(step, "sent_ms"),
		.arrived_ms = json_object_get(step, "arrived_ms") ? number_of(step, "arrived_ms")
								  : jembatan_now_ms(ctx),
		.incident_date = text_of(step, "incident_date"),
		.category = text_of(step, "category"), .status = text_of(step, "status"),
		.place = { .province = text_of(place, "province"),
			   .regency = text_of(place, "regency"),
			   .district = text_of(place, "district"),
			   .village = text_of(place, "village"),
			   .address = text_of(place, "address"),
			   .latitude = json_number_value(json_object_get(place, "latitude")),
			   .longitude = json_number_value(json_object_get(place, "longitude")) },
		.tracking_id = text_of(step, "tracking_id"), .raw = bytes_of_text(raw),
		.raw_type = raw ? "text/plain" : NULL, .extra = extra, .attachments = attachments,
		.attachment_count = attachment_count,
	};
	r = jembatan_emit(ctx, &m);
	free(extra);
	return r == JEMBATAN_DATA ? JEMBATAN_OK : r;
}
