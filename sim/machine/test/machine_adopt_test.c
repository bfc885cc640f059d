/* A hypervisor that starts beneath a running system remaps its interrupts, and
 * none is lost. */
#include "sim/machine/test/rig.h"

static const struct adopt_row {
    const char *name;
    enum scenario_message message;
} adopt_rows[] = {
    {"msix", MESSAGE_MSIX}, {"msi", MESSAGE_MSI}, {"intx", MESSAGE_INTX}};

/* Two CPUs and two units; each has a device in its scope, the I/O APIC is in
 * that of unit 1.  Requests in compatibility format pass. */
static struct scenario root(const struct adopt_row *row)
{
    struct scenario s = rig_scenario(RIG_BARE_METAL, PROGRAM_SPIN);

    rig_pulses(&s, PULSE_EXPONENTIAL, 40 * SIM_US);
    s.duration = 20 * SIM_MS;
    s.machine.ioapic.pins = 24;
    s.machine.ioapic.unit = 1;
    s.machine.iommu = rig_iommu(2, false);
    s.machine.iommu.compatibility = true;
    for (uint32_t i = 0; i < s.device_count; i++) {
        struct scenario_device *d = &s.device[i];

        d->message = row->message;
        d->vectors = row->message == MESSAGE_MSI ? 4 : 1;
        d->unit = i;
        d->pin = 16 + i;
        d->ack_moderation = 0;
    }
    return s;
}

/* ---- what software reads and writes ---- */

static struct vtd_source message_of(struct nic_node *d, bool msix)
{
    unsigned data = pcie_reg_at(&d->fn.pcie, PCIE_MSI_DATA);
    struct vtd_source s = {.sid = d->fn.config.requester, .messages = 1};

    if (msix) {
        s.address = (uint32_t)nic_node_read(d, NIC_REG_MSIX_TABLE, 4);
        s.data = (uint16_t)nic_node_read(d, NIC_REG_MSIX_TABLE + 8, 4);
    } else {
        s.address = pcie_node_config_read(&d->fn, PCIE_AT_MSI_ADDRESS, 4);
        s.data = (uint16_t)pcie_node_config_read(&d->fn, data, 2);
        s.messages = 4;
    }
    return s;
}

static void set_message(struct nic_node *d, bool msix, uint32_t address,
                        uint16_t value)
{
    unsigned data = pcie_reg_at(&d->fn.pcie, PCIE_MSI_DATA);

    if (msix) {
        nic_node_write(d, NIC_REG_MSIX_TABLE + 12, 4, 1);
        nic_node_write(d, NIC_REG_MSIX_TABLE, 4, address);
        nic_node_write(d, NIC_REG_MSIX_TABLE + 8, 4, value);
        nic_node_write(d, NIC_REG_MSIX_TABLE + 12, 4, 0);
    } else {
        pcie_node_config_write(&d->fn, PCIE_AT_MSI_ADDRESS, 4, address);
        pcie_node_config_write(&d->fn, data, 2, value);
    }
}

static void set_rte(struct machine *m, unsigned pin, uint64_t rte)
{
    uint32_t index = 2 * pin, low = (uint32_t)rte;

    ioapic_node_write(m->ioapic, IOAPIC_IOREGSEL, 4, IOAPIC_AT_RTE_LOW + index);
    ioapic_node_write(m->ioapic, IOAPIC_IOWIN, 4, low | IOAPIC_RTE_MASKED);
    ioapic_node_write(m->ioapic, IOAPIC_IOREGSEL, 4,
                      IOAPIC_AT_RTE_HIGH + index);
    ioapic_node_write(m->ioapic, IOAPIC_IOWIN, 4, (uint32_t)(rte >> 32));
    ioapic_node_write(m->ioapic, IOAPIC_IOREGSEL, 4, IOAPIC_AT_RTE_LOW + index);
    ioapic_node_write(m->ioapic, IOAPIC_IOWIN, 4, low);
}

static void put(void *unit, uint32_t offset, unsigned bytes, uint64_t value)
{
    iommu_node_write(unit, offset, bytes, value);
}

/* ---- before, the launch, after ---- */

/* As the root has programmed its sources without thinking of units. */
static void boot_root(struct machine *m, enum scenario_message message)
{
    struct scenario s = *m->scenario;
    struct machine *plain;

    s.machine.iommu = (struct scenario_iommu){0};
    plain = machine_build(&s);
    for (unsigned i = 0; i < m->devices; i++) {
        bool msix = message == MESSAGE_MSIX;
        struct vtd_source own = message_of(&plain->device[i], msix);

        if (message == MESSAGE_INTX)
            set_rte(m, 16 + i, plain->ioapic->ioapic.rte[16 + i]);
        else
            set_message(&m->device[i], msix, own.address, own.data);
    }
    machine_free(plain);
}

static void adopt(struct machine *m, unsigned i, enum scenario_message message)
{
    bool msix = message == MESSAGE_MSIX;
    struct vtd_source old = message_of(&m->device[i], msix);
    uint16_t sid =
        message == MESSAGE_INTX ? m->ioapic->config.requester : old.sid;
    struct vtd *v = &remap_unit_of(m, sid)->driver;

    if (message == MESSAGE_INTX)
        set_rte(m, 16 + i,
                vtd_adopt_rte(v, &m->mem, m->ioapic->ioapic.rte[16 + i], sid));
    else
        set_message(&m->device[i], msix, vtd_adopt(v, &m->mem, &old), 0);
}

static void launch(struct machine *m, enum scenario_message message)
{
    for (unsigned i = 0; i < m->devices; i++) {
        adopt(m, i, message);
        machine_run(m, machine_now(m) + SIM_MS);
    }
    for (unsigned i = 0; i < m->units; i++)
        vtd_end_compatibility(&(struct vtd_registers){&m->unit[i].node, put});
}

static uint64_t passed(const struct machine *m)
{
    return m->unit[0].node.counts.passed + m->unit[1].node.counts.passed;
}

static uint64_t remapped(const struct machine *m)
{
    return m->unit[0].node.counts.remapped + m->unit[1].node.counts.remapped;
}

TEST_EACH(machine_adopt, no_interrupt_is_lost_while_sources_are_adopted,
          struct adopt_row, adopt_rows)
{
    struct scenario s = root(row);
    struct machine *m = machine_build(&s);
    uint64_t before;
    struct figures f;

    boot_root(m, row->message);
    machine_run(m, s.warmup + s.duration / 4);
    EXPECT_GT(passed(m), 50);
    EXPECT_EQ(remapped(m), 0);
    launch(m, row->message);
    before = passed(m);
    machine_run(m, s.warmup + s.duration * 3 / 4);
    EXPECT_EQ(passed(m), before);
    EXPECT_GT(remapped(m), 50);
    rig_talk(m, false);
    rig_finish(m, &f);
    EXPECT_EQ(rig_count(&f, "interrupts.dropped"), 0);
    EXPECT_EQ(rig_count(&f, "interrupts.pending"), 0);
    figures_free(&f);
    machine_free(m);
}

TEST(machine_adopt, forgotten_source_is_blocked_once_compatibility_ends)
{
    struct scenario s = root(&adopt_rows[0]);
    struct machine *m = machine_build(&s);

    boot_root(m, MESSAGE_MSIX);
    machine_run(m, s.warmup);
    vtd_end_compatibility(&(struct vtd_registers){&m->unit[1].node, put});
    machine_run(m, s.warmup + s.duration / 4);
    EXPECT_EQ(m->unit[0].node.counts.blocked, 0);
    EXPECT_GT(m->unit[1].node.counts.blocked, 0);
    machine_free(m);
}
