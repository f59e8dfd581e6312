/* spawn.c: fork and exec of a child. */
#include "intake/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/poison.h"

#define CHILD_FD 3
#define AHEAD_BYTES (1024 * 1024) /* some 400 records */

const char *spawn_program(void)
{
	const char *program = getenv("JEMBATAN_CONNECTOR");
	return program != NULL && program[0] == '/' ? program :
	       JEMBATAN_LIBEXECDIR "/jembatan-connector";
}

const char *spawn_web_program(void)
{
	const char *program = getenv("JEMBATAN_WEB");
	return program != NULL && program[0] == '/' ? program : JEMBATAN_LIBEXECDIR "/jembatan-web";
}

/* Runs between fork and exec: async-signal-safe calls only. */
static void __attribute__((noreturn)) become_child(int fd, pid_t parent, char *const argv[])
{
	/* The signal is tied to the forking thread and is not sent when the
	 * parent died before this line: hence the second look. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
		_exit(70);
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	int null = open("/dev/null", O_RDONLY);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		_exit(70);
	if (dup2(fd, CHILD_FD) < 0)
		_exit(70);
	/* dup2 on itself keeps close-on-exec. */
	if (fd == CHILD_FD)
		(void)fcntl(CHILD_FD, F_SETFD, 0);
	(void)close_range(CHILD_FD + 1, ~0u, 0);
	execv(argv[0], argv);
	_exit(71);
}

/* A turn's worth of what it says fits in, so that it goes on while the core writes
 * the last one. The kernel gives as much of it as net.core.wmem_max allows. */
static void give_room(int child_fd)
{
	const int bytes = AHEAD_BYTES;
	(void)setsockopt(child_fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

enum jembatan_result spawn_child(char *const argv[], pid_t *out_pid, int *out_fd, struct why *why)
{
	int pair[2];
	if (access(argv[0], X_OK) != 0)
		return why_set(why, JEMBATAN_CONFIG, "cannot run %s: %s", argv[0], strerror(errno));
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return why_set(why, JEMBATAN_RETRY, "cannot make a socket: %s", strerror(errno));
	give_room(pair[1]);
	pid_t parent = getpid();
	pid_t pid = fork();
	if (pid == 0)
		become_child(pair[1], parent, argv);
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return why_set(why, JEMBATAN_RETRY, "cannot start a process: %s", strerror(errno));
	}
	*out_pid = pid;
	*out_fd = pair[0];
	return JEMBATAN_OK;
}

enum jembatan_result spawn_connector(const struct spawn_options *o, pid_t *out_pid, int *out_fd,
				     struct why *why)
{
	char *argv[8];
	size_t n = 0;
	argv[n++] = (char *)o->program;
	argv[n++] = (char *)"--connector";
	argv[n++] = (char *)o->plugin;
	argv[n++] = (char *)"--confinement";
	argv[n++] = (char *)(o->confinement_required ? "required" : "preferred");
	if (o->spool != NULL) {
		argv[n++] = (char *)"--spool";
		argv[n++] = (char *)o->spool;
	}
	argv[n] = NULL;
	return spawn_child(argv, out_pid, out_fd, why);
}

void spawn_describe_end(int status, char *out, size_t size)
{
	if (WIFEXITED(status))
		snprintf(out, size, "exited with %d", WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		snprintf(out, size, "was killed by signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else
		snprintf(out, size, "ended");
}
