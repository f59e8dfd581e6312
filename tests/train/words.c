/* words.c: the words of each record as the daemon reads them, for counting:
 * one line of words a record. Reads JSON lines, or with --names plain lines of
 * which only the words are wanted. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/digest.h"
#include "base/jx.h"
#include "ticket/tokens.h"
#include "base/poison.h"

static void print_words(const struct lexicon *l, const char *text, const char *location)
{
	struct tokens t;
	tokens_read(l, text, location, 0, 0, &t);
	for (size_t i = 0; i < t.count; i++)
		if (!t.items[i].number && t.items[i].role != ROLE_DATE)
			printf("%s%s", t.items[i].text, i + 1 < t.count ? " " : "");
	putchar('\n');
}

int main(int argc, char *argv[])
{
	bool names = argc == 2 && strcmp(argv[1], "--names") == 0;
	struct lexicon *l = lexicon_new(100);
	char *line = NULL;
	size_t room = 0;
	ssize_t size;
	int code = EX_OK;
	while (code == EX_OK && (size = getline(&line, &room, stdin)) > 0) {
		json_t *root = NULL;
		struct why why;
		if (names) {
			print_words(l, line, NULL);
		} else if (jx_parse(bytes_of(line, (size_t)size), &root, &why) == JEMBATAN_OK) {
			print_words(l, jx_text(root, "text"), jx_text(root, "location"));
			json_decref(root);
		} else {
			fprintf(stderr, "train_words: %s\n", why.text);
			code = EX_DATAERR;
		}
	}
	free(line);
	lexicon_free(l);
	return code;
}
