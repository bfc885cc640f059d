/* What the KVM-like hypervisor's own features need, and exclude. */
#include "sim/scenario/check_private.h"

struct vm_at {
    const struct check *c;
    const struct scenario_vm *vm;
    struct element e;
};

/* One rule of a feature that is on. */
struct rule {
    const char *name;
    bool kept;
    const char *text; /* what it needs */
};

static void check_rules(const struct vm_at *v, const struct rule *rule,
                        size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!rule[i].kept)
            broken(v->c, place_of(v->e, rule[i].name), "%s %s", rule[i].name,
                   rule[i].text);
}

#define RULES(v, rules) check_rules(v, rules, sizeof(rules) / sizeof *(rules))
#define NEEDS_KVM "needs 'hypervisor: kvm'"

static void check_nmi_injection(const struct vm_at *v)
{
    const struct rule rules[] = {
        {"nmi_injection", v->vm->hypervisor == HYPERVISOR_KVM, NEEDS_KVM},
        {"nmi_injection", v->c->s->platform.capabilities.vmx.virtual_nmis,
         "needs virtual_nmis, which the platform does not have: NMI windows "
         "tell when the guest can take the next one"},
        {"nmi_injection", !v->vm->features.eli,
         "excludes eli: the shadow IDT hands the vectors of assigned devices "
         "to the guest"},
    };

    RULES(v, rules);
}

/* What a bare-metal program's timer needs; a guest's APIC is the hypervisor's.
 */
static void check_timer_mode(const struct vm_at *v)
{
    const struct scenario_program *p = &v->c->s->program[v->vm->program];

    if (v->vm->hypervisor == HYPERVISOR_NONE &&
        p->timer_mode == TIMER_MODE_TSC_DEADLINE &&
        !v->c->s->platform.capabilities.tsc_deadline)
        broken(v->c, place_of(v->e, "program"),
               "'timer_mode: tsc_deadline' of program '%s' needs TSC-deadline "
               "mode, which platform '%s' does not have",
               p->name, v->c->s->platform.name);
}

static void check_guest_timer(const struct vm_at *v)
{
    const struct vmx_features *vmx = &v->c->s->platform.capabilities.vmx;
    enum kvm_guest_timer timer = v->vm->features.guest_timer;
    bool preemption = timer == KVM_TIMER_PREEMPTION;
    const struct rule rules[] = {
        {"guest_timer", v->vm->hypervisor == HYPERVISOR_KVM, NEEDS_KVM},
        {"guest_timer", !preemption || vmx->preemption_timer,
         "preemption needs preemption_timer, which the platform does not have"},
        {"guest_timer", !preemption || !v->vm->features.eli_timer,
         "preemption excludes eli_timer: a virtual CPU has one preemption "
         "timer"},
        {"guest_timer", preemption || vmx->apic_timer_virtualization,
         "virtualized needs apic_timer_virtualization, which the platform does "
         "not have"},
        {"guest_timer",
         preemption || v->vm->features.apicv.virtual_interrupt_delivery,
         "virtualized needs 'virtual_interrupt_delivery: true': a VM entry "
         "with APIC-timer virtualization checks it"},
    };

    RULES(v, rules);
}

static void check_halt_poll(const struct vm_at *v)
{
    const struct kvm_poll_config *p = &v->vm->features.poll;
    const struct rule rules[] = {
        {"halt_poll", v->vm->hypervisor == HYPERVISOR_KVM, NEEDS_KVM},
        {"halt_poll", p->most >= p->grow_start,
         "must not be less than halt_poll_grow_start: no window would fit"},
    };

    RULES(v, rules);
}

static void check_pv_eoi(const struct vm_at *v)
{
    const struct rule rules[] = {
        {"pv_eoi", v->vm->hypervisor == HYPERVISOR_KVM, NEEDS_KVM},
        {"pv_eoi", !v->vm->features.apicv.virtual_interrupt_delivery,
         "excludes virtual_interrupt_delivery: the processor ends interrupts "
         "itself, and the host does not know which is in service"},
        {"pv_eoi", !v->vm->features.eli,
         "excludes eli: the exit of an injected interrupt's EOI ends injection "
         "mode"},
    };

    RULES(v, rules);
}

static bool has_line(const struct vm_at *v)
{
    for (uint32_t i = 0; i < v->vm->assigned_count; i++)
        if (scenario_has_line(&v->c->s->device[v->vm->assigned[i]]))
            return true;
    return false;
}

/* A mistake that could not be made would be found by nobody. */
static void check_mistake(const struct vm_at *v)
{
    enum kvm_mistake mistake = v->vm->features.mistake;
    bool of_any = mistake == KVM_OPEN_BEFORE_ENTRY;
    bool of_lines = mistake == KVM_EOI_NOT_EXITING;
    const struct kvm_apicv *f = &v->vm->features.apicv;
    const struct rule rules[] = {
        {"mistake", v->vm->hypervisor == HYPERVISOR_KVM, NEEDS_KVM},
        {"mistake", of_any || of_lines || f->posted_interrupts,
         "is one about a descriptor: it needs 'posted_interrupts: true'"},
        {"mistake", !of_lines || f->virtual_interrupt_delivery,
         "eoi_not_exiting needs 'virtual_interrupt_delivery: true': it is the "
         "processor that looks into the EOI-exit bitmap"},
        {"mistake", !of_lines || has_line(v),
         "eoi_not_exiting needs a device with a line"},
    };

    RULES(v, rules);
}

void check_kvm(const struct check *c, uint32_t i)
{
    const struct scenario_vm *vm = &c->s->vm[i];
    struct vm_at v = {c, vm, element(c, "vms", i)};

    if (vm->features.nmi_injection)
        check_nmi_injection(&v);
    if (vm->features.guest_timer != KVM_TIMER_HOST)
        check_guest_timer(&v);
    if (vm->features.mistake != KVM_NO_MISTAKE)
        check_mistake(&v);
    if (vm->features.pv_eoi)
        check_pv_eoi(&v);
    if (vm->features.poll.most)
        check_halt_poll(&v);
    check_timer_mode(&v);
}
