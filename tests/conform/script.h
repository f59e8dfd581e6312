/* script.h: what the parts of the connector `script` share. */
#ifndef CONFORM_SCRIPT_H
#define CONFORM_SCRIPT_H

#include <jembatan/connector.h>

#include <jansson.h>
#include <string.h>

static inline const char *text_of(json_t *step, const char *key)
{
	return json_string_value(json_object_get(step, key));
}

static inline int64_t number_of(json_t *step, const char *key)
{
	return json_integer_value(json_object_get(step, key));
}

static inline int index_of(const char *const *names, const char *name)
{
	for (int i = 0; names[i]; i++)
		if (name && strcmp(names[i], name) == 0)
			return i;
	return 0;
}

static inline struct jembatan_bytes bytes_of_text(const char *s)
{
	return (struct jembatan_bytes){ s, s ? strlen(s) : 0 };
}

/* The step that hands over a message; line: its exact bytes. */
enum jembatan_result script_message(struct jembatan_context *ctx, json_t *step, const char *line);

#endif
