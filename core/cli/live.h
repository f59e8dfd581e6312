/* live.h: `jembatan check --live`: what the files say, tried for real. Nothing
 * is sent to anybody's complaint and no message is stored. */
#ifndef CLI_LIVE_H
#define CLI_LIVE_H

#include "cli/cli.h"
#include "config/settings.h"

/* EX_OK, EX_UNAVAILABLE (something does not answer) or EX_CONFIG (something is
 * to be mended). */
int cli_live(const struct cli *c, struct settings *s);

/* ---- inside ---- */

struct live {
	const struct cli *cli;
	struct settings *settings;
	struct cli_table *table; /* NULL: JSON */
	bool is_wrong, is_unreachable;
};

enum live_result { LIVE_OK, LIVE_NOT_TRIED, LIVE_UNREACHABLE, LIVE_WRONG };
void live_row(struct live *l, const char *what, enum live_result result, const char *format, ...)
	PRINTF_LIKE(4, 5);
void live_centre(struct live *l);

#endif
