/* kit.h: what connector plugins share: HTTP with an address guard, paging,
 * credentials, times, phones, HTML to text, JSON and jq, mapping by `fields:`.
 * A static library (jembatan-kit in the .pc file); it may be left out.
 *
 * Rules. Those of connector.h, and: a function that takes the context explains
 * its failure to the operator itself; a pure one says it in `struct kit_why`.
 * x_free takes NULL. Outputs are written only on success, unless said
 * otherwise. Nothing here shows a citizen's words or a secret. */
#ifndef JEMBATAN_KIT_H
#define JEMBATAN_KIT_H

#include <jembatan/connector.h>

#include <jansson.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- why --------------------------------------------------------------- */

/* One sentence for the operator about a failure. */
struct kit_why {
	char text[480];
};

/* Writes the sentence (cut when too long; why may be NULL), returns `result`:
 * return kit_why_set(why, JEMBATAN_DATA, "...", ...). */
JEMBATAN_PRINTF(3, 4) enum jembatan_result
kit_why_set(struct kit_why *why, enum jembatan_result result,
	    const char *format, ...);

/* ---- memory and text --------------------------------------------------- */

/* Memory that lives as long as a batch: allocate many, reset once. Exhaustion
 * aborts: check outside lengths first. */
struct kit_arena;
struct kit_arena *kit_arena_new(void);
void kit_arena_free(struct kit_arena *arena);
void kit_arena_reset(struct kit_arena *arena);
void *kit_arena_alloc(struct kit_arena *arena, size_t size); /* zeroed */
char *kit_arena_strdup(struct kit_arena *arena, const char *s); /* NULL: NULL */
char *kit_arena_strndup(struct kit_arena *arena, const char *s, size_t size);
JEMBATAN_PRINTF(2, 3) char *
kit_arena_printf(struct kit_arena *arena, const char *format, ...);

/* Growable bytes with a ceiling given at birth. What goes over the ceiling is
 * dropped and remembered: ask kit_text_is_full once at the end. */
struct kit_text;
struct kit_text *kit_text_new(size_t ceiling_bytes);
void kit_text_free(struct kit_text *text);
void kit_text_clear(struct kit_text *text);
bool kit_text_is_full(const struct kit_text *text);
void kit_text_add(struct kit_text *text, const void *data, size_t size);
void kit_text_add_string(struct kit_text *text, const char *s); /* NULL: "" */
JEMBATAN_PRINTF(2, 3) void
kit_text_printf(struct kit_text *text, const char *format, ...);
/* NUL-terminated; borrowed until the next change. */
const char *kit_text_string(const struct kit_text *text);
struct jembatan_bytes kit_text_bytes(const struct kit_text *text);

/* Valid UTF-8 without NUL? */
bool kit_utf8_is_valid(struct jembatan_bytes bytes);
/* Append, made valid: invalid sequences become U+FFFD, control characters but
 * tab and newline are dropped, CR LF and CR become newline. */
void kit_utf8_clean(struct jembatan_bytes bytes, struct kit_text *out);
/* The same for bytes of an unknown encoding: UTF-8, else windows-1252. */
void kit_utf8_guess(struct jembatan_bytes bytes, struct kit_text *out);

/* SHA-256 over parts, each with its length, as 64 hex digits and a NUL: a key
 * for records without an id of their own. A NULL part differs from "". */
void kit_digest(const char *const *parts, size_t count, char out_hex[65]);

/* Decode base64 (white space is skipped), append. DATA: it is not. */
JEMBATAN_MUST_CHECK enum jembatan_result
kit_base64_decode(const char *base64, struct kit_text *out);

/* ---- webhooks ----------------------------------------------------------- */

/* The header's value (name in any case). NULL: it is missing, or stands there
 * twice, and nobody can say which one counts. */
const char *kit_request_header(const struct jembatan_request *request,
			       const char *name);

enum kit_signature_form {
	KIT_SIGNATURE_HEX, /* 64 digits, in any case */
	KIT_SIGNATURE_BASE64
};

/* Is `value` (a header's, or NULL) the prefix ("sha256=", or NULL) followed by
 * the HMAC-SHA256 of exactly these bytes? Compared in constant time. An empty
 * or missing secret signs nothing: false. */
JEMBATAN_MUST_CHECK bool
kit_signature_is_valid(const char *value, const char *prefix,
		       enum kit_signature_form form, const char *secret,
		       struct jembatan_bytes body);

/* The HMAC-SHA256 of these bytes by the secret, in hex: what a remote asks us to
 * sign with (Meta's appsecret_proof). */
void kit_signature_make(const char *secret, struct jembatan_bytes bytes,
			char out_hex[65]);

/* Is what was given (or NULL) our secret? How long it takes says nothing of how
 * much was right. An empty or missing secret is nobody's: false. */
JEMBATAN_MUST_CHECK bool kit_secret_is_same(const char *given,
					    const char *secret);

/* The handshake of WebSub and Meta: is this query (or NULL) a subscription with
 * our word? Then its challenge is added to `out`: the answer, bare. */
JEMBATAN_MUST_CHECK bool kit_hub_answer(const char *query, const char *word,
					struct kit_text *out);

/* Is this webhook signed as Meta does (X-Hub-Signature-256), with the option
 * `app_secret`, or with `app_secret_old` while the one is changed for the other? */
JEMBATAN_MUST_CHECK bool
kit_hub_is_signed(struct jembatan_context *ctx,
		  const struct jembatan_request *request);

/* ---- URLs and the address guard ---------------------------------------- */

struct sockaddr;

/* True when this is a public unicast address: not loopback, private, shared,
 * link-local, multicast, reserved, documentation, and not one of these hidden
 * in an IPv6 address (mapped, compatible, NAT64, 6to4, Teredo). Pure. */
bool kit_guard_address(const struct sockaddr *address);

/* May this URL be fetched? http or https with a host and without user info.
 * Its addresses are judged when they are connected to (kit_http does).
 * out_trusted: its origin (scheme, host, port) is one of `origins`, the URLs
 * that an operator wrote, so that it may lie in a private network. Returns OK
 * or DATA. Pure. */
JEMBATAN_MUST_CHECK enum jembatan_result
kit_guard_url(const char *url, const char *const *origins, size_t origin_count,
	      bool *out_trusted, struct kit_why *why);

/* Same scheme, host and port? False when either is not a URL. */
bool kit_url_same_origin(const char *a, const char *b);
/* `reference` (absolute or relative) seen from `base`; NULL when it is none.
 * The caller frees with free(), as below. */
char *kit_url_join(const char *base, const char *reference);
/* The URL with its query parameter `name` set (replaced or added). */
char *kit_url_with(const char *url, const char *name, const char *value);
/* The decoded value of a query parameter, or NULL. */
char *kit_url_parameter(const char *url, const char *name);
/* Its host, in lower case, and its path as it stands there; NULL: not a URL. */
char *kit_url_host(const char *url);
char *kit_url_path(const char *url);
/* scheme://host/path for logs: without query, fragment and user info. */
char *kit_url_show(const char *url);
/* Percent-encode as a path segment or a query value. */
char *kit_url_escape(const char *value);

/* ---- HTTP -------------------------------------------------------------- */

/* One per plugin instance: keeps its connections. Redirects are never followed
 * blindly, and a request that is not GET is never sent twice. */
struct kit_http;

struct kit_http_options {
	size_t size; /* sizeof(struct kit_http_options) */
	/* URLs that an operator wrote: their origins may be private. Copied. */
	const char *const *origins;
	size_t origin_count;
	const char *user_agent; /* NULL: "Jembatan/<version>" */
	const char *ca_file;    /* NULL: the system's */
	int64_t connect_ms;     /* 0: 10 s */
	int64_t answer_ms;      /* for the whole exchange; 0: 60 s */
	size_t body_ceiling;    /* decoded; 0: 16 MiB */
	/* Budgets; 0: none. What goes over them is RETRY with a delay. The
	 * day's count survives a restart (state key "kit.budget"). */
	int64_t per_minute, per_day;
};

/* For a plugin's own option table: ..., KIT_HTTP_OPTIONS, ... They are read by
 * kit_http_options_get. */
#define KIT_HTTP_OPTIONS \
	{ "connect_timeout", JEMBATAN_DURATION, 0, "10s", 100, 110000, NULL, \
	  "How long to wait for a connection." }, \
	{ "answer_timeout", JEMBATAN_DURATION, 0, "60s", 100, 110000, NULL, \
	  "How long one request may take as a whole." }, \
	{ "answer_max", JEMBATAN_BYTES, 0, "16MiB", 1024, 268435456, NULL, \
	  "The largest answer that is read, after decompression." }, \
	{ "requests_per_minute", JEMBATAN_INTEGER, 0, "0", 0, 100000, NULL, \
	  "At most so many requests a minute; 0: no limit." }, \
	{ "requests_per_day", JEMBATAN_INTEGER, 0, "0", 0, 100000000, NULL, \
	  "At most so many requests a day (UTC); 0: no limit." }, \
	{ "ca_file", JEMBATAN_PATH, 0, NULL, 0, 0, NULL, \
	  "Certificates to trust instead of the system's." }

/* Fill from the rows above; origins and user_agent are left to the caller. */
struct kit_http_options kit_http_options_get(struct jembatan_context *ctx);

/* Never NULL. The context must live as long. */
struct kit_http *kit_http_new(struct jembatan_context *ctx,
			      const struct kit_http_options *options);
void kit_http_free(struct kit_http *http);

struct kit_http_request {
	size_t size; /* sizeof(struct kit_http_request) */
	const char *method; /* NULL: GET */
	const char *url;
	const struct jembatan_header *headers;
	size_t header_count;
	struct jembatan_bytes body;
	const char *content_type; /* of the body */
	int64_t deadline_ms;      /* for this exchange; 0: answer_ms */
	size_t body_ceiling;      /* 0: that of kit_http_options */
	bool operator_url;        /* the operator wrote this very URL */
	bool follow;              /* GET: up to 3 redirects, same origin only */
	/* Write the body of a 2xx here, in pieces, instead of keeping it. */
	struct jembatan_spool *into;
	/* A part of the URL, in its path too, that is shown as *** wherever the
	 * URL is (Telegram's token); or NULL. */
	const char *secret;
};

/* Zero it and set size, or use {0}. Valid, and borrowed, until the next request
 * or kit_http_free; filled in whatever the result is. */
struct kit_http_response {
	unsigned status; /* 0: there was no answer */
	struct jembatan_bytes body; /* decoded; a NUL follows */
	size_t body_size;        /* also when it went into the spool */
	const char *media_type;  /* without parameters; or NULL */
	const char *url;         /* the one that answered */
	const char *location;    /* of a redirect, made absolute; or NULL */
	int64_t retry_after_ms;  /* -1: not said */
	int64_t server_ms;       /* the answer's Date; 0: not said */
	/* For reply(): SENT 2xx; NOT_SENT no connection, 429, 503; REFUSED
	 * other 4xx; UNKNOWN all else. */
	enum jembatan_outcome outcome;
};

/* OK: 2xx or 304. RETRY: network, 408, 425, 429, 5xx, cut short, budget,
 * stopping (the delay has been told to the host when the server or the budget
 * named one). AUTH: 401, 403. GONE: 404, 410. CONFIG: a redirect that is not
 * followed, a certificate, other 4xx. DATA: too large, an address that is not
 * allowed, 409, 412, 413, 422. Where no operator wrote the origin, DATA stands
 * for AUTH and CONFIG: there is nothing to set. Failures are explained. */
JEMBATAN_MUST_CHECK enum jembatan_result
kit_http_send(struct kit_http *http, const struct kit_http_request *request,
	      struct kit_http_response *out);
/* GET of a URL, redirects within its origin followed. */
JEMBATAN_MUST_CHECK enum jembatan_result
kit_http_get(struct kit_http *http, const char *url,
	     struct kit_http_response *out);
/* A header of the last answer, name without regard to case; the values of
 * several are joined by ", ". NULL when absent. Borrowed until the next request. */
const char *kit_http_header(const struct kit_http *http, const char *name);

/* ---- credentials ------------------------------------------------------- */

enum kit_auth_kind {
	KIT_AUTH_NONE = 0,
	KIT_AUTH_HEADER, /* <header>: <prefix><token> */
	KIT_AUTH_BASIC,  /* username, password */
	KIT_AUTH_BEARER, /* Authorization: Bearer <token> */
	KIT_AUTH_OAUTH2  /* client_credentials; with refresh_token: that grant */
};

/* All texts are copied; unused ones may be NULL. */
struct kit_auth_options {
	size_t size; /* sizeof(struct kit_auth_options) */
	enum kit_auth_kind kind;
	const char *header; /* NULL: Authorization */
	const char *prefix; /* NULL: "" */
	const char *token;
	const char *username, *password;
	const char *token_url, *client_id, *client_secret, *scope, *audience;
	bool client_in_header; /* Basic instead of form fields */
	/* Sent with the token request too (Api-Key ...); a copy is kept. */
	const struct jembatan_header *token_headers;
	size_t token_header_count;
	/* The first one, from the consent. Those that the server gives in exchange
	 * are kept sealed; another one here takes their place. */
	const char *refresh_token;
	/* OAUTH2 for an account: without refresh_token it is that of kit_consent,
	 * and AUTH as long as nobody has consented. */
	bool by_consent;
};

/* For a plugin's own option table; read by kit_auth_options_get. */
#define KIT_AUTH_OPTIONS \
	{ "auth", JEMBATAN_CHOICE, 0, "none", 0, 0, kit_auth_choices, \
	  "How to log in: none, header, basic, bearer, oauth2." }, \
	{ "auth_header", JEMBATAN_STRING, 0, "Authorization", 0, 0, NULL, \
	  "auth: header: the header's name." }, \
	{ "auth_prefix", JEMBATAN_STRING, 0, "", 0, 0, NULL, \
	  "auth: header: what stands before the token, such as \"token \"." }, \
	{ "token", JEMBATAN_SECRET, 0, NULL, 0, 0, NULL, \
	  "auth: header, bearer: the token." }, \
	{ "username", JEMBATAN_STRING, 0, NULL, 0, 0, NULL, \
	  "auth: basic: the user." }, \
	{ "password", JEMBATAN_SECRET, 0, NULL, 0, 0, NULL, \
	  "auth: basic: the password." }, \
	{ "token_url", JEMBATAN_URL, 0, NULL, 0, 0, NULL, \
	  "auth: oauth2: where tokens are issued." }, \
	{ "client_id", JEMBATAN_STRING, 0, NULL, 0, 0, NULL, \
	  "auth: oauth2: our id." }, \
	{ "client_secret", JEMBATAN_SECRET, 0, NULL, 0, 0, NULL, \
	  "auth: oauth2: our secret." }, \
	{ "scope", JEMBATAN_STRING, 0, NULL, 0, 0, NULL, \
	  "auth: oauth2: the scope to ask for." }, \
	{ "audience", JEMBATAN_STRING, 0, NULL, 0, 0, NULL, \
	  "auth: oauth2: the audience to ask for." }, \
	{ "refresh_token", JEMBATAN_SECRET, 0, NULL, 0, 0, NULL, \
	  "auth: oauth2: the token of an account's consent; without it the grant is " \
	  "client_credentials." }, \
	{ "client_in_header", JEMBATAN_BOOLEAN, 0, "false", 0, 0, NULL, \
	  "auth: oauth2: id and secret go as Basic, not in the form." }
extern const char *const kit_auth_choices[];

/* Fill from the rows above and check that what `auth` needs is set: OK or
 * CONFIG, explained with the place. No network: for check() too. */
JEMBATAN_MUST_CHECK enum jembatan_result
kit_auth_options_get(struct jembatan_context *ctx,
		     struct kit_auth_options *out);

struct kit_auth;
/* Never NULL. http is used for tokens and must live as long. */
struct kit_auth *kit_auth_new(struct jembatan_context *ctx,
			      struct kit_http *http,
			      const struct kit_auth_options *options);
void kit_auth_free(struct kit_auth *auth);

/* kit_http_send with credentials. They go only to the origins of
 * kit_http_options, or with operator_url: to any other URL the request goes
 * without them. OAuth2: the token is kept sealed (state key "kit.oauth2",
 * stored before use), renewed a minute before it expires by the server's
 * clock; a 401 gets one new token and one more try, then it is AUTH. */
JEMBATAN_MUST_CHECK enum jembatan_result
kit_auth_send(struct kit_auth *auth, const struct kit_http_request *request,
	      struct kit_http_response *out);

/* KIT_AUTH_OAUTH2: the token itself, for a protocol that is not HTTP. Already on
 * disk; borrowed until the next call. refused: one that the peer did not take
 * (compared, so one that is newer is handed out); or NULL. AUTH, RETRY,
 * explained. */
JEMBATAN_MUST_CHECK enum jembatan_result
kit_auth_token(struct kit_auth *auth, const char *refused, const char **out_token);

/* How an account consents (RFC 6749 4.1, with PKCE S256 of RFC 7636). */
struct kit_consent_options {
	size_t size; /* sizeof(struct kit_consent_options) */
	const char *authorize_url; /* the page, without parameters of ours */
	const char *redirect_url;  /* as registered; nobody need listen there */
	const char *scope;
	const char *more[8]; /* names and values of other parameters; NULL ends */
};

/* For consent(): with an auth of KIT_AUTH_OAUTH2. answer NULL: the page, with a
 * verifier and a state of its own, which are kept sealed for an hour; borrowed
 * from the arena. Else the address at which the browser ended ; its state
 * must be ours: the code is exchanged, and the tokens are on disk when it
 * returns OK. AUTH, DATA, RETRY, explained. Neither code nor token stands in any
 * sentence. */
JEMBATAN_MUST_CHECK enum jembatan_result
kit_consent(struct kit_auth *auth, const struct kit_consent_options *how,
	    const char *answer, struct kit_arena *arena, const char **out_url);

/* ---- paging ------------------------------------------------------------ */

enum kit_pages_style {
	KIT_PAGES_NONE = 0, /* one page is all */
	KIT_PAGES_PAGE,     /* ?page=1, 2, 3 */
	KIT_PAGES_OFFSET,   /* ?offset=0, 100, 200 */
	KIT_PAGES_CURSOR,   /* ?cursor=<what the last answer said> */
	KIT_PAGES_NEXT,     /* the body names the next URL */
	KIT_PAGES_LINK      /* the Link header does, rel=next (RFC 8288) */
};

struct kit_pages_options {
	size_t size; /* sizeof(struct kit_pages_options) */
	enum kit_pages_style style;
	const char *parameter; /* PAGE, OFFSET, CURSOR; NULL: page, offset, cursor */
	int64_t first;         /* PAGE: number of the first page */
	const char *limit_parameter; /* how the page size is asked for; or NULL */
	int64_t limit;               /* records per page; 0: not said */
	const char *next_path;  /* CURSOR, NEXT: dotted path in the body */
	const char *pages_path; /* PAGE: path of the number of pages; or NULL */
	const char *total_path; /* OFFSET: path of the number of records; or NULL */
	bool short_ends; /* a page with fewer than limit records is the last */
	int64_t page_ceiling; /* 0: 10,000 */
};

/* For a plugin's own option table; read by kit_pages_options_get. */
#define KIT_PAGES_OPTIONS \
	{ "paging", JEMBATAN_CHOICE, 0, "none", 0, 0, kit_pages_choices, \
	  "How the app pages: none, page, offset, cursor, next, link." }, \
	{ "page_parameter", JEMBATAN_STRING, 0, NULL, 0, 0, NULL, \
	  "Its query parameter; preset: page, offset or cursor." }, \
	{ "page_first", JEMBATAN_INTEGER, 0, "1", 0, 1, NULL, \
	  "paging: page: the number of the first page." }, \
	{ "page_size_parameter", JEMBATAN_STRING, 0, NULL, 0, 0, NULL, \
	  "The query parameter that asks for a page size." }, \
	{ "page_size", JEMBATAN_INTEGER, 0, "100", 1, 10000, NULL, \
	  "Records per page." }, \
	{ "next_path", JEMBATAN_STRING, 0, NULL, 0, 0, NULL, \
	  "paging: cursor, next: where the answer holds the next one." }, \
	{ "pages_path", JEMBATAN_STRING, 0, NULL, 0, 0, NULL, \
	  "paging: page: where the answer holds the number of pages." }, \
	{ "total_path", JEMBATAN_STRING, 0, NULL, 0, 0, NULL, \
	  "paging: offset: where the answer holds the number of records." }, \
	{ "short_page_ends", JEMBATAN_BOOLEAN, 0, "false", 0, 0, NULL, \
	  "A page with fewer records than page_size is the last." }, \
	{ "page_max", JEMBATAN_INTEGER, 0, "10000", 1, 1000000, NULL, \
	  "More pages than this in a row are taken for a loop." }
extern const char *const kit_pages_choices[];

/* Fill from the rows above: OK or CONFIG, explained. No network. */
JEMBATAN_MUST_CHECK enum jembatan_result
kit_pages_options_get(struct jembatan_context *ctx,
		      struct kit_pages_options *out);

/* One walk over the pages. It sends nothing: fetch kit_pages_url, then say what
 * came. The URL of a page is all there is to a walk, so one that was cut short
 * is taken up again by starting with that URL. The options must live as long. */
struct kit_pages;
/* first_url: without paging parameters, or a page's own URL. */
struct kit_pages *kit_pages_new(const struct kit_pages_options *options,
				const char *first_url);
void kit_pages_free(struct kit_pages *pages);
/* The page to fetch now. Borrowed until kit_pages_advance. */
const char *kit_pages_url(const struct kit_pages *pages);

struct kit_page {
	json_t *root;        /* the answer, parsed */
	struct jembatan_bytes body; /* the answer's bytes; tells a loop */
	const char *link;    /* the Link header; or NULL */
	size_t record_count; /* records on this page */
};

/* OK: kit_pages_url names another page. IDLE: that was the last. DATA: the
 * next page lies elsewhere (another origin), is no URL, or repeats itself. */
JEMBATAN_MUST_CHECK enum jembatan_result
kit_pages_advance(struct kit_pages *pages, const struct kit_page *page,
		  struct kit_why *why);

/* The target of rel=next in a Link header (RFC 8288); NULL: none. The caller
 * frees. */
char *kit_link_next(const char *link);

/* ---- times and phones -------------------------------------------------- */

/* "WIB", "WITA", "WIT", "UTC", "Z", "+07:00", "+0700", "+07", "Asia/Jakarta",
 * "Asia/Pontianak", "Asia/Makassar", "Asia/Jayapura" to minutes east of UTC. */
bool kit_time_zone(const char *text, int *out_minutes);

/* Text to milliseconds UTC. format NULL: ISO 8601 with or without time, zone, fraction (also
 * "+0000", a space for T, yyyy/mm/dd); d-m-Y and d/m/Y with or without time; "11 Februari
 * 2023, 01:16", weekday before it or not; RFC 5322; unix seconds and milliseconds. Else PHP's
 * letters (d j m n M F Y y H G i s u v D l P O T U, backslash quotes), which must match all of
 * the text. A time without zone is taken at zone_minutes. OK, or DATA when it is not a time or
 * lies outside 1900 .. 2200. Pure. */
JEMBATAN_MUST_CHECK enum jembatan_result
kit_time_parse(const char *text, const char *format, int zone_minutes,
	       int64_t *out_ms);

/* "2026-11-21T22:30:00Z", or with an offset: "2026-11-22T05:30:00+07:00". */
void kit_time_format_rfc3339(int64_t ms, int zone_minutes, char out[32]);

/* 08..., 62 8..., +62 8... , (021) ..., with spaces, dots, dashes: to E.164.
 * A number of another country needs its + or 00. False, and out untouched, for
 * short codes (112, 1708) and all else. Pure. */
bool kit_phone_e164(const char *text, char out[20]);

/* ---- HTML -------------------------------------------------------------- */

/* What a reader would see of this HTML, as text: paragraphs, lists, quotes
 * ("> "), table cells; links as "text (url)" where they differ; no scripts,
 * styles and hidden parts. charset: NULL: as the document says, else UTF-8.
 * Never reaches for the network. DATA: nothing could be read; what fits is
 * appended to out all the same. */
JEMBATAN_MUST_CHECK enum jembatan_result
kit_html_text(struct jembatan_bytes html, const char *charset,
	      struct kit_text *out);

/* ---- CSV --------------------------------------------------------------- */

/* A file as spreadsheets write it: delimiter (, ; tab) and encoding (UTF-8, UTF-16,
 * windows-1252) are found out. Rows are borrowed until the next call. Pure. */
struct kit_csv;
struct kit_csv_row {
	size_t line, count; /* line: as a spreadsheet numbers its rows */
	char *const *fields; /* at most 256 */
	struct jembatan_bytes raw; /* its text, as UTF-8 */
	bool is_ended; /* by a line end */
};
/* The file is copied. next: OK, IDLE; DATA: no row (line, raw), go on; GONE: so
 * many quotes are never closed that it is no CSV. */
JEMBATAN_MUST_CHECK enum jembatan_result
kit_csv_new(struct jembatan_bytes file, size_t bytes_max, size_t row_max, struct kit_csv **out,
	    struct kit_why *why);
JEMBATAN_MUST_CHECK enum jembatan_result
kit_csv_next(struct kit_csv *csv, struct kit_csv_row *out, struct kit_why *why);
void kit_csv_free(struct kit_csv *csv);

/* ---- JSON -------------------------------------------------------------- */

/* Copy JSON text with each integer of 16 digits or more put into quotes, since
 * readers spoil them (jq above 2^53, jansson above 2^63). Strings and all
 * other numbers are left alone; text that is not JSON comes through somehow.
 * Pure. */
void kit_numbers_quote(struct jembatan_bytes json, struct kit_text *out);

/* Parse: long integers quoted as above, NULs within texts dropped, duplicate
 * keys refused, any value at the top, at most 64 MiB. The caller json_decref's. DATA: line, column. */
JEMBATAN_MUST_CHECK enum jembatan_result
kit_json_parse(struct jembatan_bytes text, json_t **out, struct kit_why *why);

/* By dotted path "a.b.0.c"; "" or "." is the value itself. NULL when something
 * on the way is missing, or null. Borrowed from root. */
json_t *kit_json_at(json_t *root, const char *path);
/* A string at path, or NULL. */
const char *kit_json_string(json_t *root, const char *path);
/* A string, integer or number as text: ids arrive both ways. Borrowed from
 * root or the buffer. NULL when neither. */
const char *kit_json_id(json_t *root, const char *path, char buffer[64]);
/* An integer, also when written as a string or as 3.0. */
bool kit_json_integer(json_t *root, const char *path, int64_t *out);
/* Of the value, whatever the order of its keys: the same for the same content. */
void kit_json_digest(json_t *value, char out_hex[65]);

/* ---- jq ---------------------------------------------------------------- */

struct kit_jq;

struct kit_jq_limits {
	int64_t cpu_ms;       /* per record; 0: 1 s */
	size_t result_count;  /* per record; 0: 1,000 */
	size_t result_bytes;  /* strings and keys of all results; 0: 8 MiB */
};

/* Compile. CONFIG: the sentence names the line of the program. Modules, input,
 * the environment and files are out of its reach. limits NULL: those above. */
JEMBATAN_MUST_CHECK enum jembatan_result
kit_jq_new(const char *program, const struct kit_jq_limits *limits,
	   struct kit_jq **out, struct kit_why *why);
void kit_jq_free(struct kit_jq *jq);

/* Run on one JSON text (long integers quoted first). out: an array of the results; the caller
 * json_decref's. DATA: not JSON, the program failed on it, or went over a limit; a message of
 * error() is not shown, since it may hold the citizen's words. A program that never ends is
 * stopped by its CPU time (a timer's SIGVTALRM, only while it runs). One step inside libjq
 * cannot be stopped, such as a regular expression that explodes: then the core's deadline for
 * poll ends the child, and the record is skipped. */
JEMBATAN_MUST_CHECK enum jembatan_result
kit_jq_run(struct kit_jq *jq, struct jembatan_bytes record, json_t **out,
	   struct kit_why *why);

/* ---- mapping records to messages --------------------------------------- */

/* A MAP option, `fields:`, message field to place in the record:
 *   text: body.content      a dotted path
 *   text: content|isi       the first that is there and not empty
 *   category: =Jalan        a constant
 *   from_centre: source==sp4n   true when the value is this word
 * Fields: id revision kind thread reply_to subject text full_text sent arrived
 * incident_date category status name phone mail handle author_id
 * identity_number province regency district village address code code_system
 * latitude longitude tracking_id from_centre anonymous secret automatic extra
 * attachments attachments.url attachments.name attachments.type.
 * A flag that cannot be read as yes or no counts as yes. An attachment becomes
 * a reference: its URL, made absolute. */
struct kit_fields;

struct kit_fields_options {
	size_t size; /* sizeof(struct kit_fields_options) */
	const char *fields;   /* name of the MAP option; NULL: names as above */
	const char *statuses; /* name of the MAP option, app's word to ours; or NULL */
	const char *time_format; /* for kit_time_parse; or NULL */
	int zone_minutes;        /* of times without one */
	const char *base_url;    /* attachments' URLs are relative to it; or NULL */
};

/* Read and check the mapping: OK, or CONFIG, explained with file and line. No
 * network: for check() too. */
JEMBATAN_MUST_CHECK enum jembatan_result
kit_fields_new(struct jembatan_context *ctx,
	       const struct kit_fields_options *options,
	       struct kit_fields **out);
void kit_fields_free(struct kit_fields *fields);

/* Fill a message from a record: by the mapping, or, when there is none (a jq program's
 * result), by the field names themselves. The message (zeroed first) points into the arena and
 * the record. raw is left to the caller. DATA: a value is of the wrong kind; explained with
 * the place of the mapping, the path and the kind found. A status that `statuses` does not
 * know is kept as it is, and logged once. */
JEMBATAN_MUST_CHECK enum jembatan_result
kit_fields_fill(struct kit_fields *fields, json_t *record,
		struct kit_arena *arena, struct jembatan_message *out);
/* The sentence of the last failure, to be kept with the record. Borrowed until
 * the next call. */
const char *kit_fields_why(const struct kit_fields *fields);

#ifdef __cplusplus
}
#endif

#endif
