/*
 * The interrupt-entry cache: set-associative, entries found by their index.
 * A set replaces its ways in turn, the ones without an entry first.
 */
#include "models/iommu/iommu_private.h"

/* The first way of the set that an index belongs to. */
static unsigned set_of(const struct iommu *u, uint32_t index)
{
    return (index & (u->config.sets - 1u)) * u->config.ways;
}

const struct iommu_entry *cache_find(const struct iommu *u, uint32_t index)
{
    const struct iommu_cached *way = &u->cache.way[set_of(u, index)];

    for (unsigned i = 0; i < u->config.ways; i++)
        if (way[i].valid && way[i].index == index)
            return &way[i].entry;
    return NULL;
}

/* Which way of the set takes a new entry. */
static unsigned way_for(struct iommu *u, unsigned first)
{
    uint8_t *next = &u->cache.next[first];
    unsigned victim = *next;

    for (unsigned i = 0; i < u->config.ways; i++)
        if (!u->cache.way[first + i].valid)
            return i;
    *next = (uint8_t)((victim + 1u) % u->config.ways);
    return victim;
}

void cache_fill(struct iommu *u, uint32_t index, const struct iommu_entry *e)
{
    unsigned first = set_of(u, index);

    if (u->config.ways)
        u->cache.way[first + way_for(u, first)] =
            (struct iommu_cached){true, (uint16_t)index, *e};
}

void cache_invalidate_all(struct iommu *u)
{
    for (unsigned i = 0; i < (unsigned)u->config.sets * u->config.ways; i++)
        u->cache.way[i].valid = false;
}

void cache_invalidate(struct iommu *u, uint32_t first, unsigned mask)
{
    for (unsigned i = 0; i < (unsigned)u->config.sets * u->config.ways; i++) {
        struct iommu_cached *way = &u->cache.way[i];

        if ((uint32_t)way->index >> mask == first >> mask)
            way->valid = false;
    }
}

const char *cache_check(const struct iommu *u)
{
    for (unsigned i = 0; i < (unsigned)u->config.sets * u->config.ways; i++) {
        const struct iommu_cached *way = &u->cache.way[i];

        if (!way->valid)
            continue;
        if (set_of(u, way->index) != i / u->config.ways * u->config.ways)
            return "a cached entry is in another index's set";
        if (cache_find(u, way->index) != &way->entry)
            return "an entry is cached twice";
        if (!(way->entry.low & IOMMU_IRTE_P) && !u->config.caching)
            return "an entry is cached that is not present";
    }
    return NULL;
}
