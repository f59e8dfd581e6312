/* place_prefix.c: two tables of words. */
#include "ticket/place_inside.h"

#include <string.h>

#include "base/poison.h"

static const struct {
	const char *word;
	enum prefix prefix;
} prefixes[] = {
	{ "provinsi", PREFIX_PROVINCE }, { "propinsi", PREFIX_PROVINCE }, { "prov", PREFIX_PROVINCE },
	{ "pemprov", PREFIX_PROVINCE }, { "kabupaten", PREFIX_KABUPATEN }, { "kab", PREFIX_KABUPATEN },
	{ "pemkab", PREFIX_KABUPATEN }, { "kota", PREFIX_KOTA }, { "kotamadya", PREFIX_KOTA },
	{ "kodya", PREFIX_KOTA }, { "pemkot", PREFIX_KOTA },
	{ "kecamatan", PREFIX_KECAMATAN }, { "kec", PREFIX_KECAMATAN },
	{ "distrik", PREFIX_KECAMATAN }, { "kapanewon", PREFIX_KECAMATAN },
	{ "kemantren", PREFIX_KECAMATAN }, { "camat", PREFIX_KECAMATAN },
	{ "kelurahan", PREFIX_VILLAGE }, { "kel", PREFIX_VILLAGE }, { "kalurahan", PREFIX_VILLAGE },
	{ "desa", PREFIX_VILLAGE }, { "ds", PREFIX_VILLAGE }, { "gampong", PREFIX_VILLAGE },
	{ "nagari", PREFIX_VILLAGE }, { "pekon", PREFIX_VILLAGE }, { "lurah", PREFIX_VILLAGE },
	{ "kades", PREFIX_VILLAGE }, { "jalan", PREFIX_STREET }, { "jl", PREFIX_STREET },
	{ "jln", PREFIX_STREET }, { "jlan", PREFIX_STREET }, { "gang", PREFIX_STREET },
	{ "gg", PREFIX_STREET }, { "raya", PREFIX_STREET }, { "perumahan", PREFIX_STREET },
	{ "perum", PREFIX_STREET }, { "blok", PREFIX_STREET }, { "dusun", PREFIX_LANDMARK },
	{ "dsn", PREFIX_LANDMARK }, { "pasar", PREFIX_LANDMARK }, { "terminal", PREFIX_LANDMARK },
	{ "stasiun", PREFIX_LANDMARK }, { "sd", PREFIX_LANDMARK }, { "sdn", PREFIX_LANDMARK },
	{ "smp", PREFIX_LANDMARK }, { "smpn", PREFIX_LANDMARK }, { "sma", PREFIX_LANDMARK },
	{ "rs", PREFIX_LANDMARK }, { "rsud", PREFIX_LANDMARK }, { "tol", PREFIX_LANDMARK },
	{ "arah", PREFIX_LANDMARK }, { "menuju", PREFIX_LANDMARK }, { "jurusan", PREFIX_LANDMARK },
	{ "dari", PREFIX_LANDMARK }, { "bank", PREFIX_LANDMARK }, { "universitas", PREFIX_LANDMARK },
	{ "bandara", PREFIX_LANDMARK }, { "hotel", PREFIX_LANDMARK }, { "nasi", PREFIX_LANDMARK },
	{ "orang", PREFIX_LANDMARK }, { "pt", PREFIX_LANDMARK }, { "masjid", PREFIX_LANDMARK },
	{ "puskesmas", PREFIX_OFFICE }, { "pkm", PREFIX_OFFICE }, { "polsek", PREFIX_OFFICE },
	{ "polsekta", PREFIX_OFFICE }, { "koramil", PREFIX_OFFICE }, { "kua", PREFIX_OFFICE },
	{ "di", PREFIX_END }, { "daerah", PREFIX_END }, { "wilayah", PREFIX_END },
};

/* Kabupaten and kota whose names are common words: only typed, or next to
 * their province. */
static const char *const common_words[] = { "batu", "malang", "buru", "pati", "tegal", "serang",
	"metro", "palu", "sorong", "banjar", "lahat", "bone", "padang", "agam", "siak", "dompu", "bima" };

/* Prefixes by what they begin with. */
struct beginnings {
	uint8_t heads[256], next[COUNT_OF(prefixes)]; /* a prefix and 1; 0: no more */
};

static uint8_t beginning(const char *word)
{
	unsigned second = (unsigned char)word[1];
	return (uint8_t)((unsigned char)word[0] * 37u + second * 7u +
			 (second != 0 ? (unsigned char)word[2] : 0));
}

static void sort_prefixes(struct beginnings *out)
{
	memset(out, 0, sizeof(*out));
	for (size_t i = COUNT_OF(prefixes); i-- > 0;) {
		uint8_t *head = &out->heads[beginning(prefixes[i].word)];
		out->next[i] = *head;
		*head = (uint8_t)(i + 1);
	}
}

static enum prefix prefix_of(const struct beginnings *b, const struct place_word *word)
{
	for (size_t i = b->heads[beginning(word->text)]; i != 0; i = b->next[i - 1])
		if (strcmp(prefixes[i - 1].word, word->text) == 0)
			return prefixes[i - 1].prefix;
	return PREFIX_NONE;
}

void place_prefixes(struct search *s)
{
	struct beginnings b;
	sort_prefixes(&b);
	for (size_t i = 0; i < s->words->count; i++) {
		enum prefix prefix = prefix_of(&b, &s->words->items[i]);
		s->ends_street[i] = prefix == PREFIX_END;
		s->prefixes[i] = (uint8_t)(prefix == PREFIX_END ? PREFIX_NONE : prefix);
	}
}

bool place_is_common_word(const char *key)
{
	for (size_t i = 0; i < COUNT_OF(common_words); i++)
		if (strcmp(common_words[i], key) == 0)
			return true;
	return false;
}
