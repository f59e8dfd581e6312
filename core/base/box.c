/* box.c: AES-256-GCM by libcrypto's EVP. A nonce is 12 random bytes per box;
 * in a file it is 8 random bytes from the header and the chunk's number. */
#include "base/box.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/poison.h"

#define NONCE_SIZE 12u
#define TAG_SIZE 16u
#define CHUNK (64u * 1024u)
#define FILE_MAGIC "JBX1"
#define FILE_HEADER 12u /* magic 4, nonce prefix 8 */

void box_key_random(struct box_key *out)
{
	digest_random(out->bytes, sizeof(out->bytes));
}

static EVP_CIPHER_CTX *new_context(bool seals)
{
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	ASSERT(cipher != NULL && c != NULL);
	ASSERT(EVP_CipherInit_ex(c, cipher, NULL, NULL, NULL, seals) == 1);
	EVP_CIPHER_free(cipher);
	return c;
}

/* One for each direction in a process: making one, or turning it round, costs
 * as much as sealing 1 KiB. A key and a nonce are set each time. Not for a
 * box_reader: files are read in the courier's thread, too. */
static EVP_CIPHER_CTX *context(bool seals)
{
	static EVP_CIPHER_CTX *made[2];
	if (made[seals] == NULL)
		made[seals] = new_context(seals);
	return made[seals];
}

static void seal(const struct box_key *key, const uint8_t nonce[NONCE_SIZE], const void *label,
		 size_t label_size, const void *plain, size_t size, uint8_t *out)
{
	EVP_CIPHER_CTX *c = context(true);
	int n = 0;
	ASSERT(EVP_EncryptInit_ex(c, NULL, NULL, key->bytes, nonce) == 1);
	ASSERT(EVP_EncryptUpdate(c, NULL, &n, label, (int)label_size) == 1);
	if (size != 0)
		ASSERT(EVP_EncryptUpdate(c, out, &n, plain, (int)size) == 1);
	ASSERT(EVP_EncryptFinal_ex(c, out + size, &n) == 1);
	ASSERT(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG_SIZE, out + size) == 1);
}

/* size counts the ciphertext without its tag, which follows it. */
static bool unseal(EVP_CIPHER_CTX *c, const struct box_key *key, const uint8_t nonce[NONCE_SIZE],
		   const void *label, size_t label_size, const uint8_t *sealed, size_t size,
		   uint8_t *out)
{
	uint8_t tag[TAG_SIZE];
	memcpy(tag, sealed + size, TAG_SIZE);
	int n = 0;
	ASSERT(EVP_DecryptInit_ex(c, NULL, NULL, key->bytes, nonce) == 1);
	ASSERT(EVP_DecryptUpdate(c, NULL, &n, label, (int)label_size) == 1);
	if (size != 0)
		ASSERT(EVP_DecryptUpdate(c, out, &n, sealed, (int)size) == 1);
	ASSERT(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG_SIZE, tag) == 1);
	return EVP_DecryptFinal_ex(c, out + size, &n) == 1;
}

void box_seal(const struct box_key *key, const char *label, struct jembatan_bytes plain,
	      struct buf *out)
{
	uint8_t *room = (uint8_t *)buf_reserve(out, plain.size + BOX_OVERHEAD);
	if (room == NULL)
		return;
	digest_random(room, NONCE_SIZE);
	seal(key, room, label, strlen(label), plain.data, plain.size, room + NONCE_SIZE);
	buf_grew(out, plain.size + BOX_OVERHEAD);
}

enum jembatan_result box_open(const struct box_key *key, const char *label,
			      struct jembatan_bytes sealed, struct buf *out, struct why *why)
{
	if (sealed.size < BOX_OVERHEAD)
		return why_set(why, JEMBATAN_DATA, "a sealed value (%s) is cut short", label);
	const uint8_t *p = sealed.data;
	size_t size = sealed.size - BOX_OVERHEAD;
	uint8_t *room = (uint8_t *)buf_reserve(out, size);
	if (room == NULL)
		return why_set(why, JEMBATAN_DATA, "a sealed value (%s) is too large", label);
	if (!unseal(context(false), key, p, label, strlen(label), p + NONCE_SIZE, size, room)) {
		/* Bytes that nobody vouches for do not stay behind the text in out. */
		mem_wipe(room, size);
		return why_set(why, JEMBATAN_DATA,
			       "a sealed value (%s) does not open: it was altered, or this is not the key "
			       "it was sealed with", label);
	}
	buf_grew(out, size);
	return JEMBATAN_OK;
}

/* ---- files ------------------------------------------------------------- */

struct stream {
	struct box_key key;
	int fd;
	uint8_t prefix[8];
	uint32_t number;
};

static void chunk_nonce(const struct stream *s, uint8_t nonce[NONCE_SIZE])
{
	memcpy(nonce, s->prefix, sizeof(s->prefix));
	for (size_t i = 0; i < 4; i++)
		nonce[8 + i] = (uint8_t)(s->number >> (8 * i));
}

struct box_writer {
	struct stream s;
	bool started;
	uint64_t size;
	size_t fill;
	struct digest_state *sha256;
	uint8_t plain[CHUNK], sealed[CHUNK + TAG_SIZE];
};

struct box_writer *box_writer_new(const struct box_key *key, int fd)
{
	struct box_writer *w = xcalloc(1, sizeof(*w));
	w->s.key = *key;
	w->s.fd = fd;
	digest_random(w->s.prefix, sizeof(w->s.prefix));
	w->sha256 = digest_begin((struct jembatan_bytes){ 0 });
	return w;
}

static enum jembatan_result write_out(int fd, const void *data, size_t size, struct why *why)
{
	if (file_write_all(fd, data, size) == JEMBATAN_OK)
		return JEMBATAN_OK;
	return why_set(why, JEMBATAN_RETRY, "cannot write to the spool: %s", strerror(errno));
}

static enum jembatan_result write_chunk(struct box_writer *w, bool last, struct why *why)
{
	if (!w->started) {
		uint8_t header[FILE_HEADER];
		memcpy(header, FILE_MAGIC, 4);
		memcpy(header + 4, w->s.prefix, sizeof(w->s.prefix));
		enum jembatan_result r = write_out(w->s.fd, header, sizeof(header), why);
		if (r != JEMBATAN_OK)
			return r;
		w->started = true;
	}
	uint8_t nonce[NONCE_SIZE];
	chunk_nonce(&w->s, nonce);
	seal(&w->s.key, nonce, last ? "last" : "more", 4, w->plain, w->fill, w->sealed);
	enum jembatan_result r = write_out(w->s.fd, w->sealed, w->fill + TAG_SIZE, why);
	w->fill = 0;
	w->s.number++;
	return r;
}

enum jembatan_result box_writer_add(struct box_writer *w, struct jembatan_bytes piece,
				    struct why *why)
{
	const uint8_t *p = piece.data;
	size_t left = piece.size;
	digest_raw(w->sha256, p, left);
	w->size += left;
	while (left > 0) {
		if (w->fill == CHUNK) {
			enum jembatan_result r = write_chunk(w, false, why);
			if (r != JEMBATAN_OK)
				return r;
		}
		size_t n = CHUNK - w->fill < left ? CHUNK - w->fill : left;
		memcpy(w->plain + w->fill, p, n);
		w->fill += n;
		p += n;
		left -= n;
	}
	return JEMBATAN_OK;
}

enum jembatan_result box_writer_end(struct box_writer *w, uint64_t *out_size,
				    struct digest *out_sha256, struct why *why)
{
	enum jembatan_result r = write_chunk(w, true, why);
	if (r != JEMBATAN_OK)
		return r;
	*out_size = w->size;
	*out_sha256 = digest_end(w->sha256);
	w->sha256 = NULL;
	return JEMBATAN_OK;
}

uint64_t box_file_size(uint64_t plain_size)
{
	uint64_t chunks = plain_size == 0 ? 1 : (plain_size - 1) / CHUNK + 1;
	return FILE_HEADER + plain_size + chunks * TAG_SIZE;
}

void box_writer_free(struct box_writer *w)
{
	if (w == NULL)
		return;
	if (w->sha256 != NULL)
		(void)digest_end(w->sha256);
	mem_wipe(w, sizeof(*w));
	free(w);
}

struct box_reader {
	struct stream s;
	EVP_CIPHER_CTX *context;
	bool started, ended;
	size_t fill, at; /* plain bytes held, and how many were handed out */
	size_t ahead;    /* sealed bytes read ahead */
	uint8_t plain[CHUNK];
	/* One byte more than a chunk: whether more follows tells the last. */
	uint8_t sealed[CHUNK + TAG_SIZE + 1];
};

struct box_reader *box_reader_new(const struct box_key *key, int fd)
{
	struct box_reader *r = xcalloc(1, sizeof(*r));
	r->context = new_context(false);
	r->s.key = *key;
	r->s.fd = fd;
	return r;
}

/* Reads until size bytes or the end of the file; -1 on an error. */
static ssize_t read_up_to(int fd, uint8_t *out, size_t size)
{
	size_t have = 0;
	while (have < size) {
		ssize_t n = read(fd, out + have, size - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		have += (size_t)n;
	}
	return (ssize_t)have;
}

static enum jembatan_result read_chunk(struct box_reader *r, struct why *why)
{
	if (!r->started) {
		uint8_t header[FILE_HEADER];
		if (read_up_to(r->s.fd, header, sizeof(header)) != (ssize_t)sizeof(header) ||
		    memcmp(header, FILE_MAGIC, 4) != 0)
			return why_set(why, JEMBATAN_DATA, "a spool file has no header");
		memcpy(r->s.prefix, header + 4, sizeof(r->s.prefix));
		r->started = true;
	}
	ssize_t n = read_up_to(r->s.fd, r->sealed + r->ahead, sizeof(r->sealed) - r->ahead);
	if (n < 0)
		return why_set(why, JEMBATAN_RETRY, "cannot read a spool file: %s", strerror(errno));
	size_t have = r->ahead + (size_t)n;
	bool last = have < sizeof(r->sealed);
	size_t chunk = last ? have : have - 1;
	uint8_t nonce[NONCE_SIZE];
	chunk_nonce(&r->s, nonce);
	if (chunk < TAG_SIZE || !unseal(r->context, &r->s.key, nonce, last ? "last" : "more", 4,
					r->sealed, chunk - TAG_SIZE, r->plain))
		return why_set(why, JEMBATAN_DATA,
			       "a spool file was altered or cut: bring it back from a backup");
	r->s.number++;
	r->fill = chunk - TAG_SIZE;
	r->at = 0;
	r->ended = last;
	if (!last)
		r->sealed[0] = r->sealed[have - 1];
	r->ahead = last ? 0 : 1;
	return JEMBATAN_OK;
}

enum jembatan_result box_reader_next(struct box_reader *r, void *out, size_t max, size_t *out_size,
				     struct why *why)
{
	while (r->at == r->fill && !r->ended) {
		enum jembatan_result result = read_chunk(r, why);
		if (result != JEMBATAN_OK)
			return result;
	}
	size_t n = r->fill - r->at < max ? r->fill - r->at : max;
	memcpy(out, r->plain + r->at, n);
	r->at += n;
	*out_size = n;
	return JEMBATAN_OK;
}

void box_reader_free(struct box_reader *r)
{
	if (r == NULL)
		return;
	EVP_CIPHER_CTX_free(r->context);
	mem_wipe(r, sizeof(*r));
	free(r);
}
