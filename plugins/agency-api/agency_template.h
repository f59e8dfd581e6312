/* agency_template.h: addresses with blanks, such as "ticket/{id}/history".
 *
 * A blank is a dotted path into the record, or a jq program when it begins
 * with a dot and is more than a path: "{.files | map(.id) | first}". */
#ifndef AGENCY_TEMPLATE_H
#define AGENCY_TEMPLATE_H

#include <jembatan/kit.h>

struct agency_template;

/* CONFIG: braces that do not match, a jq program that does not compile, or a
 * blank in scheme, host or port: the operator alone says where to go. */
JEMBATAN_MUST_CHECK enum jembatan_result
agency_template_new(const char *text, struct agency_template **out,
		    struct kit_why *why);
void agency_template_free(struct agency_template *template);

/* Fill in from a record, percent-encoded. GONE: a blank finds nothing there.
 * DATA: its jq program fails on the record. */
JEMBATAN_MUST_CHECK enum jembatan_result
agency_template_fill(const struct agency_template *template,
		     struct jembatan_bytes record, json_t *root,
		     struct kit_text *out, struct kit_why *why);

#endif
