/* outcome.c: the table of results. Its only knowledge is what a status or a
 * libcurl code proves about the request having been taken. */
#include "central/outcome.h"

#include <curl/curl.h>

#include "base/poison.h"

static bool is_configured_not_sent(const struct outcome_facts *f)
{
	for (size_t i = 0; i < f->not_sent_status_count; i++)
		if (f->not_sent_statuses[i] == f->status)
			return true;
	return false;
}

/* These come after a request may have left, whatever the counters say. */
static bool is_cut(int code)
{
	return code == CURLE_GOT_NOTHING || code == CURLE_SEND_ERROR ||
	       code == CURLE_RECV_ERROR || code == CURLE_SEND_FAIL_REWIND;
}

/* No answer: either nothing has left, or nobody knows. A connect failure with
 * bytes sent is a contradiction, and so unknown too. */
static struct outcome_verdict of_failure(const struct outcome_facts *f)
{
	struct outcome_verdict v = { OUTCOME_UNKNOWN, OUTCOME_DOWN };

	if (!f->any_sent && !is_cut(f->curl_code))
		v.outcome = OUTCOME_NOT_SENT;
	return v;
}

/* A redirect is never followed. 301, 307 and 308 say that the request belongs
 * elsewhere and was not acted upon (RFC 9110, 15.4). 302 and 303 are what web
 * applications answer both before a login and after having done the work, so
 * they prove nothing. Either way the address is not the interface's: the
 * breaker opens at the first one, so that one wrong gateway costs at most what
 * was under way, and the operator is told. */
static struct outcome_verdict of_redirect(unsigned status)
{
	bool is_elsewhere = status == 301 || status == 307 || status == 308;

	return (struct outcome_verdict){ is_elsewhere ? OUTCOME_NOT_SENT : OUTCOME_UNKNOWN,
					 OUTCOME_MISCONFIG };
}

/* Wrong credentials concern every ticket, so none of them is refused for it:
 * the whole centre waits. Unless others pass and only this one does not: then
 * it is about this one (a filter before the centre, say). */
static struct outcome_verdict of_auth(const struct outcome_facts *f)
{
	if (f->is_singled_out)
		return (struct outcome_verdict){ OUTCOME_REFUSED, OUTCOME_FINE };
	return (struct outcome_verdict){ OUTCOME_NOT_SENT, OUTCOME_AUTH };
}

static struct outcome_verdict of_status(const struct outcome_facts *f)
{
	unsigned s = f->status;

	if (s >= 200 && s < 300) {
		bool is_enough = f->has_id ||
				 (f->action != OUTCOME_CREATE && f->action != OUTCOME_FILE);
		if (is_enough)
			return (struct outcome_verdict){ OUTCOME_DONE, OUTCOME_FINE };
		return (struct outcome_verdict){ OUTCOME_UNKNOWN, OUTCOME_DOWN };
	}
	if (s >= 300 && is_configured_not_sent(f))
		return (struct outcome_verdict){ OUTCOME_NOT_SENT, OUTCOME_BUSY };
	if (s >= 300 && s < 400)
		return of_redirect(s);
	if (s == 401 || s == 403 || s == 407)
		return of_auth(f);
	if (s >= 400 && s < 500)
		return (struct outcome_verdict){ OUTCOME_REFUSED, OUTCOME_FINE };
	return (struct outcome_verdict){ OUTCOME_UNKNOWN, OUTCOME_DOWN };
}

struct outcome_verdict outcome_of(const struct outcome_facts *f)
{
	struct outcome_verdict v = f->curl_code != CURLE_OK ? of_failure(f) : of_status(f);

	/* A question that got no answer has changed nothing. */
	if (f->action == OUTCOME_ASK && v.outcome == OUTCOME_UNKNOWN)
		v.outcome = OUTCOME_NOT_SENT;
	return v;
}

enum outcome_settling outcome_settling(enum outcome_action action,
				       const struct outcome_means *means)
{
	switch (action) {
	case OUTCOME_ASK:
	case OUTCOME_FILE: /* an orphan at the centre is harmless */
		return OUTCOME_SEND_AGAIN;
	case OUTCOME_ROUTE:
	case OUTCOME_FOLLOW_UP:
		return OUTCOME_LOOK;
	case OUTCOME_CREATE:
		break;
	}
	if (means->idempotent)
		return OUTCOME_SEND_AGAIN;
	if (means->lookup)
		return OUTCOME_LOOK;
	return means->resend ? OUTCOME_SEND_AGAIN : OUTCOME_HOLD;
}

const char *outcome_trouble_name(enum outcome_trouble trouble)
{
	static const char *const names[] = { "", "busy", "down", "credentials", "redirected" };

	return names[trouble];
}
