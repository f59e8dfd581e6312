/* store_bench.c: what T1 and T2 cost in batches of 256, with 1.2 KiB of raw.
 * store_bench FOLDER [ROWS]: prints rows a second and CPU microseconds a row
 * at the beginning and at the end of ROWS (default 100,000). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/audit.h"
#include "store/inbox.h"
#include "store/instances.h"
#include "store/outbox_rows.h"
#include "store/tickets.h"

#define BATCH 256u
#define RAW_SIZE 1200u

static struct why why;

static void must(enum jembatan_result r)
{
	if (r == JEMBATAN_OK)
		return;
	fprintf(stderr, "%s: %s\n", result_name(r), why.text);
	exit(1);
}

static double seconds(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fill(struct inbox_item *items, struct arena *arena, size_t first)
{
	for (size_t i = 0; i < BATCH; i++) {
		struct msg_message *m = arena_alloc(arena, sizeof(*m));
		char *raw = arena_alloc(arena, RAW_SIZE);
		memset(raw, 'r', RAW_SIZE);
		m->message = (struct jembatan_message){
			.size = sizeof(m->message),
			.id = arena_printf(arena, "%zu@contoh.id", first + i),
			.author = { .name = "Sari", .mail = "sari@contoh.id" },
			.subject = "Jalan rusak di depan sekolah",
			.text = arena_strndup(arena, raw, RAW_SIZE / 2),
			.raw_type = "message/rfc822",
		};
		items[i] = (struct inbox_item){
			.message = m,
			.raw = bytes_of(raw, RAW_SIZE),
			.same_key = digest_sha256(bytes_text(m->message.id)),
			.revision = digest_sha256(bytes_text("1")),
		};
	}
}

static void t1(struct db *db, int64_t instance, struct inbox_item *items)
{
	must(db_begin(db, &why));
	must(inbox_add(db, instance, items, BATCH, "uid:1", 5000, &why));
	must(db_commit(db, &why));
}

static void t2(struct db *db, int64_t instance, struct arena *arena)
{
	static struct inbox_row rows[BATCH];
	static char body[1500];
	size_t n = 0;
	memset(body, ' ', sizeof(body) - 1);
	memcpy(body, "{\"title\":\"Jalan rusak\"}", 23);
	must(db_begin(db, &why));
	must(inbox_take(db, 9000, BATCH, arena, rows, &n, &why));
	for (size_t i = 0; i < n; i++) {
		int64_t ticket = 0, action = 0;
		struct ticket_row t = {
			.reference = arena_printf(arena, "JB-%lld", (long long)rows[i].id),
			.instance_id = instance,
			.message_id = rows[i].id,
			.created_ms = 9000,
			.state = TICKET_QUEUED,
			.body = body,
		};
		must(tickets_add(db, &t, &ticket, &why));
		must(outbox_rows_add(db, ticket, 0, OUTBOX_CREATE, OUTBOX_FILES, t.reference,
				     9000, 9000, &action, &why));
		must(inbox_leave(db, rows[i].id, INBOX_TICKET, ticket, "a complaint", &why));
		must(audit_add(db, AUDIT_MESSAGE, rows[i].id, "jembatan", "ticket", NULL, 9000,
			       &why));
	}
	must(db_commit(db, &why));
}

struct cost {
	double wall, cpu;
	size_t rows;
};

static void add_cost(struct cost *c, double wall, double cpu)
{
	c->wall += seconds(CLOCK_MONOTONIC) - wall;
	c->cpu += seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	c->rows += BATCH;
}

static void print(const char *name, size_t stored, struct cost *c)
{
	printf("%s at %7zu stored: %7.0f rows/s, %5.1f us CPU a row\n", name, stored,
	       (double)c->rows / c->wall, c->cpu * 1e6 / (double)c->rows);
	*c = (struct cost){ 0 };
}

int main(int argc, char **argv)
{
	struct db *db = NULL;
	struct instance_row instance;
	static struct inbox_item items[BATCH];
	size_t total = argc > 2 ? strtoul(argv[2], NULL, 10) : 100000;
	struct cost first = { 0 }, second = { 0 };
	if (argc < 2) {
		fprintf(stderr, "usage: store_bench FOLDER [ROWS]\n");
		return 64;
	}
	struct arena *arena = arena_new();
	must(db_open(argv[1], NULL, &db, &why));
	must(db_begin(db, &why));
	must(instances_get(db, "bench", 0, 1, arena, &instance, &why));
	must(db_commit(db, &why));
	size_t step = total / 5 / BATCH * BATCH;
	for (size_t stored = 0; stored < total; stored += BATCH) {
		arena_reset(arena);
		fill(items, arena, stored);
		double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
		t1(db, instance.id, items);
		db_idle(db);
		add_cost(&first, wall, cpu);
		wall = seconds(CLOCK_MONOTONIC);
		cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
		t2(db, instance.id, arena);
		db_idle(db);
		add_cost(&second, wall, cpu);
		if ((stored + BATCH) % step == 0) {
			print("T1", stored + BATCH, &first);
			print("T2", stored + BATCH, &second);
		}
	}
	struct db_stats stats;
	db_stats(db, &stats);
	printf("%lld bytes a message; p99 of a commit %lld us\n",
	       (long long)(stats.size_bytes / (int64_t)total), (long long)stats.p99_commit_us);
	db_close(db);
	arena_free(arena);
	return 0;
}
