/* log.h: one line per event on stderr, key=value or JSON. Control characters
 * and escapes are neutralised; citizens' words do not belong here. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/mem.h"
#include <jembatan/connector.h>

enum log_format { LOG_KEY_VALUE, LOG_JSON };

void log_init(const char *program, enum log_format format,
	      enum jembatan_level lowest);

/* where: the room or instance that speaks ("central", "mail-dinas"). */
void log_at(enum jembatan_level level, const char *where, const char *format, ...)
	PRINTF_LIKE(3, 4);

#define log_debug(...) log_at(JEMBATAN_DEBUG, __VA_ARGS__)
#define log_info(...) log_at(JEMBATAN_INFO, __VA_ARGS__)
#define log_notice(...) log_at(JEMBATAN_NOTICE, __VA_ARGS__)
#define log_warning(...) log_at(JEMBATAN_WARNING, __VA_ARGS__)
#define log_error(...) log_at(JEMBATAN_ERROR, __VA_ARGS__)

/* Complain once, then ever more rarely, then say that it is over. One per
 * trouble; zero it. log_trouble logs the 1st, 2nd, 4th, 8th ... time. */
struct log_trouble {
	uint64_t count;
	int64_t since_ms;
};
void log_trouble(struct log_trouble *t, const char *where, const char *sentence);
void log_trouble_over(struct log_trouble *t, const char *where, const char *what);

/* The last lines, oldest first, for a support bundle. A line into which a text
 * was put is kept as its pattern ("%s: %s"): nothing of anybody is in it. */
struct log_kept {
	int64_t time_ms;
	enum jembatan_level level;
	char where[48], text[200];
};
size_t log_kept_count(void);
const struct log_kept *log_kept(size_t n);

const char *level_name(enum jembatan_level level);

#endif
