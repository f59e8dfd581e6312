/* whatsapp_content.h: what one message says, by its type. Pure. */
#ifndef WHATSAPP_CONTENT_H
#define WHATSAPP_CONTENT_H

#include <jembatan/kit.h>

/* Fills kind, text, place, attachments, and for edits and deletions id and
 * revision, of a message of the webhook; extra gets what has no field. Strings
 * live in the arena or the JSON. */
void wa_content_fill(json_t *message, struct kit_arena *arena, struct jembatan_message *out,
		     json_t *extra);

#endif
