/* Halt polling: the window, what ends it, what it costs. */
#include <stdlib.h>

#include "software/kvm_private.h"
#include "software/test/rungs.h"

#define READ_AT UINT64_C(0x13000) /* what the guest has read */

#define POLL(longest)                                                          \
    {                                                                          \
        .most = (longest), .grow_start = 10 * SIM_US, .grow = 2, .shrink = 2   \
    }

/* Two guests that halt between interrupts of their devices. */
static struct scenario halting(sim_time interval, struct kvm_poll_config poll)
{
    struct scenario s = rig_scenario(RIG_KVM, PROGRAM_IDLE);

    rig_pulses(&s, PULSE_PERIODIC, interval);
    for (int i = 0; i < 2; i++)
        s.vm[i].features.poll = poll;
    return s;
}

TEST(kvm_poll, interrupt_within_the_window_finds_the_cpu_awake)
{
    struct scenario s =
        halting(50 * SIM_US, (struct kvm_poll_config)POLL(200 * SIM_US));
    struct figures f, slept;
    uint64_t n;

    s.warmup = 2 * SIM_MS; /* the window has grown */
    f = rig_run(&s);
    n = all_handled(&f);
    EXPECT_EQ(rig_count(&f, "halt_polls.attempted"),
              rig_count(&f, "halt_polls.halts"));
    EXPECT_NEAR(rig_count(&f, "halt_polls.successful"), n, 2);
    EXPECT_EQ(rig_count(&f, "cycles.idle"), 0, "no HLT of the host");
    for (int i = 0; i < 2; i++)
        s.vm[i].features.poll = (struct kvm_poll_config){0};
    slept = rig_run(&s);
    EXPECT_NEAR(rig_real(&slept, "latency_ns.msi_write..guest_handler.mean") -
                    rig_real(&f, "latency_ns.msi_write..guest_handler.mean"),
                (2926 + 3000) / 2.93, 100,
                "neither the processor nor the scheduler has to wake it");
    EXPECT_EQ(rig_count(&slept, "halt_polls.halts"), 0);
    figures_free(&slept);
    figures_free(&f);
}

TEST(kvm_poll, interrupt_behind_the_window_wakes_the_cpu)
{
    struct scenario s =
        halting(300 * SIM_US, (struct kvm_poll_config)POLL(200 * SIM_US));
    struct figures f;

    s.vm[0].features.poll.shrink = s.vm[1].features.poll.shrink = 1;
    s.vm[0].features.poll.grow_start = 40 * SIM_US;
    s.vm[1].features.poll.grow_start = 40 * SIM_US;
    s.device[1].nic.pulse = s.device[0].nic.pulse = PULSE_EXPONENTIAL;
    s.duration = 20 * SIM_MS;
    f = rig_exchange(&s, NULL);
    all_handled(&f);
    EXPECT_GT(rig_count(&f, "halt_polls.attempted"),
              rig_count(&f, "halt_polls.successful"));
    EXPECT_GT(rig_count(&f, "halt_polls.successful"), 0);
    EXPECT_GT(rig_count(&f, "cycles.idle"), 0);
    EXPECT_GT(rig_count(&f, "cycles.host_by_reason.HLT"),
              rig_count(&f, "halt_polls.cycles"), "polling is part of it");
    figures_free(&f);
}

TEST(kvm_poll, cycles_of_polling_are_the_windows_that_were_in_vain)
{
    struct scenario s = halting(
        500 * SIM_US, (struct kvm_poll_config){.most = 200 * SIM_US,
                                               .grow_start = 10 * SIM_US,
                                               .grow = 2,
                                               .shrink = 1});
    const uint64_t look = 4 * 2930; /* cycles of a look, and some */
    struct machine *m = machine_build(&s);
    uint64_t attempts, window = 100 * 2930;
    struct figures f;

    for (int i = 0; i < 2; i++)
        m->cpu[i].kvm->poll.window = 100 * SIM_US;
    rig_finish(m, &f);
    attempts = rig_count(&f, "halt_polls.attempted");
    EXPECT_GE(attempts, 18);
    EXPECT_EQ(rig_count(&f, "halt_polls.successful"), 0);
    EXPECT_GE(rig_count(&f, "halt_polls.cycles"), (attempts - 2) * window);
    EXPECT_LE(rig_count(&f, "halt_polls.cycles"), attempts * (window + look));
    machine_free(m);
    figures_free(&f);
}

/* ---- the window ---- */

static const struct window_row {
    const char *name;
    struct kvm_poll_config poll;
    sim_time interval, window; /* of the interrupts; before the run */
    unsigned halts;
    sim_time after; /* the window behind that many halts */
} window_rows[] = {
    {"starts_at_grow_start", POLL(200 * SIM_US), 100 * SIM_US, 0, 1,
     10 * SIM_US},
    {"doubles", POLL(200 * SIM_US), 100 * SIM_US, 0, 3, 40 * SIM_US},
    {"stays_when_it_is_long_enough", POLL(200 * SIM_US), 100 * SIM_US, 0, 20,
     160 * SIM_US},
    {"grows_to_the_longest_at_most", POLL(130 * SIM_US), 100 * SIM_US,
     80 * SIM_US, 1, 130 * SIM_US},
    {"grows_by_its_factor",
     {.most = 200 * SIM_US, .grow_start = 10 * SIM_US, .grow = 3},
     100 * SIM_US,
     20 * SIM_US,
     1,
     60 * SIM_US},
    {"does_not_grow_with_factor_0",
     {.most = 200 * SIM_US, .grow_start = 10 * SIM_US},
     100 * SIM_US,
     20 * SIM_US,
     4,
     20 * SIM_US},
    {"halves_when_no_window_is_long_enough", POLL(200 * SIM_US), 300 * SIM_US,
     80 * SIM_US, 2, 20 * SIM_US},
    {"is_0_below_grow_start", POLL(200 * SIM_US), 300 * SIM_US, 80 * SIM_US, 4,
     0},
    {"is_0_at_once_with_divisor_0",
     {.most = 200 * SIM_US, .grow_start = 10 * SIM_US, .grow = 2},
     300 * SIM_US,
     80 * SIM_US,
     1,
     0},
    {"stays_0_while_halts_are_too_long", POLL(200 * SIM_US), 300 * SIM_US, 0, 5,
     0},
};

TEST_EACH(kvm_poll, window, struct window_row, window_rows)
{
    struct scenario s = halting(row->interval, row->poll);
    struct machine *m;
    struct kvm_poll *p;
    struct figures f;

    s.warmup = 0;
    m = machine_build(&s);
    p = &m->cpu[1].kvm->poll;
    p->window = row->window;
    while (p->counts.halts <= row->halts && machine_next(m) <= machine_end(m))
        machine_run(m, machine_next(m));
    EXPECT_EQ(p->window, row->after);
    rig_finish(m, &f);
    machine_free(m);
    figures_free(&f);
}

static const struct halt_row {
    const char *name;
    sim_time window, halted, after; /* the longest window is 200 us */
} halt_rows[] = {
    {"as_long_as_it_stays", 40 * SIM_US, 40 * SIM_US, 40 * SIM_US},
    {"longer_grows", 40 * SIM_US, 40 * SIM_US + 1, 80 * SIM_US},
    {"shorter_than_the_longest_grows", 40 * SIM_US, 200 * SIM_US - 1,
     80 * SIM_US},
    {"as_long_as_the_longest_stays", 40 * SIM_US, 200 * SIM_US, 40 * SIM_US},
    {"longer_than_the_longest_shrinks", 40 * SIM_US, 200 * SIM_US + 1,
     20 * SIM_US},
    {"shrinks_to_grow_start", 20 * SIM_US, SIM_MS, 10 * SIM_US},
    {"shrinks_below_it_to_0", 20 * SIM_US - 1, SIM_MS, 0},
    {"of_0_does_not_shrink", 0, SIM_MS, 0},
    {"of_0_does_not_grow_by_the_longest", 0, 200 * SIM_US, 0},
};

TEST_EACH(kvm_poll, window_behind_a_halt, struct halt_row, halt_rows)
{
    struct kvm *k = calloc(1, sizeof *k);

    k->config.poll = (struct kvm_poll_config)POLL(200 * SIM_US);
    k->poll.window = row->window;
    kvm_poll_begin(k, SIM_MS);
    kvm_poll_end(k, SIM_MS + row->halted);
    EXPECT_EQ(k->poll.window, row->after);
    free(k);
}

/* ---- what ends polling ---- */

static const struct wake_row {
    const char *name;
    struct kvm_apicv apicv;
    bool irq_cpu, nmi;
} wake_rows[] = {
    {"device", {0}, false, false},
    {"kick", {0}, true, false},
    {"notification", POSTED, true, false},
    {"nmi", {0}, false, true},
};

TEST_EACH(kvm_poll, is_ended_by, struct wake_row, wake_rows)
{
    struct scenario s =
        halting(50 * SIM_US, (struct kvm_poll_config)POLL(200 * SIM_US));
    struct figures f;

    s.warmup = 2 * SIM_MS;
    s.machine.cpus += row->irq_cpu;
    s.machine.irq_cpu = row->irq_cpu;
    for (int i = 0; i < 2; i++) {
        s.vm[i].features.apicv = row->apicv;
        s.vm[i].features.nmi_injection = row->nmi;
        s.device[i].delivery = row->nmi ? SIGNAL_NMI : SIGNAL_FIXED;
    }
    f = rig_run(&s);
    EXPECT_NEAR(rig_count(&f, "halt_polls.successful"), all_handled(&f), 3);
    EXPECT_EQ(rig_count(&f, "cycles.by_cpu.0.idle"), 0);
    EXPECT_EQ(rig_count(&f, "cycles.by_cpu.1.idle"), 0);
    figures_free(&f);
}

/* The guest's timer is the host's while the guest is halted, polled or not. */
TEST(kvm_poll, is_ended_by_the_guests_timer)
{
    for (int timer = 0; timer <= KVM_TIMER_PREEMPTION; timer++) {
        struct scenario s =
            halting(SIM_S, (struct kvm_poll_config)POLL(200 * SIM_US));
        struct figures f;
        uint64_t n;

        s.warmup = 2 * SIM_MS;
        for (int i = 0; i < 2; i++) {
            s.program[i].timer_hz = 20000;
            s.program[i].timer_mode = TIMER_MODE_TSC_DEADLINE;
            s.vm[i].features.guest_timer = (enum kvm_guest_timer)timer;
        }
        f = rig_run(&s);
        n = all_handled(&f);
        EXPECT_NEAR(rig_count(&f, "halt_polls.successful"), n, 3);
        EXPECT_EQ(rig_count(&f, "cycles.idle"), 0);
        EXPECT_EQ(rig_count(&f, "exits.by_reason.PREEMPTION_TIMER"), 0);
        EXPECT_EQ(rig_count(&f, "exits.by_reason.EXTERNAL_INTERRUPT"), 0);
        figures_free(&f);
    }
}

/* The second guest computes on the CPU of the first, which has its share of it
 * while it halts. */
TEST(kvm_poll, is_ended_by_a_virtual_cpu_that_waits_for_the_cpu)
{
    struct scenario s =
        halting(300 * SIM_US, (struct kvm_poll_config)POLL(SIM_MS));
    struct machine *m;
    struct figures f;

    s.vm[1].cpu = 0;
    s.program[1].kind = PROGRAM_SPIN;
    m = machine_build(&s);
    m->vcpu[0].kvm->poll.window = SIM_MS;
    rig_finish(m, &f);
    EXPECT_GT(rig_count(&f, "halt_polls.attempted"), 5);
    EXPECT_EQ(rig_count(&f, "halt_polls.successful"), 0);
    EXPECT_LT(rig_count(&f, "halt_polls.cycles"),
              rig_count(&f, "halt_polls.attempted") * 2930, "a look each");
    figures_free(&f);
    machine_free(m);
}

/* The second guest writes its MSR, reads it, and halts from then on. */
static struct machine *build_switching(const struct scenario *s, uint64_t value)
{
    struct machine *m = machine_build(s);
    uint64_t loop;

    rig_code(m, 1);
    rig_wrmsr(m, MSR_KVM_POLL_CONTROL, value);
    rig_op(m, OP_RDMSR, MSR_KVM_POLL_CONTROL);
    rig_op(m, OP_STORE, READ_AT);
    loop = text_here(&m->text);
    rig_op(m, OP_HLT, 0);
    rig_op(m, OP_JMP, loop);
    return m;
}

TEST(kvm_poll, is_the_guests_to_switch_off_and_leaves_its_window)
{
    struct scenario s =
        halting(50 * SIM_US, (struct kvm_poll_config)POLL(200 * SIM_US));

    for (uint64_t on = 0; on < 2; on++) {
        struct machine *m = build_switching(&s, on);
        struct kvm *k = m->vcpu[1].kvm;
        struct figures f;

        k->poll.window = 40 * SIM_US;
        rig_finish(m, &f);
        all_handled(&f);
        EXPECT_EQ(mem_read64(&m->mem, READ_AT), on);
        EXPECT_EQ(k->poll.counts.polls > 0, on);
        EXPECT_EQ(k->poll.window != 40 * SIM_US, on);
        EXPECT_GT(k->poll.counts.halts, 20);
        EXPECT_GT(m->vcpu[0].kvm->poll.counts.polls, 20, "nobody else's");
        EXPECT_EQ(m->vcpu[1].workload->faults, 0);
        figures_free(&f);
        machine_free(m);
    }
}

TEST(kvm_poll, switch_has_one_bit_and_the_others_are_gp)
{
    struct scenario s =
        halting(50 * SIM_US, (struct kvm_poll_config)POLL(200 * SIM_US));
    struct machine *m = build_switching(&s, 2);
    struct figures f;

    rig_finish(m, &f);
    EXPECT_EQ(m->vcpu[1].workload->faults, 1);
    EXPECT_FALSE(m->vcpu[1].kvm->poll.off);
    figures_free(&f);
    machine_free(m);
}

TEST(kvm_poll, loses_nothing_in_a_storm)
{
    struct scenario s =
        halting(4 * SIM_US, (struct kvm_poll_config)POLL(20 * SIM_US));
    struct figures f;

    for (int i = 0; i < 2; i++)
        s.device[i].nic.pulse = PULSE_EXPONENTIAL;
    f = rig_exchange(&s, NULL);
    EXPECT_EQ(rig_count(&f, "interrupts.delivered") +
                  rig_count(&f, "interrupts.merged"),
              rig_count(&f, "interrupts.sent"));
    EXPECT_GT(rig_count(&f, "interrupts.merged"), 0);
    figures_free(&f);
}
