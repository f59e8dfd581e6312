/* smtp_peer.c: see smtp_peer.h. */
#include "smtp_peer.h"

#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* false: it ended before it said its port. */
static bool spawn(struct smtp_peer *peer, const char *const *argv)
{
	int out[2], in[2];

	if (pipe2(out, O_CLOEXEC) < 0 || pipe2(in, O_CLOEXEC) < 0)
		abort();
	peer->pid = fork();
	if (peer->pid == 0) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	peer->input = in[1];
	FILE *said = fdopen(out[0], "r");
	bool good = said != NULL && fscanf(said, "%u", &peer->port) == 1;

	fclose(said);
	snprintf(peer->url, sizeof peer->url, "smtp://localhost:%u", peer->port);
	return good;
}

static void make_folder(struct smtp_peer *peer)
{
	memset(peer, 0, sizeof *peer);
	snprintf(peer->dir, sizeof peer->dir, "/tmp/jembatan-smtp-XXXXXX");
	if (mkdtemp(peer->dir) == NULL)
		abort();
}

void smtp_peer_start(struct smtp_peer *peer, const char *const *arguments)
{
	const char *argv[24] = { "python3", TEST_TOP "/tests/fake/smtp.py", peer->dir };

	make_folder(peer);
	for (size_t i = 0; i < 20 && arguments != NULL && arguments[i] != NULL; i++)
		argv[3 + i] = arguments[i];
	if (!spawn(peer, argv)) {
		fprintf(stderr, "tests/fake/smtp.py does not start\n");
		abort();
	}
}

bool smtp_peer_exim(struct smtp_peer *peer, const char *certificate, const char *key)
{
	const char *const argv[] = { "python3", TEST_TOP "/tests/e2e/exim.py", peer->dir,
				     certificate, key, NULL };

	make_folder(peer);
	return spawn(peer, argv);
}

bool smtp_peer_certificate(char certificate[100], char key[100])
{
	char command[600];

	snprintf(certificate, 100, "/tmp/jembatan-smtp-%d.pem", getpid());
	snprintf(key, 100, "/tmp/jembatan-smtp-%d.key", getpid());
	snprintf(command, sizeof command,
		 "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext "
		 "subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout %s -out %s 2>/dev/null",
		 key, certificate);
	bool good = system(command) == 0;

	if (!good)
		fprintf(stderr, "no certificate: apt-get install openssl\n");
	return good;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *walk)
{
	(void)st, (void)flag, (void)walk;
	return remove(path);
}

void smtp_peer_stop(struct smtp_peer *peer)
{
	close(peer->input);
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

void smtp_peer_wait(const struct smtp_peer *peer, const char *box, size_t count, char **out_mail)
{
	struct timespec tick = { 0, 50 * 1000 * 1000 };

	for (int i = 0; smtp_peer_mails(peer, box, NULL) < count; i++) {
		if (i == 600) {
			fprintf(stderr, "no mail in %s of %s\n", box, peer->dir);
			abort();
		}
		nanosleep(&tick, NULL);
	}
	smtp_peer_mails(peer, box, out_mail);
}

char *smtp_peer_log(const struct smtp_peer *peer)
{
	char path[200];

	snprintf(path, sizeof path, "%s/log", peer->dir);
	return read_file(path);
}
