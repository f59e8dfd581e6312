/* reply_mail.c: see reply_mail.h. */
#include "email/reply_mail.h"

#include <gmime/gmime.h>

#include <string.h>

#define LINE_MAX_CHARS 76u
#define SUBJECT_MAX_BYTES 500u
#define ID_MAX_BYTES 500u
#define DIGEST_DIGITS 64u
#define SHORT_DIGITS 16u

static bool is_hex(const char *text, size_t size)
{
	return strspn(text, "0123456789abcdef") == size;
}

const char *reply_mail_id(const char *identity, struct kit_arena *arena)
{
	size_t size = identity != NULL ? strlen(identity) : 0;

	/* "<Message-ID>/<16 digits>", or 64 digits where there was none. */
	if (size > SHORT_DIGITS + 1 && identity[size - SHORT_DIGITS - 1] == '/' &&
	    is_hex(identity + size - SHORT_DIGITS, SHORT_DIGITS))
		size -= SHORT_DIGITS + 1;
	else if (size == DIGEST_DIGITS && is_hex(identity, size))
		return NULL;
	if (size == 0 || size > ID_MAX_BYTES)
		return NULL;
	for (size_t i = 0; i < size; i++) {
		if (identity[i] <= ' ' || identity[i] >= 127 || strchr("<>()\\\"", identity[i]))
			return NULL;
	}
	return kit_arena_strndup(arena, identity, size);
}

/* One line of valid UTF-8 without control characters; the caller frees. */
static char *one_line(const char *text, size_t max)
{
	char *line = g_utf8_make_valid(text, (gssize)strnlen(text, max));

	/* A letter that the cut has halved. */
	if (strlen(text) > max && g_str_has_suffix(line, "\xef\xbf\xbd"))
		line[strlen(line) - 3] = '\0';
	for (char *c = line; *c != '\0'; c++) {
		if ((*c >= 0 && *c < ' ') || *c == 127)
			*c = ' ';
		/* What looks like an encoded word would be decoded. */
		else if (*c == '=' && c[1] == '?')
			c[1] = ' ';
	}
	/* C1 controls and the separators of lines and paragraphs. */
	for (char *c = line; *c != '\0'; c = g_utf8_next_char(c)) {
		gunichar letter = g_utf8_get_char(c);

		if ((letter >= 0x80 && letter < 0xa0) || letter == 0x2028 || letter == 0x2029)
			memset(c, ' ', (size_t)(g_utf8_next_char(c) - c));
	}
	return g_strstrip(line);
}

/* A header, folded here, and only where there is a space: GMime 3.2.13 folds within
 * long words too, at times without the space that makes it a fold, and so makes a
 * header of what follows. value: encoded already. */
static void set_folded(GMimeObject *mail, const char *name, const char *value)
{
	GString *raw = g_string_new(NULL);
	size_t column = strlen(name) + 1;

	while (*value != '\0') {
		size_t size;

		value += strspn(value, " \t\r\n");
		size = strcspn(value, " \t\r\n");
		if (size == 0)
			break;
		bool is_over = column + 1 + size > LINE_MAX_CHARS && raw->len > 0;

		g_string_append(raw, is_over ? "\n " : " ");
		g_string_append_len(raw, value, (gssize)size);
		column = (is_over ? 1 : column + 1) + size;
		value += size;
	}
	g_string_append_c(raw, '\n');
	g_mime_object_set_header(mail, name, "", NULL);
	g_mime_header_set_raw_value(
		g_mime_header_list_get_header(g_mime_object_get_header_list(mail), name), raw->str);
	g_string_free(raw, TRUE);
}

static void set_ids(GMimeObject *mail, const char *name, const char *first, const char *second)
{
	char *value = g_strdup_printf("<%s>%s%s%s", first, second != NULL ? " <" : "",
				      second != NULL ? second : "", second != NULL ? ">" : "");

	set_folded(mail, name, value);
	g_free(value);
}

static void set_thread(GMimeObject *mail, const struct reply_mail *from)
{
	struct kit_arena *arena = kit_arena_new();
	const char *id = reply_mail_id(from->in_reply_to, arena);
	const char *thread = reply_mail_id(from->thread, arena);

	if (id != NULL)
		set_ids(mail, "In-Reply-To", id, NULL);
	if (thread != NULL && id != NULL && strcmp(thread, id) != 0)
		set_ids(mail, "References", thread, id);
	else if (thread != NULL || id != NULL)
		set_ids(mail, "References", id != NULL ? id : thread, NULL);
	kit_arena_free(arena);
}

static void set_address(GMimeObject *mail, const char *header, const char *name, const char *mailbox)
{
	char *line = name != NULL ? one_line(name, SUBJECT_MAX_BYTES) : NULL;
	InternetAddress *address = internet_address_mailbox_new(line, mailbox);
	char *value;

	if (line != NULL)
		internet_address_set_charset(address, "utf-8");
	else
		internet_address_set_name(address, NULL);
	value = internet_address_to_string(address, NULL, TRUE);
	set_folded(mail, header, value);
	g_free(value);
	g_object_unref(address);
	g_free(line);
}

static void set_subject(GMimeObject *mail, const char *subject)
{
	char *line = one_line(subject != NULL ? subject : "", SUBJECT_MAX_BYTES);
	char *value = g_mime_utils_header_encode_text(NULL, *line != '\0' ? line : "Laporan Anda",
						      "utf-8");

	set_folded(mail, "Subject", value);
	g_free(value);
	g_free(line);
}

/* Quoted-printable: what a line of 78 columns holds gets through anywhere. */
static GMimeObject *make_body(const char *text)
{
	GMimePart *part = g_mime_part_new_with_type("text", "plain");
	char *valid = g_utf8_make_valid(text, -1);
	GMimeStream *stream = g_mime_stream_mem_new_with_buffer(valid, strlen(valid));
	GMimeDataWrapper *content =
		g_mime_data_wrapper_new_with_stream(stream, GMIME_CONTENT_ENCODING_DEFAULT);

	g_mime_object_set_content_type_parameter(GMIME_OBJECT(part), "charset", "utf-8");
	g_mime_part_set_content(part, content);
	g_mime_part_set_content_encoding(part, GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
	g_object_unref(content);
	g_object_unref(stream);
	g_free(valid);
	return GMIME_OBJECT(part);
}

static void set_head(GMimeMessage *mail, const struct reply_mail *from)
{
	GMimeObject *object = GMIME_OBJECT(mail);
	GDateTime *date = g_date_time_new_from_unix_utc(from->date_ms / 1000);

	set_address(object, "From", from->from_name, from->from);
	/* As it is, beyond ASCII too (RFC 6532): there it has no other form. */
	set_folded(object, "To", from->to);
	set_subject(object, from->subject);
	g_mime_message_set_date(mail, date);
	g_mime_message_set_message_id(mail, from->message_id);
	set_thread(object, from);
	g_mime_object_set_header(object, "Auto-Submitted", "auto-replied", NULL);
	g_mime_object_set_header(object, "X-Auto-Response-Suppress", "All", NULL);
	g_mime_object_set_header(object, "Precedence", "auto_reply", NULL);
	if (from->language != NULL && strlen(from->language) == 2 &&
	    g_ascii_islower(from->language[0]) && g_ascii_islower(from->language[1]))
		g_mime_object_set_header(object, "Content-Language", from->language, NULL);
	g_date_time_unref(date);
}

char *reply_mail_make(const struct reply_mail *from, size_t *out_size)
{
	GMimeMessage *mail = g_mime_message_new(FALSE);
	GMimeFormatOptions *format = g_mime_format_options_clone(NULL);
	GByteArray *bytes = g_byte_array_new();
	GMimeStream *stream = g_mime_stream_mem_new_with_byte_array(bytes);
	GMimeObject *body = make_body(from->text != NULL ? from->text : "");

	set_head(mail, from);
	g_mime_message_set_mime_part(mail, body);
	g_mime_format_options_set_newline_format(format, GMIME_NEWLINE_FORMAT_DOS);
	g_mime_object_write_to_stream(GMIME_OBJECT(mail), format, stream);
	g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
	g_object_unref(stream);
	*out_size = bytes->len;
	char *data = (char *)g_byte_array_free(bytes, FALSE);

	g_mime_format_options_free(format);
	g_object_unref(body);
	g_object_unref(mail);
	return data;
}
