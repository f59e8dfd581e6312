/* jx.h: checked access to jansson values, and safe loading. Values stop at a
 * room's door: read them into structs. */
#ifndef BASE_JX_H
#define BASE_JX_H

#include "base/why.h"
#include <jansson.h>

/* First in main: without memory jansson aborts like everything else, rather
 * than call good JSON wrong. */
void jx_init(void);

/* Parse with duplicates refused, depth limited by jansson, any value at the
 * top. DATA and a sentence with line and column when it is not JSON. */
MUST_CHECK enum jembatan_result jx_parse(struct jembatan_bytes text, json_t **out, struct why *why);

/* Why it is no JSON, and behind which character; bytes count from the start. */
struct jx_mistake {
	enum json_error_code code;
	int line, column, byte;
};
MUST_CHECK enum jembatan_result jx_parse_at(struct jembatan_bytes text, json_t **out,
					    struct jx_mistake *out_mistake);

/* The same as jx_parse; NULs within texts (the escape \u0000) are dropped, not refused. */
MUST_CHECK enum jembatan_result jx_parse_dropping_nul(struct jembatan_bytes text, json_t **out,
						      struct why *why);

/* By path "a.b.0.c"; NULL when something on the way is missing or null.
 * Borrowed from root. */
json_t *jx_at(json_t *root, const char *path);
/* String at path or NULL. */
const char *jx_text(json_t *root, const char *path);
/* String or number as text, in the buffer (64 bytes) or borrowed; NULL when
 * neither. Ids arrive both ways. */
const char *jx_id(json_t *root, const char *path, char buffer[64]);
int64_t jx_integer(json_t *root, const char *path, int64_t otherwise);
bool jx_is_true(json_t *root, const char *path);

/* Compact, sorted keys; the caller frees. */
char *jx_dump(const json_t *value);
/* The same with the keys in the order in which they were set: cheaper. */
char *jx_dump_as_set(const json_t *value);
/* As jx_dump, with \u escapes for all that is not ASCII: one line to every reader, and
 * nothing that steers a terminal. */
char *jx_dump_ascii(const json_t *value);

/* For CLEANUP. */
void jx_decref(json_t **value);

#endif
