/*
 * A CPU node on an engine with a small fake local APIC, one device register
 * and a log.  Programs are written into `text` op by op; a NOTE op tells the
 * log that it was reached.
 */
#ifndef MODELS_CPU_TEST_NODE_RIG_H
#define MODELS_CPU_TEST_NODE_RIG_H

#include "models/cpu/cpu_node.h"
#include "sim/core/bits.h"
#include "tests/gtest_c.h"

/* Awkward on purpose: times between the edges are not round. */
#define PERIOD (7 * SIM_PS)
#define CYCLE(n) ((sim_time)(n)*PERIOD)

#define IDT_AT UINT64_C(0x10000)
#define STACK_AT UINT64_C(0x20000)
#define HOST_STACK_AT UINT64_C(0x28000)
#define MSR_BITMAP_AT UINT64_C(0x30000)
#define APIC_AT UINT64_C(0xfee00000)
#define DEVICE_AT UINT64_C(0xf0000000)
#define DEVICE_VALUE 0xabcd1234u

#define MSR_APIC_BASE 0x1bu
#define APIC_BASE_BSP (1u << 8)
#define MSR_TPR 0x808u
#define MSR_EOI 0x80bu
#define MSR_UNKNOWN 0x8ffu
#define SPURIOUS 0xffu
#define PIC_VECTOR 0x2b
#define PIC_SPURIOUS 0x27
#define PORT 0x61u
#define PORT_VALUE 0x5au
#define TIMER_SHIFT 3u

enum { SOURCE_A, SOURCE_B, SOURCES };

enum cost_number {
#define COST(name, unit, sentence) COST_##name,
#include "models/cpu/cpu_costs.def"
#undef COST
    COSTS
};

/* Every cost is another prime. */
static const uint64_t cost_primes[COSTS] = {
    601, 607, 613, 617, 619, 631, 641, 643, 647, 653, 659, 661, 673, 677,
    683, 691, 701, 709, 719, 727, 733, 739, 743, 751, 757, 761, 769, 773,
    787, 797, 809, 811, 821, 823, 827, 829, 839, 853, 857, 859, 863, 1721};
#define COST_OF(name) cost_primes[COST_##name]
#define DEVICE_READ_CYCLES 1009u
#define PORT_CYCLES 1013u
#define INTA_CYCLES 1019u

static inline struct cpu_costs prime_costs(void)
{
    return (struct cpu_costs){
#define COST(name, unit, sentence) .name = cost_primes[COST_##name],
#include "models/cpu/cpu_costs.def"
#undef COST
    };
}

struct noted {
    uint64_t what;
    sim_time time;
    uint64_t rip; /* the first word of the stack: in a handler, RIP */
    uint64_t rax;
    bool non_root;
};

#define NOTES_MAX 4096u
#define ARRIVALS_MAX 512u
#define FINISHED_MAX 512u
#define TEXT_MAX 1024u

struct node_rig {
    struct engine engine;
    struct engine_slot heap[ENGINE_SLOTS(ARRIVALS_MAX + 8)];
    struct irqs irqs;
    struct irq_record record[1024];
    struct mem mem;
    struct mem_page page[64];
    struct op text[TEXT_MAX];
    uint32_t ops;
    struct vmcs vmcs;
    struct cpu_node node;
    struct vecset irr, isr;
    irq_id irr_irq[256], isr_irq[256];
    uint8_t tpr;
    unsigned eois;     /* that the processor itself wrote */
    unsigned notified; /* notifications that it sent, and the last one */
    uint8_t notified_vector;
    uint32_t notified_ndst;
    struct posted_irqs posted;
    struct posted_irqs_row posted_row[4];
    struct rig_arrival {
        struct event event;
        uint8_t vector;
        uint16_t source;
    } arrival[ARRIVALS_MAX];
    unsigned arrivals;
    struct event tick; /* does nothing */
    sim_time tick_every;
    struct noted note[NOTES_MAX];
    unsigned notes;
    struct irq_record finished[FINISHED_MAX];
    unsigned finishes;
    irq_id pic_irq; /* it waits for INTA */
    uint64_t apic_base;
    unsigned inits;
    uint8_t port;
    uint32_t device_writes;
    uint32_t device;
};

/* ---- the fake APIC ---- */

static inline int rig_next_vector(const struct node_rig *f)
{
    int top = vecset_top(&f->irr);
    int busy = class_of(vecset_top(&f->isr));
    int floor = busy > class_of(f->tpr) ? busy : class_of(f->tpr);

    return class_of(top) > floor ? top : -1;
}

static inline void rig_line(struct node_rig *f)
{
    cpu_node_intr(&f->node, rig_next_vector(f) >= 0);
}

static inline void rig_raise(struct node_rig *f, uint8_t vector,
                             uint16_t source)
{
    irq_id irq =
        irq_birth(&f->irqs, source, HOP_MSI_WRITE, engine_now(&f->engine));

    if (vecset_has(&f->irr, vector)) {
        irq_merge(&f->irqs, irq, IRQ_IRR_SET);
        return;
    }
    vecset_add(&f->irr, vector);
    f->irr_irq[vector] = irq;
    rig_line(f);
}

/* The interrupt is withdrawn, as by a reset of its APIC. */
static inline void rig_withdraw(struct node_rig *f, uint8_t vector)
{
    vecset_del(&f->irr, vector);
    irq_drop(&f->irqs, f->irr_irq[vector], IRQ_APIC_RESET);
    f->irr_irq[vector] = 0;
    rig_line(f);
}

static inline struct cpu_ack rig_acknowledge(void *apic)
{
    struct node_rig *f = apic;
    int v = rig_next_vector(f);
    struct cpu_ack ack = {.vector = SPURIOUS};

    if (v < 0)
        return ack;
    ack = (struct cpu_ack){.vector = (uint8_t)v, .irq = f->irr_irq[v]};
    f->isr_irq[v] = f->irr_irq[v];
    f->irr_irq[v] = 0;
    vecset_del(&f->irr, (uint8_t)v);
    vecset_add(&f->isr, (uint8_t)v);
    rig_line(f);
    return ack;
}

/* ---- the fake 8259: one line, with automatic EOI ---- */

static inline void rig_core_line(struct node_rig *f, enum core_line line,
                                 bool high)
{
    struct msg m = {.kind = MSG_LINE,
                    .line = {.line = (uint8_t)line, .high = high}};

    cpu_node_receive(&f->node, &m);
}

static inline void rig_extint(struct node_rig *f, bool high)
{
    if (high && !f->pic_irq)
        f->pic_irq = irq_birth(&f->irqs, SOURCE_A, HOP_LINE_EDGE,
                               engine_now(&f->engine));
    if (!high) {
        irq_drop(&f->irqs, f->pic_irq, IRQ_WITHDRAWN);
        f->pic_irq = 0;
    }
    rig_core_line(f, CORE_EXTINT, high);
}

static inline struct cpu_ack rig_inta(void *apic)
{
    struct node_rig *f = apic;
    struct cpu_ack ack = {f->pic_irq ? PIC_VECTOR : PIC_SPURIOUS, true,
                          f->pic_irq};

    f->pic_irq = 0;
    rig_core_line(f, CORE_EXTINT, false);
    return ack;
}

static inline void rig_apic_init(void *apic)
{
    struct node_rig *f = apic;

    f->inits++;
}

static inline void rig_eoi(struct node_rig *f)
{
    int v = vecset_top(&f->isr);

    if (v < 0)
        return;
    vecset_del(&f->isr, (uint8_t)v);
    if (!irq_pending(&f->irqs, f->isr_irq[v]))
        irq_finish(&f->irqs, f->isr_irq[v], HOP_EOI, engine_now(&f->engine));
    f->isr_irq[v] = 0;
    rig_line(f);
}

static inline void rig_set_cr8(void *apic, uint8_t cr8)
{
    struct node_rig *f = apic;

    f->tpr = (uint8_t)(cr8 << 4);
    rig_line(f);
}

static inline uint8_t rig_cr8(void *apic)
{
    const struct node_rig *f = apic;

    return f->tpr >> 4;
}

static inline void rig_own_eoi(void *apic)
{
    struct node_rig *f = apic;

    f->eois++;
    rig_eoi(f);
}

static inline void rig_notify(void *apic, uint8_t vector, uint32_t ndst)
{
    struct node_rig *f = apic;

    f->notified++;
    f->notified_vector = vector;
    f->notified_ndst = ndst;
}

static inline bool rig_rdmsr(void *apic, uint32_t msr, uint64_t *value)
{
    struct node_rig *f = apic;

    *value = msr == MSR_APIC_BASE ? f->apic_base : f->tpr;
    return msr == MSR_TPR || msr == MSR_APIC_BASE;
}

static inline bool rig_wrmsr(void *apic, uint32_t msr, uint64_t value)
{
    struct node_rig *f = apic;

    if (msr == MSR_TPR)
        rig_set_cr8(f, (uint8_t)(value >> 4));
    else if (msr == MSR_EOI)
        rig_eoi(f);
    return msr == MSR_TPR || msr == MSR_EOI;
}

/* ---- the bus ---- */

static inline enum cpu_region rig_region(void *bus, uint64_t addr)
{
    (void)bus;
    if (addr - APIC_AT < MEM_PAGE_BYTES)
        return REGION_APIC;
    return addr == DEVICE_AT ? REGION_DEVICE : REGION_MEMORY;
}

static inline uint32_t rig_read(void *bus, uint64_t addr)
{
    (void)bus;
    return addr == DEVICE_AT ? DEVICE_VALUE : 0;
}

static inline void rig_write(void *bus, uint64_t addr, uint32_t value)
{
    struct node_rig *f = bus;

    f->device_writes += addr == DEVICE_AT;
    f->device = value;
}

static inline uint8_t rig_in(void *bus, uint16_t port)
{
    (void)bus;
    return port == PORT ? PORT_VALUE : 0xff;
}

static inline void rig_out(void *bus, uint16_t port, uint8_t value)
{
    struct node_rig *f = bus;

    if (port == PORT)
        f->port = value;
}

/* ---- events ---- */

static inline void rig_on_event(void *rig, struct event *ev)
{
    struct node_rig *f = rig;

    if (ev == &f->tick)
        engine_schedule(&f->engine, ev, engine_now(&f->engine) + f->tick_every);
    else
        rig_raise(f, f->arrival[ev->what].vector, f->arrival[ev->what].source);
}

static inline void rig_arrive(struct node_rig *f, sim_time at, uint8_t vector)
{
    struct rig_arrival *a = &f->arrival[f->arrivals];

    ASSERT_LT(f->arrivals, ARRIVALS_MAX);
    event_init(&a->event, 1, (uint16_t)f->arrivals++);
    a->vector = vector;
    a->source = vector & 1 ? SOURCE_B : SOURCE_A;
    engine_schedule(&f->engine, &a->event, at);
}

static inline void rig_tick_every(struct node_rig *f, sim_time every)
{
    f->tick_every = every;
    engine_schedule(&f->engine, &f->tick, engine_now(&f->engine) + every);
}

static inline void rig_finished(void *rig, const struct irq_record *r)
{
    struct node_rig *f = rig;

    ASSERT_LT(f->finishes, FINISHED_MAX);
    f->finished[f->finishes++] = *r;
}

/* ---- programs ---- */

static inline uint64_t rig_here(const struct node_rig *f)
{
    return rip_of(f->ops);
}

static inline struct op *rig_emit(struct node_rig *f, enum op_kind kind,
                                  uint64_t imm)
{
    struct op *op = &f->text[f->ops++];

    *op = (struct op){.kind = (uint8_t)kind, .imm = imm};
    return op;
}

static inline void rig_note(void *rig, struct cpu_env *env, uint64_t what)
{
    struct node_rig *f = rig;

    ASSERT_LT(f->notes, NOTES_MAX);
    f->note[f->notes++] = (struct noted){
        .what = what,
        .time = env->now,
        .rip = mem_read64(env->mem, env->cpu->rsp),
        .rax = env->cpu->gpr[RAX],
        .non_root = env->cpu->non_root,
    };
}

static inline void rig_call(struct node_rig *f, cpu_call_fn *fn, uint64_t arg)
{
    struct op *op = rig_emit(f, OP_CALL, arg);

    op->fn = fn;
    op->self = f;
}

static inline void rig_emit_note(struct node_rig *f, uint64_t what)
{
    rig_call(f, rig_note, what);
}

/* Nothing more happens: halts with whatever IF is. */
static inline void rig_emit_end(struct node_rig *f)
{
    uint64_t here = rig_here(f);

    rig_emit(f, OP_HLT, 0);
    rig_emit(f, OP_JMP, here);
}

static inline void rig_gate_to(struct node_rig *f, uint8_t vector,
                               uint64_t offset)
{
    uint64_t low = (offset & 0xffff) | (offset & 0xffff0000) << 32;

    mem_write64(&f->mem, IDT_AT + 16u * vector,
                low | UINT64_C(0xe) << 40 | UINT64_C(1) << 47);
    mem_write64(&f->mem, IDT_AT + 16u * vector + 8, offset >> 32);
}

static inline void rig_absent(struct node_rig *f, uint8_t vector)
{
    uint64_t at = IDT_AT + 16u * vector;

    mem_write64(&f->mem, at, mem_read64(&f->mem, at) & ~(UINT64_C(1) << 47));
}

#define HANDLER_WORK 300u
#define HANDLER_CYCLES (HANDLER_WORK + COST_OF(wrmsr) + COST_OF(iret))

/* Notes its vector, works, writes EOI. */
static inline void rig_handler(struct node_rig *f, uint8_t vector)
{
    rig_gate_to(f, vector, rig_here(f));
    rig_emit_note(f, vector);
    rig_emit(f, OP_WORK, HANDLER_WORK);
    rig_emit(f, OP_WRMSR, MSR_EOI);
    rig_emit(f, OP_IRET, 0);
}

static inline void rig_leave_fault(void *rig, struct cpu_env *env, uint64_t arg)
{
    (void)rig;
    (void)arg;
    env->cpu->rsp += 8; /* the error code */
    mem_write64(env->mem, env->cpu->rsp,
                rip_plus(mem_read64(env->mem, env->cpu->rsp), 1));
}

/* Notes its vector and skips the op that has faulted. */
static inline void rig_fault_handler(struct node_rig *f, uint8_t vector)
{
    rig_gate_to(f, vector, rig_here(f));
    rig_emit_note(f, vector);
    rig_call(f, rig_leave_fault, 0);
    rig_emit(f, OP_IRET, 0);
}

/* ---- building and running ---- */

static inline void rig_init(struct node_rig *f)
{
    struct cpu_node_config c = {
        .engine = &f->engine,
        .irqs = &f->irqs,
        .mem = &f->mem,
        .clock = CLOCK_OF(PERIOD),
        .costs = prime_costs(),
        .device_read = CYCLE(DEVICE_READ_CYCLES) - 3,
        .port_access = CYCLE(PORT_CYCLES) - 3,
        .inta = CYCLE(INTA_CYCLES) - 3,
        .preemption_timer_shift = TIMER_SHIFT,
        .vmx = vmx_all_features(),
        .user_interrupts = true,
        .text = f->text,
        .posted = &f->posted,
        .apic = {f, rig_rdmsr, rig_wrmsr, rig_set_cr8, rig_cr8, rig_acknowledge,
                 rig_inta, rig_apic_init, rig_own_eoi, rig_notify},
        .bus = {f, rig_region, rig_read, rig_write, rig_in, rig_out},
    };

    engine_init(&f->engine, ARRIVALS_MAX + 8, f->heap);
    irqs_init(&f->irqs, f->record, 1024);
    f->irqs.sink = rig_finished;
    f->irqs.sink_ctx = f;
    posted_irqs_init(&f->posted, &f->irqs, f->posted_row, 4);
    for (unsigned i = 0; i < SOURCES; i++)
        irqs_add_source(&f->irqs);
    mem_init(&f->mem, f->page, 64);
    cpu_node_init(&f->node, &c);
    event_init(&f->tick, engine_add_target(&f->engine, rig_on_event, f), 0);
    vmcs_init(&f->vmcs);
    f->ops = 1; /* RIP 0 is nobody's */
}

/* Boots at `rip` with the IDT loaded and IF as wanted; takes no time. */
static inline void rig_start(struct node_rig *f, uint64_t rip, bool if_1)
{
    cpu_node_start(&f->node, rip, STACK_AT);
    f->node.cpu.idtr = (struct cpu_idtr){IDT_AT, 0xfff};
    f->node.cpu.rflags |= if_1 ? RFLAGS_IF : 0;
}

static inline void rig_run(struct node_rig *f, uint64_t cycles)
{
    engine_run(&f->engine, CYCLE(cycles));
    cpu_node_settle(&f->node, CYCLE(cycles));
}

/* What holds after every test: the invariants of the CPU, every cycle in one
 * share, every interrupt in one fate or in somebody's hands. */
static inline void rig_audit(struct node_rig *f)
{
    uint64_t sum = 0, host = 0;

    EXPECT_STREQ(cpu_check(&f->node.cpu), NULL);
    for (unsigned s = 0; s < SHARE_COUNT; s++)
        sum += f->node.account.cycles[s];
    for (unsigned r = 0; r <= EXIT_REASON_LIMIT; r++)
        host += f->node.account.host_by_reason[r];
    EXPECT_EQ(sum, engine_now(&f->engine) / PERIOD);
    EXPECT_EQ(host, f->node.account.cycles[SHARE_HOST]);
    irqs_forget_held(&f->irqs);
    cpu_node_each_held(&f->node, irqs_mark_held, &f->irqs);
    irqs_mark_held(&f->irqs, f->pic_irq);
    posted_irqs_each_held(&f->posted, irqs_mark_held, &f->irqs);
    for (unsigned v = 0; v < 256; v++) {
        irqs_mark_held(&f->irqs, f->irr_irq[v]);
        irqs_mark_held(&f->irqs, f->isr_irq[v]);
    }
    EXPECT_STREQ(irqs_check(&f->irqs), NULL);
}

static inline uint64_t rig_share(const struct node_rig *f, enum cpu_share s)
{
    return f->node.account.cycles[s];
}

/* The n-th note is `what`; returns it, to be asked for more. */
static inline const struct noted *rig_noted(const struct node_rig *f,
                                            unsigned n, uint64_t what)
{
    static const struct noted none;

    EXPECT_LT(n, f->notes, "note %u is missing", n);
    if (n >= f->notes)
        return &none;
    EXPECT_EQ(f->note[n].what, what, "note %u", n);
    return &f->note[n];
}

/* Cycles from power-up to the n-th note, which is `what`. */
static inline uint64_t rig_noted_at(const struct node_rig *f, unsigned n,
                                    uint64_t what)
{
    const struct noted *note = rig_noted(f, n, what);

    EXPECT_EQ(note->time % PERIOD, 0, "on an edge");
    return note->time / PERIOD;
}

#endif
