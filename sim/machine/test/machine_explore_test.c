/* Machines in every order of their events: which states are the same, and that
 * a machine which loses a wake-up is found out. */
#include <string.h>

#include "sim/machine/state.h"
#include "sim/machine/test/rig.h"
#include "software/test/rungs.h"

#define BOOTED (100 * SIM_US)

struct machine_explore {
    struct scenario s;
    struct machine *m;
    struct explore_limits limits;
    struct explore_result r;
};

/* Two devices interrupt an idle guest soon after the warm-up, then the run
 * ends. */
static void machine_explore_setup(struct machine_explore *f)
{
    f->s = rig_scenario(RIG_KVM, PROGRAM_IDLE);
    f->s.warmup = BOOTED;
    f->s.duration = 40 * SIM_US;
    f->s.machine.cpus = 1;
    f->s.vm_count = 1;
    f->s.vm[0].assigned_count = 2;
    f->s.vm[0].assigned[1] = 1;
    rig_pulses(&f->s, PULSE_PERIODIC, BOOTED + 10 * SIM_US);
    f->limits = (struct explore_limits){0, 20000, 10000};
}

static void machine_explore_teardown(struct machine_explore *f)
{
    explore_free(&f->r);
    machine_free(f->m);
}

static void build(struct machine_explore *f)
{
    f->m = machine_build_small(&f->s);
    machine_run(f->m, f->s.warmup);
}

static void search(struct machine_explore *f)
{
    machine_explore(f->m, &f->limits, &f->r);
}

static void search_finds_nothing(struct machine_explore *f)
{
    search(f);
    EXPECT_FALSE(f->r.violated, "%s", f->r.violation);
    EXPECT_TRUE(f->r.exhausted);
}

static void search_finds(struct machine_explore *f, const char *violation)
{
    search(f);
    ASSERT_TRUE(f->r.violated);
    EXPECT_TRUE(strstr(f->r.violation, violation), "%s", f->r.violation);
}

TEST_F(machine_explore, two_messages_of_one_instant_come_in_both_orders)
{
    build(f);
    search_finds_nothing(f);
    EXPECT_GT(f->r.ended, 0);
    EXPECT_GT(f->r.transitions, f->r.depth, "not in one order alone");
}

TEST_F(machine_explore, a_window_lets_messages_meet_every_step_of_the_host)
{
    uint32_t states;

    build(f);
    search(f);
    states = f->r.states;
    explore_free(&f->r);
    f->limits.window = 100 * SIM_NS;
    search_finds_nothing(f);
    EXPECT_GT(f->r.states, 3 * states);
}

TEST_F(machine_explore, the_machine_goes_on_as_if_nothing_had_been)
{
    struct machine *other;

    build(f);
    search(f);
    other = machine_build_small(&f->s);
    machine_run(other, SIM_TIME_NEVER);
    machine_run(f->m, SIM_TIME_NEVER);
    EXPECT_EQ(machine_hash(f->m), machine_hash(other));
    EXPECT_EQ(f->m->irqs.serial, other->irqs.serial);
    machine_free(other);
}

/* Of a guest that halts: what is posted, nobody tells. */
static void forget_kick(struct machine *m)
{
    m->cpu[0].kvm->queued = 1;
}

TEST_F(machine_explore, a_lost_wake_up_is_found_with_the_way_to_it)
{
    build(f);
    forget_kick(f->m);
    search_finds(f, "queued for a guest");
    EXPECT_EQ(f->r.trace_steps, 0);
}

/* The host leaves interrupts on from its last look at the queue to the entry:
 * one that its own handler takes there waits for another exit. */
static void leave_interrupts_on(struct machine *m)
{
    for (uint32_t i = rip_op(m->cpu[0].kvm->label[KVM_AGAIN]);
         i < rip_op(m->cpu[0].kvm->label[KVM_BLOCK]); i++)
        if (m->text.op[i].kind == OP_CLI)
            m->text.op[i].kind = OP_NOP;
}

/* The second message comes when the host prepares to inject the first. */
static void build_late_message(struct machine_explore *f)
{
    f->s.device[1].nic.pulse_interval = BOOTED + 15850 * SIM_NS;
    f->limits.window = 400 * SIM_NS;
    build(f);
}

TEST_F(machine_explore, an_interrupt_behind_the_last_look_waits_for_the_entry)
{
    build_late_message(f);
    search_finds_nothing(f);
}

TEST_F(machine_explore, an_interrupt_taken_behind_the_last_look_is_found)
{
    build_late_message(f);
    leave_interrupts_on(f->m);
    search_finds(f, "queued for a guest");
    EXPECT_GT(f->r.trace_steps, 10);
    EXPECT_TRUE(strstr(f->r.violation, "of nic"), "%s", f->r.violation);
}

/* CPU 1 takes the devices' interrupts and posts them to the guest on CPU 0;
 * the second one while the host there prepares to enter for the first. */
static void build_posting(struct machine_explore *f)
{
    f->s.platform.capabilities.vmx = vmx_all_features();
    f->s.vm[0].features.apicv = (struct kvm_apicv)POSTED;
    f->s.machine.cpus = 2;
    f->s.machine.irq_cpu = true;
    f->s.device[1].nic.pulse_interval = BOOTED + 12450 * SIM_NS;
    f->limits.window = 20 * SIM_NS;
    build(f);
}

TEST_F(machine_explore, what_is_posted_behind_the_last_look_is_processed)
{
    build_posting(f);
    search_finds_nothing(f);
}

TEST_F(machine_explore, a_notification_that_the_host_takes_is_a_lost_wake_up)
{
    build_posting(f);
    leave_interrupts_on(f->m);
    search_finds(f, "a posted interrupt waits");
}

TEST_F(machine_explore, what_cannot_be_copied_is_not_explored)
{
    build(f);
    EXPECT_FALSE(machine_unexplorable(&f->s));
    f->s.device[1].forge_interval = SIM_US;
    EXPECT_TRUE(machine_unexplorable(&f->s));
    f->s.device[1].forge_interval = 0;
    f->s.machine.pic.implementation = IMPLEMENTATION_RTL;
    EXPECT_TRUE(machine_unexplorable(&f->s));
    f->s.machine.pic.implementation = IMPLEMENTATION_MODEL;
}

static bool masked(struct machine *m)
{
    return m->device[0].fn.count > 0;
}

TEST_F(machine_explore, an_interrupt_that_vanishes_is_found)
{
    build(f);
    f->m->device[1].fn.config.upstream.send = NULL;
    ASSERT_TRUE(rig_run_until(f->m, masked));
    f->m->irqs.count[f->m->device[0].fn.config.irq_source].sent++;
    search_finds(f, "interrupts of nic0: ");
}

/* ---- which states are the same ---- */

TEST_F(machine_explore, identities_and_accounts_do_not_count)
{
    uint64_t before;

    build(f);
    before = machine_hash(f->m);
    f->m->irqs.serial += 5;
    f->m->engine.executed += 5;
    f->m->cpu[0].node.account.exits[0]++;
    f->m->cpu[0].host->interrupts++;
    f->m->cpu[0].lapic.warnings[0]++;
    EXPECT_EQ(machine_hash(f->m), before);
}

TEST_F(machine_explore, state_that_matters_counts)
{
    uint64_t before;

    build(f);
    before = machine_hash(f->m);
    f->m->cpu[0].node.cpu.rflags ^= RFLAGS_IF;
    EXPECT_NE(machine_hash(f->m), before);
    f->m->cpu[0].node.cpu.rflags ^= RFLAGS_IF;
    vecset_add(&f->m->cpu[0].lapic.lapic.irr, 0x31);
    EXPECT_NE(machine_hash(f->m), before);
    vecset_del(&f->m->cpu[0].lapic.lapic.irr, 0x31);
    EXPECT_EQ(machine_hash(f->m), before);
    mem_write32(&f->m->mem, WORKLOAD_MEMORY(0) + 0x8000, 1);
    EXPECT_NE(machine_hash(f->m), before);
}

/* One change each, of a machine whose first message is under way. */
static void change_step(struct machine *m)
{
    m->cpu[0].node.step = STEP_WAKE;
}

static void change_when_due(struct machine *m)
{
    struct event *pulse = &m->device[1].pulse;

    engine_schedule(&m->engine, pulse, pulse->time + 1);
}

static void lose_message(struct machine *m)
{
    for (unsigned i = 0; i < FABRIC_MESSAGES; i++)
        m->fabric.message[i].in_use = false;
}

static void delay_message(struct machine *m)
{
    for (unsigned i = 0; i < FABRIC_MESSAGES; i++)
        m->fabric.message[i].event.time++;
}

static void change_message(struct machine *m)
{
    for (unsigned i = 0; i < FABRIC_MESSAGES; i++)
        m->fabric.message[i].msg.apic.vector ^= 1;
}

static void queue_interrupt(struct machine *m)
{
    m->cpu[0].kvm->queued ^= 2;
}

static void change_software_apic(struct machine *m)
{
    m->cpu[0].kvm->vlapic.tpr ^= 0x10;
}

static void change_vmcs(struct machine *m)
{
    vmcs_set(&m->cpu[0].kvm->vmcs, VMCS_GUEST_RIP, 0);
}

static void change_workload(struct machine *m)
{
    m->cpu[0].workload->in_softirq ^= true;
}

static void post_write(struct machine *m)
{
    m->posted.count = 1;
}

static void change_register(struct machine *m)
{
    m->device[0].rxwb ^= 8;
}

static void mask_message(struct machine *m)
{
    m->device[0].fn.pcie.wanted ^= 1;
}

static void raise_line(struct machine *m)
{
    m->intx[1].asserted ^= true;
}

static void raise_intr(struct machine *m)
{
    m->cpu[0].lapic.intr_high ^= true;
}

static const struct change_row {
    const char *name;
    void (*change)(struct machine *m);
} changes[] = {
    {"step", change_step},
    {"when_due", change_when_due},
    {"message_lost", lose_message},
    {"message_later", delay_message},
    {"message", change_message},
    {"queue", queue_interrupt},
    {"vlapic", change_software_apic},
    {"vmcs", change_vmcs},
    {"workload", change_workload},
    {"posted", post_write},
    {"register", change_register},
    {"function", mask_message},
    {"line", raise_line},
    {"intr", raise_intr},
};

static bool message_under_way(struct machine *m)
{
    return machine_now(m) > BOOTED && m->fabric.message[0].in_use;
}

TEST_EACH(machine_state, tells_apart_what_goes_on_differently,
          struct change_row, changes)
{
    struct machine_explore f = {0};
    uint64_t before;

    machine_explore_setup(&f);
    f.s.device[1].nic.pulse_interval *= 2;
    build(&f);
    ASSERT_TRUE(rig_run_until(f.m, message_under_way));
    before = machine_hash(f.m);
    row->change(f.m);
    EXPECT_NE(machine_hash(f.m), before);
    machine_free(f.m);
}

static void build_hpet(struct machine_explore *f)
{
    f->s.machine.hpet.timers = 3;
    f->s.machine.hpet.hz = UINT64_C(10000000);
    build(f);
}

/* Everything stands still but the time. */
TEST_F(machine_explore, time_in_which_nothing_happens_does_not_count)
{
    uint64_t before;

    build_hpet(f);
    machine_run(f->m, BOOTED + 5 * SIM_US);
    before = machine_hash(f->m);
    machine_run(f->m, BOOTED + 6 * SIM_US);
    EXPECT_EQ(machine_hash(f->m), before, "up to the pulse");
}

/* A read of its counter brings the block up to date, and no more. */
TEST_F(machine_explore, how_far_the_hpet_has_been_computed_does_not_count)
{
    uint64_t before;

    build_hpet(f);
    machine_run(f->m, BOOTED + 5 * SIM_US);
    before = machine_hash(f->m);
    hpet_node_read(f->m->hpet, HPET_AT_MAIN_CNT, 8);
    EXPECT_EQ(machine_hash(f->m), before);
}

/* The first is of a CPU that is ahead. */
TEST_F(machine_explore, a_write_waits_for_the_one_before_it)
{
    struct posted *p;
    sim_time now;

    f->s.machine.ioapic.pins = 24;
    build(f);
    p = &f->m->posted;
    now = machine_now(f->m);
    p->count = 2;
    p->write[0].arrival = now + 140 * SIM_NS;
    p->write[1].arrival = now + 100 * SIM_NS;
    p->write[0].addr = p->write[1].addr = IOAPIC_BASE;
    engine_schedule(&f->m->engine, &p->arrive, p->write[0].arrival);
    engine_run_event(&f->m->engine, &p->arrive);
    EXPECT_EQ(p->count, 1);
    EXPECT_EQ(p->arrive.time, now + 140 * SIM_NS);
}

TEST_F(machine_explore, a_small_machine_runs_as_a_large_one)
{
    struct machine *large = machine_build(&f->s);

    build(f);
    for (sim_time t = BOOTED; t < machine_end(large); t += SIM_US) {
        machine_run(large, t);
        machine_run(f->m, t);
        ASSERT_EQ(machine_hash(f->m), machine_hash(large));
    }
    machine_free(large);
}
