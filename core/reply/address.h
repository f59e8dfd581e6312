/* address.h: where a citizen can be told something: found anew each time in the
 * message that he wrote, where it is sealed with his own key. Pure. */
#ifndef REPLY_ADDRESS_H
#define REPLY_ADDRESS_H

#include "base/arena.h"
#include "base/msg.h"
#include "reply/channel.h"

struct reply_address {
	const char *kind;  /* "id", "phone", "mail", "handle", "record" */
	const char *value; /* as the plugin gets it */
	const char *key;   /* normalised, for the keyed hash */
};

/* The address of this kind; kind NULL: the channel's best. False: none that
 * could be used. Texts are the message's or the arena's. */
bool reply_address(const struct reply_channel *channel, const struct jembatan_message *m,
		   const char *kind, struct arena *arena, struct reply_address *out);

/* Why nobody is answered; NULL: he is. since_ms: replies were switched on then,
 * and what arrived before is not answered. */
const char *reply_not_answered(const struct jembatan_message *m, int64_t received_ms,
			       int64_t since_ms);

/* A channel's sentence is kept and logged: what it repeats of this address
 * (NULL: none), and whatever else in it looks like somebody's, becomes "*". */
void reply_hide(char *sentence, const char *address);

#endif
