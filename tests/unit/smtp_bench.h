/* smtp_bench.h: an instance of the mail connector that answers a citizen. */
#ifndef TESTS_SMTP_BENCH_H
#define TESTS_SMTP_BENCH_H

#include "kit/testctx.h"

#define SMTP_CITIZEN "siti@contoh.test"
#define SMTP_REFERENCE "JB-7K3M9Q-RTEST0001"

struct smtp_run {
	struct testctx *t;
	struct jembatan_context *ctx;
	void *self;
	struct testctx_option rows[16];
	struct jembatan_reply reply;
	struct jembatan_delivery out;
};

const struct jembatan_operations *smtp_ops(void);
/* A Maildir without mail, this server (NULL: none), and a reply to be changed. */
void smtp_run_init(struct smtp_run *r, const char *url);
/* Before open. The value must live as long. */
void smtp_run_set(struct smtp_run *r, const char *name, const char *value);
void smtp_run_open(struct smtp_run *r);
enum jembatan_result smtp_run_reply(struct smtp_run *r);
void smtp_run_close(struct smtp_run *r);

#endif
