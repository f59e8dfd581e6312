/* propose.c: one paragraph a field, each begins with what the source said. */
#include "ticket/propose.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ticket/place_words.h"
#include "ticket/position.h"
#include "ticket/when_find.h"
#include "base/poison.h"

#define WORDS_MAX_BYTES 900u

static const char *margin_text(struct arena *arena, double margin)
{
	return arena_printf(arena, "%.2f", margin < 0 ? 0 : margin > 1 ? 1 : margin);
}

unsigned propose_percent(const char *margin)
{
	double m = margin != NULL ? strtod(margin, NULL) : 0;
	return m > 0 && m <= 1 ? (unsigned)(m * 100 + 0.5) : 0;
}

static const char *join(struct arena *arena, const char *const *texts, size_t count,
			const char *between)
{
	const char *out = NULL;
	for (size_t i = 0; i < count; i++) {
		if (texts[i] == NULL || (out != NULL && strlen(out) + strlen(texts[i]) > WORDS_MAX_BYTES))
			continue;
		out = out == NULL ? arena_strdup(arena, texts[i]) :
				    arena_printf(arena, "%s%s%s", out, between, texts[i]);
	}
	return out;
}

/* ---- the place ---------------------------------------------------------- */

/* Letters and digits of a name, small, without "Kabupaten". */
static char *name_key(const char *name)
{
	struct place_words *words = xmalloc(sizeof(*words));
	size_t used = 0;
	place_words_read(name, NULL, words);
	char *key = xmalloc(words->count * PLACE_WORD_SIZE + 1);
	for (size_t i = 0; i < words->count; i++) {
		const struct place_word *w = &words->items[i];
		if (i == 0 && (strcmp(w->text, "kabupaten") == 0 || strcmp(w->text, "kab") == 0))
			continue;
		memcpy(key + used, w->text, w->size);
		used += w->size;
	}
	key[used] = '\0';
	free(words);
	return key;
}

/* "Surabaya" is "Kota Surabaya": what is given may be the shorter. */
static bool is_name(const char *given, const char *found)
{
	CLEANUP(free_pointer) char *a = name_key(given);
	CLEANUP(free_pointer) char *b = name_key(found);
	size_t x = strlen(a), y = strlen(b);
	return x > 0 && x <= y && strcmp(a, b + (y - x)) == 0;
}

struct level {
	enum region_level level;
	const char **given;
};

/* What the source says of the place and the region say the same, as far as the
 * source says anything. */
static bool agrees(const struct regions *r, uint32_t region, const struct level *levels, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t at = regions_above(r, region, levels[i].level);
		if (*levels[i].given != NULL &&
		    (at == REGION_NONE || !is_name(*levels[i].given, regions_at(r, at).name)))
			return false;
	}
	return true;
}

/* Only the home itself, which nobody named. */
static bool is_home_only(const struct regions *r, const struct place *p, uint32_t home)
{
	return p->evidence_count == 0 && home != REGION_NONE && regions_inside(r, home, p->region) &&
	       p->level <= REGION_KABUPATEN;
}

static void put_place(const struct know_tables *tables, const struct place *p, uint32_t home,
		      struct arena *arena, struct ticket *t)
{
	const struct regions *r = tables->regions;
	struct ticket_place *to = &t->place;
	const struct level levels[] = { { REGION_PROVINCE, &to->province },
					{ REGION_KABUPATEN, &to->regency },
					{ REGION_KECAMATAN, &to->district },
					{ REGION_VILLAGE, &to->village } };
	const char *words[PLACE_EVIDENCE_MAX];
	if (p->region == REGION_NONE || to->code != NULL || is_home_only(r, p, home) ||
	    !agrees(r, p->region, levels, COUNT_OF(levels)))
		return;
	char code[REGION_CODE_SIZE];
	regions_code(r, p->region, code);
	to->code = arena_strdup(arena, code);
	to->code_system = "kemendagri";
	for (size_t i = 0; i < COUNT_OF(levels); i++) {
		uint32_t at = regions_above(r, p->region, levels[i].level);
		if (*levels[i].given == NULL && at != REGION_NONE)
			*levels[i].given = arena_strdup(arena, regions_at(r, at).name);
	}
	for (size_t i = 0; i < p->evidence_count; i++)
		words[i] = p->evidence[i];
	t->proposal.place_margin = margin_text(arena, p->margin);
	t->proposal.place_words = join(arena, words, p->evidence_count, ", ");
	if (t->proposal.place_words == NULL)
		t->proposal.place_words = arena_strdup(arena, regions_at(r, p->region).name);
}

int propose_zone(const struct know_tables *tables, uint32_t home, const char *code,
		 const char *province, int otherwise)
{
	const struct regions *r = tables->regions;
	uint32_t at = REGION_NONE, cursor = 0;
	char first[3] = "";
	if (code != NULL && strlen(code) >= 2) {
		memcpy(first, code, 2);
		at = regions_by_code(r, first);
	}
	if (at == REGION_NONE && province != NULL) {
		CLEANUP(free_pointer) char *key = name_key(province);
		while ((at = regions_named(r, key, strlen(key), &cursor)) != REGION_NONE &&
		       regions_at(r, at).level != REGION_PROVINCE)
			;
	}
	if (at == REGION_NONE)
		at = home;
	return at != REGION_NONE ? regions_zone_minutes(r, at) : otherwise;
}

bool propose_is_far(const struct know_tables *tables, const struct ticket *t)
{
	const struct ticket_place *p = &t->place;
	return t->proposal.place_margin != NULL && p->has_position && p->code != NULL &&
	       place_is_far(tables->regions, regions_by_code(tables->regions, p->code), p->latitude,
			    p->longitude);
}

static void put_position(const char *text, struct ticket *t)
{
	struct ticket_place *p = &t->place;
	if (!p->has_position)
		p->has_position = position_find(text, &p->latitude, &p->longitude);
}

static void put_zone(const struct know_tables *tables, uint32_t home, struct ticket *t)
{
	int minutes = propose_zone(tables, home, t->place.code, t->place.province, 0);
	if (minutes == 0 && t->place.has_position)
		minutes = position_zone_minutes(t->place.longitude);
	if (minutes != 0)
		t->zone_minutes = minutes;
}

/* ---- the rest ----------------------------------------------------------- */

static void put_day(const char *text, struct arena *arena, struct ticket *t)
{
	struct when_found found;
	int64_t said_ms = t->sent_ms != 0 ? t->sent_ms : t->received_ms;
	if (!t->incident_derived || !when_find(text, said_ms, t->zone_minutes, &found))
		return;
	t->incident_ms = found.ms;
	t->incident_derived = false;
	t->proposal.date_words = arena_strndup(arena, text + found.start, found.size);
}

static void put_kind(const struct know *k, struct arena *arena, struct ticket *t)
{
	if (t->classification == NULL) {
		t->classification = arena_strdup(arena, k->kind);
		t->proposal.classification_margin = margin_text(arena, k->kind_margin);
		t->proposal.classification_words = arena_strdup(arena, k->kind_words);
	}
	if (t->proposal.not_complaint == NULL) {
		t->proposal.not_complaint = arena_strdup(arena, k->not_complaint);
		t->proposal.not_complaint_words = arena_strdup(arena, k->not_complaint_words);
	}
}

static void put_social_aid(const struct know *k, struct arena *arena, struct ticket *t)
{
	if (!k->is_social_aid || t->proposal.social_aid != NULL)
		return;
	t->proposal.social_aid = k->programme != NULL ? arena_strdup(arena, k->programme) : "bansos";
	t->proposal.aid_margin = margin_text(arena, k->social_aid_margin);
	t->proposal.aid_complaint = arena_strdup(arena, k->aid_complaint);
}

static void put_agency(const struct know *k, struct arena *arena, struct ticket *t)
{
	struct ticket_proposal *p = &t->proposal;
	if (p->agency != NULL || k->agency.count == 0)
		return;
	p->agency = arena_strdup(arena, k->agency.three[0]);
	p->agency_margin = margin_text(arena, k->agency.margin);
	p->agency_words = join(arena, k->agency.words, k->agency.word_count, ", ");
	p->agencies = join(arena, k->agency.three, k->agency.count, " | ");
}

static void put_category(const struct know_tables *tables, const struct know *k, unsigned margin,
			 struct arena *arena, struct ticket *t)
{
	struct ticket_proposal *p = &t->proposal;
	if (p->category != NULL || k->category == NULL)
		return;
	p->category = arena_strdup(arena, k->category);
	p->category_margin = margin_text(arena, k->topic.margin);
	p->category_words = join(arena, k->topic.words, k->topic.word_count, ", ");
	if (propose_percent(p->category_margin) >= margin)
		p->category_id = propose_category_id(tables, p->category, arena);
}

/* ---- numbers of the centre ---------------------------------------------- */

const char *propose_category_id(const struct know_tables *tables, const char *category,
				struct arena *arena)
{
	const struct pair *found = pairs_find(tables->categories, category);
	const char *below = category != NULL ? strstr(category, " > ") : NULL;
	if (found == NULL && below != NULL)
		found = pairs_find(tables->categories,
				   arena_strndup(arena, category, (size_t)(below - category)));
	return found != NULL ? arena_strdup(arena, found->value) : NULL;
}

const char *propose_location_id(const struct know_tables *tables, const char *code,
				struct arena *arena)
{
	static const size_t sizes[] = { 13, 8, 5, 2 };
	const struct pair *found = NULL;
	for (size_t i = 0; code != NULL && i < COUNT_OF(sizes) && found == NULL; i++)
		if (strlen(code) >= sizes[i])
			found = pairs_find(tables->locations, arena_strndup(arena, code, sizes[i]));
	return found != NULL ? arena_strdup(arena, found->value) : NULL;
}

/* ---- all of it ---------------------------------------------------------- */

void propose_fill(const struct know_tables *tables, const struct propose_options *options,
		  struct arena *arena, struct ticket *t)
{
	const struct ticket_place *p = &t->place;
	const char *given[] = { p->address, p->village, p->district, p->regency, p->province };
	/* A subject says where and what as often as the text does. */
	const char *said[] = { t->title_derived ? NULL : t->title, t->content_edited };
	const char *text = said[0] == NULL ? said[1] :
			   arena_printf(arena, "%s\n%s", said[0], said[1] != NULL ? said[1] : "");
	struct know_input input = { .text = text != NULL ? text : "",
				    .location = join(arena, given, COUNT_OF(given), ", "),
				    .agency = options->agency, .memo = options->memo };
	struct know *k = xmalloc(sizeof(*k));
	put_position(input.text, t);
	input.hints = (struct place_hints){ options->home, p->has_position, p->latitude, p->longitude };
	know_complaint(tables, &input, k);
	put_place(tables, &k->place, options->home, arena, t);
	put_zone(tables, options->home, t);
	put_day(input.text, arena, t);
	put_kind(k, arena, t);
	put_social_aid(k, arena, t);
	put_agency(k, arena, t);
	put_category(tables, k, options->margin, arena, t);
	if (t->proposal.location_id == NULL &&
	    (p->code_system == NULL || strcmp(p->code_system, "kemendagri") == 0))
		t->proposal.location_id = propose_location_id(tables, p->code, arena);
	free(k);
}
