/* ahead.c: a connector whose checkpoints do not wait. Each poll is one page of
 * one message. */
#include <jembatan/connector.h>

#include <stdio.h>
#include <stdlib.h>

struct self {
	long page;
};

static const struct jembatan_option options[] = {
	{ "pages", JEMBATAN_INTEGER, 0, "0", 0, 1000000, NULL, "How many there are; 0: no end." },
	{ "delay_ms", JEMBATAN_INTEGER, 0, "0", 0, 60000, NULL, "Wanted before the next poll." },
	{ "waits_at", JEMBATAN_INTEGER, 0, "0", 0, 1000000, NULL, "The page that waits; 0: none." },
	{ "early", JEMBATAN_BOOLEAN, 0, "false", 0, 0, NULL, "A checkpoint in open()." },
	{ "stubborn", JEMBATAN_BOOLEAN, 0, "false", 0, 0, NULL, "Goes on whatever it is told." },
	{ NULL, 0, 0, NULL, 0, 0, NULL, NULL }
};

static enum jembatan_result open_ahead(struct jembatan_context *ctx, const char *cursor,
				       void **out_self)
{
	struct self *s;
	if (jembatan_get_integer(ctx, "early"))
		return jembatan_checkpoint_ahead(ctx, "0");
	s = calloc(1, sizeof(*s));
	if (!s)
		return JEMBATAN_FATAL;
	s->page = cursor ? strtol(cursor, NULL, 10) : 0;
	*out_self = s;
	return JEMBATAN_OK;
}

static void close_ahead(struct jembatan_context *ctx, void *self)
{
	(void)ctx;
	free(self);
}

static enum jembatan_result save(struct jembatan_context *ctx, long page, const char *id)
{
	if (page == jembatan_get_integer(ctx, "waits_at"))
		return jembatan_checkpoint(ctx, id);
	return jembatan_checkpoint_ahead(ctx, id);
}

static enum jembatan_result poll_ahead(struct jembatan_context *ctx, void *self)
{
	struct self *s = self;
	long pages = (long)jembatan_get_integer(ctx, "pages");
	char id[32];
	if (pages > 0 && s->page >= pages)
		return JEMBATAN_IDLE;
	snprintf(id, sizeof(id), "%ld", ++s->page);
	const struct jembatan_message m = { .size = sizeof(m), .id = id, .text = "Jalan rusak." };
	enum jembatan_result r = jembatan_emit(ctx, &m);
	if (r == JEMBATAN_OK)
		r = save(ctx, s->page, id);
	if (r != JEMBATAN_OK && jembatan_get_integer(ctx, "stubborn") &&
	    save(ctx, s->page, id) != JEMBATAN_OK)
		r = jembatan_explain(ctx, JEMBATAN_RETRY, "as if nothing had been");
	jembatan_delay(ctx, jembatan_get_integer(ctx, "delay_ms"));
	return r;
}

static const struct jembatan_operations operations = {
	.size = sizeof(operations),
	.open = open_ahead,
	.poll = poll_ahead,
	.close = close_ahead,
};

static const struct jembatan_connector connector = {
	.abi_major = JEMBATAN_ABI_MAJOR,
	.abi_minor = JEMBATAN_ABI_MINOR,
	.size = sizeof(connector),
	.name = "ahead",
	.version = "1",
	.summary = "Goes ahead of the core, for tests.",
	.capabilities = JEMBATAN_CAN_POLL,
	.options = options,
	.operations = &operations,
};

const struct jembatan_connector *jembatan_connector_entry(void)
{
	return &connector;
}
