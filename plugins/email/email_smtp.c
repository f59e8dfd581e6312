/* email_smtp.c: see email_smtp.h.
 *
 * Promises: an outcome of SENT or REFUSED is the server's own word; NOT_SENT and
 * LATER mean that the final dot did not leave; UNKNOWN that it may have. A reply
 * bears the same Message-ID on each try, so that one which is sent again shows up
 * once wherever mails are known by it. Nothing is logged of address or text. */
#include "email/email_smtp.h"
#include "email/address.h"
#include "email/email_oauth.h"
#include "email/reply_mail.h"
#include "email/smtp_send.h"

#include <glib.h>

#include <stdio.h>
#include <string.h>

#define TEXT_MAX_BYTES (64u * 1024u)

struct smtp {
	struct own *own;
	struct kit_auth *oauth;
	struct kit_arena *arena; /* of what follows */
	struct smtp_server server;
	const char *from, *from_name, *domain;
	bool has_verp;
};

/* ---- settings ---------------------------------------------------------------------- */

bool smtp_is_wanted(struct jembatan_context *ctx)
{
	return jembatan_get_string(ctx, "smtp_url") != NULL;
}

const char *smtp_from(struct jembatan_context *ctx, struct kit_arena *arena,
		      const char **out_name)
{
	const char *from = jembatan_get_string(ctx, "from");
	struct address address;

	if (from == NULL)
		from = jembatan_get_string(ctx, "user");
	address_read(from, arena, &address);
	*out_name = address.name;
	return own_address_is_plain(address.mail) ? address.mail : NULL;
}

static enum jembatan_result check_from(struct jembatan_context *ctx)
{
	struct kit_arena *arena = kit_arena_new();
	const char *name, *from = smtp_from(ctx, arena, &name);
	struct own none = { 0 };
	char longest[OWN_REFERENCE_MAX], bounce[256];
	enum jembatan_result result = JEMBATAN_OK;

	/* As long as a reference of ours usually is. */
	snprintf(longest, sizeof longest, "JB-XXXXXX-RXXXXXXXX");
	if (from == NULL)
		result = jembatan_explain(ctx, JEMBATAN_CONFIG,
					  "%s: smtp_url needs `from`, our address, such as "
					  "\"Pengaduan <pengaduan@example.go.id>\"",
					  jembatan_where(ctx, "from", NULL));
	else if (jembatan_get_integer(ctx, "verp") != 0 &&
		 !own_bounce(&none, longest, from, bounce))
		result = jembatan_explain(ctx, JEMBATAN_CONFIG,
					  "%s: verp needs a shorter `from`: what stands before @ "
					  "may have 27 characters",
					  jembatan_where(ctx, "verp", NULL));
	kit_arena_free(arena);
	return result;
}

/* Without a name of its own for SMTP the one for reading holds. */
static const char *either(struct jembatan_context *ctx, const char *first, const char *second)
{
	const char *value = jembatan_get_string(ctx, first);

	return value != NULL ? value : jembatan_get_string(ctx, second);
}

static bool has_control(const char *text)
{
	for (; text != NULL && *text != '\0'; text++) {
		if ((unsigned char)*text < ' ' || *text == 127)
			return true;
	}
	return false;
}

enum jembatan_result smtp_check(struct jembatan_context *ctx)
{
	enum jembatan_result result = mail_url_check(
		ctx, jembatan_get_string(ctx, "smtp_url"), "smtp", "smtp_url",
		mail_tls_of(jembatan_get_string(ctx, "smtp_tls")), "smtp_tls");

	if (result == JEMBATAN_OK && has_control(either(ctx, "smtp_user", "user")))
		result = jembatan_explain(ctx, JEMBATAN_CONFIG,
					  "%s: smtp_user holds a control character",
					  jembatan_where(ctx, "smtp_user", NULL));
	if (result == JEMBATAN_OK && jembatan_get_string(ctx, "smtp_user") != NULL &&
	    !email_oauth_is_set(ctx) &&
	    either(ctx, "smtp_password", "password") == NULL)
		result = jembatan_explain(ctx, JEMBATAN_CONFIG, "%s: smtp_user needs smtp_password",
					  jembatan_where(ctx, "smtp_user", NULL));
	return result == JEMBATAN_OK ? check_from(ctx) : result;
}

struct smtp *smtp_new(struct jembatan_context *ctx, struct own *own, struct kit_auth *oauth)
{
	struct smtp *self = g_new0(struct smtp, 1);
	const char *password = either(ctx, "smtp_password", "password");

	/* A password for SMTP alone: the token is for reading. */
	if (jembatan_get_string(ctx, "smtp_password") != NULL)
		oauth = NULL;
	self->own = own;
	self->oauth = oauth;
	self->arena = kit_arena_new();
	self->from = smtp_from(ctx, self->arena, &self->from_name);
	self->domain = strchr(self->from, '@') + 1;
	self->has_verp = jembatan_get_integer(ctx, "verp") != 0;
	self->server = (struct smtp_server){
		.url = jembatan_get_string(ctx, "smtp_url"),
		.user = oauth != NULL || password != NULL ? either(ctx, "smtp_user", "user") : NULL,
		.password = password,
		.mechanism = email_oauth_mechanism(ctx),
		.ca_file = jembatan_get_string(ctx, "ca_file"),
		.tls = mail_tls_of(jembatan_get_string(ctx, "smtp_tls")),
		.timeout_ms = jembatan_get_integer(ctx, "timeout"),
	};
	return self;
}

void smtp_free(struct smtp *self)
{
	if (self == NULL)
		return;
	kit_arena_free(self->arena);
	g_free(self);
}

/* ---- one reply ------------------------------------------------------------------------ */

static enum jembatan_result refuse(struct jembatan_context *ctx, struct jembatan_delivery *out,
				   const char *words)
{
	out->outcome = JEMBATAN_REFUSED;
	return jembatan_explain(ctx, JEMBATAN_DATA, "%s", words);
}

static enum jembatan_result conclude(struct jembatan_context *ctx,
				     const struct smtp_report *report,
				     struct jembatan_delivery *out)
{
	struct smtp_meaning meaning = smtp_outcome(&report->end);
	char code[32] = "";

	out->outcome = meaning.outcome;
	if (meaning.outcome == JEMBATAN_LATER)
		out->at_ms = jembatan_now_ms(ctx) + meaning.wait_ms;
	if (meaning.outcome == JEMBATAN_SENT)
		return JEMBATAN_OK;
	if (report->end.code > 0)
		snprintf(code, sizeof code, " (%u%s%s)", report->end.code,
			 report->status[0] != '\0' ? " " : "", report->status);
	return jembatan_explain(ctx, meaning.result, "the mail server %s %s%s%s%s%s", report->host,
				meaning.words, code, report->words[0] != '\0' ? " (" : "",
				report->words, report->words[0] != '\0' ? ")" : "");
}

/* A token may be taken back before its time: one that is refused is exchanged for
 * a newer one, once. Nothing has been sent by then. */
static enum jembatan_result send_with_token(struct jembatan_context *ctx, struct smtp *self,
					    const struct smtp_envelope *envelope,
					    struct smtp_report *report)
{
	const char *token = NULL;
	enum jembatan_result result = kit_auth_token(self->oauth, NULL, &token);

	for (unsigned tries = 0; result == JEMBATAN_OK; tries++) {
		self->server.token = token;
		smtp_send(ctx, &self->server, envelope, report);
		if (tries > 0 || report->end.stage != SMTP_LOGIN ||
		    smtp_outcome(&report->end).result != JEMBATAN_AUTH)
			break;
		result = kit_auth_token(self->oauth, token, &token);
	}
	self->server.token = NULL;
	return result;
}

static enum jembatan_result send_mail(struct jembatan_context *ctx, struct smtp *self,
				      const struct smtp_envelope *envelope,
				      struct jembatan_delivery *out)
{
	struct smtp_report report;

	out->outcome = JEMBATAN_NOT_SENT;
	if (self->oauth != NULL) {
		enum jembatan_result result = send_with_token(ctx, self, envelope, &report);

		if (result != JEMBATAN_OK)
			return result;
	} else {
		smtp_send(ctx, &self->server, envelope, &report);
	}
	return conclude(ctx, &report, out);
}

/* What a mail cannot be made of. NULL: nothing is missing. */
static const char *why_not(const struct jembatan_reply *reply)
{
	if (reply->to == NULL || (reply->to_kind != NULL && strcmp(reply->to_kind, "mail") != 0))
		return "a mail needs an address of the kind mail";
	if (reply->text == NULL || *reply->text == '\0')
		return "the reply has no text";
	return strlen(reply->text) > TEXT_MAX_BYTES ? "the reply's text exceeds 64 KiB" : NULL;
}

static enum jembatan_result make_and_send(struct jembatan_context *ctx, struct smtp *self,
					  const struct jembatan_reply *reply,
					  const struct recipient *to,
					  struct jembatan_delivery *out)
{
	char bounce[256] = "";
	struct reply_mail mail = {
		.from_name = self->from_name,
		.from = self->from,
		.to = to->address,
		.message_id = out->remote_id,
		.in_reply_to = reply->reply_to,
		.thread = reply->thread,
		.subject = reply->subject,
		.text = reply->text,
		.language = reply->language,
		.date_ms = jembatan_now_ms(ctx),
	};

	if (self->has_verp && !own_bounce(self->own, reply->reference, self->from, bounce))
		bounce[0] = '\0';
	struct smtp_envelope envelope = { .our_name = self->domain, .from = bounce,
					  .to = to->address, .wants_utf8 = to->wants_utf8 };
	char *data = reply_mail_make(&mail, &envelope.mail.size);

	envelope.mail.data = data;
	enum jembatan_result result = send_mail(ctx, self, &envelope, out);

	g_free(data);
	return result;
}

static enum jembatan_result send_reply(struct jembatan_context *ctx, struct smtp *self,
				       const struct jembatan_reply *reply,
				       const struct recipient *to, struct jembatan_delivery *out)
{
	/* Nothing leaves before the key is on disk by which its answer is known. */
	out->outcome = JEMBATAN_NOT_SENT;
	enum jembatan_result result = own_make(ctx, self->own);

	if (result != JEMBATAN_OK)
		return result;
	if (reply->reference == NULL ||
	    !own_id(self->own, reply->reference, self->domain, out->remote_id))
		return refuse(ctx, out, "the reply's reference cannot be part of a Message-ID");
	return make_and_send(ctx, self, reply, to, out);
}

enum jembatan_result smtp_reply(struct jembatan_context *ctx, struct smtp *self,
				const struct jembatan_reply *reply, struct jembatan_delivery *out)
{
	struct kit_arena *arena = kit_arena_new();
	struct recipient to = { 0 };
	const char *words = why_not(reply);
	enum jembatan_result result;

	if ((reply->flags & JEMBATAN_SETTLE) != 0) {
		out->outcome = JEMBATAN_UNKNOWN;
		result = jembatan_explain(ctx, JEMBATAN_OK,
					  "mail cannot be asked whether it went out: sent again, it "
					  "bears the same Message-ID");
	} else if (words != NULL) {
		result = refuse(ctx, out, words);
	} else if (!own_recipient(reply->to, arena, &to)) {
		result = refuse(ctx, out, "this is no address that mail can be sent to");
	} else {
		result = send_reply(ctx, self, reply, &to, out);
	}
	kit_arena_free(arena);
	return result;
}
