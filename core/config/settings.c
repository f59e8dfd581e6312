/* settings.c: the main file. What a table cannot say (a header's letters, a
 * zone, a status) is checked here, in the same words. */
#include "config/settings.h"

#include "config/date.h"
#include "config/settings_instance.h"
#include "config/settings_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

#define SOCKET_PATH_MAX 108u /* of sockaddr_un, with its NUL */
#define HEADER_LETTERS \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."

struct load {
	struct settings *s;
	struct schema_values values;
	struct problems *problems;
};

static void complain(const struct load *l, const char *name, const char *format, ...)
	PRINTF_LIKE(3, 4);

/* About the value of `name`: '"name" <sentence>'. */
static void complain(const struct load *l, const char *name, const char *format, ...)
{
	const struct yaml_node *node = schema_value(&l->values, name)->node;
	char text[400];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	problems_add(l->problems, node != NULL ? node->file : "built in",
		     node != NULL ? node->line : 0, "\"%s\" %s", name, text);
}

static const char *text_of(const struct load *l, const char *name)
{
	return schema_text(&l->values, name);
}

/* Choices become an enum by their place in the list. */
static unsigned choice_of(const struct load *l, const char *name)
{
	const struct schema_value *value = schema_value(&l->values, name);
	unsigned i = 0;

	while (value->text != NULL && strcmp(value->option->choices[i], value->text) != 0)
		i++;
	return i;
}

static const char *header_word(const struct load *l, const char *name, bool may_be_empty)
{
	const char *text = text_of(l, name);

	if (text == NULL)
		return "";
	if (text[strspn(text, HEADER_LETTERS)] != '\0' || (*text == '\0' && !may_be_empty))
		complain(l, name, "must be one word of letters, digits and dashes");
	return text;
}

static const char *without_slash(const struct load *l, const char *url)
{
	size_t size = url != NULL ? strlen(url) : 0;

	while (size > 0 && url[size - 1] == '/')
		size--;
	return url != NULL ? arena_strndup(l->s->arena, url, size) : NULL;
}

static void read_statuses(const struct load *l, struct settings_central *out)
{
	const char *name = "central.not_sent_statuses";
	const struct schema_value *value = schema_value(&l->values, name);
	unsigned *statuses = arena_alloc(l->s->arena, (value->entry_count + 1) * sizeof(unsigned));

	for (size_t i = 0; i < value->entry_count; i++) {
		const char *text = value->entries[i].text;

		if (strlen(text) != 3 || strspn(text, "0123456789") != 3 || text[0] < '4' ||
		    text[0] > '5')
			complain(l, name, "must hold HTTP statuses from 400 to 599, not \"%.20s\"",
				 text);
		else
			statuses[out->not_sent_status_count++] = (unsigned)strtoul(text, NULL, 10);
	}
	out->not_sent_statuses = statuses;
}

static void read_lookup(const struct load *l, struct settings_central *out)
{
	out->lookup_url = text_of(l, "central.lookup.url");
	out->lookup_match = text_of(l, "central.lookup.match");
	out->lookup_wait_ms = schema_integer(&l->values, "central.lookup.wait");
	if (out->lookup_url != NULL && strstr(out->lookup_url, "{reference}") == NULL)
		complain(l, "central.lookup.url",
			 "must hold {reference}, where our reference is put in");
	if (out->lookup_match != NULL && *out->lookup_match == '\0')
		complain(l, "central.lookup.match", "must be a path such as results.data.0.id");
}

static void read_unknown(const struct load *l, struct settings_central *out)
{
	out->idempotent = schema_integer(&l->values, "central.idempotent") != 0;
	read_lookup(l, out);
	out->unknown = choice_of(l, "central.unknown") == 1 ? UNKNOWN_RESEND : UNKNOWN_HOLD;
	out->unknown_alarm_ms = schema_integer(&l->values, "central.unknown_alarm");
	read_statuses(l, out);
}

static const char *const states[] = { "received", "unverified", "deferred", "verified",
				      "in_progress", "answered", "closed_by_admin",
				      "closed_by_system", "archived", "rejected", "failed" };

static bool is_state(const char *word)
{
	for (size_t i = 0; i < COUNT_OF(states); i++)
		if (str_equal(states[i], word))
			return true;
	return false;
}

static void read_words(const struct load *l, struct settings_status *out)
{
	const char *name = "central.status.words";
	const struct schema_value *value = schema_value(&l->values, name);
	struct settings_word *words =
		arena_alloc(l->s->arena, (value->entry_count + 1) * sizeof(*words));

	for (size_t i = 0; i < value->entry_count; i++) {
		const struct schema_entry *e = &value->entries[i];

		if (is_state(e->text))
			words[out->word_count++] = (struct settings_word){ e->key, e->text };
		else
			complain(l, name, "says \"%.40s\", which is none of received, unverified, "
				 "deferred, verified, in_progress, answered, closed_by_admin, "
				 "closed_by_system, archived, rejected, failed", e->text);
	}
	out->words = words;
}

/* "02:30" as milliseconds of the day; "" as -1. */
static int64_t read_hour(const struct load *l, const char *name)
{
	const char *text = text_of(l, name);

	if (text == NULL || *text == '\0')
		return -1;
	if (strlen(text) == 5 && text[2] == ':' && strspn(text, "0123456789") == 2 &&
	    strspn(text + 3, "0123456789") == 2) {
		long hour = strtol(text, NULL, 10), minute = strtol(text + 3, NULL, 10);
		if (hour < 24 && minute < 60)
			return ((int64_t)hour * 60 + minute) * 60000;
	}
	complain(l, name, "must be an hour such as 02:00, or \"\"");
	return -1;
}

static void read_status(const struct load *l, struct settings_central *central)
{
	struct settings_status *out = &central->status;

	out->follow = schema_integer(&l->values, "central.status.follow") != 0;
	out->new_every_ms = schema_integer(&l->values, "central.status.new_every");
	out->old_every_ms = schema_integer(&l->values, "central.status.old_every");
	out->closed_every_ms = schema_integer(&l->values, "central.status.closed_every");
	out->closed_for_ms = schema_integer(&l->values, "central.status.closed_for");
	out->daily_budget = (unsigned)schema_integer(&l->values, "central.status.daily_budget");
	out->reconcile_at_ms = read_hour(l, "central.status.reconcile_at");
	out->institutions_every_ms = schema_integer(&l->values, "central.institutions_every");
	read_words(l, out);
}

static void read_central(struct load *l, struct settings_central *out)
{
	static const struct settings_defaults none;
	const char *zone = text_of(l, "central.time_zone");

	out->type = text_of(l, "central.type");
	out->url = without_slash(l, text_of(l, "central.url"));
	out->auth_header = header_word(l, "central.auth_header", false);
	out->auth_scheme = header_word(l, "central.auth_scheme", true);
	out->secret = schema_take_secret(&l->values, "central.secret");
	out->guid = schema_take_secret(&l->values, "central.guid");
	out->create_path = text_of(l, "central.create_path");
	out->create_id = text_of(l, "central.create_id");
	if (out->create_path != NULL &&
	    (*out->create_path != '/' || strpbrk(out->create_path, " \t\n?#") != NULL))
		complain(l, "central.create_path", "must be a path that begins with /");
	out->connect_timeout_ms = schema_integer(&l->values, "central.connect_timeout");
	out->answer_timeout_ms = schema_integer(&l->values, "central.answer_timeout");
	out->connections = (unsigned)schema_integer(&l->values, "central.connections");
	read_unknown(l, out);
	out->reference_line = schema_integer(&l->values, "central.reference_line") != 0;
	out->keep_nik = choice_of(l, "central.nik") == 1;
	out->keep_contacts = choice_of(l, "central.contacts") == 1;
	out->zone_minutes = 420;
	if (zone != NULL && !date_zone(zone, &out->zone_minutes))
		complain(l, "central.time_zone",
			 "must be WIB, WITA, WIT, UTC or an offset such as +07:00, not \"%.40s\"",
			 zone);
	out->ca_file = text_of(l, "central.ca_file");
	out->daily_budget = (unsigned)schema_integer(&l->values, "central.daily_budget");
	read_status(l, out);
	out->route_to = settings_read_id(&l->values, "central.route_to", l->problems);
	settings_read_defaults(&l->values, &none, l->problems, &out->defaults);
}

/* Only this machine: TLS and the outside are a proxy's. */
static bool is_local(const char *listen)
{
	static const char *const hosts[] = { "127.0.0.1:", "[::1]:" };

	if (str_starts(listen, "unix:/"))
		return strlen(listen) - 5 < SOCKET_PATH_MAX;
	for (size_t i = 0; i < COUNT_OF(hosts); i++) {
		if (!str_starts(listen, hosts[i]))
			continue;
		const char *port = listen + strlen(hosts[i]);
		return *port != '\0' && strspn(port, "0123456789") == strlen(port) &&
		       strtoul(port, NULL, 10) <= 65535;
	}
	return false;
}

static void read_duplicates(const struct load *l, struct settings_duplicates *out)
{
	out->enabled = schema_integer(&l->values, "duplicates.enabled") != 0;
	out->window_ms = schema_integer(&l->values, "duplicates.window");
	out->automatic = (unsigned)schema_integer(&l->values, "duplicates.automatic");
	out->review = (unsigned)schema_integer(&l->values, "duplicates.review");
	out->separate = (unsigned)schema_integer(&l->values, "duplicates.separate");
	if (out->separate > out->review || out->review > out->automatic)
		complain(l, "duplicates.review", "must lie between duplicates.separate and "
			 "duplicates.automatic");
}

static void read_retention(const struct load *l, struct settings_retention *out)
{
	out->closed_ms = schema_integer(&l->values, "retention.closed");
	out->archived_ms = schema_integer(&l->values, "retention.archived");
	out->rejected_ms = schema_integer(&l->values, "retention.rejected");
	out->stored_ms = schema_integer(&l->values, "retention.stored");
	out->quarantine_ms = schema_integer(&l->values, "retention.quarantine");
	out->access_ms = schema_integer(&l->values, "retention.access_log");
}

static void read_web(const struct load *l, struct settings_web *out)
{
	out->listen = text_of(l, "web.listen");
	if (out->listen != NULL && !is_local(out->listen))
		complain(l, "web.listen", "must be 127.0.0.1:PORT, [::1]:PORT or unix:/PATH (at "
			 "most 107 bytes): a proxy on this machine does TLS and the outside");
	out->connections = (unsigned)schema_integer(&l->values, "web.connections");
	out->per_address = (unsigned)schema_integer(&l->values, "web.per_address");
	out->address_header = header_word(l, "web.address_header", true);
	out->body_max_bytes = schema_integer(&l->values, "web.body_max");
	out->header_timeout_ms = schema_integer(&l->values, "web.header_timeout");
	out->body_timeout_ms = schema_integer(&l->values, "web.body_timeout");
	out->answer_timeout_ms = schema_integer(&l->values, "web.answer_timeout");
}

/* A key of the operator's own: 32 bytes, as the file that we make holds them. */
static struct secret *take_key(struct load *l, const char *name)
{
	struct secret *secret = schema_take_secret(&l->values, name);
	const char *key = secret_reveal(secret);
	if (key != NULL && (strlen(key) != 64 || strspn(key, "0123456789abcdefABCDEF") != 64))
		complain(l, name, "must be 64 hexadecimal digits: make one with openssl rand -hex 32");
	return secret;
}

static void read_master_key(struct load *l)
{
	l->s->master_key_path = l->s->data_dir == NULL ? NULL :
		arena_printf(l->s->arena, "%s/master.key", l->s->data_dir);
	l->s->master_key = take_key(l, "master_key");
	l->s->master_key_old = take_key(l, "master_key_old");
}

static void read_main(struct load *l)
{
	static const enum jembatan_level levels[] = { JEMBATAN_DEBUG, JEMBATAN_INFO,
						      JEMBATAN_NOTICE, JEMBATAN_WARNING,
						      JEMBATAN_ERROR };
	struct settings *s = l->s;

	s->data_dir = text_of(l, "data_dir");
	s->run_dir = text_of(l, "run_dir");
	s->plugin_dir = text_of(l, "plugin_dir");
	s->profile_dir = text_of(l, "profile_dir");
	s->confinement_required = choice_of(l, "confinement") == 0 && text_of(l, "confinement");
	s->log_json = choice_of(l, "log.format") == 1;
	s->log_level = text_of(l, "log.level") ? levels[choice_of(l, "log.level")] : JEMBATAN_INFO;
	s->attachment_max_bytes = schema_integer(&l->values, "limits.attachment_max");
	s->inbox_waiting_max = (unsigned)schema_integer(&l->values, "limits.inbox_waiting_max");
	s->batch_max = (unsigned)schema_integer(&l->values, "limits.batch_max");
	read_master_key(l);
	read_central(l, &s->central);
	settings_read_know(&l->values, s, l->problems);
	settings_read_replies(&l->values, s, l->problems);
	read_duplicates(l, &s->duplicates);
	read_retention(l, &s->retention);
	read_web(l, &s->web);
}

/* The part of a path after its last slash, and before it. */
static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

static const char *folder_of(const char *path, struct arena *arena)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return ".";
	return slash == path ? "/" : arena_strndup(arena, path, (size_t)(slash - path));
}

struct settings *settings_load(const char *path, struct problems *problems)
{
	struct settings *s = xcalloc(1, sizeof(*s));
	s->holds = 1;
	struct load l = { .s = s, .problems = problems };
	enum jembatan_result result;
	struct why why;

	s->arena = arena_new();
	s->file = arena_strdup(s->arena, path);
	s->name = base_name(s->file);
	result = yaml_load(path, s->name, s->arena, &s->root, &why);
	if (result != JEMBATAN_OK) {
		if (result == JEMBATAN_GONE)
			problems_add(problems, path, 0, "there is no such file: copy "
				     JEMBATAN_DATADIR "/jembatan.yaml there and fill it in");
		else
			problems_add(problems, NULL, 0, "%s", why.text);
		settings_free(s);
		return NULL;
	}
	schema_check(settings_table, s->root, NULL, s->name, s->arena, problems, &l.values);
	read_main(&l);
	schema_done(&l.values);
	settings_instances_load(s, folder_of(s->file, s->arena), problems);
	return s;
}

struct settings *settings_hold(struct settings *s)
{
	s->holds++;
	return s;
}

void settings_free(struct settings *s)
{
	if (s == NULL || --s->holds > 0)
		return;
	secret_free(s->master_key);
	secret_free(s->master_key_old);
	secret_free(s->central.secret);
	secret_free(s->central.guid);
	arena_free(s->arena);
	free(s);
}

const struct instance_settings *settings_instance(const struct settings *s, const char *name)
{
	for (size_t i = 0; i < s->instance_count; i++) {
		if (strcmp(s->instances[i].name, name) == 0)
			return &s->instances[i];
	}
	return NULL;
}

/* One plugin speaks for several networks: `network` says which. */
const char *settings_channel(const struct instance_settings *instance)
{
	const struct yaml_node *network = yaml_get(instance->options, "network");
	if (!str_equal(instance->connector, "social"))
		return instance->connector;
	if (network == NULL)
		network = yaml_get(instance->profile_options, "network");
	return network != NULL && network->text != NULL ? network->text : instance->connector;
}

/* ---- what a push needs -------------------------------------------------- */

/* The instances that push and have no value of their own, "a, b"; NULL when
 * there are none. With no instance at all the centre's own keys are wanted. */
static const char *instances_without(const struct settings *s, size_t offset, struct arena *arena)
{
	CLEANUP(buf_done) struct buf list;

	buf_init(&list, 300);
	for (size_t i = 0; i < s->instance_count; i++) {
		const struct instance_settings *instance = &s->instances[i];
		const char *const *id =
			(const void *)((const char *)&instance->defaults + offset);

		if (instance->enabled && instance->push != PUSH_SHADOW && *id == NULL)
			buf_printf(&list, "%s%s", list.size > 0 ? ", " : "", instance->name);
	}
	if (list.size == 0)
		return s->instance_count == 0 ? "" : NULL;
	return arena_strndup(arena, list.data, list.size);
}

static void check_defaults(const struct settings *s, unsigned line, struct problems *problems)
{
	static const struct {
		const char *name;
		size_t offset;
		const char *hint;
	} wanted[] = {
#define ID(name, hint) { #name, offsetof(struct settings_defaults, name), hint }
		ID(channel, "the number the centre gave to this way of entry"),
		ID(classification_id, "the number of, say, \"Pengaduan Tidak Berkadar "
				      "Pengawasan\""),
		ID(category_id, "the number of a general category"),
		ID(disposition_id, "your institution's number"),
		ID(location_id, "the number of your region"),
		ID(user_id, "the number of the account that files complaints"),
#undef ID
	};

	for (size_t i = 0; i < COUNT_OF(wanted); i++) {
		const char *const *id =
			(const void *)((const char *)&s->central.defaults + wanted[i].offset);
		const char *lacking = *id != NULL ? NULL :
			instances_without(s, wanted[i].offset, s->arena);

		if (lacking != NULL)
			problems_add(problems, s->name, line,
				     "central.defaults.%s is missing%s%s: new tickets need it; it "
				     "is %s, see the interface document that came with the "
				     "agency's account", wanted[i].name,
				     *lacking != '\0' ? " for " : "", lacking, wanted[i].hint);
	}
}

void settings_check_complete(const struct settings *s, struct problems *problems)
{
	const struct yaml_node *central = yaml_get(s->root, "central");
	const struct yaml_node *defaults = yaml_get(central, "defaults");
	unsigned line = central != NULL ? central->key_line : 0;

	if (s->central.url == NULL)
		problems_add(problems, s->name, line, "central.url is missing: nothing can be "
			     "pushed; write the base address that came with the agency's account");
	/* One that was written but cannot be read is a problem already. */
	if (s->central.secret == NULL && yaml_get(central, "secret") == NULL)
		problems_add(problems, s->name, line, "central.secret is missing: the centre "
			     "refuses requests without it; write {file: /path} of a file that "
			     "holds the agency's secret");
	if (s->central.guid == NULL && yaml_get(central, "guid") == NULL)
		problems_add(problems, s->name, line, "central.guid is missing: the centre wants "
			     "it as the header token; write {file: /path} of a file that holds "
			     "the agency's GUID with its braces");
	check_defaults(s, defaults != NULL ? defaults->key_line : line, problems);
}
