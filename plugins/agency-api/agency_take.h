/* agency_take.h: the records of one page on their way to the core: those that are
 * new, with their details, as many as time allows. */
#ifndef AGENCY_TAKE_H
#define AGENCY_TAKE_H

#include "agency-api/agency_api.h"
#include "agency-api/agency_seen.h"

/* Where it all goes; the parts are the walk's. */
struct agency_take {
	struct agency_setup *setup;
	struct agency_api *api;
	struct agency_seen *seen;
	struct kit_arena *arena; /* of one page */
	bool odd_time_told;
};

/* What one page has shown. Zero it first. */
struct agency_tally {
	size_t timed; /* records with a time of change */
	size_t untimed;
	int64_t first_ms, lowest_ms, highest_ms, last_ms;
	bool sorted;
	size_t brought;   /* records handed over */
	int64_t limit_ms; /* the app's clock when it answered */
	int64_t from_ms, to_ms; /* the caller's: ... */
	bool has_between;       /* ... is there a change within them? */
};

/* All records of the page, or as many as time allows and details come for:
 * out_whole. What it says beside OK concerns the app or the core. */
JEMBATAN_MUST_CHECK enum jembatan_result
agency_take_page(struct agency_take *take, const struct agency_page *page,
		 struct agency_tally *tally, bool *out_whole);

#endif
