/* Four local APICs, two I/O APICs and the least fabric that works: messages
 * arrive at once, and the fabric answers for the local APICs. */
#ifndef TESTS_INTERRUPTS_IOAPIC_BOARD_H
#define TESTS_INTERRUPTS_IOAPIC_BOARD_H

#include "models/ioapic/ioapic_node.h"
#include "models/lapic/lapic_node.h"
#include "tests/gtest_c.h"

#define CPUS 4u
#define UNITS 2u
#define LINES_SEEN 64u

/* Awkward periods on purpose: no domain divides another. */
#define APIC_PERIOD (7 * SIM_PS)
#define TIMER_PERIOD (41 * SIM_PS)
#define TSC_PERIOD (5 * SIM_PS)

enum { SOURCE_IPI, SOURCE_TIMER, SOURCE_LINT, SOURCE_IOAPIC, SOURCES };

struct ioapic_board {
    struct engine engine;
    struct engine_slot heap[ENGINE_SLOTS(32)];
    struct irqs irqs;
    struct irq_record record[1024];
    struct lapic_node cpu[CPUS];
    struct ioapic_node unit[UNITS];
    bool intr[CPUS];
    struct msg_line seen[LINES_SEEN]; /* by CPU 0 */
    unsigned seen_count;
    unsigned messages; /* of the I/O APICs */
};

static inline struct msg_apic board_decode(const struct msg_write *w)
{
    return (struct msg_apic){
        .dest = (uint32_t)w->addr >> 12 & 0xff,
        .sender = UINT32_MAX,
        .vector = (uint8_t)w->data,
        .mode = (uint8_t)(w->data >> 8 & 7),
        .logical = w->addr >> 2 & 1,
        .level_trigger = w->data >> 15 & 1,
        .assert_level = true,
        .dest8 = true,
    };
}

/* To one CPU; whether it set the IRR bit. */
static inline bool board_deliver(struct ioapic_board *f, unsigned cpu,
                                 const struct msg *m)
{
    struct lapic_node *n = &f->cpu[cpu];
    bool fixed = m->apic.mode <= DELIVERY_LOWEST;

    lapic_node_receive(n, m);
    return fixed && lapic_software_enabled(&n->lapic) &&
           vecset_has(&n->lapic.irr, m->apic.vector);
}

/* One identity for each target; lowest priority goes to the first match. */
static inline void board_route(struct ioapic_board *f, const struct msg *write)
{
    struct msg m = {.kind = MSG_APIC,
                    .irq = write->irq,
                    .apic = board_decode(&write->write)};
    bool found = false, taken = false;

    f->messages++;
    for (unsigned i = 0; i < CPUS; i++) {
        if (!lapic_node_matches(&f->cpu[i], &m.apic) ||
            (found && m.apic.mode == DELIVERY_LOWEST))
            continue;
        if (found)
            m.irq = irq_birth(&f->irqs, SOURCE_IOAPIC, HOP_IOAPIC_MESSAGE,
                              engine_now(&f->engine));
        found = true;
        taken |= board_deliver(f, i, &m);
    }
    if (!found)
        irq_drop(&f->irqs, write->irq, IRQ_NO_TARGET);
    for (unsigned i = 0; i < UNITS; i++)
        ioapic_node_answer(&f->unit[i], write->irq, taken);
}

static inline void board_bus(void *ctx, const struct msg *m)
{
    struct ioapic_board *f = ctx;

    if (m->kind == MSG_WRITE)
        board_route(f, m);
    if (m->kind == MSG_EOI)
        for (unsigned i = 0; i < UNITS; i++)
            ioapic_node_receive(&f->unit[i], m);
}

/* What a core sees.  One function each, for a port has no number. */
#define BOARD_CORE(i)                                                          \
    static inline void board_core_##i(void *ctx, const struct msg *m)          \
    {                                                                          \
        board_core(ctx, i, &m->line);                                          \
    }

static inline void board_core(struct ioapic_board *f, unsigned cpu,
                              const struct msg_line *line)
{
    if (line->line == CORE_INTR)
        f->intr[cpu] = line->high;
    else if (cpu == 0 && f->seen_count < LINES_SEEN)
        f->seen[f->seen_count++] = *line;
}

BOARD_CORE(0)
BOARD_CORE(1)
BOARD_CORE(2)
BOARD_CORE(3)

static inline void board_add_cpu(struct ioapic_board *f, unsigned i)
{
    static void (*const core[CPUS])(void *, const struct msg *) = {
        board_core_0, board_core_1, board_core_2, board_core_3};
    struct lapic_node_config c = {
        .engine = &f->engine,
        .irqs = &f->irqs,
        .apic_clock = CLOCK_OF(APIC_PERIOD),
        .timer_clock = CLOCK_OF(TIMER_PERIOD),
        .tsc_clock = CLOCK_OF(TSC_PERIOD),
        .costs = {.accept_to_intr = 3, .eoi_to_intr = 2, .icr_to_bus = 5},
        .features = LAPIC_HAS_EOI_SUPPRESSION,
        .ipi_source = SOURCE_IPI,
        .timer_source = SOURCE_TIMER,
        .lint_source = SOURCE_LINT,
        .id = i,
        .bsp = i == 0,
        .bus = {board_bus, f},
        .core = {core[i], f},
    };

    lapic_node_init(&f->cpu[i], &c);
    lapic_node_write(&f->cpu[i], LAPIC_SVR, 4, 0x1ff);
    lapic_node_write(&f->cpu[i], LAPIC_LDR, 4, UINT64_C(0x01000000) << i);
}

static inline void ioapic_board_setup(struct ioapic_board *f)
{
    struct ioapic_node_config c = {
        .engine = &f->engine,
        .irqs = &f->irqs,
        .apic_clock = CLOCK_OF(APIC_PERIOD),
        .costs = {.pin_to_message = 4, .eoi_to_message = 3},
        .pins = 24,
        .version = 0x20,
        .irq_source = SOURCE_IOAPIC,
        .bus = {board_bus, f},
    };

    engine_init(&f->engine, 32, f->heap);
    irqs_init(&f->irqs, f->record, 1024);
    for (int i = 0; i < SOURCES; i++)
        irqs_add_source(&f->irqs);
    for (unsigned i = 0; i < CPUS; i++)
        board_add_cpu(f, i);
    for (unsigned i = 0; i < UNITS; i++)
        ioapic_node_init(&f->unit[i], &c);
}

static inline void ioapic_board_teardown(struct ioapic_board *f)
{
    irqs_forget_held(&f->irqs);
    for (unsigned i = 0; i < CPUS; i++) {
        EXPECT_STREQ(lapic_check(&f->cpu[i].lapic), NULL);
        lapic_node_each_held(&f->cpu[i], irqs_mark_held, &f->irqs);
    }
    for (unsigned i = 0; i < UNITS; i++) {
        EXPECT_STREQ(ioapic_check(&f->unit[i].ioapic), NULL);
        ioapic_node_each_held(&f->unit[i], irqs_mark_held, &f->irqs);
    }
    EXPECT_STREQ(irqs_check(&f->irqs), NULL);
}

/* Everything that was set off happens. */
static inline void board_settle(struct ioapic_board *f)
{
    engine_run(&f->engine, engine_now(&f->engine) + 100 * APIC_PERIOD);
}

static inline void board_put(struct ioapic_board *f, unsigned unit,
                             uint32_t index, uint32_t value)
{
    ioapic_node_write(&f->unit[unit], IOAPIC_IOREGSEL, 4, index);
    ioapic_node_write(&f->unit[unit], IOAPIC_IOWIN, 4, value);
}

static inline uint32_t board_get(struct ioapic_board *f, unsigned unit,
                                 uint32_t index)
{
    ioapic_node_write(&f->unit[unit], IOAPIC_IOREGSEL, 4, index);
    return (uint32_t)ioapic_node_read(&f->unit[unit], IOAPIC_IOWIN, 4);
}

static inline void board_set(struct ioapic_board *f, unsigned unit,
                             unsigned pin, bool high)
{
    struct msg m = {.kind = MSG_LINE,
                    .line = {.line = (uint8_t)pin, .high = high}};

    ioapic_node_receive(&f->unit[unit], &m);
}

/* The core takes what there is, as its final consumer; -1: nothing. */
static inline int board_take(struct ioapic_board *f, unsigned cpu)
{
    struct lapic_ack ack;

    if (!f->intr[cpu])
        return -1;
    ack = lapic_node_acknowledge(&f->cpu[cpu]);
    irq_deliver(&f->irqs, ack.irq, HOP_GUEST_HANDLER, engine_now(&f->engine));
    return ack.vector;
}

#endif
