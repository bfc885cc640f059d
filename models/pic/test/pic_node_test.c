/* The 8259As' node: when INT changes, and what becomes of each request. */
#include "models/pic/pic_node.h"
#include "tests/gtest_c.h"

#define PERIOD (120 * SIM_PS)
#define LINE_TO_INT 3u
#define WRITE_TO_INT 2u
#define SEEN_MAX 32u
#define SLACK 7 /* between two edges of the clock */

struct pic_board {
    struct engine engine;
    struct engine_slot heap[ENGINE_SLOTS(4)];
    struct irqs irqs;
    struct irq_record record[64];
    struct pic_node node;
    bool apic, direct; /* INT as each side sees it */
    struct {
        sim_time time;
        bool high;
    } seen[SEEN_MAX];
    unsigned seen_count;
};

static void to_apic(void *ctx, const struct msg *m)
{
    struct pic_board *f = ctx;

    f->apic = m->line.high;
    EXPECT_EQ(m->line.line, 0);
    if (f->seen_count == SEEN_MAX)
        return;
    f->seen[f->seen_count].time = engine_now(&f->engine);
    f->seen[f->seen_count++].high = m->line.high;
}

static void to_cpu(void *ctx, const struct msg *m)
{
    ((struct pic_board *)ctx)->direct = m->line.high;
}

static void put(struct pic_board *f, uint16_t port, int value)
{
    pic_node_write(&f->node, port, 1, (uint32_t)value);
}

static void initialise(struct pic_board *f, int icw4)
{
    for (int chip = 0; chip < PIC_CHIPS; chip++) {
        uint16_t port = chip ? PIC_PORT_SLAVE_COMMAND : PIC_PORT_MASTER_COMMAND;

        put(f, port, PIC_ICW1_SELECT | PIC_ICW1_IC4);
        put(f, port + 1, chip ? 0x28 : 0x20);
        put(f, port + 1, chip ? PIC_CASCADE : 1 << PIC_CASCADE);
        put(f, port + 1, PIC_ICW4_UPM | icw4);
    }
}

static void build(struct pic_board *f, bool has_imcr)
{
    struct pic_node_config c = {
        .engine = &f->engine,
        .irqs = &f->irqs,
        .clock = CLOCK_OF(PERIOD),
        .costs = {.line_to_int = LINE_TO_INT, .write_to_int = WRITE_TO_INT},
        .has_imcr = has_imcr,
        .apic = {to_apic, f},
        .direct = {to_cpu, f},
    };

    engine_init(&f->engine, 4, f->heap);
    irqs_init(&f->irqs, f->record, 64);
    for (uint16_t line = 0; line < PIC_LINES; line++)
        c.line_source[line] = irqs_add_source(&f->irqs);
    pic_node_init(&f->node, &c);
    initialise(f, 0);
}

static void pic_board_setup(struct pic_board *f)
{
    build(f, false);
}

static void pic_board_teardown(struct pic_board *f)
{
    EXPECT_STREQ(pic_pair_check(&f->node.pair), NULL);
    irqs_forget_held(&f->irqs);
    pic_node_each_held(&f->node, irqs_mark_held, &f->irqs);
    EXPECT_STREQ(irqs_check(&f->irqs), NULL);
}

static void line(struct pic_board *f, uint8_t n, bool high)
{
    struct msg m = {.kind = MSG_LINE, .line = {.line = n, .high = high}};

    pic_node_receive(&f->node, &m);
}

static void run_to(struct pic_board *f, sim_time time)
{
    engine_run(&f->engine, time);
}

/* The CPU takes it, as its final consumer. */
static struct pic_ack take(struct pic_board *f)
{
    struct pic_ack ack = pic_node_acknowledge(&f->node);

    irq_deliver(&f->irqs, ack.irq, HOP_GUEST_HANDLER, engine_now(&f->engine));
    if (ack.no_eoi)
        irq_finish(&f->irqs, ack.irq, HOP_COUNT, engine_now(&f->engine));
    return ack;
}

static const struct irq_counts *count(const struct pic_board *f, unsigned n)
{
    return &f->irqs.count[n];
}

TEST_F(pic_board, int_rises_after_its_delay_on_an_edge)
{
    run_to(f, 10 * PERIOD + SLACK);
    line(f, 3, true);
    run_to(f, (11 + LINE_TO_INT) * PERIOD - 1);
    EXPECT_FALSE(f->apic);
    run_to(f, (11 + LINE_TO_INT) * PERIOD);
    EXPECT_TRUE(f->apic);
}

TEST_F(pic_board, int_falls_at_once)
{
    line(f, 3, true);
    run_to(f, 10 * PERIOD + SLACK);
    EXPECT_TRUE(f->apic);
    line(f, 3, false);
    EXPECT_FALSE(f->apic);
}

TEST_F(pic_board, unmasked_request_raises_int_after_the_write_delay)
{
    put(f, PIC_PORT_MASTER_DATA, 0xff);
    line(f, 3, true);
    run_to(f, 10 * PERIOD);
    EXPECT_EQ(f->seen_count, 0);
    put(f, PIC_PORT_MASTER_DATA, 0);
    run_to(f, (10 + WRITE_TO_INT) * PERIOD - 1);
    EXPECT_FALSE(f->apic);
    run_to(f, (10 + WRITE_TO_INT) * PERIOD);
    EXPECT_TRUE(f->apic);
}

TEST_F(pic_board, second_request_does_not_delay_the_first)
{
    line(f, 3, true);
    run_to(f, 2 * PERIOD);
    line(f, 1, true);
    run_to(f, LINE_TO_INT * PERIOD);
    EXPECT_TRUE(f->apic);
    run_to(f, 20 * PERIOD);
    EXPECT_EQ(f->seen_count, 1, "one rise for both");
}

TEST_F(pic_board, cancelled_rise_is_never_seen)
{
    line(f, 3, true);
    run_to(f, PERIOD);
    line(f, 3, false);
    run_to(f, 20 * PERIOD);
    EXPECT_EQ(f->seen_count, 0);
    EXPECT_EQ(engine_next(&f->engine), SIM_TIME_NEVER);
}

TEST_F(pic_board, int_dips_at_an_acknowledge_though_another_request_waits)
{
    initialise(f, PIC_ICW4_AEOI);
    line(f, 3, true);
    line(f, 4, true);
    run_to(f, 10 * PERIOD);
    EXPECT_EQ(take(f).vector, 0x23);
    EXPECT_FALSE(f->apic);
    run_to(f, (10 + WRITE_TO_INT) * PERIOD);
    EXPECT_TRUE(f->apic);
    EXPECT_EQ(f->seen_count, 3);
    EXPECT_EQ(take(f).vector, 0x24);
    EXPECT_EQ(count(f, 3)->delivered, 1);
    EXPECT_EQ(f->record[0].id, 0, "finished without an EOI");
}

TEST_F(pic_board, identity_goes_from_the_line_to_the_eoi)
{
    struct pic_ack ack;

    run_to(f, PERIOD);
    line(f, 12, true);
    run_to(f, 10 * PERIOD);
    ack = take(f);
    EXPECT_EQ(ack.vector, 0x2c);
    EXPECT_FALSE(ack.no_eoi);
    EXPECT_NE(ack.irq, 0);
    EXPECT_EQ(f->record[0].hop[0].hop, HOP_LINE_EDGE);
    EXPECT_EQ(f->record[0].hop[0].time, PERIOD);
    EXPECT_EQ(f->record[0].hop[1].hop, HOP_PIC_ACK);
    EXPECT_EQ(f->node.isr_irq[12], ack.irq);
    EXPECT_EQ(f->node.irr_irq[12], 0);
    put(f, PIC_PORT_SLAVE_COMMAND, PIC_OCW2_EOI);
    EXPECT_EQ(f->record[0].id, 0, "finished: the record is free");
    EXPECT_EQ(count(f, 12)->delivered, 1);
}

TEST_F(pic_board, eoi_leaves_an_open_fate_to_software)
{
    struct pic_ack ack;

    line(f, 3, true);
    ack = pic_node_acknowledge(&f->node);
    put(f, PIC_PORT_MASTER_COMMAND, PIC_OCW2_EOI);
    EXPECT_TRUE(irq_pending(&f->irqs, ack.irq));
    irq_drop(&f->irqs, ack.irq, IRQ_UNHANDLED);
}

TEST_F(pic_board, request_whose_line_falls_is_dropped)
{
    line(f, 3, true);
    line(f, 3, true);
    EXPECT_EQ(count(f, 3)->sent, 1, "a repeated level is no change");
    line(f, 3, false);
    EXPECT_EQ(count(f, 3)->by_reason[IRQ_WITHDRAWN], 1);
    EXPECT_EQ(f->node.irr_irq[3], 0);
    EXPECT_EQ(take(f).irq, 0, "spurious: no identity");
    line(f, 3, true);
    EXPECT_EQ(count(f, 3)->sent, 2);
}

TEST_F(pic_board, other_lines_keep_what_they_have)
{
    line(f, 3, true);
    take(f);
    line(f, 1, true);
    take(f);
    line(f, 0, true);
    line(f, 4, true);
    line(f, 4, false);
    EXPECT_EQ(irqs_pending(&f->irqs, 0), 1);
    put(f, PIC_PORT_MASTER_COMMAND, PIC_OCW2_SL | PIC_OCW2_EOI | 3);
    EXPECT_EQ(f->node.isr_irq[3], 0);
    EXPECT_NE(f->node.isr_irq[1], 0);
}

TEST_F(pic_board, spurious_irq15_has_no_identity)
{
    struct pic_ack ack;

    line(f, 12, true);
    line(f, 12, false);
    run_to(f, 10 * PERIOD);
    EXPECT_TRUE(f->apic);
    ack = take(f);
    EXPECT_EQ(ack.vector, 0x2f);
    EXPECT_EQ(ack.irq, 0);
    EXPECT_EQ(count(f, 12)->dropped, 1);
    EXPECT_EQ(count(f, 15)->sent, 0);
}

TEST_F(pic_board, icw1_drops_edge_requests_and_forgets_what_is_in_service)
{
    line(f, 3, true);
    take(f);
    line(f, 1, true);
    initialise(f, 0);
    EXPECT_EQ(count(f, 1)->by_reason[IRQ_PIC_INIT], 1);
    EXPECT_EQ(count(f, 3)->delivered, 1);
    EXPECT_EQ(f->node.isr_irq[3], 0);
}

TEST_F(pic_board, icw1_ends_what_several_lines_have)
{
    for (uint8_t n = 7; n >= 5; n--) {
        line(f, n, true);
        take(f);
    }
    put(f, PIC_PORT_MASTER_DATA, 0xff);
    line(f, 0, true);
    line(f, 3, true);
    line(f, 4, true);
    initialise(f, 0);
    for (uint8_t n = 0; n < PIC_LEVELS; n++) {
        EXPECT_EQ(f->node.irr_irq[n] | f->node.isr_irq[n], 0);
        EXPECT_EQ(irqs_pending(&f->irqs, n), 0);
    }
    EXPECT_EQ(count(f, 4)->by_reason[IRQ_PIC_INIT], 1);
}

static void count_held(void *ctx, irq_id id)
{
    EXPECT_NE(id, 0);
    ++*(unsigned *)ctx;
}

TEST_F(pic_board, every_line_of_the_irr_and_the_isr_is_held)
{
    struct pic_ack ack;
    unsigned held = 0;

    for (int i = 0; i < 2; i++) {
        line(f, 15, false);
        line(f, 15, true);
        ack = i ? ack : take(f);
    }
    EXPECT_EQ(ack.vector, 0x2f);
    line(f, 0, true);
    EXPECT_NE(take(f).irq, 0);
    line(f, 0, false);
    line(f, 0, true);
    pic_node_each_held(&f->node, count_held, &held);
    EXPECT_EQ(held, 4);
}

TEST_F(pic_board, level_line_is_born_again_at_its_eoi)
{
    put(f, PIC_PORT_ELCR1, 1 << 5);
    line(f, 5, true);
    take(f);
    EXPECT_EQ(count(f, 5)->sent, 1);
    put(f, PIC_PORT_MASTER_COMMAND, PIC_OCW2_EOI);
    EXPECT_EQ(count(f, 5)->sent, 2);
    line(f, 5, false);
    EXPECT_EQ(count(f, 5)->by_reason[IRQ_WITHDRAWN], 1);
}

TEST_F(pic_board, masked_request_stays_pending)
{
    put(f, PIC_PORT_MASTER_DATA, 0xff);
    line(f, 5, true);
    EXPECT_EQ(count(f, 5)->sent, 1);
    EXPECT_EQ(irqs_pending(&f->irqs, 5), 1);
}

TEST_F(pic_board, poll_delivers_to_software)
{
    run_to(f, PERIOD);
    line(f, 5, true);
    put(f, PIC_PORT_MASTER_COMMAND, PIC_OCW3_SELECT | PIC_OCW3_P);
    EXPECT_EQ(pic_node_read(&f->node, PIC_PORT_MASTER_COMMAND, 1), 0x85);
    EXPECT_EQ(count(f, 5)->delivered, 1);
    EXPECT_EQ(f->record[0].hop[1].hop, HOP_PIC_ACK);
    put(f, PIC_PORT_MASTER_COMMAND, PIC_OCW2_EOI);
    EXPECT_EQ(f->record[0].id, 0);
}

TEST_F(pic_board, poll_in_automatic_eoi_mode_finishes_at_once)
{
    initialise(f, PIC_ICW4_AEOI);
    line(f, 5, true);
    put(f, PIC_PORT_MASTER_COMMAND, PIC_OCW3_SELECT | PIC_OCW3_P);
    EXPECT_EQ(pic_node_read(&f->node, PIC_PORT_MASTER_COMMAND, 1), 0x85);
    EXPECT_EQ(count(f, 5)->delivered, 1);
    EXPECT_EQ(f->record[0].id, 0);
}

TEST_F(pic_board, warnings_are_counted_and_end_nothing)
{
    EXPECT_EQ(pic_node_read(&f->node, 0x4d3, 2), 0xffff);
    EXPECT_EQ(f->node.warnings[PIC_WARNING_HOLE], 1);
    EXPECT_EQ(f->node.warnings[PIC_WARNING_WIDTH], 1);
    put(f, PIC_PORT_ELCR1, 0xff);
    put(f, PIC_PORT_ELCR1, 0xff);
    EXPECT_EQ(f->node.warnings[PIC_WARNING_ELCR_FIXED], 2);
}

TEST_F(pic_board, imcr_moves_a_standing_int)
{
    *f = (struct pic_board){.seen_count = 0};
    build(f, true);
    line(f, 3, true);
    run_to(f, 10 * PERIOD);
    EXPECT_TRUE(f->direct);
    EXPECT_FALSE(f->apic);
    put(f, PIC_PORT_IMCR_SELECT, PIC_IMCR_INDEX);
    put(f, PIC_PORT_IMCR_DATA, PIC_IMCR_APIC);
    EXPECT_FALSE(f->direct);
    EXPECT_TRUE(f->apic);
    EXPECT_TRUE(pic_node_claims(&f->node, PIC_PORT_IMCR_DATA));
}
