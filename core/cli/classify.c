/* classify.c: `jembatan classify --offline FILE`: what the daemon would say
 * about these complaints, without a daemon and without storing. */
#include "cli/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/digest.h"
#include "base/jx.h"
#include "ticket/place.h"
#include "base/poison.h"

#define LINE_MAX_BYTES (1024u * 1024u)

struct offline {
	struct regions *regions;
	uint32_t home;
};

static json_t *names_of(const struct regions *r, uint32_t region)
{
	json_t *names = json_array();
	for (uint32_t n = region; n != REGION_NONE; n = regions_at(r, n).parent)
		json_array_insert_new(names, 0, json_string(regions_at(r, n).name));
	return names;
}

static json_t *place_json(const struct offline *o, const struct place *p)
{
	static const char *const levels[] = { "nowhere", "province", "kabupaten", "kecamatan", "village" };
	json_t *out = json_object(), *words = json_array();
	char code[REGION_CODE_SIZE];
	regions_code(o->regions, p->region, code);
	json_object_set_new(out, "code", p->region == REGION_NONE ? json_null() : json_string(code));
	json_object_set_new(out, "level", json_string(levels[p->level]));
	json_object_set_new(out, "names", names_of(o->regions, p->region));
	json_object_set_new(out, "margin", json_real(p->margin));
	json_object_set_new(out, "ambiguous", json_boolean(p->is_ambiguous));
	json_object_set_new(out, "zone_minutes",
			    json_integer(regions_zone_minutes(o->regions, p->region)));
	for (size_t i = 0; i < p->evidence_count; i++)
		json_array_append_new(words, json_string(p->evidence[i]));
	json_object_set_new(out, "words", words);
	return out;
}

static enum jembatan_result classify(struct offline *o, struct jembatan_bytes line, struct why *why)
{
	CLEANUP(jx_decref) json_t *root = NULL, *out = json_object();
	struct place place;
	if (line.size > LINE_MAX_BYTES)
		return why_set(why, JEMBATAN_DATA, "a line of more than 1 MiB");
	if (jx_parse(line, &root, why) != JEMBATAN_OK)
		return JEMBATAN_DATA;
	const char *id = jx_text(root, "id"), *text = jx_text(root, "text");
	const char *location = jx_text(root, "location");
	if (id == NULL || text == NULL)
		return why_set(why, JEMBATAN_DATA, "a record needs id and text");
	place_find(o->regions, text, location, o->home, &place);
	json_object_set_new(out, "id", json_string(id));
	json_object_set_new(out, "place", place_json(o, &place));
	cli_print_json(NULL, out);
	return JEMBATAN_OK;
}

static enum jembatan_result read_all(struct offline *o, FILE *file, struct why *why)
{
	CLEANUP(free_pointer) char *text = NULL;
	size_t room = 0, number = 0;
	ssize_t size;
	while ((size = getline(&text, &room, file)) > 0) {
		number++;
		if (size == 1)
			continue;
		enum jembatan_result r = classify(o, bytes_of(text, (size_t)size), why);
		if (r != JEMBATAN_OK)
			return why_prefix(why, r, "line %zu", number);
	}
	if (ferror(file))
		return why_set(why, JEMBATAN_DATA, "cannot read on: %s", strerror(errno));
	return JEMBATAN_OK;
}

static enum jembatan_result open_offline(struct offline *o, const char *home, struct why *why)
{
	enum jembatan_result r = regions_load(regions_path(), &o->regions, why);
	o->home = REGION_NONE;
	if (r != JEMBATAN_OK || home == NULL)
		return r;
	o->home = regions_by_code(o->regions, home);
	if (o->home == REGION_NONE)
		return why_set(why, JEMBATAN_CONFIG, "no region has the code %.20s", home);
	return JEMBATAN_OK;
}

int cli_classify_offline(const char *path, const char *home)
{
	struct offline o = { .home = REGION_NONE };
	struct why why = { "" };
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	if (file == NULL) {
		fprintf(stderr, "jembatan classify: %s: %s\n", path, strerror(errno));
		return EX_NOINPUT;
	}
	enum jembatan_result r = open_offline(&o, home, &why);
	if (r == JEMBATAN_OK)
		r = read_all(&o, file, &why);
	if (r != JEMBATAN_OK)
		fprintf(stderr, "jembatan classify: %s\n", why.text);
	regions_free(o.regions);
	if (file != stdin)
		fclose(file);
	return r == JEMBATAN_OK ? EX_OK : r == JEMBATAN_CONFIG ? EX_CONFIG : EX_DATAERR;
}
