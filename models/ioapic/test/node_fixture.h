/* Two I/O APIC nodes on one engine; their messages are only looked at. */
#ifndef MODELS_IOAPIC_TEST_NODE_FIXTURE_H
#define MODELS_IOAPIC_TEST_NODE_FIXTURE_H

#include "models/ioapic/ioapic_node.h"
#include "tests/gtest_c.h"

#define UNITS 2u
#define SEEN 256u

#define APIC_PERIOD (7 * SIM_PS)
#define PIN_TO_MESSAGE 5u
#define EOI_TO_MESSAGE 3u

#define LEVEL IOAPIC_RTE_LEVEL
#define MASKED IOAPIC_RTE_MASKED

/* Between two edges of the APIC clock. */
#define SOME_TIME (1000 * APIC_PERIOD + 2 * SIM_PS)
#define EDGE_AFTER (1001 * APIC_PERIOD)

struct seen {
    sim_time time;
    unsigned unit;
    struct msg m;
};

struct ioapic_nodes {
    struct engine engine;
    struct engine_slot heap[ENGINE_SLOTS(16)];
    struct irqs irqs;
    struct irq_record record[512];
    struct ioapic_node node[UNITS]; /* the second one has 120 pins */
    uint16_t source[UNITS];
    struct seen seen[SEEN];
    unsigned seen_count;
    bool answers; /* every level message at once: taken */
};

static inline void bus_sees(struct ioapic_nodes *f, unsigned unit,
                            const struct msg *m)
{
    ASSERT_TRUE(f->seen_count < SEEN);
    f->seen[f->seen_count++] = (struct seen){engine_now(&f->engine), unit, *m};
    irq_deliver(&f->irqs, m->irq, HOP_LAPIC_ACCEPT, engine_now(&f->engine));
    irq_finish(&f->irqs, m->irq, HOP_COUNT, engine_now(&f->engine));
    for (unsigned i = 0; i < UNITS && f->answers; i++)
        ioapic_node_answer(&f->node[i], m->irq, true);
}

static inline void bus_of_0(void *ctx, const struct msg *m)
{
    bus_sees(ctx, 0, m);
}

static inline void bus_of_1(void *ctx, const struct msg *m)
{
    bus_sees(ctx, 1, m);
}

static inline void ioapic_nodes_setup(struct ioapic_nodes *f)
{
    struct ioapic_node_config c = {
        .engine = &f->engine,
        .irqs = &f->irqs,
        .apic_clock = CLOCK_OF(APIC_PERIOD),
        .costs = {.pin_to_message = PIN_TO_MESSAGE,
                  .eoi_to_message = EOI_TO_MESSAGE},
        .version = 0x20,
    };

    engine_init(&f->engine, 16, f->heap);
    irqs_init(&f->irqs, f->record, 512);
    f->answers = true;
    for (unsigned i = 0; i < UNITS; i++) {
        c.pins = i ? 120 : 24;
        c.requester = (uint16_t)(0xf0f8 + i);
        c.irq_source = f->source[i] = irqs_add_source(&f->irqs);
        c.bus = (struct port){i ? bus_of_1 : bus_of_0, f};
        ioapic_node_init(&f->node[i], &c);
    }
}

static inline void ioapic_nodes_teardown(struct ioapic_nodes *f)
{
    irqs_forget_held(&f->irqs);
    for (unsigned i = 0; i < UNITS; i++) {
        EXPECT_STREQ(ioapic_check(&f->node[i].ioapic), NULL);
        ioapic_node_each_held(&f->node[i], irqs_mark_held, &f->irqs);
    }
    EXPECT_STREQ(irqs_check(&f->irqs), NULL);
}

static inline void run_to(struct ioapic_nodes *f, sim_time time)
{
    engine_run(&f->engine, time);
}

static inline void program(struct ioapic_nodes *f, unsigned unit, unsigned pin,
                           uint32_t low)
{
    struct ioapic_node *n = &f->node[unit];

    ioapic_node_write(n, IOAPIC_IOREGSEL, 4, IOAPIC_AT_RTE_LOW + 2 * pin);
    ioapic_node_write(n, IOAPIC_IOWIN, 4, low);
}

static inline bool remote_irr(struct ioapic_nodes *f, unsigned unit,
                              unsigned pin)
{
    struct ioapic_node *n = &f->node[unit];

    ioapic_node_write(n, IOAPIC_IOREGSEL, 4, IOAPIC_AT_RTE_LOW + 2 * pin);
    return (ioapic_node_read(n, IOAPIC_IOWIN, 4) & IOAPIC_RTE_REMOTE_IRR) != 0;
}

static inline void set(struct ioapic_nodes *f, unsigned unit, unsigned pin,
                       bool high)
{
    struct msg m = {.kind = MSG_LINE,
                    .line = {.line = (uint8_t)pin, .high = high}};

    ioapic_node_receive(&f->node[unit], &m);
}

static inline void pulse(struct ioapic_nodes *f, unsigned unit, unsigned pin)
{
    set(f, unit, pin, true);
    set(f, unit, pin, false);
}

/* The broadcast reaches every unit. */
static inline void eoi(struct ioapic_nodes *f, uint8_t vector)
{
    struct msg m = {.kind = MSG_EOI, .eoi_vector = vector};

    for (unsigned i = 0; i < UNITS; i++)
        ioapic_node_receive(&f->node[i], &m);
}

static inline const struct irq_counts *count(const struct ioapic_nodes *f,
                                             unsigned unit)
{
    return &f->irqs.count[f->source[unit]];
}

#endif
