/* pages.h: code and constants that only the start needed, out of the process again. */
#ifndef BASE_PAGES_H
#define BASE_PAGES_H

#include "base/mem.h"

#include <link.h>

/* Unmap what is never written of the program and its libraries. The kernel maps a
 * page again, from its cache, when it is used: so only what the work itself needs
 * comes back. Once, when the start is done; it costs some hundred page faults. */
void pages_forget_start(void);

/* Whether the code of an object with this dynamic section (NULL: none) is as in its
 * file: text relocations would be lost with their pages. */
bool pages_are_as_in_file(const ElfW(Dyn) *dynamic);

#endif
