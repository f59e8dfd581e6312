/* yaml.c: libyaml's events become a tree, within limits of our own: libyaml
 * has none on nesting, and its documents resolve aliases, which is how a small
 * file becomes a large one. What we do not use is refused with a sentence. */
#include "config/yaml.h"

#include "base/file.h"
#include "base/text.h"

#include <string.h>
#include <yaml.h>

#include "base/poison.h"

struct level {
	struct yaml_node *node;  /* the map or list that is open */
	struct yaml_node *last;  /* its latest entry */
	const char *key;         /* of a map: read, its value still to come */
	unsigned key_line;
};

struct reader {
	const char *name;
	struct arena *arena;
	struct why *why;
	struct level levels[YAML_DEPTH_MAX];
	size_t depth;
	size_t node_count;
	struct yaml_node *root;
	unsigned documents;
	bool done;
};

static unsigned line_of(const yaml_event_t *event)
{
	return (unsigned)event->start_mark.line + 1;
}

#define REFUSE(r, event, ...) refuse((r), line_of(event), __VA_ARGS__)

static enum jembatan_result refuse(struct reader *r, unsigned line, const char *format, ...)
	PRINTF_LIKE(3, 4);

static enum jembatan_result refuse(struct reader *r, unsigned line, const char *format, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	return why_set(r->why, JEMBATAN_CONFIG, "%s:%u: %s", r->name, line, text);
}

static struct yaml_node *new_node(struct reader *r, enum yaml_kind kind, const yaml_event_t *event)
{
	struct yaml_node *node = arena_alloc(r->arena, sizeof(*node));

	node->kind = kind;
	node->file = r->name;
	node->line = line_of(event);
	node->column = (unsigned)event->start_mark.column + 1;
	return node;
}

/* Hang the node into what is open. A map's key is not hung: it waits. */
static enum jembatan_result attach(struct reader *r, struct yaml_node *node,
				   const yaml_event_t *event)
{
	struct level *level;

	if (++r->node_count > YAML_NODES_MAX)
		return REFUSE(r, event, "more than %u values in one file: split it",
			      YAML_NODES_MAX);
	if (r->depth == 0) {
		r->root = node;
		return JEMBATAN_OK;
	}
	level = &r->levels[r->depth - 1];
	if (level->node->count == YAML_ENTRIES_MAX)
		return REFUSE(r, event, "more than %u entries in one %s", YAML_ENTRIES_MAX,
			      level->node->kind == YAML_MAP ? "map" : "list");
	node->key = level->key;
	node->key_line = level->key_line;
	level->key = NULL;
	if (level->last == NULL)
		level->node->first = node;
	else
		level->last->next = node;
	level->last = node;
	level->node->count++;
	return JEMBATAN_OK;
}

static bool is_key_place(const struct reader *r)
{
	return r->depth > 0 && r->levels[r->depth - 1].node->kind == YAML_MAP &&
	       r->levels[r->depth - 1].key == NULL;
}

static enum jembatan_result take_key(struct reader *r, const char *text, const yaml_event_t *event)
{
	struct level *level = &r->levels[r->depth - 1];
	const struct yaml_node *twin = yaml_get(level->node, text);

	if (*text == '\0')
		return REFUSE(r, event, "a key is empty: write a name before the colon");
	if (twin != NULL)
		return REFUSE(r, event, "the key \"%.100s\" stands twice, first in line %u: "
			      "remove one", text, twin->key_line);
	level->key = arena_strdup(r->arena, text);
	level->key_line = line_of(event);
	return JEMBATAN_OK;
}

static enum jembatan_result take_scalar(struct reader *r, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	size_t size = event->data.scalar.length;
	struct yaml_node *node;

	/* Escapes such as "\0" and "\e" arrive here decoded. */
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)text[i];

		if ((c < 0x20 && c != '\t' && c != '\n') || c == 0x7f)
			return REFUSE(r, event, "a control character (0x%02x) in a text: "
				      "remove it", c);
	}
	if (is_key_place(r))
		return take_key(r, text, event);
	node = new_node(r, YAML_SCALAR, event);
	node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	node->text = arena_strndup(r->arena, text, size);
	return attach(r, node, event);
}

static enum jembatan_result open_level(struct reader *r, enum yaml_kind kind,
				       const yaml_event_t *event)
{
	struct yaml_node *node;
	enum jembatan_result result;

	if (is_key_place(r))
		return REFUSE(r, event, "a key must be one word, not a map or list: "
			      "put {...} or [...] in quotes if it is meant as text");
	if (r->depth == YAML_DEPTH_MAX)
		return REFUSE(r, event, "nested more than %u deep", YAML_DEPTH_MAX);
	node = new_node(r, kind, event);
	result = attach(r, node, event);
	if (result == JEMBATAN_OK)
		r->levels[r->depth++] = (struct level){ .node = node };
	return result;
}

/* Anchors and tags stand on every kind of node. */
static enum jembatan_result check_decoration(struct reader *r, const yaml_event_t *event,
					     const yaml_char_t *anchor, const yaml_char_t *tag)
{
	if (anchor != NULL)
		return REFUSE(r, event, "anchors (&%.40s) are not supported: write the value out "
			      "where it is needed", (const char *)anchor);
	if (tag != NULL)
		return REFUSE(r, event, "tags (%.40s) are not supported: remove it; put the value "
			      "in quotes if it is text", (const char *)tag);
	return JEMBATAN_OK;
}

static enum jembatan_result begin_document(struct reader *r, const yaml_event_t *event)
{
	if (++r->documents > 1)
		return REFUSE(r, event, "a second document begins here: one file holds one; "
			      "remove the line ---");
	if (event->data.document_start.version_directive != NULL ||
	    event->data.document_start.tag_directives.start !=
		    event->data.document_start.tag_directives.end)
		return REFUSE(r, event, "directives (%%YAML, %%TAG) are not supported: "
			      "remove the line");
	return JEMBATAN_OK;
}

static enum jembatan_result take_event(struct reader *r, const yaml_event_t *event)
{
	enum jembatan_result result = JEMBATAN_OK;

	switch (event->type) {
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		return JEMBATAN_OK;
	case YAML_STREAM_END_EVENT:
		r->done = true;
		return JEMBATAN_OK;
	case YAML_DOCUMENT_START_EVENT:
		return begin_document(r, event);
	case YAML_ALIAS_EVENT:
		return REFUSE(r, event, "aliases (*%.40s) are not supported: write the value out; "
			      "put it in quotes if it is text",
			      (const char *)event->data.alias.anchor);
	case YAML_SCALAR_EVENT:
		result = check_decoration(r, event, event->data.scalar.anchor,
					  event->data.scalar.tag);
		return result != JEMBATAN_OK ? result : take_scalar(r, event);
	case YAML_SEQUENCE_START_EVENT:
		result = check_decoration(r, event, event->data.sequence_start.anchor,
					  event->data.sequence_start.tag);
		return result != JEMBATAN_OK ? result : open_level(r, YAML_LIST, event);
	case YAML_MAPPING_START_EVENT:
		result = check_decoration(r, event, event->data.mapping_start.anchor,
					  event->data.mapping_start.tag);
		return result != JEMBATAN_OK ? result : open_level(r, YAML_MAP, event);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		r->depth--;
		return JEMBATAN_OK;
	}
	return JEMBATAN_OK;
}

/* libyaml's own sentence; its tabs and quotes are fine for an operator. */
static enum jembatan_result explain_syntax(struct reader *r, const yaml_parser_t *parser)
{
	const char *problem = parser->problem != NULL ? parser->problem : "not YAML";
	unsigned line = (unsigned)parser->problem_mark.line + 1;

	if (parser->error == YAML_MEMORY_ERROR)
		return why_set(r->why, JEMBATAN_CONFIG, "%s: too large to read", r->name);
	if (strstr(problem, "cannot start any token") != NULL)
		return refuse(r, line, "not valid YAML: a character that cannot start a value "
			      "(indent with blanks, not tabs; put a value that begins with "
			      "@, ` or %% in quotes)");
	if (parser->context != NULL && parser->context_mark.line != parser->problem_mark.line)
		return refuse(r, line, "not valid YAML: %s (%s from line %u)", problem,
			      parser->context, (unsigned)parser->context_mark.line + 1);
	return refuse(r, line, "not valid YAML: %s", problem);
}

static enum jembatan_result check_bytes(struct jembatan_bytes bytes, const char *name,
					struct why *why)
{
	unsigned line = 1;
	const char *p = bytes.data;

	if (bytes.size > YAML_FILE_MAX)
		return why_set(why, JEMBATAN_CONFIG, "%s: larger than 1 MiB: split it", name);
	if (bytes.size == 0 || text_is_utf8(p, bytes.size))
		return JEMBATAN_OK;
	/* Find the line: only now, since files are valid as a rule. */
	for (size_t at = 0; at < bytes.size; line++) {
		const char *end = memchr(p + at, '\n', bytes.size - at);
		size_t size = end != NULL ? (size_t)(end - p) - at : bytes.size - at;

		if (size > 0 && !text_is_utf8(p + at, size))
			break;
		at += size + 1;
	}
	return why_set(why, JEMBATAN_CONFIG, "%s:%u: not UTF-8 text (or a NUL byte): save the "
		       "file as UTF-8", name, line);
}

static enum jembatan_result read_events(struct reader *r, yaml_parser_t *parser)
{
	enum jembatan_result result = JEMBATAN_OK;

	while (result == JEMBATAN_OK && !r->done) {
		yaml_event_t event;

		if (!yaml_parser_parse(parser, &event))
			return explain_syntax(r, parser);
		result = take_event(r, &event);
		yaml_event_delete(&event);
	}
	return result;
}

enum jembatan_result yaml_parse(struct jembatan_bytes bytes, const char *name, struct arena *arena,
				const struct yaml_node **out_root, struct why *why)
{
	struct reader r = { .name = arena_strdup(arena, name), .arena = arena, .why = why };
	enum jembatan_result result = check_bytes(bytes, name, why);
	yaml_parser_t parser;

	if (result != JEMBATAN_OK)
		return result;
	ASSERT(yaml_parser_initialize(&parser));
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, bytes.data, bytes.size);
	result = read_events(&r, &parser);
	yaml_parser_delete(&parser);
	if (result != JEMBATAN_OK)
		return result;
	if (r.root == NULL || yaml_is_null(r.root)) {
		r.root = arena_alloc(arena, sizeof(*r.root));
		r.root->kind = YAML_MAP;
		r.root->file = r.name;
		r.root->line = r.root->column = 1;
	}
	*out_root = r.root;
	return JEMBATAN_OK;
}

enum jembatan_result yaml_load(const char *path, const char *name, struct arena *arena,
			       const struct yaml_node **out_root, struct why *why)
{
	CLEANUP(buf_done) struct buf content;
	enum jembatan_result result;

	/* One byte more, so that a file of exactly the limit still passes. */
	buf_init(&content, YAML_FILE_MAX + 1);
	result = file_read(path, &content, why);
	if (result != JEMBATAN_OK)
		return result;
	return yaml_parse(buf_bytes(&content), name, arena, out_root, why);
}

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
	if (map == NULL || map->kind != YAML_MAP)
		return NULL;
	for (const struct yaml_node *entry = map->first; entry != NULL; entry = entry->next) {
		if (entry->key != NULL && strcmp(entry->key, key) == 0)
			return entry;
	}
	return NULL;
}

bool yaml_is_null(const struct yaml_node *node)
{
	if (node == NULL || node->kind != YAML_SCALAR || node->quoted)
		return false;
	return *node->text == '\0' || strcmp(node->text, "~") == 0 ||
	       strcmp(node->text, "null") == 0;
}

const char *yaml_kind_name(const struct yaml_node *node)
{
	switch (node->kind) {
	case YAML_MAP:
		return "a map";
	case YAML_LIST:
		return "a list";
	case YAML_SCALAR:
		break;
	}
	return yaml_is_null(node) ? "nothing" : "text";
}
