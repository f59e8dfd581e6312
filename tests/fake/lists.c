/* lists.c: the same records, paged in each way that agency apps do it. The
 * generic lists come by (updated_at, id) ascending; updated_since is >=. */
#include "app.h"

#include "base/clock.h"
#include "base/jx.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

#define SIZE_MAX_PER_PAGE 1000

static json_t *select_records(const struct app_call *call, const char *sort_by, bool descending)
{
	return records_select(call->app->records, sort_by, descending,
			      records_time(peer_query(call->request, "updated_since")));
}

static void shuffle(struct faults *f, json_t *list)
{
	for (size_t i = json_array_size(list); i > 1; i--) {
		size_t k = faults_random(f, (unsigned)i);
		json_t *last = json_incref(json_array_get(list, i - 1));

		json_array_set(list, i - 1, json_array_get(list, k));
		json_array_set_new(list, k, last);
	}
}

/* `count` records from `start`, spoilt as the plan says. Takes `all`. */
static json_t *cut(const struct app_call *call, json_t *all, size_t start, size_t count)
{
	json_t *part = json_array();
	size_t before = call->plan.kind == FAULTS_REDELIVER ? call->plan.argument : 0;

	before = before < start ? before : start;
	for (size_t i = start - before; i < start + count && i < json_array_size(all); i++)
		json_array_append(part, json_array_get(all, i));
	json_decref(all);
	if (call->plan.kind == FAULTS_SHUFFLE)
		shuffle(call->app->faults, part);
	return part;
}

static size_t ask_size(const struct app_call *call, const char *name, size_t otherwise)
{
	return (size_t)peer_query_number(call->request, name, 1, SIZE_MAX_PER_PAGE,
					 (int64_t)otherwise);
}

static size_t ask_page(const struct app_call *call)
{
	return (size_t)peer_query_number(call->request, "page", 1, 1000000, 1);
}

static int pages(size_t total, size_t size)
{
	return (int)((total + size - 1) / size);
}

/* Sapawarga: newest first unless asked otherwise. */
void lists_sapawarga(struct app_call *call)
{
	const char *sort_by = peer_query(call->request, "sort_by");
	size_t page = ask_page(call);
	size_t size = ask_size(call, "limit", 10);
	bool ascending = str_equal(peer_query(call->request, "sort_type"), "asc");
	json_t *all = select_records(call, sort_by ? sort_by : "created_at", !ascending);
	size_t total = json_array_size(all);

	peer_answer_json(call->answer, 200,
			 json_pack("{s:{s:o,s:i,s:i,s:i,s:i}}", "data", "data",
				   cut(call, all, (page - 1) * size, size), "page", (int)page,
				   "page_size", (int)size, "total_data", (int)total, "total_pages",
				   pages(total, size)));
}

void lists_detail(struct app_call *call)
{
	char id[32];
	json_t *record;

	(void)snprintf(id, sizeof(id), "%" PRId64, call->number);
	record = records_find(call->app->records, id);
	if (record)
		peer_answer_json(call->answer, 200, json_pack("{s:o}", "data", record));
	else
		peer_answer_message(call->answer, 404, "no such complaint");
}

void lists_page(struct app_call *call)
{
	size_t page = ask_page(call);
	size_t size = ask_size(call, "per_page", 50);
	json_t *all = select_records(call, "updated_at", false);
	size_t total = json_array_size(all);

	peer_answer_json(call->answer, 200,
			 json_pack("{s:o,s:i,s:i,s:i,s:i}", "items",
				   cut(call, all, (page - 1) * size, size), "page", (int)page,
				   "per_page", (int)size, "pages", pages(total, size), "total",
				   (int)total));
}

void lists_offset(struct app_call *call)
{
	size_t offset = (size_t)peer_query_number(call->request, "offset", 0, 1000000000, 0);
	size_t size = ask_size(call, "limit", 50);
	json_t *all = select_records(call, "updated_at", false);
	size_t total = json_array_size(all);

	peer_answer_json(call->answer, 200,
			 json_pack("{s:o,s:i,s:i,s:i}", "items", cut(call, all, offset, size),
				   "offset", (int)offset, "limit", (int)size, "total", (int)total));
}

/* A cursor names the last record seen, so rows that move do no harm. */
static char *make_cursor(json_t *record)
{
	char number[64];

	return xasprintf("c%" PRIx64 "-%s",
			 (uint64_t)records_time(jx_text(record, "updated_at")),
			 jx_id(record, "id", number));
}

/* The index behind the cursor; 0 without one, -1 when it is wrong. */
static ssize_t find_cursor(json_t *all, const char *cursor)
{
	json_t *record;
	char *end = NULL;
	int64_t ms;
	size_t i;

	if (!cursor || !*cursor)
		return 0;
	ms = *cursor == 'c' ? strtoll(cursor + 1, &end, 16) : 0;
	if (!end || *end != '-')
		return -1;
	json_array_foreach(all, i, record) {
		char number[64];
		int64_t at = records_time(jx_text(record, "updated_at"));

		if (at == ms && str_equal(jx_id(record, "id", number), end + 1))
			return (ssize_t)i + 1;
		if (at > ms)
			return (ssize_t)i;
	}
	return (ssize_t)json_array_size(all);
}

void lists_cursor(struct app_call *call)
{
	json_t *all = select_records(call, "updated_at", false);
	size_t size = ask_size(call, "limit", 50);
	ssize_t start = find_cursor(all, peer_query(call->request, "cursor"));
	CLEANUP(free_pointer) char *next = NULL;

	if (start < 0) {
		json_decref(all);
		peer_answer_message(call->answer, 400, "no such cursor");
		return;
	}
	if ((size_t)start + size < json_array_size(all))
		next = make_cursor(json_array_get(all, (size_t)start + size - 1));
	peer_answer_json(call->answer, 200,
			 json_pack("{s:o,s:s?}", "items", cut(call, all, (size_t)start, size),
				   "next_cursor", next));
}

/* The URL of the page behind this one, or NULL; the caller frees. */
static char *next_url(const struct app_call *call, size_t page, size_t size, size_t total)
{
	CLEANUP(free_pointer) char *origin = peer_origin(call->request);
	int64_t since_ms = records_time(peer_query(call->request, "updated_since"));
	const char *host = origin;
	char since[32] = "";

	if (call->plan.kind == FAULTS_NEXT_AWAY)
		host = call->app->elsewhere;
	else if (call->plan.kind == FAULTS_NEXT_LOOP)
		page--;
	else if (page * size >= total)
		return NULL;
	if (since_ms >= 0)
		clock_format(since_ms, 1, since);
	return xasprintf("%s%s?page=%zu&limit=%zu%s%s", host, call->request->path, page + 1, size,
			 *since ? "&updated_since=" : "", since);
}

/* The page that next and link have in common; the URL goes to *out_next. */
static json_t *linked_page(const struct app_call *call, char **out_next)
{
	size_t page = ask_page(call);
	size_t size = ask_size(call, "limit", 50);
	json_t *all = select_records(call, "updated_at", false);

	*out_next = next_url(call, page, size, json_array_size(all));
	return cut(call, all, (page - 1) * size, size);
}

void lists_next(struct app_call *call)
{
	CLEANUP(free_pointer) char *next = NULL;
	json_t *items = linked_page(call, &next);

	peer_answer_json(call->answer, 200, json_pack("{s:o,s:s?}", "items", items, "next", next));
}

void lists_link(struct app_call *call)
{
	CLEANUP(free_pointer) char *next = NULL;

	peer_answer_json(call->answer, 200, linked_page(call, &next));
	if (next)
		call->answer->link = xasprintf("<%s>; rel=\"next\"", next);
}
