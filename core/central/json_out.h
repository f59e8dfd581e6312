/* json_out.h: one flat JSON object, written as it goes. For what is written for each
 * report: jansson takes values first, and its writer decodes every character. */
#ifndef CENTRAL_JSON_OUT_H
#define CENTRAL_JSON_OUT_H

#include "base/buf.h"

struct json_out;

/* Begins an object behind what is in out, which is borrowed until the end. */
struct json_out *json_out_begin(struct buf *out);
/* Ends the object and frees. */
void json_out_end(struct json_out *j);
/* Keys are literals of ours, each given once. A text that is not UTF-8 is left out
 * with its key, as jansson would. */
void json_out_text(struct json_out *j, const char *key, const char *text, size_t size);
void json_out_flag(struct json_out *j, const char *key, bool value); /* 1 or 0 */
/* A whole number by its digits, at least one and nothing else. */
void json_out_digits(struct json_out *j, const char *key, const char *digits);

#endif
