/* test_store_whole.c: what holds for the room as a whole: no citizen's word in
 * clear on disk, no statement that walks a growing table, no row that points at
 * nothing. */
#include "store_unit.h"

#include "store/restore.h"
#include "ticket/ticket.h"

#define MARK "RAHASIAWARGA" /* stands in every value that must be sealed */

static const char *const sealed_marks[] = {
	MARK "-id", MARK "-thread", MARK "-author", MARK "-phone", MARK "-text", MARK "-raw",
	MARK "-file", MARK "-name", MARK "-body", MARK "-state", MARK "-remote", MARK "-quarantine",
	MARK "-cursor",
};

static struct msg_message *marked_message(const char *id)
{
	struct msg_file *file = arena_alloc(arena, sizeof(*file));
	struct msg_spooled spooled;
	spool_file(arena_printf(arena, "tok-%s", id + strlen(MARK) + 1), MARK "-file", &spooled);
	*file = (struct msg_file){ .name = MARK "-name", .token = spooled.token,
				   .size = spooled.size, .sha256 = spooled.sha256,
				   .key = spooled.key };
	struct msg_message *m = arena_alloc(arena, sizeof(*m));
	*m = (struct msg_message){
		.message = {
			.size = sizeof(m->message), .id = id, .revision = MARK "-revision",
			.thread = MARK "-thread",
			.author = { .id = MARK "-author", .name = MARK "-author",
				    .phone = MARK "-phone", .mail = MARK "-mail" },
			.subject = MARK "-subject", .text = MARK "-text",
			.place = { .address = MARK "-address" }, .extra = "{\"a\":\"" MARK "\"}",
		},
		.files = file, .file_count = 1,
	};
	return m;
}

static struct inbox_item marked_item(const char *id)
{
	return (struct inbox_item){
		.message = marked_message(id),
		.raw = bytes_text(MARK "-raw"),
		.same_key = key_of(id),
		.revision = key_of("1"),
		.thread_key = key_of("thread"),
		.record = { key_of(MARK "-remote"), key_of(MARK "-id") },
	};
}

static void use_intake(void)
{
	int64_t id;
	unsigned deaths;
	struct msg_record_keys keys = { key_of(MARK "-remote"), key_of(MARK "-id") };
	struct digest other = key_of("other");
	struct msg_begin record = { .id = MARK "-remote", .raw_type = "text/plain" };
	struct msg_spooled file;
	spool_file("tok-quarantine", MARK "-quarantine", &file);
	struct msg_begin large = { .id = MARK "-remote", .spooled = &file, .spooled_count = 1 };
	ck_ok(inbox_keep_raw(db, "mail", &large, &why));
	begin();
	for (int i = 0; i < 2; i++)
		ck_ok(skips_count_death(db, instance, &keys, 1, &deaths, &why));
	ck_ok(quarantine_add(db, instance, &keys.record, &record, bytes_text(MARK "-quarantine"), "hung", 1,
			     &id, &why));
	ck_ok(quarantine_add(db, instance, &other, &large, bytes_of(NULL, 0), "hung", 1, &id,
			     &why));
	ck_ok(instances_state_put(db, instance, "token", bytes_text(MARK "-state"), &why));
	ck_ok(instances_state_put(db, instance, "gone", bytes_of(NULL, 0), &why));
	commit();
	struct inbox_item items[] = { marked_item(MARK "-id"), marked_item(MARK "-id"),
				      marked_item(MARK "-id2") };
	items[1].revision = key_of("2");
	ck_ok(inbox_keep_files(db, "mail", items, 3, &why));
	begin();
	ck_ok(inbox_add(db, instance, items, 3, MARK "-cursor", 5000, &why));
	ck_ok(inbox_add(db, instance, items, 3, NULL, 5000, &why));
	commit();
	inbox_sweep(db);
}

static void use_decisions(void)
{
	int64_t id, other, n;
	size_t count;
	struct inbox_row rows[4];
	struct outbox_row actions[4];
	struct digest key = key_of(MARK "-id"), thread = key_of("thread");
	struct ticket_row row = { .reference = "JB-000001", .instance_id = instance,
				  .message_id = 1, .body = "{\"title\":\"" MARK "-body\"}" };
	begin();
	ck_ok(inbox_take(db, 9000, 4, arena, rows, &count, &why));
	ck_assert_uint_eq(count, 3);
	ck_ok(tickets_add(db, &row, &id, &why));
	row.reference = "JB-000002";
	row.message_id = 0;
	ck_ok(tickets_add(db, &row, &other, &why));
	ck_ok(tickets_set_body(db, id, "{\"title\":\"" MARK "-body2\"}", &why));
	ck_ok(tickets_set_state(db, id, TICKET_QUEUED, NULL, &why));
	ck_ok(tickets_set_tracking(db, other, "123", &why));
	ck_result(tickets_set_tracking(db, other, "124", &why), JEMBATAN_DATA);
	ck_ok(inbox_leave(db, 1, INBOX_TICKET, id, NULL, &why));
	ck_ok(inbox_leave(db, 2, INBOX_BEFORE_START, 0, NULL, &why));
	ck_ok(inbox_release_before_start(db, instance, 1, &n, &why));
	ck_ok(inbox_defer(db, 2, 6000, &why));
	ck_ok(inbox_find(db, instance, &key, &thread, &n, &n, &why));
	ck_ok(outbox_rows_add(db, id, 0, OUTBOX_CREATE, OUTBOX_FILES, "JB-000001", 1, 1, &n, &why));
	ck_ok(outbox_rows_add(db, id, 2, OUTBOX_FOLLOW_UP, OUTBOX_POST, "JB-000001-F1", 1, 1, &n,
			      &why));
	ck_ok(outbox_rows_claim(db, 9000, 4, arena, actions, &count, &why));
	actions[0].state = OUTBOX_DONE;
	ck_ok(outbox_rows_update(db, &actions[0], &why));
	ck_ok(audit_add(db, AUDIT_TICKET, id, "jembatan", "ticket", "accepted", 1, &why));
	ck_ok(instances_flag_set(db, "central.paused", 1, &why));
	ck_ok(instances_set_start(db, instance, 1, &why));
	ck_ok(instances_set_paused(db, instance, false, &why));
	ck_ok(instances_set_ok(db, instance, 1, &why));
	commit();
}

static void use_reading(void)
{
	int64_t n;
	size_t count;
	const struct msg_skip *skips;
	struct buf out;
	struct inbox_row rows[4];
	struct ticket_row tickets[4];
	struct outbox_row actions[4];
	struct quarantine_row records[4];
	struct audit_row steps[4];
	struct inbox_counts inbox;
	struct outbox_counts outbox;
	struct instance_row row;
	int64_t by_state[TICKET_STATE_COUNT];
	struct digest key = key_of("none");
	buf_init(&out, 10000);
	ck_ok(instances_get(db, "mail", 0, 1, arena, &row, &why));
	ck_ok(instances_flag_get(db, "central.paused", &n, &why));
	ck_ok(instances_state_get(db, instance, "token", &out, &why));
	ck_ok(inbox_get(db, 1, arena, rows, &why));
	ck_ok(inbox_raw(db, 1, &out, &why));
	ck_ok(inbox_of_ticket(db, 1, 4, arena, rows, &count, &why));
	ck_ok(inbox_count(db, 0, &inbox, &why));
	ck_ok(tickets_get(db, 1, arena, tickets, &why));
	ck_ok(tickets_find(db, "123", arena, tickets, &why));
	ck_ok(tickets_list(db, -1, 0, 4, arena, tickets, &count, &why));
	ck_ok(tickets_list(db, TICKET_QUEUED, 0, 4, arena, tickets, &count, &why));
	ck_ok(tickets_count(db, by_state, &why));
	ck_ok(outbox_rows_in_flight(db, 4, arena, actions, &count, &why));
	ck_ok(outbox_rows_list(db, -1, 0, 4, arena, actions, &count, &why));
	ck_ok(outbox_rows_get(db, 1, arena, actions, &why));
	ck_ok(outbox_rows_of_ticket(db, 1, arena, actions, &why));
	ck_ok(outbox_rows_next_due(db, &n, &why));
	ck_ok(outbox_rows_count(db, &outbox, &why));
	ck_ok(quarantine_list(db, 0, 4, arena, records, &count, &why));
	ck_ok(quarantine_get(db, 1, arena, records, &why));
	ck_ok(quarantine_raw(db, 1, &out, &why));
	ck_ok(quarantine_count(db, &n, &why));
	ck_ok(skips_list(db, instance, arena, &skips, &count, &why));
	ck_ok(audit_list(db, AUDIT_TICKET, 1, 4, arena, steps, &count, &why));
	begin();
	ck_ok(quarantine_set_dropped(db, 1, &why));
	ck_ok(quarantine_set_replayed(db, 1, &why));
	ck_ok(skips_remove(db, instance, &(struct msg_record_keys){ key, key }, &why));
	db_abort(db);
	buf_done(&out);
}

/* ---- nothing in clear --------------------------------------------------- */

static size_t files_looked_at;
static const char *found_in, *found_mark;

static int look_into(const char *path, const struct stat *st, int kind, struct FTW *walk)
{
	struct buf content;
	(void)walk;
	if (kind != FTW_F || st->st_size == 0)
		return 0;
	buf_init(&content, 64 * 1024 * 1024);
	ck_ok(file_read(path, &content, &why));
	files_looked_at++;
	for (size_t i = 0; i < COUNT_OF(sealed_marks); i++)
		if (memmem(content.data, content.size, sealed_marks[i], strlen(sealed_marks[i]))) {
			found_in = arena_strdup(arena, path);
			found_mark = sealed_marks[i];
		}
	buf_done(&content);
	return 0;
}

static void look_everywhere(void)
{
	files_looked_at = 0;
	found_in = NULL;
	ck_assert_int_eq(nftw(folder, look_into, 16, FTW_PHYS), 0);
	ck_assert_msg(found_in == NULL, "%s stands in %s", found_mark, found_in);
}

START_TEST(a_ticket_given_as_it_is_comes_back_as_it_is)
{
	struct ticket form = { .reference = "JB-000001", .title = "Jalan rusak", .secret = true };
	struct ticket_row rows[2], row = { .reference = form.reference, .instance_id = instance,
					   .form = &form };
	int64_t id = 0, json = 0;
	size_t n = 0;
	begin();
	row.message_id = add_message("a", "1");
	ck_ok(tickets_add(db, &row, &id, &why));
	json = add_ticket(0, "JB-000002", TICKET_REVIEW);
	commit();
	reopen();
	CLEANUP(free_pointer) char *body = ticket_to_json(&form);
	ck_ok(tickets_get(db, id, arena, &row, &why));
	ck_assert_str_eq(row.body, body);
	form = (struct ticket){ 0 };
	ck_ok(tickets_read(db, id, arena, &row, &form, &why));
	ck_assert_str_eq(form.title, "Jalan rusak");
	ck_assert(form.secret);
	ck_ok(tickets_read(db, json, arena, &row, &form, &why));
	ck_assert_str_eq(form.title, "Jalan rusak");
	ck_ok(tickets_list(db, -1, 0, 2, arena, rows, &n, &why));
	ck_assert_str_eq(rows[0].title, "Jalan rusak");
	ck_result(tickets_read(db, 99, arena, &row, &form, &why), JEMBATAN_GONE);
	begin();
	ck_ok(sql_script(&db->sql, "UPDATE message_body SET wrapped = NULL", &why)); /* erased */
	commit();
	ck_result(tickets_read(db, id, arena, &row, &form, &why), JEMBATAN_DATA);
}
END_TEST

START_TEST(no_citizens_word_is_on_disk_in_clear)
{
	use_intake();
	use_decisions();
	look_everywhere(); /* database, log, index, spool */
	ck_assert_uint_ge(files_looked_at, 6);
	db_idle(db);
	reopen(); /* the log is in the database now */
	look_everywhere();
	/* The look itself works: a value in clear is found. */
	ck_ok(file_write(arena_printf(arena, "%s/clear", folder), 0600,
			 bytes_text("x" MARK "-body."), &why));
	ck_assert_int_eq(nftw(folder, look_into, 16, FTW_PHYS), 0);
	ck_assert_str_eq(found_mark, MARK "-body");
}
END_TEST

/* The digests that children send are plain ones of remote ids, which can be
 * guessed: they must not stand there as they are. */
START_TEST(no_plain_digest_of_a_remote_id_is_on_disk)
{
	use_intake();
	struct digest key = key_of(MARK "-remote");
	char hex[2 * DIGEST_SIZE + 1];
	digest_hex(key.bytes, DIGEST_SIZE, hex);
	ck_assert_int_eq(number(arena_printf(arena, "SELECT count(*) FROM quarantine"
					     " WHERE record_key = x'%s'", hex)), 0);
	ck_assert_int_eq(number(arena_printf(arena, "SELECT count(*) FROM skip"
					     " WHERE record_key = x'%s' OR sealed = x'%s'", hex,
					     hex)), 0);
	ck_assert_int_eq(number("SELECT count(*) FROM quarantine"), 2);
}
END_TEST

/* ---- no walks ---------------------------------------------------------- */

/* Few rows for ever: one for each configured instance, and the counts. */
static bool may_be_walked(const char *step)
{
	return strcmp(step, "SCAN i") == 0 || strcmp(step, "SCAN CONSTANT ROW") == 0 ||
	       strncmp(step, "SCAN (subquery", 14) == 0;
}

/* The steps of a statement's plan, one a line. */
static const char *plan_of(const char *text)
{
	sqlite3_stmt *s = NULL;
	const char *plan = "";
	char *explain = arena_printf(arena, "EXPLAIN QUERY PLAN %s", text);
	ck_assert_int_eq(sqlite3_prepare_v2(db->sql.handle, explain, -1, &s, NULL), SQLITE_OK);
	while (sqlite3_step(s) == SQLITE_ROW) {
		const char *step = (const char *)sqlite3_column_text(s, 3);
		/* An INSERT's plan names what a broken foreign key would make it look for; the
		 * steps that it took are looked at below. */
		bool walks = strncmp(step, "SCAN", 4) == 0 && strncmp(text, "INSERT", 6) != 0;
		ck_assert_msg(!walks || may_be_walked(step), "%s: %s", step, text);
		ck_assert_msg(strstr(step, "TEMP B-TREE") == NULL, "%s: %s", step, text);
		plan = arena_printf(arena, "%s%s\n", plan, step);
	}
	sqlite3_finalize(s);
	return plan;
}

/* Run once, at the start, over what stays small. */
static bool is_of_the_start(const char *text)
{
	return strstr(text, "FROM meta") != NULL || strstr(text, "FROM skip) OR EXISTS") != NULL ||
	       strstr(text, "EXISTS (SELECT 1 FROM thread_alias)") != NULL ||
	       strstr(text, "EXISTS (SELECT 1 FROM unreachable)") != NULL ||
	       strstr(text, "FROM sqlite_schema") != NULL;
}

START_TEST(no_statement_walks_a_table_that_grows)
{
	size_t count = 0;
	use_intake();
	use_decisions();
	use_reading();
	for (size_t i = 0; i < SQL_CACHE; i++) {
		const char *text = db->sql.cache[i].text;
		if (text == NULL || is_of_the_start(text))
			continue;
		(void)plan_of(text);
		int walked = sqlite3_stmt_status(db->sql.cache[i].statement,
						 SQLITE_STMTSTATUS_FULLSCAN_STEP, 0);
		ck_assert_msg(walked <= (strstr(text, "FROM instance i") != NULL ? 1 : 0),
			      "%d steps: %s", walked, text);
		count++;
	}
	ck_assert_uint_gt(count, 50); /* all functions were used */
}
END_TEST

static const struct {
	const char *piece, *index; /* of the statement's text; its first step */
} plans[] = {
	{ "FROM outbox INDEXED BY outbox_due WHERE state = 0 AND waiting = 0 AND due_ms <=",
	  "SEARCH outbox USING INDEX outbox_due" },
	{ "min(due_ms)", "SEARCH outbox USING INDEX outbox_due" },
	{ "m.due_ms <= ?1", "SEARCH m USING INDEX message_due" },
	{ "WHERE stage = 5", "SEARCH message USING INDEX message_before_start" },
	{ "AND thread_key = ?2", "SEARCH message USING INDEX message_thread" },
	{ "AND +ticket_id IS NOT NULL", "SEARCH message USING INDEX sqlite_autoindex_message_1" },
	{ "WHERE t.tracking_id = ?1", "SEARCH t USING INDEX ticket_tracking" },
	{ "WHERE t.state = ?3 AND t.state <> 2", "SEARCH t USING INDEX ticket_state" },
	{ "WHERE state = ?3 AND state <> 2", "SEARCH outbox USING INDEX outbox_state" },
	{ "FROM audit WHERE subject", "SEARCH audit USING INDEX audit_subject" },
	{ "FROM kept WHERE token", "SEARCH kept USING PRIMARY KEY" },
};

START_TEST(a_statement_uses_the_index_that_was_made_for_it)
{
	const char *text = NULL;
	use_intake();
	use_decisions();
	use_reading();
	for (size_t i = 0; i < SQL_CACHE; i++)
		if (db->sql.cache[i].text != NULL && strstr(db->sql.cache[i].text, plans[_i].piece))
			text = db->sql.cache[i].text;
	ck_assert_ptr_nonnull(text);
	const char *plan = plan_of(text);
	ck_assert_msg(strstr(plan, plans[_i].index) != NULL, "%s: %s", plans[_i].index, plan);
}
END_TEST

/* ---- references -------------------------------------------------------- */

static enum jembatan_result point_at_nothing(void)
{
	return sql_run(&db->sql, &why, "UPDATE message SET ticket_id = 4711", SQL_NOTHING);
}

/* Looking up each one costs a twentieth of all work: a release does without. */
START_TEST(builds_for_tests_refuse_a_row_that_points_at_nothing)
{
	begin();
	add_message("a", "1");
#ifdef JEMBATAN_FAULTS
	ck_assert_int_eq(number("PRAGMA foreign_keys"), 1);
	ck_result(point_at_nothing(), JEMBATAN_DATA);
#else
	ck_assert_int_eq(number("PRAGMA foreign_keys"), 0);
	ck_ok(point_at_nothing());
#endif
	db_abort(db);
}
END_TEST

START_TEST(a_restore_tells_of_rows_that_point_at_nothing)
{
	const char *copy = arena_printf(arena, "%s/copy.db", folder);
	struct restore_options o = { .data_dir = folder, .from = copy, .replace = true,
				     .now_ms = 1000 };
	struct restore_done done = { .astray = -1 };
	begin();
	add_message("a", "1");
	add_message("b", "1");
	commit();
	if (_i != 0) {
		ck_ok(sql_script(&db->sql, "PRAGMA foreign_keys = OFF", &why));
		begin();
		ck_ok(point_at_nothing());
		commit();
	}
	ck_ok(sql_script(&db->sql, "PRAGMA wal_checkpoint", &why));
	ck_assert_int_eq(rename(arena_printf(arena, "%s/jembatan.db", folder), copy), 0);
	db_close(db);
	db = NULL;
	ck_ok(restore_run(&o, &done, &why));
	ck_assert_int_eq(done.astray, _i != 0 ? 2 : 0);
	free(done.aside);
	open_store();
	ck_assert_int_eq(number("SELECT count(*) FROM message"), 2);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("whole");
	tcase_add_checked_fixture(t, setup_store, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_ticket_given_as_it_is_comes_back_as_it_is);
	tcase_add_test(t, no_citizens_word_is_on_disk_in_clear);
	tcase_add_test(t, no_plain_digest_of_a_remote_id_is_on_disk);
	tcase_add_test(t, no_statement_walks_a_table_that_grows);
	tcase_add_loop_test(t, a_statement_uses_the_index_that_was_made_for_it, 0,
			    COUNT_OF(plans));
	tcase_add_test(t, builds_for_tests_refuse_a_row_that_points_at_nothing);
	tcase_add_loop_test(t, a_restore_tells_of_rows_that_point_at_nothing, 0, 2);
	return unit_run("store_whole", t);
}
