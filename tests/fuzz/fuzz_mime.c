/* fuzz_mime.c: a mail becomes one message, whatever its bytes: valid UTF-8, the
 * same id each time, its raw bytes untouched, its texts within their ceilings. */
#include "email/email_body.h"
#include "email/email_parse.h"
#include "kit/testctx.h"

#include <gmime/gmime.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be_text(const char *text, size_t max)
{
	if (text != NULL && (strlen(text) > max ||
			     !kit_utf8_is_valid((struct jembatan_bytes){ text, strlen(text) })))
		abort();
}

static void check(const struct jembatan_message *m, const uint8_t *data, size_t size)
{
	if (m->id == NULL || strlen(m->id) > 1000 || m->raw.size != size ||
	    (size > 0 && memcmp(m->raw.data, data, size) != 0))
		abort();
	must_be_text(m->id, 1000);
	must_be_text(m->thread, 1000);
	must_be_text(m->reply_to, 1000);
	must_be_text(m->subject, 4096);
	must_be_text(m->author.name, 1000);
	must_be_text(m->author.mail, 1000);
	must_be_text(m->text, 2 * BODY_TEXT_MAX_BYTES + 2);
	must_be_text(m->full_text, 2 * BODY_TEXT_MAX_BYTES + 2);
	must_be_text(m->extra, 64 * 1024);
	if (m->attachment_count > BODY_ATTACHMENTS_MAX)
		abort();
	for (size_t i = 0; i < m->attachment_count; i++) {
		must_be_text(m->attachments[i].name, 255);
		must_be_text(m->attachments[i].media_type, 128);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const addresses[] = { "pengaduan@kelurahan.test", NULL };
	static const struct own own = { .addresses = addresses, .is_shown = true };
	static const struct testctx_option rows[] = { { NULL, NULL, NULL } };
	struct testctx *t = testctx_new(rows, NULL);
	struct mail mail = { .raw = { data, size } };

	g_mime_init();
	for (int i = 0; i < 2; i++) {
		if (mail_take(testctx_context(t), &mail, &own) != JEMBATAN_OK)
			abort();
	}
	if (testctx_emit_count(t) != 2 ||
	    strcmp(testctx_emit(t, 0)->id, testctx_emit(t, 1)->id) != 0)
		abort();
	check(testctx_emit(t, 0), data, size);
	testctx_free(t);
	return 0;
}
