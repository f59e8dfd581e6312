/* test_confine.c: what a plugin cannot do, and what is left of it when it dies:
 * the plugins misbehave and odd in a real, confined child. */
#include "core_side.h"

#include "base/fault.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

static struct core_side core;
static struct msg_option option[6];

static void setup(void)
{
	core_side_setup(&core);
	core.open.options = option;
	core.open.option_count = 0;
}

static void teardown(void)
{
	core_side_teardown(&core);
}

static void set_option(const char *name, const char *entry, const char *value)
{
	option[core.open.option_count++] = (struct msg_option){ name, entry, value, "a.yaml:1" };
}

static void open_act(const char *act)
{
	set_option("act", NULL, act);
	core_side_open(&core, "misbehave");
}

/* Poll once; what the plugin explained. */
static const char *poll_act(const char *act, enum jembatan_result result)
{
	open_act(act);
	core_side_ask(&core, MSG_POLL);
	return core_side_expect_done(&core, result);
}

/* ---- confinement ---- */

static const char *const abis[] = { NULL, "JEMBATAN_LANDLOCK_ABI=1", "JEMBATAN_LANDLOCK_ABI=2",
				    "JEMBATAN_LANDLOCK_ABI=3", "JEMBATAN_LANDLOCK_ABI=4",
				    "JEMBATAN_LANDLOCK_ABI=5", "JEMBATAN_LANDLOCK_ABI=6" };

START_TEST(nothing_outside_is_within_reach)
{
	core.environment = abis[_i];
	ck_assert_str_eq(poll_act("probe", JEMBATAN_IDLE), "allowed:");
	core_side_stop(&core);
}
END_TEST

START_TEST(names_are_resolved_within_the_confinement)
{
	core.environment = abis[_i];
	ck_assert_str_eq(poll_act("resolve", JEMBATAN_IDLE), "resolve: done");
}
END_TEST

START_TEST(a_path_is_open_only_when_granted)
{
	const char *path = core_side_write(&core, "granted", "x");
	struct msg_grant grant = { .path = path, .writable = _i == 2 };
	ck_assert_int_eq(chmod(path, 0666), 0);
	set_option("path", NULL, path);
	/* The plugin's own folder is readable: look elsewhere for a refusal. */
	if (_i == 0)
		option[0].value = "/etc/group";
	core.open.grants = &grant;
	core.open.grant_count = 1;
	if (_i == 0)
		ck_assert_str_eq(poll_act("open-file", JEMBATAN_DATA), "open: EACCES");
	else if (_i == 1)
		ck_assert_str_eq(poll_act("write-file", JEMBATAN_DATA), "open: EACCES");
	else
		ck_assert_str_eq(poll_act("write-file", JEMBATAN_IDLE), "open: done");
}
END_TEST

START_TEST(a_granted_file_elsewhere_can_be_read)
{
	struct msg_grant grants[] = { { "/does/not/exist", false }, { "/etc/group", false } };
	set_option("path", NULL, "/etc/group");
	core.open.grants = grants;
	core.open.grant_count = 2;
	ck_assert_str_eq(poll_act("open-file", JEMBATAN_IDLE), "open: done");
}
END_TEST

/* A listening socket on a free port of 127.0.0.1. */
static int listen_somewhere(char port[8])
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, size), 0);
	ck_assert_int_eq(listen(fd, 5), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &size), 0);
	snprintf(port, 8, "%u", ntohs(a.sin_port));
	return fd;
}

START_TEST(the_network_is_open_to_polls_and_closed_to_check_and_preview)
{
	char port[8];
	int fd = listen_somewhere(port);
	set_option("port", NULL, port);
	core.open.mode = _i == 1 ? JEMBATAN_MODE_CHECK : _i == 2 ? JEMBATAN_MODE_PREVIEW : 0;
	open_act("connect");
	if (_i == 2)
		core_side_send(&core, MSG_SAMPLE, msg_sample_fields, &(struct msg_sample){ true },
			       bytes_text("x"));
	else
		core_side_ask(&core, _i == 1 ? MSG_CHECK : MSG_POLL);
	ck_assert_str_eq(core_side_expect_done(&core, _i == 0 ? JEMBATAN_IDLE : JEMBATAN_DATA),
			 _i == 0 ? "connect: done" : "socket: EACCES");
	close(fd);
}
END_TEST

START_TEST(without_landlock_a_required_confinement_is_a_refusal)
{
	core.environment = "JEMBATAN_LANDLOCK_ABI=0";
	core_side_install(&core, "misbehave", NULL);
	core_side_start(&core, "misbehave");
	core_side_send(&core, MSG_OPEN, msg_open_fields, &core.open, bytes_of(NULL, 0));
	const char *why = core_side_expect_done(&core, JEMBATAN_CONFIG);
	ck_assert_ptr_nonnull(strstr(why, "no landlock"));
	int status = core_side_wait(&core);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 78);
}
END_TEST

START_TEST(without_landlock_a_preferred_confinement_says_that_it_is_degraded)
{
	struct msg_manifest m = { 0 };
	core.environment = "JEMBATAN_LANDLOCK_ABI=0";
	core.confinement = "preferred";
	set_option("act", NULL, "probe");
	core_side_install(&core, "misbehave", NULL);
	core_side_start(&core, "misbehave");
	core_side_send(&core, MSG_OPEN, msg_open_fields, &core.open, bytes_of(NULL, 0));
	core_side_expect(&core, MSG_MANIFEST, msg_manifest_fields, &m);
	ck_assert(m.confinement_degraded);
	ck_assert_ptr_nonnull(strstr(m.confinement, "no landlock"));
	ck_assert_ptr_nonnull(strstr(m.confinement, "seccomp"));
	core_side_expect_done(&core, JEMBATAN_OK);
	core_side_ask(&core, MSG_POLL);
	/* The system calls stay refused; the files are what is lost. */
	ck_assert_str_eq(core_side_expect_done(&core, JEMBATAN_IDLE), "allowed: etc-passwd tmp");
	unlink("/tmp/misbehave");
}
END_TEST

/* ---- plugins that are refused ---- */

/* DONE(CONFIG) to DESCRIBE, exit 78; the sentence. */
static const char *refusal(const char *plugin)
{
	core_side_start(&core, plugin);
	core_side_ask(&core, MSG_DESCRIBE);
	const char *why = core_side_expect_done(&core, JEMBATAN_CONFIG);
	int status = core_side_wait(&core);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 78);
	return why;
}

static const struct {
	const char *name, *says;
} odd[] = {
	{ "newer-minor", "built for ABI 0.6, this host speaks 0.5: install a newer Jembatan" },
	{ "other-major", "built for ABI 1.5, this host speaks 0.5: rebuild" },
	{ "small", "smaller than ABI" },
	{ "nothing", "returns nothing" },
	{ "other-name", "name the file somebody-else.so" },
	{ "no-poll", "declares poll" },
	{ "bad-preset", "option size has a preset" },
	{ "twice", "colour is declared twice" },
};

START_TEST(a_table_that_is_wrong_is_refused_with_what_to_do)
{
	core_side_install(&core, "odd", odd[_i].name);
	const char *why = refusal(odd[_i].name);
	ck_assert_msg(strstr(why, odd[_i].says) != NULL, "%s", why);
}
END_TEST

START_TEST(what_is_no_plugin_is_refused)
{
	core_side_write(&core, "text.so", "this is no ELF file");
	ck_assert_ptr_nonnull(strstr(refusal("text"), "does not load"));
}
END_TEST

START_TEST(a_plugin_that_is_not_there_is_refused)
{
	ck_assert_ptr_nonnull(strstr(refusal("absent"), "there is no plugin"));
}
END_TEST

/* In a folder that is in a folder, and by a link from a good folder. */
static const struct {
	const char *path;
	mode_t mode;
	bool refused;
} writable[] = {
	{ "misbehave.so", 0755, false }, { "misbehave.so", 0644, false },
	{ "misbehave.so", 0775, true }, { "misbehave.so", 0757, true },
	{ "misbehave.so", 0646, true }, { "misbehave.so", 0664, true },
	{ "misbehave.so", 06775, true }, { "misbehave.so", 04755, false },
	{ ".", 0755, false }, { ".", 0775, true }, { ".", 0757, true },
	{ ".", 01777, false }, /* as /tmp: who owns a file keeps it */
	{ "..", 0755, false }, { "..", 0775, true }, { "..", 0757, true },
};

START_TEST(a_plugin_that_others_may_write_is_refused)
{
	char file[160], path[192], link[160];
	bool by_link = (size_t)_i >= COUNT_OF(writable);
	size_t row = (size_t)_i % COUNT_OF(writable);
	core_side_install(&core, "misbehave", NULL);
	snprintf(file, sizeof(file), "%s/outer", core.folder);
	ck_assert_int_eq(mkdir(file, 0755), 0);
	snprintf(file, sizeof(file), "%s/outer/inner", core.folder);
	ck_assert_int_eq(mkdir(file, 0755), 0);
	snprintf(path, sizeof(path), "%s/misbehave.so", core.folder);
	snprintf(file, sizeof(file), "%s/outer/inner/misbehave.so", core.folder);
	ck_assert_int_eq(rename(path, file), 0);
	snprintf(path, sizeof(path), "%s/outer/inner/%s", core.folder, writable[row].path);
	ck_assert_int_eq(chmod(path, writable[row].mode), 0);
	if (by_link) {
		snprintf(link, sizeof(link), "%s/misbehave.so", core.folder);
		ck_assert_int_eq(symlink("outer/inner/misbehave.so", link), 0);
	}
	const char *plugin = by_link ? "misbehave" : "outer/inner/misbehave";
	if (writable[row].refused) {
		ck_assert_ptr_nonnull(strstr(refusal(plugin), "may be changed by others"));
	} else {
		core_side_start(&core, plugin);
		core_side_ask(&core, MSG_DESCRIBE);
		core_side_expect(&core, MSG_MANIFEST, NULL, NULL);
	}
}
END_TEST

START_TEST(a_constructor_that_crashes_takes_only_its_child)
{
	core_side_install(&core, "odd", "crash-constructor");
	core_side_start(&core, "crash-constructor");
	core_side_ask(&core, MSG_DESCRIBE);
	ck_assert_int_ne(core_side_wait(&core), 0);
}
END_TEST

/* ---- misdeeds ---- */

START_TEST(a_record_that_kills_its_parser_has_reached_the_core)
{
	struct msg_begin begin = { 0 };
	set_option("ids", "0", "3");
	open_act("crash");
	core_side_ask(&core, MSG_POLL);
	for (int i = 1; i <= 3; i++) {
		struct frame f = core_side_expect(&core, MSG_BEGIN, msg_begin_fields, &begin);
		ck_assert_uint_gt(f.blob.size, 0);
		if (i < 3)
			core_side_expect(&core, MSG_MESSAGE, NULL, NULL);
	}
	ck_assert_str_eq(begin.id, "3");
	ck_assert_int_ne(core_side_wait(&core), 0);
}
END_TEST

START_TEST(a_crash_in_open_or_poll_ends_the_child)
{
	set_option("act", NULL, _i == 0 ? "crash-open" : "crash");
	core_side_install(&core, "misbehave", NULL);
	core_side_start(&core, "misbehave");
	core_side_send(&core, MSG_OPEN, msg_open_fields, &core.open, bytes_of(NULL, 0));
	core_side_expect(&core, MSG_MANIFEST, NULL, NULL);
	if (_i == 1) {
		core_side_expect_done(&core, JEMBATAN_OK);
		core_side_ask(&core, MSG_POLL);
	}
	ck_assert_int_ne(core_side_wait(&core), 0);
}
END_TEST

START_TEST(a_child_that_hangs_ends_at_sigterm)
{
	open_act("hang");
	core_side_ask(&core, MSG_POLL);
	kill(core.pid, SIGTERM);
	int status = core_side_wait(&core);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}
END_TEST

START_TEST(an_exit_without_an_answer_is_seen_as_such)
{
	open_act("exit0");
	core_side_ask(&core, MSG_POLL);
	ck_assert_int_eq(core_side_wait(&core), 0);
}
END_TEST

START_TEST(garbage_on_the_socket_is_no_frame)
{
	struct frame frame;
	struct why why;
	open_act(_i == 0 ? "garbage" : "half-frame");
	core_side_ask(&core, MSG_POLL);
	ck_assert_int_eq(channel_wait(core.channel, 20000, &frame, &why), JEMBATAN_DATA);
}
END_TEST

START_TEST(a_parent_cannot_be_killed)
{
	core.environment = abis[_i];
	ck_assert_str_eq(poll_act("kill-parent", JEMBATAN_DATA), "kill: EPERM");
}
END_TEST

#ifndef JEMBATAN_SANITIZED
START_TEST(a_leak_ends_at_the_limit)
{
	const char *why = poll_act("leak", JEMBATAN_FATAL);
	ck_assert(str_starts(why, "leaked "));
	ck_assert_int_lt(strtol(why + strlen("leaked "), NULL, 10), 1024);
}
END_TEST
#endif

START_TEST(a_flood_stops_when_told_to)
{
	open_act("flood");
	core_side_ask(&core, MSG_POLL);
	for (int i = 0; i < 1000; i++) {
		core_side_expect(&core, MSG_BEGIN, NULL, NULL);
		core_side_expect(&core, MSG_MESSAGE, NULL, NULL);
	}
	core_side_ask(&core, MSG_STOP);
	/* What was on its way still comes, then its checkpoint and its end. */
	for (;;) {
		struct frame f;
		struct why why;
		ck_assert_int_eq(channel_wait(core.channel, 20000, &f, &why), JEMBATAN_OK);
		if (f.type == MSG_CHECKPOINT) {
			core_side_answer(&core, f.seq, JEMBATAN_OK);
			break;
		}
	}
	core_side_expect(&core, MSG_DONE, NULL, NULL);
	ck_assert_int_eq(core_side_wait(&core), 0);
}
END_TEST

START_TEST(a_bad_message_is_refused_or_made_clean)
{
	struct msg_message m;
	open_act("bad-message");
	core_side_ask(&core, MSG_POLL);
	struct frame f = core_side_expect(&core, MSG_MESSAGE, NULL, NULL);
	ck_assert_int_eq(msg_message_unpack(f.meta, core.arena, &m, NULL), JEMBATAN_OK);
	ck_assert_str_eq(m.message.text, "a\xef\xbf\xbd[2Jb");
	ck_assert(str_starts(m.message.id, "sha256:"));
	ck_assert_str_eq(core_side_expect_done(&core, JEMBATAN_IDLE), "refused 5 of 5");
}
END_TEST

START_TEST(calls_out_of_place_are_refused_and_logged)
{
	struct msg_response response = { 0 };
	const struct msg_request request = { .method = "GET", .path = "/" };
	core.open.role = MSG_ROLE_REQUEST;
	open_act("out-of-place");
	core_side_send(&core, MSG_REQUEST, msg_request_fields, &request, bytes_of(NULL, 0));
	core_side_expect(&core, MSG_RESPONSE, msg_response_fields, &response);
	ck_assert_uint_eq(response.result, JEMBATAN_CONFIG);
	ck_assert_ptr_nonnull(strstr(response.why, "watch() in request()"));
	ck_assert_ptr_nonnull(strstr(core.log, "checkpoint() in request()"));
}
END_TEST

START_TEST(a_result_that_is_none_is_fatal)
{
	ck_assert_ptr_nonnull(strstr(poll_act("return-nonsense", JEMBATAN_FATAL), "no result"));
}
END_TEST

START_TEST(a_refused_open_is_told_and_waits_for_the_stop)
{
	struct msg_result done = { 0 };
	set_option("act", NULL, "open-auth");
	core_side_install(&core, "misbehave", NULL);
	core_side_start(&core, "misbehave");
	core_side_send(&core, MSG_OPEN, msg_open_fields, &core.open, bytes_of(NULL, 0));
	core_side_expect(&core, MSG_MANIFEST, NULL, NULL);
	core_side_expect(&core, MSG_DONE, msg_result_fields, &done);
	ck_assert_uint_eq(done.result, JEMBATAN_AUTH);
	ck_assert_str_eq(done.why, "the password is refused");
	ck_assert_int_eq(done.delay_ms, 5000);
	core_side_stop(&core);
	ck_assert_str_eq(core.log, ""); /* close() is for what was opened */
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("confine");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, nothing_outside_is_within_reach, 0, COUNT_OF(abis));
	tcase_add_loop_test(t, names_are_resolved_within_the_confinement, 0, COUNT_OF(abis));
	tcase_add_loop_test(t, a_path_is_open_only_when_granted, 0, 3);
	tcase_add_test(t, a_granted_file_elsewhere_can_be_read);
	tcase_add_loop_test(t, the_network_is_open_to_polls_and_closed_to_check_and_preview, 0, 3);
	tcase_add_test(t, without_landlock_a_required_confinement_is_a_refusal);
	tcase_add_test(t, without_landlock_a_preferred_confinement_says_that_it_is_degraded);
	tcase_add_loop_test(t, a_table_that_is_wrong_is_refused_with_what_to_do, 0, COUNT_OF(odd));
	tcase_add_test(t, what_is_no_plugin_is_refused);
	tcase_add_test(t, a_plugin_that_is_not_there_is_refused);
	tcase_add_loop_test(t, a_plugin_that_others_may_write_is_refused, 0,
			    2 * COUNT_OF(writable));
	tcase_add_test(t, a_constructor_that_crashes_takes_only_its_child);
	tcase_add_test(t, a_record_that_kills_its_parser_has_reached_the_core);
	tcase_add_loop_test(t, a_crash_in_open_or_poll_ends_the_child, 0, 2);
	tcase_add_test(t, a_child_that_hangs_ends_at_sigterm);
	tcase_add_test(t, an_exit_without_an_answer_is_seen_as_such);
	tcase_add_loop_test(t, garbage_on_the_socket_is_no_frame, 0, 2);
	tcase_add_loop_test(t, a_parent_cannot_be_killed, 0, COUNT_OF(abis));
#ifndef JEMBATAN_SANITIZED
	tcase_add_test(t, a_leak_ends_at_the_limit);
#endif
	tcase_add_test(t, a_flood_stops_when_told_to);
	tcase_add_test(t, a_bad_message_is_refused_or_made_clean);
	tcase_add_test(t, calls_out_of_place_are_refused_and_logged);
	tcase_add_test(t, a_result_that_is_none_is_fatal);
	tcase_add_test(t, a_refused_open_is_told_and_waits_for_the_stop);
	return unit_run("confine", t);
}
