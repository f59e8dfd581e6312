/* test_kit_auth.c: credentials on requests, and OAuth2 tokens: fetched, kept,
 * renewed, exchanged. */
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

static void set(struct scene *s)
{
	*s = (struct scene){ .server = kit_server_start() };
	char *origin = kit_server_url(s->server, "/api");
	const char *const origins[] = { origin };
	struct kit_http_options o = { .size = sizeof(o), .origins = origins, .origin_count = 1 };
	s->ctx = testctx_new(NULL, NULL);
	s->http = kit_http_new(testctx_context(s->ctx), &o);
	free(origin);
}

static void done(struct scene *s)
{
	kit_http_free(s->http);
	kit_server_stop(s->server);
	testctx_free(s->ctx);
	free(s->url);
}

static const struct {
	struct kit_auth_options options;
	const char *authorization;
} plain_auth[] = {
	{ { .kind = KIT_AUTH_NONE, .token = "t" }, "" },
	{ { .kind = KIT_AUTH_BEARER, .token = "t0" }, "Bearer t0" },
	{ { .kind = KIT_AUTH_BASIC, .username = "budi", .password = "s:p" }, "Basic YnVkaTpzOnA=" },
	{ { .kind = KIT_AUTH_HEADER, .prefix = "token ", .token = "t0" }, "token t0" },
};

START_TEST(credentials_are_put_on_requests)
{
	struct scene s;
	set(&s);
	struct kit_auth *auth =
		kit_auth_new(testctx_context(s.ctx), s.http, &plain_auth[_i].options);
	s.url = kit_server_url(s.server, "/ok");
	struct kit_http_request r = { .size = sizeof(r), .url = s.url };
	ck_assert_int_eq(kit_auth_send(auth, &r, &s.response), JEMBATAN_OK);
	ck_assert_str_eq(kit_server_authorization(s.server), plain_auth[_i].authorization);
	kit_auth_free(auth);
	done(&s);
}
END_TEST

static struct kit_auth *oauth2_of(struct scene *s, const char *secret, bool in_header,
				  const char *refresh_token)
{
	char *token_url = kit_server_url(s->server, "/token");
	struct kit_auth_options o = {
		.size = sizeof(o),
		.kind = KIT_AUTH_OAUTH2,
		.token_url = token_url,
		.client_id = "id&1",
		.client_secret = secret,
		.scope = "a b",
		.client_in_header = in_header,
		.refresh_token = refresh_token,
	};
	struct kit_auth *auth = kit_auth_new(testctx_context(s->ctx), s->http, &o);
	free(token_url);
	return auth;
}

static struct kit_auth *oauth2(struct scene *s, const char *secret, bool in_header)
{
	return oauth2_of(s, secret, in_header, NULL);
}

static enum jembatan_result guarded(struct scene *s, struct kit_auth *auth)
{
	free(s->url);
	s->url = kit_server_url(s->server, "/guarded");
	struct kit_http_request r = { .size = sizeof(r), .url = s->url };
	return kit_auth_send(auth, &r, &s->response);
}

START_TEST(a_token_is_fetched_kept_and_renewed)
{
	struct scene s;
	set(&s);
	testctx_set_now(s.ctx, 1000000);
	struct kit_auth *auth = oauth2(&s, "s3", false);
	ck_assert_int_eq(guarded(&s, auth), JEMBATAN_OK);
	ck_assert_int_eq(guarded(&s, auth), JEMBATAN_OK);
	ck_assert_uint_eq(kit_server_tokens(s.server), 1);
	/* After a restart the stored one serves. */
	kit_auth_free(auth);
	auth = oauth2(&s, "s3", false);
	ck_assert_int_eq(guarded(&s, auth), JEMBATAN_OK);
	ck_assert_uint_eq(kit_server_tokens(s.server), 1);
	/* A minute before it expires there is a new one. */
	testctx_set_now(s.ctx, 1000000 + 3540000);
	ck_assert_int_eq(guarded(&s, auth), JEMBATAN_OK);
	ck_assert_uint_eq(kit_server_tokens(s.server), 2);
	/* Other credentials do not take it up. */
	kit_auth_free(auth);
	auth = oauth2(&s, "s4", false);
	ck_assert_int_eq(guarded(&s, auth), JEMBATAN_OK);
	ck_assert_uint_eq(kit_server_tokens(s.server), 3);
	kit_auth_free(auth);
	done(&s);
}
END_TEST

START_TEST(a_refused_token_gets_one_new_one)
{
	struct scene s;
	set(&s);
	struct kit_auth *auth = oauth2(&s, "s3", false);
	ck_assert_int_eq(guarded(&s, auth), JEMBATAN_OK);
	kit_server_revoke(s.server);
	ck_assert_int_eq(guarded(&s, auth), JEMBATAN_OK);
	ck_assert_uint_eq(kit_server_tokens(s.server), 3);
	ck_assert_str_eq(testctx_explanation(s.ctx), "");
	kit_server_refuse_all(s.server, true);
	unsigned before = kit_server_count(s.server);
	ck_assert_int_eq(guarded(&s, auth), JEMBATAN_AUTH);
	ck_assert_uint_eq(kit_server_count(s.server), before + 3); /* 401, token, 401 */
	kit_auth_free(auth);
	done(&s);
}
END_TEST

START_TEST(the_client_is_named_in_the_form_or_in_the_header)
{
	struct scene s;
	set(&s);
	struct kit_auth *auth = oauth2(&s, "wrong", false);
	ck_assert_int_eq(guarded(&s, auth), JEMBATAN_AUTH);
	ck_assert_int_eq(s.response.outcome, JEMBATAN_NOT_SENT);
	ck_assert_str_eq(
		kit_server_body(s.server),
		"grant_type=client_credentials&client_id=id%261&client_secret=wrong&scope=a%20b");
	ck_assert_ptr_null(strstr(testctx_explanation(s.ctx), "wrong"));
	kit_auth_free(auth);
	auth = oauth2(&s, "p:w", true);
	kit_server_refuse_all(s.server, true);
	ck_assert_int_eq(guarded(&s, auth), JEMBATAN_AUTH);
	kit_auth_free(auth);
	done(&s);
}
END_TEST

START_TEST(a_rotated_refresh_token_is_on_disk_before_it_is_used)
{
	struct scene s;
	set(&s);
	testctx_set_now(s.ctx, 1000000);
	struct kit_auth *auth = oauth2_of(&s, NULL, false, "r-0");
	/* What the server gave cannot be stored: nothing is sent with it. */
	testctx_fail_state(s.ctx, 1);
	ck_assert_int_eq(guarded(&s, auth), JEMBATAN_RETRY);
	ck_assert_uint_eq(kit_server_count(s.server), 1);
	ck_assert_uint_eq(kit_server_refreshes(s.server), 1);
	/* Nor is it lost: it is stored now, and r-0 is not tried again. */
	ck_assert_int_eq(guarded(&s, auth), JEMBATAN_OK);
	ck_assert_uint_eq(kit_server_refreshes(s.server), 1);
	ck_assert_uint_eq(kit_server_count(s.server), 2);
	/* After a restart, and when the access token has expired. */
	kit_auth_free(auth);
	auth = oauth2_of(&s, NULL, false, "r-0");
	testctx_set_now(s.ctx, 1000000 + 3600000);
	ck_assert_int_eq(guarded(&s, auth), JEMBATAN_OK);
	ck_assert_uint_eq(kit_server_refreshes(s.server), 2);
	ck_assert_ptr_null(strstr(testctx_log(s.ctx), "r-"));
	kit_auth_free(auth);
	done(&s);
}
END_TEST

START_TEST(two_children_of_one_instance_share_what_is_stored)
{
	struct scene s;
	set(&s);
	testctx_set_now(s.ctx, 1000000);
	struct kit_auth *poll = oauth2_of(&s, NULL, false, "r-0");
	struct kit_auth *deliver = oauth2_of(&s, NULL, false, "r-0");
	ck_assert_int_eq(guarded(&s, poll), JEMBATAN_OK);
	ck_assert_int_eq(guarded(&s, deliver), JEMBATAN_OK);
	testctx_set_now(s.ctx, 1000000 + 3600000);
	ck_assert_int_eq(guarded(&s, deliver), JEMBATAN_OK);
	ck_assert_int_eq(guarded(&s, poll), JEMBATAN_OK);
	ck_assert_uint_eq(kit_server_refreshes(s.server), 2);
	kit_auth_free(poll);
	kit_auth_free(deliver);
	done(&s);
}
END_TEST

START_TEST(a_refresh_token_that_is_used_up_is_for_a_person_to_mend)
{
	struct scene s;
	const char *token = NULL;
	set(&s);
	struct kit_auth *auth = oauth2_of(&s, "s3", false, "r-9");
	ck_assert_int_eq(kit_auth_token(auth, NULL, &token), JEMBATAN_AUTH);
	ck_assert_ptr_nonnull(strstr(testctx_explanation(s.ctx), "invalid_grant"));
	ck_assert_ptr_nonnull(strstr(testctx_explanation(s.ctx), "consent"));
	ck_assert_ptr_null(strstr(testctx_explanation(s.ctx), "r-9"));
	kit_auth_free(auth);
	/* Another one in the settings takes its place. */
	auth = oauth2_of(&s, "s3", false, "r-0");
	ck_assert_int_eq(kit_auth_token(auth, NULL, &token), JEMBATAN_OK);
	ck_assert_str_eq(token, "tok-1");
	ck_assert_int_eq(kit_auth_token(auth, "tok-1", &token), JEMBATAN_OK);
	ck_assert_str_eq(token, "tok-2");
	/* Refused was the one before: the newer one is good. */
	ck_assert_int_eq(kit_auth_token(auth, "tok-1", &token), JEMBATAN_OK);
	ck_assert_str_eq(token, "tok-2");
	kit_auth_free(auth);
	done(&s);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("kit_auth");
	tcase_set_timeout(t, 30);
	tcase_add_test(t, a_rotated_refresh_token_is_on_disk_before_it_is_used);
	tcase_add_test(t, two_children_of_one_instance_share_what_is_stored);
	tcase_add_test(t, a_refresh_token_that_is_used_up_is_for_a_person_to_mend);
	tcase_add_loop_test(t, credentials_are_put_on_requests, 0, COUNT_OF(plain_auth));
	tcase_add_test(t, a_token_is_fetched_kept_and_renewed);
	tcase_add_test(t, a_refused_token_gets_one_new_one);
	tcase_add_test(t, the_client_is_named_in_the_form_or_in_the_header);
	return unit_run("kit_auth", t);
}
