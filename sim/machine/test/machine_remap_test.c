/* Interrupt remapping in whole machines: scopes, sources, lines, latencies. */
#include "sim/machine/test/rig.h"

static const struct remap_row {
    const char *name;
    enum rig_variant variant;
    enum scenario_message message;
    bool x2apic;
} remap_rows[] = {
    {"bare_metal_msix", RIG_BARE_METAL, MESSAGE_MSIX, true},
    {"bare_metal_msix_8_bits", RIG_BARE_METAL, MESSAGE_MSIX, false},
    {"bare_metal_msi", RIG_BARE_METAL, MESSAGE_MSI, true},
    {"bare_metal_intx", RIG_BARE_METAL, MESSAGE_INTX, true},
    {"kvm_msix", RIG_KVM, MESSAGE_MSIX, true},
    {"kvm_msi_8_bits", RIG_KVM, MESSAGE_MSI, false},
    {"kvm_intx", RIG_KVM, MESSAGE_INTX, true},
    {"eli_msix", RIG_ELI, MESSAGE_MSIX, true},
};

/* Two CPUs, two units; each has a device with pulses in its scope, the I/O
 * APIC is in that of unit 1. */
static struct scenario remapped(const struct remap_row *row)
{
    struct scenario s = rig_scenario(row->variant, PROGRAM_SPIN);

    rig_pulses(&s, PULSE_EXPONENTIAL, 40 * SIM_US);
    s.duration = 20 * SIM_MS;
    s.machine.ioapic.pins = 24;
    s.machine.ioapic.unit = 1;
    s.machine.iommu = rig_iommu(2, row->x2apic);
    for (uint32_t i = 0; i < s.device_count; i++) {
        struct scenario_device *d = &s.device[i];
        bool line = row->message == MESSAGE_INTX;

        d->message = row->message;
        d->vectors = row->message == MESSAGE_MSI ? 4 : 1;
        d->unit = line ? 0 : i;
        d->pin = 16 + i;
        d->ack_moderation = 0;
    }
    return s;
}

static struct scenario plain(void)
{
    return remapped(&remap_rows[0]);
}

static const struct iommu_counts *counts(const struct machine *m, unsigned unit)
{
    return &m->unit[unit].node.counts;
}

static void talk_for_a_while(struct machine *m, struct figures *f)
{
    rig_talk(m, false);
    machine_run(m, m->scenario->warmup);
    rig_talk(m, true);
    machine_run(m, m->scenario->warmup + m->scenario->duration * 3 / 4);
    rig_talk(m, false);
    rig_finish(m, f);
}

TEST_EACH(machine_remap, every_interrupt_arrives_through_its_unit,
          struct remap_row, remap_rows)
{
    struct scenario s = remapped(row);
    struct machine *m = machine_build(&s);
    bool line = row->message == MESSAGE_INTX;
    struct figures f;

    talk_for_a_while(m, &f);
    EXPECT_GT(rig_count(&f, "interrupts.delivered"), 100);
    EXPECT_EQ(rig_count(&f, "interrupts.dropped"), 0);
    EXPECT_EQ(rig_count(&f, "interrupts.pending"), 0);
    EXPECT_EQ(counts(m, 0)->remapped > 0, !line);
    EXPECT_GT(counts(m, 1)->remapped, 0);
    for (unsigned i = 0; i < 2; i++) {
        EXPECT_EQ(counts(m, i)->requests, counts(m, i)->remapped);
        EXPECT_EQ(counts(m, i)->hits + counts(m, i)->misses,
                  counts(m, i)->requests);
    }
    figures_free(&f);
    machine_free(m);
}

TEST(machine_remap, request_takes_its_cycles_and_a_miss_its_read)
{
    struct scenario s = plain();
    sim_time period = clock_from_hz(s.platform.clocks.apic).period;
    struct figures f = rig_run(&s);
    double hit = (double)(4 * period) / (double)SIM_NS;
    const char *hop = "latency_ns.iommu_request..iommu_message";
    char key[96];

    snprintf(key, sizeof key, "%s.min", hop);
    EXPECT_GE(rig_real(&f, key), hit - 0.001);
    EXPECT_LT(rig_real(&f, key), hit + (double)period / (double)SIM_NS);
    figures_free(&f);
    s.machine.iommu.cache_entries = 0;
    f = rig_run(&s);
    EXPECT_GE(rig_real(&f, key), hit + 70 - 0.001);
    EXPECT_EQ(rig_count(&f, "remapping.hits"), 0);
    EXPECT_EQ(rig_count(&f, "remapping.misses"),
              rig_count(&f, "remapping.requests"));
    figures_free(&f);
}

/* ---- requests of somebody else ---- */

static void forge(struct machine *m, uint32_t addr, uint32_t data)
{
    machine_write(m, addr, &data, sizeof data);
    machine_run(m, machine_now(m) + 10 * SIM_US);
}

static struct machine *silent(const struct scenario *s)
{
    struct machine *m = machine_build(s);

    rig_talk(m, false);
    machine_run(m, s->warmup);
    return m;
}

static uint64_t dropped(const struct machine *m, enum irq_reason why)
{
    return m->irqs.count[m->outside_source].by_reason[why];
}

TEST(machine_remap, entry_is_for_its_device_only)
{
    struct scenario s = plain();
    struct machine *m = silent(&s);

    forge(m, vtd_msi_address(0, false), 0);
    EXPECT_EQ(dropped(m, IRQ_SOURCE_REFUSED), 1);
    EXPECT_EQ(counts(m, 0)->blocked, 1);
    EXPECT_EQ(iommu_node_read(&m->unit[0].node, IOMMU_AT_FSTS, 4) & IOMMU_PPF,
              IOMMU_PPF);
    machine_free(m);
    s.machine.iommu.source_check = false;
    m = silent(&s);
    forge(m, vtd_msi_address(0, false), 0);
    EXPECT_EQ(counts(m, 0)->remapped, 1);
    machine_free(m);
}

/* Its vector means nothing: no bit of the IRR is set by it. */
TEST(machine_remap, nmi_of_an_entry_has_no_vector)
{
    struct scenario s = plain();
    struct machine *m = silent(&s);
    struct vtd_target to = {.apic_id = 1, .vector = 0x21, .mode = DELIVERY_NMI};

    vtd_fill(&m->unit[0].driver, &m->mem, 9, &to);
    forge(m, vtd_msi_address(9, false), 0);
    EXPECT_EQ(counts(m, 0)->remapped, 1);
    EXPECT_EQ(m->cpu[0].workload->nmis, 0);
    EXPECT_EQ(m->cpu[1].workload->nmis, 1);
    EXPECT_FALSE(lapic_node_in_irr(&m->cpu[1].lapic, 0x21));
    EXPECT_EQ(m->cpu[1].workload->faults, 0);
    machine_free(m);
}

TEST(machine_remap, compatibility_format_passes_only_if_chosen)
{
    struct scenario s = plain();
    struct machine *m = silent(&s);

    forge(m, 0xfee00000, 0x31);
    EXPECT_EQ(dropped(m, IRQ_FORMAT_BLOCKED), 1);
    machine_free(m);
    s.machine.iommu.x2apic = false;
    m = silent(&s);
    forge(m, 0xfee00000, 0x31);
    EXPECT_EQ(dropped(m, IRQ_FORMAT_BLOCKED), 1);
    machine_free(m);
    s.machine.iommu.compatibility = true;
    m = silent(&s);
    forge(m, 0xfee00000, 0x31);
    EXPECT_EQ(dropped(m, IRQ_FORMAT_BLOCKED), 0);
    EXPECT_EQ(counts(m, 0)->passed, 1);
    machine_free(m);
}

TEST(machine_remap, fault_event_reaches_its_cpu)
{
    struct scenario s = plain();
    struct machine *m = silent(&s);
    struct iommu_node *n = &m->unit[0].node;

    iommu_node_write(n, IOMMU_AT_FEDATA, 4, 0x35);
    iommu_node_write(n, IOMMU_AT_FEADDR, 4, 0xfee01000);
    iommu_node_write(n, IOMMU_AT_FECTL, 4, 0);
    machine_run(m, machine_now(m) + SIM_US);
    forge(m, 0xfee00000, 0x31);
    EXPECT_EQ(m->irqs.count[n->config.irq_source].sent, 1);
    EXPECT_EQ(counts(m, 0)->requests, 1, "it is not remapped itself");
    EXPECT_EQ(m->irqs.count[n->config.irq_source].by_reason[IRQ_UNHANDLED], 1,
              "the program has no handler for it, so it has arrived");
    machine_free(m);
}

/* ---- lines ---- */

static void pull(struct machine *m, unsigned pin, bool asserted)
{
    struct msg msg = {.kind = MSG_LINE,
                      .line = {.line = (uint8_t)pin, .high = !asserted}};

    ioapic_node_receive(m->ioapic, &msg);
    machine_run(m, machine_now(m) + 100 * SIM_US);
}

/* The entry's vector is not that of the redirection table entry: the EOI does
 * not find it, and the line is never heard again. */
TEST(machine_remap, eoi_with_another_vector_leaves_remote_irr)
{
    struct scenario s = remapped(&remap_rows[3]);
    struct machine *m = silent(&s);
    uint32_t rte = (uint32_t)m->ioapic->ioapic.rte[16];

    ioapic_node_write(m->ioapic, IOAPIC_IOREGSEL, 4, IOAPIC_AT_RTE_LOW + 32);
    ioapic_node_write(m->ioapic, IOAPIC_IOWIN, 4, rte ^ 1);
    pull(m, 16, true);
    EXPECT_TRUE(m->ioapic->ioapic.rte[16] & IOAPIC_RTE_REMOTE_IRR);
    pull(m, 16, false);
    pull(m, 16, true);
    EXPECT_EQ(counts(m, 1)->remapped, 1, "lost, and no storm");
    machine_free(m);
}

TEST(machine_remap, blocked_line_does_not_set_remote_irr)
{
    struct scenario s = remapped(&remap_rows[3]);
    struct machine *m = silent(&s);
    struct iommu_entry none = {0};

    mem_write(&m->mem, m->unit[1].driver.table, &none, sizeof none);
    pull(m, 16, true);
    EXPECT_EQ(counts(m, 1)->blocked, 1);
    EXPECT_FALSE(m->ioapic->ioapic.rte[16] & IOAPIC_RTE_REMOTE_IRR);
    machine_free(m);
}

/* ---- registers and memory ---- */

TEST(machine_remap, units_have_pages_of_registers)
{
    struct scenario s = plain();
    struct machine *m = silent(&s);

    for (unsigned i = 0; i < 2; i++) {
        uint64_t base = UNIT_BASE + UNIT_BYTES * i;
        uint32_t gsts = 0;
        uint64_t irta = 0;

        machine_read(m, base + IOMMU_AT_GSTS, &gsts, 4);
        EXPECT_EQ(gsts, IOMMU_QIE | IOMMU_IRE | IOMMU_SIRTP);
        machine_read(m, base + IOMMU_AT_IRTA, &irta, 8);
        EXPECT_EQ(irta, UNIT_MEMORY(i) | IOMMU_IRTA_EIME | 7);
    }
    EXPECT_EQ(m->outside_refused, 0);
    machine_free(m);
}

TEST(machine_remap, table_outside_memory_cannot_be_read)
{
    struct scenario s = plain();
    struct machine *m = silent(&s);
    struct iommu_node *n = &m->unit[0].node;

    iommu_node_write(n, IOMMU_AT_IRTA, 8, BAR_BASE | 7);
    iommu_node_write(n, IOMMU_AT_GCMD, 4, IOMMU_QIE | IOMMU_IRE | IOMMU_SIRTP);
    iommu_node_write(n, IOMMU_AT_IQA, 8, MSI_BASE);
    forge(m, vtd_msi_address(7, false), 0);
    EXPECT_EQ(dropped(m, IRQ_ENTRY_READ_ERROR), 1);
    iommu_node_write(n, IOMMU_AT_IQT, 8, 0);
    machine_run(m, machine_now(m) + SIM_US);
    EXPECT_EQ(iommu_node_read(n, IOMMU_AT_IQERCD, 8), IOMMU_QUEUE_FETCH);
    machine_free(m);
}

TEST(machine_remap, unit_reaches_all_memory_and_no_registers)
{
    struct scenario s = plain();
    struct machine *m = silent(&s);
    const struct iommu_node_config *c = &m->unit[0].node.config;
    const uint64_t registers[] = {BAR_BASE, IOAPIC_BASE, UNIT_BASE + UNIT_BYTES,
                                  MSI_BASE, MSI_BASE + MSI_BYTES - 64};
    const uint64_t memory[] = {0,
                               BAR_BASE - 64,
                               IOAPIC_BASE - 64,
                               MSI_BASE - 64,
                               MSI_BASE + MSI_BYTES,
                               UINT64_C(1) << 32};
    struct iommu_access a = {.kind = IOMMU_ACCESS_LOCK, .bytes = 64};

    for (unsigned i = 0; i < sizeof registers / sizeof *registers; i++) {
        a.addr = registers[i];
        EXPECT_FALSE(c->memory(c->ctx, &a));
    }
    for (unsigned i = 0; i < sizeof memory / sizeof *memory; i++) {
        a.addr = memory[i];
        EXPECT_TRUE(c->memory(c->ctx, &a));
    }
    machine_free(m);
}

TEST(machine_remap, same_course_in_slices_and_at_once)
{
    struct scenario s = plain();
    struct figures whole = rig_run(&s), sliced;
    struct machine *m = machine_build(&s);

    for (sim_time t = 0; t < machine_end(m); t += 77 * SIM_US)
        machine_run(m, t);
    rig_finish(m, &sliced);
    ASSERT_EQ(whole.count, sliced.count);
    for (size_t i = 0; i < whole.count; i++)
        EXPECT_EQ(whole.list[i].real, sliced.list[i].real, "%s",
                  whole.list[i].key);
    figures_free(&whole);
    figures_free(&sliced);
    machine_free(m);
}
