/* jembatan.c: the command's main: what was asked, and who answers it. */
#include "config.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/jx.h"
#include "cli/cli.h"
#include "config/date.h"
#include "config/settings.h"
#include "ticket/dedup.h"
#include "base/poison.h"

#define CREDENTIALS "/run/credentials/jembatand.service"
#define PAGE 2000u
#define WIB_MINUTES 420 /* dates without zone */

static const char usage_text[] =
	"usage: jembatan [--config FILE] [--socket PATH] [--json] COMMAND\n"
	"       jembatan --version | --help\n"
	"\n"
	"look\n"
	"  status                      the daemon, its instances, the centre, every alarm\n"
	"  tickets [STATE]             all tickets, or those of one state\n"
	"  explain TICKET|TRACKING|mN  the whole history of a ticket or message, with reasons\n"
	"  check [--options]           the configuration, without network (78: something is wrong)\n"
	"  check --live                and then the centre, each channel, clock, disk, keys, for real\n"
	"  support-bundle FILE         for somebody far away to look at; no citizen's data in it\n"
	"  preview INSTANCE --sample FILE   what a sample becomes; nothing is stored\n"
	"decide\n"
	"  review list | show TICKET | accept TICKET|all | reject TICKET|all [--reason TEXT]\n"
	"  tickets edit TICKET [--title TITLE] [--text FILE|-] [--agency NAME] [--category PATH]\n"
	"               [--classification berkadar|tidak-berkadar|aspirasi|informasi]\n"
	"  unknown list [--refused] | confirm ID TRACKING | resend ID\n"
	"  replies list [STATE|TICKET] [--not-reached] | hold ID | release ID\n"
	"  replies preview TICKET [EVENT]   a text as it would leave\n"
	"  quarantine list [--all] | show ID | replay ID | drop ID\n"
	"  duplicates list [--all] | show mN|TICKET | split mN|TICKET | join TICKET TICKET\n"
	"  central institutions [--refresh] | differences [--refresh] | words | accept TICKET\n"
	"  central import FILE [--dry-run]   the centre's official export\n"
	"  intake add --instance NAME --url LINK --text FILE|- [--time TIME] [--dry-run]\n"
	"  intake add --instance NAME --csv FILE|- [--dry-run]   posts that somebody copied\n"
	"run\n"
	"  pause INSTANCE|central, resume INSTANCE|central\n"
	"  oauth INSTANCE              let its account consent: prints the page, asks where it ended\n"
	"  backfill INSTANCE --since DATE [--dry-run]\n"
	"  reload                      read the configuration again, apply what changed\n"
	"keep\n"
	"  backup FOLDER | backup --list   a copy beside the work, without the master key\n"
	"  restore BACKUP [--replace]      daemon stopped; the store is then in hold\n"
	"  restore --release [--yes]       end the hold: new reports are pushed again\n"
	"  erase --person FILE|- [--dry-run]   destroy all words of the person named in FILE\n"
	"  erase --ticket TICKET [--dry-run]   destroy the words of one ticket\n"
	"  key status | rotate             which master key seals the store; change it\n"
	"  access list                     who looked at whose words, who erased them\n"
	"\n"
	"try out\n"
	"  duplicates --offline FILE.jsonl [--automatic PERCENT] [--explain] [--measure]\n"
	"  classify --offline FILE.jsonl [--home CODE]\n"
	"  rules test [FILE]           run the examples that stand beside the rules\n"
	"\n"
	"--json prints one JSON object a line. Exit codes are those of sysexits.h.\n"
	"See jembatan(1) and jembatan.yaml(5).\n";

struct request {
	struct cli cli;
	const char *sample, *person, *ticket, *since, *reason, *offline, *automatic, *title, *text, *home;
	const char *agency, *category, *classification, *instance, *url, *time, *csv;
	bool not_reached, live, dry_run, all, refused, refresh, show_options, explain, measure, list,
		replace, release, yes;
	char **words;
	int count;
};

static int usage_error(const char *sentence, const char *word)
{
	fprintf(stderr, "jembatan: %s%s\nTry: jembatan --help\n", sentence, word != NULL ? word : "");
	return EX_USAGE;
}

struct pages {
	struct cli_table *table; /* NULL: JSON */
	size_t rows;
	char last_id[64];
};

static void on_page_row(void *data, json_t *row)
{
	struct pages *p = data;
	p->rows++;
	char number[64];
	const char *id = jx_id(row, "id", number);
	str_copy(p->last_id, sizeof(p->last_id), id != NULL ? id : "0");
	if (p->table != NULL)
		cli_table_row(p->table, row);
	else
		cli_print_json(NULL, row);
}

/* Ask, page after page, and print. */
static int ask(const struct request *q, const char *command, struct msg_argument *arguments,
	       size_t count, bool paged)
{
	struct pages p = { .table = q->cli.json ? NULL : cli_table_new() };
	char after[64] = "0";
	struct msg_argument all[8];
	int code;
	ASSERT(count < COUNT_OF(all));
	do {
		for (size_t i = 0; i < count; i++)
			all[i] = arguments[i];
		all[count] = (struct msg_argument){ "after", after };
		p.rows = 0;
		code = cli_ask(&q->cli, command, all, paged ? count + 1 : count, on_page_row, &p);
		str_copy(after, sizeof(after), p.last_id);
	} while (paged && code == EX_OK && p.rows >= PAGE);
	if (p.table != NULL)
		cli_table_print(p.table, stdout);
	if (p.table != NULL && paged && code == EX_OK && p.rows == 0)
		puts("none");
	return code;
}

static const char *word(const struct request *q, int n)
{
	return n < q->count ? q->words[n] : NULL;
}

static int run_status(const struct request *q)
{
	return ask(q, "status", NULL, 0, false);
}

#define TEXT_MAX (256u * 1024u)

/* "-": from stdin; the caller frees. NULL when it cannot be read. */
static char *read_words(const char *path)
{
	struct buf text;
	struct why why;
	char piece[4096];
	size_t n;
	if (!str_equal(path, "-")) {
		buf_init(&text, TEXT_MAX);
		if (file_read(path, &text, &why) == JEMBATAN_OK && !buf_is_full(&text))
			return buf_take(&text);
		fprintf(stderr, "jembatan: %s: %s\n", path, buf_is_full(&text) ? "too long" : why.text);
		buf_done(&text);
		return NULL;
	}
	buf_init(&text, TEXT_MAX);
	while ((n = fread(piece, 1, sizeof(piece), stdin)) > 0)
		buf_add(&text, piece, n);
	if (!buf_is_full(&text))
		return buf_take(&text);
	fprintf(stderr, "jembatan: the text is too long\n");
	buf_done(&text);
	return NULL;
}

static int run_edit(const struct request *q)
{
	CLEANUP(free_pointer) char *text = NULL;
	if (word(q, 2) == NULL || (q->title == NULL && q->text == NULL && q->agency == NULL &&
				   q->category == NULL && q->classification == NULL))
		return usage_error("tickets edit needs ", "TICKET and --title TITLE, --text FILE (- for "
				   "stdin), --agency NAME, --category PATH or --classification WORD");
	if (q->text != NULL && (text = read_words(q->text)) == NULL)
		return EX_NOINPUT;
	struct msg_argument arguments[] = { { "name", word(q, 2) }, { "title", q->title },
					    { "text", text }, { "agency", q->agency },
					    { "category", q->category },
					    { "classification", q->classification } };
	return ask(q, "tickets edit", arguments, COUNT_OF(arguments), false);
}

static int run_tickets(const struct request *q)
{
	if (str_equal(word(q, 1), "edit"))
		return run_edit(q);
	struct msg_argument arguments[] = { { "state", word(q, 1) } };
	return ask(q, "tickets", arguments, 1, true);
}

static int run_explain(const struct request *q)
{
	struct msg_argument arguments[] = { { "name", word(q, 1) } };
	return ask(q, "explain", arguments, 1, false);
}

static int run_check(const struct request *q)
{
	return cli_check(&q->cli, q->show_options, q->live);
}

static int run_preview(const struct request *q)
{
	if (word(q, 1) == NULL || q->sample == NULL)
		return usage_error("preview needs ", "INSTANCE --sample FILE");
	return cli_preview(&q->cli, word(q, 1), q->sample);
}

static int run_bundle(const struct request *q)
{
	if (word(q, 1) == NULL)
		return usage_error("support-bundle needs ", "a FILE to make");
	return cli_bundle(&q->cli, word(q, 1));
}

static int run_review(const struct request *q)
{
	const char *what = word(q, 1);
	struct msg_argument arguments[] = { { "name", word(q, 2) }, { "reason", q->reason } };
	if (what == NULL || str_equal(what, "list"))
		return ask(q, "review list", NULL, 0, true);
	if (word(q, 2) == NULL)
		return usage_error("a ticket (or all) is missing after review ", what);
	if (str_equal(what, "show"))
		return cli_ask(&q->cli, "review show", arguments, 1,
			       q->cli.json ? cli_print_json : cli_print_body, NULL);
	if (str_equal(what, "accept"))
		return ask(q, "review accept", arguments, 2, false);
	if (str_equal(what, "reject"))
		return ask(q, "review reject", arguments, 2, false);
	return usage_error("review list, show, accept or reject, not ", what);
}

static int run_unknown(const struct request *q)
{
	const char *what = word(q, 1);
	struct msg_argument arguments[] = { { "id", word(q, 2) }, { "tracking", word(q, 3) } };
	struct msg_argument refused[] = { { "refused", q->refused ? "yes" : NULL } };
	if (what == NULL || str_equal(what, "list"))
		return ask(q, "unknown list", refused, 1, false);
	if (str_equal(what, "confirm"))
		return ask(q, "unknown confirm", arguments, 2, false);
	if (str_equal(what, "resend"))
		return ask(q, "unknown resend", arguments, 1, false);
	return usage_error("unknown list, confirm or resend, not ", what);
}

static int run_replies(const struct request *q)
{
	const char *what = word(q, 1);
	struct msg_argument some[] = { { "what", word(q, 2) },
				       { "missed", q->not_reached ? "yes" : NULL } };
	struct msg_argument id[] = { { "id", word(q, 2) } };
	struct msg_argument letter[] = { { "name", word(q, 2) }, { "event", word(q, 3) } };
	if (what == NULL || str_equal(what, "list"))
		return ask(q, "replies list", some, 2, true);
	if (str_equal(what, "hold"))
		return ask(q, "replies hold", id, 1, false);
	if (str_equal(what, "release"))
		return ask(q, "replies release", id, 1, false);
	if (str_equal(what, "preview"))
		return ask(q, "replies preview", letter, 2, false);
	return usage_error("replies list, hold, release or preview, not ", what);
}

static int run_quarantine(const struct request *q)
{
	const char *what = word(q, 1);
	struct msg_argument id[] = { { "id", word(q, 2) } };
	struct msg_argument all[] = { { "all", q->all ? "yes" : NULL } };
	if (what == NULL || str_equal(what, "list"))
		return ask(q, "quarantine list", all, 1, true);
	if (word(q, 2) == NULL)
		return usage_error("a record's number is missing after quarantine ", what);
	if (str_equal(what, "show"))
		return cli_show_record(&q->cli, word(q, 2));
	if (str_equal(what, "replay"))
		return ask(q, "quarantine replay", id, 1, false);
	if (str_equal(what, "drop"))
		return ask(q, "quarantine drop", id, 1, false);
	return usage_error("quarantine list, show, replay or drop, not ", what);
}

static int run_central(const struct request *q)
{
	const char *what = word(q, 1);
	struct msg_argument refresh[] = { { "refresh", "yes" } };
	struct msg_argument name[] = { { "name", word(q, 2) } };
	if (str_equal(what, "institutions"))
		return ask(q, "central institutions", refresh, q->refresh, !q->refresh);
	if (str_equal(what, "differences"))
		return ask(q, "central differences", refresh, q->refresh, !q->refresh);
	if (str_equal(what, "words"))
		return ask(q, "central words", NULL, 0, false);
	if (str_equal(what, "accept") && word(q, 2) != NULL)
		return ask(q, "central accept", name, 1, false);
	if (str_equal(what, "import") && word(q, 2) != NULL)
		return cli_import(&q->cli, word(q, 2), q->dry_run);
	return usage_error("central institutions, differences, words, accept TICKET or import FILE, not ",
			   what != NULL ? what : "nothing");
}

static int run_pause(const struct request *q)
{
	struct msg_argument arguments[] = { { "name", word(q, 1) } };
	return ask(q, word(q, 0), arguments, 1, false);
}

static int run_reload(const struct request *q)
{
	return ask(q, "reload", NULL, 0, false);
}

static int run_backfill(const struct request *q)
{
	char since[32];
	int64_t ms = 0;
	if (word(q, 1) == NULL || q->since == NULL || !date_parse(q->since, WIB_MINUTES, &ms, NULL))
		return usage_error("backfill needs ", "INSTANCE --since DATE (2026-01-31)");
	snprintf(since, sizeof(since), "%lld", (long long)ms);
	struct msg_argument arguments[] = { { "name", word(q, 1) }, { "since_ms", since },
					    { "dry_run", q->dry_run ? "yes" : NULL } };
	return ask(q, "backfill", arguments, 3, false);
}

static int ask_duplicates(const struct request *q)
{
	const char *what = word(q, 1) != NULL ? word(q, 1) : "list";
	struct msg_argument all[] = { { "all", q->all ? "yes" : NULL } };
	struct msg_argument arguments[] = { { "name", word(q, 2) }, { "other", word(q, 3) } };
	if (strcmp(what, "list") == 0)
		return ask(q, "duplicates list", all, 1, false);
	if (word(q, 2) == NULL || (strcmp(what, "join") == 0 && word(q, 3) == NULL))
		return usage_error("duplicates list, show mN|TICKET, split mN|TICKET, join TICKET TICKET, ",
				   "or --offline FILE.jsonl");
	if (strcmp(what, "show") == 0)
		return ask(q, "duplicates show", arguments, 1, false);
	if (strcmp(what, "split") == 0)
		return ask(q, "duplicates split", arguments, 1, false);
	if (strcmp(what, "join") == 0)
		return ask(q, "duplicates join", arguments, 2, false);
	return usage_error("duplicates list, show, split or join, not ", what);
}

static int run_duplicates(const struct request *q)
{
	struct dedup_settings settings;
	if (q->offline == NULL)
		return ask_duplicates(q);
	if (!cli_duplicates_settings(&q->cli, &settings))
		return EX_CONFIG;
	if (q->automatic != NULL) {
		char *end;
		settings.automatic = strtod(q->automatic, &end) / 100;
		if (end == q->automatic || *end != '\0' ||
		    !(settings.automatic >= 0 && settings.automatic <= 1))
			return usage_error("--automatic is a percentage, 0 to 100, not ", q->automatic);
	}
	return cli_duplicates_offline(q->offline, &settings, q->explain, q->measure);
}

static int run_classify(const struct request *q)
{
	if (q->offline == NULL)
		return usage_error("classify needs ", "--offline FILE.jsonl");
	return cli_classify_offline(q->offline, q->home);
}

static int run_rules(const struct request *q)
{
	if (!str_equal(word(q, 1), "test"))
		return usage_error("rules needs ", "test [FILE]");
	return cli_rules_test(word(q, 2));
}

static int run_backup(const struct request *q)
{
	if (q->list)
		return ask(q, "backup list", NULL, 0, false);
	if (word(q, 1) == NULL)
		return usage_error("backup needs ", "FOLDER, or --list");
	return cli_backup(&q->cli, word(q, 1));
}

static int run_restore(const struct request *q)
{
	if (q->release)
		return cli_release(&q->cli, q->yes);
	if (word(q, 1) == NULL)
		return usage_error("restore needs ", "BACKUP [--replace], or --release");
	return cli_restore(&q->cli, word(q, 1), q->replace);
}

/* Whose words: never on the command line, where everybody on the machine could
 * read it. */
static int run_erase(const struct request *q)
{
	CLEANUP(free_pointer) char *person = NULL;
	if ((q->person == NULL) == (q->ticket == NULL))
		return usage_error("erase needs ", "--person FILE (- for stdin) or --ticket TICKET");
	if (q->person != NULL && (person = read_words(q->person)) == NULL)
		return EX_NOINPUT;
	struct msg_argument arguments[] = { { "person", person }, { "ticket", q->ticket },
					    { "dry_run", q->dry_run ? "yes" : NULL } };
	return ask(q, "erase", arguments, 3, false);
}

static int run_intake(const struct request *q)
{
	const struct cli_posts asked = { q->instance, q->url, q->text, q->time, q->csv, q->dry_run };
	bool is_one = q->url != NULL && q->text != NULL, is_file = q->csv != NULL;
	if (!str_equal(word(q, 1), "add") || q->instance == NULL || is_one == is_file)
		return usage_error("intake add needs ", "--instance NAME and either --url LINK --text FILE "
				   "(- for stdin) or --csv FILE");
	return cli_posts_add(&q->cli, &asked);
}

static int run_key(const struct request *q)
{
	const char *what = word(q, 1);
	if (what == NULL || str_equal(what, "status"))
		return ask(q, "key status", NULL, 0, false);
	if (str_equal(what, "rotate"))
		return ask(q, "key rotate", NULL, 0, false);
	return usage_error("key status or rotate, not ", what);
}

static int run_oauth(const struct request *q)
{
	if (word(q, 1) == NULL || word(q, 2) != NULL)
		return usage_error("oauth needs ", "INSTANCE alone: the answer is read from stdin");
	return cli_oauth(&q->cli, word(q, 1));
}

static int run_access(const struct request *q)
{
	if (!str_equal(word(q, 1), "list"))
		return usage_error("access needs ", "list");
	return ask(q, "access list", NULL, 0, true);
}

static int run(const struct request *q)
{
	static const struct {
		const char *name;
		int (*run)(const struct request *);
	} table[] = {
		{ "status", run_status }, { "tickets", run_tickets }, { "explain", run_explain },
		{ "check", run_check }, { "preview", run_preview }, { "review", run_review },
		{ "unknown", run_unknown }, { "replies", run_replies }, { "quarantine", run_quarantine }, { "pause", run_pause },
		{ "support-bundle", run_bundle }, { "resume", run_pause }, { "backfill", run_backfill },
		{ "reload", run_reload }, { "central", run_central },
		{ "duplicates", run_duplicates }, { "classify", run_classify },
		{ "rules", run_rules },
		{ "backup", run_backup }, { "restore", run_restore },
		{ "erase", run_erase }, { "key", run_key }, { "access", run_access },
		{ "intake", run_intake }, { "oauth", run_oauth },
	};
	for (size_t i = 0; i < COUNT_OF(table); i++)
		if (str_equal(table[i].name, word(q, 0)))
			return table[i].run(q);
	return usage_error("there is no command ", word(q, 0));
}

enum { OPTION_SAMPLE = 256, OPTION_SINCE, OPTION_REASON, OPTION_DRY_RUN, OPTION_ALL,
       OPTION_LIVE, OPTION_REFUSED, OPTION_REFRESH, OPTION_OPTIONS, OPTION_SOCKET, OPTION_OFFLINE,
       OPTION_EXPLAIN, OPTION_MEASURE, OPTION_AUTOMATIC, OPTION_LIST, OPTION_REPLACE, OPTION_RELEASE, OPTION_YES,
       OPTION_NOT_REACHED, OPTION_TITLE, OPTION_TEXT, OPTION_AGENCY, OPTION_CATEGORY,
       OPTION_CLASSIFICATION, OPTION_HOME, OPTION_PERSON, OPTION_TICKET,
       OPTION_INSTANCE, OPTION_URL, OPTION_TIME, OPTION_CSV };

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "socket", required_argument, NULL, OPTION_SOCKET },
	{ "json", no_argument, NULL, 'j' },
	{ "sample", required_argument, NULL, OPTION_SAMPLE },
	{ "since", required_argument, NULL, OPTION_SINCE },
	{ "reason", required_argument, NULL, OPTION_REASON },
	{ "dry-run", no_argument, NULL, OPTION_DRY_RUN },
	{ "all", no_argument, NULL, OPTION_ALL },
	{ "not-reached", no_argument, NULL, OPTION_NOT_REACHED },
	{ "refused", no_argument, NULL, OPTION_REFUSED },
	{ "refresh", no_argument, NULL, OPTION_REFRESH },
	{ "options", no_argument, NULL, OPTION_OPTIONS },
	{ "live", no_argument, NULL, OPTION_LIVE },
	{ "offline", required_argument, NULL, OPTION_OFFLINE },
	{ "automatic", required_argument, NULL, OPTION_AUTOMATIC },
	{ "explain", no_argument, NULL, OPTION_EXPLAIN },
	{ "measure", no_argument, NULL, OPTION_MEASURE },
	{ "list", no_argument, NULL, OPTION_LIST },
	{ "replace", no_argument, NULL, OPTION_REPLACE },
	{ "release", no_argument, NULL, OPTION_RELEASE },
	{ "yes", no_argument, NULL, OPTION_YES },
	{ "title", required_argument, NULL, OPTION_TITLE },
	{ "agency", required_argument, NULL, OPTION_AGENCY },
	{ "category", required_argument, NULL, OPTION_CATEGORY },
	{ "classification", required_argument, NULL, OPTION_CLASSIFICATION },
	{ "text", required_argument, NULL, OPTION_TEXT },
	{ "home", required_argument, NULL, OPTION_HOME },
	{ "person", required_argument, NULL, OPTION_PERSON },
	{ "ticket", required_argument, NULL, OPTION_TICKET },
	{ "instance", required_argument, NULL, OPTION_INSTANCE },
	{ "url", required_argument, NULL, OPTION_URL },
	{ "time", required_argument, NULL, OPTION_TIME },
	{ "csv", required_argument, NULL, OPTION_CSV },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

int main(int argc, char *argv[])
{
	struct request q = { .cli = { .config = SETTINGS_FILE } };
	int option;
	digest_init();
	jx_init();
	/* Root sees the credentials that systemd gave to the daemon. */
	if (access(CREDENTIALS, R_OK) == 0)
		setenv("CREDENTIALS_DIRECTORY", CREDENTIALS, 0);
	while ((option = getopt_long(argc, argv, "c:jVh", options, NULL)) != -1) {
		switch (option) {
		case 'c': q.cli.config = optarg; break;
		case 'j': q.cli.json = true; break;
		case OPTION_SOCKET: q.cli.socket = optarg; break;
		case OPTION_SAMPLE: q.sample = optarg; break;
		case OPTION_SINCE: q.since = optarg; break;
		case OPTION_REASON: q.reason = optarg; break;
		case OPTION_DRY_RUN: q.dry_run = true; break;
		case OPTION_ALL: q.all = true; break;
		case OPTION_NOT_REACHED: q.not_reached = true; break;
		case OPTION_REFUSED: q.refused = true; break;
		case OPTION_REFRESH: q.refresh = true; break;
		case OPTION_OPTIONS: q.show_options = true; break;
		case OPTION_LIVE: q.live = true; break;
		case OPTION_OFFLINE: q.offline = optarg; break;
		case OPTION_AUTOMATIC: q.automatic = optarg; break;
		case OPTION_EXPLAIN: q.explain = true; break;
		case OPTION_MEASURE: q.measure = true; break;
		case OPTION_LIST: q.list = true; break;
		case OPTION_REPLACE: q.replace = true; break;
		case OPTION_RELEASE: q.release = true; break;
		case OPTION_YES: q.yes = true; break;
		case OPTION_TITLE: q.title = optarg; break;
		case OPTION_AGENCY: q.agency = optarg; break;
		case OPTION_CATEGORY: q.category = optarg; break;
		case OPTION_CLASSIFICATION: q.classification = optarg; break;
		case OPTION_TEXT: q.text = optarg; break;
		case OPTION_HOME: q.home = optarg; break;
		case OPTION_PERSON: q.person = optarg; break;
		case OPTION_TICKET: q.ticket = optarg; break;
		case OPTION_INSTANCE: q.instance = optarg; break;
		case OPTION_URL: q.url = optarg; break;
		case OPTION_TIME: q.time = optarg; break;
		case OPTION_CSV: q.csv = optarg; break;
		case 'V':
			puts("jembatan " PACKAGE_VERSION);
			return EX_OK;
		case 'h':
			fputs(usage_text, stdout);
			return EX_OK;
		default:
			return EX_USAGE;
		}
	}
	q.words = argv + optind;
	q.count = argc - optind;
	if (q.count == 0) {
		fputs(usage_text, stderr);
		return EX_USAGE;
	}
	int code = run(&q);
	if ((fflush(stdout) != 0 || ferror(stdout)) && code == EX_OK) {
		fputs("jembatan: not all of it could be written\n", stderr);
		code = EX_IOERR;
	}
	return code;
}
