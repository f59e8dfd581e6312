/* probe.h: a probe of each channel in a process that is not the daemon: opens
 * the store, starts nothing by itself, waits. */
#ifndef INTAKE_PROBE_H
#define INTAKE_PROBE_H

#include "intake/intake.h"

struct probe;

/* RETRY: another process works on this store. */
MUST_CHECK enum jembatan_result probe_open(struct settings *s, struct probe **out,
					   struct why *why);
void probe_run(struct probe *p, const char *name, struct intake_job *out); /* see intake_probe */
void probe_close(struct probe *p); /* NULL is fine */

#endif
