/*
 * A board: the 8259As' INT on LINT0 of the one processor's local APIC, and on
 * an input that looks for edges, as INTIN0 of an I/O APIC does.
 */
#ifndef TESTS_PIC_BOARD_H
#define TESTS_PIC_BOARD_H

#include "models/lapic/lapic_node.h"
#include "models/pic/pic_node.h"
#include "tests/gtest_c.h"

#define BOARD_APIC_PERIOD (7 * SIM_PS)
#define BOARD_PIC_PERIOD (120 * SIM_PS)
#define BOARD_IRQS 256u
#define BOARD_EXTINT (DELIVERY_EXTINT << 8)

enum { BOARD_SOURCE_LAPIC = PIC_LINES, BOARD_SOURCES };

struct board {
    struct engine engine;
    struct engine_slot heap[ENGINE_SLOTS(8)];
    struct irqs irqs;
    struct irq_record record[BOARD_IRQS];
    struct pic_node pic;
    struct lapic_node lapic;
    bool extint, intr; /* as the core sees them */
    unsigned pin0_rises;
};

static inline void board_pic_int(void *ctx, const struct msg *m)
{
    struct board *b = ctx;

    b->pin0_rises += m->line.high;
    lapic_node_receive(&b->lapic, m);
}

static inline void board_core(void *ctx, const struct msg *m)
{
    struct board *b = ctx;

    if (m->line.line == CORE_EXTINT)
        b->extint = m->line.high;
    if (m->line.line == CORE_INTR)
        b->intr = m->line.high;
}

static inline void board_nothing(void *ctx, const struct msg *m)
{
    (void)ctx;
    (void)m;
}

static inline void board_init(struct board *b)
{
    struct pic_node_config pic = {
        .engine = &b->engine,
        .irqs = &b->irqs,
        .clock = CLOCK_OF(BOARD_PIC_PERIOD),
        .costs = {.line_to_int = 2, .write_to_int = 1},
        .apic = {board_pic_int, b},
    };
    struct lapic_node_config lapic = {
        .engine = &b->engine,
        .irqs = &b->irqs,
        .apic_clock = CLOCK_OF(BOARD_APIC_PERIOD),
        .timer_clock = CLOCK_OF(BOARD_APIC_PERIOD),
        .tsc_clock = CLOCK_OF(BOARD_APIC_PERIOD),
        .costs = {.accept_to_intr = 3, .eoi_to_intr = 2, .icr_to_bus = 5},
        .bsp = true,
        .ipi_source = BOARD_SOURCE_LAPIC,
        .timer_source = BOARD_SOURCE_LAPIC,
        .lint_source = BOARD_SOURCE_LAPIC,
        .bus = {board_nothing, b},
        .core = {board_core, b},
    };

    engine_init(&b->engine, 8, b->heap);
    irqs_init(&b->irqs, b->record, BOARD_IRQS);
    for (int i = 0; i < BOARD_SOURCES; i++)
        irqs_add_source(&b->irqs);
    for (uint16_t line = 0; line < PIC_LINES; line++)
        pic.line_source[line] = line;
    lapic_node_init(&b->lapic, &lapic);
    pic_node_init(&b->pic, &pic);
    lapic_node_write(&b->lapic, LAPIC_SVR, 4, 0x1ff);
    lapic_node_write(&b->lapic, LAPIC_LVT_LINT0, 4, BOARD_EXTINT);
}

/* Everything that was set off settles. */
static inline void board_settle(struct board *b)
{
    engine_run(&b->engine, engine_now(&b->engine) + SIM_NS);
}

static inline void board_line(struct board *b, uint8_t line, bool high)
{
    struct msg m = {.kind = MSG_LINE, .line = {.line = line, .high = high}};

    pic_node_receive(&b->pic, &m);
    board_settle(b);
}

static inline void board_out(struct board *b, uint16_t port, uint8_t value)
{
    pic_node_write(&b->pic, port, 1, value);
    board_settle(b);
}

static inline uint8_t board_in(struct board *b, uint16_t port)
{
    uint8_t value = (uint8_t)pic_node_read(&b->pic, port, 1);

    board_settle(b);
    return value;
}

/* The core answers an ExtINT request, and is its final consumer. */
static inline uint8_t board_take_extint(struct board *b)
{
    struct pic_ack ack;
    sim_time now = engine_now(&b->engine);

    lapic_node_acknowledge_extint(&b->lapic);
    ack = pic_node_acknowledge(&b->pic);
    irq_deliver(&b->irqs, ack.irq, HOP_GUEST_HANDLER, now);
    if (ack.no_eoi)
        irq_finish(&b->irqs, ack.irq, HOP_COUNT, now);
    board_settle(b);
    return ack.vector;
}

/* The ledger and the models are sound. */
static inline void board_check(struct board *b)
{
    EXPECT_STREQ(pic_pair_check(&b->pic.pair), NULL);
    EXPECT_STREQ(lapic_check(&b->lapic.lapic), NULL);
    irqs_forget_held(&b->irqs);
    pic_node_each_held(&b->pic, irqs_mark_held, &b->irqs);
    lapic_node_each_held(&b->lapic, irqs_mark_held, &b->irqs);
    EXPECT_STREQ(irqs_check(&b->irqs), NULL);
}

#endif
