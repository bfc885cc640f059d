/*
 * Source-ids through bridges, and whom table entries are valid for: end to end,
 * from a device's cause to the CPU or the unit's fault record.
 */
#include "sim/machine/test/rig.h"

#define DEVICES 4u

/* Where devices are: bridges from the root on, their kinds, and the device's
 * slot; the numbers are those of the buses. */
static const struct topology_row {
    const char *name;
    uint32_t bridges;
    enum scenario_bridge_kind kind[3];
    uint32_t slot;
    uint16_t own, requester; /* source-ids */
    uint64_t entry;          /* bits 83:64: SVT, SQ, SID */
} topology_rows[] = {
    {"root", 0, {0}, 5, 0x0100, 0x0100, 0x40100},
    {"port", 1, {BRIDGE_PORT}, 5, 0x0228, 0x0228, 0x40228},
    {"two_ports", 2, {BRIDGE_PORT, BRIDGE_PORT}, 0, 0x0300, 0x0300, 0x40300},
    {"pci", 1, {BRIDGE_PCI}, 5, 0x0228, 0x0200, 0x80202},
    {"pci_behind_a_port",
     2,
     {BRIDGE_PORT, BRIDGE_PCI},
     31,
     0x03f8,
     0x0300,
     0x80303},
    {"pci_behind_pci", 2, {BRIDGE_PCI, BRIDGE_PCI}, 1, 0x0308, 0x0200, 0x80203},
    {"port_between",
     3,
     {BRIDGE_PCI, BRIDGE_PORT, BRIDGE_PCI},
     1,
     0x0408,
     0x0200,
     0x80204},
};

/* Device 0 is at the end of the path with 3 others that share its slot, CPU 0
 * has them all; the I/O APIC and the rest are in the scope of unit 1. */
static struct scenario behind(const struct topology_row *row)
{
    struct scenario s = rig_scenario(RIG_BARE_METAL, PROGRAM_SPIN);

    s.machine.iommu = (struct scenario_iommu){.units = 2,
                                              .entries = 64,
                                              .cache_entries = 16,
                                              .cache_ways = 4,
                                              .x2apic = true,
                                              .source_check = true};
    s.bridge_count = row->bridges;
    for (uint32_t i = 0; i < row->bridges; i++)
        s.bridge[i] =
            (struct scenario_bridge){.behind = i, .kind = row->kind[i]};
    s.device_count = DEVICES + 1;
    for (uint32_t i = 0; i < s.device_count; i++) {
        struct scenario_device *d = &s.device[i];

        *d = rig_device();
        snprintf(d->name, sizeof d->name, "nic%u", i);
        d->unit = 1;
        if (i == DEVICES)
            continue;
        d->behind = row->bridges;
        d->slot = row->slot;
        s.vm[0].assigned[i] = i;
    }
    s.vm[0].assigned_count = DEVICES;
    s.vm[1].assigned[0] = DEVICES;
    rig_pulses(&s, PULSE_PERIODIC, SIM_S);
    return s;
}

static const struct iommu_counts *counts(const struct machine *m)
{
    return &m->unit[1].node.counts;
}

static struct machine *silent(const struct scenario *s)
{
    struct machine *m = machine_build(s);

    machine_run(m, s->warmup);
    return m;
}

static void raise(struct machine *m, unsigned device)
{
    pcie_node_cause(&m->device[device].fn, 0);
    machine_run(m, machine_now(m) + 10 * SIM_US);
}

/* Bits 127:64 of the entry of device 0. */
static uint64_t high_at(const struct machine *m)
{
    return m->unit[1].driver.table +
           sizeof(struct iommu_entry) * m->table_entry[0][0] + 8;
}

static void set_high(struct machine *m, uint64_t value)
{
    mem_write64(&m->mem, high_at(m), value);
}

static uint64_t record_source(struct machine *m)
{
    return iommu_node_read(&m->unit[1].node, IOMMU_AT_FRCD_HIGH, 4) & 0xffff;
}

TEST_EACH(machine_sources, request_has_the_source_id_of_its_way,
          struct topology_row, topology_rows)
{
    struct scenario s = behind(row);
    struct machine *m = silent(&s);

    EXPECT_EQ(m->device[0].fn.config.requester, row->own);
    EXPECT_EQ(m->function[0].requester, row->requester);
    EXPECT_EQ(mem_read64(&m->mem, high_at(m)), row->entry);
    raise(m, 0);
    EXPECT_EQ(counts(m)->remapped, 1);
    EXPECT_EQ(m->irqs.count[m->device[0].fn.config.irq_source].delivered, 1);
    EXPECT_EQ(m->unit[0].node.counts.requests, 0, "its scope has the bridge");
    machine_free(m);
}

/* The device's own source-id is not what the unit sees: a driver that knows no
 * bridges locks it out. */
TEST_EACH(machine_sources, entry_for_the_device_itself_is_wrong_behind_pci,
          struct topology_row, topology_rows)
{
    struct scenario s = behind(row);
    struct machine *m = silent(&s);
    uint64_t own = (uint64_t)IOMMU_SVT_SID << IOMMU_IRTE_SVT_SHIFT | row->own;
    bool taken_over = row->own != row->requester;

    set_high(m, own);
    raise(m, 0);
    EXPECT_EQ(counts(m)->remapped, !taken_over);
    EXPECT_EQ(counts(m)->blocked, taken_over);
    if (taken_over)
        EXPECT_EQ(record_source(m), row->requester,
                  "the record has the bridge");
    machine_free(m);
}

/* Device `by` uses the entry of device 0. */
static void steal(struct machine *m, unsigned by)
{
    uint32_t address = vtd_msi_address(m->table_entry[0][0], false);

    nic_node_write(&m->device[by], NIC_REG_MSIX_TABLE, 4, address);
    raise(m, by);
}

TEST_EACH(machine_sources, devices_behind_a_pci_bridge_cannot_be_told_apart,
          struct topology_row, topology_rows)
{
    struct scenario s = behind(row);
    struct machine *m = silent(&s);
    bool shared = row->own != row->requester;

    steal(m, 1);
    EXPECT_EQ(counts(m)->remapped, shared);
    EXPECT_EQ(counts(m)->blocked, !shared);
    steal(m, DEVICES);
    EXPECT_EQ(counts(m)->blocked, shared ? 1 : 2, "from another bus: never");
    EXPECT_EQ(counts(m)->remapped, shared);
    machine_free(m);
}

/* Eight functions of one device; an entry of function 0 leaves some open. */
static const struct qualifier_row {
    const char *name;
    unsigned sq;
    uint8_t taken; /* bit n: function n */
} qualifier_rows[] = {
    {"all_bits_compared", 0, 0x01},
    {"bit_2_open", 1, 0x11},
    {"bits_2_and_1_open", 2, 0x55},
    {"all_bits_open", 3, 0xff},
};

TEST_EACH(machine_sources, qualifier_leaves_functions_open,
          struct qualifier_row, qualifier_rows)
{
    struct scenario s = behind(&topology_rows[1]);
    struct machine *m;

    s.device_count = 8;
    s.vm[0].assigned_count = 8;
    s.vm[1].assigned_count = 0;
    for (uint32_t i = DEVICES; i < 8; i++) {
        s.device[i] = s.device[0];
        s.vm[0].assigned[i] = i;
    }
    m = silent(&s);
    set_high(m, mem_read64(&m->mem, high_at(m)) | (uint64_t)row->sq
                                                      << IOMMU_IRTE_SQ_SHIFT);
    for (unsigned i = 0; i < 8; i++) {
        uint64_t before = counts(m)->remapped;

        EXPECT_EQ(m->function[i].requester, 0x0228 + i);
        steal(m, i);
        EXPECT_EQ(counts(m)->remapped - before, row->taken >> i & 1,
                  "function %u", i);
    }
    EXPECT_EQ(counts(m)->remapped + counts(m)->blocked, 8);
    machine_free(m);
}

/* SVT = 10: buses 2 to 4, the bus in the middle among them. */
static const struct bus_row {
    const char *name;
    uint16_t range;
    bool taken;
} bus_rows[] = {
    {"first", 0x0204, true},  {"only", 0x0202, true},
    {"last", 0x0102, true},   {"above", 0x0001, false},
    {"below", 0x0304, false}, {"turned_round", 0x0401, false},
};

TEST_EACH(machine_sources, bus_range_takes_the_bridges_of_its_buses,
          struct bus_row, bus_rows)
{
    struct scenario s = behind(&topology_rows[3]);
    struct machine *m = silent(&s);

    set_high(m, (uint64_t)IOMMU_SVT_BUS << IOMMU_IRTE_SVT_SHIFT | row->range);
    raise(m, 0);
    EXPECT_EQ(counts(m)->remapped, row->taken);
    EXPECT_EQ(counts(m)->blocked, !row->taken);
    machine_free(m);
}

/* A DMA write to the interrupt range is forged by its device, whatever
 * source-id the bridge gives it. */
TEST(machine_sources, forged_message_is_its_device_s_also_behind_a_bridge)
{
    struct scenario s = behind(&topology_rows[3]);
    struct machine *m = silent(&s);

    for (unsigned i = 0; i < DEVICES; i++)
        for (unsigned n = 0; n <= i; n++)
            pcie_node_dma_write(&m->device[i].fn, 0xfee00000, 0x31, 4);
    machine_run(m, machine_now(m) + 10 * SIM_US);
    for (unsigned i = 0; i < DEVICES; i++)
        EXPECT_EQ(m->irqs.count[m->forged.source[i]].sent, i + 1);
    machine_free(m);
}

TEST(machine_sources, check_that_is_turned_off_leaves_entries_to_all)
{
    struct scenario s = behind(&topology_rows[3]);
    struct machine *m;

    s.machine.iommu.source_check = false;
    m = silent(&s);
    EXPECT_EQ(mem_read64(&m->mem, high_at(m)), 0);
    steal(m, DEVICES);
    EXPECT_EQ(counts(m)->remapped, 1);
    machine_free(m);
}
