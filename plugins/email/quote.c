/* quote.c: see quote.h. The text is walked line by line; each line is asked
 * whether a quotation begins there, and of which sort: one whose lines are
 * marked with ">" ends with the last of them, so that answers between quoted
 * lines are kept; any other reaches to the end. */
#include "email/quote.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define LINES_MAX 20000u
#define ATTRIBUTION_LINES 4u
#define ATTRIBUTION_MAX_BYTES 500u
#define SIGNATURE_LINES 15u

struct line {
	const char *text;
	size_t size; /* without the newline and trailing blanks */
};

struct lines {
	struct line *list;
	size_t count;
	bool is_reply, is_forward;
};

static struct line trimmed(struct line line)
{
	while (line.size > 0 && strchr(" \t*_", line.text[0]) != NULL) {
		line.text++;
		line.size--;
	}
	while (line.size > 0 && strchr(" \t*_", line.text[line.size - 1]) != NULL)
		line.size--;
	return line;
}

static bool begins(struct line line, const char *word)
{
	size_t size = strlen(word);

	return line.size >= size && strncasecmp(line.text, word, size) == 0;
}

static bool begins_with_one(struct line line, const char *const *words)
{
	for (; *words != NULL; words++) {
		if (begins(line, *words))
			return true;
	}
	return false;
}

static bool is_blank(struct line line)
{
	return line.size == 0;
}

static bool is_quoted(struct line line)
{
	while (line.size > 0 && (line.text[0] == ' ' || line.text[0] == '\t')) {
		line.text++;
		line.size--;
	}
	return line.size > 0 && line.text[0] == '>';
}

static void lines_split(const char *text, struct lines *lines, struct kit_arena *arena)
{
	size_t room = 1;

	for (const char *c = text; *c != '\0' && room < LINES_MAX; c++)
		room += *c == '\n';
	lines->list = kit_arena_alloc(arena, room * sizeof *lines->list);
	while (*text != '\0' && lines->count < LINES_MAX) {
		size_t size = strcspn(text, "\n");
		size_t next = size + (text[size] == '\n' ? 1 : 0);

		if (lines->count + 1 == LINES_MAX)
			size = next = strlen(text); /* the rest is one line */
		while (size > 0 && (text[size - 1] == ' ' || text[size - 1] == '\t' ||
				    text[size - 1] == '\n'))
			size--;
		lines->list[lines->count++] = (struct line){ text, size };
		text += next;
	}
}

/* ---- subjects -------------------------------------------------------------- */

static bool subject_begins(const char *subject, const char *const *words)
{
	if (subject == NULL)
		return false;
	subject += strspn(subject, " \t[(");
	return begins_with_one((struct line){ subject, strlen(subject) }, words);
}

bool quote_is_forward(const char *subject)
{
	static const char *const words[] = { "fwd:", "fw:", "trs:", "terusan:", "pesan terusan",
					     "diteruskan:", "fwd :", "fw :", NULL };

	return subject_begins(subject, words);
}

bool quote_is_reply(const char *subject)
{
	static const char *const words[] = { "re:", "re :", "re[", "bls:", "balas:", "balasan:",
					     "aw:", NULL };

	return subject_begins(subject, words);
}

/* ---- where something begins --------------------------------------------------- */

/* ---- Words ----: the words, when the line begins with two dashes or more. */
static struct line ruled_words(struct line line)
{
	size_t dashes = 0;

	line = trimmed(line);
	while (line.size > 0 && strchr("-=_# ", line.text[0]) != NULL) {
		dashes += line.text[0] != ' ';
		line.text++;
		line.size--;
	}
	if (dashes < 2)
		line.size = 0;
	return line;
}

static bool is_forward_mark(struct line line)
{
	static const char *const ruled[] = { "forwarded message", "forwarded by", "pesan terusan",
		"pesan yang diteruskan", "pesan diteruskan", "diteruskan", "terusan pesan",
		"pesan yg diteruskan", NULL };
	static const char *const bare[] = { "begin forwarded message:", "mulai pesan terusan:",
		"mulai meneruskan pesan:", "awal pesan terusan:", "awal pesan yang diteruskan:",
		"mulai pesan yang diteruskan:", NULL };

	return begins_with_one(ruled_words(line), ruled) || begins_with_one(trimmed(line), bare);
}

static bool is_original_mark(struct line line)
{
	static const char *const words[] = { "original message", "pesan asli", "pesan awal",
		"original appointment", "janji temu asli", "reply message", "pesan balasan", NULL };

	return begins_with_one(ruled_words(line), words);
}

enum { FIELD_FROM = 1, FIELD_SENT = 2, FIELD_TO = 4, FIELD_SUBJECT = 8 };

/* Which line of a quoted mail's head this is: "From: ...", "*Dari:* ..."; 0: none. */
static unsigned head_field(struct line line)
{
	static const struct {
		const char *word;
		unsigned field;
	} words[] = { { "from", FIELD_FROM }, { "dari", FIELD_FROM }, { "sent", FIELD_SENT },
		{ "date", FIELD_SENT }, { "dikirim", FIELD_SENT }, { "terkirim", FIELD_SENT },
		{ "tanggal", FIELD_SENT }, { "waktu", FIELD_SENT }, { "to", FIELD_TO },
		{ "kepada", FIELD_TO }, { "ke", FIELD_TO }, { "untuk", FIELD_TO },
		{ "subject", FIELD_SUBJECT }, { "subjek", FIELD_SUBJECT },
		{ "perihal", FIELD_SUBJECT }, { "judul", FIELD_SUBJECT } };

	line = trimmed(line);
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		size_t size = strlen(words[i].word);

		if (!begins(line, words[i].word))
			continue;
		while (size < line.size && strchr(" *", line.text[size]) != NULL)
			size++;
		if (size < line.size && line.text[size] == ':')
			return words[i].field;
	}
	return 0;
}

/* The head that Outlook puts above the mail it answers: sender first, then at
 * least two of date, recipient, subject close by. A letter to an office may
 * begin with the same words: the sender must have an address, or the mail be a
 * reply. */
static bool is_head_block(const struct lines *lines, size_t at)
{
	unsigned fields = head_field(lines->list[at]);
	bool has_address = memchr(lines->list[at].text, '@', lines->list[at].size) != NULL;

	if (fields != FIELD_FROM || !(lines->is_reply || has_address))
		return false;
	for (size_t i = at + 1, seen = 0; i < lines->count && seen < 8; i++) {
		if (is_blank(lines->list[i]))
			continue;
		fields |= head_field(lines->list[i]);
		seen++;
	}
	return (fields & FIELD_SENT) != 0 && (fields & (FIELD_TO | FIELD_SUBJECT)) != 0;
}

/* A rule of underscores or dashes that belongs to what follows it. */
static bool is_rule(struct line line)
{
	size_t count = 0;

	for (size_t i = 0; i < line.size; i++) {
		if (strchr("_- \t", line.text[i]) == NULL)
			return false;
		count += line.text[i] == '_' || line.text[i] == '-';
	}
	return count >= 5;
}

static bool ends_with_verb(const char *text, size_t size)
{
	static const char *const verbs[] = { "wrote", "writes", "menulis", "menuliskan",
		"menyatakan", "schrieb", "escreveu", "scrisse", "ha scritto", NULL };

	while (size > 0 && strchr(" \t*_:", text[size - 1]) != NULL)
		size--;
	for (size_t i = 0; verbs[i] != NULL; i++) {
		size_t length = strlen(verbs[i]);

		if (size > length && strncasecmp(text + size - length, verbs[i], length) == 0 &&
		    !isalnum((unsigned char)text[size - length - 1]))
			return true;
	}
	return false;
}

/* "Pada Sen, 3 Nov 2025 pukul 10.15 Nama <a@b.test> menulis:", as one line. */
static bool is_attribution_text(const char *text, size_t size, bool is_reply)
{
	static const char *const openers[] = { "on ", "pada ", "am ", "em ", "il ", "le ", NULL };
	bool has_digit = false, has_address = memchr(text, '@', size) != NULL;
	struct line line = trimmed((struct line){ text, size });

	if (line.size < 8 || line.text[line.size - 1] != ':')
		return false;
	for (size_t i = 0; i < line.size; i++)
		has_digit = has_digit || isdigit((unsigned char)line.text[i]);
	/* 2025-11-03 10:15 GMT+07:00 Nama <a@b.test>: */
	if (isdigit((unsigned char)line.text[0]) && line.size > 2 &&
	    line.text[line.size - 2] == '>' && has_address)
		return true;
	if (!ends_with_verb(line.text, line.size))
		return false;
	if (begins_with_one(line, openers))
		return has_digit && (has_address || is_reply);
	return has_address;
}

/* Number of lines of the attribution that begins at `at`; 0: none does. Mail
 * programs wrap it, also within the address. */
static size_t attribution_lines(const struct lines *lines, size_t at)
{
	char joined[ATTRIBUTION_MAX_BYTES];
	size_t size = 0;

	for (size_t i = at; i < lines->count && i < at + ATTRIBUTION_LINES; i++) {
		struct line line = lines->list[i];

		if (is_blank(line) || is_quoted(line) || size + line.size + 2 > sizeof joined)
			return 0;
		if (size > 0)
			joined[size++] = ' ';
		memcpy(joined + size, line.text, line.size);
		size += line.size;
		if (is_attribution_text(joined, size, lines->is_reply))
			return i - at + 1;
	}
	return 0;
}

static bool is_device_signature(struct line line)
{
	static const char *const words[] = { "sent from my ", "sent from mail for ",
		"sent from outlook", "sent from yahoo", "sent from samsung", "sent from gmail",
		"sent from proton", "sent with proton", "sent from a ", "get outlook for ",
		"dikirim dari iphone", "dikirim dari ipad", "dikirim dari android",
		"dikirim dari ponsel", "dikirim dari hp ", "dikirim dari perangkat",
		"dikirim dari yahoo", "dikirim dari outlook", "dikirim dari mail untuk",
		"dikirim dari samsung", "dikirim dari galaxy", "dikirim dari gmail",
		"dikirim dari blackberry", "dikirim dari windows", "dikirim dari xiaomi",
		"dikirim dari surel", "terkirim dari ", "dapatkan outlook untuk ",
		"unduh outlook untuk ", "diposkan dari ponsel", "powered by telkomsel", NULL };

	line = trimmed(line);
	return line.size <= 120 && begins_with_one(line, words);
}

/* "-- " alone, with no more than a signature's worth of lines before the text
 * ends or a quotation begins. */
static bool is_signature_mark(const struct lines *lines, size_t at)
{
	struct line line = lines->list[at];

	if (line.size != 2 || memcmp(line.text, "--", 2) != 0)
		return false;
	for (size_t i = at + 1; i < lines->count; i++) {
		if (is_quoted(lines->list[i]) || attribution_lines(lines, i) > 0)
			return true;
		if (i - at > SIGNATURE_LINES)
			return false;
	}
	return true;
}

/* ---- the walk ------------------------------------------------------------------ */

static size_t skip_blank(const struct lines *lines, size_t at)
{
	while (at < lines->count && is_blank(lines->list[at]))
		at++;
	return at;
}

static size_t skip_quoted(const struct lines *lines, size_t at)
{
	size_t end = at;

	/* Blank lines between quoted ones belong to them. */
	while (at < lines->count && (is_quoted(lines->list[at]) || is_blank(lines->list[at]))) {
		at++;
		if (is_quoted(lines->list[at - 1]))
			end = at;
	}
	return end;
}

/* After the lines that announce a quotation: its end. */
static size_t quotation_end(const struct lines *lines, size_t at)
{
	size_t first = skip_blank(lines, at);

	if (first < lines->count && is_quoted(lines->list[first]))
		return skip_quoted(lines, first);
	return lines->count;
}

static size_t signature_end(const struct lines *lines, size_t at)
{
	while (at < lines->count && !is_quoted(lines->list[at]) &&
	       attribution_lines(lines, at) == 0)
		at++;
	return at;
}

/* Where the text goes on when something to cut begins at `at`; else `at`. */
static size_t cut_end(const struct lines *lines, size_t at)
{
	struct line line = lines->list[at];
	size_t count;

	if (is_blank(line))
		return at;
	if (lines->is_reply && is_quoted(line))
		return skip_quoted(lines, at);
	if (is_original_mark(line))
		return quotation_end(lines, at + 1);
	count = attribution_lines(lines, at);
	if (count > 0)
		return quotation_end(lines, at + count);
	if (is_rule(line)) {
		size_t next = skip_blank(lines, at + 1);

		if (next < lines->count && is_head_block(lines, next))
			return lines->count;
	}
	if (lines->is_reply && is_head_block(lines, at))
		return lines->count;
	if (is_device_signature(line))
		return at + 1;
	if (is_signature_mark(lines, at))
		return signature_end(lines, at + 1);
	return at;
}

static bool has_words(const char *text)
{
	for (; *text != '\0'; text++) {
		if (isalnum((unsigned char)*text) || (*text & 0x80) != 0)
			return true;
	}
	return false;
}

/* Lines of the visible part; blank ones are held back until something follows,
 * at most two in a row where a cut has brought them together. */
struct visible {
	struct kit_text *text;
	size_t blank;
	bool has_line, was_cut;
};

static void visible_add(struct visible *v, struct line line)
{
	if (is_blank(line)) {
		v->blank++;
		return;
	}
	if (v->was_cut && v->blank > 1)
		v->blank = 1;
	if (v->has_line)
		kit_text_add_string(v->text, "\n");
	for (; v->has_line && v->blank > 0; v->blank--)
		kit_text_add_string(v->text, "\n");
	v->blank = 0;
	v->was_cut = false;
	v->has_line = true;
	kit_text_add(v->text, line.text, line.size);
}

/* Returns whether anything was cut. */
static bool walk(const struct lines *lines, struct kit_text *out)
{
	struct visible visible = { .text = out };
	bool keep_all = lines->is_forward, has_cut = false;

	for (size_t at = 0; at < lines->count;) {
		keep_all = keep_all || is_forward_mark(lines->list[at]);
		size_t end = keep_all ? at : cut_end(lines, at);

		if (end > at) {
			visible.was_cut = has_cut = true;
			at = end;
		} else {
			visible_add(&visible, lines->list[at++]);
		}
	}
	return has_cut;
}

void quote_strip(const char *text, bool is_reply, bool is_forward, struct kit_text *out)
{
	struct kit_arena *arena = kit_arena_new();
	struct kit_text *visible = kit_text_new(strlen(text) + 1);
	struct lines lines = { .is_reply = is_reply, .is_forward = is_forward };

	lines_split(text, &lines, arena);
	if (walk(&lines, visible) && has_words(kit_text_string(visible)))
		kit_text_add_string(out, kit_text_string(visible));
	else
		kit_text_add_string(out, text);
	kit_text_free(visible);
	kit_arena_free(arena);
}
