/* The guest's APIC in x2APIC mode, and CR8. */
#include "models/cpu/vapic_private.h"

#define MSR_TPR 0x808u
#define MSR_EOI 0x80bu
#define MSR_ICR 0x830u
#define MSR_SELF_IPI 0x83fu

bool vapic_has_cr8(const struct cpu *c)
{
    return c->non_root && vapic_primary(c, PRIMARY_TPR_SHADOW);
}

uint8_t vapic_cr8(const struct cpu *c, struct mem *m)
{
    return vapic_vtpr(c, m) >> 4;
}

struct vapic_out vapic_set_cr8(struct cpu *c, struct mem *m, uint8_t cr8)
{
    vapic_put(c, m, VAPIC_TPR, (cr8 & 0xfu) << 4);
    return vapic_tpr_virtualization(c, m);
}

static bool is_x2apic(const struct cpu *c, uint32_t msr)
{
    return c->non_root && vapic_secondary(c, SECONDARY_VIRTUALIZE_X2APIC) &&
           msr >= VAPIC_MSR_FIRST && msr <= VAPIC_MSR_LAST;
}

bool vapic_has_rdmsr(const struct cpu *c, uint32_t msr)
{
    if (msr == VAPIC_MSR_TSC_DEADLINE)
        return vapic_has_timer(c);
    return is_x2apic(c, msr) &&
           (msr == MSR_TPR ||
            vapic_secondary(c, SECONDARY_APIC_REGISTER_VIRTUALIZATION));
}

bool vapic_has_wrmsr(const struct cpu *c, uint32_t msr)
{
    if (msr == VAPIC_MSR_TSC_DEADLINE)
        return vapic_has_timer(c);
    if (!is_x2apic(c, msr))
        return false;
    switch (msr) {
    case MSR_TPR:
        return true;
    case MSR_EOI:
    case MSR_SELF_IPI:
        return vapic_vid(c);
    case MSR_ICR:
        return vapic_tertiary(c, TERTIARY_IPI_VIRTUALIZATION);
    default:
        return false;
    }
}

static uint32_t offset_of(uint32_t msr)
{
    return (msr & 0xff) << 4;
}

uint64_t vapic_rdmsr(const struct cpu *c, struct mem *m, uint32_t msr)
{
    if (msr == VAPIC_MSR_TSC_DEADLINE)
        return vmcs_get(c->vmcs, VMCS_GUEST_DEADLINE_SHADOW);
    return mem_read64(m, vapic_at(c, offset_of(msr)));
}

/* Bits that must be 0, else #GP(0). */
static uint64_t reserved(uint32_t msr)
{
    switch (msr) {
    case MSR_ICR:
        return VICR_RESERVED;
    case MSR_EOI:
        return UINT64_MAX;
    default: /* TPR and self-IPI */
        return ~UINT64_C(0xff);
    }
}

struct vapic_out vapic_wrmsr(struct cpu *c, struct mem *m, uint32_t msr,
                             uint64_t value)
{
    if (msr == VAPIC_MSR_TSC_DEADLINE) {
        vapic_set_deadline(c, value);
        return (struct vapic_out){0};
    }
    if (value & reserved(msr))
        return (struct vapic_out){.gp = true};
    mem_write64(m, vapic_at(c, offset_of(msr)), value);
    switch (msr) {
    case MSR_TPR:
        return vapic_tpr_virtualization(c, m);
    case MSR_EOI:
        return vapic_eoi_virtualization(c, m);
    case MSR_ICR:
        return vapic_ipi(c, m, (uint32_t)value, (uint32_t)(value >> 32));
    default: /* self-IPI */
        if (value < 16)
            return vapic_write_exit(VAPIC_SELF_IPI);
        return vapic_self_ipi(c, m, (uint8_t)value);
    }
}
