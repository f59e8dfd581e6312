/* agency_walk.c: the walk over the app's list.
 *
 * Nothing is lost when we die anywhere: each page that brings something ends in a
 * checkpoint, whose cursor names the page behind it. `since` moves only over
 * what is on disk, by the app's own times, and never beyond the app's own clock
 * (a record from the future would hide all that comes before it). */
#include "agency-api/agency_walk.h"
#include "agency-api/agency_api.h"
#include "agency-api/agency_bring.h"
#include "agency-api/agency_cursor.h"
#include "agency-api/agency_seen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A page whose details take longer is brought in parts: poll may take 120 s. */
#define PART_MS 45000
/* How often a list that shifts while it is read is gone through again. */
#define AGAIN_MAX 2
/* No two time zones are further apart. */
#define WIDE_MS (26 * 3600000LL)

struct agency_walk {
	struct jembatan_context *ctx;
	struct agency_setup *setup;
	struct agency_api *api;
	struct agency_seen *seen;
	struct kit_arena *arena; /* of one page */
	struct agency_cursor cursor, saved; /* saved: on disk */
	bool odd_time_told;
	int64_t shift_ms;        /* asked so much earlier; see look_wider */
	bool trying_wide;
	/* The walk; pages is NULL between walks. */
	struct kit_pages *pages;
	int64_t clock_ms; /* the app's, when the walk began; or 0 */
	bool resumed;     /* it began with cursor.at, which is not read yet */
	/* Since the list's first page. */
	int64_t asked_ms; /* its `updated >=` */
	int64_t last_ms;  /* the last time of change on the pages so far ... */
	int64_t lowest_ms; /* ... and the lowest; AGENCY_NEVER: none */
	int64_t known_ms; /* a change that must come again; or AGENCY_NEVER */
	bool proper;      /* filtered and sorted as the settings promise */
	unsigned page_count;
	size_t brought;   /* records handed over */
};

/* What one page has shown. */
struct tally {
	size_t timed; /* records with a time of change */
	size_t untimed;
	int64_t first_ms, lowest_ms, highest_ms, last_ms;
	bool sorted;
	size_t brought;
	int64_t limit_ms; /* the app's clock when it answered */
};

/* ---- open, close ------------------------------------------------------- */

static void read_cursor(struct agency_walk *walk, const char *text)
{
	struct jembatan_context *ctx = walk->ctx;

	walk->cursor = (struct agency_cursor){ .since_ms = AGENCY_NEVER,
					      .high_ms = AGENCY_NEVER };
	if (text && agency_cursor_parse(text, &walk->cursor) != JEMBATAN_OK)
		jembatan_log(ctx, JEMBATAN_WARNING,
			     "the stored cursor is not one of this plugin; the list is "
			     "read from the start, and what is known is not taken twice");
	if (walk->cursor.since_ms == AGENCY_NEVER && ctx->start_ms > 0)
		walk->cursor.since_ms = ctx->start_ms;
	if (*walk->cursor.at &&
	    !kit_url_same_origin(walk->cursor.at, walk->setup->url))
		*walk->cursor.at = '\0';
	walk->saved = walk->cursor;
}

enum jembatan_result agency_walk_open(struct jembatan_context *ctx,
				      const char *cursor,
				      struct agency_walk **out)
{
	struct agency_setup *setup;
	struct agency_walk *walk;
	enum jembatan_result result = agency_setup_new(ctx, &setup);

	if (result != JEMBATAN_OK)
		return result;
	walk = calloc(1, sizeof(*walk));
	if (!walk)
		abort();
	walk->ctx = ctx;
	walk->setup = setup;
	walk->api = agency_api_open(ctx, setup);
	walk->arena = kit_arena_new();
	walk->seen = agency_seen_new();
	read_cursor(walk, cursor);
	*out = walk;
	return JEMBATAN_OK;
}

void agency_walk_close(struct agency_walk *walk)
{
	if (!walk)
		return;
	kit_pages_free(walk->pages);
	agency_api_close(walk->api);
	agency_seen_free(walk->seen);
	kit_arena_free(walk->arena);
	agency_setup_free(walk->setup);
	free(walk);
}

struct agency_api *agency_walk_api(struct agency_walk *walk)
{
	return walk->api;
}

/* ---- the walk ---------------------------------------------------------- */

/* Everything before is on disk, and has been for the length of the overlap. */
static int64_t less_overlap(const struct agency_walk *walk)
{
	int64_t since = walk->cursor.since_ms;
	int64_t less = walk->setup->overlap_ms + walk->shift_ms;

	if (since == AGENCY_NEVER || since < less)
		return 0;
	return since - less;
}

static void walk_from(struct agency_walk *walk, int64_t since_ms)
{
	char *url = agency_setup_list_url(walk->setup, since_ms);

	kit_pages_free(walk->pages);
	walk->pages = kit_pages_new(&walk->setup->pages, url);
	walk->asked_ms = agency_setup_asked_ms(walk->setup, since_ms);
	walk->last_ms = walk->lowest_ms = AGENCY_NEVER;
	walk->known_ms = walk->setup->filtered && walk->setup->mapping->updated_path ?
				 walk->cursor.since_ms :
				 AGENCY_NEVER;
	walk->proper = true;
	walk->page_count = 0;
	walk->brought = 0;
	walk->resumed = false;
	*walk->cursor.at = '\0';
	free(url);
}

/* Anew, or where the cursor says that a walk was left. */
static void walk_begin(struct agency_walk *walk)
{
	struct agency_cursor stored = walk->cursor;

	walk->clock_ms = 0;
	walk_from(walk, less_overlap(walk));
	if (!*stored.at && stored.again == 0)
		walk->cursor.high_ms = AGENCY_NEVER;
	if (!*stored.at)
		return;
	walk->cursor = stored;
	walk->resumed = true;
	walk->known_ms = AGENCY_NEVER;
	/* Only what lies behind `since` may move the walk on. */
	walk->asked_ms = agency_setup_asked_ms(walk->setup, stored.since_ms);
	/* Pages have been read before the restart, and brought something. */
	walk->page_count = 2;
	walk->brought = 1;
	kit_pages_free(walk->pages);
	walk->pages = kit_pages_new(&walk->setup->pages, stored.at);
}

static void walk_end(struct agency_walk *walk)
{
	kit_pages_free(walk->pages);
	walk->pages = NULL;
	walk->cursor.again = 0;
	*walk->cursor.at = '\0';
}

/* The page to be read next; too long to keep: the walk is begun anew. */
static void remember_page(struct agency_walk *walk)
{
	const char *url = kit_pages_url(walk->pages);

	if (strlen(url) < sizeof(walk->cursor.at))
		(void)snprintf(walk->cursor.at, sizeof(walk->cursor.at), "%s", url);
	else
		*walk->cursor.at = '\0';
}

static void raise_to(int64_t *mark, int64_t ms)
{
	if (ms > *mark)
		*mark = ms;
}

/* A walk that found nothing new leaves no trace. */
static bool is_worth_saving(const struct agency_walk *walk, size_t brought)
{
	return brought > 0 || walk->brought > 0 ||
	       walk->cursor.since_ms != walk->saved.since_ms ||
	       *walk->saved.at || walk->saved.again > 0;
}

/* Everything brought since the last checkpoint gets to disk together with the
 * cursor. When that fails the walk goes back to the cursor that is on disk. */
static enum jembatan_result save(struct agency_walk *walk, size_t brought)
{
	enum jembatan_result result;
	char *text;

	if (!is_worth_saving(walk, brought))
		return JEMBATAN_OK;
	text = agency_cursor_format(&walk->cursor);
	result = jembatan_checkpoint(walk->ctx, text);
	free(text);
	if (result == JEMBATAN_OK) {
		agency_seen_commit(walk->seen);
		walk->saved = walk->cursor;
		return JEMBATAN_OK;
	}
	agency_seen_abort(walk->seen);
	walk_end(walk);
	walk->cursor = walk->saved;
	return result;
}

/* ---- records ----------------------------------------------------------- */

static void count_time(struct tally *t, const struct agency_record *record)
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
	t->sorted = t->sorted && ms >= t->last_ms;
	t->last_ms = ms;
	if (ms < t->lowest_ms)
		t->lowest_ms = ms;
	raise_to(&t->highest_ms, ms);
}

static void tell_odd_time(struct agency_walk *walk,
			  const struct agency_record *record)
{
	if (!record->odd_time || walk->odd_time_told)
		return;
	walk->odd_time_told = true;
	jembatan_log(walk->ctx, JEMBATAN_WARNING,
		     "record %s: %s is not a time; see date_format (%s)",
		     record->id ? record->id : "without id", record->odd_time,
		     jembatan_where(walk->ctx, "date_format", NULL));
}

static enum jembatan_result bring_new(struct agency_walk *walk,
				      struct jembatan_bytes bytes,
				      struct agency_record *record,
				      enum jembatan_result parsed,
				      struct kit_why *why)
{
	uint64_t key = agency_seen_key(record->digest);
	enum jembatan_result result = parsed;

	if (parsed == JEMBATAN_OK)
		result = agency_api_details(walk->api, walk->arena, &bytes, record, why);
	if (result != JEMBATAN_OK && result != JEMBATAN_DATA)
		return result;
	result = agency_bring(walk->setup->mapping, bytes, record, result, why->text,
			      walk->arena);
	if (result == JEMBATAN_OK)
		agency_seen_note(walk->seen, key);
	return result;
}

static enum jembatan_result take_record(struct agency_walk *walk,
					struct jembatan_bytes bytes,
					struct tally *tally)
{
	struct agency_record record = { 0 };
	struct kit_why why = { "" };
	enum jembatan_result result = JEMBATAN_OK;
	enum jembatan_result parsed = agency_parse_record(
		walk->setup->mapping, bytes, walk->arena, &record, &why);
	bool too_old = record.has_created && record.created_ms < walk->ctx->start_ms;

	count_time(tally, &record);
	tell_odd_time(walk, &record);
	if (!too_old &&
	    !agency_seen_has(walk->seen, agency_seen_key(record.digest))) {
		result = bring_new(walk, bytes, &record, parsed, &why);
		tally->brought += result == JEMBATAN_OK;
	}
	agency_record_done(&record);
	return result;
}

/* All records of a page, or as many as time allows and details come for:
 * out_whole. */
static enum jembatan_result take_records(struct agency_walk *walk,
					 const struct agency_page *page,
					 struct tally *tally, bool *out_whole)
{
	int64_t until = jembatan_now_ms(walk->ctx) + PART_MS;
	enum jembatan_result put_aside = JEMBATAN_OK;
	enum jembatan_result result = JEMBATAN_OK;

	*out_whole = false;
	for (size_t i = 0; i < page->count; i++) {
		if (jembatan_stopping(walk->ctx) ||
		    (tally->brought > 0 && jembatan_now_ms(walk->ctx) > until))
			return JEMBATAN_OK;
		result = take_record(walk, page->records[i], tally);
		if (result == JEMBATAN_RETRY && agency_api_may_go_on(walk->api))
			put_aside = result;
		else if (result != JEMBATAN_OK)
			return result;
	}
	*out_whole = put_aside == JEMBATAN_OK;
	return put_aside;
}

/* ---- after a page ------------------------------------------------------ */

/* The list comes newest first, and we have come to what is known. */
static bool is_all_old(const struct agency_walk *walk, const struct tally *tally)
{
	return walk->setup->order == AGENCY_DESCENDING && tally->timed > 0 &&
	       tally->untimed == 0 && walk->cursor.since_ms != AGENCY_NEVER &&
	       tally->highest_ms < less_overlap(walk);
}

static void judge_page(struct agency_walk *walk, const struct tally *tally)
{
	walk->page_count++;
	walk->resumed = false;
	if (tally->timed + tally->untimed == 0)
		return;
	walk->proper = walk->proper && tally->untimed == 0 && tally->sorted &&
		       tally->first_ms >= walk->asked_ms &&
		       tally->first_ms >= walk->last_ms &&
		       tally->highest_ms <= tally->limit_ms;
	if (tally->timed == 0)
		return;
	walk->last_ms = tally->last_ms;
	if (walk->lowest_ms == AGENCY_NEVER || tally->lowest_ms < walk->lowest_ms)
		walk->lowest_ms = tally->lowest_ms;
	raise_to(&walk->cursor.high_ms, tally->highest_ms < tally->limit_ms ?
						tally->highest_ms :
						tally->limit_ms);
}

/* May the walk go on from this page's last change instead of by page number?
 * Only where the app has shown that it filters and sorts as promised. */
static bool may_move_on(const struct agency_walk *walk)
{
	return walk->setup->order == AGENCY_ASCENDING && walk->proper &&
	       walk->shift_ms == 0 &&
	       walk->last_ms != AGENCY_NEVER &&
	       agency_setup_asked_ms(walk->setup, walk->last_ms) > walk->asked_ms;
}

/* We asked for changes since a time at which we know of one, and `>=` must
 * bring it again. When it does not, the record has changed since, or the app
 * reads our time otherwise than we write it, and would hide changes. */
static bool is_suspect(const struct agency_walk *walk)
{
	return walk->known_ms != AGENCY_NEVER &&
	       (walk->lowest_ms == AGENCY_NEVER ||
		walk->lowest_ms > walk->known_ms + 999);
}

/* So ask for more than any wrong time zone could hide, and see. */
static enum jembatan_result look_wider(struct agency_walk *walk, size_t brought)
{
	walk->shift_ms = WIDE_MS;
	walk->trying_wide = true;
	walk_from(walk, less_overlap(walk));
	return save(walk, brought);
}

static void judge_wide(struct agency_walk *walk)
{
	if (!walk->trying_wide)
		return;
	walk->trying_wide = false;
	if (is_suspect(walk)) {
		walk->shift_ms = 0; /* it had changed: all is well */
		return;
	}
	jembatan_log(walk->ctx, JEMBATAN_WARNING,
		     "the app hides changes that {updated} asks for: zone (%s) or "
		     "updated_format does not fit; from now on 26 hours more are asked "
		     "for, which is slower",
		     jembatan_where(walk->ctx, "zone", NULL));
}

static enum jembatan_result move_on(struct agency_walk *walk,
				    const struct tally *tally)
{
	raise_to(&walk->cursor.since_ms, walk->cursor.high_ms);
	walk_from(walk, walk->cursor.since_ms);
	remember_page(walk); /* a restart need not go back by the overlap */
	return save(walk, tally->brought);
}

/* A row that goes away while pages are counted moves all others up, and one of
 * them out of sight. So a list of several pages that brought something is gone
 * through again before `since` moves on; what is known costs little. */
static bool must_go_again(const struct agency_walk *walk)
{
	return walk->page_count > 1 && walk->brought > 0 &&
	       walk->cursor.again < AGAIN_MAX &&
	       walk->setup->pages.style != KIT_PAGES_CURSOR;
}

/* All of the list is on disk after this. */
static enum jembatan_result finish_walk(struct agency_walk *walk, size_t brought)
{
	enum jembatan_result result;

	if (is_suspect(walk) && walk->shift_ms == 0)
		return look_wider(walk, brought);
	judge_wide(walk);
	if (must_go_again(walk)) {
		walk->cursor.again++;
		walk_from(walk, less_overlap(walk));
		return save(walk, brought);
	}
	if (walk->setup->mapping->updated_path)
		raise_to(&walk->cursor.since_ms, walk->cursor.high_ms);
	else if (walk->clock_ms > 0)
		raise_to(&walk->cursor.since_ms, walk->clock_ms);
	walk_end(walk);
	result = save(walk, brought);
	return result == JEMBATAN_OK ? JEMBATAN_IDLE : result;
}

/* What has been read stays; the walk is given up and begun again later. */
static enum jembatan_result break_off(struct agency_walk *walk, size_t brought,
				      const char *reason)
{
	enum jembatan_result result;

	walk_end(walk);
	result = save(walk, brought);
	if (result != JEMBATAN_OK)
		return result;
	return jembatan_explain(walk->ctx, JEMBATAN_RETRY,
				"%s; the list is begun anew later", reason);
}

static enum jembatan_result after_page(struct agency_walk *walk,
				       const struct kit_page *page,
				       const struct tally *tally)
{
	struct kit_why why = { "" };
	enum jembatan_result result;

	judge_page(walk, tally);
	walk->brought += tally->brought;
	if (is_all_old(walk, tally))
		return finish_walk(walk, tally->brought);
	result = kit_pages_advance(walk->pages, page, &why);
	if (result == JEMBATAN_IDLE)
		return finish_walk(walk, tally->brought);
	if (may_move_on(walk))
		return is_suspect(walk) ? look_wider(walk, tally->brought) :
					  move_on(walk, tally);
	if (result != JEMBATAN_OK)
		return break_off(walk, tally->brought, why.text);
	remember_page(walk);
	return save(walk, tally->brought);
}

/* Part of a page, because of time or of a failure behind it: what has come
 * gets to disk, and the page is asked for again. */
static enum jembatan_result after_part(struct agency_walk *walk, size_t brought,
				       enum jembatan_result result)
{
	enum jembatan_result saved;

	if (brought == 0)
		return result;
	walk->brought += brought;
	remember_page(walk);
	saved = save(walk, brought);
	return saved == JEMBATAN_OK ? result : saved;
}

static enum jembatan_result take_page(struct agency_walk *walk,
				      struct jembatan_bytes body,
				      const char *link, int64_t server_ms)
{
	struct agency_page page = { 0 };
	/* A Date is in whole seconds. */
	struct tally tally = {
		.limit_ms = server_ms > 0 ? server_ms + 999 : INT64_MAX,
	};
	struct kit_why why = { "" };
	struct kit_page seen = { .body = body, .link = link };
	enum jembatan_result result;
	bool whole;

	result = agency_parse_page(body, walk->setup->mapping->items, walk->arena,
				   &page, &why);
	if (result != JEMBATAN_OK)
		return jembatan_explain(walk->ctx, JEMBATAN_RETRY,
					"%s; nothing of it was taken", why.text);
	if (walk->clock_ms == 0)
		walk->clock_ms = server_ms;
	result = take_records(walk, &page, &tally, &whole);
	seen.root = page.envelope;
	seen.record_count = page.count;
	if (whole)
		result = after_page(walk, &seen, &tally);
	else
		result = after_part(walk, tally.brought, result);
	agency_page_done(&page);
	return result;
}

/* ---- poll -------------------------------------------------------------- */

/* The list itself, its first page, cannot be had. */
static enum jembatan_result no_list(struct agency_walk *walk,
				    enum jembatan_result result)
{
	char *shown = kit_url_show(kit_pages_url(walk->pages));

	result = jembatan_explain(walk->ctx, JEMBATAN_CONFIG,
				  "%s: the list %s cannot be had: %s",
				  jembatan_where(walk->ctx, "url", NULL),
				  shown ? shown : "",
				  result == JEMBATAN_GONE ?
					  "the app knows no such address" :
					  "the answer is too large or refused; "
					  "lower page_size or raise answer_max");
	free(shown);
	return result;
}

static enum jembatan_result no_page(struct agency_walk *walk,
				    enum jembatan_result result,
				    const struct kit_http_response *response)
{
	enum kit_pages_style style = walk->setup->pages.style;
	bool counted = style == KIT_PAGES_PAGE || style == KIT_PAGES_OFFSET;
	bool later = walk->resumed || walk->page_count > 0;

	if (result != JEMBATAN_GONE && result != JEMBATAN_CONFIG &&
	    result != JEMBATAN_DATA)
		return result;
	/* Some apps say 404 behind the last page. */
	if (response->status == 404 && counted && walk->page_count > 0)
		return finish_walk(walk, 0);
	/* A position in the list that the app no longer knows. */
	if (later && result != JEMBATAN_DATA)
		return break_off(walk, 0, "the app refuses to go on with the list");
	return result == JEMBATAN_CONFIG ? result : no_list(walk, result);
}

enum jembatan_result agency_walk_poll(struct agency_walk *walk)
{
	struct kit_http_response response = { 0 };
	struct jembatan_bytes body;
	enum jembatan_result result;
	const char *link;

	kit_arena_reset(walk->arena);
	agency_seen_abort(walk->seen);
	if (!walk->pages)
		walk_begin(walk);
	result = agency_api_get(walk->api, kit_pages_url(walk->pages), &response);
	if (result != JEMBATAN_OK)
		return no_page(walk, result, &response);
	/* Details are asked for while the page is read: keep it. */
	body = agency_parse_copy(response.body, walk->arena);
	link = kit_arena_strdup(walk->arena, agency_api_header(walk->api, "Link"));
	return take_page(walk, body, link, response.server_ms);
}
