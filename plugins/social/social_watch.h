/* social_watch.h: posts of the last days that may have a ticket, to be looked at
 * again: who edits or deletes a post mentions nobody anew. Bounded, and looked at
 * ever more rarely: at certain ages. What it knows lies in the plugin's state. */
#ifndef SOCIAL_WATCH_H
#define SOCIAL_WATCH_H

#include "social/social.h"

#define SOCIAL_WATCH_MAX 400u
#define SOCIAL_WATCH_AGES 24u

struct social_watched {
	char id[64];
	char edited[40];  /* its revision, as it was told last; "": the first */
	int64_t since_ms, due_ms;
	unsigned missing; /* looked for in vain, in a row */
};

/* Zero it, then say the ages. */
struct social_watch {
	struct social_watched posts[SOCIAL_WATCH_MAX];
	size_t count;
	int64_t ages_ms[SOCIAL_WATCH_AGES]; /* rising */
	size_t age_count;                   /* 0: nothing is looked at again */
	bool is_loaded, is_changed;
};

/* "1h 1d 7d", rising; "off": none. False: it is neither. Pure. */
bool social_watch_set_ages(struct social_watch *w, const char *ages);
/* By the option `watch`, else by the network's own ages. */
void social_watch_init(struct social_watch *w, struct social *s, const char *preset);
/* For check(): CONFIG, explained, where the option cannot be read. */
JEMBATAN_MUST_CHECK enum jembatan_result social_watch_check(struct jembatan_context *ctx);

/* From and to the state ("<network>.watch"), where that is needed. */
JEMBATAN_MUST_CHECK enum jembatan_result social_watch_load(struct social_watch *w, struct social *s);
JEMBATAN_MUST_CHECK enum jembatan_result social_watch_keep(struct social_watch *w, struct social *s);
/* What was noted since the last keep counts for nothing: it did not get to disk. */
void social_watch_forget(struct social_watch *w);
/* What was found out was emitted, or not (result): on disk first, and then not
 * looked for any more; killed in between, it is told again, and known. */
JEMBATAN_MUST_CHECK enum jembatan_result
social_watch_told(struct social_watch *w, struct social *s, enum jembatan_result result);
/* The same as text; what cannot be read is left out. Pure. */
void social_watch_read(struct social_watch *w, struct jembatan_bytes text);
void social_watch_write(const struct social_watch *w, struct kit_text *out);

/* A post that came: from since_ms on, or what is known of it is now this revision
 * (or NULL). The oldest makes room. */
void social_watch_note(struct social_watch *w, const char *id, const char *revision,
		       int64_t since_ms, int64_t now_ms);
/* Those that are due, at most `max`, the longest waiting first: how many. A day
 * after its last age none is any more. */
size_t social_watch_due(struct social_watch *w, int64_t now_ms, struct social_watched *out,
			size_t max);
/* It is there: true when it was changed since. */
bool social_watch_seen(struct social_watch *w, const char *id, const char *revision,
		       int64_t now_ms);
/* It cannot be told: once more at the next age. */
void social_watch_pass(struct social_watch *w, const char *id, int64_t now_ms);
/* It is not there: true when that is sure, and it is forgotten. Once may be the
 * server's trouble. */
bool social_watch_missed(struct social_watch *w, const char *id, int64_t now_ms);

#endif
