/*
 * The interrupt message fabric: from devices, the I/O APIC and local APICs to
 * local APICs; EOI broadcasts the other way.
 *
 * Targets are chosen when a message is sent, one identity for each; it
 * arrives after the delay of bus_costs.def.  MSIs are in compatibility format
 * (SDM vol. 3, "Message Signalled Interrupts").
 */
#include <assert.h>

#include "sim/machine/machine_private.h"

/* Another copy of the same message is still under way. */
static bool asked_elsewhere(const struct fabric *f, irq_id asked)
{
    for (uint32_t i = 0; i < FABRIC_MESSAGES; i++)
        if (f->message[i].in_use && f->message[i].asked == asked)
            return true;
    return false;
}

/* The I/O APIC hears of the first local APIC that took its message, or of the
 * last one that did not; other units do not know the message. */
static void answer(struct machine *m, irq_id asked, bool taken)
{
    if (!asked || (!taken && asked_elsewhere(&m->fabric, asked)))
        return;
    for (unsigned i = 0; i < m->ioapics; i++)
        ioapic_node_answer(&m->ioapic[i], asked, taken);
}

static void tell_ioapics(struct machine *m, const struct msg *eoi)
{
    for (unsigned i = 0; i < m->ioapics; i++)
        ioapic_node_receive(&m->ioapic[i], eoi);
}

/* A message that merged was taken too: the IRR bit is set. */
static bool has_taken(const struct lapic_node *l, const struct msg *msg)
{
    return lapic_node_software_enabled(l) &&
           lapic_node_in_irr(l, msg->apic.vector);
}

static void arrive(void *machine, struct event *ev)
{
    struct machine *m = machine;
    struct fabric_message *f = &m->fabric.message[ev->what];
    struct lapic_node *lapic = &m->cpu[f->cpu].lapic;

    f->in_use = false;
    f->next_free = m->fabric.free_head;
    m->fabric.free_head = ev->what;
    if (f->msg.kind == MSG_EOI) {
        tell_ioapics(m, &f->msg);
        return;
    }
    forged_arrives(m, f->cpu, &f->msg);
    lapic_node_receive(lapic, &f->msg);
    answer(m, f->asked, f->asked && has_taken(lapic, &f->msg));
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

/* A message to send. */
struct sending {
    const struct msg *msg;
    irq_id irq;   /* who it is, in place of the message's own */
    irq_id asked; /* the answer that its I/O APIC waits for */
};

/* NULL: the fabric is full. */
static struct fabric_message *send(struct machine *m, const struct sending *s,
                                   sim_time delay)
{
    struct fabric *f = &m->fabric;
    struct fabric_message *slot;

    if (f->free_head == FABRIC_MESSAGES)
        return NULL;
    slot = &f->message[f->free_head];
    f->free_head = slot->next_free;
    slot->in_use = true;
    slot->msg = *s->msg;
    slot->msg.irq = s->irq;
    slot->asked = s->asked;
    engine_schedule(&m->engine, &slot->event, engine_now(&m->engine) + delay);
    return slot;
}

static void send_to_cpu(struct machine *m, unsigned cpu,
                        const struct sending *s, sim_time delay)
{
    struct fabric_message *slot = send(m, s, delay);

    if (slot)
        slot->cpu = cpu;
    else
        irq_drop(&m->irqs, s->irq, IRQ_FABRIC_FULL);
}

static bool is_lowest_priority(const struct msg_apic *a)
{
    return a->logical && (a->mode == DELIVERY_LOWEST ||
                          (a->mode == DELIVERY_FIXED && a->hint));
}

/* The matching, enabled APIC with the smallest TPR; ties go round. */
static int arbitrate(struct machine *m, const struct msg_apic *a)
{
    int winner = -1;

    for (unsigned n = 1; n <= m->cpus; n++) {
        unsigned i = (m->fabric.last_winner + n) % m->cpus;
        const struct lapic_node *l = &m->cpu[i].lapic;

        if (!lapic_node_matches(l, a) || !lapic_node_software_enabled(l))
            continue;
        if (winner < 0 ||
            lapic_node_tpr(l) < lapic_node_tpr(&m->cpu[winner].lapic))
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

static void route(struct machine *m, struct sending *s, const struct birth *b,
                  sim_time (*delay)(const struct machine *m, unsigned cpu,
                                    const struct msg_apic *a))
{
    const struct msg_apic *a = &s->msg->apic;
    bool lowest = is_lowest_priority(a);
    int winner = lowest ? arbitrate(m, a) : -1;
    bool found = false;

    s->irq = s->msg->irq;
    for (unsigned i = 0; i < m->cpus; i++) {
        if (lowest ? (int)i != winner : !matches(m, i, a))
            continue;
        if (found || !s->irq)
            s->irq = irq_birth(&m->irqs, b->source, b->hop, b->time);
        found = true;
        send_to_cpu(m, i, s, delay(m, i, a));
    }
    if (!found && !s->irq)
        s->irq = irq_birth(&m->irqs, b->source, b->hop, b->time);
    if (!found)
        irq_drop(&m->irqs, s->irq, IRQ_NO_TARGET);
}

/* ---- from devices and the I/O APIC ---- */

static sim_time msi_delay(const struct machine *m, unsigned cpu,
                          const struct msg_apic *a)
{
    (void)cpu;
    (void)a;
    return m->scenario->platform.bus.msi_to_lapic;
}

/* A level-triggered message that takes back an earlier one; local APICs know
 * no such thing. */
static bool deasserts(const struct msg_write *w)
{
    return (w->data >> 15 & 1) && !(w->data >> 14 & 1);
}

/* "Message Address Register Format", "Message Data Register Format". */
static struct msg_apic decode(const struct msg_write *w)
{
    uint32_t addr = (uint32_t)w->addr;
    uint32_t data = (uint32_t)w->data;

    return (struct msg_apic){
        .dest = addr >> 12 & 0xff,
        .sender = UINT32_MAX,
        .vector = data & 0xff,
        .mode = data >> 8 & 7,
        .logical = addr >> 2 & 1,
        .hint = addr >> 3 & 1,
        .level_trigger = data >> 15 & 1,
        .assert_level = true,
        .dest8 = true,
    };
}

void fabric_from_device(struct machine *m, const struct msg *write)
{
    const struct msg_write *w = &write->write;
    struct msg msg = {.kind = MSG_APIC, .irq = write->irq, .apic = decode(w)};
    struct sending s = {.msg = &msg};
    struct birth b = {.hop = HOP_MSI_WRITE, .time = engine_now(&m->engine)};

    if (w->bytes != 4 || w->addr % 4) {
        irq_drop(&m->irqs, write->irq, IRQ_BAD_WRITE);
        return;
    }
    if (deasserts(w)) {
        irq_drop(&m->irqs, write->irq, IRQ_DEASSERTED);
        return;
    }
    b.source = irq_source(&m->irqs, write->irq);
    route(m, &s, &b, msi_delay);
}

void fabric_from_ioapic(struct machine *m, const struct msg *write)
{
    struct msg msg = {
        .kind = MSG_APIC, .irq = write->irq, .apic = decode(&write->write)};
    struct sending s = {.msg = &msg, .asked = write->irq};
    struct birth b = {.source = irq_source(&m->irqs, write->irq),
                      .hop = HOP_LINE_EDGE,
                      .time = engine_now(&m->engine)};

    route(m, &s, &b, msi_delay);
    answer(m, write->irq, false); /* unless it is under way */
}

/* Remapped; those of the I/O APIC are answered. */
void fabric_from_unit(struct machine *m, const struct msg *msg)
{
    struct sending s = {.msg = msg};
    struct birth b = {.source = irq_source(&m->irqs, msg->irq),
                      .hop = HOP_IOMMU_MESSAGE,
                      .time = engine_now(&m->engine)};

    for (unsigned i = 0; i < m->ioapics; i++)
        if (b.source == m->ioapic[i].config.irq_source)
            s.asked = msg->irq;
    route(m, &s, &b, msi_delay);
    answer(m, s.asked, false);
}

/* ---- from local APICs ---- */

static sim_time ipi_delay(const struct machine *m, unsigned cpu,
                          const struct msg_apic *a)
{
    const struct bus_costs *costs = &m->scenario->platform.bus;

    return m->cpu[cpu].lapic.config.id == a->sender ? costs->ipi_self
                                                    : costs->ipi;
}

/* One that finds the fabric full arrives at once: the pin would wait for it
 * for ever. */
static void broadcast_eoi(struct machine *m, const struct sending *s)
{
    if (!send(m, s, m->scenario->platform.bus.eoi_to_ioapic))
        tell_ioapics(m, s->msg);
}

void fabric_from_lapic(void *machine_cpu, const struct msg *msg)
{
    struct machine_cpu *c = machine_cpu;
    struct sending s = {.msg = msg};
    struct birth b = {
        .source = c->lapic.config.ipi_source,
        .hop = HOP_ICR_WRITE,
        .time = c->lapic.icr_time,
    };

    if (msg->kind == MSG_APIC)
        route(c->machine, &s, &b, ipi_delay);
    else if (c->machine->ioapic)
        broadcast_eoi(c->machine, &s);
}

void fabric_each_held(const struct machine *m,
                      void (*each)(void *ctx, irq_id id), void *ctx)
{
    for (uint32_t i = 0; i < FABRIC_MESSAGES; i++)
        if (m->fabric.message[i].in_use)
            each(ctx, m->fabric.message[i].msg.irq);
}
