/* What software tells the I/O APIC and the 8259s of the lines before the run
 * begins. */
#include "sim/machine/machine_private.h"

#define VIRTUAL_WIRE_PIN 0u
#define DEST_SHIFT 24 /* in the high half of an entry */
#define RTE_MODE (7u << IOAPIC_RTE_MODE_SHIFT)

static void write_rte(struct machine *m, uint32_t gsi, uint32_t high,
                      uint32_t low)
{
    struct pin pin = lines_pin(m, gsi);
    struct ioapic_node *io = &m->ioapic[pin.unit];
    unsigned index = 2 * pin.number;

    ioapic_node_write(io, IOAPIC_IOREGSEL, 4, IOAPIC_AT_RTE_HIGH + index);
    ioapic_node_write(io, IOAPIC_IOWIN, 4, high);
    ioapic_node_write(io, IOAPIC_IOREGSEL, 4, IOAPIC_AT_RTE_LOW + index);
    ioapic_node_write(io, IOAPIC_IOWIN, 4, low);
}

/* PCI's lines are level-triggered and active low, ISA's neither. */
uint32_t line_rte_low(const struct scenario_device *d, uint8_t vector)
{
    if (d->message == MESSAGE_ISA)
        return vector;
    return vector | IOAPIC_RTE_LEVEL | IOAPIC_RTE_ACTIVE_LOW;
}

/* An entry that sends to the target: by itself, or by an index of a table entry
 * that does; then it has no delivery mode of its own. */
static void route_pin(struct machine *m, uint32_t gsi, struct vtd_target to,
                      uint32_t low)
{
    struct machine_unit *u;

    to.sid = m->ioapic[lines_pin(m, gsi).unit].config.requester;
    u = launch_vm(m) ? NULL : remap_unit_of(m, to.sid);
    if (u)
        write_rte(m, gsi, vtd_rte_high(remap_entries(u, &to, 1)),
                  low & ~(uint32_t)RTE_MODE);
    else
        write_rte(m, gsi, to.apic_id << DEST_SHIFT, low);
}

void install_pin(struct machine *m, const struct scenario_device *d,
                 unsigned cpu, uint8_t vector)
{
    uint32_t low = line_rte_low(d, vector);
    struct vtd_target to = {.apic_id = cpu,
                            .vector = vector,
                            .level = (low & IOAPIC_RTE_LEVEL) != 0};

    route_pin(m, scenario_pin(m->scenario, d), to, low);
}

void install_edge(struct machine *m, uint32_t gsi, unsigned cpu, uint8_t vector)
{
    struct vtd_target to = {.apic_id = cpu, .vector = vector};

    route_pin(m, gsi, to, vector);
}

/* ---- the 8259s ---- */

static void initialise(struct machine *m, enum pic_chip chip, uint8_t base,
                       uint8_t icw3)
{
    bool automatic = m->scenario->machine.pic.eoi == SCENARIO_EOI_AUTOMATIC;
    uint16_t port =
        chip == PIC_MASTER ? PIC_PORT_MASTER_COMMAND : PIC_PORT_SLAVE_COMMAND;

    pic_node_write(m->pic, port, 1, PIC_ICW1_SELECT | PIC_ICW1_IC4);
    pic_node_write(m->pic, port + 1, 1, base);
    pic_node_write(m->pic, port + 1, 1, icw3);
    pic_node_write(m->pic, port + 1, 1,
                   PIC_ICW4_UPM | (automatic ? PIC_ICW4_AEOI : 0u));
}

/* The lines of the VM's devices that come through the 8259s; of them those
 * that are level-triggered. */
static uint16_t lines_of(const struct machine *m, const struct scenario_vm *vm,
                         bool level)
{
    unsigned lines = 0;

    for (uint32_t a = 0; a < vm->assigned_count; a++) {
        const struct scenario_device *d = &m->scenario->device[vm->assigned[a]];

        if (scenario_has_line(d) && d->controller == CONTROLLER_PIC &&
            (!level || d->message == MESSAGE_INTX))
            lines |= 1u << d->irq;
    }
    return (uint16_t)lines;
}

/* The second half of a word is the slave's port's. */
static void write_pair(struct pic_node *n, enum pic_port master, uint16_t word)
{
    uint16_t slave =
        master == PIC_PORT_ELCR1 ? PIC_PORT_ELCR2 : PIC_PORT_SLAVE_DATA;

    pic_node_write(n, (uint16_t)master, 1, word & 0xff);
    pic_node_write(n, slave, 1, word >> PIC_LEVELS);
}

void install_pic(struct machine *m, const struct scenario_vm *vm,
                 uint8_t vector_base)
{
    uint16_t open = lines_of(m, vm, false) | 1u << PIC_CASCADE;

    if (m->scenario->machine.pic.virtual_wire == VIRTUAL_WIRE_IOAPIC)
        route_pin(
            m, VIRTUAL_WIRE_PIN,
            (struct vtd_target){.apic_id = vm->cpu, .mode = DELIVERY_EXTINT},
            DELIVERY_EXTINT << IOAPIC_RTE_MODE_SHIFT);
    write_pair(m->pic, PIC_PORT_ELCR1, lines_of(m, vm, true));
    initialise(m, PIC_MASTER, vector_base, 1u << PIC_CASCADE);
    initialise(m, PIC_SLAVE, (uint8_t)(vector_base + PIC_LEVELS), PIC_CASCADE);
    write_pair(m->pic, PIC_PORT_MASTER_DATA, (uint16_t)~open);
}
