/* agency_mapping.c: the mapping settings, checked before anything is fetched. */
#include "agency-api/agency_mapping.h"

#include <stdlib.h>

const char *agency_option(struct jembatan_context *ctx, const char *name)
{
	const char *value = jembatan_get_string(ctx, name);

	return value && *value ? value : NULL;
}

const char *agency_option_folder(struct jembatan_context *ctx, bool *out_moves)
{
	const char *moved = agency_option(ctx, "drop_folder");

	if (out_moves)
		*out_moves = moved != NULL;
	return moved ? moved : agency_option(ctx, "folder");
}

static enum jembatan_result read_paths(struct agency_mapping *m)
{
	struct jembatan_context *ctx = m->ctx;
	const char *zone = agency_option(ctx, "zone");

	m->items = jembatan_get_string(ctx, "items");
	if (!m->items)
		m->items = "";
	m->id_path = agency_option_folder(ctx, NULL) ? AGENCY_ROW_ID :
						       agency_option(ctx, "id_path");
	m->updated_path = agency_option(ctx, "updated_path");
	m->created_path = agency_option(ctx, "created_path");
	m->time_format = agency_option(ctx, "date_format");
	m->html = jembatan_get_integer(ctx, "html") != 0;
	if (zone && !kit_time_zone(zone, &m->zone_minutes))
		return jembatan_explain(ctx, JEMBATAN_CONFIG,
					"%s: zone \"%s\" is unknown; use WIB, WITA, WIT, UTC, "
					"+07:00 or Asia/Jakarta",
					jembatan_where(ctx, "zone", NULL), zone);
	if (!m->id_path)
		return jembatan_explain(ctx, JEMBATAN_CONFIG,
					"%s: id_path is empty; name the member that holds a "
					"record's id",
					jembatan_where(ctx, "id_path", NULL));
	return JEMBATAN_OK;
}

static enum jembatan_result read_jq(struct agency_mapping *m)
{
	const char *program = agency_option(m->ctx, "jq");
	struct kit_why why = { "" };
	const char *key, *value;

	if (!program)
		return JEMBATAN_OK;
	if (jembatan_get_entry(m->ctx, "fields", 0, &key, &value))
		return jembatan_explain(m->ctx, JEMBATAN_CONFIG,
					"%s: jq and fields exclude each other; leave one out",
					jembatan_where(m->ctx, "jq", NULL));
	if (kit_jq_new(program, NULL, &m->jq, &why) != JEMBATAN_OK)
		return jembatan_explain(m->ctx, JEMBATAN_CONFIG, "%s: jq: %s",
					jembatan_where(m->ctx, "jq", NULL), why.text);
	return JEMBATAN_OK;
}

static enum jembatan_result read_fields(struct agency_mapping *m)
{
	const char *key, *value;
	bool mapped = jembatan_get_entry(m->ctx, "fields", 0, &key, &value);
	struct kit_fields_options options = {
		.size = sizeof(options),
		.fields = mapped ? "fields" : NULL,
		.statuses = "statuses",
		.time_format = m->time_format,
		.zone_minutes = m->zone_minutes,
		.base_url = agency_option(m->ctx, "url"),
	};

	return kit_fields_new(m->ctx, &options, &m->fields);
}

enum jembatan_result agency_mapping_new(struct jembatan_context *ctx,
					struct agency_mapping **out)
{
	struct agency_mapping *m = calloc(1, sizeof(*m));
	enum jembatan_result result;

	if (!m)
		abort();
	m->ctx = ctx;
	result = read_paths(m);
	if (result == JEMBATAN_OK)
		result = read_jq(m);
	if (result == JEMBATAN_OK)
		result = read_fields(m);
	if (result != JEMBATAN_OK) {
		agency_mapping_free(m);
		return result;
	}
	*out = m;
	return JEMBATAN_OK;
}

void agency_mapping_free(struct agency_mapping *m)
{
	if (!m)
		return;
	kit_fields_free(m->fields);
	kit_jq_free(m->jq);
	free(m);
}
