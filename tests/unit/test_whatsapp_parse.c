/* test_whatsapp_parse.c: webhooks to messages. Each tests/data/whatsapp/<x>.json
 * becomes exactly what <x>.out says (GOLDEN_WRITE=1 writes them anew: read the
 * change). */
#include "whatsapp/whatsapp_parse.h"
#include "kit/testctx.h"

#include <glob.h>

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct wa_own own = { "108200000000001", "102200000000009" };
static glob_t goldens;

static char *read_file(const char *path, size_t *out_size)
{
	FILE *file = fopen(path, "rb");
	char *data = calloc(1, 1u << 20);

	ck_assert_msg(file != NULL, "cannot read %s", path);
	*out_size = fread(data, 1, (1u << 20) - 1, file);
	fclose(file);
	return data;
}

static void show(FILE *out, const char *name, const char *value)
{
	if (value != NULL)
		fprintf(out, "%s: %s\n", name, value);
}

static void show_message(FILE *out, const struct jembatan_message *m)
{
	static const char *const kinds[] = { "new", "follow-up", "edit", "deletion", "reaction",
		"receipt", "system", "unreadable", "ignored" };

	fprintf(out, "-- message\nkind: %s\n", kinds[m->kind]);
	show(out, "id", m->id);
	show(out, "revision", m->revision);
	show(out, "thread", m->thread);
	show(out, "reply to", m->reply_to);
	show(out, "author id", m->author.id);
	show(out, "author phone", m->author.phone);
	show(out, "author name", m->author.name);
	show(out, "author handle", m->author.handle);
	if (m->arrived_ms != 0)
		fprintf(out, "arrived: %lld\n", (long long)m->arrived_ms);
	show(out, "address", m->place.address);
	if (m->flags & JEMBATAN_HAS_POSITION)
		fprintf(out, "position: %.6f %.6f\n", m->place.latitude, m->place.longitude);
	for (size_t i = 0; i < m->attachment_count; i++)
		fprintf(out, "attachment: %s, %s, %s\n",
			m->attachments[i].name ? m->attachments[i].name : "-",
			m->attachments[i].media_type ? m->attachments[i].media_type : "-",
			m->attachments[i].reference ? m->attachments[i].reference : "missing");
	show(out, "extra", m->extra);
	show(out, "text", m->text);
	if (m->raw.size > 0)
		fprintf(out, "raw: %.*s\n", (int)m->raw.size, (const char *)m->raw.data);
}

static void show_receipt(FILE *out, const struct jembatan_receipt *r)
{
	static const char *const states[] = { "sent", "delivered", "read", "failed" };

	fprintf(out, "-- receipt\nstate: %s\nat: %lld\n", states[r->state], (long long)r->at_ms);
	show(out, "remote id", r->remote_id);
	show(out, "reference", r->reference);
	show(out, "reason", r->reason);
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
		show_receipt(out, &batch.receipts[i]);
	if (batch.alarm_code != 0)
		fprintf(out, "-- alarm %d\n", batch.alarm_code);
	fclose(out);
	wa_batch_done(&batch);
	kit_arena_free(arena);
	return text;
}

START_TEST(a_webhook_becomes_what_its_golden_file_shows)
{
	const char *path = goldens.gl_pathv[_i];
	size_t size, expected_size;
	char *body = read_file(path, &size), *text = shown(body, size), expected_path[4096];

	snprintf(expected_path, sizeof expected_path, "%.*sout", (int)strlen(path) - 4, path);
	if (getenv("GOLDEN_WRITE") != NULL) {
		FILE *out = fopen(expected_path, "wb");

		ck_assert(out != NULL);
		fputs(text, out);
		fclose(out);
	}
	char *expected = read_file(expected_path, &expected_size);

	ck_assert_msg(strcmp(text, expected) == 0, "%s became\n%s\nand not\n%s", path, text,
		      expected);
	free(expected);
	free(text);
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
	char *body = read_file(TEST_DATA "/whatsapp/batch.json", &size);
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

		bodies[i] = read_file(files[i], &size);
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

	if (glob(TEST_DATA "/whatsapp/*.json", 0, NULL, &goldens) != 0)
		return EXIT_FAILURE;
	tcase_add_loop_test(tcase, a_webhook_becomes_what_its_golden_file_shows, 0,
			    (int)goldens.gl_pathc);
	tcase_add_test(tcase, the_bytes_of_one_message_of_many_read_as_that_message_and_nobody_else);
	tcase_add_test(tcase, a_redelivery_with_other_surroundings_is_the_same_message);
	tcase_add_loop_test(tcase, a_user_id_is_told_from_a_phone, 0,
			    (int)(sizeof(ids) / sizeof(ids[0])));
	tcase_add_test(tcase, a_user_id_has_its_ceiling);
	tcase_add_loop_test(tcase, a_file_is_asked_for_by_digits_only, 0,
			    (int)(sizeof(medias) / sizeof(medias[0])));
	tcase_add_test(tcase, what_is_no_json_is_said_and_nothing_is_left);
	int failed = unit_run("whatsapp_parse", tcase);

	globfree(&goldens);
	return failed;
}
