/* agency_files.h: the files of a folder: which are complete, what was done with
 * them. Reads, and moves what was taken; never writes into a file. */
#ifndef AGENCY_FILES_H
#define AGENCY_FILES_H

#include <jembatan/kit.h>

/* More files at a time are not looked after: their marks would not fit the cursor. */
#define AGENCY_FILES_MAX 1000u
/* Where taken files go, within the folder. */
#define AGENCY_ARCHIVE "arsip"
#define AGENCY_STAMP_SIZE 17
#define AGENCY_CONTENT_SIZE 33

struct agency_files;

struct agency_file {
	char name[256];
	char stamp[AGENCY_STAMP_SIZE]; /* of name, size and time of change */
	int64_t size, changed_ms;
	bool is_table; /* a spreadsheet's own file, which nobody reads here */
};

struct agency_files_options {
	const char *path;
	int64_t settle_ms;
	bool needs_done; /* complete is only what has NAME.done beside it */
};

/* The strings must live as long. */
struct agency_files *agency_files_new(const struct agency_files_options *options);
void agency_files_free(struct agency_files *files);

/* Can the folder be read (and its archive be moved into)? GONE: said in `why`. */
JEMBATAN_MUST_CHECK enum jembatan_result
agency_files_try(const char *path, bool moves, struct kit_why *why);

/* Look at the folder. out: the files that are complete, oldest change first;
 * borrowed until the next look. out_growing: some may not be complete yet. GONE:
 * the folder cannot be read; RETRY: it holds too many; said in `why`. */
JEMBATAN_MUST_CHECK enum jembatan_result
agency_files_look(struct agency_files *files, int64_t now_ms, const struct agency_file **out,
		  size_t *out_count, bool *out_growing, struct kit_why *why);

/* Did the last look see a file of this stamp, complete or not? */
bool agency_files_sees(const struct agency_files *files, const char *stamp);

/* All of its bytes (free() them), and a digest of them. GONE: it changed or went
 * away since the look. RETRY: it cannot be read, said in `why`. */
JEMBATAN_MUST_CHECK enum jembatan_result
agency_files_load(const struct agency_files *files, const struct agency_file *file,
		  struct jembatan_bytes *out, char out_content[AGENCY_CONTENT_SIZE],
		  struct kit_why *why);

/* Into the archive, if it is still as it was. RETRY: it stays, said in `why`. */
JEMBATAN_MUST_CHECK enum jembatan_result
agency_files_archive(const struct agency_files *files, const struct agency_file *file,
		     struct kit_why *why);

#endif
