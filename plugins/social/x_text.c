/* x_text.c: our replies as X takes them, and found again. A link in a reply costs
 * twenty times as much as a reply without one, and X makes links of bare domains. */
#include "social/x_parse.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <utf8proc.h>

#define WEIGHT_MAX 280u
#define ELLIPSIS "\xe2\x80\xa6"
#define ELLIPSIS_WEIGHT 2u
#define REPLY_BYTES ((size_t)16 * 1024)

/* The ends of names that agencies' texts have; X links more, and then says so. */
static const char *const ends[] = {
	"id", "com", "org", "net", "info", "io", "co", "me", "app", "dev", "gov", "edu", "xyz", "link",
	"ly", "tv", "biz", "site", "online", "web", "us", "uk", "sg", "my", "eu", "asia",
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\0';
}

static bool is_host_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.';
}

/* A word that X would make a link of. */
static bool is_link(const char *word, size_t size)
{
	size_t host = 0;

	for (size_t i = 0; i + 2 < size; i++)
		if (strncmp(word + i, "://", 3) == 0)
			return true;
	while (size > 0 && strchr("([\"'", *word)) {
		word++;
		size--;
	}
	while (host < size && is_host_byte(word[host]))
		host++;
	while (host > 0 && word[host - 1] == '.')
		host--;
	for (size_t dot = host; dot > 1; dot--) {
		if (word[dot - 1] != '.')
			continue;
		for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
			if (host - dot == strlen(ends[i]) &&
			    strncasecmp(word + dot, ends[i], host - dot) == 0)
				return true;
		break;
	}
	return false;
}

static void add_without_links(const char *text, struct kit_text *out)
{
	while (*text != '\0') {
		size_t n = 0;

		while (!is_blank(text[n]))
			n++;
		if (n > 0 && !is_link(text, n))
			kit_text_add(out, text, n);
		text += n;
		if (*text != '\0')
			kit_text_add(out, text++, 1);
	}
}

/* X counts most of Latin once, all else twice. */
static unsigned weight_of(utf8proc_int32_t c)
{
	bool is_light = c <= 4351 || (c >= 8192 && c <= 8205) || (c >= 8208 && c <= 8223) ||
			(c >= 8242 && c <= 8247);

	return is_light ? 1 : 2;
}

/* How many bytes have at most this weight; *out_all: that was all. */
static size_t bytes_within(const char *text, unsigned most, bool *out_all)
{
	size_t at = 0;
	unsigned weight = 0;

	*out_all = true;
	while (text[at] != '\0') {
		utf8proc_int32_t c;
		utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)text + at, -1, &c);

		if (n <= 0) {
			n = 1;
			c = 0xfffd;
		}
		weight += weight_of(c);
		if (weight > most) {
			*out_all = false;
			break;
		}
		at += (size_t)n;
	}
	return at;
}

const char *x_reply_text(const char *text, struct kit_arena *arena)
{
	struct kit_text *plain = kit_text_new(REPLY_BYTES);
	bool is_all;

	add_without_links(text, plain);
	char *out = kit_arena_strdup(arena, kit_text_string(plain));
	size_t n = bytes_within(out, WEIGHT_MAX, &is_all);

	kit_text_free(plain);
	while (n > 0 && is_all && is_blank(out[n - 1]))
		out[--n] = '\0';
	if (is_all)
		return out;
	n = bytes_within(out, WEIGHT_MAX - ELLIPSIS_WEIGHT, &is_all);
	for (size_t i = n; i > n / 2; i--)
		if (is_blank(out[i])) {
			n = i;
			break;
		}
	return kit_arena_printf(arena, "%.*s" ELLIPSIS, (int)n, out);
}

/* ---- found again ------------------------------------------------------- */

static const char *skip_names(const char *text)
{
	while (*text == '@') {
		while (!is_blank(*text))
			text++;
		while (*text != '\0' && is_blank(*text))
			text++;
	}
	return text;
}

static char *squeezed(const char *text, struct kit_arena *arena)
{
	char *out = kit_arena_strdup(arena, text);
	size_t n = 0;

	for (; *text != '\0'; text++)
		if ((unsigned char)*text >= 0x80 || (*text >= '0' && *text <= '9') ||
		    (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z'))
			out[n++] = *text;
	out[n] = '\0';
	return out;
}

bool x_is_same_text(const char *ours, const char *shown, struct kit_arena *arena)
{
	char *a = squeezed(ours, arena), *b = squeezed(skip_names(shown), arena);

	return strcmp(a, b) == 0;
}
