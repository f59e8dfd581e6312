/* email_body.h: the parts of a mail: one text to read, and the attachments,
 * which go into the spool as they are decoded. Limits of our own on depth,
 * number of parts and size of text; what is beyond them is counted, and is in
 * the raw mail. */
#ifndef EMAIL_EMAIL_BODY_H
#define EMAIL_EMAIL_BODY_H

#include <jembatan/kit.h>

#include <gmime/gmime.h>

#define BODY_TEXT_MAX_BYTES (256u * 1024u)
#define BODY_ATTACHMENTS_MAX 100u

/* Set the input and zero the rest. */
struct body {
	struct jembatan_context *ctx;
	struct kit_arena *arena;
	bool is_machine; /* a report: no attachments, the mail in it is not text */
	bool is_cut;     /* the mail's end is missing: so is that of its last part */

	/* What its writer wrote, and the mails attached to it, as text. Both with
	 * a ceiling of BODY_TEXT_MAX_BYTES. */
	struct kit_text *text, *forwarded;
	bool text_cut;
	struct jembatan_attachment *attachments;
	size_t attachment_count;
	size_t left_out;            /* attachments and parts beyond a limit */
	bool is_encrypted;          /* and nothing else is in it */
	const char *inner_message_id; /* of the first mail attached */

	unsigned part_count, depth;
	size_t spool_count;
};

/* Walk over the mail. Anything but OK is the host's and ends the poll. */
JEMBATAN_MUST_CHECK enum jembatan_result body_read(struct body *body, GMimeObject *root);

#endif
