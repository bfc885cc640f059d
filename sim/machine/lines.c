/*
 * The I/O APIC and the interrupt lines to its pins.
 *
 * PCI's INTA# .. INTD# are active low: a pull-up holds the line high, and each
 * device that has it pulls it low while its INTx is asserted (wired OR).  So
 * the level of a pin, MSG_LINE to the I/O APIC, is low while any of its devices
 * asserts.  Pins without devices are left low.
 *
 * The unit is the later part, with an EOI register; its requester ID is the
 * customary one of virtual machines.
 */
#include "sim/machine/machine_private.h"

#define IOAPIC_VERSION 0x0020
#define IOAPIC_REQUESTER 0xf0f8 /* bus F0h, device 1Fh, function 0 */

static bool on_pin(const struct machine *m, unsigned device, unsigned pin)
{
    const struct scenario_device *d = &m->scenario->device[device];

    return d->message == MESSAGE_INTX && d->pin == pin;
}

static void drive(struct machine *m, unsigned pin)
{
    struct msg msg = {.kind = MSG_LINE,
                      .line = {.line = (uint8_t)pin, .high = true}};

    for (unsigned i = 0; i < m->devices; i++)
        if (on_pin(m, i, pin) && m->intx[i].asserted)
            msg.line.high = false;
    ioapic_node_receive(m->ioapic, &msg);
}

static void on_intx(void *intx_pin, const struct msg *msg)
{
    struct intx_pin *p = intx_pin;

    p->asserted = msg->line.high;
    drive(p->machine, p->machine->scenario->device[p->device].pin);
}

struct port lines_intx(struct machine *m, unsigned device)
{
    if (m->scenario->device[device].message != MESSAGE_INTX)
        return (struct port){0};
    m->intx[device] = (struct intx_pin){.machine = m, .device = device};
    return (struct port){on_intx, &m->intx[device]};
}

void lines_build(struct machine *m)
{
    struct ioapic_node_config config = {
        .engine = &m->engine,
        .irqs = &m->irqs,
        .apic_clock = m->apic,
        .costs = m->scenario->platform.ioapic,
        .pins = m->scenario->machine.ioapic.pins,
        .version = IOAPIC_VERSION,
        .requester = IOAPIC_REQUESTER,
        .bus = {fabric_from_ioapic, m},
    };

    if (!config.pins)
        return;
    config.irq_source = machine_add_source(m, "ioapic");
    m->ioapic = arena_take(&m->arena, 1, sizeof *m->ioapic);
    ioapic_node_init(m->ioapic, &config);
    for (unsigned i = 0; i < m->devices; i++)
        if (m->scenario->device[i].message == MESSAGE_INTX)
            drive(m, m->scenario->device[i].pin);
}
