/* templates.c: replies.yaml, checked whole when it is read. */
#include "reply/templates.h"

#include <stdlib.h>
#include <string.h>

#include "central/status.h"
#include "config/yaml.h"
#include "base/poison.h"

#define NAME_SHOWN_MAX 40
#define FIRST_STATUS 4u /* slots: four events, then the states */
#define SLOTS (FIRST_STATUS + STATUS_COUNT)
#define TEXT_BYTES_MAX 8192u
#define OUR_LANGUAGE "id"

struct text {
	bool is_written;
	const char *subject, *body; /* body "": nothing is sent */
};

struct texts { /* of one language, perhaps on one channel only */
	const char *connector; /* NULL: every */
	const char *language;
	struct text slots[SLOTS];
	const char *statuses[STATUS_COUNT];
	struct texts *next;
};

struct reply_templates {
	struct arena *arena;
	struct texts *all;
	const char *name;
	struct problems *problems; /* while it is read */
};

const char *reply_value_name(enum reply_value value)
{
	static const char *const names[] = { "reference", "number",	 "status",
					     "office",	  "deadline",	 "title",
					     "institution", "answer", "missing" };
	return (unsigned)value < COUNT_OF(names) ? names[value] : "?";
}

const char *reply_templates_path(const char *configured)
{
	const char *path = getenv("JEMBATAN_REPLIES");
	if (configured != NULL)
		return configured;
	return path != NULL ? path : JEMBATAN_DATADIR "/replies.yaml";
}

/* ---- reading ----------------------------------------------------------- */

static const char *slot_name(unsigned slot)
{
	static const enum reply_event events[] = { REPLY_RECEIVED, REPLY_NUMBER, REPLY_QUESTION,
						   REPLY_RESEND };
	if (slot < FIRST_STATUS)
		return reply_event_name(events[slot]);
	return status_name((int)(slot - FIRST_STATUS));
}

static unsigned slot_of(enum reply_event event, int status)
{
	switch (event) {
	case REPLY_RECEIVED:
		return 0;
	case REPLY_NUMBER:
		return 1;
	case REPLY_QUESTION:
		return 2;
	case REPLY_RESEND:
		return 3;
	case REPLY_STATUS:
		break;
	}
	return status > 0 && status < STATUS_COUNT ? FIRST_STATUS + (unsigned)status : SLOTS;
}

static void complain(struct reply_templates *t, const struct yaml_node *node,
		     const char *sentence)
{
	problems_add(t->problems, t->name, node->key != NULL ? node->key_line : node->line,
		     "\"%.*s\" %s", NAME_SHOWN_MAX, node->key != NULL ? node->key : "the file",
		     sentence);
}

static bool is_map(struct reply_templates *t, const struct yaml_node *node)
{
	if (node->kind == YAML_MAP)
		return true;
	complain(t, node, "must be a map");
	return false;
}

static bool is_value(const char *name, size_t size)
{
	for (unsigned i = 0; i < REPLY_VALUES; i++) {
		const char *known = reply_value_name((enum reply_value)i);
		if (strlen(known) == size && memcmp(known, name, size) == 0)
			return true;
	}
	return false;
}

/* Every brace begins a value that there is. */
static void check_values(struct reply_templates *t, const struct yaml_node *node)
{
	const char *text = node->text, *at = text;
	while ((at = strpbrk(at, "{}")) != NULL) {
		size_t size = strcspn(at + 1, "{}\n");
		bool is_good = *at == '{' && at[size + 1] == '}' && is_value(at + 1, size);
		if (!is_good) {
			unsigned line = node->line;
			/* The lines of a block stand below its mark. */
			for (const char *c = text; c < at; c++)
				line += *c == '\n';
			line += node->quoted && strchr(text, '\n') != NULL;
			problems_add(t->problems, t->name, line,
				     "\"%.*s\" names no value: known are {reference}, {number}, "
				     "{status}, {office}, {deadline}, {title}, {institution}, "
				     "{answer} and {missing}", (int)(size < 40 ? size + 2 : 40), at);
			return;
		}
		at += size + 2;
	}
}

static const char *read_scalar(struct reply_templates *t, const struct yaml_node *node)
{
	if (node->kind != YAML_SCALAR) {
		complain(t, node, "must be a text");
		return NULL;
	}
	if (strlen(node->text) > TEXT_BYTES_MAX)
		complain(t, node, "is longer than 8 KiB");
	check_values(t, node);
	return node->text;
}

static void read_text(struct reply_templates *t, const struct yaml_node *node, struct text *out)
{
	out->is_written = true;
	out->body = "";
	if (node->kind == YAML_SCALAR && yaml_is_null(node))
		return;
	if (!is_map(t, node))
		return;
	for (const struct yaml_node *n = node->first; n != NULL; n = n->next) {
		if (strcmp(n->key, "subject") == 0)
			out->subject = read_scalar(t, n);
		else if (strcmp(n->key, "text") == 0)
			out->body = read_scalar(t, n);
		else
			complain(t, n, "is unknown here: subject and text are known");
	}
	if (out->body == NULL)
		out->body = "";
}

static void read_statuses(struct reply_templates *t, const struct yaml_node *node,
			  struct texts *set)
{
	enum status_state state;
	if (!is_map(t, node))
		return;
	for (const struct yaml_node *n = node->first; n != NULL; n = n->next) {
		if (!status_by_name(n->key, &state))
			complain(t, n, "is no state");
		else
			set->statuses[state] = read_scalar(t, n);
	}
}

static void read_texts(struct reply_templates *t, const char *connector,
		       const struct yaml_node *node)
{
	struct texts *set = arena_alloc(t->arena, sizeof(*set));
	*set = (struct texts){ .connector = connector, .language = node->key, .next = t->all };
	t->all = set;
	if (!is_map(t, node))
		return;
	for (const struct yaml_node *n = node->first; n != NULL; n = n->next) {
		unsigned slot = 0;
		if (strcmp(n->key, "statuses") == 0) {
			read_statuses(t, n, set);
			continue;
		}
		/* The first state is where a complaint begins: the event says it. */
		while (slot < SLOTS && (slot == FIRST_STATUS || strcmp(n->key, slot_name(slot)) != 0))
			slot++;
		if (slot == SLOTS)
			complain(t, n, "is no event: received, number, question, resend or a "
				 "state at the centre, such as verified");
		else
			read_text(t, n, &set->slots[slot]);
	}
}

static void read_languages(struct reply_templates *t, const char *connector,
			   const struct yaml_node *node)
{
	if (!is_map(t, node))
		return;
	for (const struct yaml_node *n = node->first; n != NULL; n = n->next)
		read_texts(t, connector, n);
}

static void read_file(struct reply_templates *t, const struct yaml_node *root)
{
	const struct yaml_node *languages = yaml_get(root, "languages");
	const struct yaml_node *channels = yaml_get(root, "channels");
	if (!is_map(t, root))
		return;
	for (const struct yaml_node *n = root->first; n != NULL; n = n->next)
		if (n != languages && n != channels)
			complain(t, n, "is unknown here: languages and channels are known");
	if (languages != NULL)
		read_languages(t, NULL, languages);
	if (yaml_get(languages, OUR_LANGUAGE) == NULL)
		problems_add(t->problems, t->name, 0, "\"languages\" must hold the texts in \"id\"");
	if (channels == NULL || !is_map(t, channels))
		return;
	for (const struct yaml_node *n = channels->first; n != NULL; n = n->next)
		read_languages(t, n->key, n);
}

struct reply_templates *reply_templates_load(const char *path, const char *name,
					     struct problems *problems)
{
	struct reply_templates *t = xcalloc(1, sizeof(*t));
	const struct yaml_node *root = NULL;
	struct why why;
	*t = (struct reply_templates){ .arena = arena_new(), .problems = problems };
	t->name = arena_strdup(t->arena, name);
	enum jembatan_result r = yaml_load(path, t->name, t->arena, &root, &why);
	if (r != JEMBATAN_OK) {
		problems_add(problems, NULL, 0, "%s", r == JEMBATAN_GONE ?
			     arena_printf(t->arena, "there is no file %s", path) : why.text);
		reply_templates_free(t);
		return NULL;
	}
	read_file(t, root);
	t->problems = NULL;
	return t;
}

void reply_templates_free(struct reply_templates *t)
{
	if (t == NULL)
		return;
	arena_free(t->arena);
	free(t);
}

/* ---- finding ----------------------------------------------------------- */

static const struct texts *set_of(const struct reply_templates *t, const char *connector,
				  const char *language)
{
	const struct texts *set = t->all;
	while (set != NULL && (!str_equal(set->connector, connector) ||
			       !str_equal(set->language, language)))
		set = set->next;
	return set;
}

bool reply_templates_find(const struct reply_templates *t, const char *connector,
			  const char *language, enum reply_event event, int status,
			  struct reply_text *out)
{
	unsigned slot = slot_of(event, status);
	const char *const languages[] = { language, OUR_LANGUAGE };
	for (unsigned i = 0; i < 4 && slot < SLOTS; i++) {
		const struct texts *set = set_of(t, i % 2 == 0 ? connector : NULL, languages[i / 2]);
		if (set == NULL || !set->slots[slot].is_written)
			continue;
		const struct text *text = &set->slots[slot];
		*out = (struct reply_text){ text->subject, text->body };
		return text->body[0] != '\0';
	}
	return false;
}

const char *reply_templates_status(const struct reply_templates *t, const char *language,
				   int status)
{
	const char *const languages[] = { language, OUR_LANGUAGE };
	for (size_t i = 0; i < COUNT_OF(languages) && status >= 0 && status < STATUS_COUNT; i++) {
		const struct texts *set = set_of(t, NULL, languages[i]);
		if (set != NULL && set->statuses[status] != NULL)
			return set->statuses[status];
	}
	return NULL;
}
