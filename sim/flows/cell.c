/* One cell: a machine, one event, the exits between two points. */
#include <string.h>

#include "sim/core/pid.h"
#include "sim/flows/flow_guest.h"

#define LINE_PIN 16u
#define IOAPIC_PINS 24u

const char flow_scenario[] =
    "title: Interrupt flows\n"
    "platform: platforms/sapphire-rapids.yaml\n"
    "seed: 1\n"
    "duration: 2ms\n"
    "machine: {cpus: 3, time_slice: 100us, iommu: {units: 1}}\n"
    "devices:\n"
    "  - {name: device0}\n"
    "  - {name: device1}\n"
    "programs:\n"
    "  - {name: marks, kind: spin}\n"
    "vms:\n"
    "  - {name: v, hypervisor: kvm, cpu: 0, vcpus: 2, apic: xapic,\n"
    "     program: marks, assigned: [device0],\n"
    "     features: {acknowledge_on_exit: true}}\n"
    "  - {name: other, hypervisor: kvm, cpu: 0, apic: xapic, program: marks,\n"
    "     assigned: [device1], features: {acknowledge_on_exit: true}}\n";

/* ---- the machine ---- */

static bool shares_cpu(const struct flow_row *row)
{
    return row->state == FLOW_OUT || row->state == FLOW_BLOCKED_BESIDE;
}

static bool by_thread(const struct flow_row *row)
{
    return row->source == FLOW_THREAD || row->source == FLOW_THREAD_NMI;
}

static void set_device(struct scenario *s, const struct flow_row *row)
{
    if (row->source == FLOW_NMI || row->source == FLOW_THREAD_NMI)
        s->device[0].delivery = SIGNAL_NMI;
    if (row->source != FLOW_LINE)
        return;
    s->machine.ioapic.pins = IOAPIC_PINS;
    for (uint32_t i = 0; i < s->device_count; i++) {
        s->device[i].message = MESSAGE_INTX;
        s->device[i].pin = LINE_PIN + i;
    }
}

/* A device's message, which the remapping unit can post. */
static bool by_device(const struct flow_row *row)
{
    return row->source == FLOW_DEVICE || row->source == FLOW_DEVICE_ELSEWHERE;
}

/* A host thread's interrupt is not the remapping unit's; what the third CPU is
 * told stands for the thread's reason to send it.  No part has APIC-timer
 * virtualization: the rows about it are as if. */
static struct scenario scenario_of(const struct scenario *base,
                                   const struct flow_row *row,
                                   const struct flow_config *config)
{
    struct scenario s = *base;
    bool device = by_device(row);

    s.machine.iommu.units = device ? 1 : 0;
    s.machine.iommu.x2apic = row->apic == APIC_MODE_X2APIC;
    s.machine.irq_cpu = by_thread(row) || row->source == FLOW_DEVICE_ELSEWHERE;
    s.platform.capabilities.vmx.apic_timer_virtualization |=
        row->timer == KVM_TIMER_VIRTUALIZED;
    s.vm_count = shares_cpu(row) ? 2 : 1;
    for (unsigned i = 0; i < s.vm_count; i++) {
        s.vm[i].apic = row->apic;
        s.vm[i].features.apicv = config->apicv;
        s.vm[i].features.vtd_posting = device && config->vtd_posting;
        s.vm[i].features.nmi_injection = row->source == FLOW_THREAD_NMI;
        s.vm[i].features.guest_timer = row->timer;
    }
    set_device(&s, row);
    return s;
}

/* What a virtual CPU does: the row's program is that of the one that acts. */
static void (*program_of(const struct flow_row *row,
                         unsigned vcpu))(const struct flow_guest *g)
{
    bool peer = row->source == FLOW_PEER;

    if (vcpu == (peer ? 1 : 0))
        return row->program;
    if (vcpu || !peer)
        return flow_program_idle;
    return row->state == FLOW_READY || row->state == FLOW_OUT
               ? flow_program_ready
               : flow_program_halt;
}

static struct machine *build(const struct scenario *s,
                             const struct flow_row *row, struct flow_probe *p)
{
    struct machine *m = machine_build_small(s);

    *p = (struct flow_probe){.machine = m, .row = row};
    for (unsigned i = 0; i < m->vcpus; i++) {
        struct flow_guest g = {p, i, row->apic == APIC_MODE_X2APIC};

        flow_guest_build(&g, program_of(row, i));
    }
    return m;
}

/* ---- the event ---- */

static void step(struct machine *m)
{
    machine_run(m, machine_next(m));
}

static bool over(struct machine *m)
{
    return machine_next(m) > machine_end(m);
}

/* Has V0 exited since the event, and does it run again? */
static bool is_back(const struct flow_probe *p)
{
    const struct machine *m = p->machine;
    const struct cpu_node *n = &m->cpu[0].node;
    const struct vmcs *v0 = &m->vcpu[0].kvm->vmcs;
    const struct flow_sample *event = &p->at[FLOW_AT_BEGIN];

    return event->reached && n->cpu.non_root && n->cpu.vmcs == v0 &&
           n->step == STEP_WORK &&
           memcmp(event->exits[0], v0->exits, sizeof v0->exits) != 0;
}

static void run_to(struct flow_probe *p, enum flow_point at)
{
    while (!p->at[at].reached && !over(p->machine)) {
        step(p->machine);
        if (at == FLOW_AT_BACK && is_back(p))
            flow_mark(p, at, machine_now(p->machine));
    }
}

static void cause(struct machine *m, const struct flow_row *row)
{
    if (row->source == FLOW_NOTHING)
        return;
    pcie_node_event(&m->device[0].fn, 0);
    pcie_node_cause(&m->device[0].fn, 0);
}

/* ---- an interrupt that finds the host running ---- */

/* A stretch of the host's way from an exit to the next entry. */
struct stretch {
    sim_time from, to;
};

static bool in_host(const struct machine *m, bool interrupts_on)
{
    const struct cpu_node *n = &m->cpu[0].node;

    return !n->cpu.non_root && n->step == STEP_WORK && !n->cpu.frames &&
           cpu_if(&n->cpu) == interrupts_on;
}

/* The last stretch before the entry that follows the guest's VMCALL; with
 * interrupts off this is where nothing looks for work any more. */
static struct stretch last_stretch(struct flow_probe *p, bool interrupts_on)
{
    struct machine *m = p->machine;
    struct stretch s = {0};
    bool before = false;

    run_to(p, FLOW_AT_READY);
    while (m->cpu[0].node.step != STEP_ENTRY && !over(m)) {
        bool now = in_host(m, interrupts_on);

        if (now && !before)
            s.from = machine_now(m);
        if (now)
            s.to = machine_next(m);
        before = now;
        step(m);
    }
    return s;
}

/* At V0's local APIC; what a thread sends, where V0 looks for it. */
static bool arrived(struct machine *m, const struct flow_row *row)
{
    const struct lapic *l = &m->cpu[0].lapic.lapic;
    const struct kvm *k = m->vcpu[0].kvm;
    uint64_t control = kvm_descriptor(&k->config) + PID_CONTROL;

    if (row->source == FLOW_THREAD)
        return k->queued || (mem_read64(&m->mem, control) & PID_ON);
    return !vecset_empty(&l->irr) || !vecset_empty(&l->isr);
}

/* Sends so much later than ready; when it arrives. */
static sim_time send_later(struct flow_probe *p, const struct flow_row *row,
                           sim_time later)
{
    struct machine *m = p->machine;

    run_to(p, FLOW_AT_READY);
    machine_run(m, p->at[FLOW_AT_READY].time + later);
    cause(m, row);
    while (!arrived(m, row) && !over(m))
        step(m);
    return machine_now(m);
}

/* The machine is the same each time: one run shows where the host is when, one
 * how long the way to it is, and in a third one they meet. */
static void meet_in_root(const struct scenario *s, const struct flow_row *row,
                         struct flow_probe *p)
{
    bool open = row->state == FLOW_ROOT_OPEN;
    struct stretch host;
    sim_time arrival;

    build(s, row, p);
    host = last_stretch(p, open);
    machine_free(p->machine);
    build(s, row, p);
    arrival = send_later(p, row, 0);
    machine_free(p->machine);
    build(s, row, p);
    send_later(p, row, (host.from + host.to) / 2 - arrival);
    if (in_host(p->machine, open))
        flow_mark(p, FLOW_AT_BEGIN, machine_now(p->machine));
}

static bool marks_begin(const struct flow_row *row)
{
    return row->program == flow_program_tpr_lower_below ||
           row->program == flow_program_cr8_lower_below;
}

/* Does another guest run on V0's CPU? */
static bool other_runs(const struct machine *m)
{
    const struct cpu_node *n = &m->cpu[0].node;

    return n->cpu.non_root && n->step == STEP_WORK &&
           n->cpu.vmcs == &m->vcpu[FLOW_OTHER].kvm->vmcs;
}

bool flow_in_place(const struct flow_probe *p)
{
    const struct machine *m = p->machine;
    enum kvm_state state = m->vcpu[0].kvm->state;

    if (!p->at[FLOW_AT_READY].reached)
        return false;
    switch (p->row->state) {
    case FLOW_BLOCKED:
        return state == KVM_BLOCKED && m->cpu[0].node.step == STEP_WAIT;
    case FLOW_BLOCKED_BESIDE:
        return state == KVM_BLOCKED && other_runs(m);
    case FLOW_OUT:
        return state == KVM_RUNNABLE && other_runs(m);
    default:
        return true;
    }
}

static void meet(struct flow_probe *p, const struct flow_row *row)
{
    struct machine *m = p->machine;

    if (row->source == FLOW_PEER ||
        (row->source == FLOW_NOTHING && row->state == FLOW_READY))
        return;
    while (!flow_in_place(p) && !over(m))
        step(m);
    if (!marks_begin(row))
        flow_mark(p, FLOW_AT_BEGIN, machine_now(m));
    cause(m, row);
}

/* ---- the figures ---- */

static uint64_t exits_between(const struct flow_sample *from,
                              const struct flow_sample *to, enum flow_side side,
                              unsigned reason)
{
    uint64_t v0 = to->exits[0][reason] - from->exits[0][reason];
    uint64_t v1 = to->exits[1][reason] - from->exits[1][reason];

    return (side == FLOW_V1 ? 0 : v0) + (side == FLOW_V0 ? 0 : v1);
}

/* The guest's work between the two points, whatever happens meanwhile. */
static sim_time own_time(const struct flow_probe *p, const struct flow_row *row)
{
    bool waits =
        row->program == flow_program_masked ||
        row->program == flow_program_nmi_twice ||
        (row->program == flow_program_arm && row->to == FLOW_AT_EOI_DONE);

    return waits ? FLOW_WAIT_CYCLES * p->machine->core.period : 0;
}

static struct flow_cell figures(const struct flow_probe *p,
                                const struct flow_row *row)
{
    const struct flow_sample *from = &p->at[row->from], *to = &p->at[row->to];
    struct flow_cell cell = {.gap = FLOW_GAP_NOWHERE};
    bool timer = p->due && row->to == FLOW_AT_HANDLER;

    if (!from->reached || !to->reached) {
        cell.gap = FLOW_GAP_UNREACHED;
        return cell;
    }
    for (unsigned r = 0; r < EXIT_REASON_LIMIT; r++) {
        cell.exits[r] = (uint32_t)exits_between(from, to, row->side, r);
        cell.total += cell.exits[r];
    }
    cell.time = to->time - (timer ? p->due : from->time);
    cell.own = own_time(p, row);
    return cell;
}

/* Can the processor do what the row and the configuration ask for? */
static bool capable(const struct platform *p, const struct flow_row *row,
                    const struct flow_config *config)
{
    const struct vmx_features *vmx = &p->capabilities.vmx;
    bool all = (p->capabilities.x2apic || row->apic == APIC_MODE_XAPIC) &&
               (vmx->preemption_timer || row->timer != KVM_TIMER_PREEMPTION);

#define KVM_APICV(name, capability, sentence)                                  \
    all = all && (!config->apicv.name || p->capabilities.vmx.capability);
#include "software/kvm_features.def"
#undef KVM_APICV
    return all;
}

static enum flow_gap gap_of(const struct platform *p,
                            const struct flow_row *row,
                            const struct flow_config *config)
{
    if (config->later)
        return FLOW_GAP_COLUMN;
    if (row->timer == KVM_TIMER_VIRTUALIZED &&
        !config->apicv.virtual_interrupt_delivery)
        return FLOW_GAP_FEATURE;
    if (!capable(p, row, config))
        return FLOW_GAP_PLATFORM;
    return FLOW_GAP_NOWHERE;
}

/* To the end: what is left of the interrupt is no other cell's matter, but it
 * has to come right. */
static bool adds_up(struct machine *m)
{
    struct figures f;
    bool good;

    figures_init(&f);
    machine_run(m, SIM_TIME_NEVER);
    good = !machine_finish(m, &f);
    figures_free(&f);
    return good;
}

struct flow_cell flow_run(const struct scenario *base,
                          const struct flow_row *row,
                          const struct flow_config *config)
{
    struct scenario s = scenario_of(base, row, config);
    struct flow_cell cell = {.gap = gap_of(&base->platform, row, config)};
    struct flow_probe p;

    if (cell.gap != FLOW_GAP_NOWHERE)
        return cell;
    if (row->state == FLOW_ROOT_OPEN || row->state == FLOW_ROOT_CLOSED) {
        meet_in_root(&s, row, &p);
    } else {
        build(&s, row, &p);
        meet(&p, row);
    }
    run_to(&p, row->to);
    cell = figures(&p, row);
    cell.assumed = row->timer == KVM_TIMER_VIRTUALIZED &&
                   !base->platform.capabilities.vmx.apic_timer_virtualization;
    if (!adds_up(p.machine))
        cell = (struct flow_cell){.gap = FLOW_GAP_ACCOUNTS};
    machine_free(p.machine);
    return cell;
}
