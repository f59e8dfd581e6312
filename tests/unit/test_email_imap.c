/* test_email_imap.c: the connector against a server that misbehaves on cue, and
 * the options that are refused. */
#include "email/imap_sasl.h"
#include "kit/testctx.h"
#include "kit_server.h"

#include <jembatan/kit.h>

#include "unit.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAILS 12u

/* What the fake offers; NULL: no OAuth2. */
static const char *offered_logins;

/* What the fake does, bit by bit. */
enum {
	NIL_3 = 1,          /* mail 3 has no content */
	REFUSE_5 = 2,       /* mail 5 is refused, with NO */
	SHORT_LITERAL_7 = 4, /* mail 7 is longer than announced */
	CUT_9 = 8,          /* the connection ends within mail 9 */
	QUOTED_11 = 16,     /* mail 11 comes as a quoted string */
	NOISE = 32,         /* unsolicited lines between the mails */
	OLD = 64,           /* no ESEARCH, no UIDNEXT */
	TIRED = 128,        /* closes at the second EXAMINE of a connection */
	MIXED = 256,        /* hands out a later batch before an earlier one ends */
	VANISHED_2 = 512,   /* mail 2 is listed and then gone */
	IDLES = 1024,       /* can IDLE */
	IDLE_NEWS = 2048,   /* says EXISTS before "+", the first time */
	IDLE_REFUSED = 4096,
	IDLE_ENDS = 8192,   /* ends an IDLE by itself, at once */
	IDLE_ALIVE = 16384, /* sends a sign of life, once */
	ALL_WRONG = NIL_3 | REFUSE_5 | SHORT_LITERAL_7 | CUT_9 | QUOTED_11 | NOISE | VANISHED_2
};

/* ---- the fake, in a process of its own ---------------------------------------------- */

static bool set_has(const char *set, unsigned uid)
{
	while (*set >= '0' && *set <= '9') {
		char *end;
		unsigned long first = strtoul(set, &end, 10), last = first;

		if (*end == ':')
			last = end[1] == '*' ? 1000 : strtoul(end + 1, &end, 10);
		if (uid >= first && uid <= last)
			return true;
		set = end + (*end == ',' ? 1 : 0);
	}
	return false;
}

static void send_mail(FILE *out, unsigned uid, unsigned faults)
{
	char mail[200];
	int size = snprintf(mail, sizeof mail,
			    "From: a@b.test\r\nMessage-ID: <%u@b.test>\r\n\r\nisi %u\r\n", uid, uid);
	int said = uid == 7 && (faults & SHORT_LITERAL_7) != 0 ? size - 9 : size;

	if (uid == 3 && (faults & NIL_3) != 0) {
		fprintf(out, "* %u FETCH (UID %u BODY[] NIL)\r\n", uid, uid);
	} else if (uid == 11 && (faults & QUOTED_11) != 0) {
		fprintf(out, "* %u FETCH (BODY[] \"From: a@b.test\" UID %u)\r\n", uid, uid);
	} else if (uid == 9 && (faults & CUT_9) != 0) {
		fprintf(out, "* %u FETCH (UID %u BODY[] {%d}\r\n%.20s", uid, uid, size, mail);
		fflush(out);
		_exit(0);
	} else {
		fprintf(out, "* %u FETCH (FLAGS () UID %u BODY[] {%d}\r\n%s)\r\n", uid, uid, said,
			mail);
	}
	if ((faults & NOISE) != 0)
		fprintf(out, "* 13 EXISTS\r\n* 1 EXPUNGE\r\n* OK still here\r\n"
			     "* 4 FETCH (FLAGS (\\Seen) UID 4)\r\n");
}

static void on_fetch(FILE *out, const char *tag, const char *rest, unsigned faults)
{
	bool sizes = strstr(rest, "RFC822.SIZE") != NULL, refused = false;

	for (unsigned uid = 1; uid <= MAILS; uid++) {
		if (!set_has(rest, uid))
			continue;
		if (sizes)
			fprintf(out,
				"* %u FETCH (UID %u RFC822.SIZE 70 INTERNALDATE "
				"\"17-Jul-2025 02:44:25 +0700\")\r\n",
				uid, uid);
		else if (uid == 5 && (faults & REFUSE_5) != 0)
			refused = true;
		else if (uid != 2 || (faults & VANISHED_2) == 0)
			send_mail(out, uid, faults);
	}
	fprintf(out, "%s %s fetched\r\n", tag, refused ? "NO" : "OK");
}

static void on_search(FILE *out, const char *tag, const char *rest, unsigned faults)
{
	const char *set = strstr(rest, "UID ");

	if ((faults & OLD) == 0) {
		fprintf(out, "* ESEARCH (TAG \"%s\") UID ALL 1:%u\r\n", tag, MAILS);
	} else {
		fprintf(out, "* SEARCH");
		/* n:* is never empty. */
		for (unsigned uid = MAILS; uid > 0; uid--) {
			if (uid == MAILS || set == NULL || set_has(set + 4, uid))
				fprintf(out, " %u", uid);
		}
		fprintf(out, "\r\n");
	}
	fprintf(out, "%s OK searched\r\n", tag);
}

/* true: the client has said DONE. */
static bool on_idle(FILE *in, FILE *out, const char *tag, unsigned faults, unsigned examined)
{
	char line[64];

	if ((faults & IDLE_REFUSED) != 0)
		return fprintf(out, "%s NO not now\r\n", tag) > 0;
	if ((faults & IDLE_NEWS) != 0 && examined == 1)
		fprintf(out, "* 13 EXISTS\r\n");
	fprintf(out, "+ idling\r\n");
	if ((faults & IDLE_ENDS) != 0)
		return fprintf(out, "%s OK that was it\r\n", tag) > 0;
	if ((faults & IDLE_ALIVE) != 0 && examined == 1)
		fprintf(out, "* OK still here\r\n");
	fflush(out);
	if (fgets(line, sizeof line, in) == NULL || strcmp(line, "DONE\r\n") != 0)
		return false;
	return fprintf(out, "%s OK idled\r\n", tag) > 0;
}

/* Without SASL-IR. tok-1 is refused, with the reason, and tok-2 taken. */
static bool on_login(FILE *in, FILE *out, const char *tag, const char *mechanism)
{
	struct sockaddr_in here;
	socklen_t here_size = sizeof here;
	const char *nothing = strcmp(mechanism, "XOAUTH2") == 0 ? "" : "AQ==";
	char line[4096];

	getsockname(fileno(in), (struct sockaddr *)&here, &here_size);
	char *good = imap_sasl_message(mechanism, "u", "127.0.0.1", ntohs(here.sin_port), "tok-2");

	fprintf(out, "+ \r\n");
	fflush(out);
	if (fgets(line, sizeof line, in) == NULL)
		return false;
	line[strcspn(line, "\r\n")] = '\0';
	bool fits = strcmp(line, good) == 0;

	free(good);
	if (fits)
		return fprintf(out, "%s OK in\r\n", tag) > 0;
	fprintf(out, "+ eyJzdGF0dXMiOiI0MDEiLCJzY29wZSI6InN1cmF0In0=\r\n");
	fflush(out);
	if (fgets(line, sizeof line, in) == NULL)
		return false;
	line[strcspn(line, "\r\n")] = '\0';
	fprintf(out, strcmp(line, nothing) == 0 ? "%s NO no\r\n" : "%s BAD %s\r\n", tag, line);
	return true;
}

/* What touches no mail; false: the connection ends. */
static bool on_session(FILE *in, FILE *out, const char *tag, const char *command,
		       const char *rest, unsigned faults, unsigned examined)
{
	if (strcasecmp(command, "CAPABILITY") == 0)
		return fprintf(out, "* CAPABILITY IMAP4rev1%s%s%s\r\n%s OK\r\n",
			       (faults & OLD) != 0 ? "" : " ESEARCH",
			       (faults & IDLES) != 0 ? " idle" : "",
			       offered_logins != NULL ? offered_logins : "", tag) > 0;
	if (strcasecmp(command, "IDLE") == 0)
		return on_idle(in, out, tag, faults, examined);
	if (strcasecmp(command, "AUTHENTICATE") == 0)
		return on_login(in, out, tag, rest);
	return fprintf(out, "%s OK\r\n", tag) > 0;
}

static void serve(FILE *in, FILE *out, unsigned faults)
{
	char line[4096], held[4096] = "";
	unsigned examined = 0;

	fprintf(out, "* OK siap\r\n");
	fflush(out);
	while (fgets(line, sizeof line, in) != NULL) {
		char *tag = strtok(line, " "), *command = strtok(NULL, " \r\n"),
		     *rest = strtok(NULL, "\r\n");

		if (command == NULL)
			return;
		if (strcasecmp(command, "UID") == 0 && strncmp(rest, "FETCH ", 6) == 0 &&
		    (faults & MIXED) != 0 && strstr(rest, "BODY") != NULL && held[0] == '\0' &&
		    !set_has(rest + 6, MAILS)) {
			/* Kept until the next command is there. */
			snprintf(held, sizeof held, "%s %s", tag, rest + 6);
			continue;
		}
		if (strcasecmp(command, "EXAMINE") == 0) {
			if (++examined == 2 && (faults & TIRED) != 0)
				return;
			fprintf(out, "* %u EXISTS\r\n* OK [UIDVALIDITY 5] x\r\n", MAILS);
			if ((faults & OLD) == 0)
				fprintf(out, "* OK [UIDNEXT %u] x\r\n", MAILS + 1);
			fprintf(out, "%s OK [READ-ONLY] examined\r\n", tag);
		} else if (strcasecmp(command, "UID") == 0 && strncmp(rest, "SEARCH", 6) == 0) {
			on_search(out, tag, rest, faults);
		} else if (strcasecmp(command, "UID") == 0) {
			on_fetch(out, tag, rest + 6, faults);
			if (held[0] != '\0') {
				char *set = strchr(held, ' ');

				*set = '\0';
				on_fetch(out, held, set + 1, faults);
				held[0] = '\0';
			}
		} else if (!on_session(in, out, tag, command, rest, faults, examined)) {
			return;
		}
		fflush(out);
	}
}

/* A child per connection; the whole group ends with the test. */
static pid_t fake_start(unsigned faults, unsigned *out_port)
{
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof address;

	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, size), 0);
	ck_assert_int_eq(listen(listener, 8), 0);
	getsockname(listener, (struct sockaddr *)&address, &size);
	*out_port = ntohs(address.sin_port);
	pid_t pid = fork();

	if (pid > 0) {
		close(listener);
		return pid;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			serve(fdopen(fd, "r"), fdopen(dup(fd), "w"), faults);
			_exit(0);
		}
		close(fd);
	}
}

/* ---- tests ----------------------------------------------------------------------- */

static const struct jembatan_operations *ops(void)
{
	return jembatan_connector_entry()->operations;
}

static const struct {
	unsigned faults;
	const char *batch_count;
	unsigned lost; /* bit n: mail n comes as unreadable */
	unsigned gone; /* bit n: mail n does not come */
} rows[] = {
	{ 0, "100", 0, 0 },
	{ 0, "1", 0, 0 },
	{ NOISE | QUOTED_11, "5", 0, 0 },
	{ OLD, "5", 0, 0 },
	{ MIXED, "5", 0, 0 },
	{ MIXED | OLD | NOISE, "3", 0, 0 },
	{ VANISHED_2, "5", 0, 1u << 2 },
	{ NIL_3, "5", 1u << 3, 0 },
	{ REFUSE_5, "100", 1u << 5, 0 },
	{ REFUSE_5, "3", 1u << 5, 0 },
	{ SHORT_LITERAL_7, "100", 1u << 7, 0 },
	{ CUT_9, "4", 1u << 9, 0 },
	{ ALL_WRONG, "5", 1u << 3 | 1u << 5 | 1u << 7 | 1u << 9, 1u << 2 },
	{ ALL_WRONG | OLD, "100", 1u << 3 | 1u << 5 | 1u << 7 | 1u << 9, 1u << 2 },
	{ TIRED, "100", 0, 0 },
	{ IDLES, "100", 0, 0 },
	/* What is said at the end of a fetch is not said again in IDLE. */
	{ IDLES | NOISE, "5", 0, 0 },
	{ IDLES | IDLE_NEWS | OLD, "100", 0, 0 },
	{ IDLES | IDLE_REFUSED, "100", 0, 0 },
	{ IDLES | IDLE_ENDS, "100", 0, 0 },
	{ IDLES | IDLE_ALIVE, "100", 0, 0 },
	{ IDLES | TIRED, "100", 0, 0 },
};

/* The number of the mail, and whether it could be read. */
static unsigned number_of(const struct jembatan_message *m, bool *out_readable)
{
	unsigned long number;

	*out_readable = m->kind != JEMBATAN_UNREADABLE;
	if (!*out_readable) {
		ck_assert_int_eq(strncmp(m->id, "imap-5.", 7), 0);
		number = strtoul(m->id + 7, NULL, 10);
	} else {
		number = strchr(m->id, '@') != NULL ? strtoul(m->id, NULL, 10) : 11;
	}
	ck_assert_uint_ge(number, 1);
	ck_assert_uint_le(number, MAILS);
	return (unsigned)number;
}

START_TEST(no_mail_holds_up_those_behind_it)
{
	unsigned port, polls = 0, seen = 0, lost = 0;
	pid_t fake = fake_start(rows[_i].faults, &port);
	char url[64];
	const struct testctx_option options[] = { { "url", NULL, url },
						  { "user", NULL, "u" },
						  { "password", NULL, "p" },
						  { "timeout", NULL, "5s" },
						  { "batch_count", NULL, rows[_i].batch_count },
						  { NULL, NULL, NULL } };
	struct testctx *t = testctx_new(options, jembatan_connector_entry()->options);
	void *self;

	snprintf(url, sizeof url, "imap://127.0.0.1:%u", port);
	ck_assert_int_eq(ops()->open(testctx_context(t), NULL, &self), JEMBATAN_OK);
	while (ops()->poll(testctx_context(t), self) != JEMBATAN_IDLE)
		ck_assert_msg(++polls < 60, "%s", testctx_explanation(t));
	/* An idle connection that was closed is not worth a word. */
	ck_assert_int_eq(ops()->poll(testctx_context(t), self), JEMBATAN_IDLE);
	for (size_t i = 0; i < testctx_emit_count(t); i++) {
		bool readable;
		unsigned bit = 1u << number_of(testctx_emit(t, i), &readable);

		*(readable ? &seen : &lost) |= bit;
	}
	ck_assert_uint_eq(lost, rows[_i].lost);
	ck_assert_uint_eq(seen, ((1u << (MAILS + 1)) - 2) & ~rows[_i].lost & ~rows[_i].gone);
	ck_assert_str_eq(testctx_cursor(t), "v1 5 12");
	ck_assert_uint_eq(testctx_emits_at_checkpoint(t), testctx_emit_count(t));
	testctx_forget(t);
	ck_assert_int_eq(ops()->poll(testctx_context(t), self), JEMBATAN_IDLE);
	bool watches = (rows[_i].faults & IDLES) != 0 &&
		       (rows[_i].faults & (IDLE_REFUSED | IDLE_ENDS)) == 0;
	ck_assert_int_eq(testctx_watched_fd(t) >= 0, watches);
	ops()->close(testctx_context(t), self);
	testctx_free(t);
	kill(fake, SIGKILL);
	waitpid(fake, NULL, 0);
}
END_TEST

static const struct {
	const char *offered, *auth;
	enum jembatan_result result;
	const char *says;
	unsigned tokens;
} logins[] = {
	{ " AUTH=XOAUTH2", "oauth2", JEMBATAN_IDLE, "", 2 },
	{ " AUTH=OAUTHBEARER", "oauth2", JEMBATAN_IDLE, "", 2 },
	{ " AUTH=XOAUTH2 AUTH=OAUTHBEARER", "xoauth2", JEMBATAN_IDLE, "", 2 },
	{ " AUTH=XOAUTH2", "oauthbearer", JEMBATAN_CONFIG, "OAUTHBEARER", 1 },
	{ " AUTH=PLAIN", "oauth2", JEMBATAN_CONFIG, "set auth", 1 },
};

START_TEST(a_token_is_shown_when_the_server_asks_and_its_no_is_heard)
{
	unsigned port;
	offered_logins = logins[_i].offered;
	pid_t fake = fake_start(0, &port);
	struct kit_server *tokens = kit_server_start();
	char url[64], *token_url = kit_server_url(tokens, "/token");
	const struct testctx_option options[] = { { "url", NULL, url },
						  { "user", NULL, "u" },
						  { "auth", NULL, logins[_i].auth },
						  { "token_url", NULL, token_url },
						  { "client_id", NULL, "c" },
						  { "client_secret", NULL, "s" },
						  { "timeout", NULL, "5s" },
						  { NULL, NULL, NULL } };
	struct testctx *t = testctx_new(options, jembatan_connector_entry()->options);
	void *self;

	snprintf(url, sizeof url, "imap://127.0.0.1:%u", port);
	ck_assert_int_eq(ops()->open(testctx_context(t), NULL, &self), JEMBATAN_OK);
	enum jembatan_result result = ops()->poll(testctx_context(t), self);

	ck_assert_msg(result == logins[_i].result, "%d: %s", result, testctx_explanation(t));
	/* Before the second token the first was refused, in these words. */
	if (result == JEMBATAN_IDLE)
		ck_assert_ptr_nonnull(strstr(testctx_explanation(t), "status 401, scope surat"));
	else
		ck_assert_ptr_nonnull(strstr(testctx_explanation(t), logins[_i].says));
	ck_assert_ptr_null(strstr(testctx_explanation(t), "tok-"));
	ck_assert_uint_eq(kit_server_tokens(tokens), logins[_i].tokens);
	ops()->close(testctx_context(t), self);
	testctx_free(t);
	kit_server_stop(tokens);
	free(token_url);
	kill(fake, SIGKILL);
	waitpid(fake, NULL, 0);
	offered_logins = NULL;
}
END_TEST

static const struct {
	const char *name[4], *value[4];
	const char *says; /* NULL: accepted */
} settings[] = {
	{ { "url", "user", "password" }, { "imaps://mail.contoh.test", "u", "p" }, NULL },
	{ { "url", "user", "password" }, { "imap://mail.contoh.test:1143/", "u", "p" }, NULL },
	{ { "user", "password" }, { "u", "p" }, "url" },
	{ { "url", "password" }, { "imaps://mail.contoh.test", "p" }, "user" },
	{ { "url", "user" }, { "imaps://mail.contoh.test", "u" }, "password" },
	{ { "url", "user", "auth" }, { "imaps://mail.contoh.test", "u", "oauth2" }, "token_url" },
	{ { "url", "user", "auth", "token_url" },
	  { "imaps://mail.contoh.test", "u", "xoauth2", "https://login.contoh.test/token" },
	  "client_id" },
	{ { "url", "user", "password" }, { "https://mail.contoh.test", "u", "p" }, "imaps://" },
	{ { "url", "user", "password" }, { "imaps://", "u", "p" }, "imaps://" },
	{ { "url", "user", "password" }, { "imaps://mail.contoh.test/INBOX", "u", "p" }, "mailbox" },
	{ { "url", "user", "password" }, { "imaps://a:b@mail.contoh.test", "u", "p" }, "user" },
	{ { "url", "user", "password", "tls" },
	  { "imaps://mail.contoh.test", "u", "p", "none" },
	  "tls" },
	{ { "source", "maildir" }, { "maildir", "/var/mail/x" }, NULL },
	{ { "source" }, { "maildir" }, "maildir" },
};

START_TEST(settings_are_checked_without_a_network)
{
	struct testctx_option options[5] = { { NULL, NULL, NULL } };

	for (size_t i = 0; i < 4 && settings[_i].name[i] != NULL; i++)
		options[i] = (struct testctx_option){ settings[_i].name[i], NULL,
						      settings[_i].value[i] };
	struct testctx *t = testctx_new(options, jembatan_connector_entry()->options);
	enum jembatan_result result = ops()->check(testctx_context(t));

	ck_assert_int_eq(result, settings[_i].says == NULL ? JEMBATAN_OK : JEMBATAN_CONFIG);
	if (settings[_i].says != NULL)
		ck_assert_ptr_nonnull(strstr(testctx_explanation(t), settings[_i].says));
	testctx_free(t);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

int main(void)
{
	TCase *t = tcase_create("imap");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, no_mail_holds_up_those_behind_it, 0, COUNT(rows));
	tcase_add_loop_test(t, a_token_is_shown_when_the_server_asks_and_its_no_is_heard, 0,
			    COUNT(logins));
	tcase_add_loop_test(t, settings_are_checked_without_a_network, 0, COUNT(settings));
	return unit_run("email_imap", t);
}
