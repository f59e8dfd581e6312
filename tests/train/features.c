/* features.c: the features of each record (JSON lines on standard input) as
 * the classifier reads them: one line a record, parted by tabs. */
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/digest.h"
#include "base/jx.h"
#include "ticket/classify.h"
#include "base/poison.h"

int main(void)
{
	struct lexicon *l = lexicon_new(100);
	char *line = NULL;
	size_t room = 0;
	ssize_t size;
	int code = EX_OK;
	while (code == EX_OK && (size = getline(&line, &room, stdin)) > 0) {
		CLEANUP(buf_done) struct buf out;
		CLEANUP(jx_decref) json_t *root = NULL;
		struct why why;
		buf_init(&out, 64u * 1024u);
		if (jx_parse(bytes_of(line, (size_t)size), &root, &why) != JEMBATAN_OK) {
			fprintf(stderr, "train_features: %s\n", why.text);
			code = EX_DATAERR;
			break;
		}
		classify_features(l, jx_text(root, "text"), jx_text(root, "location"), &out);
		puts(out.data != NULL ? out.data : "");
	}
	free(line);
	lexicon_free(l);
	return code;
}
