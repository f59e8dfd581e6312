/* replies_ways.c: the ways: which instances answer, since when, until when their
 * tokens last, and how each is doing. */
#include "replies_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "reply/quiet.h"
#include "store/instances.h"
#include "base/poison.h"

#define DOWN_FIRST_MS INT64_C(1000)
#define DOWN_MOST_MS INT64_C(60000)
#define CLOSED_MS INT64_C(900000)

struct way *replies_way_of(struct replies *r, int64_t instance_id)
{
	struct way *w = r->ways;
	while (w != NULL && w->id != instance_id)
		w = w->next;
	return w;
}

/* A time that the plugin learned itself; 0: it did not. */
static int64_t read_time(struct replies *r, const struct way *w, const char *key)
{
	struct buf value;
	long long ms = 0;
	buf_init(&value, 64);
	if (instances_state_get(r->o.db, w->id, key, &value, NULL) == JEMBATAN_OK)
		ms = strtoll(value.data, NULL, 10);
	buf_done(&value);
	return ms > 0 ? ms : 0;
}

/* Nobody is answered who wrote before an operator switched it on. */
static enum jembatan_result read_since(struct replies *r, struct way *w, struct why *why)
{
	char name[64];
	snprintf(name, sizeof(name), "replies.since.%lld", (long long)w->id);
	enum jembatan_result result = instances_flag_get(r->o.db, name, &w->since_ms, why);
	if (result != JEMBATAN_OK || w->since_ms != 0 || w->settings->replies == REPLIES_OFF)
		return result;
	w->since_ms = clock_now_ms();
	return instances_flag_set(r->o.db, name, w->since_ms, why);
}

static struct way *make_way(struct replies *r, int64_t id, const struct instance_settings *s)
{
	struct way *w = replies_way_of(r, id);
	if (w == NULL) {
		w = xcalloc(1, sizeof(*w));
		w->replies = r;
		w->id = id;
		w->next = r->ways;
		w->expiry_told = w->access_told = INT16_MAX;
		r->ways = w;
	}
	str_copy(w->name, sizeof(w->name), s->name);
	w->settings = s;
	w->channel = reply_channel(settings_channel(s));
	w->next_due_ms = 0;
	return w;
}

static void forget_way(struct replies *r, struct way *w)
{
	for (struct send *s = r->sends; s != NULL; s = s->next)
		if (s->way == w)
			s->way = NULL;
	free(w);
}

void replies_sweep_ways(struct replies *r)
{
	for (struct way **at = &r->ways; *at != NULL;) {
		struct way *w = *at;
		if (w->settings != NULL) {
			at = &w->next;
			continue;
		}
		*at = w->next;
		forget_way(r, w);
	}
}

/* Inside a transaction: which instances answer. Their rows are there once
 * intake has started them. */
enum jembatan_result replies_find_ways(struct replies *r, struct why *why)
{
	struct intake_status s;
	bool is_on = false;
	enum jembatan_result result = JEMBATAN_OK;
	for (struct way *w = r->ways; w != NULL; w = w->next)
		w->settings = NULL;
	for (size_t n = 0; result == JEMBATAN_OK && intake_status(r->o.intake, n, &s); n++) {
		const struct instance_settings *i = settings_instance(r->settings, s.name);
		if (i == NULL || i->replies == REPLIES_OFF)
			continue;
		struct way *w = make_way(r, s.id, i);
		result = read_since(r, w, why);
		w->expires_ms = read_time(r, w, "token_expires");
		if (w->expires_ms == 0)
			w->expires_ms = i->token_expires_ms;
		w->access_ms = read_time(r, w, "access_expires");
		replies_tell_expiry(w);
		is_on = true;
	}
	replies_sweep_ways(r);
	if (result == JEMBATAN_OK)
		result = replies_set_on(r->o.db, is_on, why);
	r->is_on = is_on;
	r->ways_known = result == JEMBATAN_OK;
	return result;
}

static int64_t days_until(int64_t at_ms)
{
	int64_t left_ms = at_ms - clock_now_ms();
	return at_ms == 0	? INT64_MAX :
	       left_ms <= 0	? 0 :
				  (left_ms + REPLY_DAY_MS - 1) / REPLY_DAY_MS;
}

int64_t replies_days_left(const struct way *w)
{
	return days_until(w->expires_ms);
}

int64_t replies_access_days(const struct way *w)
{
	return days_until(w->access_ms);
}

/* Is it to be told of now, once a step? */
static bool is_step(int64_t left, int *told)
{
	static const int steps[] = { 14, 7, 3, 1, 0 };
	bool it_is = false;
	for (size_t i = COUNT_OF(steps); i-- > 0 && !it_is;) {
		it_is = left <= steps[i] && *told > steps[i];
		if (it_is)
			*told = steps[i];
	}
	if (left > steps[0])
		*told = INT16_MAX;
	return it_is;
}

void replies_tell_expiry(struct way *w)
{
	int64_t left = replies_days_left(w), access = replies_access_days(w);
	bool tells = is_step(left, &w->expiry_told);
	if (tells && left > 0)
		log_warning(w->name, "the channel's token ends in %lld days: get another one, "
			    "then set replies.token_expires anew", (long long)left);
	else if (tells)
		log_error(w->name, "the channel's token has ended: replies are held; get "
			  "another one, then set replies.token_expires anew");
	tells = is_step(access, &w->access_told);
	if (tells && access > 0)
		log_warning(w->name, "the consent to read what people write ends in %lld days: let "
			    "the account consent once more", (long long)access);
	else if (tells)
		log_error(w->name, "the consent to read what people write has ended: let the "
			  "account consent once more");
}

/* ---- how it is doing ----------------------------------------------------- */

void replies_note_way(struct way *w, const struct reply_verdict *v)
{
	char sentence[300];
	const char *why = v->row.why != NULL ? v->row.why : "it gave no reason";
	switch (v->way) {
	case REPLY_WAY_FINE:
		w->failures = 0;
		w->is_closed = false;
		w->alarm[0] = '\0';
		log_trouble_over(&w->trouble, w->name, "the way back");
		return;
	case REPLY_WAY_DOWN:
		w->failures++;
		w->not_before_mono_ms = clock_mono_ms() +
					backoff_jitter_ms(w->failures, DOWN_FIRST_MS, DOWN_MOST_MS);
		snprintf(sentence, sizeof(sentence), "replies wait: %s", why);
		break;
	case REPLY_WAY_CLOSED:
		w->is_closed = true;
		w->not_before_mono_ms = clock_mono_ms() + CLOSED_MS;
		snprintf(sentence, sizeof(sentence), "replies are held, nothing is lost: %s", why);
		break;
	}
	str_mend(sentence);
	str_copy(w->alarm, sizeof(w->alarm), sentence);
	log_trouble(&w->trouble, w->name, sentence);
}
