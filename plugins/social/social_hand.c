/* social_hand.c: posts that a person copied, where the network's API is withdrawn
 * or too dear. They chose them: no rule is asked. */
#include "social/social.h"
#include "social/social_links.h"

#include <string.h>

#define FILES_MAX 16u

bool social_hand_is_link(const char *id)
{
	return id && strncmp(id, "https://", 8) == 0;
}

static void read_files(json_t *post, struct kit_arena *arena, struct jembatan_message *m)
{
	struct jembatan_attachment *files =
		kit_arena_alloc(arena, FILES_MAX * sizeof(struct jembatan_attachment));
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(post, "media"), i, one)
		if (json_is_string(one) && m->attachment_count < FILES_MAX)
			files[m->attachment_count++].reference = json_string_value(one);
	m->attachments = m->attachment_count > 0 ? files : NULL;
}

/* A name is written as the network writes it. */
static const char *handle_of(const char *author, const struct social_link *link,
			     struct kit_arena *arena)
{
	if (!author || *author == '\0')
		return link->handle;
	return *author == '@' ? author : kit_arena_printf(arena, "@%s", author);
}

static enum jembatan_result take(struct social *s, json_t *post, const struct social_link *link)
{
	struct jembatan_message m = {
		.size = sizeof(m),
		.id = link->id ? link->id : link->url,
		.thread = link->id ? NULL : link->url, /* by which the API's post finds it */
		.text = kit_json_string(post, "text"),
		.arrived_ms = jembatan_now_ms(s->ctx),
		.author = { .handle = handle_of(kit_json_string(post, "author"), link, s->arena),
			    .name = kit_json_string(post, "name") },
	};
	const char *sent = kit_json_string(post, "sent");
	json_t *extra = json_pack("{s:s,s:s,s:b}", "network", s->network->name, "url", link->url,
				  "by_hand", 1);

	if (sent && kit_time_parse(sent, NULL, 0, &m.sent_ms) != JEMBATAN_OK)
		m.sent_ms = 0;
	m.extra = social_json(s->arena, extra);
	json_decref(extra);
	read_files(post, s->arena, &m);
	return social_hand_over(s, &m);
}

static enum jembatan_result take_all(struct social *s, json_t *posts)
{
	enum jembatan_result result = JEMBATAN_OK;
	const char *own = jembatan_get_string(s->ctx, "url");
	char number[64];
	json_t *post;
	size_t i;

	json_array_foreach(posts, i, post) {
		struct social_link link;
		const char *url = kit_json_string(post, "url");
		const char *line = kit_json_id(post, "line", number);
		bool is_skipped = false;

		if (result != JEMBATAN_OK)
			break;
		result = social_begin(s, kit_arena_printf(s->arena, "line %s", line ? line : "?"), post,
				      &is_skipped);
		if (result == JEMBATAN_OK && !is_skipped && url &&
		    social_link_read(s->network->name, own ? own : "", url, s->arena, &link))
			result = take(s, post, &link);
	}
	return result;
}

enum jembatan_result social_hand_show(struct social *s, struct jembatan_bytes sample,
				      bool *out_is_by_hand)
{
	json_t *root = NULL;
	enum jembatan_result result = kit_json_parse(sample, &root, NULL);
	json_t *posts = result == JEMBATAN_OK ? kit_json_at(root, "posts_by_hand") : NULL;

	*out_is_by_hand = json_is_array(posts);
	if (*out_is_by_hand)
		result = take_all(s, posts);
	json_decref(root);
	return result;
}

/* ---- a network without an API here -------------------------------------- */

static enum jembatan_result other_poll(struct social *s)
{
	(void)s;
	return JEMBATAN_IDLE;
}

/* Never asked: social.c answers for posts by hand. */
static enum jembatan_result other_reply(struct social *s, const struct jembatan_reply *reply,
					struct jembatan_delivery *out)
{
	(void)reply;
	out->outcome = JEMBATAN_REFUSED;
	return jembatan_explain(s->ctx, JEMBATAN_DATA, "this network cannot be written to from here");
}

static enum jembatan_result other_show(struct social *s, struct jembatan_bytes sample)
{
	enum jembatan_result began = jembatan_begin(s->ctx, NULL, sample, "text/plain");

	return began != JEMBATAN_OK ? began :
	       jembatan_explain(s->ctx, JEMBATAN_DATA, "`network: other` has no API: its posts come by "
				"`jembatan intake add`");
}

const struct social_network other_network = {
	.name = "other",
	.url = NULL,
	.poll = other_poll,
	.reply = other_reply,
	.fetch = social_fetch_public,
	.show = other_show,
};
