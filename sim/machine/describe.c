/* Events in words, for traces of a few of them. */
#include <stdio.h>

#include "sim/machine/machine_private.h"

static const char *const mnemonic[] = {
#define OP(name, text, cost, sentence) text,
#include "models/cpu/ops.def"
#undef OP
};

#define NAME (SCENARIO_NAME + 24)

/* Whose code the CPU executes: a guest's by its name. */
static const char *where(const struct machine_cpu *c, char name[NAME])
{
    const struct machine *m = c->machine;

    if (!c->node.cpu.non_root)
        return c->node.root_is_host ? "host" : "program";
    for (unsigned i = 0; i < m->vcpus; i++) {
        const struct machine_vcpu *v = &m->vcpu[i];

        if (!v->kvm || c->node.cpu.vmcs != &v->kvm->vmcs)
            continue;
        snprintf(name, NAME, "guest %s", v->vm->name);
        if (v->vm->vcpus > 1)
            snprintf(name, NAME, "guest %s, vCPU %u", v->vm->name, v->index);
    }
    return name;
}

static const char *register_of(uint64_t msr)
{
    static const struct {
        const char *name;
        uint64_t msr;
    } known[] = {
#define REG(name, offset, count, reset, writable, reserved, xapic, x2apic,     \
            title)                                                             \
    {#name, LAPIC_MSR_FIRST + (offset) / 16u},
#define OPTION(name, feature, bits)
#include "models/lapic/lapic_regs.def"
#undef REG
#undef OPTION
        {"TSC_DEADLINE", LAPIC_MSR_TSC_DEADLINE},
    };

    for (unsigned i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].msr == msr)
            return known[i].name;
    return NULL;
}

/* Who answers at the address, if it is not memory. */
static const char *place_of(struct machine *m, uint64_t addr)
{
    const struct nic_node *device = bus_device_at(m, addr);

    if (device)
        return m->scenario->device[device - m->device].name;
    if (remap_unit_at(m, addr))
        return "remapping unit";
    if (hpet_at(m, addr))
        return "HPET";
    if (addr - IOAPIC_BASE < m->ioapics * IOAPIC_BYTES)
        return "I/O APIC";
    return addr - MSI_BASE < MSI_BYTES ? "local APIC" : NULL;
}

/* What the op is about, or NULL. */
static const char *object_of(struct machine *m, const struct op *op)
{
    switch (op->kind) {
    case OP_RDMSR:
    case OP_WRMSR:
        return register_of(op->imm);
    case OP_LOAD:
    case OP_STORE:
        return place_of(m, op->imm);
    default:
        return NULL;
    }
}

static void describe_op(const struct machine_cpu *c, struct words w)
{
    const struct op *op = &c->machine->text.op[rip_op(c->node.cpu.rip)];
    const char *object = object_of(c->machine, op);
    char name[NAME] = "guest";

    snprintf(w.text, w.bytes, "CPU %u, %s: %s%s%s", c->index, where(c, name),
             mnemonic[op->kind], object ? " " : "", object ? object : "");
}

static void describe_exit(const struct machine_cpu *c, struct words w)
{
    const char *reason = exit_reason_name(c->node.exit.reason & 0xffff);

    snprintf(w.text, w.bytes, "CPU %u: VM exit, %s", c->index,
             reason ? reason : "of a reserved reason");
}

static void describe_step(const struct machine_cpu *c, struct words w)
{
    static const char *const names[] = {
        [STEP_WAIT] = "looks at its lines",
        [STEP_WAKE] = "wakes up",
        [STEP_INTA] = "INTA cycles",
        [STEP_INTA_EXIT] = "INTA cycles, a VM exit follows",
        [STEP_POSTED] = "posted-interrupt processing",
        [STEP_GUEST_TIMER] = "guest-timer event",
        [STEP_USER_DELIVERY] = "delivery of a user interrupt",
        [STEP_ENTRY] = "VM entry",
        [STEP_SMI] = "SMI",
        [STEP_INIT] = "INIT",
    };
    enum cpu_step step = c->node.step;
    char name[NAME] = "guest";

    if (step == STEP_OP || step == STEP_WORK)
        describe_op(c, w);
    else if (step == STEP_EXIT)
        describe_exit(c, w);
    else if (step == STEP_DELIVERY)
        snprintf(w.text, w.bytes, "CPU %u, %s: delivery of vector %xh",
                 c->index, where(c, name), c->node.vectored.vector);
    else
        snprintf(w.text, w.bytes, "CPU %u, %s: %s", c->index, where(c, name),
                 names[step]);
}

static bool of_cpu(const struct machine_cpu *c, const struct event *ev,
                   struct words w)
{
    const char *what = NULL;

    if (ev == &c->node.step_event) {
        describe_step(c, w);
        return true;
    }
    if (ev == &c->node.timer_event)
        what = "VMX-preemption timer runs out";
    else if (ev == &c->node.guest_timer_event)
        what = "the guest's deadline is reached";
    else if (ev == &c->lapic.intr_event)
        what = "INTR rises";
    else if (ev == &c->lapic.timer_event)
        what = "APIC timer expires";
    else if (ev == &c->lapic.send_event)
        what = "local APIC sends a message";
    if (what)
        snprintf(w.text, w.bytes, "CPU %u: %s", c->index, what);
    return what;
}

static bool of_device(const struct machine *m, unsigned i,
                      const struct event *ev, struct words w)
{
    const struct nic_node *n = &m->device[i];
    const char *what = NULL;

    if (ev == &n->pulse)
        what = "pulse";
    else if (ev == &n->wire)
        what = "a message leaves on the wire";
    else if (ev == &n->ack)
        what = "a message arrives from the wire";
    else if (ev == &n->fn.arrive)
        what = "its write reaches the root complex";
    else if (ev >= n->fn.interval && ev < n->fn.interval + PCIE_VECTORS)
        what = "its moderation interval ends";
    if (what)
        snprintf(w.text, w.bytes, "%s: %s", m->scenario->device[i].name, what);
    return what;
}

/* What a vector of the hypervisor's own says. */
static const char *use_of(const struct machine *m,
                          const struct fabric_message *f)
{
    if (!m->cpu[f->cpu].host)
        return "";
    switch (f->msg.apic.vector) {
    case KVM_NOTIFICATION_VECTOR:
        return ": notification of what is posted";
    case KVM_WAKEUP_VECTOR:
        return ": wakeup";
    default:
        return "";
    }
}

static void of_fabric(const struct machine *m, const struct fabric_message *f,
                      struct words w)
{
    if (f->msg.kind == MSG_EOI)
        snprintf(w.text, w.bytes, "EOI broadcast of vector %xh arrives",
                 f->msg.eoi_vector);
    else
        snprintf(w.text, w.bytes, "message reaches CPU %u, vector %xh%s",
                 f->cpu, f->msg.apic.vector, use_of(m, f));
}

static const char *of_request(const struct iommu *unit)
{
    switch (unit->state) {
    case IOMMU_READS_ENTRY:
        return "reads the table entry";
    case IOMMU_LOCKS_DESCRIPTOR:
        return "locks the descriptor";
    case IOMMU_WRITES_DESCRIPTOR:
        return "writes the descriptor";
    default:
        return "its answer comes";
    }
}

static bool of_unit(const struct machine *m, unsigned i, const struct event *ev,
                    struct words w)
{
    const struct iommu_node *n = &m->unit[i].node;
    const char *what = NULL;

    if (ev == &n->take_event)
        what = "takes the oldest request";
    else if (ev == &n->memory_event[IOMMU_PORT_REQUEST])
        what = of_request(&n->iommu);
    else if (ev == &n->memory_event[IOMMU_PORT_QUEUE])
        what = "invalidation queue goes on";
    if (what)
        snprintf(w.text, w.bytes, "remapping unit %u: %s", i, what);
    return what;
}

static bool of_controller(const struct machine *m, const struct event *ev,
                          struct words w)
{
    for (unsigned i = 0; i < m->ioapics; i++) {
        const struct ioapic_node *n = &m->ioapic[i];

        if (ev == &n->take_event)
            snprintf(w.text, w.bytes, "I/O APIC %u: chooses a message", i);
        else if (ev == &n->send_event)
            snprintf(w.text, w.bytes,
                     "I/O APIC %u: the message of pin %u reaches the bus", i,
                     n->sending.pin);
        else
            continue;
        return true;
    }
    if (!m->pic || ev != &m->pic->int_event)
        return false;
    snprintf(w.text, w.bytes, "8259: INT rises");
    return true;
}

void machine_describe(const struct machine *m, const struct event *ev,
                      struct words w)
{
    for (unsigned i = 0; i < m->cpus; i++)
        if (of_cpu(&m->cpu[i], ev, w))
            return;
    for (unsigned i = 0; i < m->devices; i++)
        if (of_device(m, i, ev, w))
            return;
    for (unsigned i = 0; i < m->units; i++)
        if (of_unit(m, i, ev, w))
            return;
    if (of_controller(m, ev, w))
        return;
    if (ev->target == m->fabric.target)
        of_fabric(m, &m->fabric.message[ev->what], w);
    else if (m->hpet && ev == &m->hpet->match)
        snprintf(w.text, w.bytes, "a timer of the HPET matches");
    else if (m->hpet && ev == &m->hpet->rise)
        snprintf(w.text, w.bytes, "a line of the HPET rises");
    else if (ev == &m->posted.arrive)
        snprintf(w.text, w.bytes, "a CPU's register write arrives");
    else if (ev == &m->warmup_over)
        snprintf(w.text, w.bytes, "the warm-up is over");
    else
        snprintf(w.text, w.bytes, "event %u of node %u", ev->what, ev->target);
}
