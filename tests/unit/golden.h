/* golden.h: golden pairs. What becomes of DIR/<x>.json (or .eml, ...) is shown
 * as text, and must be exactly what DIR/<x>.out says. GOLDEN_WRITE=1 writes the
 * .out files anew: read the change before it goes in. A failure ends the test. */
#ifndef TESTS_UNIT_GOLDEN_H
#define TESTS_UNIT_GOLDEN_H

#include <jembatan/connector.h>
#include <stddef.h>
#include <stdio.h>

/* The files of a shell pattern, in order; how many, 0 when there is none (then
 * main() should fail). Call it before the suite forks; the last one counts. */
int golden_find(const char *pattern);
/* The path of the index-th one; borrowed until the program ends. */
const char *golden_path(int index);

/* The file with a NUL behind it, up to 4 MiB; the caller frees it. */
char *golden_read(const char *path, size_t *out_size);
/* Holds text against the .out beside path; takes text (from malloc). */
void golden_compare(const char *path, char *text);

/* "name: value", nothing for NULL. */
void golden_field(FILE *out, const char *name, const char *value);
/* All that a connector says of a message, but its raw bytes. */
void golden_message(FILE *out, const struct jembatan_message *m);
void golden_receipt(FILE *out, const struct jembatan_receipt *r);

#endif
