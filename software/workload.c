/* The workload's text and the code behind its calls. */
#include "software/workload.h"

#include "models/pic/pic_pair.h"
#include "software/apic_code.h"
#include "software/idt.h"
#include "software/workload_eoi.h"
#include "software/workload_timer.h"

#define IDT_OFFSET 0x0000u
#define STACK_OFFSET 0xf000u
#define SPIN_CYCLES 100000u

/* An entry of a device's MSI-X table. */
#define MSIX_UPPER 4u
#define MSIX_DATA 8u
#define MSIX_CONTROL 12u
#define ICR_DEST_SHIFT 32u
#define ICR_DEST_XAPIC_SHIFT 24u

/* ---- handlers ---- */

/* What a count in memory has grown by since it was seen last. */
static uint64_t news(struct mem *m, uint64_t addr, uint64_t *seen)
{
    uint64_t count = addr ? mem_read64(m, addr) : *seen;
    uint64_t grown = count - *seen;

    *seen = count;
    return grown;
}

/* RAX = cycles of softirq work to do now, as many as one op can hold; 0: none
 * is left, or it is that of an interrupted handler. */
static void next_softirq(struct workload *w, struct cpu_env *env)
{
    uint64_t now = w->softirq_left < UINT32_MAX ? w->softirq_left : UINT32_MAX;

    w->in_softirq = now != 0;
    w->softirq_left -= now;
    env->cpu->gpr[RAX] = now;
}

static void softirq(void *self, struct cpu_env *env, uint64_t arg)
{
    (void)arg;
    next_softirq(self, env);
}

/* What the device has done since the last time becomes softirq work. */
static void collect(void *self, struct cpu_env *env, uint64_t i)
{
    struct workload *w = self;
    const struct workload_irq *irq = &w->config.irq[i];
    uint64_t sent = news(env->mem, irq->sent, &w->seen_sent[irq->device]);
    uint64_t received =
        news(env->mem, irq->received, &w->seen_received[irq->device]);

    if (irq->move)
        vtd_move_taken(irq->move, irq->place);
    if (irq->acknowledges)
        w->acknowledged += received;
    w->told[i] = sent + received;
    w->softirq_left +=
        w->config.softirq + (sent + received) * w->config.completion;
}

static void begin_softirq(void *self, struct cpu_env *env, uint64_t arg)
{
    struct workload *w = self;

    (void)arg;
    if (w->in_softirq)
        env->cpu->gpr[RAX] = 0;
    else
        next_softirq(w, env);
}

static void reap(void *self, struct cpu_env *env, uint64_t i)
{
    collect(self, env, i);
    begin_softirq(self, env, 0);
}

/* With cycles of softirq work in RAX. */
static void build_softirq(struct workload *w, struct text *t)
{
    uint64_t more;
    uint32_t none;

    none = text_op(t, OP_JZ, RAX, 0);
    more = text_here(t);
    text_op(t, OP_STI, RAX, 0);
    text_op(t, OP_WORK_REG, RAX, 0);
    text_op(t, OP_CLI, RAX, 0);
    text_call(t, softirq, w, 0);
    text_op(t, OP_JNZ, RAX, more);
    text_patch(t, none);
}

static void build_return(struct text *t)
{
    text_op(t, OP_POPA, RAX, 0);
    text_op(t, OP_IRET, RAX, 0);
}

/* Devices that want to know hear which of their causes were served. */
static void build_served(struct workload *w, struct text *t, uint8_t vector)
{
    for (uint32_t i = 0; i < w->config.irq_count; i++) {
        const struct workload_irq *irq = &w->config.irq[i];

        if (irq->vector != vector || !irq->served)
            continue;
        text_op(t, OP_MOV, RAX, irq->causes);
        text_op(t, OP_STORE, RAX, irq->served);
    }
}

/* RAX = what to write into the throttle register, or 0. */
static void adapt(void *self, struct cpu_env *env, uint64_t i)
{
    struct workload *w = self;
    struct workload_irq *irq = &w->config.irq[i];
    uint32_t next = throttle_next(&irq->rule, irq->interval_us, w->told[i]);

    env->cpu->gpr[RAX] = next == irq->interval_us ? 0 : throttle_value(next);
    irq->interval_us = next;
}

static void build_throttle(struct workload *w, struct text *t, uint32_t i)
{
    uint32_t same;

    if (!w->config.irq[i].rule.most)
        return;
    text_call(t, adapt, w, i);
    same = text_op(t, OP_JZ, RAX, 0);
    text_op(t, OP_STORE, RAX, w->config.irq[i].throttle);
    text_patch(t, same);
}

/* The end of a vector's handler, with cycles of softirq work in RAX. */
static void build_end(struct workload *w, struct text *t, uint8_t vector)
{
    build_softirq(w, t);
    build_served(w, t, vector);
    build_return(t);
}

static void build_message_handler(struct workload *w, struct text *t,
                                  uint32_t i)
{
    text_op(t, OP_PUSHA, RAX, 0);
    workload_eoi_build(w, t);
    text_work(t, w->config.handler);
    text_call(t, reap, w, i);
    build_softirq(w, t);
    build_throttle(w, t, i);
    build_served(w, t, w->config.irq[i].vector);
    build_return(t);
}

/* One device of a line: its part of the handler, if the interrupt is its. */
static void build_action(struct workload *w, struct text *t, uint32_t i)
{
    uint64_t cause = w->config.irq[i].cause;
    uint32_t none;

    text_op(t, OP_LOAD, RAX, cause);
    none = text_op(t, OP_JZ, RAX, 0);
    text_op(t, OP_STORE, RAX, cause);
    if (!w->config.eager_eoi)
        text_op(t, OP_LOAD, RAX, cause); /* the answer comes behind the change
                                            of the line: no second interrupt */
    text_work(t, w->config.handler);
    text_call(t, collect, w, i);
    text_patch(t, none);
}

static void build_actions(struct workload *w, struct text *t, uint8_t vector)
{
    for (uint32_t i = 0; i < w->config.irq_count; i++)
        if (w->config.irq[i].vector == vector)
            build_action(w, t, i);
}

static void build_line_handler(struct workload *w, struct text *t,
                               uint8_t vector)
{
    text_op(t, OP_PUSHA, RAX, 0);
    build_actions(w, t, vector);
    workload_eoi_build(w, t);
    text_call(t, begin_softirq, w, 0);
    build_end(w, t, vector);
}

static void spurious(void *self, struct cpu_env *env, uint64_t arg)
{
    struct workload *w = self;

    (void)env;
    (void)arg;
    w->spurious++;
}

/* A line of the 8259s, with devices or without. */
static void build_pic_handler(struct workload *w, struct text *t, unsigned line)
{
    uint8_t vector = (uint8_t)(w->config.pic_base + line);
    uint32_t real;

    text_op(t, OP_PUSHA, RAX, 0);
    if (pic_code_may_be_spurious(w->config.pic_eoi, line)) {
        pic_code_test_spurious(t, line);
        real = text_op(t, OP_JNZ, RAX, 0);
        text_call(t, spurious, w, 0);
        build_return(t);
        text_patch(t, real);
    }
    build_actions(w, t, vector);
    pic_code_eoi(t, w->config.pic_eoi, line);
    text_call(t, begin_softirq, w, 0);
    build_end(w, t, vector);
}

static void build_pic_gates(struct workload *w, struct text *t, struct mem *m)
{
    for (unsigned line = 0; w->config.pic_base && line < PIC_LINES; line++) {
        idt_set_gate(m, w->idt, (uint8_t)(w->config.pic_base + line),
                     text_here(t));
        build_pic_handler(w, t, line);
    }
}

static void build_ipi_handler(struct workload *w, struct text *t)
{
    text_op(t, OP_PUSHA, RAX, 0);
    workload_eoi_build(w, t);
    text_work(t, w->config.handler);
    build_return(t);
}

/* The handler of an NMI looks what each of its devices has done, as it cannot
 * know which of them sent it. */
static void look_at_nmi_devices(void *self, struct cpu_env *env, uint64_t arg)
{
    struct workload *w = self;

    (void)arg;
    w->nmis++;
    for (uint32_t i = 0; i < w->config.irq_count; i++) {
        const struct workload_irq *irq = &w->config.irq[i];

        if (irq->nmi)
            news(env->mem, irq->received, &w->seen_received[irq->device]);
    }
}

/* It comes between any two ops, and leaves softirq work alone. */
static void build_nmi_handler(struct workload *w, struct text *t)
{
    text_op(t, OP_PUSHA, RAX, 0);
    text_work(t, w->config.handler);
    text_call(t, look_at_nmi_devices, w, 0);
    build_return(t);
}

/* An exception: nothing here causes one, so count it and stop. */
static void fault(void *self, struct cpu_env *env, uint64_t arg)
{
    struct workload *w = self;

    (void)env;
    (void)arg;
    w->faults++;
}

static void build_fault_handler(struct workload *w, struct text *t)
{
    uint64_t loop;

    text_call(t, fault, w, 0);
    loop = text_here(t);
    text_op(t, OP_HLT, RAX, 0);
    text_op(t, OP_JMP, RAX, loop);
}

static void build_idt(struct workload *w, struct text *t, struct mem *m)
{
    for (unsigned v = 0; v < 32; v++)
        idt_set_gate(m, w->idt, (uint8_t)v, text_here(t));
    build_fault_handler(w, t);
    idt_set_gate(m, w->idt, VECTOR_NMI, text_here(t));
    build_nmi_handler(w, t);
    idt_set_gate(m, w->idt, SPURIOUS_VECTOR, text_here(t));
    text_op(t, OP_IRET, RAX, 0);
    idt_set_gate(m, w->idt, WORKLOAD_TIMER_VECTOR, text_here(t));
    workload_timer_build_handler(w, t);
    idt_set_gate(m, w->idt, WORKLOAD_IPI_VECTOR, text_here(t));
    build_ipi_handler(w, t);
    build_pic_gates(w, t, m);
    for (uint32_t i = 0; i < w->config.irq_count; i++) {
        const struct workload_irq *irq = &w->config.irq[i];

        if (irq->pic || irq->nmi || irq->smi)
            continue;
        idt_set_gate(m, w->idt, irq->vector, text_here(t));
        if (irq->cause)
            build_line_handler(w, t, irq->vector);
        else
            build_message_handler(w, t, i);
    }
}

/* ---- programs ---- */

static bool window_is_open(const struct workload *w)
{
    return w->produced - w->acknowledged < w->config.window;
}

/* One more message: RAX = what to ring the doorbell with, or 0.  A batch that
 * the window cuts short is announced too: nothing else would open it. */
static void produce(void *self, struct cpu_env *env, uint64_t arg)
{
    struct workload *w = self;

    (void)arg;
    w->produced++;
    w->unannounced++;
    env->cpu->gpr[RAX] = 0;
    if (w->unannounced >= w->config.messages_per_doorbell ||
        !window_is_open(w)) {
        env->cpu->gpr[RAX] = w->unannounced;
        w->unannounced = 0;
    }
}

/* RAX = 1 while the window allows another message, else 0. */
static void window_open(void *self, struct cpu_env *env, uint64_t arg)
{
    (void)arg;
    env->cpu->gpr[RAX] = window_is_open(self);
}

/* As fast as the window allows: compute, produce, ring the doorbell. */
static void build_stream(struct workload *w, struct text *t)
{
    uint64_t loop = text_here(t);
    uint64_t closed;
    uint32_t skip, open;

    text_work(t, w->config.message_work);
    if (w->config.critical_work) {
        text_op(t, OP_CLI, RAX, 0);
        text_work(t, w->config.critical_work);
        text_op(t, OP_STI, RAX, 0);
    }
    text_call(t, produce, w, 0);
    skip = text_op(t, OP_JZ, RAX, 0);
    text_op(t, OP_STORE, RAX, w->config.doorbell);
    text_patch(t, skip);
    text_call(t, window_open, w, 0);
    text_op(t, OP_JNZ, RAX, loop);
    /* look again with interrupts off, so that no wake-up is lost */
    closed = text_here(t);
    text_op(t, OP_CLI, RAX, 0);
    text_call(t, window_open, w, 0);
    open = text_op(t, OP_JNZ, RAX, 0);
    text_op(t, OP_STI, RAX, 0);
    text_op(t, OP_HLT, RAX, 0);
    text_op(t, OP_JMP, RAX, closed);
    text_patch(t, open);
    text_op(t, OP_STI, RAX, 0);
    text_op(t, OP_JMP, RAX, loop);
}

static void build_spin(struct text *t)
{
    uint64_t loop = text_here(t);

    text_work(t, SPIN_CYCLES);
    text_op(t, OP_JMP, RAX, loop);
}

static void build_idle(struct text *t)
{
    uint64_t loop = text_here(t);

    text_op(t, OP_HLT, RAX, 0);
    text_op(t, OP_JMP, RAX, loop);
}

static void build_send(const struct workload *w, struct text *t, uint32_t dest)
{
    text_work(t, w->config.message_work);
    if (w->config.x2apic) {
        apic_code_write(t, true, APIC_ICR_LOW,
                        (uint64_t)dest << ICR_DEST_SHIFT | WORKLOAD_IPI_VECTOR);
        return;
    }
    apic_code_write(t, false, APIC_ICR_HIGH, dest << ICR_DEST_XAPIC_SHIFT);
    apic_code_write(t, false, APIC_ICR_LOW, WORKLOAD_IPI_VECTOR);
}

static void build_ipi(const struct workload *w, struct text *t)
{
    uint64_t loop = text_here(t);

    build_send(w, t, (w->config.vcpu + 1) % w->config.vcpus);
    text_op(t, OP_JMP, RAX, loop);
}

static void build_ipi_wake(const struct workload *w, struct text *t)
{
    uint64_t loop = text_here(t);

    if (w->config.vcpu) {
        build_idle(t);
        return;
    }
    for (uint32_t i = 1; i < w->config.vcpus; i++)
        build_send(w, t, i);
    text_op(t, OP_JMP, RAX, loop);
}

static void build_program(struct workload *w, struct text *t)
{
    switch (w->config.kind) {
    case WORKLOAD_STREAM:
        build_stream(w, t);
        break;
    case WORKLOAD_SPIN:
        build_spin(t);
        break;
    case WORKLOAD_IDLE:
        build_idle(t);
        break;
    case WORKLOAD_IPI:
        build_ipi(w, t);
        break;
    case WORKLOAD_IPI_WAKE:
        build_ipi_wake(w, t);
        break;
    case WORKLOAD_USER_THREAD:
        break;
    }
}

/* Masked until its address is there, so that what comes before waits. */
static void build_maps(const struct workload *w, struct text *t)
{
    for (uint32_t i = 0; i < w->config.irq_count; i++) {
        uint64_t at = w->config.irq[i].mapped_at;

        if (!at)
            continue;
        text_op(t, OP_MOV, RAX, i);
        text_op(t, OP_VMCALL, RAX, 0);
        text_op(t, OP_STORE, RAX, at);
        text_op(t, OP_MOV, RAX, 0);
        text_op(t, OP_STORE, RAX, at + MSIX_UPPER);
        text_op(t, OP_STORE, RAX, at + MSIX_DATA);
        text_op(t, OP_STORE, RAX, at + MSIX_CONTROL);
    }
}

static void build_boot(struct workload *w, struct text *t, struct mem *m)
{
    bool x2apic = w->config.x2apic;

    w->boot = text_here(t);
    text_op(t, OP_MOV, RAX, w->idt);
    text_op(t, OP_LIDT, RAX, IDT_LIMIT);
    apic_code_enable(t, x2apic, w->config.bsp);
    if (w->config.pic_on_lint0)
        apic_code_write(t, x2apic, APIC_LVT_LINT0, LVT_EXTINT);
    workload_eoi_build_start(w, t);
    workload_timer_build_start(w, t);
    if (w->config.hpet.registers)
        hpet_code_start(t, &w->config.hpet);
    if (w->config.enables_eli)
        text_op(t, OP_VMCALL, RAX, 0);
    build_maps(w, t);
    if (w->config.kind == WORKLOAD_USER_THREAD) {
        user_thread_build(&w->thread, t, m);
        return;
    }
    text_op(t, OP_STI, RAX, 0);
    build_program(w, t);
}

void workload_build(struct workload *w, const struct workload_config *c,
                    struct text *t, struct mem *m)
{
    *w = (struct workload){
        .config = *c,
        .idt = c->memory + IDT_OFFSET,
        .stack = c->memory + STACK_OFFSET,
    };
    w->thread.config = c->thread;
    w->thread.config.kernel_stack = w->stack;
    build_idt(w, t, m);
    if (c->kind == WORKLOAD_USER_THREAD)
        user_thread_build_gates(&w->thread, t, m, w->idt);
    build_boot(w, t, m);
}

void workload_take_over(struct workload *w, const struct workload_irq *irq,
                        struct text *t, struct mem *m)
{
    uint32_t i = w->config.irq_count;

    if (i == WORKLOAD_VECTORS_MAX)
        return;
    w->config.irq[i] = *irq;
    w->config.irq_count++;
    idt_set_gate(m, w->idt, irq->vector, text_here(t));
    build_message_handler(w, t, i);
}
