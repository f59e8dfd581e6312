/* report.c: see report.h. A multipart/report holds words for people, the report
 * proper, and the mail that it is about or its head. The report proper consists of
 * groups of header lines, which GMime reads; ceilings on all of it are ours. */
#include "email/report.h"
#include "email/headers.h"

#include <string.h>
#include <strings.h>

#define PARTS_MAX 20
#define GROUPS_MAX 50u
#define FIELDS_MAX_BYTES (64u * 1024u)

/* ---- one part ------------------------------------------------------------------- */

/* The first bytes of a part, decoded; the caller frees by g_byte_array_unref. */
static GByteArray *content_of(GMimePart *part)
{
	GByteArray *bytes = g_byte_array_new();
	GMimeDataWrapper *content = g_mime_part_get_content(part);
	GMimeStream *stream = content != NULL ? g_mime_data_wrapper_get_stream(content) : NULL;

	if (stream == NULL)
		return bytes;
	GMimeStream *filtered = g_mime_stream_filter_new(stream);
	GMimeFilter *decode = g_mime_filter_basic_new(g_mime_data_wrapper_get_encoding(content), FALSE);
	char piece[4096];
	ssize_t got;

	g_mime_stream_filter_add(GMIME_STREAM_FILTER(filtered), decode);
	g_mime_stream_reset(stream);
	while (bytes->len < FIELDS_MAX_BYTES &&
	       (got = g_mime_stream_read(filtered, piece, sizeof piece)) > 0)
		g_byte_array_append(bytes, (const guint8 *)piece, (guint)got);
	g_object_unref(decode);
	g_object_unref(filtered);
	return bytes;
}

/* Header lines, as GMime reads them; the caller unrefs. NULL: there are none. */
static GMimeObject *read_fields(const char *data, size_t size)
{
	GMimeStream *stream = g_mime_stream_mem_new_with_buffer(data, size);
	GMimeParser *parser = g_mime_parser_new_with_stream(stream);
	GMimeObject *fields = g_mime_parser_construct_part(parser, NULL);

	g_object_unref(parser);
	g_object_unref(stream);
	return fields;
}

static const char *field(GMimeObject *fields, const char *name)
{
	GMimeHeader *header =
		g_mime_header_list_get_header(g_mime_object_get_header_list(fields), name);
	const char *value = header != NULL ? g_mime_header_get_raw_value(header) : NULL;

	return value != NULL ? value + strspn(value, " \t\r\n") : NULL;
}

static bool is_word(const char *value, const char *word)
{
	size_t length = strlen(word);

	return value != NULL && strncasecmp(value, word, length) == 0 &&
	       strchr(" \t\r\n;(/,", value[length]) != NULL;
}

static void take_id(struct report *out, GMimeObject *fields, const char *name,
		    struct kit_arena *arena)
{
	if (out->message_id == NULL)
		out->message_id = headers_message_id(field(fields, name), arena);
}

/* ---- delivery status --------------------------------------------------------------- */

static void take_status(struct report *out, const char *status)
{
	size_t size = status != NULL ? strspn(status, "0123456789.") : 0;

	if (size < 5 || size >= sizeof out->status)
		return;
	memcpy(out->status, status, size);
	out->status[size] = '\0';
}

/* "delayed" is tried further, "relayed" has gone where nobody reports. */
static enum report_kind kind_of(const char *action, const char *status)
{
	if (is_word(action, "failed"))
		return REPORT_FAILED;
	if (is_word(action, "delivered") || is_word(action, "expanded"))
		return REPORT_DELIVERED;
	return action == NULL && status != NULL && status[0] == '5' ? REPORT_FAILED : REPORT_NONE;
}

/* A mail of ours has one recipient, but it may have been forwarded to several: that
 * it arrived at one of them counts. */
static void take_group(struct report *out, GMimeObject *fields, struct kit_arena *arena)
{
	const char *status = field(fields, "Status");
	enum report_kind kind = kind_of(field(fields, "Action"), status);

	take_id(out, fields, "Original-Message-ID", arena);
	take_id(out, fields, "X-Original-Message-ID", arena);
	if (kind == REPORT_NONE || out->kind == REPORT_DELIVERED)
		return;
	out->kind = kind;
	out->status[0] = '\0';
	take_status(out, status);
}

/* The offset behind the next empty line, or of the end. */
static size_t group_end(const char *data, size_t at, size_t size)
{
	while (at < size) {
		const char *line = memchr(data + at, '\n', size - at);

		if (line == NULL)
			return size;
		at = (size_t)(line - data) + 1;
		if (at < size && data[at] == '\r')
			at++;
		if (at < size && data[at] == '\n')
			return at + 1;
	}
	return size;
}

static void read_delivery(GMimePart *part, struct kit_arena *arena, struct report *out)
{
	GByteArray *bytes = content_of(part);
	const char *data = (const char *)bytes->data;
	size_t at = 0;

	for (unsigned i = 0; i < GROUPS_MAX && at < bytes->len; i++) {
		size_t end = group_end(data, at, bytes->len);
		GMimeObject *fields = read_fields(data + at, end - at);

		if (fields != NULL) {
			take_group(out, fields, arena);
			g_object_unref(fields);
		}
		at = end;
	}
	g_byte_array_unref(bytes);
}

/* ---- the other parts ------------------------------------------------------------------ */

/* "Disposition: manual-action/MDN-sent-manually; displayed". */
static void read_disposition(GMimePart *part, struct kit_arena *arena, struct report *out)
{
	GByteArray *bytes = content_of(part);
	GMimeObject *fields = read_fields((const char *)bytes->data, bytes->len);
	const char *mode = fields != NULL ? field(fields, "Disposition") : NULL;
	const char *type = mode != NULL ? strchr(mode, ';') : NULL;

	if (type != NULL) {
		type += 1 + strspn(type + 1, " \t\r\n");
		if (is_word(type, "displayed"))
			out->kind = REPORT_READ;
		else if (is_word(type, "deleted") || is_word(type, "dispatched") ||
			 is_word(type, "processed"))
			out->kind = REPORT_DELIVERED;
	}
	if (fields != NULL) {
		take_id(out, fields, "Original-Message-ID", arena);
		g_object_unref(fields);
	}
	g_byte_array_unref(bytes);
}

/* The head of the mail that came back. */
static void read_head(GMimePart *part, struct kit_arena *arena, struct report *out)
{
	GByteArray *bytes = content_of(part);
	GMimeObject *fields = read_fields((const char *)bytes->data, bytes->len);

	if (fields != NULL) {
		take_id(out, fields, "Message-ID", arena);
		g_object_unref(fields);
	}
	g_byte_array_unref(bytes);
}

static bool is_type(GMimeObject *object, const char *type, const char *subtype)
{
	GMimeContentType *content = g_mime_object_get_content_type(object);

	return content != NULL && g_mime_content_type_is_type(content, type, subtype);
}

static void read_part(GMimeObject *part, struct kit_arena *arena, struct report *out)
{
	if (GMIME_IS_MESSAGE_PART(part)) {
		GMimeMessage *inner = g_mime_message_part_get_message(GMIME_MESSAGE_PART(part));

		if (inner != NULL)
			take_id(out, GMIME_OBJECT(inner), "Message-ID", arena);
	} else if (!GMIME_IS_PART(part)) {
		return;
	} else if (is_type(part, "message", "delivery-status") ||
		   is_type(part, "message", "global-delivery-status")) {
		out->is_report = true;
		read_delivery(GMIME_PART(part), arena, out);
	} else if (is_type(part, "message", "disposition-notification")) {
		out->is_report = true;
		read_disposition(GMIME_PART(part), arena, out);
	} else if (is_type(part, "text", "rfc822-headers") ||
		   is_type(part, "message", "global-headers")) {
		read_head(GMIME_PART(part), arena, out);
	}
}

void report_read(GMimeObject *root, struct kit_arena *arena, struct report *out)
{
	*out = (struct report){ 0 };
	if (!GMIME_IS_MULTIPART(root)) {
		read_part(root, arena, out);
		return;
	}
	int count = g_mime_multipart_get_count(GMIME_MULTIPART(root));

	for (int i = 0; i < count && i < PARTS_MAX; i++)
		read_part(g_mime_multipart_get_part(GMIME_MULTIPART(root), i), arena, out);
}
