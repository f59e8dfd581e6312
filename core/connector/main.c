/* main.c: jembatan-connector: one plugin in one confined process.
 *
 *   jembatan-connector --connector PLUGIN.so [--spool DIR]
 *                      [--confinement required|preferred]    started by the core
 *   jembatan-connector --describe PLUGIN.so                  by hand
 *
 * The order is the point: read the first frame (it names the paths to leave
 * open), confine, and only then load foreign code. */
#include "connector/confine.h"
#include "connector/load.h"
#include "connector/serve.h"

#include "base/digest.h"
#include "base/file.h"
#include "base/jx.h"
#include "base/log.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "base/no_leak_check.h"
#include "base/poison.h"

#define CORE_FD 3

struct arguments {
	const char *plugin, *spool;
	bool by_hand, confinement_required;
};

static int usage(void)
{
	fputs("usage: jembatan-connector --describe PLUGIN.so\n"
	      "       jembatan-connector --connector PLUGIN.so [--spool DIR]\n"
	      "           [--confinement required|preferred]   (started by jembatand)\n", stderr);
	return EX_USAGE;
}

static bool read_arguments(int argc, char **argv, struct arguments *out)
{
	static const struct option options[] = {
		{ "connector", required_argument, NULL, 'c' },
		{ "describe", required_argument, NULL, 'd' },
		{ "spool", required_argument, NULL, 's' },
		{ "confinement", required_argument, NULL, 'f' },
		{ NULL, 0, NULL, 0 },
	};
	*out = (struct arguments){ 0 };
	for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (o == 'c' || o == 'd') {
			out->plugin = optarg;
			out->by_hand = o == 'd';
		} else if (o == 's') {
			out->spool = optarg;
		} else if (o == 'f' && (str_equal(optarg, "required") ||
					str_equal(optarg, "preferred"))) {
			out->confinement_required = str_equal(optarg, "required");
		} else {
			return false;
		}
	}
	return out->plugin && optind == argc;
}

struct process {
	struct arguments arguments;
	char path[PATH_MAX]; /* of the plugin, resolved */
	struct host host;
	uint32_t seq; /* of the first frame */
	bool describe;
	struct confine_outcome confinement;
};

/* What cannot be read is not answered either: there is no seq to answer. */
static int read_first_frame(struct process *p, struct msg_open *open, struct arena *arena)
{
	struct why why = { "" };
	struct letter *first = NULL;
	if (link_next(&p->host.link, -1, -1, &first, &why) != JEMBATAN_OK)
		return EX_PROTOCOL;
	p->seq = first->seq;
	p->describe = first->type == MSG_DESCRIBE;
	enum jembatan_result r = JEMBATAN_OK;
	if (first->type == MSG_OPEN) {
		/* The fields are borrowed for as long as this process lives. */
		struct jembatan_bytes meta = {
			arena_memdup(arena, first->meta.data, first->meta.size), first->meta.size
		};
		r = field_unpack(msg_open_fields, meta, arena, open, &why);
	} else if (!p->describe) {
		r = why_set(&why, JEMBATAN_FATAL, "neither DESCRIBE nor OPEN");
	}
	free(first);
	if (r == JEMBATAN_OK && open->role <= MSG_ROLE_TOOL)
		return EX_OK;
	log_error("connector", "the first frame: %s", why.text);
	return EX_PROTOCOL;
}

/* Tell whoever started us, and end with EX_CONFIG. */
static int refuse(struct process *p, const struct why *why)
{
	struct why lost;
	const struct msg_result result = { .result = JEMBATAN_CONFIG, .why = why->text };
	if (p->arguments.by_hand)
		fprintf(stderr, "jembatan-connector: %s\n", why->text);
	else if (serve_done(&p->host, p->seq, &result, &lost) != JEMBATAN_OK)
		log_error("connector", "%s", why->text);
	return EX_CONFIG;
}

static enum jembatan_result confine(struct process *p, struct why *why)
{
	const struct msg_open *open = &p->host.open;
	const struct confine_plan plan = {
		.plugin = p->path,
		.spool_folder = p->arguments.spool,
		.grants = open->grants,
		.grant_count = open->grant_count,
		.file_max_bytes = spool_file_max_bytes(open->attachment_max_bytes),
		.no_network = p->arguments.by_hand || p->describe ||
			      (open->mode & (JEMBATAN_MODE_CHECK | JEMBATAN_MODE_PREVIEW)) != 0,
	};
	confine_self(&plan, &p->confinement);
	if (p->confinement.degraded && p->arguments.confinement_required)
		return why_set(why, JEMBATAN_CONFIG, "confinement is required, but this machine "
			       "gives: %s; use a kernel with Landlock, or set "
			       "`confinement: preferred`",
			       p->confinement.text);
	return JEMBATAN_OK;
}

static enum jembatan_result prepare(struct process *p, struct why *why)
{
	if (!realpath(p->arguments.plugin, p->path))
		return why_set(why, JEMBATAN_CONFIG, "there is no plugin %s", p->arguments.plugin);
	enum jembatan_result r = file_check_trusted(p->path, why);
	if (r != JEMBATAN_OK)
		return why_prefix(why, JEMBATAN_CONFIG, "plugin %s is not trusted", p->path);
	r = confine(p, why);
	return r == JEMBATAN_OK ? load_plugin(p->path, &p->host.plugin, why) : r;
}

static int run(struct process *p)
{
	struct why why = { "" };
	if (prepare(p, &why) != JEMBATAN_OK)
		return refuse(p, &why);
	struct msg_manifest manifest = describe_plugin(p->host.plugin, p->confinement.text,
						       p->confinement.degraded, p->host.arena);
	if (p->arguments.by_hand) {
		describe_print(&manifest, stdout);
		return EX_OK;
	}
	/* Flushed: the core knows how this child is confined even if it hangs. */
	if (link_send(&p->host.link, MSG_MANIFEST, p->seq, msg_manifest_fields, &manifest,
		      bytes_text(NULL), &why) != JEMBATAN_OK ||
	    link_flush(&p->host.link, &why) != JEMBATAN_OK)
		return refuse(p, &why);
	enum jembatan_result r = p->describe ? serve_done(&p->host, p->seq,
							  &(struct msg_result){ 0 }, &why)
					     : serve(&p->host, p->seq, &why);
	if (r == JEMBATAN_OK)
		return EX_OK;
	log_error("connector", "%s", why.text);
	return EX_SOFTWARE;
}

static bool core_is_there(void)
{
	int type = 0;
	socklen_t size = sizeof(type);
	return getsockopt(CORE_FD, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

int main(int argc, char **argv)
{
	struct process p = { 0 };
	struct msg_open open = { 0 };
	if (!read_arguments(argc, argv, &p.arguments))
		return usage();
	digest_init();
	jx_init();
	log_init("jembatan-connector", LOG_KEY_VALUE, JEMBATAN_INFO);
	if (!p.arguments.by_hand && !core_is_there()) {
		fputs("jembatan-connector: there is no socket to the core on fd 3; by hand, use "
		      "--describe\n", stderr);
		return EX_USAGE;
	}
	struct arena *arena = arena_new();
	host_init(&p.host, p.arguments.by_hand ? -1 : CORE_FD, arena);
	int code = p.arguments.by_hand ? EX_OK : read_first_frame(&p, &open, arena);
	if (code == EX_OK) {
		host_set_open(&p.host, &open, p.arguments.spool);
		code = run(&p);
	}
	host_done(&p.host);
	return code;
}
