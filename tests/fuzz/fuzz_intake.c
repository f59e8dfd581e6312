/* fuzz_intake.c: a complaint as JSON. What is taken must pass the checks that
 * every message passes; what is not has a sentence in both languages. */
#include <string.h>

#include "base/text.h"
#include "intake/form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	struct form form;
	struct msg_message again;
	struct form_problem problem;
	struct buf packed;
	buf_init(&packed, FRAME_META_MAX);
	if (form_read((struct jembatan_bytes){ data, size }, 420, arena, &form, &problem)) {
		field_pack(msg_message_fields, &form.message, &packed);
		ASSERT(form.message.message.text != NULL);
		ASSERT(form.message.file_count <= FORM_FILES_MAX);
		for (size_t i = 0; i < form.message.file_count; i++)
			ASSERT(form.contents[i].size == form.message.files[i].size &&
			       form.contents[i].size > 0);
		if (!buf_is_full(&packed))
			ASSERT(msg_message_unpack(buf_bytes(&packed), arena, &again, NULL) ==
			       JEMBATAN_OK);
	} else {
		ASSERT(text_is_utf8(problem.text_id, strlen(problem.text_id)));
		ASSERT(problem.text_id[0] != '\0' && problem.text_en[0] != '\0');
	}
	buf_done(&packed);
	arena_free(arena);
	return 0;
}
