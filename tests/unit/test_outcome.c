/* test_outcome.c: the whole table of results: every code of libcurl 7.88, before
 * and after a byte has left, and every status. */
#include "central/outcome.h"
#include "central/reason.h"

#include <curl/curl.h>

#include "unit.h"

static const unsigned usual[] = { 429, 503 };

static struct outcome_facts facts(enum outcome_action action, int code, bool sent, unsigned status,
				  bool has_id)
{
	return (struct outcome_facts){ .action = action,
				       .curl_code = code,
				       .any_sent = sent,
				       .status = status,
				       .has_id = has_id,
				       .not_sent_statuses = usual,
				       .not_sent_status_count = COUNT_OF(usual) };
}

/* ---- no answer: one row for each code, by its number ---- */

START_TEST(every_code_before_the_first_byte)
{
	static const int cut[] = { 52, 55, 56, 65 };
	enum outcome expected = OUTCOME_NOT_SENT;

	for (size_t i = 0; i < COUNT_OF(cut); i++)
		if (_i == cut[i])
			expected = OUTCOME_UNKNOWN;
	for (int action = OUTCOME_FILE; action <= OUTCOME_FOLLOW_UP; action++) {
		struct outcome_facts f = facts((enum outcome_action)action, _i, false, 0, false);
		ck_assert_int_eq(outcome_of(&f).outcome, expected);
		ck_assert_int_eq(outcome_of(&f).trouble, OUTCOME_DOWN);
	}
}
END_TEST

START_TEST(every_code_after_the_first_byte_is_unknown_whatever_the_status)
{
	static const unsigned statuses[] = { 0, 100, 200, 201, 302, 400, 422, 429, 500, 503 };

	for (int action = OUTCOME_FILE; action <= OUTCOME_FOLLOW_UP; action++)
		for (size_t i = 0; i < COUNT_OF(statuses); i++) {
			struct outcome_facts f = facts((enum outcome_action)action, _i, true,
						       statuses[i], true);
			ck_assert_int_eq(outcome_of(&f).outcome, OUTCOME_UNKNOWN);
			ck_assert_int_eq(outcome_of(&f).trouble, OUTCOME_DOWN);
		}
}
END_TEST

START_TEST(a_question_without_an_answer_can_be_asked_again)
{
	struct outcome_facts f = facts(OUTCOME_ASK, _i, true, 0, false);

	ck_assert_int_eq(outcome_of(&f).outcome, OUTCOME_NOT_SENT);
}
END_TEST

/* What the design names, in its own words. */
static const struct {
	const char *words;
	int code;
	bool sent;
	enum outcome expected;
} named[] = {
	{ "DNS failure", CURLE_COULDNT_RESOLVE_HOST, false, OUTCOME_NOT_SENT },
	{ "connect failure", CURLE_COULDNT_CONNECT, false, OUTCOME_NOT_SENT },
	{ "connect timeout", CURLE_OPERATION_TIMEDOUT, false, OUTCOME_NOT_SENT },
	{ "TLS failure", CURLE_SSL_CONNECT_ERROR, false, OUTCOME_NOT_SENT },
	{ "a certificate that is not theirs", CURLE_PEER_FAILED_VERIFICATION, false,
	  OUTCOME_NOT_SENT },
	{ "no CA file", CURLE_SSL_CACERT_BADFILE, false, OUTCOME_NOT_SENT },
	{ "answer timeout", CURLE_OPERATION_TIMEDOUT, true, OUTCOME_UNKNOWN },
	{ "closed without a byte", CURLE_GOT_NOTHING, true, OUTCOME_UNKNOWN },
	{ "cut while sending", CURLE_SEND_ERROR, true, OUTCOME_UNKNOWN },
	{ "cut while reading", CURLE_RECV_ERROR, true, OUTCOME_UNKNOWN },
	{ "a kept connection died", CURLE_SEND_FAIL_REWIND, true, OUTCOME_UNKNOWN },
	{ "the same, and no byte counted", CURLE_SEND_FAIL_REWIND, false, OUTCOME_UNKNOWN },
	{ "half an answer", CURLE_PARTIAL_FILE, true, OUTCOME_UNKNOWN },
	{ "an answer without an end", CURLE_WRITE_ERROR, true, OUTCOME_UNKNOWN },
	{ "not HTTP", CURLE_WEIRD_SERVER_REPLY, true, OUTCOME_UNKNOWN },
	{ "reached again, after bytes had left", CURLE_COULDNT_CONNECT, true, OUTCOME_UNKNOWN },
};

START_TEST(the_codes_that_the_design_names)
{
	struct outcome_facts f = facts(OUTCOME_CREATE, named[_i].code, named[_i].sent, 0, false);

	ck_assert_msg(outcome_of(&f).outcome == named[_i].expected, "%s", named[_i].words);
}
END_TEST

/* ---- answers: every status there is ---- */

static enum outcome expected_of(unsigned s)
{
	if (s >= 200 && s <= 299)
		return OUTCOME_DONE;
	if (s == 301 || s == 307 || s == 308 || s == 401 || s == 403 || s == 407 || s == 429 ||
	    s == 503)
		return OUTCOME_NOT_SENT;
	return s >= 400 && s <= 499 ? OUTCOME_REFUSED : OUTCOME_UNKNOWN;
}

START_TEST(every_status_of_a_create)
{
	for (unsigned s = 0; s < 1000; s++) {
		struct outcome_facts f = facts(OUTCOME_CREATE, CURLE_OK, true, s, true);
		ck_assert_msg(outcome_of(&f).outcome == expected_of(s), "status %u", s);
	}
}
END_TEST

START_TEST(only_a_create_and_a_file_need_an_id)
{
	for (unsigned s = 200; s < 300; s++)
		for (int action = OUTCOME_FILE; action <= OUTCOME_FOLLOW_UP; action++) {
			bool needs = action == OUTCOME_FILE || action == OUTCOME_CREATE;
			struct outcome_facts f =
				facts((enum outcome_action)action, CURLE_OK, true, s, false);
			ck_assert_int_eq(outcome_of(&f).outcome,
					 needs ? OUTCOME_UNKNOWN : OUTCOME_DONE);
		}
}
END_TEST

static const struct {
	unsigned status;
	enum outcome_trouble trouble;
} troubles[] = {
	{ 200, OUTCOME_FINE },	    { 201, OUTCOME_FINE },	{ 400, OUTCOME_FINE },
	{ 404, OUTCOME_FINE },	    { 422, OUTCOME_FINE },	{ 429, OUTCOME_BUSY },
	{ 503, OUTCOME_BUSY },	    { 500, OUTCOME_DOWN },	{ 502, OUTCOME_DOWN },
	{ 504, OUTCOME_DOWN },	    { 401, OUTCOME_AUTH },	{ 403, OUTCOME_AUTH },
	{ 407, OUTCOME_AUTH },	    { 301, OUTCOME_MISCONFIG }, { 302, OUTCOME_MISCONFIG },
	{ 303, OUTCOME_MISCONFIG }, { 307, OUTCOME_MISCONFIG }, { 308, OUTCOME_MISCONFIG },
	{ 304, OUTCOME_MISCONFIG }, { 0, OUTCOME_DOWN },	{ 101, OUTCOME_DOWN },
};

START_TEST(what_a_status_says_about_the_centre)
{
	struct outcome_facts f =
		facts(OUTCOME_CREATE, CURLE_OK, true, troubles[_i].status, true);

	ck_assert_int_eq(outcome_of(&f).trouble, troubles[_i].trouble);
}
END_TEST

START_TEST(a_configured_status_is_not_sent)
{
	static const unsigned list[] = { 502, 404 };
	struct outcome_facts f = facts(OUTCOME_CREATE, CURLE_OK, true, 502, false);

	f.not_sent_statuses = list;
	f.not_sent_status_count = COUNT_OF(list);
	ck_assert_int_eq(outcome_of(&f).outcome, OUTCOME_NOT_SENT);
	f.status = 404;
	ck_assert_int_eq(outcome_of(&f).outcome, OUTCOME_NOT_SENT);
	f.status = 503; /* no longer listed */
	ck_assert_int_eq(outcome_of(&f).outcome, OUTCOME_UNKNOWN);
	f.status = 429;
	ck_assert_int_eq(outcome_of(&f).outcome, OUTCOME_REFUSED);
}
END_TEST

START_TEST(a_success_cannot_be_configured_away)
{
	static const unsigned list[] = { 200 };
	struct outcome_facts f = facts(OUTCOME_CREATE, CURLE_OK, true, 200, true);

	f.not_sent_statuses = list;
	f.not_sent_status_count = 1;
	ck_assert_int_eq(outcome_of(&f).outcome, OUTCOME_DONE);
}
END_TEST

START_TEST(one_report_that_a_filter_turns_away_is_refused_alone)
{
	struct outcome_facts f = facts(OUTCOME_CREATE, CURLE_OK, true, 403, false);

	f.is_singled_out = true;
	ck_assert_int_eq(outcome_of(&f).outcome, OUTCOME_REFUSED);
	ck_assert_int_eq(outcome_of(&f).trouble, OUTCOME_FINE);
}
END_TEST

/* ---- settling ---- */

static const struct {
	enum outcome_action action;
	struct outcome_means means;
	enum outcome_settling expected;
} settlings[] = {
	{ OUTCOME_FILE, { 0 }, OUTCOME_SEND_AGAIN },
	{ OUTCOME_ASK, { 0 }, OUTCOME_SEND_AGAIN },
	{ OUTCOME_ROUTE, { 0 }, OUTCOME_LOOK },
	{ OUTCOME_ROUTE, { .idempotent = true, .resend = true }, OUTCOME_LOOK },
	{ OUTCOME_FOLLOW_UP, { 0 }, OUTCOME_LOOK },
	{ OUTCOME_FOLLOW_UP, { .resend = true }, OUTCOME_LOOK },
	{ OUTCOME_CREATE, { 0 }, OUTCOME_HOLD },
	{ OUTCOME_CREATE, { .idempotent = true }, OUTCOME_SEND_AGAIN },
	{ OUTCOME_CREATE, { .lookup = true }, OUTCOME_LOOK },
	{ OUTCOME_CREATE, { .lookup = true, .resend = true }, OUTCOME_LOOK },
	{ OUTCOME_CREATE, { .idempotent = true, .lookup = true }, OUTCOME_SEND_AGAIN },
	{ OUTCOME_CREATE, { .resend = true }, OUTCOME_SEND_AGAIN },
};

START_TEST(what_settles_an_unknown_action)
{
	ck_assert_int_eq(outcome_settling(settlings[_i].action, &settlings[_i].means),
			 settlings[_i].expected);
}
END_TEST

/* Whatever code an operator can meet is told in our words. */
START_TEST(no_code_is_told_in_words_for_programmers)
{
	static const char *const foreign[] = { "callback", "rewind", "CURL", "curl", "option",
					       "handle", "errno", "SSL" };
	const char *sentence = reason_of(_i);
	ck_assert_uint_gt(strlen(sentence), 10);
	ck_assert_str_ne(sentence, curl_easy_strerror((CURLcode)_i));
	for (size_t i = 0; i < COUNT_OF(foreign); i++)
		ck_assert_msg(!strstr(sentence, foreign[i]), "%d: %s", _i, sentence);
}
END_TEST

START_TEST(the_codes_that_are_met_have_sentences_of_their_own)
{
	static const int met[] = { 6, 7, 18, 28, 35, 52, 55, 56, 60, 65, 77 };
	ck_assert_str_ne(reason_of(met[_i]), reason_of(-1));
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("outcome");

	tcase_add_loop_test(t, every_code_before_the_first_byte, 1, CURL_LAST);
	tcase_add_loop_test(t, every_code_after_the_first_byte_is_unknown_whatever_the_status, 1,
			    CURL_LAST);
	tcase_add_loop_test(t, a_question_without_an_answer_can_be_asked_again, 1, CURL_LAST);
	tcase_add_loop_test(t, the_codes_that_the_design_names, 0, COUNT_OF(named));
	tcase_add_test(t, every_status_of_a_create);
	tcase_add_test(t, only_a_create_and_a_file_need_an_id);
	tcase_add_loop_test(t, what_a_status_says_about_the_centre, 0, COUNT_OF(troubles));
	tcase_add_test(t, a_configured_status_is_not_sent);
	tcase_add_test(t, a_success_cannot_be_configured_away);
	tcase_add_test(t, one_report_that_a_filter_turns_away_is_refused_alone);
	tcase_add_loop_test(t, what_settles_an_unknown_action, 0, COUNT_OF(settlings));
	tcase_add_loop_test(t, no_code_is_told_in_words_for_programmers, 1, CURL_LAST);
	tcase_add_loop_test(t, the_codes_that_are_met_have_sentences_of_their_own, 0, 11);
	return unit_run("outcome", t);
}
