/* headers.c: see headers.h. */
#include "email/headers.h"

#include <glib.h>

#include <string.h>
#include <strings.h>

#define HEADERS_MAX 1000u
#define VALUE_MAX_BYTES (64u * 1024u)
#define TOTAL_MAX_BYTES (512u * 1024u)
#define ID_MAX_BYTES 900u
/* Beyond the ceilings there is room for the first of each known name. */
#define KNOWN_MAX 24u

static const char *const known_names[] = {
	"From", "To", "Subject", "Date", "Message-ID", "Received", "Return-Path", "Delivered-To",
	"MIME-Version", "Content-Type", "Sender", "Reply-To", "Cc", "Bcc", "X-Mailer",
	"Content-Transfer-Encoding", "Content-Disposition", "In-Reply-To", "References",
	"Auto-Submitted"
};
#define KNOWN_COUNT (sizeof known_names / sizeof known_names[0])
_Static_assert(KNOWN_COUNT <= KNOWN_MAX, "room for all known names");

/* One line: [begin, end) without its end of line; next is where the next one
 * begins. */
struct line {
	size_t begin, end, next;
};

static struct line line_at(struct jembatan_bytes raw, size_t at)
{
	const char *data = raw.data;
	const char *newline = memchr(data + at, '\n', raw.size - at);
	struct line line = { at, raw.size, raw.size };

	if (newline != NULL) {
		line.end = (size_t)(newline - data);
		line.next = line.end + 1;
	}
	while (line.end > line.begin && data[line.end - 1] == '\r')
		line.end--;
	return line;
}

static bool is_blank(const char *data, struct line line)
{
	for (size_t i = line.begin; i < line.end; i++) {
		if (data[i] != ' ' && data[i] != '\t' && data[i] != '\r')
			return false;
	}
	return true;
}

/* Length of the name when the line is "Name: value"; else 0. */
static size_t name_length(const char *data, struct line line)
{
	size_t i = line.begin;

	while (i < line.end && data[i] > ' ' && data[i] < 127 && data[i] != ':')
		i++;
	size_t length = i - line.begin;

	while (i < line.end && (data[i] == ' ' || data[i] == '\t'))
		i++;
	return i < line.end && data[i] == ':' && length <= 200 ? length : 0;
}

static bool is_mbox_line(const char *data, struct line line)
{
	size_t at = line.begin + (line.begin < line.end && data[line.begin] == '>' ? 1 : 0);

	return line.end - at >= 5 && memcmp(data + at, "From ", 5) == 0;
}

/* Only an empty line ends the headers: one of blanks is a fold, if a poor one. */
static bool is_folded(struct jembatan_bytes raw, size_t at)
{
	const char *data = raw.data;

	return at < raw.size && (data[at] == ' ' || data[at] == '\t');
}

/* A header's lines end before this offset. */
static size_t value_end(struct jembatan_bytes raw, struct line first)
{
	size_t next = first.next;

	while (is_folded(raw, next))
		next = line_at(raw, next).next;
	return next;
}

/* [from, to) without line ends, cut at the ceiling. */
static char *unfold(const char *data, size_t from, size_t to, struct kit_arena *arena)
{
	if (to - from > VALUE_MAX_BYTES)
		to = from + VALUE_MAX_BYTES;
	char *value = kit_arena_alloc(arena, to - from + 1);
	size_t used = 0;

	for (size_t i = from; i < to; i++) {
		if (data[i] != '\r' && data[i] != '\n')
			value[used++] = data[i] == '\0' ? ' ' : data[i];
	}
	while (used > 0 && (value[used - 1] == ' ' || value[used - 1] == '\t'))
		used--;
	value[used] = '\0';
	return value + strspn(value, " \t");
}

/* Words with a colon also begin letters to an office; a header block has at
 * least one of the names that mail has. */
static bool has_known_name(const struct headers *h)
{
	for (size_t i = 0; i < KNOWN_COUNT; i++) {
		if (headers_get(h, known_names[i]) != NULL)
			return true;
	}
	return false;
}

static bool is_known(const char *name, size_t length)
{
	for (size_t i = 0; i < KNOWN_COUNT; i++) {
		if (strlen(known_names[i]) == length &&
		    strncasecmp(known_names[i], name, length) == 0)
			return true;
	}
	return false;
}

/* A flood of headers must not hide the one that says what the mail is. */
static bool has_room(const struct headers *h, size_t total, const char *name, size_t length)
{
	char copy[256];

	if (h->count < HEADERS_MAX && total < TOTAL_MAX_BYTES)
		return true;
	if (h->count == HEADERS_MAX + KNOWN_MAX || !is_known(name, length))
		return false;
	memcpy(copy, name, length);
	copy[length] = '\0';
	return headers_get(h, copy) == NULL;
}

void headers_read(struct jembatan_bytes raw, struct kit_arena *arena, struct headers *out)
{
	const char *data = raw.data;
	size_t at = 0, total = 0;

	memset(out, 0, sizeof *out);
	out->list = kit_arena_alloc(arena, (HEADERS_MAX + KNOWN_MAX) * sizeof *out->list);
	while (at < raw.size) {
		struct line line = line_at(raw, at);

		if (!is_blank(data, line) && !is_mbox_line(data, line))
			break;
		at = line.next;
	}
	out->start = at;
	while (at < raw.size) {
		struct line line = line_at(raw, at);
		size_t length = name_length(data, line);

		if (line.begin == line.end) {
			at = line.next;
			break;
		}
		if (length == 0)
			break;
		size_t end = value_end(raw, line);
		const char *colon = memchr(data + line.begin, ':', line.end - line.begin);

		if (has_room(out, total, data + line.begin, length)) {
			struct header *h = &out->list[out->count++];

			h->name = kit_arena_strndup(arena, data + line.begin, length);
			h->value = unfold(data, (size_t)(colon - data) + 1, end, arena);
			total += length + strlen(h->value);
		}
		at = end;
	}
	out->body = at;
	out->is_headerless = !has_known_name(out);
	if (out->is_headerless) {
		out->count = 0;
		out->body = out->start;
	}
}

const char *headers_get(const struct headers *h, const char *name)
{
	for (size_t i = 0; i < h->count; i++) {
		if (strcasecmp(h->list[i].name, name) == 0)
			return h->list[i].value;
	}
	return NULL;
}

/* ---- identity --------------------------------------------------------------- */

static void digest_add(GChecksum *sum, const char *data, size_t size)
{
	g_checksum_update(sum, (const guchar *)data, (gssize)size);
}

/* A header's words, so that other folding is the same header. */
static void digest_header(GChecksum *sum, const char *value)
{
	while (value != NULL && *value != '\0') {
		value += strspn(value, " \t");
		size_t word = strcspn(value, " \t");

		digest_add(sum, value, word);
		digest_add(sum, " ", 1);
		value += word;
	}
	digest_add(sum, "\n", 1);
}

/* A Maildir holds LF where IMAP sends CR LF, and servers differ in the last
 * line: neither makes another mail. */
static void digest_body(GChecksum *sum, const char *data, size_t size)
{
	while (size > 0 && strchr(" \t\r\n", data[size - 1]) != NULL && data[size - 1] != '\0')
		size--;
	for (size_t at = 0; at < size;) {
		const char *cr = memchr(data + at, '\r', size - at);
		size_t end = cr != NULL ? (size_t)(cr - data) : size;

		digest_add(sum, data + at, end - at);
		at = end + 1;
	}
}

const char *headers_identity(const struct headers *h, struct jembatan_bytes raw,
			     struct kit_arena *arena)
{
	GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
	const char *message_id = headers_message_id(headers_get(h, "Message-ID"), arena);

	digest_header(sum, headers_get(h, "From"));
	digest_header(sum, headers_get(h, "Date"));
	digest_header(sum, headers_get(h, "Subject"));
	digest_body(sum, (const char *)raw.data + h->body, raw.size - h->body);

	const char *hex = g_checksum_get_string(sum);
	const char *identity = message_id == NULL
				       ? kit_arena_strdup(arena, hex)
				       : kit_arena_printf(arena, "%s/%.16s", message_id, hex);

	g_checksum_free(sum);
	return identity;
}

static const char *clean_id(const char *from, size_t size, struct kit_arena *arena)
{
	if (size == 0 || size > ID_MAX_BYTES)
		return NULL;
	char *id = kit_arena_strndup(arena, from, size);

	for (char *c = id; *c != '\0'; c++) {
		if (*c == 127 || (*c >= 0 && *c <= ' '))
			return NULL;
	}
	return kit_utf8_is_valid((struct jembatan_bytes){ id, size }) ? id : NULL;
}

const char *headers_next_id(const char **at, struct kit_arena *arena)
{
	while (*at != NULL && (*at = strchr(*at, '<')) != NULL) {
		const char *value = *at + 1;
		size_t size = strcspn(value, "<>");

		*at = value + size;
		if (value[size] == '>') {
			const char *id = clean_id(value, size, arena);

			if (id != NULL)
				return id;
		}
	}
	return NULL;
}

const char *headers_message_id(const char *value, struct kit_arena *arena)
{
	const char *at = value;
	const char *id = headers_next_id(&at, arena);

	if (id != NULL || value == NULL || strchr(value, '<') != NULL)
		return id;
	return clean_id(value, strcspn(value, " \t"), arena);
}
