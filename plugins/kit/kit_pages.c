/* kit_pages.c: the walk over the pages of a list. The state is the URL of the
 * page to fetch, nothing else. Refuses to walk in circles or to leave the
 * origin. Pure: sends nothing. */
#include <jembatan/kit.h>

#include "base/digest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/poison.h"

#define PAGES_PRESET 10000
#define POSITION_MAX ((int64_t)1 << 53)

const char *const kit_pages_choices[] = {
	"none", "page", "offset", "cursor", "next", "link", NULL
};

struct kit_pages {
	const struct kit_pages_options *options;
	char *url;
	int64_t count;           /* pages seen */
	struct digest last_body; /* of the page before */
	struct digest *seen;     /* URLs fetched, for loops of any length */
};

/* ---- options ---- */

static enum jembatan_result missing(struct jembatan_context *ctx, const char *name)
{
	return jembatan_explain(ctx, JEMBATAN_CONFIG, "%s: paging: %s needs %s",
				jembatan_where(ctx, "paging", NULL),
				jembatan_get_string(ctx, "paging"), name);
}

enum jembatan_result kit_pages_options_get(struct jembatan_context *ctx,
					   struct kit_pages_options *out)
{
	struct kit_pages_options o = {
		.size = sizeof(o),
		.parameter = jembatan_get_string(ctx, "page_parameter"),
		.first = jembatan_get_integer(ctx, "page_first"),
		.limit_parameter = jembatan_get_string(ctx, "page_size_parameter"),
		.limit = jembatan_get_integer(ctx, "page_size"),
		.next_path = jembatan_get_string(ctx, "next_path"),
		.pages_path = jembatan_get_string(ctx, "pages_path"),
		.total_path = jembatan_get_string(ctx, "total_path"),
		.short_ends = jembatan_get_integer(ctx, "short_page_ends") != 0,
		.page_ceiling = jembatan_get_integer(ctx, "page_max"),
	};
	const char *word = jembatan_get_string(ctx, "paging");
	for (unsigned i = 0; word && kit_pages_choices[i]; i++)
		if (str_equal(word, kit_pages_choices[i]))
			o.style = (enum kit_pages_style)i;
	if ((o.style == KIT_PAGES_CURSOR || o.style == KIT_PAGES_NEXT) && !o.next_path)
		return missing(ctx, "next_path");
	*out = o;
	return JEMBATAN_OK;
}

/* ---- the walk ---- */

static const char *parameter(const struct kit_pages_options *o)
{
	if (o->parameter && o->parameter[0])
		return o->parameter;
	return o->style == KIT_PAGES_PAGE     ? "page"
	       : o->style == KIT_PAGES_OFFSET ? "offset"
					      : "cursor";
}

static int64_t ceiling(const struct kit_pages_options *o)
{
	return o->page_ceiling > 0 ? o->page_ceiling : PAGES_PRESET;
}

/* Replace the URL; the old one stays when that cannot be done. */
static bool set_parameter(char **url, const char *name, const char *value)
{
	char *changed = kit_url_with(*url, name, value);
	if (!changed)
		return false;
	free(*url);
	*url = changed;
	return true;
}

static bool set_number(char **url, const char *name, int64_t value)
{
	char text[32];
	snprintf(text, sizeof(text), "%" PRId64, value);
	return set_parameter(url, name, text);
}

static bool has_parameter(const char *url, const char *name)
{
	char *value = kit_url_parameter(url, name);
	free(value);
	return value != NULL;
}

/* The page number or offset that the URL asks for. */
static bool position(const struct kit_pages *p, int64_t *out)
{
	CLEANUP(free_pointer) char *text = kit_url_parameter(p->url, parameter(p->options));
	size_t digits = text ? strspn(text, "0123456789") : 0;
	if (digits == 0 || digits > 15 || text[digits] != '\0')
		return false;
	*out = strtoll(text, NULL, 10);
	return true;
}

struct kit_pages *kit_pages_new(const struct kit_pages_options *o, const char *first_url)
{
	struct kit_pages *p = xcalloc(1, sizeof(*p));
	p->options = o;
	p->url = xstrdup(first_url);
	bool is_counted = o->style == KIT_PAGES_PAGE || o->style == KIT_PAGES_OFFSET;
	if (o->limit > 0 && o->limit_parameter && o->limit_parameter[0] &&
	    !has_parameter(p->url, o->limit_parameter))
		set_number(&p->url, o->limit_parameter, o->limit);
	if (is_counted && !has_parameter(p->url, parameter(o)))
		set_number(&p->url, parameter(o), o->style == KIT_PAGES_PAGE ? o->first : 0);
	return p;
}

void kit_pages_free(struct kit_pages *p)
{
	if (!p)
		return;
	free(p->url);
	free(p->seen);
	free(p);
}

const char *kit_pages_url(const struct kit_pages *p)
{
	return p->url;
}

/* Each style finds the URL of the page after this one: OK with *out_url (the
 * caller frees), IDLE at the end. */
static enum jembatan_result next_counted(const struct kit_pages *p, const struct kit_page *page,
					 char **out_url, struct kit_why *why)
{
	const struct kit_pages_options *o = p->options;
	int64_t at, known;
	bool is_page = o->style == KIT_PAGES_PAGE;
	if (page->record_count == 0)
		return JEMBATAN_IDLE;
	if (o->short_ends && o->limit > 0 && page->record_count < (uint64_t)o->limit)
		return JEMBATAN_IDLE;
	if (!position(p, &at) || at > POSITION_MAX)
		return kit_why_set(why, JEMBATAN_DATA, "the URL of a page has no number in %s",
				   parameter(o));
	/* Offsets advance by what came: a server may give less than was asked. */
	int64_t next = is_page ? at + 1 : at + (int64_t)page->record_count;
	const char *path = is_page ? o->pages_path : o->total_path;
	if (path && path[0] && kit_json_integer(page->root, path, &known) &&
	    (is_page ? next >= known + o->first : next >= known))
		return JEMBATAN_IDLE;
	*out_url = xstrdup(p->url);
	if (set_number(out_url, parameter(o), next))
		return JEMBATAN_OK;
	free(*out_url);
	return kit_why_set(why, JEMBATAN_DATA, "the URL of the next page is too long");
}

static enum jembatan_result next_cursor(const struct kit_pages *p, const struct kit_page *page,
					char **out_url, struct kit_why *why)
{
	char buffer[64];
	const char *cursor = kit_json_id(page->root, p->options->next_path, buffer);
	if (!cursor || cursor[0] == '\0')
		return JEMBATAN_IDLE;
	*out_url = xstrdup(p->url);
	if (set_parameter(out_url, parameter(p->options), cursor))
		return JEMBATAN_OK;
	free(*out_url);
	return kit_why_set(why, JEMBATAN_DATA, "the cursor of the next page is too long");
}

static enum jembatan_result next_named(const struct kit_pages *p, const char *named,
				       char **out_url, struct kit_why *why)
{
	bool trusted;
	if (!named || named[0] == '\0')
		return JEMBATAN_IDLE;
	CLEANUP(free_pointer) char *url = kit_url_join(p->url, named);
	struct kit_why inner = { "it is not a URL" };
	if (!url || kit_guard_url(url, NULL, 0, &trusted, &inner) != JEMBATAN_OK)
		return kit_why_set(why, JEMBATAN_DATA, "the next page named by the answer: %s",
				   inner.text);
	if (!kit_url_same_origin(url, p->url)) {
		CLEANUP(free_pointer) char *shown = kit_url_show(url);
		return kit_why_set(why, JEMBATAN_DATA,
				   "the answer names a next page elsewhere, %s; "
				   "it must have the scheme, host and port of the configured URL",
				   shown);
	}
	*out_url = url;
	url = NULL;
	return JEMBATAN_OK;
}

static enum jembatan_result next_page(const struct kit_pages *p, const struct kit_page *page,
				      char **out_url, struct kit_why *why)
{
	switch (p->options->style) {
	case KIT_PAGES_NONE:
		break;
	case KIT_PAGES_PAGE:
	case KIT_PAGES_OFFSET:
		return next_counted(p, page, out_url, why);
	case KIT_PAGES_CURSOR:
		return next_cursor(p, page, out_url, why);
	case KIT_PAGES_NEXT:
		return next_named(p, kit_json_string(page->root, p->options->next_path), out_url,
				  why);
	case KIT_PAGES_LINK: {
		CLEANUP(free_pointer) char *target = kit_link_next(page->link);
		return next_named(p, target, out_url, why);
	}
	}
	return JEMBATAN_IDLE;
}

static bool was_seen(const struct kit_pages *p, const struct digest *url)
{
	for (int64_t i = 0; i < p->count; i++)
		if (digest_equal(p->seen[i].bytes, url->bytes, DIGEST_SIZE))
			return true;
	return false;
}

enum jembatan_result kit_pages_advance(struct kit_pages *p, const struct kit_page *page,
				       struct kit_why *why)
{
	char *url = NULL;
	struct digest here = digest_sha256(bytes_text(p->url));
	struct digest body = digest_sha256(page->body);
	if (p->count > 0 && page->record_count > 0 &&
	    digest_equal(body.bytes, p->last_body.bytes, DIGEST_SIZE))
		return kit_why_set(why, JEMBATAN_DATA, "two pages in a row are the same: the app "
				   "ignores %s, or repeats its last page (then set pages_path, "
				   "total_path or short_page_ends)", parameter(p->options));
	p->seen = xrealloc(p->seen, (size_t)p->count + 1, sizeof(*p->seen));
	p->seen[p->count++] = here;
	p->last_body = body;
	enum jembatan_result result = next_page(p, page, &url, why);
	if (result != JEMBATAN_OK)
		return result;
	struct digest next = digest_sha256(bytes_text(url));
	free(p->url);
	p->url = url;
	if (was_seen(p, &next))
		return kit_why_set(why, JEMBATAN_DATA, "the pages go in a circle: page %" PRId64
				   " names one that was there before", p->count);
	if (p->count >= ceiling(p->options))
		return kit_why_set(why, JEMBATAN_DATA,
				   "more than %" PRId64 " pages in a row; narrow "
				   "the query or raise page_max",
				   ceiling(p->options));
	return JEMBATAN_OK;
}

/* ---- RFC 8288 ---- */

static const char *skip_blank(const char *s)
{
	return s + strspn(s, " \t");
}

/* A parameter "name=value" or "name="value"" at s; returns what follows it. */
static const char *read_parameter(const char *s, char *name, size_t name_size, char *value,
				  size_t value_size)
{
	size_t n = strcspn(s, "=;, \t");
	snprintf(name, name_size, "%.*s", (int)(n < name_size ? n : 0), s);
	s = skip_blank(s + n);
	value[0] = '\0';
	if (*s != '=')
		return s;
	s = skip_blank(s + 1);
	size_t used = 0;
	bool quoted = *s == '"';
	for (s += quoted; *s && (quoted ? *s != '"' : strchr(";, \t", *s) == NULL); s++) {
		if (quoted && *s == '\\' && s[1])
			s++;
		if (used + 1 < value_size)
			value[used++] = *s;
	}
	value[used] = '\0';
	return *s && quoted ? s + 1 : s;
}

/* rel may hold several words: rel="next last". */
static bool has_word(const char *list, const char *word)
{
	size_t size = strlen(word);
	for (const char *p = list + strspn(list, " "); *p; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");
		if (n == size && strncasecmp(p, word, n) == 0)
			return true;
		p += n;
	}
	return false;
}

char *kit_link_next(const char *link)
{
	char name[32], value[256];
	for (const char *p = link; p && (p = strchr(p, '<')) != NULL;) {
		const char *target = p + 1, *end = strchr(target, '>');
		bool is_next = false, has_rel = false;
		if (!end)
			return NULL;
		for (p = skip_blank(end + 1); *p == ';'; p = skip_blank(p)) {
			p = read_parameter(skip_blank(p + 1), name, sizeof(name), value,
					   sizeof(value));
			/* Only the first rel counts. */
			if (!has_rel && strcasecmp(name, "rel") == 0) {
				has_rel = true;
				is_next = has_word(value, "next");
			}
		}
		if (is_next)
			return xstrndup(target, (size_t)(end - target));
	}
	return NULL;
}
