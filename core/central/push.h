/* push.h: a claimed row and the request that its step makes, built from what
 * the store holds. It is built inside the turn's transaction, and leaves after
 * the commit. */
#ifndef CENTRAL_PUSH_H
#define CENTRAL_PUSH_H

#include "central/courier.h"
#include "central/step.h"
#include "ticket/ticket.h"

#define PUSH_FILES_MAX 5u /* of one follow-up */
#define PUSH_FILE_MAX (5u * 1024u * 1024u) /* of each */
#define PUSH_PARTS_MAX (LAPOR_V3_FIELDS_MAX + PUSH_FILES_MAX)

struct outbox;

struct push {
	struct outbox *outbox;
	struct push *next; /* in the list it is on */
	struct arena *arena; /* owns all texts here */
	struct outbox_row row;    /* as it stands on disk, once committed */
	struct outbox_row before; /* to go back to when the commit fails */
	enum outcome_action action;
	/* the request */
	struct client_request request;
	struct client_part parts[PUSH_PARTS_MAX];
	struct upload *uploads[PUSH_FILES_MAX];
	size_t upload_count;
	struct courier_call *call; /* while it is under way */
	struct push_draft { /* of a create: what its body is written from, once */
		struct ticket ticket;
		struct settings_defaults ids;
		unsigned hidden; /* kinds of personal data */
		bool reference_line;
	} draft;
	/* what its answer is read by */
	const char *route_to;      /* of the arena: the settings may change meanwhile */
	const char *content;       /* of a follow-up */
	size_t file_index, file_count;
	unsigned page;             /* of follow-ups */
	const char *path;          /* of the pages, without the number */
	/* what came back */
	struct step_result result;
	const char *other; /* the ticket that has the answer's number already; or NULL */
	struct outcome_verdict verdict;
	bool is_local; /* it failed on our side: says nothing about the centre */
	bool is_written; /* in the open transaction */
	bool goes_on;    /* written, and its next step leaves after the commit */
};

/* Copies the row. */
struct push *push_new(struct outbox *o, const struct outbox_row *row);
void push_free(struct push *p); /* cancels it; NULL is fine */

/* Build the request of the row's step. May move the row from FILES to POST
 * when there is no file to send, and leave files out: write the row after it.
 * *out_left_out: sentence about files that were left out; NULL: none. DATA:
 * the ticket cannot be read; the row cannot be sent. */
MUST_CHECK enum jembatan_result push_prepare(struct push *p, struct db *db,
					     const struct central_options *options,
					     const char **out_left_out, struct why *why);
/* The next page of follow-ups: the same question, one further. */
void push_next_page(struct push *p);
/* Read the answer into p->result and p->verdict. False: a further page has to
 * be asked for first (push_next_page). */
bool push_read_answer(struct push *p, const struct central_options *options,
		      const struct client_answer *answer, bool is_singled_out);

#endif
