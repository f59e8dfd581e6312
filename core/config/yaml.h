/* yaml.h: a YAML file as a tree of maps, lists and scalars, each with its line.
 * A subset on purpose: no anchors, aliases, tags, directives, second documents
 * or duplicate keys, and every size has a ceiling. Reads; knows no options. */
#ifndef CONFIG_YAML_H
#define CONFIG_YAML_H

#include "base/arena.h"
#include "base/why.h"

#define YAML_FILE_MAX (1024u * 1024u)
#define YAML_DEPTH_MAX 32u
#define YAML_NODES_MAX 20000u
#define YAML_ENTRIES_MAX 4096u /* of one map or list */

enum yaml_kind { YAML_MAP, YAML_LIST, YAML_SCALAR };

struct yaml_node {
	enum yaml_kind kind;
	bool quoted;          /* a scalar in quotes or a block: never null */
	unsigned line, column; /* from 1 */
	const char *file;      /* as shown to the operator */
	const char *text;      /* of a scalar: UTF-8 without control characters */
	const char *key;       /* of an entry of a map */
	unsigned key_line;
	const struct yaml_node *first; /* of a map or list, in the order written */
	const struct yaml_node *next;  /* sibling */
	size_t count;                  /* of a map or list */
};

/* Parse bytes; `name` is the file as shown. The tree lives in the arena. An
 * empty document is an empty map. CONFIG and "name:line: ..." when wrong. */
MUST_CHECK enum jembatan_result yaml_parse(struct jembatan_bytes bytes, const char *name,
					   struct arena *arena, const struct yaml_node **out_root,
					   struct why *why);

/* The same from a file. GONE when there is none. */
MUST_CHECK enum jembatan_result yaml_load(const char *path, const char *name, struct arena *arena,
					  const struct yaml_node **out_root, struct why *why);

/* The entry of a map; NULL when missing, or node is NULL or no map. */
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);

/* A plain scalar that is empty, ~ or null: nothing was written. */
bool yaml_is_null(const struct yaml_node *node);

/* "a map", "a list", "text", "nothing": for sentences. */
const char *yaml_kind_name(const struct yaml_node *node);

#endif
