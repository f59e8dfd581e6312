/* faults.c: see faults.h. A plan is drawn under the lock; what it does to a
 * request happens outside. */
#include "faults.h"

#include "base/clock.h"
#include "base/jx.h"

#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/poison.h"

#define SPEC_BYTES_MAX 200u
#define FAULTS_MAX 64u
#define ARGUMENT_MAX 3600000u

enum cue { CUE_ALWAYS, CUE_EVERY, CUE_FIRST, CUE_NTH, CUE_CHANCE };

struct fault_name {
	const char *name;
	enum faults_kind kind;
	unsigned owner;
	unsigned status;
	unsigned number;     /* the default; 0: no number may be given */
	const char *choices; /* words, between spaces; the first is the default */
	const char *where;   /* an operation, when the spec names none */
};

struct fault {
	char *spec;
	const struct fault_name *name;
	unsigned argument;
	char word[16];
	char *where; /* NULL: anywhere */
	enum cue cue;
	double amount;
	uint64_t seen;
	uint64_t fired;
};

struct faults {
	pthread_mutex_t lock;
	enum faults_owner owner;
	const char *const *operations;
	uint64_t random;
	struct fault list[FAULTS_MAX];
	size_t count;
};

static const struct fault_name NAMES[] = {
	{ .name = "commit-500", .kind = FAULTS_COMMIT_500, .owner = FAULTS_OF_CENTRE },
	{ .name = "commit-hang", .kind = FAULTS_COMMIT_HANG, .owner = FAULTS_OF_CENTRE },
	{ .name = "commit-close", .kind = FAULTS_COMMIT_CLOSE, .owner = FAULTS_OF_CENTRE },
	{ .name = "close", .kind = FAULTS_CLOSE, .owner = FAULTS_OF_BOTH },
	{ .name = "hang", .kind = FAULTS_HANG, .owner = FAULTS_OF_BOTH },
	{ .name = "429-date", .kind = FAULTS_RETRY_DATE, .owner = FAULTS_OF_BOTH,
	  .status = 429, .number = 1 },
	{ .name = "429", .kind = FAULTS_RETRY_AFTER, .owner = FAULTS_OF_BOTH,
	  .status = 429, .number = 1 },
	{ .name = "503-date", .kind = FAULTS_RETRY_DATE, .owner = FAULTS_OF_BOTH,
	  .status = 503, .number = 1 },
	{ .name = "503", .kind = FAULTS_RETRY_AFTER, .owner = FAULTS_OF_BOTH,
	  .status = 503, .number = 1 },
	{ .name = "400", .kind = FAULTS_STATUS, .owner = FAULTS_OF_BOTH, .status = 400 },
	{ .name = "401", .kind = FAULTS_STATUS, .owner = FAULTS_OF_BOTH, .status = 401 },
	{ .name = "403", .kind = FAULTS_STATUS, .owner = FAULTS_OF_BOTH, .status = 403 },
	{ .name = "404", .kind = FAULTS_STATUS, .owner = FAULTS_OF_BOTH, .status = 404 },
	{ .name = "422", .kind = FAULTS_STATUS, .owner = FAULTS_OF_BOTH, .status = 422 },
	{ .name = "500", .kind = FAULTS_STATUS, .owner = FAULTS_OF_BOTH, .status = 500 },
	{ .name = "502", .kind = FAULTS_STATUS, .owner = FAULTS_OF_BOTH, .status = 502 },
	{ .name = "504", .kind = FAULTS_STATUS, .owner = FAULTS_OF_BOTH, .status = 504 },
	{ .name = "redirect", .kind = FAULTS_REDIRECT, .owner = FAULTS_OF_BOTH },
	{ .name = "route-fails", .kind = FAULTS_STATUS, .owner = FAULTS_OF_CENTRE, .status = 500,
	  .where = "route" },
	{ .name = "slow", .kind = FAULTS_SLOW, .owner = FAULTS_OF_BOTH, .number = 100 },
	{ .name = "delay", .kind = FAULTS_DELAY, .owner = FAULTS_OF_BOTH, .number = 1000 },
	{ .name = "garbage", .kind = FAULTS_GARBAGE, .owner = FAULTS_OF_BOTH },
	{ .name = "truncate", .kind = FAULTS_TRUNCATE, .owner = FAULTS_OF_BOTH },
	{ .name = "huge", .kind = FAULTS_HUGE, .owner = FAULTS_OF_BOTH, .number = 50 },
	{ .name = "no-id", .kind = FAULTS_NO_ID, .owner = FAULTS_OF_CENTRE },
	{ .name = "same-id", .kind = FAULTS_SAME_ID, .owner = FAULTS_OF_CENTRE },
	{ .name = "shuffle", .kind = FAULTS_SHUFFLE, .owner = FAULTS_OF_APP },
	{ .name = "redeliver", .kind = FAULTS_REDELIVER, .owner = FAULTS_OF_APP, .number = 3 },
	{ .name = "expired-token", .kind = FAULTS_EXPIRED, .owner = FAULTS_OF_APP },
	{ .name = "next-away", .kind = FAULTS_NEXT_AWAY, .owner = FAULTS_OF_BOTH },
	{ .name = "next-loop", .kind = FAULTS_NEXT_LOOP, .owner = FAULTS_OF_BOTH },
	{ .name = "wrong-page", .kind = FAULTS_WRONG_PAGE, .owner = FAULTS_OF_CENTRE },
	{ .name = "old-status", .kind = FAULTS_OLD_STATUS, .owner = FAULTS_OF_CENTRE },
	{ .name = "other-content", .kind = FAULTS_OTHER_CONTENT, .owner = FAULTS_OF_CENTRE },
	{ .name = "wrong-type", .kind = FAULTS_WRONG_TYPE, .owner = FAULTS_OF_CENTRE,
	  .choices = " string number huge array " },
	{ .name = "id-at", .kind = FAULTS_ID_AT, .owner = FAULTS_OF_CENTRE,
	  .choices = " results data complaint_id " },
};

/* ---- reading a spec ------------------------------------------------------ */

static bool read_number(const char *text, double highest, double *out)
{
	char *end = NULL;

	if (!text || !isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*out = strtod(text, &end);
	return errno == 0 && *end == '\0' && *out <= highest;
}

static const struct fault_name *find_name(enum faults_owner owner, const char *what)
{
	for (size_t i = 0; i < COUNT_OF(NAMES); i++)
		if ((NAMES[i].owner & (unsigned)owner) && strcmp(NAMES[i].name, what) == 0)
			return &NAMES[i];
	return NULL;
}

/* "@every=3" without its "@". */
static bool read_cue(struct fault *f, const char *text)
{
	static const struct {
		const char *name;
		enum cue cue;
		double highest;
	} cues[] = { { "every=", CUE_EVERY, 1e9 },
		     { "first=", CUE_FIRST, 1e9 },
		     { "nth=", CUE_NTH, 1e9 },
		     { "p=", CUE_CHANCE, 1.0 } };

	for (size_t i = 0; i < COUNT_OF(cues); i++) {
		if (!str_starts(text, cues[i].name))
			continue;
		f->cue = cues[i].cue;
		return read_number(text + strlen(cues[i].name), cues[i].highest, &f->amount) &&
		       (f->cue == CUE_CHANCE || f->amount >= 1);
	}
	return false;
}

static bool is_choice(const char *choices, const char *word)
{
	const char *at = strstr(choices, word);
	size_t size = strlen(word);

	return size > 0 && at && at > choices && at[-1] == ' ' && at[size] == ' ';
}

static void copy_word(char *out, size_t out_size, const char *from, size_t size)
{
	ASSERT(size < out_size);
	memcpy(out, from, size);
	out[size] = '\0';
}

static bool read_value(struct fault *f, const char *value)
{
	const struct fault_name *n = f->name;
	double number = n->number;

	if (n->choices && !value) {
		copy_word(f->word, sizeof(f->word), n->choices + 1, strcspn(n->choices + 1, " "));
		return true;
	}
	if (n->choices) {
		if (!is_choice(n->choices, value))
			return false;
		copy_word(f->word, sizeof(f->word), value, strlen(value));
		return true;
	}
	if (value && (n->number == 0 || !read_number(value, ARGUMENT_MAX, &number)))
		return false;
	f->argument = (unsigned)number;
	return true;
}

static bool is_operation(const struct faults *f, const char *where)
{
	for (size_t i = 0; f->operations[i]; i++)
		if (strcmp(f->operations[i], where) == 0)
			return true;
	return false;
}

/* Takes the copy of the spec apart in place. */
static enum jembatan_result read_spec(const struct faults *f, char *text, struct fault *out,
				      struct why *why)
{
	char *cue = strchr(text, '@');
	char *where;
	char *value;

	if (cue)
		*cue++ = '\0';
	where = strchr(text, ':');
	if (where)
		*where++ = '\0';
	value = strchr(text, '=');
	if (value)
		*value++ = '\0';
	out->name = find_name(f->owner, text);
	if (!out->name)
		return why_set(why, JEMBATAN_CONFIG, "no fault is called \"%s\"; see --help", text);
	if (!read_value(out, value))
		return why_set(why, JEMBATAN_CONFIG, "\"%s\" cannot be \"%s\"; see --help", text,
			       value ? value : "");
	if (cue && !read_cue(out, cue))
		return why_set(why, JEMBATAN_CONFIG,
			       "\"@%s\" is none of @every=N, @first=N, @nth=N, @p=0.1", cue);
	if (where && *where != '/' && !is_operation(f, where))
		return why_set(why, JEMBATAN_CONFIG,
			       "\"%s\" is neither an operation nor a part of a path with /", where);
	out->where = xstrdup(where ? where : out->name->where);
	return JEMBATAN_OK;
}

enum jembatan_result faults_add(struct faults *f, const char *spec, struct why *why)
{
	CLEANUP(free_pointer) char *text = xstrdup(spec);
	struct fault fault = { .cue = CUE_ALWAYS };
	enum jembatan_result result = JEMBATAN_OK;

	if (strlen(spec) > SPEC_BYTES_MAX)
		return why_set(why, JEMBATAN_CONFIG, "a fault is too long");
	if (read_spec(f, text, &fault, why) != JEMBATAN_OK)
		return JEMBATAN_CONFIG;
	pthread_mutex_lock(&f->lock);
	if (f->count == FAULTS_MAX) {
		result = why_set(why, JEMBATAN_CONFIG, "more than %u faults", FAULTS_MAX);
		free(fault.where);
	} else {
		fault.spec = xstrdup(spec);
		f->list[f->count++] = fault;
	}
	pthread_mutex_unlock(&f->lock);
	return result;
}

/* ---- deciding ------------------------------------------------------------ */

struct faults *faults_new(enum faults_owner owner, const char *const *operations, uint64_t seed)
{
	struct faults *f = xcalloc(1, sizeof(*f));

	pthread_mutex_init(&f->lock, NULL);
	f->owner = owner;
	f->operations = operations;
	f->random = seed;
	return f;
}

void faults_clear(struct faults *f)
{
	pthread_mutex_lock(&f->lock);
	for (size_t i = 0; i < f->count; i++) {
		free(f->list[i].spec);
		free(f->list[i].where);
	}
	f->count = 0;
	pthread_mutex_unlock(&f->lock);
}

void faults_free(struct faults *f)
{
	if (!f)
		return;
	faults_clear(f);
	pthread_mutex_destroy(&f->lock);
	free(f);
}

/* splitmix64: any seed will do. The lock is held. */
static uint64_t next_random(struct faults *f)
{
	uint64_t z = (f->random += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

unsigned faults_random(struct faults *f, unsigned below)
{
	uint64_t value;

	ASSERT(below > 0);
	pthread_mutex_lock(&f->lock);
	value = next_random(f);
	pthread_mutex_unlock(&f->lock);
	return (unsigned)(value % below);
}

static bool is_at(const struct fault *fault, const char *operation, const char *path)
{
	if (!fault->where)
		return true;
	if (*fault->where == '/')
		return strstr(path, fault->where) != NULL;
	return strcmp(fault->where, operation) == 0;
}

static bool is_cued(struct faults *f, struct fault *fault)
{
	uint64_t n = ++fault->seen;

	switch (fault->cue) {
	case CUE_EVERY:
		return n % (uint64_t)fault->amount == 0;
	case CUE_FIRST:
		return n <= (uint64_t)fault->amount;
	case CUE_NTH:
		return n == (uint64_t)fault->amount;
	case CUE_CHANCE:
		return (double)(next_random(f) >> 11) / 9007199254740992.0 < fault->amount;
	case CUE_ALWAYS:
		break;
	}
	return true;
}

/* Puts a fault into the plan; false when another has taken the place. */
static bool plan_take(struct faults_plan *plan, const struct fault *fault)
{
	if (fault->name->kind == FAULTS_DELAY) {
		plan->delay_ms += fault->argument;
		return true;
	}
	if (fault->name->kind == FAULTS_ID_AT) {
		memcpy(plan->id_at, fault->word, sizeof(plan->id_at));
		return true;
	}
	if (plan->kind != FAULTS_NONE)
		return false;
	plan->kind = fault->name->kind;
	plan->name = fault->name->name;
	plan->status = fault->name->status;
	plan->argument = fault->argument;
	memcpy(plan->word, fault->word, sizeof(plan->word));
	return true;
}

void faults_draw(struct faults *f, const char *operation, const char *path,
		 struct faults_plan *out)
{
	memset(out, 0, sizeof(*out));
	pthread_mutex_lock(&f->lock);
	for (size_t i = 0; i < f->count; i++) {
		struct fault *fault = &f->list[i];

		if (is_at(fault, operation, path) && is_cued(f, fault) && plan_take(out, fault))
			fault->fired++;
	}
	pthread_mutex_unlock(&f->lock);
}

json_t *faults_list(struct faults *f)
{
	json_t *list = json_array();

	pthread_mutex_lock(&f->lock);
	for (size_t i = 0; i < f->count; i++)
		json_array_append_new(list, json_pack("{s:s,s:I,s:I}", "spec", f->list[i].spec,
						      "seen", (json_int_t)f->list[i].seen, "fired",
						      (json_int_t)f->list[i].fired));
	pthread_mutex_unlock(&f->lock);
	return list;
}

static enum jembatan_result add_from_body(struct faults *f, const struct peer_request *r,
					  struct why *why)
{
	CLEANUP(jx_decref) json_t *body = NULL;
	const char *spec;

	if (jx_parse(buf_bytes(&r->body), &body, why) != JEMBATAN_OK)
		return JEMBATAN_DATA;
	spec = jx_text(body, "spec");
	return spec ? faults_add(f, spec, why) : why_set(why, JEMBATAN_DATA, "spec is required");
}

void faults_serve(struct faults *f, struct peer_request *r, struct peer_answer *a)
{
	struct why why;

	if (strcmp(r->method, "POST") != 0) {
		faults_clear(f);
	} else if (add_from_body(f, r, &why) != JEMBATAN_OK) {
		peer_answer_message(a, 422, why.text);
		return;
	}
	peer_answer_message(a, 200, "OK");
}

/* ---- doing --------------------------------------------------------------- */

static void say_retry_after(const struct faults_plan *plan, struct peer_answer *a)
{
	time_t when = (time_t)(clock_now_ms() / 1000) + (time_t)plan->argument;
	struct tm tm;

	if (plan->kind == FAULTS_RETRY_AFTER) {
		(void)snprintf(a->retry_after, sizeof(a->retry_after), "%u", plan->argument);
		return;
	}
	gmtime_r(&when, &tm);
	(void)strftime(a->retry_after, sizeof(a->retry_after), "%a, %d %b %Y %H:%M:%S GMT", &tm);
}

bool faults_before(const struct faults_plan *plan, struct peer_request *r,
		   const char *redirect_to, unsigned hang_ms, struct peer_answer *a)
{
	if (plan->delay_ms > 0)
		peer_pause(r, plan->delay_ms);
	switch ((int)plan->kind) {
	case FAULTS_RETRY_AFTER:
	case FAULTS_RETRY_DATE:
		say_retry_after(plan, a);
		/* fall through */
	case FAULTS_STATUS:
		peer_answer_message(a, plan->status, "a fault on cue; nothing was committed");
		return true;
	case FAULTS_REDIRECT:
		a->location = xasprintf("%s%s", redirect_to, r->path);
		peer_answer_message(a, 302, "elsewhere");
		return true;
	case FAULTS_CLOSE:
		a->delivery = PEER_DROPPED;
		return true;
	case FAULTS_HANG:
		a->delivery = PEER_HUNG;
		a->delivery_ms = hang_ms;
		return true;
	default:
		return false;
	}
}

void faults_after(const struct faults_plan *plan, unsigned hang_ms, struct peer_answer *a)
{
	switch ((int)plan->kind) {
	case FAULTS_COMMIT_500:
		peer_answer_message(a, 500, "a fault on cue; it was committed");
		break;
	case FAULTS_COMMIT_HANG:
		a->delivery = PEER_HUNG;
		a->delivery_ms = hang_ms;
		break;
	case FAULTS_COMMIT_CLOSE:
		a->delivery = PEER_DROPPED;
		break;
	case FAULTS_SLOW:
		a->delivery = PEER_SLOW;
		a->delivery_ms = plan->argument;
		break;
	case FAULTS_GARBAGE:
		buf_clear(&a->body);
		buf_add_text(&a->body, "<html><body>Gateway: OK \xff\xfe {\"complaint_id\":");
		break;
	case FAULTS_TRUNCATE:
		a->delivery = PEER_TRUNCATED;
		break;
	case FAULTS_HUGE:
		a->delivery = PEER_HUGE;
		a->delivery_bytes = (size_t)plan->argument << 20;
		break;
	default:
		break;
	}
}
