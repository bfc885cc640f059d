/* Simulated physical memory: a hash table of pages, searched linearly. */
#include "sim/core/mem.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

/* Each place gets the base of a page that has another place. */
static void find_anew(struct mem *m)
{
    for (uint32_t i = 0; i < MEM_FOUND; i++)
        m->found[i].base = (i + 1) % MEM_FOUND * MEM_PAGE_BYTES;
}

void mem_init(struct mem *m, struct mem_page *pages, uint32_t capacity)
{
    assert(capacity && (capacity & (capacity - 1)) == 0);
    *m = (struct mem){.page = pages, .capacity = capacity};
    find_anew(m);
}

/* Where the page is, or the free entry where it would go. */
static uint32_t search(const struct mem *m, uint64_t number)
{
    uint64_t hash = number * UINT64_C(0x9e3779b97f4a7c15);
    uint32_t mask = m->capacity - 1, i = (uint32_t)(hash >> 32) & mask;

    while (m->page[i].number && m->page[i].number != number)
        i = (i + 1) & mask;
    return i;
}

/* The page of `addr`, or NULL if it was never written. */
static struct mem_page *find(const struct mem *m, uint64_t addr)
{
    struct mem_page *p = &m->page[search(m, addr / MEM_PAGE_BYTES + 1)];

    return p->number ? p : NULL;
}

static bool touches_outside(const struct mem *m, const struct mem_page *p)
{
    uint64_t base = (p->number - 1) * MEM_PAGE_BYTES;

    return base - m->outside.base < m->outside.bytes ||
           (m->outside.bytes && m->outside.base - base < MEM_PAGE_BYTES);
}

void *mem_seek(struct mem *m, uint64_t addr, size_t n)
{
    uint64_t offset = addr % MEM_PAGE_BYTES;
    struct mem_page *p = find(m, addr);

    if (!p || offset + n > MEM_PAGE_BYTES || touches_outside(m, p))
        return NULL;
    m->found[addr / MEM_PAGE_BYTES % MEM_FOUND] = (struct mem_found){
        addr - offset,
        (uint64_t)(p->byte - (unsigned char *)m->page),
    };
    return p->byte + offset;
}

void mem_set_outside(struct mem *m, const struct mem_outside *outside)
{
    m->outside = *outside;
    find_anew(m);
}

bool mem_has_pages(struct mem *m, uint64_t addr, size_t n, uint32_t reserve)
{
    uint64_t first = addr / MEM_PAGE_BYTES;
    uint64_t last = n ? (addr + n - 1) / MEM_PAGE_BYTES : first;
    uint64_t missing = 0;

    for (uint64_t page = first; page <= last; page++)
        missing += !find(m, page * MEM_PAGE_BYTES);
    return !missing || m->used + missing + reserve + 1 < m->capacity;
}

static struct mem_page *find_or_take(struct mem *m, uint64_t addr)
{
    struct mem_page *p = find(m, addr);

    if (p)
        return p;
    /* One entry stays free, or the search would not end. */
    assert(m->used + 1 < m->capacity);
    m->used++;
    p = &m->page[search(m, addr / MEM_PAGE_BYTES + 1)];
    p->number = addr / MEM_PAGE_BYTES + 1;
    return p;
}

/* How many of n bytes at addr lie in one place: in `outside`, or in a page. */
static size_t span(const struct mem *m, uint64_t addr, size_t n, bool *outside)
{
    const struct mem_outside *o = &m->outside;
    uint64_t left = MEM_PAGE_BYTES - addr % MEM_PAGE_BYTES;

    *outside = addr - o->base < o->bytes;
    if (*outside)
        left = o->bytes - (addr - o->base);
    else if (o->bytes && o->base - addr < left)
        left = o->base - addr;
    return left < n ? (size_t)left : n;
}

static void read_page(struct mem *m, uint64_t addr, void *data, size_t n)
{
    const struct mem_page *p = find(m, addr);

    if (p)
        memcpy(data, p->byte + addr % MEM_PAGE_BYTES, n);
    else
        memset(data, 0, n);
}

static void write_page(struct mem *m, uint64_t addr, const void *data, size_t n)
{
    memcpy(find_or_take(m, addr)->byte + addr % MEM_PAGE_BYTES, data, n);
}

void mem_read_pieces(struct mem *m, uint64_t addr, void *data, size_t n)
{
    unsigned char *to = data;
    bool outside;

    for (size_t part; n; addr += part, to += part, n -= part) {
        part = span(m, addr, n, &outside);
        if (outside)
            m->outside.read(m->outside.ctx, addr, to, part);
        else
            read_page(m, addr, to, part);
    }
}

void mem_write_pieces(struct mem *m, uint64_t addr, const void *data, size_t n)
{
    const unsigned char *from = data;
    bool outside;

    for (size_t part; n; addr += part, from += part, n -= part) {
        part = span(m, addr, n, &outside);
        if (outside)
            m->outside.write(m->outside.ctx, addr, from, part);
        else
            write_page(m, addr, from, part);
    }
}

bool mem_compare_exchange64(struct mem *m, uint64_t addr, uint64_t *expected,
                            uint64_t desired)
{
    uint64_t old = mem_read64(m, addr);
    bool same = old == *expected;

    if (same)
        mem_write64(m, addr, desired);
    *expected = old;
    return same;
}
