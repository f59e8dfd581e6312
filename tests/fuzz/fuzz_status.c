/* fuzz_status.c: what a centre may answer to a question: a complaint, a page
 * of follow-ups, a list of names; and what its words mean. */
#include "base/text.h"
#include "central/lapor_v3_read.h"
#include "central/status.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text, size_t max)
{
	ASSERT(!text || (strlen(text) <= max && text_is_utf8(text, strlen(text))));
}

static void check_entries(const struct follow_entry *list, size_t count)
{
	ASSERT(count <= LAPOR_V3_ENTRIES_MAX);
	for (size_t i = 0; i < count; i++) {
		ASSERT(list[i].key && list[i].text);
		check_text(list[i].text, LAPOR_V3_NOTE_BYTES);
		check_text(list[i].from, LAPOR_V3_WORDS_BYTES);
		check_text(list[i].to, LAPOR_V3_WORDS_BYTES);
	}
}

static void complaint(struct jembatan_bytes answer, struct arena *arena)
{
	static const struct settings_status settings = { .new_every_ms = 1000 };
	struct lapor_v3_complaint c;

	if (lapor_v3_read_complaint(answer, 420, arena, &c, NULL) != JEMBATAN_OK)
		return;
	check_text(c.name, LAPOR_V3_WORDS_BYTES);
	check_text(c.code, LAPOR_V3_WORDS_BYTES);
	check_entries(c.entries, c.entry_count);
	for (size_t i = 1; i < c.entry_count; i++)
		ASSERT(c.entries[i - 1].at_ms <= c.entries[i].at_ms);
	/* Taken twice, it moves once. */
	struct status_held held = { 0, 0, 0 };
	struct status_reading reading = { c.name, c.code, c.last_note, c.log_ms };
	int state;
	enum status_change change = status_compare(&settings, &held, &reading, &state);
	ASSERT(change == STATUS_MOVED || change == STATUS_WORD_UNKNOWN);
	if (change != STATUS_MOVED)
		return;
	held = (struct status_held){ state, 1, c.log_ms };
	ASSERT(status_compare(&settings, &held, &reading, &state) == STATUS_SAME);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	struct jembatan_bytes answer = bytes_of(data, size);
	struct lapor_v3_page page;
	struct central_name *names;
	size_t count;
	bool more;

	complaint(answer, arena);
	if (lapor_v3_read_follow_ups(answer, 420, "JB-7K3M9Q", arena, &page, NULL) == JEMBATAN_OK)
		check_entries(page.entries, page.entry_count);
	if (lapor_v3_read_names(answer, arena, &names, &count, &more, NULL) == JEMBATAN_OK)
		for (size_t i = 0; i < count; i++)
			ASSERT(lapor_v3_is_id(names[i].id) && *names[i].name);
	arena_free(arena);
	return 0;
}
