/* box.h: sealing with AES-256-GCM. A box is nonce | ciphertext | tag; `label`
 * is authenticated beside it, so a box cannot be moved to another row.
 * A box file is a header and chunks of 64 KiB, each with its number and a
 * last-chunk mark authenticated: cutting, swapping or joining is noticed. */
#ifndef BASE_BOX_H
#define BASE_BOX_H

#include "base/buf.h"
#include "base/digest.h"
#include "base/why.h"

#define BOX_KEY_SIZE 32u
#define BOX_OVERHEAD 28u /* nonce 12, tag 16 */

struct box_key {
	uint8_t bytes[BOX_KEY_SIZE];
};

void box_key_random(struct box_key *out);

/* Append the sealed form of plain to out. */
void box_seal(const struct box_key *key, const char *label,
	      struct jembatan_bytes plain, struct buf *out);
/* Append the plain form. DATA when it was altered, cut or has another label. */
MUST_CHECK enum jembatan_result box_open(const struct box_key *key, const char *label,
					 struct jembatan_bytes sealed,
					 struct buf *out, struct why *why);

/* Streams. The writer does not close fd; box_writer_end writes the last chunk
 * and gives size and SHA-256 of the plain bytes. It does not fsync. */
struct box_writer;
struct box_writer *box_writer_new(const struct box_key *key, int fd);
MUST_CHECK enum jembatan_result box_writer_add(struct box_writer *w, struct jembatan_bytes piece,
					       struct why *why);
MUST_CHECK enum jembatan_result box_writer_end(struct box_writer *w, uint64_t *out_size,
					       struct digest *out_sha256, struct why *why);
void box_writer_free(struct box_writer *w); /* NULL is fine */

/* The size of a box file that holds this many plain bytes. */
uint64_t box_file_size(uint64_t plain_size);

struct box_reader;
struct box_reader *box_reader_new(const struct box_key *key, int fd);
/* The next bytes, at most max; *out_size 0 only at the authenticated end. */
MUST_CHECK enum jembatan_result box_reader_next(struct box_reader *r, void *out, size_t max,
						size_t *out_size, struct why *why);
void box_reader_free(struct box_reader *r);

#endif
