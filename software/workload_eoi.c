/* The workload's end of an interrupt, by PV EOI where the host offers it. */
#include "software/workload_eoi.h"

#include "software/apic_code.h"
#include "software/pv_eoi.h"

#define WORD_OFFSET 0x1800u /* in the workload's memory */

static uint64_t word_of(const struct workload *w)
{
    return w->config.memory + WORD_OFFSET;
}

void workload_eoi_build_start(struct workload *w, struct text *t)
{
    if (!w->config.pv_eoi)
        return;
    text_op(t, OP_MOV, RAX, word_of(w) | PV_EOI_ENABLE);
    text_op(t, OP_WRMSR, RAX, MSR_KVM_PV_EOI);
}

/* In one instruction, as an exit in between would take the bit back: RAX = 1 if
 * it was set. */
static void test_and_clear(void *self, struct cpu_env *env, uint64_t arg)
{
    uint32_t word = mem_read32(env->mem, word_of(self));

    (void)arg;
    env->cpu->gpr[RAX] = word & PV_EOI_SET;
    mem_write32(env->mem, word_of(self), word & ~PV_EOI_SET);
}

void workload_eoi_build(struct workload *w, struct text *t)
{
    uint32_t skipped;

    if (!w->config.pv_eoi) {
        apic_code_write(t, w->config.x2apic, APIC_EOI, 0);
        return;
    }
    text_op(t, OP_LOAD, RAX, word_of(w)); /* the time that it takes */
    text_call(t, test_and_clear, w, 0);
    skipped = text_op(t, OP_JNZ, RAX, 0);
    apic_code_write(t, w->config.x2apic, APIC_EOI, 0);
    text_patch(t, skipped);
}
