/* Corner cases of interrupt flows where another guest has V0's CPU. */
#include "sim/core/pid.h"
#include "software/apic_code.h"
#include "software/test/rungs.h"

#define SLICE SIM_MS
#define VECTORS 4u
#define MESSAGES 1000u

struct flow_corner {
    struct scenario s;
    struct machine *m;
    struct kvm *v0, *v1, *other;
};

/* V0 and the other guest share CPU 0; V1 has CPU 1. */
static void flow_corner_setup(struct flow_corner *f)
{
    f->s = rig_scenario(RIG_KVM, PROGRAM_SPIN);
    f->s.machine.time_slice = SLICE;
    f->s.machine.iommu = (struct scenario_iommu){
        .units = 1, .entries = 64, .cache_entries = 16, .cache_ways = 4};
    f->s.machine.iommu.x2apic = f->s.machine.iommu.source_check = true;
    f->s.vm[0].vcpus = 2;
    f->s.vm[1].cpu = 0;
    f->s.duration = 20 * SIM_MS;
    for (uint32_t i = 0; i < 2; i++) {
        f->s.vm[i].features.apicv = (struct kvm_apicv)IPIV;
        f->s.vm[i].features.vtd_posting = true;
        f->s.device[i].vectors = VECTORS;
        f->s.device[i].moderation = 0;
        f->s.device[i].ack_moderation = 0;
    }
}

static void start(struct flow_corner *f)
{
    f->m = machine_build(&f->s);
    f->v0 = f->m->vcpu[0].kvm;
    f->v1 = f->m->vcpu[1].kvm;
    f->other = f->m->vcpu[2].kvm;
}

static void flow_corner_teardown(struct flow_corner *f)
{
    struct figures figures;

    rig_finish(f->m, &figures);
    figures_free(&figures);
    machine_free(f->m);
}

static uint64_t exits_of(const struct kvm *k)
{
    uint64_t n = 0;

    for (unsigned r = 0; r < EXIT_REASON_LIMIT; r++)
        n += k->vmcs.exits[r];
    return n;
}

/* V0 has come into this state, and the other guest has run for a while. */
static void run_until_other_runs(struct flow_corner *f, enum kvm_state state)
{
    const struct cpu_node *n = &f->m->cpu[0].node;

    while (f->v0->state == state && machine_next(f->m) <= machine_end(f->m))
        machine_run(f->m, machine_next(f->m));
    while (!(f->v0->state == state && n->cpu.non_root &&
             n->cpu.vmcs == &f->other->vmcs) &&
           machine_next(f->m) <= machine_end(f->m))
        machine_run(f->m, machine_next(f->m));
    machine_run(f->m, machine_now(f->m) + 10 * SIM_US);
    ASSERT_EQ(f->v0->state, state);
}

TEST_F(flow_corner, thousand_messages_for_a_preempted_guest_interrupt_nobody)
{
    const struct irq_counts *c;
    uint64_t interrupts, exits;

    start(f);
    c = &f->m->irqs.count[f->m->device[0].fn.config.irq_source];
    machine_run(f->m, 2 * SIM_MS);
    run_until_other_runs(f, KVM_RUNNABLE);
    interrupts = f->m->cpu[0].host->interrupts;
    exits = exits_of(f->other);
    for (unsigned i = 0; i < MESSAGES; i++) {
        pcie_node_event(&f->m->device[0].fn, i % VECTORS);
        pcie_node_cause(&f->m->device[0].fn, i % VECTORS);
        machine_run(f->m, machine_now(f->m) + 500 * SIM_NS);
    }
    EXPECT_EQ(f->v0->state, KVM_RUNNABLE, "still");
    EXPECT_EQ(f->m->cpu[0].host->interrupts, interrupts);
    EXPECT_EQ(exits_of(f->other), exits);
    machine_run(f->m, machine_now(f->m) + 2 * SLICE);
    EXPECT_EQ(c->delivered, VECTORS, "each vector once");
    EXPECT_EQ(c->by_reason[IRQ_PIR_SET], MESSAGES - VECTORS);
}

/* V1 sends one IPI to V0, which halts. */
static void sends_one(struct flow_corner *f)
{
    struct machine *m = f->m;
    uint64_t loop;

    rig_code(m, 1);
    rig_op(m, OP_WORK, 15000000);
    rig_wrmsr(m, MSR_ICR, WORKLOAD_TIMER_VECTOR);
    loop = text_here(&m->text);
    rig_op(m, OP_WORK, 100000);
    rig_op(m, OP_JMP, loop);
}

TEST_F(flow_corner, ipi_to_a_blocked_guest_exits_the_one_that_has_its_cpu)
{
    uint64_t v0, v1, other;

    f->s.program[0].kind = PROGRAM_IDLE;
    f->s.machine.time_slice = SIM_S; /* its ends are exits as well */
    start(f);
    sends_one(f);
    run_until_other_runs(f, KVM_BLOCKED);
    machine_run(f->m, 4 * SIM_MS);
    v0 = exits_of(f->v0);
    v1 = exits_of(f->v1);
    other = exits_of(f->other);
    while (f->v0->state == KVM_BLOCKED &&
           machine_next(f->m) <= machine_end(f->m))
        machine_run(f->m, machine_next(f->m));
    EXPECT_EQ(f->v0->state, KVM_RUNNABLE, "woken");
    EXPECT_EQ(exits_of(f->v0), v0);
    EXPECT_EQ(exits_of(f->v1), v1, "IPI virtualization");
    EXPECT_EQ(exits_of(f->other), other + 1);
}
