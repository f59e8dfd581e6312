/* instance.c: the life of one instance: its row, its folder, its manifest, its
 * children, its end. */
#include "intake/instance.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "intake/manifest.h"
#include "intake/tryout.h"
#include "store/instances.h"
#include "base/poison.h"

#define ASK_FIRST_MS 2000
#define ASK_MAX_MS 60000

const char *instance_alarm(const struct instance *i)
{
	const char *const alarms[] = { i->alarm, i->poll.alarm, i->request.alarm, i->deliver.alarm };
	for (size_t n = 0; n < COUNT_OF(alarms); n++)
		if (alarms[n][0] != '\0')
			return alarms[n];
	return NULL;
}

void instance_was_ok(struct instance *i)
{
	i->last_ok_ms = clock_now_ms();
	i->polled_mono_ms = clock_mono_ms();
	if (i->last_ok_ms - i->last_ok_written_ms >= OK_WRITTEN_EVERY_MS)
		intake_want_turn(i->intake);
}

/* ---- starting ---------------------------------------------------------- */

enum jembatan_result instance_load_row(struct instance *i, struct why *why)
{
	struct intake *in = i->intake;
	const struct instance_settings *s = i->settings;
	int64_t now = clock_now_ms();
	int64_t start = s->start == START_ALL ? 0 : s->start == START_SINCE ? s->start_ms : now;
	struct instance_row row;
	enum jembatan_result r = db_begin(in->db, why);
	if (r != JEMBATAN_OK)
		return r;
	r = instances_get(in->db, s->name, start, now, i->arena, &row, why);
	if (r == JEMBATAN_OK)
		r = db_commit(in->db, why);
	if (r != JEMBATAN_OK) {
		db_abort(in->db);
		return r;
	}
	i->id = row.id;
	i->start_ms = row.start_ms;
	i->cursor = xstrdup(row.cursor);
	i->paused = row.paused;
	i->last_ok_ms = i->last_ok_written_ms = row.last_ok_ms;
	/* Never a message: counted from its first start, also if that was long ago. */
	int64_t last = row.last_message_ms > 0 ? row.last_message_ms : row.first_seen_ms;
	i->began_mono_ms = clock_mono_ms();
	i->message_mono_ms = i->began_mono_ms - (now > last ? now - last : 0);
	return JEMBATAN_OK;
}

static enum jembatan_result make_spool(struct instance *i, struct why *why)
{
	snprintf(i->spool, sizeof(i->spool), "%s/spool/%s", i->intake->settings->data_dir,
		 i->settings->name);
	enum jembatan_result r = file_make_dirs(i->spool, 0700, why);
	DIR *dir = r == JEMBATAN_OK ? opendir(i->spool) : NULL;
	if (dir == NULL)
		return r;
	/* No child runs yet: what lies here was never named by a commit. */
	for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir))
		if (e->d_name[0] != '.')
			unlinkat(dirfd(dir), e->d_name, 0);
	closedir(dir);
	return r;
}

static struct spawn_options spawn_of(const struct instance *i)
{
	return (struct spawn_options){
		.program = spawn_program(),
		.plugin = i->plugin,
		.confinement_required = i->intake->settings->confinement_required,
	};
}

static enum jembatan_result describe(struct instance *i, struct why *why)
{
	struct spawn_options spawn = spawn_of(i);
	return manifest_describe(&spawn, i->arena, &i->manifest, why);
}

/* Built in: no plugin, no child. */
static enum jembatan_result open_desk(struct instance *i, struct why *why)
{
	desk_manifest(&i->manifest);
	return desk_new(i->name, i->spool, i->settings, i->intake->db,
			i->intake->settings->central.zone_minutes, &i->desk, why);
}

static struct instance *add_instance(struct intake *in, const struct instance_settings *s,
				     struct arena *arena)
{
	struct instance *i = xcalloc(1, sizeof(*i));
	i->intake = in;
	i->settings = s;
	i->held = settings_hold(in->settings);
	i->arena = arena != NULL ? arena : arena_new();
	str_copy(i->name, sizeof(i->name), s->name);
	manifest_plugin_path(in->settings, s->connector, i->plugin, sizeof(i->plugin));
	i->stamp = instance_stamp(i->plugin);
	struct instance **end = &in->instances;
	while (*end != NULL)
		end = &(*end)->next;
	*end = i;
	return i;
}

/* A role that the plugin has no more ends; it is never asked again. */
static void start_role(struct instance *i, struct worker *w, enum worker_purpose purpose)
{
	bool can = (i->manifest.capabilities & worker_needs(purpose)) != 0;
	if (can && w->child == NULL)
		worker_init(w, i, purpose);
	else if (!can && w->child != NULL)
		worker_stop(w);
}

void instance_start_roles(struct instance *i)
{
	if (i->intake->for_jobs)
		return;
	start_role(i, &i->poll, WORKER_POLL);
	start_role(i, &i->request, WORKER_REQUEST);
	start_role(i, &i->deliver, WORKER_DELIVER);
	if (i->poll.child != NULL && !loop_timer_is_set(i->poll.timer))
		worker_start(&i->poll);
	if (i->request.child != NULL && !loop_timer_is_set(i->request.timer))
		worker_start(&i->request);
	/* Replies and fetches are rare: their child starts at the first call. */
}

void instance_leave_out(struct instance *i, const struct why *why)
{
	char sentence[560];
	snprintf(sentence, sizeof(sentence), "this instance is left out: %s", why->text);
	log_error(i->name, "%s", sentence);
	str_copy(i->alarm, sizeof(i->alarm), sentence);
}

/* ---- asking a plugin again ---------------------------------------------- */

static void on_again(void *data);

/* No process or socket could be had: that passes, and nobody has to come for it. */
static void ask_later(struct instance *i, const struct why *why)
{
	int64_t first = FAULT_NUMBER("JEMBATAN_RESTART_FIRST_MS", ASK_FIRST_MS);
	char sentence[600];
	snprintf(sentence, sizeof(sentence), "its plugin could not be asked what it is (it is tried "
		 "again): %s", why->text);
	log_trouble(&i->unasked, i->name, sentence);
	str_copy(i->alarm, sizeof(i->alarm), sentence);
	if (i->again == NULL)
		i->again = loop_timer_new(i->intake->loop, on_again, i);
	loop_timer_set(i->again, backoff_spread_ms(backoff_ms(++i->asked, first, ASK_MAX_MS), 20));
}

static void on_asked(void *data, enum jembatan_result result, const struct why *why)
{
	struct instance *i = data;
	i->asking = NULL;
	if (result == JEMBATAN_RETRY) {
		ask_later(i, why);
		return;
	}
	log_trouble_over(&i->unasked, i->name, "starting its plugin");
	instance_ask_no_more(i);
	if (result != JEMBATAN_OK) {
		instance_leave_out(i, why);
		return;
	}
	i->alarm[0] = '\0';
	i->usable = true;
	instance_start_roles(i);
}

static void on_again(void *data)
{
	struct instance *i = data;
	struct spawn_options spawn = spawn_of(i);
	i->asking = tryout_describe(i->intake->loop, &spawn, i->arena, &i->manifest, on_asked, i);
}

void instance_ask_no_more(struct instance *i)
{
	tryout_free(i->asking);
	loop_timer_free(i->again);
	i->asking = NULL;
	i->again = NULL;
	i->asked = 0;
}


enum jembatan_result instance_start(struct intake *in, const struct instance_settings *s,
				    struct arena *arena, const struct msg_manifest *manifest,
				    struct why *why)
{
	struct instance *i = add_instance(in, s, arena);
	struct why said;
	enum jembatan_result r = instance_load_row(i, why);
	if (r != JEMBATAN_OK) {
		instance_leave_out(i, why);
		return r;
	}
	r = make_spool(i, &said);
	if (r == JEMBATAN_OK && desk_is_for(s))
		r = open_desk(i, &said);
	else if (r == JEMBATAN_OK && manifest != NULL)
		i->manifest = *manifest;
	else if (r == JEMBATAN_OK)
		r = describe(i, &said);
	if (r == JEMBATAN_RETRY && !in->for_jobs) {
		ask_later(i, &said);
		return JEMBATAN_OK;
	}
	if (r != JEMBATAN_OK) {
		instance_leave_out(i, &said);
		return JEMBATAN_OK;
	}
	i->usable = true;
	instance_start_roles(i);
	return JEMBATAN_OK;
}

/* ---- ending ------------------------------------------------------------ */

void instance_stop(struct instance *i)
{
	i->usable = false;
	instance_ask_no_more(i);
	worker_stop(&i->poll);
	worker_stop(&i->request);
	worker_stop(&i->deliver);
	if (i->job != NULL)
		worker_stop(i->job);
}

void instance_leave(struct instance *i)
{
	i->leaving = true;
	instance_stop(i);
	intake_sweep_later(i->intake);
}

void instance_free_job(struct instance *i)
{
	if (i->job == NULL)
		return;
	worker_done(i->job);
	free(i->job);
	i->job = NULL;
}

void instance_free(struct instance *i)
{
	loop_defer_cancel(i->intake->loop, i);
	instance_ask_no_more(i);
	worker_done(&i->poll);
	worker_done(&i->request);
	worker_done(&i->deliver);
	instance_free_job(i);
	desk_free(i->desk);
	free(i->cursor);
	arena_free(i->arena);
	settings_free(i->held);
	free(i);
}
