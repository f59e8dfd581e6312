/* mask.h: settings and status as they may leave the house. What is shown is
 * what is known to be harmless; everything else is told by its kind and length
 * only, comments not at all. */
#ifndef CLI_MASK_H
#define CLI_MASK_H

#include "base/msg.h"
#include "config/yaml.h"

#include <jansson.h>
#include <jembatan/connector.h>

/* A file of settings by the table of its keys; `plugin` (NULL: unknown): those
 * of its "options". The caller owns the result. */
json_t *mask_settings(const struct yaml_node *root, const struct jembatan_option *table,
		      const struct jembatan_option *plugin);

/* A manifest's options as a table; in the arena. */
const struct jembatan_option *mask_table(const struct msg_manifest *m, struct arena *arena);

/* A row of `status`. Sentences are shown where the core alone writes them. */
json_t *mask_row(json_t *row);

#endif
