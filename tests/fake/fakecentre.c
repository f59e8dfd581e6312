/* fakecentre.c: jembatan-fakecentre, a stand-in for the national centre, for
 * trying things out and for tests. It says where it listens on the first line
 * of its output and ends on SIGTERM. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "centre.h"

#include "base/clock.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/poison.h"

#define FAULTS_AT_START_MAX 64u

struct arguments {
	const char *listen;
	struct ledger_options ledger;
	const char *specs[FAULTS_AT_START_MAX];
	size_t spec_count;
	uint64_t seed;
	struct centre *centre;
};

static const char HELP[] =
	"Usage: jembatan-fakecentre [OPTION]...\n"
	"A stand-in for the national complaint centre (SP4N-LAPOR! v3), for trying out.\n"
	"\n"
	"  --listen ADDRESS:PORT  where to listen (127.0.0.1:0; port 0: any free one)\n"
	"  --mode MODE            none (default): forgets references, cannot be asked;\n"
	"                         idempotent: the same reference gives the same number;\n"
	"                         lookup: answers GET /lookup?reference=...\n"
	"  --data FILE            journal; what it holds survives a restart\n"
	"  --sync                 fdatasync the journal after each change\n"
	"  --token SECRET         demand \"Authorization: Bearer SECRET\" (or \"auth\")\n"
	"  --guid {GUID}          demand \"token: {GUID}\", with the braces\n"
	"  --first-id N           number of the first complaint (7000001)\n"
	"  --delay MS             wait before each answer\n"
	"  --latency-jitter       wait between 0 and twice as long\n"
	"  --seed N               of everything random (1)\n"
	"  --fault SPEC           misbehave on cue; may be repeated\n"
	"  --redirect-to URL      where the fault \"redirect\" points (http://127.0.0.1:1)\n"
	"  --hang-ms MS           how long a hung connection stays open (30000)\n"
	"  --quiet                no line per request\n"
	"  --help, --version\n"
	"\n"
	"SPEC is WHAT[=VALUE][:WHERE][@every=N|@first=N|@nth=N|@p=0.1]. WHERE is create,\n"
	"file, route, status, followups, followup, institutions, templates, lookup, or a\n"
	"part of the path that begins with /. WHAT:\n"
	"  nothing committed: close hang redirect 400 401 403 404 422 500 502 504\n"
	"                     429[=SECONDS] 429-date 503[=SECONDS] 503-date route-fails\n"
	"  committed first:   commit-500 commit-hang commit-close garbage truncate no-id same-id\n"
	"                     huge[=MIB] slow[=MS] wrong-type[=string|number|huge|array]\n"
	"  questions:         old-status other-content wrong-page next-loop next-away\n"
	"  with any other:    delay=MS id-at=complaint_id|data|results\n"
	"\n"
	"GET / shows what it holds, GET /_state the same as JSON. POST /_status/NUMBER\n"
	"{\"status_code\", \"status_name\", \"note\"} and POST /_followup/NUMBER {\"content\"} play\n"
	"the agency; the page has a form for the first.\n";

enum option_id {
	OPTION_LISTEN = 256,
	OPTION_MODE,
	OPTION_DATA,
	OPTION_SYNC,
	OPTION_TOKEN,
	OPTION_GUID,
	OPTION_FIRST_ID,
	OPTION_DELAY,
	OPTION_JITTER,
	OPTION_SEED,
	OPTION_FAULT,
	OPTION_REDIRECT_TO,
	OPTION_HANG_MS,
	OPTION_QUIET,
	OPTION_HELP,
	OPTION_VERSION
};

static const struct option OPTIONS[] = {
	{ "listen", required_argument, NULL, OPTION_LISTEN },
	{ "mode", required_argument, NULL, OPTION_MODE },
	{ "data", required_argument, NULL, OPTION_DATA },
	{ "sync", no_argument, NULL, OPTION_SYNC },
	{ "token", required_argument, NULL, OPTION_TOKEN },
	{ "guid", required_argument, NULL, OPTION_GUID },
	{ "first-id", required_argument, NULL, OPTION_FIRST_ID },
	{ "delay", required_argument, NULL, OPTION_DELAY },
	{ "latency-jitter", no_argument, NULL, OPTION_JITTER },
	{ "seed", required_argument, NULL, OPTION_SEED },
	{ "fault", required_argument, NULL, OPTION_FAULT },
	{ "redirect-to", required_argument, NULL, OPTION_REDIRECT_TO },
	{ "hang-ms", required_argument, NULL, OPTION_HANG_MS },
	{ "quiet", no_argument, NULL, OPTION_QUIET },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ NULL, 0, NULL, 0 }
};

static bool read_number(const char *text, long long highest, long long *out)
{
	char *end = NULL;
	long long value;

	errno = 0;
	value = strtoll(text, &end, 10);
	if (errno || end == text || *end || value < 0 || value > highest)
		return false;
	*out = value;
	return true;
}

static bool read_mode(const char *text, enum ledger_mode *out)
{
	static const enum ledger_mode modes[] = { LEDGER_NONE, LEDGER_IDEMPOTENT, LEDGER_LOOKUP };

	for (size_t i = 0; i < COUNT_OF(modes); i++) {
		if (strcmp(text, centre_mode_name(modes[i])) != 0)
			continue;
		*out = modes[i];
		return true;
	}
	return false;
}

/* False when the value is wrong. */
static bool take_number(struct arguments *a, int id, const char *value)
{
	long long n;

	if (!read_number(value, id == OPTION_FIRST_ID || id == OPTION_SEED ? 999999999999 : 3600000,
			 &n))
		return false;
	if (id == OPTION_FIRST_ID)
		a->ledger.first_id = n > 0 ? n : 1;
	else if (id == OPTION_SEED)
		a->seed = (uint64_t)n;
	else if (id == OPTION_DELAY)
		a->centre->delay_ms = (unsigned)n;
	else
		a->centre->hang_ms = (unsigned)n;
	return true;
}

static bool take_text(struct arguments *a, int id, const char *value)
{
	switch (id) {
	case OPTION_LISTEN:
		a->listen = value;
		break;
	case OPTION_DATA:
		a->ledger.journal = value;
		break;
	case OPTION_TOKEN:
		a->centre->token = value;
		break;
	case OPTION_GUID:
		a->centre->guid = value;
		break;
	case OPTION_REDIRECT_TO:
		a->centre->redirect_to = value;
		break;
	case OPTION_MODE:
		return read_mode(value, &a->centre->mode);
	case OPTION_FAULT:
		if (a->spec_count == FAULTS_AT_START_MAX)
			return false;
		a->specs[a->spec_count++] = value;
		break;
	default:
		return take_number(a, id, value);
	}
	return true;
}

/* -1 to go on, else the exit status. */
static int read_arguments(int argc, char **argv, struct arguments *a)
{
	int index = 0;
	int id;

	while ((id = getopt_long(argc, argv, "", OPTIONS, &index)) != -1) {
		if (id == OPTION_HELP) {
			(void)fputs(HELP, stdout);
			return EX_OK;
		} else if (id == OPTION_VERSION) {
			(void)puts("jembatan-fakecentre " PACKAGE_VERSION);
			return EX_OK;
		} else if (id == OPTION_SYNC) {
			a->ledger.sync = true;
		} else if (id == OPTION_JITTER) {
			a->centre->jitter = true;
		} else if (id == OPTION_QUIET) {
			a->centre->quiet = true;
		} else if (id == '?') {
			return EX_USAGE;
		} else if (!take_text(a, id, optarg)) {
			(void)fprintf(stderr, "jembatan-fakecentre: --%s cannot be \"%s\"\n",
				      OPTIONS[index].name, optarg);
			return EX_USAGE;
		}
	}
	if (optind < argc) {
		(void)fprintf(stderr, "jembatan-fakecentre: \"%s\" is not an option\n",
			      argv[optind]);
		return EX_USAGE;
	}
	return -1;
}

static enum jembatan_result prepare(struct arguments *a, struct why *why)
{
	struct centre *c = a->centre;

	c->faults = faults_new(FAULTS_OF_CENTRE, CENTRE_OPERATIONS, a->seed);
	for (size_t i = 0; i < a->spec_count; i++)
		if (faults_add(c->faults, a->specs[i], why) != JEMBATAN_OK)
			return JEMBATAN_CONFIG;
	a->ledger.mode = c->mode;
	return ledger_open(&a->ledger, &c->ledger, why);
}

int main(int argc, char **argv)
{
	struct centre centre = { .redirect_to = "http://127.0.0.1:1", .hang_ms = 30000 };
	struct arguments a = { .listen = "127.0.0.1:0",
			       .ledger = { .first_id = 7000001 },
			       .seed = 1,
			       .centre = &centre };
	struct peer *peer = NULL;
	struct why why;
	int status = read_arguments(argc, argv, &a);

	if (status >= 0)
		return status;
	peer_block_signals();
	if (prepare(&a, &why) != JEMBATAN_OK ||
	    peer_start(a.listen, centre_handle, &centre, &peer, &why) != JEMBATAN_OK) {
		(void)fprintf(stderr, "jembatan-fakecentre: %s\n", why.text);
		status = EX_CONFIG;
	} else {
		(void)printf("listening on %s\n", peer_url(peer));
		(void)fflush(stdout);
		peer_wait_for_signal();
		status = EX_OK;
	}
	peer_stop(peer);
	ledger_close(centre.ledger);
	faults_free(centre.faults);
	return status;
}
