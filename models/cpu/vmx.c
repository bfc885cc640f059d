/* VM entries with their checks, VM exits with what they record. */
#include <stddef.h>

#include "models/cpu/cpu.h"

/* Controls that this model has; another bit set fails the entry as it does on
 * a processor whose capability MSRs do not allow it. */
#define PIN_ALLOWED                                                            \
    (PIN_DEFAULT1 | PIN_EXTERNAL_INTERRUPT_EXITING | PIN_NMI_EXITING |         \
     PIN_VIRTUAL_NMIS | PIN_PREEMPTION_TIMER)
#define PRIMARY_ALLOWED                                                        \
    (PRIMARY_DEFAULT1 | PRIMARY_INTERRUPT_WINDOW | PRIMARY_HLT_EXITING |       \
     PRIMARY_CR8_LOAD_EXITING | PRIMARY_CR8_STORE_EXITING |                    \
     PRIMARY_MSR_BITMAPS | PRIMARY_PAUSE_EXITING | PRIMARY_SECONDARY)
#define SECONDARY_ALLOWED                                                      \
    (SECONDARY_EPT | SECONDARY_DESCRIPTOR_TABLE_EXITING | SECONDARY_VPID)
#define EXIT_ALLOWED                                                           \
    (EXIT_CTL_DEFAULT1 | EXIT_CTL_HOST_64 | EXIT_CTL_ACKNOWLEDGE |             \
     EXIT_CTL_SAVE_PREEMPTION_TIMER)
#define ENTRY_ALLOWED (ENTRY_CTL_DEFAULT1 | ENTRY_CTL_GUEST_64)

static uint32_t get32(const struct vmcs *v, enum vmcs_field f)
{
    return (uint32_t)vmcs_get(v, f);
}

/* Every default-1 bit is set and no bit beyond the allowed ones. */
static bool control_legal(const struct vmcs *v, enum vmcs_field f,
                          uint32_t must, uint32_t may)
{
    uint32_t value = get32(v, f);

    return (value & must) == must && !(value & ~may);
}

static bool controls_legal(const struct vmcs *v)
{
    bool secondary = get32(v, VMCS_PRIMARY_CONTROLS) & PRIMARY_SECONDARY;

    return control_legal(v, VMCS_PIN_CONTROLS, PIN_DEFAULT1, PIN_ALLOWED) &&
           control_legal(v, VMCS_PRIMARY_CONTROLS, PRIMARY_DEFAULT1,
                         PRIMARY_ALLOWED) &&
           (!secondary ||
            control_legal(v, VMCS_SECONDARY_CONTROLS, 0, SECONDARY_ALLOWED)) &&
           control_legal(v, VMCS_EXIT_CONTROLS, EXIT_CTL_DEFAULT1,
                         EXIT_ALLOWED) &&
           control_legal(v, VMCS_ENTRY_CONTROLS, ENTRY_CTL_DEFAULT1,
                         ENTRY_ALLOWED);
}

static bool has_error_code(uint32_t vector)
{
    return vector == 8 || (vector >= 10 && vector <= 14) || vector == 17;
}

static bool is_software_event(uint32_t type)
{
    return type >= INTR_TYPE_SOFTWARE_INTERRUPT &&
           type <= INTR_TYPE_SOFTWARE_EXCEPTION;
}

/* "VM-Entry Controls": the fields for event injection. */
static bool injection_legal(const struct vmcs *v)
{
    uint32_t info = get32(v, VMCS_ENTRY_INTR_INFO);
    uint32_t type = INTR_INFO_TYPE(info);
    uint32_t vector = INTR_INFO_VECTOR(info);
    uint32_t length = get32(v, VMCS_ENTRY_INSTRUCTION_LENGTH);
    bool error_code = info & INTR_INFO_ERROR_CODE;
    bool exception = type == INTR_TYPE_HARDWARE_EXCEPTION;

    if (!(info & INTR_INFO_VALID))
        return true;
    if (type == INTR_TYPE_RESERVED || type == INTR_TYPE_OTHER)
        return false;
    if (type == INTR_TYPE_NMI && vector != 2)
        return false;
    if (exception && vector > 31)
        return false;
    if (error_code != (exception && has_error_code(vector)))
        return false;
    if (info & 0x7ffff000)
        return false;
    if (error_code && get32(v, VMCS_ENTRY_ERROR_CODE) >> 16)
        return false;
    return !is_software_event(type) || (length >= 1 && length <= 15);
}

/* "Checks on VM-Execution Control Fields" and the two that follow it. */
static bool control_fields_legal(const struct vmcs *v)
{
    uint32_t pin = get32(v, VMCS_PIN_CONTROLS);
    uint32_t primary = get32(v, VMCS_PRIMARY_CONTROLS);

    if (!controls_legal(v))
        return false;
    if (!(pin & PIN_NMI_EXITING) && (pin & PIN_VIRTUAL_NMIS))
        return false;
    if (!(pin & PIN_VIRTUAL_NMIS) && (primary & PRIMARY_NMI_WINDOW))
        return false;
    if ((primary & PRIMARY_MSR_BITMAPS) &&
        vmcs_get(v, VMCS_MSR_BITMAP) % MEM_PAGE_BYTES)
        return false;
    if (!(pin & PIN_PREEMPTION_TIMER) &&
        (get32(v, VMCS_EXIT_CONTROLS) & EXIT_CTL_SAVE_PREEMPTION_TIMER))
        return false;
    return injection_legal(v);
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
        return type == INTR_TYPE_EXTERNAL || nmi ||
               (exception && (vector == 1 || vector == 18));
    case ACTIVITY_SHUTDOWN:
        return nmi || (exception && vector == 18);
    default:
        return false;
    }
}

/* "Checks on Guest Non-Register State", as far as interrupts go. */
static bool guest_state_legal(const struct vmcs *v)
{
    uint32_t blocking = get32(v, VMCS_GUEST_INTERRUPTIBILITY);
    uint32_t activity = get32(v, VMCS_GUEST_ACTIVITY);
    uint32_t info = get32(v, VMCS_ENTRY_INTR_INFO);
    uint64_t rflags = vmcs_get(v, VMCS_GUEST_RFLAGS);
    bool by_sti = blocking & BLOCKING_BY_STI;
    bool by_mov_ss = blocking & BLOCKING_BY_MOV_SS;
    bool valid = info & INTR_INFO_VALID;

    if (activity > ACTIVITY_WAIT_FOR_SIPI || blocking >> 5)
        return false;
    if ((by_sti || by_mov_ss) && activity != ACTIVITY_ACTIVE)
        return false;
    if ((by_sti && by_mov_ss) || (by_sti && !(rflags & RFLAGS_IF)))
        return false;
    if (!(rflags & RFLAGS_FIXED) ||
        vmcs_get(v, VMCS_LINK_POINTER) != UINT64_MAX)
        return false;
    if (!valid)
        return true;
    if (!activity_allows(activity, info))
        return false;
    if (INTR_INFO_TYPE(info) == INTR_TYPE_EXTERNAL)
        return (rflags & RFLAGS_IF) && !by_sti && !by_mov_ss;
    if (INTR_INFO_TYPE(info) == INTR_TYPE_NMI)
        return !by_sti && !by_mov_ss &&
               !((get32(v, VMCS_PIN_CONTROLS) & PIN_VIRTUAL_NMIS) &&
                 (blocking & BLOCKING_BY_NMI));
    return true;
}

static void load_guest(struct cpu *c)
{
    const struct vmcs *v = c->vmcs;

    c->rip = vmcs_get(v, VMCS_GUEST_RIP);
    c->rsp = vmcs_get(v, VMCS_GUEST_RSP);
    c->rflags = vmcs_get(v, VMCS_GUEST_RFLAGS);
    c->idtr.base = vmcs_get(v, VMCS_GUEST_IDTR_BASE);
    c->idtr.limit = (uint16_t)vmcs_get(v, VMCS_GUEST_IDTR_LIMIT);
    c->activity = (enum cpu_activity)vmcs_get(v, VMCS_GUEST_ACTIVITY);
    c->sti_blocking = vmcs_get(v, VMCS_GUEST_INTERRUPTIBILITY) & 1;
    c->frames = v->frames;
    c->non_root = true;
    c->preemption_timer = false;
}

static void load_host(struct cpu *c)
{
    const struct vmcs *v = c->vmcs;

    c->rip = vmcs_get(v, VMCS_HOST_RIP);
    c->rsp = vmcs_get(v, VMCS_HOST_RSP);
    c->rflags = RFLAGS_FIXED;
    c->idtr.base = vmcs_get(v, VMCS_HOST_IDTR_BASE);
    c->idtr.limit = 0xffff;
    c->activity = ACTIVITY_ACTIVE;
    c->sti_blocking = false;
    c->frames = 0;
    c->non_root = false;
    c->preemption_timer = false;
}

static void fail(struct cpu *c, enum vm_instruction_error error)
{
    c->vm_fail = true;
    vmcs_set(c->vmcs, VMCS_INSTRUCTION_ERROR, error);
}

enum vm_instruction_error cpu_vm_entry(struct cpu *c, bool launch,
                                       bool *entry_failure)
{
    struct vmcs *v = c->vmcs;
    enum vm_instruction_error error = VMERR_NONE;

    *entry_failure = false;
    c->vm_fail = false;
    if (launch && v->launched)
        error = VMERR_LAUNCH_NOT_CLEAR;
    else if (!launch && !v->launched)
        error = VMERR_RESUME_NOT_LAUNCHED;
    else if (!control_fields_legal(v))
        error = VMERR_CONTROLS;
    if (error) {
        fail(c, error);
        return error;
    }
    if (!guest_state_legal(v)) {
        *entry_failure = true;
        vmcs_set(v, VMCS_EXIT_REASON,
                 EXIT_REASON_ENTRY_FAILURE | EXIT_INVALID_GUEST_STATE);
        vmcs_set(v, VMCS_EXIT_QUALIFICATION, 0);
        load_host(c);
        return VMERR_NONE;
    }
    v->launched = true;
    load_guest(c);
    return VMERR_NONE;
}

bool cpu_entry_injects(const struct cpu *c, struct cpu_vectored *e)
{
    const struct vmcs *v = c->vmcs;
    uint32_t info = get32(v, VMCS_ENTRY_INTR_INFO);
    uint32_t length = is_software_event(INTR_INFO_TYPE(info))
                          ? get32(v, VMCS_ENTRY_INSTRUCTION_LENGTH)
                          : 0;

    *e = (struct cpu_vectored){
        .vector = INTR_INFO_VECTOR(info),
        .type = INTR_INFO_TYPE(info),
        .has_error_code = (info & INTR_INFO_ERROR_CODE) != 0,
        .error_code = get32(v, VMCS_ENTRY_ERROR_CODE),
        .return_rip = length ? rip_plus(c->rip, length) : c->rip,
    };
    return (info & INTR_INFO_VALID) != 0;
}

static void save_guest(const struct cpu *c)
{
    struct vmcs *v = c->vmcs;

    vmcs_set(v, VMCS_GUEST_RIP, c->rip);
    vmcs_set(v, VMCS_GUEST_RSP, c->rsp);
    vmcs_set(v, VMCS_GUEST_RFLAGS, c->rflags);
    vmcs_set(v, VMCS_GUEST_IDTR_BASE, c->idtr.base);
    vmcs_set(v, VMCS_GUEST_IDTR_LIMIT, c->idtr.limit);
    vmcs_set(v, VMCS_GUEST_ACTIVITY, c->activity);
    vmcs_set(v, VMCS_GUEST_INTERRUPTIBILITY,
             c->sti_blocking ? BLOCKING_BY_STI : 0);
    v->frames = c->frames;
}

void cpu_vm_exit(struct cpu *c, const struct cpu_exit *x)
{
    struct vmcs *v = c->vmcs;

    save_guest(c);
    vmcs_set(v, VMCS_EXIT_REASON, x->reason);
    vmcs_set(v, VMCS_EXIT_QUALIFICATION, x->qualification);
    vmcs_set(v, VMCS_EXIT_INTR_INFO, x->intr_info);
    vmcs_set(v, VMCS_EXIT_ERROR_CODE, x->error_code);
    vmcs_set(v, VMCS_IDT_VECTORING_INFO, x->idt_vectoring_info);
    vmcs_set(v, VMCS_IDT_VECTORING_ERROR_CODE, x->idt_vectoring_error_code);
    vmcs_set(v, VMCS_EXIT_INSTRUCTION_LENGTH, x->instruction_length);
    vmcs_set(v, VMCS_GUEST_PHYSICAL_ADDRESS, x->guest_physical_address);
    vmcs_set(v, VMCS_ENTRY_INTR_INFO,
             vmcs_get(v, VMCS_ENTRY_INTR_INFO) & ~(uint64_t)INTR_INFO_VALID);
    load_host(c);
}
