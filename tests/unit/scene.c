/* scene.c: what scene.h promises. */
#include "scene.h"

#include "unit.h"

#include <signal.h>
#include <stdlib.h>

void scene_start(struct scene *s, const char *program, const char *const *arguments)
{
	*s = (struct scene){ 0 };
	drive_start(&s->peer, program, arguments);
}

void scene_stop(struct scene *s)
{
	scene_close(s);
	drive_stop(&s->peer, SIGTERM);
}

void scene_open(struct scene *s, const struct testctx_option *rows, const char *cursor)
{
	const struct jembatan_connector *connector = jembatan_connector_entry();
	size_t n = 0;

	scene_close(s);
	while (rows[n].name) {
		ck_assert_uint_lt(n + 1, SCENE_OPTIONS_MAX);
		s->rows[n] = rows[n];
		n++;
	}
	s->rows[n] = (struct testctx_option){ NULL, NULL, NULL };
	s->t = testctx_new(s->rows, connector->options);
	s->ops = connector->operations;
	testctx_set_now(s->t, SCENE_NOW_MS);
	ck_assert_int_eq(s->ops->open(testctx_context(s->t), cursor, &s->self), JEMBATAN_OK);
}

void scene_close(struct scene *s)
{
	if (s->t == NULL)
		return;
	s->ops->close(testctx_context(s->t), s->self);
	testctx_free(s->t);
	s->t = NULL;
}

enum jembatan_result scene_poll(struct scene *s)
{
	return s->ops->poll(testctx_context(s->t), s->self);
}

enum jembatan_result scene_reply(struct scene *s, const struct jembatan_reply *reply)
{
	s->out = (struct jembatan_delivery){ .size = sizeof(s->out), .outcome = JEMBATAN_UNKNOWN };
	return s->ops->reply(testctx_context(s->t), s->self, reply, &s->out);
}

void scene_tell(struct scene *s, const char *path, const char *body)
{
	ck_assert_int_eq(drive_call(&s->peer, "POST", path, body), CURLE_OK);
	ck_assert_int_ge(s->peer.status, 200);
	ck_assert_int_lt(s->peer.status, 300);
}

json_t *scene_state(struct scene *s)
{
	json_t *root = drive_json(&s->peer, "GET", "/_state", NULL);

	ck_assert_ptr_nonnull(root);
	return root;
}
