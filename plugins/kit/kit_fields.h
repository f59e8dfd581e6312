/* kit_fields.h: the mapping as kit_fields.c reads it and kit_record.c uses it.
 * Not installed. */
#ifndef KIT_FIELDS_H
#define KIT_FIELDS_H

#include <jembatan/kit.h>

#include "base/arena.h"

#define KIT_FIELD_COUNT 38u
#define KIT_ALTERNATIVES_MAX 8u
#define KIT_TOLD_MAX 64u

enum kit_field_kind {
	KIT_FIELD_TEXT, /* const char * at offset */
	KIT_FIELD_TIME, /* int64_t at offset */
	KIT_FIELD_FLAG, /* a bit of flags */
	KIT_FIELD_KIND,
	KIT_FIELD_STATUS,
	KIT_FIELD_PHONE,
	KIT_FIELD_LATITUDE,
	KIT_FIELD_LONGITUDE,
	KIT_FIELD_EXTRA,
	KIT_FIELD_ATTACHMENTS,
	KIT_FIELD_PART /* of an attachment */
};

struct kit_field {
	const char *name;
	enum kit_field_kind kind;
	size_t offset;
	unsigned flag;
};

/* The parts of attachments are the last three: url, name, type. */
extern const struct kit_field kit_field_table[KIT_FIELD_COUNT];
#define KIT_FIELD_URL (KIT_FIELD_COUNT - 3u)

/* Where a field comes from: a constant, or the first path that holds
 * something; words[i] (or NULL): compare with it, for flags. */
struct kit_rule {
	bool is_set;
	const char *where;
	const char *constant;
	const char *paths[KIT_ALTERNATIVES_MAX];
	const char *words[KIT_ALTERNATIVES_MAX];
	size_t path_count;
};

struct kit_status {
	const char *theirs, *ours;
};

struct kit_fields {
	struct jembatan_context *ctx;
	struct arena *arena;
	const char *fields_option; /* NULL: own names, from jq */
	const char *time_format, *base_url;
	int zone_minutes;
	struct kit_rule rules[KIT_FIELD_COUNT];
	struct kit_status *statuses;
	size_t status_count;
	char *told[KIT_TOLD_MAX]; /* unknown statuses that were logged */
	size_t told_count;
	struct kit_why why; /* of the last failure */
};

#endif
