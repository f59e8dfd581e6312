/* quote.h: what the citizen wrote this time, without the quoted earlier mails
 * and the signature. English and Indonesian patterns of Gmail, Outlook, Apple
 * and Yahoo. In doubt a line stays, a forwarded mail is the complaint and stays
 * whole, and when nothing would be left everything is. Pure. */
#ifndef EMAIL_QUOTE_H
#define EMAIL_QUOTE_H

#include <jembatan/kit.h>

/* The subject begins with Fwd:, Fw:, Trs:, "Pesan terusan" ... */
bool quote_is_forward(const char *subject);
/* ... or with Re:, Bls:, "Balasan:" ... */
bool quote_is_reply(const char *subject);

/* Append the visible part of `text` (UTF-8, lines end with \n). is_reply: there
 * is an In-Reply-To or References, or the subject says so; without it only
 * unmistakable quotes are cut. is_forward: nothing is. */
void quote_strip(const char *text, bool is_reply, bool is_forward, struct kit_text *out);

#endif
