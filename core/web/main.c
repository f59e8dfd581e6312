/* main.c: jembatan-web. Started by jembatand with a socket on fd 3; listens,
 * confines itself, and serves until the core says STOP or is gone. */
#include "config.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/log.h"
#include "base/pages.h"
#include "web/http.h"
#include "web/jail.h"
#include "web/listen.h"
#include "base/no_leak_check.h"
#include "base/poison.h"

#define CORE_FD 3
#define FILES_BESIDE 32u /* descriptors that are no connection */
#define OPEN_WAIT_MS 30000

extern char **environ;

static bool core_is_there(void)
{
	int type = 0;
	socklen_t size = sizeof(type);
	return getsockopt(CORE_FD, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

/* A copy whose texts live as long as this process. */
static enum jembatan_result read_open(struct channel *core, struct arena *arena,
				      struct msg_web_open *out, struct why *why)
{
	struct frame f;
	enum jembatan_result r = channel_wait(core, OPEN_WAIT_MS, &f, why);
	if (r != JEMBATAN_OK)
		return r;
	if (f.type != MSG_WEB_OPEN)
		return why_set(why, JEMBATAN_DATA, "the first frame is not WEB_OPEN");
	struct jembatan_bytes meta = { arena_memdup(arena, f.meta.data, f.meta.size), f.meta.size };
	r = field_unpack(msg_web_open_fields, meta, arena, out, why);
	if (r == JEMBATAN_OK && (out->listen == NULL || out->connections == 0))
		r = why_set(why, JEMBATAN_DATA, "WEB_OPEN says too little");
	return r;
}

static enum jembatan_result say(struct channel *core, const struct msg_web_state *state)
{
	enum jembatan_result r = channel_put(core, MSG_WEB_STATE, 0, msg_web_state_fields, state,
					     bytes_text(NULL), NULL);
	return r == JEMBATAN_OK ? channel_flush_wait(core, OPEN_WAIT_MS, NULL) : r;
}

/* Every descriptor that may become a connection must exist. */
static void fit_connections(struct msg_web_open *open)
{
	size_t files = jail_allow_files(open->connections + FILES_BESIDE);
	if (files >= open->connections + FILES_BESIDE)
		return;
	log_warning("web", "this process may open %zu files only: fewer connections than "
		    "web.connections; raise LimitNOFILE of the service", files);
	open->connections = files > 2 * FILES_BESIDE ? files - FILES_BESIDE : FILES_BESIDE;
}

static int serve(struct channel *core, struct msg_web_open *open)
{
	char name[LISTEN_NAME_SIZE], confinement[80];
	struct why why = { "" };
	int fd = -1;
	if (listen_open(open->listen, &fd, name, &why) != JEMBATAN_OK) {
		const struct msg_web_state state = { .why = why.text };
		return say(core, &state) == JEMBATAN_OK ? EX_UNAVAILABLE : EX_IOERR;
	}
	fit_connections(open);
	struct loop *loop = loop_new();
	struct http *http = http_new(loop, core, fd, open);
	bool whole = jail_enter(confinement, sizeof(confinement));
	const struct msg_web_state state = { .listening = name, .confinement = confinement,
					     .degraded = !whole };
	int code = EX_IOERR;
	if (say(core, &state) == JEMBATAN_OK) {
		pages_forget_start();
		loop_run(loop);
		code = EX_OK;
	}
	http_free(http);
	loop_free(loop);
	return code;
}

int main(int argc, char **argv)
{
	struct msg_web_open open = { 0 };
	struct why why = { "" };
	if (argc > 1 || !core_is_there()) {
		fprintf(stderr, "%s: jembatand starts it (web.listen in jembatan.yaml); it is of no "
			"use by hand\n", argc > 0 ? argv[0] : "jembatan-web");
		return EX_USAGE;
	}
	digest_init();
	/* The core says when to end; a signal to its whole group does not. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	if (environ != NULL)
		*environ = NULL;
	unsigned seed = 0;
	digest_random(&seed, sizeof(seed));
	json_object_seed(seed | 1u); /* later there is no /dev/urandom */
	struct arena *arena = arena_new();
	struct channel *core = channel_new(CORE_FD);
	int code = EX_PROTOCOL;
	log_init("jembatan-web", LOG_KEY_VALUE, JEMBATAN_INFO);
	if (read_open(core, arena, &open, &why) == JEMBATAN_OK) {
		log_init("jembatan-web", open.log_json ? LOG_JSON : LOG_KEY_VALUE,
			 (enum jembatan_level)open.log_level);
		code = serve(core, &open);
	} else {
		log_error("web", "the first frame: %s", why.text);
	}
	channel_free(core);
	arena_free(arena);
	return code;
}
