/* How long a remapping unit takes for a request on the host, without engine
 * and node: hits of the entry cache, misses (memory being an array), posts. */
#include <stdio.h>
#include <string.h>

#include "bench/bench.h"
#include "models/iommu/iommu.h"

#define ENTRIES 256u
#define CACHE_SETS 16u
#define CACHE_WAYS 4u

struct board {
    struct iommu unit;
    struct iommu_entry table[ENTRIES];
    uint64_t line[IOMMU_LINE_WORDS];
};

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

/* The vector that comes out. */
static uint8_t request(struct board *b, unsigned index)
{
    struct iommu_request r = {0xfee00010 | index << 5, 0, 4, 0x0108};
    struct iommu_out out;

    iommu_request(&b->unit, &r, &out);
    while (!iommu_idle(&b->unit)) {
        struct iommu_access a = iommu_access(&b->unit, IOMMU_PORT_REQUEST);

        memory(b, &a);
        iommu_answer(&b->unit, IOMMU_PORT_REQUEST, a.data, &out);
    }
    return out.message.vector;
}

static void fitting_requests(void *board, uint32_t times, uint64_t *sum)
{
    for (uint32_t i = 0; i < times; i++)
        *sum += request(board, i % (CACHE_SETS * CACHE_WAYS));
}

static void requests(void *board, uint32_t times, uint64_t *sum)
{
    for (uint32_t i = 0; i < times; i++)
        *sum += request(board, i % ENTRIES);
}

static void post_everything(struct board *b)
{
    for (unsigned i = 0; i < ENTRIES; i++)
        b->table[i].low |= IOMMU_IRTE_IM;
}

static double ns(struct board *b, bench_batch *batch, uint64_t *sum)
{
    return 1e3 / bench_best(batch, b, sum);
}

int main(void)
{
    static struct board b;
    double hits, misses, posts;
    uint64_t sum = 0;

    start(&b);
    hits = ns(&b, fitting_requests, &sum);
    start(&b);
    misses = ns(&b, requests, &sum);
    start(&b);
    post_everything(&b);
    posts = ns(&b, fitting_requests, &sum);
    printf("iommu: %.1f ns a remapped MSI that hits the entry cache, %.1f ns "
           "one that misses it, %.1f ns a posted one; best of %d, check %ju\n",
           hits, misses, posts, BENCH_BATCHES, (uintmax_t)sum);
    return 0;
}
