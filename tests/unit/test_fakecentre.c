/* The interface, modes and journal of jembatan-fakecentre, seen from outside. */
#include "fakecentre_bench.h"
#include "unit.h"

#include "base/jx.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- the interface ------------------------------------------------------- */

START_TEST(ids_rise_and_the_body_is_kept_as_received)
{
	json_t *value;

	ck_assert_int_eq(bench_create("JB-AAA"), CURLE_OK);
	ck_assert_int_eq(bench_number("results.complaint.id"), 7000001);
	ck_assert_int_eq(bench_create("JB-BBB"), CURLE_OK);
	ck_assert_int_eq(bench_number("results.complaint.id"), 7000002);
	value = bench_get("/_complaints?after=7000001");
	ck_assert_int_eq(jx_integer(value, "id", 0), 7000002);
	ck_assert_str_eq(jx_text(value, "reference"), "JB-BBB");
	ck_assert_str_eq(jx_text(value, "body.title"), "Lampu padam");
	json_decref(value);
}
END_TEST

static const struct {
	const char *key;
	const char *json; /* NULL: without the key */
} WRONG[] = {
	{ "title", NULL },
	{ "title", "\"  \"" },
	{ "title", "5" },
	{ "content", "\"\"" },
	{ "channel", NULL },
	{ "channel", "\"mail\"" },
	{ "classification_id", "0" },
	{ "date_of_incident", NULL },
	{ "date_of_incident", "\"kemarin\"" },
	{ "date_of_incident", "null" },
	{ "is_anonymous", "2" },
	{ "is_secret", NULL },
	{ "attachments", NULL },
	{ "attachments", "[]" },
	{ "attachments", "\"4100001\"" },
	{ "attachments", "\"[4100001]\"" },
	{ "attachments", "\"[\\\"x\\\"]\"" },
	{ "user_id", NULL },
	{ "category", "1" },
	{ "tags_raw", "\"JB-OTHER\"" },
};

START_TEST(a_wrong_complaint_is_refused_by_the_name_of_its_key)
{
	json_t *body = bench_complaint("JB-AAA");
	const char *key = WRONG[_i].key;
	json_t *value;

	if (WRONG[_i].json)
		json_object_set_new(body, key, json_loads(WRONG[_i].json, JSON_DECODE_ANY, NULL));
	else
		json_object_del(body, key);
	ck_assert_int_eq(bench_send(BENCH_CREATE, body), CURLE_OK);
	ck_assert_int_eq(centre.status, 422);
	value = bench_answer();
	ck_assert_int_eq((int)json_object_size(json_object_get(value, "errors")), 1);
	ck_assert_ptr_nonnull(json_object_get(json_object_get(value, "errors"), key));
	json_decref(value);
	ck_assert_int_eq(bench_state("count"), 0);
}
END_TEST

START_TEST(other_ways_to_write_a_complaint_are_taken)
{
	json_t *body = bench_complaint("JB-AAA");

	json_object_set_new(body, "is_anonymous", json_true());
	json_object_set_new(body, "is_secret", json_string("1"));
	json_object_set_new(body, "channel", json_string("13"));
	json_object_set_new(body, "date_of_incident", json_string("20-11-2026 08:15:00"));
	json_object_set_new(body, "category_id", json_null());
	json_object_del(body, "user_id");
	json_object_set_new(body, "is_new_user_slider", json_true());
	json_object_set_new(body, "nameUser", json_string("Warga Contoh"));
	ck_assert_int_eq(bench_send(BENCH_CREATE, body), CURLE_OK);
	ck_assert_int_eq(centre.status, 200);
}
END_TEST

START_TEST(what_is_no_json_object_is_400)
{
	ck_assert_int_eq(drive_call(&centre, "POST", BENCH_CREATE, "{\"title\":"), CURLE_OK);
	ck_assert_int_eq(centre.status, 400);
	ck_assert_int_eq(drive_call(&centre, "POST", BENCH_CREATE, "[]"), CURLE_OK);
	ck_assert_int_eq(centre.status, 400);
	ck_assert_int_eq(drive_call(&centre, "GET", "/nowhere", NULL), CURLE_OK);
	ck_assert_int_eq(centre.status, 404);
	ck_assert_int_eq(drive_call(&centre, "GET", BENCH_CREATE, NULL), CURLE_OK);
	ck_assert_int_eq(centre.status, 405);
}
END_TEST

START_TEST(a_body_over_the_ceiling_is_413)
{
	size_t size = 5u << 20;
	char *text = xmalloc(size + 1);

	memset(text, ' ', size);
	text[size] = '\0';
	ck_assert_int_eq(drive_call(&centre, "POST", BENCH_CREATE, text), CURLE_OK);
	free(text);
	ck_assert_int_eq(centre.status, 413);
}
END_TEST

START_TEST(files_come_back_as_docs_and_images_and_can_be_attached)
{
	json_t *body = bench_complaint("JB-AAA");
	json_t *value;

	ck_assert_int_eq(bench_upload("surat.pdf", "isi"), 200);
	ck_assert_int_eq(bench_number("results.docs.0.id"), 4100001);
	ck_assert_int_eq(bench_upload("foto.JPG", "isi"), 200);
	ck_assert_int_eq(bench_number("results.images.0.id"), 4100002);
	json_object_set_new(body, "attachments", json_string("[4100001,\"4100002\"]"));
	ck_assert_int_eq(bench_send(BENCH_CREATE, body), CURLE_OK);
	ck_assert_int_eq(centre.status, 200);
	value = bench_get("/_state");
	ck_assert_int_eq(jx_integer(value, "uploads.0.size", 0), 3);
	ck_assert_str_eq(jx_text(value, "uploads.0.sha256"),
			 "55c123196402ef4b16c36bad51f12467"
			 "397146987c479d41375831d1de9ed935");
	json_decref(value);
}
END_TEST

START_TEST(a_form_without_a_file_is_refused)
{
	curl_mime *form = curl_mime_init(centre.curl);

	bench_field(form, "attachments[]", "no file");
	ck_assert_int_eq(drive_form(&centre, "/complaints/complaint/file", form), CURLE_OK);
	ck_assert_int_eq(centre.status, 422);
}
END_TEST

START_TEST(a_route_shows_in_the_status)
{
	json_t *value;

	bench_create("JB-AAA");
	bench_route("200203");
	ck_assert_int_eq(centre.status, 200);
	value = bench_get("/complaints/7000001/complaint");
	ck_assert_int_eq(jx_integer(value, "results.data.disposition_id", 0), 200203);
	ck_assert_str_eq(jx_text(value, "results.data.disposition_name"),
			 "Dinas Sosial Kabupaten Contoh");
	ck_assert_ptr_nonnull(strstr(jx_text(value, "results.data.status_logs.1.note"),
				     "{{institution_to}}"));
	json_decref(value);
	bench_route("dinas");
	ck_assert_int_eq(centre.status, 422);
}
END_TEST

START_TEST(a_status_set_by_hand_is_seen_by_the_client)
{
	json_t *value;

	bench_create("JB-AAA");
	bench_send("/_status/7000001", json_pack("{s:i,s:s,s:s}", "status_code", 4, "status_name",
						"Selesai", "note", "Lampu telah diganti"));
	ck_assert_int_eq(centre.status, 200);
	value = bench_get("/complaints/7000001/complaint");
	ck_assert_int_eq(jx_integer(value, "results.data.status_code", 0), 4);
	ck_assert_str_eq(jx_text(value, "results.data.status_name"), "Selesai");
	ck_assert_str_eq(jx_text(value, "results.data_logs.0.note"), "Lampu telah diganti");
	json_decref(value);
	bench_send("/_status/7000009", json_pack("{s:i,s:s}", "status_code", 4,
						"status_name", "x"));
	ck_assert_int_eq(centre.status, 404);
}
END_TEST

START_TEST(follow_ups_come_in_pages_of_ten)
{
	const char *next;
	json_t *value;

	bench_create("JB-AAA");
	for (int i = 0; i < 11; i++)
		ck_assert_int_eq(bench_followup("7000001", "Sedang kami periksa"), 200);
	value = bench_get("/complaints/7000001/followups");
	ck_assert_int_eq((int)json_array_size(jx_at(value, "results.data")), 10);
	next = jx_text(value, "results.next_page_url");
	ck_assert(str_starts(next, centre.url));
	ck_assert_ptr_nonnull(strstr(next, "/complaints/7000001/followups?page=2"));
	json_decref(value);
	value = bench_get("/complaints/7000001/followups?page=2");
	ck_assert_int_eq((int)json_array_size(jx_at(value, "results.data")), 1);
	ck_assert(json_is_null(
		json_object_get(json_object_get(value, "results"), "next_page_url")));
	json_decref(value);
}
END_TEST

START_TEST(a_follow_up_has_limits)
{
	char text[1002];

	bench_create("JB-AAA");
	memset(text, 'a', 1001);
	text[1001] = '\0';
	ck_assert_int_eq(bench_followup("7000001", text), 422);
	text[1000] = '\0';
	ck_assert_int_eq(bench_followup("7000001", text), 200);
	ck_assert_int_eq(bench_followup("7000001", ""), 422);
	ck_assert_int_eq(bench_followup("7000002", "halo"), 404);
}
END_TEST

START_TEST(masters_are_lists_of_id_and_name)
{
	json_t *value = bench_get("/masters/institutions/external?page_size=1000");

	ck_assert_int_eq(jx_integer(value, "results.data.0.id", 0), 100101);
	ck_assert_ptr_nonnull(jx_text(value, "results.data.0.name"));
	json_decref(value);
	value = bench_get("/masters/templates?page_size=1000");
	ck_assert_ptr_nonnull(jx_text(value, "results.data.0.name"));
	json_decref(value);
}
END_TEST

static const struct {
	const char *authorization;
	const char *token;
	long status;
} CREDENTIALS[] = {
	{ "Authorization: Bearer rahasia", "token: {AB-12}", 200 },
	{ "auth: Bearer rahasia", "token: {AB-12}", 200 },
	{ "auth: rahasia", "token: {AB-12}", 200 },
	{ "Authorization: Bearer salah", "token: {AB-12}", 401 },
	{ "Authorization: Bearer rahasia", "token: AB-12", 401 },
	{ "Authorization: Bearer rahasia", NULL, 401 },
	{ NULL, "token: {AB-12}", 401 },
};

START_TEST(credentials_are_checked_when_demanded)
{
	bench_start((const char *[]){ "--token", "rahasia", "--guid", "{AB-12}", NULL });
	if (CREDENTIALS[_i].authorization)
		drive_add_header(&centre, CREDENTIALS[_i].authorization);
	if (CREDENTIALS[_i].token)
		drive_add_header(&centre, CREDENTIALS[_i].token);
	ck_assert_int_eq(bench_create("JB-AAA"), CURLE_OK);
	ck_assert_int_eq(centre.status, CREDENTIALS[_i].status);
	ck_assert_int_eq(bench_state("count"), CREDENTIALS[_i].status == 200);
}
END_TEST

/* ---- modes --------------------------------------------------------------- */

START_TEST(mode_none_makes_two_of_one_reference_and_shows_it)
{
	bench_create("JB-AAA");
	bench_create("JB-AAA");
	bench_create("JB-BBB");
	ck_assert_int_eq(bench_state("count"), 3);
	ck_assert_int_eq(bench_state("by_reference.JB-AAA"), 2);
	ck_assert_int_eq(bench_state("doubled"), 1);
	ck_assert_int_eq(drive_call(&centre, "GET", "/lookup?reference=JB-AAA", NULL), CURLE_OK);
	ck_assert_int_eq(centre.status, 404);
}
END_TEST

START_TEST(mode_idempotent_gives_the_same_id_for_key_or_reference)
{
	bench_start((const char *[]){ "--mode", "idempotent", NULL });
	drive_add_header(&centre, "Idempotency-Key: satu");
	bench_create("JB-AAA");
	bench_create("JB-CCC");
	ck_assert_int_eq(bench_number("results.complaint.id"), 7000001);
	curl_slist_free_all(centre.headers);
	centre.headers = NULL;
	bench_create("JB-AAA");
	ck_assert_int_eq(bench_number("results.complaint.id"), 7000001);
	bench_create("JB-BBB");
	ck_assert_int_eq(bench_number("results.complaint.id"), 7000002);
	ck_assert_int_eq(bench_state("count"), 2);
	ck_assert_int_eq(bench_state("doubled"), 0);
	ck_assert_int_eq(bench_state("complaints.0.again"), 2);
}
END_TEST

START_TEST(mode_idempotent_keeps_one_follow_up_per_key)
{
	bench_start((const char *[]){ "--mode", "idempotent", NULL });
	bench_create("JB-AAA");
	drive_add_header(&centre, "Idempotency-Key: balasan-1");
	bench_followup("7000001", "halo");
	ck_assert_int_eq(bench_followup("7000001", "halo"), 200);
	ck_assert_int_eq(bench_state("complaints.0.followups"), 1);
}
END_TEST

START_TEST(mode_lookup_finds_each_complaint_of_a_reference)
{
	json_t *value;

	bench_start((const char *[]){ "--mode", "lookup", NULL });
	bench_create("JB-AAA");
	bench_create("JB-AAA");
	value = bench_get("/lookup?reference=JB-AAA");
	ck_assert_int_eq((int)json_array_size(jx_at(value, "results.data")), 2);
	ck_assert_int_eq(jx_integer(value, "results.data.1.complaint_id", 0), 7000002);
	json_decref(value);
	value = bench_get("/lookup?reference=JB-BBB");
	ck_assert(json_is_array(jx_at(value, "results.data")));
	ck_assert_int_eq((int)json_array_size(jx_at(value, "results.data")), 0);
	json_decref(value);
}
END_TEST

/* ---- the journal --------------------------------------------------------- */

static char journal[64];

static void start_with_journal(void)
{
	bench_start((const char *[]){ "--data", journal, NULL });
}

static void journal_setup(void)
{
	int fd;

	(void)snprintf(journal, sizeof(journal), "fakecentre-XXXXXX");
	fd = mkstemp(journal);
	ck_assert_int_ge(fd, 0);
	close_fd(&fd);
	start_with_journal();
}

static void journal_teardown(void)
{
	bench_teardown();
	(void)unlink(journal);
}

START_TEST(what_it_holds_survives_a_kill)
{
	json_t *before;
	json_t *after;

	bench_upload("foto.png", "isi");
	bench_create("JB-AAA");
	bench_create("JB-BBB");
	bench_route("200203");
	bench_followup("7000001", "halo");
	bench_send("/_status/7000001", json_pack("{s:i,s:s}", "status_code", 3, "status_name",
						 "Dalam Proses"));
	before = bench_get("/_state");
	drive_stop(&centre, SIGKILL);
	start_with_journal();
	after = bench_get("/_state");
	ck_assert(json_equal(json_object_get(before, "complaints"),
			     json_object_get(after, "complaints")));
	ck_assert(
		json_equal(json_object_get(before, "uploads"), json_object_get(after, "uploads")));
	json_decref(before);
	json_decref(after);
	bench_create("JB-CCC");
	ck_assert_int_eq(bench_number("results.complaint.id"), 7000003);
}
END_TEST

START_TEST(half_a_line_at_the_end_of_the_journal_is_cut_off)
{
	FILE *file;

	bench_create("JB-AAA");
	drive_stop(&centre, SIGKILL);
	file = fopen(journal, "ae");
	ck_assert_ptr_nonnull(file);
	(void)fputs("{\"do\":\"create\",\"id\":7000002,\"bo", file);
	(void)fclose(file);
	start_with_journal();
	bench_create("JB-BBB");
	drive_stop(&centre, SIGKILL);
	start_with_journal();
	ck_assert_int_eq(bench_state("count"), 2);
}
END_TEST

START_TEST(reset_forgets_everything)
{
	bench_create("JB-AAA");
	bench_fault("500");
	bench_send("/_reset", json_object());
	drive_stop(&centre, SIGKILL);
	start_with_journal();
	ck_assert_int_eq(bench_state("count"), 0);
	bench_create("JB-AAA");
	ck_assert_int_eq(bench_number("results.complaint.id"), 7000001);
}
END_TEST

START_TEST(the_page_escapes_what_strangers_wrote)
{
	json_t *body = bench_complaint("JB-AAA");

	json_object_set_new(body, "title", json_string("<script>\"'&"));
	bench_send(BENCH_CREATE, body);
	drive_call(&centre, "GET", "/", NULL);
	ck_assert_int_eq(centre.status, 200);
	ck_assert_ptr_null(strstr(centre.body.data, "<script>\"'"));
	ck_assert_ptr_nonnull(strstr(centre.body.data, "&lt;script&gt;&quot;&#39;&amp;"));
	ck_assert_ptr_nonnull(strstr(centre.body.data, "7000001"));
}
END_TEST

static TCase *interface_tests(void)
{
	TCase *t = tcase_create("interface");

	tcase_add_checked_fixture(t, bench_setup, bench_teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, ids_rise_and_the_body_is_kept_as_received);
	tcase_add_loop_test(t, a_wrong_complaint_is_refused_by_the_name_of_its_key, 0,
			    COUNT_OF(WRONG));
	tcase_add_test(t, other_ways_to_write_a_complaint_are_taken);
	tcase_add_test(t, what_is_no_json_object_is_400);
	tcase_add_test(t, a_body_over_the_ceiling_is_413);
	tcase_add_test(t, files_come_back_as_docs_and_images_and_can_be_attached);
	tcase_add_test(t, a_form_without_a_file_is_refused);
	tcase_add_test(t, a_route_shows_in_the_status);
	tcase_add_test(t, a_status_set_by_hand_is_seen_by_the_client);
	tcase_add_test(t, follow_ups_come_in_pages_of_ten);
	tcase_add_test(t, a_follow_up_has_limits);
	tcase_add_test(t, masters_are_lists_of_id_and_name);
	tcase_add_test(t, mode_none_makes_two_of_one_reference_and_shows_it);
	tcase_add_test(t, the_page_escapes_what_strangers_wrote);
	return t;
}

static TCase *own_start_tests(void)
{
	TCase *t = tcase_create("own start");

	tcase_add_checked_fixture(t, NULL, bench_teardown);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, credentials_are_checked_when_demanded, 0, COUNT_OF(CREDENTIALS));
	tcase_add_test(t, mode_idempotent_gives_the_same_id_for_key_or_reference);
	tcase_add_test(t, mode_idempotent_keeps_one_follow_up_per_key);
	tcase_add_test(t, mode_lookup_finds_each_complaint_of_a_reference);
	return t;
}

static TCase *journal_tests(void)
{
	TCase *t = tcase_create("journal");

	tcase_add_checked_fixture(t, journal_setup, journal_teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, what_it_holds_survives_a_kill);
	tcase_add_test(t, half_a_line_at_the_end_of_the_journal_is_cut_off);
	tcase_add_test(t, reset_forgets_everything);
	return t;
}

int main(void)
{
	return unit_run("fakecentre", interface_tests()) |
	       unit_run("fakecentre", own_start_tests()) |
	       unit_run("fakecentre", journal_tests());
}
