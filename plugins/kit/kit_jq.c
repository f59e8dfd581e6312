/* kit_jq.c: jq programs as mappings, on libjq 1.6. The program is the
 * operator's, the record a stranger's: so each run has a CPU limit and a limit
 * on what it puts out, and no error shows what the record says.
 *
 * libjq checks its halt flag before every instruction, and jq_halt only stores
 * three values: it can be called from a signal handler. A virtual timer (user
 * CPU time of this process) does so; a child runs one thread. */
#include <jembatan/kit.h>

#include "base/buf.h"

#include <ctype.h>
#include <jq.h>
#include <jv.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/poison.h"

#define PROGRAM_MAX ((size_t)256 * 1024)
#define RECORD_MAX ((size_t)64 * 1024 * 1024)
#define DEPTH_MAX 100u

/* What could reach outside, or print a record to stderr, is defined away. On
 * the program's first line, so that its line numbers stay right. */
#define PRELUDE "def stderr: .; def debug: .; def input_filename: null; " \
	"def input: error(\"no input\"); def inputs: empty; def env: {}; "

struct kit_jq {
	jq_state *state;
	struct kit_jq_limits limits;
	struct kit_why compile_error;
	bool has_compile_error;
};

/* ---- without environment ---- */

/* libjq reads HOME for ~/.jq, and $ENV; neither is the program's business. */
static char **leave_environment(void)
{
	static char *nothing[] = { NULL };
	char **saved = environ;
	environ = nothing;
	return saved;
}

/* ---- compiling ---- */

/* "jq: error: syntax error, unexpected '}' (...) at <top-level>, line 3:\n..." */
static void on_compile_error(void *self, jv message)
{
	struct kit_jq *q = self;
	jv text_value = jq_format_error(message);
	const char *text =
		jv_get_kind(text_value) == JV_KIND_STRING ? jv_string_value(text_value) : "";
	const char *words = str_starts(text, "jq: error: ") ? text + 11 : text;
	const char *line = strstr(text, ", line ");
	size_t size = strcspn(words, "(\n");
	const char *at = strstr(words, " at <");
	if (at && (size_t)(at - words) < size)
		size = (size_t)(at - words);
	while (size > 0 && words[size - 1] == ' ')
		size--;
	if (!q->has_compile_error)
		(void)kit_why_set(&q->compile_error, JEMBATAN_CONFIG,
				  "the jq program, line %ld: %.*s",
				  line ? strtol(line + 7, NULL, 10) : 1L, (int)size, words);
	q->has_compile_error = true;
	jv_free(text_value);
}

enum jembatan_result kit_jq_new(const char *program, const struct kit_jq_limits *limits,
				struct kit_jq **out, struct kit_why *why)
{
	if (strlen(program) > PROGRAM_MAX)
		return kit_why_set(why, JEMBATAN_CONFIG, "the jq program is larger than 256 KiB");
	if (program[strspn(program, " \t\r\n")] == '\0')
		return kit_why_set(why, JEMBATAN_CONFIG, "the jq program is empty");
	struct kit_jq *q = xcalloc(1, sizeof(*q));
	if (limits)
		q->limits = *limits;
	if (q->limits.cpu_ms <= 0)
		q->limits.cpu_ms = 1000;
	if (q->limits.result_count == 0)
		q->limits.result_count = 1000;
	if (q->limits.result_bytes == 0)
		q->limits.result_bytes = (size_t)8 * 1024 * 1024;
	char **saved = leave_environment();
	q->state = jq_init();
	ASSERT(q->state);
	jq_set_error_cb(q->state, on_compile_error, q);
	jq_set_attr(q->state, jv_string("JQ_LIBRARY_PATH"), jv_array());
	CLEANUP(free_pointer) char *whole = xasprintf(PRELUDE "%s", program);
	int compiled = jq_compile(q->state, whole);
	environ = saved;
	if (compiled) {
		*out = q;
		return JEMBATAN_OK;
	}
	if (!q->has_compile_error)
		(void)kit_why_set(&q->compile_error, JEMBATAN_CONFIG,
				  "the jq program is not valid");
	enum jembatan_result result =
		kit_why_set(why, JEMBATAN_CONFIG, "%s", q->compile_error.text);
	kit_jq_free(q);
	return result;
}

void kit_jq_free(struct kit_jq *q)
{
	if (!q)
		return;
	jq_teardown(&q->state);
	free(q);
}

/* ---- results: jv to jansson ---- */

struct converter {
	size_t left; /* bytes */
	unsigned depth;
	bool is_over;
};

static json_t *convert(struct converter *c, jv value);

static json_t *convert_number(double number)
{
	if (!isfinite(number))
		return json_null();
	/* The bound is exact: up to here every integer has its own double. */
	if (number == floor(number) && fabs(number) <= 9007199254740992.0)
		return json_integer((json_int_t)number);
	return json_real(number);
}

static bool spend(struct converter *c, size_t bytes)
{
	if (bytes > c->left)
		c->is_over = true;
	else
		c->left -= bytes;
	return !c->is_over;
}

static json_t *convert_string(struct converter *c, jv value)
{
	int size = jv_string_length_bytes(jv_copy(value));
	if (size < 0 || !spend(c, (size_t)size + 16))
		return NULL;
	/* A NUL would hide what follows from readers of C strings. */
	const char *text = jv_string_value(value);
	if (!memchr(text, '\0', (size_t)size))
		return json_stringn(text, (size_t)size);
	char *without = xmalloc((size_t)size + 1);
	size_t n = 0;
	for (int i = 0; i < size; i++)
		if (text[i] != '\0')
			without[n++] = text[i];
	json_t *out = json_stringn(without, n);
	free(without);
	return out;
}

static json_t *convert_array(struct converter *c, jv value)
{
	json_t *out = json_array();
	int count = jv_array_length(jv_copy(value));
	for (int i = 0; i < count && !c->is_over; i++) {
		jv element = jv_array_get(jv_copy(value), i);
		json_t *converted = convert(c, element);
		jv_free(element);
		if (converted)
			json_array_append_new(out, converted);
	}
	return out;
}

static json_t *convert_object(struct converter *c, jv value)
{
	json_t *out = json_object();
	for (int i = jv_object_iter(value); jv_object_iter_valid(value, i) && !c->is_over;
	     i = jv_object_iter_next(value, i)) {
		jv key = jv_object_iter_key(value, i);
		jv element = jv_object_iter_value(value, i);
		json_t *converted = NULL;
		if (spend(c, (size_t)jv_string_length_bytes(jv_copy(key)) + 16))
			converted = convert(c, element);
		if (converted)
			json_object_set_new(out, jv_string_value(key), converted);
		jv_free(key);
		jv_free(element);
	}
	return out;
}

/* Borrows value. NULL only when the limit is reached. */
static json_t *convert(struct converter *c, jv value)
{
	json_t *out = NULL;
	if (!spend(c, 16))
		return NULL;
	if (c->depth >= DEPTH_MAX) {
		c->is_over = true;
		return NULL;
	}
	c->depth++;
	switch (jv_get_kind(value)) {
	case JV_KIND_INVALID:
	case JV_KIND_NULL:
		out = json_null();
		break;
	case JV_KIND_FALSE:
		out = json_false();
		break;
	case JV_KIND_TRUE:
		out = json_true();
		break;
	case JV_KIND_NUMBER:
		out = convert_number(jv_number_value(value));
		break;
	case JV_KIND_STRING:
		out = convert_string(c, value);
		break;
	case JV_KIND_ARRAY:
		out = convert_array(c, value);
		break;
	case JV_KIND_OBJECT:
		out = convert_object(c, value);
		break;
	}
	c->depth--;
	return out;
}

/* ---- the CPU limit ---- */

static jq_state *volatile running;
static volatile sig_atomic_t ran_out;

static void on_timer(int signal_number)
{
	(void)signal_number;
	jq_state *state = running;
	if (!state || jq_halted(state))
		return;
	ran_out = 1;
	jq_halt(state, jv_null(), jv_null());
}

static void arm(jq_state *state, int64_t cpu_ms, struct sigaction *saved)
{
	struct sigaction action = { .sa_handler = on_timer, .sa_flags = SA_RESTART };
	struct itimerval timer = { .it_value = { cpu_ms / 1000, cpu_ms % 1000 * 1000 } };
	sigemptyset(&action.sa_mask);
	ran_out = 0;
	running = state;
	ASSERT(sigaction(SIGVTALRM, &action, saved) == 0);
	ASSERT(setitimer(ITIMER_VIRTUAL, &timer, NULL) == 0);
}

static void disarm(const struct sigaction *saved)
{
	struct itimerval none = { { 0, 0 }, { 0, 0 } };
	ASSERT(setitimer(ITIMER_VIRTUAL, &none, NULL) == 0);
	running = NULL;
	ASSERT(sigaction(SIGVTALRM, saved, NULL) == 0);
}

/* ---- running ---- */

static bool is_name(const char *s, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (!isalnum((unsigned char)s[i]) && !strchr("_-.", s[i]))
			return false;
	return size > 0 && size <= 40;
}

/* libjq's own messages, without the values that they quote: what stands in
 * brackets goes, what stands in quotes stays only if it looks like a key. */
static void redact(const char *message, struct buf *out)
{
	const char *open = strchr(message, '('), *close = strrchr(message, ')');
	for (const char *p = message; *p; p++) {
		if (p == open && close) {
			buf_add_text(out, "(...)");
			p = close;
		} else if (*p == '"') {
			size_t n = strcspn(p + 1, "\"");
			if (is_name(p + 1, n))
				buf_printf(out, "\"%.*s\"", (int)n, p + 1);
			else
				buf_add_text(out, "\"...\"");
			p += p[n + 1] ? n + 1 : n;
		} else {
			buf_add_char(out, *p);
		}
	}
}

/* error(...) may carry the citizen's words: only what libjq itself says is
 * shown, known by how it begins. */
static enum jembatan_result explain_error(jv message, struct kit_why *why)
{
	static const char *const own[] = {
		"Cannot ",
		"null (",
		"boolean (",
		"number (",
		"string (",
		"array (",
		"object (",
		"Invalid numeric literal",
		"Object keys must be strings",
		"null and ",
		"string and ",
		"number and ",
		"array and ",
		"object and ",
		"boolean and ",
	};
	enum jembatan_result result = JEMBATAN_DATA;
	bool is_own = false;
	const char *text = jv_get_kind(message) == JV_KIND_STRING ? jv_string_value(message) : "";
	for (size_t i = 0; i < COUNT_OF(own); i++)
		is_own = is_own || str_starts(text, own[i]);
	if (is_own) {
		CLEANUP(buf_done) struct buf shown;
		buf_init(&shown, 300);
		redact(text, &shown);
		(void)kit_why_set(why, result, "the jq program fails on this record: %s",
				  shown.size > 0 ? shown.data : "");
	} else {
		(void)kit_why_set(why, result,
				  "the jq program ends with an error of its own on this "
				  "record");
	}
	jv_free(message);
	return result;
}

static enum jembatan_result collect(struct kit_jq *q, json_t *results, struct kit_why *why)
{
	struct converter converter = { .left = q->limits.result_bytes };
	for (;;) {
		jv value = jq_next(q->state);
		if (!jv_is_valid(value)) {
			if (jv_invalid_has_msg(jv_copy(value)))
				return explain_error(jv_invalid_get_msg(value), why);
			jv_free(value);
			break;
		}
		if (json_array_size(results) >= q->limits.result_count) {
			jv_free(value);
			return kit_why_set(why, JEMBATAN_DATA, "the jq program gives more than %zu "
					   "results for one record", q->limits.result_count);
		}
		json_t *converted = convert(&converter, value);
		jv_free(value);
		if (converted)
			json_array_append_new(results, converted);
		if (converter.is_over)
			return kit_why_set(why, JEMBATAN_DATA,
					   "the jq program gives more than %zu bytes "
					   "for one record, or nests too deeply",
					   q->limits.result_bytes);
	}
	if (ran_out)
		return kit_why_set(why, JEMBATAN_DATA,
				   "the jq program needs more than %lld ms of CPU "
				   "time for one record",
				   (long long)q->limits.cpu_ms);
	return JEMBATAN_OK;
}

static enum jembatan_result parse(struct jembatan_bytes record, jv *out, struct kit_why *why)
{
	if (record.size > RECORD_MAX)
		return kit_why_set(why, JEMBATAN_DATA, "the record is larger than 64 MiB");
	struct kit_text *quoted = kit_text_new(record.size + record.size / 4 + 16);
	kit_numbers_quote(record, quoted);
	struct jembatan_bytes text = kit_text_bytes(quoted);
	jv value = jv_parse_sized(text.size > 0 ? text.data : "", (int)text.size);
	kit_text_free(quoted);
	if (jv_is_valid(value)) {
		*out = value;
		return JEMBATAN_OK;
	}
	jv_free(value);
	return kit_why_set(why, JEMBATAN_DATA, "the record is not JSON");
}

enum jembatan_result kit_jq_run(struct kit_jq *q, struct jembatan_bytes record, json_t **out,
				struct kit_why *why)
{
	jv input;
	struct sigaction saved;
	enum jembatan_result result = parse(record, &input, why);
	if (result != JEMBATAN_OK)
		return result;
	json_t *results = json_array();
	char **environment = leave_environment();
	jq_start(q->state, input, 0);
	arm(q->state, q->limits.cpu_ms, &saved);
	result = collect(q, results, why);
	disarm(&saved);
	environ = environment;
	if (result == JEMBATAN_OK)
		*out = results;
	else
		json_decref(results);
	return result;
}
