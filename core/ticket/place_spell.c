/* place_spell.c: "Kec. Semampirr": the names of the kecamatan where we look, one
 * letter more, less, other or changed with its neighbour. Only a name of six
 * letters and more, behind its prefix, that is no name elsewhere. */
#include <ctype.h>
#include <string.h>

#include "ticket/place_inside.h"
#include "base/poison.h"

#define LETTERS_MIN 6u
#define WORDS_MAX 3u
#define AREAS_TRIED 2u

/* Is one edit enough to make b of a? Equal is not misspelt. */
static bool is_one_edit(const char *a, size_t x, const char *b, size_t y)
{
	size_t same = 0, tail = 0, least = x < y ? x : y;
	while (same < least && a[same] == b[same])
		same++;
	while (tail < least - same && a[x - 1 - tail] == b[y - 1 - tail])
		tail++;
	size_t left_a = x - same - tail, left_b = y - same - tail;
	if (left_a + left_b == 1 || (left_a == 1 && left_b == 1))
		return true;
	return left_a == 2 && left_b == 2 && a[same] == b[same + 1] && a[same + 1] == b[same];
}

/* Letters and digits, small. Returns how many. */
static size_t fold(const char *name, char *out, size_t room)
{
	size_t size = 0;
	for (; *name != '\0' && size < room; name++)
		if (isalnum((unsigned char)*name))
			out[size++] = (char)tolower((unsigned char)*name);
	return size;
}

/* How many kecamatan of the area are so like it, and the last of them. */
static unsigned find_like(const struct search *s, uint32_t area, const struct mention *m,
			  uint32_t *out)
{
	char name[sizeof(m->key)];
	unsigned count = 0;
	for (uint32_t n = area + 1; regions_at(s->regions, n).level > REGION_KABUPATEN; n++) {
		struct region here = regions_at(s->regions, n);
		if (here.level == REGION_KECAMATAN &&
		    is_one_edit(m->key, m->key_size, name, fold(here.name, name, sizeof(name)))) {
			*out = n;
			count++;
		}
	}
	return count;
}

/* Is there a region of exactly this name? */
static bool is_name(const struct search *s, const struct mention *m)
{
	uint32_t cursor = 0;
	return regions_named(s->regions, m->key, m->key_size, &cursor) != REGION_NONE;
}

static bool make_key(const struct search *s, struct mention *m, size_t count)
{
	m->key_size = 0;
	for (size_t i = m->name; i < m->name + count; i++) {
		const struct place_word *w = word_at(s, i);
		if (w == NULL || (i > m->name && w->after_break))
			return false;
		memcpy(m->key + m->key_size, w->text, w->size);
		m->key_size += w->size;
	}
	m->key[m->key_size] = '\0';
	m->end = m->name + count;
	return m->key_size >= LETTERS_MIN && !is_name(s, m);
}

uint32_t place_misspelt(const struct search *s, size_t i, struct mention *m)
{
	*m = (struct mention){ .start = i, .name = i + 1, .prefix = PREFIX_KECAMATAN,
			       .in_location = word_at(s, i)->in_location };
	if (s->area_count == 0 || s->area_count > AREAS_TRIED)
		return REGION_NONE;
	for (size_t count = WORDS_MAX; count > 0; count--) {
		uint32_t found = REGION_NONE;
		unsigned like = 0;
		if (!make_key(s, m, count))
			continue;
		for (size_t a = 0; a < s->area_count; a++)
			like += find_like(s, s->areas[a].region, m, &found);
		if (like > 0)
			return like == 1 ? found : REGION_NONE;
	}
	return REGION_NONE;
}
