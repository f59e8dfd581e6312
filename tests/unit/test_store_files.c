/* test_store_files.c: from a child's folder into spool/keep, and read back. */
#include "store_unit.h"

#include <fcntl.h>

static struct msg_message *with_raw(struct inbox_item *item, const struct msg_spooled *raw)
{
	struct msg_message *m = arena_memdup(arena, item->message, sizeof(*m));
	m->raw_spooled = raw;
	m->raw_spooled_count = 1;
	item->message = m;
	item->raw = bytes_of(NULL, 0);
	return m;
}

START_TEST(a_file_is_kept_before_its_row_and_read_back)
{
	struct msg_spooled raw;
	struct inbox_item item = item_of("a", "1");
	struct buf out;
	buf_init(&out, 1000);
	spool_file("tok_1", "surat yang panjang", &raw);
	with_raw(&item, &raw);
	ck_ok(inbox_keep_files(db, "mail", &item, 1, &why));
	ck_ok(inbox_keep_files(db, "mail", &item, 1, &why)); /* again does no harm */
	ck_assert(is_kept("tok_1"));
	ck_assert_int_ne(access(arena_printf(arena, "%s/spool/mail/tok_1", folder), F_OK), 0);
	inbox_sweep(db); /* its transaction is still to come */
	ck_assert(is_kept("tok_1"));
	begin();
	ck_ok(inbox_add(db, instance, &item, 1, NULL, 5000, &why));
	db_abort(db);
	begin();
	add_message("b", "1");
	commit(); /* of another batch */
	inbox_sweep(db);
	ck_assert(is_kept("tok_1")); /* it comes again */
	begin();
	ck_ok(inbox_add(db, instance, &item, 1, NULL, 5000, &why));
	commit();
	reopen();
	inbox_sweep(db);
	buf_add_text(&out, ">");
	ck_ok(inbox_raw(db, item.id, &out, &why));
	ck_assert_str_eq(out.data, ">surat yang panjang");
	buf_done(&out);
}
END_TEST

START_TEST(a_file_that_is_not_what_its_message_says_is_not_handed_out)
{
	struct msg_spooled raw;
	struct inbox_item item = item_of("a", "1");
	struct digest other = key_of("other");
	struct buf out;
	int fd;
	buf_init(&out, 1000);
	spool_file("tok_1", "surat", &raw);
	raw.sha256 = bytes_of(other.bytes, DIGEST_SIZE);
	with_raw(&item, &raw);
	ck_ok(inbox_keep_files(db, "mail", &item, 1, &why));
	begin();
	ck_ok(inbox_add(db, instance, &item, 1, NULL, 5000, &why));
	commit();
	ck_result(inbox_raw(db, item.id, &out, &why), JEMBATAN_DATA);
	ck_assert_uint_eq(out.size, 0);
	buf_done(&out);
	char *link = arena_printf(arena, "%s/spool/keep/link", folder);
	ck_assert_int_eq(symlink("/etc/passwd", link), 0);
	ck_result(inbox_open_file(db, "link", &fd, &why), JEMBATAN_GONE);
}
END_TEST

START_TEST(the_file_of_a_redelivery_is_swept)
{
	struct msg_spooled one, two;
	struct inbox_item first = item_of("a", "1"), second = item_of("a", "1");
	spool_file("tok_1", "sama", &one);
	spool_file("tok_2", "sama", &two);
	with_raw(&first, &one);
	with_raw(&second, &two);
	struct inbox_item items[] = { first, second };
	ck_ok(inbox_keep_files(db, "mail", items, 2, &why));
	begin();
	ck_ok(inbox_add(db, instance, items, 2, NULL, 5000, &why));
	db_abort(db);
	begin();
	add_message("b", "1");
	commit(); /* of another batch */
	inbox_sweep(db);
	ck_assert(is_kept("tok_2")); /* its batch comes again */
	begin();
	ck_ok(inbox_add(db, instance, items, 2, NULL, 5000, &why));
	inbox_sweep(db);
	ck_assert(is_kept("tok_2")); /* not committed yet */
	commit();
	inbox_sweep(db);
	ck_assert(is_kept("tok_1"));
	ck_assert(!is_kept("tok_2"));
}
END_TEST

static const char *const bad_tokens[] = { "", ".", "..", ".hidden", "a/b", "../keep/x",
					  "a\nb", "x x" };

START_TEST(a_token_that_is_no_plain_name_is_refused)
{
	struct msg_spooled raw;
	struct inbox_item item = item_of("a", "1");
	int fd;
	spool_file("tok_1", "isi", &raw);
	raw.token = bad_tokens[_i];
	with_raw(&item, &raw);
	ck_result(inbox_keep_files(db, "mail", &item, 1, &why), JEMBATAN_DATA);
	ck_result(inbox_open_file(db, bad_tokens[_i], &fd, &why), JEMBATAN_GONE);
}
END_TEST

START_TEST(a_file_that_is_missing_or_of_another_kind_is_refused)
{
	struct msg_spooled raw;
	struct inbox_item item = item_of("a", "1");
	char *path = arena_printf(arena, "%s/spool/mail/tok_1", folder);
	spool_file("tok_1", "isi", &raw);
	with_raw(&item, &raw);
	raw.size++;
	ck_result(inbox_keep_files(db, "mail", &item, 1, &why), JEMBATAN_DATA);
	raw.size--;
	ck_result(inbox_keep_files(db, "mail", &item, 1, &why), JEMBATAN_DATA); /* gone with it */
	const char *key = arena_printf(arena, "%s/master.key", folder);
	ck_assert_int_eq(symlink(key, path), 0);
	raw.size = strlen(key) - 28; /* the link's own size, less what a box adds */
	ck_result(inbox_keep_files(db, "mail", &item, 1, &why), JEMBATAN_DATA);
	ck_assert_int_eq(link(key, path), 0);
	raw.size = 65 - 28;
	ck_result(inbox_keep_files(db, "mail", &item, 1, &why), JEMBATAN_DATA);
	ck_assert(!is_kept("tok_1"));
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_result(inbox_keep_files(db, "mail", &item, 1, &why), JEMBATAN_DATA);
	ck_assert(!is_kept("tok_1"));
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_result(inbox_keep_files(db, "mail", &item, 1, &why), JEMBATAN_DATA);
	ck_assert(!is_kept("tok_1"));
}
END_TEST

/* Its child may still have it open. */
START_TEST(a_file_that_is_changed_after_it_was_taken_is_not_handed_out)
{
	struct msg_spooled raw;
	struct inbox_item item = item_of("a", "1");
	struct buf out;
	buf_init(&out, 1000);
	spool_file("tok_1", "surat yang panjang", &raw);
	int fd = open(arena_printf(arena, "%s/spool/mail/tok_1", folder), O_RDWR | O_CLOEXEC);
	with_raw(&item, &raw);
	ck_ok(inbox_keep_files(db, "mail", &item, 1, &why));
	begin();
	ck_ok(inbox_add(db, instance, &item, 1, NULL, 5000, &why));
	commit();
	ck_assert_int_eq(pwrite(fd, "xx", 2, 20), 2);
	ck_result(inbox_raw(db, item.id, &out, &why), JEMBATAN_DATA);
	ck_assert_int_eq(ftruncate(fd, 0), 0);
	ck_result(inbox_raw(db, item.id, &out, &why), JEMBATAN_DATA);
	ck_assert_uint_eq(out.size, 0);
	close(fd);
	buf_done(&out);
}
END_TEST

START_TEST(a_kept_file_is_never_replaced)
{
	struct msg_spooled raw, evil;
	struct inbox_item item = item_of("a", "1");
	spool_file("tok_1", "asli", &raw);
	with_raw(&item, &raw);
	ck_ok(inbox_keep_files(db, "mail", &item, 1, &why));
	begin();
	ck_ok(inbox_add(db, instance, &item, 1, NULL, 5000, &why));
	commit();
	spool_file("tok_1", "lain", &evil);
	struct inbox_item second = item_of("b", "1");
	with_raw(&second, &evil);
	ck_result(inbox_keep_files(db, "mail", &second, 1, &why), JEMBATAN_DATA);
	struct buf out;
	buf_init(&out, 100);
	ck_ok(inbox_raw(db, item.id, &out, &why));
	ck_assert_str_eq(out.data, "asli");
	buf_done(&out);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("files");
	tcase_add_checked_fixture(t, setup_store, teardown);
	tcase_add_test(t, a_file_is_kept_before_its_row_and_read_back);
	tcase_add_test(t, a_file_that_is_not_what_its_message_says_is_not_handed_out);
	tcase_add_test(t, the_file_of_a_redelivery_is_swept);
	tcase_add_loop_test(t, a_token_that_is_no_plain_name_is_refused, 0, COUNT_OF(bad_tokens));
	tcase_add_test(t, a_file_that_is_missing_or_of_another_kind_is_refused);
	tcase_add_test(t, a_file_that_is_changed_after_it_was_taken_is_not_handed_out);
	tcase_add_test(t, a_kept_file_is_never_replaced);
	return unit_run("store_files", t);
}
