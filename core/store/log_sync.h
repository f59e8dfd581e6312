/* log_sync.h: internal to core/store. Syncs the database's log (jembatan.db-wal) in
 * a thread of its own, so that the next transaction is written meanwhile. */
#ifndef STORE_LOG_SYNC_H
#define STORE_LOG_SYNC_H

#include <pthread.h>

#include "base/why.h"

struct log_sync {
	int fd;    /* the log, opened once more */
	int ended; /* an eventfd: readable once a sync has ended */
	bool has_thread;
	pthread_t thread;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t changed;
	bool wanted, stopping;
	int error;        /* errno of the last one */
	int64_t ended_us; /* by the monotonic clock */
};

/* The log must be there. CONFIG with the reason. The thread begins with the first
 * sync. After a failure log_sync_done may be called, as without log_sync_open on a
 * struct of LOG_SYNC_NONE. */
#define LOG_SYNC_NONE { .fd = -1, .ended = -1 }
MUST_CHECK enum jembatan_result log_sync_open(struct log_sync *s, const char *path,
					      struct why *why);
void log_sync_done(struct log_sync *s); /* waits for what is under way */

/* What is written by now. The one before must have ended. */
void log_sync_begin(struct log_sync *s);
bool log_sync_is_under_way(struct log_sync *s);
/* Waits for its end: 0, or errno's word for what the disk said. */
int log_sync_wait(struct log_sync *s);

/* After a failed sync the kernel takes for written what is not: writes the whole log
 * over itself and syncs it; nothing to do where it is empty. Nobody may write to it
 * meanwhile. 0, or errno's word. */
int log_sync_again(struct log_sync *s);

#endif
