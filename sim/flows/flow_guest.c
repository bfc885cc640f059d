/* The programs of events.def. */
#include "sim/flows/flow_guest.h"

#include <string.h>

#include "software/apic_code.h"
#include "software/idt.h"

#define APIC_TMCCT 0x390u
#define APIC_SELF_IPI 0x3f0u
#define ICR_SELF (1u << 18)
#define ICR_LOGICAL (1u << 11)
#define ICR_NMI ((uint32_t)DELIVERY_NMI << 8)
#define ICR_DEST_XAPIC_SHIFT 24u
#define ICR_DEST_SHIFT 32u
#define SPIN_CYCLES 100000u
#define BOOT_CYCLES 300000u /* until both virtual CPUs have booted */
#define POLL_CYCLES 2000u

/* ---- pieces ---- */

void flow_mark(struct flow_probe *p, enum flow_point at, sim_time now)
{
    struct flow_sample *s = &p->at[at];

    if (s->reached)
        return;
    s->reached = true;
    s->time = now;
    for (unsigned i = 0; i < 2; i++)
        memcpy(s->exits[i], p->machine->vcpu[i].kvm->vmcs.exits,
               sizeof s->exits[i]);
}

static void call_mark(void *self, struct cpu_env *env, uint64_t at)
{
    flow_mark(self, (enum flow_point)at, env->now);
}

static struct text *text_of(const struct flow_guest *g)
{
    return &g->probe->machine->text;
}

static void op(const struct flow_guest *g, enum op_kind kind, uint64_t imm)
{
    text_op(text_of(g), kind, RAX, imm);
}

static void mark(const struct flow_guest *g, enum flow_point at)
{
    text_call(text_of(g), call_mark, g->probe, at);
}

static void work(const struct flow_guest *g, uint64_t cycles)
{
    text_work(text_of(g), cycles);
}

static void apic(const struct flow_guest *g, uint32_t offset, uint64_t value)
{
    apic_code_write(text_of(g), g->x2apic, offset, value);
}

static void halt(const struct flow_guest *g)
{
    uint64_t loop = text_here(text_of(g));

    op(g, OP_HLT, 0);
    op(g, OP_JMP, loop);
}

static void icr(const struct flow_guest *g, uint32_t dest, uint32_t low)
{
    if (!g->x2apic)
        apic(g, APIC_ICR_HIGH, dest << ICR_DEST_XAPIC_SHIFT);
    apic(g, APIC_ICR_LOW,
         low | (g->x2apic ? (uint64_t)dest << ICR_DEST_SHIFT : 0));
}

/* The handler of every vector: says so, clears a line's cause, ends. */
static void build_handler(const struct flow_guest *g)
{
    op(g, OP_PUSHA, 0);
    if (g->vcpu == 0)
        mark(g, FLOW_AT_HANDLER);
    op(g, OP_MOV, UINT32_MAX);
    op(g, OP_STORE, BAR_BASE + NIC_REG_CAUSE);
    op(g, OP_LOAD, BAR_BASE + NIC_REG_CAUSE);
    if (g->vcpu == 0)
        mark(g, FLOW_AT_EOI);
    apic(g, APIC_EOI, 0);
    if (g->vcpu == 0)
        mark(g, FLOW_AT_EOI_DONE);
    op(g, OP_POPA, 0);
    op(g, OP_IRET, 0);
}

/* V0's first NMI may be the one that the event is to find in its handler. */
static void call_nmi(void *self, struct cpu_env *env, uint64_t arg)
{
    struct flow_probe *p = self;

    (void)arg;
    flow_mark(p, p->at[FLOW_AT_READY].reached ? FLOW_AT_HANDLER : FLOW_AT_READY,
              env->now);
}

static void build_nmi_handler(const struct flow_guest *g)
{
    op(g, OP_PUSHA, 0);
    if (g->vcpu == 0)
        text_call(text_of(g), call_nmi, g->probe, 0);
    work(g, FLOW_WAIT_CYCLES);
    op(g, OP_POPA, 0);
    op(g, OP_IRET, 0);
}

void flow_guest_build(const struct flow_guest *g,
                      void (*program)(const struct flow_guest *g))
{
    struct machine *m = g->probe->machine;
    const struct machine_vcpu *v = &m->vcpu[g->vcpu];
    uint64_t idt = v->workload->idt, loop;

    for (unsigned i = 0x20; i < IDT_GATES; i++)
        if (i != SPURIOUS_VECTOR)
            idt_set_gate(&m->mem, idt, (uint8_t)i, text_here(&m->text));
    build_handler(g);
    idt_set_gate(&m->mem, idt, VECTOR_NMI, text_here(&m->text));
    build_nmi_handler(g);
    vmcs_set(&v->kvm->vmcs, VMCS_GUEST_RIP, text_here(&m->text));
    op(g, OP_MOV, idt);
    op(g, OP_LIDT, IDT_LIMIT);
    apic_code_enable(&m->text, g->x2apic, v->index == 0);
    op(g, OP_STI, 0);
    work(g, BOOT_CYCLES);
    program(g);
    loop = text_here(&m->text);
    work(g, SPIN_CYCLES);
    op(g, OP_JMP, loop);
}

/* ---- programs that wait for an interrupt ---- */

/* V0's, while V1 is the one to do something. */
void flow_program_idle(const struct flow_guest *g)
{
    (void)g;
}

void flow_program_ready(const struct flow_guest *g)
{
    mark(g, FLOW_AT_READY);
}

void flow_program_masked(const struct flow_guest *g)
{
    op(g, OP_CLI, 0);
    mark(g, FLOW_AT_READY);
    work(g, FLOW_WAIT_CYCLES);
    op(g, OP_STI, 0);
}

void flow_program_root(const struct flow_guest *g)
{
    mark(g, FLOW_AT_READY);
    work(g, FLOW_WAIT_CYCLES);
    op(g, OP_VMCALL, 0);
}

void flow_program_halt(const struct flow_guest *g)
{
    mark(g, FLOW_AT_READY);
    halt(g);
}

/* ---- the TPR ---- */

static void write_tpr(const struct flow_guest *g, uint8_t before, uint8_t to)
{
    apic(g, APIC_TPR, before);
    mark(g, FLOW_AT_READY);
    work(g, FLOW_WAIT_CYCLES);
    mark(g, FLOW_AT_BEGIN);
    apic(g, APIC_TPR, to);
    mark(g, FLOW_AT_DONE);
}

void flow_program_tpr_raise(const struct flow_guest *g)
{
    write_tpr(g, 0x00, 0x50);
}

void flow_program_tpr_lower(const struct flow_guest *g)
{
    write_tpr(g, 0x50, 0x30);
}

void flow_program_tpr_lower_below(const struct flow_guest *g)
{
    write_tpr(g, 0xf0, 0x00);
}

/* ---- CR8, which is the TPR's class ---- */

static void write_cr8(const struct flow_guest *g, uint8_t before, uint8_t to)
{
    op(g, OP_MOV, before);
    op(g, OP_MOV_CR8, 0);
    mark(g, FLOW_AT_READY);
    work(g, FLOW_WAIT_CYCLES);
    op(g, OP_MOV, to);
    mark(g, FLOW_AT_BEGIN);
    op(g, OP_MOV_CR8, 0);
    mark(g, FLOW_AT_DONE);
}

void flow_program_cr8_raise(const struct flow_guest *g)
{
    write_cr8(g, 0, 5);
}

void flow_program_cr8_lower(const struct flow_guest *g)
{
    write_cr8(g, 5, 3);
}

void flow_program_cr8_lower_below(const struct flow_guest *g)
{
    write_cr8(g, 15, 0);
}

void flow_program_cr8_read(const struct flow_guest *g)
{
    mark(g, FLOW_AT_BEGIN);
    op(g, OP_MOV_FROM_CR8, 0);
    mark(g, FLOW_AT_DONE);
}

/* ---- reading a register ---- */

static void read_register(const struct flow_guest *g, uint32_t offset)
{
    mark(g, FLOW_AT_BEGIN);
    if (g->x2apic)
        op(g, OP_RDMSR, MSR_X2APIC + offset / 16);
    else
        op(g, OP_LOAD, APIC_PAGE + offset);
    mark(g, FLOW_AT_DONE);
}

void flow_program_tpr_read(const struct flow_guest *g)
{
    read_register(g, APIC_TPR);
}

/* The delivery status. */
void flow_program_read_icr(const struct flow_guest *g)
{
    read_register(g, APIC_ICR_LOW);
}

void flow_program_read_count(const struct flow_guest *g)
{
    read_register(g, APIC_TMCCT);
}

/* ---- IPIs ---- */

/* RAX = 1 when V0 is where it is to be. */
static void call_in_place(void *self, struct cpu_env *env, uint64_t arg)
{
    (void)arg;
    env->cpu->gpr[RAX] = flow_in_place(self);
}

/* V1's, when V0 is in its place. */
static void send(const struct flow_guest *g, uint32_t dest, uint32_t low)
{
    struct text *t = text_of(g);
    uint64_t loop = text_here(t);

    work(g, POLL_CYCLES);
    text_call(t, call_in_place, g->probe, 0);
    op(g, OP_JZ, loop);
    work(g, FLOW_WAIT_CYCLES * (g->probe->row->state == FLOW_READY));
    mark(g, FLOW_AT_BEGIN);
    icr(g, dest, low);
    mark(g, FLOW_AT_DONE);
}

void flow_program_send_ipi(const struct flow_guest *g)
{
    send(g, 0, FLOW_VECTOR);
}

/* Of one, V0's logical ID in x2APIC mode. */
void flow_program_send_logical(const struct flow_guest *g)
{
    send(g, 1, ICR_LOGICAL | FLOW_VECTOR);
}

void flow_program_send_nmi(const struct flow_guest *g)
{
    send(g, 0, ICR_NMI);
}

/* V0's own NMI, whose handler the next one finds running. */
void flow_program_nmi_twice(const struct flow_guest *g)
{
    icr(g, 0, ICR_NMI);
}

void flow_program_self_shorthand(const struct flow_guest *g)
{
    mark(g, FLOW_AT_BEGIN);
    apic(g, APIC_ICR_LOW, ICR_SELF | FLOW_VECTOR);
    mark(g, FLOW_AT_DONE);
}

void flow_program_self_msr(const struct flow_guest *g)
{
    mark(g, FLOW_AT_BEGIN);
    apic(g, APIC_SELF_IPI, FLOW_VECTOR);
    mark(g, FLOW_AT_DONE);
}

void flow_program_self_own_id(const struct flow_guest *g)
{
    mark(g, FLOW_AT_BEGIN);
    icr(g, g->vcpu, FLOW_VECTOR);
    mark(g, FLOW_AT_DONE);
}

/* ---- the timer ---- */

/* RAX = a deadline that is some time away. */
static void call_soon(void *self, struct cpu_env *env, uint64_t cycles)
{
    struct flow_probe *p = self;
    const struct clock *core = &p->machine->core;
    uint64_t deadline = clock_cycles(core, env->now) + cycles;

    env->cpu->gpr[RAX] = deadline;
    p->due = deadline * core->period;
}

static void arm(const struct flow_guest *g)
{
    apic(g, APIC_LVT_TIMER, LVT_TSC_DEADLINE | FLOW_VECTOR);
    text_call(text_of(g), call_soon, g->probe, FLOW_WAIT_CYCLES);
}

void flow_program_arm(const struct flow_guest *g)
{
    arm(g);
    mark(g, FLOW_AT_BEGIN);
    op(g, OP_WRMSR, MSR_TSC_DEADLINE);
    mark(g, FLOW_AT_DONE);
}

void flow_program_expire(const struct flow_guest *g)
{
    arm(g);
    op(g, OP_WRMSR, MSR_TSC_DEADLINE);
    mark(g, FLOW_AT_BEGIN);
}

void flow_program_expire_halted(const struct flow_guest *g)
{
    arm(g);
    op(g, OP_WRMSR, MSR_TSC_DEADLINE);
    mark(g, FLOW_AT_READY);
    halt(g);
}

void flow_program_write_lvt(const struct flow_guest *g)
{
    mark(g, FLOW_AT_BEGIN);
    apic(g, APIC_LVT_TIMER, LVT_TSC_DEADLINE | FLOW_VECTOR);
    mark(g, FLOW_AT_DONE);
}

void flow_program_write_count(const struct flow_guest *g)
{
    mark(g, FLOW_AT_BEGIN);
    apic(g, APIC_TMICT, 0);
    mark(g, FLOW_AT_DONE);
}
