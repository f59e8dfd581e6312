/* restart_bench.c: how long a start takes to know the complaints of the window
 * again, and what they cost on disk.
 *
 *	restart_bench FOLDER COUNT [STORE]
 * FOLDER: config/dedup. A store with COUNT made-up complaints of about 55 words is
 * written below TMPDIR, opened again, read, and removed; with STORE it is written
 * there unless it is there already, and stays. They are not compared while they are
 * written: a million would take minutes of that. */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "compare.h"
#include "store/inbox.h"
#include "store/instances.h"

#define BATCH 16384u

static struct why why;

static void must(enum jembatan_result r)
{
	if (r != JEMBATAN_OK) {
		fprintf(stderr, "restart_bench: %s\n", why.text);
		exit(1);
	}
}

static double cpu_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint32_t any(uint32_t below)
{
	static uint64_t state = 42;
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 20) % below;
}

static void make_text(struct buf *out)
{
	buf_clear(out);
	for (unsigned words = 0; words < 55; words++) {
		for (unsigned n = 2 + any(3); n > 0; n--)
			buf_printf(out, "%c%c", "bcdghjklmnprstwy"[any(16)], "aiueo"[any(5)]);
		buf_printf(out, words % 9 == 8 ? " %u " : " ", any(200));
	}
}

static void add(struct db *db, const struct dedup_index *empty, int64_t instance, unsigned n,
		const char *text)
{
	struct msg_message m = { .message = { .size = sizeof(m.message), .text = text } };
	struct inbox_item item = { .message = &m, .raw = bytes_text(text) };
	struct fingerprint f;
	struct buf packed;
	item.same_key = item.revision = digest_sha256(bytes_of(&n, sizeof(n)));
	must(inbox_add(db, instance, &item, 1, NULL, clock_now_ms(), &why));
	struct dedup_input input = { .text = text, .time_ms = clock_now_ms(), .zone_minutes = 420 };
	struct duplicate_row row = { .id = item.id, .message_id = item.id, .incident = item.id,
				     .added_ms = clock_now_ms() };
	buf_init(&packed, FINGERPRINT_ROW_MAX);
	dedup_index_read(empty, &input, &f);
	fingerprint_pack(&f, &packed);
	must(duplicates_add(db, &row, buf_bytes(&packed), &why));
	buf_done(&packed);
}

static struct compare *open_compare(struct db *db)
{
	const struct settings_duplicates s = { true, INT64_C(30) * 86400000, 60, 45, 25 };
	struct compare *c = compare_new(db);
	must(compare_take_settings(c, &s, &why));
	return c;
}

static void load(struct compare *c)
{
	for (bool ready = false; !ready;)
		must(compare_load(c, 50000, &ready, &why));
}

static void fill(const char *folder, unsigned count)
{
	struct instance_row instance;
	struct arena *arena = arena_new();
	struct db *db;
	struct buf text;
	buf_init(&text, 65536);
	must(db_open(folder, NULL, &db, &why));
	const struct dedup_settings preset = dedup_settings_preset();
	struct compare *c = open_compare(db);
	struct dedup_index *empty = dedup_index_new(compare_model(c), &preset);
	must(db_begin(db, &why));
	must(instances_get(db, "bench", 0, 1000, arena, &instance, &why));
	for (unsigned n = 0; n < count; n++) {
		make_text(&text);
		add(db, empty, instance.id, n, text.data);
		if (n % BATCH == BATCH - 1) {
			must(db_commit(db, &why));
			db_idle(db);
			must(db_begin(db, &why));
		}
	}
	must(db_commit(db, &why));
	buf_done(&text);
	dedup_index_free(empty);
	compare_free(c);
	arena_free(arena);
	db_close(db);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *walk)
{
	(void)st;
	(void)kind;
	(void)walk;
	return remove(path);
}

int main(int argc, char **argv)
{
	char folder[256];
	struct db *db;
	struct compare_stats s;
	struct db_stats size;
	const char *tmp = getenv("TMPDIR");
	unsigned count = argc == 3 || argc == 4 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
	if (count == 0) {
		fprintf(stderr, "usage: restart_bench FOLDER COUNT [STORE]\n");
		return 64;
	}
	setenv("JEMBATAN_DEDUP", argv[1], 1);
	snprintf(folder, sizeof(folder), "%s/jembatan-restart-XXXXXX", tmp != NULL ? tmp : "/tmp");
	if (argc == 4)
		str_copy(folder, sizeof(folder), argv[3]);
	bool is_there = argc == 4 && mkdir(folder, 0700) != 0;
	if (argc == 3 && mkdtemp(folder) == NULL)
		return 1;
	if (!is_there)
		fill(folder, count);
	must(db_open(folder, NULL, &db, &why));
	int64_t began_us = clock_mono_us();
	double cpu = cpu_s();
	struct compare *c = open_compare(db);
	load(c);
	compare_stats(c, &s);
	db_stats(db, &size);
	printf("%zu complaints known again in %.2f s, %.2f s CPU; %.0f bytes each in memory, store %.0f MiB\n",
	       s.count, (double)(clock_mono_us() - began_us) / 1e6, cpu_s() - cpu,
	       (double)s.bytes / (double)s.count, (double)size.size_bytes / 1048576);
	compare_free(c);
	db_close(db);
	if (argc == 3)
		nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return s.count == count ? 0 : 1;
}
