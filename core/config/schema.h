/* schema.h: option tables against YAML: checked values with file and line, and
 * every problem at once. Serves our own settings and a plugin's options alike.
 * An option named "central.url" is the key url of the map central. */
#ifndef CONFIG_SCHEMA_H
#define CONFIG_SCHEMA_H

#include "base/secret.h"
#include "config/problem.h"
#include "config/yaml.h"

#define SCHEMA_TEXT_MAX (256u * 1024u)  /* of one value */

/* Flag of an option of our own: its node is kept as it is, unchecked. */
#define SCHEMA_RAW 0x8000u

struct schema_entry {
	const char *key;    /* of a MAP; of a LIST its number as text */
	const char *text;   /* NULL for a secret */
	struct secret *secret;
	const struct yaml_node *node;
};

struct schema_value {
	const struct jembatan_option *option;
	const struct yaml_node *node; /* NULL: not written, the preset holds */
	const char *text;   /* of scalars: as written, or the preset; NULL: unset */
	int64_t integer;    /* INTEGER, BOOLEAN, DURATION (ms), BYTES */
	struct secret *secret;
	struct schema_entry *entries; /* LIST, MAP, SECRET_MAP */
	size_t entry_count;
};

struct schema_values {
	struct schema_value *items; /* one per option, in the table's order */
	size_t count;
};

/* Check `map` (NULL or null: empty) against `table`. `defaults` (may be NULL)
 * is a second map that stands behind it: its keys hold where `map` has none,
 * and MAP options merge entry by entry. Adds all problems; values that are
 * wrong stay unset. `file` is named where nothing was written at all. Memory
 * is the arena's, but for secrets: free those with schema_done. */
void schema_check(const struct jembatan_option *table, const struct yaml_node *map,
		  const struct yaml_node *defaults, const char *file, struct arena *arena,
		  struct problems *problems, struct schema_values *out);
void schema_done(struct schema_values *values); /* frees the secrets */

/* By full name; asserts that the table has it. */
const struct schema_value *schema_value(const struct schema_values *values, const char *name);
const char *schema_text(const struct schema_values *values, const char *name);
int64_t schema_integer(const struct schema_values *values, const char *name);
/* Takes the secret out: the caller frees it. */
struct secret *schema_take_secret(struct schema_values *values, const char *name);

/* "file:line" of what a problem or a plugin should point at; in the arena. */
const char *schema_where(const struct yaml_node *node, struct arena *arena);

/* Print the table for people: name, type, bounds or choices, preset, help. */
void schema_describe(const struct jembatan_option *table, FILE *out);

#endif
