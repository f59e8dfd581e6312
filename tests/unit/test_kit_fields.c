/* test_kit_fields.c: the mapping of an app's records to messages. */
#include <jembatan/kit.h>

#include "base/mem.h"
#include "kit/testctx.h"

#include <string.h>

#include "unit.h"

#define END { NULL, NULL, NULL }

static const struct testctx_option mapping[] = {
	{ "fields", "id", "id" },
	{ "fields", "revision", "updated_at" },
	{ "fields", "subject", "title" },
	{ "fields", "text", "body.content|isi" },
	{ "fields", "sent", "created_at" },
	{ "fields", "category", "=Jalan" },
	{ "fields", "status", "status.name" },
	{ "fields", "phone", "user.phone" },
	{ "fields", "name", "user.name" },
	{ "fields", "latitude", "lat" },
	{ "fields", "longitude", "lon" },
	{ "fields", "from_centre", "source==sp4n" },
	{ "fields", "anonymous", "is_anonymous" },
	{ "fields", "secret", "is_secret" },
	{ "fields", "attachments", "photos" },
	{ "fields", "extra", "more" },
	{ "statuses", "Menunggu", "unverified" },
	{ "statuses", "Tuntas", "closed_by_admin" },
	END
};

struct scene {
	struct testctx *ctx;
	struct kit_fields *fields;
	struct kit_arena *arena;
	json_t *record;
	struct jembatan_message message;
	enum jembatan_result result;
};

static void set(struct scene *s, const struct testctx_option *rows, const char *fields,
		const char *record)
{
	struct kit_fields_options o = { .size = sizeof(o),
					.fields = fields,
					.statuses = "statuses",
					.zone_minutes = 420,
					.base_url = "https://app.example/api/" };
	*s = (struct scene){ .ctx = testctx_new(rows, NULL), .arena = kit_arena_new() };
	ck_assert_int_eq(kit_fields_new(testctx_context(s->ctx), &o, &s->fields), JEMBATAN_OK);
	ck_assert_int_eq(
		kit_json_parse((struct jembatan_bytes){ record, strlen(record) }, &s->record, NULL),
		JEMBATAN_OK);
	s->result = kit_fields_fill(s->fields, s->record, s->arena, &s->message);
}

static void done(struct scene *s)
{
	kit_fields_free(s->fields);
	kit_arena_free(s->arena);
	json_decref(s->record);
	testctx_free(s->ctx);
}

START_TEST(a_record_becomes_a_message)
{
	struct scene s;
	set(&s, mapping, "fields",
	    "{\"id\":5571685772206594124,\"updated_at\":17,\"title\":\"Lampu\",\"isi\":\"Lampu "
	    "mati\","
	    "\"body\":{\"content\":\" \"},\"created_at\":\"2026-11-21 22:30:00\","
	    "\"status\":{\"name\":\"tuntas\"},\"user\":{\"phone\":\"0812 3456 "
	    "7890\",\"name\":\"Ani\"},"
	    "\"lat\":\"-6.914744\",\"lon\":107.60981,\"source\":\"SP4N\",\"is_anonymous\":1,"
	    "\"is_secret\":false,\"photos\":[{\"url\":\"f/1.jpg\",\"name\":\"satu\"},"
	    "\"https://cdn.example/2.jpg\",null,{\"url\":\"\"}],\"more\":{\"a\":1}}");
	ck_assert_int_eq(s.result, JEMBATAN_OK);
	const struct jembatan_message *m = &s.message;
	ck_assert_uint_eq(m->size, sizeof(*m));
	ck_assert_str_eq(m->id, "5571685772206594124");
	ck_assert_str_eq(m->revision, "17");
	ck_assert_str_eq(m->subject, "Lampu");
	ck_assert_str_eq(m->text, "Lampu mati");
	ck_assert_int_eq(m->sent_ms, 1795275000000);
	ck_assert_str_eq(m->category, "Jalan");
	ck_assert_str_eq(m->status, "closed_by_admin");
	ck_assert_str_eq(m->author.phone, "+6281234567890");
	ck_assert_str_eq(m->author.name, "Ani");
	ck_assert_double_eq_tol(m->place.latitude, -6.914744, 1e-9);
	ck_assert_double_eq_tol(m->place.longitude, 107.60981, 1e-9);
	ck_assert_uint_eq(m->flags,
			  JEMBATAN_HAS_POSITION | JEMBATAN_FROM_CENTRE | JEMBATAN_ANONYMOUS);
	ck_assert_uint_eq(m->attachment_count, 2);
	ck_assert_str_eq(m->attachments[0].reference, "https://app.example/api/f/1.jpg");
	ck_assert_str_eq(m->attachments[0].name, "satu");
	ck_assert_str_eq(m->attachments[1].reference, "https://cdn.example/2.jpg");
	ck_assert_str_eq(m->extra, "{\"a\":1,\"source_status\":\"tuntas\"}");
	done(&s);
}
END_TEST

START_TEST(what_is_not_there_stays_unknown)
{
	struct scene s;
	set(&s, mapping, "fields",
	    "{\"id\":7,\"created_at\":\"1970-01-01T00:00:00Z\",\"lat\":0,\"lon\":0}");
	ck_assert_int_eq(s.result, JEMBATAN_OK);
	ck_assert_ptr_null(s.message.text);
	ck_assert_ptr_null(s.message.status);
	ck_assert_ptr_null(s.message.extra);
	ck_assert_int_eq(s.message.sent_ms, 0);
	ck_assert_uint_eq(s.message.flags, 0);
	ck_assert_uint_eq(s.message.attachment_count, 0);
	done(&s);
}
END_TEST

static const struct {
	const char *record, *explanation;
} wrongs[] = {
	{ "{\"isi\":{\"x\":\"rahasia\"}}",
	  "test.yaml:4: text: the value at 'isi' is an object, not a text or a number" },
	{ "{\"id\":[\"rahasia\"]}",
	  "test.yaml:1: id: the value at 'id' is a list, not a text or a number" },
	{ "{\"title\":true}",
	  "test.yaml:3: subject: the value at 'title' is true or false, not a text or a number" },
	{ "{\"created_at\":\"32-13-2026\"}",
	  "test.yaml:5: sent: the value at 'created_at' is '32-13-2026', not a time" },
	{ "{\"photos\":[7]}", "test.yaml:15: attachments: the value at 'photos' is a number, not a "
			      "list of texts or objects" },
	{ "{\"photos\":\"[rahasia\"}",
	  "test.yaml:15: attachments: the value at 'photos' is a text, not JSON" },
	{ "{\"more\":\"rahasia\"}",
	  "test.yaml:16: extra: the value at 'more' is a text, not an object" },
	{ "[\"rahasia\"]", "the record is a list, not an object" },
};

START_TEST(a_wrong_value_is_named_by_place_path_and_kind)
{
	struct scene s;
	set(&s, mapping, "fields", wrongs[_i].record);
	ck_assert_int_eq(s.result, JEMBATAN_DATA);
	ck_assert_str_eq(testctx_explanation(s.ctx), wrongs[_i].explanation);
	done(&s);
}
END_TEST

static const struct {
	const char *value;
	bool yes;
} flags[] = {
	{ "true", true }, { "false", false }, { "1", true }, { "0", false }, { "\"1\"", true },
	{ "\"0\"", false }, { "\"ya\"", true }, { "\"Tidak\"", false }, { "\"\"", false },
	{ "null", false }, { "\"false\"", false }, { "\"entahlah\"", true }, { "[]", false },
	{ "{\"a\":1}", true }, { "2.5", true },
};

START_TEST(a_flag_that_cannot_be_read_counts_as_yes)
{
	struct scene s;
	char *record = xasprintf("{\"is_secret\":%s}", flags[_i].value);
	set(&s, mapping, "fields", record);
	ck_assert_int_eq(s.result, JEMBATAN_OK);
	ck_assert_msg(((s.message.flags & JEMBATAN_SECRET_REPORT) != 0) == flags[_i].yes, "%s",
		      record);
	free(record);
	done(&s);
}
END_TEST

START_TEST(an_unknown_status_is_kept_and_told_once)
{
	struct scene s;
	set(&s, mapping, "fields", "{\"status\":{\"name\":\"Dalam Tindakan\"}}");
	ck_assert_int_eq(s.result, JEMBATAN_OK);
	ck_assert_str_eq(s.message.status, "Dalam Tindakan");
	const char *first = strstr(testctx_log(s.ctx), "'Dalam Tindakan'");
	ck_assert_ptr_nonnull(first);
	ck_assert_int_eq(kit_fields_fill(s.fields, s.record, s.arena, &s.message), JEMBATAN_OK);
	ck_assert_ptr_null(strstr(strstr(testctx_log(s.ctx), "Tindakan'") + 1, "Tindakan'"));
	done(&s);
}
END_TEST

START_TEST(attachments_may_be_json_within_a_text)
{
	struct scene s;
	set(&s, mapping, "fields",
	    "{\"photos\":\"[{\\\"url\\\":\\\"/a.jpg\\\",\\\"type\\\":\\\"image/jpeg\\\"}]\"}");
	ck_assert_int_eq(s.result, JEMBATAN_OK);
	ck_assert_uint_eq(s.message.attachment_count, 1);
	ck_assert_str_eq(s.message.attachments[0].reference, "https://app.example/a.jpg");
	ck_assert_str_eq(s.message.attachments[0].media_type, "image/jpeg");
	done(&s);
}
END_TEST

START_TEST(without_a_mapping_the_names_are_ours)
{
	struct scene s;
	set(&s, mapping, NULL,
	    "{\"id\":\"9\",\"text\":\"x\",\"kind\":\"follow_up\",\"secret\":true,\"address\":\"Jl. "
	    "Mawar\","
	    "\"attachments\":[{\"url\":\"a.jpg\"}],\"status\":\"Menunggu\"}");
	ck_assert_int_eq(s.result, JEMBATAN_OK);
	ck_assert_int_eq(s.message.kind, JEMBATAN_FOLLOW_UP);
	ck_assert_str_eq(s.message.place.address, "Jl. Mawar");
	ck_assert_str_eq(s.message.status, "unverified");
	ck_assert_uint_eq(s.message.flags, JEMBATAN_SECRET_REPORT);
	ck_assert_str_eq(s.message.attachments[0].reference, "https://app.example/api/a.jpg");
	done(&s);
	set(&s, mapping, NULL, "{\"txet\":\"x\"}");
	ck_assert_int_eq(s.result, JEMBATAN_DATA);
	ck_assert_str_eq(testctx_explanation(s.ctx),
			 "the jq program gives 'txet', which is no message field");
	done(&s);
}
END_TEST

static const struct {
	struct testctx_option rows[2];
	const char *words;
} mistakes[] = {
	{ { { "fields", "txet", "isi" }, END },
	  "test.yaml:1: 'txet' is no message field; they are: id " },
	{ { { "fields", "text", "" }, END }, "test.yaml:1: text: write a path" },
	{ { { "fields", "text", "a||b" }, END }, "test.yaml:1: text: write a path" },
	{ { { "fields", "text", "a|" }, END }, "test.yaml:1: text: write a path" },
	{ { { "fields", "text", "a==b" }, END }, "test.yaml:1: text: == is for yes and no" },
	{ { { "statuses", "Tuntas", "done" }, END },
	  "test.yaml:1: Tuntas: 'done' is none of our states" },
};

START_TEST(a_mistake_in_the_mapping_is_named_with_its_line)
{
	struct testctx *t = testctx_new(mistakes[_i].rows, NULL);
	struct kit_fields *fields = NULL;
	struct kit_fields_options o = { .size = sizeof(o),
					.fields = "fields",
					.statuses = "statuses" };
	ck_assert_int_eq(kit_fields_new(testctx_context(t), &o, &fields), JEMBATAN_CONFIG);
	ck_assert_msg(str_starts(testctx_explanation(t), mistakes[_i].words), "%s",
		      testctx_explanation(t));
	ck_assert_ptr_null(fields);
	testctx_free(t);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("kit_fields");
	tcase_add_test(t, a_record_becomes_a_message);
	tcase_add_test(t, what_is_not_there_stays_unknown);
	tcase_add_loop_test(t, a_wrong_value_is_named_by_place_path_and_kind, 0, COUNT_OF(wrongs));
	tcase_add_loop_test(t, a_flag_that_cannot_be_read_counts_as_yes, 0, COUNT_OF(flags));
	tcase_add_test(t, an_unknown_status_is_kept_and_told_once);
	tcase_add_test(t, attachments_may_be_json_within_a_text);
	tcase_add_test(t, without_a_mapping_the_names_are_ours);
	tcase_add_loop_test(t, a_mistake_in_the_mapping_is_named_with_its_line, 0,
			    COUNT_OF(mistakes));
	return unit_run("kit_fields", t);
}
