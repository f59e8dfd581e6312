/* test_field.c: the packing of structs, and what is refused on the way in. */
#include "base/msg.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

struct inner {
	const char *text;
	int64_t number;
};

static const struct field inner_fields[] = {
	FIELD(1, FIELD_TEXT, struct inner, text),
	FIELD(2, FIELD_I64, struct inner, number),
	FIELD_END
};

struct sample {
	const char *text;
	struct jembatan_bytes bytes;
	int64_t number;
	unsigned small;
	size_t size;
	bool flag;
	double real;
	const struct inner *list;
	size_t list_count;
};

static const struct field sample_fields[] = {
	FIELD(1, FIELD_TEXT, struct sample, text),
	FIELD(2, FIELD_BYTES, struct sample, bytes),
	FIELD(3, FIELD_I64, struct sample, number),
	FIELD(4, FIELD_U32, struct sample, small),
	FIELD(5, FIELD_SIZE, struct sample, size),
	FIELD(6, FIELD_BOOL, struct sample, flag),
	FIELD(7, FIELD_DOUBLE, struct sample, real),
	FIELD_LIST_OF(8, struct sample, list, list_count, inner_fields, struct inner),
	FIELD_END
};

static struct arena *arena;
static struct buf packed;
static struct sample out;
static struct why why;

static void setup(void)
{
	arena = arena_new();
	buf_init(&packed, 1024 * 1024);
	memset(&out, 0, sizeof(out));
	why.text[0] = '\0';
}

static void teardown(void)
{
	arena_free(arena);
	buf_done(&packed);
}

START_TEST(what_is_packed_comes_out_the_same)
{
	const struct inner list[] = { { "satu", -1 }, { NULL, 0 }, { "", INT64_MIN } };
	const struct sample in = { "teks \xc3\xa9", bytes_of("\0\xff", 2), INT64_MAX, UINT32_MAX,
				   SIZE_MAX, true, -6.914744, list, 3 };
	field_pack(sample_fields, &in, &packed);
	ck_assert_int_eq(field_unpack(sample_fields, buf_bytes(&packed), arena, &out, &why),
			 JEMBATAN_OK);
	ck_assert_str_eq(out.text, in.text);
	ck_assert_uint_eq(out.bytes.size, 2);
	ck_assert_mem_eq(out.bytes.data, "\0\xff", 2);
	ck_assert_int_eq(out.number, INT64_MAX);
	ck_assert_uint_eq(out.small, UINT32_MAX);
	ck_assert_uint_eq(out.size, SIZE_MAX);
	ck_assert(out.flag);
	ck_assert_double_eq(out.real, -6.914744);
	ck_assert_uint_eq(out.list_count, 3);
	ck_assert_str_eq(out.list[0].text, "satu");
	ck_assert_int_eq(out.list[0].number, -1);
	ck_assert_ptr_null(out.list[1].text);
	ck_assert_str_eq(out.list[2].text, "");
	ck_assert_int_eq(out.list[2].number, INT64_MIN);
}
END_TEST

START_TEST(nothing_set_packs_to_nothing)
{
	const struct sample in = { 0 };
	field_pack(sample_fields, &in, &packed);
	ck_assert_uint_eq(packed.size, 0);
	ck_assert_int_eq(field_unpack(sample_fields, bytes_of(NULL, 0), arena, &out, &why),
			 JEMBATAN_OK);
	ck_assert_ptr_null(out.text);
}
END_TEST

#define RAW(literal) literal, sizeof(literal) - 1

static const struct {
	const char *what, *bytes;
	size_t size;
} refused[] = {
	{ "an unknown tag", RAW("\x63\0\1\2\0\0\0a\0") },
	{ "tag 0", RAW("\0\0\1\2\0\0\0a\0") },
	{ "another type", RAW("\1\0\2\2\0\0\0a\0") },
	{ "a tag given twice", RAW("\1\0\1\2\0\0\0a\0\1\0\1\2\0\0\0b\0") },
	{ "out of order", RAW("\3\0\3\x8\0\0\0\1\0\0\0\0\0\0\0\1\0\1\2\0\0\0a\0") },
	{ "a text without its NUL", RAW("\1\0\1\1\0\0\0a") },
	{ "an empty text field", RAW("\1\0\1\0\0\0\0") },
	{ "a text with a NUL inside", RAW("\1\0\1\4\0\0\0a\0b\0") },
	{ "a text that is not UTF-8", RAW("\1\0\1\2\0\0\0\xff\0") },
	{ "a number of 4 bytes", RAW("\3\0\3\4\0\0\0\1\0\0\0") },
	{ "a length beyond the end", RAW("\1\0\1\x9\0\0\0a\0") },
	{ "a length near 4 GiB", RAW("\1\0\1\xff\xff\xff\xff" "a\0") },
	{ "half a prefix", RAW("\1\0\1\2") },
	{ "something left over", RAW("\1\0\1\2\0\0\0a\0\1") },
	{ "a list element of another type", RAW("\x8\0\1\0\0\0\0") },
	{ "a list element that is cut", RAW("\x8\0\x8\x9\0\0\0") },
	{ "an unknown tag in a list", RAW("\x8\0\x8\x9\0\0\0\x63\0\1\2\0\0\0a\0") },
};

START_TEST(what_is_not_the_table_is_refused)
{
	/* To the byte, so that a sanitizer sees a read beyond the end. */
	char *exact = xmalloc(refused[_i].size);
	memcpy(exact, refused[_i].bytes, refused[_i].size);
	ck_assert_msg(field_unpack(sample_fields, bytes_of(exact, refused[_i].size), arena, &out,
				   &why) == JEMBATAN_DATA, "%s was taken", refused[_i].what);
	ck_assert_uint_gt(strlen(why.text), 0);
	free(exact);
}
END_TEST

START_TEST(every_cut_is_refused_or_a_shorter_struct)
{
	const struct inner list[] = { { "satu", 5 }, { "dua", 6 } };
	const struct sample in = { .text = "teks", .number = 5, .list = list, .list_count = 2 };
	field_pack(sample_fields, &in, &packed);
	unsigned taken = 0;
	for (size_t n = 0; n < packed.size; n++) {
		char *exact = xmalloc(n ? n : 1);
		memcpy(exact, packed.data, n);
		memset(&out, 0, sizeof(out));
		taken += field_unpack(sample_fields, bytes_of(exact, n), arena, &out, &why) ==
			 JEMBATAN_OK;
		free(exact);
	}
	/* Nothing, text, text and number, and with the first element. */
	ck_assert_uint_eq(taken, 4);
}
END_TEST

START_TEST(a_list_has_a_ceiling)
{
	struct inner *list = xcalloc(4097, sizeof(*list));
	struct sample in = { .list = list, .list_count = 4096 };
	field_pack(sample_fields, &in, &packed);
	ck_assert_int_eq(field_unpack(sample_fields, buf_bytes(&packed), arena, &out, &why),
			 JEMBATAN_OK);
	ck_assert_uint_eq(out.list_count, 4096);
	in.list_count = 4097;
	buf_clear(&packed);
	field_pack(sample_fields, &in, &packed);
	ck_assert_int_eq(field_unpack(sample_fields, buf_bytes(&packed), arena, &out, &why),
			 JEMBATAN_DATA);
	free(list);
}
END_TEST

/* A message from outside, with one thing wrong. */
static enum jembatan_result unpack_message(const struct msg_message *m)
{
	struct msg_message got;
	buf_clear(&packed);
	field_pack(msg_message_fields, m, &packed);
	return msg_message_unpack(buf_bytes(&packed), arena, &got, &why);
}

START_TEST(a_message_from_outside_is_checked)
{
	char *longest = xcalloc(1, MSG_TEXT_MAX + 2);
	memset(longest, 'x', MSG_TEXT_MAX + 1);
	struct msg_message m = { .message = { .id = "1", .text = longest } };
	ck_assert_int_eq(unpack_message(&m), JEMBATAN_DATA);
	longest[MSG_TEXT_MAX] = '\0';
	ck_assert_int_eq(unpack_message(&m), JEMBATAN_OK);
	longest[1025] = '\0';
	m.message.id = longest;
	ck_assert_int_eq(unpack_message(&m), JEMBATAN_DATA);
	longest[1024] = '\0';
	ck_assert_int_eq(unpack_message(&m), JEMBATAN_OK);
	m.message.kind = (enum jembatan_kind)(JEMBATAN_IGNORED + 1);
	ck_assert_int_eq(unpack_message(&m), JEMBATAN_DATA);
	free(longest);
}
END_TEST

/* Tags and types must stay as they are: packed messages lie in the store. */
static void check_table(const struct field *table)
{
	for (const struct field *f = table; f->tag != 0; f++) {
		ck_assert_uint_eq(f->tag, (unsigned)(f - table) + 1);
		if (f->type == FIELD_LIST)
			check_table(f->element);
	}
}

START_TEST(tables_are_numbered_from_one_without_a_gap)
{
	const struct field *const tables[] = {
		msg_manifest_fields, msg_open_fields, msg_begin_fields, msg_message_fields,
		msg_checkpoint_fields, msg_receipt_fields, msg_state_fields, msg_log_fields,
		msg_result_fields, msg_request_fields, msg_response_fields, msg_reply_fields,
		msg_delivered_fields, msg_fetch_fields, msg_fetched_fields, msg_sample_fields,
		msg_command_fields, msg_progress_fields, msg_end_fields,
	};
	for (size_t i = 0; i < COUNT_OF(tables); i++)
		check_table(tables[i]);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("field");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, what_is_packed_comes_out_the_same);
	tcase_add_test(t, nothing_set_packs_to_nothing);
	tcase_add_loop_test(t, what_is_not_the_table_is_refused, 0, COUNT_OF(refused));
	tcase_add_test(t, every_cut_is_refused_or_a_shorter_struct);
	tcase_add_test(t, a_list_has_a_ceiling);
	tcase_add_test(t, a_message_from_outside_is_checked);
	tcase_add_test(t, tables_are_numbered_from_one_without_a_gap);
	return unit_run("field", t);
}
