/* settings_know.c: what is proposed about a complaint, what it must hold, and
 * which ids of the centre follow from that. */
#include "config/settings_instance.h"

#include <string.h>

#include "base/poison.h"

static const char *const kinds[] = { "Pengaduan Berkadar Pengawasan",
				     "Pengaduan Tidak Berkadar Pengawasan", "Aspirasi",
				     "Permintaan Informasi" };

static bool is_kind(const char *word)
{
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if (strcmp(kinds[i], word) == 0)
			return true;
	return false;
}

static bool is_choice(const struct schema_values *values, const char *name, const char *choice)
{
	return str_equal(schema_text(values, name), choice);
}

static void read_classifications(const struct schema_values *values, struct settings_central *out,
				 struct arena *arena, struct problems *problems)
{
	const struct schema_value *value = schema_value(values, "central.classifications");
	struct settings_word_id *list = arena_alloc(arena, (value->entry_count + 1) * sizeof(*list));

	for (size_t i = 0; i < value->entry_count; i++) {
		const struct schema_entry *e = &value->entries[i];
		size_t size = strlen(e->text);

		if (!is_kind(e->key))
			problems_add(problems, e->node->file, e->node->line,
				     "\"central.classifications\" knows no \"%.40s\": they are "
				     "Pengaduan Berkadar Pengawasan, Pengaduan Tidak Berkadar "
				     "Pengawasan, Aspirasi and Permintaan Informasi", e->key);
		else if (size < 1 || size > 64 || strpbrk(e->text, " \t\n") != NULL)
			problems_add(problems, e->node->file, e->node->line,
				     "\"central.classifications\" must hold ids of the centre: 1 to 64 "
				     "letters without blanks");
		else
			list[out->classification_count++] =
				(struct settings_word_id){ e->key, e->text };
	}
	out->classifications = list;
}

static void read_complete(const struct schema_values *values, struct settings_complete *out)
{
	out->ask = is_choice(values, "complete.mode", "ask");
	out->text_min = (unsigned)schema_integer(values, "complete.text_min");
	out->place = is_choice(values, "complete.place", "district") ? COMPLETE_PLACE_DISTRICT :
		     is_choice(values, "complete.place", "none") ? COMPLETE_PLACE_ANY :
								   COMPLETE_PLACE_USABLE;
	out->date_given = is_choice(values, "complete.date", "given");
	out->wait_ms = schema_integer(values, "complete.wait");
	out->archive = is_choice(values, "complete.after", "archive");
	out->question_text = schema_text(values, "complete.questions.text");
	out->question_place = schema_text(values, "complete.questions.place");
	out->question_date = schema_text(values, "complete.questions.date");
}

void settings_read_know(const struct schema_values *values, struct settings *s,
			struct problems *problems)
{
	struct settings_central *central = &s->central;

	central->route = is_choice(values, "central.route", "proposed") ? BY_PROPOSAL : BY_FIXED;
	central->supervision_disposition_id =
		settings_read_id(values, "central.supervision_disposition_id", problems);
	central->categories_file = schema_text(values, "central.categories_file");
	central->locations_file = schema_text(values, "central.locations_file");
	read_classifications(values, central, s->arena, problems);
	s->classify.enabled = schema_integer(values, "classify.enabled") != 0;
	s->classify.margin = (unsigned)schema_integer(values, "classify.margin");
	s->classify.unsure_to_review = is_choice(values, "classify.unsure", "review");
	read_complete(values, &s->complete);
}
