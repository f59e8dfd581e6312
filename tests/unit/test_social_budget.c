/* test_social_budget.c: what is spent is on disk before the call, roles share one
 * budget, and money stops polls before it stops replies. */
#include "kit/testctx.h"
#include "social/social_budget.h"

#include "unit.h"

#include <string.h>

#define NOW_MS INT64_C(1800000000000) /* 2027-01-15T08:00:00Z */
#define DAY_MS INT64_C(86400000)

static const struct social_price prices[] = { { "post", 5000 }, { "reply", 10000 }, { NULL, 0 } };
static const struct social_budget_preset preset = {
	.per_15min = 3, .per_day = 5, .per_month = 7, .prices = prices,
};
static const struct social_budget_preset dear = { .cost_micro = 1000000, .prices = prices };

static struct testctx *t;
static struct jembatan_context *ctx;

static void setup(void)
{
	static const struct testctx_option none[] = { { NULL, NULL, NULL } };
	static const struct jembatan_option declared[] = {
		SOCIAL_BUDGET_OPTIONS,
		{ NULL, JEMBATAN_STRING, 0, NULL, 0, 0, NULL, NULL },
	};

	t = testctx_new(none, declared);
	ctx = testctx_context(t);
	testctx_set_now(t, NOW_MS);
}

static void teardown(void)
{
	testctx_free(t);
}

static struct social_budget *make(const struct social_budget_preset *p, enum social_role role)
{
	struct social_budget *b = NULL;

	ck_assert_int_eq(social_budget_new(ctx, p, &b), JEMBATAN_OK);
	social_budget_set_role(b, role);
	return b;
}

static enum jembatan_result spend_once(const struct social_budget_preset *p, enum social_role role,
				       int64_t micro)
{
	struct social_budget *b = make(p, role);
	enum jembatan_result result = social_budget_spend(b, 1, micro);

	social_budget_free(b); /* as a kill would */
	return result;
}

START_TEST(a_kill_forgets_nothing_and_roles_share_one_budget)
{
	ck_assert_int_eq(spend_once(&preset, SOCIAL_POLL, 0), JEMBATAN_OK);
	ck_assert_int_eq(spend_once(&preset, SOCIAL_DELIVER, 0), JEMBATAN_OK);
	ck_assert_int_eq(spend_once(&preset, SOCIAL_REQUEST, 0), JEMBATAN_OK);
	ck_assert_int_eq(spend_once(&preset, SOCIAL_POLL, 0), JEMBATAN_RETRY);
	ck_assert_int_eq(testctx_delay(t), 900000);
	ck_assert_ptr_nonnull(strstr(testctx_explanation(t), "budget_15min"));
}
END_TEST

START_TEST(windows_end_by_themselves)
{
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(spend_once(&preset, SOCIAL_POLL, 0), JEMBATAN_OK);
	testctx_set_now(t, NOW_MS + 900000);
	ck_assert_int_eq(spend_once(&preset, SOCIAL_POLL, 0), JEMBATAN_OK);
	ck_assert_int_eq(spend_once(&preset, SOCIAL_POLL, 0), JEMBATAN_OK);
	ck_assert_int_eq(spend_once(&preset, SOCIAL_POLL, 0), JEMBATAN_RETRY);
	ck_assert_ptr_nonnull(strstr(testctx_explanation(t), "budget_day"));
	ck_assert_int_eq(testctx_delay(t), 16 * 3600000 - 900000);
	testctx_set_now(t, NOW_MS + DAY_MS);
	ck_assert_int_eq(spend_once(&preset, SOCIAL_POLL, 0), JEMBATAN_OK);
	ck_assert_int_eq(spend_once(&preset, SOCIAL_POLL, 0), JEMBATAN_OK);
	ck_assert_int_eq(spend_once(&preset, SOCIAL_POLL, 0), JEMBATAN_RETRY);
	ck_assert_ptr_nonnull(strstr(testctx_explanation(t), "budget_month"));
	testctx_set_now(t, NOW_MS + 17 * DAY_MS);
	ck_assert_int_eq(spend_once(&preset, SOCIAL_POLL, 0), JEMBATAN_OK);
}
END_TEST

START_TEST(a_clock_that_is_set_back_gives_nothing_away)
{
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(spend_once(&preset, SOCIAL_POLL, 0), JEMBATAN_OK);
	testctx_set_now(t, NOW_MS - 40 * DAY_MS);
	ck_assert_int_eq(spend_once(&preset, SOCIAL_POLL, 0), JEMBATAN_RETRY);
}
END_TEST

START_TEST(what_cannot_be_noted_is_not_spent)
{
	testctx_fail_state(t, 1);
	ck_assert_int_ne(spend_once(&preset, SOCIAL_POLL, 0), JEMBATAN_OK);
}
END_TEST

START_TEST(the_last_tenth_of_the_money_is_for_replies)
{
	for (int i = 0; i < 9; i++)
		ck_assert_int_eq(spend_once(&dear, SOCIAL_POLL, 100000), JEMBATAN_OK);
	ck_assert_ptr_nonnull(strstr(testctx_log(t), "0.80 of this month's 1.00"));
	ck_assert_ptr_null(strstr(testctx_log(t), "0.90 of")); /* said once */
	ck_assert_int_eq(spend_once(&dear, SOCIAL_POLL, 5000), JEMBATAN_RETRY);
	ck_assert_ptr_nonnull(strstr(testctx_explanation(t), "USD 1.00 a month"));
	ck_assert_int_eq(spend_once(&dear, SOCIAL_DELIVER, 10000), JEMBATAN_OK);
	ck_assert_int_eq(spend_once(&dear, SOCIAL_DELIVER, 100000), JEMBATAN_RETRY);
}
END_TEST

/* ---- the pace -------------------------------------------------------------- */

static const struct social_budget_preset wide = { .per_day = 1000 };

START_TEST(polls_are_free_until_half_of_a_window_is_used)
{
	struct social_budget *b = make(&wide, SOCIAL_POLL);
	struct social_budget_view view;

	ck_assert_int_eq(social_budget_spend(b, 499, 0), JEMBATAN_OK);
	ck_assert_int_eq(social_budget_wait_ms(b), 0);
	ck_assert_int_eq(social_budget_look(b, &view), JEMBATAN_OK);
	ck_assert_int_eq(view.pace_ms, 0);
	social_budget_free(b);
}
END_TEST

/* 08:00: sixteen hours for the 400 that are left to polls are 144 s each. */
START_TEST(what_is_left_is_spread_over_the_rest_of_the_window)
{
	struct social_budget *b = make(&wide, SOCIAL_POLL);
	struct social_budget_view view;

	ck_assert_int_eq(social_budget_spend(b, 499, 0), JEMBATAN_OK);
	ck_assert_int_eq(social_budget_spend(b, 1, 0), JEMBATAN_OK);
	ck_assert_int_eq(social_budget_wait_ms(b), 144000);
	ck_assert_int_eq(social_budget_look(b, &view), JEMBATAN_OK);
	ck_assert_int_eq(view.pace_ms, 144000);
	testctx_set_now(t, NOW_MS + 143999);
	ck_assert_int_eq(social_budget_wait_ms(b), 1);
	testctx_set_now(t, NOW_MS + 144000);
	ck_assert_int_eq(social_budget_wait_ms(b), 0);
	/* Several calls of one poll add up. */
	ck_assert_int_eq(social_budget_spend(b, 1, 0), JEMBATAN_OK);
	ck_assert_int_eq(social_budget_spend(b, 2, 0), JEMBATAN_OK);
	ck_assert_int_ge(social_budget_wait_ms(b), 3 * INT64_C(143900));
	ck_assert_int_le(social_budget_wait_ms(b), 3 * INT64_C(144900));
	social_budget_free(b);
}
END_TEST

/* Whoever keeps to the pace is never refused, and leaves replies their tenth. */
START_TEST(a_flood_in_the_morning_leaves_polls_until_the_evening)
{
	struct social_budget *b = make(&wide, SOCIAL_POLL);
	int64_t now_ms = NOW_MS, last_ms = 0, polls = 0;

	while (now_ms < NOW_MS + 16 * 3600000) {
		ck_assert_int_eq(social_budget_spend(b, 7, 0), JEMBATAN_OK);
		polls++;
		last_ms = now_ms;
		now_ms += 1000 + social_budget_wait_ms(b);
		testctx_set_now(t, now_ms);
	}
	ck_assert_int_ge(polls, 100);
	ck_assert_int_ge(last_ms, NOW_MS + 15 * 3600000);
	testctx_set_now(t, NOW_MS + 16 * 3600000 - 1);
	social_budget_set_role(b, SOCIAL_DELIVER);
	ck_assert_int_eq(social_budget_spend(b, 100, 0), JEMBATAN_OK);
	social_budget_free(b);
}
END_TEST

START_TEST(the_last_tenth_of_the_requests_is_for_replies)
{
	ck_assert_int_eq(spend_once(&wide, SOCIAL_POLL, 0), JEMBATAN_OK);
	struct social_budget *b = make(&wide, SOCIAL_POLL);

	ck_assert_int_eq(social_budget_spend(b, 899, 0), JEMBATAN_OK);
	ck_assert_int_eq(social_budget_spend(b, 1, 0), JEMBATAN_RETRY);
	ck_assert_ptr_nonnull(strstr(testctx_explanation(t), "budget_day"));
	social_budget_set_role(b, SOCIAL_DELIVER);
	ck_assert_int_eq(social_budget_spend(b, 100, 0), JEMBATAN_OK);
	ck_assert_int_eq(social_budget_spend(b, 1, 0), JEMBATAN_RETRY);
	social_budget_free(b);
}
END_TEST

START_TEST(replies_wait_for_no_pace_and_no_wait_outlives_its_window)
{
	struct social_budget *b = make(&wide, SOCIAL_DELIVER);

	ck_assert_int_eq(social_budget_spend(b, 700, 0), JEMBATAN_OK);
	ck_assert_int_eq(social_budget_wait_ms(b), 0);
	social_budget_set_role(b, SOCIAL_POLL);
	testctx_set_now(t, NOW_MS + 16 * 3600000 - 5000); /* before midnight */
	ck_assert_int_eq(social_budget_spend(b, 200, 0), JEMBATAN_OK);
	ck_assert_int_eq(social_budget_wait_ms(b), 5000);
	/* A clock that is set back holds up nobody. */
	testctx_set_now(t, NOW_MS - DAY_MS);
	ck_assert_int_eq(social_budget_wait_ms(b), 0);
	social_budget_free(b);
}
END_TEST

START_TEST(what_a_call_did_not_use_is_given_back)
{
	struct social_budget *b = make(&dear, SOCIAL_POLL);
	struct social_budget_view view;

	ck_assert_int_eq(social_budget_spend(b, 1, 500000), JEMBATAN_OK);
	ck_assert_int_eq(social_budget_settle(b, 5000), JEMBATAN_OK);
	social_budget_free(b);
	b = make(&dear, SOCIAL_DELIVER);
	ck_assert_int_eq(social_budget_look(b, &view), JEMBATAN_OK);
	ck_assert_int_eq(view.cost_micro, 5000);
	ck_assert_int_eq(view.cost_limit_micro, 1000000);
	ck_assert_int_eq(view.day_left, -1);
	social_budget_free(b);
}
END_TEST

START_TEST(a_thing_is_charged_once_a_day_also_over_a_restart)
{
	struct social_budget *b = make(&dear, SOCIAL_POLL);

	ck_assert_int_eq(social_budget_spend(b, 1, 5000), JEMBATAN_OK);
	ck_assert(social_budget_is_new(b, "post", "17"));
	ck_assert(!social_budget_is_new(b, "post", "17"));
	ck_assert(social_budget_is_new(b, "user", "17"));
	ck_assert_int_eq(social_budget_settle(b, 5000), JEMBATAN_OK);
	social_budget_free(b);
	b = make(&dear, SOCIAL_POLL);
	ck_assert_int_eq(social_budget_spend(b, 1, 5000), JEMBATAN_OK);
	ck_assert(!social_budget_is_new(b, "post", "17"));
	ck_assert_int_eq(social_budget_settle(b, 0), JEMBATAN_OK);
	testctx_set_now(t, NOW_MS + DAY_MS);
	ck_assert(social_budget_is_new(b, "post", "17"));
	social_budget_free(b);
}
END_TEST

START_TEST(options_stand_before_presets)
{
	static const struct testctx_option rows[] = {
		{ "budget_15min", NULL, "0" }, { "budget_day", NULL, "9" },
		{ "budget_cost", NULL, "12.50" }, { "prices", "post", "0.001" },
		{ NULL, NULL, NULL },
	};
	static const struct jembatan_option declared[] = {
		SOCIAL_BUDGET_OPTIONS,
		{ NULL, JEMBATAN_STRING, 0, NULL, 0, 0, NULL, NULL },
	};
	struct social_budget_view view;

	teardown();
	t = testctx_new(rows, declared);
	ctx = testctx_context(t);
	struct social_budget *b = make(&preset, SOCIAL_POLL);

	ck_assert_int_eq(social_budget_look(b, &view), JEMBATAN_OK);
	ck_assert_int_eq(view.quarter_left, -1);
	ck_assert_int_eq(view.day_left, 9);
	ck_assert_int_eq(view.month_left, 7);
	ck_assert_int_eq(view.cost_limit_micro, 12500000);
	ck_assert_int_eq(social_budget_price(b, "post"), 1000);
	ck_assert_int_eq(social_budget_price(b, "reply"), 10000);
	social_budget_free(b);
}
END_TEST

static const struct testctx_option wrong[][2] = {
	{ { "budget_cost", NULL, "12,50" }, { NULL, NULL, NULL } },
	{ { "budget_cost", NULL, "-1" }, { NULL, NULL, NULL } },
	{ { "prices", "post", "cheap" }, { NULL, NULL, NULL } },
	{ { "prices", "psot", "0.1" }, { NULL, NULL, NULL } },
};

START_TEST(a_wrong_amount_is_named_with_its_place)
{
	struct social_budget *b = NULL;

	teardown();
	t = testctx_new(wrong[_i], NULL);
	ctx = testctx_context(t);
	ck_assert_int_eq(social_budget_new(ctx, &preset, &b), JEMBATAN_CONFIG);
	ck_assert_ptr_null(b);
}
END_TEST

static const struct {
	const char *text;
	int64_t micro;
	const char *shown;
} amounts[] = {
	{ "0", 0, "0.00" }, { "25", 25000000, "25.00" }, { "12.5", 12500000, "12.50" },
	{ "0.005", 5000, "0.005" }, { "0.0315", 31500, "0.0315" }, { "99999999", 99999999000000, "99999999.00" },
};

START_TEST(money_is_read_and_shown)
{
	int64_t micro = -1;
	char shown[32];

	ck_assert(social_money_read(amounts[_i].text, &micro));
	ck_assert_int_eq(micro, amounts[_i].micro);
	social_money_show(micro, shown);
	ck_assert_str_eq(shown, amounts[_i].shown);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("social_budget");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_kill_forgets_nothing_and_roles_share_one_budget);
	tcase_add_test(tc, windows_end_by_themselves);
	tcase_add_test(tc, a_clock_that_is_set_back_gives_nothing_away);
	tcase_add_test(tc, what_cannot_be_noted_is_not_spent);
	tcase_add_test(tc, the_last_tenth_of_the_money_is_for_replies);
	tcase_add_test(tc, polls_are_free_until_half_of_a_window_is_used);
	tcase_add_test(tc, what_is_left_is_spread_over_the_rest_of_the_window);
	tcase_add_test(tc, a_flood_in_the_morning_leaves_polls_until_the_evening);
	tcase_add_test(tc, the_last_tenth_of_the_requests_is_for_replies);
	tcase_add_test(tc, replies_wait_for_no_pace_and_no_wait_outlives_its_window);
	tcase_add_test(tc, what_a_call_did_not_use_is_given_back);
	tcase_add_test(tc, a_thing_is_charged_once_a_day_also_over_a_restart);
	tcase_add_test(tc, options_stand_before_presets);
	tcase_add_loop_test(tc, a_wrong_amount_is_named_with_its_place, 0,
			    (int)(sizeof(wrong) / sizeof(wrong[0])));
	tcase_add_loop_test(tc, money_is_read_and_shown, 0,
			    (int)(sizeof(amounts) / sizeof(amounts[0])));
	return unit_run("social_budget", tc);
}
