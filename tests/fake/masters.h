/* masters.h: the made-up institutions and answer templates of the fake. */
#ifndef FAKE_MASTERS_H
#define FAKE_MASTERS_H

#include <jansson.h>

/* [{"id", "name"}]; the caller's reference. */
json_t *masters_institutions(void);
json_t *masters_templates(void);

/* The name of an institution, NULL when there is none with this id. */
const char *masters_institution_name(const char *id);

#endif
