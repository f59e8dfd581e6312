/* complete.c: four questions, each answered from the ticket alone. */
#include "ticket/complete.h"

#include <stdlib.h>
#include <string.h>

#include "ticket/place_words.h"
#include "base/poison.h"

#define ADDRESS_MIN 8u /* letters and digits of a usable one */

static const char *const part_names[] = { "text", "place", "date", "address" };

const char *complete_part_name(enum complete_part part)
{
	return part_names[part];
}

const char *complete_names(unsigned missing, struct arena *arena)
{
	const char *names = "";
	for (unsigned p = 0; p < COMPLETE_PART_COUNT; p++)
		if (missing & 1u << p)
			names = arena_printf(arena, "%s%s%s", names, *names != '\0' ? ", " : "",
					     part_names[p]);
	return names;
}

const char *complete_question(const struct settings_complete *rules, enum complete_part part)
{
	switch (part) {
	case COMPLETE_TEXT:
		return rules->question_text;
	case COMPLETE_PLACE:
		return rules->question_place;
	case COMPLETE_DATE:
		return rules->question_date;
	case COMPLETE_ADDRESS:
	case COMPLETE_PART_COUNT:
		break;
	}
	return NULL;
}

bool complete_can_ask(unsigned missing)
{
	return missing != 0 && (missing & 1u << COMPLETE_ADDRESS) == 0;
}

static size_t letters(const struct place_words *words)
{
	size_t count = 0;
	for (size_t i = 0; i < words->count; i++)
		count += words->items[i].size;
	return count;
}

/* "Jl. Melati", "RT 3", "gang Mawar": "jalan" alone is what is broken. */
static bool has_street(const struct place_words *words)
{
	static const char *const marks[] = { "jl", "jln", "rt", "rw", "gang", "gg", "perum",
					     "perumahan", "komplek", "dusun", "dsn", "blok" };
	for (size_t i = 0; i + 1 < words->count; i++)
		for (size_t m = 0; m < COUNT_OF(marks); m++)
			if (strcmp(words->items[i].text, marks[m]) == 0)
				return true;
	return false;
}

static bool has_place(const struct ticket *t, const struct settings_complete *rules, bool is_local,
		      const struct place_words *words)
{
	const struct ticket_place *p = &t->place;
	if (rules->place == COMPLETE_PLACE_ANY || p->has_position || p->district != NULL ||
	    p->village != NULL)
		return true;
	if (rules->place == COMPLETE_PLACE_DISTRICT || (!is_local && p->regency == NULL))
		return false;
	if (has_street(words))
		return true;
	struct place_words *address = xmalloc(sizeof(*address));
	place_words_read(p->address, NULL, address);
	bool is_usable = letters(address) >= ADDRESS_MIN;
	free(address);
	return is_usable;
}

unsigned complete_check(const struct ticket *t, const struct settings_complete *rules, bool is_local)
{
	struct place_words *words = xmalloc(sizeof(*words));
	unsigned missing = 0;
	place_words_read(t->content_edited, NULL, words);
	if (letters(words) < rules->text_min)
		missing |= 1u << COMPLETE_TEXT;
	if (!has_place(t, rules, is_local, words))
		missing |= 1u << COMPLETE_PLACE;
	if (rules->date_given && t->incident_derived)
		missing |= 1u << COMPLETE_DATE;
	if (t->reporter.phone == NULL && t->reporter.mail == NULL && t->source_id == NULL)
		missing |= 1u << COMPLETE_ADDRESS;
	free(words);
	return missing;
}
