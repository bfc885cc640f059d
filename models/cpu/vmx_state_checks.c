/* "Checks on Guest Non-Register State" and the registers that go with it;
 * those of the host. */
#include "models/cpu/cpu.h"
#include "models/cpu/vmx_checks.h"
#include "sim/core/bits.h"

/* Neither in SMM nor in an enclave. */
#define BLOCKING_LEGAL (BLOCKING_BY_STI | BLOCKING_BY_MOV_SS | BLOCKING_BY_NMI)

/* RFLAGS bits 63:22, 15, 5 and 3 are reserved; VM is not for 64-bit mode. */
#define RFLAGS_ZERO (~UINT64_C(0x3fffff) | 1u << 17 | 0x8028u)

#define PENDING_DEBUG_LEGAL                                                    \
    (PENDING_DEBUG_BREAKPOINTS | PENDING_DEBUG_ENABLED | PENDING_DEBUG_BS)

static bool injects(const struct vmcs *v)
{
    return vmcs_get32(v, VMCS_ENTRY_INTR_INFO) & INTR_INFO_VALID;
}

/* Which events may be injected into an inactive state. */
static bool activity_allows(uint32_t activity, uint32_t info)
{
    uint32_t type = INTR_INFO_TYPE(info);
    uint32_t vector = INTR_INFO_VECTOR(info);
    bool nmi = type == INTR_TYPE_NMI;
    bool exception = type == INTR_TYPE_HARDWARE_EXCEPTION;

    switch (activity) {
    case ACTIVITY_ACTIVE:
        return true;
    case ACTIVITY_HLT:
        return type == INTR_TYPE_EXTERNAL || nmi || type == INTR_TYPE_OTHER ||
               (exception && (vector == VECTOR_DB || vector == VECTOR_MC));
    case ACTIVITY_SHUTDOWN:
        return nmi || (exception && vector == VECTOR_MC);
    default:
        return false;
    }
}

static bool activity_legal(const struct vmx_checked *c)
{
    const struct vmcs *v = c->vmcs;
    uint32_t activity = vmcs_get32(v, VMCS_GUEST_ACTIVITY);
    uint32_t blocking = vmcs_get32(v, VMCS_GUEST_INTERRUPTIBILITY);

    if (activity == ACTIVITY_ACTIVE)
        return true;
    if (activity > ACTIVITY_WAIT_FOR_SIPI ||
        !vmx_has(c->vmx, VMX_MSR_MISC, VMX_MISC_ACTIVITY(activity)))
        return false;
    if (activity == ACTIVITY_HLT && vmcs_guest_cpl(v))
        return false;
    return !(blocking & (BLOCKING_BY_STI | BLOCKING_BY_MOV_SS));
}

static bool interruptibility_legal(const struct vmcs *v)
{
    uint32_t blocking = vmcs_get32(v, VMCS_GUEST_INTERRUPTIBILITY);
    bool if_1 = vmcs_get(v, VMCS_GUEST_RFLAGS) & RFLAGS_IF;
    bool by_sti = blocking & BLOCKING_BY_STI;

    if (blocking & ~BLOCKING_LEGAL)
        return false;
    return !by_sti || (if_1 && !(blocking & BLOCKING_BY_MOV_SS));
}

/* While nothing can be delivered a single step is pending exactly if the
 * guest steps. */
static bool pending_debug_legal(const struct vmcs *v)
{
    uint64_t pending = vmcs_get(v, VMCS_GUEST_PENDING_DEBUG);
    uint32_t blocking = vmcs_get32(v, VMCS_GUEST_INTERRUPTIBILITY);
    bool steps = vmcs_get(v, VMCS_GUEST_RFLAGS) & RFLAGS_TF;
    bool held = (blocking & (BLOCKING_BY_STI | BLOCKING_BY_MOV_SS)) ||
                vmcs_get32(v, VMCS_GUEST_ACTIVITY) == ACTIVITY_HLT;

    return !(pending & ~(uint64_t)PENDING_DEBUG_LEGAL) &&
           (!held || steps == ((pending & PENDING_DEBUG_BS) != 0));
}

static bool registers_legal(const struct vmcs *v)
{
    uint64_t rflags = vmcs_get(v, VMCS_GUEST_RFLAGS);

    if (injects(v) &&
        INTR_INFO_TYPE(vmcs_get32(v, VMCS_ENTRY_INTR_INFO)) ==
            INTR_TYPE_EXTERNAL &&
        !(rflags & RFLAGS_IF))
        return false;
    if ((vmcs_get32(v, VMCS_ENTRY_CONTROLS) & ENTRY_CTL_LOAD_UINV) &&
        vmcs_get(v, VMCS_GUEST_UINV) >> 8)
        return false;
    return (rflags & RFLAGS_FIXED) && !(rflags & RFLAGS_ZERO) &&
           is_canonical(vmcs_get(v, VMCS_GUEST_IDTR_BASE)) &&
           is_canonical(vmcs_get(v, VMCS_GUEST_TR_BASE)) &&
           !(vmcs_get32(v, VMCS_GUEST_IDTR_LIMIT) >> 16);
}

/* May the guest's state take the event that the entry injects? */
static bool state_takes(const struct vmcs *v, uint32_t info)
{
    uint32_t blocking = vmcs_get32(v, VMCS_GUEST_INTERRUPTIBILITY);
    bool by_mov_ss = blocking & BLOCKING_BY_MOV_SS;
    bool virtual_nmis = vmcs_get32(v, VMCS_PIN_CONTROLS) & PIN_VIRTUAL_NMIS;

    if (!activity_allows(vmcs_get32(v, VMCS_GUEST_ACTIVITY), info))
        return false;
    switch (INTR_INFO_TYPE(info)) {
    case INTR_TYPE_EXTERNAL:
        return !by_mov_ss && !(blocking & BLOCKING_BY_STI);
    case INTR_TYPE_NMI:
        return !by_mov_ss && !(virtual_nmis && (blocking & BLOCKING_BY_NMI));
    default:
        return true;
    }
}

/* The host is in 64-bit mode. */
bool vmx_host_state_legal(const struct vmcs *v)
{
    return (vmcs_get32(v, VMCS_EXIT_CONTROLS) & EXIT_CTL_HOST_64) &&
           is_canonical(vmcs_get(v, VMCS_HOST_IDTR_BASE)) &&
           is_canonical(vmcs_get(v, VMCS_HOST_TR_BASE));
}

enum state_failure vmx_guest_state_failure(const struct vmx_checked *c)
{
    const struct vmcs *v = c->vmcs;
    uint32_t info = vmcs_get32(v, VMCS_ENTRY_INTR_INFO);
    bool by_sti = vmcs_get32(v, VMCS_GUEST_INTERRUPTIBILITY) & BLOCKING_BY_STI;

    if (!registers_legal(v) || !activity_legal(c) ||
        !interruptibility_legal(v) || !pending_debug_legal(v) ||
        (injects(v) && !state_takes(v, info)))
        return STATE_FAILURE;
    if (injects(v) && by_sti && INTR_INFO_TYPE(info) == INTR_TYPE_NMI)
        return STATE_FAILURE_NMI_STI;
    if (vmcs_get(v, VMCS_LINK_POINTER) != UINT64_MAX)
        return STATE_FAILURE_LINK_POINTER;
    return STATE_LEGAL;
}
