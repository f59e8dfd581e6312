/* Each fault of jembatan-fakecentre: what the client sees, and what the centre
 * then holds. */
#include "fakecentre_bench.h"
#include "unit.h"

#include "base/jx.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- faults -------------------------------------------------------------- */

static const struct {
	const char *spec;
	CURLcode code;
	long status;
	int committed;
	const char *head; /* stands in the answer's head */
} FAULTS[] = {
	{ "commit-500", CURLE_OK, 500, 1, NULL },
	{ "commit-close", CURLE_SEND_FAIL_REWIND, 0, 1, NULL },
	{ "close", CURLE_SEND_FAIL_REWIND, 0, 0, NULL },
	{ "400", CURLE_OK, 400, 0, NULL },
	{ "401", CURLE_OK, 401, 0, NULL },
	{ "403", CURLE_OK, 403, 0, NULL },
	{ "404", CURLE_OK, 404, 0, NULL },
	{ "422", CURLE_OK, 422, 0, NULL },
	{ "500", CURLE_OK, 500, 0, NULL },
	{ "502", CURLE_OK, 502, 0, NULL },
	{ "504", CURLE_OK, 504, 0, NULL },
	{ "429", CURLE_OK, 429, 0, "Retry-After: 1\r\n" },
	{ "429=7", CURLE_OK, 429, 0, "Retry-After: 7\r\n" },
	{ "429-date=60", CURLE_OK, 429, 0, " GMT\r\n" },
	{ "503=3", CURLE_OK, 503, 0, "Retry-After: 3\r\n" },
	{ "503-date", CURLE_OK, 503, 0, " GMT\r\n" },
	{ "redirect", CURLE_OK, 302, 0, "Location: http://127.0.0.1:1/complaints/complaint\r\n" },
	{ "garbage", CURLE_OK, 200, 1, NULL },
	{ "truncate", CURLE_PARTIAL_FILE, 200, 1, NULL },
	{ "slow=1", CURLE_OK, 200, 1, NULL },
	{ "delay=1", CURLE_OK, 200, 1, NULL },
	{ "huge=2", CURLE_OK, 200, 1, "Content-Length: 2097152\r\n" },
	{ "no-id", CURLE_OK, 200, 1, NULL },
	{ "wrong-type", CURLE_OK, 200, 1, NULL },
	{ "id-at=data", CURLE_OK, 200, 1, NULL },
};

START_TEST(a_fault_does_what_it_says)
{
	bench_create("JB-AAA");
	bench_fault(FAULTS[_i].spec);
	ck_assert_int_eq(bench_create("JB-BBB"), FAULTS[_i].code);
	ck_assert_int_eq(centre.status, FAULTS[_i].status);
	if (FAULTS[_i].head)
		ck_assert_ptr_nonnull(strstr(centre.head.data, FAULTS[_i].head));
	ck_assert_int_eq(bench_state("count"), 1 + FAULTS[_i].committed);
	ck_assert_int_eq(bench_state("faults.0.fired"), 1);
}
END_TEST

static const struct {
	const char *spec;
	int committed;
} SILENCES[] = { { "commit-hang", 1 }, { "hang", 0 }, { "slow=60000", 1 } };

START_TEST(a_silence_lasts_until_the_client_leaves)
{
	bench_fault(SILENCES[_i].spec);
	centre.timeout_ms = 300;
	ck_assert_int_eq(bench_create("JB-AAA"), CURLE_OPERATION_TIMEDOUT);
	centre.timeout_ms = 20000;
	ck_assert_int_eq(bench_state("count"), SILENCES[_i].committed);
}
END_TEST

START_TEST(a_fresh_connection_closes_without_a_byte)
{
	bench_fault("commit-close:create");
	curl_easy_cleanup(centre.curl);
	centre.curl = curl_easy_init();
	ck_assert_int_eq(bench_create("JB-AAA"), CURLE_GOT_NOTHING);
	ck_assert_uint_eq(centre.head.size, 0);
	ck_assert_int_eq(bench_state("count"), 1);
}
END_TEST

START_TEST(a_reused_connection_closes_without_a_byte)
{
	bench_create("JB-AAA");
	bench_fault("commit-close:create");
	ck_assert_int_eq(bench_create("JB-BBB"), CURLE_SEND_FAIL_REWIND);
	ck_assert_uint_eq(centre.head.size, 0);
	ck_assert_int_eq(bench_state("by_reference.JB-BBB"), 1);
}
END_TEST

static size_t discard(char *data, size_t size, size_t count, void *owner)
{
	(void)data;
	(void)owner;
	return size * count;
}

/* The trap that the fault is for: a body that can be rewound goes twice. */
START_TEST(a_careless_client_doubles_on_a_reused_connection)
{
	CLEANUP(free_pointer) char *url = xasprintf("%s%s", centre.url, BENCH_CREATE);
	json_t *body = bench_complaint("JB-BBB");
	char *text = json_dumps(body, 0);
	struct curl_slist *type = curl_slist_append(NULL, "Content-Type: application/json");

	bench_create("JB-AAA");
	bench_fault("commit-close:create@nth=1");
	curl_easy_reset(centre.curl);
	curl_easy_setopt(centre.curl, CURLOPT_URL, url);
	curl_easy_setopt(centre.curl, CURLOPT_PROXY, "");
	curl_easy_setopt(centre.curl, CURLOPT_POSTFIELDS, text);
	curl_easy_setopt(centre.curl, CURLOPT_HTTPHEADER, type);
	curl_easy_setopt(centre.curl, CURLOPT_WRITEFUNCTION, discard);
	(void)curl_easy_perform(centre.curl);
	ck_assert_int_eq(bench_state("by_reference.JB-BBB"), 2);
	ck_assert_int_eq(bench_state("doubled"), 1);
	curl_slist_free_all(type);
	json_decref(body);
	free(text);
}
END_TEST

static const struct {
	const char *spec;
	const char *path;
} PLACES[] = { { "id-at=complaint_id", "complaint_id" },
	       { "id-at=data", "data.complaint_id" },
	       { "id-at=results", "results.complaint.id" } };

START_TEST(the_id_stands_where_the_fault_puts_it)
{
	json_t *value;

	bench_fault(PLACES[_i].spec);
	bench_create("JB-AAA");
	value = bench_answer();
	for (size_t i = 0; i < COUNT_OF(PLACES); i++)
		ck_assert_int_eq(jx_integer(value, PLACES[i].path, 0),
				 i == (size_t)_i ? 7000001 : 0);
	json_decref(value);
}
END_TEST

static const struct {
	const char *spec;
	const char *answer;
} TYPES[] = { { "wrong-type=string", "{\"id\":\"7000001\"}" },
	      { "wrong-type=number", "{\"id\":7000001.0}" },
	      { "wrong-type=huge", "{\"id\":700000100000000000000000000000}" },
	      { "wrong-type=array", "{\"id\":[7000001]}" },
	      { "no-id", "{\"message\":\"OK\"}" } };

START_TEST(the_id_is_of_the_wrong_type)
{
	bench_fault(TYPES[_i].spec);
	bench_create("JB-AAA");
	ck_assert_ptr_nonnull(strstr(centre.body.data, TYPES[_i].answer));
}
END_TEST

START_TEST(files_too_can_come_back_without_an_id)
{
	json_t *value;

	bench_fault("no-id:file");
	ck_assert_int_eq(bench_upload("surat.pdf", "isi"), 200);
	value = bench_answer();
	ck_assert_uint_eq(json_object_size(json_object_get(value, "results")), 0);
	json_decref(value);
	ck_assert_int_eq(bench_state("files"), 1);
}
END_TEST

START_TEST(create_works_and_route_fails)
{
	bench_fault("route-fails@first=1");
	bench_create("JB-AAA");
	ck_assert_int_eq(centre.status, 200);
	bench_route("200203");
	ck_assert_int_eq(centre.status, 500);
	ck_assert_int_eq(bench_state("complaints.0.routed"), 0);
	bench_route("200203");
	ck_assert_int_eq(centre.status, 200);
	ck_assert_int_eq(bench_state("complaints.0.routed"), 1);
}
END_TEST

static const struct {
	const char *spec;
	const char *statuses; /* of six creates: . is 200, x is 500 */
} CUES[] = {
	{ "500@every=2", ".x.x.x" },
	{ "500@first=2", "xx...." },
	{ "500@nth=3", "..x..." },
	{ "500@p=1", "xxxxxx" },
	{ "500@p=0", "......" },
	{ "500:create@nth=1", "x....." },
	{ "500:/complaints/comp@nth=2", ".x...." },
	{ "500:route", "......" },
	{ "500:/masters", "......" },
};

START_TEST(a_fault_comes_on_cue)
{
	char seen[7] = "";

	bench_fault(CUES[_i].spec);
	for (size_t i = 0; i < 6; i++) {
		bench_create("JB-AAA");
		seen[i] = centre.status == 500 ? 'x' : '.';
	}
	ck_assert_str_eq(seen, CUES[_i].statuses);
}
END_TEST

static void flip(const char *seed, char out[33])
{
	bench_start((const char *[]){ "--seed", seed, "--fault", "500@p=0.5", NULL });
	for (size_t i = 0; i < 32; i++) {
		bench_create("JB-AAA");
		out[i] = centre.status == 500 ? 'x' : '.';
	}
	out[32] = '\0';
}

START_TEST(the_same_seed_gives_the_same_faults)
{
	char first[33];
	char second[33];
	char third[33];

	flip("7", first);
	drive_stop(&centre, SIGTERM);
	flip("7", second);
	drive_stop(&centre, SIGTERM);
	flip("8", third);
	ck_assert_str_eq(first, second);
	ck_assert_str_ne(first, third);
	ck_assert_ptr_nonnull(strchr(first, 'x'));
	ck_assert_ptr_nonnull(strchr(first, '.'));
}
END_TEST

START_TEST(faults_end_when_removed)
{
	bench_fault("500");
	bench_create("JB-AAA");
	ck_assert_int_eq(centre.status, 500);
	drive_call(&centre, "DELETE", "/_fault", NULL);
	bench_create("JB-AAA");
	ck_assert_int_eq(centre.status, 200);
}
END_TEST

static const char *const BAD_SPECS[] = {
	"",	  "commit",	     "500=3",	    "500@",	       "500@every=0",
	"500@p=2", "500@sometimes=1", "500:nowhere", "wrong-type=words", "id-at= ",
	"slow=x", "shuffle",	     "delay=1e9",
};

START_TEST(a_wrong_spec_is_refused)
{
	bench_send("/_fault", json_pack("{s:s}", "spec", BAD_SPECS[_i]));
	ck_assert_int_eq(centre.status, 422);
	ck_assert_int_eq(bench_state("faults"), 0);
}
END_TEST

static TCase *fault_tests(void)
{
	TCase *t = tcase_create("faults");

	tcase_add_checked_fixture(t, bench_setup, bench_teardown);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, a_fault_does_what_it_says, 0, COUNT_OF(FAULTS));
	tcase_add_loop_test(t, a_silence_lasts_until_the_client_leaves, 0, COUNT_OF(SILENCES));
	tcase_add_test(t, a_fresh_connection_closes_without_a_byte);
	tcase_add_test(t, a_reused_connection_closes_without_a_byte);
	tcase_add_test(t, a_careless_client_doubles_on_a_reused_connection);
	tcase_add_loop_test(t, the_id_stands_where_the_fault_puts_it, 0, COUNT_OF(PLACES));
	tcase_add_loop_test(t, the_id_is_of_the_wrong_type, 0, COUNT_OF(TYPES));
	tcase_add_test(t, files_too_can_come_back_without_an_id);
	tcase_add_test(t, create_works_and_route_fails);
	tcase_add_loop_test(t, a_fault_comes_on_cue, 0, COUNT_OF(CUES));
	tcase_add_test(t, faults_end_when_removed);
	tcase_add_loop_test(t, a_wrong_spec_is_refused, 0, COUNT_OF(BAD_SPECS));
	return t;
}

static TCase *seed_tests(void)
{
	TCase *t = tcase_create("seed");

	tcase_add_checked_fixture(t, NULL, bench_teardown);
	tcase_add_test(t, the_same_seed_gives_the_same_faults);
	return t;
}

int main(void)
{
	return unit_run("fakecentre faults", fault_tests()) |
	       unit_run("fakecentre faults", seed_tests());
}
