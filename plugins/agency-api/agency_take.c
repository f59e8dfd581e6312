/* agency_take.c: the records of one page on their way to the core. */
#include "agency-api/agency_take.h"
#include "agency-api/agency_bring.h"

/* A page whose details take longer is brought in parts: poll may take 120 s. */
#define PART_MS 45000

static void count_time(struct agency_tally *t, const struct agency_record *record)
{
	int64_t ms = record->updated_ms;

	if (!record->has_updated) {
		t->untimed++;
		return;
	}
	if (t->timed == 0) {
		t->sorted = true;
		t->first_ms = t->lowest_ms = t->highest_ms = t->last_ms = ms;
	}
	t->timed++;
	t->has_between = t->has_between || (ms >= t->from_ms && ms <= t->to_ms);
	t->sorted = t->sorted && ms >= t->last_ms;
	t->last_ms = ms;
	if (ms < t->lowest_ms)
		t->lowest_ms = ms;
	if (ms > t->highest_ms)
		t->highest_ms = ms;
}

static void tell_odd_time(struct agency_take *take,
			  const struct agency_record *record)
{
	if (!record->odd_time || take->odd_time_told)
		return;
	take->odd_time_told = true;
	jembatan_log(take->setup->ctx, JEMBATAN_WARNING,
		     "record %s: %s is not a time; see date_format (%s)",
		     record->id ? record->id : "without id", record->odd_time,
		     jembatan_where(take->setup->ctx, "date_format", NULL));
}

/* The second of its change may not be over at the app: what changes in it and is
 * seen in the details only would not change the record in the list. */
#define FRESH_MS 3000

static bool is_fresh(const struct agency_take *take, const struct agency_record *record,
		     const struct agency_tally *tally)
{
	return take->setup->detail_count > 0 && record->has_updated &&
	       tally->limit_ms != INT64_MAX &&
	       record->updated_ms > tally->limit_ms - FRESH_MS;
}

static enum jembatan_result bring_new(struct agency_take *take,
				      struct jembatan_bytes bytes,
				      struct agency_record *record,
				      enum jembatan_result parsed, bool fresh,
				      struct kit_why *why)
{
	uint64_t key = agency_seen_key(record->digest);
	enum jembatan_result result = parsed;

	if (parsed == JEMBATAN_OK)
		result = agency_api_details(take->api, take->arena, &bytes, record, why);
	if (result != JEMBATAN_OK && result != JEMBATAN_DATA)
		return result;
	result = agency_bring(take->setup->mapping, bytes, record, result, why->text,
			      take->arena);
	if (result == JEMBATAN_OK && !fresh)
		agency_seen_note(take->seen, key);
	return result;
}

static enum jembatan_result take_record(struct agency_take *take,
					struct jembatan_bytes bytes,
					struct agency_tally *tally)
{
	struct agency_record record = { 0 };
	struct kit_why why = { "" };
	enum jembatan_result result = JEMBATAN_OK;
	enum jembatan_result parsed = agency_parse_record(
		take->setup->mapping, bytes, take->arena, &record, &why);
	bool too_old = record.has_created && record.created_ms < take->setup->ctx->start_ms;

	count_time(tally, &record);
	tell_odd_time(take, &record);
	if (!too_old &&
	    !agency_seen_has(take->seen, agency_seen_key(record.digest))) {
		result = bring_new(take, bytes, &record, parsed,
				   is_fresh(take, &record, tally), &why);
		tally->brought += result == JEMBATAN_OK;
	}
	agency_record_done(&record);
	return result;
}

enum jembatan_result agency_take_page(struct agency_take *take,
				      const struct agency_page *page,
				      struct agency_tally *tally, bool *out_whole)
{
	int64_t until = jembatan_now_ms(take->setup->ctx) + PART_MS;
	enum jembatan_result put_aside = JEMBATAN_OK;
	enum jembatan_result result = JEMBATAN_OK;

	*out_whole = false;
	for (size_t i = 0; i < page->count; i++) {
		if (jembatan_stopping(take->setup->ctx) ||
		    (tally->brought > 0 && jembatan_now_ms(take->setup->ctx) > until))
			return JEMBATAN_OK;
		result = take_record(take, page->records[i], tally);
		if (result == JEMBATAN_RETRY && agency_api_may_go_on(take->api))
			put_aside = result;
		else if (result != JEMBATAN_OK)
			return result;
	}
	*out_whole = put_aside == JEMBATAN_OK;
	return put_aside;
}
