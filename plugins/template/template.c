/* template.c: the smallest honest connector. It polls one URL that answers
 * with a JSON list, oldest first, of what came after a given id:
 *   GET <url>?after=41  ->  [{"id": 42, "sender": "...", "report": "..."}, ...]
 * Copy this folder, rename it, and change options, take_record and poll. */
#include <jembatan/connector.h>
#include <jembatan/kit.h>

#include <stdlib.h>
#include <string.h>

struct template {
	struct kit_http *http;
	char *cursor; /* id of the last record that is on disk; NULL: none yet */
};

/* Checked by the host before open(); also the operator's documentation. */
static const struct jembatan_option options[] = {
	{ "url", JEMBATAN_URL, JEMBATAN_REQUIRED, NULL, 0, 0, NULL, "Where reports are listed." },
	KIT_HTTP_OPTIONS,
	{ NULL, JEMBATAN_STRING, 0, NULL, 0, 0, NULL, NULL }
};

/* Raw first: once begun, the record's bytes are kept even if what follows
 * cannot be understood. DATA is about this record only: the next one goes on. */
static enum jembatan_result take_record(struct jembatan_context *ctx, json_t *record)
{
	char id[64];
	char *raw = json_dumps(record, JSON_COMPACT | JSON_ENCODE_ANY);
	struct jembatan_message message = { .size = sizeof(message) };
	if (!raw)
		return JEMBATAN_FATAL;
	message.id = kit_json_id(record, "id", id);
	message.author.name = kit_json_string(record, "sender");
	message.text = kit_json_string(record, "report");
	struct jembatan_bytes bytes = { raw, strlen(raw) };
	enum jembatan_result result = jembatan_begin(ctx, message.id, bytes, "application/json");
	if (result == JEMBATAN_OK && message.id && message.text)
		result = jembatan_emit(ctx, &message);
	else if (result == JEMBATAN_OK)
		result = jembatan_explain(ctx, JEMBATAN_DATA, "a record has no id or no report");
	free(raw);
	return result;
}

/* All records of an answer; last_id: of the last one dealt with, or "". */
static enum jembatan_result take_page(struct jembatan_context *ctx, struct jembatan_bytes body,
				      char last_id[64])
{
	struct kit_why why = { "" };
	json_t *page = NULL, *record;
	size_t i;
	enum jembatan_result result = kit_json_parse(body, &page, &why);
	if (result == JEMBATAN_OK && !json_is_array(page))
		result = kit_why_set(&why, JEMBATAN_DATA, "the answer is not a list");
	if (result != JEMBATAN_OK)
		/* The page is bad, not one record: try again later. */
		result = jembatan_explain(ctx, JEMBATAN_RETRY, "%s", why.text);
	json_array_foreach(page, i, record) {
		char buffer[64];
		result = take_record(ctx, record);
		if (result != JEMBATAN_OK && result != JEMBATAN_DATA)
			break;
		result = JEMBATAN_OK;
		const char *id = kit_json_id(record, "id", buffer);
		if (id && strlen(id) < 64)
			memcpy(last_id, id, strlen(id) + 1);
	}
	json_decref(page);
	return result;
}

static enum jembatan_result template_open(struct jembatan_context *ctx, const char *cursor,
					  void **out_self)
{
	const char *const origins[] = { jembatan_get_string(ctx, "url") };
	struct kit_http_options http = kit_http_options_get(ctx);
	struct template *self = calloc(1, sizeof(*self));
	if (!self)
		return JEMBATAN_FATAL;
	http.origins = origins; /* the operator wrote it: it may be private */
	http.origin_count = 1;
	self->http = kit_http_new(ctx, &http);
	self->cursor = cursor ? strdup(cursor) : NULL;
	*out_self = self;
	return JEMBATAN_OK;
}

static enum jembatan_result template_poll(struct jembatan_context *ctx, void *self_)
{
	struct template *self = self_;
	struct kit_http_response response;
	char last_id[64] = "";
	char *url = kit_url_with(jembatan_get_string(ctx, "url"), "after",
				 self->cursor ? self->cursor : "0");
	if (!url)
		return jembatan_explain(ctx, JEMBATAN_CONFIG, "url is too long");
	enum jembatan_result result = kit_http_get(self->http, url, &response);
	free(url);
	if (result == JEMBATAN_OK)
		result = take_page(ctx, response.body, last_id);
	if (result != JEMBATAN_OK)
		return result;
	if (last_id[0] == '\0')
		return JEMBATAN_IDLE;
	/* Once this returns OK, messages and cursor are on disk together. */
	result = jembatan_checkpoint(ctx, last_id);
	if (result == JEMBATAN_OK) {
		free(self->cursor);
		self->cursor = strdup(last_id);
	}
	return result;
}

/* `jembatan preview INSTANCE --sample FILE`: no network, no open() before. One
 * record, as quarantine keeps it, or a page of them. */
static enum jembatan_result template_preview(struct jembatan_context *ctx,
					     struct jembatan_bytes sample)
{
	char last_id[64] = "";
	json_t *record = NULL;
	if (kit_json_parse(sample, &record, NULL) != JEMBATAN_OK || !json_is_object(record)) {
		json_decref(record);
		return take_page(ctx, sample, last_id);
	}
	enum jembatan_result result = take_record(ctx, record);
	json_decref(record);
	return result;
}

static void template_close(struct jembatan_context *ctx, void *self_)
{
	struct template *self = self_;
	(void)ctx;
	kit_http_free(self->http);
	free(self->cursor);
	free(self);
}

static const struct jembatan_operations operations = {
	.size = sizeof(operations),
	.open = template_open,
	.poll = template_poll,
	.preview = template_preview,
	.close = template_close,
};

static const struct jembatan_connector connector = {
	.abi_major = JEMBATAN_ABI_MAJOR,
	.abi_minor = JEMBATAN_ABI_MINOR,
	.size = sizeof(connector),
	.name = "template", /* the file is template.so */
	.version = "0.1",
	.summary = "reports from a JSON list",
	.capabilities = JEMBATAN_CAN_POLL | JEMBATAN_CAN_PREVIEW,
	.options = options,
	.operations = &operations,
};

const struct jembatan_connector *jembatan_connector_entry(void)
{
	return &connector;
}
