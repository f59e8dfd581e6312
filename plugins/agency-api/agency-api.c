/* agency-api.c: the connector for agency apps with a JSON interface, or with
 * exports in a folder: options and operations. Everything that differs from app to app is a setting; a
 * profile is a set of them (config/profiles). */
#include "agency-api/agency_api.h"
#include "agency-api/agency_bring.h"
#include "agency-api/agency_folder.h"
#include "agency-api/agency_walk.h"
#include "agency-api/agency_write.h"

#include <stdlib.h>

static const char *const schemes[] = { "https", "http", NULL };
static const char *const orders[] = { "none", "ascending", "descending", NULL };
static const char *const write_formats[] = { "json", "form", NULL };
static const char *const updated_formats[] = { "iso", "unix", "unix_ms", "sql",
					       "date", NULL };

static const struct jembatan_option options[] = {
	{ "url", JEMBATAN_URL, 0, NULL, 0, 0, schemes,
	  "The address of the app's list of complaints." },
	{ "folder", JEMBATAN_PATH, 0, NULL, 0, 0, NULL,
	  "Instead of url: a folder of exports, *.csv and *.jsonl; they stay where they "
	  "are." },
	{ "drop_folder", JEMBATAN_PATH, JEMBATAN_WRITABLE, NULL, 0, 0, NULL,
	  "The same, but a file that was taken moves into its subfolder arsip." },
	{ "columns", JEMBATAN_MAP, 0, NULL, 0, 0, NULL,
	  "A folder: names of columns, and the headers they may stand under, with | "
	  "between them." },
	{ "key", JEMBATAN_LIST, 0, NULL, 0, 0, NULL,
	  "A folder: the columns that name a row for good, such as its ticket number; "
	  "a row without them is known by all its content." },
	{ "settle", JEMBATAN_DURATION, 0, "10s", 0, 3600000, NULL,
	  "A folder: a file is complete when it has not changed for so long, and 30 "
	  "times as long if its last line has no end." },
	{ "wait_for_done", JEMBATAN_BOOLEAN, 0, "false", 0, 0, NULL,
	  "A folder: a file is complete only when NAME.done lies beside it." },
	{ "file_max", JEMBATAN_BYTES, 0, "64MiB", 1024, 134217728, NULL,
	  "A folder: larger files are not read." },
	{ "row_max", JEMBATAN_BYTES, 0, "256KiB", 1024, 524288, NULL,
	  "A folder: longer rows are not read." },
	{ "query", JEMBATAN_MAP, 0, NULL, 0, 0, NULL,
	  "Query parameters of the list; {updated} stands for the time since which "
	  "changes are asked for." },
	{ "headers", JEMBATAN_MAP, 0, NULL, 0, 0, NULL,
	  "Headers of every request to the app." },
	{ "secret_headers", JEMBATAN_SECRET_MAP, 0, NULL, 0, 0, NULL,
	  "Headers whose values are secrets, such as an API key." },
	KIT_AUTH_OPTIONS,
	KIT_PAGES_OPTIONS,
	KIT_HTTP_OPTIONS,
	{ "order", JEMBATAN_CHOICE, 0, "none", 0, 0, orders,
	  "How `query` makes the app sort by time of change: ascending, descending, "
	  "or none (each poll reads the list to its end)." },
	{ "overlap", JEMBATAN_DURATION, 0, "10m", 0, 604800000, NULL,
	  "How far each poll reaches back before the last change seen, for rows "
	  "that were written late." },
	{ "updated_format", JEMBATAN_CHOICE, 0, "iso", 0, 0, updated_formats,
	  "How {updated} is written: iso (UTC, with Z), unix, unix_ms, sql and date "
	  "(both in `zone`)." },
	{ "items", JEMBATAN_STRING, 0, "", 0, 0, NULL,
	  "Where the answer holds the list, as a dotted path; empty: it is the list." },
	{ "id_path", JEMBATAN_STRING, 0, "id", 0, 0, NULL,
	  "Where a record holds its id." },
	{ "updated_path", JEMBATAN_STRING, 0, NULL, 0, 0, NULL,
	  "Where a record holds the time of its last change." },
	{ "created_path", JEMBATAN_STRING, 0, NULL, 0, 0, NULL,
	  "Where a record holds the time at which the app received it." },
	{ "zone", JEMBATAN_STRING, 0, "WIB", 0, 0, NULL,
	  "The zone of times that name none: WIB, WITA, WIT, UTC, +07:00." },
	{ "date_format", JEMBATAN_STRING, 0, NULL, 0, 0, NULL,
	  "How the app writes times, in PHP's letters (d-m-Y H:i:s); unset: ISO, "
	  "Indonesian and unix times are recognised." },
	{ "details", JEMBATAN_MAP, 0, NULL, 0, 0, NULL,
	  "More requests per record: a name, under which the answer joins the "
	  "record, and an address relative to url with {path} or {.jq}." },
	{ "fields", JEMBATAN_MAP, 0, NULL, 0, 0, NULL,
	  "The mapping: a message's field, and where the record holds it." },
	{ "jq", JEMBATAN_STRING, 0, NULL, 0, 0, NULL,
	  "Instead of `fields`: a jq program from a record to an object of fields "
	  "(`html` may stand for `text`)." },
	{ "html", JEMBATAN_BOOLEAN, 0, "false", 0, 0, NULL,
	  "The app's texts are HTML." },
	{ "statuses", JEMBATAN_MAP, 0, NULL, 0, 0, NULL,
	  "The app's status words and what we call them." },
	{ "attachment_base64", JEMBATAN_STRING, 0, NULL, 0, 0, NULL,
	  "An attachment's answer is JSON and holds the file here, as base64." },
	{ "write", JEMBATAN_MAP, 0, NULL, 0, 0, NULL,
	  "What is written back: an event (number, status, status.answered, received, "
	  "question), and METHOD address, relative to url, with {path} or {.jq}." },
	{ "write_body", JEMBATAN_MAP, 0, NULL, 0, 0, NULL,
	  "Its body: an event of `write`, and a jq program from the reply (id, number, "
	  "status, state, text, ...)." },
	{ "write_format", JEMBATAN_CHOICE, 0, "json", 0, 0, write_formats,
	  "How bodies are sent: json, form." },
	{ "written_url", JEMBATAN_STRING, 0, NULL, 0, 0, NULL,
	  "Where one record is read, relative to url, such as complaints/{id}." },
	{ "written", JEMBATAN_MAP, 0, NULL, 0, 0, NULL,
	  "When an answer was lost: an event of `write`, and a jq program over "
	  "{record, reply} that is true when it was written." },
	{ NULL, JEMBATAN_STRING, 0, NULL, 0, 0, NULL, NULL }
};

/* Of an address: walk and write; of a folder: the others. */
struct agency {
	struct agency_walk *walk;
	struct agency_write *write;
	struct agency_folder *folder;
	struct agency_setup *setup; /* for attachments */
	struct agency_api *api;
};

static enum jembatan_result check(struct jembatan_context *ctx)
{
	struct agency_setup *setup;
	struct agency_write *write;
	enum jembatan_result result;

	if (agency_folder_is_set(ctx))
		return agency_folder_check(ctx);
	result = agency_setup_new(ctx, &setup);
	if (result != JEMBATAN_OK)
		return result;
	agency_setup_free(setup);
	result = agency_write_new(ctx, &write);
	if (result == JEMBATAN_OK)
		agency_write_free(write);
	return result;
}

static void close_instance(struct jembatan_context *ctx, void *self)
{
	struct agency *a = self;

	(void)ctx;
	agency_walk_close(a->walk);
	agency_write_free(a->write);
	agency_folder_close(a->folder);
	agency_api_close(a->api);
	agency_setup_free(a->setup);
	free(a);
}

static enum jembatan_result open_folder(struct jembatan_context *ctx, const char *cursor,
					struct agency *self)
{
	enum jembatan_result result = agency_folder_open(ctx, cursor, &self->folder);

	if (result == JEMBATAN_OK)
		result = agency_setup_new(ctx, &self->setup);
	if (result == JEMBATAN_OK)
		self->api = agency_api_open(ctx, self->setup);
	return result;
}

static enum jembatan_result open_instance(struct jembatan_context *ctx,
					  const char *cursor, void **out_self)
{
	struct agency *self = calloc(1, sizeof(*self));
	enum jembatan_result result;

	if (!self)
		abort();
	if (agency_folder_is_set(ctx))
		result = open_folder(ctx, cursor, self);
	else
		result = agency_walk_open(ctx, cursor, &self->walk);
	if (result == JEMBATAN_OK && self->walk)
		result = agency_write_new(ctx, &self->write);
	if (result == JEMBATAN_OK)
		*out_self = self;
	else
		close_instance(ctx, self);
	return result;
}

static enum jembatan_result poll_list(struct jembatan_context *ctx, void *self)
{
	struct agency *a = self;

	(void)ctx;
	return a->folder ? agency_folder_poll(a->folder) : agency_walk_poll(a->walk);
}

static enum jembatan_result reply(struct jembatan_context *ctx, void *self,
				  const struct jembatan_reply *letter,
				  struct jembatan_delivery *out)
{
	struct agency *a = self;

	(void)ctx;
	if (a->folder) { /* nobody would read it there: by mail, if there is an address */
		out->outcome = JEMBATAN_NOT_TOLD;
		return JEMBATAN_OK;
	}
	return agency_write_reply(a->write, agency_walk_api(a->walk), letter, out);
}

static enum jembatan_result fetch(struct jembatan_context *ctx, void *self,
				  const char *reference,
				  struct jembatan_spool *spool)
{
	struct agency *a = self;

	(void)ctx;
	return agency_api_fetch(a->folder ? a->api : agency_walk_api(a->walk), reference, spool);
}

/* Is the sample one record rather than a page? A page is tried first. */
static enum jembatan_result cut_sample(const struct agency_mapping *m,
				       struct jembatan_bytes *sample,
				       struct kit_arena *arena,
				       struct agency_page *out)
{
	struct kit_why why = { "" }, ignored;
	json_t *root;
	bool single;

	if (agency_parse_page(*sample, m->items, arena, out, &why) == JEMBATAN_OK ||
	    agency_parse_page(*sample, "", arena, out, &ignored) == JEMBATAN_OK)
		return JEMBATAN_OK;
	if (kit_json_parse(*sample, &root, &why) != JEMBATAN_OK)
		return jembatan_explain(m->ctx, JEMBATAN_DATA, "the sample: %s",
					why.text);
	single = kit_json_at(root, m->id_path) != NULL;
	json_decref(root);
	if (!single)
		return jembatan_explain(m->ctx, JEMBATAN_DATA,
					"the sample: %s, and no record with %s either",
					why.text, m->id_path);
	out->records = sample;
	out->count = 1;
	return JEMBATAN_OK;
}

static enum jembatan_result preview(struct jembatan_context *ctx,
				    struct jembatan_bytes sample)
{
	struct agency_mapping *mapping;
	struct agency_page page = { 0 };
	struct kit_arena *arena;
	enum jembatan_result result;

	if (agency_folder_is_set(ctx))
		return agency_folder_preview(ctx, sample);
	result = agency_mapping_new(ctx, &mapping);
	if (result != JEMBATAN_OK)
		return result;
	arena = kit_arena_new();
	result = cut_sample(mapping, &sample, arena, &page);
	for (size_t i = 0; i < page.count && result == JEMBATAN_OK; i++) {
		struct agency_record record = { 0 };
		struct kit_why why = { "" };
		enum jembatan_result parsed = agency_parse_record(
			mapping, page.records[i], arena, &record, &why);

		result = agency_bring(mapping, page.records[i], &record, parsed,
				      why.text, arena);
		agency_record_done(&record);
	}
	agency_page_done(&page);
	kit_arena_free(arena);
	agency_mapping_free(mapping);
	return result;
}

static const struct jembatan_operations operations = {
	.size = sizeof(operations),
	.check = check,
	.open = open_instance,
	.poll = poll_list,
	.reply = reply,
	.fetch = fetch,
	.preview = preview,
	.close = close_instance,
};

static const struct jembatan_connector connector = {
	.abi_major = JEMBATAN_ABI_MAJOR,
	.abi_minor = JEMBATAN_ABI_MINOR,
	.size = sizeof(connector),
	.name = "agency-api",
	.version = "0.1.0",
	.summary = "Pulls complaints from an agency's app, over its JSON interface or out of exports, and writes back.",
	.capabilities = JEMBATAN_CAN_POLL | JEMBATAN_CAN_REPLY | JEMBATAN_CAN_FETCH |
			JEMBATAN_CAN_PREVIEW,
	.options = options,
	.operations = &operations,
};

const struct jembatan_connector *jembatan_connector_entry(void)
{
	return &connector;
}
