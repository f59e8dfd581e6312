/* settings_table.h: the keys of our own files, declared as data. */
#ifndef CONFIG_SETTINGS_TABLE_H
#define CONFIG_SETTINGS_TABLE_H

#include <jembatan/connector.h>

extern const struct jembatan_option settings_table[];          /* jembatan.yaml */
extern const struct jembatan_option settings_instance_table[]; /* connectors.d */
extern const struct jembatan_option settings_profile_table[];  /* profiles */

#endif
