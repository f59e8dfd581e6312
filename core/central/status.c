/* status.c: see status.h. A state has a rank; a reading of a lower rank is
 * late, whatever its date says, and between two ends of the same rank only a
 * newer line of the centre's log decides. */
#include "central/status.h"

#include "base/fault.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

#define DAY_MS ((int64_t)24 * 3600 * 1000)
#define GROWTH 24         /* an interval is this part of the age */
#define SPREAD_PER_MILLE 200

/* ---- names --------------------------------------------------------------- */

static const struct {
	const char *name;
	int rank;
} states[STATUS_COUNT] = {
	[STATUS_RECEIVED] = { "received", 0 },
	[STATUS_UNVERIFIED] = { "unverified", 1 },
	[STATUS_DEFERRED] = { "deferred", 2 },
	[STATUS_VERIFIED] = { "verified", 3 },
	[STATUS_IN_PROGRESS] = { "in_progress", 4 },
	[STATUS_ANSWERED] = { "answered", 5 },
	[STATUS_CLOSED_BY_ADMIN] = { "closed_by_admin", 6 },
	[STATUS_CLOSED_BY_SYSTEM] = { "closed_by_system", 6 },
	[STATUS_ARCHIVED] = { "archived", 6 },
	[STATUS_REJECTED] = { "rejected", 6 },
	[STATUS_FAILED] = { "failed", 6 },
};

const char *status_name(int state)
{
	return state >= 0 && state < STATUS_COUNT ? states[state].name : "unknown";
}

bool status_by_name(const char *name, enum status_state *out)
{
	for (int i = 0; i < STATUS_COUNT; i++) {
		if (!str_equal(states[i].name, name))
			continue;
		*out = (enum status_state)i;
		return true;
	}
	return false;
}

bool status_is_closed(int state)
{
	return state >= STATUS_CLOSED_BY_ADMIN && state < STATUS_COUNT;
}

/* ---- words --------------------------------------------------------------- */

/* As the API, the export, the public site and the admins' buttons say it. What
 * "Bukan Wewenang" ends is only one institution's turn: it goes to another. */
static const struct {
	const char *word;
	enum status_state state;
} shipped[] = {
	{ "Laporan Diterima", STATUS_RECEIVED },
	{ "Diterima", STATUS_RECEIVED },
	{ "Belum Terverifikasi", STATUS_UNVERIFIED },
	{ "Bukan Wewenang", STATUS_UNVERIFIED },
	{ "Tunda", STATUS_DEFERRED },
	{ "Ditunda", STATUS_DEFERRED },
	{ "Verifikasi", STATUS_VERIFIED },
	{ "Terverifikasi", STATUS_VERIFIED },
	{ "Dalam Proses", STATUS_IN_PROGRESS },
	{ "Ditanggapi oleh Pelapor", STATUS_IN_PROGRESS },
	{ "Ditindaklanjuti oleh Instansi", STATUS_ANSWERED },
	{ "Selesai otomatis dalam # hari", STATUS_ANSWERED },
	{ "Selesai", STATUS_CLOSED_BY_ADMIN },
	{ "Ditutup oleh Admin", STATUS_CLOSED_BY_ADMIN },
	{ "Ditutup oleh Sistem", STATUS_CLOSED_BY_SYSTEM },
	{ "Arsipkan", STATUS_ARCHIVED },
	{ "Diarsipkan", STATUS_ARCHIVED },
	{ "Ditolak", STATUS_REJECTED },
};

/* Folded, one space between words, numbers as "#"; the caller frees. */
static char *normal(const char *words)
{
	CLEANUP(free_pointer) char *folded = text_fold(words);
	char *out = text_squeeze(folded), *to;

	text_trim(out);
	to = out;
	for (const char *p = out; *p;) {
		size_t digits = strspn(p, "0123456789");

		*to++ = digits > 0 ? '#' : *p;
		p += digits > 0 ? digits : 1;
	}
	*to = '\0';
	return out;
}

static int find_shipped(const char *normal_words)
{
	for (size_t i = 0; i < COUNT_OF(shipped); i++) {
		CLEANUP(free_pointer) char *known = normal(shipped[i].word);
		if (strcmp(known, normal_words) == 0)
			return (int)shipped[i].state;
	}
	return STATUS_UNKNOWN;
}

static int find_configured(const struct settings_status *s, const char *words)
{
	enum status_state state;

	for (size_t i = 0; i < s->word_count; i++) {
		CLEANUP(free_pointer) char *known = normal(s->words[i].word);
		CLEANUP(free_pointer) char *given = normal(words);
		bool is_code = words[strspn(words, "0123456789")] == '\0';
		bool fits = is_code ? strcmp(s->words[i].word, words) == 0 :
				      strcmp(known, given) == 0;
		if (fits && status_by_name(s->words[i].state, &state))
			return (int)state;
	}
	return STATUS_UNKNOWN;
}

int status_of_words(const struct settings_status *s, const char *name, const char *code)
{
	int state = STATUS_UNKNOWN;

	if (name && *name) {
		CLEANUP(free_pointer) char *words = normal(name);
		state = find_configured(s, name);
		if (state == STATUS_UNKNOWN)
			state = find_shipped(words);
	}
	if (state == STATUS_UNKNOWN && code && *code)
		state = find_configured(s, code);
	return state;
}

/* ---- readings ------------------------------------------------------------ */

/* "Selesai" alone does not say who ended it; the log may. */
static int by_the_log(int state, const char *note)
{
	if (state != STATUS_CLOSED_BY_ADMIN || !note)
		return state;
	CLEANUP(free_pointer) char *words = normal(note);
	bool by_system = strstr(words, "ditutup oleh sistem") || strstr(words, "selesai otomatis") ||
			 strstr(words, "ditutup otomatis");
	return by_system ? STATUS_CLOSED_BY_SYSTEM : state;
}

enum status_change status_compare(const struct settings_status *s, const struct status_held *held,
				  const struct status_reading *reading, int *out_state)
{
	int state = status_of_words(s, reading->name, reading->code);

	if (state == STATUS_UNKNOWN) {
		*out_state = state;
		return STATUS_WORD_UNKNOWN;
	}
	state = by_the_log(state, reading->last_note);
	*out_state = state;
	if (held->changed_ms == 0)
		return STATUS_MOVED;
	if (state == held->state)
		return STATUS_SAME;
	int rank = states[state].rank, before = states[held->state].rank;
	if (rank > before)
		return STATUS_MOVED;
	if (rank == before && reading->log_ms > held->log_ms)
		return STATUS_MOVED;
	if (FAULT_PLANTED("status-backwards"))
		return STATUS_MOVED;
	return STATUS_BACKWARDS;
}

/* ---- when ---------------------------------------------------------------- */

/* Up to a tenth earlier or later, always the same for one ticket and moment. */
static int64_t spread_out(int64_t interval_ms, uint64_t spread, int64_t now_ms)
{
	uint64_t z = spread * 0x9e3779b97f4a7c15u + (uint64_t)now_ms;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	int64_t part = interval_ms * SPREAD_PER_MILLE / 1000;
	int64_t shift = part > 0 ? (int64_t)((z ^ (z >> 31)) % (uint64_t)part) : 0;
	return interval_ms - part / 2 + shift;
}

int64_t status_next_ms(const struct settings_status *s, int state, int64_t changed_ms,
		       unsigned failures, int64_t now_ms, uint64_t spread)
{
	int64_t age = now_ms > changed_ms ? now_ms - changed_ms : 0;
	int64_t interval = age / GROWTH;

	if (interval < s->new_every_ms)
		interval = s->new_every_ms;
	if (interval > s->old_every_ms)
		interval = s->old_every_ms;
	if (status_is_closed(state)) {
		if (age >= s->closed_for_ms)
			return -1;
		interval = s->closed_every_ms;
	}
	for (unsigned i = 0; i < failures && interval < DAY_MS; i++)
		interval *= 2;
	return now_ms + spread_out(interval, spread, now_ms);
}

int64_t status_nightly_ms(const struct settings_status *s, int zone_minutes, int64_t now_ms)
{
	int64_t local = now_ms + (int64_t)zone_minutes * 60000;
	int64_t begin = local - local % DAY_MS + s->reconcile_at_ms;

	if (begin > local)
		begin -= DAY_MS;
	return begin - (int64_t)zone_minutes * 60000;
}
