/* imap_sasl.c: see imap_sasl.h. */
#include "email/imap_sasl.h"

#include <glib.h>
#include <jansson.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the client's message --------------------------------------------------------- */

/* A name within "n,a=...,": RFC 5801 wants = and , written otherwise. */
static void add_name(GString *out, const char *name)
{
	for (const char *c = name; *c != '\0'; c++) {
		if (*c == '=')
			g_string_append(out, "=3D");
		else if (*c == ',')
			g_string_append(out, "=2C");
		else
			g_string_append_c(out, *c);
	}
}

char *imap_sasl_message(const char *mechanism, const char *user, const char *host, unsigned port,
			const char *token)
{
	/* Large enough from the start, so that growing leaves no copies. */
	size_t capacity = 3 * strlen(user) + strlen(host) + strlen(token) + 100;
	GString *plain = g_string_sized_new(capacity);

	if (strcmp(mechanism, "OAUTHBEARER") == 0) {
		g_string_append(plain, "n,a=");
		add_name(plain, user);
		g_string_append_printf(plain, ",\001host=%s\001port=%u\001", host, port);
	} else {
		g_string_append_printf(plain, "user=%s\001", user);
	}
	g_string_append(plain, "auth=Bearer ");
	g_string_append(plain, token);
	g_string_append(plain, "\001\001");
	gchar *encoded = g_base64_encode((const guchar *)plain->str, plain->len);
	char *copy = strdup(encoded);

	if (copy == NULL)
		abort();
	explicit_bzero(encoded, strlen(encoded));
	g_free(encoded);
	explicit_bzero(plain->str, plain->len);
	g_string_free(plain, TRUE);
	return copy;
}

/* ---- the server's challenge --------------------------------------------------------- */

/* Words of a server that go into a log: printable ASCII, and not many. */
static void copy_words(json_t *root, const char *name, char *out, size_t size)
{
	const char *words = json_string_value(json_object_get(root, name));
	size_t used = 0;

	for (; words != NULL && *words != '\0' && used + 1 < size; words++) {
		if (*words >= ' ' && *words < 127)
			out[used++] = *words;
	}
	out[used] = '\0';
}

void imap_sasl_challenge(const char *base64, char out_status[64], char out_scope[160])
{
	struct kit_text *text = kit_text_new(4096);
	json_t *root = NULL;

	if (kit_base64_decode(base64, text) == JEMBATAN_OK)
		root = json_loadb(kit_text_string(text), kit_text_bytes(text).size, 0, NULL);
	copy_words(root, "status", out_status, 64);
	copy_words(root, "scope", out_scope, 160);
	json_decref(root);
	kit_text_free(text);
}

/* ---- the exchange --------------------------------------------------------------------- */

static const char *choose(const struct imap_session *session)
{
	const char *wanted = imap_session_login(session)->mechanism;
	bool has_bearer = imap_session_can(session, IMAP_OAUTHBEARER);
	bool has_xoauth2 = imap_session_can(session, IMAP_XOAUTH2);

	if (has_bearer && (wanted == NULL || strcmp(wanted, "OAUTHBEARER") == 0))
		return "OAUTHBEARER";
	if (has_xoauth2 && (wanted == NULL || strcmp(wanted, "XOAUTH2") == 0))
		return "XOAUTH2";
	return NULL;
}

static unsigned port_of(const char *url)
{
	char *text = mail_url_part(url, CURLUPART_PORT);
	unsigned port = text != NULL ? (unsigned)strtoul(text, NULL, 10) : 0;

	free(text);
	return port;
}

/* A server that is not well says so in a code (RFC 5530): that is no refusal of
 * the token. */
static bool is_passing(const char *words)
{
	return strncasecmp(words, "[UNAVAILABLE]", 13) == 0 ||
	       strncasecmp(words, "[INUSE]", 7) == 0 || strncasecmp(words, "[LIMIT]", 7) == 0 ||
	       strncasecmp(words, "[SERVERBUG]", 11) == 0;
}

static enum jembatan_result refused(struct jembatan_context *ctx,
				    const struct imap_session *session, const char *challenge,
				    const char *words, bool *out_refused)
{
	const char *host = imap_session_host(session);
	char status[64], scope[160];

	if (is_passing(words))
		return jembatan_explain(ctx, JEMBATAN_RETRY,
					"the mail server %s cannot check a login now (%.100s): it "
					"will be asked again",
					host, words);
	imap_sasl_challenge(challenge, status, scope);
	*out_refused = true;
	return jembatan_explain(
		ctx, JEMBATAN_AUTH,
		"the mail server %s refuses the access token for `user` (%s%s%s%s): check that "
		"`user` is the address of the mailbox, that the account or its administrator has "
		"allowed this client IMAP, and that `scope` is the one for IMAP",
		host, status[0] != '\0' ? "status " : "it does not say why", status,
		scope[0] != '\0' ? ", scope " : "", scope);
}

struct exchange {
	const char *message;    /* not sent yet; or NULL */
	const char *mechanism;
	char challenge[1100];   /* what the server said of the token; "" */
};

/* "+": either it waits for our message, or it tells what is wrong with it, and
 * wants an answer all the same before it says NO. */
static enum jembatan_result on_continue(struct imap_session *session, struct exchange *x,
					const char *words)
{
	const char *line = x->message;

	x->message = NULL;
	if (line != NULL)
		return imap_session_send_line(session, line);
	snprintf(x->challenge, sizeof x->challenge, "%s", words);
	/* RFC 7628, 3.2.3: a lone ^A; XOAUTH2 has an empty line there. */
	return imap_session_send_line(session, strcmp(x->mechanism, "OAUTHBEARER") == 0 ? "AQ=="
											 : "");
}

static enum jembatan_result begin(struct imap_session *session, struct exchange *x)
{
	if (!imap_session_can(session, IMAP_SASL_IR)) {
		char command[64];

		snprintf(command, sizeof command, "AUTHENTICATE %s", x->mechanism);
		return imap_session_send(session, command);
	}
	size_t size = strlen(x->message) + 64;
	char *command = malloc(size);

	if (command == NULL)
		abort();
	snprintf(command, size, "AUTHENTICATE %s %s", x->mechanism, x->message);
	x->message = NULL;
	enum jembatan_result result = imap_session_send(session, command);

	explicit_bzero(command, size);
	free(command);
	return result;
}

static enum jembatan_result talk(struct jembatan_context *ctx, struct imap_session *session,
				 struct exchange *x, bool *out_refused)
{
	enum imap_event event = IMAP_NEED_BYTES;
	struct imap_item item;
	unsigned continued = 0;
	enum jembatan_result result = begin(session, x);

	while (result == JEMBATAN_OK && event != IMAP_TAGGED) {
		result = imap_session_next(session, &event, &item);
		if (result == JEMBATAN_OK && event == IMAP_CONTINUE)
			result = ++continued > 4
					 ? jembatan_explain(ctx, JEMBATAN_RETRY,
							    "the mail server %s asks without end",
							    imap_session_host(session))
					 : on_continue(session, x, item.text);
	}
	if (result == JEMBATAN_OK && item.status != IMAP_OK)
		result = refused(ctx, session, x->challenge, item.text, out_refused);
	return result;
}

enum jembatan_result imap_sasl_login(struct jembatan_context *ctx, struct imap_session *session,
				     const char *token, bool *out_refused)
{
	const struct imap_login *login = imap_session_login(session);
	struct exchange x = { .mechanism = choose(session) };

	*out_refused = false;
	if (x.mechanism == NULL)
		return jembatan_explain(ctx, JEMBATAN_CONFIG,
					"the mail server %s offers no login by %s: set auth to one "
					"that it offers (password, xoauth2, oauthbearer)",
					imap_session_host(session),
					login->mechanism != NULL ? login->mechanism
								 : "OAuth2 token");
	char *message = imap_sasl_message(x.mechanism, login->user, imap_session_host(session),
					  port_of(login->url), token);

	x.message = message;
	enum jembatan_result result = talk(ctx, session, &x, out_refused);

	explicit_bzero(message, strlen(message));
	free(message);
	return result;
}
