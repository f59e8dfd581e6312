/* agency_walk.c: the walk over the app's list.
 *
 * Nothing is lost when we die anywhere: each page that brings something ends in a
 * checkpoint, whose cursor names the page behind it. `since` moves only over
 * what is on disk, by the app's own times, and never beyond the app's own clock
 * (a record from the future would hide all that comes before it). */
#include "agency-api/agency_walk.h"
#include "agency-api/agency_cursor.h"
#include "agency-api/agency_take.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How often a list that shifts while it is read is gone through again. */
#define AGAIN_MAX 2
/* No two time zones are further apart. */
#define WIDE_MS (26 * 3600000LL)

struct agency_walk {
	struct jembatan_context *ctx;
	struct agency_setup *setup;
	struct agency_take take;
	struct agency_cursor cursor, saved; /* saved: said last, perhaps not on disk yet */
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
	int64_t narrow_ms; /* trying_wide: what was asked for before ... */
	bool was_hidden;   /* ... and did not come although it lies behind it */
	bool proper;      /* filtered and sorted as the settings promise */
	unsigned page_count;
	size_t brought;   /* records handed over */
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
	walk->setup = walk->take.setup = setup;
	walk->take.api = agency_api_open(ctx, setup);
	walk->take.arena = kit_arena_new();
	walk->take.seen = agency_seen_new();
	read_cursor(walk, cursor);
	*out = walk;
	return JEMBATAN_OK;
}

void agency_walk_close(struct agency_walk *walk)
{
	if (!walk)
		return;
	kit_pages_free(walk->pages);
	agency_api_close(walk->take.api);
	agency_seen_free(walk->take.seen);
	kit_arena_free(walk->take.arena);
	agency_setup_free(walk->setup);
	free(walk);
}

struct agency_api *agency_walk_api(struct agency_walk *walk)
{
	return walk->take.api;
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
 * cursor; the app need not be told, so nobody waits for it. When this one is not
 * taken the walk goes back to the last that was; a commit that fails ends us. */
static enum jembatan_result save(struct agency_walk *walk, size_t brought)
{
	enum jembatan_result result;
	char *text;

	if (!is_worth_saving(walk, brought))
		return JEMBATAN_OK;
	text = agency_cursor_format(&walk->cursor);
	result = jembatan_checkpoint_ahead(walk->ctx, text);
	free(text);
	if (result == JEMBATAN_OK) {
		agency_seen_commit(walk->take.seen);
		walk->saved = walk->cursor;
		return JEMBATAN_OK;
	}
	agency_seen_abort(walk->take.seen);
	walk_end(walk);
	walk->cursor = walk->saved;
	return result;
}

/* ---- after a page ------------------------------------------------------ */

/* The list comes newest first, and we have come to what is known. */
static bool is_all_old(const struct agency_walk *walk, const struct agency_tally *tally)
{
	return walk->setup->order == AGENCY_DESCENDING && tally->timed > 0 &&
	       tally->untimed == 0 && walk->cursor.since_ms != AGENCY_NEVER &&
	       tally->highest_ms < less_overlap(walk);
}

static void judge_page(struct agency_walk *walk, const struct agency_tally *tally)
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
	walk->was_hidden = walk->was_hidden || tally->has_between;
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
	walk->narrow_ms = walk->asked_ms;
	walk->was_hidden = false;
	walk_from(walk, less_overlap(walk));
	return save(walk, brought);
}

/* What is older than the first question proves nothing: it was not asked for. */
static void judge_wide(struct agency_walk *walk)
{
	if (!walk->trying_wide)
		return;
	walk->trying_wide = false;
	if (!walk->was_hidden) {
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
				    const struct agency_tally *tally)
{
	raise_to(&walk->cursor.since_ms, walk->cursor.high_ms);
	/* Not from `since`: within the overlap it lies pages ahead. */
	walk_from(walk, walk->last_ms);
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
				       const struct agency_tally *tally)
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
	struct agency_tally tally = {
		.limit_ms = server_ms > 0 ? server_ms + 999 : INT64_MAX,
		.from_ms = walk->narrow_ms,
		.to_ms = walk->known_ms != AGENCY_NEVER ? walk->known_ms + 999 : INT64_MIN,
	};
	struct kit_why why = { "" };
	struct kit_page seen = { .body = body, .link = link };
	enum jembatan_result result;
	bool whole;

	result = agency_parse_page(body, walk->setup->mapping->items, walk->take.arena,
				   &page, &why);
	if (result != JEMBATAN_OK)
		return jembatan_explain(walk->ctx, JEMBATAN_RETRY,
					"%s; nothing of it was taken", why.text);
	if (walk->clock_ms == 0)
		walk->clock_ms = server_ms;
	result = agency_take_page(&walk->take, &page, &tally, &whole);
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

	kit_arena_reset(walk->take.arena);
	agency_seen_abort(walk->take.seen);
	if (!walk->pages)
		walk_begin(walk);
	result = agency_api_get(walk->take.api, kit_pages_url(walk->pages), &response);
	if (result != JEMBATAN_OK)
		return no_page(walk, result, &response);
	/* Details are asked for while the page is read: keep it. */
	body = agency_parse_copy(response.body, walk->take.arena);
	link = kit_arena_strdup(walk->take.arena, agency_api_header(walk->take.api, "Link"));
	return take_page(walk, body, link, response.server_ms);
}
