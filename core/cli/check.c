/* check.c: `jembatan check`: every file, every option, every plugin's own
 * check, without touching the network; with --live then everything for real. */
#include "cli/cli.h"

#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/jx.h"
#include "config/settings.h"
#include "intake/manifest.h"
#include "reply/templates.h"
#include "ticket/know.h"
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

static void on_wrong(void *data, const char *rule, const char *example, bool should_fit)
{
	problems_add(data, rules_path(), 0, "rule %s %s fit its example \"%s\"", rule,
		     should_fit ? "should" : "should not", example);
}

/* The tables of what is proposed, and the examples beside the rules. */
static void check_tables(const struct settings *s, struct problems *problems)
{
	const struct know_files files = { s->central.categories_file, s->central.locations_file, false };
	struct know_tables *tables = NULL;
	struct why why;
	if (know_load(&files, &tables, &why) != JEMBATAN_OK) {
		problems_add(problems, NULL, 0, "%s", why.text);
		return;
	}
	(void)rules_test(tables->rules, on_wrong, problems);
	for (size_t i = 0; i < s->instance_count; i++) {
		const struct instance_settings *one = &s->instances[i];
		if (one->home_region != NULL &&
		    regions_by_code(tables->regions, one->home_region) == REGION_NONE)
			problems_add(problems, one->file, 0, "\"home_region\": no region has the code "
				     "%.20s", one->home_region);
	}
	know_free(tables);
}

static void check_replies(const struct settings *s, struct problems *problems)
{
	const char *path = reply_templates_path(s->replies.templates);
	bool is_used = s->replies.templates != NULL;
	for (size_t i = 0; i < s->instance_count; i++)
		is_used |= s->instances[i].replies != REPLIES_OFF;
	if (is_used)
		reply_templates_free(reply_templates_load(path, path, problems));
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
		check_replies(s, &problems);
		for (size_t i = 0; i < s->instance_count; i++)
			check_instance(s, &s->instances[i], &problems);
		check_tables(s, &problems);
	}
	int code = report(c, s, &problems);
	if (code == EX_OK && live)
		code = cli_live(c, s);
	problems_done(&problems);
	settings_free(s);
	return code;
}
