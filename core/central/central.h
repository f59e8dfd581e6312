/* central.h: what the room needs to know: the settings, borrowed, and the
 * intervals that tests make short. */
#ifndef CENTRAL_CENTRAL_H
#define CENTRAL_CENTRAL_H

#include "config/settings.h"

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

/* Of the instance of that name, else the centre's own. */
const struct settings_defaults *central_defaults(const struct central_options *o,
						 const char *instance);
const char *central_route_to(const struct central_options *o, const char *instance);

#endif
