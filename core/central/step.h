/* step.h: what follows from a result: the row's next step, the ticket's state
 * and the sentence for its history. Pure: the driver writes what is said here
 * and does what it says. */
#ifndef CENTRAL_STEP_H
#define CENTRAL_STEP_H

#include "base/arena.h"
#include "central/central.h"
#include "central/lapor_v3.h"
#include "central/outcome.h"
#include "store/outbox_rows.h"
#include "store/tickets.h"

enum step_evidence {
	STEP_NO_EVIDENCE = 0, /* the question was not answered readably */
	STEP_PRESENT,         /* what was unknown has happened */
	STEP_ABSENT           /* this reading says that it has not */
};

/* What came back for a row. */
struct step_result {
	enum outcome outcome;
	const char *how;            /* "the centre answered 503" */
	char id[LAPOR_V3_ID_SIZE];  /* of a created complaint or file, or found */
	enum step_evidence evidence; /* of a question */
	int64_t retry_after_ms;     /* -1: not given */
	bool is_last_file;
	bool is_anothers; /* the number in it is another ticket's */
};

struct step_context {
	const struct settings_central *central;
	const struct central_tuning *tuning;
	const char *route_to; /* of this ticket; NULL: no second step */
	int64_t now_ms;
	struct arena *arena; /* for new texts of the row */
};

struct step_next {
	struct outbox_row row;    /* as it is to be written */
	int ticket_state;         /* enum ticket_state; -1: as it is */
	const char *tracking_id;  /* to be stored now; or NULL */
	const char *what;         /* for the history */
	bool goes_on;             /* the next step may leave once this is stored */
	bool is_alarm;            /* the operator should look */
	char why[300];
};

/* What a row does at its step. A question when it settles. */
enum outcome_action step_action(const struct outbox_row *row);

void step_after(const struct step_context *ctx, const struct outbox_row *row,
		const struct step_result *result, struct step_next *out);

/* The row was `sending` when the process ended: as after an unknown result. */
void step_recover(const struct step_context *ctx, const struct outbox_row *row,
		  struct step_next *out);

/* A person says that the centre has it under this number, or that it is to be
 * sent again. */
void step_confirm(const struct step_context *ctx, const struct outbox_row *row,
		  const char *tracking_id, const char *actor, struct step_next *out);
void step_resend(const struct step_context *ctx, const struct outbox_row *row,
		 const char *actor, struct step_next *out);

#endif
