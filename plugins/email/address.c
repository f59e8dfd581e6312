/* address.c: see address.h. GMime takes the header apart, but must not decode
 * encoded words (rfc2047.h), and a decoded name must not be read as an address:
 * so each row of words is a placeholder while GMime looks at it. */
#include "email/address.h"
#include "email/rfc2047.h"

#include <gmime/gmime.h>

#include <string.h>

#define WORDS_MAX 16u
#define VALUE_MAX_BYTES 8192u
#define NAME_MAX_BYTES 400u
#define MAIL_MAX_BYTES 320u

struct words {
	struct jembatan_bytes runs[WORDS_MAX];
	size_t count;
};

/* The value with =^0^=, =^1^= ... for its rows of encoded words. */
static char *hide_words(const char *value, struct words *words, struct kit_arena *arena)
{
	struct kit_text *clean = kit_text_new(VALUE_MAX_BYTES * 4), *raw = NULL;
	struct jembatan_bytes all = { value, strlen(value) };

	if (all.size > VALUE_MAX_BYTES)
		all.size = VALUE_MAX_BYTES;
	raw = kit_text_new(VALUE_MAX_BYTES * 2);
	for (size_t at = 0; at < all.size;) {
		struct jembatan_bytes rest = { value + at, all.size - at };
		size_t run = words->count < WORDS_MAX ? rfc2047_run(rest) : 0;

		if (run > 0) {
			words->runs[words->count] = (struct jembatan_bytes){ value + at, run };
			kit_text_printf(raw, "=^%zu^=", words->count++);
		} else {
			kit_text_add(raw, value + at, 1);
		}
		at += run > 0 ? run : 1;
	}
	kit_utf8_guess(kit_text_bytes(raw), clean);
	char *hidden = kit_arena_strdup(arena, kit_text_string(clean));

	kit_text_free(raw);
	kit_text_free(clean);
	return hidden;
}

/* The index in a placeholder at s, and its length; 0: there is none. */
static size_t placeholder(const char *s, const struct words *words, size_t *out_index)
{
	size_t digits = 0, index = 0;

	if (s[0] != '=' || s[1] != '^')
		return 0;
	for (; digits < 2 && g_ascii_isdigit(s[2 + digits]); digits++)
		index = index * 10 + (size_t)(s[2 + digits] - '0');
	if (digits == 0 || strncmp(s + 2 + digits, "^=", 2) != 0 || index >= words->count)
		return 0;
	*out_index = index;
	return digits + 4;
}

static const char *show_words(const char *name, const struct words *words,
			      struct kit_arena *arena)
{
	struct kit_text *shown = kit_text_new(VALUE_MAX_BYTES * 4);
	struct kit_text *clean = kit_text_new(NAME_MAX_BYTES);
	size_t index = 0;

	while (*name != '\0') {
		size_t size = placeholder(name, words, &index);

		if (size > 0)
			rfc2047_decode(words->runs[index], shown);
		else
			kit_text_add(shown, name, 1);
		name += size > 0 ? size : 1;
	}
	kit_utf8_clean(kit_text_bytes(shown), clean);
	const char *result = kit_text_is_full(clean) ? NULL : kit_text_string(clean);

	result = result != NULL && *result != '\0' ? kit_arena_strdup(arena, result) : NULL;
	kit_text_free(shown);
	kit_text_free(clean);
	return result;
}

static const char *tidy_mail(const char *mail, struct kit_arena *arena)
{
	size_t size = mail != NULL ? strlen(mail) : 0;

	if (size == 0 || size > MAIL_MAX_BYTES ||
	    !kit_utf8_is_valid((struct jembatan_bytes){ mail, size }))
		return NULL;
	char *copy = kit_arena_strdup(arena, mail);
	char *at = strrchr(copy, '@');

	if (at == NULL)
		return NULL;
	for (char *c = copy; *c != '\0'; c++) {
		if ((*c >= 0 && *c <= ' ') || *c == 127)
			return NULL;
		if (c > at)
			*c = g_ascii_tolower(*c);
	}
	return copy;
}

static InternetAddressMailbox *first_mailbox(InternetAddressList *list, unsigned depth)
{
	for (int i = 0; list != NULL && i < internet_address_list_length(list); i++) {
		InternetAddress *address = internet_address_list_get_address(list, i);

		if (INTERNET_ADDRESS_IS_MAILBOX(address))
			return INTERNET_ADDRESS_MAILBOX(address);
		if (depth == 0 || !INTERNET_ADDRESS_IS_GROUP(address))
			continue;
		InternetAddressMailbox *inner = first_mailbox(
			internet_address_group_get_members(INTERNET_ADDRESS_GROUP(address)),
			depth - 1);

		if (inner != NULL)
			return inner;
	}
	return NULL;
}

void address_read(const char *value, struct kit_arena *arena, struct address *out)
{
	struct words words = { .count = 0 };

	*out = (struct address){ 0 };
	if (value == NULL || *value == '\0')
		return;
	InternetAddressList *list =
		internet_address_list_parse(NULL, hide_words(value, &words, arena));
	InternetAddressMailbox *mailbox = first_mailbox(list, 2);

	if (mailbox != NULL) {
		const char *name = internet_address_get_name(INTERNET_ADDRESS(mailbox));

		out->mail = tidy_mail(internet_address_mailbox_get_addr(mailbox), arena);
		out->name = name != NULL ? show_words(name, &words, arena) : NULL;
	}
	if (list != NULL)
		g_object_unref(list);
}
