/* secret_source.h: secrets stand beside the configuration, never in it: a file,
 * an environment variable or a systemd credential. */
#ifndef CONFIG_SECRET_SOURCE_H
#define CONFIG_SECRET_SOURCE_H

#include "base/secret.h"
#include "config/problem.h"
#include "config/yaml.h"

#define SECRET_SOURCE_MAX (64u * 1024u)

/* Read what {file: PATH}, {env: NAME} or {credential: NAME} names, without its
 * trailing newline. NULL and a problem when it is written otherwise, cannot be
 * read, is empty, or may be read by others. The caller frees. */
struct secret *secret_source_read(const struct yaml_node *node, const char *name,
				  struct problems *problems);

#endif
