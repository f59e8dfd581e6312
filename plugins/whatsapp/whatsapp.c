/* whatsapp.c: the connector for the WhatsApp Business Cloud API: its options, the
 * handshake and the signature of webhooks, what they bring, replies, files. */
#include "whatsapp/whatsapp_api.h"
#include "whatsapp/whatsapp_parse.h"
#include "whatsapp/whatsapp_reply.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const schemes[] = { "https", "http", NULL };

static const struct jembatan_option options[] = {
	{ "phone_number_id", JEMBATAN_STRING, JEMBATAN_REQUIRED, NULL, 0, 0, NULL,
	  "Our number's id at Meta (digits, not the phone number); what comes for another one is "
	  "kept and ignored." },
	{ "business_account_id", JEMBATAN_STRING, 0, NULL, 0, 0, NULL,
	  "Id of the WhatsApp Business Account; what comes for another one is kept and ignored." },
	{ "app_secret", JEMBATAN_SECRET, JEMBATAN_REQUIRED, NULL, 0, 0, NULL,
	  "The app's secret: every webhook is signed with it, and so are our calls." },
	{ "app_secret_old", JEMBATAN_SECRET, 0, NULL, 0, 0, NULL,
	  "The secret before, while Meta changes to the new one; remove it afterwards." },
	{ "verify_token", JEMBATAN_SECRET, JEMBATAN_REQUIRED, NULL, 0, 0, NULL,
	  "A word of our own that is typed in beside the callback URL at Meta." },
	{ "access_token", JEMBATAN_SECRET, JEMBATAN_REQUIRED, NULL, 0, 0, NULL,
	  "The system user's token: for files and replies." },
	{ "graph_url", JEMBATAN_URL, 0, "https://graph.facebook.com", 0, 0, schemes,
	  "Where the Graph API is." },
	{ "graph_version", JEMBATAN_STRING, 0, "v23.0", 0, 0, NULL, "Its version." },
	{ "templates", JEMBATAN_MAP, 0, NULL, 0, 0, NULL,
	  "Event to approved template, for the time after the 24-hour window: NAME/LANGUAGE and "
	  "its parameters in order; `other` stands for events that are not named." },
	{ "messages_per_second", JEMBATAN_INTEGER, 0, "80", 1, 1000, NULL,
	  "Replies a second, at most; 20 for a number that the WhatsApp Business app uses too." },
	{ "media_max", JEMBATAN_BYTES, 0, "25MiB", 65536, 104857600, NULL,
	  "A larger file is not fetched and listed as missing." },
	{ "media_hosts", JEMBATAN_LIST, 0, NULL, 0, 0, NULL,
	  "Domains that files are fetched from with the token; preset: fbsbx.com, fbcdn.net, "
	  "facebook.com." },
	KIT_HTTP_OPTIONS,
	{ NULL, JEMBATAN_STRING, 0, NULL, 0, 0, NULL, NULL },
};

struct whatsapp {
	struct wa_own own;
	struct wa_api *api;
	struct wa_pace pace;
	struct kit_text *answer; /* lives until the next request */
};

static struct wa_own own_of(struct jembatan_context *ctx)
{
	return (struct wa_own){ jembatan_get_string(ctx, "phone_number_id"),
				jembatan_get_string(ctx, "business_account_id") };
}

static bool is_number(const char *s)
{
	return *s != '\0' && s[strspn(s, "0123456789")] == '\0';
}

/* Over plain http the token would be read on its way; a fake on this machine may. */
static bool shows_token(const char *url)
{
	static const char *const here[] = { "http://127.0.0.1", "http://[::1]", "http://localhost" };

	if (strncasecmp(url, "http:", 5) != 0)
		return false;
	for (size_t i = 0; i < sizeof(here) / sizeof(here[0]); i++) {
		size_t n = strlen(here[i]);

		if (strncasecmp(url, here[i], n) == 0 && strchr(":/", url[n]))
			return false;
	}
	return true;
}

static enum jembatan_result check_places(struct jembatan_context *ctx)
{
	const char *key, *host;
	bool is_bad = shows_token(jembatan_get_string(ctx, "graph_url"));
	const char *where = "graph_url";

	for (size_t i = 0; !is_bad && jembatan_get_entry(ctx, "media_hosts", i, &key, &host); i++) {
		is_bad = shows_token(host);
		where = "media_hosts";
	}
	return !is_bad ? JEMBATAN_OK :
	       jembatan_explain(ctx, JEMBATAN_CONFIG, "%s: %s must be https: the token goes there",
				jembatan_where(ctx, where, NULL), where);
}

static enum jembatan_result whatsapp_check(struct jembatan_context *ctx)
{
	const char *event, *spec, *version = jembatan_get_string(ctx, "graph_version");

	if (!is_number(jembatan_get_string(ctx, "phone_number_id")))
		return jembatan_explain(ctx, JEMBATAN_CONFIG,
					"%s: phone_number_id is Meta's id of the number, digits only",
					jembatan_where(ctx, "phone_number_id", NULL));
	if (version[0] != 'v' || version[1 + strspn(version + 1, "0123456789.")] != '\0')
		return jembatan_explain(ctx, JEMBATAN_CONFIG, "%s: graph_version is like v23.0",
					jembatan_where(ctx, "graph_version", NULL));
	for (size_t i = 0; jembatan_get_entry(ctx, "templates", i, &event, &spec); i++) {
		struct wa_template template;
		struct kit_why why;

		if (wa_template_read(spec, &template, &why) != JEMBATAN_OK)
			return jembatan_explain(ctx, JEMBATAN_CONFIG, "%s: %s",
						jembatan_where(ctx, "templates", event), why.text);
	}
	return check_places(ctx);
}

static enum jembatan_result whatsapp_open(struct jembatan_context *ctx, const char *cursor,
					  void **out_self)
{
	enum jembatan_result result = whatsapp_check(ctx);

	(void)cursor;
	if (result != JEMBATAN_OK)
		return result;
	struct whatsapp *self = calloc(1, sizeof(*self));

	if (!self)
		abort();
	self->own = own_of(ctx);
	self->api = wa_api_open(ctx);
	wa_pace_init(&self->pace, jembatan_get_integer(ctx, "messages_per_second"));
	self->answer = kit_text_new(1024);
	*out_self = self;
	return JEMBATAN_OK;
}

static void whatsapp_close(struct jembatan_context *ctx, void *data)
{
	struct whatsapp *self = data;

	(void)ctx;
	wa_api_close(self->api);
	wa_pace_done(&self->pace);
	kit_text_free(self->answer);
	free(self);
}

/* ---- webhooks ---------------------------------------------------------- */

/* One that the host does not take is kept by its bytes alone. */
static enum jembatan_result hand_over(struct jembatan_context *ctx,
				      const struct jembatan_message *message)
{
	enum jembatan_result result = ctx->host->emit(ctx, message);

	if (result != JEMBATAN_DATA)
		return result;
	const struct jembatan_message bare = {
		.size = sizeof(bare),
		.id = message->id,
		.revision = message->revision,
		.kind = JEMBATAN_UNREADABLE,
		.text = "it breaks the limits of a message",
		.arrived_ms = message->arrived_ms,
		.raw = message->raw,
		.raw_type = message->raw_type,
	};
	return ctx->host->emit(ctx, &bare);
}

static enum jembatan_result take_batch(struct jembatan_context *ctx, const struct wa_batch *batch)
{
	enum jembatan_result result = JEMBATAN_OK;

	for (size_t i = 0; i < batch->message_count && result == JEMBATAN_OK; i++)
		result = hand_over(ctx, &batch->messages[i]);
	for (size_t i = 0; i < batch->receipt_count && result == JEMBATAN_OK; i++)
		result = jembatan_receipt_put(ctx, &batch->receipts[i]);
	if (batch->alarm_code != 0)
		jembatan_log(ctx, JEMBATAN_WARNING,
			     "WhatsApp reports error %d, which belongs to no message: see WhatsApp "
			     "Manager", batch->alarm_code);
	return result;
}

static enum jembatan_result take(struct jembatan_context *ctx, const struct wa_own *own,
				 struct jembatan_bytes body)
{
	struct kit_arena *arena = kit_arena_new();
	struct wa_batch batch = { 0 };
	struct kit_why why = { "" };
	enum jembatan_result result = wa_parse(body, own, arena, &batch, &why);

	if (result == JEMBATAN_OK)
		result = take_batch(ctx, &batch);
	else
		result = jembatan_explain(ctx, result, "a signed webhook cannot be read: %s",
					  why.text);
	wa_batch_done(&batch);
	kit_arena_free(arena);
	return result;
}

static enum jembatan_result whatsapp_request(struct jembatan_context *ctx, void *data,
					     const struct jembatan_request *request,
					     struct jembatan_response *out)
{
	struct whatsapp *self = data;

	kit_text_clear(self->answer);
	out->media_type = "text/plain";
	if (strcmp(request->method, "GET") == 0) {
		/* Meta asks at each change of the callback URL. */
		out->status = kit_hub_answer(request->query, jembatan_get_string(ctx, "verify_token"),
					     self->answer) ? 200 : 403;
		out->body = kit_text_bytes(self->answer);
		return JEMBATAN_OK;
	}
	if (strcmp(request->method, "POST") != 0 || !kit_hub_is_signed(ctx, request)) {
		out->status = strcmp(request->method, "POST") == 0 ? 401 : 405;
		return JEMBATAN_OK;
	}
	/* Understood or not: once it is stored there is nothing to send again. */
	out->status = 200;
	return take(ctx, &self->own, request->body);
}

static enum jembatan_result whatsapp_preview(struct jembatan_context *ctx,
					     struct jembatan_bytes sample)
{
	/* A sample may be of any number. */
	const struct wa_own own = { NULL, NULL };
	enum jembatan_result result = jembatan_begin(ctx, NULL, sample, "application/json");

	return result == JEMBATAN_OK ? take(ctx, &own, sample) : result;
}

/* ---- replies ----------------------------------------------------------- */

static bool find_template(struct jembatan_context *ctx, const char *event, struct wa_template *out)
{
	const char *key, *spec;
	bool found = false;

	for (size_t i = 0; jembatan_get_entry(ctx, "templates", i, &key, &spec); i++) {
		bool is_it = event && strcmp(key, event) == 0;

		if ((is_it || (!found && strcmp(key, "other") == 0)) &&
		    wa_template_read(spec, out, NULL) == JEMBATAN_OK)
			found = true;
		if (is_it)
			return found;
	}
	return found;
}

static enum jembatan_result send_one(struct jembatan_context *ctx, struct whatsapp *self,
				     const struct jembatan_reply *reply,
				     const struct wa_template *template, struct wa_sent *out)
{
	char *json = wa_reply_json(reply, template);

	if (!json) {
		out->verdict.outcome = JEMBATAN_REFUSED;
		return jembatan_explain(ctx, JEMBATAN_DATA, "this is no address of WhatsApp's");
	}
	wa_api_send(self->api, json, out);
	free(json);
	if (out->verdict.outcome == JEMBATAN_SENT)
		return JEMBATAN_OK;
	int code = out->has_error ? (int)out->error.code : 0;
	enum wa_act act = out->has_error ? wa_error_act(&out->error) : WA_UNLISTED;
	bool is_closed = act == WA_WINDOW;

	wa_error_done(&out->error);
	/* It will meet the next citizen as well, who may be reached another way. */
	if (act == WA_TEMPLATE && template)
		jembatan_log(ctx, JEMBATAN_WARNING,
			     "Meta refuses the template %s/%s (error %d): compare its name, language "
			     "and parameters in `templates` with WhatsApp Manager",
			     template->name, template->language, code);
	/* It certainly did not go out: the template may. */
	if (is_closed && !template)
		return JEMBATAN_IDLE;
	if (out->has_error)
		return jembatan_explain(ctx, out->verdict.result, "%s (error %d)",
					out->verdict.what, code);
	/* The exchange itself has been explained, more closely than here. */
	return out->verdict.outcome == JEMBATAN_REFUSED || out->verdict.result == JEMBATAN_DATA
		       ? jembatan_explain(ctx, out->verdict.result, "%s", out->verdict.what)
		       : out->verdict.result;
}

static enum jembatan_result refuse_window(struct jembatan_context *ctx,
					  struct jembatan_delivery *out)
{
	out->outcome = JEMBATAN_REFUSED;
	return jembatan_explain(ctx, JEMBATAN_OK,
				"the 24-hour window is closed and `templates` names none for this "
				"event");
}

static enum jembatan_result whatsapp_reply(struct jembatan_context *ctx, void *data,
					   const struct jembatan_reply *reply,
					   struct jembatan_delivery *out)
{
	struct whatsapp *self = data;
	struct wa_template template;
	struct wa_sent sent = { 0 };
	bool has_template = find_template(ctx, reply->event, &template);
	bool is_open = wa_reply_window_is_open(reply, jembatan_now_ms(ctx));

	if (reply->flags & JEMBATAN_SETTLE) {
		out->outcome = JEMBATAN_UNKNOWN;
		return jembatan_explain(ctx, JEMBATAN_OK,
					"WhatsApp cannot be asked; a receipt that bears the "
					"reference settles it");
	}
	if (!is_open && !has_template)
		return refuse_window(ctx, out);
	int64_t wait_ms = wa_pace_take(&self->pace, reply->to ? reply->to : "",
				       jembatan_now_ms(ctx));
	if (wait_ms > 0) {
		out->outcome = JEMBATAN_LATER;
		out->at_ms = jembatan_now_ms(ctx) + wait_ms;
		return JEMBATAN_OK;
	}
	enum jembatan_result result = send_one(ctx, self, reply, is_open ? NULL : &template, &sent);
	if (result == JEMBATAN_IDLE && !has_template)
		return refuse_window(ctx, out);
	if (result == JEMBATAN_IDLE)
		result = send_one(ctx, self, reply, &template, &sent);
	out->outcome = sent.verdict.outcome;
	if (out->outcome == JEMBATAN_LATER)
		out->at_ms = jembatan_now_ms(ctx) + sent.verdict.wait_ms;
	if (sent.is_of_number)
		wa_pace_hold(&self->pace, jembatan_now_ms(ctx), sent.verdict.wait_ms);
	memcpy(out->remote_id, sent.id, sizeof(sent.id));
	return result;
}

static enum jembatan_result whatsapp_fetch(struct jembatan_context *ctx, void *data,
					   const char *reference, struct jembatan_spool *spool)
{
	struct whatsapp *self = data;

	(void)ctx;
	return wa_api_fetch(self->api, reference, spool);
}

static const struct jembatan_operations operations = {
	.size = sizeof(operations),
	.check = whatsapp_check,
	.open = whatsapp_open,
	.request = whatsapp_request,
	.reply = whatsapp_reply,
	.fetch = whatsapp_fetch,
	.preview = whatsapp_preview,
	.close = whatsapp_close,
};

static const struct jembatan_connector connector = {
	.abi_major = JEMBATAN_ABI_MAJOR,
	.abi_minor = JEMBATAN_ABI_MINOR,
	.size = sizeof(connector),
	.name = "whatsapp",
	.version = "0.1.0",
	.summary = "WhatsApp Business Cloud API: webhooks, files, replies",
	.capabilities = JEMBATAN_CAN_REQUEST | JEMBATAN_CAN_REPLY | JEMBATAN_CAN_FETCH |
			JEMBATAN_CAN_PREVIEW,
	.options = options,
	.operations = &operations,
};

const struct jembatan_connector *jembatan_connector_entry(void)
{
	return &connector;
}
