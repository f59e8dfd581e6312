/* test_bluesky_kept.c: what is kept of Bluesky's posts has bounds, and record keys
 * stay the same. */
#include "social/bluesky.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))
#define AT "at://did:plc:wargawargawargawargawarg/app.bsky.feed.post/"

START_TEST(a_key_belongs_to_one_reply_to_one_post)
{
	static const char *const pairs[][2] = {
		{ "JB-1", AT "3lq7hkcb5t22a" }, { "JB-2", AT "3lq7hkcb5t22a" },
		{ "JB-1", AT "3lq7hkcb5t22b" }, { "JB-1", AT "zzz" }, { "JB-1", "x" },
	};
	char keys[COUNT(pairs)][14], again[14];

	for (int i = 0; i < COUNT(pairs); i++) {
		bluesky_reply_key(pairs[i][0], pairs[i][1], keys[i]);
		bluesky_reply_key(pairs[i][0], pairs[i][1], again);
		ck_assert_str_eq(keys[i], again);
		ck_assert_uint_eq(strspn(keys[i], "234567abcdefghijklmnopqrstuvwxyz"), 13);
		ck_assert_ptr_nonnull(strchr("234567abcdefghij", keys[i][0]));
		for (int k = 0; k < i; k++)
			ck_assert_str_ne(keys[i], keys[k]);
	}
}
END_TEST

START_TEST(what_was_seen_is_bounded_and_survives)
{
	struct bluesky_seen *seen = calloc(1, sizeof(*seen)), *again = calloc(1, sizeof(*again));
	struct kit_text *text = kit_text_new(65536);
	char uri[32];

	for (unsigned i = 0; i < BLUESKY_SEEN_MAX + 10; i++) {
		snprintf(uri, sizeof uri, "at://%u", i);
		bluesky_seen_add(seen, uri);
	}
	bluesky_seen_pack(seen, text);
	ck_assert(!kit_text_is_full(text));
	bluesky_seen_unpack(again, kit_text_bytes(text));
	ck_assert(!bluesky_seen_has(again, "at://9"));
	ck_assert(bluesky_seen_has(again, "at://10"));
	bluesky_seen_add(again, "at://new"); /* the oldest goes */
	ck_assert(!bluesky_seen_has(again, "at://10"));
	ck_assert(bluesky_seen_has(again, "at://11"));
	bluesky_seen_unpack(again, (struct jembatan_bytes){ "abc", 3 });
	ck_assert_uint_eq(again->count, 0);
	kit_text_free(text);
	free(seen);
	free(again);
}
END_TEST

START_TEST(what_is_followed_is_bounded_and_survives)
{
	struct bluesky_follow *f = calloc(1, sizeof(*f)), *again = calloc(1, sizeof(*again));
	struct kit_text *text = kit_text_new(65536);
	char uri[128];

	bluesky_follow_add(f, "https://contoh.example/1");
	ck_assert_uint_eq(f->count, 0);
	for (unsigned i = 0; i < BLUESKY_FOLLOW_MAX + 10; i++) {
		snprintf(uri, sizeof uri, AT "3n%u", i);
		bluesky_follow_add(f, uri);
		bluesky_follow_add(f, uri);
	}
	ck_assert_uint_eq(f->count, BLUESKY_FOLLOW_MAX);
	f->posts[7].missed = 1;
	bluesky_follow_pack(f, text);
	ck_assert(!kit_text_is_full(text));
	bluesky_follow_unpack(again, kit_text_bytes(text));
	ck_assert_uint_eq(again->count, BLUESKY_FOLLOW_MAX);
	for (size_t i = 0; i < f->count; i++) {
		ck_assert_str_eq(f->posts[i].uri, again->posts[i].uri);
		ck_assert_uint_eq(f->posts[i].missed, again->posts[i].missed);
	}
	kit_text_free(text);
	bluesky_follow_done(f);
	bluesky_follow_done(again);
	free(f);
	free(again);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("bluesky_kept");

	tcase_add_test(tcase, a_key_belongs_to_one_reply_to_one_post);
	tcase_add_test(tcase, what_was_seen_is_bounded_and_survives);
	tcase_add_test(tcase, what_is_followed_is_bounded_and_survives);
	return unit_run("bluesky_kept", tcase);
}
