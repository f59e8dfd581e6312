/* templates.h: the texts of replies, from replies.yaml: by language, event and
 * state, with exceptions by channel. A text names values as {number}; which
 * there are is a fixed list, and `check` knows it. A line all of whose values
 * are empty is left out, so a secret report needs no texts of its own: it
 * simply has no title, no institution and no answer. */
#ifndef REPLY_TEMPLATES_H
#define REPLY_TEMPLATES_H

#include "base/buf.h"
#include "config/problem.h"
#include "store/replies.h"

struct reply_templates;

/* Read and check all of it; each problem has its file and line. NULL when the
 * file cannot be read; else use it only when no problem was added. */
struct reply_templates *reply_templates_load(const char *path, const char *name,
					     struct problems *problems);
void reply_templates_free(struct reply_templates *t);
/* Where it lies: `configured`, else as installed; JEMBATAN_REPLIES tells where
 * in a tree that is not. */
const char *reply_templates_path(const char *configured);

enum reply_value { /* what a text may name; see the table in templates.c */
	REPLY_VALUE_REFERENCE = 0, REPLY_VALUE_NUMBER, REPLY_VALUE_STATUS, REPLY_VALUE_OFFICE,
	REPLY_VALUE_DEADLINE, REPLY_VALUE_TITLE, REPLY_VALUE_INSTITUTION, REPLY_VALUE_ANSWER,
	REPLY_VALUE_MISSING,
	REPLY_VALUES
};
const char *reply_value_name(enum reply_value value);

struct reply_text {
	const char *subject; /* NULL: this channel has none, or none is written */
	const char *text;
};

/* The texts for an event (status: of STATUS). False: there is none, and so
 * nothing is sent. Borrowed from t. */
bool reply_templates_find(const struct reply_templates *t, const char *connector,
			  const char *language, enum reply_event event, int status,
			  struct reply_text *out);
/* The word for a state in this language; NULL: none is written. */
const char *reply_templates_status(const struct reply_templates *t, const char *language,
				   int status);

/* Fill in. values[i] NULL or "": empty. is_secret: only what reveals nothing
 * is filled in. The subject becomes one line without control characters; the
 * text has at most text_max grapheme clusters (0: any number), cut at a word
 * with an ellipsis. */
void reply_render_subject(const char *subject, const char *const values[REPLY_VALUES],
			  bool is_secret, struct buf *out);
void reply_render_text(const char *text, const char *const values[REPLY_VALUES], bool is_secret,
		       size_t text_max, struct buf *out);
/* The longest beginning of at most max grapheme clusters, cut at a word with
 * an ellipsis; 0: any number. */
void reply_cut(const char *text, size_t max, struct buf *out);

#endif
