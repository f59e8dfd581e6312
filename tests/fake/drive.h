/* drive.h: starts a fake as a child and talks to it, for tests. A broken test
 * bench aborts. A request is never sent twice. */
#ifndef FAKE_DRIVE_H
#define FAKE_DRIVE_H

#include "base/buf.h"
#include <curl/curl.h>
#include <jansson.h>
#include <sys/types.h>

struct drive {
	pid_t pid;
	char url[64];
	CURL *curl;
	long timeout_ms;
	struct curl_slist *headers; /* sent with every call */
	long status;                /* of the last answer */
	struct buf head;            /* its header lines */
	struct buf body;
};

/* arguments: after the program's name, ended by NULL. Waits until it listens;
 * the child ends with its parent. */
void drive_start(struct drive *d, const char *program, const char *const *arguments);
/* Sends the signal, waits; gives the wait status. */
int drive_stop(struct drive *d, int signal_number);
void drive_add_header(struct drive *d, const char *line);

/* body: JSON, or NULL for none. What libcurl says. */
CURLcode drive_call(struct drive *d, const char *method, const char *path, const char *body);
/* A form in libcurl's words; takes it. */
CURLcode drive_form(struct drive *d, const char *path, curl_mime *form);
/* The same, with the answer as JSON; NULL when it is none. The caller's. */
json_t *drive_json(struct drive *d, const char *method, const char *path, const char *body);

#endif
