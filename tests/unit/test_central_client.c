/* test_central_client.c: what the client says about requests that never left. */
#include "central/client.h"
#include "central/outcome.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit.h"

static struct loop *loop;
static struct client *client;
static struct client_answer got;
static unsigned answers;

static void setup(void)
{
	static const struct client_options options = { .connect_timeout_ms = 60,
						       .answer_timeout_ms = 60,
						       .connections = 4 };

	loop = loop_new();
	client = client_new(loop, &options);
	answers = 0;
}

static void teardown(void)
{
	client_free(client);
	loop_free(loop);
}

static void on_done(void *data, const struct client_answer *answer)
{
	(void)data;
	got = *answer;
	answers++;
}

static void send_and_wait(const char *url)
{
	unsigned wanted = answers + 1;
	struct client_request r = { .url = url, .body = "{}" };

	client_start(client, &r, on_done, NULL);
	while (answers < wanted)
		loop_turn(loop, 1000);
}

static enum outcome outcome(void)
{
	struct outcome_facts f = { .action = OUTCOME_CREATE,
				   .curl_code = got.curl_code,
				   .any_sent = got.any_sent,
				   .status = got.status };

	return outcome_of(&f).outcome;
}

/* A socket that listens; its port. */
static int listen_on(int backlog, char url[64], const char *scheme)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(a);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, size), 0);
	ck_assert_int_eq(listen(fd, backlog), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &size), 0);
	snprintf(url, 64, "%s://127.0.0.1:%u/", scheme, ntohs(a.sin_port));
	return fd;
}

static void fill(const char *url)
{
	const char *port = strrchr(url, ':') + 1;
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				 .sin_port = htons((uint16_t)strtoul(port, NULL, 10)) };

	for (int i = 0; i < 4; i++) { /* left open: the test's process ends soon */
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)connect(fd, (struct sockaddr *)&a, sizeof(a));
	}
}

START_TEST(a_connect_that_hangs_is_not_sent_and_the_client_lives_on)
{
	char url[64];
	int fd = listen_on(0, url, "http");

	fill(url);
	for (int i = 0; i < 3; i++) { /* numbers of sockets are used again */
		send_and_wait(url);
		ck_assert_int_eq(got.curl_code, CURLE_OPERATION_TIMEDOUT);
		ck_assert(!got.any_sent);
		ck_assert_int_eq(outcome(), OUTCOME_NOT_SENT);
	}
	close(fd);
}
END_TEST

START_TEST(a_port_where_nobody_listens_is_not_sent)
{
	char url[64];

	close(listen_on(1, url, "http"));
	send_and_wait(url);
	ck_assert_int_eq(got.curl_code, CURLE_COULDNT_CONNECT);
	ck_assert_int_eq(outcome(), OUTCOME_NOT_SENT);
}
END_TEST

START_TEST(a_name_that_nobody_knows_is_not_sent)
{
	send_and_wait("http://nobody.invalid/");
	ck_assert(!got.any_sent);
	ck_assert_int_eq(outcome(), OUTCOME_NOT_SENT);
}
END_TEST

START_TEST(a_handshake_that_fails_is_not_sent)
{
	char url[64];
	int fd = listen_on(4, url, "https");

	/* Nobody answers the greeting of TLS. */
	send_and_wait(url);
	ck_assert(!got.any_sent);
	ck_assert_int_eq(outcome(), OUTCOME_NOT_SENT);
	close(fd);
}
END_TEST

START_TEST(a_request_that_nobody_answers_is_unknown)
{
	char url[64];
	int fd = listen_on(4, url, "http");

	send_and_wait(url);
	ck_assert_int_eq(got.curl_code, CURLE_OPERATION_TIMEDOUT);
	ck_assert(got.any_sent);
	ck_assert_int_eq(outcome(), OUTCOME_UNKNOWN);
	close(fd);
}
END_TEST

START_TEST(what_is_cancelled_is_not_answered)
{
	char url[64];
	int fd = listen_on(4, url, "http");
	struct client_request r = { .url = url, .body = "{}" };
	struct client_call *call = client_start(client, &r, on_done, NULL);

	loop_turn(loop, 0);
	client_cancel(call);
	client_start(client, &r, on_done, NULL); /* client_free cancels this one */
	loop_turn(loop, 0);
	ck_assert_uint_eq(answers, 0);
	close(fd);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("central_client");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_connect_that_hangs_is_not_sent_and_the_client_lives_on);
	tcase_add_test(t, a_port_where_nobody_listens_is_not_sent);
	tcase_add_test(t, a_name_that_nobody_knows_is_not_sent);
	tcase_add_test(t, a_handshake_that_fails_is_not_sent);
	tcase_add_test(t, a_request_that_nobody_answers_is_unknown);
	tcase_add_test(t, what_is_cancelled_is_not_answered);
	return unit_run("central_client", t);
}
