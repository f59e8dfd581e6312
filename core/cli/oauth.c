/* oauth.c: `jembatan oauth`: an account's consent. The address at which the browser
 * ends holds a code that is as good as a password for some seconds: it is read
 * from stdin, without echo, and goes to the daemon alone. */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <termios.h>
#include <unistd.h>

#include "base/jx.h"
#include "base/text.h"
#include "base/poison.h"

#define LINE_MAX_BYTES 8192u
#define CONTROL_C 3
#define CONTROL_D 4

struct page {
	const struct cli *cli;
	bool is_shown;
};

static void on_row(void *data, json_t *row)
{
	struct page *p = data;
	const char *url = jx_text(row, "url");
	if (url == NULL)
		return;
	p->is_shown = true;
	if (p->cli->json) {
		cli_print_json(NULL, row);
		fflush(stdout);
		return;
	}
	cli_say(stdout, "Open this page in a browser, logged in with the agency's account, and agree:\n\n"
		"%s\n\n", url);
	fflush(stdout);
}

/* Without echo, lines of any length; ^C is read, so that the terminal is put right
 * in each case. */
static bool set_quiet(struct termios *before)
{
	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, before) != 0)
		return false;
	struct termios quiet = *before;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ICANON | ISIG);
	return tcsetattr(STDIN_FILENO, TCSANOW, &quiet) == 0;
}

static char *read_answer(void)
{
	struct termios before;
	struct buf line;
	buf_init(&line, LINE_MAX_BYTES);
	fputs("The browser then shows a page that cannot be opened, or an empty one: copy its whole "
	      "address\nfrom the address bar, at once, and paste it here (it is not shown), then Enter: ",
	      stderr);
	bool is_quiet = set_quiet(&before);
	for (int c; (c = getchar()) != EOF && c != '\n' && c != '\r';) {
		buf_add(&line, &(char){ (char)c }, 1);
		if (is_quiet && (c == CONTROL_C || c == CONTROL_D)) {
			buf_clear(&line);
			break;
		}
	}
	if (is_quiet) {
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &before);
		fputc('\n', stderr);
	}
	if (buf_is_full(&line))
		buf_clear(&line);
	char *answer = buf_take(&line);
	text_trim(answer);
	return answer;
}

int cli_oauth(const struct cli *c, const char *instance)
{
	struct page page = { .cli = c };
	struct msg_argument arguments[] = { { "name", instance }, { "answer", NULL } };
	int code = cli_ask(c, "oauth", arguments, 1, on_row, &page);
	if (code != EX_OK || !page.is_shown)
		return code;
	char *answer = read_answer();
	if (*answer == '\0') {
		fputs("jembatan: no address was given: begin anew\n", stderr);
		free(answer);
		return EX_DATAERR;
	}
	arguments[1].value = answer;
	code = cli_ask(c, "oauth", arguments, 2, on_row, &page);
	mem_wipe(answer, strlen(answer));
	free(answer);
	return code;
}
