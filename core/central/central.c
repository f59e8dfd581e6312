/* central.c: options of the room. */
#include "central/central.h"

#include "base/fault.h"

#include <string.h>

#include "base/poison.h"

/* A row's first wait is short: whether the centre as a whole is to be left alone is the
 * pace's business (Retry-After, breaker, fewer at once), and behind a backlog a row that
 * waits comes last anyway. */
struct central_tuning central_tuning_usual(void)
{
	return (struct central_tuning){
		.retry_first_ms = FAULT_NUMBER("JEMBATAN_RETRY_FIRST_MS", 100),
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

static bool is_supervision(const struct ticket *t)
{
	return str_equal(t->classification, "Pengaduan Berkadar Pengawasan");
}

static const char *classification_id(const struct settings_central *c, const struct ticket *t)
{
	for (size_t i = 0; i < c->classification_count; i++)
		if (str_equal(c->classifications[i].word, t->classification))
			return c->classifications[i].id;
	return NULL;
}

static void put(const char **field, const char *id)
{
	if (id)
		*field = id;
}

struct settings_defaults central_ids(const struct central_options *o, const struct ticket *t)
{
	const struct instance_settings *i = find(o, t->instance);
	struct settings_defaults ids = i ? i->defaults : o->central->defaults;

	put(&ids.classification_id, classification_id(o->central, t));
	put(&ids.category_id, t->proposal.category_id);
	put(&ids.location_id, t->proposal.location_id);
	if (is_supervision(t))
		ids.disposition_id = o->central->supervision_disposition_id;
	return ids;
}

const char *central_route_to(const struct central_options *o, const struct ticket *t)
{
	const struct instance_settings *i = find(o, t->instance);

	if (is_supervision(t))
		return NULL; /* the create gave it to whom it may concern */
	if (o->central->route == BY_PROPOSAL && t->proposal.agency_id)
		return t->proposal.agency_id;
	return i ? i->route_to : o->central->route_to;
}
