/* know_view.c: see know_view.h. */
#include "know_view.h"

#include <string.h>
#include <strings.h>

#include "app.h"
#include "config/date.h"
#include "decide_know.h"
#include "ticket/propose.h"
#include "base/poison.h"

#define EDIT_MAX 200u

/* ---- explain ------------------------------------------------------------ */

static void known(struct control_peer *p, const char *what, const char *value, const char *margin,
		  const char *how)
{
	if (value == NULL)
		return;
	json_t *row = json_pack("{s:s,s:s,s:s,s:s?,s:s?}", "type", "known", "what", what, "value",
				value, "margin", margin, "how", how);
	control_row(p, row);
}

static void known_place(struct control_peer *p, const struct ticket *t)
{
	const struct ticket_place *at = &t->place;
	const char *names[] = { at->village, at->district, at->regency, at->province };
	CLEANUP(buf_done) struct buf text;
	buf_init(&text, 8192);
	buf_add_text(&text, at->code);
	const char *before = text.size > 0 ? " " : "";
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (names[i] == NULL)
			continue;
		buf_printf(&text, "%s%s", before, names[i]);
		before = ", ";
	}
	if (at->has_position)
		buf_printf(&text, "%s(%.5f, %.5f)", text.size > 0 ? " " : "", at->latitude,
			   at->longitude);
	if (text.size > 0)
		known(p, "place", text.data, t->proposal.place_margin,
		      t->proposal.place_words != NULL ? "read from the text" : "as the source says");
}

void know_view_rows(struct control_peer *p, const struct ticket *t)
{
	const struct ticket_proposal *k = &t->proposal;
	char day[40];
	known_place(p, t);
	date_format(t->incident_ms, t->zone_minutes, day);
	if (t->incident_ms != 0)
		known(p, "incident", day, NULL, k->date_words != NULL ? "read from the text" :
		      t->incident_derived ? "the message's own date" : "as the source says");
	known(p, "classification", t->classification, k->classification_margin,
	      k->classification_words != NULL ? "by a rule" : NULL);
	known(p, "category", k->category, k->category_margin, k->category_id);
	known(p, "agency", k->agencies != NULL ? k->agencies : k->agency, k->agency_margin,
	      k->agency_id);
	known(p, "social aid", k->social_aid, NULL, k->aid_complaint);
	known(p, "no complaint", k->not_complaint, NULL, NULL);
}

static void set(json_t *row, const char *key, const char *text)
{
	if (text != NULL)
		json_object_set_new(row, key, json_string(text));
}

void know_view_add(const struct ticket *t, json_t *row)
{
	const struct ticket_proposal *k = &t->proposal;
	set(row, "classification", t->classification);
	set(row, "category", k->category);
	set(row, "agencies", k->agencies != NULL ? k->agencies : k->agency);
	set(row, "agency_margin", k->agency_margin);
	set(row, "agency_words", k->agency_words);
}

/* ---- a person's word ---------------------------------------------------- */

static enum jembatan_result edit_classification(const char *given, struct ticket *t, struct why *why)
{
	static const char *const names[][2] = {
		{ "berkadar", KNOW_SUPERVISION },
		{ "tidak-berkadar", "Pengaduan Tidak Berkadar Pengawasan" },
		{ "aspirasi", "Aspirasi" },
		{ "informasi", "Permintaan Informasi" } };
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (strcasecmp(given, names[i][0]) != 0 && strcasecmp(given, names[i][1]) != 0)
			continue;
		t->classification = names[i][1];
		t->proposal.classification_margin = "1.00";
		t->proposal.classification_words = PROPOSE_PERSON;
		return JEMBATAN_OK;
	}
	return why_set(why, JEMBATAN_DATA, "a classification is berkadar, tidak-berkadar, aspirasi or "
		       "informasi");
}

static enum jembatan_result edit_category(struct app *a, const char *given, struct arena *arena,
					  struct ticket *t, struct why *why)
{
	const struct pair *found = pairs_find(a->tables->tree, given);
	if (found == NULL)
		return why_set(why, JEMBATAN_DATA, "the national tree has no such category: write its "
			       "path, \"MAIN > NAME\", as in categories.txt");
	t->proposal.category = arena_strdup(arena, found->key);
	t->proposal.category_margin = "1.00";
	t->proposal.category_id = propose_category_id(a->tables, found->key, arena);
	return JEMBATAN_OK;
}

static enum jembatan_result edit_agency(struct app *a, const char *given, struct arena *arena,
					struct ticket *t, struct why *why)
{
	if (*given == '\0' || strlen(given) > EDIT_MAX)
		return why_set(why, JEMBATAN_DATA, "an agency's name has 1 to %u bytes", EDIT_MAX);
	t->proposal.agency = arena_strdup(arena, given);
	t->proposal.agency_margin = "1.00";
	t->proposal.agency_words = PROPOSE_PERSON;
	t->proposal.agencies = t->proposal.agency;
	return decide_know_agency(a->decide, given, t->place.regency, arena, &t->proposal.agency_id,
				  why);
}

enum jembatan_result know_view_edit(struct control_peer *p, const struct msg_command *c,
				    struct arena *arena, struct ticket *t, const char **out_what,
				    struct why *why)
{
	struct app *a = control_app(p);
	const char *kind = msg_argument(c, "classification"), *category = msg_argument(c, "category");
	const char *agency = msg_argument(c, "agency");
	enum jembatan_result r = JEMBATAN_OK;
	if (kind != NULL)
		r = edit_classification(kind, t, why);
	if (r == JEMBATAN_OK && category != NULL)
		r = edit_category(a, category, arena, t, why);
	if (r == JEMBATAN_OK && agency != NULL)
		r = edit_agency(a, agency, arena, t, why);
	if (r != JEMBATAN_OK)
		return r;
	const char *what = arena_printf(arena, "%s%s%s", kind != NULL ? ", classification" : "",
					category != NULL ? ", category" : "",
					agency != NULL ? ", agency" : "");
	*out_what = *what != '\0' ? what + 2 : NULL;
	return r;
}
