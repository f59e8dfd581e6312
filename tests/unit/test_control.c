/* test_control.c: the socket of the command: rights, arguments, answers, and
 * peers that do not behave. The daemon runs in the test's own process. */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "app_bench.h"
#include "base/clock.h"
#include "base/jx.h"
#include "base/msg.h"

#define TEXT "Jalan di depan balai desa rusak parah sejak bulan lalu"
#define MINUTE 60000

struct answer {
	bool ended, gone;
	unsigned exit_code;
	char why[700];
	json_t *rows;
};

static struct answer answer;

static void setup(void)
{
	app_bench_setup();
	answer = (struct answer){ .rows = json_array() };
}

static void teardown(void)
{
	json_decref(answer.rows);
	app_bench_teardown();
}

static void open_with(const char *lines, unsigned count)
{
	bench_instance("a", "script", "every: 1s\npush: review\n", NULL);
	app_bench_open();
	if (count > 0)
		app_bench_say("a", lines, count);
}

static const char *message(const char *id)
{
	return arena_printf(bench.arena, "{\"do\": \"message\", \"id\": \"%s\", "
			    "\"text\": \"" TEXT " %s\"}\n", id, id);
}

/* ---- a peer ------------------------------------------------------------ */

static struct sockaddr_un address_of_daemon(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	str_copy(address.sun_path, sizeof(address.sun_path), bench_path("run/control.sock"));
	return address;
}

static int connect_daemon(void)
{
	struct sockaddr_un address = address_of_daemon();
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void take(const struct frame *f)
{
	json_t *row = NULL;
	struct arena *arena = arena_new();
	if (f->type == MSG_ROW) {
		bench_ok(jx_parse(f->blob, &row, &bench.why));
		json_array_append_new(answer.rows, row);
	} else if (f->type == MSG_END) {
		struct msg_end end = { 0 };
		bench_ok(field_unpack(msg_end_fields, f->meta, arena, &end, &bench.why));
		answer.ended = true;
		answer.exit_code = end.exit_code;
		str_copy(answer.why, sizeof(answer.why), end.why != NULL ? end.why : "");
	}
	arena_free(arena);
}

static void send_command(struct channel *channel, const char *name,
			 const struct msg_argument *arguments, size_t count)
{
	struct msg_command c = { .name = name, .arguments = arguments, .argument_count = count };
	bench_ok(channel_put(channel, MSG_COMMAND, 1, msg_command_fields, &c, bytes_text(NULL),
			     &bench.why));
	bench_ok(channel_flush(channel, &bench.why));
}

static bool hear(struct channel *channel)
{
	struct frame f;
	while (!answer.ended && channel_next(channel, &f, &bench.why) == JEMBATAN_OK)
		take(&f);
	if (!answer.ended && channel_fill(channel, &bench.why) == JEMBATAN_GONE)
		answer.gone = true;
	return answer.ended || answer.gone;
}

/* Ask, and hear all of it: the exit code. */
static unsigned ask(const char *name, const struct msg_argument *arguments, size_t count)
{
	struct channel *channel = channel_new(connect_daemon());
	json_array_clear(answer.rows);
	answer = (struct answer){ .rows = answer.rows };
	send_command(channel, name, arguments, count);
	bench_until(hear(channel));
	ck_assert(!answer.gone);
	channel_free(channel);
	bench_turns(2);
	return answer.exit_code;
}

static unsigned ask_one(const char *name, const char *argument, const char *value)
{
	return ask(name, &(struct msg_argument){ argument, value }, argument != NULL);
}

static const char *row_text(size_t n, const char *key)
{
	return jx_text(json_array_get(answer.rows, n), key);
}

static json_t *find_row(const char *type)
{
	size_t i;
	json_t *row;
	json_array_foreach(answer.rows, i, row)
		if (str_equal(jx_text(row, "type"), type))
			return row;
	return NULL;
}

/* ---- commands ---------------------------------------------------------- */

static const struct {
	const char *command, *argument, *value;
	unsigned exit_code;
} wrong[] = {
	{ "dance", NULL, NULL, EX_USAGE },
	{ "explain", NULL, NULL, EX_NOINPUT },
	{ "explain", "name", "JB-AAAAAA", EX_NOINPUT },
	{ "explain", "name", "m", EX_NOINPUT },
	{ "explain", "name", "m1x", EX_NOINPUT },
	{ "explain", "name", "m99999999999999999999999", EX_NOINPUT },
	{ "review accept", NULL, NULL, EX_NOINPUT },
	{ "review accept", "name", "JB-AAAAAA", EX_NOINPUT },
	{ "review reject", "name", "", EX_NOINPUT },
	{ "unknown confirm", "id", "1", EX_USAGE },
	{ "unknown resend", "id", "one", EX_USAGE },
	{ "unknown resend", "id", "1", EX_CONFIG }, /* no centre is configured */
	{ "quarantine show", NULL, NULL, EX_USAGE },
	{ "quarantine show", "id", "", EX_USAGE },
	{ "quarantine show", "id", "1 ", EX_USAGE },
	{ "quarantine show", "id", "99999999999999999999", EX_USAGE },
	{ "quarantine show", "id", "1", EX_NOINPUT },
	{ "quarantine replay", "id", "7", EX_NOINPUT },
	{ "quarantine replay", "id", "x", EX_USAGE },
	{ "quarantine drop", "id", "-1", EX_NOINPUT },
	{ "pause", NULL, NULL, EX_USAGE },
	{ "pause", "name", "nobody", EX_NOINPUT },
	{ "resume", "name", "nobody", EX_NOINPUT },
	{ "backfill", "name", "a", EX_USAGE },
	{ "backfill", "since_ms", "5", EX_USAGE },
};

START_TEST(a_command_that_cannot_be_carried_out_says_so)
{
	open_with(NULL, 0);
	ck_assert_uint_eq(ask_one(wrong[_i].command, wrong[_i].argument, wrong[_i].value),
			  wrong[_i].exit_code);
	ck_assert_str_ne(answer.why, "");
	/* And the daemon is as good as before. */
	ck_assert_uint_eq(ask_one("status", NULL, NULL), EX_OK);
	ck_assert(!db_in_transaction(bench.db));
}
END_TEST

START_TEST(status_shows_daemon_instance_and_centre)
{
	open_with(message("1"), 1);
	ck_assert_uint_eq(ask_one("status", NULL, NULL), EX_OK);
	ck_assert_int_eq(jx_integer(find_row("daemon"), "messages", 0), 1);
	ck_assert_str_eq(jx_text(find_row("instance"), "name"), "a");
	ck_assert_str_eq(jx_text(find_row("central"), "state"), "not configured");
	ck_assert_ptr_null(find_row("alarm"));
}
END_TEST

START_TEST(a_plugin_s_long_sentence_does_not_break_the_answer)
{
	struct buf line;
	buf_init(&line, 10000);
	buf_add_text(&line, "{\"do\": \"return\", \"result\": \"auth\", \"why\": \"");
	for (int i = 0; i < 400; i++)
		buf_add_text(&line, "\xc3\xa9"); /* it will be cut in the middle of one */
	buf_add_text(&line, "\"}\n");
	open_with(NULL, 0);
	bench_script("a", line.data);
	buf_done(&line);
	int64_t until = bench_real_ms() + 20000;
	while (bench_status("a").alarm == NULL && bench_real_ms() < until)
		bench_advance(200);
	ck_assert_uint_eq(ask_one("status", NULL, NULL), EX_OK);
	ck_assert_ptr_nonnull(find_row("instance"));
	ck_assert_ptr_nonnull(find_row("alarm"));
}
END_TEST

START_TEST(a_request_only_or_freshly_started_channel_raises_no_false_alarm)
{
	open_with(NULL, 0);
	bench_until(bench_status("a").last_ok_ms > 0);
	app_bench_close();
	clock_advance((int64_t)24 * 60 * MINUTE); /* we were down for a day */
	app_bench_open();
	ck_assert_uint_eq(ask_one("status", NULL, NULL), EX_OK);
	ck_assert_ptr_null(find_row("alarm"));
}
END_TEST

START_TEST(without_a_descriptor_left_the_daemon_waits_instead_of_spinning)
{
	struct rlimit limit, none;
	open_with(NULL, 0);
	bench_until(bench_status("a").last_ok_ms > 0);
	bench_turns(20);
	int fd = connect_daemon(); /* it is in the queue */
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = (struct rlimit){ 3, limit.rlim_max };
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	loop_turn(bench.loop, 100);
	/* Nothing is due, the clock stands: a turn takes as long as it may. */
	int64_t began = bench_real_ms();
	for (int i = 0; i < 3; i++)
		loop_turn(bench.loop, 50);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_int_ge(bench_real_ms() - began, 60);
	bench_advance(1000);
	struct channel *channel = channel_new(fd);
	answer = (struct answer){ .rows = answer.rows };
	send_command(channel, "status", NULL, 0);
	bench_until(hear(channel));
	ck_assert_uint_eq(answer.exit_code, EX_OK);
	channel_free(channel);
}
END_TEST

START_TEST(review_accepts_and_rejects)
{
	open_with(arena_printf(bench.arena, "%s%s%s", message("1"), message("2"), message("3")), 3);
	ck_assert_uint_eq(ask_one("review list", NULL, NULL), EX_OK);
	ck_assert_uint_eq(json_array_size(answer.rows), 3);
	const char *first = arena_strdup(bench.arena, row_text(0, "reference"));
	ck_assert_uint_eq(ask_one("review accept", "name", first), EX_OK);
	ck_assert_uint_eq(ask_one("review accept", "name", first), EX_DATAERR);
	ck_assert_uint_eq(ask("review reject", (struct msg_argument[]){ { "name", "all" },
		{ "reason", "iklan" } }, 2), EX_OK);
	ck_assert_str_eq(answer.why, "2 rejected");
	ck_assert_int_eq(app_bench_ticket(0).state, TICKET_QUEUED);
	ck_assert_int_eq(app_bench_ticket(1).state, TICKET_REJECTED);
	ck_assert_str_eq(app_bench_ticket(2).reason, "iklan");
}
END_TEST

START_TEST(all_that_wait_are_decided_in_slices)
{
	CLEANUP(buf_done) struct buf lines;
	struct db_stats before, after;
	buf_init(&lines, 1u << 20);
	for (int i = 1; i <= 120; i++)
		buf_add_text(&lines, message(arena_printf(bench.arena, "%d", i)));
	open_with(lines.data, 120);
	db_stats(bench.db, &before);
	ck_assert_uint_eq(ask_one("review accept", "name", "all"), EX_OK);
	ck_assert_str_eq(answer.why, "120 accepted");
	db_stats(bench.db, &after);
	ck_assert_uint_ge(after.commits - before.commits, 3);
	ck_assert_uint_eq(ask_one("review accept", "name", "all"), EX_OK);
	ck_assert_str_eq(answer.why, "0 accepted");
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_CREATE), 64); /* as many as the bench lists */
}
END_TEST

START_TEST(a_ticket_is_corrected_before_it_is_sent)
{
	open_with(message("1"), 1);
	const char *name = app_bench_ticket(0).reference;
	struct msg_argument change[] = { { "name", name }, { "title", " Judul\tbaru \x1b" },
					 { "text", "Isi yang\r\nbaru" } };
	ck_assert_uint_eq(ask("tickets edit", change, 3), EX_OK);
	ck_assert_uint_eq(ask_one("review show", "name", name), EX_OK);
	json_t *row = find_row("body");
	ck_assert_str_eq(jx_text(row, "body.title"), "Judul\tbaru");
	ck_assert_str_eq(jx_text(row, "body.content_edited"), "Isi yang\nbaru");
	ck_assert_str_eq(jx_text(row, "body.content_original"), TEXT " 1");
	ck_assert_ptr_nonnull(jx_text(row, "body.title_original"));
	ck_assert_ptr_nonnull(strstr(app_bench_history(1), "edited"));
	ck_assert_uint_eq(ask("tickets edit", change, 1), EX_DATAERR); /* nothing to change */
	ck_assert_uint_eq(ask("tickets edit", (struct msg_argument[]){ { "name", name },
		{ "text", " \n" } }, 2), EX_DATAERR);
	ck_assert_uint_eq(ask_one("review accept", "name", name), EX_OK);
	ck_assert_uint_eq(ask("tickets edit", change, 3), EX_DATAERR); /* it may be under way */
}
END_TEST

START_TEST(explain_tells_the_history_of_a_ticket_by_any_name)
{
	open_with(message("1"), 1);
	const char *names[] = { app_bench_ticket(0).reference, "m1" };
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		ck_assert_uint_eq(ask_one("explain", "name", names[i]), EX_OK);
		ck_assert_ptr_nonnull(find_row("ticket"));
		ck_assert_ptr_nonnull(find_row("message"));
		ck_assert_str_eq(jx_text(find_row("event"), "what"), "review");
	}
}
END_TEST

START_TEST(who_asked_stands_in_the_audit)
{
	open_with(message("1"), 1);
	ck_assert_uint_eq(ask_one("review accept", "name", app_bench_ticket(0).reference), EX_OK);
	ck_assert_uint_eq(ask_one("explain", "name", "m1"), EX_OK);
	size_t last = json_array_size(answer.rows) - 1;
	ck_assert_str_eq(row_text(last, "what"), "accepted");
	ck_assert_str_ne(row_text(last, "actor"), "jembatan");
}
END_TEST

START_TEST(pausing_the_centre_outlives_the_daemon)
{
	int64_t paused = 0;
	open_with(NULL, 0);
	ck_assert_uint_eq(ask_one("pause", "name", "central"), EX_OK);
	bench_ok(instances_flag_get(bench.db, "central.paused", &paused, &bench.why));
	ck_assert_int_eq(paused, 1);
	ck_assert_uint_eq(ask_one("resume", "name", "central"), EX_OK);
	bench_ok(instances_flag_get(bench.db, "central.paused", &paused, &bench.why));
	ck_assert_int_eq(paused, 0);
}
END_TEST

/* Makes `count` records in quarantine, each of `size` bytes. */
static void quarantine(size_t count, size_t size)
{
	CLEANUP(free_pointer) char *raw = xcalloc(1, size + 1);
	memset(raw, 'x', size);
	bench_ok(db_begin(bench.db, &bench.why));
	for (size_t i = 0; i < count; i++) {
		char name[32];
		int64_t id;
		snprintf(name, sizeof(name), "%zu", i);
		struct digest key = digest_sha256(bytes_text(name));
		struct msg_begin begin = { .id = name };
		bench_ok(quarantine_add(bench.db, bench_status("a").id, &key, &begin, bytes_text(raw),
					"not readable", clock_now_ms(), &id, &bench.why));
		if (i + 1 < count) /* all but the last are done with */
			bench_ok(quarantine_set_dropped(bench.db, id, &bench.why));
	}
	bench_ok(db_commit(bench.db, &bench.why));
}

START_TEST(what_waits_in_quarantine_is_listed_behind_thousands_that_do_not)
{
	open_with(NULL, 0);
	quarantine(2500, 3);
	ck_assert_uint_eq(ask_one("quarantine list", NULL, NULL), EX_OK);
	ck_assert_uint_eq(json_array_size(answer.rows), 1);
	ck_assert_uint_eq(ask_one("quarantine list", "all", "yes"), EX_OK);
	ck_assert_uint_eq(json_array_size(answer.rows), 2000); /* the command asks on */
}
END_TEST

START_TEST(a_record_is_shown_in_pieces_of_which_none_is_lost)
{
	size_t bytes = 0, answers = 0;
	const size_t size = 4000000;
	open_with(NULL, 0);
	quarantine(1, size);
	do {
		char from[32];
		snprintf(from, sizeof(from), "%zu", bytes);
		struct msg_argument arguments[] = { { "id", "1" }, { "from", from } };
		ck_assert_uint_eq(ask("quarantine show", arguments, bytes > 0 ? 2 : 1), EX_OK);
		size_t i;
		json_t *row;
		json_array_foreach(answer.rows, i, row)
			if (jx_text(row, "hex") != NULL)
				bytes += strlen(jx_text(row, "hex")) / 2;
		answers++;
	} while (json_array_size(answer.rows) > 0);
	ck_assert_uint_eq(bytes, size);
	ck_assert_uint_eq(answers, 3);
}
END_TEST

START_TEST(a_record_that_can_be_read_now_is_replayed)
{
	open_with(NULL, 0);
	bench_ok(db_begin(bench.db, &bench.why));
	struct digest key = digest_sha256(bytes_text(message("7")));
	struct msg_record_keys keys = msg_record_keys("7", &key);
	struct msg_begin begin = { .id = "7" };
	int64_t id;
	bench_ok(quarantine_add(bench.db, bench_status("a").id, &keys.record, &begin,
				bytes_text(message("7")), "not readable", 1, &id, &bench.why));
	bench_ok(db_commit(bench.db, &bench.why));
	ck_assert_uint_eq(ask_one("quarantine replay", "id", "1"), EX_OK);
	bench_until(app_bench_tickets() == 1);
	ck_assert_int_eq(bench_quarantined(), 0);
}
END_TEST

START_TEST(a_dry_run_answers_with_what_it_found)
{
	open_with(message("1"), 1);
	struct msg_argument arguments[] = { { "name", "a" }, { "since_ms", "5" }, { "dry_run", "y" } };
	ck_assert_uint_eq(ask("backfill", arguments, 3), EX_OK);
	ck_assert_int_eq(jx_integer(find_row("backfill"), "messages", 0), 1);
	ck_assert_int_eq(bench_messages("a"), 1);
}
END_TEST

/* ---- peers ------------------------------------------------------------- */

START_TEST(nobody_but_root_and_the_daemon_s_user_is_heard)
{
	struct stat st;
	open_with(NULL, 0);
	ck_assert_int_eq(stat(bench_path("run/control.sock"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	if (getuid() != 0)
		return; /* nobody else can be played; the mode says it */
	ck_assert_int_eq(chmod(bench_path("run/control.sock"), 0666), 0);
	ck_assert_int_eq(chmod(bench.folder, 0755), 0);
	pid_t pid = fork();
	if (pid == 0) {
		char c;
		if (setgid(65534) != 0 || setuid(65534) != 0)
			_exit(9);
		struct sockaddr_un address = address_of_daemon();
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);
		if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
			_exit(8);
		_exit(recv(fd, &c, 1, 0) == 0 ? 0 : 7); /* closed without a word */
	}
	int status = -1;
	bench_until(waitpid(pid, &status, WNOHANG) == pid);
	ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

START_TEST(garbage_ends_the_connection_and_nothing_else)
{
	open_with(NULL, 0);
	int fd = connect_daemon();
	char c;
	ck_assert_int_eq(send(fd, "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
	bench_turns(5);
	ck_assert_int_eq(recv(fd, &c, 1, MSG_DONTWAIT), 0);
	close(fd);
	ck_assert_uint_eq(ask_one("status", NULL, NULL), EX_OK);
}
END_TEST

START_TEST(a_peer_that_leaves_in_the_middle_of_a_job_costs_nothing)
{
	open_with(message("1"), 1);
	struct msg_argument arguments[] = { { "name", "a" }, { "since_ms", "5" }, { "dry_run", "y" } };
	struct channel *channel = channel_new(connect_daemon());
	send_command(channel, "backfill", arguments, 3);
	bench_turns(2);
	channel_free(channel);
	bench_turns(20);
	bench_until(ask("backfill", arguments, 3) != EX_TEMPFAIL);
	ck_assert_uint_eq(answer.exit_code, EX_OK);
}
END_TEST

START_TEST(a_peer_that_does_not_read_is_let_go)
{
	open_with(NULL, 0);
	quarantine(1, 4000000);
	struct channel *channel = channel_new(connect_daemon());
	/* 4 MB of hex an answer: more than a socket holds. */
	send_command(channel, "quarantine show", &(struct msg_argument){ "id", "1" }, 1);
	bench_turns(5);
	for (int i = 0; i < 4; i++)
		bench_advance(MINUTE);
	/* What was sent is there; then the end, in the middle of the answer. */
	struct frame f;
	while (channel_fill(channel, &bench.why) == JEMBATAN_OK)
		while (channel_next(channel, &f, &bench.why) == JEMBATAN_OK)
			take(&f);
	ck_assert(!answer.ended);
	ck_assert_int_eq(channel_fill(channel, &bench.why), JEMBATAN_GONE);
	channel_free(channel);
}
END_TEST

START_TEST(silent_peers_do_not_lock_the_others_out)
{
	int fds[40];
	open_with(NULL, 0);
	for (size_t i = 0; i < COUNT_OF(fds); i++) {
		fds[i] = connect_daemon();
		bench_turns(2);
	}
	for (int i = 0; i < 2; i++)
		bench_advance(MINUTE + 1000);
	ck_assert_uint_eq(ask_one("status", NULL, NULL), EX_OK);
	for (size_t i = 0; i < COUNT_OF(fds); i++)
		close(fds[i]);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("control");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, a_command_that_cannot_be_carried_out_says_so, 0, COUNT_OF(wrong));
	tcase_add_test(t, status_shows_daemon_instance_and_centre);
	tcase_add_test(t, a_plugin_s_long_sentence_does_not_break_the_answer);
	tcase_add_test(t, a_request_only_or_freshly_started_channel_raises_no_false_alarm);
	tcase_add_test(t, without_a_descriptor_left_the_daemon_waits_instead_of_spinning);
	tcase_add_test(t, review_accepts_and_rejects);
	tcase_add_test(t, all_that_wait_are_decided_in_slices);
	tcase_add_test(t, a_ticket_is_corrected_before_it_is_sent);
	tcase_add_test(t, explain_tells_the_history_of_a_ticket_by_any_name);
	tcase_add_test(t, who_asked_stands_in_the_audit);
	tcase_add_test(t, pausing_the_centre_outlives_the_daemon);
	tcase_add_test(t, what_waits_in_quarantine_is_listed_behind_thousands_that_do_not);
	tcase_add_test(t, a_record_is_shown_in_pieces_of_which_none_is_lost);
	tcase_add_test(t, a_record_that_can_be_read_now_is_replayed);
	tcase_add_test(t, a_dry_run_answers_with_what_it_found);
	tcase_add_test(t, nobody_but_root_and_the_daemon_s_user_is_heard);
	tcase_add_test(t, garbage_ends_the_connection_and_nothing_else);
	tcase_add_test(t, a_peer_that_leaves_in_the_middle_of_a_job_costs_nothing);
	tcase_add_test(t, a_peer_that_does_not_read_is_let_go);
	tcase_add_test(t, silent_peers_do_not_lock_the_others_out);
	return unit_run("control", t);
}
