/* whatsapp_reply.h: what is sent for a reply, and how fast. Pure but for the
 * sending itself, which whatsapp.c does. */
#ifndef WHATSAPP_REPLY_H
#define WHATSAPP_REPLY_H

#include <jembatan/kit.h>

#define WA_TEXT_MAX 4096u /* characters of a text */

/* "NAME/LANGUAGE", then the names of its parameters in order. */
struct wa_template {
	char name[513], language[16];
	const char *parameters; /* borrowed from the spec */
};
JEMBATAN_MUST_CHECK enum jembatan_result
wa_template_read(const char *spec, struct wa_template *out, struct kit_why *why);

/* The request's JSON; the caller frees. NULL: its address is none of WhatsApp's.
 * template NULL: free text. A parameter is `text`, a key of
 * reply->extra, or, where that has none, `reference`. */
char *wa_reply_json(const struct jembatan_reply *reply, const struct wa_template *template);

/* Is free text allowed at this moment? */
bool wa_reply_window_is_open(const struct jembatan_reply *reply, int64_t now_ms);

/* One message per person in six seconds, so many per second in all. */
#define WA_PAIR_MS 6000

/* What was sent within the last six seconds, as a ring. */
struct wa_pace {
	size_t per_second, size, next;
	struct {
		uint64_t key;
		int64_t at_ms; /* 0: none yet */
	} *sent;
	int64_t held_at_ms, held_ms; /* Meta asked the number to wait; at 0: never */
};
void wa_pace_init(struct wa_pace *pace, int64_t per_second);
void wa_pace_done(struct wa_pace *pace);
/* 0: now, and it counts as sent; else milliseconds to wait. */
int64_t wa_pace_take(struct wa_pace *pace, const char *to, int64_t now_ms);
/* The number sends too much: nothing leaves for so long. */
void wa_pace_hold(struct wa_pace *pace, int64_t now_ms, int64_t wait_ms);

#endif
