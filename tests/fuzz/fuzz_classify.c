/* fuzz_classify.c: a text through rules and weights. Shares are shares, and
 * what decided is shown. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ticket/classify.h"
#include "ticket/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct rules *rules;
static struct classifier *classifier;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct why why;
	struct rules_answer ruled;
	struct classify_answers said;
	struct buf clean;
	if (rules == NULL && (rules_load(TEST_RULES, &rules, &why) != JEMBATAN_OK ||
			      classifier_load(TEST_CLASSIFY, &classifier, &why) != JEMBATAN_OK))
		abort();
	if (size > 100000)
		return 0;
	buf_init(&clean, size * 3 + 16);
	text_clean((const char *)data, size, &clean);
	const char *text = clean.data != NULL ? clean.data : "";
	rules_apply(rules, text, &ruled);
	classify_text(classifier, NULL, text,
		      text + text_prefix_bytes(text, clean.size, clean.size / 2), &said);
	for (size_t f = 0; f < RULES_FIELD_COUNT; f++)
		ASSERT((ruled.fields[f].value == NULL) == (ruled.fields[f].phrase == NULL));
	for (size_t t = 0; t < CLASSIFY_TASK_COUNT; t++) {
		const struct classify_answer *a = &said.tasks[t];
		ASSERT(a->margin >= 0 && a->margin <= 1 && a->word_count <= CLASSIFY_WORDS);
		ASSERT(a->best[0].name != NULL && a->best[0].share >= a->best[1].share);
	}
	buf_done(&clean);
	return 0;
}
