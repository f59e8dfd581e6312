/* dovecot_server.c: see dovecot_server.h. */
#include "dovecot_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glib.h>
#include <glob.h>
#include <grp.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- sockets ------------------------------------------------------------------- */

static struct sockaddr_in loopback(unsigned port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons((uint16_t)port),
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static int listen_somewhere(unsigned *out_port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in address = loopback(0);
	socklen_t size = sizeof address;

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) < 0 || listen(fd, 16) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &size) < 0)
		abort();
	*out_port = ntohs(address.sin_port);
	return fd;
}

static int connect_to(unsigned port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
	struct sockaddr_in address = loopback(port);

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	close(fd);
	return -1;
}

/* ---- the server ------------------------------------------------------------------ */

static bool run(const char *const *argv)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, STDERR_FILENO);
		execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool make_certificate(struct dovecot *d)
{
	char key[300];

	snprintf(d->ca_file, sizeof d->ca_file, "%s/cert.pem", d->dir);
	snprintf(key, sizeof key, "%s/key.pem", d->dir);
	const char *const argv[] = { "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
		"-days", "2", "-subj", "/CN=localhost", "-addext",
		"subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", d->ca_file,
		NULL };

	return run(argv);
}

/* nobody when we are root, else ourselves. */
static bool choose_user(struct dovecot *d, const char **out_user, const char **out_group)
{
	struct passwd *user = geteuid() == 0 ? getpwnam("nobody") : getpwuid(geteuid());
	struct group *group = user != NULL ? getgrgid(user->pw_gid) : NULL;

	if (user == NULL || group == NULL)
		return false;
	d->uid = user->pw_uid;
	d->gid = user->pw_gid;
	*out_user = user->pw_name;
	*out_group = group->gr_name;
	return true;
}

static void write_config(struct dovecot *d, const char *user, const char *group)
{
	char path[300];

	snprintf(path, sizeof path, "%s/dovecot.conf", d->dir);
	FILE *out = fopen(path, "w");

	if (out == NULL)
		abort();
	fprintf(out,
		"base_dir = %s/run\nstate_dir = %s/state\nlog_path = %s/dovecot.log\n"
		"protocols = imap\nlisten = 127.0.0.1\n"
		"ssl = yes\nssl_cert = <%s\nssl_key = <%s/key.pem\n"
		"disable_plaintext_auth = no\n"
		"auth_mechanisms = plain login xoauth2 oauthbearer\n"
		"default_internal_user = %s\ndefault_internal_group = %s\n"
		"default_login_user = %s\nfirst_valid_uid = 0\n"
		"mail_location = maildir:%s/mail/%%u\nmail_max_userip_connections = 100\n"
		"passdb {\n driver = static\n mechanisms = plain login\n args = password=rahasia\n}\n"
		"passdb {\n driver = oauth2\n mechanisms = xoauth2 oauthbearer\n"
		" args = %s/oauth2.conf\n}\n"
		"userdb {\n driver = static\n args = uid=%u gid=%u home=%s/mail/%%u\n}\n"
		"namespace inbox {\n inbox = yes\n}\n"
		"service imap-login {\n chroot =\n inet_listener imap {\n port = %u\n }\n"
		" inet_listener imaps {\n port = %u\n ssl = yes\n }\n}\n"
		"service anvil {\n chroot =\n unix_listener anvil-auth-penalty {\n mode = 0\n }\n}\n"
		"auth_failure_delay = 0\n",
		d->dir, d->dir, d->dir, d->ca_file, d->dir, user, group, user, d->dir, d->dir,
		d->uid, d->gid, d->dir, d->port, d->tls_port);
	fclose(out);
}

/* ---- tokens ------------------------------------------------------------------------ */

static const char token_key[] = "kunci-uji-256-bit-untuk-jembatan";

static char *base64_url(const char *data, size_t size)
{
	char *text = g_base64_encode((const guchar *)data, size);

	for (char *c = text; *c != '\0'; c++)
		*c = (char)(*c == '+' ? '-' : *c == '/' ? '_' : *c);
	text[strcspn(text, "=")] = '\0';
	return text;
}

char *dovecot_token(const char *user, long life_s)
{
	char payload[300];
	guint8 digest[32];
	gsize size = sizeof digest;
	long now = (long)time(NULL);
	const char *head = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";

	snprintf(payload, sizeof payload, "{\"sub\":\"%s\",\"iat\":%ld,\"exp\":%ld}", user,
		 now - 7200, now + life_s);
	char *a = base64_url(head, strlen(head)), *b = base64_url(payload, strlen(payload));
	char *text = g_strdup_printf("%s.%s", a, b);
	GHmac *hmac = g_hmac_new(G_CHECKSUM_SHA256, (const guchar *)token_key, strlen(token_key));

	g_hmac_update(hmac, (const guchar *)text, -1);
	g_hmac_get_digest(hmac, digest, &size);
	g_hmac_unref(hmac);
	char *c = base64_url((const char *)digest, sizeof digest);
	char *token = g_strdup_printf("%s.%s", text, c);

	g_free(a);
	g_free(b);
	g_free(c);
	g_free(text);
	return token;
}

static bool write_file(const struct dovecot *d, const char *name, const char *text)
{
	char path[400];

	snprintf(path, sizeof path, "%s/%s", d->dir, name);
	FILE *out = fopen(path, "w");

	if (out == NULL)
		return false;
	fputs(text, out);
	return fclose(out) == 0 && chown(path, d->uid, d->gid) == 0;
}

/* Tokens are checked by Dovecot itself, against a key in a file. */
static bool write_oauth2(const struct dovecot *d)
{
	static const char *const folders[] = { "keys", "keys/default", "keys/default/HS256" };
	char text[700], path[400];

	for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", d->dir, folders[i]);
		if (mkdir(path, 0700) < 0 || chown(path, d->uid, d->gid) < 0)
			return false;
	}
	char *key = g_base64_encode((const guchar *)token_key, strlen(token_key));
	bool good = write_file(d, "keys/default/HS256/default", key);

	g_free(key);
	snprintf(text, sizeof text,
		 "introspection_mode = local\n"
		 "local_validation_key_dict = fs:posix:prefix=%s/keys/\n"
		 "username_attribute = sub\n",
		 d->dir);
	return good && write_file(d, "oauth2.conf", text);
}

static void exec_dovecot(const struct dovecot *d)
{
	char path[300];

	snprintf(path, sizeof path, "%s/dovecot.conf", d->dir);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setgid(d->gid) < 0 || setuid(d->uid) < 0))
		_exit(126);
	prctl(PR_SET_PDEATHSIG, SIGTERM); /* setuid clears it */
	/* As an ordinary user's PATH does not have sbin. */
	execl("/usr/sbin/dovecot", "dovecot", "-F", "-c", path, (char *)NULL);
	execlp("dovecot", "dovecot", "-F", "-c", path, (char *)NULL);
	_exit(127);
}

static bool wait_until_it_answers(struct dovecot *d)
{
	for (int i = 0; i < 200; i++) {
		struct timespec tick = { 0, 50 * 1000 * 1000 };
		int fd = connect_to(d->port);

		if (fd >= 0) {
			close(fd);
			return true;
		}
		if (waitpid(d->pid, NULL, WNOHANG) == d->pid)
			break;
		nanosleep(&tick, NULL);
	}
	return false;
}

/* Everything below the folder belongs to that user. */
static bool own_files(const struct dovecot *d)
{
	static const char *const names[] = { "", "/cert.pem", "/key.pem", "/dovecot.conf" };
	char path[300];

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		snprintf(path, sizeof path, "%s%s", d->dir, names[i]);
		if (chown(path, d->uid, d->gid) < 0)
			return false;
	}
	return true;
}

bool dovecot_start(struct dovecot *d)
{
	const char *user, *group;

	memset(d, 0, sizeof *d);
	snprintf(d->dir, sizeof d->dir, "/tmp/jembatan-dovecot-XXXXXX");
	if (access("/usr/sbin/dovecot", X_OK) < 0) {
		fprintf(stderr, "Dovecot is missing: apt-get install dovecot-imapd\n");
		return false;
	}
	if (mkdtemp(d->dir) == NULL || !choose_user(d, &user, &group))
		return false;
	if (!make_certificate(d)) {
		fprintf(stderr, "no certificate: apt-get install openssl\n");
		return false;
	}
	int a = listen_somewhere(&d->port), b = listen_somewhere(&d->tls_port);

	close(a);
	close(b);
	write_config(d, user, group);
	if (!write_oauth2(d) || !own_files(d))
		return false;
	d->pid = fork();
	if (d->pid == 0)
		exec_dovecot(d);
	if (!wait_until_it_answers(d)) {
		fprintf(stderr, "Dovecot does not answer: see %s/dovecot.log\n", d->dir);
		return false;
	}
	return true;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *walk)
{
	(void)st, (void)flag, (void)walk;
	return remove(path);
}

void dovecot_stop(struct dovecot *d)
{
	if (d->pid > 0) {
		kill(d->pid, SIGTERM);
		waitpid(d->pid, NULL, 0);
	}
	nftw(d->dir, remove_one, 8, FTW_PHYS | FTW_DEPTH);
}

/* ---- mail ------------------------------------------------------------------------- */

static void make_folder(const struct dovecot *d, const char *user, const char *name)
{
	char path[400];

	snprintf(path, sizeof path, "%s/mail%s%s%s%s", d->dir, *user ? "/" : "", user,
		 *name ? "/" : "", name);
	if (mkdir(path, 0700) == 0 && chown(path, d->uid, d->gid) < 0)
		abort();
}

void dovecot_drop(const struct dovecot *d, const char *user, unsigned number, const char *mail,
		  size_t size, long age_s)
{
	char tmp[400], new[400];
	struct timeval times[2] = { 0 };

	make_folder(d, "", "");
	make_folder(d, user, "");
	make_folder(d, user, "new");
	make_folder(d, user, "cur");
	make_folder(d, user, "tmp");
	snprintf(tmp, sizeof tmp, "%s/mail/%s/tmp/%010u.uji", d->dir, user, number);
	snprintf(new, sizeof new, "%s/mail/%s/new/%010u.uji", d->dir, user, number);
	int fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, mail, size) != (ssize_t)size || fchown(fd, d->uid, d->gid) < 0)
		abort();
	close(fd);
	times[0].tv_sec = times[1].tv_sec = time(NULL) - age_s;
	if (utimes(tmp, times) < 0 || rename(tmp, new) < 0)
		abort();
}

void dovecot_forget_numbers(const struct dovecot *d, const char *user)
{
	char pattern[400];
	glob_t found;

	snprintf(pattern, sizeof pattern, "%s/mail/%s/dovecot*", d->dir, user);
	if (glob(pattern, 0, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		unlink(found.gl_pathv[i]);
	globfree(&found);
}

unsigned dovecot_count(const struct dovecot *d, const char *user, char flag)
{
	char pattern[400];
	glob_t found;
	unsigned count = 0;

	snprintf(pattern, sizeof pattern, "%s/mail/%s/[nc][eu][wr]/*", d->dir, user);
	if (glob(pattern, 0, NULL, &found) != 0)
		return 0;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *flags = strstr(found.gl_pathv[i], ":2,");

		count += flag == '\0' || (flags != NULL && strchr(flags, flag) != NULL);
	}
	globfree(&found);
	return count;
}

/* ---- proxy ------------------------------------------------------------------------ */

/* What was read from one side, until it is due at the other. */
struct piece {
	struct piece *next;
	int64_t due_ms;
	size_t size;
	char data[16384];
};

struct way {
	int from, to;
	struct piece *first, **last;
	size_t passed;
};

static int64_t mono_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool way_read(struct way *w, unsigned delay_ms)
{
	struct piece *p = malloc(sizeof *p);
	ssize_t got = read(w->from, p->data, sizeof p->data);

	if (got <= 0) {
		free(p);
		return false;
	}
	p->next = NULL;
	p->size = (size_t)got;
	p->due_ms = mono_ms() + delay_ms;
	*w->last = p;
	w->last = &p->next;
	return true;
}

/* Pass on what is due, at most `limit` bytes in all; false: that was reached. */
static bool way_write(struct way *w, size_t limit)
{
	while (w->first != NULL && w->first->due_ms <= mono_ms()) {
		struct piece *p = w->first;
		size_t size = limit - w->passed < p->size ? limit - w->passed : p->size;

		for (size_t done = 0; done < size;) {
			ssize_t sent = write(w->to, p->data + done, size - done);

			if (sent <= 0)
				return false;
			done += (size_t)sent;
		}
		w->passed += size;
		w->first = p->next;
		if (w->first == NULL)
			w->last = &w->first;
		free(p);
		if (w->passed >= limit)
			return false;
	}
	return true;
}

static volatile sig_atomic_t told_silence;

static void on_silence(int number)
{
	(void)number;
	told_silence = 1;
}

static void proxy_connection(int client, int server, size_t limit, unsigned delay_ms)
{
	struct way up = { .from = client, .to = server, .last = &up.first };
	struct way down = { .from = server, .to = client, .last = &down.first };

	for (;;) {
		struct pollfd fds[2] = { { client, POLLIN, 0 }, { server, POLLIN, 0 } };
		bool waiting = up.first != NULL || down.first != NULL;

		/* Both sides stay open, and wait for each other in vain. */
		if (told_silence) {
			told_silence = 0;
			kill(getpid(), SIGSTOP);
			return;
		}
		poll(fds, 2, waiting ? 1 : 1000);
		if (fds[0].revents != 0 && !way_read(&up, delay_ms))
			break;
		if (fds[1].revents != 0 && !way_read(&down, delay_ms))
			break;
		if (!way_write(&up, SIZE_MAX) || !way_write(&down, limit))
			break;
	}
	close(client);
	close(server);
}

pid_t proxy_start(unsigned to, unsigned cuts, size_t after, unsigned delay_ms, unsigned *out_port)
{
	int listener = listen_somewhere(out_port);
	pid_t pid = fork();

	if (pid != 0) {
		close(listener);
		return pid;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGUSR1, on_silence);
	for (unsigned count = 0;; count++) {
		int client = accept(listener, NULL, NULL), on = 1;
		int server = connect_to(to);

		setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		proxy_connection(client, server, count < cuts ? after : SIZE_MAX, delay_ms);
	}
}

/* It stops itself when it has left the connection, which is how we know. */
void proxy_silence(pid_t proxy)
{
	kill(proxy, SIGUSR1);
	waitpid(proxy, NULL, WUNTRACED);
	kill(proxy, SIGCONT);
}
