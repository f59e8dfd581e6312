/* replay.c: a main() for a fuzzer without libFuzzer: runs it over each file
 * named, or below each folder named. Without arguments replay_<x> replays
 * $srcdir/tests/fuzz/corpus/<x>; an empty corpus is a failure. */
#include <fts.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX (4u * 1024u * 1024u)

static int replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	/* Allocated to the very byte, so that a sanitizer sees one byte too far. */
	uint8_t *data = malloc(INPUT_MAX), *exact = NULL;
	size_t size = 0;
	if (file && data)
		size = fread(data, 1, INPUT_MAX, file);
	int failed = !file || !data || ferror(file);
	if (file)
		fclose(file);
	if (!failed && (exact = malloc(size ? size : 1)) != NULL) {
		memcpy(exact, data, size);
		LLVMFuzzerTestOneInput(exact, size);
	}
	free(exact);
	free(data);
	if (failed)
		fprintf(stderr, "cannot read %s\n", path);
	return failed;
}

static int replay_tree(char *path, unsigned *count)
{
	char *paths[] = { path, NULL };
	int failed = 0;
	FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	if (!tree)
		return 1;
	for (FTSENT *e; (e = fts_read(tree)) != NULL;) {
		if (e->fts_info == FTS_F) {
			failed |= replay_file(e->fts_accpath);
			++*count;
		} else if (e->fts_info == FTS_NS || e->fts_info == FTS_DNR) {
			fprintf(stderr, "cannot read %s\n", e->fts_path);
			failed = 1;
		}
	}
	fts_close(tree);
	return failed;
}

int main(int argc, char **argv)
{
	char corpus[4096];
	unsigned count = 0;
	int failed = 0;
	const char *name = strstr(argv[0], "replay_"), *srcdir = getenv("srcdir");
	for (const char *next = name; next; next = strstr(next + 1, "replay_"))
		name = next;
	snprintf(corpus, sizeof(corpus), "%s/tests/fuzz/corpus/%s", srcdir ? srcdir : ".",
		 name ? name + strlen("replay_") : "");
	if (argc < 2)
		failed = replay_tree(corpus, &count);
	for (int i = 1; i < argc; i++)
		failed |= replay_tree(argv[i], &count);
	printf("%u inputs replayed\n", count);
	return failed || count == 0;
}
