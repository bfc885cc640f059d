/* One allocation a machine; the host's pages, large ones where it has them,
 * arrive as they are touched. */
#include "sim/core/arena.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define ALIGNMENT ((size_t)64)

void arena_init(struct arena *a, size_t capacity)
{
    void *base = NULL;

    if (capacity) {
        base = mmap(NULL, capacity, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (base == MAP_FAILED) {
            fprintf(stderr, "virqsim: no memory for a machine of %zu bytes\n",
                    capacity);
            exit(1);
        }
    }
    /* a run's accesses are spread: with small pages many miss the TLB */
    if (base)
        madvise(base, capacity, MADV_HUGEPAGE);
    *a = (struct arena){.base = base, .capacity = capacity};
}

void arena_free(struct arena *a)
{
    if (a->base)
        munmap(a->base, a->capacity);
    *a = (struct arena){0};
}

void *arena_take(struct arena *a, size_t count, size_t bytes)
{
    size_t total, start = (a->used + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
    bool overflow = __builtin_mul_overflow(count, bytes, &total);

    assert(!overflow);
    assert(start <= a->capacity && total <= a->capacity - start);
    (void)overflow;
    a->used = start + total;
    return a->base + start;
}
