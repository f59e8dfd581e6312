/* test_intake_reload.c: other settings for children that run, and what says
 * that a channel is alive. The clock is held; children live in real time. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "intake/reload.h"
#include "intake_bench.h"
#include "store/db_inside.h"

#define MINUTE 60000
#define HOUR (60 * MINUTE)

static struct problems problems;
static struct settings *next;
static struct intake_reload *reload;
static bool is_checked;
static char said[200];

static void setup(void)
{
	bench_setup();
	problems_init(&problems);
	said[0] = '\0';
}

static void teardown(void)
{
	problems_done(&problems);
	bench_teardown();
}

static void start_two(void)
{
	bench_instance("a", "script", "", NULL);
	bench_instance("b", "script", "", NULL);
	bench_open();
	bench_start();
	bench_until(strcmp(bench_status("a").state, "waiting") == 0 &&
		    strcmp(bench_status("b").state, "waiting") == 0);
}

static void on_checked(void *data)
{
	(void)data;
	is_checked = true;
}

static void on_change(void *data, const char *name, const char *what)
{
	size_t n = strlen(said);
	(void)data;
	snprintf(said + n, sizeof(said) - n, "%s%s %s", n > 0 ? ", " : "", name, what);
}

/* True: applied. */
static bool load_again(void)
{
	is_checked = false;
	said[0] = '\0';
	next = settings_load(bench_path("etc/jembatan.yaml"), &problems);
	ck_assert_ptr_nonnull(next);
	reload = intake_reload_new(bench.intake, next, &problems, on_checked, NULL);
	bench_until(is_checked);
	bool good = problems.count == 0;
	if (good)
		intake_reload_apply(reload, on_change, NULL);
	intake_reload_free(reload);
	/* Nobody else holds the old ones once their last instance has moved on. */
	if (good) {
		settings_free(bench.settings);
		bench.settings = next;
	} else {
		settings_free(next);
	}
	return good;
}

static void rewrite(const char *name, const char *head, const char *options)
{
	ck_assert_int_eq(remove(bench_path(arena_printf(bench.arena, "etc/connectors.d/%s.yaml",
							name))), 0);
	if (head != NULL)
		bench_instance(name, "script", head, options);
}

static const char *loud(const char *name)
{
	return arena_printf(bench.arena, "  file: %s/%s.jsonl\n  loud: true\n", bench.folder, name);
}

START_TEST(only_what_changed_gets_another_child)
{
	start_two();
	int64_t a = bench_status("a").pid, b = bench_status("b").pid;
	ck_assert(load_again());
	ck_assert_str_eq(said, "a kept, b kept");
	rewrite("b", "", loud("b"));
	ck_assert(load_again());
	ck_assert_str_eq(said, "a kept, b restarted");
	bench_until(bench_status("b").pid != b && strcmp(bench_status("b").state, "waiting") == 0);
	ck_assert_int_eq(bench_status("a").pid, a);
	ck_assert_uint_eq(bench_status("b").deaths, 0);
}
END_TEST

/* Written anew under its name, as a renewed certificate is; or changed in its place. */
START_TEST(a_file_that_an_option_names_is_read_anew)
{
	struct why why;
	const char *path = bench_path("a.jsonl");
	ck_assert_int_eq(file_write(path, 0600, bytes_text("\n"), &why), JEMBATAN_OK);
	start_two();
	ck_assert(load_again());
	ck_assert_str_eq(said, "a kept, b kept");
	if (_i == 0)
		ck_assert_int_eq(file_write(path, 0600, bytes_text("\n"), &why), JEMBATAN_OK);
	else
		bench_script("a", "\n");
	ck_assert(load_again());
	ck_assert_str_eq(said, "a restarted, b kept");
	bench_until(strcmp(bench_status("a").state, "waiting") == 0);
	ck_assert(load_again());
	ck_assert_str_eq(said, "a kept, b kept");
}
END_TEST

START_TEST(one_whose_row_the_store_refused_gets_it_at_the_next_reload)
{
	start_two();
	ck_assert_int_eq(sqlite3_exec(bench.db->sql.handle, "CREATE TEMP TRIGGER refuse BEFORE INSERT ON "
		"instance BEGIN SELECT RAISE(ABORT, 'no'); END", NULL, NULL, NULL), SQLITE_OK);
	bench_instance("c", "script", "", NULL);
	ck_assert(load_again());
	ck_assert_str_eq(said, "a kept, b kept, c left out");
	ck_assert(load_again());
	ck_assert_str_eq(said, "a kept, b kept, c left out");
	ck_assert_ptr_nonnull(bench_status("c").alarm);
	ck_assert_int_eq(sqlite3_exec(bench.db->sql.handle, "DROP TRIGGER refuse", NULL, NULL, NULL),
			 SQLITE_OK);
	ck_assert(load_again());
	ck_assert_str_eq(said, "a kept, b kept, c restarted");
	ck_assert_int_gt(bench_status("c").id, 0);
	ck_assert_ptr_null(bench_status("c").alarm);
}
END_TEST

START_TEST(what_its_child_does_not_see_takes_none_away)
{
	start_two();
	int64_t a = bench_status("a").pid;
	rewrite("a", "push: auto\nevery: 2h\n", NULL);
	ck_assert(load_again());
	ck_assert_str_eq(said, "a changed, b kept");
	ck_assert_str_eq(bench_status("a").push, "auto");
	ck_assert_int_eq(bench_status("a").every_ms, 2 * HOUR);
	bench_turns(10);
	ck_assert_int_eq(bench_status("a").pid, a);
}
END_TEST

START_TEST(one_that_is_not_configured_goes_and_finds_its_rows_again)
{
	start_two();
	bench_script("b", "{\"do\": \"message\", \"id\": \"1\", \"text\": \"Jalan rusak\"}\n");
	bench_advance(2 * MINUTE);
	bench_until(bench_messages("b") == 1);
	int64_t id = bench_status("b").id;
	rewrite("b", NULL, NULL);
	ck_assert(load_again());
	ck_assert_str_eq(said, "b stopped, a kept");
	struct intake_status s;
	ck_assert(intake_status(bench.intake, 0, &s) && !intake_status(bench.intake, 1, &s));
	bench_instance("b", "script", "", NULL);
	ck_assert(load_again()); /* its old child may still be on its way out */
	bench_until(strcmp(bench_status("b").state, "waiting") == 0);
	ck_assert_int_eq(bench_status("b").id, id);
	ck_assert_int_eq(bench_messages("b"), 1);
}
END_TEST

/* What came in before is decided as its settings say. */
START_TEST(one_that_goes_is_known_until_its_messages_are_decided)
{
	int64_t start_ms;
	start_two();
	bench_script("b", "{\"do\": \"message\", \"id\": \"1\", \"text\": \"Jalan rusak\"}\n");
	bench_advance(2 * MINUTE);
	bench_until(bench_messages("b") == 1);
	int64_t id = bench_status("b").id;
	pid_t child = (pid_t)bench_status("b").pid;
	rewrite("b", NULL, NULL);
	ck_assert(load_again());
	bench_until(kill(child, 0) != 0);
	bench_turns(20);
	ck_assert_ptr_nonnull(intake_instance(bench.intake, id, &start_ms));
	bench_ok(db_begin(bench.db, &bench.why));
	bench_ok(inbox_leave(bench.db, 1, INBOX_STORED, 0, "decided", &bench.why));
	bench_ok(db_commit(bench.db, &bench.why));
	intake_committed(bench.intake);
	bench_until(intake_instance(bench.intake, id, &start_ms) == NULL);
}
END_TEST

START_TEST(a_wrong_option_is_told_and_touches_nothing)
{
	start_two();
	int64_t a = bench_status("a").pid, b = bench_status("b").pid;
	rewrite("b", "", "  loud: perhaps\n");
	rewrite("a", "", loud("a"));
	ck_assert(!load_again());
	ck_assert_uint_eq(problems.count, 1);
	ck_assert_str_eq(problems.items[0].file, "connectors.d/b.yaml");
	bench_turns(20);
	ck_assert_int_eq(bench_status("a").pid, a);
	ck_assert_int_eq(bench_status("b").pid, b);
}
END_TEST

START_TEST(a_connector_that_is_not_there_is_told)
{
	start_two();
	bench_instance("c", "there-is-none", "", NULL);
	ck_assert(!load_again());
	ck_assert_ptr_nonnull(strstr(problems.items[0].text, "there is no connector"));
}
END_TEST

static unsigned answers, failures;

static void on_answer(void *data, const struct frame *f, const char *why)
{
	(void)data;
	(void)why;
	answers++;
	failures += f == NULL;
}

START_TEST(requests_outlive_the_child_that_makes_way)
{
	struct msg_request request = { .method = "POST", .path = "/" };
	struct jembatan_bytes body = bytes_text("{\"do\": \"message\", \"id\": \"r\", \"text\": \"x\"}");
	start_two();
	answers = failures = 0;
	for (int i = 0; i < 40; i++)
		bench_ok(intake_call(bench.intake, "b", MSG_REQUEST, msg_request_fields, &request, body,
				     on_answer, NULL, &bench.why));
	rewrite("b", "", loud("b"));
	ck_assert(load_again());
	bench_until(answers == 40);
	ck_assert_uint_eq(failures, 0);
}
END_TEST

/* ---- no process, no socket --------------------------------------------- */

/* Starts while one descriptor is left: too few for a socket pair. */
static void start_short_of_descriptors(void)
{
	struct rlimit usual, tight;
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &usual), 0);
	int next_fd = dup(STDERR_FILENO);
	tight = usual;
	tight.rlim_cur = (rlim_t)next_fd + 1;
	close(next_fd);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &tight), 0);
	bench_start();
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &usual), 0);
}

START_TEST(a_plugin_that_could_not_be_asked_what_it_is_is_asked_again)
{
	bench_instance("a", "script", "", NULL);
	bench_open();
	start_short_of_descriptors();
	ck_assert_ptr_nonnull(strstr(bench_status("a").alarm, "it is tried again"));
	clock_advance(3000);
	bench_until(strcmp(bench_status("a").state, "waiting") == 0);
	ck_assert_ptr_null(bench_status("a").alarm);
}
END_TEST

START_TEST(a_reload_need_not_wait_until_it_is_asked_again)
{
	bench_instance("a", "script", "", NULL);
	bench_open();
	start_short_of_descriptors();
	ck_assert(load_again());
	bench_until(strcmp(bench_status("a").state, "waiting") == 0);
	bench_advance(HOUR);
	bench_until(strcmp(bench_status("a").state, "waiting") == 0 &&
		    bench_status("a").alarm == NULL);
}
END_TEST

/* ---- alive? ------------------------------------------------------------- */

static int log_fd, usual_stderr;

static void listen_to_log(void)
{
	log_fd = memfd_create("log", MFD_CLOEXEC);
	usual_stderr = dup(STDERR_FILENO);
	ck_assert(log_fd >= 0 && usual_stderr >= 0 && dup2(log_fd, STDERR_FILENO) >= 0);
}

static const char *log_so_far(void)
{
	static char text[8192];
	ck_assert_int_ge(dup2(usual_stderr, STDERR_FILENO), 0);
	close(usual_stderr);
	ssize_t n = pread(log_fd, text, sizeof(text) - 1, 0);
	ck_assert_int_ge(n, 0);
	text[n] = '\0';
	close(log_fd);
	return text;
}

START_TEST(a_channel_without_a_poll_for_three_intervals_is_silent)
{
	bench_instance("a", "misbehave", "every: 2m\n", "  act: none\n");
	bench_open();
	bench_start();
	bench_until(strcmp(bench_status("a").state, "waiting") == 0);
	bench.holds = true; /* what it brings is not committed: no poll ends */
	clock_advance(6 * MINUTE - 1000);
	ck_assert(!bench_status("a").silent);
	clock_advance(2000);
	ck_assert(bench_status("a").silent);
	listen_to_log();
	intake_look(bench.intake);
	intake_look(bench.intake);
	bench.holds = false;
	bench_until(!bench_status("a").silent);
	intake_look(bench.intake);
	const char *log = log_so_far();
	const char *told = strstr(log, "no poll has succeeded");
	ck_assert(told != NULL && strstr(told + 1, "no poll has succeeded") == NULL);
	ck_assert_ptr_nonnull(strstr(log, "the silence of its polls is over, after 361 s"));
	bench_ok(intake_pause(bench.intake, "a", &bench.why));
	clock_advance(HOUR);
	ck_assert(!bench_status("a").silent); /* somebody wants it so */
	bench_ok(intake_resume(bench.intake, "a", &bench.why));
	ck_assert(!bench_status("a").silent); /* it had no time yet */
}
END_TEST

START_TEST(a_channel_that_brings_nothing_is_quiet_only_when_that_was_asked_for)
{
	bench_instance("a", "script", "every: 1m\nquiet_alarm: 2h\n", NULL);
	bench_instance("b", "script", "every: 1m\n", NULL);
	bench_script("a", "{\"do\": \"message\", \"id\": \"1\", \"text\": \"Jalan rusak\"}\n");
	bench_open();
	bench_start();
	bench_until(bench_messages("a") == 1);
	clock_advance(2 * HOUR - MINUTE);
	ck_assert(!bench_status("a").quiet);
	clock_advance(2 * MINUTE);
	ck_assert(bench_status("a").quiet);
	ck_assert(!bench_status("b").quiet);
	/* A restart is no message. */
	bench_close();
	bench_open();
	bench_start();
	ck_assert(bench_status("a").quiet);
	bench_script("a", "{\"do\": \"message\", \"id\": \"2\", \"text\": \"Lampu padam\"}\n");
	bench_until(bench_messages("a") == 2);
	bench_turns(3);
	ck_assert(!bench_status("a").quiet);
}
END_TEST

static void on_answered(void *data, const struct frame *answer, const char *sentence)
{
	ck_assert_msg(answer != NULL, "%s", sentence);
	*(bool *)data = true;
}

static void on_submitted(void *data, const struct intake_submitted *s)
{
	ck_assert_int_eq(s->problem, MSG_PROBLEM_NONE);
	*(bool *)data = true;
}

/* A webhook and a form: nothing is polled there, so nothing else can tell. */
START_TEST(a_channel_that_is_only_brought_messages_can_be_quiet_too)
{
	const struct msg_request request = { .method = "POST", .path = "/sign", .peer = "127.0.0.1" };
	const struct msg_request elsewhere = { .method = "GET", .path = "/echo", .peer = "127.0.0.1" };
	const struct intake_submission form = {
		.api_key = "kunci-uji-pengaduan-0123456789",
		.body = bytes_text("{\"text\": \"Lampu padam\"}"),
	};
	bool answered = false, submitted = false;
	bench_instance("a", "hook", "quiet_alarm: 2h\n", "  {}\n");
	bench_script("b.key", form.api_key); /* into b.key.jsonl */
	ck_assert_int_eq(chmod(bench_path("b.key.jsonl"), 0600), 0);
	bench_instance("b", "intake", "quiet_alarm: 2h\n",
		       arena_printf(bench.arena, "  keys: {uji: {file: %s}}\n", bench_path("b.key.jsonl")));
	bench_open();
	bench_start();
	bench_ok(intake_call(bench.intake, "a", MSG_REQUEST, msg_request_fields, &elsewhere,
			     bytes_text(""), on_answered, &answered, &bench.why));
	bench_until(answered); /* it is there; this was no message */
	answered = false;
	clock_advance(2 * HOUR - MINUTE);
	ck_assert(!bench_status("a").quiet && !bench_status("b").quiet);
	clock_advance(2 * MINUTE);
	ck_assert(bench_status("a").quiet && bench_status("b").quiet);
	ck_assert(!bench_status("a").silent && !bench_status("b").silent);
	bench_ok(intake_call(bench.intake, "a", MSG_REQUEST, msg_request_fields, &request,
			     bytes_text("Jalan rusak"), on_answered, &answered, &bench.why));
	intake_submit(bench.intake, "b", &form, on_submitted, &submitted);
	bench_until(answered && submitted);
	ck_assert(!bench_status("a").quiet && !bench_status("b").quiet);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("intake_reload");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, only_what_changed_gets_another_child);
	tcase_add_loop_test(t, a_file_that_an_option_names_is_read_anew, 0, 2);
	tcase_add_test(t, one_whose_row_the_store_refused_gets_it_at_the_next_reload);
	tcase_add_test(t, what_its_child_does_not_see_takes_none_away);
	tcase_add_test(t, one_that_is_not_configured_goes_and_finds_its_rows_again);
	tcase_add_test(t, one_that_goes_is_known_until_its_messages_are_decided);
	tcase_add_test(t, a_wrong_option_is_told_and_touches_nothing);
	tcase_add_test(t, a_connector_that_is_not_there_is_told);
	tcase_add_test(t, requests_outlive_the_child_that_makes_way);
	tcase_add_test(t, a_plugin_that_could_not_be_asked_what_it_is_is_asked_again);
	tcase_add_test(t, a_reload_need_not_wait_until_it_is_asked_again);
	tcase_add_test(t, a_channel_without_a_poll_for_three_intervals_is_silent);
	tcase_add_test(t, a_channel_that_brings_nothing_is_quiet_only_when_that_was_asked_for);
	tcase_add_test(t, a_channel_that_is_only_brought_messages_can_be_quiet_too);
	return unit_run("intake_reload", t);
}
