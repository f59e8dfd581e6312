/* html.c: what a reader would see of a piece of HTML, as text. libxml2's
 * HTML parser builds a tree (no network, no DTD, no limits lifted); one walk
 * over it writes. Limits: input bytes, depth, and the ceiling of out. */
#include "base/html.h"

#include "base/text.h"

#include <libxml/HTMLparser.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/poison.h"

#define INPUT_MAX ((size_t)16 * 1024 * 1024)
#define DEPTH_MAX 200u
#define QUOTES_MAX 20u
#define BREAKS_MAX 3u

/* Blank lines are owed, not written: they vanish at the ends and never pile up. */
struct writer {
	struct buf *out;
	unsigned newlines; /* owed before the next word */
	bool space;        /* owed */
	bool has_text;     /* anything was written */
	bool cell_is_new;  /* in a table cell before its first word */
	unsigned quotes;   /* depth of blockquote */
	unsigned quotes_before; /* that of the last line written */
	unsigned pre;      /* depth of pre: white space counts */
	unsigned depth;
};

static void owe_newlines(struct writer *w, unsigned count)
{
	/* A block that opens a cell must not tear the row apart. */
	if (w->cell_is_new)
		return;
	if (w->newlines < count)
		w->newlines = count;
	w->space = false;
}

static void owe_break(struct writer *w)
{
	if (w->newlines < BREAKS_MAX)
		w->newlines++;
	w->space = false;
}

static void pay(struct writer *w)
{
	if (!w->has_text)
		w->newlines = 0;
	unsigned common = w->quotes < w->quotes_before ? w->quotes : w->quotes_before;
	for (unsigned i = 0; i < w->newlines; i++) {
		buf_add(w->out, "\n", 1);
		for (unsigned q = 0; q < common && i + 1 < w->newlines; q++)
			buf_add(w->out, ">", 1);
	}
	if (w->newlines > 0 || !w->has_text)
		for (unsigned q = 0; q < w->quotes; q++)
			buf_add(w->out, "> ", 2);
	if (w->newlines == 0 && w->space && w->has_text)
		buf_add(w->out, " ", 1);
	w->newlines = 0;
	w->space = false;
	w->has_text = true;
	w->cell_is_new = false;
	w->quotes_before = w->quotes;
}

/* NBSP and the like; zero-width characters, with which preheaders are padded,
 * count as nothing (size in *out_skip). */
static bool is_blank_at(const unsigned char *p, size_t *out_size)
{
	*out_size = 1;
	if (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r' || *p == '\f')
		return true;
	*out_size = 2;
	return p[0] == 0xc2 && p[1] == 0xa0;
}

static size_t invisible_at(const unsigned char *p)
{
	if (p[0] == 0xc2 && p[1] == 0xad) /* soft hyphen */
		return 2;
	if (p[0] == 0xe2 && p[1] == 0x80 && (p[2] == 0x8b || p[2] == 0x8c)) /* ZWSP, ZWNJ */
		return 3;
	if (p[0] == 0xcd && p[1] == 0x8f) /* combining grapheme joiner */
		return 2;
	return p[0] == 0xef && p[1] == 0xbb && p[2] == 0xbf ? 3 : 0; /* BOM */
}

static void write_text(struct writer *w, const char *given)
{
	/* libxml2 lets bytes through that are no UTF-8. */
	CLEANUP(buf_done) struct buf cleaned;
	size_t size = strlen(given);
	buf_init(&cleaned, size * 3 + 16);
	if (!text_is_utf8(given, size))
		text_clean(given, size, &cleaned);
	const char *text = cleaned.size > 0 ? cleaned.data : given;
	for (const unsigned char *p = (const unsigned char *)text;
	     *p && !buf_is_full(w->out);) {
		size_t skip = invisible_at(p);
		if (skip > 0) {
			p += skip;
		} else if (w->pre > 0 && *p == '\n') {
			owe_break(w);
			p++;
		} else if (is_blank_at(p, &size)) {
			w->space = true;
			p += size;
		} else {
			pay(w);
			const unsigned char *end = p;
			while (*end && !is_blank_at(end, &size) && invisible_at(end) == 0)
				end++;
			buf_add(w->out, p, (size_t)(end - p));
			p = end;
		}
	}
}

/* ---- elements ---- */

enum element {
	INLINE,
	BLOCK,
	PARAGRAPH,
	DROPPED,
	BREAK,
	RULE,
	ITEM,
	QUOTE,
	ROW,
	CELL,
	LINK,
	IMAGE,
	PRE
};

static const struct {
	const char *name;
	enum element kind;
} elements[] = {
	{ "address", BLOCK },	 { "article", PARAGRAPH },
	{ "aside", PARAGRAPH },	 { "center", BLOCK },
	{ "dd", BLOCK },	 { "div", BLOCK },
	{ "dl", PARAGRAPH },	 { "dt", BLOCK },
	{ "fieldset", BLOCK },	 { "footer", BLOCK },
	{ "form", BLOCK },	 { "h1", PARAGRAPH },
	{ "h2", PARAGRAPH },	 { "h3", PARAGRAPH },
	{ "h4", PARAGRAPH },	 { "h5", PARAGRAPH },
	{ "h6", PARAGRAPH },	 { "header", BLOCK },
	{ "main", BLOCK },	 { "nav", BLOCK },
	{ "ol", PARAGRAPH },	 { "p", PARAGRAPH },
	{ "section", BLOCK },	 { "table", PARAGRAPH },
	{ "ul", PARAGRAPH },	 { "tr", ROW },
	{ "td", CELL },		 { "th", CELL },
	{ "li", ITEM },		 { "blockquote", QUOTE },
	{ "br", BREAK },	 { "hr", RULE },
	{ "a", LINK },		 { "img", IMAGE },
	{ "pre", PRE },		 { "head", DROPPED },
	{ "script", DROPPED },	 { "style", DROPPED },
	{ "title", DROPPED },	 { "noscript", INLINE },
	{ "template", DROPPED }, { "object", DROPPED },
	{ "embed", DROPPED },	 { "svg", DROPPED },
	{ "math", DROPPED },	 { "iframe", DROPPED },
	{ "select", DROPPED },	 { "button", INLINE },
	{ "textarea", DROPPED }, { "audio", DROPPED },
	{ "video", DROPPED },
};

static enum element element_of(const xmlNode *node)
{
	for (size_t i = 0; i < COUNT_OF(elements); i++)
		if (strcasecmp((const char *)node->name, elements[i].name) == 0)
			return elements[i].kind;
	return INLINE;
}

static char *attribute(const xmlNode *node, const char *name)
{
	xmlChar *value = xmlGetProp(node, (const xmlChar *)name);
	char *out = value ? xstrdup((const char *)value) : NULL;
	xmlFree(value);
	return out;
}

/* "display : none", "mso-hide:all" and the like, white space taken out. */
static bool is_hidden(const xmlNode *node)
{
	static const char *const signs[] = { "display:none", "visibility:hidden", "mso-hide:all",
					     "font-size:0px", "font-size:0;", "max-height:0px",
					     "max-height:0;", "opacity:0;" };
	if (xmlHasProp(node, (const xmlChar *)"hidden"))
		return true;
	CLEANUP(free_pointer) char *style = attribute(node, "style");
	if (!style)
		return false;
	size_t n = 0;
	char tight[1024];
	for (const char *p = style; *p && n + 2 < sizeof(tight); p++)
		if (!strchr(" \t\r\n", *p))
			tight[n++] = (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
	tight[n++] = ';'; /* so that the last one ends like the others */
	tight[n] = '\0';
	for (size_t i = 0; i < COUNT_OF(signs); i++)
		if (strstr(tight, signs[i]))
			return true;
	return false;
}

static void walk(struct writer *w, const xmlNode *first);

/* "text (url)", only where the text is not the address already. */
static void write_link(struct writer *w, const xmlNode *node)
{
	size_t before = w->out->size;
	walk(w, node->children);
	CLEANUP(free_pointer) char *href = attribute(node, "href");
	bool shown = href && (strncasecmp(href, "http://", 7) == 0 ||
			      strncasecmp(href, "https://", 8) == 0);
	bool mail =
		href && (strncasecmp(href, "mailto:", 7) == 0 || strncasecmp(href, "tel:", 4) == 0);
	if ((!shown && !mail) || strlen(href) > 2048)
		return;
	const char *bare = mail ? strchr(href, ':') + 1 : href;
	const char *host = shown ? strstr(href, "//") + 2 : bare;
	const char *written = w->out->data ? w->out->data + before : "";
	size_t host_size = strlen(host);
	while (host_size > 0 && host[host_size - 1] == '/')
		host_size--;
	CLEANUP(free_pointer) char *needle = xstrndup(host, host_size);
	if (needle[0] == '\0' || strcasestr(written, needle))
		return;
	bool has_words = written[strspn(written, " \n>")] != '\0';
	w->space = has_words && w->newlines == 0;
	CLEANUP(free_pointer) char *text = xasprintf(has_words ? "(%s)" : "%s", bare);
	write_text(w, text);
}

static void write_image(struct writer *w, const xmlNode *node)
{
	CLEANUP(free_pointer) char *alt = attribute(node, "alt");
	if (!alt || alt[strspn(alt, " \t\r\n")] == '\0')
		return;
	CLEANUP(free_pointer) char *text = xasprintf("[%s]", alt);
	write_text(w, text);
}

static void write_quote(struct writer *w, const xmlNode *node)
{
	bool deeper = w->quotes < QUOTES_MAX;
	owe_newlines(w, 2);
	w->quotes += deeper;
	walk(w, node->children);
	owe_newlines(w, 2);
	w->quotes -= deeper;
}

static bool is_cell(const xmlNode *node)
{
	return node->type == XML_ELEMENT_NODE && element_of(node) == CELL;
}

static bool has_cell_beside(const xmlNode *node, bool before)
{
	const xmlNode *n = before ? node->prev : node->next;
	while (n && !is_cell(n))
		n = before ? n->prev : n->next;
	return n != NULL;
}

static void write_cell(struct writer *w, const xmlNode *node)
{
	if (has_cell_beside(node, true) && w->newlines == 0 && w->has_text) {
		buf_add(w->out, " |", 2);
		w->space = true;
	}
	w->cell_is_new = true;
	walk(w, node->children);
	w->cell_is_new = false;
	if (has_cell_beside(node, false) && w->newlines > 0 && w->has_text) {
		w->newlines = 0;
		w->space = true;
	}
}

static void write_block(struct writer *w, const xmlNode *node, unsigned newlines)
{
	owe_newlines(w, newlines);
	walk(w, node->children);
	owe_newlines(w, newlines);
}

static void write_element(struct writer *w, const xmlNode *node)
{
	switch (element_of(node)) {
	case DROPPED:
		break;
	case BREAK:
		owe_break(w);
		break;
	case RULE:
		owe_newlines(w, 1);
		write_text(w, "---");
		owe_newlines(w, 1);
		break;
	case ITEM:
		owe_newlines(w, 1);
		write_text(w, "-");
		w->space = true;
		walk(w, node->children);
		owe_newlines(w, 1);
		break;
	case QUOTE:
		write_quote(w, node);
		break;
	case ROW:
	case BLOCK:
		write_block(w, node, 1);
		break;
	case PARAGRAPH:
		write_block(w, node, 2);
		break;
	case PRE:
		w->pre++;
		write_block(w, node, 2);
		w->pre--;
		break;
	case CELL:
		write_cell(w, node);
		break;
	case LINK:
		write_link(w, node);
		break;
	case IMAGE:
		write_image(w, node);
		break;
	case INLINE:
		walk(w, node->children);
		break;
	}
}

static void walk(struct writer *w, const xmlNode *first)
{
	if (w->depth >= DEPTH_MAX)
		return;
	w->depth++;
	for (const xmlNode *n = first; n && !buf_is_full(w->out); n = n->next) {
		bool is_text = n->type == XML_TEXT_NODE || n->type == XML_CDATA_SECTION_NODE;
		if (is_text && n->content)
			write_text(w, (const char *)n->content);
		else if (n->type == XML_ELEMENT_NODE && !is_hidden(n))
			write_element(w, n);
	}
	w->depth--;
}

static void free_document(xmlDoc **doc)
{
	xmlFreeDoc(*doc);
}

/* What the parser gets: a NUL, or bytes that claim to be UTF-8 and are not,
 * would end the parse there. */
static void clean(struct jembatan_bytes html, const char **charset, struct buf *out)
{
	const char *data = html.data;
	if (text_is_utf8(data, html.size)) {
		if (!*charset)
			*charset = "utf-8";
		buf_add(out, data, html.size);
	} else if (*charset && strcasecmp(*charset, "utf-8") == 0) {
		text_clean(data, html.size, out);
	} else if (*charset) {
		buf_add(out, data, html.size); /* may be UTF-16 */
	} else {
		for (size_t i = 0; i < html.size; i++)
			if (data[i] != '\0')
				buf_add_char(out, data[i]);
	}
}

enum jembatan_result html_text(struct jembatan_bytes html, const char *charset, struct buf *out)
{
	const int flags = HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING |
			  HTML_PARSE_NONET | HTML_PARSE_COMPACT;
	if (html.size == 0)
		return JEMBATAN_OK;
	if (html.size > INPUT_MAX)
		return JEMBATAN_DATA;
	CLEANUP(buf_done) struct buf cleaned;
	buf_init(&cleaned, html.size * 3 + 16);
	clean(html, &charset, &cleaned);
	CLEANUP(free_document)
	xmlDoc *doc = htmlReadMemory(cleaned.size > 0 ? cleaned.data : "", (int)cleaned.size, NULL,
				     charset, flags);
	if (!doc)
		return JEMBATAN_DATA;
	struct writer w = { .out = out };
	walk(&w, doc->children);
	return JEMBATAN_OK;
}
