/* commands_backup.c: the daemon's part of backups: their list, and the end of
 * the hold after one was put back. The copy itself is made by the command, in
 * its own process (backup_command.c), so that no turn waits for it. */
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "app.h"
#include "base/clock.h"
#include "commands.h"
#include "store/audit.h"
#include "store/backups.h"
#include "store/instances.h"
#include "store/master.h"
#include "base/poison.h"

#define PAGE 200u

void backup_begin_command(struct control_peer *p, const struct msg_command *c)
{
	struct app *a = control_app(p);
	const char *place = msg_argument(c, "place");
	const struct settings *s = a->settings;
	struct why why;
	int64_t id = 0, now = clock_now_ms();
	if (place == NULL) {
		control_end(p, EX_USAGE, "usage: jembatan backup FOLDER");
		return;
	}
	enum jembatan_result r = db_begin(a->db, &why);
	if (r == JEMBATAN_OK)
		r = backups_add(a->db, place, now, &id, &why);
	if (r == JEMBATAN_OK)
		r = audit_add(a->db, AUDIT_CENTRAL, 0, control_actor(p), "backup", place, now, &why);
	if (r == JEMBATAN_OK)
		r = db_commit(a->db, &why);
	if (r != JEMBATAN_OK) {
		db_abort(a->db);
		control_fail(p, r, &why);
		return;
	}
	control_row(p, json_pack("{s:s,s:I,s:I,s:s,s:s?}", "type", "backup_begun", "id",
				 (json_int_t)id, "made_ms", (json_int_t)now, "data_dir", s->data_dir,
				 "master_key", s->master_key_path));
	control_end(p, EX_OK, "%s", "");
}

void backup_end_command(struct control_peer *p, const struct msg_command *c)
{
	struct app *a = control_app(p);
	const char *digest = msg_argument(c, "digest");
	struct why why;
	int64_t id = 0, bytes = 0;
	if (!commands_number(c, "id", &id) || !commands_number(c, "bytes", &bytes) ||
	    digest == NULL) {
		control_end(p, EX_USAGE, "backup end: id, bytes and digest");
		return;
	}
	enum jembatan_result r = db_begin(a->db, &why);
	if (r == JEMBATAN_OK)
		r = backups_finish(a->db, id, digest, bytes, &why);
	commands_finish(p, r, &why, "");
}

/* ---- which there are ---------------------------------------------------- */

/* A copy without a row to note it in. note NULL: what it is. */
static void tell_copy(struct control_peer *p, const char *place, const char *file, const char *what,
		      const struct backup_telling *t)
{
	struct stat st;
	struct why why;
	if (stat(file, &st) != 0)
		return;
	bool is_other = master_fits(control_app(p)->db, file, &why) != JEMBATAN_OK;
	if (t->of_other_keys && !is_other)
		return;
	control_row(p, json_pack("{s:s,s:I,s:I,s:s,s:s,s:s?}", "type", "backup", "made_ms",
		(json_int_t)st.st_mtim.tv_sec * 1000, "bytes", (json_int_t)st.st_size, "place", place,
		"digest", t->note != NULL ? t->note : what, "key", is_other ? "another" : NULL));
	++*t->count;
}

static void tell_folder(struct control_peer *p, const char *folder, const char *begin,
			const char *file, const char *what, const struct backup_telling *t)
{
	DIR *d = opendir(folder);
	const struct dirent *e;
	while (d != NULL && (e = readdir(d)) != NULL) {
		CLEANUP(free_pointer) char *place = xasprintf("%s/%s", folder, e->d_name);
		CLEANUP(free_pointer) char *path = xasprintf("%s%s", place, file);
		if (e->d_name[0] != '.' && str_starts(e->d_name, begin))
			tell_copy(p, place, path, what, t);
	}
	if (d != NULL)
		closedir(d);
}

static void tell_noted(struct control_peer *p, const struct backups_row *row,
		       const struct backup_telling *t)
{
	if (t->of_other_keys && row->key_mark == NULL)
		return;
	const char *digest = row->digest != NULL ? row->digest : "not finished";
	control_row(p, json_pack("{s:s,s:I,s:I,s:I,s:s,s:s,s:s?}", "type", "backup", "id",
		(json_int_t)row->id, "made_ms", (json_int_t)row->made_ms, "bytes",
		(json_int_t)row->bytes, "place", row->place, "digest",
		t->note != NULL ? t->note : digest, "key", row->key_mark));
	++*t->count;
}

enum jembatan_result backup_tell(struct control_peer *p, const struct backup_telling *t,
				 struct why *why)
{
	struct app *a = control_app(p);
	const char *data_dir = a->settings->data_dir;
	struct arena *arena = arena_new();
	struct backups_row rows[PAGE];
	size_t count = 0;
	int64_t after = 0;
	enum jembatan_result r;
	CLEANUP(free_pointer) char *before_migrations = xasprintf("%s/backup", data_dir);
	*t->count = 0;
	tell_folder(p, before_migrations, "", "", "made before a migration", t);
	tell_folder(p, data_dir, "before-restore-", "/jembatan.db", "put aside by a restore", t);
	do {
		arena_reset(arena);
		r = backups_list(a->db, after, PAGE, arena, rows, &count, why);
		for (size_t i = 0; i < count && r == JEMBATAN_OK; i++) {
			after = rows[i].id;
			tell_noted(p, &rows[i], t);
		}
	} while (r == JEMBATAN_OK && count == PAGE);
	arena_free(arena);
	return r;
}

void backup_list_command(struct control_peer *p, const struct msg_command *c)
{
	struct why why;
	size_t count = 0;
	(void)c;
	enum jembatan_result r = backup_tell(p, &(struct backup_telling){ .count = &count }, &why);
	if (r != JEMBATAN_OK)
		control_fail(p, r, &why);
	else
		control_end(p, EX_OK, "%s", "");
}

void restore_release_command(struct control_peer *p, const struct msg_command *c)
{
	struct app *a = control_app(p);
	struct why why;
	int64_t paused = 0;
	(void)c;
	if (!a->hold.active) {
		control_end(p, EX_OK, "nothing is in hold");
		return;
	}
	enum jembatan_result r = db_begin(a->db, &why);
	if (r == JEMBATAN_OK)
		r = hold_release(a->db, &why);
	if (r == JEMBATAN_OK)
		r = instances_flag_get(a->db, "central.paused", &paused, &why);
	if (r == JEMBATAN_OK)
		r = audit_add(a->db, AUDIT_CENTRAL, 0, control_actor(p), "released",
			      "the hold after a backup was put back", clock_now_ms(), &why);
	if (!commands_finish(p, r, &why, paused != 0 ? "the hold is over; central is paused still" :
			     "the hold is over: what is new is pushed; what is unknown waits for a "
			     "person: `jembatan unknown list`"))
		return;
	a->hold.active = false;
	if (a->outbox != NULL)
		outbox_pause(a->outbox, paused != 0);
}
