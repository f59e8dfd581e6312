/* test_status.c: the centre's words, states that never go back, readings that
 * come in no order, and when to ask again. Tables. */
#include "central/status.h"

#include "unit.h"

#define MINUTE ((int64_t)60000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define NOW (20000 * DAY)

static const struct settings_word own_words[] = {
	{ "Menunggu Konfirmasi", "deferred" },
	{ "17", "in_progress" },
	{ "Selesai", "answered" },
};
static const struct settings_status shipped = {
	.new_every_ms = 15 * MINUTE, .old_every_ms = 6 * HOUR, .closed_every_ms = DAY,
	.closed_for_ms = 30 * DAY, .reconcile_at_ms = 2 * HOUR,
};
static const struct settings_status configured = { .words = own_words,
						    .word_count = COUNT_OF(own_words) };

static const struct {
	const struct settings_status *settings;
	const char *name, *code;
	int state;
} words[] = {
	{ &shipped, "Belum Terverifikasi", "1", STATUS_UNVERIFIED },
	{ &shipped, "Terverifikasi", "2", STATUS_VERIFIED },
	{ &shipped, "Dalam Proses", NULL, STATUS_IN_PROGRESS },
	{ &shipped, "Selesai", NULL, STATUS_CLOSED_BY_ADMIN },
	{ &shipped, "Diarsipkan", NULL, STATUS_ARCHIVED },
	{ &shipped, "Ditolak", NULL, STATUS_REJECTED },
	{ &shipped, "Ditutup oleh Admin", NULL, STATUS_CLOSED_BY_ADMIN },
	{ &shipped, "Ditutup oleh Sistem", NULL, STATUS_CLOSED_BY_SYSTEM },
	{ &shipped, "DITUTUP  oleh\xc2\xa0sistem ", NULL, STATUS_CLOSED_BY_SYSTEM },
	{ &shipped, "Ditindaklanjuti oleh Instansi", NULL, STATUS_ANSWERED },
	{ &shipped, "Ditanggapi oleh Pelapor", NULL, STATUS_IN_PROGRESS },
	{ &shipped, "Selesai otomatis dalam 7 hari", NULL, STATUS_ANSWERED },
	{ &shipped, "Selesai otomatis dalam 10 hari", NULL, STATUS_ANSWERED },
	{ &shipped, "Verifikasi", NULL, STATUS_VERIFIED },
	{ &shipped, "Tunda", NULL, STATUS_DEFERRED },
	{ &shipped, "Bukan Wewenang", NULL, STATUS_UNVERIFIED },
	{ &shipped, "Arsipkan", NULL, STATUS_ARCHIVED },
	/* Never guessed: not by a part, not by likeness, not by a code. */
	{ &shipped, "Selesai Sebagian", NULL, STATUS_UNKNOWN },
	{ &shipped, "Menunggu Konfirmasi", "4", STATUS_UNKNOWN },
	{ &shipped, "", "17", STATUS_UNKNOWN },
	{ &shipped, NULL, NULL, STATUS_UNKNOWN },
	{ &shipped, "", NULL, STATUS_UNKNOWN },
	/* The operator's own. */
	{ &configured, "menunggu konfirmasi", NULL, STATUS_DEFERRED },
	{ &configured, "Apa Saja", "17", STATUS_IN_PROGRESS },
	{ &configured, "Apa Saja", "18", STATUS_UNKNOWN },
	{ &configured, "Selesai", NULL, STATUS_ANSWERED },
	{ &configured, "Terverifikasi", "17", STATUS_VERIFIED },
};

START_TEST(a_word_means_what_the_table_says_and_nothing_else)
{
	int state = status_of_words(words[_i].settings, words[_i].name, words[_i].code);
	ck_assert_str_eq(status_name(state), status_name(words[_i].state));
}
END_TEST

#define HELD(state, log) { state, NOW, log }
static const struct {
	struct status_held held;
	struct status_reading reading;
	enum status_change change;
	int state;
} readings[] = {
	/* The first reading is taken, whatever it says. */
	{ { 0, 0, 0 }, { "Belum Terverifikasi", "1", NULL, 0 }, STATUS_MOVED, STATUS_UNVERIFIED },
	{ { 0, 0, 0 }, { "Selesai", NULL, NULL, 5 }, STATUS_MOVED, STATUS_CLOSED_BY_ADMIN },
	{ HELD(STATUS_VERIFIED, 5), { "Terverifikasi", NULL, NULL, 5 }, STATUS_SAME,
	  STATUS_VERIFIED },
	{ HELD(STATUS_VERIFIED, 5), { "Terverifikasi", NULL, NULL, 9 }, STATUS_SAME,
	  STATUS_VERIFIED },
	{ HELD(STATUS_UNVERIFIED, 5), { "Dalam Proses", NULL, NULL, 4 }, STATUS_MOVED,
	  STATUS_IN_PROGRESS },
	{ HELD(STATUS_UNVERIFIED, 0), { "Tunda", NULL, NULL, 0 }, STATUS_MOVED, STATUS_DEFERRED },
	{ HELD(STATUS_DEFERRED, 0), { "Terverifikasi", NULL, NULL, 0 }, STATUS_MOVED,
	  STATUS_VERIFIED },
	/* A late one never moves it back, even with a later date. */
	{ HELD(STATUS_IN_PROGRESS, 5), { "Terverifikasi", NULL, NULL, 4 }, STATUS_BACKWARDS,
	  STATUS_VERIFIED },
	{ HELD(STATUS_IN_PROGRESS, 5), { "Terverifikasi", NULL, NULL, 99 }, STATUS_BACKWARDS,
	  STATUS_VERIFIED },
	{ HELD(STATUS_CLOSED_BY_ADMIN, 5), { "Dalam Proses", NULL, NULL, 99 }, STATUS_BACKWARDS,
	  STATUS_IN_PROGRESS },
	/* Of two ends only the newer line of the log decides. */
	{ HELD(STATUS_CLOSED_BY_SYSTEM, 5), { "Ditutup oleh Admin", NULL, NULL, 6 }, STATUS_MOVED,
	  STATUS_CLOSED_BY_ADMIN },
	{ HELD(STATUS_CLOSED_BY_ADMIN, 5), { "Diarsipkan", NULL, NULL, 5 }, STATUS_BACKWARDS,
	  STATUS_ARCHIVED },
	{ HELD(STATUS_CLOSED_BY_ADMIN, 5), { "Diarsipkan", NULL, NULL, 0 }, STATUS_BACKWARDS,
	  STATUS_ARCHIVED },
	/* Who ended it stands in the log: the system is not the admin. */
	{ HELD(STATUS_ANSWERED, 5), { "Selesai", NULL, "Laporan ditutup oleh sistem.", 6 },
	  STATUS_MOVED, STATUS_CLOSED_BY_SYSTEM },
	{ HELD(STATUS_ANSWERED, 5), { "Selesai", NULL, "Selesai otomatis", 6 }, STATUS_MOVED,
	  STATUS_CLOSED_BY_SYSTEM },
	{ HELD(STATUS_ANSWERED, 5), { "Selesai", NULL, "Terima kasih", 6 }, STATUS_MOVED,
	  STATUS_CLOSED_BY_ADMIN },
	{ HELD(STATUS_CLOSED_BY_SYSTEM, 5), { "Selesai", NULL, "ditutup oleh sistem", 5 },
	  STATUS_SAME, STATUS_CLOSED_BY_SYSTEM },
	/* Not known: changes nothing. */
	{ HELD(STATUS_VERIFIED, 5), { "Dalam Telaah", "44", NULL, 9 }, STATUS_WORD_UNKNOWN,
	  STATUS_UNKNOWN },
	{ { 0, 0, 0 }, { "Dalam Telaah", "44", NULL, 9 }, STATUS_WORD_UNKNOWN, STATUS_UNKNOWN },
};

START_TEST(a_state_moves_forward_only)
{
	int state = -7;
	enum status_change change =
		status_compare(&shipped, &readings[_i].held, &readings[_i].reading, &state);
	ck_assert_int_eq(change, readings[_i].change);
	ck_assert_str_eq(status_name(state), status_name(readings[_i].state));
}
END_TEST

/* However the readings of one complaint arrive, the end is the same. */
START_TEST(no_order_of_arrival_matters)
{
	static const char *const said[] = { "Belum Terverifikasi", "Terverifikasi", "Dalam Proses",
					    "Ditutup oleh Sistem" };
	static const unsigned orders[][4] = { { 0, 1, 2, 3 }, { 3, 2, 1, 0 }, { 1, 3, 0, 2 },
					      { 2, 0, 3, 1 }, { 0, 3, 3, 1 } };
	struct status_held held = { 0, 0, 0 };
	unsigned moves = 0;
	for (size_t i = 0; i < 4; i++) {
		unsigned n = orders[_i][i];
		struct status_reading reading = { said[n], NULL, NULL, (int64_t)n + 1 };
		int state;
		if (status_compare(&shipped, &held, &reading, &state) != STATUS_MOVED)
			continue;
		held = (struct status_held){ state, NOW, reading.log_ms };
		moves++;
	}
	ck_assert_str_eq(status_name(held.state), "closed_by_system");
	ck_assert_uint_le(moves, 4);
}
END_TEST

static const struct {
	int state;
	int64_t age_ms;
	unsigned failures;
	int64_t low_ms, high_ms; /* low -1: never */
} times[] = {
	{ STATUS_RECEIVED, 0, 0, 13 * MINUTE, 17 * MINUTE },
	{ STATUS_UNVERIFIED, 6 * HOUR, 0, 13 * MINUTE, 17 * MINUTE },
	{ STATUS_VERIFIED, 2 * DAY, 0, 108 * MINUTE, 132 * MINUTE },
	{ STATUS_IN_PROGRESS, 60 * DAY, 0, 5 * HOUR, 7 * HOUR },
	{ STATUS_CLOSED_BY_ADMIN, HOUR, 0, 21 * HOUR, 27 * HOUR },
	{ STATUS_CLOSED_BY_SYSTEM, 29 * DAY, 0, 21 * HOUR, 27 * HOUR },
	{ STATUS_ARCHIVED, 31 * DAY, 0, -1, -1 },
	{ STATUS_VERIFIED, 0, 3, 100 * MINUTE, 140 * MINUTE },
	{ STATUS_VERIFIED, 0, 4000, 23 * HOUR, 48 * HOUR },
	{ STATUS_VERIFIED, -5 * DAY, 0, 13 * MINUTE, 17 * MINUTE }, /* the clock was set back */
};

START_TEST(newer_ones_are_asked_about_more_often_and_closed_ones_never_in_the_end)
{
	int64_t next = status_next_ms(&shipped, times[_i].state, NOW - times[_i].age_ms,
				      times[_i].failures, NOW, 42);
	if (times[_i].low_ms < 0) {
		ck_assert_int_eq(next, -1);
		return;
	}
	ck_assert_int_ge(next - NOW, times[_i].low_ms);
	ck_assert_int_le(next - NOW, times[_i].high_ms);
}
END_TEST

START_TEST(tickets_of_one_moment_are_spread_out)
{
	unsigned slots[10] = { 0 };
	for (uint64_t i = 1; i <= 1000; i++) {
		int64_t next = status_next_ms(&shipped, STATUS_RECEIVED, NOW, 0, NOW, i);
		int64_t from = NOW + 15 * MINUTE * 9 / 10;
		ck_assert_int_ge(next, from);
		slots[(next - from) * 10 / (15 * MINUTE / 5)]++;
	}
	for (size_t i = 0; i < COUNT_OF(slots); i++)
		ck_assert_uint_ge(slots[i], 60);
}
END_TEST

static const struct {
	int64_t now_ms, begin_ms; /* hours of a day in UTC; the zone is +7 */
} nights[] = {
	{ 19 * HOUR, 19 * HOUR },          /* 02:00 there */
	{ 19 * HOUR - 1, -5 * HOUR },      /* just before: yesterday's */
	{ 23 * HOUR, 19 * HOUR },
	{ 0, -5 * HOUR },
};

START_TEST(the_night_begins_in_the_centres_zone)
{
	ck_assert_int_eq(status_nightly_ms(&shipped, 420, NOW + nights[_i].now_ms),
			 NOW + nights[_i].begin_ms);
}
END_TEST

START_TEST(each_state_has_a_name_and_back)
{
	enum status_state state;
	ck_assert(status_by_name(status_name(_i), &state));
	ck_assert_int_eq(state, _i);
	ck_assert_int_eq(status_is_closed(_i), _i >= STATUS_CLOSED_BY_ADMIN);
	ck_assert(!status_by_name("unknown", &state));
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("status");
	tcase_add_loop_test(t, a_word_means_what_the_table_says_and_nothing_else, 0,
			    COUNT_OF(words));
	tcase_add_loop_test(t, a_state_moves_forward_only, 0, COUNT_OF(readings));
	tcase_add_loop_test(t, no_order_of_arrival_matters, 0, 5);
	tcase_add_loop_test(t, newer_ones_are_asked_about_more_often_and_closed_ones_never_in_the_end,
			    0, COUNT_OF(times));
	tcase_add_test(t, tickets_of_one_moment_are_spread_out);
	tcase_add_loop_test(t, the_night_begins_in_the_centres_zone, 0, COUNT_OF(nights));
	tcase_add_loop_test(t, each_state_has_a_name_and_back, 0, STATUS_COUNT);
	return unit_run("status", t);
}
