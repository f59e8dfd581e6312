/* secret_source.c: reads secrets. Every sentence here names the place, never
 * the value: not even a plain text written where a map belongs is repeated. */
#include "config/secret_source.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/poison.h"

struct source {
	const struct yaml_node *node;
	const char *name;
	struct problems *problems;
};

#define COMPLAIN(s, ...) \
	problems_add((s)->problems, (s)->node->file, (s)->node->line, __VA_ARGS__)

/* Drop one line end, check that something sensible is left. */
static struct secret *make_secret(const struct source *s, const char *from, const char *value,
				  size_t size)
{
	if (size > 0 && value[size - 1] == '\n')
		size--;
	if (size > 0 && value[size - 1] == '\r')
		size--;
	if (size == 0) {
		COMPLAIN(s, "\"%s\": %s is empty", s->name, from);
		return NULL;
	}
	if (!text_is_utf8(value, size)) {
		COMPLAIN(s, "\"%s\": %s does not hold text", s->name, from);
		return NULL;
	}
	return secret_new(value, size);
}

/* systemd guards its credentials folder itself, whatever the modes say. */
static bool is_credential_path(const char *path)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	size_t length = folder != NULL ? strlen(folder) : 0;

	return length > 1 && strncmp(path, folder, length) == 0 && path[length] == '/' &&
	       strstr(path, "/../") == NULL;
}

static bool check_file(const struct source *s, const char *path, int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		COMPLAIN(s, "\"%s\": %s is not a file", s->name, path);
		return false;
	}
	if (st.st_size > (off_t)SECRET_SOURCE_MAX) {
		COMPLAIN(s, "\"%s\": %s is larger than 64 KiB", s->name, path);
		return false;
	}
	if ((st.st_mode & 077) != 0 && !is_credential_path(path)) {
		COMPLAIN(s, "\"%s\": others may read %s (mode %04o): chmod 600 it", s->name, path,
			 (unsigned)(st.st_mode & 07777));
		return false;
	}
	return true;
}

static struct secret *read_file(const struct source *s, const char *path)
{
	CLEANUP(close_fd) int fd = -1;
	struct secret *secret = NULL;
	char *value;
	size_t size = 0;
	ssize_t got = 0;

	if (*path != '/') {
		COMPLAIN(s, "\"%s\": the file of a secret must be an absolute path", s->name);
		return NULL;
	}
	/* NONBLOCK: a pipe put there must not hang the start. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		COMPLAIN(s, "\"%s\": cannot read %s: %s%s", s->name, path, strerror(errno),
			 errno == ENOENT ? ": make it with `install -o jembatan -m 600 /dev/stdin FILE`, "
					   "paste the secret, Enter, Ctrl-D" :
			 errno == EACCES ? ": it and its folders have to let the daemon's user read it" :
					   "");
		return NULL;
	}
	if (!check_file(s, path, fd))
		return NULL;
	value = xmalloc(SECRET_SOURCE_MAX);
	while (size < SECRET_SOURCE_MAX &&
	       (got = read(fd, value + size, SECRET_SOURCE_MAX - size)) > 0)
		size += (size_t)got;
	if (got < 0)
		COMPLAIN(s, "\"%s\": cannot read %s: %s", s->name, path, strerror(errno));
	else
		secret = make_secret(s, path, value, size);
	mem_wipe(value, SECRET_SOURCE_MAX);
	free(value);
	return secret;
}

static struct secret *read_env(const struct source *s, const char *variable)
{
	const char *value = getenv(variable);

	if (value == NULL) {
		COMPLAIN(s, "\"%s\": the environment variable %s is not set", s->name, variable);
		return NULL;
	}
	return make_secret(s, variable, value, strnlen(value, SECRET_SOURCE_MAX));
}

static struct secret *read_credential(const struct source *s, const char *credential)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	CLEANUP(free_pointer) char *path = NULL;

	if (strchr(credential, '/') != NULL || *credential == '.' || *credential == '\0') {
		COMPLAIN(s, "\"%s\": a credential is a plain name, as in LoadCredential=",
			 s->name);
		return NULL;
	}
	if (folder == NULL) {
		COMPLAIN(s, "\"%s\": there are no credentials here ($CREDENTIALS_DIRECTORY is not "
			 "set): start from a systemd unit with LoadCredential=%s:FILE", s->name,
			 credential);
		return NULL;
	}
	path = xasprintf("%s/%s", folder, credential);
	return read_file(s, path);
}

struct secret *secret_source_read(const struct yaml_node *node, const char *name,
				  struct problems *problems)
{
	struct source s = { node, name, problems };
	const struct yaml_node *from = node->kind == YAML_MAP ? node->first : NULL;

	if (from == NULL || node->count != 1 || from->kind != YAML_SCALAR || yaml_is_null(from)) {
		COMPLAIN(&s, "\"%s\" is a secret and does not stand here itself: write "
			 "{file: /path}, {env: NAME} or {credential: NAME}", name);
		return NULL;
	}
	if (strcmp(from->key, "file") == 0)
		return read_file(&s, from->text);
	if (strcmp(from->key, "env") == 0)
		return read_env(&s, from->text);
	if (strcmp(from->key, "credential") == 0)
		return read_credential(&s, from->text);
	COMPLAIN(&s, "\"%s\": unknown source \"%.40s\" of a secret: use file, env or credential",
		 name, from->key);
	return NULL;
}
