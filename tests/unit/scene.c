/* scene.c: what scene.h promises. */
#include "scene.h"

#include <jembatan/kit.h>

#include "unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POLLS_MAX 1000

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

void scene_restart(struct scene *s)
{
	char cursor[128];
	const char *last = testctx_cursor(s->t);

	if (last)
		ck_assert_int_lt(snprintf(cursor, sizeof cursor, "%s", last), (int)sizeof cursor);
	s->ops->close(testctx_context(s->t), s->self);
	ck_assert_int_eq(s->ops->open(testctx_context(s->t), last ? cursor : NULL, &s->self),
			 JEMBATAN_OK);
}

enum jembatan_result scene_walk(struct scene *s)
{
	enum jembatan_result result = JEMBATAN_OK;

	for (int i = 0; i < POLLS_MAX && result == JEMBATAN_OK; i++)
		result = scene_poll(s);
	ck_assert_int_ne(result, JEMBATAN_OK);
	return result;
}

enum jembatan_result scene_walk_at(struct scene *s, int64_t now_ms)
{
	testctx_forget(s->t);
	testctx_set_now(s->t, now_ms);
	return scene_walk(s);
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

static int count(struct scene *s, const char *id, const enum jembatan_kind *kind)
{
	int n = 0;

	for (size_t i = 0; i < testctx_emit_count(s->t); i++) {
		const struct jembatan_message *m = testctx_emit(s->t, i);

		n += m->id && strcmp(m->id, id) == 0 && (!kind || m->kind == *kind);
	}
	return n;
}

int scene_came(struct scene *s, const char *id)
{
	return count(s, id, NULL);
}

int scene_told(struct scene *s, const char *id, enum jembatan_kind kind)
{
	return count(s, id, &kind);
}

int64_t scene_fact(struct scene *s, const char *name)
{
	struct jembatan_bytes facts;

	ck_assert_int_eq(jembatan_state_get(testctx_context(s->t), "facts.poll", &facts), JEMBATAN_OK);
	char *text = strndup(facts.data, facts.size), *at = strstr(text, name);
	int64_t value = at ? strtoll(at + strlen(name), NULL, 10) : -1;

	free(text);
	return value;
}

json_t *scene_state(struct scene *s)
{
	json_t *root = drive_json(&s->peer, "GET", "/_state", NULL);

	ck_assert_ptr_nonnull(root);
	return root;
}

int64_t scene_number(struct scene *s, const char *path)
{
	json_t *root = scene_state(s);
	int64_t number = 0;

	(void)kit_json_integer(root, path, &number);
	json_decref(root);
	return number;
}

int64_t scene_asked(struct scene *s, const char *where)
{
	char path[64];

	ck_assert_int_lt(snprintf(path, sizeof path, "asked.%s", where), (int)sizeof path);
	return scene_number(s, path);
}
