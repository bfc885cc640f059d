/*
 * Events at instruction boundaries and delivery through the IDT.  VM entries
 * and exits are in vmx.c, single operations in cpu_ops.c.
 */
#include "models/cpu/cpu.h"

#include <stddef.h>

#define GATE_BYTES 16u
#define GATE_TYPE_INTERRUPT 0xe
#define GATE_TYPE_TRAP 0xf

/* Error codes of faults met while using an IDT entry. */
#define ERROR_EXT (1u << 0)
#define ERROR_IDT (1u << 1)

void cpu_reset(struct cpu *c, uint64_t rip, uint64_t rsp)
{
    *c = (struct cpu){
        .rip = rip, .rsp = rsp, .rflags = RFLAGS_FIXED, .vmx = c->vmx};
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
    start_at(c, m, (uint64_t)vector * MEM_PAGE_BYTES);
    return true;
}

struct cpu_vectored cpu_take_nmi(struct cpu *c)
{
    c->nmi = false;
    c->nmi_blocking = true;
    return (struct cpu_vectored){
        .vector = VECTOR_NMI, .type = INTR_TYPE_NMI, .return_rip = c->rip};
}

static bool control(const struct cpu *c, enum vmcs_field f, uint32_t bit)
{
    return c->non_root && (vmcs_get(c->vmcs, f) & bit) != 0;
}

/* Interrupts other than by exit: IF = 1 and no blocking. */
static bool interruptible(const struct cpu *c)
{
    return cpu_if(c) && !c->sti_blocking && !c->mov_ss_blocking;
}

/* ExtINT comes first where both wait. */
static enum cpu_event recognize_maskable(const struct cpu *c)
{
    if (!c->intr && !c->extint)
        return CPU_EVENT_NONE;
    if (control(c, VMCS_PIN_CONTROLS, PIN_EXTERNAL_INTERRUPT_EXITING))
        return c->extint ? CPU_EVENT_EXTINT_EXIT : CPU_EVENT_INTR_EXIT;
    if (!interruptible(c))
        return CPU_EVENT_NONE;
    return c->extint ? CPU_EVENT_EXTINT_DELIVERY : CPU_EVENT_INTR_DELIVERY;
}

/* STI blocks an NMI for one instruction as MOV SS does. */
static bool nmi_is_open(const struct cpu *c)
{
    return !c->nmi_blocking && !c->sti_blocking && !c->mov_ss_blocking;
}

enum cpu_event cpu_recognize(const struct cpu *c)
{
    if (c->activity == ACTIVITY_WAIT_FOR_SIPI)
        return CPU_EVENT_NONE;
    if (c->smi)
        return CPU_EVENT_SMI;
    if (c->init && !c->vmx_on)
        return CPU_EVENT_INIT;
    if (c->preemption_timer &&
        control(c, VMCS_PIN_CONTROLS, PIN_PREEMPTION_TIMER))
        return CPU_EVENT_PREEMPTION_TIMER_EXIT;
    if (c->nmi && nmi_is_open(c))
        return CPU_EVENT_NMI_DELIVERY;
    if (c->activity == ACTIVITY_SHUTDOWN)
        return CPU_EVENT_NONE;
    if (control(c, VMCS_PRIMARY_CONTROLS, PRIMARY_INTERRUPT_WINDOW) &&
        interruptible(c))
        return CPU_EVENT_WINDOW_EXIT;
    return recognize_maskable(c);
}

static void push(struct cpu *c, struct mem *m, uint64_t value)
{
    c->rsp -= 8;
    mem_write64(m, c->rsp, value);
}

/* The 64-bit mode frame: SS, RSP, RFLAGS, CS, RIP and the error code. */
static void push_frame(struct cpu *c, struct mem *m,
                       const struct cpu_vectored *e)
{
    uint64_t rsp = c->rsp;

    c->rsp &= ~UINT64_C(15);
    push(c, m, 0);
    push(c, m, rsp);
    push(c, m, c->rflags);
    push(c, m, 0);
    push(c, m, e->return_rip);
    if (e->has_error_code)
        push(c, m, e->error_code);
}

struct gate {
    uint64_t offset;
    uint8_t type;
    bool present;
};

static struct gate gate_read(struct cpu *c, struct mem *m, uint8_t vector)
{
    uint64_t at = c->idtr.base + GATE_BYTES * vector;
    uint64_t low = mem_read64(m, at);
    uint64_t high = mem_read64(m, at + 8);

    return (struct gate){
        .offset = (low & 0xffff) | ((low >> 32) & 0xffff0000) | (high << 32),
        .type = (low >> 40) & 0xf,
        .present = (low >> 47) & 1,
    };
}

/* True if delivery succeeded; else *fault is what was met on the way. */
static bool enter_handler(struct cpu *c, struct mem *m,
                          const struct cpu_vectored *e,
                          struct cpu_vectored *fault)
{
    /* INT1 counts as external to the program */
    bool external = e->type != INTR_TYPE_SOFTWARE_INTERRUPT &&
                    e->type != INTR_TYPE_SOFTWARE_EXCEPTION;
    struct gate g = {0};

    *fault = (struct cpu_vectored){
        .vector = VECTOR_GP,
        .type = INTR_TYPE_HARDWARE_EXCEPTION,
        .has_error_code = true,
        .error_code = 8u * e->vector | ERROR_IDT | (external ? ERROR_EXT : 0),
        .return_rip = c->rip,
    };
    if (GATE_BYTES * e->vector + GATE_BYTES - 1 > c->idtr.limit)
        return false;
    g = gate_read(c, m, e->vector);
    if (g.type != GATE_TYPE_INTERRUPT && g.type != GATE_TYPE_TRAP)
        return false;
    if (!g.present) {
        fault->vector = VECTOR_NP;
        return false;
    }
    push_frame(c, m, e);
    if (g.type == GATE_TYPE_INTERRUPT)
        c->rflags &= ~(uint64_t)RFLAGS_IF;
    c->rip = g.offset;
    c->frames = c->frames << 1 |
                (e->type == INTR_TYPE_EXTERNAL || e->type == INTR_TYPE_NMI);
    return true;
}

static uint32_t intr_info(const struct cpu_vectored *e)
{
    return INTR_INFO_VALID | e->vector | (uint32_t)e->type << 8 |
           (e->has_error_code ? INTR_INFO_ERROR_CODE : 0);
}

static bool bitmap_catches(const struct cpu *c, uint8_t vector)
{
    return control(c, VMCS_EXCEPTION_BITMAP, 1u << vector);
}

/* The exit for exception `e` met while `original` (or NULL) was delivered. */
static struct cpu_result exception_exit(const struct cpu *c,
                                        const struct cpu_vectored *e,
                                        const struct cpu_vectored *original)
{
    struct cpu_result r = {
        .outcome = CPU_EXITS,
        .exit = {.reason = EXIT_EXCEPTION_NMI,
                 .intr_info = intr_info(e),
                 .error_code = e->error_code},
    };

    if (original) {
        r.exit.idt_vectoring_info = intr_info(original);
        r.exit.idt_vectoring_error_code = original->error_code;
        if (intr_type_is_software(original->type))
            r.exit.instruction_length =
                rip_op(original->return_rip) - rip_op(c->rip);
    }
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

struct cpu_result cpu_deliver(struct cpu *c, struct mem *m,
                              const struct cpu_vectored *e)
{
    struct cpu_vectored fault;

    /* Before a fault can exit: a waking event leaves HLT first. */
    c->activity = ACTIVITY_ACTIVE;
    c->sti_blocking = false;
    c->mov_ss_blocking = false;
    if (enter_handler(c, m, e, &fault))
        return (struct cpu_result){.outcome = CPU_GOES_ON};
    if (e->type == INTR_TYPE_HARDWARE_EXCEPTION && e->vector == VECTOR_DF)
        return shutdown(c);
    fault = escalate(e, fault);
    if (bitmap_catches(c, fault.vector))
        /* a #DF that exits directly has no vectoring information */
        return exception_exit(c, &fault, fault.vector == VECTOR_DF ? NULL : e);
    return (struct cpu_result){.outcome = CPU_FAULTS, .fault = fault};
}

struct cpu_result cpu_raise(const struct cpu *c, uint8_t vector,
                            uint32_t error_code)
{
    struct cpu_vectored e = {
        .vector = vector,
        .type = INTR_TYPE_HARDWARE_EXCEPTION,
        .has_error_code = cpu_has_error_code(vector),
        .error_code = error_code,
        .return_rip = c->rip,
    };

    if (bitmap_catches(c, vector))
        return exception_exit(c, &e, NULL);
    return (struct cpu_result){.outcome = CPU_FAULTS, .fault = e};
}

struct cpu_exit cpu_intr_exit(bool has_vector, uint8_t vector)
{
    struct cpu_exit x = {.reason = EXIT_EXTERNAL_INTERRUPT};

    if (has_vector)
        x.intr_info = INTR_INFO_VALID | vector;
    return x;
}

const char *cpu_check(const struct cpu *c)
{
    if (c->non_root && !c->vmcs)
        return "non-root operation without a current VMCS";
    if (c->non_root && !c->vmx_on)
        return "non-root operation with VMX off";
    if (c->sti_blocking && !cpu_if(c))
        return "blocking by STI with IF = 0";
    if (c->sti_blocking && c->mov_ss_blocking)
        return "blocking by STI and by MOV SS";
    if ((c->sti_blocking || c->mov_ss_blocking) &&
        c->activity != ACTIVITY_ACTIVE)
        return "blocking by STI or MOV SS in an inactive state";
    if (!(c->rflags & RFLAGS_FIXED))
        return "RFLAGS bit 1 is 0";
    return NULL;
}
