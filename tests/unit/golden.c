/* golden.c: what golden.h promises. */
#include "golden.h"

#include <check.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX ((size_t)4 << 20)

static glob_t found;

static void forget(void)
{
	globfree(&found);
}

int golden_find(const char *pattern)
{
	static bool is_set;

	if (is_set)
		globfree(&found);
	else
		atexit(forget);
	is_set = true;
	return glob(pattern, 0, NULL, &found) == 0 ? (int)found.gl_pathc : 0;
}

const char *golden_path(int index)
{
	return found.gl_pathv[index];
}

char *golden_read(const char *path, size_t *out_size)
{
	FILE *file = fopen(path, "rb");
	char *data = calloc(1, FILE_MAX + 1);

	ck_assert_msg(file != NULL, "cannot read %s", path);
	*out_size = fread(data, 1, FILE_MAX + 1, file);
	fclose(file);
	ck_assert_msg(*out_size <= FILE_MAX, "%s is too large", path);
	return data;
}

void golden_compare(const char *path, char *text)
{
	const char *dot = strrchr(path, '.');
	char expected_path[4096];
	size_t size;

	snprintf(expected_path, sizeof expected_path, "%.*s.out", (int)(dot - path), path);
	if (getenv("GOLDEN_WRITE") != NULL) {
		FILE *out = fopen(expected_path, "wb");

		ck_assert_msg(out != NULL, "cannot write %s", expected_path);
		fputs(text, out);
		fclose(out);
	}
	char *expected = golden_read(expected_path, &size);

	ck_assert_msg(strcmp(text, expected) == 0, "%s became\n%s\nand not\n%s", path, text,
		      expected);
	free(expected);
	free(text);
}

void golden_field(FILE *out, const char *name, const char *value)
{
	if (value != NULL)
		fprintf(out, "%s: %s\n", name, value);
}

static void show_attachment(FILE *out, const struct jembatan_attachment *a)
{
	fprintf(out, "attachment: %s, %s, %s\n", a->name ? a->name : "-",
		a->media_type ? a->media_type : "-", a->reference ? a->reference : "missing");
}

void golden_message(FILE *out, const struct jembatan_message *m)
{
	static const char *const kinds[] = { "new", "follow-up", "edit", "deletion", "reaction",
		"receipt", "system", "unreadable", "ignored" };

	fprintf(out, "-- message\nkind: %s%s%s\n", kinds[m->kind],
		m->flags & JEMBATAN_UNSURE ? ", unsure" : "",
		m->flags & JEMBATAN_AUTOMATIC ? ", automatic" : "");
	golden_field(out, "id", m->id);
	golden_field(out, "revision", m->revision);
	golden_field(out, "thread", m->thread);
	golden_field(out, "thread too", m->thread_alias);
	golden_field(out, "reply to", m->reply_to);
	golden_field(out, "author id", m->author.id);
	golden_field(out, "author mail", m->author.mail);
	golden_field(out, "author phone", m->author.phone);
	golden_field(out, "author name", m->author.name);
	golden_field(out, "author handle", m->author.handle);
	if (m->sent_ms != 0)
		fprintf(out, "sent: %lld\n", (long long)m->sent_ms);
	if (m->arrived_ms != 0)
		fprintf(out, "arrived: %lld\n", (long long)m->arrived_ms);
	golden_field(out, "address", m->place.address);
	if (m->flags & JEMBATAN_HAS_POSITION)
		fprintf(out, "position: %.6f %.6f\n", m->place.latitude, m->place.longitude);
	for (size_t i = 0; i < m->attachment_count; i++)
		show_attachment(out, &m->attachments[i]);
	golden_field(out, "extra", m->extra);
	golden_field(out, "subject", m->subject);
	golden_field(out, "text", m->text);
	golden_field(out, "full text", m->full_text);
}

void golden_receipt(FILE *out, const struct jembatan_receipt *r)
{
	static const char *const states[] = { "sent", "delivered", "read", "failed" };

	fprintf(out, "-- receipt\nstate: %s\nat: %lld\n", states[r->state], (long long)r->at_ms);
	golden_field(out, "remote id", r->remote_id);
	golden_field(out, "reference", r->reference);
	golden_field(out, "reason", r->reason);
	golden_field(out, "thread", r->thread);
	golden_field(out, "thread too", r->thread_alias);
}
