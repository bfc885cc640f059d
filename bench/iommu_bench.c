/* How long a remapping unit takes for a request on the host, without engine
 * and node: hits of the entry cache, misses (memory being an array), posts. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "models/iommu/iommu.h"

#define TIMES 20000u /* in a batch, which is shorter than a time slice */
#define BATCHES 200
#define ENTRIES 256u
#define CACHE_SETS 16u
#define CACHE_WAYS 4u

struct board {
    struct iommu unit;
    struct iommu_entry table[ENTRIES];
    uint64_t line[IOMMU_LINE_WORDS];
    uint64_t sum; /* keeps the compiler from dropping the work */
};

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void put(struct board *b, uint32_t offset, unsigned bytes,
                uint64_t value)
{
    struct iommu_mmio a = {offset, bytes, value};

    iommu_write(&b->unit, &a);
}

static void start(struct board *b)
{
    static const struct iommu_config config = {.faults = 8,
                                               .posting = true,
                                               .extended = true,
                                               .sets = CACHE_SETS,
                                               .ways = CACHE_WAYS};

    memset(b->line, 0, sizeof b->line);
    iommu_init(&b->unit, &config);
    put(b, IOMMU_AT_IRTA, 8, IOMMU_IRTA_EIME | 7);
    put(b, IOMMU_AT_GCMD, 4, IOMMU_SIRTP);
    put(b, IOMMU_AT_GCMD, 4, IOMMU_IRE);
    for (unsigned i = 0; i < ENTRIES; i++)
        b->table[i].low = IOMMU_IRTE_P | (0x20u + i % 192)
                                             << IOMMU_IRTE_VECTOR_SHIFT;
}

static void memory(struct board *b, struct iommu_access *a)
{
    if (a->kind == IOMMU_ACCESS_READ)
        memcpy(a->data, &b->table[a->addr / sizeof b->table[0]],
               sizeof b->table[0]);
    else if (a->kind == IOMMU_ACCESS_LOCK)
        memcpy(a->data, b->line, sizeof b->line);
    else
        memcpy(b->line, a->data, sizeof b->line);
}

static void request(struct board *b, unsigned index)
{
    struct iommu_request r = {0xfee00010 | index << 5, 0, 4, 0x0108};
    struct iommu_out out = iommu_request(&b->unit, &r);

    while (!iommu_idle(&b->unit)) {
        struct iommu_access a = iommu_access(&b->unit, IOMMU_PORT_REQUEST);

        memory(b, &a);
        out = iommu_answer(&b->unit, IOMMU_PORT_REQUEST, a.data);
    }
    b->sum += out.message.vector;
}

/* Requests for so many entries in turn: nanoseconds for one. */
static double turn(struct board *b, unsigned entries)
{
    double best = 1e9;

    for (int i = 0; i < BATCHES; i++) {
        double begin = seconds(), took;

        for (unsigned n = 0; n < TIMES; n++)
            request(b, n % entries);
        took = seconds() - begin;
        best = took < best ? took : best;
    }
    return best / TIMES * 1e9;
}

static void post_everything(struct board *b)
{
    for (unsigned i = 0; i < ENTRIES; i++)
        b->table[i].low |= IOMMU_IRTE_IM;
}

int main(void)
{
    static struct board b;
    double hits, misses, posts;

    start(&b);
    hits = turn(&b, CACHE_SETS * CACHE_WAYS);
    start(&b);
    misses = turn(&b, ENTRIES);
    start(&b);
    post_everything(&b);
    posts = turn(&b, CACHE_SETS * CACHE_WAYS);
    printf("iommu: %.1f ns a remapped MSI that hits the entry cache, %.1f ns "
           "one that misses it, %.1f ns a posted one; best of %d, check %ju\n",
           hits, misses, posts, BATCHES, (uintmax_t)b.sum);
    return 0;
}
