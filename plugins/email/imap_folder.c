/* imap_folder.c: see imap_folder.h. */
#include "email/imap_folder.h"

#include <stdio.h>
#include <string.h>

enum jembatan_result imap_folder_refused(struct jembatan_context *ctx, const char *what,
					 const char *words)
{
	return jembatan_explain(ctx, JEMBATAN_RETRY,
				"the mail server refuses %s (%.200s): it will be asked again", what,
				words);
}

/* A mailbox that is not there, against a server that is not well. */
static enum jembatan_result examine_refused(struct jembatan_context *ctx, const char *words)
{
	if (strcasestr(words, "[NOPERM]") != NULL || strcasestr(words, "NONEXISTENT") != NULL ||
	    strcasestr(words, "exist") != NULL)
		return jembatan_explain(ctx, JEMBATAN_CONFIG,
					"%s: the mailbox cannot be opened (%.200s): set mailbox to "
					"one that the user may read",
					jembatan_where(ctx, "mailbox", NULL), words);
	return imap_folder_refused(ctx, "to open the mailbox", words);
}

enum jembatan_result imap_folder_examine(struct jembatan_context *ctx,
					 struct imap_session *session, const char *name,
					 struct imap_folder *out)
{
	char command[1200], quoted[1100];
	struct imap_item item;
	enum imap_event event = IMAP_NEED_BYTES;

	if (!imap_mailbox_quote(name, quoted, sizeof quoted))
		return jembatan_explain(ctx, JEMBATAN_CONFIG,
					"%s: this cannot be the name of a mailbox",
					jembatan_where(ctx, "mailbox", NULL));
	snprintf(command, sizeof command, "EXAMINE %s", quoted);
	*out = (struct imap_folder){ 0 };
	enum jembatan_result result = imap_session_send(session, command);

	while (result == JEMBATAN_OK && event != IMAP_TAGGED) {
		result = imap_session_next(session, &event, &item);
		if (result != JEMBATAN_OK)
			break;
		if (event == IMAP_UNTAGGED) {
			imap_code_number(item.text, "UIDVALIDITY", &out->validity);
			imap_code_number(item.text, "UIDNEXT", &out->next);
		} else if (event == IMAP_EXISTS) {
			out->exists = item.first;
		}
	}
	if (result == JEMBATAN_OK && item.status != IMAP_OK)
		result = examine_refused(ctx, item.text);
	/* From here on EXISTS means a mail that was not there just now. */
	(void)imap_session_has_news(session, true);
	return result;
}

enum jembatan_result imap_folder_search(struct jembatan_context *ctx,
					struct imap_session *session, const char *returns,
					const char *criteria, struct imap_uids *out)
{
	char command[256];
	struct imap_item item;
	enum imap_event event = IMAP_NEED_BYTES;

	imap_uids_clear(out);
	snprintf(command, sizeof command, "UID SEARCH %s%s",
		 imap_session_can(session, IMAP_ESEARCH) ? returns : "", criteria);
	enum jembatan_result result = imap_session_send(session, command);

	while (result == JEMBATAN_OK && event != IMAP_TAGGED) {
		result = imap_session_next(session, &event, &item);
		if (result == JEMBATAN_OK && event == IMAP_UIDS)
			imap_uids_add(out, item.first, item.last);
	}
	if (result == JEMBATAN_OK && item.status != IMAP_OK)
		result = imap_folder_refused(ctx, "a search", item.text);
	imap_uids_settle(out);
	return result;
}
