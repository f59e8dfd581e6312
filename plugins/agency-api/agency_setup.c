/* agency_setup.c: where and how to ask. */
#include "agency-api/agency_setup.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define BLANK "{updated}"

/* ---- headers ----------------------------------------------------------- */

static bool is_printable(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return true;
}

static bool is_token(const char *text)
{
	size_t size = strlen(text);

	return size > 0 &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "0123456789-_.!#$%&'*+^`|~") == size;
}

static enum jembatan_result read_headers(struct agency_setup *s,
					 const char *option)
{
	const char *key, *value;

	for (size_t i = 0; jembatan_get_entry(s->ctx, option, i, &key, &value); i++) {
		if (!is_token(key) || !is_printable(value))
			return jembatan_explain(s->ctx, JEMBATAN_CONFIG,
						"%s: \"%s\" is not a header, or its value "
						"holds a line break",
						jembatan_where(s->ctx, option, key), key);
		if (s->header_count == AGENCY_HEADERS_MAX)
			return jembatan_explain(s->ctx, JEMBATAN_CONFIG,
						"%s: more than %d headers",
						jembatan_where(s->ctx, option, key),
						AGENCY_HEADERS_MAX);
		s->headers[s->header_count++] =
			(struct jembatan_header){ key, value };
	}
	return JEMBATAN_OK;
}

static void add_accept(struct agency_setup *s)
{
	for (size_t i = 0; i < s->header_count; i++)
		if (strcasecmp(s->headers[i].name, "Accept") == 0)
			return;
	if (s->header_count < AGENCY_HEADERS_MAX)
		s->headers[s->header_count++] =
			(struct jembatan_header){ "Accept", "application/json" };
}

/* ---- query ------------------------------------------------------------- */

/* A word in braces that is not ours is a slip; JSON in a filter is not. */
static bool has_unknown_blank(const char *text)
{
	for (const char *p = text; (p = strchr(p, '{')); p++) {
		size_t word = strspn(p + 1, "abcdefghijklmnopqrstuvwxyz_");

		if (word && p[1 + word] == '}' && strncmp(p, BLANK, strlen(BLANK)) != 0)
			return true;
	}
	return false;
}

static enum jembatan_result read_query(struct agency_setup *s)
{
	const char *key, *value;

	for (size_t i = 0; jembatan_get_entry(s->ctx, "query", i, &key, &value); i++) {
		if (has_unknown_blank(value))
			return jembatan_explain(s->ctx, JEMBATAN_CONFIG,
						"%s: %s: the one word in braces that is known "
						"here is " BLANK,
						jembatan_where(s->ctx, "query", key), key);
		s->filtered = s->filtered || strstr(value, BLANK);
	}
	return JEMBATAN_OK;
}

/* Can the address be made at all? */
static enum jembatan_result try_url(const struct agency_setup *s)
{
	char *url = agency_setup_list_url(s, 0);
	bool made = url != NULL;

	free(url);
	if (!made)
		return jembatan_explain(s->ctx, JEMBATAN_CONFIG,
					"%s: url with query is not an address",
					jembatan_where(s->ctx, "url", NULL));
	return JEMBATAN_OK;
}

static enum jembatan_result read_order(struct agency_setup *s)
{
	const char *order = agency_option(s->ctx, "order");

	if (order && strcmp(order, "ascending") == 0)
		s->order = AGENCY_ASCENDING;
	else if (order && strcmp(order, "descending") == 0)
		s->order = AGENCY_DESCENDING;
	if (s->order != AGENCY_UNSORTED && !s->mapping->updated_path)
		return jembatan_explain(s->ctx, JEMBATAN_CONFIG,
					"%s: order: %s needs updated_path",
					jembatan_where(s->ctx, "order", NULL), order);
	if (s->order == AGENCY_ASCENDING && !s->filtered)
		return jembatan_explain(s->ctx, JEMBATAN_CONFIG,
					"%s: order: ascending needs " BLANK " in query, as "
					"in `updated_from: \"" BLANK "\"`",
					jembatan_where(s->ctx, "order", NULL));
	return JEMBATAN_OK;
}

/* ---- details ----------------------------------------------------------- */

static enum jembatan_result add_detail(struct agency_setup *s, const char *name,
				       const char *text)
{
	struct agency_detail *detail = &s->details[s->detail_count];
	const char *where = jembatan_where(s->ctx, "details", name);
	struct kit_why why = { "" };

	if (s->detail_count == AGENCY_DETAILS_MAX)
		return jembatan_explain(s->ctx, JEMBATAN_CONFIG,
					"%s: more than %d details", where,
					AGENCY_DETAILS_MAX);
	if (!is_token(name))
		return jembatan_explain(s->ctx, JEMBATAN_CONFIG,
					"%s: \"%s\" cannot be the name of a member", where,
					name);
	if (agency_template_new(text, &detail->url, &why) != JEMBATAN_OK)
		return jembatan_explain(s->ctx, JEMBATAN_CONFIG, "%s: %s: %s", where,
					name, why.text);
	detail->name = name;
	s->detail_count++;
	return JEMBATAN_OK;
}

static enum jembatan_result read_details(struct agency_setup *s)
{
	enum jembatan_result result = JEMBATAN_OK;
	const char *key, *value;

	for (size_t i = 0; result == JEMBATAN_OK &&
			   jembatan_get_entry(s->ctx, "details", i, &key, &value);
	     i++)
		result = add_detail(s, key, value);
	return result;
}

/* ---- all --------------------------------------------------------------- */

static enum jembatan_result read_remote(struct agency_setup *s)
{
	enum jembatan_result result;

	s->url = agency_option(s->ctx, "url");
	s->updated_format = agency_option(s->ctx, "updated_format");
	if (!s->updated_format)
		s->updated_format = "iso";
	s->overlap_ms = jembatan_get_integer(s->ctx, "overlap");
	s->attachment_base64 = agency_option(s->ctx, "attachment_base64");
	if (!s->url)
		return jembatan_explain(s->ctx, JEMBATAN_CONFIG,
					"url is not set: name the address of the app's list, or a folder "
					"of exports (folder, drop_folder)");
	result = kit_pages_options_get(s->ctx, &s->pages);
	if (result == JEMBATAN_OK)
		result = kit_auth_options_get(s->ctx, &s->auth);
	if (result == JEMBATAN_OK)
		result = read_headers(s, "headers");
	if (result == JEMBATAN_OK)
		result = read_headers(s, "secret_headers");
	if (result == JEMBATAN_OK)
		result = read_query(s);
	if (result == JEMBATAN_OK)
		result = read_order(s);
	if (result == JEMBATAN_OK)
		result = read_details(s);
	if (result == JEMBATAN_OK)
		result = try_url(s);
	return result;
}

enum jembatan_result agency_setup_new(struct jembatan_context *ctx,
				      struct agency_setup **out)
{
	struct agency_setup *s = calloc(1, sizeof(*s));
	enum jembatan_result result;

	if (!s)
		abort();
	s->ctx = ctx;
	result = agency_mapping_new(ctx, &s->mapping);
	if (result == JEMBATAN_OK && agency_option_folder(ctx, NULL))
		s->url = ""; /* attachments only, and those from anywhere */
	else if (result == JEMBATAN_OK)
		result = read_remote(s);
	if (result != JEMBATAN_OK) {
		agency_setup_free(s);
		return result;
	}
	add_accept(s);
	s->auth.token_headers = s->headers;
	s->auth.token_header_count = s->header_count;
	*out = s;
	return JEMBATAN_OK;
}

void agency_setup_free(struct agency_setup *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->detail_count; i++)
		agency_template_free(s->details[i].url);
	agency_mapping_free(s->mapping);
	free(s);
}

/* ---- the list's address ------------------------------------------------ */

static int64_t floor_to(int64_t ms, int64_t unit, int64_t shift)
{
	int64_t rest = (ms + shift) % unit;

	return ms - (rest < 0 ? rest + unit : rest);
}

int64_t agency_setup_asked_ms(const struct agency_setup *s, int64_t since_ms)
{
	if (since_ms < 0)
		since_ms = 0;
	if (strcmp(s->updated_format, "unix_ms") == 0)
		return since_ms;
	if (strcmp(s->updated_format, "date") == 0)
		return floor_to(since_ms, 86400000,
				(int64_t)s->mapping->zone_minutes * 60000);
	return floor_to(since_ms, 1000, 0);
}

static void format_updated(const struct agency_setup *s, int64_t ms, char out[32])
{
	time_t local = (time_t)(ms / 1000 + (int64_t)s->mapping->zone_minutes * 60);
	const char *style = s->updated_format;
	struct tm tm = { 0 };

	(void)gmtime_r(&local, &tm);
	if (strcmp(style, "unix") == 0)
		(void)snprintf(out, 32, "%" PRId64, ms / 1000);
	else if (strcmp(style, "unix_ms") == 0)
		(void)snprintf(out, 32, "%" PRId64, ms);
	else if (strcmp(style, "sql") == 0)
		(void)strftime(out, 32, "%Y-%m-%d %H:%M:%S", &tm);
	else if (strcmp(style, "date") == 0)
		(void)strftime(out, 32, "%Y-%m-%d", &tm);
	else
		kit_time_format_rfc3339(ms, 0, out);
}

/* value with each {updated} filled in. */
static char *fill_value(const char *value, const char *updated)
{
	struct kit_text *text = kit_text_new(65536);
	const char *blank;
	char *out;

	for (; (blank = strstr(value, BLANK)); value = blank + strlen(BLANK)) {
		kit_text_add(text, value, (size_t)(blank - value));
		kit_text_add_string(text, updated);
	}
	kit_text_add_string(text, value);
	out = strdup(kit_text_string(text));
	kit_text_free(text);
	if (!out)
		abort();
	return out;
}

char *agency_setup_list_url(const struct agency_setup *s, int64_t since_ms)
{
	char *url = strdup(s->url);
	const char *key, *value;
	char updated[32] = "";

	format_updated(s, agency_setup_asked_ms(s, since_ms), updated);
	for (size_t i = 0; url && jembatan_get_entry(s->ctx, "query", i, &key, &value);
	     i++) {
		char *filled = fill_value(value, updated);
		char *longer = kit_url_with(url, key, filled);

		free(filled);
		free(url);
		url = longer;
	}
	return url;
}
