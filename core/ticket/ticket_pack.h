/* ticket_pack.h: the form in which the store seals a ticket: packed fields, as
 * messages have. Reading it back costs a tenth of reading JSON. */
#ifndef TICKET_TICKET_PACK_H
#define TICKET_TICKET_PACK_H

#include "ticket/ticket.h"

void ticket_pack(const struct ticket *t, struct buf *out);
/* Of what ticket_pack made, or of a ticket's JSON (stores hold both). Texts
 * are borrowed from `packed`, lists live in the arena. DATA when it is neither. */
MUST_CHECK enum jembatan_result ticket_unpack(struct jembatan_bytes packed, struct arena *arena,
					      struct ticket *out, struct why *why);
/* JSON does not need to be unpacked to be shown. */
bool ticket_is_packed(struct jembatan_bytes body);

#endif
