/*
 * Reset, INIT, SIPI, and delivery through the IDT.  Which event is taken is in
 * cpu_boundary.c, VM entries and exits are in vmx.c, operations in cpu_ops.c.
 */
#include "models/cpu/cpu.h"

#include <endian.h>
#include <stddef.h>

#include "models/cpu/vapic.h"

#define GATE_BYTES 16u
#define GATE_TYPE_INTERRUPT 0xe
#define GATE_TYPE_TRAP 0xf
#define TSS_RSP0 4u /* offset of the stack of privilege level 0 */

/* Error codes of faults met while using an IDT entry. */
#define ERROR_EXT (1u << 0)
#define ERROR_IDT (1u << 1)

void cpu_reset(struct cpu *c, uint64_t rip, uint64_t rsp)
{
    *c = (struct cpu){
        .rip = rip,
        .rsp = rsp,
        .rflags = RFLAGS_FIXED,
        .vmx = c->vmx,
        .uintr = {.supported = c->uintr.supported,
                  .uif_from_frame = c->uintr.uif_from_frame},
    };
}

/* See CPU_RESET_VECTOR. */
static void start_at(struct cpu *c, struct mem *m, uint64_t addr)
{
    c->rip = mem_read64(m, addr);
    c->activity = c->rip ? ACTIVITY_ACTIVE : ACTIVITY_SHUTDOWN;
}

void cpu_init(struct cpu *c, struct mem *m, bool bsp)
{
    struct cpu was = *c;

    cpu_reset(c, 0, 0);
    c->intr = was.intr;
    c->extint = was.extint;
    c->smi = was.smi;
    if (bsp)
        start_at(c, m, CPU_RESET_VECTOR);
    else
        c->activity = ACTIVITY_WAIT_FOR_SIPI;
}

bool cpu_sipi(struct cpu *c, struct mem *m, uint8_t vector)
{
    if (c->activity != ACTIVITY_WAIT_FOR_SIPI)
        return false;
    if (c->non_root) {
        c->sipi = true;
        c->sipi_vector = vector;
        return false;
    }
    start_at(c, m, (uint64_t)vector * MEM_PAGE_BYTES);
    return true;
}

/* The 64-bit mode frame: SS, RSP, RFLAGS, CS, RIP and the error code.  Of the
 * selectors nothing but the privilege level has a meaning here. */
static void push_frame(struct cpu *c, struct mem *m, uint64_t stack,
                       const struct cpu_vectored *e)
{
    uint64_t frame[] = {
        htole64(e->return_rip), htole64(c->cpl), htole64(c->rflags),
        htole64(c->rsp),        htole64(c->cpl),
    };

    c->rsp = stack - sizeof frame;
    mem_write(m, c->rsp, frame, sizeof frame);
    if (!e->has_error_code)
        return;
    c->rsp -= sizeof(uint64_t);
    mem_write64(m, c->rsp, e->error_code);
}

struct gate {
    uint64_t offset;
    uint8_t type, dpl;
    bool present;
};

static struct gate gate_read(struct mem *m, uint64_t at)
{
    uint64_t word[GATE_BYTES / 8], low, high;

    mem_read(m, at, word, sizeof word);
    low = le64toh(word[0]);
    high = le64toh(word[1]);
    return (struct gate){
        .offset = (low & 0xffff) | ((low >> 32) & 0xffff0000) | (high << 32),
        .type = (low >> 40) & 0xf,
        .dpl = (low >> 45) & 3,
        .present = (low >> 47) & 1,
    };
}

/* INT1 counts as external to the program. */
static uint32_t error_ext(const struct cpu_vectored *e)
{
    return e->type != INTR_TYPE_SOFTWARE_INTERRUPT &&
                   e->type != INTR_TYPE_SOFTWARE_EXCEPTION
               ? ERROR_EXT
               : 0;
}

static struct cpu_result fault_of(const struct cpu *c, uint8_t vector,
                                  uint32_t error_code)
{
    bool has_code = cpu_has_error_code(vector);

    return (struct cpu_result){
        .outcome = CPU_FAULTS,
        .fault = {.vector = vector,
                  .type = INTR_TYPE_HARDWARE_EXCEPTION,
                  .has_error_code = has_code,
                  .error_code = has_code ? error_code : 0,
                  .return_rip = c->rip},
    };
}

/* An access of the delivery itself: to the APIC-access page it exits, whatever
 * is virtualized there; an EPT violation wins. */
static bool delivery_exits(const struct cpu *c, uint64_t addr, bool write,
                           struct cpu_exit *x)
{
    struct vapic_access a = {
        .offset = addr % MEM_PAGE_BYTES & ~7u,
        .type = VAPIC_EVENT_DELIVERY,
    };

    if (cpu_in_hole(c, addr))
        return cpu_access_exits(c, addr, write, x);
    if (!vapic_claims(c, addr))
        return false;
    *x = vapic_access_exit(&a);
    return true;
}

/* Pushes the frame; false: the stack cannot take it, and this comes of it. */
static bool push_checked(struct cpu *c, struct mem *m,
                         const struct cpu_vectored *e, struct cpu_result *r)
{
    uint64_t rsp = c->cpl ? mem_read64(m, c->tr_base + TSS_RSP0) : c->rsp;
    uint64_t stack = rsp & ~UINT64_C(15), last = stack - 1;
    uint64_t first = stack - (e->has_error_code ? 48 : 40);

    if (!is_canonical(last) || !is_canonical(first)) {
        *r = fault_of(c, VECTOR_SS, error_ext(e));
        return false;
    }
    if (delivery_exits(c, last, true, &r->exit) ||
        delivery_exits(c, first, true, &r->exit)) {
        r->outcome = CPU_EXITS;
        return false;
    }
    push_frame(c, m, stack, e);
    return true;
}

/* What was met on the way to the handler; of CPU_GOES_ON, at the handler, the
 * rest does not matter. */
static void enter_handler(struct cpu *c, struct mem *m,
                          const struct cpu_vectored *e, struct cpu_result *r)
{
    uint32_t selector = 8u * e->vector | ERROR_IDT | error_ext(e);
    uint64_t at = c->idtr.base + GATE_BYTES * e->vector;
    struct gate g;

    if (GATE_BYTES * e->vector + GATE_BYTES - 1 > c->idtr.limit) {
        *r = fault_of(c, VECTOR_GP, selector);
        return;
    }
    if (delivery_exits(c, at, false, &r->exit)) {
        r->outcome = CPU_EXITS;
        return;
    }
    g = gate_read(m, at);
    if ((g.type != GATE_TYPE_INTERRUPT && g.type != GATE_TYPE_TRAP) ||
        (!error_ext(e) && c->cpl > g.dpl)) {
        *r = fault_of(c, VECTOR_GP, selector);
        return;
    }
    if (!g.present) {
        *r = fault_of(c, VECTOR_NP, selector);
        return;
    }
    if (!push_checked(c, m, e, r))
        return;
    r->outcome = CPU_GOES_ON;
    c->rflags &= ~(uint64_t)RFLAGS_TF;
    if (g.type == GATE_TYPE_INTERRUPT)
        c->rflags &= ~(uint64_t)RFLAGS_IF;
    c->rip = g.offset;
    c->cpl = 0;
    c->frames = c->frames << 1 |
                (e->type == INTR_TYPE_EXTERNAL || e->type == INTR_TYPE_NMI);
}

static uint32_t intr_info(const struct cpu_vectored *e)
{
    return INTR_INFO_VALID | e->vector | (uint32_t)e->type << 8 |
           (e->has_error_code ? INTR_INFO_ERROR_CODE : 0);
}

static bool bitmap_catches(const struct cpu *c, uint8_t vector)
{
    return cpu_control(c, VMCS_EXCEPTION_BITMAP, 1u << vector);
}

/* The exit that `e` itself causes. */
static struct cpu_result exception_exit(const struct cpu_vectored *e)
{
    return (struct cpu_result){
        .outcome = CPU_EXITS,
        .exit = {.reason = EXIT_EXCEPTION_NMI,
                 .intr_info = intr_info(e),
                 .error_code = e->error_code},
    };
}

/* An exit met while `e` was delivered. */
static struct cpu_result vectoring(const struct cpu *c, struct cpu_result r,
                                   const struct cpu_vectored *e)
{
    r.exit.idt_vectoring_info = intr_info(e);
    r.exit.idt_vectoring_error_code = e->error_code;
    r.exit.instruction_length = intr_type_is_software(e->type)
                                    ? rip_op(e->return_rip) - rip_op(c->rip)
                                    : 0;
    return r;
}

/* Bits of the vectors in "Interrupt and Exception Classes". */
#define CONTRIBUTORY (1u << 0 | 1u << 10 | 1u << 11 | 1u << 12 | 1u << 13)
#define PAGE_FAULTS (1u << 14)

/* "Conditions for Generating a Double Fault": what comes of a fault met while
 * `e` was delivered.  The faults met here are contributory ones. */
static struct cpu_vectored escalate(const struct cpu_vectored *e,
                                    struct cpu_vectored fault)
{
    if (e->type == INTR_TYPE_HARDWARE_EXCEPTION &&
        ((CONTRIBUTORY | PAGE_FAULTS) >> e->vector & 1)) {
        fault.vector = VECTOR_DF;
        fault.error_code = 0;
    }
    return fault;
}

static struct cpu_result shutdown(struct cpu *c)
{
    struct cpu_result r = {.outcome = CPU_SHUTS_DOWN};

    if (c->non_root) {
        r.outcome = CPU_EXITS;
        r.exit.reason = EXIT_TRIPLE_FAULT;
    } else {
        c->activity = ACTIVITY_SHUTDOWN;
    }
    return r;
}

/* Blocking begins with the delivery, also if that meets a fault. */
static void block_nmis(struct cpu *c)
{
    if (cpu_control(c, VMCS_PIN_CONTROLS, PIN_VIRTUAL_NMIS))
        c->virtual_nmi_blocking = true;
    else
        c->nmi_blocking = true;
}

/* The descriptor is written before anything else has happened. */
static struct cpu_result notify(struct cpu *c, struct mem *m,
                                const struct cpu_vectored *e)
{
    struct cpu_result r = {.outcome = CPU_NOTIFIED};

    if (delivery_exits(c, c->uintr.upidaddr, true, &r.exit)) {
        r.outcome = CPU_EXITS;
        return vectoring(c, r, e);
    }
    r.user_vectors = uintr_process(&c->uintr, m);
    return r;
}

/* The exit or the fault that was met while `e` was delivered. */
static struct cpu_result
undelivered(struct cpu *c, const struct cpu_vectored *e, struct cpu_result r)
{
    if (r.outcome == CPU_EXITS)
        return vectoring(c, r, e);
    if (e->type == INTR_TYPE_HARDWARE_EXCEPTION && e->vector == VECTOR_DF)
        return shutdown(c);
    r.fault = escalate(e, r.fault);
    if (!bitmap_catches(c, r.fault.vector))
        return r;
    r = exception_exit(&r.fault);
    /* a #DF that exits directly has no vectoring information */
    return INTR_INFO_VECTOR(r.exit.intr_info) == VECTOR_DF ? r
                                                           : vectoring(c, r, e);
}

static void deliver_by_idt(struct cpu *c, struct mem *m,
                           const struct cpu_vectored *e, struct cpu_result *r)
{
    /* Before a fault can exit: a waking event leaves HLT first. */
    c->activity = ACTIVITY_ACTIVE;
    c->sti_blocking = false;
    c->mov_ss_blocking = false;
    if (e->type == INTR_TYPE_NMI)
        block_nmis(c);
    enter_handler(c, m, e, r);
    if (r->outcome == CPU_GOES_ON)
        cpu_step_over(c);
    else if (r->outcome != CPU_SHUTS_DOWN)
        *r = undelivered(c, e, *r);
}

struct cpu_result cpu_deliver(struct cpu *c, struct mem *m,
                              const struct cpu_vectored *e)
{
    struct cpu_result r;

    if (e->type == INTR_TYPE_EXTERNAL && !e->extint &&
        uintr_identifies(&c->uintr, e->vector))
        return notify(c, m, e);
    deliver_by_idt(c, m, e, &r);
    return r;
}

struct cpu_result cpu_raise(const struct cpu *c, uint8_t vector,
                            uint32_t error_code)
{
    struct cpu_result r = fault_of(c, vector, error_code);

    return bitmap_catches(c, vector) ? exception_exit(&r.fault) : r;
}

bool cpu_rdmsr(const struct cpu *c, uint32_t msr, uint64_t *value)
{
    if (!cpu_has_uintr_msr(c, msr))
        return vmx_rdmsr(&c->vmx, msr, value);
    *value = uintr_rdmsr(&c->uintr, msr);
    return true;
}

struct cpu_exit cpu_intr_exit(bool has_vector, uint8_t vector)
{
    struct cpu_exit x = {.reason = EXIT_EXTERNAL_INTERRUPT};

    if (has_vector)
        x.intr_info = INTR_INFO_VALID | vector;
    return x;
}

static const char *check_blocking(const struct cpu *c)
{
    if (c->sti_blocking && !cpu_if(c))
        return "blocking by STI with IF = 0";
    if (c->sti_blocking && c->mov_ss_blocking)
        return "blocking by STI and by MOV SS";
    if ((c->sti_blocking || c->mov_ss_blocking) &&
        c->activity != ACTIVITY_ACTIVE)
        return "blocking by STI or MOV SS in an inactive state";
    if (c->virtual_nmi_blocking &&
        !cpu_control(c, VMCS_PIN_CONTROLS, PIN_VIRTUAL_NMIS))
        return "virtual-NMI blocking without virtual NMIs";
    return NULL;
}

static const char *check_guest(const struct cpu *c)
{
    if (!c->vmcs)
        return "non-root operation without a current VMCS";
    return c->vmx_on ? NULL : "non-root operation with VMX off";
}

static const char *check_root(const struct cpu *c)
{
    if (c->vapic.recognized | c->vapic.written)
        return "a virtual APIC at work in root operation";
    return c->mtf ? "a pending MTF exit in root operation" : NULL;
}

const char *cpu_check(const struct cpu *c)
{
    const char *why = c->non_root ? check_guest(c) : check_root(c);

    if (!why &&
        (c->sti_blocking | c->mov_ss_blocking | c->virtual_nmi_blocking))
        why = check_blocking(c);
    if (!why && !(c->rflags & RFLAGS_FIXED))
        why = "RFLAGS bit 1 is 0";
    return why ? why : uintr_check(&c->uintr);
}
