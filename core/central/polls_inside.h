/* polls_inside.h: one question and the polls' own parts; for polls*.c only. */
#ifndef CENTRAL_POLLS_INSIDE_H
#define CENTRAL_POLLS_INSIDE_H

#include "central/lapor_v3_read.h"
#include "central/polls.h"
#include "store/differences.h"

enum poll_kind { POLL_STATUS = 0, POLL_CHECK, POLL_INSTITUTIONS, POLL_TEMPLATES };

enum poll_result {
	POLL_READ = 0,
	POLL_MISSING,    /* the centre knows no such complaint */
	POLL_UNREADABLE, /* it answered something else than was asked for */
	POLL_LOST        /* nobody answered: says nothing about this one */
};

struct poll {
	struct polls *polls;
	struct poll *next;
	struct arena *arena; /* owns all texts here */
	enum poll_kind kind;
	struct follow_row row; /* of a ticket; without its words */
	struct client_request request;
	struct courier_call *call; /* while it is under way */
	const char *path;         /* of pages, without the number; NULL: one answer */
	unsigned page;
	/* what came back */
	enum poll_result result;
	const char *how; /* a sentence about what was not read */
	struct lapor_v3_complaint complaint;
	struct follow_entry *replies;
	size_t reply_count;
	struct central_name *names;
	size_t name_count;
};

struct poll_list {
	struct poll *first, *last;
	size_t count;
};

struct polls {
	struct outbox *outbox;
	struct poll_list claimed, flying, finished;
	bool is_looked; /* the words that were unknown were looked at again */
	const void *words_seen; /* the settings that they were looked at with */
	int64_t next_due_ms; /* of a followed ticket; -1: none */
	int64_t look_mono_ms; /* due, and yet nothing to ask: look then */
	int64_t quiet_until_mono_ms; /* after trouble */
	unsigned troubles; /* in a row */
	int64_t run_ms, ended_ms; /* the comparison: of that moment; done up to */
	int64_t compared_ms;      /* of the last that took place; 0: none did */
	int64_t names_ms[2];      /* when each list was read */
	bool names_wanted[2], check_wanted; /* a person asks for it now */
	unsigned used;            /* questions of this day */
	int64_t day;
	unsigned used_written;
	int64_t last_answer_ms;
	uint64_t readings, moved;
	struct log_trouble trouble;
};

static inline const struct settings_status *polls_settings(const struct polls *p)
{
	return &p->outbox->options->central->status;
}

/* polls_answer.c: read the answer into q. False: a further page has to be
 * asked for first (its request is set). */
bool poll_read_answer(struct poll *q, const struct client_answer *a);
/* The first request of q. */
void poll_ask(struct poll *q);

/* polls_write.c: what follows from q, into the store. */
MUST_CHECK enum jembatan_result poll_write(struct polls *p, struct poll *q, struct why *why);
/* Begin a comparison when it is time; end it when all were looked at. */
MUST_CHECK enum jembatan_result polls_nightly(struct polls *p, struct why *why);
/* Drop words that the table knows by now. */
MUST_CHECK enum jembatan_result polls_look_at_words(struct polls *p, struct why *why);

#endif
