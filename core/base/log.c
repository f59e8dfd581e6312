/* log.c: one line per event, written with one write(2). */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/poison.h"

#define LINE_MAX_BYTES 4096u

static struct {
	const char *program;
	enum log_format format;
	enum jembatan_level lowest;
} settings = { "jembatan", LOG_KEY_VALUE, JEMBATAN_INFO };

void
log_init(const char *program, enum log_format format, enum jembatan_level lowest)
{
	settings.program = program;
	settings.format = format;
	settings.lowest = lowest;
}

const char *
level_name(enum jembatan_level level)
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

/* A quoted string that a terminal, a log shipper and a JSON parser all survive:
 * controls (C0, DEL, C1) and bidi overrides become "?". */
static void
add_quoted(struct buf *b, const char *s)
{
	buf_add_char(b, '"');
	for (const unsigned char *p = (const unsigned char *)s; *p != '\0'; p++) {
		bool c1 = p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0;
		bool bidi = p[0] == 0xe2 && ((p[1] == 0x80 && p[2] >= 0xaa && p[2] <= 0xae) ||
					     (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9));
		if (*p == '"' || *p == '\\') {
			buf_add_char(b, '\\');
			buf_add_char(b, (char)*p);
		} else if (*p < 0x20 || *p == 0x7f) {
			buf_add_char(b, *p == '\n' || *p == '\t' ? ' ' : '?');
		} else if (c1 || bidi) {
			buf_add_char(b, '?');
			p += c1 ? 1 : 2;
		} else {
			buf_add_char(b, (char)*p);
		}
	}
	buf_add_char(b, '"');
}

void
log_at(enum jembatan_level level, const char *where, const char *format, ...)
{
	if (level < settings.lowest)
		return;
	char text[1500], time[32];
	va_list ap;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	clock_format(clock_now_ms(), 1, time);

	struct buf line;
	buf_init(&line, LINE_MAX_BYTES);
	if (settings.format == LOG_JSON) {
		buf_printf(&line, "{\"time\":\"%s\",\"level\":\"%s\",\"program\":\"%s\",\"where\":",
			   time, level_name(level), settings.program);
		add_quoted(&line, where);
		buf_add_text(&line, ",\"text\":");
		add_quoted(&line, text);
		buf_add_text(&line, "}\n");
	} else {
		buf_printf(&line, "time=%s level=%s where=", time, level_name(level));
		add_quoted(&line, where);
		buf_add_text(&line, " text=");
		add_quoted(&line, text);
		buf_add_char(&line, '\n');
	}
	/* Nobody to tell when stderr is gone. */
	ssize_t ignored = write(STDERR_FILENO, line.data, line.size);
	(void)ignored;
	buf_done(&line);
}

void
log_trouble(struct log_trouble *t, const char *where, const char *sentence)
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

void
log_trouble_over(struct log_trouble *t, const char *where, const char *what)
{
	if (t->count == 0)
		return;
	log_notice(where, "%s works again, after %llu failures in %lld s", what,
		   (unsigned long long)t->count,
		   (long long)((clock_now_ms() - t->since_ms) / 1000));
	*t = (struct log_trouble){ 0 };
}
