/* email_receipt.c: see email_receipt.h. */
#include "email/email_receipt.h"
#include "email/address.h"

#include <string.h>
#include <strings.h>

/* To whom it came: that is our bounce address, if there was one. */
static const char *bounced_reference(const struct headers *h, const struct own *own,
				     struct kit_arena *arena)
{
	static const char *const names[] = { "To", "Delivered-To", "X-Original-To", "Envelope-To",
					     "X-Envelope-To", "X-Delivered-To" };

	for (size_t i = 0; i < h->count; i++) {
		for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
			struct address to;

			if (strcasecmp(h->list[i].name, names[k]) != 0)
				continue;
			address_read(h->list[i].value, arena, &to);
			const char *reference = own_bounce_reference(own, to.mail, arena);

			if (reference != NULL)
				return reference;
		}
	}
	return NULL;
}

/* Old servers write a bounce as a text for people. An absence notice goes to the
 * bounce address too, and says that the mail has arrived. */
static bool is_old_bounce(const struct headers *h)
{
	static const char *const words[] = {
		"undeliverable:", "undelivered mail", "delivery status notification (failure)",
		"mail delivery failed", "mail delivery failure", "returned mail:", "failure notice",
		"tidak dapat terkirim:", "tidak terkirim:", "pengiriman email gagal" };
	const char *subject = headers_get(h, "Subject");

	if (headers_get(h, "X-Failed-Recipients") != NULL)
		return true;
	for (size_t i = 0; subject != NULL && i < sizeof words / sizeof words[0]; i++) {
		if (strncasecmp(subject, words[i], strlen(words[i])) == 0)
			return true;
	}
	return false;
}

static bool state_of(const struct headers *h, const struct report *report,
		     enum jembatan_receipt_state *out)
{
	switch (report->kind) {
	case REPORT_FAILED:
		*out = JEMBATAN_RECEIPT_FAILED;
		return true;
	case REPORT_DELIVERED:
		*out = JEMBATAN_RECEIPT_DELIVERED;
		return true;
	case REPORT_READ:
		*out = JEMBATAN_RECEIPT_READ;
		return true;
	case REPORT_NONE:
		break;
	}
	*out = JEMBATAN_RECEIPT_FAILED;
	return !report->is_report && is_old_bounce(h);
}

bool email_receipt(const struct headers *h, const struct report *report, const struct own *own,
		   struct kit_arena *arena, struct jembatan_receipt *out)
{
	enum jembatan_receipt_state state;

	if (!state_of(h, report, &state))
		return false;
	const char *reference = own_id_reference(own, report->message_id, arena);
	const char *message_id = reference != NULL ? report->message_id : NULL;

	if (reference == NULL)
		reference = bounced_reference(h, own, arena);
	if (reference == NULL)
		return false;
	*out = (struct jembatan_receipt){ .size = sizeof *out,
					  .remote_id = message_id,
					  .reference = reference,
					  .state = state };
	if (state == JEMBATAN_RECEIPT_FAILED)
		out->reason = report->status[0] != '\0' ? report->status : "bounced";
	return true;
}
