/* dedup_scene.h: a model, an index and people who say things to it, the index's
 * clock on day 0 at first. A failure ends the test. */
#ifndef TESTS_UNIT_DEDUP_SCENE_H
#define TESTS_UNIT_DEDUP_SCENE_H

#include "ticket/dedup.h"

#define DEDUP_DAY INT64_C(86400000)
#define DEDUP_START (INT64_C(20600) * DEDUP_DAY)

struct dedup_scene {
	struct dedup_model *model;
	struct dedup_index *index;
	uint64_t last_id; /* of what was said last */
};

struct dedup_said {
	const char *text, *location, *phone, *account; /* any may be NULL */
	int64_t day;
};

/* folder: as config/dedup. */
void dedup_scene_start(struct dedup_scene *s, const char *folder);
void dedup_scene_stop(struct dedup_scene *s);

/* The words and who says them, as the index weighs them now. */
void dedup_scene_read(const struct dedup_scene *s, const struct dedup_index *index,
		      const struct dedup_said *m, struct fingerprint *out);
/* What is decided of it; then it is in the index,
 * which is the scene's or another of its model. Its row is put into row unless NULL. */
struct dedup_answer dedup_scene_say(struct dedup_scene *s, struct dedup_index *index,
				    const struct dedup_said *m, struct buf *row);

#endif
