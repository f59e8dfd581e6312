/* fault.h: named points where tests kill or disturb the process. Compiled to
 * nothing unless configured with --enable-faults; never in a release. */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#ifdef JEMBATAN_FAULTS
/* Kill this process (SIGKILL) when JEMBATAN_KILL_AT=name[:n] names this point
 * and it has been reached n times (default 1). */
void fault_point(const char *name);
/* True when JEMBATAN_PLANT=name asks for this planted bug. */
bool fault_planted(const char *name);
/* The environment's number of that name, else `usual`: shorter deadlines. */
int64_t fault_number(const char *name, int64_t usual);
/* True when this allocation is to fail (fault_calls.c, which counts calls and
 * lets the n-th of a kind fail). Weak: plugins are built without it. */
bool fault_allocation(void) __attribute__((weak));
/* By how much the wall clock is wrong: the first 8 bytes of the file that
 * JEMBATAN_CLOCK names, as they are at this moment. Weak, as above. */
int64_t fault_clock_ms(void) __attribute__((weak));
#define FAULT_CLOCK_MS() (fault_clock_ms ? fault_clock_ms() : 0)
#define FAULT_POINT(name) fault_point(name)
#define FAULT_PLANTED(name) fault_planted(name)
#define FAULT_NUMBER(name, usual) fault_number(name, usual)
#else
#define FAULT_POINT(name) ((void)0)
#define FAULT_PLANTED(name) false
#define FAULT_NUMBER(name, usual) (usual)
#define FAULT_CLOCK_MS() 0
#endif

#if defined(JEMBATAN_FAULTS) && defined(JEMBATAN_SANITIZED)
#define FAULT_ALLOCATION() (fault_allocation && fault_allocation())
#else
#define FAULT_ALLOCATION() false
#endif

/* tests/coverage: what ran until now is written down, since a process that is
 * killed later writes nothing. -DJEMBATAN_COVERAGE is given by that script only. */
#ifdef JEMBATAN_COVERAGE
void __gcov_dump(void);
void __gcov_reset(void);
#define FAULT_COVERED() (__gcov_dump(), __gcov_reset())
#else
#define FAULT_COVERED() ((void)0)
#endif

#endif
