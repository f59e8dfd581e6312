/* test_kit_guard.c: which addresses and URLs may be fetched. Nothing here is
 * connected to. */
#include <jembatan/kit.h>

#include "base/mem.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "unit.h"

static const struct {
	const char *ip;
	bool is_public;
} addresses[] = {
	/* this network, unspecified */
	{ "0.0.0.0", false }, { "0.0.0.1", false }, { "0.255.255.255", false }, { "1.0.0.0", true },
	/* private */
	{ "9.255.255.255", true }, { "10.0.0.0", false }, { "10.1.2.3", false },
	{ "10.255.255.255", false }, { "11.0.0.0", true },
	{ "172.15.255.255", true }, { "172.16.0.0", false }, { "172.20.1.1", false },
	{ "172.31.255.255", false }, { "172.32.0.0", true },
	{ "192.167.255.255", true }, { "192.168.0.0", false }, { "192.168.1.1", false },
	{ "192.168.255.255", false }, { "192.169.0.0", true },
	/* a carrier's NAT; a cloud's metadata lies in it */
	{ "100.63.255.255", true }, { "100.64.0.0", false }, { "100.100.100.200", false },
	{ "100.127.255.255", false }, { "100.128.0.0", true },
	/* loopback */
	{ "126.255.255.255", true }, { "127.0.0.0", false }, { "127.0.0.1", false },
	{ "127.1.2.3", false }, { "127.255.255.255", false }, { "128.0.0.0", true },
	/* link-local, metadata */
	{ "169.253.255.255", true }, { "169.254.0.0", false }, { "169.254.169.254", false },
	{ "169.254.170.2", false }, { "169.254.255.255", false }, { "169.255.0.0", true },
	{ "168.63.129.15", true }, { "168.63.129.16", false }, { "168.63.129.17", true },
	/* protocol assignments, documentation, AS112, AMT, relays */
	{ "191.255.255.255", true }, { "192.0.0.0", false }, { "192.0.0.170", false },
	{ "192.0.0.192", false }, { "192.0.0.255", false }, { "192.0.1.0", true },
	{ "192.0.2.0", false }, { "192.0.2.255", false }, { "192.0.3.0", true },
	{ "192.31.196.1", false }, { "192.52.193.1", false }, { "192.88.98.255", true },
	{ "192.88.99.1", false }, { "192.88.100.0", true }, { "192.175.48.1", false },
	{ "198.17.255.255", true }, { "198.18.0.0", false }, { "198.19.255.255", false },
	{ "198.20.0.0", true }, { "198.51.99.255", true }, { "198.51.100.7", false },
	{ "198.51.101.0", true }, { "203.0.112.255", true }, { "203.0.113.9", false },
	{ "203.0.114.0", true },
	/* multicast, reserved, broadcast */
	{ "223.255.255.255", true }, { "224.0.0.1", false }, { "239.255.255.250", false },
	{ "240.0.0.0", false }, { "250.1.1.1", false }, { "255.255.255.254", false },
	{ "255.255.255.255", false },
	/* plainly public */
	{ "8.8.8.8", true }, { "103.10.10.10", true }, { "202.46.1.1", true }, { "36.66.1.1", true },

	{ "::", false }, { "::1", false }, { "::2", false },
	/* IPv4 within IPv6: mapped, compatible, translated */
	{ "::ffff:127.0.0.1", false }, { "::ffff:10.0.0.1", false }, { "::ffff:192.168.1.1", false },
	{ "::ffff:169.254.169.254", false }, { "::ffff:0.0.0.0", false },
	{ "::ffff:100.64.0.1", false }, { "::ffff:224.0.0.1", false }, { "::ffff:8.8.8.8", true },
	{ "::127.0.0.1", false }, { "::10.0.0.1", false }, { "::8.8.8.8", false },
	{ "::ffff:0:127.0.0.1", false }, { "::ffff:0:8.8.8.8", false },
	/* NAT64 */
	{ "64:ff9b::7f00:1", false }, { "64:ff9b::10.0.0.1", false },
	{ "64:ff9b::169.254.169.254", false }, { "64:ff9b::8.8.8.8", true },
	{ "64:ff9b:1::8.8.8.8", false }, { "64:ff9b:1:fffe::a00:1", false },
	{ "64:ff9b:0:1::808:808", false },
	/* 6to4 */
	{ "2002:7f00:1::", false }, { "2002:a00:1::1", false }, { "2002:c0a8:101::1", false },
	{ "2002:a9fe:a9fe::", false }, { "2002:808:808::1", true },
	/* Teredo and the other protocol assignments */
	{ "2001::1", false }, { "2001:0:4136:e378:8000:63bf:3fff:fdd2", false },
	{ "2001:2::1", false }, { "2001:3::1", false }, { "2001:10::1", false },
	{ "2001:20::1", false }, { "2001:1ff::1", false }, { "2001:200::1", true },
	/* ISATAP with private IPv4 */
	{ "2400:cb00::5efe:a00:1", false }, { "2400:cb00::200:5efe:7f00:1", false },
	{ "2400:cb00::200:5efe:808:808", true },
	/* documentation, discard, dummy, AS112, segment routing */
	{ "2001:db8::1", false }, { "2001:db7:ffff::1", true }, { "2001:db9::1", true },
	{ "3fff::1", false }, { "3fff:fff::1", false }, { "3fff:1000::1", true },
	{ "100::1", false }, { "100:0:0:1::1", false }, { "2620:4f:8000::1", false },
	{ "2620:4f:8001::1", true }, { "5f00::1", false },
	/* unique local, link-local, site-local, multicast */
	{ "fc00::1", false }, { "fd00::1", false }, { "fd00:ec2::254", false },
	{ "fdff:ffff::1", false }, { "fe80::1", false }, { "febf::1", false }, { "fec0::1", false },
	{ "feff::1", false }, { "ff02::1", false }, { "ff0e::1", false },
	/* outside 2000::/3 */
	{ "1fff:ffff::1", false }, { "4000::1", false }, { "a000::1", false },
	/* plainly public */
	{ "2001:4860:4860::8888", true }, { "2606:4700:4700::1111", true }, { "2400:cb00::1", true },
	{ "2a00:1450::1", true },
};

START_TEST(an_address_is_public_or_closed)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	const char *ip = addresses[_i].ip;
	bool found;
	if (inet_pton(AF_INET, ip, &in.sin_addr) == 1) {
		found = kit_guard_address((struct sockaddr *)&in);
	} else {
		ck_assert_msg(inet_pton(AF_INET6, ip, &in6.sin6_addr) == 1, "%s", ip);
		found = kit_guard_address((struct sockaddr *)&in6);
	}
	ck_assert_msg(found == addresses[_i].is_public, "%s", ip);
}
END_TEST

START_TEST(other_families_are_closed)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	ck_assert(!kit_guard_address((struct sockaddr *)&un));
}
END_TEST

static const char *const origins[] = { "https://app.example.go.id/api/v1", "http://10.1.2.3:8080/" };

static const struct {
	const char *url;
	enum jembatan_result result;
	bool trusted;
} urls[] = {
	{ "https://app.example.go.id/x?page=2", JEMBATAN_OK, true },
	{ "https://APP.example.go.id:443/", JEMBATAN_OK, true },
	{ "http://app.example.go.id/", JEMBATAN_OK, false },       /* scheme */
	{ "https://app.example.go.id:8443/", JEMBATAN_OK, false }, /* port */
	{ "https://app.example.go.id.evil.example/", JEMBATAN_OK, false },
	{ "https://evil.example/app.example.go.id", JEMBATAN_OK, false },
	{ "http://10.1.2.3:8080/other", JEMBATAN_OK, true },
	{ "http://10.1.2.3/", JEMBATAN_OK, false },
	{ "http://167838211:8080/", JEMBATAN_OK, true }, /* 10.1.2.3 in decimal */
	{ "https://app.example.go.id@evil.example/", JEMBATAN_DATA, false },
	{ "https://user:secret@app.example.go.id/", JEMBATAN_DATA, false },
	{ "https://app.example.go.id\\@evil.example/", JEMBATAN_DATA, false },
	{ "ftp://app.example.go.id/", JEMBATAN_DATA, false },
	{ "file:///etc/passwd", JEMBATAN_DATA, false },
	{ "gopher://app.example.go.id/", JEMBATAN_DATA, false },
	{ "javascript:alert(1)", JEMBATAN_DATA, false },
	{ "data:text/plain,x", JEMBATAN_DATA, false },
	{ "//app.example.go.id/", JEMBATAN_DATA, false },
	{ "/relative", JEMBATAN_DATA, false },
	{ "", JEMBATAN_DATA, false },
	{ "https://", JEMBATAN_DATA, false },
	{ "https://app.example.go.id/a b", JEMBATAN_DATA, false },
	{ "https://app.example.go.id/\r\nHost: x", JEMBATAN_DATA, false },
	{ "https://app.example.go.id:99999/", JEMBATAN_DATA, false },
};

START_TEST(a_url_is_judged_before_it_is_fetched)
{
	bool trusted = false;
	struct kit_why why = { "" };
	enum jembatan_result result =
		kit_guard_url(urls[_i].url, origins, COUNT_OF(origins), &trusted, &why);
	ck_assert_msg(result == urls[_i].result, "%s: %d", urls[_i].url, result);
	ck_assert_msg(trusted == urls[_i].trusted, "%s", urls[_i].url);
	ck_assert((result == JEMBATAN_OK) == (why.text[0] == '\0'));
}
END_TEST

START_TEST(a_url_of_absurd_length_is_refused)
{
	char url[9000] = "https://a.example/";
	bool trusted;
	memset(url + strlen(url), 'a', sizeof(url) - strlen(url) - 1);
	url[sizeof(url) - 1] = '\0';
	ck_assert_int_eq(kit_guard_url(url, NULL, 0, &trusted, NULL), JEMBATAN_DATA);
}
END_TEST

static const struct {
	const char *base, *reference, *joined;
} joins[] = {
	{ "https://a.example/x/y?p=1", "z", "https://a.example/x/z" },
	{ "https://a.example/x/y", "/z?q=2", "https://a.example/z?q=2" },
	{ "https://a.example/x/y", "?page=3", "https://a.example/x/y?page=3" },
	{ "https://a.example/x/y", "https://b.example/", "https://b.example/" },
	{ "https://a.example/x/y", "//b.example/k", "https://b.example/k" },
	{ "not a url", "z", NULL },
};

START_TEST(references_are_joined_to_their_base)
{
	char *joined = kit_url_join(joins[_i].base, joins[_i].reference);
	ck_assert_pstr_eq(joined, joins[_i].joined);
	free(joined);
}
END_TEST

static const struct {
	const char *url, *name, *value, *changed;
} withs[] = {
	{ "https://a.example/x", "page", "2", "https://a.example/x?page=2" },
	{ "https://a.example/x?page=1&q=v", "page", "2", "https://a.example/x?page=2&q=v" },
	{ "https://a.example/x?q=v&page=1&page=9", "page", "2", "https://a.example/x?q=v&page=2" },
	{ "https://a.example/x?pages=1", "page", "2", "https://a.example/x?pages=1&page=2" },
	{ "https://a.example/x?q=a%26b", "page[no]", "a&b=c",
	  "https://a.example/x?q=a%26b&page%5Bno%5D=a%26b%3Dc" },
	{ "https://a.example/x?page%5Bno%5D=1", "page[no]", "2", "https://a.example/x?page%5Bno%5D=2" },
	{ "https://a.example/x?&=&query=1&", "page", "2", "https://a.example/x?=&query=1&page=2" },
	{ "nothing", "page", "2", NULL },
};

START_TEST(a_query_parameter_is_set_and_read_back)
{
	char *changed = kit_url_with(withs[_i].url, withs[_i].name, withs[_i].value);
	/* Versions of libcurl differ in the case of percent signs. */
	ck_assert((changed == NULL) == (withs[_i].changed == NULL));
	ck_assert_msg(!changed || strcasecmp(changed, withs[_i].changed) == 0, "%s", changed);
	char *value = changed ? kit_url_parameter(changed, withs[_i].name) : NULL;
	if (changed)
		ck_assert_pstr_eq(value, withs[_i].value);
	free(value);
	free(changed);
}
END_TEST

START_TEST(a_url_is_shown_without_its_secrets)
{
	char *shown = kit_url_show("https://user:pw@a.example:8443/p/q?token=secret#part");
	ck_assert_str_eq(shown, "https://a.example:8443/p/q");
	free(shown);
	shown = kit_url_show("\x1b[31m");
	ck_assert_str_eq(shown, "(not a URL)");
	free(shown);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("kit_guard");
	tcase_add_loop_test(t, an_address_is_public_or_closed, 0, COUNT_OF(addresses));
	tcase_add_test(t, other_families_are_closed);
	tcase_add_loop_test(t, a_url_is_judged_before_it_is_fetched, 0, COUNT_OF(urls));
	tcase_add_test(t, a_url_of_absurd_length_is_refused);
	tcase_add_loop_test(t, references_are_joined_to_their_base, 0, COUNT_OF(joins));
	tcase_add_loop_test(t, a_query_parameter_is_set_and_read_back, 0, COUNT_OF(withs));
	tcase_add_test(t, a_url_is_shown_without_its_secrets);
	return unit_run("kit_guard", t);
}
