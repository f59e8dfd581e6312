/* kit_fields.c: the mapping of `fields:`, read once and checked, then used for
 * every record; each mistake names its place in the configuration. */
#include "kit/kit_fields.h"

#include "base/buf.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/poison.h"

#define ENTRIES_MAX 512u

#define TEXT(name, member) { name, KIT_FIELD_TEXT, offsetof(struct jembatan_message, member), 0 }
#define TIME(name, member) { name, KIT_FIELD_TIME, offsetof(struct jembatan_message, member), 0 }
#define FLAG(name, bit) { name, KIT_FIELD_FLAG, 0, bit }
#define OTHER(name, kind) { name, kind, 0, 0 }

const struct kit_field kit_field_table[KIT_FIELD_COUNT] = {
	TEXT("id", id),
	TEXT("revision", revision),
	OTHER("kind", KIT_FIELD_KIND),
	TEXT("thread", thread),
	TEXT("reply_to", reply_to),
	TEXT("subject", subject),
	TEXT("text", text),
	TEXT("full_text", full_text),
	TIME("sent", sent_ms),
	TIME("arrived", arrived_ms),
	TEXT("incident_date", incident_date),
	TEXT("category", category),
	OTHER("status", KIT_FIELD_STATUS),
	TEXT("name", author.name),
	OTHER("phone", KIT_FIELD_PHONE),
	TEXT("mail", author.mail),
	TEXT("handle", author.handle),
	TEXT("author_id", author.id),
	TEXT("identity_number", author.identity_number),
	TEXT("province", place.province),
	TEXT("regency", place.regency),
	TEXT("district", place.district),
	TEXT("village", place.village),
	TEXT("address", place.address),
	TEXT("code", place.code),
	TEXT("code_system", place.code_system),
	OTHER("latitude", KIT_FIELD_LATITUDE),
	OTHER("longitude", KIT_FIELD_LONGITUDE),
	TEXT("tracking_id", tracking_id),
	FLAG("from_centre", JEMBATAN_FROM_CENTRE),
	FLAG("anonymous", JEMBATAN_ANONYMOUS),
	FLAG("secret", JEMBATAN_SECRET_REPORT),
	FLAG("automatic", JEMBATAN_AUTOMATIC),
	OTHER("extra", KIT_FIELD_EXTRA),
	OTHER("attachments", KIT_FIELD_ATTACHMENTS),
	OTHER("attachments.url", KIT_FIELD_PART),
	OTHER("attachments.name", KIT_FIELD_PART),
	OTHER("attachments.type", KIT_FIELD_PART),
};

/* The internal set of domain.md. */
static const char *const our_statuses[] = {
	"received", "unverified", "deferred", "verified", "in_progress", "answered",
	"closed_by_admin", "closed_by_system", "archived", "rejected", "failed",
};

static size_t field_index(const char *name)
{
	size_t i = 0;
	while (i < KIT_FIELD_COUNT && !str_equal(kit_field_table[i].name, name))
		i++;
	return i;
}

/* "a|b==word" becomes alternatives; what stands in the spec is copied. */
static bool parse_rule(struct kit_fields *f, const char *spec, struct kit_rule *rule)
{
	if (spec[0] == '=') {
		rule->constant = arena_strdup(f->arena, spec + 1);
		return true;
	}
	while (rule->path_count < KIT_ALTERNATIVES_MAX) {
		spec += strspn(spec, " ");
		size_t n = strcspn(spec, "|"), size = n;
		while (size > 0 && spec[size - 1] == ' ')
			size--;
		if (size == 0)
			return false;
		char *path = arena_strndup(f->arena, spec, size);
		char *word = strstr(path, "==");
		if (word == path)
			return false;
		if (word) {
			*word = '\0';
			word += 2;
		}
		rule->words[rule->path_count] = word;
		rule->paths[rule->path_count++] = path;
		if (spec[n] == '\0')
			return true;
		spec += n + 1;
	}
	return false;
}

static enum jembatan_result unknown_field(struct kit_fields *f, const char *key)
{
	CLEANUP(buf_done) struct buf names;
	buf_init(&names, 1024);
	for (size_t i = 0; i < KIT_FIELD_COUNT; i++)
		buf_printf(&names, "%s%s", i > 0 ? " " : "", kit_field_table[i].name);
	return jembatan_explain(f->ctx, JEMBATAN_CONFIG,
				"%s: '%s' is no message field; they are: %s",
				jembatan_where(f->ctx, f->fields_option, key), key, names.data);
}

/* Attachments mapped, their parts not: they are url, name and type. */
static void preset_parts(struct kit_fields *f)
{
	for (size_t i = KIT_FIELD_URL; i < KIT_FIELD_COUNT; i++) {
		struct kit_rule *rule = &f->rules[i];
		if (rule->is_set)
			continue;
		*rule = (struct kit_rule){ .is_set = true, .where = "built in", .path_count = 1 };
		rule->paths[0] = strchr(kit_field_table[i].name, '.') + 1;
	}
}

static enum jembatan_result read_fields(struct kit_fields *f)
{
	const char *key, *value;
	for (size_t i = 0; i < ENTRIES_MAX &&
	     jembatan_get_entry(f->ctx, f->fields_option, i, &key, &value); i++) {
		size_t index = field_index(key);
		if (index == KIT_FIELD_COUNT)
			return unknown_field(f, key);
		struct kit_rule *rule = &f->rules[index];
		rule->is_set = true;
		rule->where = arena_strdup(f->arena, jembatan_where(f->ctx, f->fields_option, key));
		if (!parse_rule(f, value, rule))
			return jembatan_explain(f->ctx, JEMBATAN_CONFIG,
						"%s: %s: write a path, several with "
						"| between them (at most %u), or = and a constant",
						rule->where, key, KIT_ALTERNATIVES_MAX);
		if (rule->path_count > 0 && rule->words[0] &&
		    kit_field_table[index].kind != KIT_FIELD_FLAG)
			return jembatan_explain(f->ctx, JEMBATAN_CONFIG,
						"%s: %s: == is for yes and no: "
						"from_centre, anonymous, secret, automatic",
						rule->where, key);
	}
	preset_parts(f);
	return JEMBATAN_OK;
}

/* Without a mapping each field stands under its own name, as jq programs give
 * it; an attachment's parts are url, name and type. */
static void own_names(struct kit_fields *f)
{
	for (size_t i = 0; i < KIT_FIELD_COUNT; i++) {
		const char *name = kit_field_table[i].name;
		bool is_part = kit_field_table[i].kind == KIT_FIELD_PART;
		f->rules[i] = (struct kit_rule){ .is_set = true, .where = "the jq program" };
		f->rules[i].paths[f->rules[i].path_count++] =
			is_part ? strchr(name, '.') + 1 : name;
	}
}

static enum jembatan_result read_statuses(struct kit_fields *f, const char *option)
{
	const char *key, *value;
	while (f->status_count < ENTRIES_MAX &&
	       jembatan_get_entry(f->ctx, option, f->status_count, &key, &value)) {
		size_t i = 0;
		while (i < COUNT_OF(our_statuses) && !str_equal(our_statuses[i], value))
			i++;
		if (i == COUNT_OF(our_statuses))
			return jembatan_explain(
				f->ctx, JEMBATAN_CONFIG,
				"%s: %s: '%s' is none of our states: "
				"received unverified deferred verified in_progress answered "
				"closed_by_admin closed_by_system archived rejected failed",
				jembatan_where(f->ctx, option, key), key, value);
		f->statuses = xrealloc(f->statuses, f->status_count + 1, sizeof(*f->statuses));
		f->statuses[f->status_count++] =
			(struct kit_status){ arena_strdup(f->arena, key), our_statuses[i] };
	}
	return JEMBATAN_OK;
}

enum jembatan_result kit_fields_new(struct jembatan_context *ctx,
				    const struct kit_fields_options *o, struct kit_fields **out)
{
	struct kit_fields *f = xcalloc(1, sizeof(*f));
	f->ctx = ctx;
	f->arena = arena_new();
	f->fields_option = arena_strdup(f->arena, o->fields);
	f->time_format = arena_strdup(f->arena, o->time_format);
	f->base_url = arena_strdup(f->arena, o->base_url);
	f->zone_minutes = o->zone_minutes;
	enum jembatan_result result = JEMBATAN_OK;
	if (o->fields)
		result = read_fields(f);
	else
		own_names(f);
	if (result == JEMBATAN_OK && o->statuses)
		result = read_statuses(f, o->statuses);
	if (result == JEMBATAN_OK)
		*out = f;
	else
		kit_fields_free(f);
	return result;
}

void kit_fields_free(struct kit_fields *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->told_count; i++)
		free(f->told[i]);
	free(f->statuses);
	arena_free(f->arena);
	free(f);
}
