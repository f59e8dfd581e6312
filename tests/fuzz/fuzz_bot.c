/* fuzz_bot.c: updates of a bot, comments under a video, and links that people
 * copy, whatever their bytes: valid text, and the same each time. */
#include "social/social_links.h"
#include "social/telegram_parse.h"
#include "social/youtube_parse.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be_text(const char *text)
{
	if (text && !kit_utf8_is_valid((struct jembatan_bytes){ text, strlen(text) }))
		abort();
}

static void check_message(const struct jembatan_message *m)
{
	must_be_text(m->id);
	must_be_text(m->revision);
	must_be_text(m->thread);
	must_be_text(m->text);
	must_be_text(m->full_text);
	must_be_text(m->extra);
	must_be_text(m->author.handle);
	must_be_text(m->place.address);
}

static void check_update(json_t *update, struct kit_arena *arena)
{
	const struct telegram_self self = { "5", "LaporUjiBot" };
	struct telegram_update a, b;
	int64_t number = 0;
	char chat[24];

	if (!telegram_read_update(update, &self, arena, &number, &a) || !a.is_record)
		return;
	check_message(&a.post.message);
	if (!a.post.message.id || !telegram_read_update(update, &self, arena, &number, &b) ||
	    b.post.facts != a.post.facts || b.wants_help != a.wants_help)
		abort();
	(void)telegram_read_id(a.post.message.id, chat, &number);
}

static void check_comment(json_t *comment, struct kit_arena *arena)
{
	struct social_post post;

	if (!youtube_read_comment(comment, "UCkami", arena, &post))
		return;
	check_message(&post.message);
	if (!post.message.text)
		abort();
}

static void check_link(const char *text, struct kit_arena *arena)
{
	static const char *const networks[] = { "x", "mastodon", "bluesky", "telegram", "youtube",
		"facebook", "instagram", "other" };
	struct social_link link, again;

	for (size_t i = 0; i < sizeof(networks) / sizeof(networks[0]); i++) {
		if (!social_link_read(networks[i], "https://contoh.example", text, arena, &link))
			continue;
		must_be_text(link.url);
		must_be_text(link.id);
		/* A link that was cleaned is clean, and of the same post. */
		if (!social_link_read(networks[i], "https://contoh.example", link.url, arena, &again) ||
		    strcmp(link.url, again.url) != 0)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kit_arena *arena = kit_arena_new();
	const char *text = kit_arena_strndup(arena, (const char *)data, size);
	json_t *root = NULL, *one;
	size_t i;

	if (kit_json_parse((struct jembatan_bytes){ data, size }, &root, NULL) == JEMBATAN_OK) {
		check_update(root, arena);
		check_comment(root, arena);
		json_array_foreach(json_is_array(root) ? root : kit_json_at(root, "result"), i, one)
			check_update(one, arena);
		json_array_foreach(kit_json_at(root, "items"), i, one)
			check_comment(kit_json_at(one, "snippet.topLevelComment"), arena);
	}
	json_decref(root);
	if (kit_utf8_is_valid((struct jembatan_bytes){ text, strlen(text) })) {
		check_link(text, arena);
		if (telegram_prefix(text, 8) > strlen(text))
			abort();
	}
	kit_arena_free(arena);
	return 0;
}
