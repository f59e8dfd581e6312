/* jx_pool.c: lists of free pieces, one for each multiple of 16 bytes. */
#include "base/jx_pool.h"

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "base/jx.h"
#include "base/mem.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/poison.h"

#define STEP 16u
#define SIZES 33u       /* of up to 512 bytes; larger ones are malloc's */
#define FREE_MAX 512u   /* kept of each size: 2.1 MiB at the very most */

/* Before each piece, which stays aligned behind it. */
struct piece {
	union {
		size_t which; /* in use: its size in steps; SIZES: malloc's own */
		struct piece *next;
	};
	_Alignas(STEP) unsigned char data[];
};

static struct {
	struct piece *first;
	size_t count;
} kept[SIZES];

static void *take(size_t size)
{
	size_t which = (size + STEP - 1) / STEP;
	struct piece *p;
	if (which >= SIZES) {
		ASSERT(size < SIZE_MAX - sizeof(*p));
		p = xmalloc(sizeof(*p) + size);
		p->which = SIZES;
		return p->data;
	}
	p = kept[which].first;
	if (p != NULL) {
		kept[which].first = p->next;
		kept[which].count--;
	} else {
		p = xmalloc(sizeof(*p) + which * STEP);
	}
	p->which = which;
	return p->data;
}

static void give_back(void *data)
{
	if (data == NULL)
		return;
	struct piece *p = (struct piece *)(void *)((char *)data - offsetof(struct piece, data));
	size_t which = p->which;
	if (which >= SIZES || kept[which].count == FREE_MAX) {
		free(p);
		return;
	}
	p->next = kept[which].first;
	kept[which].first = p;
	kept[which].count++;
}

void jx_use_pool(void)
{
#ifndef JEMBATAN_SANITIZED
	json_set_alloc_funcs(take, give_back);
#else
	(void)take;
	(void)give_back;
	jx_init();
#endif
}
