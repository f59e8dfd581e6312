/* regions.c: the mapped table. Sizes are checked at the door and numbers where
 * they are used, so a damaged file gives wrong names but harms nobody. */
#include "ticket/regions.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ticket/regions_file.h"
#include "base/poison.h"

#define FILE_MAX (10 * 1024 * 1024)

struct regions {
	void *map;
	size_t size;
	const struct regions_header *header;
	const struct regions_node *nodes;
	const struct regions_seat *seats;
	const struct regions_key *keys;
	const uint32_t *buckets;
	const uint8_t *filter;
	const char *strings;
};

static bool lay_out(struct regions *r)
{
	const struct regions_header *h = r->map;
	if (r->size < sizeof(*h) || h->magic != REGIONS_MAGIC)
		return false;
	size_t nodes = (size_t)h->node_count * sizeof(struct regions_node);
	size_t seats = (size_t)h->seat_count * sizeof(struct regions_seat);
	size_t keys = (size_t)h->key_count * sizeof(struct regions_key);
	size_t buckets = REGIONS_BUCKETS * sizeof(uint32_t);
	if (h->string_bytes == 0 || h->node_count == 0 ||
	    r->size != sizeof(*h) + nodes + seats + keys + buckets + REGIONS_FILTER_BYTES +
			h->string_bytes)
		return false;
	const char *p = (const char *)r->map + sizeof(*h);
	r->header = h;
	r->nodes = (const void *)p;
	r->seats = (const void *)(p += nodes);
	r->keys = (const void *)(p += seats);
	r->buckets = (const void *)(p += keys);
	r->filter = (const void *)(p += buckets);
	r->strings = p + REGIONS_FILTER_BYTES;
	return r->strings[h->string_bytes - 1] == '\0';
}

enum jembatan_result regions_load(const char *path, struct regions **out, struct why *why)
{
	CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) != 0)
		return why_set(why, JEMBATAN_CONFIG, "the table of regions %s: %s", path,
			       strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_size == 0 || st.st_size > FILE_MAX)
		return why_set(why, JEMBATAN_CONFIG, "%s is no table of regions", path);
	struct regions *r = xcalloc(1, sizeof(*r));
	r->size = (size_t)st.st_size;
	r->map = mmap(NULL, r->size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (r->map == MAP_FAILED) {
		free(r);
		return why_set(why, JEMBATAN_CONFIG, "%s cannot be mapped: %s", path, strerror(errno));
	}
	if (!lay_out(r)) {
		regions_free(r);
		return why_set(why, JEMBATAN_CONFIG, "%s is not of this version: install the file "
			       "that was built with this program", path);
	}
	*out = r;
	return JEMBATAN_OK;
}

void regions_free(struct regions *r)
{
	if (r == NULL)
		return;
	munmap(r->map, r->size);
	free(r);
}

const char *regions_path(void)
{
	const char *path = getenv("JEMBATAN_REGIONS");
	return path != NULL && path[0] != '\0' ? path : JEMBATAN_DATADIR "/regions.bin";
}

uint32_t regions_count(const struct regions *r)
{
	return r->header->node_count;
}

static const struct regions_node *node_of(const struct regions *r, uint32_t number)
{
	return number < r->header->node_count ? &r->nodes[number] : NULL;
}

static const char *string_of(const struct regions *r, uint32_t offset)
{
	return offset < r->header->string_bytes ? r->strings + offset : "";
}

struct region regions_at(const struct regions *r, uint32_t number)
{
	const struct regions_node *n = node_of(r, number);
	if (n == NULL)
		return (struct region){ .name = "", .parent = REGION_NONE };
	/* A parent comes before its children: no file can make a circle. */
	return (struct region){
		.name = string_of(r, n->name), .parent = n->parent < number ? n->parent : REGION_NONE,
		.level = n->level <= REGION_VILLAGE ? (enum region_level)n->level : REGION_NOWHERE,
		.is_kota = n->is_kota != 0, .is_common = n->is_common != 0,
	};
}

void regions_code(const struct regions *r, uint32_t number, char out[REGION_CODE_SIZE])
{
	const struct regions_node *n = node_of(r, number);
	out[0] = '\0';
	if (n == NULL)
		return;
	unsigned parts[4] = { n->province % 100u, n->kabupaten % 100u, n->kecamatan % 100u,
			      n->village % 10000u };
	snprintf(out, REGION_CODE_SIZE, "%02u.%02u.%02u.%04u", parts[0], parts[1], parts[2], parts[3]);
	if (n->level < REGION_VILLAGE)
		out[n->level * 3 - (n->level > 0)] = '\0';
}

uint32_t regions_by_code(const struct regions *r, const char *code)
{
	uint32_t low = 0, high = r->header->node_count;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		char here[REGION_CODE_SIZE];
		regions_code(r, middle, here);
		int order = strcmp(here, code);
		if (order == 0)
			return middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return REGION_NONE;
}

uint32_t regions_above(const struct regions *r, uint32_t number, enum region_level level)
{
	while (number != REGION_NONE) {
		struct region here = regions_at(r, number);
		if (here.level == level)
			return number;
		if (here.level < level)
			return REGION_NONE;
		number = here.parent;
	}
	return REGION_NONE;
}

bool regions_inside(const struct regions *r, uint32_t number, uint32_t whole)
{
	return whole == REGION_NONE || regions_above(r, number, regions_at(r, whole).level) == whole;
}

static uint32_t named(const struct regions *r, uint32_t hash, const char *key, size_t size,
		      uint32_t *cursor)
{
	uint32_t bucket = hash >> (32 - REGIONS_BUCKET_BITS);
	uint32_t end = r->buckets[bucket + 1];
	if (end > r->header->key_count)
		end = r->header->key_count;
	for (uint32_t i = r->buckets[bucket] + *cursor; i < end; i++) {
		const struct regions_key *k = &r->keys[i];
		if (k->hash != hash)
			continue;
		const char *text = string_of(r, k->text);
		if (strncmp(text, key, size) != 0 || text[size] != '\0' ||
		    node_of(r, k->node) == NULL)
			continue;
		*cursor = i + 1 - r->buckets[bucket];
		return k->node;
	}
	return REGION_NONE;
}

uint32_t regions_named(const struct regions *r, const char *key, size_t size, uint32_t *cursor)
{
	return named(r, regions_hash(key, (unsigned)size), key, size, cursor);
}

struct region_word regions_word(const char *text, size_t size)
{
	struct region_word w = { regions_hash_add(0, text, (unsigned)size), 1 };
	for (size_t i = 0; i < size; i++)
		w.power *= REGIONS_HASH_BASE;
	return w;
}

unsigned regions_may_name(const struct regions *r, const struct region_word *words, size_t count)
{
	uint32_t h = 0;
	unsigned may = 0;
	for (size_t i = 0; i < count; i++) {
		h = h * words[i].power + words[i].hash;
		uint32_t bit = regions_hash_end(h) >> (32 - REGIONS_FILTER_BITS);
		may |= ((unsigned)r->filter[bit / 8] >> bit % 8 & 1u) << i;
	}
	return may;
}

uint32_t regions_named_by(const struct regions *r, const struct region_word *words, size_t count,
			  const char *key, size_t size, uint32_t *cursor)
{
	uint32_t h = 0;
	for (size_t i = 0; i < count; i++)
		h = h * words[i].power + words[i].hash;
	return named(r, regions_hash_end(h), key, size, cursor);
}

static const struct regions_seat *seat_of(const struct regions *r, uint32_t number)
{
	uint32_t kabupaten = regions_above(r, number, REGION_KABUPATEN);
	uint32_t low = 0, high = kabupaten != REGION_NONE ? r->header->seat_count : 0;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (r->seats[middle].node == kabupaten)
			return &r->seats[middle];
		if (r->seats[middle].node < kabupaten)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* So near the equator the earth is flat enough. */
static double seat_distance_km(const struct regions_seat *s, double latitude, double longitude)
{
	static const double km_a_degree = 111.2, degrees_a_radian = 57.29578;
	double up = latitude - s->latitude / 100.0, along = longitude - s->longitude / 100.0;
	along *= cos((latitude + s->latitude / 100.0) / 2 / degrees_a_radian);
	return km_a_degree * hypot(up, along);
}

double regions_distance_km(const struct regions *r, uint32_t number, double latitude,
			   double longitude)
{
	const struct regions_seat *seat = seat_of(r, number);
	double nearest = seat != NULL ? seat_distance_km(seat, latitude, longitude) : -1;
	if (regions_at(r, number).level != REGION_PROVINCE)
		return nearest;
	/* Those of one province stand together. */
	for (uint32_t i = 0; i < r->header->seat_count; i++) {
		if (r->seats[i].node < number)
			continue;
		if (!regions_inside(r, r->seats[i].node, number))
			break;
		double km = seat_distance_km(&r->seats[i], latitude, longitude);
		if (nearest < 0 || km < nearest)
			nearest = km;
	}
	return nearest;
}

double regions_reach_km(const struct regions *r, uint32_t number)
{
	const struct regions_seat *seat = seat_of(r, number);
	return seat != NULL ? seat->reach_km : 0;
}

int regions_zone_minutes(const struct regions *r, uint32_t number)
{
	const struct regions_node *n = node_of(r, number);
	unsigned province = n != NULL ? n->province : 0;
	if (province >= 81)
		return 540;
	if ((province >= 51 && province <= 53) || (province >= 63 && province <= 65) ||
	    (province >= 71 && province <= 76))
		return 480;
	return 420;
}
