/* Address decoding: CPU accesses, writes of devices, writes from outside. */
#include <assert.h>
#include <string.h>

#include "sim/machine/machine_private.h"

struct nic_node *bus_device_at(struct machine *m, uint64_t addr)
{
    uint64_t i = (addr - BAR_BASE) / BAR_STRIDE;
    uint64_t offset = (addr - BAR_BASE) % BAR_STRIDE;

    if (addr < BAR_BASE || i >= m->devices || offset >= NIC_BAR_BYTES)
        return NULL;
    return &m->device[i];
}

/* NULL: there is none at the address. */
static struct ioapic_node *ioapic_at(const struct machine *m, uint64_t addr)
{
    uint64_t unit = (addr - IOAPIC_BASE) / IOAPIC_BYTES;

    return unit < m->ioapics ? &m->ioapic[unit] : NULL;
}

static bool is_ioapic(const struct machine *m, uint64_t addr)
{
    return ioapic_at(m, addr) != NULL;
}

static uint32_t ioapic_offset(uint64_t addr)
{
    return (uint32_t)((addr - IOAPIC_BASE) % IOAPIC_BYTES);
}

static uint32_t bar_offset(uint64_t addr)
{
    return (uint32_t)((addr - BAR_BASE) % BAR_STRIDE);
}

/* ---- registers of devices, the I/O APIC and remapping units ---- */

static bool is_register(struct machine *m, uint64_t addr)
{
    return is_ioapic(m, addr) || remap_unit_at(m, addr) || hpet_at(m, addr) ||
           bus_device_at(m, addr);
}

static void write_register(struct machine *m, uint64_t addr, unsigned bytes,
                           uint64_t value)
{
    if (is_ioapic(m, addr))
        ioapic_node_write(ioapic_at(m, addr), ioapic_offset(addr), bytes,
                          value);
    else if (remap_unit_at(m, addr))
        iommu_node_write(&remap_unit_at(m, addr)->node,
                         (uint32_t)(addr % UNIT_BYTES), bytes, value);
    else if (hpet_at(m, addr))
        hpet_node_write(m->hpet, (uint32_t)(addr % HPET_BYTES), bytes, value);
    else
        nic_node_write(bus_device_at(m, addr), bar_offset(addr), bytes, value);
}

static uint64_t read_register(struct machine *m, uint64_t addr, unsigned bytes)
{
    if (is_ioapic(m, addr))
        return ioapic_node_read(ioapic_at(m, addr), ioapic_offset(addr), bytes);
    if (remap_unit_at(m, addr))
        return iommu_node_read(&remap_unit_at(m, addr)->node,
                               (uint32_t)(addr % UNIT_BYTES), bytes);
    if (hpet_at(m, addr))
        return hpet_node_read(m->hpet, (uint32_t)(addr % HPET_BYTES), bytes);
    return nic_node_read(bus_device_at(m, addr), bar_offset(addr), bytes);
}

/* ---- register writes of CPUs: posted, in order ---- */

/* Behind the write of a CPU that is ahead, one of another may be late. */
static sim_time not_before_now(const struct machine *m, sim_time time)
{
    return time < engine_now(&m->engine) ? engine_now(&m->engine) : time;
}

static void arrive(void *machine, struct event *ev)
{
    struct machine *m = machine;
    struct posted *p = &m->posted;
    struct posted_write *w = &p->write[p->first];

    write_register(m, w->addr, 4, w->value);
    p->first = (p->first + 1) % POSTED_WRITES;
    if (--p->count)
        engine_schedule(&m->engine, ev,
                        not_before_now(m, p->write[p->first].arrival));
}

/* A read pushes the writes posted before it. */
static void push(struct machine *m)
{
    while (m->posted.count)
        arrive(m, &m->posted.arrive);
    engine_cancel(&m->engine, &m->posted.arrive);
}

static void post(struct machine *m, uint64_t addr, uint32_t value)
{
    struct posted *p = &m->posted;
    sim_time arrival =
        engine_now(&m->engine) + m->scenario->platform.pcie.mmio_write;

    /* a full queue: the oldest write arrives early, and none is lost */
    if (p->count == POSTED_WRITES)
        arrive(m, &p->arrive);
    p->write[(p->first + p->count++) % POSTED_WRITES] =
        (struct posted_write){arrival, addr, value};
    if (p->count == 1)
        engine_schedule(&m->engine, &p->arrive, arrival);
}

void bus_init(struct machine *m)
{
    m->posted.target = engine_add_target(&m->engine, arrive, m);
    event_init(&m->posted.arrive, m->posted.target, 0);
}

/* ---- the CPU's side ---- */

/* When a read ends, its answer has pushed what the device had sent before. */
static uint32_t load(struct machine *m, uint64_t addr)
{
    struct nic_node *device = bus_device_at(m, addr);
    uint32_t value;

    push(m);
    value = (uint32_t)read_register(m, addr, 4);
    if (device)
        pcie_node_push(&device->fn);
    return value;
}

static bool is_msi(uint64_t addr)
{
    return addr - MSI_BASE < MSI_BYTES;
}

/* A CPU's access to the range of interrupt messages never leaves its core:
 * where the local APIC does not answer, nobody does. */
static enum cpu_region region(void *bus, uint64_t addr)
{
    struct machine_cpu *c = bus;

    if (lapic_node_claims(&c->lapic, addr) || is_msi(addr))
        return REGION_APIC;
    return is_register(c->machine, addr) ? REGION_DEVICE : REGION_MEMORY;
}

/* Whether the local APIC sees the access: to its page in xAPIC mode; in the
 * other modes it has none, and sees what software takes for it. */
static bool answers(struct machine_cpu *c, uint64_t addr)
{
    bool answers = lapic_node_claims(&c->lapic, addr) ||
                   lapic_node_mode(&c->lapic) != LAPIC_MODE_XAPIC;

    c->machine->window_refused += !answers;
    return answers;
}

static uint32_t bus_read(void *bus, uint64_t addr)
{
    struct machine_cpu *c = bus;

    if (is_register(c->machine, addr))
        return load(c->machine, addr);
    if (!answers(c, addr))
        return UINT32_MAX;
    return (uint32_t)lapic_node_read(&c->lapic, addr % MEM_PAGE_BYTES, 4);
}

static void bus_write(void *bus, uint64_t addr, uint32_t value)
{
    struct machine_cpu *c = bus;

    if (is_register(c->machine, addr))
        post(c->machine, addr, value);
    else if (answers(c, addr))
        lapic_node_write(&c->lapic, addr % MEM_PAGE_BYTES, 4, value);
}

static uint8_t bus_in(void *bus, uint16_t port)
{
    struct pic_node *pic = ((struct machine_cpu *)bus)->machine->pic;

    if (!pic || !pic_node_claims(pic, port))
        return PIC_FLOATING;
    return (uint8_t)pic_node_read(pic, port, 1);
}

static void bus_out(void *bus, uint16_t port, uint8_t value)
{
    struct pic_node *pic = ((struct machine_cpu *)bus)->machine->pic;

    if (pic && pic_node_claims(pic, port))
        pic_node_write(pic, port, 1, value);
}

static struct lapic_node *lapic_of(void *machine_cpu)
{
    return &((struct machine_cpu *)machine_cpu)->lapic;
}

static bool apic_rdmsr(void *cpu, uint32_t msr, uint64_t *value)
{
    return lapic_node_rdmsr(lapic_of(cpu), msr, value);
}

static bool apic_wrmsr(void *cpu, uint32_t msr, uint64_t value)
{
    return lapic_node_wrmsr(lapic_of(cpu), msr, value);
}

static void apic_set_cr8(void *cpu, uint8_t cr8)
{
    lapic_node_set_cr8(lapic_of(cpu), cr8);
}

static uint8_t apic_cr8(void *cpu)
{
    return lapic_node_cr8(lapic_of(cpu));
}

static bool is_x2apic(const struct lapic_node *lapic)
{
    return lapic_node_mode(lapic) == LAPIC_MODE_X2APIC;
}

static void apic_eoi(void *cpu)
{
    lapic_node_eoi(lapic_of(cpu));
}

/* NDST holds an xAPIC ID in its bits 15:8. */
static void apic_notify(void *cpu, uint8_t vector, uint32_t ndst)
{
    struct lapic_node *lapic = lapic_of(cpu);

    if (is_x2apic(lapic)) {
        lapic_node_wrmsr(lapic, LAPIC_MSR_FIRST + LAPIC_ICR_LOW / 16,
                         (uint64_t)ndst << 32 | vector);
        return;
    }
    lapic_node_write(lapic, LAPIC_ICR_HIGH, 4, ndst >> 8 << 24);
    lapic_node_write(lapic, LAPIC_ICR_LOW, 4, vector);
}

static struct cpu_ack apic_acknowledge(void *cpu)
{
    struct lapic_ack ack = lapic_node_acknowledge(lapic_of(cpu));

    return (struct cpu_ack){.vector = ack.vector, .irq = ack.irq};
}

/* Without 8259s nobody drives the vector. */
static struct cpu_ack apic_inta(void *cpu)
{
    struct machine_cpu *c = cpu;
    struct pic_ack ack = {.vector = PIC_FLOATING};

    lapic_node_acknowledge_extint(&c->lapic);
    if (c->machine->pic)
        ack = pic_node_acknowledge(c->machine->pic);
    return (struct cpu_ack){ack.vector, ack.no_eoi, ack.irq};
}

static void apic_init(void *cpu)
{
    lapic_node_reset(lapic_of(cpu), LAPIC_INIT);
}

void bus_connect_cpu(struct machine *m, struct machine_cpu *c,
                     struct cpu_node_config *config)
{
    config->mem = &m->mem;
    config->device_read = m->scenario->platform.pcie.mmio_read;
    config->port_access = m->scenario->platform.bus.port_access;
    config->inta = m->scenario->platform.bus.inta;
    config->apic = (struct cpu_apic_port){
        .apic = c,
        .rdmsr = apic_rdmsr,
        .wrmsr = apic_wrmsr,
        .set_cr8 = apic_set_cr8,
        .cr8 = apic_cr8,
        .eoi = apic_eoi,
        .notify = apic_notify,
        .acknowledge = apic_acknowledge,
        .inta = apic_inta,
        .init = apic_init,
    };
    config->bus = (struct cpu_bus_port){
        .bus = c,
        .region = region,
        .read = bus_read,
        .write = bus_write,
        .in = bus_in,
        .out = bus_out,
    };
}

/* ---- writes of devices and of the world outside ---- */

static void write_memory(struct machine *m, const struct msg_write *w)
{
    if (w->bytes >= sizeof w->data)
        mem_write(&m->mem, w->addr, &w->data, sizeof w->data);
    else
        mem_write(&m->mem, w->addr, &w->data, w->bytes);
}

void bus_upstream(void *machine, const struct msg *msg)
{
    if (is_msi(msg->write.addr))
        remap_from_device(machine, msg);
    else
        write_memory(machine, &msg->write);
}

/* Bridges on the way take requests over. */
static void request_from_function(const struct machine_function *f,
                                  const struct msg *msg)
{
    struct msg at_root = *msg;

    at_root.write.requester = f->requester;
    forged_identify(f->machine, f->device, &at_root);
    remap_from_function(f, &at_root);
}

void bus_from_function(void *machine_function, const struct msg *msg)
{
    const struct machine_function *f = machine_function;

    if (is_msi(msg->write.addr))
        request_from_function(f, msg);
    else
        write_memory(f->machine, &msg->write);
}

static void msi_from_outside(struct machine *m, uint64_t addr, const void *data,
                             size_t bytes)
{
    struct msg msg = {.kind = MSG_WRITE, .write = {.addr = addr}};

    msg.irq = irq_birth(&m->irqs, m->outside_source, HOP_MSI_WRITE,
                        engine_now(&m->engine));
    msg.write.bytes = (uint32_t)bytes;
    if (bytes == 4)
        memcpy(&msg.write.data, data, bytes);
    remap_from_device(m, &msg);
}

/* The length of the block of registers at an address, which lies at a multiple
 * of it. */
static uint64_t block_bytes(struct machine *m, uint64_t addr)
{
    if (is_ioapic(m, addr))
        return IOAPIC_BYTES;
    if (remap_unit_at(m, addr))
        return UNIT_BYTES;
    return hpet_at(m, addr) ? HPET_BYTES : NIC_BAR_BYTES;
}

/* A register access is one of 1, 2, 4 or 8 bytes inside the device. */
static bool register_access(struct machine *m, uint64_t addr, size_t bytes)
{
    uint64_t block = block_bytes(m, addr);

    return (bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8) &&
           addr % block + bytes <= block;
}

static void write_device(struct machine *m, uint64_t addr, const void *data,
                         size_t bytes)
{
    uint64_t value = 0;

    if (!register_access(m, addr, bytes)) {
        m->outside_refused++;
        return;
    }
    memcpy(&value, data, bytes);
    write_register(m, addr, (unsigned)bytes, value);
}

void machine_write(struct machine *m, uint64_t addr, const void *data,
                   size_t bytes)
{
    if (is_msi(addr))
        msi_from_outside(m, addr, data, bytes);
    else if (is_register(m, addr))
        write_device(m, addr, data, bytes);
    else if (mem_has_room(&m->mem, addr, bytes, pages_of_software(m)))
        mem_write(&m->mem, addr, data, bytes);
    else
        m->outside_refused++;
}

static void read_device(struct machine *m, uint64_t addr, void *data,
                        size_t bytes)
{
    uint64_t value;

    memset(data, 0xff, bytes);
    if (!register_access(m, addr, bytes)) {
        m->outside_refused++;
        return;
    }
    value = read_register(m, addr, (unsigned)bytes);
    memcpy(data, &value, bytes);
}

void machine_read(struct machine *m, uint64_t addr, void *data, size_t bytes)
{
    if (is_msi(addr))
        memset(data, 0xff, bytes);
    else if (is_register(m, addr))
        read_device(m, addr, data, bytes);
    else
        mem_read(&m->mem, addr, data, bytes);
}
