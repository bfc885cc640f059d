/* User threads that notify each other, on the second and third of three CPUs,
 * and beside another pair. */
#include "sim/machine/test/rig.h"

#define SEND "latency_ns.user_send..user_handler"

static const struct thread_row {
    const char *name;
    enum scenario_notification how;
    enum scenario_program_kind receiver;
    enum scenario_apic_mode apic;
} thread_rows[] = {
    {"user_interrupt_x2apic", NOTIFY_USER_INTERRUPT, PROGRAM_USER_RECEIVER,
     APIC_MODE_X2APIC},
    {"user_interrupt_xapic", NOTIFY_USER_INTERRUPT, PROGRAM_USER_RECEIVER,
     APIC_MODE_XAPIC},
    {"user_interrupt_waiting", NOTIFY_USER_INTERRUPT, PROGRAM_USER_WAITER,
     APIC_MODE_X2APIC},
    {"user_interrupt_waiting_xapic", NOTIFY_USER_INTERRUPT, PROGRAM_USER_WAITER,
     APIC_MODE_XAPIC},
    {"signal_x2apic", NOTIFY_SIGNAL, PROGRAM_USER_RECEIVER, APIC_MODE_X2APIC},
    {"signal_xapic", NOTIFY_SIGNAL, PROGRAM_USER_RECEIVER, APIC_MODE_XAPIC},
    {"signal_waiting", NOTIFY_SIGNAL, PROGRAM_USER_WAITER, APIC_MODE_X2APIC},
};

/* The receivers come first, the senders have a CPU more before them. */
static struct scenario pairs(const struct thread_row *row, uint64_t work)
{
    struct scenario s = rig_scenario(RIG_BARE_METAL, row->receiver);

    rig_add_vm(&s, RIG_BARE_METAL, PROGRAM_IDLE);
    rig_add_vm(&s, RIG_BARE_METAL, PROGRAM_USER_SENDER);
    rig_add_vm(&s, RIG_BARE_METAL, PROGRAM_USER_SENDER);
    s.platform.capabilities.user_interrupts = true;
    rig_without_devices(&s);
    for (uint32_t i = 0; i < s.vm_count; i++) {
        struct scenario_program *p = &s.program[i];

        s.vm[i].apic = row->apic;
        p->notification = row->how;
        p->message_work_cycles = work;
        p->handler_cycles = 400;
        p->system_call_cycles = 700;
        p->signal_cycles = 900;
        p->wake_cycles = 1100;
    }
    return s;
}

static void expect_delivered(const struct figures *f, const char *source)
{
    char key[96];
    uint64_t sent;

    snprintf(key, sizeof key, "interrupts.by_source.%s.sent", source);
    sent = rig_count(f, key);
    EXPECT_GT(sent, 300);
    snprintf(key, sizeof key, "interrupts.by_source.%s.delivered", source);
    EXPECT_GE(rig_count(f, key) + 1, sent, "but one that is on its way");
}

TEST_EACH(user_thread, notification_reaches_the_handler_of_its_peer,
          struct thread_row, thread_rows)
{
    struct scenario s = pairs(row, 40000);
    struct machine *m = machine_build(&s);
    struct figures f;

    rig_finish(m, &f);
    expect_delivered(&f, "vm3.notifications");
    expect_delivered(&f, "vm4.notifications");
    EXPECT_EQ(rig_count(&f, "interrupts.merged"), 0);
    EXPECT_EQ(rig_count(&f, "interrupts.dropped"), 0);
    for (unsigned i = 0; i < m->cpus; i++)
        EXPECT_EQ(m->cpu[i].workload->faults, 0, "CPU %u", i);
    EXPECT_GT(m->cpu[0].workload->thread.handled, 300);
    EXPECT_GT(m->cpu[1].workload->thread.handled, 300);
    machine_free(m);
    figures_free(&f);
}

/* Faster than they can be handled: they merge, and none that waits is
 * forgotten. */
TEST_EACH(user_thread, notifications_in_a_storm_merge_and_none_is_forgotten,
          struct thread_row, thread_rows)
{
    struct scenario s = pairs(row, 150);
    struct machine *m = machine_build(&s);
    uint64_t handled;
    struct figures f;

    machine_run(m, 5 * SIM_MS);
    handled = m->cpu[0].workload->thread.handled;
    rig_finish(m, &f);
    EXPECT_GT(rig_count(&f, "interrupts.merged"), 0);
    EXPECT_EQ(rig_count(&f, "interrupts.dropped"), 0);
    EXPECT_GT(m->cpu[0].workload->thread.handled, handled + 100,
              "up to the end");
    EXPECT_EQ(m->cpu[0].workload->faults, 0);
    machine_free(m);
    figures_free(&f);
}

static double mean(const struct scenario *s)
{
    struct figures f = rig_run(s);
    double ns = rig_real(&f, SEND ".mean");

    figures_free(&f);
    return ns;
}

/* Each cost, and whose way it is on. */
static const struct cost_row {
    const char *name;
    unsigned row; /* of thread_rows */
    uint64_t sender_call, receiver_call, signal, wake;
    uint64_t more; /* of the latency, if each is so much more */
} cost_rows[] = {
    {"no_kernel_on_a_user_interrupts_way", 0, 5000, 5000, 5000, 5000, 0},
    {"wake_up_of_a_waiting_thread", 2, 5000, 0, 5000, 5000, 5000},
    {"signals_system_call", 4, 5000, 0, 0, 0, 5000},
    {"signals_system_call_but_not_the_handlers_return", 4, 0, 5000, 0, 0, 0},
    {"signals_delivery", 4, 0, 0, 5000, 0, 5000},
    {"signals_wake_up", 6, 0, 0, 0, 5000, 5000},
};

TEST_EACH(user_thread_latency, has_the_cost_of, struct cost_row, cost_rows)
{
    struct scenario s = pairs(&thread_rows[row->row], 60000);
    double before = mean(&s), ns = 1e9 / (double)s.platform.clocks.core;

    s.program[3].system_call_cycles += row->sender_call;
    s.program[4].system_call_cycles += row->sender_call;
    for (unsigned i = 0; i < 2; i++) {
        s.program[i].system_call_cycles += row->receiver_call;
        s.program[i].signal_cycles += row->signal;
        s.program[i].wake_cycles += row->wake;
    }
    EXPECT_NEAR(mean(&s) - before, (double)row->more * ns, 15);
}

TEST(user_thread, that_waits_leaves_its_cpu_halted)
{
    struct scenario s = pairs(&thread_rows[2], 40000);
    struct figures f = rig_run(&s);

    EXPECT_GT(rig_count(&f, "cycles.by_cpu.0.idle"),
              rig_count(&f, "cycles.by_cpu.0.total") / 2);
    EXPECT_EQ(rig_count(&f, "cycles.by_cpu.4.idle"), 0);
    figures_free(&f);
}
