/* test_whatsapp_recorded.c: webhooks that others have recorded, which lie beside
 * the project, never in it: each is understood. Skipped where they are not. */
#include "whatsapp/whatsapp_parse.h"

#include <glob.h>

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SKIPPED 77

static glob_t files;

static char *read_file(const char *path, size_t *out_size)
{
	FILE *file = fopen(path, "rb");
	char *data = calloc(1, 1u << 20);

	ck_assert_msg(file != NULL, "cannot read %s", path);
	*out_size = fread(data, 1, (1u << 20) - 1, file);
	fclose(file);
	return data;
}

START_TEST(a_recorded_webhook_is_one_message_or_one_receipt)
{
	static const struct wa_own any = { NULL, NULL };
	const char *path = files.gl_pathv[_i];
	struct kit_arena *arena = kit_arena_new();
	struct wa_batch batch;
	size_t size;
	char *body = read_file(path, &size);

	ck_assert_int_eq(wa_parse((struct jembatan_bytes){ body, size }, &any, arena, &batch, NULL),
			 JEMBATAN_OK);
	ck_assert_uint_eq(batch.message_count + batch.receipt_count, 1);
	if (batch.message_count == 1 && strstr(path, "/group_") == NULL) {
		const struct jembatan_message *m = &batch.messages[0];

		ck_assert(m->id != NULL && m->author.phone != NULL && m->arrived_ms > 0);
		ck_assert_int_eq(m->kind == JEMBATAN_UNREADABLE,
				 strstr(path, "unsupported") != NULL);
	}
	wa_batch_done(&batch);
	kit_arena_free(arena);
	free(body);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("whatsapp recorded");

	if (glob(SHARED_DATA "/channels/whatsapp/*/*.json", 0, NULL, &files) != 0) {
		puts("no recorded webhooks beside the project");
		return SKIPPED;
	}
	tcase_add_loop_test(tcase, a_recorded_webhook_is_one_message_or_one_receipt, 0,
			    (int)files.gl_pathc);
	int failed = unit_run("whatsapp_recorded", tcase);

	globfree(&files);
	return failed;
}
