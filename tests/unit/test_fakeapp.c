/* Behaviour of jembatan-fakeapp, seen from outside: each way of paging gives
 * each record once, and each fault of its own does what it says. */
#include "../fake/drive.h"
#include "unit.h"

#include "base/jx.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#define PROGRAM "./jembatan-fakeapp"
#define RECORDS 7

static struct drive app;

static void start(const char *const *more)
{
	const char *arguments[16] = { "--quiet", NULL };
	size_t n = 1;

	while (more && *more && n < COUNT_OF(arguments) - 1)
		arguments[n++] = *more++;
	drive_start(&app, PROGRAM, arguments);
}

static void add(const char *record)
{
	ck_assert_int_eq(drive_call(&app, "POST", "/_add", record), CURLE_OK);
	ck_assert_int_eq(app.status, 200);
}

/* Seven records; the later the number, the later the update. */
static void setup(void)
{
	start(NULL);
	for (int i = RECORDS; i > 0; i--) {
		CLEANUP(free_pointer) char *record = xasprintf(
			"{\"id\":557168577220659412%d,\"title\":\"%d\",\"created_at\":"
			"\"2026-11-1%dT01:00:00Z\",\"updated_at\":\"2026-11-2%dT01:00:00.000Z\"}",
			i, i, 8 - i, i);

		add(record);
	}
}

static void teardown(void)
{
	int status = drive_stop(&app, SIGTERM);

	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
}

static void add_fault(const char *spec)
{
	CLEANUP(free_pointer) char *body = xasprintf("{\"spec\":\"%s\"}", spec);

	ck_assert_int_eq(drive_call(&app, "POST", "/_fault", body), CURLE_OK);
	ck_assert_int_eq(app.status, 200);
}

static json_t *get(const char *path)
{
	json_t *value = drive_json(&app, "GET", path, NULL);

	ck_assert_ptr_nonnull(value);
	return value;
}

/* The titles of a list, in order: "123". */
static void titles(json_t *list, char out[64])
{
	json_t *record;
	size_t i;

	out[0] = '\0';
	json_array_foreach(list, i, record) {
		size_t used = strlen(out);

		(void)snprintf(out + used, 64 - used, "%s", jx_text(record, "title"));
	}
}

static void expect(const char *path, const char *list, const char *wanted)
{
	json_t *value = get(path);
	char seen[64];

	titles(*list ? jx_at(value, list) : value, seen);
	ck_assert_str_eq(seen, wanted);
	json_decref(value);
}

/* ---- lists --------------------------------------------------------------- */

static const struct {
	const char *path;
	const char *list;
	const char *titles;
} LISTS[] = {
	{ "/aduan/complaints", "data.data", "1234567" },
	{ "/aduan/complaints?limit=3", "data.data", "123" },
	{ "/aduan/complaints?limit=3&page=3", "data.data", "7" },
	{ "/aduan/complaints?limit=3&page=4", "data.data", "" },
	{ "/aduan/complaints?sort_by=updated_at&sort_type=asc", "data.data", "1234567" },
	{ "/aduan/complaints?sort_by=updated_at&sort_type=desc", "data.data", "7654321" },
	{ "/aduan/complaints?sort_by=id&sort_type=desc&limit=2", "data.data", "76" },
	{ "/aduan/complaints?updated_since=2026-11-26T01:00:00Z", "data.data", "67" },
	{ "/aduan/complaints?updated_since=2026-11-26T08:00:00%2B07:00", "data.data", "67" },
	{ "/generic/page?per_page=3&page=2", "items", "456" },
	{ "/generic/offset?offset=5&limit=3", "items", "67" },
	{ "/generic/page?updated_since=2026-11-26T01:00:00.001Z", "items", "7" },
	{ "/generic/cursor?limit=2", "items", "12" },
	{ "/generic/next?limit=2&page=2", "items", "34" },
	{ "/generic/link?limit=2&page=4", "", "7" },
};

START_TEST(a_list_holds_what_was_asked_for)
{
	expect(LISTS[_i].path, LISTS[_i].list, LISTS[_i].titles);
}
END_TEST

START_TEST(totals_and_ids_are_told_as_in_sapawarga)
{
	json_t *value = get("/aduan/complaints?limit=3&page=2");

	ck_assert_int_eq(jx_integer(value, "data.total_data", 0), 7);
	ck_assert_int_eq(jx_integer(value, "data.total_pages", 0), 3);
	ck_assert_int_eq(jx_integer(value, "data.page", 0), 2);
	ck_assert_ptr_nonnull(strstr(app.body.data, "\"id\":5571685772206594124,"));
	json_decref(value);
	value = get("/aduan/complaints/5571685772206594124");
	ck_assert_str_eq(jx_text(value, "data.title"), "4");
	json_decref(value);
}
END_TEST

/* Adds the page at `path` to `seen`; gives the path of the next one or NULL. */
static char *walk(const char *path, const char *list, const char *next, char seen[64])
{
	json_t *value = get(path);
	const char *url = jx_text(value, next);
	char *following = NULL;
	char part[64];
	size_t used = strlen(seen);

	titles(jx_at(value, list), part);
	(void)snprintf(seen + used, 64 - used, "%s", part);
	if (url && strcmp(next, "next_cursor") == 0)
		following = xasprintf("/generic/cursor?limit=2&cursor=%s", url);
	else if (url)
		following = xstrdup(url + strlen(app.url));
	json_decref(value);
	return following;
}

static const struct {
	const char *path;
	const char *next;
	const char *titles;
} WALKS[] = {
	{ "/generic/cursor?limit=2", "next_cursor", "1234567" },
	{ "/generic/next?limit=2", "next", "1234567" },
	{ "/generic/next?limit=2&updated_since=2026-11-23T08:00:00%2B07:00", "next", "34567" },
};

START_TEST(following_the_pages_gives_each_record_once)
{
	char *path = xstrdup(WALKS[_i].path);
	char seen[64] = "";

	while (path) {
		char *next = walk(path, "items", WALKS[_i].next, seen);

		free(path);
		path = next;
	}
	ck_assert_str_eq(seen, WALKS[_i].titles);
}
END_TEST

START_TEST(a_link_header_names_the_next_page_until_the_last)
{
	CLEANUP(free_pointer) char *wanted =
		xasprintf("Link: <%s/generic/link?page=2&limit=4>; rel=\"next\"\r\n", app.url);

	json_decref(get("/generic/link?limit=4"));
	ck_assert_ptr_nonnull(strstr(app.head.data, wanted));
	json_decref(get("/generic/link?limit=4&page=2"));
	ck_assert_ptr_null(strstr(app.head.data, "Link:"));
}
END_TEST

START_TEST(a_cursor_survives_a_record_that_moves)
{
	char seen[64] = "";
	char *next = walk("/generic/cursor?limit=2", "items", "next_cursor", seen);

	/* The last record seen is updated: it comes again at the end. */
	add("{\"id\":5571685772206594122,\"updated_at\":\"2026-11-29T01:00:00Z\"}");
	while (next) {
		char *following = walk(next, "items", "next_cursor", seen);

		free(next);
		next = following;
	}
	ck_assert_str_eq(seen, "12345672");
	ck_assert_int_eq(drive_call(&app, "GET", "/generic/cursor?cursor=x", NULL), CURLE_OK);
	ck_assert_int_eq(app.status, 400);
}
END_TEST

START_TEST(an_update_keeps_what_it_does_not_name)
{
	json_t *value;

	add("{\"id\":\"5571685772206594124\",\"sp4n_id\":\"7000001\"}");
	value = get("/aduan/complaints/5571685772206594124");
	ck_assert_str_eq(jx_text(value, "data.title"), "4");
	ck_assert_str_eq(jx_text(value, "data.sp4n_id"), "7000001");
	ck_assert_str_eq(jx_text(value, "data.created_at"), "2026-11-14T01:00:00Z");
	ck_assert_str_ne(jx_text(value, "data.updated_at"), "2026-11-24T01:00:00.000Z");
	json_decref(value);
	value = get("/_state");
	ck_assert_int_eq(jx_integer(value, "count", 0), RECORDS);
	json_decref(value);
}
END_TEST

START_TEST(a_record_without_an_id_gets_one_of_19_digits)
{
	json_t *value = drive_json(&app, "POST", "/_add", "[{\"title\":\"8\"},{\"title\":\"9\"}]");

	ck_assert_int_eq((int)json_array_size(jx_at(value, "ids")), 2);
	ck_assert_uint_eq(strlen(jx_text(value, "ids.1")), 19);
	json_decref(value);
}
END_TEST

START_TEST(a_photo_is_a_png)
{
	ck_assert_int_eq(drive_call(&app, "GET", "/photos/12.png", NULL), CURLE_OK);
	ck_assert_int_eq(app.status, 200);
	ck_assert_mem_eq(app.body.data, "\x89PNG\r\n\x1a\n", 8);
}
END_TEST

/* ---- faults -------------------------------------------------------------- */

START_TEST(a_page_comes_shuffled)
{
	json_t *value;
	char seen[64];

	add_fault("shuffle");
	value = get("/generic/page");
	titles(jx_at(value, "items"), seen);
	json_decref(value);
	ck_assert_uint_eq(strlen(seen), RECORDS);
	ck_assert_str_ne(seen, "1234567");
	for (const char *c = "1234567"; *c; c++)
		ck_assert_ptr_nonnull(strchr(seen, *c));
}
END_TEST

START_TEST(a_page_begins_with_records_seen_before)
{
	add_fault("redeliver=2");
	expect("/generic/page?per_page=3&page=1", "items", "123");
	expect("/generic/page?per_page=3&page=2", "items", "23456");
}
END_TEST

static const struct {
	const char *spec;
	const char *next; /* after our own origin when it begins with a slash */
} NEXTS[] = { { "next-loop", "/generic/next?page=2&limit=2" },
	      { "next-away", "http://127.0.0.1:1/generic/next?page=3&limit=2" } };

START_TEST(the_next_url_leads_astray)
{
	bool ours = NEXTS[_i].next[0] == '/';
	CLEANUP(free_pointer) char *wanted =
		xasprintf("%s%s", ours ? app.url : "", NEXTS[_i].next);
	json_t *value;

	add_fault(NEXTS[_i].spec);
	value = get("/generic/next?page=2&limit=2");
	ck_assert_str_eq(jx_text(value, "next"), wanted);
	json_decref(value);
}
END_TEST

static const struct {
	const char *spec;
	CURLcode code;
	long status;
} FAULTS[] = {
	{ "429=4", CURLE_OK, 429 },
	{ "500", CURLE_OK, 500 },
	{ "truncate", CURLE_PARTIAL_FILE, 200 },
	{ "slow=1", CURLE_OK, 200 },
	{ "redirect", CURLE_OK, 302 },
	{ "garbage", CURLE_OK, 200 },
};

START_TEST(a_list_fails_on_cue_and_works_again)
{
	CLEANUP(free_pointer) char *spec = xasprintf("%s:list@nth=1", FAULTS[_i].spec);

	add_fault(spec);
	ck_assert_int_eq(drive_call(&app, "GET", "/aduan/complaints", NULL), FAULTS[_i].code);
	ck_assert_int_eq(app.status, FAULTS[_i].status);
	expect("/aduan/complaints", "data.data", "1234567");
}
END_TEST

/* ---- credentials --------------------------------------------------------- */

static void start_with_credentials(void)
{
	start((const char *[]){ "--client-id", "jembatan", "--client-secret", "rahasia",
				"--require", "Api-Key: kunci", "--require", "x-partner-id: mitra",
				NULL });
}

static void add_part(curl_mime *form, const char *name, const char *value)
{
	curl_mimepart *part = curl_mime_addpart(form);

	curl_mime_name(part, name);
	curl_mime_data(part, value, CURL_ZERO_TERMINATED);
}

/* Asks for a token and sends it from now on. */
static long log_in(const char *secret)
{
	CLEANUP(free_pointer) char *line = NULL;
	curl_mime *form = curl_mime_init(app.curl);
	json_t *value = NULL;

	curl_slist_free_all(app.headers);
	app.headers = NULL;
	add_part(form, "grant_type", "client_credentials");
	add_part(form, "client_id", "jembatan");
	add_part(form, "client_secret", secret);
	ck_assert_int_eq(drive_form(&app, "/oauth/token", form), CURLE_OK);
	ck_assert_int_eq(jx_parse(buf_bytes(&app.body), &value, NULL), JEMBATAN_OK);
	if (app.status == 200) {
		line = xasprintf("Authorization: Bearer %s", jx_text(value, "access_token"));
		drive_add_header(&app, line);
		drive_add_header(&app, "Api-Key: kunci");
		drive_add_header(&app, "x-partner-id: mitra");
	}
	json_decref(value);
	return app.status;
}

static long list_status(void)
{
	ck_assert_int_eq(drive_call(&app, "GET", "/aduan/complaints", NULL), CURLE_OK);
	return app.status;
}

START_TEST(a_list_demands_a_token_and_its_headers)
{
	ck_assert_int_eq(list_status(), 401);
	ck_assert_int_eq(log_in("salah"), 401);
	ck_assert_int_eq(log_in("rahasia"), 200);
	ck_assert_int_eq(list_status(), 200);
	curl_slist_free_all(app.headers->next);
	app.headers->next = NULL;
	ck_assert_int_eq(list_status(), 401);
}
END_TEST

static size_t discard(char *data, size_t size, size_t count, void *owner)
{
	(void)data;
	(void)owner;
	return size * count;
}

START_TEST(a_token_form_may_be_urlencoded)
{
	CLEANUP(free_pointer) char *url = xasprintf("%s/oauth/token", app.url);

	curl_easy_reset(app.curl);
	curl_easy_setopt(app.curl, CURLOPT_URL, url);
	curl_easy_setopt(app.curl, CURLOPT_PROXY, "");
	curl_easy_setopt(app.curl, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(app.curl, CURLOPT_WRITEFUNCTION, discard);
	curl_easy_setopt(app.curl, CURLOPT_POSTFIELDS,
			 "grant_type=client_credentials&client_id=jembatan&client_secret=rahasia");
	ck_assert_int_eq(curl_easy_perform(app.curl), CURLE_OK);
}
END_TEST

START_TEST(an_expired_token_is_refused_once_and_a_new_one_works)
{
	log_in("rahasia");
	add_fault("expired-token:list@nth=1");
	ck_assert_int_eq(list_status(), 401);
	ck_assert_int_eq(list_status(), 401);
	log_in("rahasia");
	ck_assert_int_eq(list_status(), 200);
}
END_TEST

/* ---- all ----------------------------------------------------------------- */

static TCase *list_tests(void)
{
	TCase *t = tcase_create("lists");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, a_list_holds_what_was_asked_for, 0, COUNT_OF(LISTS));
	tcase_add_test(t, totals_and_ids_are_told_as_in_sapawarga);
	tcase_add_loop_test(t, following_the_pages_gives_each_record_once, 0, COUNT_OF(WALKS));
	tcase_add_test(t, a_link_header_names_the_next_page_until_the_last);
	tcase_add_test(t, a_cursor_survives_a_record_that_moves);
	tcase_add_test(t, an_update_keeps_what_it_does_not_name);
	tcase_add_test(t, a_record_without_an_id_gets_one_of_19_digits);
	tcase_add_test(t, a_photo_is_a_png);
	tcase_add_test(t, a_page_comes_shuffled);
	tcase_add_test(t, a_page_begins_with_records_seen_before);
	tcase_add_loop_test(t, the_next_url_leads_astray, 0, COUNT_OF(NEXTS));
	tcase_add_loop_test(t, a_list_fails_on_cue_and_works_again, 0, COUNT_OF(FAULTS));
	return t;
}

static TCase *credential_tests(void)
{
	TCase *t = tcase_create("credentials");

	tcase_add_checked_fixture(t, start_with_credentials, teardown);
	tcase_add_test(t, a_list_demands_a_token_and_its_headers);
	tcase_add_test(t, a_token_form_may_be_urlencoded);
	tcase_add_test(t, an_expired_token_is_refused_once_and_a_new_one_works);
	return t;
}

int main(void)
{
	return unit_run("fakeapp", list_tests()) | unit_run("fakeapp", credential_tests());
}
