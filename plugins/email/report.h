/* report.h: what a machine reports of a mail that was sent: bounces and delivery
 * reports (RFC 3464), read receipts (RFC 8098). Pure. */
#ifndef EMAIL_REPORT_H
#define EMAIL_REPORT_H

#include <jembatan/kit.h>

#include <gmime/gmime.h>

enum report_kind {
	REPORT_NONE = 0,  /* no report, or one that settles nothing: a delay, a relay */
	REPORT_FAILED,
	REPORT_DELIVERED,
	REPORT_READ
};

struct report {
	enum report_kind kind;
	bool is_report;         /* of either form, whatever it says */
	char status[12];        /* "5.1.1"; "": not said */
	const char *message_id; /* of the mail it is about; NULL: not said */
};

/* root: of the whole mail. Texts are the arena's. */
void report_read(GMimeObject *root, struct kit_arena *arena, struct report *out);

#endif
