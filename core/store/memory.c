/* memory.c: lists of free pieces by size. All of them are malloc's own, and are as
 * large as it says: so nothing stands before a piece, and free takes it as well. */
#include "store/memory.h"

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <malloc.h>
#include <sqlite3.h>
#include <stdlib.h>

#include "base/poison.h"

#define STEP 16u
#define LEAST 8u     /* of a piece in list 0; STEP more in each further one */
#define SIZES 66u    /* up to 1 KiB: pages and texts are malloc's */
#define KEPT_MAX 64u /* of each size: a statement needs a few */

struct piece {
	struct piece *next;
};

static struct {
	struct piece *first;
	unsigned count;
} kept[SIZES];

static void *take(int size)
{
	size_t n = (size_t)size, which = n <= LEAST ? 0 : (n - LEAST + STEP - 1) / STEP;
	if (which >= SIZES || kept[which].first == NULL)
		return malloc(n);
	struct piece *p = kept[which].first;
	kept[which].first = p->next;
	kept[which].count--;
	return p;
}

static void give_back(void *data)
{
	struct piece *p = data;
	size_t n = malloc_usable_size(p), which = n >= LEAST ? (n - LEAST) / STEP : SIZES;
	if (which >= SIZES || kept[which].count == KEPT_MAX) {
		free(p);
		return;
	}
	p->next = kept[which].first;
	kept[which].first = p;
	kept[which].count++;
}

static void *resize(void *data, int size)
{
	return realloc(data, (size_t)size);
}

static int size_of(void *data)
{
	return (int)malloc_usable_size(data);
}

static int round_up(int size)
{
	return (size + 7) & ~7;
}

static int begin(void *data)
{
	(void)data;
	return SQLITE_OK;
}

static void end(void *data)
{
	(void)data;
}

void memory_use_lists(void)
{
	static const struct sqlite3_mem_methods methods = { take, give_back, resize, size_of,
							    round_up, begin, end, NULL };
#ifndef JEMBATAN_SANITIZED
	(void)sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
#else
	(void)methods; /* it watches each piece */
#endif
}
