/* Two remapping units on one engine; their messages are only looked at. */
#ifndef MODELS_IOMMU_TEST_NODE_FIXTURE_H
#define MODELS_IOMMU_TEST_NODE_FIXTURE_H

#include "models/iommu/iommu_node.h"
#include "sim/core/mem.h"
#include "tests/gtest_c.h"

#define UNITS 2u
#define SEEN 64u
#define DEVICE 0x0310u

#define PERIOD (7 * SIM_PS)
#define REQUEST_TO_MESSAGE 5u
#define ENTRY_READ (90 * PERIOD)
#define DESCRIPTOR_UPDATE (120 * PERIOD)
#define QUEUE_READ (80 * PERIOD)
#define STATUS_WRITE (60 * PERIOD)

/* Between two edges of the clock. */
#define SOME_TIME (1000 * PERIOD + 2 * SIM_PS)
#define EDGE_AFTER (1001 * PERIOD)
#define HIT_AT (EDGE_AFTER + REQUEST_TO_MESSAGE * PERIOD)

/* Of unit n. */
#define TABLE(n) (UINT64_C(0x10000) + 0x10000u * (n))
#define QUEUE(n) (UINT64_C(0x40000) + 0x10000u * (n))
#define STATUS UINT64_C(0x80000)
#define PID UINT64_C(0x90000)
#define PID_CONTROL_WORD (UINT64_C(6) << PID_NDST_SHIFT | 0xf2 << PID_NV_SHIFT)

struct iommu_nodes {
    struct engine engine;
    struct engine_slot heap[ENGINE_SLOTS(32)];
    struct irqs irqs;
    struct irq_record record[1024];
    struct mem mem;
    struct mem_page page[32];
    struct iommu_node node[UNITS];
    uint16_t device, own[UNITS]; /* sources of the ledger */
    struct seen {
        sim_time time;
        struct msg m;
    } seen[SEEN];
    unsigned seen_count;
    struct posted_irqs posted;
    struct posted_irqs_row posted_row;
    unsigned answered, taken;
    struct event other; /* of somebody else, who notes: */
    uint64_t control_word;
};

static inline void settle_irq(struct iommu_nodes *f, irq_id irq)
{
    irq_deliver(&f->irqs, irq, HOP_LAPIC_ACCEPT, engine_now(&f->engine));
    irq_finish(&f->irqs, irq, HOP_COUNT, engine_now(&f->engine));
}

static inline void bus_sees(void *ctx, const struct msg *m)
{
    struct iommu_nodes *f = ctx;

    ASSERT_TRUE(f->seen_count < SEEN);
    f->seen[f->seen_count++] = (struct seen){engine_now(&f->engine), *m};
    settle_irq(f, m->irq);
}

static inline void answer_sees(void *ctx, irq_id irq, bool taken)
{
    struct iommu_nodes *f = ctx;

    EXPECT_TRUE(irq_pending(&f->irqs, irq));
    f->answered++;
    f->taken += taken;
}

static inline bool reach(void *ctx, struct iommu_access *a)
{
    struct iommu_nodes *f = ctx;

    if (a->kind == IOMMU_ACCESS_WRITE || a->kind == IOMMU_ACCESS_UNLOCK)
        mem_write(&f->mem, a->addr, a->data, a->bytes);
    else
        mem_read(&f->mem, a->addr, a->data, a->bytes);
    return true;
}

static inline void put_register(struct iommu_nodes *f, unsigned unit,
                                uint32_t offset, uint64_t value)
{
    iommu_node_write(&f->node[unit], offset,
                     offset == IOMMU_AT_GCMD || offset == IOMMU_AT_FECTL ||
                             offset == IOMMU_AT_IECTL
                         ? 4
                         : 8,
                     value);
}

static inline void iommu_nodes_setup(struct iommu_nodes *f)
{
    struct iommu_node_config c = {
        .engine = &f->engine,
        .irqs = &f->irqs,
        .apic_clock = CLOCK_OF(PERIOD),
        .costs = {REQUEST_TO_MESSAGE, ENTRY_READ, DESCRIPTOR_UPDATE, QUEUE_READ,
                  STATUS_WRITE},
        .iommu = {.faults = 4,
                  .mhmv = 15,
                  .posting = true,
                  .extended = true,
                  .sets = 4,
                  .ways = 2},
        .bus = {bus_sees, f},
        .ctx = f,
        .memory = reach,
        .answer = answer_sees,
        .posted = &f->posted,
    };

    engine_init(&f->engine, 32, f->heap);
    irqs_init(&f->irqs, f->record, 1024);
    mem_init(&f->mem, f->page, 32);
    posted_irqs_init(&f->posted, &f->irqs, &f->posted_row, 1);
    posted_irqs_add(&f->posted, PID);
    mem_write64(&f->mem, PID + PID_CONTROL, PID_CONTROL_WORD);
    f->device = irqs_add_source(&f->irqs);
    for (unsigned i = 0; i < UNITS; i++) {
        c.irq_source = f->own[i] = irqs_add_source(&f->irqs);
        iommu_node_init(&f->node[i], &c);
        put_register(f, i, IOMMU_AT_IRTA, TABLE(i) | IOMMU_IRTA_EIME | 7);
        put_register(f, i, IOMMU_AT_GCMD, IOMMU_SIRTP);
        put_register(f, i, IOMMU_AT_IQA, QUEUE(i));
        put_register(f, i, IOMMU_AT_GCMD, IOMMU_QIE);
        put_register(f, i, IOMMU_AT_GCMD, IOMMU_QIE | IOMMU_IRE);
    }
}

static inline void iommu_nodes_teardown(struct iommu_nodes *f)
{
    irqs_forget_held(&f->irqs);
    posted_irqs_each_held(&f->posted, irqs_mark_held, &f->irqs);
    for (unsigned i = 0; i < UNITS; i++) {
        EXPECT_STREQ(iommu_check(&f->node[i].iommu), NULL);
        iommu_node_each_held(&f->node[i], irqs_mark_held, &f->irqs);
    }
    EXPECT_STREQ(irqs_check(&f->irqs), NULL);
}

static inline void run_to(struct iommu_nodes *f, sim_time time)
{
    engine_run(&f->engine, time);
}

static inline void put_entry(struct iommu_nodes *f, unsigned unit,
                             unsigned index, struct iommu_entry e)
{
    mem_write(&f->mem, TABLE(unit) + sizeof e * index, &e, sizeof e);
}

static inline struct iommu_entry to_cpu(uint8_t vector, uint32_t id)
{
    return (struct iommu_entry){
        IOMMU_IRTE_P | (uint64_t)vector << IOMMU_IRTE_VECTOR_SHIFT |
            (uint64_t)id << IOMMU_IRTE_DST_SHIFT,
        0};
}

static inline struct iommu_entry to_descriptor(uint8_t vector)
{
    return (struct iommu_entry){
        IOMMU_IRTE_P | IOMMU_IRTE_IM |
            (uint64_t)vector << IOMMU_IRTE_VECTOR_SHIFT | PID << 32,
        0};
}

static inline irq_id request_at(struct iommu_nodes *f, unsigned unit,
                                uint64_t addr)
{
    struct msg m = {.kind = MSG_WRITE,
                    .irq = irq_birth(&f->irqs, f->device, HOP_MSI_WRITE,
                                     engine_now(&f->engine)),
                    .write = {.addr = addr, .bytes = 4, .requester = DEVICE}};

    iommu_node_receive(&f->node[unit], &m);
    return m.irq;
}

static inline irq_id request(struct iommu_nodes *f, unsigned unit,
                             unsigned index)
{
    return request_at(f, unit, 0xfee00010 | index << 5);
}

/* So that the entry is in the cache, and nothing of it is noted. */
static inline void warm(struct iommu_nodes *f, unsigned unit, unsigned index)
{
    request(f, unit, index);
    run_to(f, SOME_TIME);
    f->seen_count = f->answered = f->taken = 0;
}

static inline void put_descriptor(struct iommu_nodes *f, unsigned i,
                                  uint64_t low, uint64_t high)
{
    mem_write64(&f->mem, QUEUE(0) + 16 * i, low);
    mem_write64(&f->mem, QUEUE(0) + 16 * i + 8, high);
}

static inline const struct irq_counts *count(const struct iommu_nodes *f,
                                             uint16_t source)
{
    return &f->irqs.count[source];
}

#endif
