/* own.h: how our own mails are known again when they come back, as a citizen's
 * answer or as a bounce. A reply's Message-ID is "<reference.mac@domain>", its
 * bounce address "local+reference=mac@domain"; the mac (64 bits of an HMAC) is by
 * a key that only this instance has, so that a reference which somebody has read
 * is not enough to make up either. The key is made with the first reply and kept
 * in the instance's state: answers are known after a restart too. */
#ifndef EMAIL_OWN_H
#define EMAIL_OWN_H

#include <jembatan/kit.h>

#define OWN_KEY_BYTES 32u
/* A reference: letters, digits, - and _, at most so many. */
#define OWN_REFERENCE_MAX 48u

struct own {
	const char *const *addresses; /* ours; ends with NULL; or NULL */
	unsigned char key[OWN_KEY_BYTES];
	bool has_key;
	bool is_shown; /* preview: there is no key, what looks like ours is ours */
};

/* The key, if there is one already; nothing happens when it is known. Anything but
 * OK is the host's. */
JEMBATAN_MUST_CHECK enum jembatan_result own_load(struct jembatan_context *ctx, struct own *own);
/* The same, and where there is none, it is made. Only one child of an instance may
 * do so: the one that sends. */
JEMBATAN_MUST_CHECK enum jembatan_result own_make(struct jembatan_context *ctx, struct own *own);

/* The Message-ID of a reply, without brackets; false: the reference or the domain
 * cannot be part of one. */
bool own_id(const struct own *own, const char *reference, const char *domain, char out[256]);
/* Where its bounces go. address: ours, which must take +. false: it would be too
 * long. */
bool own_bounce(const struct own *own, const char *reference, const char *address, char out[256]);

/* The reference in an id or in an address that we made; NULL: it is not ours.
 * Some servers write addresses in small letters. */
const char *own_id_reference(const struct own *own, const char *id, struct kit_arena *arena);
const char *own_bounce_reference(const struct own *own, const char *address,
				 struct kit_arena *arena);

/* To whom a mail may go: what RCPT says and To shows. A domain beyond ASCII is
 * written as DNS has it (xn--...); a local part beyond ASCII needs a server that
 * takes SMTPUTF8 (RFC 6531). */
struct recipient {
	const char *address; /* the arena's */
	bool wants_utf8;
};
bool own_recipient(const char *address, struct kit_arena *arena, struct recipient *out);

/* One plain address, local@domain, in ASCII: what may follow "RCPT TO:<" and stand
 * in a To. */
bool own_address_is_plain(const char *address);

#endif
