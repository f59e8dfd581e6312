/* imap_folder.h: one mailbox of a session: opening it for reading, searching in
 * it. */
#ifndef EMAIL_IMAP_FOLDER_H
#define EMAIL_IMAP_FOLDER_H

#include "email/imap_session.h"
#include "email/imap_uids.h"

struct imap_folder {
	uint32_t validity; /* UIDVALIDITY: other numbers mean other mails */
	uint32_t next;     /* UIDNEXT; 0: not said */
	uint32_t exists;   /* number of mails */
};

/* EXAMINE, which changes nothing (SELECT would clear \Recent). name: UTF-8.
 * CONFIG when there is no such mailbox, explained. */
JEMBATAN_MUST_CHECK enum jembatan_result imap_folder_examine(struct jembatan_context *ctx,
							     struct imap_session *session,
							     const char *name,
							     struct imap_folder *out);

/* UID SEARCH: what matches, settled. returns: "RETURN (ALL) " or "RETURN (MIN) ",
 * for servers that can (RFC 4731); the others give all. */
JEMBATAN_MUST_CHECK enum jembatan_result imap_folder_search(struct jembatan_context *ctx,
							    struct imap_session *session,
							    const char *returns,
							    const char *criteria,
							    struct imap_uids *out);

/* RETRY, with the server's words. */
enum jembatan_result imap_folder_refused(struct jembatan_context *ctx, const char *what,
					 const char *words);

#endif
