/* privacy_bench.c: what walks over everything, at the size of years: finding a
 * person's words, changing the master key, searching the files for a destroyed key.
 *
 *	privacy_bench COUNT
 * A store with COUNT made-up messages of about 55 words is written straight to the
 * store below TMPDIR, walked as the daemon does it, in its slices, and removed. */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "store/db_inside.h"
#include "store/erase.h"
#include "store/erase_proof.h"
#include "store/inbox.h"
#include "store/instances.h"
#include "store/master.h"
#include "ticket/person.h"

#define BATCH 256u
#define WALK 64u        /* as in core/eraser.c */
#define SLICE_US 6000   /* as in core/rotate.c */

static struct why why;
static struct db *db;
static struct arena *arena;

static void must(enum jembatan_result r)
{
	if (r == JEMBATAN_OK)
		return;
	fprintf(stderr, "privacy_bench: %s\n", why.text);
	exit(1);
}

static double cpu_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- measuring: one line a job ------------------------------------------ */

#define TIMES 65536u

static struct job {
	int64_t began_us, slice_us, longest_us;
	double cpu;
	int64_t slices;
	uint32_t times[TIMES];
} job;

static void job_begin(void)
{
	memset(&job, 0, sizeof(job));
	job.began_us = clock_mono_us();
	job.cpu = cpu_s();
}

static void slice_begin(void)
{
	job.slice_us = clock_mono_us();
}

static void slice_end(void)
{
	int64_t us = clock_mono_us() - job.slice_us;
	job.longest_us = us > job.longest_us ? us : job.longest_us;
	job.times[job.slices++ % TIMES] = (uint32_t)us;
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return x < y ? -1 : x > y;
}

static void job_end(const char *what)
{
	size_t n = job.slices < (int64_t)TIMES ? (size_t)job.slices : TIMES;
	qsort(job.times, n, sizeof(job.times[0]), by_size);
	printf("%-34s %8.1f s, %7.1f s CPU; %lld slices, p50 %.1f ms, p99 %.1f ms, longest %.1f ms\n", what,
	       (double)(clock_mono_us() - job.began_us) / 1e6, cpu_s() - job.cpu,
	       (long long)job.slices, n > 0 ? job.times[n / 2] / 1e3 : 0,
	       n > 0 ? job.times[(n - 1) * 99 / 100] / 1e3 : 0, (double)job.longest_us / 1e3);
	fflush(stdout);
}

/* ---- the store ---------------------------------------------------------- */

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
		buf_add_char(out, ' ');
	}
}

static void add(int64_t instance, unsigned n, const char *text)
{
	struct msg_message m = { .message = { .size = sizeof(m.message), .text = text } };
	char phone[32], mail[48], id[32];
	snprintf(phone, sizeof(phone), "+62812%08u", n % 90000000);
	snprintf(mail, sizeof(mail), "warga%u@contoh.invalid", n);
	snprintf(id, sizeof(id), "b%u", n);
	m.message.id = id;
	m.message.author = (struct jembatan_author){ .id = phone + 1, .name = "Warga", .phone = phone,
						     .mail = mail };
	struct inbox_item item = { .message = &m, .raw = bytes_text(text) };
	item.same_key = item.revision = digest_sha256(bytes_of(&n, sizeof(n)));
	must(inbox_add(db, instance, &item, 1, NULL, clock_now_ms(), &why));
}

static void fill(unsigned count)
{
	struct instance_row instance;
	struct buf text;
	buf_init(&text, 65536);
	must(db_begin(db, &why));
	must(instances_get(db, "bench", 0, 1000, arena, &instance, &why));
	for (unsigned n = 0; n < count; n++) {
		make_text(&text);
		add(instance.id, n, text.data);
		if (n % BATCH == BATCH - 1) {
			must(db_commit(db, &why));
			db_idle(db);
			must(db_begin(db, &why));
		}
	}
	must(db_commit(db, &why));
	buf_done(&text);
}

/* ---- the walks ---------------------------------------------------------- */

static size_t find_person(const char *value)
{
	struct person person;
	struct inbox_row rows[WALK];
	size_t n = WALK, found = 0;
	int64_t after = 0;
	struct arena *own = arena_new();
	must(person_read(value, own, &person, &why));
	while (n == WALK) {
		slice_begin();
		arena_reset(arena);
		must(inbox_walk(db, after, WALK, arena, rows, &n, &why));
		for (size_t i = 0; i < n; i++) {
			after = rows[i].id;
			found += person_is(&person, &rows[i].message.message.author);
		}
		slice_end();
	}
	arena_free(own);
	return found;
}

static void change_key(void)
{
	bool is_end = false;
	slice_begin();
	must(master_begin(db, "bench", clock_now_ms(), &why));
	slice_end();
	while (!is_end) {
		slice_begin();
		must(db_begin(db, &why));
		must(master_walk(db, SLICE_US, &is_end, &why));
		if (is_end)
			must(master_leave_old(db, "bench", clock_now_ms(), &why));
		must(db_commit(db, &why));
		db_idle(db);
		slice_end();
	}
	master_forget_old(db);
	slice_begin();
	must(db_empty_log(db, &why));
	slice_end();
}

static int64_t search_files(void)
{
	uint8_t key[SEAL_WRAPPED_SIZE];
	bool more = true;
	digest_random(key, sizeof(key));
	struct erase_proof *p = erase_proof_new(db, bytes_of(key, sizeof(key)));
	while (more) {
		slice_begin();
		must(erase_proof_slice(p, &more, &why));
		slice_end();
	}
	struct erase_proven result = erase_proof_result(p);
	erase_proof_free(p);
	return result.found;
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
	struct db_stats size;
	struct master_state state;
	const char *tmp = getenv("TMPDIR");
	unsigned count = argc == 2 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
	if (count == 0) {
		fprintf(stderr, "usage: privacy_bench COUNT\n");
		return 64;
	}
	snprintf(folder, sizeof(folder), "%s/jembatan-privacy-XXXXXX", tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(folder) == NULL)
		return 1;
	arena = arena_new();
	must(db_open(folder, NULL, &db, &why));
	job_begin();
	fill(count);
	job_end("filling");
	db_stats(db, &size);
	printf("%u messages, store %.0f MiB\n", count, (double)size.size_bytes / 1048576);
	job_begin();
	size_t found = find_person("0812-0000-0007");
	job_end("erase: finding a person");
	job_begin();
	change_key();
	job_end("key rotate");
	must(master_state(db, &state, &why));
	job_begin();
	int64_t keys = search_files();
	job_end("erase: searching the files");
	bool good = found == 1 && keys == 0 && state.unreadable == 0 && state.done == state.total;
	if (!good)
		printf("found %zu persons and %lld keys; %lld of %lld wrapped again, %lld unreadable\n", found,
		       (long long)keys, (long long)state.done, (long long)state.total,
		       (long long)state.unreadable);
	db_close(db);
	arena_free(arena);
	nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return good ? 0 : 1;
}
