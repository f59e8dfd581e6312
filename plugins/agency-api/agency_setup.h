/* agency_setup.h: the settings that say where and how to ask, checked. */
#ifndef AGENCY_SETUP_H
#define AGENCY_SETUP_H

#include "agency-api/agency_mapping.h"
#include "agency-api/agency_template.h"

#define AGENCY_HEADERS_MAX 32
#define AGENCY_DETAILS_MAX 4

/* How the app sorts its list, by the time of change. */
enum agency_order {
	AGENCY_UNSORTED,  /* a walk reads all pages */
	AGENCY_ASCENDING, /* each page moves `since` on, and the list is asked
			     for again: a row that changes on the way and so
			     leaves its place makes no other row skip */
	AGENCY_DESCENDING /* a walk ends at the first page that is all old */
};

/* One more GET per record; its answer becomes the record's member `name`. */
struct agency_detail {
	const char *name;
	struct agency_template *url;
};

/* Strings are borrowed from the context. */
struct agency_setup {
	struct jembatan_context *ctx;
	struct agency_mapping *mapping;
	const char *url;
	bool filtered; /* `query` asks by {updated} */
	enum agency_order order;
	const char *updated_format;
	int64_t overlap_ms;
	const char *attachment_base64; /* or NULL */
	struct kit_auth_options auth;
	struct kit_pages_options pages;
	struct jembatan_header headers[AGENCY_HEADERS_MAX];
	size_t header_count;
	struct agency_detail details[AGENCY_DETAILS_MAX];
	size_t detail_count;
};

/* Read and check; CONFIG is explained with file and line. No network. */
JEMBATAN_MUST_CHECK enum jembatan_result
agency_setup_new(struct jembatan_context *ctx, struct agency_setup **out);
void agency_setup_free(struct agency_setup *setup);

/* The list's URL with `query`, {updated} being since_ms in the app's form,
 * cut to the unit that form can say. The caller frees. NULL only when the
 * settings make no address, which agency_setup_new has ruled out. */
char *agency_setup_list_url(const struct agency_setup *setup, int64_t since_ms);
/* since_ms as it is asked for: what `>=` is answered from. */
int64_t agency_setup_asked_ms(const struct agency_setup *setup, int64_t since_ms);

#endif
