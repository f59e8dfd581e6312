/* jembatand.c: the daemon's main: arguments, settings, run. */
#include "config.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "app.h"
#include "base/digest.h"
#include "base/jx_pool.h"
#include "base/poison.h"

static void usage(FILE *out)
{
	fputs("usage: jembatand [--config FILE]\n"
	      "The daemon of Jembatan: see jembatan(1) and jembatan.yaml(5).\n"
	      "  --config FILE  default " SETTINGS_FILE "\n"
	      "  --version, --help\n", out);
}

static int run(const char *path)
{
	struct problems problems;
	problems_init(&problems);
	struct settings *s = settings_load(path, &problems);
	/* Without an address tickets wait; with one, half a configuration would
	 * only collect refusals. */
	if (s != NULL && s->central.url != NULL)
		settings_check_complete(s, &problems);
	if (problems.count > 0 || s == NULL) {
		problems_print(&problems, stderr);
		fputs("jembatand: not started; mend the above, then `jembatan check` tells whether it is "
		      "right\n", stderr);
		problems_done(&problems);
		settings_free(s);
		return EX_CONFIG;
	}
	problems_done(&problems);
	log_init("jembatand", s->log_json ? LOG_JSON : LOG_KEY_VALUE, s->log_level);
	struct app app;
	struct why why;
	enum jembatan_result r = app_open(&app, s, &why);
	if (r == JEMBATAN_OK)
		app_run(&app);
	else
		log_error("jembatand", "cannot start: %s", why.text);
	app_close(&app);
	settings_free(s);
	if (r == JEMBATAN_OK)
		return EX_OK;
	return r == JEMBATAN_RETRY ? EX_TEMPFAIL : EX_CONFIG;
}

int main(int argc, char *argv[])
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *path = SETTINGS_FILE;
	int option;
	while ((option = getopt_long(argc, argv, "c:Vh", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			path = optarg;
			break;
		case 'V':
			puts("jembatand " PACKAGE_VERSION);
			return EX_OK;
		case 'h':
			usage(stdout);
			return EX_OK;
		default:
			usage(stderr);
			return EX_USAGE;
		}
	}
	if (optind != argc) {
		usage(stderr);
		return EX_USAGE;
	}
	/* One that comes before the loop hears it waits: the preset would end us. */
	sigset_t hangup;
	sigemptyset(&hangup);
	sigaddset(&hangup, SIGHUP);
	sigprocmask(SIG_BLOCK, &hangup, NULL);
	umask(0077);
	digest_init();
	jx_use_pool();
	signal(SIGPIPE, SIG_IGN);
	return run(path);
}
