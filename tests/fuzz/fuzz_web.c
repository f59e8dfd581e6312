/* fuzz_web.c: what strangers send before anything is stored: a target with its
 * method, the proxy's header, and what web and core say to each other. The
 * first line is a method, the second a target, the third a header; all of it
 * is also taken for the fields of a request and of an answer. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "web/problem.h"
#include "web/route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_route(const char *method, char *target)
{
	struct route r;
	size_t size = strlen(target);
	route_read(target, method, &r);
	if (r.problem != MSG_PROBLEM_NONE)
		return;
	ASSERT(text_is_utf8(target, strlen(target)));
	ASSERT(r.path[0] == '/' && strlen(r.instance) < ROUTE_INSTANCE_SIZE);
	ASSERT(r.query == NULL || strlen(r.query) <= size);
}

static void check_sender(const char *header)
{
	char sender[ROUTE_ADDRESS_SIZE], key[ROUTE_ADDRESS_SIZE];
	route_sender(header, "127.0.0.1", sender, key);
	ASSERT(sender[0] != '\0' && strspn(sender, "0123456789abcdef.:") == strlen(sender));
	ASSERT(key[0] != '\0');
}

static void check_fields(struct jembatan_bytes bytes)
{
	struct arena *arena = arena_new();
	struct msg_web_request request = { 0 };
	struct msg_web_answer answer = { 0 };
	struct buf out;
	buf_init(&out, 1024 * 1024);
	(void)!field_unpack(msg_web_request_fields, bytes, arena, &request, NULL);
	if (field_unpack(msg_web_answer_fields, bytes, arena, &answer, NULL) == JEMBATAN_OK)
		problem_write((enum msg_problem)answer.problem, answer.status, answer.detail_id,
			      answer.detail_en, &out);
	buf_done(&out);
	arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = xmalloc(size + 1);
	memcpy(text, data, size);
	text[size] = '\0';
	char *target = strchr(text, '\n'), *header = NULL;
	if (target != NULL) {
		*target++ = '\0';
		header = strchr(target, '\n');
		if (header != NULL)
			*header++ = '\0';
		check_route(text, target);
	}
	check_sender(header);
	check_fields((struct jembatan_bytes){ data, size });
	free(text);
	return 0;
}
