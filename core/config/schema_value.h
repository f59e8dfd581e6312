/* schema_value.h: one option's node becomes a checked value of its type. Used
 * by schema.c alone. */
#ifndef CONFIG_SCHEMA_VALUE_H
#define CONFIG_SCHEMA_VALUE_H

#include "config/schema.h"

/* Fill *out from `node` (what holds) and `behind` (for MAP options: entries
 * that hold where node has none; may be NULL). False, with problems added and
 * *out unset, when it is wrong. */
bool schema_value_read(const struct jembatan_option *option, const struct yaml_node *node,
		       const struct yaml_node *behind, struct arena *arena,
		       struct problems *problems, struct schema_value *out);

/* "1s", "25MiB", "100" for sentences and the list of options. */
void schema_value_number(enum jembatan_option_type type, int64_t number, char out[32]);

/* "a, b, c"; in the arena. */
const char *schema_value_choices(const char *const *choices, const char *after,
				 struct arena *arena);

#endif
