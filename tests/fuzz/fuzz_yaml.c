/* fuzz_yaml.c: any bytes as a settings file. What is taken must keep our own
 * limits, and the option tables must cope with whatever shape it has. */
#include "base/digest.h"
#include "base/text.h"
#include "config/schema.h"
#include "config/settings_table.h"
#include "config/yaml.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t check_tree(const struct yaml_node *node, size_t depth)
{
	size_t entries = 0, total = 1;
	ASSERT(node->line >= 1 && node->column >= 1);
	ASSERT(depth <= YAML_DEPTH_MAX);
	if (node->kind == YAML_SCALAR)
		ASSERT(*node->text == '\0' || text_is_utf8(node->text, strlen(node->text)));
	for (const struct yaml_node *e = node->first; e != NULL; e = e->next, entries++) {
		if (node->kind == YAML_MAP)
			ASSERT(yaml_get(node, e->key) == e); /* so no key stands twice */
		total += check_tree(e, depth + 1);
	}
	ASSERT(entries == node->count && entries <= YAML_ENTRIES_MAX);
	return total;
}

static void check_options(const struct jembatan_option *table, const struct yaml_node *root,
			  struct arena *arena)
{
	struct problems problems;
	struct schema_values values;
	problems_init(&problems);
	schema_check(table, root, root, "fuzz.yaml", arena, &problems, &values);
	for (size_t i = 0; i < problems.count; i++)
		ASSERT(text_is_utf8(problems.items[i].text, strlen(problems.items[i].text)));
	schema_done(&values);
	problems_done(&problems);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	const struct yaml_node *root = NULL;
	struct why why = { .text = "" };
	if (yaml_parse(bytes_of(data, size), "fuzz.yaml", arena, &root, &why) == JEMBATAN_OK) {
		ASSERT(check_tree(root, 0) <= YAML_NODES_MAX);
		check_options(settings_table, root, arena);
		check_options(settings_instance_table, root, arena);
	} else {
		ASSERT(strncmp(why.text, "fuzz.yaml:", 10) == 0);
	}
	arena_free(arena);
	return 0;
}
