/* An interrupt and an NMI, or where the remapping unit posts two interrupts,
 * that arrive at any moments of exits, of the host's code, of shadows and of
 * the halt: each is handled once. */
#include "software/test/moments.h"
#include "software/test/rungs.h"

#define FIRST 1u /* devices */
#define SECOND 2u
#define MOMENTS (24 * SIM_US) /* past the guest's HLT */
#define STEP (823 * SIM_NS)

static const struct row {
    const char *name;
    struct kvm_apicv apicv;
    bool vtd_posting;
    enum kvm_guest_timer timer;
} rows[] = {
    {"software_apic", SOFTWARE, false, KVM_TIMER_HOST},
    {"flexpriority", FLEXPRIORITY, false, KVM_TIMER_PREEMPTION},
    {"apicv", APICV, false, KVM_TIMER_VIRTUALIZED},
    {"posted_by_the_host", POSTED, false, KVM_TIMER_HOST},
    {"posted_by_the_remapping_unit", POSTED, true, KVM_TIMER_PREEMPTION},
    {"ipiv", IPIV, true, KVM_TIMER_VIRTUALIZED},
};

static struct scenario scenario_of(const struct row *row)
{
    struct scenario s = moment_scenario(RIG_KVM);

    s.device[SECOND] = rig_device();
    s.device[SECOND].delivery = row->vtd_posting ? SIGNAL_FIXED : SIGNAL_NMI;
    s.device_count = 3;
    rig_pulses(&s, PULSE_NONE, 0);
    s.vm[1].assigned[1] = SECOND;
    s.vm[1].assigned_count = 2;
    s.machine.iommu = rig_iommu(1, true);
    for (int i = 0; i < 2; i++) {
        s.vm[i].features.apicv = row->apicv;
        s.vm[i].features.vtd_posting = row->vtd_posting;
        s.vm[i].features.guest_timer = row->timer;
        s.vm[i].features.nmi_injection = !row->vtd_posting;
    }
    return s;
}

/* An exit for an op, a shadow, a time with interrupts off, and the halt. */
static void build_guest(struct machine *m)
{
    uint64_t loop = rig_code(m, 1);

    rig_op(m, OP_WORK, 3000);
    rig_op(m, OP_VMCALL, 0);
    rig_op(m, OP_CLI, 0);
    rig_op(m, OP_WORK, 3000);
    rig_op(m, OP_STI, 0);
    rig_op(m, OP_NOP, 0);
    rig_op(m, OP_WORK, 3000);
    rig_op(m, OP_HLT, 0);
    rig_op(m, OP_JMP, loop);
}

static void arrive(struct machine *m, uint32_t device)
{
    pcie_node_event(&m->device[device].fn, 0);
    pcie_node_cause(&m->device[device].fn, 0);
}

static uint64_t handled(const struct machine *m, uint32_t device)
{
    return m->irqs.count[m->device[device].fn.config.irq_source].delivered;
}

static bool in_guests_first_work(struct machine *m)
{
    const struct cpu_node *n = &m->cpu[1].node;

    return n->cpu.non_root && n->step == STEP_WORK;
}

static void expect_both(const struct scenario *s, sim_time at, sim_time later)
{
    struct machine *m = machine_build(s);

    build_guest(m);
    ASSERT_TRUE(rig_run_until(m, in_guests_first_work));
    run_for(m, at);
    arrive(m, FIRST);
    run_for(m, later);
    arrive(m, SECOND);
    run_for(m, 200 * SIM_US);
    EXPECT_EQ(handled(m, FIRST), 1, "at %ju", (uintmax_t)at);
    EXPECT_EQ(handled(m, SECOND), 1, "at %ju", (uintmax_t)at);
    EXPECT_EQ(m->vcpu[1].kvm->state, KVM_BLOCKED);
    EXPECT_EQ(m->cpu[1].workload->nmis, m->cpu[1].node.account.virtual_nmis);
    EXPECT_EQ(m->cpu[1].workload->faults, 0);
    finish(m, 0);
}

TEST_EACH(kvm_arrival, of_two_at_any_moments_is_handled_once_each, struct row,
          rows)
{
    static const sim_time later[] = {0, 130 * SIM_NS, 1700 * SIM_NS};
    struct scenario s = scenario_of(row);

    for (sim_time at = 0; at < MOMENTS; at += STEP)
        for (unsigned i = 0; i < sizeof later / sizeof *later; i++)
            expect_both(&s, at, later[i]);
}
