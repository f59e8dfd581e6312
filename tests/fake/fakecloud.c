/* fakecloud.c: jembatan-fakecloud, Meta's Graph API for tests. Not installed. */
#include "cloud.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/poison.h"

static const char HELP[] =
	"Usage: jembatan-fakecloud [OPTION]...\n"
	"The part of Meta's Graph API that WhatsApp's Cloud API needs, for tests.\n"
	"\n"
	"  --listen ADDRESS:PORT   where to listen (127.0.0.1:0; port 0: any free one)\n"
	"  --token TOKEN           demanded as Bearer (token-uji)\n"
	"  --secret WORD           the app's: its proof (appsecret_proof) is demanded\n"
	"  --number ID             our phone_number_id (108200000000001)\n"
	"  --elsewhere URL         the origin at which files are said to lie\n"
	"  --fault SPEC            misbehave on cue; may be repeated\n"
	"  --hang-ms MS            how long a hung connection stays open (30000)\n"
	"  --quiet                 no line per request\n"
	"\n"
	"POST /v23.0/ID/messages, GET /v23.0/MEDIA (an id ending in 404 is gone), GET\n"
	"/file/MEDIA. GET /_state; POST /_error {where, status, code, subcode, times,\n"
	"commit}; POST and DELETE /_fault: as of jembatan-fakecentre, at send, media, file.\n";

static const struct option OPTIONS[] = {
	{ "listen", required_argument, NULL, 'l' },    { "token", required_argument, NULL, 't' },
	{ "secret", required_argument, NULL, 's' },
	{ "number", required_argument, NULL, 'n' },    { "fault", required_argument, NULL, 'f' },
	{ "elsewhere", required_argument, NULL, 'e' }, { "hang-ms", required_argument, NULL, 'm' },
	{ "quiet", no_argument, NULL, 'q' },           { "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

/* -1 to go on, else the exit status. */
static int read_arguments(int argc, char **argv, struct cloud *c, const char **listen,
			  struct why *why)
{
	int id;

	while ((id = getopt_long(argc, argv, "", OPTIONS, NULL)) != -1) {
		if (id == 'l')
			*listen = optarg;
		else if (id == 't')
			c->token = optarg;
		else if (id == 's')
			c->secret = optarg;
		else if (id == 'n')
			c->number = strtoll(optarg, NULL, 10);
		else if (id == 'e')
			c->elsewhere = optarg;
		else if (id == 'm')
			c->hang_ms = (unsigned)strtoul(optarg, NULL, 10);
		else if (id == 'q')
			c->quiet = true;
		else if (id == 'f' && faults_add(c->faults, optarg, why) != JEMBATAN_OK)
			return EX_USAGE;
		else if (id == 'h')
			return fputs(HELP, stdout) < 0 ? EX_IOERR : EX_OK;
		else if (id == '?')
			return EX_USAGE;
	}
	return -1;
}

int main(int argc, char **argv)
{
	struct cloud cloud = { .token = "token-uji", .number = 108200000000001, .hang_ms = 30000 };
	const char *listen = "127.0.0.1:0";
	struct peer *peer = NULL;
	struct why why = { "" };

	cloud_init(&cloud);
	cloud.faults = faults_new(FAULTS_OF_CENTRE, CLOUD_OPERATIONS, 1);
	int status = read_arguments(argc, argv, &cloud, &listen, &why);
	if (status < 0) {
		peer_block_signals();
		status = peer_start(listen, cloud_handle, &cloud, &peer, &why) == JEMBATAN_OK ?
			 EX_OK : EX_CONFIG;
	}
	if (peer) {
		(void)printf("listening on %s\n", peer_url(peer));
		(void)fflush(stdout);
		peer_wait_for_signal();
	} else if (why.text[0] != '\0') {
		(void)fprintf(stderr, "jembatan-fakecloud: %s\n", why.text);
	}
	peer_stop(peer);
	faults_free(cloud.faults);
	cloud_done(&cloud);
	return status;
}
