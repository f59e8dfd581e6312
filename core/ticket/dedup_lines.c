/* dedup_lines.c: one JSON line to what the daemon would know of the message. */
#include "ticket/dedup_lines.h"

#include <string.h>

#include "base/digest.h"
#include "base/jx.h"
#include "config/date.h"
#include "base/phone.h"
#include "base/poison.h"

#define WIB_MINUTES 420

static bool author_of(const struct dedup_model *m, const char *author, struct evidence *out)
{
	char phone[PHONE_SIZE];
	if (author == NULL || author[0] == '\0')
		return false;
	if (phone_normalize(author, phone))
		return evidence_of(m, EVIDENCE_PHONE, phone, out);
	if (author[0] != '@' && strchr(author, '@') != NULL)
		return evidence_of(m, EVIDENCE_MAIL, author, out);
	return evidence_of(m, EVIDENCE_ACCOUNT, author, out);
}

/* The reporter's name; without one, what the address or handle makes of it. */
static bool name_of(const struct dedup_model *m, const char *name, const char *author,
		    struct evidence *out)
{
	if (name != NULL && name[0] != '\0')
		return evidence_of(m, EVIDENCE_NAME, name, out);
	return author != NULL && strchr(author, '@') != NULL &&
	       evidence_of(m, EVIDENCE_NAME, author, out);
}

enum jembatan_result dedup_line_read(const struct dedup_model *m, struct jembatan_bytes line,
				     struct dedup_line *out, struct why *why)
{
	json_t *root = NULL;
	int64_t time_ms;
	memset(out, 0, sizeof(*out));
	if (line.size > DEDUP_LINE_MAX)
		return why_set(why, JEMBATAN_DATA, "a line of more than 1 MiB");
	if (jx_parse_dropping_nul(line, &root, why) != JEMBATAN_OK)
		return JEMBATAN_DATA;
	const char *id = jx_text(root, "id"), *text = jx_text(root, "text");
	const char *time = jx_text(root, "time");
	if (id == NULL || text == NULL || time == NULL || strpbrk(id, "\t\n\r") != NULL) {
		json_decref(root);
		return why_set(why, JEMBATAN_DATA, "a record needs id, text and time as text, and no tab "
			       "or line end in its id");
	}
	if (!date_parse(time, WIB_MINUTES, &time_ms, NULL)) {
		json_decref(root);
		return why_set(why, JEMBATAN_DATA, "the time of a record is not understood: write "
			       "2026-01-31T07:00:00+07:00");
	}
	out->root = root;
	out->id = id;
	out->input = (struct dedup_input){
		.text = text, .location = jx_text(root, "location"), .channel = jx_text(root, "channel"),
		.time_ms = time_ms, .zone_minutes = WIB_MINUTES, .evidence = out->evidence,
	};
	const char *author = jx_text(root, "author");
	size_t n = author_of(m, author, &out->evidence[0]);
	n += name_of(m, jx_text(root, "name"), author, &out->evidence[n]);
	out->input.evidence_count = n;
	return JEMBATAN_OK;
}

void dedup_line_done(struct dedup_line *l)
{
	json_decref(l->root);
	l->root = NULL;
}
