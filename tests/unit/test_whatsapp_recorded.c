/* test_whatsapp_recorded.c: webhooks that others have recorded, which lie beside
 * the project, never in it: each is understood. Skipped where they are not. */
#include "golden.h"
#include "whatsapp/whatsapp_parse.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SKIPPED 77

START_TEST(a_recorded_webhook_is_one_message_or_one_receipt)
{
	static const struct wa_own any = { NULL, NULL };
	const char *path = golden_path(_i);
	struct kit_arena *arena = kit_arena_new();
	struct wa_batch batch;
	size_t size;
	char *body = golden_read(path, &size);

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

	int count = golden_find(SHARED_DATA "/channels/whatsapp/*/*.json");

	if (count == 0) {
		puts("no recorded webhooks beside the project");
		return SKIPPED;
	}
	tcase_add_loop_test(tcase, a_recorded_webhook_is_one_message_or_one_receipt, 0, count);
	return unit_run("whatsapp_recorded", tcase);
}
