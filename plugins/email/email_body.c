/* email_body.c: see email_body.h. */
#include "email/email_body.h"
#include "email/address.h"
#include "email/charset.h"
#include "email/headers.h"
#include "email/rfc2047.h"

#include <string.h>
#include <strings.h>

#define DEPTH_MAX 20u
#define PARTS_MAX 500u
#define HTML_MAX_BYTES (2u * 1024u * 1024u)
#define PIECE_BYTES (64u * 1024u)
#define SMALL_IMAGE_BYTES (10 * 1024)
#define STUB_MAX_BYTES 400u
#define NAME_MAX_BYTES 255u

/* ---- contents -------------------------------------------------------------- */

/* A part's content, decoded while it is read. The caller unrefs. */
static GMimeStream *content_stream(GMimePart *part)
{
	GMimeDataWrapper *content = g_mime_part_get_content(part);

	if (content == NULL)
		return NULL;
	GMimeStream *source = g_mime_data_wrapper_get_stream(content);
	GMimeStream *stream = g_mime_stream_filter_new(source);
	GMimeFilter *decoder =
		g_mime_filter_basic_new(g_mime_data_wrapper_get_encoding(content), FALSE);

	g_mime_stream_reset(source);
	g_mime_stream_filter_add(GMIME_STREAM_FILTER(stream), decoder);
	g_object_unref(decoder);
	return stream;
}

/* All of a part, up to max bytes; false: there is more. */
static bool content_read(GMimePart *part, size_t max, struct kit_text *out)
{
	GMimeStream *stream = content_stream(part);
	char *piece = g_malloc(PIECE_BYTES);
	size_t left = max;
	ssize_t got;

	while (stream != NULL && left > 0 &&
	       (got = g_mime_stream_read(stream, piece, left < PIECE_BYTES ? left : PIECE_BYTES)) >
		       0) {
		kit_text_add(out, piece, (size_t)got);
		left -= (size_t)got;
	}
	bool is_whole = stream == NULL || left > 0 || g_mime_stream_read(stream, piece, 1) <= 0;

	g_free(piece);
	if (stream != NULL)
		g_object_unref(stream);
	return is_whole;
}

/* Decoded size, near enough to tell a picture from a logo. */
static gint64 content_size(GMimePart *part)
{
	GMimeDataWrapper *content = g_mime_part_get_content(part);

	if (content == NULL)
		return 0;
	gint64 size = g_mime_stream_length(g_mime_data_wrapper_get_stream(content));

	return g_mime_data_wrapper_get_encoding(content) == GMIME_CONTENT_ENCODING_BASE64
		       ? size / 4 * 3
		       : size;
}

/* ---- attachments ------------------------------------------------------------ */

/* A name from outside: one line of valid UTF-8 without folders, or NULL. */
static const char *tidy_name(const char *name, struct kit_arena *arena)
{
	struct kit_text *text = kit_text_new(NAME_MAX_BYTES);

	if (name != NULL)
		rfc2047_decode((struct jembatan_bytes){ name, strnlen(name, 4096) }, text);
	char *copy = kit_arena_strdup(arena, kit_text_string(text));

	kit_text_free(text);
	for (char *c = copy; *c != '\0'; c++) {
		if (*c == '/' || *c == '\\')
			*c = '_';
	}
	return *copy != '\0' ? copy : NULL;
}

/* filename="=?utf-8?B?...?=" (not RFC 2231, and common): GMime would decode it as
 * it does the other headers. The raw words between the quotes; NULL: none. */
static const char *raw_name(GMimeObject *object, const char *header, const char *parameter,
			    struct kit_arena *arena)
{
	GMimeHeader *h =
		g_mime_header_list_get_header(g_mime_object_get_header_list(object), header);
	const char *raw = h != NULL ? g_mime_header_get_raw_value(h) : NULL;
	const char *at = raw != NULL ? strcasestr(raw, parameter) : NULL;

	if (at == NULL)
		return NULL;
	at += strlen(parameter);
	at += strspn(at, "\"");
	if (strncmp(at, "=?", 2) != 0)
		return NULL;
	size_t size = rfc2047_run((struct jembatan_bytes){ at, strnlen(at, 4096) });

	return size > 0 ? kit_arena_strndup(arena, at, size) : NULL;
}

static const char *file_name(GMimePart *part, struct kit_arena *arena)
{
	GMimeObject *object = GMIME_OBJECT(part);
	const char *name = raw_name(object, "Content-Disposition", "filename=", arena);

	if (name == NULL && g_mime_object_get_content_disposition_parameter(object, "filename") ==
				    NULL)
		name = raw_name(object, "Content-Type", "name=", arena);
	return tidy_name(name != NULL ? name : g_mime_part_get_filename(part), arena);
}

static const char *media_type(GMimeObject *object, struct kit_arena *arena)
{
	GMimeContentType *type = g_mime_object_get_content_type(object);
	char *text = type != NULL ? g_mime_content_type_get_mime_type(type) : NULL;
	const char *out = NULL;

	if (text != NULL && strlen(text) < 128 &&
	    kit_utf8_is_valid((struct jembatan_bytes){ text, strlen(text) }))
		out = kit_arena_strdup(arena, text);
	g_free(text);
	return out;
}

static enum jembatan_result spool_stream(struct jembatan_context *ctx, GMimeStream *stream,
					 const char **out_token)
{
	struct jembatan_spool *spool;
	enum jembatan_result result = jembatan_spool_open(ctx, &spool);
	ssize_t got;

	if (result != JEMBATAN_OK)
		return result;
	char *piece = g_malloc(PIECE_BYTES);

	while (result == JEMBATAN_OK &&
	       (got = g_mime_stream_read(stream, piece, PIECE_BYTES)) > 0)
		result = jembatan_spool_write(ctx, spool,
					      (struct jembatan_bytes){ piece, (size_t)got });
	g_free(piece);
	const char *token = NULL;
	enum jembatan_result closed = jembatan_spool_close(ctx, spool, &token);

	if (result == JEMBATAN_OK)
		result = closed;
	if (result == JEMBATAN_OK)
		*out_token = token;
	return result;
}

/* One that is too large for the spool is listed without its bytes. */
static enum jembatan_result take_attachment(struct body *body, GMimePart *part)
{
	if (body->is_machine)
		return JEMBATAN_OK;
	if (body->attachment_count == BODY_ATTACHMENTS_MAX) {
		body->left_out++;
		return JEMBATAN_OK;
	}
	struct jembatan_attachment *a = &body->attachments[body->attachment_count];
	GMimeStream *stream = content_stream(part);
	const char *token = NULL;
	enum jembatan_result result =
		stream != NULL ? spool_stream(body->ctx, stream, &token) : JEMBATAN_DATA;

	if (stream != NULL)
		g_object_unref(stream);
	if (result != JEMBATAN_OK && result != JEMBATAN_DATA)
		return result;
	a->name = file_name(part, body->arena);
	a->media_type = media_type(GMIME_OBJECT(part), body->arena);
	/* Borrowed until the next checkpoint, which comes after this mail. */
	a->spool = token;
	body->attachment_count++;
	return JEMBATAN_OK;
}

/* ---- text -------------------------------------------------------------------- */

/* RFC 3676: a line that ends with a space goes on in the next one. */
static void unflow(const char *text, bool drops_space, struct kit_text *out)
{
	bool is_open = false;
	size_t open_depth = 0;

	while (*text != '\0') {
		size_t size = strcspn(text, "\n"), depth = strspn(text, ">");
		const char *line = text + depth;
		size_t length = size - depth;

		text += size + (text[size] == '\n' ? 1 : 0);
		if (length > 0 && line[0] == ' ') { /* space-stuffed */
			line++;
			length--;
		}
		bool is_mark = length == 3 && memcmp(line, "-- ", 3) == 0;

		if (is_open && (depth != open_depth || is_mark)) {
			kit_text_add_string(out, "\n");
			is_open = false;
		}
		for (size_t i = 0; !is_open && i < depth; i++)
			kit_text_add_string(out, ">");
		if (!is_open && depth > 0)
			kit_text_add_string(out, " ");
		is_open = length > 0 && line[length - 1] == ' ' && !is_mark;
		open_depth = depth;
		kit_text_add(out, line, length - (is_open && drops_space ? 1 : 0));
		if (!is_open)
			kit_text_add_string(out, "\n");
	}
}

static bool parameter_is(GMimeObject *object, const char *name, const char *value)
{
	const char *is = g_mime_object_get_content_type_parameter(object, name);

	return is != NULL && strcasecmp(is, value) == 0;
}

static void read_html(const char *charset, struct jembatan_bytes bytes, struct kit_text *out)
{
	struct kit_text *html = kit_text_new(HTML_MAX_BYTES * 2);

	/* What a header declares goes before what the document says. */
	if (charset != NULL) {
		charset_to_utf8(charset, bytes, html);
		bytes = kit_text_bytes(html);
		charset = "UTF-8";
	}
	if (kit_html_text(bytes, charset, out) != JEMBATAN_OK && kit_text_bytes(out).size == 0)
		kit_utf8_guess(bytes, out);
	kit_text_free(html);
}

/* Valid UTF-8 to one of the texts, which all have the same ceiling. */
static void add_text(struct body *body, struct kit_text *to, const char *text, size_t size)
{
	if (!utf8_add(to, BODY_TEXT_MAX_BYTES, text, size))
		body->text_cut = true;
}

static void add_string(struct body *body, struct kit_text *to, const char *text)
{
	add_text(body, to, text, strlen(text));
}

/* A text part as UTF-8. */
static void read_text(struct body *body, GMimePart *part, bool is_html, struct kit_text *out)
{
	GMimeObject *object = GMIME_OBJECT(part);
	const char *charset = g_mime_object_get_content_type_parameter(object, "charset");
	size_t max = is_html ? HTML_MAX_BYTES : BODY_TEXT_MAX_BYTES * 2;
	struct kit_text *bytes = kit_text_new(max), *plain = kit_text_new(max * 4);

	if (!content_read(part, max, bytes))
		body->text_cut = true;
	if (is_html) {
		read_html(charset, kit_text_bytes(bytes), plain);
	} else if (parameter_is(object, "format", "flowed")) {
		struct kit_text *flowed = kit_text_new(max * 4);

		charset_to_utf8(charset, kit_text_bytes(bytes), flowed);
		unflow(kit_text_string(flowed), parameter_is(object, "delsp", "yes"), plain);
		kit_text_free(flowed);
	} else {
		charset_to_utf8(charset, kit_text_bytes(bytes), plain);
	}
	add_string(body, out, kit_text_string(plain));
	kit_text_free(bytes);
	kit_text_free(plain);
}

/* Parts of one text, a blank line between them. */
static void add_paragraph(struct body *body, struct kit_text *to, const char *text)
{
	text += strspn(text, "\n");
	if (text[strspn(text, " \t\n")] == '\0')
		return;
	if (kit_text_bytes(to).size > 0)
		add_string(body, to, "\n\n");
	size_t size = strlen(text);

	while (size > 0 && strchr(" \t\n", text[size - 1]) != NULL)
		size--;
	add_text(body, to, text, size);
}

/* "This mail needs a reader that shows HTML", or nothing at all. */
static bool is_stub(const char *text)
{
	static const char *const words[] = { "html", "browser", "peramban", "mail client",
					     "email client", "klien email", NULL };
	size_t size = strlen(text);

	if (text[strspn(text, " \t\n")] == '\0')
		return true;
	for (size_t i = 0; words[i] != NULL && size <= STUB_MAX_BYTES; i++) {
		if (strcasestr(text, words[i]) != NULL)
			return true;
	}
	return false;
}

/* ---- the walk ------------------------------------------------------------------ */

static enum jembatan_result walk(struct body *body, GMimeObject *object, struct kit_text *text,
				 bool *is_html);

static bool is_type(GMimeObject *object, const char *type, const char *subtype)
{
	GMimeContentType *is = g_mime_object_get_content_type(object);

	return is != NULL && g_mime_content_type_is_type(is, type, subtype);
}

/* Text to read, or a file? */
static bool is_text(struct body *body, GMimePart *part)
{
	GMimeObject *object = GMIME_OBJECT(part);
	const char *disposition = g_mime_object_get_disposition(object);

	/* A bounce that says nothing else. */
	if (body->is_machine && is_type(object, "message", "delivery-status"))
		return kit_text_bytes(body->text).size == 0;
	if (!is_type(object, "text", "plain") && !is_type(object, "text", "html") &&
	    !is_type(object, "text", "enriched"))
		return false;
	if (disposition != NULL && strcasecmp(disposition, "attachment") == 0)
		return false;
	/* A named text within a mail that has text already: a file. */
	return g_mime_part_get_filename(part) == NULL || kit_text_bytes(body->text).size == 0;
}

/* Logos and smileys of signatures. */
static bool is_ornament(GMimePart *part)
{
	GMimeObject *object = GMIME_OBJECT(part);
	const char *disposition = g_mime_object_get_disposition(object);
	bool is_inline = g_mime_part_get_content_id(part) != NULL ||
			 (disposition != NULL && strcasecmp(disposition, "inline") == 0);

	if (disposition != NULL && strcasecmp(disposition, "attachment") == 0)
		return false;
	return is_inline && is_type(object, "image", "*") && content_size(part) < SMALL_IMAGE_BYTES;
}

static enum jembatan_result walk_leaf(struct body *body, GMimePart *part, struct kit_text *text,
				      bool *is_html)
{
	GMimeObject *object = GMIME_OBJECT(part);

	if (is_text(body, part)) {
		struct kit_text *own = kit_text_new(BODY_TEXT_MAX_BYTES);

		*is_html = is_type(object, "text", "html");
		read_text(body, part, *is_html, own);
		add_paragraph(body, text, kit_text_string(own));
		kit_text_free(own);
		return JEMBATAN_OK;
	}
	if (is_ornament(part))
		return JEMBATAN_OK;
	if (is_type(object, "application", "pkcs7-mime") ||
	    is_type(object, "application", "x-pkcs7-mime") ||
	    is_type(object, "application", "pgp-encrypted"))
		body->is_encrypted = true;
	return take_attachment(body, part);
}

/* The same content several times: the plain one, unless it says nothing. The
 * others are walked too, for what is attached inside of them. */
static enum jembatan_result walk_alternative(struct body *body, GMimeMultipart *multipart,
					     struct kit_text *text, bool *is_html)
{
	struct kit_text *best = kit_text_new(BODY_TEXT_MAX_BYTES);
	enum jembatan_result result = JEMBATAN_OK;
	int count = g_mime_multipart_get_count(multipart);

	for (int i = 0; i < count && result == JEMBATAN_OK; i++) {
		GMimeObject *child = g_mime_multipart_get_part(multipart, i);
		bool child_is_html = false;

		/* The plain one is good: do not read the HTML at all. */
		if (is_type(child, "text", "html") && !is_stub(kit_text_string(best)))
			continue;
		struct kit_text *own = kit_text_new(BODY_TEXT_MAX_BYTES);

		result = walk(body, child, own, &child_is_html);
		bool is_better = is_stub(kit_text_string(best)) &&
				 kit_text_bytes(own).size > kit_text_bytes(best).size;

		if (is_better || (*is_html && !child_is_html && !is_stub(kit_text_string(own)))) {
			kit_text_clear(best);
			add_string(body, best, kit_text_string(own));
			*is_html = child_is_html;
		}
		kit_text_free(own);
	}
	add_paragraph(body, text, kit_text_string(best));
	kit_text_free(best);
	return result;
}

/* A multipart whose boundary never comes: all of it stands before the first. */
static void read_prologue(struct body *body, GMimeMultipart *multipart,
			  struct kit_text *text)
{
	const char *prologue = g_mime_multipart_get_prologue(multipart);
	struct kit_text *own = kit_text_new(BODY_TEXT_MAX_BYTES);

	if (prologue != NULL)
		charset_to_utf8(NULL,
				(struct jembatan_bytes){
					prologue, strnlen(prologue, BODY_TEXT_MAX_BYTES) },
				own);
	add_paragraph(body, text, kit_text_string(own));
	kit_text_free(own);
}

static enum jembatan_result walk_multipart(struct body *body, GMimeMultipart *multipart,
					   struct kit_text *text, bool *is_html)
{
	enum jembatan_result result = JEMBATAN_OK;
	int count = g_mime_multipart_get_count(multipart);

	if (count > 0 && is_type(GMIME_OBJECT(multipart), "multipart", "alternative"))
		return walk_alternative(body, multipart, text, is_html);
	for (int i = 0; i < count && result == JEMBATAN_OK; i++)
		result = walk(body, g_mime_multipart_get_part(multipart, i), text, is_html);
	if (count == 0)
		read_prologue(body, multipart, text);
	return result;
}

/* One line of the head of an attached mail. */
static void head_line(struct body *body, GMimeMessage *message, const char *name,
		      const char *label)
{
	GMimeHeader *header = g_mime_header_list_get_header(
		g_mime_object_get_header_list(GMIME_OBJECT(message)), name);
	const char *raw = header != NULL ? g_mime_header_get_raw_value(header) : NULL;

	if (raw == NULL)
		return;
	struct kit_text *value = kit_text_new(4096);

	rfc2047_decode((struct jembatan_bytes){ raw, strnlen(raw, 2048) }, value);
	char *shown = kit_arena_strdup(body->arena, kit_text_string(value));

	shown = kit_arena_printf(body->arena, "%s: %s\n", label, g_strstrip(shown));
	add_string(body, body->forwarded, shown);
	kit_text_free(value);
}

static const char *inner_id(GMimeMessage *message, struct kit_arena *arena)
{
	GMimeHeader *header = g_mime_header_list_get_header(
		g_mime_object_get_header_list(GMIME_OBJECT(message)), "Message-ID");

	return header != NULL ? headers_message_id(g_mime_header_get_raw_value(header), arena)
			      : NULL;
}

/* A mail that was attached is what its sender wants us to read. */
static enum jembatan_result walk_message(struct body *body, GMimeMessage *message)
{
	if (message == NULL)
		return JEMBATAN_OK;
	GMimeObject *root = g_mime_message_get_mime_part(message);

	if (body->inner_message_id == NULL)
		body->inner_message_id = inner_id(message, body->arena);
	if (body->is_machine)
		return JEMBATAN_OK;
	if (kit_text_bytes(body->forwarded).size > 0)
		add_string(body, body->forwarded, "\n\n");
	add_string(body, body->forwarded, "---------- Diteruskan ----------\n");
	head_line(body, message, "From", "Dari");
	head_line(body, message, "Date", "Tanggal");
	head_line(body, message, "Subject", "Perihal");
	head_line(body, message, "To", "Kepada");
	if (root == NULL)
		return JEMBATAN_OK;
	struct kit_text *inner = kit_text_new(BODY_TEXT_MAX_BYTES);
	bool is_html = false;
	enum jembatan_result result = walk(body, root, inner, &is_html);

	add_string(body, body->forwarded, "\n");
	add_string(body, body->forwarded, kit_text_string(inner));
	kit_text_free(inner);
	return result;
}

static enum jembatan_result walk(struct body *body, GMimeObject *object, struct kit_text *text,
				 bool *is_html)
{
	enum jembatan_result result = JEMBATAN_OK;

	if (body->depth == DEPTH_MAX || body->part_count == PARTS_MAX) {
		body->left_out++;
		return JEMBATAN_OK;
	}
	body->part_count++;
	body->depth++;
	if (GMIME_IS_MULTIPART(object))
		result = walk_multipart(body, GMIME_MULTIPART(object), text, is_html);
	else if (GMIME_IS_MESSAGE_PART(object))
		result = walk_message(body,
				      g_mime_message_part_get_message(GMIME_MESSAGE_PART(object)));
	else if (GMIME_IS_PART(object))
		result = walk_leaf(body, GMIME_PART(object), text, is_html);
	body->depth--;
	return result;
}

enum jembatan_result body_read(struct body *body, GMimeObject *root)
{
	bool is_html = false;

	body->attachments =
		kit_arena_alloc(body->arena, BODY_ATTACHMENTS_MAX * sizeof *body->attachments);
	enum jembatan_result result = walk(body, root, body->text, &is_html);

	/* The end of the mail was not fetched: its last file is not whole. */
	if (body->is_cut && body->attachment_count > 0)
		body->attachments[body->attachment_count - 1].spool = NULL;
	body->is_encrypted = body->is_encrypted && kit_text_bytes(body->text).size == 0;
	return result;
}
