/* Where virtual CPUs run, and with whom they share it. */
#include "sim/scenario/check_private.h"

#define VCPUS_MAX 64u           /* of all virtual machines of a host */
#define SHARED_VECTORS_MAX 128u /* for single vectors on one CPU */

static uint64_t last_cpu(const struct scenario_vm *vm)
{
    return (uint64_t)vm->cpu + scenario_cpus(vm) - 1;
}

uint64_t check_common_cpu(const struct scenario_vm *a,
                          const struct scenario_vm *b)
{
    uint64_t first = a->cpu > b->cpu ? a->cpu : b->cpu;

    return first <= last_cpu(a) && first <= last_cpu(b) ? first : UINT64_MAX;
}

/* Why the two cannot share a CPU, or NULL. */
static const char *apart(const struct scenario_vm *a,
                         const struct scenario_vm *b)
{
    if (a->hypervisor == HYPERVISOR_NONE || b->hypervisor == HYPERVISOR_NONE)
        return "bare metal shares it with nobody";
    if (a->features.eli || b->features.eli)
        return "with eli the guest shares it with nobody, as it takes the "
               "CPU's interrupts itself";
    if (a->apic != b->apic)
        return "virtual machines share it only with the same 'apic', whose "
               "mode is the host's too";
    return NULL;
}

static void check_sharing(const struct check *c, uint32_t i)
{
    const struct scenario_vm *vm = &c->s->vm[i];
    struct diag_place at = place_of(element(c, "vms", i), "cpu");

    for (uint32_t j = 0; j < i; j++) {
        const struct scenario_vm *other = &c->s->vm[j];
        uint64_t cpu = check_common_cpu(vm, other);
        const char *why = cpu == UINT64_MAX ? NULL : apart(vm, other);

        if (why)
            broken(c, at, "CPU %ju already runs '%s'; %s", (uintmax_t)cpu,
                   other->name, why);
    }
}

/* A virtual machine that has several virtual CPUs, or several of them on one
 * CPU. */
static void check_several(const struct check *c, uint32_t i)
{
    const struct scenario_vm *vm = &c->s->vm[i];
    struct element e = element(c, "vms", i);

    if (vm->vcpus > 1 && vm->hypervisor == HYPERVISOR_NONE)
        broken(c, place_of(e, "vcpus"), "vcpus needs 'hypervisor: kvm'");
    if (vm->vcpus > 1 && vm->features.eli)
        broken(c, place_of(e, "vcpus"),
               "eli needs 'vcpus: 1': its EOIs are the physical CPU's");
    if (vm->pinned && vm->cpus > vm->vcpus)
        broken(c, place_of(e, "cpus"),
               "'cpus' (%u) must not exceed 'vcpus' (%u), each of which has "
               "one; or let them float with 'pinned: false'",
               vm->cpus, vm->vcpus);
}

static void check_ipis(const struct check *c, uint32_t i)
{
    const struct scenario_vm *vm = &c->s->vm[i];
    const struct scenario_program *p = &c->s->program[vm->program];

    if ((p->kind == PROGRAM_IPI || p->kind == PROGRAM_IPI_WAKE) &&
        vm->vcpus < 2)
        broken(c, place_of(element(c, "vms", i), "program"),
               "program '%s' sends IPIs between virtual CPUs and needs "
               "'vcpus: 2' or more",
               p->name);
}

void check_cpus(const struct check *c, uint32_t i)
{
    const struct scenario_vm *vm = &c->s->vm[i];

    if (last_cpu(vm) >= c->s->machine.cpus)
        broken(c, place_of(element(c, "vms", i), "cpu"),
               "CPU %ju does not exist: machine.cpus is %u (0 .. %u)",
               (uintmax_t)last_cpu(vm), c->s->machine.cpus,
               c->s->machine.cpus - 1);
    check_several(c, i);
    check_sharing(c, i);
    check_ipis(c, i);
}

/* ---- all of them ---- */

static void check_vcpus(const struct check *c)
{
    uint32_t vcpus = 0;

    for (uint32_t i = 0; i < c->s->vm_count; i++)
        vcpus += c->s->vm[i].vcpus;
    if (vcpus > VCPUS_MAX)
        broken(c, node_get(c->root, "vms")->at,
               "all virtual machines have %u virtual CPUs; at most %u are "
               "possible",
               vcpus, VCPUS_MAX);
}

/* The CPU that the device interrupts. */
static uint32_t cpu_of(const struct scenario_vm *vm,
                       const struct scenario_device *d)
{
    return scenario_cpu_of(vm, d->vcpu);
}

static bool interrupts(const struct check *c, const struct scenario_vm *vm,
                       uint32_t cpu)
{
    for (uint32_t j = 0; j < vm->assigned_count; j++)
        if (cpu_of(vm, &c->s->device[vm->assigned[j]]) == cpu)
            return true;
    return false;
}

/* How many vectors its devices have on the CPU. */
static uint32_t vectors_of(const struct check *c, uint32_t i, uint32_t cpu,
                           bool shared)
{
    const struct scenario_vm *vm = &c->s->vm[i];
    uint32_t vectors = 0;

    for (uint32_t j = 0; j < vm->assigned_count; j++) {
        const struct scenario_device *d = &c->s->device[vm->assigned[j]];

        if (cpu_of(vm, d) != cpu)
            continue;
        vectors += scenario_granted(d);
        if (shared && d->message == MESSAGE_MSI && scenario_granted(d) > 1)
            broken(c,
                   place_of(element(c, "devices", vm->assigned[j]), "vectors"),
                   "'%s' needs 'message: msix' for several vectors: those of "
                   "MSI lie side by side, for which a CPU that virtual "
                   "machines share may have no room",
                   d->name);
    }
    return vectors;
}

/* All those whose devices interrupt one CPU have its vectors together. */
static void check_shared_vectors(const struct check *c, uint32_t cpu)
{
    uint32_t vectors = 0, sharers = 0;

    for (uint32_t i = 0; i < c->s->vm_count; i++)
        sharers += interrupts(c, &c->s->vm[i], cpu);
    for (uint32_t i = 0; i < c->s->vm_count; i++)
        vectors += vectors_of(c, i, cpu, sharers > 1);
    if (sharers > 1 && vectors > SHARED_VECTORS_MAX)
        broken(c, node_get(c->root, "vms")->at,
               "the devices of the virtual machines on CPU %u have %u "
               "vectors; one CPU has room for %u",
               cpu, vectors, SHARED_VECTORS_MAX);
}

void check_host(const struct check *c)
{
    check_vcpus(c);
    for (uint32_t cpu = 0; cpu < c->s->machine.cpus; cpu++)
        check_shared_vectors(c, cpu);
}
