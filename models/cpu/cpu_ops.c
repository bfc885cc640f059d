/* Single operations: what exits instead of executing, and what executes. */
#include <endian.h>
#include <stddef.h>

#include "models/cpu/cpu.h"
#include "models/cpu/cpu_uintr.h"
#include "models/cpu/vapic.h"

/* "MSR-Bitmap Address": read-low 0, read-high 400h, write-low 800h,
 * write-high C00h; an MSR outside both ranges always exits. */
static bool msr_exits(const struct cpu *c, struct mem *m, uint32_t msr,
                      bool write)
{
    uint64_t byte = write ? 0x800 : 0;
    uint64_t at;

    if (!cpu_control(c, VMCS_PRIMARY_CONTROLS, PRIMARY_MSR_BITMAPS))
        return true;
    if (msr >= 0xc0000000 && msr <= 0xc0001fff)
        byte += 0x400;
    else if (msr > 0x1fff)
        return true;
    at = vmcs_get(c->vmcs, VMCS_MSR_BITMAP) + byte + (msr & 0x1fff) / 8;
    return (mem_read32(m, at & ~UINT64_C(3)) >> (8 * (at & 3) + (msr & 7))) & 1;
}

/* Of an I/O instruction's exit qualification. */
#define IO_IN (1u << 3)

/* How an exit qualification names the general registers. */
static const uint64_t gpr_number[GPR_COUNT] = {
    [RAX] = 0, [RCX] = 1, [RDX] = 2, [RBX] = 3,
    [RSI] = 6, [RDI] = 7, [R8] = 8,  [R9] = 9,
};

/* "Instructions That Cause VM Exits Unconditionally". */
static bool vmx_instruction_exits(uint8_t kind, struct cpu_exit *x)
{
    switch (kind) {
    case OP_VMCALL:
        x->reason = EXIT_VMCALL;
        return true;
    case OP_VMCLEAR:
        x->reason = EXIT_VMCLEAR;
        return true;
    case OP_VMLAUNCH:
        x->reason = EXIT_VMLAUNCH;
        return true;
    case OP_VMPTRLD:
        x->reason = EXIT_VMPTRLD;
        return true;
    case OP_VMREAD:
        x->reason = EXIT_VMREAD;
        return true;
    case OP_VMRESUME:
        x->reason = EXIT_VMRESUME;
        return true;
    case OP_VMWRITE:
        x->reason = EXIT_VMWRITE;
        return true;
    case OP_VMXOFF:
        x->reason = EXIT_VMXOFF;
        return true;
    case OP_VMXON:
        x->reason = EXIT_VMXON;
        return true;
    default:
        return false;
    }
}

/* INT1 and INT3: the exception bitmap catches them at the instruction. */
static bool exception_exits(const struct cpu *c, uint8_t vector,
                            enum intr_type type, struct cpu_exit *x)
{
    x->reason = EXIT_EXCEPTION_NMI;
    x->intr_info = INTR_INFO_VALID | (uint32_t)type << 8 | vector;
    return cpu_control(c, VMCS_EXCEPTION_BITMAP, 1u << vector);
}

/* "I/O-Bitmap Addresses": ports up to 7FFFh in A; in their place counts
 * unconditional exiting. */
static bool port_exits(const struct cpu *c, struct mem *m, uint16_t port)
{
    enum vmcs_field bitmap = port >> 15 ? VMCS_IO_BITMAP_B : VMCS_IO_BITMAP_A;
    uint64_t at = vmcs_get(c->vmcs, bitmap) + (port & 0x7fffu) / 32 * 4;

    if (!cpu_control(c, VMCS_PRIMARY_CONTROLS, PRIMARY_IO_BITMAPS))
        return cpu_control(c, VMCS_PRIMARY_CONTROLS, PRIMARY_UNCONDITIONAL_IO);
    return mem_read32(m, at) >> port % 32 & 1;
}

/* Of one byte, the port in DX. */
static bool io_exits(const struct cpu *c, struct mem *m, const struct op *op,
                     struct cpu_exit *x)
{
    x->reason = EXIT_IO_INSTRUCTION;
    x->qualification = (op->kind == OP_IN ? IO_IN : 0) | op->imm << 16;
    return port_exits(c, m, (uint16_t)op->imm);
}

void cpu_note_pause(struct cpu *c, uint64_t tsc)
{
    struct cpu_pause_loop *loop = &c->pause_loop;

    if (c->cpl)
        return;
    if (!loop->begun || tsc - loop->last > vmcs_get32(c->vmcs, VMCS_PLE_GAP))
        loop->first = tsc;
    loop->begun = true;
    loop->last = tsc;
}

static bool pause_exits(const struct cpu *c)
{
    const struct cpu_pause_loop *loop = &c->pause_loop;

    if (cpu_control(c, VMCS_PRIMARY_CONTROLS, PRIMARY_PAUSE_EXITING))
        return true;
    return cpu_secondary(c, SECONDARY_PAUSE_LOOP_EXITING) && c->cpl == 0 &&
           loop->last - loop->first > vmcs_get32(c->vmcs, VMCS_PLE_WINDOW);
}

bool cpu_privileged(const struct cpu *c, const struct op *op)
{
    switch (op->kind) {
    case OP_CLI:
    case OP_STI:
    case OP_HLT:
    case OP_LIDT:
    case OP_RDMSR:
    case OP_WRMSR:
    case OP_MOV_CR4:
    case OP_MOV_CR8:
    case OP_MOV_FROM_CR8:
    case OP_IN:
    case OP_OUT:
        return true;
    case OP_VMXON:
    case OP_VMXOFF:
    case OP_VMCLEAR:
    case OP_VMPTRLD:
    case OP_VMREAD:
    case OP_VMWRITE:
    case OP_VMLAUNCH:
    case OP_VMRESUME:
    case OP_VMCALL:
        return !c->non_root; /* there they exit first */
    default:
        return false;
    }
}

bool cpu_intercepts(const struct cpu *c, struct mem *m, const struct op *op,
                    struct cpu_exit *x)
{
    if (!c->non_root)
        return false;
    *x = (struct cpu_exit){.instruction_length = 1};
    switch (op->kind) {
    case OP_HLT:
        x->reason = EXIT_HLT;
        return cpu_control(c, VMCS_PRIMARY_CONTROLS, PRIMARY_HLT_EXITING);
    case OP_PAUSE:
        x->reason = EXIT_PAUSE;
        return pause_exits(c);
    case OP_RDMSR:
        x->reason = EXIT_MSR_READ;
        return msr_exits(c, m, (uint32_t)op->imm, false);
    case OP_WRMSR:
        x->reason = EXIT_MSR_WRITE;
        return msr_exits(c, m, (uint32_t)op->imm, true);
    case OP_MOV_CR8: /* CR number 8, MOV to CR, the register */
        x->reason = EXIT_CR_ACCESS;
        x->qualification = 8 | gpr_number[op->reg] << 8;
        return cpu_control(c, VMCS_PRIMARY_CONTROLS, PRIMARY_CR8_LOAD_EXITING);
    case OP_MOV_FROM_CR8: /* CR number 8, MOV from CR, the register */
        x->reason = EXIT_CR_ACCESS;
        x->qualification = 8 | 1u << 4 | gpr_number[op->reg] << 8;
        return cpu_control(c, VMCS_PRIMARY_CONTROLS, PRIMARY_CR8_STORE_EXITING);
    case OP_IN:
    case OP_OUT:
        return io_exits(c, m, op, x);
    case OP_INT1:
        return exception_exits(c, VECTOR_DB, INTR_TYPE_PRIVILEGED_EXCEPTION, x);
    case OP_INT3:
        return exception_exits(c, VECTOR_BP, INTR_TYPE_SOFTWARE_EXCEPTION, x);
    case OP_LIDT:
        x->reason = EXIT_GDTR_IDTR;
        return cpu_secondary(c, SECONDARY_DESCRIPTOR_TABLE_EXITING);
    default:
        return vmx_instruction_exits(op->kind, x);
    }
}

/* Of 32 bits, to the APIC-access page. */
static bool apic_access_exits(const struct cpu *c, uint64_t addr, bool write,
                              struct cpu_exit *x)
{
    struct vapic_access a = {
        .offset = addr % MEM_PAGE_BYTES,
        .bytes = 4,
        .type = write ? VAPIC_WRITE : VAPIC_READ,
    };

    if (vapic_virtualizes(c, &a))
        return false;
    *x = vapic_access_exit(&a);
    return true;
}

bool cpu_access_exits(const struct cpu *c, uint64_t addr, bool write,
                      struct cpu_exit *x)
{
    if (!cpu_in_hole(c, addr))
        return vapic_claims(c, addr) && apic_access_exits(c, addr, write, x);
    *x = (struct cpu_exit){
        .reason = EXIT_EPT_VIOLATION,
        /* data read or write; the linear address is valid and translated */
        .qualification = (write ? 2u : 1u) | 1u << 7 | 1u << 8,
        .instruction_length = 1,
        .guest_physical_address = addr,
        .guest_linear_address = addr,
    };
    return true;
}

#define IRET_FRAME_BYTES 40u

/* NMIs are unblocked even by an IRET that then faults; true if they had been
 * blocked.  A guest whose NMIs exit has none of its own but virtual ones. */
static bool iret_unblocks(struct cpu *c)
{
    bool virtual_nmis = cpu_control(c, VMCS_PIN_CONTROLS, PIN_VIRTUAL_NMIS);
    bool *blocking = virtual_nmis ? &c->virtual_nmi_blocking : &c->nmi_blocking;
    bool was = *blocking;

    if (!virtual_nmis && cpu_control(c, VMCS_PIN_CONTROLS, PIN_NMI_EXITING))
        return false;
    *blocking = false;
    return was;
}

/* Does IRET meet a fault or an EPT violation at its frame? */
static bool iret_stops(struct cpu *c, struct cpu_result *r)
{
    bool unblocked = iret_unblocks(c);
    uint64_t last = c->rsp + IRET_FRAME_BYTES - 1;

    if (!is_canonical(c->rsp) || !is_canonical(last)) {
        *r = cpu_raise(c, VECTOR_SS, 0);
        if (unblocked && r->outcome == CPU_EXITS)
            r->exit.intr_info |= INTR_INFO_NMI_UNBLOCKING;
        return true;
    }
    if (cpu_access_exits(c, c->rsp, false, &r->exit) ||
        cpu_access_exits(c, last, false, &r->exit)) {
        r->outcome = CPU_EXITS;
        r->exit.qualification |= unblocked ? INTR_INFO_NMI_UNBLOCKING : 0;
        return true;
    }
    return false;
}

static void iret(struct cpu *c, struct mem *m)
{
    uint64_t frame[IRET_FRAME_BYTES / 8 - 1]; /* SS has no meaning here */

    mem_read(m, c->rsp, frame, sizeof frame);
    c->rip = le64toh(frame[0]);
    c->cpl = le64toh(frame[1]) & SELECTOR_RPL;
    c->rflags = le64toh(frame[2]) | RFLAGS_FIXED;
    c->rsp = le64toh(frame[3]);
    c->frames >>= 1;
}

static void push_all(struct cpu *c, struct mem *m)
{
    c->rsp -= 8 * GPR_COUNT;
    mem_write(m, c->rsp, c->gpr, sizeof c->gpr);
}

static void pop_all(struct cpu *c, struct mem *m)
{
    mem_read(m, c->rsp, c->gpr, sizeof c->gpr);
    c->rsp += 8 * GPR_COUNT;
}

/* INT n, INT1 and INT3. */
static struct cpu_result software_event(struct cpu *c, struct mem *m,
                                        uint8_t vector, enum intr_type type)
{
    struct cpu_vectored e = {
        .vector = vector,
        .type = (uint8_t)type,
        .return_rip = c->rip,
    };

    c->rip = rip_plus(c->rip, UINT32_MAX); /* faults return to the INT */
    return cpu_deliver(c, m, &e);
}

static bool jumps(const struct cpu *c, const struct op *op)
{
    bool zero = c->gpr[op->reg] == 0;

    return op->kind == OP_JMP || zero == (op->kind == OP_JZ);
}

static void set_if(struct cpu *c)
{
    /* only a change from 0 to 1 blocks */
    c->sti_blocking = !cpu_if(c);
    c->rflags |= RFLAGS_IF;
}

static void change_register(struct cpu *c, const struct op *op)
{
    if (op->kind == OP_MOV_RSP)
        c->rsp = op->imm;
    else
        c->gpr[op->reg] = op->imm + (op->kind == OP_ADD ? c->gpr[op->reg] : 0);
}

inline void cpu_execute_plain(struct cpu *c, struct mem *m, const struct op *op)
{
    cpu_retire(c);
    switch (op->kind) {
    case OP_MOV:
    case OP_ADD:
    case OP_MOV_RSP:
        change_register(c, op);
        break;
    case OP_JMP:
    case OP_JZ:
    case OP_JNZ:
        if (jumps(c, op))
            c->rip = op->imm;
        break;
    case OP_PUSHA:
        push_all(c, m);
        break;
    case OP_POPA:
        pop_all(c, m);
        break;
    default:
        break;
    }
}

static struct cpu_result execute(struct cpu *c, struct mem *m,
                                 const struct op *op)
{
    switch (op->kind) {
    case OP_PAUSE:
    case OP_WORK:
    case OP_WORK_REG:
        break;
    case OP_CLI:
        c->rflags &= ~(uint64_t)RFLAGS_IF;
        break;
    case OP_STI:
        set_if(c);
        break;
    case OP_MOV_SS:
        c->mov_ss_blocking = true;
        break;
    case OP_HLT:
        c->activity = ACTIVITY_HLT;
        break;
    case OP_INT:
        return software_event(c, m, (uint8_t)op->imm,
                              INTR_TYPE_SOFTWARE_INTERRUPT);
    case OP_INT_REG:
        return software_event(c, m, (uint8_t)c->gpr[op->reg],
                              INTR_TYPE_SOFTWARE_INTERRUPT);
    case OP_INT1:
        return software_event(c, m, VECTOR_DB, INTR_TYPE_PRIVILEGED_EXCEPTION);
    case OP_INT3:
        return software_event(c, m, VECTOR_BP, INTR_TYPE_SOFTWARE_EXCEPTION);
    case OP_IRET:
        iret(c, m);
        break;
    case OP_LIDT:
        c->idtr.base = c->gpr[op->reg];
        c->idtr.limit = (uint16_t)op->imm;
        break;
    default:
        return cpu_execute_vmx(c, op);
    }
    return (struct cpu_result){.outcome = CPU_GOES_ON};
}

struct cpu_result cpu_execute(struct cpu *c, struct mem *m, const struct op *op)
{
    struct cpu_result r = {.outcome = CPU_GOES_ON};

    if (cpu_is_plain(op->kind)) {
        cpu_execute_plain(c, m, op);
        return r;
    }
    if (op->kind == OP_IRET && iret_stops(c, &r))
        return r;
    if (cpu_is_uintr(op->kind))
        return cpu_execute_uintr(c, m, op);
    cpu_retire(c);
    return execute(c, m, op);
}
