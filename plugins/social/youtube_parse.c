/* youtube_parse.c: who wrote what under which video. */
#include "social/youtube_parse.h"

#include <stdlib.h>
#include <string.h>

#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)

static int64_t time_at(json_t *from, const char *path)
{
	const char *text = kit_json_string(from, path);
	int64_t ms = 0;

	return text && kit_time_parse(text, NULL, 0, &ms) == JEMBATAN_OK ? ms : 0;
}

const char *youtube_thread_of(const char *id, struct kit_arena *arena)
{
	return kit_arena_strndup(arena, id, strcspn(id, "."));
}

int64_t youtube_reset_ms(int64_t now_ms)
{
	int64_t day_ms = now_ms - now_ms % DAY_MS;
	const int64_t resets[] = { day_ms + 7 * HOUR_MS, day_ms + 8 * HOUR_MS,
				   day_ms + DAY_MS + 7 * HOUR_MS };

	for (size_t i = 0; i < 2; i++)
		if (now_ms < resets[i])
			return resets[i];
	return resets[2];
}

static const char *extra_of(json_t *comment, const char *id, struct kit_arena *arena)
{
	json_t *extra = json_pack("{s:s}", "network", "youtube");
	const char *video = kit_json_string(comment, "snippet.videoId");

	if (video) {
		char *escaped = kit_url_with("https://www.youtube.com/watch", "v", video);
		char *url = escaped ? kit_url_with(escaped, "lc", id) : NULL;

		if (url)
			(void)json_object_set_new(extra, "url", json_string(url));
		free(escaped);
		free(url);
	}
	const char *text = social_json(arena, extra);

	json_decref(extra);
	return text;
}

bool youtube_read_comment(json_t *comment, const char *own, struct kit_arena *arena,
			  struct social_post *out)
{
	struct social_post post = { .message = { .size = sizeof(post.message) } };
	struct jembatan_message *m = &post.message;
	const char *updated = kit_json_string(comment, "snippet.updatedAt");
	const char *published = kit_json_string(comment, "snippet.publishedAt");
	const char *name = kit_json_string(comment, "snippet.authorDisplayName");
	const char *text = kit_json_string(comment, "snippet.textOriginal");

	m->id = kit_json_string(comment, "id");
	if (!m->id || *m->id == '\0')
		return false;
	m->thread = youtube_thread_of(m->id, arena);
	m->reply_to = kit_json_string(comment, "snippet.parentId");
	m->author.id = kit_json_string(comment, "snippet.authorChannelId.value");
	if (name && *name == '@')
		m->author.handle = name;
	else if (name && *name)
		m->author.name = name;
	m->sent_ms = m->arrived_ms = time_at(comment, "snippet.publishedAt");
	if (updated && published && strcmp(updated, published) != 0) {
		m->revision = updated;
		m->arrived_ms = time_at(comment, "snippet.updatedAt");
	}
	m->text = text ? text : kit_json_string(comment, "snippet.textDisplay");
	m->extra = extra_of(comment, m->id, arena);
	/* It stands under a video of ours. */
	post.facts = SOCIAL_MENTION | (m->reply_to ? SOCIAL_REPLY : 0u);
	if (*own && m->author.id && strcmp(m->author.id, own) == 0)
		post.facts |= SOCIAL_OWN;
	if (!m->text || *m->text == '\0') {
		m->kind = JEMBATAN_UNREADABLE;
		m->text = "the comment has no words";
	}
	*out = post;
	return true;
}
