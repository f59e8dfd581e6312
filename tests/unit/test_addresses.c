/* test_addresses.c: hundreds of spellings of addresses that a citizen's data may
 * not lead to, each fetched with a hostile resolver. This program's own
 * getaddrinfo() and connect() stand before libc's: every name leads to loopback,
 * and every attempt to connect is counted and goes nowhere. None may be made. */
#include <jembatan/kit.h>

#include "base/buf.h"
#include "base/mem.h"
#include "kit/testctx.h"
#include "kit_server.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "unit.h"

/* ---- resolver and network ---- */

static atomic_uint attempts;       /* to connect, to anywhere */
static atomic_uint closed_attempts; /* ... that is no public address */
static atomic_uint lookups;
static atomic_uint open_port; /* of the one server that may be reached */

/* libcurl's calls must find these. */
#define SEEN __attribute__((visibility("default")))
SEEN int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
		     struct addrinfo **out);
SEEN int connect(int fd, const struct sockaddr *address, socklen_t size);

typedef int resolve_function(const char *, const char *, const struct addrinfo *,
			     struct addrinfo **);
typedef int connect_function(int, const struct sockaddr *, socklen_t);

static const struct {
	const char *name;
	const char *answers[3]; /* to the first lookup, the second, all others */
} names[] = {
	{ "metadata.google.internal", { "169.254.169.254", "169.254.169.254", "169.254.169.254" } },
	{ "metadata", { "169.254.169.254", "169.254.169.254", "169.254.169.254" } },
	{ "instance-data", { "fd00:ec2::254", "fd00:ec2::254", "fd00:ec2::254" } },
	{ "berganti.example", { "8.8.8.8", "127.0.0.1", "127.0.0.1" } },
	{ "umum.example", { "8.8.8.8", "8.8.8.8", "8.8.8.8" } },
};

static const char *answer_to(const char *name)
{
	unsigned turn = atomic_fetch_add(&lookups, 1);
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (strcmp(names[i].name, name) == 0)
			return names[i].answers[turn < 2 ? turn : 2];
	return turn % 2 == 0 ? "127.0.0.1" : "::1";
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
		struct addrinfo **out)
{
	struct addrinfo numeric = *hints;
	resolve_function *real = NULL;
	void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");
	memcpy(&real, &symbol, sizeof(real));
	numeric.ai_flags |= AI_NUMERICHOST;
	if (real(name, service, &numeric, out) == 0)
		return 0;
	numeric.ai_family = AF_UNSPEC;
	return real(answer_to(name), service, &numeric, out);
}

int connect(int fd, const struct sockaddr *address, socklen_t size)
{
	struct sockaddr_in in = { 0 };
	connect_function *real = NULL;
	void *symbol = dlsym(RTLD_NEXT, "connect");
	memcpy(&real, &symbol, sizeof(real));
	if (address->sa_family == AF_INET)
		memcpy(&in, address, sizeof(in));
	if (in.sin_port != 0 && ntohs(in.sin_port) == atomic_load(&open_port))
		return real(fd, address, size);
	atomic_fetch_add(&attempts, 1);
	if (!kit_guard_address(address))
		atomic_fetch_add(&closed_attempts, 1);
	errno = ECONNREFUSED;
	return -1;
}

/* ---- spellings ---- */

#define HOSTS_MAX 2000u

static char *hosts[HOSTS_MAX];
static size_t host_count;

static void __attribute__((format(printf, 1, 2))) add(const char *format, ...)
{
	char text[400];
	va_list ap;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	ck_assert_uint_lt(host_count, HOSTS_MAX);
	hosts[host_count++] = xstrdup(text);
}

static const unsigned char closed4[][4] = {
	{ 127, 0, 0, 1 }, { 127, 255, 255, 254 }, { 0, 0, 0, 0 }, { 0, 1, 2, 3 }, { 10, 0, 0, 1 },
	{ 10, 255, 255, 255 }, { 172, 16, 0, 1 }, { 172, 31, 255, 255 }, { 192, 168, 0, 1 },
	{ 192, 168, 255, 255 }, { 169, 254, 169, 254 }, { 169, 254, 170, 2 }, { 100, 64, 0, 1 },
	{ 100, 100, 100, 200 }, { 168, 63, 129, 16 }, { 192, 0, 0, 192 }, { 192, 0, 2, 1 },
	{ 198, 18, 0, 1 }, { 224, 0, 0, 1 }, { 239, 255, 255, 250 }, { 240, 0, 0, 1 },
	{ 255, 255, 255, 255 },
};

/* Dotted, with each digit spelled by a prefix of UTF-8 and its last byte, or
 * percent-encoded; and with this for a dot. */
static void add_spelled(const unsigned char *a, const char *digit, unsigned zero, const char *dot)
{
	char dotted[16], text[200] = "";
	snprintf(dotted, sizeof(dotted), "%u.%u.%u.%u", a[0], a[1], a[2], a[3]);
	for (const char *p = dotted; *p; p++) {
		size_t n = strlen(text);
		if (*p == '.')
			snprintf(text + n, sizeof(text) - n, "%s", dot);
		else if (zero == 0)
			snprintf(text + n, sizeof(text) - n, "%s%c", digit, *p);
		else
			snprintf(text + n, sizeof(text) - n, "%s%c", digit,
				 (char)(zero + (unsigned)(*p - '0')));
	}
	add("%s", text);
}

static void add_numbers(const unsigned char *a)
{
	unsigned long whole = (unsigned long)a[0] << 24 | (unsigned long)a[1] << 16 |
			      (unsigned long)a[2] << 8 | a[3];
	add("%u.%u.%u.%u", a[0], a[1], a[2], a[3]);
	add("%u.%u.%u.%u.", a[0], a[1], a[2], a[3]);
	add("%lu", whole);
	add("%lu.", whole);
	add("0x%lx", whole);
	add("0X%08lX", whole);
	add("0%lo", whole);
	add("0x%x.0x%x.0x%x.0x%x", a[0], a[1], a[2], a[3]);
	add("0%o.0%o.0%o.0%o", a[0], a[1], a[2], a[3]);
	add("000%o.000%o.000%o.000%o", a[0], a[1], a[2], a[3]);
	add("%u.%lu", a[0], whole & 0xffffff);
	add("%u.%u.%lu", a[0], a[1], whole & 0xffff);
	add("0x%x.%u.0%lo", a[0], a[1], whole & 0xffff);
	add("%lu", whole + (1ul << 32));
	add("%u.%u.%u.%u", a[0] + 256u, a[1], a[2], a[3]);
	add_spelled(a, "\xef\xbc", 0x90, ".");               /* fullwidth digits */
	add_spelled(a, "\xef\xbc", 0x90, "\xef\xbc\x8e");
	add_spelled(a, "", 0, "\xe3\x80\x82");               /* ideographic full stop */
	add_spelled(a, "", 0, "\xef\xbc\x8e");
	add_spelled(a, "", 0, "\xef\xbd\xa1");
	add_spelled(a, "\xc2\xad", 0, ".");                  /* soft hyphens */
	add_spelled(a, "%3", 0, ".");                        /* %31 ... */
	add_spelled(a, "", 0, "%2e");
	add_spelled(a, "", 0, "%E3%80%82");
}

static void add_hidden(const unsigned char *a)
{
	unsigned high = (unsigned)a[0] << 8 | a[1], low = (unsigned)a[2] << 8 | a[3];
	add("[::ffff:%u.%u.%u.%u]", a[0], a[1], a[2], a[3]);
	add("[::ffff:%x:%x]", high, low);
	add("[0:0:0:0:0:FFFF:%X:%X]", high, low);
	add("[::%u.%u.%u.%u]", a[0], a[1], a[2], a[3]);
	add("[::ffff:0:%x:%x]", high, low);
	add("[64:ff9b::%u.%u.%u.%u]", a[0], a[1], a[2], a[3]);
	add("[64:ff9b:1::%x:%x]", high, low);
	add("[2002:%x:%x::1]", high, low);
	add("[2001:0:%x:%x::%x:%x]", high, low, ~high & 0xffff, ~low & 0xffff);
	add("[2400:cb00::5efe:%x:%x]", high, low);
	add("[fe80::5efe:%x:%x]", high, low);
	add("%u-%u-%u-%u.nama.example", a[0], a[1], a[2], a[3]);
}

static const char *const others[] = {
	"[::]", "[::1]", "[0:0:0:0:0:0:0:1]", "[0000:0000:0000:0000:0000:0000:0000:0001]",
	"[fe80::1]", "[fe80::1%25lo]", "[fe80::1%lo]", "[fe80::1%251]", "[febf::1]", "[fec0::1]",
	"[fc00::1]", "[fd00:ec2::254]", "[fdff:ffff::1]", "[ff01::1]", "[ff02::1]", "[ff0e::1]",
	"[2001:db8::1]", "[3fff::1]", "[100::1]", "[5f00::1]", "[2001:2::1]", "[2620:4f:8000::1]",
	"[4000::1]", "[::1%25lo]", "[%3a%3a1]", "[::1", "::1", "[]", "[127.0.0.1]",
	"localhost", "LOCALHOST", "localhost.", "a.localhost", "localhost.localdomain",
	"ip6-localhost", "metadata", "metadata.google.internal", "METADATA.google.internal.",
	"instance-data", "127.0.0.1.nip.example", "lo\xc2\xad" "calhost",
	"\xe2\x93\x9b\xe2\x93\x9e\xe2\x93\x92\xe2\x93\x90\xe2\x93\x9b\xe2\x93\x97\xe2\x93\x9e"
	"\xe2\x93\xa2\xe2\x93\xa3",                                 /* circled letters */
	"\xe2\x91\xa0\xe2\x91\xa1\xe2\x91\xa6.0.0.1",                /* circled digits */
	"local%68ost", "localhost%00.umum.example", "localhost%2f.umum.example",
	"127.0.0.1%20", "127.0.0.1%0a", "0", "0.", "00", "0x0", "0x", "127.1", "127.0.1",
	"\xd9\xa1\xd9\xa2\xd9\xa7.0.0.1",                            /* Arabic digits */
	"%6c%6f%63%61%6c%68%6f%73%74", "xn--", "-", "_", ".", "..", "*", "*.localhost",
};

static void make_hosts(void)
{
	for (size_t i = 0; i < COUNT_OF(closed4) && host_count < HOSTS_MAX; i++) {
		add_numbers(closed4[i]);
		add_hidden(closed4[i]);
	}
	for (size_t i = 0; i < COUNT_OF(others); i++)
		add("%s", others[i]);
}

/* %s: the host. */
static const char *const around[] = {
	"http://%s/", "https://%s/", "http://%s:80/laporan.jpg", "http://%s:22/",
	"HTTP://%s:8080/?a=http://umum.example/", "http://%s#@umum.example/", "http://%s?@umum.example",
	"http://umum.example@%s/", "http://umum.example:80@%s/", "http://umum.example%%40@%s/",
	"http://:@%s/", "http://%s\\@umum.example/", "http:\\\\%s\\", "http://umum.example\\@%s/",
	"http:/%s/", "http:///%s/", "//%s/", "%s", "http:%s", "http://\t%s/", "http://%s\t/",
	"ht\ntp://%s/", "http://%s\r\nHost: umum.example/", "http://%s:0/", "http://%s:99999/",
	"http://%s:+80/", "http://%s: 80/", " http://%s/", "http://%s/\x7f",
	"file://%s/etc/passwd", "gopher://%s:6379/_INFO", "ftp://%s/", "ftps://%s/", "dict://%s:11211/",
	"scp://%s/", "sftp://%s/", "ldap://%s/", "ldaps://%s/", "smb://%s/", "telnet://%s/",
	"tftp://%s/", "rtsp://%s/", "imap://%s/", "imaps://%s/", "pop3://%s/", "smtp://%s/",
	"mqtt://%s/", "ws://%s/", "wss://%s/", "jar:http://%s/!/", "netdoc://%s/", "view-source:http://%s/",
	"javascript://%s/", "data:text/plain,http://%s/", "h2c://%s/", "unix://%s/", "http+unix://%s/",
};

static char *url_of(const char *format, const char *host)
{
	CLEANUP(buf_done) struct buf out;
	buf_init(&out, 4096);
	for (const char *p = format; *p; p++) {
		if (p[0] == '%' && p[1] == 's')
			buf_add_text(&out, host);
		else
			buf_add_char(&out, *p);
		p += *p == '%';
	}
	return xstrdup(out.data);
}

/* ---- tests ---- */

static struct testctx *ctx;
static struct kit_http *http;
static size_t tried;

static void setup(void)
{
	struct kit_http_options o = { .size = sizeof(o), .connect_ms = 2000, .answer_ms = 2000 };
	atomic_store(&attempts, 0);
	atomic_store(&closed_attempts, 0);
	atomic_store(&lookups, 0);
	atomic_store(&open_port, 0);
	host_count = tried = 0;
	make_hosts();
	ctx = testctx_new(NULL, NULL);
	http = kit_http_new(testctx_context(ctx), &o);
}

static void teardown(void)
{
	kit_http_free(http);
	testctx_free(ctx);
	for (size_t i = 0; i < host_count; i++)
		free(hosts[i]);
}

static void try_one(const char *url)
{
	struct kit_http_response response = { 0 };
	enum jembatan_result r = kit_http_get(http, url, &response);
	tried++;
	ck_assert_msg(atomic_load(&attempts) == 0, "connected for %s", url);
	/* RETRY: there is no such name. */
	ck_assert_msg(r == JEMBATAN_DATA || r == JEMBATAN_RETRY, "%s: %d", url, (int)r);
	ck_assert_msg(response.outcome == JEMBATAN_NOT_SENT, "%s", url);
}

START_TEST(no_spelling_of_a_closed_address_is_connected_to)
{
	for (size_t i = 0; i < host_count; i++) {
		CLEANUP(free_pointer) char *url = url_of("http://%s/foto.jpg", hosts[i]);
		try_one(url);
	}
	printf("%zu spellings of closed addresses, none connected to\n", tried);
	ck_assert_uint_ge(tried, 500);
}
END_TEST

START_TEST(nothing_around_an_address_opens_it)
{
	static const char *const some[] = { "127.0.0.1", "[::1]", "169.254.169.254", "localhost",
					    "0x7f000001", "metadata.google.internal" };
	for (size_t i = 0; i < COUNT_OF(some); i++) {
		CLEANUP(free_pointer) char *url = url_of(around[_i], some[i]);
		try_one(url);
	}
}
END_TEST

/* An operator's app that sends its callers elsewhere: itself it may be private,
 * where it sends to may not. */
START_TEST(no_redirect_leads_to_a_closed_address)
{
	struct kit_server *server = kit_server_start();
	CLEANUP(free_pointer) char *origin = kit_server_url(server, "/");
	const char *const origins[] = { origin };
	struct kit_http_options o = { .size = sizeof(o), .origins = origins, .origin_count = 1 };
	struct kit_http *trusted = kit_http_new(testctx_context(ctx), &o);
	atomic_store(&open_port, (unsigned)strtoul(strrchr(origin, ':') + 1, NULL, 10));
	for (size_t i = 0; i < host_count; i++) {
		struct kit_http_response response = { 0 };
		CLEANUP(free_pointer) char *to = url_of("http://%s/foto.jpg", hosts[i]);
		CLEANUP(free_pointer) char *escaped = kit_url_escape(to);
		CLEANUP(free_pointer) char *path = xasprintf("/redirect?to=%s", escaped);
		CLEANUP(free_pointer) char *url = kit_server_url(server, path);
		enum jembatan_result r = kit_http_get(trusted, url, &response);
		ck_assert_msg(r != JEMBATAN_OK, "%s", to);
		ck_assert_msg(atomic_load(&attempts) == 0, "connected for %s", to);
		tried++;
	}
	ck_assert_uint_eq(kit_server_count(server), tried);
	kit_http_free(trusted);
	kit_server_stop(server);
}
END_TEST

START_TEST(a_name_that_changes_its_answer_gains_nothing)
{
	struct kit_http_response response = { 0 };
	/* First it leads to a public address, which does not answer here. */
	ck_assert_int_eq(kit_http_get(http, "http://berganti.example/", &response), JEMBATAN_RETRY);
	ck_assert_uint_eq(atomic_load(&attempts), 1);
	for (int i = 0; i < 3; i++) {
		/* Without what libcurl remembers of the first answer. */
		teardown();
		struct kit_http_options o = { .size = sizeof(o) };
		ctx = testctx_new(NULL, NULL);
		http = kit_http_new(testctx_context(ctx), &o);
		host_count = 0;
		ck_assert_int_eq(kit_http_get(http, "http://berganti.example/", &response),
				 JEMBATAN_DATA);
	}
	ck_assert_uint_eq(atomic_load(&attempts), 1);
	ck_assert_uint_eq(atomic_load(&closed_attempts), 0);
	ck_assert_uint_ge(atomic_load(&lookups), 2);
}
END_TEST

/* So that "none" above means something. */
static const char *const public[] = { "http://8.8.8.8/", "http://134744072/", "http://0x08080808/",
				      "https://umum.example/", "http://[2606:4700:4700::1111]/",
				      "http://[64:ff9b::8.8.8.8]/", "http://8.8.8.8:8443/" };

START_TEST(a_public_address_is_connected_to)
{
	struct kit_http_response response = { 0 };
	ck_assert_int_eq(kit_http_get(http, public[_i], &response), JEMBATAN_RETRY);
	ck_assert_uint_eq(atomic_load(&attempts), 1);
	ck_assert_uint_eq(atomic_load(&closed_attempts), 0);
}
END_TEST

START_TEST(an_address_that_an_operator_wrote_is_connected_to)
{
	struct kit_http_response response = { 0 };
	struct kit_http_request r = { .size = sizeof(r), .url = "http://10.0.0.1/",
				      .operator_url = true };
	ck_assert_int_eq(kit_http_send(http, &r, &response), JEMBATAN_RETRY);
	ck_assert_uint_eq(atomic_load(&closed_attempts), 1);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("addresses");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, no_spelling_of_a_closed_address_is_connected_to);
	tcase_add_loop_test(t, nothing_around_an_address_opens_it, 0, COUNT_OF(around));
	tcase_add_test(t, no_redirect_leads_to_a_closed_address);
	tcase_add_test(t, a_name_that_changes_its_answer_gains_nothing);
	tcase_add_loop_test(t, a_public_address_is_connected_to, 0, COUNT_OF(public));
	tcase_add_test(t, an_address_that_an_operator_wrote_is_connected_to);
	return unit_run("addresses", t);
}
