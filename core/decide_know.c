/* decide_know.c: see decide_know.h. What is proposed is pure (ticket/propose.h);
 * here are the centre's institutions, the settings, and the store. */
#include "decide_know.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "store/incomplete.h"
#include "store/names.h"
#include "store/replies.h"
#include "ticket/complete.h"
#include "ticket/place_words.h"
#include "ticket/propose.h"
#include "base/poison.h"

#define INSTITUTIONS_MAX 20000u
#define PAGE 500u
#define LOOK_EVERY_MS 1000
#define DUE_MAX 16u

struct institution {
	const char *key, *id;
};

struct decide_know {
	struct arena *arena; /* of the institutions */
	struct institution *institutions; /* by key */
	size_t count;
	int64_t age_ms; /* of the list that they are from */
	int64_t age_mono_ms, due_mono_ms; /* of the last looks */
};

struct decide_know *decide_know_new(void)
{
	struct decide_know *k = xcalloc(1, sizeof(*k));
	k->arena = arena_new();
	k->age_ms = -1;
	return k;
}

void decide_know_free(struct decide_know *k)
{
	if (k == NULL)
		return;
	arena_free(k->arena);
	free(k);
}

/* ---- institutions ------------------------------------------------------- */

static const char *canon(const char *word)
{
	static const char *const short_words[][2] = {
		{ "kab", "kabupaten" }, { "prov", "provinsi" }, { "pemkot", "pemerintahkota" },
		{ "pemkab", "pemerintahkabupaten" }, { "pemprov", "pemerintahprovinsi" },
		{ "administrasi", "" }, { "adm", "" } };
	for (size_t i = 0; i < COUNT_OF(short_words); i++)
		if (strcmp(short_words[i][0], word) == 0)
			return short_words[i][1];
	return word;
}

/* Letters and digits, small, without blanks. */
static const char *key_of(struct arena *arena, const char *name, const char *more)
{
	CLEANUP(buf_done) struct buf key;
	struct place_words *words = xmalloc(sizeof(*words));
	buf_init(&key, 2 * PLACE_WORDS_MAX * PLACE_WORD_SIZE);
	/* The location's words come first. */
	place_words_read(more, name, words);
	for (size_t i = 0; i < words->count; i++)
		buf_add_text(&key, canon(words->items[i].text));
	free(words);
	return arena_strndup(arena, key.data != NULL ? key.data : "", key.size);
}

static int by_key(const void *a, const void *b)
{
	const struct institution *x = a, *y = b;
	return strcmp(x->key, y->key);
}

static enum jembatan_result read_institutions(struct decide_know *k, struct db *db, struct why *why)
{
	struct central_name *page = xcalloc(PAGE, sizeof(*page));
	const char *after = "";
	size_t count = PAGE;
	enum jembatan_result r = JEMBATAN_OK;
	arena_reset(k->arena);
	k->count = 0;
	k->institutions = arena_alloc(k->arena, INSTITUTIONS_MAX * sizeof(*k->institutions));
	while (r == JEMBATAN_OK && count == PAGE && k->count + PAGE <= INSTITUTIONS_MAX) {
		r = names_list(db, NAMES_INSTITUTION, after, PAGE, k->arena, page, &count, why);
		for (size_t i = 0; i < count && r == JEMBATAN_OK; i++) {
			k->institutions[k->count++] = (struct institution){
				key_of(k->arena, page[i].name, NULL), page[i].id };
			after = page[i].id;
		}
	}
	free(page);
	if (r == JEMBATAN_OK && k->count > 0)
		qsort(k->institutions, k->count, sizeof(*k->institutions), by_key);
	return r;
}

static enum jembatan_result look_at_institutions(struct decide *d, struct why *why)
{
	struct decide_know *k = d->know;
	int64_t age_ms = 0, now = clock_mono_ms();
	if (k->age_ms >= 0 && now - k->age_mono_ms < LOOK_EVERY_MS)
		return JEMBATAN_OK;
	enum jembatan_result r = names_age(d->o.db, NAMES_INSTITUTION, &age_ms, why);
	if (r == JEMBATAN_OK && age_ms != k->age_ms)
		r = read_institutions(k, d->o.db, why);
	if (r == JEMBATAN_OK) {
		k->age_ms = age_ms;
		k->age_mono_ms = now;
	}
	return r;
}

/* The only one of this key; NULL: none, or several. */
static const char *only_one(const struct decide_know *k, const char *key)
{
	const struct institution wanted = { .key = key };
	const struct institution *found = k->count == 0 || *key == '\0' ? NULL :
		bsearch(&wanted, k->institutions, k->count, sizeof(*found), by_key);
	if (found == NULL)
		return NULL;
	bool twice = (found > k->institutions && strcmp(found[-1].key, key) == 0) ||
		     (found + 1 < k->institutions + k->count && strcmp(found[1].key, key) == 0);
	return twice ? NULL : found->id;
}

enum jembatan_result decide_know_agency(struct decide *d, const char *name, const char *regency,
					struct arena *arena, const char **out_id, struct why *why)
{
	enum jembatan_result r = look_at_institutions(d, why);
	if (r != JEMBATAN_OK)
		return r;
	const char *id = regency != NULL ? only_one(d->know, key_of(arena, name, regency)) : NULL;
	if (id == NULL)
		id = only_one(d->know, key_of(arena, name, NULL));
	*out_id = arena_strdup(arena, id);
	return JEMBATAN_OK;
}

/* ---- filling ------------------------------------------------------------ */

static uint32_t home_of(const struct decide *d, const struct instance_settings *s)
{
	return s == NULL || s->home_region == NULL ? REGION_NONE :
	       regions_by_code(d->o.tables->regions, s->home_region);
}

/* It serves one kabupaten or kota, or less. */
static bool is_local(const struct instance_settings *s)
{
	return s != NULL && s->home_region != NULL && strlen(s->home_region) >= 5;
}

int decide_know_zone(const struct decide *d, const struct instance_settings *s,
		     const struct jembatan_place *place)
{
	int otherwise = d->o.settings->central.zone_minutes;
	return d->o.tables == NULL ? otherwise :
	       propose_zone(d->o.tables, home_of(d, s), place->code, place->province, otherwise);
}

static const char *regency_of(const struct decide *d, const struct instance_settings *s,
			      const struct ticket *t)
{
	uint32_t home = home_of(d, s);
	uint32_t regency = home == REGION_NONE ? REGION_NONE :
			   regions_above(d->o.tables->regions, home, REGION_KABUPATEN);
	return t->place.regency != NULL ? t->place.regency :
	       regency != REGION_NONE ? regions_at(d->o.tables->regions, regency).name : NULL;
}

static enum jembatan_result put_agency_id(struct decide *d, const struct instance_settings *s,
					  struct ticket *t, bool is_sure, struct why *why)
{
	struct ticket_proposal *p = &t->proposal;
	if (p->agency == NULL || p->agency_id != NULL || !is_sure ||
	    str_equal(t->classification, KNOW_SUPERVISION))
		return JEMBATAN_OK;
	return decide_know_agency(d, p->agency, regency_of(d, s, t), d->arena, &p->agency_id, why);
}

/* What a person sees as the reason; no citizen's words. */
static void judge(struct decide *d, const struct ticket *t, bool is_sure, struct decide_known *out)
{
	const struct settings *all = d->o.settings;
	const struct ticket_proposal *p = &t->proposal;
	if (p->not_complaint != NULL)
		out->review = arena_printf(d->arena, "it seems to be no complaint (%s): a person "
					   "decides", p->not_complaint);
	else if (propose_is_far(d->o.tables, t))
		out->review = "the place that its words name lies far from its coordinates: a person "
			      "decides";
	else if (all->classify.unsure_to_review && !is_sure)
		out->review = arena_printf(d->arena, "it is not sure which agency it is for (margin "
					   "%u %%, `classify.margin` is %u %%)",
					   propose_percent(p->agency_margin), all->classify.margin);
	if (str_equal(t->classification, KNOW_SUPERVISION))
		out->note = all->central.supervision_disposition_id != NULL ?
			"push: auto sends it to the centre, for the inspectorate alone: it is about "
			"abuse of office" :
			"push: auto sends it to the centre, for no institution: it is about abuse of "
			"office, and `central.supervision_disposition_id` is not set";
}

const struct know_tables *decide_know_tables(const struct decide *d)
{
	return d->o.settings->classify.enabled ? d->o.tables : NULL;
}

struct propose_options decide_know_options(const struct decide *d,
					   const struct instance_settings *s)
{
	return (struct propose_options){ .home = d->o.tables != NULL ? home_of(d, s) : REGION_NONE,
					 .agency = s != NULL ? s->agency : NULL,
					 .memo = d->memo,
					 .margin = d->o.settings->classify.margin };
}

static enum jembatan_result look_at_proposals(struct decide *d, const struct instance_settings *s,
					      struct ticket *t, struct decide_known *out,
					      struct why *why)
{
	bool is_sure = propose_percent(t->proposal.agency_margin) >= d->o.settings->classify.margin;
	enum jembatan_result r = put_agency_id(d, s, t, is_sure, why);
	if (r == JEMBATAN_OK)
		judge(d, t, is_sure, out);
	return r;
}

enum jembatan_result decide_know_look(struct decide *d, const struct instance_settings *s,
				      struct ticket *t, struct decide_known *out, struct why *why)
{
	const struct settings *all = d->o.settings;
	*out = (struct decide_known){ 0 };
	if (d->o.tables == NULL || t->from_centre)
		return JEMBATAN_OK;
	enum jembatan_result r = all->classify.enabled ? look_at_proposals(d, s, t, out, why) :
							 JEMBATAN_OK;
	if (r != JEMBATAN_OK)
		return r;
	unsigned missing = all->complete.ask && out->review == NULL ?
			   complete_check(t, &all->complete, is_local(s)) : 0;
	bool is_asked = complete_can_ask(missing) && s != NULL && s->replies != REPLIES_OFF;
	out->missing = is_asked ? missing : 0;
	if ((missing & ~(1u << COMPLETE_ADDRESS)) != 0 && !is_asked)
		out->lacks = arena_printf(d->arena, "it lacks %s, and its reporter cannot be asked",
					  complete_names(missing, d->arena));
	return JEMBATAN_OK;
}

enum jembatan_result decide_know_fill(struct decide *d, const struct instance_settings *s,
				      struct ticket *t, struct decide_known *out, struct why *why)
{
	const struct propose_options options = decide_know_options(d, s);
	const struct know_tables *tables = decide_know_tables(d);
	if (tables != NULL && !t->from_centre)
		propose_fill(tables, &options, d->arena, t);
	return decide_know_look(d, s, t, out, why);
}

bool decide_know_accuses(const struct decide *d, const struct jembatan_message *m,
			 const struct ticket *of_ticket)
{
	struct rules_answer a;
	/* As propose_fill reads a report: a subject says what it is about as often. */
	const char *said = arena_printf(d->arena, "%s\n%s", m->subject != NULL ? m->subject : "",
					m->text != NULL ? m->text : "");
	if (d->o.tables == NULL || d->o.tables->rules == NULL ||
	    str_equal(of_ticket->classification, KNOW_SUPERVISION))
		return false;
	rules_apply(d->o.tables->rules, said, &a);
	return str_equal(a.fields[RULES_KIND].value, KNOW_SUPERVISION);
}

/* ---- what waits --------------------------------------------------------- */

enum jembatan_result decide_know_wait(struct decide *d, int64_t ticket_id, unsigned missing,
				      struct why *why)
{
	return incomplete_put(d->o.db, &(struct incomplete_row){
		.ticket_id = ticket_id, .missing = missing,
		.due_ms = clock_now_ms() + d->o.settings->complete.wait_ms }, why);
}

/* As its instance would have it: to the centre, or to a person. */
static enum jembatan_result go_on(struct decide *d, const struct instance_settings *s,
				  const struct ticket_row *ticket, const char *reason,
				  struct why *why)
{
	if (s != NULL && s->push == PUSH_AUTO)
		return decide_let_go(d, ticket, DECIDE_ACTOR, reason, why);
	enum jembatan_result r = incomplete_remove(d->o.db, ticket->id, why);
	if (r == JEMBATAN_OK)
		r = tickets_set_state(d->o.db, ticket->id, TICKET_REVIEW, reason, why);
	return r == JEMBATAN_OK ? decide_note(d, ticket->id, DECIDE_ACTOR, "review", reason, why) : r;
}

static enum jembatan_result put_answer(struct decide *d, const struct inbox_row *row,
				       const struct instance_settings *s, int64_t ticket_id,
				       struct decide_known *out, struct why *why)
{
	const char *text = row->message.message.text;
	struct ticket_row known;
	struct ticket t;
	enum jembatan_result r = tickets_read(d->o.db, ticket_id, d->arena, &known, &t, why);
	if (r != JEMBATAN_OK)
		return r;
	if (text != NULL)
		t.content_edited = arena_printf(d->arena, "%s\n\n%s", t.content_edited, text);
	r = decide_know_fill(d, s, &t, out, why);
	if (r != JEMBATAN_OK)
		return r;
	CLEANUP(free_pointer) char *body = ticket_to_json(&t);
	return tickets_set_body(d->o.db, ticket_id, body, why);
}

static bool has_files(const struct inbox_row *row)
{
	return row->message.file_count > 0;
}

enum jembatan_result decide_know_answer(struct decide *d, const struct inbox_row *row,
					const struct instance_settings *s,
					const struct ticket_row *ticket, struct why *why)
{
	struct decide_known known = { 0 };
	const char *reason = "its reporter answered: the words are part of the report";
	enum jembatan_result r = put_answer(d, row, s, ticket->id, &known, why);
	/* Files go out behind the report, as an addition. */
	if (r == JEMBATAN_OK)
		r = decide_leave(d, row, has_files(row) ? INBOX_FOLLOW_UP : INBOX_STORED, ticket->id,
				 reason, why);
	if (r == JEMBATAN_OK)
		r = decide_note(d, ticket->id, DECIDE_ACTOR, "answered", known.missing == 0 ? reason :
				arena_printf(d->arena, "its reporter answered; still missing: %s",
					     complete_names(known.missing, d->arena)), why);
	if (r != JEMBATAN_OK)
		return r;
	return known.missing == 0 ? go_on(d, s, ticket, known.lacks != NULL ? known.lacks :
					  "nothing is missing any more", why) :
	       incomplete_put(d->o.db, &(struct incomplete_row){ .ticket_id = ticket->id,
								 .missing = known.missing }, why);
}

static enum jembatan_result end_wait(struct decide *d, int64_t ticket_id, unsigned missing,
				     struct why *why)
{
	static const char archived[] = "nobody answered what was asked: it is kept here and not sent "
				       "(`complete.after`)";
	struct ticket_row t;
	int64_t start_ms;
	bool was_asked = false;
	enum jembatan_result r = tickets_get(d->o.db, ticket_id, d->arena, &t, why);
	if (r != JEMBATAN_OK)
		return r;
	if (t.state != TICKET_INCOMPLETE)
		return incomplete_remove(d->o.db, ticket_id, why);
	r = replies_question_left(d->o.db, ticket_id, &was_asked, why);
	if (r != JEMBATAN_OK)
		return r;
	/* Nobody is silent who was not asked: a token had ended, or nobody is answered here. */
	if (!was_asked || !d->o.settings->complete.archive)
		return go_on(d, intake_instance(d->o.intake, t.instance_id, &start_ms), &t, was_asked ?
			     "nobody answered what was asked: it goes on as it is" :
			     arena_printf(d->arena, "its reporter could not be asked what is missing (%s): "
					  "it goes on as it is", complete_names(missing, d->arena)), why);
	r = incomplete_remove(d->o.db, ticket_id, why);
	if (r == JEMBATAN_OK)
		r = tickets_set_state(d->o.db, ticket_id, TICKET_ARCHIVED, archived, why);
	return r == JEMBATAN_OK ?
	       decide_note(d, ticket_id, DECIDE_ACTOR, "archived", archived, why) : r;
}

enum jembatan_result decide_know_due(struct decide *d, struct why *why)
{
	struct incomplete_row rows[DUE_MAX];
	size_t count = 0;
	int64_t now = clock_mono_ms();
	if (d->know->due_mono_ms != 0 && now - d->know->due_mono_ms < LOOK_EVERY_MS)
		return JEMBATAN_OK;
	enum jembatan_result r = incomplete_due(d->o.db, clock_now_ms(), DUE_MAX, rows, &count, why);
	for (size_t i = 0; i < count && r == JEMBATAN_OK; i++)
		r = end_wait(d, rows[i].ticket_id, rows[i].missing, why);
	if (r == JEMBATAN_OK && count < DUE_MAX)
		d->know->due_mono_ms = now;
	return r;
}
