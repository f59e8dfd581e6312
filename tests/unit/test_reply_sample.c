/* test_reply_sample.c: what `jembatan preview` shows of replies. */
#include <string.h>

#include "reply/sample.h"
#include "unit.h"

static struct arena *arena;
static struct reply_templates *templates;
static struct settings settings;
static struct instance_settings instance;
static struct msg_message m;
static struct ticket ticket;
static struct reply_sample told[REPLY_SAMPLES_MAX];
static const char *why;

static void setup(void)
{
	struct problems problems;
	problems_init(&problems);
	arena = arena_new();
	templates = reply_templates_load(TEST_CONFIG "/replies.yaml", "replies.yaml", &problems);
	ck_assert_uint_eq(problems.count, 0);
	problems_done(&problems);
	settings = (struct settings){ .replies.office = "Dinas Contoh" };
	instance = (struct instance_settings){ .name = "surat", .connector = "email",
					       .replies = REPLIES_ON, .reply_language = "id" };
	m = (struct msg_message){ .message = { .size = sizeof(m.message), .text = "Lampu padam",
					       .author = { .mail = "warga@contoh.invalid" } } };
	ticket = (struct ticket){ .reference = "JB-000000", .title = "Lampu padam" };
}

static void teardown(void)
{
	reply_templates_free(templates);
	arena_free(arena);
}

static size_t samples(void)
{
	return reply_samples(templates, &settings, &instance, &m, &ticket, arena, told, &why);
}

START_TEST(each_event_is_shown_in_its_order)
{
	ck_assert_uint_eq(samples(), 4);
	ck_assert_ptr_null(why);
	ck_assert_str_eq(told[0].event, "received");
	ck_assert_str_eq(told[1].event, "number");
	ck_assert_str_eq(told[2].state, "in_progress");
	ck_assert_str_eq(told[3].state, "closed_by_admin");
	ck_assert(strstr(told[0].text, "JB-000000") != NULL);
	ck_assert(strstr(told[0].text, "0000000") == NULL); /* there is none yet */
	ck_assert(strstr(told[1].text, "0000000") != NULL);
	ck_assert_str_eq(told[1].subject, "Re: [JB-000000] Lampu padam");
	ck_assert(strstr(told[3].text, "Tanggapan") == NULL); /* there is none: no label either */
}
END_TEST

START_TEST(a_secret_report_shows_no_title)
{
	ticket.secret = true;
	size_t n = samples();
	ck_assert_uint_gt(n, 0);
	for (size_t i = 0; i < n; i++)
		ck_assert(strstr(told[i].text, "Lampu") == NULL &&
			  (told[i].subject == NULL || strstr(told[i].subject, "Lampu") == NULL));
}
END_TEST

START_TEST(an_anonymous_report_names_nobody)
{
	ticket.anonymous = true;
	ticket.title = "Lampu padam, salam SUMBI 0812-3456-7890";
	ticket.reporter.name = "Dayang Sumbi";
	ck_assert_uint_gt(samples(), 0);
	ck_assert_ptr_nonnull(strstr(told[0].text, "Lampu padam, salam ***** ****-****-****"));
}
END_TEST

START_TEST(what_is_missing_is_asked_for)
{
	settings.complete = (struct settings_complete){ .ask = true, .text_min = 200,
							.question_text = "Ceritakan lebih rinci." };
	ticket.content_original = "Lampu padam";
	ticket.reporter.mail = "warga@contoh.invalid";
	ck_assert_uint_eq(samples(), 5);
	ck_assert_str_eq(told[1].event, "question");
	ck_assert(strstr(told[1].text, "Ceritakan lebih rinci.") != NULL);
}
END_TEST

START_TEST(nobody_is_told_and_why)
{
	static const char *const reasons[] = { "replies.send", "machine", "secret", "address" };
	if (_i == 0)
		instance.replies = REPLIES_OFF;
	else if (_i == 1)
		m.message.flags = JEMBATAN_AUTOMATIC;
	else if (_i == 2)
		instance.connector = "mastodon", ticket.secret = true;
	else
		m.message.author.mail = NULL;
	ck_assert_uint_eq(samples(), 0);
	ck_assert_msg(strstr(why, reasons[_i]) != NULL, "%s", why);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("reply_sample");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, each_event_is_shown_in_its_order);
	tcase_add_test(t, a_secret_report_shows_no_title);
	tcase_add_test(t, an_anonymous_report_names_nobody);
	tcase_add_test(t, what_is_missing_is_asked_for);
	tcase_add_loop_test(t, nobody_is_told_and_why, 0, 4);
	return unit_run("reply_sample", t);
}
