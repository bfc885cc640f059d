/*
 * One allocation a machine.  Everything is carved from it while the machine
 * is built; nothing is allocated in the run loop.  A checkpoint is a copy of
 * the used bytes, restored in place: pointers inside stay valid.
 */
#ifndef SIM_CORE_ARENA_H
#define SIM_CORE_ARENA_H

#include <stddef.h>

struct arena {
    unsigned char *base;
    size_t used, capacity;
};

/* Exits with a message if the host has no memory left. */
void arena_init(struct arena *a, size_t capacity);
void arena_free(struct arena *a);

/* Zeroed, aligned to 64 bytes; the arena being full is our mistake. */
void *arena_take(struct arena *a, size_t count, size_t bytes);

#endif
