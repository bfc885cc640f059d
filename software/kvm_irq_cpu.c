/* Handlers that hand interrupts over to another CPU. */
#include "software/kvm_irq_cpu.h"

#include "software/apic_code.h"
#include "software/idt.h"
#include "software/kvm_private.h"

#define ICR_DEST_SHIFT 32u

/* RAX = what to write to the ICR, or 0: nobody has to be told. */
static void hand_over(void *self, struct cpu_env *env, uint64_t arg)
{
    struct kvm_irq_cpu *c = self;
    const struct kvm_remote *r = &c->remote[arg];
    struct kvm_sending s = {
        .from = c->cpu,
        .vector = r->kvm->config.irq[r->index].guest_vector,
        .irq = env->node->delivered_irq,
    };

    c->cpu->interrupts++;
    kvm_send_device(r->kvm, env, r->index, &s);
    if (!kvm_cpu_next_ipi(c->cpu, &env->cpu->gpr[RAX]))
        env->cpu->gpr[RAX] = 0;
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
    bool x2apic = c->cpu->config.x2apic;

    if (!x2apic) {
        text_call(t, split_icr, NULL, 0);
        apic_code_write_reg(t, false, APIC_ICR_HIGH, RBX);
    }
    apic_code_write_reg(t, x2apic, APIC_ICR_LOW, RAX);
    text_patch(t, none);
}

static void build_handler(struct kvm_irq_cpu *c, struct text *t, uint32_t i)
{
    const struct kvm_costs *costs = &c->cpu->config.costs;

    text_op(t, OP_PUSHA, RAX, 0);
    text_work(t, costs->host_isr + costs->post);
    text_call(t, hand_over, c, i);
    build_send(c, t);
    apic_code_write(t, c->cpu->config.x2apic, APIC_EOI, 0);
    text_op(t, OP_POPA, RAX, 0);
    text_op(t, OP_IRET, RAX, 0);
}

void kvm_irq_cpu_build(struct kvm_irq_cpu *c, struct text *t, struct mem *m)
{
    const struct kvm_cpu_config *cpu = &c->cpu->config;
    uint64_t idt = c->cpu->idt, loop;

    idt_set_gate(m, idt, SPURIOUS_VECTOR, text_here(t));
    text_op(t, OP_IRET, RAX, 0);
    for (uint32_t i = 0; i < c->count; i++) {
        idt_set_gate(m, idt, c->remote[i].host_vector, text_here(t));
        build_handler(c, t, i);
    }
    c->cpu->boot = text_here(t);
    text_op(t, OP_MOV, RAX, idt);
    text_op(t, OP_LIDT, RAX, IDT_LIMIT);
    apic_code_enable(t, cpu->x2apic, cpu->bsp);
    text_op(t, OP_STI, RAX, 0);
    loop = text_here(t);
    text_op(t, OP_HLT, RAX, 0);
    text_op(t, OP_JMP, RAX, loop);
}
