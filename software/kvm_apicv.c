/*
 * The processor's APIC virtualization, as the hypervisor uses it.
 *
 * In root operation the software APIC is the truth.  Before each VM entry the
 * virtual-APIC page, RVI and SVI are made from it; at each exit what the
 * processor may have changed is taken back.  Posted interrupts are taken over
 * with interrupts off, ON before PIR, so that what is posted later is notified
 * after the entry.
 */
#include "models/cpu/vapic.h"
#include "software/apic_code.h"
#include "software/kvm_private.h"

#define VIRTUAL_APIC 0x3000u
#define DESCRIPTOR 0x4000u
#define PID_POINTER_VALID 1u

#define MSR_PPR (MSR_X2APIC + VAPIC_PPR / 16)
#define MSR_CURRENT_COUNT (MSR_X2APIC + 0x390u / 16)

static const struct kvm_apicv *features(const struct kvm *k)
{
    return &k->config.apicv;
}

static uint64_t page(const struct kvm *k)
{
    return k->config.memory + VIRTUAL_APIC;
}

uint64_t kvm_descriptor(const struct kvm_config *c)
{
    return c->memory + DESCRIPTOR;
}

bool kvm_is_posted_to(const struct kvm_config *c)
{
    return c->apicv.posted_interrupts || c->apicv.ipiv;
}

static bool is_x2apic(const struct kvm *k)
{
    return lapic_mode(&k->vlapic) == LAPIC_MODE_X2APIC;
}

/* ---- controls ---- */

static void set_bits(struct kvm *k, enum vmcs_field f, uint64_t bits)
{
    vmcs_set(&k->vmcs, f, vmcs_get(&k->vmcs, f) | bits);
}

/* The VMCS before the first entry, for a guest in xAPIC mode. */
void kvm_apicv_build(struct kvm *k, struct mem *m)
{
    const struct kvm_apicv *f = features(k);
    bool virtual_timer = k->config.guest_timer == KVM_TIMER_VIRTUALIZED;
    uint64_t pid = kvm_descriptor(&k->config);

    if (!f->tpr_shadow && !f->apic_access_page)
        return;
    set_bits(k, VMCS_PRIMARY_CONTROLS,
             (f->tpr_shadow ? PRIMARY_TPR_SHADOW : 0) |
                 (f->ipiv || virtual_timer ? PRIMARY_TERTIARY : 0));
    if (f->tpr_shadow)
        vmcs_set(&k->vmcs, VMCS_PRIMARY_CONTROLS,
                 vmcs_get(&k->vmcs, VMCS_PRIMARY_CONTROLS) &
                     ~(uint64_t)(PRIMARY_CR8_LOAD_EXITING |
                                 PRIMARY_CR8_STORE_EXITING));
    if (f->posted_interrupts)
        set_bits(k, VMCS_PIN_CONTROLS, PIN_POSTED_INTERRUPTS);
    if (f->ipiv)
        set_bits(k, VMCS_TERTIARY_CONTROLS, TERTIARY_IPI_VIRTUALIZATION);
    vmcs_set(&k->vmcs, VMCS_VIRTUAL_APIC_ADDRESS, page(k));
    vmcs_set(&k->vmcs, VMCS_APIC_ACCESS_ADDRESS, APIC_PAGE);
    vmcs_set(&k->vmcs, VMCS_NOTIFICATION_VECTOR, KVM_NOTIFICATION_VECTOR);
    vmcs_set(&k->vmcs, VMCS_POSTED_DESCRIPTOR_ADDRESS, pid);
    vmcs_set(&k->vmcs, VMCS_PID_POINTER_TABLE_ADDRESS, k->config.pid_pointers);
    vmcs_set(&k->vmcs, VMCS_LAST_PID_POINTER_INDEX, k->config.vcpus - 1);
    mem_write64(m, k->config.pid_pointers + 8 * k->config.apic_id,
                pid | PID_POINTER_VALID);
    kvm_pid_wait(k, m);
    if (k->config.mistake == KVM_EOI_NOT_EXITING)
        return;
    /* level-triggered interrupts: their EOI unmasks the line */
    for (uint32_t i = 0; i < k->config.irq_count; i++) {
        uint8_t v = k->config.irq[i].guest_vector;

        if (k->config.irq[i].rte_select)
            set_bits(k, (enum vmcs_field)(VMCS_EOI_EXIT_BITMAP_0 + v / 64),
                     UINT64_C(1) << v % 64);
    }
}

void kvm_intercept_msr(const struct kvm *k, struct mem *m, uint32_t at,
                       bool exits)
{
    uint64_t addr = k->msr_bitmap + (at / 64) * 8;
    uint64_t bit = UINT64_C(1) << at % 64;

    if (exits)
        mem_fetch_or64(m, addr, bit);
    else
        mem_fetch_and64(m, addr, ~bit);
}

/* Registers that RDMSR must not find in the page: time goes on, and the PPR
 * follows the TPR only where the processor virtualizes it. */
static bool reads(const struct kvm_apicv *f, uint32_t msr)
{
    if (!f->apic_register_virtualization)
        return msr == MSR_X2APIC + VAPIC_TPR / 16;
    return msr != MSR_CURRENT_COUNT &&
           (msr != MSR_PPR || f->virtual_interrupt_delivery);
}

static void intercept_msrs(const struct kvm *k, struct mem *m, bool virtualized)
{
    const struct kvm_apicv *f = features(k);

    for (uint32_t msr = VAPIC_MSR_FIRST; msr <= VAPIC_MSR_LAST; msr++)
        kvm_intercept_msr(k, m, msr, !(virtualized && reads(f, msr)));
    kvm_intercept_msr(k, m, KVM_MSR_WRITES + MSR_X2APIC + VAPIC_TPR / 16,
                      !virtualized);
    kvm_intercept_msr(k, m, KVM_MSR_WRITES + MSR_X2APIC + VAPIC_EOI / 16,
                      !(virtualized && f->virtual_interrupt_delivery));
    kvm_intercept_msr(k, m, KVM_MSR_WRITES + MSR_X2APIC + VAPIC_SELF_IPI / 16,
                      !(virtualized && f->virtual_interrupt_delivery));
    kvm_intercept_msr(k, m, KVM_MSR_WRITES + MSR_X2APIC + VAPIC_ICR_LOW / 16,
                      !(virtualized && f->ipiv));
}

/* The mode of the guest's APIC says which of the two ways is virtualized. */
static void set_mode(struct kvm *k, struct mem *m)
{
    const struct kvm_apicv *f = features(k);
    bool msrs = f->x2apic_virt && is_x2apic(k);
    bool accesses =
        f->apic_access_page && lapic_mode(&k->vlapic) == LAPIC_MODE_XAPIC;
    uint64_t old = vmcs_get(&k->vmcs, VMCS_SECONDARY_CONTROLS);
    uint32_t secondary = SECONDARY_EPT | SECONDARY_VPID;

    if (msrs)
        secondary |= SECONDARY_VIRTUALIZE_X2APIC;
    if (accesses)
        secondary |= SECONDARY_VIRTUALIZE_APIC_ACCESSES;
    if (f->apic_register_virtualization)
        secondary |= SECONDARY_APIC_REGISTER_VIRTUALIZATION;
    if (f->virtual_interrupt_delivery)
        secondary |= SECONDARY_VIRTUAL_INTERRUPT_DELIVERY;
    if (secondary == old)
        return;
    vmcs_set(&k->vmcs, VMCS_SECONDARY_CONTROLS, secondary);
    k->vmcs.hole_bytes = accesses ? 0 : MEM_PAGE_BYTES;
    intercept_msrs(k, m, msrs);
}

/* ---- between the software APIC and the page ---- */

static void put(const struct kvm *k, struct mem *m, uint32_t offset,
                uint32_t value)
{
    mem_write32(m, page(k) + offset, value);
}

static uint32_t get(const struct kvm *k, struct mem *m, uint32_t offset)
{
    return mem_read32(m, page(k) + offset);
}

/* One register as the guest would read it. */
static uint32_t vlapic_register(const struct kvm *k, uint32_t offset,
                                struct lapic_time now)
{
    struct lapic copy = k->vlapic;
    struct lapic_mmio a = {offset, 4, 0};

    if (is_x2apic(k))
        lapic_rdmsr(&copy, MSR_X2APIC + offset / 16, now, &a.value);
    else
        lapic_read(&copy, &a, now);
    return (uint32_t)a.value;
}

static void put_registers(const struct kvm *k, struct mem *m, sim_time now)
{
    struct lapic_time time = kvm_vlapic_time(k, now);

    for (uint32_t at = VAPIC_ID; at <= VAPIC_DCR; at += 0x10)
        if (at < VAPIC_ISR || at >= VAPIC_ESR)
            put(k, m, at, vlapic_register(k, at, time));
}

static uint8_t top_or_0(const struct vecset *s)
{
    int top = vecset_top(s);

    return top < 0 ? 0 : (uint8_t)top;
}

/* Of the page's two places for it.  Self-IPIs and IPI virtualization write and
 * read the ICR there without an exit. */
static uint32_t icr_high(const struct kvm *k)
{
    return is_x2apic(k) ? VAPIC_ICR_LOW + 4u : VAPIC_ICR_HIGH;
}

static void put_interrupts(const struct kvm *k, struct mem *m)
{
    for (unsigned i = 0; i < 8; i++) {
        put(k, m, VAPIC_IRR + 0x10 * i, vecset_word32(&k->vlapic.irr, i));
        put(k, m, VAPIC_ISR + 0x10 * i, vecset_word32(&k->vlapic.isr, i));
    }
}

static void put_status(struct kvm *k)
{
    vmcs_set(&k->vmcs, VMCS_GUEST_INTERRUPT_STATUS,
             top_or_0(&k->vlapic.irr) | (uint64_t)top_or_0(&k->vlapic.isr)
                                            << 8);
}

/* Below which TPR the highest request could be injected; 0 where it is not the
 * TPR that holds it back. */
static uint32_t threshold(const struct kvm *k)
{
    int wanted = class_of(vecset_top(&k->vlapic.irr));

    return class_of((int)k->vlapic.tpr) >= wanted ? (uint32_t)wanted : 0;
}

void kvm_apicv_store(struct kvm *k, struct mem *m, sim_time now)
{
    const struct kvm_apicv *f = features(k);

    if (!f->tpr_shadow && !f->apic_access_page)
        return;
    set_mode(k, m);
    if (!f->tpr_shadow)
        return;
    if (f->apic_register_virtualization)
        put_registers(k, m, now);
    put(k, m, VAPIC_ICR_LOW, k->vlapic.icr_low);
    put(k, m, icr_high(k), k->vlapic.icr_high);
    put(k, m, VAPIC_TPR, k->vlapic.tpr);
    if (f->virtual_interrupt_delivery || f->apic_register_virtualization)
        put_interrupts(k, m);
    if (f->virtual_interrupt_delivery)
        put_status(k);
    else
        vmcs_set(&k->vmcs, VMCS_TPR_THRESHOLD, threshold(k));
}

static void take_interrupts(struct kvm *k, struct mem *m)
{
    for (unsigned i = 0; i < 4; i++) {
        uint32_t at = 0x20 * i;

        k->vlapic.irr.word[i] = get(k, m, VAPIC_IRR + at) |
                                (uint64_t)get(k, m, VAPIC_IRR + at + 0x10)
                                    << 32;
        k->vlapic.isr.word[i] = get(k, m, VAPIC_ISR + at) |
                                (uint64_t)get(k, m, VAPIC_ISR + at + 0x10)
                                    << 32;
    }
}

void kvm_apicv_load(struct kvm *k, struct mem *m)
{
    const struct kvm_apicv *f = features(k);

    if (!f->tpr_shadow)
        return;
    k->vlapic.tpr = get(k, m, VAPIC_TPR) & 0xff;
    k->vlapic.icr_low = get(k, m, VAPIC_ICR_LOW);
    k->vlapic.icr_high = get(k, m, icr_high(k));
    if (f->virtual_interrupt_delivery)
        take_interrupts(k, m);
}

/* ---- exits ---- */

/* The value is in the page; the software APIC still has to be told. */
void kvm_call_apic_write(void *self, struct cpu_env *env, uint64_t arg)
{
    struct kvm *k = self;
    uint32_t at = (uint32_t)vmcs_get(&k->vmcs, VMCS_EXIT_QUALIFICATION);
    struct lapic_mmio a = {at, 4, get(k, env->mem, at & ~3u)};

    (void)arg;
    if (is_x2apic(k))
        kvm_vlapic_wrmsr(k, env, MSR_X2APIC + at / 16,
                         mem_read64(env->mem, page(k) + at));
    else
        kvm_vlapic_write(k, env, &a);
}

/* The processor has ended the interrupt; what is left is the line's. */
void kvm_call_eoi_induced(void *self, struct cpu_env *env, uint64_t arg)
{
    struct kvm *k = self;

    (void)arg;
    kvm_vlapic_ended(k, env,
                     (uint8_t)vmcs_get(&k->vmcs, VMCS_EXIT_QUALIFICATION));
}

/* ---- posted interrupts ---- */

void kvm_apicv_sync(struct kvm *k, struct cpu_env *env)
{
    uint64_t pid = kvm_descriptor(&k->config);

    if (!kvm_is_posted_to(&k->config) || k->posting_off ||
        !(mem_fetch_and64(env->mem, pid + PID_CONTROL, ~PID_ON) & PID_ON))
        return;
    for (unsigned i = 0; i < 4; i++) {
        uint64_t left = mem_exchange64(env->mem, pid + PID_PIR + 8 * i, 0);

        for (; left; left &= left - 1) {
            uint8_t v = (uint8_t)(64 * i + (unsigned)__builtin_ctzll(left));

            kvm_vlapic_accept(
                k, env, v, posted_irqs_take(env->node->config.posted, pid, v));
        }
    }
}
