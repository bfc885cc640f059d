/* The text of a user thread and of its kernel. */
#include "software/user_thread.h"

#include "models/cpu/cpu_uintr.h"
#include "models/cpu/uintr.h"
#include "software/apic_code.h"
#include "software/idt.h"

#define UITT 0x100u
#define TSS 0x200u
#define SIGNALLED 0x300u /* a signal is pending */
#define STACK 0x1000u
#define TSS_RSP0 4u

#define SYSTEM_CALL_VECTOR 0x80u
#define NOTIFICATION_VECTOR 0xecu
#define KERNEL_VECTOR 0xedu
#define USER_VECTOR 1u
#define USER_SELECTOR 3u /* privilege level 3 */
#define RED_ZONE 128u
#define SPIN_CYCLES 100000u
#define ICR_SELF (1u << 18)
#define UPID_NV_SHIFT 16u
#define UPID_NDST_SHIFT 32u
#define MISC_UINV_SHIFT 32u
#define UITTE_UV_SHIFT 8u

/* What the receiver asks of its kernel, in RAX. */
enum { CALL_WAIT, CALL_RETURN };

static uint64_t upid(const struct user_thread *u)
{
    return u->config.receiver + USER_THREAD_UPID;
}

static uint64_t signalled(const struct user_thread *u)
{
    return u->config.receiver + SIGNALLED;
}

/* ---- what an interrupt or a system call has pushed, behind PUSHA ---- */

struct frame {
    uint64_t rip, cs, rflags, rsp;
};

static uint64_t frame_at(const struct cpu_env *env)
{
    return env->cpu->rsp + 8 * GPR_COUNT;
}

static struct frame frame_get(const struct cpu_env *env)
{
    struct frame f;

    mem_read(env->mem, frame_at(env), &f, sizeof f);
    return f;
}

static void frame_put(const struct cpu_env *env, const struct frame *f)
{
    mem_write(env->mem, frame_at(env), f, sizeof *f);
}

/* The first entry to level 3 is a return, too. */
static void call_enter(void *self, struct cpu_env *env, uint64_t rip)
{
    const struct user_thread *u = self;
    const uint64_t frame[] = {rip, USER_SELECTOR, RFLAGS_FIXED | RFLAGS_IF,
                              u->config.memory + STACK, USER_SELECTOR};
    struct cpu *c = env->cpu;

    c->tr_base = u->config.memory + TSS;
    c->rsp -= sizeof frame;
    mem_write(env->mem, c->rsp, frame, sizeof frame);
}

/* ---- signals ---- */

/* The thread is about to make its system call. */
static void call_send(void *self, struct cpu_env *env, uint64_t arg)
{
    struct user_thread *u = self;

    (void)arg;
    u->signal = irq_birth(env->irqs, u->config.source, HOP_USER_SEND, env->now);
}

static void call_post(void *self, struct cpu_env *env, uint64_t arg)
{
    struct user_thread *u = self;

    (void)arg;
    mem_fetch_or64(env->mem, signalled(u), 1);
    irq_hop(env->irqs, u->signal, HOP_POSTED, env->now);
    posted_irqs_put(env->node->config.posted, upid(u), 0, u->signal);
    u->signal = 0;
}

/* RAX = 1 if the thread has a signal to be delivered: not in its handler. */
static void call_test_signal(void *self, struct cpu_env *env, uint64_t arg)
{
    const struct user_thread *u = self;

    (void)arg;
    env->cpu->gpr[RAX] = frame_get(env).cs == USER_SELECTOR && !u->in_handler &&
                         mem_read64(env->mem, signalled(u));
}

/* The thread is to return to its handler; where it was is put on its stack. */
static void call_deliver(void *self, struct cpu_env *env, uint64_t handler)
{
    struct user_thread *u = self;
    struct frame f = frame_get(env);
    struct frame to = {handler, f.cs, f.rflags,
                       ((f.rsp - RED_ZONE) & ~UINT64_C(15)) - sizeof f};

    u->in_handler = true;
    mem_exchange64(env->mem, signalled(u), 0);
    u->signal = posted_irqs_take(env->node->config.posted, upid(u), 0);
    mem_write(env->mem, to.rsp, &f, sizeof f);
    frame_put(env, &to);
}

static void call_return(void *self, struct cpu_env *env, uint64_t arg)
{
    struct user_thread *u = self;
    struct frame f = frame_get(env);

    (void)arg;
    u->in_handler = false;
    mem_read(env->mem, f.rsp, &f, sizeof f);
    frame_put(env, &f);
}

static void call_signal_handler(void *self, struct cpu_env *env, uint64_t arg)
{
    struct user_thread *u = self;

    (void)arg;
    irq_deliver(env->irqs, u->signal, HOP_USER_HANDLER, env->now);
    irq_finish(env->irqs, u->signal, HOP_COUNT, env->now);
    u->signal = 0;
    u->handled++;
}

/* ---- user interrupts ---- */

static void call_user_handler(void *self, struct cpu_env *env, uint64_t arg)
{
    struct user_thread *u = self;

    (void)arg;
    u->handled++;
    env->cpu->rsp += 8; /* the vector, before UIRET */
}

static void call_set_nv(void *self, struct cpu_env *env, uint64_t vector)
{
    const struct user_thread *u = self;
    uint64_t word = mem_read64(env->mem, upid(u)), wanted;

    do
        wanted = (word & ~(UINT64_C(0xff) << UPID_NV_SHIFT)) |
                 vector << UPID_NV_SHIFT;
    while (!mem_compare_exchange64(env->mem, upid(u), &word, wanted));
}

/* RAX = 1 if the thread need not wait any longer. */
static void call_test_wait(void *self, struct cpu_env *env, uint64_t arg)
{
    const struct user_thread *u = self;

    (void)arg;
    env->cpu->gpr[RAX] = mem_read64(env->mem, upid(u) + UPID_PUIR) ||
                         mem_read64(env->mem, signalled(u)) ||
                         env->cpu->uintr.uirr;
}

/* ---- text ---- */

static void op(struct text *t, enum op_kind kind, uint64_t imm)
{
    text_op(t, kind, RAX, imm);
}

static void wrmsr(struct text *t, uint32_t msr, uint64_t value)
{
    op(t, OP_MOV, value);
    op(t, OP_WRMSR, msr);
}

static void system_call(struct text *t, uint64_t number)
{
    op(t, OP_MOV, number);
    op(t, OP_INT, SYSTEM_CALL_VECTOR);
}

static void build_return(struct text *t)
{
    op(t, OP_POPA, 0);
    op(t, OP_IRET, 0);
}

static void build_ipi(const struct user_thread *u, struct text *t)
{
    uint64_t id = u->config.receiver_id;
    bool x2apic = u->config.x2apic;

    if (!x2apic)
        apic_code_write(t, false, APIC_ICR_HIGH, id << 24);
    apic_code_write(t, x2apic, APIC_ICR_LOW,
                    KERNEL_VECTOR | (x2apic ? id << 32 : 0));
}

/* The sender's system call. */
static void build_notify(struct user_thread *u, struct text *t)
{
    op(t, OP_PUSHA, 0);
    text_work(t, u->config.system_call);
    text_call(t, call_post, u, 0);
    build_ipi(u, t);
    build_return(t);
}

/* The handler's RIP. */
static uint64_t build_handler(struct user_thread *u, struct text *t)
{
    uint64_t at = text_here(t);

    text_call(t, u->config.signals ? call_signal_handler : call_user_handler, u,
              0);
    text_work(t, u->config.handler);
    if (u->config.signals)
        system_call(t, CALL_RETURN);
    else
        op(t, OP_UIRET, 0);
    return at;
}

static void build_deliver(struct user_thread *u, struct text *t,
                          uint64_t handler)
{
    text_work(t, u->config.signal);
    text_call(t, call_deliver, u, handler);
}

/* The end of a way through the kernel. */
static void build_deliver_if_any(struct user_thread *u, struct text *t,
                                 uint64_t handler)
{
    uint32_t none;

    text_call(t, call_test_signal, u, 0);
    none = text_op(t, OP_JZ, RAX, 0);
    build_deliver(u, t, handler);
    text_patch(t, none);
    build_return(t);
}

/* The kernel's part of the notification of a thread, or of its wake-up. */
static void build_kernel_vector(struct user_thread *u, struct text *t,
                                uint64_t handler)
{
    op(t, OP_PUSHA, 0);
    apic_code_write(t, u->config.x2apic, APIC_EOI, 0);
    build_deliver_if_any(u, t, handler);
}

/* With interrupts off, so that no wake-up is lost. */
static void build_wait(struct user_thread *u, struct text *t, uint64_t handler)
{
    bool signals = u->config.signals;
    uint32_t done;
    uint64_t again;

    if (!signals)
        text_call(t, call_set_nv, u, KERNEL_VECTOR);
    again = text_here(t);
    text_call(t, call_test_wait, u, 0);
    done = text_op(t, OP_JNZ, RAX, 0);
    op(t, OP_STI, 0);
    op(t, OP_HLT, 0);
    op(t, OP_CLI, 0);
    op(t, OP_JMP, again);
    text_patch(t, done);
    if (!signals) { /* it is taken when the thread runs again */
        text_call(t, call_set_nv, u, NOTIFICATION_VECTOR);
        apic_code_write(t, u->config.x2apic, APIC_ICR_LOW,
                        ICR_SELF | NOTIFICATION_VECTOR);
    }
    text_work(t, u->config.wake);
    if (signals)
        build_deliver(u, t, handler);
    build_return(t);
}

/* The receiver's system calls. */
static void build_receiver_calls(struct user_thread *u, struct text *t,
                                 uint64_t handler)
{
    uint32_t waits;

    op(t, OP_PUSHA, 0);
    text_work(t, u->config.system_call);
    waits = text_op(t, OP_JZ, RAX, 0);
    text_call(t, call_return, u, 0);
    build_deliver_if_any(u, t, handler);
    text_patch(t, waits);
    build_wait(u, t, handler);
}

static uint64_t build_receiver_gates(struct user_thread *u, struct text *t,
                                     struct mem *m, uint64_t idt)
{
    uint64_t handler = build_handler(u, t);

    idt_set_gate(m, idt, KERNEL_VECTOR, text_here(t));
    build_kernel_vector(u, t, handler);
    idt_set_user_gate(m, idt, SYSTEM_CALL_VECTOR, text_here(t));
    build_receiver_calls(u, t, handler);
    return handler;
}

void user_thread_build_gates(struct user_thread *u, struct text *t,
                             struct mem *m, uint64_t idt)
{
    if (u->config.role == USER_SENDER) {
        idt_set_user_gate(m, idt, SYSTEM_CALL_VECTOR, text_here(t));
        build_notify(u, t);
        return;
    }
    u->user_handler = build_receiver_gates(u, t, m, idt);
}

/* ---- the kernel's boot ---- */

static void write_upid(const struct user_thread *u, struct mem *m)
{
    uint64_t id = u->config.receiver_id;
    uint64_t ndst = u->config.x2apic ? id : id << 8;

    mem_write64(m, upid(u),
                NOTIFICATION_VECTOR << UPID_NV_SHIFT | ndst << UPID_NDST_SHIFT);
}

static void write_uitt(const struct user_thread *u, struct mem *m)
{
    uint64_t at = u->config.memory + UITT;

    mem_write64(m, at, USER_VECTOR << UITTE_UV_SHIFT | UITTE_VALID);
    mem_write64(m, at + 8, upid(u));
}

static void build_uintr(struct user_thread *u, struct text *t, struct mem *m)
{
    op(t, OP_MOV, CR4_UINTR);
    op(t, OP_MOV_CR4, 0);
    if (u->config.role == USER_SENDER) {
        write_uitt(u, m);
        wrmsr(t, MSR_UINTR_TT, (u->config.memory + UITT) | UINTR_TT_ENABLE);
        return;
    }
    write_upid(u, m);
    wrmsr(t, MSR_UINTR_HANDLER, u->user_handler);
    wrmsr(t, MSR_UINTR_STACKADJUST, RED_ZONE);
    wrmsr(t, MSR_UINTR_MISC, (uint64_t)NOTIFICATION_VECTOR << MISC_UINV_SHIFT);
    wrmsr(t, MSR_UINTR_PD, upid(u));
    op(t, OP_STUI, 0);
}

static void build_program(struct user_thread *u, struct text *t)
{
    uint64_t loop = text_here(t);

    switch (u->config.role) {
    case USER_SENDER:
        text_work(t, u->config.work);
        if (u->config.signals)
            text_call(t, call_send, u, 0);
        op(t, u->config.signals ? OP_INT : OP_SENDUIPI, SYSTEM_CALL_VECTOR);
        break;
    case USER_WAITER:
        system_call(t, CALL_WAIT);
        break;
    default:
        text_work(t, SPIN_CYCLES);
        break;
    }
    op(t, OP_JMP, loop);
}

void user_thread_build(struct user_thread *u, struct text *t, struct mem *m)
{
    uint32_t enter;

    mem_write64(m, u->config.memory + TSS + TSS_RSP0, u->config.kernel_stack);
    if (!u->config.signals)
        build_uintr(u, t, m);
    enter = t->count;
    text_call(t, call_enter, u, 0);
    op(t, OP_MOV, 0); /* the entry of the UITT that SENDUIPI takes */
    op(t, OP_IRET, 0);
    text_patch(t, enter);
    build_program(u, t);
}
