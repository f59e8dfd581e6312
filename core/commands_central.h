/* commands_central.h: `jembatan central ...`: what is known of the centre, and
 * where it and we differ. */
#ifndef CORE_COMMANDS_CENTRAL_H
#define CORE_COMMANDS_CENTRAL_H

#include "control.h"

/* Rows "institution"; with refresh they are read anew first. */
void central_institutions_command(struct control_peer *p, const struct msg_command *c);
/* Rows "difference" of the last comparison; with refresh it is made first. */
void central_differences_command(struct control_peer *p, const struct msg_command *c);
/* A person takes the centre's word about one ticket. */
void central_accept_command(struct control_peer *p, const struct msg_command *c);
/* Rows "word": status words that the table does not know. */
void central_words_command(struct control_peer *p, const struct msg_command *c);
/* Rows "import" of what an export settles and brings, and a row "sum"; the
 * argument rows is a JSON array (cli/import.c). commands_import.c. */
void central_import_command(struct control_peer *p, const struct msg_command *c);

#endif
