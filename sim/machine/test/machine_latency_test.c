/* The hops of an interrupt: their order, and that each takes what the profile
 * says, to the femtosecond. */
#include "sim/machine/test/rig.h"

/* What a run's interrupts looked like; the sink of the machine sees them
 * too. */
struct watch {
    irq_sink_fn *sink;
    void *ctx;
    const struct machine *machine;
    void (*look)(struct watch *w, const struct irq_record *r);
    uint64_t seen;
    sim_time hops, whole; /* of all interrupts together */
};

static void watched(void *watch, const struct irq_record *r)
{
    struct watch *w = watch;

    w->seen++;
    w->whole += r->hop[r->hops - 1].time - r->hop[0].time;
    for (unsigned i = 1; i < r->hops; i++) {
        EXPECT_GE(r->hop[i].time, r->hop[i - 1].time, "%s after %s",
                  hop_name((enum hop)r->hop[i].hop),
                  hop_name((enum hop)r->hop[i - 1].hop));
        EXPECT_GT(r->hop[i].hop, r->hop[i - 1].hop, "each hop once, in order");
        w->hops += r->hop[i].time - r->hop[i - 1].time;
    }
    if (w->look)
        w->look(w, r);
    w->sink(w->ctx, r);
}

static void watch(struct machine *m, struct watch *w)
{
    w->machine = m;
    w->sink = m->irqs.sink;
    w->ctx = m->irqs.sink_ctx;
    m->irqs.sink = watched;
    m->irqs.sink_ctx = w;
}

TEST_EACH(machine_latency, hops_are_in_order_and_add_up, struct rig_variant_row,
          rig_variants)
{
    struct scenario s = rig_scenario(row->variant, PROGRAM_STREAM);
    struct watch w = {0};
    struct machine *m;
    struct figures f;

    rig_add_vm(&s, row->variant, PROGRAM_IDLE);
    s.program[0].timer_hz = 2000;
    s.machine.host_timer_hz = 1000;
    m = machine_build(&s);
    watch(m, &w);
    rig_finish(m, &f);
    EXPECT_GT(w.seen, 200);
    EXPECT_EQ(w.hops, w.whole);
    machine_free(m);
    figures_free(&f);
}

/* ---- how long each hop takes ---- */

static sim_time cycles(const struct machine *m, uint64_t n)
{
    return n * m->core.period;
}

/* The core's edge at which it sees what the APIC accepted at `time`. */
static sim_time recognized(const struct machine *m, sim_time time)
{
    sim_time intr =
        clock_after(&m->apic, time, m->scenario->platform.lapic.accept_to_intr);

    return clock_edge(&m->core, intr);
}

struct expected_hop {
    enum hop hop;
    uint64_t cycles; /* after the hop before it */
};

static void expect_hops(const struct watch *w, const struct irq_record *r,
                        const struct expected_hop *e, unsigned n)
{
    const struct machine *m = w->machine;
    sim_time time = recognized(m, r->hop[1].time);

    EXPECT_EQ(r->hop[0].hop, HOP_MSI_WRITE);
    EXPECT_EQ(r->hop[1].hop, HOP_LAPIC_ACCEPT);
    EXPECT_EQ(r->hop[1].time,
              clock_edge(&m->pcie, r->hop[0].time +
                                       m->scenario->platform.pcie.msi_write) +
                  m->scenario->platform.bus.msi_to_lapic);
    EXPECT_EQ(r->hops, n + 2);
    for (unsigned i = 0; i < n && i + 2 < r->hops; i++) {
        time += cycles(m, e[i].cycles);
        EXPECT_EQ(r->hop[i + 2].hop, e[i].hop);
        EXPECT_EQ(r->hop[i + 2].time, time, "%s", hop_name(e[i].hop));
    }
}

/* PUSHA and WRMSR: the handler acknowledges first. */
static void look_direct(struct watch *w, const struct irq_record *r)
{
    const struct cpu_costs *c = &w->machine->scenario->platform.cpu;
    const struct expected_hop e[] = {
        {HOP_GUEST_HANDLER, c->interrupt_delivery},
        {HOP_EOI, c->mem_access + c->wrmsr},
    };

    expect_hops(w, r, e, 2);
}

static void look_kvm(struct watch *w, const struct irq_record *r)
{
    const struct cpu_costs *c = &w->machine->scenario->platform.cpu;
    const struct kvm_costs *k = &w->machine->scenario->platform.kvm;
    const struct expected_hop e[] = {
        {HOP_VM_EXIT, c->vm_exit},
        {HOP_HOST_HANDLER, k->switch_out + c->int_n},
        {HOP_VLAPIC_ACCEPT, c->mem_access + k->host_isr + c->wrmsr +
                                c->mem_access + c->iret + c->sti + c->branch +
                                c->branch + k->external_interrupt},
        {HOP_INJECTION, 2 * c->branch + c->cli + k->inject + k->switch_in},
        {HOP_GUEST_HANDLER, c->vm_entry + c->event_injection},
        {HOP_EOI,
         c->mem_access + c->vm_exit + k->switch_out + c->sti + k->msr_access},
    };

    expect_hops(w, r, e, 6);
}

static void expect_latencies(enum rig_variant v,
                             void (*look)(struct watch *w,
                                          const struct irq_record *r))
{
    struct scenario s = rig_scenario(v, PROGRAM_SPIN);
    struct watch w = {.look = look};
    struct machine *m;
    struct figures f;

    rig_pulses(&s, PULSE_PERIODIC, 50 * SIM_US);
    s.device[1].nic.pulse_interval = 77 * SIM_US + 1234567;
    m = machine_build(&s);
    rig_talk(m, false);
    machine_run(m, SIM_MS);
    rig_talk(m, true);
    watch(m, &w);
    rig_finish(m, &f);
    EXPECT_GT(w.seen, 100);
    machine_free(m);
    figures_free(&f);
}

TEST(machine_latency, on_bare_metal_is_the_sum_of_the_profiles_costs)
{
    expect_latencies(RIG_BARE_METAL, look_direct);
}

TEST(machine_latency, with_eli_is_that_of_bare_metal)
{
    expect_latencies(RIG_ELI, look_direct);
}

TEST(machine_latency, in_a_guest_is_the_sum_of_hardware_and_host_costs)
{
    expect_latencies(RIG_KVM, look_kvm);
}

/* ---- timers ---- */

/* Each expiry of the guest's timer counts from when it was due. */
static void look_timer(struct watch *w, const struct irq_record *r)
{
    const struct machine *m = w->machine;
    uint64_t count = m->cpu[0].workload->config.timer_count;
    uint64_t edge = r->hop[0].time / m->apic_timer.period;

    if (strcmp(m->source_name[r->source], "vm0.timer") != 0)
        return;
    EXPECT_EQ(r->hop[0].hop, HOP_TIMER_EXPIRY);
    EXPECT_EQ(r->hop[0].time % m->apic_timer.period, 0, "at the timer's edge");
    EXPECT_EQ((m->cpu[0].kvm->vlapic.timer_expiry - edge) % count, 0,
              "a whole number of periods");
}

TEST(machine_latency, guest_timer_is_born_when_it_was_due)
{
    struct scenario s = rig_scenario(RIG_KVM, PROGRAM_SPIN);
    struct watch w = {.look = look_timer};
    struct machine *m;
    struct figures f;

    s.program[0].timer_hz = 10000;
    m = machine_build(&s);
    watch(m, &w);
    rig_finish(m, &f);
    EXPECT_GT(w.seen, 50);
    EXPECT_GT(rig_real(&f, "latency_ns.timer_expiry..vlapic_accept.min"), 500,
              "what the host needs to notice");
    machine_free(m);
    figures_free(&f);
}
