/*
 * Virtual CPUs that share CPUs: each state and transition, who is told, and
 * that nothing is lost on the way.  The invariants watch every run.
 */
#include "sim/core/pid.h"
#include "software/kvm_private.h"
#include "software/test/rungs.h"

#define SLICE (100 * SIM_US)

/* Two CPUs with two virtual machines each; devices that are silent at first. */
static struct scenario shared(struct kvm_apicv apicv)
{
    struct scenario s = rig_scenario(RIG_KVM, PROGRAM_SPIN);

    rig_add_vm(&s, RIG_KVM, PROGRAM_SPIN);
    rig_add_vm(&s, RIG_KVM, PROGRAM_SPIN);
    rig_pulses(&s, PULSE_EXPONENTIAL, 60 * SIM_US);
    s.machine.cpus = 2;
    s.machine.time_slice = SLICE;
    for (uint32_t i = 0; i < 4; i++) {
        s.vm[i].cpu = i % 2;
        s.vm[i].features.apicv = apicv;
    }
    return s;
}

/* Devices post by the remapping unit. */
static struct scenario posting(void)
{
    struct scenario s = shared((struct kvm_apicv)IPIV);

    s.machine.iommu.units = 1;
    s.machine.iommu.entries = 64;
    s.machine.iommu.x2apic = true;
    for (uint32_t i = 0; i < 4; i++)
        s.vm[i].features.vtd_posting = true;
    return s;
}

/* The programs of both virtual machines of CPU 1, CPU 0 being the control. */
static void set_programs(struct scenario *s, enum scenario_program_kind first,
                         enum scenario_program_kind second)
{
    s->program[1].kind = first;
    s->program[3].kind = second;
}

struct kvm_sched {
    struct scenario s;
    struct machine *m;
    struct kvm *a, *b; /* of CPU 1 */
    struct kvm_cpu *cpu;
};

static void kvm_sched_setup(struct kvm_sched *f)
{
    *f = (struct kvm_sched){0};
}

static void kvm_sched_teardown(struct kvm_sched *f)
{
    struct figures figures;

    if (!f->m)
        return;
    rig_finish(f->m, &figures);
    figures_free(&figures);
    machine_free(f->m);
}

/* Built and booted; the devices send when a test says so. */
static void start(struct kvm_sched *f, struct scenario s)
{
    for (uint32_t i = 0; i < s.device_count; i++)
        s.device[i].nic.pulse = PULSE_NONE;
    f->s = s;
    f->m = machine_build(&f->s);
    f->a = f->m->vcpu[1].kvm;
    f->b = f->m->vcpu[3].kvm;
    f->cpu = f->m->cpu[1].host;
    machine_run(f->m, f->s.warmup + SIM_US);
}

static void run_for(struct kvm_sched *f, sim_time time)
{
    machine_run(f->m, machine_now(f->m) + time);
}

/* The device of a virtual machine sends its interrupt. */
static void interrupt(struct kvm_sched *f, uint32_t vm)
{
    pcie_node_event(&f->m->device[vm].fn, 0);
    pcie_node_cause(&f->m->device[vm].fn, 0);
}

static uint64_t pid_control(const struct kvm_sched *f, const struct kvm *k)
{
    return mem_read64(&f->m->mem, kvm_descriptor(&k->config) + PID_CONTROL);
}

static bool in_pir(const struct kvm_sched *f, const struct kvm *k)
{
    uint8_t v = k->config.irq[0].guest_vector;
    uint64_t at = kvm_descriptor(&k->config) + PID_PIR + 8 * (v / 64);

    return mem_read64(&f->m->mem, at) >> v % 64 & 1;
}

static uint64_t handled(const struct kvm_sched *f, uint32_t vm)
{
    return f->m->irqs.count[f->m->device[vm].fn.config.irq_source].delivered;
}

/* The other CPU's code sends to the first one; what it then has to tell CPU 1
 * is taken away from it. */
struct told {
    bool kick, notify;
};

static struct told send_by(struct kvm_sched *f, uint8_t mode, uint8_t vector)
{
    struct kvm_cpu *from = f->m->cpu[0].host;
    struct kvm_sending s = {.from = from, .mode = mode, .vector = vector};
    struct cpu_env env = {.node = &f->m->cpu[0].node,
                          .mem = &f->m->mem,
                          .irqs = &f->m->irqs,
                          .now = machine_now(f->m)};
    struct told told;

    kvm_send(f->a, &env, &s);
    told = (struct told){from->kick >> 1 & 1, from->notify >> 1 & 1};
    from->kick = from->notify = 0;
    return told;
}

static struct told send_to(struct kvm_sched *f, uint8_t vector)
{
    return send_by(f, DELIVERY_FIXED, vector);
}

/* Until it has come into this state, and a part of a slice longer. */
static void run_until(struct kvm_sched *f, const struct kvm *k,
                      enum kvm_state state)
{
    bool before = k->state == state;

    while ((before || k->state != state) &&
           machine_next(f->m) <= machine_end(f->m)) {
        machine_run(f->m, machine_next(f->m));
        before = before && k->state == state;
    }
    run_for(f, SLICE / 4);
    EXPECT_EQ(k->state, state);
}

/* ---- turns ---- */

TEST_F(kvm_sched, two_that_compute_get_half_of_the_cpu_each)
{
    const struct kvm_sched_counts *n;
    uint64_t before;

    start(f, shared((struct kvm_apicv)SOFTWARE));
    n = &f->m->host->counts;
    before = n->preemptions;
    run_for(f, 20 * SLICE);
    EXPECT_NEAR(n->preemptions - before, 2 * 20, 4, "on each of two CPUs");
    EXPECT_EQ(n->switches, n->preemptions, "nobody blocks");
    EXPECT_EQ(n->migrations, 0, "they are pinned");
}

static unsigned runs[4];

static void count_runs(struct kvm_sched *f, unsigned slices)
{
    memset(runs, 0, sizeof runs);
    for (unsigned i = 0; i < slices; i++, run_for(f, SLICE))
        for (unsigned v = 0; v < f->m->vcpus; v++)
            runs[v] += f->m->vcpu[v].kvm->state == KVM_RUNNING;
}

TEST_F(kvm_sched, three_take_turns_in_their_order)
{
    struct scenario s = shared((struct kvm_apicv)SOFTWARE);

    for (uint32_t i = 0; i < 4; i++)
        s.vm[i].cpu = i > 0;
    s.duration = 10 * SIM_MS;
    start(f, s);
    count_runs(f, 60);
    EXPECT_EQ(runs[0], 60, "it has a CPU of its own");
    for (unsigned i = 1; i < 4; i++)
        EXPECT_NEAR(runs[i], 20, 2);
}

TEST_F(kvm_sched, no_slice_ends_on_a_cpu_of_ones_own)
{
    struct scenario s = rig_scenario(RIG_KVM, PROGRAM_SPIN);
    struct figures figures;

    rig_without_devices(&s);
    figures = rig_run(&s);
    EXPECT_EQ(rig_count(&figures, "exits.total"), 0);
    EXPECT_FALSE(figures_find(&figures, "scheduling.switches"));
    figures_free(&figures);
}

TEST_F(kvm_sched, one_that_halts_leaves_the_cpu_to_the_other)
{
    struct scenario s = shared((struct kvm_apicv)SOFTWARE);

    set_programs(&s, PROGRAM_IDLE, PROGRAM_SPIN);
    start(f, s);
    EXPECT_EQ(f->a->state, KVM_BLOCKED);
    EXPECT_EQ(f->b->state, KVM_RUNNING);
    run_for(f, 20 * SLICE);
    EXPECT_EQ(f->b->state, KVM_RUNNING, "slice after slice");
    EXPECT_EQ(f->cpu->current, f->b->index);
}

TEST_F(kvm_sched, cpu_halts_when_all_are_blocked)
{
    struct scenario s = shared((struct kvm_apicv)SOFTWARE);

    set_programs(&s, PROGRAM_IDLE, PROGRAM_IDLE);
    start(f, s);
    EXPECT_EQ(f->m->cpu[1].node.step, STEP_WAIT);
    EXPECT_FALSE(f->m->cpu[1].node.cpu.non_root);
    interrupt(f, 1);
    run_for(f, SLICE);
    interrupt(f, 3);
    run_for(f, SLICE);
    EXPECT_EQ(handled(f, 1), 1);
    EXPECT_EQ(handled(f, 3), 1);
    EXPECT_EQ(f->m->cpu[1].node.step, STEP_WAIT);
}

TEST_F(kvm_sched, switch_costs_what_the_profile_says)
{
    struct scenario s = shared((struct kvm_apicv)SOFTWARE);
    struct figures cheap = rig_exchange(&s, NULL), dear;
    uint64_t more = 1000;

    s.platform.kvm.context_switch += more;
    dear = rig_exchange(&s, NULL);
    EXPECT_NEAR(rig_count(&dear, "cycles.host"),
                rig_count(&cheap, "cycles.host") +
                    more * rig_count(&cheap, "scheduling.switches"),
                rig_count(&cheap, "cycles.host") / 20);
    EXPECT_GT(rig_count(&dear, "cycles.host"),
              rig_count(&cheap, "cycles.host"));
    figures_free(&cheap);
    figures_free(&dear);
}

/* ---- the descriptor in each state ---- */

TEST_F(kvm_sched, running_has_the_notification_vector)
{
    start(f, posting());
    run_until(f, f->a, KVM_RUNNING);
    EXPECT_EQ(pid_nv(pid_control(f, f->a)), KVM_NOTIFICATION_VECTOR);
    EXPECT_FALSE(pid_control(f, f->a) & PID_SN);
    EXPECT_EQ(pid_ndst(pid_control(f, f->a)), 1);
    interrupt(f, 1);
    run_for(f, 10 * SIM_US);
    EXPECT_EQ(handled(f, 1), 1, "without an exit");
    EXPECT_EQ(f->m->cpu[1].node.account.exits[EXIT_EXTERNAL_INTERRUPT],
              f->m->host->counts.preemptions / 2, "slices end");
}

TEST_F(kvm_sched, preempted_is_told_of_nothing)
{
    uint64_t interrupts;

    start(f, posting());
    run_until(f, f->a, KVM_RUNNABLE);
    EXPECT_TRUE(pid_control(f, f->a) & PID_SN);
    interrupts = f->cpu->interrupts;
    for (int i = 0; i < 10; i++) {
        interrupt(f, 1);
        run_for(f, 2 * SIM_US);
    }
    EXPECT_TRUE(in_pir(f, f->a));
    EXPECT_FALSE(pid_control(f, f->a) & PID_ON);
    EXPECT_EQ(f->cpu->interrupts, interrupts, "no notification");
    EXPECT_EQ(handled(f, 1), 0);
    run_until(f, f->a, KVM_RUNNING);
    EXPECT_EQ(handled(f, 1), 1, "one for the vector, when it runs");
}

TEST_F(kvm_sched, blocked_wakes_by_a_vector_of_its_own)
{
    struct scenario s = posting();
    uint64_t exits;

    set_programs(&s, PROGRAM_IDLE, PROGRAM_SPIN);
    start(f, s);
    EXPECT_EQ(f->a->state, KVM_BLOCKED);
    EXPECT_EQ(pid_nv(pid_control(f, f->a)), KVM_WAKEUP_VECTOR);
    EXPECT_FALSE(pid_control(f, f->a) & PID_SN);
    exits = f->m->cpu[1].node.account.exits[EXIT_EXTERNAL_INTERRUPT];
    interrupt(f, 1);
    run_for(f, 5 * SIM_US);
    EXPECT_EQ(f->a->state, KVM_RUNNABLE, "the other one has the CPU");
    EXPECT_EQ(f->m->cpu[1].node.account.exits[EXIT_EXTERNAL_INTERRUPT],
              exits + 1, "the other guest's exit");
    run_for(f, 2 * SLICE);
    EXPECT_EQ(handled(f, 1), 1);
    EXPECT_EQ(f->a->state, KVM_BLOCKED, "again");
}

/* The rule of the scheduler: whoever has the CPU keeps it for its slice. */
TEST_F(kvm_sched, woken_one_waits_for_the_end_of_the_slice)
{
    struct scenario s = posting();

    set_programs(&s, PROGRAM_IDLE, PROGRAM_SPIN);
    start(f, s);
    machine_run(f->m, f->cpu->slice_end + SLICE / 2);
    interrupt(f, 1);
    run_for(f, 5 * SIM_US);
    EXPECT_EQ(f->a->state, KVM_RUNNABLE);
    EXPECT_GT(f->cpu->slice_end, machine_now(f->m) + SLICE / 3);
    machine_run(f->m, f->cpu->slice_end - SIM_US);
    EXPECT_EQ(f->b->state, KVM_RUNNING, "however much it has had");
    EXPECT_EQ(handled(f, 1), 0);
    run_for(f, 10 * SIM_US);
    EXPECT_EQ(handled(f, 1), 1, "then it is its turn");
}

/* What is in PIR without ON is taken over when it runs, or under way. */
TEST_F(kvm_sched, software_leaves_alone_what_is_posted_already)
{
    uint64_t pid;

    start(f, posting());
    run_until(f, f->a, KVM_RUNNABLE);
    pid = kvm_descriptor(&f->a->config);
    pid_post(&f->m->mem, pid, 0x41, false);
    send_to(f, 0x41);
    EXPECT_FALSE(pid_control(f, f->a) & PID_ON);
    send_to(f, 0x42);
    EXPECT_TRUE(pid_control(f, f->a) & PID_ON, "whatever SN says");
    mem_write64(&f->m->mem, pid + 8, 0);
}

static void run_to_mode(struct kvm_sched *f, enum kvm_mode mode)
{
    while ((f->a->mode != mode || f->a->state != KVM_RUNNING) &&
           machine_next(f->m) <= machine_end(f->m))
        machine_run(f->m, machine_next(f->m));
    ASSERT_EQ(f->a->mode, mode);
}

TEST_F(kvm_sched, one_kick_ends_the_guests_turn)
{
    start(f, shared((struct kvm_apicv)APICV));
    run_to_mode(f, KVM_IN_GUEST);
    EXPECT_TRUE(send_to(f, WORKLOAD_IPI_VECTOR).kick);
    EXPECT_FALSE(send_to(f, WORKLOAD_TIMER_VECTOR).kick, "one is on its way");
    run_to_mode(f, KVM_OUTSIDE_GUEST);
    EXPECT_FALSE(send_to(f, f->a->config.irq[0].guest_vector).kick,
                 "it will look before the entry");
    run_to_mode(f, KVM_IN_GUEST);
    EXPECT_TRUE(vecset_empty(&f->a->inbox), "and has");
}

TEST_F(kvm_sched, notification_goes_to_a_guest_not_to_its_host)
{
    start(f, shared((struct kvm_apicv)POSTED));
    run_to_mode(f, KVM_OUTSIDE_GUEST);
    EXPECT_FALSE(send_to(f, WORKLOAD_IPI_VECTOR).notify);
    EXPECT_TRUE(pid_control(f, f->a) & PID_ON);
    run_to_mode(f, KVM_IN_GUEST);
    EXPECT_FALSE(pid_control(f, f->a) & PID_ON, "synced before the entry");
    EXPECT_TRUE(send_to(f, WORKLOAD_TIMER_VECTOR).notify);
    send_to(f, f->a->config.irq[0].guest_vector);
    mem_fetch_and64(&f->m->mem, kvm_descriptor(&f->a->config) + PID_CONTROL,
                    ~PID_ON);
    EXPECT_TRUE(send_to(f, WORKLOAD_IPI_VECTOR).notify, "no kick before it");
    run_for(f, 2 * SLICE);
}

TEST_F(kvm_sched, wakeup_leaves_those_alone_that_have_nothing)
{
    struct scenario s = posting();

    set_programs(&s, PROGRAM_IDLE, PROGRAM_IDLE);
    s.vm[0].cpu = s.vm[2].cpu = 1;
    start(f, s);
    run_for(f, SLICE);
    EXPECT_EQ(f->a->state, KVM_BLOCKED);
    EXPECT_EQ(f->b->state, KVM_BLOCKED);
    interrupt(f, 1);
    run_for(f, SLICE / 10);
    EXPECT_EQ(f->a->state, KVM_RUNNABLE);
    EXPECT_EQ(f->b->state, KVM_BLOCKED);
}

static bool guest_halts(const struct kvm_sched *f, const struct kvm *k)
{
    uint64_t rip = f->m->cpu[1].node.cpu.rip;

    return k->state == KVM_RUNNING && k->blocked &&
           rip_op(rip) == rip_op(k->label[KVM_BLOCK]);
}

/* It has handled an interrupt and found nothing more. */
static void run_to_blocking(struct kvm_sched *f)
{
    struct scenario s = posting();

    set_programs(&s, PROGRAM_IDLE, PROGRAM_SPIN);
    start(f, s);
    interrupt(f, 1);
    while (!guest_halts(f, f->a) && machine_next(f->m) <= machine_end(f->m))
        machine_run(f->m, machine_next(f->m));
    ASSERT_TRUE(guest_halts(f, f->a));
}

TEST_F(kvm_sched, post_between_the_last_look_and_blocking_is_seen)
{
    uint8_t v;

    run_to_blocking(f);
    /* the remapping unit posts, and the notification is still under way */
    v = f->a->config.irq[0].guest_vector;
    pid_post(&f->m->mem, kvm_descriptor(&f->a->config), v, false);
    run_for(f, SIM_US);
    EXPECT_EQ(f->a->state, KVM_RUNNING, "it does not block");
    EXPECT_FALSE(in_pir(f, f->a));
}

TEST_F(kvm_sched, nmi_between_the_last_look_and_blocking_is_seen)
{
    run_to_blocking(f);
    EXPECT_FALSE(send_by(f, DELIVERY_NMI, 0).kick, "it is in root");
    run_for(f, SIM_US);
    EXPECT_EQ(f->a->state, KVM_RUNNING, "it does not block");
    run_for(f, 10 * SIM_US);
    EXPECT_EQ(f->m->vcpu[1].workload->nmis, 1);
}

TEST_F(kvm_sched, timer_of_a_blocked_one_wakes_it)
{
    struct scenario s = shared((struct kvm_apicv)APICV);

    set_programs(&s, PROGRAM_IDLE, PROGRAM_SPIN);
    s.program[1].timer_hz = 2000;
    start(f, s);
    run_for(f, 3 * SIM_MS);
    EXPECT_NEAR(f->m->irqs.count[f->a->config.timer_source].delivered, 6, 1);
}

/* A CPU of the host posts, or queues, for them all. */
static const struct poster_row {
    const char *name;
    struct kvm_apicv apicv;
} poster_rows[] = {
    {"software_apic", SOFTWARE}, {"apicv", APICV}, {"posted", POSTED}};

TEST_EACH(kvm_sched_posters, nothing_is_lost_in_any_state, struct poster_row,
          poster_rows)
{
    static const enum scenario_program_kind kinds[] = {PROGRAM_SPIN,
                                                       PROGRAM_IDLE};

    for (unsigned i = 0; i < 4; i++) {
        struct scenario s = shared(row->apicv);
        struct figures figures;
        uint64_t sent;

        s.machine.cpus = 3;
        s.machine.irq_cpu = true;
        set_programs(&s, kinds[i / 2], kinds[i % 2]);
        figures = rig_exchange(&s, NULL);
        sent = rig_count(&figures, "interrupts.sent");
        EXPECT_GT(sent, 200);
        EXPECT_EQ(rig_count(&figures, "interrupts.delivered") +
                      rig_count(&figures, "interrupts.merged"),
                  sent);
        EXPECT_EQ(rig_count(&figures, "interrupts.pending"), 0);
        figures_free(&figures);
    }
}

TEST(kvm_sched_latency, waiting_for_a_cpu_is_a_hop_of_its_own)
{
    struct scenario s = posting();
    struct figures f = rig_exchange(&s, NULL);

    EXPECT_GT(rig_count(&f, "latency_ns.posted..scheduled_in.count"), 50);
    EXPECT_GT(rig_real(&f, "latency_ns.posted..scheduled_in.max"), 50e3);
    EXPECT_LE(rig_real(&f, "latency_ns.posted..scheduled_in.max"), 110e3);
    figures_free(&f);
}

/* ---- several virtual CPUs that float over the CPUs ---- */

static struct scenario floating(uint32_t vcpus, struct kvm_apicv apicv)
{
    struct scenario s = shared(apicv);

    for (uint32_t i = 0; i < 4; i++) {
        s.vm[i].cpu = 0;
        s.vm[i].cpus = 2;
        s.vm[i].vcpus = vcpus;
        s.vm[i].pinned = false;
    }
    return s;
}

TEST_F(kvm_sched, floating_ones_migrate_with_descriptor_and_timer)
{
    struct scenario s = floating(1, (struct kvm_apicv)POSTED);
    struct figures figures;

    s.vm[3].cpus = 1; /* an odd number makes them change places */
    for (uint32_t i = 0; i < 4; i++) {
        s.program[i].kind = i % 2 ? PROGRAM_IDLE : PROGRAM_SPIN;
        s.program[i].timer_hz = 3000;
    }
    figures = rig_run(&s);
    EXPECT_GT(rig_count(&figures, "scheduling.migrations"), 5);
    EXPECT_GT(rig_count(&figures, "interrupts.by_source.vm0.timer.delivered"),
              5);
    figures_free(&figures);
}

TEST_F(kvm_sched, woken_one_takes_an_idle_cpu)
{
    struct scenario s = floating(1, (struct kvm_apicv)SOFTWARE);

    for (uint32_t i = 0; i < 4; i++)
        s.program[i].kind = i == 2 ? PROGRAM_SPIN : PROGRAM_IDLE;
    start(f, s);
    run_for(f, SLICE);
    interrupt(f, 1);
    run_for(f, SLICE / 3);
    EXPECT_EQ(handled(f, 1), 1, "it does not wait for a slice to end");
}

TEST_F(kvm_sched, woken_one_goes_on_to_another_idle_cpu)
{
    struct scenario s = floating(1, (struct kvm_apicv)SOFTWARE);
    uint32_t current, other = 0;

    for (uint32_t i = 0; i < 4; i++)
        s.program[i].kind = PROGRAM_IDLE;
    s.program[0].handler_cycles = 1000000; /* longer than this takes */
    for (uint32_t i = 1; i < 4; i++)
        s.program[i].handler_cycles = s.program[0].handler_cycles;
    start(f, s);
    current = f->m->host->cpu[0].current;
    while (other == current || f->m->vcpu[other].kvm->cpu != 0)
        other++;
    interrupt(f, other);
    interrupt(f, current); /* now it needs the CPU itself */
    run_for(f, SLICE / 3);
    EXPECT_EQ(f->m->vcpu[current].kvm->cpu, 0);
    EXPECT_EQ(f->m->vcpu[current].kvm->state, KVM_RUNNING);
    EXPECT_EQ(f->m->vcpu[other].kvm->cpu, 1);
    EXPECT_EQ(f->m->vcpu[other].kvm->state, KVM_RUNNING);
}

TEST(kvm_sched_smp, ipis_of_overcommitted_machines_all_arrive)
{
    static const struct kvm_apicv rungs[] = {
        SOFTWARE, APICV, POSTED, IPIV, IPIV_ALONE, IPIV_DELIVERY};

    for (unsigned i = 0; i < sizeof rungs / sizeof *rungs; i++) {
        struct scenario s = floating(2, rungs[i]);
        struct figures f;

        s.program[0].kind = s.program[2].kind = PROGRAM_IPI;
        s.program[1].kind = s.program[3].kind = PROGRAM_IPI_WAKE;
        s.program[0].message_work_cycles = 20000;
        s.program[1].message_work_cycles = 50000;
        f = rig_run(&s);
        EXPECT_GT(rig_count(&f, "interrupts.by_source.vm0.ipi.delivered"), 50);
        EXPECT_GT(rig_count(&f, "interrupts.by_source.vm1.ipi.delivered"), 10);
        EXPECT_EQ(rig_count(&f, "interrupts.dropped"), 0);
        EXPECT_LE(rig_count(&f, "interrupts.pending"), 12);
        figures_free(&f);
    }
}
