/* smtp_bench.c: see smtp_bench.h. */
#include "smtp_bench.h"

#include <check.h>

#include <string.h>

const struct jembatan_operations *smtp_ops(void)
{
	return jembatan_connector_entry()->operations;
}

void smtp_run_set(struct smtp_run *r, const char *name, const char *value)
{
	size_t i = 0;

	while (r->rows[i].name != NULL && strcmp(r->rows[i].name, name) != 0)
		i++;
	ck_assert_uint_lt(i, 15);
	r->rows[i] = (struct testctx_option){ name, NULL, value };
}

void smtp_run_init(struct smtp_run *r, const char *url)
{
	memset(r, 0, sizeof *r);
	smtp_run_set(r, "source", "maildir");
	smtp_run_set(r, "maildir", "/tmp");
	smtp_run_set(r, "smtp_url", url);
	smtp_run_set(r, "from", "Pengaduan Kelurahan <pengaduan@kelurahan.test>");
	smtp_run_set(r, "timeout", "20s");
	r->reply = (struct jembatan_reply){
		.size = sizeof r->reply,
		.reference = SMTP_REFERENCE,
		.event = "number",
		.thread = "pertama@contoh.test",
		.reply_to = "surat-1@contoh.test/0123456789abcdef",
		.to = SMTP_CITIZEN,
		.to_kind = "mail",
		.subject = "Re: Jalan rusak (JB-7K3M9Q)",
		.text = "Laporan Anda sudah kami terima.\nNomor: JB-7K3M9Q\n",
		.language = "id",
	};
}

void smtp_run_open(struct smtp_run *r)
{
	r->t = testctx_new(r->rows, jembatan_connector_entry()->options);
	r->ctx = testctx_context(r->t);
	ck_assert_msg(smtp_ops()->open(r->ctx, NULL, &r->self) == JEMBATAN_OK, "%s",
		      testctx_explanation(r->t));
}

enum jembatan_result smtp_run_reply(struct smtp_run *r)
{
	r->out = (struct jembatan_delivery){ .size = sizeof r->out,
					     .outcome = JEMBATAN_UNKNOWN };
	return smtp_ops()->reply(r->ctx, r->self, &r->reply, &r->out);
}

void smtp_run_close(struct smtp_run *r)
{
	smtp_ops()->close(r->ctx, r->self);
	testctx_free(r->t);
}
