/* backup_command.c: `jembatan backup` and `jembatan restore`. The copy is made in
 * the command's process, so that the daemon's turns do not wait for it; the
 * daemon notes in the store where it is. A restore needs the daemon stopped.
 * Not in cli/, which knows no store. */
#include "cli/cli.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/jx.h"
#include "config/settings.h"
#include "store/restore.h"
#include "base/poison.h"

static int exit_code(enum jembatan_result r, const struct why *why)
{
	if (r == JEMBATAN_OK)
		return EX_OK;
	fprintf(stderr, "jembatan: %s\n", why->text);
	switch (r) {
	case JEMBATAN_RETRY:
		return EX_TEMPFAIL;
	case JEMBATAN_CONFIG:
		return EX_CONFIG;
	case JEMBATAN_GONE:
		return EX_NOINPUT;
	case JEMBATAN_OK:
	case JEMBATAN_IDLE:
	case JEMBATAN_AUTH:
	case JEMBATAN_DATA:
	case JEMBATAN_FATAL:
		break;
	}
	return EX_DATAERR;
}

struct shown {
	bool on;
	int64_t next_mono_ms;
};

static void show_progress(void *data, const char *what, int64_t done, int64_t total)
{
	struct shown *s = data;
	if (!s->on || (done < total && clock_mono_ms() < s->next_mono_ms))
		return;
	s->next_mono_ms = clock_mono_ms() + 200;
	fprintf(stderr, "\r%s: %lld", what, (long long)done);
	if (total > 0)
		fprintf(stderr, " of %lld (%lld %%)", (long long)total,
			(long long)(done * 100 / total));
	fputs("   ", stderr);
}

static void end_progress(const struct shown *s)
{
	if (s->on)
		fputc('\n', stderr);
}

/* ---- backup ------------------------------------------------------------ */

struct begun {
	int64_t id, made_ms;
	char *data_dir, *master_key;
};

static void on_begun(void *data, json_t *row)
{
	struct begun *b = data;
	b->id = jx_integer(row, "id", 0);
	b->made_ms = jx_integer(row, "made_ms", 0);
	free_pointer(&b->data_dir);
	free_pointer(&b->master_key);
	b->data_dir = xstrdup(jx_text(row, "data_dir"));
	b->master_key = xstrdup(jx_text(row, "master_key"));
}

static void on_nothing(void *data, json_t *row)
{
	(void)data;
	(void)row;
}

static void print_made(const struct cli *c, const char *place, const struct begun *b,
		       const struct backup_facts *f)
{
	if (c->json) {
		json_t *row = json_pack("{s:s,s:s,s:s,s:I,s:I,s:I,s:I,s:I}", "type", "backup", "place",
			place, "digest", f->digest, "made_ms", (json_int_t)f->made_ms, "bytes",
			(json_int_t)f->bytes, "files", (json_int_t)f->files, "missing",
			(json_int_t)f->missing, "schema", (json_int_t)f->schema);
		cli_print_json(NULL, row);
		json_decref(row);
		return;
	}
	printf("%s: %lld bytes, %lld files, schema %lld\ndigest %s\n", place, (long long)f->bytes,
	       (long long)f->files, (long long)f->schema, f->digest);
	if (f->missing > 0)
		printf("%lld of these files are not there any more: erased, or lost\n",
		       (long long)f->missing);
	printf("THE MASTER KEY IS NOT IN IT. Without %s this backup can be read by nobody, you "
	       "included: keep a copy of the key, and keep it apart from the backups.\n",
	       b->master_key != NULL ? b->master_key : "the key that master_key names");
}

static int copy(const struct cli *c, const char *place, const struct begun *b)
{
	struct shown shown = { .on = isatty(STDERR_FILENO) && !c->json };
	struct backup_facts f = { 0 };
	struct why why;
	enum jembatan_result r = backup_make(b->data_dir, place, b->made_ms, show_progress, &shown, &f,
					     &why);
	end_progress(&shown);
	if (r != JEMBATAN_OK)
		return exit_code(r, &why);
	char id[32], bytes[32];
	snprintf(id, sizeof(id), "%lld", (long long)b->id);
	snprintf(bytes, sizeof(bytes), "%lld", (long long)f.bytes);
	const struct msg_argument end[] = { { "id", id }, { "bytes", bytes },
					    { "digest", f.digest } };
	print_made(c, place, b, &f);
	return cli_ask(c, "backup end", end, COUNT_OF(end), on_nothing, NULL);
}

int cli_backup(const struct cli *c, const char *folder)
{
	char real[PATH_MAX];
	struct stat st;
	struct begun b = { 0 };
	if (realpath(folder, real) == NULL || stat(real, &st) != 0 || !S_ISDIR(st.st_mode)) {
		fprintf(stderr, "jembatan: %s is no folder: make it first, for backups alone\n", folder);
		return EX_CANTCREAT;
	}
	CLEANUP(free_pointer) char *place = backup_place(real, clock_now_ms());
	const struct msg_argument begin[] = { { "place", place } };
	int code = cli_ask(c, "backup begin", begin, 1, on_begun, &b);
	if (code == EX_OK)
		code = b.data_dir != NULL ? copy(c, place, &b) : EX_PROTOCOL;
	free(b.data_dir);
	free(b.master_key);
	return code;
}

/* ---- restore ----------------------------------------------------------- */

static enum hold_means means_of(const struct settings_central *c)
{
	return c->idempotent ? HOLD_IDEMPOTENT : c->lookup_url != NULL ? HOLD_LOOKUP : HOLD_PERSON;
}

static void print_restored(const struct cli *c, const struct restore_done *d)
{
	char made[32];
	clock_format(d->facts.made_ms, 0, made);
	if (c->json) {
		json_t *row = json_pack("{s:s,s:I,s:s,s:I,s:I,s:s?}", "type", "restored",
			"made_ms", (json_int_t)d->facts.made_ms, "digest", d->facts.digest,
			"held", (json_int_t)d->held, "astray", (json_int_t)d->astray,
			"aside", d->aside);
		cli_print_json(NULL, row);
		json_decref(row);
		return;
	}
	printf("the backup of %s is in place, IN HOLD: nothing is pushed until you say so\n", made);
	if (d->aside != NULL)
		printf("the store that was here is kept in %s\n", d->aside);
	if (d->astray > 0)
		printf("%lld rows in it point at rows that are not there: a mistake of this program. "
		       "What they belong to may read badly, the rest is whole. Keep the backup and "
		       "report this\n", (long long)d->astray);
	printf("%lld pushes that waited then may have been made since. Next: start jembatand; let the "
	       "channels come in again; settle `jembatan unknown list` with a look at the centre; then "
	       "`jembatan restore --release`\n", (long long)d->held);
}

int cli_restore(const struct cli *c, const char *from, bool replace)
{
	struct problems problems;
	struct shown shown = { .on = isatty(STDERR_FILENO) && !c->json };
	struct restore_done done = { 0 };
	struct why why;
	problems_init(&problems);
	struct settings *s = settings_load(c->config, &problems);
	if (s == NULL || problems.count > 0) {
		problems_print(&problems, stderr);
		problems_done(&problems);
		settings_free(s);
		return EX_CONFIG;
	}
	problems_done(&problems);
	umask(0077);
	const struct restore_options o = {
		.data_dir = s->data_dir, .from = from,
		.keys = { s->master_key, s->master_key_old },
		.replace = replace, .means = means_of(&s->central), .now_ms = clock_now_ms(),
		.progress = show_progress, .data = &shown,
	};
	enum jembatan_result r = restore_run(&o, &done, &why);
	end_progress(&shown);
	if (r == JEMBATAN_OK)
		print_restored(c, &done);
	free(done.aside);
	settings_free(s);
	return exit_code(r, &why);
}

/* Ending the hold is a person's word. */
int cli_release(const struct cli *c, bool yes)
{
	char answer[16] = "";
	if (!yes && !isatty(STDIN_FILENO)) {
		fputs("jembatan: say --yes: from then on new reports are pushed again\n", stderr);
		return EX_USAGE;
	}
	if (!yes) {
		fputs("From now on new reports are pushed again; what `jembatan unknown list` shows stays "
		      "held. Have you compared it with the centre? Type yes: ", stderr);
		if (fgets(answer, sizeof(answer), stdin) == NULL || strcmp(answer, "yes\n") != 0) {
			fputs("jembatan: nothing was changed\n", stderr);
			return EX_USAGE;
		}
	}
	return cli_ask(c, "restore release", NULL, 0, on_nothing, NULL);
}
