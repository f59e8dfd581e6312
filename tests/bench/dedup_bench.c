/* dedup_bench.c: duplicates at scale, with made-up complaints: CPU a record,
 * memory a record, and how many of the known reposts were found.
 *	dedup_bench FOLDER COUNT [DAYS]
 * FOLDER: config/dedup. The records come evenly over DAYS (30: all of them stay
 * in the window). Words are drawn as in a language (few common, many rare); a
 * fifth are reposts with typos and cuts, a tenth the same words at another
 * place. Two runs are the same. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <time.h>

#include "base/digest.h"
#include "ticket/dedup.h"
#include "base/poison.h"

#define VOCABULARY 60000u
#define STREETS 20000u
#define KEPT 4096u /* recent texts that a repost may repeat */
#define TAIL 20000u /* the last records are measured by themselves */

static uint64_t state = 42;

static uint32_t next_random(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 20) % below;
}

/* Word number n: syllables, so that skeletons collide as in real words. */
static void put_word(struct buf *b, uint32_t n)
{
	static const char *const syllables[] = {
		"ba", "ca", "da", "ga", "ha", "ja", "ka", "la", "ma", "na", "pa", "ra", "sa", "ta", "wa",
		"bi", "di", "ki", "li", "mi", "ni", "ri", "si", "ti", "bu", "du", "ku", "lu", "mu", "nu",
		"ru", "su", "tu", "ber", "ter", "kan", "ngan", "pen", "men", "sung",
	};
	for (n += 40; n > 0; n /= COUNT_OF(syllables))
		buf_add_text(b, syllables[n % COUNT_OF(syllables)]);
}

/* Rank by Zipf's law. */
static uint32_t common_word(void)
{
	double u = (next_random(1u << 24) + 1) / (double)(1u << 24);
	return (uint32_t)(pow(VOCABULARY, u)) - 1;
}

static void put_place(struct buf *b)
{
	buf_add_text(b, " di jalan ");
	put_word(b, VOCABULARY + next_random(STREETS));
	buf_printf(b, " no %u rt %u rw %u kel ", 1 + next_random(200), 1 + next_random(12),
		   1 + next_random(15));
	put_word(b, VOCABULARY + STREETS + next_random(5000));
}

static void make_text(struct buf *b)
{
	buf_clear(b);
	buf_add_text(b, "Assalamualaikum, mohon ditindaklanjuti laporan warga kami: ");
	for (uint32_t n = 12 + next_random(60); n > 0; n--) {
		put_word(b, common_word());
		buf_add_char(b, ' ');
	}
	put_place(b);
	buf_add_text(b, ". Demikian laporan kami, atas perhatiannya kami ucapkan terima kasih.");
}

/* The same with typos, sometimes cut. */
static void make_repost(const struct buf *from, struct buf *b)
{
	buf_clear(b);
	buf_add(b, from->data, from->size);
	if (next_random(4) == 0 && b->size > 200)
		buf_cut(b, b->size * 2 / 3);
	for (size_t n = b->size / 60; n > 0; n--) {
		size_t at = next_random((uint32_t)b->size);
		if (b->data[at] >= 'a' && b->data[at] <= 'z')
			b->data[at] = (char)('a' + next_random(26));
	}
}

/* The same words, elsewhere. */
static void make_sibling(const struct buf *from, struct buf *b)
{
	buf_clear(b);
	const char *place = from->size > 0 ? strstr(from->data, " di jalan ") : NULL;
	buf_add(b, from->data, place != NULL ? (size_t)(place - from->data) : from->size);
	put_place(b);
}

static uint64_t cpu_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* How often another process got the core: what a call took then is the machine's. */
static long interruptions(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_nivcsw;
}

static int by_size(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

static void print_times(const char *title, uint64_t *spent, size_t count)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < count; i++)
		sum += spent[i];
	qsort(spent, count, sizeof(*spent), by_size);
	printf("%-14s %6.1f us CPU a record, median %.1f, p99 %.1f, most %.1f\n", title,
	       (double)sum / 1000 / (double)count, (double)spent[count / 2] / 1000,
	       (double)spent[count * 99 / 100] / 1000, (double)spent[count - 1] / 1000);
}

struct tally {
	size_t reposts, found, wrong, siblings, siblings_joined;
};

enum kind { FRESH, REPOST, SIBLING };

static void judge(struct tally *t, enum kind kind, uint64_t source, const struct dedup_answer *a)
{
	bool joined = a->decision == DEDUP_REPOST || a->decision == DEDUP_RELATED;
	t->reposts += kind == REPOST;
	t->found += kind == REPOST && joined && a->incident == source;
	t->siblings += kind == SIBLING;
	t->siblings_joined += kind == SIBLING && joined;
	t->wrong += kind == FRESH && joined;
}

static void run(struct dedup_model *m, uint32_t count, double days)
{
	struct dedup_settings settings = dedup_settings_preset();
	struct dedup_index *index = dedup_index_new(m, &settings);
	struct buf *kept = xcalloc(KEPT, sizeof(*kept)), text;
	uint64_t *incidents = xcalloc(KEPT, sizeof(*incidents));
	uint64_t *spent = xcalloc(count, sizeof(*spent));
	struct tally t = { 0, 0, 0, 0, 0 };
	struct dedup_answer answer;
	struct fingerprint f;
	uint64_t most_ns = 0; /* of the calls that nothing interrupted */
	size_t row_bytes = 0;
	buf_init(&text, 65536);
	for (uint32_t n = 0; n < KEPT; n++)
		buf_init(&kept[n], 65536);
	for (uint32_t n = 0; n < count; n++) {
		uint32_t from = next_random(KEPT), dice = next_random(10);
		enum kind kind = kept[from].size == 0 || dice > 2 ? FRESH : dice == 2 ? SIBLING : REPOST;
		if (kind == FRESH)
			make_text(&text);
		else if (kind == REPOST)
			make_repost(&kept[from], &text);
		else
			make_sibling(&kept[from], &text);
		struct dedup_input input = { .text = text.data, .zone_minutes = 420, .channel = "bench",
			.time_ms = (int64_t)(n * (days * 86400000.0 / count)) };
		long interrupted = interruptions();
		uint64_t started = cpu_ns();
		dedup_index_expire(index, input.time_ms);
		dedup_index_read(index, &input, &f);
		dedup_index_decide(index, &f, &answer);
		uint64_t incident = kind == REPOST ? incidents[from] : n + 1;
		dedup_index_add(index, n + 1, incident, input.time_ms, &f);
		spent[n] = cpu_ns() - started;
		if (interruptions() == interrupted && spent[n] > most_ns)
			most_ns = spent[n];
		judge(&t, kind, incidents[from], &answer);
		row_bytes += 16u + 8u * f.evidence_count + 12u * f.mark_count;
		if (kind == FRESH) {
			uint32_t slot = n % KEPT;
			buf_clear(&kept[slot]);
			buf_add(&kept[slot], text.data, text.size);
			incidents[slot] = incident;
		}
	}
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	size_t live = dedup_index_count(index);
	printf("%u records over %.0f days, %zu in the window: %.0f bytes each in memory, %.0f in a row; "
	       "peak of the process %ld MiB\n", count, days, live,
	       (double)dedup_index_bytes(index) / (double)live, (double)row_bytes / count,
	       usage.ru_maxrss / 1024);
	printf("reposts found %.4f of %zu; siblings joined %zu of %zu; fresh ones joined %zu\n",
	       (double)t.found / (double)(t.reposts > 0 ? t.reposts : 1), t.reposts, t.siblings_joined,
	       t.siblings, t.wrong);
	uint32_t tail = count < TAIL ? count : TAIL;
	print_times("the last", spent + count - tail, tail);
	print_times("all", spent, count);
	printf("most of a call that no other process interrupted: %.1f us\n", (double)most_ns / 1000);
	for (uint32_t n = 0; n < KEPT; n++)
		buf_done(&kept[n]);
	buf_done(&text);
	free(kept);
	free(incidents);
	free(spent);
	dedup_index_free(index);
}

int main(int argc, char *argv[])
{
	struct dedup_model *m = NULL;
	struct why why = { "" };
	if (argc < 3) {
		fputs("usage: dedup_bench FOLDER COUNT [DAYS]\n", stderr);
		return EX_USAGE;
	}
	if (dedup_model_load(argv[1], bytes_text("bench"), &m, &why) != JEMBATAN_OK) {
		fprintf(stderr, "dedup_bench: %s\n", why.text);
		return EX_CONFIG;
	}
	uint32_t count = (uint32_t)strtoul(argv[2], NULL, 10);
	run(m, count > 0 ? count : 1, argc > 3 ? strtod(argv[3], NULL) : 30);
	dedup_model_free(m);
	return EX_OK;
}
