/* jail.h: what jembatan-web may not do once it listens: open any file, start
 * anything, signal anybody, make another connection. Irrevocable. */
#ifndef WEB_JAIL_H
#define WEB_JAIL_H

#include "base/why.h"

/* Room for so many descriptors; returns how many there are. */
size_t jail_allow_files(size_t wanted);

/* `out_text` says what holds, such as "landlock 2, seccomp". True: all of it. */
bool jail_enter(char *out_text, size_t size);

#endif
