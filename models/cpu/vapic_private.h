/* Shared by the files of APIC virtualization only. */
#ifndef MODELS_CPU_VAPIC_PRIVATE_H
#define MODELS_CPU_VAPIC_PRIVATE_H

#include "models/cpu/vapic.h"

/* The register at an offset of the virtual-APIC page. */
static inline uint64_t vapic_at(const struct cpu *c, uint32_t offset)
{
    return vmcs_get(c->vmcs, VMCS_VIRTUAL_APIC_ADDRESS) + offset;
}

static inline uint32_t vapic_get(const struct cpu *c, struct mem *m,
                                 uint32_t offset)
{
    return mem_read32(m, vapic_at(c, offset));
}

static inline void vapic_put(const struct cpu *c, struct mem *m,
                             uint32_t offset, uint32_t value)
{
    mem_write32(m, vapic_at(c, offset), value);
}

/* Whether controls act. */
static inline bool vapic_primary(const struct cpu *c, uint32_t bit)
{
    return (vmcs_get32(c->vmcs, VMCS_PRIMARY_CONTROLS) & bit) != 0;
}

static inline bool vapic_secondary(const struct cpu *c, uint32_t bit)
{
    return (vmcs_secondary(c->vmcs) & bit) != 0;
}

static inline bool vapic_tertiary(const struct cpu *c, uint64_t bit)
{
    return (vmcs_tertiary(c->vmcs) & bit) != 0;
}

/* VTPR without the bytes that virtualized writes clear. */
static inline uint8_t vapic_vtpr(const struct cpu *c, struct mem *m)
{
    return (uint8_t)vapic_get(c, m, VAPIC_TPR);
}

static inline bool vapic_vid(const struct cpu *c)
{
    return vapic_secondary(c, SECONDARY_VIRTUAL_INTERRUPT_DELIVERY);
}

/* An APIC-write exit; the qualification is the page offset. */
static inline struct vapic_out vapic_write_exit(uint16_t offset)
{
    return (struct vapic_out){
        .exits = true,
        .exit = {.reason = EXIT_APIC_WRITE, .qualification = offset},
    };
}

/* "Evaluation of Pending Virtual Interrupts". */
void vapic_evaluate(struct cpu *c, struct mem *m);

/* VIRR[vector] = 1; true if it was 1 already. */
bool vapic_request(const struct cpu *c, struct mem *m, uint8_t vector);

struct vapic_out vapic_tpr_virtualization(struct cpu *c, struct mem *m);
struct vapic_out vapic_eoi_virtualization(struct cpu *c, struct mem *m);
struct vapic_out vapic_self_ipi(struct cpu *c, struct mem *m, uint8_t vector);

/* VICR_LO has been written: IPI virtualization with the target's virtual APIC
 * ID where the command is of its form, else an APIC-write exit. */
struct vapic_out vapic_ipi(const struct cpu *c, struct mem *m, uint32_t command,
                           uint32_t target);

/* Bits of the interrupt-command register that are reserved. */
#define VICR_RESERVED 0xfff32000u

#endif
