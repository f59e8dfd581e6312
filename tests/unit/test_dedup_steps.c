/* test_dedup_steps.c: each step of the comparison by itself: what becomes of the rows of
 * tests/data/golden/dedup/STEP.jsonl, in the form of `jembatan duplicates --offline`, as
 * STEP.out shows it (golden.h), with a small model that no training changes. */
#include "dedup_scene.h"

#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/jx.h"
#include "golden.h"
#include "ticket/dedup_align.h"
#include "ticket/dedup_index.h"
#include "ticket/dedup_lines.h"
#include "unit.h"

static struct dedup_scene scene;

static void set_up(void)
{
	dedup_scene_start(&scene, TEST_STEPS);
}

static void tear_down(void)
{
	dedup_scene_stop(&scene);
}

/* A line of the file, its words, and what is kept of them. */
struct row {
	struct dedup_line line;
	struct tokens tokens;
	struct fingerprint print;
};

static void read_row(struct jembatan_bytes line, const struct counts *counts, struct row *out)
{
	struct why why = { "" };
	ck_assert_msg(dedup_line_read(scene.model, line, &out->line, &why) == JEMBATAN_OK, "%s", why.text);
	const struct dedup_input *i = &out->line.input;
	tokens_read(dedup_model_lexicon(scene.model), i->text, i->location, i->time_ms, i->zone_minutes,
		    &out->tokens);
	fingerprint_read(scene.model, counts, i, &out->print);
	ck_assert_uint_eq(out->tokens.count, out->print.mark_count);
}

/* Rows of a step, one after the other; the file ends with a line end. */
struct rows {
	const char *path;
	char *data, *rest;
};

static void rows_open(struct rows *r, const char *path)
{
	size_t size;
	r->path = path;
	r->data = r->rest = golden_read(path, &size);
}

static bool rows_next(struct rows *r, const struct counts *counts, struct row *out)
{
	char *line = strsep(&r->rest, "\n");
	if (line[0] == '\0')
		return false;
	read_row(bytes_text(line), counts, out);
	return true;
}

static void rows_compare(struct rows *r, FILE *out, char **text)
{
	fclose(out);
	golden_compare(r->path, *text);
	free(r->data);
}

/* ---- words of one side and where they are on the other ------------------ */

static void show_side(FILE *out, const struct row *r, const uint8_t *found, const int16_t *at)
{
	static const char levels[FOUND_LEVELS] = { '-', '7', '8', '9', '=' };
	fprintf(out, "%s:", r->line.id);
	for (size_t i = 0; i < r->tokens.count; i++) {
		fprintf(out, " %s%c", r->tokens.items[i].text, levels[found[i]]);
		if (at[i] != NOT_FOUND)
			fprintf(out, "%d", at[i]);
	}
	fputc('\n', out);
}

START_TEST(the_words_of_both_are_laid_side_by_side)
{
	struct dedup_query *q = dedup_query_new();
	static struct row a, b;
	struct rows rows;
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	rows_open(&rows, TEST_STEPS "/align.jsonl");
	while (rows_next(&rows, NULL, &a) && rows_next(&rows, NULL, &b)) {
		struct dedup_record record = dedup_record_of(&b.print);
		dedup_query_set(q, &a.print);
		double share = dedup_align_exact(q, &record);
		dedup_align_fuzzy(q);
		show_side(out, &a, q->a_found, q->a_at);
		show_side(out, &b, q->b_found, q->b_at);
		fprintf(out, "of the lighter exactly: %.3f\n\n", share);
		dedup_line_done(&a.line);
		dedup_line_done(&b.line);
	}
	rows_compare(&rows, out, &text);
	dedup_query_free(q);
}
END_TEST

/* ---- features of a pair -------------------------------------------------- */

static void show_features(FILE *out, const struct dedup_features *x)
{
	for (unsigned f = 0; f < FEATURE_COUNT; f++)
		if (x->value[f] > 0 || x->value[f] < 0)
			fprintf(out, "\t%s %.3f\n", dedup_feature_name((enum dedup_feature)f),
				(double)x->value[f]);
	fprintf(out, "\tof the new one %.3f%s%s%s%s; score %.3f\n", (double)x->of_query,
		x->author_same ? ", same author" : "", x->author_conflict ? ", another author" : "",
		x->other_has_author ? ", the stored one has an author" : "",
		x->near_identical ? ", nearly the same words" : "", dedup_score(scene.model, x));
}

START_TEST(a_pair_is_its_features)
{
	struct dedup_query *q = dedup_query_new();
	static struct row a, b;
	struct dedup_features x;
	struct rows rows;
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	rows_open(&rows, TEST_STEPS "/pair.jsonl");
	while (rows_next(&rows, NULL, &a) && rows_next(&rows, NULL, &b)) {
		struct dedup_record record = dedup_record_of(&a.print);
		dedup_query_set(q, &b.print);
		bool alike = dedup_compare(q, &record, &x);
		fprintf(out, "%s after %s%s\n", b.line.id, a.line.id, alike ? ":" : ": not alike");
		if (alike)
			show_features(out, &x);
		dedup_line_done(&a.line);
		dedup_line_done(&b.line);
	}
	rows_compare(&rows, out, &text);
	dedup_query_free(q);
}
END_TEST

/* ---- candidates ---------------------------------------------------------- */

/* Ids are places in the file; the odd and the even ones are an incident each. */
static void show_found(FILE *out, struct window *w, const struct row *r, uint64_t id)
{
	uint32_t numbers[DEDUP_CANDIDATES];
	struct window_slot s;
	size_t count = window_find(w, &r->print, numbers, DEDUP_CANDIDATES);
	fprintf(out, "%s:", r->line.id);
	for (size_t i = 0; i < count; i++)
		fprintf(out, " m%u", numbers[i] + 1);
	if (r->print.mark_count > 0 && window_find_same(w, &r->print, &s))
		fprintf(out, "; the same words: m%u", (unsigned)s.id);
	count = window_find_own(w, &r->print, 1 + id % 2, numbers, 2);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s m%u", i == 0 ? "; his own in this incident:" : "", numbers[i] + 1);
	fputc('\n', out);
}

START_TEST(the_nearest_are_candidates)
{
	struct window *w = window_new();
	static struct row r;
	struct rows rows;
	uint64_t id = 0;
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	rows_open(&rows, TEST_STEPS "/candidates.jsonl");
	while (rows_next(&rows, NULL, &r)) {
		show_found(out, w, &r, ++id);
		window_add(w, id, 1 + id % 2, r.print.time_ms, &r.print);
		dedup_line_done(&r.line);
	}
	rows_compare(&rows, out, &text);
	window_free(w);
}
END_TEST

/* ---- boilerplate --------------------------------------------------------- */

/* Sixteenths of a nat. */
static void show_weights(FILE *out, const struct row *r)
{
	fprintf(out, "%s:", r->line.id);
	for (size_t i = 0; i < r->tokens.count; i++)
		fprintf(out, " %s %u", r->tokens.items[i].text, r->print.marks[i].weight);
	fputc('\n', out);
}

START_TEST(what_many_say_weighs_little)
{
	struct counts *counts = counts_new();
	static struct row r, again;
	struct rows rows;
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	rows_open(&rows, TEST_STEPS "/boilerplate.jsonl");
	while (rows_next(&rows, counts, &r)) {
		int64_t times = jx_integer(r.line.root, "times", 1);
		show_weights(out, &r);
		for (int64_t n = 0; n < times; n++)
			counts_add(counts, r.print.marks, r.print.mark_count);
		for (int64_t n = 0; n < times; n += 2) /* half of them leave the window again */
			counts_drop(counts, r.print.marks, r.print.mark_count);
		fingerprint_read(scene.model, counts, &r.line.input, &again.print);
		r.print = again.print;
		show_weights(out, &r);
		dedup_line_done(&r.line);
	}
	rows_compare(&rows, out, &text);
	counts_free(counts);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("dedup_steps");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, the_words_of_both_are_laid_side_by_side);
	tcase_add_test(t, a_pair_is_its_features);
	tcase_add_test(t, the_nearest_are_candidates);
	tcase_add_test(t, what_many_say_weighs_little);
	return unit_run("dedup_steps", t);
}
