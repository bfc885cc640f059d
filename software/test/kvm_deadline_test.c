/* Deadlines of the guest at the end of what can be counted. */
#include "software/apic_code.h"
#include "software/test/moments.h"
#include "software/test/rungs.h"

static const struct row {
    const char *name;
    enum kvm_guest_timer timer;
    struct kvm_apicv apicv;
} rows[] = {
    {"host", KVM_TIMER_HOST, SOFTWARE},
    {"preemption", KVM_TIMER_PREEMPTION, SOFTWARE},
    {"virtualized", KVM_TIMER_VIRTUALIZED, APICV},
};

static struct machine *with_deadline(const struct row *row)
{
    struct scenario s = moment_scenario(RIG_KVM);
    struct machine *m;

    for (int i = 0; i < 2; i++) {
        s.vm[i].features.guest_timer = row->timer;
        s.vm[i].features.apicv = row->apicv;
    }
    m = machine_build(&s);
    rig_code(m, 1);
    rig_wrmsr(m, MSR_X2APIC + APIC_LVT_TIMER / 16,
              LVT_TSC_DEADLINE | WORKLOAD_TIMER_VECTOR);
    return m;
}

/* It never comes, and neither the guest nor its host's other interrupts notice.
 */
static void expect_quiet(const struct row *row, uint64_t deadline)
{
    struct machine *m = with_deadline(row);
    const struct machine_cpu *c = &m->cpu[1];

    rig_wrmsr(m, MSR_TSC_DEADLINE, deadline);
    rig_spin(m, 100000);
    machine_run(m, 2 * SIM_MS);
    EXPECT_EQ(m->irqs.count[c->kvm->config.timer_source].sent, 0);
    EXPECT_EQ(c->node.account.exits[EXIT_PREEMPTION_TIMER], 0);
    EXPECT_EQ(c->host->interrupts, 0, "the host's timer is silent");
    EXPECT_TRUE(c->node.cpu.non_root, "deadline %jx", (uintmax_t)deadline);
    send_assigned(m, 0);
    run_for(m, 100 * SIM_US);
    EXPECT_EQ(c->node.account.handled, 1, "deadline %jx", (uintmax_t)deadline);
    machine_free(m);
}

/* The last ones are at the end of simulated time; the first one has more clocks
 * of the host's timer than its 32 bits count, which an APIC in x2APIC mode
 * refuses. */
TEST_EACH(kvm_deadline, too_far_to_be_counted_disturbs_nobody, struct row, rows)
{
    struct machine *m = with_deadline(row);
    const struct kvm_config *c = &m->cpu[1].kvm->config;
    uint64_t end = SIM_TIME_NEVER / c->core_clock.period;
    uint64_t clocks = c->timer_clock.period / c->core_clock.period + 1;
    const uint64_t far[] = {
        clocks << 32, UINT64_C(1) << 42, end - clocks, end - 1,
        end,          end + 1,           UINT64_MAX};

    machine_free(m);
    for (unsigned i = 0; i < sizeof far / sizeof *far; i++)
        expect_quiet(row, far[i]);
}

/* Software disabling masks the timer: it expires all the same, for nobody. */
TEST_EACH(kvm_deadline, of_a_timer_that_the_svr_has_masked_is_lost, struct row,
          rows)
{
    struct machine *m = with_deadline(row);
    const struct machine_cpu *c = &m->cpu[1];
    uint64_t answer = c->workload->stack - 0x800;

    rig_wrmsr(m, MSR_TSC_DEADLINE, 2930000);
    rig_wrmsr(m, MSR_X2APIC + APIC_SVR / 16, SPURIOUS_VECTOR);
    rig_op(m, OP_WORK, 4000000);
    rig_wrmsr(m, MSR_X2APIC + APIC_SVR / 16, SVR_ENABLE | SPURIOUS_VECTOR);
    rig_wrmsr(m, MSR_X2APIC + APIC_LVT_TIMER / 16,
              LVT_TSC_DEADLINE | WORKLOAD_TIMER_VECTOR);
    rig_op(m, OP_RDMSR, MSR_TSC_DEADLINE);
    rig_op(m, OP_STORE, answer);
    rig_spin(m, 100000);
    mem_write64(&m->mem, answer, 1);
    machine_run(m, 3 * SIM_MS);
    EXPECT_EQ(mem_read64(&m->mem, answer), 0);
    EXPECT_EQ(m->irqs.count[c->kvm->config.timer_source].delivered, 0);
    EXPECT_EQ(c->node.account.handled, 0);
    machine_free(m);
}
