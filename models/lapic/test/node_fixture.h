/* Two local APIC nodes on one engine, with the least fabric that works. */
#ifndef MODELS_LAPIC_TEST_NODE_FIXTURE_H
#define MODELS_LAPIC_TEST_NODE_FIXTURE_H

#include "models/lapic/lapic_node.h"
#include "tests/gtest_c.h"

#define NODES 2u
#define LINES_SEEN 64u

/* Awkward periods on purpose: no domain divides another. */
#define APIC_PERIOD (7 * SIM_PS)
#define TIMER_PERIOD (41 * SIM_PS)
#define TSC_PERIOD (5 * SIM_PS)

enum { SOURCE_IPI, SOURCE_TIMER, SOURCE_LINT, SOURCE_DEVICE, SOURCES };

struct seen_line {
    sim_time time;
    struct msg_line line;
};

struct lapic_nodes {
    struct engine engine;
    struct engine_slot heap[ENGINE_SLOTS(16)];
    struct irqs irqs;
    struct irq_record record[512];
    struct lapic_node node[NODES];
    bool intr[NODES]; /* as each core sees it */
    bool extint[NODES];
    struct seen_line seen[LINES_SEEN]; /* by the core of node 0 */
    unsigned seen_count;
    struct msg sent[LINES_SEEN]; /* by node 0 */
    sim_time sent_time[LINES_SEEN], sent_icr_time[LINES_SEEN];
    unsigned sent_count;
    bool loses_messages; /* the fabric, to look at messages only */
};

/* MSG_APIC to each node that it matches, one identity per target; to nobody:
 * dropped. */
static inline void fabric_deliver(struct lapic_nodes *f,
                                  const struct msg_apic *apic, sim_time born)
{
    struct msg m = {.kind = MSG_APIC, .apic = *apic};
    bool targets[NODES];
    bool any = false;

    for (unsigned i = 0; i < NODES; i++) {
        targets[i] = lapic_node_matches(&f->node[i], apic);
        any |= targets[i];
    }
    if (!any)
        irq_drop(&f->irqs, irq_birth(&f->irqs, SOURCE_IPI, HOP_ICR_WRITE, born),
                 IRQ_NO_TARGET);
    for (unsigned i = 0; i < NODES; i++) {
        if (!targets[i])
            continue;
        m.irq = irq_birth(&f->irqs, SOURCE_IPI, HOP_ICR_WRITE, born);
        lapic_node_receive(&f->node[i], &m);
    }
}

static inline void fabric_send(struct lapic_nodes *f, unsigned sender,
                               const struct msg *m)
{
    const struct lapic_node *n = &f->node[sender];

    if (sender == 0 && f->sent_count < LINES_SEEN) {
        f->sent[f->sent_count] = *m;
        f->sent_time[f->sent_count] = engine_now(&f->engine);
        f->sent_icr_time[f->sent_count++] = n->icr_time;
    }
    if (m->kind == MSG_APIC && !f->loses_messages)
        fabric_deliver(f, &m->apic, n->icr_time);
}

static inline void bus_of_0(void *ctx, const struct msg *m)
{
    fabric_send(ctx, 0, m);
}

static inline void bus_of_1(void *ctx, const struct msg *m)
{
    fabric_send(ctx, 1, m);
}

static inline void core_sees(struct lapic_nodes *f, unsigned cpu,
                             const struct msg *m)
{
    if (m->line.line == CORE_INTR)
        f->intr[cpu] = m->line.high;
    if (m->line.line == CORE_EXTINT)
        f->extint[cpu] = m->line.high;
    if (cpu == 0 && f->seen_count < LINES_SEEN)
        f->seen[f->seen_count++] =
            (struct seen_line){engine_now(&f->engine), m->line};
}

static inline void core_of_0(void *ctx, const struct msg *m)
{
    core_sees(ctx, 0, m);
}

static inline void core_of_1(void *ctx, const struct msg *m)
{
    core_sees(ctx, 1, m);
}

static inline void lapic_nodes_setup(struct lapic_nodes *f)
{
    struct lapic_node_config c = {
        .engine = &f->engine,
        .irqs = &f->irqs,
        .apic_clock = CLOCK_OF(APIC_PERIOD),
        .timer_clock = CLOCK_OF(TIMER_PERIOD),
        .tsc_clock = CLOCK_OF(TSC_PERIOD),
        .costs = {.accept_to_intr = 3, .eoi_to_intr = 2, .icr_to_bus = 5},
        .features = LAPIC_HAS_X2APIC | LAPIC_HAS_TSC_DEADLINE,
        .ipi_source = SOURCE_IPI,
        .timer_source = SOURCE_TIMER,
        .lint_source = SOURCE_LINT,
    };

    engine_init(&f->engine, 16, f->heap);
    irqs_init(&f->irqs, f->record, 512);
    for (int i = 0; i < SOURCES; i++)
        irqs_add_source(&f->irqs);
    for (unsigned i = 0; i < NODES; i++) {
        c.id = i;
        c.bsp = i == 0;
        c.bus = (struct port){i ? bus_of_1 : bus_of_0, f};
        c.core = (struct port){i ? core_of_1 : core_of_0, f};
        lapic_node_init(&f->node[i], &c);
        lapic_node_write(&f->node[i], LAPIC_SVR, 4, 0x1ff);
    }
}

static inline void lapic_nodes_teardown(struct lapic_nodes *f)
{
    irqs_forget_held(&f->irqs);
    for (unsigned i = 0; i < NODES; i++) {
        EXPECT_STREQ(lapic_check(&f->node[i].lapic), NULL);
        lapic_node_each_held(&f->node[i], irqs_mark_held, &f->irqs);
    }
    EXPECT_STREQ(irqs_check(&f->irqs), NULL);
}

static inline void put(struct lapic_nodes *f, uint32_t offset, uint32_t value)
{
    lapic_node_write(&f->node[0], offset, 4, value);
}

static inline uint32_t get(struct lapic_nodes *f, uint32_t offset)
{
    return (uint32_t)lapic_node_read(&f->node[0], offset, 4);
}

/* A device's interrupt reaches node 0. */
static inline irq_id arrive(struct lapic_nodes *f, uint8_t vector)
{
    struct msg m = {.kind = MSG_APIC, .apic.vector = vector};

    m.irq = irq_birth(&f->irqs, SOURCE_DEVICE, HOP_MSI_WRITE,
                      engine_now(&f->engine));
    lapic_node_receive(&f->node[0], &m);
    return m.irq;
}

/* The core of node 0 takes what there is, as its final consumer. */
static inline struct lapic_ack take_interrupt(struct lapic_nodes *f)
{
    struct lapic_ack ack = lapic_node_acknowledge(&f->node[0]);

    irq_deliver(&f->irqs, ack.irq, HOP_GUEST_HANDLER, engine_now(&f->engine));
    return ack;
}

static inline void run_to(struct lapic_nodes *f, sim_time time)
{
    engine_run(&f->engine, time);
}

static inline const struct irq_counts *count(const struct lapic_nodes *f,
                                             unsigned source)
{
    return &f->irqs.count[source];
}

#endif
