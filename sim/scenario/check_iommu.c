/* Rules between the keys of remapping units and devices. */
#include "sim/scenario/check_private.h"

static bool power_of_two(uint32_t n)
{
    return n && !(n & (n - 1));
}

static void check_cache(const struct check *c, struct element e)
{
    const struct scenario_iommu *u = &c->s->machine.iommu;

    if (u->cache_entries && (u->cache_entries % u->cache_ways ||
                             !power_of_two(u->cache_entries / u->cache_ways)))
        broken(
            c, place_of(e, "cache_entries"),
            "'cache_entries' (%u) must be 'cache_ways' (%u) times a power of "
            "two",
            u->cache_entries, u->cache_ways);
}

void check_iommu(const struct check *c)
{
    const struct scenario_iommu *u = &c->s->machine.iommu;
    const struct node *machine = node_get(c->root, "machine");
    const struct node *iommu = node_get(machine, "iommu");
    const struct node *ioapic = node_get(machine, "ioapic");
    struct element e = {c, iommu};

    if (c->s->machine.ioapic.unit && c->s->machine.ioapic.unit >= u->units)
        broken(c, place_of((struct element){c, ioapic}, "iommu"),
               "unit %u does not exist: machine.iommu.units is %u",
               c->s->machine.ioapic.unit, u->units);
    if (!iommu)
        return;
    if (!power_of_two(u->entries))
        broken(c, place_of(e, "entries"),
               "a table has a power of two as 'entries', not %u", u->entries);
    if (u->x2apic && u->compatibility)
        broken(c, place_of(e, "compatibility"),
               "compatibility needs 'x2apic: false'");
    check_cache(c, e);
}

static uint32_t unit_of_timer(const struct scenario *s, uint32_t vm)
{
    bool message =
        s->program[s->vm[vm].program].timer_source == TIMER_HPET_MESSAGE;

    return message ? s->machine.hpet.unit : s->machine.ioapic.unit;
}

/* Interrupts of all devices that a unit has in its scope, the I/O APIC's pins
 * and the HPET's timers included. */
static uint32_t interrupts_of_unit(const struct scenario *s, uint32_t unit)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < s->device_count; i++) {
        const struct scenario_device *d = &s->device[i];

        /* a message of MSI has a block, which is aligned */
        if ((scenario_has_line(d) ? s->machine.ioapic.unit : d->unit) == unit)
            n += d->message == MESSAGE_MSI ? 2 * d->vectors : d->vectors;
    }
    for (uint32_t i = 0; i < s->vm_count; i++)
        if (scenario_uses_hpet(s, i))
            n += unit_of_timer(s, i) == unit;
    return n;
}

void check_unit(const struct check *c, uint32_t unit, struct diag_place at)
{
    const struct scenario_iommu *u = &c->s->machine.iommu;
    uint32_t interrupts = interrupts_of_unit(c->s, unit);

    if (unit && unit >= u->units)
        broken(c, at, "unit %u does not exist: machine.iommu.units is %u", unit,
               u->units);
    if (u->units && interrupts > u->entries)
        broken(c, at,
               "unit %u has %u interrupts to remap, but its table only %u "
               "'entries'",
               unit, interrupts, u->entries);
}

void check_scope(const struct check *c, uint32_t i)
{
    check_unit(c, c->s->device[i].unit,
               place_of(element(c, "devices", i), "iommu"));
}

/* What comes of a virtual machine's balance that cannot be, or NULL. */
static const char *balance_lacks(const struct scenario *s, uint32_t i)
{
    const struct scenario_vm *vm = &s->vm[i];

    if (!s->machine.iommu.units)
        return "a remapping unit: machine.iommu.units";
    if (vm->hypervisor != HYPERVISOR_NONE)
        return "'hypervisor: none'";
    if (!s->program[vm->program].timer_hz)
        return "a program with a 'timer'";
    for (uint32_t j = 0; j < vm->assigned_count; j++)
        if (s->device[vm->assigned[j]].message != MESSAGE_MSIX)
            return "devices with 'message: msix'";
    for (uint32_t j = 0; j < i; j++)
        if (s->vm[j].balance != BALANCE_NONE)
            return "to be the only one: one virtual machine can have it";
    return NULL;
}

void check_balance(const struct check *c, uint32_t i)
{
    const char *lacks = balance_lacks(c->s, i);

    if (c->s->vm[i].balance != BALANCE_NONE && lacks)
        broken(c, place_of(element(c, "vms", i), "balance"), "balance needs %s",
               lacks);
}

static const char *map_lacks(const struct scenario *s,
                             const struct scenario_vm *vm)
{
    if (!s->machine.iommu.units)
        return "a remapping unit: machine.iommu.units";
    if (vm->hypervisor != HYPERVISOR_KVM || vm->features.eli)
        return "'hypervisor: kvm' without 'eli'";
    if (vm->posting_switch != SWITCH_NONE)
        return "'posting_switch: none'";
    for (uint32_t j = 0; j < vm->assigned_count; j++)
        if (s->device[vm->assigned[j]].message != MESSAGE_MSIX)
            return "devices with 'message: msix'";
    return NULL;
}

void check_maps(const struct check *c, uint32_t i)
{
    const struct scenario_vm *vm = &c->s->vm[i];
    const char *lacks = map_lacks(c->s, vm);

    if (vm->maps_by_hypercall && lacks)
        broken(c, place_of(element(c, "vms", i), "maps_by_hypercall"),
               "maps_by_hypercall needs %s", lacks);
}

static bool can_be_adopted(const struct scenario_device *d)
{
    return d->message == MESSAGE_MSIX ||
           (scenario_has_line(d) && d->controller != CONTROLLER_PIC);
}

static bool all_adopted(const struct scenario *s)
{
    uint32_t messages = 0;

    for (uint32_t i = 0; i < s->device_count; i++) {
        if (!can_be_adopted(&s->device[i]))
            return false;
        messages += s->device[i].vectors;
    }
    return messages <= SCENARIO_LAUNCH_SOURCES;
}

/* What a late launch by this virtual machine needs, or NULL. */
static const char *launch_lacks(const struct scenario *s, uint32_t vm)
{
    const struct scenario_vm *v = &s->vm[vm];

    if (!s->machine.iommu.units)
        return "a remapping unit: machine.iommu.units";
    if (s->machine.iommu.x2apic)
        return "compatibility format, and so machine.iommu.x2apic: false";
    if (!s->program[v->program].timer_hz)
        return "a program with a 'timer'";
    if (s->machine.hpet.timers)
        return "machine.hpet.timers: 0";
    if (!all_adopted(s))
        return "devices with 'message: msix' or a line of the I/O APIC, and at "
               "most 64 interrupts";
    for (uint32_t i = 0; i < s->vm_count; i++)
        if (s->vm[i].hypervisor != HYPERVISOR_NONE ||
            s->vm[i].balance != BALANCE_NONE)
            return "all virtual machines with 'hypervisor: none', and no "
                   "'balance'";
    for (uint32_t i = 0; i < vm; i++)
        if (s->vm[i].late_launch)
            return "to be the only one: one virtual machine can have it";
    return NULL;
}

void check_launch(const struct check *c, uint32_t i)
{
    const char *lacks = launch_lacks(c->s, i);

    if (c->s->vm[i].late_launch && lacks)
        broken(c, place_of(element(c, "vms", i), "late_launch"),
               "late_launch needs %s", lacks);
}

static const char *switch_lacks(const struct scenario *s,
                                const struct scenario_vm *vm)
{
    if (!vm->features.vtd_posting)
        return "'vtd_posting: true'";
    if (!s->machine.host_timer_hz)
        return "a tick of the host: machine.host_timer";
    if (vm->vcpus > 1)
        return "one virtual CPU: others would post to it";
    if (s->machine.irq_cpu)
        return "each host to take its interrupts itself: machine.irq_cpu: "
               "false";
    for (uint32_t j = 0; j < s->vm_count; j++)
        if (&s->vm[j] != vm && check_common_cpu(vm, &s->vm[j]) != UINT64_MAX)
            return "a CPU of its own: while it does not run the host posts to "
                   "it";
    return NULL;
}

void check_switch(const struct check *c, uint32_t i)
{
    const struct scenario_vm *vm = &c->s->vm[i];
    const char *lacks = switch_lacks(c->s, vm);

    if (vm->posting_switch != SWITCH_NONE && lacks)
        broken(c, place_of(element(c, "vms", i), "posting_switch"),
               "posting_switch needs %s", lacks);
}

/* What posting by the remapping unit needs beside it, or NULL. */
static const char *posting_lacks(const struct scenario *s,
                                 const struct scenario_vm *vm)
{
    if (!s->machine.iommu.units)
        return "a remapping unit: machine.iommu.units";
    if (!vm->features.apicv.posted_interrupts)
        return "'posted_interrupts: true'";
    if (s->machine.iommu.x2apic != (vm->apic == APIC_MODE_X2APIC))
        return "machine.iommu.x2apic to be as the virtual machine's 'apic': "
               "the descriptor names its CPU in one of two ways";
    for (uint32_t j = 0; j < vm->assigned_count; j++)
        if (scenario_has_line(&s->device[vm->assigned[j]]) ||
            s->device[vm->assigned[j]].delivery != SIGNAL_FIXED)
            return "devices with messages that have a vector";
    return NULL;
}

void check_posting(const struct check *c, uint32_t i)
{
    const struct scenario_vm *vm = &c->s->vm[i];
    const char *lacks = posting_lacks(c->s, vm);

    if (vm->features.vtd_posting && lacks)
        broken(c, place_of(element(c, "vms", i), "vtd_posting"),
               "vtd_posting needs %s", lacks);
}
