/* record.c: a record of the quarantine, byte for byte. */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/jx.h"
#include "base/poison.h"

struct shown {
	bool json;
	int64_t bytes; /* so far */
	size_t rows;
};

static void on_record(void *data, json_t *row)
{
	struct shown *shown = data;
	const char *hex = jx_text(row, "hex");
	shown->rows++;
	if (shown->json)
		cli_print_json(NULL, row);
	/* Beside the bytes, so that a file holds nothing else. */
	if (hex == NULL && !shown->json)
		cli_say(stderr, "record %lld of %s: %s\n", (long long)jx_integer(row, "id", 0),
			jx_text(row, "instance"), jx_text(row, "reason"));
	if (hex == NULL)
		return;
	size_t n = strlen(hex) / 2;
	char *bytes = xmalloc(n);
	/* A file gets the very bytes, a terminal nothing that steers it. */
	if (digest_unhex(hex, bytes, n) && !shown->json) {
		if (isatty(STDOUT_FILENO))
			cli_say_bytes(stdout, bytes, n);
		else
			fwrite(bytes, 1, n, stdout);
	}
	shown->bytes += (int64_t)n;
	free(bytes);
}

/* A large record comes in several answers. */
int cli_show_record(const struct cli *c, const char *id)
{
	struct shown shown = { .json = c->json };
	char from[32];
	struct msg_argument arguments[] = { { "id", id }, { "from", NULL } };
	int code;
	do {
		shown.rows = 0;
		code = cli_ask(c, "quarantine show", arguments, 2, on_record, &shown);
		snprintf(from, sizeof(from), "%lld", (long long)shown.bytes);
		arguments[1].value = from;
	} while (code == EX_OK && shown.rows > 0 && shown.bytes > 0);
	return code;
}
