/* know_view.h: what is known of a complaint, for people: rows of `explain`, keys
 * of `review list`, and what a person says instead. */
#ifndef CORE_KNOW_VIEW_H
#define CORE_KNOW_VIEW_H

#include "base/jx.h"
#include "control.h"
#include "ticket/ticket.h"

/* Rows "known": what, value, margin, how; none of the citizen's words. */
void know_view_rows(struct control_peer *p, const struct ticket *t);
/* The suggestions and the words that decided, into a row of a list. */
void know_view_add(const struct ticket *t, json_t *row);

/* --agency, --category, --classification of `jembatan tickets edit`: into the
 * ticket. *out_what names them for the audit, NULL when none was given. DATA
 * when one is not known. */
MUST_CHECK enum jembatan_result know_view_edit(struct control_peer *p, const struct msg_command *c,
					       struct arena *arena, struct ticket *t,
					       const char **out_what, struct why *why);

#endif
