/* Rules of interrupt lines: who can share one, and where it can end. */
#include <string.h>

#include "sim/scenario/check_private.h"

#define CASCADE_IRQ 2u
#define IOREGSEL_PINS 120u /* whose entries an 8-bit index can name */

/* Lines of the 8259s that are edge-triggered for good: timer, keyboard,
 * cascade, clock, coprocessor. */
#define EDGE_IRQS (1u << 0 | 1u << 1 | 1u << 2 | 1u << 8 | 1u << 13)

static bool ends_at_pic(const struct scenario_device *d)
{
    return d->controller == CONTROLLER_PIC;
}

/* The wire of PCI, or the line of ISA, that ends at this pin. */
static bool same_pin(const struct check *c, const struct scenario_device *a,
                     const struct scenario_device *b)
{
    return scenario_pin(c->s, a) == scenario_pin(c->s, b);
}

/* At the 8259s, where ISA's lines go in any case. */
static bool same_irq(const struct scenario_device *a,
                     const struct scenario_device *b)
{
    bool a_there = ends_at_pic(a) || a->message == MESSAGE_ISA;
    bool b_there = ends_at_pic(b) || b->message == MESSAGE_ISA;

    return a_there && b_there && a->irq == b->irq;
}

/* Why device `i` cannot have the line that it shares with device `j`. */
static void check_sharing(const struct check *c, uint32_t i, uint32_t j)
{
    const struct scenario_device *d = &c->s->device[i], *e = &c->s->device[j];
    const char *key = same_pin(c, d, e) ? "pin" : "irq";
    uint32_t line = same_pin(c, d, e) ? scenario_pin(c->s, d) : d->irq;
    struct diag_place at = place_of(element(c, "devices", i), key);

    if (!scenario_has_line(e) || (!same_pin(c, d, e) && !same_irq(d, e)))
        return;
    if (d->message == MESSAGE_ISA || e->message == MESSAGE_ISA)
        broken(c, at,
               "%s %u is that of '%s' too; an ISA line is edge-triggered and "
               "has one device",
               key, line, e->name);
    else if (d->controller != e->controller ||
             (ends_at_pic(d) && d->irq != e->irq))
        broken(c, at,
               "pin %u is that of '%s' too; devices of one line need the same "
               "'controller' and, at the 8259s, the same 'irq'",
               line, e->name);
    else if (owner_of(c->s, i) != owner_of(c->s, j))
        broken(c, at,
               "%s %u is that of '%s' too; only devices of one virtual "
               "machine can share a line",
               key, line, e->name);
    else if (d->vcpu != e->vcpu)
        broken(c, at,
               "%s %u is that of '%s' too; devices of one line need the same "
               "'vcpu'",
               key, line, e->name);
}

static void check_pin(const struct check *c, uint32_t i)
{
    uint32_t pin = scenario_pin(c->s, &c->s->device[i]);
    uint32_t pins = c->s->machine.ioapic.pins;
    uint32_t more = c->s->machine.ioapic.second_pins;
    struct diag_place at = place_of(element(c, "devices", i), "pin");

    if (pin >= IOREGSEL_PINS && (pin < pins || pin >= pins + IOREGSEL_PINS))
        broken(c, at,
               "pin %u cannot be programmed: IOREGSEL reaches the first %u of "
               "an I/O APIC",
               pin, IOREGSEL_PINS);
    else if (pin < pins + more)
        return;
    else if (more)
        broken(c, at,
               "pin %u does not exist: the I/O APICs have %u + %u of them", pin,
               pins, more);
    else
        broken(c, at,
               "pin %u of the I/O APIC does not exist: machine.ioapic.pins is "
               "%u",
               pin, pins);
}

/* Who can take an interrupt of the 8259s: the program that CPU 0 itself runs.
 */
static void check_pic(const struct check *c, uint32_t i)
{
    const struct scenario_device *d = &c->s->device[i];
    uint32_t owner = owner_of(c->s, i);
    const struct scenario_vm *vm = &c->s->vm[owner];
    struct element e = element(c, "devices", i);

    if (c->s->machine.pic.virtual_wire == VIRTUAL_WIRE_NONE)
        broken(c, place_of(e, "controller"),
               "the machine has no 8259s; 'machine.pic.virtual_wire' can be "
               "lint0 or ioapic");
    if (d->message == MESSAGE_INTX && (EDGE_IRQS >> d->irq & 1))
        broken(c, place_of(e, "irq"),
               "line %u of the 8259s is edge-triggered for good; INTx can "
               "have 3 .. 7, 9 .. 12, 14 or 15",
               d->irq);
    if (owner == c->s->vm_count)
        return;
    if (vm->hypervisor != HYPERVISOR_NONE)
        broken(c, place_of(e, "controller"),
               "the 8259s interrupt programs on bare metal; the hypervisor of "
               "'%s' has no virtual 8259s to take them to its guest",
               vm->name);
    else if (vm->cpu != 0)
        broken(c, place_of(e, "controller"),
               "the 8259s interrupt CPU 0, but '%s' runs on CPU %u", vm->name,
               vm->cpu);
}

static void check_isa(const struct check *c, uint32_t i)
{
    uint32_t owner = owner_of(c->s, i);
    struct element e = element(c, "devices", i);

    if (c->s->device[i].irq == CASCADE_IRQ)
        broken(c, place_of(e, "irq"),
               "line 2 of the 8259s is taken by the second of them");
    if (owner < c->s->vm_count && c->s->vm[owner].hypervisor != HYPERVISOR_NONE)
        broken(c, place_of(e, "message"),
               "a device with message: isa can be assigned to a program on "
               "bare metal only; '%s' has a hypervisor",
               c->s->vm[owner].name);
}

void check_line(const struct check *c, uint32_t i)
{
    const struct scenario_device *d = &c->s->device[i];
    struct element e = element(c, "devices", i);

    if (d->message == MESSAGE_ISA)
        check_isa(c, i);
    if (ends_at_pic(d))
        check_pic(c, i);
    else
        check_pin(c, i);
    for (uint32_t j = 0; j < i; j++)
        check_sharing(c, i, j);
    if (d->delivery != SIGNAL_FIXED)
        broken(
            c, place_of(e, "delivery"),
            "a line's interrupt has a vector; 'delivery' needs messages: msi "
            "or msix");
    if (d->vectors != 1)
        broken(c, place_of(e, "vectors"),
               "a line is one interrupt, not %u 'vectors'", d->vectors);
    if (d->moderation || d->ack_moderation)
        broken(c, place_of(e, d->moderation ? "moderation" : "ack_moderation"),
               "moderation needs messages: msi or msix");
}

void check_bridge(const struct check *c, uint32_t i)
{
    const struct scenario_bridge *b = &c->s->bridge[i];
    struct element e = element(c, "bridges", i);

    if (!strcmp(b->name, SCENARIO_ROOT))
        broken(c, place_of(e, "name"),
               "'" SCENARIO_ROOT "' is the bus before all bridges; choose "
               "another name");
    if (b->behind == i + 1)
        broken(c, place_of(e, "behind"), "bridge '%s' is behind itself",
               b->name);
}

/* Functions that share a slot, and devices that share a source-id. */
void check_source_id(const struct check *c, uint32_t i)
{
    const struct scenario_device *d = &c->s->device[i];
    struct element e = element(c, "devices", i);
    uint32_t shared = 0;

    if (!d->behind)
        return;
    for (uint32_t j = 0; j < i; j++) {
        const struct scenario_device *o = &c->s->device[j];

        shared += o->behind == d->behind && o->slot == d->slot;
        if (o->unit != d->unit &&
            scenario_requester(c->s, j) == scenario_requester(c->s, i))
            broken(c, place_of(e, "iommu"),
                   "'%s' and '%s' have one source-id, that of their bridge: "
                   "they need one 'iommu'",
                   o->name, d->name);
    }
    if (shared == SOURCE_ID_FUNCTIONS)
        broken(c, place_of(e, "slot"),
               "more than %u devices have slot %u of one bus",
               SOURCE_ID_FUNCTIONS, d->slot);
}

void check_ioapics(const struct check *c)
{
    struct element e = {c, node_get(node_get(c->root, "machine"), "ioapic")};

    if (c->s->machine.ioapic.second_pins && !c->s->machine.ioapic.pins)
        broken(c, place_of(e, "second_pins"),
               "a second I/O APIC needs a first one: 'pins' is 0");
}

/* Pin 0 is the 8259s'. */
void check_virtual_wire(const struct check *c)
{
    struct element e = {c, node_get(node_get(c->root, "machine"), "pic")};

    if (c->s->machine.pic.virtual_wire == VIRTUAL_WIRE_NONE)
        return;
    if (c->s->machine.pic.virtual_wire == VIRTUAL_WIRE_IOAPIC &&
        !c->s->machine.ioapic.pins)
        broken(c, place_of(e, "virtual_wire"),
               "virtual_wire: ioapic needs an I/O APIC: machine.ioapic.pins "
               "is 0");
    for (uint32_t i = 0; i < c->s->device_count; i++)
        if (c->s->device[i].message == MESSAGE_INTX &&
            !scenario_pin(c->s, &c->s->device[i]))
            broken(c, place_of(element(c, "devices", i), "pin"),
                   "pin 0 of the I/O APIC is the 8259s'");
}
