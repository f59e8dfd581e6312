/* test_central_faults.c: every fault of the fake centre in every mode. After
 * it nothing is lost and nothing doubled, what is unknown is listed, and where
 * the centre offers evidence nothing stays unknown. */
#include "central_bench.h"

#include "base/jx.h"

#include <string.h>

#define REPORTS 6

static const char *const modes[] = { "none", "idempotent", "lookup" };

static const struct fault_row {
	const char *faults;
	unsigned unknown; /* in mode none */
	unsigned refused; /* in every mode */
} rows[] = {
	{ "", 0, 0 },
	/* committed, and the answer lost */
	{ "commit-500:create@first=2", 2, 0 },
	{ "commit-hang:create@nth=2", 1, 0 },
	{ "commit-close:create@first=2", 2, 0 },
	{ "commit-close:create@nth=5", 1, 0 },
	{ "garbage:create@nth=2", 1, 0 },
	{ "truncate:create@nth=2", 1, 0 },
	{ "no-id:create@nth=2", 1, 0 },
	{ "huge=2:create@nth=2", 1, 0 },
	{ "wrong-type=array:create@nth=2", 1, 0 },
	{ "wrong-type=huge:create@nth=2", 1, 0 },
	/* not committed, and nobody can know */
	{ "close:create@first=2", 2, 0 },
	{ "hang:create@nth=2", 1, 0 },
	{ "500:create@first=2", 2, 0 },
	{ "502:create@nth=2", 1, 0 },
	{ "504:create@nth=2", 1, 0 },
	{ "redirect:create@nth=2", 1, 0 },
	/* not committed, and that is certain */
	{ "429=0:create@first=3", 0, 0 },
	{ "429-date:create@nth=2", 0, 0 },
	{ "503=0:create@first=3", 0, 0 },
	{ "401:create@nth=2", 0, 0 },
	{ "403:create@nth=2", 0, 0 },
	{ "400:create@nth=2", 0, 1 },
	{ "404:create@nth=2", 0, 1 },
	{ "422:create@nth=2", 0, 1 },
	/* well, only differently */
	{ "slow=1:create@nth=2", 0, 0 },
	{ "delay=60:create@nth=2", 0, 0 },
	{ "id-at=complaint_id", 0, 0 },
	{ "id-at=data", 0, 0 },
	{ "id-at=results", 0, 0 },
	{ "wrong-type=string:create", 0, 0 },
	{ "wrong-type=number:create@nth=2", 0, 0 },
	/* the other steps */
	{ "route-fails@first=2", 0, 0 },
	{ "commit-500:route@first=2", 0, 0 },
	{ "commit-close:route@nth=2", 0, 0 },
	{ "commit-hang:route@nth=1", 0, 0 },
	{ "close:route@nth=2 500:status@first=2", 0, 0 },
	{ "commit-500:route@nth=1 garbage:status@first=1", 0, 0 },
	{ "503=0:route@first=2", 0, 0 },
	{ "500:file@first=2", 0, 0 },
	{ "commit-close:file@nth=2", 0, 0 },
	{ "commit-hang:file@nth=2", 0, 0 },
	{ "no-id:file@nth=2", 0, 0 },
	{ "garbage:file@nth=2", 0, 0 },
	{ "422:file@nth=2", 0, 0 },
	{ "401:file@nth=2", 0, 0 },
	/* evidence that is hard to get */
	{ "commit-500:create@nth=1 500:lookup@first=2", 1, 0 },
	{ "close:create@nth=1 garbage:lookup@first=1", 1, 0 },
	{ "commit-close:create@nth=1 close:lookup@first=1", 1, 0 },
	{ "close:create@nth=1 404:lookup@first=1", 1, 0 },
	{ "commit-500:create@nth=1 401:lookup@first=1", 1, 0 },
	{ "commit-500:create@nth=1 truncate:lookup@first=1", 1, 0 },
	/* everything at once */
	{ "commit-close:create@nth=2 503=0:create@nth=3 commit-500:route@nth=1 500:file@nth=3", 1,
	  0 },
};

static void check_routed(void)
{
	CLEANUP(jx_decref) json_t *state = bench_state();
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(state, "complaints"), i, one) {
		struct ticket_row t;
		if (tickets_find(bench.db, jx_text(one, "reference"), bench.arena, &t,
				 &bench.why) == JEMBATAN_OK &&
		    t.state == TICKET_PUSHED)
			ck_assert_str_eq(jx_text(one, "disposition_id"), BENCH_ROUTE_TO);
	}
}

START_TEST(nothing_is_lost_or_doubled)
{
	const struct fault_row *row = &rows[(size_t)_i / COUNT_OF(modes)];
	size_t mode = (size_t)_i % COUNT_OF(modes);

	bench_open(modes[mode], row->faults);
	bool with_files = *row->faults == '\0' || strstr(row->faults, "file");
	for (int i = 0; i < REPORTS; i++)
		(void)bench_report(with_files);
	bench_settle();
	bench_check_books();
	check_routed();
	ck_assert_int_eq(bench_rows(OUTBOX_UNKNOWN), mode == 0 ? row->unknown : 0);
	ck_assert_int_eq(bench_rows(OUTBOX_REFUSED), row->refused);
	ck_assert_int_eq(bench_rows(OUTBOX_DONE),
			 REPORTS - row->refused - (mode == 0 ? row->unknown : 0));
	ck_assert_int_eq(bench_centre("doubled"), 0);
	bench_close();
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("central_faults");

	tcase_set_timeout(t, 40);
	tcase_add_loop_test(t, nothing_is_lost_or_doubled, 0,
			    (int)(COUNT_OF(rows) * COUNT_OF(modes)));
	return unit_run("central_faults", t);
}
