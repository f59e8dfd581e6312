/* kit_server.h: a small HTTP peer for test_kit_http and test_kit_auth, which
 * misbehaves by path. It counts what it was asked. */
#ifndef TESTS_KIT_SERVER_H
#define TESTS_KIT_SERVER_H

#include <stdbool.h>
#include <stddef.h>

struct kit_server;

struct kit_server *kit_server_start(void);
void kit_server_stop(struct kit_server *s);
/* "http://127.0.0.1:<port><path>"; the caller frees. */
char *kit_server_url(const struct kit_server *s, const char *path);
unsigned kit_server_count(struct kit_server *s);       /* requests begun */
unsigned kit_server_connections(struct kit_server *s); /* ever opened */
unsigned kit_server_posts(struct kit_server *s);       /* bodies read whole */
unsigned kit_server_tokens(struct kit_server *s);      /* OAuth2 tokens issued */
/* The next token that is issued, and those after it; NULL: tok-1, tok-2. */
void kit_server_issue(struct kit_server *s, const char *next, const char *later);
/* Grant refresh_token: only r-<n> is taken, n being how often that grant was used;
 * the answer holds the next one. */
unsigned kit_server_refreshes(struct kit_server *s);
/* From now on no token is taken any more; a new one is. */
void kit_server_revoke(struct kit_server *s);
void kit_server_refuse_all(struct kit_server *s, bool refuse); /* every token: 401 */
const char *kit_server_body(struct kit_server *s);          /* the last body */
const char *kit_server_authorization(struct kit_server *s); /* of the last request; "" */

#endif
