/* fuzz_dedup.c: tokens, entities, fingerprints and rows. The first byte says
 * what: a text with its location (parted by a NUL), a row, or a JSON line. What
 * comes out stays in its room, and a row of this version packs to the
 * same bytes. */
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/text.h"
#include "ticket/dedup.h"
#include "ticket/quotes.h"
#include "ticket/dedup_lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct dedup_model *model;
static struct dedup_query *query;

static void try_row(struct jembatan_bytes row)
{
	struct fingerprint f;
	struct buf again;
	if (fingerprint_unpack(row, &f, NULL) != JEMBATAN_OK)
		return;
	buf_init(&again, FINGERPRINT_ROW_MAX);
	fingerprint_pack(&f, &again);
	bool is_newest = *again.data == *(const char *)row.data;
	ASSERT(!is_newest || (again.size == row.size && memcmp(again.data, row.data, row.size) == 0));
	struct dedup_record record = { .time_ms = f.time_ms, .topics = f.topics,
		.channel = f.channel, .evidence_count = f.evidence_count, .mark_count = f.mark_count,
		.evidence = f.evidence, .marks = f.marks };
	struct dedup_features features;
	dedup_query_set(query, &f);
	if (dedup_compare(query, &record, &features)) {
		double score = dedup_score(model, &features);
		ASSERT(score >= 0 && score <= 1);
	}
	buf_done(&again);
}

static void try_tokens(const char *text, const char *location)
{
	struct tokens *t = xmalloc(sizeof(*t));
	tokens_read(dedup_model_lexicon(model), text, location, INT64_C(1786950000000), 420, t);
	ASSERT(t->count <= TOKENS_MAX && t->phone_count <= TOKENS_PHONES_MAX);
	for (size_t i = 0; i < t->count; i++) {
		ASSERT(t->items[i].role < ROLE_COUNT);
		ASSERT(t->items[i].size > 0 && strlen(t->items[i].text) == t->items[i].size);
		ASSERT(text_is_utf8(t->items[i].text, t->items[i].size));
	}
	free(t);
}

static void try_text(const char *data, size_t size)
{
	struct buf clean, row;
	buf_init(&clean, size * 3 + 16);
	text_clean(data, size, &clean);
	size_t half = text_prefix_bytes(clean.data != NULL ? clean.data : "", clean.size, clean.size / 2);
	char *text = xstrndup(clean.data != NULL ? clean.data : "", half);
	const char *location = clean.data != NULL ? clean.data + half : NULL;
	struct quote quotes[QUOTES_MAX];
	ASSERT(quotes_find(text, quotes) <= QUOTES_MAX);
	struct dedup_input input = { .text = text, .location = location, .time_ms = 1786950000000 };
	struct fingerprint f;
	try_tokens(text, location);
	fingerprint_read(model, NULL, &input, &f);
	buf_init(&row, FINGERPRINT_ROW_MAX);
	fingerprint_pack(&f, &row);
	ASSERT(!buf_is_full(&row));
	try_row(buf_bytes(&row));
	buf_done(&row);
	buf_done(&clean);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dedup_line line;
	struct why why;
	if (model == NULL && dedup_model_load(TEST_DEDUP, bytes_text("fuzz"), &model, &why) != JEMBATAN_OK)
		abort();
	if (query == NULL)
		query = dedup_query_new();
	if (size == 0 || size > 100000)
		return 0;
	switch (data[0] % 3) {
	case 0:
		try_text((const char *)data + 1, size - 1);
		break;
	case 1:
		try_row(bytes_of(data + 1, size - 1));
		break;
	default:
		if (dedup_line_read(model, bytes_of(data + 1, size - 1), &line, &why) == JEMBATAN_OK) {
			try_tokens(line.input.text, line.input.location);
			dedup_line_done(&line);
		}
	}
	return 0;
}
