/* fuzz_social.c: a page of a network, whatever its bytes: valid text, the same
 * each time; and a rule, whatever its words. */
#include "social/bluesky_parse.h"
#include "social/mastodon_parse.h"
#include "social/social_watch.h"
#include "social/x_parse.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be_text(const char *text)
{
	if (text && !kit_utf8_is_valid((struct jembatan_bytes){ text, strlen(text) }))
		abort();
}

typedef bool reader(json_t *, const char *, struct kit_arena *, struct social_post *);

static void check_by(reader *read, json_t *status, struct kit_arena *arena)
{
	struct social_post a, b;

	if (!read(status, "77", arena, &a))
		return;
	const struct jembatan_message *m = &a.message;

	must_be_text(m->id);
	must_be_text(m->text);
	must_be_text(m->extra);
	must_be_text(m->author.handle);
	if (!m->text && m->attachment_count == 0)
		abort();
	if (!read(status, "77", arena, &b) || b.facts != a.facts ||
	    strcmp(a.message.text ? a.message.text : "", b.message.text ? b.message.text : "") != 0)
		abort();
}

static bool read_x(json_t *record, const char *own_id, struct kit_arena *arena,
		   struct social_post *out)
{
	const struct x_us us = { own_id, "dinas_contoh" };
	struct x_traits traits = { 0 };

	return x_read_post(record, &us, arena, out, &traits);
}

/* A page of X's, an event, or one record. */
static void check_x(json_t *root, struct kit_arena *arena)
{
	json_t *event = x_event_record(root), *one;
	size_t i;

	check_by(read_x, root, arena);
	check_by(read_x, event, arena);
	json_decref(event);
	json_array_foreach(json_object_get(root, "data"), i, one) {
		json_t *record = x_record(one, json_object_get(root, "includes"));

		check_by(read_x, record, arena);
		json_decref(record);
	}
}

static void check(json_t *one, struct kit_arena *arena)
{
	const char *uris[2];

	check_by(mastodon_read_status, one, arena);
	check_by(bluesky_read_post, one, arena);
	for (size_t i = bluesky_context_uris(one, uris); i > 0; i--)
		if (!bluesky_is_post_uri(uris[i - 1]))
			abort();
}

static void try_text(const char *text, struct kit_arena *arena)
{
	json_t *facets = bluesky_link_facets(text), *one;
	char key[14];
	size_t i;

	json_array_foreach(facets, i, one) {
		int64_t begin = 0, end = 0;

		if (!kit_json_integer(one, "index.byteStart", &begin) ||
		    !kit_json_integer(one, "index.byteEnd", &end) || begin < 0 || begin >= end ||
		    (size_t)end > strlen(text))
			abort();
	}
	json_decref(facets);
	const char *reply = x_reply_text(text, arena);

	if (strlen(text) <= 4096 && kit_utf8_is_valid((struct jembatan_bytes){ text, strlen(text) }))
		must_be_text(reply);
	if (reply[0] != '@' && !x_is_same_text(reply, reply, arena))
		abort();
	bluesky_reply_key(text, text, key);
	if (strlen(key) != 13)
		abort();
}

static void try_rule(const char *rule, const char *text)
{
	struct social_rules *rules = social_rules_empty();
	const struct social_facts facts = { SOCIAL_MENTION, text, "id" };

	if (social_rules_add(rules, rule, NULL) == JEMBATAN_OK)
		(void)social_rules_judge(rules, &facts);
	social_rules_free(rules);
}

/* What is read of the state is written as it is read, and the ages rise. */
static void try_watch(const char *text, struct jembatan_bytes bytes)
{
	struct social_watch *w = calloc(1, sizeof(*w));
	struct kit_text *once = kit_text_new((size_t)60 * 1024), *twice = kit_text_new((size_t)60 * 1024);
	struct social_watched due[5];

	if (!w)
		abort();
	(void)social_watch_set_ages(w, text);
	for (size_t i = 1; i < w->age_count; i++)
		if (w->ages_ms[i] <= w->ages_ms[i - 1])
			abort();
	social_watch_read(w, bytes);
	social_watch_write(w, once);
	social_watch_read(w, kit_text_bytes(once));
	social_watch_write(w, twice);
	if (!kit_text_is_full(once) && strcmp(kit_text_string(once), kit_text_string(twice)) != 0)
		abort();
	(void)social_watch_set_ages(w, "1h 7d");
	if (social_watch_due(w, INT64_C(1800000000000), due, 5) > 5)
		abort();
	kit_text_free(once);
	kit_text_free(twice);
	free(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kit_arena *arena = kit_arena_new();
	const char *text = kit_arena_strndup(arena, (const char *)data, size);
	json_t *root = NULL, *one;
	size_t i;

	if (kit_json_parse((struct jembatan_bytes){ data, size }, &root, NULL) == JEMBATAN_OK) {
		check(root, arena);
		check_x(root, arena);
		json_array_foreach(root, i, one) {
			check(one, arena);
			check(kit_json_at(one, "status"), arena);
		}
	}
	json_decref(root);
	try_text(text, arena);
	try_rule(text, text);
	try_watch(text, (struct jembatan_bytes){ data, size });
	(void)social_reset_wait_ms(text, INT64_C(1800000000000));
	kit_arena_free(arena);
	return 0;
}
