/* regions_file.h: the layout of the compiled table of regions: header, nodes
 * by code, seats of kabupaten and kota by node, keys by hash, buckets of the keys, the hashes that there are, strings. In the byte order of
 * the machine that built it; regions.c refuses another. */
#ifndef TICKET_REGIONS_FILE_H
#define TICKET_REGIONS_FILE_H

#include <stdint.h>

#define REGIONS_MAGIC UINT64_C(0x3430474552424a01)
#define REGIONS_BUCKET_BITS 17u
#define REGIONS_BUCKETS ((1u << REGIONS_BUCKET_BITS) + 1u)
/* A bit for the first bits of each hash: most words are no name, and are not
 * looked for among the keys. */
#define REGIONS_FILTER_BITS 20u
#define REGIONS_FILTER_BYTES ((1u << REGIONS_FILTER_BITS) / 8u)
#define REGIONS_NONE UINT32_MAX

struct regions_header {
	uint64_t magic;
	uint32_t node_count, key_count, string_bytes, seat_count;
};

struct regions_node {
	uint32_t name;   /* offset into the strings */
	uint32_t parent; /* index, or REGIONS_NONE */
	uint16_t village;
	uint8_t province, kabupaten, kecamatan;
	uint8_t level; /* enum region_level */
	uint8_t is_kota;
	uint8_t is_common; /* of a kecamatan: its name is an ordinary word */
};

/* Sorted by node. */
struct regions_seat {
	uint32_t node;
	int16_t latitude, longitude; /* hundredths of a degree */
	uint16_t reach_km;           /* of a kota; 0: a kabupaten */
	uint16_t zero;
};

/* A name as it is looked up: small ASCII letters and digits, nothing between
 * them. Sorted by hash, then node. */
struct regions_key {
	uint32_t hash;
	uint32_t text;
	uint32_t node;
};

/* Of two texts, one behind the other, the hash follows from those of both: add them
 * after the first was multiplied by REGIONS_HASH_BASE once for each byte of the second. */
#define REGIONS_HASH_BASE 0x01000193u

static inline uint32_t regions_hash_add(uint32_t h, const char *key, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		h = h * REGIONS_HASH_BASE + (unsigned char)key[i];
	return h;
}

static inline uint32_t regions_hash_end(uint32_t h)
{
	h ^= h >> 15;
	h *= 0x85ebca6bu;
	return h ^ (h >> 13);
}

static inline uint32_t regions_hash(const char *key, unsigned size)
{
	return regions_hash_end(regions_hash_add(0, key, size));
}

#endif
