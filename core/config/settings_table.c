/* settings_table.c: each key of our own files once: type, bounds, preset, help.
 * Validation, error sentences and the list of options all come from here; the
 * reasons for the presets stand in config/jembatan.yaml. */
#include "config/settings_table.h"

#include "config/settings.h"

#include "base/poison.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define KIB INT64_C(1024)
#define MIB (1024 * KIB)

#define TEXT(name, preset, help) { name, JEMBATAN_STRING, 0, preset, 0, 0, NULL, help }
#define FOLDER(name, preset, help) { name, JEMBATAN_PATH, 0, preset, 0, 0, NULL, help }
#define SECRET(name, help) { name, JEMBATAN_SECRET, 0, NULL, 0, 0, NULL, help }
#define BOOLEAN(name, preset, help) { name, JEMBATAN_BOOLEAN, 0, preset, 0, 0, NULL, help }
#define URL(name, help) { name, JEMBATAN_URL, 0, NULL, 0, 0, NULL, help }
#define CHOICE(name, preset, choices, help) \
	{ name, JEMBATAN_CHOICE, 0, preset, 0, 0, choices, help }
#define INTEGER(name, preset, low, high, help) \
	{ name, JEMBATAN_INTEGER, 0, preset, low, high, NULL, help }
#define DURATION(name, preset, low, high, help) \
	{ name, JEMBATAN_DURATION, 0, preset, low, high, NULL, help }
#define RAW(name, help) { name, JEMBATAN_MAP, SCHEMA_RAW, NULL, 0, 0, NULL, help }
#define END { NULL, JEMBATAN_STRING, 0, NULL, 0, 0, NULL, NULL }

static const char *const confinements[] = { "required", "preferred", NULL };
static const char *const formats[] = { "key=value", "json", NULL };
static const char *const levels[] = { "debug", "info", "notice", "warning", "error", NULL };
static const char *const centres[] = { "lapor_v3", NULL };
static const char *const masks[] = { "mask", "keep", NULL };
static const char *const unknowns[] = { "hold", "resend", NULL };
static const char *const bys[] = { "fixed", "proposed", NULL };
static const char *const unsures[] = { "push", "review", NULL };
static const char *const completes[] = { "off", "ask", NULL };
static const char *const complete_places[] = { "none", "usable", "district", NULL };
static const char *const complete_dates[] = { "message", "given", NULL };
static const char *const afters[] = { "push", "archive", NULL };
static const char *const languages[] = { "id", "en", NULL };
static const char *const reply_modes[] = { "off", "on", "shadow", NULL };
static const char *const pushes[] = { "auto", "review", "shadow", NULL };

const struct jembatan_option settings_table[] = {
	FOLDER("data_dir", JEMBATAN_STATEDIR, "Holds the store, the spool and the master key."),
	FOLDER("run_dir", JEMBATAN_RUNDIR, "Holds the control socket."),
	FOLDER("plugin_dir", JEMBATAN_PLUGINDIR, "Where connector plugins (.so) lie."),
	FOLDER("profile_dir", JEMBATAN_DATADIR "/profiles", "Where profiles of agency apps lie."),
	CHOICE("confinement", "preferred", confinements,
	       "What to do where the kernel cannot confine a connector: refuse it, or alarm."),
	CHOICE("log.format", "key=value", formats, "How a log line is written."),
	CHOICE("log.level", "info", levels, "The least important lines still logged."),
	SECRET("master_key",
	       "Seals everything at rest; without it: master.key in data_dir, made at the first "
	       "start."),
	SECRET("master_key_old",
	       "The master key before that one, until `jembatan key rotate` has ended."),
	{ "limits.attachment_max", JEMBATAN_BYTES, 0, "25MiB", 64 * KIB, 1024 * MIB, NULL,
	  "A larger attachment is listed as missing." },
	INTEGER("limits.inbox_waiting_max", "100000", 100, 100000000,
		"Connectors wait while more messages than this are undecided."),
	INTEGER("limits.batch_max", "256", 1, 4096,
		"Messages of a connector in one transaction, at most: what is stored in half the time "
		"of a commit, 64 at least."),
	CHOICE("central.type", "lapor_v3", centres, "The interface that the centre speaks."),
	URL("central.url", "Base address of the centre's interface, as given to the agency."),
	TEXT("central.auth_header", "Authorization",
	     "Header that carries the secret; older systems call it auth."),
	TEXT("central.auth_scheme", "Bearer", "Word before the secret; \"\" for none."),
	SECRET("central.secret", "The agency's secret for the centre."),
	SECRET("central.guid", "The agency's GUID with its braces, sent as the header token."),
	TEXT("central.create_path", "/complaints/complaint", "Path that creates a complaint."),
	TEXT("central.create_id", NULL, "Where its answer holds the complaint's number; unset: as "
	     "version 3 has it."),
	DURATION("central.connect_timeout", "30s", SECOND, 5 * MINUTE,
		 "How long a connection may take."),
	DURATION("central.answer_timeout", "90s", SECOND, 10 * MINUTE,
		 "How long an answer may take; after that the push is unknown."),
	INTEGER("central.connections", "8", 1, 256, "Requests in parallel, at most."),
	BOOLEAN("central.idempotent", "false",
		"The centre honours our Idempotency-Key: an unknown push is sent again."),
	URL("central.lookup.url",
	    "Address that finds a complaint by our reference, with {reference} in it."),
	TEXT("central.lookup.match", "results.data.0.complaint_id",
	     "Path of the complaint's id in the answer of the lookup."),
	DURATION("central.lookup.wait", "300s", SECOND, DAY,
		 "Time between the two lookups that must both find nothing."),
	CHOICE("central.unknown", "hold", unknowns,
	       "A push whose answer was lost: hold it for a person, or resend (may double)."),
	DURATION("central.unknown_alarm", "15m", SECOND, 7 * DAY,
		 "Alarm when a push has been unknown for so long."),
	{ "central.not_sent_statuses", JEMBATAN_LIST, 0, "[429, 503]", 0, 0, NULL,
	  "Statuses with which the centre says that it did nothing: sent again later." },
	BOOLEAN("central.reference_line", "true",
		"Our reference stands as the last line of a complaint's content."),
	CHOICE("central.nik", "mask", masks,
	       "Identity (NIK, KK) and bank card numbers in texts that go to the centre: mask or keep."),
	CHOICE("central.contacts", "mask", masks,
	       "Telephones, mail addresses and bank accounts in these texts: mask or keep."),
	TEXT("central.time_zone", "WIB", "Zone of dates without one: WIB, WITA, WIT or +07:00."),
	FOLDER("central.ca_file", NULL, "Certificates to trust instead of the system's."),
	INTEGER("central.daily_budget", "0", 0, 100000000, "Requests a day, at most; 0: any number."),
	BOOLEAN("central.status.follow", "true",
		"Ask the centre what becomes of the complaints that it has taken from us."),
	DURATION("central.status.new_every", "15m", SECOND, DAY,
		 "Time between two readings of a complaint that is new or has just moved."),
	DURATION("central.status.old_every", "6h", SECOND, 30 * DAY,
		 "The same of one that has not moved for long; in between it grows with its age."),
	DURATION("central.status.closed_every", "1d", SECOND, 30 * DAY,
		 "The same once it is closed."),
	DURATION("central.status.closed_for", "30d", 0, 3650 * DAY,
		 "So long after it was closed it is still read; then never again."),
	INTEGER("central.status.daily_budget", "0", 0, 100000000,
		"Readings a day, at most; 0: half of central.daily_budget, or any number."),
	{ "central.status.words", JEMBATAN_MAP, 0, NULL, 0, 0, NULL,
	  "The centre's words (or codes) that are not known yet, and the state that each means." },
	TEXT("central.status.reconcile_at", "02:00",
	     "When the nightly comparison begins, in central.time_zone; \"\": never."),
	DURATION("central.institutions_every", "1d", MINUTE, 30 * DAY,
		 "How often the list of institutions is read anew."),
	TEXT("central.route_to", NULL,
	     "Institution id to which new complaints are routed; without it: no second step."),
	CHOICE("central.route", "fixed", bys,
	       "Where new complaints are routed: fixed (route_to) or proposed (the agency that was "
	       "proposed with enough margin, where the centre lists it; else route_to)."),
	TEXT("central.supervision_disposition_id", NULL,
	     "Institution id (the inspectorate) that alone gets reports on abuse of office; without "
	     "it they are given to nobody, and the centre's own triage decides."),
	{ "central.classifications", JEMBATAN_MAP, 0, NULL, 0, 0, NULL,
	  "The centre's classification id for each klasifikasi; else defaults.classification_id." },
	FOLDER("central.categories_file", NULL,
	       "File with lines CATEGORY<TAB>ID: the centre's category id of a national category "
	       "(\"MAIN > NAME\", or MAIN for all below it), else defaults.category_id."),
	FOLDER("central.locations_file", NULL,
	       "File with lines CODE<TAB>ID: the centre's location id of a region, by its Kemendagri "
	       "code; the longest code that fits counts, else defaults.location_id."),
	TEXT("central.defaults.channel", NULL, "Channel id for new complaints."),
	TEXT("central.defaults.classification_id", NULL, "Classification id for new complaints."),
	TEXT("central.defaults.category_id", NULL, "Category id for new complaints."),
	TEXT("central.defaults.disposition_id", NULL,
	     "Institution id that new complaints are given to."),
	TEXT("central.defaults.location_id", NULL, "Location id for new complaints."),
	TEXT("central.defaults.user_id", NULL, "User id at the centre that files new complaints."),
	BOOLEAN("classify.enabled", "true",
		"false: place, day, kind, category and agency are left as the source says them."),
	INTEGER("classify.margin", "40", 0, 99,
		"From this margin (in percent) on a proposed agency counts as sure."),
	CHOICE("classify.unsure", "push", unsures,
	       "What becomes of a complaint (push: auto) whose agency is not sure: push (the centre's "
	       "triage finds it) or review (a person does)."),
	CHOICE("complete.mode", "off", completes,
	       "off: nothing is demanded; ask: what is missing is asked for on the same channel."),
	INTEGER("complete.text_min", "20", 0, 1000, "Letters and digits of a text, at least."),
	CHOICE("complete.place", "usable", complete_places,
	       "What place is demanded: none, usable (kecamatan, coordinates or an address) or district "
	       "(kecamatan or coordinates)."),
	CHOICE("complete.date", "message", complete_dates,
	       "message: the message's own date will do; given: the reporter must say it."),
	DURATION("complete.wait", "10d", MINUTE, 366 * DAY, "How long an answer is waited for."),
	CHOICE("complete.after", "push", afters,
	       "After that: push it as it is, or archive it (kept here, not sent)."),
	TEXT("complete.questions.text", "Apa yang terjadi? Mohon jelaskan laporan Anda.",
	     "How to ask for more text."),
	TEXT("complete.questions.place",
	     "Di mana kejadiannya? Sebutkan jalan, desa/kelurahan, kecamatan dan kabupaten/kota.",
	     "How to ask for the place."),
	TEXT("complete.questions.date", "Tanggal berapa kejadiannya?", "How to ask for the date."),
	BOOLEAN("duplicates.enabled", "true",
		"false: each complaint becomes a ticket, whether another says the same or not."),
	DURATION("duplicates.window", "30d", DAY, 365 * DAY,
		 "A complaint is compared with those of so long before."),
	INTEGER("duplicates.automatic", "50", 1, 99,
		"From this probability (in percent) on it is joined without a person; more is asked "
		"where it would join several, or is like others too."),
	INTEGER("duplicates.review", "45", 1, 99,
		"From here on a person is asked, with the proposal to join."),
	INTEGER("duplicates.separate", "25", 1, 99,
		"From here on a person is asked, with the proposal not to join; below it is separate."),
	FOLDER("replies.templates", NULL, "The texts of replies; unset: those that were installed."),
	CHOICE("replies.language", "id", languages, "Language of replies."),
	TEXT("replies.office", NULL, "How the office calls itself: {office} in a text."),
	INTEGER("replies.per_day", "10", 0, 1000,
		"Replies to one address a day, at most; later ones wait. 0: any number."),
	DURATION("replies.received_after", "60s", 0, DAY,
		 "Time in which the number may come and makes the first notice needless."),
	{ "replies.events", JEMBATAN_LIST, 0, "[received, number, question, status, resend]", 0, 0, NULL,
	  "What citizens are told of." },
	DURATION("retention.closed", "0", 0, 36500 * DAY,
		 "So long after the last that happened to a ticket that the centre has closed its words "
		 "are destroyed; 0: never."),
	DURATION("retention.archived", "0", 0, 36500 * DAY,
		 "The same of tickets that were archived, here or at the centre."),
	DURATION("retention.rejected", "0", 0, 36500 * DAY,
		 "The same of tickets that were rejected, here or at the centre."),
	DURATION("retention.stored", "0", 0, 36500 * DAY,
		 "The same of messages that no ticket came of; 0: never."),
	DURATION("retention.quarantine", "0", 0, 36500 * DAY,
		 "The same of quarantined records that were read again or dropped; 0: never."),
	DURATION("retention.access_log", "1825d", 0, 36500 * DAY,
		 "So long the log of who looked at citizens' words is kept; 0: for ever."),
	TEXT("web.listen", NULL,
	     "Where jembatan-web takes webhooks: 127.0.0.1:8480, [::1]:8480 or unix:/PATH; without "
	     "it: not started."),
	INTEGER("web.connections", "4096", 8, 60000, "Connections at the same time, at most."),
	INTEGER("web.per_address", "256", 1, 60000,
		"Requests at the same time from one address; more are answered 429."),
	TEXT("web.address_header", "X-Forwarded-For",
	     "Header in which the proxy names the sender (its last entry counts); \"\" for none."),
	{ "web.body_max", JEMBATAN_BYTES, 0, "3MiB", KIB, 3 * MIB, NULL,
	  "A larger body is refused with 413." },
	DURATION("web.header_timeout", "10s", SECOND / 10, 5 * MINUTE,
		 "The headers of a request must be here within it."),
	DURATION("web.body_timeout", "30s", SECOND / 10, 10 * MINUTE,
		 "The body must be here within it, and the answer taken."),
	DURATION("web.answer_timeout", "15s", SECOND / 10, 5 * MINUTE,
		 "A request that is not stored within it is answered 503."),
	END
};

const struct jembatan_option settings_instance_table[] = {
	TEXT("connector", NULL, "Name of the plugin; may come from the profile."),
	TEXT("profile", NULL, "Name of a shipped mapping, profiles/NAME.yaml."),
	BOOLEAN("enabled", "true", "false: nothing is started for this instance."),
	CHOICE("push", NULL, pushes,
	       "What may leave by itself: auto, review (a person decides) or shadow (nothing); "
	       "default: auto for agency-api, else review."),
	TEXT("start", "now", "Take messages from now on, all, or since a DATE (2026-01-31)."),
	DURATION("every", "60s", SECOND / 10, 7 * DAY, "Time between two polls."),
	DURATION("quiet_alarm", NULL, MINUTE, 366 * DAY,
		 "Alarm when no message has come for so long, also where polls succeed or nothing is "
		 "polled (webhooks, forms); unset: never."),
	DURATION("gather", NULL, SECOND, 30 * MINUTE,
		 "What one person sends within so long becomes one complaint; unset: each message its "
		 "own."),
	TEXT("home_region", NULL, "Kemendagri code of the region it serves, such as 32.73."),
	TEXT("agency", NULL, "Name of the agency whose channel it is: proposed before any model."),
	CHOICE("replies.send", "off", reply_modes,
	       "Are citizens answered on this channel: on, off, or shadow (all but the sending)."),
	CHOICE("replies.language", NULL, languages, "As in jembatan.yaml, for this instance."),
	TEXT("replies.quiet", NULL,
	     "Hours without statuses, such as 21:00-07:00 (of home_region's zone); \"\": none; unset: "
	     "as the channel has it."),
	TEXT("replies.token_expires", NULL,
	     "The day on which the channel's token ends: alarms 14, 7, 3 and 1 days before."),
	TEXT("central.route_to", NULL, "As central.route_to, for this instance."),
	TEXT("central.defaults.channel", NULL, "As in jembatan.yaml, for this instance."),
	TEXT("central.defaults.classification_id", NULL, "As in jembatan.yaml, for this instance."),
	TEXT("central.defaults.category_id", NULL, "As in jembatan.yaml, for this instance."),
	TEXT("central.defaults.disposition_id", NULL, "As in jembatan.yaml, for this instance."),
	TEXT("central.defaults.location_id", NULL, "As in jembatan.yaml, for this instance."),
	TEXT("central.defaults.user_id", NULL, "As in jembatan.yaml, for this instance."),
	RAW("options", "The plugin's own options: jembatan-connector --describe FILE.so lists them."),
	END
};

const struct jembatan_option settings_profile_table[] = {
	{ "connector", JEMBATAN_STRING, JEMBATAN_REQUIRED, NULL, 0, 0, NULL,
	  "name the plugin that this profile is for." },
	TEXT("summary", NULL, "One line on the app that this profile describes."),
	RAW("options", "Options that hold where an instance does not set its own."),
	END
};

void settings_describe(FILE *out)
{
	fputs("jembatan.yaml\n\n", out);
	schema_describe(settings_table, out);
	fputs("\nconnectors.d/NAME.yaml: one file an instance, NAME is its name\n\n", out);
	schema_describe(settings_instance_table, out);
	fputs("\nprofiles/NAME.yaml\n\n", out);
	schema_describe(settings_profile_table, out);
}
