/* test_kit_http.c: HTTP against a peer that misbehaves. */
#include <jembatan/kit.h>

#include "base/mem.h"
#include "kit/testctx.h"
#include "kit_server.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

struct scene {
	struct kit_server *server;
	struct testctx *ctx;
	struct kit_http *http;
	struct kit_http_response response;
	char *url;
};

static void set_with(struct scene *s, struct kit_http_options o, bool is_trusted)
{
	*s = (struct scene){ .server = kit_server_start() };
	char *origin = kit_server_url(s->server, "/api");
	const char *const origins[] = { origin };
	o.size = sizeof(o);
	o.origins = origins;
	o.origin_count = is_trusted ? 1 : 0;
	s->ctx = testctx_new(NULL, NULL);
	s->http = kit_http_new(testctx_context(s->ctx), &o);
	free(origin);
}

static void set(struct scene *s)
{
	set_with(s, (struct kit_http_options){ .body_ceiling = 64u * 1024u }, true);
}

static void done(struct scene *s)
{
	kit_http_free(s->http);
	kit_server_stop(s->server);
	testctx_free(s->ctx);
	free(s->url);
}

static enum jembatan_result send_to(struct scene *s, const char *path, struct kit_http_request r)
{
	free(s->url);
	s->url = kit_server_url(s->server, path);
	r.size = sizeof(r);
	r.url = s->url;
	return kit_http_send(s->http, &r, &s->response);
}

static enum jembatan_result get(struct scene *s, const char *path)
{
	return send_to(s, path, (struct kit_http_request){ .method = "GET" });
}

static enum jembatan_result post(struct scene *s, const char *path, const char *body)
{
	return send_to(s, path, (struct kit_http_request){
		.method = "POST", .body = { body, strlen(body) }, .content_type = "text/plain" });
}

START_TEST(an_answer_is_read_whole)
{
	struct scene s;
	set(&s);
	ck_assert_int_eq(get(&s, "/ok"), JEMBATAN_OK);
	ck_assert_uint_eq(s.response.status, 200);
	ck_assert_uint_eq(s.response.body.size, 4);
	ck_assert_str_eq(s.response.body.data, "halo");
	ck_assert_str_eq(s.response.media_type, "text/plain");
	ck_assert_str_eq(s.response.url, s.url);
	ck_assert_int_eq(s.response.server_ms, 1795255200000);
	ck_assert_int_eq(s.response.retry_after_ms, -1);
	ck_assert_str_eq(kit_http_header(s.http, "x-two"), "one, two");
	ck_assert_ptr_null(kit_http_header(s.http, "X-None"));
	ck_assert_str_eq(testctx_explanation(s.ctx), "");
	done(&s);
}
END_TEST

static const struct {
	const char *path;
	enum jembatan_result result;
	enum jembatan_outcome outcome;
	int64_t delay_ms;
} answers[] = {
	{ "/status/200", JEMBATAN_OK, JEMBATAN_SENT, -1 },
	{ "/status/201", JEMBATAN_OK, JEMBATAN_SENT, -1 },
	{ "/status/304", JEMBATAN_OK, JEMBATAN_UNKNOWN, -1 },
	{ "/status/400", JEMBATAN_CONFIG, JEMBATAN_REFUSED, -1 },
	{ "/status/401", JEMBATAN_AUTH, JEMBATAN_REFUSED, -1 },
	{ "/status/403", JEMBATAN_AUTH, JEMBATAN_REFUSED, -1 },
	{ "/status/404", JEMBATAN_GONE, JEMBATAN_REFUSED, -1 },
	{ "/status/408", JEMBATAN_RETRY, JEMBATAN_UNKNOWN, -1 },
	{ "/status/410", JEMBATAN_GONE, JEMBATAN_REFUSED, -1 },
	{ "/status/422", JEMBATAN_DATA, JEMBATAN_REFUSED, -1 },
	{ "/429/seconds", JEMBATAN_RETRY, JEMBATAN_NOT_SENT, 7000 },
	{ "/429/date", JEMBATAN_RETRY, JEMBATAN_NOT_SENT, 30000 },
	{ "/status/429", JEMBATAN_RETRY, JEMBATAN_NOT_SENT, -1 },
	{ "/status/500", JEMBATAN_RETRY, JEMBATAN_UNKNOWN, -1 },
	{ "/status/502", JEMBATAN_RETRY, JEMBATAN_UNKNOWN, -1 },
	{ "/status/503", JEMBATAN_RETRY, JEMBATAN_NOT_SENT, -1 },
	{ "/truncated", JEMBATAN_RETRY, JEMBATAN_UNKNOWN, -1 },
	{ "/huge", JEMBATAN_DATA, JEMBATAN_UNKNOWN, -1 },
	{ "/bomb", JEMBATAN_DATA, JEMBATAN_UNKNOWN, -1 },
	{ "/redirect?to=https://elsewhere.example/x%3Ftoken%3Ds", JEMBATAN_CONFIG, JEMBATAN_UNKNOWN,
	  -1 },
};

START_TEST(an_answer_says_what_to_do)
{
	struct scene s;
	set(&s);
	char *path = xasprintf("%s%stoken=geheim", answers[_i].path,
			       strchr(answers[_i].path, '?') ? "&" : "?");
	ck_assert_int_eq(get(&s, path), answers[_i].result);
	ck_assert_int_eq(s.response.outcome, answers[_i].outcome);
	ck_assert_int_eq(testctx_delay(s.ctx), answers[_i].delay_ms);
	const char *said = testctx_explanation(s.ctx);
	ck_assert_ptr_null(strstr(said, "token"));
	ck_assert((said[0] == '\0') == (answers[_i].result == JEMBATAN_OK));
	if (said[0])
		ck_assert_msg(str_starts(said, "GET http://127.0.0.1:"), "%s", said);
	free(path);
	done(&s);
}
END_TEST

/* Telegram's token stands in the path. */
START_TEST(a_secret_in_the_path_is_never_said)
{
	static const char *const paths[] = {
		"/status/401?x=bot1:geheim", "/status/404", "/redirect?to=/bot1:geheim/x%3Fa%3Db",
		"/redirect?to=https://elsewhere.example/bot1%253Ageheim/x",
		"/redirect?to=https://elsewhere.example/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/bot1:geheim/getUpdates",
		"/bot1:geheim/getUpdates", "/huge/../bot1:geheim",
	};
	struct scene s;
	set(&s);
	ck_assert_int_ne(send_to(&s, paths[_i], (struct kit_http_request){ .secret = "1:geheim" }),
			 JEMBATAN_OK);
	ck_assert_ptr_nonnull(strstr(testctx_explanation(s.ctx), "GET http://127.0.0.1:"));
	ck_assert_ptr_null(strstr(testctx_explanation(s.ctx), "geh"));
	ck_assert_ptr_null(strstr(testctx_log(s.ctx), "geh"));
	done(&s);
}
END_TEST

START_TEST(a_compressed_answer_is_unpacked)
{
	struct scene s;
	set(&s);
	ck_assert_int_eq(
		send_to(&s, "/bomb", (struct kit_http_request){ .body_ceiling = 1024u * 1024u }),
		JEMBATAN_OK);
	ck_assert_uint_eq(s.response.body.size, 512u * 1024u);
	done(&s);
}
END_TEST

START_TEST(a_slow_answer_is_cut_at_the_deadline)
{
	struct scene s;
	set(&s);
	ck_assert_int_eq(send_to(&s, "/slow", (struct kit_http_request){ .deadline_ms = 200 }),
			 JEMBATAN_RETRY);
	ck_assert_uint_eq(s.response.status, 0);
	ck_assert_int_eq(s.response.outcome, JEMBATAN_UNKNOWN);
	done(&s);
}
END_TEST

START_TEST(a_daemon_that_stops_cuts_the_exchange)
{
	struct scene s;
	set(&s);
	testctx_set_stopping(s.ctx, true);
	ck_assert_int_eq(get(&s, "/slow"), JEMBATAN_RETRY);
	ck_assert_ptr_nonnull(strstr(testctx_explanation(s.ctx), "stopping"));
	done(&s);
}
END_TEST

START_TEST(nobody_listening_means_not_sent)
{
	struct scene s;
	set(&s);
	struct kit_http_request r = { .size = sizeof(r), .method = "POST", .body = { "x", 1 },
				      .url = "http://127.0.0.1:1/", .operator_url = true };
	ck_assert_int_eq(kit_http_send(s.http, &r, &s.response), JEMBATAN_RETRY);
	ck_assert_int_eq(s.response.outcome, JEMBATAN_NOT_SENT);
	done(&s);
}
END_TEST

/* ---- a body leaves once ---- */

START_TEST(a_body_arrives_as_it_was_given)
{
	struct scene s;
	set(&s);
	ck_assert_int_eq(post(&s, "/ok", "isi laporan"), JEMBATAN_OK);
	ck_assert_str_eq(kit_server_body(s.server), "isi laporan");
	ck_assert_int_eq(s.response.outcome, JEMBATAN_SENT);
	done(&s);
}
END_TEST

START_TEST(a_post_on_a_kept_connection_that_closes_is_sent_once)
{
	struct scene s;
	set(&s);
	ck_assert_int_eq(get(&s, "/ok"), JEMBATAN_OK);
	ck_assert_int_eq(post(&s, "/close", "isi"), JEMBATAN_RETRY);
	ck_assert_int_eq(s.response.outcome, JEMBATAN_UNKNOWN);
	ck_assert_uint_eq(kit_server_posts(s.server), 1);
	done(&s);
}
END_TEST

START_TEST(an_empty_post_is_sent_once_too)
{
	struct scene s;
	set(&s);
	ck_assert_int_eq(get(&s, "/ok"), JEMBATAN_OK);
	ck_assert_int_eq(post(&s, "/close", ""), JEMBATAN_RETRY);
	ck_assert_int_eq(s.response.outcome, JEMBATAN_UNKNOWN);
	ck_assert_uint_eq(kit_server_posts(s.server), 1);
	done(&s);
}
END_TEST

START_TEST(connections_are_kept)
{
	struct scene s;
	set(&s);
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(get(&s, "/ok"), JEMBATAN_OK);
	ck_assert_uint_eq(kit_server_connections(s.server), 1);
	done(&s);
}
END_TEST

/* ---- redirects ---- */

START_TEST(a_redirect_is_followed_only_when_asked_and_within_its_origin)
{
	struct scene s;
	set(&s);
	ck_assert_int_eq(get(&s, "/redirect?to=/ok"), JEMBATAN_CONFIG);
	ck_assert_uint_eq(kit_server_count(s.server), 1);
	char *target = kit_server_url(s.server, "/ok");
	ck_assert_str_eq(s.response.location, target);
	struct kit_http_request follow = { .follow = true };
	ck_assert_int_eq(send_to(&s, "/redirect?to=/ok", follow), JEMBATAN_OK);
	ck_assert_str_eq(s.response.url, target);
	ck_assert_str_eq(s.response.body.data, "halo");
	ck_assert_int_eq(send_to(&s, "/redirect?to=http://localhost/ok", follow), JEMBATAN_CONFIG);
	ck_assert_uint_eq(kit_server_count(s.server), 4);
	/* Round and round: three times, then it is enough. */
	ck_assert_int_eq(send_to(&s, "/redirect?to=/redirect%3Fto%3D/redirect", follow),
			 JEMBATAN_OK);
	free(target);
	done(&s);
}
END_TEST

START_TEST(a_post_is_never_redirected)
{
	struct scene s;
	set(&s);
	struct kit_http_request r = { .method = "POST", .body = { "x", 1 }, .follow = true };
	ck_assert_int_eq(send_to(&s, "/redirect?to=/ok", r), JEMBATAN_CONFIG);
	ck_assert_uint_eq(kit_server_count(s.server), 1);
	done(&s);
}
END_TEST

/* ---- the guard ---- */

START_TEST(a_private_address_needs_an_operator)
{
	struct scene s;
	set_with(&s, (struct kit_http_options){ 0 }, false);
	ck_assert_int_eq(get(&s, "/ok"), JEMBATAN_DATA);
	ck_assert_uint_eq(kit_server_connections(s.server), 0);
	ck_assert_int_eq(s.response.outcome, JEMBATAN_NOT_SENT);
	ck_assert_ptr_nonnull(strstr(testctx_explanation(s.ctx), "private"));
	/* The operator wrote this one: it may. What it leaves behind, a kept
	 * connection, does not serve a URL from data. */
	ck_assert_int_eq(send_to(&s, "/ok", (struct kit_http_request){ .operator_url = true }),
			 JEMBATAN_OK);
	ck_assert_int_eq(get(&s, "/ok"), JEMBATAN_DATA);
	ck_assert_uint_eq(kit_server_count(s.server), 1);
	done(&s);
}
END_TEST

static const char *const disguises[] = {
	"http://2130706433:%s/ok", "http://0x7f000001:%s/ok", "http://0177.0.0.1:%s/ok",
	"http://127.1:%s/ok", "http://[::ffff:127.0.0.1]:%s/ok", "http://localhost:%s/ok",
};

START_TEST(a_disguised_address_is_judged_by_where_it_leads)
{
	struct scene s;
	set_with(&s, (struct kit_http_options){ 0 }, false);
	char *plain = kit_server_url(s.server, "");
	char *url = xstrdup(disguises[_i]);
	char *mark = strstr(url, "%s");
	*mark = '\0';
	char *whole = xasprintf("%s%s%s", url, strrchr(plain, ':') + 1, mark + 2);
	ck_assert_int_eq(kit_http_get(s.http, whole, &s.response), JEMBATAN_DATA);
	ck_assert_uint_eq(kit_server_connections(s.server), 0);
	free(whole);
	free(url);
	free(plain);
	done(&s);
}
END_TEST

START_TEST(a_header_cannot_bring_another)
{
	struct scene s;
	set(&s);
	struct jembatan_header bad = { "X-Name", "a\r\nX-Other: b" };
	ck_assert_int_eq(
		send_to(&s, "/ok", (struct kit_http_request){ .headers = &bad, .header_count = 1 }),
		JEMBATAN_CONFIG);
	ck_assert_uint_eq(kit_server_count(s.server), 0);
	done(&s);
}
END_TEST

START_TEST(nothing_is_fetched_in_a_preview)
{
	struct scene s;
	set(&s);
	testctx_context(s.ctx)->mode = JEMBATAN_MODE_PREVIEW;
	ck_assert_int_eq(get(&s, "/ok"), JEMBATAN_DATA);
	ck_assert_uint_eq(kit_server_connections(s.server), 0);
	done(&s);
}
END_TEST

/* ---- budgets, spool ---- */

START_TEST(a_budget_of_a_minute_is_kept)
{
	struct scene s;
	set_with(&s, (struct kit_http_options){ .per_minute = 2 }, true);
	testctx_set_now(s.ctx, 1000000);
	ck_assert_int_eq(get(&s, "/ok"), JEMBATAN_OK);
	testctx_set_now(s.ctx, 1010000);
	ck_assert_int_eq(get(&s, "/ok"), JEMBATAN_OK);
	ck_assert_int_eq(get(&s, "/ok"), JEMBATAN_RETRY);
	ck_assert_int_eq(testctx_delay(s.ctx), 50000);
	testctx_set_now(s.ctx, 1060000);
	ck_assert_int_eq(get(&s, "/ok"), JEMBATAN_OK);
	ck_assert_uint_eq(kit_server_count(s.server), 3);
	done(&s);
}
END_TEST

START_TEST(a_budget_of_a_day_survives_a_restart)
{
	struct scene s;
	struct kit_http_options o = { .size = sizeof(o), .per_day = 3 };
	set_with(&s, o, true);
	testctx_set_now(s.ctx, 86400000 * 10LL + 3600000);
	ck_assert_int_eq(get(&s, "/ok"), JEMBATAN_OK);
	ck_assert_int_eq(get(&s, "/ok"), JEMBATAN_OK);
	char *origin = kit_server_url(s.server, "/");
	const char *const origins[] = { origin };
	o.origins = origins;
	o.origin_count = 1;
	kit_http_free(s.http);
	s.http = kit_http_new(testctx_context(s.ctx), &o);
	ck_assert_int_eq(get(&s, "/ok"), JEMBATAN_OK);
	ck_assert_int_eq(get(&s, "/ok"), JEMBATAN_RETRY);
	ck_assert_int_eq(testctx_delay(s.ctx), 23 * 3600000LL);
	ck_assert_uint_eq(kit_server_count(s.server), 3);
	testctx_set_now(s.ctx, 86400000 * 11LL);
	ck_assert_int_eq(get(&s, "/ok"), JEMBATAN_OK);
	free(origin);
	done(&s);
}
END_TEST

START_TEST(an_attachment_goes_into_the_spool)
{
	struct scene s;
	set(&s);
	struct kit_http_request r = { .into = testctx_spool(s.ctx) };
	ck_assert_int_eq(send_to(&s, "/huge", r), JEMBATAN_OK);
	ck_assert_uint_eq(testctx_spooled(s.ctx, "fetch").size, 1024u * 1024u);
	ck_assert_uint_eq(s.response.body_size, 1024u * 1024u);
	ck_assert_uint_eq(s.response.body.size, 0);
	/* An error page is no attachment. */
	testctx_set_spool_ceiling(s.ctx, 1000);
	r.into = testctx_spool(s.ctx);
	ck_assert_int_eq(send_to(&s, "/status/404", r), JEMBATAN_GONE);
	ck_assert_uint_eq(testctx_spooled(s.ctx, "fetch").size, 0);
	ck_assert_int_eq(send_to(&s, "/huge", r), JEMBATAN_DATA);
	done(&s);
}
END_TEST

static void add_guard_tests(TCase *t)
{
	tcase_add_test(t, a_private_address_needs_an_operator);
	tcase_add_loop_test(t, a_disguised_address_is_judged_by_where_it_leads, 0,
			    COUNT_OF(disguises));
	tcase_add_test(t, a_header_cannot_bring_another);
	tcase_add_test(t, nothing_is_fetched_in_a_preview);
	tcase_add_test(t, a_redirect_is_followed_only_when_asked_and_within_its_origin);
	tcase_add_test(t, a_post_is_never_redirected);
}

int main(void)
{
	TCase *t = tcase_create("kit_http");
	tcase_set_timeout(t, 30);
	tcase_add_test(t, an_answer_is_read_whole);
	tcase_add_loop_test(t, an_answer_says_what_to_do, 0, COUNT_OF(answers));
	tcase_add_loop_test(t, a_secret_in_the_path_is_never_said, 0, 7);
	tcase_add_test(t, a_compressed_answer_is_unpacked);
	tcase_add_test(t, a_slow_answer_is_cut_at_the_deadline);
	tcase_add_test(t, a_daemon_that_stops_cuts_the_exchange);
	tcase_add_test(t, nobody_listening_means_not_sent);
	tcase_add_test(t, a_body_arrives_as_it_was_given);
	tcase_add_test(t, a_post_on_a_kept_connection_that_closes_is_sent_once);
	tcase_add_test(t, an_empty_post_is_sent_once_too);
	tcase_add_test(t, connections_are_kept);
	tcase_add_test(t, a_budget_of_a_minute_is_kept);
	tcase_add_test(t, a_budget_of_a_day_survives_a_restart);
	tcase_add_test(t, an_attachment_goes_into_the_spool);
	add_guard_tests(t);
	return unit_run("kit_http", t);
}
