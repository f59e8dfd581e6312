/* complaints.c: the calls on a complaint: create, file, route, status. */
#include "centre.h"

#include "base/jx.h"
#include "create.h"
#include "masters.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

/* ---- complaints ---------------------------------------------------------- */

/* An id as JSON, right or as the fault wants it. */
static void write_id(const struct faults_plan *plan, int64_t id, struct buf *out)
{
	const char *word = plan->kind == FAULTS_WRONG_TYPE ? plan->word : "";

	if (strcmp(word, "string") == 0)
		buf_printf(out, "\"%" PRId64 "\"", id);
	else if (strcmp(word, "huge") == 0)
		buf_printf(out, "%" PRId64 "00000000000000000000000", id);
	else if (strcmp(word, "array") == 0)
		buf_printf(out, "[%" PRId64 "]", id);
	else if (strcmp(word, "number") == 0)
		buf_printf(out, "%" PRId64 ".0", id);
	else
		buf_printf(out, "%" PRId64, id);
}

static void answer_created(struct centre_call *call, int64_t id)
{
	const char *place = call->plan.id_at;
	struct buf *out = &call->answer->body;

	if (call->plan.kind == FAULTS_NO_ID) {
		buf_add_text(out, "{\"message\":\"OK\"}");
	} else if (strcmp(place, "complaint_id") == 0) {
		buf_add_text(out, "{\"message\":\"OK\",\"complaint_id\":");
		write_id(&call->plan, id, out);
		buf_add_text(out, "}");
	} else if (strcmp(place, "data") == 0) {
		buf_add_text(out, "{\"message\":\"OK\",\"data\":{\"complaint_id\":");
		write_id(&call->plan, id, out);
		buf_add_text(out, "}}");
	} else {
		buf_add_text(out, "{\"message\":\"OK\",\"results\":{\"complaint\":{\"id\":");
		write_id(&call->plan, id, out);
		buf_add_text(out, "}}}");
	}
}

void complaints_create(struct centre_call *call)
{
	const char *key = centre_key(call);
	CLEANUP(jx_decref) json_t *body = centre_body(call);
	CLEANUP(free_pointer) char *reference = NULL;
	enum jembatan_result result;
	json_t *errors;
	int64_t id;
	bool again;

	if (!body)
		return;
	errors = create_check(body, call->centre->ledger);
	if (json_object_size(errors) > 0) {
		centre_refuse(call, errors);
		return;
	}
	json_decref(errors);
	reference = create_reference(body, key);
	result = ledger_create(call->centre->ledger, body, reference, key, &id, &again);
	if (result == JEMBATAN_OK && call->plan.kind == FAULTS_SAME_ID)
		id = ledger_first(call->centre->ledger);
	if (result == JEMBATAN_OK)
		answer_created(call, id);
	else
		centre_fail(call, result);
}

static bool is_image(const struct peer_part *p)
{
	static const char *const endings[] = { ".jpg", ".jpeg", ".png" };
	const char *ending = strrchr(p->file_name, '.');

	for (size_t i = 0; ending && i < COUNT_OF(endings); i++)
		if (strcasecmp(ending, endings[i]) == 0)
			return true;
	return p->media_type && str_starts(p->media_type, "image/");
}

static void write_ids(struct centre_call *call, const char *name, const int64_t *ids, size_t count)
{
	struct buf *out = &call->answer->body;

	buf_printf(out, "\"%s\":[", name);
	for (size_t i = 0; i < count; i++) {
		buf_add_text(out, i > 0 ? ",{\"id\":" : "{\"id\":");
		write_id(&call->plan, ids[i], out);
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
}

void complaints_file(struct centre_call *call)
{
	int64_t docs[PEER_PARTS_MAX];
	int64_t images[PEER_PARTS_MAX];
	size_t doc_count = 0;
	size_t image_count = 0;

	for (size_t i = 0; i < call->request->part_count; i++) {
		const struct peer_part *p = &call->request->parts[i];
		int64_t *id;

		if (!p->file_name || strcmp(p->name, "attachments[]") != 0)
			continue;
		id = is_image(p) ? &images[image_count++] : &docs[doc_count++];
		if (ledger_file(call->centre->ledger, p->file_name, p->media_type, p->size,
				p->sha256, id) != JEMBATAN_OK) {
			centre_fail(call, JEMBATAN_RETRY);
			return;
		}
	}
	if (doc_count + image_count == 0) {
		centre_refuse(call, json_pack("{s:[s]}", "attachments", "is required"));
		return;
	}
	buf_add_text(&call->answer->body, "{\"results\":{");
	if (call->plan.kind != FAULTS_NO_ID) {
		write_ids(call, "docs", docs, doc_count);
		buf_add_char(&call->answer->body, ',');
		write_ids(call, "images", images, image_count);
	}
	buf_add_text(&call->answer->body, "}}");
}

void complaints_route(struct centre_call *call)
{
	CLEANUP(jx_decref) json_t *body = centre_body(call);
	CLEANUP(free_pointer) char *note = NULL;
	const char *description;
	const char *to;
	char number[64];
	enum jembatan_result result;

	if (!body)
		return;
	to = jx_id(body, "reason", number);
	description = jx_text(body, "reason_description");
	if (!to || !*to || to[strspn(to, "0123456789")] || jx_integer(body, "is_request", 0) != 1) {
		centre_refuse(call, json_pack("{s:[s]}", "reason",
					       "must be an institution, with is_request 1"));
		return;
	}
	note = xasprintf("Laporan diteruskan dari {{institution_from}} ke {{institution_to}}."
			 "<br>%s",
			 description ? description : "");
	result = ledger_route(call->centre->ledger, call->id, to, note);
	if (result == JEMBATAN_OK)
		peer_answer_json(call->answer, 200, json_pack("{s:s}", "message", "OK"));
	else
		centre_fail(call, result);
}

/* ---- status -------------------------------------------------------------- */

/* Digits as a number, as the centre writes them; else null. */
static json_t *id_number(const char *digits)
{
	return digits && *digits ? json_integer(strtoll(digits, NULL, 10)) : json_null();
}

static char *institution(const char *id)
{
	const char *name = masters_institution_name(id);

	return name ? xstrdup(name) : xasprintf("Instansi %s", id ? id : "-");
}

static void add_status_log(json_t *logs, const char *note, int64_t at_ms)
{
	char date[24];

	ledger_date(at_ms, date);
	json_array_append_new(logs, json_pack("{s:s,s:s}", "note", note, "timestamp", date));
}

static json_t *status_logs(json_t *facts)
{
	json_t *logs = json_array();
	json_t *log;
	size_t i;

	add_status_log(logs, "Laporan diterima", jx_integer(facts, "created_ms", 0));
	json_array_foreach(json_object_get(facts, "logs"), i, log)
		add_status_log(logs, jx_text(log, "note"), jx_integer(log, "at", 0));
	return logs;
}

/* The same story with more columns, and for every other complaint backwards:
 * no order is promised. */
static json_t *data_logs(json_t *facts, int64_t id)
{
	json_t *logs = json_array();
	json_t *log;
	size_t i;

	json_array_foreach(json_object_get(facts, "logs"), i, log) {
		CLEANUP(free_pointer) char *to = institution(jx_text(log, "to"));
		char date[24];
		json_t *row;

		ledger_date(jx_integer(log, "at", 0), date);
		row = json_pack("{s:i,s:s,s:s,s:s,s:s,s:s}", "id", (int)i + 1, "note",
				jx_text(log, "note"), "status_name", jx_text(log, "status_name"),
				"institution_from", "Admin Contoh", "institution_to", to,
				"timestamp", date);
		if (id % 2 == 0)
			json_array_append_new(logs, row);
		else
			json_array_insert_new(logs, 0, row);
	}
	return logs;
}

/* As a copy that lags behind would say it: the status before the last line. */
static void say_old_status(json_t *facts)
{
	json_t *logs = json_object_get(facts, "logs");
	size_t count = json_array_size(logs);
	json_t *before = count > 1 ? json_array_get(logs, count - 2) : NULL;

	json_object_set_new(facts, "status_code",
			    json_string(before ? jx_text(before, "status_code") : "1"));
	json_object_set_new(facts, "status_name",
			    json_string(before ? jx_text(before, "status_name") :
						 "Belum Terverifikasi"));
	if (count > 0)
		json_array_remove(logs, count - 1);
}

void complaints_status(struct centre_call *call)
{
	CLEANUP(jx_decref) json_t *facts = ledger_complaint(call->centre->ledger, call->id);
	CLEANUP(free_pointer) char *name = NULL;
	const char *disposition;
	json_t *data;

	if (!facts) {
		centre_fail(call, JEMBATAN_GONE);
		return;
	}
	if (call->plan.kind == FAULTS_OLD_STATUS)
		say_old_status(facts);
	disposition = jx_text(facts, "disposition_id");
	name = disposition ? institution(disposition) : NULL;
	data = json_pack("{s:I,s:o,s:s,s:o,s:s?,s:o}", "id", (json_int_t)call->id, "status_code",
			 id_number(jx_text(facts, "status_code")), "status_name",
			 jx_text(facts, "status_name"), "disposition_id", id_number(disposition),
			 "disposition_name", name, "status_logs", status_logs(facts));
	if (call->plan.kind == FAULTS_OTHER_CONTENT)
		json_object_set_new(data, "content", json_string("Laporan orang lain."));
	peer_answer_json(call->answer, 200, json_pack("{s:{s:o,s:o}}", "results", "data", data,
						      "data_logs", data_logs(facts, call->id)));
}

