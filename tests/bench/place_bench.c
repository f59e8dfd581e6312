/* place_bench.c: the table of regions and made-up complaints: time to load, CPU
 * a text. With "all" everything that T2 proposes, with "model" the classification
 * by itself (the places of tables by the environment, as for an uninstalled daemon).
 *	place_bench REGIONS [COUNT [all|model]] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "ticket/place.h"
#include "ticket/propose.h"
#include "base/poison.h"

static double now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* The place of a region, written out in a complaint of 60 words. */
static char *complaint(const struct regions *r, uint32_t number)
{
	struct region here = regions_at(r, number), above = regions_at(r, here.parent);
	return xasprintf("Selamat siang bapak ibu, mohon bantuan karena lampu jalan di depan rumah kami "
		"sudah tiga minggu mati dan belum ada petugas yang datang memperbaiki padahal sudah "
		"dilaporkan dua kali lewat ketua RT 03 RW 05. Lokasinya di Jalan Kenanga nomor 12 "
		"dekat balai warga, %s, %s, mohon segera ditindaklanjuti karena kalau malam gelap "
		"dan warga takut lewat, terima kasih banyak atas perhatiannya.", here.name, above.name);
}

static size_t find(const struct regions *r, uint32_t number)
{
	struct place p;
	CLEANUP(free_pointer) char *text = complaint(r, number);
	place_find(r, text, NULL, &(struct place_hints){ .home = REGION_NONE }, &p);
	return p.region != REGION_NONE;
}

static int by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;
	return *x < *y ? -1 : *x > *y;
}

static int classify_all(const struct regions *r, size_t count)
{
	struct classifier *c = NULL;
	struct classify_answers answers;
	struct why why = { "" };
	double *took = xcalloc(count + 1, sizeof(*took)), sum = 0;
	if (classifier_load(classifier_path(), &c, &why) != JEMBATAN_OK) {
		fprintf(stderr, "place_bench: %s\n", why.text);
		return EX_CONFIG;
	}
	for (size_t i = 0; i < count; i++) {
		CLEANUP(free_pointer) char *text = complaint(r, (uint32_t)(i * 7 % regions_count(r)));
		double before = now_us();
		classify_text(c, NULL, text, NULL, &answers);
		sum += took[i] = now_us() - before;
	}
	qsort(took, count, sizeof(*took), by_size);
	printf("%.1f us CPU a classification, median %.1f, p99 %.1f\n", sum / (double)count,
	       took[count / 2], took[count * 99 / 100]);
	classifier_free(c);
	free(took);
	return EX_OK;
}

static int propose_all(size_t count)
{
	struct know_tables *tables = NULL;
	struct why why = { "" };
	struct arena *arena = arena_new();
	const struct propose_options options = { .home = REGION_NONE, .margin = 40 };
	double *took = xcalloc(count + 1, sizeof(*took)), sum = 0, start = now_us();
	if (know_load(&(struct know_files){ 0 }, &tables, &why) != JEMBATAN_OK) {
		fprintf(stderr, "place_bench: %s\n", why.text);
		return EX_CONFIG;
	}
	double loaded = now_us();
	for (size_t i = 0; i < count; i++) {
		CLEANUP(free_pointer) char *text =
			complaint(tables->regions, (uint32_t)(i * 7 % regions_count(tables->regions)));
		struct ticket t = { .title_derived = true, .content_edited = text,
				    .sent_ms = INT64_C(1768010400000), .incident_derived = true,
				    .zone_minutes = 420 };
		double before = now_us();
		propose_fill(tables, &options, arena, &t);
		sum += took[i] = now_us() - before;
		arena_reset(arena);
	}
	qsort(took, count, sizeof(*took), by_size);
	printf("all tables loaded in %.1f ms; %.1f us CPU a complaint, median %.1f, p99 %.1f\n",
	       (loaded - start) / 1e3, sum / (double)count, took[count / 2], took[count * 99 / 100]);
	know_free(tables);
	arena_free(arena);
	free(took);
	return EX_OK;
}

int main(int argc, char *argv[])
{
	struct regions *r;
	struct why why = { "" };
	size_t count = argc > 2 ? strtoul(argv[2], NULL, 10) : 20000, found = 0;
	double start = now_us();
	if (argc < 2 || regions_load(argv[1], &r, &why) != JEMBATAN_OK) {
		fprintf(stderr, "place_bench REGIONS [COUNT [all|model]]: %s\n", why.text);
		return EX_USAGE;
	}
	double loaded = now_us();
	if (argc > 3)
		return strcmp(argv[3], "model") == 0 ? classify_all(r, count) : propose_all(count);
	for (size_t i = 0; i < count; i++)
		found += find(r, (uint32_t)(i * 7 % regions_count(r)));
	printf("loaded in %.3f ms; %.1f us CPU a text, %zu of %zu with a place\n", (loaded - start) / 1e3,
	       (now_us() - loaded) / (double)count, found, count);
	regions_free(r);
	return EX_OK;
}
