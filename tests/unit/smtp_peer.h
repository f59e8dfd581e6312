/* smtp_peer.h: tests/fake/smtp.py, or a real Exim, as a child of a test. */
#ifndef TESTS_SMTP_PEER_H
#define TESTS_SMTP_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct smtp_peer {
	char dir[64]; /* <dir>/<local part>/new: what it has taken; <dir>/log */
	char url[64]; /* smtp://localhost:PORT */
	unsigned port;
	pid_t pid;
	int input; /* it ends when this is closed */
};

/* arguments: as smtp.py has them, without DIR; ends with NULL; at most 20. */
void smtp_peer_start(struct smtp_peer *peer, const char *const *arguments);
/* Exim, by tests/e2e/exim.py. false: it cannot run here, and has said why. */
bool smtp_peer_exim(struct smtp_peer *peer, const char *certificate, const char *key);
/* Ends it and removes its folder. */
void smtp_peer_stop(struct smtp_peer *peer);

/* From the next connection on; "": as usual. */
void smtp_peer_cue(const struct smtp_peer *peer, const char *cue);

/* A certificate for localhost, and its key, as files. false: there is no openssl. */
bool smtp_peer_certificate(char certificate[100], char key[100]);

/* The mails in a box, counted; the first of them is *out_mail, which the caller
 * frees, unless that is NULL. */
size_t smtp_peer_mails(const struct smtp_peer *peer, const char *box, char **out_mail);
/* The same, once there are so many, within 30 s. */
void smtp_peer_wait(const struct smtp_peer *peer, const char *box, size_t count, char **out_mail);
/* What clients said; the caller frees. */
char *smtp_peer_log(const struct smtp_peer *peer);

#endif
