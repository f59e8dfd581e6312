/* test_settings.c: the files of an installation: what they mean, and the exact
 * sentence for each way of getting them wrong. */
#include "base/file.h"
#include "config/settings.h"
#include "config/settings_table.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

static char folder[64];
static struct problems problems;
static struct settings *settings;

static void setup(void)
{
	snprintf(folder, sizeof(folder), "/tmp/jembatan-settings-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	setenv("SETTINGS_TEST", "rahasia-dari-lingkungan", 1);
	unsetenv("SETTINGS_UNSET");
	unsetenv("CREDENTIALS_DIRECTORY");
	problems_init(&problems);
	settings = NULL;
}

static void teardown(void)
{
	CLEANUP(free_pointer) char *command = xasprintf("rm -rf -- %s", folder);
	settings_free(settings);
	problems_done(&problems);
	ck_assert_int_eq(system(command), 0); /* NOLINT: our own name */
}

/* Below the folder; @ before a slash becomes the folder. */
static void put(const char *name, const char *text, unsigned mode)
{
	CLEANUP(free_pointer) char *path = xasprintf("%s/%s", folder, name);
	CLEANUP(free_pointer) char *parent = xstrndup(path, (size_t)(strrchr(path, '/') - path));
	CLEANUP(buf_done) struct buf content;
	struct why why;
	buf_init(&content, 1024 * 1024);
	for (const char *p = text; *p != '\0'; p++) {
		if (p[0] == '@' && p[1] == '/')
			buf_add_text(&content, folder);
		else
			buf_add_char(&content, *p);
	}
	ck_assert_int_eq(file_make_dirs(parent, 0700, &why), JEMBATAN_OK);
	ck_assert_int_eq(file_write(path, mode, buf_bytes(&content), &why), JEMBATAN_OK);
	ck_assert_int_eq(chmod(path, mode), 0);
}

/* "jembatan.yaml", "connectors.d/x.yaml", "profiles/x.yaml" as texts; a NULL is
 * not written. */
static void load(const char *main_file, const char *instance, const char *profile)
{
	CLEANUP(free_pointer) char *path = xasprintf("%s/jembatan.yaml", folder);
	CLEANUP(free_pointer) char *with_profiles =
		xasprintf("profile_dir: @/profiles\n%s", main_file != NULL ? main_file : "");
	put("secret", "tongkat\n", 0600);
	put("shared", "tongkat\n", 0640);
	put("empty", "\n", 0600);
	put("jembatan.yaml", with_profiles, 0600);
	if (instance != NULL)
		put("connectors.d/surat.yaml", instance, 0600);
	if (profile != NULL)
		put("profiles/aplikasi.yaml", profile, 0600);
	settings = settings_load(path, &problems);
}

/* All problems, a line each, with the folder's name back to @. */
static char *all_problems(void)
{
	struct buf all;
	buf_init(&all, 1024 * 1024);
	for (size_t i = 0; i < problems.count; i++) {
		CLEANUP(free_pointer) char *text = problem_text(&problems.items[i]);
		const char *p = text;
		for (const char *at; (at = strstr(p, folder)) != NULL; p = at + strlen(folder)) {
			buf_add(&all, p, (size_t)(at - p));
			buf_add_char(&all, '@');
		}
		buf_printf(&all, "%s%s", p, i + 1 < problems.count ? "\n" : "");
	}
	return buf_take(&all);
}

static void expect(const char *says)
{
	CLEANUP(free_pointer) char *all = all_problems();
	ck_assert_str_eq(all, says);
}

#include "settings_errors.h"

START_TEST(each_mistake_has_its_sentence)
{
	load(mistakes[_i].main_file, mistakes[_i].instance, mistakes[_i].profile);
	if (mistakes[_i].complete)
		settings_check_complete(settings, &problems);
	expect(mistakes[_i].says);
}
END_TEST

START_TEST(an_empty_file_gives_every_default)
{
	load("", NULL, NULL);
	expect("");
	ck_assert_str_eq(settings->data_dir, JEMBATAN_STATEDIR);
	ck_assert_str_eq(settings->run_dir, JEMBATAN_RUNDIR);
	ck_assert_str_eq(settings->plugin_dir, JEMBATAN_PLUGINDIR);
	ck_assert(!settings->confinement_required);
	ck_assert(!settings->log_json);
	ck_assert_int_eq(settings->log_level, JEMBATAN_INFO);
	ck_assert_ptr_null(settings->master_key);
	ck_assert_str_eq(settings->master_key_path, JEMBATAN_STATEDIR "/master.key");
	ck_assert_int_eq(settings->attachment_max_bytes, 25 * 1024 * 1024);
	ck_assert_uint_eq(settings->inbox_waiting_max, 100000);
	ck_assert_uint_eq(settings->batch_max, 256);
	ck_assert_uint_eq(settings->instance_count, 0);
}
END_TEST

START_TEST(the_centre_has_the_defaults_of_its_interface)
{
	const struct settings_central *c;
	load("", NULL, NULL);
	c = &settings->central;
	ck_assert_str_eq(c->type, "lapor_v3");
	ck_assert_ptr_null(c->url);
	ck_assert_str_eq(c->auth_header, "Authorization");
	ck_assert_str_eq(c->auth_scheme, "Bearer");
	ck_assert_str_eq(c->create_path, "/complaints/complaint");
	ck_assert_int_eq(c->connect_timeout_ms, 30000);
	ck_assert_int_eq(c->answer_timeout_ms, 90000);
	ck_assert_uint_eq(c->connections, 8);
	ck_assert(!c->idempotent);
	ck_assert_ptr_null(c->lookup_url);
	ck_assert_str_eq(c->lookup_match, "results.data.0.complaint_id");
	ck_assert_int_eq(c->lookup_wait_ms, 300000);
	ck_assert_int_eq(c->unknown, UNKNOWN_HOLD);
	ck_assert_int_eq(c->unknown_alarm_ms, 900000);
	ck_assert_uint_eq(c->not_sent_status_count, 2);
	ck_assert_uint_eq(c->not_sent_statuses[0], 429);
	ck_assert_uint_eq(c->not_sent_statuses[1], 503);
	ck_assert(c->reference_line);
	ck_assert_int_eq(c->zone_minutes, 420);
	ck_assert_uint_eq(c->daily_budget, 0);
	ck_assert_ptr_null(c->route_to);
}
END_TEST

START_TEST(everything_written_is_taken)
{
	const struct settings_central *c;
	load("data_dir: /srv/jembatan\nconfinement: required\nlog: {format: json, level: debug}\n"
	     "limits: {attachment_max: 1MiB, inbox_waiting_max: 500, batch_max: 8}\n"
	     "central:\n  url: https://pusat.contoh.go.id/api/v3//\n  auth_header: auth\n"
	     "  auth_scheme: \"\"\n  secret: {file: @/secret}\n  guid: {env: SETTINGS_TEST}\n"
	     "  create_path: /buat\n  connect_timeout: 5s\n  answer_timeout: 2m\n"
	     "  connections: 3\n  idempotent: true\n  unknown: resend\n  unknown_alarm: 1h\n"
	     "  lookup: {url: \"https://pusat.contoh.go.id/cari?tag={reference}\", match: data.id,\n"
	     "    wait: 10s}\n"
	     "  not_sent_statuses: [503]\n  reference_line: false\n  time_zone: \"+08:00\"\n"
	     "  ca_file: /etc/ssl/ca.pem\n  daily_budget: 5000\n  route_to: \"400123\"\n"
	     "  defaults: {channel: 13, category_id: \"42\"}\n", NULL, NULL);
	expect("");
	c = &settings->central;
	ck_assert_str_eq(settings->master_key_path, "/srv/jembatan/master.key");
	ck_assert(settings->confinement_required);
	ck_assert(settings->log_json);
	ck_assert_int_eq(settings->log_level, JEMBATAN_DEBUG);
	ck_assert_int_eq(settings->attachment_max_bytes, 1024 * 1024);
	ck_assert_uint_eq(settings->batch_max, 8);
	ck_assert_str_eq(c->url, "https://pusat.contoh.go.id/api/v3");
	ck_assert_str_eq(c->auth_scheme, "");
	ck_assert_str_eq(secret_reveal(c->secret), "tongkat");
	ck_assert_str_eq(secret_reveal(c->guid), "rahasia-dari-lingkungan");
	ck_assert_uint_eq(c->connections, 3);
	ck_assert(c->idempotent);
	ck_assert_str_eq(c->lookup_match, "data.id");
	ck_assert_int_eq(c->lookup_wait_ms, 10000);
	ck_assert_int_eq(c->unknown, UNKNOWN_RESEND);
	ck_assert_uint_eq(c->not_sent_status_count, 1);
	ck_assert(!c->reference_line);
	ck_assert_int_eq(c->zone_minutes, 480);
	ck_assert_uint_eq(c->daily_budget, 5000);
	ck_assert_str_eq(c->route_to, "400123");
	ck_assert_str_eq(c->defaults.channel, "13");
	ck_assert_str_eq(c->defaults.category_id, "42");
	ck_assert_ptr_null(c->defaults.user_id);
}
END_TEST

START_TEST(an_instance_inherits_from_the_centre_and_overrides)
{
	const struct instance_settings *i;
	load("central: {route_to: 7, defaults: {channel: 1, category_id: 2}}\n",
	     "connector: email\nevery: 5m\nstart: 2026-01-31\nhome_region: \"32.73\"\n"
	     "central: {defaults: {category_id: 9, user_id: 5}}\n", NULL);
	expect("");
	ck_assert_uint_eq(settings->instance_count, 1);
	i = settings_instance(settings, "surat");
	ck_assert_ptr_nonnull(i);
	ck_assert_str_eq(i->file, "connectors.d/surat.yaml");
	ck_assert_str_eq(i->connector, "email");
	ck_assert_ptr_null(i->profile);
	ck_assert_int_eq(i->push, PUSH_REVIEW);
	ck_assert_int_eq(i->start, START_SINCE);
	ck_assert_int_eq(i->start_ms, INT64_C(1769792400000)); /* midnight in WIB */
	ck_assert_int_eq(i->every_ms, 300000);
	ck_assert(i->enabled);
	ck_assert_str_eq(i->home_region, "32.73");
	ck_assert_str_eq(i->defaults.channel, "1");
	ck_assert_str_eq(i->defaults.category_id, "9");
	ck_assert_str_eq(i->defaults.user_id, "5");
	ck_assert_str_eq(i->route_to, "7");
	ck_assert_ptr_null(i->options);
	ck_assert_ptr_null(settings_instance(settings, "tidak-ada"));
}
END_TEST

START_TEST(agency_apps_push_by_themselves_and_mail_waits_for_a_person)
{
	load("", "profile: aplikasi\n", "connector: agency-api\n");
	put("connectors.d/awal.yaml", "connector: agency-api\npush: shadow\nenabled: false\n"
				      "start: all\n", 0600);
	put("connectors.d/.awal.yaml.swp", "{", 0600);
	put("connectors.d/contoh.yaml.example", "{", 0600);
	settings_free(settings);
	load("", NULL, NULL);
	expect("");
	ck_assert_uint_eq(settings->instance_count, 2);
	ck_assert_str_eq(settings->instances[0].name, "awal");
	ck_assert_int_eq(settings->instances[0].push, PUSH_SHADOW);
	ck_assert_int_eq(settings->instances[0].start, START_ALL);
	ck_assert(!settings->instances[0].enabled);
	ck_assert_str_eq(settings->instances[1].name, "surat");
	ck_assert_str_eq(settings->instances[1].connector, "agency-api");
	ck_assert_str_eq(settings->instances[1].profile_file, "profiles/aplikasi.yaml");
	ck_assert_int_eq(settings->instances[1].push, PUSH_AUTO);
	ck_assert_int_eq(settings->instances[1].start, START_NOW);
}
END_TEST

/* ---- a plugin's options -------------------------------------------------- */

static const struct msg_manifest_option manifest[] = {
	{ "host", JEMBATAN_STRING, JEMBATAN_REQUIRED, NULL, 0, 0, NULL, "the server's name." },
	{ "port", JEMBATAN_INTEGER, 0, "993", 1, 65535, NULL, "Port." },
	{ "tls", JEMBATAN_CHOICE, 0, "yes", 0, 0, "yes\nno", "TLS." },
	{ "password", JEMBATAN_SECRET, 0, NULL, 0, 0, NULL, "Password." },
	{ "fields", JEMBATAN_MAP, 0, NULL, 0, 0, NULL, "Renames." },
	{ "folders", JEMBATAN_LIST, 0, "[INBOX]", 0, 0, NULL, "Folders." },
	{ "headers", JEMBATAN_SECRET_MAP, 0, NULL, 0, 0, NULL, "Headers." },
	{ "maildir", JEMBATAN_PATH, 0, NULL, 0, 0, NULL, "Maildir." },
	{ "idle", JEMBATAN_DURATION, 0, "5m", 0, 0, NULL, "Idle." },
};

static enum jembatan_result check_options(struct arena *arena, struct instance_options *out)
{
	return instance_options_check(&settings->instances[0], manifest, COUNT_OF(manifest),
				      &problems, arena, out);
}

/* "name[.entry]=value @ where" a line. */
static char *flat(const struct instance_options *o)
{
	struct buf all;
	buf_init(&all, 65536);
	for (size_t i = 0; i < o->option_count; i++)
		buf_printf(&all, "%s%s%s=%s @ %s\n", o->options[i].name,
			   o->options[i].entry != NULL ? "." : "",
			   o->options[i].entry != NULL ? o->options[i].entry : "",
			   o->options[i].value, o->options[i].where);
	return buf_take(&all);
}

START_TEST(options_of_instance_and_profile_keep_their_lines)
{
	struct arena *arena = arena_new();
	struct instance_options o;
	load("", "profile: aplikasi\noptions:\n  host: b.contoh.go.id\n  fields:\n    id: nomor\n"
		 "    text: isi\n  folders: [A, B]\n  password: {file: @/secret}\n"
		 "  headers:\n    x-key: {env: SETTINGS_TEST}\n  maildir: /srv/surat\n",
	     "connector: agency-api\noptions:\n  host: a.contoh.go.id\n  tls: no\n"
	     "  fields: {title: judul, id: kode}\n  folders: [C]\n");
	ck_assert_int_eq(check_options(arena, &o), JEMBATAN_OK);
	expect("");
	CLEANUP(free_pointer) char *all = flat(&o);
	ck_assert_str_eq(all, "host=b.contoh.go.id @ connectors.d/surat.yaml:3\n"
			      "tls=no @ profiles/aplikasi.yaml:4\n"
			      "password=tongkat @ connectors.d/surat.yaml:8\n"
			      "fields.title=judul @ profiles/aplikasi.yaml:5\n"
			      "fields.id=nomor @ connectors.d/surat.yaml:5\n"
			      "fields.text=isi @ connectors.d/surat.yaml:6\n"
			      "folders.0=A @ connectors.d/surat.yaml:7\n"
			      "folders.1=B @ connectors.d/surat.yaml:7\n"
			      "headers.x-key=rahasia-dari-lingkungan @ connectors.d/surat.yaml:10\n"
			      "maildir=/srv/surat @ connectors.d/surat.yaml:11\n");
	ck_assert_uint_eq(o.grant_count, 1);
	ck_assert_str_eq(o.grants[0].path, "/srv/surat");
	ck_assert(!o.grants[0].writable);
	arena_free(arena);
}
END_TEST

START_TEST(every_wrong_option_is_told_at_its_own_file)
{
	struct arena *arena = arena_new();
	struct instance_options o;
	load("", "profile: aplikasi\noptions:\n  hots: x\n  port: 70000\n  password: terbuka\n"
		 "  fields: {id: [1]}\n  idle: soon\n",
	     "connector: agency-api\noptions:\n  tls: maybe\n  headers: {x-key: {env: "
	     "SETTINGS_UNSET}}\n  maildri: /x\n");
	ck_assert_int_eq(check_options(arena, &o), JEMBATAN_CONFIG);
	expect("connectors.d/surat.yaml:3: unknown key \"hots\": did you mean \"host\"?\n"
	       "profiles/aplikasi.yaml:5: unknown key \"maildri\": did you mean \"maildir\"?\n"
	       "connectors.d/surat.yaml:2: \"host\" is missing: the server's name.\n"
	       "connectors.d/surat.yaml:4: \"port\" must be between 1 and 65535, not \"70000\"\n"
	       "profiles/aplikasi.yaml:3: \"tls\" must be one of yes, no, not \"maybe\"\n"
	       "connectors.d/surat.yaml:5: \"password\" is a secret and does not stand here itself: "
	       "write {file: /path}, {env: NAME} or {credential: NAME}\n"
	       "connectors.d/surat.yaml:6: \"fields.id\" must be text, not a list\n"
	       "profiles/aplikasi.yaml:4: \"headers.x-key\": the environment variable "
	       "SETTINGS_UNSET is not set\n"
	       "connectors.d/surat.yaml:7: \"idle\" must be a length of time such as 30s, 5m, 2h "
	       "or 1d, not \"soon\"");
	arena_free(arena);
}
END_TEST

START_TEST(options_too_large_for_a_frame_are_refused)
{
	struct arena *arena = arena_new();
	struct instance_options o;
	CLEANUP(buf_done) struct buf text;
	buf_init(&text, 1024 * 1024);
	buf_add_text(&text, "connector: email\noptions:\n  host: x\n  fields:\n");
	for (int i = 0; i < 3; i++) {
		buf_printf(&text, "    f%d: ", i);
		for (int j = 0; j < 20000; j++)
			buf_add_text(&text, "0123456789");
		buf_add_text(&text, "\n");
	}
	load("", text.data, NULL);
	ck_assert_int_eq(check_options(arena, &o), JEMBATAN_CONFIG);
	expect("connectors.d/surat.yaml: the options are too large: at most 512 KiB and 4096 "
	       "values");
	arena_free(arena);
}
END_TEST

/* ---- secrets ------------------------------------------------------------- */

START_TEST(a_systemd_credential_may_have_any_mode)
{
	setenv("CREDENTIALS_DIRECTORY", folder, 1);
	load("central: {secret: {credential: shared}, guid: {file: @/shared}}\n", NULL, NULL);
	expect("");
	ck_assert_str_eq(secret_reveal(settings->central.secret), "tongkat");
	ck_assert_str_eq(secret_reveal(settings->central.guid), "tongkat");
}
END_TEST

START_TEST(a_path_that_leaves_the_credentials_folder_is_no_credential)
{
	CLEANUP(free_pointer) char *inner = xasprintf("%s/inner", folder);
	setenv("CREDENTIALS_DIRECTORY", inner, 1);
	put("inner/x", "x", 0600);
	load("central: {secret: {file: @/inner/../shared}}\n", NULL, NULL);
	expect("jembatan.yaml:2: \"central.secret\": others may read @/inner/../shared (mode 0640): "
	       "chmod 600 it");
}
END_TEST

START_TEST(no_sentence_repeats_a_secret)
{
	load("central: {secret: sangat-rahasia, guid: [sangat-rahasia]}\n"
	     "master_key: {env: SETTINGS_TEST}\n", NULL, NULL);
	CLEANUP(free_pointer) char *all = all_problems();
	ck_assert_uint_eq(problems.count, 3);
	ck_assert_ptr_null(strstr(all, "sangat-rahasia"));
	ck_assert_ptr_null(strstr(all, "rahasia-dari-lingkungan"));
}
END_TEST

START_TEST(a_missing_main_file_says_where_to_get_one)
{
	ck_assert_ptr_null(settings_load("/nonexistent/jembatan.yaml", &problems));
	expect("/nonexistent/jembatan.yaml: there is no such file: copy " JEMBATAN_DATADIR
	       "/jembatan.yaml there and fill it in");
}
END_TEST

START_TEST(the_list_of_problems_ends_somewhere)
{
	CLEANUP(buf_done) struct buf text;
	buf_init(&text, 1024 * 1024);
	for (unsigned i = 0; i < PROBLEMS_MAX + 7; i++)
		buf_printf(&text, "xxxxxx%u: 1\n", i);
	load(text.data, NULL, NULL);
	ck_assert_uint_eq(problems.count, PROBLEMS_MAX);
	ck_assert_uint_eq(problems.dropped, 7);
}
END_TEST

START_TEST(every_key_is_described)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	settings_describe(out);
	fclose(out);
	ck_assert_ptr_nonnull(strstr(text, "central.answer_timeout (length of time, 1s to 10m)\n"
					   "    default: 90s\n"));
	ck_assert_ptr_nonnull(strstr(text, "confinement (one of required, preferred)\n"));
	ck_assert_ptr_nonnull(strstr(text, "limits.attachment_max (size, 64KiB to 1GiB)\n"));
	ck_assert_ptr_nonnull(strstr(text, "connector (text, required)\n"));
	free(text);
}
END_TEST

/* ---- two loads ------------------------------------------------------------ */

static const struct {
	const char *key, *value;
} others[] = {
	{ "url", "https://lain.contoh.go.id" },
	{ "auth_header", "auth" },
	{ "auth_scheme", "Token" },
	{ "secret", "{env: SETTINGS_TEST}" },
	{ "guid", "{env: SETTINGS_TEST}" },
	{ "create_path", "/buat" },
	{ "create_id", "data.id" },
	{ "connect_timeout", "7s" },
	{ "answer_timeout", "7s" },
	{ "connections", "7" },
	{ "idempotent", "true" },
	{ "lookup", "{url: 'https://lain.contoh.go.id/{reference}'}" },
	{ "lookup", "{match: data.id}" },
	{ "lookup", "{wait: 7s}" },
	{ "unknown", "resend" },
	{ "unknown_alarm", "7m" },
	{ "not_sent_statuses", "[503]" },
	{ "reference_line", "false" }, { "nik", "keep" }, { "contacts", "keep" },
	{ "time_zone", "WIT" },
	{ "ca_file", "/etc/lain.pem" },
	{ "daily_budget", "7" },
	{ "status", "{follow: false}" }, { "status", "{new_every: 7m}" },
	{ "status", "{old_every: 7h}" }, { "status", "{closed_every: 7d}" },
	{ "status", "{closed_for: 7d}" }, { "status", "{daily_budget: 7}" },
	{ "route", "proposed" }, { "categories_file", "/etc/kategori.txt" },
	{ "supervision_disposition_id", "'7'" }, { "locations_file", "/etc/tempat.txt" },
	{ "classifications", "{Aspirasi: '7'}" },
	{ "status", "{words: {Menunggu: deferred}}" },
	{ "status", "{reconcile_at: '07:00'}" },
	{ "institutions_every", "7d" },
	{ "route_to", "'7'" },
	{ "defaults", "{channel: '7'}" },
	{ "defaults", "{classification_id: '7'}" },
	{ "defaults", "{category_id: '7'}" },
	{ "defaults", "{disposition_id: '7'}" },
	{ "defaults", "{location_id: '7'}" },
	{ "defaults", "{user_id: '7'}" },
};

START_TEST(every_key_of_the_centre_counts_as_a_change)
{
	CLEANUP(free_pointer) char *text = xasprintf("central: {%s: %s}\n", others[_i].key,
						    others[_i].value);
	load("", NULL, NULL);
	struct settings *before = settings;
	load("", NULL, NULL);
	ck_assert(settings_same_central(before, settings));
	settings_free(settings);
	load(text, NULL, NULL);
	expect("");
	ck_assert_msg(!settings_same_central(before, settings), "%s", text);
	settings_free(before);
}
END_TEST

START_TEST(each_key_of_the_centre_is_among_these)
{
	size_t count = 0;
	for (const struct jembatan_option *o = settings_table; o->name != NULL; o++)
		count += str_starts(o->name, "central.");
	/* Of type there is but one. */
	ck_assert_uint_eq(count, COUNT_OF(others) + 1);
}
END_TEST

/* ---- what is shipped ------------------------------------------------------ */

START_TEST(the_shipped_file_is_valid_and_says_the_defaults)
{
	struct settings *shipped = settings_load(TEST_CONFIG "/jembatan.yaml", &problems);
	CLEANUP(buf_done) struct buf text;
	struct why why;
	expect("");
	buf_init(&text, 1024 * 1024);
	ck_assert_int_eq(file_read(TEST_CONFIG "/jembatan.yaml", &text, &why), JEMBATAN_OK);
	for (const struct jembatan_option *o = settings_table; o->name != NULL; o++) {
		const char *key = strrchr(o->name, '.') != NULL ? strrchr(o->name, '.') + 1 : o->name;
		CLEANUP(free_pointer) char *line = xasprintf("%s: ", key);
		CLEANUP(free_pointer) char *with_preset = xasprintf("%s: %s\n", key, o->preset);
		bool fixed = o->preset != NULL && o->type != JEMBATAN_PATH;
		ck_assert_msg(strstr(text.data, line) != NULL, "%s is not shown", o->name);
		ck_assert_msg(!fixed || strstr(text.data, with_preset) != NULL,
			      "%s is not shown with its default", o->name);
	}
	settings_free(shipped);
}
END_TEST

START_TEST(every_key_is_documented_in_the_words_of_its_table)
{
	static const struct jembatan_option *const tables[] = {
		settings_table, settings_instance_table, settings_profile_table };
	CLEANUP(buf_done) struct buf text;
	struct why why;
	buf_init(&text, 1024 * 1024);
	ck_assert_int_eq(file_read(TEST_DOCS "/configuration.md", &text, &why), JEMBATAN_OK);
	for (const struct jembatan_option *o = tables[_i]; o->name != NULL; o++) {
		CLEANUP(free_pointer) char *row = xasprintf("\n| `%s` | ", o->name);
		CLEANUP(free_pointer) char *help = xasprintf(" | %s |\n", o->help);
		ck_assert_msg(strstr(text.data, row) != NULL, "%s is missing", o->name);
		ck_assert_msg(strstr(text.data, help) != NULL, "%s says otherwise", o->name);
	}
}
END_TEST

START_TEST(every_key_is_in_the_manual)
{
	static const struct jembatan_option *const tables[] = { settings_table,
								settings_instance_table };
	CLEANUP(buf_done) struct buf text;
	struct why why;
	buf_init(&text, 1024 * 1024);
	ck_assert_int_eq(file_read(TEST_DOCS "/../man/jembatan.yaml.5", &text, &why), JEMBATAN_OK);
	for (const struct jembatan_option *o = tables[_i]; o->name != NULL; o++) {
		/* Of the ids only the last word. */
		const char *id = str_starts(o->name, "central.defaults.") ?
				 o->name + strlen("central.defaults.") : o->name;
		ck_assert_msg(strstr(text.data, id) != NULL, "%s is missing", o->name);
	}
}
END_TEST

static const char *const examples[] = { "agency-api", "email", "sapawarga", "whatsapp" };

START_TEST(a_shipped_example_is_valid)
{
	CLEANUP(free_pointer) char *path =
		xasprintf(TEST_CONFIG "/connectors.d/%s.yaml.example", examples[_i]);
	CLEANUP(buf_done) struct buf text;
	struct why why;
	buf_init(&text, 1024 * 1024);
	ck_assert_int_eq(file_read(path, &text, &why), JEMBATAN_OK);
	put("profiles/sapawarga.yaml", "connector: agency-api\n", 0600);
	load("", text.data, NULL);
	expect("");
	ck_assert_str_eq(settings->instances[0].connector,
			 str_equal(examples[_i], "sapawarga") ? "agency-api" : examples[_i]);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("settings");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, each_mistake_has_its_sentence, 0, COUNT_OF(mistakes));
	tcase_add_test(t, an_empty_file_gives_every_default);
	tcase_add_test(t, the_centre_has_the_defaults_of_its_interface);
	tcase_add_test(t, everything_written_is_taken);
	tcase_add_test(t, an_instance_inherits_from_the_centre_and_overrides);
	tcase_add_test(t, agency_apps_push_by_themselves_and_mail_waits_for_a_person);
	tcase_add_test(t, options_of_instance_and_profile_keep_their_lines);
	tcase_add_test(t, every_wrong_option_is_told_at_its_own_file);
	tcase_add_test(t, options_too_large_for_a_frame_are_refused);
	tcase_add_test(t, a_systemd_credential_may_have_any_mode);
	tcase_add_test(t, a_path_that_leaves_the_credentials_folder_is_no_credential);
	tcase_add_test(t, no_sentence_repeats_a_secret);
	tcase_add_test(t, a_missing_main_file_says_where_to_get_one);
	tcase_add_test(t, the_list_of_problems_ends_somewhere);
	tcase_add_test(t, every_key_is_described);
	tcase_add_loop_test(t, every_key_of_the_centre_counts_as_a_change, 0, COUNT_OF(others));
	tcase_add_test(t, each_key_of_the_centre_is_among_these);
	tcase_add_test(t, the_shipped_file_is_valid_and_says_the_defaults);
	tcase_add_loop_test(t, every_key_is_documented_in_the_words_of_its_table, 0, 3);
	tcase_add_loop_test(t, every_key_is_in_the_manual, 0, 2);
	tcase_add_loop_test(t, a_shipped_example_is_valid, 0, COUNT_OF(examples));
	return unit_run("settings", t);
}
