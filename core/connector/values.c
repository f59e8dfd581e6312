/* values.c: a plugin's options, as the core checked and sent them, and its
 * state, asked of the core each time. Presets come from the plugin's own table
 * and are read by the parser that reads the configuration. */
#include "connector/host.h"

#include "base/text.h"
#include "base/units.h"

#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

#define STATE_VALUE_MAX (64u * 1024u)
#define STATE_KEY_MAX 128u

static const struct jembatan_option *declared(const struct host *h, const char *name)
{
	const struct jembatan_option *o = h->plugin ? h->plugin->options : NULL;
	for (; o && o->name; o++)
		if (str_equal(o->name, name))
			return o;
	return NULL;
}

/* key NULL: the option itself, or a LIST's or MAP's first entry. */
static const struct msg_option *given(const struct host *h, const char *name, const char *key)
{
	for (size_t i = 0; i < h->open.option_count; i++) {
		const struct msg_option *o = &h->open.options[i];
		if (str_equal(o->name, name) && (!key || str_equal(o->entry, key)))
			return o;
	}
	return NULL;
}

const char *values_string(struct jembatan_context *context, const char *name)
{
	const struct host *h = host_of(context);
	const struct msg_option *o = given(h, name, NULL);
	const struct jembatan_option *d = declared(h, name);
	if (o && !o->entry)
		return o->value;
	return d ? d->preset : NULL;
}

int64_t values_integer(struct jembatan_context *context, const char *name)
{
	const struct jembatan_option *d = declared(host_of(context), name);
	const char *text = values_string(context, name);
	int64_t value = 0;
	if (!d || !text)
		return 0;
	if (d->type == JEMBATAN_BOOLEAN)
		return str_equal(text, "true") ? 1 : 0;
	/* The core has checked what was written; the table's presets are
	 * checked when the plugin is loaded. */
	if (d->type == JEMBATAN_DURATION)
		units_duration_ms(text, &value);
	else if (d->type == JEMBATAN_BYTES)
		units_bytes(text, &value);
	else
		value = strtoll(text, NULL, 10);
	return value;
}

bool values_entry(struct jembatan_context *context, const char *name, size_t index,
		  const char **out_key, const char **out_value)
{
	const struct host *h = host_of(context);
	const struct jembatan_option *d = declared(h, name);
	for (size_t i = 0; i < h->open.option_count; i++) {
		const struct msg_option *o = &h->open.options[i];
		if (!o->entry || !str_equal(o->name, name) || index-- > 0)
			continue;
		*out_key = d && d->type == JEMBATAN_LIST ? NULL : o->entry;
		*out_value = o->value;
		return true;
	}
	return false;
}

const char *values_where(struct jembatan_context *context, const char *name, const char *key)
{
	const struct host *h = host_of(context);
	const struct msg_option *o = given(h, name, key);
	if (!o)
		o = given(h, name, NULL);
	return o && o->where ? o->where : "built in";
}

static bool is_key(const char *key)
{
	return key && *key && strlen(key) <= STATE_KEY_MAX && text_is_utf8(key, strlen(key));
}

#define STATE_CALLS (HOST_CALL_OPEN | HOST_CALL_POLL | HOST_CALL_REQUEST | HOST_CALL_REPLY | \
		     HOST_CALL_FETCH | HOST_CALL_CONSENT)

enum jembatan_result values_state_get(struct jembatan_context *context, const char *key,
				      struct jembatan_bytes *out_value)
{
	struct host *h = host_of(context);
	const struct msg_state asked = { .key = key };
	struct msg_state answer = { 0 };
	if (((unsigned)h->call & (HOST_CALL_CHECK | HOST_CALL_PREVIEW)) != 0)
		return JEMBATAN_GONE; /* nothing is stored there */
	if (!host_may(h, STATE_CALLS, "state_get()"))
		return JEMBATAN_CONFIG;
	if (!is_key(key))
		return why_set(&h->why, JEMBATAN_CONFIG,
			       "the plugin's state key is not a short text");
	uint32_t seq = h->link.next_seq++;
	arena_reset(h->scratch);
	free(h->value);
	h->value = NULL;
	if (link_send(&h->link, MSG_STATE_GET, seq, msg_state_fields, &asked, bytes_text(NULL),
		      &h->why) != JEMBATAN_OK ||
	    link_await(&h->link, MSG_VALUE, seq, &h->value, &h->why) != JEMBATAN_OK ||
	    field_unpack(msg_state_fields, h->value->meta, h->scratch, &answer, &h->why) !=
		    JEMBATAN_OK)
		return JEMBATAN_FATAL;
	if (!answer.found)
		return JEMBATAN_GONE;
	*out_value = h->value->blob;
	return JEMBATAN_OK;
}

enum jembatan_result values_state_put(struct jembatan_context *context, const char *key,
				      struct jembatan_bytes value)
{
	struct host *h = host_of(context);
	const struct msg_state put = { .key = key, .found = value.size > 0 };
	if (!host_may(h, STATE_CALLS, "state_put()"))
		return JEMBATAN_CONFIG;
	if (!is_key(key) || value.size > STATE_VALUE_MAX)
		return why_set(&h->why, JEMBATAN_CONFIG,
			       "the plugin's state key is not a short text, or its value exceeds "
			       "64 KiB");
	uint32_t seq = h->link.next_seq++;
	arena_reset(h->scratch);
	if (link_send(&h->link, MSG_STATE_PUT, seq, msg_state_fields, &put, value, &h->why) !=
	    JEMBATAN_OK)
		return JEMBATAN_FATAL;
	return host_await_commit(h, seq);
}
