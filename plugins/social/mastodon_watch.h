/* mastodon_watch.h: posts of the last days that may have a ticket, to be looked at
 * again: who edits or deletes a post mentions nobody anew. Bounded, and looked at
 * ever more rarely. Pure: what it knows is text for the plugin's state. */
#ifndef MASTODON_WATCH_H
#define MASTODON_WATCH_H

#include <jembatan/kit.h>

#define MASTODON_WATCH_MAX 300u

struct mastodon_watched {
	char id[32];
	char edited[40];     /* as the server said it; "": never */
	int64_t since_ms, due_ms;
	unsigned missing;    /* looked for in vain, in a row */
};

struct mastodon_watch {
	struct mastodon_watched posts[MASTODON_WATCH_MAX];
	size_t count;
	bool is_loaded, is_changed;
};

/* text: of the state; anything that cannot be read is left out. */
void mastodon_watch_read(struct mastodon_watch *w, struct jembatan_bytes text);
void mastodon_watch_write(const struct mastodon_watch *w, struct kit_text *out);

/* A post that came: from now on. The oldest makes room. edited: or NULL. */
void mastodon_watch_note(struct mastodon_watch *w, const char *id, const char *edited,
			 int64_t now_ms);
/* The one that has waited longest, or NULL: none is due. After a week none is. */
struct mastodon_watched *mastodon_watch_due(struct mastodon_watch *w, int64_t now_ms);
/* It is there: true when it was changed since. */
bool mastodon_watch_seen(struct mastodon_watch *w, struct mastodon_watched *post,
			 const char *edited, int64_t now_ms);
/* It is not there: true when that is sure, and it is forgotten. Once may be the
 * server's trouble. */
bool mastodon_watch_missed(struct mastodon_watch *w, struct mastodon_watched *post,
			   int64_t now_ms);

#endif
