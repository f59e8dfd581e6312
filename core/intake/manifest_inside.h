/* manifest_inside.h: how frames of a connector that was only asked about itself
 * are heard; for manifest.c, which waits for them, and tryout.c, which is told
 * by the loop. */
#ifndef INTAKE_MANIFEST_INSIDE_H
#define INTAKE_MANIFEST_INSIDE_H

#include "intake/manifest.h"

struct hearing {
	struct arena *arena; /* the manifest's; what else comes is not kept */
	struct msg_manifest *manifest;
	manifest_on_message *on; /* or NULL */
	manifest_on_receipt *on_receipt; /* or NULL */
	void *data;
	bool is_begun; /* a record, of which nothing came yet */
	bool is_done;
};

/* Take one frame; an answer to it may be queued in the channel. */
MUST_CHECK enum jembatan_result manifest_hear(struct channel *channel, const char *name,
					      struct hearing *h, const struct frame *f,
					      struct arena *scratch, struct why *why);

#endif
