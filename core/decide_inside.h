/* decide_inside.h: the insides of the decision, shared by decide.c (one message)
 * and decide_thread.c (what belongs to one that is known). Not for other
 * files. */
#ifndef CORE_DECIDE_INSIDE_H
#define CORE_DECIDE_INSIDE_H

#include "decide.h"
#include "store/outbox_rows.h"

#define DECIDE_ACTOR "jembatan"
#define DECIDE_SLICE 16u /* rows in memory at once */
#define DECIDE_SHORT_SLICE 4u /* the same, where time is short: */
#define DECIDE_SHORT_US 6000
#define OF_TICKET_MAX 256u

struct decide_know;
struct decide_known;
struct duplicate_row;
struct scout;
struct ticket;

struct decide {
	struct decide_options o;
	struct arena *arena;
	struct decide_know *know;
	struct compare *compare; /* compare.h */
	struct tokens_memo *memo; /* one text is compared and classified */
	struct scout *scout; /* has begun with what the slice at hand holds */
	struct outbox *outbox; /* of the app's turn; NULL in all other transactions */
	struct inbox_row rows[DECIDE_SLICE];
	uint8_t run[2]; /* how references begin at the moment */
	unsigned run_left;
	/* A row whose decision the store refuses for good. */
	int64_t stuck_id, tried_id; /* tried: of the open turn */
	char stuck_why[400];
};

/* The row has got its product. */
MUST_CHECK enum jembatan_result decide_leave(struct decide *d, const struct inbox_row *row,
					     enum inbox_stage stage, int64_t ticket_id,
					     const char *reason, struct why *why);
MUST_CHECK enum jembatan_result decide_note(struct decide *d, int64_t ticket_id,
					    const char *actor, const char *what,
					    const char *reason, struct why *why);
/* What waits for a person, or for its reporter, goes to the centre with all that
 * was added to it. */
MUST_CHECK enum jembatan_result decide_let_go(struct decide *d, const struct ticket_row *t,
					      const char *actor, const char *reason,
					      struct why *why);
/* May it have been pushed in the time that a restored store does not know? */
bool decide_is_suspect(const struct decide *d, const struct inbox_row *row);
/* An action for the outbox, held as unknown when its message is suspect. */
MUST_CHECK enum jembatan_result decide_queue(struct decide *d, const struct inbox_row *row,
					     int64_t ticket_id, enum outbox_kind kind,
					     enum outbox_step first, const char *reference,
					     struct why *why);
MUST_CHECK enum jembatan_result decide_queue_create(struct decide *d, const struct inbox_row *row,
						    int64_t ticket_id, const char *reference,
						    struct why *why);
/* Numbers of the centre have 6 to 10 digits; staff type them by hand. */
bool decide_is_tracking_id(const char *s);

/* The same record with other content. Sets *out_handled when it belongs to a
 * ticket or to a message that waits; else it is decided like a new one. */
MUST_CHECK enum jembatan_result decide_edit(struct decide *d, const struct inbox_row *row,
					    const struct instance_settings *s, bool *out_handled,
					    struct why *why);
/* An answer within a known thread, by the same person. Another person's answer
 * is a complaint of its own. */
MUST_CHECK enum jembatan_result decide_answer(struct decide *d, const struct inbox_row *row,
					      const struct instance_settings *s,
					      bool *out_handled, struct why *why);

/* decide_understand.c: a reference that is most likely new; in d's arena. Those made
 * one after the other begin alike, for some hundred tickets. */
const char *decide_new_reference(struct decide *d);
/* The message in the national form, with what is known of it. DATA: nothing is
 * reported. */
MUST_CHECK enum jembatan_result decide_understand(struct decide *d, const struct inbox_row *row,
						  const struct instance_settings *s,
						  struct ticket *out, struct decide_known *known,
						  struct why *why);
/* Most of these become tickets: what they say is found out meanwhile. They stay as
 * they are until scout_end. */
void decide_look_ahead(struct decide *d, const struct inbox_row *rows, size_t count);

/* decide_reply.c: *out_ticket_id of what its writer reported and was told of: he
 * answers our message, or names his report; left as it is when he does not. */
MUST_CHECK enum jembatan_result decide_find_told(struct decide *d, const struct inbox_row *row,
						 int64_t *out_ticket_id, struct why *why);
/* What cannot be read is asked for once more. */
MUST_CHECK enum jembatan_result decide_ask_again(struct decide *d, const struct inbox_row *row,
						 struct why *why);

/* decide_gather.c: several messages of one person as one complaint. */
#define DECIDE_GATHER_MAX 64u
#define DECIDE_TAKEN_BACK "the citizen took it back before it became a complaint"

struct decide_gather {
	const struct inbox_row *whole; /* what is to be decided: the row, or all as one */
	const struct inbox_row *parts; /* in the arena */
	size_t count;
	struct inbox_look look;
	bool is_part; /* it quotes one that waits: no answer to a ticket */
};
/* Before anything else. *out_handled: it has its place already. */
MUST_CHECK enum jembatan_result decide_gather_first(struct decide *d, const struct inbox_row *row,
						    const struct instance_settings *s,
						    struct decide_gather *g, bool *out_handled,
						    struct why *why);
/* When it is to become a complaint. *out_handled: it waits. */
MUST_CHECK enum jembatan_result decide_gather(struct decide *d, const struct inbox_row *row,
					      const struct instance_settings *s,
					      struct decide_gather *g, bool *out_handled,
					      struct why *why);
/* The whole has been decided: so are its parts. */
MUST_CHECK enum jembatan_result decide_gathered(struct decide *d, const struct decide_gather *g,
						struct why *why);

/* The one rule for it (person_same), or a conversation that is one person's alone. */
bool decide_same_person(const struct inbox_row *a, const struct inbox_row *b);
/* Subject and text, wherever their lines break. */
bool decide_same_words(const struct jembatan_message *a, const struct jembatan_message *b);
/* Is it anonim or rahasia, and the ticket is not? */
bool decide_relaxes(const struct jembatan_message *m, const struct ticket *t);
/* Add it to this ticket, and send it after it where the ticket is sent. */
MUST_CHECK enum jembatan_result decide_join(struct decide *d, const struct inbox_row *row,
					    int64_t ticket_id, const char *reason,
					    struct why *why);
/* A ticket of its own. *out_id stays as it is when nothing could be made of it:
 * it is only kept then. */
MUST_CHECK enum jembatan_result decide_make_ticket(struct decide *d, const struct inbox_row *row,
						   const struct instance_settings *s,
						   int64_t *out_id, struct why *why);
/* A complaint that is no answer and no other version: its own ticket, unless it
 * is found to be one that we have. */
MUST_CHECK enum jembatan_result decide_new_complaint(struct decide *d, const struct inbox_row *row,
						     const struct instance_settings *s,
						     struct why *why);
/* decide_copy.c: did a person copy it? And the message that brought the same post another way, by hand or by
 * its network. 0: there is none that has a ticket. */
bool decide_is_copy(const struct jembatan_message *m);
MUST_CHECK enum jembatan_result decide_find_copy(struct decide *d, const struct inbox_row *row,
						 int64_t *out_message_id, struct why *why);
/* decide_quotes.c: numbers of other reports in a text. */
struct decide_quoted {
	bool handled;       /* it became a follow-up of a report of the same person */
	int64_t message_id; /* that began another report which it names; 0: none */
	bool is_elsewhere;  /* it names one that we do not have */
};
MUST_CHECK enum jembatan_result decide_quotes(struct decide *d, const struct inbox_row *row,
					      const struct instance_settings *s,
					      struct decide_quoted *out, struct why *why);
/* Sets decision, incident, nearest and evidence. */
MUST_CHECK enum jembatan_result decide_link_quoted(struct decide *d,
						   const struct decide_quoted *quoted,
						   struct duplicate_row *out, struct why *why);

/* decide_files.c: has it a file that the centre takes and the ticket does not have? */
MUST_CHECK enum jembatan_result decide_brings_files(struct decide *d, const struct inbox_row *row,
						    const struct ticket_row *ticket,
						    bool *out_brings, struct why *why);

/* decide_duplicates.c, for decide_quotes.c: subject and text, in d's arena; and whether
 * a message may join a ticket. A ticket whose words were erased is nobody's. */
const char *decide_words(struct decide *d, const struct jembatan_message *m);
MUST_CHECK enum jembatan_result decide_may_join(struct decide *d, const struct inbox_row *row,
						const struct instance_settings *s,
						int64_t ticket_id, bool is_repost,
						struct ticket_row *out, struct ticket *out_form,
						bool *out_may, struct why *why);
/* Its text was changed, and it stays with its ticket: later complaints are compared
 * with these words too. first: the message as it came. */
MUST_CHECK enum jembatan_result decide_compare_change(struct decide *d,
						      const struct inbox_row *row,
						      const struct instance_settings *s,
						      const struct inbox_row *first,
						      struct why *why);

#endif
