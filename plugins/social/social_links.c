/* social_links.c: each network's forms of links. The id is the one under which
 * the network's own file here would bring the post, so that a post which came
 * both ways is one. */
#include "social/social_links.h"

#include <stdlib.h>
#include <string.h>

#define PARTS_MAX 8u
#define LINK_BYTES 2000u

struct place {
	const char *url, *own;
	char *host, *path;
	const char *parts[PARTS_MAX]; /* of the path */
	size_t count;
	struct kit_arena *arena;
};

typedef bool read_place(const struct place *p, struct social_link *out);

static bool is_number(const char *s)
{
	size_t n = strspn(s, "0123456789");

	return n > 0 && n <= 20 && s[n] == '\0';
}

static bool is_part(const struct place *p, size_t n, const char *word)
{
	return n < p->count && strcmp(p->parts[n], word) == 0;
}

/* %.. becomes whatever byte it stands for: what is no text names nothing. */
static bool is_text(const char *s)
{
	return kit_utf8_is_valid((struct jembatan_bytes){ s, strlen(s) });
}

static const char *parameter(const struct place *p, const char *name)
{
	char *value = kit_url_parameter(p->url, name);
	const char *kept = value && *value && is_text(value) ? kit_arena_strdup(p->arena, value) : NULL;

	free(value);
	return kept;
}

/* ---- networks ---------------------------------------------------------- */

/* /NAME/status/ID, /i/status/ID, /i/web/status/ID */
static bool read_x(const struct place *p, struct social_link *out)
{
	for (size_t i = 1; i + 1 < p->count; i++) {
		if (!is_part(p, i, "status") || !is_number(p->parts[i + 1]))
			continue;
		out->id = p->parts[i + 1];
		if (i == 1 && !is_part(p, 0, "i"))
			out->handle = kit_arena_printf(p->arena, "@%s", p->parts[0]);
		return true;
	}
	return false;
}

/* /@NAME/ID, /@NAME@HOST/ID, /users/NAME/statuses/ID. Servers count for
 * themselves: only our own one's number is the API's. */
static bool read_mastodon(const struct place *p, struct social_link *out)
{
	bool is_short = p->count == 2 && p->parts[0][0] == '@' && is_number(p->parts[1]);
	bool is_long = p->count == 4 && is_part(p, 0, "users") && is_part(p, 2, "statuses") &&
		       is_number(p->parts[3]);
	bool is_own = *p->own != '\0' && kit_url_same_origin(p->own, p->url);
	const char *name = is_short ? p->parts[0] + 1 : is_long ? p->parts[1] : NULL;

	if (!name || *name == '\0')
		return false;
	out->handle = is_own || strchr(name, '@') ? kit_arena_printf(p->arena, "@%s", name) :
						    kit_arena_printf(p->arena, "@%s@%s", name, p->host);
	if (is_own)
		out->id = p->parts[p->count - 1];
	return true;
}

/* /profile/WHO/post/KEY: the API knows a post by its author's DID. */
static bool read_bluesky(const struct place *p, struct social_link *out)
{
	if (p->count != 4 || !is_part(p, 0, "profile") || !is_part(p, 2, "post"))
		return false;
	if (strncmp(p->parts[1], "did:", 4) == 0)
		out->id = kit_arena_printf(p->arena, "at://%s/app.bsky.feed.post/%s", p->parts[1],
					   p->parts[3]);
	else
		out->handle = kit_arena_printf(p->arena, "@%s", p->parts[1]);
	return true;
}

/* /c/CHAT/ID of groups, /NAME/ID of public ones, which say no number. */
static bool read_telegram(const struct place *p, struct social_link *out)
{
	if (p->count >= 3 && is_part(p, 0, "c") && is_number(p->parts[1]) &&
	    is_number(p->parts[p->count - 1])) {
		out->id = kit_arena_printf(p->arena, "-100%s:%s", p->parts[1],
					   p->parts[p->count - 1]);
		return true;
	}
	return p->count >= 2 && is_number(p->parts[p->count - 1]);
}

/* A comment's own link bears it as `lc`. */
static bool read_youtube(const struct place *p, struct social_link *out)
{
	out->id = parameter(p, "lc");
	return out->id || parameter(p, "v") || p->count > 0;
}

/* /PAGE/posts/ID, /PAGE/posts/WORDS/ID, permalink.php and story.php with the same
 * two. The API says PAGE_POST, and of a comment POST_COMMENT. A page by its name,
 * a pfbid or a comment's long key say no number; groups are not ours to read. */
static bool read_facebook(const struct place *p, struct social_link *out)
{
	bool is_query = p->count == 1 && (is_part(p, 0, "permalink.php") || is_part(p, 0, "story.php"));
	bool is_path = (p->count == 3 || p->count == 4) && is_part(p, 1, "posts");
	const char *page = is_query ? parameter(p, "id") : is_path ? p->parts[0] : NULL;
	const char *post = is_query ? parameter(p, "story_fbid") :
			   is_path ? p->parts[p->count - 1] : NULL;
	const char *comment = parameter(p, "comment_id"), *answer = parameter(p, "reply_comment_id");
	const char *first = answer || comment ? post : page;
	const char *last = answer ? answer : comment ? comment : post;

	if (first && last && is_number(first) && is_number(last))
		out->id = kit_arena_printf(p->arena, "%s_%s", first, last);
	return p->count > 0;
}

static bool is_code(const char *s)
{
	return *s != '\0' && s[strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
					 "0123456789-_")] == '\0';
}

static bool is_medium(const struct place *p, size_t n)
{
	return is_part(p, n, "p") || is_part(p, n, "reel") || is_part(p, n, "reels") ||
	       is_part(p, n, "tv");
}

/* /p/CODE, /reel/CODE, /tv/CODE, /NAME/p/CODE: one post, which has one link here. The
 * code is a number, but that of an API which is no more; today's has another one. A
 * comment's link goes on with /c/ID. /share/p/... is made anew for each person. */
static bool read_instagram(const struct place *p, struct social_link *out)
{
	size_t at = is_medium(p, 0) ? 0 : 1;

	if (!is_medium(p, at) || p->count < at + 2 || !is_code(p->parts[at + 1]) ||
	    is_part(p, 0, "share"))
		return p->count > 0;
	bool is_comment = is_part(p, at + 2, "c") && p->count > at + 3 && is_code(p->parts[at + 3]);

	out->url = kit_arena_printf(p->arena, "https://www.instagram.com/p/%s/%s%s%s", p->parts[at + 1],
				    is_comment ? "c/" : "", is_comment ? p->parts[at + 3] : "",
				    is_comment ? "/" : "");
	if (at == 1 && !is_comment)
		out->handle = kit_arena_printf(p->arena, "@%s", p->parts[0]);
	return true;
}

static bool read_any(const struct place *p, struct social_link *out)
{
	(void)out;
	return p->count > 0;
}

static const struct network {
	const char *name;
	const char *hosts[5]; /* and those below them; none: any */
	read_place *read;
} networks[] = {
	{ "x", { "x.com", "twitter.com" }, read_x },
	{ "mastodon", { NULL }, read_mastodon },
	{ "bluesky", { "bsky.app" }, read_bluesky },
	{ "telegram", { "t.me", "telegram.me" }, read_telegram },
	{ "youtube", { "youtube.com", "youtu.be" }, read_youtube },
	{ "facebook", { "facebook.com", "fb.com", "fb.watch" }, read_facebook },
	{ "instagram", { "instagram.com" }, read_instagram },
	{ "other", { NULL }, read_any },
};

/* ---- links ------------------------------------------------------------- */

/* Of a query only what names the post: the rest tells who passed the link on. */
static const char *plain_link(const struct place *p)
{
	static const char *const kept[] = { "v", "lc", "story_fbid", "fbid", "id", "comment_id",
		"reply_comment_id" };
	char *url = kit_arena_printf(p->arena, "https://%s%s", p->host, p->path);

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		const char *value = parameter(p, kept[i]);
		char *longer = value ? kit_url_with(url, kept[i], value) : NULL;

		if (longer)
			url = kit_arena_strdup(p->arena, longer);
		free(longer);
	}
	return url;
}

static bool is_host(const char *host, const char *known)
{
	size_t n = strlen(host), k = strlen(known);

	return n >= k && strcmp(host + n - k, known) == 0 && (n == k || host[n - k - 1] == '.');
}

static bool is_of(const struct network *network, const char *host)
{
	for (size_t i = 0; network->hosts[i]; i++)
		if (is_host(host, network->hosts[i]))
			return true;
	return !network->hosts[0];
}

static void split(struct place *p)
{
	char *path = kit_arena_strdup(p->arena, p->path);

	while (*path != '\0' && p->count < PARTS_MAX) {
		size_t n = strcspn(path, "/");

		if (n > 0)
			p->parts[p->count++] = kit_arena_strndup(p->arena, path, n);
		path += n + (path[n] == '/');
	}
}

bool social_link_read(const char *network, const char *own, const char *url,
		      struct kit_arena *arena, struct social_link *out)
{
	struct place p = { .url = url, .own = own, .arena = arena };
	struct social_link link = { NULL, NULL, NULL };
	bool is_it = false, is_web = false;

	if (strlen(url) > LINK_BYTES || kit_guard_url(url, NULL, 0, &is_web, NULL) != JEMBATAN_OK)
		return false;
	p.host = kit_url_host(url);
	p.path = kit_url_path(url);
	if (p.host && !is_text(p.host)) {
		free(p.host);
		p.host = NULL;
	}
	for (size_t i = 0; p.host && p.path && i < sizeof(networks) / sizeof(networks[0]); i++) {
		if (strcmp(networks[i].name, network) != 0 || !is_of(&networks[i], p.host))
			continue;
		split(&p);
		link.url = plain_link(&p);
		is_it = networks[i].read(&p, &link);
	}
	free(p.host);
	free(p.path);
	if (is_it)
		*out = link;
	return is_it;
}
