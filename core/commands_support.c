/* commands_support.c: what the daemon alone knows of itself, for a support
 * bundle: the schema of its store and the last lines of its log, as log.c
 * keeps them, without any text that was put into a line. */
#include <sysexits.h>

#include "base/log.h"
#include "commands_support.h"
#include "store/migrate.h"
#include "base/poison.h"

void support_command(struct control_peer *p, const struct msg_command *c)
{
	(void)c;
	control_row(p, json_pack("{s:s,s:I}", "type", "schema", "version",
				 (json_int_t)migrate_all.count));
	for (size_t i = 0; i < log_kept_count(); i++) {
		const struct log_kept *k = log_kept(i);
		control_row(p, json_pack("{s:s,s:I,s:s,s:s,s:s}", "type", "log", "time_ms",
					 (json_int_t)k->time_ms, "level", level_name(k->level), "where",
					 k->where, "text", k->text));
	}
	control_end(p, EX_OK, "%s", "");
}
