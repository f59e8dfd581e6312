/* check.c: `jembatan check`: every file, every option, every plugin's own
 * check, without touching the network; with --live then everything for real. */
#include "cli/cli.h"

#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/jx.h"
#include "config/settings.h"
#include "intake/manifest.h"
#include "ticket/ticket_schema.h"
#include "cli/instance.h"
#include "cli/live.h"
#include "base/poison.h"

static void check_instance(const struct settings *s, const struct instance_settings *i,
			   struct problems *problems)
{
	struct cli_instance tool;
	struct why why;
	if (cli_instance_open(s, i, JEMBATAN_MODE_CHECK, problems, &tool, &why) != JEMBATAN_OK) {
		if (why.text[0] != '\0')
			problems_add(problems, strstr(why.text, ".yaml:") != NULL ? NULL : i->file, 0,
				     "%s", why.text);
	} else if (!tool.built_in && manifest_check(&tool.spawn, &tool.open, &why) != JEMBATAN_OK) {
		/* A plugin that knows the place of its option says it itself. */
		bool says_where = strstr(why.text, ".yaml:") != NULL;
		problems_add(problems, says_where ? NULL : i->file, 0, "%s", why.text);
	}
	cli_instance_close(&tool);
}

static void print_problems_json(const struct problems *problems)
{
	for (size_t i = 0; i < problems->count; i++) {
		const struct problem *p = &problems->items[i];
		json_t *row = json_pack("{s:s,s:s?,s:i,s:s}", "type", "problem", "file", p->file, "line",
					(int)p->line, "text", p->text);
		cli_print_json(NULL, row);
		json_decref(row);
	}
}

static int report(const struct cli *c, const struct settings *s, const struct problems *problems)
{
	if (c->json)
		print_problems_json(problems);
	else
		problems_print(problems, stderr);
	if (problems->count > 0) {
		if (!c->json)
			fprintf(stderr, "jembatan check: %zu to mend\n", problems->count + problems->dropped);
		return EX_CONFIG;
	}
	if (!c->json)
		printf("%s and %zu instances are right\n", s->file, s->instance_count);
	return EX_OK;
}

int cli_check(const struct cli *c, bool show_options, bool live)
{
	struct problems problems;
	if (show_options) {
		settings_describe(stdout);
		return EX_OK;
	}
	problems_init(&problems);
	struct settings *s = settings_load(c->config, &problems);
	if (s != NULL) {
		settings_check_complete(s, &problems);
		for (size_t i = 0; i < s->instance_count; i++)
			check_instance(s, &s->instances[i], &problems);
	}
	int code = report(c, s, &problems);
	if (code == EX_OK && live)
		code = cli_live(c, s);
	problems_done(&problems);
	settings_free(s);
	return code;
}
