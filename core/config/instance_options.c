/* instance_options.c: an instance's options against its plugin's manifest,
 * flattened for the child. The manifest came from outside: it is data here. */
#include "config/settings.h"

#include <string.h>

#include "base/poison.h"

/* Together with the rest of the opening frame this must stay below 1 MiB. */
#define OPTIONS_MAX_BYTES (512u * 1024u)
#define OPTIONS_MAX 4096u

struct flat {
	struct msg_option *options;
	size_t option_count, room;
	struct msg_grant *grants;
	size_t grant_count;
	size_t bytes;
	struct arena *arena;
};

static const char *const *split_choices(const char *joined, struct arena *arena)
{
	size_t count = 1;
	const char **choices;

	if (joined == NULL || *joined == '\0')
		return NULL;
	for (const char *p = joined; *p != '\0'; p++)
		count += *p == '\n';
	choices = arena_alloc(arena, (count + 1) * sizeof(*choices));
	for (size_t i = 0; i < count; i++) {
		size_t size = strcspn(joined, "\n");

		choices[i] = arena_strndup(arena, joined, size);
		joined += size + 1;
	}
	return choices;
}

/* The manifest as an option table. An unknown type stays as it is: the value
 * reader refuses it. */
static const struct jembatan_option *make_table(const struct msg_manifest_option *manifest,
						size_t count, struct arena *arena)
{
	static const char *const none[] = { NULL };
	struct jembatan_option *table = arena_alloc(arena, (count + 1) * sizeof(*table));

	for (size_t i = 0; i < count; i++) {
		const struct msg_manifest_option *m = &manifest[i];
		const char *const *choices = split_choices(m->choices, arena);

		table[i] = (struct jembatan_option){
			.name = m->name,
			.type = (enum jembatan_option_type)m->type,
			.flags = m->flags & (JEMBATAN_REQUIRED | JEMBATAN_WRITABLE),
			.preset = m->preset,
			.minimum = m->minimum,
			.maximum = m->maximum,
			.choices = choices == NULL && m->type == JEMBATAN_CHOICE ? none : choices,
			.help = m->help != NULL ? m->help : "",
		};
	}
	return table;
}

static void add_option(struct flat *f, const char *name, const char *entry, const char *value,
		       const struct yaml_node *node)
{
	struct msg_option *option = &f->options[f->option_count++];

	ASSERT(f->option_count <= f->room);
	*option = (struct msg_option){ name, entry, arena_strdup(f->arena, value),
				       schema_where(node, f->arena) };
	f->bytes += strlen(name) + strlen(option->value) + strlen(option->where) +
		    (entry != NULL ? strlen(entry) : 0) + 40;
}

static void add_value(struct flat *f, const struct schema_value *value)
{
	const char *name = value->option->name;

	if (value->node == NULL)
		return;
	for (size_t i = 0; i < value->entry_count; i++) {
		const struct schema_entry *entry = &value->entries[i];

		add_option(f, name, entry->key,
			   entry->secret != NULL ? secret_reveal(entry->secret) : entry->text,
			   entry->node);
	}
	if (value->secret != NULL)
		add_option(f, name, NULL, secret_reveal(value->secret), value->node);
	else if (value->text != NULL)
		add_option(f, name, NULL, value->text, value->node);
	if (value->option->type == JEMBATAN_PATH)
		f->grants[f->grant_count++] = (struct msg_grant){
			value->text, (value->option->flags & JEMBATAN_WRITABLE) != 0
		};
}

static size_t count_flat(const struct schema_values *values)
{
	size_t count = 0;

	for (size_t i = 0; i < values->count; i++)
		count += values->items[i].entry_count + 1;
	return count;
}

static void flatten(const struct schema_values *values, struct flat *f)
{
	f->room = count_flat(values);
	f->options = arena_alloc(f->arena, (f->room + 1) * sizeof(*f->options));
	f->grants = arena_alloc(f->arena, (values->count + 1) * sizeof(*f->grants));
	for (size_t i = 0; i < values->count; i++)
		add_value(f, &values->items[i]);
}

enum jembatan_result instance_options_check(const struct instance_settings *instance,
					    const struct msg_manifest_option *manifest,
					    size_t manifest_count, struct problems *problems,
					    struct arena *arena, struct instance_options *out)
{
	size_t before = problems->count + problems->dropped;
	struct flat f = { .arena = arena };
	struct schema_values values;

	schema_check(make_table(manifest, manifest_count, arena), instance->options,
		     instance->profile_options, instance->file, arena, problems, &values);
	flatten(&values, &f);
	schema_done(&values);
	if (f.bytes > OPTIONS_MAX_BYTES || f.option_count > OPTIONS_MAX)
		problems_add(problems, instance->file, 0,
			     "the options are too large: at most 512 KiB and %u values",
			     OPTIONS_MAX);
	if (problems->count + problems->dropped != before)
		return JEMBATAN_CONFIG;
	*out = (struct instance_options){ f.options, f.option_count, f.grants, f.grant_count };
	return JEMBATAN_OK;
}
