/* drive.c: see drive.h. */
#include "drive.h"

#include "base/jx.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/poison.h"

#define ARGUMENTS_MAX 64u
#define ANSWER_CEILING (256u << 20)

static void run_child(const char *program, const char *const *arguments, int out)
{
	char *argv[ARGUMENTS_MAX + 2];
	size_t n = 0;

	argv[n++] = xstrdup(program);
	for (size_t i = 0; arguments && arguments[i] && i < ARGUMENTS_MAX; i++)
		argv[n++] = xstrdup(arguments[i]);
	argv[n] = NULL;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)dup2(out, STDOUT_FILENO);
	(void)execv(program, argv);
	_exit(127);
}

static void read_url(int fd, char *out, size_t size)
{
	static const char said[] = "listening on ";
	char line[76] = "";
	size_t n = 0;

	while (n < sizeof(line) - 1 && read(fd, line + n, 1) == 1 && line[n] != '\n')
		n++;
	line[n] = '\0';
	ASSERT(str_starts(line, said));
	(void)snprintf(out, size, "%.63s", line + sizeof(said) - 1);
}

void drive_start(struct drive *d, const char *program, const char *const *arguments)
{
	int ends[2];

	memset(d, 0, sizeof(*d));
	ASSERT(pipe(ends) == 0);
	d->pid = fork();
	ASSERT(d->pid >= 0);
	if (d->pid == 0)
		run_child(program, arguments, ends[1]);
	close_fd(&ends[1]);
	read_url(ends[0], d->url, sizeof(d->url));
	close_fd(&ends[0]);
	d->curl = curl_easy_init();
	d->timeout_ms = 20000;
	buf_init(&d->head, 1u << 16);
	buf_init(&d->body, ANSWER_CEILING);
}

int drive_stop(struct drive *d, int signal_number)
{
	int status = 0;

	(void)kill(d->pid, signal_number);
	while (waitpid(d->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	curl_easy_cleanup(d->curl);
	curl_slist_free_all(d->headers);
	buf_done(&d->head);
	buf_done(&d->body);
	return status;
}

void drive_add_header(struct drive *d, const char *line)
{
	d->headers = curl_slist_append(d->headers, line);
}

static size_t on_receive(char *data, size_t size, size_t count, void *owner)
{
	buf_add(owner, data, size * count);
	return size * count;
}

struct upload {
	const char *text;
	size_t left;
};

static size_t on_send(char *out, size_t size, size_t count, void *owner)
{
	struct upload *u = owner;
	size_t n = size * count < u->left ? size * count : u->left;

	memcpy(out, u->text, n);
	u->text += n;
	u->left -= n;
	return n;
}

static CURLcode perform(struct drive *d, const char *path)
{
	CLEANUP(free_pointer) char *url = xasprintf("%s%s", d->url, path);
	CURLcode code;

	buf_clear(&d->head);
	buf_clear(&d->body);
	d->status = 0;
	curl_easy_setopt(d->curl, CURLOPT_URL, url);
	curl_easy_setopt(d->curl, CURLOPT_PROXY, "");
	curl_easy_setopt(d->curl, CURLOPT_TIMEOUT_MS, d->timeout_ms);
	curl_easy_setopt(d->curl, CURLOPT_WRITEFUNCTION, on_receive);
	curl_easy_setopt(d->curl, CURLOPT_WRITEDATA, &d->body);
	curl_easy_setopt(d->curl, CURLOPT_HEADERFUNCTION, on_receive);
	curl_easy_setopt(d->curl, CURLOPT_HEADERDATA, &d->head);
	code = curl_easy_perform(d->curl);
	curl_easy_getinfo(d->curl, CURLINFO_RESPONSE_CODE, &d->status);
	return code;
}

CURLcode drive_call(struct drive *d, const char *method, const char *path, const char *body)
{
	struct curl_slist *headers = NULL;
	struct upload upload = { body, body ? strlen(body) : 0 };
	CURLcode code;

	curl_easy_reset(d->curl);
	for (const struct curl_slist *h = d->headers; h; h = h->next)
		headers = curl_slist_append(headers, h->data);
	if (body) {
		headers = curl_slist_append(headers, "Content-Type: application/json");
		/* A body that cannot be rewound is never sent a second time. */
		curl_easy_setopt(d->curl, CURLOPT_POST, 1L);
		curl_easy_setopt(d->curl, CURLOPT_POSTFIELDSIZE, (long)upload.left);
		curl_easy_setopt(d->curl, CURLOPT_READFUNCTION, on_send);
		curl_easy_setopt(d->curl, CURLOPT_READDATA, &upload);
	} else if (strcmp(method, "POST") == 0) {
		curl_easy_setopt(d->curl, CURLOPT_POST, 1L);
		curl_easy_setopt(d->curl, CURLOPT_POSTFIELDSIZE, 0L);
	}
	curl_easy_setopt(d->curl, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(d->curl, CURLOPT_HTTPHEADER, headers);
	code = perform(d, path);
	curl_slist_free_all(headers);
	return code;
}

CURLcode drive_form(struct drive *d, const char *path, curl_mime *form)
{
	CURLcode code;

	curl_easy_reset(d->curl);
	curl_easy_setopt(d->curl, CURLOPT_MIMEPOST, form);
	curl_easy_setopt(d->curl, CURLOPT_HTTPHEADER, d->headers);
	code = perform(d, path);
	curl_mime_free(form);
	return code;
}

json_t *drive_json(struct drive *d, const char *method, const char *path, const char *body)
{
	json_t *value = NULL;

	if (drive_call(d, method, path, body) != CURLE_OK ||
	    jx_parse(buf_bytes(&d->body), &value, NULL) != JEMBATAN_OK)
		return NULL;
	return value;
}
