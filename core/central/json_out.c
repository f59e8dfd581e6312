/* json_out.c: yajl's writer. Of that library this is all that is used: what others
 * send is read by jansson. */
#include "central/json_out.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_gen.h>

#include "base/poison.h"

struct json_out {
	yajl_gen gen;
};

static void add_piece(void *out, const char *piece, size_t size)
{
	buf_add(out, piece, size);
}

/* Texts are looked at before, so nothing is left that it could refuse. */
static void expect_written(yajl_gen_status status)
{
	ASSERT(status == yajl_gen_status_ok);
}

struct json_out *json_out_begin(struct buf *out)
{
	yajl_alloc_funcs funcs = { mem_take, mem_resize, mem_give_back, NULL };
	struct json_out *j = xmalloc(sizeof(*j));

	j->gen = yajl_gen_alloc(&funcs);
	ASSERT(j->gen && yajl_gen_config(j->gen, yajl_gen_print_callback, add_piece, out));
	expect_written(yajl_gen_map_open(j->gen));
	return j;
}

void json_out_end(struct json_out *j)
{
	expect_written(yajl_gen_map_close(j->gen));
	yajl_gen_free(j->gen);
	free(j);
}

static void add_string(struct json_out *j, const char *text, size_t size)
{
	expect_written(yajl_gen_string(j->gen, (const unsigned char *)text, size));
}

void json_out_text(struct json_out *j, const char *key, const char *text, size_t size)
{
	if (!text_is_utf8(text, size))
		return;
	add_string(j, key, strlen(key));
	add_string(j, text, size);
}

void json_out_flag(struct json_out *j, const char *key, bool value)
{
	json_out_digits(j, key, value ? "1" : "0");
}

void json_out_digits(struct json_out *j, const char *key, const char *digits)
{
	add_string(j, key, strlen(key));
	expect_written(yajl_gen_number(j->gen, digits, strlen(digits)));
}
