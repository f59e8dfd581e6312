/* commands.h: what the files commands*.c share, and the commands that stand in
 * files of their own. */
#ifndef CORE_COMMANDS_H
#define CORE_COMMANDS_H

#include "control.h"

/* A number among the arguments; false when it is missing or none. */
bool commands_number(const struct msg_command *c, const char *name, int64_t *out);
/* End the transaction that `r` is the outcome of, and the answer. True when it
 * is committed. */
bool commands_finish(struct control_peer *p, enum jembatan_result r, struct why *why,
		     const char *done);

control_command review_accept_command, review_reject_command, tickets_edit_command;
control_command intake_add_command;
control_command backup_begin_command, backup_end_command, backup_list_command;
control_command restore_release_command;
/* Rows "backup" of all copies of the store that we know of: those that were noted,
 * those before migrations, those that a restore put aside. */
struct backup_telling {
	const char *note;   /* instead of the digest; NULL: the digest */
	bool of_other_keys; /* only those that the master key in use does not open */
	size_t *count;      /* of rows */
};
MUST_CHECK enum jembatan_result backup_tell(struct control_peer *p, const struct backup_telling *t,
					    struct why *why);
control_command duplicates_list_command, duplicates_show_command;
control_command duplicates_split_command, duplicates_join_command;

#endif
