/* polls_answer.c: a question's requests, and reading what comes back. Pages
 * are counted by us: where the centre says that the next one is, is never
 * followed, so it can lead nowhere else and into no loop. */
#include "central/polls_inside.h"

#include <curl/curl.h>
#include <string.h>

#include "base/poison.h"

#define PAGES_MAX 100u
#define REPLIES_MAX 1000u
#define PAGE_SIZE "1000"

static void next_page(struct poll *q)
{
	q->page++;
	q->request = (struct client_request){
		.url = arena_printf(q->arena, "%s%u", q->path, q->page) };
}

void poll_ask(struct poll *q)
{
	const char *url = q->polls->outbox->options->central->url;

	switch (q->kind) {
	case POLL_STATUS:
	case POLL_CHECK:
		q->request = (struct client_request){
			.url = arena_printf(q->arena, "%s/complaints/%s/complaint", url,
					    q->row.tracking_id) };
		break;
	case POLL_INSTITUTIONS:
		q->path = arena_printf(q->arena, "%s/masters/institutions/external?page_size="
				       PAGE_SIZE "&page=", url);
		next_page(q);
		break;
	case POLL_TEMPLATES:
		q->path = arena_printf(q->arena, "%s/masters/templates?page_size=" PAGE_SIZE
				       "&page=", url);
		next_page(q);
		break;
	}
}

static bool unreadable(struct poll *q, const struct why *why)
{
	q->result = POLL_UNREADABLE;
	q->how = arena_printf(q->arena, "the centre's answer cannot be read: %s", why->text);
	return true;
}

/* False: go on to its follow-ups. */
static bool read_complaint(struct poll *q, const struct client_answer *a, int zone)
{
	struct why why;

	if (lapor_v3_read_complaint(a->body, zone, q->arena, &q->complaint, &why) != JEMBATAN_OK)
		return unreadable(q, &why);
	if (q->kind == POLL_CHECK)
		return true;
	q->path = arena_printf(q->arena, "%s/complaints/%s/followups?page=",
			       q->polls->outbox->options->central->url, q->row.tracking_id);
	next_page(q);
	return false;
}

static bool is_known(const struct poll *q, const char *key)
{
	for (size_t i = 0; i < q->reply_count; i++)
		if (strcmp(q->replies[i].key, key) == 0)
			return true;
	return false;
}

/* A page that brings nothing new is the end, whatever it says. */
static bool read_replies(struct poll *q, const struct client_answer *a, int zone)
{
	struct lapor_v3_page page;
	struct why why;
	size_t before = q->reply_count;

	if (lapor_v3_read_follow_ups(a->body, zone, q->row.reference, q->arena, &page, &why) !=
	    JEMBATAN_OK)
		return unreadable(q, &why);
	if (!q->replies)
		q->replies = arena_alloc(q->arena, REPLIES_MAX * sizeof(*q->replies));
	for (size_t i = 0; i < page.entry_count && q->reply_count < REPLIES_MAX; i++)
		if (!is_known(q, page.entries[i].key))
			q->replies[q->reply_count++] = page.entries[i];
	if (!page.has_more || q->reply_count == before || q->page >= PAGES_MAX)
		return true;
	next_page(q);
	return false;
}

static bool read_names(struct poll *q, const struct client_answer *a)
{
	struct central_name *list, *all;
	size_t count, new_ones = 0;
	bool more;
	struct why why;

	if (lapor_v3_read_names(a->body, q->arena, &list, &count, &more, &why) != JEMBATAN_OK)
		return unreadable(q, &why);
	if (q->page == 1)
		q->name_count = 0;
	for (size_t i = 0; i < count; i++) {
		bool is_first = q->name_count > 0 && strcmp(q->names[0].id, list[i].id) == 0;
		new_ones += !is_first;
	}
	if (q->name_count + count > LAPOR_V3_NAMES_MAX)
		count = LAPOR_V3_NAMES_MAX - q->name_count;
	all = arena_alloc(q->arena, (q->name_count + count + 1) * sizeof(*all));
	if (q->name_count > 0)
		memcpy(all, q->names, q->name_count * sizeof(*all));
	if (count > 0)
		memcpy(all + q->name_count, list, count * sizeof(*all));
	q->names = all;
	q->name_count += count;
	/* A centre without pages gives the same list again and again. */
	if (!more || new_ones < count || q->page >= PAGES_MAX)
		return true;
	next_page(q);
	return false;
}

static bool describe_failure(struct poll *q, const struct client_answer *a)
{
	if (a->curl_code != CURLE_OK && !a->is_too_long) {
		q->result = a->any_sent ? POLL_UNREADABLE : POLL_LOST;
		q->how = arena_printf(q->arena, "no answer to a question (%s)", a->error);
	} else if (a->is_too_long) {
		q->result = POLL_UNREADABLE;
		q->how = "an answer of the centre was too long";
	} else if (a->status == 404 || a->status == 410) {
		q->result = POLL_MISSING;
		q->how = arena_printf(q->arena, "the centre answered %u", a->status);
	} else {
		q->result = POLL_UNREADABLE;
		q->how = arena_printf(q->arena, "the centre answered a question with %u",
				      a->status);
	}
	return true;
}

bool poll_read_answer(struct poll *q, const struct client_answer *a)
{
	int zone = q->polls->outbox->options->central->zone_minutes;
	bool is_list = q->kind == POLL_INSTITUTIONS || q->kind == POLL_TEMPLATES;

	q->result = POLL_READ;
	q->how = NULL;
	/* A centre without follow-ups still has a status. */
	if (!is_list && q->page > 0 && a->curl_code == CURLE_OK && a->status == 404)
		return true;
	if (a->curl_code != CURLE_OK || a->status < 200 || a->status >= 300 || a->is_too_long)
		return describe_failure(q, a);
	if (is_list)
		return read_names(q, a);
	return q->page == 0 ? read_complaint(q, a, zone) : read_replies(q, a, zone);
}
