/* test_pages.c: what the start mapped is let go, and all still runs. */
#include "base/pages.h"
#include "unit.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* Of code and constants: a sanitizer's own memory comes and goes. */
static long resident_kib(void)
{
	char line[512];
	long all = 0, kib = 0;
	bool is_file = false;
	FILE *f = fopen("/proc/self/smaps", "r");

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f)) {
		char rights[8];
		if (sscanf(line, "%*x-%*x %7s", rights) == 1)
			is_file = strchr(line, '/') && strchr(rights, 'w') == NULL;
		else if (is_file && sscanf(line, "Rss: %ld kB", &kib) == 1)
			all += kib;
	}
	fclose(f);
	return all;
}

/* Read a byte of each page of what is never written. */
static int touch(struct dl_phdr_info *object, size_t size UNUSED, void *data)
{
	volatile unsigned *sum = data;

	for (size_t i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &object->dlpi_phdr[i];
		if (part->p_type != PT_LOAD || (part->p_flags & PF_W) != 0)
			continue;
		const unsigned char *bytes =
			(const unsigned char *)(object->dlpi_addr + part->p_vaddr);
		for (size_t at = 0; at < part->p_filesz; at += 4096)
			*sum += bytes[at];
	}
	return 0;
}

START_TEST(code_that_is_not_used_again_leaves_and_what_was_written_stays)
{
	/* Relocated, and never written but by the loader. */
	static const char *volatile const texts[] = { "satu", "dua", NULL };
	static volatile int written = 1;
	unsigned before = 0, after = 0;

	written = 7;
	dl_iterate_phdr(touch, &before);
	long full = resident_kib();
	pages_forget_start();
	long rest = resident_kib();
	ck_assert_msg(rest < full / 2, "%ld of %ld KiB stayed", rest, full);
	ck_assert_int_eq(written, 7);
	ck_assert_str_eq(texts[1], "dua");
	json_t *list = json_pack("[ii]", 1, 2);
	ck_assert_uint_eq(json_array_size(list), 2);
	json_decref(list);
	dl_iterate_phdr(touch, &after);
	ck_assert_uint_eq(before, after);
}
END_TEST

START_TEST(an_object_whose_code_was_relocated_is_left_alone)
{
	static const ElfW(Dyn) none[] = { { .d_tag = DT_FLAGS, .d_un.d_val = DF_BIND_NOW },
					  { .d_tag = DT_NULL } };
	static const ElfW(Dyn) tag[] = { { .d_tag = DT_TEXTREL }, { .d_tag = DT_NULL } };
	static const ElfW(Dyn) flag[] = { { .d_tag = DT_SONAME },
					  { .d_tag = DT_FLAGS,
					    .d_un.d_val = DF_BIND_NOW | DF_TEXTREL },
					  { .d_tag = DT_NULL } };

	ck_assert(pages_are_as_in_file(NULL));
	ck_assert(pages_are_as_in_file(none));
	ck_assert(!pages_are_as_in_file(tag));
	ck_assert(!pages_are_as_in_file(flag));
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("pages");
	tcase_add_test(t, code_that_is_not_used_again_leaves_and_what_was_written_stays);
	tcase_add_test(t, an_object_whose_code_was_relocated_is_left_alone);
	return unit_run("pages", t);
}
