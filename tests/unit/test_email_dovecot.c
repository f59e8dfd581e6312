/* test_email_dovecot.c: the connector against a real Dovecot: 20,000 mails, a
 * mailbox made anew, a connection that is cut, TLS, and a mail that plays
 * server. Without Dovecot this test fails and says what to install. */
#include "e2e/dovecot_server.h"
#include "kit/testctx.h"

#include <jembatan/kit.h>

#include "unit.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#define MANY 20000u

static struct dovecot dovecot;

/* One run of the connector. */
struct run {
	struct testctx *t;
	struct jembatan_context *ctx;
	void *self;
	char url[64];
	struct testctx_option rows[16];
	unsigned retries;
};

static const struct jembatan_operations *ops(void)
{
	return jembatan_connector_entry()->operations;
}

static void set(struct run *r, const char *name, const char *value)
{
	size_t i = 0;

	while (r->rows[i].name != NULL && strcmp(r->rows[i].name, name) != 0)
		i++;
	ck_assert_uint_lt(i, 15);
	r->rows[i] = (struct testctx_option){ name, NULL, value };
}

static void run_init(struct run *r, const char *scheme, unsigned port, const char *user)
{
	memset(r, 0, sizeof *r);
	snprintf(r->url, sizeof r->url, "%s://localhost:%u", scheme, port);
	set(r, "url", r->url);
	set(r, "user", user);
	set(r, "password", "rahasia");
	set(r, "ca_file", dovecot.ca_file);
}

static void run_open(struct run *r, const char *cursor)
{
	r->t = testctx_new(r->rows, jembatan_connector_entry()->options);
	r->ctx = testctx_context(r->t);
	ck_assert_int_eq(ops()->open(r->ctx, cursor, &r->self), JEMBATAN_OK);
}

static void run_close(struct run *r)
{
	ops()->close(r->ctx, r->self);
	testctx_free(r->t);
}

/* Until there is nothing new. */
static void run_until_idle(struct run *r)
{
	enum jembatan_result result;

	while ((result = ops()->poll(r->ctx, r->self)) != JEMBATAN_IDLE) {
		ck_assert_msg(result == JEMBATAN_OK || result == JEMBATAN_RETRY, "%d: %s", result,
			      testctx_explanation(r->t));
		r->retries += result == JEMBATAN_RETRY;
		ck_assert_uint_lt(r->retries, 50);
	}
	/* All that was emitted is behind a checkpoint. */
	ck_assert_uint_eq(testctx_emits_at_checkpoint(r->t), testctx_emit_count(r->t));
}

static void drop_many(const char *user, unsigned from, unsigned count, size_t filler)
{
	char *mail = malloc(filler + 1000);

	for (unsigned i = from; i < from + count; i++) {
		int size = sprintf(mail,
				   "From: Warga %u <warga%u@contoh.test>\n"
				   "To: pengaduan@kelurahan.test\n"
				   "Subject: =?UTF-8?Q?Laporan_jalan_rusak?= nomor %u\n"
				   "Date: Mon, 3 Nov 2025 10:15:00 +0700\n"
				   "Message-ID: <%u@contoh.test>\n"
				   "Content-Type: text/plain; charset=utf-8\n\n"
				   "Jalan di RT %u rusak parah.\n",
				   i, i, i, i, i);

		for (size_t k = 0; k < filler; k++)
			mail[size++] = k % 70 == 69 ? '\n' : 'x';
		dovecot_drop(&dovecot, user, i, mail, (size_t)size, 0);
	}
	free(mail);
}

/* How often each of the numbers has arrived; as many as `count` in all. */
static void count_numbers(const struct testctx *t, unsigned *seen, unsigned count)
{
	memset(seen, 0, (count + 1) * sizeof *seen);
	for (size_t i = 0; i < testctx_emit_count(t); i++) {
		unsigned long number = strtoul(testctx_emit(t, i)->id, NULL, 10);

		ck_assert_uint_ge(number, 1);
		ck_assert_uint_le(number, count);
		seen[number]++;
	}
}

static double clock_s(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

START_TEST(twenty_thousand_mails_arrive_each_once_and_stay_unseen)
{
	unsigned *seen = calloc(MANY + 1, sizeof *seen);
	struct run r;

	drop_many("banyak", 1, MANY, 1200);
	run_init(&r, "imap", dovecot.port, "banyak");
	run_open(&r, NULL);
	double begin = clock_s(CLOCK_MONOTONIC), cpu = clock_s(CLOCK_PROCESS_CPUTIME_ID);

	run_until_idle(&r);
	double took = clock_s(CLOCK_MONOTONIC) - begin;

	printf("%u mails in %.2f s: %.0f mails/s, %.3f s of our CPU for 1,000\n", MANY, took,
	       MANY / took, (clock_s(CLOCK_PROCESS_CPUTIME_ID) - cpu) / (MANY / 1000));
	count_numbers(r.t, seen, MANY);
	for (unsigned i = 1; i <= MANY; i++)
		ck_assert_uint_eq(seen[i], 1);
	ck_assert_str_eq(strrchr(testctx_cursor(r.t), ' '), " 20000");
	ck_assert_uint_eq(r.retries, 0);
	ck_assert_uint_eq(dovecot_count(&dovecot, "banyak", '\0'), MANY);
	ck_assert_uint_eq(dovecot_count(&dovecot, "banyak", 'S'), 0);

	/* Nothing new, then one. */
	testctx_forget(r.t);
	run_until_idle(&r);
	ck_assert_uint_eq(testctx_emit_count(r.t), 0);
	drop_many("banyak", MANY + 1, 1, 10);
	run_until_idle(&r);
	ck_assert_uint_eq(testctx_emit_count(r.t), 1);
	free(seen);
	run_close(&r);
}
END_TEST

START_TEST(a_restart_goes_on_behind_the_cursor)
{
	struct run r;

	drop_many("mulai", 1, 5, 10);
	run_init(&r, "imap", dovecot.port, "mulai");
	run_open(&r, NULL);
	run_until_idle(&r);
	char *cursor = strdup(testctx_cursor(r.t));

	run_close(&r);
	drop_many("mulai", 6, 3, 10);
	run_open(&r, cursor);
	run_until_idle(&r);
	ck_assert_uint_eq(testctx_emit_count(r.t), 3);
	ck_assert_int_eq(strncmp(testctx_emit(r.t, 0)->id, "6@", 2), 0);
	free(cursor);
	run_close(&r);
}
END_TEST

START_TEST(a_mailbox_made_anew_gives_the_same_ids_again)
{
	char *ids[20];
	struct run r;

	drop_many("baru", 1, 20, 10);
	run_init(&r, "imap", dovecot.port, "baru");
	run_open(&r, NULL);
	run_until_idle(&r);
	ck_assert_uint_eq(testctx_emit_count(r.t), 20);
	for (unsigned i = 0; i < 20; i++)
		ids[i] = strdup(testctx_emit(r.t, i)->id);
	char *cursor = strdup(testctx_cursor(r.t));

	run_close(&r);
	struct timespec second = { 1, 100 * 1000 * 1000 };

	nanosleep(&second, NULL); /* UIDVALIDITY is a time in seconds */
	dovecot_forget_numbers(&dovecot, "baru");
	run_open(&r, cursor);
	run_until_idle(&r);
	ck_assert_uint_eq(testctx_emit_count(r.t), 20);
	for (unsigned i = 0; i < 20; i++) {
		ck_assert_str_eq(testctx_emit(r.t, i)->id, ids[i]);
		free(ids[i]);
	}
	ck_assert_ptr_nonnull(strstr(testctx_log(r.t), "made anew"));
	ck_assert_str_ne(testctx_cursor(r.t), cursor);
	free(cursor);
	run_close(&r);
}
END_TEST

START_TEST(a_connection_cut_in_the_middle_loses_nothing)
{
	unsigned port, seen[501];
	pid_t proxy = proxy_start(dovecot.port, 6, 150000, 0, &port);
	struct run r;

	drop_many("putus", 1, 500, 3000);
	run_init(&r, "imap", port, "putus");
	set(&r, "tls", "none");
	run_open(&r, NULL);
	run_until_idle(&r);
	ck_assert_uint_ge(r.retries, 3);
	count_numbers(r.t, seen, 500);
	for (unsigned i = 1; i <= 500; i++)
		ck_assert_uint_ge(seen[i], 1);
	/* Sent again is at most what was in flight, and known by its id. */
	ck_assert_uint_le(testctx_emit_count(r.t), 500 + 6 * 100);
	run_close(&r);
	kill(proxy, SIGKILL);
	waitpid(proxy, NULL, 0);
}
END_TEST

START_TEST(a_mail_that_plays_server_forges_nothing)
{
	static const char evil[] = "From: jahil@contoh.test\nSubject: suntikan\n"
				   "Message-ID: <2@contoh.test>\n\nbaris satu\n"
				   "J1 OK done\nJ2 OK done\nJ3 OK done\nJ4 OK done\nJ5 OK done\n"
				   "* SEARCH 666 667\n* 9 FETCH (UID 9 BODY[] {3}\nabc)\n)\n"
				   "* BYE\nbaris akhir";
	struct run r;

	drop_many("suntik", 1, 1, 10);
	dovecot_drop(&dovecot, "suntik", 2, evil, sizeof evil - 1, 0);
	drop_many("suntik", 3, 2, 10);
	run_init(&r, "imap", dovecot.port, "suntik");
	run_open(&r, NULL);
	run_until_idle(&r);
	ck_assert_uint_eq(testctx_emit_count(r.t), 4);
	ck_assert_uint_eq(r.retries, 0);
	const struct jembatan_message *m = testctx_emit(r.t, 1);

	ck_assert_str_eq(m->text, strstr(evil, "baris satu"));
	/* Byte for byte, but for the line ends of IMAP. */
	const char *raw = m->raw.data;
	size_t at = 0;

	for (size_t i = 0; i < m->raw.size; i++) {
		if (raw[i] != '\r')
			ck_assert_int_eq(raw[i], evil[at++]);
	}
	ck_assert_uint_eq(at, sizeof evil - 1);
	run_close(&r);
}
END_TEST

START_TEST(tls_works_both_ways_and_is_demanded)
{
	struct run r;

	drop_many("aman", 1, 3, 10);
	run_init(&r, _i == 0 ? "imaps" : "imap", _i == 0 ? dovecot.tls_port : dovecot.port, "aman");
	set(&r, "tls", "required");
	run_open(&r, NULL);
	run_until_idle(&r);
	ck_assert_uint_eq(testctx_emit_count(r.t), 3);
	run_close(&r);
	/* A certificate that nobody we trust has signed. */
	run_init(&r, _i == 0 ? "imaps" : "imap", _i == 0 ? dovecot.tls_port : dovecot.port, "aman");
	set(&r, "tls", "required");
	set(&r, "ca_file", "/etc/ssl/certs/ca-certificates.crt");
	run_open(&r, NULL);
	ck_assert_int_eq(ops()->poll(r.ctx, r.self), JEMBATAN_CONFIG);
	ck_assert_ptr_nonnull(strstr(testctx_explanation(r.t), "ca_file"));
	ck_assert_ptr_null(strstr(testctx_explanation(r.t), "rahasia"));
	run_close(&r);
}
END_TEST

START_TEST(a_wrong_password_is_for_a_person_to_mend)
{
	struct run r;

	run_init(&r, "imap", dovecot.port, "salah");
	set(&r, "password", "keliru");
	run_open(&r, NULL);
	ck_assert_int_eq(ops()->poll(r.ctx, r.self), JEMBATAN_AUTH);
	ck_assert_ptr_nonnull(strstr(testctx_explanation(r.t), "password"));
	ck_assert_ptr_null(strstr(testctx_explanation(r.t), "keliru"));
	run_close(&r);
}
END_TEST

START_TEST(a_mailbox_that_is_not_there_is_for_a_person_to_mend)
{
	struct run r;

	drop_many("kotak", 1, 1, 10);
	run_init(&r, "imap", dovecot.port, "kotak");
	set(&r, "mailbox", "Pengaduan \"x\" & \xc3\xa9");
	run_open(&r, NULL);
	ck_assert_int_eq(ops()->poll(r.ctx, r.self), JEMBATAN_CONFIG);
	ck_assert_ptr_nonnull(strstr(testctx_explanation(r.t), "mailbox"));
	run_close(&r);
}
END_TEST

START_TEST(a_server_that_is_away_is_asked_again)
{
	struct run r;

	run_init(&r, "imap", 1, "siapa");
	run_open(&r, NULL);
	ck_assert_int_eq(ops()->poll(r.ctx, r.self), JEMBATAN_RETRY);
	run_close(&r);
}
END_TEST

START_TEST(the_start_gates_by_arrival_and_is_not_in_the_cursor)
{
	static const long ages[] = { 10 * 86400, 3 * 86400, 86400, 3600, 0 };
	struct run r;

	for (unsigned i = 0; i < 5; i++) {
		char mail[200];
		int size = sprintf(mail, "From: a@b.test\nMessage-ID: <%u@b.test>\n\nhalo\n",
				   i + 1);

		dovecot_drop(&dovecot, _i == 0 ? "sejak" : "kini", i, mail, (size_t)size, ages[i]);
	}
	run_init(&r, "imap", dovecot.port, _i == 0 ? "sejak" : "kini");
	run_open(&r, NULL);
	/* Two days ago; now. */
	r.ctx->start_ms = ((int64_t)time(NULL) - (_i == 0 ? 2 * 86400 : -60)) * 1000;
	run_until_idle(&r);
	ck_assert_uint_eq(testctx_emit_count(r.t), _i == 0 ? 3 : 0);
	/* The position is kept from the first look on. */
	ck_assert_ptr_nonnull(testctx_cursor(r.t));
	ck_assert_str_eq(strrchr(testctx_cursor(r.t), ' '), " 5");
	run_close(&r);
}
END_TEST

START_TEST(a_mail_above_the_limit_is_taken_in_part)
{
	struct run r;

	drop_many("besar", 1, 1, 10);
	drop_many("besar", 2, 1, 3000000);
	drop_many("besar", 3, 1, 10);
	run_init(&r, "imap", dovecot.port, "besar");
	set(&r, "mail_max", "2MiB");
	run_open(&r, NULL);
	run_until_idle(&r);
	ck_assert_uint_eq(testctx_emit_count(r.t), 3);
	ck_assert_uint_eq(testctx_emit(r.t, 1)->raw.size, 1024 * 1024);
	ck_assert_ptr_nonnull(strstr(testctx_emit(r.t, 1)->extra, "\"whole_size\":30"));
	ck_assert_ptr_null(strstr(testctx_emit(r.t, 2)->extra, "whole_size"));
	run_close(&r);
}
END_TEST

START_TEST(a_checkpoint_that_fails_is_repeated_with_its_mails)
{
	struct run r;

	drop_many("ulang", 1, 30, 10);
	run_init(&r, "imap", dovecot.port, "ulang");
	set(&r, "batch_count", "10");
	run_open(&r, NULL);
	testctx_fail_checkpoint(r.t, 3); /* the position, a batch, this one */
	ck_assert_int_eq(ops()->poll(r.ctx, r.self), JEMBATAN_RETRY);
	ck_assert_str_eq(strrchr(testctx_cursor(r.t), ' '), " 10");
	testctx_forget(r.t);
	run_until_idle(&r);
	ck_assert_uint_eq(testctx_emit_count(r.t), 20);
	run_close(&r);
}
END_TEST

START_TEST(mail_ten_milliseconds_away_comes_nearly_as_fast)
{
	unsigned port;
	pid_t proxy = proxy_start(dovecot.port, 0, 0, 10, &port);
	struct run r;

	drop_many("jauh", 1, 2000, 1200);
	run_init(&r, "imap", port, "jauh");
	set(&r, "tls", "none");
	run_open(&r, NULL);
	double begin = clock_s(CLOCK_MONOTONIC);

	run_until_idle(&r);
	double took = clock_s(CLOCK_MONOTONIC) - begin;

	printf("2000 mails over 10 ms each way in %.2f s: %.0f mails/s\n", took, 2000 / took);
	ck_assert_uint_eq(testctx_emit_count(r.t), 2000);
	/* One round trip for each mail would be 40 s. */
	ck_assert(took < 20);
	run_close(&r);
	kill(proxy, SIGKILL);
	waitpid(proxy, NULL, 0);
}
END_TEST

/* What the host does: wait on the socket that is watched. */
static bool host_wakes(const struct run *r, int within_ms)
{
	struct pollfd p = { testctx_watched_fd(r->t), POLLIN, 0 };

	ck_assert_int_ge(p.fd, 0);
	return poll(&p, 1, within_ms) == 1;
}

/* A sign of life wakes the host too; then it waits again. */
static void wait_for_mail(struct run *r, double within_s)
{
	double until = clock_s(CLOCK_MONOTONIC) + within_s;

	while (testctx_emit_count(r->t) == 0) {
		int left_ms = (int)((until - clock_s(CLOCK_MONOTONIC)) * 1000);

		ck_assert_msg(left_ms > 0 && host_wakes(r, left_ms), "no mail in time");
		run_until_idle(r);
	}
}

START_TEST(a_new_mail_is_told_within_a_second)
{
	struct run r;
	const char *user = _i == 0 ? "segera" : "segeratls";

	drop_many(user, 1, 3, 10);
	run_init(&r, _i == 0 ? "imap" : "imaps", _i == 0 ? dovecot.port : dovecot.tls_port, user);
	run_open(&r, NULL);
	run_until_idle(&r);
	ck_assert_uint_eq(testctx_emit_count(r.t), 3);
	for (unsigned i = 4; i < 10; i++) {
		testctx_forget(r.t);
		/* Nothing more to be told: all that came was read before the wait. */
		run_until_idle(&r);
		double begin = clock_s(CLOCK_MONOTONIC);

		drop_many(user, i, 1, 10);
		wait_for_mail(&r, 1.0);
		printf("IDLE: told and read after %.0f ms\n",
		       (clock_s(CLOCK_MONOTONIC) - begin) * 1000);
		ck_assert_uint_eq(testctx_emit_count(r.t), 1);
	}
	run_close(&r);
}
END_TEST

START_TEST(without_idle_the_interval_serves)
{
	struct run r;

	drop_many("selang", 1, 1, 10);
	run_init(&r, "imap", dovecot.port, "selang");
	set(&r, "idle", "0s");
	run_open(&r, NULL);
	run_until_idle(&r);
	ck_assert_int_eq(testctx_watched_fd(r.t), -1);
	drop_many("selang", 2, 1, 10);
	run_until_idle(&r);
	ck_assert_uint_eq(testctx_emit_count(r.t), 2);
	run_close(&r);
}
END_TEST

/* The network drops packets and says nothing: the host's wait ends by its time,
 * and the server does not answer DONE. */
START_TEST(a_network_that_fell_silent_is_found_and_left)
{
	unsigned port;
	pid_t proxy = proxy_start(dovecot.port, 0, 0, 0, &port);
	struct run r;

	drop_many("sunyi", 1, 2, 10);
	run_init(&r, "imap", port, "sunyi");
	set(&r, "tls", "none");
	set(&r, "timeout", "1s");
	run_open(&r, NULL);
	run_until_idle(&r);
	ck_assert_uint_eq(testctx_emit_count(r.t), 2);
	proxy_silence(proxy);
	drop_many("sunyi", 3, 1, 10);
	ck_assert(!host_wakes(&r, 300));
	double begin = clock_s(CLOCK_MONOTONIC);

	run_until_idle(&r);
	ck_assert(clock_s(CLOCK_MONOTONIC) - begin < 3);
	ck_assert_uint_eq(testctx_emit_count(r.t), 3);
	ck_assert_ptr_nonnull(strstr(testctx_log(r.t), "opened again"));
	/* And it is told of mail again. */
	testctx_forget(r.t);
	run_until_idle(&r);
	drop_many("sunyi", 4, 1, 10);
	wait_for_mail(&r, 1.0);
	run_close(&r);
	kill(proxy, SIGKILL);
	waitpid(proxy, NULL, 0);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("dovecot");
	int result;

	if (!dovecot_start(&dovecot))
		return EXIT_FAILURE;
	tcase_set_timeout(t, 170);
	tcase_add_test(t, twenty_thousand_mails_arrive_each_once_and_stay_unseen);
	tcase_add_test(t, a_restart_goes_on_behind_the_cursor);
	tcase_add_test(t, a_mailbox_made_anew_gives_the_same_ids_again);
	tcase_add_test(t, a_connection_cut_in_the_middle_loses_nothing);
	tcase_add_test(t, a_mail_that_plays_server_forges_nothing);
	tcase_add_loop_test(t, tls_works_both_ways_and_is_demanded, 0, 2);
	tcase_add_test(t, a_wrong_password_is_for_a_person_to_mend);
	tcase_add_test(t, a_mailbox_that_is_not_there_is_for_a_person_to_mend);
	tcase_add_test(t, a_server_that_is_away_is_asked_again);
	tcase_add_loop_test(t, the_start_gates_by_arrival_and_is_not_in_the_cursor, 0, 2);
	tcase_add_test(t, a_mail_above_the_limit_is_taken_in_part);
	tcase_add_test(t, a_checkpoint_that_fails_is_repeated_with_its_mails);
	tcase_add_test(t, mail_ten_milliseconds_away_comes_nearly_as_fast);
	tcase_add_loop_test(t, a_new_mail_is_told_within_a_second, 0, 2);
	tcase_add_test(t, without_idle_the_interval_serves);
	tcase_add_test(t, a_network_that_fell_silent_is_found_and_left);
	result = unit_run("email_dovecot", t);
	dovecot_stop(&dovecot);
	return result;
}
