/* The workload: an operating system with one program. */
#include "sim/machine/test/rig.h"

/* More interrupts than the handlers can do; a host gets some of its own time
 * in between, as it must route each of them first. */
static struct scenario storm(enum rig_variant v)
{
    struct scenario s = rig_scenario(v, PROGRAM_SPIN);
    bool host = v == RIG_KVM || v == RIG_ELI_DELIVERY;

    rig_pulses(&s, PULSE_EXPONENTIAL, host ? 7 * SIM_US : SIM_US);
    s.device[0].vectors = 16;
    s.device[1].vectors = 16;
    return s;
}

/* The guest's handlers that have not returned, one bit each. */
static uint64_t frames(const struct machine_cpu *c)
{
    return c->node.cpu.non_root || !c->kvm ? c->node.cpu.frames
                                           : c->kvm->vmcs.frames;
}

/* Softirq work is left to the handler that is doing such work already: at
 * most one handler stands on another, whatever the device does. */
TEST_EACH(workload, handlers_do_not_pile_up_in_a_storm, struct rig_variant_row,
          rig_variants)
{
    struct scenario s = storm(row->variant);
    struct machine *m = machine_build(&s);
    uint64_t deepest = 0;
    struct figures f;

    rig_talk(m, false);
    machine_run(m, SIM_MS);
    rig_talk(m, true);
    for (sim_time t = SIM_MS; t < machine_end(m); t += SIM_US / 2) {
        machine_run(m, t);
        deepest |= frames(&m->cpu[0]);
    }
    rig_finish(m, &f);
    EXPECT_EQ(deepest, 3, "one on another");
    EXPECT_EQ(m->cpu[0].workload->faults, 0);
    EXPECT_GT(rig_count(&f, "interrupts.delivered"), 300);
    machine_free(m);
    figures_free(&f);
}

/* No work is lost on the way. */
TEST(workload, does_all_softirq_work_of_nested_interrupts)
{
    struct scenario s = rig_scenario(RIG_BARE_METAL, PROGRAM_SPIN);
    const struct scenario_program *p = &s.program[0];
    const struct cpu_costs *c = &s.platform.cpu;
    uint64_t n, most, least;
    struct figures f;

    rig_pulses(&s, PULSE_EXPONENTIAL, 2 * SIM_US);
    f = rig_exchange(&s, NULL);
    n = rig_count(&f, "interrupts.delivered");
    least =
        n * (c->interrupt_delivery + p->handler_cycles + p->completion_cycles +
             p->softirq_cycles + c->wrmsr + c->iret + 2 * c->mem_access);
    most = least + n * (c->sti + c->cli + 2 * c->branch);
    EXPECT_GT(rig_count(&f, "interrupts.sent"), 3000);
    EXPECT_GE(rig_count(&f, "cycles.guest_irq"), least);
    EXPECT_LE(rig_count(&f, "cycles.guest_irq"),
              most + rig_count(&f, "interrupts.merged") * p->completion_cycles);
    figures_free(&f);
}

TEST(workload, completion_work_beyond_32_bits_is_done_in_parts)
{
    struct scenario s = rig_scenario(RIG_BARE_METAL, PROGRAM_STREAM);
    struct machine *m;
    struct figures f;

    s.program[0].completion_cycles = 1000000000;
    s.program[0].window = 64;
    s.vm_count = 1;
    s.duration = 20 * SIM_S;
    m = machine_build(&s);
    rig_finish(m, &f);
    EXPECT_GT(m->cpu[0].workload->seen_sent[0], 16);
    EXPECT_EQ(m->cpu[0].workload->faults, 0);
    machine_free(m);
    figures_free(&f);
}

/* One vector for both directions: its handler does the work of both. */
TEST(workload, single_vector_tells_sent_and_received)
{
    struct scenario s = rig_scenario(RIG_BARE_METAL, PROGRAM_STREAM);
    const struct workload *w;
    struct machine *m;
    struct figures f;

    s.device[0].vectors = 1;
    m = machine_build(&s);
    rig_finish(m, &f);
    w = m->cpu[0].workload;
    EXPECT_GT(w->seen_sent[0], 1000);
    EXPECT_GT(w->seen_received[0], 1000);
    EXPECT_EQ(w->acknowledged, w->seen_received[0]);
    machine_free(m);
    figures_free(&f);
}

TEST(workload, counts_an_exception_and_stops)
{
    struct scenario s = rig_scenario(RIG_BARE_METAL, PROGRAM_SPIN);
    uint32_t unknown = 0x99;
    struct machine *m;
    struct figures f;

    m = machine_build(&s);
    machine_run(m, 2 * SIM_MS);
    machine_write(m, MSI_BASE | 1u << 12, &unknown, sizeof unknown);
    rig_finish(m, &f);
    EXPECT_EQ(rig_count(&f, "warnings.cpu1.unexpected_faults"), 1);
    EXPECT_TRUE(!figures_find(&f, "warnings.cpu0.unexpected_faults"));
    machine_free(m);
    figures_free(&f);
}
