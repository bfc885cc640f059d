/* Who watches the guest's timer, and the exits that it costs. */
#include "software/apic_code.h"
#include "software/test/moments.h"
#include "software/test/rungs.h"

/* Two guests with a timer of 20 kHz, on hosts without a tick; silent devices.
 */
static struct scenario guests(enum scenario_program_kind kind,
                              enum kvm_guest_timer timer,
                              enum scenario_timer_mode mode,
                              struct kvm_apicv apicv)
{
    struct scenario s = rig_scenario(RIG_KVM, kind);

    rig_pulses(&s, PULSE_PERIODIC, SIM_S);
    for (int i = 0; i < 2; i++) {
        s.program[i].timer_hz = 20000;
        s.program[i].timer_mode = mode;
        s.vm[i].features.guest_timer = timer;
        s.vm[i].features.apicv = apicv;
    }
    return s;
}

/* Expiries that reached a guest's handler; the run begins and ends at any
 * place between the exits of one. */
static uint64_t expiries(const struct figures *f)
{
    uint64_t n = timers_delivered(f);

    EXPECT_GT(n, 160, "nearly 20 kHz for 5 ms");
    EXPECT_LE(n, 2 * 5 * 20 + 4);
    return n;
}

static void expect_each(uint64_t count, uint64_t each, uint64_t n,
                        const char *what)
{
    EXPECT_LE(count, each * n + (each ? 4 : 0), "%s", what);
    EXPECT_GE(count + (each ? 4 : 0), each * n, "%s", what);
}

static const struct row {
    const char *name;
    enum kvm_guest_timer timer;
    enum scenario_timer_mode mode;
    struct kvm_apicv apicv;
    /* exits for each expiry: of the host's timer, of the preemption timer,
     * and by writes of MSRs, those of the virtual-APIC page among them */
    uint64_t external, preemption, writes;
} rows[] = {
    {"host_periodic", KVM_TIMER_HOST, TIMER_MODE_PERIODIC, {0}, 1, 0, 1},
    {"host_one_shot", KVM_TIMER_HOST, TIMER_MODE_ONE_SHOT, {0}, 1, 0, 2},
    {"host_deadline", KVM_TIMER_HOST, TIMER_MODE_TSC_DEADLINE, {0}, 1, 0, 2},
    {"host_deadline_apicv", KVM_TIMER_HOST, TIMER_MODE_TSC_DEADLINE, APICV, 1,
     0, 1},
    {"preemption_periodic",
     KVM_TIMER_PREEMPTION,
     TIMER_MODE_PERIODIC,
     {0},
     0,
     1,
     1},
    {"preemption_one_shot",
     KVM_TIMER_PREEMPTION,
     TIMER_MODE_ONE_SHOT,
     {0},
     0,
     1,
     2},
    {"preemption_deadline",
     KVM_TIMER_PREEMPTION,
     TIMER_MODE_TSC_DEADLINE,
     {0},
     0,
     1,
     2},
    {"preemption_deadline_apicv", KVM_TIMER_PREEMPTION, TIMER_MODE_TSC_DEADLINE,
     APICV, 0, 1, 1},
    {"virtualized_deadline", KVM_TIMER_VIRTUALIZED, TIMER_MODE_TSC_DEADLINE,
     APICV, 0, 0, 0},
    {"virtualized_periodic", KVM_TIMER_VIRTUALIZED, TIMER_MODE_PERIODIC, APICV,
     1, 0, 0},
    {"virtualized_one_shot", KVM_TIMER_VIRTUALIZED, TIMER_MODE_ONE_SHOT, APICV,
     1, 0, 1},
};

TEST_EACH(kvm_timer, expiry_in_a_running_guest, struct row, rows)
{
    struct scenario s = guests(PROGRAM_SPIN, row->timer, row->mode, row->apicv);
    struct figures f = rig_run(&s);
    uint64_t n = expiries(&f);

    expect_each(rig_count(&f, "latency_ns.timer_expiry..guest_handler.count"),
                1, n, "the host's own timer is not among them");
    expect_each(exits(&f, "EXTERNAL_INTERRUPT"), row->external, n, "host");
    expect_each(exits(&f, "PREEMPTION_TIMER"), row->preemption, n, "own");
    expect_each(exits(&f, "MSR_WRITE") + exits(&f, "APIC_WRITE"), row->writes,
                n, "writes");
    expect_each(rig_count(&f, "exits.total"),
                row->external + row->preemption + row->writes, n, "all");
    figures_free(&f);
}

/* Neither the preemption timer nor the processor counts for a guest that is
 * not there. */
TEST_EACH(kvm_timer, expiry_wakes_a_halted_guest, struct row, rows)
{
    struct scenario s = guests(PROGRAM_IDLE, row->timer, row->mode, row->apicv);
    struct figures f = rig_run(&s);
    uint64_t n = expiries(&f);

    expect_each(exits(&f, "EXTERNAL_INTERRUPT"), 0, n, "it comes in root");
    expect_each(exits(&f, "PREEMPTION_TIMER"), 0, n, "it does not run");
    expect_each(exits(&f, "HLT"), 1, n, "halts");
    expect_each(rig_count(&f, "exits.total"), 1 + row->writes, n, "all");
    figures_free(&f);
}

static double latency(enum kvm_guest_timer timer, const char *rank)
{
    struct scenario s = guests(PROGRAM_SPIN, timer, TIMER_MODE_TSC_DEADLINE,
                               (struct kvm_apicv)APICV);
    struct figures f = rig_run(&s);
    char key[80];
    double ns;

    snprintf(key, sizeof key, "latency_ns.timer_expiry..guest_handler.%s",
             rank);
    ns = rig_real(&f, key);
    figures_free(&f);
    return ns;
}

TEST(kvm_timer_latency, falls_from_host_to_preemption_to_virtualized)
{
    double preemption = latency(KVM_TIMER_PREEMPTION, "mean");

    EXPECT_GT(latency(KVM_TIMER_HOST, "mean"), preemption);
    EXPECT_GT(preemption, latency(KVM_TIMER_VIRTUALIZED, "mean"));
    EXPECT_GT(latency(KVM_TIMER_VIRTUALIZED, "min"), 0);
}

TEST(kvm_timer_latency, preemption_timer_ends_at_a_tick_not_before_the_deadline)
{
    const double ns_of_tick = 1e9 * (1 << PREEMPTION_TIMER_SHIFT) / 2930000000;
    struct scenario s = guests(PROGRAM_SPIN, KVM_TIMER_PREEMPTION,
                               TIMER_MODE_TSC_DEADLINE, (struct kvm_apicv){0});
    struct figures f;
    double spread;

    f = rig_run(&s);
    spread = rig_real(&f, "latency_ns.timer_expiry..vlapic_accept.max") -
             rig_real(&f, "latency_ns.timer_expiry..vlapic_accept.min");
    EXPECT_GT(rig_real(&f, "latency_ns.timer_expiry..vlapic_accept.min"),
              490 * 1e9 / 2930000000, "the exit comes after it");
    EXPECT_LE(spread, 2 * ns_of_tick);
    figures_free(&f);
}

/* What hides an early end elsewhere takes no time here: it would exit twice. */
TEST(kvm_timer_latency, preemption_timer_is_not_early_where_nothing_takes_time)
{
    struct scenario s = guests(PROGRAM_SPIN, KVM_TIMER_PREEMPTION,
                               TIMER_MODE_TSC_DEADLINE, (struct kvm_apicv){0});
    struct platform *p = &s.platform;
    struct figures f;

    p->cpu.vm_exit = p->cpu.vm_entry = p->cpu.sti = 0;
    p->kvm.switch_out = p->kvm.preemption_timer = 0;
    f = rig_run(&s);
    expect_each(exits(&f, "PREEMPTION_TIMER"), 1, expiries(&f), "one each");
    figures_free(&f);
}

/* ---- single moments, on the second of two CPUs ---- */

struct kvm_timer_moment {
    struct scenario scenario;
    struct machine *machine;
    struct machine_cpu *cpu;
};

static void build(struct kvm_timer_moment *f, enum kvm_guest_timer timer,
                  struct kvm_apicv apicv)
{
    if (f->machine)
        machine_free(f->machine);
    f->scenario = guests(PROGRAM_SPIN, timer, TIMER_MODE_TSC_DEADLINE, apicv);
    for (int i = 0; i < 2; i++)
        f->scenario.program[i].timer_hz = 0;
    f->scenario.warmup = 0;
    f->machine = machine_build(&f->scenario);
    f->cpu = &f->machine->cpu[1];
    rig_code(f->machine, 1);
    rig_wrmsr(f->machine, MSR_X2APIC + APIC_LVT_TIMER / 16,
              LVT_TSC_DEADLINE | WORKLOAD_TIMER_VECTOR);
}

static void kvm_timer_moment_setup(struct kvm_timer_moment *f)
{
    build(f, KVM_TIMER_PREEMPTION, (struct kvm_apicv){0});
}

static void kvm_timer_moment_teardown(struct kvm_timer_moment *f)
{
    finish(f->machine, 0);
}

static void deadline_at(struct kvm_timer_moment *f, uint64_t tsc)
{
    rig_wrmsr(f->machine, MSR_TSC_DEADLINE, tsc);
}

static uint64_t delivered(const struct kvm_timer_moment *f)
{
    return f->machine->irqs.count[f->cpu->kvm->config.timer_source].delivered;
}

TEST_F(kvm_timer_moment, deadline_in_the_past_is_injected_by_the_same_exit)
{
    deadline_at(f, 1);
    rig_spin(f->machine, 100000);
    machine_run(f->machine, SIM_MS);
    EXPECT_EQ(delivered(f), 1);
    EXPECT_EQ(exits_for(f->machine, EXIT_PREEMPTION_TIMER), 0);
    EXPECT_EQ(exits_for(f->machine, EXIT_EXTERNAL_INTERRUPT), 0);
}

TEST_F(kvm_timer_moment, deadline_too_far_for_the_preemption_timer_is_the_hosts)
{
    for (int far = 0; far <= 1; far++) {
        build(f, KVM_TIMER_PREEMPTION, (struct kvm_apicv){0});
        /* the last one that its 32 bits reach, from the very beginning */
        deadline_at(f, (UINT64_C(1) << (32 + PREEMPTION_TIMER_SHIFT)) +
                           (far ? 10000000 : 0));
        rig_spin(f->machine, 100000);
        machine_run(f->machine, SIM_MS);
        EXPECT_EQ(f->cpu->kvm->timer_on_host, far);
        EXPECT_EQ((vmcs_get(&f->cpu->kvm->vmcs, VMCS_PIN_CONTROLS) &
                   PIN_PREEMPTION_TIMER) == 0,
                  far);
    }
}

/* Armed while it runs, watched by the host while it is halted, and not by the
 * host any more when a device has woken it. */
static void expect_back_from_host(struct kvm_timer_moment *f,
                                  uint64_t preemption)
{
    uint64_t before;

    deadline_at(f, 2 * 2930000); /* 2 ms */
    rig_op(f->machine, OP_HLT, 0);
    rig_spin(f->machine, 100000);
    machine_run(f->machine, SIM_MS);
    EXPECT_TRUE(f->cpu->kvm->blocked);
    EXPECT_TRUE(f->cpu->kvm->timer_on_host);
    send_assigned(f->machine, 0);
    machine_run(f->machine, SIM_MS * 3 / 2);
    EXPECT_FALSE(f->cpu->kvm->timer_on_host);
    before = exits_for(f->machine, EXIT_EXTERNAL_INTERRUPT);
    EXPECT_EQ(delivered(f), 0);
    machine_run(f->machine, 3 * SIM_MS);
    EXPECT_EQ(delivered(f), 1);
    EXPECT_EQ(exits_for(f->machine, EXIT_EXTERNAL_INTERRUPT), before,
              "the host's timer is silent");
    EXPECT_EQ(exits_for(f->machine, EXIT_PREEMPTION_TIMER), preemption);
}

TEST_F(kvm_timer_moment, preemption_timer_takes_a_deadline_back_from_the_host)
{
    expect_back_from_host(f, 1);
}

TEST_F(kvm_timer_moment, processor_takes_a_deadline_back_from_the_host)
{
    build(f, KVM_TIMER_VIRTUALIZED, (struct kvm_apicv)APICV);
    expect_back_from_host(f, 0);
}

TEST_F(kvm_timer_moment, virtualized_deadline_reads_back_until_it_expires)
{
    const struct workload *w;

    build(f, KVM_TIMER_VIRTUALIZED, (struct kvm_apicv)APICV);
    w = f->cpu->workload;
    deadline_at(f, 2930000);
    rig_op(f->machine, OP_RDMSR, MSR_TSC_DEADLINE);
    rig_op(f->machine, OP_STORE, w->stack - 0x800);
    rig_op(f->machine, OP_WORK, 4000000);
    rig_op(f->machine, OP_RDMSR, MSR_TSC_DEADLINE);
    rig_op(f->machine, OP_STORE, w->stack - 0x7f8);
    rig_spin(f->machine, 100000);
    mem_write64(&f->machine->mem, w->stack - 0x7f8, 1);
    machine_run(f->machine, 3 * SIM_MS);
    EXPECT_EQ(mem_read64(&f->machine->mem, w->stack - 0x800), 2930000);
    EXPECT_EQ(mem_read64(&f->machine->mem, w->stack - 0x7f8), 0);
    EXPECT_EQ(exits_for(f->machine, EXIT_MSR_READ), 0);
    EXPECT_EQ(delivered(f), 1);
}

/* ---- the workload's timer ---- */

TEST(workload_timer, has_the_same_rate_in_each_mode)
{
    for (int mode = 0; mode <= TIMER_MODE_TSC_DEADLINE; mode++) {
        struct scenario s = rig_scenario(RIG_BARE_METAL, PROGRAM_IDLE);
        struct figures f;
        uint64_t n;

        rig_pulses(&s, PULSE_PERIODIC, SIM_S);
        for (int i = 0; i < 2; i++) {
            s.program[i].timer_hz = 10000;
            s.program[i].timer_mode = (enum scenario_timer_mode)mode;
        }
        f = rig_run(&s);
        n = rig_count(&f, "interrupts.by_source.cpu1.timer.delivered");
        if (mode == TIMER_MODE_ONE_SHOT)
            EXPECT_EQ(n, 49, "each begins when the one before is handled");
        else
            EXPECT_EQ(n, 50, "10 kHz for 5 ms");
        figures_free(&f);
    }
}
