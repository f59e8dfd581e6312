/* bluesky_seen.c: eight bytes of each address's digest; followed posts a line
 * each, shortened to "missed did/key". */
#include "social/bluesky_seen.h"
#include "social/bluesky_parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLLOW_BYTES ((size_t)60 * 1024)
#define URI_BYTES 128u

/* ---- seen -------------------------------------------------------------- */

static uint64_t digest_of(const char *uri)
{
	char hex[65];

	kit_digest(&uri, 1, hex);
	hex[16] = '\0';
	return strtoull(hex, NULL, 16);
}

bool bluesky_seen_has(const struct bluesky_seen *seen, const char *uri)
{
	uint64_t digest = digest_of(uri);

	for (size_t i = 0; i < seen->count; i++)
		if (seen->digests[i] == digest)
			return true;
	return false;
}

static void add_digest(struct bluesky_seen *seen, uint64_t digest)
{
	seen->digests[seen->next] = digest;
	seen->next = (seen->next + 1) % BLUESKY_SEEN_MAX;
	if (seen->count < BLUESKY_SEEN_MAX)
		seen->count++;
}

void bluesky_seen_add(struct bluesky_seen *seen, const char *uri)
{
	if (!bluesky_seen_has(seen, uri))
		add_digest(seen, digest_of(uri));
}

/* The oldest first. */
void bluesky_seen_pack(const struct bluesky_seen *seen, struct kit_text *out)
{
	size_t first = seen->count < BLUESKY_SEEN_MAX ? 0 : seen->next;

	for (size_t i = 0; i < seen->count; i++)
		kit_text_add(out, &seen->digests[(first + i) % BLUESKY_SEEN_MAX], sizeof(uint64_t));
}

void bluesky_seen_unpack(struct bluesky_seen *seen, struct jembatan_bytes bytes)
{
	*seen = (struct bluesky_seen){ .count = 0 };
	if (bytes.size % sizeof(uint64_t) != 0 ||
	    bytes.size / sizeof(uint64_t) > BLUESKY_SEEN_MAX)
		return;
	for (size_t i = 0; i < bytes.size; i += sizeof(uint64_t)) {
		uint64_t digest;

		memcpy(&digest, (const char *)bytes.data + i, sizeof(digest));
		add_digest(seen, digest);
	}
}

/* ---- followed ---------------------------------------------------------- */

void bluesky_follow_done(struct bluesky_follow *follow)
{
	for (size_t i = 0; i < follow->count; i++)
		free(follow->posts[i].uri);
	follow->count = 0;
}

void bluesky_follow_add(struct bluesky_follow *follow, const char *uri)
{
	if (!bluesky_is_post_uri(uri) || strlen(uri) >= URI_BYTES)
		return;
	for (size_t i = 0; i < follow->count; i++)
		if (strcmp(follow->posts[i].uri, uri) == 0)
			return;
	if (follow->count == BLUESKY_FOLLOW_MAX) {
		free(follow->posts[0].uri);
		follow->count--;
		memmove(follow->posts, follow->posts + 1, follow->count * sizeof(follow->posts[0]));
	}
	char *own = strdup(uri);

	if (!own)
		abort();
	follow->posts[follow->count++] = (struct bluesky_followed){ .uri = own };
}

void bluesky_follow_drop(struct bluesky_follow *follow, unsigned missed)
{
	size_t kept = 0;

	for (size_t i = 0; i < follow->count; i++) {
		if (follow->posts[i].missed > missed)
			free(follow->posts[i].uri);
		else
			follow->posts[kept++] = follow->posts[i];
	}
	follow->count = kept;
}

/* What goes beyond the ceiling is the oldest. */
void bluesky_follow_pack(const struct bluesky_follow *follow, struct kit_text *out)
{
	static const char middle[] = "/" BLUESKY_POSTS "/";
	size_t first = follow->count, size = 0;

	while (first > 0) {
		size += strlen(follow->posts[first - 1].uri) - sizeof(middle);
		if (size > FOLLOW_BYTES)
			break;
		first--;
	}
	for (size_t i = first; i < follow->count; i++) {
		const char *did = follow->posts[i].uri + 5, *at = strstr(did, middle);

		if (at)
			kit_text_printf(out, "%u %.*s/%s\n", follow->posts[i].missed, (int)(at - did),
					did, at + sizeof(middle) - 1);
	}
}

void bluesky_follow_unpack(struct bluesky_follow *follow, struct jembatan_bytes bytes)
{
	const char *at = bytes.data, *end = at + bytes.size;
	char uri[URI_BYTES];

	bluesky_follow_done(follow);
	while (at < end) {
		size_t size = 0, did = 0, before = follow->count;
		unsigned missed = *at == '1';

		while (at + size < end && at[size] != '\n')
			size++;
		while (did < size && at[did] != '/')
			did++;
		if (size > 2 && did < size && size + sizeof(BLUESKY_POSTS) + 6 < sizeof(uri)) {
			(void)snprintf(uri, sizeof(uri), "at://%.*s/" BLUESKY_POSTS "%.*s",
				       (int)(did - 2), at + 2, (int)(size - did), at + did);
			bluesky_follow_add(follow, uri);
		}
		if (follow->count > before)
			follow->posts[follow->count - 1].missed = missed;
		at += size + 1;
	}
}
