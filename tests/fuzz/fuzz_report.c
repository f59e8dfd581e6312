/* fuzz_report.c: a machine's mail about a reply: whatever its bytes, it is never a
 * complaint, and a receipt holds a reference of ours and codes only. */
#include "email/email_parse.h"
#include "kit/testctx.h"

#include <gmime/gmime.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be_of(const char *text, const char *letters, size_t max)
{
	if (text != NULL && (*text == '\0' || strlen(text) > max ||
			     strspn(text, letters) != strlen(text)))
		abort();
}

static void check(const struct jembatan_receipt *r)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

	if (r->reference == NULL || r->state > JEMBATAN_RECEIPT_FAILED)
		abort();
	must_be_of(r->reference, letters, OWN_REFERENCE_MAX);
	must_be_of(r->reason, "0123456789.bouncde", 12);
	if (r->remote_id != NULL &&
	    !kit_utf8_is_valid((struct jembatan_bytes){ r->remote_id, strlen(r->remote_id) }))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char head[] = "Return-Path: <>\n";
	/* No key: what looks like ours is ours, so that the fuzzer gets past it. */
	static const struct own own = { .is_shown = true };
	struct testctx *t = testctx_new(NULL, NULL);
	char *text = malloc(sizeof head - 1 + size);

	if (text == NULL)
		abort();
	memcpy(text, head, sizeof head - 1);
	if (size > 0)
		memcpy(text + sizeof head - 1, data, size);
	const struct mail mail = { .raw = { text, sizeof head - 1 + size } };

	g_mime_init();
	if (mail_take(testctx_context(t), &mail, &own) != JEMBATAN_OK ||
	    testctx_emit_count(t) != 1 || testctx_receipt_count(t) > 1)
		abort();
	enum jembatan_kind kind = testctx_emit(t, 0)->kind;

	if (kind != JEMBATAN_SYSTEM && kind != JEMBATAN_IGNORED)
		abort();
	if (testctx_receipt_count(t) == 1)
		check(testctx_receipt(t, 0));
	testctx_free(t);
	free(text);
	return 0;
}
