/* cli.h: the parts of the command `jembatan`. It holds no state of its own:
 * check and preview read files, everything else asks the daemon. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/mem.h"
#include "base/msg.h"

#include <jansson.h>
#include <stdio.h>

struct cli {
	const char *config; /* path of jembatan.yaml */
	const char *socket; /* NULL: run_dir of the configuration */
	bool json;
};

/* Ask the daemon; arguments whose value is NULL are left out. Rows go to on_row
 * (borrowed); progress goes to a terminal's stderr. Returns a code of
 * sysexits; prints the daemon's sentence unless json. */
typedef void cli_on_row(void *data, json_t *row);
int cli_ask(const struct cli *c, const char *command, const struct msg_argument *arguments,
	    size_t count, cli_on_row *on_row, void *data);

/* Print a row as one line of JSON. */
void cli_print_json(void *data, json_t *row);

/* Print what may hold words of others: no control characters but line breaks and
 * tabs, nothing that turns the line around. */
void cli_say(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
void cli_say_bytes(FILE *out, const void *bytes, size_t size);

/* Print the ticket of a row "body" as a person reads it. */
void cli_print_body(void *data, json_t *row);

/* Rows as text, each kind in its own way. */
struct cli_table;
struct cli_table *cli_table_new(void);
cli_on_row cli_table_row; /* data: struct cli_table */
void cli_table_print(struct cli_table *t, FILE *out); /* frees it */

int cli_check(const struct cli *c, bool show_options, bool live);
/* Is there a daemon behind the socket? */
bool cli_daemon_runs(const struct cli *c);
/* Write a support bundle, a new file, with 0600. */
int cli_bundle(const struct cli *c, const char *path);
/* Every line of a file that says something; what is wrong with one goes to stderr
 * with its number, and DATA is the end of it all. */
typedef enum jembatan_result cli_on_line(void *data, struct jembatan_bytes line, struct why *why);
enum jembatan_result cli_each_line(FILE *file, const char *command, cli_on_line *on_line, void *data);
/* Decide over a file of JSON lines ("-": stdin) and print; without daemon. */
struct dedup_settings;
/* As configured, or the presets where there is no file; false: told what is wrong. */
bool cli_duplicates_settings(const struct cli *c, struct dedup_settings *out);
int cli_duplicates_offline(const char *path, const struct dedup_settings *settings, bool explain,
			   bool measure);
/* Place, agency, kind of each record; home is a region's code or NULL. */
int cli_classify_offline(const char *path, const char *home);
/* Run the examples of the rules in the file (NULL: those that are installed). */
int cli_rules_test(const char *path);
int cli_backup(const struct cli *c, const char *folder);
int cli_restore(const struct cli *c, const char *from, bool replace);
int cli_release(const struct cli *c, bool yes);
int cli_import(const struct cli *c, const char *path, bool dry_run);
/* The record of this number in quarantine: bytes to a file, text to a terminal. */
int cli_show_record(const struct cli *c, const char *id);
/* What `jembatan intake add` was given: a link and the file of its text ("-":
 * stdin), or a CSV file. */
struct cli_posts {
	const char *instance, *url, *text, *time, *csv;
	bool is_dry;
};
int cli_posts_add(const struct cli *c, const struct cli_posts *asked);
/* Let an account consent: prints the page, reads from stdin where the browser ended. */
int cli_oauth(const struct cli *c, const char *instance);
int cli_preview(const struct cli *c, const char *instance, const char *sample);

#endif
