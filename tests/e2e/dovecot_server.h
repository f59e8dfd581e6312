/* dovecot_server.h: a real Dovecot for tests: as an ordinary user, in a folder
 * of its own, on free ports of loopback. Any user logs in with the password
 * "rahasia", or with a token of dovecot_token by XOAUTH2 or OAUTHBEARER; the mail
 * of user u lies in <dir>/mail/u. */
#ifndef TESTS_DOVECOT_SERVER_H
#define TESTS_DOVECOT_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct dovecot {
	char dir[256];
	char ca_file[300];      /* its certificate, for localhost */
	unsigned port, tls_port;
	pid_t pid;
	uid_t uid; /* whose the mail is */
	gid_t gid;
};

/* Start it and wait until it answers. false: says on stderr what is missing. */
bool dovecot_start(struct dovecot *d);
/* Stop it and remove its folder. */
void dovecot_stop(struct dovecot *d);

/* A signed token (JWT) for this user, valid from now on for so many seconds, which
 * may be below 0. The caller frees. */
char *dovecot_token(const char *user, long life_s);

/* Put a mail into new/ of a user's INBOX. age_s: how long ago it arrived. */
void dovecot_drop(const struct dovecot *d, const char *user, unsigned number, const char *mail,
		  size_t size, long age_s);
/* Forget the numbers that mails have: the next UIDVALIDITY is another. */
void dovecot_forget_numbers(const struct dovecot *d, const char *user);
/* Number of mails in a user's INBOX that carry a flag (0: all mails). */
unsigned dovecot_count(const struct dovecot *d, const char *user, char flag);

/* A process between a client and port `to`: the first `cuts` connections are
 * cut once `after` bytes have come from the server; bytes wait delay_ms each
 * way. Listens on *out_port; kill it when done. */
pid_t proxy_start(unsigned to, unsigned cuts, size_t after, unsigned delay_ms,
		  unsigned *out_port);
/* From now on nothing passes over the connection that is open, in either direction,
 * and nobody closes it; connections made after this pass. Returns once it is so. */
void proxy_silence(pid_t proxy);

#endif
