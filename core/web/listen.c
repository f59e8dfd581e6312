/* listen.c: bind and listen. */
#include "web/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/poison.h"

#define BACKLOG 1024

union any_address {
	struct sockaddr any;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
	struct sockaddr_un local;
};

/* The size of the address; 0: it is none. */
static socklen_t read_where(const char *where, union any_address *out)
{
	memset(out, 0, sizeof(*out));
	if (str_starts(where, "unix:/")) {
		out->local.sun_family = AF_UNIX;
		if (strlen(where) - 5 >= sizeof(out->local.sun_path))
			return 0;
		str_copy(out->local.sun_path, sizeof(out->local.sun_path), where + 5);
		return sizeof(out->local);
	}
	const char *colon = strrchr(where, ':');
	if (colon == NULL)
		return 0;
	in_port_t port = htons((in_port_t)strtoul(colon + 1, NULL, 10));
	if (str_starts(where, "127.0.0.1:")) {
		out->four = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = port,
						  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
		return sizeof(out->four);
	}
	if (!str_starts(where, "[::1]:"))
		return 0;
	out->six = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = port,
					  .sin6_addr = in6addr_loopback };
	return sizeof(out->six);
}

/* Only a socket is removed: a wrong path must not cost somebody a file. */
static void remove_old(const char *path)
{
	struct stat st;
	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		unlink(path);
}

static void name_it(int fd, const char *where, char out[LISTEN_NAME_SIZE])
{
	union any_address a;
	socklen_t size = sizeof(a);
	memset(&a, 0, sizeof(a));
	if (getsockname(fd, &a.any, &size) == 0 && a.any.sa_family == AF_INET)
		snprintf(out, LISTEN_NAME_SIZE, "127.0.0.1:%u", (unsigned)ntohs(a.four.sin_port));
	else if (a.any.sa_family == AF_INET6)
		snprintf(out, LISTEN_NAME_SIZE, "[::1]:%u", (unsigned)ntohs(a.six.sin6_port));
	else
		str_copy(out, LISTEN_NAME_SIZE, where);
}

enum jembatan_result listen_open(const char *where, int *out_fd, char out_name[LISTEN_NAME_SIZE],
				 struct why *why)
{
	union any_address a;
	socklen_t size = read_where(where, &a);
	const int on = 1;
	if (size == 0)
		return why_set(why, JEMBATAN_CONFIG, "cannot listen on %s: it is no address of this "
			       "machine", where);
	int fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (a.any.sa_family == AF_UNIX)
		remove_old(a.local.sun_path);
	else if (fd >= 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	/* As open to this machine as a port on loopback is. */
	mode_t before = umask(0111);
	bool bound = fd >= 0 && bind(fd, &a.any, size) == 0 && listen(fd, BACKLOG) == 0;
	int saved = errno;
	umask(before);
	if (!bound) {
		close_fd(&fd);
		return why_set(why, JEMBATAN_RETRY, "cannot listen on %s: %s", where,
			       strerror(saved));
	}
	name_it(fd, where, out_name);
	*out_fd = fd;
	return JEMBATAN_OK;
}
