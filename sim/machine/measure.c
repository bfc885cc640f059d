/* Meters: latencies while the machine runs, figures at its end. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "sim/machine/machine_private.h"

/* ---- latency ---- */

static __attribute__((noinline)) void begin_pair(struct latency *l,
                                                 struct histogram **pair)
{
    assert(l->used < LATENCY_PAIRS);
    *pair = &l->histogram[l->used++];
    histogram_init(*pair);
}

static inline void record(struct latency *l, const struct irq_hop *from,
                          const struct irq_hop *to)
{
    struct histogram **pair = &l->pair[from->hop][to->hop];

    if (!*pair)
        begin_pair(l, pair);
    histogram_record(*pair, (to->time - from->time) / SIM_PS);
}

/* Where the whole way is measured too. */
static const uint32_t ends =
    1u << HOP_GUEST_HANDLER | 1u << HOP_USER_HANDLER | 1u << HOP_EOI;

_Static_assert(HOP_COUNT <= 32, "the bits of `ends`");

/* Each hop, then the whole way to the handler and to the end of interrupt;
 * the whole way only where it has more than one hop. */
static void on_finished(void *machine, const struct irq_record *r)
{
    struct machine *m = machine;
    struct latency *l = &m->latency;
    const struct irq_hop *birth = &r->hop[0], *behind = &r->hop[r->hops];

    for (const struct irq_hop *h = birth + 1; h < behind; h++) {
        record(l, &h[-1], h);
        if (ends >> h->hop & 1 && h > birth + 1)
            record(l, birth, h);
    }
}

void measure_init(struct machine *m)
{
    m->irqs.sink = on_finished;
    m->irqs.sink_ctx = m;
}

static uint64_t messages(const struct machine *m)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < m->vcpus; i++)
        n += m->vcpu[i].workload->produced;
    return n;
}

static uint64_t host_interrupts(const struct machine *m)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < m->cpus; i++)
        n += m->cpu[i].host ? m->cpu[i].host->interrupts : 0;
    return n;
}

/* The warm-up is over: every meter to zero. */
void measure_begin(struct machine *m)
{
    for (unsigned i = 0; i < m->cpus; i++) {
        cpu_node_settle(&m->cpu[i].node, m->measure_from);
        m->cpu[i].node.account = (struct cpu_account){0};
    }
    for (unsigned i = 0; i < m->devices; i++)
        nic_node_restart_counts(&m->device[i]);
    irqs_restart_counts(&m->irqs);
    remap_begin(m);
    forged_begin(m);
    moves_begin(m);
    polls_begin(m);
    memset(m->latency.pair, 0, sizeof m->latency.pair);
    m->latency.used = 0;
    m->host->counts = (struct kvm_sched_counts){0};
    m->start.messages = messages(m);
    m->start.host_interrupts = host_interrupts(m);
}

/* ---- figures ---- */

struct totals {
    struct cpu_account account;
    struct irq_counts irq;
    uint64_t cycles, vm_cycles; /* of all CPUs; of those with software */
    uint64_t workload_cycles;   /* guest and guest_irq */
    double seconds;
};

static void add_account(struct totals *t, const struct cpu_account *a)
{
    for (unsigned s = 0; s < SHARE_COUNT; s++)
        t->account.cycles[s] += a->cycles[s];
    for (unsigned r = 0; r <= EXIT_REASON_LIMIT; r++)
        t->account.host_by_reason[r] += a->host_by_reason[r];
    for (unsigned r = 0; r < EXIT_REASON_LIMIT; r++)
        t->account.exits[r] += a->exits[r];
    for (unsigned s = 0; s < IRQ_SOURCES_MAX; s++)
        t->account.exits_by_source[s] += a->exits_by_source[s];
    t->account.injections += a->injections;
    t->account.handled += a->handled;
    t->account.nmis += a->nmis;
    t->account.virtual_nmis += a->virtual_nmis;
    t->account.smis += a->smis;
    t->account.pollution += a->pollution;
}

static struct totals total(const struct machine *m)
{
    uint64_t cycles = (m->end - m->measure_from) / m->core.period;
    struct totals t = {
        .cycles = cycles * m->cpus,
        .seconds = (double)(m->end - m->measure_from) / (double)SIM_S,
    };

    for (unsigned i = 0; i < m->cpus; i++) {
        add_account(&t, &m->cpu[i].node.account);
        t.vm_cycles += m->cpu[i].vm ? cycles : 0;
    }
    for (unsigned s = 0; s < m->irqs.sources; s++) {
        const struct irq_counts *c = &m->irqs.count[s];

        t.irq.sent += c->sent;
        t.irq.delivered += c->delivered;
        t.irq.merged += c->merged;
        t.irq.dropped += c->dropped;
        for (unsigned r = 0; r < IRQ_REASON_COUNT; r++)
            t.irq.by_reason[r] += c->by_reason[r];
    }
    t.workload_cycles =
        t.account.cycles[SHARE_GUEST] + t.account.cycles[SHARE_GUEST_IRQ];
    return t;
}

static const char *const share_names[SHARE_COUNT] = {
    "guest", "guest_irq", "host", "transition", "idle"};

static void exit_figures(const struct machine *m, const struct totals *t,
                         struct figures *out)
{
    uint64_t exits = 0, attributed = 0;

    for (unsigned r = 0; r < EXIT_REASON_LIMIT; r++)
        exits += t->account.exits[r];
    figures_add_count(out, "", exits, "exits.total");
    figures_add_real(out, "1/s", (double)exits / t->seconds,
                     "exits.per_second");
    if (t->account.handled)
        figures_add_real(out, "", (double)exits / (double)t->account.handled,
                         "exits.per_interrupt");
    for (unsigned r = 0; r < EXIT_REASON_LIMIT; r++)
        if (t->account.exits[r])
            figures_add_count(out, "", t->account.exits[r],
                              "exits.by_reason.%s", exit_reason_name(r));
    for (unsigned r = 0; r < EXIT_REASON_LIMIT; r++)
        if (t->account.exits[r])
            figures_add_real(
                out, "1/s", (double)t->account.exits[r] / t->seconds,
                "exits.per_second_by_reason.%s", exit_reason_name(r));
    for (unsigned s = 0; s < m->irqs.sources; s++) {
        attributed += t->account.exits_by_source[s];
        if (t->account.exits_by_source[s])
            figures_add_count(out, "", t->account.exits_by_source[s],
                              "exits.by_source.%s", m->source_name[s]);
    }
    if (exits > attributed)
        figures_add_count(out, "", exits - attributed, "exits.by_source.none");
}

static void fate_figures(const char *prefix, const struct irq_counts *c,
                         struct figures *out)
{
    figures_add_count(out, "", c->sent, "%s.sent", prefix);
    figures_add_count(out, "", c->delivered, "%s.delivered", prefix);
    figures_add_count(out, "", c->merged, "%s.merged", prefix);
    figures_add_count(out, "", c->dropped, "%s.dropped", prefix);
    figures_add_count(out, "", c->sent - c->delivered - c->merged - c->dropped,
                      "%s.pending", prefix);
}

static bool merges(unsigned reason)
{
    return reason == IRQ_IRR_SET || reason == IRQ_VIRR_SET ||
           reason == IRQ_PIR_SET || reason == IRQ_MESSAGE_WAITING ||
           reason == IRQ_REMOTE_IRR_SET || reason == IRQ_UIRR_SET ||
           reason == IRQ_SIGNAL_PENDING || reason == IRQ_NMI_WAITING;
}

static void interrupt_figures(const struct machine *m, const struct totals *t,
                              struct figures *out)
{
    char prefix[SOURCE_NAME + 32];

    fate_figures("interrupts", &t->irq, out);
    figures_add_count(out, "", t->account.handled, "interrupts.handled");
    for (unsigned s = 0; s < m->irqs.sources; s++) {
        if (!m->irqs.count[s].sent)
            continue;
        snprintf(prefix, sizeof prefix, "interrupts.by_source.%s",
                 m->source_name[s]);
        fate_figures(prefix, &m->irqs.count[s], out);
        figures_add_real(out, "1/s",
                         (double)m->irqs.count[s].delivered / t->seconds,
                         "%s.per_second", prefix);
    }
    for (unsigned r = 0; r < IRQ_REASON_COUNT; r++)
        if (t->irq.by_reason[r])
            figures_add_count(out, "", t->irq.by_reason[r],
                              "interrupts.%s_by_reason.%s",
                              merges(r) ? "merged" : "dropped",
                              irq_reason_name((enum irq_reason)r));
    figures_add_real(out, "1/s", (double)t->irq.delivered / t->seconds,
                     "interrupts.per_second");
    figures_add_real(out, "1/s", (double)t->account.injections / t->seconds,
                     "injections.per_second");
    figures_add_real(out, "1/s",
                     (double)(host_interrupts(m) - m->start.host_interrupts) /
                         t->seconds,
                     "host_interrupts.per_second");
    if (t->account.nmis)
        figures_add_count(out, "", t->account.nmis, "signals.nmi");
    if (t->account.virtual_nmis)
        figures_add_count(out, "", t->account.virtual_nmis,
                          "signals.virtual_nmi");
    if (t->account.smis)
        figures_add_count(out, "", t->account.smis, "signals.smi");
}

static void latency_figures_of(unsigned from, unsigned to,
                               const struct histogram *h, struct figures *out)
{
    static const struct {
        const char *name;
        unsigned per_mille;
    } ranks[] = {{"p50", 500}, {"p90", 900}, {"p99", 990}, {"p999", 999}};
    const double ps = 1e-3; /* of a nanosecond */
    char prefix[96];

    snprintf(prefix, sizeof prefix, "latency_ns.%s..%s",
             hop_name((enum hop)from), hop_name((enum hop)to));
    figures_add_count(out, "", h->count, "%s.count", prefix);
    figures_add_real(out, "ns", (double)h->min * ps, "%s.min", prefix);
    figures_add_real(out, "ns", histogram_mean(h) * ps, "%s.mean", prefix);
    for (unsigned i = 0; i < sizeof ranks / sizeof ranks[0]; i++)
        figures_add_real(
            out, "ns", (double)histogram_percentile(h, ranks[i].per_mille) * ps,
            "%s.%s", prefix, ranks[i].name);
    figures_add_real(out, "ns", (double)h->max * ps, "%s.max", prefix);
}

static void latency_figures(const struct machine *m, struct figures *out)
{
    for (unsigned from = 0; from < HOP_COUNT; from++)
        for (unsigned to = 0; to < HOP_COUNT; to++)
            if (m->latency.pair[from][to])
                latency_figures_of(from, to, m->latency.pair[from][to], out);
}

static void cycle_figures(const struct machine *m, const struct totals *t,
                          struct figures *out)
{
    figures_add_count(out, "cycles", t->cycles, "cycles.total");
    for (unsigned s = 0; s < SHARE_COUNT; s++)
        figures_add_count(out, "cycles", t->account.cycles[s], "cycles.%s",
                          share_names[s]);
    figures_add_count(out, "cycles", t->account.pollution,
                      "cycles.guest_pollution");
    for (unsigned r = 0; r <= EXIT_REASON_LIMIT; r++)
        if (t->account.host_by_reason[r])
            figures_add_count(out, "cycles", t->account.host_by_reason[r],
                              "cycles.host_by_reason.%s",
                              r == NO_EXIT_YET ? "NO_EXIT_YET"
                                               : exit_reason_name(r));
    for (unsigned i = 0; i < m->cpus; i++) {
        figures_add_count(out, "cycles", t->cycles / m->cpus,
                          "cycles.by_cpu.%u.total", i);
        for (unsigned s = 0; s < SHARE_COUNT; s++)
            figures_add_count(out, "cycles", m->cpu[i].node.account.cycles[s],
                              "cycles.by_cpu.%u.%s", i, share_names[s]);
    }
}

static bool shares_cpus(const struct machine *m)
{
    for (unsigned i = 0; i < m->cpus; i++)
        if (m->cpu[i].host && m->cpu[i].host->sharers > 1)
            return true;
    return false;
}

static void scheduling_figures(const struct machine *m, struct figures *out)
{
    const struct kvm_sched_counts *n = &m->host->counts;
    const double ns = (double)SIM_NS;

    if (!shares_cpus(m))
        return;
    figures_add_count(out, "", n->switches, "scheduling.switches");
    figures_add_count(out, "", n->preemptions, "scheduling.preemptions");
    figures_add_count(out, "", n->wakeups, "scheduling.wakeups");
    figures_add_count(out, "", n->migrations, "scheduling.migrations");
    if (n->waits)
        figures_add_real(out, "ns", (double)n->waited / (double)n->waits / ns,
                         "scheduling.wait_ns.mean");
    figures_add_real(out, "ns", (double)n->longest_wait / ns,
                     "scheduling.wait_ns.max");
}

static void throughput_figures(const struct machine *m, const struct totals *t,
                               struct figures *out)
{
    uint64_t n = messages(m) - m->start.messages;

    if (t->vm_cycles)
        figures_add_real(
            out, "%", 100.0 * (double)t->workload_cycles / (double)t->vm_cycles,
            "time_in_guest.percent");
    if (!n)
        return;
    figures_add_real(out, "1/s", (double)n / t->seconds,
                     "throughput.per_second");
    figures_add_count(out, "", n, "throughput.messages");
}

static void ioapic_warning_figures(const struct machine *m, unsigned unit,
                                   struct figures *out)
{
    const struct ioapic_node *n = &m->ioapic[unit];

    for (unsigned w = 1; w < IOAPIC_WARNING_COUNT; w++)
        if (n->warnings[w])
            figures_add_count(out, "", n->warnings[w], "warnings.%s.%s",
                              m->source_name[n->config.irq_source],
                              ioapic_warning_name((enum ioapic_warning)w));
}

static void lapic_warnings(const struct lapic_node *l, unsigned cpu,
                           struct figures *out)
{
    for (unsigned w = 1; w < LAPIC_WARNING_COUNT; w++)
        if (l->warnings[w])
            figures_add_count(out, "", l->warnings[w],
                              "warnings.lapic.%s.cpu%u",
                              lapic_warning_name((enum lapic_warning)w), cpu);
}

static void function_warnings(const struct pcie_node *f, const char *name,
                              struct figures *out)
{
    for (unsigned w = 1; w < PCIE_WARNING_COUNT; w++)
        if (f->warnings[w])
            figures_add_count(out, "", f->warnings[w], "warnings.pcie.%s.%s",
                              pcie_warning_name((enum pcie_warning)w), name);
}

/* Of all software whose first CPU this is. */
static void software_warnings(const struct machine *m, unsigned cpu,
                              struct figures *out)
{
    uint64_t faults = 0, spurious = 0, exits = 0;

    for (unsigned i = 0; i < m->vcpus; i++) {
        const struct machine_vcpu *v = &m->vcpu[i];

        if (v->cpu != cpu)
            continue;
        faults += v->workload->faults;
        spurious += v->workload->spurious;
        exits += v->kvm ? v->kvm->unexpected : 0;
    }
    if (faults)
        figures_add_count(out, "", faults, "warnings.cpu%u.unexpected_faults",
                          cpu);
    if (spurious)
        figures_add_count(out, "", spurious, "warnings.cpu%u.spurious_8259",
                          cpu);
    if (exits)
        figures_add_count(out, "", exits, "warnings.cpu%u.unexpected_exits",
                          cpu);
}

static void warning_figures(const struct machine *m, struct figures *out)
{
    if (m->outside_refused)
        figures_add_count(out, "", m->outside_refused,
                          "warnings.outside_accesses_refused");
    if (m->window_refused)
        figures_add_count(out, "", m->window_refused,
                          "warnings.interrupt_window_accesses");
    for (unsigned i = 0; i < m->ioapics; i++)
        ioapic_warning_figures(m, i, out);
    for (unsigned w = 0; m->pic && w < PIC_WARNING_COUNT; w++)
        if (m->pic->warnings[w])
            figures_add_count(out, "", m->pic->warnings[w], "warnings.pic.%s",
                              pic_warning_name((enum pic_warning)w));
    for (unsigned w = 1; m->hpet && w < HPET_WARNING_COUNT; w++)
        if (m->hpet->warnings[w])
            figures_add_count(out, "", m->hpet->warnings[w], "warnings.hpet.%s",
                              hpet_warning_name((enum hpet_warning)w));
    for (unsigned i = 0; i < m->devices; i++)
        function_warnings(&m->device[i].fn, m->scenario->device[i].name, out);
    for (unsigned i = 0; i < m->cpus; i++) {
        lapic_warnings(&m->cpu[i].lapic, i, out);
        software_warnings(m, i, out);
    }
}

struct device_totals {
    struct nic_queue_counts queue;
    uint64_t causes, messages;
};

static struct device_totals total_of(const struct nic_node *d)
{
    struct device_totals t = {.messages = d->fn.intx_asserted};

    for (unsigned q = 0; q < NIC_QUEUES; q++) {
        t.queue.packets += d->queue[q].counts.packets;
        t.queue.by_frames += d->queue[q].counts.by_frames;
        t.queue.by_packet_timer += d->queue[q].counts.by_packet_timer;
        t.queue.by_absolute_timer += d->queue[q].counts.by_absolute_timer;
    }
    for (unsigned v = 0; v < PCIE_VECTORS; v++) {
        t.causes += d->fn.vector[v].causes;
        t.messages += d->fn.vector[v].messages;
    }
    return t;
}

static void device_figures_of(const struct nic_node *d, const char *name,
                              struct figures *out)
{
    struct device_totals t = total_of(d);
    const struct pcie_waits *w = &d->fn.waits;
    const double ns = (double)SIM_NS;

    if (!t.queue.packets)
        return;
    figures_add_count(out, "", t.queue.packets, "devices.%s.packets", name);
    figures_add_count(out, "", t.causes, "devices.%s.causes", name);
    figures_add_count(out, "", t.queue.by_frames, "devices.%s.causes_by.frames",
                      name);
    figures_add_count(out, "", t.queue.by_packet_timer,
                      "devices.%s.causes_by.packet_timer", name);
    figures_add_count(out, "", t.queue.by_absolute_timer,
                      "devices.%s.causes_by.absolute_timer", name);
    figures_add_count(out, "", t.messages, "devices.%s.messages", name);
    if (t.messages)
        figures_add_real(out, "", (double)t.queue.packets / (double)t.messages,
                         "packets_per_message.%s", name);
    if (!w->count)
        return;
    figures_add_real(out, "ns", (double)w->sum / (double)w->count / ns,
                     "wait_ns.%s.mean", name);
    figures_add_real(out, "ns", (double)w->longest / ns, "wait_ns.%s.max",
                     name);
}

static void device_figures(const struct machine *m, struct figures *out)
{
    for (unsigned i = 0; i < m->devices; i++)
        device_figures_of(&m->device[i], m->scenario->device[i].name, out);
}

void measure_figures(struct machine *m, struct figures *out)
{
    struct totals t = total(m);

    figures_add_real(out, "ns", t.seconds * 1e9, "time.simulated_ns");
    throughput_figures(m, &t, out);
    exit_figures(m, &t, out);
    interrupt_figures(m, &t, out);
    device_figures(m, out);
    latency_figures(m, out);
    cycle_figures(m, &t, out);
    remap_figures(m, out);
    forged_figures(m, out);
    moves_figures(m, out);
    launch_figures(m, out);
    scheduling_figures(m, out);
    poll_figures(m, out);
    warning_figures(m, out);
}
