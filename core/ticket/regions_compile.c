/* regions_compile.c: run by make, not installed: the readable table, its aliases,
 * common words and seats to the file of regions_file.h.
 *
 *     regions_compile wilayah.txt aliases.txt common.txt positions.txt OUT */
#include <ctype.h>
#include <err.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/buf.h"
#include "ticket/regions.h"
#include "ticket/regions_file.h"
#include "base/poison.h"

#define NODES_MAX 200000u
#define KEYS_MAX 400000u
#define KEY_SIZE 80u
#define SEATS_MAX 1000u
#define WORDS_MAX 40000u
#define COMMON_FROM 4u /* kecamatan elsewhere that a word names a part of */
#define REACH_KM 6u    /* of a kota, where none is given */

static struct regions_node nodes[NODES_MAX];
static struct regions_key keys[KEYS_MAX];
static struct regions_seat seats[SEATS_MAX];
static uint32_t node_count, key_count, seat_count;
static uint32_t buckets[REGIONS_BUCKETS];
static uint8_t filter[REGIONS_FILTER_BYTES];
static struct buf strings;

static uint32_t put_string(const char *text)
{
	size_t offset = strings.size;
	buf_add(&strings, text, strlen(text) + 1);
	if (buf_is_full(&strings))
		errx(EX_DATAERR, "names of more than 8 MiB");
	return (uint32_t)offset;
}

/* Small letters and digits of the name; of a part in brackets too, if asked. */
static void fold(const char *name, size_t size, char out[KEY_SIZE])
{
	size_t used = 0;
	for (size_t i = 0; i < size && used < KEY_SIZE - 1; i++)
		if (isalnum((unsigned char)name[i]))
			out[used++] = (char)tolower((unsigned char)name[i]);
	out[used] = '\0';
}

static void put_key(uint32_t node, const char *name, size_t size)
{
	char key[KEY_SIZE];
	fold(name, size, key);
	if (key[0] == '\0')
		return;
	for (uint32_t i = key_count; i > 0 && keys[i - 1].node == node; i--)
		if (strcmp(strings.data + keys[i - 1].text, key) == 0)
			return;
	if (key_count == KEYS_MAX)
		errx(EX_DATAERR, "too many names");
	keys[key_count++] = (struct regions_key){ regions_hash(key, (unsigned)strlen(key)),
						  put_string(key), node };
}

static const char *after(const char *name, const char *const *prefixes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_starts(name, prefixes[i]))
			return name + strlen(prefixes[i]);
	return name;
}

/* "Tiro/Truseb" and "Misool (Misool Utara)" are known by each part as well. */
static void put_parts(uint32_t node, const char *name)
{
	if (strpbrk(name, "/(") == NULL)
		return;
	for (const char *p = name; *p != '\0';) {
		size_t size = strcspn(p, "/()");
		if (size >= 5)
			put_key(node, p, size);
		p += size + (p[size] != '\0');
	}
}

/* The table writes "Kepulauan Talaud" and "Kep. Siau ...", and people either. */
static void put_islands(uint32_t node, const char *name)
{
	static const char *const spellings[][2] = { { "Kepulauan", "Kep" }, { "Kep.", "Kepulauan" } };
	for (size_t i = 0; i < COUNT_OF(spellings); i++) {
		const char *at = strstr(name, spellings[i][0]);
		char other[KEY_SIZE];
		if (at == NULL)
			continue;
		int n = snprintf(other, sizeof(other), "%.*s%s%s", (int)(at - name), name, spellings[i][1],
				 at + strlen(spellings[i][0]));
		if (n > 0 && (size_t)n < sizeof(other))
			put_key(node, other, (size_t)n);
	}
}

static void put_names(uint32_t node, const char *name)
{
	static const char *const towns[] = { "Kabupaten Administrasi ", "Kota Administrasi ",
					     "Kabupaten ", "Kota " };
	static const char *const villages[] = { "Gampong ", "Nagari ", "Desa ", "Kelurahan " };
	if (nodes[node].level == REGION_KABUPATEN)
		name = after(name, towns, COUNT_OF(towns));
	put_key(node, name, strlen(name));
	put_parts(node, name);
	put_islands(node, name);
	if (nodes[node].level == REGION_VILLAGE) {
		const char *bare = after(name, villages, COUNT_OF(villages));
		if (strlen(bare) >= 4)
			put_key(node, bare, strlen(bare));
	}
}

static uint32_t put_node(uint8_t level, unsigned number, const char *name, const uint32_t *above)
{
	struct regions_node n = { .level = level, .parent = REGIONS_NONE };
	if (level > REGION_PROVINCE) {
		n = nodes[above[level - 1]];
		n.parent = above[level - 1];
		n.level = level;
	}
	n.is_kota = level == REGION_KABUPATEN && str_starts(name, "Kota ");
	if (level == REGION_PROVINCE)
		n.province = (uint8_t)number;
	else if (level == REGION_KABUPATEN)
		n.kabupaten = (uint8_t)number;
	else if (level == REGION_KECAMATAN)
		n.kecamatan = (uint8_t)number;
	else
		n.village = (uint16_t)number;
	n.name = put_string(name);
	if (node_count == NODES_MAX)
		errx(EX_DATAERR, "too many regions");
	nodes[node_count] = n;
	put_names(node_count, name);
	return node_count++;
}

static void put_villages(char *line, const uint32_t *above)
{
	unsigned number = 0;
	char *rest = line;
	for (char *name; (name = strsep(&rest, ";")) != NULL; number++) {
		if (strspn(name, "0123456789") == 4 && name[4] == ' ') {
			number = (unsigned)strtoul(name, NULL, 10);
			name += 5;
		}
		put_node(REGION_VILLAGE, number, name, above);
	}
}

static FILE *open_or_end(const char *path, const char *mode)
{
	FILE *file = fopen(path, mode);
	if (file == NULL)
		err(EX_NOINPUT, "%s", path);
	return file;
}

static void read_table(const char *path)
{
	FILE *file = open_or_end(path, "re");
	uint32_t above[4] = { 0 };
	char *line = NULL;
	size_t room = 0;
	while (getline(&line, &room, file) > 0) {
		size_t depth = strspn(line, " ");
		line[strcspn(line, "\n")] = '\0';
		if (depth == 3) {
			put_villages(line + 3, above);
			continue;
		}
		if (depth > 3 || strlen(line) < depth + 4 || line[depth + 2] != ' ')
			errx(EX_DATAERR, "%s: a line is no region", path);
		above[depth + 1] = put_node((uint8_t)(depth + 1),
					    (unsigned)strtoul(line + depth, NULL, 10),
					    line + depth + 3, above);
	}
	free(line);
	fclose(file);
}

static void code_of(const struct regions_node *n, char out[16])
{
	int used = snprintf(out, 16, "%02u", n->province);
	if (n->level >= REGION_KABUPATEN)
		snprintf(out + used, (size_t)(16 - used), ".%02u", n->kabupaten);
}

static uint32_t node_by_code(const char *path, const char *code)
{
	char here[16];
	for (uint32_t i = 0; i < node_count; i++) {
		if (nodes[i].level > REGION_KABUPATEN)
			continue;
		code_of(&nodes[i], here);
		if (strcmp(here, code) == 0)
			return i;
	}
	errx(EX_DATAERR, "%s: no region has the code %s", path, code);
}

/* The next line that says something: without its end. False: no more. */
static bool next_line(FILE *file, char **line, size_t *room)
{
	while (getline(line, room, file) > 0) {
		(*line)[strcspn(*line, "\n")] = '\0';
		if ((*line)[0] != '#' && (*line)[0] != '\0')
			return true;
	}
	free(*line);
	fclose(file);
	return false;
}

static void read_aliases(const char *path)
{
	FILE *file = open_or_end(path, "re");
	char *line = NULL;
	size_t room = 0;
	while (next_line(file, &line, &room)) {
		char *space = strchr(line, ' ');
		if (space == NULL)
			errx(EX_DATAERR, "%s: a line is no code and name", path);
		*space = '\0';
		put_key(node_by_code(path, line), space + 1, strlen(space + 1));
	}
}

/* In the order of the codes, which is that of the nodes. */
static void read_seats(const char *path)
{
	FILE *file = open_or_end(path, "re");
	char *line = NULL;
	size_t room = 0;
	while (next_line(file, &line, &room)) {
		char *end = line, *code = strsep(&end, " ");
		double latitude = end != NULL ? strtod(end, &end) : 0;
		double longitude = end != NULL ? strtod(end, &end) : 0;
		unsigned long reach_km = end != NULL ? strtoul(end, &end, 10) : 0;
		if (end == NULL || *end != '\0' || latitude < -11.5 || latitude > 6.5 ||
		    longitude < 94.5 || longitude > 141.5 || reach_km > 100)
			errx(EX_DATAERR, "%s: %s has no place in Indonesia", path, code);
		uint32_t node = node_by_code(path, code);
		if (nodes[node].level != REGION_KABUPATEN || seat_count == SEATS_MAX ||
		    (seat_count > 0 && seats[seat_count - 1].node >= node))
			errx(EX_DATAERR, "%s: %s is no kabupaten, or not behind the one before", path, code);
		if (reach_km == 0 && nodes[node].is_kota)
			reach_km = REACH_KM;
		seats[seat_count++] = (struct regions_seat){ .node = node,
			.latitude = (int16_t)lround(latitude * 100),
			.longitude = (int16_t)lround(longitude * 100), .reach_km = (uint16_t)reach_km };
	}
}

/* ---- names that are ordinary words --------------------------------------- */

/* A word among others in the name of a kecamatan, and in which kabupaten. */
struct part {
	char word[KEY_SIZE];
	uint32_t kabupaten;
};

static int by_word(const void *a, const void *b)
{
	return strcmp(((const struct part *)a)->word, ((const struct part *)b)->word);
}

static size_t collect_parts(struct part *parts)
{
	size_t count = 0;
	for (uint32_t i = 0; i < node_count; i++) {
		const char *name = strings.data + nodes[i].name;
		if (nodes[i].level != REGION_KECAMATAN || strchr(name, ' ') == NULL)
			continue;
		for (size_t size; *name != '\0'; name += size + (name[size] != '\0')) {
			size = strcspn(name, " ");
			if (count == WORDS_MAX)
				errx(EX_DATAERR, "too many words in names of kecamatan");
			fold(name, size, parts[count].word);
			parts[count++].kabupaten = nodes[i].parent;
		}
	}
	qsort(parts, count, sizeof(*parts), by_word);
	return count;
}

/* Kecamatan elsewhere whose names have this one as a word: "Kec. Kota" is what
 * people say of Kota Kudus, and of sixty others. */
static void mark_parts_of_names(void)
{
	struct part *parts = xcalloc(WORDS_MAX, sizeof(*parts)), wanted;
	size_t count = collect_parts(parts);
	for (uint32_t i = 0; i < node_count; i++) {
		if (nodes[i].level != REGION_KECAMATAN)
			continue;
		fold(strings.data + nodes[i].name, strlen(strings.data + nodes[i].name), wanted.word);
		const struct part *p = bsearch(&wanted, parts, count, sizeof(*parts), by_word);
		unsigned elsewhere = 0;
		while (p != NULL && p > parts && strcmp(p[-1].word, wanted.word) == 0)
			p--;
		for (; p != NULL && p < parts + count && strcmp(p->word, wanted.word) == 0; p++)
			elsewhere += p->kabupaten != nodes[i].parent;
		nodes[i].is_common = elsewhere >= COMMON_FROM;
	}
	free(parts);
}

static void read_common(const char *path)
{
	FILE *file = open_or_end(path, "re");
	char *line = NULL, key[KEY_SIZE];
	size_t room = 0;
	while (next_line(file, &line, &room)) {
		bool is_known = false;
		for (uint32_t i = 0; i < node_count; i++) {
			const char *name = strings.data + nodes[i].name;
			if (nodes[i].level != REGION_KECAMATAN)
				continue;
			fold(name, strlen(name), key);
			if (strcmp(key, line) == 0)
				nodes[i].is_common = is_known = true;
		}
		if (!is_known)
			errx(EX_DATAERR, "%s: no kecamatan has the name %s", path, line);
	}
}

static int by_hash(const void *a, const void *b)
{
	const struct regions_key *x = a, *y = b;
	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return (x->node > y->node) - (x->node < y->node);
}

static void fill_buckets(void)
{
	uint32_t at = 0;
	qsort(keys, key_count, sizeof(keys[0]), by_hash);
	for (uint32_t b = 0; b < REGIONS_BUCKETS; b++) {
		while (at < key_count && (keys[at].hash >> (32 - REGIONS_BUCKET_BITS)) < b)
			at++;
		buckets[b] = at;
	}
	for (uint32_t i = 0; i < key_count; i++) {
		uint32_t bit = keys[i].hash >> (32 - REGIONS_FILTER_BITS);
		filter[bit / 8] |= (uint8_t)(1u << bit % 8);
	}
}

static void write_all(const char *path)
{
	struct regions_header header = { REGIONS_MAGIC, node_count, key_count, (uint32_t)strings.size,
					 seat_count };
	FILE *out = open_or_end(path, "we");
	bool good = fwrite(&header, sizeof(header), 1, out) == 1 &&
		    fwrite(nodes, sizeof(nodes[0]), node_count, out) == node_count &&
		    fwrite(seats, sizeof(seats[0]), seat_count, out) == seat_count &&
		    fwrite(keys, sizeof(keys[0]), key_count, out) == key_count &&
		    fwrite(buckets, sizeof(buckets), 1, out) == 1 &&
		    fwrite(filter, sizeof(filter), 1, out) == 1 &&
		    fwrite(strings.data, strings.size, 1, out) == 1;
	if (fclose(out) != 0 || !good)
		err(EX_IOERR, "%s", path);
}

int main(int argc, char *argv[])
{
	if (argc != 6)
		errx(EX_USAGE, "usage: regions_compile wilayah.txt aliases.txt common.txt "
		     "positions.txt OUT");
	buf_init(&strings, 8u * 1024u * 1024u);
	read_table(argv[1]);
	read_aliases(argv[2]);
	mark_parts_of_names();
	read_common(argv[3]);
	read_seats(argv[4]);
	fill_buckets();
	write_all(argv[5]);
	buf_done(&strings);
	return EX_OK;
}
