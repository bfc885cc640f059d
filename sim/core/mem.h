/*
 * Sparse simulated physical memory, little endian, with atomic operations.
 *
 * Pages of 4 KiB come from a pool that is sized while the machine is built;
 * reads of untouched memory give zero.  The tables that CPU and devices share
 * (IDT, stacks, MSR bitmaps, rings) live here in their architectural layout.
 */
#ifndef SIM_CORE_MEM_H
#define SIM_CORE_MEM_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MEM_PAGE_BYTES 4096u
#define MEM_FOUND 64u /* about as many pages as a run uses again and again */

struct mem_page {
    uint64_t number; /* physical address / 4096, plus 1; 0: free */
    uint8_t byte[MEM_PAGE_BYTES];
};

/* Memory outside the pool's ranges, for instance behind a SystemC socket.  An
 * access that crosses its border is split there. */
struct mem_outside {
    uint64_t base, bytes;
    void (*read)(void *ctx, uint64_t addr, void *data, size_t n);
    void (*write)(void *ctx, uint64_t addr, const void *data, size_t n);
    void *ctx;
};

struct mem_found {
    uint64_t base; /* of the page; where none was found, not of this place */
    uint64_t at;   /* of its bytes from the table on */
};

struct mem {
    struct mem_page *page; /* open-addressed hash table */
    uint32_t capacity;     /* a power of two */
    uint32_t used;
    struct mem_found found[MEM_FOUND]; /* last, and `outside` is not in them */
    struct mem_outside outside;
};

/* `pages` must have `capacity` entries, a power of two, all zero. */
void mem_init(struct mem *m, struct mem_page *pages, uint32_t capacity);

/* From now on this memory is outside; what the pool has of it stays there. */
void mem_set_outside(struct mem *m, const struct mem_outside *outside);

/* mem_look() for a page that was not found last. */
void *mem_seek(struct mem *m, uint64_t addr, size_t n);

/* Where n bytes lie, until the next write; NULL if they lie in two pages or
 * were never written, or if some of their page is in `outside`.  Nearly all
 * accesses go this way. */
static inline void *mem_look(struct mem *m, uint64_t addr, size_t n)
{
    const struct mem_found *f = &m->found[addr / MEM_PAGE_BYTES % MEM_FOUND];
    uint64_t offset = addr - f->base;

    if (n > MEM_PAGE_BYTES || offset > MEM_PAGE_BYTES - n)
        return mem_seek(m, addr, n);
    return (unsigned char *)m->page + f->at + offset;
}

/* What lies elsewhere is read and written piece by piece. */
void mem_read_pieces(struct mem *m, uint64_t addr, void *data, size_t n);
void mem_write_pieces(struct mem *m, uint64_t addr, const void *data, size_t n);

/* Any length and alignment.  The pool being full is our mistake (assert). */
static inline __attribute__((always_inline)) void
mem_read(struct mem *m, uint64_t addr, void *data, size_t n)
{
    const void *p = mem_look(m, addr, n);

    if (p)
        memcpy(data, p, n);
    else
        mem_read_pieces(m, addr, data, n);
}

static inline __attribute__((always_inline)) void
mem_write(struct mem *m, uint64_t addr, const void *data, size_t n)
{
    void *p = mem_look(m, addr, n);

    if (p)
        memcpy(p, data, n);
    else
        mem_write_pieces(m, addr, data, n);
}

/* Whether the pool has the pages that this write takes, with `reserve` of them
 * left over: to be asked before a write whose place somebody else has chosen.
 * What is there already takes none. */
bool mem_has_pages(struct mem *m, uint64_t addr, size_t n, uint32_t reserve);

static inline bool mem_has_room(struct mem *m, uint64_t addr, size_t n,
                                uint32_t reserve)
{
    return mem_look(m, addr, n) || mem_has_pages(m, addr, n, reserve);
}

static inline uint32_t mem_read32(struct mem *m, uint64_t addr)
{
    uint32_t value;

    mem_read(m, addr, &value, sizeof value);
    return le32toh(value);
}

static inline uint64_t mem_read64(struct mem *m, uint64_t addr)
{
    uint64_t value;

    mem_read(m, addr, &value, sizeof value);
    return le64toh(value);
}

static inline void mem_write32(struct mem *m, uint64_t addr, uint32_t value)
{
    value = htole32(value);
    mem_write(m, addr, &value, sizeof value);
}

static inline void mem_write64(struct mem *m, uint64_t addr, uint64_t value)
{
    value = htole64(value);
    mem_write(m, addr, &value, sizeof value);
}

/* Atomic read-modify-write; each returns the old value.  One event runs at a
 * time: reading, then writing, is atomic. */

/* Of what is there `keep` stays, and `set` comes to it. */
static inline uint64_t mem_change64(struct mem *m, uint64_t addr, uint64_t keep,
                                    uint64_t set)
{
    void *p = mem_look(m, addr, sizeof keep);
    uint64_t old, value;

    if (!p) {
        old = mem_read64(m, addr);
        mem_write64(m, addr, (old & keep) | set);
        return old;
    }
    memcpy(&old, p, sizeof old);
    old = le64toh(old);
    value = htole64((old & keep) | set);
    memcpy(p, &value, sizeof value);
    return old;
}

static inline uint64_t mem_fetch_or64(struct mem *m, uint64_t addr,
                                      uint64_t bits)
{
    return mem_change64(m, addr, UINT64_MAX, bits);
}

static inline uint64_t mem_fetch_and64(struct mem *m, uint64_t addr,
                                       uint64_t bits)
{
    return mem_change64(m, addr, bits, 0);
}

static inline uint64_t mem_exchange64(struct mem *m, uint64_t addr,
                                      uint64_t value)
{
    return mem_change64(m, addr, 0, value);
}

bool mem_compare_exchange64(struct mem *m, uint64_t addr, uint64_t *expected,
                            uint64_t desired);

#endif
