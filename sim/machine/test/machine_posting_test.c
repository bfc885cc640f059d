/* Devices' interrupts that the remapping unit posts to their guest. */
#include "sim/machine/test/rig.h"

static const struct posting_row {
    const char *name;
    enum scenario_program_kind kind;
    enum scenario_message message;
    enum scenario_apic_mode apic;
} posting_rows[] = {
    {"computing_msix", PROGRAM_SPIN, MESSAGE_MSIX, APIC_MODE_X2APIC},
    {"computing_msi", PROGRAM_SPIN, MESSAGE_MSI, APIC_MODE_X2APIC},
    {"computing_xapic", PROGRAM_SPIN, MESSAGE_MSIX, APIC_MODE_XAPIC},
    {"halted_msix", PROGRAM_IDLE, MESSAGE_MSIX, APIC_MODE_X2APIC},
    {"halted_xapic", PROGRAM_IDLE, MESSAGE_MSI, APIC_MODE_XAPIC},
};

/* Two guests, each with a device of four vectors. */
static struct scenario posting(const struct posting_row *row, sim_time interval)
{
    struct scenario s = rig_scenario(RIG_KVM, row->kind);

    rig_pulses(&s, PULSE_EXPONENTIAL, interval);
    s.duration = 20 * SIM_MS;
    s.machine.iommu = rig_iommu(2, row->apic == APIC_MODE_X2APIC);
    for (uint32_t i = 0; i < 2; i++) {
        s.device[i].message = row->message;
        s.device[i].vectors = 4;
        s.device[i].unit = i;
        s.vm[i].apic = row->apic;
        s.vm[i].features.vtd_posting = true;
        s.vm[i].features.apicv =
            (struct kvm_apicv){.tpr_shadow = true,
                               .apic_access_page = true,
                               .x2apic_virt = true,
                               .apic_register_virtualization = true,
                               .virtual_interrupt_delivery = true,
                               .posted_interrupts = true};
    }
    return s;
}

TEST_EACH(machine_posting, every_interrupt_reaches_its_guest_without_the_host,
          struct posting_row, posting_rows)
{
    struct scenario s = posting(row, 60 * SIM_US);
    struct figures f = rig_exchange(&s, NULL);

    for (unsigned i = 0; i < 2; i++) {
        char sent[64], delivered[64];

        snprintf(sent, sizeof sent, "interrupts.by_source.nic%u.sent", i);
        snprintf(delivered, sizeof delivered,
                 "interrupts.by_source.nic%u.delivered", i);
        EXPECT_GT(rig_count(&f, sent), 100);
        EXPECT_EQ(rig_count(&f, delivered), rig_count(&f, sent));
    }
    EXPECT_EQ(rig_count(&f, "exits.by_reason.EXTERNAL_INTERRUPT"), 0);
    EXPECT_EQ(rig_count(&f, "interrupts.pending"), 0);
    EXPECT_EQ(rig_count(&f, "remapping.remapped"), 0);
    figures_free(&f);
}

/* Faster than they can be handled: what merges, merges in the descriptor or
 * behind it, and nothing is dropped. */
TEST_EACH(machine_posting, storm_merges_and_is_accounted_for,
          struct posting_row, posting_rows)
{
    struct scenario s = posting(row, 1 * SIM_US);
    struct figures f = rig_exchange(&s, NULL);

    EXPECT_GT(rig_count(&f, "interrupts.merged"), 1000);
    EXPECT_EQ(rig_count(&f, "interrupts.dropped"), 0);
    EXPECT_EQ(rig_count(&f, "interrupts.pending"), 0);
    EXPECT_GT(rig_count(&f, "remapping.notifications"), 100);
    EXPECT_LT(rig_count(&f, "remapping.notifications"),
              rig_count(&f, "remapping.posted"));
    figures_free(&f);
}

/* ---- switching between remapped and posted ---- */

/* What a hypervisor does when it changes an entry: write, invalidate. */
static void rewrite(struct machine *m, unsigned unit, uint32_t index,
                    struct iommu_entry e)
{
    struct vtd *v = &m->unit[unit].driver;
    uint64_t invalidation = IOMMU_IEC_INVALIDATE | IOMMU_IEC_SELECTIVE |
                            (uint64_t)index << IOMMU_IEC_IIDX_SHIFT;

    mem_write64(&m->mem, v->table + 16 * index + 8, e.high);
    mem_write64(&m->mem, v->table + 16 * index, e.low);
    mem_write64(&m->mem, v->queue + v->tail, invalidation);
    mem_write64(&m->mem, v->queue + v->tail + 8, 0);
    v->tail = (v->tail + 16) % 4096;
    iommu_node_write(&m->unit[unit].node, IOMMU_AT_IQT, 8, v->tail);
}

/* The entry that goes to the host, which injects the interrupt. */
static uint64_t remapped(const struct machine *m, unsigned cpu, unsigned k)
{
    return IOMMU_IRTE_P |
           (uint64_t)m->cpu[cpu].kvm->config.irq[k].host_vector
               << IOMMU_IRTE_VECTOR_SHIFT |
           (uint64_t)cpu << IOMMU_IRTE_DST_SHIFT;
}

static void switch_all(struct machine *m, bool posted)
{
    for (unsigned cpu = 0; cpu < 2; cpu++)
        for (unsigned k = 0; k < 4; k++) {
            uint64_t pid = kvm_descriptor(&m->cpu[cpu].kvm->config);
            uint64_t vector = m->cpu[cpu].kvm->config.irq[k].guest_vector;
            struct iommu_entry e = {remapped(m, cpu, k), 0};

            if (posted)
                e = (struct iommu_entry){IOMMU_IRTE_P | IOMMU_IRTE_IM |
                                             vector << IOMMU_IRTE_VECTOR_SHIFT |
                                             pid << 32,
                                         pid >> 32 << 32};
            rewrite(m, cpu, m->table_entry[cpu][k], e);
        }
}

TEST(machine_posting, switch_to_remapped_and_back_loses_nothing)
{
    struct scenario s = posting(&posting_rows[0], 15 * SIM_US);
    struct machine *m = machine_build(&s);
    uint64_t sent = 0, settled = 0;
    struct figures f;

    for (unsigned i = 0; i < 400; i++) {
        switch_all(m, i % 2);
        machine_run(m, machine_now(m) + 37 * SIM_US);
    }
    rig_talk(m, false);
    rig_finish(m, &f);
    for (unsigned i = 0; i < 2; i++) {
        const struct irq_counts *c =
            &m->irqs.count[m->device[i].fn.config.irq_source];

        EXPECT_EQ(c->dropped, 0);
        sent += c->sent;
        settled += c->delivered + c->merged;
        EXPECT_GT(m->unit[i].node.counts.posted, 100);
        EXPECT_GT(m->unit[i].node.counts.remapped, 100);
    }
    EXPECT_EQ(settled, sent);
    figures_free(&f);
    machine_free(m);
}

/* ---- single interrupts ---- */

static uint64_t exits_of(const struct machine *m, unsigned cpu)
{
    uint64_t n = 0;

    for (unsigned r = 0; r < EXIT_REASON_LIMIT; r++)
        n += m->cpu[cpu].node.account.exits[r];
    return n;
}

/* A CPU that is told so late that both are there. */
TEST(machine_posting, two_messages_before_the_notification_share_it)
{
    struct scenario s = posting(&posting_rows[0], 900 * SIM_MS);
    struct machine *m;
    struct figures f;
    uint64_t exits;

    s.platform.bus.msi_to_lapic = 5 * SIM_US;
    m = machine_build(&s);
    machine_run(m, 2 * SIM_MS);
    exits = exits_of(m, 1);
    for (unsigned i = 0; i < 2; i++) {
        pcie_node_event(&m->device[1].fn, i);
        pcie_node_cause(&m->device[1].fn, i);
    }
    rig_finish(m, &f);
    EXPECT_EQ(rig_count(&f, "remapping.posted"), 2);
    EXPECT_EQ(rig_count(&f, "remapping.notifications"), 1);
    EXPECT_EQ(rig_count(&f, "interrupts.by_source.nic1.delivered"), 2);
    EXPECT_EQ(exits_of(m, 1), exits, "and none of them exits");
    machine_free(m);
    figures_free(&f);
}
