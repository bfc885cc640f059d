/*
 * A pool that grows: everything that loading a scenario needs for a while is
 * taken from it and given back in one call.  Exits with a message if the host
 * has no memory left.
 */
#ifndef SIM_SCENARIO_POOL_H
#define SIM_SCENARIO_POOL_H

#include <stddef.h>

struct pool_block;

struct pool {
    struct pool_block *block; /* the newest; {0} is an empty pool */
};

void pool_free(struct pool *p);

/* Zeroed, aligned for every type. */
void *pool_take(struct pool *p, size_t count, size_t bytes);

/* A copy of `bytes` bytes with a NUL behind it. */
char *pool_text(struct pool *p, const void *text, size_t bytes);

char *pool_format(struct pool *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
