/*
 * Remapping units between the sources of interrupt messages and the fabric.
 *
 * The scope of a unit names its devices, and of one the I/O APIC, by their
 * source-ids; unit 0 has all that no other one has.  Without units messages go
 * straight to the fabric.
 */
#include <assert.h>

#include "sim/machine/machine_private.h"

#define FAULT_RECORDS 8u
#define INDEX_MASK_MOST 15u /* the whole table with one invalidation */

struct machine_unit *remap_unit_at(struct machine *m, uint64_t addr)
{
    uint64_t i = (addr - UNIT_BASE) / UNIT_BYTES;

    return addr >= UNIT_BASE && i < m->units ? &m->unit[i] : NULL;
}

static bool is_ioapic(const struct machine *m, uint16_t requester)
{
    for (unsigned i = 0; i < m->ioapics; i++)
        if (m->ioapic[i].config.requester == requester)
            return true;
    return false;
}

struct machine_unit *remap_unit_of(struct machine *m, uint16_t requester)
{
    unsigned unit = 0;

    if (!m->units)
        return NULL;
    for (unsigned i = 0; i < m->devices; i++)
        if (m->function[i].requester == requester)
            unit = m->scenario->device[i].unit;
    if (requester == HPET_REQUESTER)
        unit = m->scenario->machine.hpet.unit;
    if (is_ioapic(m, requester))
        unit = m->scenario->machine.ioapic.unit;
    return &m->unit[unit];
}

/* ---- ports of a unit ---- */

/* What a unit can reach: memory, not registers or the interrupt range, all of
 * which lie in the uppermost addresses of 32 bits. */
static bool is_memory(struct machine *m, uint64_t addr)
{
    if (addr < BAR_BASE || addr > UINT32_MAX)
        return true;
    return addr - MSI_BASE >= MSI_BYTES && !remap_unit_at(m, addr) &&
           !bus_device_at(m, addr) && !hpet_at(m, addr) &&
           addr - IOAPIC_BASE >= IOAPICS * IOAPIC_BYTES;
}

/* False: memory has no room for it. */
static inline bool write_memory(struct machine *m, const struct iommu_access *a,
                                size_t bytes)
{
    if (!mem_has_room(&m->mem, a->addr, bytes, pages_of_software(m)))
        return false;
    mem_write(&m->mem, a->addr, a->data, bytes);
    return true;
}

/* Lines have one length, which their copies are made for. */
static bool reach(void *unit, struct iommu_access *a)
{
    struct machine *m = ((struct machine_unit *)unit)->machine;

    if (!is_memory(m, a->addr))
        return false;
    switch ((enum iommu_access_kind)a->kind) {
    case IOMMU_ACCESS_LOCK:
        mem_read(&m->mem, a->addr, a->data, sizeof a->data);
        return true;
    case IOMMU_ACCESS_UNLOCK:
        return write_memory(m, a, sizeof a->data);
    case IOMMU_ACCESS_WRITE:
        return write_memory(m, a, a->bytes);
    default:
        mem_read(&m->mem, a->addr, a->data, a->bytes);
        return true;
    }
}

static void answer(void *unit, irq_id irq, bool taken)
{
    struct machine *m = ((struct machine_unit *)unit)->machine;

    for (unsigned i = 0; i < m->ioapics; i++)
        ioapic_node_answer(&m->ioapic[i], irq, taken);
}

static void from_unit(void *unit, const struct msg *msg)
{
    struct machine *m = ((struct machine_unit *)unit)->machine;

    if (msg->kind == MSG_APIC)
        fabric_from_unit(m, msg);
    else if (is_ioapic(m, msg->write.requester))
        fabric_from_ioapic(m, msg);
    else
        fabric_from_device(m, msg);
}

/* ---- sources ---- */

/* `u` is NULL if there are no units. */
static void from_device(struct machine *m, struct machine_unit *u,
                        const struct msg *write)
{
    if (u)
        iommu_node_receive(&u->node, write);
    else
        fabric_from_device(m, write);
}

void remap_from_device(struct machine *m, const struct msg *write)
{
    from_device(m, remap_unit_of(m, write->write.requester), write);
}

void remap_from_function(const struct machine_function *f,
                         const struct msg *write)
{
    from_device(f->machine, f->unit, write);
}

void remap_from_ioapic(void *machine, const struct msg *write)
{
    struct machine *m = machine;
    struct machine_unit *u = remap_unit_of(m, write->write.requester);

    if (u)
        iommu_node_receive(&u->node, write);
    else
        fabric_from_ioapic(m, write);
}

/* ---- what software does before the run ---- */

struct vtd_target remap_checked(const struct machine *m,
                                const struct vtd_target *to)
{
    struct vtd_target checked = *to;

    checked.checks_source = m->scenario->machine.iommu.source_check;
    return checked;
}

/* As operating systems do it: requests may come from the bridge or, from behind
 * it, with a bus that PCI-X has left to them. */
void remap_check_device(const struct machine *m, unsigned device,
                        struct vtd_target *to)
{
    uint32_t bridge = scenario_pci_bridge(m->scenario, device);

    to->sid = m->function[device].requester;
    to->by_bus = bridge != 0;
    if (bridge)
        to->sid = (uint16_t)(scenario_bus(bridge) << SOURCE_ID_BUS_SHIFT |
                             scenario_bus(m->scenario->device[device].behind));
}

uint32_t remap_entries(struct machine_unit *u, const struct vtd_target *to,
                       uint32_t n)
{
    struct machine *m = u->machine;
    struct vtd_target first = remap_checked(m, to);

    return vtd_place(&u->driver, &m->mem, &first, n);
}

/* ---- building ---- */

/* What a driver writes while the machine is built takes effect at once. */
static void put(void *unit, uint32_t offset, unsigned bytes, uint64_t value)
{
    struct machine_unit *u = unit;

    iommu_node_write(&u->node, offset, bytes, value);
    iommu_node_settle(&u->node);
}

static struct iommu_config config_of(const struct scenario_iommu *s)
{
    uint32_t ways = s->cache_entries ? s->cache_ways : 0;

    return (struct iommu_config){
        .faults = FAULT_RECORDS,
        .mhmv = INDEX_MASK_MOST,
        .posting = true,
        .extended = true,
        .coherent = true,
        .sets = (uint16_t)(ways ? s->cache_entries / ways : 1),
        .ways = (uint16_t)ways,
    };
}

static void build_unit(struct machine *m, unsigned i)
{
    const struct scenario_iommu *s = &m->scenario->machine.iommu;
    struct machine_unit *u = &m->unit[i];
    struct iommu_node_config config = {
        .engine = &m->engine,
        .irqs = &m->irqs,
        .apic_clock = m->apic,
        .costs = m->scenario->platform.iommu,
        .iommu = config_of(s),
        .irq_source = machine_add_source(m, "iommu%u", i),
        .bus = {from_unit, u},
        .ctx = u,
        .memory = reach,
        .answer = answer,
        .posted = &m->posted_irqs,
    };
    struct vtd_config driver = {
        .memory = UNIT_MEMORY(i),
        .registers = UNIT_BASE + UNIT_BYTES * i,
        .entries = s->entries,
        .x2apic = s->x2apic,
        .compatibility = s->compatibility || launch_vm(m),
    };

    if (s->implementation == IMPLEMENTATION_RTL) {
        config.twin = m->make_twin->iommu(&config);
        machine_add_twin(m, &config.twin.call->common, config.twin.of);
    }
    u->machine = m;
    iommu_node_init(&u->node, &config);
    vtd_init(&u->driver, &driver);
    if (!launch_vm(m))
        vtd_enable(&u->driver, &m->mem, &(struct vtd_registers){u, put});
}

void remap_build(struct machine *m)
{
    m->units = m->scenario->machine.iommu.units;
    m->unit = arena_take(&m->arena, m->units, sizeof *m->unit);
    for (unsigned i = 0; i < m->units; i++)
        build_unit(m, i);
    for (unsigned i = 0; i < m->devices; i++)
        m->function[i].unit = remap_unit_of(m, m->function[i].requester);
}
