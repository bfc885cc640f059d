/*
 * Interrupts that move between CPUs, as an interrupt balancer moves them: the
 * program of one virtual machine on bare metal retargets the table entries of
 * its devices, and every other one has a handler for them too.
 */
#include "sim/machine/machine_private.h"

static bool takes_part(const struct scenario_vm *vm)
{
    return vm->hypervisor == HYPERVISOR_NONE;
}

bool balance_on(const struct machine *m)
{
    for (uint32_t i = 0; i < m->scenario->vm_count; i++)
        if (m->scenario->vm[i].balance != BALANCE_NONE)
            return true;
    return false;
}

/* Places: the CPU that moves comes first, then the others in their order. */
static void add_places(struct machine *m, const struct machine_cpu *mover,
                       struct vtd_move *move, struct vtd_target to)
{
    to.apic_id = mover->index;
    vtd_move_add(move, &to);
    for (uint32_t i = 0; i < m->scenario->vm_count; i++) {
        const struct scenario_vm *vm = &m->scenario->vm[i];

        to.apic_id = vm->cpu;
        if (takes_part(vm) && vm->cpu != mover->index)
            vtd_move_add(move, &to);
    }
}

struct vtd_move *balance_move(struct machine *m, const struct machine_cpu *c,
                              const struct workload_irq *irq, unsigned k)
{
    uint16_t requester = m->function[irq->device].requester;
    struct vtd_target to = {.vector = irq->vector};
    struct vtd_move *move;

    if (c->vm->balance == BALANCE_NONE)
        return NULL;
    remap_check_device(m, irq->device, &to);
    move = moves_add(m, requester, m->table_entry[irq->device][k],
                     c->vm->balance == BALANCE_FLUSH);
    add_places(m, c, move, remap_checked(m, &to));
    return move;
}

/* The mover's interrupts get handlers on the other CPUs. */
static void take_over(struct machine *m, const struct machine_cpu *mover)
{
    const struct workload_config *from = &mover->workload->config;
    uint32_t place = 0;

    for (uint32_t i = 0; i < m->scenario->vm_count; i++) {
        const struct scenario_vm *vm = &m->scenario->vm[i];

        if (!takes_part(vm) || vm->cpu == mover->index)
            continue;
        place++;
        for (uint32_t k = 0; k < from->irq_count; k++) {
            struct workload_irq irq = {.vector = from->irq[k].vector,
                                       .device = from->irq[k].device,
                                       .move = from->irq[k].move,
                                       .place = place};

            workload_take_over(m->cpu[vm->cpu].workload, &irq, &m->text,
                               &m->mem);
        }
    }
}

void balance_install(struct machine *m)
{
    for (uint32_t i = 0; i < m->scenario->vm_count; i++)
        if (m->scenario->vm[i].balance != BALANCE_NONE)
            take_over(m, &m->cpu[m->scenario->vm[i].cpu]);
}
