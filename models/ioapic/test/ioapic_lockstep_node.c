/* The C side of the lock-step test: the node on its engine, one instant for
 * each cycle of the twin's clock, or for several.
 *
 * The operations of a cycle are an event of their instant, scheduled after all
 * that is due then by time: the node chooses its next message behind them, at
 * the end of the instant's last cycle. */
#include <assert.h>
#include <string.h>

#include "models/ioapic/ioapic_node.h"
#include "models/ioapic/test/ioapic_lockstep.h"
#include "models/ioapic/test/ioapic_lockstep_rules.h"

#define CYCLE (1000 * SIM_PS) /* from one instant to the next */
#define RECORDS 256u
#define SOURCE 0u

static struct {
    struct engine engine;
    struct engine_slot heap[ENGINE_SLOTS(8)];
    struct irqs irqs;
    struct irq_record record[RECORDS];
    struct ioapic_node node;
    struct event operations;
    bool choice_held_back;
    struct lockstep_setup setup;
    struct irq_counts counts; /* before this cycle */
    const struct lockstep_cycle *cycle;
    uint32_t *seen; /* of the cycle that runs */
} side;

static void bus_sees(void *ctx, const struct msg *m)
{
    sim_time now = engine_now(&side.engine);

    (void)ctx;
    side.seen[SEEN_MSG_VALID]++;
    side.seen[SEEN_MSG_PIN] = side.node.sending.pin;
    side.seen[SEEN_MSG_ADDR] = (uint32_t)m->write.addr;
    side.seen[SEEN_MSG_DATA] = (uint32_t)m->write.data;
    irq_deliver(&side.irqs, m->irq, HOP_LAPIC_ACCEPT, now);
    irq_finish(&side.irqs, m->irq, HOP_COUNT, now);
}

static void access_register(const struct lockstep_op *op)
{
    struct ioapic_mmio a = {(uint32_t)op->address, (unsigned)op->extra,
                            op->value};
    struct ioapic_node *n = &side.node;
    uint64_t before[IOAPIC_WARNING_COUNT], value = 0;

    memcpy(before, n->warnings, sizeof(before));
    if (op->kind == OP_LOAD)
        value = ioapic_node_read(n, a.offset, a.bytes);
    else
        ioapic_node_write(n, a.offset, a.bytes, a.value);
    side.seen[SEEN_RDATA_LOW] = (uint32_t)value;
    side.seen[SEEN_RDATA_HIGH] = (uint32_t)(value >> 32);
    for (uint32_t i = 1; i < IOAPIC_WARNING_COUNT; i++)
        if (n->warnings[i] != before[i])
            side.seen[SEEN_WARNING] = i;
}

static void carry_out(const struct lockstep_op *op)
{
    struct ioapic_node *n = &side.node;
    struct msg eoi = {.kind = MSG_EOI, .eoi_vector = (uint8_t)op->value};
    struct msg line = {
        .kind = MSG_LINE,
        .line = {.line = (uint8_t)op->address, .high = op->value != 0}};

    switch (op->kind) {
    case OP_ANSWER:
        ioapic_node_answer(n, n->asked_irq[op->address], op->value != 0);
        break;
    case OP_EOI:
        ioapic_node_receive(n, &eoi);
        break;
    case OP_PIN:
        ioapic_node_receive(n, &line);
        break;
    case OP_RESET:
        ioapic_node_reset(n);
        break;
    default:
        access_register(op);
    }
}

/* The node's choice waits for the end of the instant. */
static void hold_choice_back(bool last)
{
    struct event *choice = &side.node.take_event;
    sim_time now = engine_now(&side.engine);

    if (!last && event_scheduled(choice) && choice->time == now) {
        engine_cancel(&side.engine, choice);
        side.choice_held_back = true;
    } else if (last && side.choice_held_back) {
        side.choice_held_back = false;
        if (!event_scheduled(choice))
            engine_schedule(&side.engine, choice, now);
    }
}

static void on_operations(void *ctx, struct event *ev)
{
    (void)ctx;
    (void)ev;
    ioapic_rules_due(&side.node, side.seen);
    for (uint32_t i = 0; i < side.cycle->ops; i++) {
        carry_out(&side.cycle->op[i]);
        ioapic_rules_after(&side.node, &side.cycle->op[i], side.seen);
    }
    hold_choice_back(ioapic_lockstep_last(&side.setup, side.cycle->number));
}

void ioapic_lockstep_power_up(void *ctx, const struct lockstep_setup *s)
{
    const uint64_t *v = s->value;
    struct ioapic_node_config c = {
        .engine = &side.engine,
        .irqs = &side.irqs,
        .apic_clock = CLOCK_OF(v[SETUP_APIC_PERIOD] * CYCLE),
        .costs = {v[SETUP_PIN_TO_MESSAGE], v[SETUP_EOI_TO_MESSAGE]},
        .pins = (unsigned)v[SETUP_SIZE],
        .version = (uint16_t)v[SETUP_VERSION],
        .irq_source = SOURCE,
        .bus = {bus_sees, NULL},
    };

    (void)ctx;
    side.setup = *s;
    side.choice_held_back = false;
    engine_init(&side.engine, 8, side.heap);
    irqs_init(&side.irqs, side.record, RECORDS);
    irqs_add_source(&side.irqs);
    memset(&side.counts, 0, sizeof(side.counts));
    ioapic_node_init(&side.node, &c);
    event_init(&side.operations,
               engine_add_target(&side.engine, on_operations, NULL), 0);
    engine_schedule(&side.engine, &side.operations, 0);
    ioapic_rules_power_up();
}

static uint32_t grown(uint64_t now, uint64_t before)
{
    return (uint32_t)(now - before);
}

static void show_fates(uint32_t *seen)
{
    const struct irq_counts *c = &side.irqs.count[SOURCE];
    const uint64_t *now = c->by_reason, *before = side.counts.by_reason;

    seen[SEEN_BORN] = grown(c->sent, side.counts.sent);
    seen[SEEN_MERGED_WAITING] =
        grown(now[IRQ_MESSAGE_WAITING], before[IRQ_MESSAGE_WAITING]);
    seen[SEEN_MERGED_SERVICE] =
        grown(now[IRQ_REMOTE_IRR_SET], before[IRQ_REMOTE_IRR_SET]);
    seen[SEEN_UNSUPPORTED_MODE] =
        grown(now[IRQ_UNSUPPORTED_MODE], before[IRQ_UNSUPPORTED_MODE]);
    side.counts = *c;
}

static void show_sending(const struct ioapic_node *n, uint32_t *seen)
{
    if (!event_scheduled(&n->send_event))
        return;
    seen[SEEN_SENDING] = 1;
    seen[SEEN_SENDING_PIN] = n->sending.pin;
    seen[SEEN_SENDING_RESEND] = n->sending.resend;
    seen[SEEN_SENDING_ADDR] = n->sending.message.addr;
    seen[SEEN_SENDING_DATA] = n->sending.message.data;
}

static void show(uint32_t *seen)
{
    const struct ioapic_node *n = &side.node;
    const struct ioapic *io = &n->ioapic;

    for (unsigned pin = 0; pin < n->config.pins; pin++) {
        seen[SEEN_RTE + 2 * pin] = (uint32_t)io->rte[pin];
        seen[SEEN_RTE + 2 * pin + 1] = (uint32_t)(io->rte[pin] >> 32);
    }
    seen[SEEN_SELECT] = io->select;
    seen[SEEN_ID] = io->id;
    for (unsigned i = 0; i < PIN_WORDS; i++) {
        seen[SEEN_WAITING + i] = vecset_word32(&io->waiting, i);
        seen[SEEN_ASKED + i] = vecset_word32(&io->asked, i);
        seen[SEEN_AGAIN + i] = vecset_word32(&io->again, i);
        seen[SEEN_TOLD + i] = vecset_word32(&io->told, i);
    }
    show_sending(n, seen);
    show_fates(seen);
}

void ioapic_lockstep_cycle(void *ctx, const struct lockstep_cycle *c,
                           uint32_t *seen)
{
    const struct lockstep_setup *s = &side.setup;

    (void)ctx;
    side.cycle = c;
    side.seen = seen;
    ioapic_rules_before(&side.node);
    engine_run(&side.engine, ioapic_lockstep_instant(s, c->number) * CYCLE);
    engine_schedule(&side.engine, &side.operations,
                    ioapic_lockstep_instant(s, c->number + 1) * CYCLE);
    show(seen);
    ioapic_rules_cycle(&side.node, c);
}
