/* app.h: the fake agency app as one object. Credentials and routes in app.c,
 * the lists with their ways of paging in lists.c. */
#ifndef FAKE_APP_H
#define FAKE_APP_H

#include "faults.h"
#include "peer.h"
#include "records.h"

#include <stdatomic.h>

#define APP_REQUIRED_MAX 8u

enum app_operation {
	APP_TOKEN,
	APP_LIST,
	APP_DETAIL,
	APP_PAGE,
	APP_OFFSET,
	APP_CURSOR,
	APP_NEXT,
	APP_LINK,
	APP_PHOTO,
	APP_WRITE,
	APP_ADMIN /* /_...: no faults, no credentials */
};

/* The operations that faults may name, ended by NULL. */
extern const char *const APP_OPERATIONS[];

struct app {
	struct records *records;
	struct faults *faults;
	const char *client_id; /* NULL: no OAuth2 */
	const char *client_secret;
	int64_t token_ms; /* how long a token is good */
	const char *required[APP_REQUIRED_MAX]; /* "Name: value" that lists demand */
	size_t required_count;
	const char *elsewhere; /* another origin, for redirect and next-away */
	unsigned hang_ms;
	bool quiet;
	atomic_ullong tokens;      /* given out so far */
	atomic_ullong void_tokens; /* up to this one they are good no more */
	atomic_ullong requests[APP_ADMIN];
};

/* One request on its way through the app. */
struct app_call {
	struct app *app;
	struct peer_request *request;
	struct peer_answer *answer;
	struct faults_plan plan;
	int64_t number; /* from the path */
};

typedef void app_handler(struct app_call *call);

/* A peer_handler; owner is a struct app. */
void app_handle(void *owner, struct peer_request *r, struct peer_answer *a);

/* lists.c */
app_handler lists_sapawarga, lists_detail, lists_page, lists_offset, lists_cursor, lists_next,
	lists_link;

#endif
