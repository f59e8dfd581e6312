/* surplus.c: libcurl 7.88 takes a kept connection for fit when bytes wait in
 * it. It names a connection only by its local port, so that is what sockets
 * are found by; two with one port, on two addresses, are both looked at. */
#include "central/surplus.h"

#include "base/mem.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/poison.h"

struct known {
	curl_socket_t fd;
	int port;     /* 0: not asked for yet */
	bool was_used; /* what waits before the first request may be TLS */
};

struct surplus {
	struct known *list;
	size_t count, room;
	surplus_on_closing *on_closing;
	void *data;
};

static curl_socket_t on_open(void *data, curlsocktype purpose UNUSED, struct curl_sockaddr *a)
{
	struct surplus *s = data;
	curl_socket_t fd = socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);

	if (fd < 0)
		return CURL_SOCKET_BAD;
	if (s->count == s->room) {
		s->room = s->room ? 2 * s->room : 16;
		s->list = xrealloc(s->list, s->room, sizeof(s->list[0]));
	}
	s->list[s->count++] = (struct known){ .fd = fd };
	return fd;
}

static int on_close(void *data, curl_socket_t fd)
{
	struct surplus *s = data;

	for (size_t i = 0; i < s->count; i++) {
		if (s->list[i].fd != fd)
			continue;
		s->list[i] = s->list[--s->count];
		break;
	}
	s->on_closing(s->data, fd);
	return close(fd);
}

static int port_of(curl_socket_t fd)
{
	struct sockaddr_storage a;
	socklen_t size = sizeof(a);

	if (getsockname(fd, (struct sockaddr *)&a, &size) != 0)
		return 0;
	if (a.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&a)->sin6_port);
	return ntohs(((struct sockaddr_in *)&a)->sin_port);
}

static bool has_bytes(curl_socket_t fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

bool surplus_is_fit(struct surplus *s, int local_port)
{
	bool is_fit = true;

	for (size_t i = 0; i < s->count; i++) {
		struct known *k = &s->list[i];
		if (k->port == 0)
			k->port = port_of(k->fd);
		if (k->port != local_port)
			continue;
		if (k->was_used && has_bytes(k->fd))
			is_fit = false;
		k->was_used = true;
	}
	return is_fit;
}

struct surplus *surplus_new(surplus_on_closing *on_closing, void *data)
{
	struct surplus *s = xcalloc(1, sizeof(*s));

	s->on_closing = on_closing;
	s->data = data;
	return s;
}

bool surplus_knows(const struct surplus *s, curl_socket_t fd)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->list[i].fd == fd)
			return true;
	return false;
}

void surplus_free(struct surplus *s)
{
	if (!s)
		return;
	free(s->list);
	free(s);
}

void surplus_watch(struct surplus *s, CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, s);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, s);
}
