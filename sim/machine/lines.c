/*
 * Interrupt lines, and the controllers at their ends: the I/O APIC and the
 * 8259s.
 *
 * PCI's INTA# .. INTD# are active low: a pull-up holds the line high, and each
 * device that has it pulls it low while its INTx is asserted (wired OR).  So
 * the level of a pin, MSG_LINE to the I/O APIC, is low while any of its devices
 * asserts.  The chipset's router inverts the lines that software has routed to
 * an 8259.  ISA's lines are active high, and go to both controllers; pins
 * without devices are left low.
 *
 * The HPET's lines are active high; legacy replacement gives it those of PIT
 * and RTC at both controllers.
 *
 * The 8259s' INT goes to LINT0 of CPU 0's local APIC and to pin 0 of the I/O
 * APIC; which of them software has opened is not the board's concern.
 *
 * The I/O APICs are the later part, with an EOI register; the requester ID of
 * the first is the customary one of virtual machines.  There is no IMCR.
 */
#include "sim/machine/machine_private.h"

#define IOAPIC_VERSION 0x0020
#define PIT_PIN 2u /* of line 0 */

/* ---- pins of the I/O APICs ---- */

struct pin lines_pin(const struct machine *m, uint32_t gsi)
{
    struct pin pin = {0, gsi};

    while (pin.unit < m->ioapics &&
           pin.number >= m->ioapic[pin.unit].config.pins)
        pin.number -= m->ioapic[pin.unit++].config.pins;
    return pin;
}

static void drive_pin(struct machine *m, uint32_t gsi)
{
    struct pin pin = lines_pin(m, gsi);
    struct msg msg = {.kind = MSG_LINE, .line = {.line = (uint8_t)pin.number}};
    bool asserted = false, active_low = false;

    if (pin.unit == m->ioapics)
        return;
    for (unsigned i = 0; i < m->devices; i++) {
        const struct scenario_device *d = &m->scenario->device[i];

        if (!scenario_has_line(d) || scenario_pin(m->scenario, d) != gsi)
            continue;
        asserted |= m->intx[i].asserted;
        active_low |= d->message == MESSAGE_INTX;
    }
    /* the HPET's lines are active high, and shared with nobody */
    if (gsi < 32)
        asserted |= m->hpet_wires >> gsi & 1;
    msg.line.high = asserted != active_low;
    ioapic_node_receive(&m->ioapic[pin.unit], &msg);
}

/* ---- lines of the 8259s ---- */

static bool reaches_pic(const struct scenario_device *d)
{
    return d->message == MESSAGE_ISA ||
           (d->message == MESSAGE_INTX && d->controller == CONTROLLER_PIC);
}

static void drive_irq(struct machine *m, unsigned irq)
{
    struct msg msg = {.kind = MSG_LINE, .line = {.line = (uint8_t)irq}};

    for (unsigned i = 0; i < m->devices; i++) {
        const struct scenario_device *d = &m->scenario->device[i];

        if (reaches_pic(d) && d->irq == irq)
            msg.line.high |= m->intx[i].asserted;
    }
    msg.line.high |= m->hpet_wires >> (irq ? irq : PIT_PIN) & 1;
    pic_node_receive(m->pic, &msg);
}

/* LINT0 and pin 0 are both line 0 of theirs. */
static void on_pic_int(void *machine, const struct msg *msg)
{
    struct machine *m = machine;

    lapic_node_receive(&m->cpu[0].lapic, msg);
    if (m->ioapic)
        ioapic_node_receive(m->ioapic, msg);
}

/* ---- devices ---- */

static void on_intx(void *intx_pin, const struct msg *msg)
{
    struct intx_pin *p = intx_pin;
    const struct scenario_device *d = &p->machine->scenario->device[p->device];

    p->asserted = msg->line.high;
    drive_pin(p->machine, scenario_pin(p->machine->scenario, d));
    if (p->machine->pic && reaches_pic(d))
        drive_irq(p->machine, d->irq);
}

struct port lines_intx(struct machine *m, unsigned device)
{
    if (!scenario_has_line(&m->scenario->device[device]))
        return (struct port){0};
    m->intx[device] = (struct intx_pin){.machine = m, .device = device};
    return (struct port){on_intx, &m->intx[device]};
}

/* A line of ISA goes to both controllers. */
static void on_hpet(void *machine, const struct msg *msg)
{
    struct machine *m = machine;
    unsigned pin = msg->line.line;

    m->hpet_wires &= ~(UINT32_C(1) << pin);
    m->hpet_wires |= (uint32_t)msg->line.high << pin;
    drive_pin(m, pin);
    if (m->pic && pin < PIC_LINES)
        drive_irq(m, pin == PIT_PIN ? 0 : pin);
}

struct port lines_hpet(struct machine *m)
{
    return (struct port){on_hpet, m};
}

static void build_ioapic(struct machine *m, uint32_t pins)
{
    unsigned unit = m->ioapics++;
    struct ioapic_node_config config = {
        .engine = &m->engine,
        .irqs = &m->irqs,
        .apic_clock = m->apic,
        .costs = m->scenario->platform.ioapic,
        .pins = pins,
        .version = IOAPIC_VERSION,
        .requester = IOAPIC_REQUESTER(unit),
        .bus = {remap_from_ioapic, m},
    };

    config.irq_source = machine_add_source(m, unit ? "ioapic2" : "ioapic");
    if (m->scenario->machine.ioapic.implementation == IMPLEMENTATION_RTL) {
        config.twin = m->make_twin->ioapic(&config);
        machine_add_twin(m, &config.twin.call->common, config.twin.of);
    }
    ioapic_node_init(&m->ioapic[unit], &config);
}

static void build_ioapics(struct machine *m)
{
    const struct scenario *s = m->scenario;

    if (!s->machine.ioapic.pins)
        return;
    m->ioapic = arena_take(&m->arena, IOAPICS, sizeof *m->ioapic);
    build_ioapic(m, s->machine.ioapic.pins);
    if (s->machine.ioapic.second_pins)
        build_ioapic(m, s->machine.ioapic.second_pins);
    for (unsigned i = 0; i < m->devices; i++)
        if (scenario_has_line(&m->scenario->device[i]))
            drive_pin(m, scenario_pin(m->scenario, &m->scenario->device[i]));
}

static void build_pic(struct machine *m)
{
    struct pic_node_config config = {
        .engine = &m->engine,
        .irqs = &m->irqs,
        .clock = m->apic,
        .costs = m->scenario->platform.pic,
        .apic = {on_pic_int, m},
    };
    uint16_t source;

    if (m->scenario->machine.pic.virtual_wire == VIRTUAL_WIRE_NONE)
        return;
    source = machine_add_source(m, "pic");
    for (unsigned line = 0; line < PIC_LINES; line++)
        config.line_source[line] = source;
    if (m->scenario->machine.pic.implementation == IMPLEMENTATION_RTL) {
        config.twin = m->make_twin->pic(&config);
        machine_add_twin(m, &config.twin.call->common, config.twin.of);
    }
    m->pic = arena_take(&m->arena, 1, sizeof *m->pic);
    pic_node_init(m->pic, &config);
}

void lines_build(struct machine *m)
{
    build_ioapics(m);
    build_pic(m);
}
