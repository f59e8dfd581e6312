/* person.h: one citizen, as an operator names him: a phone number, a mail address,
 * a handle, a NIK or a channel's own id. Pure. */
#ifndef TICKET_PERSON_H
#define TICKET_PERSON_H

#include "base/arena.h"
#include "base/why.h"
#include "base/phone.h"

#include <jembatan/connector.h>

struct person {
	const char *value;      /* as given, trimmed */
	const char *folded;     /* for comparing mails and handles, without its @ */
	char phone[PHONE_SIZE]; /* "": it is no phone number */
};

/* White space around it does not count. DATA: nothing, or too short to mean one
 * person. */
MUST_CHECK enum jembatan_result person_read(const char *value, struct arena *arena,
					    struct person *out, struct why *why);
/* Is this author that person, by any id that he has? */
bool person_is(const struct person *p, const struct jembatan_author *a);
/* The form that a person's number has wherever it stands. False: it is none, or a
 * short code (1708), which is many people's. NULL is none. */
bool person_phone(const char *text, char out[PHONE_SIZE]);
/* Are two authors one person, by a phone number or a mail address however they are
 * written? An id means something within its instance only. */
bool person_same(const struct jembatan_author *a, const struct jembatan_author *b,
		 bool same_instance);
/* Does it stand in these bytes, whatever they are? */
bool person_stands_in(const struct person *p, struct jembatan_bytes bytes);

#endif
