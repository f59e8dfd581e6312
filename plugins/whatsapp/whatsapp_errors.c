/* whatsapp_errors.c: the table of the Graph API's errors. Sources: Meta's
 * support/error-codes and what operators report. */
#include "whatsapp/whatsapp_errors.h"

#include <string.h>

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define PAIR_MS (6 * SECOND)
#define WITHHELD_MS (24 * 60 * MINUTE)

static const struct {
	int64_t first, last; /* codes */
	enum wa_act act;
} codes[] = {
	{ 0, 0, WA_TOKEN },       /* authentication */
	{ 1, 2, WA_PASSING },     /* unknown, service */
	{ 3, 3, WA_TOKEN },       /* capability */
	{ 4, 4, WA_SLOW },        /* calls of the app */
	{ 10, 10, WA_TOKEN },     /* permission */
	{ 33, 33, WA_MISSING },   /* parameter value: the number was deleted */
	{ 100, 100, WA_REQUEST },
	{ 190, 190, WA_TOKEN },   /* expired, revoked */
	{ 200, 299, WA_TOKEN },   /* permissions */
	{ 368, 368, WA_TOKEN },   /* blocked for a policy */
	{ 80007, 80007, WA_SLOW },
	{ 130429, 130429, WA_SLOW },
	{ 130472, 130472, WA_WITHHELD },
	{ 130497, 130497, WA_UNREACHABLE }, /* not to this country */
	{ 131000, 131000, WA_PASSING },
	{ 131005, 131005, WA_TOKEN },
	{ 131008, 131009, WA_REQUEST },
	{ 131016, 131016, WA_PASSING },
	{ 131021, 131021, WA_UNREACHABLE },
	{ 131026, 131026, WA_UNREACHABLE },
	{ 131030, 131030, WA_UNREACHABLE },
	{ 131031, 131031, WA_TOKEN }, /* account locked */
	{ 131042, 131042, WA_TOKEN }, /* payment */
	{ 131045, 131045, WA_UNREGISTERED },
	{ 131047, 131047, WA_WINDOW },
	{ 131048, 131049, WA_WITHHELD },
	{ 131051, 131053, WA_REQUEST },
	{ 131056, 131056, WA_PAIR },
	{ 131057, 131057, WA_PASSING }, /* maintenance */
	{ 132000, 132999, WA_TEMPLATE },
	{ 133000, 133006, WA_UNREGISTERED },
	{ 133010, 133010, WA_UNREGISTERED },
};

/* What each means for a reply that was not taken. */
static const struct wa_verdict verdicts[] = {
	[WA_TOKEN] = { JEMBATAN_NOT_SENT, JEMBATAN_AUTH, 0,
		       "the access token or the account is refused: renew the token, look into "
		       "WhatsApp Manager" },
	[WA_PROOF] = { JEMBATAN_NOT_SENT, JEMBATAN_AUTH, 0,
		       "app_secret is not that of the access token's app" },
	[WA_SLOW] = { JEMBATAN_LATER, JEMBATAN_RETRY, MINUTE, "this number sends too much" },
	[WA_PAIR] = { JEMBATAN_LATER, JEMBATAN_RETRY, PAIR_MS,
		      "too many messages to this person" },
	[WA_WINDOW] = { JEMBATAN_REFUSED, JEMBATAN_OK, 0,
			"the 24-hour window is closed and no template stands for this event" },
	[WA_UNREACHABLE] = { JEMBATAN_REFUSED, JEMBATAN_GONE, 0,
			     "this person cannot be reached by WhatsApp" },
	[WA_WITHHELD] = { JEMBATAN_LATER, JEMBATAN_RETRY, WITHHELD_MS,
			  "Meta holds messages to this person back" },
	[WA_TEMPLATE] = { JEMBATAN_REFUSED, JEMBATAN_DATA, 0,
			  "the template is wrong, paused or missing: look into WhatsApp Manager" },
	[WA_REQUEST] = { JEMBATAN_REFUSED, JEMBATAN_DATA, 0, "the Cloud API refuses the request" },
	[WA_MISSING] = { JEMBATAN_NOT_SENT, JEMBATAN_CONFIG, 0,
			 "phone_number_id does not exist, or the token may not use it" },
	[WA_UNREGISTERED] = { JEMBATAN_NOT_SENT, JEMBATAN_AUTH, 0,
			      "the phone number is not registered: register it in WhatsApp "
			      "Manager" },
	[WA_PASSING] = { JEMBATAN_NOT_SENT, JEMBATAN_RETRY, 0, "the Cloud API has a trouble" },
};

enum wa_act wa_error_act(const struct wa_error *error)
{
	if (error->is_about_proof)
		return WA_PROOF;
	if (error->code == 100 && error->subcode == 33)
		return WA_MISSING;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (error->code >= codes[i].first && error->code <= codes[i].last)
			return codes[i].act;
	return WA_UNLISTED;
}

bool wa_error_read(struct jembatan_bytes body, struct wa_error *out)
{
	struct wa_error e = { 0 };

	if (kit_json_parse(body, &e.root, NULL) != JEMBATAN_OK)
		return false;
	if (!kit_json_integer(e.root, "error.code", &e.code)) {
		json_decref(e.root);
		return false;
	}
	(void)kit_json_integer(e.root, "error.error_subcode", &e.subcode);
	e.details = kit_json_string(e.root, "error.error_data.details");
	const char *message = kit_json_string(e.root, "error.message");

	e.is_about_proof = message && strstr(message, "appsecret_proof");
	*out = e;
	return true;
}

void wa_error_done(struct wa_error *error)
{
	json_decref(error->root);
	*error = (struct wa_error){ 0 };
}

static struct wa_verdict by_status_alone(unsigned status, enum jembatan_outcome outcome)
{
	struct wa_verdict v = { outcome, JEMBATAN_RETRY, 0, "the Cloud API does not answer as it "
							     "should" };

	if (status == 401 || status == 403)
		return verdicts[WA_TOKEN];
	if (status == 429)
		return verdicts[WA_SLOW];
	if (outcome == JEMBATAN_REFUSED)
		return verdicts[WA_REQUEST];
	return v;
}

struct wa_verdict wa_verdict(unsigned status, enum jembatan_outcome by_status,
			     const struct wa_error *error, int64_t retry_after_ms)
{
	enum wa_act act = error ? wa_error_act(error) : WA_UNLISTED;
	struct wa_verdict v = act != WA_UNLISTED ? verdicts[act]
						 : by_status_alone(status, by_status);

	if (v.outcome == JEMBATAN_LATER && retry_after_ms > v.wait_ms)
		v.wait_ms = retry_after_ms;
	return v;
}

bool wa_is_of_number(unsigned status, const struct wa_error *error)
{
	enum wa_act act = error ? wa_error_act(error) : WA_UNLISTED;

	return act == WA_SLOW || (act == WA_UNLISTED && status == 429);
}
