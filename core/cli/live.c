/* live.c: disk, keys, confinement, and one page of each channel: through the
 * daemon when it runs, else with the store opened here, as its owner. */
#include "cli/live.h"

#include <errno.h>
#include <grp.h>
#include <linux/landlock.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/jx.h"
#include "intake/manifest.h"
#include "intake/probe.h"
#include "base/poison.h"

#define FREE_LEAST ((uint64_t)256 * 1024 * 1024)

void live_row(struct live *l, const char *what, enum live_result result, const char *format, ...)
{
	static const char *const words[] = { "ok", "not tried", "no answer", "WRONG" };
	char detail[600];
	va_list ap;
	va_start(ap, format);
	vsnprintf(detail, sizeof(detail), format, ap);
	va_end(ap);
	str_mend(detail);
	l->is_wrong |= result == LIVE_WRONG;
	l->is_unreachable |= result == LIVE_UNREACHABLE;
	json_t *row = json_pack("{s:s,s:s,s:s,s:s}", "type", "live", "what", what, "result",
				words[result], "detail", detail);
	if (l->table != NULL)
		cli_table_row(l->table, row);
	else
		cli_print_json(NULL, row);
	json_decref(row);
}

/* ---- this machine ------------------------------------------------------- */

static void check_disk(struct live *l)
{
	struct statvfs v;
	const char *dir = l->settings->data_dir;
	if (statvfs(dir, &v) != 0) {
		live_row(l, "disk", LIVE_NOT_TRIED, "%s: %s", dir, strerror(errno));
		return;
	}
	uint64_t left = (uint64_t)v.f_bavail * v.f_frsize;
	live_row(l, "disk", left >= FREE_LEAST ? LIVE_OK : LIVE_WRONG, "%llu MiB are free in %s%s",
		 (unsigned long long)(left >> 20), dir, left >= FREE_LEAST ? "" : ": make room");
}

static void check_mode(struct live *l, const char *what, const char *path)
{
	struct stat st;
	if (stat(path, &st) != 0)
		live_row(l, what, errno == ENOENT ? LIVE_NOT_TRIED : LIVE_WRONG, "%s: %s", path,
			 errno == ENOENT ? "made at the daemon's first start" : strerror(errno));
	else if ((st.st_mode & 077) != 0)
		live_row(l, what, LIVE_WRONG, "%s may be used by others (mode %03o): chmod go= %s", path,
			 (unsigned)(st.st_mode & 0777), path);
	else
		live_row(l, what, LIVE_OK, "%s is its owner's alone", path);
}

static void check_confinement(struct live *l)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	if (abi > 0)
		live_row(l, "confinement", LIVE_OK, "Landlock ABI %ld", abi);
	else
		live_row(l, "confinement", l->settings->confinement_required ? LIVE_WRONG : LIVE_OK,
			 "this kernel has no Landlock (%s): connectors are confined by seccomp only",
			 strerror(errno));
}

/* ---- channels ----------------------------------------------------------- */

static void tell_probe(struct live *l, const char *name, enum jembatan_result r, int64_t messages,
		       const char *why)
{
	if (r == JEMBATAN_OK)
		live_row(l, name, LIVE_OK, "connected and read; %lld messages of the last hour on the "
			 "first page", (long long)messages);
	else if (r == JEMBATAN_RETRY)
		live_row(l, name, LIVE_UNREACHABLE, "%s", why);
	else
		live_row(l, name, LIVE_WRONG, "%s", why);
}

struct asked {
	struct live *live;
	const char *name;
};

static void on_row(void *data, json_t *row)
{
	struct asked *p = data;
	const char *why = jx_text(row, "why");
	if (str_equal(jx_text(row, "type"), "probe"))
		tell_probe(p->live, p->name, (enum jembatan_result)jx_integer(row, "result", 0),
			   jx_integer(row, "messages", 0), why != NULL ? why : "");
}

/* False: the connector has nothing to poll. */
static bool polls(struct live *l, const struct instance_settings *i)
{
	char plugin[512];
	struct arena *arena = arena_new();
	struct msg_manifest m = { 0 };
	struct why why;
	manifest_plugin_path(l->settings, i->connector, plugin, sizeof(plugin));
	struct spawn_options spawn = { .program = spawn_program(), .plugin = plugin };
	bool can = manifest_describe(&spawn, arena, &m, &why) == JEMBATAN_OK &&
		   (m.capabilities & JEMBATAN_CAN_POLL) != 0;
	arena_free(arena);
	return can;
}

static void through_daemon(struct live *l, const struct instance_settings *i)
{
	struct asked p = { .live = l, .name = i->name };
	struct msg_argument argument = { "name", i->name };
	if (cli_ask(l->cli, "probe", &argument, 1, on_row, &p) != EX_OK)
		live_row(l, i->name, LIVE_NOT_TRIED, "the daemon did not answer");
}

/* What we write into the store must stay the daemon's. */
static bool become_owner(struct live *l, struct why *why)
{
	struct stat st;
	if (stat(l->settings->data_dir, &st) != 0) {
		(void)why_set(why, JEMBATAN_GONE, "%s is not there yet: start the daemon once, then try "
			      "again", l->settings->data_dir);
		return false;
	}
	if (geteuid() != 0 || st.st_uid == 0)
		return true;
	if (setgroups(0, NULL) == 0 && setgid(st.st_gid) == 0 && setuid(st.st_uid) == 0)
		return true;
	(void)why_set(why, JEMBATAN_CONFIG, "cannot become the owner of %s: %s",
		      l->settings->data_dir, strerror(errno));
	return false;
}

static bool is_tried(struct live *l, const struct instance_settings *i)
{
	if (i->enabled && polls(l, i))
		return true;
	live_row(l, i->name, LIVE_NOT_TRIED, i->enabled ? "it does not poll: its messages come to us" :
		 "it is not enabled");
	return false;
}

static void channels_by_ourselves(struct live *l)
{
	const struct settings *s = l->settings;
	struct why why = { "" };
	struct probe *p = NULL;
	bool good = become_owner(l, &why) && probe_open(l->settings, &p, &why) == JEMBATAN_OK;
	for (size_t n = 0; n < s->instance_count; n++) {
		const char *name = s->instances[n].name;
		struct intake_job job;
		if (!is_tried(l, &s->instances[n]))
			continue;
		if (!good) {
			live_row(l, name, LIVE_NOT_TRIED, "%s", why.text);
			continue;
		}
		probe_run(p, name, &job);
		tell_probe(l, name, job.result, job.messages, job.why);
	}
	probe_close(p);
}

int cli_live(const struct cli *c, struct settings *s)
{
	struct live l = { .cli = c, .settings = s, .table = c->json ? NULL : cli_table_new() };
	check_disk(&l);
	check_mode(&l, "data_dir", s->data_dir);
	if (s->master_key == NULL)
		check_mode(&l, "master key", s->master_key_path);
	check_confinement(&l);
	live_centre(&l);
	if (cli_daemon_runs(c)) {
		for (size_t n = 0; n < s->instance_count; n++)
			if (is_tried(&l, &s->instances[n]))
				through_daemon(&l, &s->instances[n]);
	} else {
		channels_by_ourselves(&l);
	}
	if (l.table != NULL)
		cli_table_print(l.table, stdout);
	return l.is_wrong ? EX_CONFIG : l.is_unreachable ? EX_UNAVAILABLE : EX_OK;
}
