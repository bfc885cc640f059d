/* Changing one cost of the profile moves the result as the arithmetic says. */
#include "sim/machine/test/rig.h"

#define MORE 700 /* cycles that one cost grows by */

/* ---- open loop: the same interrupts whatever a CPU does ---- */

static struct scenario open_loop(enum rig_variant v)
{
    struct scenario s = rig_scenario(v, PROGRAM_SPIN);

    rig_pulses(&s, PULSE_PERIODIC, 50 * SIM_US);
    s.device[1].nic.pulse_interval = 70 * SIM_US;
    return s;
}

/* What is counted, and how often each interrupt of it pays the cost. */
static const struct cost_row {
    const char *name;
    enum rig_variant variant;
    size_t cost; /* in struct platform */
    const char *cycles;
    unsigned times;
} cost_rows[] = {
    {"vm_exit", RIG_KVM, offsetof(struct platform, cpu.vm_exit),
     "cycles.transition", 2},
    {"vm_entry", RIG_KVM, offsetof(struct platform, cpu.vm_entry),
     "cycles.transition", 2},
    {"event_injection", RIG_KVM, offsetof(struct platform, cpu.event_injection),
     "cycles.transition", 1},
    {"external_interrupt", RIG_KVM,
     offsetof(struct platform, kvm.external_interrupt), "cycles.host", 1},
    {"host_isr", RIG_KVM, offsetof(struct platform, kvm.host_isr),
     "cycles.host", 1},
    {"inject", RIG_KVM, offsetof(struct platform, kvm.inject), "cycles.host",
     1},
    {"switch_out", RIG_KVM, offsetof(struct platform, kvm.switch_out),
     "cycles.host", 2},
    {"switch_in", RIG_KVM, offsetof(struct platform, kvm.switch_in),
     "cycles.host", 2},
    {"eoi", RIG_KVM, offsetof(struct platform, kvm.eoi),
     "cycles.host_by_reason.MSR_WRITE", 1},
    {"msr_access", RIG_KVM, offsetof(struct platform, kvm.msr_access),
     "cycles.host_by_reason.MSR_WRITE", 1},
    {"eli_delivery_msr_access", RIG_ELI_DELIVERY,
     offsetof(struct platform, kvm.msr_access),
     "cycles.host_by_reason.MSR_WRITE", 1},
    {"delivery_on_bare_metal", RIG_BARE_METAL,
     offsetof(struct platform, cpu.interrupt_delivery), "cycles.guest_irq", 1},
    {"delivery_in_eli", RIG_ELI,
     offsetof(struct platform, cpu.interrupt_delivery), "cycles.guest_irq", 1},
    {"iret", RIG_ELI, offsetof(struct platform, cpu.iret), "cycles.guest_irq",
     1},
};

TEST_EACH(costs, are_paid_exactly_as_often_as_they_occur, struct cost_row,
          cost_rows)
{
    struct scenario s = open_loop(row->variant);
    struct figures before = rig_exchange(&s, NULL), after;
    uint64_t *cost = (uint64_t *)((char *)&s.platform + row->cost);
    uint64_t n = rig_count(&before, "interrupts.delivered");

    *cost += MORE;
    after = rig_exchange(&s, NULL);
    EXPECT_EQ(rig_count(&after, "interrupts.delivered"), n);
    EXPECT_EQ(rig_count(&after, "exits.total"),
              rig_count(&before, "exits.total"));
    EXPECT_EQ(rig_count(&after, row->cycles) - rig_count(&before, row->cycles),
              MORE * row->times * n);
    EXPECT_EQ(rig_count(&after, "cycles.total"),
              rig_count(&before, "cycles.total"), "somebody else has less");
    figures_free(&before);
    figures_free(&after);
}

TEST(costs, of_eli_do_not_contain_the_hosts)
{
    struct scenario s = open_loop(RIG_ELI);
    struct figures before = rig_exchange(&s, NULL), after;

    s.platform.kvm.external_interrupt *= 10;
    s.platform.kvm.switch_in *= 10;
    s.platform.cpu.vm_exit *= 10;
    s.platform.cpu.pollution_per_exit *= 10;
    after = rig_exchange(&s, NULL);
    EXPECT_EQ(rig_count(&after, "cycles.guest_irq"),
              rig_count(&before, "cycles.guest_irq"));
    EXPECT_EQ(rig_count(&after, "cycles.guest"),
              rig_count(&before, "cycles.guest"));
    figures_free(&before);
    figures_free(&after);
}

/* Pollution is lost guest work: the host and the number of exits stay. */
TEST(costs, of_pollution_are_the_guests_alone)
{
    struct scenario s = open_loop(RIG_KVM);
    struct figures before = rig_exchange(&s, NULL), after;
    uint64_t exits = rig_count(&before, "exits.total");

    EXPECT_EQ(rig_count(&before, "cycles.guest_pollution"),
              s.platform.cpu.pollution_per_exit * exits);
    s.platform.cpu.pollution_per_exit += MORE;
    after = rig_exchange(&s, NULL);
    EXPECT_EQ(rig_count(&after, "exits.total"), exits);
    EXPECT_EQ(rig_count(&after, "cycles.host"),
              rig_count(&before, "cycles.host"));
    EXPECT_EQ(rig_count(&after, "cycles.guest_pollution") -
                  rig_count(&before, "cycles.guest_pollution"),
              MORE * exits);
    figures_free(&before);
    figures_free(&after);
}

TEST(costs, of_pollution_end_at_the_whole_working_set)
{
    struct scenario s = open_loop(RIG_KVM);
    struct figures f;

    s.platform.cpu.pollution_limit = 100;
    f = rig_exchange(&s, NULL);
    EXPECT_LE(rig_count(&f, "cycles.guest_pollution"),
              100 * rig_count(&f, "exits.total"));
    EXPECT_GT(rig_count(&f, "cycles.guest_pollution"), 0);
    figures_free(&f);
}

/* ---- closed loop, bound by the CPU ---- */

static struct scenario closed_loop(void)
{
    struct scenario s = rig_scenario(RIG_KVM, PROGRAM_STREAM);

    s.duration = 40 * SIM_MS;
    s.warmup = 5 * SIM_MS;
    return s;
}

static double messages(const struct figures *f)
{
    return rig_real(f, "throughput.messages");
}

/* Interrupts that the host has routed. */
static double routed(const struct figures *f)
{
    return rig_real(f, "interrupts.delivered");
}

/* The guest's cycles without what it pays per interrupt and per exit. */
static double work(const struct figures *f, const struct scenario *s)
{
    const struct scenario_program *p = &s->program[0];

    return rig_real(f, "cycles.guest") + rig_real(f, "cycles.guest_irq") -
           rig_real(f, "cycles.guest_pollution") -
           routed(f) * (double)(p->handler_cycles + p->softirq_cycles);
}

/*
 * The loop answers: with less time for the guest there are fewer messages,
 * thus other times of arrival.  Per interrupt the host's cycles still grow by
 * the cost, up to those few interrupts that now arrive in the host instead of
 * the guest and save an exit: 5 %.
 */
TEST(costs, of_routing_raise_the_hosts_cycles_per_interrupt)
{
    struct scenario s = closed_loop();
    struct figures before = rig_run(&s), after;
    const double more = 9500;
    double grown;

    s.platform.kvm.external_interrupt += (uint64_t)more;
    after = rig_run(&s);
    grown = rig_real(&after, "cycles.host") / routed(&after) -
            rig_real(&before, "cycles.host") / routed(&before);
    EXPECT_NEAR(grown, more, 0.05 * more);
    figures_free(&before);
    figures_free(&after);
}

/*
 * What the host takes, the guest lacks: the messages are what is left of the
 * CPU, without handlers and pollution, over the work per message.  Single ops
 * of the handlers (IRET and the like) are not in this sum: 1 %.
 */
TEST(costs, of_routing_lower_the_messages_by_what_they_take)
{
    struct scenario s = closed_loop();
    struct figures before = rig_run(&s), after;
    double per_message = work(&before, &s) / messages(&before);

    s.platform.kvm.external_interrupt += 9500;
    after = rig_run(&s);
    EXPECT_EQ(rig_count(&before, "cycles.idle"), 0, "bound by the CPU");
    EXPECT_LT(messages(&after), 0.9 * messages(&before));
    EXPECT_NEAR(messages(&after), work(&after, &s) / per_message,
                0.01 * messages(&after));
    EXPECT_EQ(rig_count(&after, "cycles.total"),
              rig_count(&before, "cycles.total"));
    figures_free(&before);
    figures_free(&after);
}

TEST(costs, of_pollution_lower_the_throughput_and_leave_the_host_alone)
{
    struct scenario s = closed_loop();
    struct figures before = rig_run(&s), after;

    s.platform.cpu.pollution_per_exit += 2000;
    after = rig_run(&s);
    EXPECT_LT(messages(&after), 0.99 * messages(&before));
    EXPECT_NEAR(rig_real(&after, "cycles.host") / routed(&after),
                rig_real(&before, "cycles.host") / routed(&before),
                0.02 * rig_real(&before, "cycles.host") / routed(&before));
    figures_free(&before);
    figures_free(&after);
}

TEST(costs, rank_the_variants_as_they_have_exits)
{
    double rate[4];

    for (enum rig_variant v = RIG_BARE_METAL; v <= RIG_ELI; v++) {
        struct scenario s = rig_scenario(v, PROGRAM_STREAM);
        struct figures f = rig_run(&s);

        rate[v] = messages(&f);
        figures_free(&f);
    }
    EXPECT_LT(rate[RIG_KVM], rate[RIG_ELI_DELIVERY]);
    EXPECT_LT(rate[RIG_ELI_DELIVERY], rate[RIG_ELI]);
    /* but for the phase in which the devices meet the program */
    EXPECT_NEAR(rate[RIG_ELI], rate[RIG_BARE_METAL],
                0.001 * rate[RIG_BARE_METAL]);
}
