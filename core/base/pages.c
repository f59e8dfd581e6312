/* pages.c: see pages.h. Constructors of libraries, parsers of settings and tables
 * run once, and the kernel maps 64 KiB around each page of code that is touched: at
 * rest the most of a small process would be what it will not use again. */
#include "base/pages.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/poison.h"

bool pages_are_as_in_file(const ElfW(Dyn) *dynamic)
{
	for (; dynamic && dynamic->d_tag != DT_NULL; dynamic++)
		if (dynamic->d_tag == DT_TEXTREL ||
		    (dynamic->d_tag == DT_FLAGS && (dynamic->d_un.d_val & DF_TEXTREL) != 0))
			return false;
	return true;
}

static const ElfW(Dyn) *dynamic_of(const struct dl_phdr_info *object)
{
	for (size_t i = 0; i < object->dlpi_phnum; i++)
		if (object->dlpi_phdr[i].p_type == PT_DYNAMIC)
			return (const ElfW(Dyn) *)(object->dlpi_addr + object->dlpi_phdr[i].p_vaddr);
	return NULL;
}

static int forget(struct dl_phdr_info *object, size_t size UNUSED, void *data UNUSED)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	if (!pages_are_as_in_file(dynamic_of(object)))
		return 0;
	for (size_t i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &object->dlpi_phdr[i];
		if (part->p_type != PT_LOAD || (part->p_flags & PF_W) != 0)
			continue;
		uintptr_t begin = (object->dlpi_addr + part->p_vaddr) & ~(page - 1);
		uintptr_t end = object->dlpi_addr + part->p_vaddr + part->p_memsz;
		/* Refused (locked in memory, no kernel of ours): it stays, as without us. */
		int refused UNUSED = madvise((void *)begin, end - begin, MADV_DONTNEED);
	}
	return 0;
}

void pages_forget_start(void)
{
	dl_iterate_phdr(forget, NULL);
}
