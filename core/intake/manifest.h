/* manifest.h: ask a plugin, in a confined process of its own, what it is, and
 * let it check its options or show what a sample becomes. Blocking: for the
 * start and for the command, never from the running loop. */
#ifndef INTAKE_MANIFEST_H
#define INTAKE_MANIFEST_H

#include "base/msg.h"
#include "config/settings.h"
#include "intake/spawn.h"

/* Path of a plugin's .so: plugin_dir/name.so. */
void manifest_plugin_path(const struct settings *s, const char *connector, char *out, size_t size);

/* The plugin's manifest; strings live in the arena. CONFIG when it cannot be
 * loaded, is not trusted, or speaks another ABI; RETRY when a signal killed it. */
MUST_CHECK enum jembatan_result manifest_describe(const struct spawn_options *spawn,
						  struct arena *arena, struct msg_manifest *out,
						  struct why *why);

/* The plugin's own check() of this instance's options. No network. */
MUST_CHECK enum jembatan_result manifest_check(const struct spawn_options *spawn,
					       const struct msg_open *open, struct why *why);

/* Called for each message of a preview; NULL: a record of which nothing came. */
typedef void manifest_on_message(void *data, const struct msg_message *m);
/* Called for each receipt of a preview. */
typedef void manifest_on_receipt(void *data, const struct msg_receipt *r);
/* preview() of the plugin on this sample. No network; nothing is stored. */
MUST_CHECK enum jembatan_result manifest_preview(const struct spawn_options *spawn,
						 const struct msg_open *open,
						 struct jembatan_bytes sample,
						 manifest_on_message *on,
						 manifest_on_receipt *on_receipt, void *data,
						 struct why *why);

#endif
