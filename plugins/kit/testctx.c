/* testctx.c: records what a plugin says and answers from a table. Everything
 * lives in one arena until testctx_forget, but the state, which outlives it. */
#include "kit/testctx.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

#define LIST_MAX 65536u
#define STATES_MAX 32u
#define SPOOL_PRESET (64u * 1024u * 1024u)

struct jembatan_spool {
	char token[32];
	struct buf bytes;
	struct jembatan_spool *next;
};

struct state {
	char *key;
	struct buf value;
};

struct testctx {
	struct jembatan_context context;
	const struct testctx_option *rows;
	const struct jembatan_option *declared;
	struct arena *arena;
	struct jembatan_message *emits;
	size_t emit_count, emit_room;
	const char **begins;
	size_t begin_count, begin_room;
	struct jembatan_bytes begun; /* raw of the last begin */
	const char *begun_type;
	size_t checkpoint_count, ahead_count, emits_at_checkpoint;
	struct jembatan_receipt *receipts;
	size_t receipt_count;
	char *cursor, *skip;
	unsigned fail_checkpoint, fail_state;
	int64_t delay_ms, now_ms;
	bool now_is_held, stopping;
	int watched_fd;
	char explanation[512];
	struct buf log;
	struct state states[STATES_MAX];
	size_t state_count;
	struct jembatan_spool *spools;
	size_t spool_count, spool_ceiling;
};

static struct testctx *of(struct jembatan_context *ctx)
{
	return ctx->host_data;
}

static struct jembatan_bytes copy_bytes(struct arena *a, struct jembatan_bytes b)
{
	struct jembatan_bytes out = { NULL, b.size };
	if (b.size > 0)
		out.data = arena_memdup(a, b.data, b.size);
	return out;
}

/* Every text of a message, by offset, so that none is forgotten in a copy. */
static const size_t message_texts[] = {
#define TEXT(member) offsetof(struct jembatan_message, member)
	TEXT(id), TEXT(revision), TEXT(thread), TEXT(thread_alias), TEXT(reply_to), TEXT(author.id),
	TEXT(author.name), TEXT(author.phone), TEXT(author.mail), TEXT(author.handle),
	TEXT(author.identity_number), TEXT(subject), TEXT(text), TEXT(full_text),
	TEXT(incident_date), TEXT(category), TEXT(status), TEXT(place.province),
	TEXT(place.regency), TEXT(place.district), TEXT(place.village), TEXT(place.address),
	TEXT(place.code), TEXT(place.code_system), TEXT(tracking_id), TEXT(raw_type), TEXT(extra)
#undef TEXT
};

static void copy_message(struct testctx *t, const struct jembatan_message *from,
			 struct jembatan_message *to)
{
	*to = *from;
	for (size_t i = 0; i < COUNT_OF(message_texts); i++) {
		const char *text;
		char *slot = (char *)to + message_texts[i];
		memcpy(&text, slot, sizeof(text));
		text = arena_strdup(t->arena, text);
		memcpy(slot, &text, sizeof(text));
	}
	if (from->raw.size == 0) {
		to->raw = t->begun;
		to->raw_type = t->begun_type;
	} else {
		to->raw = copy_bytes(t->arena, from->raw);
	}
	struct jembatan_attachment *list = NULL;
	if (from->attachment_count > 0)
		list = arena_alloc(t->arena, from->attachment_count * sizeof(*list));
	for (size_t i = 0; i < from->attachment_count; i++) {
		const struct jembatan_attachment *a = &from->attachments[i];
		list[i].name = arena_strdup(t->arena, a->name);
		list[i].media_type = arena_strdup(t->arena, a->media_type);
		list[i].spool = arena_strdup(t->arena, a->spool);
		list[i].reference = arena_strdup(t->arena, a->reference);
	}
	to->attachments = list;
}

static enum jembatan_result on_begin(struct jembatan_context *ctx, const char *id,
				     struct jembatan_bytes raw, const char *raw_type)
{
	struct testctx *t = of(ctx);
	if (t->skip && str_equal(t->skip, id))
		return JEMBATAN_DATA;
	ASSERT(t->begin_count < LIST_MAX);
	if (t->begin_count == t->begin_room) {
		t->begin_room = t->begin_room ? 2 * t->begin_room : 16;
		t->begins = xrealloc(t->begins, t->begin_room, sizeof(*t->begins));
	}
	t->begins[t->begin_count++] = arena_strdup(t->arena, id);
	t->begun = copy_bytes(t->arena, raw);
	t->begun_type = arena_strdup(t->arena, raw_type);
	return JEMBATAN_OK;
}

static enum jembatan_result on_emit(struct jembatan_context *ctx, const struct jembatan_message *m)
{
	struct testctx *t = of(ctx);
	ASSERT(m->size == sizeof(*m));
	ASSERT(t->emit_count < LIST_MAX);
	if (t->emit_count == t->emit_room) {
		t->emit_room = t->emit_room ? 2 * t->emit_room : 16;
		t->emits = xrealloc(t->emits, t->emit_room, sizeof(*t->emits));
	}
	copy_message(t, m, &t->emits[t->emit_count++]);
	return JEMBATAN_OK;
}

static enum jembatan_result on_checkpoint(struct jembatan_context *ctx, const char *cursor)
{
	struct testctx *t = of(ctx);
	if (t->fail_checkpoint > 0 && --t->fail_checkpoint == 0)
		return JEMBATAN_RETRY;
	t->checkpoint_count++;
	t->emits_at_checkpoint = t->emit_count;
	if (cursor) {
		free(t->cursor);
		t->cursor = xstrdup(cursor);
	}
	return JEMBATAN_OK;
}

static enum jembatan_result on_checkpoint_ahead(struct jembatan_context *ctx, const char *cursor)
{
	enum jembatan_result r = on_checkpoint(ctx, cursor);
	if (r == JEMBATAN_OK)
		of(ctx)->ahead_count++;
	return r;
}

static enum jembatan_result on_receipt(struct jembatan_context *ctx,
				       const struct jembatan_receipt *r)
{
	struct testctx *t = of(ctx);
	ASSERT(r->size == sizeof(*r));
	ASSERT(t->receipt_count < LIST_MAX);
	t->receipts = xrealloc(t->receipts, t->receipt_count + 1, sizeof(*t->receipts));
	struct jembatan_receipt *kept = &t->receipts[t->receipt_count++];
	*kept = *r;
	kept->remote_id = arena_strdup(t->arena, r->remote_id);
	kept->reference = arena_strdup(t->arena, r->reference);
	kept->reason = arena_strdup(t->arena, r->reason);
	kept->thread = arena_strdup(t->arena, r->thread);
	kept->thread_alias = arena_strdup(t->arena, r->thread_alias);
	return JEMBATAN_OK;
}

static struct state *find_state(struct testctx *t, const char *key)
{
	for (size_t i = 0; i < t->state_count; i++)
		if (str_equal(t->states[i].key, key))
			return &t->states[i];
	return NULL;
}

static enum jembatan_result on_state_get(struct jembatan_context *ctx, const char *key,
					 struct jembatan_bytes *out_value)
{
	struct state *s = find_state(of(ctx), key);
	if (!s || s->value.size == 0)
		return JEMBATAN_GONE;
	*out_value = buf_bytes(&s->value);
	return JEMBATAN_OK;
}

static enum jembatan_result on_state_put(struct jembatan_context *ctx, const char *key,
					 struct jembatan_bytes value)
{
	struct testctx *t = of(ctx);
	if (t->fail_state > 0 && --t->fail_state == 0)
		return JEMBATAN_RETRY;
	struct state *s = find_state(t, key);
	if (!s) {
		ASSERT(t->state_count < STATES_MAX);
		s = &t->states[t->state_count++];
		s->key = xstrdup(key);
		buf_init(&s->value, 64u * 1024u);
	}
	buf_clear(&s->value);
	buf_add(&s->value, value.data, value.size);
	return buf_is_full(&s->value) ? JEMBATAN_DATA : JEMBATAN_OK;
}

static enum jembatan_result on_watch(struct jembatan_context *ctx, int fd, int64_t timeout_ms)
{
	(void)timeout_ms;
	of(ctx)->watched_fd = fd;
	return JEMBATAN_OK;
}

static const struct jembatan_option *declared(const struct testctx *t, const char *name)
{
	for (const struct jembatan_option *o = t->declared; o && o->name; o++)
		if (str_equal(o->name, name))
			return o;
	return NULL;
}

static const char *on_get_string(struct jembatan_context *ctx, const char *name)
{
	struct testctx *t = of(ctx);
	for (const struct testctx_option *r = t->rows; r && r->name; r++)
		if (!r->key && str_equal(r->name, name))
			return r->value;
	const struct jembatan_option *o = declared(t, name);
	return o ? o->preset : NULL;
}

/* Without a declaration the spelling decides: no unit is used twice. */
static int64_t on_get_integer(struct jembatan_context *ctx, const char *name)
{
	const char *text = on_get_string(ctx, name);
	int64_t value;
	if (!text)
		return 0;
	if (str_equal(text, "true"))
		return 1;
	if (units_duration_ms(text, &value) || units_bytes(text, &value))
		return value;
	return strtoll(text, NULL, 10);
}

static bool on_get_entry(struct jembatan_context *ctx, const char *name, size_t index,
			 const char **out_key, const char **out_value)
{
	struct testctx *t = of(ctx);
	for (const struct testctx_option *r = t->rows; r && r->name; r++) {
		if (!str_equal(r->name, name) || index-- > 0)
			continue;
		*out_key = r->key;
		*out_value = r->value;
		return true;
	}
	return false;
}

static const char *on_where(struct jembatan_context *ctx, const char *name, const char *key)
{
	struct testctx *t = of(ctx);
	for (const struct testctx_option *r = t->rows; r && r->name; r++)
		if (str_equal(r->name, name) && (!key || str_equal(r->key, key)))
			return arena_printf(t->arena, "test.yaml:%zu", (size_t)(r - t->rows) + 1);
	return "built in";
}

static bool on_stopping(struct jembatan_context *ctx)
{
	return of(ctx)->stopping;
}

static JEMBATAN_PRINTF(3, 0) enum jembatan_result
	on_vexplain(struct jembatan_context *ctx, enum jembatan_result result, const char *format,
		    va_list ap)
{
	struct testctx *t = of(ctx);
	vsnprintf(t->explanation, sizeof(t->explanation), format, ap);
	return result;
}

static void on_delay(struct jembatan_context *ctx, int64_t ms)
{
	of(ctx)->delay_ms = ms;
}

static JEMBATAN_PRINTF(3, 0) void
on_vlog(struct jembatan_context *ctx, enum jembatan_level level, const char *format, va_list ap)
{
	struct testctx *t = of(ctx);
	char line[512];
	(void)level;
	vsnprintf(line, sizeof(line), format, ap);
	buf_printf(&t->log, "%s\n", line);
}

static int64_t on_now_ms(struct jembatan_context *ctx)
{
	struct testctx *t = of(ctx);
	return t->now_is_held ? t->now_ms : clock_now_ms();
}

static struct jembatan_spool *add_spool(struct testctx *t, const char *token)
{
	struct jembatan_spool *s = xcalloc(1, sizeof(*s));
	snprintf(s->token, sizeof(s->token), "%s", token);
	buf_init(&s->bytes, t->spool_ceiling);
	s->next = t->spools;
	t->spools = s;
	return s;
}

static enum jembatan_result on_spool_open(struct jembatan_context *ctx,
					  struct jembatan_spool **out_spool)
{
	struct testctx *t = of(ctx);
	char token[32];
	snprintf(token, sizeof(token), "spool-%zu", ++t->spool_count);
	*out_spool = add_spool(t, token);
	return JEMBATAN_OK;
}

static enum jembatan_result on_spool_write(struct jembatan_context *ctx, struct jembatan_spool *s,
					   struct jembatan_bytes piece)
{
	(void)ctx;
	buf_add(&s->bytes, piece.data, piece.size);
	return buf_is_full(&s->bytes) ? JEMBATAN_DATA : JEMBATAN_OK;
}

static enum jembatan_result on_spool_close(struct jembatan_context *ctx, struct jembatan_spool *s,
					   const char **out_token)
{
	(void)ctx;
	if (buf_is_full(&s->bytes))
		return JEMBATAN_DATA;
	*out_token = s->token;
	return JEMBATAN_OK;
}

static const struct jembatan_host host = {
	.size = sizeof(host),
	.begin = on_begin,
	.emit = on_emit,
	.checkpoint = on_checkpoint,
	.receipt = on_receipt,
	.state_get = on_state_get,
	.state_put = on_state_put,
	.watch = on_watch,
	.get_string = on_get_string,
	.get_integer = on_get_integer,
	.get_entry = on_get_entry,
	.where = on_where,
	.stopping = on_stopping,
	.vexplain = on_vexplain,
	.delay = on_delay,
	.vlog = on_vlog,
	.now_ms = on_now_ms,
	.spool_open = on_spool_open,
	.spool_write = on_spool_write,
	.spool_close = on_spool_close,
	.checkpoint_ahead = on_checkpoint_ahead,
};

struct testctx *testctx_new(const struct testctx_option *rows,
			    const struct jembatan_option *options)
{
	struct testctx *t = xcalloc(1, sizeof(*t));
	t->rows = rows;
	t->declared = options;
	t->arena = arena_new();
	t->delay_ms = -1;
	t->watched_fd = -1;
	t->spool_ceiling = SPOOL_PRESET;
	buf_init(&t->log, 1024u * 1024u);
	t->context.size = sizeof(t->context);
	t->context.host = &host;
	t->context.instance = "test";
	t->context.host_data = t;
	return t;
}

void testctx_free(struct testctx *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->state_count; i++) {
		free(t->states[i].key);
		buf_done(&t->states[i].value);
	}
	while (t->spools) {
		struct jembatan_spool *next = t->spools->next;
		buf_done(&t->spools->bytes);
		free(t->spools);
		t->spools = next;
	}
	buf_done(&t->log);
	free(t->receipts);
	free(t->emits);
	free(t->begins);
	free(t->cursor);
	free(t->skip);
	arena_free(t->arena);
	free(t);
}

struct jembatan_context *testctx_context(struct testctx *t)
{
	return &t->context;
}

size_t testctx_emit_count(const struct testctx *t)
{
	return t->emit_count;
}

const struct jembatan_message *testctx_emit(const struct testctx *t, size_t index)
{
	return index < t->emit_count ? &t->emits[index] : NULL;
}

size_t testctx_begin_count(const struct testctx *t)
{
	return t->begin_count;
}

const char *testctx_begin_id(const struct testctx *t, size_t index)
{
	return index < t->begin_count ? t->begins[index] : NULL;
}

size_t testctx_checkpoint_count(const struct testctx *t)
{
	return t->checkpoint_count;
}

size_t testctx_ahead_count(const struct testctx *t)
{
	return t->ahead_count;
}

const char *testctx_cursor(const struct testctx *t)
{
	return t->cursor;
}

size_t testctx_emits_at_checkpoint(const struct testctx *t)
{
	return t->emits_at_checkpoint;
}

size_t testctx_receipt_count(const struct testctx *t)
{
	return t->receipt_count;
}

const struct jembatan_receipt *testctx_receipt(const struct testctx *t, size_t index)
{
	ASSERT(index < t->receipt_count);
	return &t->receipts[index];
}

const char *testctx_explanation(const struct testctx *t)
{
	return t->explanation;
}

int64_t testctx_delay(const struct testctx *t)
{
	return t->delay_ms;
}

const char *testctx_log(const struct testctx *t)
{
	return t->log.size > 0 ? t->log.data : "";
}

int testctx_watched_fd(const struct testctx *t)
{
	return t->watched_fd;
}

struct jembatan_bytes testctx_spooled(const struct testctx *t, const char *token)
{
	for (const struct jembatan_spool *s = t->spools; s; s = s->next)
		if (str_equal(s->token, token))
			return buf_bytes(&s->bytes);
	return (struct jembatan_bytes){ NULL, 0 };
}

void testctx_forget(struct testctx *t)
{
	t->emit_count = t->begin_count = 0;
	t->checkpoint_count = t->ahead_count = t->emits_at_checkpoint = t->receipt_count = 0;
	t->begun = (struct jembatan_bytes){ NULL, 0 };
	t->begun_type = NULL;
	t->explanation[0] = '\0';
	t->delay_ms = -1;
	t->watched_fd = -1;
	buf_clear(&t->log);
	arena_reset(t->arena);
}

void testctx_set_now(struct testctx *t, int64_t now_ms)
{
	t->now_ms = now_ms;
	t->now_is_held = true;
}

void testctx_set_stopping(struct testctx *t, bool stopping)
{
	t->stopping = stopping;
}

void testctx_skip(struct testctx *t, const char *id)
{
	free(t->skip);
	t->skip = xstrdup(id);
}

void testctx_fail_checkpoint(struct testctx *t, unsigned n)
{
	t->fail_checkpoint = n;
}

void testctx_fail_state(struct testctx *t, unsigned n)
{
	t->fail_state = n;
}

void testctx_set_spool_ceiling(struct testctx *t, size_t bytes)
{
	t->spool_ceiling = bytes;
}

struct jembatan_spool *testctx_spool(struct testctx *t)
{
	return add_spool(t, "fetch");
}
