/* render.c: from a text and its values to what is sent. One pass: a value that
 * looks like a placeholder stays what it is. */
#include "reply/templates.h"

#include <string.h>

#include "base/text.h"
#include "config/yaml.h"
#include "base/poison.h"

#define SUBJECT_MAX 120u /* grapheme clusters */
#define VALUE_MAX (16u * 1024u)
#define ELLIPSIS "\xE2\x80\xA6"

/* Of a secret report only what a third person may read over a shoulder. */
static bool may_be_told(enum reply_value value)
{
	return value == REPLY_VALUE_REFERENCE || value == REPLY_VALUE_NUMBER ||
	       value == REPLY_VALUE_STATUS || value == REPLY_VALUE_OFFICE;
}

static const char *value_for(const char *name, size_t size, const char *const *values,
			     bool is_secret)
{
	for (unsigned i = 0; i < REPLY_VALUES; i++) {
		const char *known = reply_value_name((enum reply_value)i);
		if (strlen(known) != size || memcmp(known, name, size) != 0)
			continue;
		if (is_secret && !may_be_told((enum reply_value)i))
			return "";
		return values[i] != NULL ? values[i] : "";
	}
	return "";
}

/* False: it names values, and all of them are empty. */
static bool fill_line(const char *line, size_t size, const char *const *values, bool is_secret,
		      struct buf *out)
{
	size_t named = 0, filled = 0;
	for (size_t i = 0; i < size;) {
		const char *end = line[i] == '{' ? memchr(line + i, '}', size - i) : NULL;
		if (end == NULL) {
			buf_add_char(out, line[i++]);
			continue;
		}
		const char *name = line + i + 1;
		const char *value = value_for(name, (size_t)(end - name), values, is_secret);
		named++;
		filled += value[0] != '\0';
		buf_add(out, value, strnlen(value, VALUE_MAX));
		i = (size_t)(end - line) + 1;
	}
	return named == 0 || filled > 0;
}

/* Line by line; what a left-out line leaves behind is one blank line at most. */
static void fill(const char *text, const char *const *values, bool is_secret, struct buf *out)
{
	while (*text != '\0') {
		size_t size = strcspn(text, "\n"), before = out->size;
		bool is_told = fill_line(text, size, values, is_secret, out);
		bool is_blank = out->size == before;
		bool after_blank = before == 0 ||
				   (before >= 2 && memcmp(out->data + before - 2, "\n\n", 2) == 0);
		if (!is_told || (is_blank && after_blank))
			buf_cut(out, before);
		else
			buf_add_char(out, '\n');
		text += size + (text[size] == '\n');
	}
	while (out->size > 0 && out->data[out->size - 1] == '\n')
		buf_cut(out, out->size - 1);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t';
}

void reply_cut(const char *text, size_t max, struct buf *out)
{
	size_t size = strlen(text);
	if (max == 0 || text_count_graphemes(text) <= max) {
		buf_add(out, text, size);
		return;
	}
	size_t cut = text_prefix_graphemes(text, max - 1), word = cut;
	while (word > 0 && !is_blank(text[word]))
		word--;
	/* One endless word is cut where it has to be. */
	if (word > cut / 2)
		cut = word;
	while (cut > 0 && is_blank(text[cut - 1]))
		cut--;
	buf_add(out, text, cut);
	buf_add_text(out, ELLIPSIS);
}

static char *rendered(const char *text, const char *const *values, bool is_secret)
{
	struct buf raw, clean;
	buf_init(&raw, 4 * YAML_FILE_MAX);
	buf_init(&clean, 4 * YAML_FILE_MAX);
	fill(text, values, is_secret, &raw);
	text_clean(raw.data != NULL ? raw.data : "", raw.size, &clean);
	buf_done(&raw);
	return buf_take(&clean);
}

void reply_render_text(const char *text, const char *const values[REPLY_VALUES], bool is_secret,
		       size_t text_max, struct buf *out)
{
	CLEANUP(free_pointer) char *whole = rendered(text, values, is_secret);
	reply_cut(whole, text_max, out);
}

/* It goes into a header: one line, whatever the values hold. */
void reply_render_subject(const char *subject, const char *const values[REPLY_VALUES],
			  bool is_secret, struct buf *out)
{
	CLEANUP(free_pointer) char *whole = rendered(subject, values, is_secret);
	CLEANUP(free_pointer) char *line = text_squeeze(whole);
	CLEANUP(free_pointer) char *safe = text_printable(line, strlen(line));
	text_trim(safe);
	reply_cut(safe, SUBJECT_MAX, out);
}
