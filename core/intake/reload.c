/* reload.c: from the instances that run to those of other settings. Each
 * instance holds the settings that it was last given, so the old ones live
 * until the last of them has moved on. */
#include "intake/reload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "intake/instance.h"
#include "intake/manifest.h"
#include "intake/tryout.h"
#include "base/poison.h"

struct plan {
	const struct instance_settings *settings;
	char plugin[512];
	struct arena *arena; /* of a manifest read anew; NULL: the running one holds */
	struct msg_manifest manifest;
	bool is_described;
	struct digest stamp, key;
};

struct intake_reload {
	struct intake *intake;
	struct settings *settings;
	struct problems *problems;
	intake_on_checked *on;
	void *data;
	struct plan *plans;
	size_t count, at;
	struct tryout *tryout;
};

static void go_on(struct intake_reload *r);

/* ---- what tells one child from another ---------------------------------- */

struct digest instance_stamp(const char *plugin)
{
	struct stat st = { 0 };
	char text[200];
	if (stat(plugin, &st) != 0)
		return (struct digest){ 0 };
	snprintf(text, sizeof(text), "%llu %llu %lld %lld.%ld", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino, (long long)st.st_size, (long long)st.st_mtim.tv_sec,
		 st.st_mtim.tv_nsec);
	return digest_sha256(bytes_text(text));
}

/* A child has what it was given at its start: a file that is another one now (of
 * certificates, a profile) is not among that. What comes and goes in a folder is. */
static void add_grant(struct digest_state *d, const struct msg_grant *g)
{
	struct stat st;
	digest_part_text(d, g->path);
	if (g->writable || stat(g->path, &st) != 0 || !S_ISREG(st.st_mode))
		return;
	struct digest stamp = instance_stamp(g->path);
	digest_part(d, bytes_of(stamp.bytes, sizeof(stamp.bytes)));
}

/* Keyed, since passwords are among the options. */
struct digest instance_key(struct intake *in, const struct settings *s, const char *plugin,
			   const struct instance_options *options)
{
	struct digest stamp = instance_stamp(plugin);
	struct digest_state *d = digest_begin(db_local_key(in->db));
	char numbers[80];
	snprintf(numbers, sizeof(numbers), "%lld %d", (long long)s->attachment_max_bytes,
		 s->confinement_required);
	digest_part_text(d, "child");
	digest_part_text(d, plugin);
	digest_part(d, bytes_of(stamp.bytes, sizeof(stamp.bytes)));
	digest_part_text(d, numbers);
	for (size_t i = 0; i < options->option_count; i++) {
		digest_part_text(d, options->options[i].name);
		digest_part_text(d, options->options[i].entry);
		digest_part_text(d, options->options[i].value);
	}
	for (size_t i = 0; i < options->grant_count; i++)
		add_grant(d, &options->grants[i]);
	return digest_end(d);
}

/* ---- looking ------------------------------------------------------------ */

static struct instance *find(struct intake *in, const char *name)
{
	struct instance *i = in->instances;
	while (i != NULL && strcmp(i->name, name) != 0)
		i = i->next;
	return i;
}

static bool runs_with(const struct worker *w, const struct digest *key)
{
	return w->child == NULL || child_state(w->child) == CHILD_DOWN ||
	       digest_equal(&w->key, key, sizeof(*key));
}

static bool is_unchanged(const struct instance *i, const struct plan *p)
{
	return i != NULL && i->usable && !i->leaving && runs_with(&i->poll, &p->key) &&
	       runs_with(&i->request, &p->key) && runs_with(&i->deliver, &p->key);
}

static struct spawn_options spawn_of(const struct intake_reload *r, const struct plan *p)
{
	return (struct spawn_options){
		.program = spawn_program(),
		.plugin = p->plugin,
		.confinement_required = r->settings->confinement_required,
	};
}

static void complain(struct intake_reload *r, const struct plan *p, const struct why *why)
{
	/* A plugin that knows the place of its option says it itself. */
	bool says_where = strstr(why->text, ".yaml:") != NULL;
	problems_add(r->problems, says_where ? NULL : p->settings->file, 0, "%s", why->text);
}

static void on_described(void *data, enum jembatan_result result, const struct why *why)
{
	struct intake_reload *r = data;
	struct plan *p = &r->plans[r->at];
	r->tryout = NULL;
	p->is_described = result == JEMBATAN_OK;
	if (result != JEMBATAN_OK) {
		complain(r, p, why);
		r->at++;
	}
	go_on(r);
}

static void on_checked(void *data, enum jembatan_result result, const struct why *why)
{
	struct intake_reload *r = data;
	r->tryout = NULL;
	if (result != JEMBATAN_OK)
		complain(r, &r->plans[r->at], why);
	r->at++;
	go_on(r);
}

/* The manifest that is known already, of the same file. */
static bool know_manifest(const struct intake_reload *r, struct plan *p)
{
	const struct instance *i = find(r->intake, p->settings->name);
	if (p->is_described)
		return true;
	manifest_plugin_path(r->settings, p->settings->connector, p->plugin, sizeof(p->plugin));
	if (desk_is_for(p->settings)) {
		desk_manifest(&p->manifest);
		p->is_described = true;
		return true;
	}
	p->stamp = instance_stamp(p->plugin);
	if (i == NULL || i->leaving || i->manifest.name == NULL || strcmp(i->plugin, p->plugin) != 0 ||
	    !digest_equal(&i->stamp, &p->stamp, sizeof(p->stamp)))
		return false;
	p->manifest = i->manifest;
	p->is_described = true;
	return true;
}

/* Built in: there is no process to ask. */
static void check_desk(struct intake_reload *r, struct plan *p, const struct instance_options *o)
{
	struct why why;
	if (desk_check(o, &why) != JEMBATAN_OK)
		complain(r, p, &why);
}

/* One with a plugin and one without have nothing in common but the name. */
static bool changes_its_nature(struct intake_reload *r, struct plan *p)
{
	const struct instance *i = find(r->intake, p->settings->name);
	struct why why;
	if (i == NULL || i->manifest.name == NULL || desk_is_for(i->settings) == desk_is_for(p->settings))
		return false;
	(void)why_set(&why, JEMBATAN_CONFIG, "an instance becomes or ceases to be one of the connector "
		      DESK_CONNECTOR " only at a restart: give it another name, or restart");
	complain(r, p, &why);
	return true;
}

/* True: nothing more to ask about this one. */
static bool check_options(struct intake_reload *r, struct plan *p)
{
	struct arena *arena = arena_new();
	struct instance_options options = { 0 };
	bool done = true;
	if (!changes_its_nature(r, p) &&
	    instance_options_check(p->settings, p->manifest.options, p->manifest.option_count,
				   r->problems, arena, &options) == JEMBATAN_OK) {
		p->key = instance_key(r->intake, r->settings, p->plugin, &options);
		done = desk_is_for(p->settings) || is_unchanged(find(r->intake, p->settings->name), p);
		if (desk_is_for(p->settings))
			check_desk(r, p, &options);
	}
	if (!done) {
		struct spawn_options spawn = spawn_of(r, p);
		struct msg_open open = {
			.instance = p->settings->name,
			.role = MSG_ROLE_TOOL,
			.mode = JEMBATAN_MODE_CHECK,
			.options = options.options,
			.option_count = options.option_count,
			.grants = options.grants,
			.grant_count = options.grant_count,
			.attachment_max_bytes = r->settings->attachment_max_bytes,
		};
		r->tryout = tryout_check(r->intake->loop, &spawn, &open, on_checked, r);
	}
	arena_free(arena);
	return done;
}

static void on_end(void *data)
{
	struct intake_reload *r = data;
	r->on(r->data);
}

/* One question at a time: a reload is in no haste, and the machine has more
 * to do. */
static void go_on(struct intake_reload *r)
{
	for (; r->at < r->count; r->at++) {
		struct plan *p = &r->plans[r->at];
		if (!know_manifest(r, p)) {
			struct spawn_options spawn = spawn_of(r, p);
			if (p->arena == NULL)
				p->arena = arena_new();
			r->tryout = tryout_describe(r->intake->loop, &spawn, p->arena, &p->manifest,
						    on_described, r);
			return;
		}
		if (!check_options(r, p))
			return;
	}
	loop_defer(r->intake->loop, on_end, r);
}

struct intake_reload *intake_reload_new(struct intake *in, struct settings *s,
					struct problems *problems, intake_on_checked *on,
					void *data)
{
	struct intake_reload *r = xcalloc(1, sizeof(*r));
	*r = (struct intake_reload){ .intake = in, .settings = s, .problems = problems, .on = on,
				     .data = data };
	r->plans = xcalloc(s->instance_count + 1, sizeof(*r->plans));
	for (size_t n = 0; n < s->instance_count; n++)
		if (s->instances[n].enabled)
			r->plans[r->count++].settings = &s->instances[n];
	go_on(r);
	return r;
}

void intake_reload_free(struct intake_reload *r)
{
	if (r == NULL)
		return;
	tryout_free(r->tryout);
	loop_defer_cancel(r->intake->loop, r);
	for (size_t n = 0; n < r->count; n++)
		arena_free(r->plans[n].arena);
	free(r->plans);
	free(r);
}

/* ---- applying ----------------------------------------------------------- */

static void take_settings(struct instance *i, struct settings *s, struct plan *p)
{
	struct settings *old = i->held;
	instance_ask_no_more(i); /* the reload asked */
	i->held = settings_hold(s);
	i->settings = p->settings;
	settings_free(old);
	if (p->arena == NULL)
		return;
	arena_free(i->arena);
	i->arena = p->arena;
	i->manifest = p->manifest;
	i->stamp = p->stamp;
	memcpy(i->plugin, p->plugin, sizeof(i->plugin));
	p->arena = NULL;
}

static bool renew(struct worker *w, const struct settings *s, const struct digest *key,
		  bool is_revived)
{
	if (w->child == NULL)
		return false;
	child_set_confinement(w->child, s->confinement_required);
	child_batch(w->child)->max = s->batch_max;
	bool is_other = !digest_equal(&w->key, key, sizeof(*key));
	if (child_state(w->child) != CHILD_DOWN) {
		if (is_other || is_revived)
			worker_restart(w);
		return is_other || is_revived;
	}
	/* It rests after failures that the change may have cured. */
	if ((is_other || is_revived) && w->purpose != WORKER_DELIVER) {
		worker_forgive(w);
		worker_start(w);
	}
	return false;
}

static void renew_desk(struct instance *i, const struct settings *s)
{
	struct why why;
	if (!desk_is_for(i->settings))
		return;
	/* One that was left out has none yet. */
	enum jembatan_result r = i->desk != NULL ?
		desk_take_settings(i->desk, i->settings, s->central.zone_minutes, &why) :
		desk_new(i->name, i->spool, i->settings, i->intake->db, s->central.zone_minutes,
			 &i->desk, &why);
	if (r != JEMBATAN_OK)
		log_error(i->name, "its API keys stay those of before: %s", why.text);
}

static const char *change(struct instance *i, struct settings *s, struct plan *p)
{
	bool is_revived = i->leaving || !i->usable, restarted = false;
	bool same_pace = i->settings->every_ms == p->settings->every_ms;
	bool same = settings_same_instance(i->settings, p->settings);
	struct why why;
	take_settings(i, s, p);
	i->leaving = false;
	/* The store did not take its row when it was to start. */
	if (i->id == 0 && instance_load_row(i, &why) != JEMBATAN_OK) {
		instance_leave_out(i, &why);
		return "left out";
	}
	if (is_revived) {
		i->usable = true;
		i->alarm[0] = '\0';
	}
	struct worker *const workers[] = { &i->poll, &i->request, &i->deliver };
	for (size_t n = 0; n < COUNT_OF(workers); n++)
		restarted |= renew(workers[n], s, &p->key, is_revived);
	instance_start_roles(i);
	renew_desk(i, s);
	if (!same_pace && !restarted && i->poll.child != NULL)
		worker_wake(&i->poll);
	return restarted || is_revived ? "restarted" : same ? "kept" : "changed";
}

static const char *start(struct intake_reload *r, struct plan *p)
{
	struct why why;
	struct arena *arena = p->arena;
	p->arena = NULL;
	if (instance_start(r->intake, p->settings, arena, &p->manifest, &why) != JEMBATAN_OK)
		return "left out"; /* its alarm says why */
	return find(r->intake, p->settings->name)->usable ? "started" : "left out";
}

static struct plan *plan_of(struct intake_reload *r, const char *name)
{
	for (size_t n = 0; n < r->count; n++)
		if (strcmp(r->plans[n].settings->name, name) == 0)
			return &r->plans[n];
	return NULL;
}

void intake_reload_apply(struct intake_reload *r, intake_on_change *on, void *data)
{
	struct intake *in = r->intake;
	struct settings *old = in->settings;
	in->settings = settings_hold(r->settings);
	for (struct instance *i = in->instances; i != NULL; i = i->next) {
		if (i->leaving || plan_of(r, i->name) != NULL)
			continue;
		instance_leave(i);
		on(data, i->name, "stopped");
	}
	for (size_t n = 0; n < r->count; n++) {
		struct plan *p = &r->plans[n];
		struct instance *i = find(in, p->settings->name);
		on(data, p->settings->name, i != NULL ? change(i, r->settings, p) : start(r, p));
	}
	settings_free(old);
}
