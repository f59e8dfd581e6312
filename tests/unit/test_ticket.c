/* test_ticket.c: a ticket's JSON, the check against the schema, the reference
 * and the keys that tell the same from the changed. */
#include "ticket/ticket.h"
#include "ticket/ticket_pack.h"
#include "ticket/ticket_schema_inside.h"

#include "base/file.h"

#include <string.h>

#include "unit.h"

static struct arena *arena;
static struct why why;

static void setup(void)
{
	arena = arena_new();
	why = (struct why){ 0 };
}

static void teardown(void)
{
	arena_free(arena);
}

/* ---- JSON ---------------------------------------------------------------- */

static const struct {
	const char *json, *says;
} no_tickets[] = {
	{ "[]", "a ticket must be a JSON object" },
	{ "{\"title\": 1}", "/title: must be text" },
	{ "{\"reporter\": {\"phone\": []}}", "/reporter/phone: must be text" },
	{ "{\"anonymous\": 1}", "/anonymous: must be true or false" },
	{ "{\"incident\": {\"at\": \"2026-01-03\"}}", "/incident/at: must be a time with its zone" },
	{ "{\"received_at\": \"2026-01-03T08:00:00\"}",
	  "/received_at: must be a time with its zone" },
	{ "{\"place\": {\"latitude\": 1}}", "/place: latitude and longitude must be numbers" },
	{ "{\"attachments\": {}}", "/attachments: must be a list of at most 4096" },
};

START_TEST(json_of_something_else_is_no_ticket)
{
	struct ticket t;
	ck_assert_int_eq(ticket_from_json(bytes_text(no_tickets[_i].json), arena, &t, &why),
			 JEMBATAN_DATA);
	ck_assert_str_eq(why.text, no_tickets[_i].says);
}
END_TEST

/* ---- packed -------------------------------------------------------------- */

/* Each field of a ticket, as its JSON has it. */
static const char full_ticket[] =
	"{\"reporter\":{\"name\":\"n\",\"mail\":\"m\",\"phone\":\"p\",\"phone_raw\":\"r\"},"
	"\"reference\":\"JB-7K3M9Q\",\"instance\":\"i\",\"channel\":\"c\","
	"\"source\":{\"system\":\"s\",\"id\":\"1\",\"status\":\"baru\"},"
	"\"tracking_id\":\"1234567\",\"status\":\"received\",\"title\":\"j\","
	"\"title_original\":\"jo\",\"content_original\":\"\",\"content_edited\":\"isi\","
	"\"classification\":\"Aspirasi\",\"category\":\"k\",\"place\":{\"province\":\"pr\","
	"\"regency\":\"re\",\"district\":\"di\",\"village\":\"vi\",\"address\":\"ad\","
	"\"code\":\"31\",\"code_system\":\"bps\",\"latitude\":-6.5,\"longitude\":0.0},"
	"\"from_centre\":true,\"anonymous\":true,\"secret\":true,\"title_derived\":true,"
	"\"incident\":{\"derived\":true,\"at\":\"2026-01-03T00:00:00-03:30\"},"
	"\"received_at\":\"2026-01-03T00:00:01-03:30\","
	"\"sent_at\":\"2026-01-03T00:00:02-03:30\",\"attachments\":[{\"name\":\"a.jpg\","
	"\"media_type\":\"image/jpeg\",\"size_bytes\":5,\"missing\":\"weg\"},{}]}";

static void ck_packed_is_same(const char *json)
{
	CLEANUP(buf_done) struct buf packed;
	struct ticket t, again;

	buf_init(&packed, TICKET_JSON_MAX);
	ck_assert_int_eq(ticket_from_json(bytes_text(json), arena, &t, &why), JEMBATAN_OK);
	ticket_pack(&t, &packed);
	ck_assert(ticket_is_packed(buf_bytes(&packed)));
	ck_assert_int_eq(ticket_unpack(buf_bytes(&packed), arena, &again, &why), JEMBATAN_OK);
	CLEANUP(free_pointer) char *before = ticket_to_json(&t);
	CLEANUP(free_pointer) char *after = ticket_to_json(&again);
	ck_assert_str_eq(after, before);
	/* Cut anywhere: never a crash, and never more than what is there. */
	for (size_t n = 1; n < packed.size; n++)
		(void)!ticket_unpack(bytes_of(packed.data, n), arena, &again, &why);
	ck_assert_int_eq(ticket_unpack(bytes_of(packed.data, packed.size - 1), arena, &again, &why),
			 JEMBATAN_DATA);
}

START_TEST(a_ticket_packed_and_back_is_the_same)
{
	struct ticket t;

	ck_assert_int_eq(ticket_from_json(bytes_text(full_ticket), arena, &t, &why), JEMBATAN_OK);
	CLEANUP(free_pointer) char *json = ticket_to_json(&t);
	ck_assert_str_eq(json, full_ticket); /* so nothing is left out of what follows */
	ck_packed_is_same(full_ticket);
	ck_packed_is_same("{\"reference\":\"JB-7K3M9Q\"}");
}
END_TEST

START_TEST(a_ticket_kept_as_json_is_read_too)
{
	struct ticket t;

	ck_assert_int_eq(ticket_unpack(bytes_text(full_ticket), arena, &t, &why), JEMBATAN_OK);
	ck_assert_str_eq(t.place.code, "31");
	ck_assert_int_eq(ticket_unpack(bytes_text("Jalan rusak"), arena, &t, &why), JEMBATAN_DATA);
}
END_TEST

/* ---- schema -------------------------------------------------------------- */

static const char good_ticket[] =
	"{\"reference\": \"JB-7K3M9Q\", \"instance\": \"surat\", \"channel\": \"email\","
	" \"source\": {\"system\": \"email\"}, \"from_centre\": false, \"status\": \"received\","
	" \"reporter\": {}, \"anonymous\": false, \"secret\": false, \"title\": \"judul\","
	" \"title_derived\": false, \"content_original\": \"\", \"content_edited\": \"isi\","
	" \"incident\": {\"at\": \"2026-01-03T00:00:00+07:00\", \"derived\": true},"
	" \"received_at\": \"2026-01-03T00:00:00+07:00\", \"attachments\": []}";

/* What the quick look lets through, the full check lets through. */
static void ck_agree(const struct ticket_schema *s, const struct ticket *t)
{
	CLEANUP(free_pointer) char *json = ticket_to_json(t);
	struct why full = { "" };
	enum jembatan_result r = ticket_validate(s, bytes_text(json), &full);

	ck_assert(!ticket_fits(s, t) || r == JEMBATAN_OK);
	ck_assert_int_eq(ticket_check(t, s, &why), r);
	if (r != JEMBATAN_OK)
		ck_assert_str_eq(why.text, full.text);
}

START_TEST(a_quick_look_never_lets_through_what_does_not_fit)
{
	static const char *const values[] = {
		NULL, "", "x", "0812", "+6281200000017", "a@b.id", "JB-7K3M9Q", "1234567",
		"12345", "Aspirasi", "received", "bps",
	};
	static const double degrees[] = { -181, -91, -90, 0, 90, 91, 180, 181 };
	struct ticket_schema *s = NULL;
	struct ticket good, t;
	char *wide = arena_alloc(arena, 262146);

	memset(wide, 'x', 262145);
	ck_assert_int_eq(ticket_schema_load(TEST_SCHEMA, &s, &why), JEMBATAN_OK);
	ck_assert_int_eq(ticket_from_json(bytes_text(good_ticket), arena, &good, &why),
			 JEMBATAN_OK);
	ck_assert(ticket_fits(s, &good)); /* else nothing is tested below */
	for (size_t i = 0; i < ticket_texts_count; i++) {
		for (size_t v = 0; v < COUNT_OF(values) + 4; v++) {
			static const size_t sizes[] = { 33, 65, 1025, 262145 };
			const char *value = v < COUNT_OF(values) ? values[v] :
				wide + 262145 - sizes[v - COUNT_OF(values)];
			t = good;
			memcpy((char *)&t + ticket_texts[i].offset, &value, sizeof(value));
			ck_agree(s, &t);
		}
	}
	for (size_t i = 0; i < ticket_times_count; i++) {
		const int64_t at = 0;
		t = good;
		memcpy((char *)&t + ticket_times[i].offset, &at, sizeof(at));
		ck_agree(s, &t);
	}
	for (size_t i = 0; i < COUNT_OF(degrees) * COUNT_OF(degrees); i++) {
		t = good;
		t.place.has_position = true;
		t.place.latitude = degrees[i % COUNT_OF(degrees)];
		t.place.longitude = degrees[i / COUNT_OF(degrees)];
		ck_agree(s, &t);
	}
	t = good;
	t.attachments = &(struct ticket_attachment){ .size_bytes = -1 };
	t.attachment_count = 1;
	ck_agree(s, &t);
	ticket_schema_free(s);
}
END_TEST

/* What no table knows is left to the full check. */
static const struct {
	const char *old, *new;
} other_schemas[] = {
	{ "\"required\": [\"reference\",", "\"required\": [\"place\", \"reference\"," },
	{ "\"required\": [\"reference\",", "\"required\": [\"other\", \"reference\"," },
	{ "\"title_derived\": { \"type\": \"boolean\" },", "" },
	{ "\"received_at\": { \"type\": \"string\",", "\"received_at\": { \"minLength\": 30, \"type\": \"string\"," },
};

START_TEST(a_schema_that_asks_for_more_is_not_looked_at_quickly)
{
	CLEANUP(buf_done) struct buf text;
	struct ticket_schema *s = NULL;
	struct ticket t;

	buf_init(&text, 1024 * 1024);
	ck_assert_int_eq(file_read(TEST_SCHEMA, &text, &why), JEMBATAN_OK);
	const char *at = strstr(text.data, other_schemas[_i].old);
	ck_assert_ptr_nonnull(at);
	const char *json = arena_printf(arena, "%.*s%s%s", (int)(at - text.data), text.data,
					other_schemas[_i].new, at + strlen(other_schemas[_i].old));
	ck_assert_int_eq(ticket_schema_compile(bytes_text(json), &s, &why), JEMBATAN_OK);
	ck_assert_int_eq(ticket_from_json(bytes_text(good_ticket), arena, &t, &why), JEMBATAN_OK);
	ck_assert(!ticket_fits(s, &t));
	ck_agree(s, &t);
	ticket_schema_free(s);
}
END_TEST

/* `old` in the good ticket becomes `new`. */
static const struct {
	const char *old, *new, *says;
} bad_tickets[] = {
	{ "JB-7K3M9Q", "JB-7K3M9I", "/reference: not of the form reference" },
	{ "JB-7K3M9Q", "7K3M9Q", "/reference: not of the form reference" },
	{ "\"email\",", "\"\",", "/channel: shorter than 1 characters" },
	{ "surat", "sebuah-nama-yang-jauh-terlalu-panjang", "/instance: longer than 32 characters" },
	{ "{\"system\": \"email\"}", "{}", "/source: \"system\" is missing" },
	{ "{\"system\": \"email\"}", "{\"system\": \"email\", \"x\": 1}",
	  "/source: holds a key that the format does not know" },
	{ "{\"system\": \"email\"}", "{\"system\": \"email\", \"id\": 5}",
	  "/source/id: not of the type string" },
	{ "\"from_centre\": false", "\"from_centre\": 0", "/from_centre: not of the type boolean" },
	{ "received\",", "lost\",", "/status: not one of the allowed words" },
	{ "\"reporter\": {}", "\"reporter\": {\"phone\": \"0812\"}",
	  "/reporter/phone: not of the form phone" },
	{ "\"reporter\": {}", "\"reporter\": {\"phone\": \"081200000017\"}",
	  "/reporter/phone: not of the form phone" },
	{ "\"reporter\": {}", "\"reporter\": {\"mail\": \"x\"}",
	  "/reporter/mail: not of the form mail" },
	{ "\"reporter\": {}", "\"reporter\": {\"nik\": \"3273014501900007\"}",
	  "/reporter: holds a key that the format does not know" },
	{ "\"title\": \"judul\", ", "", "/: \"title\" is missing" },
	{ "2026-01-03T00:00:00+07:00\", \"d", "3 Jan\", \"d",
	  "/incident/at: not of the form date-time" },
	{ "2026-01-03T00:00:00+07:00\", \"d", "2026-01-03T00:00:00\", \"d",
	  "/incident/at: not of the form date-time" },
	{ "\"attachments\": []", "\"attachments\": [{}, {\"size_bytes\": 0}]",
	  "/attachments/1/size_bytes: less than 1" },
	{ "\"attachments\": []", "\"attachments\": [{\"size_bytes\": 1.5}]",
	  "/attachments/0/size_bytes: not of the type integer" },
	{ "\"attachments\": []", "\"attachments\": {}", "/attachments: not of the type array" },
	{ "\"secret\": false", "\"secret\": false, \"place\": {\"latitude\": -90.5}",
	  "/place/latitude: less than -90" },
	{ "\"secret\": false", "\"secret\": false, \"place\": {\"longitude\": 181}",
	  "/place/longitude: more than 180" },
	{ "\"secret\": false", "\"secret\": false, \"tracking_id\": \"12345\"",
	  "/tracking_id: not of the form tracking-id" },
	{ "\"secret\": false", "\"secret\": false, \"classification\": \"Keluhan\"",
	  "/classification: not one of the allowed words" },
};

static struct ticket_schema *load_schema(void)
{
	struct ticket_schema *schema;
	ck_assert_msg(ticket_schema_load(TEST_SCHEMA, &schema, &why) == JEMBATAN_OK, "%s", why.text);
	return schema;
}

START_TEST(a_ticket_out_of_form_is_named_by_its_place)
{
	struct ticket_schema *schema = load_schema();
	const char *at = strstr(good_ticket, bad_tickets[_i].old);
	ck_assert_ptr_nonnull(at);
	CLEANUP(free_pointer) char *bad =
		xasprintf("%.*s%s%s", (int)(at - good_ticket), good_ticket, bad_tickets[_i].new,
			  at + strlen(bad_tickets[_i].old));
	ck_assert_int_eq(ticket_validate(schema, bytes_text(good_ticket), &why), JEMBATAN_OK);
	ck_assert_int_eq(ticket_validate(schema, bytes_text(bad), &why), JEMBATAN_DATA);
	ck_assert_str_eq(why.text, bad_tickets[_i].says);
	ticket_schema_free(schema);
}
END_TEST

START_TEST(lengths_are_counted_in_characters)
{
	struct ticket_schema *schema;
	ck_assert_int_eq(ticket_schema_compile(bytes_text("{\"type\": \"string\", \"maxLength\": 3}"),
					       &schema, &why), JEMBATAN_OK);
	ck_assert_int_eq(ticket_validate(schema, bytes_text("\"\xc3\xa9\xe2\x80\xa6\xf0\x9f\x98\x80\""),
					 &why), JEMBATAN_OK);
	ck_assert_int_eq(ticket_validate(schema, bytes_text("\"abcd\""), &why), JEMBATAN_DATA);
	ck_assert_str_eq(why.text, "/: longer than 3 characters");
	ticket_schema_free(schema);
}
END_TEST

static const struct {
	const char *schema, *says;
} bad_schemas[] = {
	{ "{\"pattern\": \"x\"}", "the keyword \"pattern\" is not known, or not with this value" },
	{ "{\"type\": [\"string\", \"null\"]}",
	  "the keyword \"type\" is not known, or not with this value" },
	{ "{\"type\": \"null\"}", "the keyword \"type\" is not known, or not with this value" },
	{ "{\"format\": \"ipv6\"}", "the keyword \"format\" is not known, or not with this value" },
	{ "{\"enum\": [1]}", "the keyword \"enum\" is not known, or not with this value" },
	{ "{\"maxLength\": -1}", "the keyword \"maxLength\" is not known, or not with this value" },
	{ "{\"properties\": {\"a\": {\"items\": {\"oneOf\": []}}}}",
	  "the keyword \"oneOf\" is not known, or not with this value" },
	{ "{\"additionalProperties\": {}}",
	  "the keyword \"additionalProperties\" is not known, or not with this value" },
	{ "{\"items\": []}", "a schema must be an object, at most 16 deep" },
	{ "true", "a schema must be an object, at most 16 deep" },
	{ "{", "not JSON: it ends too early, line 1 column 1" },
};

START_TEST(a_keyword_that_is_not_known_is_never_ignored)
{
	struct ticket_schema *schema = NULL;
	ck_assert_int_eq(ticket_schema_compile(bytes_text(bad_schemas[_i].schema), &schema, &why),
			 JEMBATAN_CONFIG);
	ck_assert_ptr_null(schema);
	ck_assert_str_eq(why.text, bad_schemas[_i].says);
}
END_TEST

/* ---- reference, preview -------------------------------------------------- */

START_TEST(a_reference_is_short_and_cannot_be_misread)
{
	static const uint8_t bytes[3][5] = { { 0 }, { 255, 255, 255, 255, 255 },
					     { 1, 2, 3, 4, 5 } };
	char seen[3][TICKET_REFERENCE_SIZE];
	for (size_t i = 0; i < 3; i++) {
		ticket_reference(bytes[i], seen[i]);
		ck_assert_uint_eq(strlen(seen[i]), 9);
		ck_assert_int_eq(strncmp(seen[i], "JB-", 3), 0);
		ck_assert_ptr_null(strpbrk(seen[i] + 3, "ILOU"));
	}
	ck_assert_str_ne(seen[0], seen[1]);
	ck_assert_str_ne(seen[1], seen[2]);
}
END_TEST

START_TEST(a_preview_cannot_move_the_cursor)
{
	struct ticket t = { .title = "judul\x1b[2J", .content_edited = "satu\ndua\x1b]0;x\x07",
			    .content_original = "satu", .title_derived = true, .anonymous = true,
			    .secret = true, .incident_ms = 1000, .incident_derived = true,
			    .zone_minutes = 420 };
	CLEANUP(buf_done) struct buf out;
	buf_init(&out, 65536);
	ticket_preview_text(&t, &out);
	ck_assert_str_eq(out.data, "title            judul?[2J\n"
				   "                 derived from the text\n"
				   "flags            anonymous, secret\n"
				   "incident         1970-01-01T07:00:01+07:00 (derived from the "
				   "message's date)\n"
				   "content\n    satu\n    dua?]0;x?\n"
				   "content as received\n    satu\n");
}
END_TEST

/* ---- same, changed ------------------------------------------------------- */

static struct digest same(const char *key, const char *instance, const struct msg_message *m)
{
	return ticket_same_key((struct ticket_keys){ .local = bytes_text(key) }, instance, m);
}

static bool equal(struct digest a, struct digest b)
{
	return memcmp(a.bytes, b.bytes, DIGEST_SIZE) == 0;
}

START_TEST(the_remote_id_alone_makes_a_message_the_same)
{
	struct msg_message a = { .message = { .id = "17", .text = "satu" } };
	struct msg_message b = { .message = { .id = "17", .text = "dua", .author = { .id = "x" } } };
	struct msg_message c = { .message = { .id = "18", .text = "satu" } };
	ck_assert(equal(same("k", "app", &a), same("k", "app", &b)));
	ck_assert(!equal(same("k", "app", &a), same("k", "app", &c)));
	ck_assert(!equal(same("k", "app", &a), same("k", "lain", &a)));
	ck_assert(!equal(same("k", "app", &a), same("kunci lain", "app", &a)));
}
END_TEST

static struct digest near(const char *instance, const char *id)
{
	struct msg_message m = { .message = { .id = id, .text = "isi" } };
	return ticket_same_key((struct ticket_keys){ bytes_text("k"), true }, instance, &m);
}

static bool begin_alike(struct digest a, struct digest b)
{
	return memcmp(a.bytes, b.bytes, 4) == 0;
}

START_TEST(ids_that_follow_each_other_have_keys_that_begin_alike)
{
	static const char *const ids[] = { "LAPOR-0117", "LAPOR-0118", "LAPOR-0217", "7" };
	for (size_t i = 0; i < 4; i++) {
		for (size_t j = 0; j < 4; j++) {
			struct digest a = near("app", ids[i]), b = near("app", ids[j]);
			ck_assert_int_eq(equal(a, b), i == j);
			ck_assert_int_eq(begin_alike(a, b), i == j || i + j == 1);
			/* The rest is the id's own: 12 of the 16 bytes that are kept. */
			ck_assert_int_eq(memcmp(a.bytes + 4, b.bytes + 4, 12) == 0, i == j);
		}
		ck_assert(!begin_alike(near("app", ids[i]), near("lain", ids[i])));
		struct msg_message m = { .message = { .id = ids[i] } };
		struct digest older = same("k", "app", &m), key = near("app", ids[i]);
		ck_assert(!begin_alike(older, key));
		ck_assert_mem_eq(older.bytes + 4, key.bytes + 4, DIGEST_SIZE - 4);
	}
	struct msg_message none = { .message = { .id = "", .text = "isi" } };
	ck_assert(equal(same("k", "app", &none), near("app", "")));
}
END_TEST

/* Else every record that comes again would be a new one. */
START_TEST(keys_that_stand_in_stores_are_made_for_ever)
{
	struct msg_message m = { .message = { .id = "LAPOR-0117" } };
	struct digest older = same("k", "app", &m), key = near("app", "LAPOR-0117");
	char hex[2 * 16 + 1];
	digest_hex(older.bytes, 16, hex);
	ck_assert_str_eq(hex, "7c3b21f3e8d961d1934e62c5ee3b97c3");
	digest_hex(key.bytes, 16, hex);
	ck_assert_str_eq(hex, "bdffcdcae8d961d1934e62c5ee3b97c3");
}
END_TEST

/* Each row differs from the first in one thing, and is another message. */
static const struct msg_file one_file = { .name = "a.jpg", .reference = "1" };
static const struct jembatan_message without_id[] = {
	{ .text = "isi", .author = { .phone = "+6281200000017" } },
	{ .text = "isi", .author = { .phone = "+6281200000018" } },
	{ .text = "isi", .author = { .mail = "+6281200000017" } },
	{ .text = "isi", .author = { .id = "+6281200000017" } },
	{ .text = "isi lain", .author = { .phone = "+6281200000017" } },
	{ .text = "isi", .subject = "judul", .author = { .phone = "+6281200000017" } },
	{ .text = "isi" },
	{ .text = "isi", .raw = { "mentah", 6 } },
	{ .text = "isi", .raw = { "MENTAH", 6 } },
};

START_TEST(without_an_id_author_and_content_make_it_the_same)
{
	for (size_t i = 0; i < COUNT_OF(without_id); i++) {
		for (size_t j = 0; j < COUNT_OF(without_id); j++) {
			struct msg_message a = { .message = without_id[i] };
			struct msg_message b = { .message = without_id[j] };
			ck_assert_int_eq(equal(same("k", "app", &a), same("k", "app", &b)), i == j);
		}
	}
	struct msg_message with = { .message = without_id[0], .files = &one_file, .file_count = 1 };
	struct msg_message without = { .message = without_id[0] };
	ck_assert(!equal(same("k", "app", &with), same("k", "app", &without)));
}
END_TEST

START_TEST(an_author_who_is_known_may_send_other_raw_bytes)
{
	struct msg_message a = { .message = without_id[0] }, b = a;
	b.message.raw = bytes_text("other headers");
	ck_assert(equal(same("k", "app", &a), same("k", "app", &b)));
}
END_TEST

START_TEST(spooled_raw_tells_strangers_apart)
{
	struct msg_spooled one = { .sha256 = bytes_text("1") }, two = { .sha256 = bytes_text("2") };
	struct msg_message a = { .message = { .text = "isi" }, .raw_spooled = &one,
				 .raw_spooled_count = 1 };
	struct msg_message b = a;
	b.raw_spooled = &two;
	ck_assert(!equal(same("k", "app", &a), same("k", "app", &b)));
}
END_TEST

START_TEST(a_revision_decides_alone_what_has_changed)
{
	struct msg_message a = { .message = { .revision = "1", .text = "satu" } };
	struct msg_message b = { .message = { .revision = "1", .text = "dua" } };
	struct msg_message c = { .message = { .revision = "2", .text = "satu" } };
	struct jembatan_bytes k = bytes_text("k");
	ck_assert(equal(ticket_revision_digest(k, &a), ticket_revision_digest(k, &b)));
	ck_assert(!equal(ticket_revision_digest(k, &a), ticket_revision_digest(k, &c)));
}
END_TEST

static const struct jembatan_message revisions[] = {
	{ .text = "isi" },
	{ .text = "isi baru" },
	{ .text = "isi", .subject = "judul" },
	{ .text = "isi", .full_text = "isi\n--\nnama" },
	{ .text = "isi", .flags = JEMBATAN_SECRET_REPORT },
	{ .text = "isi", .flags = JEMBATAN_ANONYMOUS },
	{ .text = "isi", .incident_date = "2026-01-03" },
	{ .text = "isi", .category = "jalan" },
	{ .text = "isi", .place = { .village = "Contoh" } },
	{ .text = "isi", .place = { .address = "Contoh" } },
};

START_TEST(without_a_revision_the_content_tells)
{
	struct jembatan_bytes k = bytes_text("k");
	for (size_t i = 0; i < COUNT_OF(revisions); i++) {
		for (size_t j = 0; j < COUNT_OF(revisions); j++) {
			struct msg_message a = { .message = revisions[i] };
			struct msg_message b = { .message = revisions[j] };
			ck_assert_int_eq(equal(ticket_revision_digest(k, &a),
					       ticket_revision_digest(k, &b)), i == j);
		}
	}
	/* The source's own state moves without the complaint changing. */
	struct msg_message a = { .message = { .text = "isi", .status = "Menunggu" } };
	struct msg_message b = { .message = { .text = "isi", .status = "Selesai" } };
	ck_assert(equal(ticket_revision_digest(k, &a), ticket_revision_digest(k, &b)));
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("ticket");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, json_of_something_else_is_no_ticket, 0, COUNT_OF(no_tickets));
	tcase_add_test(t, a_ticket_packed_and_back_is_the_same);
	tcase_add_test(t, a_ticket_kept_as_json_is_read_too);
	tcase_add_test(t, a_quick_look_never_lets_through_what_does_not_fit);
	tcase_add_loop_test(t, a_schema_that_asks_for_more_is_not_looked_at_quickly, 0,
			    COUNT_OF(other_schemas));
	tcase_add_loop_test(t, a_ticket_out_of_form_is_named_by_its_place, 0, COUNT_OF(bad_tickets));
	tcase_add_test(t, lengths_are_counted_in_characters);
	tcase_add_loop_test(t, a_keyword_that_is_not_known_is_never_ignored, 0,
			    COUNT_OF(bad_schemas));
	tcase_add_test(t, a_reference_is_short_and_cannot_be_misread);
	tcase_add_test(t, a_preview_cannot_move_the_cursor);
	tcase_add_test(t, the_remote_id_alone_makes_a_message_the_same);
	tcase_add_test(t, ids_that_follow_each_other_have_keys_that_begin_alike);
	tcase_add_test(t, keys_that_stand_in_stores_are_made_for_ever);
	tcase_add_test(t, without_an_id_author_and_content_make_it_the_same);
	tcase_add_test(t, an_author_who_is_known_may_send_other_raw_bytes);
	tcase_add_test(t, spooled_raw_tells_strangers_apart);
	tcase_add_test(t, a_revision_decides_alone_what_has_changed);
	tcase_add_test(t, without_a_revision_the_content_tells);
	return unit_run("ticket", t);
}
