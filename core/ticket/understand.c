/* understand.c: see understand.h. */
#include "ticket/understand.h"

#include "base/poison.h"

enum jembatan_result understand_message(const struct msg_message *m,
					const struct understand_options *options,
					struct arena *arena, struct ticket *out, struct why *why)
{
	enum jembatan_result r = normalize_message(m, &options->normalize, arena, out, why);

	if (r == JEMBATAN_OK && options->tables != NULL && !out->from_centre)
		propose_fill(options->tables, &options->propose, arena, out);
	return r;
}
