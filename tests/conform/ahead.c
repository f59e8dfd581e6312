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
	{ NULL, 0, 0, NULL, 0, 0, NULL, NULL }
};

static enum jembatan_result open_ahead(struct jembatan_context *ctx, const char *cursor,
				       void **out_self)
{
	struct self *s = calloc(1, sizeof(*s));
	(void)ctx;
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
		r = jembatan_checkpoint_ahead(ctx, id);
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
