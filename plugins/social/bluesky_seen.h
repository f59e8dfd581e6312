/* bluesky_seen.h: which posts we have had, as digests, and which we follow to see
 * that they were deleted. Both are bounded: the oldest goes. Pure. */
#ifndef BLUESKY_SEEN_H
#define BLUESKY_SEEN_H

#include <jembatan/kit.h>

#define BLUESKY_SEEN_MAX 6000u   /* more than a deep sweep brings */
#define BLUESKY_FOLLOW_MAX 1000u

/* Zero it. */
struct bluesky_seen {
	uint64_t digests[BLUESKY_SEEN_MAX];
	size_t count, next; /* next: the oldest, once it is full */
};

bool bluesky_seen_has(const struct bluesky_seen *seen, const char *uri);
void bluesky_seen_add(struct bluesky_seen *seen, const char *uri);
/* As bytes for the state, which takes 64 KiB; back again. Broken ones: empty. */
void bluesky_seen_pack(const struct bluesky_seen *seen, struct kit_text *out);
void bluesky_seen_unpack(struct bluesky_seen *seen, struct jembatan_bytes bytes);

/* Zero it. */
struct bluesky_follow {
	struct bluesky_followed {
		char *uri;
		unsigned missed; /* so often in a row it was not there */
		bool is_missing; /* in the check under way */
	} posts[BLUESKY_FOLLOW_MAX];
	size_t count;
};

void bluesky_follow_done(struct bluesky_follow *follow);
/* Each once; at the end. One that is too long is not followed. */
void bluesky_follow_add(struct bluesky_follow *follow, const char *uri);
/* Those with `missed` beyond this are left out. */
void bluesky_follow_drop(struct bluesky_follow *follow, unsigned missed);
void bluesky_follow_pack(const struct bluesky_follow *follow, struct kit_text *out);
void bluesky_follow_unpack(struct bluesky_follow *follow, struct jembatan_bytes bytes);

#endif
