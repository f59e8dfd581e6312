/* seal.c: the master key's file, and labels. */
#include "store/seal.h"

#include <ctype.h>
#include <fcntl.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/poison.h"

#define HEX_SIZE (2 * BOX_KEY_SIZE)
#define LABEL_SIZE SEAL_LABEL_SIZE

static enum jembatan_result parse_key(const char *text, size_t size, const char *where,
				      struct box_key *out, struct why *why)
{
	char hex[HEX_SIZE + 1] = "";
	while (size > 0 && isspace((unsigned char)text[size - 1]))
		size--;
	if (size == HEX_SIZE)
		memcpy(hex, text, size);
	bool good = digest_unhex(hex, out->bytes, sizeof(out->bytes));
	mem_wipe(hex, sizeof(hex));
	if (!good)
		return why_set(why, JEMBATAN_CONFIG,
			       "%s does not hold a master key (%u hexadecimal digits): put back "
			       "the right one", where, HEX_SIZE);
	return JEMBATAN_OK;
}

enum jembatan_result seal_key_from_secret(const struct secret *secret, struct box_key *out,
					  struct why *why)
{
	return parse_key(secret_reveal(secret), secret_size(secret), "the configured secret", out,
			 why);
}

enum jembatan_result seal_key_from_file(const char *path, struct box_key *out, struct why *why)
{
	struct stat st;
	if (stat(path, &st) != 0)
		return why_set(why, errno == ENOENT ? JEMBATAN_GONE : JEMBATAN_CONFIG,
			       "cannot read the master key %s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return why_set(why, JEMBATAN_CONFIG, "the master key %s is no file: put back the right "
			       "one", path);
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return why_set(why, JEMBATAN_CONFIG,
			       "the master key %s may be read by others: chmod 600 it", path);
	struct buf text;
	buf_init(&text, 4 * HEX_SIZE);
	enum jembatan_result r = file_read(path, &text, why);
	if (r == JEMBATAN_OK)
		r = parse_key(text.data != NULL ? text.data : "", text.size, path, out, why);
	if (text.data != NULL)
		mem_wipe(text.data, text.size);
	buf_done(&text);
	return r;
}

enum jembatan_result seal_key_make(const char *path, struct box_key *out, struct why *why)
{
	char hex[HEX_SIZE + 2];
	struct box_key key;
	box_key_random(&key);
	digest_hex(key.bytes, sizeof(key.bytes), hex);
	hex[HEX_SIZE] = '\n';
	enum jembatan_result r = file_write(path, 0600, bytes_of(hex, HEX_SIZE + 1), why);
	mem_wipe(hex, sizeof(hex));
	if (r == JEMBATAN_OK)
		*out = key;
	mem_wipe(&key, sizeof(key));
	return r;
}

void seal_mark(const struct box_key *key, char out[SEAL_MARK_SIZE])
{
	char hex[2 * DIGEST_SIZE + 1];
	struct digest d = digest_hmac(bytes_of(key->bytes, BOX_KEY_SIZE), bytes_text("mark"));
	digest_hex(d.bytes, DIGEST_SIZE, hex);
	str_copy(out, SEAL_MARK_SIZE, hex);
}

/* ---- by the master key ------------------------------------------------- */

void seal_value(const struct seal_master *master, const char *label, struct jembatan_bytes plain,
		struct buf *out)
{
	box_seal(&master->now, label, plain, out);
}

enum jembatan_result seal_value_open(const struct seal_master *master, const char *label,
				     struct jembatan_bytes sealed, struct buf *out,
				     struct why *why)
{
	if (master->has_old && box_open(&master->old, label, sealed, out, NULL) == JEMBATAN_OK)
		return JEMBATAN_OK;
	return box_open(&master->now, label, sealed, out, why);
}

enum jembatan_result seal_again(const struct seal_master *master, const char *label,
				struct jembatan_bytes sealed, struct buf *out, struct why *why)
{
	struct buf plain;
	buf_init(&plain, SEAL_VALUE_MAX);
	buf_clear(out);
	enum jembatan_result r = box_open(&master->old, label, sealed, &plain, NULL);
	if (r == JEMBATAN_OK) {
		box_seal(&master->now, label, buf_bytes(&plain), out);
	} else {
		r = box_open(&master->now, label, sealed, &plain, why);
		r = r == JEMBATAN_OK ? JEMBATAN_IDLE : r;
	}
	if (plain.data != NULL)
		mem_wipe(plain.data, plain.size);
	buf_done(&plain);
	return r;
}

/* ---- by a row's own ---------------------------------------------------- */

/* "column:<uid>", or "wrap:table:<uid>". */
static void label_for(char out[LABEL_SIZE], const char *prefix, const char *name,
		      const uint8_t uid[SEAL_UID_SIZE])
{
	size_t n = strlen(prefix), m = strlen(name);
	ASSERT(n + m + 2 + 2 * SEAL_UID_SIZE <= LABEL_SIZE);
	memcpy(out, prefix, n);
	memcpy(out + n, name, m);
	out[n + m] = ':';
	digest_hex(uid, SEAL_UID_SIZE, out + n + m + 1);
}

void seal_wrap_label(char out[SEAL_LABEL_SIZE], const char *table,
		     const uint8_t uid[SEAL_UID_SIZE])
{
	label_for(out, "wrap:", table, uid);
}

void seal_row_new(const struct seal_master *master, const char *table, struct seal_row *out,
		  struct buf *wrapped)
{
	char label[LABEL_SIZE];
	digest_random(out->uid, sizeof(out->uid));
	box_key_random(&out->key);
	seal_wrap_label(label, table, out->uid);
	seal_value(master, label, bytes_of(out->key.bytes, BOX_KEY_SIZE), wrapped);
}

enum jembatan_result seal_row_open(const struct seal_master *master, const char *table,
				   struct jembatan_bytes uid, struct jembatan_bytes wrapped,
				   struct seal_row *out, struct why *why)
{
	if (wrapped.size == 0)
		return why_set(why, JEMBATAN_GONE, "its key was destroyed: it has been erased");
	if (uid.size != SEAL_UID_SIZE || wrapped.size != SEAL_WRAPPED_SIZE)
		return why_set(why, JEMBATAN_DATA, "a row of %s has a damaged key", table);
	char label[LABEL_SIZE];
	memcpy(out->uid, uid.data, SEAL_UID_SIZE);
	seal_wrap_label(label, table, out->uid);
	struct buf key;
	buf_init(&key, BOX_KEY_SIZE);
	enum jembatan_result r = seal_value_open(master, label, wrapped, &key, why);
	if (r == JEMBATAN_OK)
		memcpy(out->key.bytes, key.data, BOX_KEY_SIZE);
	if (key.data != NULL)
		mem_wipe(key.data, BOX_KEY_SIZE);
	buf_done(&key);
	return r;
}

void seal_column(const struct seal_row *row, const char *column, struct jembatan_bytes plain,
		 struct buf *out)
{
	char label[LABEL_SIZE];
	label_for(label, "", column, row->uid);
	box_seal(&row->key, label, plain, out);
}

enum jembatan_result seal_column_open(const struct seal_row *row, const char *column,
				      struct jembatan_bytes sealed, struct buf *out,
				      struct why *why)
{
	char label[LABEL_SIZE];
	label_for(label, "", column, row->uid);
	return box_open(&row->key, label, sealed, out, why);
}
