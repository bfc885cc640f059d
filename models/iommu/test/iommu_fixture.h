/* One remapping unit under test, its memory, and what its last call said. */
#ifndef MODELS_IOMMU_TEST_IOMMU_FIXTURE_H
#define MODELS_IOMMU_TEST_IOMMU_FIXTURE_H

#include "models/iommu/iommu.h"
#include "sim/core/mem.h"
#include "sim/core/msg.h"
#include "tests/gtest_c.h"

#define TABLE UINT64_C(0x10000)
#define OTHER_TABLE UINT64_C(0x20000)
#define QUEUE UINT64_C(0x30000)
#define STATUS UINT64_C(0x40000)
#define PID UINT64_C(0x92345678a3450040)
#define SID 0x0310u /* the usual source */

#define P IOMMU_IRTE_P
#define FPD IOMMU_IRTE_FPD
#define VECTOR(v) ((uint64_t)(v) << IOMMU_IRTE_VECTOR_SHIFT)
#define DLM(mode) ((uint64_t)(mode) << IOMMU_IRTE_DLM_SHIFT)
#define DST8(id) ((uint64_t)(id) << IOMMU_IRTE_DST8_SHIFT)
#define DST(id) ((uint64_t)(id) << IOMMU_IRTE_DST_SHIFT)
#define SVT(type, sq, sid)                                                     \
    ((uint64_t)(type) << IOMMU_IRTE_SVT_SHIFT |                                \
     (uint64_t)(sq) << IOMMU_IRTE_SQ_SHIFT | (sid))

#define IEC_ALL IOMMU_IEC_INVALIDATE
#define IEC(index, mask)                                                       \
    (IOMMU_IEC_INVALIDATE | IOMMU_IEC_SELECTIVE |                              \
     (uint64_t)(mask) << IOMMU_IEC_IM_SHIFT |                                  \
     (uint64_t)(index) << IOMMU_IEC_IIDX_SHIFT)
#define WAIT_SW(data)                                                          \
    (IOMMU_WAIT | IOMMU_WAIT_SW | (uint64_t)(data) << IOMMU_WAIT_DATA_SHIFT)
#define WAIT_IF (IOMMU_WAIT | IOMMU_WAIT_IF)

struct iommu_unit {
    struct iommu u;
    struct mem mem;
    struct mem_page page[32];
    uint64_t fails_from, fails_to; /* addresses that cannot be read */
    struct iommu_out out;          /* of the request, or of the last call */
    unsigned reads, locks;         /* of memory */
    unsigned fault_events, invalidation_events;
    uint64_t tail;
};

static const struct iommu_config iommu_full = {.faults = 4,
                                               .mhmv = 15,
                                               .posting = true,
                                               .extended = true,
                                               .sets = 4,
                                               .ways = 2};

static inline void iommu_unit_start(struct iommu_unit *f,
                                    const struct iommu_config *c)
{
    *f = (struct iommu_unit){0};
    mem_init(&f->mem, f->page, sizeof f->page / sizeof f->page[0]);
    iommu_init(&f->u, c);
}

static inline void iommu_unit_setup(struct iommu_unit *f)
{
    iommu_unit_start(f, &iommu_full);
}

static inline void iommu_unit_teardown(struct iommu_unit *f)
{
    EXPECT_STREQ(iommu_check(&f->u), NULL);
}

/* ---- memory ---- */

static inline void note(struct iommu_unit *f, struct iommu_out out)
{
    f->out = out;
    f->fault_events += out.fault_event;
    f->invalidation_events += out.invalidation_event;
    EXPECT_STREQ(iommu_check(&f->u), NULL);
}

/* Does what a port wants; false: nothing. */
static inline bool step(struct iommu_unit *f, enum iommu_port port)
{
    struct iommu_access a = iommu_access(&f->u, port);
    struct iommu_out out;
    bool fails = a.addr >= f->fails_from && a.addr < f->fails_to;

    if (a.kind == IOMMU_ACCESS_NONE)
        return false;
    f->reads += a.kind == IOMMU_ACCESS_READ;
    f->locks += a.kind == IOMMU_ACCESS_LOCK;
    if (a.kind == IOMMU_ACCESS_WRITE || a.kind == IOMMU_ACCESS_UNLOCK)
        mem_write(&f->mem, a.addr, a.data, a.bytes);
    else
        mem_read(&f->mem, a.addr, a.data, a.bytes);
    iommu_answer(&f->u, port, fails ? NULL : a.data, &out);
    note(f, out);
    return true;
}

static inline void serve(struct iommu_unit *f, enum iommu_port port)
{
    while (step(f, port))
        continue;
}

/* ---- registers ---- */

/* Without memory: what is under way stays there. */
static inline void poke(struct iommu_unit *f, uint32_t offset, unsigned bytes,
                        uint64_t value)
{
    struct iommu_mmio a = {offset, bytes, value};

    note(f, iommu_write(&f->u, &a));
}

static inline void store(struct iommu_unit *f, uint32_t offset, unsigned bytes,
                         uint64_t value)
{
    poke(f, offset, bytes, value);
    serve(f, IOMMU_PORT_QUEUE);
}

static inline uint64_t load(struct iommu_unit *f, uint32_t offset,
                            unsigned bytes)
{
    struct iommu_mmio a = {.offset = offset, .bytes = bytes};

    f->out = iommu_read(&f->u, &a);
    return a.value;
}

static inline uint32_t gsts(struct iommu_unit *f)
{
    return (uint32_t)load(f, IOMMU_AT_GSTS, 4);
}

/* One bit of GCMD changes, as software does it. */
static inline void command(struct iommu_unit *f, uint32_t set, uint32_t clear)
{
    uint32_t levels = gsts(f) & IOMMU_LEVEL_COMMANDS;

    store(f, IOMMU_AT_GCMD, 4, (levels | set) & ~clear);
}

static inline void set_table(struct iommu_unit *f, uint64_t irta)
{
    store(f, IOMMU_AT_IRTA, 8, irta);
    command(f, IOMMU_SIRTP, 0);
}

/* Remapping with a table of 16 entries, and the queue. */
static inline void enable(struct iommu_unit *f, bool eime)
{
    set_table(f, TABLE | (eime ? IOMMU_IRTA_EIME : 0) | 3);
    store(f, IOMMU_AT_IQA, 8, QUEUE);
    command(f, IOMMU_QIE, 0);
    command(f, IOMMU_IRE, 0);
}

/* ---- the table ---- */

static inline void put_at(struct iommu_unit *f, uint64_t table, unsigned index,
                          struct iommu_entry e)
{
    mem_write(&f->mem, table + sizeof e * index, &e, sizeof e);
}

static inline void put(struct iommu_unit *f, unsigned index, uint64_t low,
                       uint64_t high)
{
    put_at(f, TABLE, index, (struct iommu_entry){low, high});
}

static inline void put_posted(struct iommu_unit *f, unsigned index,
                              uint64_t more)
{
    put(f, index,
        P | IOMMU_IRTE_IM | VECTOR(0x71) | (PID & 0xffffffff) << 32 | more,
        PID >> 32 << 32);
}

/* ---- requests ---- */

static inline struct iommu_request request_of(unsigned handle, bool shv)
{
    return (struct iommu_request){
        .addr = 0xfee00010u | (handle & 0x7fff) << 5 | (shv ? 8u : 0) |
                (handle >> 15 & 1) << 2,
        .bytes = 4,
        .sid = SID,
    };
}

/* The request is in the unit. */
static inline void begin(struct iommu_unit *f, struct iommu_request r)
{
    struct iommu_out out;

    iommu_request(&f->u, &r, &out);
    note(f, out);
}

static inline void send(struct iommu_unit *f, struct iommu_request r)
{
    begin(f, r);
    serve(f, IOMMU_PORT_REQUEST);
}

/* The request that names an entry by its handle. */
static inline void fire(struct iommu_unit *f, unsigned index)
{
    send(f, request_of(index, false));
}

static inline void fire_from(struct iommu_unit *f, unsigned index, uint16_t sid)
{
    struct iommu_request r = request_of(index, false);

    r.sid = sid;
    send(f, r);
}

/* The vector of a message that was sent, or -1. */
static inline int sent(const struct iommu_unit *f)
{
    return f->out.outcome == IOMMU_REMAPPED ? f->out.message.vector : -1;
}

/* The reason of a blocked request, or 0. */
static inline int fault(const struct iommu_unit *f)
{
    return f->out.outcome == IOMMU_BLOCKED ? f->out.fault : 0;
}

/* ---- the queue ---- */

static inline void queue(struct iommu_unit *f, uint64_t low, uint64_t high)
{
    uint64_t descriptor[2] = {low, high};

    mem_write(&f->mem, QUEUE + f->tail, descriptor, sizeof descriptor);
    f->tail = (f->tail + sizeof descriptor) % IOMMU_PAGE_BYTES;
}

static inline void run_queue(struct iommu_unit *f)
{
    store(f, IOMMU_AT_IQT, 8, f->tail);
}

static inline void invalidate(struct iommu_unit *f, uint64_t descriptor)
{
    queue(f, descriptor, 0);
    run_queue(f);
}

/* ---- faults ---- */

static inline uint64_t record_low(struct iommu_unit *f, unsigned i)
{
    return load(f, IOMMU_AT_FRCD_LOW + 16 * i, 8);
}

static inline uint64_t record_high(struct iommu_unit *f, unsigned i)
{
    return load(f, IOMMU_AT_FRCD_HIGH + 16 * i, 8);
}

static inline bool record_valid(struct iommu_unit *f, unsigned i)
{
    return (record_high(f, i) & IOMMU_RECORD_F) != 0;
}

static inline unsigned records(struct iommu_unit *f)
{
    unsigned n = 0;

    for (unsigned i = 0; i < f->u.config.faults; i++)
        n += record_valid(f, i);
    return n;
}

static inline void clear_record(struct iommu_unit *f, unsigned i)
{
    store(f, IOMMU_AT_FRCD_HIGH + 16 * i, 8, IOMMU_RECORD_F);
}

static inline uint32_t fsts(struct iommu_unit *f)
{
    return (uint32_t)load(f, IOMMU_AT_FSTS, 4);
}

#endif
