/* test_host.c: the contract as a plugin meets it, with the test in the core's
 * place and the plugin `script` carrying out what the test writes. */
#include "core_side.h"

#include "base/buf.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "unit.h"

static struct core_side core;

static void setup(void)
{
	core_side_setup(&core);
}

static void teardown(void)
{
	core_side_teardown(&core);
}

static struct msg_option script_option[8];

/* Open `script` with this text as its file, in role poll. */
static void open_script(const char *text)
{
	const char *path = core_side_write(&core, "script.jsonl", text);
	static struct msg_grant grant;
	grant = (struct msg_grant){ .path = path };
	script_option[0] = (struct msg_option){ "file", NULL, path, "a.yaml:3" };
	core.open.options = script_option;
	core.open.option_count = core.open.option_count ? core.open.option_count : 1;
	core.open.grants = &grant;
	core.open.grant_count = 1;
	core_side_open(&core, "script");
}

static void open_in_role(enum msg_role role)
{
	core.open.role = role;
	core_side_open(&core, "script");
}

START_TEST(a_plugin_is_described_and_the_child_ends)
{
	struct msg_manifest m = { 0 };
	core_side_install(&core, "misbehave", NULL);
	core_side_start(&core, "misbehave");
	core_side_ask(&core, MSG_DESCRIBE);
	core_side_expect(&core, MSG_MANIFEST, msg_manifest_fields, &m);
	ck_assert_str_eq(m.name, "misbehave");
	ck_assert_uint_eq(m.abi_major, JEMBATAN_ABI_MAJOR);
	ck_assert_uint_eq(m.abi_minor, JEMBATAN_ABI_MINOR);
	ck_assert_uint_eq(m.capabilities,
			  JEMBATAN_CAN_POLL | JEMBATAN_CAN_REQUEST | JEMBATAN_CAN_PREVIEW);
	ck_assert_uint_eq(m.option_count, 7);
	ck_assert_str_eq(m.options[0].preset, "none");
	ck_assert(str_starts(m.options[0].choices, "none\ncrash\n"));
	ck_assert_int_eq(m.options[3].maximum, 100000);
	ck_assert(str_starts(m.confinement, "landlock "));
	ck_assert(!m.confinement_degraded);
	core_side_expect_done(&core, JEMBATAN_OK);
	ck_assert_int_eq(core_side_wait(&core), 0);
}
END_TEST

START_TEST(raw_reaches_the_core_before_its_message_and_the_cursor_after)
{
	const char *line = "{\"do\": \"message\", \"id\": \"7\", \"revision\": \"r2\", "
			   "\"kind\": \"follow-up\", \"flags\": [\"anonymous\", \"from-centre\"], "
			   "\"thread\": \"t\", \"author\": {\"name\": \"Warga Contoh\"}, "
			   "\"subject\": \"Jalan\", \"text\": \"Jalan berlubang\", "
			   "\"tracking_id\": \"12345\", \"extra\": {\"a\": 1}, \"sent_ms\": 5}";
	char text[1000];
	struct msg_begin begin = { 0 };
	struct msg_message m;
	snprintf(text, sizeof(text), "%s\n", line);
	open_script(text);
	uint32_t seq = core_side_ask(&core, MSG_POLL);
	struct frame f = core_side_expect(&core, MSG_BEGIN, msg_begin_fields, &begin);
	ck_assert_uint_eq(f.seq, seq);
	ck_assert_str_eq(begin.id, "7");
	ck_assert_uint_eq(f.blob.size, strlen(line));
	ck_assert_mem_eq(f.blob.data, line, strlen(line));
	f = core_side_expect(&core, MSG_MESSAGE, NULL, NULL);
	ck_assert_int_eq(msg_message_unpack(f.meta, core.arena, &m, NULL), JEMBATAN_OK);
	ck_assert_uint_eq(f.blob.size, 0);
	ck_assert_str_eq(m.message.revision, "r2");
	ck_assert_int_eq(m.message.kind, JEMBATAN_FOLLOW_UP);
	ck_assert_uint_eq(m.message.flags, JEMBATAN_ANONYMOUS | JEMBATAN_FROM_CENTRE);
	ck_assert_str_eq(m.message.author.name, "Warga Contoh");
	ck_assert_str_eq(m.message.tracking_id, "12345");
	ck_assert_str_eq(m.message.extra, "{\"a\":1}");
	ck_assert(!m.text_cut);
	ck_assert_str_eq(core_side_commit(&core), "1");
	core_side_expect_done(&core, JEMBATAN_IDLE);
	core_side_stop(&core);
	ck_assert_ptr_nonnull(strstr(core.log, "closed"));
}
END_TEST

START_TEST(a_plugin_starts_again_behind_its_cursor)
{
	struct msg_begin begin = { 0 };
	core.open.cursor = "1";
	open_script("{\"do\": \"message\", \"id\": \"1\"}\n{\"do\": \"message\", \"id\": \"2\"}\n");
	core_side_ask(&core, MSG_POLL);
	core_side_expect(&core, MSG_BEGIN, msg_begin_fields, &begin);
	ck_assert_str_eq(begin.id, "2");
}
END_TEST

START_TEST(a_checkpoint_that_fails_tells_the_plugin)
{
	open_script("{\"do\": \"message\", \"begin\": false}\n");
	core_side_ask(&core, MSG_POLL);
	core_side_expect(&core, MSG_MESSAGE, NULL, NULL);
	struct frame f = core_side_expect(&core, MSG_CHECKPOINT, NULL, NULL);
	core_side_answer(&core, f.seq, JEMBATAN_RETRY);
	ck_assert(str_starts(core_side_expect_done(&core, JEMBATAN_RETRY), "not stored"));
}
END_TEST

START_TEST(skipped_records_are_not_parsed)
{
	struct digest by_id = digest_sha256(bytes_text("{\"do\": \"message\", \"id\": \"2\"}"));
	by_id = msg_record_keys("2", &by_id).record;
	struct digest by_raw = digest_sha256(bytes_text("{\"do\": \"message\", \"text\": \"x\"}"));
	const struct msg_skip skips[] = { { bytes_of(by_id.bytes, DIGEST_SIZE) },
					  { bytes_of(by_raw.bytes, DIGEST_SIZE) } };
	struct msg_begin begin = { 0 };
	core.open.skips = skips;
	core.open.skip_count = 2;
	open_script("{\"do\": \"message\", \"id\": \"1\"}\n{\"do\": \"message\", \"id\": \"2\"}\n"
		    "{\"do\": \"message\", \"id\": \"2\", \"text\": \"edited\"}\n"
		    "{\"do\": \"message\", \"text\": \"x\"}\n"
		    "{\"do\": \"message\", \"id\": \"3\"}\n");
	core_side_ask(&core, MSG_POLL);
	core_side_expect(&core, MSG_BEGIN, msg_begin_fields, &begin);
	ck_assert_str_eq(begin.id, "1");
	core_side_expect(&core, MSG_MESSAGE, NULL, NULL);
	/* Other bytes under the same id are another record: an edit is read. */
	core_side_expect(&core, MSG_BEGIN, msg_begin_fields, &begin);
	ck_assert_str_eq(begin.id, "2");
	core_side_expect(&core, MSG_MESSAGE, NULL, NULL);
	core_side_expect(&core, MSG_BEGIN, msg_begin_fields, &begin);
	ck_assert_str_eq(begin.id, "3");
	core_side_expect(&core, MSG_MESSAGE, NULL, NULL);
	core_side_commit(&core);
}
END_TEST

START_TEST(a_record_whose_id_is_listed_is_handed_over_unparsed)
{
	struct digest none = { 0 }, id = msg_record_keys("2", &none).id;
	const struct msg_skip skip = { bytes_of(id.bytes, DIGEST_SIZE) };
	struct msg_begin begin = { 0 };
	core.open.skips = &skip;
	core.open.skip_count = 1;
	open_script("{\"do\": \"message\", \"id\": \"2\", \"text\": \"x\"}\n"
		    "{\"do\": \"message\", \"id\": \"3\"}\n");
	core_side_ask(&core, MSG_POLL);
	struct frame f = core_side_expect(&core, MSG_BEGIN, msg_begin_fields, &begin);
	ck_assert_str_eq(begin.id, "2");
	ck_assert(begin.kept_raw);
	ck_assert_uint_gt(f.blob.size, 0);
	begin = (struct msg_begin){ 0 };
	core_side_expect(&core, MSG_BEGIN, msg_begin_fields, &begin);
	ck_assert_str_eq(begin.id, "3");
	ck_assert(!begin.kept_raw);
	core_side_expect(&core, MSG_MESSAGE, NULL, NULL);
	core_side_commit(&core);
}
END_TEST

START_TEST(long_texts_are_cut_and_long_keys_replaced)
{
	struct buf text;
	struct msg_begin begin = { 0 };
	struct msg_message m;
	buf_init(&text, 4u * 1024u * 1024u);
	buf_add_text(&text, "{\"do\": \"message\", \"id\": \"");
	for (int i = 0; i < 1025; i++)
		buf_add_char(&text, 'k');
	buf_add_text(&text, "\", \"text\": \"");
	for (unsigned i = 0; i < MSG_TEXT_MAX / 2 + 10; i++)
		buf_add_text(&text, "\xc3\xa9");
	buf_add_text(&text, "\", \"author\": {\"name\": \"");
	for (int i = 0; i < 1025; i++)
		buf_add_char(&text, 'n');
	buf_add_text(&text, "\"}}\n");
	open_script(text.data);
	core_side_ask(&core, MSG_POLL);
	core_side_expect(&core, MSG_BEGIN, msg_begin_fields, &begin);
	ck_assert(str_starts(begin.id, "sha256:"));
	struct frame f = core_side_expect(&core, MSG_MESSAGE, NULL, NULL);
	ck_assert_int_eq(msg_message_unpack(f.meta, core.arena, &m, NULL), JEMBATAN_OK);
	ck_assert_str_eq(m.message.id, begin.id);
	ck_assert_uint_eq(strlen(m.message.text), MSG_TEXT_MAX);
	ck_assert_uint_eq(strlen(m.message.author.name), 1024);
	ck_assert(m.text_cut);
	buf_done(&text);
}
END_TEST

START_TEST(large_raw_bytes_go_through_the_spool)
{
	struct buf text, plain;
	struct msg_begin begin = { 0 };
	buf_init(&text, 4u * 1024u * 1024u);
	buf_init(&plain, 4u * 1024u * 1024u);
	buf_add_text(&text, "{\"do\": \"message\", \"id\": \"1\", \"unused\": \"");
	while (text.size <= FRAME_PIECE_MAX)
		buf_add_text(&text, "0123456789abcdef");
	buf_add_text(&text, "\"}");
	open_script(text.data);
	core_side_ask(&core, MSG_POLL);
	struct frame f = core_side_expect(&core, MSG_BEGIN, msg_begin_fields, &begin);
	ck_assert_uint_eq(f.blob.size, 0);
	ck_assert_uint_eq(begin.spooled_count, 1);
	core_side_unseal(&core, begin.spooled, &plain);
	ck_assert_uint_eq(plain.size, text.size);
	ck_assert_mem_eq(plain.data, text.data, text.size);
	f = core_side_expect(&core, MSG_MESSAGE, NULL, NULL);
	ck_assert_uint_eq(f.blob.size, 0);
	core_side_commit(&core);
	buf_done(&text);
	buf_done(&plain);
}
END_TEST

START_TEST(attachments_are_sealed_referenced_or_listed_as_missing)
{
	struct msg_message m;
	struct buf plain;
	buf_init(&plain, 4096);
	core.open.attachment_max_bytes = 1000;
	open_script("{\"do\": \"message\", \"id\": \"1\", \"attachments\": ["
		    "{\"name\": \"a.txt\", \"type\": \"text/plain\", \"content\": \"isi\"},"
		    "{\"name\": \"b.mp4\", \"reference\": \"remote-9\"},"
		    "{\"name\": \"c.mp4\", \"content\": \"0123456789\", \"repeat\": 101}]}\n");
	core_side_ask(&core, MSG_POLL);
	core_side_expect(&core, MSG_BEGIN, NULL, NULL);
	struct frame f = core_side_expect(&core, MSG_MESSAGE, NULL, NULL);
	ck_assert_int_eq(msg_message_unpack(f.meta, core.arena, &m, NULL), JEMBATAN_OK);
	ck_assert_uint_eq(m.file_count, 3);
	ck_assert_str_eq(m.files[0].name, "a.txt");
	core_side_unseal(&core, &(struct msg_spooled){ m.files[0].token, m.files[0].size,
						       m.files[0].sha256, m.files[0].key }, &plain);
	ck_assert_str_eq(plain.data, "isi");
	ck_assert_str_eq(m.files[1].reference, "remote-9");
	ck_assert_ptr_null(m.files[1].missing);
	ck_assert_ptr_null(m.files[2].token);
	ck_assert_ptr_nonnull(strstr(m.files[2].missing, "too large"));
	ck_assert_uint_eq(core_side_spool_count(&core), 1);
	core_side_commit(&core);
	core_side_expect_done(&core, JEMBATAN_IDLE);
	/* What a frame has named is the core's to move. */
	core_side_stop(&core);
	ck_assert_uint_eq(core_side_spool_count(&core), 1);
	buf_done(&plain);
}
END_TEST

START_TEST(state_is_asked_of_the_core_and_receipts_are_passed_on)
{
	struct msg_state state = { 0 };
	struct msg_receipt receipt = { 0 };
	open_script("{\"do\": \"state\", \"key\": \"token\", \"value\": \"abc\"}\n"
		    "{\"do\": \"state\", \"key\": \"token\"}\n"
		    "{\"do\": \"state\", \"key\": \"other\"}\n"
		    "{\"do\": \"receipt\", \"remote_id\": \"r1\", \"state\": \"failed\", "
		    "\"reason\": \"131047\", \"at_ms\": 9}\n");
	core_side_ask(&core, MSG_POLL);
	struct frame f = core_side_expect(&core, MSG_STATE_PUT, msg_state_fields, &state);
	ck_assert_str_eq(state.key, "token");
	ck_assert_mem_eq(f.blob.data, "abc", 3);
	core_side_answer(&core, f.seq, JEMBATAN_OK);
	for (int i = 0; i < 2; i++) {
		struct why why;
		state = (struct msg_state){ 0 };
		f = core_side_expect(&core, MSG_STATE_GET, msg_state_fields, &state);
		state.found = i == 0;
		ck_assert_int_eq(channel_put(core.channel, MSG_VALUE, f.seq, msg_state_fields,
					     &state, bytes_text(i == 0 ? "abc" : ""), &why),
				 JEMBATAN_OK);
		ck_assert_int_eq(channel_flush_wait(core.channel, -1, &why), JEMBATAN_OK);
	}
	core_side_expect(&core, MSG_RECEIPT, msg_receipt_fields, &receipt);
	ck_assert_uint_eq(receipt.state, JEMBATAN_RECEIPT_FAILED);
	ck_assert_str_eq(receipt.reason, "131047");
	core_side_commit(&core);
	core_side_expect_done(&core, JEMBATAN_IDLE);
	ck_assert_ptr_nonnull(strstr(core.log, "state abc\nstate none\n"));
}
END_TEST

START_TEST(a_watched_fd_wakes_the_core_once)
{
	struct msg_result done = { 0 };
	/* By its readable fd, then by the timeout alone. */
	open_script(_i == 0 ? "{\"do\": \"watch\", \"ms\": 20}\n"
			    : "{\"do\": \"watch\", \"ms\": 3600000, \"timeout_ms\": 20}\n");
	core_side_ask(&core, MSG_POLL);
	core_side_commit(&core);
	core_side_expect(&core, MSG_DONE, msg_result_fields, &done);
	ck_assert_uint_eq(done.result, JEMBATAN_IDLE);
	ck_assert(done.watching);
	core_side_expect(&core, MSG_WAKE, NULL, NULL);
	core_side_ask(&core, MSG_POLL);
	done = (struct msg_result){ 0 };
	core_side_expect(&core, MSG_DONE, msg_result_fields, &done);
	ck_assert(!done.watching);
	core_side_stop(&core);
}
END_TEST

START_TEST(results_and_delays_are_passed_on)
{
	struct msg_result done = { 0 };
	open_script("{\"do\": \"return\", \"result\": \"retry\", \"delay_ms\": 7000, "
		    "\"why\": \"the app says 503\"}\n{\"do\": \"return\", \"result\": \"auth\"}\n");
	core_side_ask(&core, MSG_POLL);
	core_side_commit(&core);
	core_side_expect(&core, MSG_DONE, msg_result_fields, &done);
	ck_assert_uint_eq(done.result, JEMBATAN_RETRY);
	ck_assert_int_eq(done.delay_ms, 7000);
	ck_assert_str_eq(done.why, "the app says 503");
	core_side_ask(&core, MSG_POLL);
	core_side_commit(&core);
	ck_assert_str_eq(core_side_expect_done(&core, JEMBATAN_AUTH), "");
}
END_TEST

START_TEST(options_come_with_their_presets_units_entries_and_places)
{
	script_option[1] = (struct msg_option){ "tags", "0", "satu", "a.yaml:5" };
	script_option[2] = (struct msg_option){ "tags", "1", "dua", "a.yaml:6" };
	script_option[3] = (struct msg_option){ "fields", "judul", ".title", "p.yaml:8" };
	script_option[4] = (struct msg_option){ "limit", NULL, "2KiB", "a.yaml:9" };
	script_option[5] = (struct msg_option){ "loud", NULL, "true", "a.yaml:10" };
	core.open.option_count = 6;
	open_script("{\"do\": \"options\"}\n");
	core_side_ask(&core, MSG_POLL);
	core_side_commit(&core);
	ck_assert_str_eq(core.log, "wait 30000 limit 2048 loud 1 file set at built in\ntag 0 satu\n"
				   "tag 1 dua\nfield judul=.title at p.yaml:8\n");
}
END_TEST

START_TEST(a_request_brings_its_body_its_messages_and_its_response)
{
	struct msg_response response = { 0 };
	const struct msg_header headers[] = { { "Content-Type", "application/x-ndjson" } };
	const struct msg_request request = { "POST", "/hook", "a=1", "192.0.2.1", headers, 1 };
	const char *body = "{\"do\": \"message\", \"id\": \"1\", \"begin\": false}\n"
			   "{\"do\": \"message\", \"id\": \"2\", \"raw\": \"own\"}";
	struct msg_begin begin = { 0 };
	open_in_role(MSG_ROLE_REQUEST);
	uint32_t seq = core_side_send(&core, MSG_REQUEST, msg_request_fields, &request,
				      bytes_text(body));
	struct frame f = core_side_expect(&core, MSG_BEGIN, msg_begin_fields, &begin);
	ck_assert_ptr_null(begin.id);
	ck_assert_str_eq(begin.raw_type, "application/x-ndjson");
	ck_assert_mem_eq(f.blob.data, body, strlen(body));
	core_side_expect(&core, MSG_MESSAGE, NULL, NULL);
	f = core_side_expect(&core, MSG_MESSAGE, NULL, NULL);
	ck_assert_mem_eq(f.blob.data, "own", 3);
	f = core_side_expect(&core, MSG_RESPONSE, msg_response_fields, &response);
	ck_assert_uint_eq(f.seq, seq);
	ck_assert_uint_eq(response.result, JEMBATAN_OK);
	ck_assert_uint_eq(response.status, 200);
	ck_assert_mem_eq(f.blob.data, "POST /hook?a=1 1 headers from 192.0.2.1", f.blob.size);
}
END_TEST

START_TEST(a_large_body_of_a_request_makes_no_file)
{
	const struct msg_request request = { .method = "POST", .path = "/" };
	struct msg_begin begin = { 0 };
	CLEANUP(free_pointer) char *body = xmalloc(FRAME_BLOB_MAX);
	memset(body, ' ', FRAME_BLOB_MAX);
	memcpy(body, "{\"do\": \"message\", \"begin\": false}", 34);
	open_in_role(MSG_ROLE_REQUEST);
	core_side_send(&core, MSG_REQUEST, msg_request_fields, &request, bytes_of(body, FRAME_BLOB_MAX));
	struct frame f = core_side_expect(&core, MSG_BEGIN, msg_begin_fields, &begin);
	ck_assert(begin.spooled_count == 0 && f.blob.size == FRAME_BLOB_MAX);
}
END_TEST

START_TEST(requests_in_flight_are_answered_in_order)
{
	const struct msg_request request = { .method = "POST", .path = "/" };
	open_in_role(MSG_ROLE_REQUEST);
	/* The first one waits for the core while the others are already there. */
	const char *bodies[] = { "{\"do\": \"state\", \"key\": \"k\", \"value\": \"v\"}",
				 "{\"do\": \"log\", \"text\": \"dua\"}",
				 "{\"do\": \"checkpoint\"}" };
	uint32_t first = core.seq + 1;
	for (int i = 0; i < 3; i++)
		core_side_send(&core, MSG_REQUEST, msg_request_fields, &request,
			       bytes_text(bodies[i]));
	core_side_ask(&core, MSG_STOP);
	core_side_expect(&core, MSG_BEGIN, NULL, NULL);
	struct frame f = core_side_expect(&core, MSG_STATE_PUT, NULL, NULL);
	core_side_answer(&core, f.seq, JEMBATAN_OK);
	for (uint32_t i = 0; i < 3; i++) {
		struct msg_response response = { 0 };
		if (i > 0)
			core_side_expect(&core, MSG_BEGIN, NULL, NULL);
		f = core_side_expect(&core, MSG_RESPONSE, msg_response_fields, &response);
		ck_assert_uint_eq(f.seq, first + i);
		/* The third checkpoints, which a request may not. */
		ck_assert_uint_eq(response.result, i < 2 ? JEMBATAN_OK : JEMBATAN_CONFIG);
	}
	ck_assert_int_eq(core_side_wait(&core), 0);
	ck_assert_ptr_nonnull(strstr(core.log, "checkpoint() in request()"));
}
END_TEST

START_TEST(a_body_in_quarantine_is_answered_without_the_plugin)
{
	struct msg_response response = { 0 };
	const struct msg_request request = { .method = "POST", .path = "/" };
	struct digest d = digest_sha256(bytes_text("deadly"));
	const struct msg_skip skip = { bytes_of(d.bytes, DIGEST_SIZE) };
	core.open.skips = &skip;
	core.open.skip_count = 1;
	open_in_role(MSG_ROLE_REQUEST);
	core_side_send(&core, MSG_REQUEST, msg_request_fields, &request, bytes_text("deadly"));
	core_side_expect(&core, MSG_RESPONSE, msg_response_fields, &response);
	ck_assert_uint_eq(response.result, JEMBATAN_DATA);
	ck_assert_uint_eq(response.status, 200);
}
END_TEST

static const struct {
	const char *text;
	unsigned outcome, result;
} replies[] = {
	{ "sent", JEMBATAN_SENT, JEMBATAN_OK }, { "refused", JEMBATAN_REFUSED, JEMBATAN_OK },
	{ "not sent", JEMBATAN_NOT_SENT, JEMBATAN_OK },
	{ "unknown", JEMBATAN_UNKNOWN, JEMBATAN_OK },
	{ "later", JEMBATAN_LATER, JEMBATAN_OK }, { "auth", JEMBATAN_UNKNOWN, JEMBATAN_AUTH },
};

START_TEST(a_reply_ends_with_its_outcome)
{
	struct msg_delivered delivered = { 0 };
	const struct msg_reply reply = { .reference = "JB-1", .text = replies[_i].text };
	open_in_role(MSG_ROLE_DELIVER);
	core_side_send(&core, MSG_REPLY, msg_reply_fields, &reply, bytes_of(NULL, 0));
	if (replies[_i].outcome == JEMBATAN_SENT) {
		struct frame f = core_side_expect(&core, MSG_STATE_PUT, NULL, NULL);
		core_side_answer(&core, f.seq, JEMBATAN_OK);
	}
	core_side_expect(&core, MSG_DELIVERED, msg_delivered_fields, &delivered);
	ck_assert_uint_eq(delivered.outcome, replies[_i].outcome);
	ck_assert_uint_eq(delivered.result, replies[_i].result);
	if (replies[_i].outcome == JEMBATAN_SENT)
		ck_assert_str_eq(delivered.remote_id, "remote-JB-1");
	if (replies[_i].outcome == JEMBATAN_LATER)
		ck_assert_int_gt(delivered.at_ms, 0);
}
END_TEST

START_TEST(a_reply_can_be_settled_by_asking)
{
	struct msg_delivered delivered = { 0 };
	struct why why;
	const struct msg_reply reply = { .reference = "JB-1", .flags = JEMBATAN_SETTLE };
	const struct msg_state found = { .key = "sent:JB-1", .found = true };
	open_in_role(MSG_ROLE_DELIVER);
	core_side_send(&core, MSG_REPLY, msg_reply_fields, &reply, bytes_of(NULL, 0));
	struct frame f = core_side_expect(&core, MSG_STATE_GET, NULL, NULL);
	ck_assert_int_eq(channel_put(core.channel, MSG_VALUE, f.seq, msg_state_fields, &found,
				     bytes_text("yes"), &why), JEMBATAN_OK);
	ck_assert_int_eq(channel_flush_wait(core.channel, -1, &why), JEMBATAN_OK);
	core_side_expect(&core, MSG_DELIVERED, msg_delivered_fields, &delivered);
	ck_assert_uint_eq(delivered.outcome, JEMBATAN_SENT);
}
END_TEST

static const struct {
	const char *reference;
	unsigned result;
	size_t size;
} fetches[] = {
	{ "3:abc", JEMBATAN_OK, 9 }, { "0:x", JEMBATAN_OK, 0 },
	{ "100000:ab", JEMBATAN_OK, 200000 },
	{ "250000:abcd", JEMBATAN_OK, 1000000 }, { "250001:abcd", JEMBATAN_DATA, 0 },
	{ "gone", JEMBATAN_GONE, 0 },
};

START_TEST(an_attachment_is_fetched_into_the_spool_or_not_at_all)
{
	struct msg_fetched fetched = { 0 };
	struct buf plain;
	const struct msg_fetch fetch = { .reference = fetches[_i].reference };
	buf_init(&plain, 2000000);
	core.open.attachment_max_bytes = 1000000;
	open_in_role(MSG_ROLE_DELIVER);
	core_side_send(&core, MSG_FETCH, msg_fetch_fields, &fetch, bytes_of(NULL, 0));
	core_side_expect(&core, MSG_FETCHED, msg_fetched_fields, &fetched);
	ck_assert_uint_eq(fetched.result, fetches[_i].result);
	ck_assert_uint_eq(fetched.spooled_count, fetches[_i].result == JEMBATAN_OK);
	ck_assert_uint_eq(core_side_spool_count(&core), fetched.spooled_count);
	if (fetched.spooled_count) {
		core_side_unseal(&core, fetched.spooled, &plain);
		ck_assert_uint_eq(plain.size, fetches[_i].size);
	}
	buf_done(&plain);
}
END_TEST

START_TEST(a_sample_is_previewed_in_pieces)
{
	const char *sample = "{\"do\": \"message\", \"id\": \"1\", \"text\": \"contoh\"}\n"
			     "{\"do\": \"state\", \"key\": \"k\"}";
	struct msg_sample piece = { .last = false };
	core.open.mode = JEMBATAN_MODE_PREVIEW;
	open_in_role(MSG_ROLE_TOOL);
	core_side_send(&core, MSG_SAMPLE, msg_sample_fields, &piece, bytes_of(sample, 10));
	piece.last = true;
	core_side_send(&core, MSG_SAMPLE, msg_sample_fields, &piece,
		       bytes_of(sample + 10, strlen(sample) - 10));
	core_side_expect(&core, MSG_BEGIN, NULL, NULL);
	core_side_expect(&core, MSG_MESSAGE, NULL, NULL);
	core_side_expect_done(&core, JEMBATAN_OK);
	ck_assert_ptr_nonnull(strstr(core.log, "state none"));
	core_side_stop(&core);
}
END_TEST

START_TEST(a_plugin_without_a_check_passes_it)
{
	core.open.mode = JEMBATAN_MODE_CHECK;
	open_in_role(MSG_ROLE_TOOL);
	core_side_ask(&core, MSG_CHECK);
	core_side_expect_done(&core, JEMBATAN_OK);
}
END_TEST

START_TEST(a_core_that_goes_away_ends_the_child)
{
	open_in_role(MSG_ROLE_POLL);
	channel_free(core.channel);
	core.channel = NULL;
	int status;
	ck_assert_int_eq(waitpid(core.pid, &status, 0), core.pid);
	core.pid = 0;
	ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(a_call_that_the_role_does_not_have_ends_the_child)
{
	open_in_role(MSG_ROLE_POLL);
	core_side_send(&core, MSG_FETCH, msg_fetch_fields, &(struct msg_fetch){ "x" },
		       bytes_of(NULL, 0));
	int status = core_side_wait(&core);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 70);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("host");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_plugin_is_described_and_the_child_ends);
	tcase_add_test(t, raw_reaches_the_core_before_its_message_and_the_cursor_after);
	tcase_add_test(t, a_plugin_starts_again_behind_its_cursor);
	tcase_add_test(t, a_checkpoint_that_fails_tells_the_plugin);
	tcase_add_test(t, skipped_records_are_not_parsed);
	tcase_add_test(t, a_record_whose_id_is_listed_is_handed_over_unparsed);
	tcase_add_test(t, long_texts_are_cut_and_long_keys_replaced);
	tcase_add_test(t, large_raw_bytes_go_through_the_spool);
	tcase_add_test(t, attachments_are_sealed_referenced_or_listed_as_missing);
	tcase_add_test(t, state_is_asked_of_the_core_and_receipts_are_passed_on);
	tcase_add_loop_test(t, a_watched_fd_wakes_the_core_once, 0, 2);
	tcase_add_test(t, results_and_delays_are_passed_on);
	tcase_add_test(t, options_come_with_their_presets_units_entries_and_places);
	tcase_add_test(t, a_request_brings_its_body_its_messages_and_its_response);
	tcase_add_test(t, a_large_body_of_a_request_makes_no_file);
	tcase_add_test(t, requests_in_flight_are_answered_in_order);
	tcase_add_test(t, a_body_in_quarantine_is_answered_without_the_plugin);
	tcase_add_loop_test(t, a_reply_ends_with_its_outcome, 0, COUNT_OF(replies));
	tcase_add_test(t, a_reply_can_be_settled_by_asking);
	tcase_add_loop_test(t, an_attachment_is_fetched_into_the_spool_or_not_at_all, 0,
			    COUNT_OF(fetches));
	tcase_add_test(t, a_sample_is_previewed_in_pieces);
	tcase_add_test(t, a_plugin_without_a_check_passes_it);
	tcase_add_test(t, a_core_that_goes_away_ends_the_child);
	tcase_add_test(t, a_call_that_the_role_does_not_have_ends_the_child);
	return unit_run("host", t);
}
