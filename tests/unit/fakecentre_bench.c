/* fakecentre_bench.c: see fakecentre_bench.h. */
#include "fakecentre_bench.h"

#include "base/jx.h"

#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#define PROGRAM "./jembatan-fakecentre"

struct drive centre;

void bench_start(const char *const *more)
{
	const char *arguments[16] = { "--quiet", "--hang-ms", "60000", NULL };
	size_t n = 3;

	while (more && *more && n < COUNT_OF(arguments) - 1)
		arguments[n++] = *more++;
	drive_start(&centre, PROGRAM, arguments);
}

void bench_setup(void)
{
	bench_start(NULL);
}

void bench_teardown(void)
{
	int status = drive_stop(&centre, SIGTERM);

	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
}

json_t *bench_complaint(const char *reference)
{
	CLEANUP(free_pointer) char *content = xasprintf("Lampu jalan padam.\n\nRef: %s", reference);

	return json_pack("{s:s,s:s,s:i,s:i,s:i,s:s,s:b,s:b,s:s,s:s}", "title", "Lampu padam",
			 "content", content, "channel", 13, "classification_id", 2, "user_id", 77,
			 "date_of_incident", "2026-11-20", "is_anonymous", 0, "is_secret", 0,
			 "attachments", "[]", "tags_raw", reference);
}

CURLcode bench_send(const char *path, json_t *body)
{
	CLEANUP(free_pointer) char *text = json_dumps(body, 0);
	CURLcode code = drive_call(&centre, "POST", path, text);

	json_decref(body);
	return code;
}

CURLcode bench_create(const char *reference)
{
	return bench_send(BENCH_CREATE, bench_complaint(reference));
}

void bench_fault(const char *spec)
{
	ck_assert_int_eq(bench_send("/_fault", json_pack("{s:s}", "spec", spec)), CURLE_OK);
	ck_assert_int_eq(centre.status, 200);
}

json_t *bench_answer(void)
{
	json_t *value = NULL;

	ck_assert_int_eq(jx_parse(buf_bytes(&centre.body), &value, NULL), JEMBATAN_OK);
	return value;
}

json_t *bench_get(const char *path)
{
	json_t *value = drive_json(&centre, "GET", path, NULL);

	ck_assert_ptr_nonnull(value);
	return value;
}

int64_t bench_state(const char *key)
{
	json_t *value = bench_get("/_state");
	json_t *at = jx_at(value, key);
	int64_t n = json_is_array(at) ? (int64_t)json_array_size(at) : json_integer_value(at);

	json_decref(value);
	return n;
}

int64_t bench_number(const char *path)
{
	json_t *value = bench_answer();
	int64_t n = jx_integer(value, path, -1);

	json_decref(value);
	return n;
}

int64_t bench_upload(const char *name, const char *content)
{
	curl_mime *form = curl_mime_init(centre.curl);
	curl_mimepart *part = curl_mime_addpart(form);

	curl_mime_name(part, "attachments[]");
	curl_mime_filename(part, name);
	curl_mime_data(part, content, CURL_ZERO_TERMINATED);
	ck_assert_int_eq(drive_form(&centre, "/complaints/complaint/file", form), CURLE_OK);
	return centre.status;
}

void bench_field(curl_mime *form, const char *name, const char *value)
{
	curl_mimepart *part = curl_mime_addpart(form);

	curl_mime_name(part, name);
	curl_mime_data(part, value, CURL_ZERO_TERMINATED);
}

long bench_followup(const char *id, const char *content)
{
	curl_mime *form = curl_mime_init(centre.curl);

	bench_field(form, "user_id", "77");
	bench_field(form, "complaint_id", id);
	bench_field(form, "content", content);
	ck_assert_int_eq(drive_form(&centre, "/complaints/followup/add", form), CURLE_OK);
	return centre.status;
}

void bench_route(const char *to)
{
	bench_send("/complaints/process/7000001/reject",
		  json_pack("{s:i,s:s,s:s,s:i}", "is_request", 1, "reason", to,
			    "reason_description", "Kewenangan dinas", "not_authority", 1));
}
