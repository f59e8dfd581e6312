/* agency_write.c: an event (number, status, status.answered, ...) becomes one
 * request, whose address and body are made of an object with what the reply was
 * made of: id, thread, event, text, subject, language, number, status, state... */
#include "agency-api/agency_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENTRIES_MAX 16
#define URL_MAX 8192
#define BODY_MAX ((size_t)1 << 20)
#define METHOD_SIZE 8

struct entry {
	const char *event;
	char method[METHOD_SIZE];
	struct agency_template *url;
	struct kit_jq *body;    /* or NULL: none */
	struct kit_jq *written; /* or NULL: nothing tells */
};

struct agency_write {
	struct jembatan_context *ctx;
	struct entry entries[ENTRIES_MAX];
	size_t count;
	struct agency_template *written_url; /* or NULL */
	bool is_form;
};

/* ---- settings ---------------------------------------------------------- */

static struct entry *find(struct agency_write *w, const char *event)
{
	for (size_t i = 0; i < w->count; i++)
		if (strcmp(w->entries[i].event, event) == 0)
			return &w->entries[i];
	return NULL;
}

static enum jembatan_result wrong(const struct agency_write *w, const char *option,
				  const char *key, const char *what)
{
	return jembatan_explain(w->ctx, JEMBATAN_CONFIG, "%s: %s%s%s: %s",
				jembatan_where(w->ctx, option, key), option, key ? ": " : "",
				key ? key : "", what);
}

/* An address within the app: what is written back leaves with its credentials. */
static enum jembatan_result read_address(const struct agency_write *w, const char *option,
					 const char *key, const char *text,
					 struct agency_template **out)
{
	struct kit_why why = { "" };

	if (strstr(text, "://") || text[0] == '\0' || strncmp(text, "//", 2) == 0)
		return wrong(w, option, key, "the address must be relative to url");
	if (agency_template_new(text, out, &why) != JEMBATAN_OK)
		return wrong(w, option, key, why.text);
	return JEMBATAN_OK;
}

/* "PATCH complaints/{id}" */
static enum jembatan_result read_entry(struct agency_write *w, const char *key, const char *value)
{
	static const char *const methods[] = { "POST", "PUT", "PATCH" };
	struct entry *e = &w->entries[w->count];
	size_t size = strcspn(value, " "), i = 0;

	while (i < 3 && (strlen(methods[i]) != size || strncmp(methods[i], value, size) != 0))
		i++;
	if (i == 3)
		return wrong(w, "write", key,
			     "write it as METHOD address, such as \"PATCH complaints/{id}\"; the "
			     "method is POST, PUT or PATCH");
	*e = (struct entry){ .event = key };
	(void)snprintf(e->method, sizeof(e->method), "%s", methods[i]);
	w->count++;
	value += size;
	return read_address(w, "write", key, value + strspn(value, " "), &e->url);
}

static enum jembatan_result read_entries(struct agency_write *w)
{
	const char *key, *value;
	enum jembatan_result result = JEMBATAN_OK;

	for (size_t i = 0; result == JEMBATAN_OK &&
			   jembatan_get_entry(w->ctx, "write", i, &key, &value); i++)
		result = w->count < ENTRIES_MAX ? read_entry(w, key, value) :
						  wrong(w, "write", key, "too many events");
	return result;
}

/* The jq programs of `write_body` or `written`. */
static enum jembatan_result read_programs(struct agency_write *w, const char *option)
{
	const char *key, *value;

	for (size_t i = 0; jembatan_get_entry(w->ctx, option, i, &key, &value); i++) {
		struct kit_why why = { "" };
		struct entry *e = find(w, key);

		if (!e)
			return wrong(w, option, key, "`write` has no such event");
		if (kit_jq_new(value, NULL, strcmp(option, "written") == 0 ? &e->written : &e->body,
			       &why) != JEMBATAN_OK)
			return wrong(w, option, key, why.text);
		if (strcmp(option, "written") == 0 && !w->written_url)
			return wrong(w, option, key, "say in `written_url` where the record is read");
	}
	return JEMBATAN_OK;
}

enum jembatan_result agency_write_new(struct jembatan_context *ctx, struct agency_write **out)
{
	struct agency_write *w = calloc(1, sizeof(*w));
	const char *url = agency_option(ctx, "written_url"), *format = agency_option(ctx, "write_format");
	enum jembatan_result result;

	if (!w)
		abort();
	w->ctx = ctx;
	w->is_form = format && strcmp(format, "form") == 0;
	result = read_entries(w);
	if (result == JEMBATAN_OK && url)
		result = read_address(w, "written_url", NULL, url, &w->written_url);
	if (result == JEMBATAN_OK)
		result = read_programs(w, "write_body");
	if (result == JEMBATAN_OK)
		result = read_programs(w, "written");
	if (result == JEMBATAN_OK)
		*out = w;
	else
		agency_write_free(w);
	return result;
}

void agency_write_free(struct agency_write *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->count; i++) {
		agency_template_free(w->entries[i].url);
		kit_jq_free(w->entries[i].body);
		kit_jq_free(w->entries[i].written);
	}
	agency_template_free(w->written_url);
	free(w);
}

/* ---- what the request is made of --------------------------------------- */

/* One reply on its way. */
struct writing {
	struct agency_write *w;
	struct agency_api *api;
	const struct jembatan_reply *reply;
	json_t *object;
	char *json; /* the object as text */
	struct entry *entry;
};

static void set(json_t *object, const char *name, const char *value)
{
	if (value)
		(void)json_object_set_new(object, name, json_string(value));
}

static json_t *make_object(const struct jembatan_reply *reply)
{
	json_t *object = NULL;

	if (!reply->extra || kit_json_parse((struct jembatan_bytes){ reply->extra,
								     strlen(reply->extra) },
					    &object, NULL) != JEMBATAN_OK ||
	    !json_is_object(object)) {
		json_decref(object);
		object = json_object();
	}
	set(object, "id", reply->reply_to ? reply->reply_to : reply->to);
	set(object, "thread", reply->thread);
	set(object, "event", reply->event);
	set(object, "subject", reply->subject);
	set(object, "text", reply->text);
	set(object, "language", reply->language);
	set(object, "key", reply->reference);
	return object;
}

/* "status.answered" before "status". */
static struct entry *entry_for(struct agency_write *w, json_t *object, const char *event)
{
	const char *state = kit_json_string(object, "state");
	struct entry *e = NULL;
	char name[64];

	if (state && (size_t)snprintf(name, sizeof(name), "%s.%s", event, state) < sizeof(name))
		e = find(w, name);
	return e ? e : find(w, event);
}

/* Absolute; the caller frees. NULL: a blank finds nothing, or no address comes out. */
static char *make_url(const struct writing *x, const struct agency_template *template)
{
	struct kit_text *text = kit_text_new(URL_MAX);
	struct kit_why why = { "" };
	char *url = NULL;
	const struct jembatan_bytes bytes = { x->json, strlen(x->json) };

	if (agency_template_fill(template, bytes, x->object, text, &why) == JEMBATAN_OK &&
	    !kit_text_is_full(text))
		url = agency_api_address(x->api, kit_text_string(text));
	kit_text_free(text);
	return url;
}

/* The one result of a program; NULL: it made none, or several. The caller's. */
static json_t *run(struct kit_jq *program, const char *json)
{
	json_t *results = NULL, *one = NULL;
	struct kit_why why = { "" };

	if (kit_jq_run(program, (struct jembatan_bytes){ json, strlen(json) }, &results, &why) ==
	    JEMBATAN_OK && json_array_size(results) == 1)
		one = json_incref(json_array_get(results, 0));
	json_decref(results);
	return one;
}

/* An object of texts and numbers as a form. */
static bool add_form(json_t *body, struct kit_text *out)
{
	const char *name, *value;
	json_t *member;
	char buffer[64];

	if (!json_is_object(body))
		return false;
	json_object_foreach(body, name, member) {
		char *key, *text;

		if (json_is_null(member))
			continue;
		value = json_is_boolean(member) ? (json_is_true(member) ? "true" : "false") :
						  kit_json_id(body, name, buffer);
		if (!value)
			return false;
		key = kit_url_escape(name);
		text = kit_url_escape(value);
		kit_text_add_string(out, kit_text_bytes(out).size ? "&" : "");
		kit_text_add_string(out, key);
		kit_text_add_string(out, "=");
		kit_text_add_string(out, text);
		free(key);
		free(text);
	}
	return true;
}

static bool make_body(const struct writing *x, struct kit_text *out)
{
	json_t *body = x->entry->body ? run(x->entry->body, x->json) : json_null();
	char *text = NULL;
	bool made = body != NULL;

	if (made && x->w->is_form && x->entry->body) {
		made = add_form(body, out);
	} else if (made && x->entry->body) {
		text = json_dumps(body, JSON_COMPACT | JSON_ENCODE_ANY);
		made = text != NULL;
		kit_text_add_string(out, text ? text : "");
		free(text);
	}
	json_decref(body);
	return made && !kit_text_is_full(out);
}

/* ---- the request ------------------------------------------------------- */

static enum jembatan_result judge(const struct writing *x, enum jembatan_result result,
				  const struct kit_http_response *response,
				  struct jembatan_delivery *out)
{
	out->outcome = response->outcome;
	if (response->status == 429 || response->status == 503) {
		out->outcome = response->retry_after_ms > 0 ? JEMBATAN_LATER : JEMBATAN_NOT_SENT;
		out->at_ms = jembatan_now_ms(x->w->ctx) + response->retry_after_ms;
	} else if (result == JEMBATAN_AUTH) {
		out->outcome = JEMBATAN_NOT_SENT; /* with the right credentials it can go */
	} else if (result == JEMBATAN_CONFIG && response->status >= 400 && response->status < 500) {
		/* Of this record: the way to the others is open. */
		return jembatan_explain(x->w->ctx, JEMBATAN_DATA,
					"the app refuses what is written back (%u)",
					response->status);
	}
	return result;
}

static enum jembatan_result send_it(const struct writing *x, struct jembatan_delivery *out)
{
	struct kit_http_response response = { 0 };
	struct kit_text *body = kit_text_new(BODY_MAX);
	char *url = make_url(x, x->entry->url);
	enum jembatan_result result;

	out->outcome = JEMBATAN_REFUSED;
	if (!url) {
		result = jembatan_explain(x->w->ctx, JEMBATAN_DATA,
					  "%s: its address cannot be made of this reply",
					  jembatan_where(x->w->ctx, "write", x->entry->event));
	} else if (!make_body(x, body)) {
		result = jembatan_explain(x->w->ctx, JEMBATAN_DATA,
					  "%s: it makes no body of this reply",
					  jembatan_where(x->w->ctx, "write_body", x->entry->event));
	} else {
		const struct agency_change change = {
			.method = x->entry->method,
			.url = url,
			.body = kit_text_bytes(body),
			.content_type = !x->entry->body ? NULL :
					x->w->is_form	? "application/x-www-form-urlencoded" :
							  "application/json",
			.key = x->reply->reference,
		};

		result = judge(x, agency_api_change(x->api, &change, &response), &response, out);
	}
	free(url);
	kit_text_free(body);
	return result;
}

/* ---- was it written? --------------------------------------------------- */

static bool says_yes(const struct writing *x, json_t *record)
{
	json_t *both = json_pack("{s:O,s:O}", "record", record, "reply", x->object);
	char *json = json_dumps(both, JSON_COMPACT);
	json_t *answer = json ? run(x->entry->written, json) : NULL;
	bool yes = json_is_true(answer);

	json_decref(answer);
	json_decref(both);
	free(json);
	return yes;
}

static enum jembatan_result settle(const struct writing *x, struct jembatan_delivery *out)
{
	struct kit_http_response response = { 0 };
	json_t *record = NULL;
	char *url;
	enum jembatan_result result;

	/* Twice is as once (RFC 9110, 9.2.2); of all else the record must tell. */
	out->outcome = strcmp(x->entry->method, "PUT") == 0 ? JEMBATAN_NOT_SENT : JEMBATAN_UNKNOWN;
	if (!x->entry->written)
		return JEMBATAN_OK;
	url = make_url(x, x->w->written_url);
	if (!url)
		return JEMBATAN_OK;
	result = agency_api_get(x->api, url, &response);
	free(url);
	if (result != JEMBATAN_OK)
		return result == JEMBATAN_GONE ? JEMBATAN_OK : result;
	if (kit_json_parse(response.body, &record, NULL) != JEMBATAN_OK)
		return jembatan_explain(x->w->ctx, JEMBATAN_RETRY, "the record's answer is not JSON");
	out->outcome = says_yes(x, record) ? JEMBATAN_SENT : JEMBATAN_NOT_SENT;
	json_decref(record);
	return JEMBATAN_OK;
}

enum jembatan_result agency_write_reply(struct agency_write *w, struct agency_api *api,
					const struct jembatan_reply *reply,
					struct jembatan_delivery *out)
{
	struct writing x = { .w = w, .api = api, .reply = reply };
	enum jembatan_result result;

	if (w->count == 0) {
		out->outcome = JEMBATAN_NOT_SENT;
		return jembatan_explain(w->ctx, JEMBATAN_CONFIG,
					"replies are on, and the option `write` does not say how this "
					"app is written to");
	}
	x.object = make_object(reply);
	x.json = json_dumps(x.object, JSON_COMPACT);
	x.entry = entry_for(w, x.object, reply->event ? reply->event : "");
	if (!x.json) {
		out->outcome = JEMBATAN_REFUSED;
		result = jembatan_explain(w->ctx, JEMBATAN_DATA, "the reply is not valid text");
	} else if (!x.entry) {
		out->outcome = JEMBATAN_NOT_TOLD;
		result = JEMBATAN_OK;
	} else if (reply->flags & JEMBATAN_SETTLE) {
		result = settle(&x, out);
	} else {
		result = send_it(&x, out);
	}
	json_decref(x.object);
	free(x.json);
	return result;
}
