/* test_frame.c: frames as bytes, and as they travel between two channels. */
#include "base/msg.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit.h"

static struct buf bytes;
static struct channel *left, *right;
static struct why why;

static void setup(void)
{
	int pair[2];
	buf_init(&bytes, 8 * 1024 * 1024);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	left = channel_new(pair[0]);
	right = channel_new(pair[1]);
}

static void teardown(void)
{
	buf_done(&bytes);
	channel_free(left);
	channel_free(right);
}

static const struct msg_checkpoint cursor = { .cursor = "12:99" };

START_TEST(a_frame_is_idle_until_its_last_byte)
{
	struct frame f;
	size_t used = 0;
	ck_assert_int_eq(frame_pack(&bytes, MSG_CHECKPOINT, 0x01020304, msg_checkpoint_fields,
				    &cursor, bytes_text("blob"), &why), JEMBATAN_OK);
	for (size_t n = 0; n < bytes.size; n++) {
		char *exact = xmalloc(n ? n : 1);
		memcpy(exact, bytes.data, n);
		ck_assert_int_eq(frame_parse(bytes_of(exact, n), &f, &used, &why), JEMBATAN_IDLE);
		free(exact);
	}
	ck_assert_int_eq(frame_parse(buf_bytes(&bytes), &f, &used, &why), JEMBATAN_OK);
	ck_assert_uint_eq(used, bytes.size);
	ck_assert_uint_eq(f.type, MSG_CHECKPOINT);
	ck_assert_uint_eq(f.seq, 0x01020304);
	ck_assert_mem_eq(f.blob.data, "blob", 4);
}
END_TEST

static const struct {
	const char *what;
	uint8_t header[FRAME_HEADER_SIZE];
} refused[] = {
	{ "another version", { 2, 3 } },
	{ "text", "GET / HTTP/1.1" },
	{ "a reserved byte", { 1, 3, 1 } },
	{ "meta of 1 MiB and 1", { 1, 3, 0, 0, 0, 0, 0, 0, 1, 0, 16, 0 } },
	{ "a blob of 3 MiB and 1", { 1, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 48, 0 } },
	{ "lengths of 4 GiB", { 1, 3, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255 } },
};

START_TEST(what_is_no_frame_is_refused_before_its_length_is_believed)
{
	struct frame f;
	size_t used;
	const struct jembatan_bytes in = bytes_of(refused[_i].header, FRAME_HEADER_SIZE);
	ck_assert_msg(frame_parse(in, &f, &used, &why) == JEMBATAN_DATA, "%s was taken",
		      refused[_i].what);
}
END_TEST

START_TEST(a_frame_over_its_maximum_is_not_packed)
{
	char *large = xcalloc(1, FRAME_BLOB_MAX + 1);
	memset(large, 'x', FRAME_META_MAX);
	const struct msg_checkpoint too_long = { .cursor = large };
	buf_add_text(&bytes, "before");
	ck_assert_int_eq(frame_pack(&bytes, 1, 1, NULL, NULL, bytes_of(large, FRAME_BLOB_MAX + 1),
				    &why), JEMBATAN_FATAL);
	ck_assert_int_eq(frame_pack(&bytes, 1, 1, msg_checkpoint_fields, &too_long,
				    bytes_of(NULL, 0), &why), JEMBATAN_FATAL);
	ck_assert_str_eq(bytes.data, "before");
	ck_assert_int_eq(frame_pack(&bytes, 1, 1, NULL, NULL, bytes_of(large, FRAME_BLOB_MAX),
				    &why), JEMBATAN_OK);
	free(large);
}
END_TEST

START_TEST(frames_arrive_in_order_and_whole)
{
	struct frame f;
	char *blob = xcalloc(1, FRAME_BLOB_MAX);
	for (uint32_t i = 0; i < 5; i++)
		ck_assert_int_eq(channel_put(left, MSG_CHECKPOINT, i, msg_checkpoint_fields,
					     &cursor, bytes_of(blob, i * (FRAME_BLOB_MAX / 4)),
					     &why),
				 JEMBATAN_OK);
	ck_assert(channel_wants_write(left));
	/* More than a socket buffer: each side does what it can in turn. */
	for (uint32_t i = 0; i < 5;) {
		enum jembatan_result r = channel_next(right, &f, &why);
		if (r == JEMBATAN_OK) {
			ck_assert_uint_eq(f.seq, i);
			ck_assert_uint_eq(f.blob.size, i * (FRAME_BLOB_MAX / 4));
			i++;
			continue;
		}
		ck_assert_int_eq(r, JEMBATAN_IDLE);
		ck_assert_int_eq(channel_flush(left, &why), JEMBATAN_OK);
		r = channel_fill(right, &why);
		ck_assert(r == JEMBATAN_OK || r == JEMBATAN_IDLE);
	}
	ck_assert(!channel_wants_write(left));
	free(blob);
}
END_TEST

START_TEST(a_peer_that_does_not_read_is_noticed)
{
	char *blob = xcalloc(1, FRAME_BLOB_MAX);
	enum jembatan_result r = JEMBATAN_OK;
	int count = 0;
	for (; count < 100 && r == JEMBATAN_OK; count++)
		r = channel_put(left, MSG_BEGIN, 1, NULL, NULL, bytes_of(blob, FRAME_BLOB_MAX),
				&why);
	ck_assert_int_eq(r, JEMBATAN_RETRY);
	ck_assert_int_le(count, 10);
	ck_assert_int_eq(channel_flush_wait(left, 10, &why), JEMBATAN_RETRY);
	free(blob);
}
END_TEST

START_TEST(a_peer_that_is_gone_is_gone_after_its_last_frame)
{
	struct frame f;
	ck_assert_int_eq(channel_put(left, MSG_STOP, 7, NULL, NULL, bytes_of(NULL, 0), &why),
			 JEMBATAN_OK);
	ck_assert_int_eq(channel_flush_wait(left, -1, &why), JEMBATAN_OK);
	channel_free(left);
	left = NULL;
	ck_assert_int_eq(channel_wait(right, 1000, &f, &why), JEMBATAN_OK);
	ck_assert_uint_eq(f.seq, 7);
	ck_assert_int_eq(channel_wait(right, 1000, &f, &why), JEMBATAN_GONE);
	ck_assert_int_eq(channel_put(right, MSG_STOP, 7, NULL, NULL, bytes_of(NULL, 0), &why),
			 JEMBATAN_OK);
	ck_assert_int_eq(channel_flush(right, &why), JEMBATAN_GONE);
}
END_TEST

START_TEST(waiting_for_a_silent_peer_ends)
{
	struct frame f;
	ck_assert_int_eq(channel_wait(right, 10, &f, &why), JEMBATAN_RETRY);
}
END_TEST

START_TEST(garbage_condemns_the_channel)
{
	struct frame f;
	ck_assert_int_eq(write(channel_fd(left), "hello, world", 12), 12);
	ck_assert_int_eq(channel_wait(right, 1000, &f, &why), JEMBATAN_DATA);
	ck_assert_int_eq(channel_next(right, &f, &why), JEMBATAN_DATA);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("frame");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_frame_is_idle_until_its_last_byte);
	tcase_add_loop_test(t, what_is_no_frame_is_refused_before_its_length_is_believed, 0,
			    COUNT_OF(refused));
	tcase_add_test(t, a_frame_over_its_maximum_is_not_packed);
	tcase_add_test(t, frames_arrive_in_order_and_whole);
	tcase_add_test(t, a_peer_that_does_not_read_is_noticed);
	tcase_add_test(t, a_peer_that_is_gone_is_gone_after_its_last_frame);
	tcase_add_test(t, waiting_for_a_silent_peer_ends);
	tcase_add_test(t, garbage_condemns_the_channel);
	return unit_run("frame", t);
}
