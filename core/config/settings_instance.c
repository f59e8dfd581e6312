/* settings_instance.c: one file an instance, its profile behind it, and its
 * options once the plugin has said which it knows. */
#include "config/settings_instance.h"

#include "config/date.h"
#include "config/settings_table.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyz0123456789-"
#define NAME_MAX_BYTES 32u

struct load {
	struct settings *s;
	struct instance_settings *instance;
	struct schema_values values;
	const struct yaml_node *root;
	struct problems *problems;
};

const char *settings_push_name(enum settings_push push)
{
	switch (push) {
	case PUSH_REVIEW:
		return "review";
	case PUSH_AUTO:
		return "auto";
	case PUSH_SHADOW:
		return "shadow";
	}
	return "?";
}

static bool is_name(const char *name)
{
	size_t size = strlen(name);

	return size >= 1 && size <= NAME_MAX_BYTES && strspn(name, NAME_LETTERS) == size;
}

const char *settings_read_id(const struct schema_values *values, const char *name,
			     struct problems *problems)
{
	const struct schema_value *value = schema_value(values, name);
	size_t size = value->text != NULL ? strlen(value->text) : 0;

	if (value->text == NULL)
		return NULL;
	if (size >= 1 && size <= 64 && strpbrk(value->text, " \t\n") == NULL)
		return value->text;
	problems_add(problems, value->node->file, value->node->line,
		     "\"%s\" must be an id of the centre: 1 to 64 letters without blanks", name);
	return NULL;
}

void settings_read_defaults(const struct schema_values *values,
			    const struct settings_defaults *otherwise, struct problems *problems,
			    struct settings_defaults *out)
{
#define ID(field) \
	do { \
		out->field = settings_read_id(values, "central.defaults." #field, problems); \
		if (out->field == NULL) \
			out->field = otherwise->field; \
	} while (0)
	ID(channel);
	ID(classification_id);
	ID(category_id);
	ID(disposition_id);
	ID(location_id);
	ID(user_id);
#undef ID
}

/* ---- the connector and its profile -------------------------------------- */

static const struct yaml_node *load_profile(struct load *l, const struct schema_value *profile)
{
	const struct yaml_node *root = NULL;
	struct why why;
	const char *path = arena_printf(l->s->arena, "%s/%s.yaml", l->s->profile_dir,
					profile->text);
	const char *name = arena_printf(l->s->arena, "profiles/%s.yaml", profile->text);
	enum jembatan_result result = yaml_load(path, name, l->s->arena, &root, &why);

	if (result == JEMBATAN_GONE)
		problems_add(l->problems, profile->node->file, profile->node->line,
			     "there is no profile \"%s\": no file %s", profile->text, path);
	else if (result != JEMBATAN_OK)
		problems_add(l->problems, NULL, 0, "%s", why.text);
	l->instance->profile = profile->text;
	l->instance->profile_file = name;
	return root;
}

/* What the profile says of the connector; NULL when it says nothing. */
static const char *read_profile(struct load *l)
{
	const struct schema_value *profile = schema_value(&l->values, "profile");
	const struct yaml_node *root;
	struct schema_values values;

	if (profile->text == NULL || l->s->profile_dir == NULL)
		return NULL;
	if (!is_name(profile->text)) {
		problems_add(l->problems, profile->node->file, profile->node->line,
			     "\"profile\" must be a name of small letters, digits and dashes");
		return NULL;
	}
	root = load_profile(l, profile);
	if (root == NULL)
		return NULL;
	schema_check(settings_profile_table, root, NULL, l->instance->profile_file, l->s->arena,
		     l->problems, &values);
	l->instance->profile_options = schema_value(&values, "options")->node;
	return schema_text(&values, "connector");
}

static void read_connector(struct load *l)
{
	const struct schema_value *written = schema_value(&l->values, "connector");
	const char *of_profile = read_profile(l);
	struct instance_settings *instance = l->instance;

	instance->connector = written->text != NULL ? written->text : of_profile;
	if (instance->connector == NULL) {
		if (yaml_get(l->root, "profile") == NULL && yaml_get(l->root, "connector") == NULL)
			problems_add(l->problems, instance->file, 0, "\"connector\" is missing: "
				     "name a plugin, such as email or agency-api");
	} else if (!is_name(instance->connector)) {
		problems_add(l->problems,
			     written->node != NULL ? written->node->file : instance->profile_file,
			     written->node != NULL ? written->node->line : 0,
			     "\"connector\" must be a name of small letters, digits and dashes");
	} else if (of_profile != NULL && strcmp(instance->connector, of_profile) != 0) {
		problems_add(l->problems, written->node->file, written->node->line,
			     "\"connector\" is %s, but the profile \"%s\" is for %s: remove the "
			     "line", instance->connector, instance->profile, of_profile);
	}
}

/* ---- the instance's own keys -------------------------------------------- */

static void read_push(struct load *l)
{
	const char *push = schema_text(&l->values, "push");
	struct instance_settings *instance = l->instance;

	if (push == NULL)
		instance->push = str_equal(instance->connector, "agency-api") ? PUSH_AUTO :
										PUSH_REVIEW;
	else if (strcmp(push, "auto") == 0)
		instance->push = PUSH_AUTO;
	else
		instance->push = strcmp(push, "shadow") == 0 ? PUSH_SHADOW : PUSH_REVIEW;
}

static void read_start(struct load *l)
{
	const struct schema_value *start = schema_value(&l->values, "start");
	struct instance_settings *instance = l->instance;

	if (start->text == NULL || strcmp(start->text, "now") == 0) {
		instance->start = START_NOW;
	} else if (strcmp(start->text, "all") == 0) {
		instance->start = START_ALL;
	} else if (date_parse(start->text, l->s->central.zone_minutes, &instance->start_ms, NULL)) {
		instance->start = START_SINCE;
	} else {
		problems_add(l->problems, start->node->file, start->node->line,
			     "\"start\" must be now, all or a date such as 2026-01-31 or "
			     "2026-01-31T08:00:00+07:00, not \"%.40s\"", start->text);
	}
}

/* PP, PP.KK, PP.KK.CC or PP.KK.CC.DDDD */
static bool is_region_code(const char *code)
{
	static const char shape[] = "00.00.00.0000";
	size_t size = strlen(code);

	if (size != 2 && size != 5 && size != 8 && size != 13)
		return false;
	for (size_t i = 0; i < size; i++) {
		if (shape[i] == '.' ? code[i] != '.' : code[i] < '0' || code[i] > '9')
			return false;
	}
	return true;
}

static void read_region(struct load *l)
{
	const struct schema_value *region = schema_value(&l->values, "home_region");

	l->instance->home_region = region->text;
	if (region->text != NULL && !is_region_code(region->text))
		problems_add(l->problems, region->node->file, region->node->line,
			     "\"home_region\" must be a Kemendagri code in quotes, such as "
			     "\"32.73\", not \"%.40s\"", region->text);
}

static void read_instance(struct load *l)
{
	struct instance_settings *instance = l->instance;

	schema_check(settings_instance_table, l->root, NULL, instance->file, l->s->arena,
		     l->problems, &l->values);
	read_connector(l);
	read_push(l);
	read_start(l);
	read_region(l);
	settings_read_instance_replies(&l->values, l->s, instance, l->problems);
	instance->agency = schema_text(&l->values, "agency");
	instance->every_ms = schema_integer(&l->values, "every");
	instance->quiet_alarm_ms = schema_integer(&l->values, "quiet_alarm");
	instance->gather_ms = schema_integer(&l->values, "gather");
	instance->enabled = schema_integer(&l->values, "enabled") != 0;
	settings_read_defaults(&l->values, &l->s->central.defaults, l->problems,
			       &instance->defaults);
	instance->route_to = settings_read_id(&l->values, "central.route_to", l->problems);
	if (instance->route_to == NULL)
		instance->route_to = l->s->central.route_to;
	instance->options = schema_value(&l->values, "options")->node;
}

/* ---- the folder --------------------------------------------------------- */

static int is_settings_file(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return entry->d_name[0] != '.' && dot != NULL &&
	       (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

/* The instance's name from its file's; NULL and a problem when it has none. */
static const char *instance_name(struct settings *s, const char *file, struct problems *problems)
{
	const char *dot = strrchr(file, '.');
	char *name = arena_strndup(s->arena, file, (size_t)(dot - file));
	const char *shown = arena_printf(s->arena, "connectors.d/%.100s", file);

	if (strcmp(dot, ".yml") == 0)
		problems_add(problems, shown, 0, "rename it to %.100s.yaml: .yml is not read", name);
	else if (!is_name(name))
		problems_add(problems, shown, 0, "the file's name is the instance's: use 1 to 32 "
			     "small letters, digits and dashes before .yaml");
	else if (strcmp(name, "central") == 0)
		problems_add(problems, shown, 0, "\"central\" means the centre: take another name");
	else if (strcmp(name, "keep") == 0)
		problems_add(problems, shown, 0, "\"keep\" is the store's own folder in the spool: "
			     "take another name");
	else
		return name;
	return NULL;
}

static bool load_file(struct settings *s, const char *folder, const char *file,
		      struct instance_settings *instance, struct problems *problems)
{
	struct load l = { .s = s, .instance = instance, .problems = problems };
	const char *path = arena_printf(s->arena, "%s/%s", folder, file);
	struct why why;

	instance->name = instance_name(s, file, problems);
	if (instance->name == NULL)
		return false;
	instance->file = arena_printf(s->arena, "connectors.d/%s", file);
	if (yaml_load(path, instance->file, s->arena, &l.root, &why) != JEMBATAN_OK) {
		problems_add(problems, NULL, 0, "%s", why.text);
		return false;
	}
	read_instance(&l);
	return true;
}

static void load_files(struct settings *s, const char *folder, struct dirent **entries,
		       size_t count, struct problems *problems)
{
	struct instance_settings *instances =
		arena_alloc(s->arena, (count + 1) * sizeof(*instances));

	for (size_t i = 0; i < count; i++) {
		struct instance_settings *next = &instances[s->instance_count];

		*next = (struct instance_settings){ 0 };
		if (load_file(s, folder, entries[i]->d_name, next, problems))
			s->instance_count++;
	}
	s->instances = instances;
}

void settings_instances_load(struct settings *s, const char *beside, struct problems *problems)
{
	const char *folder = arena_printf(s->arena, "%s/connectors.d", beside);
	struct dirent **entries = NULL;
	int found = scandir(folder, &entries, is_settings_file, alphasort);
	size_t count = found > 0 ? (size_t)found : 0;

	if (found < 0 && errno != ENOENT)
		problems_add(problems, folder, 0, "cannot read the folder: %s", strerror(errno));
	if (count > SETTINGS_INSTANCES_MAX)
		problems_add(problems, "connectors.d", 0, "more than %u instances",
			     SETTINGS_INSTANCES_MAX);
	else
		load_files(s, folder, entries, count, problems);
	for (size_t i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
}
