/* Handlers that hand interrupts over to another CPU. */
#include "software/kvm_irq_cpu.h"

#include "sim/core/pid.h"
#include "software/apic_code.h"
#include "software/idt.h"

#define HOST_STACK 0xf000u
#define ICR_DEST_SHIFT 32u

/* RAX = what to write to the ICR, or 0: nobody has to be told. */
static void tell(struct cpu_env *env, const struct kvm_remote *r,
                 uint8_t vector)
{
    env->cpu->gpr[RAX] = (uint64_t)r->apic_id << ICR_DEST_SHIFT | vector;
}

/* Software sets ON whatever SN says. */
static void post(struct cpu_env *env, const struct kvm_remote *r, irq_id irq)
{
    const struct kvm_config *c = &r->kvm->config;
    uint8_t vector = c->irq[r->index].guest_vector;
    struct pid_posted p = pid_post(env->mem, kvm_descriptor(c), vector, true);

    irq_hop(env->irqs, irq, HOP_POSTED, env->now);
    posted_irqs_put(env->node->config.posted, kvm_descriptor(c), vector, irq);
    if (p.notify)
        tell(env, r, p.nv);
}

static void queue(struct cpu_env *env, const struct kvm_remote *r, irq_id irq)
{
    struct kvm *k = r->kvm;

    if (k->queued >> r->index & 1) {
        irq_merge(env->irqs, irq, IRQ_VIRR_SET);
        return;
    }
    k->queued |= UINT64_C(1) << r->index;
    k->queued_irq[r->index] = irq;
    tell(env, r, KVM_KICK_VECTOR);
}

static void hand_over(void *self, struct cpu_env *env, uint64_t arg)
{
    const struct kvm_remote *r = self;
    const struct kvm_config *c = &r->kvm->config;
    irq_id irq = env->node->delivered_irq;

    (void)arg;
    env->cpu->gpr[RAX] = 0;
    r->kvm->host_interrupts++;
    if (c->apicv.posted_interrupts && !c->irq[r->index].nmi)
        post(env, r, irq);
    else
        queue(env, r, irq);
}

/* RBX = the destination as ICR bits 63:56 in xAPIC mode have it. */
static void split_icr(void *self, struct cpu_env *env, uint64_t arg)
{
    (void)self;
    (void)arg;
    env->cpu->gpr[RBX] = env->cpu->gpr[RAX] >> ICR_DEST_SHIFT << 24;
}

static void build_send(const struct kvm_irq_cpu *c, struct text *t)
{
    uint32_t none = text_op(t, OP_JZ, RAX, 0);

    if (!c->x2apic) {
        text_call(t, split_icr, NULL, 0);
        apic_code_write_reg(t, false, APIC_ICR_HIGH, RBX);
    }
    apic_code_write_reg(t, c->x2apic, APIC_ICR_LOW, RAX);
    text_patch(t, none);
}

static void build_handler(struct kvm_irq_cpu *c, struct text *t, uint32_t i)
{
    text_op(t, OP_PUSHA, RAX, 0);
    text_work(t, c->costs.host_isr + c->costs.post);
    text_call(t, hand_over, &c->remote[i], 0);
    build_send(c, t);
    apic_code_write(t, c->x2apic, APIC_EOI, 0);
    text_op(t, OP_POPA, RAX, 0);
    text_op(t, OP_IRET, RAX, 0);
}

void kvm_irq_cpu_build(struct kvm_irq_cpu *c, struct text *t, struct mem *m)
{
    uint64_t loop;

    c->host_stack = c->memory + HOST_STACK;
    idt_set_gate(m, c->memory, SPURIOUS_VECTOR, text_here(t));
    text_op(t, OP_IRET, RAX, 0);
    for (uint32_t i = 0; i < c->count; i++) {
        idt_set_gate(m, c->memory, c->remote[i].host_vector, text_here(t));
        build_handler(c, t, i);
    }
    c->boot = text_here(t);
    text_op(t, OP_MOV, RAX, c->memory);
    text_op(t, OP_LIDT, RAX, IDT_LIMIT);
    apic_code_enable(t, c->x2apic, c->bsp);
    text_op(t, OP_STI, RAX, 0);
    loop = text_here(t);
    text_op(t, OP_HLT, RAX, 0);
    text_op(t, OP_JMP, RAX, loop);
}
