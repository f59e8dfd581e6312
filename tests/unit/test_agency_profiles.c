/* test_agency_profiles.c: each shipped profile that has no fake of its own, polled
 * over HTTP: what it asks for, with which credentials, that each record of its
 * sample comes once, and nothing more when the list is read again. */
#include "agency_profile.h"
#include "unit.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECORDS_MAX 16

static const struct row {
	const char *profile, *sample;
	const char *auth, *header, *value; /* how it logs in; what arrives */
	const char *asks[4];               /* name=value in the query; or NULL */
	size_t count;
} rows[] = {
	{ "jaki", "jaki-list", "bearer", "Authorization", "Bearer kunci",
	  { "page=1", "limit=100", "sort=-updated_at" }, 4 },
	{ "laporgub", "laporgub-list", "header", "Authorization", "kunci",
	  { "order=updated_at desc" }, 4 },
	{ "opensid", "opensid-export", "basic", "Authorization", "Basic amVtYmF0YW46a3VuY2k=",
	  { NULL }, 4 },
	{ "sapawarga-v1", "sapawarga-v1-list", "bearer", "Authorization", "Bearer kunci",
	  { "page=1", "limit=50", "sort_by=updated_at", "sort_order=descending" }, 5 },
};

/* ---- the app ----------------------------------------------------------- */

static struct {
	const struct row *row;
	char body[65536];
	size_t size;
	unsigned requests, wrong; /* wrong: without what the row says */
} app;

static enum MHD_Result on_request(void *self, struct MHD_Connection *c, const char *path,
				  const char *method, const char *version, const char *data,
				  size_t *size, void **state)
{
	const char *value = MHD_lookup_connection_value(c, MHD_HEADER_KIND, app.row->header);
	struct MHD_Response *response;
	enum MHD_Result result;

	(void)self, (void)version, (void)data, (void)size;
	if (!*state) {
		*state = &app;
		return MHD_YES;
	}
	app.requests++;
	app.wrong += !value || strcmp(value, app.row->value) != 0 ||
		     strcmp(method, "GET") != 0 || strcmp(path, "/daftar") != 0;
	for (size_t i = 0; i < 4 && app.row->asks[i]; i++) {
		char name[64];
		size_t length = strcspn(app.row->asks[i], "=");

		(void)snprintf(name, sizeof(name), "%.*s", (int)length, app.row->asks[i]);
		value = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, name);
		app.wrong += !value || strcmp(value, app.row->asks[i] + length + 1) != 0;
	}
	response = MHD_create_response_from_buffer(app.size, app.body, MHD_RESPMEM_PERSISTENT);
	(void)MHD_add_response_header(response, "Content-Type", "application/json");
	result = MHD_queue_response(c, 200, response);
	MHD_destroy_response(response);
	return result;
}

static struct MHD_Daemon *app_start(const struct row *row, char url[64])
{
	struct sockaddr_in here = { .sin_family = AF_INET,
				    .sin_addr = { htonl(INADDR_LOOPBACK) } };
	const char *top = getenv("srcdir");
	struct MHD_Daemon *daemon;
	char path[512];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/tests/data/agency/%s.json", top ? top : ".",
		       row->sample);
	file = fopen(path, "rb");
	ck_assert_msg(file != NULL, "%s", path);
	app.row = row;
	app.size = fread(app.body, 1, sizeof(app.body), file);
	app.requests = app.wrong = 0;
	(void)fclose(file);
	daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, on_request,
				  NULL, MHD_OPTION_SOCK_ADDR, &here, MHD_OPTION_END);
	ck_assert(daemon != NULL);
	(void)snprintf(url, 64, "http://127.0.0.1:%u/daftar",
		       MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
	return daemon;
}

/* ---- the test ---------------------------------------------------------- */

static void poll_all(struct testctx *t, void *self)
{
	enum jembatan_result result = JEMBATAN_OK;

	for (int i = 0; i < 20 && result == JEMBATAN_OK; i++)
		result = jembatan_connector_entry()->operations->poll(testctx_context(t), self);
	ck_assert_msg(result == JEMBATAN_IDLE, "%d: %s", result, testctx_explanation(t));
	ck_assert_uint_eq(testctx_emits_at_checkpoint(t), testctx_emit_count(t));
}

static char *name_of(const struct jembatan_message *m)
{
	char name[512];

	(void)snprintf(name, sizeof(name), "%s %s", m->id, m->revision);
	return strdup(name);
}

static void remember(struct testctx *t, char *names[RECORDS_MAX])
{
	ck_assert_uint_le(testctx_emit_count(t), RECORDS_MAX);
	for (size_t i = 0; i < testctx_emit_count(t); i++)
		names[i] = name_of(testctx_emit(t, i));
}

/* What comes again after a restart is what has come: the core knows it. */
static void is_known(struct testctx *t, char *const names[RECORDS_MAX], size_t count)
{
	for (size_t i = 0; i < testctx_emit_count(t); i++) {
		char *name = name_of(testctx_emit(t, i));
		bool known = false;

		for (size_t k = 0; k < count; k++)
			known = known || strcmp(names[k], name) == 0;
		ck_assert_msg(known, "%s is new", name);
		free(name);
	}
}

START_TEST(each_record_of_the_list_comes_once)
{
	const struct jembatan_operations *operations = jembatan_connector_entry()->operations;
	const struct row *row = &rows[_i];
	char url[64], *names[RECORDS_MAX] = { NULL }, *cursor;
	struct MHD_Daemon *daemon = app_start(row, url);
	struct agency_profile profile;
	struct testctx *t;
	void *self;

	agency_profile_load(&profile, row->profile);
	agency_profile_set(&profile, "url", NULL, url);
	agency_profile_set(&profile, "auth", NULL, row->auth);
	agency_profile_set(&profile, "token", NULL, "kunci");
	agency_profile_set(&profile, "username", NULL, "jembatan");
	agency_profile_set(&profile, "password", NULL, "kunci");
	t = testctx_new(profile.rows, jembatan_connector_entry()->options);
	ck_assert_int_eq(operations->check(testctx_context(t)), JEMBATAN_OK);
	ck_assert_int_eq(operations->open(testctx_context(t), NULL, &self), JEMBATAN_OK);
	poll_all(t, self);
	ck_assert_uint_eq(testctx_emit_count(t), row->count);
	ck_assert_uint_gt(app.requests, 0);
	ck_assert_uint_eq(app.wrong, 0);
	remember(t, names);
	cursor = strdup(testctx_cursor(t));
	testctx_forget(t);
	poll_all(t, self);
	ck_assert_uint_eq(testctx_emit_count(t), 0);
	operations->close(testctx_context(t), self);
	/* The next life begins behind the cursor. */
	testctx_forget(t);
	ck_assert_int_eq(operations->open(testctx_context(t), cursor, &self), JEMBATAN_OK);
	poll_all(t, self);
	is_known(t, names, row->count);
	operations->close(testctx_context(t), self);
	for (size_t i = 0; i < RECORDS_MAX; i++)
		free(names[i]);
	free(cursor);
	testctx_free(t);
	agency_profile_done(&profile);
	MHD_stop_daemon(daemon);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("profiles");

	tcase_add_loop_test(t, each_record_of_the_list_comes_once, 0,
			    (int)(sizeof(rows) / sizeof(rows[0])));
	return unit_run("agency_profiles", t);
}
