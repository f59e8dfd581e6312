/* imap_uids.c: see imap_uids.h. Numbers nearly always come in ascending order,
 * so adding only looks at the last range, and sorts when the array is full. */
#include "email/imap_uids.h"

#include <stdio.h>
#include <stdlib.h>

void imap_uids_clear(struct imap_uids *u)
{
	u->count = 0;
	u->cut = false;
	u->ceiling = UINT32_MAX;
}

static int by_first(const void *a, const void *b)
{
	const struct imap_range *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

void imap_uids_settle(struct imap_uids *u)
{
	size_t kept = 0;

	qsort(u->ranges, u->count, sizeof u->ranges[0], by_first);
	for (size_t i = 0; i < u->count; i++) {
		struct imap_range *last = kept > 0 ? &u->ranges[kept - 1] : NULL;

		if (last != NULL && (uint64_t)u->ranges[i].first <= (uint64_t)last->last + 1) {
			if (u->ranges[i].last > last->last)
				last->last = u->ranges[i].last;
		} else {
			u->ranges[kept++] = u->ranges[i];
		}
	}
	u->count = kept;
}

/* Full of holes: keep the lower half and refuse what lies above it from now
 * on, so that no lower number that comes later finds itself skipped. */
static void make_room(struct imap_uids *u)
{
	imap_uids_settle(u);
	if (u->count < IMAP_RANGES_MAX)
		return;
	u->count = IMAP_RANGES_MAX / 2;
	u->ceiling = u->ranges[u->count - 1].last;
	u->cut = true;
}

void imap_uids_add(struct imap_uids *u, uint32_t first, uint32_t last)
{
	if (u->ceiling == 0)
		u->ceiling = UINT32_MAX; /* a zeroed set */
	if (first > u->ceiling) {
		u->cut = true;
		return;
	}
	if (last > u->ceiling) {
		u->cut = true;
		last = u->ceiling;
	}
	struct imap_range *top = u->count > 0 ? &u->ranges[u->count - 1] : NULL;

	if (top != NULL && first >= top->first && (uint64_t)first <= (uint64_t)top->last + 1) {
		if (last > top->last)
			top->last = last;
		return;
	}
	if (u->count == IMAP_RANGES_MAX) {
		make_room(u);
		imap_uids_add(u, first, last);
		return;
	}
	u->ranges[u->count++] = (struct imap_range){ first, last };
}

bool imap_uids_is_empty(const struct imap_uids *u)
{
	return u->count == 0;
}

uint32_t imap_uids_lowest(const struct imap_uids *u)
{
	return u->count > 0 ? u->ranges[0].first : 0;
}

void imap_uids_drop(struct imap_uids *u, uint32_t uid)
{
	size_t kept = 0;

	for (size_t i = 0; i < u->count; i++) {
		struct imap_range r = u->ranges[i];

		if (r.last <= uid)
			continue;
		if (r.first <= uid)
			r.first = uid + 1;
		u->ranges[kept++] = r;
	}
	u->count = kept;
}

uint32_t imap_uids_write(const struct imap_uids *u, size_t max, char *out, size_t size)
{
	size_t used = 0;
	uint32_t highest = 0;

	out[0] = '\0';
	for (size_t i = 0; i < u->count && max > 0; i++) {
		struct imap_range r = u->ranges[i];
		char text[32];

		if (r.last - r.first >= max)
			r.last = r.first + (uint32_t)max - 1;
		int length = r.first == r.last
				     ? snprintf(text, sizeof text, "%s%u", i > 0 ? "," : "", r.first)
				     : snprintf(text, sizeof text, "%s%u:%u", i > 0 ? "," : "",
						r.first, r.last);
		if (used + (size_t)length + 1 > size)
			break;
		for (int k = 0; k <= length; k++)
			out[used + (size_t)k] = text[k];
		used += (size_t)length;
		highest = r.last;
		max -= r.last - r.first + 1;
	}
	return highest;
}
