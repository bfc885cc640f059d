/*
 * The checks of a VM entry, as far as they concern interrupts.
 *
 * SDM vol. 3, chapter "VM Entries", sections "Checks on VMX Controls and
 * Host-State Area" and "Checking and Loading Guest State".
 */
#ifndef MODELS_CPU_VMX_CHECKS_H
#define MODELS_CPU_VMX_CHECKS_H

#include "models/cpu/vmcs.h"
#include "models/cpu/vmx_capabilities.h"
#include "sim/core/mem.h"

/* What a check looks at besides the VMCS. */
struct vmx_checked {
    const struct vmcs *vmcs;
    const struct vmx_capabilities *vmx;
    struct mem *mem; /* the virtual-APIC page is in it */
};

/* Execution, exit and entry controls; false: VM-instruction error 7. */
bool vmx_controls_legal(const struct vmx_checked *c);

/* The host-state area; false: VM-instruction error 8. */
bool vmx_host_state_legal(const struct vmcs *v);

/* Exit qualifications of an entry failure; which one is reported if there are
 * several mistakes is up to the processor. */
enum state_failure {
    STATE_LEGAL = -1,
    STATE_FAILURE = 0,
    STATE_FAILURE_NMI_STI = 3,
    STATE_FAILURE_LINK_POINTER = 4,
};

/* The guest-state area, also against the event that the entry injects. */
enum state_failure vmx_guest_state_failure(const struct vmx_checked *c);

#endif
