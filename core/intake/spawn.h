/* spawn.h: start a program of ours with a socket on fd 3 and nothing else. The
 * child confines itself; jembatan-connector before it loads its plugin. */
#ifndef INTAKE_SPAWN_H
#define INTAKE_SPAWN_H

#include "base/why.h"

#include <sys/types.h>

struct spawn_options {
	const char *program; /* jembatan-connector */
	const char *plugin;  /* path of the .so */
	const char *spool;   /* the one folder it may write; NULL: none */
	bool confinement_required;
};

/* argv ends with NULL; argv[0] is the program's path. As spawn_connector. */
MUST_CHECK enum jembatan_result spawn_child(char *const argv[], pid_t *out_pid, int *out_fd,
					    struct why *why);

/* *out_fd is our end of the socket (the caller owns it); the child dies with
 * this process. */
MUST_CHECK enum jembatan_result spawn_connector(const struct spawn_options *o, pid_t *out_pid,
						int *out_fd, struct why *why);

/* "exited with 3", "was killed by signal 11 (Segmentation fault)". */
void spawn_describe_end(int status, char *out, size_t size);

/* Where jembatan-connector is: $JEMBATAN_CONNECTOR, else as installed. */
const char *spawn_program(void);
/* Where jembatan-web is: $JEMBATAN_WEB, else as installed. */
const char *spawn_web_program(void);

#endif
