/* kit_guard.c: which addresses and URLs may be fetched. Default deny: only
 * global unicast is public, and an IPv6 address that carries an IPv4 one is
 * judged by it too. Pure; kit_http asks again with the address it really
 * connects to, so that a name that changes its answer gains nothing. */
#include <jembatan/kit.h>

#include "base/mem.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/poison.h"

struct range4 {
	uint32_t network;
	unsigned bits;
};

#define IP4(a, b, c, d) \
	((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

/* IANA's special-purpose registry, and multicast and class E. */
static const struct range4 closed4[] = {
	{ IP4(0, 0, 0, 0), 8 },       /* this network */
	{ IP4(10, 0, 0, 0), 8 },      /* private */
	{ IP4(100, 64, 0, 0), 10 },   /* shared by a carrier's NAT */
	{ IP4(127, 0, 0, 0), 8 },     /* loopback */
	{ IP4(169, 254, 0, 0), 16 },  /* link-local, cloud metadata */
	{ IP4(172, 16, 0, 0), 12 },   /* private */
	{ IP4(192, 0, 0, 0), 24 },    /* protocol assignments */
	{ IP4(192, 0, 2, 0), 24 },    /* documentation */
	{ IP4(192, 31, 196, 0), 24 }, /* AS112 */
	{ IP4(192, 52, 193, 0), 24 }, /* AMT */
	{ IP4(192, 88, 99, 0), 24 },  /* 6to4 relays */
	{ IP4(192, 168, 0, 0), 16 },  /* private */
	{ IP4(192, 175, 48, 0), 24 }, /* AS112 */
	{ IP4(198, 18, 0, 0), 15 },   /* benchmarks */
	{ IP4(198, 51, 100, 0), 24 }, /* documentation */
	{ IP4(203, 0, 113, 0), 24 },  /* documentation */
	{ IP4(224, 0, 0, 0), 4 },     /* multicast */
	{ IP4(240, 0, 0, 0), 4 },     /* reserved, broadcast */
};

static bool is_public4(uint32_t address)
{
	for (size_t i = 0; i < COUNT_OF(closed4); i++)
		if ((address ^ closed4[i].network) >> (32 - closed4[i].bits) == 0)
			return false;
	/* Metadata services outside the closed ranges (Azure, Oracle, Alibaba
	 * uses 100.100.100.200, which is shared space above). */
	return address != IP4(168, 63, 129, 16);
}

static uint32_t ip4_at(const uint8_t *p)
{
	return IP4(p[0], p[1], p[2], p[3]);
}

static bool starts(const uint8_t *address, unsigned bits, const uint8_t *prefix)
{
	unsigned whole = bits / 8, rest = bits % 8;
	if (memcmp(address, prefix, whole) != 0)
		return false;
	return rest == 0 || (address[whole] ^ prefix[whole]) >> (8 - rest) == 0;
}

static bool is_public6(const uint8_t a[16])
{
	static const uint8_t nat64[12] = { 0, 0x64, 0xff, 0x9b };
	static const struct {
		uint8_t prefix[6];
		unsigned bits;
	} closed6[] = {
		{ { 0x20, 0x01, 0x00, 0x00 }, 23 }, /* protocol assignments: Teredo,
						       benchmarks, ORCHID ... */
		{ { 0x20, 0x01, 0x0d, 0xb8 }, 32 }, /* documentation */
		{ { 0x26, 0x20, 0x00, 0x4f, 0x80, 0x00 }, 48 }, /* AS112 */
		{ { 0x3f, 0xff }, 20 },             /* documentation */
	};
	if (starts(a, 96, nat64))
		return is_public4(ip4_at(a + 12));
	/* All that is global lies in 2000::/3: this closes ::, ::1, compatible
	 * IPv4, local NAT64, ULA, link- and site-local, multicast. */
	if ((a[0] & 0xe0) != 0x20)
		return false;
	for (size_t i = 0; i < COUNT_OF(closed6); i++)
		if (starts(a, closed6[i].bits, closed6[i].prefix))
			return false;
	if (a[0] == 0x20 && a[1] == 0x02) /* 6to4 */
		return is_public4(ip4_at(a + 2));
	/* ISATAP hides an IPv4 address behind xxxx:5efe. */
	if ((a[8] & 0xfd) == 0 && a[9] == 0 && a[10] == 0x5e && a[11] == 0xfe)
		return is_public4(ip4_at(a + 12));
	return true;
}

bool kit_guard_address(const struct sockaddr *address)
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
	if (address->sa_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, address, sizeof(in));
		return is_public4(ntohl(in.sin_addr.s_addr));
	}
	if (address->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;
		memcpy(&in6, address, sizeof(in6));
		if (starts(in6.sin6_addr.s6_addr, 96, mapped))
			return is_public4(ip4_at(in6.sin6_addr.s6_addr + 12));
		return is_public6(in6.sin6_addr.s6_addr);
	}
	return false;
}

static enum jembatan_result refuse(struct kit_why *why, const char *reason)
{
	return kit_why_set(why, JEMBATAN_DATA, "the URL is not fetched: %s", reason);
}

static bool has_part(CURLU *url, CURLUPart part)
{
	char *text = NULL;
	bool there = curl_url_get(url, part, &text, 0) == CURLUE_OK;
	curl_free(text);
	return there;
}

static void free_url(CURLU **url)
{
	curl_url_cleanup(*url);
}

enum jembatan_result kit_guard_url(const char *url, const char *const *origins,
				   size_t origin_count, bool *out_trusted, struct kit_why *why)
{
	CLEANUP(free_url) CURLU *u = curl_url();
	ASSERT(u);
	if (strlen(url) > 8192)
		return refuse(why, "it is longer than 8,192 bytes");
	for (const char *p = url; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f || *p == '\\')
			return refuse(why,
				      "it contains a space, a backslash or a control character");
	if (curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
		return refuse(why, "it is not an absolute URL");
	char *scheme = NULL;
	if (curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK)
		return refuse(why, "it has no scheme");
	bool is_web = str_equal(scheme, "https") || str_equal(scheme, "http");
	curl_free(scheme);
	if (!is_web)
		return refuse(why, "only http and https are");
	if (has_part(u, CURLUPART_USER) || has_part(u, CURLUPART_PASSWORD))
		return refuse(why, "it contains a user name");
	if (!has_part(u, CURLUPART_HOST))
		return refuse(why, "it has no host");
	bool trusted = false;
	for (size_t i = 0; i < origin_count && !trusted; i++)
		trusted = kit_url_same_origin(url, origins[i]);
	*out_trusted = trusted;
	return JEMBATAN_OK;
}
