/* test_shares.c: how long a turn decides, and who waits for whom. */
#include "shares.h"

#include "base/mem.h"

#include "unit.h"

static const struct {
	struct shares shares;
	int64_t us;
} rows[] = {
	{ { 0 }, INT64_MAX },
	{ { .undecided = 90000 }, INT64_MAX },
	{ { .brings = true }, 8000 },
	{ { .brings = true, .undecided = 90000 }, 8000 },
	{ { .sends = true }, 2000 },
	{ { .brings = true, .sends = true, .undecided = 90000 }, 2000 },
	{ { .intake_us = 300, .brings = true, .sends = true, .answers = true }, 300 },
	{ { .intake_us = 5000, .brings = true, .answers = true, .undecided = 90000 }, 5000 },
	{ { .sends = true, .answers = true, .undecided = 90000 }, 2000 },
	{ { .answers = true }, 2000 },
	{ { .brings = true, .answers = true, .undecided = 4000 }, 3000 },
};

START_TEST(a_turn_decides_the_shorter_the_more_waits_for_its_end)
{
	ck_assert_int_eq(shares_decide_us(&rows[_i].shares), rows[_i].us);
}
END_TEST

START_TEST(what_answers_put_off_is_caught_up_and_never_starves)
{
	struct shares s = { .brings = true, .answers = true };
	const struct shares alone = { .brings = true };
	int64_t before = 0;
	for (s.undecided = 0; s.undecided <= 24000; s.undecided += 400) {
		ck_assert_int_gt(shares_decide_us(&s), before);
		before = shares_decide_us(&s);
	}
	ck_assert_int_eq(before, shares_decide_us(&alone));
	s.undecided = INT64_MAX;
	ck_assert_int_eq(shares_decide_us(&s), before);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("shares");
	tcase_add_loop_test(t, a_turn_decides_the_shorter_the_more_waits_for_its_end, 0, COUNT_OF(rows));
	tcase_add_test(t, what_answers_put_off_is_caught_up_and_never_starves);
	return unit_run("shares", t);
}
