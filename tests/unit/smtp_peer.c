/* smtp_peer.c: see smtp_peer.h. */
#include "smtp_peer.h"

#include <ftw.h>
#include <glob.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

void smtp_peer_start(struct smtp_peer *peer, const char *const *arguments)
{
	const char *argv[24] = { "python3", TEST_TOP "/tests/fake/smtp.py", peer->dir };
	int fds[2];

	memset(peer, 0, sizeof *peer);
	snprintf(peer->dir, sizeof peer->dir, "/tmp/jembatan-smtp-XXXXXX");
	for (size_t i = 0; i < 20 && arguments != NULL && arguments[i] != NULL; i++)
		argv[3 + i] = arguments[i];
	if (mkdtemp(peer->dir) == NULL || pipe(fds) < 0)
		abort();
	peer->pid = fork();
	if (peer->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(fds[1], STDOUT_FILENO);
		close(fds[0]);
		execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	close(fds[1]);
	FILE *said = fdopen(fds[0], "r");

	if (said == NULL || fscanf(said, "%u", &peer->port) != 1) {
		fprintf(stderr, "tests/fake/smtp.py does not start\n");
		abort();
	}
	fclose(said);
	snprintf(peer->url, sizeof peer->url, "smtp://localhost:%u", peer->port);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *walk)
{
	(void)st, (void)flag, (void)walk;
	return remove(path);
}

void smtp_peer_stop(struct smtp_peer *peer)
{
	kill(peer->pid, SIGKILL);
	waitpid(peer->pid, NULL, 0);
	nftw(peer->dir, remove_one, 8, FTW_PHYS | FTW_DEPTH);
}

void smtp_peer_cue(const struct smtp_peer *peer, const char *cue)
{
	char path[200];

	snprintf(path, sizeof path, "%s/cues", peer->dir);
	FILE *out = fopen(path, "w");

	if (out == NULL || fputs(cue, out) < 0 || fclose(out) != 0)
		abort();
}

static char *read_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	char *data = calloc(1, 1u << 20);

	if (file == NULL)
		return data;
	size_t size = fread(data, 1, (1u << 20) - 1, file);

	data[size] = '\0';
	fclose(file);
	return data;
}

size_t smtp_peer_mails(const struct smtp_peer *peer, const char *box, char **out_mail)
{
	char pattern[200];
	glob_t found;

	snprintf(pattern, sizeof pattern, "%s/%s/new/*", peer->dir, box);
	if (glob(pattern, 0, NULL, &found) != 0)
		return 0;
	size_t count = found.gl_pathc;

	if (out_mail != NULL)
		*out_mail = read_file(found.gl_pathv[0]);
	globfree(&found);
	return count;
}

char *smtp_peer_log(const struct smtp_peer *peer)
{
	char path[200];

	snprintf(path, sizeof path, "%s/log", peer->dir);
	return read_file(path);
}
