/* central.c: options of the room. */
#include "central/central.h"

#include "base/fault.h"

#include <string.h>

#include "base/poison.h"

struct central_tuning central_tuning_usual(void)
{
	return (struct central_tuning){
		.retry_first_ms = FAULT_NUMBER("JEMBATAN_RETRY_FIRST_MS", 2000),
		.retry_ceiling_ms = FAULT_NUMBER("JEMBATAN_RETRY_MAX_MS", 15 * 60 * 1000),
		.breaker_first_ms = FAULT_NUMBER("JEMBATAN_BREAKER_FIRST_MS", 2000),
		.breaker_ceiling_ms = FAULT_NUMBER("JEMBATAN_BREAKER_MAX_MS", 5 * 60 * 1000),
		.auth_first_ms = FAULT_NUMBER("JEMBATAN_AUTH_FIRST_MS", 30 * 1000),
		.breaker_failures = 5,
		.file_path = "/complaints/complaint/file",
		.probe_path = "/masters/institutions/external?page_size=1",
	};
}

static const struct instance_settings *find(const struct central_options *o, const char *name)
{
	for (size_t i = 0; name && i < o->instance_count; i++)
		if (strcmp(o->instances[i].name, name) == 0)
			return &o->instances[i];
	return NULL;
}

const struct settings_defaults *central_defaults(const struct central_options *o,
						 const char *instance)
{
	const struct instance_settings *i = find(o, instance);

	return i ? &i->defaults : &o->central->defaults;
}

const char *central_route_to(const struct central_options *o, const char *instance)
{
	const struct instance_settings *i = find(o, instance);

	return i ? i->route_to : o->central->route_to;
}
