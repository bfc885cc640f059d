/* Rules between the keys of a scenario; see check.h. */
#include "sim/scenario/check.h"

#include <string.h>

#include "sim/scenario/check_private.h"

static void check_name(const struct check *c, const char *list, uint32_t i)
{
    struct diag_place at = place_of(element(c, list, i), "name");
    const char *name = node_get(element(c, list, i).node, "name")->text;

    for (uint32_t j = 0; j < i; j++) {
        struct element other = element(c, list, j);

        if (strcmp(node_get(other.node, "name")->text, name) != 0)
            continue;
        broken(c, at, "'%s' is defined twice in '%s'; first in line %u", name,
               list, place_of(other, "name").line);
        return;
    }
}

/* Names of the machine's own sources of interrupts, beside which those of
 * devices and virtual machines stand in the figures. */
static bool name_is_taken(const char *name)
{
    const char *digits = name + strlen("cpu");

    return !strcmp(name, "outside") || !strcmp(name, "ioapic") ||
           !strcmp(name, "ioapic2") || !strcmp(name, "pic") ||
           !strcmp(name, "hpet") ||
           (!strncmp(name, "cpu", 3) && *digits &&
            digits[strspn(digits, "0123456789")] == '\0');
}

static void check_source_name(const struct check *c, const char *list,
                              uint32_t i)
{
    const char *name = node_get(element(c, list, i).node, "name")->text;

    if (name_is_taken(name))
        broken(c, place_of(element(c, list, i), "name"),
               "'%s' is a name of the machine itself; choose another", name);
}

/* A hypervisor has NMIs of its own, or passes them on, but no firmware; an
 * adapter's causes are told by interrupts that a program waits for. */
static void check_delivery(const struct check *c, uint32_t i)
{
    uint32_t owner = owner_of(c->s, i);
    struct diag_place at = place_of(element(c, "devices", i), "delivery");

    if (owner < c->s->vm_count &&
        c->s->vm[owner].hypervisor != HYPERVISOR_NONE &&
        c->s->device[i].delivery == SIGNAL_SMI)
        broken(c, at,
               "SMIs go to programs on bare metal; '%s' has a hypervisor",
               c->s->vm[owner].name);
    if (c->s->device[i].nic.pulse == PULSE_NONE)
        broken(c, at, "NMIs and SMIs need a device that pulses: 'pulse'");
}

static void check_device(const struct check *c, uint32_t i)
{
    const struct scenario_device *d = &c->s->device[i];
    struct element e = element(c, "devices", i);

    check_moderation(c, i);
    if (d->msi.granted)
        check_granted(c, i);
    if (scenario_has_line(d))
        check_line(c, i);
    if (d->delivery != SIGNAL_FIXED && !scenario_has_line(d))
        check_delivery(c, i);
    if (d->message == MESSAGE_MSI && (d->vectors & (d->vectors - 1)))
        broken(c, place_of(e, "vectors"),
               "message: msi needs a power of two as 'vectors' (1, 2, 4 .. "
               "32), not %u",
               d->vectors);
    if (d->nic.pulse != PULSE_NONE && !d->nic.pulse_interval)
        broken(c, place_of(e, "pulse"),
               "a pulse needs 'pulse_interval', for instance 100us");
    if (d->nic.pulse == PULSE_NONE && d->nic.pulse_interval)
        broken(c, place_of(e, "pulse_interval"),
               "'pulse_interval' needs 'pulse': periodic, uniform or "
               "exponential");
}

static void check_program(const struct check *c, uint32_t i)
{
    const struct scenario_program *p = &c->s->program[i];
    struct element e = element(c, "programs", i);

    if (p->messages_per_doorbell > p->window)
        broken(c, place_of(e, "messages_per_doorbell"),
               "'messages_per_doorbell' (%u) must not exceed 'window' (%u): "
               "the program would wait for ever",
               p->messages_per_doorbell, p->window);
    if (p->timer_source != TIMER_LAPIC && !p->timer_hz)
        broken(c, place_of(e, "timer_source"),
               "'timer_source' needs 'timer', for instance 250Hz");
    if (p->timer_cycles && !p->timer_hz)
        broken(c, place_of(e, "timer_work"),
               "'timer_work' needs 'timer', for instance 250Hz");
    if (p->timer_mode != TIMER_MODE_PERIODIC &&
        (!p->timer_hz || p->timer_source != TIMER_LAPIC))
        broken(c, place_of(e, "timer_mode"),
               "'timer_mode' needs a 'timer' whose 'timer_source' is lapic");
}

/* What ELI needs: the shadow IDT delivers interrupts of assigned devices, and
 * an exitless EOI is one MSR write of x2APIC mode. */
static void check_eli(const struct check *c, uint32_t i)
{
    const struct scenario_vm *vm = &c->s->vm[i];
    struct element e = element(c, "vms", i);
    const struct vmx_features *vmx = &c->s->platform.capabilities.vmx;
    struct diag_place at = place_of(e, "eli");

    if (vm->features.eli && vm->apic != APIC_MODE_X2APIC)
        broken(c, at, "eli needs 'apic: x2apic'");
    for (uint32_t j = 0; vm->features.eli && j < vm->assigned_count; j++)
        if (scenario_has_line(&c->s->device[vm->assigned[j]]))
            broken(c, at,
                   "eli needs devices with messages: the interrupts of '%s' "
                   "come through a line",
                   c->s->device[vm->assigned[j]].name);
    if (vm->features.eli && !vmx->descriptor_table_exiting)
        broken(c, at,
               "eli needs descriptor-table exiting, which platform '%s' does "
               "not have",
               c->s->platform.name);
    if (vm->features.eli && !vm->assigned_count)
        broken(c, at, "eli needs an assigned device");
    if (vm->features.eli_exitless_eoi && !vm->features.eli)
        broken(c, place_of(e, "eli_exitless_eoi"),
               "eli_exitless_eoi needs 'eli: true'");
    if (vm->features.eli_timer && !vm->features.eli)
        broken(c, place_of(e, "eli_timer"), "eli_timer needs 'eli: true'");
    if (vm->features.eli_timer && !vmx->preemption_timer)
        broken(c, place_of(e, "eli_timer"),
               "eli_timer needs the preemption timer, which platform '%s' "
               "does not have",
               c->s->platform.name);
}

/* What the hypervisor builds every virtual machine on. */
static void check_hypervisor(const struct check *c, uint32_t i)
{
    const struct vmx_features *vmx = &c->s->platform.capabilities.vmx;

    if (c->s->vm[i].hypervisor == HYPERVISOR_KVM && !(vmx->ept && vmx->vpid))
        broken(c, place_of(element(c, "vms", i), "hypervisor"),
               "hypervisor: kvm needs ept and vpid, which platform '%s' does "
               "not have",
               c->s->platform.name);
}

static void check_features(const struct check *c, uint32_t i)
{
    const struct scenario_vm *vm = &c->s->vm[i];
    struct element e = element(c, "vms", i);

    if (vm->apic == APIC_MODE_X2APIC && !c->s->platform.capabilities.x2apic)
        broken(c, place_of(e, "apic"),
               "apic: x2apic needs x2APIC mode, which platform '%s' does not "
               "have",
               c->s->platform.name);
    if (vm->hypervisor == HYPERVISOR_NONE && vm->features.eli)
        broken(c, place_of(e, "eli"), "eli needs 'hypervisor: kvm'");
    if (vm->hypervisor == HYPERVISOR_NONE && vm->features.acknowledge_on_exit)
        broken(c, place_of(e, "acknowledge_on_exit"),
               "acknowledge_on_exit needs 'hypervisor: kvm'");
    check_hypervisor(c, i);
    check_eli(c, i);
    check_apicv(c, i);
    check_kvm(c, i);
}

/* Who has the device before place `place` of vm `vm`'s list, or NULL. */
static const char *owner_before(const struct scenario *s, uint32_t vm,
                                uint32_t place)
{
    uint32_t device = s->vm[vm].assigned[place];

    for (uint32_t i = 0; i <= vm; i++) {
        uint32_t end = i == vm ? place : s->vm[i].assigned_count;

        for (uint32_t j = 0; j < end; j++)
            if (s->vm[i].assigned[j] == device)
                return s->vm[i].name;
    }
    return NULL;
}

static void check_vectors(const struct check *c, uint32_t i)
{
    const struct scenario_vm *vm = &c->s->vm[i];
    uint32_t vectors = 0;

    for (uint32_t j = 0; j < vm->assigned_count; j++)
        vectors += scenario_granted(&c->s->device[vm->assigned[j]]);
    if (vectors > SCENARIO_VM_VECTORS)
        broken(c, place_of(element(c, "vms", i), "assigned"),
               "the devices of '%s' have %u vectors; at most %u are possible",
               vm->name, vectors, SCENARIO_VM_VECTORS);
}

/* The virtual CPU that the device interrupts; a stream needs to hear there
 * where it sends. */
static void check_target(const struct check *c, uint32_t vm, uint32_t device)
{
    const struct scenario_vm *v = &c->s->vm[vm];
    const struct scenario_device *d = &c->s->device[device];
    struct diag_place at = place_of(element(c, "devices", device), "vcpu");

    if (d->vcpu >= v->vcpus)
        broken(c, at,
               "virtual CPU %u does not exist: 'vcpus' of '%s' is %u (0 .. %u)",
               d->vcpu, v->name, v->vcpus, v->vcpus - 1);
    else if (d->vcpu && d->nic.pulse == PULSE_NONE &&
             c->s->program[v->program].kind == PROGRAM_STREAM)
        broken(c, at,
               "a stream runs on virtual CPU 0, which '%s' has to interrupt: "
               "its driver sends where it is told of what was sent",
               d->name);
}

static void check_assigned(const struct check *c, uint32_t i)
{
    const struct scenario_vm *vm = &c->s->vm[i];
    const struct node *list = node_get(element(c, "vms", i).node, "assigned");
    const struct scenario_program *p = &c->s->program[vm->program];
    bool loop = false; /* a device that a stream can send through */

    for (uint32_t j = 0; j < vm->assigned_count; j++) {
        const struct scenario_device *d = &c->s->device[vm->assigned[j]];
        const char *before = owner_before(c->s, i, j);

        check_target(c, i, vm->assigned[j]);
        loop |= d->nic.pulse == PULSE_NONE;
        if (before)
            broken(c, list->entry[j].value->at,
                   "device '%s' is assigned twice; '%s' has it already",
                   d->name, before);
    }
    if (p->kind == PROGRAM_STREAM && !loop)
        broken(c, place_of(element(c, "vms", i), "program"),
               "program '%s' is a stream and needs an assigned device with "
               "'pulse: none'",
               p->name);
}

static void check_length(const struct check *c)
{
    if (c->s->duration + c->s->warmup < 3600 * SIM_S)
        return;
    broken(c, node_get(c->root, "duration")->at,
           "'duration' and 'warmup' together must be less than an hour (3600s)"
           " of simulated time");
}

static void check_not_empty(const struct check *c, const char *list,
                            uint32_t count)
{
    if (!count)
        broken(c, node_get(c->root, list)->at, "'%s' is empty", list);
}

void check_scenario(struct mistakes *m, const struct scenario *s,
                    const struct node *root, const char *variant)
{
    struct check c = {m, s, root, variant};

    check_length(&c);
    check_ioapics(&c);
    check_iommu(&c);
    check_hpet(&c);
    check_virtual_wire(&c);
    check_rtl(&c);
    check_irq_cpu(&c);
    check_host(&c);
    check_not_empty(&c, "programs", s->program_count);
    check_not_empty(&c, "vms", s->vm_count);
    for (uint32_t i = 0; i < s->bridge_count; i++) {
        check_name(&c, "bridges", i);
        check_bridge(&c, i);
    }
    for (uint32_t i = 0; i < s->device_count; i++) {
        check_name(&c, "devices", i);
        check_source_name(&c, "devices", i);
        check_device(&c, i);
        check_scope(&c, i);
        check_source_id(&c, i);
    }
    for (uint32_t i = 0; i < s->program_count; i++) {
        check_name(&c, "programs", i);
        check_program(&c, i);
    }
    for (uint32_t i = 0; i < s->vm_count; i++) {
        check_name(&c, "vms", i);
        check_source_name(&c, "vms", i);
        check_cpus(&c, i);
        check_features(&c, i);
        check_assigned(&c, i);
        check_vectors(&c, i);
        check_balance(&c, i);
        check_switch(&c, i);
        check_launch(&c, i);
        check_maps(&c, i);
        check_posting(&c, i);
        check_user(&c, i);
    }
}

static bool assigned_in(const struct scenario *s, const char *device)
{
    for (uint32_t i = 0; i < s->vm_count; i++)
        for (uint32_t j = 0; j < s->vm[i].assigned_count; j++)
            if (!strcmp(s->device[s->vm[i].assigned[j]].name, device))
                return true;
    return false;
}

static void warn_if_unused(struct mistakes *m, const struct scenario_set *set,
                           struct diag_place at, const char *device)
{
    for (uint32_t i = 0; i < set->variant_count; i++)
        if (assigned_in(&set->variant[i], device))
            return;
    mistake_warn(m, at, "device '%s' is assigned to nobody: it does nothing",
                 device);
}

void check_devices_are_used(struct mistakes *m, const struct scenario_set *set,
                            const struct node *const *tree)
{
    for (uint32_t i = 0; i < set->variant_count; i++)
        for (uint32_t j = 0; j < set->variant[i].device_count; j++) {
            struct check c = {m, &set->variant[i], tree[i], NULL};

            warn_if_unused(m, set, place_of(element(&c, "devices", j), "name"),
                           set->variant[i].device[j].name);
        }
}
