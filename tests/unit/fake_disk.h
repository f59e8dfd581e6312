/* fake_disk.h: a disk that syncs slowly or refuses to, when our own code asks it
 * (what SQLite asks itself goes to the real one). Included by one file of a program
 * that is linked with -Wl,--wrap=fdatasync. */
#ifndef TESTS_FAKE_DISK_H
#define TESTS_FAKE_DISK_H

#include <errno.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

enum disk { DISK_WELL, DISK_SLOW, DISK_REFUSES };

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	enum disk is;
	unsigned begun, refused, ended;
} disk = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static void disk_set(enum disk is)
{
	pthread_mutex_lock(&disk.lock);
	disk.is = is;
	pthread_cond_broadcast(&disk.changed);
	pthread_mutex_unlock(&disk.lock);
}

static unsigned disk_count(const unsigned *of)
{
	pthread_mutex_lock(&disk.lock);
	unsigned count = *of;
	pthread_mutex_unlock(&disk.lock);
	return count;
}

int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);

/* The first thread of the program is never slow: it is the one that tests. */
int __wrap_fdatasync(int fd)
{
	pthread_mutex_lock(&disk.lock);
	disk.begun++;
	while (disk.is == DISK_SLOW && syscall(SYS_gettid) != getpid())
		pthread_cond_wait(&disk.changed, &disk.lock);
	bool refuses = disk.is == DISK_REFUSES;
	disk.refused += refuses;
	pthread_mutex_unlock(&disk.lock);
	if (refuses) {
		errno = EIO;
		return -1;
	}
	int result = __real_fdatasync(fd);
	pthread_mutex_lock(&disk.lock);
	disk.ended++;
	pthread_mutex_unlock(&disk.lock);
	return result;
}

#endif
