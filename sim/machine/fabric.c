/*
 * The interrupt message fabric: from devices and local APICs to local APICs.
 *
 * Targets are chosen when a message is sent, one identity for each; it
 * arrives after the delay of bus_costs.def.  MSIs are in compatibility format
 * (SDM vol. 3, "Message Signalled Interrupts").
 */
#include <assert.h>

#include "sim/machine/machine_private.h"

static void arrive(void *machine, struct event *ev)
{
    struct machine *m = machine;
    struct fabric_message *f = &m->fabric.message[ev->what];

    f->in_use = false;
    f->next_free = m->fabric.free_head;
    m->fabric.free_head = ev->what;
    lapic_node_receive(&m->cpu[f->cpu].lapic, &f->msg);
}

void fabric_init(struct machine *m)
{
    struct fabric *f = &m->fabric;

    f->target = engine_add_target(&m->engine, arrive, m);
    for (uint32_t i = 0; i < FABRIC_MESSAGES; i++) {
        event_init(&f->message[i].event, f->target, (uint16_t)i);
        f->message[i].next_free = i + 1;
    }
}

static void send(struct machine *m, unsigned cpu, const struct msg *msg,
                 sim_time delay)
{
    struct fabric *f = &m->fabric;
    struct fabric_message *slot;

    if (f->free_head == FABRIC_MESSAGES) {
        irq_drop(&m->irqs, msg->irq, IRQ_FABRIC_FULL);
        return;
    }
    slot = &f->message[f->free_head];
    f->free_head = slot->next_free;
    slot->in_use = true;
    slot->cpu = cpu;
    slot->msg = *msg;
    engine_schedule(&m->engine, &slot->event, engine_now(&m->engine) + delay);
}

static bool is_lowest_priority(const struct msg_apic *a)
{
    return a->mode == DELIVERY_LOWEST && a->logical;
}

/* The matching, enabled APIC with the smallest TPR; ties go round. */
static int arbitrate(struct machine *m, const struct msg_apic *a)
{
    int winner = -1;

    for (unsigned n = 1; n <= m->cpus; n++) {
        unsigned i = (m->fabric.last_winner + n) % m->cpus;
        const struct lapic_node *l = &m->cpu[i].lapic;

        if (!lapic_node_matches(l, a) || !lapic_software_enabled(&l->lapic))
            continue;
        if (winner < 0 || l->lapic.tpr < m->cpu[winner].lapic.lapic.tpr)
            winner = (int)i;
    }
    if (winner >= 0)
        m->fabric.last_winner = (unsigned)winner;
    return winner;
}

static bool matches(struct machine *m, unsigned cpu, const struct msg_apic *a)
{
    if (a->shorthand == SHORTHAND_SELF)
        return m->cpu[cpu].lapic.config.id == a->sender;
    return lapic_node_matches(&m->cpu[cpu].lapic, a);
}

/* How an identity comes to each target: the first keeps the message's own. */
struct birth {
    uint16_t source;
    enum hop hop;
    sim_time time;
};

static void route(struct machine *m, struct msg *msg, const struct birth *b,
                  sim_time (*delay)(const struct machine *m, unsigned cpu,
                                    const struct msg_apic *a))
{
    bool lowest = is_lowest_priority(&msg->apic);
    int winner = lowest ? arbitrate(m, &msg->apic) : -1;
    bool found = false;

    for (unsigned i = 0; i < m->cpus; i++) {
        if (lowest ? (int)i != winner : !matches(m, i, &msg->apic))
            continue;
        if (found || !msg->irq)
            msg->irq = irq_birth(&m->irqs, b->source, b->hop, b->time);
        found = true;
        send(m, i, msg, delay(m, i, &msg->apic));
    }
    if (!found && !msg->irq)
        msg->irq = irq_birth(&m->irqs, b->source, b->hop, b->time);
    if (!found)
        irq_drop(&m->irqs, msg->irq, IRQ_NO_TARGET);
}

/* ---- from devices ---- */

static sim_time msi_delay(const struct machine *m, unsigned cpu,
                          const struct msg_apic *a)
{
    (void)cpu;
    (void)a;
    return m->scenario->platform.bus.msi_to_lapic;
}

/* "Message Address Register Format", "Message Data Register Format". */
static struct msg_apic decode(const struct msg_write *w)
{
    uint32_t addr = (uint32_t)w->addr;
    uint32_t data = (uint32_t)w->data;
    bool hint = addr >> 3 & 1;
    bool logical = addr >> 2 & 1;
    uint8_t mode = data >> 8 & 7;

    return (struct msg_apic){
        .dest = addr >> 12 & 0xff,
        .sender = UINT32_MAX,
        .vector = data & 0xff,
        /* redirection hint and logical: one of them, by priority */
        .mode =
            hint && logical && mode == DELIVERY_FIXED ? DELIVERY_LOWEST : mode,
        .logical = logical,
        .level_trigger = data >> 15 & 1,
        .assert_level = true,
        .dest8 = true,
    };
}

void fabric_from_device(struct machine *m, const struct msg *write)
{
    const struct msg_write *w = &write->write;
    struct msg msg = {.kind = MSG_APIC, .irq = write->irq, .apic = decode(w)};
    struct birth b = {.hop = HOP_MSI_WRITE, .time = engine_now(&m->engine)};

    if (w->bytes != 4 || w->addr % 4) {
        irq_drop(&m->irqs, write->irq, IRQ_BAD_WRITE);
        return;
    }
    b.source = irq_source(&m->irqs, write->irq);
    route(m, &msg, &b, msi_delay);
}

/* ---- from local APICs ---- */

static sim_time ipi_delay(const struct machine *m, unsigned cpu,
                          const struct msg_apic *a)
{
    const struct bus_costs *costs = &m->scenario->platform.bus;

    return m->cpu[cpu].lapic.config.id == a->sender ? costs->ipi_self
                                                    : costs->ipi;
}

void fabric_from_lapic(void *machine_cpu, const struct msg *msg)
{
    struct machine_cpu *c = machine_cpu;
    struct msg copy = *msg;
    struct birth b = {
        .source = c->lapic.config.ipi_source,
        .hop = HOP_ICR_WRITE,
        .time = c->lapic.icr_time,
    };

    if (msg->kind == MSG_APIC) /* an EOI broadcast finds no I/O APIC here */
        route(c->machine, &copy, &b, ipi_delay);
}

void fabric_each_held(const struct machine *m,
                      void (*each)(void *ctx, irq_id id), void *ctx)
{
    for (uint32_t i = 0; i < FABRIC_MESSAGES; i++)
        if (m->fabric.message[i].in_use)
            each(ctx, m->fabric.message[i].msg.irq);
}
