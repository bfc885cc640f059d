/*
 * The CPU: which event is taken at an instruction boundary, delivery through
 * the IDT, and VMX root and non-root operation.
 *
 * Modelled: RIP, RSP, RFLAGS.IF, eight general registers, IDTR, the IDT and
 * the interrupt frames in memory, blocking by STI and MOV SS, HLT, faults met
 * during delivery, VM entries with their checks, VM exits with their
 * information. Code is op streams (op.h), not instructions; no op changes the
 * privilege level, but entries, deliveries and IRET do. NMI with its blocking,
 * INIT, SIPI; an SMI takes time and changes nothing. Left out: debug
 * exceptions, task switches, paging.
 *
 * SDM vol. 3, chapters "Interrupt and Exception Handling", "VMX Non-Root
 * Operation", "VM Entries", "VM Exits".
 */
#ifndef MODELS_CPU_CPU_H
#define MODELS_CPU_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "models/cpu/op.h"
#include "models/cpu/uintr.h"
#include "models/cpu/vmcs.h"
#include "models/cpu/vmx_capabilities.h"
#include "sim/core/mem.h"

#define SELECTOR_RPL 3u /* bits of a selector: the privilege level */

#define RFLAGS_FIXED (1u << 1)
#define RFLAGS_TF (1u << 8)
#define RFLAGS_IF (1u << 9)

/* Exception vectors. */
#define VECTOR_DB 1
#define VECTOR_NMI 2
#define VECTOR_BP 3
#define VECTOR_UD 6
#define VECTOR_DF 8
#define VECTOR_NP 11
#define VECTOR_SS 12
#define VECTOR_GP 13
#define VECTOR_MC 18

/* How the last VMX instruction ended: CF = 1, or ZF = 1 with an error number
 * in the current VMCS. */
enum vm_fail { VM_SUCCEED, VM_FAIL_INVALID, VM_FAIL_VALID };

struct cpu_idtr {
    uint64_t base;
    uint16_t limit;
};

/* PAUSEs of one loop, in cycles of the TSC. */
struct cpu_pause_loop {
    bool begun; /* since the VM entry */
    uint64_t first, last;
};

/* What the processor keeps of the guest's virtual APIC in non-root operation;
 * the rest is in the virtual-APIC page.  See vapic.h. */
struct cpu_vapic {
    uint8_t rvi, svi; /* 0: none */
    /* The write that this operation had virtualized; its APIC-write emulation
     * follows at the operation's end. */
    uint16_t write_offset;
    uint8_t write_bytes;
    bool written;
    bool recognized;      /* a virtual interrupt is pending for delivery */
    bool below_threshold; /* the entry found VTPR below the TPR threshold */
    bool timer_due;       /* the TSC has reached the guest's deadline */
};

struct cpu {
    uint64_t rip, rsp, rflags;
    uint64_t gpr[GPR_COUNT];
    struct cpu_idtr idtr;
    uint64_t tr_base; /* of the task-state segment, which names a stack */
    uint8_t cpl;
    enum cpu_activity activity;
    bool sti_blocking;
    bool mov_ss_blocking; /* no op sets it, but a VM entry can */
    bool nmi_blocking;    /* from the delivery of an NMI to IRET */
    bool virtual_nmi_blocking;
    bool vmx_on, non_root;
    enum vm_fail vm_fail;
    /* What is looked at at each instruction boundary, from here to `sipi`:
     * cpu_asks(). */
    bool intr;             /* level of the line from the local APIC */
    bool extint;           /* level: an 8259 asks for INTA cycles */
    bool nmi, smi, init;   /* latched until they are taken */
    bool mtf;              /* a VM exit of the monitor trap flag is pending */
    bool preemption_timer; /* it has counted down to 0 */
    bool sipi;             /* in non-root operation, with its vector */
    uint8_t sipi_vector;
    uint64_t pending_debug; /* as in the VMCS */
    struct cpu_pause_loop pause_loop;
    struct vmcs *vmcs; /* current, or NULL */
    struct cpu_vapic vapic;
    /*
     * The handlers that are running, innermost in bit 0: 1 for an interrupt,
     * 0 for a fault or INT n.  Accounting reads it: guest_irq is the time
     * with a bit set.
     */
    uint64_t frames;
    struct uintr uintr;
    struct vmx_capabilities vmx; /* what the processor is; stays in a reset */
};

/* What is taken at an instruction boundary: `vmx.md` section 10. */
enum cpu_event {
    CPU_EVENT_NONE,
    CPU_EVENT_TPR_THRESHOLD_EXIT,
    CPU_EVENT_SMI,
    CPU_EVENT_INIT,
    CPU_EVENT_INIT_EXIT,
    CPU_EVENT_SIPI_EXIT,
    CPU_EVENT_MTF_EXIT,
    CPU_EVENT_DEBUG,
    CPU_EVENT_PREEMPTION_TIMER_EXIT,
    CPU_EVENT_NMI_WINDOW_EXIT,
    CPU_EVENT_NMI_EXIT,
    CPU_EVENT_NMI_DELIVERY,
    CPU_EVENT_GUEST_TIMER,
    CPU_EVENT_WINDOW_EXIT,
    CPU_EVENT_VIRTUAL_DELIVERY,
    CPU_EVENT_EXTINT_EXIT, /* with INTA cycles if the exit acknowledges */
    CPU_EVENT_INTR_EXIT,
    CPU_EVENT_EXTINT_DELIVERY,
    CPU_EVENT_INTR_DELIVERY,
    CPU_EVENT_USER_INTERRUPT,
};

/* An event to deliver through the IDT. */
struct cpu_vectored {
    uint8_t vector;
    uint8_t type; /* enum intr_type */
    bool extint;  /* an 8259's vector, which never notifies */
    bool has_error_code;
    uint32_t error_code;
    uint64_t return_rip;
};

/* Everything that a VM exit records. */
struct cpu_exit {
    uint32_t reason;
    uint64_t qualification;
    uint32_t intr_info, error_code;
    uint32_t idt_vectoring_info, idt_vectoring_error_code;
    uint32_t instruction_length;
    uint64_t guest_physical_address, guest_linear_address;
};

/* How an op or a delivery ends. */
enum cpu_outcome {
    CPU_GOES_ON,  /* at cpu.rip */
    CPU_NOTIFIED, /* goes on too: the event was a user-interrupt notification */
    CPU_FAULTS,   /* `fault` is to be delivered next, before all else */
    CPU_EXITS,    /* a VM exit follows; `exit` says which */
    CPU_SHUTS_DOWN,
};

struct cpu_result {
    enum cpu_outcome outcome;
    struct cpu_vectored fault;
    struct cpu_exit exit;
    uint64_t user_vectors; /* CPU_NOTIFIED: those that were posted */
};

/* As after power-up: IF = 0, activity active, VMX off. */
void cpu_reset(struct cpu *c, uint64_t rip, uint64_t rsp);

/* Where the boot processor begins after INIT. */
#define CPU_RESET_VECTOR UINT64_C(0xfffffff0)

/*
 * INIT: registers as after power-up, the lines keep their levels, an NMI that
 * waits is forgotten.  The boot processor then starts at the reset vector,
 * others wait for a SIPI.
 *
 * Code is not in memory here.  The doubleword pair at an address where a
 * processor starts holds the RIP of the op that stands there, and zeros mean
 * that there is no code: the processor shuts down.
 */
void cpu_init(struct cpu *c, struct mem *m, bool bsp);

/* SIPI: true if the CPU has waited for it, and now starts at 000vv000h.  One
 * that waits in non-root operation is to exit. */
bool cpu_sipi(struct cpu *c, struct mem *m, uint8_t vector);

/* The NMI that is pending, to be delivered. */
struct cpu_vectored cpu_take_nmi(struct cpu *c);

/* Pending debug exceptions: #DB is to be delivered, or exits. */
struct cpu_result cpu_take_debug(struct cpu *c);

/* The VM exit of an event that is one, but for interrupts. */
struct cpu_exit cpu_take_exit(struct cpu *c, enum cpu_event event);

static inline bool cpu_has_uintr_msr(const struct cpu *c, uint32_t msr)
{
    return c->uintr.supported && uintr_has_msr(msr);
}

/* RDMSR of the CPU's own MSRs; false: it is none of them. */
bool cpu_rdmsr(const struct cpu *c, uint32_t msr, uint64_t *value);

/* Does the guest run with this bit of a 32-bit control field? */
static inline bool cpu_control(const struct cpu *c, enum vmcs_field f,
                               uint32_t bit)
{
    return c->non_root && (vmcs_get(c->vmcs, f) & bit) != 0;
}

static inline bool cpu_secondary(const struct cpu *c, uint32_t bit)
{
    return c->non_root && (vmcs_secondary(c->vmcs) & bit) != 0;
}

/* Is the address in the hole of the nested paging? */
static inline bool cpu_in_hole(const struct cpu *c, uint64_t addr)
{
    return cpu_secondary(c, SECONDARY_EPT) &&
           addr - c->vmcs->hole_base < c->vmcs->hole_bytes;
}

static inline bool cpu_if(const struct cpu *c)
{
    return (c->rflags & RFLAGS_IF) != 0;
}

/* Exceptions that push an error code. */
static inline bool cpu_has_error_code(uint32_t vector)
{
    return vector == VECTOR_DF || (vector >= 10 && vector <= 14) ||
           vector == 17;
}

/* An instruction, or a cycle of WORK, has been executed: what blocks for one
 * instruction ends, and the monitor trap flag exits. */
static inline void cpu_step_over(struct cpu *c)
{
    bool mtf = cpu_control(c, VMCS_PRIMARY_CONTROLS, PRIMARY_MONITOR_TRAP_FLAG);

    c->sti_blocking = false;
    c->mov_ss_blocking = false;
    if (c->mtf != mtf) /* rarely: the word of cpu_asks() stays as it is */
        c->mtf = mtf;
}

/* Is the next instruction one for which that matters? */
static inline bool cpu_single(const struct cpu *c)
{
    return c->sti_blocking | c->mov_ss_blocking ||
           cpu_control(c, VMCS_PRIMARY_CONTROLS, PRIMARY_MONITOR_TRAP_FLAG);
}

/* The op at RIP has been executed. */
static inline void cpu_retire(struct cpu *c)
{
    c->rip = rip_plus(c->rip, 1);
    cpu_step_over(c);
}

/* Is any of the lines and latches set?  They are one word. */
static inline uint64_t cpu_asks(const struct cpu *c)
{
    uint64_t asks;

    _Static_assert(offsetof(struct cpu, sipi) ==
                       offsetof(struct cpu, intr) + sizeof asks - 1,
                   "eight flags side by side");
    memcpy(&asks, (const char *)c + offsetof(struct cpu, intr), sizeof asks);
    return asks;
}

/* cpu_recognize() where something asks. */
enum cpu_event cpu_recognize_asked(const struct cpu *c);

/* The event that is taken before the next op; does not change the state.  At
 * nearly every boundary nothing asks for anything: no line, no event of the
 * processor's own, no window, and it is active. */
static inline enum cpu_event cpu_recognize(const struct cpu *c)
{
    const uint32_t windows = PRIMARY_INTERRUPT_WINDOW | PRIMARY_NMI_WINDOW;
    bool vapic =
        c->vapic.recognized | c->vapic.below_threshold | c->vapic.timer_due;

    _Static_assert(ACTIVITY_ACTIVE == 0, "every other activity asks");
    if (cpu_asks(c) | vapic | c->pending_debug | c->uintr.uirr | c->activity)
        return cpu_recognize_asked(c);
    if (cpu_control(c, VMCS_PRIMARY_CONTROLS, windows))
        return cpu_recognize_asked(c);
    return CPU_EVENT_NONE;
}

/*
 * Deliver an event through the IDT at cpu.idtr in `m`: frame pushed, IF
 * cleared for an interrupt gate, RIP at the gate's offset.  A fault met on the
 * way takes the event's place, or causes a VM exit when the exception bitmap
 * catches it, with the IDT-vectoring information of the event.  The event
 * itself never exits here: cpu_raise() is what looks at the bitmap for it.
 * An external interrupt that notifies of user interrupts does not go through
 * the IDT: it is processed, and a CPU in HLT stays there.
 */
struct cpu_result cpu_deliver(struct cpu *c, struct mem *m,
                              const struct cpu_vectored *e);

/* A fault of the op at RIP: exit if the bitmap catches it, else the fault is to
 * be delivered.  Blocking by STI stays: the op has not been executed. */
struct cpu_result cpu_raise(const struct cpu *c, uint8_t vector,
                            uint32_t error_code);

/* Does this op fault with #GP(0) outside privilege level 0? */
bool cpu_privileged(const struct cpu *c, const struct op *op);

/* The guest is about to execute PAUSE: PAUSE-loop exiting counts, at privilege
 * level 0 alone. */
void cpu_note_pause(struct cpu *c, uint64_t tsc);

/* Does this op exit instead of executing?  Fills `x` if so.  Accesses to
 * memory are judged by cpu_access_exits(). */
bool cpu_intercepts(const struct cpu *c, struct mem *m, const struct op *op,
                    struct cpu_exit *x);

/* EPT violation of an access at `addr` ("Exit Qualification for EPT
 * Violations"), or one to the APIC-access page that is not virtualized. */
bool cpu_access_exits(const struct cpu *c, uint64_t addr, bool write,
                      struct cpu_exit *x);

/* Ops that change registers and the stack's memory and no more: they neither
 * exit nor fault, and leave what is recognized as it was. */
static inline bool cpu_is_plain(uint8_t kind)
{
    const uint64_t plain = UINT64_C(1) << OP_NOP | UINT64_C(1) << OP_MOV |
                           UINT64_C(1) << OP_MOV_RSP | UINT64_C(1) << OP_ADD |
                           UINT64_C(1) << OP_JMP | UINT64_C(1) << OP_JZ |
                           UINT64_C(1) << OP_JNZ | UINT64_C(1) << OP_PUSHA |
                           UINT64_C(1) << OP_POPA;

    return plain >> kind & 1;
}

/* Ops that every privilege level may begin, and that do not exit then. */
static inline bool cpu_is_open(uint8_t kind)
{
    return cpu_is_plain(kind) || kind == OP_CALL || kind == OP_IRET;
}

/* Executes the plain op at RIP. */
void cpu_execute_plain(struct cpu *c, struct mem *m, const struct op *op);

/*
 * Executes the op at RIP, one that touches nothing but the CPU and memory:
 * IRET, CLI, STI, HLT, INT, LIDT, PUSHA, POPA, jumps, and what
 * cpu_execute_vmx() does.
 */
struct cpu_result cpu_execute(struct cpu *c, struct mem *m,
                              const struct op *op);

/* Its VMX instructions; VMLAUNCH and VMRESUME only where cpu_enters() is
 * false. */
struct cpu_result cpu_execute_vmx(struct cpu *c, const struct op *op);

/* Is this a VM entry to be tried by cpu_vm_entry()?  Outside VMX root
 * operation and without a current VMCS it is not. */
bool cpu_enters(const struct cpu *c, const struct op *op);

/* VM exit: guest state and exit information to the VMCS, host state loaded. */
void cpu_vm_exit(struct cpu *c, const struct cpu_exit *x);

/* The MSR lists of the exit just made; a VMX abort shuts the processor down. */
void cpu_exit_msrs(struct cpu *c, struct mem *m);

/* The exit that an acknowledged (or, with has_vector false, an
 * unacknowledged) external interrupt causes. */
struct cpu_exit cpu_intr_exit(bool has_vector, uint8_t vector);

/*
 * VMLAUNCH or VMRESUME (`op`) up to the point where guest state is loaded:
 * VMERR_NONE and guest state loaded; or an error: nothing changed but
 * cpu.vm_fail and the VM-instruction error field; or, with *entry_failure
 * set, the entry-failure exit (80000021h) has been taken.  RIP stays at the
 * instruction unless state was loaded.
 */
enum vm_instruction_error cpu_vm_entry(struct cpu *c, struct mem *m,
                                       const struct op *op,
                                       bool *entry_failure);

/* The event that the entry just made injects; false: none. */
bool cpu_entry_injects(const struct cpu *c, struct cpu_vectored *e);

/* NULL, or the first broken invariant in words. */
const char *cpu_check(const struct cpu *c);

#endif
