/* load.c: from a file to a checked table of functions. Whoever writes a plugin
 * meets this file's sentences first, so each says what to do. */
#include "connector/load.h"

#include "base/text.h"
#include "base/units.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

#define OPTIONS_MAX 256u
/* Those of 0.1 and 0.2 end there. */
#define OPERATIONS_SIZE_0_1 offsetof(struct jembatan_operations, consent)
#define TEXT_MAX 4096u

static bool is_text(const char *s)
{
	size_t size = s ? strnlen(s, TEXT_MAX + 1) : 0;
	return size > 0 && size <= TEXT_MAX && text_is_utf8(s, size);
}

static bool is_name(const char *s)
{
	return is_text(s) && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-_") == strlen(s) &&
	       strlen(s) <= 64;
}

static enum jembatan_result check_abi(const struct jembatan_connector *c, struct why *why)
{
	if (c->abi_major != JEMBATAN_ABI_MAJOR)
		return why_set(why, JEMBATAN_CONFIG,
			       "it was built for ABI %u.%u, this host speaks %u.%u: rebuild the "
			       "plugin against this version's connector.h",
			       c->abi_major, c->abi_minor, JEMBATAN_ABI_MAJOR, JEMBATAN_ABI_MINOR);
	if (c->abi_minor > JEMBATAN_ABI_MINOR)
		return why_set(why, JEMBATAN_CONFIG,
			       "it was built for ABI %u.%u, this host speaks %u.%u: install a "
			       "newer Jembatan, or rebuild the plugin against this version's "
			       "connector.h",
			       c->abi_major, c->abi_minor, JEMBATAN_ABI_MAJOR, JEMBATAN_ABI_MINOR);
	if (c->size < sizeof(*c) || !c->operations || c->operations->size < OPERATIONS_SIZE_0_1)
		return why_set(why, JEMBATAN_CONFIG,
			       "its tables are smaller than ABI %u.%u says: set each `size` with "
			       "sizeof and rebuild the plugin", c->abi_major, c->abi_minor);
	return JEMBATAN_OK;
}

static enum jembatan_result check_name(const struct jembatan_connector *c, const char *path,
				       struct why *why)
{
	const char *file = strrchr(path, '/');
	file = file ? file + 1 : path;
	if (!is_name(c->name))
		return why_set(why, JEMBATAN_CONFIG, "its name is not of a-z, 0-9 and -");
	if (!str_starts(file, c->name) || strcmp(file + strlen(c->name), ".so") != 0)
		return why_set(why, JEMBATAN_CONFIG, "it calls itself %s: name the file %s.so",
			       c->name, c->name);
	if (!is_text(c->version) || !is_text(c->summary))
		return why_set(why, JEMBATAN_CONFIG, "its version or summary is missing");
	return JEMBATAN_OK;
}

static enum jembatan_result check_operations(const struct jembatan_connector *c, struct why *why)
{
	const struct jembatan_operations *o = c->operations;
	bool has_consent = o->size >= sizeof(*o) && o->consent != NULL;
	const struct {
		unsigned capability;
		bool present;
		const char *name;
	} needed[] = {
		{ JEMBATAN_CAN_POLL, o->poll != NULL, "poll" },
		{ JEMBATAN_CAN_REQUEST, o->request != NULL, "request" },
		{ JEMBATAN_CAN_REPLY, o->reply != NULL, "reply" },
		{ JEMBATAN_CAN_FETCH, o->fetch != NULL, "fetch" },
		{ JEMBATAN_CAN_PREVIEW | JEMBATAN_CAN_HAND, o->preview != NULL, "preview" },
		{ JEMBATAN_CAN_CONSENT, has_consent, "consent" },
	};
	for (size_t i = 0; i < COUNT_OF(needed); i++)
		if ((c->capabilities & needed[i].capability) && !needed[i].present)
			return why_set(why, JEMBATAN_CONFIG,
				       "it declares %s, but has no such operation", needed[i].name);
	if (!o->open && (c->capabilities & ~(JEMBATAN_CAN_PREVIEW | JEMBATAN_CAN_HAND)))
		return why_set(why, JEMBATAN_CONFIG, "it has no open operation");
	return JEMBATAN_OK;
}

static bool is_choice(const struct jembatan_option *o, const char *value)
{
	for (const char *const *c = o->choices; c && *c; c++)
		if (str_equal(*c, value))
			return true;
	return false;
}

static bool is_within(const struct jembatan_option *o, int64_t value)
{
	return (o->minimum == 0 && o->maximum == 0) ||
	       (value >= o->minimum && value <= o->maximum);
}

static bool preset_is_valid(const struct jembatan_option *o)
{
	int64_t value;
	char *end;
	if (!o->preset)
		return true;
	switch (o->type) {
	case JEMBATAN_INTEGER:
		value = strtoll(o->preset, &end, 10);
		return *o->preset && *end == '\0' && is_within(o, value);
	case JEMBATAN_BOOLEAN:
		return str_equal(o->preset, "true") || str_equal(o->preset, "false");
	case JEMBATAN_DURATION:
		return units_duration_ms(o->preset, &value) && is_within(o, value);
	case JEMBATAN_BYTES:
		return units_bytes(o->preset, &value) && is_within(o, value);
	case JEMBATAN_CHOICE:
		return is_choice(o, o->preset);
	case JEMBATAN_STRING:
	case JEMBATAN_URL:
	case JEMBATAN_PATH:
	case JEMBATAN_LIST: /* YAML: the core reads it */
	case JEMBATAN_MAP:
		return is_text(o->preset) || !*o->preset;
	case JEMBATAN_SECRET: /* a preset secret would be no secret */
	case JEMBATAN_SECRET_MAP:
		return false;
	}
	return false;
}

static enum jembatan_result check_option(const struct jembatan_option *o, struct why *why)
{
	if (!is_name(o->name))
		return why_set(why, JEMBATAN_CONFIG, "one of its options has a bad name");
	if ((unsigned)o->type > JEMBATAN_SECRET_MAP)
		return why_set(why, JEMBATAN_CONFIG, "its option %s has an unknown type", o->name);
	if (!is_text(o->help))
		return why_set(why, JEMBATAN_CONFIG, "its option %s has no help", o->name);
	if (o->type == JEMBATAN_CHOICE && !(o->choices && o->choices[0]))
		return why_set(why, JEMBATAN_CONFIG, "its option %s has no choices", o->name);
	for (const char *const *c = o->choices; c && *c; c++)
		if (!is_text(*c) || strchr(*c, '\n'))
			return why_set(why, JEMBATAN_CONFIG, "its option %s has a bad choice",
				       o->name);
	if (!preset_is_valid(o))
		return why_set(why, JEMBATAN_CONFIG, "its option %s has a preset that is not valid",
			       o->name);
	return JEMBATAN_OK;
}

static enum jembatan_result check_options(const struct jembatan_connector *c, struct why *why)
{
	size_t count = 0;
	for (const struct jembatan_option *o = c->options; o && o->name; o++, count++) {
		enum jembatan_result r = check_option(o, why);
		if (r != JEMBATAN_OK)
			return r;
		for (const struct jembatan_option *before = c->options; before < o; before++)
			if (str_equal(before->name, o->name))
				return why_set(why, JEMBATAN_CONFIG,
					       "its option %s is declared twice", o->name);
		if (count >= OPTIONS_MAX)
			return why_set(why, JEMBATAN_CONFIG, "it has more than %u options",
				       OPTIONS_MAX);
	}
	return JEMBATAN_OK;
}

static const struct jembatan_connector *entry_of(const char *path, struct why *why)
{
	const struct jembatan_connector *(*entry)(void);
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		why_set(why, JEMBATAN_CONFIG, "it does not load: %s", dlerror());
		return NULL;
	}
	void *symbol = dlsym(library, "jembatan_connector_entry");
	if (!symbol) {
		why_set(why, JEMBATAN_CONFIG, "it has no jembatan_connector_entry(): not a "
			"connector, or the function is not marked JEMBATAN_EXPORT");
		return NULL;
	}
	memcpy(&entry, &symbol, sizeof(entry)); /* ISO C has no cast for this */
	const struct jembatan_connector *c = entry();
	if (!c)
		why_set(why, JEMBATAN_CONFIG, "its jembatan_connector_entry() returns nothing");
	return c;
}

enum jembatan_result load_plugin(const char *path, const struct jembatan_connector **out,
				 struct why *why)
{
	const struct jembatan_connector *c = entry_of(path, why);
	enum jembatan_result r = c ? check_abi(c, why) : JEMBATAN_CONFIG;
	if (r == JEMBATAN_OK)
		r = check_name(c, path, why);
	if (r == JEMBATAN_OK)
		r = check_operations(c, why);
	if (r == JEMBATAN_OK)
		r = check_options(c, why);
	if (r != JEMBATAN_OK)
		return why_prefix(why, r, "plugin %s", path);
	*out = c;
	return JEMBATAN_OK;
}
