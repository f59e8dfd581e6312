/* email.c: the mail connector: its options, which source they name, the way back. */
#include "email/email_imap.h"
#include "email/email_maildir.h"
#include "email/email_oauth.h"
#include "email/email_parse.h"
#include "email/email_smtp.h"

#include <gmime/gmime.h>
#include <malloc.h>

#include <string.h>

#define OWN_MAX 64u
/* From here on a buffer is mapped by itself, so that what one large mail took does
 * not stay with the process. */
#define MAPPED_BYTES (512 * 1024)

static const char *const source_choices[] = { "imap", "maildir", NULL };
static const char *const tls_choices[] = { "auto", "required", "none", NULL };
static const char *const auth_choices[] = { "password", "oauth2", "xoauth2", "oauthbearer", NULL };
static const char *const provider_choices[] = { "none", "google", "microsoft", NULL };
static const char *const https[] = { "https", "http", NULL };
static const char *const schemes[] = { "imaps", "imap", NULL };
static const char *const smtp_schemes[] = { "smtps", "smtp", NULL };

static const struct jembatan_option options[] = {
	{ "source", JEMBATAN_CHOICE, 0, "imap", 0, 0, source_choices,
	  "Where mail is read: imap (a server) or maildir (a folder on this machine)." },
	{ "url", JEMBATAN_URL, 0, NULL, 0, 0, schemes,
	  "source: imap: the server, such as imaps://mail.example.go.id; nothing behind it." },
	{ "user", JEMBATAN_STRING, 0, NULL, 0, 0, NULL, "source: imap: the user." },
	{ "auth", JEMBATAN_CHOICE, 0, "password", 0, 0, auth_choices,
	  "source: imap: how to log in: password, or by an OAuth2 access token: oauth2 (whatever "
	  "the server offers), xoauth2, oauthbearer." },
	{ "password", JEMBATAN_SECRET, 0, NULL, 0, 0, NULL, "auth: password: the password." },
	{ "provider", JEMBATAN_CHOICE, 0, "none", 0, 0, provider_choices,
	  "auth: oauth2: google or microsoft: presets token_url, authorize_url and scope; the account "
	  "consents by `jembatan oauth`." },
	{ "tenant", JEMBATAN_STRING, 0, "organizations", 0, 0, NULL,
	  "provider: microsoft: the organisation's id or domain." },
	{ "token_url", JEMBATAN_URL, 0, NULL, 0, 0, https,
	  "auth: oauth2: where access tokens are issued; preset by `provider`." },
	{ "authorize_url", JEMBATAN_URL, 0, NULL, 0, 0, https,
	  "auth: oauth2: the page on which the account consents, for `jembatan oauth`; preset by "
	  "`provider`." },
	{ "redirect_url", JEMBATAN_URL, 0, NULL, 0, 0, https,
	  "auth: oauth2: where the browser ends, as registered; preset: http://localhost. Nobody "
	  "need listen there." },
	{ "client_id", JEMBATAN_STRING, 0, NULL, 0, 0, NULL, "auth: oauth2: our id there." },
	{ "client_secret", JEMBATAN_SECRET, 0, NULL, 0, 0, NULL, "auth: oauth2: our secret there." },
	{ "refresh_token", JEMBATAN_SECRET, 0, NULL, 0, 0, NULL,
	  "auth: oauth2: the token of a consent from elsewhere; without it `jembatan oauth` brings "
	  "one, and without `provider` and `authorize_url` the grant is client_credentials." },
	{ "scope", JEMBATAN_STRING, 0, NULL, 0, 0, NULL, "auth: oauth2: the scope to ask for; preset by `provider`." },
	{ "client_in_header", JEMBATAN_BOOLEAN, 0, "false", 0, 0, NULL,
	  "auth: oauth2: id and secret go as Basic, not in the form." },
	{ "token_ca_file", JEMBATAN_PATH, 0, NULL, 0, 0, NULL,
	  "auth: oauth2: certificates to trust at token_url instead of the system's." },
	{ "mailbox", JEMBATAN_STRING, 0, "INBOX", 0, 0, NULL,
	  "source: imap: the mailbox; it is only read, nothing in it changes." },
	{ "tls", JEMBATAN_CHOICE, 0, "auto", 0, 0, tls_choices,
	  "source: imap: auto (imaps, or STARTTLS, which only a server on this machine may lack), "
	  "required (there too), none (in clear: the password can be read on the way)." },
	{ "ca_file", JEMBATAN_PATH, 0, NULL, 0, 0, NULL,
	  "source: imap: certificates to trust instead of the system's." },
	{ "timeout", JEMBATAN_DURATION, 0, "25s", 100, 110000, NULL,
	  "source: imap: how long the server may be silent." },
	{ "idle", JEMBATAN_DURATION, 0, "25m", 0, 29 * 60000, NULL,
	  "source: imap: how long one IDLE stays open, in which the server tells of new mail at "
	  "once; 0s: never, look each interval." },
	{ "idle_silence", JEMBATAN_DURATION, 0, "3m", 1000, 29 * 60000, NULL,
	  "source: imap: a server that says nothing for so long during IDLE is asked whether it is "
	  "still there." },
	{ "maildir", JEMBATAN_PATH, 0, NULL, 0, 0, NULL,
	  "source: maildir: the folder that holds new and cur." },
	{ "batch_count", JEMBATAN_INTEGER, 0, "100", 1, 500, NULL,
	  "At most so many mails are committed together." },
	{ "batch_bytes", JEMBATAN_BYTES, 0, "4MiB", 65536, 67108864, NULL,
	  "At most so many bytes of mail are committed together." },
	{ "mail_max", JEMBATAN_BYTES, 0, "25MiB", 65536, 268435456, NULL,
	  "Of a larger mail only the first 1 MiB is taken, and this is said." },
	{ "own_addresses", JEMBATAN_LIST, 0, NULL, 0, 0, NULL,
	  "Our own addresses: what comes from them is stored, never a complaint." },
	{ "smtp_url", JEMBATAN_URL, 0, NULL, 0, 0, smtp_schemes,
	  "Where replies leave, such as smtps://mail.example.go.id or smtp://mail.example.go.id:587; "
	  "without it nobody is answered." },
	{ "smtp_user", JEMBATAN_STRING, 0, NULL, 0, 0, NULL,
	  "The user for smtp_url, when it is not `user`." },
	{ "smtp_password", JEMBATAN_SECRET, 0, NULL, 0, 0, NULL,
	  "The password for smtp_url, when it is not `password` or a token by `auth`." },
	{ "smtp_tls", JEMBATAN_CHOICE, 0, "auto", 0, 0, tls_choices,
	  "smtp_url: auto (smtps, or STARTTLS, which only a server on this machine may lack), "
	  "required (there too), none (in clear: the password can be read on the way)." },
	{ "from", JEMBATAN_STRING, 0, NULL, 0, 0, NULL,
	  "smtp_url: who writes, such as Pengaduan <pengaduan@example.go.id>; answers and bounces "
	  "come there. Preset: `user`, when that is an address." },
	{ "verp", JEMBATAN_BOOLEAN, 0, "false", 0, 0, NULL,
	  "smtp_url: bounces come to our address with +REFERENCE before the @, and so find their "
	  "ticket; the mail server must deliver such addresses. Without it replies have the empty "
	  "return path, and nothing bounces." },
	{ NULL, JEMBATAN_STRING, 0, NULL, 0, 0, NULL, NULL },
};

/* One instance. */
struct email {
	struct kit_arena *arena;
	const char *addresses[OWN_MAX + 2];
	struct own own;
	struct imap_options imap_options;
	struct email_oauth *oauth; /* NULL: by password */
	struct imap_source *imap;
	struct maildir_options maildir_options;
	struct maildir_source *maildir;
	struct smtp *smtp; /* NULL: nobody is answered */
};

static bool is_maildir(struct jembatan_context *ctx)
{
	return strcmp(jembatan_get_string(ctx, "source"), "maildir") == 0;
}

/* For reading, or for SMTP without a password of its own. */
static bool wants_oauth(struct jembatan_context *ctx)
{
	return email_oauth_is_set(ctx) &&
	       (!is_maildir(ctx) || (smtp_is_wanted(ctx) &&
				     jembatan_get_string(ctx, "smtp_password") == NULL));
}

static struct imap_login login_of(struct jembatan_context *ctx)
{
	return (struct imap_login){
		.url = jembatan_get_string(ctx, "url"),
		.user = jembatan_get_string(ctx, "user"),
		.password = jembatan_get_string(ctx, "password"),
		.mechanism = email_oauth_mechanism(ctx),
		.ca_file = jembatan_get_string(ctx, "ca_file"),
		.tls = mail_tls_of(jembatan_get_string(ctx, "tls")),
		.timeout_ms = jembatan_get_integer(ctx, "timeout"),
		.mail_max_bytes = (size_t)jembatan_get_integer(ctx, "mail_max"),
	};
}

static enum jembatan_result missing(struct jembatan_context *ctx, const char *setting,
				    const char *value, const char *name)
{
	return jembatan_explain(ctx, JEMBATAN_CONFIG, "%s: %s needs the option %s", setting, value,
				name);
}

/* What the login needs, by `auth`. */
static enum jembatan_result check_auth(struct jembatan_context *ctx)
{
	if (email_oauth_is_set(ctx))
		return email_oauth_check(ctx);
	if (strcmp(jembatan_get_string(ctx, "provider"), "none") != 0)
		return jembatan_explain(ctx, JEMBATAN_CONFIG, "%s: provider needs auth: oauth2",
					jembatan_where(ctx, "provider", NULL));
	return jembatan_get_string(ctx, "password") != NULL
		       ? JEMBATAN_OK
		       : missing(ctx, "auth", "password", "password");
}

static enum jembatan_result check_source(struct jembatan_context *ctx)
{
	static const char *const needed[] = { "url", "user" };
	struct imap_login login;

	if (is_maildir(ctx))
		return jembatan_get_string(ctx, "maildir") != NULL
			       ? JEMBATAN_OK
			       : missing(ctx, "source", "maildir", "maildir");
	for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
		if (jembatan_get_string(ctx, needed[i]) == NULL)
			return missing(ctx, "source", "imap", needed[i]);
	}
	enum jembatan_result result = check_auth(ctx);

	if (result != JEMBATAN_OK)
		return result;
	login = login_of(ctx);
	return imap_login_check(ctx, &login);
}

static enum jembatan_result email_check(struct jembatan_context *ctx)
{
	enum jembatan_result result = check_source(ctx);

	g_mime_init();
	if (result == JEMBATAN_OK && is_maildir(ctx) && wants_oauth(ctx))
		result = check_auth(ctx);
	return result == JEMBATAN_OK && smtp_is_wanted(ctx) ? smtp_check(ctx) : result;
}

/* What comes from where we write is ours as well. */
static void read_own(struct jembatan_context *ctx, struct kit_arena *arena,
		     const char *addresses[OWN_MAX + 2], struct own *own)
{
	const char *key, *value, *name;
	size_t i = 0;

	while (i < OWN_MAX && jembatan_get_entry(ctx, "own_addresses", i, &key, &value))
		addresses[i++] = value;
	if (smtp_is_wanted(ctx))
		addresses[i++] = smtp_from(ctx, arena, &name);
	addresses[i] = NULL;
	own->addresses = addresses;
}

static enum jembatan_result email_open(struct jembatan_context *ctx, const char *cursor,
				       void **out_self)
{
	enum jembatan_result result = email_check(ctx);

	if (result != JEMBATAN_OK)
		return result;
	struct email *self = g_new0(struct email, 1);

	mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES);
	self->arena = kit_arena_new();
	read_own(ctx, self->arena, self->addresses, &self->own);
	if (wants_oauth(ctx))
		self->oauth = email_oauth_new(ctx);
	if (smtp_is_wanted(ctx))
		self->smtp = smtp_new(ctx, &self->own, email_oauth_tokens(self->oauth));
	if (is_maildir(ctx)) {
		self->maildir_options = (struct maildir_options){
			.path = jembatan_get_string(ctx, "maildir"),
			.batch_count = (size_t)jembatan_get_integer(ctx, "batch_count"),
			.batch_bytes = (size_t)jembatan_get_integer(ctx, "batch_bytes"),
			.mail_max_bytes = (size_t)jembatan_get_integer(ctx, "mail_max"),
			.own = &self->own,
		};
		self->maildir = maildir_source_new(&self->maildir_options, cursor);
	} else {
		self->imap_options = (struct imap_options){
			.login = login_of(ctx),
			.idle = { jembatan_get_integer(ctx, "idle"),
				  jembatan_get_integer(ctx, "idle_silence") },
			.mailbox = jembatan_get_string(ctx, "mailbox"),
			.batch_count = (size_t)jembatan_get_integer(ctx, "batch_count"),
			.batch_bytes = (size_t)jembatan_get_integer(ctx, "batch_bytes"),
			.mail_max_bytes = (size_t)jembatan_get_integer(ctx, "mail_max"),
			.own = &self->own,
		};
		self->imap_options.login.oauth = email_oauth_tokens(self->oauth);
		self->imap = imap_source_new(&self->imap_options, cursor);
	}
	*out_self = self;
	return JEMBATAN_OK;
}

static enum jembatan_result email_poll(struct jembatan_context *ctx, void *data)
{
	struct email *self = data;
	/* The child that sends makes it, maybe since we were last here. */
	enum jembatan_result result = own_load(ctx, &self->own);

	if (result != JEMBATAN_OK)
		return result;
	return self->maildir != NULL ? maildir_source_poll(ctx, self->maildir)
				     : imap_source_poll(ctx, self->imap);
}

/* An .eml as it would arrive. */
static enum jembatan_result email_preview(struct jembatan_context *ctx,
					  struct jembatan_bytes sample)
{
	struct kit_arena *arena = kit_arena_new();
	const char *addresses[OWN_MAX + 2];
	struct own own = { .is_shown = true };
	struct mail mail = { .raw = sample, .arrived_ms = jembatan_now_ms(ctx) };

	g_mime_init();
	read_own(ctx, arena, addresses, &own);
	enum jembatan_result result = mail_take(ctx, &mail, &own);

	kit_arena_free(arena);
	return result;
}

static enum jembatan_result email_reply(struct jembatan_context *ctx, void *data,
					const struct jembatan_reply *reply,
					struct jembatan_delivery *out)
{
	struct email *self = data;

	if (self->smtp != NULL)
		return smtp_reply(ctx, self->smtp, reply, out);
	out->outcome = JEMBATAN_NOT_SENT;
	return jembatan_explain(ctx, JEMBATAN_CONFIG,
				"this mailbox has no way back: set smtp_url, or switch its replies "
				"off");
}

static enum jembatan_result email_consent(struct jembatan_context *ctx, void *data,
					  const char *answer, const char **out_url)
{
	struct email *self = data;

	return email_oauth_consent(ctx, self->oauth, answer, out_url);
}

static void email_close(struct jembatan_context *ctx, void *data)
{
	struct email *self = data;

	(void)ctx;
	imap_source_free(self->imap);
	maildir_source_free(self->maildir);
	smtp_free(self->smtp);
	email_oauth_free(self->oauth);
	kit_arena_free(self->arena);
	explicit_bzero(&self->own, sizeof self->own);
	g_free(self);
}

static const struct jembatan_operations operations = {
	.size = sizeof operations,
	.check = email_check,
	.open = email_open,
	.poll = email_poll,
	.reply = email_reply,
	.preview = email_preview,
	.consent = email_consent,
	.close = email_close,
};

static const struct jembatan_connector connector = {
	.abi_major = JEMBATAN_ABI_MAJOR,
	.abi_minor = JEMBATAN_ABI_MINOR,
	.size = sizeof connector,
	.name = "email",
	.version = "0.1.0",
	.summary = "Mail from an IMAP server or a Maildir, and replies by SMTP",
	.capabilities = JEMBATAN_CAN_POLL | JEMBATAN_CAN_REPLY | JEMBATAN_CAN_PREVIEW |
			JEMBATAN_CAN_CONSENT,
	.options = options,
	.operations = &operations,
};

const struct jembatan_connector *jembatan_connector_entry(void)
{
	return &connector;
}
