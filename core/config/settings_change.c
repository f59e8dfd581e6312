/* settings_change.c: a reload's view of two loads of the same files: what
 * differs, and what must stay as it is until the next start. */
#include "config/settings.h"

#include <string.h>

#include "base/poison.h"

static bool same_secret(const struct secret *a, const struct secret *b)
{
	return str_equal(secret_reveal(a), secret_reveal(b));
}

static struct secret *copy_secret(const struct secret *s)
{
	return s != NULL ? secret_new(secret_reveal(s), secret_size(s)) : NULL;
}

static void note(const struct settings *s, const char *key, const char *kept,
		 struct problems *notes)
{
	const struct yaml_node *node = yaml_get(s->root, key);
	problems_add(notes, s->name, node != NULL ? node->key_line : 0,
		     "\"%s\" stays %s while the daemon runs: restart to apply", key, kept);
}

static void keep_text(struct settings *s, const char **value, const char *old, const char *key,
		      struct problems *notes)
{
	if (str_equal(*value, old))
		return;
	note(s, key, old, notes);
	*value = arena_strdup(s->arena, old);
}

void settings_keep_fixed(struct settings *s, const struct settings *old, struct problems *notes)
{
	keep_text(s, &s->data_dir, old->data_dir, "data_dir", notes);
	keep_text(s, &s->run_dir, old->run_dir, "run_dir", notes);
	/* Where the old one is named, the change waits for `jembatan key rotate`. */
	if (!same_secret(s->master_key, old->master_key) &&
	    (old->master_key == NULL || !same_secret(s->master_key_old, old->master_key))) {
		note(s, "master_key", "what it was", notes);
		secret_free(s->master_key);
		s->master_key = copy_secret(old->master_key);
	}
	s->master_key_path = arena_strdup(s->arena, old->master_key_path);
	if (s->central.url == NULL && old->central.url != NULL) {
		problems_add(notes, s->name, 0, "\"central.url\" stays %s while the daemon runs: "
			     "restart to apply, or `jembatan pause central`", old->central.url);
		s->central.url = arena_strdup(s->arena, old->central.url);
	}
}

static bool same_defaults(const struct settings_defaults *a, const struct settings_defaults *b)
{
	return str_equal(a->channel, b->channel) &&
	       str_equal(a->classification_id, b->classification_id) &&
	       str_equal(a->category_id, b->category_id) &&
	       str_equal(a->disposition_id, b->disposition_id) &&
	       str_equal(a->location_id, b->location_id) && str_equal(a->user_id, b->user_id);
}

static bool same_statuses(const struct settings_central *a, const struct settings_central *b)
{
	return a->not_sent_status_count == b->not_sent_status_count &&
	       (a->not_sent_status_count == 0 ||
		memcmp(a->not_sent_statuses, b->not_sent_statuses,
		       a->not_sent_status_count * sizeof(*a->not_sent_statuses)) == 0);
}

static bool same_access(const struct settings_central *a, const struct settings_central *b)
{
	return str_equal(a->type, b->type) && str_equal(a->url, b->url) &&
	       str_equal(a->auth_header, b->auth_header) &&
	       str_equal(a->auth_scheme, b->auth_scheme) && same_secret(a->secret, b->secret) &&
	       same_secret(a->guid, b->guid) && str_equal(a->create_path, b->create_path) &&
	       str_equal(a->create_id, b->create_id) && str_equal(a->ca_file, b->ca_file);
}

static bool same_pace(const struct settings_central *a, const struct settings_central *b)
{
	return a->connect_timeout_ms == b->connect_timeout_ms &&
	       a->answer_timeout_ms == b->answer_timeout_ms && a->connections == b->connections &&
	       a->daily_budget == b->daily_budget && a->zone_minutes == b->zone_minutes;
}

static bool same_words(const struct settings_status *a, const struct settings_status *b)
{
	bool same = a->word_count == b->word_count;

	for (size_t i = 0; same && i < a->word_count; i++)
		same = str_equal(a->words[i].word, b->words[i].word) &&
		       str_equal(a->words[i].state, b->words[i].state);
	return same;
}

static bool same_status(const struct settings_status *a, const struct settings_status *b)
{
	return a->follow == b->follow && a->new_every_ms == b->new_every_ms &&
	       a->old_every_ms == b->old_every_ms && a->closed_every_ms == b->closed_every_ms &&
	       a->closed_for_ms == b->closed_for_ms && a->daily_budget == b->daily_budget &&
	       a->reconcile_at_ms == b->reconcile_at_ms &&
	       a->institutions_every_ms == b->institutions_every_ms && same_words(a, b);
}

static bool same_unknown(const struct settings_central *a, const struct settings_central *b)
{
	return a->idempotent == b->idempotent && str_equal(a->lookup_url, b->lookup_url) &&
	       str_equal(a->lookup_match, b->lookup_match) &&
	       a->lookup_wait_ms == b->lookup_wait_ms && a->unknown == b->unknown &&
	       a->unknown_alarm_ms == b->unknown_alarm_ms && same_statuses(a, b);
}

static bool same_proposals(const struct settings_central *a, const struct settings_central *b)
{
	bool same = a->route == b->route &&
		    str_equal(a->categories_file, b->categories_file) &&
		    str_equal(a->supervision_disposition_id, b->supervision_disposition_id) &&
		    str_equal(a->locations_file, b->locations_file) &&
		    a->classification_count == b->classification_count;

	for (size_t i = 0; same && i < a->classification_count; i++)
		same = str_equal(a->classifications[i].word, b->classifications[i].word) &&
		       str_equal(a->classifications[i].id, b->classifications[i].id);
	return same;
}

bool settings_same_central(const struct settings *x, const struct settings *y)
{
	const struct settings_central *a = &x->central, *b = &y->central;

	return same_access(a, b) && same_pace(a, b) && same_unknown(a, b) &&
	       a->reference_line == b->reference_line && a->keep_nik == b->keep_nik &&
	       a->keep_contacts == b->keep_contacts &&
	       str_equal(a->route_to, b->route_to) &&
	       same_proposals(a, b) &&
	       same_defaults(&a->defaults, &b->defaults) && same_status(&a->status, &b->status);
}

bool settings_same_replies(const struct settings *x, const struct settings *y)
{
	const struct settings_replies *a = &x->replies, *b = &y->replies;

	return str_equal(a->templates, b->templates) && str_equal(a->language, b->language) &&
	       str_equal(a->office, b->office) && a->per_day == b->per_day &&
	       a->received_after_ms == b->received_after_ms && a->events == b->events;
}

static bool same_quiet(const struct instance_settings *a, const struct instance_settings *b)
{
	return a->quiet_written == b->quiet_written && a->quiet.is_set == b->quiet.is_set &&
	       a->quiet.from_minute == b->quiet.from_minute &&
	       a->quiet.to_minute == b->quiet.to_minute;
}

bool settings_same_web(const struct settings *x, const struct settings *y)
{
	const struct settings_web *a = &x->web, *b = &y->web;

	return str_equal(a->listen, b->listen) && str_equal(a->address_header, b->address_header) &&
	       a->connections == b->connections && a->per_address == b->per_address &&
	       a->header_timeout_ms == b->header_timeout_ms &&
	       a->body_timeout_ms == b->body_timeout_ms &&
	       a->answer_timeout_ms == b->answer_timeout_ms &&
	       a->body_max_bytes == b->body_max_bytes && x->log_json == y->log_json &&
	       x->log_level == y->log_level;
}

bool settings_same_instance(const struct instance_settings *a, const struct instance_settings *b)
{
	return a->push == b->push && a->start == b->start && a->start_ms == b->start_ms &&
	       a->every_ms == b->every_ms && a->quiet_alarm_ms == b->quiet_alarm_ms &&
	       a->gather_ms == b->gather_ms &&
	       a->enabled == b->enabled &&
	       a->replies == b->replies && str_equal(a->reply_language, b->reply_language) &&
	       same_quiet(a, b) && a->token_expires_ms == b->token_expires_ms &&
	       str_equal(a->home_region, b->home_region) && str_equal(a->agency, b->agency) &&
	       str_equal(a->route_to, b->route_to) && same_defaults(&a->defaults, &b->defaults);
}
