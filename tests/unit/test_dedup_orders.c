/* test_dedup_orders.c: whatever order copies arrive in, the same is decided of each:
 * many random orders of made-up texts, with the weights that ship. More copies than
 * are compared, too: a campaign. */
#include "dedup_scene.h"

#include <stdio.h>

#include "unit.h"

#define TEXTS 4u
#define AUTHORS 20u
#define COPIES 20u

#define FLOOD_AT(house, rt, rw) "Mohon bantuan, saluran air di depan pasar Kenanga Jl. Wijayasari No. " \
	house " RT " rt " RW " rw " Kelurahan Tirtasuka tersumbat sampah sejak seminggu, setiap hujan " \
	"air masuk ke kios pedagang"
#define FLOOD FLOOD_AT("12", "3", "5")

static const char *const texts[TEXTS] = {
	FLOOD_AT("12", "3", "5"),
	FLOOD_AT("45", "8", "2"),
	"Guru honorer di SDN Kenanga 3 belum digaji empat bulan, dinas pendidikan bilang menunggu",
	"Lampu jalan di Jl. Cempakawarna dekat jembatan padam sejak Senin, malam gelap sekali",
};

static struct dedup_scene scene;

static void set_up(void)
{
	dedup_scene_start(&scene, TEST_DEDUP);
}

static void tear_down(void)
{
	dedup_scene_stop(&scene);
}

static struct dedup_answer say(const char *text, const char *phone)
{
	struct dedup_said m = { .text = text, .phone = phone };
	return dedup_scene_say(&scene, scene.index, &m, NULL);
}

/* The same for one seed wherever it runs. */
static void shuffle(unsigned seed, unsigned *items, size_t count)
{
	uint64_t state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	for (size_t i = count; i > 1; i--) {
		state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		size_t k = (size_t)(state >> 33) % i;
		unsigned other = items[i - 1];
		items[i - 1] = items[k];
		items[k] = other;
	}
}

/* What has been said of one text. */
struct known {
	uint64_t incident;  /* 0: nothing yet */
	unsigned authors;   /* who are known, */
	bool said[AUTHORS]; /* each of them, */
	bool by_nobody;     /* and somebody who is not */
};

static void check(const struct known *k, unsigned author, bool is_nobody,
		  const struct dedup_answer *a)
{
	if (k->incident == 0) {
		ck_assert_int_lt(a->decision, DEDUP_RELATED);
		return;
	}
	ck_assert_int_ge(a->decision, DEDUP_RELATED);
	ck_assert_uint_eq(a->incident, k->incident);
	if (k->said[author] && !is_nobody)
		ck_assert_int_eq(a->decision, DEDUP_REPOST);
	else if (!is_nobody && (k->authors > 0 || !k->by_nobody))
		ck_assert_int_eq(a->decision, DEDUP_RELATED);
}

/* Each author says each text so often; the last of them is nobody, if some are. */
static void check_order(int seed, unsigned authors, unsigned copies, bool some_are_nobodys)
{
	static unsigned order[TEXTS * AUTHORS * COPIES];
	size_t count = (size_t)TEXTS * authors * copies;
	struct known known[TEXTS] = { { 0 } };
	char phone[24];
	for (unsigned i = 0; i < count; i++)
		order[i] = i;
	shuffle((unsigned)seed, order, count);
	for (size_t i = 0; i < count; i++) {
		unsigned text = order[i] % TEXTS, author = order[i] / TEXTS % authors;
		bool is_nobody = some_are_nobodys && author == authors - 1;
		struct known *k = &known[text];
		snprintf(phone, sizeof(phone), "0812000001%02u", author);
		struct dedup_answer answer = say(texts[text], is_nobody ? NULL : phone);
		check(k, author, is_nobody, &answer);
		k->incident = k->incident == 0 ? scene.last_id : k->incident;
		k->authors += !k->said[author] && !is_nobody;
		k->by_nobody |= is_nobody;
		k->said[author] = true;
	}
}

START_TEST(no_order_changes_what_is_decided_of_copies)
{
	check_order(_i, 2, 2, false);
}
END_TEST

START_TEST(no_order_changes_it_where_some_are_nobodys)
{
	check_order(_i, 3, 2, true);
}
END_TEST

START_TEST(no_order_changes_it_in_a_campaign)
{
	check_order(_i, AUTHORS, 1, false);
	tear_down();
	set_up();
	check_order(_i, AUTHORS, 3, true);
}
END_TEST

START_TEST(no_order_changes_it_where_each_says_it_often)
{
	check_order(_i, AUTHORS, COPIES, false);
}
END_TEST

/* ---- many say the same --------------------------------------------------- */

#define CROWD 30u
#define RATNA "081200000017"
#define BUDI "081300000018"

/* So many others, each by himself. */
static void crowd(const char *text, unsigned count)
{
	char phone[24];
	for (unsigned n = 0; n < count; n++) {
		snprintf(phone, sizeof(phone), "0813%08u", n);
		say(text, phone);
	}
}

static const char *const once_more[] = { FLOOD, "Halo min. " FLOOD " suwun \xf0\x9f\x99\x8f" };

START_TEST(his_own_report_is_found_among_many_that_say_the_same)
{
	say(FLOOD, RATNA);
	crowd(FLOOD, CROWD);
	for (unsigned n = 0; n < 40; n++) { /* and he has said much else */
		char text[80];
		snprintf(text, sizeof(text), "pohon di jalan Hargomulyo %u mau tumbang", n * 7 + 1);
		say(text, RATNA);
	}
	struct dedup_answer answer = say(once_more[_i], RATNA);
	ck_assert_int_eq(answer.decision, DEDUP_REPOST);
	ck_assert_uint_eq(answer.incident, 1);
	for (size_t n = 0; n < answer.count; n++)
		ck_assert(answer.candidates[n].is_repost == (answer.candidates[n].id == 1));
}
END_TEST

START_TEST(words_alone_join_nobody_where_not_all_who_say_them_are_looked_at)
{
	say(FLOOD, RATNA);
	for (unsigned n = 0; n < CROWD; n++)
		ck_assert_int_eq(say(FLOOD, NULL).decision, DEDUP_REPOST);
	ck_assert_int_eq(say(FLOOD, BUDI).decision, DEDUP_RELATED);
	ck_assert_int_eq(say(FLOOD, BUDI).decision, DEDUP_REPOST); /* his own */
}
END_TEST

START_TEST(what_hundreds_say_is_no_boilerplate)
{
	crowd(FLOOD, 400);
	struct dedup_answer answer = say(FLOOD, RATNA);
	ck_assert_int_eq(answer.decision, DEDUP_RELATED);
	ck_assert_uint_eq(answer.incident, 1);
	ck_assert_int_eq(say(FLOOD, RATNA).decision, DEDUP_REPOST);
}
END_TEST

START_TEST(the_same_words_are_found_behind_many_that_are_like_them)
{
	say(FLOOD, RATNA);
	crowd(FLOOD_AT("45", "8", "2"), CROWD);
	ck_assert_uint_eq(say(FLOOD, BUDI).incident, 1);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("dedup_orders");
	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, no_order_changes_what_is_decided_of_copies, 0, 25);
	tcase_add_loop_test(t, no_order_changes_it_where_some_are_nobodys, 0, 25);
	tcase_add_loop_test(t, no_order_changes_it_in_a_campaign, 0, 8);
	tcase_add_loop_test(t, no_order_changes_it_where_each_says_it_often, 0, 2);
	tcase_add_loop_test(t, his_own_report_is_found_among_many_that_say_the_same, 0,
			    COUNT_OF(once_more));
	tcase_add_test(t, words_alone_join_nobody_where_not_all_who_say_them_are_looked_at);
	tcase_add_test(t, what_hundreds_say_is_no_boilerplate);
	tcase_add_test(t, the_same_words_are_found_behind_many_that_are_like_them);
	return unit_run("dedup_orders", t);
}
