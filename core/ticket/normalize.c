/* normalize.c: from a channel's message to a ticket. Order matters in one
 * place: what is somebody's own number is masked before a title is cut, or half
 * of one would stay. */
#include "ticket/normalize.h"

#include "base/text.h"
#include "ticket/personal.h"
#include "base/phone.h"
#include "ticket/when.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

#define GIVEN_TITLE_GRAPHEMES 250u
#define LINE_MAX_BYTES 1024u
#define DAY_MS INT64_C(86400000)

/* Move a string from the heap into the arena; "" becomes NULL. */
static const char *keep(struct arena *arena, char *heap)
{
	const char *kept = *heap != '\0' ? arena_strdup(arena, heap) : NULL;

	free(heap);
	return kept;
}

/* NFC without control characters; the caller frees. */
static char *clean(const char *text)
{
	CLEANUP(buf_done) struct buf b;
	size_t size = strlen(text);

	buf_init(&b, size * 3 + 1); /* a bad byte becomes U+FFFD, three bytes */
	text_clean(text, size, &b);
	return text_nfc(b.data != NULL ? b.data : "");
}

/* Visible ASCII with single blanks between: as it should be already. */
static bool is_plain_line(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		bool is_blank = text[i] == ' ' && i > 0 && text[i - 1] != ' ';
		if (!is_blank && (text[i] <= ' ' || text[i] > '~'))
			return false;
	}
	return size > 0 && text[size - 1] != ' ';
}

/* A field of one line: squeezed and trimmed; NULL when nothing is left. */
static const char *one_line(struct arena *arena, const char *text)
{
	CLEANUP(free_pointer) char *cleaned = NULL;
	char *line;
	size_t size = text != NULL ? strlen(text) : 0;

	if (size == 0)
		return NULL;
	if (size <= LINE_MAX_BYTES && is_plain_line(text, size))
		return arena_strdup(arena, text);
	cleaned = clean(text);
	line = text_squeeze(cleaned);
	text_trim(line);
	line[text_prefix_bytes(line, strlen(line), LINE_MAX_BYTES)] = '\0';
	return keep(arena, line);
}

/* ---- title -------------------------------------------------------------- */

/* Words after which a full stop ends nothing. */
static bool is_abbreviation(const char *sentence, const char *stop)
{
	static const char *const known[] = { "jl",  "jln", "no",  "yth", "kec", "kel", "kab",
					     "ds",  "dsn", "gg",  "bpk", "sdr", "dr",  "rt",
					     "rw",  "wr",  "prov", "tgl", "hp", "a.n", "u.p",
					     "telp", "ass", "st", "ir",  "drs", "h",   "hj",
					     "kp",  "kep", "adm", "ps" };
	const char *word = stop;

	while (word > sentence && word[-1] != ' ' && word[-1] != '\n' && word[-1] != '(')
		word--;
	for (size_t i = 0; i < COUNT_OF(known); i++) {
		if (strlen(known[i]) == (size_t)(stop - word) &&
		    strncasecmp(known[i], word, strlen(known[i])) == 0)
			return true;
	}
	return false;
}

/* The bytes of the first sentence: to its mark and a blank, or the line's end.
 * A line that goes on with a small letter was only wrapped. */
static size_t sentence_size(const char *text)
{
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '\n' && (p[1] < 'a' || p[1] > 'z'))
			return (size_t)(p - text);
		if (strchr(".!?", *p) != NULL && (p[1] == ' ' || p[1] == '\n' || p[1] == '\0') &&
		    !(*p == '.' && is_abbreviation(text, p)))
			return (size_t)(p - text) + 1;
	}
	return strlen(text);
}

/* Greetings and addresses make every title the same. */
static bool is_greeting(const char *sentence, size_t size)
{
	static const char *const openings[] = {
		"assalam", "ass.", "ass wr", "salam", "selamat pagi", "selamat siang",
		"selamat sore", "selamat malam", "yth", "yang terhormat", "kepada", "kpd",
		"bapak/ibu", "[laporan", "dear", "halo", "hallo", "hai", "pagi", "siang", "sore",
		"malam", "permisi", "dengan hormat", "mohon maaf sebelumnya", "min,",
	};
	size_t words = 1;

	for (size_t i = 0; i < size; i++)
		words += sentence[i] == ' ';
	for (size_t i = 0; words <= 9 && i < COUNT_OF(openings); i++) {
		if (strncasecmp(sentence, openings[i], strlen(openings[i])) == 0)
			return true;
	}
	return false;
}

/* Cut to so many graphemes at the end of a word; says so with an ellipsis. */
static char *cut_title(struct arena *arena, const char *line, size_t graphemes)
{
	size_t size = strlen(line), cut = text_prefix_graphemes(line, graphemes);
	size_t word;

	if (cut == size)
		return arena_strdup(arena, line);
	cut = text_prefix_graphemes(line, graphemes - 1);
	for (word = cut; word > 0 && line[word] != ' ';)
		word--;
	if (word > cut / 2) /* else one endless word: cut inside it */
		cut = word;
	while (cut > 0 && strchr(" ,;:-", line[cut - 1]) != NULL)
		cut--;
	return arena_printf(arena, "%.*s\xe2\x80\xa6", (int)cut, line);
}

static const char *make_title(struct arena *arena, const char *text, size_t size, size_t graphemes)
{
	CLEANUP(free_pointer) char *piece = xstrndup(text, size);
	CLEANUP(free_pointer) char *line = text_squeeze(piece);

	text_trim(line);
	(void)personal_mask(line, PERSONAL_ALL);
	char *title = cut_title(arena, line, graphemes);
	/* The cut may have made one out of a longer number. */
	(void)personal_mask(title, PERSONAL_ALL);
	return title;
}

/* The first sentence that says something; the very first when none does. */
static const char *derive_title(struct arena *arena, const char *text)
{
	const char *start = text;
	size_t size = sentence_size(start);

	while (start[size] != '\0' && (size == 0 || is_greeting(start, size))) {
		start += size;
		start += strspn(start, " \n");
		size = sentence_size(start);
	}
	if (size == 0) {
		start = text;
		size = sentence_size(start);
	}
	/* A full stop has no place at the end of a title. */
	if (size > 1 && start[size - 1] == '.')
		size--;
	return make_title(arena, start, size, NORMALIZE_TITLE_GRAPHEMES);
}

/* A subject without the marks that mail programs put before it. */
static const char *strip_reply_marks(const char *subject)
{
	static const char *const marks[] = { "re:", "fw:", "fwd:", "bls:", "trs:", "balas:" };
	bool found = true;

	while (found) {
		found = false;
		subject += strspn(subject, " ");
		for (size_t i = 0; i < COUNT_OF(marks) && !found; i++) {
			found = strncasecmp(subject, marks[i], strlen(marks[i])) == 0;
			if (found)
				subject += strlen(marks[i]);
		}
	}
	return subject;
}

/* ---- texts -------------------------------------------------------------- */

/* What stands where nothing was written; the centre's officer looks for the files. */
static const char *without_words(const struct msg_message *m)
{
	size_t missing = 0;

	for (size_t i = 0; i < m->file_count; i++)
		missing += m->files[i].missing != NULL;
	return missing < m->file_count ? "(tanpa teks, lihat lampiran)" :
					 "(tanpa teks; lampirannya tidak dapat diambil)";
}

static enum jembatan_result put_texts(const struct msg_message *m, struct arena *arena,
				      struct ticket *out, struct why *why)
{
	const struct jembatan_message *message = &m->message;
	const char *full = message->full_text != NULL ? message->full_text : message->text;
	const char *subject = one_line(arena, message->subject);
	char *text = clean(message->text != NULL ? message->text : "");

	if (subject != NULL)
		subject = strip_reply_marks(subject);
	text_trim(text);
	out->content_edited = keep(arena, text);
	out->content_original = keep(arena, clean(full != NULL ? full : ""));
	if (out->content_original == NULL)
		out->content_original = "";
	out->title_derived = subject == NULL || *subject == '\0';
	if (!out->title_derived)
		out->title = make_title(arena, subject, strlen(subject), GIVEN_TITLE_GRAPHEMES);
	else if (out->content_edited != NULL)
		out->title = derive_title(arena, out->content_edited);
	else if (m->file_count > 0)
		out->title = "Laporan berupa lampiran";
	else
		return why_set(why, JEMBATAN_DATA,
			       "nothing to report: no text, no subject, no attachment");
	if (out->content_edited == NULL)
		out->content_edited = subject != NULL && *subject != '\0' ?
			subject : without_words(m);
	return JEMBATAN_OK;
}

/* ---- the rest ----------------------------------------------------------- */

static void put_reporter(const struct jembatan_author *author, struct arena *arena,
			 struct ticket *out)
{
	const char *phone = one_line(arena, author->phone);
	const char *mail = one_line(arena, author->mail);
	char number[PHONE_SIZE];

	out->reporter.name = one_line(arena, author->name);
	if (mail != NULL && ticket_is_mail(mail))
		out->reporter.mail = mail;
	if (phone != NULL && phone_normalize(phone, number))
		out->reporter.phone = arena_strdup(arena, number);
	else
		out->reporter.phone_raw = phone;
}

/* A sender's clock may say anything: 1970, or next year. */
static bool is_credible(int64_t ms, int64_t received_ms)
{
	return ms > INT64_C(946684800000) && ms <= received_ms + DAY_MS;
}

static void put_times(const struct jembatan_message *message,
		      const struct normalize_options *options, struct ticket *out)
{
	bool sent_known = is_credible(message->sent_ms, options->received_ms);
	int64_t sent_ms = sent_known ? message->sent_ms : options->received_ms;

	out->received_ms = options->received_ms;
	out->sent_ms = sent_known ? message->sent_ms : 0;
	out->zone_minutes = options->zone_minutes;
	if (message->incident_date != NULL &&
	    when_parse(message->incident_date, sent_ms, options->zone_minutes, &out->incident_ms,
		       NULL) &&
	    out->incident_ms <= options->received_ms + DAY_MS)
		return;
	out->incident_ms = sent_ms;
	out->incident_derived = true;
}

static void put_place(const struct jembatan_message *message, struct arena *arena,
		      struct ticket *out)
{
	const struct jembatan_place *from = &message->place;
	struct ticket_place *to = &out->place;

	to->province = one_line(arena, from->province);
	to->regency = one_line(arena, from->regency);
	to->district = one_line(arena, from->district);
	to->village = one_line(arena, from->village);
	to->address = one_line(arena, from->address);
	to->code = one_line(arena, from->code);
	to->code_system = to->code != NULL ? one_line(arena, from->code_system) : NULL;
	/* 0, 0 lies in the sea off Africa: a form that was left empty. */
	to->has_position = (message->flags & JEMBATAN_HAS_POSITION) != 0 &&
			   fabs(from->latitude) <= 90 && fabs(from->longitude) <= 180 &&
			   (fabs(from->latitude) > 0 || fabs(from->longitude) > 0);
	if (to->has_position) {
		to->latitude = from->latitude;
		to->longitude = from->longitude;
	}
}

/* Exports with shifted columns hold dates and numbers there: those are none. */
static const char *category_of(const char *given, const struct normalize_options *options,
			       struct arena *arena)
{
	const char *category = one_line(arena, given);
	int64_t ms = 0;

	if (category == NULL || strspn(category, "0123456789 .,:/+-") == strlen(category) ||
	    when_parse(category, options->received_ms, options->zone_minutes, &ms, NULL))
		return NULL;
	return category;
}

static void put_attachments(const struct msg_message *m, struct arena *arena, struct ticket *out)
{
	struct ticket_attachment *list = arena_alloc(arena, (m->file_count + 1) * sizeof(*list));

	for (size_t i = 0; i < m->file_count; i++) {
		list[i].name = one_line(arena, m->files[i].name);
		list[i].media_type = one_line(arena, m->files[i].media_type);
		list[i].size_bytes = m->files[i].size <= INT64_MAX ? (int64_t)m->files[i].size : 0;
		list[i].missing = one_line(arena, m->files[i].missing);
	}
	out->attachments = list;
	out->attachment_count = m->file_count;
}

enum jembatan_result normalize_message(const struct msg_message *m,
				       const struct normalize_options *options, struct arena *arena,
				       struct ticket *out, struct why *why)
{
	const struct jembatan_message *message = &m->message;
	struct ticket t = {
		.reference = options->reference,
		.instance = options->instance,
		.channel = options->channel != NULL ? options->channel : options->source_system,
		.source_system = options->source_system,
		.status = "received",
		.from_centre = (message->flags & JEMBATAN_FROM_CENTRE) != 0,
		.anonymous = (message->flags & JEMBATAN_ANONYMOUS) != 0,
		.secret = (message->flags & JEMBATAN_SECRET_REPORT) != 0,
	};
	enum jembatan_result result = put_texts(m, arena, &t, why);

	if (result != JEMBATAN_OK)
		return result;
	t.source_id = one_line(arena, message->id);
	t.source_status = one_line(arena, message->status);
	t.tracking_id = one_line(arena, message->tracking_id);
	t.category = category_of(message->category, options, arena);
	put_reporter(&message->author, arena, &t);
	put_times(message, options, &t);
	put_place(message, arena, &t);
	put_attachments(m, arena, &t);
	*out = t;
	return JEMBATAN_OK;
}
