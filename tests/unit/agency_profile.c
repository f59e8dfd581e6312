/* agency_profile.c: a shipped profile as the options of a test context. */
#include "agency_profile.h"

#include "config/yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add(struct agency_profile *p, const char *name, const char *key,
		const char *value)
{
	if (p->count == AGENCY_PROFILE_ROWS)
		abort();
	p->rows[p->count++] = (struct testctx_option){ name, key, value };
}

void agency_profile_load(struct agency_profile *p, const char *name)
{
	const char *top = getenv("srcdir");
	const struct yaml_node *root, *option, *entry;
	struct why why = { "" };
	char path[512];

	*p = (struct agency_profile){ .arena = arena_new() };
	(void)snprintf(path, sizeof(path), "%s/config/profiles/%s.yaml",
		       top ? top : ".", name);
	if (yaml_load(path, path, p->arena, &root, &why) != JEMBATAN_OK) {
		(void)fprintf(stderr, "%s\n", why.text);
		abort();
	}
	for (option = yaml_get(root, "options")->first; option; option = option->next) {
		if (option->kind == YAML_SCALAR)
			add(p, option->key, NULL, option->text);
		for (entry = option->first; entry; entry = entry->next)
			add(p, option->key, entry->key, entry->text);
	}
}

void agency_profile_set(struct agency_profile *p, const char *name,
			const char *key, const char *value)
{
	for (size_t i = 0; i < p->count; i++) {
		const struct testctx_option *row = &p->rows[i];

		if (strcmp(row->name, name) == 0 &&
		    (!key || (row->key && strcmp(row->key, key) == 0))) {
			p->rows[i].value = value;
			return;
		}
	}
	add(p, name, key, value);
}

void agency_profile_done(struct agency_profile *p)
{
	arena_free(p->arena);
}
