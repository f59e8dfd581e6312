/* problem.c: the list of what is wrong with a configuration. */
#include "config/problem.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/text.h"
#include "base/poison.h"

void problems_init(struct problems *p)
{
	*p = (struct problems){ 0 };
}

void problems_done(struct problems *p)
{
	for (size_t i = 0; i < p->count; i++) {
		free(p->items[i].file);
		free(p->items[i].text);
	}
	free(p->items);
	*p = (struct problems){ 0 };
}

void problems_add(struct problems *p, const char *file, unsigned line, const char *format, ...)
{
	char text[1024];
	va_list ap;

	if (p->count == PROBLEMS_MAX) {
		p->dropped++;
		return;
	}
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	p->items = xrealloc(p->items, p->count + 1, sizeof(*p->items));
	/* A plugin may have said it, or a server to a plugin. */
	p->items[p->count++] = (struct problem){ xstrdup(file), line,
						 text_printable(text, sizeof(text)) };
}

char *problem_text(const struct problem *p)
{
	if (p->file == NULL)
		return xstrdup(p->text);
	if (p->line == 0)
		return xasprintf("%s: %s", p->file, p->text);
	return xasprintf("%s:%u: %s", p->file, p->line, p->text);
}

void problems_print(const struct problems *p, FILE *out)
{
	for (size_t i = 0; i < p->count; i++) {
		CLEANUP(free_pointer) char *text = problem_text(&p->items[i]);

		fprintf(out, "%s\n", text);
	}
	if (p->dropped > 0)
		fprintf(out, "and %zu more\n", p->dropped);
}
