/* schema.c: walks a YAML map along a table of options: finds each option's
 * node, names what it does not know, and says what is missing. */
#include "config/schema.h"

#include "base/digest.h"
#include "base/text.h"
#include "config/schema_value.h"

#include <string.h>

#include "base/poison.h"

#define NAME_MAX_BYTES 64u /* longer keys have no near neighbour */

struct walk {
	const struct jembatan_option *table;
	size_t count;
	const struct yaml_node **nodes; /* found, one per option */
	struct arena *arena;
	struct problems *problems;
};

static size_t table_size(const struct jembatan_option *table)
{
	size_t count = 0;

	while (table[count].name != NULL)
		count++;
	return count;
}

static size_t smallest(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/* How many letters must be changed, added, dropped or swapped with the next. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t rows[3][NAME_MAX_BYTES + 1];
	size_t n = strlen(a), m = strlen(b);

	if (n > NAME_MAX_BYTES || m > NAME_MAX_BYTES)
		return NAME_MAX_BYTES;
	for (size_t j = 0; j <= m; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t *row = rows[i % 3], *above = rows[(i + 2) % 3];
		const size_t *top = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			row[j] = smallest(row[j - 1] + 1, above[j] + 1,
					  above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    top[j - 2] + 1 < row[j])
				row[j] = top[j - 2] + 1;
		}
	}
	return rows[n % 3][m];
}

/* The option or map meant by this unknown name: nearly the same, or else the
 * same word in another map; NULL when none is near. */
static const char *find_near(const struct walk *w, const char *name, const char *key)
{
	const char *near = NULL, *elsewhere = NULL;
	size_t best = strlen(key) / 4 + 2; /* to be stayed below */

	for (size_t i = 0; i < w->count; i++) {
		const char *known = w->table[i].name;
		const char *last = strrchr(known, '.');

		if (elsewhere == NULL && last != NULL && strcmp(last + 1, key) == 0)
			elsewhere = known;
		/* "central.lookup.url" is also "central" and "central.lookup". */
		for (const char *dot = known; dot != NULL;) {
			const char *part;
			size_t distance;

			dot = strchr(dot + 1, '.');
			part = dot == NULL ? known : arena_strndup(w->arena, known,
								   (size_t)(dot - known));
			distance = edit_distance(name, part);
			if (distance < best) {
				best = distance;
				near = part;
			}
		}
	}
	return near != NULL ? near : elsewhere;
}

/* "a, b, c": the keys below this prefix; in the arena. */
static const char *known_keys(const struct walk *w, const char *prefix)
{
	CLEANUP(buf_done) struct buf list;
	const char *previous = "";
	size_t previous_size = 0;

	buf_init(&list, 400);
	for (size_t i = 0; i < w->count; i++) {
		const char *key = w->table[i].name + strlen(prefix);
		size_t size;

		if (!str_starts(w->table[i].name, prefix))
			continue;
		size = strcspn(key, ".");
		if (size == previous_size && strncmp(key, previous, size) == 0)
			continue;
		buf_printf(&list, "%s%.*s", list.size > 0 ? ", " : "", (int)size, key);
		previous = key;
		previous_size = size;
	}
	return arena_strndup(w->arena, list.data != NULL ? list.data : "", list.size);
}

static void report_unknown(const struct walk *w, const struct yaml_node *entry, const char *prefix,
			   const char *name)
{
	CLEANUP(free_pointer) char *shown = text_printable(name, 80);
	const char *near = find_near(w, name, entry->key);

	if (near != NULL)
		problems_add(w->problems, entry->file, entry->key_line,
			     "unknown key \"%s\": did you mean \"%s\"?", shown, near);
	else if (w->count == 0)
		problems_add(w->problems, entry->file, entry->key_line,
			     "unknown key \"%s\": there are no keys here", shown);
	else
		problems_add(w->problems, entry->file, entry->key_line,
			     "unknown key \"%s\": the keys here are %s", shown,
			     known_keys(w, prefix));
}

static bool is_section(const struct walk *w, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < w->count; i++) {
		if (str_starts(w->table[i].name, name) && w->table[i].name[length] == '.')
			return true;
	}
	return false;
}

/* Find each option's node. Recursion ends with the table's own depth. */
static void collect(const struct walk *w, const struct yaml_node *map, const char *prefix)
{
	for (const struct yaml_node *e = map->first; e != NULL; e = e->next) {
		const char *name = arena_printf(w->arena, "%s%s", prefix, e->key);
		size_t i = 0;

		while (i < w->count && strcmp(w->table[i].name, name) != 0)
			i++;
		if (strchr(e->key, '.') != NULL && (i < w->count || is_section(w, name)))
			problems_add(w->problems, e->file, e->key_line,
				     "\"%s\" is not written in one word: write %.*s: and below it, "
				     "indented, the rest", name, (int)strcspn(e->key, "."), e->key);
		else if (i < w->count)
			w->nodes[i] = e;
		else if (!is_section(w, name))
			report_unknown(w, e, prefix, name);
		else if (e->kind == YAML_MAP)
			collect(w, e, arena_printf(w->arena, "%s.", name));
		else if (!yaml_is_null(e))
			problems_add(w->problems, e->file, e->line,
				     "\"%s\" must be a map with the keys %s, not %s", name,
				     known_keys(w, arena_printf(w->arena, "%s.", name)),
				     yaml_kind_name(e));
	}
}

static const struct yaml_node **collect_root(const struct jembatan_option *table,
					     const struct yaml_node *map, struct arena *arena,
					     struct problems *problems)
{
	struct walk w = { table, table_size(table), NULL, arena, problems };

	w.nodes = arena_alloc(arena, (w.count + 1) * sizeof(*w.nodes));
	if (map == NULL || yaml_is_null(map))
		return w.nodes;
	if (map->kind == YAML_MAP)
		collect(&w, map, "");
	else
		problems_add(problems, map->file, map->line,
			     "expected a map with the keys %s, not %s", known_keys(&w, ""),
			     yaml_kind_name(map));
	return w.nodes;
}

/* The preset as a node: written in YAML where it is a list or map. */
static const struct yaml_node *preset_node(const struct jembatan_option *option,
					   struct arena *arena)
{
	struct yaml_node *scalar;
	const struct yaml_node *root;

	if (option->type == JEMBATAN_LIST || option->type == JEMBATAN_MAP) {
		if (yaml_parse(bytes_text(option->preset), "built in", arena, &root, NULL) !=
		    JEMBATAN_OK)
			return NULL;
		return root;
	}
	scalar = arena_alloc(arena, sizeof(*scalar));
	scalar->kind = YAML_SCALAR;
	scalar->quoted = true;
	scalar->file = "built in";
	scalar->text = option->preset;
	return scalar;
}

static void take_preset(const struct jembatan_option *option, struct arena *arena,
			struct problems *problems, struct schema_value *out)
{
	const struct yaml_node *node;

	if (option->preset == NULL || option->type == JEMBATAN_SECRET ||
	    option->type == JEMBATAN_SECRET_MAP)
		return;
	node = preset_node(option, arena);
	if (node == NULL)
		problems_add(problems, "built in", 0, "\"%s\": its preset is not YAML",
			     option->name);
	else
		(void)schema_value_read(option, node, NULL, arena, problems, out);
	out->node = NULL;
}

void schema_check(const struct jembatan_option *table, const struct yaml_node *map,
		  const struct yaml_node *defaults, const char *file, struct arena *arena,
		  struct problems *problems, struct schema_values *out)
{
	const struct yaml_node **nodes = collect_root(table, map, arena, problems);
	const struct yaml_node **behind = collect_root(table, defaults, arena, problems);

	out->count = table_size(table);
	out->items = arena_alloc(arena, (out->count + 1) * sizeof(*out->items));
	for (size_t i = 0; i < out->count; i++) {
		const struct jembatan_option *option = &table[i];
		const struct yaml_node *node = nodes[i] != NULL ? nodes[i] : behind[i];
		struct schema_value *value = &out->items[i];

		value->option = option;
		if ((option->flags & SCHEMA_RAW) != 0)
			value->node = node;
		else if (node != NULL)
			(void)schema_value_read(option, node, nodes[i] != NULL ? behind[i] : NULL,
						arena, problems, value);
		else if ((option->flags & JEMBATAN_REQUIRED) != 0)
			problems_add(problems, map != NULL ? map->file : file,
				     map == NULL ? 0 : map->key != NULL ? map->key_line : map->line,
				     "\"%s\" is missing: %s", option->name, option->help);
		else
			take_preset(option, arena, problems, value);
	}
}

void schema_done(struct schema_values *values)
{
	for (size_t i = 0; i < values->count; i++) {
		secret_free(values->items[i].secret);
		for (size_t j = 0; j < values->items[i].entry_count; j++)
			secret_free(values->items[i].entries[j].secret);
	}
	*values = (struct schema_values){ 0 };
}

static struct schema_value *find_value(const struct schema_values *values, const char *name)
{
	size_t i = 0;

	while (i < values->count && strcmp(values->items[i].option->name, name) != 0)
		i++;
	ASSERT(i < values->count);
	return &values->items[i];
}

const struct schema_value *schema_value(const struct schema_values *values, const char *name)
{
	return find_value(values, name);
}

const char *schema_text(const struct schema_values *values, const char *name)
{
	return find_value(values, name)->text;
}

int64_t schema_integer(const struct schema_values *values, const char *name)
{
	return find_value(values, name)->integer;
}

struct secret *schema_take_secret(struct schema_values *values, const char *name)
{
	struct schema_value *value = find_value(values, name);
	struct secret *secret = value->secret;

	value->secret = NULL;
	return secret;
}

const char *schema_where(const struct yaml_node *node, struct arena *arena)
{
	if (node == NULL || node->line == 0)
		return "built in";
	return arena_printf(arena, "%s:%u", node->file, node->line);
}

static const char *type_name(enum jembatan_option_type type)
{
	switch (type) {
	case JEMBATAN_STRING:
		return "text";
	case JEMBATAN_SECRET:
		return "secret: {file: PATH}, {env: NAME} or {credential: NAME}";
	case JEMBATAN_INTEGER:
		return "number";
	case JEMBATAN_BOOLEAN:
		return "true or false";
	case JEMBATAN_DURATION:
		return "length of time";
	case JEMBATAN_BYTES:
		return "size";
	case JEMBATAN_URL:
		return "address";
	case JEMBATAN_PATH:
		return "absolute path";
	case JEMBATAN_CHOICE:
		return "one of";
	case JEMBATAN_LIST:
		return "list";
	case JEMBATAN_MAP:
		return "map";
	case JEMBATAN_SECRET_MAP:
		return "map of secrets";
	}
	return "?";
}

void schema_describe(const struct jembatan_option *table, FILE *out)
{
	struct arena *arena = arena_new();

	for (; table->name != NULL; table++) {
		char low[32], high[32];

		fprintf(out, "%s (%s", table->name,
			(table->flags & SCHEMA_RAW) != 0 ? "map" : type_name(table->type));
		if (table->choices != NULL)
			fprintf(out, " %s", schema_value_choices(table->choices, "", arena));
		schema_value_number(table->type, table->minimum, low);
		schema_value_number(table->type, table->maximum, high);
		if (table->maximum > table->minimum)
			fprintf(out, ", %s to %s", low, high);
		if ((table->flags & JEMBATAN_REQUIRED) != 0)
			fputs(", required", out);
		fputs(")\n", out);
		if (table->preset != NULL)
			fprintf(out, "    default: %s\n", *table->preset != '\0' ? table->preset : "\"\"");
		fprintf(out, "    %s\n", table->help);
	}
	arena_free(arena);
}
