/* whatsapp_reply.c: requests that send a text or an approved template. */
#include "whatsapp/whatsapp_reply.h"
#include "whatsapp/whatsapp_parse.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Clocks differ, and the request takes a moment. */
#define WINDOW_MARGIN_MS 5000
#define PARAMETER_MAX 900u
#define REFERENCE_MAX 512u

bool wa_reply_window_is_open(const struct jembatan_reply *reply, int64_t now_ms)
{
	return reply->window_until_ms == 0 || now_ms + WINDOW_MARGIN_MS < reply->window_until_ms;
}

/* ---- templates --------------------------------------------------------- */

static bool is_word(const char *s, size_t n, const char *others)
{
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)s[i]) && !strchr(others, s[i]))
			return false;
	return n > 0;
}

enum jembatan_result wa_template_read(const char *spec, struct wa_template *out,
				      struct kit_why *why)
{
	struct wa_template t = { "", "", "" };
	size_t name = strcspn(spec, "/ "), language = 0;

	if (spec[name] == '/')
		language = strcspn(spec + name + 1, " ");
	if (!is_word(spec, name, "_") || name >= sizeof(t.name) || language >= sizeof(t.language) ||
	    !is_word(spec + name + 1, language, "_"))
		return kit_why_set(why, JEMBATAN_CONFIG,
				   "write a template as NAME/LANGUAGE and its parameters, such as "
				   "\"status_laporan/id ticket status\"");
	memcpy(t.name, spec, name);
	memcpy(t.language, spec + name + 1, language);
	t.parameters = spec + name + 1 + language;
	if (!is_word(t.parameters, strlen(t.parameters), "_. ") && *t.parameters != '\0')
		return kit_why_set(why, JEMBATAN_CONFIG,
				   "a template's parameters are names, with blanks between them");
	*out = t;
	return JEMBATAN_OK;
}

/* A parameter may hold no line break and no run of blanks, and not be empty. */
static json_t *one_line(const char *value)
{
	char line[PARAMETER_MAX + 1];
	size_t n = 0;

	for (const char *c = value; *c != '\0' && n < PARAMETER_MAX; c++) {
		bool is_blank = (unsigned char)*c <= ' ';

		if (!is_blank)
			line[n++] = *c;
		else if (n > 0 && line[n - 1] != ' ')
			line[n++] = ' ';
	}
	/* Not within a character: those that begin it are dropped with it. */
	while (n > 0 && !kit_utf8_is_valid((struct jembatan_bytes){ line, n }))
		n--;
	while (n > 0 && line[n - 1] == ' ')
		n--;
	return n > 0 ? json_stringn(line, n) : json_string("-");
}

static json_t *parameter(const struct jembatan_reply *reply, json_t *extra, const char *name)
{
	char buffer[64];
	const char *value;

	value = strcmp(name, "text") == 0 ? reply->text : kit_json_id(extra, name, buffer);
	if (!value && strcmp(name, "reference") == 0)
		value = reply->reference;
	return json_pack("{s:s,s:o}", "type", "text", "text", one_line(value ? value : ""));
}

static json_t *parameters(const struct jembatan_reply *reply, const char *names)
{
	json_t *list = json_array(), *extra = NULL;
	char name[64];

	if (reply->extra &&
	    kit_json_parse((struct jembatan_bytes){ reply->extra, strlen(reply->extra) }, &extra,
			   NULL) != JEMBATAN_OK)
		extra = NULL;
	while (*(names += strspn(names, " ")) != '\0') {
		size_t n = strcspn(names, " ");

		(void)snprintf(name, sizeof(name), "%.*s", (int)(n < 60 ? n : 60), names);
		(void)json_array_append_new(list, parameter(reply, extra, name));
		names += n;
	}
	json_decref(extra);
	return list;
}

static json_t *template_json(const struct jembatan_reply *reply, const struct wa_template *t)
{
	json_t *list = parameters(reply, t->parameters);
	json_t *out = json_pack("{s:s,s:{s:s}}", "name", t->name, "language", "code", t->language);

	if (json_array_size(list) > 0)
		(void)json_object_set_new(out, "components", json_pack("[{s:s,s:O}]", "type", "body",
								       "parameters", list));
	json_decref(list);
	return out;
}

/* ---- the request ------------------------------------------------------- */

/* A business-scoped id goes as recipient, a number as to. */
static bool set_address(json_t *root, const char *to)
{
	char number[20] = "";
	size_t n = 0;

	if (wa_is_user_id(to)) {
		(void)json_object_set_new(root, "recipient", json_string(to));
		return true;
	}
	for (const char *c = to; c && *c != '\0'; c++) {
		if (isdigit((unsigned char)*c) && n + 1 < sizeof(number))
			number[n++] = *c;
		else if (!strchr("+ -.()", *c))
			return false;
	}
	if (n < 5 || n > 18)
		return false;
	(void)json_object_set_new(root, "to", json_stringn(number, n));
	return true;
}

char *wa_reply_json(const struct jembatan_reply *reply, const struct wa_template *template)
{
	json_t *root = json_pack("{s:s,s:s}", "messaging_product", "whatsapp", "recipient_type",
				 "individual");
	char *json = NULL;

	if (reply->to && set_address(root, reply->to)) {
		(void)json_object_set_new(root, "type",
					  json_string(template ? "template" : "text"));
		if (template)
			(void)json_object_set_new(root, "template",
						  template_json(reply, template));
		else
			(void)json_object_set_new(root, "text",
						  json_pack("{s:b,s:s}", "preview_url", 0, "body",
							    reply->text ? reply->text : ""));
		if (!template && reply->reply_to && *reply->reply_to)
			(void)json_object_set_new(root, "context",
						  json_pack("{s:s}", "message_id",
							    reply->reply_to));
		if (reply->reference && strlen(reply->reference) <= REFERENCE_MAX)
			(void)json_object_set_new(root, "biz_opaque_callback_data",
						  json_string(reply->reference));
		json = json_dumps(root, JSON_COMPACT);
	}
	json_decref(root);
	return json;
}

/* ---- pace -------------------------------------------------------------- */

/* FNV-1a: two people on one key only wait a little longer. */
static uint64_t key_of(const char *to)
{
	uint64_t key = UINT64_C(14695981039346656037);

	for (const char *c = to; *c != '\0'; c++)
		key = (key ^ (unsigned char)*c) * UINT64_C(1099511628211);
	return key;
}

void wa_pace_init(struct wa_pace *pace, int64_t per_second)
{
	*pace = (struct wa_pace){ .per_second = (size_t)per_second,
				  .size = (size_t)per_second * (WA_PAIR_MS / 1000) };
	pace->sent = calloc(pace->size, sizeof(*pace->sent));
	if (!pace->sent)
		abort();
}

void wa_pace_done(struct wa_pace *pace)
{
	free(pace->sent);
	*pace = (struct wa_pace){ 0 };
}

/* How long something that was sent at this time still counts for a limit of so
 * long. A clock that was set back holds nobody up. */
static int64_t left_of(int64_t at_ms, int64_t limit_ms, int64_t now_ms)
{
	int64_t since = now_ms - at_ms;
	return at_ms != 0 && since >= 0 && since < limit_ms ? limit_ms - since : 0;
}

int64_t wa_pace_take(struct wa_pace *pace, const char *to, int64_t now_ms)
{
	uint64_t key = key_of(to);
	size_t oldest = (pace->next + pace->size - pace->per_second) % pace->size;
	int64_t wait_ms = left_of(pace->sent[oldest].at_ms, 1000, now_ms);
	int64_t held_ms = left_of(pace->held_at_ms, pace->held_ms, now_ms);

	wait_ms = held_ms > wait_ms ? held_ms : wait_ms;
	for (size_t i = 0; i < pace->size; i++) {
		int64_t left = pace->sent[i].key == key ?
			       left_of(pace->sent[i].at_ms, WA_PAIR_MS, now_ms) : 0;
		if (left > wait_ms)
			wait_ms = left;
	}
	if (wait_ms > 0)
		return wait_ms;
	pace->sent[pace->next].key = key;
	pace->sent[pace->next].at_ms = now_ms;
	pace->next = (pace->next + 1) % pace->size;
	return 0;
}

void wa_pace_hold(struct wa_pace *pace, int64_t now_ms, int64_t wait_ms)
{
	pace->held_at_ms = now_ms;
	pace->held_ms = wait_ms;
}
