/* central_bench.c: see central_bench.h. */
#include "central_bench.h"

#include "base/clock.h"
#include "base/jx.h"
#include "store_unit.h"
#include "ticket/ticket.h"

#define PROGRAM "./jembatan-fakecentre"
#define PATIENCE_MS 20000
#define ROWS_MAX 64u

struct bench bench;

static const unsigned not_sent[] = { 429, 503 };

static void set_options(const char *mode)
{
	bench.central = (struct settings_central){
		.type = "lapor_v3",
		.url = bench.centre.url,
		.auth_header = "Authorization",
		.auth_scheme = "Bearer",
		.secret = secret_new("s3cret", 6),
		.guid = secret_new("{0000-1111}", 11),
		.create_path = "/complaints/complaint",
		.connect_timeout_ms = 200,
		.answer_timeout_ms = 300,
		.connections = 4,
		.idempotent = strcmp(mode, "idempotent") == 0,
		.lookup_url = strcmp(mode, "lookup") == 0 ? "/lookup?reference={reference}" : NULL,
		.lookup_match = "results.data.0.complaint_id",
		.lookup_wait_ms = 30,
		.unknown = strcmp(mode, "resend") == 0 ? UNKNOWN_RESEND : UNKNOWN_HOLD,
		.unknown_alarm_ms = 900000,
		.not_sent_statuses = not_sent,
		.not_sent_status_count = COUNT_OF(not_sent),
		.reference_line = true,
		.zone_minutes = 420,
		.route_to = BENCH_ROUTE_TO,
		.defaults = { .channel = "13", .classification_id = "6", .user_id = "900001" },
	};
	bench.options = (struct central_options){ .central = &bench.central,
						  .tuning = central_tuning_usual() };
	struct central_tuning *t = &bench.options.tuning;
	t->retry_first_ms = t->breaker_first_ms = t->auth_first_ms = 4;
	t->retry_ceiling_ms = t->breaker_ceiling_ms = 40;
}

static void start_outbox(void)
{
	bench.loop = loop_new();
	bench.outbox = outbox_new(bench.loop, db, &bench.options, NULL, NULL);
}

void bench_open(const char *mode, const char *faults)
{
	CLEANUP(free_pointer) char *words = xstrdup(faults ? faults : "");
	const char *arguments[32] = { "--quiet", "--hang-ms", "60000", "--token", "s3cret",
				      "--guid", "{0000-1111}", "--mode",
				      strcmp(mode, "resend") == 0 ? "none" : mode };
	size_t n = 9;
	char *rest = words, *word;

	while ((word = strsep(&rest, " ")))
		if (*word) {
			arguments[n++] = "--fault";
			arguments[n++] = word;
		}
	memset(&bench, 0, sizeof(bench));
	drive_start(&bench.centre, PROGRAM, arguments);
	setup_store();
	bench.db = db;
	bench.instance = instance;
	bench.arena = arena;
	set_options(mode);
	start_outbox();
}

static void stop_outbox(void)
{
	outbox_free(bench.outbox);
	loop_free(bench.loop);
}

void bench_restart(void)
{
	stop_outbox();
	reopen();
	bench.db = db;
	start_outbox();
}

void bench_close(void)
{
	stop_outbox();
	secret_free(bench.central.secret);
	secret_free(bench.central.guid);
	(void)drive_stop(&bench.centre, SIGTERM);
	teardown();
}

void bench_fault(const char *spec)
{
	CLEANUP(free_pointer) char *body = xasprintf("{\"spec\":\"%s\"}", spec);

	ck_assert_int_eq(drive_call(&bench.centre, "POST", "/_fault", body), CURLE_OK);
	ck_assert_int_eq(bench.centre.status, 200);
}

void bench_clear_faults(void)
{
	ck_assert_int_eq(drive_call(&bench.centre, "DELETE", "/_fault", NULL), CURLE_OK);
}

/* ---- reports ---- */

static int64_t store_message(const char *id, const char *text, bool with_file, bool bad)
{
	struct msg_message *m = arena_alloc(arena, sizeof(*m));
	struct msg_file *file = arena_alloc(arena, sizeof(*file));
	struct msg_spooled spooled;

	m->message = (struct jembatan_message){ .size = sizeof(m->message), .id = id,
						.text = text };
	if (with_file) {
		spool_file(arena_printf(arena, "token%s", id), text, &spooled);
		*file = (struct msg_file){ .name = "KTP 3273014101900001.jpg", .media_type = "image/jpeg",
					   .token = spooled.token, .size = spooled.size,
					   .sha256 = spooled.sha256, .key = spooled.key };
		if (bad) {
			struct digest other = key_of("another file");
			file->sha256.data = arena_memdup(arena, other.bytes, DIGEST_SIZE);
		}
		m->files = file;
		m->file_count = 1;
	}
	struct inbox_item item = { .message = m, .raw = bytes_text(text),
				   .same_key = key_of(id), .revision = key_of("1") };
	ck_ok(inbox_keep_files(db, "mail", &item, 1, &why));
	begin(); /* the caller commits */
	ck_ok(inbox_add(db, instance, &item, 1, NULL, clock_now_ms(), &why));
	return item.id;
}

static int64_t add_report(bool with_file, bool bad)
{
	unsigned n = ++bench.reports;
	const char *reference = arena_printf(arena, "JB-R%05u", n);
	int64_t message = store_message(arena_printf(arena, "m%u", n), "Jembatan putus.", with_file,
					bad);
	struct ticket t = { .reference = reference,
			    .instance = "mail",
			    .channel = "email",
			    .title = "Jembatan putus",
			    .content_original = "Jembatan putus.",
			    .received_ms = clock_now_ms(),
			    .zone_minutes = 420 };
	CLEANUP(free_pointer) char *body = ticket_to_json(&t);
	struct ticket_row row = { .reference = reference, .instance_id = instance,
				  .message_id = message, .created_ms = clock_now_ms(),
				  .state = TICKET_QUEUED, .body = body };
	int64_t ticket = 0, id = 0;

	ck_ok(tickets_add(db, &row, &ticket, &why));
	ck_ok(outbox_rows_add(db, ticket, 0, OUTBOX_CREATE, with_file ? OUTBOX_FILES : OUTBOX_POST,
			      reference, clock_now_ms(), clock_now_ms(), &id, &why));
	commit();
	outbox_pause(bench.outbox, false); /* look again */
	return ticket;
}

int64_t bench_report(bool with_file)
{
	return add_report(with_file, false);
}

int64_t bench_report_with_bad_file(void)
{
	return add_report(true, true);
}

int64_t bench_follow_up(int64_t ticket_id, const char *text)
{
	unsigned n = ++bench.follow_ups;
	struct ticket_row t = bench_ticket(ticket_id);
	int64_t message = store_message(arena_printf(arena, "f%u", n), text, false, false), id = 0;

	ck_ok(outbox_rows_add(db, ticket_id, message, OUTBOX_FOLLOW_UP, OUTBOX_POST,
			      arena_printf(arena, "%s-F%u", t.reference, n), clock_now_ms(),
			      clock_now_ms(), &id, &why));
	commit();
	outbox_pause(bench.outbox, false);
	return id;
}

/* ---- running ---- */

void bench_turn(void)
{
	loop_turn(bench.loop, 10);
	if (outbox_wants_turn(bench.outbox))
		ck_ok(outbox_turn(bench.outbox, &why));
}

int64_t bench_rows(enum outbox_state state)
{
	struct outbox_counts counts;

	ck_ok(outbox_rows_count(db, &counts, &why));
	return counts.by_state[state];
}

void bench_settle(void)
{
	int64_t until = clock_mono_ms() + PATIENCE_MS;

	do {
		bench_turn();
		ck_assert_msg(clock_mono_ms() < until, "%lld rows queued, %lld sending",
			      (long long)bench_rows(OUTBOX_QUEUED),
			      (long long)bench_rows(OUTBOX_SENDING));
	} while (bench_rows(OUTBOX_QUEUED) + bench_rows(OUTBOX_SENDING) > 0);
}

void bench_until_requests(const char *operation, int64_t count)
{
	int64_t until = clock_mono_ms() + PATIENCE_MS;

	while (bench_centre(arena_printf(arena, "by_operation.%s", operation)) < count) {
		ck_assert_msg(clock_mono_ms() < until, "no %s", operation);
		bench_turn();
	}
}

/* ---- looking ---- */

struct outbox_row bench_row(int64_t ticket_id)
{
	struct outbox_row row;

	ck_ok(outbox_rows_of_ticket(db, ticket_id, arena, &row, &why));
	return row;
}

struct ticket_row bench_ticket(int64_t ticket_id)
{
	struct ticket_row row;

	ck_ok(tickets_get(db, ticket_id, arena, &row, &why));
	return row;
}

const char *bench_history(int64_t ticket_id)
{
	struct audit_row rows[ROWS_MAX];
	size_t count;
	char *out = arena_strdup(arena, "");

	ck_ok(audit_list(db, AUDIT_TICKET, ticket_id, ROWS_MAX, arena, rows, &count, &why));
	for (size_t i = 0; i < count; i++)
		out = arena_printf(arena, "%s%s%s", out, i > 0 ? " " : "", rows[i].what);
	return out;
}

json_t *bench_state(void)
{
	json_t *state = drive_json(&bench.centre, "GET", "/_state", NULL);

	ck_assert_ptr_nonnull(state);
	return state;
}

int64_t bench_centre(const char *path)
{
	CLEANUP(jx_decref) json_t *state = bench_state();
	json_t *value = jx_at(state, path);

	return json_is_array(value) ? (int64_t)json_array_size(value) :
				      jx_integer(state, path, 0);
}

/* Of this reference at the centre; *out_id the first one's number. */
static int64_t copies(json_t *state, const char *reference, char out_id[64])
{
	CLEANUP(free_pointer) char *path = xasprintf("by_reference.%s", reference);
	json_t *one;
	size_t i;

	*out_id = '\0';
	json_array_foreach(json_object_get(state, "complaints"), i, one)
		if (str_equal(jx_text(one, "reference"), reference))
			snprintf(out_id, 64, "%lld", (long long)jx_integer(one, "id", 0));
	return jx_integer(state, path, 0);
}

/* A number in the name of a file stays here. */
static void check_names(const json_t *uploads)
{
	json_t *one;
	size_t i;

	json_array_foreach(uploads, i, one)
		ck_assert_str_eq(jx_text(one, "name"), "KTP xxxxxxxxxxxxxxxx.jpg");
}

void bench_check_books(void)
{
	CLEANUP(jx_decref) json_t *state = bench_state();
	struct ticket_row tickets[ROWS_MAX];
	size_t count;

	check_names(json_object_get(state, "uploads"));
	ck_ok(tickets_list(db, -1, 0, ROWS_MAX, arena, tickets, &count, &why));
	ck_assert_uint_eq(count, bench.reports);
	for (size_t i = 0; i < count; i++) {
		struct outbox_row row = bench_row(tickets[i].id);
		char id[64];
		int64_t n = copies(state, row.reference, id);
		const char *name = ticket_state_name(tickets[i].state);

		ck_assert_msg(n <= 1, "%s is doubled", row.reference);
		if (tickets[i].state == TICKET_PUSHED) {
			ck_assert_msg(n == 1, "%s is lost", row.reference);
			ck_assert_str_eq(tickets[i].tracking_id, id);
			ck_assert_str_eq(row.complaint_id, id);
		} else if (tickets[i].state == TICKET_REFUSED) {
			ck_assert_int_eq(n, 0);
			ck_assert_int_eq(row.state, OUTBOX_REFUSED);
		} else {
			ck_assert_msg(tickets[i].state == TICKET_UNKNOWN, "%s is %s", row.reference,
				      name);
			ck_assert(outbox_row_is_unknown(&row));
		}
	}
}
