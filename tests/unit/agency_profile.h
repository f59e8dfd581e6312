/* agency_profile.h: a shipped profile as the options of a test context. */
#ifndef TESTS_AGENCY_PROFILE_H
#define TESTS_AGENCY_PROFILE_H

#include "kit/testctx.h"

#define AGENCY_PROFILE_ROWS 256

struct agency_profile {
	struct arena *arena;
	struct testctx_option rows[AGENCY_PROFILE_ROWS + 1];
	size_t count;
};

/* name: "rt". Aborts when the profile is wrong. */
void agency_profile_load(struct agency_profile *profile, const char *name);
/* One more option, or an entry of a map (key, else NULL); an option that the
 * profile sets is replaced. Borrowed. */
void agency_profile_set(struct agency_profile *profile, const char *name,
			const char *key, const char *value);
void agency_profile_done(struct agency_profile *profile);

/* The connector, linked in. */
extern const struct jembatan_connector *jembatan_connector_entry(void);

#endif
