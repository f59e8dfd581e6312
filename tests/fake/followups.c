/* followups.c: the calls on follow-ups, listed in pages of ten. */
#include "centre.h"

#include "base/jx.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

#define CHARACTERS_MAX 1000u
#define FILES_MAX 5u
#define FILE_BYTES_MAX (5u << 20)
#define PER_PAGE 10u

/* ---- follow-ups ---------------------------------------------------------- */

void followups_list(struct centre_call *call)
{
	CLEANUP(jx_decref) json_t *facts = ledger_complaint(call->centre->ledger, call->id);
	CLEANUP(free_pointer) char *origin = peer_origin(call->request);
	CLEANUP(free_pointer) char *next = NULL;
	size_t page = (size_t)peer_query_number(call->request, "page", 1, 1000000, 1);
	enum faults_kind fault = call->plan.kind;
	json_t *data = json_array();
	json_t *all = json_object_get(facts, "followups");

	if (!facts) {
		json_decref(data);
		centre_fail(call, JEMBATAN_GONE);
		return;
	}
	if (fault == FAULTS_WRONG_PAGE || fault == FAULTS_NEXT_LOOP)
		page = 1;
	for (size_t i = (page - 1) * PER_PAGE;
	     i < page * PER_PAGE && i < json_array_size(all); i++)
		json_array_append(data, json_array_get(all, i));
	if (page * PER_PAGE < json_array_size(all))
		next = xasprintf("%s%s?page=%zu", origin, call->request->path, page + 1);
	if (fault == FAULTS_NEXT_AWAY || fault == FAULTS_NEXT_LOOP) {
		free(next);
		next = xasprintf("%s%s?page=1", fault == FAULTS_NEXT_AWAY ?
				 call->centre->redirect_to : origin, call->request->path);
	}
	peer_answer_json(call->answer, 200,
			 json_pack("{s:{s:o,s:s?}}", "results", "data", data, "next_page_url",
				   next));
}

static void add_error(json_t *errors, const char *key, const char *sentence)
{
	json_object_set_new(errors, key, json_pack("[s]", sentence));
}

static void check_followup_files(const struct peer_request *r, json_t *errors, json_t *names)
{
	static const char *const endings[] = { ".jpg", ".jpeg", ".png", ".pdf", ".doc", ".docx" };

	for (size_t i = 0; i < r->part_count; i++) {
		const struct peer_part *p = &r->parts[i];
		const char *ending = p->file_name ? strrchr(p->file_name, '.') : NULL;
		bool known = false;

		if (!p->file_name)
			continue;
		for (size_t n = 0; ending && n < COUNT_OF(endings); n++)
			known = known || strcasecmp(ending, endings[n]) == 0;
		if (!str_starts(p->name, "attachment["))
			add_error(errors, p->name, "is not attachment[i]");
		if (!known || p->size > FILE_BYTES_MAX)
			add_error(errors, p->name, "must be jpg, png, pdf or doc, up to 5 MiB");
		json_array_append_new(names, json_pack("{s:s,s:I,s:s}", "name", p->file_name,
						       "size", (json_int_t)p->size, "sha256",
						       p->sha256));
	}
	if (json_array_size(names) > FILES_MAX)
		add_error(errors, "attachment", "at most 5 files");
}

static void check_followup(const struct peer_request *r, json_t *errors)
{
	static const char *const needed[] = { "user_id", "complaint_id", "content" };
	const char *content = peer_field(r, "content");

	for (size_t i = 0; i < COUNT_OF(needed); i++) {
		const char *value = peer_field(r, needed[i]);

		if (!value || !*value)
			add_error(errors, needed[i], "is required");
	}
	if (content && !text_is_utf8(content, strlen(content)))
		add_error(errors, "content", "must be UTF-8");
	else if (content && text_count_graphemes(content) > CHARACTERS_MAX)
		add_error(errors, "content", "at most 1000 characters");
}

void followups_add(struct centre_call *call)
{
	static const char *const copied[] = { "user_id",       "institution_from_id",
					      "institution_to_id", "template_code",
					      "rating",	       "is_secret",
					      "content" };
	const struct peer_request *r = call->request;
	CLEANUP(jx_decref) json_t *followup = json_object();
	json_t *errors = json_object();
	json_t *names = json_array();
	enum jembatan_result result;
	int64_t id;

	check_followup(r, errors);
	check_followup_files(r, errors, names);
	for (size_t i = 0; i < COUNT_OF(copied); i++)
		if (peer_field(r, copied[i]))
			json_object_set_new(followup, copied[i],
					    json_string(peer_field(r, copied[i])));
	json_object_set_new(followup, "attachments", names);
	if (json_object_size(errors) > 0) {
		centre_refuse(call, errors);
		return;
	}
	json_decref(errors);
	result = ledger_followup(call->centre->ledger,
				 strtoll(peer_field(r, "complaint_id"), NULL, 10), followup,
				 centre_key(call), &id);
	if (result == JEMBATAN_OK)
		peer_answer_json(call->answer, 200,
				 json_pack("{s:{s:{s:I}}}", "results", "data", "id",
					   (json_int_t)id));
	else
		centre_fail(call, result);
}

