/* Our side: each operation takes effect, then all that follows from it. */
#include "tests/differential/board.h"

#include <assert.h>
#include <stddef.h>

static void int_changes(void *ctx, const struct msg *m)
{
    struct board *b = ctx;

    b->answer.intr = m->line.high;
}

static void message_leaves(void *ctx, const struct msg *m)
{
    struct board *b = ctx;
    sim_time now = engine_now(&b->engine);

    assert(b->answer.messages < MESSAGES_MAX);
    b->answer.message[b->answer.messages++] =
        (struct message){.addr = (uint32_t)m->write.addr,
                         .data = (uint32_t)m->write.data,
                         .reached = true};
    irq_deliver(&b->irqs, m->irq, HOP_LAPIC_ACCEPT, now);
    irq_finish(&b->irqs, m->irq, HOP_COUNT, now);
    ioapic_node_answer(&b->ioapic, m->irq, !b->nobody);
}

void board_init(struct board *b)
{
    struct ioapic_node_config ioapic = {
        .engine = &b->engine,
        .irqs = &b->irqs,
        .apic_clock = CLOCK_OF(SIM_NS),
        .pins = BOARD_PINS,
        .version = 0x20,
        .bus = {message_leaves, b},
    };
    struct pic_node_config pic = {
        .engine = &b->engine,
        .irqs = &b->irqs,
        .clock = CLOCK_OF(SIM_NS),
        .apic = {int_changes, b},
    };

    *b = (struct board){.nobody = false};
    engine_init(&b->engine, 8, b->heap);
    irqs_init(&b->irqs, b->record, sizeof b->record / sizeof b->record[0]);
    ioapic.irq_source = irqs_add_source(&b->irqs);
    for (unsigned line = 0; line < PIC_LINES; line++)
        pic.line_source[line] = irqs_add_source(&b->irqs);
    ioapic_node_init(&b->ioapic, &ioapic);
    pic_node_init(&b->pic, &pic);
}

static uint32_t acknowledge(struct board *b)
{
    struct pic_ack ack = pic_node_acknowledge(&b->pic);

    irq_deliver(&b->irqs, ack.irq, HOP_GUEST_HANDLER, engine_now(&b->engine));
    if (ack.no_eoi)
        irq_finish(&b->irqs, ack.irq, HOP_COUNT, engine_now(&b->engine));
    return ack.vector;
}

static uint32_t operate(struct board *b, const struct op *op)
{
    struct msg line = {.kind = MSG_LINE,
                       .line = {(uint8_t)op->at, op->value != 0, 0}};

    switch (op->kind) {
    case OP_IN:
        return pic_node_read(&b->pic, op->at, 1);
    case OP_OUT:
        pic_node_write(&b->pic, op->at, 1, op->value);
        return 0;
    case OP_LINE:
        pic_node_receive(&b->pic, &line);
        return 0;
    case OP_INTA:
        return acknowledge(b);
    case OP_READ:
        return (uint32_t)ioapic_node_read(&b->ioapic, op->at, op->bytes);
    case OP_WRITE:
        ioapic_node_write(&b->ioapic, op->at, op->bytes, op->value);
        return 0;
    default:
        ioapic_node_receive(&b->ioapic, &line);
        return 0;
    }
}

void board_do(struct board *b, const struct op *op, struct answer *a)
{
    b->answer.messages = 0;
    b->answer.value = operate(b, op);
    engine_run(&b->engine, engine_now(&b->engine) + SIM_US);
    *a = b->answer;
}

const char *board_check(const struct board *b)
{
    const char *wrong = pic_pair_check(&b->pic.pair);

    return wrong ? wrong : ioapic_check(&b->ioapic.ioapic);
}
