/* form.c: each key of the format once: its kind, its ceiling, where it goes. A
 * key that is not known is refused: a misspelt one must not be lost quietly. */
#include "intake/form.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/jx.h"
#include "base/text.h"
#include "config/date.h"
#include "base/poison.h"

#define EXTRA_MAX (64u * 1024u)
#define KEY_SHOWN_MAX 40u

enum kind { TEXT, FLAG, TIME, POSITION, OBJECT, FILES, DATA };

struct key {
	const char *name;
	enum kind kind;
	size_t offset; /* TEXT, TIME, POSITION: in what is read: message or file */
	size_t max;    /* TEXT: bytes; FLAG: the flag */
};

#define AT(member) offsetof(struct jembatan_message, member)

static const struct key top_keys[] = {
	{ "id", TEXT, AT(id), 255 },
	{ "thread", TEXT, AT(thread), 255 },
	{ "subject", TEXT, AT(subject), 1024 },
	{ "text", TEXT, AT(text), MSG_TEXT_MAX },
	{ "sent", TIME, AT(sent_ms), 0 },
	{ "incident_date", TEXT, AT(incident_date), 64 },
	{ "category", TEXT, AT(category), 255 },
	{ "anonymous", FLAG, 0, JEMBATAN_ANONYMOUS },
	{ "secret", FLAG, 0, JEMBATAN_SECRET_REPORT },
	{ "author", OBJECT, 0, 0 },
	{ "place", OBJECT, 0, 0 },
	{ "extra", OBJECT, 0, 0 },
	{ "attachments", FILES, 0, 0 },
	{ NULL, TEXT, 0, 0 }
};

static const struct key author_keys[] = {
	{ "id", TEXT, AT(author.id), 255 },
	{ "name", TEXT, AT(author.name), 255 },
	{ "phone", TEXT, AT(author.phone), 64 },
	{ "mail", TEXT, AT(author.mail), 255 },
	{ "handle", TEXT, AT(author.handle), 255 },
	{ "identity_number", TEXT, AT(author.identity_number), 32 },
	{ NULL, TEXT, 0, 0 }
};

static const struct key place_keys[] = {
	{ "province", TEXT, AT(place.province), 255 },
	{ "regency", TEXT, AT(place.regency), 255 },
	{ "district", TEXT, AT(place.district), 255 },
	{ "village", TEXT, AT(place.village), 255 },
	{ "address", TEXT, AT(place.address), 1024 },
	{ "code", TEXT, AT(place.code), 32 },
	{ "code_system", TEXT, AT(place.code_system), 16 },
	{ "latitude", POSITION, AT(place.latitude), 90 },
	{ "longitude", POSITION, AT(place.longitude), 180 },
	{ NULL, TEXT, 0, 0 }
};

static const struct key file_keys[] = {
	{ "name", TEXT, offsetof(struct msg_file, name), 255 },
	{ "type", TEXT, offsetof(struct msg_file, media_type), 127 },
	{ "data", DATA, 0, 0 },
	{ NULL, TEXT, 0, 0 }
};

struct reading {
	struct arena *arena;
	int zone_minutes;
	struct jembatan_message *message;
	void *into; /* what a key's offset counts from */
	struct jembatan_bytes *content; /* of the file that is read */
	struct msg_file *files;
	struct jembatan_bytes *contents;
	size_t file_count;
	struct form_problem *problem;
};

static bool complain(struct reading *r, const char *where, const char *name, const char *in_id,
		     const char *in_en)
{
	char key[160];
	CLEANUP(free_pointer) char *shown = text_printable(name, KEY_SHOWN_MAX);
	snprintf(key, sizeof(key), "%s%s", where, shown);
	snprintf(r->problem->text_id, sizeof(r->problem->text_id), "\"%s\" %s.", key, in_id);
	snprintf(r->problem->text_en, sizeof(r->problem->text_en), "\"%s\" %s.", key, in_en);
	str_mend(r->problem->text_id);
	str_mend(r->problem->text_en);
	return false;
}

static bool complain_size(struct reading *r, const char *where, const char *name, size_t size,
			  size_t max)
{
	char in_id[80], in_en[80];
	snprintf(in_id, sizeof(in_id), "terlalu panjang: %zu byte, paling banyak %zu", size, max);
	snprintf(in_en, sizeof(in_en), "is too long: %zu bytes, at most %zu", size, max);
	return complain(r, where, name, in_id, in_en);
}

static bool complain_count(struct reading *r, const char *name, size_t count)
{
	char in_id[80], in_en[80];
	snprintf(in_id, sizeof(in_id), "terlalu banyak: %zu, paling banyak %u", count, FORM_FILES_MAX);
	snprintf(in_en, sizeof(in_en), "are too many: %zu, at most %u", count, FORM_FILES_MAX);
	return complain(r, "", name, in_id, in_en);
}

static void *at(struct reading *r, const struct key *k)
{
	return (char *)r->into + k->offset;
}

static bool read_text(struct reading *r, const char *where, const struct key *k, json_t *value)
{
	size_t size = json_string_length(value);
	if (!json_is_string(value))
		return complain(r, where, k->name, "harus berupa teks", "must be a text");
	if (size > k->max)
		return complain_size(r, where, k->name, size, k->max);
	CLEANUP(buf_done) struct buf clean;
	buf_init(&clean, 4 * size + 16);
	text_clean(json_string_value(value), size, &clean);
	if (clean.size == 0)
		return true; /* as if it were not there */
	*(const char **)at(r, k) = arena_strndup(r->arena, clean.data, clean.size);
	return true;
}

static bool read_time(struct reading *r, const char *where, const struct key *k, json_t *value)
{
	const char *text = json_string_value(value);
	bool has_time = false;
	if (text == NULL || !date_parse(text, r->zone_minutes, at(r, k), &has_time) || !has_time)
		return complain(r, where, k->name, "harus seperti 2026-01-31T08:00:00+07:00",
				"must be as 2026-01-31T08:00:00+07:00");
	return true;
}

static bool read_position(struct reading *r, const char *where, const struct key *k, json_t *value)
{
	double number = json_number_value(value);
	if (!json_is_number(value) || !isfinite(number) || fabs(number) > (double)k->max)
		return complain(r, where, k->name, k->max == 90 ?
				"harus berupa derajat, -90 sampai 90" :
				"harus berupa derajat, -180 sampai 180", k->max == 90 ?
				"must be degrees, -90 to 90" : "must be degrees, -180 to 180");
	*(double *)at(r, k) = number;
	return true;
}

static bool read_object(struct reading *r, const char *where, const struct key *keys, json_t *object);

static bool read_extra(struct reading *r, json_t *value)
{
	CLEANUP(free_pointer) char *text = jx_dump(value);
	size_t size = text != NULL ? strlen(text) : 0;
	if (text == NULL || size > EXTRA_MAX)
		return complain_size(r, "", "extra", size, EXTRA_MAX);
	r->message->extra = arena_strdup(r->arena, text);
	return true;
}

static bool read_part(struct reading *r, const struct key *k, json_t *value)
{
	if (!json_is_object(value))
		return complain(r, "", k->name, "harus berupa objek", "must be an object");
	if (strcmp(k->name, "author") == 0)
		return read_object(r, "author.", author_keys, value);
	if (strcmp(k->name, "place") == 0)
		return read_object(r, "place.", place_keys, value);
	return read_extra(r, value);
}

static bool read_data(struct reading *r, const char *where, const struct key *k, json_t *value)
{
	CLEANUP(buf_done) struct buf plain;
	buf_init(&plain, json_string_length(value) + 1);
	if (!json_is_string(value) ||
	    base64_decode(json_string_value(value), json_string_length(value), &plain) !=
		    JEMBATAN_OK)
		return complain(r, where, k->name, "harus berupa base64", "must be base64");
	*r->content = bytes_of(arena_memdup(r->arena, plain.data, plain.size), plain.size);
	return true;
}

/* "image/jpeg"; it becomes a header of the request to the centre. */
static bool is_media_type(const char *text)
{
	static const char token[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "!#$&^_.+-";
	size_t first = strspn(text, token);
	if (first == 0 || text[first] != '/')
		return false;
	size_t second = strspn(text + first + 1, token);
	return second > 0 && text[first + 1 + second] == '\0';
}

static bool read_file(struct reading *r, size_t number, json_t *value)
{
	char where[40];
	struct msg_file file = { 0 };
	struct jembatan_bytes content = { NULL, 0 };
	snprintf(where, sizeof(where), "attachments[%zu].", number);
	if (!json_is_object(value))
		return complain(r, "", "attachments", "harus berisi objek", "must hold objects");
	r->into = &file;
	r->content = &content;
	if (!read_object(r, where, file_keys, value))
		return false;
	if (file.media_type != NULL && !is_media_type(file.media_type))
		return complain(r, where, "type", "harus seperti image/jpeg", "must be as image/jpeg");
	if (content.size == 0)
		return complain(r, where, "data", "tidak ada atau kosong", "is missing or empty");
	file.size = content.size;
	r->files[number] = file;
	r->contents[number] = content;
	return true;
}

static bool read_files(struct reading *r, const struct key *k, json_t *value)
{
	size_t count = json_array_size(value), i;
	json_t *file;
	if (!json_is_array(value))
		return complain(r, "", k->name, "harus berupa larik", "must be an array");
	if (count > FORM_FILES_MAX)
		return complain_count(r, k->name, count);
	r->files = arena_alloc(r->arena, count * sizeof(*r->files) + 1);
	r->contents = arena_alloc(r->arena, count * sizeof(*r->contents) + 1);
	r->file_count = count;
	json_array_foreach(value, i, file)
		if (!read_file(r, i, file))
			return false;
	r->into = r->message;
	return true;
}

static bool read_flag(struct reading *r, const char *where, const struct key *k, json_t *value)
{
	if (!json_is_boolean(value))
		return complain(r, where, k->name, "harus true atau false", "must be true or false");
	if (json_is_true(value))
		r->message->flags |= (unsigned)k->max;
	return true;
}

static bool read_value(struct reading *r, const char *where, const struct key *k, json_t *value)
{
	switch (k->kind) {
	case TEXT:
		return read_text(r, where, k, value);
	case FLAG:
		return read_flag(r, where, k, value);
	case TIME:
		return read_time(r, where, k, value);
	case POSITION:
		return read_position(r, where, k, value);
	case OBJECT:
		return read_part(r, k, value);
	case FILES:
		return read_files(r, k, value);
	case DATA:
		return read_data(r, where, k, value);
	}
	return false;
}

static bool read_object(struct reading *r, const char *where, const struct key *keys, json_t *object)
{
	const char *name;
	json_t *value;
	json_object_foreach(object, name, value) {
		const struct key *k = keys;
		while (k->name != NULL && strcmp(k->name, name) != 0)
			k++;
		if (k->name == NULL)
			return complain(r, where, name, "tidak dikenal", "is not known");
		if (!json_is_null(value) && !read_value(r, where, k, value))
			return false;
	}
	return true;
}

static bool check_place(struct reading *r, json_t *place)
{
	struct jembatan_message *m = r->message;
	bool latitude = json_is_number(json_object_get(place, "latitude"));
	bool longitude = json_is_number(json_object_get(place, "longitude"));
	if (latitude != longitude)
		return complain(r, "place.", latitude ? "longitude" : "latitude", "tidak ada",
				"is missing");
	if (latitude)
		m->flags |= JEMBATAN_HAS_POSITION;
	if (m->place.code_system != NULL && !str_equal(m->place.code_system, "kemendagri") &&
	    !str_equal(m->place.code_system, "bps"))
		return complain(r, "place.", "code_system", "harus kemendagri atau bps",
				"must be kemendagri or bps");
	if ((m->place.code == NULL) != (m->place.code_system == NULL))
		return complain(r, "place.", m->place.code == NULL ? "code" : "code_system", "tidak ada",
				"is missing");
	return true;
}

static bool is_blank(const char *text)
{
	CLEANUP(free_pointer) char *copy = xstrdup(text);
	if (copy == NULL)
		return true;
	text_trim(copy);
	return *copy == '\0';
}

/* ---- what is no object ---- */

static const struct {
	enum json_error_code code;
	const char *text_id, *text_en;
} mistakes[] = {
	{ json_error_premature_end_of_input, "berakhir terlalu awal", "it ends too early" },
	{ json_error_invalid_utf8, "bukan UTF-8", "it is not UTF-8" },
	{ json_error_duplicate_key, "satu kunci ada dua kali dalam satu objek",
	  "a key stands twice in one object" },
	{ json_error_stack_overflow, "terlalu dalam bersarang", "it is nested too deeply" },
	{ json_error_numeric_overflow, "ada bilangan yang terlalu besar", "a number is too large" },
	{ json_error_null_character, "ada teks yang berisi NUL", "a text holds a NUL" },
	{ json_error_null_byte_in_key, "ada kunci yang berisi NUL", "a key holds a NUL" },
	{ json_error_end_of_input_expected, "ada sesuatu setelah objek itu",
	  "something follows the object" },
	{ json_error_invalid_syntax, "penulisannya salah", "its syntax is wrong" },
};

/* jansson's own sentence would quote what stands there. */
static void name_mistake(const struct jx_mistake *m, struct form_problem *out)
{
	size_t n = 0;
	while (n + 1 < COUNT_OF(mistakes) && mistakes[n].code != m->code)
		n++;
	snprintf(out->text_id, sizeof(out->text_id),
		 "Isi harus satu objek JSON, dan ini bukan JSON: %s, baris %d kolom %d (byte %d).",
		 mistakes[n].text_id, m->line, m->column, m->byte);
	snprintf(out->text_en, sizeof(out->text_en),
		 "The body must be one JSON object, and this is no JSON: %s, line %d column %d "
		 "(byte %d).", mistakes[n].text_en, m->line, m->column, m->byte);
}

static void name_kind(const json_t *root, struct form_problem *out)
{
	bool is_array = json_is_array(root), is_text = json_is_string(root);
	snprintf(out->text_id, sizeof(out->text_id), "Isi harus satu objek JSON, bukan %s.",
		 is_array ? "larik" : is_text ? "teks" : "nilai tunggal");
	snprintf(out->text_en, sizeof(out->text_en), "The body must be one JSON object, not %s.",
		 is_array ? "an array" : is_text ? "a text" : "a single value");
}

static bool read_root(struct jembatan_bytes body, json_t **out, struct form_problem *out_problem)
{
	struct jx_mistake mistake;
	if (jx_parse_at(body, out, &mistake) != JEMBATAN_OK)
		name_mistake(&mistake, out_problem);
	else if (!json_is_object(*out))
		name_kind(*out, out_problem);
	else
		return true;
	return false;
}

bool form_read(struct jembatan_bytes body, int zone_minutes, struct arena *arena,
	       struct form *out, struct form_problem *out_problem)
{
	CLEANUP(jx_decref) json_t *root = NULL;
	struct form form = { .message.message.size = sizeof(struct jembatan_message) };
	struct jembatan_message *m = &form.message.message;
	struct reading r = { .arena = arena, .zone_minutes = zone_minutes, .message = m, .into = m,
			     .problem = out_problem };
	*out_problem = (struct form_problem){ "", "" };
	if (!read_root(body, &root, out_problem))
		return false;
	if (!read_object(&r, "", top_keys, root) ||
	    !check_place(&r, json_object_get(root, "place")))
		return false;
	if (is_blank(m->text))
		return complain(&r, "", "text", "tidak ada atau kosong", "is missing or empty");
	m->raw_type = "application/json";
	form.message.files = r.files;
	form.message.file_count = r.file_count;
	form.contents = r.contents;
	*out = form;
	return true;
}
