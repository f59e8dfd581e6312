/* test_box.c: sealed values and files: what was altered does not open. */
#include "base/box.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "unit.h"

#define CHUNK 65536u
#define HEADER 12u
#define TAG 16u

static struct box_key key, other_key;
static struct buf sealed, plain;
static struct why why;
static int fd;

static void setup(void)
{
	box_key_random(&key);
	box_key_random(&other_key);
	buf_init(&sealed, 1024 * 1024);
	buf_init(&plain, 1024 * 1024);
	fd = memfd_create("box", MFD_CLOEXEC);
	ck_assert_int_ge(fd, 0);
}

static void teardown(void)
{
	buf_done(&sealed);
	buf_done(&plain);
	close(fd);
}

START_TEST(a_sealed_value_opens_with_its_key_and_label_only)
{
	box_seal(&key, "raw:7", bytes_text("isi"), &sealed);
	ck_assert_uint_eq(sealed.size, 3 + BOX_OVERHEAD);
	ck_assert_int_eq(box_open(&key, "raw:7", buf_bytes(&sealed), &plain, &why), JEMBATAN_OK);
	ck_assert_str_eq(plain.data, "isi");
	ck_assert_int_eq(box_open(&key, "raw:8", buf_bytes(&sealed), &plain, &why), JEMBATAN_DATA);
	ck_assert_int_eq(box_open(&other_key, "raw:7", buf_bytes(&sealed), &plain, &why),
			 JEMBATAN_DATA);
	ck_assert_str_eq(plain.data, "isi");
}
END_TEST

START_TEST(an_empty_value_is_sealed_too)
{
	box_seal(&key, "x", bytes_of(NULL, 0), &sealed);
	ck_assert_int_eq(box_open(&key, "x", buf_bytes(&sealed), &plain, &why), JEMBATAN_OK);
	ck_assert_uint_eq(plain.size, 0);
}
END_TEST

START_TEST(every_altered_bit_and_every_cut_is_noticed)
{
	box_seal(&key, "x", bytes_text("isi"), &sealed);
	for (size_t i = 0; i < sealed.size * 8; i++) {
		sealed.data[i / 8] = (char)(sealed.data[i / 8] ^ 1 << i % 8);
		ck_assert_int_eq(box_open(&key, "x", buf_bytes(&sealed), &plain, &why),
				 JEMBATAN_DATA);
		sealed.data[i / 8] = (char)(sealed.data[i / 8] ^ 1 << i % 8);
	}
	for (size_t n = 0; n < sealed.size; n++)
		ck_assert_int_eq(box_open(&key, "x", bytes_of(sealed.data, n), &plain, &why),
				 JEMBATAN_DATA);
	ck_assert_int_eq(box_open(&key, "x", buf_bytes(&sealed), &plain, &why), JEMBATAN_OK);
}
END_TEST

START_TEST(the_same_value_never_looks_the_same)
{
	struct buf again;
	buf_init(&again, 1000);
	box_seal(&key, "x", bytes_text("isi"), &sealed);
	box_seal(&key, "x", bytes_text("isi"), &again);
	ck_assert_mem_ne(sealed.data, again.data, sealed.size);
	buf_done(&again);
}
END_TEST

static char content[3 * CHUNK + 100];

/* Writes `size` bytes in uneven pieces. */
static void write_file(size_t size)
{
	uint64_t total = 0;
	struct digest sha256;
	for (size_t i = 0; i < sizeof(content); i++)
		content[i] = (char)(i * 31 + i / 256);
	struct box_writer *w = box_writer_new(&key, fd);
	for (size_t at = 0, n = 1; at < size; at += n, n = n * 3 + 1) {
		if (n > size - at)
			n = size - at;
		ck_assert_int_eq(box_writer_add(w, bytes_of(content + at, n), &why), JEMBATAN_OK);
	}
	ck_assert_int_eq(box_writer_end(w, &total, &sha256, &why), JEMBATAN_OK);
	box_writer_free(w);
	struct digest expected = digest_sha256(bytes_of(content, size));
	ck_assert_uint_eq(total, size);
	ck_assert_mem_eq(sha256.bytes, expected.bytes, DIGEST_SIZE);
}

/* The whole file into plain; the first result that is not OK. */
static enum jembatan_result read_file(const struct box_key *with)
{
	enum jembatan_result r;
	size_t n = 0;
	buf_clear(&plain);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	struct box_reader *reader = box_reader_new(with, fd);
	do {
		char piece[10000];
		r = box_reader_next(reader, piece, sizeof(piece), &n, &why);
		if (r == JEMBATAN_OK)
			buf_add(&plain, piece, n);
	} while (r == JEMBATAN_OK && n > 0);
	box_reader_free(reader);
	return r;
}

static const size_t sizes[] = { 0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 100 };

START_TEST(a_file_comes_out_as_it_went_in)
{
	write_file(sizes[_i]);
	ck_assert_int_eq(read_file(&key), JEMBATAN_OK);
	ck_assert_uint_eq(plain.size, sizes[_i]);
	if (plain.size)
		ck_assert_mem_eq(plain.data, content, plain.size);
	ck_assert_int_eq(read_file(&other_key), JEMBATAN_DATA);
	ck_assert_uint_eq(plain.size, 0);
}
END_TEST

/* Where a file of two chunks and a bit is cut. */
static const size_t cuts[] = {
	0, HEADER, HEADER + 1, HEADER + CHUNK, HEADER + CHUNK + TAG, HEADER + CHUNK + TAG + 5,
	HEADER + 2 * (CHUNK + TAG), HEADER + 2 * (CHUNK + TAG) + TAG,
	HEADER + 2 * (CHUNK + TAG) + 25,
};

START_TEST(a_cut_file_is_noticed_also_between_chunks)
{
	write_file(2 * CHUNK + 10);
	ck_assert_int_eq(ftruncate(fd, (off_t)cuts[_i]), 0);
	ck_assert_int_eq(read_file(&key), JEMBATAN_DATA);
}
END_TEST

START_TEST(swapped_and_doubled_chunks_and_trailing_bytes_are_noticed)
{
	static char first[CHUNK + TAG], second[CHUNK + TAG];
	const off_t at_first = HEADER, at_second = HEADER + CHUNK + TAG;
	write_file(2 * CHUNK + 10);
	ck_assert_int_eq(pread(fd, first, sizeof(first), at_first), sizeof(first));
	ck_assert_int_eq(pread(fd, second, sizeof(second), at_second), sizeof(second));
	ck_assert_int_eq(pwrite(fd, second, sizeof(second), at_first), sizeof(second));
	ck_assert_int_eq(read_file(&key), JEMBATAN_DATA);
	ck_assert_int_eq(pwrite(fd, first, sizeof(first), at_first), sizeof(first));
	ck_assert_int_eq(pwrite(fd, first, sizeof(first), at_second), sizeof(first));
	ck_assert_int_eq(read_file(&key), JEMBATAN_DATA);
	ck_assert_int_eq(pwrite(fd, second, sizeof(second), at_second), sizeof(second));
	ck_assert_int_eq(read_file(&key), JEMBATAN_OK);
	ck_assert_int_eq(lseek(fd, 0, SEEK_END) > 0 && write(fd, "x", 1) == 1, 1);
	ck_assert_int_eq(read_file(&key), JEMBATAN_DATA);
}
END_TEST

START_TEST(a_full_disk_is_told)
{
	struct why told = { "" };
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct box_writer *w = box_writer_new(&key, full);
	uint64_t size;
	struct digest sha256;
	ck_assert_int_eq(box_writer_end(w, &size, &sha256, &told), JEMBATAN_RETRY);
	ck_assert_ptr_nonnull(strstr(told.text, "No space"));
	box_writer_free(w);
	close(full);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("box");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_sealed_value_opens_with_its_key_and_label_only);
	tcase_add_test(t, an_empty_value_is_sealed_too);
	tcase_add_test(t, every_altered_bit_and_every_cut_is_noticed);
	tcase_add_test(t, the_same_value_never_looks_the_same);
	tcase_add_loop_test(t, a_file_comes_out_as_it_went_in, 0,
			    sizeof(sizes) / sizeof(sizes[0]));
	tcase_add_loop_test(t, a_cut_file_is_noticed_also_between_chunks, 0,
			    sizeof(cuts) / sizeof(cuts[0]));
	tcase_add_test(t, swapped_and_doubled_chunks_and_trailing_bytes_are_noticed);
	tcase_add_test(t, a_full_disk_is_told);
	return unit_run("box", t);
}
