/* person.c: see person.h. */
#include "ticket/person.h"

#include <string.h>

#include "base/text.h"
#include "base/poison.h"

#define VALUE_MIN 3u
#define VALUE_MAX 320u
#define DIGITS_MIN 7u /* of a phone number, where only bytes are looked at */

static const char *without_at(const char *s)
{
	return *s == '@' ? s + 1 : s;
}

bool person_phone(const char *text, char out[PHONE_SIZE])
{
	return text != NULL && phone_normalize(text, out) && out[0] == '+';
}

enum jembatan_result person_read(const char *value, struct arena *arena, struct person *out,
				 struct why *why)
{
	CLEANUP(free_pointer) char *trimmed = text_nfc(value);
	text_trim(trimmed);
	size_t n = strlen(without_at(trimmed));
	if (n < VALUE_MIN || n > VALUE_MAX || strpbrk(trimmed, "\n\r") != NULL)
		return why_set(why, JEMBATAN_DATA, "one phone number, mail address, handle or id is "
			       "wanted, of %u to %u bytes", VALUE_MIN, VALUE_MAX);
	CLEANUP(free_pointer) char *folded = text_fold(without_at(trimmed));
	*out = (struct person){ .value = arena_strdup(arena, trimmed),
				.folded = arena_strdup(arena, folded) };
	if (!person_phone(trimmed, out->phone))
		out->phone[0] = '\0';
	return JEMBATAN_OK;
}

static bool same_phone(const struct person *p, const char *theirs)
{
	char phone[PHONE_SIZE];
	return p->phone[0] != '\0' && person_phone(theirs, phone) && strcmp(p->phone, phone) == 0;
}

static bool same_folded(const struct person *p, const char *theirs)
{
	if (theirs == NULL)
		return false;
	CLEANUP(free_pointer) char *folded = text_fold(without_at(theirs));
	return strcmp(folded, p->folded) == 0;
}

bool person_is(const struct person *p, const struct jembatan_author *a)
{
	return str_equal(a->id, p->value) || str_equal(a->identity_number, p->value) ||
	       same_phone(p, a->phone) || same_phone(p, a->id) || same_folded(p, a->mail) ||
	       same_folded(p, a->handle) || same_folded(p, a->phone) || same_folded(p, a->id);
}

static bool same_mail(const char *a, const char *b)
{
	if (a == NULL || b == NULL || *a == '\0')
		return false;
	if (strcmp(a, b) == 0)
		return true;
	CLEANUP(free_pointer) char *left = text_fold(a);
	CLEANUP(free_pointer) char *right = text_fold(b);
	text_trim(left);
	text_trim(right);
	return strcmp(left, right) == 0;
}

bool person_same(const struct jembatan_author *a, const struct jembatan_author *b,
		 bool same_instance)
{
	char phone[PHONE_SIZE], other[PHONE_SIZE];
	if (same_instance && a->id != NULL && *a->id != '\0' && str_equal(a->id, b->id))
		return true;
	if (person_phone(a->phone, phone) && person_phone(b->phone, other) && strcmp(phone, other) == 0)
		return true;
	return same_mail(a->mail, b->mail);
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool contains(struct jembatan_bytes bytes, const char *word)
{
	const char *at = bytes.data;
	size_t n = strlen(word);
	for (size_t i = 0; n <= bytes.size && i <= bytes.size - n; i++) {
		size_t k = 0;
		while (k < n && lower(at[i + k]) == lower(word[k]))
			k++;
		if (k == n)
			return true;
	}
	return false;
}

bool person_stands_in(const struct person *p, struct jembatan_bytes bytes)
{
	/* +62812... and 0812... have this in common. */
	const char *digits = str_starts(p->phone, "+62") ? p->phone + 3 : p->phone;
	if (strlen(digits) >= DIGITS_MIN && contains(bytes, digits))
		return true;
	return contains(bytes, without_at(p->value));
}
