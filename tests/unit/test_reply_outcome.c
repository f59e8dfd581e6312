/* test_reply_outcome.c: what becomes of a reply after an answer, a lost one, a
 * question or a receipt. */
#include <string.h>

#include "reply/outcome.h"
#include "unit.h"

#define HOUR INT64_C(3600000)
#define NOW INT64_C(1800000000000) /* Friday 2027-01-15, 08:00 UTC */

static struct reply_row row_of(enum reply_event event)
{
	return (struct reply_row){ .event = event, .state = REPLY_SENDING, .started_ms = NOW };
}

static const struct {
	enum jembatan_outcome outcome;
	enum jembatan_result result;
	enum reply_state state;
	enum reply_way way;
	bool failed, left;
} tries[] = {
	{ JEMBATAN_SENT, JEMBATAN_OK, REPLY_SENT, REPLY_WAY_FINE, false, true },
	{ JEMBATAN_REFUSED, JEMBATAN_OK, REPLY_FAILED, REPLY_WAY_FINE, true, true },
	{ JEMBATAN_NOT_SENT, JEMBATAN_RETRY, REPLY_QUEUED, REPLY_WAY_DOWN, false, false },
	{ JEMBATAN_UNKNOWN, JEMBATAN_RETRY, REPLY_UNKNOWN, REPLY_WAY_FINE, false, true },
	{ JEMBATAN_LATER, JEMBATAN_OK, REPLY_QUEUED, REPLY_WAY_FINE, false, false },
	{ JEMBATAN_NOT_TOLD, JEMBATAN_OK, REPLY_DROPPED, REPLY_WAY_FINE, true, false },
	{ JEMBATAN_UNKNOWN, JEMBATAN_AUTH, REPLY_QUEUED, REPLY_WAY_CLOSED, false, false },
	{ JEMBATAN_NOT_SENT, JEMBATAN_CONFIG, REPLY_QUEUED, REPLY_WAY_CLOSED, false, false },
	{ JEMBATAN_SENT, JEMBATAN_AUTH, REPLY_SENT, REPLY_WAY_FINE, false, true },
};

START_TEST(each_answer_leads_where_the_table_says)
{
	struct reply_row row = row_of(REPLY_NUMBER);
	struct reply_answer answer = { .outcome = tries[_i].outcome, .result = tries[_i].result,
				       .at_ms = NOW + 7000 };
	struct reply_verdict v;
	reply_after_answer(reply_channel("whatsapp"), &row, &answer, NOW, &v);
	ck_assert_str_eq(reply_state_name(v.row.state), reply_state_name(tries[_i].state));
	ck_assert_int_eq(v.way, tries[_i].way);
	ck_assert_int_eq(v.did_fail, tries[_i].failed);
	ck_assert_int_eq(v.row.started_ms != 0, tries[_i].left);
	if (tries[_i].outcome == JEMBATAN_LATER)
		ck_assert_int_eq(v.row.due_ms, NOW + 7000);
}
END_TEST

/* Tries and questions without an end, none of which is ever answered: how often
 * may it have gone out? */
static unsigned may_have_left(const char *connector, enum reply_event event,
			      enum reply_state *out_state, bool *out_missed)
{
	const struct reply_channel *c = reply_channel(connector);
	struct reply_row row = { .event = event, .state = REPLY_QUEUED, .due_ms = NOW };
	unsigned left = 0;
	for (unsigned n = 0; n < 200 && (row.state == REPLY_QUEUED || row.state == REPLY_UNKNOWN); n++) {
		struct reply_verdict v;
		bool settles = row.state == REPLY_UNKNOWN;
		int64_t now = row.due_ms;
		row.state = REPLY_SENDING;
		row.settling = settles;
		if (!settles) {
			left++;
			row.started_ms = now;
		}
		struct reply_answer answer = { .is_lost = !settles, .outcome = JEMBATAN_UNKNOWN };
		reply_after_answer(c, &row, &answer, now + 1, &v);
		row = v.row;
	}
	*out_state = row.state;
	*out_missed = row.missed;
	return left;
}

START_TEST(what_nothing_settles_goes_out_as_often_as_its_guarantee_says)
{
	enum reply_state state;
	bool missed;
	ck_assert_uint_eq(may_have_left("telegram", REPLY_NUMBER, &state, &missed), 2);
	ck_assert_int_eq(state, REPLY_DROPPED);
	ck_assert(missed);
	ck_assert_uint_eq(may_have_left("telegram", REPLY_STATUS, &state, &missed), 1);
	ck_assert_int_eq(state, REPLY_DROPPED);
	ck_assert(missed);
	ck_assert_uint_eq(may_have_left("whatsapp", REPLY_STATUS, &state, &missed), 1);
	ck_assert(missed);
	/* Under the same Message-ID: repeated, and not for ever. */
	unsigned mails = may_have_left("email", REPLY_STATUS, &state, &missed);
	ck_assert_uint_gt(mails, 2);
	ck_assert_uint_lt(mails, 10);
	ck_assert(missed);
}
END_TEST

START_TEST(what_a_channel_settles_is_believed)
{
	struct reply_row row = row_of(REPLY_STATUS);
	struct reply_verdict v;
	row.settling = true;
	reply_after_answer(reply_channel("x"), &row,
			   &(struct reply_answer){ .outcome = JEMBATAN_SENT }, NOW + HOUR, &v);
	ck_assert_int_eq(v.row.state, REPLY_SENT);
	ck_assert_int_eq(v.row.sent_ms, NOW);
	reply_after_answer(reply_channel("x"), &row,
			   &(struct reply_answer){ .outcome = JEMBATAN_NOT_SENT }, NOW + HOUR, &v);
	ck_assert_int_eq(v.row.state, REPLY_QUEUED);
	ck_assert_int_eq(v.row.started_ms, 0);
}
END_TEST

/* A mail server that always says "later": asked ever more rarely, for as long as
 * mail servers do among themselves, and then the citizen is on the list. */
START_TEST(who_always_says_later_is_asked_for_days_and_not_for_ever)
{
	struct reply_row row = row_of(REPLY_NUMBER);
	struct reply_verdict v = { 0 };
	int64_t now = NOW, last = 0;
	row.attempts = 100; /* a server that was away before: another matter */
	while (!v.did_fail) {
		row.state = REPLY_SENDING;
		row.started_ms = now;
		struct reply_answer later = { .outcome = JEMBATAN_LATER, .at_ms = now + HOUR / 12 };
		reply_after_answer(reply_channel("email"), &row, &later, now, &v);
		row = v.row;
		if (v.did_fail)
			break;
		ck_assert_int_eq(row.state, REPLY_QUEUED);
		ck_assert_int_eq(row.started_ms, 0);
		ck_assert_int_ge(row.due_ms - now, last);
		ck_assert_int_le(row.due_ms - now, 4 * HOUR);
		last = row.due_ms - now;
		now = row.due_ms;
	}
	ck_assert_int_eq(last, 4 * HOUR);
	ck_assert_int_eq(row.state, REPLY_FAILED);
	ck_assert_int_gt(now - NOW, 3 * 24 * HOUR);
	ck_assert_int_lt(now - NOW, 5 * 24 * HOUR);
	/* A pace is no such thing. */
	row = row_of(REPLY_NUMBER);
	for (int i = 0; i < 1000; i++) {
		struct reply_answer later = { .outcome = JEMBATAN_LATER, .at_ms = NOW + 6000 };
		row.state = REPLY_SENDING;
		reply_after_answer(reply_channel("whatsapp"), &row, &later, NOW, &v);
		row = v.row;
		ck_assert_int_eq(row.state, REPLY_QUEUED);
		ck_assert_int_eq(row.due_ms, NOW + 6000);
	}
}
END_TEST

/* No evidence of WhatsApp's comes at once: nothing is given up before. */
START_TEST(a_receipt_has_time_to_come)
{
	const struct reply_channel *c = reply_channel("whatsapp");
	struct reply_row row = row_of(REPLY_STATUS);
	struct reply_answer answer = { .is_lost = true };
	struct reply_verdict v;
	int64_t now = NOW;
	reply_after_answer(c, &row, &answer, now, &v);
	while (v.row.state == REPLY_UNKNOWN) {
		now = v.row.due_ms;
		v.row.state = REPLY_SENDING;
		v.row.settling = true;
		struct reply_row asked = v.row;
		reply_after_answer(c, &asked, &(struct reply_answer){ .outcome = JEMBATAN_UNKNOWN }, now,
				   &v);
	}
	ck_assert_int_ge(now, NOW + c->settle_after_ms);
}
END_TEST

static const struct {
	enum reply_state state;
	unsigned receipt;
	enum reply_state after; /* the same: it says nothing new */
} receipts[] = {
	{ REPLY_SENDING, JEMBATAN_RECEIPT_SENT, REPLY_SENT },
	{ REPLY_UNKNOWN, JEMBATAN_RECEIPT_DELIVERED, REPLY_DELIVERED },
	{ REPLY_SENT, JEMBATAN_RECEIPT_SENT, REPLY_SENT },
	{ REPLY_SENT, JEMBATAN_RECEIPT_DELIVERED, REPLY_DELIVERED },
	{ REPLY_READ, JEMBATAN_RECEIPT_DELIVERED, REPLY_READ }, /* the order is not promised */
	{ REPLY_DELIVERED, JEMBATAN_RECEIPT_READ, REPLY_READ },
	{ REPLY_DELIVERED, JEMBATAN_RECEIPT_FAILED, REPLY_DELIVERED },
	{ REPLY_SENT, JEMBATAN_RECEIPT_FAILED, REPLY_FAILED },
	{ REPLY_FAILED, JEMBATAN_RECEIPT_FAILED, REPLY_FAILED },
	{ REPLY_FAILED, JEMBATAN_RECEIPT_SENT, REPLY_FAILED },
	{ REPLY_FAILED, JEMBATAN_RECEIPT_DELIVERED, REPLY_DELIVERED },
	{ REPLY_DROPPED, JEMBATAN_RECEIPT_READ, REPLY_READ },
	{ REPLY_SENT, 99, REPLY_SENT },
};

START_TEST(receipts_come_in_any_order_and_twice)
{
	struct reply_row row = row_of(REPLY_NUMBER), out;
	bool failed = false;
	row.state = receipts[_i].state;
	bool is_news = reply_after_receipt(&row, receipts[_i].receipt, NOW, &out, &failed);
	ck_assert_int_eq(is_news, receipts[_i].after != receipts[_i].state);
	if (!is_news)
		return;
	ck_assert_int_eq(out.state, receipts[_i].after);
	ck_assert_int_eq(failed, receipts[_i].after == REPLY_FAILED);
	struct reply_row again;
	ck_assert(!reply_after_receipt(&out, receipts[_i].receipt, NOW, &again, &failed));
}
END_TEST

START_TEST(a_receipt_of_what_never_left_is_not_believed)
{
	struct reply_row row = { .state = REPLY_QUEUED }, out;
	bool failed;
	ck_assert(!reply_after_receipt(&row, JEMBATAN_RECEIPT_READ, NOW, &out, &failed));
}
END_TEST

/* "Not to this person, come back tomorrow", each day: it is told another way, or he
 * is on the list; other waits have no end. */
START_TEST(who_is_put_off_from_day_to_day_is_not_waited_for)
{
	static const struct {
		int64_t wait_ms;
		unsigned most;
	} waits[] = { { 24 * HOUR, 4 }, { HOUR, 100 }, { 6000, 100 } };
	for (size_t i = 0; i < COUNT_OF(waits); i++) {
		struct reply_row row = row_of(REPLY_NUMBER);
		struct reply_verdict v = { 0 };
		unsigned times = 0;
		for (int64_t now = NOW; times < 100 && !v.did_fail; times++) {
			struct reply_answer later = { .outcome = JEMBATAN_LATER, .why = "held back",
						      .at_ms = now + waits[i].wait_ms };
			row.state = REPLY_SENDING;
			row.started_ms = now;
			reply_after_answer(reply_channel("whatsapp"), &row, &later, now, &v);
			row = v.row;
			now = row.due_ms;
		}
		ck_assert_uint_eq(times, waits[i].most);
		ck_assert_int_eq(row.state, waits[i].most == 100 ? REPLY_QUEUED : REPLY_FAILED);
		ck_assert_str_eq(row.why, "held back");
	}
}
END_TEST

/* The channel said that it had not taken it, and then shows that it has: told once.
 * That it failed, it had said already. */
START_TEST(a_receipt_knows_better_than_the_answer_before_it)
{
	struct reply_row row = row_of(REPLY_NUMBER), out;
	struct reply_verdict v;
	bool failed;
	reply_after_answer(reply_channel("whatsapp"), &row,
			   &(struct reply_answer){ .outcome = JEMBATAN_NOT_SENT }, NOW, &v);
	ck_assert_int_eq(v.row.state, REPLY_QUEUED);
	ck_assert(!reply_after_receipt(&v.row, JEMBATAN_RECEIPT_FAILED, NOW, &out, &failed));
	ck_assert(reply_after_receipt(&v.row, JEMBATAN_RECEIPT_SENT, NOW + HOUR, &out, &failed));
	ck_assert_int_eq(out.state, REPLY_SENT);
	ck_assert_int_eq(out.sent_ms, NOW + HOUR);
	ck_assert(!failed);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("reply_outcome");
	tcase_add_loop_test(t, each_answer_leads_where_the_table_says, 0, COUNT_OF(tries));
	tcase_add_test(t, what_nothing_settles_goes_out_as_often_as_its_guarantee_says);
	tcase_add_test(t, what_a_channel_settles_is_believed);
	tcase_add_test(t, who_always_says_later_is_asked_for_days_and_not_for_ever);
	tcase_add_test(t, a_receipt_has_time_to_come);
	tcase_add_loop_test(t, receipts_come_in_any_order_and_twice, 0, COUNT_OF(receipts));
	tcase_add_test(t, a_receipt_of_what_never_left_is_not_believed);
	tcase_add_test(t, who_is_put_off_from_day_to_day_is_not_waited_for);
	tcase_add_test(t, a_receipt_knows_better_than_the_answer_before_it);
	return unit_run("reply_outcome", t);
}
