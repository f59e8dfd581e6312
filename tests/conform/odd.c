/* odd.c: a connector whose table is wrong in the way that its file's name says;
 * a test copies it to newer-minor.so, other-major.so and so on. */
#define _GNU_SOURCE 1
#include <jembatan/connector.h>

#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static char own_name[64];

static enum jembatan_result open_nothing(struct jembatan_context *ctx, const char *cursor,
					 void **out_self)
{
	(void)ctx;
	(void)cursor;
	*out_self = NULL;
	return JEMBATAN_OK;
}

static enum jembatan_result poll_nothing(struct jembatan_context *ctx, void *self)
{
	(void)ctx;
	(void)self;
	return JEMBATAN_IDLE;
}

static struct jembatan_operations operations = {
	.size = sizeof(operations), .open = open_nothing, .poll = poll_nothing,
};

static struct jembatan_option options[] = {
	{ "colour", JEMBATAN_STRING, 0, "red", 0, 0, NULL, "Which colour." },
	{ "size", JEMBATAN_INTEGER, 0, "5", 1, 9, NULL, "How large." },
	{ NULL, 0, 0, NULL, 0, 0, NULL, NULL }
};

static struct jembatan_connector connector = {
	.abi_major = JEMBATAN_ABI_MAJOR, .abi_minor = JEMBATAN_ABI_MINOR,
	.size = sizeof(connector), .name = own_name, .version = "0.1", .summary = "Odd.",
	.capabilities = JEMBATAN_CAN_POLL, .options = options, .operations = &operations,
};

static int is(const char *name)
{
	return strcmp(own_name, name) == 0;
}

static void __attribute__((constructor)) learn_name(void)
{
	Dl_info info;
	if (!dladdr((void *)&connector, &info) || !info.dli_fname)
		return;
	const char *slash = strrchr(info.dli_fname, '/');
	snprintf(own_name, sizeof(own_name), "%s", slash ? slash + 1 : info.dli_fname);
	own_name[strcspn(own_name, ".")] = '\0';
	if (is("crash-constructor"))
		raise(SIGSEGV);
}

const struct jembatan_connector *jembatan_connector_entry(void)
{
	if (is("nothing"))
		return NULL;
	if (is("newer-minor"))
		connector.abi_minor++;
	if (is("other-major"))
		connector.abi_major++;
	if (is("small"))
		connector.size = 16;
	if (is("other-name"))
		connector.name = "somebody-else";
	if (is("no-poll"))
		operations.poll = NULL;
	if (is("bad-preset"))
		options[1].preset = "10";
	if (is("twice"))
		options[1].name = "colour";
	return &connector;
}
