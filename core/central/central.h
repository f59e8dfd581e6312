/* central.h: what the room needs to know: the settings, borrowed, and the
 * intervals that tests make short. */
#ifndef CENTRAL_CENTRAL_H
#define CENTRAL_CENTRAL_H

#include "config/settings.h"
#include "ticket/ticket.h"

/* Waiting times that no operator needs to touch. */
struct central_tuning {
	int64_t retry_first_ms, retry_ceiling_ms;     /* of one row */
	int64_t breaker_first_ms, breaker_ceiling_ms; /* of the whole centre */
	int64_t auth_first_ms;    /* the same after 401, 403 or a redirect */
	unsigned breaker_failures; /* in a row, that open it */
	const char *file_path;     /* below url */
	const char *probe_path;    /* GET; changes nothing */
};

/* All borrowed: must outlive the outbox. An instance that is not listed uses
 * the centre's own defaults and route. */
struct central_options {
	const struct settings_central *central; /* url must be set */
	const struct instance_settings *instances;
	size_t instance_count;
	struct central_tuning tuning;
};

struct central_tuning central_tuning_usual(void);

/* The ids with which this ticket goes out: its instance's, else the centre's own,
 * and over them what the ticket proposes. A report on abuse of office is given
 * to the inspectorate or to nobody: the configured institution may be accused. */
struct settings_defaults central_ids(const struct central_options *o, const struct ticket *t);
/* The institution of the second step; NULL: there is none. */
const char *central_route_to(const struct central_options *o, const struct ticket *t);

#endif
