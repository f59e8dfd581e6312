/* mask.c: a list of what may be shown, never a list of what may not. */
#include "cli/mask.h"

#include <stdio.h>
#include <string.h>

#include "base/jx.h"
#include "base/text.h"
#include "config/schema.h"
#include "base/poison.h"

#define NAME_MAX_BYTES 200u
#define HOST_MAX 100u

static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

static json_t *told(const char *kind, const char *text)
{
	return json_sprintf("(%s, %zu characters)", kind, text != NULL ? text_count_graphemes(text) : 0);
}

static const struct jembatan_option *find(const struct jembatan_option *table, const char *name)
{
	for (; table != NULL && table->name != NULL; table++)
		if (strcmp(table->name, name) == 0)
			return table;
	return NULL;
}

/* Whether options such as "central.url" lie below the name "central". */
static bool is_folder(const struct jembatan_option *table, const char *name)
{
	size_t n = strlen(name);
	for (; table != NULL && table->name != NULL; table++)
		if (strncmp(table->name, name, n) == 0 && table->name[n] == '.')
			return true;
	return false;
}

static bool is_one_of(const char *const *choices, const char *text)
{
	for (; choices != NULL && *choices != NULL; choices++)
		if (strcmp(*choices, text) == 0)
			return true;
	return false;
}

/* A number with its unit; too short for a telephone or identity number. */
static bool is_quantity(const char *text)
{
	size_t n = strlen(text), digits = strspn(text, "0123456789.");
	return (digits > 0 && digits <= 8 && n - digits <= 4 &&
		strspn(text + digits, "KMGTiBsmhd") == n - digits) ||
	       str_equal(text, "true") || str_equal(text, "false");
}

static bool is_made_of(const char *text, size_t max, const char *set)
{
	return strlen(text) <= max && text[strspn(text, set)] == '\0';
}

/* Of our own texts: names of plugins and profiles, ids at the centre, a date, a
 * region, a zone. */
static bool is_harmless(const char *name, const char *text)
{
	static const char *const fixed[] = { "now", "all", "WIB", "WITA", "WIT", NULL };
	if (str_equal(name, "connector") || str_equal(name, "profile"))
		return is_made_of(text, 32, letters);
	if (str_equal(name, "start") || str_equal(name, "home_region") ||
	    str_equal(name, "central.time_zone"))
		return is_one_of(fixed, text) || is_made_of(text, 10, "0123456789.-+:");
	return (str_starts(name, "central.defaults.") || str_equal(name, "central.route_to") ||
		str_equal(name, "central.supervision_disposition_id")) &&
	       is_made_of(text, 8, "0123456789");
}

/* Scheme and host; a user, a path or a query may be anything. */
static json_t *mask_url(const char *text)
{
	const char *host = strstr(text, "://");
	if (host == NULL || host == text || strspn(text, letters) != (size_t)(host - text))
		return told("address", text);
	host += 3;
	size_t n = strcspn(host, "/?#");
	/* Where a user stands before the host, readers differ on which is which. */
	if (strpbrk(host, "@\\") != NULL || n == 0 || n > HOST_MAX || strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789-.:[]") < n)
		return told("address", text);
	return json_sprintf("%.*s://%.*s/(not shown)", (int)strcspn(text, ":"), text, (int)n, host);
}

static json_t *mask_secret(const struct yaml_node *node)
{
	static const char *const sources[] = { "file", "env", "credential", NULL };
	const struct yaml_node *from = node->kind == YAML_MAP ? node->first : NULL;
	if (from != NULL && node->count == 1 && is_one_of(sources, from->key))
		return json_sprintf("(secret: %s)", from->key);
	return json_string("(secret, written in place: that is refused)");
}

/* own: of our own files, not of a plugin's options. */
static json_t *mask_scalar(const struct jembatan_option *o, const char *text, bool own)
{
	switch (o->type) {
	case JEMBATAN_INTEGER:
	case JEMBATAN_BOOLEAN:
	case JEMBATAN_DURATION:
	case JEMBATAN_BYTES:
		return is_quantity(text) ? json_string(text) : told("text", text);
	case JEMBATAN_CHOICE:
		return is_one_of(o->choices, text) ? json_string(text) : told("text", text);
	case JEMBATAN_URL:
		return mask_url(text);
	case JEMBATAN_PATH:
		return told("path", text);
	case JEMBATAN_STRING:
		return own && is_harmless(o->name, text) ? json_string(text) : told("text", text);
	case JEMBATAN_SECRET:
	case JEMBATAN_LIST:
	case JEMBATAN_MAP:
	case JEMBATAN_SECRET_MAP:
		break;
	}
	return told("value", text);
}

struct walk {
	const struct jembatan_option *table, *plugin;
	bool own;
};

static json_t *mask_map(const struct walk *w, const struct yaml_node *map, const char *prefix);

static json_t *mask_option(const struct walk *w, const struct jembatan_option *o,
			   const struct yaml_node *node)
{
	if (o->type == JEMBATAN_SECRET)
		return mask_secret(node);
	if ((o->flags & SCHEMA_RAW) != 0 && node->kind == YAML_MAP && w->plugin != NULL)
		return mask_map(&(struct walk){ .table = w->plugin }, node, "");
	if (node->kind != YAML_SCALAR)
		return json_sprintf("(%zu entries)", node->count);
	return mask_scalar(o, node->text, w->own);
}

static json_t *mask_map(const struct walk *w, const struct yaml_node *map, const char *prefix)
{
	json_t *out = json_object();
	size_t unknown = 0;
	for (const struct yaml_node *e = map->first; e != NULL; e = e->next) {
		char name[NAME_MAX_BYTES], shown[NAME_MAX_BYTES];
		snprintf(name, sizeof(name), "%s%s%.100s", prefix, *prefix != '\0' ? "." : "", e->key);
		snprintf(shown, sizeof(shown), "%.100s", e->key);
		const struct jembatan_option *o = find(w->table, name);
		json_t *value;
		if (o != NULL) {
			value = mask_option(w, o, e);
		} else if (is_folder(w->table, name) && e->kind == YAML_MAP) {
			value = mask_map(w, e, name);
		} else {
			snprintf(shown, sizeof(shown), "(unknown key %zu)", ++unknown);
			value = json_string("(not shown)");
		}
		json_object_set_new(out, shown, value);
	}
	return out;
}

json_t *mask_settings(const struct yaml_node *root, const struct jembatan_option *table,
		      const struct jembatan_option *plugin)
{
	if (root->kind != YAML_MAP)
		return json_string("(not a map)");
	return mask_map(&(struct walk){ table, plugin, true }, root, "");
}

/* The choices of a manifest are one text with line ends. */
static const char *const *split(const char *choices, struct arena *arena)
{
	if (choices == NULL)
		return NULL;
	size_t count = 2;
	for (const char *c = choices; *c != '\0'; c++)
		count += *c == '\n';
	const char **list = arena_alloc(arena, count * sizeof(*list));
	char *text = arena_strdup(arena, choices), *next;
	size_t n = 0;
	for (; text != NULL; text = next) {
		next = strchr(text, '\n');
		if (next != NULL)
			*next++ = '\0';
		list[n++] = text;
	}
	list[n] = NULL;
	return list;
}

const struct jembatan_option *mask_table(const struct msg_manifest *m, struct arena *arena)
{
	struct jembatan_option *table = arena_alloc(arena, (m->option_count + 1) * sizeof(*table));
	for (size_t i = 0; i < m->option_count; i++)
		table[i] = (struct jembatan_option){
			.name = m->options[i].name,
			.type = (enum jembatan_option_type)m->options[i].type,
			.flags = m->options[i].flags & ~SCHEMA_RAW,
			.choices = split(m->options[i].choices, arena),
		};
	table[m->option_count] = (struct jembatan_option){ .name = NULL };
	return table;
}

static json_t *mask_field(const char *key, json_t *value, bool core_wrote_it)
{
	static const char *const plain[] = { "type", "version", "name", "connector", "push", "state",
					     "confinement", "where", "level" };
	const char *text = json_string_value(value);
	if (text == NULL)
		return json_deep_copy(value); /* numbers, and counts by name */
	for (size_t i = 0; i < COUNT_OF(plain); i++)
		if (strcmp(plain[i], key) == 0)
			return json_string(text);
	if (strcmp(key, "url") == 0)
		return mask_url(text);
	return core_wrote_it ? json_string(text) : told("text", text);
}

json_t *mask_row(json_t *row)
{
	static const char *const rooms[] = { "store", "quarantine", "central", NULL };
	const char *where = jx_text(row, "where"), *type = jx_text(row, "type");
	bool core_wrote_it = str_equal(type, "log") ||
			     (str_equal(type, "alarm") && where != NULL && is_one_of(rooms, where));
	json_t *out = json_object();
	const char *key;
	json_t *value;
	json_object_foreach(row, key, value)
		json_object_set_new(out, key, mask_field(key, value, core_wrote_it));
	return out;
}
