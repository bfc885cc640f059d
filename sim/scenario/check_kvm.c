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
    };

    RULES(v, rules);
}

void check_kvm(const struct check *c, uint32_t i)
{
    const struct scenario_vm *vm = &c->s->vm[i];
    struct vm_at v = {c, vm, element(c, "vms", i)};

    if (vm->features.nmi_injection)
        check_nmi_injection(&v);
}
