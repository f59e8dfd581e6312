/* bundle.c: `jembatan support-bundle FILE.tar`: what somebody far away needs to
 * help, and nothing of any citizen or any secret. Works without the daemon too. */
#include "config.h"

#include "cli/cli.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/jx.h"
#include "cli/mask.h"
#include "config/settings.h"
#include "config/settings_table.h"
#include "intake/manifest.h"
#include "base/poison.h"

#define FILE_MAX (8u * 1024u * 1024u)
#define PLUGINS_MAX 64u

static const char readme[] =
	"A support bundle of Jembatan, made by `jembatan support-bundle`.\n"
	"\n"
	"versions.json       versions, kernel, Landlock\n"
	"configuration/      the settings, by key: secrets, texts, addresses' paths and file\n"
	"                    names are replaced by what kind they are of; comments are left out\n"
	"plugins/            what each plugin says of itself\n"
	"status.jsonl        `jembatan status`, without sentences that come from outside\n"
	"log.jsonl           the daemon's last log lines; where a line had a text put into it,\n"
	"                    only its pattern stands here\n"
	"\n"
	"Names of instances and of hosts are in it. Citizens' data are not: please look\n"
	"yourself before you send it.\n";

struct plugin {
	char name[64];
	const struct jembatan_option *table;
};

struct bundle {
	const struct cli *cli;
	struct archive *archive;
	struct arena *arena;
	struct plugin plugins[PLUGINS_MAX];
	size_t plugin_count;
	struct buf rows;
	bool failed;
};

static void add_file(struct bundle *b, const char *name, const char *data, size_t size)
{
	struct archive_entry *entry = archive_entry_new();
	archive_entry_set_pathname(entry, arena_printf(b->arena, "jembatan-support/%s", name));
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0600);
	archive_entry_set_size(entry, (la_int64_t)size);
	archive_entry_set_mtime(entry, (time_t)(clock_now_ms() / 1000), 0);
	if (archive_write_header(b->archive, entry) != ARCHIVE_OK ||
	    archive_write_data(b->archive, data, size) != (la_ssize_t)size)
		b->failed = true;
	archive_entry_free(entry);
}

/* Takes the reference. */
static void add_json(struct bundle *b, const char *name, json_t *value)
{
	char *text = json_dumps(value, JSON_INDENT(2) | JSON_ENCODE_ANY);
	json_decref(value);
	if (text != NULL)
		add_file(b, name, text, strlen(text));
	free(text);
}

static json_t *versions(void)
{
	struct utsname kernel;
	if (uname(&kernel) != 0)
		kernel = (struct utsname){ .sysname = "?" };
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	return json_pack("{s:s,s:s,s:s,s:s,s:I,s:s}", "jembatan", PACKAGE_VERSION, "kernel",
			 kernel.release, "machine", kernel.machine, "system", kernel.sysname,
			 "landlock_abi", (json_int_t)(abi > 0 ? abi : 0), "libarchive",
			 archive_version_string());
}

/* ---- plugins ----------------------------------------------------------- */

static json_t *describe(struct bundle *b, const struct settings *s, const char *name)
{
	char path[512];
	struct why why;
	struct msg_manifest m = { 0 };
	manifest_plugin_path(s, name, path, sizeof(path));
	struct spawn_options spawn = { .program = spawn_program(), .plugin = path,
				       .confinement_required = s->confinement_required };
	if (manifest_describe(&spawn, b->arena, &m, &why) != JEMBATAN_OK)
		return json_pack("{s:s,s:s}", "file", name, "problem", "it cannot be described");
	struct plugin *p = &b->plugins[b->plugin_count++];
	str_copy(p->name, sizeof(p->name), name);
	p->table = mask_table(&m, b->arena);
	json_t *options = json_array();
	for (size_t i = 0; i < m.option_count; i++)
		json_array_append_new(options, json_string(m.options[i].name));
	return json_pack("{s:s,s:s,s:s,s:s,s:i,s:i,s:i,s:s,s:b,s:o}", "file", name, "name", m.name,
			 "version", m.version, "summary", m.summary, "abi_major", (int)m.abi_major,
			 "abi_minor", (int)m.abi_minor, "capabilities", (int)m.capabilities,
			 "confinement", m.confinement, "degraded", m.confinement_degraded, "options",
			 options);
}

static void add_plugins(struct bundle *b, const struct settings *s)
{
	DIR *dir = s->plugin_dir != NULL ? opendir(s->plugin_dir) : NULL;
	for (struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;) {
		size_t n = strlen(e->d_name);
		if (n < 4 || n > 60 || strcmp(e->d_name + n - 3, ".so") != 0 ||
		    b->plugin_count == PLUGINS_MAX)
			continue;
		e->d_name[n - 3] = '\0';
		add_json(b, arena_printf(b->arena, "plugins/%s.json", e->d_name),
			 describe(b, s, e->d_name));
	}
	if (dir != NULL)
		closedir(dir);
}

/* ---- settings ---------------------------------------------------------- */

static void add_settings(struct bundle *b, const char *path, const char *name,
			 const struct jembatan_option *table, const struct jembatan_option *plugin)
{
	const struct yaml_node *root = NULL;
	struct why why;
	/* The sentence may repeat what stands there. */
	enum jembatan_result r = yaml_load(path, name, b->arena, &root, &why);
	add_json(b, arena_printf(b->arena, "configuration/%s.json", name),
		 r == JEMBATAN_OK ? mask_settings(root, table, plugin) :
		 json_string("it cannot be read as YAML: `jembatan check` tells where"));
}

static const struct jembatan_option *options_of(const struct bundle *b, const char *connector)
{
	for (size_t i = 0; i < b->plugin_count; i++)
		if (str_equal(b->plugins[i].name, connector))
			return b->plugins[i].table;
	return NULL;
}

static void add_configuration(struct bundle *b, const struct settings *s)
{
	const char *slash = strrchr(b->cli->config, '/');
	int length = slash != NULL ? (int)(slash - b->cli->config) : 0;
	add_settings(b, b->cli->config, "jembatan.yaml", settings_table, NULL);
	for (size_t i = 0; s != NULL && i < s->instance_count; i++) {
		const struct instance_settings *instance = &s->instances[i];
		const char *path = arena_printf(b->arena, "%.*s%sconnectors.d/%s.yaml", length,
						b->cli->config, slash != NULL ? "/" : "", instance->name);
		add_settings(b, path, arena_printf(b->arena, "connectors.d/%s.yaml", instance->name),
			     settings_instance_table, options_of(b, instance->connector));
	}
}

/* ---- the daemon -------------------------------------------------------- */

static void on_row(void *data, json_t *row)
{
	struct bundle *b = data;
	json_t *shown = mask_row(row);
	CLEANUP(free_pointer) char *text = jx_dump(shown);
	json_decref(shown);
	if (b->rows.size + strlen(text) + 1 < FILE_MAX)
		buf_printf(&b->rows, "%s\n", text);
}

static int add_answer(struct bundle *b, const char *command, const char *name)
{
	buf_clear(&b->rows);
	int code = cli_ask(b->cli, command, NULL, 0, on_row, b);
	add_file(b, name, b->rows.data != NULL ? b->rows.data : "", b->rows.size);
	return code;
}

static int fill(struct bundle *b)
{
	struct problems problems;
	problems_init(&problems);
	struct settings *s = settings_load(b->cli->config, &problems);
	add_file(b, "README.txt", readme, strlen(readme));
	add_json(b, "versions.json", versions());
	if (s != NULL)
		add_plugins(b, s);
	add_configuration(b, s);
	int code = add_answer(b, "status", "status.jsonl");
	if (code == EX_OK)
		code = add_answer(b, "support", "log.jsonl");
	problems_done(&problems);
	settings_free(s);
	return code;
}

int cli_bundle(const struct cli *c, const char *path)
{
	struct bundle b = { .cli = c, .arena = arena_new() };
	/* Never over what is there, nor through a link that somebody laid. */
	CLEANUP(close_fd) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		fprintf(stderr, "jembatan support-bundle: cannot make %s: %s\n", path, strerror(errno));
		arena_free(b.arena);
		return EX_CANTCREAT;
	}
	buf_init(&b.rows, FILE_MAX);
	b.archive = archive_write_new();
	archive_write_set_format_pax_restricted(b.archive);
	b.failed = archive_write_open_fd(b.archive, fd) != ARCHIVE_OK;
	int code = fill(&b);
	b.failed |= archive_write_close(b.archive) != ARCHIVE_OK;
	archive_write_free(b.archive);
	buf_done(&b.rows);
	arena_free(b.arena);
	if (b.failed) {
		unlink(path);
		fprintf(stderr, "jembatan support-bundle: cannot write %s\n", path);
		return EX_IOERR;
	}
	printf("%s: made%s; look into it before you send it: tar -xOf %s | less\n", path,
	       code != EX_OK ? ", without the daemon's part" : "", path);
	return EX_OK;
}
