/* instance.c: preparing a tool run. */
#include "cli/instance.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "intake/desk.h"
#include "intake/manifest.h"
#include "base/poison.h"

static enum jembatan_result make_spool(struct cli_instance *t, struct why *why)
{
	snprintf(t->spool, sizeof(t->spool), "/tmp/jembatan-preview-XXXXXX");
	if (mkdtemp(t->spool) == NULL) {
		t->spool[0] = '\0';
		return why_set(why, JEMBATAN_RETRY, "cannot make a folder in /tmp: %s",
			       strerror(errno));
	}
	t->spawn.spool = t->spool;
	return JEMBATAN_OK;
}

enum jembatan_result cli_instance_open(const struct settings *s, const struct instance_settings *i,
				       unsigned mode, struct problems *problems,
				       struct cli_instance *out, struct why *why)
{
	struct cli_instance *t = out;
	struct instance_options options = { 0 };
	*t = (struct cli_instance){ .arena = arena_new() };
	why->text[0] = '\0';
	manifest_plugin_path(s, i->connector, t->plugin, sizeof(t->plugin));
	t->spawn = (struct spawn_options){
		.program = spawn_program(),
		.plugin = t->plugin,
		.confinement_required = s->confinement_required,
	};
	t->built_in = str_equal(i->connector, DESK_CONNECTOR);
	enum jembatan_result r = JEMBATAN_OK;
	if (t->built_in)
		desk_manifest(&t->manifest);
	else
		r = manifest_describe(&t->spawn, t->arena, &t->manifest, why);
	if (r == JEMBATAN_OK)
		r = instance_options_check(i, t->manifest.options, t->manifest.option_count, problems,
					   t->arena, &options);
	if (r == JEMBATAN_OK && t->built_in)
		r = desk_check(&options, why);
	if (r == JEMBATAN_OK && mode == JEMBATAN_MODE_PREVIEW)
		r = make_spool(t, why);
	t->open = (struct msg_open){
		.instance = i->name,
		.role = MSG_ROLE_TOOL,
		.mode = mode,
		.options = options.options,
		.option_count = options.option_count,
		.grants = options.grants,
		.grant_count = options.grant_count,
		.attachment_max_bytes = s->attachment_max_bytes,
	};
	return r;
}

void cli_instance_close(struct cli_instance *t)
{
	DIR *dir = t->spool[0] != '\0' ? opendir(t->spool) : NULL;
	if (dir != NULL) {
		for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir))
			if (e->d_name[0] != '.')
				unlinkat(dirfd(dir), e->d_name, 0);
		closedir(dir);
		rmdir(t->spool);
	}
	arena_free(t->arena);
}
