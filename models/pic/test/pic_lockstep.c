/* The 8259As in lock-step: what words and operations are, and the C side. */
#include "models/pic/test/pic_lockstep_rules.h"

#include <stdio.h>
#include <string.h>

#define CLOCK (10 * SIM_NS)
#define RECORDS 64u

static struct {
    struct engine engine;
    struct engine_slot heap[ENGINE_SLOTS(4)];
    struct irqs irqs;
    struct irq_record record[RECORDS];
    struct pic_node node;
    bool level[2]; /* of INT: to the APICs, direct */
    uint32_t vector, rdata;
    struct lockstep_setup setup;
} c_side;

static void int_to_apic(void *ctx, const struct msg *m)
{
    (void)ctx;
    c_side.level[0] = m->line.high;
}

static void int_direct(void *ctx, const struct msg *m)
{
    (void)ctx;
    c_side.level[1] = m->line.high;
}

static void power_up(void *ctx, const struct lockstep_setup *s)
{
    struct pic_node_config c = {
        .engine = &c_side.engine,
        .irqs = &c_side.irqs,
        .clock = CLOCK_OF(s->value[PIC_SETUP_CLOCKS_PER_TICK] * CLOCK),
        .costs = {.line_to_int = s->value[PIC_SETUP_LINE_TO_INT],
                  .write_to_int = s->value[PIC_SETUP_WRITE_TO_INT]},
        .has_imcr = s->value[PIC_SETUP_HAS_IMCR],
        .apic = {int_to_apic, NULL},
        .direct = {int_direct, NULL},
    };

    (void)ctx;
    memset(&c_side, 0, sizeof c_side);
    c_side.setup = *s;
    engine_init(&c_side.engine, 4, c_side.heap);
    irqs_init(&c_side.irqs, c_side.record, RECORDS);
    irqs_add_source(&c_side.irqs);
    pic_node_init(&c_side.node, &c);
}

static void interrupt_acknowledge(void)
{
    struct pic_ack ack = pic_node_acknowledge(&c_side.node);
    sim_time now = engine_now(&c_side.engine);

    c_side.vector = ack.vector;
    irq_deliver(&c_side.irqs, ack.irq, HOP_GUEST_HANDLER, now);
    if (ack.no_eoi)
        irq_finish(&c_side.irqs, ack.irq, HOP_COUNT, now);
}

static void carry_out(const struct lockstep_op *op)
{
    struct msg m = {.kind = MSG_LINE};

    switch (op->kind) {
    case PIC_OP_LINE:
        m.line.line = (uint8_t)op->address;
        m.line.high = op->value;
        pic_node_receive(&c_side.node, &m);
        break;
    case PIC_OP_WRITE:
        pic_node_write(&c_side.node, (uint16_t)op->address, 1,
                       (uint32_t)op->value);
        break;
    case PIC_OP_READ:
        c_side.rdata = pic_node_read(&c_side.node, (uint16_t)op->address, 1);
        break;
    default:
        interrupt_acknowledge();
    }
}

static int rank(const struct lockstep_op *op)
{
    switch (op->kind) {
    case PIC_OP_LINE:
        return op->value ? 0 : 1;
    case PIC_OP_INTA:
        return 3;
    default:
        return 2;
    }
}

bool pic_lockstep_in_order(const struct lockstep_cycle *c, uint32_t i)
{
    const struct lockstep_op *op = &c->op[i];

    for (uint32_t j = 0; j < i; j++) {
        const struct lockstep_op *earlier = &c->op[j];
        bool same_line = op->kind == PIC_OP_LINE &&
                         earlier->kind == PIC_OP_LINE &&
                         op->address == earlier->address;

        if (rank(earlier) > rank(op) || same_line)
            return false;
        if (op->kind != PIC_OP_LINE && rank(earlier) == rank(op))
            return false;
    }
    return true;
}

static void show_chip(const struct pic *p, uint32_t *word)
{
    word[0] = (uint32_t)p->isr << 24 | (uint32_t)p->imr << 16 |
              (uint32_t)p->edge << 8 | p->line;
    word[1] = (uint32_t)p->lowest << 24 | (uint32_t)p->base << 16 |
              (uint32_t)p->icw3 << 8 | p->elcr;
    word[2] = (uint32_t)p->init << 9 | (uint32_t)p->ic4 << 8 |
              (uint32_t)p->sngl << 7 | (uint32_t)p->aeoi << 6 |
              (uint32_t)p->sfnm << 5 | (uint32_t)p->rot_aeoi << 4 |
              (uint32_t)p->smm << 3 | (uint32_t)p->read_isr << 2 |
              (uint32_t)p->poll << 1 | p->int_held;
}

static void show(uint32_t *seen)
{
    const struct pic_node *n = &c_side.node;
    const struct irq_counts *count = &c_side.irqs.count[0];

    seen[PIC_WORD_INT] = (uint32_t)(c_side.level[0] | c_side.level[1] << 1);
    seen[PIC_WORD_RDATA] = c_side.rdata;
    seen[PIC_WORD_VECTOR] = c_side.vector;
    show_chip(&n->pair.chip[PIC_MASTER], seen + PIC_WORD_MASTER);
    show_chip(&n->pair.chip[PIC_SLAVE], seen + PIC_WORD_SLAVE);
    seen[PIC_WORD_IMCR] = (uint32_t)n->pair.imcr << 8 | n->pair.imcr_select;
    for (unsigned line = 0; line < PIC_LINES; line++) {
        seen[PIC_WORD_REQUESTS] |= (uint32_t)(n->irr_irq[line] != 0) << line;
        seen[PIC_WORD_SERVED] |= (uint32_t)(n->isr_irq[line] != 0) << line;
    }
    seen[PIC_WORD_SENT] = (uint32_t)count->sent;
    seen[PIC_WORD_WITHDRAWN] = (uint32_t)count->by_reason[IRQ_WITHDRAWN];
    seen[PIC_WORD_INITIALISED] = (uint32_t)count->by_reason[IRQ_PIC_INIT];
    seen[PIC_WORD_DELIVERED] = (uint32_t)count->delivered;
}

static void cycle(void *ctx, const struct lockstep_cycle *c, uint32_t *seen)
{
    sim_time now = pic_lockstep_instant(&c_side.setup, c->number) * CLOCK;
    struct pic_node at_start, was;

    (void)ctx;
    engine_run(&c_side.engine, now);
    at_start = c_side.node;
    c_side.vector = c_side.rdata = 0;
    for (uint32_t i = 0; i < c->ops; i++) {
        if (!pic_lockstep_in_order(c, i))
            continue;
        was = c_side.node;
        carry_out(&c->op[i]);
        pic_note_op(&c->op[i], &was, &c_side.node);
    }
    engine_run(&c_side.engine, now);
    for (unsigned w = 0; w < PIC_WARNING_COUNT; w++)
        if (c_side.node.warnings[w] != at_start.warnings[w])
            seen[PIC_WORD_WARNINGS] |= 1u << w;
    pic_note_cycle(c, &at_start, &c_side.node);
    show(seen);
}

static void word_name(size_t word, char *text, size_t bytes)
{
    static const char *const name[PIC_WORD_COUNT] = {
        "int",
        "rdata",
        "vector",
        "master.isr_imr_edge_line",
        "master.lowest_base_icw3_elcr",
        "master.flags",
        "slave.isr_imr_edge_line",
        "slave.lowest_base_icw3_elcr",
        "slave.flags",
        "imcr",
        "requests",
        "served",
        "sent",
        "withdrawn",
        "initialised",
        "delivered",
        "warnings",
    };

    snprintf(text, bytes, "%s", name[word]);
}

static void op_text(const struct lockstep_op *op, char *text, size_t bytes)
{
    unsigned address = (unsigned)op->address, value = (unsigned)op->value;

    switch (op->kind) {
    case PIC_OP_LINE:
        snprintf(text, bytes, "line %u to %u", address, value);
        break;
    case PIC_OP_WRITE:
        snprintf(text, bytes, "write %02x to port %03x", value, address);
        break;
    case PIC_OP_READ:
        snprintf(text, bytes, "read port %03x", address);
        break;
    default:
        snprintf(text, bytes, "INTA");
    }
}

static void setup_text(const struct lockstep_setup *s, char *text, size_t bytes)
{
    snprintf(text, bytes,
             "IMCR %u, line_to_int %u, write_to_int %u, %u clocks, repeats %u",
             (unsigned)s->value[PIC_SETUP_HAS_IMCR],
             (unsigned)s->value[PIC_SETUP_LINE_TO_INT],
             (unsigned)s->value[PIC_SETUP_WRITE_TO_INT],
             (unsigned)s->value[PIC_SETUP_CLOCKS_PER_TICK],
             (unsigned)s->value[PIC_SETUP_REPEATS]);
}

struct lockstep_block pic_lockstep_block(void)
{
    return (struct lockstep_block){
        .name = "pic",
        .words = PIC_WORD_COUNT,
        .word_name = word_name,
        .op_text = op_text,
        .setup_text = setup_text,
        .setup = pic_lockstep_setup,
        .stimulate = pic_lockstep_stimulate,
        .side = {{.name = "C", .power_up = power_up, .cycle = cycle}},
        .rules = pic_rules,
        .rule_count = PIC_RULE_COUNT,
        .hits = pic_hits,
    };
}
