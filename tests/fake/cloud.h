/* cloud.h: a fake of Meta's Graph API as WhatsApp's Cloud API uses it: messages
 * out, media in. It demands what Meta demands and misbehaves on cue; webhooks
 * come from the tests themselves. */
#ifndef FAKE_CLOUD_H
#define FAKE_CLOUD_H

#include "faults.h"
#include "peer.h"

#include <pthread.h>

struct cloud {
	struct faults *faults;
	const char *token;  /* demanded as Bearer */
	const char *secret; /* of the app: demands its proof; NULL: none */
	int64_t number;     /* our phone_number_id */
	const char *elsewhere; /* where files are said to lie; NULL: here */
	unsigned hang_ms;
	bool quiet;
	pthread_mutex_t lock;
	json_t *sent;   /* what was taken, in order: {"id", "message"} */
	json_t *errors; /* to come: {"where", "status", "code", "subcode", "times", "commit"} */
	json_t *asked;  /* operation to number of requests */
	int64_t count;
};

extern const char *const CLOUD_OPERATIONS[];

void cloud_init(struct cloud *c);
void cloud_done(struct cloud *c);
/* A peer_handler; owner is a struct cloud. */
void cloud_handle(void *owner, struct peer_request *r, struct peer_answer *a);

#endif
