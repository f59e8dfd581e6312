/* agency_columns.c: the names of columns, and the key of a row. */
#include "agency-api/agency_columns.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENTRIES_MAX 64
#define KEYS_MAX 8
#define WANTED_MAX 64
#define NAME_MAX_BYTES 100u
#define ID_MAX 200u

/* One of ours, and the headers it may stand under, separated by |. */
struct entry {
	const char *name, *headers;
};

struct agency_columns {
	struct jembatan_context *ctx;
	struct kit_arena *arena;
	struct entry entries[ENTRIES_MAX];
	size_t count;
	const char *keys[KEYS_MAX]; /* names, separated by | */
	size_t key_count;
	const char *wanted[WANTED_MAX]; /* columns that `fields` takes a text from */
	size_t wanted_count;
	bool has_jq;
};

/* ---- names ------------------------------------------------------------- */

/* Other letters than ASCII's stay as they are. */
static bool is_letter(char c)
{
	return isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

/* "No. HP" is no_hp. */
static const char *fold(const char *header, struct kit_arena *arena)
{
	char *out = kit_arena_strndup(arena, header, NAME_MAX_BYTES);
	char *to = out;
	bool gap = false;

	for (const char *p = out; *p; p++) {
		if (!is_letter(*p)) {
			gap = to > out;
			continue;
		}
		if (gap)
			*to++ = '_';
		gap = false;
		*to++ = (char)tolower((unsigned char)*p);
	}
	*to = '\0';
	return out;
}

/* The same letters and digits? "NoHP" and "No. HP" are. b has `size` bytes. */
static bool is_same(const char *a, const char *b, size_t size)
{
	const char *end = b + size;

	for (;;) {
		while (*a && !is_letter(*a))
			a++;
		while (b < end && !is_letter(*b))
			b++;
		if (!*a || b == end)
			return !*a && b == end;
		if (tolower((unsigned char)*a++) != tolower((unsigned char)*b++))
			return false;
	}
}

/* The piece of "a|b|c" at *list, which moves on; false at the end. */
static bool next_piece(const char **list, const char **out, size_t *out_size)
{
	if (!*list || !**list)
		return false;
	*out = *list;
	*out_size = strcspn(*list, "|");
	*list += *out_size + ((*list)[*out_size] == '|');
	return true;
}

static bool is_taken(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (names[i] && strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* The column that stands under the first of an entry's headers that is there. */
static void name_entry(const struct entry *entry, char *const *headers, size_t count,
		       const char **names)
{
	const char *list = entry->headers, *piece;
	size_t size = strlen(entry->name);

	/* Its own name counts first: a record that is read again has it. */
	for (size_t i = 0; i < count; i++)
		if (!names[i] && is_same(headers[i], entry->name, size)) {
			names[i] = entry->name;
			return;
		}
	while (next_piece(&list, &piece, &size))
		for (size_t i = 0; i < count; i++)
			if (!names[i] && is_same(headers[i], piece, size)) {
				names[i] = entry->name;
				return;
			}
}

void agency_columns_name(const struct agency_columns *c, char *const *headers,
			 size_t count, struct kit_arena *arena, const char **names)
{
	memset(names, 0, count * sizeof(*names));
	for (size_t e = 0; e < c->count; e++)
		name_entry(&c->entries[e], headers, count, names);
	for (size_t i = 0; i < count; i++) {
		const char *plain;

		if (names[i])
			continue;
		plain = fold(headers[i], arena);
		if (!*plain)
			plain = kit_arena_printf(arena, "kolom_%zu", i + 1);
		names[i] = is_taken(names, count, plain) ?
				   kit_arena_printf(arena, "%s_%zu", plain, i + 1) :
				   plain;
	}
}

bool agency_columns_knows(const struct agency_columns *c, const char *name)
{
	for (size_t i = 0; i < c->count; i++)
		if (strcmp(c->entries[i].name, name) == 0)
			return true;
	return false;
}

bool agency_columns_is_header(const struct agency_columns *c, char *const *headers,
			      const char *const *names, size_t count)
{
	size_t filled = 0;

	for (size_t i = 0; i < c->wanted_count; i++)
		if (is_taken(names, count, c->wanted[i]))
			return true;
	for (size_t i = 0; i < count; i++)
		filled += headers[i][0] != '\0';
	return c->has_jq && filled >= 2;
}

/* ---- the key ----------------------------------------------------------- */

/* The first of "a|b" that is there and not empty. */
static const char *key_part(json_t *record, const char *list, char buffer[64])
{
	const char *piece, *value;
	size_t size;

	while (next_piece(&list, &piece, &size)) {
		char path[NAME_MAX_BYTES + 1];

		(void)snprintf(path, sizeof(path), "%.*s", (int)size, piece);
		value = kit_json_id(record, path, buffer);
		if (value && *value)
			return value;
	}
	return NULL;
}

bool agency_columns_identify(const struct agency_columns *c, json_t *record)
{
	struct kit_text *id = kit_text_new(ID_MAX);
	bool is_key = c->key_count > 0;
	char digest[65];

	(void)json_object_del(record, AGENCY_ROW_ID);
	for (size_t i = 0; i < c->key_count && is_key; i++) {
		char buffer[64];
		const char *part = key_part(record, c->keys[i], buffer);

		is_key = part != NULL;
		kit_text_printf(id, "%s%s", i > 0 ? "/" : "", part ? part : "");
	}
	if (!is_key || kit_text_is_full(id)) {
		/* As short as a digest may be, and told from any key. */
		kit_json_digest(record, digest);
		kit_text_clear(id);
		kit_text_printf(id, "row-%.32s", digest);
		is_key = false;
	}
	(void)json_object_set_new(record, AGENCY_ROW_ID, json_string(kit_text_string(id)));
	kit_text_free(id);
	return is_key;
}

/* ---- settings ---------------------------------------------------------- */

static bool is_name(const char *text)
{
	return *text && strlen(text) <= NAME_MAX_BYTES &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(text) &&
	       strcmp(text, AGENCY_ROW_ID) != 0;
}

static enum jembatan_result read_columns(struct agency_columns *c)
{
	const char *key, *value;

	for (size_t i = 0; jembatan_get_entry(c->ctx, "columns", i, &key, &value); i++) {
		if (!is_name(key))
			return jembatan_explain(c->ctx, JEMBATAN_CONFIG,
						"%s: columns: \"%s\" cannot be a name; use small "
						"letters, digits and _",
						jembatan_where(c->ctx, "columns", key), key);
		if (c->count == ENTRIES_MAX)
			return jembatan_explain(c->ctx, JEMBATAN_CONFIG,
						"%s: more than %d columns",
						jembatan_where(c->ctx, "columns", key), ENTRIES_MAX);
		c->entries[c->count++] = (struct entry){ kit_arena_strdup(c->arena, key),
							 kit_arena_strdup(c->arena, value) };
	}
	return JEMBATAN_OK;
}

static enum jembatan_result read_key(struct agency_columns *c)
{
	const char *key, *value;

	for (size_t i = 0; jembatan_get_entry(c->ctx, "key", i, &key, &value); i++) {
		if (c->key_count == KEYS_MAX)
			return jembatan_explain(c->ctx, JEMBATAN_CONFIG,
						"%s: key: more than %d columns",
						jembatan_where(c->ctx, "key", NULL), KEYS_MAX);
		c->keys[c->key_count++] = kit_arena_strdup(c->arena, value);
	}
	return JEMBATAN_OK;
}

/* By these a header is known. */
static void read_wanted(struct agency_columns *c)
{
	const char *key, *value, *list, *piece;
	size_t size;

	c->has_jq = agency_option(c->ctx, "jq") != NULL;
	for (size_t i = 0; jembatan_get_entry(c->ctx, "fields", i, &key, &value); i++) {
		if (strcmp(key, "subject") != 0 && strcmp(key, "text") != 0 &&
		    strcmp(key, "full_text") != 0)
			continue;
		list = value;
		while (c->wanted_count < WANTED_MAX && next_piece(&list, &piece, &size))
			c->wanted[c->wanted_count++] = kit_arena_strndup(c->arena, piece, size);
	}
}

enum jembatan_result agency_columns_new(struct jembatan_context *ctx,
					struct agency_columns **out)
{
	struct agency_columns *c = calloc(1, sizeof(*c));
	enum jembatan_result result;

	if (!c)
		abort();
	c->ctx = ctx;
	c->arena = kit_arena_new();
	read_wanted(c);
	result = read_columns(c);
	if (result == JEMBATAN_OK)
		result = read_key(c);
	if (result == JEMBATAN_OK && c->wanted_count == 0 && !c->has_jq)
		result = jembatan_explain(ctx, JEMBATAN_CONFIG,
					  "%s: fields has neither text nor subject: say which column "
					  "holds the complaint, or use `profile: ekspor`",
					  jembatan_where(ctx, "fields", NULL));
	if (result == JEMBATAN_OK)
		*out = c;
	else
		agency_columns_free(c);
	return result;
}

void agency_columns_free(struct agency_columns *c)
{
	if (!c)
		return;
	kit_arena_free(c->arena);
	free(c);
}
