/* place_bench.c: the table of regions and made-up complaints: time to load,
 * CPU a text.
 *	place_bench REGIONS [COUNT] */
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <time.h>

#include "ticket/place.h"
#include "base/poison.h"

static double now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* The place of every seventh region, written out in a complaint of 60 words. */
static size_t find(const struct regions *r, uint32_t number)
{
	struct place p;
	CLEANUP(free_pointer) char *text = NULL;
	struct region here = regions_at(r, number), above = regions_at(r, here.parent);
	text = xasprintf("Selamat siang bapak ibu, mohon bantuan karena lampu jalan di depan rumah kami "
		"sudah tiga minggu mati dan belum ada petugas yang datang memperbaiki padahal sudah "
		"dilaporkan dua kali lewat ketua RT 03 RW 05. Lokasinya di Jalan Kenanga nomor 12 "
		"dekat balai warga, %s, %s, mohon segera ditindaklanjuti karena kalau malam gelap "
		"dan warga takut lewat, terima kasih banyak atas perhatiannya.", here.name, above.name);
	place_find(r, text, NULL, REGION_NONE, &p);
	return p.region != REGION_NONE;
}

int main(int argc, char *argv[])
{
	struct regions *r;
	struct why why = { "" };
	size_t count = argc > 2 ? strtoul(argv[2], NULL, 10) : 20000, found = 0;
	double start = now_us();
	if (argc < 2 || regions_load(argv[1], &r, &why) != JEMBATAN_OK) {
		fprintf(stderr, "place_bench REGIONS [COUNT]: %s\n", why.text);
		return EX_USAGE;
	}
	double loaded = now_us();
	for (size_t i = 0; i < count; i++)
		found += find(r, (uint32_t)(i * 7 % regions_count(r)));
	printf("loaded in %.3f ms; %.1f us CPU a text, %zu of %zu with a place\n", (loaded - start) / 1e3,
	       (now_us() - loaded) / (double)count, found, count);
	regions_free(r);
	return EX_OK;
}
