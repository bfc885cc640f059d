/*
 * ELI: the shadow IDT, and the change between guest mode and injection mode.
 *
 * Of the two published ways to keep the shadow in step with the guest's IDT,
 * this follows the public code: a LIDT of the guest ends ELI.
 */
#include "software/apic_code.h"
#include "software/idt.h"
#include "software/kvm_private.h"

#define FIRST_EXTERNAL_VECTOR 0x20u
#define SYSTEM_CALL_VECTOR 0x80u
#define EOI_MSR_BIT (MSR_X2APIC + APIC_EOI / 16)
#define BITMAP_WRITE_LOW 0x800u

bool kvm_eli_guest_mode(const struct kvm *k)
{
    return k->eli_on && !k->injection_mode;
}

static void intercept_eoi(struct kvm *k, struct mem *m, bool on)
{
    uint64_t at = k->msr_bitmap + BITMAP_WRITE_LOW + EOI_MSR_BIT / 8;
    uint8_t bit = 1u << EOI_MSR_BIT % 8;
    uint8_t byte;

    mem_read(m, at, &byte, 1);
    byte = on ? byte | bit : byte & (uint8_t)~bit;
    mem_write(m, at, &byte, 1);
}

static void load_idtr(struct kvm *k, uint64_t base)
{
    vmcs_set(&k->vmcs, VMCS_GUEST_IDTR_BASE, base);
    vmcs_set(&k->vmcs, VMCS_GUEST_IDTR_LIMIT, k->guest_idt.limit);
}

static void set_modes(struct kvm *k, struct mem *m, bool guest_mode)
{
    bool timer = guest_mode && k->config.eli_timer;

    k->injection_mode = !guest_mode;
    load_idtr(k, guest_mode ? k->shadow_idt : k->guest_idt.base);
    kvm_set_control(k, VMCS_PIN_CONTROLS, PIN_EXTERNAL_INTERRUPT_EXITING,
                    !guest_mode);
    kvm_set_control(k, VMCS_PIN_CONTROLS, PIN_PREEMPTION_TIMER, timer);
    kvm_set_control(k, VMCS_EXCEPTION_BITMAP, 1u << VECTOR_NP, guest_mode);
    kvm_set_control(k, VMCS_SECONDARY_CONTROLS,
                    SECONDARY_DESCRIPTOR_TABLE_EXITING, guest_mode);
    vmcs_set(&k->vmcs, VMCS_PREEMPTION_TIMER_VALUE, k->config.eli_timer);
    intercept_eoi(k, m, !(guest_mode && k->config.eli_exitless_eoi));
}

void kvm_eli_enter_guest_mode(struct kvm *k, struct mem *m)
{
    set_modes(k, m, true);
}

void kvm_eli_enter_injection_mode(struct kvm *k, struct mem *m)
{
    set_modes(k, m, false);
}

/* An interrupt of the host must find a gate that is not present, also where
 * the guest has no gate at all: the gate's type is looked at before its
 * present bit, and a wrong type would be a #GP of the guest. */
static void catch_vector(struct kvm *k, struct mem *m, uint8_t vector)
{
    idt_set_gate(m, k->shadow_idt, vector, 0);
    idt_set_present(m, k->shadow_idt, vector, false);
}

static void build_shadow(struct kvm *k, struct mem *m)
{
    uint64_t guest = k->guest_idt.base;

    for (unsigned v = 0; v < IDT_GATES; v++)
        if (v < FIRST_EXTERNAL_VECTOR || v == SYSTEM_CALL_VECTOR)
            idt_copy_gate(m, (struct idt_gate_at){k->shadow_idt, (uint8_t)v},
                          (struct idt_gate_at){guest, (uint8_t)v});
        else
            catch_vector(k, m, (uint8_t)v);
    for (uint32_t i = 0; i < k->config.irq_count; i++)
        idt_copy_gate(
            m,
            (struct idt_gate_at){k->shadow_idt, k->config.irq[i].host_vector},
            (struct idt_gate_at){guest, k->config.irq[i].guest_vector});
}

void kvm_eli_enable(struct kvm *k, struct mem *m)
{
    k->guest_idt = (struct cpu_idtr){
        vmcs_get(&k->vmcs, VMCS_GUEST_IDTR_BASE),
        (uint16_t)vmcs_get(&k->vmcs, VMCS_GUEST_IDTR_LIMIT),
    };
    build_shadow(k, m);
    k->eli_on = true;
    kvm_eli_enter_guest_mode(k, m);
}

void kvm_eli_disable(struct kvm *k, struct mem *m)
{
    kvm_eli_enter_injection_mode(k, m); /* which is how all is without ELI */
    k->injection_mode = false;
    k->eli_on = false;
}

/* An event of the guest's own that met a gate which only the shadow lacks, or
 * a gate that the guest lacks itself: its real IDT decides. */
static void complete_in_real_idt(struct kvm *k, struct mem *m)
{
    if (!k->again.info)
        k->again = (struct kvm_event){
            .info = (uint32_t)vmcs_get(&k->vmcs, VMCS_EXIT_INTR_INFO),
            .error_code = (uint32_t)vmcs_get(&k->vmcs, VMCS_EXIT_ERROR_CODE),
        };
    kvm_eli_enter_injection_mode(k, m);
    k->one_entry = true;
}

void kvm_call_exception(void *self, struct cpu_env *env, uint64_t arg)
{
    struct kvm *k = self;
    uint32_t info = (uint32_t)vmcs_get(&k->vmcs, VMCS_IDT_VECTORING_INFO);

    (void)arg;
    if ((info & INTR_INFO_VALID) &&
        INTR_INFO_TYPE(info) == INTR_TYPE_EXTERNAL) {
        env->cpu->gpr[RAX] = INTR_INFO_VECTOR(info);
        kvm_jump(k, env, KVM_ELI_VECTORED);
        return;
    }
    complete_in_real_idt(k, env->mem);
}
