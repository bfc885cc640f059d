/* "APIC-Timer Virtualization": the guest's TSC deadline without an exit. */
#include "models/cpu/vapic_private.h"

bool vapic_has_timer(const struct cpu *c)
{
    return c->non_root && vapic_tertiary(c, TERTIARY_APIC_TIMER_VIRTUALIZATION);
}

#define LONG_AGO 1u /* 0 is no deadline */

/* The guest's TSC is the physical one and the offset, which is never below a
 * positive offset: a deadline there has passed. */
static uint64_t physical_deadline(const struct cpu *c, uint64_t deadline)
{
    uint64_t offset = vapic_primary(c, PRIMARY_TSC_OFFSETTING)
                          ? vmcs_get(c->vmcs, VMCS_TSC_OFFSET)
                          : 0;

    return offset <= INT64_MAX && deadline <= offset ? LONG_AGO
                                                     : deadline - offset;
}

void vapic_set_deadline(struct cpu *c, uint64_t deadline)
{
    vmcs_set(c->vmcs, VMCS_GUEST_DEADLINE_SHADOW, deadline);
    vmcs_set(c->vmcs, VMCS_GUEST_DEADLINE,
             deadline ? physical_deadline(c, deadline) : 0);
    c->vapic.timer_due = false;
}

struct vapic_out vapic_timer_event(struct cpu *c, struct mem *m)
{
    uint64_t vector = vmcs_get(c->vmcs, VMCS_VIRTUAL_TIMER_VECTOR);

    vmcs_set(c->vmcs, VMCS_GUEST_DEADLINE_SHADOW, 0);
    vmcs_set(c->vmcs, VMCS_GUEST_DEADLINE, 0);
    c->vapic.timer_due = false;
    return vapic_self_ipi(c, m, (uint8_t)vector);
}
