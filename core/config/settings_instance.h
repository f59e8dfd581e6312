/* settings_instance.h: the files of connectors.d. Used by settings.c alone. */
#ifndef CONFIG_SETTINGS_INSTANCE_H
#define CONFIG_SETTINGS_INSTANCE_H

#include "config/settings.h"

#define SETTINGS_INSTANCES_MAX 256u

/* Read every connectors.d/NAME.yaml in `folder` (beside the main file) into
 * s->instances, by name. s->central and the paths are set already. */
void settings_instances_load(struct settings *s, const char *folder, struct problems *problems);

/* The ids below central.defaults, where set; else those of `otherwise`. */
void settings_read_defaults(const struct schema_values *values,
			    const struct settings_defaults *otherwise, struct problems *problems,
			    struct settings_defaults *out);

/* classify, complete, and how a proposal becomes ids of the centre. */
void settings_read_know(const struct schema_values *values, struct settings *s,
			struct problems *problems);

/* replies, of the installation and of one instance (push is set already). */
void settings_read_replies(const struct schema_values *values, struct settings *s,
			   struct problems *problems);
void settings_read_instance_replies(const struct schema_values *values, const struct settings *s,
				    struct instance_settings *out, struct problems *problems);

/* An id as the centre gives it: not empty, no blanks, at most 64 bytes. NULL
 * when unset, or with a problem added. */
const char *settings_read_id(const struct schema_values *values, const char *name,
			     struct problems *problems);

#endif
