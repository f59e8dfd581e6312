/* test_duplicates_orders.c: properties of the daemon's decisions, over random orders
 * and random joins that are undone. All texts are made up. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app_bench.h"
#include "store/duplicates.h"

#define TEXTS 4u
#define PEOPLE 3u
#define MOVES 6u

#define FLOOD "Mohon bantuan, saluran air di depan pasar Kenanga Jl. Wijayasari No. 12 RT 3 RW 5 " \
	"Kelurahan Tirtasuka tersumbat sampah sejak seminggu, setiap hujan air masuk ke kios pedagang"

static const char *const texts[TEXTS] = {
	FLOOD,
	"Guru honorer di SDN Kenanga 3 belum digaji empat bulan, dinas pendidikan bilang menunggu",
	"Aspal Jl. Hargomulyo di kilometer 4 berlubang besar, dua pengendara motor jatuh kemarin malam",
	"Lampu jalan di Jl. Cempakawarna dekat jembatan padam sejak Senin, malam gelap sekali",
};
/* Ratna in two spellings, and Budi. */
static const char *const people[PEOPLE] = {
	"\"phone\": \"0812-0000-0017\"", "\"phone\": \"+6281200000017\"",
	"\"phone\": \"081300000018\"",
};

static uint64_t state;

static unsigned any(unsigned below)
{
	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(state >> 33) % below;
}

static void setup(void)
{
	app_bench_setup();
	app_bench_compares = true;
}

static void open_with(int seed, const char *push)
{
	state = (uint64_t)seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	bench_instance("a", "script", arena_printf(bench.arena, "every: 1s\npush: %s\n", push), NULL);
	app_bench_open();
}

static const char *line(unsigned n, unsigned text, const char *author, const char *rest)
{
	return arena_printf(bench.arena, "{\"do\": \"message\", \"id\": \"%u\", \"text\": \"%s\", "
			    "\"author\": {%s}%s}\n", n, texts[text], author, rest);
}

/* ---- orders -------------------------------------------------------------- */

#define SAID 16u

/* Two reports of one text are one ticket if one person wrote both and neither is
 * secret; a secret one is alone. Whatever order they come in. */
START_TEST(who_shares_a_ticket_does_not_depend_on_the_order)
{
	unsigned text[SAID], person[SAID];
	bool secret[SAID];
	const char *lines = "";
	open_with(_i, "auto");
	for (unsigned n = 0; n < SAID; n++) {
		text[n] = any(TEXTS);
		person[n] = any(PEOPLE);
		secret[n] = any(4) == 0;
		lines = arena_printf(bench.arena, "%s%s", lines,
				     line(n, text[n], people[person[n]], secret[n] ?
					  ", \"flags\": [\"secret\"]" : ""));
	}
	app_bench_say("a", lines, SAID);
	for (unsigned n = 0; n < SAID; n++) {
		for (unsigned k = 0; k < n; k++) {
			bool one = text[n] == text[k] && person[n] / 2 == person[k] / 2 &&
				   !secret[n] && !secret[k];
			ck_assert_int_eq(app_bench_message(n + 1).ticket_id ==
					 app_bench_message(k + 1).ticket_id, one);
		}
	}
}
END_TEST

/* ---- joins --------------------------------------------------------------- */

static int64_t incident_of(int64_t message)
{
	struct duplicate_row row;
	bench_ok(duplicates_of_message(bench.db, message, bench.arena, &row, &bench.why));
	return row.incident;
}

/* State, ticket, stage, incident and push of everything. */
static const char *picture(void)
{
	const char *out = "";
	for (unsigned n = 0; n < TEXTS; n++)
		out = arena_printf(bench.arena, "%s t%d m%d/%d/%d", out, (int)app_bench_ticket(n).state,
				   (int)app_bench_message(n + 1).ticket_id,
				   (int)app_bench_message(n + 1).stage, (int)incident_of(n + 1));
	return arena_printf(bench.arena, "%s c%zu f%zu", out, app_bench_pushes(OUTBOX_CREATE),
			    app_bench_pushes(OUTBOX_FOLLOW_UP));
}

static enum jembatan_result end(enum jembatan_result r)
{
	if (r == JEMBATAN_OK) {
		bench_ok(db_commit(bench.db, &bench.why));
		decide_committed(app.decide);
	} else {
		db_abort(bench.db);
		(void)decide_aborted(app.decide);
	}
	return r;
}

/* Join at random as long as it can be done, also what others were joined to, and take each
 * back, the last first: there is the same to be seen after each step as before it. */
START_TEST(splits_in_turn_undo_joins_in_turn)
{
	const char *before[MOVES + 1], *said = NULL, *lines = "";
	int64_t moved[MOVES];
	unsigned done = 0;
	open_with(_i, _i % 2 == 0 ? "review" : "auto");
	for (unsigned n = 0; n < TEXTS; n++)
		lines = arena_printf(bench.arena, "%s%s", lines, line(n, n, people[n % 2 * 2], ""));
	app_bench_say("a", lines, TEXTS);
	ck_assert_uint_eq(app_bench_tickets(), TEXTS);
	for (unsigned n = 0; n < MOVES; n++) {
		struct ticket_row a = app_bench_ticket(any(TEXTS)), b = app_bench_ticket(any(TEXTS));
		before[done] = picture();
		bench_ok(db_begin(bench.db, &bench.why));
		if (end(decide_unite(app.decide, a.reference, b.reference, "petugas", bench.arena, &said,
				     &bench.why)) != JEMBATAN_OK)
			continue;
		const char *at = strstr(said, "split m");
		ck_assert_msg(at != NULL && sscanf(at, "split m%" SCNd64, &moved[done]) == 1, "%s", said);
		ck_assert_str_ne(picture(), before[done++]);
	}
	ck_assert_uint_gt(done, 0);
	while (done-- > 0) {
		bench_ok(db_begin(bench.db, &bench.why));
		bench_ok(end(decide_split(app.decide, moved[done], "petugas", bench.arena, &said,
					  &bench.why)));
		ck_assert_str_eq(picture(), before[done]);
	}
}
END_TEST

/* One that was joined to a second one, and with that to a third, is taken out first. */
START_TEST(what_was_joined_first_may_be_split_first)
{
	const char *said = NULL, *lines = "";
	open_with(_i, "review");
	for (unsigned n = 0; n < TEXTS; n++)
		lines = arena_printf(bench.arena, "%s%s", lines, line(n, n, people[n % 2 * 2], ""));
	app_bench_say("a", lines, TEXTS);
	const char *before = picture();
	for (size_t n = 0; n + 1 < TEXTS; n++) {
		bench_ok(db_begin(bench.db, &bench.why));
		bench_ok(end(decide_unite(app.decide, app_bench_ticket(n).reference,
					  app_bench_ticket(n + 1).reference, "petugas", bench.arena,
					  &said, &bench.why)));
	}
	ck_assert_int_eq(app_bench_message(1).ticket_id, app_bench_ticket(TEXTS - 1).id);
	for (int64_t n = 1; n < (int64_t)TEXTS; n++) {
		bench_ok(db_begin(bench.db, &bench.why));
		bench_ok(end(decide_split(app.decide, n, "petugas", bench.arena, &said, &bench.why)));
		ck_assert_int_eq(app_bench_message(n).ticket_id, app_bench_ticket((size_t)n - 1).id);
	}
	ck_assert_str_eq(picture(), before);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("duplicates_orders");
	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, app_bench_teardown);
	tcase_add_loop_test(t, who_shares_a_ticket_does_not_depend_on_the_order, 0, 8);
	tcase_add_loop_test(t, splits_in_turn_undo_joins_in_turn, 0, 10);
	tcase_add_test(t, what_was_joined_first_may_be_split_first);
	return unit_run("duplicates_orders", t);
}
