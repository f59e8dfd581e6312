/* memory.h: memory for SQLite. Debian's has no lookaside: it asks malloc for each
 * cursor of each statement. For a process in which one thread uses SQLite. */
#ifndef STORE_MEMORY_H
#define STORE_MEMORY_H

/* From now on, unless SQLite is at work already. */
void memory_use_lists(void);

#endif
