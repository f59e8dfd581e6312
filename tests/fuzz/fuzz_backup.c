/* fuzz_backup.c: a folder that claims to be a backup. An input that begins with
 * 'M' is its manifest; any other is its list of sums, under a manifest that
 * vouches for it. Nothing may be written outside the folder it is unpacked to,
 * and nothing but the files of a backup into it. */
#include "store/backup.h"

#include "base/file.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char top[64];

static void put(const char *name, struct jembatan_bytes content)
{
	CLEANUP(free_pointer) char *path = xasprintf("%s/%s", top, name);
	FILE *f = fopen(path, "we");
	ASSERT(f && fwrite(content.data, 1, content.size, f) == content.size);
	ASSERT(fclose(f) == 0);
}

static void make_folder(const char *name)
{
	CLEANUP(free_pointer) char *path = xasprintf("%s/%s", top, name);
	ASSERT(file_make_dirs(path, 0700, NULL) == JEMBATAN_OK);
}

static void remove_all(void)
{
	backup_remove(top);
}

static void prepare(void)
{
	strcpy(top, "/tmp/jembatan-fuzz-XXXXXX");
	ASSERT(mkdtemp(top));
	ASSERT(atexit(remove_all) == 0);
	make_folder("from/keep");
	put("from/jembatan.db", bytes_text("isi"));
	put("from/keep/0123456789abcdef0123456789abcdef", bytes_text("lampiran"));
	put("secret", bytes_text("rahasia"));
}

static size_t count(const char *name)
{
	CLEANUP(free_pointer) char *path = xasprintf("%s/%s", top, name);
	DIR *d = opendir(path);
	size_t n = 0;
	ASSERT(d);
	for (struct dirent *e; (e = readdir(d)) != NULL;)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

static void put_manifest(struct jembatan_bytes sums)
{
	char hex[BACKUP_HEX_SIZE], text[300];
	struct digest d = digest_sha256(sums);
	digest_hex(d.bytes, DIGEST_SIZE, hex);
	snprintf(text, sizeof(text), "{\"format\":1,\"schema\":1,\"made_ms\":1700000000000,"
		 "\"files\":1,\"missing\":0,\"bytes\":11,\"sha256sums\":\"%s\"}", hex);
	put("from/manifest.json", bytes_text(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct backup_facts facts = { 0 };
	struct why why = { "" };
	if (top[0] == '\0')
		prepare();
	CLEANUP(free_pointer) char *from = xasprintf("%s/from", top);
	CLEANUP(free_pointer) char *to = xasprintf("%s/to", top);
	if (size > 0 && data[0] == 'M') {
		put("from/manifest.json", bytes_of(data + 1, size - 1));
		if (backup_read(from, &facts, &why) == JEMBATAN_OK)
			ASSERT(facts.format > 0 && facts.schema > 0 && facts.made_ms > 0);
		else
			ASSERT(why.text[0] != '\0');
		return 0;
	}
	make_folder("to/spool/keep");
	put_manifest(bytes_of(data, size));
	put("from/SHA256SUMS", bytes_of(data, size));
	if (backup_unpack(from, to, NULL, NULL, &why) != JEMBATAN_OK)
		ASSERT(why.text[0] != '\0');
	ASSERT(count("") == 3); /* from, to, secret */
	ASSERT(count("to") <= 2 && count("to/spool") == 1 && count("to/spool/keep") <= 1);
	backup_remove(to);
	return 0;
}
