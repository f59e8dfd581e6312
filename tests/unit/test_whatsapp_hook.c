/* test_whatsapp_hook.c: requests as they come to /hook: the handshake, the
 * signature over the exact bytes, and what is answered. */
#include "kit/testctx.h"

#include <jembatan/kit.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "unit.h"

#include <stdio.h>
#include <string.h>

#define SECRET "rahasia-aplikasi-uji"
#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

static const char text[] =
	"{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":\"1\",\"changes\":[{\"field\":"
	"\"messages\",\"value\":{\"metadata\":{\"phone_number_id\":\"108\"},\"messages\":[{\"from\":"
	"\"6281200000001\",\"id\":\"wamid.A=\",\"timestamp\":\"1763790000\",\"type\":\"text\","
	"\"text\":{\"body\":\"Lampu padam \\ud83c\\udf55\"}}]}}]}]}";

static const struct testctx_option rows[] = {
	{ "phone_number_id", NULL, "108" },
	{ "app_secret", NULL, SECRET },
	{ "app_secret_old", NULL, "yang-lama" },
	{ "verify_token", NULL, "kata & sandi" },
	{ "access_token", NULL, "token-uji" },
	{ "templates", "number", "nomor_laporan/id reference" },
	{ NULL, NULL, NULL },
};

struct scene {
	struct testctx *t;
	const struct jembatan_operations *ops;
	void *self;
	struct jembatan_response response;
};

static void begin(struct scene *s)
{
	const struct jembatan_connector *connector = jembatan_connector_entry();

	*s = (struct scene){ .t = testctx_new(rows, connector->options),
			     .ops = connector->operations };
	ck_assert_int_eq(s->ops->open(testctx_context(s->t), NULL, &s->self), JEMBATAN_OK);
}

static void end(struct scene *s)
{
	s->ops->close(testctx_context(s->t), s->self);
	testctx_free(s->t);
}

static void sign(const char *secret, const char *body, char out[80])
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned size = 0;

	HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)body, strlen(body),
	     mac, &size);
	strcpy(out, "sha256=");
	for (unsigned i = 0; i < size; i++)
		sprintf(out + 7 + 2 * i, "%02x", mac[i]);
}

static enum jembatan_result ask(struct scene *s, const char *method, const char *query,
				const char *signature, const char *body)
{
	const struct jembatan_header header = { "x-hub-signature-256", signature };
	const struct jembatan_request request = {
		.size = sizeof(request),
		.method = method,
		.path = "/",
		.query = query,
		.headers = &header,
		.header_count = signature != NULL,
		.body = { body, strlen(body) },
		.peer = "192.0.2.1",
	};

	s->response = (struct jembatan_response){ .size = sizeof(s->response) };
	return s->ops->request(testctx_context(s->t), s->self, &request, &s->response);
}

/* ---- the handshake --------------------------------------------------------- */

static const struct {
	const char *query;
	unsigned status;
	const char *body;
} handshakes[] = {
	{ "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=kata+%26+sandi", 200,
	  "1158201444" },
	{ "hub.verify_token=kata%20%26%20sandi&hub.challenge=%3Cb%3E&hub.mode=subscribe", 200, "<b>" },
	{ "hub.mode=subscribe&hub.challenge=1&hub.verify_token=kata", 403, "" },
	{ "hub.mode=subscribe&hub.challenge=1&hub.verify_token=", 403, "" },
	{ "hub.mode=subscribe&hub.challenge=1", 403, "" },
	{ "hub.mode=unsubscribe&hub.challenge=1&hub.verify_token=kata+%26+sandi", 403, "" },
	{ "hub.mode=subscribe&hub.verify_token=kata+%26+sandi", 403, "" },
	{ "", 403, "" },
	{ NULL, 403, "" },
};

START_TEST(a_handshake_is_answered_with_the_bare_challenge_or_refused)
{
	struct scene s;

	begin(&s);
	ck_assert_int_eq(ask(&s, "GET", handshakes[_i].query, NULL, ""), JEMBATAN_OK);
	ck_assert_uint_eq(s.response.status, handshakes[_i].status);
	ck_assert_uint_eq(s.response.body.size, strlen(handshakes[_i].body));
	if (s.response.body.size > 0)
		ck_assert_mem_eq(s.response.body.data, handshakes[_i].body, s.response.body.size);
	ck_assert_str_eq(s.response.media_type, "text/plain");
	ck_assert_uint_eq(testctx_emit_count(s.t), 0);
	end(&s);
}
END_TEST

/* ---- signatures --------------------------------------------------------------- */

START_TEST(a_signed_webhook_is_taken_once_it_is_signed_over_these_very_bytes)
{
	struct scene s;
	char signature[80];

	begin(&s);
	sign(SECRET, text, signature);
	ck_assert_int_eq(ask(&s, "POST", NULL, signature, text), JEMBATAN_OK);
	ck_assert_uint_eq(s.response.status, 200);
	ck_assert_uint_eq(testctx_emit_count(s.t), 1);
	ck_assert_str_eq(testctx_emit(s.t, 0)->text, "Lampu padam \xf0\x9f\x8d\x95");
	sign("yang-lama", text, signature); /* while Meta changes over */
	ck_assert_int_eq(ask(&s, "POST", NULL, signature, text), JEMBATAN_OK);
	ck_assert_uint_eq(s.response.status, 200);
	ck_assert_uint_eq(testctx_emit_count(s.t), 2);
	end(&s);
}
END_TEST

START_TEST(a_forged_webhook_is_refused_before_it_is_read)
{
	static const char *const forged[] = { NULL, "", "sha256=", "sha256=00", "sha1=00", "x" };
	struct scene s;
	char signature[80];

	begin(&s);
	for (size_t i = 0; i < sizeof(forged) / sizeof(forged[0]); i++) {
		ck_assert_int_eq(ask(&s, "POST", NULL, forged[i], text), JEMBATAN_OK);
		ck_assert_uint_eq(s.response.status, 401);
	}
	sign("bukan-ini", text, signature);
	ck_assert_int_eq(ask(&s, "POST", NULL, signature, text), JEMBATAN_OK);
	ck_assert_uint_eq(s.response.status, 401);
	sign(SECRET, "{", signature); /* of another body, and one that is no JSON */
	ck_assert_int_eq(ask(&s, "POST", NULL, signature, "}"), JEMBATAN_OK);
	ck_assert_uint_eq(s.response.status, 401);
	sign("", text, signature);
	ck_assert_int_eq(ask(&s, "POST", NULL, signature, text), JEMBATAN_OK);
	ck_assert_uint_eq(s.response.status, 401);
	ck_assert_uint_eq(testctx_emit_count(s.t), 0);
	end(&s);
}
END_TEST

START_TEST(what_is_signed_and_cannot_be_read_is_kept_and_not_sent_again)
{
	struct scene s;
	char signature[80];

	begin(&s);
	sign(SECRET, "garbage", signature);
	ck_assert_int_eq(ask(&s, "POST", NULL, signature, "garbage"), JEMBATAN_DATA);
	ck_assert_uint_eq(s.response.status, 200);
	ck_assert(strstr(testctx_explanation(s.t), "signed") != NULL);
	sign(SECRET, "[]", signature);
	ck_assert_int_eq(ask(&s, "POST", NULL, signature, "[]"), JEMBATAN_OK);
	ck_assert_uint_eq(s.response.status, 200);
	ck_assert_uint_eq(testctx_emit_count(s.t), 1);
	ck_assert_int_eq(testctx_emit(s.t, 0)->kind, JEMBATAN_IGNORED);
	end(&s);
}
END_TEST

START_TEST(other_methods_are_not_allowed)
{
	struct scene s;
	char signature[80];

	begin(&s);
	sign(SECRET, text, signature);
	ck_assert_int_eq(ask(&s, "PUT", NULL, signature, text), JEMBATAN_OK);
	ck_assert_uint_eq(s.response.status, 405);
	ck_assert_uint_eq(testctx_emit_count(s.t), 0);
	end(&s);
}
END_TEST

/* ---- preview, replies that never leave ------------------------------------------ */

START_TEST(a_preview_shows_what_a_webhook_becomes_whosever_it_is)
{
	struct testctx *t = testctx_new(rows, jembatan_connector_entry()->options);

	ck_assert_int_eq(jembatan_connector_entry()->operations->preview(
		testctx_context(t), (struct jembatan_bytes){ text, sizeof(text) - 1 }), JEMBATAN_OK);
	ck_assert_uint_eq(testctx_begin_count(t), 1);
	ck_assert_uint_eq(testctx_emit_count(t), 1);
	ck_assert_int_eq(testctx_emit(t, 0)->kind, JEMBATAN_NEW);
	testctx_free(t);
}
END_TEST

START_TEST(what_cannot_be_known_is_not_sent_to_find_out)
{
	struct scene s;
	struct jembatan_delivery out = { .size = sizeof(out), .outcome = JEMBATAN_SENT };
	const struct jembatan_reply reply = { .size = sizeof(reply), .flags = JEMBATAN_SETTLE,
					      .reference = "R-1", .to = "6281200000001" };

	begin(&s);
	ck_assert_int_eq(s.ops->reply(testctx_context(s.t), s.self, &reply, &out), JEMBATAN_OK);
	ck_assert_int_eq(out.outcome, JEMBATAN_UNKNOWN);
	end(&s);
}
END_TEST

START_TEST(outside_the_window_an_event_without_a_template_is_refused)
{
	struct scene s;
	struct jembatan_delivery out = { .size = sizeof(out), .outcome = JEMBATAN_SENT };
	const struct jembatan_reply reply = { .size = sizeof(reply), .event = "status",
					      .to = "6281200000001", .text = "x",
					      .window_until_ms = 1 };

	begin(&s);
	ck_assert_int_eq(s.ops->reply(testctx_context(s.t), s.self, &reply, &out), JEMBATAN_OK);
	ck_assert_int_eq(out.outcome, JEMBATAN_REFUSED);
	ck_assert(strstr(testctx_explanation(s.t), "window") != NULL);
	end(&s);
}
END_TEST

static const struct {
	const char *name, *key, *value, *said;
} mistakes[] = {
	{ "phone_number_id", NULL, "+62 812", "phone_number_id" },
	{ "graph_version", NULL, "23", "graph_version" },
	{ "templates", "status", "tanpa_bahasa", "NAME/LANGUAGE" },
	{ "graph_url", NULL, "http://graph.facebook.com", "https" },
	{ "graph_url", NULL, "http://127.0.0.1.contoh.test/", "https" },
	{ "media_hosts", NULL, "HTTP://contoh.test", "https" },
};

START_TEST(a_mistake_in_the_options_is_named)
{
	const struct jembatan_connector *connector = jembatan_connector_entry();
	struct testctx_option with[COUNT(rows) + 1];

	memcpy(with + 1, rows, sizeof(rows));
	with[0] = (struct testctx_option){ mistakes[_i].name, mistakes[_i].key, mistakes[_i].value };
	struct testctx *t = testctx_new(with, connector->options);

	ck_assert_int_eq(connector->operations->check(testctx_context(t)), JEMBATAN_CONFIG);
	ck_assert(strstr(testctx_explanation(t), mistakes[_i].said) != NULL);
	testctx_free(t);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("whatsapp hook");

	tcase_add_loop_test(tcase, a_handshake_is_answered_with_the_bare_challenge_or_refused, 0,
			    COUNT(handshakes));
	tcase_add_test(tcase, a_signed_webhook_is_taken_once_it_is_signed_over_these_very_bytes);
	tcase_add_test(tcase, a_forged_webhook_is_refused_before_it_is_read);
	tcase_add_test(tcase, what_is_signed_and_cannot_be_read_is_kept_and_not_sent_again);
	tcase_add_test(tcase, other_methods_are_not_allowed);
	tcase_add_test(tcase, a_preview_shows_what_a_webhook_becomes_whosever_it_is);
	tcase_add_test(tcase, what_cannot_be_known_is_not_sent_to_find_out);
	tcase_add_test(tcase, outside_the_window_an_event_without_a_template_is_refused);
	tcase_add_loop_test(tcase, a_mistake_in_the_options_is_named, 0, COUNT(mistakes));
	return unit_run("whatsapp_hook", tcase);
}
