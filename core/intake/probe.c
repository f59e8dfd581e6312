/* probe.c: the smallest app around intake: a loop, a store, its turn. */
#include "intake/probe.h"

#include <stdlib.h>

#include "base/poison.h"

struct probe {
	struct loop *loop;
	struct db *db;
	struct intake *intake;
	struct intake_job job;
	bool is_over;
};

static void no_turn(void *data)
{
	(void)data; /* it is taken after each turn of the loop */
}

enum jembatan_result probe_open(struct settings *s, struct probe **out, struct why *why)
{
	struct probe *p = xcalloc(1, sizeof(*p));
	enum jembatan_result r = db_open_keys(s->data_dir, &(struct db_secrets){ s->master_key,
			s->master_key_old }, &p->db, why);
	if (r == JEMBATAN_OK) {
		p->loop = loop_new();
		p->intake = intake_new(p->loop, p->db, s, no_turn, p);
		r = intake_start_for_jobs(p->intake, why);
	}
	if (r != JEMBATAN_OK)
		probe_close(p);
	else
		*out = p;
	return r;
}

void probe_close(struct probe *p)
{
	if (p == NULL)
		return;
	intake_free(p->intake);
	if (p->loop != NULL)
		loop_free(p->loop);
	db_close(p->db);
	free(p);
}

static void turn(struct probe *p)
{
	struct why why;
	if (!intake_wants_turn(p->intake))
		return;
	intake_prepare(p->intake);
	enum jembatan_result r = db_begin(p->db, &why);
	if (r == JEMBATAN_OK)
		r = intake_write(p->intake, &why);
	if (r == JEMBATAN_OK)
		r = db_commit(p->db, &why);
	if (r == JEMBATAN_OK) {
		intake_committed(p->intake);
	} else {
		db_abort(p->db);
		(void)intake_aborted(p->intake);
	}
}

static void on_job(void *data, const struct intake_job *job, bool ended)
{
	struct probe *p = data;
	p->job = *job;
	p->is_over = ended;
}

void probe_run(struct probe *p, const char *name, struct intake_job *out)
{
	struct why why = { "" };
	p->job = (struct intake_job){ 0 };
	p->is_over = false;
	enum jembatan_result r = intake_probe(p->intake, name, on_job, p, &why);
	while (r == JEMBATAN_OK && !p->is_over) {
		loop_turn(p->loop, 200);
		turn(p);
	}
	loop_turn(p->loop, 0); /* the job is freed at the end of a turn */
	if (r != JEMBATAN_OK) {
		p->job.result = r;
		str_copy(p->job.why, sizeof(p->job.why), why.text);
	}
	*out = p->job;
}
