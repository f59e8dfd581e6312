/* social_links.h: what the link of a post says of it, as people copy it out of
 * their browser. Pure. */
#ifndef SOCIAL_LINKS_H
#define SOCIAL_LINKS_H

#include <jembatan/kit.h>

struct social_link {
	const char *id;     /* as the network's API says it; NULL: the link does not tell */
	const char *handle; /* of the author, "@name"; or NULL */
	const char *url;    /* the link without what only tracks; never NULL */
};

/* network: as in the option; own: `url` of the instance, or "". False: it is no
 * link, or of another network. Strings live in the arena. */
bool social_link_read(const char *network, const char *own, const char *url,
		      struct kit_arena *arena, struct social_link *out);

#endif
