/* access_log.h: notes that somebody saw a citizen's words. */
#ifndef CORE_ACCESS_LOG_H
#define CORE_ACCESS_LOG_H

#include "control.h"
#include "store/audit.h"

/* In a transaction of its own, before the words are told. */
MUST_CHECK enum jembatan_result access_log_note(struct control_peer *p, const char *what,
						enum audit_subject subject, int64_t subject_id,
						struct why *why);
/* The same of commands that must work on a full disk too: what they show of a
 * citizen is a title. A failure is logged. */
void access_log_try(struct control_peer *p, const char *what, enum audit_subject subject,
		    int64_t subject_id);
control_command access_list_command;

#endif
