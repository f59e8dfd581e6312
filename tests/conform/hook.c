/* hook.c: a connector that takes signed webhooks, for tests. A request to /sign
 * must carry X-Hub-Signature-256 over its exact bytes under the option `secret`;
 * its body is then the text of one message, its id X-Id, a first line "Id: ..."
 * or nothing. Without `secret` nothing is checked. Other paths misbehave: /die
 * kills the child, /echo gives back what it got, /later asks to be called again,
 * /bad cannot be read. */
#include <jembatan/connector.h>
#include <jembatan/kit.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct jembatan_option options[] = {
	{ "secret", JEMBATAN_SECRET, 0, NULL, 0, 0, NULL, "Signs the body." },
	{ NULL, 0, 0, NULL, 0, 0, NULL, NULL }
};

struct self {
	const char *secret;
	struct kit_text *out;
};

static enum jembatan_result open_hook(struct jembatan_context *ctx, const char *cursor, void **self)
{
	struct self *s = calloc(1, sizeof(*s));
	(void)cursor;
	if (!s)
		abort();
	s->secret = ctx->host->get_string(ctx, "secret");
	s->out = kit_text_new(1024 * 1024);
	*self = s;
	return JEMBATAN_OK;
}

static void close_hook(struct jembatan_context *ctx, void *self)
{
	struct self *s = self;
	(void)ctx;
	kit_text_free(s->out);
	free(s);
}

static enum jembatan_result emit(struct jembatan_context *ctx, struct kit_text *out,
				 struct jembatan_bytes body, const char *id)
{
	char line[128];
	kit_text_clear(out);
	kit_utf8_clean(body, out);
	const char *text = kit_text_string(out);
	const char *end = strchr(text, '\n');
	if (strncmp(text, "Id: ", 4) == 0 && end && (size_t)(end - text) < sizeof(line)) {
		(void)snprintf(line, sizeof(line), "%.*s", (int)(end - text - 4), text + 4);
		id = line;
		text = end + 1;
	}
	const struct jembatan_message message = {
		.size = sizeof(message),
		.id = id,
		.text = text,
		.author = { .id = "pengirim", .name = "Pengirim Uji" },
	};
	return ctx->host->emit(ctx, &message);
}

static enum jembatan_result take(struct jembatan_context *ctx, struct self *s,
				 const struct jembatan_request *in, struct jembatan_response *out)
{
	const char *signature = kit_request_header(in, "X-Hub-Signature-256");
	if (s->secret && !kit_signature_is_valid(signature, "sha256=", KIT_SIGNATURE_HEX, s->secret,
						 in->body)) {
		out->status = 401;
		return JEMBATAN_OK;
	}
	return emit(ctx, s->out, in->body, kit_request_header(in, "X-Id"));
}

/* A body that was kept because children died over it. */
static enum jembatan_result preview(struct jembatan_context *ctx, struct jembatan_bytes sample)
{
	struct kit_text *text = kit_text_new(1024 * 1024);
	enum jembatan_result result = jembatan_begin(ctx, NULL, sample, "text/plain");
	if (result == JEMBATAN_OK)
		result = emit(ctx, text, sample, NULL);
	kit_text_free(text);
	return result;
}

static enum jembatan_result echo(struct self *s, const struct jembatan_request *in,
				 struct jembatan_response *out)
{
	kit_text_clear(s->out);
	kit_text_printf(s->out, "%s %s?%s from %s, %zu headers\n", in->method, in->path,
			in->query ? in->query : "(none)", in->peer, in->header_count);
	kit_text_add(s->out, in->body.data, in->body.size);
	out->status = 202;
	out->media_type = "text/plain";
	out->body = kit_text_bytes(s->out);
	return JEMBATAN_OK;
}

static enum jembatan_result request(struct jembatan_context *ctx, void *self,
				    const struct jembatan_request *in,
				    struct jembatan_response *out)
{
	struct self *s = self;
	if (strcmp(in->path, "/die") == 0)
		_exit(3);
	if (strcmp(in->path, "/echo") == 0)
		return echo(s, in, out);
	if (strcmp(in->path, "/later") == 0)
		return JEMBATAN_RETRY;
	if (strcmp(in->path, "/bad") == 0) {
		out->status = 200;
		return JEMBATAN_DATA;
	}
	return take(ctx, s, in, out);
}

static const struct jembatan_operations operations = {
	.size = sizeof(operations),
	.open = open_hook,
	.request = request,
	.preview = preview,
	.close = close_hook,
};

static const struct jembatan_connector connector = {
	.abi_major = JEMBATAN_ABI_MAJOR,
	.abi_minor = JEMBATAN_ABI_MINOR,
	.size = sizeof(connector),
	.name = "hook",
	.version = "1",
	.summary = "Signed webhooks, for tests.",
	.capabilities = JEMBATAN_CAN_REQUEST | JEMBATAN_CAN_PREVIEW,
	.options = options,
	.operations = &operations,
};

const struct jembatan_connector *jembatan_connector_entry(void)
{
	return &connector;
}
