/* log.c: one line per event, written with one write(2). */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/poison.h"

#define KEPT_MAX 256u
#define WHERE_MAX 200u
#define TEXT_MAX 1500u
/* Both, each byte escaped, and what stands around them. */
#define LINE_MAX_BYTES 4096u

static struct {
	const char *program;
	enum log_format format;
	enum jembatan_level lowest;
} settings = { "jembatan", LOG_KEY_VALUE, JEMBATAN_INFO };

static struct log_kept kept[KEPT_MAX];
static uint64_t kept_count; /* ever */

void log_init(const char *program, enum log_format format, enum jembatan_level lowest)
{
	settings.program = program;
	settings.format = format;
	settings.lowest = lowest;
}

const char *level_name(enum jembatan_level level)
{
	switch (level) {
	case JEMBATAN_DEBUG:
		return "debug";
	case JEMBATAN_INFO:
		return "info";
	case JEMBATAN_NOTICE:
		return "notice";
	case JEMBATAN_WARNING:
		return "warning";
	case JEMBATAN_ERROR:
		return "error";
	}
	return "error";
}

/* A quoted string that a terminal, a log shipper and a JSON parser all survive,
 * also where snprintf has cut a character in two. */
static void add_quoted(struct buf *b, const char *s, size_t max_bytes)
{
	CLEANUP(free_pointer) char *safe = text_printable(s, max_bytes);
	buf_add_char(b, '"');
	for (const char *p = safe; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			buf_add_char(b, '\\');
		buf_add_char(b, *p);
	}
	buf_add_char(b, '"');
}

/* A conversion that puts in a text. */
static bool takes_text(const char *format)
{
	for (const char *p = strchr(format, '%'); p != NULL; p = strchr(p + 1, '%')) {
		p += 1 + strspn(p + 1, "-+ #0123456789.*hljzt");
		if (*p == '\0' || *p == 's' || *p == 'c')
			return true;
	}
	return false;
}

static void keep(enum jembatan_level level, const char *where, const char *format,
		 const char *text, int64_t now_ms)
{
	struct log_kept *k = &kept[kept_count++ % KEPT_MAX];
	k->time_ms = now_ms;
	k->level = level;
	str_copy(k->where, sizeof(k->where), where);
	str_copy(k->text, sizeof(k->text), takes_text(format) ? format : text);
}

size_t log_kept_count(void)
{
	return kept_count < KEPT_MAX ? (size_t)kept_count : KEPT_MAX;
}

const struct log_kept *log_kept(size_t n)
{
	ASSERT(n < log_kept_count());
	return &kept[(kept_count - log_kept_count() + n) % KEPT_MAX];
}

void log_at(enum jembatan_level level, const char *where, const char *format, ...)
{
	if (level < settings.lowest)
		return;
	char text[TEXT_MAX], time[32];
	va_list ap;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	int64_t now_ms = clock_now_ms();
	clock_format(now_ms, 1, time);
	keep(level, where, format, text, now_ms);

	struct buf line;
	buf_init(&line, LINE_MAX_BYTES);
	if (settings.format == LOG_JSON) {
		buf_printf(&line, "{\"time\":\"%s\",\"level\":\"%s\",\"program\":\"%s\",\"where\":",
			   time, level_name(level), settings.program);
		add_quoted(&line, where, WHERE_MAX);
		buf_add_text(&line, ",\"text\":");
		add_quoted(&line, text, TEXT_MAX);
		buf_add_text(&line, "}\n");
	} else {
		buf_printf(&line, "time=%s level=%s where=", time, level_name(level));
		add_quoted(&line, where, WHERE_MAX);
		buf_add_text(&line, " text=");
		add_quoted(&line, text, TEXT_MAX);
		buf_add_char(&line, '\n');
	}
	/* Nobody to tell when stderr is gone. */
	ssize_t ignored = write(STDERR_FILENO, line.data, line.size);
	(void)ignored;
	buf_done(&line);
}

void log_trouble(struct log_trouble *t, const char *where, const char *sentence)
{
	if (t->count++ == 0)
		t->since_ms = clock_now_ms();
	if ((t->count & (t->count - 1)) != 0)
		return;
	if (t->count == 1)
		log_warning(where, "%s", sentence);
	else
		log_warning(where, "%s (%llu times since this began)", sentence,
			    (unsigned long long)t->count);
}

void log_trouble_over(struct log_trouble *t, const char *where, const char *what)
{
	if (t->count == 0)
		return;
	log_notice(where, "%s works again, after %llu failures in %lld s", what,
		   (unsigned long long)t->count,
		   (long long)((clock_now_ms() - t->since_ms) / 1000));
	*t = (struct log_trouble){ 0 };
}
