/* regions.h: Indonesia's regions by Kemendagri code and by name: provinces,
 * kabupaten and kota, kecamatan, villages. A compiled file that is mapped, not
 * read: it costs no time at the start and no memory of our own. */
#ifndef TICKET_REGIONS_H
#define TICKET_REGIONS_H

#include "base/why.h"

struct regions;

enum region_level {
	REGION_NOWHERE,
	REGION_PROVINCE,
	REGION_KABUPATEN, /* kota as well */
	REGION_KECAMATAN,
	REGION_VILLAGE,
};

#define REGION_NONE UINT32_MAX
#define REGION_CODE_SIZE 14u /* "PP.KK.CC.DDDD" and its end */

struct region {
	const char *name; /* as the table writes it; lives as long as the table */
	uint32_t parent;  /* REGION_NONE above a province */
	enum region_level level;
	bool is_kota;
	bool is_common; /* a kecamatan whose name is an ordinary word, as Kota or Tetap */
};

/* Map the file. CONFIG and why when it is missing, cut, or of another build. */
MUST_CHECK enum jembatan_result regions_load(const char *path, struct regions **out,
					     struct why *why);
void regions_free(struct regions *r); /* NULL is fine */

/* Where it lies: JEMBATAN_REGIONS of the environment, or as installed. */
const char *regions_path(void);

/* Regions are numbers from 0 on, in the order of their codes. */
uint32_t regions_count(const struct regions *r);
struct region regions_at(const struct regions *r, uint32_t number);
void regions_code(const struct regions *r, uint32_t number, char out[REGION_CODE_SIZE]);
/* The region with this code, or REGION_NONE. */
uint32_t regions_by_code(const struct regions *r, const char *code);
/* The region itself or what it lies in, at that level; REGION_NONE when it is
 * above it. REGION_NONE lies in nothing. */
uint32_t regions_above(const struct regions *r, uint32_t number, enum region_level level);
/* Is it, or lies it in, `whole`? Everything lies in REGION_NONE. */
bool regions_inside(const struct regions *r, uint32_t number, uint32_t whole);

/* Every region with this name, one a call: letters and digits only, small,
 * without blanks ("acehselatan"; for kabupaten and kota without that word).
 * *cursor starts at 0; REGION_NONE at the end. */
uint32_t regions_named(const struct regions *r, const char *key, size_t size, uint32_t *cursor);

/* A word of a text, to be looked up alone and with those behind it. */
struct region_word {
	uint32_t hash, power;
};
struct region_word regions_word(const char *text, size_t size);

/* Bit n - 1: the first n of these words, at most 32, may be the name of a region
 * when nothing is between them. A quick look; most words are none. */
unsigned regions_may_name(const struct regions *r, const struct region_word *words, size_t count);
/* As regions_named, for the key that these words are together. */
uint32_t regions_named_by(const struct regions *r, const struct region_word *words, size_t count,
			  const char *key, size_t size, uint32_t *cursor);

/* Kilometres from a point to the seat of the kabupaten or kota that it is or lies
 * in; of a province, to the nearest of its seats. Negative: not known. */
double regions_distance_km(const struct regions *r, uint32_t number, double latitude,
			   double longitude);
/* How far a kota reaches from its seat, about; 0: it is none, or not known. */
double regions_reach_km(const struct regions *r, uint32_t number);

/* Minutes east of UTC: WIB, WITA or WIT by the province. REGION_NONE: WIB. */
int regions_zone_minutes(const struct regions *r, uint32_t number);

#endif
