/* listen.h: the one socket that jembatan-web listens on: loopback or UNIX. */
#ifndef WEB_LISTEN_H
#define WEB_LISTEN_H

#include "base/why.h"

#define LISTEN_NAME_SIZE 128u

/* "127.0.0.1:PORT", "[::1]:PORT" (0: any) or "unix:/PATH", whose old socket is
 * removed. The caller owns *out_fd; out_name says where it listens. */
MUST_CHECK enum jembatan_result listen_open(const char *where, int *out_fd,
					    char out_name[LISTEN_NAME_SIZE], struct why *why);

#endif
