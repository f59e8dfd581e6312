/* test_x_recorded.c: answers of X's API that others have recorded, which lie
 * beside the project, never in it: each post is understood. Skipped where they
 * are not. */
#include "kit/testctx.h"
#include "golden.h"
#include "social/social.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SKIPPED 77

START_TEST(each_recorded_post_is_a_message_with_id_and_words)
{
	static const struct testctx_option rows[] = {
		{ "network", NULL, "x" }, { "access_token", NULL, "x" }, { NULL, NULL, NULL },
	};
	const struct jembatan_connector *connector = jembatan_connector_entry();
	struct testctx *t = testctx_new(rows, connector->options);
	json_t *root = NULL, *data;
	size_t size;
	char *body = golden_read(golden_path(_i), &size);
	const struct jembatan_bytes sample = { body, size };

	ck_assert_int_eq(kit_json_parse(sample, &root, NULL), JEMBATAN_OK);
	data = json_object_get(root, "data");
	ck_assert_int_eq(connector->operations->preview(testctx_context(t), sample), JEMBATAN_OK);
	ck_assert_uint_eq(testctx_emit_count(t), json_is_array(data) ? json_array_size(data) : 1);
	for (size_t i = 0; i < testctx_emit_count(t); i++) {
		const struct jembatan_message *m = testctx_emit(t, i);

		ck_assert_ptr_nonnull(m->id);
		ck_assert_int_ne(m->kind, JEMBATAN_UNREADABLE);
		ck_assert_ptr_nonnull(m->text);
	}
	json_decref(root);
	free(body);
	testctx_free(t);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("x recorded");
	int count = golden_find(SHARED_DATA "/channels/social/python-twitter/testdata/apis/"
				"timeline/*.json");

	if (count == 0) {
		puts("no recorded answers beside the project");
		return SKIPPED;
	}
	tcase_add_loop_test(tcase, each_recorded_post_is_a_message_with_id_and_words, 0, count);
	return unit_run("x_recorded", tcase);
}
