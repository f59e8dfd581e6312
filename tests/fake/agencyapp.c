/* agencyapp.c: jembatan-fakeapp, a small complaint app as agencies have them,
 * for the quickstart and for tests. Not installed. */
#include "app.h"

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
	const char *data;
	const char *specs[FAULTS_AT_START_MAX];
	size_t spec_count;
	uint64_t seed;
	struct app *app;
};

static const char HELP[] =
	"Usage: jembatan-fakeapp [OPTION]...\n"
	"A small agency complaint app, for trying out.\n"
	"\n"
	"  --listen ADDRESS:PORT   where to listen (127.0.0.1:0; port 0: any free one)\n"
	"  --data FILE.json        a list of complaints to begin with\n"
	"  --client-id ID, --client-secret SECRET\n"
	"                          lists demand a token from POST /oauth/token\n"
	"  --expires SECONDS       how long a token is good (3600)\n"
	"  --require 'NAME: VALUE' lists demand this header; may be repeated\n"
	"  --seed N                of everything random (1)\n"
	"  --fault SPEC            misbehave on cue; may be repeated\n"
	"  --elsewhere URL         another origin, for redirect and next-away\n"
	"  --hang-ms MS            how long a hung connection stays open (30000)\n"
	"  --quiet                 no line per request\n"
	"  --help\n"
	"\n"
	"Lists, each with updated_since=TIME (updated_at >= TIME):\n"
	"  /aduan/complaints?page&limit&sort_by&sort_type   as in Sapawarga\n"
	"  /generic/page?page&per_page      /generic/offset?offset&limit\n"
	"  /generic/cursor?cursor&limit     /generic/next?page&limit\n"
	"  /generic/link?page&limit\n"
	"PATCH /aduan/complaints/N/add-sp4n {sp4n_id} as in Sapawarga; POST .../notes\n"
	"SPEC is WHAT[=VALUE][:WHERE][@every=N|@first=N|@nth=N|@p=0.1]. WHERE is token,\n"
	"list, detail, page, offset, cursor, next, link, photo, write, or a part of the path\n"
	"that begins with /. WHAT: shuffle redeliver[=N] expired-token next-away\n"
	"next-loop close hang redirect garbage truncate huge[=MIB] slow[=MS] delay=MS\n"
	"400 401 403 404 422 500 502 504 429[=SECONDS] 429-date 503[=SECONDS] 503-date\n"
	"POST /_add (one complaint or a list) adds or changes; GET /_state; POST and\n"
	"DELETE /_fault; POST /_reset.\n";

enum option_id {
	OPTION_LISTEN = 256,
	OPTION_DATA,
	OPTION_CLIENT_ID,
	OPTION_CLIENT_SECRET,
	OPTION_EXPIRES,
	OPTION_REQUIRE,
	OPTION_SEED,
	OPTION_FAULT,
	OPTION_ELSEWHERE,
	OPTION_HANG_MS,
	OPTION_QUIET,
	OPTION_HELP
};

static const struct option OPTIONS[] = {
	{ "listen", required_argument, NULL, OPTION_LISTEN },
	{ "data", required_argument, NULL, OPTION_DATA },
	{ "client-id", required_argument, NULL, OPTION_CLIENT_ID },
	{ "client-secret", required_argument, NULL, OPTION_CLIENT_SECRET },
	{ "expires", required_argument, NULL, OPTION_EXPIRES },
	{ "require", required_argument, NULL, OPTION_REQUIRE },
	{ "seed", required_argument, NULL, OPTION_SEED },
	{ "fault", required_argument, NULL, OPTION_FAULT },
	{ "elsewhere", required_argument, NULL, OPTION_ELSEWHERE },
	{ "hang-ms", required_argument, NULL, OPTION_HANG_MS },
	{ "quiet", no_argument, NULL, OPTION_QUIET },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ NULL, 0, NULL, 0 }
};

static bool take_number(struct arguments *a, int id, const char *value)
{
	char *end = NULL;
	long long n;

	errno = 0;
	n = strtoll(value, &end, 10);
	if (errno || end == value || *end || n < 0 || n > 3600000)
		return false;
	if (id == OPTION_EXPIRES)
		a->app->token_ms = n * 1000;
	else if (id == OPTION_SEED)
		a->seed = (uint64_t)n;
	else
		a->app->hang_ms = (unsigned)n;
	return true;
}

/* False when the value is wrong. */
static bool take_value(struct arguments *a, int id, const char *value)
{
	switch (id) {
	case OPTION_LISTEN:
		a->listen = value;
		break;
	case OPTION_DATA:
		a->data = value;
		break;
	case OPTION_CLIENT_ID:
		a->app->client_id = value;
		break;
	case OPTION_CLIENT_SECRET:
		a->app->client_secret = value;
		break;
	case OPTION_ELSEWHERE:
		a->app->elsewhere = value;
		break;
	case OPTION_REQUIRE:
		if (!strchr(value, ':') || a->app->required_count == APP_REQUIRED_MAX)
			return false;
		a->app->required[a->app->required_count++] = value;
		break;
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
		} else if (id == OPTION_QUIET) {
			a->app->quiet = true;
		} else if (id == '?') {
			return EX_USAGE;
		} else if (!take_value(a, id, optarg)) {
			(void)fprintf(stderr, "jembatan-fakeapp: --%s cannot be \"%s\"\n",
				      OPTIONS[index].name, optarg);
			return EX_USAGE;
		}
	}
	if (optind < argc) {
		(void)fprintf(stderr, "jembatan-fakeapp: \"%s\" is not an option\n", argv[optind]);
		return EX_USAGE;
	}
	return -1;
}

static enum jembatan_result prepare(struct arguments *a, struct why *why)
{
	struct app *app = a->app;

	app->records = records_new();
	app->faults = faults_new(FAULTS_OF_APP, APP_OPERATIONS, a->seed);
	for (size_t i = 0; i < a->spec_count; i++)
		if (faults_add(app->faults, a->specs[i], why) != JEMBATAN_OK)
			return JEMBATAN_CONFIG;
	return a->data ? records_load(app->records, a->data, why) : JEMBATAN_OK;
}

int main(int argc, char **argv)
{
	struct app app = { .token_ms = 3600000,
			   .elsewhere = "http://127.0.0.1:1",
			   .hang_ms = 30000 };
	struct arguments a = { .listen = "127.0.0.1:0", .seed = 1, .app = &app };
	struct peer *peer = NULL;
	struct why why;
	int status = read_arguments(argc, argv, &a);

	if (status >= 0)
		return status;
	peer_block_signals();
	if (prepare(&a, &why) != JEMBATAN_OK ||
	    peer_start(a.listen, app_handle, &app, &peer, &why) != JEMBATAN_OK) {
		(void)fprintf(stderr, "jembatan-fakeapp: %s\n", why.text);
		status = EX_CONFIG;
	} else {
		(void)printf("listening on %s\n", peer_url(peer));
		(void)fflush(stdout);
		peer_wait_for_signal();
		status = EX_OK;
	}
	peer_stop(peer);
	records_free(app.records);
	faults_free(app.faults);
	return status;
}
