/* own.c: see own.h. */
#include "email/own.h"

#include <glib.h>

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#define STATE_KEY "reply.key"
#define MAC_DIGITS 16u
#define LOCAL_MAX 64u    /* RFC 5321, 4.5.3.1 */
#define ADDRESS_MAX 254u

/* ---- the key ------------------------------------------------------------------ */

enum jembatan_result own_load(struct jembatan_context *ctx, struct own *own)
{
	struct jembatan_bytes kept;

	if (own->has_key)
		return JEMBATAN_OK;
	enum jembatan_result result = jembatan_state_get(ctx, STATE_KEY, &kept);

	if (result == JEMBATAN_OK && kept.size == OWN_KEY_BYTES) {
		memcpy(own->key, kept.data, OWN_KEY_BYTES);
		own->has_key = true;
	}
	return result == JEMBATAN_GONE ? JEMBATAN_OK : result;
}

enum jembatan_result own_make(struct jembatan_context *ctx, struct own *own)
{
	unsigned char key[OWN_KEY_BYTES];
	enum jembatan_result result = own_load(ctx, own);

	if (result != JEMBATAN_OK || own->has_key)
		return result;
	if (getrandom(key, sizeof key, 0) != (ssize_t)sizeof key)
		return jembatan_explain(ctx, JEMBATAN_FATAL, "the kernel gives no random bytes");
	/* On disk before the first mail bears it. */
	result = jembatan_state_put(ctx, STATE_KEY, (struct jembatan_bytes){ key, sizeof key });
	if (result == JEMBATAN_OK) {
		memcpy(own->key, key, sizeof key);
		own->has_key = true;
	}
	explicit_bzero(key, sizeof key);
	return result;
}

/* ---- making -------------------------------------------------------------------- */

static bool is_reference(const char *text, size_t size)
{
	if (size == 0 || size > OWN_REFERENCE_MAX)
		return false;
	for (size_t i = 0; i < size; i++) {
		if (!g_ascii_isalnum(text[i]) && text[i] != '-' && text[i] != '_')
			return false;
	}
	return true;
}

static void make_mac(const struct own *own, const char *purpose, const char *reference,
		     size_t size, char out[MAC_DIGITS + 1])
{
	GHmac *hmac = g_hmac_new(G_CHECKSUM_SHA256, own->key, OWN_KEY_BYTES);

	g_hmac_update(hmac, (const guchar *)purpose, (gssize)strlen(purpose) + 1);
	g_hmac_update(hmac, (const guchar *)reference, (gssize)size);
	snprintf(out, MAC_DIGITS + 1, "%s", g_hmac_get_string(hmac));
	g_hmac_unref(hmac);
}

static bool is_domain(const char *text)
{
	size_t size = strlen(text);

	return size > 0 && size <= 200 && text[0] != '.' && text[0] != '-' &&
	       strstr(text, "..") == NULL &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") ==
		       size;
}

bool own_id(const struct own *own, const char *reference, const char *domain, char out[256])
{
	char mac[MAC_DIGITS + 1];

	if (!is_reference(reference, strlen(reference)) || !is_domain(domain))
		return false;
	make_mac(own, "message", reference, strlen(reference), mac);
	snprintf(out, 256, "%s.%s@%s", reference, mac, domain);
	return true;
}

bool own_bounce(const struct own *own, const char *reference, const char *address, char out[256])
{
	char mac[MAC_DIGITS + 1];
	size_t local = strcspn(address, "@");

	if (!own_address_is_plain(address) || !is_reference(reference, strlen(reference)) ||
	    local + strlen(reference) + MAC_DIGITS + 2 > LOCAL_MAX)
		return false;
	make_mac(own, "bounce", reference, strlen(reference), mac);
	int size = snprintf(out, 256, "%.*s+%s=%s%s", (int)local, address, reference, mac,
			    address + local);

	return size > 0 && (size_t)size <= ADDRESS_MAX;
}

static const char atoms[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			    "!#$%&'*+-/=?^_`{|}~.";

bool own_address_is_plain(const char *address)
{
	size_t local = address != NULL ? strspn(address, atoms) : 0;

	return local > 0 && local <= LOCAL_MAX && address[local] == '@' &&
	       strlen(address) <= ADDRESS_MAX && is_domain(address + local + 1);
}

/* Letters of any script; of ASCII what an atom may hold. */
static bool is_local_part(const char *text, size_t size)
{
	const char *end = text + size;

	if (size == 0 || size > LOCAL_MAX || !g_utf8_validate(text, (gssize)size, NULL))
		return false;
	for (; text < end; text = g_utf8_next_char(text)) {
		gunichar letter = g_utf8_get_char(text);

		if (letter < 0x80 ? strchr(atoms, (int)letter) == NULL
				  : !g_unichar_isgraph(letter) || g_unichar_isspace(letter))
			return false;
	}
	return true;
}

bool own_recipient(const char *address, struct kit_arena *arena, struct recipient *out)
{
	const char *at = address != NULL ? strrchr(address, '@') : NULL;

	if (at == NULL || !is_local_part(address, (size_t)(at - address)))
		return false;
	char *domain = g_hostname_to_ascii(at + 1);
	bool is_good = domain != NULL && is_domain(domain) &&
		       (size_t)(at - address) + 1 + strlen(domain) <= ADDRESS_MAX;

	if (is_good) {
		char *local = kit_arena_strndup(arena, address, (size_t)(at - address));

		out->address = kit_arena_printf(arena, "%s@%s", local, domain);
		out->wants_utf8 = !g_str_is_ascii(local);
	}
	g_free(domain);
	return is_good;
}

/* ---- knowing again --------------------------------------------------------------- */

/* In constant time is not needed: a guess costs a mail. */
static const char *checked(const struct own *own, const char *purpose, const char *reference,
			   size_t size, const char *digits, struct kit_arena *arena)
{
	char mac[MAC_DIGITS + 1];

	if (!is_reference(reference, size) ||
	    strspn(digits, "0123456789abcdefABCDEF") < MAC_DIGITS)
		return NULL;
	char *copy = kit_arena_strndup(arena, reference, size);

	if (own->is_shown)
		return copy;
	if (!own->has_key)
		return NULL;
	make_mac(own, purpose, copy, size, mac);
	if (strncasecmp(mac, digits, MAC_DIGITS) == 0)
		return copy;
	for (char *c = copy; *c != '\0'; c++)
		*c = g_ascii_toupper(*c);
	make_mac(own, purpose, copy, size, mac);
	return strncasecmp(mac, digits, MAC_DIGITS) == 0 ? copy : NULL;
}

const char *own_id_reference(const struct own *own, const char *id, struct kit_arena *arena)
{
	size_t size = id != NULL ? strcspn(id, ".") : 0;

	if (size == 0 || strlen(id) < size + 1 + MAC_DIGITS || id[size + 1 + MAC_DIGITS] != '@')
		return NULL;
	return checked(own, "message", id, size, id + size + 1, arena);
}

const char *own_bounce_reference(const struct own *own, const char *address,
				 struct kit_arena *arena)
{
	const char *at = address != NULL ? strrchr(address, '@') : NULL;
	const char *equals = at != NULL && (size_t)(at - address) > MAC_DIGITS
				     ? at - MAC_DIGITS - 1
				     : NULL;

	if (equals == NULL || *equals != '=')
		return NULL;
	const char *plus = equals;

	while (plus > address && *plus != '+')
		plus--;
	return *plus == '+' ? checked(own, "bounce", plus + 1, (size_t)(equals - plus - 1),
				      equals + 1, arena)
			    : NULL;
}
