/* whatsapp_parse.h: the bytes of a webhook to messages and receipts. Pure: no
 * network, no state, any bytes. What is understood in part is kept whole: each
 * message carries bytes that can be read again by itself. */
#ifndef WHATSAPP_PARSE_H
#define WHATSAPP_PARSE_H

#include <jembatan/kit.h>

/* Our own numbers; NULL: not checked. */
struct wa_own {
	const char *phone_number_id;
	const char *account_id; /* of the WhatsApp Business Account */
};

/* What one webhook brought, in the order of its bytes. */
struct wa_batch {
	struct jembatan_message *messages;
	size_t message_count;
	struct jembatan_receipt *receipts;
	size_t receipt_count;
	int alarm_code; /* of errors that belong to no message; 0: none */
	json_t *root;   /* what the above points into */
};

/* Fills *out, whose strings live in the arena or in root: wa_batch_done. A
 * message without `raw` has the whole body for it. DATA: the body is not JSON. */
JEMBATAN_MUST_CHECK enum jembatan_result
wa_parse(struct jembatan_bytes body, const struct wa_own *own, struct kit_arena *arena,
	 struct wa_batch *out, struct kit_why *why);
void wa_batch_done(struct wa_batch *batch);

/* A business-scoped user id, such as ID.1349...; never shown, never a phone. */
bool wa_is_number(const char *s); /* a phone number, digits only */
bool wa_is_user_id(const char *text);

/* What fetch() needs of a file, as one text and back. */
struct wa_media {
	char id[65];
	char sha256[65]; /* base64 or hex, as Meta writes it; "" when unknown */
};
bool wa_media_read(const char *reference, struct wa_media *out);

#endif
