/* problem.c: the table of problems and their documents. */
#include "web/problem.h"

#include <jansson.h>

#include "base/jx.h"
#include "base/poison.h"

static const struct {
	unsigned status;
	const char *slug, *title_id, *title_en, *detail_id, *detail_en;
} problems[MSG_PROBLEM_COUNT] = {
	[MSG_PROBLEM_NONE] = { 500, "inside", "Kesalahan di dalam", "Error inside", NULL, NULL },
	[MSG_PROBLEM_BAD_REQUEST] = { 400, "bad-request", "Permintaan tidak dapat dibaca",
		"The request cannot be read", NULL, NULL },
	[MSG_PROBLEM_KEY] = { 401, "key", "Kunci API tidak ada atau salah",
		"The API key is missing or wrong",
		"Kirim header Authorization: Bearer KUNCI.", "Send the header Authorization: Bearer KEY." },
	[MSG_PROBLEM_NOT_FOUND] = { 404, "not-found", "Alamat ini tidak ada",
		"There is nothing at this address", NULL, NULL },
	[MSG_PROBLEM_METHOD] = { 405, "method", "Metode ini tidak berlaku di sini",
		"This method does not apply here", NULL, NULL },
	[MSG_PROBLEM_TOO_LARGE] = { 413, "too-large", "Isi permintaan terlalu besar",
		"The body is too large", NULL, NULL },
	[MSG_PROBLEM_LONG_TARGET] = { 414, "long-target", "Alamat ini terlalu panjang",
		"This address is too long", "Paling panjang 8.192 byte.", "At most 8,192 bytes." },
	[MSG_PROBLEM_MEDIA_TYPE] = { 415, "media-type", "Isi harus application/json",
		"The body must be application/json", NULL, NULL },
	[MSG_PROBLEM_CONTENT] = { 422, "content", "Isi permintaan tidak sesuai",
		"The body is not as it should be", NULL, NULL },
	[MSG_PROBLEM_KEY_REUSED] = { 422, "key-reused", "Idempotency-Key sudah dipakai untuk isi lain",
		"This Idempotency-Key was used with another body",
		"Pakai kunci baru untuk pengaduan baru; tidak ada yang disimpan.",
		"Use a new key for a new complaint; nothing was stored." },
	[MSG_PROBLEM_TOO_MANY] = { 429, "too-many", "Terlalu banyak permintaan sekaligus",
		"Too many requests at once",
		"Tunggu jawaban permintaan sebelumnya, lalu kirim lagi.",
		"Wait for the answers to earlier requests, then send it again." },
	[MSG_PROBLEM_HEADERS] = { 431, "headers", "Header permintaan terlalu besar",
		"The headers are too large", "Paling banyak 200 header, 16 KiB bersama-sama.",
		"At most 200 headers, 16 KiB together." },
	[MSG_PROBLEM_INSIDE] = { 500, "inside", "Kesalahan di dalam", "Error inside", NULL, NULL },
	[MSG_PROBLEM_UNAVAILABLE] = { 503, "unavailable", "Belum dapat disimpan",
		"It cannot be stored now",
		"Kirim lagi nanti; permintaan yang sama tidak akan menjadi ganda.",
		"Send it again later; the same request will not be doubled." },
};

static unsigned known(enum msg_problem problem)
{
	return (unsigned)problem < MSG_PROBLEM_COUNT ? (unsigned)problem : MSG_PROBLEM_INSIDE;
}

unsigned problem_status(enum msg_problem problem)
{
	return problems[known(problem)].status;
}

static void set_text(json_t *document, const char *key, const char *text)
{
	if (text != NULL)
		json_object_set_new(document, key, json_string(text));
}

void problem_write(enum msg_problem problem, unsigned status, const char *detail_id,
		   const char *detail_en, struct buf *out)
{
	unsigned n = known(problem);
	CLEANUP(free_pointer) char *type = xasprintf("urn:jembatan:problem:%s", problems[n].slug);
	CLEANUP(jx_decref) json_t *document = json_object();
	set_text(document, "type", type);
	set_text(document, "title", problems[n].title_id);
	json_object_set_new(document, "status",
			    json_integer((json_int_t)(status != 0 ? status : problems[n].status)));
	set_text(document, "detail", detail_id != NULL ? detail_id : problems[n].detail_id);
	set_text(document, "title_en", problems[n].title_en);
	set_text(document, "detail_en", detail_en != NULL ? detail_en : problems[n].detail_en);
	CLEANUP(free_pointer) char *text = json_dumps(document, JSON_INDENT(1));
	buf_add_text(out, text);
	buf_add_char(out, '\n');
}
