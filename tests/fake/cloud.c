/* cloud.c: routes and rules of the fake Cloud API. */
#include "cloud.h"

#include "base/digest.h"
#include "base/jx.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/poison.h"

#define PREFIX "/v23.0"

const char *const CLOUD_OPERATIONS[] = { "send", "media", "file", NULL };

void cloud_init(struct cloud *c)
{
	pthread_mutex_init(&c->lock, NULL);
	c->sent = json_array();
	c->errors = json_array();
	c->asked = json_object();
}

void cloud_done(struct cloud *c)
{
	json_decref(c->sent);
	json_decref(c->errors);
	json_decref(c->asked);
	pthread_mutex_destroy(&c->lock);
}

/* ---- answers ------------------------------------------------------------- */

static void refuse(struct peer_answer *a, unsigned status, int code, int subcode,
		   const char *details)
{
	json_t *error = json_pack("{s:s,s:s,s:i,s:s,s:{s:s}}", "message", "(tiruan)", "type",
				  "OAuthException", "code", code, "fbtrace_id", "A", "error_data",
				  "details", details);
	if (subcode != 0)
		json_object_set_new(error, "error_subcode", json_integer(subcode));
	peer_answer_json(a, status, json_pack("{s:o}", "error", error));
}

static int number_at(json_t *from, const char *key)
{
	return (int)json_integer_value(json_object_get(from, key));
}

/* The next error that a test has asked for; the caller's reference, or NULL. */
static json_t *take_error(struct cloud *c, const char *operation)
{
	json_t *one, *found = NULL;
	size_t i;

	pthread_mutex_lock(&c->lock);
	json_array_foreach(c->errors, i, one) {
		if (!str_equal(json_string_value(json_object_get(one, "where")), operation))
			continue;
		int times = number_at(one, "times");

		found = json_incref(one);
		if (times > 1)
			json_object_set_new(one, "times", json_integer(times - 1));
		else
			json_array_remove(c->errors, i);
		break;
	}
	pthread_mutex_unlock(&c->lock);
	return found;
}

static bool is_allowed(const struct cloud *c, const struct peer_request *r)
{
	const char *value = peer_header(r, "Authorization");

	return value && str_starts(value, "Bearer ") && str_equal(value + 7, c->token);
}

/* As Meta does where "Require App Secret" is set. */
static bool has_proof(const struct cloud *c, const struct peer_request *r)
{
	const char *given = peer_query(r, "appsecret_proof");
	char expected[2 * DIGEST_SIZE + 1];
	struct digest mac;

	if (!c->secret)
		return true;
	mac = digest_hmac(bytes_text(c->secret), bytes_text(c->token));
	digest_hex(mac.bytes, DIGEST_SIZE, expected);
	return given && str_equal(given, expected);
}

static void refuse_proof(struct peer_answer *a)
{
	peer_answer_json(a, 400, json_pack("{s:{s:s,s:s,s:i}}", "error", "message",
					   "Invalid appsecret_proof provided in the API argument",
					   "type", "GraphMethodException", "code", 100));
}

/* ---- messages ------------------------------------------------------------ */

/* What Meta says of a template's parameter. */
static bool is_parameter(const char *text)
{
	return text && *text && !strpbrk(text, "\n\r\t") && !strstr(text, "    ");
}

static const char *mistake_in(json_t *m)
{
	const char *type = jx_text(m, "type"), *to = jx_text(m, "to");
	const char *recipient = jx_text(m, "recipient");
	json_t *parameter;
	size_t i;

	if (!str_equal(jx_text(m, "messaging_product"), "whatsapp"))
		return "messaging_product is required";
	if ((to == NULL) == (recipient == NULL))
		return "to or recipient is required, not both";
	if (to && to[strspn(to, "0123456789")] != '\0')
		return "to is no number";
	if (str_equal(type, "text"))
		return jx_text(m, "text.body") && *jx_text(m, "text.body") ? NULL : "text.body is required";
	if (!str_equal(type, "template"))
		return "type is unknown";
	if (!jx_text(m, "template.name") || !jx_text(m, "template.language.code"))
		return "template.name and template.language.code are required";
	json_array_foreach(jx_at(m, "template.components.0.parameters"), i, parameter)
		if (!is_parameter(jx_text(parameter, "text")))
			return "a parameter is empty or has line breaks";
	return NULL;
}

static void keep(struct cloud *c, json_t *message, char id[64])
{
	pthread_mutex_lock(&c->lock);
	(void)snprintf(id, 64, "wamid.TIRUAN%06lld=", (long long)++c->count);
	json_array_append_new(c->sent, json_pack("{s:s,s:O}", "id", id, "message", message));
	pthread_mutex_unlock(&c->lock);
}

static void on_send(struct cloud *c, struct peer_request *r, struct peer_answer *a, int64_t number)
{
	CLEANUP(jx_decref) json_t *message = NULL;
	CLEANUP(jx_decref) json_t *error = take_error(c, "send");
	struct why why;
	char id[64];
	const char *mistake = jx_parse(buf_bytes(&r->body), &message, &why) == JEMBATAN_OK ?
			      mistake_in(message) : "no JSON";

	if (number != c->number) {
		refuse(a, 400, 100, 33, "Object does not exist");
	} else if (mistake) {
		refuse(a, 400, 100, 0, mistake);
	} else if (error && !json_is_true(json_object_get(error, "commit"))) {
		refuse(a, (unsigned)number_at(error, "status"), number_at(error, "code"),
		       number_at(error, "subcode"), "as asked for");
	} else {
		keep(c, message, id);
		if (error)
			refuse(a, (unsigned)number_at(error, "status"), number_at(error, "code"),
			       number_at(error, "subcode"), "as asked for, and it went out");
		else
			peer_answer_json(a, 200, json_pack("{s:s,s:[{s:s,s:s}]}",
							   "messaging_product", "whatsapp", "messages",
							   "id", id, "message_status", "accepted"));
	}
}

/* ---- media --------------------------------------------------------------- */

/* Made from its id, so that nothing has to be put here first. */
static char *content_of(int64_t id)
{
	return xasprintf("berkas %lld\n", (long long)id);
}

static void on_media(struct cloud *c, struct peer_request *r, struct peer_answer *a, int64_t id)
{
	CLEANUP(free_pointer) char *content = content_of(id);
	CLEANUP(free_pointer) char *origin = c->elsewhere ? xstrdup(c->elsewhere) : peer_origin(r);
	CLEANUP(free_pointer) char *url = xasprintf("%s/file/%lld", origin, (long long)id);
	CLEANUP(jx_decref) json_t *error = take_error(c, "media");
	struct digest d = digest_sha256(bytes_text(content));
	char sha256[64], number[24], size[24];

	EVP_EncodeBlock((unsigned char *)sha256, d.bytes, DIGEST_SIZE);
	(void)snprintf(number, sizeof(number), "%lld", (long long)id);
	(void)snprintf(size, sizeof(size), "%zu", strlen(content)); /* Meta writes it so */
	if (error)
		refuse(a, (unsigned)number_at(error, "status"), number_at(error, "code"),
		       number_at(error, "subcode"), "as asked for");
	else if (id % 1000 == 404)
		refuse(a, 400, 100, 33, "Unsupported get request");
	else
		peer_answer_json(a, 200, json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "messaging_product",
						   "whatsapp", "url", url, "mime_type", "image/jpeg",
						   "sha256", sha256, "file_size", size, "id", number));
}

static void on_file(struct cloud *c UNUSED, struct peer_request *r, struct peer_answer *a,
		    int64_t id)
{
	CLEANUP(free_pointer) char *content = content_of(id);

	if (!peer_header(r, "User-Agent")) {
		peer_answer_message(a, 403, "no User-Agent");
		return;
	}
	a->media_type = "image/jpeg";
	buf_add_text(&a->body, content);
}

/* ---- the side of the tests ------------------------------------------------ */

static void on_state(struct cloud *c, struct peer_request *r UNUSED, struct peer_answer *a,
		     int64_t number UNUSED)
{
	pthread_mutex_lock(&c->lock);
	peer_answer_json(a, 200, json_pack("{s:o,s:o,s:o}", "sent", json_deep_copy(c->sent),
					   "asked", json_deep_copy(c->asked), "errors",
					   json_deep_copy(c->errors)));
	pthread_mutex_unlock(&c->lock);
}

static void on_error(struct cloud *c, struct peer_request *r, struct peer_answer *a,
		     int64_t number UNUSED)
{
	json_t *error = NULL;
	struct why why;

	if (jx_parse(buf_bytes(&r->body), &error, &why) != JEMBATAN_OK) {
		peer_answer_message(a, 400, why.text);
		return;
	}
	pthread_mutex_lock(&c->lock);
	json_array_append_new(c->errors, error);
	pthread_mutex_unlock(&c->lock);
	peer_answer_message(a, 200, "OK");
}

static void on_fault(struct cloud *c, struct peer_request *r, struct peer_answer *a,
		     int64_t number UNUSED)
{
	faults_serve(c->faults, r, a);
}

/* ---- the way through ------------------------------------------------------ */

static const struct route {
	const char *method, *path; /* "*" stands for a number */
	const char *operation;     /* NULL: of the tests; no faults, no credentials */
	void (*handle)(struct cloud *, struct peer_request *, struct peer_answer *, int64_t);
} ROUTES[] = {
	{ "POST", PREFIX "/*/messages", "send", on_send },
	{ "GET", PREFIX "/*", "media", on_media },
	{ "GET", "/file/*", "file", on_file },
	{ "GET", "/_state", NULL, on_state },
	{ "POST", "/_error", NULL, on_error },
	{ "POST", "/_fault", NULL, on_fault },
	{ "DELETE", "/_fault", NULL, on_fault },
};

static void count(struct cloud *c, const char *operation)
{
	pthread_mutex_lock(&c->lock);
	json_object_set_new(c->asked, operation, json_integer(1 + number_at(c->asked, operation)));
	pthread_mutex_unlock(&c->lock);
}

static void serve(struct cloud *c, const struct route *route, struct peer_request *r,
		  struct peer_answer *a, int64_t number)
{
	struct faults_plan plan;

	count(c, route->operation);
	faults_draw(c->faults, route->operation, r->path, &plan);
	if (!faults_before(&plan, r, "http://127.0.0.1:1", c->hang_ms, a)) {
		if (is_allowed(c, r) && route->handle != on_file && !has_proof(c, r))
			refuse_proof(a);
		else if (is_allowed(c, r))
			route->handle(c, r, a, number);
		else
			refuse(a, 401, 190, 0, "Invalid OAuth access token");
		if (a->status < 300)
			faults_after(&plan, c->hang_ms, a);
	}
	if (!c->quiet)
		(void)dprintf(STDERR_FILENO, "%s %u%s%s\n", route->operation, a->status,
			      plan.name ? " fault " : "", plan.name ? plan.name : "");
}

void cloud_handle(void *owner, struct peer_request *r, struct peer_answer *a)
{
	struct cloud *c = owner;
	int64_t number = 0;

	for (size_t i = 0; i < COUNT_OF(ROUTES); i++) {
		if (strcmp(ROUTES[i].method, r->method) != 0 ||
		    !peer_path_fits(ROUTES[i].path, r->path, &number))
			continue;
		if (ROUTES[i].operation)
			serve(c, &ROUTES[i], r, a, number);
		else
			ROUTES[i].handle(c, r, a, number);
		return;
	}
	peer_answer_message(a, 404, "no such path");
}
