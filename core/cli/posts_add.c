/* posts_add.c: `jembatan intake add`: posts that a person copied go to the daemon
 * in pieces. Given twice, they are known the second time. */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/jx.h"
#include "cli/posts.h"
#include "base/poison.h"

#define PIECE_POSTS 200u
#define PIECE_BYTES (256u * 1024u)
#define WIB_MINUTES 420 /* times without zone */

struct sending {
	const struct cli_posts *asked;
	const struct cli *cli;
	struct cli_table *table; /* NULL: JSON */
	int64_t fresh, known, changed, bad;
};

static void show(struct sending *s, json_t *row)
{
	if (s->table != NULL)
		cli_table_row(s->table, row);
	else
		cli_print_json(NULL, row);
}

static void on_answer(void *data, json_t *row)
{
	struct sending *s = data;
	const char *what = jx_text(row, "what");
	int64_t *count = str_equal(what, "new") ? &s->fresh : str_equal(what, "known") ? &s->known :
			 str_equal(what, "changed") ? &s->changed : &s->bad;
	++*count;
	show(s, row);
}

static void tell_bad(struct sending *s, json_t *bad)
{
	json_t *one;
	size_t i;
	json_array_foreach(bad, i, one) {
		json_t *row = json_pack("{s:s,s:I,s:s,s:s?}", "type", "handed", "line",
					(json_int_t)jx_integer(one, "line", 0), "what", "bad", "why",
					jx_text(one, "why"));
		s->bad++;
		show(s, row);
		json_decref(row);
	}
}

static int send_piece(struct sending *s, json_t *piece)
{
	CLEANUP(free_pointer) char *text = jx_dump(piece);
	struct msg_argument arguments[] = { { "instance", s->asked->instance }, { "posts", text },
					    { "dry_run", s->asked->is_dry ? "yes" : NULL } };
	return cli_ask(s->cli, "intake add", arguments, COUNT_OF(arguments), on_answer, s);
}

/* As many as fit, and each of them whole. */
static int send_all(struct sending *s, json_t *posts)
{
	json_t *piece = json_array(), *one;
	size_t bytes = 0, i;
	int code = EX_OK;
	json_array_foreach(posts, i, one) {
		CLEANUP(free_pointer) char *text = jx_dump(one);
		size_t size = strlen(text);
		if (json_array_size(piece) == PIECE_POSTS ||
		    (json_array_size(piece) > 0 && bytes + size > PIECE_BYTES)) {
			code = send_piece(s, piece);
			json_array_clear(piece);
			bytes = 0;
		}
		if (code != EX_OK)
			break;
		json_array_append(piece, one);
		bytes += size;
	}
	if (code == EX_OK && json_array_size(piece) > 0)
		code = send_piece(s, piece);
	json_decref(piece);
	return code;
}

/* ---- what is given -------------------------------------------------------- */

static enum jembatan_result read_whole(const char *path, struct buf *out, struct why *why)
{
	char piece[4096];
	size_t n;
	if (!str_equal(path, "-")) {
		enum jembatan_result r = file_read(path, out, why);
		if (r != JEMBATAN_OK)
			return r;
	} else {
		while ((n = fread(piece, 1, sizeof(piece), stdin)) > 0)
			buf_add(out, piece, n);
	}
	return buf_is_full(out) ? why_set(why, JEMBATAN_DATA, "it is too large") : JEMBATAN_OK;
}

static enum jembatan_result read_one(const struct cli_posts *asked, struct jembatan_bytes text,
				     json_t **out_good, struct why *why)
{
	CLEANUP(free_pointer) char *words = xstrndup(text.data != NULL ? text.data : "", text.size);
	const struct post_fields fields = { .line = 1, .url = asked->url, .text = words,
					    .time = asked->time };
	const char *trouble;
	json_t *post = posts_one(&fields, clock_now_ms(), WIB_MINUTES, &trouble);
	if (post == NULL)
		return why_set(why, JEMBATAN_DATA, "%s", trouble);
	*out_good = json_pack("[o]", post);
	return JEMBATAN_OK;
}

static void print_sum(const struct sending *s)
{
	json_t *sum = json_pack("{s:s,s:I,s:I,s:I,s:I,s:b}", "type", "handed_in", "new",
				(json_int_t)s->fresh, "known", (json_int_t)s->known, "changed",
				(json_int_t)s->changed, "bad", (json_int_t)s->bad, "dry_run",
				s->asked->is_dry);
	if (s->table == NULL)
		cli_print_json(NULL, sum);
	else
		printf("%lld new, %lld known, %lld with other words, %lld not taken%s\n",
		       (long long)s->fresh, (long long)s->known, (long long)s->changed,
		       (long long)s->bad, s->asked->is_dry ? "; nothing was stored" : "");
	json_decref(sum);
}

int cli_posts_add(const struct cli *c, const struct cli_posts *asked)
{
	struct sending s = { .asked = asked, .cli = c, .table = c->json ? NULL : cli_table_new() };
	const char *path = asked->csv != NULL ? asked->csv : asked->text;
	json_t *good = NULL, *bad = NULL;
	struct why why = { "" };
	struct buf file;
	int code = EX_DATAERR;
	buf_init(&file, POSTS_BYTES_MAX);
	enum jembatan_result r = read_whole(path, &file, &why);
	if (r == JEMBATAN_OK && asked->csv != NULL)
		r = posts_read(buf_bytes(&file), clock_now_ms(), WIB_MINUTES, &good, &bad, &why);
	else if (r == JEMBATAN_OK)
		r = read_one(asked, buf_bytes(&file), &good, &why);
	if (r == JEMBATAN_OK) {
		tell_bad(&s, bad);
		code = send_all(&s, good);
	} else {
		cli_say(stderr, "jembatan: %s: %s\n", path, why.text);
	}
	if (s.table != NULL)
		cli_table_print(s.table, stdout);
	if (code == EX_OK)
		print_sum(&s);
	json_decref(good);
	json_decref(bad);
	buf_done(&file);
	return code != EX_OK ? (r == JEMBATAN_GONE ? EX_NOINPUT : code) :
	       s.bad > 0 ? EX_DATAERR : EX_OK;
}
