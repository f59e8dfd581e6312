/* test_whatsapp_parse.c: webhooks to messages. Each tests/data/whatsapp/<x>.json
 * becomes exactly what <x>.out says (GOLDEN_WRITE=1 writes them anew: read the
 * change). */
#include "golden.h"
#include "whatsapp/whatsapp_parse.h"

#include <jembatan/kit.h>

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct wa_own own = { "108200000000001", "102200000000009" };

/* The raw bytes beside all else: a batch is cut into its messages. */
static void show_message(FILE *out, const struct jembatan_message *m)
{
	golden_message(out, m);
	if (m->raw.size > 0)
		fprintf(out, "raw: %.*s\n", (int)m->raw.size, (const char *)m->raw.data);
}

static char *shown(const char *body, size_t size)
{
	struct kit_arena *arena = kit_arena_new();
	struct wa_batch batch = { 0 };
	struct kit_why why = { "" };
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	if (wa_parse((struct jembatan_bytes){ body, size }, &own, arena, &batch, &why) !=
	    JEMBATAN_OK)
		fprintf(out, "-- not read\n");
	for (size_t i = 0; i < batch.message_count; i++)
		show_message(out, &batch.messages[i]);
	for (size_t i = 0; i < batch.receipt_count; i++)
		golden_receipt(out, &batch.receipts[i]);
	if (batch.alarm_code != 0)
		fprintf(out, "-- alarm %d\n", batch.alarm_code);
	fclose(out);
	wa_batch_done(&batch);
	kit_arena_free(arena);
	return text;
}

START_TEST(a_webhook_becomes_what_its_golden_file_shows)
{
	size_t size;
	char *body = golden_read(golden_path(_i), &size);

	golden_compare(golden_path(_i), shown(body, size));
	free(body);
}
END_TEST

/* ---- each message's own bytes ------------------------------------------- */

static struct wa_batch parsed(struct jembatan_bytes body, struct kit_arena *arena)
{
	struct wa_batch batch;

	ck_assert_int_eq(wa_parse(body, &own, arena, &batch, NULL), JEMBATAN_OK);
	return batch;
}

START_TEST(the_bytes_of_one_message_of_many_read_as_that_message_and_nobody_else)
{
	size_t size;
	char *body = golden_read(TEST_DATA "/whatsapp/batch.json", &size);
	struct kit_arena *arena = kit_arena_new();
	struct wa_batch all = parsed((struct jembatan_bytes){ body, size }, arena);

	ck_assert_uint_eq(all.message_count, 5);
	for (size_t i = 0; i < 4; i++) {
		const struct jembatan_message *m = &all.messages[i];
		struct wa_batch one = parsed(m->raw, arena);

		ck_assert_uint_eq(one.message_count, 1);
		ck_assert_uint_eq(one.receipt_count, 0);
		ck_assert_str_eq(one.messages[0].id, m->id);
		ck_assert_str_eq(one.messages[0].text, m->text);
		ck_assert_pstr_eq(one.messages[0].author.name, m->author.name);
		ck_assert_uint_eq(one.messages[0].raw.size, 0);
		wa_batch_done(&one);
	}
	ck_assert(strstr(all.messages[0].raw.data, "Sangkuriang") == NULL);
	wa_batch_done(&all);
	kit_arena_free(arena);
	free(body);
}
END_TEST

START_TEST(a_redelivery_with_other_surroundings_is_the_same_message)
{
	static const char *const files[] = { TEST_DATA "/whatsapp/text.json",
					     TEST_DATA "/whatsapp/batch.json" };
	struct kit_arena *arena = kit_arena_new();
	const char *ids[2], *revisions[2];
	struct wa_batch batches[2];
	char *bodies[2];

	for (int i = 0; i < 2; i++) {
		size_t size;

		bodies[i] = golden_read(files[i], &size);
		batches[i] = parsed((struct jembatan_bytes){ bodies[i], size }, arena);
		ids[i] = batches[i].messages[0].id;
		revisions[i] = batches[i].messages[0].revision;
	}
	ck_assert_str_eq(ids[0], ids[1]);
	ck_assert_str_eq(revisions[0], revisions[1]);
	for (int i = 0; i < 2; i++) {
		wa_batch_done(&batches[i]);
		free(bodies[i]);
	}
	kit_arena_free(arena);
}
END_TEST

/* ---- pieces ---------------------------------------------------------------- */

static const struct {
	const char *text;
	bool is_id;
} ids[] = {
	{ "ID.1349abcDEF", true },    { "US.ENT.1", true },      { "ID.ENT.", false },
	{ "ID.", false },	      { "id.1349", false },	 { "IDN.1349", false },
	{ "6281200000001", false },   { "", false },		 { "ID.13 49", false },
	{ "ID.1349@lid", false },
};

START_TEST(a_user_id_is_told_from_a_phone)
{
	ck_assert_int_eq(wa_is_user_id(ids[_i].text), ids[_i].is_id);
}
END_TEST

START_TEST(a_user_id_has_its_ceiling)
{
	char longest[140] = "ID.";

	memset(longest + 3, 'a', 128);
	ck_assert(wa_is_user_id(longest));
	longest[131] = 'a';
	ck_assert(!wa_is_user_id(longest));
	ck_assert(!wa_is_user_id(NULL));
}
END_TEST

static const struct {
	const char *reference, *id, *sha256;
} medias[] = {
	{ "1200000000000001 abc=", "1200000000000001", "abc=" },
	{ "12 ", "12", "" },
	{ "", NULL, NULL },
	{ "../me/messages x", NULL, NULL },
	{ "12", NULL, NULL },
	{ "https://contoh.test/ x", NULL, NULL },
	{ "12345678901234567890123456789012345678901234567890123456789012345 ", NULL, NULL },
};

START_TEST(a_file_is_asked_for_by_digits_only)
{
	struct wa_media media;
	bool is_one = wa_media_read(medias[_i].reference, &media);

	ck_assert_int_eq(is_one, medias[_i].id != NULL);
	if (is_one) {
		ck_assert_str_eq(media.id, medias[_i].id);
		ck_assert_str_eq(media.sha256, medias[_i].sha256);
	}
}
END_TEST

/* Each sender is looked for among all: not by walking through all. */
START_TEST(a_batch_of_many_thousands_is_read_in_no_time)
{
	struct kit_arena *arena = kit_arena_new();
	char *body = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&body, &size);
	const int many = 20000;

	fputs("{\"entry\":[{\"changes\":[{\"field\":\"messages\",\"value\":{\"contacts\":[", out);
	for (int i = 0; i < many; i++)
		fprintf(out, "%s{\"wa_id\":\"62812%07d\",\"profile\":{\"name\":\"W%d\"}}", i ? "," : "",
			i, i);
	fputs("],\"messages\":[", out);
	for (int i = many - 1; i >= 0; i--)
		fprintf(out, "%s{\"id\":\"m%d\",\"from\":\"62812%07d\"}", i < many - 1 ? "," : "", i, i);
	fputs("]}}]}]}", out);
	fclose(out);
	struct wa_batch batch = parsed((struct jembatan_bytes){ body, size }, arena);

	ck_assert_uint_eq(batch.message_count, (size_t)many);
	ck_assert_str_eq(batch.messages[0].author.name, "W19999");
	wa_batch_done(&batch);
	kit_arena_free(arena);
	free(body);
}
END_TEST

START_TEST(what_is_no_json_is_said_and_nothing_is_left)
{
	static const char *const bodies[] = { "", "{", "garbage", "{\"entry\":[}", "\xff\xfe" };
	struct kit_arena *arena = kit_arena_new();

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct wa_batch batch = { 0 };
		struct kit_why why = { "" };

		ck_assert_int_eq(wa_parse((struct jembatan_bytes){ bodies[i], strlen(bodies[i]) },
					  &own, arena, &batch, &why), JEMBATAN_DATA);
		ck_assert_ptr_null(batch.root);
		ck_assert(why.text[0] != '\0');
	}
	kit_arena_free(arena);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("whatsapp parse");

	int goldens = golden_find(TEST_DATA "/whatsapp/*.json");

	if (goldens == 0)
		return EXIT_FAILURE;
	tcase_add_loop_test(tcase, a_webhook_becomes_what_its_golden_file_shows, 0, goldens);
	tcase_add_test(tcase, the_bytes_of_one_message_of_many_read_as_that_message_and_nobody_else);
	tcase_add_test(tcase, a_redelivery_with_other_surroundings_is_the_same_message);
	tcase_add_loop_test(tcase, a_user_id_is_told_from_a_phone, 0,
			    (int)(sizeof(ids) / sizeof(ids[0])));
	tcase_add_test(tcase, a_user_id_has_its_ceiling);
	tcase_add_loop_test(tcase, a_file_is_asked_for_by_digits_only, 0,
			    (int)(sizeof(medias) / sizeof(medias[0])));
	tcase_add_test(tcase, a_batch_of_many_thousands_is_read_in_no_time);
	tcase_add_test(tcase, what_is_no_json_is_said_and_nothing_is_left);
	return unit_run("whatsapp_parse", tcase);
}
