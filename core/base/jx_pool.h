/* jx_pool.h: memory for jansson's values in the daemon, which makes and drops
 * hundreds of small ones for each ticket: kept by size and used again, without
 * malloc's bookkeeping. For one thread. */
#ifndef BASE_JX_POOL_H
#define BASE_JX_POOL_H

/* In place of jx_init. What jansson returns for free() (json_dumps) is then not
 * malloc's: use jx_dump. The same as jx_init under sanitizers, which must see
 * each value by itself. */
void jx_use_pool(void);

#endif
