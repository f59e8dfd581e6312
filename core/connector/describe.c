/* describe.c: a plugin's table as a manifest frame, and as text for people. */
#include "connector/load.h"

#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

static const char *join_choices(const char *const *choices, struct arena *arena)
{
	const char *joined = NULL;
	for (; choices && *choices; choices++)
		joined = joined ? arena_printf(arena, "%s\n%s", joined, *choices)
				: arena_strdup(arena, *choices);
	return joined;
}

struct msg_manifest describe_plugin(const struct jembatan_connector *plugin,
				    const char *confinement, bool degraded, struct arena *arena)
{
	size_t count = 0;
	while (plugin->options && plugin->options[count].name)
		count++;
	struct msg_manifest_option *options = arena_alloc(arena, count * sizeof(*options));
	for (size_t i = 0; i < count; i++) {
		const struct jembatan_option *o = &plugin->options[i];
		options[i] = (struct msg_manifest_option){
			.name = o->name,
			.type = o->type,
			.flags = o->flags,
			.preset = o->preset,
			.minimum = o->minimum,
			.maximum = o->maximum,
			.choices = join_choices(o->choices, arena),
			.help = o->help,
		};
	}
	return (struct msg_manifest){
		.abi_major = plugin->abi_major,
		.abi_minor = plugin->abi_minor,
		.name = plugin->name,
		.version = plugin->version,
		.summary = plugin->summary,
		.capabilities = plugin->capabilities,
		.options = options,
		.option_count = count,
		.confinement = confinement,
		.confinement_degraded = degraded,
	};
}

static const char *type_name(unsigned type)
{
	static const char *const names[] = {
		"text", "secret", "number", "true or false", "duration", "size", "URL", "path",
		"choice", "list", "map", "map of secrets",
	};
	return type < COUNT_OF(names) ? names[type] : "?";
}

static void print_option(const struct msg_manifest_option *o, FILE *out)
{
	fprintf(out, "  %s: %s", o->name, type_name(o->type));
	if (o->flags & JEMBATAN_REQUIRED)
		fputs(", required", out);
	if (o->minimum || o->maximum)
		fprintf(out, ", %lld to %lld", (long long)o->minimum, (long long)o->maximum);
	if (o->preset)
		fprintf(out, ", preset %s", *o->preset ? o->preset : "empty");
	if (o->choices) {
		fputs(", one of ", out);
		for (const char *c = o->choices; *c; c++)
			fputs(*c == '\n' ? ", " : (const char[]){ *c, '\0' }, out);
	}
	fprintf(out, "\n      %s\n", o->help);
}

void describe_print(const struct msg_manifest *m, FILE *out)
{
	static const char *const can[] = { "poll", "request", "reply", "fetch", "preview", "hand",
					    "consent" };
	fprintf(out, "%s %s: %s\n", m->name, m->version, m->summary);
	fputs("can:", out);
	for (size_t i = 0; i < COUNT_OF(can); i++)
		if (m->capabilities & 1u << i)
			fprintf(out, " %s", can[i]);
	fprintf(out, "\nABI: %u.%u\nconfinement: %s%s\n", m->abi_major, m->abi_minor,
		m->confinement, m->confinement_degraded ? " (degraded)" : "");
	fputs(m->option_count ? "options:\n" : "options: none\n", out);
	for (size_t i = 0; i < m->option_count; i++)
		print_option(&m->options[i], out);
}
