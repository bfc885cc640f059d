/* VM entries with their checks, VM exits with what they record. */
#include <assert.h>
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

/* Neither in SMM nor in an enclave. */
#define BLOCKING_LEGAL (BLOCKING_BY_STI | BLOCKING_BY_MOV_SS | BLOCKING_BY_NMI)

/* RFLAGS bits 63:22, 15, 5 and 3 are reserved; VM is not for 64-bit mode. */
#define RFLAGS_ZERO (~UINT64_C(0x3fffff) | 1u << 17 | 0x8028u)

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
    if (error_code != (exception && cpu_has_error_code(vector)))
        return false;
    if (info & 0x7ffff000)
        return false;
    if (error_code && get32(v, VMCS_ENTRY_ERROR_CODE) >> 16)
        return false;
    return !intr_type_is_software(type) || (length >= 1 && length <= 15);
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
static bool state_legal(const struct vmcs *v)
{
    uint32_t blocking = get32(v, VMCS_GUEST_INTERRUPTIBILITY);
    uint32_t activity = get32(v, VMCS_GUEST_ACTIVITY);
    uint64_t rflags = vmcs_get(v, VMCS_GUEST_RFLAGS);
    bool by_sti = blocking & BLOCKING_BY_STI;
    bool by_mov_ss = blocking & BLOCKING_BY_MOV_SS;

    if (activity > ACTIVITY_WAIT_FOR_SIPI || (blocking & ~BLOCKING_LEGAL))
        return false;
    if ((by_sti || by_mov_ss) && activity != ACTIVITY_ACTIVE)
        return false;
    if ((by_sti && by_mov_ss) || (by_sti && !(rflags & RFLAGS_IF)))
        return false;
    return (rflags & RFLAGS_FIXED) && !(rflags & RFLAGS_ZERO) &&
           !(get32(v, VMCS_GUEST_IDTR_LIMIT) >> 16);
}

/* May the guest's state take the event that the entry injects? */
static bool state_takes(const struct vmcs *v, uint32_t info)
{
    uint32_t blocking = get32(v, VMCS_GUEST_INTERRUPTIBILITY);
    bool by_mov_ss = blocking & BLOCKING_BY_MOV_SS;
    bool virtual_nmis = get32(v, VMCS_PIN_CONTROLS) & PIN_VIRTUAL_NMIS;

    if (!activity_allows(get32(v, VMCS_GUEST_ACTIVITY), info))
        return false;
    switch (INTR_INFO_TYPE(info)) {
    case INTR_TYPE_EXTERNAL:
        return (vmcs_get(v, VMCS_GUEST_RFLAGS) & RFLAGS_IF) && !by_mov_ss &&
               !(blocking & BLOCKING_BY_STI);
    case INTR_TYPE_NMI:
        return !by_mov_ss && !(virtual_nmis && (blocking & BLOCKING_BY_NMI));
    default:
        return true;
    }
}

/* Exit qualifications of an entry failure; which one is reported if there are
 * several mistakes is up to the processor. */
enum state_failure {
    STATE_LEGAL = -1,
    STATE_FAILURE = 0,
    STATE_FAILURE_NMI_STI = 3,
    STATE_FAILURE_LINK_POINTER = 4,
};

static enum state_failure guest_state_failure(const struct vmcs *v)
{
    uint32_t info = get32(v, VMCS_ENTRY_INTR_INFO);
    bool valid = info & INTR_INFO_VALID;
    bool by_sti = get32(v, VMCS_GUEST_INTERRUPTIBILITY) & BLOCKING_BY_STI;

    if (!state_legal(v) || (valid && !state_takes(v, info)))
        return STATE_FAILURE;
    if (valid && by_sti && INTR_INFO_TYPE(info) == INTR_TYPE_NMI)
        return STATE_FAILURE_NMI_STI;
    if (vmcs_get(v, VMCS_LINK_POINTER) != UINT64_MAX)
        return STATE_FAILURE_LINK_POINTER;
    return STATE_LEGAL;
}

static void load_guest(struct cpu *c)
{
    const struct vmcs *v = c->vmcs;
    uint32_t blocking = get32(v, VMCS_GUEST_INTERRUPTIBILITY);

    c->rip = vmcs_get(v, VMCS_GUEST_RIP);
    c->rsp = vmcs_get(v, VMCS_GUEST_RSP);
    c->rflags = vmcs_get(v, VMCS_GUEST_RFLAGS);
    c->idtr.base = vmcs_get(v, VMCS_GUEST_IDTR_BASE);
    c->idtr.limit = (uint16_t)vmcs_get(v, VMCS_GUEST_IDTR_LIMIT);
    c->activity = (enum cpu_activity)vmcs_get(v, VMCS_GUEST_ACTIVITY);
    c->sti_blocking = blocking & BLOCKING_BY_STI;
    c->mov_ss_blocking = blocking & BLOCKING_BY_MOV_SS;
    c->frames = v->frames;
    c->non_root = true;
    c->preemption_timer =
        (get32(v, VMCS_PIN_CONTROLS) & PIN_PREEMPTION_TIMER) &&
        get32(v, VMCS_PREEMPTION_TIMER_VALUE) == 0;
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
    c->mov_ss_blocking = false;
    c->frames = 0;
    c->non_root = false;
    c->preemption_timer = false;
}

static void fail(struct cpu *c, enum vm_instruction_error error)
{
    c->vm_fail = true;
    if (c->vmcs)
        vmcs_set(c->vmcs, VMCS_INSTRUCTION_ERROR, error);
}

static void vmwrite(struct cpu *c, enum vmcs_field f, uint64_t value)
{
    if (vmcs_field_writable(f))
        vmcs_set(c->vmcs, f, value & vmcs_field_mask(f));
    else
        fail(c, VMERR_READ_ONLY_FIELD);
}

static void access_vmcs(struct cpu *c, const struct op *op)
{
    enum vmcs_field f = (enum vmcs_field)op->imm;

    if (!c->vmcs)
        c->vm_fail = true; /* VMfailInvalid: no field to put an error into */
    else if (op->kind == OP_VMREAD)
        c->gpr[op->reg] = vmcs_get(c->vmcs, f);
    else
        vmwrite(c, f, c->gpr[op->reg]);
}

bool cpu_enters(const struct cpu *c, const struct op *op)
{
    return (op->kind == OP_VMLAUNCH || op->kind == OP_VMRESUME) && c->vmx_on &&
           !c->non_root && c->vmcs;
}

struct cpu_result cpu_execute_vmx(struct cpu *c, const struct op *op)
{
    if (!c->vmx_on && op->kind != OP_VMXON) {
        c->rip = rip_plus(c->rip, UINT32_MAX); /* it faults */
        return cpu_raise(c, VECTOR_UD, 0);
    }
    c->vm_fail = false;
    switch (op->kind) {
    case OP_VMXON:
        if (c->vmx_on)
            fail(c, VMERR_VMXON_IN_ROOT);
        c->vmx_on = true;
        break;
    case OP_VMCALL:
        fail(c, VMERR_VMCALL_IN_ROOT);
        break;
    case OP_VMPTRLD:
        c->vmcs = op->self;
        break;
    case OP_VMREAD:
    case OP_VMWRITE:
        access_vmcs(c, op);
        break;
    default: /* VMLAUNCH and VMRESUME without a current VMCS */
        assert(!c->vmcs);
        c->vm_fail = true;
    }
    return (struct cpu_result){.outcome = CPU_GOES_ON};
}

enum vm_instruction_error cpu_vm_entry(struct cpu *c, bool launch,
                                       bool *entry_failure)
{
    struct vmcs *v = c->vmcs;
    enum vm_instruction_error error = VMERR_NONE;
    enum state_failure failure;

    *entry_failure = false;
    c->vm_fail = false;
    if (launch && v->launched)
        error = VMERR_LAUNCH_NOT_CLEAR;
    else if (!launch && !v->launched)
        error = VMERR_RESUME_NOT_LAUNCHED;
    else if (!control_fields_legal(v))
        error = VMERR_CONTROLS;
    else if (!(get32(v, VMCS_EXIT_CONTROLS) & EXIT_CTL_HOST_64))
        error = VMERR_HOST_STATE; /* the host is in 64-bit mode */
    if (error) {
        fail(c, error);
        return error;
    }
    failure = guest_state_failure(v);
    if (failure != STATE_LEGAL) {
        *entry_failure = true;
        vmcs_set(v, VMCS_EXIT_REASON,
                 EXIT_REASON_ENTRY_FAILURE | EXIT_INVALID_GUEST_STATE);
        vmcs_set(v, VMCS_EXIT_QUALIFICATION, failure);
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
    uint32_t length = intr_type_is_software(INTR_INFO_TYPE(info))
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
             (c->sti_blocking ? BLOCKING_BY_STI : 0) |
                 (c->mov_ss_blocking ? BLOCKING_BY_MOV_SS : 0));
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
