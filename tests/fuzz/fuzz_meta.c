/* fuzz_meta.c: webhooks and records of Facebook's and Instagram's, headers of
 * limits, and what the state holds, whatever their bytes: valid text, ids that may
 * stand in a URL, the same each time. */
#include "social/bluesky_seen.h"
#include "social/facebook.h"
#include "social/instagram.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be_text(const char *text)
{
	if (text && !kit_utf8_is_valid((struct jembatan_bytes){ text, strlen(text) }))
		abort();
}

static void check_post(const struct social_post *post)
{
	const struct jembatan_message *m = &post->message;
	struct instagram_wanted place;

	must_be_text(m->id);
	must_be_text(m->text);
	must_be_text(m->extra);
	must_be_text(m->author.id);
	if (m->id && m->id[strspn(m->id, "0123456789_abcdefghijklmnopqrstuvwxyz"
				  "ABCDEFGHIJKLMNOPQRSTUVWXYZ-:")] != '\0')
		abort();
	if (m->kind == JEMBATAN_NEW && !m->text && m->attachment_count == 0)
		abort();
	(void)instagram_place_read(m->id, &place);
}

static void check_record(struct social *s, json_t *one)
{
	struct social_post post;
	struct instagram_wanted wanted = { 1, true, "18", "" };

	if (facebook_read_record(s, one, NULL, &post))
		check_post(&post);
	if (facebook_read_record(s, one, kit_json_at(one, "comments.data.0"), &post))
		check_post(&post);
	if (instagram_read_comment(s, one, NULL, &post))
		check_post(&post);
	if (instagram_read_mention(s, &wanted, one, &post))
		check_post(&post);
}

static void check_wanted(const char *field, json_t *value)
{
	struct instagram_wanted wanted, again;
	struct kit_text *line = kit_text_new(1024);

	if (instagram_is_wanted(field, value, &wanted)) {
		wanted.number = 7;
		instagram_wanted_write(&wanted, line);
		const char *text = kit_text_string(line);

		if (!instagram_wanted_read(text, strlen(text) - 1, &again) ||
		    strcmp(again.media, wanted.media) != 0 ||
		    strcmp(again.comment, wanted.comment) != 0)
			abort();
	}
	kit_text_free(line);
}

static void check_hook(struct social *s, json_t *root)
{
	json_t *entry, *change;
	size_t i, k;

	json_array_foreach(json_object_get(root, "entry"), i, entry) {
		json_array_foreach(json_object_get(entry, "changes"), k, change) {
			const char *field = kit_json_string(change, "field");
			json_t *value = json_object_get(change, "value");
			struct social_post post;

			if (facebook_read_change(s, field, value, meta_time(entry, "time"), &post))
				check_post(&post);
			if (instagram_read_comment(s, value, NULL, &post))
				check_post(&post);
			check_wanted(field, value);
			meta_set_raw(s, root, entry, change, &post.message);
		}
	}
}

static void check_state(struct jembatan_bytes bytes)
{
	struct bluesky_seen *seen = calloc(1, sizeof(*seen));
	struct bluesky_follow *follow = calloc(1, sizeof(*follow));
	struct kit_text *text = kit_text_new((size_t)64 * 1024);

	if (!seen || !follow)
		abort();
	bluesky_seen_unpack(seen, bytes);
	bluesky_follow_unpack(follow, bytes);
	bluesky_follow_pack(follow, text);
	bluesky_seen_pack(seen, text);
	kit_text_free(text);
	bluesky_follow_done(follow);
	free(seen);
	free(follow);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct social s = { .arena = kit_arena_new(), .own_id = "1001" };
	const char *text = kit_arena_strndup(s.arena, (const char *)data, size);
	struct instagram_wanted wanted;
	int64_t percent = 0;
	json_t *root = NULL, *one;
	size_t i;

	if (kit_json_parse((struct jembatan_bytes){ data, size }, &root, NULL) == JEMBATAN_OK) {
		check_record(&s, root);
		check_hook(&s, root);
		json_array_foreach(json_object_get(root, "data"), i, one)
			check_record(&s, one);
	}
	json_decref(root);
	if (meta_wait_ms(text, text, -1, &percent) < -1 || percent < 0)
		abort();
	(void)instagram_wanted_read(text, strlen(text), &wanted);
	(void)instagram_place_read(text, &wanted);
	check_state((struct jembatan_bytes){ data, size });
	kit_arena_free(s.arena);
	return 0;
}
