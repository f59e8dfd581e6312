/* confine.h: what a child may not do, from before its plugin is loaded until
 * it ends. Irrevocable. */
#ifndef CONNECTOR_CONFINE_H
#define CONNECTOR_CONFINE_H

#include "base/msg.h"

struct confine_plan {
	const char *plugin;        /* absolute; its folder stays readable */
	const char *spool_folder;  /* writable; or NULL */
	const struct msg_grant *grants;
	size_t grant_count;
	int64_t file_max_bytes;    /* no file may become larger */
	bool no_network;           /* check, preview, describe */
};

struct confine_outcome {
	char text[160]; /* "landlock 2, seccomp", or what is missing and why */
	bool degraded;
};

/* Close foreign fds, empty the environment, set limits, Landlock, drop
 * capabilities, seccomp. */
void confine_self(const struct confine_plan *plan, struct confine_outcome *out);

/* landlock.c: the ABI in use, or 0 and why. */
unsigned landlock_confine(const struct confine_plan *plan, struct why *why);
/* syscalls.c */
MUST_CHECK bool syscalls_confine(bool no_network, struct why *why);

#endif
