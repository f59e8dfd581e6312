/* fuzz_whatsapp.c: a webhook of WhatsApp, whatever its bytes: valid text, what
 * was taken apart reads again as itself, and the same each time. An answer of
 * the Graph API and a file's reference are read by the way. */
#include "whatsapp/whatsapp_errors.h"
#include "whatsapp/whatsapp_parse.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct wa_own any = { NULL, NULL };

static void must_be_text(const char *text)
{
	if (text && !kit_utf8_is_valid((struct jembatan_bytes){ text, strlen(text) }))
		abort();
}

static void check(const struct jembatan_message *m)
{
	must_be_text(m->id);
	must_be_text(m->thread);
	must_be_text(m->reply_to);
	must_be_text(m->text);
	must_be_text(m->author.id);
	must_be_text(m->author.name);
	must_be_text(m->extra);
	if (m->kind == JEMBATAN_REACTION && m->flags != 0)
		abort();
	if (m->attachment_count > 1 || ((m->kind == JEMBATAN_EDIT ||
					 m->kind == JEMBATAN_DELETION) && !m->id))
		abort();
}

static bool is_same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* The bytes of one message of many are that message. */
static void must_read_again(const struct jembatan_message *m, struct kit_arena *arena)
{
	struct wa_batch again;

	if (m->raw.size == 0)
		return;
	if (wa_parse(m->raw, &any, arena, &again, NULL) != JEMBATAN_OK ||
	    again.message_count != 1 || again.messages[0].kind != m->kind ||
	    !is_same(again.messages[0].id, m->id) || !is_same(again.messages[0].text, m->text))
		abort();
	wa_batch_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kit_arena *arena = kit_arena_new();
	struct wa_batch batch;
	struct wa_error error;
	struct wa_media media;
	const char *text = kit_arena_strndup(arena, (const char *)data, size);

	if (wa_parse((struct jembatan_bytes){ data, size }, &any, arena, &batch, NULL) ==
	    JEMBATAN_OK) {
		if (batch.message_count + batch.receipt_count == 0)
			abort();
		for (size_t i = 0; i < batch.message_count; i++) {
			check(&batch.messages[i]);
			must_read_again(&batch.messages[i], arena);
		}
		for (size_t i = 0; i < batch.receipt_count; i++)
			must_be_text(batch.receipts[i].reason);
		wa_batch_done(&batch);
	}
	if (wa_error_read((struct jembatan_bytes){ data, size }, &error))
		wa_error_done(&error);
	if (wa_media_read(text, &media) && strspn(media.id, "0123456789") != strlen(media.id))
		abort();
	kit_arena_free(arena);
	return 0;
}
