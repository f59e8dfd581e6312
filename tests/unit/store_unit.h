/* store_unit.h: a store in a folder of its own, and messages to put in. */
#ifndef TESTS_STORE_UNIT_H
#define TESTS_STORE_UNIT_H

#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/file.h"
#include "store/audit.h"
#include "store/db_inside.h"
#include "store/inbox.h"
#include "store/instances.h"
#include "store/outbox_rows.h"
#include "store/quarantine.h"
#include "store/tickets.h"

#include "unit.h"

#define ck_ok(expression) \
	ck_assert_msg((expression) == JEMBATAN_OK, "%s: %s", #expression, why.text)
#define ck_result(expression, wanted) \
	ck_assert_str_eq(result_name(expression), result_name(wanted))

static char folder[64];
static struct db *db;
static struct arena *arena;
static struct why why;
static int64_t instance; /* "mail" */

static inline int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *walk)
{
	(void)st;
	(void)kind;
	(void)walk;
	return remove(path);
}

static inline void
open_store(void)
{
	ck_ok(db_open(folder, NULL, &db, &why));
}

static inline void
reopen(void)
{
	db_close(db);
	db = NULL;
	open_store();
}

static inline void
begin(void)
{
	ck_ok(db_begin(db, &why));
}

static inline void
commit(void)
{
	ck_ok(db_commit(db, &why));
}

static inline void
setup_folder(void)
{
	strcpy(folder, "/tmp/jembatan-store-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	arena = arena_new();
}

static inline void
add_instance(void)
{
	struct instance_row row;
	begin();
	ck_ok(instances_get(db, "mail", 0, 1000, arena, &row, &why));
	commit();
	instance = row.id;
}

static inline void
open_with_instance(void)
{
	open_store();
	add_instance();
}

static inline void
setup_store(void)
{
	setup_folder();
	open_with_instance();
}

static inline void
teardown(void)
{
	db_close(db);
	db = NULL;
	arena_free(arena);
	nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline struct digest
key_of(const char *text)
{
	return digest_sha256(bytes_text(text));
}

/* A message of this id and revision, with a text that says both. */
static inline struct inbox_item
item_of(const char *id, const char *revision)
{
	struct msg_message *m = arena_alloc(arena, sizeof(*m));
	m->message.size = sizeof(m->message);
	m->message.id = id;
	m->message.revision = revision;
	m->message.text = arena_printf(arena, "jalan rusak %s %s", id, revision);
	return (struct inbox_item){
		.message = m,
		.raw = bytes_text(m->message.text),
		.same_key = key_of(id),
		.revision = key_of(revision),
	};
}

static inline int64_t
add_message(const char *id, const char *revision)
{
	struct inbox_item item = item_of(id, revision);
	ck_ok(inbox_add(db, instance, &item, 1, NULL, 5000, &why));
	return item.id;
}

/* A ticket for a message (0: none), with this reference. */
static inline int64_t
add_ticket(int64_t message_id, const char *reference, enum ticket_state state)
{
	struct ticket_row row = {
		.reference = reference,
		.instance_id = instance,
		.message_id = message_id,
		.created_ms = 6000,
		.state = state,
		.body = "{\"title\":\"Jalan rusak\",\"content\":\"Lubang di depan sekolah\"}",
	};
	int64_t id = 0;
	ck_ok(tickets_add(db, &row, &id, &why));
	return id;
}

/* A sealed file in spool/mail, as a child leaves it there. */
static inline void
spool_file(const char *token, const char *content, struct msg_spooled *out)
{
	struct box_key key;
	struct digest sha256;
	uint64_t size;
	char *path = arena_printf(arena, "%s/spool/mail", folder);
	ck_ok(file_make_dirs(path, 0700, &why));
	FILE *f = fopen(arena_printf(arena, "%s/%s", path, token), "w");
	ck_assert_ptr_nonnull(f);
	box_key_random(&key);
	struct box_writer *w = box_writer_new(&key, fileno(f));
	ck_ok(box_writer_add(w, bytes_text(content), &why));
	ck_ok(box_writer_end(w, &size, &sha256, &why));
	box_writer_free(w);
	fclose(f);
	*out = (struct msg_spooled){
		.token = token,
		.size = size,
		.sha256 = { arena_memdup(arena, sha256.bytes, DIGEST_SIZE), DIGEST_SIZE },
		.key = { arena_memdup(arena, key.bytes, BOX_KEY_SIZE), BOX_KEY_SIZE },
	};
}

static inline bool
is_kept(const char *token)
{
	return access(arena_printf(arena, "%s/spool/keep/%s", folder, token), F_OK) == 0;
}

/* One number straight from the database. */
static inline int64_t
number(const char *text)
{
	sqlite3_stmt *s = NULL;
	ck_assert_int_eq(sqlite3_prepare_v2(db->sql.handle, text, -1, &s, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(s), SQLITE_ROW);
	int64_t n = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return n;
}

/* Run work in another process; its wait status. */
static inline int
in_child(void (*work)(void))
{
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		work();
		_exit(0);
	}
	int status = 0;
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static inline bool
was_killed(int status)
{
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

#endif
