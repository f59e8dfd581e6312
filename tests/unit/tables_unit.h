/* tables_unit.h: the tables that are shipped, with a gazetteer of the tests. */
#ifndef TESTS_TABLES_UNIT_H
#define TESTS_TABLES_UNIT_H

#include "ticket/know.h"
#include "unit.h"

/* know_free them. */
static inline struct know_tables *tables_of_unit(void)
{
	struct know_tables *tables = NULL;
	struct why why = { "" };
	setenv("JEMBATAN_RULES", TEST_SHIPPED "/rules.yaml", 1);
	setenv("JEMBATAN_CLASSIFY", TEST_SHIPPED "/classify.txt", 1);
	setenv("JEMBATAN_CATEGORIES", TEST_SHIPPED "/categories.txt", 1);
	setenv("JEMBATAN_REGIONS", TEST_REGIONS, 1);
	ck_assert_msg(know_load(&(struct know_files){ 0 }, &tables, &why) == JEMBATAN_OK, "%s", why.text);
	return tables;
}

#endif
