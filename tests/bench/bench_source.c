/* bench_source.c: made-up complaints of about 1.2 KiB, as a file and over HTTP.
 *
 *     bench_source gen -n N -o FILE [-s SEED]   one JSON object a line; a tenth
 *                                  is repeated as it is, a tenth is an earlier
 *                                  one with words changed and an id of its own
 *     bench_source serve -i FILE [-p PORT]
 *                                  GET ...?after=I&limit=K, {"next", "data"} */
#include "http.h"

#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/poison.h"

#define WINDOW 2048u /* repeats are of one of the last so many */
#define PAGE_MAX 10000

/* ---- gen ---- */

static const char *const what[] = {
	"lampu jalan padam", "sampah menumpuk", "jalan berlubang", "air keran keruh",
	"saluran air tersumbat", "pohon tumbang", "pungutan di loket", "antrean terlalu panjang",
	"kabel menjuntai", "trotoar rusak", "halte tanpa atap", "obat habis di puskesmas",
};
static const char *const where[] = {
	"depan balai warga", "samping pasar", "ujung gang", "dekat jembatan", "belakang sekolah",
	"seberang kantor pos", "tikungan kedua", "halaman masjid", "tepi sungai",
};
static const char *const street[] = {
	"Melati", "Kenanga", "Anggrek", "Cendana", "Jati", "Rajawali", "Merpati", "Bahagia",
	"Pemuda", "Kartini", "Sawo", "Nangka",
};
static const char *const place[] = {
	"Kota Contoh", "Kabupaten Misal", "Kota Umpama", "Kabupaten Sebut", "Kota Andai",
};
static const char *const person[] = {
	"Sari", "Budi", "Wati", "Joko", "Dewi", "Agus", "Rina", "Tono", "Lina", "Hadi",
};
static const char *const sentence[] = {
	"Warga sudah bergantian mengingatkan petugas, tetapi belum ada yang datang melihat.",
	"Setiap hujan keadaannya bertambah buruk dan kendaraan terpaksa memutar jauh.",
	"Anak-anak yang berjalan kaki ke sekolah menjadi takut lewat sana.",
	"Pedagang di sekitar mengeluh karena pembeli enggan singgah.",
	"Kami pernah menyampaikan hal ini lewat kelurahan dan diminta menunggu.",
	"Mohon dijadwalkan perbaikan dan kami diberi tahu kapan akan dimulai.",
	"Beberapa tetangga bersedia membantu bila diperlukan tenaga tambahan.",
	"Keadaan ini sudah berlangsung lebih lama daripada yang dijanjikan dahulu.",
};

struct complaint {
	unsigned what, where, street, place, number, sentences;
	char changed[24]; /* what a near duplicate says otherwise */
};

static uint64_t state;

static uint32_t any(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)((state >> 16) % below);
}

#define ANY(list) ((unsigned)any((uint32_t)COUNT_OF(list)))

static struct complaint make(void)
{
	return (struct complaint){ .what = ANY(what), .where = ANY(where), .street = ANY(street),
				   .place = ANY(place), .number = 1 + any(200),
				   .sentences = any(UINT32_MAX) };
}

static void write_text(const struct complaint *c, struct buf *out)
{
	buf_printf(out, "Selamat pagi%s, di Jalan %s nomor %u, %s, %s: %s.", c->changed,
		   street[c->street], c->number, where[c->where], place[c->place], what[c->what]);
	for (unsigned i = 0; i < 8; i++)
		buf_printf(out, " %s", sentence[c->sentences >> (3 * i) & 7]);
}

static void write_record(const struct complaint *c, uint64_t id, struct buf *out)
{
	const char *name = person[ANY(person)], *family = person[ANY(person)];
	unsigned month = 1 + any(12), day = 1 + any(28), hour = any(24), minute = any(60);
	buf_printf(out, "{\"id\":\"BENCH-%09llu\",\"channel\":\"web\",\"created_at\":"
		   "\"2026-%02u-%02uT%02u:%02u:00+07:00\",\"reporter\":{\"name\":\"%s %s\","
		   "\"phone\":\"+62811%07u\",\"email\":\"%s.%llu@contoh.invalid\",\"anonymous\":%s},",
		   (unsigned long long)id, month, day, hour, minute, name, family, any(10000000),
		   name, (unsigned long long)id, any(10) == 0 ? "true" : "false");
	buf_printf(out, "\"category\":\"Sarana umum\",\"title\":\"%s, Jalan %s\",\"description\":\"",
		   what[c->what], street[c->street]);
	write_text(c, out);
	buf_printf(out, "\",\"location\":{\"province\":\"Provinsi Contoh\",\"city\":\"%s\","
		   "\"district\":\"Kecamatan %s\",\"address\":\"Jalan %s %u\",\"lat\":%d.%06u,"
		   "\"lon\":1%02u.%06u},\"agency\":\"Dinas Contoh\",\"priority\":%u,"
		   "\"attachments\":[],\"tags\":[\"web\",\"%s\"],\"lang\":\"id\"}",
		   place[c->place], street[(c->street + 1) % COUNT_OF(street)], street[c->street],
		   c->number, -(int)any(9), any(1000000), any(40), any(1000000), 1 + any(4),
		   what[c->what]);
}

static int generate(uint64_t count, uint64_t seed, FILE *out)
{
	static struct complaint window[WINDOW];
	static char *lines[WINDOW];
	uint64_t id = 0;
	state = seed * 0x9E3779B97F4A7C15u + 1;
	for (uint64_t n = 0; n < count; n++) {
		unsigned kind = any(10);
		size_t known = id < WINDOW ? id : WINDOW;
		if (kind == 0 && known > 0) {
			fprintf(out, "%s\n", lines[any((uint32_t)known)]);
			continue;
		}
		struct buf line;
		struct complaint c = make();
		if (kind == 1 && known > 0) {
			c = window[any((uint32_t)known)];
			snprintf(c.changed, sizeof(c.changed), " %s %u", person[ANY(person)], any(99));
		}
		buf_init(&line, 65536);
		write_record(&c, ++id, &line);
		fprintf(out, "%s\n", line.data);
		window[(id - 1) % WINDOW] = c;
		free(lines[(id - 1) % WINDOW]);
		lines[(id - 1) % WINDOW] = buf_take(&line);
	}
	printf("{\"n\": %llu, \"unique_ids\": %llu}\n", (unsigned long long)count,
	       (unsigned long long)id);
	return fclose(out) == 0 ? 0 : 1;
}

/* ---- serve ---- */

struct source {
	struct buf text;
	size_t *at; /* of each line, and of the end */
	size_t count;
};

static void read_lines(struct source *s, const char *path)
{
	struct why why;
	buf_init(&s->text, (size_t)4 << 30);
	if (file_read(path, &s->text, &why) != JEMBATAN_OK) {
		fprintf(stderr, "%s\n", why.text);
		exit(1);
	}
	for (size_t i = 0; i < s->text.size; i++)
		s->count += s->text.data[i] == '\n';
	s->at = xcalloc(s->count + 1, sizeof(*s->at));
	for (size_t i = 0, n = 0; i < s->text.size; i++)
		if (s->text.data[i] == '\n')
			s->at[++n] = i + 1;
}

static void on_request(void *data, const struct http_request *r, struct http_answer *out)
{
	const struct source *s = data;
	int64_t after = http_number(r, "after", 0), limit = http_number(r, "limit", 100);
	size_t from = after >= 0 && (uint64_t)after < s->count ? (size_t)after : s->count;
	size_t count = (size_t)(limit > 0 && limit <= PAGE_MAX ? limit : PAGE_MAX);
	if (count > s->count - from)
		count = s->count - from;
	buf_add_text(&out->body, "{\"next\":");
	if (from + count < s->count)
		buf_printf(&out->body, "%zu", from + count);
	else
		buf_add_text(&out->body, "null");
	buf_add_text(&out->body, ",\"data\":[");
	for (size_t i = from; i < from + count; i++) {
		buf_add_text(&out->body, i > from ? "," : "");
		buf_add(&out->body, s->text.data + s->at[i], s->at[i + 1] - s->at[i] - 1);
	}
	buf_add_text(&out->body, "]}");
}

int main(int argc, char **argv)
{
	uint64_t count = 10000, seed = 1;
	const char *in = NULL, *out = NULL, *verb = argc > 1 ? argv[1] : "";
	unsigned port = 0;
	for (int o; argc > 1 && (o = getopt(argc - 1, argv + 1, "n:s:o:i:p:")) != -1;) {
		if (o == 'n')
			count = strtoull(optarg, NULL, 10);
		else if (o == 's')
			seed = strtoull(optarg, NULL, 10);
		else if (o == 'o')
			out = optarg;
		else if (o == 'i')
			in = optarg;
		else if (o == 'p')
			port = (unsigned)strtoul(optarg, NULL, 10);
		else
			return 2;
	}
	if (strcmp(verb, "gen") == 0 && out != NULL) {
		FILE *file = fopen(out, "w");
		return file != NULL ? generate(count, seed, file) : 1;
	}
	if (strcmp(verb, "serve") == 0 && in != NULL) {
		struct source s = { .count = 0 };
		read_lines(&s, in);
		http_serve(port, 0, on_request, &s);
	}
	fprintf(stderr, "usage: bench_source gen -n N -o FILE | serve -i FILE [-p PORT]\n");
	return 2;
}
