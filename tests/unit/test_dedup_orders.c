/* test_dedup_orders.c: whatever order copies arrive in, the same is decided of each:
 * many random orders of made-up texts, with the weights that ship. */
#include "ticket/dedup.h"

#include <stdio.h>

#include "base/digest.h"
#include "unit.h"

#define DAY INT64_C(86400000)
#define START (INT64_C(20600) * DAY)
#define TEXTS 4u
#define COPIES 2u /* all copies of one text are compared: no more than DEDUP_CANDIDATES */
#define AUTHORS 3u

static const char *const texts[TEXTS] = {
	"Mohon bantuan, saluran air di depan pasar Kenanga Jl. Wijayasari No. 12 RT 3 RW 5 Kelurahan "
	"Tirtasuka tersumbat sampah sejak seminggu, setiap hujan air masuk ke kios pedagang",
	"Mohon bantuan, saluran air di depan pasar Kenanga Jl. Wijayasari No. 45 RT 8 RW 2 Kelurahan "
	"Tirtasuka tersumbat sampah sejak seminggu, setiap hujan air masuk ke kios pedagang",
	"Guru honorer di SDN Kenanga 3 belum digaji empat bulan, dinas pendidikan bilang menunggu",
	"Lampu jalan di Jl. Cempakawarna dekat jembatan padam sejak Senin, malam gelap sekali",
};
static const char *const phones[AUTHORS] = { "081200000017", "081300000018", NULL };

static struct dedup_model *model;
static struct dedup_index *index_;
static uint64_t last_id;

static void set_up(void)
{
	struct dedup_settings settings = dedup_settings_preset();
	struct why why = { "" };
	ck_assert_msg(dedup_model_load(TEST_DEDUP, bytes_text("key"), &model, &why) == JEMBATAN_OK, "%s",
		      why.text);
	index_ = dedup_index_new(model, &settings);
	last_id = 0;
}

static void tear_down(void)
{
	dedup_index_free(index_);
	dedup_model_free(model);
}

static struct dedup_answer say(const char *text, const char *phone)
{
	struct evidence evidence;
	struct dedup_answer answer;
	struct fingerprint f;
	struct dedup_input input = { .text = text, .channel = "test", .time_ms = START,
				     .zone_minutes = 420, .evidence = &evidence };
	input.evidence_count = evidence_of(model, EVIDENCE_PHONE, phone, &evidence);
	dedup_index_read(index_, &input, &f);
	dedup_index_decide(index_, &f, &answer);
	last_id++;
	if (answer.decision < DEDUP_RELATED)
		answer.incident = last_id;
	dedup_index_add(index_, last_id, answer.incident, START, &f);
	return answer;
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

/* authors: 2: both are known; 3: some copies are nobody's. */
static void check_order(unsigned seed, unsigned authors)
{
	unsigned order[TEXTS * COPIES * AUTHORS];
	size_t count = TEXTS * COPIES * authors;
	uint64_t incidents[TEXTS] = { 0 };
	bool said[TEXTS][AUTHORS] = { { false } };
	for (unsigned i = 0; i < count; i++)
		order[i] = i;
	shuffle(seed, order, count);
	for (size_t i = 0; i < count; i++) {
		unsigned text = order[i] % TEXTS, author = order[i] / TEXTS % authors;
		struct dedup_answer answer = say(texts[text], phones[author]);
		bool known = incidents[text] != 0;
		ck_assert_uint_eq(known ? incidents[text] : last_id, answer.incident);
		ck_assert_int_eq(known, answer.decision >= DEDUP_RELATED);
		if (said[text][author] && phones[author] != NULL)
			ck_assert_int_eq(answer.decision, DEDUP_REPOST);
		else if (known && authors == 2)
			ck_assert_int_eq(answer.decision, DEDUP_RELATED);
		incidents[text] = answer.incident;
		said[text][author] = true;
	}
}

START_TEST(no_order_changes_what_is_decided_of_copies)
{
	check_order((unsigned)_i, 2);
}
END_TEST

START_TEST(no_order_changes_it_where_some_are_nobodys)
{
	check_order((unsigned)_i, AUTHORS);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("dedup_orders");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, no_order_changes_what_is_decided_of_copies, 0, 25);
	tcase_add_loop_test(t, no_order_changes_it_where_some_are_nobodys, 0, 25);
	return unit_run("dedup_orders", t);
}
