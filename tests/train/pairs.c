/* pairs.c: what the index compares, as numbers for the training script: for
 * each record and candidate the two line numbers (32 bits) and the features
 * (32-bit floats), in the byte order of the machine. The daemon's own code. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/digest.h"
#include "ticket/dedup.h"
#include "ticket/dedup_lines.h"
#include "base/poison.h"

static void write_pairs(const struct dedup_answer *a, uint32_t number)
{
	for (size_t n = 0; n < a->count; n++) {
		uint32_t pair[2] = { number, (uint32_t)(a->candidates[n].id - 1) };
		fwrite(pair, sizeof(pair), 1, stdout);
		fwrite(a->candidates[n].features.value, sizeof(a->candidates[n].features.value), 1, stdout);
	}
}

static int run(struct dedup_model *m)
{
	struct dedup_settings settings = dedup_settings_preset();
	struct dedup_index *index = dedup_index_new(m, &settings);
	struct dedup_answer answer;
	struct fingerprint f;
	struct dedup_line line;
	struct why why = { "" };
	char *text = NULL;
	size_t room = 0;
	ssize_t size;
	int code = EX_OK;
	for (uint32_t number = 0; (size = getline(&text, &room, stdin)) > 0; number++) {
		if (dedup_line_read(m, bytes_of(text, (size_t)size), &line, &why) != JEMBATAN_OK) {
			fprintf(stderr, "line %u: %s\n", number + 1, why.text);
			code = EX_DATAERR;
			break;
		}
		dedup_index_expire(index, line.input.time_ms);
		dedup_index_read(index, &line.input, &f);
		dedup_index_decide(index, &f, &answer);
		write_pairs(&answer, number);
		dedup_index_add(index, number + 1, number + 1, f.time_ms, &f);
		dedup_line_done(&line);
	}
	free(text);
	dedup_index_free(index);
	return code;
}

int main(int argc, char *argv[])
{
	struct dedup_model *m = NULL;
	struct why why = { "" };
	if (argc == 2 && strcmp(argv[1], "--features") == 0) {
		for (unsigned f = 0; f < FEATURE_COUNT; f++)
			puts(dedup_feature_name((enum dedup_feature)f));
		return EX_OK;
	}
	if (argc != 3) {
		fputs("usage: train_pairs FOLDER SLANG_PERCENT <FILE.jsonl >PAIRS, or --features\n", stderr);
		return EX_USAGE;
	}
	if (dedup_model_load_training(argv[1], bytes_text("training"),
				      (unsigned)strtoul(argv[2], NULL, 10), &m, &why) != JEMBATAN_OK) {
		fprintf(stderr, "train_pairs: %s\n", why.text);
		return EX_CONFIG;
	}
	int code = run(m);
	dedup_model_free(m);
	return code;
}
