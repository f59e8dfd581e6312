/* personal.h: identity numbers, telephones, mail addresses, bank accounts and
 * cards in running text, as Indonesians write them. Pure, linear. */
#ifndef TICKET_PERSONAL_H
#define TICKET_PERSONAL_H

#include <stddef.h>

enum personal_kind {
	PERSONAL_IDENTITY = 1, /* NIK, and the number of a family card (KK) */
	PERSONAL_PHONE = 2,
	PERSONAL_MAIL = 4,
	PERSONAL_ACCOUNT = 8, /* a number behind "rekening", or the name of a bank */
	PERSONAL_CARD = 16,   /* with a right check digit */
};
/* In what is listed or logged. */
#define PERSONAL_ALL 31u
/* What is one's own for life, and how to reach somebody or pay him: settings keep
 * either in what goes to the centre. */
#define PERSONAL_PUBLIC (PERSONAL_IDENTITY | PERSONAL_CARD)
#define PERSONAL_CONTACT (PERSONAL_PHONE | PERSONAL_MAIL | PERSONAL_ACCOUNT)

/* Put a "*" for each of their digits and, in mail addresses, letters; nothing
 * else changes, nor the length. Returns how many were found. */
size_t personal_mask(char *text, unsigned kinds);
/* Put a "*" for each letter of each word of a person's name, wherever it stands as
 * a word, in capitals or not; name NULL is fine. Not of one letter alone. */
void personal_mask_name(char *text, const char *name);
/* Of the name of a file, all kinds: an "x" each, and the ending stays. */
void personal_mask_file(char *name);

#endif
