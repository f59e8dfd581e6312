/* test_natural.c: complaints as people write them, all made up: Javanese, Sundanese
 * and other flavours, slang, capitals, emoji, two languages in one sentence. What
 * each must give stands beside it in tests/data/natural/cases.tsv. */
#include "ticket/propose.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "config/date.h"
#include "tables_unit.h"

#define NOW_MS INT64_C(1768010400000) /* Saturday, 10 January 2026, 09:00 WIB */
#define CASES_MIN 60u

enum column { HOME, CODE, DAY, KIND, PROGRAMME, NOT_COMPLAINT, TEXT, COLUMNS };

static struct know_tables *tables;
static struct arena *arena;

static void set_up(void)
{
	tables = tables_of_unit();
	arena = arena_new();
}

static void tear_down(void)
{
	know_free(tables);
	arena_free(arena);
}

static const char *kind_of(const char *letter)
{
	switch (letter[0]) {
	case 'B':
		return "Pengaduan Berkadar Pengawasan";
	case 'I':
		return "Permintaan Informasi";
	case 'A':
		return "Aspirasi";
	default:
		return "Pengaduan Tidak Berkadar Pengawasan";
	}
}

static unsigned differs(const char *text, const char *what, const char *got, const char *wanted)
{
	if (strcmp(wanted, "*") == 0 || str_equal(got, strcmp(wanted, "-") == 0 ? NULL : wanted))
		return 0;
	fprintf(stderr, "%s:\n\t%s is %s, not %s\n", text, what, got != NULL ? got : "not set", wanted);
	return 1;
}

/* How many of the answers are others. */
static unsigned look(char *const f[COLUMNS])
{
	struct propose_options options = { .margin = 40, .home = strcmp(f[HOME], "-") == 0 ? REGION_NONE :
					   regions_by_code(tables->regions, f[HOME]) };
	struct ticket t = { .title = "Laporan", .title_derived = true, .content_edited = f[TEXT],
			    .content_original = f[TEXT], .sent_ms = NOW_MS, .received_ms = NOW_MS,
			    .incident_ms = NOW_MS, .incident_derived = true, .zone_minutes = 420 };
	struct place place;
	char day[40], code[REGION_CODE_SIZE + 1] = "";
	propose_fill(tables, &options, arena, &t);
	date_format(t.incident_ms, t.zone_minutes, day);
	day[10] = '\0';
	place_find(tables->regions, f[TEXT], NULL, &(struct place_hints){ .home = options.home }, &place);
	if (place.region != REGION_NONE)
		regions_code(tables->regions, place.region, code);
	if (place.is_ambiguous)
		strcat(code, "?");
	return differs(f[TEXT], "the place", code[0] != '\0' ? code : NULL, f[CODE]) +
	       differs(f[TEXT], "the day", t.incident_derived ? NULL : day, f[DAY]) +
	       differs(f[TEXT], "the kind", t.classification,
		       strcmp(f[KIND], "-") == 0 ? "*" : kind_of(f[KIND])) +
	       differs(f[TEXT], "the programme", t.proposal.social_aid, f[PROGRAMME]) +
	       differs(f[TEXT], "no complaint", t.proposal.not_complaint, f[NOT_COMPLAINT]);
}

START_TEST(what_people_write_is_understood)
{
	CLEANUP(buf_done) struct buf file;
	struct why why = { "" };
	unsigned cases = 0, wrong = 0;
	buf_init(&file, 1u << 20);
	ck_assert_msg(file_read(TEST_NATURAL, &file, &why) == JEMBATAN_OK, "%s", why.text);
	for (char *rest = file.data, *line; rest != NULL && (line = strsep(&rest, "\n")) != NULL;) {
		char *f[COLUMNS] = { NULL };
		size_t n = 0;
		if (line[0] == '#' || line[0] == '\0')
			continue;
		for (; line != NULL && n < COLUMNS; n++)
			f[n] = strsep(&line, "\t");
		ck_assert_uint_eq(n, COLUMNS);
		wrong += look(f);
		cases++;
	}
	ck_assert_uint_ge(cases, CASES_MIN);
	ck_assert_uint_eq(wrong, 0);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("natural");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, what_people_write_is_understood);
	return unit_run("natural", t);
}
