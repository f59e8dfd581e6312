/* dedup_scene.c: what dedup_scene.h promises. */
#include "dedup_scene.h"

#include "base/digest.h"
#include "unit.h"

void dedup_scene_start(struct dedup_scene *s, const char *folder)
{
	struct dedup_settings settings = dedup_settings_preset();
	struct why why = { "" };
	*s = (struct dedup_scene){ .last_id = 0 };
	ck_assert_msg(dedup_model_load(folder, bytes_text("key"), &s->model, &why) == JEMBATAN_OK, "%s",
		      why.text);
	s->index = dedup_index_new(s->model, &settings);
}

void dedup_scene_stop(struct dedup_scene *s)
{
	dedup_index_free(s->index);
	dedup_model_free(s->model);
}

void dedup_scene_read(const struct dedup_scene *s, const struct dedup_index *index,
		      const struct dedup_said *m, struct fingerprint *out)
{
	struct evidence evidence[2];
	size_t n = evidence_of(s->model, EVIDENCE_PHONE, m->phone, &evidence[0]);
	n += evidence_of(s->model, EVIDENCE_ACCOUNT, m->account, &evidence[n]);
	struct dedup_input input = { .text = m->text, .location = m->location, .channel = "test",
		.time_ms = DEDUP_START + m->day * DEDUP_DAY, .zone_minutes = 420,
		.evidence = evidence, .evidence_count = n };
	dedup_index_read(index, &input, out);
}

struct dedup_answer dedup_scene_say(struct dedup_scene *s, struct dedup_index *index,
				    const struct dedup_said *m, struct buf *row)
{
	int64_t now_ms = DEDUP_START + m->day * DEDUP_DAY;
	struct dedup_answer answer;
	struct fingerprint f;
	dedup_index_expire(index, now_ms);
	dedup_scene_read(s, index, m, &f);
	dedup_index_decide(index, &f, &answer);
	s->last_id++;
	bool joined = answer.decision >= DEDUP_RELATED;
	dedup_index_add(index, s->last_id, joined ? answer.incident : s->last_id, now_ms, &f);
	if (row != NULL)
		fingerprint_pack(&f, row);
	return answer;
}
