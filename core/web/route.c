/* route.c: targets and senders. */
#include "web/route.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/poison.h"

static const struct {
	const char *start;
	unsigned room;
	bool has_instance;
} rooms[] = {
	{ "/hook/", MSG_WEB_HOOK, true },
	{ "/intake/", MSG_WEB_INTAKE, true },
	{ "/live", 0, false },
	{ "/ready", MSG_WEB_READY, false },
	{ "/metrics", MSG_WEB_METRICS, false },
};

/* As the names of instances are; anything else is nobody's. */
static bool read_instance(const char **rest, char out[ROUTE_INSTANCE_SIZE])
{
	size_t n = strspn(*rest, "abcdefghijklmnopqrstuvwxyz0123456789-");
	if (n == 0 || n >= ROUTE_INSTANCE_SIZE || ((*rest)[n] != '\0' && (*rest)[n] != '/'))
		return false;
	memcpy(out, *rest, n);
	out[n] = '\0';
	*rest += n;
	return true;
}

static const char *allowed(unsigned room, const char *method)
{
	static const char *const hook[] = { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE" };
	if (room != MSG_WEB_HOOK && room != MSG_WEB_INTAKE)
		return str_equal(method, "GET") || str_equal(method, "HEAD") ? NULL : "GET, HEAD";
	if (room == MSG_WEB_INTAKE)
		return str_equal(method, "GET") || str_equal(method, "POST") ? NULL : "GET, POST";
	for (size_t i = 0; i < COUNT_OF(hook); i++)
		if (str_equal(method, hook[i]))
			return NULL;
	return "GET, HEAD, POST, PUT, PATCH, DELETE";
}

static bool is_clean(const char *target)
{
	size_t size = strlen(target);
	if (target[0] != '/' || !text_is_utf8(target, size))
		return false;
	for (const char *c = target; *c != '\0'; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7f)
			return false;
	return true;
}

static bool find(const char *target, struct route *out)
{
	for (size_t i = 0; i < COUNT_OF(rooms); i++) {
		const char *rest = target + strlen(rooms[i].start);
		if (!str_starts(target, rooms[i].start))
			continue;
		out->room = rooms[i].room;
		if (rooms[i].has_instance ? !read_instance(&rest, out->instance) : *rest != '\0')
			return false;
		out->path = *rest != '\0' ? rest : "/";
		return true;
	}
	return false;
}

void route_read(char *target, const char *method, struct route *out)
{
	*out = (struct route){ .path = "/" };
	if (strnlen(target, ROUTE_TARGET_MAX + 1) > ROUTE_TARGET_MAX) {
		out->problem = MSG_PROBLEM_LONG_TARGET;
		return;
	}
	if (!is_clean(target)) {
		out->problem = MSG_PROBLEM_BAD_REQUEST;
		return;
	}
	char *question = strchr(target, '?');
	if (question != NULL) {
		*question = '\0';
		out->query = question + 1;
	}
	if (!find(target, out)) {
		out->problem = MSG_PROBLEM_NOT_FOUND;
		return;
	}
	out->allow = allowed(out->room, method);
	if (out->allow != NULL)
		out->problem = MSG_PROBLEM_METHOD;
}

/* "192.0.2.1", "192.0.2.1:4711", "[2001:db8::1]:4711", "2001:db8::1". */
static bool read_address(const char *text, size_t size, char out[ROUTE_ADDRESS_SIZE],
			 char key[ROUTE_ADDRESS_SIZE])
{
	char word[ROUTE_ADDRESS_SIZE];
	struct in_addr four;
	struct in6_addr six;
	if (size == 0 || size >= sizeof(word))
		return false;
	memcpy(word, text, size);
	word[size] = '\0';
	char *start = word, *colon = strchr(word, ':');
	if (word[0] == '[') {
		start = word + 1;
		word[strcspn(word, "]")] = '\0';
	} else if (colon != NULL && strchr(colon + 1, ':') == NULL) {
		*colon = '\0';
	}
	if (inet_pton(AF_INET, start, &four) == 1) {
		inet_ntop(AF_INET, &four, out, ROUTE_ADDRESS_SIZE);
		memcpy(key, out, ROUTE_ADDRESS_SIZE);
		return true;
	}
	if (inet_pton(AF_INET6, start, &six) != 1)
		return false;
	inet_ntop(AF_INET6, &six, out, ROUTE_ADDRESS_SIZE);
	if (!IN6_IS_ADDR_V4MAPPED(&six))
		memset(&six.s6_addr[8], 0, 8);
	inet_ntop(AF_INET6, &six, key, ROUTE_ADDRESS_SIZE);
	return true;
}

void route_sender(const char *header, const char *peer, char out[ROUTE_ADDRESS_SIZE],
		  char out_key[ROUTE_ADDRESS_SIZE])
{
	memset(out, 0, ROUTE_ADDRESS_SIZE);
	memset(out_key, 0, ROUTE_ADDRESS_SIZE);
	if (header != NULL) {
		const char *comma = strrchr(header, ',');
		const char *last = comma != NULL ? comma + 1 : header;
		last += strspn(last, " \t");
		size_t size = strcspn(last, " \t");
		if (last[size + strspn(last + size, " \t")] == '\0' &&
		    read_address(last, size, out, out_key))
			return;
	}
	str_copy(out, ROUTE_ADDRESS_SIZE, peer);
	str_copy(out_key, ROUTE_ADDRESS_SIZE, peer);
}
