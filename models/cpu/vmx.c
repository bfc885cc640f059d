/* VM entries with their checks, VM exits with what they record. */
#include <assert.h>
#include <stddef.h>

#include "models/cpu/cpu.h"
#include "models/cpu/cpu_uintr.h"
#include "models/cpu/vapic.h"
#include "models/cpu/vmx_checks.h"
#include "models/cpu/vmx_msr_lists.h"

/* "Delivery of Pending Debug Exceptions after VM Entry": an injected event
 * takes their place, but for software events behind MOV SS. */
static uint64_t entry_pending_debug(const struct vmcs *v)
{
    uint32_t info = vmcs_get32(v, VMCS_ENTRY_INTR_INFO);
    uint32_t type = INTR_INFO_TYPE(info);
    uint32_t activity = vmcs_get32(v, VMCS_GUEST_ACTIVITY);
    bool by_mov_ss =
        vmcs_get32(v, VMCS_GUEST_INTERRUPTIBILITY) & BLOCKING_BY_MOV_SS;
    bool keeps = activity == ACTIVITY_ACTIVE || activity == ACTIVITY_HLT;

    if ((info & INTR_INFO_VALID) && type != INTR_TYPE_OTHER)
        keeps = by_mov_ss && (type == INTR_TYPE_SOFTWARE_INTERRUPT ||
                              type == INTR_TYPE_SOFTWARE_EXCEPTION);
    return keeps ? vmcs_get(v, VMCS_GUEST_PENDING_DEBUG) : 0;
}

static bool entry_injects_mtf(const struct vmcs *v)
{
    uint32_t info = vmcs_get32(v, VMCS_ENTRY_INTR_INFO);

    return (info & INTR_INFO_VALID) && INTR_INFO_TYPE(info) == INTR_TYPE_OTHER;
}

/* Of CR4 nothing but user interrupts is kept. */
static void load_cr4(struct cpu *c, enum vmcs_field f)
{
    c->uintr.enabled = c->uintr.supported && (vmcs_get(c->vmcs, f) & CR4_UINTR);
}

static void load_guest(struct cpu *c)
{
    const struct vmcs *v = c->vmcs;
    uint32_t blocking = vmcs_get32(v, VMCS_GUEST_INTERRUPTIBILITY);
    bool virtual_nmis = vmcs_get32(v, VMCS_PIN_CONTROLS) & PIN_VIRTUAL_NMIS;

    c->rip = vmcs_get(v, VMCS_GUEST_RIP);
    c->rsp = vmcs_get(v, VMCS_GUEST_RSP);
    c->rflags = vmcs_get(v, VMCS_GUEST_RFLAGS);
    c->idtr.base = vmcs_get(v, VMCS_GUEST_IDTR_BASE);
    c->idtr.limit = (uint16_t)vmcs_get(v, VMCS_GUEST_IDTR_LIMIT);
    c->tr_base = vmcs_get(v, VMCS_GUEST_TR_BASE);
    c->cpl = vmcs_guest_cpl(v);
    c->pause_loop.begun = false;
    c->activity = (enum cpu_activity)vmcs_get(v, VMCS_GUEST_ACTIVITY);
    c->sti_blocking = blocking & BLOCKING_BY_STI;
    c->mov_ss_blocking = blocking & BLOCKING_BY_MOV_SS;
    c->virtual_nmi_blocking = virtual_nmis && (blocking & BLOCKING_BY_NMI);
    c->nmi_blocking = !virtual_nmis && (blocking & BLOCKING_BY_NMI);
    c->pending_debug = entry_pending_debug(v);
    c->mtf = entry_injects_mtf(v);
    load_cr4(c, VMCS_GUEST_CR4);
    if (vmcs_get32(v, VMCS_ENTRY_CONTROLS) & ENTRY_CTL_LOAD_UINV)
        c->uintr.uinv = (uint8_t)vmcs_get(v, VMCS_GUEST_UINV);
    c->frames = v->frames;
    c->non_root = true;
    c->preemption_timer =
        (vmcs_get32(v, VMCS_PIN_CONTROLS) & PIN_PREEMPTION_TIMER) &&
        vmcs_get32(v, VMCS_PREEMPTION_TIMER_VALUE) == 0;
}

static void load_host(struct cpu *c)
{
    const struct vmcs *v = c->vmcs;

    c->rip = vmcs_get(v, VMCS_HOST_RIP);
    c->rsp = vmcs_get(v, VMCS_HOST_RSP);
    c->rflags = RFLAGS_FIXED;
    c->idtr.base = vmcs_get(v, VMCS_HOST_IDTR_BASE);
    c->idtr.limit = 0xffff;
    c->tr_base = vmcs_get(v, VMCS_HOST_TR_BASE);
    c->cpl = 0;
    load_cr4(c, VMCS_HOST_CR4);
    if (vmcs_get32(v, VMCS_EXIT_CONTROLS) & EXIT_CTL_CLEAR_UINV)
        c->uintr.uinv = 0;
    c->activity = ACTIVITY_ACTIVE;
    c->sti_blocking = false;
    c->mov_ss_blocking = false;
    c->virtual_nmi_blocking = false;
    c->pending_debug = 0;
    c->mtf = false;
    c->sipi = false;
    c->frames = 0;
    c->non_root = false;
    c->preemption_timer = false;
}

static void fail(struct cpu *c, enum vm_instruction_error error)
{
    c->vm_fail = c->vmcs ? VM_FAIL_VALID : VM_FAIL_INVALID;
    if (c->vmcs)
        vmcs_set(c->vmcs, VMCS_INSTRUCTION_ERROR, error);
}

static void vmwrite(struct cpu *c, enum vmcs_field f, uint32_t encoding,
                    uint64_t value)
{
    uint64_t old = vmcs_get(c->vmcs, f);

    if (!vmcs_field_writable(f))
        fail(c, VMERR_READ_ONLY_FIELD);
    else if (encoding & VMCS_ACCESS_HIGH)
        vmcs_set(c->vmcs, f, (uint32_t)old | value << 32);
    else
        vmcs_set(c->vmcs, f, value & vmcs_field_mask(f));
}

static void access_vmcs(struct cpu *c, const struct op *op)
{
    uint32_t encoding = (uint32_t)op->imm;
    enum vmcs_field f = vmcs_field_of(encoding);
    uint64_t *reg = &c->gpr[op->reg];

    if (!c->vmcs)
        c->vm_fail = VM_FAIL_INVALID;
    else if (f == VMCS_FIELD_COUNT || !vmx_has_field(&c->vmx, f))
        fail(c, VMERR_UNSUPPORTED_FIELD);
    else if (op->kind == OP_VMREAD)
        *reg = vmcs_get(c->vmcs, f) >> (encoding & VMCS_ACCESS_HIGH ? 32 : 0);
    else
        vmwrite(c, f, encoding, *reg);
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
    c->vm_fail = VM_SUCCEED;
    switch (op->kind) {
    case OP_VMXON:
        if (c->vmx_on)
            fail(c, VMERR_VMXON_IN_ROOT);
        else
            c->vmcs = NULL;
        c->vmx_on = true;
        break;
    case OP_VMXOFF:
        c->vmx_on = false;
        c->vmcs = NULL;
        break;
    case OP_VMCLEAR:
        ((struct vmcs *)op->self)->launched = false;
        if (c->vmcs == op->self)
            c->vmcs = NULL;
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
        c->vm_fail = VM_FAIL_INVALID;
    }
    return (struct cpu_result){.outcome = CPU_GOES_ON};
}

/* What VMLAUNCH or VMRESUME checks before it looks at the guest. */
static enum vm_instruction_error
entry_error(const struct cpu *c, const struct vmx_checked *checked, bool launch)
{
    if (c->mov_ss_blocking)
        return VMERR_BLOCKED_BY_MOV_SS;
    if (launch && c->vmcs->launched)
        return VMERR_LAUNCH_NOT_CLEAR;
    if (!launch && !c->vmcs->launched)
        return VMERR_RESUME_NOT_LAUNCHED;
    if (!vmx_controls_legal(checked))
        return VMERR_CONTROLS;
    return vmx_host_state_legal(c->vmcs) ? VMERR_NONE : VMERR_HOST_STATE;
}

static void abort_vmx(struct cpu *c, enum vmx_abort why)
{
    c->vmcs->abort = why;
    if (why)
        c->activity = ACTIVITY_SHUTDOWN;
}

/* "VM-Entry Failures During or After Loading Guest State": an exit that saves
 * nothing of the guest. */
static void fail_entry(struct cpu *c, struct mem *m, enum exit_reason reason,
                       uint32_t qualification)
{
    vmcs_set(c->vmcs, VMCS_EXIT_REASON, EXIT_REASON_ENTRY_FAILURE | reason);
    vmcs_set(c->vmcs, VMCS_EXIT_QUALIFICATION, qualification);
    load_host(c);
    abort_vmx(c, vmx_host_msrs_failure(c->vmcs, m));
}

enum vm_instruction_error cpu_vm_entry(struct cpu *c, struct mem *m,
                                       const struct op *op, bool *entry_failure)
{
    struct vmcs *v = c->vmcs;
    struct vmx_checked checked = {v, &c->vmx, m};
    enum vm_instruction_error error =
        entry_error(c, &checked, op->kind == OP_VMLAUNCH);
    enum state_failure failure;
    uint32_t bad_msr;

    *entry_failure = false;
    c->vm_fail = VM_SUCCEED;
    if (error) {
        fail(c, error);
        return error;
    }
    failure = vmx_guest_state_failure(&checked);
    bad_msr = vmx_entry_msrs_failure(v, m);
    *entry_failure = failure != STATE_LEGAL || bad_msr;
    if (failure != STATE_LEGAL) {
        fail_entry(c, m, EXIT_INVALID_GUEST_STATE, (uint32_t)failure);
    } else if (bad_msr) {
        fail_entry(c, m, EXIT_MSR_LOADING, bad_msr);
    } else {
        v->launched = true;
        load_guest(c);
        vapic_enter(c, m);
    }
    return VMERR_NONE;
}

bool cpu_entry_injects(const struct cpu *c, struct cpu_vectored *e)
{
    const struct vmcs *v = c->vmcs;
    uint32_t info = vmcs_get32(v, VMCS_ENTRY_INTR_INFO);
    uint32_t length = intr_type_is_software(INTR_INFO_TYPE(info))
                          ? vmcs_get32(v, VMCS_ENTRY_INSTRUCTION_LENGTH)
                          : 0;

    *e = (struct cpu_vectored){
        .vector = INTR_INFO_VECTOR(info),
        .type = INTR_INFO_TYPE(info),
        .has_error_code = (info & INTR_INFO_ERROR_CODE) != 0,
        .error_code = vmcs_get32(v, VMCS_ENTRY_ERROR_CODE),
        .return_rip = length ? rip_plus(c->rip, length) : c->rip,
    };
    return (info & INTR_INFO_VALID) && e->type != INTR_TYPE_OTHER;
}

/* "Blocking by NMI" is that of virtual NMIs if there are any. */
static uint32_t blocking_bits(const struct cpu *c)
{
    return (c->sti_blocking ? BLOCKING_BY_STI : 0) |
           (c->mov_ss_blocking ? BLOCKING_BY_MOV_SS : 0) |
           (c->nmi_blocking || c->virtual_nmi_blocking ? BLOCKING_BY_NMI : 0);
}

/* UINV is saved wherever entries can load it. */
static void save_uinv(const struct cpu *c)
{
    uint64_t loads = (uint64_t)ENTRY_CTL_LOAD_UINV << 32;

    if (vmx_has(&c->vmx, VMX_MSR_TRUE_ENTRY, loads))
        vmcs_set(c->vmcs, VMCS_GUEST_UINV, c->uintr.uinv);
}

static void save_guest(const struct cpu *c)
{
    struct vmcs *v = c->vmcs;

    vmcs_set(v, VMCS_GUEST_RIP, c->rip);
    vmcs_set(v, VMCS_GUEST_RSP, c->rsp);
    vmcs_set(v, VMCS_GUEST_RFLAGS, c->rflags);
    vmcs_set(v, VMCS_GUEST_IDTR_BASE, c->idtr.base);
    vmcs_set(v, VMCS_GUEST_IDTR_LIMIT, c->idtr.limit);
    vmcs_set(v, VMCS_GUEST_TR_BASE, c->tr_base);
    vmcs_set(v, VMCS_GUEST_CR4,
             (vmcs_get(v, VMCS_GUEST_CR4) & ~(uint64_t)CR4_UINTR) |
                 (c->uintr.enabled ? CR4_UINTR : 0));
    save_uinv(c);
    vmcs_set_guest_cpl(v, c->cpl);
    vmcs_set(v, VMCS_GUEST_ACTIVITY, c->activity);
    vmcs_set(v, VMCS_GUEST_INTERRUPTIBILITY, blocking_bits(c));
    vmcs_set(v, VMCS_GUEST_PENDING_DEBUG, c->pending_debug);
    v->frames = c->frames;
}

void cpu_vm_exit(struct cpu *c, const struct cpu_exit *x)
{
    struct vmcs *v = c->vmcs;

    save_guest(c);
    vapic_leave(c);
    vmcs_set(v, VMCS_EXIT_REASON, x->reason);
    vmcs_set(v, VMCS_EXIT_QUALIFICATION, x->qualification);
    vmcs_set(v, VMCS_EXIT_INTR_INFO, x->intr_info);
    vmcs_set(v, VMCS_EXIT_ERROR_CODE, x->error_code);
    vmcs_set(v, VMCS_IDT_VECTORING_INFO, x->idt_vectoring_info);
    vmcs_set(v, VMCS_IDT_VECTORING_ERROR_CODE, x->idt_vectoring_error_code);
    vmcs_set(v, VMCS_EXIT_INSTRUCTION_LENGTH, x->instruction_length);
    vmcs_set(v, VMCS_GUEST_PHYSICAL_ADDRESS, x->guest_physical_address);
    vmcs_set(v, VMCS_GUEST_LINEAR_ADDRESS, x->guest_linear_address);
    vmcs_set(v, VMCS_ENTRY_INTR_INFO,
             vmcs_get(v, VMCS_ENTRY_INTR_INFO) & ~(uint64_t)INTR_INFO_VALID);
    load_host(c);
    if (x->intr_info == INTR_INFO_NMI)
        c->nmi_blocking = true; /* until the host's IRET */
}

void cpu_exit_msrs(struct cpu *c, struct mem *m)
{
    abort_vmx(c, vmx_exit_msrs_failure(c->vmcs, m));
}
